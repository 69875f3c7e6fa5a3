//! `trinity bench --overhead`: what logging, and the virtual clock, add to a program's CPU time.
//!
//! Copies of a program with and without take turns, in seeded random order. Over programs and sizes, what is added is
//! taken for a line over the time without: its height is the fixed part, its slope the proportional one (Theil and Sen's
//! estimate, which outliers do not move).

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::Serialize;

use super::Args;
use crate::{
    cli::{print, print_json},
    clock::ClockKind,
    experiment::{
        Contestant,
        cell::{Bench, CellOptions},
        contestant::{Detailed, Entry},
        host_info::HostInfo,
        samples::RESAMPLES,
    },
    failure::{AtPath, Failure, Result},
    progress::Progress,
    report::table,
    stats::{Rng, median, quantile},
    suite::{Catalogue, Input, Size},
};

/// Processes of each kind per program and size, unless something else is asked for.
const PROCESSES: u32 = 7;
/// The line needs programs of very different length: from 3 to 100 ms and more.
const SIZES: [Size; 3] = [Size::Test, Size::Small, Size::Medium];

/// What a process runs with.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    Logged,
    Virtual,
}

const KINDS: [Kind; 3] = [Kind::Plain, Kind::Logged, Kind::Virtual];

/// Over processes, in nanoseconds of CPU time.
#[derive(Clone, Serialize)]
struct Point {
    program: String,
    size: Size,
    /// Median without either.
    plain_ns: f64,
    /// What logging adds.
    logging_ns: f64,
    /// What the virtual clock adds.
    virtual_clock_ns: f64,
    log_bytes: u64,
}

/// A line with its 95 % intervals, by resampling programs.
#[derive(Clone, Copy, Serialize)]
struct Line {
    fixed_ms: [f64; 3],
    /// 0.01 is 1 %.
    proportional: [f64; 3],
}

#[derive(Serialize)]
struct Report {
    host: HostInfo,
    policy: String,
    processes: u32,
    points: Vec<Point>,
    logging: Line,
    virtual_clock: Line,
    left_out: Vec<String>,
}

/// Theil and Sen's line through points: height and slope.
fn theil_sen(points: &[[f64; 2]]) -> [f64; 2] {
    let pairs = points.iter().enumerate().flat_map(|(at, a)| points[at + 1..].iter().map(move |b| (a, b)));
    let slopes: Vec<f64> = pairs.filter(|(a, b)| a[0] != b[0]).map(|(a, b)| (b[1] - a[1]) / (b[0] - a[0])).collect();
    let slope = if slopes.is_empty() { 0.0 } else { median(&slopes) };
    [median(&points.iter().map(|[x, y]| y - slope * x).collect::<Vec<_>>()), slope]
}

/// By how much times are longer than others: the median of all differences (Hodges and Lehmann's estimate). Where
/// processes are now fast and now slow, it does not jump as a difference of medians does.
fn shift(times: &[f64], others: &[f64]) -> f64 {
    median(&times.iter().flat_map(|time| others.iter().map(move |other| time - other)).collect::<Vec<_>>())
}

fn line(points: &[Point], added: impl Fn(&Point) -> f64, rng: &mut Rng) -> Line {
    let mut programs: BTreeMap<&str, Vec<[f64; 2]>> = BTreeMap::new();
    for point in points {
        programs.entry(&point.program).or_default().push([point.plain_ns, added(point)]);
    }
    let programs: Vec<Vec<[f64; 2]>> = programs.into_values().collect();
    let estimate = theil_sen(&programs.concat());
    let resampled: Vec<[f64; 2]> = (0..RESAMPLES.min(400))
        .map(|_| {
            let drawn = programs.iter().map(|_| programs[rng.below(programs.len())].as_slice());
            theil_sen(&drawn.collect::<Vec<_>>().concat())
        })
        .collect();
    let bounds = |part: usize, scale: f64| {
        let mut values: Vec<f64> = resampled.iter().map(|line| line[part]).collect();
        values.sort_by(f64::total_cmp);
        [estimate[part], quantile(&values, 0.025), quantile(&values, 0.975)].map(|value| value * scale)
    };
    Line { fixed_ms: bounds(0, 1e-6), proportional: bounds(1, 1.0) }
}

fn measure(
    bench: &Bench,
    policy: &Contestant,
    input: &Input,
    processes: u32,
    order: &mut Rng,
) -> Result<std::result::Result<Point, String>> {
    let mut times = KINDS.map(|_| Vec::new());
    let mut log_bytes = 0;
    for _ in 0..processes {
        let mut places = [0, 1, 2];
        order.shuffle(&mut places);
        for place in places {
            let log = tempfile::tempdir_in(&bench.scratch).at("create a folder", &bench.scratch)?;
            let logged = KINDS[place] == Kind::Logged;
            let options = CellOptions {
                iterations: 1,
                log: logged.then(|| log.path().to_owned()),
                clock: if KINDS[place] == Kind::Virtual { ClockKind::Virtual } else { ClockKind::Wall },
                ..CellOptions::default()
            };
            let cell = bench.run("", policy, input, &options)?;
            if let Some(problem) = cell.problem() {
                return Ok(Err(format!("{} {}: {problem}", input.program, input.size)));
            }
            times[place].push(cell.cpu_ns() as f64);
            if logged {
                let files = std::fs::read_dir(log.path()).at("read", log.path())?;
                log_bytes = files.flatten().filter_map(|file| Some(file.metadata().ok()?.len())).sum();
            }
        }
    }
    let [plain, logged, by_virtual_clock] = times;
    Ok(Ok(Point {
        program: input.program.clone(),
        size: input.size,
        plain_ns: median(&plain),
        logging_ns: shift(&logged, &plain),
        virtual_clock_ns: shift(&by_virtual_clock, &plain),
        log_bytes,
    }))
}

pub(super) fn run(args: &Args) -> Result<()> {
    let policy = args.policy.clone().unwrap_or_else(|| "cost-benefit".to_owned());
    let entry =
        Entry::Detailed(Detailed { label: policy.clone(), policy: Some(policy.clone()), ..Detailed::default() });
    let contestant = Contestant::resolve(&entry, &PathBuf::from("."))?;
    let suite = Catalogue::embedded()?;
    let sizes = args.size.map_or(SIZES.to_vec(), |size| vec![size]);
    let mut inputs = Vec::new();
    for size in sizes {
        inputs.extend(crate::cli::suite::inputs(&suite, &args.program, size, false)?);
    }
    let bench = Bench::new(&args.out("overhead"), Duration::from_secs(120))?;
    let processes = args.processes.unwrap_or(PROCESSES);
    let mut order = Rng::stream(args.seed, "overhead: order");
    let progress = Progress::new("overhead");
    progress.length(inputs.len());
    let (mut points, mut left_out) = (Vec::new(), Vec::new());
    for input in &inputs {
        progress.message(&input.program);
        match measure(&bench, &contestant, input, processes, &mut order)? {
            Ok(point) => points.push(point),
            Err(problem) => left_out.push(problem),
        }
        progress.step();
    }
    progress.finish();
    if points.is_empty() {
        return Err(Failure::work(left_out.join("; ")));
    }
    let resample = |name: &str| Rng::stream(args.seed, name);
    let report = Report {
        host: HostInfo::of_this_machine(),
        policy,
        processes,
        logging: line(&points, |point| point.logging_ns, &mut resample("overhead: logging")),
        virtual_clock: line(&points, |point| point.virtual_clock_ns, &mut resample("overhead: clock")),
        points,
        left_out,
    };
    if args.json { print_json(&report) } else { show(&report) }
}

fn show(report: &Report) -> Result<()> {
    let mut rows = vec![["program", "size", "CPU time", "logged", "virtual clock", "log"].map(str::to_owned).to_vec()];
    for point in &report.points {
        let times = |added: f64| format!("{:.3}", 1.0 + added / point.plain_ns);
        rows.push(vec![
            point.program.clone(),
            point.size.to_string(),
            crate::report::time(point.plain_ns),
            times(point.logging_ns),
            times(point.virtual_clock_ns),
            format!("{} B", point.log_bytes),
        ]);
    }
    print(&table(&rows))?;
    for problem in &report.left_out {
        eprintln!("trinity: left out: {problem}");
    }
    for (what, line) in [("Logging", report.logging), ("The virtual clock", report.virtual_clock)] {
        let [ms, ms_low, ms_high] = line.fixed_ms;
        let [share, low, high] = line.proportional.map(|share| 100.0 * share);
        print(&format!(
            "{what} adds {ms:.2} ms [{ms_low:.2}, {ms_high:.2}] and {share:.2} % [{low:.2}, {high:.2}] of CPU time ({}, {} runs of each kind per program)\n",
            report.policy, report.processes
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{shift, theil_sen};

    #[test]
    fn what_is_added_to_times_of_two_modes_is_found() {
        // One process more is slow with than without: the medians differ by the distance of the modes.
        let times = |slow: usize, added: f64| -> Vec<f64> {
            (0..21).map(|n| if n < slow { 14.0 } else { 10.0 } + added + f64::from(n as u32) * 1e-3).collect()
        };
        let added = shift(&times(11, 0.1), &times(10, 0.0));
        assert!((added - 0.1).abs() < 0.02, "{added}");
    }

    #[test]
    fn a_line_is_found_among_outliers() {
        let mut points: Vec<[f64; 2]> = (0..20).map(|x| [f64::from(x), 3.0 + 0.5 * f64::from(x)]).collect();
        points[4][1] = 900.0;
        points[17][1] = -50.0;
        let [height, slope] = theil_sen(&points);
        assert!((height - 3.0).abs() < 1e-9 && (slope - 0.5).abs() < 1e-9);
    }
}
