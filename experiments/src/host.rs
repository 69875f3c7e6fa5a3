//! The VM as the command line uses it. Only this module names the VM's and the compilers' types.

pub mod captured;
pub mod listing;
pub mod measured;
pub mod transitions;

mod digest;
mod ending;
mod options;
mod perf_map;
mod policies;
mod repl;
mod sinks;
mod stats;
mod trace;

use std::{
    io::Read,
    num::NonZeroU32,
    path::Path,
    rc::Rc,
    sync::{Arc, OnceLock},
};

use trinity_datasets::SpoolSink;
use trinity_jit::{JitCompiler, tier2::SnapshotFolder};
use trinity_policy::{RunContext, build_for};
use trinity_vm::{
    bytecode::{FnUnit, dump},
    coroutine,
    front::strip_shebang,
    meta::Meta,
    native::{Args, NativeResult},
    observe::InterruptHandle,
    seam::{EventSink, Policy, Tier},
    stdlib,
    value::Value,
    vm::{Vm, VmOptions},
};

use crate::{
    clock::ClockKind,
    collect,
    failure::{AtPath, Failure, Result},
    files,
};
use ending::{Ending, finish, leave};
pub use options::{HostOptions, Log, Program, Source, Step, default_compiler_threads};
use perf_map::PerfMapSink;
use policies::{Counted, Forced};
use trace::TraceSink;

pub const DEFAULT_POLICY: &str = "cost-benefit";
/// What `trinity run -v` says.
const VERSION: &str = concat!("Lua 5.4 (Trinity ", env!("CARGO_PKG_VERSION"), ")");

/// Native stack of what runs Lua: compiled code recurses on it.
const STACK: usize = 256 << 20;
/// The same under the virtual clock: how much is needed depends on the build, and none may come to the end of it.
const VIRTUAL_STACK: usize = 1 << 30;
/// What of it is kept for natives and the collector.
const STACK_RESERVE: usize = 6 << 20;

/// A file that compiles.
#[derive(Clone, Debug)]
pub struct Checked {
    pub bytes: u64,
    pub functions: u64,
}

/// Refuses a policy spec that names no policy.
pub fn check_policy(spec: &str) -> Result<()> {
    trinity_policy::build(spec).map(drop).map_err(|error| Failure::usage(error.to_string()))
}

/// Runs a program as `lua` does and returns the exit status. A program that calls `os.exit` ends this process here.
pub fn run_script(options: &HostOptions, program: &Program) -> Result<i32> {
    stacker::grow(stack_size(options.clock), || run_here(options, program))
}

fn stack_size(clock: ClockKind) -> usize {
    match clock {
        ClockKind::Wall => STACK,
        ClockKind::Virtual => VIRTUAL_STACK,
    }
}

/// Does `work` on a stack that is deep enough for recursion in compiled code.
///
/// PERF: not on a thread of its own, which takes time to start and whose allocator's arena grows page by page.
fn on_large_stack<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    stacker::grow(STACK, work)
}

/// A VM for [`on_large_stack`], with its libraries.
fn new_vm(options: &HostOptions) -> Box<Vm> {
    let mut vm = Vm::new(&VmOptions {
        clock: options.clock.into(),
        seed: options.seed,
        native_stack: stack_size(options.clock) - STACK_RESERVE,
        fuel: options.fuel,
        count_ticks: options.fuel.is_some(),
        memory_limit: options.memory_limit,
        compiler_threads: options.compiler_threads,
        ..VmOptions::default()
    });
    if options.sandbox {
        stdlib::open_sandboxed(&mut vm);
    } else {
        stdlib::open(&mut vm);
    }
    vm
}

fn run_here(options: &HostOptions, program: &Program) -> Result<i32> {
    let mut vm = new_vm(options);
    end_on_interrupt(&mut vm);
    let mut host = vm.host();
    host.exit = leave;
    vm.set_host(host);
    let mut script: Vec<String> = program.source.as_ref().map(script_name).into_iter().collect();
    script.extend(program.args.iter().cloned());
    let mut ending = Ending { options: options.clone(), script: script.clone(), ..Ending::default() };
    install(&mut vm, options, &mut ending)?;
    *vm.extension::<Ending>() = ending;
    open_trinity(&mut vm);
    set_arg(&mut vm, &script, options.clock);

    let succeeded = run_program(&mut vm, program, options.sandbox);
    vm.close_state();
    stdlib::io::flush(&mut vm);
    let status = finish(&mut vm, i32::from(!succeeded));
    // PERF: finalizers have run; the memory goes with the process.
    std::mem::forget(vm);
    Ok(status)
}

/// Ctrl-C ends the program with an error, and the process when it is pressed once more.
fn end_on_interrupt(vm: &mut Vm) {
    static HANDLE: OnceLock<InterruptHandle> = OnceLock::new();
    extern "C" fn interrupt(signal: libc::c_int) {
        if let Some(handle) = HANDLE.get() {
            handle.interrupt();
        }
        // SAFETY: a signal handler may call it.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    HANDLE.get_or_init(|| vm.interrupt_handle());
    // SAFETY: the handler only stores to atomics and calls `signal`.
    unsafe { libc::signal(libc::SIGINT, interrupt as *const () as libc::sighandler_t) };
}

/// False after the first error, which has been shown.
fn run_program(vm: &mut Vm, program: &Program, sandbox: bool) -> bool {
    if program.version {
        println!("{VERSION}");
    }
    if program.ignore_environment && !sandbox {
        stdlib::reset_paths(vm);
    }
    if !(program.ignore_environment || sandbox || run_init(vm)) {
        return false;
    }
    for step in &program.steps {
        match step {
            Step::Chunk(text) => note_source(vm, text.as_bytes()),
            Step::Module(module) => note_source(vm, module.as_bytes()),
            Step::Warnings => {}
        }
        let succeeded = match step {
            Step::Chunk(text) => run_chunk(vm, text.as_bytes(), b"=(command line)", &[]),
            Step::Module(module) => run_module(vm, module),
            Step::Warnings => {
                vm.controller.warnings = true;
                true
            }
        };
        if !succeeded {
            return false;
        }
    }
    let mut succeeded = true;
    if let Some(source) = &program.source {
        succeeded = match read_source(source) {
            Ok((text, name)) => {
                note_source(vm, &text);
                run_chunk(vm, strip_shebang(&text), &name, &program.args)
            }
            Err(message) => {
                complain(vm, message.as_bytes());
                false
            }
        };
    }
    if program.interactive {
        repl::interact(vm);
        return true;
    }
    succeeded
}

/// For the log, which says what was run.
fn note_source(vm: &mut Vm, text: &[u8]) {
    let ending = vm.extension::<Ending>();
    if matches!(ending.options.log, Some(Log::DataSet(_))) {
        ending.sources.push(files::sha256(text));
    }
}

/// Loads a module into the global of its name, or into the one in front of `=`.
fn run_module(vm: &mut Vm, module: &str) -> bool {
    let (global, name) = module.split_once('=').unwrap_or((module, module));
    let key = vm.heap.string(b"require");
    let require = vm.globals.get_str(key);
    let name = vm.new_string(name);
    match call_protected(vm, require, &[name]) {
        Ok(results) => {
            let globals = vm.globals;
            vm.set_field(globals, global, results.first().copied().unwrap_or(Value::NIL));
            true
        }
        Err(message) => {
            complain(vm, &message);
            false
        }
    }
}

/// What the environment wants to be run first: a chunk, or the file behind an `@`.
fn run_init(vm: &mut Vm) -> bool {
    let Some((variable, text)) =
        ["LUA_INIT_5_4", "LUA_INIT"].iter().find_map(|name| Some((name, std::env::var(name).ok()?)))
    else {
        return true;
    };
    match text.strip_prefix('@') {
        None => run_chunk(vm, text.as_bytes(), format!("={variable}").as_bytes(), &[]),
        Some(path) => match read_source(&Source::File(path.into())) {
            Ok((text, name)) => run_chunk(vm, strip_shebang(&text), &name, &[]),
            Err(message) => {
                complain(vm, message.as_bytes());
                false
            }
        },
    }
}

fn script_name(source: &Source) -> String {
    match source {
        Source::File(path) => path.display().to_string(),
        Source::Stdin => "-".to_owned(),
    }
}

/// Text and chunk name of a script; the error is worded as PUC's `lua` words it.
fn read_source(source: &Source) -> Result<(Vec<u8>, Vec<u8>), String> {
    let mut text = Vec::new();
    match source {
        Source::File(path) => {
            let text = std::fs::read(path).map_err(|error| {
                let reason = error.to_string();
                let reason = reason.split(" (os error").next().unwrap_or(&reason);
                // The system opens a folder, and then does not read it.
                let verb = if error.kind() == std::io::ErrorKind::IsADirectory { "read" } else { "open" };
                format!("cannot {verb} {}: {reason}", path.display())
            })?;
            Ok((text, [b"@", path.as_os_str().as_encoded_bytes()].concat()))
        }
        Source::Stdin => match std::io::stdin().read_to_end(&mut text) {
            Ok(_) => Ok((text, b"=stdin".to_vec())),
            Err(error) => Err(format!("cannot read stdin: {error}")),
        },
    }
}

/// Policy, compilers and log.
fn install(vm: &mut Vm, options: &HostOptions, ending: &mut Ending) -> Result<()> {
    if let Some(Log::DataSet(folder)) = &options.log {
        collect::check_single_run(folder)?;
    }
    let policy: Box<dyn Policy> = match options.force_tier {
        Some(_) if trinity_policy::kind(&options.policy) == "replay" => {
            return Err(Failure::usage(
                "--force-tier decides everything, and so would the replay: leave one of them out",
            ));
        }
        Some(tier) => Box::new(Forced(tier)),
        None => {
            let run = RunContext { seed: options.seed, synchronous: options.compiler_threads == 0 };
            let inner = build_for(&options.policy, run).map_err(|error| Failure::usage(error.to_string()))?;
            Box::new(Counted { inner, fallbacks: Rc::clone(&ending.fallbacks) })
        }
    };
    vm.controller.set_policy(policy);
    vm.controller.max_tier = match options.max_tier {
        Some(0) => Tier::Cold,
        Some(1) => Tier::Warm,
        _ => Tier::Hot,
    };
    if vm.controller.max_tier > Tier::Cold {
        let mut compiler = JitCompiler::with_form(options.tier1);
        if let Some(folder) = &options.snapshots {
            std::fs::create_dir_all(folder).at("create the folder", folder)?;
            let folder = Arc::new(SnapshotFolder::new(folder.clone()));
            ending.snapshots = Some(Arc::clone(&folder));
            compiler.keep_snapshots(folder);
        }
        vm.controller.set_compiler(Box::new(compiler));
    }
    if let Some(bytes) = options.code_limit {
        vm.controller.set_code_limit(bytes);
    }
    let mut sinks: Vec<Box<dyn EventSink>> = Vec::new();
    if let Some(log) = &options.log {
        let (sink, handle) = SpoolSink::create(log.folder()).map_err(|error| Failure::work(error.to_string()))?;
        sinks.push(Box::new(sink));
        ending.spool = Some(handle);
    }
    if let Some(path) = &options.trace {
        let (sink, problem) = TraceSink::create(path, vm.created(), &ending.script)?;
        sinks.push(Box::new(sink));
        ending.problems.push(problem);
    }
    if options.perf_map {
        let (sink, problem) = PerfMapSink::create()?;
        sinks.push(Box::new(sink));
        ending.problems.push(problem);
        vm.controller.keep_code_addresses();
    }
    if options.clock == ClockKind::Virtual && options.stats_json.is_some() {
        sinks.push(ending.decisions.sink());
    }
    if let Some(sink) = sinks::combine(sinks) {
        vm.controller.set_sink(sink);
    }
    Ok(())
}

/// The module `trinity`, by which a benchmark says where its iterations begin and end.
fn open_trinity(vm: &mut Vm) {
    let module = vm.heap.table();
    vm.set_functions(module, &[("iteration_begin", iteration_begin), ("iteration_end", iteration_end)]);
    let key = vm.heap.string(b"_LOADED");
    if let Some(loaded) = vm.registry.get_str(key).as_table() {
        vm.set_field(loaded, "trinity", module);
    }
}

/// The words of a command line that `lua` would understand.
fn shown_options(words: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let (mut shown, mut words) = (Vec::new(), words.iter());
    while let Some(word) = words.next() {
        if !word.starts_with(b"--") || word.len() == 2 {
            shown.push(word.clone());
        } else if !word.contains(&b'=') && !FLAGS.iter().any(|flag| flag.as_bytes() == word) {
            words.next();
        }
    }
    shown
}

fn iteration_begin(vm: &mut Vm, args: Args) -> NativeResult {
    let iteration = vm.check_int(args, 0)?;
    match u32::try_from(iteration).ok().and_then(NonZeroU32::new) {
        Some(iteration) => vm.iteration_begin(iteration),
        None => return Err(vm.arg_error(args, 0, "iterations count from 1")),
    }
    vm.ret0(args)
}

fn iteration_end(vm: &mut Vm, args: Args) -> NativeResult {
    vm.iteration_end();
    vm.ret0(args)
}

/// Options of `trinity run` that `lua` does not know and that take no value.
pub(crate) const FLAGS: [&str; 3] = ["--log-spool-only", "--perf-map", "--sandbox"];

/// The global `arg`: the script at 0, its arguments from 1, what comes before it on the command line below. Without a
/// script, that starts at 0. Binary and verb are one word: what a program starts another one with.
///
/// Options that `lua` does not know are left out. What a program sees, and how much memory that takes, is the same
/// whatever policy decides and whether it is logged: a replay depends on it. Under the virtual clock it is not told
/// where the binary lies either.
fn set_arg(vm: &mut Vm, script: &[String], clock: ClockKind) {
    let table = vm.heap.table();
    let words: Vec<_> = std::env::args_os().map(|word| word.as_encoded_bytes().to_vec()).collect();
    let (before, after) = words.split_at(words.len().saturating_sub(script.len()));
    let (command, options) = before.split_at(before.len().min(2));
    let command = match clock {
        ClockKind::Wall => command.join(&b' '),
        ClockKind::Virtual => b"trinity run".to_vec(),
    };
    let line: Vec<_> = std::iter::once(command).chain(shown_options(options)).collect();
    let before = if script.is_empty() { 0 } else { line.len() };
    let line = line.into_iter().chain(after.iter().cloned());
    for (index, word) in (0i64..).zip(line) {
        let value = vm.new_string(word);
        vm.raw_set_int(table, index - before as i64, value);
    }
    let globals = vm.globals;
    vm.set_field(globals, "arg", table);
}

/// Loads and calls a chunk; false after its error has been shown.
fn run_chunk(vm: &mut Vm, text: &[u8], name: &[u8], args: &[String]) -> bool {
    let globals = Value::from(vm.globals);
    let function = match stdlib::load_chunk(vm, text, name, None, globals) {
        Ok(function) => function,
        Err(message) => {
            complain(vm, &message);
            return false;
        }
    };
    let args: Vec<Value> = args.iter().map(|text| vm.new_string(text)).collect();
    match call_protected(vm, function.into(), &args) {
        Ok(_) => true,
        Err(message) => {
            complain(vm, &message);
            false
        }
    }
}

/// Calls a function; the error is its message with a traceback.
fn call_protected(vm: &mut Vm, function: Value, args: &[Value]) -> Result<Vec<Value>, Vec<u8>> {
    // The handler sees the stack where the error was thrown, which a call from the host would have unwound.
    let protected = vm.new_native("xpcall", coroutine::xpcall);
    let handler = vm.new_native("message handler", message_handler);
    let values = [&[function, handler], args].concat();
    let message = match vm.call_from_host(protected, &values) {
        Ok(mut results) => {
            let succeeded = results.first().is_some_and(|value| value.is_truthy());
            results.drain(..results.len().min(1));
            if succeeded {
                return Ok(results);
            }
            results.first().copied().unwrap_or(Value::NIL)
        }
        Err(error) => error,
    };
    Err(message.as_string().map_or_else(|| b"(no message)".to_vec(), |text| text.as_bytes().to_vec()))
}

/// Error value to message with traceback (`msghandler` of PUC's lua.c).
fn message_handler(vm: &mut Vm, args: Args) -> NativeResult {
    let error = args.get(0);
    let text = if error.is_string() || error.is_number() {
        vm.to_display(error)?.as_bytes().to_vec()
    } else {
        let handler = vm.metamethod(error, Meta::ToString);
        if !handler.is_nil() {
            let text = vm.call1(handler, &[error])?;
            if text.is_string() {
                return vm.ret1(args, text);
            }
        }
        format!("(error object is a {} value)", error.type_name()).into_bytes()
    };
    let frame = vm.frame;
    let traceback = vm.traceback(frame, 1, Some(&text));
    let message = vm.new_string(traceback);
    vm.ret1(args, message)
}

/// A message of the program's own, on stderr.
fn complain(vm: &mut Vm, message: &[u8]) {
    stdlib::io::write_stderr(vm, &[b"lua: ", message, b"\n"].concat());
}

/// Parses and compiles one file. The error is the compiler's message.
pub fn check(path: &Path) -> Result<Checked> {
    let (unit, bytes) = compile(path)?;
    Ok(Checked { bytes, functions: count_functions(&unit) })
}

/// Bytecode of every function, as text.
pub fn disassemble(path: &Path) -> Result<String> {
    let (unit, _) = compile(path)?;
    Ok(trinity_vm::bytecode::disassemble(&unit))
}

fn compile(path: &Path) -> Result<(FnUnit, u64)> {
    let source = std::fs::read(path).at("read", path)?;
    let name = [b"@", path.as_os_str().as_encoded_bytes()].concat();
    let chunk = strip_shebang(&source);
    let unit = if chunk.starts_with(&dump::SIGNATURE) {
        dump::read(chunk).map_err(|error| format!("{}: bad binary format ({error})", path.display()))
    } else {
        trinity_vm::front::compile(chunk, &name).map_err(|error| String::from_utf8_lossy(&error.message).into_owned())
    };
    Ok((unit.map_err(Failure::work)?, source.len() as u64))
}

fn count_functions(unit: &FnUnit) -> u64 {
    1 + unit.children.iter().map(count_functions).sum::<u64>()
}
