//! `--perf-map`: the file in which Linux `perf` looks for the names of code that is in no executable.
//!
//! One line per function, written when its code is installed: address, length, name. The file cannot take a line back,
//! so addresses must not be used for other code while it is written (`Controller::keep_code_addresses`).

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::PathBuf,
};

use trinity_vm::seam::{
    CompileRecord, DecisionRecord, DeoptRecord, EventSink, FunctionRecord, InstallRecord, IterationRecord, RunSummary,
};

use super::sinks::Problem;
use crate::failure::{AtPath, Failure, Result};

pub(super) struct PerfMapSink {
    path: PathBuf,
    file: File,
    problem: Problem,
}

impl PerfMapSink {
    /// Begins `/tmp/perf-PID.map`. A file that an earlier process of this user left under this number is replaced.
    ///
    /// # Errors
    /// The file cannot be made, or what is in its place is somebody else's or not a file: a symbolic link there may lead
    /// anywhere.
    pub(super) fn create() -> Result<(PerfMapSink, Problem)> {
        let path = PathBuf::from(format!("/tmp/perf-{}.map", std::process::id()));
        if let Ok(found) = fs::symlink_metadata(&path) {
            // SAFETY: it has no preconditions.
            let user = unsafe { libc::geteuid() };
            if !found.file_type().is_file() || found.uid() != user {
                return Err(Failure::work(format!(
                    "{}: is in the way, and not a file of yours: remove it, or run without --perf-map",
                    path.display()
                )));
            }
            fs::remove_file(&path).at("remove", &path)?;
        }
        // `create_new` follows no link and opens nothing that somebody has put there meanwhile.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).at("create", &path)?;
        let problem = Problem::default();
        Ok((PerfMapSink { path, file, problem: problem.clone() }, problem))
    }
}

/// One line. A name that the program chose must not begin another.
fn line(record: &InstallRecord) -> String {
    let label: String = record.label.chars().map(|char| if char.is_control() { '?' } else { char }).collect();
    let tier = record.tier_to as u8;
    let place = match record.loop_pc {
        None => format!("[tier{tier}]"),
        Some(pc) => format!("[tier{tier} loop@{pc}]"),
    };
    format!("{:x} {:x} lua:{label} {place}\n", record.address, record.code_bytes)
}

impl EventSink for PerfMapSink {
    fn install(&mut self, record: &InstallRecord) {
        if record.code_bytes == 0 {
            return;
        }
        // At once and in one piece: the program may be killed while `perf` watches.
        if let Err(error) = self.file.write_all(line(record).as_bytes()) {
            self.problem.note(|| format!("{}: cannot write: {error}", self.path.display()));
        }
    }
    fn decision(&mut self, _: &DecisionRecord) {}
    fn compile(&mut self, _: &CompileRecord) {}
    fn deopt(&mut self, _: &DeoptRecord) {}
    fn iteration(&mut self, _: &IterationRecord) {}
    fn function(&mut self, _: &FunctionRecord) {}
    fn run_end(&mut self, _: &RunSummary) {}
}

#[cfg(test)]
mod tests {
    use trinity_vm::seam::Tier;

    use super::*;

    #[test]
    fn names_stay_on_their_line() {
        let record = InstallRecord {
            t_ns: 0,
            function_id: 1,
            label: "a\nb [string \"x\"]:3".into(),
            loop_pc: Some(7),
            tier_from: Tier::Cold,
            tier_to: Tier::Hot,
            address: 0xabc0,
            code_bytes: 16,
        };
        assert_eq!(line(&record), "abc0 10 lua:a?b [string \"x\"]:3 [tier2 loop@7]\n");
    }
}
