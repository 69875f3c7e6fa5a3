//! Source text to bytecode: lexer, parser, compiler. Plain data in, plain data out; no heap, no virtual machine.
//!
//! The three work in turns: the parser pulls tokens, and hands over each function when its end is reached. Time and
//! memory are proportional to the source, and beside the bytecode only what concerns unfinished functions is kept.
//!
//! Every input is answered with a unit or a `SyntaxError`, never with a panic: nesting is bounded by the parser, and
//! later passes recurse only where it does.

pub mod ast;
mod compile;
mod error;
mod fold;
mod intern;
mod lexer;
pub mod number;
mod parser;
mod scan;
mod token;

pub use error::{SyntaxError, chunk_id};
pub use lexer::strip_shebang;

use std::sync::Arc;

use crate::bytecode::{FnUnit, Strings, validate};

/// Compiles a chunk to its main function, which is vararg and has one upvalue, `_ENV`.
///
/// `chunk_name` is as for `load`: `@file`, `=name` or the source itself. A first line with `#` is not skipped; see
/// `strip_shebang`.
pub fn compile(source: &[u8], chunk_name: &[u8]) -> Result<FnUnit, SyntaxError> {
    let (mut unit, strings) = parser::parse(source, chunk_name).map_err(|error| *error)?;
    share_strings(&mut unit, &Arc::new(strings));
    debug_assert_eq!(validate(&unit), Ok(()));
    Ok(unit)
}

fn share_strings(unit: &mut FnUnit, strings: &Arc<Strings>) {
    unit.strings = strings.clone();
    for child in &mut unit.children {
        share_strings(child, strings);
    }
}
