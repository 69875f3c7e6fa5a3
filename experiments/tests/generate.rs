//! Generated programs: reproducible, the same in every implementation and tier, and what their parameters say.

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, Output, Stdio},
};

use trinity_datasets::{TrainingView, ViewSpec, training_view};
use trinity_experiments::{
    files,
    generate::{self, GeneratedProgram, Generator, Parameters, Recursion, Types},
};
use trinity_policy::learn::realism_features;

const PROGRAMS: u32 = 40;

fn program(number: u32) -> GeneratedProgram {
    Generator::new(1).program(number).expect("generates")
}

fn run(command: &str, folder: &Path, args: &[&str]) -> Output {
    Command::new(command).args(args).current_dir(folder).stdin(Stdio::null()).output().expect("starts")
}

#[test]
fn equal_seeds_make_equal_programs_and_others_do_not() {
    let all: Vec<GeneratedProgram> = (0..10).map(program).collect();
    let again: Vec<GeneratedProgram> = (0..10).rev().map(program).collect();
    for (one, other) in all.iter().zip(again.iter().rev()) {
        assert_eq!((&one.source, &one.sizes, &one.parameters), (&other.source, &other.sizes, &other.parameters));
    }
    let sources: BTreeSet<&str> = all.iter().map(|program| program.source.as_str()).collect();
    assert_eq!(sources.len(), all.len());
    assert_ne!(Generator::new(2).program(0).expect("generates").source, all[0].source);
}

/// Changes with the templates, and must not with the machine: then replace it.
#[test]
fn the_bytes_of_seed_1_are_these() {
    let all: String = (0..20).map(|number| program(number).source).collect();
    assert_eq!(files::sha256(all.as_bytes())[..16], *"a60ab066df5a0f6b");
}

#[test]
fn programs_agree_with_lua_and_in_every_tier() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let programs: Vec<GeneratedProgram> = (0..PROGRAMS).map(program).collect();
    generate::write(folder.path(), &programs).expect("writes");
    let lua = Command::new("lua5.4").arg("-v").output().is_ok();
    assert!(lua || std::env::var_os("CI").is_none(), "needs lua5.4");
    if !lua {
        println!("skipped in part: lua5.4 is not installed");
    }
    for program in &programs {
        let (file, n) = (format!("{}.lua", program.id), program.sizes["test"].to_string());
        let driver = ["driver.lua", &file, &n, "2"];
        let modes: [&[&str]; 3] = [&["--policy", "interpret"], &["--force-tier", "1"], &["--force-tier", "2"]];
        let mut said: Vec<Output> = modes
            .iter()
            .map(|mode| run(env!("CARGO_BIN_EXE_trinity"), folder.path(), &[&["run"], *mode, &driver].concat()))
            .collect();
        if lua {
            said.push(run("lua5.4", folder.path(), &driver));
        }
        for output in &said {
            let message = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && output.stdout == said[0].stdout, "{}: {message}", program.id);
        }
    }
}

/// What is logged when a program with these parameters runs.
fn logged(parameters: Parameters) -> TrainingView {
    let folder = tempfile::tempdir().expect("temporary folder");
    let program = Generator::new(3).with_parameters(0, parameters).expect("generates");
    generate::write(folder.path(), std::slice::from_ref(&program)).expect("writes");
    let (file, n) = (format!("{}.lua", program.id), program.sizes["test"].to_string());
    let args = ["run", "--policy", "random:0", "--log", "data", "driver.lua", &file, &n, "2"];
    let output = run(env!("CARGO_BIN_EXE_trinity"), folder.path(), &args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let spec = ViewSpec { include_censored: true, ..ViewSpec::default() };
    training_view(&folder.path().join("data"), &spec).expect("has decisions")
}

fn values<'a>(view: &'a TrainingView, feature: &str) -> &'a [f64] {
    let at = view.feature_names.iter().position(|name| name == feature).expect("a feature");
    &view.features[at]
}

fn most(view: &TrainingView, feature: &str) -> f64 {
    values(view, feature).iter().copied().fold(0.0, f64::max)
}

fn least(view: &TrainingView, feature: &str) -> f64 {
    values(view, feature).iter().copied().fold(f64::INFINITY, f64::min)
}

fn asked(blocks: &[&str]) -> Parameters {
    Parameters { blocks: blocks.iter().map(|block| (*block).to_owned()).collect(), ..Parameters::default() }
}

#[test]
fn variants_make_sites_polymorphic() {
    let one = logged(Parameters { variants: 1, ..asked(&["figures"]) });
    let many = logged(Parameters { variants: 12, ..asked(&["figures"]) });
    let sites = |view| most(view, "ic_poly") + most(view, "ic_mega");
    assert!(sites(&many) > sites(&one), "{} {}", sites(&many), sites(&one));
    assert!(most(&many, "ic_mega") > 0.0);
}

#[test]
fn types_decide_about_stability() {
    let stable = logged(Parameters { types: Types::Integer, function_size: 6, ..asked(&["mixer", "memo"]) });
    let changing = logged(Parameters { types: Types::Changing, ..asked(&["memo", "accounts"]) });
    assert_eq!(least(&stable, "type_stability"), 1.0);
    assert!(least(&changing, "type_stability") < 1.0);
}

#[test]
fn loops_nest_and_run_as_asked() {
    let flat = logged(Parameters { loop_depth: 0, trip: 3, ..asked(&["memo"]) });
    let deep = logged(Parameters { loop_depth: 3, function_size: 30, trip: 20, ..asked(&["memo"]) });
    assert!(most(&deep, "max_loop_depth") > most(&flat, "max_loop_depth"));
    // of functions that are called often: not of those that go round with the size
    let trips = |trip| {
        let view = logged(Parameters { trip, ..asked(&["series"]) });
        let often =
            values(&view, "calls").iter().zip(values(&view, "mean_trip_count")).filter(|(calls, _)| **calls > 7.0);
        often.map(|(_, trips)| *trips).fold(0.0, f64::max)
    };
    assert!(trips(300) > 10.0 * trips(3), "{} {}", trips(300), trips(3));
}

#[test]
fn helpers_form_the_call_graph() {
    let functions = |depth, fan_out, recursion| {
        let view = logged(Parameters {
            call_depth: depth,
            fan_out,
            recursion,
            function_size: 12,
            ..asked(&["guarded", "memo"])
        });
        view.function_id.iter().collect::<BTreeSet<_>>().len()
    };
    let plain = functions(0, 1, Recursion::None);
    assert!(functions(3, 3, Recursion::None) > plain);
    assert!(functions(1, 1, Recursion::Mutual) > plain);
}

#[test]
fn every_block_generates_and_runs() {
    for (number, block) in (0..).zip(generate::blocks()) {
        for types in [Types::Integer, Types::Float, Types::Mixed, Types::Changing] {
            let parameters =
                Parameters { types, work: 5, allocation: 20, library: 20, call_depth: 1, ..asked(&[block]) };
            Generator::new(4)
                .with_parameters(number, parameters)
                .unwrap_or_else(|error| panic!("{block} {types:?}: {error}"));
        }
    }
}

#[test]
fn a_collection_has_them_as_a_family_for_training_whose_functions_differ() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let spec = "name = \"few\"\nseed = 1\npolicies = [\"interpret\"]\nbaseline = \"interpret\"\n[collect]\n\
                programs = [\"recursion/fib\", \"loops/digits\"]\ngenerated = { count = 12, seed = 1 }\n\
                sizes = [\"test\"]\npolicies = [\"random:0\"]\niterations = 2\n";
    std::fs::write(folder.path().join("few.toml"), spec).expect("writes");
    for said in ["14 runs (14 now, 0 failed)", "14 runs (0 now, 0 failed)"] {
        let done = run(env!("CARGO_BIN_EXE_trinity"), folder.path(), &["collect", "few.toml", "--out", "data"]);
        assert!(String::from_utf8_lossy(&done.stdout).contains(said), "{done:?}");
    }
    let valid = run(env!("CARGO_BIN_EXE_trinity"), folder.path(), &["data", "validate", "data"]);
    assert!(valid.status.success(), "{valid:?}");
    let spec = ViewSpec { features: realism_features(), ..ViewSpec::default() };
    let view = training_view(&folder.path().join("data"), &spec).expect("has decisions");
    let generated = view.families.iter().position(|family| family == generate::FAMILY).expect("a family") as u32;
    assert_eq!(view.training_only, [generated]);
    let mut programs_of = std::collections::BTreeMap::<u64, BTreeSet<u32>>::new();
    for row in (0..view.len()).filter(|row| view.family[*row] == generated) {
        programs_of.entry(view.function_id[row]).or_default().insert(view.program[row]);
    }
    let shared = programs_of.values().filter(|programs| programs.len() > 1).count();
    assert!(shared * 10 < programs_of.len(), "{shared} of {} functions are shared", programs_of.len());

    let judged = run(env!("CARGO_BIN_EXE_trinity"), folder.path(), &["data", "realism", "data", "--json"]);
    let said = String::from_utf8_lossy(&judged.stdout);
    assert!(judged.status.success() && said.contains("\"trees_auc\""), "{judged:?}");
}

#[test]
fn nothing_but_a_collection_can_ask_for_them() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let spec = "name = \"x\"\nseed = 1\nfamilies = [\"generated\"]\npolicies = [\"interpret\"]\n\
                baseline = \"interpret\"\n";
    std::fs::write(folder.path().join("x.toml"), spec).expect("writes");
    let refused = run(env!("CARGO_BIN_EXE_trinity"), folder.path(), &["experiment", "plan", "x.toml", "--out", "x"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("training only"), "{refused:?}");
}
