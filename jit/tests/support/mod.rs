//! Runs Lua programs in a chosen tier and collects what they print.

use std::cell::RefCell;

use trinity_jit::JitCompiler;
use trinity_vm::{
    native::{Args, NativeResult},
    seam::{Action, Decision, DecisionKind, DecisionPoint, EventSink, Policy},
    stdlib,
    vm::{Vm, VmOptions},
};

/// How a program is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]

pub enum Mode {
    Interpreter,
    /// Everything is compiled at its first call and first back-edge.
    Tier1,
    /// As [`Mode::Tier1`] after some feedback: functions at the fifth call, loops at the tenth back-edge.
    Tier1Warm,
    /// Functions at the 200th call, loops at the 1000th back-edge.
    Tier1Late,
    /// As [`Mode::Tier1`], with a collection at every poll.
    Tier1Stress,
    /// Tier 2, as late as [`Mode::Tier1Warm`].
    Tier2,
    /// The interpreter with a collection at every poll.
    InterpreterStress,
}

struct Forced {
    action: Action,
    calls: u32,
    loops: u32,
}

impl Policy for Forced {
    fn name(&self) -> String {
        format!("forced:{},{}", self.calls, self.loops)
    }
    fn first_consultation(&self, kind: DecisionKind) -> u32 {
        if kind == DecisionKind::Osr { self.loops } else { self.calls }
    }
    fn decide(&mut self, point: &DecisionPoint<'_>) -> Decision {
        let action = if point.legal.contains(self.action) { self.action } else { Action::Stay };
        Decision::certain(action, 1_000_000)
    }
}

thread_local! {
    static OUTPUT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// What the program printed, followed by its error if it ended with one.
pub fn run(source: &str, name: &str, mode: Mode) -> String {
    run_observed(source, name, mode, None)
}

/// As [`run`], with the VM's events sent to a sink.
pub fn run_observed(source: &str, name: &str, mode: Mode, sink: Option<Box<dyn EventSink>>) -> String {
    let mut vm = Vm::new(&VmOptions { native_stack: 24 << 20, ..VmOptions::default() });
    prepare(&mut vm, mode);
    if let Some(sink) = sink {
        vm.controller.set_sink(sink);
    }
    let globals = vm.globals;
    let chunk = match vm.load(source.as_bytes(), format!("@{name}").as_bytes(), globals.into()) {
        Ok(chunk) => chunk,
        Err(error) => panic!("{name}: {error:?}"),
    };
    if matches!(mode, Mode::Tier1Stress | Mode::InterpreterStress) {
        vm.set_field(vm.globals, "STRESS", true);
        vm.heap.threshold = 0;
        vm.heap.stress = true;
    }
    let result = vm.call_from_host(chunk.into(), &[]);
    let mut output = OUTPUT.take();
    if let Err(error) = result {
        let text = vm.to_display(error).map_or_else(|_| "?".into(), |text| text.to_str_lossy().into_owned());
        output.push_str(&format!("ERROR {text}\n"));
    }
    vm.close_state();
    output
}

/// Installs policy, compiler the library, and a `print` that is collected.
pub fn prepare(vm: &mut Vm, mode: Mode) {
    let (calls, loops) = match mode {
        Mode::Tier1Warm | Mode::Tier2 => (5, 10),
        Mode::Tier1Late => (200, 1000),
        _ => (1, 1),
    };
    if !matches!(mode, Mode::Interpreter | Mode::InterpreterStress) {
        let action = if mode == Mode::Tier2 { Action::Hot } else { Action::Warm };
        vm.controller.set_policy(Box::new(Forced { action, calls, loops }));
        vm.controller.set_compiler(Box::new(JitCompiler::new().expect("the host is supported")));
    }
    stdlib::open(vm);
    let globals = vm.globals;
    vm.set_functions(globals, &[("print", print)]);
}

/// Into the output that [`run`] returns.
fn print(vm: &mut Vm, args: Args) -> NativeResult {
    for index in 0..args.len() {
        let text = vm.to_display(args.get(index))?;
        OUTPUT.with_borrow_mut(|output| {
            if index > 0 {
                output.push('\t');
            }
            output.push_str(&text.to_str_lossy());
        });
    }
    OUTPUT.with_borrow_mut(|output| output.push('\n'));
    vm.ret0(args)
}
