//! What is asked and logged: when optimised code exits, and about the system as a whole.

#[allow(dead_code, reason = "each user of the module needs a part of it")]
mod support;

use std::{cell::RefCell, num::NonZeroU32, rc::Rc};

use support::{Mode, prepare, run, run_in};
use trinity_vm::{
    seam::{
        Action, ActionSet, CompileRecord, Decision, DecisionKind, DecisionPoint, DecisionRecord, DeoptRecord,
        EventSink, Feature, FunctionRecord, FunctionTotals, IterationRecord, Policy, RunSummary, Tier,
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

struct Rows(Rc<RefCell<Vec<DecisionRecord>>>);

impl EventSink for Rows {
    fn decision(&mut self, record: &DecisionRecord) {
        self.0.borrow_mut().push(record.clone());
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

fn decisions(source: &str, keeps: bool, configure: impl FnOnce(&mut Vm)) -> Vec<DecisionRecord> {
    let mut vm = Vm::new(&VmOptions { native_stack: 24 << 20, ..VmOptions::default() });
    prepare(&mut vm, Mode::Tier2);
    vm.controller.set_policy(Box::new(Optimise { keeps }));
    let rows = Rc::new(RefCell::new(Vec::new()));
    vm.controller.set_sink(Box::new(Rows(Rc::clone(&rows))));
    configure(&mut vm);
    let output = run_in(&mut vm, source, "decisions", Mode::Tier2);
    assert_eq!(output, run(source, "decisions", Mode::Interpreter));
    rows.take()
}

/// Kind, tier, legal actions, action, side exits of the code, and the decision before.
type Row = (DecisionKind, Tier, ActionSet, Action, f64, Option<u64>);

fn row(record: &DecisionRecord) -> Row {
    let DecisionRecord { kind, tier, legal, taken, ref features, parent, .. } = *record;
    (kind, tier, legal, taken, features[Feature::GuardFails], parent)
}

const EITHER: ActionSet = ActionSet::STAY.with(Action::Warm);

#[test]
fn after_sixteen_exits_code_is_given_up_and_optimised_again_with_what_they_taught() {
    let records = decisions(SOURCE, false, |_| {});
    let [first, demotion, again] = records.as_slice() else { panic!("three decisions: {records:?}") };
    let all = EITHER.with(Action::Hot);
    assert_eq!(row(first), (DecisionKind::Tier, Tier::Cold, all, Action::Hot, 0.0, None));
    assert_eq!(row(demotion), (DecisionKind::Demote, Tier::Hot, EITHER, Action::Warm, 16.0, Some(0)));
    assert_eq!(row(again), (DecisionKind::Reopt, Tier::Cold, all, Action::Hot, 16.0, Some(1)));
    assert_eq!(first.last_deopt, None);
    assert!(demotion.last_deopt.is_some() && again.last_deopt == demotion.last_deopt);
}

#[test]
fn a_policy_may_keep_code_that_exits_and_is_asked_again_when_exits_have_doubled() {
    let records = decisions(SOURCE, true, |_| {});
    let exits = [16.0, 32.0, 64.0, 128.0, 256.0];
    let kept = exits.map(|exits| (DecisionKind::Demote, Tier::Hot, EITHER, Action::Stay, exits, Some(0)));
    assert_eq!(records[1..].iter().map(row).collect::<Vec<_>>(), kept);
}

/// Two functions, each called until it has been decided about.
const TWO: &str = "local t = {x = 1}
    local function f() return t.x end
    local function g() return t.x + 1 end
    for i = 1, 40 do f() end
    for i = 1, 40 do g() end
    print(f(), g())";

#[test]
fn decisions_know_what_the_system_is_at() {
    let of =
        |records: &[DecisionRecord], feature| records.iter().map(|record| record.features[feature]).collect::<Vec<_>>();
    let at_once = decisions(TWO, true, |_| {});
    assert_eq!(of(&at_once, Feature::CompilerThreads), [0.0, 0.0]);
    assert_eq!(of(&at_once, Feature::QueueLen), [0.0, 0.0]);
    let rates = of(&at_once, Feature::CompileRateEst);
    assert!(rates[0] == 0.0 && rates[1] > 0.0, "{rates:?}");
    // Each has a cache, which it has filled.
    assert_eq!(of(&at_once, Feature::IcChangedSinceLast), [1.0, 1.0]);
    let later = decisions(TWO, true, |vm| {
        vm.controller.set_compiler_threads(1);
        vm.controller.set_install_lag(1_000_000);
    });
    assert_eq!(of(&later, Feature::CompilerThreads), [1.0, 1.0]);
    assert_eq!(of(&later, Feature::QueueLen), [0.0, 1.0], "one is on its way when the other is decided about");
}

/// Asked after 20 calls, and once; does nothing.
struct AskedOnce;

impl Policy for AskedOnce {
    fn name(&self) -> String {
        "asked once".to_owned()
    }
    fn first_consultation(&self, kind: DecisionKind) -> u32 {
        if kind == DecisionKind::Osr { u32::MAX } else { 20 }
    }
    fn decide(&mut self, _: &DecisionPoint<'_>) -> Decision {
        Decision::certain(Action::Stay, u32::MAX)
    }
}

/// What happens, in words.
struct Words(Rc<RefCell<Vec<String>>>);

impl EventSink for Words {
    fn decision(&mut self, record: &DecisionRecord) {
        self.0.borrow_mut().push(format!("decision in {}", record.iteration));
    }
    fn function_so_far(&mut self, totals: &FunctionTotals) {
        self.0.borrow_mut().push(format!("{} calls", totals.calls));
    }
    fn iteration(&mut self, record: &IterationRecord) {
        self.0.borrow_mut().push(format!("end of {}", record.iteration));
    }
    fn compile(&mut self, _: &CompileRecord) {}
    fn deopt(&mut self, _: &DeoptRecord) {}
    fn function(&mut self, _: &FunctionRecord) {}
    fn run_end(&mut self, _: &RunSummary) {}
}

#[test]
fn totals_are_told_at_the_end_of_the_first_iteration_to_begin_after_a_decision() {
    let mut vm = Vm::new(&VmOptions { native_stack: 24 << 20, ..VmOptions::default() });
    prepare(&mut vm, Mode::Interpreter);
    vm.controller.set_policy(Box::new(AskedOnce));
    let words = Rc::new(RefCell::new(Vec::new()));
    vm.controller.set_sink(Box::new(Words(Rc::clone(&words))));
    let setup = "function f() end function g() end function call(f, n) for i = 1, n do f() end end call(g, 25)";
    run_in(&mut vm, setup, "iterations", Mode::Interpreter);
    for (iteration, calls) in [(1, 30), (2, 7), (3, 5)] {
        vm.iteration_begin(NonZeroU32::new(iteration).expect("not 0"));
        run_in(&mut vm, &format!("call(f, {calls})"), "iterations", Mode::Interpreter);
        vm.iteration_end();
    }
    let expected = ["decision in 0", "decision in 1", "25 calls", "end of 1", "37 calls", "end of 2", "end of 3"];
    assert_eq!(*words.borrow(), expected);
}
