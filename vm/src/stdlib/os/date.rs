//! `os.date` and `os.time`: calendar time by the C library.

use crate::{
    clock::Clock,
    heap::Gc,
    native::{Args, NativeResult, Throw},
    table::Table,
    value::Value,
    vm::Vm,
};

/// Conversions of `strftime` in C99; those in the second and third list follow an `E` or `O`.
const PLAIN: &[u8] = b"aAbBcCdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%";
const AFTER_E: &[u8] = b"cCxXyY";
const AFTER_O: &[u8] = b"deHImMSuUVwWy";

/// Longest text of one conversion, in bytes.
const MAX_ITEM: usize = 250;

/// Whether local time is UTC: under the virtual clock, since a zone is a property of the machine.
fn is_utc(vm: &Vm) -> bool {
    vm.clock() == Clock::Virtual
}

/// The broken-down form of a time, local or in UTC.
fn broken_down(time: i64, utc: bool) -> Option<libc::tm> {
    // SAFETY: `tm` is plain data for which all zeroes are valid; both functions get pointers to live objects.
    unsafe {
        let mut result: libc::tm = std::mem::zeroed();
        let time = time as libc::time_t;
        let done = if utc {
            libc::gmtime_r(&raw const time, &raw mut result)
        } else {
            libc::localtime_r(&raw const time, &raw mut result)
        };
        (!done.is_null()).then_some(result)
    }
}

pub(super) fn date(vm: &mut Vm, args: Args) -> NativeResult {
    let format = vm.opt_string(args, 0)?;
    let format = format.as_ref().map_or(&b"%c"[..], |format| format.as_bytes());
    let time = if args.get(1).is_nil() { (vm.host().time)(vm) } else { vm.check_int(args, 1)? };
    let (utc, format) = match format.strip_prefix(b"!") {
        Some(rest) => (true, rest),
        None => (is_utc(vm), format),
    };
    let Some(broken) = broken_down(time, utc) else {
        return Err(vm.throw("date result cannot be represented in this installation"));
    };
    if format == b"*t" {
        let table = vm.heap.table_with_capacity(0, 9);
        fill_fields(vm, table, &broken);
        return vm.ret1(args, table);
    }
    let mut text = Vec::new();
    let mut rest = format;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'%' {
            text.push(byte);
            continue;
        }
        let Some(length) = conversion_length(rest) else {
            // The reference implementation shows what is left of its C string.
            let shown = rest.split(|byte| *byte == 0).next().unwrap_or_default();
            let message = [b"invalid conversion specifier '%", shown, b"'"].concat();
            return Err(vm.arg_error(args, 0, message));
        };
        append_conversion(&mut text, &rest[..length], &broken);
        rest = &rest[length..];
    }
    let text = vm.new_string(text);
    vm.ret1(args, text)
}

/// Length of the conversion that `text` (behind a `%`) begins with, if it is one.
fn conversion_length(text: &[u8]) -> Option<usize> {
    match text {
        [b'E', next, ..] if AFTER_E.contains(next) => Some(2),
        [b'O', next, ..] if AFTER_O.contains(next) => Some(2),
        [first, ..] if PLAIN.contains(first) => Some(1),
        _ => None,
    }
}

fn append_conversion(text: &mut Vec<u8>, conversion: &[u8], broken: &libc::tm) {
    let mut format = [0u8; 4];
    format[0] = b'%';
    format[1..=conversion.len()].copy_from_slice(conversion);
    let mut buffer = [0u8; MAX_ITEM];
    // SAFETY: the format is zero-terminated, and the buffer's size is passed.
    let length =
        unsafe { libc::strftime(buffer.as_mut_ptr().cast(), buffer.len(), format.as_ptr().cast(), &raw const *broken) };
    text.extend_from_slice(&buffer[..length]);
}

fn fill_fields(vm: &mut Vm, table: Gc<Table>, broken: &libc::tm) {
    let fields = [
        ("year", i64::from(broken.tm_year) + 1900),
        ("month", i64::from(broken.tm_mon) + 1),
        ("day", i64::from(broken.tm_mday)),
        ("hour", i64::from(broken.tm_hour)),
        ("min", i64::from(broken.tm_min)),
        ("sec", i64::from(broken.tm_sec)),
        ("yday", i64::from(broken.tm_yday) + 1),
        ("wday", i64::from(broken.tm_wday) + 1),
    ];
    for (name, value) in fields {
        vm.set_field(table, name, value);
    }
    if broken.tm_isdst >= 0 {
        vm.set_field(table, "isdst", broken.tm_isdst > 0);
    }
}

pub(super) fn time(vm: &mut Vm, args: Args) -> NativeResult {
    if args.get(0).is_nil() {
        let now = (vm.host().time)(vm);
        return vm.ret1(args, now);
    }
    let table = vm.check_table(args, 0)?;
    // SAFETY: `tm` is plain data for which all zeroes are valid.
    let mut broken: libc::tm = unsafe { std::mem::zeroed() };
    broken.tm_year = field(vm, table, "year", None, 1900)?;
    broken.tm_mon = field(vm, table, "month", None, 1)?;
    broken.tm_mday = field(vm, table, "day", None, 0)?;
    broken.tm_hour = field(vm, table, "hour", Some(12), 0)?;
    broken.tm_min = field(vm, table, "min", Some(0), 0)?;
    broken.tm_sec = field(vm, table, "sec", Some(0), 0)?;
    let is_dst = get_field(vm, table, "isdst")?;
    broken.tm_isdst = if is_dst.is_nil() { -1 } else { i32::from(is_dst.is_truthy()) };
    // SAFETY: the pointer is to a live `tm`.
    let time = unsafe { if is_utc(vm) { libc::timegm(&raw mut broken) } else { libc::mktime(&raw mut broken) } };
    // Fields that were out of their ranges are normalised.
    fill_fields(vm, table, &broken);
    if time == -1 {
        return Err(vm.throw("time result cannot be represented in this installation"));
    }
    vm.ret1(args, time as i64)
}

fn get_field(vm: &mut Vm, table: Gc<Table>, name: &str) -> Result<Value, Throw> {
    let key = vm.new_string(name);
    crate::interp::access::index(vm, table.into(), key)
}

/// An integer field less `offset`, which must fit a C `int`.
fn field(vm: &mut Vm, table: Gc<Table>, name: &str, default: Option<i32>, offset: i64) -> Result<i32, Throw> {
    let value = get_field(vm, table, name)?;
    let Some(int) = vm.to_int(value) else {
        return if !value.is_nil() {
            Err(vm.throw(format!("field '{name}' is not an integer")))
        } else {
            default.ok_or_else(|| vm.throw(format!("field '{name}' missing in date table")))
        };
    };
    let shifted = int.checked_sub(offset).and_then(|int| i32::try_from(int).ok());
    shifted.ok_or_else(|| vm.throw(format!("field '{name}' is out-of-bound")))
}
