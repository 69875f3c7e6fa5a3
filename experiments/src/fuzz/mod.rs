//! Differential fuzzing: random programs run by PUC Lua and by this VM in every tier must end alike.
//!
//! [`generate`] makes programs as [`tree`]s, [`runner`] and [`worker`] run them, [`compare`] says what differs, [`reduce`]
//! takes a program apart while it still differs, and [`campaign`] does that until it is told to stop.

pub mod campaign;
pub mod compare;
pub mod generate;
pub mod mode;
pub mod reduce;
pub mod runner;
pub mod tree;
pub mod worker;
