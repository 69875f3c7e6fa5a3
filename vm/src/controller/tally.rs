//! What the compilations to one tier have come to.

use std::collections::BTreeMap;

use crate::{
    function::Proto,
    seam::{EntryPoint, FormCompiles, Installed, PhaseTimes, Refusal, TierCompiles},
};

#[derive(Default)]
pub(super) struct CompileTally {
    cpu_ns: u64,
    bytecode_len: u64,
    bailouts: BTreeMap<&'static str, u64>,
    forms: BTreeMap<&'static str, FormTally>,
}

#[derive(Default)]
struct FormTally {
    count: u64,
    cpu_ns: u64,
    phases: PhaseTimes,
    bytecode_len: u64,
    code_bytes: u64,
    /// Processor time per word of bytecode, of compilations of whole functions.
    ns_per_word: Vec<f32>,
}

fn add(sum: &mut PhaseTimes, phases: &PhaseTimes) {
    sum.build_ns += phases.build_ns;
    sum.lower_ns += phases.lower_ns;
    sum.codegen_ns += phases.codegen_ns;
    sum.install_ns += phases.install_ns;
}

impl CompileTally {
    /// Processor time per word of bytecode, so far; 0 before the first compilation has ended.
    pub(super) fn ns_per_word(&self) -> f64 {
        self.cpu_ns as f64 / self.bytecode_len.max(1) as f64
    }

    /// Of any compilation, also of one that came to nothing.
    pub(super) fn add_time(&mut self, cpu_ns: u64) {
        self.cpu_ns += cpu_ns;
    }

    /// A compilation has ended; its time has been added.
    pub(super) fn note(
        &mut self,
        proto: &Proto,
        entry: EntryPoint,
        cpu_ns: u64,
        outcome: Result<&Installed, &Refusal>,
    ) {
        let words = proto.code().len();
        self.bytecode_len += words as u64;
        match outcome {
            Ok(installed) => {
                let form = self.forms.entry(installed.form).or_default();
                form.count += 1;
                form.cpu_ns += cpu_ns;
                add(&mut form.phases, &installed.phases);
                form.bytecode_len += words as u64;
                form.code_bytes += u64::from(installed.code_bytes);
                if entry == EntryPoint::Call {
                    form.ns_per_word.push(cpu_ns as f32 / words.max(1) as f32);
                }
            }
            Err(Refusal::Bailout(bailout)) => *self.bailouts.entry(bailout.0).or_default() += 1,
            Err(Refusal::Stale { .. }) => {}
        }
    }

    pub(super) fn summary(&self, osr_entries: u64) -> TierCompiles {
        let forms: Vec<FormCompiles> = self.forms.iter().map(|(form, tally)| tally.summary(form)).collect();
        let mut phases = PhaseTimes::default();
        for form in &forms {
            add(&mut phases, &form.phases);
        }
        TierCompiles {
            count: forms.iter().map(|form| form.count).sum(),
            cpu_ns: self.cpu_ns,
            phases,
            bytecode_len: self.bytecode_len,
            code_bytes: forms.iter().map(|form| form.code_bytes).sum(),
            bailouts: self.bailouts.iter().map(|(reason, count)| (*reason, *count)).collect(),
            osr_entries,
            forms,
        }
    }
}

impl FormTally {
    fn summary(&self, form: &'static str) -> FormCompiles {
        let mut sorted = self.ns_per_word.clone();
        sorted.sort_unstable_by(f32::total_cmp);
        FormCompiles {
            form,
            count: self.count,
            cpu_ns: self.cpu_ns,
            phases: self.phases,
            bytecode_len: self.bytecode_len,
            code_bytes: self.code_bytes,
            median_ns_per_word: quantile(&sorted, 50),
            p99_ns_per_word: quantile(&sorted, 99),
            ns_per_word: sorted,
        }
    }
}

/// The least value that `percent` % of the sorted ones do not exceed; 0 without any.
fn quantile(sorted: &[f32], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).copied().unwrap_or(0.0).into()
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_are_values_that_occurred() {
        let sorted: Vec<f32> = (1..=200u8).map(f32::from).collect();
        assert_eq!((quantile(&sorted, 50), quantile(&sorted, 99)), (100.0, 198.0));
        assert_eq!((quantile(&[7.0], 50), quantile(&[7.0], 99), quantile(&[], 50)), (7.0, 7.0, 0.0));
    }
}
