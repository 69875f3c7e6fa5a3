//! `trinity bench --rates`: what execution and compilation cost here, in the form of `policy/rates.toml`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::Args;
use crate::{
    cli::print,
    experiment::{
        Contestant,
        cell::{Bench, CellOptions},
        contestant::{Detailed, Entry},
        host_info::HostInfo,
    },
    failure::{Failure, Result},
    files,
    progress::Progress,
    report::table,
    stats::median,
    suite::{Catalogue, Size},
};

/// What is measured for each tier: as soon as there is the feedback that code is made of, everything is in it.
const POLICIES: [&str; 3] = ["interpret", "fixed:10,100", "fixed:10,100"];

/// Compilations of one process: how many, words of bytecode, CPU nanoseconds.
pub(super) type Compiled = [f64; 3];

/// Cost of a compilation: per word, and whatever the length. Nanoseconds, least squares over processes.
pub(super) fn fit(points: &[Compiled]) -> (f64, f64) {
    let sum = |f: fn(&Compiled) -> f64| points.iter().map(f).sum::<f64>();
    let (nn, nw, ww) = (sum(|p| p[0] * p[0]), sum(|p| p[0] * p[1]), sum(|p| p[1] * p[1]));
    let (nt, wt) = (sum(|p| p[0] * p[2]), sum(|p| p[1] * p[2]));
    let determinant = nn * ww - nw * nw;
    let (fixed, per_word) = ((nt * ww - wt * nw) / determinant, (wt * nn - nt * nw) / determinant);
    if fixed.is_finite() && fixed >= 0.0 && per_word >= 0.0 { (per_word, fixed) } else { (wt / ww, 0.0) }
}

pub(super) fn run(args: &Args, file: &Path) -> Result<()> {
    let suite = Catalogue::embedded()?;
    let size = args.size.unwrap_or(Size::Small);
    let inputs = crate::cli::suite::inputs(&suite, &args.program, size, false)?;
    let tiers: Vec<Contestant> = (0..)
        .zip(POLICIES)
        .map(|(tier, policy)| {
            let (label, policy) = (format!("tier {tier}"), Some(policy.to_owned()));
            let entry = Entry::Detailed(Detailed { label, policy, max_tier: Some(tier), ..Detailed::default() });
            Contestant::resolve(&entry, &PathBuf::from("."))
        })
        .collect::<Result<_>>()?;
    let bench = Bench::new(&args.out("bench"), Duration::from_secs(120))?;
    let iterations = args.iterations.unwrap_or(6);
    let options = CellOptions { iterations, ..CellOptions::default() };
    let progress = Progress::new("rates");
    progress.length(inputs.len());
    let mut execution: [Vec<f64>; 3] = Default::default();
    let mut compilation: [Vec<Compiled>; 2] = Default::default();
    for input in &inputs {
        progress.message(&input.program);
        let mut work = 0.0;
        for (tier, contestant) in tiers.iter().enumerate() {
            let cell = bench.run("", contestant, input, &options)?;
            if let Some(problem) = cell.problem() {
                eprintln!("trinity: {} in tier {tier} left out: {problem}", input.program);
                continue;
            }
            let (Some(time), Some(stats)) = (cell.later_median(), &cell.stats) else { continue };
            if tier == 0 {
                work = stats.counted_work / f64::from(iterations);
            }
            if work > 0.0 {
                execution[tier].push(time / work);
            }
            if let Some(compiles) = stats.compiles.iter().find(|compiles| usize::from(compiles.tier) == tier) {
                let attempts = compiles.count + compiles.bailouts.values().sum::<u64>();
                if compiles.bytecode_len > 0 {
                    let point = [attempts, compiles.bytecode_len, compiles.cpu_ns];
                    compilation[tier - 1].push(point.map(|value| value as f64));
                }
            }
        }
        progress.step();
    }
    progress.finish();
    if execution.iter().any(Vec::is_empty) || compilation.iter().any(Vec::is_empty) {
        return Err(Failure::work("a tier has not run or compiled anything: there is nothing to write"));
    }
    let ns = execution.each_ref().map(|values| median(values));
    let fits = compilation.each_ref().map(|points| fit(points));
    let medians = compilation.each_ref().map(|points| median(&points.iter().map(|p| p[2] / p[1]).collect::<Vec<_>>()));
    let mut rows = vec![
        ["tier", "ns per bytecode", "compile: median µs/word", "fitted µs/word", "fixed µs", "programs"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for tier in 0..3 {
        let mut row = vec![tier.to_string(), format!("{:.2}", ns[tier])];
        match tier.checked_sub(1) {
            Some(index) => {
                row.extend([medians[index], fits[index].0, fits[index].1].map(|value| format!("{:.2}", value / 1000.0)))
            }
            None => row.extend(["–"; 3].map(str::to_owned)),
        }
        row.push(execution[tier].len().to_string());
        rows.push(row);
    }
    print(&table(&rows))?;
    let host = HostInfo::of_this_machine();
    let text = format!(
        "# What this machine's tiers cost: used by `cost-benefit`, by learned models and by the simulator.\n\
         # Written by `trinity bench --rates`, size {size}, {iterations} iterations, {}.\n\
         # Median compilation per word over programs: tier 1 {:.2} µs, tier 2 {:.2} µs.\n\
         source = \"measured by trinity bench --rates on {}, {} CPUs, Linux {}\"\n\n\
         # Execution of one weighted bytecode (a unit of `self_work`): interpreter, tier 1, tier 2. Nanoseconds.\n\
         ns_per_bytecode = [{:.3}, {:.3}, {:.3}]\n\
         # Compilation, per word of bytecode: tier 1, tier 2. Nanoseconds of CPU time.\n\
         compile_ns_per_bytecode = [{:.1}, {:.1}]\n\
         # Compilation, whatever the length. Nanoseconds of CPU time.\n\
         compile_fixed_ns = [{:.1}, {:.1}]\n",
        POLICIES[2],
        medians[0] / 1000.0,
        medians[1] / 1000.0,
        host.cpu,
        host.cpus,
        host.kernel,
        ns[0],
        ns[1],
        ns[2],
        fits[0].0,
        fits[1].0,
        fits[0].1,
        fits[1].1,
    );
    files::write_whole(file, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn a_line_is_found_again() {
        let points: Vec<_> =
            [(1.0, 10.0), (3.0, 200.0), (7.0, 90.0)].map(|(n, w)| [n, w, 5000.0 * n + 300.0 * w]).into();
        let (per_word, fixed) = fit(&points);
        assert!((per_word - 300.0).abs() < 1e-6 && (fixed - 5000.0).abs() < 1e-6);
    }
}
