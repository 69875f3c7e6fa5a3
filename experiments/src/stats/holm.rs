//! Holm's step-down correction (Scandinavian Journal of Statistics, 1979).

/// Adjusted p-values in the order given: rejecting those at most α keeps the family-wise error at α.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let count = p_values.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![1.0; count];
    let mut running: f64 = 0.0;
    for (rank, &index) in order.iter().enumerate() {
        running = running.max(p_values[index] * (count - rank) as f64).min(1.0);
        adjusted[index] = running;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_hand_computed_adjustment() {
        // sorted 0.01·4, 0.03·3, 0.04·2 (held up by 0.09), 0.05·1 (held up)
        let adjusted = holm(&[0.04, 0.01, 0.05, 0.03]);
        for (found, expected) in adjusted.iter().zip([0.09, 0.04, 0.09, 0.09]) {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
        assert!(holm(&[]).is_empty());
        assert_eq!(holm(&[0.7, 0.8]), [1.0, 1.0]);
    }
}
