//! The binary as a user meets it: exit statuses, messages, and experiments that survive being killed.

mod bench;
mod collection;
mod observability;
mod virtual_clock;

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::Duration,
};

use serde_json::Value;

fn trinity(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trinity"))
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// True if `lua5.4` can be run; otherwise says so. On a build server its absence is a failure.
fn lua_is_installed(test: &str) -> bool {
    let installed = Command::new("lua5.4").arg("-v").output().is_ok();
    assert!(installed || std::env::var_os("CI").is_none(), "{test}: needs lua5.4");
    if !installed {
        println!("{test}: skipped, lua5.4 is not installed");
    }
    installed
}

const SMALL: &str = r#"
name = "small"
seed = 5
programs = ["recursion/fib", "loops/collatz"]
sizes = ["test"]
policies = ["interpret", "golden", "fixed:3,30"]
baseline = "interpret"
replicates = 4
iterations = 4
compare = [["golden", "interpret"]]
"#;

#[test]
fn exit_statuses_tell_success_failure_and_wrong_usage() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let status = |args: &[&str]| trinity(folder.path(), args).status.code();
    assert_eq!(status(&["--help"]), Some(0));
    assert_eq!(status(&["run", "-e", "local x = 1"]), Some(0));
    assert_eq!(status(&["run", "-e", "error('no')"]), Some(1));
    assert_eq!(status(&["run", "-e", "os.exit(7)"]), Some(7));
    assert_eq!(status(&["run", "no-such-file.lua"]), Some(1));
    assert_eq!(status(&["check", "no-such-file.lua"]), Some(1));
    assert_eq!(status(&["experiment", "report", "no-such-folder"]), Some(2));
    for wrong in
        [&["frobnicate"][..], &["run"], &["run", "--policy", "nonsense", "x.lua"], &["run", "--max-tier", "9", "x"]]
    {
        assert_eq!(status(wrong), Some(2), "{wrong:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 0, "nothing is written unasked");
}

#[test]
fn run_behaves_as_lua_does() {
    if !lua_is_installed("run_behaves_as_lua_does") {
        return;
    }
    let folder = tempfile::tempdir().expect("temporary folder");
    let files = [
        ("args.lua", "print(select('#', ...), ...) print(arg[0], arg[1], arg[2], #arg)"),
        ("fails.lua", "local function f() error('deep') end\nf()\n"),
        ("table.lua", "error({})"),
        ("nil.lua", "local t = nil\nprint(t.x)\n"),
        ("syntax.lua", "x = = 1\n"),
        ("exit.lua", "io.write('bye') os.exit(3)"),
    ];
    for (name, source) in files {
        fs::write(folder.path().join(name), source).expect("writes");
        let mine = trinity(folder.path(), &["run", name, "one", "-two"]);
        let lua = Command::new("lua5.4")
            .args([name, "one", "-two"])
            .current_dir(folder.path())
            .output()
            .expect("lua5.4 starts");
        assert_eq!(text(&mine.stdout), text(&lua.stdout), "{name}: standard output");
        assert_eq!(mine.status.code(), lua.status.code(), "{name}: status");
        let first =
            |output: &Output| text(&output.stderr).lines().next().unwrap_or_default().replace("lua5.4:", "lua:");
        assert_eq!(first(&mine), first(&lua), "{name}: message");
        assert_eq!(
            text(&mine.stderr).contains("stack traceback:"),
            text(&lua.stderr).contains("stack traceback:"),
            "{name}: traceback"
        );
    }
}

#[test]
fn stats_of_a_run_have_the_stable_keys() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let done =
        trinity(folder.path(), &["run", "--stats-json", "stats.json", "--policy", "golden", "-e", "local x = 1"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let stats = fs::read_to_string(folder.path().join("stats.json")).expect("reads");
    for key in
        ["wall_ns", "cpu_ns", "exit_status", "gc_ns", "peak_rss_bytes", "functions", "compiles", "deopts", "policy"]
    {
        assert!(stats.contains(&format!("\"{key}\"")), "{key} in {stats}");
    }
}

#[test]
fn stats_count_calls_and_back_edges_also_of_functions_that_are_gone() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let source = "for i = 1, 10 do\nload('local function f() end for i = 1, 5 do f() end')()\ncollectgarbage() end";
    for tier in ["0", "1"] {
        let options = ["--force-tier", tier, "--stats-json", "stats.json", "-e", source];
        let done = trinity(folder.path(), &[&["run"], &options[..]].concat());
        assert!(done.status.success(), "{}", text(&done.stderr));
        let stats = fs::read(folder.path().join("stats.json")).expect("reads");
        let stats: serde_json::Value = serde_json::from_slice(&stats).expect("JSON");
        // The chunk, ten loaded ones, and their functions; a loop goes back once less than it goes round.
        assert_eq!((stats["calls"].as_u64(), stats["backedges"].as_u64()), (Some(61), Some(49)), "tier {tier}");
    }
}

#[test]
fn compiler_threads_work_or_are_left_behind_however_the_program_ends() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let busy = "local t = {} local function f(i) t[i] = i * 2 return #t end for i = 1, 20000 do f(i) end print(#t) ";
    for (end, status) in [("", 0), ("os.exit(3)", 3), ("os.exit(4, true)", 4), ("error('no')", 1)] {
        for threads in ["0", "1", "2"] {
            let program = format!("{busy}{end}");
            let options = ["--policy", "fixed:2,30", "--compiler-threads", threads, "--stats-json", "stats.json"];
            let output = trinity(folder.path(), &[&["run"], &options[..], &["-e", &program]].concat());
            assert_eq!((text(&output.stdout).trim(), output.status.code()), ("20000", Some(status)), "{end} {threads}");
            let stats = fs::read(folder.path().join("stats.json")).expect("written");
            let stats: serde_json::Value = serde_json::from_slice(&stats).expect("JSON");
            let queue = |key: &str| stats["compile_queue"][key].as_u64().expect("a count");
            assert_eq!(queue("threads").to_string(), threads);
            let dropped: u64 =
                stats["compile_queue"]["stale"].as_object().into_iter().flatten().filter_map(|(_, n)| n.as_u64()).sum();
            assert_eq!(queue("queued"), queue("finished") + dropped);
            assert_eq!(queue("queued") > 0, threads != "0");
        }
    }
}

#[test]
fn the_suite_gives_its_recorded_results_and_those_of_lua() {
    if !lua_is_installed("the_suite_gives_its_recorded_results_and_those_of_lua") {
        return;
    }
    let folder = tempfile::tempdir().expect("temporary folder");
    let done = trinity(folder.path(), &["suite", "run", "--size", "test", "--iterations", "1", "--against", "lua5.4"]);
    assert!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
    assert!(text(&done.stdout).contains(" 0 failed"));
}

#[test]
fn a_collection_that_is_killed_goes_on_and_can_be_read_meanwhile() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let spec = SMALL.to_owned()
        + "[collect]\nfamilies = ['loops', 'closures']\nsizes = ['test']\npolicies = ['random:0', 'random:0.3,{seed}']\n\
           seeds = [1, 2]\niterations = 2\n";
    fs::write(folder.path().join("small.toml"), spec).expect("writes");
    let collect = ["collect", "small.toml", "--out", "data", "--jobs", "3"];
    for kill in 0..3 {
        let mut collector = Command::new(env!("CARGO_BIN_EXE_trinity"))
            .args(collect)
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let finished = || fs::read_dir(folder.path().join("data/collecting/done")).map_or(0, |runs| runs.count());
        let before = finished();
        while finished() < before + 3 && matches!(collector.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(3));
        }
        collector.kill().expect("kills");
        collector.wait().expect("ends");
        let checked = trinity(folder.path(), &["data", "validate", "data"]);
        assert!(checked.status.success(), "after kill {kill}: {}", text(&checked.stdout));
    }
    let done = trinity(folder.path(), &collect);
    assert!(done.status.success(), "{}", text(&done.stderr));
    // 10 programs under 3 policies
    assert!(text(&done.stdout).starts_with("30 runs (") && !text(&done.stdout).starts_with("30 runs (30 now"));
    let checked = trinity(folder.path(), &["data", "validate", "data"]);
    assert!(text(&checked.stdout).trim_end().ends_with(": valid"), "{}", text(&checked.stdout));
    let again = trinity(folder.path(), &collect);
    assert!(text(&again.stdout).starts_with("30 runs (0 now"), "{}", text(&again.stdout));
    let other = trinity(folder.path(), &["run", "--log", "data", "-e", "print(1)"]);
    assert!(!other.status.success() && text(&other.stderr).contains("holds a collection"), "{}", text(&other.stderr));
}

#[test]
fn a_damaged_data_set_is_not_compacted_and_the_part_is_named_once() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let log = || trinity(folder.path(), &["run", "--policy", "interpret", "--log", "data", "-e", "print(1)"]);
    for _ in 0..16 {
        assert!(log().status.success());
    }
    let parts = folder.path().join("data/schema=5/suite=scripts/policy_kind=interpret/run");
    let part = fs::read_dir(&parts).expect("there").next().expect("a part").expect("listed").path();
    let mut bytes = fs::read(&part).expect("reads");
    let at = bytes.windows(11).position(|word| word == b"description").expect("columns are described");
    bytes[at] = b'D';
    fs::write(&part, &bytes).expect("writes");
    let name = part.strip_prefix(folder.path()).expect("below").display().to_string();
    let by_itself = log();
    let asked_for = trinity(folder.path(), &["data", "compact", "data"]);
    for refused in [by_itself, asked_for] {
        let message = text(&refused.stderr);
        assert!(!refused.status.success() && message.contains(&format!("{name}: its digest differs")), "{message}");
        assert_eq!(message.matches("data/").count(), 1, "{message}");
    }
    assert_eq!(fs::read_dir(&parts).expect("there").count(), 17);
    assert_eq!(fs::read(&part).expect("reads"), bytes);
}

#[test]
fn an_experiment_that_is_killed_again_and_again_loses_nothing_and_repeats_nothing() {
    let folder = tempfile::tempdir().expect("temporary folder");
    fs::write(folder.path().join("small.toml"), SMALL).expect("writes");
    assert!(trinity(folder.path(), &["experiment", "plan", "small.toml", "--out", "x"]).status.success());
    let results = folder.path().join("x/cells.jsonl");
    let lines = || fs::read_to_string(&results).unwrap_or_default().lines().map(str::to_owned).collect::<Vec<_>>();
    let mut before = lines();
    for _ in 0..3 {
        let mut runner = Command::new(env!("CARGO_BIN_EXE_trinity"))
            .args(["experiment", "resume", "x"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        while lines().len() < before.len() + 2 && matches!(runner.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(3));
        }
        runner.kill().expect("kills");
        runner.wait().expect("ends");
        let after = lines();
        assert_eq!(after[..before.len()], before[..], "what was measured stays");
        before = after;
    }
    let done = trinity(folder.path(), &["experiment", "resume", "x"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    // 2 references and 2 programs × 4 replicates × (3 policies + the copy)
    let cells: Vec<String> = lines().iter().map(|line| line.chars().take(36).collect()).collect();
    let mut unique = cells.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!((cells.len(), unique.len()), (34, 34));
    assert!(text(&trinity(folder.path(), &["experiment", "resume", "x"]).stdout).contains("ran 0 cells"));
    assert_eq!(fs::read_dir(folder.path().join("x/tmp")).expect("lists").count(), 0, "nothing in flight is left");
    let summary = text(&trinity(folder.path(), &["experiment", "report", "x", "--json"]).stdout);
    assert!(summary.contains("\"reasons\"") && !summary.contains("did not run as blocks"), "{summary}");
}

#[test]
fn a_report_is_self_contained_and_the_same_every_time() {
    let folder = tempfile::tempdir().expect("temporary folder");
    fs::write(folder.path().join("small.toml"), SMALL).expect("writes");
    let done = trinity(folder.path(), &["experiment", "run", "small.toml", "--out", "x"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let read = |name: &str| fs::read_to_string(folder.path().join("x").join(name)).expect("reads");
    let (report, summary) = (read("report.html"), read("summary.json"));
    assert!(report.contains("<svg") && report.contains("exploratory") && report.contains("A/A"));
    for outside in ["<script", "src=", "<link", "@import", "url("] {
        assert!(!report.contains(outside), "{outside} in the report");
    }
    assert!(trinity(folder.path(), &["experiment", "report", "x"]).status.success());
    assert_eq!((report, summary), (read("report.html"), read("summary.json")));
    // another spec does not fit into the same folder
    fs::write(folder.path().join("other.toml"), SMALL.replace("seed = 5", "seed = 6")).expect("writes");
    let refused = trinity(folder.path(), &["experiment", "run", "other.toml", "--out", "x"]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
}

#[test]
fn the_sealed_test_set_opens_only_for_a_stated_question_and_planning_opens_nothing() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let sealed = SMALL.replace("recursion/fib", "codecs/json");
    let plan = |text: &str| {
        fs::write(folder.path().join("sealed.toml"), text).expect("writes");
        trinity(folder.path(), &["experiment", "plan", "sealed.toml", "--out", "x"])
    };
    let refused = plan(&sealed);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("'codecs/json' is sealed"), "{}", text(&refused.stderr));
    let refused = plan(&format!("sealed = true\n{sealed}"));
    assert!(text(&refused.stderr).contains("question"), "{}", text(&refused.stderr));
    let planned = plan(&format!("sealed = true\nquestion = 'Does it hold?'\n{sealed}"));
    assert!(planned.status.success(), "{}", text(&planned.stderr));
    assert!(!folder.path().join("x/sealed-access.jsonl").exists());
    // a check of what they print shows no times
    let args = ["suite", "run", "--program", "codecs/json", "--size", "test", "--iterations", "1", "--json"];
    let checked = text(&trinity(folder.path(), &args).stdout);
    assert!(checked.contains("\"problem\": null") && checked.contains("\"wall_ns\": null"), "{checked}");
}

#[test]
fn runs_of_sealed_programs_note_when_they_begin_and_what_there_is_when_they_end() {
    let folder = tempfile::tempdir().expect("temporary folder");
    fs::write(folder.path().join("small.toml"), SMALL).expect("writes");
    assert!(trinity(folder.path(), &["experiment", "plan", "small.toml", "--out", "x"]).status.success());
    let [plan, results, log] =
        ["plan.json", "cells.jsonl", "sealed-access.jsonl"].map(|name| folder.path().join("x").join(name));
    let mut planned: Value = serde_json::from_slice(&fs::read(&plan).expect("reads")).expect("JSON");
    // These programs stand for sealed ones.
    planned["inputs"].as_array_mut().expect("inputs").iter_mut().for_each(|input| input["sealed"] = true.into());
    fs::write(&plan, planned.to_string()).expect("writes");
    let lines = || -> Vec<(u64, u64, bool)> {
        let text = fs::read_to_string(&log).expect("reads");
        let line = |line| serde_json::from_str::<Value>(line).expect("JSON");
        let number = |line: &Value, key: &str| line[key].as_u64().expect("a number");
        text.lines()
            .map(line)
            .map(|line| (number(&line, "number"), number(&line, "results"), line["end"] == true))
            .collect()
    };
    assert!(trinity(folder.path(), &["experiment", "cell", "x", "3"]).status.success());
    assert_eq!(lines(), [(1, 0, false), (1, 1, true)]);
    let done = text(&trinity(folder.path(), &["experiment", "resume", "x"]).stdout);
    assert!(done.contains("opening 1; accesses in this folder: 2"), "{done}");
    assert_eq!(lines()[2..], [(1, 1, false), (1, 34, true)]);
    fs::remove_file(&results).expect("removes");
    let done = text(&trinity(folder.path(), &["experiment", "resume", "x"]).stdout);
    assert!(done.contains("post-hoc") && done.contains("opening 2; accesses in this folder: 3"), "{done}");
    assert_eq!(lines()[4..], [(2, 0, false), (2, 34, true)]);
}

#[test]
fn two_runners_do_not_measure_at_once() {
    let folder = tempfile::tempdir().expect("temporary folder");
    fs::write(folder.path().join("small.toml"), SMALL).expect("writes");
    assert!(trinity(folder.path(), &["experiment", "plan", "small.toml", "--out", "x"]).status.success());
    let lock = fs::File::create(folder.path().join("x/run.lock")).expect("creates");
    lock.lock().expect("locks");
    for args in [&["experiment", "resume", "x"][..], &["experiment", "cell", "x", "0"]] {
        let refused = trinity(folder.path(), args);
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused.stderr).contains("another process"), "{}", text(&refused.stderr));
    }
}

#[test]
fn cells_can_be_run_one_by_one_and_only_once() {
    let folder = tempfile::tempdir().expect("temporary folder");
    fs::write(folder.path().join("small.toml"), SMALL).expect("writes");
    assert!(trinity(folder.path(), &["experiment", "plan", "small.toml", "--out", "x"]).status.success());
    let run = |number: &str| trinity(folder.path(), &["experiment", "cell", "x", number]);
    assert!(text(&run("3").stdout).contains("ok"));
    assert!(text(&run("3").stdout).contains("already"));
    assert_eq!(run("34").status.code(), Some(2));
    assert_eq!(fs::read_to_string(folder.path().join("x/cells.jsonl")).expect("reads").lines().count(), 1);
}

/// Where standard output and error are one file, what a program prints, writes to either and lets its children say
/// comes in the order in which lua5.4 writes it.
#[test]
fn what_is_printed_keeps_its_place_among_errors_and_children() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let source = "print('1') os.execute('echo 2') io.write('4\\n') os.execute('echo 3') io.stdout:flush()\n\
                  io.write('5 ') print('and') io.write('7\\n') io.stderr:write('6\\n') io.stdout:flush()\n\
                  print('8') local pipe = io.popen('cat >&2', 'w') print('9') pipe:write('10\\n') pipe:close()\n\
                  print('11') error('12', 0)";
    std::fs::write(folder.path().join("order.lua"), source).expect("writes");
    let output = std::process::Command::new("sh")
        .args(["-c", "exec \"$0\" run order.lua 2>&1", env!("CARGO_BIN_EXE_trinity")])
        .current_dir(folder.path())
        .output()
        .expect("the shell starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.starts_with("1\n2\n3\n4\n5 and\n6\n7\n8\n9\n10\n11\nlua: 12\n"), "{said}");
}
