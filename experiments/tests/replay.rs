//! Replays of logged runs, and runs that differ from one in a single decision, through the binary.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;
use trinity_datasets::{LoggedDecision, read_log};
use trinity_vm::seam::{Action, DecisionKind};

/// A run that has ended.
struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

fn trinity(folder: &Path, args: &[&str]) -> Ran {
    let done = Command::new(env!("CARGO_BIN_EXE_trinity"))
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { status: done.status.code().unwrap_or(-1), stdout: text(&done.stdout), stderr: text(&done.stderr) }
}

/// Runs a script with every compilation done at once; the spool of its log is the only file in `log`.
fn logged(folder: &Path, log: &str, policy: &str, script: &[&str]) -> (Ran, PathBuf) {
    let options = ["run", "--compiler-threads", "0", "--policy", policy, "--log", log, "--log-spool-only"];
    let ran = trinity(folder, &[&options[..], script].concat());
    let spool = fs::read_dir(folder.join(log)).expect("a log").next().expect("a spool").expect("lists").path();
    (ran, spool)
}

/// The decisions of a log, as text: what has no number is like itself there.
fn decisions(log: &Path) -> Vec<LoggedDecision> {
    read_log(log, None).expect("reads").decisions
}

fn text(decisions: &[LoggedDecision]) -> String {
    decisions.iter().map(|decision| format!("{decision:?}\n")).collect()
}

/// The suite's programs, beside their driver.
fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("suite")
}

/// Programs with recursion, closures, coroutines, strings and much garbage, at their sizes for tests.
const PROGRAMS: [(&str, &str); 5] = [
    ("recursion/fib", "24"),
    ("coroutines/generators", "20"),
    ("strings/wordfreq", "20"),
    ("objects/shapes", "20"),
    ("loops/collatz", "300"),
];

/// Everything happens here: calls, loops, and functions that get hot at different times.
const PROGRAM: &str = "
local function small(x) return x + 1 end
local function looping(n) local s = 0 for i = 1, n do s = small(s) + i end return s end
local total = 0
for round = 1, 200 do total = total + looping(100) end
print(total)
for i = 1, tonumber(arg[1] or 0) do pcall(small, i) end
print('end')";

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("temporary folder"));
        fs::write(place.path().join("p.lua"), PROGRAM).expect("writes");
        place
    }
    fn path(&self) -> &Path {
        self.0.path()
    }
}

#[test]
fn a_replay_of_a_log_makes_the_same_log() {
    let place = tempfile::tempdir().expect("temporary folder");
    let path = |name: String| place.path().join(name).display().to_string();
    for (number, (program, n)) in PROGRAMS.into_iter().enumerate() {
        let times = path(format!("{number} times"));
        let script = ["driver.lua", &format!("{program}.lua"), n, "2", &times];
        for policy in ["explore:0.3,fixed:20,200", "random:0.4", "cost-benefit"] {
            let [first, second] = ["base", "replay"].map(|name| path(format!("{number} {policy} {name}")));
            let (base, log) = logged(&suite(), &first, policy, &script);
            assert_eq!(base.status, 0, "{program}: {}", base.stderr);
            let replay = format!("replay:{}", log.display());
            let (again, its_log) = logged(&suite(), &second, &replay, &script);
            assert_eq!((again.status, again.stdout), (0, base.stdout), "{program} {policy}: {}", again.stderr);
            let rows = decisions(&log);
            assert!(!rows.is_empty());
            assert_eq!(text(&decisions(&its_log)), text(&rows), "{program} {policy}");
        }
    }
}

#[test]
fn a_data_set_is_replayed_by_run() {
    let place = Place::new();
    for seed in ["1", "2"] {
        let run = ["run", "--compiler-threads", "0", "--seed", seed, "--policy", "explore:0.3,fixed:20,100"];
        assert_eq!(trinity(place.path(), &[&run[..], &["--log", "data", "p.lua"]].concat()).status, 0);
    }
    let replay = |policy: &str| trinity(place.path(), &["run", "--compiler-threads", "0", "--policy", policy, "p.lua"]);
    let which = replay("replay:data");
    assert_eq!(which.status, 2, "{}", which.stderr);
    assert!(which.stderr.contains("data: 2 runs; say which by its run_id"), "{}", which.stderr);
    let runs = trinity_datasets::Dataset::open(&place.path().join("data")).expect("opens");
    let runs = runs.table(trinity_datasets::Table::Run, Some(&["run_id"])).expect("reads");
    for run in runs.column("run_id").expect("there").str().expect("text").iter().flatten() {
        let done = replay(&format!("replay:data,run={run}"));
        assert_eq!((done.status, done.stderr.as_str()), (0, ""));
        // The log says who made it and with which seed, so that the flip needs no `then=`.
        let done = replay(&format!("replay:data,run={run},flip=0:stay"));
        assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    }
    let valid = trinity(place.path(), &["data", "validate", "data"]);
    assert!(valid.status == 0, "{}", valid.stdout);
}

/// Byte of a decision's record, behind its frame's head of 5, that holds the answer.
const ACTION: usize = 5 + 5;
const DECISION: u8 = 2;

/// Where the frames of decisions begin in a spool.
fn frames(spool: &[u8]) -> Vec<usize> {
    let (mut at, mut found) = (16, Vec::new());
    while at + 5 <= spool.len() {
        if spool[at] == DECISION {
            found.push(at);
        }
        at += 5 + u32::from_le_bytes(spool[at + 1..at + 5].try_into().expect("four bytes")) as usize;
    }
    found
}

#[test]
fn an_edited_decision_is_refused_where_it_stands() {
    let place = Place::new();
    let (base, log) = logged(place.path(), "base", "fixed:20,100", &["p.lua"]);
    assert_eq!(base.status, 0);
    let rows = decisions(&log);
    let edited = rows.iter().position(|row| row.decision.action == Action::Hot).expect("a promotion");
    assert!(edited > 0);
    let mut bytes = fs::read(&log).expect("reads");
    let place_of_action = frames(&bytes)[edited] + ACTION;
    assert_eq!(bytes[place_of_action], Action::Hot as u8);
    bytes[place_of_action] = Action::Stay as u8;
    fs::write(place.path().join("edited.spool"), bytes).expect("writes");
    let (again, its_log) = logged(place.path(), "again", "replay:edited.spool", &["p.lua"]);
    assert_eq!(again.status, 1);
    let says = format!("replay of edited.spool, decision {edited}: ");
    assert!(again.stderr.contains(&says) && again.stderr.contains("the log was changed"), "{}", again.stderr);
    assert_eq!(text(&decisions(&its_log)), text(&rows[..edited]), "up to there it was the logged run");
}

#[test]
fn another_run_is_refused_where_it_differs_and_nothing_catches_it() {
    let place = Place::new();
    let (_, log) = logged(place.path(), "base", "random:0", &["p.lua", "100"]);
    let replay = format!("replay:{}", log.display());
    let run = |args: &[&str]| {
        trinity(place.path(), &[&["run", "--compiler-threads", "0", "--policy", &replay][..], args].concat())
    };
    let more = run(&["p.lua", "100000"]);
    assert_eq!(more.status, 1);
    assert!(more.stderr.contains("the log ends here, and "), "{}", more.stderr);
    assert!(more.stdout.contains("1030000") && !more.stdout.contains("end"), "{}", more.stdout);
    let less = run(&["p.lua", "0"]);
    assert_eq!((less.status, less.stdout.as_str()), (1, "1030000\nend\n"));
    let count = decisions(&log).len();
    assert!(less.stderr.contains(&format!("of {count} decisions; expected next: ")), "{}", less.stderr);
    assert!(less.stderr.contains("(p.lua:0), loop 1 at 2 events"), "what is missing is named: {}", less.stderr);
    let other = run(&["-e", "local function f() end for i = 1, 9 do pcall(f) end print 'not here'"]);
    assert_eq!((other.status, other.stdout.as_str()), (1, ""));
    assert!(other.stderr.contains("decision 0: expected tier of function"), "{}", other.stderr);
    // The same program, of which other actions are legal.
    let tiers = run(&["--max-tier", "1", "p.lua", "100"]);
    assert_eq!((tiers.status, tiers.stdout.as_str()), (1, ""));
    assert!(tiers.stderr.contains("decision 0: ") && tiers.stderr.contains("has the hash"), "{}", tiers.stderr);
}

#[test]
fn compiled_code_is_left_where_the_replay_objects() {
    let place = Place::new();
    let path = place.path().join("loop.lua");
    fs::write(&path, "local s = 0 for i = 1, arg[1] do s = s + i if i % 50 == 0 then print(i) end end")
        .expect("writes");
    // Tier 1 at 20 back-edges, and asked again at 1000.
    let (base, log) = logged(place.path(), "base", "fixed:20,1000", &["loop.lua", "900"]);
    assert_eq!((base.status, decisions(&log).len()), (0, 1), "{}", base.stderr);
    let replay = format!("replay:{}", log.display());
    let ran = trinity(place.path(), &["run", "--compiler-threads", "0", "--policy", &replay, "loop.lua", "2000"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("decision 1: the log ends here"), "{}", ran.stderr);
    assert_eq!(ran.stdout.lines().last(), Some("1000"), "not one iteration more than fifty");
}

#[test]
fn a_flip_diverges_after_its_decision_and_not_before() {
    let place = Place::new();
    for policy in ["fixed:20,100", "explore:0.3,fixed:20,100", "random:0.5"] {
        let (base, log) = logged(place.path(), &format!("{policy} base"), policy, &["p.lua", "500"]);
        let rows = decisions(&log);
        for (at, row) in rows.iter().enumerate() {
            for action in Action::ALL {
                let name = action.name();
                let flip = format!("replay:{},flip={at}:{name}", log.display());
                let (ran, its_log) = logged(place.path(), &format!("{policy} {at} {name}"), &flip, &["p.lua", "500"]);
                if ran.status != 0 {
                    assert!(ran.stderr.contains("is not legal there; legal: stay"), "{}", ran.stderr);
                    assert!(!ran.stderr.contains(&format!("legal: stay, {name}")), "{}", ran.stderr);
                    continue;
                }
                assert_eq!(ran.stdout, base.stdout);
                let its_rows = decisions(&its_log);
                assert_eq!(text(&its_rows[..at]), text(&rows[..at]), "{policy} {flip}");
                let flipped = &its_rows[at];
                assert_eq!((flipped.snapshot_hash, flipped.taken), (row.snapshot_hash, action));
                if action == row.taken {
                    // Whoever has drawn so far goes on drawing as it did.
                    let story = |rows: &[LoggedDecision]| {
                        let told = |row: &LoggedDecision| (row.snapshot_hash, row.taken, row.decision.ask_again);
                        rows.iter().map(told).collect::<Vec<_>>()
                    };
                    assert_eq!(story(&its_rows), story(&rows), "{policy} {flip}");
                }
            }
        }
    }
}

/// Has met integers only when it is optimised, and floats from then on.
const EXITS: &str = "
local function f(x) return x + 1 end
for i = 1, 60 do f(i) end
local sum = 0
for i = 1, 2000 do sum = f(sum + 0.5) end
print(sum)";

#[test]
fn decisions_after_side_exits_are_replayed_and_flipped_like_others() {
    let place = Place::new();
    fs::write(place.path().join("exits.lua"), EXITS).expect("writes");
    let (base, log) = logged(place.path(), "base", "fixed:10,50", &["exits.lua"]);
    let rows = decisions(&log);
    let find = |kind| rows.iter().position(|row| row.kind == kind).expect("such a decision");
    let (demotion, again) = (find(DecisionKind::Demote), find(DecisionKind::Reopt));
    assert_eq!(rows[demotion].taken, Action::Warm);
    assert!(demotion < again);
    let (ran, its_log) = logged(place.path(), "replay", &format!("replay:{}", log.display()), &["exits.lua"]);
    assert_eq!((ran.status, &ran.stdout), (0, &base.stdout), "{}", ran.stderr);
    assert_eq!(text(&decisions(&its_log)), text(&rows));
    let flip = format!("replay:{},flip={demotion}:stay", log.display());
    let (ran, its_log) = logged(place.path(), "flip", &flip, &["exits.lua"]);
    assert_eq!((ran.status, ran.stdout), (0, base.stdout), "{}", ran.stderr);
    let its_rows = decisions(&its_log);
    assert_eq!(text(&its_rows[..demotion]), text(&rows[..demotion]));
    assert_eq!(its_rows[demotion].taken, Action::Stay);
    // Kept, the code goes on exiting, and the question comes again.
    assert_eq!(its_rows[demotion + 1].kind, DecisionKind::Demote);
}

#[test]
fn what_cannot_go_on_after_a_flip_says_so() {
    let place = Place::new();
    for (tier, log) in [("1", "warm"), ("2", "hot")] {
        let run = ["run", "--compiler-threads", "0", "--force-tier", tier, "--log", log, "--log-spool-only", "p.lua"];
        assert_eq!(trinity(place.path(), &run).status, 0);
        let flip = |then: &str| {
            let policy = format!("replay:{log},flip=0:stay{then}");
            trinity(place.path(), &["run", "--compiler-threads", "0", "--policy", &policy, "p.lua"])
        };
        let spool =
            fs::read_dir(place.path().join(log)).expect("a log").next().expect("a spool").expect("lists").path();
        fs::rename(spool, place.path().join("spool")).expect("moves");
        fs::remove_dir(place.path().join(log)).expect("removes");
        fs::rename(place.path().join("spool"), place.path().join(log)).expect("moves");
        let refused = flip("");
        assert_eq!(refused.status, 2, "{}", refused.stderr);
        assert!(refused.stderr.contains("has no answer after the flip: say then=POLICY"), "{}", refused.stderr);
        let ran = flip(",then=golden");
        assert_eq!(ran.status, 0, "{}", ran.stderr);
    }
}

#[test]
fn another_policy_goes_on_after_the_flip() {
    let place = Place::new();
    let (_, log) = logged(place.path(), "base", "fixed:20,100", &["p.lua", "500"]);
    let rows = decisions(&log);
    let at = rows.iter().position(|row| row.taken == Action::Warm).expect("a promotion") as u64;
    let flip = format!("replay:{},flip={at}:stay,then=interpret", log.display());
    let (ran, its_log) = logged(place.path(), "interpret", &flip, &["p.lua", "500"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(decisions(&its_log)[at as usize..].iter().all(|row| row.taken == Action::Stay));
    let flip = format!("replay:{},flip={at}:stay,then=fixed:30,60", log.display());
    let (ran, its_log) = logged(place.path(), "fixed", &flip, &["p.lua", "500"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let hot = decisions(&its_log).iter().any(|row| row.taken == Action::Hot);
    assert!(hot, "the other policy promotes later");
}

#[test]
fn with_compiler_threads_decisions_are_found_by_what_they_are_about() {
    let place = Place::new();
    let log = ["run", "--compiler-threads", "1", "--policy", "random:0", "--log", "log", "--log-spool-only", "p.lua"];
    assert_eq!(trinity(place.path(), &log).status, 0);
    let spool = fs::read_dir(place.path().join("log")).expect("a log").next().expect("a spool").expect("lists").path();
    let replay = format!("replay:{}", spool.display());
    let run = |args: &[&str]| {
        trinity(place.path(), &[&["run", "--compiler-threads", "1", "--policy", &replay][..], args].concat())
    };
    let done = run(&["p.lua"]);
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    let other = run(&["p.lua", "100000"]);
    assert_eq!(other.status, 1);
    assert!(other.stderr.contains("that has not been answered"), "{}", other.stderr);
}

#[test]
fn what_a_program_sees_does_not_depend_on_who_decides_and_who_listens() {
    let place = Place::new();
    let path = place.path().join("args.lua");
    fs::write(&path, "for i = -9, 3 do print(i, arg[i]) end print(collectgarbage 'count')").expect("writes");
    let run = |options: &[&str]| {
        let ran =
            trinity(place.path(), &[&["run"], options, &["-W", "-e", "x=1", "--", "args.lua", "--a", "-b"]].concat());
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran.stdout
    };
    let plain = run(&[]);
    assert!(plain.contains("-6\tnil\n") && plain.contains("-1\t--\n") && plain.contains("-3\t-e\n"), "{plain}");
    assert_eq!(run(&["--policy", "golden"]), plain);
    let several =
        ["--policy=fixed:50,5000", "--log", "log", "--log-spool-only", "--stats-json", "s.json", "--seed", "3"];
    assert_eq!(run(&several), plain);
}

/// `[collect]` of one small program, with what counterfactuals are wanted.
fn spec(place: &Path, clock: &str, counterfactuals: &str) {
    let text = format!(
        "name = 'x'\nseed = 5\npolicies = ['interpret']\nbaseline = 'interpret'\n[collect]\n\
         programs = ['recursion/hanoi', 'recursion/fib']\nsizes = ['test']\n\
         policies = ['explore:0.2,seed={{seed}},fixed:20,200']\nseeds = [1, 2]\niterations = 2\nclock = '{clock}'\n\
         counterfactuals = {{ {counterfactuals} }}"
    );
    fs::write(place.join("x.toml"), text).expect("writes");
}

/// Rows of counterfactuals: run, decision, action, cost, benefit, ends of its interval, repeats, weight.
fn counterfactuals(data: &Path) -> Vec<(String, u64, String, [f64; 4], u32, f64)> {
    use trinity_datasets::{Dataset, Table};
    let outcome = Dataset::open(data).expect("opens").table(Table::Outcome, None).expect("reads");
    let text = |name: &str, row| outcome.column(name).expect(name).str().expect(name).get(row).map(str::to_owned);
    let number = |name: &str, row| outcome.column(name).expect(name).f64().expect(name).get(row).unwrap_or(f64::NAN);
    let rows = (0..outcome.height()).filter_map(|row| {
        let costs = ["counterfactual_cost", "realised_benefit", "ci_low", "ci_high"].map(|name| number(name, row));
        let decision = outcome.column("decision_id").expect("there").u64().expect("numbers").get(row)?;
        let repeats = outcome.column("n_reps").expect("there").u32().expect("numbers").get(row).unwrap_or(0);
        let (run, action) = (text("run_id", row)?, text("counterfactual_action", row)?);
        assert_eq!(text("cost_kind", row).as_deref(), Some("measured"));
        Some((run, decision, action, costs, repeats, number("sample_weight", row)))
    });
    rows.collect()
}

#[test]
fn a_collection_measures_what_other_decisions_cost() {
    let place = tempfile::tempdir().expect("temporary folder");
    spec(place.path(), "wall", "per_run = 2, repeats = 3, continuation = 'fixed:50,500'");
    let done = trinity(place.path(), &["collect", "x.toml", "--out", "data", "--jobs", "2"]);
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert!(
        done.stdout.contains("4 runs (4 now, 0 failed)") && done.stdout.contains("(0 failed)\n"),
        "{}",
        done.stdout
    );
    let rows = counterfactuals(&place.path().join("data"));
    assert!((8..=16).contains(&rows.len()), "two decisions of four runs, one or two other actions: {rows:?}");
    for (_, _, action, [cost, benefit, low, high], repeats, weight) in &rows {
        assert!(Action::ALL.iter().any(|known| known.name() == action) && *repeats == 3 && *weight > 1.0);
        assert!(*cost > 1e5 && benefit.abs() < 1e10 && low <= benefit && benefit <= high, "{rows:?}");
    }
    let valid = trinity(place.path(), &["data", "validate", "data"]);
    assert_eq!(valid.status, 0, "{}", valid.stdout);
    let again = trinity(place.path(), &["collect", "x.toml", "--out", "data"]);
    assert!(again.stdout.contains("(0 now, 0 failed)"), "{}{}", again.stdout, again.stderr);
}

#[test]
fn a_killed_collection_goes_on_with_the_costs_that_it_found() {
    let place = tempfile::tempdir().expect("temporary folder");
    spec(place.path(), "wall", "per_run = 'all', repeats = 1");
    let mut child = Command::new(env!("CARGO_BIN_EXE_trinity"))
        .args(["collect", "x.toml", "--out", "data", "--jobs", "1"])
        .current_dir(place.path())
        .stdout(Stdio::null())
        .spawn()
        .expect("starts");
    let found = || -> Option<(u64, String)> {
        for run in fs::read_dir(place.path().join("data/collecting/counterfactuals")).ok()? {
            for file in fs::read_dir(run.ok()?.path()).ok()? {
                let file = file.ok()?.path();
                let Some(id) = file.file_stem().and_then(|name| name.to_str()?.parse().ok()) else { continue };
                return Some((id, fs::read_to_string(file).ok()?));
            }
        }
        None
    };
    let (id, costs) = loop {
        match found() {
            Some(found) => break found,
            None => std::thread::sleep(std::time::Duration::from_millis(2)),
        }
    };
    child.kill().expect("kills");
    child.wait().expect("ends");
    let done = trinity(place.path(), &["collect", "x.toml", "--out", "data"]);
    assert_eq!(done.status, 0, "{}", done.stderr);
    // {"weight":1.0,"base":[…],"others":[{"action":"warm","costs":[{"run_end":COST,…
    let cost = costs.split("costs\":[{\"run_end\":").nth(1).and_then(|rest| rest.split(',').next());
    let cost: f64 = cost.expect("a cost").parse().expect("a number");
    let kept = |row: &(String, u64, String, [f64; 4], u32, f64)| row.1 == id && row.3[0] == cost;
    assert!(counterfactuals(&place.path().join("data")).iter().any(kept), "{costs}");
}

#[test]
fn under_the_virtual_clock_costs_are_exact_and_so_is_the_data_set() {
    use trinity_datasets::{Dataset, Manifest, Table};
    let place = tempfile::tempdir().expect("temporary folder");
    spec(place.path(), "virtual", "per_run = 3");
    let digests = ["1", "2"].map(|jobs| {
        let done = trinity(place.path(), &["collect", "x.toml", "--out", jobs, "--jobs", jobs]);
        assert_eq!(done.status, 0, "{}", done.stderr);
        Manifest::load(&place.path().join(jobs)).expect("reads").expect("there").core_sha256
    });
    assert_eq!(digests[0], digests[1], "however many processes there were at once");
    let data = Dataset::open(&place.path().join("1")).expect("opens");
    let (outcome, run) =
        (data.table(Table::Outcome, None).expect("reads"), data.table(Table::Run, None).expect("reads"));
    let text = |name: &str, row| outcome.column(name).expect(name).str().expect(name).get(row).map(str::to_owned);
    let number = |name: &str, row| outcome.column(name).expect(name).f64().expect(name).get(row);
    let (ids, took) =
        (run.column("run_id").expect("there").str().expect("text"), run.column("model_ns").expect("there"));
    let took = took.u64().expect("numbers");
    let iteration = data.table(Table::Iteration, None).expect("reads");
    let (of_iteration, ended) = (iteration.column("run_id").expect("there"), iteration.column("t_model_ns"));
    let (of_iteration, ended) = (of_iteration.str().expect("text"), ended.expect("there").u64().expect("numbers"));
    let mut rows = [0, 0];
    for row in (0..outcome.height()).filter(|row| text("counterfactual_action", *row).is_some()) {
        assert_eq!(text("cost_kind", row).as_deref(), Some("virtual"));
        let of_run = (0..run.height()).find(|at| ids.get(*at) == text("run_id", row).as_deref()).expect("its run");
        let (cost, benefit) = (number("counterfactual_model_ns", row), number("realised_benefit_model_ns", row));
        let base = cost.expect("a cost") - benefit.expect("a benefit");
        if text("horizon", row).as_deref() == Some("run_end") {
            assert_eq!(base, took.get(of_run).expect("modelled time") as f64);
            rows[0] += 1;
        } else {
            let run = text("run_id", row);
            let ends = (0..iteration.height()).filter(|at| of_iteration.get(*at) == run.as_deref());
            let ends: Vec<_> = ends.filter_map(|at| ended.get(at)).map(|ns| ns as f64).collect();
            assert!(ends.len() == 2 && ends.contains(&base), "{base} in {ends:?}");
            rows[1] += 1;
        }
    }
    assert!(rows[0] >= 12 && rows[1] >= 12 && rows[1] <= rows[0], "{rows:?}");
}

#[test]
fn under_the_virtual_clock_a_replay_is_the_logged_run_to_the_last_bit() {
    let place = Place::new();
    let digest = |policy: &str, seed: &str| {
        let options =
            ["run", "--clock", "virtual", "--policy", policy, "--seed", seed, "--log", "log", "--log-spool-only"];
        let ran = trinity(place.path(), &[&options[..], &["--stats-json", "s.json", "p.lua", "300"]].concat());
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let stats = fs::read_to_string(place.path().join("s.json")).expect("reads");
        let line = stats.lines().find(|line| line.contains("decisions_sha256")).expect("a digest").to_owned();
        let spool =
            fs::read_dir(place.path().join("log")).expect("a log").next().expect("a spool").expect("lists").path();
        (line, spool)
    };
    let (logged, spool) = digest("explore:0.3,fixed:20,100", "7");
    let kept = place.path().join("kept.spool");
    fs::rename(spool, kept).expect("renames");
    assert_eq!(digest("replay:kept.spool", "7").0, logged);
}

#[test]
fn compilations_can_be_done_again_from_their_snapshots() {
    let place = Place::new();
    let place = place.path();
    for options in [&["--compiler-threads", "0"][..], &["--compiler-threads", "1"], &["--clock", "virtual"]] {
        let _ = fs::remove_dir_all(place.join("kept"));
        let run = ["run", "--policy", "fixed:20,100", "--snapshots", "kept"];
        let ran = trinity(place, &[&run[..], options, &["p.lua", "3000000"]].concat());
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let files: Vec<_> =
            fs::read_dir(place.join("kept")).expect("there").map(|file| file.expect("lists").path()).collect();
        assert!(files.len() >= 2, "{files:?}");
        for file in &files {
            // In other places: addresses of this process are not those of the one that made the code.
            let again = trinity(place, &["disasm", "--snapshot", &file.display().to_string()]);
            assert_eq!(again.status, 0, "{}", again.stderr);
            assert!(again.stdout.contains("bytes of code, as they were:"), "{}", again.stdout);
        }
        let mut bytes = fs::read(&files[0]).expect("reads");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(place.join("spoilt.snapshot"), &bytes).expect("writes");
        let spoilt = trinity(place, &["disasm", "--snapshot", "spoilt.snapshot"]);
        assert!(
            spoilt.status == 1 && spoilt.stderr.contains("spoilt.snapshot: not a whole snapshot"),
            "{}",
            spoilt.stderr
        );
    }
}
