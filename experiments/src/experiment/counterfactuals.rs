//! The table `[collect.counterfactuals]` of a spec.

use serde::{Deserialize, Serialize};

use crate::clock::ClockKind;

/// Which decisions of the logged runs are answered otherwise, by every other legal action, and what is measured then.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counterfactuals {
    /// So many of each run, drawn with the spec's seed, or "all".
    pub per_run: PerRun,
    /// Kinds of decision: `tier`, `osr`, `reopt`, `demote`; by default all.
    #[serde(default = "kinds")]
    pub kinds: Vec<String>,
    /// The policy that decides afterwards; by default the one that made the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continuation: Option<String>,
    /// By default that of the collection's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// Processes per action, and of the run as it was, interleaved with them (cost `wall`).
    #[serde(default = "default_repeats")]
    pub repeats: u32,
}

/// How many decisions of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "`per_run` is a number of decisions, or \"all\"")]
pub enum PerRun {
    Count(u32),
    All(All),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum All {
    All,
}

/// What a run costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cost {
    /// Wall time of the process.
    Wall,
    /// Modelled time under the virtual clock: the same each time, so that one run is enough.
    Virtual,
}

/// Kinds of decisions that there are so far.
const KINDS: [&str; 4] = ["tier", "osr", "reopt", "demote"];

fn kinds() -> Vec<String> {
    KINDS.map(str::to_owned).to_vec()
}

const fn default_repeats() -> u32 {
    10
}

impl Counterfactuals {
    /// What is measured in a collection under this clock.
    pub fn cost(&self, clock: ClockKind) -> Cost {
        self.cost.unwrap_or(match clock {
            ClockKind::Wall => Cost::Wall,
            ClockKind::Virtual => Cost::Virtual,
        })
    }

    pub(super) fn check(&self, clock: ClockKind) -> Result<(), String> {
        if self.cost(clock) == Cost::Virtual && clock != ClockKind::Virtual {
            return Err("`counterfactuals.cost = \"virtual\"` needs `clock = \"virtual\"` in [collect]".to_owned());
        }
        if let Some(kind) = self.kinds.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
            return Err(format!("`counterfactuals.kinds`: '{kind}' is none; there are {}", KINDS.join(", ")));
        }
        if self.per_run == PerRun::Count(0) || self.kinds.is_empty() {
            return Err("`counterfactuals` selects no decision".to_owned());
        }
        if !(1..=1000).contains(&self.repeats) {
            return Err(format!("`counterfactuals.repeats` must be 1 to 1000, not {}", self.repeats));
        }
        Ok(())
    }
}
