//! The border between Rust and Lua: calls in both directions, and how errors and panics cross it.

use std::{
    any::Any,
    error::Error as StdError,
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    rc::Rc,
};

use super::{Context, Error, Result, RuntimeError, Value, Values, roots::Root};
use crate::{
    meta::Meta,
    native::{Args, NativeResult, Throw},
    value::Value as Raw,
    vm::Vm,
};

/// What a Rust function threw, for the case that it reaches Rust again.
pub(crate) enum Thrown {
    Cause(Rc<dyn StdError>),
    Panic(Box<dyn Any + Send>),
}

/// Owns what Rust code left in the heap. The collector must not unwind, so a panic of a destructor ends here, after
/// the panic hook has reported it.
pub(crate) struct Quiet<T>(ManuallyDrop<T>);

impl<T> Quiet<T> {
    pub(crate) fn new(value: T) -> Self {
        Quiet(ManuallyDrop::new(value))
    }
    pub(crate) fn get(&self) -> &T {
        &self.0
    }
}

impl<T> Drop for Quiet<T> {
    fn drop(&mut self) {
        // SAFETY: dropped here only, and not used afterwards.
        let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { ManuallyDrop::drop(&mut self.0) }));
        if let Err(payload) = dropped {
            // Its destructor could panic in turn.
            std::mem::forget(payload);
        }
    }
}

type Callback = dyn Fn(&mut Context, &mut Values) -> Result<Vec<Value>>;

/// A native that runs a Rust closure.
pub(crate) fn native(vm: &mut Vm, callback: impl Fn(&mut Context, &mut Values) -> Result<Vec<Value>> + 'static) -> Raw {
    let callback: Rc<Callback> = Rc::new(callback);
    let holder = vm.new_userdata(Box::new(Quiet::new(callback)), None);
    vm.new_native_with("Rust function", run, &[holder])
}

fn run(vm: &mut Vm, args: Args) -> NativeResult {
    let holder = args.upvalue(0).as_userdata();
    // A count of its own: the closure lives as long as it runs, whatever becomes of the Lua function meanwhile.
    let callback = holder.and_then(|holder| holder.data.downcast_ref::<Quiet<Rc<Callback>>>().map(|c| c.get().clone()));
    let Some(callback) = callback.map(Quiet::new) else { return Err(vm.throw("not a Rust function")) };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let lua = Context::of(vm);
        let arguments = (0..args.len()).map(|index| Value::of(lua, args.get(index))).collect();
        let results = callback.get()(lua, &mut Values::new(arguments))?;
        // From here on nothing runs that could collect; `results` keep the values alive until they are returned.
        let raw: Vec<Raw> = results.iter().map(|value| value.to_raw(lua)).collect::<Result<_>>()?;
        Ok((raw, results))
    }));
    vm.frame = args.frame();
    match outcome {
        Ok(Ok((raw, _results))) => vm.ret(args, &raw),
        Ok(Err(error)) => Err(throw(vm, args, error)),
        Err(payload) => {
            let text = panic_text(&*payload);
            let throw = vm.throw(format!("Rust function panicked: {text}"));
            vm.embed.thrown = Some((vm.embed.roots.add(vm.error), Thrown::Panic(payload)));
            Err(throw)
        }
    }
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "(no message)".to_owned(),
    }
}

/// Throws the Lua error that stands for a Rust one.
fn throw(vm: &mut Vm, args: Args, error: Error) -> Throw {
    let lua = Context::of(vm);
    match error {
        Error::Runtime(error) => match error.value.to_raw(lua) {
            Ok(value) => {
                let throw = vm.throw_value(value);
                if let Some(source) = error.source {
                    vm.embed.thrown = Some((vm.embed.roots.add(value), Thrown::Cause(source)));
                }
                throw
            }
            Err(foreign) => vm.throw(foreign.to_string()),
        },
        Error::Syntax { message, .. } => {
            let message = vm.new_string(message);
            vm.throw_value(message)
        }
        Error::Memory => vm.memory_error(),
        Error::Conversion { expected, got, argument: argument @ 1.. } => {
            // "nil" is what a function sees of an argument that was not passed.
            let got = if args.has(argument - 1) { &got } else { "no value" };
            vm.arg_error(args, argument - 1, format!("{expected} expected, got {got}"))
        }
        Error::External(cause) => {
            let throw = vm.throw(cause.to_string());
            vm.embed.thrown = Some((vm.embed.roots.add(vm.error), Thrown::Cause(cause)));
            throw
        }
        other => vm.throw(other.to_string()),
    }
}

impl Context {
    /// Runs `body`, which may call Lua, and catches what it throws: afterwards the VM is where it was before. Raw
    /// values that `body` returns are live until the next call into the VM.
    pub(crate) fn protect<T>(&mut self, body: impl FnOnce(&mut Vm) -> Result<T, Throw>) -> Result<T> {
        let vm = &mut self.vm;
        let (frame, top, depth) = (vm.frame, vm.top, vm.native_depth);
        let nonyieldable = vm.thread.nonyieldable;
        // Rust cannot be left and entered again in the middle: a yield is an error in here.
        vm.thread.get_mut().nonyieldable = nonyieldable + 1;
        let outcome = body(vm);
        vm.thread.get_mut().nonyieldable = nonyieldable;
        if let Ok(value) = outcome {
            return Ok(value);
        }
        let error = vm.embed.roots.add(vm.error);
        let (error_frame, error_top) = (vm.error_frame, vm.error_top);
        let traceback = vm.traceback(error_frame, 0, None);
        vm.native_depth = depth;
        vm.frame = frame;
        vm.top = error_top.max(top);
        let value = vm.unwind_to(top, vm.error);
        vm.frame = frame;
        vm.top = top;
        vm.settle_stack_limit();
        drop(error);
        let value = vm.embed.roots.add(value);
        Err(self.describe(value, String::from_utf8_lossy(&traceback).into_owned()))
    }

    /// Calls a function of this VM; the results are rooted.
    pub(crate) fn call_values(&mut self, function: Raw, arguments: &[Value]) -> Result<Values> {
        let raw: Vec<Raw> = arguments.iter().map(|value| value.to_raw(self)).collect::<Result<_>>()?;
        let results = self.protect(|vm| {
            let count = vm.call(function, &raw)? as usize;
            let results: Vec<Raw> = (0..count).map(|index| vm.result(index)).collect();
            let lua = Context::of_ref(vm);
            Ok(results.into_iter().map(|value| Value::of(lua, value)).collect())
        })?;
        Ok(Values::new(results))
    }

    /// The Rust error for an error value of Lua. A panic that has come this far goes on.
    pub(crate) fn describe(&mut self, value: Root, traceback: String) -> Error {
        let raw = match value.value(&self.vm) {
            Ok(raw) => raw,
            Err(error) => return error,
        };
        let mut source = None;
        match self.vm.embed.thrown.take() {
            Some((thrown, Thrown::Panic(payload))) if thrown == value => resume_unwind(payload),
            Some((thrown, Thrown::Cause(cause))) if thrown == value => source = Some(cause),
            other => self.vm.embed.thrown = other,
        }
        let message = if raw.is_string() || raw.is_number() || !self.vm.metamethod(raw, Meta::ToString).is_nil() {
            // A `__tostring` that throws leaves its own message.
            Value::of(self, raw).display(self).unwrap_or_else(|error| error.to_string())
        } else {
            format!("(error object is a {} value)", raw.type_name())
        };
        if Vm::is_memory_error(raw) {
            return Error::Memory;
        }
        let value = Value::of(self, raw);
        Error::Runtime(Box::new(RuntimeError { message, traceback, value, source }))
    }
}
