//! `trinity bench --model`: whether modelled time ranks policies, program by program, as wall time does.

use std::{path::PathBuf, time::Duration};

use serde::Serialize;

use super::Args;
use crate::{
    cli::{print, print_json},
    clock::ClockKind,
    experiment::{
        CellResult, Contestant,
        cell::{Bench, CellOptions},
        contestant::{Detailed, Entry},
        host_info::HostInfo,
    },
    failure::{Failure, Result},
    progress::Progress,
    report::{table, time},
    stats::{MedianInterval, Rng, median, median_interval, spearman},
    suite::{Catalogue, Input, Size},
};

/// From no compilation over late and early to all there is.
const POLICIES: [&str; 9] = [
    "interpret",
    "baseline-only",
    "eager",
    "fixed:10,300",
    "fixed:50,5000",
    "fixed:500,50000",
    "golden",
    "cost-benefit",
    "random:0.1,1",
];
/// Processes under the wall clock of each policy per program, unless something else is asked for.
const PROCESSES: u32 = 5;
/// Below this, what is concluded from modelled time needs a warning.
const TRUSTED: f64 = 0.8;

/// A program under every policy, in the order of the report's policies.
#[derive(Serialize)]
struct Subject {
    program: String,
    /// Median over processes, and modelled, nanoseconds.
    wall_ns: Vec<f64>,
    model_ns: Vec<f64>,
    /// Spearman's.
    correlation: Option<f64>,
    /// The policy of least modelled time.
    picked: String,
    /// Wall time under it, relative to the least: 0.1 is 10 % more.
    regret: f64,
}

#[derive(Serialize)]
struct Report {
    host: HostInfo,
    policies: Vec<String>,
    processes: u32,
    iterations: u32,
    size: Size,
    subjects: Vec<Subject>,
    /// Medians over programs.
    correlation: Option<MedianInterval>,
    regret: Option<MedianInterval>,
    left_out: Vec<String>,
}

fn judge(program: &str, policies: &[Contestant], wall_ns: Vec<f64>, model_ns: Vec<f64>) -> Subject {
    let least = |values: &[f64]| {
        (0..values.len()).min_by(|a, b| values[*a].total_cmp(&values[*b])).expect("there are policies")
    };
    let picked = least(&model_ns);
    Subject {
        program: program.to_owned(),
        correlation: spearman(&wall_ns, &model_ns),
        picked: policies[picked].label.clone(),
        regret: wall_ns[picked] / wall_ns[least(&wall_ns)] - 1.0,
        wall_ns,
        model_ns,
    }
}

/// A process that ended well, or what it ended with.
fn cell(
    bench: &Bench,
    policy: &Contestant,
    input: &Input,
    options: &CellOptions,
) -> Result<std::result::Result<CellResult, String>> {
    let cell = bench.run("", policy, input, options)?;
    Ok(match cell.problem() {
        Some(problem) => Err(format!("{} under {}: {problem}", input.program, policy.label)),
        None => Ok(cell),
    })
}

/// Runs a program under every policy and both clocks.
fn measure(
    bench: &Bench,
    policies: &[Contestant],
    input: &Input,
    [processes, iterations]: [u32; 2],
    order: &mut Rng,
) -> Result<std::result::Result<Subject, String>> {
    let mut model_ns = Vec::new();
    let under = |clock| CellOptions { iterations, clock, ..CellOptions::default() };
    for policy in policies {
        let stats = match cell(bench, policy, input, &under(ClockKind::Virtual))? {
            Ok(cell) => cell.stats,
            Err(problem) => return Ok(Err(problem)),
        };
        model_ns.push(stats.and_then(|stats| stats.virtual_ns).unwrap_or_default() as f64);
    }
    let mut walls = vec![Vec::new(); policies.len()];
    for _ in 0..processes {
        let mut places: Vec<usize> = (0..policies.len()).collect();
        order.shuffle(&mut places);
        for place in places {
            match cell(bench, &policies[place], input, &under(ClockKind::Wall))? {
                Ok(cell) => walls[place].push(cell.stats.map_or(0, |stats| stats.wall_ns) as f64),
                Err(problem) => return Ok(Err(problem)),
            }
        }
    }
    let wall_ns = walls.iter().map(|times| median(times)).collect();
    Ok(Ok(judge(&input.program, policies, wall_ns, model_ns)))
}

pub(super) fn run(args: &Args) -> Result<()> {
    let size = args.size.unwrap_or(Size::Small);
    let inputs = crate::cli::suite::inputs(&Catalogue::embedded()?, &args.program, size, false)?;
    let policies: Vec<Contestant> = POLICIES
        .iter()
        .map(|policy| {
            let policy = Some((*policy).to_owned());
            let label = policy.clone().unwrap_or_default();
            let entry = Entry::Detailed(Detailed { label, policy, ..Detailed::default() });
            Contestant::resolve(&entry, &PathBuf::from("."))
        })
        .collect::<Result<_>>()?;
    let bench = Bench::new(&args.out("model"), Duration::from_secs(120))?;
    let (processes, iterations) = (args.processes.unwrap_or(PROCESSES), args.iterations.unwrap_or(1));
    let mut order = Rng::stream(args.seed, "model: order");
    let progress = Progress::new("model");
    progress.length(inputs.len());
    let (mut subjects, mut left_out) = (Vec::new(), Vec::new());
    for input in &inputs {
        progress.message(&input.program);
        match measure(&bench, &policies, input, [processes, iterations], &mut order)? {
            Ok(subject) => subjects.push(subject),
            Err(problem) => left_out.push(problem),
        }
        progress.step();
    }
    progress.finish();
    let over =
        |of: &dyn Fn(&Subject) -> Option<f64>| median_interval(&subjects.iter().filter_map(of).collect::<Vec<_>>());
    let report = Report {
        host: HostInfo::of_this_machine(),
        policies: policies.iter().map(|policy| policy.label.clone()).collect(),
        processes,
        iterations,
        size,
        correlation: over(&|subject| subject.correlation),
        regret: over(&|subject| Some(subject.regret)),
        subjects,
        left_out,
    };
    if report.subjects.is_empty() {
        return Err(Failure::work(report.left_out.join("; ")));
    }
    if args.json { print_json(&report) } else { show(&report) }
}

/// A median, with its interval if it has one.
fn said(found: MedianInterval, number: impl Fn(f64) -> String) -> String {
    let interval = found.low.zip(found.high).map(|(low, high)| format!(" [{}, {}]", number(low), number(high)));
    number(found.median) + &interval.unwrap_or_default()
}

fn show(report: &Report) -> Result<()> {
    let mut rows = vec![["program", "correlation", "picked", "regret", "wall", "model"].map(str::to_owned).to_vec()];
    for subject in &report.subjects {
        let place = report.policies.iter().position(|policy| *policy == subject.picked).expect("one of them");
        rows.push(vec![
            subject.program.clone(),
            subject.correlation.map_or_else(|| "–".to_owned(), |found| format!("{found:.2}")),
            subject.picked.clone(),
            format!("{:.1} %", 100.0 * subject.regret),
            time(subject.wall_ns[place]),
            time(subject.model_ns[place]),
        ]);
    }
    print(&table(&rows))?;
    for problem in &report.left_out {
        eprintln!("trinity: left out: {problem}");
    }
    if let Some(found) = report.correlation {
        print(&format!(
            "Rank correlation of modelled and wall time across {} policies, within a program: median {}\n",
            report.policies.len(),
            said(found, |value| format!("{value:.2}"))
        ))?;
        if found.median < TRUSTED {
            print(&format!("WARNING: below {TRUSTED}, modelled time is no ground for conclusions about wall time\n"))?;
        }
    }
    if let Some(found) = report.regret {
        let worst = report.subjects.iter().map(|subject| subject.regret).fold(0.0, f64::max);
        print(&format!(
            "Wall time lost by taking the policy of least modelled time: median {} %, at most {:.1} %\n",
            said(found, |share| format!("{:.1}", 100.0 * share)),
            100.0 * worst
        ))?;
    }
    Ok(())
}
