//! String manipulation (manual §6.4).

mod arith;
mod format;
mod pack;
mod search;

use crate::{
    bytecode,
    heap::Gc,
    native::{Args, NativeResult},
    stdlib::{
        args::{Results, end_position, start_position},
        library,
    },
    string::{MAX_SHORT, Str},
    value::{Value, tag},
    vm::Vm,
};

/// Longest string that these functions make, in bytes: a C `int`, as in the reference implementation.
const MAX_LENGTH: usize = i32::MAX as usize;

pub(super) fn open(vm: &mut Vm) {
    let table = library(
        vm,
        "string",
        &[
            ("byte", byte),
            ("char", char_),
            ("dump", dump),
            ("find", search::find),
            ("format", format::format),
            ("gmatch", search::gmatch),
            ("gsub", search::gsub),
            ("len", len),
            ("lower", lower),
            ("match", search::match_),
            ("pack", pack::pack),
            ("packsize", pack::packsize),
            ("rep", rep),
            ("reverse", reverse),
            ("sub", sub),
            ("unpack", pack::unpack),
            ("upper", upper),
        ],
    );
    let metatable = vm.heap.table();
    vm.set_field(metatable, "__index", table);
    arith::open(vm, metatable);
    vm.set_type_metatable(tag::STRING, Some(metatable));
}

/// One byte, or none where the string has none.
pub(super) fn plain_byte(_: &mut Vm, args: Args) -> Option<u32> {
    let (string, position) = (args.get(0).as_string()?, args.get(1));
    let position = match position.tag {
        tag::INT => position.raw_int(),
        tag::NIL => 1,
        _ => return None,
    };
    if !args.get(2).is_nil() {
        return None;
    }
    let bytes = string.as_bytes();
    let index = if position > 0 { position - 1 } else { position.wrapping_add(bytes.len() as i64) };
    let byte = bytes.get(usize::try_from(index).ok().filter(|_| position != 0).unwrap_or(usize::MAX));
    Some(byte.map_or(0, |byte| args.ret1(i64::from(*byte))))
}

fn byte(vm: &mut Vm, args: Args) -> NativeResult {
    if let Some(count) = plain_byte(vm, args) {
        return Ok(count);
    }
    let string = vm.check_string(args, 0)?;
    let bytes = string.as_bytes();
    let first = vm.opt_int(args, 1, 1)?;
    let last = vm.opt_int(args, 2, first)?;
    let start = start_position(first, bytes.len());
    let end = end_position(last, bytes.len());
    vm.charge(end.saturating_sub(start))?;
    let mut results = Results::new();
    for &byte in bytes.get(start - 1..end).unwrap_or(&[]) {
        results.push(Value::int(i64::from(byte)));
    }
    vm.ret(args, results.as_slice())
}

pub(super) fn plain_char(vm: &mut Vm, args: Args) -> Option<u32> {
    let mut buffer = [0; MAX_SHORT];
    let bytes = buffer.get_mut(..args.len())?;
    for (index, byte) in bytes.iter_mut().enumerate() {
        let code = args.get(index);
        *byte = code.is_int().then(|| u8::try_from(code.raw_int()).ok()).flatten()?;
    }
    vm.charge_plain(args.len())?;
    Some(args.ret1(vm.heap.string(bytes)))
}

fn char_(vm: &mut Vm, args: Args) -> NativeResult {
    if let Some(count) = plain_char(vm, args) {
        return Ok(count);
    }
    vm.charge(args.len())?;
    let mut few = [0; MAX_SHORT];
    let mut many = Vec::new();
    let bytes = if args.len() <= MAX_SHORT {
        &mut few[..args.len()]
    } else {
        many.resize(args.len(), 0);
        &mut many[..]
    };
    for (index, byte) in bytes.iter_mut().enumerate() {
        match u8::try_from(vm.check_int(args, index)?) {
            Ok(code) => *byte = code,
            Err(_) => return Err(vm.arg_error(args, index, "value out of range")),
        }
    }
    let string = vm.heap.string(bytes);
    vm.ret1(args, string)
}

fn dump(vm: &mut Vm, args: Args) -> NativeResult {
    let function = vm.check_function(args, 0)?;
    let strip = args.get(1).is_truthy();
    let Some(closure) = function.as_closure() else {
        return Err(vm.throw("unable to dump given function"));
    };
    let chunk = bytecode::dump::write(&closure.proto.to_unit(), strip);
    let chunk = vm.new_string(chunk);
    vm.ret1(args, chunk)
}

pub(super) fn plain_len(_: &mut Vm, args: Args) -> Option<u32> {
    args.get(0).as_string().map(|string| args.ret1(string.len() as i64))
}

fn len(vm: &mut Vm, args: Args) -> NativeResult {
    let string = vm.check_string(args, 0)?;
    vm.ret1(args, string.len() as i64)
}

fn lower(vm: &mut Vm, args: Args) -> NativeResult {
    mapped(vm, args, |to| to.make_ascii_lowercase())
}

fn upper(vm: &mut Vm, args: Args) -> NativeResult {
    mapped(vm, args, |to| to.make_ascii_uppercase())
}

fn reverse(vm: &mut Vm, args: Args) -> NativeResult {
    mapped(vm, args, <[u8]>::reverse)
}

/// The string argument after a change that keeps its length.
#[inline]
pub(super) fn plain_mapped(vm: &mut Vm, args: Args, change: impl FnOnce(&mut [u8])) -> Option<u32> {
    let string = args.get(0).as_string().filter(|string| vm.has_room(string.len()))?;
    vm.charge_plain_bytes(string.len())?;
    Some(args.ret1(changed(vm, string, change)))
}

#[inline]
fn changed(vm: &mut Vm, string: Gc<Str>, change: impl FnOnce(&mut [u8])) -> Value {
    vm.build_string(string.len(), |to| {
        to.copy_from_slice(string.as_bytes());
        change(to);
    })
}

fn mapped(vm: &mut Vm, args: Args, change: impl FnOnce(&mut [u8])) -> NativeResult {
    let string = vm.check_string(args, 0)?;
    vm.charge_bytes(string.len())?;
    vm.check_room(string.len())?;
    let result = changed(vm, string, change);
    vm.ret1(args, result)
}

fn rep(vm: &mut Vm, args: Args) -> NativeResult {
    let string = vm.check_string(args, 0)?;
    let count = vm.check_int(args, 1)?;
    let separator = vm.opt_string(args, 2)?;
    let bytes = string.as_bytes();
    let between = separator.as_ref().map_or(&b""[..], |separator| separator.as_bytes());
    if count <= 0 {
        let empty = vm.new_string(b"");
        return vm.ret1(args, empty);
    }
    let step = bytes.len() + between.len();
    let Some(total) =
        usize::try_from(count).ok().and_then(|count| step.checked_mul(count)).filter(|n| *n <= MAX_LENGTH)
    else {
        return Err(vm.throw("resulting string too large"));
    };
    if count == 1 || total == 0 {
        return vm.ret1(args, string);
    }
    let total = total - between.len();
    vm.charge_bytes(total)?;
    vm.check_room(total)?;
    let result = vm.build_string(total, |to| {
        let step = step.min(total);
        to[..bytes.len()].copy_from_slice(bytes);
        to[bytes.len()..step].copy_from_slice(&between[..step - bytes.len()]);
        // What is there is doubled until the string is full.
        let mut filled = step;
        while filled < total {
            let more = filled.min(total - filled);
            to.copy_within(..more, filled);
            filled += more;
        }
    });
    vm.ret1(args, result)
}

pub(super) fn plain_sub(vm: &mut Vm, args: Args) -> Option<u32> {
    let (string, first, last) = (args.get(0).as_string()?, args.get(1), args.get(2));
    let last = match last.tag {
        tag::INT => last.raw_int(),
        tag::NIL => -1,
        _ => return None,
    };
    if !first.is_int() {
        return None;
    }
    let bytes = string.as_bytes();
    let start = start_position(first.raw_int(), bytes.len());
    let end = end_position(last, bytes.len());
    if start == 1 && end == bytes.len() {
        return Some(args.ret1(string));
    }
    let part = bytes.get(start - 1..end).unwrap_or(&[]);
    if !vm.has_room(part.len()) {
        return None;
    }
    vm.charge_plain_bytes(part.len())?;
    Some(args.ret1(vm.heap.string(part)))
}

fn sub(vm: &mut Vm, args: Args) -> NativeResult {
    if let Some(count) = plain_sub(vm, args) {
        return Ok(count);
    }
    let string = vm.check_string(args, 0)?;
    let bytes = string.as_bytes();
    let first = vm.check_int(args, 1)?;
    let last = vm.opt_int(args, 2, -1)?;
    let start = start_position(first, bytes.len());
    let end = end_position(last, bytes.len());
    if start == 1 && end == bytes.len() {
        return vm.ret1(args, string);
    }
    let part = bytes.get(start - 1..end).unwrap_or(&[]);
    vm.charge_bytes(part.len())?;
    vm.check_room(part.len())?;
    let result = vm.heap.string(part);
    vm.ret1(args, result)
}
