//! What `--stats-json` writes: a stable interface. Times are nanoseconds, sizes bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::ClockKind;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunStats {
    /// What the run went by.
    #[serde(skip_serializing_if = "ClockKind::is_wall")]
    pub clock: ClockKind,
    /// What passed by the virtual clock; absent where ticks are not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_ns: Option<u64>,
    /// Digest of all decisions with what they were made from, under the virtual clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decisions_sha256: Option<String>,
    pub wall_ns: u64,
    pub cpu_ns: u64,
    /// Ticks used (see `--fuel`), absent where they are not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticks: Option<u64>,
    pub exit_status: i32,
    pub gc_ns: u64,
    pub gc_cycles: u64,
    /// The collector's longest stop of the program, in processor time.
    pub gc_max_pause_ns: u64,
    /// What 99.9 % of its stops have kept below, too large by at most an eighth.
    pub gc_p999_pause_ns: u64,
    pub peak_heap_bytes: u64,
    /// Largest resident set of this process image; 0 where the system does not tell.
    pub peak_rss_bytes: u64,
    pub functions: u64,
    /// Calls of Lua functions outside of tier 2, which does not count.
    pub calls: u64,
    /// Loop back-edges outside of tier 2.
    pub backedges: u64,
    /// Weighted bytecodes executed outside of tier 2, which does not count.
    pub counted_work: f64,
    pub compiles: Vec<TierStats>,
    pub compile_queue: QueueStats,
    /// By reason.
    pub deopts: BTreeMap<String, u64>,
    pub code_memory: CodeMemoryStats,
    pub policy: PolicyStats,
}

/// Compilations to one tier.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TierStats {
    pub tier: u8,
    pub count: u64,
    /// Bail-outs included.
    pub cpu_ns: u64,
    /// Of the compilations that gave code, by the clock.
    pub phases: PhaseStats,
    /// Words of bytecode given to the compiler, bail-outs included.
    pub bytecode_len: u64,
    pub code_bytes: u64,
    /// By reason.
    pub bailouts: BTreeMap<String, u64>,
    /// Activations under way that were handed over to code for a loop.
    pub osr_entries: u64,
    /// The compilations that gave code, by the way in which it was made.
    pub forms: Vec<FormStats>,
}

/// What the phases of compilations have taken.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PhaseStats {
    /// From bytecode and feedback to the compiler's own representation, passes included.
    pub build_ns: u64,
    /// To the code generator's.
    pub lower_ns: u64,
    /// To machine code.
    pub codegen_ns: u64,
    pub install_ns: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FormStats {
    pub form: String,
    pub count: u64,
    pub cpu_ns: u64,
    pub phases: PhaseStats,
    pub bytecode_len: u64,
    pub code_bytes: u64,
    /// Processor time per word of bytecode in microseconds, over the compilations of whole functions.
    pub median_us_per_bytecode: f64,
    pub p99_us_per_bytecode: f64,
    /// The same of each compilation: to three digits, and how many took that, ascending.
    pub us_per_bytecode: Vec<(f64, u64)>,
}

/// Code memory of all tiers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CodeMemoryStats {
    /// At the end of the run, code that is out of use but still running included.
    pub in_use_bytes: u64,
    pub peak_bytes: u64,
    pub limit_bytes: u64,
    /// How often code was taken out of use, by reason.
    pub withdrawn: BTreeMap<String, u64>,
}

/// Compilations that went through the queue of the compiler threads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueueStats {
    /// Threads that there may be; 0 when every compilation is done at once.
    pub threads: u32,
    pub queued: u64,
    /// Ended with code or a bail-out.
    pub finished: u64,
    /// Dropped, by reason.
    pub stale: BTreeMap<String, u64>,
    /// Most that were pending at once.
    pub longest: u64,
    /// From the queueing to the start on a thread.
    pub median_wait_ns: u64,
    pub max_wait_ns: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyStats {
    pub name: String,
    pub consultations: u64,
    pub illegal_answers: u64,
    pub inference_ns: u64,
    /// Decisions that a learned policy left to its substitute, by reason.
    pub fallbacks: BTreeMap<String, u64>,
}

impl RunStats {
    pub fn compile_cpu_ns(&self) -> u64 {
        self.compiles.iter().map(|tier| tier.cpu_ns).sum()
    }
    pub fn code_bytes(&self) -> u64 {
        self.compiles.iter().map(|tier| tier.code_bytes).sum()
    }
    pub fn compile_count(&self) -> u64 {
        self.compiles.iter().map(|tier| tier.count).sum()
    }
    pub fn deopt_count(&self) -> u64 {
        self.deopts.values().sum()
    }
}

/// Largest resident set of this process since its program was loaded; 0 where the system does not tell.
pub fn peak_rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}
