//! `trinity policy`.

use std::path::Path;

use clap::Subcommand;
use trinity_policy::{Model, catalogue, kind};

use super::{print, print_json};
use crate::{
    failure::{Failure, Result},
    host,
    report::table,
};

/// The policies that decide what to compile
#[derive(Subcommand)]
pub enum Verb {
    /// Every policy, how it is written and what its rule is
    #[command(after_help = "Example:\n  trinity policy list")]
    List {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// A policy in words; a learned one with its whole model as text
    #[command(after_help = "Examples:\n  trinity policy explain golden\n  trinity policy explain learned:model.json")]
    Explain {
        /// A policy spec, or a model file
        #[arg(value_name = "SPEC")]
        spec: String,
    },
}

pub fn run(verb: &Verb) -> Result<()> {
    match verb {
        Verb::List { json: true } => print_json(&catalogue()),
        Verb::List { json: false } => {
            let rows: Vec<Vec<String>> = catalogue()
                .iter()
                .map(|entry| vec![format!("{:<28} {}", entry.form, entry.rule), format!("({})", entry.source)])
                .map(|cells| vec![cells.join(" ")])
                .collect();
            print(&table(&rows))
        }
        Verb::Explain { spec } => explain(spec),
    }
}

fn explain(spec: &str) -> Result<()> {
    let file = spec.strip_prefix("learned:").or_else(|| spec.ends_with(".json").then_some(spec));
    if let Some(file) = file {
        let model = Model::load(Path::new(file)).map_err(|error| Failure::work(error.to_string()))?;
        return print(&(model.explain() + "\n"));
    }
    host::check_policy(spec)?;
    let entry = catalogue().iter().find(|entry| kind(entry.form).split('[').next() == Some(kind(spec)));
    match entry {
        Some(entry) => print(&format!("{spec}: {}\nwritten as {}; source: {}\n", entry.rule, entry.form, entry.source)),
        None => Err(Failure::usage(format!("no policy '{spec}'; `trinity policy list` names them"))),
    }
}
