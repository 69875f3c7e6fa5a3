//! `summary.json`: everything that a report says, as data.

use serde::{Deserialize, Serialize};

use super::{comparisons::Comparison, host_info::HostInfo, sealed::Opened, spec::Endpoint};
use crate::{
    stats::{Agreement, Interval},
    suite::Size,
};

/// The result of an experiment. Times are nanoseconds, sizes bytes; ratios below 1 mean less than the baseline.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Summary {
    pub schema: u32,
    pub name: String,
    pub question: String,
    /// "confirmatory", "exploratory", or "post-hoc" where the sealed test set had been opened before.
    pub status: String,
    /// Why the experiment is not confirmatory.
    pub reasons: Vec<String>,
    pub seed: u64,
    pub replicates: u32,
    pub iterations: u32,
    pub baseline: String,
    pub primary: Endpoint,
    pub spec_sha256: String,
    pub build_sha256: String,
    pub vm_version: String,
    pub host: HostInfo,
    pub cells: Counts,
    /// Accesses to the sealed test set; `None` where nothing of it is part of the experiment.
    pub sealed: Option<Opened>,
    /// In the order of the spec, the A/A copy last.
    pub contestants: Vec<ContestantRow>,
    /// Declared beforehand, corrected by Holm's method.
    pub comparisons: Vec<Comparison>,
    /// Every other policy against the baseline, corrected by Benjamini and Hochberg's method.
    pub exploratory: Vec<Comparison>,
    /// Two copies of one policy.
    pub aa: Option<Comparison>,
    /// What the copies say about the host.
    pub agreement: Option<Agreement>,
    pub programs: Vec<ProgramRow>,
    pub problems: Vec<Problem>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub planned: usize,
    pub done: usize,
    pub usable: usize,
    /// Crashed, timed out or refused.
    pub failed: usize,
    /// Finished with another output than the interpreter's.
    pub voided: usize,
}

/// One contestant over all programs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ContestantRow {
    pub label: String,
    pub copy_of: Option<String>,
    /// Geometric-mean ratios to the baseline, one per endpoint in the order of [`Endpoint::ALL`]; `None` where
    /// there are no pairs.
    pub ratios: Vec<Option<Interval>>,
    /// Worst regression: the largest per-program ratio of the primary endpoint.
    pub worst: Option<Worst>,
    /// Medians over processes; `None` for other interpreters.
    pub compile_cpu_ns: Option<f64>,
    pub code_bytes: Option<f64>,
    pub inference_ns: Option<f64>,
    pub peak_rss_bytes: Option<f64>,
    pub consultations: u64,
    /// Decisions of a learned policy that its substitute took.
    pub fallbacks: u64,
    pub compiles: u64,
    pub deopts: u64,
}

/// The largest of several ratios; as such it looks worse than it is, the more so the more there are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Worst {
    /// And its size.
    pub program: String,
    pub interval: Interval,
}

impl ContestantRow {
    pub fn ratio(&self, endpoint: Endpoint) -> Option<&Interval> {
        let index = Endpoint::ALL.iter().position(|candidate| *candidate == endpoint)?;
        self.ratios.get(index)?.as_ref()
    }
}

/// One program at one size.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProgramRow {
    pub program: String,
    pub family: String,
    pub size: Size,
    /// In the order of `Summary::contestants`.
    pub cells: Vec<ProgramCell>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProgramCell {
    /// Processes with a usable result.
    pub processes: usize,
    /// Median over processes, one per endpoint in the order of [`Endpoint::ALL`].
    pub median_ns: Vec<Option<f64>>,
    /// Ratio of the primary endpoint to the baseline.
    pub ratio: Option<Interval>,
    /// Processes whose later iterations are flat.
    pub flat: usize,
    /// Median CPU time of each iteration: the warm-up curve.
    pub curve_ns: Vec<f64>,
}

/// A cell that could not be used.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Problem {
    pub cell: String,
    pub contestant: String,
    pub program: String,
    pub what: String,
}
