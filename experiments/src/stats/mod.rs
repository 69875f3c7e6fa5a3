//! Statistics of comparisons.
//!
//! The unit is a process execution; two contestants are compared inside one block (same program, input and
//! replicate), so that what drifts between blocks cancels. Every random choice comes from a named stream of a
//! stated seed: same data and seed, same result to the last bit.

mod agreement;
mod benjamini_hochberg;
mod bootstrap;
mod distribution;
mod holm;
mod medians;
mod noninferiority;
mod permutation;
mod power;
mod rank;
mod ratio;
#[cfg(test)]
mod reference;
mod rng;
#[cfg(test)]
pub(crate) mod simulation;
mod steady;

pub use agreement::{Agreement, agreement};
pub use benjamini_hochberg::benjamini_hochberg;
pub use bootstrap::{Interval, Pair, hierarchical, hierarchical_at, mean_interval};
pub use distribution::{normal_cdf, student_cdf, student_quantile};
pub use holm::holm;
pub use medians::median_ratio;
pub use noninferiority::{Verdict, noninferiority, provable_ratio};
pub use permutation::{DRAWS, paired_permutation, paired_permutation_below};
pub use power::{POWER, detectable, detectable_by_test, power};
pub use rank::{MedianInterval, median_interval, spearman};
pub use ratio::{geometric_mean, mean, median, quantile};
pub use rng::{Draw, Rng};
pub use steady::{flat_tail, steady_tail};

/// Level of every test, and what an interval leaves out.
pub const ALPHA: f64 = 0.05;
