//! What is asked, and logged, when optimised code exits.

#[allow(dead_code, reason = "each user of the module needs a part of it")]
mod support;

use std::{cell::RefCell, rc::Rc};

use support::{Mode, prepare, run, run_in};
use trinity_vm::{
    seam::{
        Action, ActionSet, CompileRecord, Decision, DecisionKind, DecisionPoint, DecisionRecord, DeoptRecord,
        EventSink, Feature, FunctionRecord, IterationRecord, Policy, RunSummary, Tier,
    },
    vm::{Vm, VmOptions},
};

/// Optimises whatever is legal; keeps code that exits, or gives it up.
struct Optimise {
    keeps: bool,
}

impl Policy for Optimise {
    fn name(&self) -> String {
        "optimise".to_owned()
    }
    fn first_consultation(&self, kind: DecisionKind) -> u32 {
        if kind == DecisionKind::Osr { u32::MAX } else { 20 }
    }
    fn decide(&mut self, point: &DecisionPoint<'_>) -> Decision {
        match point.kind {
            DecisionKind::Demote if self.keeps => Decision::certain(Action::Stay, 1),
            DecisionKind::Demote => Decision::give_up(),
            _ => Decision::certain(if point.legal.contains(Action::Hot) { Action::Hot } else { Action::Stay }, 1000),
        }
    }
}

/// Kind, tier, legal actions, action, side exits of the code.
type Row = (DecisionKind, Tier, ActionSet, Action, f64);

/// Decisions about the function that is called most.
struct Rows(Rc<RefCell<Vec<(u64, Row)>>>);

impl EventSink for Rows {
    fn decision(&mut self, record: &DecisionRecord) {
        let row = (record.kind, record.tier, record.legal, record.taken, record.features[Feature::GuardFails]);
        self.0.borrow_mut().push((record.function_id, row));
    }
    fn compile(&mut self, _: &CompileRecord) {}
    fn deopt(&mut self, _: &DeoptRecord) {}
    fn iteration(&mut self, _: &IterationRecord) {}
    fn function(&mut self, _: &FunctionRecord) {}
    fn run_end(&mut self, _: &RunSummary) {}
}

/// A function that has met integers only when it is optimised, and floats from then on.
const SOURCE: &str = "local function f(x) return x + 1 end
    for i = 1, 40 do f(i) end
    local sum = 0
    for i = 1, 400 do sum = f(sum + 0.5) end
    print(sum)";

fn decisions(keeps: bool) -> Vec<Row> {
    let mut vm = Vm::new(&VmOptions { native_stack: 24 << 20, ..VmOptions::default() });
    prepare(&mut vm, Mode::Tier2);
    vm.controller.set_policy(Box::new(Optimise { keeps }));
    let rows = Rc::new(RefCell::new(Vec::new()));
    vm.controller.set_sink(Box::new(Rows(Rc::clone(&rows))));
    let output = run_in(&mut vm, SOURCE, "deopt", Mode::Tier2);
    assert_eq!(output, run(SOURCE, "deopt", Mode::Interpreter));
    let rows = rows.borrow();
    assert!(rows.iter().all(|(function, _)| *function == rows[0].0), "one function is asked about");
    rows.iter().map(|(_, row)| *row).collect()
}

const EITHER: ActionSet = ActionSet::STAY.with(Action::Warm);

#[test]
fn after_sixteen_exits_code_is_given_up_and_optimised_again_with_what_they_taught() {
    let rows = decisions(false);
    let [first, demotion, again] = rows.as_slice() else { panic!("three decisions: {rows:?}") };
    let all = EITHER.with(Action::Hot);
    assert_eq!(*first, (DecisionKind::Tier, Tier::Cold, all, Action::Hot, 0.0));
    assert_eq!(*demotion, (DecisionKind::Demote, Tier::Hot, EITHER, Action::Warm, 16.0));
    assert_eq!(*again, (DecisionKind::Reopt, Tier::Cold, all, Action::Hot, 16.0));
}

#[test]
fn a_policy_may_keep_code_that_exits_and_is_asked_again_when_exits_have_doubled() {
    let rows = decisions(true);
    let kept: Vec<Row> = [16.0, 32.0, 64.0, 128.0, 256.0]
        .map(|exits| (DecisionKind::Demote, Tier::Hot, EITHER, Action::Stay, exits))
        .into();
    assert_eq!(rows[1..], kept);
}
