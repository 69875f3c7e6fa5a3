//! Coroutines (manual §6.2). Resume, yield and close are in [`crate::coroutine`].

use crate::{
    coroutine::{Resumed, yield_native},
    heap::Gc,
    native::{Args, NativeResult, Throw},
    stdlib::{args::Results, library},
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
    match vm.resume(thread, Results::of(args, 1).as_slice()) {
        Resumed::Yielded | Resumed::Returned => {
            let mut results = Results::new();
            results.push(Value::TRUE);
            for value in &vm.transfer {
                results.push(*value);
            }
            vm.ret(args, results.as_slice())
        }
        Resumed::Failed if vm.is_stopping() => Err(vm.throw_stop()),
        Resumed::Failed => {
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
    match vm.resume(thread, Results::of(args, 0).as_slice()) {
        Resumed::Yielded | Resumed::Returned => {
            // The vector keeps its room for the next transfer.
            let values = std::mem::take(&mut vm.transfer);
            let result = vm.ret(args, &values);
            vm.transfer = values;
            result
        }
        Resumed::Failed if vm.is_stopping() => Err(vm.throw_stop()),
        Resumed::Failed => {
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
