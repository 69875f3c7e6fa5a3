//! The model file: flat arrays in JSON, no dependency on what trained it.

use std::path::Path;

use serde::{Deserialize, Serialize};
use trinity_vm::seam::{Feature, Features};

use super::evaluate::Metrics;
use crate::{error::PolicyError, rates::Rates};

/// Changes whenever a field gets another meaning.
pub const MODEL_VERSION: &str = "1";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// Predicts log2(remaining work + 1); the decision is the least expected cost.
    #[default]
    RemainingWork,
    /// Predicts a pair of thresholds per function from its static features.
    Thresholds,
}

/// `intercept + Σ coefficient · (x − mean) / scale` over transformed features.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linear {
    pub intercept: f64,
    pub mean: Vec<f64>,
    pub scale: Vec<f64>,
    pub coefficient: Vec<f64>,
}

/// A binary tree in arrays; node 0 is the root. `x[feature] <= threshold` goes left. Leaves have `left` = 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    pub feature: Vec<u16>,
    pub threshold: Vec<f64>,
    pub left: Vec<u32>,
    pub right: Vec<u32>,
    /// Of leaves: an addend in log2, or the number of a pair of thresholds.
    pub value: Vec<f64>,
}

impl Tree {
    /// The leaf that `x` falls into.
    pub fn leaf(&self, x: &[f64]) -> usize {
        let mut node = 0;
        while self.left[node] != 0 {
            let goes_left = x[usize::from(self.feature[node])] <= self.threshold[node];
            node = if goes_left { self.left[node] } else { self.right[node] } as usize;
        }
        node
    }

    /// INVARIANT of evaluation: children come after their parent, so that walking down ends.
    fn check(&self, features: usize) -> Result<(), &'static str> {
        let nodes = self.feature.len();
        if nodes == 0 || [self.threshold.len(), self.value.len(), self.left.len(), self.right.len()] != [nodes; 4] {
            return Err("a tree's arrays differ in length");
        }
        for node in 0..nodes {
            let (left, right) = (self.left[node] as usize, self.right[node] as usize);
            if left == 0 {
                continue;
            }
            if left <= node || right <= node || left >= nodes || right >= nodes {
                return Err("a tree's child is out of place");
            }
            if usize::from(self.feature[node]) >= features {
                return Err("a tree splits on a feature that the model does not list");
            }
        }
        Ok(())
    }
}

/// A trained policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    pub schema_version: String,
    pub kind: ModelKind,
    /// Inputs, by column name of the data set; each is transformed by log2(1 + max(x, 0)).
    pub features: Vec<String>,
    /// Transformed inputs outside of `[low, high]` are out of distribution.
    pub low: Vec<f64>,
    pub high: Vec<f64>,
    /// `remaining-work`: log2(remaining work + 1) = linear + Σ trees, kept within `range`, plus `offset_log2`.
    pub linear: Linear,
    pub trees: Vec<Tree>,
    pub range: [f64; 2],
    /// Correction that makes the decisions cheapest on held-out folds: costs are linear in work, not in its logarithm.
    pub offset_log2: f64,
    /// `thresholds`: pairs that the leaves of the one tree refer to; `u32::MAX` is never.
    pub pairs: Vec<[u32; 2]>,
    pub rates: Rates,
    /// SHA-256 of the training data.
    pub data_sha256: String,
    pub seed: u64,
    /// Measured on families that the fold's model had not seen.
    pub metrics: Metrics,
}

/// Largest number of inputs: all features of the seam.
pub(crate) const MAX_INPUTS: usize = Feature::ALL.len();

/// Counters span many orders of magnitude; models see their logarithms, the same on every machine.
pub(crate) fn transform(x: f64) -> f64 {
    // NaN stays NaN: `max` would hide it.
    if x.is_nan() { x } else { libm::log2(1.0 + x.max(0.0)) }
}

/// Why a model does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NotFinite,
    OutOfDistribution,
}

impl Refusal {
    pub fn name(self) -> &'static str {
        match self {
            Self::NotFinite => "feature missing or not finite",
            Self::OutOfDistribution => "out of distribution",
        }
    }
}

impl Model {
    /// Transformed inputs, checked against the training range.
    pub(crate) fn inputs(
        &self,
        columns: &[Feature],
        features: &Features,
        x: &mut [f64; MAX_INPUTS],
    ) -> Result<(), Refusal> {
        for (at, feature) in columns.iter().enumerate() {
            let raw = features[*feature];
            if !raw.is_finite() {
                return Err(Refusal::NotFinite);
            }
            let value = transform(raw);
            if value < self.low[at] || value > self.high[at] {
                return Err(Refusal::OutOfDistribution);
            }
            x[at] = value;
        }
        Ok(())
    }

    /// log2(remaining work + 1), before `offset_log2`.
    pub(crate) fn predict(&self, x: &[f64]) -> f64 {
        let linear = &self.linear;
        let mut sum = linear.intercept;
        for (at, x) in x.iter().enumerate().take(linear.coefficient.len()) {
            sum += linear.coefficient[at] * (x - linear.mean[at]) / linear.scale[at];
        }
        for tree in &self.trees {
            sum += tree.value[tree.leaf(x)];
        }
        sum.clamp(self.range[0], self.range[1])
    }

    /// The inputs as features of the seam.
    pub(crate) fn columns(&self) -> Result<Vec<Feature>, String> {
        self.features
            .iter()
            .map(|name| Feature::by_name(name).ok_or_else(|| format!("this build has no feature `{name}`")))
            .collect()
    }

    /// Writes the model; equal models give equal bytes.
    ///
    /// # Errors
    /// [`PolicyError::Io`].
    pub fn save(&self, path: &Path) -> Result<(), PolicyError> {
        let temporary = path.with_extension("tmp");
        std::fs::write(&temporary, self.to_json()).map_err(PolicyError::io(&temporary, "write the model"))?;
        std::fs::rename(&temporary, path).map_err(PolicyError::io(path, "put the model in its place"))
    }

    /// The text of the model file.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads and checks a model file.
    ///
    /// # Errors
    /// [`PolicyError::Io`]; [`PolicyError::Model`] with the place where the text stops making sense.
    pub fn load(path: &Path) -> Result<Model, PolicyError> {
        let text = std::fs::read(path).map_err(PolicyError::io(path, "read the model"))?;
        let bad = |detail: String| PolicyError::Model { path: path.to_owned(), detail };
        let model: Model = serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
        model.check().map_err(bad)?;
        Ok(model)
    }

    fn check(&self) -> Result<(), String> {
        if self.schema_version != MODEL_VERSION {
            return Err(format!("its version is {}, this build reads {MODEL_VERSION}", self.schema_version));
        }
        let inputs = self.columns()?.len();
        if inputs > MAX_INPUTS || [self.low.len(), self.high.len()] != [inputs; 2] {
            return Err("features and their ranges differ in number".to_owned());
        }
        let linear = &self.linear;
        let linear_len = linear.coefficient.len();
        if linear_len > inputs || [linear.mean.len(), linear.scale.len()] != [linear_len; 2] {
            return Err("the linear part's arrays differ in length".to_owned());
        }
        if linear.scale.iter().any(|scale| *scale <= 0.0) || self.range[0] > self.range[1] {
            return Err("a scale or range is not positive".to_owned());
        }
        for tree in &self.trees {
            tree.check(inputs)?;
        }
        if self.kind == ModelKind::Thresholds {
            let [tree] = self.trees.as_slice() else { return Err("thresholds need exactly one tree".to_owned()) };
            let known = |value: &f64| value.fract() == 0.0 && (0.0..self.pairs.len() as f64).contains(value);
            if !tree.value.iter().zip(&tree.left).all(|(value, left)| *left != 0 || known(value)) {
                return Err("a leaf refers to no pair of thresholds".to_owned());
            }
            if self.pairs.iter().flatten().any(|threshold| *threshold == 0) {
                return Err("a threshold is 0".to_owned());
            }
        }
        self.rates.check().map_err(str::to_owned)
    }
}

/// Nine significant digits: what a decimal file holds exactly, so that saving and loading change nothing.
pub(crate) fn round(value: f64) -> f64 {
    format!("{value:.8e}").parse().unwrap_or(value)
}
