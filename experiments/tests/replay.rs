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
fn a_log_that_was_cut_short_is_refused() {
    let place = Place::new();
    let (_, spool) = logged(place.path(), "log", "golden", &["p.lua", "300"]);
    let whole = fs::read(&spool).expect("reads");
    let cut = place.path().join("cut.spool");
    let replay = |length: usize| {
        fs::write(&cut, &whole[..length]).expect("writes");
        trinity(place.path(), &["run", "--compiler-threads", "0", "--policy", "replay:cut.spool", "p.lua", "300"])
    };
    assert_eq!(replay(whole.len()).status, 0);
    for length in [0, 10, 16, whole.len() - 3] {
        let done = replay(length);
        assert!(done.status == 2 && done.stderr.contains("the log was cut short"), "{length}: {}", done.stderr);
    }
    let forced = trinity(place.path(), &["run", "--force-tier", "2", "--policy", "replay:cut.spool", "p.lua", "300"]);
    assert!(forced.status == 2 && forced.stderr.contains("--force-tier"), "{}", forced.stderr);
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
