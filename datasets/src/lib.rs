//! The data set: what is logged, how it is stored, and how it is read for learning.
//!
//! ```text
//! VM ── EventSink ──▶ SpoolSink ──▶ .spool ──▶ convert ──▶ Parquet ──▶ Dataset ──▶ TrainingView
//!      (measured process)                     (any other process)
//! ```
//!
//! Labels live only in the `outcome` table. [`TrainingView`] is the one place where they meet features, and it
//! refuses columns that a policy could not know when it decides.

mod convert;
mod describe;
mod error;
mod frame;
mod load;
mod manifest;
mod meta;
mod outcome;
mod part;
mod record;
pub mod schema;
mod spool;
mod spool_read;
pub mod synthetic;
mod validate;
mod view;

pub use convert::{ConvertReport, RunInput, convert};
pub use describe::{Description, TableDescription, describe};
pub use error::DataError;
pub use load::{Dataset, Part};
pub use manifest::{HowMade, Manifest, ManifestPart, seal};
pub use meta::{RunMeta, TRAINING_ONLY};
pub use schema::{SCHEMA_VERSION, Table};
pub use spool::{SpoolHandle, SpoolSink};
pub use validate::{Finding, Severity, Validation, validate};
pub use view::{Horizon, TrainingView, ViewSpec, check_feature, check_split, default_features, training_view};
