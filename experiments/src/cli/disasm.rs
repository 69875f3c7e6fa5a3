//! `trinity disasm`.

use std::path::PathBuf;

use super::print;
use crate::{
    failure::{Failure, Result},
    host,
};

/// Show the code of every function of a program
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  trinity disasm script.lua\n  trinity disasm --tier 1 script.lua\n  \
                  trinity run --snapshots compiled script.lua\n  trinity disasm --snapshot compiled/NAME.snapshot")]
pub struct Args {
    /// 0: bytecode; after an interpreted run that gathers feedback, 1: stencils and their machine code, 2: the optimiser's IR
    #[arg(long, value_name = "TIER", default_value = "0", value_parser = ["0", "1", "2"])]
    tier: String,
    /// A compilation in tier 2 that `trinity run --snapshots` has kept: it is done again, and its code compared
    #[arg(long, value_name = "FILE", conflicts_with_all = ["tier", "script"])]
    snapshot: Option<PathBuf>,
    /// The program
    #[arg(value_name = "SCRIPT", required_unless_present = "snapshot")]
    script: Option<PathBuf>,
}

pub fn run(args: &Args) -> Result<()> {
    print(&match (&args.snapshot, &args.script, args.tier.as_str()) {
        (Some(file), ..) => host::listing::kept_compilation(file)?,
        (None, Some(script), "1") => host::listing::baseline_code(script)?,
        (None, Some(script), "2") => host::listing::optimiser_ir(script)?,
        (None, Some(script), _) => host::disassemble(script)?,
        (None, None, _) => return Err(Failure::usage("name a script, or a compilation with --snapshot")),
    })
}
