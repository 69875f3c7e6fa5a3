//! Several consumers behind the VM's one event sink, and what those that write files have in common.

use std::{cell::RefCell, rc::Rc};

use trinity_vm::seam::{
    CompileRecord, DecisionRecord, DeoptRecord, EventSink, FunctionRecord, FunctionTotals, InstallRecord,
    IterationRecord, OsrRecord, PauseRecord, RunSummary, WithdrawRecord,
};

/// The first thing that went wrong with a file that is written while the program runs; told at its end.
#[derive(Clone, Debug, Default)]
pub(super) struct Problem(Rc<RefCell<Option<String>>>);

impl Problem {
    pub(super) fn note(&self, problem: impl FnOnce() -> String) {
        self.0.borrow_mut().get_or_insert_with(problem);
    }
    pub(super) fn is_noted(&self) -> bool {
        self.0.borrow().is_some()
    }
    pub(super) fn take(&self) -> Option<String> {
        self.0.borrow_mut().take()
    }
}

/// One sink for all of them; `None` when there are none.
pub(super) fn combine(mut sinks: Vec<Box<dyn EventSink>>) -> Option<Box<dyn EventSink>> {
    if sinks.len() > 1 { Some(Box::new(FanOut(sinks))) } else { sinks.pop() }
}

struct FanOut(Vec<Box<dyn EventSink>>);

macro_rules! forward {
    ($($event:ident($record:ty);)*) => {
        impl EventSink for FanOut {
            $(fn $event(&mut self, record: &$record) {
                for sink in &mut self.0 {
                    sink.$event(record);
                }
            })*
        }
    };
}

forward! {
    decision(DecisionRecord);
    compile(CompileRecord);
    install(InstallRecord);
    withdraw(WithdrawRecord);
    osr_entry(OsrRecord<'_>);
    deopt(DeoptRecord);
    pause(PauseRecord);
    function_so_far(FunctionTotals);
    iteration(IterationRecord);
    function(FunctionRecord);
    run_end(RunSummary);
}
