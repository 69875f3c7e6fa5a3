//! Calls and returns.

use trinity_vm::{frame::FRAME_OFFSET, function::CacheKind, value::tag};

use super::{
    build::{Builder, Dead},
    ir::{BASE, Cc, Helper, Inst, IntOp, Region, Term, V, VM, Width},
    state::Rep,
};
use crate::abi;

impl Builder<'_> {
    pub(super) fn call(&mut self) -> Result<(), Dead> {
        let instr = self.instr;
        let (a, b, c) = (instr.a(), instr.b(), instr.c());
        let next = self.pc + 2;
        let cache = self.snap.caches[self.snap.code[self.pc + 1].ax()];
        let function = self.get(a);
        let may_be_closure = cache.kind == CacheKind::Call
            && match function {
                Rep::Any(..) => true,
                Rep::Ref(tag, _) => tag == tag::CLOSURE,
                _ => false,
            };
        if b == 0 || !may_be_closure {
            let status = self.generic();
            self.check_status(status, false);
            self.clobber();
            return Ok(());
        }
        // Callee and arguments go to their places; what the collector has to see goes home.
        self.flush(a);
        for register in a + FRAME_OFFSET..a + FRAME_OFFSET + b - 1 {
            self.flush(register);
        }
        self.flush_live(next, true);
        let (payload, slow) = match function {
            Rep::Ref(_, payload) => (payload, None),
            Rep::Any(payload, tag) => {
                let is_closure = self.emit(Inst::TagIs(tag, tag::CLOSURE));
                (payload, Some(self.split(is_closure, true)))
            }
            _ => unreachable!("checked above"),
        };
        let dirty = self.state.clone();
        let after = self.new_block(false);
        // The fast path: enter the closure.
        self.set_pc();
        let callee_offset = abi::reg(a + FRAME_OFFSET);
        let header = callee_offset + abi::HEADER;
        let first = self.int(((a + FRAME_OFFSET) as i64) << 32);
        let zero = self.int(0);
        self.emit(Inst::Store(Region::Stack, Width::I64, BASE, header, first));
        self.emit(Inst::Store(Region::Stack, Width::I64, BASE, header + 8, zero));
        let proto = self.emit(Inst::Load(Region::Function, Width::I64, payload, abi::CLOSURE_PROTO));
        let entry = self.emit(Inst::Load(Region::Function, Width::I64, proto, abi::PROTO_ENTRY));
        let offset = self.int(i64::from(callee_offset));
        let callee = self.emit(Inst::Arith(IntOp::Add, BASE, offset));
        let count = self.int(b as i64 - 1);
        let status = self.emit(Inst::Enter(entry, callee, count));
        let fine = if c == 0 {
            self.emit(Inst::Cmp(Cc::Ge, status, zero))
        } else {
            let wanted = self.int(c as i64 - 1);
            self.emit(Inst::Cmp(Cc::Eq, status, wanted))
        };
        let odd = self.split(fine, true);
        if c == 0 {
            let start = self.int(i64::from(abi::reg(a)));
            let slot = self.emit(Inst::Arith(IntOp::Add, BASE, start));
            let shift = self.int(4);
            let bytes = self.emit(Inst::Arith(IntOp::Shl, status, shift));
            let top = self.emit(Inst::Arith(IntOp::Add, slot, bytes));
            self.emit(Inst::Store(Region::Vm, Width::I64, VM, abi::VM_TOP, top));
        }
        self.terminate(Term::Jump(after, Vec::new()));
        // Another number of results, an exit, a throw or a yield.
        self.block = odd;
        let pc = self.int(self.pc as i64);
        let finished = self.helper(Helper::FinishCall, &[BASE, pc, status]);
        self.leave_call(finished, next, after);
        // Not a closure.
        if let Some(slow) = slow {
            self.block = slow;
            self.state = dirty.clone();
            let status = self.run_helper();
            self.leave_call(status, next, after);
        }
        self.block = after;
        self.state = dirty;
        self.forget_tables();
        self.clobber();
        Ok(())
    }

    /// After a call by a helper out of the fast path: goes on to `after` when it went well, else brings home what a
    /// yield would need and returns its status.
    fn leave_call(&mut self, status: V, next: usize, after: super::ir::Block) {
        let zero = self.int(0);
        let fine = self.emit(Inst::Cmp(Cc::Eq, status, zero));
        let (then, failed) = (self.new_block(true), self.new_block(true));
        self.terminate(Term::Branch(fine, then, failed));
        self.block = then;
        self.terminate(Term::Jump(after, Vec::new()));
        self.block = failed;
        let state = self.state.clone();
        let results = self.instr.a();
        let live: Vec<usize> = self.liveness.at(next).iter().collect();
        for register in live {
            // The call's own registers hold what the callee left.
            if register < results {
                self.flush(register);
            }
        }
        self.terminate(Term::Return(status));
        self.state = state;
    }

    pub(super) fn return_(&mut self) {
        self.open = false;
        use trinity_vm::bytecode::Op;
        let instr = self.instr;
        let (first, count) = match instr.op() {
            Op::Return0 => (0, 0),
            Op::Return1 => (instr.a(), 1),
            _ if instr.b() == 0 || instr.c() != 0 => return self.return_by_helper(),
            _ => (instr.a(), instr.b() - 1),
        };
        if self.snap.is_vararg || count > 8 {
            return self.return_by_helper();
        }
        let reps: Vec<Rep> = (first..first + count).map(|register| self.get(register)).collect();
        for (index, rep) in reps.into_iter().enumerate() {
            self.store_value(Region::Stack, BASE, abi::FUNCTION + abi::reg(index), rep);
        }
        let count = self.int(count as i64);
        self.terminate(Term::Return(count));
    }

    fn return_by_helper(&mut self) {
        let status = self.generic();
        self.terminate(Term::Return(status));
    }
}
