//! Paired permutation tests on the log-ratios of blocks: under the hypothesis it does not matter which of a block's
//! two processes is which, so the sign of each log-ratio is a fair coin (Fisher, *The Design of Experiments*, 1935,
//! section 21; Good, *Permutation, Parametric and Bootstrap Tests of Hypotheses*, 2005).

use super::Draw;

/// Count all sign patterns up to this many blocks, draw at random beyond.
const EXACT_BLOCKS: usize = 32;
/// Random sign patterns.
pub const DRAWS: u32 = 20_000;

/// Two-sided p-value of "on average over these programs, the ratio is 1".
///
/// `groups` holds the log-ratios of the blocks of each program. The statistic is the mean over programs of the mean
/// over blocks. Exact up to 32 blocks; beyond, from `draws` random patterns. `None` without data.
pub fn paired_permutation(groups: &[Vec<f64>], draws: u32, draw: &mut impl Draw) -> Option<f64> {
    let terms = terms(groups, 0.0)?;
    Some(share(&terms, terms.iter().sum::<f64>().abs(), Sides::Both, draws, draw))
}

/// One-sided p-value of "on average over these programs, the logarithm of the ratio is at least `bound`": small when it
/// lies below. Needs log-ratios that spread symmetrically. Otherwise as [`paired_permutation`].
pub fn paired_permutation_below(groups: &[Vec<f64>], bound: f64, draws: u32, draw: &mut impl Draw) -> Option<f64> {
    let terms = terms(groups, bound)?;
    // As extreme as observed is a sum at most as large: with signs reversed, one at least as large.
    Some(share(&terms, -terms.iter().sum::<f64>(), Sides::One, draws, draw))
}

/// What each block adds to the statistic.
fn terms(groups: &[Vec<f64>], bound: f64) -> Option<Vec<f64>> {
    let used = groups.iter().filter(|group| !group.is_empty()).count();
    let terms = groups
        .iter()
        .flat_map(|group| group.iter().map(|log_ratio| (log_ratio - bound) / (group.len() * used) as f64))
        .collect();
    (used > 0).then_some(terms)
}

/// Which sums count as extreme: at least as large as observed, or at least as far from zero.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sides {
    One,
    Both,
}

/// The share of sign patterns whose sum is as extreme as `observed`.
fn share(terms: &[f64], observed: f64, sides: Sides, draws: u32, draw: &mut impl Draw) -> f64 {
    // Sums of the same terms in another order differ in the last bits and must count as ties.
    let bound = observed - 1e-12 * terms.iter().map(|term| term.abs()).sum::<f64>();
    if terms.len() <= EXACT_BLOCKS {
        // Every sum is one of the front half's and one of the back half's: with one half sorted, no need to list all.
        let (front, back) = terms.split_at(terms.len() / 2);
        let mut front = signed_sums(front);
        front.sort_by(f64::total_cmp);
        let at_least = |back: f64| front.len() - front.partition_point(|sum| sum + back < bound);
        let one_side: usize = signed_sums(back).into_iter().map(at_least).sum();
        // Patterns come in pairs of opposite sums.
        let extreme = if sides == Sides::Both { 2 * one_side } else { one_side };
        return (extreme as f64 / (terms.len() as f64).exp2()).min(1.0);
    }
    let extreme = (0..draws)
        .filter(|_| {
            let sum: f64 = terms.iter().map(|term| if draw.coin() { -term } else { *term }).sum();
            bound <= if sides == Sides::Both { sum.abs() } else { sum }
        })
        .count();
    // The observed labelling is one of the permutations, so the p-value is never 0 (Phipson and Smyth, Statistical
    // Applications in Genetics and Molecular Biology 9(1), 2010).
    (extreme as f64 + 1.0) / (f64::from(draws) + 1.0)
}

/// The sums of the terms under all sign patterns.
fn signed_sums(terms: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0];
    for term in terms {
        sums = sums.iter().flat_map(|sum| [sum + term, sum - term]).collect();
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Rng;

    fn two_sided(groups: &[Vec<f64>]) -> Option<f64> {
        paired_permutation(groups, DRAWS, &mut Rng::stream(1, "test"))
    }

    #[test]
    fn exact_p_values_of_three_blocks() {
        // all of one sign: only +++ and −−− are as extreme, 2 of 8
        assert_eq!(two_sided(&[vec![0.1, 0.2, 0.3]]), Some(0.25));
        // |0.3 − 0.1 − 0.2| = 0: every pattern is as extreme
        assert_eq!(two_sided(&[vec![0.3, -0.1, -0.2]]), Some(1.0));
        assert_eq!(two_sided(&[vec![], vec![]]), None);
        let below = |bound| paired_permutation_below(&[vec![0.1, 0.2, 0.3]], bound, DRAWS, &mut Rng::stream(1, "test"));
        assert_eq!(below(0.4), Some(0.125), "all lie below");
        assert_eq!(below(0.0), Some(1.0), "all lie above");
        assert_eq!(below(0.2), Some(0.5 + 1.0 / 4.0), "three of four patterns of −, 0, + sum to at most 0, twice");
    }

    #[test]
    fn counting_and_drawing_agree() {
        let mut data = Rng::stream(4, "agree");
        let few: Vec<f64> = (0..32).map(|_| 0.25 + data.normal()).collect();
        // A block without a difference changes no sum, and makes the test draw.
        let many: Vec<f64> = few.iter().copied().chain([0.0]).map(|value| value * 33.0 / 32.0).collect();
        let (exact, drawn) = (two_sided(&[few]).expect("data"), two_sided(&[many]).expect("data"));
        assert!((exact - drawn).abs() < 0.01, "{exact} {drawn}");
    }

    #[test]
    fn rejects_a_true_null_at_the_stated_rate() {
        let mut data = Rng::stream(11, "null data");
        let simulations = 1_000;
        let (mut differ, mut below) = (0, 0);
        for _ in 0..simulations {
            let groups: Vec<Vec<f64>> = (0..3).map(|_| (0..5).map(|_| data.normal()).collect()).collect();
            differ += usize::from(two_sided(&groups).is_some_and(|p| p <= 0.05));
            let p = paired_permutation_below(&groups, 0.0, DRAWS, &mut Rng::stream(1, "draws"));
            below += usize::from(p.is_some_and(|p| p <= 0.05));
        }
        assert!((30..=70).contains(&differ), "{differ} of {simulations} rejected at 5 %");
        assert!((30..=70).contains(&below), "{below} of {simulations} rejected at 5 %");
    }

    #[test]
    fn finds_a_shift_of_one_standard_deviation() {
        let mut data = Rng::stream(12, "shift");
        let groups: Vec<Vec<f64>> = (0..4).map(|_| (0..30).map(|_| 1.0 + data.normal()).collect()).collect();
        let p = two_sided(&groups).expect("data");
        assert!(p < 0.001, "{p}");
    }
}
