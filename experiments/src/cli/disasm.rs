//! `trinity disasm`.

use std::path::PathBuf;

use super::print;
use crate::{failure::Result, host};

/// Show the code of every function of a program
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  trinity disasm script.lua\n  trinity disasm --tier 2 script.lua")]
pub struct Args {
    /// 0: bytecode; 1: what the baseline compiler made; 2: what the optimiser made, after a run that gave it feedback
    #[arg(long, value_name = "TIER", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=2))]
    tier: u8,
    /// The program
    #[arg(value_name = "SCRIPT")]
    script: PathBuf,
}

pub fn run(args: &Args) -> Result<()> {
    print(&host::disassemble(&args.script, args.tier)?)
}
