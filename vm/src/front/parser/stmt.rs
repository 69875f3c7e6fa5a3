//! Statements.

use super::Parser;
use super::expr::Form;
use crate::bytecode::StrId;
use crate::front::ast::{Arm, Block, ExprId, ListItem, LocalId, LocalKind, Span, Stmt};
use crate::front::error::Result;
use crate::front::token::{STR_CLOSE, STR_CONST, STR_FOR_STATE, Tok};

impl Parser<'_> {
    /// Statements up to the end of the block, without a scope of their own.
    pub(super) fn statements(&mut self) -> Result<Block> {
        let start = self.pending_stmts.len();
        while !self.at_block_end(true) {
            if self.tok == Tok::Return {
                self.statement()?;
                break;
            }
            self.statement()?;
        }
        Ok(self.close_block(start))
    }

    fn close_block(&mut self, start: usize) -> Block {
        let span = Span { start: self.ast.stmts.len() as u32, len: (self.pending_stmts.len() - start) as u32 };
        self.ast.stmts.extend(self.pending_stmts.drain(start..));
        span
    }

    fn block(&mut self) -> Result<Block> {
        self.enter_block(false);
        let block = self.statements()?;
        self.leave_block()?;
        Ok(block)
    }

    fn at_block_end(&self, with_until: bool) -> bool {
        match self.tok {
            Tok::Else | Tok::ElseIf | Tok::End | Tok::Eof => true,
            Tok::Until => with_until,
            _ => false,
        }
    }

    fn push_stmt(&mut self, stmt: Stmt) {
        self.pending_stmts.push((stmt, self.last_line));
    }

    fn statement(&mut self) -> Result<()> {
        let line = self.line();
        self.enter()?;
        match self.tok {
            Tok::Char(b';') => self.advance()?,
            Tok::If => self.if_stmt(line)?,
            Tok::While => self.while_stmt(line)?,
            Tok::Do => {
                self.advance()?;
                let body = self.block()?;
                self.expect_close(Tok::End, Tok::Do, line)?;
                self.push_stmt(Stmt::Do(body));
            }
            Tok::For => self.for_stmt(line)?,
            Tok::Repeat => self.repeat_stmt(line)?,
            Tok::Function => self.function_stmt(line)?,
            Tok::Local => {
                self.advance()?;
                if self.accept(Tok::Function)? {
                    self.local_function()?;
                } else {
                    self.local_stmt()?;
                }
            }
            Tok::DoubleColon => {
                self.advance()?;
                let name = self.expect_name()?;
                self.label_stmt(name, line)?;
            }
            Tok::Return => {
                self.advance()?;
                let values = if self.at_block_end(true) || self.at(b';') { Span::default() } else { self.expr_list()? };
                self.push_stmt(Stmt::Return { values });
                self.accept_char(b';')?;
            }
            Tok::Break => {
                self.advance()?;
                self.add_break(line);
                self.push_stmt(Stmt::Break);
            }
            Tok::Goto => {
                self.advance()?;
                let line = self.line();
                let name = self.expect_name()?;
                let goto = self.add_goto(name, line);
                self.push_stmt(Stmt::Goto(goto));
            }
            _ => self.expr_stmt()?,
        }
        self.leave();
        Ok(())
    }

    fn if_stmt(&mut self, line: u32) -> Result<()> {
        let start = self.pending_arms.len();
        loop {
            self.advance()?;
            let cond = self.expr()?;
            self.expect(Tok::Then)?;
            let then_line = self.last_line;
            let body = self.block()?;
            self.pending_arms.push(Arm { cond: Some(cond), body, line: then_line });
            if self.tok != Tok::ElseIf {
                break;
            }
        }
        if self.accept(Tok::Else)? {
            let body = self.block()?;
            self.pending_arms.push(Arm { cond: None, body, line: 0 });
        }
        self.expect_close(Tok::End, Tok::If, line)?;
        let arms = Span { start: self.ast.arms.len() as u32, len: (self.pending_arms.len() - start) as u32 };
        self.ast.arms.extend(self.pending_arms.drain(start..));
        self.push_stmt(Stmt::If { arms });
        Ok(())
    }

    fn while_stmt(&mut self, line: u32) -> Result<()> {
        self.advance()?;
        let cond = self.expr()?;
        self.enter_block(true);
        self.expect(Tok::Do)?;
        let body = self.block()?;
        self.expect_close(Tok::End, Tok::While, line)?;
        self.leave_block()?;
        self.push_stmt(Stmt::While { cond, body });
        Ok(())
    }

    fn repeat_stmt(&mut self, line: u32) -> Result<()> {
        self.enter_block(true);
        self.enter_block(false);
        self.advance()?;
        let body = self.statements()?;
        self.expect_close(Tok::Until, Tok::Repeat, line)?;
        let cond = self.expr()?;
        self.leave_block()?;
        self.leave_block()?;
        self.push_stmt(Stmt::Repeat { body, cond });
        Ok(())
    }

    fn for_stmt(&mut self, line: u32) -> Result<()> {
        self.enter_block(true);
        self.advance()?;
        let name = self.expect_name()?;
        let stmt = match self.tok {
            Tok::Char(b'=') => self.numeric_for(name, line)?,
            Tok::Char(b',') | Tok::In => self.generic_for(name)?,
            _ => return Err(self.error("'=' or 'in' expected")),
        };
        self.expect_close(Tok::End, Tok::For, line)?;
        self.leave_block()?;
        self.push_stmt(stmt);
        Ok(())
    }

    fn numeric_for(&mut self, name: StrId, line: u32) -> Result<Stmt> {
        let first = self.declare(STR_FOR_STATE)?;
        self.declare(STR_FOR_STATE)?;
        self.declare(STR_FOR_STATE)?;
        let variable = self.declare(name)?;
        let start = self.pending_exprs.len();
        self.advance()?;
        self.for_value()?;
        self.expect_char(b',')?;
        self.for_value()?;
        if self.accept_char(b',')? {
            self.for_value()?;
        }
        let values = self.close_list(start);
        self.activate(first, 3);
        let (body, do_line) = self.for_body(variable, 1)?;
        Ok(Stmt::NumericFor { first, values, body, line, do_line })
    }

    fn for_value(&mut self) -> Result<()> {
        let expr = self.expr()?;
        self.pending_exprs.push(ListItem { expr, line: self.last_line });
        Ok(())
    }

    fn generic_for(&mut self, name: StrId) -> Result<Stmt> {
        let first = self.declare(STR_FOR_STATE)?;
        for _ in 0..3 {
            self.declare(STR_FOR_STATE)?;
        }
        let variable = self.declare(name)?;
        let mut count = 1;
        while self.accept_char(b',')? {
            let name = self.expect_name()?;
            self.declare(name)?;
            count += 1;
        }
        self.expect(Tok::In)?;
        let line = self.line();
        let values = self.expr_list()?;
        self.activate(first, 4);
        // The closing value.
        self.set_kind(LocalId(first.0 + 3), LocalKind::Close);
        let (body, do_line) = self.for_body(variable, count)?;
        Ok(Stmt::GenericFor { first, count, values, body, line, do_line })
    }

    fn for_body(&mut self, variable: LocalId, count: u32) -> Result<(Block, u32)> {
        self.expect(Tok::Do)?;
        let do_line = self.last_line;
        self.enter_block(false);
        self.activate(variable, count);
        let body = self.block()?;
        self.leave_block()?;
        Ok((body, do_line))
    }

    fn function_stmt(&mut self, line: u32) -> Result<()> {
        self.advance()?;
        let name = self.expect_name()?;
        let (mut target, form) = self.resolve_name(name)?;
        let mut read_only = match form {
            Form::Variable(read_only) => read_only,
            _ => None,
        };
        while self.at(b'.') {
            target = self.field(target)?;
            read_only = None;
        }
        let is_method = self.at(b':');
        if is_method {
            target = self.field(target)?;
            read_only = None;
        }
        let func = self.function_body(is_method, line)?;
        self.check_assignable(read_only)?;
        self.push_stmt(Stmt::Function { target, func, line });
        Ok(())
    }

    fn local_function(&mut self) -> Result<()> {
        let name = self.expect_name()?;
        let local = self.declare(name)?;
        self.activate(local, 1);
        let line = self.line();
        let func = self.function_body(false, line)?;
        self.push_stmt(Stmt::LocalFunction { local, func });
        Ok(())
    }

    fn local_stmt(&mut self) -> Result<()> {
        let name = self.expect_name()?;
        let first = self.declare(name)?;
        let mut kind = self.attribute()?;
        self.set_kind(first, kind);
        let mut to_close = kind == LocalKind::Close;
        let mut count = 1;
        while self.accept_char(b',')? {
            let name = self.expect_name()?;
            let local = self.declare(name)?;
            kind = self.attribute()?;
            self.set_kind(local, kind);
            if kind == LocalKind::Close {
                if to_close {
                    return Err(self.semantic_error(b"multiple to-be-closed variables in local list"));
                }
                to_close = true;
            }
            count += 1;
        }
        let values = if self.accept_char(b'=')? { self.expr_list()? } else { Span::default() };
        let last = LocalId(first.0 + count - 1);
        if kind == LocalKind::Const
            && values.len == count
            && let Some(item) = self.ast.list(values).last()
            && let value = self.ast.expr(item.expr)
            && value.is_literal()
        {
            self.set_kind(last, LocalKind::Constant(value));
        }
        self.activate(first, count);
        self.push_stmt(Stmt::Local { first, count, values });
        Ok(())
    }

    fn attribute(&mut self) -> Result<LocalKind> {
        if !self.accept_char(b'<')? {
            return Ok(LocalKind::Regular);
        }
        let name = self.expect_name()?;
        self.expect_char(b'>')?;
        match name {
            STR_CONST => Ok(LocalKind::Const),
            STR_CLOSE => Ok(LocalKind::Close),
            name => {
                let text = [b"unknown attribute '", self.lexer.text(name), b"'"].concat();
                Err(self.semantic_error(&text))
            }
        }
    }

    fn label_stmt(&mut self, name: StrId, line: u32) -> Result<()> {
        self.expect(Tok::DoubleColon)?;
        while matches!(self.tok, Tok::Char(b';') | Tok::DoubleColon) {
            self.statement()?;
        }
        self.check_new_label(name)?;
        let last = self.at_block_end(false);
        let label = self.add_label(name, line, last)?;
        self.push_stmt(Stmt::Label(label));
        Ok(())
    }

    fn expr_stmt(&mut self) -> Result<()> {
        let (expr, form) = self.suffixed_expr()?;
        if self.at(b'=') || self.at(b',') {
            return self.assignment(expr, form);
        }
        if form != Form::Call {
            return Err(self.error("syntax error"));
        }
        self.push_stmt(Stmt::Call(expr));
        Ok(())
    }

    fn assignment(&mut self, first: ExprId, form: Form) -> Result<()> {
        let start = self.pending_exprs.len();
        let depth = self.depth;
        self.target(first, form)?;
        while self.accept_char(b',')? {
            let (expr, form) = self.suffixed_expr()?;
            // The reference implementation recurses for each further target.
            self.enter()?;
            self.target(expr, form)?;
        }
        self.expect_char(b'=')?;
        let targets = self.close_list(start);
        let values = self.expr_list()?;
        self.depth = depth;
        self.push_stmt(Stmt::Assign { targets, values });
        Ok(())
    }

    fn target(&mut self, expr: ExprId, form: Form) -> Result<()> {
        let Form::Variable(read_only) = form else { return Err(self.error("syntax error")) };
        self.check_assignable(read_only)?;
        self.pending_exprs.push(ListItem { expr, line: self.last_line });
        Ok(())
    }
}
