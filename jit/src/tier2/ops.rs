//! One function per kind of instruction: control flow, moves, arithmetic, comparison. Tables are in `tables`, calls in
//! `calls`.

use trinity_vm::{
    bytecode::{Hint, Op, jump_target},
    interp::arith::Arith,
    value::{Value, tag},
};

use super::{
    build::{Builder, Dead},
    ir::{BASE, Cc, FloatOp, FloatUn, Helper, Inst, IntOp, Region, V, Width},
    state::Rep,
};
use crate::abi;

/// An operand of an arithmetic instruction.
#[derive(Clone, Copy)]
pub(super) enum Operand {
    Reg(usize),
    Const(Value),
}

/// What is known of a number.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Int,
    Float,
    /// Not a number.
    Other,
    Unknown,
}

impl Builder<'_> {
    /// Builds the instruction at `self.pc`.
    pub(super) fn instruction(&mut self) -> Result<(), Dead> {
        let instr = self.instr;
        let (op, hint) = instr.op().unquickened();
        let (a, b, c) = (instr.a(), instr.b(), instr.c());
        let next = self.pc + op.words();
        match op {
            Op::Move => {
                let rep = self.get(b);
                self.set(a, rep);
            }
            Op::LoadI => {
                let value = self.int(i64::from(instr.sbx()));
                self.set(a, Rep::Int(value));
            }
            Op::LoadF => {
                let value = self.emit(Inst::Float(f64::from(instr.sbx())));
                self.set(a, Rep::Float(value));
            }
            Op::LoadK => self.load_constant(a, self.snap.consts[instr.bx()]),
            Op::LoadKX => self.load_constant(a, self.snap.consts[self.snap.code[self.pc + 1].ax()]),
            Op::LoadFalse => self.set(a, Rep::Prim(tag::FALSE)),
            Op::LFalseSkip => {
                self.set(a, Rep::Prim(tag::FALSE));
                self.goto(next + 1);
            }
            Op::LoadTrue => self.set(a, Rep::Prim(tag::TRUE)),
            Op::LoadNil => (a..=a + b).for_each(|register| self.set(register, Rep::Prim(tag::NIL))),
            Op::GetUpval => {
                let slot = self.upvalue_slot(b);
                let payload = self.emit(Inst::Load(Region::Captured, Width::I64, slot, 0));
                let tag = self.emit(Inst::Load(Region::Captured, Width::U8, slot, abi::TAG));
                self.set(a, Rep::Any(payload, tag));
            }
            Op::SetUpval => {
                let rep = self.get(a);
                let upvalue = self.upvalue(b);
                self.barrier(upvalue, rep);
                let slot = self.upvalue_slot(b);
                self.store_value(Region::Captured, slot, 0, rep);
            }
            Op::GetTabUp | Op::GetField | Op::SelfField => return self.get_field(),
            Op::SetTabUp | Op::SetField => return self.set_field(),
            Op::GetTable | Op::GetI => return self.get_element(),
            Op::SetTable | Op::SetI => return self.set_element(),
            Op::Len => return self.length(),
            Op::NewTable | Op::Concat | Op::Close | Op::Closure | Op::Tbc => {
                self.step();
                match op {
                    Op::NewTable => self.written(a, Some(tag::TABLE)),
                    Op::Closure => self.written(a, Some(tag::CLOSURE)),
                    _ => {}
                }
            }
            Op::VarArg => self.step(),
            Op::VarArgPrep => {}
            Op::SetList => {
                let status = self.generic();
                self.check_status(status, false);
            }
            Op::Add | Op::AddK => return self.arithmetic(Arith::Add, hint),
            Op::Sub | Op::SubK => return self.arithmetic(Arith::Sub, hint),
            Op::Mul | Op::MulK => return self.arithmetic(Arith::Mul, hint),
            Op::Div | Op::DivK => return self.arithmetic(Arith::Div, hint),
            Op::Mod | Op::ModK => return self.arithmetic(Arith::Mod, hint),
            Op::Pow | Op::PowK => return self.arithmetic(Arith::Pow, Hint::Any),
            Op::IDiv | Op::IDivK => return self.arithmetic(Arith::IDiv, hint),
            Op::BAnd | Op::BAndK => self.bitwise(Arith::BAnd),
            Op::BOr | Op::BOrK => self.bitwise(Arith::BOr),
            Op::BXor | Op::BXorK => self.bitwise(Arith::BXor),
            Op::Shl | Op::ShlK => self.bitwise(Arith::Shl),
            Op::Shr | Op::ShrK => self.bitwise(Arith::Shr),
            Op::BNot => self.bitwise(Arith::BNot),
            Op::Unm => match self.get(b) {
                Rep::Int(v) => {
                    let zero = self.int(0);
                    let value = self.emit(Inst::Arith(IntOp::Sub, zero, v));
                    self.set(a, Rep::Int(value));
                }
                Rep::Float(v) => {
                    let value = self.emit(Inst::FUnary(FloatUn::Neg, v));
                    self.set(a, Rep::Float(value));
                }
                _ => self.step(),
            },
            Op::Not => {
                let falsy = self.is_falsy(b);
                let one = self.emit(Inst::Tag(tag::TRUE));
                let zero = self.emit(Inst::Tag(tag::FALSE));
                let tag = self.emit(Inst::Select(falsy, one, zero));
                let payload = self.int(0);
                self.set(a, Rep::Any(payload, tag));
            }
            Op::Jmp => self.goto(self.target()),
            Op::Loop => self.goto(self.target()),
            Op::Eq | Op::EqK | Op::Lt | Op::Le | Op::LtI | Op::LeI | Op::GtI | Op::GeI => return self.comparison(),
            Op::Test => {
                let falsy = self.is_falsy(a);
                let taken = if c != 0 { self.emit(Inst::Not(falsy)) } else { falsy };
                self.branch(taken, next, next + 1);
            }
            Op::TestSet => {
                let falsy = self.is_falsy(b);
                let taken = if c != 0 { self.emit(Inst::Not(falsy)) } else { falsy };
                let other = self.split(taken, false);
                let state = self.state.clone();
                let rep = self.get(b);
                self.set(a, rep);
                self.goto(next);
                self.block = other;
                self.state = state;
                self.goto(next + 1);
            }
            Op::Call => return self.call(),
            Op::TailCall => {
                // A Lua callee is left to whoever entered this code; after a native the `RETURN` that follows goes on.
                let status = self.generic();
                self.check_status(status, false);
                self.clobber();
            }
            Op::Return | Op::Return0 | Op::Return1 => self.return_(),
            Op::ForPrep => return self.for_prep(next),
            Op::ForLoop => return self.for_loop(next),
            Op::TForPrep => {
                self.flush_live(self.pc, false);
                let status = self.run_helper();
                self.check_status(status, false);
                self.goto(self.target());
            }
            Op::TForCall => {
                let status = self.generic();
                self.call_status(status);
                self.clobber();
            }
            Op::TForLoop => {
                let rep = self.get(a + 4);
                let nil = self.tag_is(rep, tag::NIL);
                let more = self.emit(Inst::Not(nil));
                let done = self.split(more, false);
                let state = self.state.clone();
                let rep = self.get(a + 4);
                self.set(a + 2, rep);
                self.goto(self.target());
                self.block = done;
                self.state = state;
                self.goto(next);
            }
            Op::Ext => unreachable!("an operand word is skipped by its instruction"),
            op => unreachable!("{op:?} is a quickened form"),
        }
        Ok(())
    }

    fn target(&self) -> usize {
        jump_target(&self.snap.code, self.pc).expect("a jump") as usize
    }

    fn load_constant(&mut self, to: usize, value: Value) {
        let rep = match value.tag {
            tag::INT => Rep::Int(self.int(value.raw_int())),
            tag::FLOAT => Rep::Float(self.emit(Inst::Float(value.raw_float()))),
            tag if tag <= tag::TRUE => Rep::Prim(tag),
            tag => Rep::Ref(tag, self.int(value.bits as i64)),
        };
        self.set(to, rep);
    }

    fn upvalue(&mut self, index: usize) -> V {
        let closure = self.emit(Inst::Load(Region::Constant, Width::I64, BASE, abi::FUNCTION));
        let offset = abi::CLOSURE_UPVALUES + index as i32 * 8;
        self.emit(Inst::Load(Region::Constant, Width::I64, closure, offset))
    }

    pub(super) fn upvalue_slot(&mut self, index: usize) -> V {
        let upvalue = self.upvalue(index);
        self.emit(Inst::Load(Region::Function, Width::I64, upvalue, abi::UPVALUE_SLOT))
    }

    pub(super) fn tag_is(&mut self, rep: Rep, expected: u8) -> V {
        let known = match rep {
            Rep::Any(_, tag) => return self.emit(Inst::TagIs(tag, expected)),
            Rep::Int(_) => tag::INT,
            Rep::Float(_) => tag::FLOAT,
            Rep::Ref(tag, _) | Rep::Prim(tag) => tag,
            Rep::Home(_) => unreachable!("loaded"),
        };
        self.emit(Inst::Tag(u8::from(known == expected)))
    }

    fn is_falsy(&mut self, register: usize) -> V {
        match self.get(register) {
            Rep::Any(_, tag) => self.emit(Inst::TagBelow(tag, tag::TRUE)),
            Rep::Prim(tag) => self.emit(Inst::Tag(u8::from(tag < tag::TRUE))),
            _ => self.emit(Inst::Tag(0)),
        }
    }

    fn kind(&mut self, operand: Operand) -> Kind {
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
    fn int_operand(&mut self, operand: Operand) -> V {
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
    fn float_operand(&mut self, operand: Operand, exactly: bool) -> V {
        let rep = match operand {
            Operand::Const(value) => {
                let value = value.to_float_no_string().expect("a numeric constant");
                return self.emit(Inst::Float(value));
            }
            Operand::Reg(register) => self.get(register),
        };
        let register = if let Operand::Reg(register) = operand { register } else { 0 };
        match rep {
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

    fn arithmetic(&mut self, op: Arith, hint: Hint) -> Result<(), Dead> {
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

    fn bitwise(&mut self, op: Arith) {
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

    // ---- comparisons ----

    fn comparison(&mut self) -> Result<(), Dead> {
        let instr = self.instr;
        let (op, hint) = instr.op().unquickened();
        let next = self.pc + 1;
        let condition = match op {
            Op::Eq | Op::EqK => self.equality(op),
            _ => {
                let imm = Operand::Const(Value::int(i64::from(instr.sb())));
                let (left, right, cc) = match op {
                    Op::Lt => (Operand::Reg(instr.a()), Operand::Reg(instr.b()), Cc::Lt),
                    Op::Le => (Operand::Reg(instr.a()), Operand::Reg(instr.b()), Cc::Le),
                    Op::LtI => (Operand::Reg(instr.a()), imm, Cc::Lt),
                    Op::LeI => (Operand::Reg(instr.a()), imm, Cc::Le),
                    Op::GtI => (Operand::Reg(instr.a()), imm, Cc::Gt),
                    _ => (Operand::Reg(instr.a()), imm, Cc::Ge),
                };
                self.ordering(left, right, cc, hint)?
            }
        };
        match condition {
            Some(value) => {
                let taken = if instr.c() != 0 { value } else { self.emit(Inst::Not(value)) };
                self.branch(taken, next, next + 1);
            }
            None => {
                let status = self.generic();
                self.check_status(status, true);
                let wanted = self.int(i64::from(instr.c() != 0));
                let taken = self.emit(Inst::Cmp(Cc::Eq, status, wanted));
                self.branch(taken, next, next + 1);
            }
        }
        Ok(())
    }

    fn ordering(&mut self, left: Operand, right: Operand, cc: Cc, hint: Hint) -> Result<Option<V>, Dead> {
        let (l, r) = (self.kind(left), self.kind(right));
        let hint = if self.failed("type") { Hint::Any } else { hint };
        if l == Kind::Other || r == Kind::Other {
            return Ok(None);
        }
        let unknown = l == Kind::Unknown || r == Kind::Unknown;
        // Against an immediate there is no hint: integers are the common case.
        let immediate = matches!(right, Operand::Const(_));
        let hint = if immediate && hint == Hint::None && !self.failed("type") { Hint::Int } else { hint };
        if unknown && hint == Hint::None && !self.failed("unreached") {
            return Err(self.leave("unreached", true));
        }
        if unknown && matches!(hint, Hint::Any | Hint::None) {
            return Ok(None);
        }
        let is_int = |kind: Kind| kind == Kind::Int || kind == Kind::Unknown && hint == Hint::Int;
        if is_int(l) && is_int(r) {
            let (x, y) = (self.int_operand(left), self.int_operand(right));
            return Ok(Some(self.emit(Inst::Cmp(cc, x, y))));
        }
        // An integer register against a float may need more precision than a float has.
        let mixed = (l == Kind::Int && matches!(left, Operand::Reg(_))) || (r == Kind::Int && !immediate);
        if mixed || unknown && hint == Hint::Int {
            return Ok(None);
        }
        let (x, y) = (self.float_operand(left, true), self.float_operand(right, true));
        Ok(Some(self.emit(Inst::FCmp(cc, x, y))))
    }

    /// Equality that needs no helper, `None` when it may.
    fn equality(&mut self, op: Op) -> Option<V> {
        let instr = self.instr;
        let left = self.get(instr.a());
        if op == Op::EqK {
            let constant = self.snap.consts[instr.b()];
            return match (constant.tag, left) {
                (tag, left) if tag <= tag::TRUE => Some(self.tag_is(left, tag)),
                (tag::STRING, _) if !self.snap.short[instr.b()] => None,
                (tag::STRING, Rep::Any(payload, tag)) => {
                    let is_string = self.emit(Inst::TagIs(tag, tag::STRING));
                    let address = self.int(constant.bits as i64);
                    let same = self.emit(Inst::Cmp(Cc::Eq, payload, address));
                    Some(self.emit(Inst::And(is_string, same)))
                }
                (tag::STRING, Rep::Ref(tag::STRING, payload)) => {
                    let address = self.int(constant.bits as i64);
                    Some(self.emit(Inst::Cmp(Cc::Eq, payload, address)))
                }
                (tag::INT, Rep::Int(v)) => {
                    let value = self.int(constant.raw_int());
                    Some(self.emit(Inst::Cmp(Cc::Eq, v, value)))
                }
                (tag::INT | tag::FLOAT, Rep::Float(v)) => {
                    let value = constant.to_float_no_string()?;
                    if constant.is_int() && value as i64 != constant.raw_int() {
                        return None;
                    }
                    let value = self.emit(Inst::Float(value));
                    Some(self.emit(Inst::FCmp(Cc::Eq, v, value)))
                }
                (tag::INT, Rep::Any(payload, tag)) if !self.failed("type") => {
                    let is_int = self.emit(Inst::TagIs(tag, tag::INT));
                    let is_float = self.emit(Inst::TagIs(tag, tag::FLOAT));
                    let other = self.emit(Inst::Not(is_float));
                    self.guard(other, "type");
                    let value = self.int(constant.raw_int());
                    let same = self.emit(Inst::Cmp(Cc::Eq, payload, value));
                    Some(self.emit(Inst::And(is_int, same)))
                }
                (_, Rep::Prim(_) | Rep::Ref(..)) => Some(self.emit(Inst::Tag(0))),
                _ => None,
            };
        }
        let right = self.get(instr.b());
        match (left, right) {
            (Rep::Int(x), Rep::Int(y)) => Some(self.emit(Inst::Cmp(Cc::Eq, x, y))),
            (Rep::Float(x), Rep::Float(y)) => Some(self.emit(Inst::FCmp(Cc::Eq, x, y))),
            (Rep::Prim(tag), other) | (other, Rep::Prim(tag)) => Some(self.tag_is(other, tag)),
            (Rep::Int(x), Rep::Any(payload, tag)) | (Rep::Any(payload, tag), Rep::Int(x)) if !self.failed("type") => {
                let is_int = self.emit(Inst::TagIs(tag, tag::INT));
                let is_float = self.emit(Inst::TagIs(tag, tag::FLOAT));
                let other = self.emit(Inst::Not(is_float));
                self.guard(other, "type");
                let same = self.emit(Inst::Cmp(Cc::Eq, payload, x));
                Some(self.emit(Inst::And(is_int, same)))
            }
            _ => None,
        }
    }

    // ---- numeric loops ----

    /// The type of the numeric loop whose first register is `a`.
    fn loop_hint(&self, back_edge: usize) -> Hint {
        self.snap.code[back_edge].op().unquickened().1
    }

    fn for_prep(&mut self, next: usize) -> Result<(), Dead> {
        let a = self.instr.a();
        let skip = self.target();
        let hint = self.loop_hint(self.snap.loops[self.instr.bx()].back_edge_pc as usize);
        let step = self.get(a + 2);
        let constant_step = match step {
            Rep::Int(v) => match self.func.inst(v) {
                Inst::Int(value) if value != 0 && value != i64::MIN => Some(value),
                _ => None,
            },
            _ => None,
        };
        let int_like = |builder: &mut Self, register: usize| match builder.get(register) {
            Rep::Int(_) => true,
            Rep::Any(..) => hint == Hint::Int && !builder.failed("type"),
            _ => false,
        };
        let ints = int_like(self, a) && int_like(self, a + 1);
        let Some(step) = constant_step.filter(|_| ints) else {
            let status = self.generic();
            self.check_status(status, true);
            let loop_tag = match hint {
                Hint::Float => None,
                _ if matches!(self.state.slots[a].rep, Rep::Int(_))
                    && matches!(self.state.slots[a + 2].rep, Rep::Int(_)) =>
                {
                    Some(tag::INT)
                }
                _ => None,
            };
            self.clobber();
            if loop_tag.is_some() {
                // What was integer stays so, and the limit has become a count.
                (a..a + 4).for_each(|register| self.written(register, loop_tag));
            }
            let zero = self.int(0);
            let run = self.emit(Inst::Cmp(Cc::Eq, status, zero));
            self.branch(run, next, skip);
            return Ok(());
        };
        let (start, limit) = (self.int_register(a), self.int_register(a + 1));
        let run = self.emit(Inst::Cmp(if step > 0 { Cc::Le } else { Cc::Ge }, start, limit));
        let other = self.split(run, false);
        let state = self.state.clone();
        let (high, low) = if step > 0 { (limit, start) } else { (start, limit) };
        let mut count = self.emit(Inst::Arith(IntOp::Sub, high, low));
        if step.unsigned_abs() > 1 {
            let stride = self.int(step.unsigned_abs() as i64);
            count = self.emit(Inst::Arith(IntOp::UDiv, count, stride));
        }
        self.set(a, Rep::Int(start));
        self.set(a + 1, Rep::Int(count));
        self.set(a + 3, Rep::Int(start));
        self.goto(next);
        self.block = other;
        self.state = state;
        self.goto(skip);
        Ok(())
    }

    fn for_loop(&mut self, next: usize) -> Result<(), Dead> {
        let a = self.instr.a();
        let body = self.target();
        let float = match self.get(a) {
            Rep::Int(_) => false,
            Rep::Float(_) => true,
            _ => self.hint() == Hint::Float,
        };
        if self.failed("type") {
            return Err(self.leave("loop-type-unknown", false));
        }
        if float {
            let exactly = |builder: &mut Self, register: usize| builder.float_operand(Operand::Reg(register), true);
            let (index, limit, step) = (exactly(self, a), exactly(self, a + 1), exactly(self, a + 2));
            let value = self.emit(Inst::FArith(FloatOp::Add, index, step));
            let zero = self.emit(Inst::Float(0.0));
            let up = self.emit(Inst::FCmp(Cc::Gt, step, zero));
            let below = self.emit(Inst::FCmp(Cc::Le, value, limit));
            let above = self.emit(Inst::FCmp(Cc::Le, limit, value));
            let more = self.emit(Inst::Select(up, below, above));
            let done = self.split(more, false);
            let state = self.state.clone();
            self.set(a, Rep::Float(value));
            self.set(a + 3, Rep::Float(value));
            self.goto(body);
            self.block = done;
            self.state = state;
            self.goto(next);
            return Ok(());
        }
        let (index, count, step) = (self.int_register(a), self.int_register(a + 1), self.int_register(a + 2));
        let zero = self.int(0);
        let more = self.emit(Inst::Cmp(Cc::Ne, count, zero));
        let done = self.split(more, false);
        let state = self.state.clone();
        let one = self.int(1);
        let left = self.emit(Inst::Arith(IntOp::Sub, count, one));
        let value = self.emit(Inst::Arith(IntOp::Add, index, step));
        self.set(a, Rep::Int(value));
        self.set(a + 1, Rep::Int(left));
        self.set(a + 3, Rep::Int(value));
        self.goto(body);
        self.block = done;
        self.state = state;
        self.goto(next);
        Ok(())
    }
}
