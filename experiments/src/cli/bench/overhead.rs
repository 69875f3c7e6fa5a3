//! `trinity bench --overhead`: what logging, and the virtual clock, add to a program's CPU time.
//!
//! Copies of a program with and without take turns, in seeded random order. Over programs and sizes, what is added is
//! taken for a line over the time without: its height is the fixed part, its slope the proportional one (Theil and Sen's
//! estimate, which outliers do not move). Processes without are in both: those that happen to be slow would make a
//! program longer and its addition smaller. So one half of them gives the times and the other the additions, both ways
//! round, and the line is the mean of the two.

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
    },
    failure::{AtPath, Failure, Result},
    progress::Progress,
    report::table,
    stats::{Rng, median, quantile},
    suite::{Catalogue, Input, Size},
};

/// Processes of each kind per program and size, unless something else is asked for.
const PROCESSES: u32 = 7;
/// Fewer programs than this allow no interval.
const FEWEST_PROGRAMS: usize = 6;
/// By this factor at least the longest time is longer than the shortest, or there is no slope.
const LEAST_RANGE: f64 = 2.0;
const RESAMPLES: u32 = 400;
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
/// Their places.
const LOGGED: usize = 1;
const VIRTUAL: usize = 2;

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
    /// CPU time of each process, in the order of [`KINDS`].
    #[serde(skip)]
    times: [Vec<f64>; 3],
}

/// A line with its 95 % intervals, by resampling programs: estimate, lower and upper bound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Line {
    /// Where there is no slope, all that is added.
    fixed_ms: [Option<f64>; 3],
    /// 0.01 is 1 %; none where all programs are of about one length.
    proportional: [Option<f64>; 3],
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

impl Point {
    fn new(program: &str, size: Size, times: [Vec<f64>; 3], log_bytes: u64) -> Self {
        Self {
            program: program.to_owned(),
            size,
            plain_ns: median(&times[0]),
            logging_ns: shift(&times[LOGGED], &times[0]),
            virtual_clock_ns: shift(&times[VIRTUAL], &times[0]),
            log_bytes,
            times,
        }
    }

    /// Time without, by one half of those processes, and what a kind adds to the other half; then the other way round.
    fn crossed(&self, kind: usize) -> [[f64; 2]; 2] {
        let half = |which| self.times[0].iter().skip(which).step_by(2).copied().collect::<Vec<_>>();
        let halves = [half(0), half(1)];
        [0, 1].map(|way| [median(&halves[way]), shift(&self.times[kind], &halves[1 - way])])
    }
}

/// Height and slope of what a kind adds: the mean of both ways of using the halves.
fn crossed_line<'a>(points: impl Iterator<Item = &'a [[f64; 2]; 2]> + Clone) -> [f64; 2] {
    let ways = [0, 1].map(|way| theil_sen(&points.clone().map(|crossed| crossed[way]).collect::<Vec<_>>()));
    [0, 1].map(|part| 0.5 * (ways[0][part] + ways[1][part]))
}

fn line(points: &[Point], kind: usize, rng: &mut Rng) -> Line {
    if !has_slope(points) {
        let all: Vec<f64> = points.iter().map(|point| shift(&point.times[kind], &point.times[0])).collect();
        return Line { fixed_ms: [Some(median(&all) * 1e-6), None, None], proportional: [None; 3] };
    }
    let mut programs: BTreeMap<&str, Vec<[[f64; 2]; 2]>> = BTreeMap::new();
    for point in points {
        programs.entry(&point.program).or_default().push(point.crossed(kind));
    }
    let programs: Vec<Vec<[[f64; 2]; 2]>> = programs.into_values().collect();
    let estimate = crossed_line(programs.iter().flatten());
    let resamples = if programs.len() < FEWEST_PROGRAMS { 0 } else { RESAMPLES };
    let resampled: Vec<[f64; 2]> = (0..resamples)
        .map(|_| {
            let drawn: Vec<_> = programs.iter().map(|_| &programs[rng.below(programs.len())]).collect();
            crossed_line(drawn.into_iter().flatten())
        })
        .collect();
    let bounds = |part: usize, scale: f64| {
        let mut values: Vec<f64> = resampled.iter().map(|line| line[part]).collect();
        values.sort_by(f64::total_cmp);
        let bound = |p| (!values.is_empty()).then(|| quantile(&values, p) * scale);
        [Some(estimate[part] * scale), bound(0.025), bound(0.975)]
    };
    Line { fixed_ms: bounds(0, 1e-6), proportional: bounds(1, 1.0) }
}

/// Whether there can be a line: several sizes, times that are far apart, and halves of the processes without.
fn has_slope(points: &[Point]) -> bool {
    let several_sizes = points.iter().any(|point| point.size != points[0].size);
    let times = || points.iter().map(|point| point.plain_ns);
    let halves = points.iter().all(|point| point.times[0].len() > 1);
    several_sizes && halves && times().fold(0.0, f64::max) >= LEAST_RANGE * times().fold(f64::INFINITY, f64::min)
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
    Ok(Ok(Point::new(&input.program, input.size, times, log_bytes)))
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
        logging: line(&points, LOGGED, &mut resample("overhead: logging")),
        virtual_clock: line(&points, VIRTUAL, &mut resample("overhead: clock")),
        points,
        left_out,
    };
    if args.json { print_json(&report) } else { show(&report) }
}

impl Line {
    fn said(&self) -> String {
        let part = |[estimate, low, high]: [Option<f64>; 3], unit: &str, scale: f64| {
            let bounds = low.zip(high).map(|(low, high)| format!(" [{:.2}, {:.2}]", scale * low, scale * high));
            Some(format!("{:.2} {unit}{}", scale * estimate?, bounds.unwrap_or_default()))
        };
        let fixed = part(self.fixed_ms, "ms", 1.0).unwrap_or_default();
        match part(self.proportional, "%", 100.0) {
            Some(share) => format!("{fixed} and {share} of CPU time"),
            None => format!("{fixed} of CPU time in all; a share needs programs of different lengths"),
        }
    }
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
        print(&format!(
            "{what} adds {} ({}, {} runs of each kind per program)\n",
            line.said(),
            report.policy,
            report.processes
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program at a size with so many processes of each kind, to which logging adds 0.14 ms and 1 %, with noise.
    fn point(program: usize, size: Size, ms: f64, processes: usize, mut noise: impl FnMut() -> f64) -> Point {
        let mut times = |ms: f64| (0..processes).map(|_| ms * 1e6 * (1.0 + noise())).collect::<Vec<_>>();
        let times = [times(ms), times(0.14 + 1.01 * ms), times(ms)];
        Point::new(&program.to_string(), size, times, 0)
    }

    #[test]
    fn noise_of_the_processes_without_does_not_move_the_slope() {
        const SIMULATIONS: usize = 1_000;
        let mut rng = Rng::stream(58, "overhead");
        let slopes: Vec<[f64; 2]> = (0..SIMULATIONS)
            .map(|_| {
                let points: Vec<Point> = (0..58)
                    .map(|program| {
                        let ms = 3.0 + 147.0 * rng.unit();
                        point(program, Size::Small, ms, 7, || 0.1 * rng.normal())
                    })
                    .collect();
                let crossed: Vec<[[f64; 2]; 2]> = points.iter().map(|point| point.crossed(LOGGED)).collect();
                let shared: Vec<[f64; 2]> = points.iter().map(|point| [point.plain_ns, point.logging_ns]).collect();
                [crossed_line(crossed.iter())[1], theil_sen(&shared)[1]]
            })
            .collect();
        let [crossed, shared] = [0, 1].map(|at| slopes.iter().map(|line| line[at]).sum::<f64>() / SIMULATIONS as f64);
        println!("slope {crossed:.5}, {shared:.5} where noise is shared");
        // The slope of one simulation has a standard deviation of 0.015.
        assert!((crossed - 0.01).abs() < 0.001, "{crossed}");
        assert!(shared < 0.007, "shared noise matters here: {shared}");
    }

    #[test]
    fn few_programs_have_no_interval_and_programs_of_one_length_no_slope() {
        let found = |times: &[f64], sizes: &[Size]| {
            let points = times.iter().enumerate().map(|(at, ms)| point(at, sizes[at % sizes.len()], *ms, 3, || 0.0));
            line(&points.collect::<Vec<_>>(), LOGGED, &mut Rng::stream(1, "programs"))
        };
        let near = |[estimate, low, high]: [Option<f64>; 3], truth: f64| {
            assert!(estimate.is_some_and(|estimate| (estimate - truth).abs() < 1e-9), "{estimate:?}");
            (low.is_some(), high.is_some())
        };
        let six = [3.0, 5.0, 9.0, 20.0, 50.0, 150.0];
        let line = found(&six, &SIZES);
        assert_eq!((near(line.fixed_ms, 0.14), near(line.proportional, 0.01)), ((true, true), (true, true)));
        let line = found(&six[..5], &SIZES);
        assert_eq!((near(line.fixed_ms, 0.14), near(line.proportional, 0.01)), ((false, false), (false, false)));
        for line in [found(&[20.0; 8], &SIZES), found(&six, &SIZES[..1])] {
            assert_eq!((line.proportional, line.fixed_ms[1]), ([None; 3], None), "{line:?}");
            assert!(line.said().contains("in all"), "{}", line.said());
        }
    }

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
