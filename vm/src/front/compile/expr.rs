//! Expressions by syntax.

use super::Builder;
use super::exp::{Exp, Kind};
use crate::bytecode::{Instr, Op};
use crate::front::ast::{Expr, ExprId, Span, UnOp};

impl Builder<'_> {
    /// Describes an expression, with code for its operands.
    ///
    /// Operators and suffixes nest to the left without bound, so leftmost operands are found by a loop.
    pub(super) fn expr(&mut self, id: ExprId) -> Exp {
        let bottom = self.spine.len();
        let mut leaf = id;
        loop {
            let operand = match self.ast.expr(leaf) {
                Expr::Field { object, .. } | Expr::Index { object, .. } => object,
                Expr::Call(call) => self.ast.calls[call.index()].callee,
                Expr::Binary { lhs, .. } => lhs,
                Expr::Paren(inner) => inner,
                _ => break,
            };
            self.spine.push(leaf);
            leaf = operand;
        }
        let mut e = self.leaf(leaf);
        while self.spine.len() > bottom {
            if let Some(id) = self.spine.pop() {
                e = self.around(id, e);
            }
        }
        e
    }

    /// An expression around its leftmost operand `e`.
    fn around(&mut self, id: ExprId, mut e: Exp) -> Exp {
        let line = self.ast.line(id);
        match self.ast.expr(id) {
            Expr::Field { object: _, name } => self.field(e, name, line),
            Expr::Index { object: _, key } => self.index(e, key, line),
            Expr::Call(call) => {
                let call = self.ast.calls[call.index()];
                self.call(e, call, line)
            }
            Expr::Binary { op, lhs: _, rhs } => self.binary(op, e, rhs, line),
            _ => {
                self.read(&mut e);
                e
            }
        }
    }

    fn leaf(&mut self, id: ExprId) -> Exp {
        let line = self.ast.line(id);
        let kind = match self.ast.expr(id) {
            Expr::Nil => Kind::Nil,
            Expr::True => Kind::True,
            Expr::False => Kind::False,
            Expr::Int(value) => Kind::Int(value),
            Expr::Float(value) => Kind::Float(value),
            Expr::Str(symbol) => Kind::Str(symbol),
            Expr::Local(local) => Kind::Local(self.regs[local.index()].into()),
            Expr::Upval(index) => Kind::Upval(index),
            Expr::VarArg => {
                self.line = line;
                Kind::VarArg(self.emit(Instr::abc(Op::VarArg, 0, 0, 0)))
            }
            Expr::Global { env, name } => {
                self.line = line;
                return self.indexed(Kind::Upval(env).into(), Kind::Str(name).into());
            }
            Expr::Function(func) => {
                let child = self.child(func);
                self.line = line;
                let mut e = Kind::Open(self.emit(Instr::abx(Op::Closure, 0, child as u16))).into();
                self.place_next(&mut e);
                return e;
            }
            Expr::Table { start, len, line: before } => {
                self.line = before;
                return self.table(Span { start, len }, line);
            }
            Expr::Unary { op, operand } => return self.unary(op, operand, line),
            // These have a leftmost operand.
            Expr::Field { .. } | Expr::Index { .. } | Expr::Call(_) | Expr::Binary { .. } | Expr::Paren(_) => Kind::Nil,
        };
        self.line = line;
        kind.into()
    }

    fn unary(&mut self, op: UnOp, operand: ExprId, line: u32) -> Exp {
        let mut e = self.expr(operand);
        let op = match op {
            UnOp::Not => {
                self.not(&mut e);
                return e;
            }
            UnOp::Neg => Op::Unm,
            UnOp::BNot => Op::BNot,
            UnOp::Len => Op::Len,
        };
        let reg = self.place_any(&mut e);
        self.release_exp(&e);
        let pc = self.emit_abc(op, 0, reg, 0);
        self.fix_line(line);
        Kind::Open(pc).into()
    }
}
