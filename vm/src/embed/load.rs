//! Chunks of Lua text.

use super::{Context, Error, FromLuaMulti, Function, IntoLuaMulti, Result, Table};
use crate::front::SyntaxError;

/// A chunk that is about to be compiled, as text: precompiled chunks are refused.
#[must_use = "a chunk does nothing until it is run"]
pub struct Chunk<'a> {
    lua: &'a mut Context,
    source: &'a [u8],
    name: Option<Vec<u8>>,
    environment: Option<Table>,
}

impl<'a> Chunk<'a> {
    pub(super) fn new(lua: &'a mut Context, source: &'a [u8]) -> Self {
        Self { lua, source, name: None, environment: None }
    }

    /// The name that messages show, otherwise the text's beginning. A file's name has a `@` in front, any other
    /// name a `=` (manual §4.6, `lua_load`).
    pub fn name(mut self, name: impl Into<Vec<u8>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The table in which the chunk finds its global variables, instead of the globals.
    pub fn environment(mut self, table: &Table) -> Self {
        self.environment = Some(table.clone());
        self
    }

    /// Compiles the chunk to a function.
    ///
    /// # Errors
    /// [`Error::Syntax`].
    pub fn into_function(self) -> Result<Function> {
        let Chunk { lua, source, name, environment } = self;
        compile(lua, source, &name.unwrap_or_else(|| source.to_vec()), environment.as_ref())
    }

    /// Runs the chunk.
    ///
    /// # Errors
    /// It does not compile, or throws.
    pub fn exec(self) -> Result<()> {
        self.call(())
    }

    /// The value of the chunk if it is an expression, otherwise what it returns.
    ///
    /// # Errors
    /// It does not compile, or throws, or its results do not convert.
    pub fn eval<R: FromLuaMulti>(self) -> Result<R> {
        let Chunk { lua, source, name, environment } = self;
        let name = name.unwrap_or_else(|| source.to_vec());
        let expression = [b"return ", source].concat();
        let function = match compile(lua, &expression, &name, environment.as_ref()) {
            Err(Error::Syntax { .. }) => compile(lua, source, &name, environment.as_ref())?,
            other => other?,
        };
        function.call(lua, ())
    }

    /// Runs the chunk with arguments, its `...`.
    ///
    /// # Errors
    /// It does not compile, or throws, or its results do not convert.
    pub fn call<R: FromLuaMulti>(self, arguments: impl IntoLuaMulti) -> Result<R> {
        let Chunk { lua, source, name, environment } = self;
        let function = compile(lua, source, &name.unwrap_or_else(|| source.to_vec()), environment.as_ref())?;
        function.call(lua, arguments)
    }
}

fn compile(lua: &mut Context, source: &[u8], name: &[u8], environment: Option<&Table>) -> Result<Function> {
    lua.safepoint();
    let environment = match environment {
        Some(table) => lua.table(table)?,
        None => lua.vm.globals,
    };
    let closure = lua.vm.load(source, name, environment.into()).map_err(syntax)?;
    Ok(Function(lua.root(closure)))
}

fn syntax(error: SyntaxError) -> Error {
    let incomplete = error.message.ends_with(b"near <eof>");
    Error::Syntax { message: String::from_utf8_lossy(&error.message).into_owned(), line: error.line, incomplete }
}
