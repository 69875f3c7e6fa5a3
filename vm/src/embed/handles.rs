//! Handles: values in Lua's heap that Rust code holds.
//!
//! A handle keeps its object alive; a clone is another handle to the same object. Comparing two handles compares
//! identities.

use super::{Context, Error, FromLua, FromLuaMulti, IntoLua, IntoLuaMulti, Result, Value, Values, roots::Root};
use crate::{
    frame::Frame,
    heap::Gc,
    interp::access,
    native::Throw,
    thread::{Thread as RawThread, ThreadStatus},
    value::Value as Raw,
};

/// A Lua string: any bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct LuaString(pub(crate) Root);

/// A Lua table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table(pub(crate) Root);

/// A function, of Lua or of Rust.
#[derive(Clone, Debug, PartialEq)]
pub struct Function(pub(crate) Root);

/// A coroutine.
#[derive(Clone, Debug, PartialEq)]
pub struct Thread(pub(crate) Root);

/// A userdata, whatever it holds; see [`UserData`](super::UserData).
#[derive(Clone, Debug, PartialEq)]
pub struct AnyUserData(pub(crate) Root);

impl LuaString {
    /// The bytes, readable for as long as Lua does not run.
    ///
    /// # Errors
    /// [`Error::ForeignHandle`].
    pub fn bytes<'a>(&'a self, lua: &'a Context) -> Result<&'a [u8]> {
        let string = self.0.value(&lua.vm)?.as_string().ok_or(Error::ForeignHandle)?;
        // SAFETY: strings do not change, `self` is a root of this one, and the VM cannot be dropped while borrowed.
        Ok(unsafe { &*std::ptr::from_ref(string.as_bytes()) })
    }

    /// The text, if it is valid UTF-8.
    ///
    /// # Errors
    /// [`Error::Conversion`] where it is not.
    pub fn to_str<'a>(&'a self, lua: &'a Context) -> Result<&'a str> {
        std::str::from_utf8(self.bytes(lua)?).map_err(|error| Error::conversion("UTF-8 string", error.to_string()))
    }
}

impl Table {
    /// `self[key]`, metamethods included.
    ///
    /// # Errors
    /// A metamethod throws, or key or value do not convert.
    pub fn get<V: FromLua>(&self, lua: &mut Context, key: impl IntoLua) -> Result<V> {
        let key = key.into_lua(lua)?;
        let (table, raw_key) = (lua.table(self)?, key.to_raw(lua)?);
        let value = lua.protect(|vm| access::index(vm, table.into(), raw_key))?;
        V::from_lua(Value::of(lua, value), lua)
    }

    /// `self[key] = value`, metamethods included.
    ///
    /// # Errors
    /// A metamethod throws, the key is nil or NaN, or key or value do not convert.
    pub fn set(&self, lua: &mut Context, key: impl IntoLua, value: impl IntoLua) -> Result<()> {
        let (key, value) = (key.into_lua(lua)?, value.into_lua(lua)?);
        let (table, key, value) = (lua.table(self)?, key.to_raw(lua)?, value.to_raw(lua)?);
        lua.protect(|vm| access::set_index(vm, table.into(), key, value))
    }

    /// `rawget(self, key)`.
    ///
    /// # Errors
    /// Key or value do not convert.
    pub fn raw_get<V: FromLua>(&self, lua: &mut Context, key: impl IntoLua) -> Result<V> {
        let key = key.into_lua(lua)?;
        let raw_key = key.to_raw(lua)?;
        let value = self.raw_take(lua, raw_key)?;
        V::from_lua(value, lua)
    }

    pub(super) fn raw_take(&self, lua: &Context, key: Raw) -> Result<Value> {
        Ok(Value::of(lua, lua.table(self)?.get(key)))
    }

    /// `rawset(self, key, value)`.
    ///
    /// # Errors
    /// The key is nil or NaN, or key or value do not convert.
    pub fn raw_set(&self, lua: &mut Context, key: impl IntoLua, value: impl IntoLua) -> Result<()> {
        let (key, value) = (key.into_lua(lua)?, value.into_lua(lua)?);
        let key = key.to_raw(lua)?;
        self.raw_put(lua, key, &value)
    }

    pub(super) fn raw_put(&self, lua: &mut Context, key: Raw, value: &Value) -> Result<()> {
        let (table, value) = (lua.table(self)?, value.to_raw(lua)?);
        lua.protect(|vm| vm.raw_set(table, key, value))
    }

    /// `rawlen(self)`.
    ///
    /// # Errors
    /// [`Error::ForeignHandle`].
    pub fn raw_len(&self, lua: &Context) -> Result<usize> {
        Ok(lua.table(self)?.len() as usize)
    }

    /// The entries, in the order of `next`, metamethods left aside.
    ///
    /// # Errors
    /// A key or value does not convert.
    pub fn pairs<K: FromLua, V: FromLua>(&self, lua: &mut Context) -> Result<Vec<(K, V)>> {
        let table = lua.table(self)?;
        let (mut entries, mut position) = (Vec::new(), 0);
        // All are rooted before a conversion may run Lua code.
        while let Some((after, key, value)) = table.next_from(position) {
            position = after;
            entries.push((Value::of(lua, key), Value::of(lua, value)));
        }
        entries.into_iter().map(|(key, value)| Ok((K::from_lua(key, lua)?, V::from_lua(value, lua)?))).collect()
    }

    /// # Errors
    /// [`Error::ForeignHandle`].
    pub fn metatable(&self, lua: &Context) -> Result<Option<Table>> {
        Ok(lua.table(self)?.metatable().map(|metatable| Table(lua.root(metatable))))
    }

    /// `setmetatable(self, metatable)`, whatever `__metatable` says.
    ///
    /// # Errors
    /// [`Error::ForeignHandle`].
    pub fn set_metatable(&self, lua: &mut Context, metatable: Option<&Table>) -> Result<()> {
        let table = lua.table(self)?;
        let metatable = metatable.map(|metatable| lua.table(metatable)).transpose()?;
        lua.vm.set_metatable(table, metatable);
        Ok(())
    }

    /// `self[name](arguments)`.
    ///
    /// # Errors
    /// The field is no function, it throws, or its results do not convert.
    pub fn call_function<R: FromLuaMulti>(
        &self,
        lua: &mut Context,
        name: &str,
        arguments: impl IntoLuaMulti,
    ) -> Result<R> {
        self.get::<Function>(lua, name)?.call(lua, arguments)
    }

    /// `self:name(arguments)`.
    ///
    /// # Errors
    /// As [`Table::call_function`].
    pub fn call_method<R: FromLuaMulti>(
        &self,
        lua: &mut Context,
        name: &str,
        arguments: impl IntoLuaMulti,
    ) -> Result<R> {
        self.get::<Function>(lua, name)?.call(lua, (self, arguments))
    }
}

impl Function {
    /// Calls the function. A yield inside is an error, since Rust code cannot be suspended: run what yields in a
    /// [`Thread`].
    ///
    /// # Errors
    /// It throws, or arguments or results do not convert.
    ///
    /// # Panics
    /// When a Rust function that Lua called panicked, and Lua did not catch that.
    pub fn call<R: FromLuaMulti>(&self, lua: &mut Context, arguments: impl IntoLuaMulti) -> Result<R> {
        let mut values = Vec::new();
        arguments.into_lua_multi(lua, &mut values)?;
        let function = self.0.value(&lua.vm)?;
        let mut results = lua.call_values(function, &values)?;
        R::from_lua_multi(&mut results, lua)
    }
}

/// What a coroutine is doing, as `coroutine.status` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not started, or waiting in a yield.
    Suspended,
    Running,
    /// Waits for a coroutine that it has resumed.
    Normal,
    /// Returned, failed or was closed.
    Dead,
}

impl Thread {
    fn object(&self, lua: &Context) -> Result<Gc<RawThread>> {
        self.0.value(&lua.vm)?.as_thread().ok_or(Error::ForeignHandle)
    }

    /// # Errors
    /// [`Error::ForeignHandle`].
    pub fn status(&self, lua: &Context) -> Result<Status> {
        Ok(match self.object(lua)?.status {
            ThreadStatus::Suspended => Status::Suspended,
            ThreadStatus::Running => Status::Running,
            ThreadStatus::Normal => Status::Normal,
            ThreadStatus::Dead => Status::Dead,
        })
    }

    /// Runs the coroutine until it yields or returns, and takes what it passes out. [`Thread::status`] tells the two
    /// apart.
    ///
    /// # Errors
    /// It throws, is not suspended, or arguments or results do not convert.
    ///
    /// # Panics
    /// As [`Function::call`].
    pub fn resume<R: FromLuaMulti>(&self, lua: &mut Context, arguments: impl IntoLuaMulti) -> Result<R> {
        let mut values = Vec::new();
        arguments.into_lua_multi(lua, &mut values)?;
        let raw: Vec<Raw> = values.iter().map(|value| value.to_raw(lua)).collect::<Result<_>>()?;
        let thread = self.object(lua)?;
        let resumable = thread.status == ThreadStatus::Suspended;
        let Some(passed) = lua.vm.resume(thread, &raw, |_, values| values.to_vec()) else {
            let error = lua.root(lua.vm.error);
            let frame = if resumable { thread.frame } else { Frame(std::ptr::null_mut()) };
            let traceback = lua.vm.traceback(frame, 0, None);
            return Err(lua.describe(error, String::from_utf8_lossy(&traceback).into_owned()));
        };
        let mut results = Values::new(passed.into_iter().map(|value| Value::of(lua, value)).collect());
        R::from_lua_multi(&mut results, lua)
    }

    /// `coroutine.close(self)`: closes its variables and makes it dead.
    ///
    /// # Errors
    /// It runs, it had failed, or closing a variable throws.
    pub fn close(&self, lua: &mut Context) -> Result<()> {
        let thread = self.object(lua)?;
        lua.protect(|vm| {
            if !matches!(thread.status, ThreadStatus::Suspended | ThreadStatus::Dead) {
                return Err(vm.throw("cannot close a running coroutine"));
            }
            if vm.close_thread(thread) {
                return Ok(());
            }
            let error = vm.error;
            Err::<(), Throw>(vm.throw_value(error))
        })
    }
}
