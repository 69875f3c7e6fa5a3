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
    /// Spearman's, of wall time over one half of the processes with wall time over the other: what noise leaves to any
    /// model.
    ceiling: Option<f64>,
    /// The policy of least modelled time.
    picked: String,
    /// Wall time under it, relative to that under the policy that the other half of the processes shows to be the fastest:
    /// 0.1 is 10 % more. `None` of a single process.
    regret: Option<f64>,
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
    ceiling: Option<MedianInterval>,
    regret: Option<MedianInterval>,
    left_out: Vec<String>,
}

/// Wall times by policy and process, and modelled ones by policy.
fn judge(program: &str, policies: &[Contestant], walls: &[Vec<f64>], model_ns: Vec<f64>) -> Subject {
    let least = |values: &[f64]| {
        (0..values.len()).min_by(|a, b| values[*a].total_cmp(&values[*b])).expect("there are policies")
    };
    let picked = least(&model_ns);
    let wall_ns: Vec<f64> = walls.iter().map(|times| median(times)).collect();
    let half = |which: usize| -> Vec<f64> {
        let every_other = |times: &Vec<f64>| times.iter().skip(which).step_by(2).copied().collect::<Vec<_>>();
        walls.iter().map(|times| median(&every_other(times))).collect()
    };
    let halves = walls.iter().all(|times| times.len() > 1).then(|| [half(0), half(1)]);
    // The least of several is too small: judged by the processes that chose it, one of equal policies seems to win.
    let log_regret = |chosen_by: &[f64], judged_by: &[f64]| (judged_by[picked] / judged_by[least(chosen_by)]).ln();
    Subject {
        program: program.to_owned(),
        correlation: spearman(&wall_ns, &model_ns),
        ceiling: halves.as_ref().and_then(|[one, other]| spearman(one, other)),
        picked: policies[picked].label.clone(),
        regret: halves.as_ref().map(|[one, other]| (0.5 * (log_regret(one, other) + log_regret(other, one))).exp_m1()),
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

/// A time that the run states, or that it states none.
fn known(ns: Option<u64>, kind: &str, input: &Input, policy: &Contestant) -> std::result::Result<f64, String> {
    let none = || format!("{} under {}: states no {kind} time", input.program, policy.label);
    ns.filter(|ns| *ns > 0).map(|ns| ns as f64).ok_or_else(none)
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
        let time = cell(bench, policy, input, &under(ClockKind::Virtual))?.and_then(|cell| {
            let modelled = cell.stats.and_then(|stats| stats.virtual_ns);
            known(modelled, "modelled", input, policy)
        });
        match time {
            Ok(time) => model_ns.push(time),
            Err(problem) => return Ok(Err(problem)),
        }
    }
    let mut walls = vec![Vec::new(); policies.len()];
    for _ in 0..processes {
        let mut places: Vec<usize> = (0..policies.len()).collect();
        order.shuffle(&mut places);
        for place in places {
            let policy = &policies[place];
            let time = cell(bench, policy, input, &under(ClockKind::Wall))?
                .and_then(|cell| known(cell.stats.map(|stats| stats.wall_ns), "wall", input, policy));
            match time {
                Ok(time) => walls[place].push(time),
                Err(problem) => return Ok(Err(problem)),
            }
        }
    }
    Ok(Ok(judge(&input.program, policies, &walls, model_ns)))
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
        ceiling: over(&|subject| subject.ceiling),
        regret: over(&|subject| subject.regret),
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
            subject.regret.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", 100.0 * share)),
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
        if let Some(ceiling) = report.ceiling {
            print(&format!(
                "Of wall time with wall time, one half of the processes with the other: median {}\n",
                said(ceiling, |value| format!("{value:.2}"))
            ))?;
        }
        if found.median < TRUSTED {
            print(&format!("WARNING: below {TRUSTED}, modelled time is no ground for conclusions about wall time\n"))?;
        }
    }
    if let Some(found) = report.regret {
        let worst = report.subjects.iter().filter_map(|subject| subject.regret).fold(0.0, f64::max);
        print(&format!(
            "Wall time lost by taking the policy of least modelled time: median {} %, at most {:.1} %\n",
            said(found, |share| format!("{:.1}", 100.0 * share)),
            100.0 * worst
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policies() -> Vec<Contestant> {
        (0..9).map(|number| Contestant { label: number.to_string(), ..Contestant::default() }).collect()
    }

    /// Five processes of each policy, which takes this time with 3 % noise.
    fn walls(times: &[f64], noise: &mut Rng) -> Vec<Vec<f64>> {
        times.iter().map(|time| (0..5).map(|_| time * (1.0 + 0.03 * noise.normal())).collect()).collect()
    }

    #[test]
    fn equal_policies_have_no_regret_and_a_slow_one_its_slowness() {
        let mut noise = Rng::stream(3, "noise");
        let model: Vec<f64> = (0..9).map(f64::from).collect();
        let mut regret = |first: f64| {
            let times: Vec<f64> = [first].into_iter().chain([1e6; 8]).collect();
            let each = |_| judge("p", &policies(), &walls(&times, &mut noise), model.clone()).regret.expect("halves");
            (0..1_000).map(each).sum::<f64>() / 1_000.0
        };
        let (equal, slow) = (regret(1e6), regret(1.2e6));
        println!("regret {equal:.4} of equal policies, {slow:.4} of one that is 20 % slower");
        assert!(equal.abs() < 0.003 && (slow - 0.2).abs() < 0.006, "{equal} {slow}");
    }

    #[test]
    fn the_ceiling_is_what_wall_time_agrees_with_itself() {
        let mut noise = Rng::stream(4, "noise");
        let apart: Vec<f64> = (1..=9).map(|number| 1e6 * f64::from(number)).collect();
        let found = judge("p", &policies(), &walls(&apart, &mut noise), apart.clone());
        assert_eq!((found.ceiling, found.correlation), (Some(1.0), Some(1.0)));
        let ceilings: Vec<f64> = (0..200)
            .filter_map(|_| judge("p", &policies(), &walls(&[1e6; 9], &mut noise), apart.clone()).ceiling)
            .collect();
        assert!(median(&ceilings).abs() < 0.15, "equal policies have no order: {}", median(&ceilings));
        let single: Vec<Vec<f64>> = apart.iter().map(|time| vec![*time]).collect();
        let found = judge("p", &policies(), &single, apart.clone());
        assert_eq!((found.ceiling, found.regret, found.correlation), (None, None, Some(1.0)));
    }

    #[test]
    fn a_run_without_a_time_is_named() {
        let suite = Catalogue::embedded().expect("the suite");
        let inputs = crate::cli::suite::inputs(&suite, &["recursion/fib".to_owned()], Size::Test, false).expect("fib");
        let time = |ns| known(ns, "modelled", &inputs[0], &policies()[3]);
        assert_eq!(time(Some(7)), Ok(7.0));
        assert_eq!(time(None), Err("recursion/fib under 3: states no modelled time".to_owned()));
    }
}
