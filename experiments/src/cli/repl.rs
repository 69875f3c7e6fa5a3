//! `trinity repl`.

use crate::{
    failure::Result,
    host::{self, HostOptions, Program},
};

/// Read, evaluate, print: as `lua -i`
#[derive(clap::Args)]
#[command(after_help = "Example:\n  trinity repl")]
pub struct Args {
    /// Who decides what to compile (see `trinity policy list`)
    #[arg(long, value_name = "SPEC", default_value = host::DEFAULT_POLICY)]
    policy: String,
}

/// The exit status is that of `os.exit`, else 0.
pub fn run(args: &Args) -> Result<u8> {
    host::check_policy(&args.policy)?;
    let options = HostOptions { policy: args.policy.clone(), ..HostOptions::default() };
    let status = host::run_script(&options, &Program { interactive: true, version: true, ..Program::default() })?;
    Ok(status as u8)
}
