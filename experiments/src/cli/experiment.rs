//! `trinity experiment`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Subcommand;

use super::{DEFAULT_OUT, print, print_json};
use crate::{
    experiment::{Plan, Spec, Store, cell::Bench, runner, sealed},
    failure::{Failure, Result},
    progress::Progress,
    report,
};

/// Declared comparisons of policies, with statistics
#[derive(Subcommand)]
pub enum Verb {
    /// Turn a spec into cells, without running any
    #[command(after_help = "Example:\n  trinity experiment plan my.toml --out trinity-out/my")]
    Plan(Target),
    /// Plan, run and report; a run that was killed continues
    #[command(
        after_help = "Examples:\n  trinity experiment run my.toml\n  trinity experiment run my.toml --out results/my"
    )]
    Run(Target),
    /// Continue a planned or interrupted experiment
    #[command(after_help = "Example:\n  trinity experiment resume trinity-out/my")]
    Resume {
        /// Folder of the experiment
        #[arg(value_name = "DIR")]
        dir: PathBuf,
    },
    /// Analyse what has been measured: report.html and summary.json
    #[command(after_help = "Example:\n  trinity experiment report trinity-out/my")]
    Report {
        /// Folder of the experiment
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        /// Print summary.json as well
        #[arg(long)]
        json: bool,
    },
    /// Run one cell of a plan, as a job of a cluster does; a cell that has a result is left alone
    #[command(after_help = "Example:\n  trinity experiment cell trinity-out/my 17")]
    Cell {
        /// Folder of the experiment
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        /// Number of the cell, from 0
        #[arg(value_name = "N")]
        number: usize,
    },
}

#[derive(clap::Args)]
pub struct Target {
    /// A spec file, or the name of a shipped spec
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// Folder of the experiment [default: trinity-out/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn run(verb: &Verb) -> Result<()> {
    match verb {
        Verb::Plan(target) => plan(target).map(|_| ()),
        Verb::Run(target) => {
            let out = plan(target)?;
            resume(&out)
        }
        Verb::Resume { dir } => resume(dir),
        Verb::Report { dir, json } => {
            let (summary, path) = report::write(dir)?;
            if *json {
                return print_json(&summary);
            }
            print(&report::digest(&summary))?;
            print(&format!("{}\n", path.display()))
        }
        Verb::Cell { dir, number } => cell(dir, *number),
    }
}

fn plan(target: &Target) -> Result<PathBuf> {
    let located = Spec::load(&target.spec)?;
    let out = target.out.clone().unwrap_or_else(|| Path::new(DEFAULT_OUT).join(&located.spec.name));
    let plan = Plan::new(&located)?.store(&out)?;
    print(&format!(
        "{}: {} programs × {} policies (one twice) × {} replicates in {} blocks: {} cells\n",
        plan.spec.name,
        plan.inputs.len(),
        plan.contestants.len(),
        plan.spec.replicates,
        plan.blocks(),
        plan.cells.len()
    ))?;
    if let Some(last) = plan.extensions.last() {
        print(&format!(
            "{} cells had been measured before this number of replicates was declared: the report will be exploratory\n",
            last.done
        ))?;
    }
    Ok(out)
}

fn resume(out: &Path) -> Result<()> {
    let plan = Plan::load(out)?;
    let done = runner::run(&plan, out, &Progress::new(&plan.spec.name))?;
    let (summary, path) = report::write(out)?;
    print(&format!("ran {} cells, {} were there already\n\n", done.executed, done.present))?;
    print(&report::digest(&summary))?;
    print(&format!("{}\n", path.display()))?;
    if summary.cells.usable == 0 {
        return Err(Failure::work("no cell gave a result that can be used; the report says why"));
    }
    Ok(())
}

fn cell(dir: &Path, number: usize) -> Result<()> {
    let plan = Plan::load(dir)?;
    plan.require_this_build()?;
    let _lock = runner::enter(dir, runner::Alone::No)?;
    let mut store = Store::open(dir)?;
    if let Some(cell) = plan.cells.get(number).filter(|cell| store.get(&cell.id).is_some()) {
        return print(&format!("cell {number} ({}) has a result already\n", cell.id));
    }
    sealed::open(&plan, dir)?;
    let bench = Bench::new(dir, Duration::from_secs(plan.spec.limit_s))?;
    let ran = runner::execute(&plan, number, &bench).and_then(|result| {
        let line = format!("cell {number} ({}): {}\n", result.cell, result.problem().as_deref().unwrap_or("ok"));
        store.append(result)?;
        Ok(line)
    });
    let opened = plan.cells.get(number).is_some_and(|cell| sealed::is_sealed(&plan, cell));
    let noted = if opened { sealed::close(&plan, dir) } else { Ok(()) };
    let line = ran?;
    noted?;
    print(&line)
}
