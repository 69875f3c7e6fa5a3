//! Is there a steady state?

use super::median;

/// Fewer iterations than this in the later half say nothing about flatness.
const MIN_TAIL: usize = 3;
/// Largest drift over the tail, relative to its median, that still counts as flat.
const MAX_DRIFT: f64 = 0.05;

/// The later half of a process's iterations.
pub fn steady_tail(iterations: &[f64]) -> &[f64] {
    &iterations[iterations.len() / 2..]
}

/// The later half of the iterations if it is flat: its Theil–Sen slope times its length stays within 5 % of its
/// median. `None` where a process is still getting faster or slower, or was too short to tell.
pub fn flat_tail(iterations: &[f64]) -> Option<&[f64]> {
    let tail = steady_tail(iterations);
    if tail.len() < MIN_TAIL {
        return None;
    }
    let slopes: Vec<f64> =
        (0..tail.len()).flat_map(|i| (i + 1..tail.len()).map(move |j| (tail[j] - tail[i]) / (j - i) as f64)).collect();
    let drift = median(&slopes) * (tail.len() - 1) as f64;
    (drift.abs() <= MAX_DRIFT * median(tail)).then_some(tail)
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
    fn one_outlier_does_not_hide_a_steady_state() {
        let series = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 3.0, 1.0, 1.0, 1.0];
        assert!(flat_tail(&series).is_some());
    }
}
