//! Recursive-descent parser: tokens to syntax tree, a function at a time, which goes to the compiler when its end is
//! reached. It resolves names, checks scopes and folds constants on the way, so that errors come in source order.

mod expr;
mod scope;
mod stmt;

use super::ast::{Arm, Ast, ExprId, ListItem, Span, Stmt, TableItem};
use super::compile::Compiler;
use super::error::{Result, SyntaxError};
use super::lexer::Lexer;
use super::token::Tok;
use crate::bytecode::{FnUnit, StrId, Strings};
use scope::{Binding, Scope};

/// Nesting of statements and expressions together at which parsing gives up (`LUAI_MAXCCALLS`).
const MAX_DEPTH: u32 = 200;

/// Nesting that a chunk starts with: a main program that calls `load`.
const START_DEPTH: u32 = 2;

/// Parses and compiles a chunk. Its functions refer to the strings that are returned.
pub fn parse(source: &[u8], chunk_name: &[u8]) -> Result<(FnUnit, Strings)> {
    let mut parser = Parser {
        lexer: Lexer::new(source, chunk_name)?,
        compiler: Compiler::new(chunk_name),
        tok: Tok::Eof,
        lookahead: None,
        last_line: 1,
        depth: START_DEPTH,
        ast: Ast::default(),
        scopes: Vec::new(),
        spare_scopes: Vec::new(),
        bindings: Vec::new(),
        visible: Vec::new(),
        pending_exprs: Vec::new(),
        pending_stmts: Vec::new(),
        pending_items: Vec::new(),
        pending_arms: Vec::new(),
    };
    let main = parser.main_function()?;
    Ok((main, parser.lexer.names.into_strings()))
}

struct Parser<'s> {
    lexer: Lexer<'s>,
    compiler: Compiler,
    tok: Tok,
    /// The token after `tok` with its value, when it has been read already.
    lookahead: Option<(Tok, u64)>,
    /// Line of the token consumed last.
    last_line: u32,
    depth: u32,
    ast: Ast,
    /// Functions being parsed, outermost first.
    scopes: Vec<Scope>,
    /// Memory for further ones.
    spare_scopes: Vec<Scope>,
    /// Local variables in scope, of all functions being parsed.
    bindings: Vec<Binding>,
    /// By number of a name: place + 1 in `bindings` of the variable that the name means.
    visible: Vec<u32>,
    /// Elements of unfinished expression lists.
    pending_exprs: Vec<ListItem>,
    /// Statements of unfinished blocks.
    pending_stmts: Vec<(Stmt, u32)>,
    /// Fields of unfinished table constructors.
    pending_items: Vec<TableItem>,
    /// Arms of unfinished `if` statements.
    pending_arms: Vec<Arm>,
}

impl Parser<'_> {
    /// Line up to which the source has been read.
    fn line(&self) -> u32 {
        self.lexer.line
    }

    #[inline(always)]
    fn advance(&mut self) -> Result<()> {
        self.last_line = self.lexer.line;
        self.tok = match self.lookahead.take() {
            Some((tok, value)) => {
                self.lexer.value = value;
                tok
            }
            None => self.lexer.next_token()?,
        };
        Ok(())
    }

    /// The token after the current one.
    fn peek(&mut self) -> Result<Tok> {
        let value = self.lexer.value;
        let (tok, next_value) = match self.lookahead {
            Some(next) => next,
            None => (self.lexer.next_token()?, self.lexer.value),
        };
        self.lookahead = Some((tok, next_value));
        self.lexer.value = value;
        Ok(tok)
    }

    fn at(&self, byte: u8) -> bool {
        self.tok == Tok::Char(byte)
    }

    fn accept(&mut self, tok: Tok) -> Result<bool> {
        let found = self.tok == tok;
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn accept_char(&mut self, byte: u8) -> Result<bool> {
        self.accept(Tok::Char(byte))
    }

    fn expect(&mut self, tok: Tok) -> Result<()> {
        if self.tok != tok {
            return Err(self.expected(tok));
        }
        self.advance()
    }

    fn expect_char(&mut self, byte: u8) -> Result<()> {
        self.expect(Tok::Char(byte))
    }

    fn expect_name(&mut self) -> Result<StrId> {
        if self.tok != Tok::Name {
            return Err(self.error("<name> expected"));
        }
        let name = self.lexer.string_value();
        self.advance()?;
        Ok(name)
    }

    /// Expects the token that closes what `open` began on `line`.
    fn expect_close(&mut self, close: Tok, open: Tok, line: u32) -> Result<()> {
        if self.tok == close {
            return self.advance();
        }
        if line == self.line() {
            return Err(self.expected(close));
        }
        let text = format!("{} expected (to close {} at line {line})", close.describe(), open.describe());
        Err(self.error(&text))
    }

    fn expected(&self, tok: Tok) -> Box<SyntaxError> {
        self.error(&format!("{} expected", tok.describe()))
    }

    /// An error at the current token.
    fn error(&self, text: &str) -> Box<SyntaxError> {
        match self.tok {
            // Shown as a C string, this token is not there.
            Tok::Char(0) => self.semantic_error(text.as_bytes()),
            tok => self.lexer.error(text.as_bytes(), Some(&self.lexer.near(tok))),
        }
    }

    /// An error that concerns more than the current token.
    fn semantic_error(&self, text: &[u8]) -> Box<SyntaxError> {
        self.lexer.error(text, None)
    }

    /// Counts one level of nesting; the caller takes it back with `leave`.
    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth >= MAX_DEPTH { Err(SyntaxError::bare("C stack overflow")) } else { Ok(()) }
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Moves the expressions collected since `start` into the tree.
    fn close_list(&mut self, start: usize) -> Span {
        let span = Span { start: self.ast.lists.len() as u32, len: (self.pending_exprs.len() - start) as u32 };
        self.ast.lists.extend(self.pending_exprs.drain(start..));
        span
    }

    fn single(&mut self, expr: ExprId) -> Span {
        let span = Span { start: self.ast.lists.len() as u32, len: 1 };
        self.ast.lists.push(ListItem { expr, line: self.last_line });
        span
    }
}
