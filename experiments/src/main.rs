//! The binary `trinity`.

use std::process::ExitCode;

fn main() -> ExitCode {
    trinity_experiments::cli::main()
}
