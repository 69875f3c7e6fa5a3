//! `trinity disasm`.

use std::path::PathBuf;

use super::print;
use crate::{failure::Result, host};

/// Show the code of every function of a program
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  trinity disasm script.lua\n  trinity disasm --tier 1 script.lua")]
pub struct Args {
    /// 0: bytecode; after an interpreted run that gathers feedback, 1: stencils and their machine code, 2: the optimiser's IR
    #[arg(long, value_name = "TIER", default_value = "0", value_parser = ["0", "1", "2"])]
    tier: String,
    /// The program
    #[arg(value_name = "SCRIPT")]
    script: PathBuf,
}

pub fn run(args: &Args) -> Result<()> {
    print(&match args.tier.as_str() {
        "1" => host::listing::baseline_code(&args.script)?,
        "2" => host::listing::optimiser_ir(&args.script)?,
        _ => host::disassemble(&args.script)?,
    })
}
