//! The benchmark suite gives its results in every tier.

#[allow(dead_code, reason = "each user of the module needs a part of it")]
mod support;

use support::{Mode, run, suite::programs};

fn check(mode: Mode) {
    let body = move || {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../experiments/suite");
        let only = std::env::var("TRINITY_PROGRAM").ok();
        let programs = programs(folder);
        assert!(programs.len() > 30, "the suite has been found");
        let mut wrong = Vec::new();
        for (id, size, expected) in programs {
            if only.as_ref().is_some_and(|only| !id.contains(only.as_str())) {
                continue;
            }
            let source = format!(
                "local p = dofile('{folder}/{id}.lua') local r = p.run({size}) \
                 print(r) if p.check({size}, r) ~= true then print('check') end"
            );
            eprintln!("{id} {mode:?}");
            let found = run(&source, &id, mode);
            if found != format!("{expected}\n") {
                wrong.push(format!("{id}: {found} instead of {expected}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    };
    // Compiled code recurses natively: more stack than a test thread has.
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(body).expect("a thread starts");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn the_interpreter_gives_the_suites_results() {
    check(Mode::Interpreter);
}

#[test]
fn tier_1_from_the_first_call_gives_the_suites_results() {
    check(Mode::Tier1);
}

#[test]
fn single_pass_tier_1_gives_the_suites_results() {
    check(Mode::SinglePass);
    check(Mode::SinglePassWarm);
}

#[test]
fn tier_1_with_feedback_gives_the_suites_results() {
    check(Mode::Tier1Warm);
}

#[test]
fn tier_2_gives_the_suites_results() {
    check(Mode::Tier2Warm);
}

#[test]
fn every_tier_gives_the_suites_results_with_a_slice_of_a_collection_at_every_poll() {
    check(Mode::InterpreterSlices);
    check(Mode::Tier1Slices);
    check(Mode::Tier2Slices);
    check(Mode::LaggingSlices(10));
}

#[test]
fn compiler_threads_give_the_suites_results() {
    check(Mode::Background(1));
    check(Mode::Background(2));
    check(Mode::Lagging(10));
}
