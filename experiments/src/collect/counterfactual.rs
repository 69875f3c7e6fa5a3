//! What would have happened: logged runs again, each time with one decision answered otherwise.
//!
//! INVARIANT: what is known is a file below `collecting/counterfactuals`, named by the plan of the run and the number of
//! the decision, and there whole or not at all. So a killed collection repeats no run that had ended.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use serde::{Deserialize, Serialize};
use trinity_datasets::{CostKind, Counterfactual, Horizon, Horizons, LoggedDecision, RunMeta, read_log};
use trinity_vm::seam::Action;

use super::session::spool_in;
use crate::{
    clock::ClockKind,
    experiment::{
        CellResult, Contestant,
        cell::{Bench, CellOptions},
        counterfactuals::{Cost, Counterfactuals, PerRun},
    },
    failure::{AtPath, Failure, Result},
    files,
    progress::Progress,
    stats::{Rng, mean, mean_interval},
    suite::Input,
};

/// Of intervals.
const RESAMPLES: u32 = 2000;

/// A run that is to be logged, and then run again with other decisions.
pub(super) struct Base<'a> {
    pub plan_id: String,
    pub policy: &'a Contestant,
    pub input: &'a Input,
    pub seed: u64,
    pub label: String,
}

/// Measures costs of other decisions.
pub(super) struct Laboratory<'a> {
    pub wanted: &'a Counterfactuals,
    /// Who decides after another decision, if not the policy of the run.
    pub continuation: Option<&'a Contestant>,
    /// Of the spec.
    pub seed: u64,
    pub bench: &'a Bench,
    pub iterations: u32,
    pub clock: ClockKind,
    /// `collecting/counterfactuals`.
    pub folder: PathBuf,
    pub jobs: usize,
}

/// The decision of a run that is answered otherwise, and what is known of it.
struct Question<'a> {
    base: &'a Base<'a>,
    decision: LoggedDecision,
    /// Decisions that it stands for.
    weight: f64,
}

/// What runs cost: those with another action, and those with the one that was taken, in turns.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Costs {
    weight: f64,
    base: Vec<Spent>,
    others: Vec<Other>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Other {
    /// Its name.
    action: String,
    costs: Vec<Spent>,
    /// Why there are none.
    problem: Option<String>,
}

/// What a run took up to the horizons of a decision, in nanoseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Spent {
    run_end: f64,
    /// `None`: there was no next iteration, or by wall time, which is that of the process.
    next_iter: Option<f64>,
}

impl Spent {
    fn at(self, horizon: Horizon) -> Option<f64> {
        match horizon {
            Horizon::RunEnd => Some(self.run_end),
            Horizon::NextIter => self.next_iter,
        }
    }
}

/// How many decisions were answered otherwise, and how many of those runs failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Measured {
    pub costs: usize,
    pub failed: usize,
}

impl Laboratory<'_> {
    fn continuation<'b>(&'b self, base: &'b Base<'_>) -> &'b Contestant {
        self.continuation.unwrap_or(base.policy)
    }

    fn of(&self, base: &Base<'_>) -> PathBuf {
        self.folder.join(&base.plan_id)
    }

    /// Makes sure of every logged run and of every cost, with as many processes at once as there are jobs. `log` makes a
    /// run: its spool is left in the folder.
    pub fn measure<'a>(
        &self,
        bases: &'a [Base<'a>],
        progress: &Progress,
        log: impl Fn(usize, &Path) -> Result<RunMeta> + Sync,
    ) -> Result<()> {
        progress.length(bases.len());
        progress.present(0);
        let indices: Vec<usize> = (0..bases.len()).collect();
        each(self.jobs, &indices, |index| {
            progress.message(&bases[*index].label);
            self.log(&bases[*index], |folder| log(*index, folder))?;
            progress.step();
            Ok(())
        })?;
        let mut questions = Vec::new();
        for base in bases {
            questions.extend(self.questions(base)?);
        }
        let missing: Vec<&Question<'_>> = questions.iter().filter(|question| !self.file(question).exists()).collect();
        progress.length(questions.len());
        progress.present(questions.len() - missing.len());
        each(self.jobs, &missing, |question| {
            progress.message(&format!("{} decision {}", question.base.label, question.decision.decision_id));
            self.answer(question)?;
            progress.step();
            Ok(())
        })
    }

    /// The run, logged once.
    fn log(&self, base: &Base<'_>, log: impl FnOnce(&Path) -> Result<RunMeta>) -> Result<()> {
        let folder = self.of(base);
        let done = folder.join("run");
        if done.exists() {
            if is_whole(&done)? {
                return Ok(());
            }
            fs::remove_dir_all(&folder).at("remove", &folder)?;
        }
        let in_flight = folder.join("tmp");
        if in_flight.exists() {
            fs::remove_dir_all(&in_flight).at("remove", &in_flight)?;
        }
        fs::create_dir_all(&in_flight).at("create the folder", &in_flight)?;
        let meta = log(&in_flight)?;
        write_json(&in_flight.join("run.json"), &meta)?;
        fs::rename(&in_flight, folder.join("run")).at("rename", &in_flight)
    }

    /// What was logged of a run.
    fn logged(&self, base: &Base<'_>) -> Result<(RunMeta, Option<PathBuf>)> {
        let folder = self.of(base).join("run");
        Ok((read_json(&folder.join("run.json"))?, spool_in(&folder)?))
    }

    /// The decisions of a run that are answered otherwise; none of one that failed.
    fn questions<'a>(&self, base: &'a Base<'a>) -> Result<Vec<Question<'a>>> {
        let (meta, Some(spool)) = self.logged(base)? else { return Ok(Vec::new()) };
        if meta.status != "ok" {
            return Ok(Vec::new());
        }
        let log = read_log(&spool, None).map_err(failed)?;
        let is_eligible = |decision: &LoggedDecision| {
            self.wanted.kinds.iter().any(|kind| kind == decision.kind.name()) && decision.legal.iter().count() > 1
        };
        let mut eligible: Vec<LoggedDecision> = log.decisions.into_iter().filter(is_eligible).collect();
        let all = eligible.len();
        if let PerRun::Count(count) = self.wanted.per_run
            && (count as usize) < all
        {
            Rng::stream(self.seed, &format!("counterfactuals {}", base.plan_id)).shuffle(&mut eligible);
            eligible.truncate(count as usize);
            eligible.sort_by_key(|decision| decision.decision_id);
        }
        let weight = all as f64 / eligible.len() as f64;
        Ok(eligible.into_iter().map(|decision| Question { base, decision, weight }).collect())
    }

    fn file(&self, question: &Question<'_>) -> PathBuf {
        self.of(question.base).join(format!("{}.json", question.decision.decision_id))
    }

    /// Measures what the other answers to a decision cost.
    fn answer(&self, question: &Question<'_>) -> Result<()> {
        let (meta, spool) = self.logged(question.base)?;
        let spool = spool.ok_or_else(|| Failure::work(format!("{}: its log has gone", question.base.label)))?;
        let id = question.decision.decision_id;
        let others = question.decision.legal.iter().filter(|action| *action != question.decision.taken);
        let mut costs = Costs { weight: question.weight, ..Costs::default() };
        let other = |action: Action| Other { action: action.name().to_owned(), costs: Vec::new(), problem: None };
        costs.others = others.map(other).collect();
        let repeats = match self.wanted.cost(self.clock) {
            Cost::Wall => self.wanted.repeats,
            Cost::Virtual => 1,
        };
        let mut random = Rng::stream(self.seed, &format!("order of runs {} {id}", question.base.plan_id));
        for _ in 0..repeats {
            // `None` is the action that was taken.
            let mut order: Vec<Option<usize>> = (0..costs.others.len()).map(Some).chain([None]).collect();
            random.shuffle(&mut order);
            for which in order {
                let action = which.map(|other| costs.others[other].action.as_str());
                let cost = self.cost(question, &spool, &meta, action)?;
                match (which.map(|other| &mut costs.others[other]), cost) {
                    (None, Ok(cost)) => costs.base.push(cost),
                    (Some(other), Ok(cost)) => other.costs.push(cost),
                    (Some(other), Err(problem)) => other.problem = Some(problem),
                    (None, Err(problem)) => {
                        let label = &question.base.label;
                        return Err(Failure::work(format!(
                            "{label}: the logged run does not repeat itself: {problem}"
                        )));
                    }
                }
            }
        }
        write_json(&self.file(question), &costs)
    }

    /// Cost of a run that is the logged one with this action at a decision, or with the one that was taken: the same
    /// policy goes on after either. Or why it has none.
    fn cost(
        &self,
        question: &Question<'_>,
        spool: &Path,
        logged: &RunMeta,
        action: Option<&str>,
    ) -> Result<Result<Spent, String>> {
        let base = question.base;
        let mut policy = format!("replay:{}", spool.display());
        // Without another policy to go on, the run with the action that was taken is the logged one.
        let taken = self.continuation.map(|_| question.decision.taken.name());
        if let Some(action) = action.or(taken) {
            let then = self.continuation(base);
            let then = then.policy.as_deref().unwrap_or(&then.label);
            policy = format!("{policy},flip={}:{action},then={then}", question.decision.decision_id);
        }
        let contestant = Contestant { policy: Some(policy), ..base.policy.clone() };
        let log = match self.wanted.cost(self.clock) {
            Cost::Wall => None,
            Cost::Virtual => {
                Some(tempfile::tempdir_in(&self.bench.scratch).at("create a folder", &self.bench.scratch)?)
            }
        };
        let options = CellOptions {
            iterations: self.iterations,
            log: log.as_ref().map(|folder| folder.path().to_path_buf()),
            clock: self.clock,
            seed: Some(base.seed),
        };
        let result: CellResult = self.bench.run("", &contestant, base.input, &options)?;
        if let Some(problem) = result.problem() {
            return Ok(Err(problem));
        }
        if Some(&result.output_sha256) != logged.output_sha256.as_ref() {
            return Ok(Err("it printed something else than the logged run".to_owned()));
        }
        let Some(log) = log else {
            return Ok(Ok(Spent { run_end: result.wall_ns as f64, next_iter: None }));
        };
        let Some(spool) = spool_in(log.path())? else { return Ok(Err("it left no log".to_owned())) };
        let horizons = Horizons::of_spool(&spool).map_err(failed)?;
        let [next_iter, run_end] = [Horizon::NextIter, Horizon::RunEnd].map(|horizon| {
            let reached = horizons.reached(question.decision.decision_id, horizon);
            reached.model_ns.map(|ns| ns as f64)
        });
        Ok(run_end.map(|run_end| Spent { run_end, next_iter }).ok_or_else(|| "it kept no modelled time".to_owned()))
    }

    /// Puts the logged run into `folder`, and what is known of its other decisions.
    pub fn deliver(&self, base: &Base<'_>, folder: &Path) -> Result<(RunMeta, Measured)> {
        let (meta, spool) = self.logged(base)?;
        if let Some(spool) = spool {
            let copy = folder.join(spool.file_name().unwrap_or_default());
            fs::copy(&spool, &copy).at("copy", &spool)?;
        }
        let mut rows = Vec::new();
        let mut measured = Measured::default();
        for question in self.questions(base)? {
            let costs: Costs = read_json(&self.file(&question))?;
            for other in &costs.others {
                let of_other = Horizon::ALL.into_iter().filter_map(|at| self.row(&question, &costs, other, at));
                let before = rows.len();
                rows.extend(of_other);
                let is_known = rows.len() > before;
                measured.costs += usize::from(is_known);
                measured.failed += usize::from(!is_known);
            }
        }
        write_json(&folder.join(super::session::COUNTERFACTUALS), &rows)?;
        Ok((meta, measured))
    }

    /// `None` where a run failed, or was not measured so far.
    fn row(&self, question: &Question<'_>, costs: &Costs, other: &Other, horizon: Horizon) -> Option<Counterfactual> {
        let action = Action::ALL.into_iter().find(|action| action.name() == other.action)?;
        if other.problem.is_some() || other.costs.is_empty() {
            return None;
        }
        let at = |spent: &[Spent]| spent.iter().map(|spent| spent.at(horizon)).collect::<Option<Vec<f64>>>();
        let (of_other, of_base) = (at(&other.costs)?, at(&costs.base)?);
        let decision_id = question.decision.decision_id;
        // Runs of one turn were next to each other in time.
        let benefits: Vec<f64> = of_other.iter().zip(&of_base).map(|(other, base)| other - base).collect();
        let (cost_kind, interval_ns) = match self.wanted.cost(self.clock) {
            Cost::Virtual => (CostKind::Virtual, None),
            Cost::Wall => {
                let label = format!("interval {} {decision_id} {}", question.base.plan_id, other.action);
                (CostKind::Measured, mean_interval(&benefits, RESAMPLES, &mut Rng::stream(self.seed, &label)))
            }
        };
        Some(Counterfactual {
            decision_id,
            action,
            sample_weight: costs.weight,
            continuation_policy: self.continuation(question.base).label.clone(),
            cost_kind,
            horizon,
            cost_ns: mean(&of_other),
            benefit_ns: mean(&benefits),
            interval_ns,
            n_reps: of_other.len() as u32,
        })
    }
}

/// Does `work` on every item, with several at once; the first failure ends it.
fn each<T: Sync>(jobs: usize, items: &[T], work: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
    let (next, stop, failure) = (AtomicUsize::new(0), AtomicBool::new(false), Mutex::new(None));
    thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, items.len().max(1)) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed)
                    && let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    if let Err(problem) = work(item) {
                        stop.store(true, Ordering::Relaxed);
                        failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(problem);
                    }
                }
            });
        }
    });
    failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// Whether all that is in the folder of a run that ended well is there still.
pub(super) fn is_whole(run: &Path) -> Result<bool> {
    let meta: RunMeta = read_json(&run.join("run.json"))?;
    let Some(spool) = spool_in(run)? else { return Ok(meta.status != "ok") };
    Ok(meta.status != "ok" || read_log(&spool, None).is_ok_and(|log| log.whole))
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_vec(value).map_err(|error| Failure::work(format!("{}: {error}", path.display())))?;
    files::write_whole(path, &text)
}

fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T> {
    serde_json::from_str(&files::read_text(path)?)
        .map_err(|error| Failure::work(format!("{}: {error}; remove it and collect again", path.display())))
}

fn failed(error: trinity_datasets::DataError) -> Failure {
    Failure::work(error.to_string())
}
