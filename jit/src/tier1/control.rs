//! Templates of loops.

use cranelift_codegen::ir::{
    InstBuilder,
    condcodes::IntCC,
    types::{I32, I64},
};
use trinity_vm::{
    bytecode::{Hint, jump_target},
    seam::Tier,
    value::tag,
};

use super::emitter::Emitter;
use crate::{abi, helpers};

impl Emitter<'_, '_> {
    /// The block that the present instruction jumps to.
    pub(super) fn jump_target(&mut self) -> cranelift_codegen::ir::Block {
        let target = jump_target(self.proto.code(), self.pc).expect("the instruction jumps");
        self.block_at(target as usize)
    }

    pub(super) fn for_prep(&mut self) {
        let skip = self.helper_or_leave(helpers::for_prep);
        let target = self.jump_target();
        self.reject(skip, target);
        self.forget_from(self.instr().a());
    }

    /// Integer loops count inline; others in a helper unless they have been seen to be of floats.
    pub(super) fn for_loop(&mut self, hint: Hint) {
        let a = self.instr().a();
        let (slow, turn, end) = (self.cold(), self.block(), self.block());
        if hint == Hint::Float {
            self.require_tag(a, tag::FLOAT, slow);
            let (index, limit, step) = (self.float(a), self.float(a + 1), self.float(a + 2));
            let next = self.b.ins().fadd(index, step);
            let zero = self.b.ins().f64const(0.0);
            use cranelift_codegen::ir::condcodes::FloatCC;
            let up = self.b.ins().fcmp(FloatCC::GreaterThan, step, zero);
            let below = self.b.ins().fcmp(FloatCC::LessThanOrEqual, next, limit);
            let above = self.b.ins().fcmp(FloatCC::LessThanOrEqual, limit, next);
            let inside = self.b.ins().select(up, below, above);
            self.require(inside, end);
            self.set(a, next, tag::FLOAT);
            self.set(a + 3, next, tag::FLOAT);
        } else {
            self.require_tag(a, tag::INT, slow);
            let left = self.bits(a + 1);
            let over = self.equals(left, 0);
            self.reject(over, end);
            let (index, step) = (self.bits(a), self.bits(a + 2));
            let next = self.b.ins().iadd(index, step);
            let left = self.bits(a + 1);
            let left = self.b.ins().iadd_imm_s(left, -1);
            let flags = self.regions.stack;
            let base = self.base();
            self.store(flags, left, base, abi::reg(a + 1));
            self.set(a, next, tag::INT);
            self.set(a + 3, next, tag::INT);
            if hint == Hint::None {
                self.quicken(trinity_vm::bytecode::Op::ForLoopI);
            }
        }
        self.jump(turn);
        self.switch(slow);
        let again = self.helper_or_leave(helpers::for_loop);
        self.branch(again, turn, end);
        self.switch(turn);
        self.back_edge(self.instr().bx());
        self.switch(end);
        self.forget_all();
    }

    pub(super) fn generic_for_loop(&mut self) {
        let a = self.instr().a();
        let end = self.block();
        let tag = self.tag(a + 4);
        let nil = self.equals(tag, i64::from(tag::NIL));
        self.reject(nil, end);
        self.copy(a + 2, a + 4);
        self.back_edge(self.instr().bx());
        self.switch(end);
        self.forget_all();
    }

    /// Counts, polls, and jumps to the loop's header, or enters better code for the loop.
    pub(super) fn back_edge(&mut self, index: usize) {
        let regions = self.regions;
        let state = &self.proto.loops()[index];
        // A loop that had not run when it was compiled has no feedback.
        let fresh = state.count() == 0;
        let (better, helper): (_, helpers::Helper) =
            if fresh { (Tier::Warm, helpers::back_edge_fresh) } else { (Tier::Hot, helpers::back_edge) };
        let (out, header) = (self.cold(), self.jump_target());
        let address = self.address(state);
        let left = self.load(I32, regions.feedback, address, abi::LOOP_COUNTDOWN);
        let left = self.b.ins().iadd_imm_s(left, -1);
        self.store(regions.feedback, left, address, abi::LOOP_COUNTDOWN);
        // PERF: one branch for three reasons to leave, each of which makes a number negative.
        let left = self.b.ins().sextend(I64, left);
        let due = self.b.ins().iadd_imm_s(left, -1);
        let tier = self.b.ins().uload8(I64, regions.feedback, address, abi::LOOP_TIER);
        let worst = self.iconst(better as i64 - 1);
        let promoted = self.b.ins().isub(worst, tier);
        let full = self.heap_room();
        let any = self.b.ins().bor(due, promoted);
        let any = self.b.ins().bor(any, full);
        let any = self.compare(IntCC::SignedLessThan, any, 0);
        self.branch(any, out, header);

        self.switch(out);
        let code = self.helper(helper);
        let stay = self.equals(code, 0);
        let enter = self.cold();
        self.branch(stay, header, enter);
        self.switch(enter);
        let none = self.b.ins().iconst(I64, 0);
        let base = self.base();
        let status = self.enter(code, base, none);
        self.leave_with(status);
    }
}
