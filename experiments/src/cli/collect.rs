//! `trinity collect`.

use std::path::PathBuf;

use super::print;
use crate::{collect, experiment::Spec, failure::Result, progress::Progress};

/// Run programs with logging on and make a data set of their decisions
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  trinity collect quickstart --out trinity-out/data\n\nSPEC has a table [collect] with \
                  families (or programs), sizes, policies, replicates and iterations."
)]
pub struct Args {
    /// A spec file, or the name of a shipped spec
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// Folder of the data set; must not hold one yet
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub fn run(args: &Args) -> Result<()> {
    let located = Spec::load(&args.spec)?;
    let command = format!("trinity collect {} --out {}", args.spec.display(), args.out.display());
    let done = collect::collect(&located, &args.out, &command, &Progress::new("collect"))?;
    print(&format!(
        "{} runs ({} failed), {} decisions\n{}\n",
        done.runs,
        done.failed,
        done.decisions,
        args.out.display()
    ))
}
