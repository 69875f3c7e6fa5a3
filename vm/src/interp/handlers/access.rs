//! Moves between registers, constants, upvalues and tables.

use crate::{
    bytecode::{Instr, Op},
    frame::{FRAME_OFFSET, Frame, Status},
    function::{Cache, CacheKind, Proto},
    heap::Gc,
    interp::{
        Flow, Handler, State, access,
        access::{CachedGet, find_cached},
        copy, set, tables,
    },
    lookup::{Lookup, absent},
    string::Str,
    table::{ElementKind, Table},
    value::{Value, tag},
    vm::Vm,
};

/// List items that one `SETLIST` may store: a constructor with more has several.
pub(in crate::interp) const MAX_LIST_BATCH: usize = 50;

/// A field of the value at `object` to `to`.
macro_rules! get_field {
    ($s:ident, $object:expr, $to:expr) => {{
        let object: *const Value = $object;
        let cache = $s.cache();
        match find_cached($s.vm(), object, cache) {
            CachedGet::Slot(slot) => copy($to, slot),
            CachedGet::Payload => {
                let (bits, tag) = ((*cache).payload, (*cache).tag);
                set($to, Value { bits, tag });
            }
            CachedGet::Miss => return Flow::Other(look_up_field),
        }
        Flow::Next
    }};
}

macro_rules! set_field {
    ($s:ident, $object:expr, else $miss:expr) => {{
        let object: *const Value = $object;
        let cache = $s.cache();
        if access::store_cached($s.vm(), object, $s.c(), cache) { Flow::Next } else { $miss }
    }};
}

/// Element `$key` of the table at `object` to `R[A]`.
macro_rules! get_element {
    ($s:ident, $object:expr, $key:expr) => {{
        let object: *const Value = $object;
        let cache = $s.cache();
        let table = (*object).bits as *const Table;
        let index = ($key as u64).wrapping_sub(1);
        if (*object).tag != tag::TABLE || index >= u64::from((*table).array_len) {
            return Flow::Other(get_dynamic);
        }
        let kind = (*table).array_kind;
        if !access::is_noted(cache, kind) {
            return Flow::Other(get_dynamic);
        }
        let to = $s.a();
        if kind == ElementKind::Tagged {
            let element = (*table).array.cast::<Value>().add(index as usize);
            if (*element).is_nil() {
                return Flow::Other(get_dynamic);
            }
            copy(to, element);
        } else {
            (*to).bits = *(*table).array.cast::<u64>().add(index as usize);
            // `Int` and `Float` are as far apart as the tags.
            (*to).tag = kind as u8 + (tag::INT - ElementKind::Int as u8);
        }
        Flow::Next
    }};
}

const _: () = assert!(tag::FLOAT - tag::INT == ElementKind::Float as u8 - ElementKind::Int as u8);

/// Address of element `R[$key]` of the table `R[$object]`, whose array is of this kind.
macro_rules! element {
    ($s:ident, $object:expr, $key:expr, $kind:ident as $type:ty, else $miss:expr) => {{
        let (object, key): (*const Value, *const Value) = ($object, $key);
        if (*key).tag != tag::INT || (*object).tag != tag::TABLE {
            return Flow::Other($miss);
        }
        let table = (*object).bits as *const Table;
        let index = (*key).bits.wrapping_sub(1);
        if (*table).array_kind != ElementKind::$kind || index >= u64::from((*table).array_len) {
            return Flow::Other($miss);
        }
        (*table).array.cast::<$type>().add(index as usize)
    }};
}

macro_rules! get_number {
    ($s:ident, $kind:ident, $tag:ident) => {{
        let element = element!($s, $s.b(), $s.c(), $kind as u64, else get_dynamic);
        set($s.a(), Value { bits: *element, tag: tag::$tag });
        $s.pc = $s.pc.add(1);
        Flow::Next
    }};
}

macro_rules! set_number {
    ($s:ident, $kind:ident, $tag:ident) => {{
        let element = element!($s, $s.a(), $s.b(), $kind as u64, else append);
        let value = $s.c();
        if (*value).tag != tag::$tag {
            return Flow::Other(set_dynamic);
        }
        *element = (*value).bits;
        $s.pc = $s.pc.add(1);
        Flow::Next
    }};
}

macro_rules! set_element {
    ($s:ident, $key:expr) => {{
        let (object, value) = ($s.a(), $s.c());
        let cache = $s.cache();
        if (*object).tag != tag::TABLE {
            return Flow::Slow;
        }
        if access::store_element($s.vm(), (*object).table_unchecked(), $key, value, cache) {
            Flow::Next
        } else {
            Flow::Other(set_dynamic)
        }
    }};
}

handlers! {
    Move(s) { copy(s.a(), s.b()); Flow::Next },
    LoadI(s) { set(s.a(), Value::int(i64::from(s.instr.sbx()))); Flow::Next },
    LoadF(s) { set(s.a(), Value::float(f64::from(s.instr.sbx()))); Flow::Next },
    LoadK(s) { copy(s.a(), s.k(s.instr.bx())); Flow::Next },
    LoadKX(s) { let index = s.ext().ax(); copy(s.a(), s.k(index)); Flow::Next },
    LoadFalse(s) { set(s.a(), Value::FALSE); Flow::Next },
    LFalseSkip(s) { set(s.a(), Value::FALSE); s.jump(1); Flow::Next },
    LoadTrue(s) { set(s.a(), Value::TRUE); Flow::Next },
    LoadNil(s) {
        for index in s.instr.a()..=s.instr.a() + s.instr.b() {
            set(s.reg(index), Value::NIL);
        }
        Flow::Next
    },
    GetUpval(s) { copy(s.a(), s.upvalue(s.instr.b())); Flow::Next },
    SetUpval(s) {
        let upvalue = s.upvalue_object(s.instr.b());
        if upvalue.header.needs_barrier(&s.vm().heap) {
            return Flow::Other(set_marked_upvalue);
        }
        copy(upvalue.slot, s.a());
        Flow::Next
    },

    GetTabUp(s) { get_field!(s, s.upvalue(s.instr.b()), s.a()) },
    GetField(s) { get_field!(s, s.b(), s.a()) },
    SelfField(s) {
        let object = s.b();
        let cache = s.cache();
        let to = s.a();
        match find_cached(s.vm(), object, cache) {
            CachedGet::Slot(slot) => {
                copy(to.add(FRAME_OFFSET), object);
                copy(to, slot);
            }
            CachedGet::Payload => {
                copy(to.add(FRAME_OFFSET), object);
                let (bits, tag) = ((*cache).payload, (*cache).tag);
                set(to, Value { bits, tag });
            }
            CachedGet::Miss => return Flow::Other(look_up_field),
        }
        Flow::Next
    },
    GetTable(s) {
        let key = s.c();
        if (*key).tag != tag::INT {
            return Flow::Other(get_dynamic);
        }
        get_element!(s, s.b(), (*key).raw_int())
    },
    GetTableInt(s) { get_number!(s, Int, INT) },
    GetTableFloat(s) { get_number!(s, Float, FLOAT) },
    GetTableTagged(s) {
        let element = element!(s, s.b(), s.c(), Tagged as Value, else get_dynamic);
        if (*element).is_nil() {
            return Flow::Other(get_dynamic);
        }
        copy(s.a(), element);
        s.pc = s.pc.add(1);
        Flow::Next
    },
    GetI(s) { get_element!(s, s.b(), s.instr.c()) },
    SetTabUp(s) { set_field!(s, s.upvalue(s.instr.a()), else Flow::Slow) },
    SetField(s) { set_field!(s, s.a(), else Flow::Other(store_field)) },
    SetTable(s) {
        let key = s.b();
        if (*key).tag != tag::INT {
            return Flow::Other(set_dynamic);
        }
        set_element!(s, (*key).raw_int())
    },
    SetTableInt(s) { set_number!(s, Int, INT) },
    SetTableFloat(s) { set_number!(s, Float, FLOAT) },
    SetTableTagged(s) {
        let element = element!(s, s.a(), s.b(), Tagged as Value, else append);
        let value = s.c();
        if (*value).is_nil() || (*s.a()).table_unchecked().header.needs_barrier(&s.vm().heap) {
            return Flow::Other(set_dynamic);
        }
        copy(element, value);
        s.pc = s.pc.add(1);
        Flow::Next
    },
    SetI(s) { set_element!(s, s.instr.b() as i64) },
    NewTable(s) {
        let items = s.ext().ax();
        let table = tables::new_table(s.vm(), items, s.instr.b());
        set(s.a(), table.into());
        Flow::Next
    },
    SetList(s) {
        let first = s.ext().ax();
        let values = s.a().add(1);
        let count = if s.instr.b() == 0 { s.vm().top.offset_from(values) as usize } else { s.instr.b() };
        s.save_pc();
        s.vm().frame = Frame(s.base);
        match tables::set_list(s.vm(), (*s.a()).table_unchecked(), first, values, count) {
            Ok(()) => Flow::Next,
            Err(throw) => Flow::Throw(throw),
        }
    },
}

/// An access that has met arrays of one kind only gets the form for this kind; another kind takes it back.
///
/// # Safety
/// As for handlers; the instruction is an access to an array of this kind, which the cache has noted.
unsafe fn quicken_access(s: &State, cache: *const Cache, kind: ElementKind) {
    // SAFETY: as the contract says.
    unsafe {
        let alone = (*cache).index == 1 << kind as u32;
        let op = match (s.instr.op().unquickened().0, kind) {
            (Op::GetTable, ElementKind::Int) if alone => Op::GetTableInt,
            (Op::GetTable, ElementKind::Float) if alone => Op::GetTableFloat,
            (Op::GetTable, ElementKind::Tagged) if alone => Op::GetTableTagged,
            (Op::SetTable, ElementKind::Int) if alone => Op::SetTableInt,
            (Op::SetTable, ElementKind::Float) if alone => Op::SetTableFloat,
            (Op::SetTable, ElementKind::Tagged) if alone => Op::SetTableTagged,
            (op, _) => op,
        };
        *s.at = s.instr.with_op(op);
    }
}

/// A field of a table by the lookup cache, for sites whose inline cache has given up. Null: not to be found so.
///
/// # Safety
/// As for handlers.
#[inline(always)]
unsafe fn look_up(s: &State, object: *const Value, name: Gc<Str>) -> Option<(Gc<Table>, Lookup)> {
    // SAFETY: as the contract says.
    unsafe {
        if (*object).tag != tag::TABLE {
            return None;
        }
        let table = (*object).table_unchecked();
        let vm = s.vm();
        Some((table, vm.lookups.find(table.shape, name, vm.heap.proto_epoch)?))
    }
}

others! {
    /// `GETFIELD`, `SELF` or `GETTABUP` that the inline cache does not answer.
    look_up_field(s) {
        let is_upvalue = s.instr.op() == Op::GetTabUp;
        let object = if is_upvalue { s.upvalue(s.instr.b()) } else { s.b() };
        let name = (*s.k(s.instr.c())).string_unchecked();
        let is_mega = (*s.cache()).kind == CacheKind::Mega;
        let value = match look_up(s, object, name) {
            Some((table, Lookup::Own(slot))) => {
                let value = *table.slots.add(slot as usize);
                if value.is_nil() && table.metatable().is_some() {
                    let vm = s.vm();
                    if !vm.lookups.is_absent(table.shape, name, vm.heap.proto_epoch, absent::READS) {
                        return Flow::Slow;
                    }
                } else if !is_mega {
                    return Flow::Slow;
                }
                value
            }
            Some((_, Lookup::Proto(value))) if is_mega => value,
            _ => return Flow::Slow,
        };
        if s.instr.op() == Op::SelfField {
            copy(s.a().add(FRAME_OFFSET), object);
        }
        set(s.a(), value);
        Flow::Next
    },
    /// `SETFIELD` that the inline cache does not answer.
    store_field(s) {
        let object = s.a();
        let is_mega = (*s.cache()).kind == CacheKind::Mega;
        if (*object).tag != tag::TABLE {
            return Flow::Slow;
        }
        let (table, name) = ((*object).table_unchecked(), (*s.k(s.instr.b())).string_unchecked());
        let Some(slot) = s.vm().lookups.find_slot(table.shape, name) else {
            return if is_mega { Flow::Other(add_field) } else { Flow::Slow };
        };
        let slot = table.slots.add(slot as usize);
        let suits = if (*slot).is_nil() && table.metatable().is_some() {
            s.vm().lookups.is_absent(table.shape, name, s.vm().heap.proto_epoch, absent::STORES)
        } else {
            is_mega
        };
        if !suits || table.header.needs_barrier(&s.vm().heap) {
            return Flow::Slow;
        }
        copy(slot, s.c());
        Flow::Next
    },
    /// `SETFIELD` that may add the field.
    add_field(s) {
        let (table, name, value) = ((*s.a()).table_unchecked(), (*s.k(s.instr.b())).string_unchecked(), *s.c());
        let Some(next) = s.vm().lookups.find_added(table.shape, name, s.vm().heap.proto_epoch) else {
            return Flow::Slow;
        };
        if value.is_nil() {
            return Flow::Slow;
        }
        table.get_mut().add_slot(&mut s.vm().heap, next, value);
        s.pc = s.pc.add(1);
        Flow::Next
    },
    /// Reading a table otherwise than by an index in the array part.
    get_dynamic(s) {
        let cache = s.cache();
        let object = s.b();
        if (*object).tag != tag::TABLE {
            return Flow::Slow;
        }
        let table = (*object).table_unchecked();
        let key = if s.instr.op() == Op::GetI { Value::int(s.instr.c() as i64) } else { *s.c() };
        let value = match key.tag {
            tag::INT => table.get_int(key.raw_int()),
            tag::STRING if table.shape.is_dict() => table.get_str(key.string_unchecked()),
            tag::STRING => match look_up(s, object, key.string_unchecked()) {
                Some((_, Lookup::Own(slot))) => *table.slots.add(slot as usize),
                Some((_, Lookup::Proto(value))) => value,
                None => access::get_named(s.vm(), table, key.string_unchecked()),
            },
            _ => table.get(key),
        };
        if !value.is_nil() {
            if key.tag == tag::INT && (key.bits.wrapping_sub(1)) < u64::from(table.array_len) {
                if access::note_array(cache, table.array_kind) {
                    quicken_access(s, cache, table.array_kind);
                }
            } else {
                (*cache).polymorphic = true;
            }
        } else if table.metatable().is_some() {
            return Flow::Slow;
        }
        set(s.a(), value);
        Flow::Next
    },
    /// `SETUPVAL` of an upvalue that the collector has reached.
    set_marked_upvalue(s) {
        let (upvalue, value) = (s.upvalue_object(s.instr.b()), *s.a());
        access::set_upvalue(s.vm(), upvalue, value);
        Flow::Next
    },
    /// Writing behind the last element of an array of one kind, with room for one more.
    append(s) {
        let (object, key, value) = (s.a(), s.b(), s.c());
        if (*object).tag != tag::TABLE || (*key).tag != tag::INT {
            return Flow::Other(set_dynamic);
        }
        let table = (*object).table_unchecked();
        if (*key).bits.wrapping_sub(1) != u64::from(table.array_len) || !table.get_mut().append_in_place(&s.vm().heap, *value)
        {
            return Flow::Other(set_dynamic);
        }
        (*s.cache()).epoch = 1;
        Flow::Next
    },
    /// Writing a table otherwise than by an index in the array part.
    set_dynamic(s) {
        let cache = s.cache();
        let object = s.a();
        if (*object).tag != tag::TABLE || (*object).table_unchecked().metatable().is_some() {
            return Flow::Slow;
        }
        let table = (*object).table_unchecked();
        let key = if s.instr.op() == Op::SetI { Value::int(s.instr.b() as i64) } else { *s.b() };
        let value = *s.c();
        match key.tag {
            tag::INT => {
                let appends = key.bits.wrapping_sub(1) == u64::from(table.array_len);
                (*cache).epoch |= u32::from(appends);
                if appends && !value.is_nil() && !table.has_int_keys() {
                    table.get_mut().push_element(&mut s.vm().heap, value);
                } else {
                    table.get_mut().set_int(&mut s.vm().heap, key.raw_int(), value);
                }
                if table.array_kind != ElementKind::Empty && access::note_array(cache, table.array_kind) {
                    quicken_access(s, cache, table.array_kind);
                }
            }
            tag::STRING => table.get_mut().set_str(&mut s.vm().heap, key.string_unchecked(), value),
            _ => return Flow::Slow,
        }
        Flow::Next
    },
}
