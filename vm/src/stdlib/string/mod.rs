//! String manipulation (manual §6.4).

mod arith;
mod format;
mod pack;
mod search;

use crate::{
    bytecode,
    native::{Args, NativeResult},
    stdlib::{
        args::{Results, end_position, start_position},
        library,
    },
    string::MAX_SHORT,
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

fn byte(vm: &mut Vm, args: Args) -> NativeResult {
    let string = vm.check_string(args, 0)?;
    let bytes = string.as_bytes();
    let first = vm.opt_int(args, 1, 1)?;
    let last = vm.opt_int(args, 2, first)?;
    let start = start_position(first, bytes.len());
    // PERF: one byte, the common case.
    if last == first && start <= bytes.len() && first != 0 && first >= -(bytes.len() as i64) {
        return vm.ret1(args, i64::from(bytes[start - 1]));
    }
    let end = end_position(last, bytes.len());
    vm.charge(end.saturating_sub(start))?;
    let mut results = Results::new();
    for &byte in bytes.get(start - 1..end).unwrap_or(&[]) {
        results.push(Value::int(i64::from(byte)));
    }
    vm.ret(args, results.as_slice())
}

fn char_(vm: &mut Vm, args: Args) -> NativeResult {
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
fn mapped(vm: &mut Vm, args: Args, change: impl FnOnce(&mut [u8])) -> NativeResult {
    let string = vm.check_string(args, 0)?;
    let bytes = string.as_bytes();
    vm.charge_bytes(bytes.len())?;
    vm.check_room(bytes.len())?;
    let result = vm.build_string(bytes.len(), |to| {
        to.copy_from_slice(bytes);
        change(to);
    });
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

fn sub(vm: &mut Vm, args: Args) -> NativeResult {
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
