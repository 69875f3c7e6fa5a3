//! What the caller knows about a run: one row of the `run` table.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Families whose programs models learn from and are never judged by: programs that were generated say nothing about
/// how a policy does on programs that people wrote.
pub const TRAINING_ONLY: &[&str] = &["generated"];

/// Stands in [`RunMeta::policy_id`] for the seed of the run: runs that differ in what they drew are of one policy.
pub const SEED: &str = "{seed}";

/// Fields of the `run` table that its spool cannot know. Units and meanings: [`crate::schema::Table::Run`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunMeta {
    pub experiment_id: String,
    pub block_id: String,
    pub order_index: u32,
    pub program_id: String,
    pub family_id: String,
    pub source_sha256: String,
    pub input_id: String,
    pub split: String,
    pub suite: String,
    pub policy_kind: String,
    pub policy_id: String,
    pub policy_sha256: Option<String>,
    pub seed: u64,
    /// Iterations that the benchmark was to make; `None`: no benchmark.
    pub iterations: Option<u32>,
    /// Options of the VM besides policy, clock and seed; empty: none.
    pub vm_options: String,
    pub vm_commit: String,
    pub vm_dirty: bool,
    pub build_flags: String,
    pub host_id: String,
    pub cpu_model: String,
    pub microcode: Option<String>,
    pub kernel: String,
    pub governor: Option<String>,
    pub turbo: Option<bool>,
    pub aslr: Option<bool>,
    pub pinned_cpus: Option<String>,
    pub logging_mode: String,
    /// `wall` or `virtual`.
    pub clock_kind: String,
    /// Of modelled time, under the virtual clock.
    pub cost_table: Option<String>,
    pub build_sha256: Option<String>,
    /// Runs that were under way at once, at most.
    pub concurrent_runs: Option<u32>,
    pub start_utc_ns: u64,
    /// Of the whole process; without it, of the VM (from the spool).
    pub wall_ns: Option<u64>,
    pub cpu_user_ns: Option<u64>,
    pub cpu_sys_ns: Option<u64>,
    pub peak_rss_bytes: Option<u64>,
    pub ticks: Option<u64>,
    /// `ok`, `error`, `timeout`, `oom` or `crash`.
    pub status: String,
    pub output_sha256: Option<String>,
}

impl RunMeta {
    /// The run is the same whatever executes it.
    fn is_virtual(&self) -> bool {
        self.clock_kind == "virtual"
    }

    /// Hash of what was planned: known before the run, and equal when it is run again; under the virtual clock also by
    /// another build of the same sources.
    pub fn plan_id(&self) -> String {
        let iterations = self.iterations.unwrap_or(0);
        let numbers = format!("{} {} {} {iterations}", self.order_index, self.seed, self.vm_dirty);
        hash(&[
            &self.experiment_id,
            &self.block_id,
            &self.program_id,
            &self.source_sha256,
            &self.input_id,
            &self.suite,
            &self.policy_id,
            &self.vm_commit,
            if self.is_virtual() { "" } else { &self.build_flags },
            &self.clock_kind,
            self.cost_table.as_deref().unwrap_or(""),
            self.policy_sha256.as_deref().unwrap_or(""),
            &self.vm_options,
            &numbers,
        ])
    }

    /// Hash of what makes the run this run: its plan, and under the wall clock also the host and the start.
    pub fn run_id(&self) -> String {
        if self.is_virtual() {
            self.plan_id()
        } else {
            hash(&[&self.plan_id(), &self.host_id, &self.start_utc_ns.to_string()])
        }
    }
}

fn hash(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hex(&hash.finalize()[..16])
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
