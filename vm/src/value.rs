//! Values: 16 bytes, 8 of payload and 1 of tag. Compiled code reads and writes both by offset.

use crate::{
    function::{Closure, Native},
    heap::Gc,
    string::Str,
    table::Table,
    thread::Thread,
    userdata::Userdata,
};

/// Type tags. The order matters: `tag < TRUE` is falsy, `tag >= FIRST_HEAP` points into the heap.
pub mod tag {
    pub const NIL: u8 = 0;
    pub const FALSE: u8 = 1;
    pub const TRUE: u8 = 2;
    pub const INT: u8 = 3;
    pub const FLOAT: u8 = 4;
    pub const LIGHT: u8 = 5;
    pub const STRING: u8 = 6;
    pub const TABLE: u8 = 7;
    /// A Lua closure.
    pub const CLOSURE: u8 = 8;
    /// A Rust function.
    pub const NATIVE: u8 = 9;
    pub const USERDATA: u8 = 10;
    pub const THREAD: u8 = 11;
    pub const FIRST_HEAP: u8 = STRING;
}

/// A Lua value.
///
/// INVARIANT: `tag` says what `bits` is; nil and booleans have `bits == 0`, so that two values of one
/// non-float, non-string type are raw-equal exactly when `bits` and `tag` are.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Value {
    pub bits: u64,
    pub tag: u8,
}

const _: () = assert!(size_of::<Value>() == 16);

impl Value {
    pub const NIL: Value = Value { bits: 0, tag: tag::NIL };
    pub const FALSE: Value = Value { bits: 0, tag: tag::FALSE };
    pub const TRUE: Value = Value { bits: 0, tag: tag::TRUE };

    #[inline(always)]
    pub const fn bool(value: bool) -> Self {
        Value { bits: 0, tag: tag::FALSE + value as u8 }
    }
    #[inline(always)]
    pub const fn int(value: i64) -> Self {
        Value { bits: value as u64, tag: tag::INT }
    }
    #[inline(always)]
    pub const fn float(value: f64) -> Self {
        Value { bits: value.to_bits(), tag: tag::FLOAT }
    }
    #[inline(always)]
    pub const fn light(pointer: usize) -> Self {
        Value { bits: pointer as u64, tag: tag::LIGHT }
    }

    #[inline(always)]
    pub const fn is_nil(self) -> bool {
        self.tag == tag::NIL
    }
    #[inline(always)]
    pub const fn is_falsy(self) -> bool {
        self.tag < tag::TRUE
    }
    #[inline(always)]
    pub const fn is_truthy(self) -> bool {
        self.tag >= tag::TRUE
    }
    #[inline(always)]
    pub const fn is_int(self) -> bool {
        self.tag == tag::INT
    }
    #[inline(always)]
    pub const fn is_float(self) -> bool {
        self.tag == tag::FLOAT
    }
    #[inline(always)]
    pub const fn is_number(self) -> bool {
        self.tag == tag::INT || self.tag == tag::FLOAT
    }
    #[inline(always)]
    pub const fn is_string(self) -> bool {
        self.tag == tag::STRING
    }
    #[inline(always)]
    pub const fn is_table(self) -> bool {
        self.tag == tag::TABLE
    }
    #[inline(always)]
    pub const fn is_function(self) -> bool {
        self.tag == tag::CLOSURE || self.tag == tag::NATIVE
    }
    #[inline(always)]
    pub const fn is_heap(self) -> bool {
        self.tag >= tag::FIRST_HEAP
    }

    /// The payload as an integer; meaningful when `is_int`.
    #[inline(always)]
    pub const fn raw_int(self) -> i64 {
        self.bits as i64
    }
    /// The payload as a float; meaningful when `is_float`.
    #[inline(always)]
    pub const fn raw_float(self) -> f64 {
        f64::from_bits(self.bits)
    }

    /// Name of the basic type, as `type` returns it.
    pub const fn type_name(self) -> &'static str {
        match self.tag {
            tag::NIL => "nil",
            tag::FALSE | tag::TRUE => "boolean",
            tag::INT | tag::FLOAT => "number",
            tag::STRING => "string",
            tag::TABLE => "table",
            tag::CLOSURE | tag::NATIVE => "function",
            tag::THREAD => "thread",
            _ => "userdata",
        }
    }

    /// Primitive equality (`rawequal`): numbers by mathematical value, strings by content, the rest by identity.
    #[inline]
    pub fn raw_equals(self, other: Value) -> bool {
        if self.tag == other.tag {
            match self.tag {
                tag::FLOAT => self.raw_float() == other.raw_float(),
                tag::STRING => self.bits == other.bits || self.string_unchecked().equals_long(other.string_unchecked()),
                _ => self.bits == other.bits,
            }
        } else {
            match (self.tag, other.tag) {
                (tag::INT, tag::FLOAT) => self.raw_int() as f64 == other.raw_float() && int_float_exact(self, other),
                (tag::FLOAT, tag::INT) => other.raw_int() as f64 == self.raw_float() && int_float_exact(other, self),
                _ => false,
            }
        }
    }

    /// The float as an integer when it has an exact integer representation.
    #[inline]
    pub fn float_to_int_exact(float: f64) -> Option<i64> {
        // 2^63 is exact in f64 and the first value that does not fit.
        if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&float) {
            let int = float as i64;
            (int as f64 == float).then_some(int)
        } else {
            None
        }
    }

    /// An integer, or a float with an integral value (no strings).
    #[inline]
    pub fn to_int_no_string(self) -> Option<i64> {
        match self.tag {
            tag::INT => Some(self.raw_int()),
            tag::FLOAT => Self::float_to_int_exact(self.raw_float()),
            _ => None,
        }
    }

    /// A number as a float (no strings).
    #[inline]
    pub fn to_float_no_string(self) -> Option<f64> {
        match self.tag {
            tag::INT => Some(self.raw_int() as f64),
            tag::FLOAT => Some(self.raw_float()),
            _ => None,
        }
    }
}

/// `int as f64 == float` may hold only by rounding above 2^53: compare in integers.
fn int_float_exact(int: Value, float: Value) -> bool {
    Value::float_to_int_exact(float.raw_float()) == Some(int.raw_int())
}

macro_rules! heap_type {
    ($type:ty, $tag:expr, $as:ident, $unchecked:ident) => {
        impl From<Gc<$type>> for Value {
            #[inline(always)]
            fn from(gc: Gc<$type>) -> Value {
                Value { bits: gc.address() as u64, tag: $tag }
            }
        }
        impl Value {
            #[inline(always)]
            pub fn $as(self) -> Option<Gc<$type>> {
                if self.tag == $tag { Some(self.$unchecked()) } else { None }
            }
            /// The tag must have been checked.
            #[inline(always)]
            pub(crate) fn $unchecked(self) -> Gc<$type> {
                debug_assert!(self.tag == $tag);
                // SAFETY: by the invariant of `Value`, a value with this tag holds the address of such an object.
                unsafe { Gc::from_address(self.bits as usize) }
            }
        }
    };
}

heap_type!(Str, tag::STRING, as_string, string_unchecked);
heap_type!(Table, tag::TABLE, as_table, table_unchecked);
heap_type!(Closure, tag::CLOSURE, as_closure, closure_unchecked);
heap_type!(Native, tag::NATIVE, as_native, native_unchecked);
heap_type!(Userdata, tag::USERDATA, as_userdata, userdata_unchecked);
heap_type!(Thread, tag::THREAD, as_thread, thread_unchecked);

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::int(value)
    }
}
impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Value::float(value)
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::bool(value)
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.tag {
            tag::NIL => f.write_str("nil"),
            tag::FALSE => f.write_str("false"),
            tag::TRUE => f.write_str("true"),
            tag::INT => write!(f, "{}", self.raw_int()),
            tag::FLOAT => write!(f, "{:?}", self.raw_float()),
            tag::STRING => write!(f, "{:?}", String::from_utf8_lossy(self.string_unchecked().as_bytes())),
            _ => write!(f, "{}({:#x})", self.type_name(), self.bits),
        }
    }
}
