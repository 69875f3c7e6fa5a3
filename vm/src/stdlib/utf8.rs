//! UTF-8 support (manual §6.5).

use crate::{
    native::{Args, NativeResult, Throw},
    stdlib::{args::Results, library},
    text::utf8::{CHAR_PATTERN, MAX_CODE, count, decode, encode, is_continuation, offset},
    value::Value,
    vm::Vm,
};

pub(super) fn open(vm: &mut Vm) {
    let table = library(
        vm,
        "utf8",
        &[("char", char_), ("codepoint", codepoint), ("codes", codes), ("len", len), ("offset", offset_)],
    );
    let pattern = vm.new_string(CHAR_PATTERN);
    vm.set_field(table, "charpattern", pattern);
}

/// A position counted from the end when negative; 0 when it lies before the start.
fn position(position: i64, len: usize) -> i64 {
    if position >= 0 {
        position
    } else if position.unsigned_abs() > len as u64 {
        0
    } else {
        len as i64 + position + 1
    }
}

fn char_(vm: &mut Vm, args: Args) -> NativeResult {
    let mut text = Vec::with_capacity(args.len() * 2);
    for index in 0..args.len() {
        match u32::try_from(vm.check_int(args, index)?) {
            Ok(code) if code <= MAX_CODE => text.extend_from_slice(&encode(code)),
            _ => return Err(vm.arg_error(args, index, "value out of range")),
        }
    }
    let text = vm.new_string(text);
    vm.ret1(args, text)
}

fn codepoint(vm: &mut Vm, args: Args) -> NativeResult {
    let string = vm.check_string(args, 0)?;
    let text = string.as_bytes();
    let first = vm.opt_int(args, 1, 1)?;
    let first = position(first, text.len());
    let last = vm.opt_int(args, 2, first)?;
    let last = position(last, text.len());
    let lax = args.get(3).is_truthy();
    if first < 1 {
        return Err(vm.arg_error(args, 1, "out of bounds"));
    }
    if last > text.len() as i64 {
        return Err(vm.arg_error(args, 2, "out of bounds"));
    }
    let mut results = Results::new();
    let mut at = first as usize - 1;
    while (at as i64) < last {
        let Some((code, length)) = decode(&text[at..], lax) else { return Err(vm.throw("invalid UTF-8 code")) };
        results.push(Value::int(i64::from(code)));
        at += length;
    }
    vm.ret(args, results.as_slice())
}

fn len(vm: &mut Vm, args: Args) -> NativeResult {
    let string = vm.check_string(args, 0)?;
    let text = string.as_bytes();
    let first = vm.opt_int(args, 1, 1)?;
    let first = position(first, text.len());
    let last = vm.opt_int(args, 2, -1)?;
    let last = position(last, text.len());
    let lax = args.get(3).is_truthy();
    if first < 1 || first - 1 > text.len() as i64 {
        return Err(vm.arg_error(args, 1, "initial position out of bounds"));
    }
    if last > text.len() as i64 {
        return Err(vm.arg_error(args, 2, "final position out of bounds"));
    }
    match count(text, first as usize - 1, last as isize - 1, lax) {
        Ok(count) => vm.ret1(args, count as i64),
        Err(at) => vm.ret(args, &[Value::NIL, Value::int(at as i64 + 1)]),
    }
}

fn offset_(vm: &mut Vm, args: Args) -> NativeResult {
    let string = vm.check_string(args, 0)?;
    let text = string.as_bytes();
    let n = vm.check_int(args, 1)?;
    let default = if n >= 0 { 1 } else { text.len() as i64 + 1 };
    let from = vm.opt_int(args, 2, default)?;
    let from = position(from, text.len());
    if from < 1 || from - 1 > text.len() as i64 {
        return Err(vm.arg_error(args, 2, "position out of bounds"));
    }
    match offset(text, n, from as usize - 1) {
        Ok(found) => vm.ret1(args, found.map_or(Value::NIL, |at| Value::int(at as i64 + 1))),
        Err(error) => Err(vm.throw(error.to_string())),
    }
}

fn codes(vm: &mut Vm, args: Args) -> NativeResult {
    let string = vm.check_string(args, 0)?;
    let step = if args.get(1).is_truthy() { codes_step_lax } else { codes_step_strict };
    let iterator = vm.new_native("codes_iterator", step);
    vm.ret(args, &[iterator, string.into(), Value::int(0)])
}

fn codes_step_strict(vm: &mut Vm, args: Args) -> NativeResult {
    codes_step(vm, args, false)
}

fn codes_step_lax(vm: &mut Vm, args: Args) -> NativeResult {
    codes_step(vm, args, true)
}

fn codes_step(vm: &mut Vm, args: Args, lax: bool) -> Result<u32, Throw> {
    let string = vm.check_string(args, 0)?;
    let text = string.as_bytes();
    // The one-based position of the last character is the offset of the byte behind its first.
    let mut at = usize::try_from(vm.to_int(args.get(1)).unwrap_or(0)).unwrap_or(usize::MAX);
    while text.get(at).is_some_and(|&byte| is_continuation(byte)) {
        at += 1;
    }
    let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) else { return vm.ret0(args) };
    match decode(rest, lax) {
        Some((code, _)) => vm.ret(args, &[Value::int(at as i64 + 1), Value::int(i64::from(code))]),
        None => Err(vm.throw("invalid UTF-8 code")),
    }
}
