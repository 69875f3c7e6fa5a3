//! The clock that a run goes by, as options and specs name it.

use serde::{Deserialize, Serialize};
use trinity_vm::clock::{COSTS, Clock};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ClockKind {
    /// Time is the time of day
    #[default]
    Wall,
    /// Time passes by what the program does, so that runs can be repeated exactly
    Virtual,
}

impl ClockKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wall => "wall",
            Self::Virtual => "virtual",
        }
    }

    /// Version of the table that modelled time goes by.
    pub fn cost_table(self) -> Option<String> {
        (self == Self::Virtual).then(|| COSTS.version.to_string())
    }

    pub fn is_wall(&self) -> bool {
        *self == Self::Wall
    }
}

impl From<ClockKind> for Clock {
    fn from(kind: ClockKind) -> Clock {
        match kind {
            ClockKind::Wall => Clock::Wall,
            ClockKind::Virtual => Clock::Virtual,
        }
    }
}
