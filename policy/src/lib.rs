//! Policies: who decides when to compile what.
//!
//! [`build`] makes a policy from its specification. Rules live in [`rules`], one file per family; [`learn`] trains
//! models from a data set and runs them. All of them answer through [`trinity_vm::seam::Policy`], none reads a
//! clock, and none sees a label.

mod error;
pub mod learn;
pub mod rates;
mod replay;
pub mod rules;
mod spec;

pub use error::PolicyError;
pub use learn::{Learned, Metrics, Model, ModelKind, TrainSpec, placebo, train};
pub use rates::Rates;
pub use replay::Replay;
pub use spec::{CatalogueEntry, RunContext, build, build_for, catalogue, draws, explored, kind};
