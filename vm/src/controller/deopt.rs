//! Side exits, and giving optimised code up because of them.

use super::{Subject, label};
use crate::{
    clock::COSTS,
    function::Proto,
    heap::Gc,
    seam::{Action, ActionSet, DecisionKind, DeoptRecord, Tier, Withdrawal},
    vm::Vm,
};

/// Side exits of optimised code after which the policy is asked whether to give it up; and again whenever they have
/// doubled.
const FIRST_QUESTION: u32 = 16;

impl Vm {
    /// Optimised code of `proto` (`loop_index`: of that loop) has left by a side exit at `pc`. Called by compilers'
    /// exit stubs.
    #[cold]
    pub fn note_exit(&mut self, proto: Gc<Proto>, loop_index: Option<usize>, pc: u32, reason: &'static str) {
        self.model += u64::from(COSTS.side_exit);
        *self.controller.deopts.entry(reason).or_default() += 1;
        let object = proto.get_mut();
        object.profile.deopts += 1;
        object.profile.last_deopt = Some(reason);
        if !object.profile.failed_speculations.contains(&(pc, reason)) {
            object.profile.failed_speculations.push((pc, reason));
        }
        if self.controller.sink.is_some() {
            let (t_ns, function_id) = (self.elapsed_ns(), object.profile.function_id);
            let t_virtual = self.virtual_time();
            let record = DeoptRecord { t_ns, t_virtual, function_id, label: label(&proto), pc, reason };
            if let Some(sink) = &mut self.controller.sink {
                sink.deopt(&record);
            }
        }
        let subject = loop_index.map_or(Subject::Function, Subject::Loop);
        let exits = match subject {
            Subject::Function => &mut object.profile.exits,
            Subject::Loop(index) => &mut object.loops_mut()[index].exits,
        };
        *exits += 1;
        if *exits >= FIRST_QUESTION && exits.is_power_of_two() && subject.tier(&proto) == Tier::Hot {
            self.consult_on_demotion(proto, subject);
        }
    }

    /// Asks the policy whether the code is to be given up.
    fn consult_on_demotion(&mut self, proto: Gc<Proto>, subject: Subject) {
        let legal = ActionSet::STAY.with(Action::Warm);
        let Some(answer) = self.ask(proto, subject, DecisionKind::Demote, legal) else { return };
        if answer.taken == Action::Warm {
            self.demote(proto, subject);
            let standing = proto.get_mut().standing(subject);
            standing.was_demoted = true;
            standing.decided_by(answer.decision_id);
        }
    }

    /// Takes optimised code out of use: the function (or loop) starts over in tier 0 and is not consulted on for a while,
    /// which is longer each time (no ping-pong). What it is compiled to then knows what the exits have taught.
    pub(super) fn demote(&mut self, proto: Gc<Proto>, subject: Subject) {
        let later = |reopts: u32| (64i32 << reopts.min(16)).min(1 << 24);
        let wait = match subject {
            Subject::Function => later(proto.profile.reopts),
            Subject::Loop(index) => later(proto.loops()[index].reopts) * 4,
        };
        self.controller.code.remove_resident(proto, subject);
        let old = self.withdraw_code(proto, subject, wait, Withdrawal::Deoptimised);
        self.retire_code(proto, old);
    }
}
