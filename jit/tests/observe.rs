//! Observation that begins while compiled code runs.

#[allow(dead_code, reason = "each user of the module needs a part of it")]
mod support;

use std::{thread, time::Duration};

use support::{Mode, prepare};
use trinity_vm::vm::{Vm, VmOptions};

/// Loops and calls without end, which the interrupt has to leave in compiled code.
const ENDLESS: [&str; 5] = [
    "while true do end",
    "local n = 0 for i = 1, math.maxinteger do n = n + i % 7 end",
    "local function f(n) if n == 0 then return 0 end return f(n - 1) + 1 end while true do f(100) end",
    "local t = {} while true do t[1] = {} end",
    "local function f() local n = 0 while true do pcall(function() for i = 1, 1000 do n = n + 1 end end) end end f()",
];

#[test]
fn an_interrupt_ends_compiled_loops() {
    for mode in [Mode::Interpreter, Mode::Tier1, Mode::Tier1Warm, Mode::Tier2, Mode::Tier2Warm] {
        for source in ENDLESS {
            let mut vm = Vm::new(&VmOptions::default());
            prepare(&mut vm, mode);
            let globals = vm.globals.into();
            let function = vm.load(source.as_bytes(), b"=test", globals).expect("the chunk compiles");
            let handle = vm.interrupt_handle();
            let watchdog = thread::spawn(move || {
                thread::sleep(Duration::from_millis(100));
                handle.interrupt();
            });
            let error = vm.call_from_host(function.into(), &[]).expect_err(source);
            let message = vm.to_display(error).expect("the error can be shown").to_str_lossy().into_owned();
            assert!(message.ends_with("interrupted!"), "{mode:?}, {source}: {message}");
            watchdog.join().expect("the watchdog ends");
        }
    }
}

#[test]
fn fuel_that_is_granted_while_compiled_code_runs_counts() {
    for mode in [Mode::Tier1, Mode::Tier1Warm, Mode::Tier2, Mode::Tier2Warm] {
        let mut vm = Vm::new(&VmOptions::default());
        prepare(&mut vm, mode);
        let globals = vm.globals;
        vm.set_functions(
            globals,
            &[("limit", |vm, args| {
                vm.set_fuel(Some(10_000));
                vm.ret0(args)
            })],
        );
        let source = b"local function work(n) local s = 0 for i = 1, n do s = s + i end return s end
            for i = 1, 50 do work(100) end
            limit()
            while true do work(100) end";
        let function = vm.load(source, b"=test", globals.into()).expect("the chunk compiles");
        let error = vm.call_from_host(function.into(), &[]).expect_err("the loop is endless");
        let message = vm.to_display(error).expect("the error can be shown").to_str_lossy().into_owned();
        assert!(message.ends_with("out of fuel"), "{mode:?}: {message}");
    }
}
