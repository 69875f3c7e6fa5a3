//! Programs print the same in every tier.

#[allow(dead_code, reason = "each user of the module needs a part of it")]
mod support;

use support::{Mode, run};
use trinity_vm::heap::GcStress;

/// Compiled code recurses natively: more stack than a test thread has.
fn with_stack(body: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(body).expect("a thread starts");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

fn programs() -> Vec<(String, String)> {
    let folders = ["/tests/programs", "/../vm/tests/language"];
    let mut programs: Vec<_> = folders
        .iter()
        .flat_map(|folder| {
            let folder = format!("{}{folder}", env!("CARGO_MANIFEST_DIR"));
            std::fs::read_dir(folder).expect("the folder of programs exists")
        })
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "lua"))
        .map(|path| {
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("a readable program"))
        })
        .collect();
    programs.sort();
    programs
}

fn compare(mode: Mode, reference: Mode) {
    with_stack(move || {
        let only = std::env::var("TRINITY_PROGRAM").ok();
        for (name, source) in programs() {
            if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
                continue;
            }
            // The first event of a hook that is set under compiled code depends on what is compiled by then.
            if name == "hooks.lua" && mode.is_of_many_tiers() {
                continue;
            }
            eprintln!("{name} {mode:?}");
            let expected = run(&source, &name, reference);
            let found = run(&source, &name, mode);
            assert!(!expected.is_empty(), "{name} prints nothing");
            assert_eq!(found, expected, "{name} in {mode:?}");
        }
    });
}

#[test]
fn tier_1_from_the_first_call_prints_what_the_interpreter_prints() {
    compare(Mode::Tier1, Mode::Interpreter);
}

#[test]
fn single_pass_tier_1_prints_what_the_interpreter_prints() {
    compare(Mode::SinglePass, Mode::Interpreter);
    compare(Mode::SinglePassWarm, Mode::Interpreter);
}

#[test]
fn tier_1_with_feedback_prints_what_the_interpreter_prints() {
    compare(Mode::Tier1Warm, Mode::Interpreter);
}

#[test]
fn tier_1_survives_a_collection_at_every_poll() {
    compare(Mode::Tier1Stress, Mode::InterpreterStress);
    compare(Mode::SinglePassStress, Mode::InterpreterStress);
}

#[test]
fn tier_2_prints_what_the_interpreter_prints() {
    compare(Mode::Tier2, Mode::Interpreter);
    compare(Mode::Tier2Warm, Mode::Interpreter);
}

#[test]
fn every_tier_survives_a_slice_of_a_collection_at_every_poll() {
    compare(Mode::InterpreterSlices, Mode::InterpreterStress);
    compare(Mode::Tier1Slices, Mode::InterpreterStress);
    compare(Mode::SinglePassSlices, Mode::InterpreterStress);
    compare(Mode::Tier2Slices, Mode::InterpreterStress);
}

#[test]
fn random_tiers_print_what_the_interpreter_prints() {
    for seed in 1..5 {
        compare(Mode::Random(seed), Mode::Interpreter);
        compare(Mode::RandomSlices(seed), Mode::InterpreterStress);
    }
}

#[test]
fn forced_exits_print_what_the_interpreter_prints() {
    for rarity in 1..5 {
        compare(Mode::Exits(u64::from(rarity), rarity), Mode::Interpreter);
    }
}

/// `cargo test --release -p trinity-jit --test differential -- --ignored`
#[test]
#[ignore = "takes minutes"]
fn the_whole_matrix_prints_what_the_interpreter_prints() {
    for mode in support::matrix() {
        let stressed = mode.stress() != GcStress::Off;
        compare(mode, if stressed { Mode::InterpreterStress } else { Mode::Interpreter });
    }
}

#[test]
fn code_from_compiler_threads_prints_what_the_interpreter_prints() {
    compare(Mode::Background(1), Mode::Interpreter);
    compare(Mode::Background(2), Mode::Interpreter);
}

#[test]
fn code_that_is_installed_late_prints_what_the_interpreter_prints() {
    compare(Mode::Lagging(1), Mode::Interpreter);
    compare(Mode::Lagging(7), Mode::Interpreter);
    compare(Mode::Lagging(100), Mode::Interpreter);
}

#[test]
fn code_that_is_installed_late_survives_collections() {
    compare(Mode::LaggingStress(3), Mode::InterpreterStress);
    compare(Mode::LaggingSlices(20), Mode::InterpreterStress);
}
