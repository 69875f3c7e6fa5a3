//! `trinity check`.

use std::{
    num::NonZeroUsize,
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use serde::Serialize;

use super::{print, print_json};
use crate::{
    failure::{Failure, Result},
    files,
    host::{self, Checked},
    report::bytes,
};

/// Parse and compile Lua files without running them
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  trinity check src/*.lua\n  trinity check --jobs 1 --stats-json stats.json big.lua"
)]
pub struct Args {
    /// The files
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,
    /// Files that are compiled at the same time [default: as many as there are processors]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Write the result, bytes per second included, to FILE as JSON
    #[arg(long, value_name = "FILE")]
    stats_json: Option<PathBuf>,
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
    for checked in check_all(&args.files, args.jobs) {
        match checked {
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
    if let Some(path) = &args.stats_json {
        let text = serde_json::to_vec_pretty(&answer).map_err(|error| Failure::work(error.to_string()))?;
        files::write_whole(path, &text)?;
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

/// What each file gives, in their order.
fn check_all(files: &[PathBuf], jobs: Option<NonZeroUsize>) -> Vec<Result<Checked>> {
    let jobs = jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get).min(files.len());
    if jobs < 2 {
        return files.iter().map(|path| host::check(path)).collect();
    }
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Result<Checked>>>> = files.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let index = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(path) = files.get(index)
                {
                    let checked = host::check(path);
                    *results[index].lock().unwrap_or_else(|poison| poison.into_inner()) = Some(checked);
                }
            });
        }
    });
    let taken = results.into_iter().map(|result| result.into_inner().unwrap_or_else(|poison| poison.into_inner()));
    taken.map(|result| result.unwrap_or_else(|| Err(Failure::work("the file was not checked")))).collect()
}
