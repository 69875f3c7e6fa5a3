//! Averages.

/// Arithmetic mean; `NaN` of nothing.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Geometric mean, the only average of ratios that does not depend on which side is the denominator (Fleming and
/// Wallace, CACM 1986); `NaN` of nothing.
pub fn geometric_mean(ratios: &[f64]) -> f64 {
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp()
}

/// Quantile `p` in 0…1 of sorted values, linear between order statistics (Hyndman and Fan's type 7, the default of
/// R and NumPy); `NaN` of nothing.
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let position = p.clamp(0.0, 1.0) * last as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
}

/// The median; `NaN` of nothing.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geometric_mean_of_reciprocals_is_the_reciprocal() {
        assert!((geometric_mean(&[0.5, 2.0]) - 1.0).abs() < 1e-15);
        assert!((geometric_mean(&[1.0, 10.0, 100.0]) - 10.0).abs() < 1e-12);
        let ratios = [0.7, 1.3, 2.1];
        let inverse = ratios.map(f64::recip);
        assert!((geometric_mean(&ratios) * geometric_mean(&inverse) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn quantiles_interpolate_as_numpy_does() {
        let sorted = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(quantile(&sorted, 0.0), 1.0);
        assert_eq!(quantile(&sorted, 1.0), 8.0);
        assert_eq!(quantile(&sorted, 0.5), 3.0);
        // numpy.quantile([1, 2, 4, 8], 0.3) = 1.9
        assert!((quantile(&sorted, 0.3) - 1.9).abs() < 1e-12);
        assert_eq!(median(&[9.0, 1.0, 5.0]), 5.0);
        assert!(median(&[]).is_nan());
    }
}
