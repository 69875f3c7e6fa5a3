//! What happened after a decision, from what its function had done by then and by the end.

use std::collections::HashMap;

use trinity_vm::seam::{DecisionKind, Feature, FunctionTotals, VirtualTime};

use crate::{
    horizon::Horizon,
    spool_read::{Contents, Decision},
};

/// Labels of one decision; `None` where they cannot be known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
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
    at_end: HashMap<u64, Option<&'a FunctionTotals>>,
    /// By place of the iteration, too.
    at_iteration: HashMap<(usize, u64), &'a FunctionTotals>,
    /// How many ended.
    iterations: usize,
}

impl<'a> Totals<'a> {
    pub fn new(contents: &'a Contents) -> Totals<'a> {
        let mut at_end = HashMap::with_capacity(contents.functions.len());
        for function in &contents.functions {
            let totals = &function.totals;
            at_end.entry(totals.function_id).and_modify(|known| *known = None).or_insert(Some(totals));
        }
        let so_far = contents.so_far.iter();
        let at_iteration = so_far.map(|found| ((found.at, found.totals.function_id), &found.totals)).collect();
        Totals { at_end, at_iteration, iterations: contents.iterations.len() }
    }

    /// `None` for kinds that have no outcome row, and where nothing has that horizon.
    pub fn outcome(&self, decision: &Decision, horizon: Horizon) -> Option<Outcome> {
        if [DecisionKind::Inline, DecisionKind::Demote].iter().any(|kind| *kind as u8 == decision.kind)
            || (horizon == Horizon::NextIter && self.iterations == 0)
        {
            return None;
        }
        let function_id = decision.function_id;
        let Some(Some(at_end)) = self.at_end.get(&function_id) else {
            return Some(Outcome { censored: true, ..Outcome::default() });
        };
        let (totals, is_cut_short) = match horizon {
            Horizon::RunEnd => (*at_end, false),
            // A function that was collected by then had done all that it ever did.
            Horizon::NextIter => (
                *self.at_iteration.get(&(decision.next_iteration, function_id)).unwrap_or(at_end),
                decision.next_iteration >= self.iterations,
            ),
        };
        // Counters are read at slightly different moments; a tiny negative difference is no work.
        let after = |total: f64, feature: Feature| (total - decision.features[feature as usize]).max(0.0);
        let in_loop = decision.loop_index.and_then(|index| {
            let total = *totals.loop_backedges.get(index as usize)?;
            Some(after(total as f64, Feature::LoopBackedges))
        });
        Some(Outcome {
            censored: totals.censored || is_cut_short,
            self_work_after: Some(after(totals.work, Feature::SelfWork)),
            calls_after: Some(after(totals.calls as f64, Feature::Calls)),
            backedges_after: Some(after(totals.backedges as f64, Feature::Backedges)),
            loop_backedges_after: in_loop,
            deopts_after: Some(after(totals.deopts as f64, Feature::DeoptsSoFar)),
            self_after: totals.took.since(decision.self_virtual),
        })
    }
}
