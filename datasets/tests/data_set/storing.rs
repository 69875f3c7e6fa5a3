//! Parts: which columns lie where, in what order, and what a killed writer leaves.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use trinity_datasets::{
    CostKind, Counterfactual, DataError, Dataset, Horizon, HowMade, Manifest, RunInput, RunMeta, Side, Store, Table,
    describe, validate,
};
use trinity_vm::seam::{Action, DecisionKind, EventSink};

use crate::{altered, decision, function, meta, spool, totals};

/// Runs of several programs under two kinds of policy. `start` stands for everything that a machine adds.
fn runs(folder: &Path, count: u64, start: u64) -> Vec<RunInput> {
    let run = |seed: u64| {
        let path = spool(folder, |sink| {
            for id in 0..seed % 7 + 1 {
                let mut record = decision(id, DecisionKind::Tier, None);
                record.t_ns = start * 10 + id;
                record.inference_ns = start as u32;
                sink.decision(&record);
            }
            sink.function(&function(totals()));
        });
        let meta = RunMeta {
            program_id: format!("program{}", seed % 3),
            policy_kind: ["fixed", "golden"][(seed % 2) as usize].into(),
            seed,
            start_utc_ns: start,
            cpu_model: format!("cpu {start}"),
            ..meta()
        };
        RunInput { meta, spool: Some(path), ..RunInput::default() }
    };
    (0..count).map(run).collect()
}

fn core_files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let data = Dataset::open(root).unwrap();
    let core = data.parts().iter().filter(|part| part.side == Side::Core);
    core.map(|part| (part.name.clone(), fs::read(&part.path).unwrap())).collect()
}

/// Stores the runs in this order, so many at a time.
fn store(root: &Path, runs: &[RunInput], at_once: usize) {
    let mut store = Store::open(root, &HowMade::default(), Some(runs.len())).unwrap();
    for runs in runs.chunks(at_once) {
        store.add(runs).unwrap();
    }
    store.compact().unwrap();
    store.seal().unwrap();
}

#[test]
fn core_files_do_not_depend_on_order_grouping_or_machine() {
    let dir = TempDir::new().unwrap();
    let [one, other] = ["one", "other"].map(|name| dir.path().join(name));
    store(&one, &runs(dir.path(), 40, 1), 40);
    let mut shuffled = runs(dir.path(), 40, 2);
    shuffled.reverse();
    shuffled.rotate_left(13);
    store(&other, &shuffled, 3);
    assert_eq!(core_files(&one), core_files(&other));
    let [one, other] = [one, other].map(|root| Manifest::load(&root).unwrap().unwrap());
    assert_eq!(one.core_sha256, other.core_sha256);
    assert_ne!(one.parts, other.parts, "host columns differ");
}

#[test]
fn compaction_keeps_every_row_and_leaves_one_part_per_folder() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("data");
    let mut store = Store::open(&root, &HowMade::default(), None).unwrap();
    for run in runs(dir.path(), 20, 1) {
        store.add(&[run]).unwrap();
    }
    let rows = |root: &Path| {
        let data = Dataset::open(root).unwrap();
        Table::ALL.map(|table| data.rows(table))
    };
    let before = rows(&root);
    assert_eq!(store.most_parts_together(), 10);
    let compacted = store.compact().unwrap();
    assert!(compacted.parts_after < compacted.parts_before);
    assert_eq!((rows(&root), store.most_parts_together()), (before, 1));
    assert_eq!(store.compact().unwrap().parts_before, compacted.parts_after, "nothing is left to do");
    drop(store);
    let validation = validate(&root).unwrap();
    assert!(validation.valid, "{validation}");
}

/// Every file below `root`.
fn all_files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(all_files(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn compaction_refuses_parts_that_are_not_what_the_manifest_says() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("data");
    let mut store = Store::open(&root, &HowMade::default(), None).unwrap();
    for run in runs(dir.path(), 4, 1) {
        store.add(&[run]).unwrap();
    }
    for part in Dataset::open(&root).unwrap().parts() {
        let whole = fs::read(&part.path).unwrap();
        let longer = [&whole[..], b"x"].concat();
        for damaged in [Some(altered(&whole)), Some(longer), Some(Vec::new()), None] {
            match damaged {
                Some(bytes) => fs::write(&part.path, bytes).unwrap(),
                None => fs::remove_file(&part.path).unwrap(),
            }
            let before = all_files(&root);
            let error = store.compact().unwrap_err();
            assert!(matches!(&error, DataError::Altered { path, .. } if *path == part.path), "{error}");
            assert!(error.to_string().contains("restore it from a copy"), "{error}");
            assert!(all_files(&root) == before, "nothing is changed");
        }
        fs::write(&part.path, whole).unwrap();
    }
    store.compact().unwrap();
}

#[test]
fn columns_of_the_machine_lie_apart_and_are_read_as_one_table() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("data");
    store(&root, &runs(dir.path(), 3, 9), 2);
    let data = Dataset::open(&root).unwrap();
    let whole = data.table(Table::Decision, None).unwrap();
    let names: Vec<&str> = whole.get_column_names().into_iter().map(|name| name.as_str()).collect();
    assert_eq!(names, Table::Decision.columns().iter().map(|column| column.name).collect::<Vec<_>>());
    let mixed = data.table(Table::Decision, Some(&["t_ns", "decision_id", "inference_ns"])).unwrap();
    assert_eq!(mixed.column("t_ns").unwrap().u64().unwrap().get(0), Some(90));
    assert_eq!(mixed.column("inference_ns").unwrap().u32().unwrap().get(0), Some(9));
    for part in data.parts() {
        let folder = part.path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(folder, part.table.folder(part.side));
    }
}

#[test]
fn equal_runs_under_the_virtual_clock_are_stored_once() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("data");
    let mut store = Store::open(&root, &HowMade::default(), None).unwrap();
    assert_eq!(store.add(&runs(dir.path(), 4, 1)).unwrap().runs, 4);
    let again = store.add(&runs(dir.path(), 5, 2)).unwrap();
    assert_eq!((again.runs, again.present), (1, 4));
    let wall = RunMeta { clock_kind: "wall".into(), start_utc_ns: 1, ..meta() };
    let later = RunMeta { start_utc_ns: 2, ..wall.clone() };
    assert_eq!(wall.plan_id(), later.plan_id());
    let added = store.add(&[wall, later].map(|meta| RunInput { meta, ..RunInput::default() })).unwrap();
    assert_eq!(added.runs, 2, "measured twice");
}

#[test]
fn what_a_killed_writer_left_counts_for_nothing_and_is_removed() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("data");
    let how = HowMade { command: "trinity collect x".into(), ..HowMade::default() };
    drop(Store::open(&root, &how, Some(6)).unwrap());
    let validation = validate(&root).unwrap();
    assert!(validation.valid && !validation.complete, "{validation}");
    assert!(validation.to_string().contains("unfinished: 0 of 6 runs"), "{validation}");
    assert!(describe(&root).unwrap().to_string().contains("unfinished"));

    Store::open(&root, &how, Some(6)).unwrap().add(&runs(dir.path(), 2, 1)).unwrap();
    let before = core_files(&root);
    // As if killed before the manifest took the second batch in.
    let manifest = fs::read(root.join("manifest.json")).unwrap();
    Store::open(&root, &how, Some(6)).unwrap().add(&runs(dir.path(), 6, 1)).unwrap();
    fs::write(root.join("manifest.json"), manifest).unwrap();
    assert_eq!(core_files(&root), before);
    let validation = validate(&root).unwrap();
    assert!(validation.to_string().contains("2 of 6 runs are there"), "{validation}");
    let mut store = Store::open(&root, &how, Some(6)).unwrap();
    assert_eq!(store.add(&runs(dir.path(), 6, 1)).unwrap().present, 2);
    store.compact().unwrap();
    store.seal().unwrap();
    drop(store);
    let undisturbed = dir.path().join("undisturbed");
    self::store(&undisturbed, &runs(dir.path(), 6, 1), 6);
    assert_eq!(core_files(&root), core_files(&undisturbed));
    let validation = validate(&root).unwrap();
    assert!(validation.valid && validation.complete, "{validation}");
}

#[test]
fn parts_without_a_manifest_are_refused_and_not_removed() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("data");
    store(&root, &runs(dir.path(), 2, 1), 2);
    fs::remove_file(root.join("manifest.json")).unwrap();
    for error in [
        Dataset::open(&root).unwrap_err(),
        Store::open(&root, &HowMade::default(), None).unwrap_err(),
        validate(&root).unwrap_err(),
    ] {
        assert!(matches!(error, DataError::NoManifest(_)), "{error}");
    }
    assert!(root.join("schema=5/suite=s/policy_kind=fixed/run").is_dir());
}

#[test]
fn a_manifest_names_nothing_outside_of_its_folder() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("data");
    store(&root, &runs(dir.path(), 1, 1), 1);
    let path = root.join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    for outside in ["../other/schema=5", "/schema=5"] {
        fs::write(&path, text.replacen("schema=5/", &format!("{outside}/"), 1)).unwrap();
        let error = Dataset::open(&root).unwrap_err();
        assert!(error.to_string().contains("outside of the data set"), "{error}");
    }
}

#[test]
fn counterfactuals_are_outcomes_beside_what_happened() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("data");
    let mut run = runs(dir.path(), 1, 1).remove(0);
    let other = |action, cost_kind, interval_ns| Counterfactual {
        decision_id: 0,
        action,
        sample_weight: 2.0,
        continuation_policy: "golden".into(),
        cost_kind,
        horizon: Horizon::RunEnd,
        cost_ns: 120.0,
        benefit_ns: 20.0,
        interval_ns,
        n_reps: 1,
    };
    run.counterfactuals =
        vec![other(Action::Warm, CostKind::Virtual, None), other(Action::Hot, CostKind::Measured, Some((10.0, 30.0)))];
    store(&root, &[run], 1);
    let table = Dataset::open(&root).unwrap().table(Table::Outcome, None).unwrap();
    let numbers = |name: &str| -> Vec<Option<f64>> { table.column(name).unwrap().f64().unwrap().iter().collect() };
    assert_eq!(numbers("self_work_after"), [Some(1100.0), None, None]);
    assert_eq!(numbers("realised_benefit_model_ns"), [None, Some(20.0), None]);
    assert_eq!(numbers("realised_benefit"), [None, None, Some(20.0)]);
    assert_eq!(numbers("ci_high"), [None, None, Some(30.0)]);
    let validation = validate(&root).unwrap();
    assert!(validation.valid, "{validation}");
}
