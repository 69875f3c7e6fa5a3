//! Operations on the whole array part, for the table library.

use super::{ElementKind, Table};
use crate::{heap::Heap, value::Value};

/// The array part as a slice.
pub(crate) enum Elements<'a> {
    Ints(&'a mut [i64]),
    Floats(&'a mut [f64]),
    /// May have holes, except at its end.
    Values(&'a mut [Value]),
}

impl Table {
    /// The elements `1…array_len`. What is written must keep the last one from being nil. Only what stands in the array
    /// may be written, after [`Heap::before_move`].
    pub(crate) fn elements_mut(&mut self) -> Elements<'_> {
        let len = self.array_len as usize;
        if len == 0 {
            return Elements::Values(&mut []);
        }
        // SAFETY: `array` holds `array_len` initialised elements of this kind, and the borrow is exclusive.
        unsafe {
            match self.array_kind {
                ElementKind::Int => Elements::Ints(std::slice::from_raw_parts_mut(self.array.cast(), len)),
                ElementKind::Float => Elements::Floats(std::slice::from_raw_parts_mut(self.array.cast(), len)),
                ElementKind::Tagged => Elements::Values(std::slice::from_raw_parts_mut(self.array.cast(), len)),
                ElementKind::Empty => Elements::Values(&mut []),
            }
        }
    }

    /// Moves the elements from `index` (from 0) on up by one and stores `value` there. `index` is below the length of
    /// the array part.
    pub(crate) fn insert_element(&mut self, heap: &mut Heap, index: usize, value: Value) {
        let len = self.array_len as usize;
        assert!(index < len);
        let last = self.element(len - 1);
        self.append(heap, last);
        match self.elements_mut() {
            Elements::Ints(slice) => slice.copy_within(index..len - 1, index + 1),
            Elements::Floats(slice) => slice.copy_within(index..len - 1, index + 1),
            Elements::Values(slice) => slice.copy_within(index..len - 1, index + 1),
        }
        self.set_element(heap, index, value);
    }

    /// Takes out the element at `index` (from 0), which is below the length of the array part, and moves those behind
    /// it down by one.
    pub(crate) fn remove_element(&mut self, heap: &mut Heap, index: usize) -> Value {
        let len = self.array_len as usize;
        assert!(index < len);
        let removed = self.element(index);
        heap.before_move(self);
        match self.elements_mut() {
            Elements::Ints(slice) => slice.copy_within(index + 1.., index),
            Elements::Floats(slice) => slice.copy_within(index + 1.., index),
            Elements::Values(slice) => slice.copy_within(index + 1.., index),
        }
        self.set_element(heap, len - 1, Value::NIL);
        removed
    }

    /// Length of the array part.
    #[inline]
    pub(crate) fn array_len(&self) -> usize {
        self.array_len as usize
    }
}
