//! Templates of loops.

use cranelift_codegen::ir::{
    InstBuilder, Value,
    condcodes::IntCC,
    types::{I8, I32, I64},
};
use trinity_vm::{
    bytecode::{Hint, Op},
    seam::Tier,
    table::ElementKind,
    value::tag,
};

use crate::{
    abi,
    emitter::Emitter,
    helper::Helper,
    instruction::{Form, Operand},
};

impl Emitter<'_, '_> {
    /// A loop of integers by 1 or -1 is prepared inline.
    pub(super) fn for_prep(&mut self) {
        let a = self.a();
        let target = self.jump_target();
        let step = self.form().count;
        let may_be_int = |this: &Self, register| matches!(this.known_tag(register), None | Some(tag::INT));
        if step != Form::SLOWLY && may_be_int(self, a) && may_be_int(self, a + 1) {
            let (slow, body) = (self.cold(), self.block());
            self.require_tags((a, tag::INT), (a + 1, tag::INT), slow);
            let (start, limit) = (self.bits(a), self.bits(a + 1));
            let (low, high) = if step == 2 { (start, limit) } else { (limit, start) };
            let left = self.b.ins().isub(high, low);
            self.set(a + 1, left, tag::INT);
            self.forget(a + 3);
            self.set(a + 3, start, tag::INT);
            let empty = self.b.ins().icmp(IntCC::SignedGreaterThan, low, high);
            self.branch(empty, target, body);
            self.switch(slow);
            let skip = self.helper_or_leave(Helper::ForPrep);
            self.branch(skip, target, body);
            self.switch(body);
        } else {
            let skip = self.helper_or_leave(Helper::ForPrep);
            self.reject(skip, target);
        }
        self.forget_from(a);
    }

    /// Integer loops count inline; others in a helper unless they have been seen to be of floats.
    pub(super) fn for_loop(&mut self, hint: Hint) {
        let a = self.a();
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
                self.quicken(Op::ForLoopI);
            }
        }
        self.jump(turn);
        self.switch(slow);
        let again = self.helper_or_leave(Helper::ForLoop);
        self.branch(again, turn, end);
        self.switch(turn);
        self.back_edge();
        self.switch(end);
        self.forget_all();
    }

    /// `TFORCALL`. Where the iterator has been `next` or that of `ipairs`, a step within the array part is inline: both
    /// go from key `k` to `k + 1` there. (From 0 only that of `ipairs` does: to `next` it is a key beside the array.)
    pub(super) fn generic_for(&mut self, hint: Hint) {
        let a = self.a();
        if hint == Hint::None || !self.form().flag {
            self.helper_or_leave(Helper::GenericFor);
            return self.forget_all();
        }
        let regions = self.regions;
        let (slow, done, tagged, plain) = (self.cold(), self.block(), self.block(), self.block());
        self.require_tags((a, tag::NATIVE), (a + 1, tag::TABLE), slow);
        let native = self.bits(a);
        let function = self.load(I64, regions.object, native, abi::NATIVE_FUNCTION);
        let (next, ipairs) = (self.address(Helper::Next), self.address(Helper::IpairsStep));
        let is_next = self.b.ins().icmp(IntCC::Equal, function, next);
        let is_ipairs = self.b.ins().icmp(IntCC::Equal, function, ipairs);
        let known = self.b.ins().bor(is_next, is_ipairs);
        let control = self.tag(a + 2);
        let int = self.equals(control, i64::from(tag::INT));
        let suited = self.b.ins().band(known, int);
        // To `ipairs` key 0 is the start, to `next` an entry that lies elsewhere.
        let key = self.bits(a + 2);
        let zero = self.equals(key, 0);
        let elsewhere = self.b.ins().band(is_next, zero);
        let suited = self.b.ins().band_not(suited, elsewhere);
        self.require(suited, slow);

        let table = self.bits(a + 1);
        let key = self.bits(a + 2);
        let len = self.load(I32, regions.object, table, abi::TABLE_ARRAY_LEN);
        let len = self.b.ins().uextend(I64, len);
        let inside = self.b.ins().icmp(IntCC::UnsignedLessThan, key, len);
        let zero = self.equals(key, 0);
        let beside = self.b.ins().band(is_next, zero);
        let inside = self.b.ins().band_not(inside, beside);
        self.require(inside, slow);

        let table = self.bits(a + 1);
        let kind = self.load(I8, regions.object, table, abi::TABLE_ARRAY_KIND);
        let is_tagged = self.equals(kind, ElementKind::Tagged as i64);
        self.branch(is_tagged, tagged, plain);

        self.switch(plain);
        let place = self.next_element(a, 3);
        let payload = self.load(I64, regions.elements, place, 0);
        // `INT` and `FLOAT` follow each other as the kinds do.
        const { assert!(tag::INT - ElementKind::Int as u8 == tag::FLOAT - ElementKind::Float as u8) };
        let table = self.bits(a + 1);
        let kind = self.load(I8, regions.object, table, abi::TABLE_ARRAY_KIND);
        let found = self.b.ins().iadd_imm_s(kind, i64::from(tag::INT) - ElementKind::Int as i64);
        self.set_dynamic(a + 5, payload, found);
        self.step_key(a);
        self.jump(done);

        self.switch(tagged);
        let place = self.next_element(a, 4);
        let payload = self.load(I64, regions.elements, place, 0);
        let found = self.load(I8, regions.elements, place, abi::TAG);
        self.set_dynamic(a + 5, payload, found);
        self.step_key(a);
        let nil = self.equals(found, i64::from(tag::NIL));
        self.branch(nil, slow, done);

        self.slow_path(slow, Helper::GenericFor, done);
        self.forget_all();
        self.switch(done);
    }

    /// Address of the element after the control variable of the generic loop at `a`: keys count from 1, places from 0.
    fn next_element(&mut self, a: usize, shift: i64) -> Value {
        let table = self.bits(a + 1);
        let elements = self.load(I64, self.regions.object, table, abi::TABLE_ARRAY);
        let key = self.bits(a + 2);
        let place = self.b.ins().ishl_imm_u(key, shift);
        self.b.ins().iadd(elements, place)
    }

    /// The key after the control variable.
    fn step_key(&mut self, a: usize) {
        let key = self.bits(a + 2);
        let next = self.b.ins().iadd_imm_s(key, 1);
        self.forget(a + 4);
        self.set(a + 4, next, tag::INT);
    }

    pub(super) fn generic_for_loop(&mut self) {
        let a = self.a();
        let end = self.block();
        let tag = self.tag(a + 4);
        let nil = self.equals(tag, i64::from(tag::NIL));
        self.reject(nil, end);
        self.copy(a + 2, a + 4);
        self.back_edge();
        self.switch(end);
        self.forget_all();
    }

    /// Counts, polls, and jumps to the loop's header, or enters better code for the loop.
    pub(super) fn back_edge(&mut self) {
        let regions = self.regions;
        // A loop that had not run when it was compiled has no feedback.
        let (better, helper) =
            if self.form().flag { (Tier::Warm, Helper::BackEdgeFresh) } else { (Tier::Hot, Helper::BackEdge) };
        let (out, header) = (self.cold(), self.jump_target());
        let address = self.operand(Operand::Loop);
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
        let (other, enter) = (self.cold(), self.cold());
        self.branch(stay, header, other);
        self.switch(other);
        self.leave_or_go_on(code, enter);
        self.switch(enter);
        let none = self.b.ins().iconst(I64, 0);
        let base = self.base();
        let status = self.enter(code, base, none);
        self.leave_with(status);
    }
}
