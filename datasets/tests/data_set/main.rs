//! The whole way of a data set: sink, spool, Parquet, view. One test binary, because linking polars is slow.

mod horizons;
mod splitting;
mod storing;
mod validation;

use std::{fs, path::Path};

use tempfile::TempDir;
use trinity_datasets::{
    DataError, Dataset, HowMade, RunInput, RunLog, RunMeta, SpoolSink, Store, Table, ViewSpec, check_feature, convert,
    describe, read_log,
    synthetic::{self, Shape},
    training_view, validate,
};
use trinity_vm::seam::{
    Action, ActionSet, CompileRecord, CompileResult, Decision, DecisionKind, DecisionRecord, DeoptRecord, EventSink,
    Feature, Features, FunctionRecord, FunctionTotals, IterationRecord, PhaseTimes, RunSummary, Tier, VirtualTime,
};

const SMALL: Shape = Shape { families: 3, runs_per_family: 2, functions: 12, seed: 7 };

fn synthetic_set() -> TempDir {
    let dir = TempDir::new().unwrap();
    synthetic::write(dir.path(), SMALL).unwrap();
    dir
}

fn meta() -> RunMeta {
    RunMeta {
        program_id: "p".into(),
        family_id: "f".into(),
        suite: "s".into(),
        policy_kind: "fixed".into(),
        policy_id: "fixed:1,2".into(),
        clock_kind: "virtual".into(),
        status: "ok".into(),
        ..RunMeta::default()
    }
}

fn decision(id: u64, kind: DecisionKind, loop_index: Option<u32>) -> DecisionRecord {
    let mut features = Features::default();
    features[Feature::Calls] = 10.0;
    features[Feature::Backedges] = 30.0;
    features[Feature::LoopBackedges] = if loop_index.is_some() { 20.0 } else { 0.0 };
    features[Feature::SelfWork] = 400.0;
    DecisionRecord {
        decision_id: id,
        kind,
        t_ns: 5,
        t_virtual: VirtualTime { ticks: Some(40), model_ns: Some(100 + id) },
        self_virtual: VirtualTime { ticks: Some(30), model_ns: None },
        snapshot_hash: 0,
        chain_hash: 0,
        parent: None,
        last_deopt: None,
        iteration: 0,
        function_id: 77,
        loop_index,
        tier: Tier::Cold,
        features,
        legal: ActionSet::STAY.with(Action::Warm),
        decision: Decision { fallback: Some("missing feature"), ..Decision::certain(Action::Hot, 9) },
        taken: Action::Stay,
        inference_ns: 1,
        feature_ns: 2,
    }
}

fn totals() -> FunctionTotals {
    FunctionTotals {
        function_id: 77,
        calls: 15,
        backedges: 130,
        loop_backedges: vec![0, 120],
        work: 1500.0,
        took: VirtualTime { ticks: Some(90), model_ns: Some(200) },
        censored: false,
        deopts: 1,
    }
}

fn function(totals: FunctionTotals) -> FunctionRecord {
    FunctionRecord { name: "a.lua:3".into(), bytecode_len: 12, final_tier: Tier::Warm, totals }
}

/// A sink that gives decisions their hashes, as the VM does before it logs them.
struct Sealing {
    sink: SpoolSink,
    chain: u64,
}

macro_rules! forward {
    ($($event:ident($record:ty);)*) => {
        impl EventSink for Sealing {
            fn decision(&mut self, record: &DecisionRecord) {
                let record = record.clone().sealed(self.chain);
                self.chain = record.chain_hash;
                self.sink.decision(&record);
            }
            $(fn $event(&mut self, record: &$record) {
                self.sink.$event(record);
            })*
        }
    };
}

forward! {
    compile(CompileRecord);
    deopt(DeoptRecord);
    function_so_far(FunctionTotals);
    iteration(IterationRecord);
    function(FunctionRecord);
    run_end(RunSummary);
}

fn spool(dir: &Path, fill: impl FnOnce(&mut Sealing)) -> std::path::PathBuf {
    let (sink, handle) = SpoolSink::create(dir).unwrap();
    let mut sink = Sealing { sink, chain: 0 };
    fill(&mut sink);
    drop(sink);
    assert_eq!(handle.error(), None);
    handle.path().to_owned()
}

#[test]
fn what_the_sink_was_told_stands_in_the_tables() {
    let dir = TempDir::new().unwrap();
    let path = spool(dir.path(), |sink| {
        sink.decision(&decision(0, DecisionKind::Tier, None));
        sink.decision(&decision(1, DecisionKind::Osr, Some(1)));
        sink.decision(&decision(2, DecisionKind::Demote, None));
        let t_virtual = VirtualTime::default();
        let label = Default::default();
        sink.deopt(&DeoptRecord { t_ns: 1, t_virtual, function_id: 77, label, pc: 4, reason: "type" });
        sink.function(&function(totals()));
        sink.run_end(&RunSummary { gc_ns: 11, consultations: 3, ..RunSummary::default() });
    });
    let root = dir.path().join("data");
    let report = convert(&root, &[RunInput { meta: meta(), spool: Some(path), ..RunInput::default() }]).unwrap();
    assert_eq!((report.runs, report.decisions, report.truncated_runs, report.unlabelled), (1, 3, 0, 0));

    let data = Dataset::open(&root).unwrap();
    let table = data.table(Table::Decision, None).unwrap();
    assert_eq!(table.height(), 3);
    assert_eq!(table.column("action").unwrap().str().unwrap().get(0), Some("hot"));
    assert_eq!(table.column("taken").unwrap().str().unwrap().get(0), Some("stay"));
    assert_eq!(table.column("fallback_reason").unwrap().str().unwrap().get(1), Some("missing feature"));
    assert_eq!(table.column("self_work").unwrap().f64().unwrap().get(1), Some(400.0));
    assert_eq!(table.column("score_hot").unwrap().f32().unwrap().get(0), None);
    let outcome = data.table(Table::Outcome, None).unwrap();
    assert_eq!(outcome.height(), 2, "demotions have no outcomes");
    let value = |name: &str, row| outcome.column(name).unwrap().f64().unwrap().get(row);
    assert_eq!(value("self_work_after", 0), Some(1100.0));
    assert_eq!(value("calls_after", 0), Some(5.0));
    assert_eq!(value("backedges_after", 0), Some(100.0));
    assert_eq!(value("loop_backedges_after", 0), None);
    assert_eq!(value("loop_backedges_after", 1), Some(100.0));
    assert_eq!(value("deopts_after", 1), Some(1.0));
    let after = |name: &str| outcome.column(name).unwrap().u64().unwrap().get(0);
    assert_eq!((after("self_ticks_after"), after("self_model_ns_after")), (Some(60), None));
    let number = |name: &str| table.column(name).unwrap().u64().unwrap().get(1);
    assert_eq!((number("t_ticks"), number("t_model_ns")), (Some(40), Some(101)));
    let sealed =
        decision(1, DecisionKind::Osr, Some(1)).sealed(decision(0, DecisionKind::Tier, None).sealed(0).chain_hash);
    assert_eq!((number("snapshot_hash"), number("chain_hash")), (Some(sealed.snapshot_hash), Some(sealed.chain_hash)));
    assert_eq!(number("t_ns"), Some(5));
    let run = data.table(Table::Run, None).unwrap();
    assert_eq!(run.column("gc_ns").unwrap().u64().unwrap().get(0), Some(11));
    assert_eq!(data.rows(Table::Deopt), 1);
}

#[test]
fn the_log_of_a_run_can_be_read_back_from_spool_and_data_set() {
    let dir = TempDir::new().unwrap();
    let path = spool(dir.path(), |sink| {
        sink.decision(&decision(0, DecisionKind::Tier, None));
        sink.decision(&decision(1, DecisionKind::Osr, Some(1)));
        sink.function(&function(totals()));
        let policy = "fixed:1,2".to_owned();
        sink.run_end(&RunSummary { policy, first_consultations: [1, 2], ..RunSummary::default() });
    });
    let mut log = read_log(&path, None).unwrap();
    let rows = &log.decisions;
    assert_eq!(rows.iter().map(|decision| decision.events).collect::<Vec<_>>(), [40.0, 20.0]);
    let answer = &rows[1].decision;
    assert_eq!((answer.action, rows[1].taken, answer.ask_again), (Action::Hot, Action::Stay, 9));
    assert_eq!(rows[1].fallback.as_deref(), Some("missing feature"));
    assert_eq!(rows[1].snapshot_hash, decision(1, DecisionKind::Osr, Some(1)).sealed(0).snapshot_hash);
    assert_eq!((log.policy.as_deref(), log.first_consultations), (Some("fixed:1,2"), Some([1, 2])));
    assert_eq!(log.functions[&77], "a.lua:3");
    // What has no number is equal to none.
    let numbered = |log: &mut RunLog| log.decisions.iter_mut().for_each(|row| row.decision.scores = [0.0; 3]);
    numbered(&mut log);
    let read_log = |root: &Path, run: Option<&str>| {
        let mut log = read_log(root, run)?;
        numbered(&mut log);
        Ok::<_, DataError>(RunLog { seed: None, ..log })
    };
    let root = dir.path().join("data");
    let run = |seed| RunInput { meta: RunMeta { seed, ..meta() }, spool: Some(path.clone()), ..RunInput::default() };
    convert(&root, &[run(0)]).unwrap();
    assert_eq!(read_log(&root, None).unwrap(), log);
    convert(&root, &[run(1)]).unwrap();
    assert_eq!(read_log(&root, Some(&run(1).meta.run_id())).unwrap(), log);
    for run in [None, Some("nobody")] {
        let error = read_log(&root, run).unwrap_err();
        assert!(matches!(error, DataError::NoSuchRun { .. }), "{error}");
    }
}

#[test]
fn compilations_say_when_they_were_queued_and_what_became_of_them() {
    let dir = TempDir::new().unwrap();
    let compiles = [
        (None, CompileResult::Ok),
        (Some(5), CompileResult::Ok),
        (Some(6), CompileResult::Stale("collected")),
        (Some(7), CompileResult::Bailout("panic")),
    ];
    let path = spool(dir.path(), |sink| {
        for (enqueue_ns, result) in compiles {
            sink.compile(&CompileRecord {
                decision_id: 0,
                function_id: 77,
                label: "f main.lua:1".into(),
                loop_index: None,
                tier_from: Tier::Cold,
                tier_to: Tier::Hot,
                enqueue_ns,
                start_ns: 8,
                install_ns: 9,
                cpu_ns: 1,
                model_ns: Some(3),
                phases: PhaseTimes::default(),
                form: "cranelift",
                bytecode_len: 12,
                ir_insts: 0,
                code_bytes: 0,
                result,
            });
        }
    });
    let root = dir.path().join("data");
    convert(&root, &[RunInput { meta: meta(), spool: Some(path), ..RunInput::default() }]).unwrap();
    let table = Dataset::open(&root).unwrap().table(Table::Compile, None).unwrap();
    let queued: Vec<_> = table.column("enqueue_ns").unwrap().u64().unwrap().iter().collect();
    assert_eq!(queued, [None, Some(5), Some(6), Some(7)]);
    let texts = |name: &str| -> Vec<Option<String>> {
        table.column(name).unwrap().str().unwrap().iter().map(|text| text.map(str::to_owned)).collect()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(texts("result"), [some("ok"), some("ok"), some("stale"), some("bailout")]);
    assert_eq!(texts("reason"), [None, None, some("collected"), some("panic")]);
}

#[test]
fn every_field_of_the_metadata_is_a_column_of_the_run_table() {
    let fields = serde_json::to_value(meta()).unwrap();
    for name in fields.as_object().unwrap().keys() {
        assert!(Table::Run.column(name).is_some(), "{name}");
    }
}

#[test]
fn a_killed_process_loses_at_most_the_last_record() {
    let dir = TempDir::new().unwrap();
    let path = spool(dir.path(), |sink| {
        for id in 0..10 {
            sink.decision(&decision(id, DecisionKind::Tier, None));
        }
    });
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 17]).unwrap();
    let root = dir.path().join("data");
    let crashed = RunMeta { status: "crash".into(), ..meta() };
    let report =
        convert(&root, &[RunInput { meta: crashed, spool: Some(path.clone()), ..RunInput::default() }]).unwrap();
    assert_eq!((report.decisions, report.truncated_runs, report.unlabelled), (9, 1, 9));
    let error = training_view(&root, &ViewSpec::default()).unwrap_err();
    assert!(matches!(error, DataError::NoRows { .. }), "{error}");

    // Whatever length is left, conversion neither fails nor panics.
    for length in (0..whole.len()).step_by(53) {
        fs::write(&path, &whole[..length]).unwrap();
        let meta = RunMeta { seed: length as u64, ..meta() };
        convert(&root, &[RunInput { meta, spool: Some(path.clone()), ..RunInput::default() }]).unwrap();
    }
    let validation = validate(&root).unwrap();
    assert!(validation.valid, "{validation}");
    fs::write(&path, "no spool, but long enough to be one").unwrap();
    let meta = RunMeta { seed: 1 << 40, ..meta() };
    let error = convert(&root, &[RunInput { meta, spool: Some(path), ..RunInput::default() }]).unwrap_err();
    assert!(matches!(error, DataError::Spool { .. }), "{error}");
}

#[test]
fn functions_that_share_an_identifier_get_no_labels() {
    let dir = TempDir::new().unwrap();
    let path = spool(dir.path(), |sink| {
        sink.decision(&decision(0, DecisionKind::Tier, None));
        sink.function(&function(totals()));
        sink.function(&function(totals()));
    });
    let report =
        convert(&dir.path().join("data"), &[RunInput { meta: meta(), spool: Some(path), ..RunInput::default() }])
            .unwrap();
    assert_eq!(report.unlabelled, 1);
}

#[test]
fn equal_runs_give_equal_bytes() {
    let (a, b) = (synthetic_set(), synthetic_set());
    let (a, b) = (Dataset::open(a.path()).unwrap(), Dataset::open(b.path()).unwrap());
    assert_eq!(a.digest().unwrap(), b.digest().unwrap());
}

#[test]
fn a_sealed_data_set_is_valid_and_describes_itself() {
    let dir = synthetic_set();
    let validation = validate(dir.path()).unwrap();
    assert!(validation.valid, "{validation}");
    let text = describe(dir.path()).unwrap().to_string();
    assert!(text.contains("program2") && text.contains("decision"), "{text}");
    let card = fs::read_to_string(dir.path().join("card.md")).unwrap();
    assert!(card.contains("| `self_work_after` | f64? |"), "{card}");
}

fn a_part(root: &Path, table: Table) -> std::path::PathBuf {
    let data = Dataset::open(root).unwrap();
    data.parts().iter().find(|part| part.table == table).unwrap().path.clone()
}

/// A part of the same length that reads without an error.
fn altered(part: &[u8]) -> Vec<u8> {
    let mut bytes = part.to_vec();
    let at = bytes.windows(11).position(|word| word == b"description").expect("columns are described");
    bytes[at] = b'D';
    bytes
}

#[test]
fn damaged_parts_are_errors_of_one_line_that_name_the_file() {
    let dir = synthetic_set();
    let part = a_part(dir.path(), Table::Decision);
    let whole = fs::read(&part).unwrap();
    let mut damaged: Vec<Vec<u8>> = vec![vec![], b"PAR1".to_vec(), b"not parquet at all".to_vec()];
    for step in 1..16 {
        damaged.push(whole[..whole.len() * step / 16].to_vec());
        let mut flipped = whole.clone();
        for byte in &mut flipped[whole.len() * step / 17..][..40] {
            *byte ^= 0x5a;
        }
        damaged.push(flipped);
    }
    for bytes in damaged {
        fs::write(&part, &bytes).unwrap();
        // A flip may go unnoticed by the decoder, but not by the digests.
        if let Err(error) = Dataset::open(dir.path()).unwrap().table(Table::Decision, None) {
            let text = error.to_string();
            assert!(!text.contains('\n') && text.contains("part-"), "{text}");
            let corrupt = matches!(error, DataError::Corrupt { .. });
            assert!(!corrupt || text.ends_with("restore it from a copy, or collect into a new folder"), "{text}");
        }
        assert!(!validate(dir.path()).unwrap().valid);
    }
}

#[test]
fn what_differs_from_the_manifest_is_not_learned_from_and_described_as_such() {
    let dir = synthetic_set();
    assert!(describe(dir.path()).unwrap().altered.is_empty());
    for table in [Table::Run, Table::Decision, Table::Outcome, Table::Compile] {
        let part = a_part(dir.path(), table);
        let whole = fs::read(&part).unwrap();
        fs::write(&part, altered(&whole)).unwrap();
        let error = training_view(dir.path(), &ViewSpec::default()).unwrap_err();
        assert!(matches!(&error, DataError::Altered { path, .. } if *path == part), "{error}");
        let description = describe(dir.path()).unwrap();
        assert_eq!(description.altered, [error.to_string()]);
        assert!(description.to_string().contains(&format!("error: {error}")), "{description}");
        fs::write(&part, whole).unwrap();
    }
    assert!(training_view(dir.path(), &ViewSpec::default()).is_ok());
}

#[test]
fn missing_directories_and_other_versions_are_named() {
    let dir = TempDir::new().unwrap();
    let error = Dataset::open(&dir.path().join("nowhere")).unwrap_err();
    assert!(matches!(error, DataError::MissingDirectory(_)));
    let error = Dataset::open(dir.path()).unwrap_err();
    assert!(matches!(error, DataError::EmptyTable { .. }), "{error}");
    fs::create_dir(dir.path().join("schema=9")).unwrap();
    let error = Dataset::open(dir.path()).unwrap_err();
    assert!(error.to_string().contains("schema_version is 9"), "{error}");
    let error = Store::open(dir.path(), &HowMade::default(), None).unwrap_err();
    assert!(matches!(error, DataError::SchemaVersion { .. }), "{error}");
    fs::remove_dir(dir.path().join("schema=9")).unwrap();
    fs::write(dir.path().join("manifest.json"), r#"{ "schema_version": "1", "parts": [] }"#).unwrap();
    let error = Dataset::open(dir.path()).unwrap_err();
    assert!(error.to_string().contains("schema_version is 1") && error.to_string().contains("collect again"));
}

#[test]
fn a_part_in_flight_is_passed_over() {
    let dir = synthetic_set();
    let part = a_part(dir.path(), Table::Decision);
    fs::write(part.with_file_name(".tmp-part-x.parquet"), b"half").unwrap();
    assert!(validate(dir.path()).unwrap().valid);
}

#[test]
fn a_broken_manifest_is_an_error_with_its_place() {
    let dir = synthetic_set();
    fs::write(dir.path().join("manifest.json"), "{\n \"schema_version\": ").unwrap();
    let validation = validate(dir.path()).unwrap();
    assert!(!validation.valid && validation.to_string().contains("manifest.json: line 2"), "{validation}");
}

#[test]
fn labels_and_identifiers_are_rejected_as_features() {
    let dir = synthetic_set();
    let view = |name: &str| {
        let spec = ViewSpec { features: vec!["calls".into(), name.into()], ..ViewSpec::default() };
        training_view(dir.path(), &spec).map(|view| view.len())
    };
    for leak in ["self_work_after", "censored", "action", "taken", "propensity_hot", "inference_ns", "wall_ns", "work"]
    {
        assert!(matches!(view(leak), Err(DataError::Leak { .. })), "{leak}: {:?}", view(leak));
    }
    for identifier in ["run_id", "function_id", "decision_id", "program_id", "family_id", "source_sha256", "name"] {
        assert!(matches!(view(identifier), Err(DataError::RawIdentifier { .. })), "{identifier}");
    }
    for context in ["t_ns", "cpu_model", "policy_id", "split"] {
        assert!(matches!(view(context), Err(DataError::NotAPolicyInput { .. })), "{context}");
    }
    assert!(matches!(view("no_such"), Err(DataError::UnknownColumn { .. })));
    assert!(view("n_loops").unwrap() > 0);
    for feature in Feature::ALL {
        check_feature(feature.info().name).unwrap();
    }
}

#[test]
fn planted_leaks_are_found_by_content() {
    let dir = synthetic_set();
    let clean = training_view(dir.path(), &ViewSpec::default()).unwrap();
    clean.check_contents().unwrap();

    let mut planted = clean.clone();
    planted.features[3] = planted.self_work_after.clone();
    let error = planted.check_contents().unwrap_err();
    assert!(error.to_string().contains("self_work_after"), "{error}");

    let mut sorted = clean.calls_after.clone();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    let rank = |label: &f64| sorted.partition_point(|other| other < label) as f64;
    for transformed in
        [&|label: &f64| (label + 1.0).ln(), &|label: &f64| 7.0 - 2.0 * label, &rank] as [&dyn Fn(&f64) -> f64; 3]
    {
        planted.features[3] = planted.calls_after.iter().map(transformed).collect();
        let error = planted.check_contents().unwrap_err();
        assert!(error.to_string().contains("calls_after"), "{error}");
    }
    planted.features[3] = planted.calls_after.iter().map(|label| (label / 2.0).floor()).collect();
    planted.check_contents().unwrap();

    let mut planted = clean.clone();
    planted.features[2] = planted.program.iter().map(|program| f64::from(program * 10)).collect();
    let error = planted.check_contents().unwrap_err();
    assert!(error.to_string().contains("names the program"), "{error}");

    // with noise, so that it is constant nowhere
    let noisy = |(row, program): (usize, &u32)| f64::from(program * 10) + (row % 7) as f64;
    planted.features[2] = planted.program.iter().enumerate().map(noisy).collect();
    assert!(planted.check_contents().unwrap_err().to_string().contains("names the program"));

    assert!(matches!(clean.check_disjoint(&clean), Err(DataError::SplitOverlap { .. })));
}

/// Every call of a function is one less to come.
#[test]
fn counters_of_a_single_function_are_no_leak() {
    let dir = TempDir::new().unwrap();
    let path = spool(dir.path(), |sink| {
        for id in 0..14 {
            let mut record = decision(id, DecisionKind::Tier, None);
            record.features[Feature::Calls] = (1 << id) as f64;
            sink.decision(&record);
        }
        sink.function(&function(FunctionTotals { calls: 1 << 14, ..totals() }));
    });
    convert(&dir.path().join("data"), &[RunInput { meta: meta(), spool: Some(path), ..RunInput::default() }]).unwrap();
    let validation = validate(&dir.path().join("data")).unwrap();
    assert!(validation.valid, "{validation}");
}

#[test]
fn splits_select_runs() {
    let dir = synthetic_set();
    let spec = ViewSpec { split: Some("test".into()), ..ViewSpec::default() };
    let error = training_view(dir.path(), &spec).unwrap_err().to_string();
    assert!(error.contains("no decision of the split `test` has labels with the horizon `run_end`"), "{error}");
    let spec = ViewSpec { split: Some("train".into()), ..ViewSpec::default() };
    assert_eq!(training_view(dir.path(), &spec).unwrap().families.len(), 3);
}

#[test]
fn generated_programs_are_refused_outside_of_training() {
    let dir = TempDir::new().unwrap();
    let run = |split: &str| {
        let meta = RunMeta { family_id: "generated".into(), split: split.into(), ..meta() };
        convert(dir.path(), &[RunInput { meta, ..RunInput::default() }])
    };
    for split in ["test", "validation", ""] {
        assert!(matches!(run(split), Err(DataError::TrainingOnly { .. })), "{split}");
    }
    run("train").unwrap();
}
