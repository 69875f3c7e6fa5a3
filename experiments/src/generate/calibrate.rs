//! Sizes of a program, by the ticks that it takes: the same on every machine.

use std::collections::BTreeMap;

use crate::{
    failure::{Failure, Result},
    host::measured::{Measured, measure as measure_in_vm},
    suite::Size,
};

/// Ticks at each size, as the programs of the suite take in the middle.
const TARGETS: [(Size, u64); 4] =
    [(Size::Test, 500_000), (Size::Small, 3_000_000), (Size::Medium, 22_000_000), (Size::Large, 150_000_000)];
/// No call of `run` takes more while a program is calibrated.
const MOST_TICKS: u64 = 60_000_000;

/// Calls `run` once and says what it returned.
pub(super) fn measure(id: &str, source: &str, n: u64, fuel: Option<u64>) -> Result<Measured> {
    measure_in_vm(source, n, fuel).map_err(|message| Failure::work(format!("{id}: run({n}): {message}")))
}

/// The argument of `run` for each size, for `work` per cent of the usual work. Programs take time in proportion to
/// it, and something once: two calls say how much.
pub(super) fn sizes(id: &str, source: &str, work: u32) -> Result<BTreeMap<&'static str, u64>> {
    let wanted = |target: u64| target * u64::from(work) / 100;
    let ticks = |n| -> Result<u64> { Ok(measure(id, source, n, Some(MOST_TICKS))?.ticks) };
    let once = ticks(1)?;
    let (mut n, mut taken) = (1, once);
    // Until the call takes about as long as the smallest size, and most of it is what n asks for.
    while taken < wanted(TARGETS[0].1) / 2 || taken - once.min(taken) < taken / 2 {
        n *= (wanted(TARGETS[0].1) / taken.max(1)).clamp(2, 32);
        taken = ticks(n)?;
    }
    // Ticks for each step of n, in thousandths.
    let rate = ((taken - once) * 1000 / (n - 1)).max(1);
    Ok(TARGETS
        .iter()
        .map(|(size, target)| {
            let more = wanted(*target).saturating_sub(taken) * 1000 / rate;
            let fewer = taken.saturating_sub(wanted(*target)) * 1000 / rate;
            (size.name(), round((n + more).saturating_sub(fewer).max(1)))
        })
        .collect())
}

/// Two leading digits.
fn round(n: u64) -> u64 {
    let unit = 10u64.pow(n.ilog10().saturating_sub(1));
    n / unit * unit
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_are_round() {
        assert_eq!([7, 10, 99, 123, 98_765].map(super::round), [7, 10, 99, 120, 98_000]);
    }
}
