//! Planned runs become a data set, several at once, whatever happens on the way.
//!
//! INVARIANT: a finished run is a folder below `collecting/done`, renamed there whole, until a commit of the store
//! holds it. So a killed collection loses the runs that were under way and no other, and a run whose plan the store
//! holds is never run again.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use trinity_datasets::{DataError, HowMade, Manifest, RunInput, RunMeta, Store, describe};

use super::counterfactual::is_whole;
use crate::{
    experiment::runner::{Alone, enter},
    failure::{AtPath, Failure, Result},
    files,
    progress::Progress,
};

/// Runs that are stored together.
const RUNS_PER_COMMIT: usize = 64;
/// In a finished run's folder: what other decisions of it cost.
pub(super) const COUNTERFACTUALS: &str = "counterfactuals.json";
/// How long a finished run waits for others to be stored with.
const COMMIT_INTERVAL: Duration = Duration::from_secs(20);

/// A run that there is to be.
#[derive(Clone, Debug)]
pub struct Planned {
    /// [`RunMeta::plan_id`] of the finished run.
    pub plan_id: String,
    /// For people who watch.
    pub label: String,
}

/// What is in a finished data set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Collected {
    pub runs: usize,
    /// Of these, run by this call: the others were there.
    pub executed: usize,
    /// Runs that crashed, timed out or printed a wrong result. They stay in the data set, with their status.
    pub failed: usize,
    pub decisions: usize,
    /// Other decisions whose cost this call found.
    pub counterfactuals: usize,
    /// Runs with another decision that crashed, timed out or printed a wrong result; the data set has no row of them.
    pub counterfactuals_failed: usize,
}

/// A collection in its folder, which no other process collects into meanwhile.
pub struct Session {
    out: PathBuf,
    work: PathBuf,
    planned: Vec<Planned>,
    store: Store,
    runs_per_commit: usize,
    _lock: File,
}

impl Session {
    /// Begins a collection in the folder `out`, or goes on with the one that is there.
    pub fn open(out: &Path, how: &HowMade, planned: Vec<Planned>) -> Result<Self> {
        // Looked at before anything is written: another's folder is left as it is.
        let work = out.join("collecting");
        match Manifest::load(out).map_err(failed)? {
            Some(manifest) if manifest.how_made.plan_sha256 != how.plan_sha256 => {
                return Err(Failure::usage(format!(
                    "{}: holds another data set, or one of another build of this program; choose another folder",
                    out.display()
                )));
            }
            None if !work.exists() && out.exists() && fs::read_dir(out).at("list", out)?.next().is_some() => {
                return Err(Failure::usage(format!(
                    "{}: holds files that are no data set; choose another folder, or a new one in it",
                    out.display()
                )));
            }
            _ => {}
        }
        fs::create_dir_all(work.join("done")).at("create the folder", &work)?;
        // Processes that run in other folders are given paths in it.
        let work = work.canonicalize().at("find", &work)?;
        let lock = enter(&work, Alone::Yes)?;
        let store = Store::open(out, how, Some(planned.len())).map_err(failed)?;
        let in_flight = work.join("tmp");
        if in_flight.exists() {
            fs::remove_dir_all(&in_flight).at("remove", &in_flight)?;
        }
        fs::create_dir_all(&in_flight).at("create the folder", &in_flight)?;
        Ok(Self { out: out.to_path_buf(), work, planned, store, runs_per_commit: RUNS_PER_COMMIT, _lock: lock })
    }

    /// Folder for what is only needed while collecting.
    pub fn work(&self) -> &Path {
        &self.work
    }

    /// The planned runs that there are not yet, by their index.
    pub fn missing(&self) -> Result<Vec<usize>> {
        Ok(self.survey()?.1)
    }

    /// Runs what is missing, with `jobs` at once, and finishes the data set. `run` executes the planned run of that
    /// index, leaves a spool in the given folder, which exists, and says what is known of the run.
    pub fn run(
        mut self,
        jobs: usize,
        progress: &Progress,
        run: impl Fn(usize, &Path) -> Result<RunMeta> + Sync,
    ) -> Result<Collected> {
        let (finished, pending) = self.survey()?;
        let present = self.planned.len() - pending.len();
        progress.length(self.planned.len());
        progress.present(present);
        self.commit(finished)?;
        let executed = pending.len();
        self.execute(&pending, jobs.clamp(1, executed.max(1)), progress, &run)?;
        self.store.compact().map_err(failed)?;
        self.store.seal().map_err(failed)?;
        fs::remove_dir_all(&self.work).at("remove", &self.work)?;
        progress.finish();
        let description = describe(&self.out).map_err(failed)?;
        let rows = |table: &str| self.store.manifest().rows.get(table).copied().unwrap_or(0);
        Ok(Collected {
            runs: rows("run"),
            executed,
            failed: description.statuses.iter().filter(|(status, _)| *status != "ok").map(|(_, runs)| runs).sum(),
            decisions: rows("decision"),
            ..Collected::default()
        })
    }

    /// Finished runs that are not stored yet, and the indices of the runs that are missing.
    fn survey(&self) -> Result<(Vec<PathBuf>, Vec<usize>)> {
        let done = self.work.join("done");
        let index: HashMap<&str, usize> =
            self.planned.iter().enumerate().map(|(index, run)| (run.plan_id.as_str(), index)).collect();
        let mut finished = Vec::new();
        let mut there: HashSet<usize> =
            (0..self.planned.len()).filter(|run| self.store.holds_plan(&self.planned[*run].plan_id)).collect();
        for entry in fs::read_dir(&done).at("list", &done)? {
            let folder = entry.at("list", &done)?.path();
            let plan_id = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match index.get(plan_id.as_str()) {
                Some(index) if !there.contains(index) && is_whole(&folder)? => {
                    there.insert(*index);
                    finished.push(folder);
                }
                // Stored, and the process was killed before it removed it; or no longer what it was.
                _ => fs::remove_dir_all(&folder).at("remove", &folder)?,
            }
        }
        finished.sort();
        Ok((finished, (0..self.planned.len()).filter(|run| !there.contains(run)).collect()))
    }

    /// Stores finished runs.
    fn commit(&mut self, finished: Vec<PathBuf>) -> Result<()> {
        for folders in finished.chunks(self.runs_per_commit) {
            let mut runs = Vec::with_capacity(folders.len());
            for folder in folders {
                let counterfactuals = folder.join(COUNTERFACTUALS);
                let counterfactuals = if counterfactuals.exists() { read_json(&counterfactuals)? } else { Vec::new() };
                runs.push(RunInput {
                    meta: read_json(&folder.join("run.json"))?,
                    spool: spool_in(folder)?,
                    counterfactuals,
                });
            }
            self.store.add(&runs).map_err(failed)?;
            for folder in folders {
                fs::remove_dir_all(folder).at("remove", folder)?;
            }
        }
        Ok(())
    }

    fn execute(
        &mut self,
        pending: &[usize],
        jobs: usize,
        progress: &Progress,
        run: &(impl Fn(usize, &Path) -> Result<RunMeta> + Sync),
    ) -> Result<()> {
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (planned, work) = (self.planned.clone(), self.work.clone());
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..jobs {
                let sender = sender.clone();
                let (next, stop, planned, work) = (&next, &stop, &planned, &work);
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed)
                        && let Some(&index) = pending.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        progress.message(&planned[index].label);
                        let outcome = execute_one(work, &planned[index], index, run);
                        if sender.send(outcome).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            let stored = self.store_as_they_come(&receiver, progress);
            // After a failure, workers finish what they are at, and the data set keeps what there is.
            stop.store(true, Ordering::Relaxed);
            stored
        })
    }

    fn store_as_they_come(&mut self, receiver: &mpsc::Receiver<Result<PathBuf>>, progress: &Progress) -> Result<()> {
        let mut finished = Vec::new();
        let mut since = Instant::now();
        loop {
            let folder = match receiver.recv_timeout(COMMIT_INTERVAL) {
                Ok(folder) => Some(folder?),
                Err(mpsc::RecvTimeoutError::Timeout) => None,
                Err(mpsc::RecvTimeoutError::Disconnected) => return self.commit(finished),
            };
            if let Some(folder) = folder {
                finished.push(folder);
                progress.step();
            }
            if finished.len() >= self.runs_per_commit || since.elapsed() >= COMMIT_INTERVAL {
                self.commit(std::mem::take(&mut finished))?;
                since = Instant::now();
            }
        }
    }
}

/// Executes one run; the folder that holds what it left.
fn execute_one(
    work: &Path,
    planned: &Planned,
    index: usize,
    run: &impl Fn(usize, &Path) -> Result<RunMeta>,
) -> Result<PathBuf> {
    let in_flight = work.join("tmp").join(&planned.plan_id);
    fs::create_dir_all(&in_flight).at("create the folder", &in_flight)?;
    let meta = run(index, &in_flight)?;
    if meta.plan_id() != planned.plan_id {
        return Err(Failure::work(format!("{}: the run is not the one that was planned", planned.label)));
    }
    let text = serde_json::to_vec(&meta).map_err(|error| Failure::work(format!("{}: {error}", planned.label)))?;
    if let Some(spool) = spool_in(&in_flight)? {
        File::open(&spool).and_then(|file| file.sync_all()).at("write", &spool)?;
    }
    files::write_whole(&in_flight.join("run.json"), &text)?;
    let done = work.join("done").join(&planned.plan_id);
    fs::rename(&in_flight, &done).at("rename", &in_flight)?;
    Ok(done)
}

fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T> {
    serde_json::from_str(&files::read_text(path)?)
        .map_err(|error| Failure::work(format!("{}: {error}; remove its folder", path.display())))
}

/// The spool that a run left in its folder.
pub(super) fn spool_in(folder: &Path) -> Result<Option<PathBuf>> {
    for entry in fs::read_dir(folder).at("list", folder)? {
        let path = entry.at("list", folder)?.path();
        if path.extension().is_some_and(|kind| kind == "spool") {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn failed(error: DataError) -> Failure {
    Failure::work(error.to_string())
}

#[cfg(test)]
mod tests;
