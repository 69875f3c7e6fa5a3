//! The lookup cache: where tables of a shape have a field, for sites that see more shapes than an inline cache holds.
//! Interpreter and compiled code look things up in it; only Rust code fills it.

use std::mem::offset_of;

use crate::{
    heap::Gc,
    string::Str,
    table::Shape,
    value::{Value, tag},
};

/// Where a field is.
#[derive(Clone, Copy)]
pub(crate) enum Lookup {
    /// In this property slot.
    Own(u32),
    /// Not in the table; found with this value along its chain of protos (nil: nowhere), while the epoch stands.
    Proto(Value),
}

/// What an entry says.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum EntryKind {
    /// The field is in the slot at offset `payload`.
    Own,
    /// So it is, but the table is a proto: stores may have to move the epoch.
    OwnOfProto,
    /// See [`Lookup::Proto`].
    Proto,
    /// Storing adds the field: the table gets the shape `payload`, while the epoch stands.
    Add,
}

/// What else an entry of a slot may say, while the epoch stands.
pub mod absent {
    /// Where the slot is nil, so is the field: the protos do not have it either.
    pub const READS: u8 = 1;
    /// Where the slot is nil, it can be stored to: there is no `__newindex`.
    pub const STORES: u8 = 2;
}

/// Compiled code reads these by offset.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Entry {
    pub shape: usize,
    /// `Add`: with [`Entry::ADDED`].
    pub name: usize,
    /// `Proto`: the value's payload. `Own`: bytes from the first slot to the field's.
    pub payload: u64,
    pub epoch: u32,
    pub kind: EntryKind,
    pub tag: u8,
    /// Of [`absent`].
    pub absent: u8,
}

impl Entry {
    /// Reading a field and adding it have entries of their own: the name of the latter has this bit.
    pub const ADDED: usize = 1;

    const EMPTY: Entry = Entry { shape: 0, name: 0, payload: 0, epoch: 0, kind: EntryKind::Own, tag: 0, absent: 0 };
}

/// A power of two, as an entry's size is.
const ENTRIES: usize = 1024;
const SIZE: usize = size_of::<Entry>();
const _: () = assert!(SIZE.is_power_of_two() && size_of::<Shape>() >= SIZE);

type Entries = [Entry; ENTRIES];

/// What a cache reads that has taken no memory yet.
static NO_ENTRIES: Entries = [Entry::EMPTY; ENTRIES];

/// Direct-mapped by shape and name. The collector empties it, so that an entry never outlives what it names. Takes
/// memory when it is first written to.
#[repr(C)]
pub struct LookupCache {
    /// Those of `owned`, or [`NO_ENTRIES`].
    entries: *const Entries,
    owned: Option<Box<Entries>>,
}

impl Default for LookupCache {
    fn default() -> Self {
        Self { entries: &raw const NO_ENTRIES, owned: None }
    }
}

impl LookupCache {
    /// Where compiled code finds the address of the entries.
    pub const ENTRIES_OFFSET: usize = offset_of!(LookupCache, entries);
    /// Bits of a shape's address that take part in where its entries are. (A shape takes no less than an entry.)
    pub const SHAPE_MASK: usize = (ENTRIES - 1) * SIZE;
    /// Spreads names: see [`LookupCache::name_offset`].
    pub const NAME_FACTOR: usize = 0x9e37_79b9_7f4a_7c15;
    pub const NAME_SHIFT: u32 = 32;

    /// Between the offsets of the entries for reading a field and for adding it (xor).
    pub const ADDED_OFFSET: usize = SIZE;

    /// Offset of an entry: the bits of the shape's address that the mask lets through, xor this.
    #[inline(always)]
    pub fn name_offset(name: Gc<Str>) -> usize {
        name.address().wrapping_mul(Self::NAME_FACTOR) >> Self::NAME_SHIFT & Self::SHAPE_MASK
    }

    #[inline(always)]
    fn place(shape: Gc<Shape>, name: Gc<Str>) -> usize {
        (shape.address() & Self::SHAPE_MASK ^ Self::name_offset(name)) / SIZE
    }

    #[inline(always)]
    fn entry(&self, shape: Gc<Shape>, name: Gc<Str>) -> Option<&Entry> {
        // SAFETY: the entries are a static's or `owned`.
        let entry = unsafe { &(&*self.entries)[Self::place(shape, name)] };
        (entry.shape == shape.address() && entry.name == name.address()).then_some(entry)
    }

    #[inline(always)]
    pub(crate) fn find(&self, shape: Gc<Shape>, name: Gc<Str>, epoch: u32) -> Option<Lookup> {
        let entry = self.entry(shape, name)?;
        if entry.kind != EntryKind::Proto {
            Some(Lookup::Own(entry.slot()))
        } else if entry.epoch == epoch {
            Some(Lookup::Proto(Value { bits: entry.payload, tag: entry.tag }))
        } else {
            None
        }
    }

    /// The slot of a field that can be stored to without a proto having a say.
    #[inline(always)]
    pub(crate) fn find_slot(&self, shape: Gc<Shape>, name: Gc<Str>) -> Option<u32> {
        let entry = self.entry(shape, name)?;
        (entry.kind == EntryKind::Own).then(|| entry.slot())
    }

    pub(crate) fn note(&mut self, shape: Gc<Shape>, name: Gc<Str>, epoch: u32, found: Lookup) {
        let (kind, payload, tag) = match found {
            Lookup::Own(slot) => {
                let kind = if shape.is_proto() { EntryKind::OwnOfProto } else { EntryKind::Own };
                (kind, u64::from(slot) * size_of::<Value>() as u64, tag::NIL)
            }
            Lookup::Proto(value) => (EntryKind::Proto, value.bits, value.tag),
        };
        self.owned()[Self::place(shape, name)] =
            Entry { shape: shape.address(), name: name.address(), payload, epoch, kind, tag, absent: 0 };
    }

    /// Whether an entry says this of a field that is in a slot.
    #[inline(always)]
    pub(crate) fn is_absent(&self, shape: Gc<Shape>, name: Gc<Str>, epoch: u32, access: u8) -> bool {
        self.entry(shape, name).is_some_and(|entry| entry.epoch == epoch && entry.absent & access != 0)
    }

    /// Notes it of the field in this slot.
    pub(crate) fn note_absent(&mut self, shape: Gc<Shape>, name: Gc<Str>, epoch: u32, slot: u32, access: u8) {
        let known = self.entry(shape, name).filter(|entry| entry.epoch == epoch).map_or(0, |entry| entry.absent);
        self.note(shape, name, epoch, Lookup::Own(slot));
        self.owned()[Self::place(shape, name)].absent = known | access;
    }

    fn place_added(shape: Gc<Shape>, name: Gc<Str>) -> usize {
        Self::place(shape, name) ^ (Self::ADDED_OFFSET / SIZE)
    }

    /// The shape that a table of this one gets by a store of this field.
    pub(crate) fn find_added(&self, shape: Gc<Shape>, name: Gc<Str>, epoch: u32) -> Option<Gc<Shape>> {
        // SAFETY: as in `entry`; an entry never outlives what it names.
        unsafe {
            let entry = &(&*self.entries)[Self::place_added(shape, name)];
            let suits =
                entry.shape == shape.address() && entry.name == name.address() | Entry::ADDED && entry.epoch == epoch;
            suits.then(|| Gc::from_address(entry.payload as usize))
        }
    }

    pub(crate) fn note_added(&mut self, shape: Gc<Shape>, name: Gc<Str>, epoch: u32, next: Gc<Shape>) {
        let name_and_kind = name.address() | Entry::ADDED;
        self.owned()[Self::place_added(shape, name)] = Entry {
            shape: shape.address(),
            name: name_and_kind,
            payload: next.address() as u64,
            epoch,
            kind: EntryKind::Add,
            ..Entry::EMPTY
        };
    }

    /// The entries, to write to.
    fn owned(&mut self) -> &mut Entries {
        let entries = self.owned.get_or_insert_with(|| Box::new(NO_ENTRIES));
        self.entries = &raw const **entries;
        entries
    }

    pub(crate) fn clear(&mut self) {
        if let Some(entries) = &mut self.owned {
            entries.fill(Entry::EMPTY);
        }
    }
}

impl Entry {
    #[inline(always)]
    fn slot(&self) -> u32 {
        (self.payload / size_of::<Value>() as u64) as u32
    }
}
