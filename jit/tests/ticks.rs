//! Ticks do not depend on the tier: totals are equal, and what runs out of fuel stands at the same place.

#[allow(dead_code, reason = "each user of the module needs a part of it")]
mod support;

use support::{Mode, prepare, run_in, suite::programs};
use trinity_vm::vm::{Vm, VmOptions};

const MODES: [Mode; 9] = [
    Mode::Tier1,
    Mode::Tier1Warm,
    Mode::SinglePass,
    Mode::SinglePassWarm,
    Mode::Tier2,
    Mode::Tier2Warm,
    Mode::Exits(3, 5),
    Mode::Random(1),
    Mode::Random(2),
];

/// Fuels that each program is stopped with, spread over what it takes; `TRINITY_STOPS` asks for another number.
const STOPS: u64 = 2;

fn stops() -> u64 {
    std::env::var("TRINITY_STOPS").map_or(STOPS, |stops| stops.parse().expect("TRINITY_STOPS is a number"))
}

/// What the program says, its error included, and the ticks that it took.
fn run(source: &str, name: &str, mode: Mode, fuel: Option<u64>) -> (String, u64) {
    let options = VmOptions { native_stack: 24 << 20, count_ticks: true, fuel, ..VmOptions::default() };
    let mut vm = Vm::new(&options);
    prepare(&mut vm, mode);
    let output = run_in(&mut vm, source, name, mode);
    (output, vm.fuel_used().expect("ticks are counted"))
}

/// What `found` is, from where it differs on.
fn difference(found: &(String, u64), expected: &(String, u64)) -> String {
    let same = found.0.bytes().zip(expected.0.bytes()).take_while(|(found, expected)| found == expected).count();
    let rest = |text: &str| String::from_utf8_lossy(&text.as_bytes()[same..]).chars().take(200).collect::<String>();
    let [(found, ticks), (expected, wanted)] = [found, expected].map(|(text, ticks)| (rest(text), ticks));
    format!("{ticks} ticks instead of {wanted}; after {same} bytes {found:?} instead of {expected:?}")
}

/// Compares all modes with the interpreter, without a limit and with several.
fn check(programs: &[(String, String)]) {
    let mut state = 88172645463325252_u64;
    let mut random = |bound: u64| {
        // Xorshift (Marsaglia, Journal of Statistical Software, 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % bound
    };
    let count = stops();
    let mut wrong = Vec::new();
    for (name, source) in programs {
        let whole = run(source, name, Mode::Interpreter, None);
        let stops = (0..count).map(|stop| (stop * whole.1 + random(whole.1)) / count + 1);
        for fuel in std::iter::once(None).chain(stops.map(Some)) {
            let expected = if fuel.is_none() { whole.clone() } else { run(source, name, Mode::Interpreter, fuel) };
            for mode in MODES {
                let found = run(source, name, mode, fuel);
                if found != expected {
                    wrong.push(format!("{name}, {mode:?}, fuel {fuel:?}: {}", difference(&found, &expected)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differences: {:#?}", wrong.len(), &wrong[..wrong.len().min(5)]);
}

/// The programs, unless `TRINITY_SUITE` names another folder, such as one that `trinity suite generate` has written.
const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../experiments/suite");

/// Compiled code recurses natively: more stack than a test thread has.
fn on_large_stack(body: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(body).expect("a thread starts");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn suite_programs_take_the_same_ticks_in_every_tier_and_stop_at_the_same_place() {
    on_large_stack(|| {
        let folder = std::env::var("TRINITY_SUITE").unwrap_or_else(|_| SUITE.to_owned());
        let source = |(id, size, _): (String, String, String)| {
            let text = format!("print(dofile('{folder}/{id}.lua').run({size}))");
            (id, text)
        };
        check(&programs(&folder).into_iter().map(source).collect::<Vec<_>>());
    });
}

/// What a program does, or takes ticks for, depends on the tier where it has finalizers, which dead registers put off; where
/// compiled code has to notice a hook; where it asks for the locals of an activation in optimised code. And on the run
/// where it has a temporary file, by its name.
const EXEMPT: [&str; 4] = ["__gc", "sethook", "debug[\"get\"", "os.tmpname"];

#[test]
fn programs_of_every_construct_take_the_same_ticks_in_every_tier_and_stop_at_the_same_place() {
    on_large_stack(|| {
        let mut programs = Vec::new();
        for folder in ["tests/programs", "../vm/tests/language"] {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
            for entry in std::fs::read_dir(folder).expect("the folder of programs exists") {
                let path = entry.expect("a file").path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if path.extension().is_none_or(|extension| extension != "lua") {
                    continue;
                }
                let source = std::fs::read_to_string(&path).expect("a program");
                if !EXEMPT.iter().any(|word| source.contains(word)) {
                    programs.push((name, source));
                }
            }
        }
        programs.sort();
        check(&programs);
    });
}
