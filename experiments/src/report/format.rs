//! Numbers for people.

use crate::stats::Interval;

/// `1.23 ms`.
pub fn time(ns: f64) -> String {
    let (value, unit) = match ns {
        ns if ns >= 1e9 => (ns / 1e9, "s"),
        ns if ns >= 1e6 => (ns / 1e6, "ms"),
        ns if ns >= 1e3 => (ns / 1e3, "µs"),
        ns => (ns, "ns"),
    };
    format!("{} {unit}", three_digits(value))
}

/// `12.3 KiB`.
pub fn bytes(bytes: f64) -> String {
    let (value, unit) = match bytes {
        b if b >= 1024.0 * 1024.0 => (b / 1024.0 / 1024.0, "MiB"),
        b if b >= 1024.0 => (b / 1024.0, "KiB"),
        b => (b, "B"),
    };
    format!("{} {unit}", three_digits(value))
}

fn three_digits(value: f64) -> String {
    match value {
        v if v >= 100.0 || v == 0.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

/// `0.812 [0.790, 0.834]`, or a dash.
pub fn ratio(interval: Option<&Interval>) -> String {
    match interval {
        None => "–".to_owned(),
        Some(Interval { ratio, low: Some(low), high: Some(high), .. }) => format!("{ratio:.3} [{low:.3}, {high:.3}]"),
        Some(Interval { ratio, .. }) => format!("{ratio:.3}"),
    }
}

/// `0.031`, `< 0.001`.
pub fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits_and_name_their_unit() {
        assert_eq!(
            [time(950.0), time(1_234.0), time(45_600_000.0), time(2.5e9)],
            ["950 ns", "1.23 µs", "45.6 ms", "2.50 s"]
        );
        assert_eq!([bytes(0.0), bytes(2048.0), bytes(5.0 * 1048576.0)], ["0 B", "2.00 KiB", "5.00 MiB"]);
        assert_eq!(ratio(None), "–");
    }
}
