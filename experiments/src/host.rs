//! The VM as the command line uses it. The only file that names the VM's and the compilers' types.
//!
//! This build has no VM behind it yet: scripts are handed to an installed `lua5.4`.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use trinity_vm::bytecode::FnUnit;

use crate::{
    failure::{AtPath, Failure, Result},
    files,
    run_stats::{PolicyStats, RunStats},
};

pub const DEFAULT_POLICY: &str = "cost-benefit";

/// How a script is run.
#[derive(Clone, Debug, Default)]
pub struct HostOptions {
    pub policy: String,
    pub max_tier: Option<u8>,
    pub force_tier: Option<u8>,
    pub log: Option<Log>,
    pub stats_json: Option<PathBuf>,
}

/// Where the log of a run goes.
#[derive(Clone, Debug)]
pub enum Log {
    /// A spool in this folder, for another process to convert.
    Spool(PathBuf),
    /// The data set in this folder.
    DataSet(PathBuf),
}

/// What is run.
#[derive(Clone, Debug)]
pub enum Source {
    File(PathBuf),
    Stdin,
}

/// A file that compiles.
#[derive(Clone, Debug)]
pub struct Checked {
    pub bytes: u64,
    pub functions: u64,
}

/// Refuses a policy spec that names no policy.
pub fn check_policy(spec: &str) -> Result<()> {
    trinity_policy::build(spec).map(drop).map_err(|error| Failure::usage(error.to_string()))
}

/// Runs `chunks` (of `-e`) in order and then the script, as `lua` does, and returns the exit status.
pub fn run_script(options: &HostOptions, chunks: &[String], source: Option<&Source>, args: &[String]) -> Result<i32> {
    let start = Instant::now();
    let mut command = Command::new("lua5.4");
    for chunk in chunks {
        command.args(["-e", chunk]);
    }
    match source {
        Some(Source::File(path)) => command.arg(path),
        Some(Source::Stdin) => command.arg("-"),
        None => &mut command,
    };
    let status =
        command.args(args).status().map_err(|error| Failure::work(format!("lua5.4: cannot start: {error}")))?;
    let exit_status = status.code().unwrap_or(1);
    if let Some(path) = &options.stats_json {
        let stats = RunStats {
            wall_ns: start.elapsed().as_nanos() as u64,
            exit_status,
            peak_rss_bytes: crate::run_stats::peak_rss_bytes(),
            policy: PolicyStats { name: options.policy.clone(), ..PolicyStats::default() },
            ..RunStats::default()
        };
        let text = serde_json::to_vec_pretty(&stats).map_err(|error| Failure::work(error.to_string()))?;
        files::write_whole(path, &text)?;
    }
    Ok(exit_status)
}

/// Parses and compiles one file. The error is the compiler's message.
pub fn check(path: &Path) -> Result<Checked> {
    let (unit, bytes) = compile(path)?;
    Ok(Checked { bytes, functions: count_functions(&unit) })
}

/// Bytecode of every function, as text.
pub fn disassemble(path: &Path, tier: u8) -> Result<String> {
    if tier > 0 {
        return Err(Failure::work("this build has no compilers, so only --tier 0 can be shown"));
    }
    let (unit, _) = compile(path)?;
    Ok(trinity_vm::bytecode::disassemble(&unit))
}

fn compile(path: &Path) -> Result<(FnUnit, u64)> {
    let source = std::fs::read(path).at("read", path)?;
    let name = format!("@{}", path.display());
    let unit = trinity_vm::front::compile(&source, name.as_bytes())
        .map_err(|error| Failure::work(String::from_utf8_lossy(&error.message).into_owned()))?;
    Ok((unit, source.len() as u64))
}

fn count_functions(unit: &FnUnit) -> u64 {
    1 + unit.children.iter().map(count_functions).sum::<u64>()
}
