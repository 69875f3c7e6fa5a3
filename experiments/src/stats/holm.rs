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
    use crate::stats::{ALPHA, Rng, paired_permutation};

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

    /// Rule 16 of the methodology: policies that are all alike, compared with one baseline and with each other. No
    /// declared comparison may find a difference in more than 5 % of such experiments.
    #[test]
    fn family_wise_error_is_at_most_5_percent_on_a_global_null() {
        const SIMULATIONS: usize = 2_000;
        let mut data = Rng::stream(41, "global null");
        let mut wrong = 0;
        for _ in 0..SIMULATIONS {
            // 3 programs of 6 blocks, 4 policies; spreads differ by program as they do in a suite
            let mut blocks = Vec::new();
            for program in 0..3 {
                let spread = 0.01 * f64::from(1 << program);
                blocks.push((0..6).map(|_| [0; 4].map(|_| spread * data.normal())).collect::<Vec<[f64; 4]>>());
            }
            let p_values: Vec<f64> = [(1, 0), (2, 0), (3, 0), (1, 2), (2, 3)]
                .iter()
                .map(|&(subject, baseline): &(usize, usize)| {
                    let groups: Vec<Vec<f64>> = blocks
                        .iter()
                        .map(|program| program.iter().map(|block| block[subject] - block[baseline]).collect())
                        .collect();
                    paired_permutation(&groups, 1_000, &mut Rng::stream(1, "draws")).expect("data")
                })
                .collect();
            wrong += usize::from(holm(&p_values).iter().any(|p| *p <= ALPHA));
        }
        println!("family-wise error {wrong} of {SIMULATIONS}");
        assert!(wrong as f64 <= ALPHA * SIMULATIONS as f64, "{wrong} of {SIMULATIONS}");
    }
}
