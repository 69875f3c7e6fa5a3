//! Expressions.

use super::Parser;
use crate::bytecode::{FnUnit, StrId};
use crate::front::ast::{
    BinOp, Call, CallId, Child, Expr, ExprId, FuncId, ListItem, LocalId, Span, TableItem, TableKey, UnOp,
};
use crate::front::error::Result;
use crate::front::fold;
use crate::front::token::{STR_SELF, Tok};

/// Binding power of unary operators.
const UNARY_POWER: u8 = 12;

/// An operator with its left and right binding powers.
fn binary_op(tok: Tok) -> Option<(BinOp, u8, u8)> {
    Some(match tok {
        Tok::Or => (BinOp::Or, 1, 1),
        Tok::And => (BinOp::And, 2, 2),
        Tok::Char(b'<') => (BinOp::Lt, 3, 3),
        Tok::Char(b'>') => (BinOp::Gt, 3, 3),
        Tok::Le => (BinOp::Le, 3, 3),
        Tok::Ge => (BinOp::Ge, 3, 3),
        Tok::Ne => (BinOp::Ne, 3, 3),
        Tok::Eq => (BinOp::Eq, 3, 3),
        Tok::Char(b'|') => (BinOp::BOr, 4, 4),
        Tok::Char(b'~') => (BinOp::BXor, 5, 5),
        Tok::Char(b'&') => (BinOp::BAnd, 6, 6),
        Tok::Shl => (BinOp::Shl, 7, 7),
        Tok::Shr => (BinOp::Shr, 7, 7),
        Tok::Concat => (BinOp::Concat, 9, 8),
        Tok::Char(b'+') => (BinOp::Add, 10, 10),
        Tok::Char(b'-') => (BinOp::Sub, 10, 10),
        Tok::Char(b'*') => (BinOp::Mul, 11, 11),
        Tok::Char(b'/') => (BinOp::Div, 11, 11),
        Tok::IDiv => (BinOp::IDiv, 11, 11),
        Tok::Char(b'%') => (BinOp::Mod, 11, 11),
        Tok::Char(b'^') => (BinOp::Pow, 14, 13),
        _ => return None,
    })
}

/// What kind of expression a name with its suffixes is.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Form {
    /// Can be assigned to, unless it names the read-only variable given.
    Variable(Option<StrId>),
    Call,
    Other,
}

impl Parser<'_> {
    pub(super) fn expr(&mut self) -> Result<ExprId> {
        self.sub_expr(0)
    }

    /// An expression whose binary operators all bind more tightly to the left than `power`.
    fn sub_expr(&mut self, power: u8) -> Result<ExprId> {
        self.enter()?;
        let unary = match self.tok {
            Tok::Not => Some(UnOp::Not),
            Tok::Char(b'-') => Some(UnOp::Neg),
            Tok::Char(b'~') => Some(UnOp::BNot),
            Tok::Char(b'#') => Some(UnOp::Len),
            _ => None,
        };
        let mut lhs = match unary {
            Some(op) => {
                let line = self.line();
                self.advance()?;
                let operand = self.sub_expr(UNARY_POWER)?;
                self.unary(op, operand, line)
            }
            None => self.simple_expr()?,
        };
        while let Some((op, left, right)) = binary_op(self.tok)
            && left > power
        {
            let line = self.line();
            self.advance()?;
            let rhs = self.sub_expr(right)?;
            lhs = self.binary(op, lhs, rhs, line);
        }
        self.leave();
        Ok(lhs)
    }

    fn unary(&mut self, op: UnOp, operand: ExprId, line: u32) -> ExprId {
        match fold::unary(op, self.ast.expr(operand)) {
            Some(literal) => self.ast.push(literal, self.last_line),
            None => self.ast.push(Expr::Unary { op, operand }, line),
        }
    }

    fn binary(&mut self, op: BinOp, lhs: ExprId, rhs: ExprId, line: u32) -> ExprId {
        let (left, right) = (self.ast.expr(lhs), self.ast.expr(rhs));
        match op {
            // The right operand is the value when the left one is known to let it through; several values are
            // adjusted to one.
            BinOp::And | BinOp::Or if left.is_literal() => {
                let truthy = !matches!(left, Expr::Nil | Expr::False);
                if truthy == (op == BinOp::And) {
                    return if right.is_multi() { self.ast.push(Expr::Paren(rhs), self.last_line) } else { rhs };
                }
            }
            _ => {}
        }
        match fold::binary(op, left, right) {
            Some(literal) => self.ast.push(literal, self.last_line),
            None => self.ast.push(Expr::Binary { op, lhs, rhs }, line),
        }
    }

    fn simple_expr(&mut self) -> Result<ExprId> {
        let expr = match self.tok {
            Tok::Int => Expr::Int(self.lexer.value as i64),
            Tok::Float => Expr::Float(f64::from_bits(self.lexer.value)),
            Tok::Str => Expr::Str(self.lexer.string_value()),
            Tok::Nil => Expr::Nil,
            Tok::True => Expr::True,
            Tok::False => Expr::False,
            Tok::Dots => {
                if !self.scope().func.is_vararg {
                    return Err(self.error("cannot use '...' outside a vararg function"));
                }
                Expr::VarArg
            }
            Tok::Char(b'{') => return self.table(),
            Tok::Function => {
                let line = self.line();
                self.advance()?;
                return self.function_body(false, line);
            }
            _ => return Ok(self.suffixed_expr()?.0),
        };
        self.advance()?;
        Ok(self.ast.push(expr, self.last_line))
    }

    pub(super) fn resolve_name(&mut self, name: StrId) -> Result<(ExprId, Form)> {
        let resolved = self.resolve(name)?;
        let expr = self.ast.push(resolved.expr, self.last_line);
        Ok((expr, Form::Variable(resolved.read_only)))
    }

    fn primary_expr(&mut self) -> Result<(ExprId, Form)> {
        match self.tok {
            Tok::Name => {
                let name = self.lexer.string_value();
                self.advance()?;
                self.resolve_name(name)
            }
            Tok::Char(b'(') => {
                let line = self.line();
                self.advance()?;
                let mut expr = self.expr()?;
                self.expect_close(Tok::Char(b')'), Tok::Char(b'('), line)?;
                if self.ast.expr(expr).is_multi() {
                    expr = self.ast.push(Expr::Paren(expr), self.last_line);
                }
                Ok((expr, Form::Other))
            }
            _ => Err(self.error("unexpected symbol")),
        }
    }

    pub(super) fn suffixed_expr(&mut self) -> Result<(ExprId, Form)> {
        let line = self.line();
        let (mut expr, mut form) = self.primary_expr()?;
        loop {
            match self.tok {
                Tok::Char(b'.') => {
                    expr = self.field(expr)?;
                    form = Form::Variable(None);
                }
                Tok::Char(b'[') => {
                    let key = self.bracketed_key()?;
                    let index = match self.ast.expr(key) {
                        Expr::Str(name) => Expr::Field { object: expr, name },
                        _ => Expr::Index { object: expr, key },
                    };
                    expr = self.ast.push(index, self.last_line);
                    form = Form::Variable(None);
                }
                Tok::Char(b':') => {
                    self.advance()?;
                    let name = self.expect_name()?;
                    let method = Some((name, self.last_line));
                    expr = self.call(expr, method, line)?;
                    form = Form::Call;
                }
                Tok::Char(b'(' | b'{') | Tok::Str => {
                    expr = self.call(expr, None, line)?;
                    form = Form::Call;
                }
                _ => return Ok((expr, form)),
            }
        }
    }

    /// `.name` or, for the name of a function, `:name`.
    pub(super) fn field(&mut self, object: ExprId) -> Result<ExprId> {
        self.advance()?;
        let name = self.expect_name()?;
        Ok(self.ast.push(Expr::Field { object, name }, self.last_line))
    }

    fn bracketed_key(&mut self) -> Result<ExprId> {
        self.advance()?;
        let key = self.expr()?;
        self.expect_char(b']')?;
        Ok(key)
    }

    fn call(&mut self, callee: ExprId, method: Option<(StrId, u32)>, line: u32) -> Result<ExprId> {
        let args = match self.tok {
            Tok::Str => {
                let string = self.lexer.string_value();
                self.advance()?;
                let expr = self.ast.push(Expr::Str(string), self.last_line);
                self.single(expr)
            }
            Tok::Char(b'{') => {
                let expr = self.table()?;
                self.single(expr)
            }
            Tok::Char(b'(') => {
                let open_line = line;
                self.advance()?;
                if self.accept_char(b')')? {
                    Span::default()
                } else {
                    let start = self.pending_exprs.len();
                    self.collect_exprs()?;
                    self.expect_close(Tok::Char(b')'), Tok::Char(b'('), open_line)?;
                    if let Some(last) = self.pending_exprs.last_mut() {
                        last.line = self.last_line;
                    }
                    self.close_list(start)
                }
            }
            _ => return Err(self.error("function arguments expected")),
        };
        let id = CallId(self.ast.calls.len() as u32);
        self.ast.calls.push(Call { callee, method, args, end_line: self.last_line });
        Ok(self.ast.push(Expr::Call(id), line))
    }

    /// Reads one or more expressions into `pending_exprs`.
    fn collect_exprs(&mut self) -> Result<()> {
        loop {
            let expr = self.expr()?;
            let more = self.accept_char(b',')?;
            self.pending_exprs.push(ListItem { expr, line: self.last_line });
            if !more {
                return Ok(());
            }
        }
    }

    pub(super) fn expr_list(&mut self) -> Result<Span> {
        let start = self.pending_exprs.len();
        self.collect_exprs()?;
        Ok(self.close_list(start))
    }

    fn table(&mut self) -> Result<ExprId> {
        let (before, line) = (self.last_line, self.line());
        self.expect_char(b'{')?;
        let start = self.pending_items.len();
        while !self.at(b'}') {
            let item = self.table_item()?;
            self.pending_items.push(item);
            let more = self.accept_char(b',')? || self.accept_char(b';')?;
            if !more {
                break;
            }
            self.end_item(start);
        }
        self.expect_close(Tok::Char(b'}'), Tok::Char(b'{'), line)?;
        self.end_item(start);
        let (first, len) = (self.ast.table_items.len() as u32, (self.pending_items.len() - start) as u32);
        self.ast.table_items.extend(self.pending_items.drain(start..));
        Ok(self.ast.push(Expr::Table { start: first, len, line: before }, self.last_line))
    }

    /// Notes that the separator or bracket behind a list item has been read, in a constructor whose items begin at
    /// `start`.
    fn end_item(&mut self, start: usize) {
        if let Some(item) = self.pending_items[start..].last_mut()
            && matches!(item.key, TableKey::Item)
        {
            item.line = self.last_line;
        }
    }

    fn table_item(&mut self) -> Result<TableItem> {
        let tok = self.tok;
        let key = match tok {
            Tok::Name if self.peek()? == Tok::Char(b'=') => {
                let name = self.lexer.string_value();
                self.advance()?;
                TableKey::Name(name)
            }
            Tok::Char(b'[') => {
                let key = self.bracketed_key()?;
                match self.ast.expr(key) {
                    Expr::Str(name) => TableKey::Name(name),
                    _ => TableKey::Expr(key),
                }
            }
            _ => {
                let value = self.expr()?;
                return Ok(TableItem { key: TableKey::Item, value, line: self.last_line });
            }
        };
        self.expect_char(b'=')?;
        let line = self.last_line;
        let value = self.expr()?;
        Ok(TableItem { key, value, line })
    }

    /// Parameters and body of a function whose `function` stood on `line`.
    pub(super) fn function_body(&mut self, is_method: bool, line: u32) -> Result<ExprId> {
        self.open_function(line);
        self.enter_block(false);
        self.expect_char(b'(')?;
        if is_method {
            let this = self.declare(STR_SELF)?;
            self.activate(this, 1);
            self.scope().func.num_params = 1;
        }
        self.parameters()?;
        self.expect_char(b')')?;
        let body = self.statements()?;
        let last_line = self.line();
        self.expect_close(Tok::End, Tok::Function, line)?;
        let end_line = self.last_line;
        self.leave_block()?;
        let func = self.close_function(body, last_line, end_line)?;
        Ok(self.ast.push(Expr::Function(func), end_line))
    }

    fn parameters(&mut self) -> Result<()> {
        let first = LocalId(self.scope().func.num_params);
        let mut count = 0;
        if !self.at(b')') {
            loop {
                match self.tok {
                    Tok::Name => {
                        let name = self.expect_name()?;
                        self.declare(name)?;
                        count += 1;
                    }
                    Tok::Dots => {
                        self.advance()?;
                        self.scope().func.is_vararg = true;
                    }
                    _ => return Err(self.error("<name> or '...' expected")),
                }
                if self.scope().func.is_vararg || !self.accept_char(b',')? {
                    break;
                }
            }
        }
        self.activate(first, count);
        self.scope().func.num_params += count;
        Ok(())
    }

    pub(super) fn main_function(&mut self) -> Result<FnUnit> {
        self.open_function(0);
        let scope = self.scope();
        scope.func.is_vararg = true;
        scope.add_environment();
        self.enter_block(false);
        self.advance()?;
        let body = self.statements()?;
        if self.tok != Tok::Eof {
            return Err(self.expected(Tok::Eof));
        }
        self.leave_block()?;
        let end_line = self.last_line;
        let func = &mut self.scope().func;
        func.body = body;
        func.end_line = end_line;
        let top = self.scopes.len() - 1;
        self.compiler.compile(&self.ast, &mut self.scopes[top].func)
    }

    fn open_function(&mut self, line: u32) {
        let mut scope = self.spare_scopes.pop().unwrap_or_default();
        scope.reset(line, self.ast.mark());
        self.scopes.push(scope);
    }

    /// Ends the innermost function: compiles it and drops its nodes.
    fn close_function(&mut self, body: Span, last_line: u32, end_line: u32) -> Result<FuncId> {
        let Some(mut scope) = self.scopes.pop() else { return Ok(FuncId(0)) };
        scope.func.body = body;
        scope.func.last_line = last_line;
        scope.func.end_line = end_line;
        let unit = self.compiler.compile(&self.ast, &mut scope.func)?;
        self.ast.truncate(scope.first_nodes);
        let around = &mut self.scope().func;
        let upvals = Span { start: around.child_upvals.len() as u32, len: scope.func.upvals.len() as u32 };
        around.child_upvals.extend_from_slice(&scope.func.upvals);
        let id = FuncId(around.children.len() as u32);
        around.children.push(Some(Child { unit, upvals }));
        self.spare_scopes.push(scope);
        Ok(id)
    }
}
