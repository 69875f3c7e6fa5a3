//! Arithmetic and bitwise operations, and what is known of operands that should be numbers.

use trinity_vm::{
    bytecode::{Hint, Op},
    interp::arith::Arith,
    value::{Value, tag},
};

use super::{
    build::{Builder, Dead},
    ir::{Cc, FloatOp, FloatUn, Helper, Inst, IntOp, V},
    state::Rep,
};

/// An operand of an arithmetic instruction.
#[derive(Clone, Copy)]
pub(super) enum Operand {
    Reg(usize),
    Const(Value),
}

/// What is known of a number.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Int,
    Float,
    /// Not a number.
    Other,
    Unknown,
}

impl Builder<'_> {
    pub(super) fn kind(&mut self, operand: Operand) -> Kind {
        match operand {
            Operand::Const(value) if value.is_int() => Kind::Int,
            Operand::Const(_) => Kind::Float,
            Operand::Reg(register) => match self.get(register) {
                Rep::Int(_) => Kind::Int,
                Rep::Float(_) => Kind::Float,
                Rep::Any(..) => Kind::Unknown,
                _ => Kind::Other,
            },
        }
    }

    /// The operand as an integer; its kind is `Int`, or `Unknown`, which is guarded on.
    pub(super) fn int_operand(&mut self, operand: Operand) -> V {
        match operand {
            Operand::Const(value) => self.int(value.raw_int()),
            Operand::Reg(register) => self.int_register(register),
        }
    }

    pub(super) fn int_register(&mut self, register: usize) -> V {
        match self.get(register) {
            Rep::Int(v) => v,
            Rep::Any(payload, tag) => {
                let condition = self.emit(Inst::TagIs(tag, tag::INT));
                self.guard(condition, "type");
                self.refine(register, Rep::Int(payload));
                payload
            }
            _ => {
                let never = self.emit(Inst::Tag(0));
                self.guard(never, "type");
                self.int(0)
            }
        }
    }

    /// The operand as a float. An unknown one is guarded to be a float when `exactly`, else to be a number.
    pub(super) fn float_operand(&mut self, operand: Operand, exactly: bool) -> V {
        let register = match operand {
            Operand::Const(value) => {
                let value = value.to_float_no_string().expect("a numeric constant");
                return self.emit(Inst::Float(value));
            }
            Operand::Reg(register) => register,
        };
        match self.get(register) {
            Rep::Float(v) => v,
            Rep::Int(v) => self.emit(Inst::IntToFloat(v)),
            Rep::Any(payload, tag) if exactly => {
                let condition = self.emit(Inst::TagIs(tag, tag::FLOAT));
                self.guard(condition, "type");
                let value = self.emit(Inst::FromBits(payload));
                self.refine(register, Rep::Float(value));
                value
            }
            Rep::Any(payload, tag) => {
                let is_int = self.emit(Inst::TagIs(tag, tag::INT));
                let is_float = self.emit(Inst::TagIs(tag, tag::FLOAT));
                let number = self.emit(Inst::Or(is_int, is_float));
                self.guard(number, "type");
                let converted = self.emit(Inst::IntToFloat(payload));
                let bits = self.emit(Inst::FromBits(payload));
                self.emit(Inst::Select(is_int, converted, bits))
            }
            _ => {
                let never = self.emit(Inst::Tag(0));
                self.guard(never, "type");
                self.emit(Inst::Float(0.0))
            }
        }
    }

    fn operands(&self) -> (Operand, Operand) {
        let instr = self.instr;
        let op = instr.op().unquickened().0;
        let right = if (Op::AddK as u8..=Op::ShrK as u8).contains(&(op as u8)) {
            Operand::Const(self.snap.consts[instr.c()])
        } else {
            Operand::Reg(instr.c())
        };
        (Operand::Reg(instr.b()), right)
    }

    pub(super) fn arithmetic(&mut self, op: Arith, hint: Hint) -> Result<(), Dead> {
        let to = self.instr.a();
        let (left, right) = self.operands();
        let (l, r) = (self.kind(left), self.kind(right));
        let hint = if self.failed("type") { Hint::Any } else { hint };
        let unknown = l == Kind::Unknown || r == Kind::Unknown;
        if l == Kind::Other || r == Kind::Other {
            self.step();
            return Ok(());
        }
        if unknown && hint == Hint::None && !self.failed("unreached") {
            return Err(self.leave("unreached", true));
        }
        let always_float = matches!(op, Arith::Div | Arith::Pow);
        let ints = !always_float
            && (l == Kind::Int || l == Kind::Unknown && hint == Hint::Int)
            && (r == Kind::Int || r == Kind::Unknown && hint == Hint::Int);
        if ints {
            let (x, y) = (self.int_operand(left), self.int_operand(right));
            return self.int_arithmetic(op, right, x, y, to);
        }
        // Some operand is a float, or the result always is.
        let floats = always_float || l == Kind::Float || r == Kind::Float || hint == Hint::Float;
        if !floats || unknown && hint == Hint::Any && self.failed("type") {
            self.step();
            return Ok(());
        }
        let exactly = hint == Hint::Float;
        let (x, y) = (self.float_operand(left, exactly), self.float_operand(right, exactly));
        let value = match op {
            Arith::Add => self.emit(Inst::FArith(FloatOp::Add, x, y)),
            Arith::Sub => self.emit(Inst::FArith(FloatOp::Sub, x, y)),
            Arith::Mul => self.emit(Inst::FArith(FloatOp::Mul, x, y)),
            Arith::Div => self.emit(Inst::FArith(FloatOp::Div, x, y)),
            Arith::IDiv => {
                let quotient = self.emit(Inst::FArith(FloatOp::Div, x, y));
                self.emit(Inst::FUnary(FloatUn::Floor, quotient))
            }
            Arith::Pow => match right {
                Operand::Const(value) if value.to_float_no_string() == Some(2.0) => {
                    self.emit(Inst::FArith(FloatOp::Mul, x, x))
                }
                _ => self.helper(Helper::Pow, &[x, y]),
            },
            _ => self.helper(Helper::FloatMod, &[x, y]),
        };
        self.set(to, Rep::Float(value));
        Ok(())
    }

    fn int_arithmetic(&mut self, op: Arith, right: Operand, x: V, y: V, to: usize) -> Result<(), Dead> {
        let value = match op {
            Arith::Add => self.emit(Inst::Arith(IntOp::Add, x, y)),
            Arith::Sub => self.emit(Inst::Arith(IntOp::Sub, x, y)),
            Arith::Mul => self.emit(Inst::Arith(IntOp::Mul, x, y)),
            _ => {
                let positive = match right {
                    Operand::Const(value) => Some(value.raw_int()).filter(|value| *value > 0),
                    Operand::Reg(_) => None,
                };
                match positive {
                    Some(power) if power & (power - 1) == 0 => {
                        let (op, operand) = if op == Arith::Mod {
                            (IntOp::And, power - 1)
                        } else {
                            (IntOp::Sar, i64::from(power.trailing_zeros()))
                        };
                        let operand = self.int(operand);
                        self.emit(Inst::Arith(op, x, operand))
                    }
                    positive => {
                        if positive.is_none() {
                            if matches!(right, Operand::Const(_)) || self.failed("divisor") {
                                self.step();
                                return Ok(());
                            }
                            let zero = self.int(0);
                            let condition = self.emit(Inst::Cmp(Cc::Gt, y, zero));
                            self.guard(condition, "divisor");
                        }
                        // Truncated results, corrected when the remainder is negative.
                        let rest = self.emit(Inst::Arith(IntOp::SRem, x, y));
                        let shift = self.int(63);
                        let sign = self.emit(Inst::Arith(IntOp::Sar, rest, shift));
                        if op == Arith::Mod {
                            let correction = self.emit(Inst::Arith(IntOp::And, sign, y));
                            self.emit(Inst::Arith(IntOp::Add, rest, correction))
                        } else {
                            let quotient = self.emit(Inst::Arith(IntOp::SDiv, x, y));
                            self.emit(Inst::Arith(IntOp::Add, quotient, sign))
                        }
                    }
                }
            }
        };
        self.set(to, Rep::Int(value));
        Ok(())
    }

    pub(super) fn bitwise(&mut self, op: Arith) {
        let to = self.instr.a();
        let (left, right) = if op == Arith::BNot {
            (Operand::Reg(self.instr.b()), Operand::Reg(self.instr.b()))
        } else {
            self.operands()
        };
        let (l, r) = (self.kind(left), self.kind(right));
        let fits = |kind: Kind| matches!(kind, Kind::Int | Kind::Unknown);
        if !fits(l) || !fits(r) || self.failed("type") {
            return self.step();
        }
        let (x, y) = (self.int_operand(left), self.int_operand(right));
        let value = match op {
            Arith::BAnd => self.emit(Inst::Arith(IntOp::And, x, y)),
            Arith::BOr => self.emit(Inst::Arith(IntOp::Or, x, y)),
            Arith::BXor => self.emit(Inst::Arith(IntOp::Xor, x, y)),
            Arith::BNot => {
                let ones = self.int(-1);
                self.emit(Inst::Arith(IntOp::Xor, x, ones))
            }
            _ => {
                let left = op == Arith::Shl;
                if let Operand::Const(count) = right {
                    let count = count.raw_int();
                    let (left, count) = if count < 0 { (!left, count.wrapping_neg()) } else { (left, count) };
                    if (0..64).contains(&count) {
                        let amount = self.int(count);
                        self.emit(Inst::Arith(if left { IntOp::Shl } else { IntOp::Shr }, x, amount))
                    } else {
                        self.int(0)
                    }
                } else {
                    // A count in 0…63 is the common case; others go to the interpreter.
                    if self.failed("shift") {
                        return self.step();
                    }
                    let width = self.int(64);
                    let condition = self.emit(Inst::Cmp(Cc::Below, y, width));
                    self.guard(condition, "shift");
                    self.emit(Inst::Arith(if left { IntOp::Shl } else { IntOp::Shr }, x, y))
                }
            }
        };
        self.set(to, Rep::Int(value));
    }
}
