//! `pack`, `packsize`, `unpack`.

use crate::{
    native::{Args, NativeResult, Throw},
    stdlib::args::{Results, start_position},
    text::pack::{Item, Kind, Layout, MAX_SIZE, PackError, fits, get_float, get_int, put_float, put_int},
    value::Value,
    vm::Vm,
};

/// Byte that fills alignment and the rest of fixed-size strings.
const PADDING: u8 = 0;

fn raise(vm: &mut Vm, args: Args, error: PackError) -> Throw {
    if error.is_argument() { vm.arg_error(args, 0, error.message()) } else { vm.throw(error.message()) }
}

pub(super) fn pack(vm: &mut Vm, args: Args) -> NativeResult {
    let format = vm.check_string(args, 0)?;
    let mut layout = Layout::new(format.as_bytes());
    let mut out = Vec::new();
    let mut offset = 0;
    let mut index = 0;
    while let Some(item) = layout.next(offset).map_err(|error| raise(vm, args, error))? {
        let start = out.len();
        out.resize(start + item.padding, PADDING);
        if !matches!(item.kind, Kind::PaddingByte | Kind::Align) {
            index += 1;
        }
        pack_item(vm, args, index, item, &mut out)?;
        offset += out.len() - start;
    }
    vm.charge_bytes(format.len() + out.len())?;
    let result = vm.new_string(out);
    vm.ret1(args, result)
}

fn pack_item(vm: &mut Vm, args: Args, index: usize, item: Item, out: &mut Vec<u8>) -> Result<(), Throw> {
    let expected = match item.kind {
        Kind::Signed | Kind::Unsigned | Kind::Float | Kind::Double => "number",
        _ => "string",
    };
    if !args.has(index) && !matches!(item.kind, Kind::PaddingByte | Kind::Align) {
        // Not "no value": the reference implementation keeps a nil behind the arguments.
        return Err(vm.arg_error(args, index, format!("{expected} expected, got nil")));
    }
    match item.kind {
        Kind::Signed | Kind::Unsigned => {
            let value = vm.check_int(args, index)?;
            if !fits(value, item.size, item.kind) {
                let what = if item.kind == Kind::Signed { "integer overflow" } else { "unsigned overflow" };
                return Err(vm.arg_error(args, index, what));
            }
            put_int(out, value, item.size, item.little, item.kind == Kind::Signed);
        }
        Kind::Float | Kind::Double => {
            let value = vm.check_float(args, index)?;
            put_float(out, value, item.size, item.little);
        }
        Kind::Fixed => {
            let string = vm.check_string(args, index)?;
            if string.len() > item.size {
                return Err(vm.arg_error(args, index, "string longer than given size"));
            }
            let end = out.len() + item.size;
            vm.charge_bytes(item.size)?;
            vm.check_room(end)?;
            out.extend_from_slice(string.as_bytes());
            out.resize(end, PADDING);
        }
        Kind::Counted => {
            let string = vm.check_string(args, index)?;
            if item.size < 8 && string.len() >> (8 * item.size) != 0 {
                return Err(vm.arg_error(args, index, "string length does not fit in given size"));
            }
            put_int(out, string.len() as i64, item.size, item.little, false);
            out.extend_from_slice(string.as_bytes());
        }
        Kind::ZeroTerminated => {
            let string = vm.check_string(args, index)?;
            if string.as_bytes().contains(&0) {
                return Err(vm.arg_error(args, index, "string contains zeros"));
            }
            out.extend_from_slice(string.as_bytes());
            out.push(0);
        }
        Kind::PaddingByte => out.push(PADDING),
        Kind::Align => {}
    }
    Ok(())
}

pub(super) fn packsize(vm: &mut Vm, args: Args) -> NativeResult {
    let format = vm.check_string(args, 0)?;
    vm.charge(format.len())?;
    let mut layout = Layout::new(format.as_bytes());
    let mut total = 0usize;
    while let Some(item) = layout.next(total).map_err(|error| raise(vm, args, error))? {
        if matches!(item.kind, Kind::Counted | Kind::ZeroTerminated) {
            return Err(vm.arg_error(args, 0, "variable-length format"));
        }
        let size = item.padding + item.size;
        if total > MAX_SIZE - size.min(MAX_SIZE) {
            return Err(vm.arg_error(args, 0, "format result too large"));
        }
        total += size;
    }
    vm.ret1(args, total as i64)
}

pub(super) fn unpack(vm: &mut Vm, args: Args) -> NativeResult {
    let format = vm.check_string(args, 0)?;
    let data = vm.check_string(args, 1)?;
    let data = data.as_bytes();
    let first = vm.opt_int(args, 2, 1)?;
    let mut at = start_position(first, data.len()) - 1;
    if at > data.len() {
        return Err(vm.arg_error(args, 2, "initial position out of string"));
    }
    vm.charge(format.len())?;
    let mut layout = Layout::new(format.as_bytes());
    let mut results = Results::new();
    while let Some(item) = layout.next(at).map_err(|error| raise(vm, args, error))? {
        let value_at = at + item.padding;
        let Some(bytes) = data.get(value_at..).and_then(|rest| rest.get(..item.size)) else {
            return Err(vm.arg_error(args, 1, "data string too short"));
        };
        vm.charge_bytes(item.size)?;
        at = value_at + item.size;
        let value = match item.kind {
            Kind::PaddingByte | Kind::Align => continue,
            Kind::Signed | Kind::Unsigned => {
                let value = get_int(bytes, item.little, item.kind == Kind::Signed);
                Value::int(value.map_err(|error| raise(vm, args, error))?)
            }
            Kind::Float | Kind::Double => Value::float(get_float(bytes, item.little)),
            Kind::Fixed => vm.new_string(bytes),
            Kind::Counted => {
                let length = get_int(bytes, item.little, false).map_err(|error| raise(vm, args, error))?;
                let text = usize::try_from(length).ok().and_then(|length| data[at..].get(..length));
                let Some(text) = text else { return Err(vm.arg_error(args, 1, "data string too short")) };
                at += text.len();
                vm.new_string(text)
            }
            Kind::ZeroTerminated => {
                let Some(length) = memchr::memchr(0, &data[at..]) else {
                    return Err(vm.arg_error(args, 1, "unfinished string for format 'z'"));
                };
                let text = &data[at..at + length];
                at += length + 1;
                vm.new_string(text)
            }
        };
        results.push(value);
    }
    results.push(Value::int(at as i64 + 1));
    vm.ret(args, results.as_slice())
}
