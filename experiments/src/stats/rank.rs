//! Rank correlation, and medians over units.

use serde::Serialize;

use super::{ALPHA, median};

/// A median with its interval, which holds the population's in at least 95 %; without where there are too few values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MedianInterval {
    pub median: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
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

/// The median over units, with the interval between two order statistics, whatever the distribution (David and Nagaraja,
/// *Order Statistics*, 2003, section 7.1); `None` of nothing.
pub fn median_interval(values: &[f64]) -> Option<MedianInterval> {
    if values.is_empty() {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = order_statistic(values.len());
    Some(MedianInterval {
        median: median(values),
        low: place.map(|place| sorted[place]),
        high: place.map(|place| sorted[sorted.len() - 1 - place]),
    })
}

/// The place from either end, from 0, of the innermost of `count` sorted values that the median lies beyond with
/// probability 2.5 % at most; `None` for fewer than six. So many values lie below the median as coins show heads.
fn order_statistic(count: usize) -> Option<usize> {
    let (mut log_term, mut at_most, mut places) = (-(count as f64) * std::f64::consts::LN_2, 0.0, 0_usize);
    loop {
        at_most += f64::exp(log_term);
        if at_most > ALPHA / 2.0 {
            return places.checked_sub(1);
        }
        places += 1;
        log_term += ((count + 1 - places) as f64 / places as f64).ln();
    }
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
    fn an_interval_covers_the_median_of_the_population_in_at_least_93_percent() {
        for count in [6, 10, 20, 40] {
            let mut data = Rng::stream(1, "population");
            let covered = (0..2_000).filter(|_| {
                // Skewed, with median 1.
                let sample: Vec<f64> = (0..count).map(|_| data.normal().exp()).collect();
                let interval = median_interval(&sample).expect("data");
                interval.low.is_some_and(|low| low <= 1.0) && interval.high.is_some_and(|high| high >= 1.0)
            });
            let share = covered.count() as f64 / 2_000.0;
            println!("coverage {share}: {count} values");
            assert!((0.93..=0.99).contains(&share), "{count}: {share}");
        }
    }

    #[test]
    fn few_values_have_a_median_and_no_interval() {
        let found = median_interval(&[3.0, 1.0, 2.0, 5.0, 4.0]).expect("data");
        assert_eq!(found, MedianInterval { median: 3.0, low: None, high: None });
        let found = median_interval(&[3.0, 1.0, 2.0, 6.0, 5.0, 4.0]).expect("data");
        assert_eq!((found.low, found.high), (Some(1.0), Some(6.0)));
        assert_eq!(median_interval(&[]), None);
        // Printed tables: the 2nd of 10, the 6th of 20, the 14th of 40.
        assert_eq!([6, 9, 10, 20, 40].map(order_statistic), [0, 1, 1, 5, 13].map(Some));
        assert_eq!(order_statistic(2_000), Some(955));
    }
}
