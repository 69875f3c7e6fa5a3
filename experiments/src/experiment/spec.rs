//! The experiment spec: one TOML file that says what is compared, on what, how often.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use trinity_datasets::{SEED, Split};
use trinity_policy::TrainSpec;

use super::{contestant::Entry, counterfactuals::Counterfactuals};
use crate::{
    clock::ClockKind,
    failure::{Failure, Result},
    files,
    generate::Generated,
    suite,
    suite::Size,
};

/// What is measured of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Endpoint {
    /// CPU time of the first iteration, in which everything is cold.
    First,
    /// CPU time of all iterations: the fixed budget of work, compilation and decisions included.
    Cumulative,
    /// CPU time of an iteration once they are flat.
    Steady,
    /// Wall time of the whole process: start-up, model loading and result checks as well.
    Process,
}

impl Endpoint {
    pub const ALL: [Endpoint; 4] = [Self::Cumulative, Self::First, Self::Steady, Self::Process];

    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Cumulative => "cumulative",
            Self::Steady => "steady",
            Self::Process => "process",
        }
    }

    /// How a reader of a report knows it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::First => "time to first result",
            Self::Cumulative => "cumulative time",
            Self::Steady => "steady state",
            Self::Process => "whole process",
        }
    }
}

const fn default_replicates() -> u32 {
    30
}
const fn default_iterations() -> u32 {
    10
}
const fn default_limit() -> u64 {
    120
}
pub const fn default_margin() -> f64 {
    0.03
}
const fn default_primary() -> Endpoint {
    Endpoint::Cumulative
}
fn default_sizes() -> Vec<Size> {
    vec![Size::Small]
}

/// An experiment as its author wrote it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    pub name: String,
    /// What the experiment is to answer, in a sentence; printed in the report.
    #[serde(default)]
    pub question: String,
    /// Determines every order and every resample.
    pub seed: u64,
    /// Program ids. Without programs and families: every program that is not sealed.
    #[serde(default)]
    pub programs: Vec<String>,
    #[serde(default)]
    pub families: Vec<String>,
    /// Opens the sealed test set: once, and with a `question`. Each access is logged.
    #[serde(default)]
    pub sealed: bool,
    #[serde(default = "default_sizes")]
    pub sizes: Vec<Size>,
    /// Policy specs, or tables with `label` and `policy`, `max_tier`, `force_tier`, `tier1`,
    /// `compiler_threads` or `command`.
    #[serde(default)]
    pub policies: Vec<Entry>,
    /// Label of the contestant that ratios are taken against.
    #[serde(default)]
    pub baseline: String,
    /// Label of the contestant that runs twice, to show what "no difference" looks like; the baseline by default.
    #[serde(default)]
    pub aa: Option<String>,
    /// Processes per contestant and input.
    #[serde(default = "default_replicates")]
    pub replicates: u32,
    /// Calls of `run` in one process.
    #[serde(default = "default_iterations")]
    pub iterations: u32,
    #[serde(default = "default_primary")]
    pub primary: Endpoint,
    /// Differences declared beforehand, subject first. With `not_slower` they are one family under Holm's correction.
    #[serde(default)]
    pub compare: Vec<[String; 2]>,
    /// Declared claims that the first is no slower than the second by `margin` or more.
    #[serde(default)]
    pub not_slower: Vec<[String; 2]>,
    /// A relative slow-down that does not matter: 0.03 is 3 %.
    #[serde(default = "default_margin")]
    pub margin: f64,
    /// Seconds after which a process is stopped.
    #[serde(default = "default_limit")]
    pub limit_s: u64,
    /// What `trinity collect` runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collect: Option<Collect>,
    /// What `trinity train` makes, by model name; the policy crate says what each field means.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub train: BTreeMap<String, TrainSpec>,
}

/// The programs whose decisions become a data set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collect {
    /// What time is to programs, policies and log: `wall`, or `virtual`, with which the core side of the data set is the
    /// same bytes wherever and whenever it is collected.
    #[serde(default, skip_serializing_if = "ClockKind::is_wall")]
    pub clock: ClockKind,
    #[serde(default)]
    pub programs: Vec<String>,
    #[serde(default)]
    pub families: Vec<String>,
    /// Programs to generate and run beside those of the suite: `{ count = 300, seed = 1 }`. They are for training
    /// only, so that nothing but a collection can ask for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<Generated>,
    #[serde(default = "default_sizes")]
    pub sizes: Vec<Size>,
    /// The logging policies. Labels need complete counters, which optimised code does not keep: `random:0` is
    /// consulted at every doubling and always stays, so that every row has its label.
    pub policies: Vec<String>,
    /// A policy whose specification holds `{seed}` runs once with each of these; the spec's seed by default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seeds: Vec<u64>,
    /// Families that are not to be learned from.
    #[serde(default)]
    pub split: Split,
    #[serde(default = "one")]
    pub replicates: u32,
    #[serde(default = "default_iterations")]
    pub iterations: u32,
    /// Decisions of these runs that are answered otherwise, to see what that costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterfactuals: Option<Counterfactuals>,
}

impl Collect {
    fn check(&self) -> Result<(), String> {
        for (field, value) in [("replicates", self.replicates), ("iterations", self.iterations)] {
            if !(1..=10_000).contains(&value) {
                return Err(format!("`collect.{field}` must be 1 to 10000, not {value}"));
            }
        }
        let repeated = |field: &str, values: &[String]| {
            let twice = values.iter().enumerate().find(|(at, value)| values[..*at].contains(value));
            twice.map_or(Ok(()), |(_, value)| {
                Err(format!("`collect.{field}` names {value} twice: that is the same run"))
            })
        };
        repeated("policies", &self.policies)?;
        repeated("sizes", &self.sizes.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        repeated("seeds", &self.seeds.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        if !self.seeds.is_empty() && !self.policies.iter().any(|policy| policy.contains(SEED)) {
            return Err(format!("`collect.seeds` is for policies that hold {SEED}, and none does"));
        }
        self.counterfactuals.as_ref().map_or(Ok(()), |wanted| wanted.check(self.clock))
    }
}

const fn one() -> u32 {
    1
}

/// A spec and where it came from.
#[derive(Clone, Debug)]
pub struct Located {
    pub spec: Spec,
    /// Paths in the spec are relative to this folder.
    pub folder: PathBuf,
    pub text: String,
}

impl Spec {
    /// Reads a spec file, or the shipped spec of that name.
    pub fn load(path: &Path) -> Result<Located> {
        let name = path.to_string_lossy();
        let (text, folder) = if path.exists() {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            (files::read_text(path)?, parent.to_path_buf())
        } else if let Some(text) = suite::shipped_spec(&name) {
            (text.to_owned(), PathBuf::from("."))
        } else {
            return Err(Failure::usage(format!(
                "{name}: no such file, and no shipped spec of this name (there are: {})",
                suite::shipped_specs().collect::<Vec<_>>().join(", ")
            )));
        };
        let spec = Self::parse(&text, &name)?;
        Ok(Located { spec, folder, text })
    }

    /// Parses and checks a spec; `name` is for messages.
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        let spec: Self = toml::from_str(text).map_err(|error| {
            // `Display` of this error draws the line; messages here are one line each
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            Failure::usage(format!("{name}:{line}: {}", error.message().replace('\n', ", ")))
        })?;
        spec.check().map_err(|problem| Failure::usage(format!("{name}: {problem}")))?;
        Ok(spec)
    }

    fn check(&self) -> Result<(), String> {
        let clean = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.name.is_empty() || !self.name.chars().all(clean) {
            return Err("`name` must consist of letters, digits, '-', '_' and '.'".to_owned());
        }
        for (field, value) in [("replicates", self.replicates), ("iterations", self.iterations)] {
            if !(1..=10_000).contains(&value) {
                return Err(format!("`{field}` must be 1 to 10000, not {value}"));
            }
        }
        if self.limit_s == 0 {
            return Err("`limit_s` must be at least 1".to_owned());
        }
        if self.sizes.is_empty() {
            return Err("`sizes` is empty: name test, small, medium or large".to_owned());
        }
        if self.sealed && self.question.trim().is_empty() {
            return Err("`sealed = true` opens the sealed test set: say in `question` what for".to_owned());
        }
        let labels: Vec<&str> = self.policies.iter().map(Entry::label).collect();
        for (index, label) in labels.iter().enumerate() {
            if labels[..index].contains(label) {
                return Err(format!("`policies` names '{label}' twice; the copy for the A/A row is added by itself"));
            }
        }
        let known = |label: &String| labels.contains(&label.as_str());
        let missing = |field: &str, label: &String| {
            format!("`{field}` names '{label}', which is not among the policies ({})", labels.join(", "))
        };
        if self.policies.is_empty() {
            // A spec may be for collecting and training only.
            let is_experiment = self.collect.is_none() && self.train.is_empty();
            if is_experiment || !self.baseline.is_empty() || self.aa.is_some() {
                return Err(
                    "`policies` names none: say which to compare, and which of them is the `baseline`".to_owned()
                );
            }
        } else if !known(&self.baseline) {
            return Err(missing("baseline", &self.baseline));
        }
        if let Some(label) = self.aa.iter().find(|label| !known(label)) {
            return Err(missing("aa", label));
        }
        for (field, pairs) in [("compare", &self.compare), ("not_slower", &self.not_slower)] {
            if let Some(label) = pairs.iter().flatten().find(|label| !known(label)) {
                return Err(missing(field, label));
            }
        }
        if !(self.margin > 0.0 && self.margin < 1.0) {
            return Err(format!("`margin` must lie between 0 and 1 (0.03 is 3 %), not be {}", self.margin));
        }
        self.collect.as_ref().map_or(Ok(()), Collect::check)?;
        self.policies.iter().try_for_each(Entry::check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str = "name = 'x'\nseed = 1\npolicies = ['interpret', 'eager']\nbaseline = 'interpret'\n";

    #[test]
    fn defaults_are_a_confirmatory_size() {
        let spec = Spec::parse(SMALLEST, "x.toml").expect("parses");
        assert_eq!((spec.replicates, spec.primary, spec.sizes), (30, Endpoint::Cumulative, vec![Size::Small]));
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let fails = |extra: &str, says: &str| {
            let error = Spec::parse(&format!("{SMALLEST}{extra}"), "x.toml").expect_err(extra).to_string();
            assert!(error.contains("x.toml") && error.contains(says), "{error}");
        };
        fails("polices = 3", "x.toml:5");
        fails("aa = 'golden'", "golden");
        fails("compare = [['eager', 'fast']]", "fast");
        fails("not_slower = [['eager', 'quick']]", "quick");
        fails("margin = 3", "margin");
        fails("sealed = true", "question");
        fails("replicates = 0", "replicates");
        fails("sizes = ['huge']", "x.toml:5");
        let counterfactuals = |text: &str| format!("[collect]\npolicies = ['golden']\ncounterfactuals = {{ {text} }}");
        let collect = |text: &str| format!("[collect]\npolicies = ['golden']\n{text}");
        fails(&collect("iterations = 0"), "collect.iterations");
        fails(&collect("replicates = 0"), "collect.replicates");
        fails(&collect("sizes = ['test', 'test']"), "test twice");
        fails(&collect("seeds = [1, 2]"), "{seed}");
        fails("[collect]\npolicies = ['golden', 'golden']", "golden twice");
        fails(&counterfactuals("per_run = 'most'"), "x.toml:7");
        fails(&counterfactuals("per_run = 0"), "selects no decision");
        fails(&counterfactuals("per_run = 'all', kinds = ['inline']"), "tier, osr, reopt, demote");
        fails(&counterfactuals("per_run = 3, repeats = 0"), "repeats");
        fails(&counterfactuals("per_run = 3, cost = 'virtual'"), "clock = \"virtual\"");
        let only = "name = 'x'\nseed = 1\n";
        assert!(Spec::parse(&format!("{only}{}", collect("")), "x.toml").is_ok(), "for collecting only");
        assert!(Spec::parse(only, "x.toml").expect_err("nothing").to_string().contains("policies"));
        let twice = SMALLEST.replace("'eager'", "'interpret'");
        assert!(Spec::parse(&twice, "x.toml").expect_err("twice").to_string().contains("twice"));
    }

    #[test]
    fn every_shipped_spec_parses() {
        for name in suite::shipped_specs() {
            Spec::load(Path::new(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
