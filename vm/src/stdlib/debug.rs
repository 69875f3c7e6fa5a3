//! The debug library (manual §6.10), as far as it can be honest.
//!
//! Local variables are read and set where the interpreter keeps them. Optimised code does not keep them there; see
//! `controller::exposure` for how the two stay apart.

use crate::{
    frame::{FRAME_OFFSET, Frame, flags},
    front::chunk_id,
    function::{Closure, Proto, Upvalue, frame_proto},
    heap::Gc,
    interp::access::set_upvalue,
    native::{Args, NativeResult, Throw},
    observe::hook::mask,
    stdlib::{io, library, load::load_chunk, try_call},
    table::Table,
    thread::Thread,
    value::{Value, tag},
    vm::Vm,
};

pub(super) fn open(vm: &mut Vm) {
    library(
        vm,
        "debug",
        &[
            ("debug", debug),
            ("gethook", gethook),
            ("getinfo", getinfo),
            ("getlocal", getlocal),
            ("getmetatable", getmetatable),
            ("getregistry", getregistry),
            ("getupvalue", getupvalue),
            ("getuservalue", |vm, args| vm.ret1(args, Value::NIL)),
            ("setcstacklimit", setcstacklimit),
            ("sethook", sethook),
            ("setlocal", setlocal),
            ("setmetatable", setmetatable),
            ("setupvalue", setupvalue),
            ("setuservalue", setuservalue),
            ("traceback", traceback),
            ("upvalueid", upvalueid),
            ("upvaluejoin", upvaluejoin),
        ],
    );
    // What the reference implementation's C API finds there (manual §4.3).
    let (registry, thread, globals) = (vm.registry, vm.main_thread, vm.globals);
    vm.raw_set_int(registry, 1, thread.into());
    vm.raw_set_int(registry, 2, globals.into());
}

/// The thread that argument 0 names, else the running one; and the number of arguments it took.
fn thread_argument(vm: &Vm, args: Args) -> (Gc<Thread>, usize) {
    match args.get(0).as_thread() {
        Some(thread) => (thread, 1),
        None => (vm.current_thread(), 0),
    }
}

/// The topmost frame of a thread, null if it has none.
fn top_frame(vm: &Vm, thread: Gc<Thread>) -> Frame {
    if thread == vm.current_thread() { vm.frame } else { thread.frame }
}

/// The frame `level` calls below the top of a thread.
fn frame_at(vm: &Vm, thread: Gc<Thread>, level: i64) -> Option<Frame> {
    vm.frames(top_frame(vm, thread)).nth(usize::try_from(level).ok()?)
}

/// The frame that the one at `level` has called, if it is not the topmost.
fn callee_of(vm: &Vm, thread: Gc<Thread>, level: i64) -> Option<Frame> {
    frame_at(vm, thread, level.checked_sub(1)?)
}

fn proto_of(frame: Frame) -> Option<Gc<Proto>> {
    // SAFETY: callers pass frames from `frame_at`, which are live.
    unsafe { frame_proto(frame) }
}

fn pc_of(frame: Frame) -> usize {
    // SAFETY: callers pass frames from `frame_at`, which are live.
    unsafe { (*frame.header()).pc as usize }
}

/// Runs lines from standard input until one says `cont`.
fn debug(vm: &mut Vm, args: Args) -> NativeResult {
    loop {
        io::write_stderr(vm, b"lua_debug> ");
        let line = match io::read_stdin_line(vm) {
            Ok(line) if !line.is_empty() && line != b"cont\n" => line,
            _ => return vm.ret0(args),
        };
        let globals = vm.globals.into();
        let outcome = match load_chunk(vm, &line, b"=(debug command)", None, globals) {
            Ok(chunk) => try_call(vm, chunk.into(), &[]).map(|_| ()),
            Err(message) => Err(vm.new_string(message)),
        };
        if let Err(error) = outcome {
            let text = vm.to_display(error)?;
            io::write_stderr(vm, &[text.as_bytes(), b"\n"].concat());
        }
    }
}

fn sethook(vm: &mut Vm, args: Args) -> NativeResult {
    let (thread, first) = thread_argument(vm, args);
    if args.get(first).is_nil() {
        vm.set_hook(thread, Value::NIL, 0, 0);
        return vm.ret0(args);
    }
    let letters = vm.check_string(args, first + 1)?;
    let function = vm.check_function(args, first)?;
    let count = u32::try_from(vm.opt_int(args, first + 2, 0)?).unwrap_or(0);
    let mut events = 0;
    for (letter, event) in EVENTS {
        if letters.as_bytes().contains(&letter) {
            events |= event;
        }
    }
    if count > 0 {
        events |= mask::COUNT;
    }
    let told_of_this_call = vm.observer.hooked;
    vm.set_hook(thread, function, events, count);
    if !told_of_this_call {
        let top = vm.top;
        vm.report_return(top)?;
    }
    vm.ret0(args)
}

/// Events by the letters of `debug.sethook`.
const EVENTS: [(u8, u8); 3] = [(b'c', mask::CALL), (b'r', mask::RETURN), (b'l', mask::LINE)];

fn gethook(vm: &mut Vm, args: Args) -> NativeResult {
    let (thread, _) = thread_argument(vm, args);
    let Some((function, events, count)) = hook_of(thread) else { return vm.ret1(args, Value::NIL) };
    let letters: Vec<u8> = EVENTS.iter().filter(|(_, event)| events & event != 0).map(|(letter, _)| *letter).collect();
    let letters = vm.new_string(letters);
    vm.ret(args, &[function, letters, Value::int(i64::from(count))])
}

/// Function, mask and count of a thread's hook.
fn hook_of(thread: Gc<Thread>) -> Option<(Value, u8, u32)> {
    thread.hook.as_ref().filter(|hook| hook.mask != 0).map(|hook| (hook.function, hook.mask, hook.count))
}

/// There is no such limit any more; what it once was is returned, as by PUC Lua.
fn setcstacklimit(vm: &mut Vm, args: Args) -> NativeResult {
    vm.check_int(args, 0)?;
    vm.ret1(args, 200i64)
}

fn getregistry(vm: &mut Vm, args: Args) -> NativeResult {
    let registry = vm.registry;
    vm.ret1(args, registry)
}

fn getmetatable(vm: &mut Vm, args: Args) -> NativeResult {
    let value = vm.check_any(args, 0)?;
    let metatable = vm.metatable(value);
    vm.ret1(args, metatable.map_or(Value::NIL, Value::from))
}

fn setmetatable(vm: &mut Vm, args: Args) -> NativeResult {
    let value = args.get(0);
    let metatable = args.get(1).as_table();
    if metatable.is_none() && !(args.has(1) && args.get(1).is_nil()) {
        return Err(vm.type_error(args, 1, "nil or table"));
    }
    if let Some(table) = value.as_table() {
        vm.set_metatable(table, metatable);
    } else if let Some(userdata) = value.as_userdata() {
        if let Some(metatable) = metatable {
            vm.heap.barrier_object(&userdata.header, metatable);
        }
        userdata.get_mut().metatable = metatable;
        vm.heap.proto_epoch += 1;
    } else {
        vm.set_type_metatable(value.tag, metatable);
    }
    vm.ret1(args, value)
}

fn setuservalue(vm: &mut Vm, args: Args) -> NativeResult {
    if args.get(0).tag == tag::USERDATA { vm.ret1(args, Value::NIL) } else { Err(vm.type_error(args, 0, "userdata")) }
}

fn traceback(vm: &mut Vm, args: Args) -> NativeResult {
    let (thread, first) = thread_argument(vm, args);
    let message = args.get(first);
    if !(message.is_nil() || message.is_string() || message.is_number()) {
        return vm.ret1(args, message);
    }
    let message = vm.opt_string(args, first)?;
    let is_current = thread == vm.current_thread();
    let level = vm.opt_int(args, first + 1, i64::from(is_current))?.max(0) as usize;
    let frame = top_frame(vm, thread);
    let text = vm.traceback(frame, level, message.as_ref().map(|message| message.as_bytes()));
    let text = vm.new_string(text);
    vm.ret1(args, text)
}

fn getinfo(vm: &mut Vm, args: Args) -> NativeResult {
    let (thread, first) = thread_argument(vm, args);
    let options = vm.opt_string(args, first + 1)?;
    let sandboxed = vm.libraries.sandboxed;
    let default = if sandboxed { &b"lnSrtu"[..] } else { b"flnSrtu" };
    let options = options.as_ref().map_or(default, |options| options.as_bytes());
    if options.first() == Some(&b'>') {
        return Err(vm.arg_error(args, first + 1, "invalid option '>'"));
    }
    // What another function is must stay its own affair in a sandbox.
    if options.iter().any(|option| !b"SlnrutLf".contains(option) || sandboxed && *option == b'f') {
        return Err(vm.arg_error(args, first + 1, "invalid option"));
    }
    let (frame, function) = if args.get(first).is_function() {
        (None, args.get(first))
    } else {
        let level = vm.check_int(args, first)?;
        let Some(frame) = frame_at(vm, thread, level) else { return vm.ret1(args, Value::NIL) };
        // SAFETY: `frame_at` returns live frames.
        (Some(frame), unsafe { frame.function() })
    };
    let table = vm.heap.table_with_capacity(0, 16);
    let proto = function.as_closure().map(|closure| closure.proto);
    for option in options {
        match option {
            b'S' => source_info(vm, table, proto),
            b'l' => {
                let line = match (frame, proto) {
                    (Some(frame), Some(proto)) => match proto.line(pc_of(frame)) {
                        0 => -1,
                        line => line.into(),
                    },
                    _ => -1,
                };
                vm.set_field(table, "currentline", line);
            }
            b'u' => parameter_info(vm, table, function, proto),
            b'n' => {
                let name = frame.and_then(|frame| vm.called_as(frame));
                let (kind, name) = name.map_or(("", Value::NIL), |(kind, name)| (kind, vm.new_string(name)));
                vm.set_field(table, "name", name);
                let kind = vm.new_string(kind);
                vm.set_field(table, "namewhat", kind);
            }
            b'r' => {
                vm.set_field(table, "ftransfer", 0i64);
                vm.set_field(table, "ntransfer", 0i64);
            }
            b't' => {
                // SAFETY: `frame_at` returns live frames.
                let is_tail_call = frame.is_some_and(|frame| unsafe { (*frame.header()).is_tail_call() });
                vm.set_field(table, "istailcall", is_tail_call);
            }
            b'L' => {
                let lines = active_lines(vm, proto);
                vm.set_field(table, "activelines", lines);
            }
            _ => vm.set_field(table, "func", function),
        }
    }
    vm.ret1(args, table)
}

fn source_info(vm: &mut Vm, table: Gc<Table>, proto: Option<Gc<Proto>>) {
    let (source, short, first, last, what) = match &proto {
        Some(proto) => {
            let unit = &proto.unit;
            let what = if unit.line_defined == 0 { "main" } else { "Lua" };
            let short = chunk_id(&unit.source).into_owned();
            let lines = (i64::from(unit.line_defined), i64::from(unit.last_line_defined));
            (unit.source.to_vec(), short, lines.0, lines.1, what)
        }
        None => (b"=[C]".to_vec(), b"[C]".to_vec(), -1, -1, "C"),
    };
    let source = vm.new_string(source);
    vm.set_field(table, "source", source);
    let short = vm.new_string(short);
    vm.set_field(table, "short_src", short);
    vm.set_field(table, "linedefined", first);
    vm.set_field(table, "lastlinedefined", if what == "main" { 0 } else { last });
    let what = vm.new_string(what);
    vm.set_field(table, "what", what);
}

fn parameter_info(vm: &mut Vm, table: Gc<Table>, function: Value, proto: Option<Gc<Proto>>) {
    let (upvalues, parameters, vararg) = match proto {
        Some(proto) => (proto.unit.upvals.len(), i64::from(proto.num_params), proto.is_vararg),
        None => (function.as_native().map_or(0, |native| native.upvalues.len()), 0, true),
    };
    vm.set_field(table, "nups", upvalues as i64);
    vm.set_field(table, "nparams", parameters);
    vm.set_field(table, "isvararg", vararg);
}

/// The lines with code, as keys of a table.
fn active_lines(vm: &mut Vm, proto: Option<Gc<Proto>>) -> Value {
    let Some(proto) = proto else { return Value::NIL };
    let lines = vm.heap.table();
    // The instruction that adjusts variable arguments has no line of its own.
    for &line in proto.unit.lines.iter().skip(usize::from(proto.is_vararg)) {
        vm.raw_set_int(lines, i64::from(line), Value::TRUE);
    }
    lines.into()
}

/// Name and place of local variable `number` (from 1; negative: extra arguments) of a frame. What lies above the
/// variables, up to `end`, are temporary values.
fn local_slot(frame: Frame, number: i64, end: *mut Value) -> Option<(Vec<u8>, *mut Value)> {
    let temporary = |name: &[u8]| {
        let slot = frame.0.wrapping_add(usize::try_from(number).ok()?.checked_sub(1)?);
        (slot < end).then(|| (name.to_vec(), slot))
    };
    let Some(proto) = proto_of(frame) else { return temporary(b"(C temporary)") };
    if number < 0 {
        // SAFETY: the frame is live; extra arguments lie below its function.
        unsafe {
            let count = (*frame.header()).extra_arguments();
            let index = usize::try_from(number.unsigned_abs()).ok()?.checked_sub(1)?;
            let slot = (index < count).then(|| frame.0.sub(FRAME_OFFSET + count).add(index))?;
            return Some((b"(vararg)".to_vec(), slot));
        }
    }
    let pc = pc_of(frame) as u32;
    let active = |pc: u32| proto.unit.locals.iter().filter(move |local| local.start_pc <= pc && pc < local.end_pc);
    let Some(local) = active(pc).nth(usize::try_from(number).ok()?.checked_sub(1)?) else {
        return temporary(b"(temporary)");
    };
    // SAFETY: registers of locals lie within the frame.
    Some((proto.unit.strings.get(local.name).to_vec(), unsafe { frame.0.add(local.reg as usize) }))
}

/// [`local_slot`] of the frame at `level`, which is the argument after the thread. A frame that hides its locals has none.
fn frame_local(
    vm: &mut Vm,
    args: Args,
    thread: Gc<Thread>,
    level: i64,
    number: i64,
) -> Result<Option<(Vec<u8>, *mut Value)>, Throw> {
    let Some(frame) = frame_at(vm, thread, level) else {
        let (_, first) = thread_argument(vm, args);
        return Err(vm.arg_error(args, first, "level out of range"));
    };
    // SAFETY: the frame is live.
    if unsafe { (*frame.header()).flags } & flags::HIDDEN_LOCALS != 0 {
        return Ok(None);
    }
    let end = match callee_of(vm, thread, level) {
        // SAFETY: the frame is live.
        Some(callee) => unsafe { callee.function_slot(proto_of(callee).map_or(0, |proto| proto.num_params as usize)) },
        None if thread == vm.current_thread() => vm.top,
        None => thread.top,
    };
    Ok(local_slot(frame, number, end))
}

fn getlocal(vm: &mut Vm, args: Args) -> NativeResult {
    let (thread, first) = thread_argument(vm, args);
    let number = vm.check_int(args, first + 1)?;
    if args.get(first).is_function() {
        let proto = args.get(first).as_closure().map(|closure| closure.proto);
        let name = proto.and_then(|proto| {
            let index = usize::try_from(number).ok()?.checked_sub(1)?;
            let parameters =
                proto.unit.locals.iter().filter(|local| local.reg < proto.num_params && local.start_pc <= 1);
            parameters
                .take(proto.num_params as usize)
                .nth(index)
                .map(|local| proto.unit.strings.get(local.name).to_vec())
        });
        let name = name.map_or(Value::NIL, |name| vm.new_string(name));
        return vm.ret1(args, name);
    }
    let level = vm.check_int(args, first)?;
    vm.expose_locals();
    match frame_local(vm, args, thread, level, number)? {
        Some((name, slot)) => {
            // SAFETY: the slot lies in a live frame.
            let value = unsafe { *slot };
            let name = vm.new_string(name);
            vm.ret(args, &[name, value])
        }
        None => vm.ret1(args, Value::NIL),
    }
}

fn setlocal(vm: &mut Vm, args: Args) -> NativeResult {
    let (thread, first) = thread_argument(vm, args);
    let level = vm.check_int(args, first)?;
    let number = vm.check_int(args, first + 1)?;
    let value = vm.check_any(args, first + 2)?;
    vm.expose_locals();
    let name = match frame_local(vm, args, thread, level, number)? {
        Some((name, slot)) => {
            // The collector may have marked the stack already.
            vm.heap.barrier(&thread.header, value);
            // SAFETY: the slot lies in a live frame.
            let slot = unsafe { &mut *slot };
            // A numeric loop relies on the types of its hidden state.
            if name != b"(for state)" || !slot.is_number() || slot.tag == value.tag {
                *slot = value;
            }
            vm.new_string(name)
        }
        None => Value::NIL,
    };
    vm.ret1(args, name)
}

/// The closure in argument `index` with its upvalue that argument `index + 1` numbers.
fn closure_upvalue(vm: &mut Vm, args: Args, index: usize) -> Result<Option<(Gc<Closure>, usize)>, Throw> {
    let number = vm.check_int(args, index + 1)?;
    let function = vm.check_function(args, index)?;
    let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    let found = function.as_closure().zip(place);
    Ok(found.filter(|(closure, place)| *place < closure.upvalues().len()))
}

fn upvalue_name(vm: &mut Vm, closure: Gc<Closure>, place: usize) -> Value {
    let unit = &closure.proto.unit;
    let name = unit.upvals.get(place).and_then(|upvalue| upvalue.name);
    let name = name.map_or(&b"(no name)"[..], |name| unit.strings.get(name));
    vm.new_string(name)
}

fn getupvalue(vm: &mut Vm, args: Args) -> NativeResult {
    if let Some((closure, place)) = closure_upvalue(vm, args, 0)? {
        let value = closure.upvalues()[place].get();
        let name = upvalue_name(vm, closure, place);
        return vm.ret(args, &[name, value]);
    }
    let place = vm.check_int(args, 1)?.checked_sub(1).and_then(|place| usize::try_from(place).ok());
    let value = args.get(0).as_native().zip(place).and_then(|(native, place)| native.upvalues.get(place).copied());
    match value {
        Some(value) => {
            let name = vm.new_string("");
            vm.ret(args, &[name, value])
        }
        None => vm.ret0(args),
    }
}

fn setupvalue(vm: &mut Vm, args: Args) -> NativeResult {
    let value = vm.check_any(args, 2)?;
    match closure_upvalue(vm, args, 0)? {
        Some((closure, place)) => {
            let upvalue: Gc<Upvalue> = closure.upvalues()[place];
            set_upvalue(vm, upvalue, value);
            let name = upvalue_name(vm, closure, place);
            vm.ret1(args, name)
        }
        None => vm.ret0(args),
    }
}

fn upvalueid(vm: &mut Vm, args: Args) -> NativeResult {
    let id = closure_upvalue(vm, args, 0)?.map(|(closure, place)| closure.upvalues()[place].address());
    vm.ret1(args, id.map_or(Value::NIL, Value::light))
}

fn upvaluejoin(vm: &mut Vm, args: Args) -> NativeResult {
    let mut places = [None; 2];
    for (half, found) in places.iter_mut().enumerate() {
        *found = closure_upvalue(vm, args, half * 2)?;
        if found.is_none() {
            return Err(vm.arg_error(args, half * 2 + 1, "invalid upvalue index"));
        }
    }
    if let [Some((to, at)), Some((from, place))] = places {
        to.set_upvalue(&mut vm.heap, at, from.upvalues()[place]);
    }
    vm.ret0(args)
}
