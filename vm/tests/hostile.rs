//! Programs that mean harm, in a sandbox and on a ration of fuel: none may bring the process down, and all end.
//!
//! A section of `hostile/endless.lua` has to be stopped; one of `hostile/bounded.lua` has to get to its `return true`.

use std::{sync::mpsc, thread, time::Duration};

use trinity_vm::{
    stdlib,
    vm::{Vm, VmOptions},
};

/// Ticks after which an endless program is stopped.
const RATION: u64 = 1_000_000;
/// Ticks that are plenty for every bounded one.
const PLENTY: u64 = 2_000_000_000;
/// What a bounded program may take, in a slow build on a busy machine.
const TIME_LIMIT: Duration = Duration::from_secs(600);

/// Names and texts of the sections of a file.
fn sections(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    text.split("\n--- ").skip(1).filter_map(|section| section.split_once('\n'))
}

/// Whether the program returned true, or its error; and the ticks that it took.
fn run(name: &str, source: &str, fuel: u64) -> (Result<bool, String>, u64) {
    let mut vm = Vm::new(&VmOptions { fuel: Some(fuel), ..VmOptions::default() });
    stdlib::open_sandboxed(&mut vm);
    let globals = vm.globals.into();
    let function = vm.load(source.as_bytes(), format!("={name}").as_bytes(), globals);
    let function = function.unwrap_or_else(|error| panic!("{name}: {}", String::from_utf8_lossy(&error.message)));
    let outcome = match vm.call_from_host(function.into(), &[]) {
        Ok(results) => Ok(results.first().is_some_and(|value| value.is_truthy())),
        Err(error) => Err(vm.to_display(error).map_or_else(|_| "?".into(), |text| text.to_str_lossy().into_owned())),
    };
    vm.close_state();
    let used = vm.fuel_used().expect("the fuel is limited");
    (outcome, used)
}

/// [`run`] on a thread of its own, for at most [`TIME_LIMIT`].
fn run_in_time(name: &'static str, source: &'static str, fuel: u64) -> (Result<bool, String>, u64) {
    let (send, receive) = mpsc::channel();
    let worker = thread::Builder::new().stack_size(16 << 20).spawn(move || send.send(run(name, source, fuel)));
    worker.expect("a thread starts");
    receive.recv_timeout(TIME_LIMIT).unwrap_or_else(|_| panic!("{name}: takes too long, or has panicked"))
}

#[test]
fn endless_programs_run_out_of_fuel() {
    for (name, source) in sections(include_str!("hostile/endless.lua")) {
        let (outcome, used) = run_in_time(name, source, RATION);
        let message = outcome.expect_err(name);
        assert!(message.ends_with("out of fuel"), "{name}: {message}");
        assert_eq!(used, RATION, "{name}");
    }
}

#[test]
fn bounded_programs_end_unharmed() {
    for (name, source) in sections(include_str!("hostile/bounded.lua")) {
        let (outcome, _) = run_in_time(name, source, PLENTY);
        assert_eq!(outcome, Ok(true), "{name}");
    }
}
