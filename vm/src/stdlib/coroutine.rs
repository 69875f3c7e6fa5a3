//! Coroutines (manual §6.2). Resume, yield and close are in [`crate::coroutine`].

use crate::{
    coroutine::yield_native,
    heap::Gc,
    interp,
    native::{Args, NativeResult, Throw},
    stdlib::library,
    thread::{Thread, ThreadStatus},
    value::Value,
    vm::Vm,
};

pub(super) fn open(vm: &mut Vm) {
    library(
        vm,
        "coroutine",
        &[
            ("close", close),
            ("create", create),
            ("isyieldable", isyieldable),
            ("resume", resume),
            ("running", running),
            ("status", status),
            ("wrap", wrap),
            ("yield", yield_native),
        ],
    );
}

/// What making a coroutine and freeing its stack costs.
const TICKS_PER_COROUTINE: usize = 64;

fn check_thread(vm: &mut Vm, args: Args, index: usize) -> Result<Gc<Thread>, Throw> {
    match args.get(index).as_thread() {
        Some(thread) => Ok(thread),
        None => Err(vm.type_error(args, index, "thread")),
    }
}

fn create(vm: &mut Vm, args: Args) -> NativeResult {
    let function = vm.check_function(args, 0)?;
    vm.charge(TICKS_PER_COROUTINE)?;
    let thread = vm.new_thread(function);
    vm.ret1(args, thread)
}

fn resume(vm: &mut Vm, args: Args) -> NativeResult {
    let thread = check_thread(vm, args, 0)?;
    let passed = vm.resume(thread, args.from(1), |vm, values| {
        let to = args.results();
        vm.ensure_stack(to, values.len() + 2)?;
        // SAFETY: room was made; the values lie on another stack.
        unsafe {
            *to = Value::TRUE;
            interp::copy_few(to.add(1), values.as_ptr(), values.len());
        }
        Ok(1 + values.len() as u32)
    });
    match passed {
        Some(results) => results,
        None if vm.is_stopping() => Err(vm.throw_stop()),
        None => {
            let error = vm.error;
            vm.ret(args, &[Value::FALSE, error])
        }
    }
}

fn wrap(vm: &mut Vm, args: Args) -> NativeResult {
    let function = vm.check_function(args, 0)?;
    vm.charge(TICKS_PER_COROUTINE)?;
    let thread = vm.new_thread(function);
    let wrapper = vm.new_native_with("wrap", resume_wrapped, &[thread.into()]);
    vm.ret1(args, wrapper)
}

/// The function that `wrap` returns: errors propagate, with a position in front of messages.
fn resume_wrapped(vm: &mut Vm, args: Args) -> NativeResult {
    let Some(thread) = args.upvalue(0).as_thread() else { return vm.ret0(args) };
    match vm.resume(thread, args.from(0), |vm, values| vm.ret(args, values)) {
        Some(results) => results,
        None if vm.is_stopping() => Err(vm.throw_stop()),
        None => {
            let mut error = vm.error;
            if thread.status == ThreadStatus::Dead && !vm.close_thread(thread) {
                error = vm.error;
            }
            if let Some(message) = error.as_string().filter(|_| !Vm::is_memory_error(error)) {
                let message = [&vm.where_(1)[..], message.as_bytes()].concat();
                error = vm.new_string(message);
            }
            Err(vm.throw_value(error))
        }
    }
}

fn status_name(vm: &Vm, thread: Gc<Thread>) -> &'static str {
    if thread == vm.current_thread() {
        return "running";
    }
    match thread.status {
        ThreadStatus::Suspended => "suspended",
        ThreadStatus::Running => "running",
        ThreadStatus::Normal => "normal",
        ThreadStatus::Dead => "dead",
    }
}

fn status(vm: &mut Vm, args: Args) -> NativeResult {
    let thread = check_thread(vm, args, 0)?;
    let name = status_name(vm, thread);
    let name = vm.new_string(name);
    vm.ret1(args, name)
}

fn close(vm: &mut Vm, args: Args) -> NativeResult {
    let thread = check_thread(vm, args, 0)?;
    match status_name(vm, thread) {
        "suspended" | "dead" => {}
        status => return Err(vm.throw(format!("cannot close a {status} coroutine"))),
    }
    if vm.close_thread(thread) {
        vm.ret1(args, true)
    } else {
        let error = vm.error;
        vm.ret(args, &[Value::FALSE, error])
    }
}

fn running(vm: &mut Vm, args: Args) -> NativeResult {
    let thread = vm.current_thread();
    let is_main = thread.is_main;
    vm.ret(args, &[thread.into(), Value::bool(is_main)])
}

fn isyieldable(vm: &mut Vm, args: Args) -> NativeResult {
    let yieldable = if args.has(0) {
        let thread = check_thread(vm, args, 0)?;
        !thread.is_main && thread.nonyieldable == 0
    } else {
        vm.is_yieldable()
    };
    vm.ret1(args, yieldable)
}
