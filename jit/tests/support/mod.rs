//! Runs Lua programs in a chosen tier and collects what they print.

use trinity_jit::JitCompiler;
use trinity_vm::{
    coroutine,
    native::{Args, NativeResult},
    seam::{Action, Decision, DecisionKind, DecisionPoint, EventSink, Policy},
    value::{Value, tag},
    vm::{Vm, VmOptions},
};

/// How a program is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "each user of this module runs some of the modes")]
pub enum Mode {
    Interpreter,
    /// Everything is compiled at its first call and first back-edge.
    Tier1,
    /// As [`Mode::Tier1`] after some feedback: functions at the fifth call, loops at the tenth back-edge.
    Tier1Warm,
    /// As [`Mode::Tier1`], with a collection at every poll.
    Tier1Stress,
    /// The interpreter with a collection at every poll.
    InterpreterStress,
}

struct Forced {
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
        let action = if point.legal.contains(Action::Warm) { Action::Warm } else { Action::Stay };
        Decision::certain(action, 1_000_000)
    }
}

#[derive(Default)]
struct Output(String);

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
        vm.heap.threshold = 0;
        vm.heap.pause = 0;
    }
    let result = vm.call_from_host(chunk.into(), &[]);
    let mut output = std::mem::take(&mut vm.extension::<Output>().0);
    if let Err(error) = result {
        let text = show(&mut vm, error);
        output.push_str(&format!("ERROR {text}\n"));
    }
    vm.close_state();
    output
}

/// Installs policy, compiler and the natives of these tests.
pub fn prepare(vm: &mut Vm, mode: Mode) {
    let (calls, loops) = if mode == Mode::Tier1Warm { (5, 10) } else { (1, 1) };
    if !matches!(mode, Mode::Interpreter | Mode::InterpreterStress) {
        vm.controller.set_policy(Box::new(Forced { calls, loops }));
        vm.controller.set_compiler(Box::new(JitCompiler::new().expect("the host is supported")));
    }
    let globals = vm.globals;
    vm.set_functions(globals, &[
        ("print", print),
        ("pcall", coroutine::pcall),
        ("xpcall", coroutine::xpcall),
        ("error", error),
        ("setmetatable", setmetatable),
        ("type", type_),
        ("select", select),
        ("tostring", tostring),
        ("next", next),
        ("pairs", pairs),
        ("resume", resume),
        ("create", create),
        ("yield", coroutine::yield_native),
        ("clock", clock),
    ]);
}

fn show(vm: &mut Vm, value: Value) -> String {
    match value.tag {
        tag::INT | tag::FLOAT => String::from_utf8_lossy(vm.number_to_string(value).as_bytes()).into_owned(),
        tag::STRING => value.as_string().map(|string| string.to_str_lossy().into_owned()).unwrap_or_default(),
        tag::NIL => "nil".into(),
        tag::FALSE | tag::TRUE => (value.tag == tag::TRUE).to_string(),
        _ => value.type_name().into(),
    }
}

fn print(vm: &mut Vm, args: Args) -> NativeResult {
    let line: Vec<String> = (0..args.len()).map(|index| show(vm, args.get(index))).collect();
    let output = &mut vm.extension::<Output>().0;
    output.push_str(&line.join("\t"));
    output.push('\n');
    vm.ret0(args)
}

fn tostring(vm: &mut Vm, args: Args) -> NativeResult {
    let text = show(vm, args.get(0));
    let text = vm.new_string(text);
    vm.ret1(args, text)
}

fn error(vm: &mut Vm, args: Args) -> NativeResult {
    let value = args.get(0);
    Err(match value.as_string() {
        Some(string) => {
            let text = string.as_bytes().to_vec();
            vm.throw(text)
        }
        None => vm.throw_value(value),
    })
}

fn setmetatable(vm: &mut Vm, args: Args) -> NativeResult {
    let table = vm.check_table(args, 0)?;
    vm.set_metatable(table, args.get(1).as_table());
    vm.ret1(args, table)
}

fn type_(vm: &mut Vm, args: Args) -> NativeResult {
    let name = vm.new_string(args.get(0).type_name());
    vm.ret1(args, name)
}

fn select(vm: &mut Vm, args: Args) -> NativeResult {
    if args.get(0).is_string() {
        return vm.ret1(args, args.len() as i64 - 1);
    }
    let from = vm.check_int(args, 0)? as usize;
    let values = args.to_vec(from);
    vm.ret(args, &values)
}

fn next(vm: &mut Vm, args: Args) -> NativeResult {
    let table = vm.check_table(args, 0)?;
    match table.next(args.get(1)) {
        Ok(Some((key, value))) => vm.ret(args, &[key, value]),
        _ => vm.ret1(args, Value::NIL),
    }
}

fn pairs(vm: &mut Vm, args: Args) -> NativeResult {
    let globals = vm.globals;
    let key = vm.heap.string(b"next");
    let next = globals.get_str(key);
    vm.ret(args, &[next, args.get(0), Value::NIL])
}

fn create(vm: &mut Vm, args: Args) -> NativeResult {
    let thread = vm.new_thread(args.get(0));
    vm.ret1(args, thread)
}

fn resume(vm: &mut Vm, args: Args) -> NativeResult {
    let Some(thread) = args.get(0).as_thread() else { return Err(vm.type_error(args, 0, "thread")) };
    let values = args.to_vec(1);
    let resumed = vm.resume(thread, &values);
    if resumed == coroutine::Resumed::Failed {
        let error = vm.error;
        return vm.ret(args, &[Value::FALSE, error]);
    }
    let mut results = vec![Value::TRUE];
    results.extend(vm.transfer.iter().copied());
    vm.ret(args, &results)
}

fn clock(vm: &mut Vm, args: Args) -> NativeResult {
    let seconds = vm.elapsed_ns() as f64 / 1e9;
    vm.ret1(args, seconds)
}
