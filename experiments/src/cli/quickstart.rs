//! `trinity quickstart`.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use super::{DEFAULT_OUT, print, print_json};
use crate::{failure::Result, quickstart, report};

/// The main job in a few minutes: collect, train, compare, report
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  trinity quickstart\n  trinity quickstart --out results\n\nCollects decisions on training \
                  families of the suite, trains learned policies on them, and compares these with golden-ratio, fixed, \
                  cost-benefit and reference policies on families that they have never seen."
)]
pub struct Args {
    /// The results go to DIR/quickstart
    #[arg(long, value_name = "DIR", default_value = DEFAULT_OUT)]
    out: PathBuf,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Result<()> {
    let start = Instant::now();
    let folder: &Path = &args.out.join("quickstart");
    let made = quickstart::quickstart(folder, |step| eprintln!("trinity: {step}"))?;
    if args.json {
        return print_json(&made.summary);
    }
    for (name, metrics) in &made.models {
        print(&format!("{name}: {metrics}\n\n"))?;
    }
    print(&report::digest(&made.summary))?;
    print(&format!(
        "\n{} runs collected, everything in {:.0} s\n{}\n",
        made.collected.runs,
        start.elapsed().as_secs_f64(),
        made.report.display()
    ))
}
