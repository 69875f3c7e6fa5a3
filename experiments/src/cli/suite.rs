//! `trinity suite`.

mod shares;

use std::{path::PathBuf, time::Duration};

use clap::Subcommand;
use serde::Serialize;

use super::{DEFAULT_OUT, print, print_json};
use crate::{
    experiment::{
        Contestant,
        cell::{Bench, CellOptions, CellResult},
        contestant::{Detailed, Entry},
        plan::peer,
    },
    failure::{Failure, Result},
    generate::{self, Generator},
    host,
    progress::Progress,
    report::{table, time},
    suite::{Catalogue, Input, Size},
};

/// The benchmark programs
#[derive(Subcommand)]
pub enum Verb {
    /// Name the programs, their families and what they do
    #[command(after_help = "Examples:\n  trinity suite list\n  trinity suite list --json")]
    List {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    Run(RunArgs),
    Generate(GenerateArgs),
}

/// Write generated programs: parametrised, seeded, with the form of the suite's
#[derive(clap::Args)]
#[command(after_help = "Example:\n  trinity suite generate --seed 1 --count 20 --out trinity-out/generated\n  \
                  lua5.4 trinity-out/generated/driver.lua trinity-out/generated/generated/1-0000.lua 100\n\n\
                  DIR/generated.toml has each program's parameters, sizes and results. To learn from generated \
                  programs, ask for them in the table [collect] of a spec.")]
pub struct GenerateArgs {
    /// Equal seeds make equal programs
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
    /// Folder for the programs
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Run the programs, check their results and print their times
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  trinity suite run\n  trinity suite run --size test --force-tier 2\n  \
                  trinity suite run --program fib --program loops --against lua5.4\n  \
                  trinity suite run --shares --force-tier 2")]
pub struct RunArgs {
    /// Only this program or family (may be given several times)
    #[arg(long, value_name = "NAME")]
    program: Vec<String>,
    /// How much work
    #[arg(long, value_enum, default_value_t = Size::Small)]
    size: Size,
    /// Calls of each program in its process; the median of the later half is printed
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    iterations: u32,
    /// Who decides what to compile
    #[arg(long, value_name = "SPEC", default_value = host::DEFAULT_POLICY)]
    policy: String,
    /// Highest tier that may be used
    #[arg(long, value_name = "TIER", value_parser = clap::value_parser!(u8).range(0..=2))]
    max_tier: Option<u8>,
    /// Compile every function for this tier at its first call
    #[arg(long, value_name = "TIER", value_parser = clap::value_parser!(u8).range(0..=2))]
    force_tier: Option<u8>,
    /// Threads that optimise beside the one that runs the program
    #[arg(long, value_name = "N", default_value_t = 0)]
    compiler_threads: u32,
    /// Run every program under this interpreter too and compare what it prints
    #[arg(long, value_name = "COMMAND")]
    against: Option<String>,
    /// Instead of times, show the share of the work that tier 2 did, deoptimisations and compilations
    #[arg(long, conflicts_with = "against")]
    shares: bool,
    /// Seconds after which a program is stopped
    #[arg(long, value_name = "S", default_value_t = 120)]
    limit: u64,
    /// Print as JSON
    #[arg(long)]
    json: bool,
    /// Folder for files that the run needs
    #[arg(long, value_name = "DIR", default_value = DEFAULT_OUT)]
    out: PathBuf,
}

#[derive(Serialize)]
struct Row {
    program: String,
    size: Size,
    /// `None` where the program ran and printed the right result.
    problem: Option<String>,
    /// Median of the later half of the iterations. Sealed programs have no times.
    iteration_ns: Option<f64>,
    wall_ns: Option<u64>,
    /// The other interpreter's iteration.
    against_ns: Option<f64>,
}

pub fn run(verb: &Verb) -> Result<()> {
    match verb {
        Verb::List { json } => list(*json),
        Verb::Run(args) => run_programs(args),
        Verb::Generate(args) => generate_programs(args),
    }
}

fn generate_programs(args: &GenerateArgs) -> Result<()> {
    let (generator, progress) = (Generator::new(args.seed), Progress::new("generate"));
    progress.length(args.count as usize);
    let mut programs = Vec::new();
    for number in 0..args.count {
        programs.push(generator.program(number)?);
        progress.step();
    }
    generate::write(&args.out, &programs)?;
    progress.finish();
    print(&format!("{} programs\n{}\n", programs.len(), args.out.display()))
}

#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    family: &'a str,
    sealed: bool,
    luajit: bool,
    about: &'a str,
}

fn list(json: bool) -> Result<()> {
    let suite = Catalogue::embedded()?;
    if json {
        let listed: Vec<Listed<'_>> = suite
            .programs
            .iter()
            .map(|p| Listed { id: &p.id, family: &p.family, sealed: p.sealed, luajit: p.luajit, about: &p.about })
            .collect();
        return print_json(&listed);
    }
    let rows: Vec<Vec<String>> = suite
        .programs
        .iter()
        .map(|p| vec![format!("{:<24}{} {}", p.id, if p.sealed { "sealed" } else { "      " }, p.about)])
        .collect();
    print(&table(&rows))?;
    print(&format!("{} programs in {} families\n", suite.programs.len(), suite.families().len()))
}

/// Programs named by id, short name or family; all of them, sealed ones included, if nothing is named: a test of
/// correctness reveals nothing that could be tuned for.
pub(super) fn inputs(suite: &Catalogue, names: &[String], size: Size, sealed: bool) -> Result<Vec<Input>> {
    let (families, programs): (Vec<String>, Vec<String>) =
        names.iter().cloned().partition(|name| suite.families().contains(&name.as_str()));
    suite.select(&programs, &families, sealed)?.into_iter().map(|program| suite.input(program, size)).collect()
}

fn run_programs(args: &RunArgs) -> Result<()> {
    let suite = Catalogue::embedded()?;
    // Shares could be tuned for: without a name they leave the sealed programs closed.
    let inputs = inputs(&suite, &args.program, args.size, !args.shares)?;
    host::check_policy(&args.policy)?;
    let folder = PathBuf::from(".");
    let subject = Contestant::resolve(
        &Entry::Detailed(Detailed {
            label: args.policy.clone(),
            policy: Some(args.policy.clone()),
            max_tier: args.max_tier,
            force_tier: args.force_tier,
            compiler_threads: Some(args.compiler_threads),
            ..Detailed::default()
        }),
        &folder,
    )?;
    if args.shares {
        return shares::run(args, &subject, &inputs);
    }
    let against = args.against.as_deref().map(|name| Contestant::resolve(&peer(name), &folder)).transpose()?;
    let bench = Bench::new(&args.out, Duration::from_secs(args.limit.max(1)))?;
    let options = CellOptions { iterations: args.iterations, ..CellOptions::default() };
    let progress = Progress::new("suite");
    progress.length(inputs.len());
    let mut rows = Vec::new();
    for input in &inputs {
        progress.message(&input.program);
        let mine = bench.run("", &subject, input, &options)?;
        let other = against.as_ref().map(|other| bench.run("", other, input, &options)).transpose()?;
        rows.push(judge(input, &mine, other.as_ref()));
        progress.step();
    }
    progress.finish();
    show(args, &rows)?;
    if rows.iter().any(|row| row.problem.is_some()) { Err(Failure::Silent) } else { Ok(()) }
}

fn judge(input: &Input, mine: &CellResult, other: Option<&CellResult>) -> Row {
    let problem = mine.problem().or_else(|| {
        let other = other?;
        match other.problem() {
            Some(problem) => Some(format!("the other interpreter failed: {problem}")),
            None => (other.output_sha256 != mine.output_sha256)
                .then(|| "printed something else than the other interpreter".to_owned()),
        }
    });
    Row {
        program: input.program.clone(),
        size: input.size,
        problem,
        // Times could be tuned for.
        iteration_ns: mine.later_median().filter(|_| !input.sealed),
        wall_ns: (!input.sealed).then_some(mine.wall_ns),
        against_ns: other.and_then(CellResult::later_median).filter(|_| !input.sealed),
    }
}

fn show(args: &RunArgs, rows: &[Row]) -> Result<()> {
    if args.json {
        return print_json(&rows);
    }
    let mut cells = vec![vec!["program".to_owned(), "iteration".to_owned(), "process".to_owned()]];
    if let (Some(other), Some(head)) = (&args.against, cells.first_mut()) {
        head.extend([other.clone(), "ratio".to_owned()]);
    }
    for row in rows {
        let shown = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), time);
        let mut line = vec![row.program.clone(), shown(row.iteration_ns), shown(row.wall_ns.map(|ns| ns as f64))];
        if args.against.is_some() {
            let ratio = row.iteration_ns.zip(row.against_ns).filter(|(_, other)| *other > 0.0);
            line.extend([
                shown(row.against_ns),
                ratio.map_or_else(|| "–".to_owned(), |(a, b)| format!("{:.2}", a / b)),
            ]);
        }
        if let Some(problem) = &row.problem {
            line.push(format!("FAILED: {problem}"));
        }
        cells.push(line);
    }
    let failed = rows.iter().filter(|row| row.problem.is_some()).count();
    print(&table(&cells))?;
    print(&format!("{} programs, {failed} failed\n", rows.len()))
}
