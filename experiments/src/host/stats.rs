//! A run's summary as `--stats-json` writes it.

use std::collections::BTreeMap;

use trinity_vm::seam::{CodeMemorySummary, FormCompiles, PhaseTimes, RunSummary, TierCompiles};

use crate::run_stats::{
    CodeMemoryStats, FormStats, PhaseStats, PolicyStats, QueueStats, RunStats, TierStats, peak_rss_bytes,
};

pub(super) fn of_run(
    summary: &RunSummary,
    ticks: Option<u64>,
    exit_status: i32,
    fallbacks: &BTreeMap<&'static str, u64>,
) -> RunStats {
    RunStats {
        virtual_ns: summary.took.model_ns,
        wall_ns: summary.wall_ns,
        cpu_ns: summary.cpu_ns,
        ticks,
        exit_status,
        gc_ns: summary.gc_ns,
        gc_cycles: summary.gc_cycles,
        gc_max_pause_ns: summary.gc_max_pause_ns,
        gc_p999_pause_ns: summary.gc_p999_pause_ns,
        peak_heap_bytes: summary.peak_heap_bytes,
        peak_rss_bytes: peak_rss_bytes(),
        functions: summary.functions,
        calls: summary.calls,
        backedges: summary.backedges,
        counted_work: summary.counted_work,
        compiles: (1..).zip(&summary.compiles).map(|(tier, compiles)| of_tier(tier, compiles)).collect(),
        compile_queue: QueueStats {
            threads: summary.queue.threads,
            queued: summary.queue.queued,
            finished: summary.queue.finished,
            stale: named(&summary.queue.stale),
            longest: summary.queue.longest,
            median_wait_ns: summary.queue.median_wait_ns,
            max_wait_ns: summary.queue.max_wait_ns,
        },
        deopts: named(&summary.deopts),
        code_memory: of_code_memory(&summary.code_memory),
        policy: PolicyStats {
            name: summary.policy.clone(),
            consultations: summary.consultations,
            illegal_answers: summary.illegal_answers,
            inference_ns: summary.inference_ns,
            fallbacks: fallbacks.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect(),
        },
        ..RunStats::default()
    }
}

fn named(pairs: &[(&'static str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

fn of_tier(tier: u8, compiles: &TierCompiles) -> TierStats {
    TierStats {
        tier,
        count: compiles.count,
        cpu_ns: compiles.cpu_ns,
        phases: of_phases(&compiles.phases),
        bytecode_len: compiles.bytecode_len,
        code_bytes: compiles.code_bytes,
        bailouts: named(&compiles.bailouts),
        osr_entries: compiles.osr_entries,
        forms: compiles.forms.iter().map(of_form).collect(),
    }
}

fn of_form(compiles: &FormCompiles) -> FormStats {
    FormStats {
        form: compiles.form.to_owned(),
        count: compiles.count,
        cpu_ns: compiles.cpu_ns,
        phases: of_phases(&compiles.phases),
        bytecode_len: compiles.bytecode_len,
        code_bytes: compiles.code_bytes,
        median_us_per_bytecode: compiles.median_ns_per_word / 1e3,
        p99_us_per_bytecode: compiles.p99_ns_per_word / 1e3,
        us_per_bytecode: distribution(&compiles.ns_per_word),
    }
}

/// How often each time occurs, from nanoseconds to microseconds.
///
/// Three digits lose less than a measurement's noise, and bound what a program with many functions reports.
fn distribution(sorted_ns: &[f32]) -> Vec<(f64, u64)> {
    let mut counted: Vec<(f64, u64)> = Vec::new();
    for ns in sorted_ns {
        let Ok(us) = format!("{:.2e}", f64::from(*ns) / 1e3).parse() else { continue };
        match counted.last_mut() {
            Some((last, count)) if *last == us => *count += 1,
            _ => counted.push((us, 1)),
        }
    }
    counted
}

fn of_phases(phases: &PhaseTimes) -> PhaseStats {
    PhaseStats {
        build_ns: phases.build_ns,
        lower_ns: phases.lower_ns,
        codegen_ns: phases.codegen_ns,
        install_ns: phases.install_ns,
    }
}

fn of_code_memory(summary: &CodeMemorySummary) -> CodeMemoryStats {
    CodeMemoryStats {
        in_use_bytes: summary.in_use,
        peak_bytes: summary.peak,
        limit_bytes: summary.limit,
        withdrawn: named(&summary.withdrawn),
    }
}

#[cfg(test)]
mod tests {
    use super::distribution;

    #[test]
    fn times_that_agree_to_three_digits_are_counted_together() {
        assert_eq!(distribution(&[301.2, 301.4, 302.9, 12_345.0]), [(0.301, 2), (0.303, 1), (12.3, 1)]);
        assert_eq!(distribution(&[]), []);
    }
}
