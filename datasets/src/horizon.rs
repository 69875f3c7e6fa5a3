//! How far the consequences of a decision are counted.

use std::path::Path;

use serde::{Deserialize, Serialize};
use trinity_vm::seam::VirtualTime;

use crate::{error::DataError, spool_read};

/// How far consequences of a decision are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Horizon {
    /// To the end of the first iteration that begins after the decision. Only in runs that have iterations.
    NextIter,
    #[default]
    RunEnd,
}

impl Horizon {
    pub const ALL: [Horizon; 2] = [Self::NextIter, Self::RunEnd];

    pub fn name(self) -> &'static str {
        match self {
            Self::NextIter => "next_iter",
            Self::RunEnd => "run_end",
        }
    }
}

/// When a run reached the horizons of its decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Horizons {
    /// Ends of iterations.
    iterations: Vec<VirtualTime>,
    /// Place of the next iteration, by decision.
    next: Vec<usize>,
    end: VirtualTime,
}

impl Horizons {
    /// Reads them from a spool.
    ///
    /// # Errors
    /// Whatever is wrong with the file.
    pub fn of_spool(path: &Path) -> Result<Horizons, DataError> {
        let contents = spool_read::read(path)?;
        Ok(Horizons {
            iterations: contents.iterations.iter().map(|iteration| iteration.t_virtual).collect(),
            next: contents.decisions.iter().map(|decision| decision.next_iteration).collect(),
            end: contents.run_end.map(|end| end.took).unwrap_or_default(),
        })
    }

    /// Time since the VM was created; none by any clock where that horizon was not reached.
    pub fn reached(&self, decision_id: u64, horizon: Horizon) -> VirtualTime {
        match horizon {
            Horizon::RunEnd => self.end,
            Horizon::NextIter => {
                let next = usize::try_from(decision_id).ok().and_then(|id| self.next.get(id));
                next.and_then(|next| self.iterations.get(*next)).copied().unwrap_or_default()
            }
        }
    }
}
