//! Reading arguments: conventions that several libraries share.

use crate::{
    heap::Gc,
    native::{Args, Throw},
    string::{MAX_SHORT, Str},
    value::Value,
    vm::Vm,
};

impl Vm {
    /// A string argument, `None` when absent or nil.
    ///
    /// # Errors
    /// `bad argument`.
    pub(super) fn opt_string(&mut self, args: Args, index: usize) -> Result<Option<Gc<Str>>, Throw> {
        if args.get(index).is_nil() { Ok(None) } else { self.check_string(args, index).map(Some) }
    }

    /// An argument that must be a function.
    ///
    /// # Errors
    /// `bad argument`.
    pub(super) fn check_function(&mut self, args: Args, index: usize) -> Result<Value, Throw> {
        let value = args.get(index);
        if value.is_function() { Ok(value) } else { Err(self.type_error(args, index, "function")) }
    }

    /// The position in `options` of a string argument; `default` when absent or nil.
    ///
    /// # Errors
    /// `bad argument`: not a string, or not one of the options.
    pub(super) fn check_option(
        &mut self,
        args: Args,
        index: usize,
        default: Option<usize>,
        options: &[&str],
    ) -> Result<usize, Throw> {
        if let (Some(default), true) = (default, args.get(index).is_nil()) {
            return Ok(default);
        }
        let name = self.check_string(args, index)?;
        let found = options.iter().position(|option| option.as_bytes() == name.as_bytes());
        found.ok_or_else(|| {
            let message = [b"invalid option '", name.as_bytes(), b"'"].concat();
            self.arg_error(args, index, message)
        })
    }

    /// A new string of `len` bytes, written by `fill` (which sees zeroes), without an intermediate copy when long.
    pub(super) fn build_string(&mut self, len: usize, fill: impl FnOnce(&mut [u8])) -> Value {
        if len > MAX_SHORT {
            return self.heap.long_string(len, fill).into();
        }
        let mut buffer = [0; MAX_SHORT];
        fill(&mut buffer[..len]);
        self.heap.string(&buffer[..len]).into()
    }
}

/// Values collected for [`Vm::ret`] (or a call) without allocating when they are few.
pub(super) struct Results {
    few: [Value; 16],
    many: Vec<Value>,
    len: usize,
}

impl Results {
    pub(super) fn new() -> Self {
        Self { few: [Value::NIL; 16], many: Vec::new(), len: 0 }
    }

    #[inline]
    pub(super) fn push(&mut self, value: Value) {
        if self.len < self.few.len() {
            self.few[self.len] = value;
        } else {
            if self.many.is_empty() {
                self.many.extend_from_slice(&self.few);
            }
            self.many.push(value);
        }
        self.len += 1;
    }

    pub(super) fn as_slice(&self) -> &[Value] {
        if self.len <= self.few.len() { &self.few[..self.len] } else { &self.many }
    }
}

/// A string position from the front (manual §6.4: negative ones count from the end), clamped to 1 from below.
pub(super) fn start_position(position: i64, len: usize) -> usize {
    match position {
        1.. => position as usize,
        0 => 1,
        _ if position < -(len as i64) => 1,
        _ => (len as i64 + position + 1) as usize,
    }
}

/// The position of a string's last byte to take, clamped to `0..=len`.
pub(super) fn end_position(position: i64, len: usize) -> usize {
    if position > len as i64 {
        len
    } else if position >= 0 {
        position as usize
    } else if position < -(len as i64) {
        0
    } else {
        (len as i64 + position + 1) as usize
    }
}
