//! Reading and writing tables: raw access, `__index` and `__newindex`. Inline caches are in `cache`, fields that miss
//! them in `fields`.

mod cache;
mod fields;

pub(super) use cache::{CachedGet, find_cached, is_noted, note_array, store_cached, store_element};
pub use cache::{get_cached, get_element, note_call, note_native, set_cached, set_element};
pub(super) use fields::get_named;
pub use fields::{get_field, set_field};

use super::copy;
use crate::{
    function::{Cache, Upvalue},
    heap::Gc,
    meta::Meta,
    native::Throw,
    table::{ElementKind, KeyError, Table},
    value::Value,
    vm::Vm,
};

/// Longest chain of `__index` or `__newindex`, as in PUC Lua.
pub(super) const MAX_META_CHAIN: usize = 2000;

/// Stores into an upvalue.
#[inline(always)]
pub fn set_upvalue(vm: &mut Vm, upvalue: Gc<Upvalue>, value: Value) {
    vm.heap.barrier(&upvalue.header, value);
    // SAFETY: an upvalue's slot is its own or on a live stack.
    unsafe { copy(upvalue.slot, &raw const value) };
}

/// `object[key]` for any key.
///
/// # Errors
/// As [`index`].
///
/// # Safety
/// `cache` belongs to the running function.
#[inline(never)]
pub unsafe fn get_dynamic(vm: &mut Vm, object: Value, key: Value, cache: *mut Cache) -> Result<Value, Throw> {
    if let Some(table) = object.as_table() {
        let value = match key.as_string() {
            Some(name) => get_named(vm, table, name),
            None => table.get(key),
        };
        if !value.is_nil() {
            // SAFETY: as the contract says.
            unsafe { (*cache).polymorphic = true };
            return Ok(value);
        }
        if table.metatable().is_none() {
            return Ok(value);
        }
    }
    index(vm, object, key)
}

/// `object[key]` as the manual defines it (§2.4).
///
/// # Errors
/// Indexing a value without `__index`, or what a metamethod throws.
pub fn index(vm: &mut Vm, mut object: Value, key: Value) -> Result<Value, Throw> {
    for _ in 0..MAX_META_CHAIN {
        let handler = if let Some(table) = object.as_table() {
            let value = table.get(key);
            if !value.is_nil() {
                return Ok(value);
            }
            let handler = vm.metamethod(object, Meta::Index);
            if handler.is_nil() {
                return Ok(Value::NIL);
            }
            handler
        } else {
            let handler = vm.metamethod(object, Meta::Index);
            if handler.is_nil() {
                return Err(vm.operand_error(object, "index"));
            }
            handler
        };
        if handler.is_function() {
            return vm.call_meta1(handler, &[object, key]);
        }
        object = handler;
    }
    Err(vm.runtime_error("'__index' chain too long; possible loop"))
}

/// `object[key] = value` for any key.
///
/// # Errors
/// As [`set_index`].
///
/// # Safety
/// `cache` belongs to the running function.
#[inline(never)]
pub unsafe fn set_dynamic(
    vm: &mut Vm,
    object: Value,
    key: Value,
    value: Value,
    cache: *mut Cache,
) -> Result<(), Throw> {
    if let Some(table) = object.as_table()
        && table.metatable().is_none()
    {
        if key.is_int() {
            let appends = key.bits.wrapping_sub(1) == u64::from(table.array_len);
            table.get_mut().set_int(&mut vm.heap, key.raw_int(), value);
            // SAFETY: as the contract says.
            unsafe {
                (*cache).epoch |= u32::from(appends);
                if table.array_kind != ElementKind::Empty {
                    note_array(cache, table.array_kind);
                }
            }
            return Ok(());
        }
        return raw_set(vm, table, key, value);
    }
    set_index(vm, object, key, value)
}

fn raw_set(vm: &mut Vm, table: Gc<Table>, key: Value, value: Value) -> Result<(), Throw> {
    table.get_mut().set(&mut vm.heap, key, value).map_err(|error| match error {
        KeyError::Nil => vm.runtime_error("table index is nil"),
        KeyError::Nan => vm.runtime_error("table index is NaN"),
    })
}

/// `object[key] = value` as the manual defines it (§2.4).
///
/// # Errors
/// Indexing a value without `__newindex`, a nil or NaN key, or what a metamethod throws.
pub fn set_index(vm: &mut Vm, mut object: Value, key: Value, value: Value) -> Result<(), Throw> {
    for _ in 0..MAX_META_CHAIN {
        let handler = if let Some(table) = object.as_table() {
            let handler = match table.metatable() {
                None => Value::NIL,
                Some(_) if !table.get(key).is_nil() => Value::NIL,
                Some(metatable) => metatable.get_str(vm.meta_names[Meta::NewIndex as usize]),
            };
            if handler.is_nil() {
                return raw_set(vm, table, key, value);
            }
            handler
        } else {
            let handler = vm.metamethod(object, Meta::NewIndex);
            if handler.is_nil() {
                return Err(vm.operand_error(object, "index"));
            }
            handler
        };
        if handler.is_function() {
            return vm.call_meta0(handler, &[object, key, value]);
        }
        object = handler;
    }
    Err(vm.runtime_error("'__newindex' chain too long; possible loop"))
}

/// `#value`.
///
/// # Errors
/// A value without length, or what `__len` throws.
pub fn length(vm: &mut Vm, value: Value) -> Result<Value, Throw> {
    if let Some(string) = value.as_string() {
        return Ok(Value::int(string.len() as i64));
    }
    let handler = vm.metamethod(value, Meta::Len);
    if !handler.is_nil() {
        return vm.call_meta1(handler, &[value, value]);
    }
    match value.as_table() {
        Some(table) => Ok(Value::int(table.len())),
        None => Err(vm.operand_error(value, "get length of")),
    }
}
