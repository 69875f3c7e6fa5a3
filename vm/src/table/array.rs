//! The array part: elements `1…len` stored by kind.

use super::Table;
use crate::{
    heap::Heap,
    value::{Value, tag},
};

/// How the elements are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ElementKind {
    /// No element yet.
    Empty = 0,
    /// `i64`.
    Int = 1,
    /// `f64`.
    Float = 2,
    /// [`Value`], holes allowed.
    Tagged = 3,
}

impl ElementKind {
    /// Bytes per element.
    pub const fn size(self) -> usize {
        match self {
            ElementKind::Empty => 0,
            ElementKind::Int | ElementKind::Float => 8,
            ElementKind::Tagged => 16,
        }
    }

    const fn of(value: Value) -> ElementKind {
        match value.tag {
            tag::INT => ElementKind::Int,
            tag::FLOAT => ElementKind::Float,
            _ => ElementKind::Tagged,
        }
    }
}

impl Table {
    /// Element `index` (from 0), which must be in range.
    #[inline(always)]
    pub(crate) fn element(&self, index: usize) -> Value {
        debug_assert!(index < self.array_len as usize);
        // SAFETY: `array` holds `array_len` elements of this kind.
        unsafe {
            match self.array_kind {
                ElementKind::Int => Value::int(*self.array.cast::<i64>().add(index)),
                ElementKind::Float => Value::float(*self.array.cast::<f64>().add(index)),
                ElementKind::Tagged => *self.array.cast::<Value>().add(index),
                ElementKind::Empty => Value::NIL,
            }
        }
    }

    #[inline(always)]
    pub(crate) fn set_element(&mut self, heap: &mut Heap, index: usize, value: Value) {
        debug_assert!(index < self.array_len as usize);
        // SAFETY: as in `element`.
        unsafe {
            match (self.array_kind, value.tag) {
                (ElementKind::Int, tag::INT) | (ElementKind::Float, tag::FLOAT) => {
                    *self.array.cast::<u64>().add(index) = value.bits;
                }
                (ElementKind::Tagged, tag) if tag != tag::NIL => {
                    heap.barrier(&self.header, value);
                    *self.array.cast::<Value>().add(index) = value;
                }
                _ => self.set_element_slow(heap, index, value),
            }
        }
    }

    #[cold]
    fn set_element_slow(&mut self, heap: &mut Heap, index: usize, value: Value) {
        if value.is_nil() && index + 1 == self.array_len as usize {
            self.array_len -= 1;
            return self.trim_array();
        }
        self.make_tagged(heap);
        heap.barrier(&self.header, value);
        // SAFETY: the array is tagged now and `index` in range.
        unsafe { *self.array.cast::<Value>().add(index) = value };
    }

    pub(crate) fn clear_element(&mut self, index: usize) {
        debug_assert!(self.array_kind == ElementKind::Tagged && index < self.array_len as usize);
        // SAFETY: as checked.
        unsafe { *self.array.cast::<Value>().add(index) = Value::NIL };
    }

    /// Restores the invariant that the last element is not nil.
    pub(crate) fn trim_array(&mut self) {
        while self.array_len > 0 && self.element(self.array_len as usize - 1).is_nil() {
            self.array_len -= 1;
        }
    }

    /// Appends `value`, which is not nil.
    #[inline]
    pub(crate) fn push_element(&mut self, heap: &mut Heap, value: Value) {
        let kind = ElementKind::of(value);
        if self.array_kind != kind && self.array_kind != ElementKind::Tagged {
            if self.array_len == 0 {
                self.retype_empty(heap, kind);
            } else {
                self.make_tagged(heap);
            }
        }
        if self.array_len == self.array_cap {
            let cap = self.array_cap as usize;
            // Short of the limit on memory, growth goes by small steps.
            let more = if cap * self.array_kind.size() > heap.room() { cap / 8 } else { cap };
            self.grow_array(heap, cap + more.max(4));
        }
        let index = self.array_len as usize;
        self.array_len += 1;
        // SAFETY: there is room for one more element of the array's kind.
        unsafe {
            if self.array_kind == ElementKind::Tagged {
                heap.barrier(&self.header, value);
                *self.array.cast::<Value>().add(index) = value;
            } else {
                *self.array.cast::<u64>().add(index) = value.bits;
            }
        }
    }

    /// Appends `value` if that changes nothing but the length: room and kind fit, no metatable or key in the dictionary
    /// has to be asked, nor the collector told.
    #[inline]
    pub(crate) fn append_in_place(&mut self, heap: &Heap, value: Value) -> bool {
        let kind = ElementKind::of(value);
        let fits = if self.array_kind == ElementKind::Tagged { !value.is_nil() } else { kind == self.array_kind };
        if !fits
            || self.array_len == self.array_cap
            || self.metatable().is_some()
            || self.has_int_keys()
            || self.header.needs_barrier(heap)
        {
            return false;
        }
        let index = self.array_len as usize;
        self.array_len += 1;
        // SAFETY: there is room for one more element of the array's kind.
        unsafe {
            if self.array_kind == ElementKind::Tagged {
                *self.array.cast::<Value>().add(index) = value;
            } else {
                *self.array.cast::<u64>().add(index) = value.bits;
            }
        }
        true
    }

    /// Room for `count` elements in all, whatever their kind turns out to be.
    pub(crate) fn reserve_array(&mut self, heap: &mut Heap, count: usize) {
        if count <= self.array_cap as usize || count > 1 << 30 {
            return;
        }
        if self.array_kind == ElementKind::Empty {
            // Numbers or not is seen at the first element.
            self.array_kind = ElementKind::Float;
        }
        self.grow_array(heap, count);
    }

    /// Changes the kind of an array without elements, keeping its room.
    fn retype_empty(&mut self, heap: &mut Heap, kind: ElementKind) {
        let cap = self.array_cap as usize;
        if kind.size() != self.array_kind.size() && cap > 0 {
            self.resize_array(heap, kind.size() * cap);
        }
        self.array_kind = kind;
    }

    /// Moves the array part to a buffer of `bytes` bytes. The caller adjusts kind or capacity.
    fn resize_array(&mut self, heap: &mut Heap, bytes: usize) {
        let old = self.array_bytes();
        // SAFETY: the buffer has this size.
        self.array = unsafe { heap.resize_buffer(self.array, old, bytes) };
        heap.discharge(&self.header, old);
        heap.charge(&self.header, bytes);
    }

    #[inline(always)]
    fn array_bytes(&self) -> usize {
        self.array_kind.size() * self.array_cap as usize
    }

    #[cold]
    #[inline(never)]
    fn grow_array(&mut self, heap: &mut Heap, count: usize) {
        self.resize_array(heap, self.array_kind.size() * count);
        self.array_cap = count as u32;
    }

    /// Makes the array part of a table that has none a copy of `values`; `false` when there is a nil among them.
    ///
    /// # Safety
    /// `values` points to `count > 0` live values.
    pub(crate) unsafe fn fill_array(&mut self, heap: &mut Heap, values: *const Value, count: usize) -> bool {
        debug_assert!(self.array_len == 0 && self.array_cap == 0);
        // SAFETY: as the contract says; the buffer is made as long as the elements are.
        unsafe {
            let first = ElementKind::of(*values);
            let mut kind = first;
            for index in 0..count {
                let value = *values.add(index);
                if value.is_nil() {
                    return false;
                }
                if ElementKind::of(value) != first {
                    kind = ElementKind::Tagged;
                }
            }
            let bytes = kind.size() * count;
            self.array = heap.allocate_buffer(bytes);
            heap.charge(&self.header, bytes);
            self.array_kind = kind;
            self.array_len = count as u32;
            self.array_cap = count as u32;
            for index in 0..count {
                let value = *values.add(index);
                if kind == ElementKind::Tagged {
                    heap.barrier(&self.header, value);
                    *self.array.cast::<Value>().add(index) = value;
                } else {
                    *self.array.cast::<u64>().add(index) = value.bits;
                }
            }
        }
        true
    }

    /// Turns the array into one that can hold anything.
    #[cold]
    pub(crate) fn make_tagged(&mut self, heap: &mut Heap) {
        if self.array_kind == ElementKind::Tagged {
            return;
        }
        let tag = if self.array_kind == ElementKind::Int { tag::INT } else { tag::FLOAT };
        let cap = self.array_cap as usize;
        if cap > 0 {
            self.resize_array(heap, ElementKind::Tagged.size() * cap);
            for index in (0..self.array_len as usize).rev() {
                // SAFETY: the block now has room for `cap` values; going down, each write lands at or above the
                // reads that are still to come.
                unsafe {
                    let bits = *self.array.cast::<u64>().add(index);
                    *self.array.cast::<Value>().add(index) = Value { bits, tag };
                }
            }
        }
        self.array_kind = ElementKind::Tagged;
    }

    /// Extends a tagged array with nils to `len` elements; the caller fills or trims it.
    pub(crate) fn open_holes(&mut self, heap: &mut Heap, len: usize) {
        self.make_tagged(heap);
        if len > self.array_cap as usize {
            self.grow_array(heap, len.next_power_of_two());
        }
        for index in self.array_len as usize..len {
            // SAFETY: there is room for `len` elements.
            unsafe { *self.array.cast::<Value>().add(index) = Value::NIL };
        }
        self.array_len = len as u32;
    }

    pub(super) fn free_array(&mut self, heap: &mut Heap) {
        // SAFETY: the buffer has this size.
        unsafe { heap.free_buffer(self.array, self.array_bytes()) };
        self.array = std::ptr::null_mut();
        self.array_cap = 0;
        self.array_len = 0;
    }

    pub(crate) fn grow_slots(&mut self, heap: &mut Heap, count: usize) {
        let count = count.min(u16::MAX as usize);
        let (old, new) = (self.slots_cap as usize * size_of::<Value>(), count * size_of::<Value>());
        // SAFETY: the buffer has the old size.
        self.slots = unsafe { heap.resize_buffer(self.slots.cast(), old, new) }.cast();
        self.slots_cap = count as u16;
        heap.charge(&self.header, new - old);
    }

    pub(super) fn free_slots(&mut self, heap: &mut Heap) {
        if self.slots_cap > 0 {
            // SAFETY: the buffer has this size.
            unsafe { heap.free_buffer(self.slots.cast(), self.slots_cap as usize * size_of::<Value>()) };
        }
        self.slots = std::ptr::null_mut();
        self.slots_cap = 0;
    }
}
