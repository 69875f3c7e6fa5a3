//! The data set: what is logged, how it is stored, and how it is read for learning.
//!
//! ```text
//! VM ── EventSink ──▶ SpoolSink ──▶ .spool ──▶ Store ──▶ Parquet ──▶ Dataset ──▶ TrainingView ──▶ Split
//!      (measured process)                   (any other process)
//! ```
//!
//! A table is two files with the same rows: columns that equal runs agree on under the virtual clock, which digests
//! cover, and columns that depend on the machine and the moment ([`Side`]).
//!
//! Labels live only in the `outcome` table. [`TrainingView`] is the one place where they meet features, and it
//! refuses columns that a policy could not know when it decides.

mod card;
mod compact;
mod counterfactual;
mod describe;
mod error;
mod folds;
mod frame;
mod horizon;
mod identity;
mod load;
mod log;
mod manifest;
mod meta;
mod outcome;
mod part;
mod record;
mod rows;
pub mod schema;
mod split;
mod spool;
mod spool_read;
mod store;
pub mod synthetic;
mod validate;
mod view;

pub use compact::Compacted;
pub use counterfactual::{CostKind, Counterfactual};
pub use describe::{Description, TableDescription, describe};
pub use error::DataError;
pub use folds::{Fold, leave_groups_out};
pub use horizon::{Horizon, Horizons};
pub use load::{Dataset, Part};
pub use log::{LoggedDecision, RunLog, read_log};
pub use manifest::{HowMade, Manifest, ManifestPart};
pub use meta::{RunMeta, SEED, TRAINING_ONLY};
pub use schema::{SCHEMA_VERSION, Side, Table};
pub use split::{Assignment, Shared, Sides, Split};
pub use spool::{SpoolHandle, SpoolSink};
pub use store::{Added, RunInput, Store, convert};
pub use validate::{Finding, Severity, Validation, validate};
pub use view::{TrainingView, ViewSpec, check_feature, check_split, default_features, training_view};
