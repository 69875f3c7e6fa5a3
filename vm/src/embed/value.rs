//! Lua values as Rust sees them.

use super::{AnyUserData, Context, Error, Function, LuaString, Result, Table, Thread, roots::Root};
use crate::value::{Value as Raw, tag};

/// Any Lua value; what lies in the heap is a handle.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    #[default]
    Nil,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    String(LuaString),
    Table(Table),
    Function(Function),
    Thread(Thread),
    UserData(AnyUserData),
    /// An address, which is all that Lua knows of it.
    LightUserData(usize),
}

impl Value {
    /// Name of the basic type, as `type` returns it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Nil => "nil",
            Value::Boolean(_) => "boolean",
            Value::Integer(_) | Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Table(_) => "table",
            Value::Function(_) => "function",
            Value::Thread(_) => "thread",
            Value::UserData(_) | Value::LightUserData(_) => "userdata",
        }
    }

    pub fn is_nil(&self) -> bool {
        matches!(self, Value::Nil)
    }

    /// Everything but nil and false counts as true.
    pub fn is_truthy(&self) -> bool {
        !matches!(self, Value::Nil | Value::Boolean(false))
    }

    /// The handle that keeps the value alive, if it needs one.
    fn root(&self) -> Option<&Root> {
        Some(match self {
            Value::String(LuaString(root))
            | Value::Table(Table(root))
            | Value::Function(Function(root))
            | Value::Thread(Thread(root))
            | Value::UserData(AnyUserData(root)) => root,
            _ => return None,
        })
    }

    /// What `tostring` returns for it, with invalid UTF-8 replaced.
    ///
    /// # Errors
    /// What `__tostring` throws.
    pub fn display(&self, lua: &mut Context) -> Result<String> {
        let value = self.to_raw(lua)?;
        lua.protect(|vm| Ok(vm.to_display(value)?.to_str_lossy().into_owned()))
    }

    /// A handle for a value of the VM.
    pub(crate) fn of(lua: &Context, value: Raw) -> Value {
        let root = || lua.vm.embed.roots.add(value);
        match value.tag {
            tag::NIL => Value::Nil,
            tag::FALSE => Value::Boolean(false),
            tag::TRUE => Value::Boolean(true),
            tag::INT => Value::Integer(value.raw_int()),
            tag::FLOAT => Value::Number(value.raw_float()),
            tag::LIGHT => Value::LightUserData(value.bits as usize),
            tag::STRING => Value::String(LuaString(root())),
            tag::TABLE => Value::Table(Table(root())),
            tag::USERDATA => Value::UserData(AnyUserData(root())),
            tag::THREAD => Value::Thread(Thread(root())),
            _ => Value::Function(Function(root())),
        }
    }

    /// The value itself; it stays alive as long as `self` does.
    pub(crate) fn to_raw(&self, lua: &Context) -> Result<Raw> {
        Ok(match self {
            Value::Nil => Raw::NIL,
            Value::Boolean(value) => Raw::bool(*value),
            Value::Integer(value) => Raw::int(*value),
            Value::Number(value) => Raw::float(*value),
            Value::LightUserData(address) => Raw::light(*address),
            _ => return self.root().map_or(Ok(Raw::NIL), |root| root.value(&lua.vm)),
        })
    }

    pub(crate) fn mismatch(&self, expected: &'static str) -> Error {
        Error::conversion(expected, self.type_name())
    }
}

/// Values on their way into Rust: the arguments of a Rust function, the results of a Lua function.
pub struct Values {
    rest: std::vec::IntoIter<Value>,
    taken: usize,
}

impl Values {
    pub(crate) fn new(values: Vec<Value>) -> Values {
        Values { rest: values.into_iter(), taken: 0 }
    }

    /// Takes the next value, nil when there is none.
    pub fn take(&mut self) -> Value {
        self.taken += 1;
        self.rest.next().unwrap_or_default()
    }

    /// Position of the value that was taken last, from 1.
    pub fn position(&self) -> usize {
        self.taken
    }

    /// How many are left.
    #[expect(clippy::len_without_is_empty, reason = "a count of values, not a container")]
    pub fn len(&self) -> usize {
        self.rest.len()
    }
}
