//! Templates of loops.

use cranelift_codegen::ir::{
    Block, InstBuilder, Value,
    condcodes::{FloatCC, IntCC},
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
    /// A loop of integers by 1 is prepared inline.
    pub(super) fn for_prep(&mut self) {
        let a = self.a();
        let target = self.jump_target();
        let (slow, body) = (self.cold(), self.block());
        self.require_tags((a, tag::INT), (a + 1, tag::INT), slow);
        self.require_tag(a + 2, tag::INT, slow);
        let step = self.bits(a + 2);
        let one = self.equals(step, 1);
        self.require(one, slow);
        let (start, limit) = (self.bits(a), self.bits(a + 1));
        let left = self.b.ins().isub(limit, start);
        self.set(a + 1, left, tag::INT);
        self.forget(a + 3);
        self.set(a + 3, start, tag::INT);
        let empty = self.b.ins().icmp(IntCC::SignedGreaterThan, start, limit);
        self.branch(empty, target, body);
        self.switch(slow);
        let skip = self.helper_or_leave(Helper::ForPrep);
        self.branch(skip, target, body);
        self.switch(body);
        self.forget_from(a);
    }

    /// Counts inline, what feedback says first; a loop that it has not seen yet goes through the helper once.
    pub(super) fn for_loop(&mut self, hint: Hint) {
        let a = self.a();
        let (slow, turn, end) = (self.cold(), self.block(), self.block());
        let ints = (tag::INT, Op::ForLoopI, Hint::Int);
        let floats = (tag::FLOAT, Op::ForLoopF, Hint::Float);
        let paths = if hint == Hint::Float { [floats, ints] } else { [ints, floats] };
        for (position, (tag, form, noted)) in paths.into_iter().enumerate() {
            let last = position == 1 || !self.is_thorough();
            let other = if last { slow } else { self.cold() };
            self.require_tag(a, tag, other);
            if hint != noted {
                self.require_quickened(&[form], slow);
            }
            if tag == tag::INT {
                self.count_ints(end)
            } else {
                self.count_floats(end)
            }
            self.jump(turn);
            self.forget_all();
            if last {
                break;
            }
            self.switch(other);
        }
        self.switch(slow);
        let again = self.helper_or_leave(Helper::ForLoop);
        self.branch(again, turn, end);
        self.switch(turn);
        self.back_edge();
        self.switch(end);
        self.forget_all();
    }

    fn count_ints(&mut self, end: Block) {
        let (a, base) = (self.a(), self.base());
        let left = self.bits(a + 1);
        let over = self.equals(left, 0);
        self.reject(over, end);
        let (index, step) = (self.bits(a), self.bits(a + 2));
        let next = self.b.ins().iadd(index, step);
        let left = self.b.ins().iadd_imm_s(left, -1);
        self.store(self.regions.stack, left, base, abi::reg(a + 1));
        self.set(a, next, tag::INT);
        self.set(a + 3, next, tag::INT);
    }

    fn count_floats(&mut self, end: Block) {
        let a = self.a();
        let (index, limit, step) = (self.float(a), self.float(a + 1), self.float(a + 2));
        let next = self.b.ins().fadd(index, step);
        let zero = self.b.ins().f64const(0.0);
        let up = self.b.ins().fcmp(FloatCC::GreaterThan, step, zero);
        let below = self.b.ins().fcmp(FloatCC::LessThanOrEqual, next, limit);
        let above = self.b.ins().fcmp(FloatCC::LessThanOrEqual, limit, next);
        let inside = self.b.ins().select(up, below, above);
        self.require(inside, end);
        self.set(a, next, tag::FLOAT);
        self.set(a + 3, next, tag::FLOAT);
    }

    /// `TFORPREP`: most loops have nothing to close.
    pub(super) fn generic_for_prep(&mut self) {
        let (slow, target) = (self.cold(), self.jump_target());
        let tag = self.tag(self.a() + 3);
        let nil = self.equals(tag, i64::from(tag::NIL));
        self.branch(nil, target, slow);
        self.slow_path(slow, Helper::GenericForPrep, target);
    }

    /// `TFORCALL`. Where the iterator has been `next` or that of `ipairs`, a step within the array part is inline: both
    /// go from key `k` to `k + 1` there. (From 0 only that of `ipairs` does: to `next` it is a key beside the array.)
    pub(super) fn generic_for(&mut self, hint: Hint) {
        let a = self.a();
        if !self.form().flag {
            self.helper_or_leave(Helper::GenericFor);
            return self.forget_all();
        }
        let regions = self.regions;
        let (slow, done, tagged, plain) = (self.cold(), self.block(), self.block(), self.block());
        let (by_next, array) = (self.block(), self.block());
        self.require_tags((a, tag::NATIVE), (a + 1, tag::TABLE), slow);
        self.require_tag(a + 2, tag::INT, slow);
        if hint == Hint::None {
            self.require_quickened(&[Op::TForCallNext], slow);
        }
        let native = self.bits(a);
        let function = self.load(I64, regions.object, native, abi::NATIVE_FUNCTION);
        let ipairs = self.address(Helper::IpairsStep);
        let is_ipairs = self.b.ins().icmp(IntCC::Equal, function, ipairs);
        self.branch(is_ipairs, array, by_next);
        self.switch(by_next);
        let next = self.address(Helper::Next);
        let is_next = self.b.ins().icmp(IntCC::Equal, function, next);
        self.require(is_next, slow);
        // To `ipairs` key 0 is the start, to `next` an entry that lies elsewhere.
        let key = self.bits(a + 2);
        let zero = self.equals(key, 0);
        self.branch(zero, slow, array);

        self.switch(array);
        let table = self.bits(a + 1);
        let key = self.bits(a + 2);
        let len = self.load(I32, regions.object, table, abi::TABLE_ARRAY_LEN);
        let len = self.b.ins().uextend(I64, len);
        let inside = self.b.ins().icmp(IntCC::UnsignedLessThan, key, len);
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
        let feedback = self.regions.feedback;
        // A loop that had not run when it was compiled has no feedback.
        let (better, helper) =
            if self.form().flag { (Tier::Warm, Helper::BackEdgeFresh) } else { (Tier::Hot, Helper::BackEdge) };
        let (out, header) = (self.cold(), self.jump_target());
        if self.form().count != Form::UNCOUNTED {
            let address = self.operand(Operand::Loop);
            let left = self.load(I32, feedback, address, abi::LOOP_COUNTDOWN);
            let left = self.b.ins().iadd_imm_s(left, -1);
            self.store(feedback, left, address, abi::LOOP_COUNTDOWN);
            let tier = self.load(I8, feedback, address, abi::LOOP_TIER);
            let due = self.compare(IntCC::SignedLessThanOrEqual, left, 0);
            self.reject(due, out);
            let promoted = self.compare(IntCC::UnsignedGreaterThanOrEqual, tier, better as i64);
            self.reject(promoted, out);
        }
        let full = self.heap_is_full();
        self.branch(full, out, header);

        self.switch(out);
        let code = self.helper(helper);
        let stay = self.equals(code, 0);
        let (other, enter) = (self.cold(), self.cold());
        self.branch(stay, header, other);
        self.switch(other);
        self.leave_or_go_on(code, enter);
        self.switch(enter);
        // The entry of a loop has no use for the count.
        let base = self.base();
        if self.is_stencil() {
            // The loop's code may put another frame in place of this one: then nothing says that this code is running.
            return self.enter_tail(code, base, code);
        }
        let status = self.enter(code, base, code);
        self.leave_with(status);
    }
}
