//! Reading and writing tables: inline caches, raw access, `__index` and `__newindex`.

use super::copy;
use crate::{
    frame::FRAME_OFFSET,
    function::{Cache, CacheKind, Proto, Upvalue, frame_proto},
    heap::Gc,
    lookup::{Lookup, absent},
    meta::Meta,
    native::Throw,
    string::Str,
    table::{ElementKind, KeyError, Shape, Table},
    value::{Value, tag},
    vm::Vm,
};

/// Longest chain of `__index` or `__newindex`, as in PUC Lua.
const MAX_META_CHAIN: usize = 2000;

/// What a cache knows of a field.
pub(super) enum CachedGet {
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
pub(super) unsafe fn find_cached(vm: &Vm, object: *const Value, cache: *const Cache) -> CachedGet {
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
pub(super) unsafe fn store_cached(vm: &Vm, object: *const Value, value: *const Value, cache: *const Cache) -> bool {
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

/// Stores into an upvalue.
#[inline(always)]
pub fn set_upvalue(vm: &mut Vm, upvalue: Gc<Upvalue>, value: Value) {
    vm.heap.barrier(&upvalue.header, value);
    // SAFETY: an upvalue's slot is its own or on a live stack.
    unsafe { copy(upvalue.slot, &raw const value) };
}

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
pub(super) fn get_named(vm: &mut Vm, table: Gc<Table>, name: Gc<Str>) -> Value {
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

/// A function found along a chain of tables linked by `__index` that are protos already.
fn find_method(vm: &Vm, mut metatable: Gc<Table>, name: Gc<Str>) -> Option<Value> {
    for _ in 0..32 {
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
    for _ in 0..32 {
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
pub(super) unsafe fn store_element(
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
pub(super) unsafe fn is_noted(cache: *const Cache, kind: ElementKind) -> bool {
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
pub(super) unsafe fn note_array(cache: *mut Cache, kind: ElementKind) -> bool {
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

impl Vm {
    /// Shifts the arguments of a call of a value that is not a function, and puts its `__call` in front.
    ///
    /// # Errors
    /// The value has no `__call`.
    ///
    /// # Safety
    /// A call of `count` arguments has been laid out at `base`.
    pub unsafe fn prepare_call_meta(&mut self, base: *mut Value, count: usize) -> Result<usize, Throw> {
        let mut count = count;
        // SAFETY: the frame's slots below `base` and its arguments are live; room is made for one more.
        unsafe {
            let slot = base.sub(FRAME_OFFSET);
            for _ in 0..MAX_META_CHAIN {
                let callee = *slot;
                if callee.is_function() {
                    return Ok(count);
                }
                let handler = self.metamethod(callee, Meta::Call);
                if handler.is_nil() {
                    return Err(self.call_error(callee));
                }
                self.ensure_stack(base, count + 2)?;
                for index in (0..count).rev() {
                    *base.add(index + 1) = *base.add(index);
                }
                *base = callee;
                *slot = handler;
                count += 1;
            }
        }
        Err(self.runtime_error("'__call' chain too long"))
    }

    /// Calls a metamethod for its first result.
    pub(crate) fn call_meta1(&mut self, handler: Value, args: &[Value]) -> Result<Value, Throw> {
        Ok(if self.call_meta(handler, args)? > 0 { self.result(0) } else { Value::NIL })
    }

    /// Calls a metamethod without result.
    pub(crate) fn call_meta0(&mut self, handler: Value, args: &[Value]) -> Result<(), Throw> {
        self.call_meta(handler, args).map(|_| ())
    }

    /// Calls a metamethod. One that an instruction needs may yield: a resume finishes the instruction (see
    /// [`super::continuation`]). A native that needs one is not resumed.
    fn call_meta(&mut self, handler: Value, args: &[Value]) -> Result<u32, Throw> {
        // SAFETY: the running frame is live.
        let is_instruction = unsafe { frame_proto(self.frame) }.is_some();
        if is_instruction { self.call_yieldable(handler, args) } else { self.call(handler, args) }
    }
}
