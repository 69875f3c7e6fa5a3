//! Rank correlation, and medians over units.

use serde::Serialize;

use super::{Draw, median, quantile};

/// A median with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MedianInterval {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

/// Ranks from 1; equal values share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    for group in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let below = order.iter().position(|at| *at == group[0]).expect("it is in the order") as f64;
        for at in group {
            ranks[*at] = below + (group.len() as f64 + 1.0) / 2.0;
        }
    }
    ranks
}

/// Spearman's rank correlation of pairs, from −1 to 1; `None` for fewer than three, or where one side is all equal.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() != b.len() || a.len() < 3 {
        return None;
    }
    let centre = (a.len() as f64 + 1.0) / 2.0;
    let (a, b) = (ranks(a), ranks(b));
    let product = |x: &[f64], y: &[f64]| -> f64 { x.iter().zip(y).map(|(x, y)| (x - centre) * (y - centre)).sum() };
    let scale = (product(&a, &a) * product(&b, &b)).sqrt();
    (scale > 0.0).then(|| product(&a, &b) / scale)
}

/// The median over units, with a 95 % percentile interval (Efron); `None` of nothing.
pub fn median_interval(values: &[f64], resamples: u32, draw: &mut impl Draw) -> Option<MedianInterval> {
    if values.is_empty() {
        return None;
    }
    let mut medians: Vec<f64> = (0..resamples)
        .map(|_| median(&(0..values.len()).map(|_| values[draw.below(values.len())]).collect::<Vec<_>>()))
        .collect();
    medians.sort_by(f64::total_cmp);
    Some(MedianInterval { median: median(values), low: quantile(&medians, 0.025), high: quantile(&medians, 0.975) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Rng;

    #[test]
    fn correlation_goes_by_ranks_only() {
        let values = [3.0, 1.0, 4.0, 1.5, 9.0];
        assert_eq!(spearman(&values, &values.map(|value| value.powi(3))), Some(1.0));
        assert_eq!(spearman(&values, &values.map(|value| -value)), Some(-1.0));
        assert_eq!(spearman(&values, &[1.0; 5]), None);
        assert_eq!(spearman(&values[..2], &values[..2]), None);
    }

    #[test]
    fn equal_values_share_a_rank() {
        // By hand: ranks 1, 2.5, 2.5, 4 against 1, 3, 2, 4.
        assert_eq!(ranks(&[1.0, 2.0, 2.0, 3.0]), [1.0, 2.5, 2.5, 4.0]);
        let found = spearman(&[1.0, 2.0, 2.0, 3.0], &[1.0, 3.0, 2.0, 4.0]).expect("both sides vary");
        assert!((found - 4.5 / (4.5_f64 * 5.0).sqrt()).abs() < 1e-12, "{found}");
    }

    #[test]
    fn an_interval_covers_the_median_of_the_population() {
        let mut data = Rng::stream(1, "population");
        let covered = (0..500)
            .filter(|seed| {
                let sample: Vec<f64> = (0..40).map(|_| data.normal()).collect();
                let interval = median_interval(&sample, 400, &mut Rng::stream(*seed, "resamples")).expect("data");
                (interval.low..=interval.high).contains(&0.0)
            })
            .count();
        assert!((455..=495).contains(&covered), "{covered} of 500");
    }
}
