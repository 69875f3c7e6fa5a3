//! `trinity suite run --shares`: how much of the work each tier did, by counters, not by clocks.
//!
//! Tiers 0 and 1 count calls and back-edges, tier 2 does not. What a run has not counted, compared with a run that
//! stays in the interpreter, was done in tier 2.

use std::{collections::BTreeMap, path::Path, time::Duration};

use serde::Serialize;

use super::RunArgs;
use crate::{
    cli::{print, print_json},
    experiment::{
        Contestant,
        cell::{Bench, CellOptions},
        contestant::Entry,
    },
    failure::{Failure, Result},
    progress::Progress,
    report::table,
    run_stats::{RunStats, TierStats},
    suite::Input,
};

#[derive(Serialize)]
struct Row {
    program: String,
    family: String,
    problem: Option<String>,
    /// Weighted bytecodes of the run that stays in the interpreter.
    work: f64,
    /// Weighted bytecodes that were not done in tier 2.
    counted_work: f64,
    tier2_share: f64,
    /// By reason.
    deopts: BTreeMap<String, u64>,
    compiles: Vec<TierStats>,
}

/// Mean of the programs' shares: every program weighs the same.
#[derive(Serialize)]
struct Family {
    family: String,
    programs: usize,
    tier2_share: f64,
    deopts: u64,
    bailouts: u64,
}

#[derive(Serialize)]
struct Shares {
    programs: Vec<Row>,
    families: Vec<Family>,
}

pub(super) fn run(args: &RunArgs, subject: &Contestant, inputs: &[Input]) -> Result<()> {
    let reference = Contestant::resolve(&Entry::Policy("interpret".to_owned()), Path::new("."))?;
    let bench = Bench::new(&args.out, Duration::from_secs(args.limit.max(1)))?;
    let options = CellOptions { iterations: args.iterations, ..CellOptions::default() };
    let progress = Progress::new("shares");
    progress.length(inputs.len());
    let mut programs = Vec::new();
    for input in inputs {
        progress.message(&input.program);
        let mine = bench.run("", subject, input, &options)?;
        let theirs = bench.run("", &reference, input, &options)?;
        let problem = mine.problem().or_else(|| theirs.problem());
        programs.push(row(input, problem, mine.stats.unwrap_or_default(), &theirs.stats.unwrap_or_default()));
        progress.step();
    }
    progress.finish();
    let shares = Shares { families: families(&programs), programs };
    if args.json {
        print_json(&shares)?;
    } else {
        show(&shares)?;
    }
    if shares.programs.iter().any(|row| row.problem.is_some()) { Err(Failure::Silent) } else { Ok(()) }
}

fn row(input: &Input, problem: Option<String>, mine: RunStats, reference: &RunStats) -> Row {
    let work = reference.counted_work;
    Row {
        program: input.program.clone(),
        family: input.family.clone(),
        problem,
        work,
        counted_work: mine.counted_work,
        tier2_share: if work > 0.0 { 1.0 - mine.counted_work / work } else { 0.0 },
        deopts: mine.deopts,
        compiles: mine.compiles,
    }
}

fn families(rows: &[Row]) -> Vec<Family> {
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        if !names.contains(&row.family.as_str()) {
            names.push(&row.family);
        }
    }
    let summary = |name: &str, all: bool| {
        let chosen: Vec<&Row> =
            rows.iter().filter(|row| row.problem.is_none() && (all || row.family == name)).collect();
        Family {
            family: name.to_owned(),
            programs: chosen.len(),
            tier2_share: chosen.iter().map(|row| row.tier2_share).sum::<f64>() / chosen.len().max(1) as f64,
            deopts: chosen.iter().flat_map(|row| row.deopts.values()).sum(),
            bailouts: chosen.iter().flat_map(|row| &row.compiles).flat_map(|tier| tier.bailouts.values()).sum(),
        }
    };
    names.iter().map(|name| summary(name, false)).chain([summary("all", true)]).collect()
}

fn show(shares: &Shares) -> Result<()> {
    let words = |line: &[&str]| line.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let reasons = |counts: &BTreeMap<String, u64>| -> String {
        counts.iter().map(|(reason, count)| format!("{reason} {count}")).collect::<Vec<_>>().join(", ")
    };
    let mut cells = vec![words(&["program", "tier 2", "compiled", "deopts", "", ""])];
    for row in &shares.programs {
        let compiled: Vec<String> = row.compiles.iter().map(|tier| tier.count.to_string()).collect();
        let bailouts: Vec<String> = row
            .compiles
            .iter()
            .filter(|tier| !tier.bailouts.is_empty())
            .map(|tier| format!("tier {} declined: {}", tier.tier, reasons(&tier.bailouts)))
            .collect();
        cells.push(vec![
            row.program.clone(),
            format!("{:.1} %", 100.0 * row.tier2_share),
            compiled.join("+"),
            row.deopts.values().sum::<u64>().to_string(),
            reasons(&row.deopts),
            row.problem.as_ref().map_or_else(|| bailouts.join("; "), |problem| format!("FAILED: {problem}")),
        ]);
    }
    print(&table(&cells))?;
    print("\n")?;
    let mut cells = vec![words(&["family", "tier 2", "programs", "deopts", "bail-outs"])];
    for family in &shares.families {
        cells.push(vec![
            family.family.clone(),
            format!("{:.1} %", 100.0 * family.tier2_share),
            family.programs.to_string(),
            family.deopts.to_string(),
            family.bailouts.to_string(),
        ]);
    }
    print(&table(&cells))
}
