//! Source text to bytecode: lexer, parser, compiler. Plain data in, plain data out; no heap, no virtual machine.
//!
//! Every input is answered with a unit or a `SyntaxError`, never with a panic: nesting is bounded by the parser, and
//! later passes recurse only where it does.

pub mod ast;
mod compile;
mod error;
mod fold;
mod hash;
mod intern;
mod lexer;
pub mod number;
mod parser;
mod token;

pub use error::{SyntaxError, chunk_id};
pub(crate) use hash::FastMap;
pub use lexer::strip_shebang;

use crate::bytecode::{FnUnit, validate};

/// Compiles a chunk to its main function, which is vararg and has one upvalue, `_ENV`.
///
/// `chunk_name` is as for `load`: `@file`, `=name` or the source itself. A first line with `#` is not skipped; see
/// `strip_shebang`.
pub fn compile(source: &[u8], chunk_name: &[u8]) -> Result<FnUnit, SyntaxError> {
    let ast = parser::parse(source, chunk_name).map_err(|error| *error)?;
    let unit = compile::compile(&ast, chunk_name).map_err(|error| *error)?;
    debug_assert_eq!(validate(&unit), Ok(()));
    Ok(unit)
}
