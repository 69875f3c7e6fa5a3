//! Is there a steady state?

use super::median;

/// Fewer iterations than this in the later half say nothing about flatness.
const MIN_TAIL: usize = 3;
/// Largest drift over the tail, relative to its median, that still counts as flat.
const MAX_DRIFT: f64 = 0.05;
/// A drift of fewer median absolute residuals than this is no drift.
const NOISE: f64 = 3.0;

/// The later half of a process's iterations.
pub fn steady_tail(iterations: &[f64]) -> &[f64] {
    &iterations[iterations.len() / 2..]
}

/// The later half of the iterations if it is flat: its drift (Theil–Sen slope times length) stays within 5 % of its
/// median, or within the noise around the trend. `None` where a process is still getting faster or slower, or was
/// too short to tell.
pub fn flat_tail(iterations: &[f64]) -> Option<&[f64]> {
    let tail = steady_tail(iterations);
    if tail.len() < MIN_TAIL {
        return None;
    }
    let slopes: Vec<f64> =
        (0..tail.len()).flat_map(|i| (i + 1..tail.len()).map(move |j| (tail[j] - tail[i]) / (j - i) as f64)).collect();
    let drift = median(&slopes) * (tail.len() - 1) as f64;
    let slope = drift / (tail.len() - 1) as f64;
    let middle = median(tail);
    let centre = (tail.len() - 1) as f64 / 2.0;
    let residuals: Vec<f64> =
        tail.iter().enumerate().map(|(i, value)| (value - middle - slope * (i as f64 - centre)).abs()).collect();
    (drift.abs() <= (MAX_DRIFT * middle).max(NOISE * median(&residuals))).then_some(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warm_up_in_the_first_half_does_not_matter() {
        let series = [9.0, 5.0, 2.0, 1.01, 1.0, 1.02, 0.99, 1.0];
        assert_eq!(flat_tail(&series), Some(&series[4..]));
    }

    #[test]
    fn a_series_that_still_gets_faster_has_no_steady_state() {
        let series: Vec<f64> = (0..12).map(|i| 10.0 - 0.3 * f64::from(i)).collect();
        assert_eq!(flat_tail(&series), None);
        assert_eq!(flat_tail(&[1.0, 1.0, 1.0]), None);
        assert_eq!(flat_tail(&[]), None);
    }

    #[test]
    fn noise_around_a_level_is_flat() {
        let series = [1.0, 1.0, 1.0, 1.0, 1.1, 0.9, 1.12, 0.97];
        assert!(flat_tail(&series).is_some());
    }

    #[test]
    fn one_outlier_does_not_hide_a_steady_state() {
        let series = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 3.0, 1.0, 1.0, 1.0];
        assert!(flat_tail(&series).is_some());
    }
}
