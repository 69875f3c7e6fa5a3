//! Fields that an inline cache misses: lookup along `__index`, the lookup cache, and the filling of both.

use super::{index, set_index};
use crate::{
    function::{Cache, CacheKind},
    heap::Gc,
    lookup::{Lookup, absent},
    meta::Meta,
    native::Throw,
    string::Str,
    table::{Shape, Table},
    value::Value,
    vm::Vm,
};

fn refill(cache: &mut Cache) -> bool {
    if cache.kind != CacheKind::Empty {
        cache.polymorphic = true;
        cache.misses = cache.misses.saturating_add(1);
    }
    if cache.misses >= Cache::MEGA {
        cache.kind = CacheKind::Mega;
        cache.shape = std::ptr::null();
        return false;
    }
    true
}

/// `object[key]` for a constant short or long string, filling the cache.
///
/// # Errors
/// Indexing a value without `__index`, or what a metamethod throws.
///
/// # Safety
/// `cache` belongs to the running function.
#[cold]
#[inline(never)]
pub unsafe fn get_field(vm: &mut Vm, object: Value, key: Value, cache: *mut Cache) -> Result<Value, Throw> {
    let name = key.string_unchecked();
    // SAFETY: as the contract says.
    let cache = unsafe { &mut *cache };
    if !name.is_short() {
        return index(vm, object, key);
    }
    if let Some(table) = object.as_table() {
        if !table.shape.is_dict() {
            let found = match vm.lookups.find(table.shape, name, vm.heap.proto_epoch) {
                Some(found) => Some(found),
                None => {
                    let found = look_up(vm, table, name);
                    if let Some(found) = found {
                        vm.lookups.note(table.shape, name, vm.heap.proto_epoch, found);
                    }
                    found
                }
            };
            match found {
                Some(Lookup::Own(slot)) => {
                    // SAFETY: the shape has this slot.
                    let value = unsafe { *table.slots.add(slot as usize) };
                    if !value.is_nil() || table.metatable().is_none() {
                        if cache.kind != CacheKind::Mega && refill(cache) {
                            cache.kind = CacheKind::Own;
                            cache.shape = table.shape.as_ptr();
                            cache.index = slot;
                            cache.note_filled(&mut vm.heap);
                        }
                        return Ok(value);
                    }
                    if vm.lookups.is_absent(table.shape, name, vm.heap.proto_epoch, absent::READS) {
                        return Ok(value);
                    }
                    if let Some(inherited) = find_through_index(vm, table.metatable(), name) {
                        if inherited.is_nil() {
                            vm.lookups.note_absent(table.shape, name, vm.heap.proto_epoch, slot, absent::READS);
                        }
                        return Ok(inherited);
                    }
                }
                Some(Lookup::Proto(value)) => {
                    if cache.kind != CacheKind::Mega && refill(cache) {
                        fill_proto(vm, cache, table.shape.as_ptr(), value);
                    }
                    return Ok(value);
                }
                None => {}
            }
        }
    } else if object.is_string()
        && let Some(value) = find_through_index(vm, vm.string_metatable, name).filter(|value| !value.is_nil())
    {
        if cache.kind != CacheKind::Mega && value.is_function() && refill(cache) {
            fill_proto(vm, cache, std::ptr::null(), value);
        }
        return Ok(value);
    }
    index(vm, object, key)
}

/// Finds `name` in a table whose shape is no dictionary, if what is found holds for every table of the shape.
fn look_up(vm: &mut Vm, table: Gc<Table>, name: Gc<Str>) -> Option<Lookup> {
    match table.shape.find(name) {
        Some(slot) => Some(Lookup::Own(slot)),
        None => {
            let value = find_through_index(vm, table.metatable(), name)?;
            // Other values of a proto may change without the epoch moving.
            (value.is_function() || value.is_nil()).then_some(Lookup::Proto(value))
        }
    }
}

/// `table[name]` where the table or its protos have it, else nil: the lookup cache is asked, and notes it. Makes no
/// protos, since what is searched by keys that vary is often written to.
#[inline(never)]
pub(in crate::interp) fn get_named(vm: &mut Vm, table: Gc<Table>, name: Gc<Str>) -> Value {
    if table.shape.is_dict() || !name.is_short() {
        return table.get_str(name);
    }
    let epoch = vm.heap.proto_epoch;
    let found = vm.lookups.find(table.shape, name, epoch).or_else(|| {
        let found = match table.shape.find(name) {
            Some(slot) => Lookup::Own(slot),
            None => Lookup::Proto(find_method(vm, table.metatable()?, name)?),
        };
        vm.lookups.note(table.shape, name, epoch, found);
        Some(found)
    });
    match found {
        // SAFETY: the shape has this slot.
        Some(Lookup::Own(slot)) => unsafe { *table.slots.add(slot as usize) },
        Some(Lookup::Proto(value)) => value,
        None => Value::NIL,
    }
}

/// Longest chain of `__index` of which a cache can know the end.
const MAX_CACHED_CHAIN: usize = 32;

/// A function found along a chain of tables linked by `__index` that are protos already.
fn find_method(vm: &Vm, mut metatable: Gc<Table>, name: Gc<Str>) -> Option<Value> {
    for _ in 0..MAX_CACHED_CHAIN {
        let holder = metatable.get_str(vm.meta_names[Meta::Index as usize]).as_table()?;
        if !holder.shape.is_proto() {
            return None;
        }
        let value = holder.get_str(name);
        if !value.is_nil() {
            return value.is_function().then_some(value);
        }
        metatable = holder.metatable()?;
    }
    None
}

fn fill_proto(vm: &mut Vm, cache: &mut Cache, shape: *const Shape, value: Value) {
    cache.kind = CacheKind::Proto;
    cache.shape = shape;
    cache.payload = value.bits;
    cache.tag = value.tag;
    cache.epoch = vm.heap.proto_epoch;
    cache.note_filled(&mut vm.heap);
}

/// Looks `name` up along a chain of tables linked by `__index`, marking each as a proto: nil when the chain ends
/// without it, `None` when it leaves plain tables.
fn find_through_index(vm: &mut Vm, mut metatable: Option<Gc<Table>>, name: Gc<Str>) -> Option<Value> {
    for _ in 0..MAX_CACHED_CHAIN {
        let Some(table) = metatable else { return Some(Value::NIL) };
        let handler = table.get_str(vm.meta_names[Meta::Index as usize]);
        if handler.is_nil() {
            return Some(Value::NIL);
        }
        let holder = handler.as_table()?;
        holder.mark_proto(&mut vm.heap);
        let value = holder.get_str(name);
        if !value.is_nil() {
            return Some(value);
        }
        metatable = holder.metatable();
    }
    None
}

/// `object[key] = value` for a constant string, filling the cache.
///
/// # Errors
/// As [`set_index`].
///
/// # Safety
/// `cache` belongs to the running function.
#[cold]
#[inline(never)]
pub unsafe fn set_field(vm: &mut Vm, object: Value, key: Value, value: Value, cache: *mut Cache) -> Result<(), Throw> {
    let name = key.string_unchecked();
    // SAFETY: as the contract says.
    let cache = unsafe { &mut *cache };
    if let Some(table) = object.as_table() {
        let shape = table.shape;
        // A table that has to grow is no miss.
        if cache.kind == CacheKind::Add
            && std::ptr::eq(shape.as_ptr(), cache.shape)
            && cache.epoch == vm.heap.proto_epoch
            && !value.is_nil()
        {
            if cache.index >= u32::from(table.slots_cap) {
                cache.tag = Cache::GROWS;
            }
            // SAFETY: the cache keeps the next shape alive.
            let next = unsafe { Gc::<Shape>::from_address(cache.payload as usize) };
            table.get_mut().add_slot(&mut vm.heap, next, value);
            return Ok(());
        }
        // Nor is a store that only the collector has to be told of.
        let hits = vm.heap.is_marking() && std::ptr::eq(shape.as_ptr(), cache.shape);
        let fills = cache.kind != CacheKind::Mega && !hits;
        if cache.kind == CacheKind::Mega
            && !value.is_nil()
            && let Some(next) = vm.lookups.find_added(shape, name, vm.heap.proto_epoch)
        {
            table.get_mut().add_slot(&mut vm.heap, next, value);
            return Ok(());
        }
        if name.is_short() && !shape.is_dict() && !shape.is_proto() {
            match shape.find(name) {
                Some(slot) => {
                    // SAFETY: the shape has this slot.
                    let place = unsafe { &mut *table.slots.add(slot as usize) };
                    if !place.is_nil() || table.metatable().is_none() {
                        vm.heap.barrier(&table.header, value);
                        *place = value;
                        if fills && refill(cache) {
                            cache.kind = CacheKind::Own;
                            cache.shape = shape.as_ptr();
                            cache.index = slot;
                            cache.note_filled(&mut vm.heap);
                        }
                        if cache.kind == CacheKind::Mega && vm.lookups.find_slot(shape, name).is_none() {
                            vm.lookups.note(shape, name, vm.heap.proto_epoch, Lookup::Own(slot));
                        }
                        return Ok(());
                    }
                    if vm.metamethod(object, Meta::NewIndex).is_nil() {
                        vm.heap.barrier(&table.header, value);
                        *place = value;
                        vm.lookups.note_absent(shape, name, vm.heap.proto_epoch, slot, absent::STORES);
                        return Ok(());
                    }
                }
                None if vm.metamethod(object, Meta::NewIndex).is_nil() => {
                    if value.is_nil() {
                        return Ok(());
                    }
                    table.get_mut().set_str(&mut vm.heap, name, value);
                    if table.shape.is_dict() {
                        return Ok(());
                    }
                    if fills && refill(cache) {
                        cache.kind = CacheKind::Add;
                        cache.tag = 0;
                        cache.shape = shape.as_ptr();
                        cache.payload = table.shape.address() as u64;
                        cache.index = table.shape.count() - 1;
                        cache.epoch = vm.heap.proto_epoch;
                        cache.note_filled(&mut vm.heap);
                    }
                    if cache.kind == CacheKind::Mega {
                        vm.lookups.note_added(shape, name, vm.heap.proto_epoch, table.shape);
                    }
                    return Ok(());
                }
                None => {}
            }
        }
    }
    set_index(vm, object, key, value)
}
