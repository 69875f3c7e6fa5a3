//! The seams: what a compiler, a policy and a logger see of the VM, and what they give back.
//!
//! The VM knows none of their implementations. Decisions flow in (policy), code flows in (compiler), records flow
//! out (sink). A record never influences a decision.

mod compiler;
mod digest;
mod event;
mod feature;
mod policy;

pub use compiler::{Bailout, Compiler, EntryPoint, Frozen, Installed, PhaseTimes, Product, Refusal, Task, Workbench};
pub use digest::chain_hash;
pub use event::{
    CodeMemorySummary, CompileRecord, CompileResult, DecisionRecord, DeoptRecord, EventSink, FormCompiles,
    FunctionRecord, FunctionTotals, InstallRecord, IterationRecord, OsrRecord, PauseRecord, QueueSummary, RunSummary,
    TierCompiles, VirtualTime, WithdrawRecord, Withdrawal,
};
pub use feature::{Feature, FeatureInfo, Features};
pub use policy::{Action, ActionSet, Decision, DecisionKind, DecisionPoint, Policy};

/// A tier of execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Tier {
    /// The interpreter.
    Cold = 0,
    /// Baseline code.
    Warm = 1,
    /// Speculatively optimised code.
    Hot = 2,
}
