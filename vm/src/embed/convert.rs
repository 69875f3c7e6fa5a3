//! Conversion between Rust values and Lua values.

use std::{
    borrow::Cow,
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, Hash},
    rc::Rc,
};

use super::{AnyUserData, Context, Error, Function, LuaString, Result, Table, Thread, UserData, Value, Values};
use crate::value::Value as Raw;

/// What can become a Lua value.
pub trait IntoLua {
    /// # Errors
    /// [`Error::Conversion`]: Lua has no such value (an integer beyond 64 bits with sign).
    fn into_lua(self, lua: &mut Context) -> Result<Value>;
}

/// What a Lua value can become.
///
/// Numbers and strings convert into each other as they do for the functions of the standard library; every value
/// converts to `bool` (nil and false are false), and nil converts to `None`.
pub trait FromLua: Sized {
    /// # Errors
    /// [`Error::Conversion`]: the value has another type or does not fit.
    fn from_lua(value: Value, lua: &mut Context) -> Result<Self>;
}

/// A list of arguments or results: a single value, `()`, a tuple, or [`Variadic`].
pub trait IntoLuaMulti {
    /// Appends the values to `out`.
    ///
    /// # Errors
    /// As [`IntoLua::into_lua`].
    fn into_lua_multi(self, lua: &mut Context, out: &mut Vec<Value>) -> Result<()>;
}

/// What a list of arguments or results can become. What is missing is nil, what is too much is ignored.
pub trait FromLuaMulti: Sized {
    /// # Errors
    /// [`Error::Conversion`], which names the position.
    fn from_lua_multi(values: &mut Values, lua: &mut Context) -> Result<Self>;
}

/// Any number of arguments or results; takes all that are left.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variadic<T>(pub Vec<T>);

/// A Lua string as bytes. (A `Vec<u8>` is a list of integers, a `String` must be UTF-8.)
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bytes(pub Vec<u8>);

macro_rules! small_integers {
    ($($type:ty),*) => {$(
        impl IntoLua for $type {
            fn into_lua(self, _: &mut Context) -> Result<Value> {
                Ok(Value::Integer(i64::from(self)))
            }
        }
    )*};
}
small_integers!(i8, i16, i32, i64, u8, u16, u32);

macro_rules! large_integers {
    ($($type:ty),*) => {$(
        impl IntoLua for $type {
            fn into_lua(self, _: &mut Context) -> Result<Value> {
                let int = i64::try_from(self).map_err(|_| Error::conversion("64-bit integer", self.to_string()))?;
                Ok(Value::Integer(int))
            }
        }
    )*};
}
large_integers!(u64, usize, isize, i128, u128);

macro_rules! from_integers {
    ($($type:ty),*) => {$(
        impl FromLua for $type {
            fn from_lua(value: Value, lua: &mut Context) -> Result<Self> {
                let int = integer(&value, lua)?;
                <$type>::try_from(int).map_err(|_| Error::conversion(stringify!($type), format!("{int}")))
            }
        }
    )*};
}
from_integers!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);

/// An integer, a float with an integral value, or a string that converts to one.
fn integer(value: &Value, lua: &Context) -> Result<i64> {
    if let Value::Integer(int) = value {
        return Ok(*int);
    }
    let raw = value.to_raw(lua)?;
    lua.vm.to_int(raw).ok_or_else(|| match lua.vm.to_number(raw) {
        Some(_) => Error::conversion("integer", "number without integer representation"),
        None => value.mismatch("number"),
    })
}

impl IntoLua for f64 {
    fn into_lua(self, _: &mut Context) -> Result<Value> {
        Ok(Value::Number(self))
    }
}

impl IntoLua for f32 {
    fn into_lua(self, _: &mut Context) -> Result<Value> {
        Ok(Value::Number(f64::from(self)))
    }
}

impl FromLua for f64 {
    fn from_lua(value: Value, lua: &mut Context) -> Result<Self> {
        if let Value::Number(float) = value {
            return Ok(float);
        }
        let number = lua.vm.to_number(value.to_raw(lua)?).ok_or_else(|| value.mismatch("number"))?;
        Ok(if number.is_int() { number.raw_int() as f64 } else { number.raw_float() })
    }
}

impl FromLua for f32 {
    fn from_lua(value: Value, lua: &mut Context) -> Result<Self> {
        f64::from_lua(value, lua).map(|float| float as f32)
    }
}

impl IntoLua for bool {
    fn into_lua(self, _: &mut Context) -> Result<Value> {
        Ok(Value::Boolean(self))
    }
}

impl FromLua for bool {
    fn from_lua(value: Value, _: &mut Context) -> Result<Self> {
        Ok(value.is_truthy())
    }
}

impl IntoLua for &str {
    fn into_lua(self, lua: &mut Context) -> Result<Value> {
        Ok(Value::String(lua.create_string(self)))
    }
}

impl IntoLua for String {
    fn into_lua(self, lua: &mut Context) -> Result<Value> {
        self.as_str().into_lua(lua)
    }
}

impl IntoLua for Cow<'_, str> {
    fn into_lua(self, lua: &mut Context) -> Result<Value> {
        (*self).into_lua(lua)
    }
}

impl IntoLua for char {
    fn into_lua(self, lua: &mut Context) -> Result<Value> {
        self.encode_utf8(&mut [0; 4]).into_lua(lua)
    }
}

impl IntoLua for &mut str {
    fn into_lua(self, lua: &mut Context) -> Result<Value> {
        (&*self).into_lua(lua)
    }
}

impl IntoLua for Bytes {
    fn into_lua(self, lua: &mut Context) -> Result<Value> {
        Ok(Value::String(lua.create_string(self.0)))
    }
}

impl FromLua for Bytes {
    fn from_lua(value: Value, lua: &mut Context) -> Result<Self> {
        Ok(Bytes(LuaString::from_lua(value, lua)?.bytes(lua)?.to_vec()))
    }
}

impl FromLua for String {
    fn from_lua(value: Value, lua: &mut Context) -> Result<Self> {
        Ok(LuaString::from_lua(value, lua)?.to_str(lua)?.to_owned())
    }
}

impl<T: IntoLua> IntoLua for Option<T> {
    fn into_lua(self, lua: &mut Context) -> Result<Value> {
        self.map_or(Ok(Value::Nil), |value| value.into_lua(lua))
    }
}

impl<T: FromLua> FromLua for Option<T> {
    fn from_lua(value: Value, lua: &mut Context) -> Result<Self> {
        if value.is_nil() { Ok(None) } else { T::from_lua(value, lua).map(Some) }
    }
}

impl IntoLua for Value {
    fn into_lua(self, _: &mut Context) -> Result<Value> {
        Ok(self)
    }
}

impl FromLua for Value {
    fn from_lua(value: Value, _: &mut Context) -> Result<Self> {
        Ok(value)
    }
}

macro_rules! handles {
    ($($type:ident $variant:ident $name:literal),*) => {$(
        impl IntoLua for $type {
            fn into_lua(self, _: &mut Context) -> Result<Value> {
                Ok(Value::$variant(self))
            }
        }
        impl IntoLua for &$type {
            fn into_lua(self, _: &mut Context) -> Result<Value> {
                Ok(Value::$variant(self.clone()))
            }
        }
        handles!(@from $type $variant $name);
    )*};
    (@from LuaString $variant:ident $name:literal) => {};
    (@from $type:ident $variant:ident $name:literal) => {
        impl FromLua for $type {
            fn from_lua(value: Value, _: &mut Context) -> Result<Self> {
                match value {
                    Value::$variant(handle) => Ok(handle),
                    other => Err(other.mismatch($name)),
                }
            }
        }
    };
}
handles!(LuaString String "string", Table Table "table", Function Function "function", Thread Thread "thread",
    AnyUserData UserData "userdata");

impl FromLua for LuaString {
    fn from_lua(value: Value, lua: &mut Context) -> Result<Self> {
        match value {
            Value::String(string) => Ok(string),
            Value::Integer(_) | Value::Number(_) => {
                let number = value.to_raw(lua)?;
                let text = lua.vm.number_to_string(number);
                Ok(LuaString(lua.vm.embed.roots.add(text.into())))
            }
            other => Err(other.mismatch("string")),
        }
    }
}

/// A list, from index 1 to the length.
impl<T: IntoLua> IntoLua for Vec<T> {
    fn into_lua(self, lua: &mut Context) -> Result<Value> {
        Ok(Value::Table(list(self, lua)?))
    }
}

impl<T: IntoLua, const N: usize> IntoLua for [T; N] {
    fn into_lua(self, lua: &mut Context) -> Result<Value> {
        Ok(Value::Table(list(self, lua)?))
    }
}

fn list<T: IntoLua>(items: impl IntoIterator<Item = T>, lua: &mut Context) -> Result<Table> {
    let items = items.into_iter();
    let table = lua.create_table_with_capacity(items.size_hint().0, 0);
    for (index, item) in (1..).zip(items) {
        let value = item.into_lua(lua)?;
        table.raw_put(lua, Raw::int(index), &value)?;
    }
    Ok(table)
}

impl<T: FromLua> FromLua for Vec<T> {
    fn from_lua(value: Value, lua: &mut Context) -> Result<Self> {
        let table = Table::from_lua(value, lua)?;
        let len = table.raw_len(lua)?;
        let mut items = Vec::with_capacity(len.min(1 << 20));
        for index in 1..=len {
            let value = table.raw_take(lua, Raw::int(index as i64))?;
            items.push(T::from_lua(value, lua)?);
        }
        Ok(items)
    }
}

fn map<K: IntoLua, V: IntoLua>(entries: impl Iterator<Item = (K, V)>, lua: &mut Context) -> Result<Value> {
    let table = lua.create_table();
    for (key, value) in entries {
        table.raw_set(lua, key, value)?;
    }
    Ok(Value::Table(table))
}

impl<K: IntoLua, V: IntoLua, S> IntoLua for HashMap<K, V, S> {
    fn into_lua(self, lua: &mut Context) -> Result<Value> {
        map(self.into_iter(), lua)
    }
}

impl<K: FromLua + Eq + Hash, V: FromLua, S: BuildHasher + Default> FromLua for HashMap<K, V, S> {
    fn from_lua(value: Value, lua: &mut Context) -> Result<Self> {
        Ok(Table::from_lua(value, lua)?.pairs(lua)?.into_iter().collect())
    }
}

impl<K: IntoLua, V: IntoLua> IntoLua for BTreeMap<K, V> {
    fn into_lua(self, lua: &mut Context) -> Result<Value> {
        map(self.into_iter(), lua)
    }
}

impl<K: FromLua + Ord, V: FromLua> FromLua for BTreeMap<K, V> {
    fn from_lua(value: Value, lua: &mut Context) -> Result<Self> {
        Ok(Table::from_lua(value, lua)?.pairs(lua)?.into_iter().collect())
    }
}

/// Moves the value into a new userdata.
impl<T: UserData> IntoLua for T {
    fn into_lua(self, lua: &mut Context) -> Result<Value> {
        Ok(Value::UserData(lua.create_userdata(self)?))
    }
}

/// The same value that the userdata holds.
impl<T: UserData> FromLua for Rc<RefCell<T>> {
    fn from_lua(value: Value, lua: &mut Context) -> Result<Self> {
        match value {
            Value::UserData(userdata) => userdata.get(lua),
            other => Err(other.mismatch(T::NAME)),
        }
    }
}

impl<T: UserData> IntoLua for Rc<RefCell<T>> {
    fn into_lua(self, lua: &mut Context) -> Result<Value> {
        Ok(Value::UserData(lua.share_userdata(self)?))
    }
}

impl<T: IntoLua> IntoLuaMulti for T {
    fn into_lua_multi(self, lua: &mut Context, out: &mut Vec<Value>) -> Result<()> {
        let value = self.into_lua(lua)?;
        out.push(value);
        Ok(())
    }
}

impl<T: FromLua> FromLuaMulti for T {
    fn from_lua_multi(values: &mut Values, lua: &mut Context) -> Result<Self> {
        let value = values.take();
        let position = values.position();
        T::from_lua(value, lua).map_err(|error| error.at(position))
    }
}

impl<T: IntoLua> IntoLuaMulti for Variadic<T> {
    fn into_lua_multi(self, lua: &mut Context, out: &mut Vec<Value>) -> Result<()> {
        self.0.into_iter().try_for_each(|item| item.into_lua_multi(lua, out))
    }
}

impl<T: FromLua> FromLuaMulti for Variadic<T> {
    fn from_lua_multi(values: &mut Values, lua: &mut Context) -> Result<Self> {
        (0..values.len()).map(|_| T::from_lua_multi(values, lua)).collect::<Result<_>>().map(Variadic)
    }
}

impl IntoLuaMulti for () {
    fn into_lua_multi(self, _: &mut Context, _: &mut Vec<Value>) -> Result<()> {
        Ok(())
    }
}

impl FromLuaMulti for () {
    fn from_lua_multi(_: &mut Values, _: &mut Context) -> Result<Self> {
        Ok(())
    }
}

macro_rules! tuples {
    ($(($($name:ident)*))*) => {$(
        #[expect(non_snake_case, reason = "a variable has the name of its type")]
        impl<$($name: IntoLuaMulti),*> IntoLuaMulti for ($($name,)*) {
            fn into_lua_multi(self, lua: &mut Context, out: &mut Vec<Value>) -> Result<()> {
                let ($($name,)*) = self;
                $($name.into_lua_multi(lua, out)?;)*
                Ok(())
            }
        }
        impl<$($name: FromLuaMulti),*> FromLuaMulti for ($($name,)*) {
            fn from_lua_multi(values: &mut Values, lua: &mut Context) -> Result<Self> {
                Ok(($($name::from_lua_multi(values, lua)?,)*))
            }
        }
    )*};
}
tuples! { (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) }
