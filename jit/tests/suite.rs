//! The benchmark suite gives its results in every tier.

#[allow(dead_code, reason = "each user of the module needs a part of it")]
mod support;

use support::{Mode, run};

/// `(id, size, result)` of every program, at its smallest size.
fn programs(folder: &str) -> Vec<(String, String, String)> {
    let text = std::fs::read_to_string(format!("{folder}/suite.toml")).expect("the suite is described");
    let mut programs = Vec::new();
    let mut id = String::new();
    let mut size = String::new();
    // The file is written by a tool: one key a line, `test` first in each table.
    for line in text.lines() {
        let test = |quote: char| {
            let value = line.split_once("test = ").map_or("", |(_, value)| value);
            value.trim_start_matches(quote).split([quote, ',', ' ']).next().unwrap_or("").to_string()
        };
        if let Some(value) = line.strip_prefix("id = ") {
            id = value.trim_matches('"').to_string();
        } else if line.starts_with("sizes = ") {
            size = test(',');
        } else if line.starts_with("result = ") {
            let value = line.split("test = \"").nth(1).and_then(|rest| rest.split("\", ").next()).unwrap_or("");
            programs.push((id.clone(), size.clone(), value.trim_end_matches("\" }").to_string()));
        }
    }
    programs
}

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
