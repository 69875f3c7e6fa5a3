//! Hold-out as data: which families are learned from, and which are kept apart.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    error::DataError,
    view::{TrainingView, check_split},
};

/// What a family is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assignment {
    Train,
    Validation,
    Test,
}

impl Assignment {
    pub const ALL: [Assignment; 3] = [Assignment::Train, Assignment::Validation, Assignment::Test];

    /// As it stands in the column `split` of the `run` table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    pub fn by_name(name: &str) -> Option<Assignment> {
        Self::ALL.into_iter().find(|assignment| assignment.name() == name)
    }
}

/// Which families are held out; every other one is learned from. Programs that share source are one family, so this
/// is the unit in which a model meets something new. A fold of leave-one-family-out is a split whose test is one
/// family.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Split {
    /// For messages and reports.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub validation: Vec<String>,
    pub test: Vec<String>,
}

/// What to do about functions (equal bytecode) that stand on both sides of a split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shared {
    /// The split is an error: a model would be judged on what it has seen.
    #[default]
    Refuse,
    /// Their rows stay on the later side only (test before validation before train).
    Purge,
}

/// The sides of a split.
#[derive(Clone, Debug)]
pub struct Sides {
    pub train: TrainingView,
    pub validation: TrainingView,
    pub test: TrainingView,
    /// Rows left out by [`Shared::Purge`].
    pub purged_rows: usize,
}

impl Split {
    /// The split that holds one family out.
    pub fn leave_out(family: &str) -> Split {
        Split { name: family.to_owned(), test: vec![family.to_owned()], ..Split::default() }
    }

    pub fn of(&self, family: &str) -> Assignment {
        let names = |families: &[String]| families.iter().any(|other| other == family);
        if names(&self.test) {
            Assignment::Test
        } else if names(&self.validation) {
            Assignment::Validation
        } else {
            Assignment::Train
        }
    }

    /// Every named family is one of `families`, is named once, and may be held out.
    ///
    /// # Errors
    /// [`DataError::Split`], [`DataError::TrainingOnly`].
    pub fn check(&self, families: &[String]) -> Result<(), DataError> {
        let problem = |detail: String| Err(DataError::Split { split: self.name.clone(), detail });
        let mut named = BTreeSet::new();
        for family in self.validation.iter().chain(&self.test) {
            if !families.contains(family) {
                return problem(format!("no family `{family}`; there are: {}", families.join(", ")));
            }
            if !named.insert(family) {
                return problem(format!("family `{family}` is named twice"));
            }
            check_split(family, self.of(family).name())?;
        }
        Ok(())
    }
}

impl TrainingView {
    /// Takes the view apart by family.
    ///
    /// # Errors
    /// [`DataError::Split`] for families that are not there, [`DataError::SplitOverlap`] for functions on both sides
    /// with [`Shared::Refuse`].
    pub fn split(&self, split: &Split, shared: Shared) -> Result<Sides, DataError> {
        split.check(&self.families)?;
        let assigned: Vec<Assignment> = self.families.iter().map(|family| split.of(family)).collect();
        let side = |row: usize| assigned[self.family[row] as usize];
        let functions = Assignment::ALL.map(|wanted| -> BTreeSet<u64> {
            (0..self.len()).filter(|row| side(*row) == wanted).map(|row| self.function_id[row]).collect()
        });
        let later = |row: usize| {
            let after = side(row) as usize + 1;
            functions[after..].iter().any(|functions| functions.contains(&self.function_id[row]))
        };
        let overlap: BTreeSet<u64> =
            (0..self.len()).filter(|row| later(*row)).map(|row| self.function_id[row]).collect();
        if let (Shared::Refuse, Some(first)) = (shared, overlap.first()) {
            return Err(DataError::SplitOverlap { count: overlap.len(), first: *first });
        }
        let rows = |wanted: Assignment| {
            let rows: Vec<usize> = (0..self.len()).filter(|row| side(*row) == wanted && !later(*row)).collect();
            self.select(&rows)
        };
        let [train, validation, test] = Assignment::ALL.map(rows);
        let purged_rows = self.len() - train.len() - validation.len() - test.len();
        Ok(Sides { train, validation, test, purged_rows })
    }
}
