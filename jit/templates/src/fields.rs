//! Templates of named fields.
//!
//! Three ways lead to a field. What the cache has seen when a function is compiled is baked in: shape and slot of a
//! table's own field (the shape is kept alive), or that the cache is to be read. Where that fails, and where nothing had
//! been seen, the cache is read as it stands when the code runs. Where the cache has given up, the lookup cache is
//! searched. What none of them finds goes to the helper, which fills the caches.

use cranelift_codegen::ir::{
    Block, InstBuilder, Value,
    condcodes::IntCC,
    types::{I8, I16, I32, I64},
};
use trinity_vm::{
    bytecode::Op,
    function::CacheKind,
    lookup::{Entry, EntryKind, LookupCache, absent},
    value::tag,
};

use crate::{
    abi::{self, CALL_GAP, TAG},
    access::Object,
    emitter::Emitter,
    helper::Helper,
    instruction::{Form, Operand, Seen},
};

/// The field that an instruction accesses, and where control goes.
#[derive(Clone, Copy)]
struct Field {
    object: Object,
    /// The cache does not say where the field is, or the slot is nil and the table has a metatable: nil fields of objects
    /// fill no cache.
    nil: Block,
    /// To the helper, with nothing done.
    slow: Block,
    done: Block,
}

impl Emitter<'_, '_> {
    fn shape(&mut self, object: Object) -> Value {
        let table = self.object(object);
        self.load(I64, self.regions.object, table, abi::TABLE_SHAPE)
    }

    fn slots(&mut self, object: Object) -> Value {
        let table = self.object(object);
        self.load(I64, self.regions.object, table, abi::TABLE_SLOTS)
    }

    /// Goes on when the table has the shape that the cache had seen.
    fn require_shape(&mut self, object: Object, other: Block) {
        let shape = self.shape(object);
        let expected = self.operand(Operand::Shape);
        let same = self.b.ins().icmp(IntCC::Equal, shape, expected);
        self.require(same, other);
    }

    /// Goes on when the cache is filled for the table's shape now.
    fn require_cached_shape(&mut self, object: Object, other: Block) {
        let shape = self.shape(object);
        let cache = self.operand(Operand::Cache);
        let expected = self.load(I64, self.regions.feedback, cache, abi::CACHE_SHAPE);
        let same = self.b.ins().icmp(IntCC::Equal, shape, expected);
        self.require(same, other);
    }

    /// Goes on when the cache is of `kind` now.
    fn require_cached_kind(&mut self, kind: CacheKind, other: Block) {
        let cache = self.operand(Operand::Cache);
        let found = self.load(I8, self.regions.feedback, cache, abi::CACHE_KIND);
        let same = self.equals(found, kind as i64);
        self.require(same, other);
    }

    /// Goes on when the epoch has not moved since what is noted at `place`.
    fn require_epoch(&mut self, place: Value, offset: i32, other: Block) {
        let noted = self.load(I32, self.regions.feedback, place, offset);
        let vm = self.vm();
        let now = self.load(I32, self.regions.vm, vm, abi::VM_PROTO_EPOCH);
        let same = self.b.ins().icmp(IntCC::Equal, now, noted);
        self.require(same, other);
    }

    /// Address of the slot that the cache names now.
    fn cached_slot(&mut self, object: Object) -> Value {
        let cache = self.operand(Operand::Cache);
        let index = self.load(I32, self.regions.feedback, cache, abi::CACHE_INDEX);
        let slots = self.slots(object);
        self.element_address(slots, index, 4)
    }

    /// Where the slot lies that the cache had seen.
    fn slot_offset(&self) -> i32 {
        abi::reg(self.instruction.get(Operand::Slot) as usize)
    }

    /// The entry that the lookup cache has for the field of this table that the instruction names.
    fn require_lookup(&mut self, object: Object, other: Block) -> Value {
        let shape = self.shape(object);
        let offset = self.operand(Operand::NameOffset);
        let entry = self.require_shape_in_entry(shape, offset, other);
        let found = self.load(I64, self.regions.feedback, entry, abi::LOOKUP_NAME);
        let name = self.operand(Operand::Constant);
        let same = self.b.ins().icmp(IntCC::Equal, found, name);
        self.require(same, other);
        entry
    }

    /// The entry for the field whose name is in a register.
    fn require_keyed_lookup(&mut self, object: Object, key: usize, other: Block) -> Value {
        let shape = self.shape(object);
        let name = self.bits(key);
        let factor = self.iconst(LookupCache::NAME_FACTOR as i64);
        let mixed = self.b.ins().imul(name, factor);
        let mixed = self.b.ins().ushr_imm_u(mixed, i64::from(LookupCache::NAME_SHIFT));
        let offset = self.b.ins().band_imm_u(mixed, LookupCache::SHAPE_MASK as i64);
        let entry = self.require_shape_in_entry(shape, offset, other);
        let found = self.load(I64, self.regions.feedback, entry, abi::LOOKUP_NAME);
        let name = self.bits(key);
        let same = self.b.ins().icmp(IntCC::Equal, found, name);
        self.require(same, other);
        entry
    }

    /// The entry at the place of this shape and a name's offset, if it is the shape's.
    fn require_shape_in_entry(&mut self, shape: Value, name: Value, other: Block) -> Value {
        let place = self.b.ins().band_imm_u(shape, LookupCache::SHAPE_MASK as i64);
        let place = self.b.ins().bxor(place, name);
        let vm = self.vm();
        let entries = self.load(I64, self.regions.vm, vm, abi::VM_LOOKUPS);
        let entry = self.b.ins().iadd(entries, place);
        let found = self.load(I64, self.regions.feedback, entry, abi::LOOKUP_SHAPE);
        let same = self.b.ins().icmp(IntCC::Equal, shape, found);
        self.require(same, other);
        entry
    }

    /// Address of the slot that an entry of the lookup cache names.
    fn looked_up_slot(&mut self, object: Object, entry: Value) -> Value {
        let offset = self.load(I64, self.regions.feedback, entry, abi::LOOKUP_PAYLOAD);
        let slots = self.slots(object);
        self.b.ins().iadd(slots, offset)
    }

    /// Goes on when the field's slot is nil, and the lookup cache says that this makes it absent for this kind of access.
    fn require_absent(&mut self, object: Object, access: u8, other: Block) -> Value {
        let entry = self.require_lookup(object, other);
        let absent = self.load(I8, self.regions.feedback, entry, abi::LOOKUP_ABSENT);
        let absent = self.b.ins().band_imm_u(absent, i64::from(access));
        let present = self.equals(absent, 0);
        self.reject(present, other);
        self.require_epoch(entry, abi::LOOKUP_EPOCH, other);
        let slot = self.looked_up_slot(object, entry);
        let tag = self.load(I8, self.regions.slots, slot, TAG);
        let nil = self.equals(tag, i64::from(tag::NIL));
        self.require(nil, other);
        slot
    }

    /// Goes on when the table has no metatable.
    fn require_plain(&mut self, object: Object, other: Block) {
        let shape = self.shape(object);
        let metatable = self.load(I64, self.regions.object, shape, abi::SHAPE_METATABLE);
        let plain = self.equals(metatable, 0);
        self.require(plain, other);
    }

    /// `GETFIELD`, `GETTABUP`, `SELFFIELD`.
    pub(super) fn get_named(&mut self) {
        let Form { op, seen, .. } = self.form();
        let (a, b) = (self.a(), self.instruction.b());
        let (object, helper) = match op {
            Op::GetTabUp => (Object::Upvalue(b), Helper::GetTabUp),
            Op::GetField => (Object::Register(b), Helper::GetField),
            _ => (Object::Register(b), Helper::SelfField),
        };
        let before = self.known();
        let field = self.field(object);
        match seen {
            Seen::Own | Seen::OwnMeta | Seen::Proto => {
                let again = self.other_path(field);
                self.require_object(object, tag::TABLE, field.slow);
                let found = self.known();
                if seen == Seen::Proto {
                    self.require_cached_shape(object, again);
                    self.require_cached_kind(CacheKind::Proto, again);
                    self.read_cached_value(field);
                } else {
                    self.require_shape(object, again);
                    let slots = self.slots(object);
                    self.read_slot(field, slots, self.slot_offset(), seen == Seen::OwnMeta);
                }
                if again != field.slow {
                    self.restore(found);
                    self.switch(again);
                    self.read_as_cached(field);
                }
            }
            Seen::ProtoOfStrings => {
                let again = self.other_path(field);
                self.read_of_string(field, again);
                if again != field.slow {
                    self.restore(before.clone());
                    self.switch(again);
                    self.require_object(object, tag::TABLE, field.slow);
                    self.read_as_cached(field);
                }
            }
            _ if !self.is_thorough() => self.jump(field.slow),
            Seen::Mega => {
                self.require_object(object, tag::TABLE, field.slow);
                self.read_looked_up(field);
            }
            _ => {
                let string = if op == Op::SelfField { self.cold() } else { field.slow };
                self.require_object(object, tag::TABLE, string);
                self.read_as_cached(field);
                if string != field.slow {
                    self.restore(before.clone());
                    self.switch(string);
                    self.read_of_string(field, field.slow);
                }
            }
        }
        if field.nil != field.slow {
            self.restore(before.clone());
            self.switch(field.nil);
            self.require_absent(object, absent::READS, field.slow);
            self.keep_receiver(field);
            self.set_primitive(a, tag::NIL);
            self.jump(field.done);
        }
        self.slow_path(field.slow, helper, field.done);
        self.restore(before);
        self.forget(a);
        if op == Op::SelfField {
            self.forget(a + CALL_GAP);
        }
        self.switch(field.done);
    }

    fn field(&mut self, object: Object) -> Field {
        let (slow, done) = (self.cold(), self.block());
        // Objects have fields that are nil.
        let has_nil = self.is_thorough() || self.is_stencil() && self.form().seen == Seen::OwnMeta;
        Field { object, nil: if has_nil { self.cold() } else { slow }, slow, done }
    }

    /// Where control goes when the field is not what the cache had seen.
    fn other_path(&mut self, field: Field) -> Block {
        if self.is_thorough() { self.cold() } else { field.slow }
    }

    /// Reads a table's field as the cache says now.
    fn read_as_cached(&mut self, field: Field) {
        let (proto, missed) = (self.block(), self.cold());
        self.require_cached_shape(field.object, missed);
        // A cache of a shape is one or the other.
        self.require_cached_kind(CacheKind::Own, proto);
        let before = self.known();
        let slot = self.cached_slot(field.object);
        self.read_slot_of_any(field, slot);
        self.restore(before.clone());
        self.switch(proto);
        self.read_cached_value(field);
        self.restore(before);
        self.switch(missed);
        self.require_cached_kind(CacheKind::Mega, field.nil);
        self.read_looked_up(field);
    }

    /// Reads a table's field as the lookup cache says.
    fn read_looked_up(&mut self, field: Field) {
        let entry = self.require_lookup(field.object, field.slow);
        self.read_entry(field, entry);
    }

    /// `GETTABLE` with a string: the value of a field by the lookup cache. (Long strings are not in it.)
    pub(super) fn get_keyed(&mut self, table: usize, key: usize, slow: Block, done: Block) {
        self.require_tag(table, tag::TABLE, slow);
        self.require_tag(key, tag::STRING, slow);
        let field = Field { object: Object::Register(table), nil: slow, slow, done };
        let entry = self.require_keyed_lookup(field.object, key, slow);
        // The cache notes what is no array.
        let cache = self.operand(Operand::Cache);
        let yes = self.b.ins().iconst(I8, 1);
        self.store(self.regions.feedback, yes, cache, abi::CACHE_POLYMORPHIC);
        self.read_entry(field, entry);
    }

    /// Reads a table's field as an entry of the lookup cache says.
    fn read_entry(&mut self, field: Field, entry: Value) {
        let proto = self.block();
        let kind = self.load(I8, self.regions.feedback, entry, abi::LOOKUP_KIND);
        let is_proto = self.equals(kind, EntryKind::Proto as i64);
        self.reject(is_proto, proto);
        let before = self.known();
        let slot = self.looked_up_slot(field.object, entry);
        self.read_slot_of_any(field, slot);
        self.restore(before);
        self.switch(proto);
        self.require_epoch(entry, abi::LOOKUP_EPOCH, field.slow);
        self.read_value(field, entry, abi::LOOKUP_PAYLOAD, abi::LOOKUP_TAG);
    }

    /// Reads a string's field as the cache says now.
    fn read_of_string(&mut self, field: Field, other: Block) {
        self.require_object(field.object, tag::STRING, other);
        let cache = self.operand(Operand::Cache);
        let shape = self.load(I64, self.regions.feedback, cache, abi::CACHE_SHAPE);
        let none = self.equals(shape, 0);
        self.require(none, field.slow);
        self.require_cached_kind(CacheKind::Proto, field.slow);
        self.read_cached_value(field);
    }

    /// Reads the value in the cache, of kind `Proto`.
    fn read_cached_value(&mut self, field: Field) {
        let cache = self.operand(Operand::Cache);
        self.require_epoch(cache, abi::CACHE_EPOCH, field.slow);
        let cache = self.operand(Operand::Cache);
        self.read_value(field, cache, abi::CACHE_PAYLOAD, abi::CACHE_TAG);
    }

    fn read_value(&mut self, field: Field, place: Value, payload: i32, tag: i32) {
        let flags = self.regions.feedback;
        self.keep_receiver(field);
        let payload = self.load(I64, flags, place, payload);
        let tag = self.load(I8, flags, place, tag);
        self.set_dynamic(self.a(), payload, tag);
        self.jump(field.done);
    }

    /// Reads a slot of a table with (`has_meta`) or without metatable.
    fn read_slot(&mut self, field: Field, slots: Value, offset: i32, has_meta: bool) {
        if has_meta {
            let held = matches!(field.object, Object::Register(register) if self.may_be(register, self.a()));
            self.keep_receiver(field);
            self.read_present(self.regions.slots, (slots, offset), held, field.nil, field.done);
        } else {
            self.keep_receiver(field);
            let payload = self.load(I64, self.regions.slots, slots, offset);
            let tag = self.load(I8, self.regions.slots, slots, offset + TAG);
            self.set_dynamic(self.a(), payload, tag);
            self.jump(field.done);
        }
    }

    /// Reads a slot of a table that may have a metatable.
    fn read_slot_of_any(&mut self, field: Field, slot: Value) {
        let flags = self.regions.slots;
        let nil = self.cold();
        let before = self.known();
        let tag = self.load(I8, flags, slot, TAG);
        let is_nil = self.equals(tag, i64::from(tag::NIL));
        self.reject(is_nil, nil);
        let payload = self.load(I64, flags, slot, 0);
        self.keep_receiver(field);
        self.set_dynamic(self.a(), payload, tag);
        self.jump(field.done);
        self.restore(before);
        self.switch(nil);
        self.require_plain(field.object, field.nil);
        self.keep_receiver(field);
        self.set_primitive(self.a(), tag::NIL);
        self.jump(field.done);
    }

    /// `SELFFIELD` puts the object where the first argument goes.
    fn keep_receiver(&mut self, field: Field) {
        if let (Op::SelfField, Object::Register(receiver)) = (self.form().op, field.object) {
            self.copy(self.a() + CALL_GAP, receiver);
        }
    }

    /// `SETFIELD`, `SETTABUP`.
    pub(super) fn set_named(&mut self) {
        let Form { op, seen, .. } = self.form();
        let (object, helper) = match op {
            Op::SetTabUp => (Object::Upvalue(self.a()), Helper::SetTabUp),
            _ => (Object::Register(self.a()), Helper::SetField),
        };
        let before = self.known();
        let field = self.field(object);
        let c = self.instruction.c();
        self.require_object(object, tag::TABLE, field.slow);
        // An added key may be the first reference to its shape.
        if matches!(seen, Seen::Add | Seen::Mega | Seen::Nothing) || self.may_be_heap(c) {
            let table = self.object(object);
            self.reject_marked(table, field.slow);
        }
        let found = self.known();
        match seen {
            Seen::Own | Seen::OwnMeta => {
                let again = self.other_path(field);
                self.require_shape(object, again);
                let offset = self.slot_offset();
                if seen == Seen::OwnMeta {
                    // Over nil, `__newindex` may have to be asked.
                    let slots = self.slots(object);
                    let old = self.load(I8, self.regions.slots, slots, offset + TAG);
                    let nil = self.equals(old, i64::from(tag::NIL));
                    self.reject(nil, field.nil);
                }
                let slots = self.slots(object);
                self.store_value(self.regions.slots, c, slots, offset);
                self.jump(field.done);
                if again != field.slow {
                    self.restore(found);
                    self.switch(again);
                    if !self.may_be_heap(c) {
                        let table = self.object(object);
                        self.reject_marked(table, field.slow);
                    }
                    self.write_as_cached(field);
                }
            }
            Seen::Add => {
                let again = self.other_path(field);
                self.require_cached_shape(object, again);
                self.require_cached_kind(CacheKind::Add, again);
                self.add_named(field);
                if again != field.slow {
                    self.restore(found);
                    self.switch(again);
                    self.write_as_cached(field);
                }
            }
            _ if !self.is_thorough() => self.jump(field.slow),
            Seen::Mega => self.write_looked_up(field),
            _ => self.write_as_cached(field),
        }
        if field.nil != field.slow {
            self.restore(before.clone());
            self.switch(field.nil);
            let slot = self.require_absent(object, absent::STORES, field.slow);
            self.store_value(self.regions.slots, c, slot, 0);
            self.jump(field.done);
        }
        self.slow_path(field.slow, helper, field.done);
        self.restore(before);
        self.switch(field.done);
    }

    /// Writes a table's field as the cache says now. The collector need not be told of anything.
    fn write_as_cached(&mut self, field: Field) {
        let (adds, missed) = (self.block(), self.cold());
        let before = self.known();
        self.require_cached_shape(field.object, missed);
        // A cache of a shape is one or the other.
        self.require_cached_kind(CacheKind::Own, adds);
        let slot = self.cached_slot(field.object);
        self.write_slot(field, slot);
        self.restore(before.clone());
        self.switch(adds);
        self.add_named(field);
        self.restore(before);
        self.switch(missed);
        self.require_cached_kind(CacheKind::Mega, field.nil);
        self.write_looked_up(field);
    }

    /// Writes a table's field as the lookup cache says. The collector need not be told of anything.
    fn write_looked_up(&mut self, field: Field) {
        let adds = self.block();
        let before = self.known();
        let entry = self.require_lookup(field.object, adds);
        let kind = self.load(I8, self.regions.feedback, entry, abi::LOOKUP_KIND);
        let is_own = self.equals(kind, EntryKind::Own as i64);
        self.require(is_own, adds);
        let slot = self.looked_up_slot(field.object, entry);
        self.write_slot(field, slot);
        self.restore(before);
        self.switch(adds);
        self.add_looked_up(field);
    }

    /// Stores in a slot that is new, as the lookup cache says.
    fn add_looked_up(&mut self, field: Field) {
        let (flags, value) = (self.regions.object, self.instruction.c());
        let shape = self.shape(field.object);
        let offset = self.operand(Operand::AddedOffset);
        let entry = self.require_shape_in_entry(shape, offset, field.slow);
        let found = self.load(I64, self.regions.feedback, entry, abi::LOOKUP_NAME);
        let found = self.b.ins().iadd_imm_s(found, -(Entry::ADDED as i64));
        let name = self.operand(Operand::Constant);
        let same = self.b.ins().icmp(IntCC::Equal, found, name);
        self.require(same, field.slow);
        self.require_epoch(entry, abi::LOOKUP_EPOCH, field.slow);
        self.require_not_nil(value, field.slow);
        let next = self.load(I64, self.regions.feedback, entry, abi::LOOKUP_PAYLOAD);
        let count = self.load(I32, flags, next, abi::SHAPE_COUNT);
        let table = self.object(field.object);
        let cap = self.load(I16, flags, table, abi::TABLE_SLOTS_CAP);
        let cap = self.b.ins().uextend(I32, cap);
        let room = self.b.ins().icmp(IntCC::UnsignedLessThanOrEqual, count, cap);
        self.require(room, field.slow);
        let slots = self.slots(field.object);
        let behind = self.element_address(slots, count, 4);
        let table = self.object(field.object);
        self.store(flags, next, table, abi::TABLE_SHAPE);
        self.store_value(self.regions.slots, value, behind, -abi::VALUE_SIZE);
        self.jump(field.done);
    }

    fn require_not_nil(&mut self, register: usize, other: Block) {
        if self.known_tag(register).is_none_or(|tag| tag == tag::NIL) {
            let tag = self.tag(register);
            let nil = self.equals(tag, i64::from(tag::NIL));
            self.reject(nil, other);
        }
    }

    /// Writes a slot of a table that may have a metatable.
    fn write_slot(&mut self, field: Field, slot: Value) {
        let (flags, value) = (self.regions.slots, self.instruction.c());
        let (nil, present) = (self.cold(), self.block());
        let old = self.load(I8, flags, slot, TAG);
        let is_nil = self.equals(old, i64::from(tag::NIL));
        self.branch(is_nil, nil, present);
        // Over nil, `__newindex` may have to be asked.
        self.switch(nil);
        self.require_plain(field.object, field.nil);
        self.jump(present);
        self.switch(present);
        self.store_value(flags, value, slot, 0);
        self.jump(field.done);
    }

    /// Stores in a slot that is new, as the cache, of kind `Add`, says: there is room, and the value is not nil.
    fn add_named(&mut self, field: Field) {
        let (flags, feedback) = (self.regions.object, self.regions.feedback);
        let value = self.instruction.c();
        let cache = self.operand(Operand::Cache);
        self.require_epoch(cache, abi::CACHE_EPOCH, field.slow);
        self.require_not_nil(value, field.slow);
        let cache = self.operand(Operand::Cache);
        let index = self.load(I32, feedback, cache, abi::CACHE_INDEX);
        let table = self.object(field.object);
        let cap = self.load(I16, flags, table, abi::TABLE_SLOTS_CAP);
        let cap = self.b.ins().uextend(I32, cap);
        let room = self.b.ins().icmp(IntCC::UnsignedLessThan, index, cap);
        self.require(room, field.slow);
        let slot = self.cached_slot(field.object);
        let cache = self.operand(Operand::Cache);
        let next = self.load(I64, feedback, cache, abi::CACHE_PAYLOAD);
        let table = self.object(field.object);
        self.store(flags, next, table, abi::TABLE_SHAPE);
        self.store_value(self.regions.slots, value, slot, 0);
        self.jump(field.done);
    }
}
