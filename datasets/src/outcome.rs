//! What happened after a decision, from the totals of its function at run end.

use std::collections::HashMap;

use trinity_vm::seam::{DecisionKind, Feature, VirtualTime};

use crate::spool_read::{Decision, Function};

/// Labels of one decision; `None` where they cannot be known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Outcome {
    pub censored: bool,
    pub self_work_after: Option<f64>,
    pub calls_after: Option<f64>,
    pub backedges_after: Option<f64>,
    pub loop_backedges_after: Option<f64>,
    pub deopts_after: Option<f64>,
    pub self_after: VirtualTime,
}

/// Totals by function. Several functions with the same bytecode share an identifier; their totals cannot be told
/// apart, so decisions about them get no labels.
pub(crate) struct Totals<'a> {
    by_function: HashMap<u64, Option<&'a Function>>,
}

impl<'a> Totals<'a> {
    pub fn new(functions: &'a [Function]) -> Totals<'a> {
        let mut by_function = HashMap::with_capacity(functions.len());
        for function in functions {
            by_function.entry(function.function_id).and_modify(|known| *known = None).or_insert(Some(function));
        }
        Totals { by_function }
    }

    /// `None` for kinds that have no outcome row.
    pub fn outcome(&self, decision: &Decision) -> Option<Outcome> {
        if [DecisionKind::Inline, DecisionKind::Demote].iter().any(|kind| *kind as u8 == decision.kind) {
            return None;
        }
        let Some(Some(totals)) = self.by_function.get(&decision.function_id) else {
            return Some(Outcome {
                censored: true,
                self_work_after: None,
                calls_after: None,
                backedges_after: None,
                loop_backedges_after: None,
                deopts_after: None,
                self_after: VirtualTime::default(),
            });
        };
        // Counters are read at slightly different moments; a tiny negative difference is no work.
        let after = |total: f64, feature: Feature| (total - decision.features[feature as usize]).max(0.0);
        let in_loop = decision.loop_index.and_then(|index| {
            let total = *totals.loop_backedges.get(index as usize)?;
            Some(after(total as f64, Feature::LoopBackedges))
        });
        Some(Outcome {
            censored: totals.censored,
            self_work_after: Some(after(totals.work, Feature::SelfWork)),
            calls_after: Some(after(totals.calls as f64, Feature::Calls)),
            backedges_after: Some(after(totals.backedges as f64, Feature::Backedges)),
            loop_backedges_after: in_loop,
            deopts_after: Some(after(totals.deopts as f64, Feature::DeoptsSoFar)),
            self_after: totals.took.since(decision.self_virtual),
        })
    }
}
