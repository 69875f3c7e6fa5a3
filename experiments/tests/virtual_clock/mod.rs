//! `--clock virtual`: a run is the same run in every process.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use super::{text, trinity};

const PROBE: &str = include_str!("probe.lua");
const BINARY: &str = env!("CARGO_BIN_EXE_trinity");

/// Where and how a process runs that is to do what every other does.
struct Place {
    binary: PathBuf,
    folder: PathBuf,
    /// Bytes of environment.
    padding: usize,
    zone: &'static str,
    /// Addresses are the same each time, where the system can do that.
    fixed_addresses: bool,
}

impl Place {
    /// The places below a folder, each unlike the last in everything. With `TRINITY_OTHER_BUILD`, half of them run that binary,
    /// such as one without optimisation (README of this crate, "The virtual clock").
    fn several(below: &Path, count: usize) -> Vec<Place> {
        let other = std::env::var_os("TRINITY_OTHER_BUILD").map(PathBuf::from);
        (0..count)
            .map(|number| {
                let folder = below.join(format!("{}{number}", "x".repeat(number * 7 % 40)));
                fs::create_dir_all(&folder).expect("makes a folder");
                Place {
                    binary: other.as_ref().filter(|_| number % 4 >= 2).map_or_else(|| BINARY.into(), PathBuf::clone),
                    folder,
                    padding: number * 997 % 9000,
                    zone: ["UTC", "Asia/Tokyo", "America/New_York"][number % 3],
                    fixed_addresses: number % 2 == 1,
                }
            })
            .collect()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = if self.fixed_addresses && can_fix_addresses() {
            let mut command = Command::new("setarch");
            command.arg("-R").arg(&self.binary);
            command
        } else {
            Command::new(&self.binary)
        };
        command.args(args).current_dir(&self.folder).stdin(Stdio::null());
        command.env("TZ", self.zone).env("PADDING", "y".repeat(self.padding));
        command
    }

    /// Runs a program, and returns what must be the same everywhere: what it printed, and what was decided about it.
    fn run(&self, policy: &str, program: &[&str]) -> (String, Vec<String>) {
        let options = ["run", "--clock", "virtual", "--policy", policy, "--stats-json", "stats.json"];
        let output = self.command(&[&options[..], program].concat()).output().expect("the binary starts");
        assert!(output.status.success(), "{program:?}: {}", text(&output.stderr));
        let stats = fs::read_to_string(self.folder.join("stats.json")).expect("reads");
        let stats: Value = serde_json::from_str(&stats).expect("is JSON");
        let same = [
            "clock",
            "decisions_sha256",
            "ticks",
            "virtual_ns",
            "peak_heap_bytes",
            "gc_cycles",
            "calls",
            "backedges",
            "counted_work",
            "deopts",
        ];
        let decided = same.map(|key| {
            assert!(!stats[key].is_null(), "{key} is there");
            format!("{key}: {}", stats[key])
        });
        (text(&output.stdout), decided.into())
    }
}

fn can_fix_addresses() -> bool {
    Command::new("setarch").args(["-R", "true"]).status().is_ok_and(|status| status.success())
}

/// Runs the probe in these places, which must all agree.
fn probe(places: &[Place]) {
    for policy in ["interpret", "eager", "fixed:3,30", "random:0.5,3", "cost-benefit", "golden"] {
        let runs: BTreeSet<_> = places
            .iter()
            .map(|place| {
                fs::write(place.folder.join("probe.lua"), PROBE).expect("writes");
                place.run(policy, &["probe.lua", "argument"])
            })
            .collect();
        assert_eq!(runs.len(), 1, "{policy}: {runs:#?}");
    }
}

#[test]
fn a_program_sees_the_same_in_every_process_and_the_same_is_decided() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let places = Place::several(folder.path(), 6);
    probe(&places);
}

#[test]
fn another_seed_is_another_run_and_the_default_is_the_same_as_none() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let run = |options: &[&str]| {
        let program = ["-e", "print(math.random(1000000)) math.randomseed() print(math.random(1000000))"];
        let output = trinity(folder.path(), &[&["run", "--clock", "virtual"], options, &program].concat());
        text(&output.stdout)
    };
    assert_eq!(run(&["--seed", "1"]), run(&["--seed", "1"]));
    assert_ne!(run(&["--seed", "1"]), run(&["--seed", "2"]));
    assert_eq!(run(&["--seed", "0"]), run(&[]));
}

#[test]
fn what_needs_the_wall_clock_is_refused() {
    let folder = tempfile::tempdir().expect("temporary folder");
    for (option, value) in [("--compiler-threads", "1"), ("--trace", "trace.json")] {
        let output = trinity(folder.path(), &["run", "--clock", "virtual", option, value, "-e", "print(1)"]);
        assert_eq!(output.status.code(), Some(2), "{option}");
        let message = text(&output.stderr);
        assert!(message.contains(option) && message.contains("--clock wall"), "{message}");
    }
    let threads = trinity(folder.path(), &["run", "--clock", "virtual", "--compiler-threads", "0", "-e", "print(1)"]);
    assert_eq!(text(&threads.stdout), "1\n");
}

/// Of a data set.
fn core_sha256(data: &Path) -> String {
    let manifest = fs::read_to_string(data.join("manifest.json")).expect("reads");
    let manifest: Value = serde_json::from_str(&manifest).expect("is JSON");
    manifest["core_sha256"].as_str().expect("a digest").to_owned()
}

const COLLECTION: &str = r#"
name = "twice"
seed = 5
policies = ["interpret"]
baseline = "interpret"
[collect]
clock = "virtual"
families = ["strings", "coroutines", "memory"]
sizes = ["test"]
policies = ["fixed:3,30", "random:0.3,{seed}"]
seeds = [1, 2]
iterations = 2
"#;

/// The digests of data sets that are collected in these places.
fn cores(specification: &str, places: &[Place]) -> BTreeSet<String> {
    let collect = |(place, jobs): (&Place, &str)| {
        fs::write(place.folder.join("spec.toml"), specification).expect("writes");
        let args = ["collect", "spec.toml", "--out", "data", "--jobs", jobs];
        let output = place.command(&args).output().expect("the binary starts");
        assert!(output.status.success(), "{}", text(&output.stderr));
        core_sha256(&place.folder.join("data"))
    };
    places.iter().zip(["1", "2", "3"].into_iter().cycle()).map(collect).collect()
}

#[test]
fn a_collection_has_one_core_wherever_it_is_made() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let cores = cores(COLLECTION, &Place::several(folder.path(), 3));
    assert_eq!(cores.len(), 1, "{cores:?}");
}

const WHOLE_SUITE: &str = r#"
name = "suite"
seed = 5
policies = ["interpret"]
baseline = "interpret"
[collect]
clock = "virtual"
sizes = ["test"]
policies = ["explore:0.2,cost-benefit", "random:0.3,{seed}"]
iterations = 2
[collect.counterfactuals]
per_run = 1
"#;

/// Every program that is not sealed, and what another decision would have cost.
#[test]
#[ignore = "takes minutes"]
fn a_collection_of_the_suite_has_one_core_in_twenty_places() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let cores = cores(WHOLE_SUITE, &Place::several(folder.path(), 20));
    println!("{cores:?}");
    assert_eq!(cores.len(), 1, "{cores:?}");
}

#[test]
fn a_run_by_hand_is_stored_once_and_says_which_clock_it_went_by() {
    let folder = tempfile::tempdir().expect("temporary folder");
    fs::write(folder.path().join("probe.lua"), PROBE).expect("writes");
    let run = |data: &str| {
        let options = ["run", "--clock", "virtual", "--policy", "fixed:3,30", "--log", data, "probe.lua"];
        let output = trinity(folder.path(), &options);
        assert!(output.status.success(), "{}", text(&output.stderr));
        core_sha256(&folder.path().join(data))
    };
    let first = run("a");
    assert_eq!(run("a"), first, "the same run");
    assert_eq!(run("b"), first);
    let output = trinity(folder.path(), &["data", "describe", "a", "--json"]);
    let described: Value = serde_json::from_slice(&output.stdout).expect("is JSON");
    assert_eq!(described["programs"]["probe.lua"], 1);
    let manifest = fs::read_to_string(folder.path().join("a/manifest.json")).expect("reads");
    let manifest: Value = serde_json::from_str(&manifest).expect("is JSON");
    assert_eq!(manifest["how_made"]["environment"]["clock"], "virtual");
}

/// Twenty processes for each program of the suite and each of several policies.
#[test]
#[ignore = "takes minutes"]
fn the_suite_is_decided_the_same_in_twenty_processes() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("suite");
    let catalogue: toml::Table =
        toml::from_str(&fs::read_to_string(suite.join("suite.toml")).expect("reads")).expect("is TOML");
    let places = Place::several(folder.path(), 20);
    for place in &places {
        std::os::unix::fs::symlink(&suite, place.folder.join("suite")).expect("links");
    }
    probe(&places);
    let mut different = Vec::new();
    let (mut programs, mut processes) = (0, 0);
    for program in catalogue["program"].as_array().expect("programs") {
        let [id, size] = [&program["id"], &program["sizes"]["test"]].map(|value| value.to_string());
        let file = format!("suite/{}.lua", id.trim_matches('"'));
        programs += 1;
        for policy in ["interpret", "fixed:3,30", "random:0.3,5", "cost-benefit"] {
            let runs: BTreeSet<_> =
                places.iter().map(|place| place.run(policy, &["suite/driver.lua", &file, &size, "2"])).collect();
            processes += places.len();
            if runs.len() > 1 {
                different.push(format!("{file} {policy}: {runs:#?}"));
            }
        }
    }
    println!("{programs} programs, {processes} processes, {} differ", different.len());
    assert!(different.is_empty(), "{}", different.join("\n"));
}
