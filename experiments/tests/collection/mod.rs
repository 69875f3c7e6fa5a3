//! Collections through the binary: what is stored of runs, what other decisions cost, and what is refused.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use trinity_datasets::{Dataset, Manifest, Table};
use trinity_vm::seam::Action;

use super::text;

/// A run that has ended.
struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

fn trinity(folder: &Path, args: &[&str]) -> Ran {
    let done = super::trinity(folder, args);
    Ran { status: done.status.code().unwrap_or(-1), stdout: text(&done.stdout), stderr: text(&done.stderr) }
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

/// Begins the collection of `x.toml` in `data`, and kills it as soon as something is found there.
fn killed_when<T>(place: &Path, found: impl Fn() -> Option<T>) -> T {
    let mut child = Command::new(env!("CARGO_BIN_EXE_trinity"))
        .args(["collect", "x.toml", "--out", "data", "--jobs", "1"])
        .current_dir(place)
        .stdout(Stdio::null())
        .spawn()
        .expect("starts");
    let found = loop {
        if let Some(found) = found() {
            break found;
        }
        assert_eq!(child.try_wait().expect("asks"), None, "it has ended");
        std::thread::sleep(std::time::Duration::from_millis(2));
    };
    child.kill().expect("kills");
    child.wait().expect("ends");
    found
}

#[test]
fn a_killed_collection_goes_on_with_the_costs_that_it_found() {
    let place = tempfile::tempdir().expect("temporary folder");
    spec(place.path(), "wall", "per_run = 'all', repeats = 1");
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
    let (id, costs) = killed_when(place.path(), found);
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
fn a_decision_is_judged_by_two_runs_that_differ_in_nothing_else() {
    let place = tempfile::tempdir().expect("temporary folder");
    spec(place.path(), "virtual", "per_run = 'all', continuation = 'interpret'");
    let done = trinity(place.path(), &["collect", "x.toml", "--out", "data"]);
    assert_eq!(done.status, 0, "{}", done.stderr);
    let data = Dataset::open(&place.path().join("data")).expect("opens");
    let (outcome, run) =
        (data.table(Table::Outcome, None).expect("reads"), data.table(Table::Run, None).expect("reads"));
    let decision = data.table(Table::Decision, None).expect("reads");
    let column = |name: &str| outcome.column(name).expect(name).f64().expect(name).clone();
    let (cost, benefit) = (column("counterfactual_model_ns"), column("realised_benefit_model_ns"));
    let runs = outcome.column("run_id").expect("there").str().expect("text");
    let ids = outcome.column("decision_id").expect("there").u64().expect("numbers");
    let horizon = outcome.column("horizon").expect("there").str().expect("text");
    let took = |wanted: &str| {
        let at = run.column("run_id").expect("there").str().expect("text").iter().position(|id| id == Some(wanted))?;
        run.column("model_ns").expect("there").u64().expect("numbers").get(at).map(|ns| ns as f64)
    };
    let count = |wanted: &str| {
        decision.column("run_id").expect("there").str().expect("text").iter().filter(|id| *id == Some(wanted)).count()
    };
    let (mut first, mut last) = (0, 0);
    for row in (0..outcome.height()).filter(|row| cost.get(*row).is_some() && horizon.get(*row) == Some("run_end")) {
        let (run, id) = (runs.get(row).expect("a run"), ids.get(row).expect("a decision"));
        let base = cost.get(row).expect("a cost") - benefit.get(row).expect("a benefit");
        // Interpreted from the first decision on, it takes another time than the run as it was.
        first += usize::from(id == 0 && base != took(run).expect("a run"));
        // After the last there is nothing left to decide.
        last += usize::from(id as usize + 1 == count(run) && base == took(run).expect("a run"));
    }
    assert!(first >= 4 && last >= 2, "{first} {last}");
}

#[test]
fn every_program_draws_on_its_own() {
    let place = tempfile::tempdir().expect("temporary folder");
    let text = "name = 'x'\nseed = 5\n[collect]\nprograms = ['recursion/hanoi', 'recursion/fib', 'loops/collatz']\n\
                sizes = ['test']\npolicies = ['random:0.5,{seed}']\nreplicates = 2\niterations = 2\nclock = 'virtual'";
    fs::write(place.path().join("x.toml"), text).expect("writes");
    let done = trinity(place.path(), &["collect", "x.toml", "--out", "data"]);
    assert_eq!(done.status, 0, "{}", done.stderr);
    let data = Dataset::open(&place.path().join("data")).expect("opens");
    let run = data.table(Table::Run, None).expect("reads");
    let column = |name: &str| -> Vec<String> {
        run.column(name).expect(name).str().expect(name).iter().flatten().map(str::to_owned).collect()
    };
    assert!(column("policy_id").iter().all(|policy| policy == "random:0.5,{seed}"));
    let mut drawn: Vec<String> = column("run_id")
        .iter()
        .map(|run| {
            let log = trinity_datasets::read_log(&place.path().join("data"), Some(run)).expect("reads");
            let free = log.decisions.iter().filter(|decision| decision.legal.iter().count() > 2);
            free.take(6).map(|decision| decision.taken.name()).collect::<Vec<_>>().join(" ")
        })
        .collect();
    assert_eq!(drawn.len(), 6);
    drawn.sort();
    drawn.dedup();
    assert!(drawn.len() >= 4, "{drawn:?}");
}

#[test]
fn runs_by_hand_that_differ_are_different_runs() {
    let place = tempfile::tempdir().expect("temporary folder");
    let write = |name: &str, text: &str| fs::write(place.path().join(name), text).expect("writes");
    write("p.lua", "local n = dofile('n.lua') local s = 0 for i = 1, n do s = s + i end print(s)");
    write("n.lua", "return 1000");
    let run = |args: &[&str]| {
        trinity(place.path(), &[&["run", "--clock", "virtual", "--policy", "golden", "--log", "data"], args].concat())
    };
    let runs = || Manifest::load(&place.path().join("data")).expect("reads").expect("there").rows["run"];
    for (count, args) in [
        (1, &["p.lua"][..]),
        (2, &["--max-tier", "1", "p.lua"]),
        (3, &["--tier1", "single-pass", "p.lua"]),
        (4, &["-e", "for i = 1, 100 do end"]),
        (5, &["-e", "for i = 1, 200 do end"]),
        (6, &["-e", "for i = 1, 200 do end", "p.lua"]),
    ] {
        let done = run(args);
        assert_eq!((done.status, runs()), (0, count), "{args:?}: {}", done.stderr);
    }
    let again = run(&["p.lua"]);
    assert_eq!((again.status, runs()), (0, 6), "{}", again.stderr);
    assert!(again.stderr.contains("holds this run already"), "{}", again.stderr);
    write("n.lua", "return 2000");
    let other = run(&["p.lua"]);
    assert_eq!((other.status, runs()), (1, 6));
    assert!(other.stderr.contains("has changed since"), "{}", other.stderr);
    let kept = fs::read_dir(place.path().join("data")).expect("lists");
    let spools =
        kept.filter(|file| file.as_ref().expect("lists").path().extension().is_some_and(|kind| kind == "spool"));
    assert_eq!(spools.count(), 1, "its log is kept");
}

#[test]
fn a_collection_keeps_to_its_own_folder_and_its_own_spec() {
    let place = tempfile::tempdir().expect("temporary folder");
    spec(place.path(), "virtual", "per_run = 1");
    let collect = |out: &str| trinity(place.path(), &["collect", "x.toml", "--out", out]);
    fs::create_dir(place.path().join("mine")).expect("creates");
    fs::write(place.path().join("mine/notes.txt"), "precious").expect("writes");
    let foreign = collect("mine");
    assert!(foreign.status == 2 && foreign.stderr.contains("mine: holds files"), "{}", foreign.stderr);
    assert_eq!(fs::read_dir(place.path().join("mine")).expect("lists").count(), 1);
    assert_eq!(collect("data").status, 0);
    let text = fs::read_to_string(place.path().join("x.toml")).expect("reads");
    for other in
        [text.replace("iterations = 2", "iterations = 3"), format!("{text}\nsplit = {{ test = ['recursion'] }}")]
    {
        fs::write(place.path().join("x.toml"), other).expect("writes");
        let refused = collect("data");
        assert!(refused.status == 2 && refused.stderr.contains("another data set"), "{}", refused.stderr);
    }
    // A program is not run for a log that there is no place for.
    fs::write(place.path().join("p.lua"), "print 'ran'").expect("writes");
    let by_hand = trinity(place.path(), &["run", "--log", "data", "p.lua"]);
    assert!(by_hand.status == 2 && by_hand.stdout.is_empty(), "{}{}", by_hand.stdout, by_hand.stderr);
}

#[test]
fn a_log_that_was_spoilt_meanwhile_is_made_again() {
    let place = tempfile::tempdir().expect("temporary folder");
    spec(place.path(), "virtual", "per_run = 'all'");
    let digest = |out: &str| Manifest::load(&place.path().join(out)).expect("reads").expect("there").core_sha256;
    assert_eq!(trinity(place.path(), &["collect", "x.toml", "--out", "whole"]).status, 0);
    let spool = || {
        fs::read_dir(place.path().join("data/collecting/counterfactuals")).ok()?.find_map(|run| {
            let files = fs::read_dir(run.ok()?.path().join("run")).ok()?;
            files
                .filter_map(|file| Some(file.ok()?.path()))
                .find(|file| file.extension().is_some_and(|kind| kind == "spool"))
        })
    };
    let spool = killed_when(place.path(), spool);
    let whole = fs::read(&spool).expect("reads");
    fs::write(&spool, &whole[..whole.len() / 2]).expect("writes");
    let done = trinity(place.path(), &["collect", "x.toml", "--out", "data"]);
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert_eq!(digest("data"), digest("whole"));
}

#[test]
fn a_collection_whose_runs_all_fail_says_why_and_fails() {
    let place = tempfile::tempdir().expect("temporary folder");
    let text = "name = 'x'\nseed = 5\nlimit_s = 1\n[collect]\nprograms = ['recursion/fib']\nsizes = ['large']\n\
                policies = ['interpret']\niterations = 10000";
    fs::write(place.path().join("x.toml"), text).expect("writes");
    let done = trinity(place.path(), &["collect", "x.toml", "--out", "data"]);
    assert_eq!(done.status, 1, "{}", done.stdout);
    assert!(done.stderr.contains("recursion/fib") && done.stderr.contains("every run failed"), "{}", done.stderr);
}
