//! Hold-out by family.

use trinity_datasets::{DataError, Shared, Split, ViewSpec, training_view};

use crate::synthetic_set;

#[test]
fn a_split_takes_families_apart() {
    let dir = synthetic_set();
    let view = training_view(dir.path(), &ViewSpec::default()).unwrap();
    let split = Split { validation: vec!["family2".into()], ..Split::leave_out("family1") };
    let sides = view.split(&split, Shared::Refuse).unwrap();
    let families = |view: &trinity_datasets::TrainingView| {
        let mut seen: Vec<u32> = view.family.clone();
        seen.dedup();
        seen.into_iter().map(|family| view.families[family as usize].clone()).collect::<Vec<_>>()
    };
    assert_eq!(families(&sides.train), ["family0"]);
    assert_eq!(families(&sides.validation), ["family2"]);
    assert_eq!(families(&sides.test), ["family1"]);
    assert_eq!(sides.purged_rows, 0);
    assert_eq!(sides.train.len() + sides.validation.len() + sides.test.len(), view.len());
    assert_eq!(sides.test.features.len(), view.features.len());
}

#[test]
fn a_function_on_both_sides_is_refused_or_purged_from_the_earlier_one() {
    let dir = synthetic_set();
    let mut view = training_view(dir.path(), &ViewSpec::default()).unwrap();
    let of = |view: &trinity_datasets::TrainingView, family: u32| {
        (0..view.len()).find(|row| view.family[*row] == family).unwrap()
    };
    let shared = view.function_id[of(&view, 1)];
    let planted = of(&view, 0);
    view.function_id[planted] = shared;
    let split = Split::leave_out("family1");
    let error = view.split(&split, Shared::Refuse).unwrap_err();
    assert!(matches!(error, DataError::SplitOverlap { count: 1, first } if first == shared), "{error}");
    let sides = view.split(&split, Shared::Purge).unwrap();
    assert_eq!(sides.purged_rows, 1);
    assert!(!sides.train.function_id.contains(&shared) && sides.test.function_id.contains(&shared));
    sides.train.check_disjoint(&sides.test).unwrap();
}

#[test]
fn a_split_names_families_that_are_there_once() {
    let families = ["a".to_owned(), "b".to_owned()];
    let check = |split: &Split| split.check(&families).unwrap_err().to_string();
    assert!(check(&Split::leave_out("c")).contains("there are: a, b"));
    let twice = Split { validation: vec!["a".into()], ..Split::leave_out("a") };
    assert!(check(&twice).contains("twice"));
    Split::leave_out("b").check(&families).unwrap();
}
