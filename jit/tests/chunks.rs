//! Binary chunks that were changed, and that the checks of bytecode let pass, in the compiled tiers: they do what they
//! do in the interpreter.

#[path = "../../vm/tests/chunks/mod.rs"]
mod chunks;
#[allow(dead_code, reason = "each user of the module needs a part of it")]
mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use chunks::{PROGRAMS, Random, change, change_code};
use support::{Mode, compile_in};
use trinity_vm::{
    bytecode::{FnUnit, disassemble, dump},
    front::compile,
    value::Value,
    vm::{Vm, VmOptions},
};

/// Programs with loops that the optimiser has something to do in.
const LOOPS: [&str; 6] = [
    r#"
    local a, b, c = ...
    local t, sum = {}, 0
    for i = 1, 20 do t[i] = i * 2 end
    for i = 1, #t do sum = sum + t[i] end
    for i = 20, 1, -1 do t[i] = t[i] + sum // i end
    local i = 1
    while t[i] and i < 15 do if t[i] % 3 == 0 then sum = sum - t[i] else sum = sum + i end i = i + 1 end
    return sum, i, t[1], t[20], a, b
    "#,
    r#"
    local x, y, n = 0.5, 1.5, 0
    repeat
      local u <const> = x * y
      x, y = y, u + n
      n = n + 1
    until n > 12 or x > 100.0
    for f = 0.0, 1.0, 0.25 do x = x + f if f == y then break end end
    return x, y, n, -x, x < y, x <= n, n ~= y
    "#,
    r#"
    local a, b, c = ...
    local p = {x = 1, y = 2.5, name = "p"}
    local function get(self, k) return self.x + k end
    p.get = get
    local s = 0
    for i = 1, 16 do
      p.x = p.x + 1
      s = s + p:get(i) + get(p, 1)
      if i == 9 then p.y = "text" elseif i == 12 then p.z = i end
      c[i] = p.y
    end
    return s, p.x, p.y, p.z, c[9], #c
    "#,
    r#"
    local up, calls = 1, 0
    local function add(n) up = up + n calls = calls + 1 return up, calls end
    local fs = {}
    for i = 1, 12 do
      local j = i
      fs[i] = function(k) j = j + k return j end
      local u, v = add(j)
      up = fs[i](u) - v
    end
    local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
    local function loop(n, acc) if n == 0 then return acc end return loop(n - 1, acc + n) end
    return up, calls, fib(9), loop(20, 0), fs[3](1), fs[12](2)
    "#,
    r#"
    local function iter(limit, i) if i < limit then return i + 1, i * 2 end end
    local s, k = "", 0
    for i, d in iter, 10, 0 do
      for j = 1, 3 do
        if d > 9 and j == 2 then goto continue end
        k = k + j * d & 255 | 1
        ::continue::
      end
      s = s .. i .. (d == 4 and "!" or "")
    end
    local function va(...) local a, b = ... return b, a, ... end
    return s, k, va(s, k, not s), (va(1))
    "#,
    r#"
    local a, b, c, f = ...
    local t = {}
    for i = 1, 10 do
      local row = {}
      for j = 1, 10 do row[j] = i == j and 1.0 or 0 end
      t[i] = row
    end
    local tr = 0
    for i = 1, 10 do local row = t[i] for j = 1, 10 do tr = tr + row[j] * t[j][i] end end
    t[3][3] = nil
    t[11] = c
    for i = 1, 11 do if t[i][3] == nil then tr = tr - 1 end end
    return tr, #t, t[1][1], t[1][2], t.x
    "#,
];

/// How the chunks are run, beside in the interpreter.
const MODES: [Mode; 5] = [Mode::Tier1, Mode::SinglePass, Mode::Tier2, Mode::Tier2Warm, Mode::Mixed];
/// How often a chunk is called: often enough for every mode to compile it.
const CALLS: usize = 7;
/// After which a program is interrupted.
const PATIENCE: Duration = Duration::from_millis(20);
/// After which it has not reacted.
const TIME_LIMIT: Duration = Duration::from_secs(60);

fn shown(vm: &mut Vm, value: Value) -> String {
    match value.type_name() {
        // No library is open, so strings have no metatable.
        "string" | "number" | "nil" | "boolean" => {
            vm.to_display(value).map_or_else(|_| "?".into(), |text| text.to_str_lossy().into_owned())
        }
        other => other.into(),
    }
}

/// What each call of the chunk does, until one does not end by itself. The number of the run is odd while it lasts.
fn run(unit: &FnUnit, mode: Mode, run_number: &Arc<AtomicU64>) -> Vec<String> {
    let mut vm = Vm::new(&VmOptions { native_stack: 12 << 20, memory_limit: Some(32 << 20), ..VmOptions::default() });
    compile_in(&mut vm, mode);
    let (handle, current) = (vm.interrupt_handle(), Arc::clone(run_number));
    let number = run_number.fetch_add(1, Ordering::SeqCst) + 1;
    let watchdog = thread::spawn(move || {
        let mut waited = Duration::ZERO;
        let is_running = || current.load(Ordering::SeqCst) == number;
        while is_running() {
            thread::park_timeout(PATIENCE);
            waited += PATIENCE;
            if is_running() {
                handle.interrupt();
            }
            if waited > TIME_LIMIT {
                eprintln!("run {number} does not end");
                std::process::abort();
            }
        }
    });
    let env = Value::from(vm.heap.table());
    let function = Value::from(vm.instantiate(unit.clone(), env));
    let mut outcomes = Vec::new();
    for call in 0..CALLS {
        let values = [Value::int(1), Value::float(2.0), Value::from(vm.heap.table()), function];
        let values = if call == 1 { &[][..] } else { &values };
        let outcome = match vm.call_from_host(function, values) {
            Ok(results) => results.iter().map(|value| shown(&mut vm, *value)).collect::<Vec<_>>().join(" "),
            Err(error) => format!("throws {}", shown(&mut vm, error)),
        };
        if outcome.ends_with("interrupted!") || outcome.ends_with("not enough memory") {
            break;
        }
        outcomes.push(outcome);
    }
    run_number.fetch_add(1, Ordering::SeqCst);
    watchdog.thread().unpark();
    watchdog.join().expect("the watchdog ends");
    outcomes
}

/// Runs changed chunks in every mode; how many were valid.
fn compare(seed: u64, cases: usize) -> usize {
    let programs: Vec<_> = PROGRAMS.iter().chain(&LOOPS).collect();
    let mut random = Random(seed);
    let run_number = Arc::new(AtomicU64::new(0));
    let mut valid = 0;
    for case in 0..cases {
        let source = programs[case % programs.len()];
        let mut unit = compile(source.as_bytes(), b"=program").expect("the program compiles");
        let chunk = if case % 4 == 0 {
            change(dump::write(&unit, random.below(2) == 0), &mut random)
        } else {
            change_code(&mut unit, &mut random);
            dump::write(&unit, random.below(2) == 0)
        };
        let Ok(unit) = dump::read(&dump::with_checksum(chunk)) else { continue };
        valid += 1;
        let expected = run(&unit, Mode::Interpreter, &run_number);
        for mode in MODES {
            let found = run(&unit, mode, &run_number);
            for (call, (expected, found)) in expected.iter().zip(&found).enumerate() {
                assert_eq!(found, expected, "case {case}, call {call}, {mode:?}\n{}", disassemble(&unit));
            }
        }
    }
    valid
}

/// `TRINITY_CHUNK_SEED` and `TRINITY_CHUNK_CASES` ask for others, or more.
#[test]
fn changed_chunks_do_what_they_do_in_the_interpreter() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let seed = number("TRINITY_CHUNK_SEED", 0x0123_4567_89ab_cdef);
    let cases = number("TRINITY_CHUNK_CASES", 1000) as usize;
    // Compiled code recurses natively: more stack than a test thread has.
    let thread = thread::Builder::new().stack_size(64 << 20).spawn(move || compare(seed, cases));
    let valid = thread.expect("a thread starts").join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    assert!(valid > cases / 4, "{valid} chunks of {cases} were valid");
}
