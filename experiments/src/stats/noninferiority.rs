//! Non-inferiority: a claim of "no slower than", with a margin that is stated beforehand (Wellek, *Testing Statistical
//! Hypotheses of Equivalence and Noninferiority*, 2010; ICH guideline E9, section 3.3.2).
//!
//! No difference shown is no proof of equality. Here the hypothesis to be rejected is a slow-down of the margin or
//! more, at 2.5 % on that one side, which is the side of a two-sided test at 5 % and of a 95 % interval.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Draw, Interval, paired_permutation_below};

/// What an interval says about a margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The whole interval lies at or below 1 + margin.
    NotSlower,
    Undecided,
    /// The whole interval lies above 1 + margin.
    Slower,
}

impl Verdict {
    /// The test by interval inclusion. `margin` is relative: 0.03 is 3 %.
    pub fn of(ratio: &Interval, margin: f64) -> Self {
        match (ratio.low, ratio.high) {
            (_, Some(high)) if high <= 1.0 + margin => Self::NotSlower,
            (Some(low), _) if low > 1.0 + margin => Self::Slower,
            _ => Self::Undecided,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::NotSlower => "not slower",
            Self::Undecided => "undecided",
            Self::Slower => "slower",
        })
    }
}

/// p-value of "slower by `margin` or more on these programs", by permutation of the blocks' log-ratios. It is doubled, so
/// that it can be compared with the levels of two-sided tests and corrected together with them.
pub fn noninferiority(groups: &[Vec<f64>], margin: f64, draws: u32, draw: &mut impl Draw) -> Option<f64> {
    paired_permutation_below(groups, margin.ln_1p(), draws, draw).map(|p| (2.0 * p).min(1.0))
}

/// The largest true ratio that is shown to be no slower with 80 % probability, where a difference of `detectable` is
/// what a test of difference finds. Below 1, even equals would often not be shown to be equal: too few measurements
/// for this margin.
pub fn provable_ratio(margin: f64, detectable: f64) -> f64 {
    (1.0 + margin) / (1.0 + detectable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{ALPHA, Rng, detectable_by_test, simulation::Setup};

    #[test]
    fn a_verdict_needs_the_whole_interval_on_one_side_of_the_margin() {
        let verdict = |bounds: Option<(f64, f64)>| {
            let (low, high) = bounds.unzip();
            Verdict::of(&Interval { ratio: 1.0, low, high, detectable: None, programs: 1, blocks: 9 }, 0.03)
        };
        assert_eq!(verdict(Some((0.97, 1.03))), Verdict::NotSlower);
        assert_eq!(verdict(Some((1.01, 1.02))), Verdict::NotSlower);
        assert_eq!(verdict(Some((0.99, 1.04))), Verdict::Undecided);
        assert_eq!(verdict(Some((1.03, 1.2))), Verdict::Undecided);
        assert_eq!(verdict(Some((1.04, 1.2))), Verdict::Slower);
        assert_eq!(verdict(None), Verdict::Undecided);
    }

    #[test]
    fn a_slow_down_of_the_margin_passes_in_at_most_2_and_a_half_percent_and_equals_pass_as_stated() {
        const MARGIN: f64 = 0.03;
        let setup = Setup { programs: 4, blocks: 10, ..Setup::default() };
        let mut printed = 0.0;
        let mut passed = |ratio: f64| {
            let mut data = Rng::stream(17, &format!("margin {ratio}"));
            (0..1_000)
                .filter(|simulation| {
                    let groups = Setup { effect: ratio.ln(), ..setup }.log_ratios(&mut data);
                    printed = detectable_by_test(&groups, ALPHA).expect("blocks");
                    let mut draws = Rng::stream(7, &format!("draws {simulation}"));
                    noninferiority(&groups, MARGIN, 1_000, &mut draws).is_some_and(|p| p <= ALPHA)
                })
                .count()
        };
        let wrong = passed(1.0 + MARGIN);
        assert!(wrong <= 35, "{wrong} of 1000 pass although they are slower by the margin");
        // 0.04 · √2 / √40 per log-ratio, as in the setup
        let detectable = crate::stats::detectable(0.04 * (2.0f64 / 40.0).sqrt(), 39, ALPHA).exp_m1();
        let right = passed(provable_ratio(MARGIN, detectable));
        assert!((770..=830).contains(&right), "{right} of 1000 pass, 800 are stated");
    }
}
