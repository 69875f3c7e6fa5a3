//! Bytecode to IR in one forward pass over the control flow graph, with what is known of each register.
//!
//! Registers are in `values`, branches and where they meet in `flow`, loops in `loops`; [`super::ops`] has the
//! instructions.

mod flow;
mod loops;
mod values;

use std::collections::{BTreeMap, HashMap, HashSet};

use trinity_vm::{
    bytecode::{Hint, Instr},
    clock::Price,
    seam::{EntryPoint, Tier},
};

use super::{
    cfg::Cfg,
    ir::{BASE, Block, COUNT, Cc, ENTRY, Exit, ExitId, Func, Helper, Inst, IntOp, Region, Term, Ty, V, VM, Width},
    liveness::{Liveness, accesses},
    snapshot::Snapshot,
    state::{Rep, State},
};
use crate::abi;
use loops::Header;

/// The rest of the block is not reached.
pub(super) struct Dead;

/// Why an attempt at building ended early.
enum Stop {
    /// Start over: the register must stay home at the header with this pc.
    Force { pc: usize, register: usize },
    /// Start over: tables change in the loop whose header is the block at this position.
    Unclean { position: usize },
}

/// What restarts have taught: what their [`Stop`]s hold.
#[derive(Default)]
struct Lessons {
    home: HashSet<(usize, usize)>,
    unclean: HashSet<usize>,
}

pub(super) struct Builder<'a> {
    pub snap: &'a Snapshot,
    cfg: &'a Cfg,
    pub liveness: &'a Liveness,
    pub func: Func,
    pub block: Block,
    pub state: State,
    pub pc: usize,
    pub instr: Instr,
    pending: HashMap<usize, Vec<(Block, State)>>,
    /// In order of their positions: which of several loops is given up first must not be left to hashes.
    headers: BTreeMap<usize, Header>,
    lessons: &'a Lessons,
    stop: Option<Stop>,
    /// Control still falls out of the end of the present bytecode block.
    pub open: bool,
    /// Headers of loops around the present block whose facts are relied on.
    clean_loops: Vec<usize>,
    /// What an exit before the present instruction gives back.
    paid: Price,
}

/// Most attempts before giving up.
const MAX_ATTEMPTS: usize = 64;

/// Builds the IR, or names what stops it.
pub(super) fn build(snap: &Snapshot) -> Result<Func, &'static str> {
    let code_len = snap.code.len();
    let (entry, range) = match snap.entry {
        EntryPoint::Call => (0, 0..code_len),
        EntryPoint::Loop(index) => {
            let desc = snap.loops[index as usize];
            let end = desc.back_edge_pc as usize + snap.code[desc.back_edge_pc as usize].op().words();
            // A generic loop's header is its body; a backward `goto` may lie anywhere behind its target.
            (desc.header_pc as usize, desc.header_pc as usize..end)
        }
    };
    let cfg = Cfg::build(snap, entry, range);
    let liveness = Liveness::compute(snap.max_stack as usize, &snap.code);
    let mut lessons = Lessons::default();
    for _ in 0..MAX_ATTEMPTS {
        let stop = {
            let mut builder = Builder {
                snap,
                cfg: &cfg,
                liveness: &liveness,
                func: Func::new(),
                block: ENTRY,
                state: State::new(snap.max_stack as usize),
                pc: entry,
                instr: snap.code[entry],
                pending: HashMap::new(),
                headers: BTreeMap::new(),
                lessons: &lessons,
                stop: None,
                open: true,
                clean_loops: Vec::new(),
                paid: Price::default(),
            };
            match builder.run(entry) {
                None => return Ok(builder.func),
                Some(stop) => stop,
            }
        };
        match stop {
            Stop::Force { pc, register } => lessons.home.insert((pc, register)),
            Stop::Unclean { position } => lessons.unclean.insert(position),
        };
    }
    Err("no-fixpoint")
}

impl Builder<'_> {
    fn run(&mut self, entry: usize) -> Option<Stop> {
        if self.snap.entry == EntryPoint::Call {
            self.prologue();
        }
        self.pending.insert(entry, vec![(self.block, self.state.clone())]);
        for position in 0..self.cfg.blocks.len() {
            let pcs = self.cfg.blocks[position].pcs.clone();
            let Some(edges) = self.pending.remove(&pcs.start) else { continue };
            self.pc = pcs.start;
            self.paid = Price::default();
            self.clean_loops =
                self.headers.keys().copied().filter(|header| self.in_clean_loop(*header, position)).collect();
            if self.cfg.loops.contains_key(&position) {
                self.enter_header(position, edges);
            } else {
                self.merge(edges);
            }
            if self.stop.is_some() {
                return self.stop.take();
            }
            let mut pc = pcs.start;
            self.open = true;
            while pc < pcs.end {
                self.pc = pc;
                self.instr = self.snap.code[pc];
                self.pay();
                if self.instruction().is_err() {
                    self.open = false;
                    break;
                }
                pc += self.instr.op().words();
            }
            // A block that ends without a jump falls into the next.
            if self.open {
                self.goto(pcs.end);
            }
            if self.stop.is_some() {
                return self.stop.take();
            }
        }
        None
    }

    /// Facts about tables end here; loops that rely on them are built again without.
    pub(super) fn forget_tables(&mut self) {
        self.state.forget_tables();
        if let Some(header) = self.clean_loops.first() {
            self.stop.get_or_insert(Stop::Unclean { position: *header });
        }
    }

    pub(super) fn hint(&self) -> Hint {
        self.instr.op().unquickened().1
    }
    pub(super) fn failed(&self, reason: &'static str) -> bool {
        self.snap.has_failed(self.pc, reason)
    }

    /// An exit to `pc`, where the present instruction, or another segment, begins.
    fn exit_at(&mut self, pc: usize, reason: &'static str, deopt: bool, refund: Price) -> ExitId {
        let live = self.liveness.at(pc);
        let saved = live
            .iter()
            .filter(|register| *register < self.state.slots.len())
            .filter(|register| self.state.slots[*register].dirty)
            .filter_map(|register| Some((register as u8, self.state.slots[register].rep.saved()?)))
            .collect();
        self.func.exits.push(Exit { pc: pc as u32, reason, saved, deopt, refund });
        ExitId(self.func.exits.len() as u32 - 1)
    }

    /// Leaves to the interpreter before this instruction unless `condition`.
    pub(super) fn guard(&mut self, condition: V, reason: &'static str) {
        let exit = self.exit_at(self.pc, reason, true, self.paid);
        self.emit(Inst::Guard(condition, exit));
    }

    /// Where a segment begins and ticks are taken: pays for it, or leaves when there are too few left.
    fn pay(&mut self) {
        let Some(segments) = &self.snap.segments else { return };
        let Some(price) = segments.price(self.pc) else {
            self.paid = segments.paid_from(self.pc);
            return;
        };
        let cost = self.int(price.ticks.into());
        let fuel = self.emit(Inst::Load(Region::Vm, Width::I64, VM, abi::VM_FUEL));
        let short = self.emit(Inst::Cmp(Cc::Below, fuel, cost));
        let enough = self.emit(Inst::Not(short));
        let exit = self.exit_at(self.pc, "ticks", false, Price::default());
        self.emit(Inst::Guard(enough, exit));
        let left = self.emit(Inst::Arith(IntOp::Sub, fuel, cost));
        self.emit(Inst::Store(Region::Vm, Width::I64, VM, abi::VM_FUEL, left));
        let cost = self.int(price.model[Tier::Hot as usize].into());
        let model = self.emit(Inst::Load(Region::Vm, Width::I64, VM, abi::VM_MODEL));
        let model = self.emit(Inst::Arith(IntOp::Add, model, cost));
        self.emit(Inst::Store(Region::Vm, Width::I64, VM, abi::VM_MODEL, model));
        self.paid = price;
    }

    /// Leaves to the interpreter before this instruction, always.
    pub(super) fn leave(&mut self, reason: &'static str, deopt: bool) -> Dead {
        let exit = self.exit_at(self.pc, reason, deopt, self.paid);
        self.func.blocks[self.block.index()].term = Term::Exit(exit);
        Dead
    }

    /// After a helper: returns its status unless it is 0 (or positive, when `counts`).
    pub(super) fn check_status(&mut self, value: V, counts: bool) {
        let zero = self.int(0);
        let fine =
            if counts { self.emit(Inst::Cmp(Cc::Ge, value, zero)) } else { self.emit(Inst::Cmp(Cc::Eq, value, zero)) };
        let failed = self.split(fine, true);
        self.func.blocks[failed.index()].term = Term::Return(value);
    }

    pub(super) fn set_pc(&mut self) {
        self.emit(Inst::SetPc(self.pc as u32));
    }

    pub(super) fn helper(&mut self, helper: Helper, args: &[V]) -> V {
        let mut padded = [VM; 3];
        padded[..args.len()].copy_from_slice(args);
        self.emit(Inst::Helper(helper, padded, args.len() as u8))
    }

    /// Runs the whole instruction by a helper that works on home slots.
    pub(super) fn generic(&mut self) -> V {
        self.flush_live(self.pc, false);
        let status = self.run_helper();
        self.forget_tables();
        status
    }

    /// Calls the helper that executes this instruction.
    pub(super) fn run_helper(&mut self) -> V {
        self.set_pc();
        let pc = self.int(self.pc as i64);
        self.helper(Helper::Run(self.instr.op().unquickened().0), &[BASE, pc])
    }

    /// [`Builder::generic`] for an instruction that only writes registers.
    pub(super) fn step(&mut self) {
        let status = self.generic();
        self.check_status(status, false);
        self.clobber();
    }

    /// Does the instruction inline when `fine`, else by its helper; both go on together. `fast` gives the value for the
    /// instruction's register, if it has one.
    pub(super) fn either(&mut self, fine: V, fast: impl FnOnce(&mut Self) -> Option<Rep>) {
        let slow = self.split(fine, true);
        let before = self.state.clone();
        let rep = fast(self);
        let after = self.new_block(false);
        let mut args = Vec::new();
        let result = rep.map(|rep| {
            let (payload, tag) = self.pair(rep);
            args = vec![payload, tag];
            Rep::Any(self.func.param(after, Ty::I64), self.func.param(after, Ty::I8))
        });
        self.terminate(Term::Jump(after, args));
        self.block = slow;
        self.state = before.clone();
        self.flush_live(self.pc, false);
        let status = self.run_helper();
        self.check_status(status, false);
        let mut args = Vec::new();
        if result.is_some() {
            let offset = Self::home_offset(self.instr.a());
            let region = self.home_region(self.instr.a());
            args.push(self.emit(Inst::Load(region, Width::I64, BASE, offset)));
            args.push(self.emit(Inst::Load(region, Width::U8, BASE, offset + abi::TAG)));
        }
        self.terminate(Term::Jump(after, args));
        self.block = after;
        self.state = before;
        self.forget_tables();
        if let Some(rep) = result {
            self.set(self.instr.a(), rep);
        }
    }

    /// The instruction's registers have been written in their home slots.
    pub(super) fn clobber(&mut self) {
        let max = self.state.slots.len();
        let writes = accesses(&self.snap.code, self.pc, max).1;
        for register in writes.iter() {
            self.written(register, None);
        }
    }

    /// The work of a callee at its entry, in the order of the interpreter's.
    fn prologue(&mut self) {
        let snap = self.snap;
        let stack = self.emit(Inst::StackPointer);
        let limit = self.emit(Inst::Load(Region::Vm, Width::I64, VM, abi::VM_NATIVE_LIMIT));
        let short = self.emit(Inst::Cmp(Cc::Below, limit, stack));
        let interpret = self.split(short, true);
        let after = self.block;
        self.block = interpret;
        let status = self.helper(Helper::Interpret, &[BASE, COUNT]);
        self.terminate(Term::Return(status));
        self.block = after;

        // The same margin as the interpreter's, so that what it has made room for is found to fit.
        let slots = i64::from(snap.max_stack) + i64::from(snap.num_params) + 8;
        let size = self.int(slots * i64::from(abi::VALUE_SIZE));
        let end = self.emit(Inst::Arith(IntOp::Add, BASE, size));
        let soft = self.emit(Inst::Load(Region::Vm, Width::I64, VM, abi::VM_STACK_LIMIT));
        let mut fine = self.emit(Inst::Cmp(Cc::Below, end, soft));
        if snap.num_params > 0 {
            let params = self.int(i64::from(snap.num_params));
            let enough = self.emit(Inst::Cmp(Cc::Ge, COUNT, params));
            fine = self.emit(Inst::And(fine, enough));
        }
        let calm = self.no_poll_is_due();
        let fine = self.emit(Inst::And(fine, calm));
        let odd = self.split(fine, true);
        let after = self.block;
        self.block = odd;
        let entered = self.helper(Helper::Enter, &[BASE, COUNT]);
        let zero = self.int(0);
        let fine = self.emit(Inst::Cmp(Cc::Ne, entered, zero));
        let left = self.split(fine, true);
        let entered = std::mem::replace(&mut self.block, left);
        let status = self.emit(Inst::Load(Region::Vm, Width::I64, VM, abi::VM_EXIT_COUNT));
        self.terminate(Term::Return(status));
        self.block = entered;
        self.terminate(Term::Jump(after, Vec::new()));
        self.block = after;
    }

    fn no_poll_is_due(&mut self) -> V {
        let bytes = self.emit(Inst::Load(Region::Vm, Width::I64, VM, abi::VM_HEAP_BYTES));
        let threshold = self.emit(Inst::Load(Region::Vm, Width::I64, VM, abi::VM_HEAP_THRESHOLD));
        self.emit(Inst::Cmp(Cc::Below, bytes, threshold))
    }
}
