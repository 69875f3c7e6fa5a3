//! What a run leaves when its program has ended: statistics, its log, an exit status.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc};

use trinity_datasets::SpoolHandle;
use trinity_jit::tier2::SnapshotFolder;
use trinity_vm::{seam::RunSummary, vm::Vm};

use super::{HostOptions, Log, digest, sinks, stats};
use crate::{
    clock::ClockKind,
    collect::{self, ByHand},
    failure::{Failure, Result},
    files,
    run_stats::RunStats,
};

/// What is left to do when the program ends.
#[derive(Default)]
pub(super) struct Ending {
    pub options: HostOptions,
    pub script: Vec<String>,
    /// Digests of what was run, in order.
    pub sources: Vec<String>,
    pub spool: Option<SpoolHandle>,
    pub fallbacks: Fallbacks,
    /// Taken in under the virtual clock.
    pub decisions: digest::Decisions,
    pub snapshots: Option<Arc<SnapshotFolder>>,
    /// Files that are written on the way.
    pub problems: Vec<sinks::Problem>,
}

pub(super) type Fallbacks = Rc<RefCell<BTreeMap<&'static str, u64>>>;

/// `os.exit`.
pub(super) fn leave(vm: &mut Vm, status: i32) {
    let status = finish(vm, status);
    std::process::exit(status);
}

/// Writes what was asked for; returns the exit status, which is not 0 when that failed.
pub(super) fn finish(vm: &mut Vm, exit_status: i32) -> i32 {
    let ending = std::mem::take(vm.extension::<Ending>());
    let ticks = vm.fuel_used();
    let summary = vm.finish_run();
    // Dropped, the sink writes what it still holds.
    drop(vm.controller.take_sink());
    let written = ending.write(&summary, ticks, exit_status);
    let problems = [written.err().map(|failure| failure.to_string()), summary.objection];
    for problem in problems.iter().flatten() {
        eprintln!("trinity: {problem}");
    }
    if exit_status == 0 { i32::from(problems.iter().any(Option::is_some)) } else { exit_status }
}

impl Ending {
    fn write(&self, summary: &RunSummary, ticks: Option<u64>, exit_status: i32) -> Result<()> {
        if let Some(path) = &self.options.stats_json {
            let decisions_sha256 = (self.options.clock == ClockKind::Virtual).then(|| self.decisions.sha256());
            let stats = RunStats {
                clock: self.options.clock,
                decisions_sha256,
                ..stats::of_run(summary, ticks, exit_status, &self.fallbacks.borrow())
            };
            let text = serde_json::to_vec_pretty(&stats)
                .map_err(|error| Failure::work(format!("{}: {error}", path.display())))?;
            files::write_whole(path, &text)?;
        }
        if let Some(problem) = self.problems.iter().find_map(|problem| problem.take()) {
            return Err(Failure::work(problem));
        }
        if let Some(problem) = self.snapshots.as_ref().and_then(|folder| folder.problem()) {
            return Err(Failure::work(problem));
        }
        let Some(spool) = &self.spool else { return Ok(()) };
        if let Some(error) = spool.error() {
            return Err(Failure::work(format!("{}: cannot write: {error}", spool.path().display())));
        }
        match &self.options.log {
            Some(Log::DataSet(folder)) => {
                let by_hand = ByHand {
                    policy: &summary.policy,
                    clock: self.options.clock,
                    seed: self.options.seed,
                    exit_status,
                    script: &self.script,
                    sources: &self.sources,
                    vm_options: self.options.shown(),
                };
                collect::store_single_run(folder, spool.path(), &by_hand)
            }
            _ => Ok(()),
        }
    }
}
