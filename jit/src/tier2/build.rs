//! Bytecode to IR in one forward pass over the control flow graph, with what is known of each register.
//!
//! At a loop header the pass guesses the representation of registers that the loop changes from how they arrive. A
//! back-edge that cannot keep the guess makes the builder start over with that register in its home slot.

use std::collections::{BTreeMap, HashMap, HashSet};

use trinity_vm::{
    bytecode::{Hint, Instr, Op},
    clock::Price,
    seam::{EntryPoint, Tier},
    value::tag,
};

use super::{
    cfg::Cfg,
    ir::{BASE, Block, COUNT, Cc, ENTRY, Exit, ExitId, Func, Helper, Inst, IntOp, Region, Term, Ty, V, VM, Width},
    liveness::{Liveness, accesses},
    snapshot::Snapshot,
    state::{Rep, Slot, State},
};
use crate::abi;

/// The rest of the block is not reached.
pub(super) struct Dead;

/// Why an attempt at building ended early.
enum Stop {
    /// Start over: the register must stay home at the header.
    Force(usize, usize),
    /// Start over: tables change in the loop.
    Unclean(usize),
}

/// A loop header that has been entered.
struct Header {
    block: Block,
    state: State,
    /// Registers passed as parameters, in order.
    params: Vec<usize>,
    /// Facts about tables are relied on throughout the loop.
    clean: bool,
}

/// What restarts have taught.
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
            Stop::Force(header, register) => lessons.home.insert((header, register)),
            Stop::Unclean(header) => lessons.unclean.insert(header),
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

    fn in_clean_loop(&self, header: usize, position: usize) -> bool {
        self.headers[&header].clean && self.cfg.loops[&header].blocks.contains(&position)
    }

    /// Facts about tables end here; loops that rely on them are built again without.
    pub(super) fn forget_tables(&mut self) {
        self.state.forget_tables();
        if let Some(header) = self.clean_loops.first() {
            self.stop.get_or_insert(Stop::Unclean(*header));
        }
    }

    // ---- values ----

    pub(super) fn emit(&mut self, inst: Inst) -> V {
        self.func.push(self.block, inst)
    }
    pub(super) fn int(&mut self, value: i64) -> V {
        self.emit(Inst::Int(value))
    }
    pub(super) fn home_offset(register: usize) -> i32 {
        register as i32 * abi::VALUE_SIZE
    }
    pub(super) fn hint(&self) -> Hint {
        self.instr.op().unquickened().1
    }
    pub(super) fn failed(&self, reason: &'static str) -> bool {
        self.snap.has_failed(self.pc, reason)
    }

    /// The register's value in SSA form; a captured register is read afresh each time.
    pub(super) fn get(&mut self, register: usize) -> Rep {
        let slot = self.state.slots[register];
        let Rep::Home(known) = slot.rep else { return slot.rep };
        let offset = Self::home_offset(register);
        let region = self.home_region(register);
        let rep = match known {
            Some(tag::INT) => Rep::Int(self.emit(Inst::Load(region, Width::I64, BASE, offset))),
            Some(tag::FLOAT) => Rep::Float(self.emit(Inst::Load(region, Width::F64, BASE, offset))),
            Some(tag) if tag <= tag::TRUE => Rep::Prim(tag),
            Some(tag) => Rep::Ref(tag, self.emit(Inst::Load(region, Width::I64, BASE, offset))),
            None => {
                let payload = self.emit(Inst::Load(region, Width::I64, BASE, offset));
                let tag = self.emit(Inst::Load(region, Width::U8, BASE, offset + abi::TAG));
                Rep::Any(payload, tag)
            }
        };
        if !self.snap.captured.contains(register) {
            self.state.slots[register] = Slot { rep, dirty: false };
        }
        rep
    }

    fn home_region(&self, register: usize) -> Region {
        if self.snap.captured.contains(register) { Region::Captured } else { Region::Stack }
    }

    /// Replaces what is known of a register by something more precise.
    pub(super) fn refine(&mut self, register: usize, rep: Rep) {
        if !self.snap.captured.contains(register) {
            self.state.slots[register].rep = rep;
        }
    }

    pub(super) fn set(&mut self, register: usize, rep: Rep) {
        if self.snap.captured.contains(register) {
            self.store_home(register, rep);
            self.state.slots[register] = Slot { rep: Rep::Home(None), dirty: false };
        } else {
            self.state.slots[register] = Slot { rep, dirty: true };
        }
    }

    /// A helper or callee has written the register's home slot.
    pub(super) fn written(&mut self, register: usize, tag: Option<u8>) {
        let tag = if self.snap.captured.contains(register) { None } else { tag };
        self.state.slots[register] = Slot { rep: Rep::Home(tag), dirty: false };
    }

    pub(super) fn store_home(&mut self, register: usize, rep: Rep) {
        let region = self.home_region(register);
        self.store_value(region, BASE, Self::home_offset(register), rep);
    }

    /// The write barrier for a store of this value into an object.
    pub(super) fn barrier(&mut self, holder: V, rep: Rep) {
        match rep {
            Rep::Any(payload, tag) => {
                self.emit(Inst::Barrier(holder, payload, tag));
            }
            Rep::Ref(tag, payload) if tag >= tag::FIRST_HEAP => {
                let tag = self.emit(Inst::Tag(tag));
                self.emit(Inst::Barrier(holder, payload, tag));
            }
            _ => {}
        }
    }

    /// Stores payload and tag at an address.
    pub(super) fn store_value(&mut self, region: Region, base: V, offset: i32, rep: Rep) {
        let tag_offset = offset + abi::TAG;
        match rep {
            Rep::Home(_) => unreachable!("a value in its home slot is loaded first"),
            Rep::Int(value) => {
                self.emit(Inst::Store(region, Width::I64, base, offset, value));
                self.emit(Inst::StoreTag(region, base, tag_offset, tag::INT));
            }
            Rep::Float(value) => {
                self.emit(Inst::Store(region, Width::F64, base, offset, value));
                self.emit(Inst::StoreTag(region, base, tag_offset, tag::FLOAT));
            }
            Rep::Ref(tag, value) => {
                self.emit(Inst::Store(region, Width::I64, base, offset, value));
                self.emit(Inst::StoreTag(region, base, tag_offset, tag));
            }
            Rep::Prim(tag) => {
                let zero = self.int(0);
                self.emit(Inst::Store(region, Width::I64, base, offset, zero));
                self.emit(Inst::StoreTag(region, base, tag_offset, tag));
            }
            Rep::Any(payload, tag) => {
                self.emit(Inst::Store(region, Width::I64, base, offset, payload));
                self.emit(Inst::Store(region, Width::U8, base, tag_offset, tag));
            }
        }
    }

    /// Brings a register's home slot up to date.
    pub(super) fn flush(&mut self, register: usize) {
        let slot = self.state.slots[register];
        if slot.dirty {
            self.store_home(register, slot.rep);
            self.state.slots[register].dirty = false;
        }
    }

    /// Brings home every register that is live before `pc`, or only those that the collector has to see.
    pub(super) fn flush_live(&mut self, pc: usize, heap_only: bool) {
        let live: Vec<usize> = self.liveness.at(pc).iter().collect();
        for register in live {
            if register < self.state.slots.len() && (!heap_only || self.state.slots[register].rep.may_be_heap()) {
                self.flush(register);
            }
        }
    }

    // ---- exits and guards ----

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

    // ---- control flow ----

    pub(super) fn new_block(&mut self, cold: bool) -> Block {
        let block = self.func.block();
        self.func.blocks[block.index()].cold = cold;
        block
    }

    pub(super) fn terminate(&mut self, term: Term) {
        self.func.blocks[self.block.index()].term = term;
    }

    /// Splits: goes on in a new block when `condition`, and returns the block for when not.
    pub(super) fn split(&mut self, condition: V, cold: bool) -> Block {
        let (then, other) = (self.new_block(false), self.new_block(cold));
        self.terminate(Term::Branch(condition, then, other));
        self.block = then;
        other
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

    /// A value as payload and tag.
    fn pair(&mut self, rep: Rep) -> (V, V) {
        let (payload, tag) = match rep {
            Rep::Any(payload, tag) => return (payload, tag),
            Rep::Int(value) => (value, tag::INT),
            Rep::Float(value) => (self.emit(Inst::Bits(value)), tag::FLOAT),
            Rep::Ref(tag, value) => (value, tag),
            Rep::Prim(tag) => (self.int(0), tag),
            Rep::Home(_) => unreachable!("loaded first"),
        };
        (payload, self.emit(Inst::Tag(tag)))
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

    /// Control goes on at `target` from the present block.
    pub(super) fn goto(&mut self, target: usize) {
        self.open = false;
        let Some(position) = self.cfg.position(target) else {
            // Out of the compiled range: the interpreter goes on there.
            let exit = self.exit_at(target, "loop-exit", false, Price::default());
            return self.terminate(Term::Exit(exit));
        };
        if self.headers.contains_key(&position) {
            self.back_edge(position, target);
        } else {
            self.pending.entry(target).or_default().push((self.block, self.state.clone()));
        }
    }

    /// Ends the block with a two-way branch between bytecode targets.
    pub(super) fn branch(&mut self, condition: V, taken: usize, other: usize) {
        let otherwise = self.split(condition, false);
        let state = self.state.clone();
        self.goto(taken);
        self.block = otherwise;
        self.state = state;
        self.goto(other);
    }

    /// Starts a block that is reached by `edges` only.
    fn merge(&mut self, edges: Vec<(Block, State)>) {
        if let [(block, state)] = &edges[..] {
            self.block = *block;
            self.state = state.clone();
            return;
        }
        let block = self.new_block(false);
        let live = *self.liveness.at(self.pc);
        let mut state = State::new(self.state.slots.len());
        let mut args = vec![Vec::new(); edges.len()];
        let mut edges = edges;
        for register in 0..state.slots.len() {
            if !live.contains(register) {
                continue;
            }
            let reps: Vec<Rep> = edges.iter().map(|(_, state)| state.slots[register].rep).collect();
            let dirty = edges.iter().any(|(_, state)| state.slots[register].dirty);
            let first = reps[0];
            if reps.iter().all(|rep| *rep == first) {
                state.slots[register] = Slot { rep: first, dirty };
                continue;
            }
            let joined = self.join_params(block, &reps, &mut args);
            match joined {
                Some(rep) => state.slots[register] = Slot { rep, dirty: true },
                None => {
                    let tag = common_home_tag(&reps);
                    for (from, edge) in &mut edges {
                        self.block = *from;
                        std::mem::swap(&mut self.state, edge);
                        self.flush(register);
                        std::mem::swap(&mut self.state, edge);
                    }
                    state.slots[register] = Slot { rep: Rep::Home(tag), dirty: false };
                }
            }
        }
        state.arrays = edges[0].1.arrays.clone();
        state.arrays.retain(|fact| edges.iter().all(|(_, state)| state.arrays.contains(fact)));
        state.shapes = edges[0].1.shapes.clone();
        state.shapes.retain(|fact| edges.iter().all(|(_, state)| state.shapes.contains(fact)));
        for ((from, _), args) in edges.iter().zip(args) {
            self.func.blocks[from.index()].term = Term::Jump(block, args);
        }
        self.block = block;
        self.state = state;
    }

    /// Parameters for values of one kind that differ; `None` when they are of different kinds.
    fn join_params(&mut self, block: Block, reps: &[Rep], args: &mut [Vec<V>]) -> Option<Rep> {
        let values: Option<Vec<V>> = match reps[0] {
            Rep::Int(_) => reps.iter().map(|rep| if let Rep::Int(v) = rep { Some(*v) } else { None }).collect(),
            Rep::Float(_) => reps.iter().map(|rep| if let Rep::Float(v) = rep { Some(*v) } else { None }).collect(),
            Rep::Ref(tag, _) => reps
                .iter()
                .map(|rep| match rep {
                    Rep::Ref(other, v) if *other == tag => Some(*v),
                    _ => None,
                })
                .collect(),
            Rep::Any(..) => {
                let pairs: Option<Vec<(V, V)>> =
                    reps.iter().map(|rep| if let Rep::Any(p, t) = rep { Some((*p, *t)) } else { None }).collect();
                let pairs = pairs?;
                let payload = self.func.param(block, Ty::I64);
                let tag = self.func.param(block, Ty::I8);
                for (list, (p, t)) in args.iter_mut().zip(pairs) {
                    list.push(p);
                    list.push(t);
                }
                return Some(Rep::Any(payload, tag));
            }
            _ => None,
        };
        let values = values?;
        let ty = if matches!(reps[0], Rep::Float(_)) { Ty::F64 } else { Ty::I64 };
        let param = self.func.param(block, ty);
        for (list, value) in args.iter_mut().zip(values) {
            list.push(value);
        }
        Some(match reps[0] {
            Rep::Int(_) => Rep::Int(param),
            Rep::Float(_) => Rep::Float(param),
            Rep::Ref(tag, _) => Rep::Ref(tag, param),
            _ => unreachable!("handled above"),
        })
    }

    /// Enters a loop: decides how each register travels around it.
    fn enter_header(&mut self, position: usize, edges: Vec<(Block, State)>) {
        self.merge(edges);
        let pc = self.pc;
        let cfg = self.cfg;
        let info = &cfg.loops[&position];
        let live = *self.liveness.at(pc);
        let registers: Vec<usize> = live.iter().filter(|register| *register < self.state.slots.len()).collect();
        // Speculate on what arrives, in front of the loop.
        if !self.failed("entry-type") {
            for register in &registers {
                self.speculate_entry(*register, position);
            }
        }
        // What is known to be of one type is loaded once, in front of the loop.
        for register in &registers {
            if !info.modified.contains(*register) && matches!(self.state.slots[*register].rep, Rep::Home(Some(_))) {
                self.get(*register);
            }
        }
        let clean = !self.lessons.unclean.contains(&position);
        if clean {
            self.hoist_arrays(position);
        } else {
            self.state.forget_tables();
        }
        let mut params = Vec::new();
        let mut args = Vec::new();
        let block = self.new_block(false);
        let mut state = self.state.clone();
        for register in &registers {
            let register = *register;
            if !info.modified.contains(register) {
                continue;
            }
            let slot = self.state.slots[register];
            let forced = self.lessons.home.contains(&(pc, register));
            let rep = match slot.rep {
                Rep::Int(v) if !forced => {
                    args.push(v);
                    Rep::Int(self.func.param(block, Ty::I64))
                }
                Rep::Float(v) if !forced => {
                    args.push(v);
                    Rep::Float(self.func.param(block, Ty::F64))
                }
                Rep::Ref(tag, v) if !forced => {
                    args.push(v);
                    Rep::Ref(tag, self.func.param(block, Ty::I64))
                }
                _ => {
                    self.flush(register);
                    state.slots[register] = Slot { rep: Rep::Home(None), dirty: false };
                    continue;
                }
            };
            params.push(register);
            state.slots[register] = Slot { rep, dirty: true };
        }
        self.terminate(Term::Jump(block, args));
        self.block = block;
        self.state = state;
        if clean {
            self.clean_loops.push(position);
        }
        self.headers.insert(position, Header { block, state: self.state.clone(), params, clean });
    }

    /// Guards on the expected type of a register that arrives at a loop in memory.
    fn speculate_entry(&mut self, register: usize, position: usize) {
        if self.snap.captured.contains(register)
            || !matches!(self.state.slots[register].rep, Rep::Home(None) | Rep::Any(..))
        {
            return;
        }
        let Some(expected) = self.predict(register, position) else { return };
        let Rep::Any(payload, tag) = self.get(register) else { return };
        let condition = self.emit(Inst::TagIs(tag, expected));
        self.guard(condition, "entry-type");
        let rep = self.typed(expected, payload);
        self.refine(register, rep);
    }

    /// A representation from a payload whose tag has been checked.
    pub(super) fn typed(&mut self, tag: u8, payload: V) -> Rep {
        match tag {
            tag::INT => Rep::Int(payload),
            tag::FLOAT => Rep::Float(self.emit(Inst::FromBits(payload))),
            tag if tag <= tag::TRUE => Rep::Prim(tag),
            tag => Rep::Ref(tag, payload),
        }
    }

    /// The type that the loop will want of a register: what it held when the loop was compiled, or how it is used.
    fn predict(&self, register: usize, position: usize) -> Option<u8> {
        if let (EntryPoint::Loop(index), Some(tag)) = (self.snap.entry, self.snap.entry_tags.get(register)) {
            let header = self.snap.loops[index as usize].header_pc as usize;
            if self.cfg.blocks[position].pcs.start == header && matches!(*tag, tag::INT | tag::FLOAT | tag::TABLE) {
                return Some(*tag);
            }
        }
        for block in &self.cfg.loops[&position].blocks {
            let pcs = self.cfg.blocks[*block].pcs.clone();
            let mut pc = pcs.start;
            while pc < pcs.end {
                if let Some(tag) = self.predict_from_use(pc, register) {
                    return Some(tag);
                }
                pc += self.snap.code[pc].op().words();
            }
        }
        None
    }

    fn predict_from_use(&self, pc: usize, register: usize) -> Option<u8> {
        use trinity_vm::function::CacheKind;
        let instr = self.snap.code[pc];
        let (op, hint) = instr.op().unquickened();
        let (a, b, c) = (instr.a() == register, instr.b() == register, instr.c() == register);
        let number = match hint {
            Hint::Int => Some(tag::INT),
            Hint::Float => Some(tag::FLOAT),
            _ => None,
        };
        let cache = || self.snap.caches[self.snap.code[pc + 1].ax()];
        match op {
            Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Mod | Op::IDiv if b || c => number,
            Op::AddK | Op::SubK | Op::MulK | Op::DivK | Op::ModK | Op::IDivK if b => number,
            Op::Lt | Op::Le if a || b => number,
            Op::ForLoop if (instr.a()..instr.a() + 3).contains(&register) => number,
            Op::GetTable if b && cache().kind != CacheKind::Empty => Some(tag::TABLE),
            Op::GetTable if c && cache().kind == CacheKind::Array => Some(tag::INT),
            Op::SetTable if a && cache().kind != CacheKind::Empty => Some(tag::TABLE),
            Op::SetTable if b && cache().kind == CacheKind::Array => Some(tag::INT),
            Op::GetI | Op::GetField if b && cache().kind != CacheKind::Empty && cache().shape != 0 => Some(tag::TABLE),
            Op::SetI | Op::SetField if a && cache().kind != CacheKind::Empty => Some(tag::TABLE),
            _ => None,
        }
    }

    /// Looks at the array parts of tables that the loop indexes and does not replace, once, in front of it.
    fn hoist_arrays(&mut self, position: usize) {
        use trinity_vm::function::CacheKind;
        let cfg = self.cfg;
        let info = &cfg.loops[&position];
        for block in &info.blocks {
            let pcs = cfg.blocks[*block].pcs.clone();
            let mut pc = pcs.start;
            while pc < pcs.end {
                let instr = self.snap.code[pc];
                let op = instr.op().unquickened().0;
                let register = match op {
                    Op::GetTable | Op::GetI => Some(instr.b()),
                    Op::SetTable | Op::SetI => Some(instr.a()),
                    _ => None,
                };
                if let Some(register) = register {
                    let cache = self.snap.caches[self.snap.code[pc + 1].ax()];
                    if cache.kind == CacheKind::Array
                        && !info.modified.contains(register)
                        && !self.failed("array-kind")
                        && let Rep::Ref(tag::TABLE, table) = self.state.slots[register].rep
                        && let Some(kind) = super::tables::single_kind(&cache)
                    {
                        self.array_fact(table, kind);
                    }
                }
                pc += self.snap.code[pc].op().words();
            }
        }
    }

    /// Closes a loop.
    fn back_edge(&mut self, position: usize, target: usize) {
        self.poll(position, target);
        let header = &self.headers[&position];
        let (block, params, expected) = (header.block, header.params.clone(), header.state.clone());
        let live: Vec<usize> = self.liveness.at(target).iter().collect();
        let mut args = Vec::new();
        let modified = self.cfg.loops[&position].modified;
        for register in live.into_iter().filter(|register| *register < expected.slots.len()) {
            if !modified.contains(register) {
                continue;
            }
            if !params.contains(&register) {
                // Home at the header.
                self.flush(register);
                continue;
            }
            let wanted = expected.slots[register].rep;
            let want_tag = match wanted {
                Rep::Int(_) => tag::INT,
                Rep::Float(_) => tag::FLOAT,
                Rep::Ref(tag, _) => tag,
                _ => unreachable!("parameters are typed"),
            };
            let mut rep = self.get(register);
            if let Rep::Any(payload, tag) = rep {
                if self.snap.has_failed(target, "loop-type") {
                    self.stop.get_or_insert(Stop::Force(target, register));
                    return;
                }
                let condition = self.emit(Inst::TagIs(tag, want_tag));
                let exit = self.exit_at(target, "loop-type", true, Price::default());
                self.emit(Inst::Guard(condition, exit));
                rep = self.typed(want_tag, payload);
                self.refine(register, rep);
            }
            match (wanted, rep) {
                (Rep::Int(_), Rep::Int(v)) | (Rep::Float(_), Rep::Float(v)) => args.push(v),
                (Rep::Ref(a, _), Rep::Ref(b, v)) if a == b => args.push(v),
                _ => {
                    self.stop.get_or_insert(Stop::Force(target, register));
                    return;
                }
            }
        }
        self.terminate(Term::Jump(block, args));
    }

    /// The safepoint of a back-edge.
    fn poll(&mut self, position: usize, target: usize) {
        let due = self.poll_due();
        let slow = self.split_cold_then(due);
        let (fast, state) = (self.block, self.state.clone());
        self.block = slow;
        if self.headers[&position].clean || !self.clean_loops.is_empty() {
            // What a finalizer might do to a table must not go unnoticed: poll in the interpreter.
            let exit = self.exit_at(target, "poll", false, Price::default());
            self.terminate(Term::Exit(exit));
        } else {
            self.flush_live(target, false);
            let pc = self.int(target as i64);
            let status = self.helper(Helper::Poll, &[BASE, pc]);
            self.check_status(status, false);
            self.terminate(Term::Jump(fast, Vec::new()));
        }
        self.block = fast;
        self.state = state;
        if !self.headers[&position].clean {
            self.state.forget_tables();
        }
    }

    fn poll_due(&mut self) -> V {
        let bytes = self.emit(Inst::Load(Region::Vm, Width::I64, VM, abi::VM_HEAP_BYTES));
        let threshold = self.emit(Inst::Load(Region::Vm, Width::I64, VM, abi::VM_HEAP_THRESHOLD));
        self.emit(Inst::Cmp(Cc::Below, bytes, threshold))
    }

    /// Goes on in a new block when `condition`; returns the cold block for when not, whose end jumps to the new one.
    fn split_cold_then(&mut self, condition: V) -> Block {
        self.split(condition, true)
    }

    // ---- entry ----

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
        let calm = self.poll_due();
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
}

/// The tag that all values of a register have when it goes home.
fn common_home_tag(reps: &[Rep]) -> Option<u8> {
    let tag = |rep: &Rep| match rep {
        Rep::Home(tag) => *tag,
        Rep::Int(_) => Some(tag::INT),
        Rep::Float(_) => Some(tag::FLOAT),
        Rep::Ref(tag, _) | Rep::Prim(tag) => Some(*tag),
        Rep::Any(..) => None,
    };
    let first = tag(&reps[0])?;
    reps.iter().all(|rep| tag(rep) == Some(first)).then_some(first)
}
