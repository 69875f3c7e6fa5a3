//! Whole tables: making them, filling them with lists, going through them.

use super::set;
use crate::{
    function::Cache,
    heap::{Gc, Heap},
    native::Throw,
    table::Table,
    value::Value,
    vm::Vm,
};

/// Entries without a value that a traversal may pass over for one tick.
pub(crate) const EMPTY_ENTRIES_PER_TICK: usize = 16;

/// `SETLIST`: `table[first + i] = values[i - 1]`.
///
/// # Errors
/// `not enough memory` for a long list.
///
/// # Safety
/// `values` points to `count` live values.
#[inline(never)]
pub unsafe fn set_list(
    vm: &mut Vm,
    table: Gc<Table>,
    first: usize,
    values: *const Value,
    count: usize,
) -> Result<(), Throw> {
    // A longer list is an open one, and ends at the top.
    if count > super::handlers::MAX_LIST_BATCH {
        vm.check_room(count * size_of::<Value>())?;
    }
    // SAFETY: as the contract says.
    unsafe { put_list(&mut vm.heap, table, first, values, count) };
    Ok(())
}

/// The items of a list, in room that the memory limit grants.
///
/// # Safety
/// `values` points to `count` live values.
pub(crate) unsafe fn put_list(heap: &mut Heap, table: Gc<Table>, first: usize, values: *const Value, count: usize) {
    let object = table.get_mut();
    let fresh = object.array_cap == 0 && first == 0 && count > 0 && !object.has_int_keys();
    // SAFETY: as the contract says.
    if fresh && unsafe { object.fill_array(heap, values, count) } {
        return;
    }
    // SAFETY: as the contract says.
    let item = |index: usize| unsafe { *values.add(index) };
    // PERF: what lies beyond the border of a fresh list is kept out of the array part, so that `#` need not look for it.
    let border = if fresh { list_border(count, item) } else { count };
    for index in 0..count {
        let value = item(index);
        if index >= border {
            if !value.is_nil() {
                object.set_int(heap, (first + index) as i64 + 1, value);
            }
            continue;
        }
        let key = (first + index) as i64 + 1;
        if object.has_int_keys() {
            object.set_int(heap, key, value);
        } else if value.is_nil() && index + 1 < border {
            // A hole that a later item may cover: keep the list in the array part.
            object.open_holes(heap, first + index + 1);
        } else if key as usize == object.array_len as usize + 1 && !value.is_nil() {
            object.push_element(heap, value);
        } else {
            object.set_int(heap, key, value);
        }
    }
    object.trim_array();
}

/// The border that PUC Lua finds in an array of exactly these items: bisection, where the last two are nil.
fn list_border(count: usize, item: impl Fn(usize) -> Value) -> usize {
    if count < 2 || !item(count - 1).is_nil() || !item(count - 2).is_nil() {
        return count;
    }
    let (mut present, mut absent) = (0, count);
    while absent - present > 1 {
        let middle = present.midpoint(absent);
        if item(middle - 1).is_nil() { absent = middle } else { present = middle }
    }
    present
}

/// `NEWTABLE`: room for what a constructor announces.
#[inline(never)]
pub fn new_table(vm: &mut Vm, items: usize, fields: usize) -> Gc<Table> {
    let table = vm.heap.table();
    // `SETLIST` makes room for its items itself, of their kind, unless it comes more than once.
    let items = if items > super::handlers::MAX_LIST_BATCH { items } else { 0 };
    if items | fields != 0 {
        table.reserve(&mut vm.heap, items, fields);
    }
    table
}

/// Outcome of [`advance`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Iterated {
    /// Control and value variables have been written.
    Entry,
    /// There is no further entry: the control variable is nil.
    End,
    /// The iterator is another function.
    Other,
}

/// One step of a generic loop whose iterator is `next` or the iterator of `ipairs`, without a call.
///
/// # Safety
/// `loop_base` is the loop's first register; the iterator is a native and the state a table.
#[inline(never)]
pub(super) unsafe fn advance(vm: &mut Vm, loop_base: *mut Value, cache: *mut Cache) -> Iterated {
    // SAFETY: as the contract says.
    unsafe {
        let native = (*loop_base).native_unchecked();
        let table = (*loop_base.add(1)).table_unchecked();
        let control = *loop_base.add(2);
        let to = loop_base.add(4);
        if native.function as usize == vm.controller.next_function {
            // The cache remembers where the last step found its key.
            let hint = (*cache).epoch as usize;
            let position = if control.is_nil() {
                0
            } else if table.is_key_at(hint, control) {
                hint + 1
            } else {
                match table.position_after(control) {
                    Ok(position) => position,
                    Err(_) => return Iterated::Other,
                }
            };
            match table.next_from(position) {
                Some((after, key, value)) => {
                    // Removed entries that were passed over.
                    if after - position > EMPTY_ENTRIES_PER_TICK {
                        vm.spend((after - position) / EMPTY_ENTRIES_PER_TICK);
                    }
                    (*cache).epoch = after as u32 - 1;
                    set(to, key);
                    set(to.add(1), value);
                    Iterated::Entry
                }
                None => {
                    vm.spend(table.positions().saturating_sub(position) / EMPTY_ENTRIES_PER_TICK);
                    set(to, Value::NIL);
                    Iterated::End
                }
            }
        } else if native.function as usize == vm.controller.ipairs_function && control.is_int() {
            let key = control.raw_int().wrapping_add(1);
            let value = table.get_int(key);
            if !value.is_nil() {
                set(to, Value::int(key));
                set(to.add(1), value);
                Iterated::Entry
            } else if table.metatable().is_none() {
                set(to, Value::NIL);
                Iterated::End
            } else {
                Iterated::Other
            }
        } else {
            Iterated::Other
        }
    }
}

/// [`advance`] for compiled code: whether there was an entry; `None` when the iterator is another function.
///
/// # Safety
/// As [`advance`].
#[inline]
pub unsafe fn iterate(vm: &mut Vm, _iterator: Value, loop_base: *mut Value, cache: *mut Cache) -> Option<bool> {
    // SAFETY: as the contract says.
    match unsafe { advance(vm, loop_base, cache) } {
        Iterated::Entry => Some(true),
        Iterated::End => Some(false),
        Iterated::Other => None,
    }
}
