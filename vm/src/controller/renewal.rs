//! Renewing code that was made too early.
//!
//! A function may be compiled before its instructions have met anything. Where making its code again costs little
//! ([`crate::seam::Installed::renewable`]) that is done after some calls, provided that feedback has come in for a good
//! part of what had none. No policy is asked: the tier stays. What it costs counts as compilation.

use super::{Subject, compile::Request};
use crate::{
    bytecode::{Extra, Hint, Op},
    function::{CacheKind, Proto},
    heap::Gc,
    seam::{Installed, Tier},
    vm::Vm,
};

/// Calls until the first and until the second renewal.
const CALLS: [i32; 2] = [16, 256];

/// One in so many instructions without feedback must have got some.
const WORTH_RENEWING: u32 = 4;

/// What a function's present code lacks, and when it is looked at again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Renewal {
    /// Instructions without feedback when the code was made; 0 when it is not to be renewed.
    unseen: u32,
    round: u8,
    decision_id: u64,
    /// Calls from the next look on until the policy is asked; 0 when none is scheduled.
    rest: i32,
}

impl Renewal {
    fn next_round(&mut self) {
        self.round += 1;
        if usize::from(self.round) >= CALLS.len() {
            self.unseen = 0;
        }
    }

    /// A consultation takes the place of the next look.
    pub(super) fn unschedule(&mut self) {
        self.rest = 0;
    }
}

/// Instructions that feedback says nothing about.
fn unseen(proto: &Proto) -> u32 {
    let code = proto.code();
    let (mut pc, mut unseen) = (0, 0);
    while pc < code.len() {
        let op = code[pc].op();
        let (plain, hint) = op.unquickened();
        let operator = plain == Op::ForLoop || op.operator_forms().is_some();
        let cached =
            || plain.layout().extra == Extra::Feedback && proto.caches()[code[pc + 1].ax()].kind == CacheKind::Empty;
        unseen += u32::from(operator && hint == Hint::None || cached());
        pc += op.words();
    }
    unseen
}

/// Notes what a function's new code lacks.
pub(super) fn note(proto: &mut Proto, request: &Request, installed: &Installed) {
    if request.subject != Subject::Function {
        return;
    }
    let round = match (request.from, request.to) {
        (Tier::Warm, Tier::Warm) => proto.profile.renewal.round,
        _ => 0,
    };
    let more = installed.renewable && usize::from(round) < CALLS.len();
    let unseen = if more { unseen(proto) } else { 0 };
    proto.profile.renewal = Renewal { unseen, round, decision_id: request.decision_id, rest: 0 };
}

/// The policy wants to be asked `again` calls from now: sets the countdown, to less if there is code to be renewed before.
pub(super) fn consult_after(proto: &mut Proto, subject: Subject, again: i32) {
    subject.consult_after(proto, again);
    let renewal = &mut proto.profile.renewal;
    if subject != Subject::Function || renewal.unseen == 0 {
        return;
    }
    let wait = CALLS[usize::from(renewal.round)];
    if wait < again {
        subject.consult_after(proto, wait);
        proto.profile.renewal.rest = again - wait;
    }
}

/// Whether a countdown has run out for a look at the code, and not for the policy: after how many events that is asked.
pub(super) fn due(proto: &Proto, subject: Subject) -> Option<i32> {
    (subject == Subject::Function && proto.profile.renewal.rest > 0).then_some(proto.profile.renewal.rest)
}

impl Vm {
    /// Makes the code again if that promises something.
    pub(super) fn renew(&mut self, proto: Gc<Proto>) {
        let Renewal { unseen: before, decision_id, .. } = proto.profile.renewal;
        let learned = before.saturating_sub(unseen(&proto));
        let can = self.controller.compiler.is_some() && !self.is_observing() && proto.profile.tier == Tier::Warm;
        proto.get_mut().profile.renewal.next_round();
        if can && learned * WORTH_RENEWING >= before {
            self.promote(proto, Subject::Function, Tier::Warm, Tier::Warm, decision_id, i32::MAX);
        }
    }
}
