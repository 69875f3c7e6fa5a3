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

use super::emitter::Emitter;
use crate::helpers;

/// The right operand of a binary operator.
#[derive(Clone, Copy)]
enum Rhs {
    Register(usize),
    Int(i64),
    Float(f64),
}

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

/// What an instruction that has not been executed yet becomes when it meets two integers or two floats.
fn first_forms(op: Op) -> (Op, Op) {
    match op {
        Op::Add => (Op::AddII, Op::AddFF),
        Op::Sub => (Op::SubII, Op::SubFF),
        Op::Mul => (Op::MulII, Op::MulFF),
        Op::AddK => (Op::AddKII, Op::AddKFF),
        Op::SubK => (Op::SubKII, Op::SubKFF),
        Op::MulK => (Op::MulKII, Op::MulKFF),
        Op::Mod => (Op::ModII, Op::ModAny),
        Op::ModK => (Op::ModKII, Op::ModKAny),
        Op::IDiv => (Op::IDivII, Op::IDivAny),
        Op::IDivK => (Op::IDivKII, Op::IDivKAny),
        Op::Div => (Op::DivAny, Op::DivFF),
        _ => (Op::DivKAny, Op::DivKFF),
    }
}

impl Emitter<'_, '_> {
    fn rhs(&self, op: Op) -> Rhs {
        let c = self.instr().c();
        if plain(op) == op {
            return Rhs::Register(c);
        }
        let constant = self.constant(c);
        if constant.is_int() { Rhs::Int(constant.raw_int()) } else { Rhs::Float(constant.raw_float()) }
    }

    fn rhs_tag(&self, rhs: Rhs) -> Option<u8> {
        match rhs {
            Rhs::Register(register) => self.known_tag(register),
            Rhs::Int(_) => Some(tag::INT),
            Rhs::Float(_) => Some(tag::FLOAT),
        }
    }

    /// Goes on when both operands have `tag`. Says whether they can.
    fn require_operands(&mut self, lhs: usize, rhs: Rhs, tag: u8, other: Block) -> bool {
        if let Rhs::Register(register) = rhs {
            self.require_tags((lhs, tag), (register, tag), other);
            return true;
        }
        self.require_tag(lhs, tag, other);
        self.rhs_tag(rhs) == Some(tag)
    }

    fn operand_int(&mut self, rhs: Rhs) -> Value {
        match rhs {
            Rhs::Register(register) => self.bits(register),
            Rhs::Int(value) => self.iconst(value),
            Rhs::Float(value) => self.iconst(value as i64),
        }
    }

    fn operand_float(&mut self, rhs: Rhs) -> Value {
        match rhs {
            Rhs::Register(register) => self.float(register),
            Rhs::Int(value) => self.b.ins().f64const(value as f64),
            Rhs::Float(value) => self.b.ins().f64const(value),
        }
    }

    /// The operand as a float, converted when it is an integer.
    fn operand_number(&mut self, rhs: Rhs, other: Block) -> Value {
        match rhs {
            Rhs::Register(register) => self.number(register, other),
            constant => self.operand_float(constant),
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
        let instr = self.instr();
        let (a, lhs, rhs) = (instr.a(), instr.b(), self.rhs(op));
        let before = self.known();
        let (slow, done) = (self.cold(), self.block());
        // What has not been executed is taken for what its operands look like.
        let float_first = match hint {
            Hint::Float => true,
            Hint::None => self.known_tag(lhs) == Some(tag::FLOAT) || self.rhs_tag(rhs) == Some(tag::FLOAT),
            _ => false,
        };
        if hint == Hint::Any {
            let mixed = self.cold();
            if self.rhs_tag(rhs) == Some(tag::FLOAT) || self.known_tag(lhs) == Some(tag::FLOAT) {
                self.jump(mixed);
            } else {
                self.require_operands(lhs, rhs, tag::INT, mixed);
                let (l, r) = (self.bits(lhs), self.operand_int(rhs));
                let result = self.int_result(op, l, r);
                self.set(a, result, tag::INT);
                self.jump(done);
            }
            self.restore(before.clone());
            self.switch(mixed);
            let l = self.number(lhs, slow);
            let r = self.operand_number(rhs, slow);
            let result = self.float_result(op, l, r);
            self.set(a, result, tag::FLOAT);
            self.jump(done);
        } else if float_first {
            if self.require_operands(lhs, rhs, tag::FLOAT, slow) {
                if hint == Hint::None {
                    self.quicken(first_forms(op).1);
                }
                let (l, r) = (self.float(lhs), self.operand_float(rhs));
                let result = self.float_result(op, l, r);
                self.set(a, result, tag::FLOAT);
                self.jump(done);
            } else {
                self.jump(slow);
            }
        } else {
            if self.require_operands(lhs, rhs, tag::INT, slow) {
                if hint == Hint::None {
                    self.quicken(first_forms(op).0);
                }
                let (l, r) = (self.bits(lhs), self.operand_int(rhs));
                let result = self.int_result(op, l, r);
                self.set(a, result, tag::INT);
                self.jump(done);
            } else {
                self.jump(slow);
            }
        }
        self.join(slow, helpers::arith, done, before);
    }

    /// The slow path, and the state behind it.
    fn join(&mut self, slow: Block, helper: helpers::Helper, done: Block, before: super::emitter::Known) {
        self.slow_path(slow, helper, done);
        self.restore(before);
        self.forget(self.instr().a());
        self.switch(done);
    }

    pub(super) fn division(&mut self, op: Op, hint: Hint) {
        let instr = self.instr();
        let (a, lhs, rhs) = (instr.a(), instr.b(), self.rhs(op));
        if hint == Hint::None {
            return self.arithmetic_helper();
        }
        let before = self.known();
        let (slow, done) = (self.cold(), self.block());
        let (l, r) = if hint == Hint::Float {
            self.require_operands(lhs, rhs, tag::FLOAT, slow);
            (self.float(lhs), self.operand_float(rhs))
        } else {
            (self.number(lhs, slow), self.operand_number(rhs, slow))
        };
        let result = self.float_result(op, l, r);
        self.set(a, result, tag::FLOAT);
        self.jump(done);
        self.join(slow, helpers::arith, done, before);
    }

    fn arithmetic_helper(&mut self) {
        self.helper_or_leave(helpers::arith);
        self.forget(self.instr().a());
    }

    /// `%` and `//` of integers by positive integers.
    pub(super) fn floor_division(&mut self, op: Op, hint: Hint) {
        let instr = self.instr();
        let (a, lhs, rhs) = (instr.a(), instr.b(), self.rhs(op));
        let unsuited = matches!(rhs, Rhs::Float(_)) || matches!(rhs, Rhs::Int(value) if value <= 0);
        if hint == Hint::Any || unsuited {
            return self.arithmetic_helper();
        }
        let before = self.known();
        let (slow, done) = (self.cold(), self.block());
        self.require_operands(lhs, rhs, tag::INT, slow);
        let l = self.bits(lhs);
        let is_mod = plain(op) == Op::Mod;
        let result = match rhs {
            Rhs::Int(value) if value.count_ones() == 1 && is_mod => {
                let mask = self.iconst(value - 1);
                self.b.ins().band(l, mask)
            }
            Rhs::Int(value) if value.count_ones() == 1 => self.b.ins().sshr_imm_u(l, i64::from(value.trailing_zeros())),
            _ => {
                let r = self.operand_int(rhs);
                if let Rhs::Register(_) = rhs {
                    let positive = self.compare(IntCC::SignedGreaterThan, r, 0);
                    self.require(positive, slow);
                }
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
        };
        if hint == Hint::None {
            self.quicken(first_forms(op).0);
        }
        self.set(a, result, tag::INT);
        self.jump(done);
        self.join(slow, helpers::arith, done, before);
    }

    /// `x ^ 2` is a product, everything else the helper's.
    pub(super) fn power(&mut self, op: Op) {
        let square = match self.rhs(op) {
            Rhs::Int(value) => value == 2,
            Rhs::Float(value) => value == 2.0,
            Rhs::Register(_) => false,
        };
        if !square {
            return self.arithmetic_helper();
        }
        let instr = self.instr();
        let before = self.known();
        let (slow, done) = (self.cold(), self.block());
        let value = self.number(instr.b(), slow);
        let result = self.b.ins().fmul(value, value);
        self.set(instr.a(), result, tag::FLOAT);
        self.jump(done);
        self.join(slow, helpers::arith, done, before);
    }

    pub(super) fn bitwise(&mut self, op: Op) {
        let instr = self.instr();
        let (a, lhs, rhs) = (instr.a(), instr.b(), self.rhs(op));
        if matches!(rhs, Rhs::Float(_)) {
            return self.arithmetic_helper();
        }
        let before = self.known();
        let (slow, done) = (self.cold(), self.block());
        self.require_operands(lhs, rhs, tag::INT, slow);
        let (l, r) = (self.bits(lhs), self.operand_int(rhs));
        let result = self.int_result(op, l, r);
        self.set(a, result, tag::INT);
        self.jump(done);
        self.join(slow, helpers::arith, done, before);
    }

    /// Shifts by 0 to 63 places.
    pub(super) fn shift(&mut self, op: Op) {
        let instr = self.instr();
        let (a, lhs, rhs) = (instr.a(), instr.b(), self.rhs(op));
        let unsuited = matches!(rhs, Rhs::Float(_)) || matches!(rhs, Rhs::Int(value) if !(-63..64).contains(&value));
        if unsuited {
            return self.arithmetic_helper();
        }
        let before = self.known();
        let (slow, done) = (self.cold(), self.block());
        self.require_operands(lhs, rhs, tag::INT, slow);
        let l = self.bits(lhs);
        let mut left = plain(op) == Op::Shl;
        let r = match rhs {
            Rhs::Int(value) => {
                left ^= value < 0;
                self.iconst(value.abs())
            }
            _ => {
                let r = self.operand_int(rhs);
                let inside = self.compare(IntCC::UnsignedLessThan, r, 64);
                self.require(inside, slow);
                r
            }
        };
        let result = if left { self.b.ins().ishl(l, r) } else { self.b.ins().ushr(l, r) };
        self.set(a, result, tag::INT);
        self.jump(done);
        self.join(slow, helpers::arith, done, before);
    }

    pub(super) fn negate(&mut self) {
        let instr = self.instr();
        let (a, b) = (instr.a(), instr.b());
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
        self.join(slow, helpers::unary, done, before);
    }

    pub(super) fn complement(&mut self) {
        let instr = self.instr();
        let before = self.known();
        let (slow, done) = (self.cold(), self.block());
        self.require_tag(instr.b(), tag::INT, slow);
        let value = self.bits(instr.b());
        let result = self.b.ins().bnot(value);
        self.set(instr.a(), result, tag::INT);
        self.jump(done);
        self.join(slow, helpers::unary, done, before);
    }

    pub(super) fn not(&mut self) {
        let instr = self.instr();
        let tag = self.tag(instr.b());
        let truthy = self.compare(IntCC::UnsignedGreaterThanOrEqual, tag, i64::from(tag::TRUE));
        // `true` follows `false`: 2 - truthy.
        let two = self.b.ins().iconst(I8, i64::from(tag::TRUE));
        let result = self.b.ins().isub(two, truthy);
        let zero = self.b.ins().iconst(I64, 0);
        self.set_dynamic(instr.a(), zero, result);
    }
}
