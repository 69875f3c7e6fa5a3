//! The lookup cache: where tables of a shape have a field, for sites that see more shapes than an inline cache holds.

use crate::{heap::Gc, string::Str, table::Shape, value::Value};

/// Where a field is.
#[derive(Clone, Copy)]
pub(crate) enum Lookup {
    /// In this property slot.
    Own(u32),
    /// Not in the table; found with this value along its chain of protos (nil: nowhere), while the epoch stands.
    Proto(Value),
}

#[derive(Clone, Copy)]
struct Entry {
    shape: usize,
    name: usize,
    epoch: u32,
    found: Lookup,
}

const EMPTY: Entry = Entry { shape: 0, name: 0, epoch: 0, found: Lookup::Own(0) };
/// A power of two.
const ENTRIES: usize = 1024;

/// Direct-mapped by shape and name. The collector empties it, so that an entry never outlives what it names. Takes
/// memory when it is first written to.
#[derive(Default)]
pub(crate) struct LookupCache(Option<Box<[Entry; ENTRIES]>>);

impl LookupCache {
    fn place(shape: Gc<Shape>, name: Gc<Str>) -> usize {
        let mixed = (shape.address() >> 4) ^ (name.address() >> 3) ^ (shape.address() >> 14);
        mixed & (ENTRIES - 1)
    }

    #[inline]
    pub fn find(&self, shape: Gc<Shape>, name: Gc<Str>, epoch: u32) -> Option<&Lookup> {
        let entry = &self.0.as_ref()?[Self::place(shape, name)];
        let is_match = entry.shape == shape.address() && entry.name == name.address();
        let is_current = matches!(entry.found, Lookup::Own(_)) || entry.epoch == epoch;
        (is_match && is_current).then_some(&entry.found)
    }

    pub fn note(&mut self, shape: Gc<Shape>, name: Gc<Str>, epoch: u32, found: Lookup) {
        let entries = self.0.get_or_insert_with(|| Box::new([EMPTY; ENTRIES]));
        entries[Self::place(shape, name)] = Entry { shape: shape.address(), name: name.address(), epoch, found };
    }

    pub fn clear(&mut self) {
        if let Some(entries) = &mut self.0 {
            entries.fill(EMPTY);
        }
    }
}
