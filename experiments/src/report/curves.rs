//! Warm-up curves: CPU time of each iteration, one line per contestant.

use super::{
    axis::round_up,
    format,
    svg::{Anchor, Svg},
};

pub struct Curve {
    pub label: String,
    /// CSS class of its colour.
    pub class: String,
    /// Nanoseconds by iteration.
    pub values: Vec<f64>,
}

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 150.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 22.0;

/// One small plot; the vertical axis begins at 0.
pub fn plot(curves: &[Curve], title: &str) -> String {
    let mut svg = Svg::new(WIDTH, HEIGHT);
    svg.text("heading", (LEFT, 13.0), Anchor::Start, title);
    let highest = curves.iter().flat_map(|curve| &curve.values).copied().filter(|v| v.is_finite()).fold(0.0, f64::max);
    let count = curves.iter().map(|curve| curve.values.len()).max().unwrap_or(0);
    let top = round_up(highest);
    let y = |value: f64| HEIGHT - BOTTOM - (value / top).clamp(0.0, 1.0) * (HEIGHT - TOP - BOTTOM);
    let x = |i: usize| LEFT + i as f64 / (count.max(2) - 1) as f64 * (WIDTH - LEFT - RIGHT);
    for share in [0.0, 0.5, 1.0] {
        svg.line("grid", (LEFT, y(top * share)), (WIDTH - RIGHT, y(top * share)));
        svg.text("tick", (LEFT - 5.0, y(top * share) + 4.0), Anchor::End, &format::time(top * share));
    }
    for i in [0, count.saturating_sub(1)] {
        svg.text("tick", (x(i), HEIGHT - 7.0), Anchor::Middle, &format!("{}", i + 1));
    }
    for curve in curves {
        let points: Vec<(f64, f64)> = curve.values.iter().enumerate().map(|(i, value)| (x(i), y(*value))).collect();
        let first = curve.values.first().copied().unwrap_or(0.0);
        let last = curve.values.last().copied().unwrap_or(0.0);
        let tip = format!("{}: first {}, last {}", curve.label, format::time(first), format::time(last));
        svg.titled(&tip, |svg| {
            if points.len() > 1 {
                svg.polyline(&format!("curve {}", curve.class), &points);
            }
            if let Some(end) = points.last() {
                svg.circle(&format!("fill {}", curve.class), *end, 2.4);
            }
        });
    }
    svg.finish(&format!("CPU time per iteration of {title}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::svg::tests::assert_well_formed;

    #[test]
    fn curves_of_any_length_are_drawn() {
        let curve = |values: Vec<f64>| Curve { label: "x".into(), class: "c1".into(), values };
        assert_well_formed(&plot(&[curve(vec![3e6, 2e6, 1e6]), curve(vec![1e6]), curve(vec![])], "a/b"));
        assert_well_formed(&plot(&[], "none"));
    }
}
