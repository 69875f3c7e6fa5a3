//! Conversion between values and text, and the identities that `tostring` shows.

use std::collections::HashMap;

use crate::{
    front::number::{Number, parse_number},
    heap::Gc,
    meta::Meta,
    native::Throw,
    string::Str,
    text,
    value::{Value, tag},
    vm::Vm,
};

/// Numbers given to objects when they are first observed, so that no address is.
#[derive(Default)]
pub(crate) struct Identities {
    numbers: HashMap<u64, u64>,
    next: u64,
    /// What they are charged as: 0 or a power of two. The map's own capacity depends on hashes.
    room: usize,
}

impl Identities {
    /// The number of the object at `address`.
    pub(crate) fn of(&mut self, address: u64) -> u64 {
        let next = &mut self.next;
        if self.numbers.len() >= self.room {
            self.room = (self.room * 2).max(4);
        }
        *self.numbers.entry(address).or_insert_with(|| {
            *next += 1;
            // Shaped like an address, because programs parse it.
            0x5500_0000_0000 + *next * 0x20
        })
    }

    /// The object at `address` is being freed.
    #[cold]
    pub(crate) fn forget(&mut self, address: u64) {
        self.numbers.remove(&address);
    }

    pub(crate) fn shrink(&mut self) {
        if self.room / 16 > self.numbers.len().max(64) {
            self.numbers.shrink_to_fit();
            self.room = (self.numbers.len() + 1).next_power_of_two();
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.room * (size_of::<(u64, u64)>() + 1)
    }
}

impl Vm {
    /// `%p`-like identity of a heap value: stable while it lives, and independent of where it lies.
    pub fn identity(&mut self, value: Value) -> u64 {
        if value.is_heap() { self.heap.identity(value) } else { value.bits }
    }

    /// Appends a number as `tostring` shows it.
    pub fn write_number(&self, value: Value, out: &mut Vec<u8>) {
        if value.is_int() {
            text::number::write_int(value.raw_int(), out);
        } else {
            text::number::write_float(value.raw_float(), out);
        }
    }

    pub fn number_to_string(&mut self, value: Value) -> Gc<Str> {
        let mut buffer = Vec::with_capacity(24);
        self.write_number(value, &mut buffer);
        self.heap.string(&buffer)
    }

    /// A number, or a string that converts to one.
    pub fn to_number(&self, value: Value) -> Option<Value> {
        match value.tag {
            tag::INT | tag::FLOAT => Some(value),
            tag::STRING => parse_number(value.string_unchecked().as_bytes()).map(|number| match number {
                Number::Int(int) => Value::int(int),
                Number::Float(float) => Value::float(float),
            }),
            _ => None,
        }
    }

    /// An integer, a float with an integral value, or a string that converts to one.
    pub fn to_int(&self, value: Value) -> Option<i64> {
        self.to_number(value)?.to_int_no_string()
    }

    /// `tostring(value)`.
    ///
    /// # Errors
    /// What `__tostring` throws, or its result is not a string.
    pub fn to_display(&mut self, value: Value) -> Result<Gc<Str>, Throw> {
        let handler = self.metamethod(value, Meta::ToString);
        if !handler.is_nil() {
            let result = self.call1(handler, &[value])?;
            if result.is_number() {
                return Ok(self.number_to_string(result));
            }
            return result.as_string().ok_or(()).map_err(|()| self.throw("'__tostring' must return a string"));
        }
        let text = match value.tag {
            tag::STRING => return Ok(value.string_unchecked()),
            tag::INT | tag::FLOAT => return Ok(self.number_to_string(value)),
            tag::NIL => b"nil".to_vec(),
            tag::FALSE => b"false".to_vec(),
            tag::TRUE => b"true".to_vec(),
            _ => {
                let mut name = match value.tag {
                    tag::TABLE | tag::USERDATA => match self.metamethod(value, Meta::Name).as_string() {
                        Some(name) => name.as_bytes().to_vec(),
                        None => value.type_name().into(),
                    },
                    _ => value.type_name().into(),
                };
                let identity = self.identity(value);
                name.extend_from_slice(format!(": {identity:#x}").as_bytes());
                name
            }
        };
        Ok(self.heap.string(&text))
    }
}
