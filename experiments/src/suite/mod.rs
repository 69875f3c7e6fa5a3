//! The benchmark suite: which programs there are, how one is run, and how it reaches child processes.

mod catalogue;
mod embedded;

pub use catalogue::{Catalogue, Input, Program, Size};
pub use embedded::{driver, materialise, shipped_spec, shipped_specs};
