//! The columns of each table.

use trinity_vm::seam::Feature;

use super::{Column, Dtype, Role, Table};

use Dtype::*;
use Role::{Action, Context, Identifier, Label};

/// `flags`: `k` part of the key, `?` nullable, `d` deterministic, `p` platform dependent, `a` available at the decision.
const fn column(
    name: &'static str,
    dtype: Dtype,
    unit: &'static str,
    role: Role,
    flags: &str,
    description: &'static str,
) -> Column {
    let mut column = Column {
        name,
        dtype,
        unit,
        nullable: false,
        key: false,
        role,
        available_at_decision: false,
        deterministic: false,
        platform_dependent: false,
        description,
    };
    let bytes = flags.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'k' => column.key = true,
            b'?' => column.nullable = true,
            b'd' => column.deterministic = true,
            b'p' => column.platform_dependent = true,
            b'a' => column.available_at_decision = true,
            _ => panic!("unknown column flag"),
        }
        at += 1;
    }
    column
}

const RUN_ID: Column = column(
    "run_id",
    Str,
    "",
    Identifier,
    "kda",
    "hash of plan_id, under the wall clock also of host and start; first key of every table",
);
const DECISION_ID: Column = column("decision_id", U64, "", Identifier, "kda", "counts from 0 within the run");
const COMPILED_FOR: Column = column("decision_id", U64, "", Identifier, "da", "decision that asked for the code");
const FUNCTION_ID: Column = column("function_id", U64, "", Identifier, "da", "stable hash of the function's bytecode");
const LOOP_INDEX: Column = column("loop_index", U32, "", Identifier, "?da", "loop of an osr consultation or entry");

const RUN: &[Column] = &[
    RUN_ID,
    column("plan_id", Str, "", Identifier, "da", "hash of everything that was planned about the run"),
    column("experiment_id", Str, "", Identifier, "da", "experiment that asked for the run"),
    column("block_id", Str, "", Identifier, "da", "block: (program, input, replicate)"),
    column("order_index", U32, "", Context, "da", "position of the run in the plan"),
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
    column("iterations", U32, "iterations", Context, "?d", "that the benchmark was to make; null: no benchmark"),
    column("vm_options", Str, "", Context, "d", "options of the VM besides policy, clock and seed"),
    column("vm_commit", Str, "", Context, "da", "source revision of the VM"),
    column("vm_dirty", Bool, "", Context, "da", "the working tree differed from vm_commit"),
    column("logging_mode", Str, "", Context, "da", "off, spool"),
    column("clock_kind", Str, "", Context, "da", "virtual, wall"),
    column("cost_table", Str, "", Context, "?da", "version of the cost table behind modelled time"),
    column(
        "first_call",
        U32,
        "events",
        Context,
        "?d",
        "calls after which a function is first asked about; null: the run did not say",
    ),
    column(
        "first_backedge",
        U32,
        "events",
        Context,
        "?d",
        "back-edges after which a loop is first asked about; null: the run did not say",
    ),
    column("consultations", U64, "", Label, "?d", "decisions taken; null: the run did not say"),
    column("ticks", U64, "ticks", Label, "?d", "bytecode ticks; null without tick accounting"),
    column("model_ns", U64, "modelled ns", Label, "?d", "modelled time; null under the wall clock"),
    column("status", Str, "", Label, "d", "ok, error, timeout, oom, crash"),
    column("output_sha256", Str, "", Label, "?d", "digest of the program's output"),
    column("build_flags", Str, "", Context, "pa", "version, target and profile of the build"),
    column("build_sha256", Str, "", Identifier, "?pa", "digest of the binary"),
    column("host_id", Str, "", Identifier, "pa", "host, anonymised"),
    column("cpu_model", Str, "", Context, "pa", "processor"),
    column("microcode", Str, "", Context, "?pa", "microcode revision"),
    column("kernel", Str, "", Context, "pa", "operating system kernel"),
    column("governor", Str, "", Context, "?pa", "frequency governor"),
    column("turbo", Bool, "", Context, "?pa", "frequency boost enabled"),
    column("aslr", Bool, "", Context, "?pa", "address space randomisation enabled"),
    column("pinned_cpus", Str, "", Context, "?pa", "CPUs that the process was allowed to run on, where not all"),
    column("concurrent_runs", U32, "processes", Context, "?pa", "runs that were under way at once, at most"),
    column("start_utc_ns", U64, "ns", Identifier, "pa", "start, nanoseconds since 1970 UTC"),
    column("wall_ns", U64, "ns", Label, "?p", "wall time of the process"),
    column("cpu_user_ns", U64, "ns", Label, "?p", "user CPU time of the process"),
    column("cpu_sys_ns", U64, "ns", Label, "?p", "system CPU time of the process"),
    column("compile_cpu_ns", U64, "ns", Label, "?p", "CPU time of all compilations"),
    column("inference_ns", U64, "ns", Label, "?p", "time inside the policy"),
    column("gc_ns", U64, "ns", Label, "?p", "time inside the collector"),
    column("peak_rss_bytes", U64, "bytes", Label, "?p", "peak resident memory"),
    column("peak_heap_bytes", U64, "bytes", Label, "?p", "peak size of the Lua heap"),
    column("logged_records", U64, "records", Label, "?p", "records found in the spool; null when logging was off"),
    column("lost_bytes", U64, "bytes", Label, "?p", "bytes of a partial last record: the process was killed"),
];

const ITERATION: &[Column] = &[
    RUN_ID,
    column("iter", U32, "", Context, "kd", "iteration, from 1"),
    column("ticks", U64, "ticks", Label, "?d", "bytecode ticks; null without tick accounting"),
    column("model_ns", U64, "modelled ns", Label, "?d", "modelled time; null under the wall clock"),
    column("deopts", U64, "events", Label, "d", "deoptimisations"),
    column("t_ticks", U64, "ticks", Label, "?d", "bytecode ticks at its end; null without tick accounting"),
    column("t_model_ns", U64, "modelled ns", Label, "?d", "modelled time at its end; null under the wall clock"),
    column("t_ns", U64, "ns", Label, "p", "its end, since the VM was created, by the run's clock"),
    column("wall_ns", U64, "ns", Label, "p", "wall time"),
    column("cpu_ns", U64, "ns", Label, "p", "CPU time"),
    column("instructions", U64, "instructions", Label, "?p", "retired instructions; not recorded yet"),
    column("gc_ns", U64, "ns", Label, "p", "time inside the collector"),
    column("compile_overlap_ns", U64, "ns", Label, "p", "compilation within the iteration"),
];

const DECISION_HEAD: &[Column] = &[
    RUN_ID,
    DECISION_ID,
    column("parent_decision_id", U64, "", Identifier, "?da", "decision that caused this one (demote, reopt)"),
    column("kind", Str, "", Context, "da", "tier, osr, inline, reopt, demote"),
    column("t_ns", U64, "ns", Context, "pa", "since the VM was created, by the run's clock"),
    column("t_ticks", U64, "ticks", Context, "?da", "bytecode ticks so far; null without tick accounting"),
    column("t_model_ns", U64, "modelled ns", Context, "?da", "modelled time so far; null under the wall clock"),
    column("snapshot_hash", U64, "", Identifier, "da", "hash of what the decision was made from"),
    column("iter", U32, "", Context, "da", "in-process iteration, 0 outside of one"),
    FUNCTION_ID,
    LOOP_INDEX,
    column("site_pc", U32, "", Identifier, "?da", "bytecode position of the call site (inline); not recorded yet"),
    column("callee_id", U64, "", Identifier, "?da", "stable hash of the callee's bytecode (inline); not recorded yet"),
    column("inline_depth", U32, "levels", Context, "?da", "calls inlined around this one (inline); not recorded yet"),
    column("tier", U8, "", Context, "da", "tier in which the function or loop runs"),
];

/// What the VM does not compute for its policies yet: no [`Feature`] of that name. Null in every row where it is not
/// recorded either.
const DECISION_LATER: &[Column] = &[
    column(
        "branch_bias",
        F64,
        "0…1",
        Role::Feature,
        "?da",
        "share of executed branches that went one way only; not recorded yet",
    ),
    column("ic_changed_since_last", F64, "sites", Role::Feature, "?da", "inline caches that changed since last asked"),
    column("last_deopt_reason", Str, "", Context, "?da", "named reason of the function's last deoptimisation"),
    column("queue_len", U32, "tasks", Context, "?pa", "compilations that are waiting"),
    column("compiler_threads", U32, "threads", Context, "?da", "threads that compile; 0: the one that runs Lua"),
    column("compile_rate_est", F64, "ns/word", Context, "?pa", "estimate of the cost of compiling"),
    column(
        "caller_blocks",
        F64,
        "blocks",
        Role::Feature,
        "?da",
        "basic blocks of the caller (inline); not recorded yet",
    ),
    column(
        "callee_blocks",
        F64,
        "blocks",
        Role::Feature,
        "?da",
        "basic blocks of the callee (inline); not recorded yet",
    ),
    column(
        "const_args",
        F64,
        "arguments",
        Role::Feature,
        "?da",
        "arguments that are constants (inline); not recorded yet",
    ),
    column(
        "site_height",
        F64,
        "levels",
        Role::Feature,
        "?da",
        "calls below the callee, at most (inline); not recorded yet",
    ),
    column(
        "site_freq",
        F64,
        "0…",
        Role::Feature,
        "?da",
        "executions of the site per call of the caller (inline); not recorded yet",
    ),
    column(
        "nested_inlines",
        F64,
        "sites",
        Role::Feature,
        "?da",
        "sites inlined in the callee (inline); not recorded yet",
    ),
    column(
        "size_delta_est",
        F64,
        "words",
        Role::Feature,
        "?da",
        "growth that inlining is expected to bring (inline); not recorded yet",
    ),
    column(
        "budget_left",
        F64,
        "words",
        Role::Feature,
        "?da",
        "what the plan may still grow by (inline); not recorded yet",
    ),
    column(
        "target_entropy",
        F64,
        "bits",
        Role::Feature,
        "?da",
        "entropy of the site's targets (inline); not recorded yet",
    ),
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
    column("chain_hash", U64, "", Identifier, "d", "hash of this decision, its answer and those before it in the run"),
    column("inference_ns", U32, "ns", Action, "p", "time inside the policy"),
    column("feature_ns", U32, "ns", Action, "p", "time to collect the features"),
    column("sample_weight", F64, "", Context, "d", "decisions that this row stands for; 1 when none were left out"),
];

const COMPILE: &[Column] = &[
    RUN_ID,
    column("compile_index", U64, "", Identifier, "kd", "counts from 0 within the run; one decision may cause several"),
    COMPILED_FOR,
    FUNCTION_ID,
    LOOP_INDEX,
    column("tier_from", U8, "", Context, "d", "tier before"),
    column("tier_to", U8, "", Context, "d", "tier compiled for"),
    column("form", Str, "", Context, "?d", "way of making code; null after a bail-out"),
    column("bytecode_len", U32, "words", Label, "d", "length of the function's bytecode"),
    column("ir_insts", U32, "instructions", Label, "d", "instructions of the compiler's IR"),
    column("model_ns", U64, "modelled ns", Label, "?d", "what it is charged under the virtual clock"),
    column("result", Str, "", Label, "d", "ok, bailout, stale"),
    column("reason", Str, "", Label, "?d", "why the compiler declined, or its code was dropped"),
    column(
        "enqueue_ns",
        U64,
        "ns",
        Label,
        "?p",
        "queued, since the VM was created, by the run's clock; null: compilation is synchronous",
    ),
    column(
        "start_ns",
        U64,
        "ns",
        Label,
        "p",
        "compilation began, or was dropped before it did, since the VM was created, by the run's clock",
    ),
    column(
        "install_ns",
        U64,
        "ns",
        Label,
        "p",
        "code was installed, or the compilation given up, since the VM was created, by the run's clock",
    ),
    column("cpu_ns", U64, "ns", Label, "p", "CPU time of the compilation; its phases are wall time"),
    column(
        "build_ns",
        U64,
        "ns",
        Label,
        "p",
        "wall time from bytecode and feedback to the compiler's own IR, passes included",
    ),
    column("lower_ns", U64, "ns", Label, "p", "wall time of CLIF construction"),
    column("codegen_ns", U64, "ns", Label, "p", "wall time of Cranelift"),
    column("link_ns", U64, "ns", Label, "p", "wall time of relocation and installation"),
    column("code_bytes", U32, "bytes", Label, "p", "machine code; addresses in it shape its length"),
];

const OUTCOME: &[Column] = &[
    RUN_ID,
    DECISION_ID,
    column(
        "horizon",
        Str,
        "",
        Label,
        "kd",
        "how far consequences are counted: run_end; next_iter, the end of the first iteration to begin afterwards; fixed",
    ),
    column(
        "counterfactual_action",
        Str,
        "",
        Label,
        "k?d",
        "null: what happened in this run; else: what happened when it was run again with this action instead",
    ),
    column(
        "censored",
        Bool,
        "",
        Label,
        "d",
        "counters stopped, or the run ended before the horizon: labels are lower bounds or null",
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
    column("self_ticks_after", U64, "ticks", Label, "?d", "ticks of the function after the decision; not recorded yet"),
    column(
        "self_model_ns_after",
        U64,
        "modelled ns",
        Label,
        "?d",
        "modelled time of the function after the decision; not recorded yet",
    ),
    column("continuation_policy", Str, "", Label, "?d", "who decided after the counterfactual action"),
    column("cost_kind", Str, "", Label, "?d", "measured, virtual, model: where the cost comes from"),
    column("n_reps", U32, "runs", Label, "?d", "repeats behind the cost"),
    column(
        "sample_weight",
        F64,
        "",
        Context,
        "?d",
        "decisions that a counterfactual stands for: 1 / probability of its selection",
    ),
    column(
        "counterfactual_model_ns",
        F64,
        "modelled ns",
        Label,
        "?d",
        "cost of the run up to the horizon with the counterfactual action (cost_kind virtual, model)",
    ),
    column(
        "realised_benefit_model_ns",
        F64,
        "modelled ns",
        Label,
        "?d",
        "that minus the same with the action that was taken, and the same policy afterwards: what the decision was worth",
    ),
    column("self_ns_after", U64, "ns", Label, "?p", "sampled time after the decision; not recorded yet"),
    column(
        "counterfactual_cost",
        F64,
        "ns",
        Label,
        "?p",
        "cost of the run up to the horizon with the counterfactual action (cost_kind measured), mean of n_reps",
    ),
    column(
        "realised_benefit",
        F64,
        "ns",
        Label,
        "?p",
        "that minus the same with the action that was taken, and the same policy afterwards: what the decision was worth",
    ),
    column("ci_low", F64, "ns", Label, "?p", "95 % interval of realised_benefit"),
    column("ci_high", F64, "ns", Label, "?p", "95 % interval of realised_benefit"),
];

const FUNCTION: &[Column] = &[
    RUN_ID,
    column("function_index", U64, "", Identifier, "kd", "counts from 0 within the run; equal bytecode may occur twice"),
    FUNCTION_ID,
    column("name", Str, "", Identifier, "d", "source:line"),
    column("bytecode_len", U32, "words", Label, "d", "length of the function's bytecode"),
    column("calls", U64, "events", Label, "d", "calls"),
    column("backedges", U64, "events", Label, "d", "back-edges"),
    column("work", F64, "weighted bytecodes", Label, "d", "counters times static weights, the formula of self_work"),
    column("self_ticks", U64, "ticks", Label, "?d", "bytecode ticks; not recorded yet"),
    column("self_model_ns", U64, "modelled ns", Label, "?d", "modelled time; not recorded yet"),
    column("censored", Bool, "", Label, "d", "counters stopped: totals are lower bounds"),
    column("final_tier", U8, "", Label, "d", "tier at run end"),
    column("deopts", U64, "events", Label, "d", "deoptimisations"),
];

const DEOPT: &[Column] = &[
    RUN_ID,
    column("deopt_index", U64, "", Identifier, "kd", "counts from 0 within the run"),
    FUNCTION_ID,
    column("pc", U32, "", Label, "d", "bytecode position where the interpreter went on"),
    column("reason", Str, "", Label, "d", "the exit's named reason"),
    column("t_ticks", U64, "ticks", Label, "?d", "bytecode ticks so far; null without tick accounting"),
    column("t_model_ns", U64, "modelled ns", Label, "?d", "modelled time so far; null under the wall clock"),
    column("t_ns", U64, "ns", Label, "p", "since the VM was created, by the run's clock"),
];

pub(super) fn of(table: Table) -> Vec<Column> {
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
                    key: false,
                    role: Role::Feature,
                    available_at_decision: true,
                    deterministic: info.deterministic,
                    platform_dependent: !info.deterministic,
                    description: info.description,
                }
            });
            // A feature that the VM has learned to compute takes the place of the empty column.
            let later = DECISION_LATER.iter().filter(|column| Feature::by_name(column.name).is_none());
            let head = DECISION_HEAD.iter().copied().chain(features);
            head.chain(later.copied()).chain(DECISION_TAIL.iter().copied()).collect()
        }
    }
}
