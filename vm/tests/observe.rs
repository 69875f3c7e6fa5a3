//! Fuel and interruption as a host meets them.

use std::{sync::mpsc, thread, time::Duration};

use trinity_vm::{
    stdlib,
    vm::{Vm, VmOptions},
};

fn new_vm(fuel: Option<u64>) -> Box<Vm> {
    let mut vm = Vm::new(&VmOptions { fuel, ..VmOptions::default() });
    stdlib::open(&mut vm);
    vm
}

/// The first result of a chunk as an integer (0 if it is none), or its error as text.
fn run(vm: &mut Vm, source: &str) -> Result<i64, String> {
    let globals = vm.globals.into();
    let function = vm.load(source.as_bytes(), b"=test", globals).expect("the chunk compiles");
    match vm.call_from_host(function.into(), &[]) {
        Ok(results) => Ok(results.first().and_then(|value| value.to_int_no_string()).unwrap_or(0)),
        Err(error) => Err(vm.to_display(error).expect("the error can be shown").to_str_lossy().into_owned()),
    }
}

#[test]
fn ticks_are_instructions() {
    let mut vm = new_vm(Some(1_000));
    run(&mut vm, "local x = 1").expect("there is fuel");
    // The adjustment of variable arguments, the constant, the return.
    assert_eq!((vm.fuel_used(), vm.fuel_left()), (Some(3), Some(997)));
    run(&mut vm, "for i = 1, 100 do end").expect("there is fuel");
    assert_eq!(vm.fuel_used(), Some(3 + 6 + 100));
}

#[test]
fn work_of_the_library_takes_fuel() {
    for (source, least) in [
        ("return ('x'):rep(16000)", 1_000),
        ("return (('x'):rep(16000)):upper()", 2_000),
        ("return ('x'):rep(100):find('.-.-y')", 1_000),
        ("return #table.pack(('x'):byte(1, 1))", 1),
        ("local t = {} for i = 1, 1000 do t[i] = -i end table.sort(t)", 10_000),
        ("return load(('x = 1 '):rep(1000))", 2_000),
    ] {
        let mut vm = new_vm(Some(1_000_000));
        run(&mut vm, source).expect("there is fuel");
        assert!(vm.fuel_used() > Some(least), "{source}: {:?}", vm.fuel_used());
    }
}

#[test]
fn ticks_are_the_same_in_every_run() {
    let source = "local t = {}
        for i = 1, 20000 do t[i % 977 .. 'x'] = {i, tostring(i), i * 0.5} end
        for k, v in pairs(t) do t[k] = nil end
        setmetatable({}, {__gc = function() for i = 1, 100 do t[i] = i end end})
        collectgarbage()
        local s = ('abc'):rep(1000):gsub('b', {b = 'd'})
        table.sort(t)
        local co = coroutine.wrap(function() for i = 1, 100 do coroutine.yield(i) end end)
        for i = 1, 100 do co() end
        return #s";
    let ticks: Vec<_> = (0..3)
        .map(|_| {
            let mut vm = new_vm(Some(u64::MAX));
            assert_eq!(run(&mut vm, source), Ok(3000));
            vm.close_state();
            vm.fuel_used()
        })
        .collect();
    assert!(ticks.iter().all(|used| *used == ticks[0]), "{ticks:?}");
}

#[test]
fn a_program_that_is_out_of_fuel_ends_and_the_next_one_may_run() {
    let mut vm = new_vm(None);
    assert_eq!(vm.fuel_left(), None);
    vm.set_fuel(Some(10_000));
    let source = "local n = 0
        while true do pcall(function() while true do n = n + 1 end end) end";
    assert_eq!(run(&mut vm, source), Err("test:2: out of fuel".to_owned()));
    assert_eq!(run(&mut vm, "return 1"), Err("test:2: out of fuel".to_owned()));
    vm.set_fuel(Some(10_000));
    assert_eq!(run(&mut vm, "return 1"), Ok(1));
    vm.set_fuel(None);
    assert_eq!(run(&mut vm, "local n = 0 for i = 1, 100000 do n = n + 1 end return n"), Ok(100_000));
}

#[test]
fn another_thread_can_end_any_program() {
    for source in [
        "while true do end",
        "local function f() return f() end f()",
        "while true do pcall(function() while true do end end) end",
        "collectgarbage('stop') while true do end",
        "string.find(('a'):rep(60), ('a-'):rep(40) .. 'b')",
        "coroutine.wrap(function() while true do end end)()",
        "local t = {} for i = 1, 1000 do t[i] = i % 7 end
         while true do table.sort(t, function(a, b) return a < b end) end",
    ] {
        let mut vm = new_vm(None);
        let handle = vm.interrupt_handle();
        let (started, start) = mpsc::channel();
        let watchdog = thread::spawn(move || {
            start.recv().expect("the program starts");
            thread::sleep(Duration::from_millis(30));
            handle.interrupt();
            handle
        });
        started.send(()).expect("the watchdog waits");
        let message = run(&mut vm, source).expect_err(source);
        assert!(message.ends_with("interrupted!"), "{source}: {message}");
        let handle = watchdog.join().expect("the watchdog ends");
        assert_eq!(run(&mut vm, "return 1"), Ok(1), "the VM may run again");
        drop(vm);
        handle.interrupt();
    }
}
