//! `trinity check`.

use std::{path::PathBuf, time::Instant};

use serde::Serialize;

use super::{print, print_json};
use crate::{
    failure::{Failure, Result},
    host,
    report::bytes,
};

/// Parse and compile Lua files without running them
#[derive(clap::Args)]
#[command(after_help = "Example:\n  trinity check src/*.lua")]
pub struct Args {
    /// The files
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Answer {
    files: usize,
    failed: usize,
    functions: u64,
    bytes: u64,
    wall_ns: u64,
    bytes_per_second: f64,
    errors: Vec<String>,
}

pub fn run(args: &Args) -> Result<()> {
    let start = Instant::now();
    let mut answer = Answer {
        files: args.files.len(),
        failed: 0,
        functions: 0,
        bytes: 0,
        wall_ns: 0,
        bytes_per_second: 0.0,
        errors: Vec::new(),
    };
    for path in &args.files {
        match host::check(path) {
            Ok(checked) => {
                answer.bytes += checked.bytes;
                answer.functions += checked.functions;
            }
            Err(failure) => {
                answer.failed += 1;
                answer.errors.push(failure.to_string());
            }
        }
    }
    answer.wall_ns = start.elapsed().as_nanos() as u64;
    answer.bytes_per_second = answer.bytes as f64 / start.elapsed().as_secs_f64().max(1e-9);
    for error in &answer.errors {
        eprintln!("trinity: {error}");
    }
    if args.json {
        print_json(&answer)?;
    } else {
        print(&format!(
            "{} files, {} functions, {}: {} with errors\n",
            answer.files,
            answer.functions,
            bytes(answer.bytes as f64),
            answer.failed
        ))?;
    }
    if answer.failed > 0 { Err(Failure::Silent) } else { Ok(()) }
}
