//! Folds of cross-validation: which rows train and which judge, as data.
//!
//! Rows of one group (a family of programs: shared source, variants and inputs) are held out together, since what is
//! learned from one member tells about the others (Roberts et al., "Cross-validation strategies for data with temporal,
//! spatial, hierarchical, or phylogenetic structure", Ecography 40(8), 2017). Whatever is fitted or chosen, scaling and
//! hyper-parameters included, belongs inside of a fold.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::error::DataError;

/// Row numbers, ascending, on two sides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fold {
    pub train: Vec<usize>,
    pub test: Vec<usize>,
    /// Groups that are held out.
    pub held_out: Vec<u32>,
    /// Rows of other groups that are left out because the held-out part has their function too.
    pub purged: usize,
}

impl Fold {
    /// A split of rows, of which `functions` names each row's function.
    ///
    /// # Errors
    /// [`DataError::SplitOverlap`] when a function stands on both sides: a model would be judged on what it has seen.
    pub fn new(train: Vec<usize>, test: Vec<usize>, functions: &[u64]) -> Result<Fold, DataError> {
        let of = |rows: &[usize]| rows.iter().map(|row| functions[*row]).collect::<BTreeSet<u64>>();
        let shared: Vec<u64> = of(&train).intersection(&of(&test)).copied().collect();
        match shared.first() {
            None => Ok(Fold { train, test, ..Fold::default() }),
            Some(first) => Err(DataError::SplitOverlap { count: shared.len(), first: *first }),
        }
    }
}

/// Leaves each group out once, except those of `training_only`, which every fold trains on. More groups than `most` share folds, dealt out in an order that `seed` determines.
/// Functions of the held-out part are purged from the training part; folds with an empty side are left out.
///
/// # Errors
/// As [`Fold::new`], which proves that the purge was complete.
pub fn leave_groups_out(
    groups: &[u32],
    training_only: &[u32],
    functions: &[u64],
    most: usize,
    seed: u64,
) -> Result<Vec<Fold>, DataError> {
    let judged = groups.iter().copied().filter(|group| !training_only.contains(group));
    let mut order: Vec<u32> = judged.collect::<BTreeSet<_>>().into_iter().collect();
    if order.len() > most {
        order.sort_by_key(|group| (scrambled(seed, *group), *group));
    }
    let count = order.len().min(most.max(1));
    let fold_of: BTreeMap<u32, usize> = order.iter().enumerate().map(|(at, group)| (*group, at % count)).collect();
    let mut folds = Vec::with_capacity(count);
    for fold in 0..count {
        let (test, others): (Vec<usize>, Vec<usize>) =
            (0..groups.len()).partition(|row| fold_of.get(&groups[*row]) == Some(&fold));
        let seen: BTreeSet<u64> = test.iter().map(|row| functions[*row]).collect();
        let train: Vec<usize> = others.iter().copied().filter(|row| !seen.contains(&functions[*row])).collect();
        if test.is_empty() || train.is_empty() {
            continue;
        }
        let purged = others.len() - train.len();
        let held_out = fold_of.iter().filter(|(_, at)| **at == fold).map(|(group, _)| *group).collect();
        folds.push(Fold { held_out, purged, ..Fold::new(train, test, functions)? });
    }
    Ok(folds)
}

/// A place in a seeded order (the finaliser of SplitMix64).
fn scrambled(seed: u64, group: u32) -> u64 {
    let mut z = seed.wrapping_add((u64::from(group) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rule 10 of the methodology.
    #[test]
    fn a_function_on_both_sides_of_a_split_aborts() {
        let functions = [7, 8, 9, 8];
        let error = Fold::new(vec![0, 1], vec![2, 3], &functions).unwrap_err().to_string();
        assert!(error.contains("1 functions (first: 0000000000000008) stand on both sides"), "{error}");
        assert!(Fold::new(vec![1, 3], vec![0, 2], &functions).is_ok());
    }

    #[test]
    fn every_family_is_held_out_once_and_its_functions_are_not_trained_on() {
        // three families of two functions each; function 100 occurs in all of them
        let groups = [0, 0, 0, 1, 1, 1, 2, 2, 2];
        let functions = [1, 2, 100, 3, 4, 100, 5, 6, 100];
        let folds = leave_groups_out(&groups, &[], &functions, 10, 1).unwrap();
        assert_eq!(folds.iter().map(|fold| fold.held_out.clone()).collect::<Vec<_>>(), [[0], [1], [2]]);
        assert_eq!(folds[1].test, [3, 4, 5]);
        assert_eq!((folds[1].train.as_slice(), folds[1].purged), (&[0, 1, 6, 7][..], 2));
    }

    #[test]
    fn more_groups_than_folds_are_dealt_out_by_the_seed() {
        let groups: Vec<u32> = (0..40).map(|row| row / 2).collect();
        let functions: Vec<u64> = (0..40).collect();
        let folds = |seed| leave_groups_out(&groups, &[], &functions, 4, seed).unwrap();
        assert_eq!(folds(1), folds(1));
        assert_ne!(folds(1), folds(2));
        let mut held: Vec<u32> = folds(1).into_iter().flat_map(|fold| fold.held_out).collect();
        assert!(folds(1).iter().all(|fold| fold.held_out.len() == 5 && fold.test.len() == 10));
        held.sort_unstable();
        assert_eq!(held, (0..20).collect::<Vec<_>>());
        assert!(leave_groups_out(&[3, 3], &[], &[1, 2], 4, 1).unwrap().is_empty(), "nothing to hold out");
    }
}
