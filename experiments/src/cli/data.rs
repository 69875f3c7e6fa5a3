//! `trinity data`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use trinity_datasets::{DataError, Dataset, HowMade, Store, describe, validate};

use super::{print, print_json};
use crate::failure::{Failure, Result};

/// Look at data sets
#[derive(Subcommand)]
pub enum Verb {
    /// Tables, rows, programs, policies, and how the data set was made
    #[command(after_help = "Example:\n  trinity data describe trinity-out/data")]
    Describe(Target),
    /// Check digests, schema, keys, values, propensities, splits and leaks
    #[command(after_help = "Example:\n  trinity data validate trinity-out/data")]
    Validate(Target),
    /// Put many small parts together: the same rows, in canonical order
    #[command(after_help = "Example:\n  trinity data compact my-data")]
    Compact(Target),
}

#[derive(clap::Args)]
pub struct Target {
    /// Folder of the data set
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(verb: &Verb) -> Result<()> {
    let at = |dir: &Path| {
        let dir = dir.display().to_string();
        move |error: DataError| Failure::work(format!("{dir}: {error}"))
    };
    match verb {
        Verb::Describe(target) => {
            let description = describe(&target.dir).map_err(at(&target.dir))?;
            if target.json { print_json(&description) } else { print(&format!("{description}\n")) }
        }
        Verb::Validate(target) => {
            let validation = validate(&target.dir).map_err(at(&target.dir))?;
            if target.json {
                print_json(&validation)?;
            } else {
                print(&format!("{validation}\n"))?;
            }
            if validation.valid { Ok(()) } else { Err(Failure::Silent) }
        }
        Verb::Compact(target) => {
            let compact = || {
                // Only a data set that is there: the store would begin one, or wait for a collection to end.
                if !Dataset::open(&target.dir)?.is_complete() {
                    return Err(DataError::Unfinished(target.dir.clone()));
                }
                Store::open(&target.dir, &HowMade::default(), None)?.compact()
            };
            let compacted = compact().map_err(at(&target.dir))?;
            if target.json {
                print_json(&compacted)
            } else {
                print(&format!("{} parts, {} before\n", compacted.parts_after, compacted.parts_before))
            }
        }
    }
}
