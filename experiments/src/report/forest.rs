//! Forest plots: ratios with their intervals on a logarithmic axis.

use super::{
    axis::{RatioAxis, tick_label},
    format,
    svg::{Anchor, Svg},
};
use crate::stats::Interval;

/// One line of a forest plot.
pub struct Row {
    pub label: String,
    pub interval: Option<Interval>,
    /// CSS class of its colour.
    pub class: String,
    /// A summary over other rows: drawn as a diamond.
    pub total: bool,
    /// A thin line above this row.
    pub rule: bool,
}

const ROW: f64 = 19.0;

/// Widths: of the labels, the plot, and the numbers on the right.
pub struct Layout {
    pub labels: f64,
    pub plot: f64,
    pub numbers: f64,
}

/// `scale` are further values that the axis has to hold: plots with the same ones can be compared.
pub fn plot(rows: &[Row], scale: &[f64], layout: &Layout, title: &str) -> String {
    let top = 8.0;
    let bottom = top + ROW * rows.len() as f64;
    let mut svg = Svg::new(layout.labels + layout.plot + layout.numbers, bottom + 26.0);
    let values = rows.iter().filter_map(|row| row.interval).flat_map(|i| [Some(i.ratio), i.low, i.high]);
    let values = values.flatten().chain(scale.iter().copied());
    let axis = RatioAxis::new(values, layout.labels + 6.0, layout.labels + layout.plot - 6.0);
    for tick in axis.ticks() {
        let x = axis.x(tick);
        svg.line(if tick == 1.0 { "one" } else { "grid" }, (x, top - 4.0), (x, bottom + 2.0));
        svg.text("tick", (x, bottom + 16.0), Anchor::Middle, &tick_label(tick));
    }
    for (index, row) in rows.iter().enumerate() {
        let y = top + ROW * (index as f64 + 0.5);
        if row.rule {
            svg.line("rule", (0.0, y - ROW / 2.0), (layout.labels + layout.plot + layout.numbers, y - ROW / 2.0));
        }
        let label_class = if row.total { "label total" } else { "label" };
        svg.text(label_class, (layout.labels - 6.0, y + 4.0), Anchor::End, &row.label);
        let numbers = layout.labels + layout.plot + 8.0;
        svg.text("number", (numbers, y + 4.0), Anchor::Start, &format::ratio(row.interval.as_ref()));
        let Some(interval) = row.interval else { continue };
        let tip = format!("{}: {}", row.label, format::ratio(Some(&interval)));
        svg.titled(&tip, |svg| mark(svg, &axis, &interval, row, y));
    }
    svg.finish(title)
}

fn mark(svg: &mut Svg, axis: &RatioAxis, interval: &Interval, row: &Row, y: f64) {
    let x = axis.x(interval.ratio);
    let ends = interval.low.zip(interval.high).map(|(low, high)| (axis.x(low), axis.x(high)));
    if row.total {
        let (left, right) = ends.unwrap_or((x - 4.0, x + 4.0));
        svg.polygon(&format!("fill {}", row.class), &[(left, y), (x, y - 5.5), (right, y), (x, y + 5.5)]);
        return;
    }
    if let Some((left, right)) = ends {
        svg.line(&format!("bar {}", row.class), (left, y), (right, y));
    }
    svg.circle(&format!("fill {}", row.class), (x, y), 3.6);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::svg::tests::assert_well_formed;

    #[test]
    fn rows_without_numbers_and_without_intervals_are_drawn() {
        let interval =
            Interval { ratio: 0.7, low: Some(0.6), high: Some(0.8), detectable: None, programs: 2, blocks: 4 };
        let bare = Interval { low: None, high: None, ..interval };
        let row = |label: &str, interval, total| Row {
            label: label.into(),
            interval,
            class: "c0".into(),
            total,
            rule: total,
        };
        let rows = [row("a<b", Some(interval), false), row("none", None, false), row("all", Some(bare), true)];
        let text = plot(&rows, &[], &Layout { labels: 100.0, plot: 300.0, numbers: 150.0 }, "test");
        assert_well_formed(&text);
        assert_eq!(text.matches("<circle").count(), 1);
        assert_eq!(text.matches("<polygon").count(), 1);
        assert_well_formed(&plot(&[], &[2.0], &Layout { labels: 1.0, plot: 50.0, numbers: 1.0 }, "empty"));
    }
}
