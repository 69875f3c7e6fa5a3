//! The interface of functions written in Rust: how they see their arguments, return results, throw and call.
//!
//! ```ignore
//! fn add(vm: &mut Vm, args: Args) -> NativeResult {
//!     let sum = vm.check_int(args, 0)?.wrapping_add(vm.check_int(args, 1)?);
//!     vm.ret1(args, Value::int(sum))
//! }
//! ```
//! Arguments are counted from 0 here and from 1 in messages.

use crate::{
    frame::{FRAME_OFFSET, Frame, FrameHeader, Status, status},
    function::Native,
    heap::Gc,
    interp,
    string::Str,
    table::Table,
    value::{Value, tag},
    vm::Vm,
};

/// Why a function did not return: the value is in the VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throw {
    /// An error is under way.
    Error,
    /// The running coroutine yields.
    Yield,
}

impl Throw {
    pub fn status(self) -> Status {
        match self {
            Throw::Error => status::THROW,
            Throw::Yield => status::YIELD,
        }
    }
    pub fn from_status(status: Status) -> Throw {
        if status == status::YIELD { Throw::Yield } else { Throw::Error }
    }
}

/// The number of results, which lie where the function was.
pub type NativeResult = Result<u32, Throw>;

/// A function written in Rust.
pub type NativeFn = fn(&mut Vm, Args) -> NativeResult;

/// The arguments of a native call.
#[derive(Clone, Copy)]
pub struct Args {
    base: *mut Value,
    count: u32,
}

impl Args {
    pub(crate) fn new(base: *mut Value, count: u32) -> Args {
        Args { base, count }
    }
    #[inline]
    #[expect(clippy::len_without_is_empty, reason = "a count of arguments, not a container")]
    pub fn len(self) -> usize {
        self.count as usize
    }
    /// Argument `index`, nil when absent.
    #[inline]
    pub fn get(self, index: usize) -> Value {
        if index < self.count as usize {
            // SAFETY: the frame of the running native holds `count` arguments.
            unsafe { *self.base.add(index) }
        } else {
            Value::NIL
        }
    }
    #[inline]
    pub fn has(self, index: usize) -> bool {
        index < self.count as usize
    }
    /// Overwrites an argument (keeps a replacement alive).
    pub fn set(self, index: usize, value: Value) {
        assert!(index < self.count as usize);
        // SAFETY: in range.
        unsafe { *self.base.add(index) = value };
    }
    /// Upvalue `index` of the running native.
    pub fn upvalue(self, index: usize) -> Value {
        // SAFETY: the frame of the running native is live; its function is a native.
        let function = unsafe { Frame(self.base).function() };
        function.as_native().and_then(|native| native.upvalues.get(index).copied()).unwrap_or(Value::NIL)
    }
    /// Replaces upvalue `index` of the running native, which must have it.
    pub fn set_upvalue(self, vm: &mut Vm, index: usize, value: Value) {
        // SAFETY: as in `upvalue`.
        let function = unsafe { Frame(self.base).function() };
        if let Some(native) = function.as_native() {
            vm.heap.barrier(&native.header, value);
            native.get_mut().upvalues[index] = value;
        }
    }
    /// One result: see [`Vm::ret1`].
    #[inline]
    pub(crate) fn ret1(self, value: impl Into<Value>) -> u32 {
        // SAFETY: the slot is the native's.
        unsafe { *self.results() = value.into() };
        1
    }
    /// The arguments from `from` on as results.
    #[inline]
    pub(crate) fn ret_from(self, from: usize) -> u32 {
        let count = self.len().saturating_sub(from);
        // SAFETY: the arguments are live, and results go to lower slots: each is read before it is overwritten.
        unsafe { interp::copy_few(self.results(), self.base.add(from.min(self.len())), count) };
        count as u32
    }
    /// Results that fit where function, header and arguments are.
    #[inline]
    pub(crate) fn ret<const N: usize>(self, values: [Value; N]) -> u32 {
        debug_assert!(N <= FRAME_OFFSET + self.len());
        for (index, value) in values.into_iter().enumerate() {
            // SAFETY: the slots from the function's on are the native's.
            unsafe { *self.results().add(index) = value };
        }
        N as u32
    }
    /// Where results go.
    pub(crate) fn results(self) -> *mut Value {
        // SAFETY: the function's slot is two below the arguments.
        unsafe { self.base.sub(FRAME_OFFSET) }
    }
    pub(crate) fn base(self) -> *mut Value {
        self.base
    }
    pub(crate) fn frame(self) -> Frame {
        Frame(self.base)
    }
    /// The arguments from `from` on, where they lie.
    pub(crate) fn from(&self, from: usize) -> &[Value] {
        let from = from.min(self.len());
        // SAFETY: the arguments are live as long as the native is, which alone has them.
        unsafe { std::slice::from_raw_parts(self.base.add(from), self.len() - from) }
    }
    /// The arguments from `from` on, copied out.
    pub fn to_vec(self, from: usize) -> Vec<Value> {
        (from..self.len()).map(|index| self.get(index)).collect()
    }
}

/// Universal entry of every native.
pub(crate) unsafe extern "C" fn native_entry(vm: *mut Vm, base: *mut Value, count: u64) -> Status {
    // SAFETY: the caller passes the running VM and a frame whose function is a native.
    unsafe {
        let native = Frame(base).function().native_unchecked();
        match (*vm).call_native(native.function, base, count as u32) {
            Ok(count) => i64::from(count),
            Err(throw) => throw.status(),
        }
    }
}

impl Vm {
    /// Runs a native whose frame is at `base`.
    ///
    /// # Errors
    /// What the native throws.
    ///
    /// # Safety
    /// A frame with `count` arguments has been laid out at `base`.
    #[inline]
    pub unsafe fn call_native(&mut self, function: NativeFn, base: *mut Value, count: u32) -> NativeResult {
        self.frame = Frame(base);
        // SAFETY: the arguments end there.
        self.top = unsafe { base.add(count as usize) };
        if self.top >= self.stack_limit {
            self.ensure_stack(self.top, 64)?;
        }
        if self.observer.hooked {
            // SAFETY: as the contract says.
            return unsafe { self.call_native_hooked(function, base, count) };
        }
        function(self, Args::new(base, count))
    }

    /// Runs the plain case of a native where there is one: the number of results, which lie where the function was, or
    /// [`status::DECLINED`].
    ///
    /// # Safety
    /// The native, a slot for a header, and `count` arguments lie on the stack, these from `base` on.
    #[inline]
    pub unsafe fn call_plain(&mut self, native: Gc<Native>, base: *mut Value, count: usize) -> Status {
        match native.plain {
            // SAFETY: as the contract says.
            Some(plain) if self.intrinsics.allowed => unsafe { plain(self, base, count as u64) },
            _ => status::DECLINED,
        }
    }

    /// No results.
    #[inline]
    pub fn ret0(&mut self, _args: Args) -> NativeResult {
        Ok(0)
    }

    /// One result.
    #[inline]
    pub fn ret1(&mut self, args: Args, value: impl Into<Value>) -> NativeResult {
        Ok(args.ret1(value))
    }

    /// Several results.
    ///
    /// # Errors
    /// When they do not fit the Lua stack.
    pub fn ret(&mut self, args: Args, values: &[Value]) -> NativeResult {
        // SAFETY: the slots from the function's on are the native's; room is made for the rest.
        let to = unsafe { args.base.sub(FRAME_OFFSET) };
        self.ensure_stack(to, values.len() + 1)?;
        // SAFETY: room was made.
        unsafe { interp::copy_few(to, values.as_ptr(), values.len()) };
        Ok(values.len() as u32)
    }

    /// The arguments from `from` on as results.
    ///
    /// # Errors
    /// None: results lie below the arguments.
    pub fn ret_args(&mut self, args: Args, from: usize) -> NativeResult {
        Ok(args.ret_from(from))
    }

    /// The first `count` results of the last [`Vm::call`] as results.
    ///
    /// # Errors
    /// None: results lie below those of the call.
    pub fn ret_results(&mut self, args: Args, count: usize) -> NativeResult {
        // SAFETY: the results of the call lie from `top` on, above the native's frame.
        unsafe { interp::copy_few(args.results(), self.top, count) };
        Ok(count as u32)
    }

    /// Keeps `value` alive until the running native returns.
    ///
    /// # Errors
    /// Stack overflow.
    pub fn push(&mut self, value: Value) -> Result<(), Throw> {
        self.ensure_stack(self.top, 2)?;
        // SAFETY: room was made.
        unsafe {
            *self.top = value;
            self.top = self.top.add(1);
        }
        Ok(())
    }

    /// Calls `function` from a native; a yield inside is an error. The results are read with [`Vm::result`].
    ///
    /// # Errors
    /// What the function throws.
    pub fn call(&mut self, function: Value, args: &[Value]) -> Result<u32, Throw> {
        self.thread.get_mut().nonyieldable += 1;
        let result = self.call_yieldable(function, args);
        self.thread.get_mut().nonyieldable -= 1;
        result
    }

    /// As [`Vm::call`], for a native that can be resumed after a yield inside.
    ///
    /// # Errors
    /// What the function throws.
    pub(crate) fn call_yieldable(&mut self, function: Value, args: &[Value]) -> Result<u32, Throw> {
        let caller = self.frame;
        let from = self.top;
        self.ensure_stack(from, args.len() + FRAME_OFFSET + 8)?;
        // SAFETY: room was made for function, header and arguments.
        let base = unsafe {
            *from = function;
            let base = from.add(FRAME_OFFSET);
            // Variables of a thread that is being closed have no caller.
            let prev = if caller.0.is_null() { 0 } else { base.offset_from(caller.0) as usize };
            Frame(base).header().write(Vm::call_header(prev));
            interp::copy_few(base, args.as_ptr(), args.len());
            base
        };
        let status = self.enter(base, args.len() as u64);
        if status < 0 {
            return Err(Throw::from_status(status));
        }
        self.frame = caller;
        self.top = from;
        Ok(status as u32)
    }

    /// Result `index` of the last [`Vm::call`]; valid until the next call or push.
    #[inline]
    pub fn result(&self, index: usize) -> Value {
        // SAFETY: results lie from `top` on.
        unsafe { *self.top.add(index) }
    }

    /// Calls and takes the first result.
    ///
    /// # Errors
    /// What the function throws.
    pub fn call1(&mut self, function: Value, args: &[Value]) -> Result<Value, Throw> {
        Ok(if self.call(function, args)? > 0 { self.result(0) } else { Value::NIL })
    }

    /// A new string.
    #[inline]
    pub fn new_string(&mut self, bytes: impl AsRef<[u8]>) -> Value {
        self.heap.string(bytes.as_ref()).into()
    }

    /// Throws `message` with the position of the Lua function that called the running native.
    pub fn throw(&mut self, message: impl AsRef<[u8]>) -> Throw {
        let mut text = self.where_(1);
        text.extend_from_slice(message.as_ref());
        self.error = self.new_string(text);
        self.note_error_place()
    }

    /// Throws any value.
    pub fn throw_value(&mut self, value: Value) -> Throw {
        self.error = value;
        self.note_error_place()
    }

    /// `bad argument #n to 'f' (message)`.
    pub fn arg_error(&mut self, args: Args, index: usize, message: impl AsRef<[u8]>) -> Throw {
        let text = self.arg_error_text(args.frame(), index, message.as_ref());
        self.throw(text)
    }

    /// `bad argument #n to 'f' (expected expected, got type)`.
    pub fn type_error(&mut self, args: Args, index: usize, expected: &str) -> Throw {
        let got = if args.has(index) { self.type_name_of(args.get(index)) } else { b"no value".to_vec() };
        let mut message = format!("{expected} expected, got ").into_bytes();
        message.extend(got);
        self.arg_error(args, index, message)
    }

    /// An integer argument; floats with integral values and numeric strings convert.
    ///
    /// # Errors
    /// `bad argument`.
    #[inline]
    pub fn check_int(&mut self, args: Args, index: usize) -> Result<i64, Throw> {
        let value = args.get(index);
        if value.is_int() {
            return Ok(value.raw_int());
        }
        match self.to_int(value) {
            Some(int) => Ok(int),
            None if self.to_number(value).is_some() => {
                Err(self.arg_error(args, index, "number has no integer representation"))
            }
            None => Err(self.type_error(args, index, "number")),
        }
    }

    /// # Errors
    /// `bad argument`.
    pub fn opt_int(&mut self, args: Args, index: usize, default: i64) -> Result<i64, Throw> {
        if args.get(index).is_nil() { Ok(default) } else { self.check_int(args, index) }
    }

    /// A number argument as a float.
    ///
    /// # Errors
    /// `bad argument`.
    #[inline]
    pub fn check_float(&mut self, args: Args, index: usize) -> Result<f64, Throw> {
        match self.check_number(args, index)? {
            value if value.is_int() => Ok(value.raw_int() as f64),
            value => Ok(value.raw_float()),
        }
    }

    /// A number argument, integer or float.
    ///
    /// # Errors
    /// `bad argument`.
    #[inline]
    pub fn check_number(&mut self, args: Args, index: usize) -> Result<Value, Throw> {
        let value = args.get(index);
        if value.is_number() {
            return Ok(value);
        }
        match self.to_number(value) {
            Some(number) => Ok(number),
            None => Err(self.type_error(args, index, "number")),
        }
    }

    /// A string argument; numbers convert (and replace the argument, which keeps the string alive).
    ///
    /// # Errors
    /// `bad argument`.
    #[inline]
    pub fn check_string(&mut self, args: Args, index: usize) -> Result<Gc<Str>, Throw> {
        let value = args.get(index);
        if let Some(string) = value.as_string() {
            return Ok(string);
        }
        if value.is_number() {
            let string = self.number_to_string(value);
            args.set(index, string.into());
            return Ok(string);
        }
        Err(self.type_error(args, index, "string"))
    }

    /// # Errors
    /// `bad argument`.
    #[inline]
    pub fn check_table(&mut self, args: Args, index: usize) -> Result<Gc<Table>, Throw> {
        match args.get(index).as_table() {
            Some(table) => Ok(table),
            None => Err(self.type_error(args, index, "table")),
        }
    }

    /// Any argument, nil included.
    ///
    /// # Errors
    /// `value expected`.
    pub fn check_any(&mut self, args: Args, index: usize) -> Result<Value, Throw> {
        if args.has(index) { Ok(args.get(index)) } else { Err(self.arg_error(args, index, "value expected")) }
    }

    /// A native function as a value.
    pub fn new_native(&mut self, name: &'static str, function: NativeFn) -> Value {
        self.heap.native(name, function, Box::new([])).into()
    }

    /// A native function with upvalues.
    pub fn new_native_with(&mut self, name: &'static str, function: NativeFn, upvalues: &[Value]) -> Value {
        self.heap.native(name, function, upvalues.into()).into()
    }

    /// Sets `table[name] = value`.
    pub fn set_field(&mut self, table: Gc<Table>, name: &str, value: impl Into<Value>) {
        let key = self.heap.string(name.as_bytes());
        table.get_mut().set_str(&mut self.heap, key, value.into());
    }

    /// Registers natives under their names.
    pub fn set_functions(&mut self, table: Gc<Table>, functions: &[(&'static str, NativeFn)]) {
        for (name, function) in functions {
            let value = self.new_native(name, *function);
            self.set_field(table, name, value);
        }
    }

    /// Raw write from a native.
    ///
    /// # Errors
    /// Nil and NaN cannot be keys; the message has no position.
    pub fn raw_set(&mut self, table: Gc<Table>, key: Value, value: Value) -> Result<(), Throw> {
        use crate::table::KeyError;
        table.get_mut().set(&mut self.heap, key, value).map_err(|error| match error {
            KeyError::Nil => self.runtime_error("table index is nil"),
            KeyError::Nan => self.runtime_error("table index is NaN"),
        })
    }

    /// Raw write of an integer key.
    #[inline]
    pub fn raw_set_int(&mut self, table: Gc<Table>, key: i64, value: Value) {
        table.get_mut().set_int(&mut self.heap, key, value);
    }

    pub fn call_header(prev: usize) -> FrameHeader {
        FrameHeader { pc: 0, prev: prev as u32, nil_tag: tag::NIL, flags: 0, spare: 0, varargs: 0 }
    }
}
