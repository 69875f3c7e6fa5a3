//! Templates of arithmetic and bitwise operators.

use cranelift_codegen::ir::{
    Block, InstBuilder, Value,
    condcodes::IntCC,
    types::{I8, I64},
};
use trinity_vm::{
    bytecode::{Hint, Op},
    value::tag,
};

use crate::{
    emitter::{Emitter, Known},
    helper::Helper,
    instruction::{Operand, Rhs},
};

/// The operator without the distinction of where its right operand is.
fn plain(op: Op) -> Op {
    match op {
        Op::AddK => Op::Add,
        Op::SubK => Op::Sub,
        Op::MulK => Op::Mul,
        Op::DivK => Op::Div,
        Op::ModK => Op::Mod,
        Op::PowK => Op::Pow,
        Op::IDivK => Op::IDiv,
        Op::BAndK => Op::BAnd,
        Op::BOrK => Op::BOr,
        Op::BXorK => Op::BXor,
        Op::ShlK => Op::Shl,
        Op::ShrK => Op::Shr,
        op => op,
    }
}

/// What the operands of one path of an operator are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Path {
    Ints,
    Floats,
    /// Numbers that are not both integers.
    Mixed,
}

/// The paths of an operator, what feedback says first. All are there: feedback may be missing, and it changes.
fn paths(hint: Hint) -> &'static [Path] {
    match hint {
        Hint::None | Hint::Int => &[Path::Ints, Path::Floats, Path::Mixed],
        Hint::Float => &[Path::Floats, Path::Ints, Path::Mixed],
        Hint::Any => &[Path::Ints, Path::Mixed],
    }
}

impl Emitter<'_, '_> {
    /// The tag of the right operand, where it is known.
    fn rhs_tag(&self) -> Option<u8> {
        match self.form().rhs {
            Rhs::Register => self.known_tag(self.instruction.c()),
            Rhs::Float => Some(tag::FLOAT),
            _ => Some(tag::INT),
        }
    }

    /// Goes on when both operands have `tag`, which the right one has if it is a constant.
    fn require_operands(&mut self, tag: u8, other: Block) {
        let (lhs, rhs) = (self.instruction.b(), self.instruction.c());
        if self.form().rhs == Rhs::Register {
            self.require_tags((lhs, tag), (rhs, tag), other);
        } else {
            self.require_tag(lhs, tag, other);
        }
    }

    fn rhs_int(&mut self) -> Value {
        match self.form().rhs {
            Rhs::Register => self.bits(self.instruction.c()),
            Rhs::SmallInt => self.operand(Operand::Immediate),
            _ => self.operand(Operand::Constant),
        }
    }

    fn rhs_float(&mut self) -> Value {
        match self.form().rhs {
            Rhs::Register => self.float(self.instruction.c()),
            Rhs::Float => self.float_operand(Operand::Constant),
            _ => self.float_operand(Operand::ConstantFloat),
        }
    }

    /// The right operand as a float, converted when it is an integer.
    fn rhs_number(&mut self, other: Block) -> Value {
        match self.form().rhs {
            Rhs::Register => self.number(self.instruction.c(), other),
            _ => self.rhs_float(),
        }
    }

    fn int_result(&mut self, op: Op, lhs: Value, rhs: Value) -> Value {
        match plain(op) {
            Op::Add => self.b.ins().iadd(lhs, rhs),
            Op::Sub => self.b.ins().isub(lhs, rhs),
            Op::Mul => self.b.ins().imul(lhs, rhs),
            Op::BAnd => self.b.ins().band(lhs, rhs),
            Op::BOr => self.b.ins().bor(lhs, rhs),
            _ => self.b.ins().bxor(lhs, rhs),
        }
    }

    fn float_result(&mut self, op: Op, lhs: Value, rhs: Value) -> Value {
        match plain(op) {
            Op::Add => self.b.ins().fadd(lhs, rhs),
            Op::Sub => self.b.ins().fsub(lhs, rhs),
            Op::Mul => self.b.ins().fmul(lhs, rhs),
            _ => self.b.ins().fdiv(lhs, rhs),
        }
    }

    /// Addition, subtraction, multiplication.
    pub(super) fn arith(&mut self, op: Op, hint: Hint) {
        self.by_path(op, paths(hint), |this, path, slow| {
            let lhs = this.instruction.b();
            if path == Path::Ints {
                let (l, r) = (this.bits(lhs), this.rhs_int());
                return this.int_result(op, l, r);
            }
            let (l, r) = this.float_operands(path, slow);
            this.float_result(op, l, r)
        });
    }

    /// The operands of a path that calculates with floats.
    fn float_operands(&mut self, path: Path, slow: Block) -> (Value, Value) {
        let lhs = self.instruction.b();
        if path == Path::Floats {
            return (self.float(lhs), self.rhs_float());
        }
        (self.number(lhs, slow), self.rhs_number(slow))
    }

    /// Emits each path that the operands allow, the first one inline, and behind them the helper.
    fn by_path(&mut self, op: Op, paths: &[Path], mut result: impl FnMut(&mut Self, Path, Block) -> Value) {
        let (a, lhs) = (self.a(), self.instruction.b());
        let hint = self.form().hint;
        let may_be = |known: Option<u8>, tag| known.is_none_or(|known| known == tag);
        let (l, r) = (self.known_tag(lhs), self.rhs_tag());
        let possible = |path: &Path| match path {
            Path::Ints => may_be(l, tag::INT) && may_be(r, tag::INT),
            Path::Floats => may_be(l, tag::FLOAT) && may_be(r, tag::FLOAT),
            Path::Mixed => l.is_none() || l != r,
        };
        let mut paths: Vec<Path> = paths.iter().copied().filter(possible).collect();
        if !self.is_thorough() && hint != Hint::Any {
            paths.truncate(1);
        }
        let before = self.known();
        let (slow, done) = (self.cold(), self.block());
        for (position, path) in paths.iter().enumerate() {
            let other = if position + 1 == paths.len() { slow } else { self.cold() };
            match path {
                Path::Ints => self.require_operands(tag::INT, other),
                Path::Floats => self.require_operands(tag::FLOAT, other),
                Path::Mixed => {}
            }
            if let Some([ints, floats, any]) = op.operator_forms() {
                let (expected, noted) = match path {
                    Path::Ints => (ints, Hint::Int),
                    Path::Floats => (floats, Hint::Float),
                    Path::Mixed => (any, Hint::Any),
                };
                if hint != Hint::Any && (hint != noted || position > 0) {
                    // A path that is not the first one has been seen together with others.
                    let only_any = hint != Hint::None || expected == any;
                    self.require_quickened(&[expected, any][usize::from(only_any)..], slow);
                }
            }
            let value = result(self, *path, slow);
            self.set(a, value, if *path == Path::Ints { tag::INT } else { tag::FLOAT });
            self.jump(done);
            if other != slow {
                self.restore(before.clone());
                self.switch(other);
            }
        }
        if paths.is_empty() {
            self.jump(slow);
        }
        self.join(slow, Helper::Arith, done, before);
    }

    /// The slow path, and the state behind it.
    fn join(&mut self, slow: Block, helper: Helper, done: Block, before: Known) {
        self.slow_path(slow, helper, done);
        self.restore(before);
        self.forget(self.a());
        self.switch(done);
    }

    pub(super) fn division(&mut self, op: Op, hint: Hint) {
        let paths: &[Path] = if hint == Hint::Any { &[Path::Mixed] } else { &[Path::Floats, Path::Mixed] };
        self.by_path(op, paths, |this, path, slow| {
            let (l, r) = this.float_operands(path, slow);
            this.float_result(op, l, r)
        });
    }

    fn arithmetic_helper(&mut self) {
        self.helper_or_leave(Helper::Arith);
        self.forget(self.a());
    }

    /// `%` and `//`: of integers by positive integers; `//` of floats.
    pub(super) fn floor_division(&mut self, op: Op) {
        let rhs = self.form().rhs;
        if rhs == Rhs::Unsuited {
            return self.arithmetic_helper();
        }
        let is_mod = plain(op) == Op::Mod;
        let paths: &[Path] = if is_mod { &[Path::Ints] } else { &[Path::Ints, Path::Mixed] };
        self.by_path(op, paths, |this, path, slow| {
            if path == Path::Mixed {
                let (l, r) = this.float_operands(path, slow);
                let quotient = this.b.ins().fdiv(l, r);
                return this.b.ins().floor(quotient);
            }
            let l = this.bits(this.instruction.b());
            match rhs {
                Rhs::PowerOfTwo if is_mod => {
                    let mask = this.operand(Operand::Mask);
                    this.b.ins().band(l, mask)
                }
                Rhs::PowerOfTwo => this.b.ins().sshr_imm_u(l, this.instruction.get(Operand::Shift)),
                _ => this.floored(l, is_mod, slow),
            }
        });
    }

    /// Remainder or quotient of a division by a positive integer, rounded down.
    fn floored(&mut self, l: Value, is_mod: bool, slow: Block) -> Value {
        if self.form().rhs == Rhs::Int {
            return self.floored_by_constant(l, is_mod);
        }
        let r = self.rhs_int();
        let positive = self.compare(IntCC::SignedGreaterThan, r, 0);
        self.require(positive, slow);
        let quotient = self.b.ins().sdiv(l, r);
        let product = self.b.ins().imul(quotient, r);
        let rest = self.b.ins().isub(l, product);
        // All ones when the remainder is negative: the quotient was rounded up.
        let sign = self.b.ins().sshr_imm_u(rest, 63);
        if is_mod {
            let correction = self.b.ins().band(sign, r);
            self.b.ins().iadd(rest, correction)
        } else {
            self.b.ins().iadd(quotient, sign)
        }
    }

    /// By multiplication. Of a negative number the complement is divided, and the quotient complemented.
    fn floored_by_constant(&mut self, l: Value, is_mod: bool) -> Value {
        let sign = self.b.ins().sshr_imm_u(l, 63);
        let magnitude = self.b.ins().bxor(l, sign);
        let reciprocal = self.operand(Operand::Reciprocal);
        let high = self.b.ins().umulhi(magnitude, reciprocal);
        let quotient = self.b.ins().ushr_imm_u(high, self.instruction.get(Operand::Shift));
        let quotient = self.b.ins().bxor(quotient, sign);
        if !is_mod {
            return quotient;
        }
        let divisor = self.operand(Operand::Constant);
        let product = self.b.ins().imul(quotient, divisor);
        self.b.ins().isub(l, product)
    }

    /// `x ^ 2` is a product, everything else the helper's.
    pub(super) fn power(&mut self) {
        if self.form().rhs != Rhs::Square {
            return self.arithmetic_helper();
        }
        let before = self.known();
        let (slow, done) = (self.cold(), self.block());
        let value = self.number(self.instruction.b(), slow);
        let result = self.b.ins().fmul(value, value);
        self.set(self.a(), result, tag::FLOAT);
        self.jump(done);
        self.join(slow, Helper::Arith, done, before);
    }

    pub(super) fn bitwise(&mut self, op: Op) {
        let (a, lhs) = (self.a(), self.instruction.b());
        if self.form().rhs == Rhs::Unsuited {
            return self.arithmetic_helper();
        }
        let before = self.known();
        let (slow, done) = (self.cold(), self.block());
        self.require_operands(tag::INT, slow);
        let (l, r) = (self.bits(lhs), self.rhs_int());
        let result = self.int_result(op, l, r);
        self.set(a, result, tag::INT);
        self.jump(done);
        self.join(slow, Helper::Arith, done, before);
    }

    /// Shifts by 0 to 63 places.
    pub(super) fn shift(&mut self, op: Op) {
        let (a, lhs) = (self.a(), self.instruction.b());
        let rhs = self.form().rhs;
        if rhs == Rhs::Unsuited {
            return self.arithmetic_helper();
        }
        let before = self.known();
        let (slow, done) = (self.cold(), self.block());
        self.require_operands(tag::INT, slow);
        let l = self.bits(lhs);
        let distance = self.instruction.get(Operand::Shift);
        let result = match rhs {
            Rhs::Left => self.b.ins().ishl_imm_u(l, distance),
            Rhs::Right => self.b.ins().ushr_imm_u(l, distance),
            _ => {
                let r = self.rhs_int();
                let inside = self.compare(IntCC::UnsignedLessThan, r, 64);
                self.require(inside, slow);
                if op == Op::Shl { self.b.ins().ishl(l, r) } else { self.b.ins().ushr(l, r) }
            }
        };
        self.set(a, result, tag::INT);
        self.jump(done);
        self.join(slow, Helper::Arith, done, before);
    }

    pub(super) fn negate(&mut self) {
        let (a, b) = (self.a(), self.instruction.b());
        let before = self.known();
        let (slow, other, done) = (self.cold(), self.cold(), self.block());
        if self.known_tag(b) == Some(tag::FLOAT) {
            self.jump(other);
        } else {
            self.require_tag(b, tag::INT, other);
            let value = self.bits(b);
            let result = self.b.ins().ineg(value);
            self.set(a, result, tag::INT);
            self.jump(done);
        }
        self.restore(before.clone());
        self.switch(other);
        self.require_tag(b, tag::FLOAT, slow);
        let value = self.float(b);
        let result = self.b.ins().fneg(value);
        self.set(a, result, tag::FLOAT);
        self.jump(done);
        self.join(slow, Helper::Unary, done, before);
    }

    pub(super) fn complement(&mut self) {
        let before = self.known();
        let (slow, done) = (self.cold(), self.block());
        self.require_tag(self.instruction.b(), tag::INT, slow);
        let value = self.bits(self.instruction.b());
        let result = self.b.ins().bnot(value);
        self.set(self.a(), result, tag::INT);
        self.jump(done);
        self.join(slow, Helper::Unary, done, before);
    }

    pub(super) fn not(&mut self) {
        let tag = self.tag(self.instruction.b());
        let truthy = self.compare(IntCC::UnsignedGreaterThanOrEqual, tag, i64::from(tag::TRUE));
        // `true` follows `false`: 2 - truthy.
        let two = self.b.ins().iconst(I8, i64::from(tag::TRUE));
        let result = self.b.ins().isub(two, truthy);
        let zero = self.b.ins().iconst(I64, 0);
        self.set_dynamic(self.a(), zero, result);
    }
}
