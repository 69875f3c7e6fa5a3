//! `trinity bench --short`: whether a policy that compiles makes short programs slower than the interpreter.

use std::{collections::BTreeMap, fmt, path::Path, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Args, execute, print_problems};
use crate::{
    cli::{print, print_json},
    experiment::{
        CellResult, Contestant, Endpoint, Plan, Samples, Spec, Store,
        cell::{Bench, CellOptions},
        contestant::{Detailed, Entry},
        host_info::HostInfo,
        plan::reference,
        samples::RESAMPLES,
        summary::Problem,
    },
    failure::{Failure, Result},
    files, host,
    progress::Progress,
    report::{ratio, table, time},
    stats::{Interval, Pair, Rng, Verdict, hierarchical, median, median_ratio, provable_ratio},
    suite::{Catalogue, Input, Program, Size},
};

const POLICY: &str = "fixed:50,5000";
const INTERPRETER: &str = "interpret";
/// Processes of each contestant unless something else is asked for.
const PROCESSES: u32 = 30;
/// A program is short when a process of the interpreter takes this long, in nanoseconds of processor time.
const SHORT_NS: [u64; 2] = [5_000_000, 50_000_000];
/// Processes that decide about a size.
const TRIALS: usize = 3;
/// Sizes from which one is taken.
const SIZES: [Size; 3] = [Size::Test, Size::Small, Size::Medium];

/// What a process took: of one that compiles on other threads, what its user waits for.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Clock {
    Processor,
    Wall,
}

impl Clock {
    fn of(self, result: &CellResult) -> f64 {
        match self {
            Self::Processor => result.cpu_ns() as f64,
            Self::Wall => result.wall_ns as f64,
        }
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Processor => "CPU time",
            Self::Wall => "wall time",
        })
    }
}

/// Everything that was measured, as `--json` prints it.
#[derive(Serialize)]
struct Report {
    host: HostInfo,
    clock: Clock,
    compiler_threads: u32,
    processes: u32,
    iterations: u32,
    /// A relative slow-down that does not matter: 0.03 is 3 %.
    margin: f64,
    subjects: Vec<Subject>,
    /// A second copy of the interpreter against the first, over programs: what no difference looks like.
    aa: Option<Interval>,
    /// Programs without a size at which they are short.
    left_out: Vec<String>,
    problems: Vec<Problem>,
}

/// The policy with the tiers that it may use.
#[derive(Serialize)]
struct Subject {
    policy: String,
    programs: Vec<Row>,
    /// Geometric mean over programs.
    overall: Option<Interval>,
    /// On all programs together.
    verdict: Option<Verdict>,
}

/// One program: times of whole processes.
#[derive(Serialize)]
struct Row {
    program: String,
    size: Size,
    interpreter_ns: f64,
    policy_ns: f64,
    /// Of medians, policy / interpreter.
    ratio: Interval,
    /// Half of the interval's width: the difference that these processes can show.
    half_width: Option<f64>,
    /// Median over processes.
    compilations: f64,
    verdict: Verdict,
    /// The largest true ratio that is shown to be no slower with 80 % probability.
    provable: Option<f64>,
}

/// Which sizes make programs short here; `None` where none does. Kept beside the results, since another measurement
/// might choose otherwise and a run that was killed continues.
#[derive(Default, Serialize, Deserialize)]
struct Sizes(BTreeMap<String, Option<Size>>);

pub(super) fn run(args: &Args) -> Result<()> {
    let policy = args.policy.as_deref().unwrap_or(POLICY);
    host::check_policy(policy)?;
    let out = args.out("short");
    let base = args.spec("short")?;
    let mut policies = vec![Entry::Policy(INTERPRETER.to_owned())];
    policies.extend(args.tiers(&["all"])?.into_iter().map(|(tier, max_tier)| {
        let label = if max_tier.is_some() { format!("{policy} {tier}") } else { policy.to_owned() };
        let compiler_threads = args.compiler_threads;
        let policy = Some(policy.to_owned());
        Entry::Detailed(Detailed { label, policy, max_tier, compiler_threads, ..Detailed::default() })
    }));
    let spec = Spec {
        question: "Does a policy that compiles make short programs slower than the interpreter?".to_owned(),
        sizes: SIZES.to_vec(),
        policies,
        baseline: INTERPRETER.to_owned(),
        replicates: args.processes.unwrap_or(PROCESSES),
        iterations: args.iterations.unwrap_or(1),
        primary: Endpoint::Process,
        ..base
    };
    let (inputs, left_out) = inputs(&spec, &out)?;
    if inputs.is_empty() {
        return Err(Failure::work(format!("no size makes any of these programs short: {}", left_out.join(", "))));
    }
    let plan = execute(spec, Some(inputs), &out)?;
    let store = Store::open(&out)?;
    let (samples, _, problems) = Samples::usable(&plan, &store);
    let compiler_threads = args.compiler_threads.unwrap_or(0);
    let clock = if compiler_threads > 0 { Clock::Wall } else { Clock::Processor };
    let subjects = plan.contestants.iter().enumerate().skip(1).filter(|(_, contestant)| contestant.copy_of.is_none());
    let copy = plan.contestants.iter().position(|contestant| contestant.copy_of.is_some());
    let report = Report {
        host: plan.host.clone(),
        clock,
        compiler_threads,
        processes: plan.spec.replicates,
        iterations: plan.spec.iterations,
        margin: plan.spec.margin,
        subjects: subjects
            .map(|(index, subject)| Subject::measured(&subject.label, index, &plan, &samples, clock))
            .collect(),
        aa: copy.and_then(|copy| over_programs(&samples, copy, &plan, clock, "A/A")),
        left_out,
        problems,
    };
    if args.json { print_json(&report) } else { report.print() }
}

/// Times of a contestant and of the interpreter, which is the first.
fn pairs(samples: &Samples<'_>, input: usize, contestant: usize, clock: Clock) -> Vec<Pair> {
    let time = |result: &CellResult| Some(clock.of(result)).filter(|time| *time > 0.0).map(|time| vec![time]);
    samples.pairs_by(input, contestant, 0, time)
}

fn over_programs(
    samples: &Samples<'_>,
    contestant: usize,
    plan: &Plan,
    clock: Clock,
    stream: &str,
) -> Option<Interval> {
    let inputs = 0..plan.inputs.len();
    let programs: Vec<Vec<Pair>> = inputs.map(|input| pairs(samples, input, contestant, clock)).collect();
    hierarchical(&programs, RESAMPLES, &mut Rng::stream(plan.spec.seed, stream))
}

impl Subject {
    fn measured(label: &str, contestant: usize, plan: &Plan, samples: &Samples<'_>, clock: Clock) -> Self {
        let row = |(index, input): (usize, &Input)| {
            let middle = |contestant, value: &dyn Fn(&CellResult) -> f64| {
                median(&samples.of_input(index, contestant).map(value).collect::<Vec<_>>())
            };
            let mut rng = Rng::stream(plan.spec.seed, &format!("{label} {}", input.program));
            let ratio = median_ratio(&pairs(samples, index, contestant, clock), RESAMPLES, &mut rng)?;
            Some(Row {
                program: input.program.clone(),
                size: input.size,
                interpreter_ns: middle(0, &|result| clock.of(result)),
                policy_ns: middle(contestant, &|result| clock.of(result)),
                half_width: ratio.low.zip(ratio.high).map(|(low, high)| (high - low) / 2.0),
                compilations: middle(contestant, &|r| {
                    r.stats.as_ref().map_or(0.0, |stats| stats.compile_count() as f64)
                }),
                verdict: Verdict::of(&ratio, plan.spec.margin),
                provable: ratio.detectable.map(|detectable| provable_ratio(plan.spec.margin, detectable)),
                ratio,
            })
        };
        let overall = over_programs(samples, contestant, plan, clock, label);
        Self {
            policy: label.to_owned(),
            programs: plan.inputs.iter().enumerate().filter_map(row).collect(),
            verdict: overall.as_ref().map(|ratio| Verdict::of(ratio, plan.spec.margin)),
            overall,
        }
    }

    fn print(&self) -> Result<()> {
        let head = ["whole process", "size", INTERPRETER, &self.policy, "ratio of medians", "±", "compiled", "verdict"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        for row in &self.programs {
            rows.push(vec![
                row.program.clone(),
                row.size.to_string(),
                time(row.interpreter_ns),
                time(row.policy_ns),
                ratio(Some(&row.ratio)),
                row.half_width.map_or_else(|| "–".to_owned(), |half| format!("{:.1} %", half * 100.0)),
                format!("{:.0}", row.compilations),
                row.verdict.to_string(),
            ]);
        }
        print(&table(&rows))?;
        let count = |verdict| self.programs.iter().filter(|row| row.verdict == verdict).count();
        print(&format!(
            "{} not slower, {} undecided, {} slower; geometric mean {}{}",
            count(Verdict::NotSlower),
            count(Verdict::Undecided),
            count(Verdict::Slower),
            ratio(self.overall.as_ref()),
            self.verdict.map_or_else(String::new, |verdict| format!(": {verdict}")),
        ))?;
        let provable: Vec<f64> = self.programs.iter().filter_map(|row| row.provable).collect();
        if !provable.is_empty() {
            print(&format!(
                "; shown to be no slower with 80 % probability: a true ratio up to {:.3} (median of programs)",
                median(&provable)
            ))?;
        }
        print("\n\n")
    }
}

/// The programs at the sizes at which they are short, and the names of those that have no such size.
fn inputs(spec: &Spec, out: &Path) -> Result<(Vec<Input>, Vec<String>)> {
    let suite = Catalogue::embedded()?;
    let programs = suite.select(&spec.programs, &spec.families, false)?;
    let path = out.join("sizes.json");
    let mut sizes = match files::read_text(&path) {
        Ok(text) => serde_json::from_str(&text)
            .map_err(|error| Failure::work(format!("{}: {error}; remove this folder", path.display())))?,
        Err(_) => Sizes::default(),
    };
    let bench = Bench::new(out, Duration::from_secs(spec.limit_s))?;
    let progress = Progress::new("sizes");
    progress.length(programs.len());
    let (mut inputs, mut left_out) = (Vec::new(), Vec::new());
    for program in programs {
        progress.message(&program.id);
        let size = match sizes.0.get(&program.id) {
            Some(size) => *size,
            None => short_size(&suite, program, &bench, spec.iterations)?,
        };
        sizes.0.insert(program.id.clone(), size);
        match size {
            Some(size) => inputs.push(suite.input(program, size)?),
            None => left_out.push(program.id.clone()),
        }
        progress.step();
    }
    progress.finish();
    let text = serde_json::to_vec_pretty(&sizes).map_err(|error| Failure::work(format!("sizes.json: {error}")))?;
    files::write_whole(&path, &text)?;
    Ok((inputs, left_out))
}

/// The least size at which the interpreter takes as long as a short program may: where compilation weighs most.
fn short_size(suite: &Catalogue, program: &Program, bench: &Bench, iterations: u32) -> Result<Option<Size>> {
    let interpreter: Contestant = reference();
    let options = CellOptions { iterations, ..CellOptions::default() };
    for size in SIZES.into_iter().filter(|size| program.size(*size).is_some()) {
        let input = suite.input(program, size)?;
        let mut times = Vec::new();
        for _ in 0..TRIALS {
            let cell = bench.run("", &interpreter, &input, &options)?;
            if !cell.succeeded() {
                return Ok(None);
            }
            times.push(cell.cpu_ns() as f64);
        }
        let [least, most] = SHORT_NS.map(|ns| ns as f64);
        match median(&times) {
            time if time > most => return Ok(None),
            time if time >= least => return Ok(Some(size)),
            _ => {}
        }
    }
    Ok(None)
}

impl Report {
    fn print(&self) -> Result<()> {
        for subject in &self.subjects {
            subject.print()?;
        }
        print(&format!(
            "{INTERPRETER} against a copy of itself: {}\n\
             not slower: the ratio's interval ends at {:.3} or below it; slower: it begins above; each program by itself, \
             without correction for their number\n\
             {} programs, {} processes each, {}, compiler threads: {}; 95 % intervals; {}, {} CPUs, Linux {}\n",
            ratio(self.aa.as_ref()),
            1.0 + self.margin,
            self.subjects.iter().map(|subject| subject.programs.len()).max().unwrap_or(0),
            self.processes,
            self.clock,
            self.compiler_threads,
            self.host.cpu,
            self.host.cpus,
            self.host.kernel,
        ))?;
        if !self.left_out.is_empty() {
            print(&format!(
                "left out, no size takes {} to {}: {}\n",
                time(SHORT_NS[0] as f64),
                time(SHORT_NS[1] as f64),
                self.left_out.join(", ")
            ))?;
        }
        print_problems(&self.problems)
    }
}
