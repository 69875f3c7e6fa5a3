//! Inline caches: what a hit does, and what instructions note in them.

use crate::{
    function::{Cache, CacheKind, Proto},
    heap::Gc,
    interp::copy,
    table::{ElementKind, Shape, Table},
    value::{Value, tag},
    vm::Vm,
};

/// What a cache knows of a field.
pub(in crate::interp) enum CachedGet {
    /// The field is in this slot; nil only where no metatable is to be asked.
    Slot(*const Value),
    /// The field is the cache's payload.
    Payload,
    Miss,
}

/// A field through the cache.
///
/// # Safety
/// `cache` belongs to the running function; `object` is live.
#[inline(always)]
pub(in crate::interp) unsafe fn find_cached(vm: &Vm, object: *const Value, cache: *const Cache) -> CachedGet {
    // SAFETY: a cache of kind `Own` names a slot that tables of its shape have.
    unsafe {
        if (*object).tag == tag::TABLE {
            let table = (*object).bits as *const Table;
            if std::ptr::eq((*table).shape.as_ptr(), (*cache).shape) {
                if (*cache).kind == CacheKind::Own {
                    let slot = (*table).slots.add((*cache).index as usize);
                    if (*slot).is_nil() && (*table).metatable().is_some() {
                        return CachedGet::Miss;
                    }
                    return CachedGet::Slot(slot);
                }
                if (*cache).kind == CacheKind::Proto && (*cache).epoch == vm.heap.proto_epoch {
                    return CachedGet::Payload;
                }
            }
        } else if (*object).tag == tag::STRING
            && (*cache).kind == CacheKind::Proto
            && (*cache).shape.is_null()
            && (*cache).epoch == vm.heap.proto_epoch
        {
            return CachedGet::Payload;
        }
        CachedGet::Miss
    }
}

/// A field store through the cache; `false` on a miss, and where the collector has to be told.
///
/// # Safety
/// As [`find_cached`].
#[inline(always)]
pub(in crate::interp) unsafe fn store_cached(
    vm: &Vm,
    object: *const Value,
    value: *const Value,
    cache: *const Cache,
) -> bool {
    // SAFETY: a cache of kind `Own` names a slot that tables of its shape have; `Add` checks for room.
    unsafe {
        if (*object).tag != tag::TABLE {
            return false;
        }
        let table = (*object).bits as *mut Table;
        if !std::ptr::eq((*table).shape.as_ptr(), (*cache).shape) || (*table).header.needs_barrier(&vm.heap) {
            return false;
        }
        let slot = (*table).slots.add((*cache).index as usize);
        match (*cache).kind {
            // Over nil, `__newindex` may have to be asked.
            CacheKind::Own if !(*slot).is_nil() || (*table).metatable().is_none() => {}
            CacheKind::Add
                if (*cache).index < u32::from((*table).slots_cap)
                    && (*cache).epoch == vm.heap.proto_epoch
                    && !(*value).is_nil() =>
            {
                (*table).shape = Gc::<Shape>::from_address((*cache).payload as usize);
            }
            _ => return false,
        }
        copy(slot, value);
        true
    }
}

/// [`find_cached`] for compiled code: `None` on a miss.
///
/// # Safety
/// As [`find_cached`].
#[inline(always)]
pub unsafe fn get_cached(vm: &Vm, object: Value, cache: *mut Cache) -> Option<Value> {
    // SAFETY: as the contract says.
    unsafe {
        match find_cached(vm, &raw const object, cache) {
            CachedGet::Slot(slot) => Some(*slot),
            CachedGet::Payload => Some(Value { bits: (*cache).payload, tag: (*cache).tag }),
            CachedGet::Miss => None,
        }
    }
}

/// [`store_cached`] for compiled code.
///
/// # Safety
/// As [`find_cached`].
#[inline(always)]
pub unsafe fn set_cached(vm: &Vm, object: Value, value: Value, cache: *mut Cache) -> bool {
    // SAFETY: as the contract says.
    unsafe { store_cached(vm, &raw const object, &raw const value, cache) }
}

/// `table[key]` from the array part (nil: not there), noting the kind of array for the compilers.
///
/// # Safety
/// `cache` belongs to the running function.
#[inline(always)]
pub unsafe fn get_element(table: Gc<Table>, key: i64, cache: *mut Cache) -> Value {
    let index = (key as u64).wrapping_sub(1);
    if index >= u64::from(table.array_len) {
        return Value::NIL;
    }
    // SAFETY: as the contract says.
    unsafe { note_array(cache, table.array_kind) };
    table.element(index as usize)
}

/// `table[key] = value` within the array part; `false` when it is not that, the kind of array is new to the cache, or
/// the collector has to be told.
///
/// # Safety
/// `cache` belongs to the running function.
#[inline(always)]
pub(in crate::interp) unsafe fn store_element(
    vm: &Vm,
    table: Gc<Table>,
    key: i64,
    value: *const Value,
    cache: *mut Cache,
) -> bool {
    let index = (key as u64).wrapping_sub(1);
    let object = table.as_ptr();
    // SAFETY: `array` holds `array_len` elements of the kind.
    unsafe {
        let kind = (*object).array_kind;
        if index >= u64::from((*object).array_len) || !is_noted(cache, kind) {
            return false;
        }
        if kind == ElementKind::Tagged {
            if (*value).is_nil() || (*object).header.needs_barrier(&vm.heap) {
                return false;
            }
            copy((*object).array.cast::<Value>().add(index as usize), value);
        } else {
            if (*value).tag != kind as u8 + (tag::INT - ElementKind::Int as u8) {
                return false;
            }
            *(*object).array.cast::<u64>().add(index as usize) = (*value).bits;
        }
        true
    }
}

/// Whether the cache has seen this kind of array.
///
/// # Safety
/// `cache` belongs to the running function.
#[inline(always)]
pub(in crate::interp) unsafe fn is_noted(cache: *const Cache, kind: ElementKind) -> bool {
    // SAFETY: as the contract says. `index` of an `Array` cache is a set of kinds.
    unsafe { (*cache).index >> kind as u32 & 1 != 0 }
}

/// [`store_element`] for compiled code.
///
/// # Safety
/// `cache` belongs to the running function.
#[inline(always)]
pub unsafe fn set_element(vm: &Vm, table: Gc<Table>, key: i64, value: Value, cache: *mut Cache) -> bool {
    // SAFETY: as the contract says.
    unsafe {
        if (key as u64).wrapping_sub(1) < u64::from(table.array_len) {
            note_array(cache, table.array_kind);
        }
        store_element(vm, table, key, &raw const value, cache)
    }
}

/// Notes a kind of array: whether it was news.
///
/// # Safety
/// `cache` belongs to the running function.
#[inline(always)]
pub(in crate::interp) unsafe fn note_array(cache: *mut Cache, kind: ElementKind) -> bool {
    // SAFETY: as the contract says. `index` of an `Array` cache is a set of kinds.
    unsafe {
        let is_new = !is_noted(cache, kind);
        if is_new {
            (*cache).kind = CacheKind::Array;
            (*cache).index |= 1 << kind as u32;
        }
        is_new
    }
}

/// # Safety
/// `cache` belongs to the running function.
#[inline(always)]
pub unsafe fn note_call(vm: &mut Vm, cache: *mut Cache, target: Gc<Proto>) {
    // SAFETY: as the contract says.
    unsafe {
        if (*cache).payload != target.address() as u64 {
            if (*cache).payload != 0 {
                (*cache).polymorphic = true;
                (*cache).misses = (*cache).misses.saturating_add(1);
            }
            (*cache).kind = CacheKind::Call;
            (*cache).payload = target.address() as u64;
            (*cache).note_filled(&mut vm.heap);
        }
    }
}

/// Notes which native a call met, unless it has met a Lua function.
///
/// # Safety
/// `cache` belongs to the running function.
#[inline(always)]
pub unsafe fn note_native(vm: &mut Vm, cache: *mut Cache, target: Value) {
    // SAFETY: as the contract says.
    unsafe {
        if (*cache).payload != target.bits && matches!((*cache).kind, CacheKind::Empty | CacheKind::Native) {
            (*cache).polymorphic |= (*cache).kind == CacheKind::Native;
            (*cache).kind = CacheKind::Native;
            (*cache).payload = target.bits;
            (*cache).note_filled(&mut vm.heap);
        }
    }
}
