//! Table access: array parts by element kind, fields by shape.

use trinity_vm::{
    bytecode::Op,
    frame::FRAME_OFFSET,
    function::{Cache, CacheKind},
    table::ElementKind,
    value::tag,
};

use super::{
    build::{Builder, Dead},
    ir::{Cc, Inst, IntOp, Region, V, VM, Width},
    snapshot::{CacheView, EPOCH},
    state::{ArrayFact, Rep, ShapeFact},
};
use crate::abi;

const INT: u8 = ElementKind::Int as u8;
const FLOAT: u8 = ElementKind::Float as u8;
const TAGGED: u8 = ElementKind::Tagged as u8;

/// The only element kind that a cache has seen.
pub(super) fn single_kind(cache: &CacheView) -> Option<u8> {
    match cache.index {
        index if index == 1 << INT => Some(INT),
        index if index == 1 << FLOAT => Some(FLOAT),
        index if index == 1 << TAGGED => Some(TAGGED),
        _ => None,
    }
}

/// A store within an array part or right behind it.
struct GrowingStore {
    fine: V,
    address: V,
    /// The array's length afterwards.
    len: V,
}

impl Builder<'_> {
    fn cache(&self) -> CacheView {
        self.snap.caches[self.snap.code[self.pc + 1].ax()]
    }

    /// The table in a register; guarded to be one. `None` when it is known not to be.
    fn table_register(&mut self, register: usize) -> Option<V> {
        match self.get(register) {
            Rep::Ref(tag::TABLE, table) => Some(table),
            Rep::Any(payload, tag) if !self.failed("type") => {
                let condition = self.emit(Inst::TagIs(tag, tag::TABLE));
                self.guard(condition, "type");
                self.refine(register, Rep::Ref(tag::TABLE, payload));
                Some(payload)
            }
            _ => None,
        }
    }

    /// Length and data of a table's array part of this kind; guarded unless known.
    pub(super) fn array_fact(&mut self, table: V, kind: u8) -> ArrayFact {
        if let Some(fact) = self.state.arrays.iter().find(|fact| fact.table == table && fact.kind == kind) {
            return *fact;
        }
        let actual = self.emit(Inst::Load(Region::Table, Width::U8, table, abi::TABLE_ARRAY_KIND));
        let condition = self.emit(Inst::TagIs(actual, kind));
        self.guard(condition, "array-kind");
        let len = self.emit(Inst::Load(Region::Table, Width::U32, table, abi::TABLE_ARRAY_LEN));
        let data = self.emit(Inst::Load(Region::Table, Width::I64, table, abi::TABLE_ARRAY));
        let fact = ArrayFact { table, kind, len, data };
        self.state.arrays.push(fact);
        fact
    }

    /// Address of an element, guarded to be in range.
    fn element(&mut self, fact: ArrayFact, key: V) -> (V, V) {
        let one = self.int(1);
        let index = self.emit(Inst::Arith(IntOp::Sub, key, one));
        let inside = self.emit(Inst::Cmp(Cc::Below, index, fact.len));
        let shift = self.int(if fact.kind == TAGGED { 4 } else { 3 });
        let offset = self.emit(Inst::Arith(IntOp::Shl, index, shift));
        (inside, self.emit_address(fact.data, offset))
    }

    fn emit_address(&mut self, data: V, offset: V) -> V {
        self.emit(Inst::Arith(IntOp::Add, data, offset))
    }

    /// The key of an element access: a register, or the instruction's small integer.
    fn element_key(&mut self, is_register: bool, operand: usize) -> Option<V> {
        if !is_register {
            return Some(self.int(operand as i64));
        }
        match self.get(operand) {
            Rep::Int(_) => Some(self.int_register(operand)),
            Rep::Any(..) if !self.failed("type") => Some(self.int_register(operand)),
            _ => None,
        }
    }

    pub(super) fn get_element(&mut self) -> Result<(), Dead> {
        let instr = self.instr;
        let cache = self.cache();
        if cache.kind == CacheKind::Empty && !cache.polymorphic && !self.failed("unreached") {
            return Err(self.leave("unreached", true));
        }
        let Some(kind) = single_kind(&cache).filter(|_| cache.kind == CacheKind::Array && !cache.polymorphic) else {
            self.step();
            return Ok(());
        };
        let is_register = instr.op().unquickened().0 == Op::GetTable;
        let (Some(key), Some(table)) = (self.element_key(is_register, instr.c()), self.table_register(instr.b()))
        else {
            self.step();
            return Ok(());
        };
        let failed = ["array-kind", "bounds", "nil-element"].iter().any(|reason| self.failed(reason));
        if failed {
            let (fine, address) = self.checked_element(table, kind, key);
            if kind != TAGGED {
                self.either(fine, |builder| Some(builder.load_element(kind, address)));
                return Ok(());
            }
            // The tag of an element out of range must not be read: look at it on the fast path only.
            if self.failed("nil-element") {
                self.step();
                return Ok(());
            }
            self.either(fine, |builder| {
                let rep = builder.load_element(kind, address);
                builder.guard_present(rep, "nil-element");
                Some(rep)
            });
            return Ok(());
        }
        let fact = self.array_fact(table, kind);
        let (inside, address) = self.element(fact, key);
        self.guard(inside, "bounds");
        let rep = self.load_element(kind, address);
        if kind == TAGGED {
            self.guard_present(rep, "nil-element");
        }
        self.set(instr.a(), rep);
        Ok(())
    }

    fn load_element(&mut self, kind: u8, address: V) -> Rep {
        match kind {
            INT => Rep::Int(self.emit(Inst::Load(Region::Array, Width::I64, address, 0))),
            FLOAT => Rep::Float(self.emit(Inst::Load(Region::Array, Width::F64, address, 0))),
            _ => {
                let tag = self.emit(Inst::Load(Region::Array, Width::U8, address, abi::TAG));
                let payload = self.emit(Inst::Load(Region::Array, Width::I64, address, 0));
                Rep::Any(payload, tag)
            }
        }
    }

    fn guard_present(&mut self, rep: Rep, reason: &'static str) {
        if let Rep::Any(_, tag) = rep {
            let nil = self.emit(Inst::TagIs(tag, tag::NIL));
            let present = self.emit(Inst::Not(nil));
            self.guard(present, reason);
        }
    }

    /// Whether the table has this kind of array with the element in it, and the element's address if so.
    fn checked_element(&mut self, table: V, kind: u8, key: V) -> (V, V) {
        let actual = self.emit(Inst::Load(Region::Table, Width::U8, table, abi::TABLE_ARRAY_KIND));
        let expected = self.emit(Inst::TagIs(actual, kind));
        let len = self.emit(Inst::Load(Region::Table, Width::U32, table, abi::TABLE_ARRAY_LEN));
        let data = self.emit(Inst::Load(Region::Table, Width::I64, table, abi::TABLE_ARRAY));
        let (inside, address) = self.element(ArrayFact { table, kind, len, data }, key);
        (self.emit(Inst::And(expected, inside)), address)
    }

    /// Where a store goes that may be an append.
    fn growing_element(&mut self, table: V, kind: u8, key: V) -> GrowingStore {
        let actual = self.emit(Inst::Load(Region::Table, Width::U8, table, abi::TABLE_ARRAY_KIND));
        let expected = self.emit(Inst::TagIs(actual, kind));
        let len = self.emit(Inst::Load(Region::Table, Width::U32, table, abi::TABLE_ARRAY_LEN));
        let data = self.emit(Inst::Load(Region::Table, Width::I64, table, abi::TABLE_ARRAY));
        let (inside, address) = self.element(ArrayFact { table, kind, len, data }, key);
        let cap = self.emit(Inst::Load(Region::Table, Width::U32, table, abi::TABLE_ARRAY_CAP));
        // Keys in the dictionary may have to move to the array after an append.
        let dict = self.emit(Inst::Load(Region::Table, Width::I64, table, abi::TABLE_DICT));
        let (one, zero) = (self.int(1), self.int(0));
        let index = self.emit(Inst::Arith(IntOp::Sub, key, one));
        let next = self.emit(Inst::Cmp(Cc::Eq, index, len));
        let room = self.emit(Inst::Cmp(Cc::Below, index, cap));
        let alone = self.emit(Inst::Cmp(Cc::Eq, dict, zero));
        let room = self.emit(Inst::And(room, alone));
        let append = self.emit(Inst::And(next, room));
        let grown = self.emit(Inst::Select(append, key, len));
        let place = self.emit(Inst::Or(inside, append));
        GrowingStore { fine: self.emit(Inst::And(expected, place)), address, len: grown }
    }

    pub(super) fn set_element(&mut self) -> Result<(), Dead> {
        let instr = self.instr;
        let cache = self.cache();
        if cache.kind == CacheKind::Empty && !self.failed("unreached") {
            return Err(self.leave("unreached", true));
        }
        let gave_up = self.failed("value-type");
        let kind = single_kind(&cache).filter(|_| cache.kind == CacheKind::Array && !gave_up);
        let Some(kind) = kind else {
            self.step();
            return Ok(());
        };
        let is_register = instr.op().unquickened().0 == Op::SetTable;
        let (Some(key), Some(table)) = (self.element_key(is_register, instr.b()), self.table_register(instr.a()))
        else {
            self.step();
            return Ok(());
        };
        // The value must be of the array's kind.
        let value = match (kind, self.get(instr.c())) {
            (INT, Rep::Any(payload, tag)) => {
                let condition = self.emit(Inst::TagIs(tag, tag::INT));
                self.guard(condition, "value-type");
                self.refine(instr.c(), Rep::Int(payload));
                Rep::Int(payload)
            }
            (FLOAT, Rep::Any(payload, tag)) => {
                let condition = self.emit(Inst::TagIs(tag, tag::FLOAT));
                self.guard(condition, "value-type");
                let value = self.emit(Inst::FromBits(payload));
                self.refine(instr.c(), Rep::Float(value));
                Rep::Float(value)
            }
            (TAGGED, Rep::Any(payload, tag)) => {
                let nil = self.emit(Inst::TagIs(tag, tag::NIL));
                let present = self.emit(Inst::Not(nil));
                self.guard(present, "value-type");
                Rep::Any(payload, tag)
            }
            (INT, rep @ Rep::Int(_)) | (FLOAT, rep @ Rep::Float(_)) => rep,
            (TAGGED, rep) if rep != Rep::Prim(tag::NIL) => rep,
            _ => {
                self.step();
                return Ok(());
            }
        };
        if self.failed("bounds") || self.failed("array-kind") {
            // Stores behind the end, or to another kind of array, were seen: an append with room to spare is inline,
            // the rest is done by the helper, within this code.
            let store = self.growing_element(table, kind, key);
            self.either(store.fine, |builder| {
                builder.store_element(table, kind, store.address, value);
                builder.emit(Inst::Store(Region::Table, Width::U32, table, abi::TABLE_ARRAY_LEN, store.len));
                None
            });
            return Ok(());
        }
        let fact = self.array_fact(table, kind);
        let (inside, address) = self.element(fact, key);
        self.guard(inside, "bounds");
        self.store_element(table, kind, address, value);
        Ok(())
    }

    fn store_element(&mut self, table: V, kind: u8, address: V, value: Rep) {
        match (kind, value) {
            (INT, Rep::Int(v)) => {
                self.emit(Inst::Store(Region::Array, Width::I64, address, 0, v));
            }
            (FLOAT, Rep::Float(v)) => {
                self.emit(Inst::Store(Region::Array, Width::F64, address, 0, v));
            }
            (_, rep) => {
                self.barrier(table, rep);
                self.store_value(Region::Array, address, 0, rep);
            }
        }
    }

    /// Property slots of a table with this shape; guarded unless known.
    fn shape_fact(&mut self, table: V, shape: u64) -> ShapeFact {
        if let Some(fact) = self.state.shapes.iter().find(|fact| fact.table == table && fact.shape == shape) {
            return *fact;
        }
        let actual = self.emit(Inst::Load(Region::Table, Width::I64, table, abi::TABLE_SHAPE));
        let expected = self.int(shape as i64);
        let condition = self.emit(Inst::Cmp(Cc::Eq, actual, expected));
        self.guard(condition, "shape");
        let slots = self.emit(Inst::Load(Region::Table, Width::I64, table, abi::TABLE_SLOTS));
        let fact = ShapeFact { table, shape, slots };
        self.state.shapes.push(fact);
        fact
    }

    fn guard_epoch(&mut self, epoch: u32) {
        let actual = self.emit(Inst::Load(Region::Vm, Width::U32, VM, abi::VM_PROTO_EPOCH));
        let expected = self.int(i64::from(epoch));
        let condition = self.emit(Inst::Cmp(Cc::Eq, actual, expected));
        self.guard(condition, EPOCH);
    }

    pub(super) fn get_field(&mut self) -> Result<(), Dead> {
        let instr = self.instr;
        let op = instr.op();
        let cache = self.cache();
        if cache.kind == CacheKind::Empty && !cache.polymorphic && !self.failed("unreached") {
            return Err(self.leave("unreached", true));
        }
        let gave_up = [EPOCH, "nil-field"].iter().any(|reason| self.failed(reason));
        let stale = cache.kind == CacheKind::Proto && cache.epoch != self.snap.proto_epoch;
        let several_shapes = cache.polymorphic || self.failed("shape");
        let usable = matches!(cache.kind, CacheKind::Own | CacheKind::Proto) && !gave_up && !stale;
        if !usable || cache.polymorphic && self.failed("type") {
            self.step();
            return Ok(());
        }
        let object = if op == Op::GetTabUp {
            let slot = self.upvalue_slot(instr.b());
            let payload = self.emit(Inst::Load(Region::Captured, Width::I64, slot, 0));
            let tag = self.emit(Inst::Load(Region::Captured, Width::U8, slot, abi::TAG));
            let condition = self.emit(Inst::TagIs(tag, tag::TABLE));
            self.guard(condition, "type");
            Rep::Ref(tag::TABLE, payload)
        } else if cache.kind == CacheKind::Proto && cache.shape == 0 {
            // A method of strings.
            match self.get(instr.b()) {
                rep @ Rep::Ref(tag::STRING, _) => rep,
                Rep::Any(payload, tag) if !self.failed("type") => {
                    let condition = self.emit(Inst::TagIs(tag, tag::STRING));
                    self.guard(condition, "type");
                    self.refine(instr.b(), Rep::Ref(tag::STRING, payload));
                    Rep::Ref(tag::STRING, payload)
                }
                _ => {
                    self.step();
                    return Ok(());
                }
            }
        } else {
            match self.table_register(instr.b()) {
                Some(table) => Rep::Ref(tag::TABLE, table),
                None => {
                    self.step();
                    return Ok(());
                }
            }
        };
        let Rep::Ref(_, pointer) = object else { unreachable!("made above") };
        if several_shapes && cache.shape != 0 {
            let actual = self.emit(Inst::Load(Region::Table, Width::I64, pointer, abi::TABLE_SHAPE));
            let expected = self.int(cache.shape as i64);
            let fine = self.emit(Inst::Cmp(Cc::Eq, actual, expected));
            let own = cache.kind == CacheKind::Own;
            self.either(fine, |builder| {
                if own {
                    let slots = builder.emit(Inst::Load(Region::Table, Width::I64, pointer, abi::TABLE_SLOTS));
                    return Some(builder.load_slot(slots, &cache));
                }
                builder.guard_epoch(cache.epoch);
                let constant = builder.int(cache.payload as i64);
                Some(builder.typed(cache.tag, constant))
            });
            if op == Op::SelfField {
                // The method came first: `A` and `A+2` differ.
                let method = self.get(instr.a());
                self.set(instr.a() + FRAME_OFFSET, object);
                self.set(instr.a(), method);
            }
            return Ok(());
        }
        let value = if cache.kind == CacheKind::Own {
            let fact = self.shape_fact(pointer, cache.shape);
            self.load_slot(fact.slots, &cache)
        } else {
            if cache.shape != 0 {
                self.shape_fact(pointer, cache.shape);
            }
            self.guard_epoch(cache.epoch);
            let constant = self.int(cache.payload as i64);
            self.typed(cache.tag, constant)
        };
        if op == Op::SelfField {
            self.set(instr.a() + FRAME_OFFSET, object);
        }
        self.set(instr.a(), value);
        Ok(())
    }

    /// The value of a cached property slot.
    fn load_slot(&mut self, slots: V, cache: &CacheView) -> Rep {
        let offset = abi::reg(cache.index as usize);
        let tag = self.emit(Inst::Load(Region::Slots, Width::U8, slots, offset + abi::TAG));
        let payload = self.emit(Inst::Load(Region::Slots, Width::I64, slots, offset));
        let rep = Rep::Any(payload, tag);
        if cache.has_metatable {
            self.guard_present(rep, "nil-field");
        }
        rep
    }

    pub(super) fn set_field(&mut self) -> Result<(), Dead> {
        let instr = self.instr;
        let cache = self.cache();
        if cache.kind == CacheKind::Empty && !self.failed("unreached") {
            return Err(self.leave("unreached", true));
        }
        let gave_up = [EPOCH, "nil-field", "value-type", "slots"].iter().any(|reason| self.failed(reason));
        let several_shapes = cache.polymorphic || self.failed("shape");
        let gave_up = gave_up
            || several_shapes && (cache.kind == CacheKind::Add || cache.has_metatable)
            || cache.kind == CacheKind::Add && cache.tag == Cache::GROWS;
        let usable = matches!(cache.kind, CacheKind::Own | CacheKind::Add) && !gave_up && instr.op() == Op::SetField;
        // A metatable that came to matter since is told by the epoch.
        let stale = cache.kind == CacheKind::Add && cache.epoch != self.snap.proto_epoch;
        let table = if usable && !stale { self.table_register(instr.a()) } else { None };
        let Some(table) = table else {
            let status = self.generic();
            self.check_status(status, false);
            return Ok(());
        };
        let value = self.get(instr.c());
        let offset = abi::reg(cache.index as usize);
        if several_shapes {
            let actual = self.emit(Inst::Load(Region::Table, Width::I64, table, abi::TABLE_SHAPE));
            let expected = self.int(cache.shape as i64);
            let fine = self.emit(Inst::Cmp(Cc::Eq, actual, expected));
            self.either(fine, |builder| {
                let slots = builder.emit(Inst::Load(Region::Table, Width::I64, table, abi::TABLE_SLOTS));
                builder.barrier(table, value);
                builder.store_value(Region::Slots, slots, offset, value);
                None
            });
            return Ok(());
        }
        if cache.kind == CacheKind::Own {
            let fact = self.shape_fact(table, cache.shape);
            if cache.has_metatable {
                let tag = self.emit(Inst::Load(Region::Slots, Width::U8, fact.slots, offset + abi::TAG));
                let nil = self.emit(Inst::TagIs(tag, tag::NIL));
                let present = self.emit(Inst::Not(nil));
                self.guard(present, "nil-field");
            }
            self.barrier(table, value);
            self.store_value(Region::Slots, fact.slots, offset, value);
            return Ok(());
        }
        match value {
            Rep::Any(_, tag) => {
                let nil = self.emit(Inst::TagIs(tag, tag::NIL));
                let present = self.emit(Inst::Not(nil));
                self.guard(present, "value-type");
            }
            Rep::Prim(tag::NIL) => {
                let status = self.generic();
                self.check_status(status, false);
                return Ok(());
            }
            _ => {}
        }
        if cache.has_metatable {
            self.guard_epoch(cache.epoch);
        }
        let fact = self.shape_fact(table, cache.shape);
        let cap = self.emit(Inst::Load(Region::Table, Width::U16, table, abi::TABLE_SLOTS_CAP));
        let index = self.int(i64::from(cache.index));
        let room = self.emit(Inst::Cmp(Cc::Below, index, cap));
        self.guard(room, "slots");
        let next = self.int(cache.payload as i64);
        self.emit(Inst::Store(Region::Table, Width::I64, table, abi::TABLE_SHAPE, next));
        // The shape may have been unknown to the collector, whatever the value is.
        let (payload, tag) = match value {
            Rep::Any(payload, tag) => (payload, tag),
            Rep::Ref(tag, payload) => (payload, self.emit(Inst::Tag(tag))),
            _ => (self.int(0), self.emit(Inst::Tag(tag::NIL))),
        };
        self.emit(Inst::Barrier(table, payload, tag));
        self.store_value(Region::Slots, fact.slots, offset, value);
        // Other names of the same table have another shape now.
        self.state.shapes.clear();
        self.state.shapes.push(ShapeFact { table, shape: cache.payload, slots: fact.slots });
        Ok(())
    }

    pub(super) fn length(&mut self) -> Result<(), Dead> {
        let instr = self.instr;
        let to = instr.a();
        match self.get(instr.b()) {
            Rep::Ref(tag::STRING, string) => {
                let len = self.emit(Inst::Load(Region::Function, Width::I64, string, abi::STR_LEN));
                self.set(to, Rep::Int(len));
            }
            Rep::Ref(tag::TABLE, _) | Rep::Any(..) if !self.failed("length") && !self.failed("type") => {
                let Some(table) = self.table_register(instr.b()) else {
                    self.step();
                    return Ok(());
                };
                let shape = self.emit(Inst::Load(Region::Table, Width::I64, table, abi::TABLE_SHAPE));
                let metatable = self.emit(Inst::Load(Region::Function, Width::I64, shape, abi::SHAPE_METATABLE));
                let zero = self.int(0);
                let plain = self.emit(Inst::Cmp(Cc::Eq, metatable, zero));
                let len = self.emit(Inst::Load(Region::Table, Width::U32, table, abi::TABLE_ARRAY_LEN));
                let some = self.emit(Inst::Cmp(Cc::Ne, len, zero));
                let fine = self.emit(Inst::And(plain, some));
                self.guard(fine, "length");
                self.set(to, Rep::Int(len));
            }
            _ => self.step(),
        }
        Ok(())
    }
}
