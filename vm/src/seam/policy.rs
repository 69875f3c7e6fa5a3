//! The policy seam: one consultation, one answer.

use super::{Features, Tier};

/// What is being decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum DecisionKind {
    /// At function entry: which tier shall run this function from now on?
    Tier = 0,
    /// At a loop back-edge: shall this activation move into compiled code?
    Osr = 1,
    /// At a call site while a tier-2 plan is made.
    Inline = 2,
    /// As `Tier` or `Osr`, for a function or loop whose optimised code was given up: optimise again?
    Reopt = 3,
    /// After side exits of optimised code: give it up? [`Action::Stay`] keeps it; [`Action::Warm`] has the function (or
    /// loop) start over below. Asked after 16 exits and whenever they have doubled, whatever `ask_again` says.
    Demote = 4,
}

impl DecisionKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tier => "tier",
            Self::Osr => "osr",
            Self::Inline => "inline",
            Self::Reopt => "reopt",
            Self::Demote => "demote",
        }
    }
}

/// What a policy may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Action {
    /// Leave the function in the tier it runs in.
    Stay = 0,
    /// Compile with the baseline compiler; asked about demotion: give optimised code up.
    Warm = 1,
    /// Compile with the optimising compiler.
    Hot = 2,
}

impl Action {
    pub const ALL: [Action; 3] = [Action::Stay, Action::Warm, Action::Hot];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Stay => "stay",
            Self::Warm => "warm",
            Self::Hot => "hot",
        }
    }

    /// The tier that the action asks for, `None` for [`Action::Stay`].
    pub const fn tier(self) -> Option<Tier> {
        match self {
            Self::Stay => None,
            Self::Warm => Some(Tier::Warm),
            Self::Hot => Some(Tier::Hot),
        }
    }
}

/// A set of actions; [`Action::Stay`] is always legal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionSet(u8);

impl ActionSet {
    pub const STAY: ActionSet = ActionSet(1);

    #[must_use]
    pub const fn with(self, action: Action) -> Self {
        Self(self.0 | 1 << action as u8)
    }
    pub const fn contains(self, action: Action) -> bool {
        self.0 & 1 << action as u8 != 0
    }
    /// Bit `i` set when the action numbered `i` is legal.
    pub const fn bits(self) -> u8 {
        self.0
    }
    pub fn iter(self) -> impl Iterator<Item = Action> {
        Action::ALL.into_iter().filter(move |action| self.contains(*action))
    }
}

/// One consultation.
#[derive(Debug)]
pub struct DecisionPoint<'a> {
    pub kind: DecisionKind,
    /// Stable hash of the function's bytecode. For logging and replay; a model must not learn from it.
    pub function_id: u64,
    /// The loop (index in `FnUnit::loops`), in consultations about one.
    pub loop_index: Option<u32>,
    /// Where the function (or loop) runs now.
    pub tier: Tier,
    pub features: &'a Features,
    pub legal: ActionSet,
}

/// A policy's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Must be legal; the controller treats an illegal answer as [`Action::Stay`] and counts it.
    pub action: Action,
    /// After how many further events (calls, or back-edges of the loop) to ask again; at least 1.
    pub ask_again: u32,
    /// Probability with which the policy would have taken each action (`Action` order); sums to 1 over the legal ones.
    pub propensities: [f32; 3],
    /// The policy's own scores of the actions, for the log; `NaN` where it has none.
    pub scores: [f32; 3],
    /// Taken for the sake of exploration.
    pub explore: bool,
    /// Why a learned policy fell back to its substitute.
    pub fallback: Option<&'static str>,
}

impl Decision {
    /// What the reasonable policy answers about demotion, where it has no opinion of its own: code that exits often
    /// speculates on what is not so, and the next will know better.
    pub fn give_up() -> Self {
        Self::certain(Action::Warm, 1)
    }
    /// A deterministic decision.
    pub fn certain(action: Action, ask_again: u32) -> Self {
        let mut propensities = [0.0; 3];
        propensities[action as usize] = 1.0;
        Self { action, ask_again, propensities, scores: [f32::NAN; 3], explore: false, fallback: None }
    }
}

/// Decides when to compile what.
///
/// Implementations must not read a clock: time reaches them, if at all, as a feature.
pub trait Policy {
    /// The specification that makes this policy again (`fixed:100,10000`).
    fn name(&self) -> String;

    /// After how many events a function (`Tier`) or loop (`Osr`) is consulted on first.
    fn first_consultation(&self, kind: DecisionKind) -> u32;

    fn decide(&mut self, point: &DecisionPoint<'_>) -> Decision;

    /// Why the program must not go on, after a decision: it ends with this error, which nothing in it catches, and the
    /// decision is neither carried out nor logged. For policies that are about one particular run, and find another.
    fn objection(&mut self) -> Option<String> {
        None
    }

    /// The run has ended: what is wrong with it as a whole.
    fn finish(&mut self) -> Option<String> {
        None
    }
}
