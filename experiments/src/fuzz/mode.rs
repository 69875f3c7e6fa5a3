//! The ways in which a program is run.

use std::{fmt, str::FromStr};

use trinity_jit::Tier1Form;
use trinity_vm::heap::GcStress;

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
    /// Any tier at any time, by the program's seed, which chooses the form of tier 1 too.
    Random,
    /// As [`Mode::Late`], and guards of optimised code take their exits now and then although they hold.
    Exits,
    /// As [`Mode::Random`], optimised by one or two other threads: what is installed when depends on timing.
    Background,
    /// As [`Mode::Mixed`], optimised by another thread whose code is installed some polls after it was asked for.
    Lagging,
    /// Interpreted, with a collection at every poll; as the other modes with `Stress`, for every second program only with
    /// the smallest slice of one, verified.
    Stress,
    Tier1Stress,
    SinglePassStress,
    LateStress,
    RandomStress,
    ExitsStress,
    LaggingStress,
}

impl Mode {
    pub const ALL: [Mode; 17] = [
        Mode::Interpret,
        Mode::Tier1,
        Mode::SinglePass,
        Mode::Tier2,
        Mode::Mixed,
        Mode::Late,
        Mode::Random,
        Mode::Exits,
        Mode::Background,
        Mode::Lagging,
        Mode::Stress,
        Mode::Tier1Stress,
        Mode::SinglePassStress,
        Mode::LateStress,
        Mode::RandomStress,
        Mode::ExitsStress,
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
            Self::Exits => "exits",
            Self::Background => "background",
            Self::Lagging => "lagging",
            Self::Stress => "stress",
            Self::Tier1Stress => "tier1-stress",
            Self::SinglePassStress => "single-pass-stress",
            Self::LateStress => "late-stress",
            Self::RandomStress => "random-stress",
            Self::ExitsStress => "exits-stress",
            Self::LaggingStress => "lagging-stress",
        }
    }

    /// Collecting at every poll costs so much that only some programs are run this way.
    pub const fn is_stress(self) -> bool {
        matches!(
            self,
            Self::Stress
                | Self::Tier1Stress
                | Self::SinglePassStress
                | Self::LateStress
                | Self::RandomStress
                | Self::ExitsStress
                | Self::LaggingStress
        )
    }

    pub fn setting(self, seed: u64) -> Setting {
        let tiering = match self {
            Self::Interpret | Self::Stress => Tiering::Interpret,
            Self::Tier1 | Self::SinglePass | Self::Tier1Stress | Self::SinglePassStress => Tiering::Forced(1),
            Self::Tier2 => Tiering::Forced(2),
            Self::Mixed | Self::Lagging | Self::LaggingStress => Tiering::Fixed("fixed:2,30"),
            Self::Late | Self::LateStress | Self::Exits | Self::ExitsStress => Tiering::Late(3 + (seed % 8) as u32),
            Self::Random | Self::RandomStress | Self::Background => Tiering::Random(seed),
        };
        let compilation = match self {
            Self::Background => Compilation::Threads(1 + (seed % 2) as u32),
            // From the next poll on, in steps that grow.
            Self::Lagging | Self::LaggingStress => Compilation::Lagging(1 << (seed % 8)),
            _ => Compilation::Synchronous,
        };
        // What the seed's lowest bits say is used above, and those of programs that are run under stress are 0.
        let [odd, sliced] = [3, 4].map(|bit| seed >> bit & 1 == 1);
        let single_pass = match self {
            Self::SinglePass | Self::SinglePassStress => true,
            Self::Random | Self::RandomStress => odd,
            _ => false,
        };
        let form = if single_pass { Tier1Form::SinglePass } else { Tier1Form::Stencils };
        let stress = match self.is_stress() {
            true if sliced => GcStress::Slices,
            true => GcStress::Full,
            false => GcStress::Off,
        };
        let forced_exits = matches!(self, Self::Exits | Self::ExitsStress).then_some((seed, 1 + (seed / 4 % 6) as u32));
        Setting { tiering, compilation, form, stress, forced_exits }
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
