//! Experiments: a spec becomes a plan of cells, a runner executes them, an analysis makes a summary of them.
//!
//! ```text
//! spec.toml ──▶ Plan (plan.json) ──▶ runner ──▶ Store (cells.jsonl) ──▶ analysis ──▶ Summary ──▶ report
//! ```
//!
//! A cell is one process execution. It is named by a digest of everything that determines it, so that running a
//! plan again continues it: nothing is measured twice and nothing is lost.

pub mod analysis;
mod blocks;
pub mod cell;
pub mod comparisons;
pub mod contestant;
pub mod counterfactuals;
pub mod host_info;
pub mod plan;
pub mod runner;
pub mod samples;
pub mod sealed;
pub mod spec;
pub mod store;
pub mod summary;

pub use cell::CellResult;
pub use contestant::Contestant;
pub use plan::Plan;
pub use samples::Samples;
pub use spec::{Endpoint, Spec};
pub use store::Store;
pub use summary::Summary;
