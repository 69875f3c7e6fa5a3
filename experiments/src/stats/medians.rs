//! Ratio of medians with its bootstrap interval: a few processes that something disturbed do not move it.
//!
//! The interval is the expanded percentile interval (Hesterberg, "What teachers should know about the bootstrap", The
//! American Statistician 69(4), 2015): plain percentiles are too narrow for few units, so the tails are moved out as
//! Student's t moves them out from the normal. A median has no standard error to studentise by. For a handful of
//! processes, whose medians take a handful of values, it is Student's t instead, with a standard error 1.25 times that of
//! the mean: √(π/2), what a median loses against a mean of normal values (Kendall and Stuart, *The Advanced Theory of
//! Statistics*, volume 1, section 10.10).

use super::{
    ALPHA, Draw,
    bootstrap::{FEWEST_UNITS, Interval, Pair, degrees, standard_error},
    detectable, mean, median, normal_cdf, quantile, student_quantile,
};

/// Standard error of a median, relative to that of the mean: √(π/2).
const LOSS: f64 = 1.253_314_137_315_5;

/// The ratio of medians over the blocks of one program, with a 95 % interval from `resamples` resamples. `None` without
/// data.
pub fn median_ratio(blocks: &[Pair], resamples: u32, draw: &mut impl Draw) -> Option<Interval> {
    let log_ratio = |blocks: &[(f64, f64)]| {
        let side = |side: fn(&(f64, f64)) -> f64| median(&blocks.iter().map(side).collect::<Vec<_>>());
        (side(|block| block.0) / side(|block| block.1)).ln()
    };
    let blocks: Vec<(f64, f64)> = blocks.iter().map(|pair| (mean(&pair.subject), mean(&pair.baseline))).collect();
    if blocks.is_empty() {
        return None;
    }
    let (ratio, units) = (log_ratio(&blocks).exp(), blocks.len());
    let point = Interval { ratio, low: None, high: None, detectable: None, programs: 1, blocks: units };
    if units < 2 || resamples < 2 || !ratio.is_finite() || ratio == 0.0 {
        return Some(point);
    }
    let degrees = degrees(units);
    if units < FEWEST_UNITS {
        let log_ratios: Vec<f64> = blocks.iter().map(|(subject, baseline)| (subject / baseline).ln()).collect();
        let spread = LOSS * standard_error(&log_ratios);
        let half = student_quantile(1.0 - ALPHA / 2.0, degrees) * spread;
        return Some(point.between(ratio.ln() - half, ratio.ln() + half, detectable(spread, degrees, ALPHA)));
    }
    let mut medians: Vec<f64> = (0..resamples)
        .map(|_| {
            let drawn: Vec<(f64, f64)> = (0..units).map(|_| blocks[draw.below(units)]).collect();
            log_ratio(&drawn)
        })
        .collect();
    medians.sort_by(f64::total_cmp);
    let tail = expanded_tail(units as f64, degrees);
    let centre = mean(&medians);
    let variance = medians.iter().map(|value| (value - centre).powi(2)).sum::<f64>() / (medians.len() - 1) as f64;
    let (low, high) = (quantile(&medians, tail), quantile(&medians, 1.0 - tail));
    Some(point.between(low, high, detectable(variance.sqrt(), degrees, ALPHA)))
}

/// Probability in each tail of the expanded percentile interval over so many units.
fn expanded_tail(units: f64, degrees: u32) -> f64 {
    normal_cdf(-(units / (units - 1.0)).sqrt() * student_quantile(1.0 - ALPHA / 2.0, degrees))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Rng, simulation::Setup};

    #[test]
    fn interval_of_medians_covers_the_truth_in_at_least_93_percent() {
        for blocks in [3, 4, 5, 7, 8, 10, 20, 30] {
            let setup = Setup { blocks, effect: 0.1, ..Setup::default() };
            let mut data = Rng::stream(2_718, "coverage data");
            let covered = (0..1_000)
                .filter(|simulation| {
                    let mut rng = Rng::stream(3_141, &format!("coverage {simulation}"));
                    let found = median_ratio(&setup.measure(&mut data)[0], 500, &mut rng).expect("data");
                    found.low.is_some_and(|low| low <= 0.1f64.exp())
                        && found.high.is_some_and(|high| high >= 0.1f64.exp())
                })
                .count();
            println!("coverage {covered} of 1000: {blocks} blocks");
            // Medians take few values over few blocks, which makes their intervals a little too wide.
            assert!((930..=985).contains(&covered), "{blocks} blocks: {covered} of 1000");
        }
    }

    #[test]
    fn one_disturbed_process_does_not_move_a_ratio_of_medians() {
        let mut blocks: Vec<Pair> = (0..9).map(|_| Pair::scalar(2.0, 1.0)).collect();
        blocks[4].subject = vec![50.0];
        let found = median_ratio(&blocks, 400, &mut Rng::stream(1, "x")).expect("data");
        assert_eq!((found.ratio, found.low, found.high.map(f64::round)), (2.0, Some(2.0), Some(2.0)));
        let single = median_ratio(&blocks[..1], 400, &mut Rng::stream(1, "x")).expect("data");
        assert_eq!((single.ratio, single.low), (2.0, None));
        assert_eq!(median_ratio(&[], 400, &mut Rng::stream(1, "x")), None);
    }

    #[test]
    fn few_units_widen_the_interval() {
        assert!(expanded_tail(3.0, 2) < 1e-6);
        assert!((expanded_tail(10_000.0, 9_999) - 0.025).abs() < 1e-4);
    }
}
