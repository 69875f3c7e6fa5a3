//! Programs run one after another inside this process, each in a VM of its own, with everything they say captured.

use std::{cell::RefCell, io::Write, rc::Rc};

use trinity_jit::{JitCompiler, Tier1Form, tier2::ForcedExits};
use trinity_vm::{
    coroutine,
    heap::GcStress,
    seam::{Action, Decision, DecisionKind, DecisionPoint, Policy},
    stdlib,
    value::Value,
    vm::{Vm, VmOptions},
};

use super::{Forced, message_handler, on_large_stack};
use crate::{failure::Result, stats::Rng};

/// Native stack for compiled code; less than a script has, since nothing that is run this way needs it.
const NATIVE_STACK: usize = 60 << 20;

/// What of a program is compiled, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tiering {
    Interpret,
    /// Everything for this tier at its first call or back-edge.
    Forced(u8),
    /// A policy's specification.
    Fixed(&'static str),
    /// Tier 2 at once, but after this many calls or three times as many back-edges, when there is feedback.
    Late(u32),
    /// Any legal action after any number of events.
    Random(u64),
}

/// Which thread optimises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compilation {
    /// The one that runs the program.
    Synchronous,
    /// So many others.
    Threads(u32),
    /// Another one, whose code is installed at this poll after it was asked for.
    Lagging(u32),
}

/// How a program is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    pub tiering: Tiering,
    pub compilation: Compilation,
    /// How tier 1 is made.
    pub form: Tier1Form,
    pub stress: GcStress,
    /// Guards of optimised code take their exits although they hold: by this seed, one in 2 to the power of that.
    pub forced_exits: Option<(u64, u32)>,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Normally,
    ByError,
    /// It did not compile.
    AtSyntax,
}

/// What a program said.
#[derive(Clone, Debug)]
pub struct Captured {
    pub stdout: Vec<u8>,
    /// The message of the error that ended it, with its traceback.
    pub message: Vec<u8>,
    pub ended: Ended,
}

/// Gives `work` a stack on which programs may recurse.
pub fn with_stack<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    on_large_stack(work)
}

/// Runs one program; to be called inside [`with_stack`].
pub fn capture(source: &[u8], name: &[u8], setting: Setting) -> Captured {
    let mut vm = Vm::new(&VmOptions { native_stack: NATIVE_STACK, ..VmOptions::default() });
    stdlib::open(&mut vm);
    let output = Output::default();
    stdlib::io::redirect_stdout(&mut vm, Box::new(output.clone()));
    let policy: Option<Box<dyn Policy>> = match setting.tiering {
        Tiering::Interpret => None,
        Tiering::Forced(tier) => Some(Box::new(Forced(tier))),
        Tiering::Fixed(spec) => trinity_policy::build(spec).ok(),
        Tiering::Late(calls) => Some(Box::new(Late(calls))),
        Tiering::Random(seed) => Some(Box::new(Anything(Rng::stream(seed, "tiering")))),
    };
    if let Some(policy) = policy {
        vm.controller.set_policy(policy);
        let mut compiler = JitCompiler::with_form(setting.form);
        if let Some((seed, rarity)) = setting.forced_exits {
            compiler.force_exits(ForcedExits::new(seed, rarity));
        }
        vm.controller.set_compiler(Box::new(compiler));
    }
    match setting.compilation {
        Compilation::Synchronous => {}
        Compilation::Threads(threads) => vm.controller.set_compiler_threads(threads),
        Compilation::Lagging(polls) => {
            vm.controller.set_compiler_threads(1);
            vm.controller.set_install_lag(polls);
        }
    }
    vm.heap.set_stress(setting.stress);
    let globals = Value::from(vm.globals);
    let (ended, message) = match stdlib::load_chunk(&mut vm, source, name, None, globals) {
        Err(message) => (Ended::AtSyntax, message),
        Ok(function) => {
            let protected = vm.new_native("xpcall", coroutine::xpcall);
            let handler = vm.new_native("message handler", message_handler);
            let (done, value) = match vm.call_from_host(protected, &[Value::from(function), handler]) {
                Ok(results) => (
                    results.first().is_some_and(|value| value.is_truthy()),
                    results.get(1).copied().unwrap_or(Value::NIL),
                ),
                Err(error) => (false, error),
            };
            if done {
                (Ended::Normally, Vec::new())
            } else {
                let text = value.as_string().map_or_else(|| b"(no message)".to_vec(), |text| text.as_bytes().to_vec());
                (Ended::ByError, text)
            }
        }
    };
    vm.close_state();
    stdlib::io::flush(&mut vm);
    drop(vm);
    Captured { stdout: output.0.take(), message, ended }
}

#[derive(Clone, Default)]
struct Output(Rc<RefCell<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// [`Tiering::Late`].
struct Late(u32);

impl Policy for Late {
    fn name(&self) -> String {
        format!("late:{}", self.0)
    }
    fn first_consultation(&self, kind: DecisionKind) -> u32 {
        if kind == DecisionKind::Osr { self.0 * 3 } else { self.0 }
    }
    fn decide(&mut self, point: &DecisionPoint<'_>) -> Decision {
        if point.kind == DecisionKind::Demote {
            return Decision::give_up();
        }
        let action = if point.legal.contains(Action::Hot) { Action::Hot } else { Action::Stay };
        Decision::certain(action, self.0 * 4)
    }
}

/// [`Tiering::Random`].
struct Anything(Rng);

impl Policy for Anything {
    fn name(&self) -> String {
        "anything".to_owned()
    }
    fn first_consultation(&self, _: DecisionKind) -> u32 {
        1
    }
    fn decide(&mut self, point: &DecisionPoint<'_>) -> Decision {
        let legal: Vec<Action> = point.legal.iter().collect();
        let action = legal[self.0.below(legal.len())];
        Decision::certain(action, 1 + self.0.below(40) as u32)
    }
}
