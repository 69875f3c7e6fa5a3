//! Paired permutation test on log-ratios.

use super::Rng;

/// Enumerate all sign patterns up to this many pairs, draw at random beyond.
const EXACT_PAIRS: usize = 16;
const DRAWS: u32 = 20_000;

/// Two-sided p-value of "within a block it does not matter which contestant is which".
///
/// `groups` holds the log-ratios of the blocks of each program. The statistic is the mean over programs of the mean
/// over blocks; under the hypothesis the sign of each log-ratio is a fair coin. `None` without data.
pub fn paired_permutation(groups: &[Vec<f64>], rng: &mut Rng) -> Option<f64> {
    let used = groups.iter().filter(|group| !group.is_empty()).count();
    if used == 0 {
        return None;
    }
    let terms: Vec<f64> =
        groups.iter().flat_map(|group| group.iter().map(|log_ratio| log_ratio / (group.len() * used) as f64)).collect();
    let observed = terms.iter().sum::<f64>().abs();
    // Sums of the same terms in another order differ in the last bits and must count as ties.
    let at_least = observed - 1e-12 * terms.iter().map(|term| term.abs()).sum::<f64>();
    if terms.len() <= EXACT_PAIRS {
        let patterns = 1u32 << terms.len();
        let extreme = (0..patterns)
            .filter(|pattern| {
                let sum: f64 =
                    terms.iter().enumerate().map(|(i, term)| if pattern >> i & 1 == 1 { -term } else { *term }).sum();
                sum.abs() >= at_least
            })
            .count();
        return Some(extreme as f64 / f64::from(patterns));
    }
    let extreme = (0..DRAWS)
        .filter(|_| {
            let sum: f64 = terms.iter().map(|term| if rng.coin() { -term } else { *term }).sum();
            sum.abs() >= at_least
        })
        .count();
    // The observed labelling is one of the permutations, so the p-value is never 0 (Phipson and Smyth, 2010).
    Some((extreme as f64 + 1.0) / (f64::from(DRAWS) + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_p_value_of_three_pairs() {
        let mut rng = Rng::stream(1, "test");
        // all of one sign: only +++ and −−− are as extreme, 2 of 8
        assert_eq!(paired_permutation(&[vec![0.1, 0.2, 0.3]], &mut rng), Some(0.25));
        // |0.3 − 0.1 − 0.2| = 0: every pattern is as extreme
        assert_eq!(paired_permutation(&[vec![0.3, -0.1, -0.2]], &mut rng), Some(1.0));
        assert_eq!(paired_permutation(&[vec![], vec![]], &mut rng), None);
    }

    #[test]
    fn rejects_a_true_null_at_the_stated_rate() {
        let mut data = Rng::stream(11, "null data");
        let simulations = 1_000;
        let rejected = (0..simulations)
            .filter(|_| {
                let groups: Vec<Vec<f64>> = (0..3).map(|_| (0..5).map(|_| data.normal()).collect()).collect();
                paired_permutation(&groups, &mut Rng::stream(1, "draws")).is_some_and(|p| p <= 0.05)
            })
            .count();
        assert!((30..=70).contains(&rejected), "{rejected} of {simulations} rejected at 5 %");
    }

    #[test]
    fn finds_a_shift_of_one_standard_deviation() {
        let mut data = Rng::stream(12, "shift");
        let groups: Vec<Vec<f64>> = (0..4).map(|_| (0..30).map(|_| 1.0 + data.normal()).collect()).collect();
        let p = paired_permutation(&groups, &mut Rng::stream(1, "draws")).expect("data");
        assert!(p < 0.001, "{p}");
    }
}
