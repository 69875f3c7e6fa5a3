//! Is a column the name of a program in disguise?
//!
//! A model that can tell programs apart recites what it has seen of each. Such a column need be neither constant within
//! a program nor different between any two: it is enough that functions with like values are mostly of one program.

use std::collections::BTreeSet;

/// Beyond this part of the way from chance to a name without exception, a column is a name.
const NAMED: f64 = 0.8;
/// The same for fewer than [`MANY_GROUPS`]: a count of what the VM has seen so far tells a few programs apart, too.
const NAMED_FEW: f64 = 0.95;
const MANY_GROUPS: usize = 9;
/// With fewer groups, any column with two levels would be suspect.
const FEWEST_GROUPS: usize = 3;
/// Chance gives such a column less often than this.
const CHANCE: f64 = 1e-6;

/// A value of the column, and the number of a function that has it.
type Unit = (f64, u32);

/// Functions by group (a program, a family). A function that stands in several groups is one in each.
pub(crate) struct Groups {
    /// Of each row, the number of its function.
    function: Vec<u32>,
    /// Of each function, the number of its group; ascending.
    group: Vec<u32>,
    /// Of each group, how many functions it has.
    sizes: Vec<usize>,
}

/// Mean share of a function's own group among the other functions of nearest value.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    own: f64,
    /// The same where labels are random.
    chance: f64,
}

/// How well a column tells groups apart.
#[derive(Clone, Copy, Debug)]
struct Score {
    /// Mean of groups, so that large ones do not decide alone.
    of_groups: Share,
    groups: usize,
    /// Mean of functions.
    of_functions: Share,
    functions: usize,
}

impl Groups {
    /// From the group and function of each row.
    pub fn new(groups: &[u32], functions: &[u64]) -> Groups {
        let rows = || groups.iter().copied().zip(functions.iter().copied());
        let distinct: Vec<(u32, u64)> = rows().collect::<BTreeSet<_>>().into_iter().collect();
        let sizes: Vec<usize> = distinct.chunk_by(|a, b| a.0 == b.0).map(<[_]>::len).collect();
        Groups {
            function: rows().map(|row| distinct.partition_point(|other| *other < row) as u32).collect(),
            group: (0..).zip(&sizes).flat_map(|(group, size)| std::iter::repeat_n(group, *size)).collect(),
            sizes,
        }
    }

    /// Whether the column's values tell the groups apart, but for exceptions, and more than chance explains. Functions
    /// that are alone in their group do not count.
    pub fn are_named_by(&self, values: &[f64]) -> bool {
        if self.sizes.iter().filter(|size| **size > 1).count() < FEWEST_GROUPS {
            return false;
        }
        let mut units: Vec<Unit> = values
            .iter()
            .zip(&self.function)
            .filter(|row| row.0.is_finite())
            .map(|row| (*row.0 + 0.0, *row.1))
            .collect();
        units.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        units.dedup();
        self.are_constants(&units) || self.score(&units).is_name()
    }

    /// Whether each group of several functions has a value of its own.
    fn are_constants(&self, units: &[Unit]) -> bool {
        let mut values = vec![None; self.sizes.len()];
        for (value, function) in units {
            let group = self.group[*function as usize] as usize;
            if self.sizes[group] > 1 && *values[group].get_or_insert(*value) != *value {
                return false;
            }
        }
        let mut values: Vec<f64> = values.into_iter().flatten().collect();
        values.sort_unstable_by(f64::total_cmp);
        values.len() >= FEWEST_GROUPS && values.windows(2).all(|pair| pair[0] != pair[1])
    }

    /// `units` are distinct and ascending.
    fn score(&self, units: &[Unit]) -> Score {
        let mut shares = vec![(0.0, 0); self.group.len()];
        let levels: Vec<&[Unit]> = units.chunk_by(|a, b| a.0 == b.0).collect();
        let mut at = 0_usize;
        // A function that has several values in a row to itself is not its own neighbour.
        for stretch in levels.chunk_by(|a, b| a.len() == 1 && b.len() == 1 && a[0].1 == b[0].1) {
            let below = at.checked_sub(1).map(|below| levels[below]);
            at += stretch.len();
            let above = levels.get(at).copied();
            for level in stretch {
                let value = level[0].0;
                let nearest = match (below, above) {
                    _ if level.len() > 1 => [*level, &[]],
                    (Some(below), Some(above)) => {
                        let (down, up) = (value - below[0].0, above[0].0 - value);
                        [if down <= up { below } else { &[] }, if up <= down { above } else { &[] }]
                    }
                    (below, above) => [below.unwrap_or_default(), above.unwrap_or_default()],
                };
                for (_, function) in *level {
                    let (sum, count) = &mut shares[*function as usize];
                    *sum += self.share(*function, nearest);
                    *count += 1;
                }
            }
        }
        let (mut of_groups, mut of_functions) = (Share::default(), Share::default());
        let (mut groups, mut functions) = (0, 0);
        let mut shares = shares.into_iter();
        for size in &self.sizes {
            let own: f64 = shares.by_ref().take(*size).map(|(sum, count)| sum / f64::from(count.max(1))).sum();
            if *size > 1 {
                let chance = (size - 1) as f64 / (self.group.len() - 1) as f64;
                of_groups.add(own / *size as f64, chance);
                of_functions.add(own, chance * *size as f64);
                groups += 1;
                functions += size;
            }
        }
        Score { of_groups: of_groups.over(groups), groups, of_functions: of_functions.over(functions), functions }
    }

    /// Share of the function's own group among the other functions at these values.
    fn share(&self, function: u32, levels: [&[Unit]; 2]) -> f64 {
        let group = |unit: &Unit| self.group[unit.1 as usize];
        let mine = self.group[function as usize];
        let (mut own, mut all) = (0, 0);
        for level in levels {
            let itself = usize::from(level.binary_search_by_key(&function, |unit| unit.1).is_ok());
            let of_mine =
                level.partition_point(|unit| group(unit) <= mine) - level.partition_point(|unit| group(unit) < mine);
            own += of_mine - itself;
            all += level.len() - itself;
        }
        if all == 0 { 0.0 } else { own as f64 / all as f64 }
    }
}

impl Share {
    fn add(&mut self, own: f64, chance: f64) {
        self.own += own;
        self.chance += chance;
    }

    fn over(self, count: usize) -> Share {
        Share { own: self.own / count as f64, chance: self.chance / count as f64 }
    }

    /// 0: what chance gives; 1: no exception.
    fn above_chance(self) -> f64 {
        (self.own - self.chance) / (1.0 - self.chance)
    }

    /// Kullback-Leibler divergence from chance, in nats.
    fn divergence(self) -> f64 {
        let part = |p: f64, q: f64| if p > 0.0 { p * (p / q).ln() } else { 0.0 };
        if self.own > self.chance { part(self.own, self.chance) + part(1.0 - self.own, 1.0 - self.chance) } else { 0.0 }
    }
}

impl Score {
    fn is_name(self) -> bool {
        let named = if self.groups < MANY_GROUPS { NAMED_FEW } else { NAMED };
        self.of_groups.above_chance() > named && self.probability() < CHANCE
    }

    /// Chernoff's bound on the probability that random labels score as high.
    fn probability(self) -> f64 {
        (-(self.functions as f64) * self.of_functions.divergence()).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Functions of groups of these sizes, and what a column that depends on row and group says of them.
    fn named(sizes: &[usize], rows_each: usize, value: impl Fn(usize, u32) -> f64) -> bool {
        let (mut groups, mut functions) = (Vec::new(), Vec::new());
        for (group, size) in (0..).zip(sizes) {
            for function in 0..*size {
                groups.extend(vec![group; rows_each]);
                functions.extend(vec![u64::from(group) * 1000 + function as u64; rows_each]);
            }
        }
        let values: Vec<f64> = groups.iter().enumerate().map(|(row, group)| value(row, *group)).collect();
        Groups::new(&groups, &functions).are_named_by(&values)
    }

    /// SplitMix64.
    fn hash(number: u64) -> u64 {
        let mut z = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Rule 10 of the methodology.
    #[test]
    fn a_planted_program_identity_is_found_with_noise_and_in_any_order() {
        let names = |value: &dyn Fn(usize, u32) -> f64| named(&[8; 6], 10, value);
        assert!(names(&|_, group| f64::from(group)));
        assert!(names(&|_, group| f64::from((group * 5 + 2) % 7)), "in another order");
        assert!(names(&|row, group| f64::from(group) * 100.0 + (row * 37 % 91) as f64), "with noise");
        assert!(!names(&|row, group| f64::from(group) * 50.0 + (row * 37 % 91) as f64), "ranges overlap");
        assert!(!names(&|row, _| (row * 37 % 91) as f64));
        assert!(!names(&|_, _| 1.0), "a constant tells nothing");
        assert!(!names(&|_, _| f64::NAN), "nor does what is not known");
    }

    #[test]
    fn a_name_with_exceptions_is_one() {
        let sizes: Vec<usize> = (0..43).map(|program| 2 + program % 9).collect();
        let names = |value: &dyn Fn(u32) -> f64| named(&sizes, 5, |_, group| value(group));
        assert!(names(&f64::from));
        assert!(names(&|program| f64::from(program.max(1))), "two programs share a value");
        let byte = |program: u32| (hash(u64::from(program)) & 0xff) as f64;
        let distinct: BTreeSet<u64> = (0..43).map(|program| byte(program) as u64).collect();
        assert!((38..43).contains(&distinct.len()), "{}", distinct.len());
        assert!(names(&byte), "a hash of eight bits");
        assert!(!names(&|program| f64::from(program / 2)), "no program has a value of its own");
    }

    #[test]
    fn two_families_that_share_a_value_hide_no_name_whatever_their_sizes() {
        let sizes = [30, 79, 46, 37, 21, 36, 19, 21, 30];
        for (first, second) in (0..9).flat_map(|second| (0..second).map(move |first| (first, second))) {
            assert!(named(&sizes, 1, |_, family| f64::from(if family == second { first } else { family })));
        }
        let counts = [5.0, 31.0, 12.0, 31.0, 18.0, 40.0];
        assert!(!named(&[8; 6], 10, |_, program| counts[program as usize]), "of six, a count may tell four");
    }

    #[test]
    fn programs_of_one_function_hide_no_name() {
        assert!(named(&[8, 8, 8, 1, 8, 8], 10, |_, group| f64::from(group)));
        assert!(named(&[8, 8, 8, 1, 8, 8], 10, |row, group| f64::from(group) * 100.0 + (row * 37 % 91) as f64));
        assert!(!named(&[1; 40], 10, |_, group| f64::from(group)), "functions, not programs");
    }

    #[test]
    fn values_of_one_function_are_no_neighbours_of_each_other() {
        // every function has a range of its own, and the functions of all programs take turns
        assert!(!named(&[8; 6], 10, |row, group| ((row / 10 % 8 * 6 + group as usize) * 100 + row % 10) as f64));
    }

    #[test]
    fn what_chance_explains_is_no_name() {
        assert!(!named(&[2; 3], 1, |row, _| row as f64));
        assert!(named(&[2; 3], 1, |_, group| f64::from(group)), "constant in each");
        assert!(!named(&[2; 3], 1, |row, group| f64::from(group) * 100.0 + row as f64), "ranges of their own");
        let score = |own, functions| {
            let share = Share { own, chance: 0.25 };
            Score { of_groups: share, groups: MANY_GROUPS, of_functions: share, functions }
        };
        assert!((score(1.0, 9).probability() / 0.25f64.powi(9) - 1.0).abs() < 1e-9, "independent functions");
        assert!(!score(1.0, 9).is_name() && score(1.0, 10).is_name());
        assert!(!score(0.84, 100).is_name() && score(0.86, 100).is_name());
        assert!(!Score { groups: MANY_GROUPS - 1, ..score(0.86, 100) }.is_name());
    }
}
