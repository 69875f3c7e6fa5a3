//! Benjamini and Hochberg's step-up correction (Journal of the Royal Statistical Society B 57(1), 1995).

/// Adjusted p-values in the order given: of those at most α that are called differences, a share of α is expected to be
/// none. For exploration; what was declared beforehand is corrected by [`holm`](super::holm).
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let count = p_values.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| p_values[b].total_cmp(&p_values[a]));
    let mut adjusted = vec![1.0; count];
    let mut running: f64 = 1.0;
    for (above, &index) in order.iter().enumerate() {
        running = running.min(p_values[index] * count as f64 / (count - above) as f64);
        adjusted[index] = running;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{ALPHA, Rng};

    #[test]
    fn equals_the_hand_computed_adjustment() {
        // sorted 0.01·4/1, 0.02·4/2, 0.04·4/3 (held down by 0.05), 0.05·4/4
        let adjusted = benjamini_hochberg(&[0.04, 0.01, 0.05, 0.02]);
        for (found, expected) in adjusted.iter().zip([0.05, 0.04, 0.05, 0.04]) {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
        assert!(benjamini_hochberg(&[]).is_empty());
    }

    #[test]
    fn false_discoveries_stay_below_the_level() {
        let mut data = Rng::stream(8, "discoveries");
        let simulations = 2_000;
        // 12 tests without an effect, 8 with one
        let share: f64 = (0..simulations)
            .map(|_| {
                let p: Vec<f64> = (0..20).map(|at| data.unit().powi(if at < 12 { 1 } else { 12 })).collect();
                let found: Vec<usize> = (0..20).filter(|at| benjamini_hochberg(&p)[*at] <= ALPHA).collect();
                found.iter().filter(|at| **at < 12).count() as f64 / found.len().max(1) as f64
            })
            .sum::<f64>()
            / f64::from(simulations);
        assert!(share <= ALPHA, "{share}");
    }
}
