//! Compilation on other threads: what happens between the request and the code.

#[allow(dead_code, reason = "each user of the module needs a part of it")]
mod support;

use std::{cell::RefCell, rc::Rc};

use support::Mode;
use trinity_vm::{
    seam::{
        CompileRecord, CompileResult, DecisionRecord, DeoptRecord, EventSink, FunctionRecord, IterationRecord,
        RunSummary, Tier,
    },
    stdlib,
    vm::{Vm, VmOptions},
};

/// What a sink has been told of decisions and compilations.
#[derive(Clone, Default)]
struct Log(Rc<RefCell<(Vec<DecisionRecord>, Vec<CompileRecord>)>>);

impl EventSink for Log {
    fn decision(&mut self, record: &DecisionRecord) {
        self.0.borrow_mut().0.push(record.clone());
    }
    fn compile(&mut self, record: &CompileRecord) {
        self.0.borrow_mut().1.push(record.clone());
    }
    fn deopt(&mut self, _: &DeoptRecord) {}
    fn iteration(&mut self, _: &IterationRecord) {}
    fn function(&mut self, _: &FunctionRecord) {}
    fn run_end(&mut self, _: &RunSummary) {}
}

/// Decisions to compile, compilations, and the summary.
type Observed = (Vec<DecisionRecord>, Vec<CompileRecord>, RunSummary);

fn observe(source: &str, mode: Mode) -> Observed {
    let log = Log::default();
    let mut vm = Vm::new(&VmOptions { native_stack: 1 << 20, ..VmOptions::default() });
    support::compile_in(&mut vm, mode);
    stdlib::open(&mut vm);
    vm.controller.set_sink(Box::new(log.clone()));
    let globals = vm.globals.into();
    let chunk = vm.load(source.as_bytes(), b"=test", globals).expect("it compiles");
    let result = vm.call_from_host(chunk.into(), &[]);
    if let Err(error) = result {
        panic!("{}", vm.to_display(error).map_or_else(|_| "?".into(), |text| text.to_str_lossy().into_owned()));
    }
    let summary = vm.finish_run();
    drop(vm);
    let (mut decisions, compiles) = Rc::into_inner(log.0).expect("the sink is gone").into_inner();
    decisions.retain(|decision| decision.taken.tier().is_some());
    (decisions, compiles, summary)
}

fn stale(compiles: &[CompileRecord], reason: &'static str) -> usize {
    compiles.iter().filter(|compile| compile.result == CompileResult::Stale(reason)).count()
}

/// Every decision to compile has its compilation, in whatever order they ended; nothing that was queued is lost.
fn check(observed: &Observed) {
    let (decisions, compiles, summary) = observed;
    let mut wanted: Vec<u64> = decisions.iter().map(|decision| decision.decision_id).collect();
    let mut got: Vec<u64> = compiles.iter().map(|compile| compile.decision_id).collect();
    got.sort_unstable();
    // What the optimiser declines the baseline compiles for the same decision.
    got.dedup();
    wanted.sort_unstable();
    assert_eq!(got, wanted);
    let queued = compiles.iter().filter(|compile| compile.enqueue_ns.is_some());
    let dropped: u64 = summary.queue.stale.iter().map(|(_, count)| count).sum();
    assert_eq!(summary.queue.queued, queued.clone().count() as u64);
    assert_eq!(summary.queue.queued, summary.queue.finished + dropped);
    for compile in queued {
        assert!(compile.enqueue_ns <= Some(compile.start_ns) && compile.start_ns <= compile.install_ns);
    }
}

#[test]
fn every_request_is_answered_once_and_the_policy_is_not_asked_meanwhile() {
    let source = "local function f(x) return x + 1 end local s = 0 for i = 1, 300 do s = f(s) end assert(s == 300)";
    let observed = observe(source, Mode::Lagging(50));
    check(&observed);
    let (decisions, compiles, summary) = &observed;
    assert!(summary.queue.finished >= 2, "the function and the loop: {:?}", summary.queue);
    // Nobody is asked about a function or loop between a request and its answer.
    for compile in compiles.iter().filter(|compile| compile.enqueue_ns.is_some()) {
        let about = |decision: &&DecisionRecord| {
            (decision.function_id, decision.loop_index) == (compile.function_id, compile.loop_index)
        };
        let span = compile.enqueue_ns.expect("queued")..compile.install_ns;
        assert!(!decisions.iter().filter(about).any(|decision| span.contains(&decision.t_ns)));
    }
}

#[test]
fn with_a_fixed_lag_runs_are_the_same() {
    let source = "local t = {} local function f(i) t[i % 7 + 1] = i * 0.5 return #t end \
                  local s = 0 for i = 1, 2000 do s = s + f(i) if i % 500 == 0 then t = {} end end";
    let events = |observed: Observed| {
        let (decisions, compiles, summary) = observed;
        let decisions: Vec<_> = decisions.into_iter().map(|d| (d.decision_id, d.function_id, d.taken)).collect();
        let compiles: Vec<_> = compiles.into_iter().map(|c| (c.decision_id, c.code_bytes, c.result)).collect();
        (decisions, compiles, summary.deopts, summary.counted_work.to_bits())
    };
    for lag in [1, 2, 13, 100] {
        assert_eq!(events(observe(source, Mode::Lagging(lag))), events(observe(source, Mode::Lagging(lag))));
    }
}

#[test]
fn functions_that_die_in_the_queue_take_their_compilations_with_them() {
    // Each round makes a function that is asked to be compiled and then dropped, long before its code would come.
    let source = "for round = 1, 20 do \
                      local f = load('return function(x) return x + ' .. round .. ' end')() \
                      for i = 1, 10 do f(i) end \
                      f = nil \
                      collectgarbage() \
                  end";
    let observed = observe(source, Mode::Lagging(10_000));
    check(&observed);
    assert!(stale(&observed.1, "collected") >= 15, "{:?}", observed.2.queue);
    for mode in [Mode::Background(1), Mode::Background(2)] {
        check(&observe(source, mode));
    }
}

#[test]
fn what_is_pending_when_the_program_ends_is_dropped() {
    let source = "local function f(x) return x + 1 end for i = 1, 100 do f(i) end";
    let observed = observe(source, Mode::Lagging(1_000_000));
    check(&observed);
    let (_, compiles, summary) = &observed;
    assert!(stale(compiles, "run-end") >= 1 && summary.queue.finished == 0, "{:?}", summary.queue);
}

#[test]
fn code_that_relies_on_an_older_world_is_dropped_and_asked_for_again() {
    // While the method call is compiled the class changes.
    let source = "local C = {} C.__index = C function C:get() return self.x end \
                  local o = setmetatable({x = 1}, C) \
                  local function call(o) return o:get() end \
                  local s = 0 \
                  for i = 1, 400 do \
                      s = s + call(o) \
                      if i == 12 then C.get = function(self) return self.x end end \
                  end \
                  assert(s == 400)";
    let observed = observe(source, Mode::Lagging(20));
    check(&observed);
    let (_, compiles, summary) = &observed;
    assert!(stale(compiles, "epoch") >= 1, "{:?}", summary.queue);
    // In the end there is code.
    let last = compiles.iter().rfind(|compile| compile.loop_index.is_none() && compile.enqueue_ns.is_some());
    assert_eq!(last.map(|compile| compile.result), Some(CompileResult::Ok), "{:?}", summary.queue);
}

#[test]
fn optimised_code_that_comes_when_locals_are_exposed_is_declined() {
    // Asked for before the program is known to look into frames, finished after.
    let source = "local function f(x) local y = x + 1 return y end \
                  for i = 1, 20 do f(i) end \
                  load('return debug.getlocal')() \
                  for i = 1, 60 do f(i) end";
    let observed = observe(source, Mode::Lagging(60));
    check(&observed);
    let optimised = |compile: &&CompileRecord| compile.tier_to == Tier::Hot;
    assert!(observed.1.iter().filter(optimised).count() > 0);
    for compile in observed.1.iter().filter(optimised) {
        assert_eq!(compile.result, CompileResult::Bailout("exposed-locals"));
    }
}

#[test]
fn thousands_of_machines_come_and_go() {
    let source = "local t = {} \
                  local function f(i) t[#t + 1] = i return #t end \
                  for i = 1, 60 do f(i) end \
                  return #t";
    for round in 0..2_000 {
        let mut vm = Vm::new(&VmOptions::default());
        support::compile_in(&mut vm, Mode::Background(1 + round % 2));
        let globals = vm.globals.into();
        let chunk = vm.load(source.as_bytes(), b"=test", globals).expect("it compiles");
        let results = vm.call_from_host(chunk.into(), &[]).expect("it runs");
        assert_eq!(results[0].raw_int(), 60);
        // Dropped while its threads work.
    }
}

#[test]
fn a_machine_goes_on_after_its_report() {
    let mut vm = Vm::new(&VmOptions::default());
    support::compile_in(&mut vm, Mode::Lagging(500));
    let globals = vm.globals.into();
    let source = "function f(x) return x * 2 end for i = 1, 50 do f(i) end";
    let chunk = vm.load(source.as_bytes(), b"=test", globals).expect("it compiles");
    vm.call_from_host(chunk.into(), &[]).expect("it runs");
    let first = vm.finish_run().queue;
    assert!(first.queued > 0 && first.finished == 0, "{first:?}");
    let chunk = vm.load(b"for i = 1, 2000 do f(i) end", b"=test", globals).expect("it compiles");
    vm.call_from_host(chunk.into(), &[]).expect("it runs");
    let second = vm.finish_run().queue;
    assert!(second.finished > 0, "{second:?}");
}
