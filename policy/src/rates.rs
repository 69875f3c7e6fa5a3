//! What execution and compilation cost in each tier: the numbers behind `cost-benefit` and the learned policies.

use std::path::Path;

use serde::{Deserialize, Serialize};
use trinity_vm::seam::{Action, ActionSet, Tier};

use crate::error::PolicyError;

/// Costs per tier, in nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// Where the numbers come from.
    #[serde(default)]
    pub source: String,
    /// Execution of one weighted bytecode (the unit of `self_work`), by tier.
    pub ns_per_bytecode: [f64; 3],
    /// Compilation per word of bytecode, tier 1 and tier 2.
    pub compile_ns_per_bytecode: [f64; 2],
    /// Compilation, whatever the length, tier 1 and tier 2.
    pub compile_fixed_ns: [f64; 2],
}

impl Default for Rates {
    /// The table that is built in (`rates.toml`).
    fn default() -> Self {
        toml::from_str(include_str!("../rates.toml")).expect("rates.toml is checked by a test")
    }
}

impl Rates {
    /// Reads a TOML file of the form of `policy/rates.toml`.
    ///
    /// # Errors
    /// [`PolicyError::Io`]; [`PolicyError::Rates`] for other text, and for numbers that are negative or not finite.
    pub fn load(path: &Path) -> Result<Rates, PolicyError> {
        let text = std::fs::read_to_string(path).map_err(PolicyError::io(path, "read the rates"))?;
        let rates: Rates = toml::from_str(&text).map_err(|error| {
            let place = error.span().map_or(String::new(), |span| {
                format!("line {}: ", text[..span.start.min(text.len())].matches('\n').count() + 1)
            });
            PolicyError::Rates { path: path.to_owned(), detail: format!("{place}{}", error.message().trim()) }
        })?;
        rates.check().map_err(|detail| PolicyError::Rates { path: path.to_owned(), detail: detail.to_owned() })?;
        Ok(rates)
    }

    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let compile = self.compile_ns_per_bytecode.iter().chain(&self.compile_fixed_ns);
        if self.ns_per_bytecode.iter().any(|ns| !ns.is_finite() || *ns <= 0.0) {
            return Err("`ns_per_bytecode` must be positive");
        }
        if compile.into_iter().any(|ns| !ns.is_finite() || *ns < 0.0) {
            return Err("compile costs must not be negative");
        }
        Ok(())
    }

    /// Cost of compiling a function of `words` words; nothing for [`Action::Stay`].
    pub fn compile_ns(&self, action: Action, words: f64) -> f64 {
        match action {
            Action::Stay => 0.0,
            Action::Warm => self.compile_fixed_ns[0] + self.compile_ns_per_bytecode[0] * words,
            Action::Hot => self.compile_fixed_ns[1] + self.compile_ns_per_bytecode[1] * words,
        }
    }

    /// Time from now on when `action` is taken in `tier` and `work` weighted bytecodes remain.
    pub fn total_ns(&self, tier: Tier, action: Action, words: f64, work: f64) -> f64 {
        let after = action.tier().unwrap_or(tier);
        self.compile_ns(action, words) + work * self.ns_per_bytecode[after as usize]
    }

    /// The legal action with the least total, and the totals (`NaN` where illegal). Ties go to the cheaper compiler.
    pub fn cheapest(&self, tier: Tier, legal: ActionSet, words: f64, work: f64) -> (Action, [f64; 3]) {
        let mut totals = [f64::NAN; 3];
        let mut best = (Action::Stay, f64::INFINITY);
        for action in legal.iter() {
            // Compiling for the tier that the function has, or for a lower one, is no promotion.
            if action.tier().is_some_and(|target| target <= tier) {
                continue;
            }
            let total = self.total_ns(tier, action, words, work);
            totals[action as usize] = total;
            if total < best.1 {
                best = (action, total);
            }
        }
        (best.0, totals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_is_sound() {
        Rates::default().check().unwrap();
    }

    #[test]
    fn more_work_never_asks_for_a_lower_tier() {
        let rates = Rates::default();
        let legal = ActionSet::STAY.with(Action::Warm).with(Action::Hot);
        let mut last = Action::Stay;
        for exponent in 0..60 {
            let (action, _) = rates.cheapest(Tier::Cold, legal, 50.0, f64::from(exponent).exp2());
            assert!(action as u8 >= last as u8);
            last = action;
        }
        assert_eq!(last, Action::Hot);
    }

    #[test]
    fn a_function_never_goes_to_the_tier_it_has() {
        let rates = Rates { ns_per_bytecode: [4.0, 2.0, 2.0], ..Rates::default() };
        let legal = ActionSet::STAY.with(Action::Warm);
        assert_eq!(rates.cheapest(Tier::Warm, legal, 50.0, 1e12).0, Action::Stay);
    }
}
