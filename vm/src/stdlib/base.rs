//! Basic functions (manual §6.1).

use crate::{
    coroutine::{pcall, xpcall},
    heap::{Gc, SLICE_BYTES},
    interp::{Continuation, access::index, detach, tables::EMPTY_ENTRIES_PER_TICK},
    meta::Meta,
    native::{Args, NativeResult, Throw},
    stdlib::{intrinsics, io, load, package, registry_table},
    table::Table,
    text::number::decimal,
    value::{Value, tag},
    vm::Vm,
};

/// A line that `print` has collected is written in parts when it is longer, in bytes.
const LONG_LINE: usize = 1 << 20;
/// Arguments that `select` returns for one tick.
const SELECTED_PER_TICK: usize = 16;
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
    intrinsics::attach(vm, "_G", globals);
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

pub(super) fn plain_assert(_: &mut Vm, args: Args) -> Option<u32> {
    args.get(0).is_truthy().then(|| args.ret_from(0))
}

fn assert(vm: &mut Vm, args: Args) -> NativeResult {
    if let Some(count) = plain_assert(vm, args) {
        return Ok(count);
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

/// What a collection that the program asks for takes, and a slice of one. Not the size of the heap, which depends on the
/// tier: the values of dead registers stay until something else is there.
const COLLECTION_TICKS: usize = 16_384;
const SLICE_TICKS: usize = 1_024;

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
    if vm.libraries.sandboxed && !matches!(option, "collect" | "count" | "step" | "isrunning") {
        return vm.ret1(args, 0i64);
    }
    if vm.in_finalizer {
        // As in PUC Lua, whose collector is stopped while a finalizer runs.
        return vm.ret1(args, Value::NIL);
    }
    match option {
        "collect" => {
            vm.charge(COLLECTION_TICKS)?;
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
            let size = usize::try_from(vm.opt_int(args, 1, 0)?).unwrap_or(0).saturating_mul(1024);
            vm.charge((size / SLICE_BYTES + 1).saturating_mul(SLICE_TICKS))?;
            let ended = vm.collect_step(size);
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

pub(super) fn plain_getmetatable(vm: &mut Vm, args: Args) -> Option<u32> {
    let value = args.get(0);
    let shown = match vm.metatable(value) {
        None => Value::NIL,
        Some(metatable) => match vm.metamethod(value, Meta::Metatable) {
            Value { tag: tag::NIL, .. } => metatable.into(),
            protection => protection,
        },
    };
    args.has(0).then(|| args.ret1(shown))
}

fn getmetatable(vm: &mut Vm, args: Args) -> NativeResult {
    vm.check_any(args, 0)?;
    Ok(plain_getmetatable(vm, args).unwrap_or(0))
}

pub(super) fn plain_setmetatable(vm: &mut Vm, args: Args) -> Option<u32> {
    let table = args.get(0).as_table()?;
    let metatable = args.get(1).as_table();
    let asked = metatable.is_some() || args.has(1) && args.get(1).is_nil();
    if !asked || table.metatable().is_some() && !vm.metamethod(table.into(), Meta::Metatable).is_nil() {
        return None;
    }
    vm.set_metatable(table, metatable);
    Some(args.ret1(table))
}

fn setmetatable(vm: &mut Vm, args: Args) -> NativeResult {
    if let Some(count) = plain_setmetatable(vm, args) {
        return Ok(count);
    }
    vm.check_table(args, 0)?;
    if !args.get(1).is_table() && (!args.has(1) || !args.get(1).is_nil()) {
        return Err(vm.type_error(args, 1, "nil or table"));
    }
    Err(vm.throw("cannot change a protected metatable"))
}

/// The entry behind `key`, if there is one, and the ticks that it takes to find it; `None` for a key that is not there.
fn entry_behind(table: Gc<Table>, key: Value) -> Option<(Option<[Value; 2]>, usize)> {
    let position = table.position_after(key).ok()?;
    let found = table.next_from(position);
    let passed = found.map_or(table.positions(), |(after, ..)| after).saturating_sub(position);
    Some((found.map(|(_, key, value)| [key, value]), passed / EMPTY_ENTRIES_PER_TICK))
}

fn ret_entry(args: Args, entry: Option<[Value; 2]>) -> u32 {
    entry.map_or_else(|| args.ret1(Value::NIL), |entry| args.ret(entry))
}

pub(super) fn plain_next(vm: &mut Vm, args: Args) -> Option<u32> {
    let (entry, ticks) = entry_behind(args.get(0).as_table()?, args.get(1))?;
    vm.charge_plain(ticks)?;
    Some(ret_entry(args, entry))
}

fn next(vm: &mut Vm, args: Args) -> NativeResult {
    if let Some(count) = plain_next(vm, args) {
        return Ok(count);
    }
    let table = vm.check_table(args, 0)?;
    let Some((entry, ticks)) = entry_behind(table, args.get(1)) else {
        let message = vm.new_string("invalid key to 'next'");
        return Err(vm.throw_value(message));
    };
    vm.charge(ticks)?;
    Ok(ret_entry(args, entry))
}

pub(super) fn plain_pairs(vm: &mut Vm, args: Args) -> Option<u32> {
    let value = args.get(0);
    let plain = args.has(0) && vm.metamethod(value, Meta::Pairs).is_nil();
    plain.then(|| args.ret([args.upvalue(0), value, Value::NIL]))
}

fn pairs(vm: &mut Vm, args: Args) -> NativeResult {
    if let Some(count) = plain_pairs(vm, args) {
        return Ok(count);
    }
    let value = vm.check_any(args, 0)?;
    let handler = vm.metamethod(value, Meta::Pairs);
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

pub(super) fn plain_ipairs(_: &mut Vm, args: Args) -> Option<u32> {
    args.has(0).then(|| args.ret([args.upvalue(0), args.get(0), Value::int(0)]))
}

fn ipairs(vm: &mut Vm, args: Args) -> NativeResult {
    vm.check_any(args, 0)?;
    Ok(plain_ipairs(vm, args).unwrap_or(0))
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
    vm.charge_bytes(line.len())?;
    io::write_stdout(vm, &line);
    vm.ret0(args)
}

pub(super) fn plain_rawequal(_: &mut Vm, args: Args) -> Option<u32> {
    args.has(1).then(|| args.ret1(args.get(0).raw_equals(args.get(1))))
}

fn rawequal(vm: &mut Vm, args: Args) -> NativeResult {
    vm.check_any(args, 0)?;
    vm.check_any(args, 1)?;
    Ok(plain_rawequal(vm, args).unwrap_or(0))
}

pub(super) fn plain_rawget(_: &mut Vm, args: Args) -> Option<u32> {
    let table = args.get(0).as_table()?;
    args.has(1).then(|| args.ret1(table.get(args.get(1))))
}

fn rawget(vm: &mut Vm, args: Args) -> NativeResult {
    vm.check_table(args, 0)?;
    vm.check_any(args, 1)?;
    Ok(plain_rawget(vm, args).unwrap_or(0))
}

pub(super) fn plain_rawlen(_: &mut Vm, args: Args) -> Option<u32> {
    let value = args.get(0);
    let len = match value.as_table() {
        Some(table) => table.len(),
        None => value.as_string()?.len() as i64,
    };
    Some(args.ret1(len))
}

fn rawlen(vm: &mut Vm, args: Args) -> NativeResult {
    match plain_rawlen(vm, args) {
        Some(count) => Ok(count),
        None => Err(vm.type_error(args, 0, "table or string")),
    }
}

pub(super) fn plain_rawset(vm: &mut Vm, args: Args) -> Option<u32> {
    let table = args.get(0).as_table().filter(|_| args.has(2))?;
    table.get_mut().set(&mut vm.heap, args.get(1), args.get(2)).ok()?;
    Some(args.ret1(table))
}

fn rawset(vm: &mut Vm, args: Args) -> NativeResult {
    let table = vm.check_table(args, 0)?;
    let key = vm.check_any(args, 1)?;
    let value = vm.check_any(args, 2)?;
    vm.raw_set(table, key, value)?;
    vm.ret1(args, table)
}

pub(super) fn plain_select(vm: &mut Vm, args: Args) -> Option<u32> {
    let wanted = args.get(0);
    if wanted.as_string().is_some_and(|text| text.as_bytes().first() == Some(&b'#')) {
        return Some(args.ret1(args.len() as i64 - 1));
    }
    let first = wanted.is_int().then(|| first_selected(args, wanted.raw_int())).flatten()?;
    vm.charge_plain((args.len() - first) / SELECTED_PER_TICK)?;
    Some(args.ret_from(first))
}

/// The first argument of which `select` with this number returns.
fn first_selected(args: Args, wanted: i64) -> Option<usize> {
    let count = args.len() as i64;
    let first = if wanted < 0 { count + wanted } else { wanted.min(count) };
    (first >= 1).then_some(first as usize)
}

fn select(vm: &mut Vm, args: Args) -> NativeResult {
    if let Some(count) = plain_select(vm, args) {
        return Ok(count);
    }
    let wanted = vm.check_int(args, 0)?;
    let Some(first) = first_selected(args, wanted) else {
        return Err(vm.arg_error(args, 0, "index out of range"));
    };
    vm.charge((args.len() - first) / SELECTED_PER_TICK)?;
    vm.ret_args(args, first)
}

pub(super) fn plain_tonumber(vm: &mut Vm, args: Args) -> Option<u32> {
    let value = args.get(0);
    if !args.has(0) || !args.get(1).is_nil() {
        return None;
    }
    vm.charge_plain(value.as_string().map_or(0, |text| text.len()))?;
    Some(args.ret1(vm.to_number(value).unwrap_or(Value::NIL)))
}

fn tonumber(vm: &mut Vm, args: Args) -> NativeResult {
    if let Some(count) = plain_tonumber(vm, args) {
        return Ok(count);
    }
    if args.get(1).is_nil() {
        let value = vm.check_any(args, 0)?;
        vm.charge(value.as_string().map_or(0, |text| text.len()))?;
        let number = vm.to_number(value).unwrap_or(Value::NIL);
        return vm.ret1(args, number);
    }
    let base = vm.check_int(args, 1)?;
    let Some(text) = args.get(0).as_string() else { return Err(vm.type_error(args, 0, "string")) };
    if !(2..=36).contains(&base) {
        return Err(vm.arg_error(args, 1, "base out of range"));
    }
    vm.charge(text.len())?;
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

pub(super) fn plain_tostring(vm: &mut Vm, args: Args) -> Option<u32> {
    let value = args.get(0);
    let text = match value.tag {
        tag::STRING if vm.metamethod(value, Meta::ToString).is_nil() => return Some(args.ret1(value)),
        tag::INT if !vm.numbers_have_metatable() && value.raw_int() >= 0 => {
            let mut buffer = [0; 20];
            vm.heap.string(decimal(&mut buffer, value.raw_int() as u64))
        }
        tag::INT | tag::FLOAT if !vm.numbers_have_metatable() => vm.number_to_string(value),
        _ => return None,
    };
    Some(args.ret1(text))
}

fn tostring(vm: &mut Vm, args: Args) -> NativeResult {
    if let Some(count) = plain_tostring(vm, args) {
        return Ok(count);
    }
    let value = vm.check_any(args, 0)?;
    let text = vm.to_display(value)?;
    vm.ret1(args, text)
}

pub(super) fn plain_type(_: &mut Vm, args: Args) -> Option<u32> {
    args.has(0).then(|| args.ret1(args.upvalue(args.get(0).tag as usize)))
}

fn type_(vm: &mut Vm, args: Args) -> NativeResult {
    vm.check_any(args, 0)?;
    Ok(plain_type(vm, args).unwrap_or(0))
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
