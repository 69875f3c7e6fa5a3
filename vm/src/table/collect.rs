//! What the collector does with a table: going through its entries, removing them, freeing what it owns.

use super::{Dict, ElementKind, Table};
use crate::{heap::Heap, value::Value};

/// How far [`Table::scan`] has come. An entry in front of it stays there, or is moved by a store.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ScanPosition {
    element: usize,
    slot: usize,
    entry: usize,
}

impl Table {
    /// Frees what a dead table owns.
    #[inline(always)]
    pub(crate) fn release(&mut self, heap: &mut Heap) {
        if self.array_cap > 0 {
            self.free_array(heap);
        }
        if self.slots_cap > 0 {
            self.free_slots(heap);
        }
        if self.dict.is_some() {
            self.dict = None;
        }
    }

    pub(crate) fn owned_bytes(&self) -> usize {
        self.array_cap as usize * self.array_kind.size()
            + self.slots_cap as usize * size_of::<Value>()
            + self.dict.as_ref().map_or(0, |dict| dict.bytes() + size_of::<Dict>())
    }

    /// How many buffers the collector has to look at.
    pub(crate) fn buffers(&self) -> usize {
        usize::from(self.array_kind == ElementKind::Tagged)
            + usize::from(self.slots_cap > 0)
            + 2 * usize::from(self.dict.is_some())
    }

    /// Every entry, for the collector.
    pub(crate) fn each_slot(&self, mut visit: impl FnMut(Value, Value)) {
        if self.array_kind == ElementKind::Tagged {
            for index in 0..self.array_len as usize {
                visit(Value::NIL, self.element(index));
            }
        }
        if !self.shape.is_dict() {
            for index in 0..self.shape.count() {
                visit(Value::NIL, self.slot(index));
            }
        }
        if let Some(dict) = &self.dict {
            for entry in &dict.entries {
                // The key of a removed entry may be asked for by `next`, never followed: keep it alive all the same.
                visit(entry.key(), entry.value());
            }
        }
    }

    /// As [`Table::each_slot`], of up to `count` entries from `at` on, which moves. Returns how many entries there were:
    /// fewer than `count` at the end.
    pub(crate) fn scan(&self, at: &mut ScanPosition, count: usize, mut visit: impl FnMut(Value, Value)) -> usize {
        let mut visited = 0;
        let tagged = if self.array_kind == ElementKind::Tagged { self.array_len as usize } else { 0 };
        let end = tagged.min(at.element.saturating_add(count));
        while at.element < end {
            visit(Value::NIL, self.element(at.element));
            at.element += 1;
            visited += 1;
        }
        let end = (self.shape.count() as usize).min(at.slot + count - visited);
        while at.slot < end {
            visit(Value::NIL, self.slot(at.slot as u32));
            at.slot += 1;
            visited += 1;
        }
        if let Some(dict) = &self.dict {
            let end = dict.entries.len().min(at.entry + count - visited);
            for entry in &dict.entries[at.entry.min(end)..end] {
                visit(entry.key(), entry.value());
                visited += 1;
            }
            at.entry = at.entry.max(end);
        }
        visited
    }

    /// Removes the entries for which `is_dead`.
    pub(crate) fn clear_entries(&mut self, is_dead: impl Fn(Value, Value) -> bool) {
        if self.array_kind == ElementKind::Tagged {
            for index in 0..self.array_len as usize {
                if is_dead(Value::int(0), self.element(index)) {
                    self.clear_element(index);
                }
            }
            self.trim_array();
        }
        for index in 0..self.shape.count() {
            let value = self.slot(index);
            if is_dead(self.shape.key_at(index).into(), value) {
                // SAFETY: the slot is in use.
                unsafe { *self.slots.add(index as usize) = Value::NIL };
            }
        }
        if let Some(dict) = &mut self.dict {
            let mut removed = false;
            for entry in &mut dict.entries {
                if is_dead(entry.key(), entry.value()) {
                    entry.take();
                    removed = true;
                }
            }
            if removed {
                // The keys are about to be freed: forget them now.
                dict.rehash();
            }
        }
    }
}
