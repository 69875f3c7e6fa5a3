//! What `trinity run` tells about compiled code: statistics, traces, symbols for `perf`.

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{text, trinity};

/// Calls, loops, changes of type and garbage, so that every tier comes and goes.
const PROGRAM: &str = r#"
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local function add(a, b) return a + b end
local sum = 0
for i = 1, 300 do sum = sum + fib(8) + add(i, 2) end
for i = 1, 300 do sum = sum + add(i + 0.5, 2) end
local kept = {}
for i = 1, 60000 do kept[i % 100] = {i, {}} end
local file = io.open("/proc/self/maps")
local maps = file:read("a")
print(sum)
io.write(maps)
"#;

fn write_program(folder: &Path) {
    fs::write(folder.join("program.lua"), PROGRAM).expect("writes");
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).expect("reads")).expect("is JSON")
}

#[test]
fn stats_tell_compilations_by_tier_and_form() {
    let folder = tempfile::tempdir().expect("temporary folder");
    write_program(folder.path());
    let done = trinity(
        folder.path(),
        &["run", "--compiler-threads", "0", "--policy", "fixed:2,30", "--stats-json", "stats.json", "program.lua"],
    );
    assert!(done.status.success(), "{}", text(&done.stderr));
    let stats = json(&folder.path().join("stats.json"));
    for (index, form) in [(0, "stencils"), (1, "cranelift")] {
        let tier = &stats["compiles"][index];
        let found = &tier["forms"][0];
        assert_eq!(found["form"], form);
        for key in ["count", "code_bytes", "osr_entries"] {
            assert!(tier[key].as_u64() > Some(0), "{key} of {tier}");
        }
        let phases = found["phases"].as_object().expect("phases");
        assert!(phases.values().filter_map(Value::as_u64).sum::<u64>() > 0, "{phases:?}");
        let (median, p99) = (found["median_us_per_bytecode"].as_f64(), found["p99_us_per_bytecode"].as_f64());
        assert!(median > Some(0.0) && p99 >= median, "{found}");
    }
    let memory = &stats["code_memory"];
    assert!(
        memory["in_use_bytes"].as_u64() > Some(0) && memory["peak_bytes"].as_u64() >= memory["in_use_bytes"].as_u64()
    );
    assert!(memory["withdrawn"]["replaced"].as_u64() > Some(0), "{memory}");
    assert!(stats["deopts"].as_object().is_some_and(|reasons| !reasons.is_empty()), "{stats}");
}

#[test]
fn entries_into_the_code_of_a_hot_loop_are_counted() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let source = "local s = 0 for i = 1, 200000 do s = s + i end print(s)";
    let done = trinity(
        folder.path(),
        &["run", "--compiler-threads", "0", "--policy", "fixed:50,5000", "--stats-json", "stats.json", "-e", source],
    );
    assert_eq!(text(&done.stdout), "20000100000\n", "{}", text(&done.stderr));
    let stats = json(&folder.path().join("stats.json"));
    for tier in [0, 1] {
        assert!(stats["compiles"][tier]["osr_entries"].as_u64() > Some(0), "{stats}");
    }
}

#[test]
fn running_out_of_code_memory_is_a_named_bailout() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let hot = "local function f(a) return a + 1 end local n = 0 for i = 1, 20000 do n = f(n) end print(n)";
    let args = [
        "run",
        "--compiler-threads",
        "0",
        "--policy",
        "fixed:2,30",
        "--stats-json",
        "stats.json",
        "--code-limit",
        "0",
        "-e",
        hot,
    ];
    let done = trinity(folder.path(), &args);
    assert_eq!(text(&done.stdout), "20000\n");
    let stats = json(&folder.path().join("stats.json"));
    assert!(stats["compiles"][0]["bailouts"]["code-limit"].as_u64() > Some(0), "{stats}");
}

/// Events of a trace, `array` being what its file holds.
fn events(array: &str) -> Vec<Value> {
    serde_json::from_str(array).expect("is a JSON array")
}

fn number(event: &Value, key: &str) -> f64 {
    event[key].as_f64().unwrap_or_else(|| panic!("{key} in {event}"))
}

#[test]
fn a_trace_has_every_compilation_and_nests() {
    let folder = tempfile::tempdir().expect("temporary folder");
    write_program(folder.path());
    let args = [
        "run",
        "--compiler-threads",
        "0",
        "--policy",
        "fixed:2,30",
        "--stats-json",
        "stats.json",
        "--trace",
        "trace.json",
        "program.lua",
    ];
    let done = trinity(folder.path(), &args);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let events = events(&fs::read_to_string(folder.path().join("trace.json")).expect("reads"));
    let of = |category: &str| events.iter().filter(|event| event["cat"] == category).collect::<Vec<_>>();

    let stats = json(&folder.path().join("stats.json"));
    for tier in [1, 2] {
        let compiles = &stats["compiles"][tier - 1];
        let spans: Vec<&Value> =
            of("compile").into_iter().filter(|event| event["args"]["to_tier"] == tier as u64).collect();
        let made = spans.iter().filter(|event| event["args"]["result"] == "ok").count() as u64;
        let declined: u64 =
            compiles["bailouts"].as_object().expect("by reason").values().filter_map(Value::as_u64).sum();
        assert_eq!(Some(made), compiles["count"].as_u64(), "tier {tier}");
        assert_eq!(spans.len() as u64, made + declined, "tier {tier}");
        let promotions = of("tier").into_iter().filter(|event| event["args"]["to_tier"] == tier as u64).count() as u64;
        assert_eq!(promotions, made, "tier {tier}");
    }
    let mut deopts = BTreeMap::<String, u64>::new();
    for event in of("deopt") {
        *deopts.entry(event["args"]["reason"].as_str().expect("a reason").to_owned()).or_default() += 1;
    }
    assert_eq!(serde_json::to_value(deopts).expect("a table"), stats["deopts"]);
    let entries: u64 = [0, 1].iter().filter_map(|tier| stats["compiles"][*tier]["osr_entries"].as_u64()).sum();
    assert_eq!(of("osr").len() as u64, entries);
    assert!(of("gc").iter().any(|event| event["name"] == "gc pause"));
    assert_eq!(
        of("gc").iter().filter(|event| event["name"] == "gc cycle").count() as u64,
        stats["gc_cycles"].as_u64().unwrap_or(0)
    );
    assert!(of("tier").iter().any(|event| event["args"]["reason"] == "deoptimised"));

    // Spans of one track lie inside each other or apart, and the run around all.
    let bounds: Vec<f64> = of("run").iter().map(|event| number(event, "ts")).collect();
    assert_eq!(bounds.len(), 2);
    let mut spans: Vec<(u64, f64, f64)> = events
        .iter()
        .filter(|event| event["ph"] == "X")
        .map(|event| {
            let start = number(event, "ts");
            (event["tid"].as_u64().expect("a track"), start, start + number(event, "dur"))
        })
        .collect();
    spans.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(b.2.total_cmp(&a.2)));
    // Sums of decimals are off by less than a nanosecond.
    let slack = 1e-4;
    let mut open: Vec<(u64, f64)> = Vec::new();
    for (track, start, end) in spans {
        assert!(bounds[0] <= start && end <= bounds[1] + slack, "{start} to {end} in {bounds:?}");
        open.retain(|(other, end)| *other == track && *end > start + slack);
        assert!(
            open.iter().all(|(_, around)| end <= around + slack),
            "{start} to {end} of track {track}, inside {open:?}"
        );
        open.push((track, end));
    }
}

/// Waits until `ready` says so.
fn wait_until(mut ready: impl FnMut() -> bool) {
    let began = Instant::now();
    while !ready() {
        assert!(began.elapsed() < Duration::from_secs(60), "nothing happens");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_trace_of_a_killed_program_can_be_loaded() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("trace.json");
    let mut child = Command::new(env!("CARGO_BIN_EXE_trinity"))
        .args(["run", "--compiler-threads", "0", "--policy", "fixed:2,30", "--trace", "trace.json", "-e"])
        .arg("local t while true do t = {t and #t or 0} end")
        .current_dir(folder.path())
        .spawn()
        .expect("the binary starts");
    wait_until(|| fs::read_to_string(&path).is_ok_and(|text| text.contains("gc pause")));
    child.kill().expect("is killed");
    child.wait().expect("has ended");
    let text = fs::read_to_string(&path).expect("reads");
    assert!(!text.trim_end().ends_with(']'), "the end is missing");
    assert!(events(&format!("{text}]")).len() > 10);
}

#[test]
fn a_trace_that_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let status = |args: &[&str]| {
        let done = trinity(folder.path(), args);
        (done.status.code(), text(&done.stderr))
    };
    let (code, message) = status(&["run", "--trace", "no/such/folder/trace.json", "-e", "print(1)"]);
    assert!(code == Some(1) && message.contains("no/such/folder/trace.json"), "{message}");
    let (code, message) = status(&["run", "--trace", "/dev/full", "-e", "print(1)"]);
    assert!(code == Some(1) && message.contains("/dev/full"), "{message}");
}

struct Symbol {
    start: u64,
    end: u64,
    name: String,
}

fn symbols(map: &str) -> Vec<Symbol> {
    map.lines()
        .map(|line| {
            let mut words = line.splitn(3, ' ');
            let mut hex = || u64::from_str_radix(words.next().expect("a number"), 16).expect("hexadecimal");
            let (start, len) = (hex(), hex());
            Symbol { start, end: start + len, name: words.next().expect("a name").to_owned() }
        })
        .collect()
}

/// The map of a process that has ended, which is removed.
fn take_map(process: u32) -> String {
    let path = format!("/tmp/perf-{process}.map");
    let map = fs::read_to_string(&path).expect("the map is there");
    fs::remove_file(&path).expect("it can be removed");
    map
}

fn finish(mut child: Child) -> (u32, Output) {
    let process = child.id();
    // Read as it comes: a pipe holds little.
    let mut stdout = Vec::new();
    child.stdout.take().expect("is piped").read_to_end(&mut stdout).expect("reads");
    let output = child.wait_with_output().expect("ends");
    (process, Output { stdout, ..output })
}

#[test]
fn perf_finds_names_of_all_code() {
    let folder = tempfile::tempdir().expect("temporary folder");
    write_program(folder.path());
    let child = Command::new(env!("CARGO_BIN_EXE_trinity"))
        .args(["run", "--compiler-threads", "0", "--policy", "fixed:2,30", "--perf-map", "program.lua"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let (process, output) = finish(child);
    let map = take_map(process);
    let mut symbols = symbols(&map);
    let names: Vec<&str> = symbols.iter().map(|symbol| symbol.name.as_str()).collect();
    for name in ["lua:fib program.lua:2 [tier1]", "lua:fib program.lua:2 [tier2]", "lua:add program.lua:3 [tier2]"] {
        assert!(names.contains(&name), "{name} in {map}");
    }
    let is_loop = |name: &&str| name.starts_with("lua:main chunk program.lua:0 [tier2 loop@") && name.ends_with(']');
    assert!(names.iter().any(is_loop), "{map}");
    // What can be executed and is in no file; shared memory goes by the name of a device.
    let code: Vec<(u64, u64)> = text(&output.stdout)
        .lines()
        .filter(|line| line.contains(" r-x") && (line.contains("/dev/zero") || !line.contains(['/', '['])))
        .map(|line| {
            let (start, end) = line.split_once(' ').expect("words").0.split_once('-').expect("a range");
            let hex = |text| u64::from_str_radix(text, 16).expect("hexadecimal");
            (hex(start), hex(end))
        })
        .collect();
    symbols.sort_by_key(|symbol| symbol.start);
    for symbol in &symbols {
        let is_inside = |(start, end): &(u64, u64)| *start <= symbol.start && symbol.end <= *end;
        assert!(symbol.start < symbol.end && code.iter().any(is_inside), "{} in {code:x?}", symbol.name);
    }
    assert!(symbols.windows(2).all(|pair| pair[0].end <= pair[1].start), "{map}");
}

#[test]
fn the_map_for_perf_goes_through_no_link_and_over_no_file_of_others() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let victim = folder.path().join("victim");
    fs::write(&victim, "precious").expect("writes");
    // The number of the process is known beforehand to a shell that becomes it.
    let run = |prepare: &str| {
        let command = format!("{prepare}; exec \"$0\" run --force-tier 1 --perf-map -e 'print(1)'");
        let child = Command::new("sh")
            .args(["-c", &command, env!("CARGO_BIN_EXE_trinity")])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sh starts");
        finish(child)
    };
    let (process, output) = run("ln -s \"$PWD/victim\" /tmp/perf-$$.map");
    fs::remove_file(format!("/tmp/perf-{process}.map")).expect("the link is still there");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("is in the way") && output.stdout.is_empty());
    assert_eq!(fs::read_to_string(&victim).expect("reads"), "precious");
    // What an earlier process of ours has left is replaced, by another file.
    let (process, output) = run("ln victim /tmp/perf-$$.map");
    assert_eq!(text(&output.stdout), "1\n", "{}", text(&output.stderr));
    assert!(take_map(process).contains("[tier1]"));
    assert_eq!(fs::read_to_string(&victim).expect("reads"), "precious");
}
