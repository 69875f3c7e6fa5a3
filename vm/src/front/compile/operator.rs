//! Binary operators.

use super::Builder;
use super::exp::{Exp, Kind};
use crate::bytecode::Op;
use crate::front::ast::{BinOp, Expr, ExprId};

impl Builder<'_> {
    /// `lhs op rhs`; `line` is the operator's.
    pub(super) fn binary(&mut self, op: BinOp, mut lhs: Exp, rhs: ExprId, line: u32) -> Exp {
        self.line = line;
        self.read(&mut lhs);
        match op {
            BinOp::And => self.go_if_true(&mut lhs),
            BinOp::Or => self.go_if_false(&mut lhs),
            BinOp::Concat => return self.concatenation(lhs, rhs, line),
            // Operands that may become part of the instruction wait.
            BinOp::Eq | BinOp::Ne if lhs.is_constant() => {}
            BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge if immediate(&lhs).is_some() => {}
            BinOp::Eq | BinOp::Ne | BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge => drop(self.place_any(&mut lhs)),
            _ if lhs.is_numeral() => {}
            _ => drop(self.place_any(&mut lhs)),
        }
        let mut rhs = self.expr(rhs);
        self.read(&mut rhs);
        match op {
            BinOp::And => {
                rhs.on_false = self.concat(rhs.on_false, lhs.on_false);
                rhs
            }
            BinOp::Or => {
                rhs.on_true = self.concat(rhs.on_true, lhs.on_true);
                rhs
            }
            BinOp::Eq | BinOp::Ne => self.equality(lhs, rhs, op == BinOp::Eq),
            BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge => self.order(op, lhs, rhs),
            op => self.arithmetic(op, lhs, rhs, line),
        }
    }

    fn arithmetic(&mut self, op: BinOp, mut lhs: Exp, mut rhs: Exp, line: u32) -> Exp {
        let (reg_op, const_op, bitwise) = arithmetic_ops(op);
        let fits = rhs.is_numeral() && (!bitwise || matches!(rhs.kind, Kind::Int(_)));
        let pc = match if fits { self.as_short_const(&rhs) } else { None } {
            Some(index) => {
                let left = self.place_any(&mut lhs);
                self.release_exp(&lhs);
                self.emit_abc(const_op, 0, left, index)
            }
            None => {
                let right = self.place_any(&mut rhs);
                let left = self.place_any(&mut lhs);
                self.release_exps(&lhs, &rhs);
                self.emit_abc(reg_op, 0, left, right)
            }
        };
        self.fix_line(line);
        Kind::Open(pc).into()
    }

    fn equality(&mut self, mut lhs: Exp, mut rhs: Exp, equal: bool) -> Exp {
        if lhs.is_constant() && !rhs.is_constant() {
            std::mem::swap(&mut lhs, &mut rhs);
        }
        let list = match self.as_short_const(&rhs) {
            Some(index) => {
                let left = self.place_any(&mut lhs);
                self.release_exp(&lhs);
                self.cond_jump(Op::EqK, left, index, u32::from(equal))
            }
            None => {
                let right = self.place_any(&mut rhs);
                let left = self.place_any(&mut lhs);
                self.release_exps(&lhs, &rhs);
                self.cond_jump(Op::Eq, left, right, u32::from(equal))
            }
        };
        Kind::Jump(list).into()
    }

    fn order(&mut self, op: BinOp, mut lhs: Exp, mut rhs: Exp) -> Exp {
        let list = if let Some(value) = immediate(&rhs) {
            let op = match op {
                BinOp::Lt => Op::LtI,
                BinOp::Le => Op::LeI,
                BinOp::Gt => Op::GtI,
                _ => Op::GeI,
            };
            let left = self.place_any(&mut lhs);
            self.release_exp(&lhs);
            self.cond_jump(op, left, value, 1)
        } else if let Some(value) = immediate(&lhs) {
            let op = match op {
                BinOp::Lt => Op::GtI,
                BinOp::Le => Op::GeI,
                BinOp::Gt => Op::LtI,
                _ => Op::LeI,
            };
            let right = self.place_any(&mut rhs);
            self.release_exp(&rhs);
            self.cond_jump(op, right, value, 1)
        } else {
            let right = self.place_any(&mut rhs);
            let left = self.place_any(&mut lhs);
            self.release_exps(&lhs, &rhs);
            // `a > b` is `b < a`.
            match op {
                BinOp::Lt => self.cond_jump(Op::Lt, left, right, 1),
                BinOp::Le => self.cond_jump(Op::Le, left, right, 1),
                BinOp::Gt => self.cond_jump(Op::Lt, right, left, 1),
                _ => self.cond_jump(Op::Le, right, left, 1),
            }
        };
        Kind::Jump(list).into()
    }

    /// A chain of concatenations, which nest to the right, as one instruction on the line of the last operator.
    fn concatenation(&mut self, mut first: Exp, mut rest: ExprId, mut line: u32) -> Exp {
        let base = self.place_next(&mut first);
        while let Expr::Binary { op: BinOp::Concat, lhs, rhs } = self.ast.expr(rest) {
            let mut e = self.expr(lhs);
            line = self.ast.line(rest);
            self.line = line;
            self.place_next(&mut e);
            rest = rhs;
        }
        let mut e = self.expr(rest);
        self.place_next(&mut e);
        let count = self.free - base;
        self.emit_abc(Op::Concat, base, count, 0);
        self.fix_line(line);
        self.free = base + 1;
        Kind::Reg(base).into()
    }
}

/// A small integer as an immediate operand.
fn immediate(e: &Exp) -> Option<u32> {
    match e.kind {
        Kind::Int(value) if !e.has_jumps() => i8::try_from(value).ok().map(|value| u32::from(value as u8)),
        _ => None,
    }
}

/// The register form, the form with a constant, and whether the operation is bitwise.
fn arithmetic_ops(op: BinOp) -> (Op, Op, bool) {
    match op {
        BinOp::Sub => (Op::Sub, Op::SubK, false),
        BinOp::Mul => (Op::Mul, Op::MulK, false),
        BinOp::Div => (Op::Div, Op::DivK, false),
        BinOp::Mod => (Op::Mod, Op::ModK, false),
        BinOp::Pow => (Op::Pow, Op::PowK, false),
        BinOp::IDiv => (Op::IDiv, Op::IDivK, false),
        BinOp::BAnd => (Op::BAnd, Op::BAndK, true),
        BinOp::BOr => (Op::BOr, Op::BOrK, true),
        BinOp::BXor => (Op::BXor, Op::BXorK, true),
        BinOp::Shl => (Op::Shl, Op::ShlK, true),
        BinOp::Shr => (Op::Shr, Op::ShrK, true),
        _ => (Op::Add, Op::AddK, false),
    }
}
