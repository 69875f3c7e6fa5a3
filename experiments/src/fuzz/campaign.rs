//! Runs programs until it is told to stop, and keeps what differs.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    compare, generate,
    mode::Mode,
    reduce,
    runner::{End, Outcome, Runner, Who},
    tree::Node,
};
use crate::failure::{AtPath, Result};

/// Time a program may take under PUC Lua; slower ones are left out.
const PEER_LIMIT: Duration = Duration::from_secs(2);
/// Time a program may take here: it has ended under PUC Lua within a tenth of it.
const LIMIT: Duration = Duration::from_secs(20);
/// While reducing, a candidate that takes longer is none.
const REDUCING_LIMIT: Duration = Duration::from_secs(4);
/// One program in this many is also run with a collection at every poll, if it runs for less than [`SHORT`].
const STRESS_EVERY: u64 = 4;
const SHORT: Duration = Duration::from_millis(8);
/// Differences of one kind that are reduced and written; the others are counted.
const KEPT_PER_KIND: u64 = 2;
const REDUCTION: Duration = Duration::from_secs(60);
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    /// The first program; those of a seed are numbered from 0.
    pub first: u64,
    pub count: u64,
    pub time: Option<Duration>,
    pub jobs: usize,
    /// PUC's interpreter. Without, this VM's interpreter says what is right.
    pub peer: Option<PathBuf>,
    pub modes: Vec<Mode>,
    pub out: PathBuf,
}

/// What was done.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Summary {
    pub programs: u64,
    /// Runs in this VM.
    pub runs: u64,
    /// Programs left out because they take too long or too much memory under PUC Lua.
    pub skipped: u64,
    /// Programs with a difference.
    pub differences: u64,
    /// Kinds of difference, with the number of programs that showed them.
    pub kinds: BTreeMap<String, u64>,
    /// The first program that has not been tried.
    pub next: u64,
    pub seconds: f64,
}

struct Shared<'a> {
    plan: &'a Plan,
    start: Instant,
    next: AtomicU64,
    summary: Mutex<(Summary, Instant)>,
}

/// Tries the programs of a plan.
///
/// # Errors
/// A process cannot be started, or the folder cannot be written.
pub fn run(plan: &Plan) -> Result<Summary> {
    fs::create_dir_all(&plan.out).at("create", &plan.out)?;
    let now = Instant::now();
    let shared =
        Shared { plan, start: now, next: AtomicU64::new(plan.first), summary: Mutex::new((Summary::default(), now)) };
    let results: Vec<Result<()>> = std::thread::scope(|scope| {
        let jobs: Vec<_> = (0..plan.jobs).map(|_| scope.spawn(|| shared.work())).collect();
        jobs.into_iter().map(|job| job.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    results.into_iter().collect::<Result<Vec<()>>>()?;
    let mut summary = shared.summary.into_inner().unwrap_or_else(PoisonError::into_inner).0;
    summary.next = shared.next.into_inner().min(plan.first.saturating_add(plan.count));
    summary.seconds = now.elapsed().as_secs_f64();
    Ok(summary)
}

/// A program that ends in another way than it should.
struct Difference {
    expected: String,
    /// Modes that differ from what is expected, and what they gave; the first is the one to reduce.
    found: Vec<(Mode, String)>,
}

/// The processes of one job.
struct Job<'a> {
    shared: &'a Shared<'a>,
    own: Runner,
    peer: Option<Runner>,
}

impl Shared<'_> {
    fn work(&self) -> Result<()> {
        let peer = self.plan.peer.as_ref().map(|path| Runner::new(Who::Peer(path.clone())));
        let mut job = Job { shared: self, own: Runner::new(Who::Own), peer };
        loop {
            if self.plan.time.is_some_and(|time| self.start.elapsed() >= time) {
                return Ok(());
            }
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index - self.plan.first >= self.plan.count {
                return Ok(());
            }
            job.try_program(index)?;
            self.progress();
        }
    }

    fn tally(&self, note: impl FnOnce(&mut Summary)) {
        note(&mut self.summary.lock().unwrap_or_else(PoisonError::into_inner).0);
    }

    fn progress(&self) {
        let mut guard = self.summary.lock().unwrap_or_else(PoisonError::into_inner);
        if guard.1.elapsed() < PROGRESS_EVERY {
            return;
        }
        guard.1 = Instant::now();
        let summary = &guard.0;
        eprintln!(
            "trinity: {} programs, {:.1} per second, {} runs, {} left out, {} differences of {} kinds; next --first {}",
            summary.programs,
            summary.programs as f64 / self.start.elapsed().as_secs_f64(),
            summary.runs,
            summary.skipped,
            summary.differences,
            summary.kinds.len(),
            self.next.load(Ordering::Relaxed).saturating_sub(self.plan.jobs as u64),
        );
    }
}

impl Job<'_> {
    fn try_program(&mut self, index: u64) -> Result<()> {
        let plan = self.shared.plan;
        let tree = generate::program(plan.seed, index);
        let text = tree.render();
        let modes = plan.modes.clone();
        let Some((difference, runs)) = self.examine(&text, index, &modes, LIMIT)? else {
            self.shared.tally(|summary| summary.skipped += 1);
            return Ok(());
        };
        self.shared.tally(|summary| {
            summary.programs += 1;
            summary.runs += runs;
        });
        match difference {
            Some(difference) => self.keep(index, tree, &difference),
            None => Ok(()),
        }
    }

    /// Runs a program in some modes. `None` if there is nothing to compare with.
    fn examine(
        &mut self,
        text: &str,
        index: u64,
        modes: &[Mode],
        limit: Duration,
    ) -> Result<Option<(Option<Difference>, u64)>> {
        let start = Instant::now();
        let reference: Outcome = match &mut self.peer {
            Some(peer) => peer.run(text, Mode::Interpret, index, PEER_LIMIT)?,
            None => self.own.run(text, Mode::Interpret, index, PEER_LIMIT)?,
        };
        let short = start.elapsed() < SHORT;
        if matches!(reference.end, End::TimedOut | End::TooLarge | End::Crash(_)) {
            return Ok(None);
        }
        let expected = compare::visible(&reference);
        let mut difference = Difference { expected, found: Vec::new() };
        let mut runs = 0;
        for &mode in modes {
            if mode.is_stress() && !(short && index.is_multiple_of(STRESS_EVERY)) {
                continue;
            }
            let outcome = self.own.run(text, mode, index, limit)?;
            runs += 1;
            let found = compare::visible(&outcome);
            if found != difference.expected {
                difference.found.push((mode, found));
            }
        }
        let difference = (!difference.found.is_empty() && reference.end != End::Syntax
            || difference.found.iter().any(|(_, found)| !found.starts_with("did not compile")))
        .then_some(difference);
        Ok(Some((difference, runs)))
    }

    fn keep(&mut self, index: u64, tree: Node, difference: &Difference) -> Result<()> {
        let Some((mode, found)) = difference.found.first() else { return Ok(()) };
        let modes: Vec<&str> = difference.found.iter().map(|(mode, _)| mode.name()).collect();
        let kind = format!("{mode}: {}", compare::kind(&difference.expected, found));
        let mut seen = 0;
        self.shared.tally(|summary| {
            summary.differences += 1;
            let count = summary.kinds.entry(kind.clone()).or_default();
            *count += 1;
            seen = *count;
        });
        if seen > KEPT_PER_KIND {
            return Ok(());
        }
        let plan = self.shared.plan;
        let name = format!("{}-{index}", plan.seed);
        let original = tree.render();
        write(&plan.out, &format!("{name}.original.lua"), &original)?;
        let report = |program: &str, expected: &str, found: &str| {
            format!(
                "seed {} program {index}, differs in {}\n\n{program}\n--- expected\n{expected}\n--- found in {mode}\n{found}\n",
                plan.seed,
                modes.join(", ")
            )
        };
        // Before it is reduced, so that nothing is lost if reducing is cut short.
        write(&plan.out, &format!("{name}.txt"), &report(&original, &difference.expected, found))?;
        eprintln!("trinity: program {index} of seed {} differs in {}; reducing it", plan.seed, modes.join(", "));
        let mode = *mode;
        let start = Instant::now();
        let mut smallest: Option<(String, String)> = None;
        let reduced = reduce::reduce(tree, |candidate| {
            if start.elapsed() > REDUCTION {
                return None;
            }
            match self.examine(&candidate.render(), index, &[mode], REDUCING_LIMIT) {
                Ok(Some((Some(mut difference), _))) if !difference.expected.starts_with("did not compile") => {
                    smallest = difference.found.pop().map(|(_, found)| (difference.expected, found));
                    Some(true)
                }
                Ok(_) => Some(false),
                // The next program will say why.
                Err(_) => None,
            }
        });
        let text = reduced.render();
        write(&plan.out, &format!("{name}.lua"), &text)?;
        let (expected, found) = smallest.unwrap_or_else(|| (difference.expected.clone(), found.clone()));
        write(&plan.out, &format!("{name}.txt"), &report(&text, &expected, &found))?;
        if let Some((expected, found)) = compare::first_difference(&expected, &found) {
            eprintln!(
                "trinity: {}\n  expected {expected}\n  found    {found}",
                plan.out.join(format!("{name}.lua")).display()
            );
        }
        Ok(())
    }
}

fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    fs::write(&path, text).at("write", &path)
}
