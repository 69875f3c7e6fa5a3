//! The tables, column by column. This is the one place where a column is named, typed and judged.

use std::sync::OnceLock;

use polars::prelude::{DataType, Field, Schema};
use trinity_vm::seam::Feature;

/// Changes whenever a column is added, removed or given another meaning.
pub const SCHEMA_VERSION: &str = "1";

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
    /// An input of policies: one of [`Feature::ALL`].
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
    /// Known before the policy answers.
    pub available_at_decision: bool,
    /// Equal in two runs of one program, input, policy and seed.
    pub deterministic: bool,
    /// Depends on the machine or its load.
    pub platform_dependent: bool,
    pub description: &'static str,
}

/// One table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

    /// Name of the table and of its folder.
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
            Self::Outcome => "delayed consequence of a tier or osr decision",
            Self::Function => "function of a run, with its totals at run end",
            Self::Deopt => "side exit from optimised code",
        }
    }

    pub fn columns(self) -> &'static [Column] {
        static TABLES: OnceLock<[Vec<Column>; 7]> = OnceLock::new();
        &TABLES.get_or_init(|| Table::ALL.map(build))[self as usize]
    }

    pub fn column(self, name: &str) -> Option<&'static Column> {
        self.columns().iter().find(|column| column.name == name)
    }

    pub(crate) fn polars_schema(self) -> Schema {
        self.columns().iter().map(|column| Field::new(column.name.into(), column.dtype.polars())).collect()
    }
}

use Dtype::*;
use Role::*;

/// `flags`: `?` nullable, `d` deterministic, `p` platform dependent, `a` available at the decision.
const fn column(
    name: &'static str,
    dtype: Dtype,
    unit: &'static str,
    role: Role,
    flags: &str,
    description: &'static str,
) -> Column {
    let (mut nullable, mut deterministic, mut platform_dependent, mut available_at_decision) =
        (false, false, false, false);
    let bytes = flags.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'?' => nullable = true,
            b'd' => deterministic = true,
            b'p' => platform_dependent = true,
            b'a' => available_at_decision = true,
            _ => panic!("unknown column flag"),
        }
        at += 1;
    }
    Column { name, dtype, unit, nullable, role, available_at_decision, deterministic, platform_dependent, description }
}

const RUN_ID: Column =
    column("run_id", Str, "", Identifier, "a", "content hash of the run's identity; first key of every table");
const DECISION_ID: Column = column(
    "decision_id",
    U64,
    "",
    Identifier,
    "da",
    "counts from 0 within the run; second key of decision and outcome",
);
const FUNCTION_ID: Column = column("function_id", U64, "", Identifier, "da", "stable hash of the function's bytecode");
const LOOP_INDEX: Column = column("loop_index", U32, "", Identifier, "?da", "loop of an osr consultation or entry");

const RUN: &[Column] = &[
    RUN_ID,
    column("experiment_id", Str, "", Identifier, "da", "experiment that asked for the run"),
    column("block_id", Str, "", Identifier, "da", "block: (program, input, replicate, host)"),
    column("order_index", U32, "", Context, "da", "position of the run within its block"),
    column("program_id", Str, "", Identifier, "da", "program"),
    column("family_id", Str, "", Identifier, "da", "programs that share source; the unit of hold-out"),
    column("source_sha256", Str, "", Identifier, "da", "digest of the program's source"),
    column("input_id", Str, "", Identifier, "da", "input of the program"),
    column("split", Str, "", Context, "da", "train, validation, test"),
    column("suite", Str, "", Context, "da", "suite of the program; also the directory partition"),
    column("policy_kind", Str, "", Context, "da", "policy family; also the directory partition"),
    column("policy_id", Str, "", Context, "da", "specification of the logging policy"),
    column("policy_sha256", Str, "", Identifier, "?da", "digest of the policy's file, where it has one"),
    column("seed", U64, "", Identifier, "da", "seed of everything random in the run"),
    column("vm_commit", Str, "", Context, "da", "source revision of the VM"),
    column("vm_dirty", Bool, "", Context, "da", "the working tree differed from vm_commit"),
    column("build_flags", Str, "", Context, "da", "compiler, profile and features of the build"),
    column("host_id", Str, "", Identifier, "pa", "host, anonymised"),
    column("cpu_model", Str, "", Context, "pa", "processor"),
    column("microcode", Str, "", Context, "?pa", "microcode revision"),
    column("kernel", Str, "", Context, "pa", "operating system kernel"),
    column("governor", Str, "", Context, "?pa", "frequency governor"),
    column("turbo", Bool, "", Context, "?pa", "frequency boost enabled"),
    column("aslr", Bool, "", Context, "?pa", "address space randomisation enabled"),
    column("pinned_cpus", Str, "", Context, "?pa", "CPUs that the process was pinned to"),
    column("logging_mode", Str, "", Context, "da", "off, spool"),
    column("clock_kind", Str, "", Context, "da", "virtual, wall"),
    column("start_utc_ns", U64, "ns", Identifier, "pa", "start, nanoseconds since 1970 UTC"),
    column("wall_ns", U64, "ns", Label, "?p", "wall time of the process"),
    column("cpu_user_ns", U64, "ns", Label, "?p", "user CPU time of the process"),
    column("cpu_sys_ns", U64, "ns", Label, "?p", "system CPU time of the process"),
    column("compile_cpu_ns", U64, "ns", Label, "?p", "CPU time of all compilations"),
    column("inference_ns", U64, "ns", Label, "?p", "time inside the policy"),
    column("gc_ns", U64, "ns", Label, "?p", "time inside the collector"),
    column("peak_rss_bytes", U64, "bytes", Label, "?p", "peak resident memory"),
    column("peak_heap_bytes", U64, "bytes", Label, "?", "peak size of the Lua heap"),
    column("consultations", U64, "", Label, "?d", "decisions taken"),
    column("ticks", U64, "ticks", Label, "?d", "bytecode ticks; null without tick accounting"),
    column("status", Str, "", Label, "d", "ok, error, timeout, oom, crash"),
    column("output_sha256", Str, "", Label, "?d", "digest of the program's output"),
    column("logged_records", U64, "records", Label, "?", "records found in the spool; null when logging was off"),
    column("lost_bytes", U64, "bytes", Label, "?", "bytes of a partial last record: the process was killed"),
];

const ITERATION: &[Column] = &[
    RUN_ID,
    column("iter", U32, "", Context, "d", "iteration, from 0"),
    column("wall_ns", U64, "ns", Label, "p", "wall time"),
    column("cpu_ns", U64, "ns", Label, "p", "CPU time"),
    column("ticks", U64, "ticks", Label, "?d", "bytecode ticks; null without tick accounting"),
    column("instructions", U64, "instructions", Label, "?p", "retired instructions; null without a counter"),
    column("gc_ns", U64, "ns", Label, "p", "time inside the collector"),
    column("compile_overlap_ns", U64, "ns", Label, "p", "compilation within the iteration"),
    column("deopts", U64, "events", Label, "d", "deoptimisations"),
];

const DECISION_HEAD: &[Column] = &[
    RUN_ID,
    DECISION_ID,
    column("parent_decision_id", U64, "", Identifier, "?da", "decision that caused this one; null: not recorded"),
    column("kind", Str, "", Context, "da", "tier, osr, inline, reopt, demote"),
    column("t_ns", U64, "ns", Context, "pa", "since the VM was created"),
    column("t_ticks", U64, "ticks", Context, "?da", "bytecode ticks so far; null without tick accounting"),
    column("iter", U32, "", Context, "da", "in-process iteration, 0 outside of one"),
    FUNCTION_ID,
    LOOP_INDEX,
    column("tier", U8, "", Context, "da", "tier in which the function or loop runs"),
];

const DECISION_TAIL: &[Column] = &[
    column("legal_mask", U8, "", Context, "da", "bit 0 stay, bit 1 warm, bit 2 hot"),
    column("action", Str, "", Action, "d", "the policy's answer"),
    column("taken", Str, "", Action, "d", "what was done; differs from action when that was illegal"),
    column("ask_again", U32, "events", Action, "d", "events until the next consultation"),
    column("propensity_stay", F32, "0…1", Action, "d", "probability with which the policy would have stayed"),
    column("propensity_warm", F32, "0…1", Action, "d", "probability with which the policy would have gone to tier 1"),
    column("propensity_hot", F32, "0…1", Action, "d", "probability with which the policy would have gone to tier 2"),
    column("score_stay", F32, "", Action, "?d", "the policy's own score; null where it has none"),
    column("score_warm", F32, "", Action, "?d", "the policy's own score; null where it has none"),
    column("score_hot", F32, "", Action, "?d", "the policy's own score; null where it has none"),
    column("explore", Bool, "", Action, "d", "taken for the sake of exploration"),
    column("fallback_reason", Str, "", Action, "?d", "why a learned policy fell back to its substitute"),
    column("inference_ns", U32, "ns", Action, "p", "time inside the policy"),
    column("feature_ns", U32, "ns", Action, "p", "time to collect the features"),
    column("sample_weight", F64, "", Context, "d", "decisions that this row stands for; 1 when none were left out"),
];

const COMPILE: &[Column] = &[
    RUN_ID,
    DECISION_ID,
    FUNCTION_ID,
    LOOP_INDEX,
    column("tier_from", U8, "", Context, "d", "tier before"),
    column("tier_to", U8, "", Context, "d", "tier compiled for"),
    column("enqueue_ns", U64, "ns", Label, "?p", "queued, since the VM was created; null: compilation is synchronous"),
    column(
        "start_ns",
        U64,
        "ns",
        Label,
        "p",
        "compilation began, or was dropped before it did, since the VM was created",
    ),
    column(
        "install_ns",
        U64,
        "ns",
        Label,
        "p",
        "code was installed, or the compilation given up, since the VM was created",
    ),
    column("cpu_ns", U64, "ns", Label, "p", "CPU time of the compilation"),
    column("build_ns", U64, "ns", Label, "p", "bytecode and feedback to the compiler's own IR, passes included"),
    column("lower_ns", U64, "ns", Label, "p", "CLIF construction"),
    column("codegen_ns", U64, "ns", Label, "p", "Cranelift"),
    column("link_ns", U64, "ns", Label, "p", "relocation and installation"),
    column("bytecode_len", U32, "words", Label, "d", "length of the function's bytecode"),
    column("ir_insts", U32, "instructions", Label, "d", "instructions of the compiler's IR"),
    column("code_bytes", U32, "bytes", Label, "", "machine code"),
    column("result", Str, "", Label, "d", "ok, bailout, stale"),
    column("reason", Str, "", Label, "?d", "why the compiler declined, or its code was dropped"),
];

const OUTCOME: &[Column] = &[
    RUN_ID,
    DECISION_ID,
    column("horizon", Str, "", Label, "d", "run_end: counted until the end of the run"),
    column(
        "censored",
        Bool,
        "",
        Label,
        "d",
        "counters stopped or the run was cut short: labels are lower bounds or null",
    ),
    column("self_work_after", F64, "weighted bytecodes", Label, "?d", "work of the function after the decision"),
    column("calls_after", F64, "events", Label, "?d", "calls of the function after the decision"),
    column("backedges_after", F64, "events", Label, "?d", "back-edges of the function after the decision"),
    column(
        "loop_backedges_after",
        F64,
        "events",
        Label,
        "?d",
        "back-edges of the loop that was asked about, after the decision",
    ),
    column("deopts_after", F64, "events", Label, "?d", "deoptimisations of the function after the decision"),
    column(
        "self_ticks_after",
        U64,
        "ticks",
        Label,
        "?d",
        "bytecode ticks after the decision; null without tick accounting",
    ),
    column("self_ns_after", U64, "ns", Label, "?p", "sampled time after the decision; null: not sampled"),
    column(
        "realised_benefit",
        F64,
        "ns",
        Label,
        "?p",
        "cost of staying minus cost of what was done; null: not measured",
    ),
    column("counterfactual_action", Str, "", Label, "?d", "the flipped decision, where one was re-run"),
    column("counterfactual_cost", F64, "ns", Label, "?p", "cost of the run with that decision flipped"),
    column("cost_kind", Str, "", Label, "?d", "measured, virtual, model"),
    column("n_reps", U32, "", Label, "?d", "repeats behind the cost"),
    column("ci_low", F64, "ns", Label, "?p", "95 % interval of the cost"),
    column("ci_high", F64, "ns", Label, "?p", "95 % interval of the cost"),
];

const FUNCTION: &[Column] = &[
    RUN_ID,
    FUNCTION_ID,
    column("name", Str, "", Identifier, "d", "source:line"),
    column("bytecode_len", U32, "words", Label, "d", "length of the function's bytecode"),
    column("calls", U64, "events", Label, "d", "calls"),
    column("backedges", U64, "events", Label, "d", "back-edges"),
    column("work", F64, "weighted bytecodes", Label, "d", "counters times static weights, the formula of self_work"),
    column("censored", Bool, "", Label, "d", "counters stopped: totals are lower bounds"),
    column("final_tier", U8, "", Label, "d", "tier at run end"),
    column("deopts", U64, "events", Label, "d", "deoptimisations"),
];

const DEOPT: &[Column] = &[
    RUN_ID,
    column("t_ns", U64, "ns", Label, "p", "since the VM was created"),
    FUNCTION_ID,
    column("pc", U32, "", Label, "d", "bytecode position where the interpreter went on"),
    column("reason", Str, "", Label, "d", "the exit's named reason"),
];

fn build(table: Table) -> Vec<Column> {
    match table {
        Table::Run => RUN.to_vec(),
        Table::Iteration => ITERATION.to_vec(),
        Table::Compile => COMPILE.to_vec(),
        Table::Outcome => OUTCOME.to_vec(),
        Table::Function => FUNCTION.to_vec(),
        Table::Deopt => DEOPT.to_vec(),
        Table::Decision => {
            let features = Feature::ALL.iter().map(|feature| {
                let info = feature.info();
                Column {
                    name: info.name,
                    dtype: F64,
                    unit: info.unit,
                    nullable: false,
                    role: Role::Feature,
                    available_at_decision: true,
                    deterministic: info.deterministic,
                    platform_dependent: !info.deterministic,
                    description: info.description,
                }
            });
            DECISION_HEAD.iter().copied().chain(features).chain(DECISION_TAIL.iter().copied()).collect()
        }
    }
}

#[cfg(test)]
mod tests {
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
    fn every_feature_of_the_seam_is_a_decision_column() {
        for feature in Feature::ALL {
            assert_eq!(Table::Decision.column(feature.info().name).map(|column| column.role), Some(Role::Feature));
        }
    }
}
