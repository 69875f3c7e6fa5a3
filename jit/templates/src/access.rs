//! Templates of upvalues, of elements of tables, and of their length.

use cranelift_codegen::ir::{
    Block, InstBuilder, MemFlagsData, Value,
    condcodes::IntCC,
    types::{I8, I32, I64},
};
use trinity_vm::{bytecode::Op, function::CacheKind, table::ElementKind, value::tag};

use crate::{
    abi::{self, TAG},
    emitter::Emitter,
    helper::Helper,
    instruction::{Operand, Seen},
};

/// What a table access is made on.
#[derive(Clone, Copy)]
pub(super) enum Object {
    Register(usize),
    Upvalue(usize),
}

/// An integer key.
#[derive(Clone, Copy)]
enum Key {
    Register(usize),
    Constant(usize),
}

impl Emitter<'_, '_> {
    fn upvalue_object(&mut self, index: usize) -> Value {
        let (stack, object) = (self.regions.stack, self.regions.object);
        let base = self.base();
        let closure = self.load(I64, stack, base, abi::FUNCTION);
        self.load(I64, object, closure, abi::CLOSURE_UPVALUES + 8 * index as i32)
    }

    /// Address of the value of an upvalue.
    fn upvalue(&mut self, index: usize) -> Value {
        let upvalue = self.upvalue_object(index);
        self.load(I64, self.regions.object, upvalue, abi::UPVALUE_SLOT)
    }

    pub(super) fn get_upvalue(&mut self) {
        let flags = self.regions.upvalue;
        let slot = self.upvalue(self.instruction.b());
        let payload = self.load(I64, flags, slot, 0);
        let tag = self.load(I8, flags, slot, TAG);
        self.set_dynamic(self.a(), payload, tag);
    }

    pub(super) fn set_upvalue(&mut self) {
        let flags = self.regions.upvalue;
        if self.may_be_heap(self.a()) {
            let before = self.known();
            let (slow, done) = (self.cold(), self.block());
            let upvalue = self.upvalue_object(self.instruction.b());
            self.reject_marked(upvalue, slow);
            let slot = self.upvalue(self.instruction.b());
            self.store_value(flags, self.a(), slot, 0);
            self.jump(done);
            self.slow_path(slow, Helper::SetUpvalue, done);
            self.restore(before);
            self.switch(done);
        } else {
            let slot = self.upvalue(self.instruction.b());
            self.store_value(flags, self.a(), slot, 0);
        }
    }

    /// Whether a register may hold a reference.
    pub(super) fn may_be_heap(&self, register: usize) -> bool {
        self.known_tag(register).is_none_or(|tag| tag >= tag::FIRST_HEAP)
    }

    /// The write barrier: goes on in `slow`, whose helper does the whole store, when the collector is marking and has
    /// reached the object that is about to be written.
    pub(super) fn reject_marked(&mut self, holder: Value, slow: Block) {
        let vm = self.vm();
        let mark = self.load(I8, self.regions.object, holder, abi::MARK);
        let barrier = self.load(I8, self.regions.vm, vm, abi::VM_BARRIER_MARK);
        let marked = self.b.ins().icmp(IntCC::Equal, mark, barrier);
        self.reject(marked, slow);
    }

    /// Goes on when the object has `tag`.
    pub(super) fn require_object(&mut self, object: Object, tag: u8, other: Block) {
        match object {
            Object::Register(register) => self.require_tag(register, tag, other),
            Object::Upvalue(index) => {
                let slot = self.upvalue(index);
                let found = self.load(I8, self.regions.upvalue, slot, TAG);
                let same = self.equals(found, i64::from(tag));
                self.require(same, other);
            }
        }
    }

    /// The object's payload. PERF: it is loaded again in each block, since the single-pass allocator keeps nothing in a
    /// register from one block to the next.
    pub(super) fn object(&mut self, object: Object) -> Value {
        match object {
            Object::Register(register) => self.bits(register),
            Object::Upvalue(index) => {
                let slot = self.upvalue(index);
                self.load(I64, self.regions.upvalue, slot, 0)
            }
        }
    }

    /// `R[A] =` the value at `place`, then `done`; `slow` when it is nil. `R[A]` may be written before that is known,
    /// unless the slow path needs it (`held`) or a closure could see it.
    pub(super) fn read_present(
        &mut self,
        flags: MemFlagsData,
        place: (Value, i32),
        held: bool,
        slow: Block,
        done: Block,
    ) {
        let a = self.a();
        let (place, offset) = place;
        let payload = self.load(I64, flags, place, offset);
        let tag = self.load(I8, flags, place, offset + TAG);
        let nil = self.equals(tag, i64::from(tag::NIL));
        if held || self.may_be_shared(a) {
            self.reject(nil, slow);
            self.set_dynamic(a, payload, tag);
            self.jump(done);
        } else {
            self.set_dynamic(a, payload, tag);
            self.branch(nil, slow, done);
        }
    }

    /// Copies a register to memory.
    pub(super) fn store_value(&mut self, flags: MemFlagsData, register: usize, to: Value, offset: i32) {
        let payload = self.bits(register);
        let tag = self.tag(register);
        self.store(flags, payload, to, offset);
        self.store(flags, tag, to, offset + TAG);
    }

    /// `elements + (index << shift)`; `index` has 32 bits.
    pub(super) fn element_address(&mut self, elements: Value, index: Value, shift: i64) -> Value {
        let index = self.b.ins().uextend(I64, index);
        let scaled = self.b.ins().ishl_imm_u(index, shift);
        self.b.ins().iadd(elements, scaled)
    }

    /// Goes on when the key lies inside the array part, in `outside` when it does not, and in `other` when this is no
    /// table or the key no integer.
    fn require_inside(&mut self, table: usize, key: Key, other: Block, outside: Block) {
        match key {
            Key::Register(register) => self.require_tags((table, tag::TABLE), (register, tag::INT), other),
            Key::Constant(_) => self.require_tag(table, tag::TABLE, other),
        }
        let index = self.array_index(key);
        let table = self.bits(table);
        let len = self.load(I32, self.regions.object, table, abi::TABLE_ARRAY_LEN);
        let len = self.b.ins().uextend(I64, len);
        let inside = self.b.ins().icmp(IntCC::UnsignedLessThan, index, len);
        self.require(inside, outside);
    }

    fn array_index(&mut self, key: Key) -> Value {
        match key {
            Key::Register(register) => {
                let key = self.bits(register);
                self.b.ins().iadd_imm_s(key, -1)
            }
            Key::Constant(key) => self.iconst(key as i64 - 1),
        }
    }

    /// Branches by the kinds of array, those that the cache has seen first; in each, `each` goes on.
    fn by_kind(&mut self, table: usize, slow: Block, mut each: impl FnMut(&mut Self, ElementKind)) {
        let has_seen = |kind: &ElementKind| self.form().kinds & 1 << *kind as u8 != 0;
        let all = [ElementKind::Tagged, ElementKind::Int, ElementKind::Float];
        let (seen, unseen): (Vec<_>, Vec<_>) = all.into_iter().partition(has_seen);
        let unseen = if self.is_thorough() { unseen } else { Vec::new() };
        let count = seen.len() + unseen.len();
        if count == 0 {
            return self.jump(slow);
        }
        for (position, kind) in seen.iter().chain(&unseen).enumerate() {
            let other = if position + 1 == count {
                slow
            } else if position + 1 < seen.len() {
                self.block()
            } else {
                self.cold()
            };
            let object = self.bits(table);
            let found = self.load(I8, self.regions.object, object, abi::TABLE_ARRAY_KIND);
            let same = self.equals(found, *kind as i64);
            let before = self.known();
            self.require(same, other);
            if position >= seen.len() {
                self.require_noted_kind(*kind, slow);
            }
            each(self, *kind);
            self.restore(before);
            if other != slow {
                self.switch(other);
            }
        }
    }

    /// Goes on when the cache has this kind of array by now: feedback is complete although the fast path leaves it alone.
    fn require_noted_kind(&mut self, kind: ElementKind, slow: Block) {
        let flags = self.regions.feedback;
        self.require_array_cache(slow);
        let cache = self.operand(Operand::Cache);
        let kinds = self.load(I8, flags, cache, abi::CACHE_INDEX);
        let noted = self.b.ins().band_imm_s(kinds, 1 << kind as i64);
        self.require(noted, slow);
    }

    fn require_array_cache(&mut self, slow: Block) {
        if self.form().seen != Seen::Array {
            let cache = self.operand(Operand::Cache);
            let found = self.load(I8, self.regions.feedback, cache, abi::CACHE_KIND);
            let same = self.equals(found, CacheKind::Array as i64);
            self.require(same, slow);
        }
    }

    /// Address of the element at `key`.
    fn element(&mut self, table: usize, key: Key, kind: ElementKind) -> (Value, i32) {
        let table = self.bits(table);
        let elements = self.load(I64, self.regions.object, table, abi::TABLE_ARRAY);
        let shift = if kind == ElementKind::Tagged { 4 } else { 3 };
        match key {
            // The keys begin at 1.
            Key::Register(register) => {
                let key = self.bits(register);
                let scaled = self.b.ins().ishl_imm_u(key, shift);
                (self.b.ins().iadd(elements, scaled), -(1 << shift))
            }
            Key::Constant(key) => (elements, (key as i32 - 1) << shift),
        }
    }

    /// `GETTABLE`, `GETI`.
    pub(super) fn get_element(&mut self, op: Op) {
        let (a, table, c) = (self.a(), self.instruction.b(), self.instruction.c());
        let (key, helper) = match op {
            Op::GetTable => (Key::Register(c), Helper::GetTable),
            _ => (Key::Constant(c), Helper::GetI),
        };
        let before = self.known();
        let (slow, done) = (self.cold(), self.block());
        let held = self.may_be(table, a) || matches!(key, Key::Register(register) if self.may_be(register, a));
        let named = if op == Op::GetTable && self.is_thorough() { self.cold() } else { slow };
        self.require_inside(table, key, named, slow);
        self.by_kind(table, slow, |this, kind| {
            let flags = this.regions.elements;
            let (place, offset) = this.element(table, key, kind);
            if kind == ElementKind::Tagged {
                this.read_present(flags, (place, offset), held, slow, done);
            } else {
                let payload = this.load(I64, flags, place, offset);
                this.set(a, payload, if kind == ElementKind::Int { tag::INT } else { tag::FLOAT });
                this.jump(done);
            }
        });
        if named != slow {
            self.restore(before.clone());
            self.switch(named);
            self.get_keyed(table, c, slow, done);
        }
        self.slow_path(slow, helper, done);
        self.restore(before);
        self.forget(a);
        self.switch(done);
    }

    /// `SETTABLE`, `SETI`.
    pub(super) fn set_element(&mut self, op: Op) {
        let (table, b, c) = (self.a(), self.instruction.b(), self.instruction.c());
        let (key, helper) = match op {
            Op::SetTable => (Key::Register(b), Helper::SetTable),
            _ => (Key::Constant(b), Helper::SetI),
        };
        let before = self.known();
        let (slow, done) = (self.cold(), self.block());
        let outside = match self.form().flag {
            true => self.block(),
            false if self.is_thorough() => self.cold(),
            false => slow,
        };
        self.require_inside(table, key, slow, outside);
        self.by_kind(table, slow, |this, kind| {
            let flags = this.regions.elements;
            if kind == ElementKind::Tagged {
                if this.known_tag(c).is_none_or(|tag| tag == tag::NIL) {
                    let tag = this.tag(c);
                    let nil = this.equals(tag, i64::from(tag::NIL));
                    this.reject(nil, slow);
                }
                if this.may_be_heap(c) {
                    let object = this.bits(table);
                    this.reject_marked(object, slow);
                }
                let (place, offset) = this.element(table, key, kind);
                this.store_value(flags, c, place, offset);
            } else {
                this.require_tag(c, if kind == ElementKind::Int { tag::INT } else { tag::FLOAT }, slow);
                let (place, offset) = this.element(table, key, kind);
                let payload = this.bits(c);
                this.store(flags, payload, place, offset);
            }
            this.jump(done);
        });
        if outside != slow {
            self.restore(before.clone());
            self.switch(outside);
            if !self.form().flag {
                // Whether the cache has seen values appended.
                self.require_array_cache(slow);
                let cache = self.operand(Operand::Cache);
                let appended = self.load(I32, self.regions.feedback, cache, abi::CACHE_EPOCH);
                self.require(appended, slow);
            }
            self.append(table, key, c, slow, done);
        }
        self.slow_path(slow, helper, done);
        self.restore(before);
        self.switch(done);
    }

    /// Stores right behind the array part: there is room, the value is of the array's kind, and neither a metatable nor
    /// the dictionary has a say.
    fn append(&mut self, table: usize, key: Key, value: usize, slow: Block, done: Block) {
        let flags = self.regions.object;
        let object = self.bits(table);
        let index = self.array_index(key);
        let len = self.load(I32, flags, object, abi::TABLE_ARRAY_LEN);
        let len = self.b.ins().uextend(I64, len);
        let behind = self.b.ins().icmp(IntCC::Equal, index, len);
        self.require(behind, slow);
        let object = self.bits(table);
        let len = self.load(I32, flags, object, abi::TABLE_ARRAY_LEN);
        let cap = self.load(I32, flags, object, abi::TABLE_ARRAY_CAP);
        let room = self.b.ins().icmp(IntCC::UnsignedLessThan, len, cap);
        self.require(room, slow);
        let object = self.bits(table);
        let dict = self.load(I64, flags, object, abi::TABLE_DICT);
        self.reject(dict, slow);
        let object = self.bits(table);
        let shape = self.load(I64, flags, object, abi::TABLE_SHAPE);
        let metatable = self.load(I64, flags, shape, abi::SHAPE_METATABLE);
        self.reject(metatable, slow);

        let (tagged, other, scalar) = (self.block(), self.block(), self.block());
        let object = self.bits(table);
        let kind = self.load(I8, flags, object, abi::TABLE_ARRAY_KIND);
        let is_tagged = self.equals(kind, ElementKind::Tagged as i64);
        self.branch(is_tagged, tagged, other);
        // The other kinds take values of their own tag.
        self.switch(other);
        let object = self.bits(table);
        let kind = self.load(I8, flags, object, abi::TABLE_ARRAY_KIND);
        let own = self.b.ins().iadd_imm_s(kind, i64::from(tag::INT) - ElementKind::Int as i64);
        let tag = self.tag(value);
        let same = self.b.ins().icmp(IntCC::Equal, own, tag);
        self.branch(same, scalar, slow);
        self.switch(scalar);
        let (place, offset) = self.element(table, key, ElementKind::Int);
        let payload = self.bits(value);
        self.store(self.regions.elements, payload, place, offset);
        self.lengthen(table);
        self.jump(done);

        self.switch(tagged);
        let tag = self.tag(value);
        let nil = self.equals(tag, i64::from(tag::NIL));
        self.reject(nil, slow);
        if self.may_be_heap(value) {
            let object = self.bits(table);
            self.reject_marked(object, slow);
        }
        let (place, offset) = self.element(table, key, ElementKind::Tagged);
        self.store_value(self.regions.elements, value, place, offset);
        self.lengthen(table);
        self.jump(done);
    }

    /// Counts one more element.
    fn lengthen(&mut self, table: usize) {
        let flags = self.regions.object;
        let object = self.bits(table);
        let len = self.load(I32, flags, object, abi::TABLE_ARRAY_LEN);
        let longer = self.b.ins().iadd_imm_s(len, 1);
        self.store(flags, longer, object, abi::TABLE_ARRAY_LEN);
    }

    /// `LEN` of a string, and of a table without metatable that has an array part.
    pub(super) fn length(&mut self) {
        let (a, b) = (self.a(), self.instruction.b());
        let object = self.regions.object;
        let before = self.known();
        let (slow, other, done) = (self.cold(), self.cold(), self.block());
        self.require_tag(b, tag::TABLE, other);
        let table = self.bits(b);
        let shape = self.load(I64, object, table, abi::TABLE_SHAPE);
        let metatable = self.load(I64, object, shape, abi::SHAPE_METATABLE);
        let plain = self.equals(metatable, 0);
        self.require(plain, slow);
        let table = self.bits(b);
        let len = self.load(I32, object, table, abi::TABLE_ARRAY_LEN);
        let empty = self.equals(len, 0);
        self.reject(empty, slow);
        let table = self.bits(b);
        let len = self.load(I32, object, table, abi::TABLE_ARRAY_LEN);
        let len = self.b.ins().uextend(I64, len);
        self.set(a, len, tag::INT);
        self.jump(done);
        self.restore(before.clone());
        self.switch(other);
        if self.known_tag(b) != Some(tag::TABLE) {
            self.require_tag(b, tag::STRING, slow);
            let string = self.bits(b);
            let len = self.load(I64, object, string, abi::STR_LEN);
            self.set(a, len, tag::INT);
            self.jump(done);
        } else {
            self.jump(slow);
        }
        self.slow_path(slow, Helper::Len, done);
        self.restore(before);
        self.forget(a);
        self.switch(done);
    }
}
