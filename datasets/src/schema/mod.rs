//! The tables, column by column. This is the one place where a column is named, typed and judged.

mod columns;

use std::sync::OnceLock;

use polars::prelude::{DataType, Field, Schema};
use serde::{Deserialize, Serialize};

/// Changes whenever a column is added, removed or given another meaning.
pub const SCHEMA_VERSION: &str = "5";

/// Storage type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    Bool,
    U8,
    U32,
    U64,
    F32,
    F64,
    Str,
}

impl Dtype {
    pub(crate) fn polars(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::U8 => DataType::UInt8,
            Self::U32 => DataType::UInt32,
            Self::U64 => DataType::UInt64,
            Self::F32 => DataType::Float32,
            Self::F64 => DataType::Float64,
            Self::Str => DataType::String,
        }
    }

    /// The name used in `manifest.json` and in the Parquet metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::U8 => "u8",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Str => "str",
        }
    }
}

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Identifies a run, program, function or row, directly or nearly so. Never learned from.
    Identifier,
    /// Circumstance: host, mode, time. Known, but no input of a policy.
    Context,
    /// An input of policies: one of [`trinity_vm::seam::Feature::ALL`], or one that the VM does not compute yet.
    Feature,
    /// What the logging policy answered, and at what cost. Never learned from.
    Action,
    /// What was measured or happened afterwards.
    Label,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::Context => "context",
            Self::Feature => "feature",
            Self::Action => "action",
            Self::Label => "label",
        }
    }
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub name: &'static str,
    pub dtype: Dtype,
    /// Empty for names, flags and hashes.
    pub unit: &'static str,
    /// May be null: not always known, or not recorded by this version of the VM.
    pub nullable: bool,
    pub role: Role,
    /// Part of the table's key.
    pub key: bool,
    /// Known before the policy answers.
    pub available_at_decision: bool,
    /// Equal in two runs of one program, input, policy and seed under the virtual clock.
    pub deterministic: bool,
    /// Depends on the machine or its load.
    pub platform_dependent: bool,
    pub description: &'static str,
}

impl Column {
    /// Where the column is stored; keys are in both.
    pub fn side(&self) -> Side {
        if self.deterministic && !self.platform_dependent { Side::Core } else { Side::Host }
    }
}

/// A table is stored in two files with the same rows in the same order: what equal runs agree on under the virtual
/// clock, which is what digests cover, and what depends on the machine and the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Core,
    Host,
}

impl Side {
    pub const ALL: [Side; 2] = [Side::Core, Side::Host];

    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Host => "host",
        }
    }
}

/// One table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Table {
    Run,
    Iteration,
    Decision,
    Compile,
    Outcome,
    Function,
    Deopt,
}

impl Table {
    pub const ALL: [Table; 7] =
        [Table::Run, Table::Iteration, Table::Decision, Table::Compile, Table::Outcome, Table::Function, Table::Deopt];

    /// Name of the table, and of the folder of its [`Side::Core`].
    pub fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Iteration => "iteration",
            Self::Decision => "decision",
            Self::Compile => "compile",
            Self::Outcome => "outcome",
            Self::Function => "function",
            Self::Deopt => "deopt",
        }
    }

    /// What one row stands for.
    pub fn row(self) -> &'static str {
        match self {
            Self::Run => "process execution",
            Self::Iteration => "in-process iteration of a benchmark",
            Self::Decision => "consultation, every \"stay\" included",
            Self::Compile => "compilation",
            Self::Outcome => {
                "delayed consequence of a decision (tier, osr, reopt), or of another action in its place (these, demote)"
            }
            Self::Function => "function of a run, with its totals at run end",
            Self::Deopt => "side exit from optimised code",
        }
    }

    pub fn columns(self) -> &'static [Column] {
        static TABLES: OnceLock<[Vec<Column>; 7]> = OnceLock::new();
        &TABLES.get_or_init(|| Table::ALL.map(columns::of))[self as usize]
    }

    pub fn column(self, name: &str) -> Option<&'static Column> {
        self.columns().iter().find(|column| column.name == name)
    }

    pub fn keys(self) -> impl Iterator<Item = &'static Column> {
        self.columns().iter().filter(|column| column.key)
    }

    /// Keys, and the columns that are stored on that side.
    pub fn stored(self, side: Side) -> impl Iterator<Item = &'static Column> {
        self.columns().iter().filter(move |column| column.key || column.side() == side)
    }

    /// Whether there is anything to store there.
    pub fn has(self, side: Side) -> bool {
        self.columns().iter().any(|column| !column.key && column.side() == side)
    }

    /// Folder of the parts: `decision`, `decision_host`.
    pub fn folder(self, side: Side) -> String {
        match side {
            Side::Core => self.name().to_owned(),
            Side::Host => format!("{}_host", self.name()),
        }
    }
}

pub(crate) fn polars_schema<'a>(columns: impl Iterator<Item = &'a Column>) -> Schema {
    columns.map(|column| Field::new(column.name.into(), column.dtype.polars())).collect()
}

#[cfg(test)]
mod tests {
    use trinity_vm::seam::Feature;

    use super::*;

    #[test]
    fn column_names_are_unique_within_a_table() {
        for table in Table::ALL {
            let mut names: Vec<_> = table.columns().iter().map(|column| column.name).collect();
            names.sort_unstable();
            let count = names.len();
            names.dedup();
            assert_eq!(names.len(), count, "{}", table.name());
        }
    }

    #[test]
    fn labels_and_actions_are_never_available_at_the_decision() {
        for table in Table::ALL {
            for column in table.columns() {
                if matches!(column.role, Role::Label | Role::Action) {
                    assert!(!column.available_at_decision, "{}.{}", table.name(), column.name);
                }
            }
        }
    }

    #[test]
    fn keys_come_first_and_are_deterministic() {
        for table in Table::ALL {
            let keys = table.keys().count();
            assert!(keys > 0 && table.keys().all(|column| column.side() == Side::Core), "{}", table.name());
            assert_eq!(table.columns()[0].name, "run_id", "{}", table.name());
        }
    }

    #[test]
    fn every_column_is_described() {
        for table in Table::ALL {
            for column in table.columns() {
                assert!(!column.description.is_empty(), "{}.{}", table.name(), column.name);
                let clock = column.name.contains("_ns") || column.name.contains("bytes");
                let modelled = column.unit == "modelled ns" || column.name == "code_bytes_used";
                assert!(!clock || modelled || column.platform_dependent, "{}.{}", table.name(), column.name);
            }
        }
    }

    #[test]
    fn columns_that_nothing_fills_say_so() {
        let unfilled = |table: Table| -> Vec<&str> {
            let says_so = |column: &&Column| column.description.ends_with("; not recorded yet");
            table.columns().iter().filter(says_so).map(|column| column.name).collect()
        };
        assert_eq!(unfilled(Table::Iteration), ["instructions"]);
        assert_eq!(unfilled(Table::Outcome), ["self_ticks_after", "self_model_ns_after", "self_ns_after"]);
        assert_eq!(unfilled(Table::Function), ["self_ticks", "self_model_ns"]);
        let decision = unfilled(Table::Decision);
        for column in Table::Decision.columns() {
            let later = column.role == Role::Feature && Feature::by_name(column.name).is_none();
            let inlining = column.description.contains("(inline)");
            assert_eq!(decision.contains(&column.name), later || inlining, "{}", column.name);
        }
    }

    #[test]
    fn phases_of_a_compilation_say_by_which_clock_they_are() {
        for phase in ["build_ns", "lower_ns", "codegen_ns", "link_ns"] {
            assert!(Table::Compile.column(phase).unwrap().description.starts_with("wall time"), "{phase}");
        }
        let whole = Table::Compile.column("cpu_ns").unwrap().description;
        assert!(whole.starts_with("CPU time") && whole.contains("wall time"), "{whole}");
    }

    #[test]
    fn every_feature_of_the_seam_is_a_decision_column() {
        for feature in Feature::ALL {
            assert_eq!(Table::Decision.column(feature.info().name).map(|column| column.role), Some(Role::Feature));
        }
    }
}
