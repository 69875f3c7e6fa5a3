//! `trinity collect`.

use std::path::PathBuf;

use super::{print, print_json};
use crate::{
    collect,
    experiment::Spec,
    failure::{Failure, Result},
    process,
    progress::Progress,
};

/// Run programs with logging on and make a data set of their decisions
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  trinity collect quickstart --out trinity-out/data\n\nSPEC has a table [collect] with \
                  clock, families (or programs), sizes, policies, seeds, split, replicates, iterations and counterfactuals \
                  (decisions that are answered otherwise, to see what that costs). Killed, it goes on where it was when it \
                  is given again."
)]
pub struct Args {
    /// A spec file, or the name of a shipped spec
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// Folder of the data set: a new one, or one in which this collection was begun
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Runs at once (default: as many as there are cores)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    jobs: Option<u32>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Result<()> {
    let located = Spec::load(&args.spec)?;
    let command = format!("trinity collect {} --out {}", args.spec.display(), args.out.display());
    let jobs = args.jobs.map_or_else(process::cores, |jobs| jobs as usize);
    let done = collect::collect(&located, &args.out, &command, jobs, &Progress::new("collect"))?;
    let all_failed = done.runs > 0 && done.failed == done.runs;
    let ended =
        if all_failed { Err(Failure::work("every run failed: there is nothing to learn from")) } else { Ok(()) };
    if args.json {
        return print_json(&done).and(ended);
    }
    let counterfactuals = match (done.counterfactuals, done.counterfactuals_failed) {
        (0, 0) => String::new(),
        (found, failed) => format!(", {found} counterfactuals ({failed} failed)"),
    };
    print(&format!(
        "{} runs ({} now, {} failed), {} decisions{}\n{}\n",
        done.runs,
        done.executed,
        done.failed,
        done.decisions,
        counterfactuals,
        args.out.display()
    ))
    .and(ended)
}
