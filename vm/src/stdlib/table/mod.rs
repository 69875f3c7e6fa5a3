//! Table manipulation (manual §6.6).

mod list;
mod sort;

use list::{Access, List};

use crate::{
    heap::Gc,
    interp::{
        access::{index, length},
        tables::put_list,
    },
    native::{Args, NativeResult, Throw},
    stdlib::{args::Results, buffer::TextBuffer, library},
    string::Str,
    thread::STACK_SLOTS,
    value::{Value, tag},
    vm::Vm,
};

/// Elements that are moved at once for one tick.
const ELEMENTS_PER_TICK: usize = 4;
/// Elements that `unpack` returns without a frame.
const MOST_UNPACKED: i64 = 250;
/// Slots above a list of results that callers rely on.
const STACK_SLACK: usize = 64;
/// Elements that `table.move` moves between two looks at the limit on memory.
const MOVES_PER_CHECK: i64 = 4096;

pub(super) fn open(vm: &mut Vm) {
    library(
        vm,
        "table",
        &[
            ("concat", concat),
            ("insert", insert),
            ("move", move_),
            ("pack", pack),
            ("remove", remove),
            ("sort", sort::sort),
            ("unpack", unpack),
        ],
    );
}

/// Appends.
pub(super) fn plain_insert(vm: &mut Vm, args: Args) -> Option<u32> {
    let table = List::plain(vm, args.get(0)).filter(|_| args.len() == 2)?;
    let end = Some(table.len()).filter(|len| *len < i64::MAX)? + 1;
    table.get_mut().set_int(&mut vm.heap, end, args.get(1));
    Some(0)
}

fn insert(vm: &mut Vm, args: Args) -> NativeResult {
    if let Some(count) = plain_insert(vm, args) {
        return Ok(count);
    }
    let list = List::check(vm, args, 0, Access::ALL)?;
    let end = list.len(vm)?.wrapping_add(1);
    let (position, value) = match args.len() {
        2 => (end, args.get(1)),
        3 => (vm.check_int(args, 1)?, args.get(2)),
        _ => return Err(vm.throw("wrong number of arguments to 'insert'")),
    };
    // Unsigned, so that the comparison also holds for positions below 1.
    if (position as u64).wrapping_sub(1) >= end as u64 {
        return Err(vm.arg_error(args, 1, "position out of bounds"));
    }
    if position < end
        && let Some(table) = list.raw()
        && table.array_len() as i64 == end - 1
    {
        vm.charge((end - position) as usize / ELEMENTS_PER_TICK)?;
        table.get_mut().insert_element(&mut vm.heap, position as usize - 1, value);
        return vm.ret0(args);
    }
    for to in (position + 1..=end).rev() {
        vm.charge(1)?;
        let moved = list.get(vm, to - 1)?;
        list.set(vm, to, moved)?;
    }
    list.set(vm, position, value)?;
    vm.ret0(args)
}

/// Takes an element out of the array part.
pub(super) fn plain_remove(vm: &mut Vm, args: Args) -> Option<u32> {
    let table = List::plain(vm, args.get(0))?;
    let size = table.len();
    let position = match args.get(1).tag {
        tag::NIL => size,
        tag::INT => args.get(1).raw_int(),
        _ => return None,
    };
    if position < 1 || position > size || table.array_len() as i64 != size {
        return None;
    }
    vm.charge_plain((size - position) as usize / ELEMENTS_PER_TICK)?;
    Some(args.ret1(table.get_mut().remove_element(&mut vm.heap, position as usize - 1)))
}

fn remove(vm: &mut Vm, args: Args) -> NativeResult {
    if let Some(count) = plain_remove(vm, args) {
        return Ok(count);
    }
    let list = List::check(vm, args, 0, Access::ALL)?;
    let size = list.len(vm)?;
    let position = vm.opt_int(args, 1, size)?;
    // Unsigned, so that the comparison also holds for positions below 1.
    if position != size && (position as u64).wrapping_sub(1) > size as u64 {
        return Err(vm.arg_error(args, 0, "position out of bounds"));
    }
    if let Some(table) = list.raw()
        && position >= 1
        && position <= size
        && table.array_len() as i64 == size
    {
        vm.charge((size - position) as usize / ELEMENTS_PER_TICK)?;
        let removed = table.get_mut().remove_element(&mut vm.heap, position as usize - 1);
        return vm.ret1(args, removed);
    }
    let removed = list.get(vm, position)?;
    // The result stays alive on the stack while metamethods run.
    vm.push(removed)?;
    let mut at = position;
    while at < size {
        vm.charge(1)?;
        let moved = list.get(vm, at + 1)?;
        list.set(vm, at, moved)?;
        at += 1;
    }
    list.set(vm, at, Value::NIL)?;
    vm.ret1(args, removed)
}

fn concat(vm: &mut Vm, args: Args) -> NativeResult {
    let list = List::check(vm, args, 0, Access { read: true, write: false, length: true })?;
    let size = list.len(vm)?;
    let separator = vm.opt_string(args, 1)?;
    let separator = separator.as_ref().map_or(&b""[..], |separator| separator.as_bytes());
    let first = vm.opt_int(args, 2, 1)?;
    let last = vm.opt_int(args, 3, size)?;
    if let Some(result) = concat_strings(vm, &list, separator, first, last)? {
        return vm.ret1(args, result);
    }
    let mut result = TextBuffer::default();
    match concat_any(vm, &list, separator, first, last, &mut result) {
        Ok(()) => {
            let result = result.into_string(vm);
            vm.ret1(args, result)
        }
        Err(throw) => {
            result.release(vm);
            Err(throw)
        }
    }
}

fn concat_any(
    vm: &mut Vm,
    list: &List,
    separator: &[u8],
    first: i64,
    last: i64,
    result: &mut TextBuffer,
) -> Result<(), Throw> {
    let mut at = first;
    while at <= last {
        vm.charge(1)?;
        let value = list.get(vm, at)?;
        if let Some(text) = value.as_string() {
            result.text.extend_from_slice(text.as_bytes());
        } else if value.is_number() {
            vm.write_number(value, &mut result.text);
        } else {
            let kind = value.type_name();
            return Err(vm.throw(format!("invalid value ({kind}) at index {at} in table for 'concat'")));
        }
        if at == last {
            break;
        }
        // The item included, which was appended unasked.
        result.reserve(vm, separator.len())?;
        result.text.extend_from_slice(separator);
        at += 1;
    }
    result.reserve(vm, 0)
}

/// PERF: strings in the array part of a plain table are measured, then copied straight into the result.
fn concat_strings(vm: &mut Vm, list: &List, separator: &[u8], first: i64, last: i64) -> Result<Option<Value>, Throw> {
    let Some(table) = list.raw() else { return Ok(None) };
    if first < 1 || last < first || last > table.array_len() as i64 {
        return Ok(None);
    }
    let at = |key: i64| -> Option<Gc<Str>> { table.element(key as usize - 1).as_string() };
    vm.charge((last - first) as usize)?;
    let mut total = separator.len().saturating_mul((last - first) as usize);
    for key in first..=last {
        let Some(text) = at(key) else { return Ok(None) };
        total = total.saturating_add(text.len());
    }
    vm.charge_bytes(total)?;
    vm.check_room(total)?;
    let result = vm.build_string(total, |mut to| {
        for key in first..=last {
            // Measured above: each is a string.
            let Some(text) = at(key) else { return };
            let (here, rest) = to.split_at_mut(text.len());
            here.copy_from_slice(text.as_bytes());
            to = rest;
            if key < last {
                let (here, rest) = to.split_at_mut(separator.len());
                here.copy_from_slice(separator);
                to = rest;
            }
        }
    });
    Ok(Some(result))
}

fn pack(vm: &mut Vm, args: Args) -> NativeResult {
    vm.charge(args.len())?;
    vm.check_room(args.len() * size_of::<Value>())?;
    let table = vm.heap.table();
    // Holes lie as in `{...}`, so that both have one length.
    // SAFETY: the frame of the running native holds its arguments.
    unsafe { put_list(&mut vm.heap, table, 0, args.base(), args.len()) };
    vm.set_field(table, "n", args.len() as i64);
    vm.ret1(args, table)
}

/// Of a table without metatable, so many elements that there is room for them.
pub(super) fn plain_unpack(vm: &mut Vm, args: Args) -> Option<u32> {
    let table = args.get(0).as_table().filter(|table| table.metatable().is_none())?;
    let bound = |index: usize, default: &dyn Fn() -> i64| match args.get(index).tag {
        tag::NIL => Some(default()),
        tag::INT => Some(args.get(index).raw_int()),
        _ => None,
    };
    let (first, last) = (bound(1, &|| 1)?, bound(2, &|| table.len())?);
    let count = if first > last { 0 } else { last.checked_sub(first)?.checked_add(1)? };
    let to = args.results();
    if !(0..=MOST_UNPACKED).contains(&count) || to.wrapping_add(count as usize + STACK_SLACK) >= vm.stack_limit {
        return None;
    }
    vm.charge_plain((count - 1).max(0) as usize)?;
    for index in 0..count {
        // SAFETY: there is room, and the arguments have been read.
        unsafe { *to.add(index as usize) = table.get_int(first + index) };
    }
    Some(count as u32)
}

fn unpack(vm: &mut Vm, args: Args) -> NativeResult {
    if let Some(count) = plain_unpack(vm, args) {
        return Ok(count);
    }
    let value = args.get(0);
    let first = vm.opt_int(args, 1, 1)?;
    let last = if args.get(2).is_nil() { checked_length(vm, value)? } else { vm.check_int(args, 2)? };
    if first > last {
        return vm.ret0(args);
    }
    let count = (last as u64).wrapping_sub(first as u64);
    // SAFETY: both lie on the running thread's stack.
    let used = unsafe { vm.top.offset_from(vm.thread.stack_base()) } as usize;
    if count >= (STACK_SLOTS.saturating_sub(used + 256)) as u64 {
        return Err(vm.throw("too many results to unpack"));
    }
    vm.charge(count as usize)?;
    if let Some(table) = value.as_table().filter(|table| table.metatable().is_none()) {
        let mut results = Results::new();
        for key in first..=last {
            results.push(table.get_int(key));
        }
        return vm.ret(args, results.as_slice());
    }
    let bottom = vm.top;
    for key in first..=last {
        let element = index(vm, value, Value::int(key))?;
        vm.push(element)?;
    }
    vm.top = bottom;
    vm.ret_results(args, count as usize + 1)
}

fn move_(vm: &mut Vm, args: Args) -> NativeResult {
    let from = vm.check_int(args, 1)?;
    let end = vm.check_int(args, 2)?;
    let to = vm.check_int(args, 3)?;
    let target = if args.get(4).is_nil() { 0 } else { 4 };
    let source = List::check(vm, args, 0, Access { read: true, write: false, length: false })?;
    let target = List::check(vm, args, target, Access { read: false, write: true, length: false })?;
    if end >= from {
        if !(from > 0 || end < i64::MAX + from) {
            return Err(vm.arg_error(args, 2, "too many elements to move"));
        }
        let count = end - from + 1;
        if to > i64::MAX - count + 1 {
            return Err(vm.arg_error(args, 3, "destination wrap around"));
        }
        let overlaps = to > from && to <= end && target.is(&source);
        for step in 0..count {
            vm.charge(1)?;
            let step = if overlaps { count - 1 - step } else { step };
            if step % MOVES_PER_CHECK == 0 {
                vm.check_limit()?;
            }
            let moved = source.get(vm, from + step)?;
            target.set(vm, to + step, moved)?;
        }
    }
    vm.ret1(args, target.value())
}

/// `#value`, which must be an integer.
fn checked_length(vm: &mut Vm, value: Value) -> Result<i64, Throw> {
    let length = length(vm, value)?;
    match vm.to_int(length) {
        Some(length) => Ok(length),
        None => Err(vm.throw("object length is not an integer")),
    }
}
