//! Statistics of comparisons.
//!
//! The unit is a process execution; two contestants are compared inside one block (same program, input and
//! replicate), so that what drifts between blocks cancels. Every random choice comes from a named stream of a
//! stated seed: same data and seed, same result to the last bit.

mod bootstrap;
mod distribution;
mod holm;
mod permutation;
mod ratio;
mod rng;
mod steady;

pub use bootstrap::{Interval, Pair, hierarchical, median_ratio};
pub use distribution::{normal_cdf, student_quantile};
pub use holm::holm;
pub use permutation::paired_permutation;
pub use ratio::{geometric_mean, mean, median, quantile};
pub use rng::Rng;
pub use steady::{flat_tail, steady_tail};
