//! What it takes to get from one tier to another, by the wall clock.

use std::time::Instant;

use trinity_jit::{JitCompiler, Tier1Form};
use trinity_vm::{
    seam::{Action, Decision, DecisionKind, DecisionPoint, Policy, RunSummary},
    stdlib,
    value::Value,
    vm::{Vm, VmOptions},
};

use crate::stats::median;

/// Nanoseconds, beyond what the interpreter takes for what is done meanwhile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transitions {
    /// One side exit of optimised code.
    pub side_exit_ns: f64,
    /// One entry into the code of a loop.
    pub loop_entry_ns: f64,
}

/// Optimises functions, or loops, after a few events, and keeps the code however often it exits.
struct Keep {
    optimised: DecisionKind,
}

impl Policy for Keep {
    fn name(&self) -> String {
        "keep".to_owned()
    }
    fn first_consultation(&self, kind: DecisionKind) -> u32 {
        if kind == self.optimised { 20 } else { u32::MAX }
    }
    fn decide(&mut self, point: &DecisionPoint<'_>) -> Decision {
        let wanted = point.kind == self.optimised && point.legal.contains(Action::Hot);
        Decision::certain(if wanted { Action::Hot } else { Action::Stay }, u32::MAX)
    }
}

/// `f` has met integers only when it is optimised, and exits at every call from then on.
const EXITS: &str = "local function f(x) return x + 1 end
    for i = 1, 40 do f(i) end
    function calls(n) for _ = 1, n do f(0.5) end end";

/// Every call of `g` goes into the code of its loop for the last of two iterations.
const ENTRIES: &str = "local function g(x) for _ = 1, 2 do x = x + 1 end return x end
    for i = 1, 40 do g(i) end
    function calls(n) for i = 1, n do g(i) end end";

const CALLS: i64 = 100_000;
/// Measurements of each kind, of which the median is taken.
const REPEATS: usize = 15;

/// Nanoseconds for `CALLS` calls, several times, and what the VM did in all.
fn time_of_calls(source: &str, policy: Option<Keep>) -> Result<(Vec<f64>, RunSummary), String> {
    let mut vm = Vm::new(&VmOptions::default());
    stdlib::open(&mut vm);
    if let Some(policy) = policy {
        vm.controller.set_compiler(Box::new(JitCompiler::with_form(Tier1Form::default())));
        vm.controller.set_policy(Box::new(policy));
    }
    let call = |vm: &mut Vm, source: &str| {
        let globals = Value::from(vm.globals);
        let chunk = stdlib::load_chunk(vm, source.as_bytes(), b"=transitions", None, globals)
            .map_err(|message| String::from_utf8_lossy(&message).into_owned())?;
        let started = Instant::now();
        let result = vm.call_from_host(Value::from(chunk), &[Value::from(CALLS)]);
        result.map_err(|_| "a program for the calibration of transitions failed".to_owned())?;
        Ok::<_, String>(started.elapsed().as_nanos() as f64)
    };
    call(&mut vm, source)?;
    let times = (0..REPEATS).map(|_| call(&mut vm, "calls(...)")).collect::<Result<_, _>>()?;
    Ok((times, vm.finish_run()))
}

/// What a transition adds to a call in the interpreter, where each call makes one of those that `made` counts.
fn added(source: &str, optimised: DecisionKind, made: impl Fn(&RunSummary) -> u64) -> Result<f64, String> {
    let (plain, _) = time_of_calls(source, None)?;
    let (with, summary) = time_of_calls(source, Some(Keep { optimised }))?;
    let expected = CALLS as u64 * REPEATS as u64;
    if made(&summary) < expected {
        return Err(format!("{} transitions between tiers where {expected} were to be measured", made(&summary)));
    }
    Ok(((median(&with) - median(&plain)) / CALLS as f64).max(0.0))
}

/// Measures both.
///
/// # Errors
/// When programs that are made for it do not make the transitions.
pub fn measure() -> Result<Transitions, String> {
    Ok(Transitions {
        side_exit_ns: added(EXITS, DecisionKind::Tier, |summary| summary.deopts.iter().map(|(_, count)| count).sum())?,
        loop_entry_ns: added(ENTRIES, DecisionKind::Osr, |summary| summary.compiles[1].osr_entries)?,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_programs_make_the_transitions_that_they_are_for() {
        // How long they take is the machine's business.
        super::measure().unwrap();
    }
}
