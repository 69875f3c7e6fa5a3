//! Experiments on Trinity: the benchmark suite, the runner, statistics, reports, and the command line.

pub mod cli;
pub mod clock;
pub mod collect;
pub mod experiment;
pub mod failure;
pub mod files;
pub mod fuzz;
pub mod generate;
pub mod host;
pub mod process;
pub mod progress;
pub mod quickstart;
pub mod report;
pub mod run_stats;
pub mod stats;
pub mod suite;
pub mod train;
