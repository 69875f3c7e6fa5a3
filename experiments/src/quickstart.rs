//! The main job end to end: collect on training families, train, compare on held-out families, report.

use std::path::{Path, PathBuf};

use trinity_policy::Metrics;

use crate::{
    collect::{Collected, collect},
    experiment::{Plan, Spec, Summary, runner, spec::Located},
    failure::{AtPath, Failure, Result},
    files, process,
    progress::Progress,
    report, suite, train,
};

/// What a quickstart made.
pub struct Made {
    pub collected: Collected,
    /// Held-out metrics by model.
    pub models: Vec<(String, Metrics)>,
    pub summary: Summary,
    pub report: PathBuf,
}

/// What an earlier quickstart left, and nothing else.
const OWN_FILES: [&str; 11] = [
    "data",
    "tmp",
    "suite",
    "spec.toml",
    "plan.json",
    "cells.jsonl",
    "run.lock",
    "report.html",
    "summary.json",
    "model.json",
    "thresholds.json",
];

/// Runs the shipped spec `quickstart` in `folder`, from the beginning; `say` is told what comes next.
pub fn quickstart(folder: &Path, say: impl Fn(&str)) -> Result<Made> {
    let text = suite::shipped_spec("quickstart")
        .ok_or_else(|| Failure::work("this binary was built without experiments/specs/quickstart.toml"))?;
    let spec = Spec::parse(text, "quickstart")?;
    for name in OWN_FILES {
        let path = folder.join(name);
        if path.is_dir() {
            std::fs::remove_dir_all(&path).at("remove", &path)?;
        } else if path.exists() {
            std::fs::remove_file(&path).at("remove", &path)?;
        }
    }
    // Written beside the models, so that `learned:model.json` in it means the model made here.
    files::write_whole(&folder.join("spec.toml"), text.as_bytes())?;
    let located = Located { spec, folder: folder.to_path_buf(), text: text.to_owned() };
    let data = folder.join("data");

    let families = located.spec.collect.as_ref().map_or(0, |collect| collect.families.len());
    say(&format!("collecting decisions on {families} training families"));
    let command = "trinity collect quickstart --out data";
    let collected = collect(&located, &data, command, process::cores(), &Progress::new("collect"))?;

    say(&format!("training on {} decisions of {} runs", collected.decisions, collected.runs));
    let mut models = Vec::new();
    for (name, train_spec) in &located.spec.train {
        let metrics = train::train(train_spec, &data, &folder.join(format!("{name}.json")))?;
        models.push((name.clone(), metrics));
    }

    let plan = Plan::new(&located)?.store(folder)?;
    say(&format!(
        "comparing {} policies on {} programs of {} held-out families",
        plan.spec.policies.len(),
        plan.inputs.len(),
        plan.spec.families.len()
    ));
    runner::run(&plan, folder, &Progress::new("compare"))?;
    let (summary, report) = report::write(folder)?;
    Ok(Made { collected, models, summary, report })
}
