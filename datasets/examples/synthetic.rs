//! `cargo run --release -p trinity-datasets --example synthetic -- DIR` writes a made-up data set to `DIR`.

use std::{path::PathBuf, process::ExitCode};

use trinity_datasets::{describe, synthetic};

fn main() -> ExitCode {
    let Some(root) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: synthetic DIR");
        return ExitCode::from(2);
    };
    match synthetic::write(&root, synthetic::Shape::default()).and_then(|_| describe(&root)) {
        Ok(description) => {
            println!("{description}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
