//! `trinity bench --calibrate`: the cost table of modelled time, fitted to what this machine takes.
//!
//! Each program runs in each tier, and once more in the interpreter with its instructions counted. The cost of an
//! instruction is fitted by group, so that relative errors of time per iteration are least in squares; costs are kept
//! from going below nothing, and drawn towards the table that is built in, as strongly as predicts unseen families best.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use trinity_vm::clock::{COSTS, OpGroup};

use super::{
    Args,
    rates::{Compiled, fit},
};
use crate::{
    cli::print,
    experiment::{
        Contestant,
        cell::{Bench, CellOptions},
        contestant::{Detailed, Entry},
        host_info::HostInfo,
    },
    failure::{AtPath, Failure, Result},
    files,
    host::{
        measured::{Profile, profile},
        transitions::{self, Transitions},
    },
    progress::Progress,
    report::table,
    stats::median,
    suite::{Catalogue, Input, Size},
};

const POLICIES: [&str; 3] = ["interpret", "fixed:10,100", "fixed:10,100"];
/// Calls of a program whose instructions are counted: enough for the collector to do its usual share.
const COUNTED_CALLS: u64 = 3;
/// Instructions by group, ticks of library functions, units of the collector.
const COLUMNS: usize = OpGroup::COUNT + 2;
/// Strengths of the pull towards the table that is built in, of which the best is taken.
const RIDGES: [f64; 5] = [0.01, 0.03, 0.1, 0.3, 1.0];

/// What one call of a program does, and takes in one tier.
struct Row {
    family: String,
    counts: [f64; COLUMNS],
    /// Nanoseconds.
    time: f64,
}

/// Costs in nanoseconds, by column.
type Costs = [f64; COLUMNS];

fn counts(profile: &Profile) -> [f64; COLUMNS] {
    let mut counts = [0.0; COLUMNS];
    for (count, times) in counts.iter_mut().zip(profile.instructions) {
        *count = times as f64;
    }
    counts[OpGroup::COUNT] = profile.library_ticks as f64;
    counts[OpGroup::COUNT + 1] = profile.collector_units as f64;
    counts.map(|count| count / COUNTED_CALLS as f64)
}

fn predicted(row: &Row, costs: &Costs) -> f64 {
    row.counts.iter().zip(costs).map(|(count, cost)| count * cost).sum()
}

fn relative_error(row: &Row, costs: &Costs) -> f64 {
    (predicted(row, costs) / row.time - 1.0).abs()
}

/// Least squares of relative errors with costs that are not negative, by coordinate descent; costs from `fixed` on stay
/// as they are in `prior`. The pull towards `prior`, scaled to the data, is `ridge` for each program.
fn fit_costs(rows: &[&Row], prior: &Costs, fixed: usize, ridge: f64) -> Costs {
    let scale = {
        let ratios: Vec<f64> = rows.iter().map(|row| row.time / predicted(row, prior).max(1e-9)).collect();
        median(&ratios)
    };
    let mut costs = *prior;
    costs[..fixed].iter_mut().for_each(|cost| *cost *= scale);
    let centre = costs;
    let pull = ridge * rows.len() as f64 / COLUMNS as f64;
    let mut rest: Vec<f64> = rows.iter().map(|row| 1.0 - predicted(row, &costs) / row.time).collect();
    for _ in 0..2_000 {
        let mut moved: f64 = 0.0;
        for column in 0..fixed {
            let share = |row: &Row| row.counts[column] * centre[column] / row.time;
            let (mut gradient, mut curvature) = (0.0, 0.0);
            for (row, rest) in rows.iter().zip(&rest) {
                gradient += share(row) * rest;
                curvature += share(row) * share(row);
            }
            let factor = costs[column] / centre[column];
            let step = (gradient + pull * (1.0 - factor)) / (curvature + pull);
            let step = step.max(-factor);
            costs[column] += step * centre[column];
            for (row, rest) in rows.iter().zip(&mut rest) {
                *rest -= step * share(row);
            }
            moved = moved.max(step.abs());
        }
        if moved < 1e-9 {
            break;
        }
    }
    costs
}

fn families<'a>(rows: &[&'a Row]) -> Vec<&'a str> {
    let mut families: Vec<&str> = rows.iter().map(|row| row.family.as_str()).collect();
    families.sort_unstable();
    families.dedup();
    families
}

/// Relative error of each row as predicted by what `fit` makes of the other families.
fn unseen_errors(rows: &[&Row], fit: impl Fn(&[&Row]) -> Costs) -> Vec<f64> {
    let mut errors = Vec::with_capacity(rows.len());
    for family in families(rows) {
        let (of_family, others): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.family == family);
        let costs = fit(&others);
        errors.extend(of_family.iter().map(|row| relative_error(row, &costs)));
    }
    errors
}

/// Costs, with the strength of the pull that predicts unseen families best.
fn fit_pulled(rows: &[&Row], prior: &Costs, fixed: usize) -> (Costs, f64) {
    let unseen = |ridge: f64| median(&unseen_errors(rows, |others| fit_costs(others, prior, fixed, ridge)));
    let ridge = RIDGES.into_iter().min_by(|a, b| unseen(*a).total_cmp(&unseen(*b))).expect("several are tried");
    (fit_costs(rows, prior, fixed, ridge), ridge)
}

/// How well a tier's costs fit.
struct Fitted {
    costs: Costs,
    ridge: f64,
    /// Median relative error, of the programs that it was fitted to, and as predicted without their families. For the
    /// latter nothing comes from those: the pull is chosen without them, and is towards equal costs instead of the table
    /// that is built in, which was fitted to all.
    seen: f64,
    unseen: f64,
}

fn fit_tier(rows: &[Row], prior: &Costs, fixed: usize) -> Fitted {
    let rows: Vec<&Row> = rows.iter().collect();
    let (costs, ridge) = fit_pulled(&rows, prior, fixed);
    let seen = median(&rows.iter().map(|row| relative_error(row, &costs)).collect::<Vec<_>>());
    let mut equal = *prior;
    equal[..fixed].fill(1.0);
    let unseen = median(&unseen_errors(&rows, |others| fit_pulled(others, &equal, fixed).0));
    Fitted { costs, ridge, seen, unseen }
}

/// The table that is built in, in nanoseconds.
fn built_in(tier: usize) -> Costs {
    let mut costs = [0.0; COLUMNS];
    for (cost, picoseconds) in costs.iter_mut().zip(COSTS.instruction[tier]) {
        *cost = f64::from(picoseconds.max(100)) / 1000.0;
    }
    costs[OpGroup::COUNT] = f64::from(COSTS.library_tick) / 1000.0;
    costs[OpGroup::COUNT + 1] = f64::from(COSTS.collector_unit) / 1000.0;
    costs
}

/// What was measured of all programs.
#[derive(Default)]
struct Measurements {
    tiers: [Vec<Row>; 3],
    compilation: [Vec<Compiled>; 2],
}

fn measure_all(args: &Args, inputs: &[Input]) -> Result<Measurements> {
    let tiers: Vec<Contestant> = (0..)
        .zip(POLICIES)
        .map(|(tier, policy)| {
            let (label, policy) = (format!("tier {tier}"), Some(policy.to_owned()));
            let entry = Entry::Detailed(Detailed { label, policy, max_tier: Some(tier), ..Detailed::default() });
            Contestant::resolve(&entry, &PathBuf::from("."))
        })
        .collect::<Result<_>>()?;
    let bench = Bench::new(&args.out("bench"), Duration::from_secs(120))?;
    let options = CellOptions { iterations: args.iterations.unwrap_or(8), ..CellOptions::default() };
    let progress = Progress::new("calibrate");
    progress.length(inputs.len());
    let mut found = Measurements::default();
    for input in inputs {
        progress.message(&input.program);
        let path = bench.suite.join(format!("{}.lua", input.program));
        let source = std::fs::read_to_string(&path).at("read the program", &path)?;
        let counts = match profile(&source, input.n, COUNTED_CALLS) {
            Ok(profile) => counts(&profile),
            Err(problem) => {
                eprintln!("trinity: {} left out: {problem}", input.program);
                continue;
            }
        };
        for (tier, contestant) in tiers.iter().enumerate() {
            let cell = bench.run("", contestant, input, &options)?;
            if let Some(problem) = cell.problem() {
                eprintln!("trinity: {} in tier {tier} left out: {problem}", input.program);
                continue;
            }
            let (Some(time), Some(stats)) = (cell.later_median().filter(|time| *time > 0.0), &cell.stats) else {
                continue;
            };
            found.tiers[tier].push(Row { family: input.family.clone(), counts, time });
            if let Some(compiles) = stats.compiles.iter().find(|compiles| usize::from(compiles.tier) == tier)
                && compiles.bytecode_len > 0
            {
                let attempts = compiles.count + compiles.bailouts.values().sum::<u64>();
                let point = [attempts, compiles.bytecode_len, compiles.cpu_ns];
                found.compilation[tier - 1].push(point.map(|value| value as f64));
            }
        }
        progress.step();
    }
    progress.finish();
    Ok(found)
}

pub(super) fn run(args: &Args, file: &Path) -> Result<()> {
    let suite = Catalogue::embedded()?;
    let size = args.size.unwrap_or(Size::Small);
    let inputs = crate::cli::suite::inputs(&suite, &args.program, size, false)?;
    let found = measure_all(args, &inputs)?;
    // With three, there are two to choose the pull by where one is left out.
    let families = families(&found.tiers[0].iter().collect::<Vec<_>>()).len();
    if families < 3 || found.tiers.iter().any(Vec::is_empty) || found.compilation.iter().any(Vec::is_empty) {
        return Err(Failure::work(
            "programs of three families, run and compiled in every tier, are needed: there is nothing to write",
        ));
    }
    let cold = fit_tier(&found.tiers[0], &built_in(0), COLUMNS);
    // Library functions and the collector are the same in every tier.
    let prior = |tier: usize| {
        let mut costs = built_in(tier);
        costs[OpGroup::COUNT..].copy_from_slice(&cold.costs[OpGroup::COUNT..]);
        costs
    };
    let [warm, hot] = [1, 2].map(|tier| fit_tier(&found.tiers[tier], &prior(tier), OpGroup::COUNT));
    let compilation = found.compilation.each_ref().map(|points| fit(points));
    let fits = [&cold, &warm, &hot];
    let transitions = transitions::measure().map_err(Failure::work)?;
    report(&fits, &found)?;
    print(&format!(
        "A side exit takes {:.0} ns, an entry into the code of a loop {:.0} ns.\n",
        transitions.side_exit_ns, transitions.loop_entry_ns
    ))?;
    files::write_whole(file, source(&fits, compilation, transitions, size).as_bytes())
}

fn report(fits: &[&Fitted; 3], found: &Measurements) -> Result<()> {
    let mut rows = vec![["", "tier 0", "tier 1", "tier 2"].map(str::to_owned).to_vec()];
    for (column, name) in
        OpGroup::ALL.iter().map(|group| group.name()).chain(["library tick", "collector unit"]).enumerate()
    {
        let mut row = vec![format!("{name}, ns")];
        row.extend(fits.iter().map(|fit| format!("{:.3}", fit.costs[column])));
        rows.push(row);
    }
    let mut line = |name: &str, of: &dyn Fn(usize) -> String| {
        rows.push(std::iter::once(name.to_owned()).chain((0..3).map(of)).collect());
    };
    line("programs", &|tier| found.tiers[tier].len().to_string());
    line("median error", &|tier| format!("{:.1} %", 100.0 * fits[tier].seen));
    line("of unseen families", &|tier| format!("{:.1} %", 100.0 * fits[tier].unseen));
    line("pull", &|tier| fits[tier].ridge.to_string());
    print(&table(&rows))
}

/// The text of `vm/src/clock/costs.rs`.
fn source(fits: &[&Fitted; 3], compilation: [(f64, f64); 2], transitions: Transitions, size: Size) -> String {
    let host = HostInfo::of_this_machine();
    let picoseconds = |ns: f64| (ns * 1000.0).round() as u64;
    let instructions: String = fits
        .iter()
        .map(|fit| {
            let costs: Vec<String> =
                fit.costs[..OpGroup::COUNT].iter().map(|cost| picoseconds(*cost).to_string()).collect();
            format!("        [{}],\n", costs.join(", "))
        })
        .collect();
    let names: Vec<&str> = OpGroup::ALL.iter().map(|group| group.name()).collect();
    format!(
        "//! The numbers of modelled time, as `trinity bench --calibrate` writes them.\n\n\
         use super::CostTable;\n\n\
         /// Fitted on {}, {} CPUs, Linux {}: size {size}, median error of programs of unseen families {:.0}, {:.0} and {:.0} %\n\
         /// in tiers 0, 1 and 2.\n\
         #[rustfmt::skip]\n\
         pub const COSTS: CostTable = CostTable {{\n    version: {},\n    instruction: [\n        // {}\n{instructions}    ],\n    \
         library_tick: {},\n    collector_unit: {},\n    side_exit: {},\n    loop_entry: {},\n    compile_fixed_ns: [{:.0}, {:.0}],\n    compile_word_ns: [{:.0}, {:.0}],\n}};\n",
        host.cpu,
        host.cpus,
        host.kernel,
        100.0 * fits[0].unseen,
        100.0 * fits[1].unseen,
        100.0 * fits[2].unseen,
        COSTS.version + 1,
        names.join(", "),
        picoseconds(fits[0].costs[OpGroup::COUNT]),
        picoseconds(fits[0].costs[OpGroup::COUNT + 1]),
        picoseconds(transitions.side_exit_ns),
        picoseconds(transitions.loop_entry_ns),
        compilation[0].1,
        compilation[1].1,
        compilation[0].0,
        compilation[1].0,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Rng;

    /// Programs whose times follow from costs, up to errors of 2 %.
    fn rows(costs: &Costs) -> Vec<Row> {
        let mut rng = Rng::stream(7, "calibration");
        (0..60)
            .map(|program| {
                let mut row = Row {
                    family: format!("family {}", program % 6),
                    counts: std::array::from_fn(|_| 1e6 * rng.unit() * rng.unit()),
                    time: 0.0,
                };
                row.time = predicted(&row, costs) * (1.0 + 0.02 * rng.normal());
                row
            })
            .collect()
    }

    /// A table that does not change with what was fitted last.
    const PRIOR: Costs = [2.0; COLUMNS];

    #[test]
    fn costs_are_found_again() {
        let costs: Costs = std::array::from_fn(|column| PRIOR[column] * [0.3, 1.0, 2.5][column % 3]);
        let fitted = fit_tier(&rows(&costs), &PRIOR, COLUMNS);
        assert!(fitted.unseen < 0.05, "{}", fitted.unseen);
        // The pull makes single costs too alike; none comes to lie nearer to the wrong ones.
        for (found, cost) in fitted.costs.iter().zip(costs) {
            assert!((cost < PRIOR[0]) == (*found < 0.8 * PRIOR[0]), "{found} for {cost}");
            assert!((cost > PRIOR[0]) == (*found > 1.5 * PRIOR[0]), "{found} for {cost}");
        }
    }

    #[test]
    fn fixed_costs_stay_and_none_is_negative() {
        let mut costs = PRIOR;
        costs[0] = 0.0;
        let fitted = fit_tier(&rows(&costs), &PRIOR, OpGroup::COUNT);
        assert_eq!(fitted.costs[OpGroup::COUNT..], PRIOR[OpGroup::COUNT..]);
        assert!(fitted.costs.iter().all(|cost| *cost >= 0.0));
        assert!(fitted.costs[0] < 0.3 * PRIOR[0], "{}", fitted.costs[0]);
    }
}
