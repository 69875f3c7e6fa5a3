//! Comparisons.

use trinity_vm::{
    bytecode::{Hint, Op},
    value::{Value, tag},
};

use super::{
    arith::{Kind, Operand},
    build::{Builder, Dead},
    ir::{Cc, Inst, V},
    state::Rep,
};

impl Builder<'_> {
    pub(super) fn comparison(&mut self) -> Result<(), Dead> {
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
}
