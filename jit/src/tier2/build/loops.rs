//! Loops: headers, back-edges, and what is known throughout.
//!
//! At a loop header the pass guesses the representation of registers that the loop changes from how they arrive. A
//! back-edge that cannot keep the guess makes the builder start over with that register in its home slot.

use trinity_vm::{
    bytecode::{Hint, Op},
    clock::Price,
    function::CacheKind,
    seam::EntryPoint,
    value::tag,
};

use super::{Builder, Stop};
use crate::tier2::{
    ir::{BASE, Block, Helper, Inst, Term, Ty},
    state::{Rep, Slot, State},
    tables,
};

/// A loop header that has been entered.
pub(super) struct Header {
    block: Block,
    state: State,
    /// Registers passed as parameters, in order.
    params: Vec<usize>,
    /// Facts about tables are relied on throughout the loop.
    clean: bool,
}

impl Builder<'_> {
    pub(super) fn in_clean_loop(&self, header: usize, position: usize) -> bool {
        self.headers[&header].clean && self.cfg.loops[&header].blocks.contains(&position)
    }

    /// Enters a loop: decides how each register travels around it.
    pub(super) fn enter_header(&mut self, position: usize, edges: Vec<(Block, State)>) {
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
                        && let Some(kind) = tables::single_kind(&cache)
                    {
                        self.array_fact(table, kind);
                    }
                }
                pc += self.snap.code[pc].op().words();
            }
        }
    }

    /// Closes a loop.
    pub(super) fn back_edge(&mut self, position: usize, target: usize) {
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
                    self.stop.get_or_insert(Stop::Force { pc: target, register });
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
                    self.stop.get_or_insert(Stop::Force { pc: target, register });
                    return;
                }
            }
        }
        self.terminate(Term::Jump(block, args));
    }

    /// The safepoint of a back-edge.
    fn poll(&mut self, position: usize, target: usize) {
        let fine = self.no_poll_is_due();
        let slow = self.split(fine, true);
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
}
