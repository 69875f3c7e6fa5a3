//! Renewing code when there is more feedback.
//!
//! A function may be compiled before its instructions have met anything, and what they meet may change. Where making code
//! again costs little ([`crate::seam::Installed::knowledge`]) that is done after some calls, ever more of them, provided
//! that feedback has grown. No policy is asked: the tier stays. What it costs counts as compilation.

use super::{Subject, compile::Request};
use crate::{
    bytecode::{Extra, Hint, Op},
    function::{Cache, CacheKind, Proto},
    heap::Gc,
    seam::{Installed, Tier},
    vm::Vm,
};

/// Calls until the first look at a function's code; each later one comes after 16 times as many.
const FIRST_LOOK: i32 = 16;
const LOOKS: u8 = 5;

/// The share of instructions that must have learned something, for code that is young: one in so many.
const WORTH_RENEWING: u32 = 8;

/// When a function's code is looked at again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Renewal {
    /// What feedback knew when the code was made.
    known: Knowledge,
    /// Looks that are left.
    left: u8,
    decision_id: u64,
    /// Calls from the next look on until the policy is asked; 0 when none is scheduled.
    rest: i32,
}

impl Renewal {
    /// A consultation takes the place of the next look.
    pub(super) fn unschedule(&mut self) {
        self.rest = 0;
    }

    /// Calls before the next look.
    fn wait(self) -> i32 {
        FIRST_LOOK << (4 * (LOOKS - self.left))
    }
}

/// What feedback knows of a function's code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Knowledge {
    /// A number that never shrinks.
    known: u32,
    /// Instructions that have feedback.
    sites: u32,
}

impl Knowledge {
    pub fn of(proto: &Proto) -> Knowledge {
        let (known, sites) = count(proto);
        Knowledge { known, sites }
    }

    /// What has been learned since is worth making young code again.
    pub(super) fn has_grown_since(self, before: Knowledge) -> bool {
        let learned = self.known.saturating_sub(before.known);
        learned > 0 && learned * WORTH_RENEWING >= self.sites
    }
}

fn count(proto: &Proto) -> (u32, u32) {
    let code = proto.code();
    let (mut pc, mut known, mut sites) = (0, 0, 0);
    while pc < code.len() {
        let op = code[pc].op();
        let (plain, hint) = op.unquickened();
        if plain == Op::ForLoop || op.operator_forms().is_some() {
            sites += 1;
            known += match hint {
                Hint::None => 0,
                Hint::Int | Hint::Float => 1,
                Hint::Any => 2,
            };
        } else if plain.layout().extra == Extra::Feedback {
            sites += 1;
            known += in_cache(&proto.caches()[code[pc + 1].ax()]);
        }
        pc += op.words();
    }
    (known, sites)
}

fn in_cache(cache: &Cache) -> u32 {
    match cache.kind {
        CacheKind::Empty => 0,
        // Kinds of array, and whether values have been appended.
        CacheKind::Array => cache.index.count_ones() + u32::from(cache.epoch != 0),
        CacheKind::Mega => 3,
        _ => 1 + u32::from(cache.polymorphic),
    }
}

/// Notes what a function's new code was made with.
pub(super) fn note(proto: &mut Proto, request: &Request, installed: &Installed) {
    if request.subject != Subject::Function {
        return;
    }
    let left = match (request.from, request.to) {
        (Tier::Warm, Tier::Warm) => proto.profile.renewal.left,
        _ => LOOKS,
    };
    let left = if installed.knowledge.is_some() { left } else { 0 };
    let known = installed.knowledge.unwrap_or_default();
    proto.profile.renewal = Renewal { known, left, decision_id: request.decision_id, rest: 0 };
}

/// The function's code has been made again for another reason.
pub(super) fn refresh(proto: &mut Proto, code: &Installed) {
    proto.profile.renewal.known = code.knowledge.unwrap_or_default();
}

/// The policy wants to be asked `again` calls from now: sets the countdown, to less if the code is to be looked at before.
pub(super) fn consult_after(proto: &mut Proto, subject: Subject, again: i32) {
    subject.consult_after(proto, again);
    let renewal = proto.profile.renewal;
    if subject == Subject::Function && renewal.left > 0 && renewal.wait() < again {
        subject.consult_after(proto, renewal.wait());
        proto.profile.renewal.rest = again - renewal.wait();
    }
}

/// Whether a countdown has run out for a look at the code, and not for the policy: after how many events that is asked.
pub(super) fn due(proto: &Proto, subject: Subject) -> Option<i32> {
    (subject == Subject::Function && proto.profile.renewal.rest > 0).then_some(proto.profile.renewal.rest)
}

impl Vm {
    /// Makes the code again if that promises something.
    pub(super) fn renew(&mut self, proto: Gc<Proto>) {
        let Renewal { known: before, left, decision_id, .. } = proto.profile.renewal;
        let now = Knowledge::of(&proto);
        let can = self.controller.compiler.is_some() && !self.is_observing() && proto.profile.tier == Tier::Warm;
        // What has been called often repays it in any case.
        let worth = now.has_grown_since(before) || left + 2 <= LOOKS && now != before;
        proto.get_mut().profile.renewal.left -= 1;
        if can && worth {
            self.promote(proto, Subject::Function, Tier::Warm, Tier::Warm, decision_id, i32::MAX);
        }
    }
}
