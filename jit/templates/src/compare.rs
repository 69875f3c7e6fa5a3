//! Templates of comparisons and tests, fused with the jump behind them.

use cranelift_codegen::ir::{
    Block, InstBuilder, Value,
    condcodes::{FloatCC, IntCC},
    types::I64,
};
use trinity_vm::{
    bytecode::{Hint, Op},
    string,
    value::tag,
};

use crate::{
    abi,
    emitter::Emitter,
    helper::Helper,
    instruction::{Operand, Rhs},
};

/// Where a test goes.
#[derive(Clone, Copy)]
struct Targets {
    /// The condition holds.
    holds: Block,
    fails: Block,
    /// The one of the two that is new, and that the following instruction goes on in.
    next: Block,
}

impl Emitter<'_, '_> {
    /// The targets of the present test, whose `C` says on which outcome to jump.
    fn targets(&mut self) -> Targets {
        let jump = self.jump_target();
        let next = self.block();
        if self.form().flag {
            Targets { holds: jump, fails: next, next }
        } else {
            Targets { holds: next, fails: jump, next }
        }
    }

    fn decide(&mut self, condition: Value, targets: Targets) {
        self.branch(condition, targets.holds, targets.fails);
    }

    /// Lets a helper decide in the block `slow`.
    fn decide_slowly(&mut self, slow: Block, helper: Helper, targets: Targets) {
        self.switch(slow);
        let status = self.helper_or_leave(helper);
        self.decide(status, targets);
    }

    /// `LT`, `LE`: of two integers or two floats inline, what feedback says first.
    pub(super) fn order(&mut self, op: Op, hint: Hint) {
        let (lhs, rhs) = (self.a(), self.instruction.b());
        let before = self.known();
        let targets = self.targets();
        let slow = self.cold();
        let Some([int_form, float_form, any]) = op.operator_forms() else { return };
        let (ints, floats) = ((tag::INT, int_form, Hint::Int), (tag::FLOAT, float_form, Hint::Float));
        let paths = if hint == Hint::Float { [floats, ints] } else { [ints, floats] };
        let possible = |this: &Self, tag| {
            [lhs, rhs].into_iter().all(|register| this.known_tag(register).is_none_or(|known| known == tag))
        };
        let mut paths: Vec<_> = paths.into_iter().filter(|path| possible(self, path.0)).collect();
        if !self.is_thorough() && hint != Hint::Any {
            paths.truncate(1);
        }
        for (position, (tag, form, noted)) in paths.iter().enumerate() {
            let other = if position + 1 == paths.len() { slow } else { self.cold() };
            self.require_tags((lhs, *tag), (rhs, *tag), other);
            match hint {
                Hint::Any => {}
                Hint::None => self.require_quickened(&[*form, any], slow),
                _ if hint == *noted => {}
                _ => self.require_quickened(&[any], slow),
            }
            let condition = if *tag == tag::INT {
                let (l, r) = (self.bits(lhs), self.bits(rhs));
                let condition = if op == Op::Lt { IntCC::SignedLessThan } else { IntCC::SignedLessThanOrEqual };
                self.b.ins().icmp(condition, l, r)
            } else {
                let (l, r) = (self.float(lhs), self.float(rhs));
                let condition = if op == Op::Lt { FloatCC::LessThan } else { FloatCC::LessThanOrEqual };
                self.b.ins().fcmp(condition, l, r)
            };
            self.decide(condition, targets);
            if other != slow {
                self.restore(before.clone());
                self.switch(other);
            }
        }
        if paths.is_empty() {
            self.jump(slow);
        }
        self.decide_slowly(slow, Helper::Compare, targets);
        self.restore(before);
        self.switch(targets.next);
    }

    pub(super) fn order_immediate(&mut self, op: Op) {
        let register = self.a();
        let before = self.known();
        let targets = self.targets();
        let (slow, other) = (self.cold(), self.cold());
        let (int, float) = match op {
            Op::LtI => (IntCC::SignedLessThan, FloatCC::LessThan),
            Op::LeI => (IntCC::SignedLessThanOrEqual, FloatCC::LessThanOrEqual),
            Op::GtI => (IntCC::SignedGreaterThan, FloatCC::GreaterThan),
            _ => (IntCC::SignedGreaterThanOrEqual, FloatCC::GreaterThanOrEqual),
        };
        if self.known_tag(register) == Some(tag::FLOAT) {
            self.jump(other);
        } else {
            self.require_tag(register, tag::INT, other);
            let value = self.bits(register);
            let condition = self.compare(int, value, self.instruction.get(Operand::Immediate));
            self.decide(condition, targets);
        }
        self.restore(before.clone());
        self.switch(other);
        self.require_tag(register, tag::FLOAT, slow);
        let value = self.float(register);
        let constant = self.float_operand(Operand::ImmediateFloat);
        let condition = self.b.ins().fcmp(float, value, constant);
        self.decide(condition, targets);
        self.decide_slowly(slow, Helper::Compare, targets);
        self.restore(before);
        self.switch(targets.next);
    }

    /// Values of one type that is not a float are equal when their payloads are. The helper is left with integers against
    /// floats, long strings of one length, and what may have `__eq`.
    pub(super) fn equal(&mut self) {
        let (lhs, rhs) = (self.a(), self.instruction.b());
        let before = self.known();
        let targets = self.targets();
        let thorough = self.is_thorough();
        let (slow, differ) = (self.cold(), self.block());
        let [floats, types_differ, objects] = [(); 3].map(|()| if thorough { self.cold() } else { slow });
        let (lt, rt) = (self.tag(lhs), self.tag(rhs));
        let same = self.b.ins().icmp(IntCC::Equal, lt, rt);
        self.require(same, types_differ);
        let lt = self.tag(lhs);
        let float = self.equals(lt, i64::from(tag::FLOAT));
        self.reject(float, floats);
        let (l, r) = (self.bits(lhs), self.bits(rhs));
        let identical = self.b.ins().icmp(IntCC::Equal, l, r);
        self.branch(identical, targets.holds, differ);
        self.switch(differ);
        let lt = self.tag(lhs);
        let int = self.equals(lt, i64::from(tag::INT));
        self.branch(int, targets.fails, objects);

        if thorough {
            self.switch(floats);
            let (l, r) = (self.float(lhs), self.float(rhs));
            let equal = self.b.ins().fcmp(FloatCC::Equal, l, r);
            self.decide(equal, targets);
            self.switch(types_differ);
            for register in [lhs, rhs] {
                const { assert!(tag::FLOAT == tag::INT + 1) };
                let tag = self.tag(register);
                let above = self.b.ins().iadd_imm_s(tag, -i64::from(tag::INT));
                let number = self.compare(IntCC::UnsignedLessThanOrEqual, above, 1);
                self.require(number, targets.fails);
            }
            self.jump(slow);
            self.switch(objects);
            self.different_objects(slow, targets);
        }

        self.decide_slowly(slow, Helper::Equals, targets);
        self.restore(before);
        self.switch(targets.next);
    }

    /// Two values of one type that is not a number, with different payloads.
    fn different_objects(&mut self, slow: Block, targets: Targets) {
        let (lhs, rhs, flags) = (self.a(), self.instruction.b(), self.regions.object);
        let (tables, no_tables, strings, no_strings) = (self.cold(), self.cold(), self.cold(), self.cold());
        let found = self.tag(lhs);
        let table = self.equals(found, i64::from(tag::TABLE));
        self.branch(table, tables, no_tables);
        self.switch(tables);
        for register in [lhs, rhs] {
            let object = self.bits(register);
            let shape = self.load(I64, flags, object, abi::TABLE_SHAPE);
            let metatable = self.load(I64, flags, shape, abi::SHAPE_METATABLE);
            self.reject(metatable, slow);
        }
        self.jump(targets.fails);
        self.switch(no_tables);
        let found = self.tag(lhs);
        let string = self.equals(found, i64::from(tag::STRING));
        self.branch(string, strings, no_strings);
        self.switch(strings);
        let (l, r) = (self.bits(lhs), self.bits(rhs));
        let (l, r) = (self.load(I64, flags, l, abi::STR_LEN), self.load(I64, flags, r, abi::STR_LEN));
        let same = self.b.ins().icmp(IntCC::Equal, l, r);
        self.require(same, targets.fails);
        // Short strings are interned.
        let string = self.bits(lhs);
        let len = self.load(I64, flags, string, abi::STR_LEN);
        let short = self.compare(IntCC::UnsignedLessThanOrEqual, len, string::MAX_SHORT as i64);
        self.branch(short, targets.fails, slow);
        self.switch(no_strings);
        let found = self.tag(lhs);
        let userdata = self.equals(found, i64::from(tag::USERDATA));
        self.branch(userdata, slow, targets.fails);
    }

    pub(super) fn equal_constant(&mut self) {
        let register = self.a();
        let rhs = self.form().rhs;
        let targets = self.targets();
        let found = self.tag(register);
        let same = self.equals(found, i64::from(rhs.tag()));
        match rhs {
            Rhs::Nil | Rhs::False | Rhs::True => self.decide(same, targets),
            Rhs::ShortString => {
                // Short strings are interned: another object is another string.
                self.require(same, targets.fails);
                let (bits, expected) = (self.bits(register), self.operand(Operand::Constant));
                let equal = self.b.ins().icmp(IntCC::Equal, bits, expected);
                self.decide(equal, targets);
            }
            // A number may equal one of the other type, a long string one elsewhere.
            _ => {
                let slow = self.cold();
                self.require(same, slow);
                match rhs {
                    Rhs::Float => {
                        let (value, expected) = (self.float(register), self.float_operand(Operand::Constant));
                        let equal = self.b.ins().fcmp(FloatCC::Equal, value, expected);
                        self.decide(equal, targets);
                    }
                    Rhs::SmallInt => {
                        let value = self.bits(register);
                        let equal = self.equals(value, self.instruction.get(Operand::Immediate));
                        self.decide(equal, targets);
                    }
                    Rhs::Int => {
                        let (value, expected) = (self.bits(register), self.operand(Operand::Constant));
                        let equal = self.b.ins().icmp(IntCC::Equal, value, expected);
                        self.decide(equal, targets);
                    }
                    _ => self.jump(slow),
                }
                self.decide_slowly(slow, Helper::EqualsConstant, targets);
            }
        }
        self.switch(targets.next);
    }

    fn truthy(&mut self, register: usize) -> Value {
        let tag = self.tag(register);
        self.compare(IntCC::UnsignedGreaterThanOrEqual, tag, i64::from(tag::TRUE))
    }

    pub(super) fn test(&mut self) {
        let targets = self.targets();
        let truthy = self.truthy(self.a());
        self.decide(truthy, targets);
        self.switch(targets.next);
    }

    /// Copies before it jumps.
    pub(super) fn test_set(&mut self) {
        let targets = self.targets();
        let truthy = self.truthy(self.instruction.b());
        let taken = self.block();
        let before = self.known();
        if self.form().flag {
            self.branch(truthy, taken, targets.next);
        } else {
            self.branch(truthy, targets.next, taken);
        }
        self.switch(taken);
        self.copy(self.a(), self.instruction.b());
        let jump = if self.form().flag { targets.holds } else { targets.fails };
        self.jump(jump);
        self.restore(before);
        self.switch(targets.next);
    }
}
