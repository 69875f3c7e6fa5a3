//! A/A: do two copies of one policy differ more often than chance allows?
//!
//! Each program is tested by itself, and the number of those that differ is compared with the binomial distribution;
//! all programs together are tested once more. A host fails if either of the two says so at half of the level
//! (Bonferroni): many small disagreements, or a single one in common.

use serde::{Deserialize, Serialize};

use super::{ALPHA, Draw, paired_permutation};

/// What a host makes of no difference.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Programs tested.
    pub programs: usize,
    /// Of these, how many have copies that differ at the 5 % level.
    pub differing: usize,
    /// Most of them that chance explains.
    pub allowed: usize,
    /// Of the paired permutation test over all programs.
    pub p: Option<f64>,
    /// The copies differ more often than the level allows: nothing that was measured here is confirmatory.
    pub refused: bool,
}

impl Agreement {
    /// In words.
    pub fn said(&self) -> String {
        let p = self.p.map_or_else(String::new, |p| format!(", together with p = {p:.3}"));
        format!(
            "two copies of one policy differ on {} of {} programs, where chance explains {}{p}",
            self.differing, self.programs, self.allowed
        )
    }
}

/// Judges two copies by the log-ratios of each program's blocks. `None` without data.
pub fn agreement(groups: &[Vec<f64>], draws: u32, draw: &mut impl Draw) -> Option<Agreement> {
    let each: Vec<f64> =
        groups.iter().filter_map(|group| paired_permutation(std::slice::from_ref(group), draws, draw)).collect();
    let p = paired_permutation(groups, draws, draw)?;
    let differing = each.iter().filter(|p| **p <= ALPHA).count();
    let allowed = (0..each.len()).find(|most| binomial_above(*most, each.len(), ALPHA) <= ALPHA / 2.0);
    let allowed = allowed.unwrap_or(each.len());
    let refused = differing > allowed || p <= ALPHA / 2.0;
    Some(Agreement { programs: each.len(), differing, allowed, p: Some(p), refused })
}

/// Probability of more than `most` successes in `trials`.
fn binomial_above(most: usize, trials: usize, probability: f64) -> f64 {
    let mut term = (1.0 - probability).powf(trials as f64);
    let mut at_most = term;
    for successes in 1..=most {
        term *= (trials + 1 - successes) as f64 / successes as f64 * probability / (1.0 - probability);
        at_most += term;
    }
    1.0 - at_most
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Rng, simulation::Setup};

    /// How many of 400 hosts are refused.
    fn refused(setup: Setup) -> usize {
        let mut data = Rng::stream(23, "hosts");
        (0..400)
            .filter(|host| {
                let mut draws = Rng::stream(7, &format!("draws {host}"));
                agreement(&setup.log_ratios(&mut data), 1_000, &mut draws).is_some_and(|found| found.refused)
            })
            .count()
    }

    /// Rule 4 of the methodology.
    #[test]
    fn a_steady_host_is_refused_in_at_most_5_percent_and_an_unsteady_one_in_almost_all() {
        let steady = Setup { programs: 12, blocks: 12, process: 0.02, ..Setup::default() };
        let found = refused(steady);
        assert!(found <= 20, "{found} of 400 steady hosts are refused");
        // Each copy of each program has an advantage of its own that stays, as from where its code happens to lie.
        let found = refused(Setup { program: 0.03, ..steady });
        assert!(found >= 390, "{found} of 400 unsteady hosts are refused");
        // One copy is slower everywhere.
        let found = refused(Setup { effect: 0.02, ..steady });
        assert!(found >= 390, "{found} of 400 hosts with a slower copy are refused");
    }

    #[test]
    fn what_chance_allows_is_the_binomial_distribution() {
        // of 20 at 5 %: P(more than 3) = 0.0159, P(more than 2) = 0.0755
        assert!((binomial_above(3, 20, 0.05) - 0.015_90).abs() < 1e-5);
        assert!((binomial_above(2, 20, 0.05) - 0.075_48).abs() < 1e-5);
        let equal = vec![vec![0.0; 6]; 20];
        let found = agreement(&equal, 100, &mut Rng::stream(1, "x")).expect("data");
        assert_eq!((found.programs, found.differing, found.allowed, found.refused), (20, 0, 3, false));
        assert_eq!(agreement(&[], 100, &mut Rng::stream(1, "x")), None);
    }
}
