//! Is a column the name of a program in disguise?
//!
//! A model that can tell programs apart recites what it has seen of each. Such a column is not always constant within a
//! program, but its values keep to a range of their own in each.

use std::collections::{BTreeMap, BTreeSet};

/// Chance arranges the functions of several groups in ranges of their own less often than this.
const CHANCE: f64 = 1e-6;
/// With fewer groups, any column with two levels would be suspect.
const FEWEST_GROUPS: usize = 3;

/// Whether the column has a value of its own for each group (a program, a family), or a range of its own that chance
/// does not explain. Says nothing about fewer than three groups, or groups of a single function.
pub(crate) fn names_the_group(values: &[f64], groups: &[u32], functions: &[u64]) -> bool {
    let mut ranges: BTreeMap<u32, (f64, f64, BTreeSet<u64>)> = BTreeMap::new();
    for ((value, group), function) in values.iter().zip(groups).zip(functions) {
        let range = ranges.entry(*group).or_insert((f64::INFINITY, f64::NEG_INFINITY, BTreeSet::new()));
        range.0 = range.0.min(*value);
        range.1 = range.1.max(*value);
        range.2.insert(*function);
    }
    if ranges.len() < FEWEST_GROUPS || ranges.values().any(|(_, _, functions)| functions.len() < 2) {
        return false;
    }
    let mut sorted: Vec<(f64, f64, usize)> =
        ranges.into_values().map(|(low, high, functions)| (low, high, functions.len())).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    if sorted.windows(2).any(|pair| pair[0].1 >= pair[1].0) {
        return false;
    }
    let constant = sorted.iter().all(|(low, high, _)| low == high);
    constant || chance_of_ranges(sorted.iter().map(|range| range.2)) < CHANCE
}

/// Probability that values in random order lie group by group: groups! · Π members! / values!.
fn chance_of_ranges(members: impl Iterator<Item = usize>) -> f64 {
    let log_factorial = |n: usize| (2..=n).map(|i| (i as f64).ln()).sum::<f64>();
    let (mut groups, mut values, mut log) = (0, 0, 0.0);
    for members in members {
        groups += 1;
        values += members;
        log += log_factorial(members);
    }
    (log + log_factorial(groups) - log_factorial(values)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rule 10 of the methodology.
    #[test]
    fn a_planted_program_identity_is_found_with_noise_and_in_any_order() {
        // six programs of eight functions, ten rows each
        let rows: Vec<(u32, u64)> = (0..480).map(|row| (row / 80, u64::from(row / 10))).collect();
        let (groups, functions): (Vec<u32>, Vec<u64>) = rows.iter().copied().unzip();
        let names = |value: &dyn Fn(usize, u32) -> f64| {
            let values: Vec<f64> = groups.iter().enumerate().map(|(row, group)| value(row, *group)).collect();
            names_the_group(&values, &groups, &functions)
        };
        assert!(names(&|_, group| f64::from(group)));
        assert!(names(&|_, group| f64::from((group * 5 + 2) % 7)), "in another order");
        assert!(names(&|row, group| f64::from(group) * 100.0 + (row * 37 % 91) as f64), "with noise");
        assert!(!names(&|row, group| f64::from(group) * 50.0 + (row * 37 % 91) as f64), "ranges overlap");
        assert!(!names(&|row, _| (row * 37 % 91) as f64));
        assert!(!names(&|_, _| 1.0), "a constant tells nothing");
    }

    #[test]
    fn what_chance_explains_is_no_name() {
        // three programs of two functions: 3! · 2!³ / 6! = 1 / 15
        assert!((chance_of_ranges([2, 2, 2].into_iter()) - 1.0 / 15.0).abs() < 1e-12);
        let (groups, functions) = ([0, 0, 1, 1, 2, 2], [1, 2, 3, 4, 5, 6]);
        assert!(!names_the_group(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &groups, &functions));
        assert!(names_the_group(&[1.0, 1.0, 3.0, 3.0, 5.0, 5.0], &groups, &functions));
    }
}
