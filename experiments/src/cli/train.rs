//! `trinity train`.

use std::path::PathBuf;

use super::{print, print_json};
use crate::{
    experiment::Spec,
    failure::{Failure, Result},
    train,
};

/// Train a learned policy from a data set
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  trinity train quickstart --data trinity-out/data --out model.json\n  \
                  trinity train quickstart --model thresholds --data trinity-out/data --out thresholds.json\n\n\
                  SPEC has a table [train.NAME] for each model. Use the result as --policy learned:model.json")]
pub struct Args {
    /// A spec file, or the name of a shipped spec
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// Which of the spec's models
    #[arg(long, value_name = "NAME", default_value = "model")]
    model: String,
    /// Folder of the data set
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The model file
    #[arg(long, value_name = "MODEL")]
    out: PathBuf,
    /// Print the held-out metrics as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Result<()> {
    let located = Spec::load(&args.spec)?;
    let spec = located.spec.train.get(&args.model).ok_or_else(|| {
        let names: Vec<&str> = located.spec.train.keys().map(String::as_str).collect();
        Failure::usage(format!(
            "{}: no table [train.{}]; it describes {}",
            args.spec.display(),
            args.model,
            if names.is_empty() { "no model".to_owned() } else { names.join(", ") }
        ))
    })?;
    let metrics = train::train(spec, &args.data, &args.out)?;
    if args.json { print_json(&metrics) } else { print(&format!("{metrics}\n{}\n", args.out.display())) }
}
