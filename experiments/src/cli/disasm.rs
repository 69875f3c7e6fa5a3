//! `trinity disasm`.

use std::path::PathBuf;

use super::print;
use crate::{failure::Result, host};

/// Show the code of every function of a program
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  trinity disasm script.lua\n  trinity disasm --tier 2 script.lua")]
pub struct Args {
    /// 0: bytecode; 2: the optimiser's IR, after an interpreted run that gathers feedback
    #[arg(long, value_name = "TIER", default_value = "0", value_parser = ["0", "2"])]
    tier: String,
    /// The program
    #[arg(value_name = "SCRIPT")]
    script: PathBuf,
}

pub fn run(args: &Args) -> Result<()> {
    print(&if args.tier == "2" { host::optimiser_ir(&args.script)? } else { host::disassemble(&args.script)? })
}
