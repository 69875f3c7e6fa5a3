//! Basic functions (manual §6.1).

use crate::{
    coroutine::{pcall, xpcall},
    interp::{Continuation, access::index, detach},
    meta::Meta,
    native::{Args, NativeResult, Throw},
    stdlib::{io, load, package, registry_table},
    text::number::decimal,
    value::{Value, tag},
    vm::Vm,
};

/// A line that `print` has collected is written in parts when it is longer, in bytes.
const LONG_LINE: usize = 1 << 20;
/// Number of value tags.
const TYPES: usize = tag::THREAD as usize + 1;

pub(super) fn open(vm: &mut Vm) {
    let globals = vm.globals;
    vm.set_field(globals, "_G", globals);
    vm.set_functions(
        globals,
        &[
            ("assert", assert),
            ("collectgarbage", collectgarbage),
            ("dofile", load::dofile),
            ("error", error),
            ("getmetatable", getmetatable),
            ("load", load::load),
            ("loadfile", load::loadfile),
            ("next", next),
            ("pcall", pcall),
            ("print", print),
            ("rawequal", rawequal),
            ("rawget", rawget),
            ("rawlen", rawlen),
            ("rawset", rawset),
            ("select", select),
            ("setmetatable", setmetatable),
            ("tonumber", tonumber),
            ("tostring", tostring),
            ("warn", warn),
            ("xpcall", xpcall),
        ],
    );
    // `pairs` and `ipairs` return the same iterator at each call.
    let key = vm.heap.string(b"next");
    let iterator = globals.get_str(key);
    let function = vm.new_native_with("pairs", pairs, &[iterator]);
    vm.set_field(globals, "pairs", function);
    let iterator = vm.new_native("ipairs_iterator", ipairs_iterator);
    let function = vm.new_native_with("ipairs", ipairs, &[iterator]);
    vm.set_field(globals, "ipairs", function);
    // PERF: the names that `type` returns, by tag, made once.
    let names: [Value; TYPES] = std::array::from_fn(|tag| vm.new_string(Value { bits: 0, tag: tag as u8 }.type_name()));
    let function = vm.new_native_with("type", type_, &names);
    vm.set_field(globals, "type", function);
    let version = vm.new_string("Lua 5.4");
    vm.set_field(globals, "_VERSION", version);
    vm.controller.next_function = next as *const () as usize;
    vm.controller.ipairs_function = ipairs_iterator as *const () as usize;
    let loaded = registry_table(vm, package::LOADED);
    vm.set_field(loaded, "_G", globals);
    // Where C code looks for them (`LUA_RIDX_MAINTHREAD`, `LUA_RIDX_GLOBALS`).
    let (registry, main) = (vm.registry, vm.main_thread);
    vm.raw_set_int(registry, 1, main.into());
    vm.raw_set_int(registry, 2, globals.into());
}

fn assert(vm: &mut Vm, args: Args) -> NativeResult {
    if args.get(0).is_truthy() {
        return vm.ret_args(args, 0);
    }
    vm.check_any(args, 0)?;
    if !args.has(1) {
        return Err(vm.throw("assertion failed!"));
    }
    Err(throw_at(vm, args.get(1), 1))
}

fn error(vm: &mut Vm, args: Args) -> NativeResult {
    let level = vm.opt_int(args, 1, 1)?;
    Err(throw_at(vm, args.get(0), level))
}

/// Throws `value`; a string gets the position of the function `level` calls up in front.
fn throw_at(vm: &mut Vm, value: Value, level: i64) -> Throw {
    match value.as_string() {
        Some(message) if level > 0 => {
            let mut text = vm.where_(usize::try_from(level).unwrap_or(usize::MAX));
            text.extend_from_slice(message.as_bytes());
            let value = vm.new_string(text);
            vm.throw_value(value)
        }
        _ => vm.throw_value(value),
    }
}

fn collectgarbage(vm: &mut Vm, args: Args) -> NativeResult {
    const OPTIONS: [&str; 10] = [
        "collect",
        "stop",
        "restart",
        "count",
        "step",
        "setpause",
        "setstepmul",
        "isrunning",
        "generational",
        "incremental",
    ];
    let option = OPTIONS[vm.check_option(args, 0, Some(0), &OPTIONS)?];
    if vm.in_finalizer {
        // As in PUC Lua, whose collector is stopped while a finalizer runs.
        return vm.ret1(args, Value::NIL);
    }
    match option {
        "collect" => {
            vm.full_collect();
            vm.ret1(args, 0i64)
        }
        "stop" | "restart" => {
            vm.run_collector(option == "restart");
            vm.ret1(args, 0i64)
        }
        "count" => {
            let bytes = (vm.host().memory)(vm);
            vm.ret1(args, bytes as f64 / 1024.0)
        }
        "step" => {
            // The size of the step in kilobytes.
            let size = vm.opt_int(args, 1, 0)?;
            let ended = vm.collect_step(usize::try_from(size).unwrap_or(0).saturating_mul(1024));
            vm.ret1(args, ended)
        }
        "setpause" => {
            let value = vm.opt_int(args, 1, 0)?;
            let before = std::mem::replace(&mut vm.heap.pause, stored_parameter(value));
            vm.ret1(args, before as i64)
        }
        "setstepmul" => {
            let value = vm.opt_int(args, 1, 0)?;
            let before = std::mem::replace(&mut vm.heap.step_multiplier, stored_parameter(value));
            vm.ret1(args, before as i64)
        }
        "isrunning" => {
            let running = vm.heap.running;
            vm.ret1(args, running)
        }
        mode => {
            let parameters = [vm.opt_int(args, 1, 0)?, vm.opt_int(args, 2, 0)?];
            // The size of an incremental step is the collector's own choice.
            if mode == "incremental" {
                vm.opt_int(args, 3, 0)?;
                for (value, place) in parameters.into_iter().zip([&mut vm.heap.pause, &mut vm.heap.step_multiplier]) {
                    if value != 0 {
                        *place = stored_parameter(value);
                    }
                }
            }
            let before = std::mem::replace(&mut vm.libraries.is_incremental, mode == "incremental");
            let before = vm.new_string(if before { "incremental" } else { "generational" });
            vm.ret1(args, before)
        }
    }
}

/// A parameter of the collector as PUC Lua keeps it: a byte that counts fours.
fn stored_parameter(value: i64) -> usize {
    usize::from((value / 4) as u8) * 4
}

fn getmetatable(vm: &mut Vm, args: Args) -> NativeResult {
    let value = vm.check_any(args, 0)?;
    let Some(metatable) = vm.metatable(value) else { return vm.ret1(args, Value::NIL) };
    let protection = vm.metamethod(value, Meta::Metatable);
    vm.ret1(args, if protection.is_nil() { metatable.into() } else { protection })
}

fn setmetatable(vm: &mut Vm, args: Args) -> NativeResult {
    let table = vm.check_table(args, 0)?;
    let metatable = args.get(1).as_table();
    if metatable.is_none() && !(args.has(1) && args.get(1).is_nil()) {
        return Err(vm.type_error(args, 1, "nil or table"));
    }
    if table.metatable().is_some() && !vm.metamethod(table.into(), Meta::Metatable).is_nil() {
        return Err(vm.throw("cannot change a protected metatable"));
    }
    vm.set_metatable(table, metatable);
    vm.ret1(args, table)
}

fn next(vm: &mut Vm, args: Args) -> NativeResult {
    let table = vm.check_table(args, 0)?;
    match table.next(args.get(1)) {
        Ok(Some((key, value))) => vm.ret(args, &[key, value]),
        Ok(None) => vm.ret1(args, Value::NIL),
        Err(_) => {
            let message = vm.new_string("invalid key to 'next'");
            Err(vm.throw_value(message))
        }
    }
}

fn pairs(vm: &mut Vm, args: Args) -> NativeResult {
    let value = vm.check_any(args, 0)?;
    let handler = vm.metamethod(value, Meta::Pairs);
    if handler.is_nil() {
        return vm.ret(args, &[args.upvalue(0), value, Value::NIL]);
    }
    let callee = vm.top;
    let count = match vm.call_yieldable(handler, &[value]) {
        Ok(count) => count,
        // SAFETY: the frame is this native's, and the callee stood at its end.
        Err(Throw::Yield) => return Err(unsafe { detach(args.frame(), callee, Continuation::Pairs) }),
        Err(throw) => return Err(throw),
    };
    let result = |index: u32| if index < count { vm.result(index as usize) } else { Value::NIL };
    let results = [result(0), result(1), result(2)];
    vm.ret(args, &results)
}

fn ipairs(vm: &mut Vm, args: Args) -> NativeResult {
    let value = vm.check_any(args, 0)?;
    vm.ret(args, &[args.upvalue(0), value, Value::int(0)])
}

fn ipairs_iterator(vm: &mut Vm, args: Args) -> NativeResult {
    let key = Value::int(vm.check_int(args, 1)?.wrapping_add(1));
    let value = index(vm, args.get(0), key)?;
    if value.is_nil() { vm.ret1(args, Value::NIL) } else { vm.ret(args, &[key, value]) }
}

fn print(vm: &mut Vm, args: Args) -> NativeResult {
    let mut line = Vec::with_capacity(80);
    for index in 0..args.len() {
        if index > 0 {
            line.push(b'\t');
        }
        let value = args.get(index);
        if value.is_number() && !vm.numbers_have_metatable() {
            vm.write_number(value, &mut line);
        } else {
            let text = vm.to_display(value)?;
            line.extend_from_slice(text.as_bytes());
        }
        if line.len() > LONG_LINE {
            io::write_stdout(vm, &line);
            line.clear();
        }
    }
    line.push(b'\n');
    io::write_stdout(vm, &line);
    vm.ret0(args)
}

fn rawequal(vm: &mut Vm, args: Args) -> NativeResult {
    let (a, b) = (vm.check_any(args, 0)?, vm.check_any(args, 1)?);
    vm.ret1(args, a.raw_equals(b))
}

fn rawget(vm: &mut Vm, args: Args) -> NativeResult {
    let table = vm.check_table(args, 0)?;
    let key = vm.check_any(args, 1)?;
    vm.ret1(args, table.get(key))
}

fn rawlen(vm: &mut Vm, args: Args) -> NativeResult {
    let value = args.get(0);
    if let Some(table) = value.as_table() {
        return vm.ret1(args, table.len());
    }
    match value.as_string() {
        Some(string) => vm.ret1(args, string.len() as i64),
        None => Err(vm.type_error(args, 0, "table or string")),
    }
}

fn rawset(vm: &mut Vm, args: Args) -> NativeResult {
    let table = vm.check_table(args, 0)?;
    let key = vm.check_any(args, 1)?;
    let value = vm.check_any(args, 2)?;
    vm.raw_set(table, key, value)?;
    vm.ret1(args, table)
}

fn select(vm: &mut Vm, args: Args) -> NativeResult {
    if args.get(0).as_string().is_some_and(|text| text.as_bytes().first() == Some(&b'#')) {
        return vm.ret1(args, args.len() as i64 - 1);
    }
    let count = args.len() as i64;
    let wanted = vm.check_int(args, 0)?;
    let first = if wanted < 0 { count + wanted } else { wanted.min(count) };
    if first < 1 {
        return Err(vm.arg_error(args, 0, "index out of range"));
    }
    vm.ret_args(args, first as usize)
}

fn tonumber(vm: &mut Vm, args: Args) -> NativeResult {
    if args.get(1).is_nil() {
        let value = vm.check_any(args, 0)?;
        let number = vm.to_number(value).unwrap_or(Value::NIL);
        return vm.ret1(args, number);
    }
    let base = vm.check_int(args, 1)?;
    let Some(text) = args.get(0).as_string() else { return Err(vm.type_error(args, 0, "string")) };
    if !(2..=36).contains(&base) {
        return Err(vm.arg_error(args, 1, "base out of range"));
    }
    vm.ret1(args, parse_in_base(text.as_bytes(), base as u32).map_or(Value::NIL, Value::int))
}

/// An integer in digits of a base up to 36, white space around it allowed; it wraps around.
fn parse_in_base(text: &[u8], base: u32) -> Option<i64> {
    // The C locale's white space includes the vertical tab.
    let is_space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 11;
    let first = text.iter().position(|byte| !is_space(byte))?;
    let last = text.iter().rposition(|byte| !is_space(byte))?;
    let text = &text[first..=last];
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = 0i64;
    for &digit in digits {
        let digit = (digit as char).to_digit(base)?;
        value = value.wrapping_mul(i64::from(base)).wrapping_add(i64::from(digit));
    }
    Some(if negative { value.wrapping_neg() } else { value })
}

fn tostring(vm: &mut Vm, args: Args) -> NativeResult {
    let value = vm.check_any(args, 0)?;
    if value.is_int() && !vm.numbers_have_metatable() {
        let mut buffer = [0; 20];
        let digits = decimal(&mut buffer, value.raw_int().unsigned_abs());
        if value.raw_int() >= 0 {
            let text = vm.heap.string(digits);
            return vm.ret1(args, text);
        }
    }
    let text = vm.to_display(value)?;
    vm.ret1(args, text)
}

fn type_(vm: &mut Vm, args: Args) -> NativeResult {
    let value = vm.check_any(args, 0)?;
    vm.ret1(args, args.upvalue(value.tag as usize))
}

fn warn(vm: &mut Vm, args: Args) -> NativeResult {
    let mut message = Vec::new();
    for index in 0..args.len().max(1) {
        message.extend_from_slice(vm.check_string(args, index)?.as_bytes());
    }
    let is_control = args.len() == 1 && message.first() == Some(&b'@');
    match &message[..] {
        b"@on" if is_control => vm.controller.warnings = true,
        b"@off" if is_control => vm.controller.warnings = false,
        _ if is_control => {}
        _ => warning(vm, &message),
    }
    vm.ret0(args)
}

/// Shows a warning on standard error, if warnings are on.
pub fn warning(vm: &mut Vm, message: &[u8]) {
    if vm.controller.warnings {
        io::write_stderr(vm, &[b"Lua warning: ", message, b"\n"].concat());
    }
}

#[cfg(test)]
mod tests {
    use super::parse_in_base;

    #[test]
    fn numerals_in_other_bases_follow_the_reference_implementation() {
        for (text, base, expected) in [
            ("zz", 36, Some(1295)),
            (" -7f ", 16, Some(-127)),
            ("", 10, None),
            ("  ", 10, None),
            ("8", 8, None),
            ("7fffffffffffffffff", 16, Some(-1)),
            ("1 2", 10, None),
            ("-", 10, None),
            ("1.0", 10, None),
            ("+1", 10, Some(1)),
            ("+", 10, None),
        ] {
            assert_eq!(parse_in_base(text.as_bytes(), base), expected, "{text:?} in base {base}");
        }
    }
}
