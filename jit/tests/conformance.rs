//! The manual's sections (`vm/tests/conformance`) in the compiled tiers.

#[allow(dead_code, reason = "each user of the module needs a part of it")]
mod support;

use std::{cell::RefCell, io::Write, path::Path, rc::Rc};

use support::Mode;
use trinity_vm::{
    heap::GcStress,
    stdlib,
    vm::{Vm, VmOptions},
};

#[derive(Clone, Default)]
struct Output(Rc<RefCell<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What the program prints, to the end of its state.
fn run(source: &[u8], name: &str, mode: Mode) -> Vec<u8> {
    let mut vm = Vm::new(&VmOptions { native_stack: 24 << 20, ..VmOptions::default() });
    support::compile_in(&mut vm, mode);
    vm.heap.set_stress(mode.stress());
    stdlib::open(&mut vm);
    let output = Output::default();
    stdlib::io::redirect_stdout(&mut vm, Box::new(output.clone()));
    let globals = vm.globals.into();
    let function = vm.load(source, name.as_bytes(), globals).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    let failed = vm.call_from_host(function.into(), &[]).is_err();
    support::assert_tier_1_takes_everything(&mut vm, name);
    vm.close_state();
    stdlib::io::flush(&mut vm);
    assert!(!failed, "{name} in {mode:?} throws");
    output.0.take()
}

fn agrees(mode: Mode) {
    // The files name themselves, and what they load, relative to the interpreter's crate.
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vm");
    std::env::set_current_dir(&home).expect("the interpreter's crate is there");
    // SAFETY: all tests of this process set the variable to the same value before they read it.
    unsafe { std::env::set_var("TZ", "UTC") };
    let body = move || {
        let only = std::env::var("TRINITY_PROGRAM").ok();
        let mut failures = Vec::new();
        for entry in std::fs::read_dir("tests/conformance").expect("the scripts' directory is there").flatten() {
            let path = entry.path();
            let name = path.display().to_string();
            let chosen = only.as_ref().is_none_or(|only| name.contains(only.as_str()));
            // What is left of weak tables shows when there was a collection.
            if mode.stress() != GcStress::Off && name.contains("weak-tables") {
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "lua") || !chosen {
                continue;
            }
            let source = std::fs::read(&path).expect("a listed script is readable");
            let expected = std::fs::read(path.with_extension("txt")).expect("its output is recorded");
            let got = run(&source, &format!("@{name}"), mode);
            let lines = |text: &[u8]| String::from_utf8_lossy(text).lines().map(str::to_owned).collect::<Vec<_>>();
            if got != expected {
                let (expected, got) = (lines(&expected), lines(&got));
                let at = expected.iter().zip(&got).take_while(|(expected, got)| expected == got).count();
                failures.push(format!(
                    "{name} in {mode:?}, line {}:\n  expected {:?}\n  got      {:?}",
                    at + 1,
                    expected.get(at),
                    got.get(at)
                ));
            }
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    };
    // Compiled code recurses natively: more stack than a test thread has.
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(body).expect("a thread starts");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn tier_1_from_the_first_call_conforms() {
    agrees(Mode::Tier1);
}

#[test]
fn single_pass_tier_1_from_the_first_call_conforms() {
    agrees(Mode::SinglePass);
}

#[test]
fn tier_2_from_the_first_call_conforms() {
    agrees(Mode::Tier2);
}

#[test]
fn tiers_that_follow_one_another_conform() {
    agrees(Mode::Mixed);
}

#[test]
fn tier_1_conforms_with_a_collection_at_every_poll() {
    agrees(Mode::Tier1Slices);
    agrees(Mode::SinglePassSlices);
}

#[test]
fn random_tiers_conform() {
    agrees(Mode::Random(1));
    agrees(Mode::Random(2));
}

#[test]
fn forced_exits_conform() {
    agrees(Mode::Exits(1, 3));
}

/// `cargo test --release -p trinity-jit --test conformance -- --ignored`
#[test]
#[ignore = "takes minutes"]
fn the_whole_matrix_conforms() {
    support::matrix().for_each(agrees);
}

#[test]
fn code_from_compiler_threads_conforms() {
    agrees(Mode::Background(2));
    agrees(Mode::Lagging(5));
}
