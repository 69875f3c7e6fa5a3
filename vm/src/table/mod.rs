//! Tables: an array part with element kinds, string keys in slots described by a shape, and a dictionary for the
//! rest (and for string keys of tables that are used as maps).

mod array;
mod collect;
mod dict;
mod list;
mod shape;
mod traverse;

use dict::Dict;

pub use array::ElementKind;
pub(crate) use collect::ScanPosition;
pub(crate) use dict::process_seed;
pub(crate) use list::Elements;
pub use shape::{Shape, shape_flags};
pub use traverse::UnknownKey;

use crate::{
    heap::{Gc, GcHeader, Heap, Kind},
    string::Str,
    value::{Value, tag},
};

/// A Lua table. Compiled code reads `shape`, `slots` and the array part by offset.
#[repr(C)]
pub struct Table {
    pub(crate) header: GcHeader,
    pub array_kind: ElementKind,
    pub slots_cap: u16,
    pub shape: Gc<Shape>,
    /// Property values, `shape.count()` of them in use.
    pub slots: *mut Value,
    /// Elements `1…array_len`, stored as `array_kind` says.
    pub array: *mut u8,
    /// INVARIANT: the last element is not nil.
    pub array_len: u32,
    pub array_cap: u32,
    dict: Option<Box<Dict>>,
}

/// Why a key cannot be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    Nil,
    Nan,
}

impl Heap {
    /// An empty table without metatable.
    #[inline]
    pub fn table(&mut self) -> Gc<Table> {
        let shape = self.root_shape();
        let header = self.header(Kind::Table);
        self.insert(Table {
            header,
            shape,
            slots: std::ptr::null_mut(),
            array: std::ptr::null_mut(),
            array_len: 0,
            array_cap: 0,
            array_kind: ElementKind::Empty,
            slots_cap: 0,
            dict: None,
        })
    }

    /// An empty table with room for `items` list items and `fields` named fields.
    pub fn table_with_capacity(&mut self, items: usize, fields: usize) -> Gc<Table> {
        let table = self.table();
        table.reserve(self, items, fields);
        table
    }
}

impl Table {
    /// Where compiled code finds the dictionary (null: none).
    pub const DICT_OFFSET: usize = std::mem::offset_of!(Table, dict);

    #[inline(always)]
    pub fn shape(&self) -> Gc<Shape> {
        self.shape
    }
    #[inline(always)]
    pub fn metatable(&self) -> Option<Gc<Table>> {
        self.shape.metatable()
    }

    #[inline(always)]
    fn slot(&self, index: u32) -> Value {
        debug_assert!(index < self.shape.count());
        // SAFETY: the shape's count says how many slots are in use.
        unsafe { *self.slots.add(index as usize) }
    }

    /// Raw read.
    #[inline]
    pub fn get(&self, key: Value) -> Value {
        match key.tag {
            tag::INT => self.get_int(key.raw_int()),
            tag::STRING => self.get_str(key.string_unchecked()),
            tag::NIL => Value::NIL,
            tag::FLOAT => match Value::float_to_int_exact(key.raw_float()) {
                Some(int) => self.get_int(int),
                None => self.get_dict(key),
            },
            _ => self.get_dict(key),
        }
    }

    fn get_dict(&self, key: Value) -> Value {
        self.dict.as_ref().map_or(Value::NIL, |dict| dict.get(key))
    }

    #[inline]
    pub fn get_int(&self, key: i64) -> Value {
        let index = (key as u64).wrapping_sub(1);
        if index < u64::from(self.array_len) {
            return self.element(index as usize);
        }
        match &self.dict {
            Some(dict) if dict.ints > 0 => dict.get(Value::int(key)),
            _ => Value::NIL,
        }
    }

    #[inline]
    pub fn get_str(&self, key: Gc<Str>) -> Value {
        if !self.shape.is_dict() && key.is_short() {
            return self.shape.find(key).map_or(Value::NIL, |index| self.slot(index));
        }
        match &self.dict {
            None => Value::NIL,
            Some(dict) if key.is_short() => {
                dict.find_short(key).map_or(Value::NIL, |position| dict.entries[position].value())
            }
            Some(dict) => dict.get(key.into()),
        }
    }

    /// Raw write.
    ///
    /// # Errors
    /// Nil and NaN cannot be keys.
    pub fn set(&mut self, heap: &mut Heap, key: Value, value: Value) -> Result<(), KeyError> {
        match key.tag {
            tag::INT => self.set_int(heap, key.raw_int(), value),
            tag::STRING => self.set_str(heap, key.string_unchecked(), value),
            tag::NIL => return Err(KeyError::Nil),
            tag::FLOAT => match Value::float_to_int_exact(key.raw_float()) {
                Some(int) => self.set_int(heap, int, value),
                None if key.raw_float().is_nan() => return Err(KeyError::Nan),
                None => self.set_dict(heap, key, value),
            },
            _ => self.set_dict(heap, key, value),
        }
        Ok(())
    }

    #[inline]
    pub fn set_int(&mut self, heap: &mut Heap, key: i64, value: Value) {
        let index = (key as u64).wrapping_sub(1);
        if index < u64::from(self.array_len) {
            self.set_element(heap, index as usize, value);
        } else if index == u64::from(self.array_len) && index < u64::from(u32::MAX - 1) {
            self.append(heap, value);
        } else {
            self.set_dict(heap, Value::int(key), value);
        }
    }

    /// `self[array_len + 1] = value`.
    pub(crate) fn append(&mut self, heap: &mut Heap, value: Value) {
        let key = i64::from(self.array_len) + 1;
        let has_ints = self.has_int_keys();
        if value.is_nil() {
            if has_ints {
                self.set_dict(heap, Value::int(key), value);
            }
            return;
        }
        self.push_element(heap, value);
        if has_ints {
            self.remove_from_dict(Value::int(key));
            self.migrate_successors(heap);
        }
    }

    /// Whether integer keys may be in the dictionary.
    #[inline(always)]
    pub(crate) fn has_int_keys(&self) -> bool {
        self.dict.as_ref().is_some_and(|dict| dict.ints > 0)
    }

    fn remove_from_dict(&mut self, key: Value) -> Value {
        let Some(dict) = &mut self.dict else { return Value::NIL };
        match dict.find(key) {
            Some(position) => dict.entries[position].move_out(),
            None => Value::NIL,
        }
    }

    /// Moves `array_len + 1`, … from the dictionary to the array for as long as they are there.
    fn migrate_successors(&mut self, heap: &mut Heap) {
        loop {
            let value = self.remove_from_dict(Value::int(i64::from(self.array_len) + 1));
            if value.is_nil() {
                return;
            }
            self.push_element(heap, value);
        }
    }

    pub fn set_str(&mut self, heap: &mut Heap, key: Gc<Str>, value: Value) {
        if self.shape.is_dict() || !key.is_short() {
            if self.shape.is_proto() {
                self.note_proto_change(heap, key, self.get_str(key));
            }
            return self.set_dict(heap, key.into(), value);
        }
        if let Some(index) = self.shape.find(key) {
            if self.shape.is_proto() {
                self.note_proto_change(heap, key, self.slot(index));
            }
            heap.barrier(&self.header, value);
            // SAFETY: the slot is in use.
            unsafe { *self.slots.add(index as usize) = value };
            return;
        }
        if value.is_nil() {
            return;
        }
        if self.shape.is_proto() {
            heap.proto_epoch += 1;
        }
        match self.shape.with_key(heap, key) {
            Some(shape) => self.add_slot(heap, shape, value),
            None => {
                self.become_dict(heap);
                self.set_dict(heap, key.into(), value);
            }
        }
    }

    /// Takes on `shape`, which has one key more, whose value is `value`.
    #[inline]
    pub(crate) fn add_slot(&mut self, heap: &mut Heap, shape: Gc<Shape>, value: Value) {
        let index = shape.count() as usize - 1;
        if index >= self.slots_cap as usize {
            self.grow_slots(heap, (index + 1).max(index * 2).max(4));
        }
        heap.barrier_object(&self.header, shape);
        heap.barrier(&self.header, value);
        self.shape = shape;
        // SAFETY: there is room for `index + 1` slots.
        unsafe { *self.slots.add(index) = value };
    }

    /// A proto's key is about to change: cached lookups end unless they cannot have seen the old value.
    fn note_proto_change(&self, heap: &mut Heap, key: Gc<Str>, old: Value) {
        if old.is_nil() || old.is_function() || key.as_bytes().starts_with(b"__") {
            heap.proto_epoch += 1;
        }
    }

    fn become_dict(&mut self, heap: &mut Heap) {
        let count = self.shape.count();
        let entries: Vec<_> = (0..count).map(|index| (self.shape.key_at(index), self.slot(index))).collect();
        self.shape = self.shape.to_dict(heap);
        heap.barrier_object(&self.header, self.shape);
        heap.discharge(&self.header, self.slots_cap as usize * size_of::<Value>());
        self.free_slots(heap);
        for (key, value) in entries {
            if !value.is_nil() {
                self.set_dict(heap, key.into(), value);
            }
        }
    }

    /// `key` is normalised and neither nil nor NaN.
    fn set_dict(&mut self, heap: &mut Heap, key: Value, value: Value) {
        if self.dict.is_none() {
            if value.is_nil() {
                return;
            }
            let dict = Box::new(Dict::new());
            heap.charge(&self.header, dict.bytes() + size_of::<Dict>());
            self.dict = Some(dict);
        }
        heap.barrier(&self.header, value);
        let dict = self.dict.as_mut().expect("made above");
        if let Some(position) = dict.find(key) {
            dict.entries[position].set_value(value);
            return;
        }
        if value.is_nil() {
            return;
        }
        heap.barrier(&self.header, key);
        if dict.is_full() {
            heap.before_move(self);
            let dict = self.dict.as_mut().expect("still there");
            let before = dict.bytes();
            dict.rehash();
            let after = dict.bytes();
            heap.discharge(&self.header, before);
            heap.charge(&self.header, after);
            if key.is_int() && self.migrate_dense(heap, key.raw_int()) {
                return self.set_int(heap, key.raw_int(), value);
            }
        }
        self.dict.as_mut().expect("still there").push(key, value);
    }

    /// Moves integer keys into the array part when more than half of some power of two is in use (`incoming` counts
    /// as in use). Says whether the array has grown.
    fn migrate_dense(&mut self, heap: &mut Heap, incoming: i64) -> bool {
        let Some(dict) = &self.dict else { return false };
        if dict.ints < 3 {
            return false;
        }
        // bins[b]: keys in (2^(b-1), 2^b].
        let mut bins = [0u64; 32];
        let mut count = |key: i64| {
            if (1..=1 << 31).contains(&key) {
                bins[(64 - (key as u64 - 1).leading_zeros()) as usize] += 1;
            }
        };
        for entry in dict.entries.iter().filter(|entry| entry.key().is_int() && !entry.value().is_nil()) {
            count(entry.key().raw_int());
        }
        count(incoming);
        let mut used = 0;
        let mut best = 0;
        for (b, bin) in bins.iter().enumerate() {
            used += bin;
            let size = 1u64 << b;
            let in_array = u64::from(self.array_len).min(size);
            if used + in_array > size / 2 {
                best = size;
            }
        }
        if best <= u64::from(self.array_len) {
            return false;
        }
        let mut moved: Vec<(i64, Value)> = Vec::new();
        let dict = self.dict.as_mut().expect("checked");
        for entry in &mut dict.entries {
            if entry.key().is_int() && !entry.value().is_nil() {
                let key = entry.key().raw_int();
                if key >= 1 && key as u64 <= best {
                    moved.push((key, entry.take()));
                }
            }
        }
        moved.sort_unstable_by_key(|(key, _)| *key);
        let Some(last) = moved.last().map(|(key, _)| *key) else { return false };
        let last = if incoming >= 1 && incoming as u64 <= best { last.max(incoming - 1) } else { last };
        if last <= i64::from(self.array_len) {
            // Only the incoming key continues the array.
            for (key, value) in moved {
                self.set_dict(heap, Value::int(key), value);
            }
            return false;
        }
        for (key, _) in &moved {
            self.remove_from_dict(Value::int(*key));
        }
        self.open_holes(heap, last as usize);
        for (key, value) in moved {
            self.set_element(heap, key as usize - 1, value);
        }
        self.trim_array();
        true
    }

    /// The raw length: a border (manual §3.4.7).
    #[inline]
    pub fn len(&self) -> i64 {
        let len = i64::from(self.array_len);
        if len == 0
            && let Some(dict) = &self.dict
            && dict.ints > 0
        {
            return self.dict_border();
        }
        len
    }

    pub fn is_empty(&self) -> bool {
        matches!(self.next(Value::NIL), Ok(None))
    }

    /// A border when the array part is empty: key 1 may still be in the dictionary.
    fn dict_border(&self) -> i64 {
        let mut border = 0;
        while !self.get_int(border + 1).is_nil() {
            border += 1;
        }
        border
    }
}

impl Gc<Table> {
    /// Makes room for `items` list items and `fields` named fields.
    pub(crate) fn reserve(self, heap: &mut Heap, items: usize, fields: usize) {
        if fields > self.slots_cap as usize && fields < 64 {
            self.get_mut().grow_slots(heap, fields);
        }
        if items > 0 {
            self.get_mut().reserve_array(heap, items);
        }
    }

    /// `setmetatable` without checks.
    pub fn set_metatable(self, heap: &mut Heap, metatable: Option<Gc<Table>>) {
        if let Some(metatable) = metatable {
            metatable.mark_proto(heap);
        }
        if self.shape.is_proto() {
            heap.proto_epoch += 1;
        }
        let shape = self.shape.with_metatable(heap, metatable);
        heap.barrier_object(&self.header, shape);
        self.get_mut().shape = shape;
    }

    /// Lookups that pass through this table are about to be cached.
    pub(crate) fn mark_proto(self, heap: &mut Heap) {
        if !self.shape.is_proto() {
            let shape = self.shape.to_proto(heap);
            heap.barrier_object(&self.header, shape);
            self.get_mut().shape = shape;
        }
    }
}
