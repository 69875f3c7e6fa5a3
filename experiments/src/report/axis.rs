//! Scales and their ticks.

/// A logarithmic scale for ratios, with 1 always in sight.
pub struct RatioAxis {
    low: f64,
    high: f64,
    left: f64,
    right: f64,
}

/// Ratios that make good ticks, at least one on each side of 1 in any range.
const TICKS: [f64; 23] = [
    0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0,
    50.0, 100.0,
];

impl RatioAxis {
    /// A scale from `left` to `right` that holds all positive finite `values`.
    pub fn new(values: impl Iterator<Item = f64>, left: f64, right: f64) -> Self {
        let (mut low, mut high) = (0.97f64, 1.03f64);
        for value in values.filter(|value| value.is_finite() && *value > 0.0) {
            low = low.min(value);
            high = high.max(value);
        }
        let margin = ((high / low).ln() * 0.05).exp();
        Self { low: low / margin, high: high * margin, left, right }
    }

    pub fn x(&self, ratio: f64) -> f64 {
        let share = (ratio.max(1e-9) / self.low).ln() / (self.high / self.low).ln();
        self.left + share.clamp(0.0, 1.0) * (self.right - self.left)
    }

    /// Ticks at least 34 apart; 1 is always one of them.
    pub fn ticks(&self) -> Vec<f64> {
        const APART: f64 = 34.0;
        let mut chosen = vec![1.0];
        let candidates = |far: bool| TICKS.into_iter().filter(move |tick| if far { *tick > 1.0 } else { *tick < 1.0 });
        let mut last = self.x(1.0);
        for tick in candidates(true).filter(|tick| *tick <= self.high) {
            if self.x(tick) - last >= APART {
                chosen.push(tick);
                last = self.x(tick);
            }
        }
        last = self.x(1.0);
        let mut below: Vec<f64> = candidates(false).filter(|tick| *tick >= self.low).collect();
        below.reverse();
        for tick in below {
            if last - self.x(tick) >= APART {
                chosen.push(tick);
                last = self.x(tick);
            }
        }
        chosen
    }
}

/// A tick's label without needless zeros.
pub fn tick_label(tick: f64) -> String {
    let text = format!("{tick:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}×")
}

/// A round number at least as large as `value`: 1, 2, 2.5 or 5 times a power of ten.
pub fn round_up(value: f64) -> f64 {
    if value.is_nan() || value <= 0.0 || value.is_infinite() {
        return 1.0;
    }
    let power = 10f64.powf(value.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|m| m * power).find(|top| *top >= value).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_always_a_tick_and_values_stay_inside() {
        for values in [vec![], vec![0.5], vec![0.02, 40.0], vec![1.001, f64::NAN, 0.0]] {
            let axis = RatioAxis::new(values.iter().copied(), 100.0, 400.0);
            assert!(axis.ticks().contains(&1.0));
            for value in values {
                assert!((100.0..=400.0).contains(&axis.x(value)) || value.is_nan());
            }
        }
        assert_eq!([tick_label(1.0), tick_label(0.95), tick_label(10.0)], ["1×", "0.95×", "10×"]);
        assert_eq!([round_up(0.0), round_up(3.1), round_up(0.021)], [1.0, 5.0, 0.025]);
    }
}
