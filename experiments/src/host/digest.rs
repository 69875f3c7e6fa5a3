//! `decisions_sha256`: what identifies a log of decisions under the virtual clock.

use std::{cell::RefCell, rc::Rc};

use sha2::{Digest, Sha256};
use trinity_vm::seam::{
    CompileRecord, DecisionRecord, DeoptRecord, EventSink, FunctionRecord, IterationRecord, RunSummary,
};

use crate::files::hex;

/// The digest of the decisions so far; outlives the sink.
#[derive(Clone, Default)]
pub(super) struct Decisions(Rc<RefCell<Sha256>>);

impl Decisions {
    pub(super) fn sink(&self) -> Box<dyn EventSink> {
        Box::new(DigestSink(self.clone()))
    }

    /// SHA-256, in hexadecimal.
    pub(super) fn sha256(&self) -> String {
        hex(&self.0.borrow().clone().finalize())
    }
}

struct DigestSink(Decisions);

impl EventSink for DigestSink {
    /// Takes in everything but how long the decision took: numbers little-endian and of their own width, behind each that
    /// may be absent a byte that says whether it is there.
    fn decision(&mut self, record: &DecisionRecord) {
        let DecisionRecord {
            decision_id,
            kind,
            t_ns,
            t_virtual,
            self_virtual,
            parent,
            last_deopt,
            snapshot_hash,
            chain_hash,
            iteration,
            function_id,
            loop_index,
            tier,
            features,
            legal,
            decision,
            taken,
            inference_ns: _,
            feature_ns: _,
        } = record;
        let mut hash = self.0.0.borrow_mut();
        let mut optional = |number: Option<u64>| {
            hash.update(number.unwrap_or(0).to_le_bytes());
            hash.update([u8::from(number.is_some())]);
        };
        for time in [t_virtual, self_virtual] {
            optional(time.ticks);
            optional(time.model_ns);
        }
        optional(loop_index.map(u64::from));
        optional(*parent);
        for number in [*decision_id, *t_ns, *function_id, *snapshot_hash, *chain_hash] {
            hash.update(number.to_le_bytes());
        }
        hash.update(iteration.to_le_bytes());
        hash.update([*kind as u8, *tier as u8, legal.bits(), *taken as u8]);
        for value in &features.0 {
            hash.update(value.to_bits().to_le_bytes());
        }
        hash.update([decision.action as u8, u8::from(decision.explore)]);
        hash.update(decision.ask_again.to_le_bytes());
        for value in decision.propensities.iter().chain(&decision.scores) {
            // Which of the many that are no number it is depends on the processor.
            let value = if value.is_nan() { f32::NAN } else { *value };
            hash.update(value.to_bits().to_le_bytes());
        }
        for text in [decision.fallback, *last_deopt].map(Option::unwrap_or_default) {
            hash.update((text.len() as u32).to_le_bytes());
            hash.update(text);
        }
    }
    fn compile(&mut self, _: &CompileRecord) {}
    fn deopt(&mut self, _: &DeoptRecord) {}
    fn iteration(&mut self, _: &IterationRecord) {}
    fn function(&mut self, _: &FunctionRecord) {}
    fn run_end(&mut self, _: &RunSummary) {}
}
