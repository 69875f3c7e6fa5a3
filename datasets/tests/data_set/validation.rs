//! What `validate` finds: each planted mistake by name.

use std::{fs, path::Path};

use tempfile::TempDir;
use trinity_datasets::{
    CostKind, Counterfactual, Horizon, HowMade, Manifest, RunInput, RunMeta, Severity, SpoolSink, Store, ViewSpec,
    convert, training_view, validate,
};
use trinity_vm::seam::{Action, DecisionKind, DecisionRecord, EventSink, Feature, FunctionTotals, RunSummary};

use crate::{Sealing, decision, function, meta, spool, synthetic_set, totals};

fn one_run(dir: &Path, meta: RunMeta, fill: impl FnOnce(&mut Sealing)) -> RunInput {
    RunInput { meta, spool: Some(spool(dir, fill)), ..RunInput::default() }
}

#[test]
fn figures_of_the_manifest_that_are_not_those_of_its_parts_are_found() {
    let dir = synthetic_set();
    let path = dir.path().join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    let manifest = Manifest::load(dir.path()).unwrap().unwrap();
    let figure = |name: &str, value: usize| format!("\"{name}\": {value}");
    let decisions = manifest.rows["decision"];
    let digest = manifest.core_sha256.clone();
    for (was, is, finding) in [
        (
            digest.clone(),
            digest.replace(&digest[..8], "00000000"),
            "its core_sha256 is not that of its parts".to_owned(),
        ),
        (
            figure("decision", decisions),
            figure("decision", 7),
            format!("7 rows of `decision`, its parts have {decisions}"),
        ),
        (
            figure("planned_runs", 6),
            figure("planned_runs", 8),
            "complete with 8 planned runs, its parts have 6".to_owned(),
        ),
        (
            figure("planned_runs", 6),
            figure("planned_runs", 5),
            "complete with 5 planned runs, its parts have 6".to_owned(),
        ),
    ] {
        let edited = text.replacen(&was, &is, 1);
        assert_ne!(edited, text, "{was}");
        fs::write(&path, edited).unwrap();
        let validation = validate(dir.path()).unwrap();
        let errors: Vec<_> = validation.findings.iter().filter(|found| found.severity == Severity::Error).collect();
        let [error] = &errors[..] else { panic!("{validation}") };
        assert!(error.text.contains(&format!("manifest.json: {finding}")), "{}", error.text);
        let error = Store::open(dir.path(), &HowMade::default(), None).unwrap_err();
        assert!(error.to_string().contains(&finding), "{error}");
    }
}

/// Whether two decisions, the second one changed, give a data set in which this is found.
#[track_caller]
fn finds(text: &str, change: impl FnOnce(&mut DecisionRecord)) {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("data");
    let run = one_run(dir.path(), meta(), |sink| {
        sink.decision(&decision(0, DecisionKind::Tier, None));
        let mut record = decision(1, DecisionKind::Tier, None);
        change(&mut record);
        sink.decision(&record);
    });
    convert(&root, &[run]).unwrap();
    let validation = validate(&root).unwrap();
    assert!(!validation.valid && validation.to_string().contains(text), "{validation}");
}

#[test]
fn mistakes_in_decisions_are_found() {
    finds("leaves a gap", |record| record.decision_id = 2);
    finds("leaves a gap", |record| record.decision_id = 0);
    finds("1 values of `decision.type_stability`", |record| record.features[Feature::TypeStability] = 1.5);
    finds("1 values of `decision.calls`", |record| record.features[Feature::Calls] = f64::NAN);
    finds("1 values of `decision.propensity_warm`", |record| record.decision.propensities[1] = -0.1);
    finds("do not sum to 1", |record| {
        record.decision.action = Action::Warm;
        record.decision.propensities = [0.3, 0.3, 0.4];
    });
    finds("action of propensity 0", |record| {
        record.decision.action = Action::Warm;
        record.decision.propensities = [1.0, 0.0, 0.0];
    });
    finds("did what was not legal", |record| record.taken = Action::Hot);
}

/// An edit of a spool is found, and found once: not at every row after it.
#[test]
fn decisions_that_were_changed_after_they_were_logged_are_found() {
    let found = |change: &dyn Fn(&mut DecisionRecord)| {
        let dir = TempDir::new().unwrap();
        let (mut sink, handle) = SpoolSink::create(dir.path()).unwrap();
        let mut chain = 0;
        for id in 0..5 {
            let mut record = decision(id, DecisionKind::Tier, None).sealed(chain);
            chain = record.chain_hash;
            if id == 2 {
                change(&mut record);
            }
            sink.decision(&record);
        }
        drop(sink);
        let root = dir.path().join("data");
        convert(&root, &[RunInput { meta: meta(), spool: Some(handle.path().into()), ..RunInput::default() }]).unwrap();
        let validation = validate(&root).unwrap();
        let errors = validation.findings.iter().filter(|finding| finding.severity == Severity::Error);
        errors.map(|finding| finding.text.split(':').next().unwrap_or("").to_owned()).collect::<Vec<_>>()
    };
    let is = "1 decisions are not what their `chain_hash` says";
    assert_eq!(found(&|_| ()), Vec::<String>::new());
    assert_eq!(found(&|record| record.features[Feature::Calls] = 11.0), [is]);
    assert_eq!(found(&|record| record.legal = record.legal.with(Action::Hot)), [is]);
    assert_eq!(found(&|record| record.taken = Action::Warm), [is]);
    assert_eq!(found(&|record| record.decision.ask_again = 10), [is]);
    assert_eq!(found(&|record| record.decision.explore = true), [is]);
}

#[test]
fn a_log_that_misses_decisions_is_found() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("data");
    let run = one_run(dir.path(), meta(), |sink| {
        sink.decision(&decision(0, DecisionKind::Tier, None));
        sink.run_end(&RunSummary { consultations: 2, ..RunSummary::default() });
    });
    convert(&root, &[run]).unwrap();
    let validation = validate(&root).unwrap();
    assert!(!validation.valid && validation.to_string().contains("1 runs have fewer"), "{validation}");
    assert!(validation.to_string().contains("collect them again into a new folder"), "{validation}");
}

#[test]
fn lower_bounds_are_counted_among_what_happened_up_to_the_end() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("data");
    let mut run = one_run(dir.path(), meta(), |sink| {
        for function_id in 0..20 {
            sink.decision(&DecisionRecord { function_id, ..decision(function_id, DecisionKind::Tier, None) });
            let censored = function_id < 3;
            sink.function(&function(FunctionTotals { function_id, censored, ..totals() }));
        }
    });
    let other = |decision_id| Counterfactual {
        decision_id,
        action: Action::Warm,
        sample_weight: 1.0,
        continuation_policy: "golden".into(),
        cost_kind: CostKind::Virtual,
        horizon: Horizon::RunEnd,
        cost_ns: 120.0,
        benefit_ns: 20.0,
        interval_ns: None,
        n_reps: 1,
    };
    run.counterfactuals = (0..20).map(other).collect();
    convert(&root, &[run]).unwrap();
    let validation = validate(&root).unwrap();
    let text = "3 of 20 outcomes at the end of the run are lower bounds";
    assert!(validation.valid && validation.to_string().contains(text), "{validation}");
}

#[test]
fn families_in_two_splits_and_functions_in_several_are_found() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("data");
    let run = |family: &str, split: &str| {
        let meta = RunMeta {
            program_id: format!("{family} {split}"),
            family_id: family.into(),
            split: split.into(),
            ..meta()
        };
        one_run(dir.path(), meta, |sink| sink.decision(&decision(0, DecisionKind::Tier, None)))
    };
    convert(&root, &[run("a", "train"), run("b", "test")]).unwrap();
    let validation = validate(&root).unwrap();
    assert!(validation.valid && validation.to_string().contains("1 functions stand in several splits"), "{validation}");
    convert(&root, &[run("a", "test")]).unwrap();
    let validation = validate(&root).unwrap();
    assert!(!validation.valid && validation.to_string().contains("family a stands in several splits"), "{validation}");
}

#[test]
fn training_on_one_split_refuses_functions_of_another() {
    use trinity_datasets::{DataError, Shared};

    let dir = TempDir::new().unwrap();
    let root = dir.path().join("data");
    let run = |split: &str, own: u64| {
        let meta = RunMeta { program_id: split.into(), family_id: split.into(), split: split.into(), ..meta() };
        one_run(dir.path(), meta, |sink| {
            for (id, function_id) in [(0, 77), (1, own)] {
                sink.decision(&DecisionRecord { function_id, ..decision(id, DecisionKind::Tier, None) });
                sink.function(&function(FunctionTotals { function_id, ..totals() }));
            }
        })
    };
    convert(&root, &[run("train", 1), run("test", 2)]).unwrap();
    let view = |split: &str, shared| {
        training_view(&root, &ViewSpec { split: Some(split.into()), shared, ..ViewSpec::default() })
    };
    for split in ["train", "test"] {
        let error = view(split, Shared::Refuse).unwrap_err();
        assert!(matches!(error, DataError::SplitOverlap { count: 1, first: 77 }), "{error}");
    }
    let train = view("train", Shared::Purge).unwrap();
    assert_eq!((train.function_id, train.purged_rows), (vec![1], 1));
    let test = view("test", Shared::Purge).unwrap();
    assert_eq!((test.function_id, test.purged_rows), (vec![77, 2], 0));
}

#[test]
fn a_feature_that_is_a_label_is_an_error_and_one_that_names_programs_a_warning() {
    let dir = TempDir::new().unwrap();
    let run = |number: u64, planted: Feature| {
        let meta = RunMeta { program_id: format!("p{number}"), ..meta() };
        one_run(dir.path(), meta, |sink| {
            for id in 0..6 {
                let mut record = decision(id, DecisionKind::Tier, None);
                record.function_id = number * 10 + id;
                let calls_after = (number * 100 + id) as f64;
                record.features[planted] = if planted == Feature::NParams { calls_after } else { number as f64 };
                sink.decision(&record);
                let calls = record.features[Feature::Calls] as u64 + number * 100 + id;
                sink.function(&function(FunctionTotals { function_id: record.function_id, calls, ..totals() }));
            }
        })
    };
    for (planted, valid, text) in [
        (Feature::NParams, false, "`n_params` are those of the label `calls_after`"),
        (Feature::NConsts, true, "n_consts: names the program"),
    ] {
        let root = dir.path().join(text.len().to_string());
        convert(&root, &[run(1, planted), run(2, planted), run(3, planted)]).unwrap();
        let validation = validate(&root).unwrap();
        assert_eq!(validation.valid, valid, "{validation}");
        assert!(validation.to_string().contains(text), "{validation}");
    }
}
