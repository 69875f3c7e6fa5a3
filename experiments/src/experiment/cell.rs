//! One cell: a process of the driver under one contestant, and what is kept of it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use super::{contestant::Contestant, host_info::HostInfo};
use crate::{
    clock::ClockKind,
    failure::{AtPath, Failure, Result},
    files,
    process::{self, End, Invocation},
    run_stats::RunStats,
    suite::Input,
};

/// A line of `cells.jsonl`. Failures are results too: missing data stays visible.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CellResult {
    pub cell: String,
    /// For people who read the file: contestant, program and size.
    pub label: String,
    pub end: Option<End>,
    pub wall_ns: u64,
    pub user_ns: u64,
    pub system_ns: u64,
    pub peak_rss_bytes: u64,
    /// CPU time of each call of `run`.
    pub iterations_ns: Vec<u64>,
    /// SHA-256 of what the process printed.
    pub output_sha256: String,
    /// The recorded result was printed; `None` where none is recorded.
    pub expected_output: Option<bool>,
    /// Last words of a process that failed.
    pub message: Option<String>,
    /// What this VM says about its run.
    pub stats: Option<RunStats>,
    pub started_utc_ns: u64,
    /// The machine: cells of one block are compared only if it is the same.
    pub host: String,
}

impl CellResult {
    pub fn succeeded(&self) -> bool {
        self.end == Some(End::Exited(0)) && self.expected_output != Some(false)
    }

    /// Processor time of the whole process, from its start as a copy of its parent.
    pub fn cpu_ns(&self) -> u64 {
        self.user_ns + self.system_ns
    }

    /// Median of the later half of the iterations, in nanoseconds.
    pub fn later_median(&self) -> Option<f64> {
        let iterations: Vec<f64> = self.iterations_ns.iter().map(|&ns| ns as f64).collect();
        let later = crate::stats::steady_tail(&iterations);
        (!later.is_empty()).then(|| crate::stats::median(later))
    }

    /// Why the cell cannot be used, judged by itself.
    pub fn problem(&self) -> Option<String> {
        let last_words = self.message.as_deref().unwrap_or("no message");
        match self.end {
            Some(End::Exited(0)) if self.expected_output == Some(false) => {
                Some("printed another result than the recorded one".to_owned())
            }
            Some(End::Exited(0)) => None,
            Some(End::Exited(status)) => Some(format!("exit status {status}: {last_words}")),
            Some(End::Signalled(signal)) => Some(format!("killed by signal {signal}: {last_words}")),
            Some(End::TimedOut) => Some("stopped at its time limit".to_owned()),
            None => Some("has no end".to_owned()),
        }
    }
}

/// Where and how cells run.
pub struct Bench {
    /// The materialised suite.
    pub suite: PathBuf,
    /// Folder for files in flight.
    pub scratch: PathBuf,
    /// This binary.
    pub trinity: PathBuf,
    pub limit: Duration,
    /// See [`HostInfo::id`].
    host: String,
}

/// What is run besides the contestant and the input.
#[derive(Clone, Debug, Default)]
pub struct CellOptions {
    pub iterations: u32,
    /// Folder that receives the run's log.
    pub log: Option<PathBuf>,
    /// Of this VM's runs.
    pub clock: ClockKind,
    /// Of what is drawn at random, where the policy's specification states none.
    pub seed: Option<u64>,
}

impl Bench {
    /// Prepares `out` for running cells.
    pub fn new(out: &Path, limit: Duration) -> Result<Self> {
        let suite = crate::suite::materialise(out)?;
        let scratch = out.join("tmp");
        std::fs::create_dir_all(&scratch).at("create the folder", &scratch)?;
        let absolute = |path: PathBuf| path.canonicalize().at("find", &path);
        Ok(Self {
            suite: absolute(suite)?,
            scratch: absolute(scratch)?,
            trinity: std::env::current_exe()
                .map_err(|error| Failure::work(format!("cannot find this binary: {error}")))?,
            limit,
            host: HostInfo::of_this_machine().id(),
        })
    }

    /// How a program in the suite's folder names a file in the scratch folder: in as many bytes wherever both lie, which
    /// is all that its heap knows of the name.
    fn seen_from_suite(&self, file: &Path) -> PathBuf {
        let beside = self.suite.parent().and_then(|parent| file.strip_prefix(parent).ok());
        beside.map_or_else(|| file.to_path_buf(), |rest| Path::new("..").join(rest))
    }

    /// Runs one process of the driver.
    pub fn run(&self, id: &str, contestant: &Contestant, input: &Input, options: &CellOptions) -> Result<CellResult> {
        let folder =
            tempfile::Builder::new().prefix("cell-").tempdir_in(&self.scratch).at("create a folder", &self.scratch)?;
        let [times, stats, stdout, stderr] = ["times", "stats.json", "out", "err"].map(|name| folder.path().join(name));
        let mut args: Vec<OsString> = Vec::new();
        if contestant.command.is_none() {
            args = contestant.vm_args();
            args.extend(["--clock".into(), options.clock.name().into()]);
            if let Some(seed) = options.seed {
                args.extend(["--seed".into(), seed.to_string().into()]);
            }
            args.extend(["--stats-json".into(), stats.clone().into()]);
            if let Some(log) = &options.log {
                args.extend(["--log".into(), log.clone().into(), "--log-spool-only".into()]);
            }
        }
        args.extend(["driver.lua".into(), format!("{}.lua", input.program).into()]);
        args.extend([
            input.n.to_string().into(),
            options.iterations.to_string().into(),
            self.seen_from_suite(&times).into(),
        ]);
        let started = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let finished = process::run(&Invocation {
            program: contestant.command.clone().unwrap_or_else(|| self.trinity.clone()),
            args,
            folder: self.suite.clone(),
            stdout: stdout.clone(),
            stderr: stderr.clone(),
            limit: self.limit,
        })?;
        let output = std::fs::read(&stdout).at("read", &stdout)?;
        let expected = input.expected.as_ref().map(|text| output == format!("{text}\n").as_bytes());
        let stats: Option<RunStats> = std::fs::read(&stats).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let own_peak = stats.as_ref().map_or(0, |stats| stats.peak_rss_bytes);
        Ok(CellResult {
            cell: id.to_owned(),
            label: format!("{} {} {}", contestant.label, input.program, input.size),
            end: Some(finished.end),
            wall_ns: finished.wall_ns,
            user_ns: finished.user_ns,
            system_ns: finished.system_ns,
            // The parent's count includes its own pages before the child's program is loaded.
            peak_rss_bytes: if own_peak > 0 { own_peak } else { finished.peak_rss_bytes },
            iterations_ns: read_times(&times).unwrap_or_default(),
            output_sha256: files::sha256(&output),
            expected_output: expected.filter(|_| finished.succeeded()),
            message: if finished.succeeded() { None } else { process::last_line(&stderr) },
            stats,
            started_utc_ns: started.as_nanos() as u64,
            host: self.host.clone(),
        })
    }
}

/// The driver's file of times: CPU seconds, one line per iteration.
fn read_times(path: &Path) -> Option<Vec<u64>> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().map(|line| line.trim().parse::<f64>().ok().map(|seconds| (seconds * 1e9).round() as u64)).collect()
}
