//! Policies that learn: training with linfa, and the small artefact that decides.
//!
//! Labels are what remained to be done after a decision, never what the logging policy did.

mod decide;
mod evaluate;
mod examples;
mod explain;
mod model;
mod realism;
mod regress;
mod remaining;
mod thresholds;
mod train;
mod tree;

pub use decide::Learned;
pub use evaluate::{Metrics, Score};
pub use model::{Linear, Model, ModelKind, Tree};
pub use realism::{FeatureRealism, QUANTILES, Realism, realism, realism_features};
pub use train::{TrainSpec, placebo, train};
