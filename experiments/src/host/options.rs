//! What is run, and how.

use std::path::{Path, PathBuf};

use trinity_jit::Tier1Form;

use crate::clock::ClockKind;

/// Compiler threads of a run that says nothing: one, where there is a processor for it.
pub fn default_compiler_threads() -> u32 {
    std::thread::available_parallelism().is_ok_and(|processors| processors.get() > 1).into()
}

/// How a script is run.
#[derive(Clone, Debug, Default)]
pub struct HostOptions {
    pub policy: String,
    pub max_tier: Option<u8>,
    pub force_tier: Option<u8>,
    /// Most bytes that the heap may use.
    pub memory_limit: Option<usize>,
    /// Most bytes that compiled code may take.
    pub code_limit: Option<u64>,
    pub log: Option<Log>,
    pub stats_json: Option<PathBuf>,
    /// Chrome trace events go to this file.
    pub trace: Option<PathBuf>,
    /// Compilations in tier 2 are kept as files in this folder.
    pub snapshots: Option<PathBuf>,
    /// Linux `perf` is told the names of compiled code.
    pub perf_map: bool,
    /// Only the libraries for programs that are not trusted.
    pub sandbox: bool,
    /// Ticks that the program may take.
    pub fuel: Option<u64>,
    /// How tier 1 is made.
    pub tier1: Tier1Form,
    /// Threads that compile beside the one that runs Lua; 0: that one compiles, as it must under the virtual clock.
    pub compiler_threads: u32,
    pub clock: ClockKind,
    /// Of what is random.
    pub seed: u64,
}

impl HostOptions {
    /// Those that differ from what they are by default, as they are written at the command line: what a run is known by
    /// besides its policy, its clock and its seed.
    pub(super) fn shown(&self) -> String {
        let mut shown = Vec::new();
        let mut say = |name: &str, value: Option<String>| shown.extend(value.map(|value| format!("{name} {value}")));
        say("--max-tier", self.max_tier.map(|tier| tier.to_string()));
        say("--force-tier", self.force_tier.map(|tier| tier.to_string()));
        say("--tier1", (self.tier1 != Tier1Form::default()).then(|| self.tier1.name().to_owned()));
        say("--memory-limit", self.memory_limit.map(|bytes| bytes.to_string()));
        say("--code-limit", self.code_limit.map(|bytes| bytes.to_string()));
        say("--fuel", self.fuel.map(|ticks| ticks.to_string()));
        let threads = (self.clock == ClockKind::Wall && self.compiler_threads != default_compiler_threads())
            .then(|| self.compiler_threads.to_string());
        say("--compiler-threads", threads);
        if self.sandbox {
            shown.push("--sandbox".to_owned());
        }
        shown.join(" ")
    }
}

/// Where the log of a run goes.
#[derive(Clone, Debug)]
pub enum Log {
    /// A spool in this folder, for another process to convert.
    Spool(PathBuf),
    /// The data set in this folder.
    DataSet(PathBuf),
}

impl Log {
    pub(super) fn folder(&self) -> &Path {
        match self {
            Self::Spool(folder) | Self::DataSet(folder) => folder,
        }
    }
}

/// What is run.
#[derive(Clone, Debug)]
pub enum Source {
    File(PathBuf),
    Stdin,
}

/// What a process does before it runs a script.
#[derive(Clone, Debug)]
pub enum Step {
    /// `-e TEXT`
    Chunk(String),
    /// `-l MODULE` or `-l GLOBAL=MODULE`
    Module(String),
    /// `-W`
    Warnings,
}

/// What a process runs: the steps, a script, lines that are typed.
#[derive(Clone, Debug, Default)]
pub struct Program {
    pub steps: Vec<Step>,
    pub source: Option<Source>,
    /// Arguments of the script.
    pub args: Vec<String>,
    pub interactive: bool,
    /// Says first which version runs.
    pub version: bool,
    /// `LUA_INIT`, `LUA_PATH` and `LUA_CPATH` mean nothing.
    pub ignore_environment: bool,
}
