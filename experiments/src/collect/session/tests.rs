use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
    time::SystemTime,
};

use trinity_datasets::{Dataset, Side, SpoolSink, validate};
use trinity_vm::seam::{
    Action, ActionSet, Decision, DecisionKind, DecisionRecord, EventSink, Features, RunSummary, Tier, VirtualTime,
};

use super::*;

const RUNS: u64 = 60;

/// A run that logs the same every time, but for its times, and takes a few milliseconds.
fn meta(index: u64) -> RunMeta {
    RunMeta {
        program_id: format!("program{}", index % 7),
        family_id: format!("family{}", index % 7),
        suite: "synthetic".into(),
        policy_kind: ["interpret", "random"][(index % 2) as usize].into(),
        policy_id: "random:0".into(),
        seed: index,
        order_index: index as u32,
        logging_mode: "spool".into(),
        clock_kind: "virtual".into(),
        status: "ok".into(),
        ..RunMeta::default()
    }
}

fn run(index: usize, folder: &Path) -> Result<RunMeta> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
    let (mut sink, _) = SpoolSink::create(folder).map_err(failed)?;
    let decisions = index as u64 % 11;
    let mut chain = 0;
    for decision_id in 0..decisions {
        let record = DecisionRecord {
            decision_id,
            kind: DecisionKind::Tier,
            t_ns: now + decision_id,
            t_virtual: VirtualTime { ticks: Some(decision_id * 100), model_ns: Some(decision_id * 300) },
            self_virtual: VirtualTime::default(),
            snapshot_hash: 0,
            chain_hash: 0,
            parent: None,
            last_deopt: None,
            iteration: 0,
            function_id: index as u64,
            loop_index: None,
            tier: Tier::Cold,
            features: Features::default(),
            legal: ActionSet::STAY,
            decision: Decision::certain(Action::Stay, 100),
            taken: Action::Stay,
            inference_ns: now as u32,
            feature_ns: 1,
        }
        .sealed(chain);
        chain = record.chain_hash;
        sink.decision(&record);
        thread::sleep(Duration::from_micros(300));
    }
    sink.run_end(&RunSummary { consultations: decisions, wall_ns: now, ..RunSummary::default() });
    Ok(RunMeta { start_utc_ns: now, ..meta(index as u64) })
}

fn session(out: &Path) -> Session {
    let planned = (0..RUNS).map(|index| Planned { plan_id: meta(index).plan_id(), label: index.to_string() }).collect();
    let how = HowMade { plan_sha256: "synthetic".into(), ..HowMade::default() };
    Session { runs_per_commit: 7, ..Session::open(out, &how, planned).expect("opens") }
}

fn core_files(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let data = Dataset::open(out).expect("opens");
    let core = data.parts().iter().filter(|part| part.side == Side::Core);
    core.map(|part| (part.name.clone(), fs::read(&part.path).expect("reads"))).collect()
}

fn undisturbed(out: &Path, jobs: usize) -> BTreeMap<String, Vec<u8>> {
    let done = session(out).run(jobs, &Progress::hidden(), run).expect("collects");
    assert_eq!((done.runs, done.executed, done.failed), (60, 60, 0));
    core_files(out)
}

#[test]
fn the_number_of_workers_leaves_no_trace() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let [one, many] = ["one", "many"].map(|name| folder.path().join(name));
    assert_eq!(undisturbed(&one, 1), undisturbed(&many, 8));
    assert!(!one.join("collecting").exists());
    let again = session(&one).run(2, &Progress::hidden(), |_, _| unreachable!("nothing is missing"));
    assert_eq!(again.expect("is done").executed, 0);
}

#[test]
fn a_run_that_cannot_be_made_stops_the_collection_and_keeps_the_others() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let out = folder.path().join("data");
    let fails = |index: usize, folder: &Path| match index {
        20 => Err(Failure::work("no more processes")),
        _ => run(index, folder),
    };
    let error = session(&out).run(2, &Progress::hidden(), fails).expect_err("fails").to_string();
    assert_eq!(error, "no more processes");
    assert!(!validate(&out).expect("opens").complete);
    let done = session(&out).run(2, &Progress::hidden(), run).expect("goes on");
    assert!(done.runs == 60 && done.executed < 50, "{done:?}");
    assert_eq!(core_files(&out), undisturbed(&folder.path().join("other"), 3));
}

#[test]
fn another_plan_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let out = folder.path().join("data");
    let before = undisturbed(&out, 2);
    let how = HowMade { plan_sha256: "another".into(), ..HowMade::default() };
    let error = Session::open(&out, &how, Vec::new()).err().expect("refuses");
    assert!(matches!(error, Failure::Usage(_)), "{error}");
    assert_eq!(core_files(&out), before);
}

/// Names the folder to a copy of this test's process that is going to be killed.
const VICTIM: &str = "TRINITY_TEST_COLLECT_INTO";

/// Not a test: what the killed processes do.
#[test]
#[ignore = "run by the tests below"]
fn victim() {
    if let Some(out) = std::env::var_os(VICTIM) {
        session(Path::new(&out)).run(4, &Progress::hidden(), run).expect("collects");
    }
}

/// Kills a collection again and again, each time a little later, and looks at what it has left.
fn kill_and_go_on(kills: u32, step: Duration) {
    let folder = tempfile::tempdir().expect("temporary folder");
    let out = folder.path().join("data");
    let (mut stored, mut unfinished) = (0, 0);
    for kill in 0..kills {
        let mut victim = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "collect::session::tests::victim", "--ignored"])
            .env(VICTIM, &out)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        thread::sleep(Duration::from_millis(15) + step * kill);
        victim.kill().expect("kills");
        victim.wait().expect("ends");
        if out.join("manifest.json").exists() {
            let validation = validate(&out).expect("opens");
            assert!(validation.valid, "after kill {kill}: {validation}");
            unfinished += u32::from(!validation.complete);
            let runs = Dataset::open(&out).expect("opens").rows(trinity_datasets::Table::Run);
            assert!(runs >= stored, "after kill {kill}: {runs} runs, {stored} before");
            stored = runs;
        }
    }
    assert!(unfinished > 0, "every kill came too late");
    let done = session(&out).run(4, &Progress::hidden(), run).expect("goes on");
    assert_eq!(done.runs, 60);
    assert_eq!(core_files(&out), undisturbed(&folder.path().join("undisturbed"), 4));
}

#[test]
fn a_collection_that_is_killed_again_and_again_ends_in_the_same_bytes() {
    kill_and_go_on(6, Duration::from_millis(12));
}

#[test]
#[ignore = "takes a minute"]
fn a_collection_that_is_killed_a_hundred_times_ends_in_the_same_bytes() {
    for _ in 0..5 {
        kill_and_go_on(20, Duration::from_millis(4));
    }
}
