//! What a comparison could have found: rate of detection and minimum detectable effect.
//!
//! Bloom, "Minimum detectable effects", Evaluation Review 19(5), 1995: an effect of (t of the level + t of the power)
//! standard errors is found with that power.

use super::{mean, student_cdf, student_quantile};

/// Probability with which a detectable effect is found.
pub const POWER: f64 = 0.8;

/// Smallest effect, in units of `standard_error`, that a two-sided test at level `alpha` finds with probability
/// [`POWER`].
pub fn detectable(standard_error: f64, degrees: u32, alpha: f64) -> f64 {
    (student_quantile(1.0 - alpha / 2.0, degrees) + student_quantile(POWER, degrees)) * standard_error
}

/// Probability with which a two-sided test at level `alpha` finds `effect`, which has the unit of `standard_error`.
pub fn power(effect: f64, standard_error: f64, degrees: u32, alpha: f64) -> f64 {
    let (critical, shift) = (student_quantile(1.0 - alpha / 2.0, degrees), effect.abs() / standard_error);
    student_cdf(shift - critical, degrees) + student_cdf(-shift - critical, degrees)
}

/// The smallest common shift of all log-ratios that the permutation test over these blocks finds at level `alpha`
/// with probability [`POWER`], as a relative difference (0.02 is 2 %). `groups` holds the log-ratios of the blocks of
/// each program.
///
/// Programs that differ among themselves count as noise, as they do in the test. `None` where the test finds nothing at
/// this level whatever the effect: of all patterns of signs, two are as extreme as log-ratios of one sign.
pub fn detectable_by_test(groups: &[Vec<f64>], alpha: f64) -> Option<f64> {
    let groups: Vec<&Vec<f64>> = groups.iter().filter(|group| !group.is_empty()).collect();
    let blocks: usize = groups.iter().map(|group| group.len()).sum();
    let degrees = u32::try_from(blocks.checked_sub(1)?).ok().filter(|degrees| *degrees > 0)?;
    if (-f64::from(degrees)).exp2() > alpha {
        return None;
    }
    let centre = groups.iter().map(|group| mean(group)).sum::<f64>() / groups.len() as f64;
    let squares: f64 = groups
        .iter()
        .map(|group| {
            let weight = 1.0 / (group.len() * groups.len()) as f64;
            group.iter().map(|log_ratio| (weight * (log_ratio - centre)).powi(2)).sum::<f64>()
        })
        .sum();
    let standard_error = (squares * blocks as f64 / f64::from(degrees)).sqrt();
    Some(detectable(standard_error, degrees, alpha).exp_m1())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{ALPHA, Rng, paired_permutation, simulation::Setup};

    #[test]
    fn power_at_the_detectable_effect_is_the_stated_one() {
        for degrees in [5, 29, 500] {
            let effect = detectable(0.01, degrees, ALPHA);
            assert!((power(effect, 0.01, degrees, ALPHA) - POWER).abs() < 1e-3, "{degrees}");
        }
        assert!((power(0.0, 1.0, 20, ALPHA) - ALPHA).abs() < 1e-9);
        assert_eq!((detectable_by_test(&[vec![1.0]], ALPHA), detectable_by_test(&[], ALPHA)), (None, None));
    }

    #[test]
    fn nothing_is_detectable_where_the_test_cannot_reject() {
        let blocks = |count: u32| vec![(0..count).map(|block| 9.0 + 0.001 * f64::from(block)).collect::<Vec<f64>>()];
        let least = |count| paired_permutation(&blocks(count), 0, &mut Rng::stream(1, "exact")).expect("blocks");
        // The least p-value is 1/16 of five blocks, 1/32 of six, 1/128 of eight.
        for (count, alpha) in [(2, 0.05), (5, 0.05), (6, 0.05), (6, 0.01), (7, 0.01), (8, 0.01), (30, 0.001)] {
            let found = detectable_by_test(&blocks(count), alpha);
            assert_eq!(found.is_some(), least(count) <= alpha, "{count} blocks at {alpha}: {found:?}");
        }
        assert!(detectable_by_test(&blocks(5), ALPHA).is_none() && detectable_by_test(&blocks(6), ALPHA).is_some());
    }

    /// Rule 5 of the methodology: slow-downs that are put in are found as often as the power says, and the printed
    /// minimum detectable effect is the one that is found in four of five experiments.
    #[test]
    fn injected_slow_downs_of_1_2_and_5_percent_are_found_at_the_stated_rates() {
        const SIMULATIONS: usize = 400;
        // 3 % noise per process: log-ratios of blocks spread by 3 % · √2
        for (programs, blocks) in [(1, 30), (8, 10), (8, 30)] {
            let setup = Setup { programs, blocks, process: 0.03, ..Setup::default() };
            let standard_error = 0.03 * 2f64.sqrt() / ((programs * blocks) as f64).sqrt();
            let degrees = (programs * blocks - 1) as u32;
            let mut printed = 0.0;
            let mut rate = |effect: f64| {
                let mut data = Rng::stream(31, &format!("power {programs} {blocks} {effect}"));
                let found = (0..SIMULATIONS)
                    .filter(|simulation| {
                        let groups = Setup { effect: (1.0 + effect).ln(), ..setup }.log_ratios(&mut data);
                        printed += detectable_by_test(&groups, ALPHA).expect("blocks") / (4 * SIMULATIONS) as f64;
                        let mut draws = Rng::stream(7, &format!("draws {simulation}"));
                        paired_permutation(&groups, 2_000, &mut draws).is_some_and(|p| p <= ALPHA)
                    })
                    .count();
                found as f64 / SIMULATIONS as f64
            };
            for effect in [0.01, 0.02, 0.05] {
                let (found, stated) = (rate(effect), power(f64::ln_1p(effect), standard_error, degrees, ALPHA));
                println!("{programs} × {blocks}: slow-down of {effect} found in {found}, stated {stated:.3}");
                assert!(
                    (found - stated).abs() < 0.06,
                    "{programs} × {blocks}: {effect} found {found}, stated {stated}"
                );
            }
            let smallest = detectable(standard_error, degrees, ALPHA).exp_m1();
            let found = rate(smallest);
            println!("{programs} × {blocks}: detectable {smallest:.4}, printed {printed:.4}, found in {found}");
            assert!((found - POWER).abs() < 0.06, "{programs} × {blocks}: {smallest} found {found}");
            assert!((printed / smallest - 1.0).abs() < 0.05, "{programs} × {blocks}: printed {printed}, {smallest}");
        }
    }
}
