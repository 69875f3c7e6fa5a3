//! The ways in which a program is run.

use std::{fmt, str::FromStr};

use trinity_jit::Tier1Form;

use crate::host::captured::{Compilation, Setting, Tiering};

/// One way of running a program in this VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    Interpret,
    Tier1,
    /// As [`Mode::Tier1`], by the portable form of tier 1.
    SinglePass,
    Tier2,
    /// Tier 1 soon, tier 2 later: `fixed:2,30`.
    Mixed,
    /// Tier 2 after some feedback, without tier 1 in between.
    Late,
    /// Any tier at any time, by the program's seed.
    Random,
    /// As [`Mode::Random`], optimised by one or two other threads: what is installed when depends on timing.
    Background,
    /// As [`Mode::Mixed`], optimised by another thread whose code is installed some polls after it was asked for.
    Lagging,
    /// Interpreted, with a collection at every poll.
    Stress,
    Tier1Stress,
    LateStress,
    LaggingStress,
}

impl Mode {
    pub const ALL: [Mode; 13] = [
        Mode::Interpret,
        Mode::Tier1,
        Mode::SinglePass,
        Mode::Tier2,
        Mode::Mixed,
        Mode::Late,
        Mode::Random,
        Mode::Background,
        Mode::Lagging,
        Mode::Stress,
        Mode::Tier1Stress,
        Mode::LateStress,
        Mode::LaggingStress,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Interpret => "interpret",
            Self::Tier1 => "tier1",
            Self::SinglePass => "single-pass",
            Self::Tier2 => "tier2",
            Self::Mixed => "mixed",
            Self::Late => "late",
            Self::Random => "random",
            Self::Background => "background",
            Self::Lagging => "lagging",
            Self::Stress => "stress",
            Self::Tier1Stress => "tier1-stress",
            Self::LateStress => "late-stress",
            Self::LaggingStress => "lagging-stress",
        }
    }

    /// Collecting at every poll costs so much that only some programs are run this way.
    pub const fn is_stress(self) -> bool {
        matches!(self, Self::Stress | Self::Tier1Stress | Self::LateStress | Self::LaggingStress)
    }

    pub fn setting(self, seed: u64) -> Setting {
        let tiering = match self {
            Self::Interpret | Self::Stress => Tiering::Interpret,
            Self::Tier1 | Self::SinglePass | Self::Tier1Stress => Tiering::Forced(1),
            Self::Tier2 => Tiering::Forced(2),
            Self::Mixed | Self::Lagging | Self::LaggingStress => Tiering::Fixed("fixed:2,30"),
            Self::Late | Self::LateStress => Tiering::Late(3 + (seed % 8) as u32),
            Self::Random | Self::Background => Tiering::Random(seed),
        };
        let compilation = match self {
            Self::Background => Compilation::Threads(1 + (seed % 2) as u32),
            // From the next poll on, in steps that grow.
            Self::Lagging | Self::LaggingStress => Compilation::Lagging(1 << (seed % 8)),
            _ => Compilation::Synchronous,
        };
        let form = if self == Self::SinglePass { Tier1Form::SinglePass } else { Tier1Form::Stencils };
        Setting { tiering, compilation, form, stress: self.is_stress() }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|mode| mode.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|mode| mode.name()).collect();
            format!("`{name}` is no mode; there are {}", names.join(", "))
        })
    }
}
