//! The event seam: records that flow out of the VM and never back.

use std::sync::Arc;

use super::{Action, ActionSet, Decision, DecisionKind, DecisionPoint, Features, PhaseTimes, Tier, chain_hash};

/// Time that does not depend on the machine: since the VM was created, or what something took. A clock that is not kept
/// is `None`: no ticks without tick accounting, no modelled time under the wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VirtualTime {
    /// Executed bytecodes by their static weights, and comparable work of library functions.
    pub ticks: Option<u64>,
    /// What the cost table says that execution and compilation take, in modelled nanoseconds.
    pub model_ns: Option<u64>,
}

impl VirtualTime {
    /// What has passed since `earlier`.
    #[must_use]
    pub fn since(self, earlier: VirtualTime) -> VirtualTime {
        let passed = |now: Option<u64>, then: Option<u64>| Some(now?.saturating_sub(then?));
        VirtualTime { ticks: passed(self.ticks, earlier.ticks), model_ns: passed(self.model_ns, earlier.model_ns) }
    }
}

/// One consultation, whatever its answer.
#[derive(Clone, Debug)]
pub struct DecisionRecord {
    /// Counts from 0 within the run.
    pub decision_id: u64,
    /// That led to this one: which asked for the code, for [`DecisionKind::Demote`]; which gave it up, for
    /// [`DecisionKind::Reopt`].
    pub parent: Option<u64>,
    pub kind: DecisionKind,
    /// Nanoseconds since the VM was created, by its clock, as all times of records are unless they say otherwise.
    pub t_ns: u64,
    pub t_virtual: VirtualTime,
    /// Of the function itself so far: recorded for what follows from it afterwards, never a feature.
    pub self_virtual: VirtualTime,
    /// [`super::DecisionPoint::snapshot_hash`], which a replay compares.
    pub snapshot_hash: u64,
    /// [`super::chain_hash`] of this record and those before it, by which an edited log is recognised.
    pub chain_hash: u64,
    /// In-process iteration of a benchmark, 0 outside of one.
    pub iteration: u32,
    pub function_id: u64,
    pub loop_index: Option<u32>,
    pub tier: Tier,
    pub features: Features,
    /// Why the function's optimised code was left last.
    pub last_deopt: Option<&'static str>,
    pub legal: ActionSet,
    pub decision: Decision,
    /// What the controller did: differs from `decision.action` when that was illegal.
    pub taken: Action,
    pub inference_ns: u32,
    pub feature_ns: u32,
}

impl DecisionRecord {
    /// With its hashes, which follow from the rest and from the chain's hash so far (0 for the first record of a log).
    #[must_use]
    pub fn sealed(mut self, previous: u64) -> Self {
        let Self { kind, function_id, loop_index, tier, legal, ref features, .. } = self;
        self.snapshot_hash = DecisionPoint { kind, function_id, loop_index, tier, features, legal }.snapshot_hash();
        self.chain_hash = chain_hash(previous, self.snapshot_hash, &self.decision, self.taken);
        self
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompileResult {
    Ok,
    Bailout(&'static str),
    /// Dropped, because of what happened between the decision and the end of the compilation.
    Stale(&'static str),
}

/// One compilation.
#[derive(Clone, Debug)]
pub struct CompileRecord {
    pub decision_id: u64,
    pub function_id: u64,
    /// `NAME source:line`.
    pub label: Arc<str>,
    pub loop_index: Option<u32>,
    pub tier_from: Tier,
    pub tier_to: Tier,
    /// When the compilation was queued; `None` when it was done at once. All times count from the VM's creation.
    pub enqueue_ns: Option<u64>,
    pub start_ns: u64,
    /// When the code was installed, or the compilation given up.
    pub install_ns: u64,
    /// CPU time, whatever the thread.
    pub cpu_ns: u64,
    /// What the compilation is charged under the virtual clock.
    pub model_ns: Option<u64>,
    pub phases: PhaseTimes,
    /// [`super::Installed::form`]; empty after a bail-out.
    pub form: &'static str,
    pub bytecode_len: u32,
    pub ir_insts: u32,
    pub code_bytes: u32,
    pub result: CompileResult,
}

/// Code has come into use.
#[derive(Clone, Debug)]
pub struct InstallRecord {
    /// Nanoseconds since the VM was created.
    pub t_ns: u64,
    pub function_id: u64,
    /// `NAME source:line`.
    pub label: Arc<str>,
    /// Pc of the loop's header, for code that is entered there.
    pub loop_pc: Option<u32>,
    pub tier_from: Tier,
    pub tier_to: Tier,
    /// Where the machine code begins.
    pub address: usize,
    /// 0 for code that has come into use before, under another entry.
    pub code_bytes: u32,
}

/// Why code has gone out of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Withdrawal {
    /// Other code took its place.
    Replaced,
    /// Its speculations failed too often.
    Deoptimised,
    /// The limit on code memory needed its space.
    Evicted,
    /// The host asked for its space.
    Released,
}

impl Withdrawal {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Replaced => "replaced",
            Self::Deoptimised => "deoptimised",
            Self::Evicted => "evicted",
            Self::Released => "released",
        }
    }
}

/// Code has gone out of use; activations that run it still may go on. Code of functions that were collected goes
/// without a record.
#[derive(Clone, Debug)]
pub struct WithdrawRecord {
    pub t_ns: u64,
    pub function_id: u64,
    pub label: Arc<str>,
    pub loop_pc: Option<u32>,
    pub tier: Tier,
    pub why: Withdrawal,
}

/// The interpreter, or baseline code, has handed an activation over to code for a loop. Without a time: there may be
/// very many.
#[derive(Clone, Debug)]
pub struct OsrRecord<'a> {
    pub function_id: u64,
    /// What [`InstallRecord::label`] says, when a sink was there when the function was first consulted on.
    pub label: Option<&'a Arc<str>>,
    pub loop_pc: u32,
    pub tier: Tier,
}

/// The collector has stopped the program. Times are those of the wall clock.
#[derive(Clone, Debug)]
pub struct PauseRecord {
    pub start_ns: u64,
    pub end_ns: u64,
    /// Processor time.
    pub cpu_ns: u64,
    /// Where the collector's cycle stands afterwards: `mark`, `clear` or `sweep`.
    pub phase: &'static str,
    /// Marking phases that have ended since the VM was created.
    pub cycles: u64,
    /// In use afterwards.
    pub heap_bytes: u64,
}

/// One side exit from optimised code into the interpreter.
#[derive(Clone, Debug)]
pub struct DeoptRecord {
    pub t_ns: u64,
    pub t_virtual: VirtualTime,
    pub function_id: u64,
    /// `NAME source:line`.
    pub label: Arc<str>,
    pub pc: u32,
    pub reason: &'static str,
}

/// One in-process iteration of a benchmark.
#[derive(Clone, Debug, Default)]
pub struct IterationRecord {
    /// Counts from 1.
    pub iteration: u32,
    /// When it ended.
    pub t_ns: u64,
    pub t_virtual: VirtualTime,
    pub wall_ns: u64,
    pub cpu_ns: u64,
    pub gc_ns: u64,
    pub compile_ns: u64,
    pub took: VirtualTime,
    pub deopts: u64,
}

/// What one function has done so far: the totals from which work after a decision is computed.
#[derive(Clone, Debug)]
pub struct FunctionTotals {
    pub function_id: u64,
    pub calls: u64,
    pub backedges: u64,
    /// Back-edges per loop, in order of `FnUnit::loops`.
    pub loop_backedges: Vec<u64>,
    /// Static weight × counters, the formula of [`super::Feature::SelfWork`].
    pub work: f64,
    /// Of the function itself.
    pub took: VirtualTime,
    /// Counters stopped (optimised code does not count): totals are lower bounds.
    pub censored: bool,
    pub deopts: u64,
}

/// What one function did over the whole run.
#[derive(Clone, Debug)]
pub struct FunctionRecord {
    /// `source:line`.
    pub name: String,
    pub bytecode_len: u32,
    pub final_tier: Tier,
    pub totals: FunctionTotals,
}

#[derive(Clone, Debug, Default)]
pub struct TierCompiles {
    pub count: u64,
    pub cpu_ns: u64,
    /// Of the compilations that gave code.
    pub phases: PhaseTimes,
    /// Words of bytecode given to the compiler, bail-outs included.
    pub bytecode_len: u64,
    pub code_bytes: u64,
    /// Bail-outs by reason, sorted by name.
    pub bailouts: Vec<(&'static str, u64)>,
    /// Entries into code for loops, by activations under way.
    pub osr_entries: u64,
    /// Compilations that gave code, by form, sorted by name.
    pub forms: Vec<FormCompiles>,
}

/// Compilations that gave code, of one [`super::Installed::form`].
#[derive(Clone, Debug, Default)]
pub struct FormCompiles {
    pub form: &'static str,
    pub count: u64,
    pub cpu_ns: u64,
    pub phases: PhaseTimes,
    pub bytecode_len: u64,
    pub code_bytes: u64,
    /// Processor time per word of bytecode of each compilation of a whole function (of a loop, what is compiled is only
    /// a part), ascending.
    pub ns_per_word: Vec<f32>,
    /// Of these; 0 without any.
    pub median_ns_per_word: f64,
    pub p99_ns_per_word: f64,
}

/// Code memory over a run, in bytes.
#[derive(Clone, Debug, Default)]
pub struct CodeMemorySummary {
    /// At the end, code that is out of use but still running included.
    pub in_use: u64,
    pub peak: u64,
    pub limit: u64,
    /// How often code was taken out of use, by [`Withdrawal::name`].
    pub withdrawn: Vec<(&'static str, u64)>,
}

/// Compilations that went through the queue of the compiler threads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueSummary {
    /// Threads that there may be; 0 when every compilation is done at once.
    pub threads: u32,
    pub queued: u64,
    /// Ended with code or a bail-out.
    pub finished: u64,
    /// Dropped, by reason, sorted by name.
    pub stale: Vec<(&'static str, u64)>,
    /// Most that were pending at once.
    pub longest: u64,
    /// From the queueing to the start on a thread: half of the compilations that started waited for less.
    pub median_wait_ns: u64,
    pub max_wait_ns: u64,
}

/// Everything that `--stats-json` reports about a finished run.
#[derive(Clone, Debug, Default)]
pub struct RunSummary {
    pub wall_ns: u64,
    pub took: VirtualTime,
    /// Of the thread that runs Lua, and of compilations that have come back from others.
    pub cpu_ns: u64,
    pub gc_ns: u64,
    pub gc_cycles: u64,
    /// The collector's longest stop of the program, in processor time.
    pub gc_max_pause_ns: u64,
    /// What 99.9 % of its stops have kept below.
    pub gc_p999_pause_ns: u64,
    pub peak_heap_bytes: u64,
    pub functions: u64,
    /// Of Lua functions, collected ones included, outside of tier 2.
    pub calls: u64,
    /// Of all loops, outside of tier 2.
    pub backedges: u64,
    /// Sum of [`FunctionRecord::work`] over all functions, collected ones included: the work done outside of tier 2,
    /// which does not count. Deterministic for a deterministic policy.
    pub counted_work: f64,
    /// Tier 1, tier 2.
    pub compiles: [TierCompiles; 2],
    pub queue: QueueSummary,
    /// By reason, sorted by name.
    pub deopts: Vec<(&'static str, u64)>,
    pub code_memory: CodeMemorySummary,
    pub policy: String,
    /// [`super::Policy::finish`].
    pub objection: Option<String>,
    /// Events after which the policy wants to be asked about a function, and about a loop, for the first time.
    pub first_consultations: [u32; 2],
    pub consultations: u64,
    pub illegal_answers: u64,
    pub inference_ns: u64,
}

/// Receives records. Called on the thread that runs Lua, between two bytecodes.
pub trait EventSink {
    fn decision(&mut self, record: &DecisionRecord);
    fn compile(&mut self, record: &CompileRecord);
    fn deopt(&mut self, record: &DeoptRecord);
    fn install(&mut self, _record: &InstallRecord) {}
    fn withdraw(&mut self, _record: &WithdrawRecord) {}
    fn osr_entry(&mut self, _record: &OsrRecord<'_>) {}
    fn pause(&mut self, _record: &PauseRecord) {}
    /// An iteration is about to end that was the first to begin after a decision about this function.
    fn function_so_far(&mut self, _totals: &FunctionTotals) {}
    fn iteration(&mut self, record: &IterationRecord);
    fn function(&mut self, record: &FunctionRecord);
    fn run_end(&mut self, summary: &RunSummary);
}
