//! Policies as the VM meets them, and models from data set to decision. One test binary, because linking is slow.

use std::{fs, path::Path, process::Command, time::Instant};

use tempfile::TempDir;
use trinity_datasets::{
    RunInput, RunMeta, SpoolSink, ViewSpec, convert,
    synthetic::{self, Shape},
    training_view,
};
use trinity_policy::{
    Learned, Model, ModelKind, PolicyError, Rates, RunContext, TrainSpec, build, build_for, catalogue, placebo,
    rules::golden, train,
};
use trinity_vm::{
    seam::{Action, ActionSet, Decision, DecisionKind, DecisionPoint, Feature, Features, Policy, Tier},
    value::Value,
    vm::{Vm, VmOptions},
};

const ALL: ActionSet = ActionSet::STAY.with(Action::Warm).with(Action::Hot);

fn ask(policy: &mut dyn Policy, kind: DecisionKind, tier: Tier, legal: ActionSet, features: &Features) -> Decision {
    let loop_index = (kind == DecisionKind::Osr).then_some(0);
    policy.decide(&DecisionPoint { kind, function_id: 1, loop_index, tier, features, legal })
}

/// Plays a function (or loop) of `total` events as the controller would: asks when the countdown has run out and
/// notes at which events which action was taken. `backedges` per call at function entry.
fn play(policy: &mut dyn Policy, kind: DecisionKind, backedges: u64, total: u64) -> Vec<(u64, Action)> {
    let mut tier = Tier::Cold;
    let mut taken = Vec::new();
    let mut next = u64::from(policy.first_consultation(kind));
    while next <= total {
        let mut features = Features::default();
        features[Feature::BytecodeLen] = 30.0;
        let events = match kind {
            DecisionKind::Osr => {
                features[Feature::LoopBackedges] = next as f64;
                next
            }
            _ => {
                features[Feature::Calls] = next as f64;
                features[Feature::Backedges] = (next * backedges) as f64;
                next * (1 + backedges)
            }
        };
        features[Feature::SelfWork] = events as f64 * 10.0;
        let mut legal = ActionSet::STAY;
        for action in [Action::Warm, Action::Hot] {
            if action.tier() > Some(tier) {
                legal = legal.with(action);
            }
        }
        let decision = ask(policy, kind, tier, legal, &features);
        assert!(legal.contains(decision.action) && decision.ask_again >= 1);
        if let Some(target) = decision.action.tier() {
            taken.push((events, decision.action));
            tier = target;
        }
        next += u64::from(decision.ask_again);
    }
    taken
}

#[test]
fn thresholds_fire_exactly_where_stated() {
    for (spec, warm, hot) in [
        ("fixed:3,17", 3, 17),
        ("fixed:1,2", 1, 2),
        ("seed-v1.0", 100, 10_000),
        ("seed-v1.1", 50, 5_000),
        ("seed-v1.2", 27, 2_700),
        ("golden", 47, 2_207),
        ("golden:5,10", 11, 123),
        ("geometric:2,3,7", 8, 128),
    ] {
        for kind in [DecisionKind::Tier, DecisionKind::Osr] {
            let mut policy = build(spec).unwrap();
            let expected = [(warm, Action::Warm), (hot, Action::Hot)];
            assert_eq!(play(policy.as_mut(), kind, 0, 20_000), expected, "{spec} {kind:?}");
        }
    }
}

#[test]
fn with_back_edges_the_second_threshold_is_met_at_the_call_that_reaches_it() {
    // Three back-edges per call: call 10 brings 40 events, call 25 the hundredth.
    let mut policy = build("fixed:10,100").unwrap();
    assert_eq!(play(policy.as_mut(), DecisionKind::Tier, 3, 1000), [(40, Action::Warm), (100, Action::Hot)]);
}

#[test]
fn equal_or_inverted_thresholds_go_straight_to_tier_2() {
    assert_eq!(play(build("fixed:9,4").unwrap().as_mut(), DecisionKind::Tier, 0, 100), [(4, Action::Hot)]);
    assert_eq!(play(build("fixed:4,4").unwrap().as_mut(), DecisionKind::Tier, 0, 100), [(4, Action::Hot)]);
}

#[test]
fn a_threshold_that_is_not_legal_yet_takes_what_is_and_asks_again() {
    let mut policy = build("fixed:4,16").unwrap();
    let mut features = Features::default();
    features[Feature::Calls] = 16.0;
    let warm_only = ActionSet::STAY.with(Action::Warm);
    let decision = ask(policy.as_mut(), DecisionKind::Tier, Tier::Cold, warm_only, &features);
    assert_eq!((decision.action, decision.ask_again), (Action::Warm, 16));
    let decision = ask(policy.as_mut(), DecisionKind::Tier, Tier::Warm, ActionSet::STAY, &features);
    assert_eq!((decision.action, decision.ask_again), (Action::Stay, 16));
}

#[test]
fn the_golden_numbers_are_47_and_2207() {
    let pair = golden(8, 16);
    assert_eq!((pair.warm, pair.hot), (47, 2207));
    assert_eq!(golden(0, 400).hot, u32::MAX, "beyond the range is never");
}

#[test]
fn code_that_exits_often_is_given_up_and_optimised_again_by_the_same_rule_as_before() {
    let features = Features::default();
    for name in ["baseline-only", "eager", "golden", "fixed:5,50", "cost-benefit", "random:0.5,1"] {
        let mut policy = build(name).unwrap();
        let legal = ActionSet::STAY.with(Action::Warm);
        let decision = ask(policy.as_mut(), DecisionKind::Demote, Tier::Hot, legal, &features);
        assert_eq!(decision.action, Action::Warm, "{name}");
    }
    let mut features = Features::default();
    features[Feature::Calls] = 60.0;
    let all = ActionSet::STAY.with(Action::Warm).with(Action::Hot);
    for (name, again) in [("baseline-only", Action::Warm), ("eager", Action::Hot), ("fixed:5,50", Action::Hot)] {
        let decision = ask(build(name).unwrap().as_mut(), DecisionKind::Reopt, Tier::Cold, all, &features);
        assert_eq!(decision.action, again, "{name}");
    }
}

#[test]
fn references_do_what_their_names_say() {
    assert_eq!(build("interpret").unwrap().first_consultation(DecisionKind::Tier), u32::MAX);
    for kind in [DecisionKind::Tier, DecisionKind::Osr] {
        assert_eq!(play(build("baseline-only").unwrap().as_mut(), kind, 0, 5000), [(1, Action::Warm)]);
        assert_eq!(play(build("eager").unwrap().as_mut(), kind, 0, 5000), [(1, Action::Hot)]);
    }
    let warm_only = ActionSet::STAY.with(Action::Warm);
    let decision =
        ask(build("eager").unwrap().as_mut(), DecisionKind::Tier, Tier::Cold, warm_only, &Features::default());
    assert_eq!((decision.action, decision.ask_again), (Action::Warm, 1));
}

#[test]
fn cost_benefit_climbs_the_tiers_as_work_grows() {
    let taken = play(build("cost-benefit").unwrap().as_mut(), DecisionKind::Tier, 0, 1 << 30);
    assert!(!taken.is_empty() && taken.last().unwrap().1 == Action::Hot, "{taken:?}");
}

#[test]
fn random_states_its_propensities_and_keeps_its_rate() {
    let mut policy = build("random:0.25").unwrap();
    let mut features = Features::default();
    features[Feature::Calls] = 8.0;
    let mut promoted = 0;
    assert!(!ask(build("random:0").unwrap().as_mut(), DecisionKind::Tier, Tier::Cold, ALL, &features).explore);
    for _ in 0..4000 {
        let decision = ask(policy.as_mut(), DecisionKind::Tier, Tier::Cold, ALL, &features);
        assert_eq!(decision.propensities, [0.75, 0.125, 0.125]);
        promoted += u32::from(decision.action != Action::Stay);
        assert_eq!(decision.explore, decision.action != Action::Stay);
    }
    assert!((900..1100).contains(&promoted), "{promoted}");
}

fn error(spec: &str) -> String {
    match build(spec) {
        Ok(policy) => panic!("{spec} made {}", policy.name()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn wrong_specifications_say_what_is_right() {
    let text = error("goldne");
    for entry in catalogue() {
        assert!(text.contains(entry.form), "{text}");
    }
    for (spec, hint) in [
        ("fixed", "fixed:W,H"),
        ("fixed:1", "fixed:W,H"),
        ("fixed:0,5", "at least 1"),
        ("fixed:a,b", "whole numbers"),
        ("golden:1,2,3", "golden:A,B"),
        ("geometric:0.5,1,2", "greater than 1"),
        ("interpret:3", "takes no arguments"),
        ("random:2", "between 0 and 1"),
        ("random:0.5,x", "SEED is a whole number"),
        ("explore:0.1", "needs a policy"),
        ("explore:0.1,seed=x,golden", "N is a whole number"),
        ("explore:1.5,golden", "between 0 and 1"),
        ("explore:0.1,goldne", "there are"),
        ("explore:0.1,fixed:1", "fixed:W,H"),
        ("explore:0.1,explore:0.1,golden", "is enough"),
        ("explore:0.1,replay:x", "those of its log"),
        ("replay:x,then=golden", "flip=, which is missing"),
        ("replay:/no/such.spool", "/no/such.spool: no such file"),
        ("learned:/no/such/model.json", "/no/such/model.json: cannot read"),
        ("cost-benefit:/no/such/rates.toml", "/no/such/rates.toml: cannot read"),
        ("", "there are"),
    ] {
        let text = error(spec);
        assert!(text.contains(hint) && !text.contains('\n'), "{spec}: {text}");
    }
}

#[test]
fn names_make_the_same_policy_again() {
    for spec in [
        "interpret",
        "eager",
        "fixed:3,17",
        "seed-v1.1",
        "golden:5,10",
        "cost-benefit",
        "random:0.5,9",
        "explore:0.1,seed=7,fixed:3,17",
        "explore:0.25,seed=7,random:0.5,9",
    ] {
        assert_eq!(build(spec).unwrap().name(), spec);
    }
    let seeded = |spec| build_for(spec, RunContext { seed: 5, ..RunContext::default() }).unwrap().name();
    assert_eq!(seeded("explore:0.1,random:0.5"), "explore:0.1,seed=5,random:0.5,5");
}

#[test]
fn broken_rates_name_file_and_line() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("rates.toml");
    fs::write(&path, "ns_per_bytecode = [4.0, 2.0, 1.0]\ncompile_ns_per_bytecode = \"fast\"\n").unwrap();
    let text = error(&format!("cost-benefit:{}", path.display()));
    assert!(text.contains("rates.toml") && text.contains("line 2") && !text.contains('\n'), "{text}");
    fs::write(&path, "ns_per_bytecode = [4, -2, 1]\ncompile_ns_per_bytecode = [1, 2]\ncompile_fixed_ns = [1, 2]\n")
        .unwrap();
    assert!(error(&format!("cost-benefit:{}", path.display())).contains("positive"));
}

fn data(dir: &Path) {
    synthetic::write(dir, Shape { families: 5, runs_per_family: 2, functions: 40, seed: 3 }).unwrap();
}

fn spec(kind: ModelKind) -> TrainSpec {
    TrainSpec { kind, min_leaf: 10, ..TrainSpec::default() }
}

#[test]
fn a_model_learns_what_the_past_does_not_tell_and_the_placebo_does_not() {
    let dir = TempDir::new().unwrap();
    data(dir.path());
    let (model, metrics) = train(&spec(ModelKind::RemainingWork), dir.path()).unwrap();
    println!("{metrics}");
    let r2 = |name: &str| metrics.scores[name].r2.unwrap();
    assert_eq!((metrics.folds, metrics.held_out_by.as_str()), (5, "family"));
    assert!(r2("learned") > 0.5 && r2("learned") > r2("future = past") + 0.2, "{metrics}");
    assert!(metrics.scores["learned"].mae_log2 < metrics.scores["future = past"].mae_log2);
    assert!(metrics.scores["learned"].relative_cost <= metrics.scores["future = past"].relative_cost, "{metrics}");
    assert!(model.explain().contains("max_loop_depth"), "{}", model.explain());

    let placebo = placebo(&spec(ModelKind::RemainingWork), dir.path()).unwrap();
    assert!(placebo.scores["learned"].r2.unwrap() < 0.05, "{placebo}");
}

#[test]
fn learned_thresholds_beat_one_pair_for_all() {
    let dir = TempDir::new().unwrap();
    data(dir.path());
    // With compilations that are dear enough in both tiers for functions to differ in when they pay: the built-in rates
    // are those of a machine, and change with it.
    let rates = Rates {
        source: "made up".into(),
        ns_per_bytecode: [1.8, 1.6, 1.0],
        compile_ns_per_bytecode: [7_000.0, 9_000.0],
        compile_fixed_ns: [135_000.0, 410_000.0],
    };
    let spec = TrainSpec { rates: Some(rates), ..spec(ModelKind::Thresholds) };
    let (model, metrics) = train(&spec, dir.path()).unwrap();
    println!("{metrics}\n{}", model.explain());
    let cost = |name: &str| metrics.scores[name].relative_cost;
    assert!(cost("learned") <= cost("tuned-fixed") && cost("learned") < cost("golden"), "{metrics}");
    assert!(model.explain().contains("tier 2 at"));
}

#[test]
fn models_survive_saving_and_decide_fast() {
    let dir = TempDir::new().unwrap();
    data(dir.path());
    for kind in [ModelKind::RemainingWork, ModelKind::Thresholds] {
        let (model, _) = train(&spec(kind), dir.path()).unwrap();
        let path = dir.path().join("model.json");
        model.save(&path).unwrap();
        let loaded = Model::load(&path).unwrap();
        assert_eq!(loaded, model);
        assert_eq!(loaded.to_json(), model.to_json());

        let mut policy = build(&format!("learned:{}", path.display())).unwrap();
        let mut features = Features::default();
        features[Feature::BytecodeLen] = 60.0;
        features[Feature::NLoops] = 2.0;
        features[Feature::MaxLoopDepth] = 2.0;
        features[Feature::NBlocks] = 9.0;
        features[Feature::Calls] = 20.0;
        features[Feature::Backedges] = 40.0;
        features[Feature::SelfWork] = 2000.0;
        features[Feature::TypeStability] = 0.9;
        let decision = ask(policy.as_mut(), DecisionKind::Tier, Tier::Cold, ALL, &features);
        assert_eq!(decision.fallback, None);
        let started = Instant::now();
        for _ in 0..100_000 {
            std::hint::black_box(ask(policy.as_mut(), DecisionKind::Tier, Tier::Cold, ALL, &features));
        }
        let ns = started.elapsed().as_nanos() / 100_000;
        println!("{kind:?}: {ns} ns per decision");
        assert!(ns < 5_000, "{ns}");
    }
}

#[test]
fn what_a_model_has_not_seen_falls_back_to_cost_benefit_and_is_counted() {
    let dir = TempDir::new().unwrap();
    data(dir.path());
    let (model, _) = train(&spec(ModelKind::RemainingWork), dir.path()).unwrap();
    let mut policy = Learned::new("learned:x", model);
    let mut features = Features::default();
    features[Feature::BytecodeLen] = 60.0;
    features[Feature::SelfWork] = 1e30;
    let decision = ask(&mut policy, DecisionKind::Tier, Tier::Cold, ALL, &features);
    assert_eq!((decision.fallback, decision.action), (Some("out of distribution"), Action::Hot));
    features[Feature::SelfWork] = f64::NAN;
    let decision = ask(&mut policy, DecisionKind::Tier, Tier::Cold, ALL, &features);
    assert_eq!((decision.fallback, decision.action), (Some("feature missing or not finite"), Action::Stay));
    assert_eq!(policy.fallbacks(), (2, 2));
}

#[test]
fn broken_model_files_are_errors_of_one_line() {
    let dir = TempDir::new().unwrap();
    data(dir.path());
    let (model, _) = train(&spec(ModelKind::Thresholds), dir.path()).unwrap();
    let whole = model.to_json();
    let path = dir.path().join("model.json");
    let mut broken: Vec<String> = (0..20).map(|part| whole[..whole.len() * part / 20].to_owned()).collect();
    broken.push(whole.replace("\"1\"", "\"7\""));
    broken.push(whole.replace("bytecode_len", "bytecode_width"));
    broken.push(whole.replacen("\"left\": [\n        1", "\"left\": [\n        0", 1).replace("[]", "{}"));
    broken.push("\u{0}\u{1}garbage".to_owned());
    for text in broken {
        fs::write(&path, &text).unwrap();
        let error = Model::load(&path).unwrap_err();
        assert!(matches!(error, PolicyError::Model { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("model.json") && !text.contains('\n'), "{text}");
    }
}

#[test]
fn a_leak_stops_training() {
    let dir = TempDir::new().unwrap();
    data(dir.path());
    for name in ["self_work_after", "function_id", "t_ns", "action"] {
        let spec = TrainSpec { features: vec!["calls".into(), name.into()], ..TrainSpec::default() };
        let error = train(&spec, dir.path()).unwrap_err();
        assert!(matches!(error, PolicyError::Data(_)), "{error}");
    }
    let error = train(&TrainSpec::default(), &dir.path().join("nowhere")).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
}

/// Prints the digest of both kinds of model; run in processes of its own by the test below.
#[test]
fn child_prints_models() {
    let Ok(root) = std::env::var("TRINITY_TEST_DATA") else { return };
    for kind in [ModelKind::RemainingWork, ModelKind::Thresholds] {
        let (model, _) = train(&spec(kind), Path::new(&root)).unwrap();
        println!("{}", model.to_json());
    }
}

#[test]
fn training_twice_in_fresh_processes_gives_the_same_bytes() {
    let dir = TempDir::new().unwrap();
    data(dir.path());
    let run = || {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["child_prints_models", "--exact", "--nocapture", "--test-threads=1"])
            .env("TRINITY_TEST_DATA", dir.path())
            .output()
            .unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        // The harness's own lines carry times.
        text.lines().filter(|line| !line.starts_with("test result")).collect::<Vec<_>>().join("\n")
    };
    let first = run();
    assert!(first.contains("\"coefficient\""));
    for _ in 0..3 {
        assert_eq!(first, run());
    }
}

const PROGRAM: &[u8] = b"
local function small(x) return x + 1 end
local function looping(n) local s = 0 for i = 1, n do s = small(s) + i end return s end
local total = 0
for round = 1, 200 do total = total + looping(100) end
return total";

#[test]
fn the_vm_consults_logs_and_the_view_adds_up() {
    let dir = TempDir::new().unwrap();
    let (sink, handle) = SpoolSink::create(&dir.path().join("spool")).unwrap();
    let mut vm = Vm::new(&VmOptions::default());
    vm.controller.set_policy(build("cost-benefit").unwrap());
    vm.controller.set_sink(Box::new(sink));
    let chunk = vm.load(PROGRAM, b"@program.lua", Value::NIL).unwrap();
    let results = vm.call_from_host(Value::from(chunk), &[]).unwrap();
    assert_eq!(results.len(), 1);
    let summary = vm.finish_run();
    drop(vm);
    assert_eq!((handle.error(), handle.dropped()), (None, 0));

    let meta = RunMeta {
        program_id: "program".into(),
        family_id: "program".into(),
        suite: "test".into(),
        policy_kind: trinity_policy::kind(&summary.policy).into(),
        policy_id: summary.policy.clone(),
        status: "ok".into(),
        ..RunMeta::default()
    };
    let root = dir.path().join("data");
    let report =
        convert(&root, &[RunInput { meta, spool: Some(handle.path().to_owned()), ..RunInput::default() }]).unwrap();
    assert_eq!(report.decisions as u64, summary.consultations);
    assert_eq!(report.unlabelled, 0);
    let view = training_view(&root, &ViewSpec::default()).unwrap();
    assert_eq!(view.len(), report.decisions);
    // Past and future of one function are the same total at each of its decisions.
    let mut totals = std::collections::BTreeMap::new();
    for row in 0..view.len() {
        let total = view.self_work[row] + view.self_work_after[row];
        let known = *totals.entry(view.function_id[row]).or_insert(total);
        assert!((total - known).abs() <= 1e-6 * known, "row {row}: {total} {known}");
    }
    assert!(totals.len() >= 2, "both functions were asked about");
}
