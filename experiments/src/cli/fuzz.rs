//! `trinity fuzz`.

use std::{path::PathBuf, time::Duration};

use super::{DEFAULT_OUT, print, print_json};
use crate::{
    failure::{Failure, Result},
    fuzz::{
        campaign::{self, Plan},
        generate,
        mode::Mode,
        worker,
    },
    process,
};

/// Compare random programs under PUC Lua and in every tier
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  trinity fuzz --minutes 10\n  trinity fuzz --seed 7 --count 1000 --modes interpret,late\n  \
                  trinity fuzz --seed 7 --first 812 --count 1     # one program again\n\n\
                  Programs that differ are reduced and written to the folder: NAME.lua, and NAME.txt with both outputs. \
                  The exit status is 1 if there are any. Modes: interpret, tier1, single-pass (tier 1 in its portable form), \
                  tier2 (everything compiled at its first call), mixed (fixed:2,30), late (tier 2 after some feedback), random (any tier at any time, tier 1 in either form), \
                  exits (late, and guards of tier 2 take their exits although they hold), background (random by other threads), \
                  lagging (mixed, installed some polls later), and, for one short program in four, with a collection or the \
                  smallest slice of one at every poll: stress, tier1-stress, single-pass-stress, late-stress, \
                  random-stress, exits-stress, lagging-stress."
)]
pub struct Args {
    /// Seed of the programs
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Number of the first program
    #[arg(long, value_name = "N", default_value_t = 0)]
    first: u64,
    /// How many programs
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// For how long
    #[arg(long, value_name = "M", value_parser = positive)]
    minutes: Option<f64>,
    /// Programs tried at the same time; default: one per processor
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// PUC's interpreter, or `none`: this VM's interpreter then says what is right
    #[arg(long, value_name = "PROGRAM", default_value = "lua5.4")]
    peer: String,
    /// How programs are run
    #[arg(long, value_name = "MODES", value_delimiter = ',')]
    modes: Vec<Mode>,
    /// Folder for programs that differ
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Print one program instead of running any
    #[arg(long)]
    show: bool,
    /// Run programs as standard input says
    #[arg(long, hide = true)]
    worker: bool,
}

fn positive(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|minutes| *minutes > 0.0 && *minutes < 1e6)
        .ok_or_else(|| "no number of minutes".to_owned())
}

pub fn run(args: &Args) -> Result<()> {
    if args.worker {
        return worker::serve();
    }
    if args.show {
        return print(&generate::program(args.seed, args.first).render());
    }
    let peer = match args.peer.as_str() {
        "none" => None,
        name => Some(process::find_program(name).ok_or_else(|| {
            Failure::usage(format!("{name}: not found; install it, or compare the tiers only with --peer none"))
        })?),
    };
    let plan = Plan {
        seed: args.seed,
        first: args.first,
        count: args.count.unwrap_or(if args.minutes.is_some() { u64::MAX } else { 1000 }),
        time: args.minutes.map(|minutes| Duration::from_secs_f64(minutes * 60.0)),
        jobs: args.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from),
        peer,
        modes: if args.modes.is_empty() { Mode::ALL.to_vec() } else { args.modes.clone() },
        out: args.out.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_OUT).join("fuzz")),
    };
    let summary = campaign::run(&plan)?;
    if args.json {
        print_json(&summary)?;
    } else {
        let mut text = format!(
            "{} programs ({:.0} per minute), {} runs, {} left out, {} differences of {} kinds; continue with --first {}\n",
            summary.programs,
            summary.programs as f64 / summary.seconds.max(1e-9) * 60.0,
            summary.runs,
            summary.skipped,
            summary.differences,
            summary.kinds.len(),
            summary.next,
        );
        for (kind, count) in &summary.kinds {
            text.push_str(&format!("{count:6}  {kind}\n"));
        }
        if summary.differences > 0 {
            text.push_str(&format!("{}\n", plan.out.display()));
        }
        print(&text)?;
    }
    if summary.differences > 0 { Err(Failure::Silent) } else { Ok(()) }
}
