//! Shapes (hidden classes): the string keys of a table in insertion order, and its metatable.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use super::Table;
use crate::{
    heap::{Gc, GcHeader, Heap, Kind},
    string::Str,
};

/// Flags of a shape.
pub mod shape_flags {
    /// The table keeps its string keys in its dictionary; the shape only carries the metatable.
    pub const DICT: u8 = 1;
    /// The table is a metatable or is searched through `__index`: it owns this shape alone, and a change that a
    /// cached lookup could see moves [`Heap::proto_epoch`](crate::heap::Heap).
    pub const PROTO: u8 = 2;
}

/// Most keys of a shape before its table turns to a dictionary.
const MAX_KEYS: u32 = 512;
/// Most transitions out of one shape before further tables turn to dictionaries.
const MAX_TRANSITIONS: usize = 48;
/// Keys from which a lookup goes through an index rather than a scan.
const SCAN_KEYS: usize = 8;

/// Keys shared by a line of shapes: each sees the first `count` of them.
#[derive(Default)]
struct Keys {
    keys: Vec<Gc<Str>>,
    /// Open addressing over `keys`, position + 1, once there are more than [`SCAN_KEYS`].
    index: Vec<u32>,
}

impl Keys {
    fn push(&mut self, key: Gc<Str>) {
        self.keys.push(key);
        if self.keys.len() > SCAN_KEYS {
            if self.keys.len() * 2 > self.index.len() {
                self.index = vec![0; (self.keys.len() * 4).next_power_of_two()];
                for position in 0..self.keys.len() {
                    self.enter(position);
                }
            } else {
                self.enter(self.keys.len() - 1);
            }
        }
    }

    fn enter(&mut self, position: usize) {
        let mask = self.index.len() - 1;
        let mut at = self.keys[position].hash() as usize & mask;
        while self.index[at] != 0 {
            at = (at + 1) & mask;
        }
        self.index[at] = position as u32 + 1;
    }

    #[inline]
    fn find(&self, key: Gc<Str>, count: u32) -> Option<u32> {
        if count as usize <= SCAN_KEYS {
            return self.keys[..count as usize].iter().position(|k| *k == key).map(|position| position as u32);
        }
        let mask = self.index.len() - 1;
        let mut at = key.hash() as usize & mask;
        loop {
            match self.index[at] {
                0 => return None,
                entry if self.keys[entry as usize - 1] == key => return (entry - 1 < count).then_some(entry - 1),
                _ => at = (at + 1) & mask,
            }
        }
    }
}

/// A hidden class.
#[repr(C)]
pub struct Shape {
    pub(crate) header: GcHeader,
    metatable: Option<Gc<Table>>,
    count: u32,
    flags: u8,
    /// The keys are no other shape's.
    owns_keys: bool,
    keys: Rc<RefCell<Keys>>,
    /// Most shapes, those of protos among them, lead nowhere.
    links: Option<Box<Links>>,
}

/// Where shapes lead. Weak: see `Heap::prune_shapes`.
#[derive(Default)]
struct Links {
    /// By the key that is added.
    transitions: Vec<(Gc<Str>, Gc<Shape>)>,
    /// The same keys under another metatable.
    siblings: Siblings,
}

/// Most siblings that are searched one by one.
const FEW_SIBLINGS: usize = 8;

/// Shapes by metatable. A program may give each of its tables a metatable of its own.
#[derive(Default)]
struct Siblings {
    few: Vec<(Option<Gc<Table>>, Gc<Shape>)>,
    /// By address; 0 is no metatable.
    many: BTreeMap<u64, Gc<Shape>>,
}

impl Siblings {
    fn address(metatable: Option<Gc<Table>>) -> u64 {
        metatable.map_or(0, |table| table.address() as u64)
    }

    #[inline]
    fn find(&self, metatable: Option<Gc<Table>>) -> Option<Gc<Shape>> {
        match self.few.iter().find(|(other, _)| *other == metatable) {
            Some((_, shape)) => Some(*shape),
            None => self.many.get(&Self::address(metatable)).copied(),
        }
    }

    fn add(&mut self, metatable: Option<Gc<Table>>, shape: Gc<Shape>) {
        if self.few.len() < FEW_SIBLINGS {
            self.few.push((metatable, shape));
        } else {
            self.many.insert(Self::address(metatable), shape);
        }
    }

    fn retain(&mut self, mut is_live: impl FnMut(Gc<Shape>) -> bool) {
        self.few.retain(|(_, shape)| is_live(*shape));
        self.many.retain(|_, shape| is_live(*shape));
    }
}

impl Shape {
    /// Where compiled code finds the metatable (null: none).
    pub const METATABLE_OFFSET: usize = std::mem::offset_of!(Shape, metatable);
    /// Where it finds the number of keys.
    pub const COUNT_OFFSET: usize = std::mem::offset_of!(Shape, count);

    fn make(
        heap: &mut Heap,
        metatable: Option<Gc<Table>>,
        flags: u8,
        count: u32,
        keys: Rc<RefCell<Keys>>,
    ) -> Gc<Shape> {
        let header = heap.header(Kind::Shape);
        let owns_keys = Rc::strong_count(&keys) == 1;
        let shape = Shape { header, metatable, count, flags, owns_keys, keys, links: None };
        heap.charge_new(shape.owned_bytes());
        let shape = heap.insert(shape);
        heap.register_shape(shape);
        shape
    }

    /// The shape of a table without metatable that keeps string keys in its dictionary.
    pub(crate) fn dict(heap: &mut Heap) -> Gc<Shape> {
        Self::make(heap, None, shape_flags::DICT, 0, Rc::default())
    }

    /// The shape of an empty table without metatable.
    pub(crate) fn root(heap: &mut Heap) -> Gc<Shape> {
        Self::make(heap, None, 0, 0, Rc::default())
    }

    #[inline(always)]
    pub fn metatable(&self) -> Option<Gc<Table>> {
        self.metatable
    }
    /// Number of keys, which is the number of property slots in use.
    #[inline(always)]
    pub fn count(&self) -> u32 {
        self.count
    }
    #[inline(always)]
    pub fn is_dict(&self) -> bool {
        self.flags & shape_flags::DICT != 0
    }
    #[inline(always)]
    pub fn is_proto(&self) -> bool {
        self.flags & shape_flags::PROTO != 0
    }
    /// Slot of `key`, a short string.
    #[inline]
    pub fn find(&self, key: Gc<Str>) -> Option<u32> {
        self.keys.borrow().find(key, self.count)
    }
    pub(crate) fn key_at(&self, slot: u32) -> Gc<Str> {
        self.keys.borrow().keys[slot as usize]
    }

    fn keys_copy(&self) -> Rc<RefCell<Keys>> {
        let mut copy = Keys::default();
        for key in &self.keys.borrow().keys[..self.count as usize] {
            copy.push(*key);
        }
        Rc::new(RefCell::new(copy))
    }

    /// Keys with `key` appended, shared with this shape where nobody else has gone on from here.
    fn keys_with(&self, key: Gc<Str>) -> Rc<RefCell<Keys>> {
        let keys =
            if self.keys.borrow().keys.len() == self.count as usize { self.keys.clone() } else { self.keys_copy() };
        keys.borrow_mut().push(key);
        keys
    }

    /// What the shape takes beside its object: a transition, and its keys, or the last of them when it shares the rest.
    pub(crate) fn owned_bytes(&self) -> usize {
        const TRANSITION: usize = 2 * size_of::<(Gc<Str>, Gc<Shape>)>();
        const KEY: usize = size_of::<Gc<Str>>() + 4 * size_of::<u32>();
        TRANSITION + if self.owns_keys { self.count as usize * KEY } else { KEY }
    }

    pub(crate) fn trace(&self, heap: &mut Heap) {
        if let Some(metatable) = self.metatable {
            heap.mark(metatable);
        }
        for key in &self.keys.borrow().keys {
            heap.mark(*key);
        }
    }

    pub(crate) fn retain_transitions(&mut self, mut is_live: impl FnMut(Gc<Shape>) -> bool) {
        if let Some(links) = &mut self.links {
            links.transitions.retain(|(_, child)| is_live(*child));
            links.siblings.retain(is_live);
        }
    }
}

impl Gc<Shape> {
    fn transition(self, key: Gc<Str>) -> Option<Gc<Shape>> {
        let (_, child) = self.links.as_ref()?.transitions.iter().find(|(other, _)| *other == key)?;
        Some(*child)
    }

    /// The shape after adding `key`, a short string that is not among the keys; `None` when the table should turn
    /// to a dictionary.
    pub(crate) fn with_key(self, heap: &mut Heap, key: Gc<Str>) -> Option<Gc<Shape>> {
        if let Some(child) = self.transition(key) {
            if heap.is_live(child) {
                return Some(child);
            }
            self.get_mut().retain_transitions(|child| heap.is_live(child));
        }
        let branches = self.links.as_ref().map_or(0, |links| links.transitions.len());
        if self.count >= MAX_KEYS || branches >= MAX_TRANSITIONS {
            return None;
        }
        // The keys may be those of a shape that has been reached already.
        if heap.is_marking() {
            heap.mark(key);
        }
        let keys = self.keys_with(key);
        let child = Shape::make(heap, self.metatable, self.flags, self.count + 1, keys);
        if !self.is_proto() {
            self.get_mut().links.get_or_insert_default().transitions.push((key, child));
        }
        Some(child)
    }

    /// The shape of the same table under another metatable.
    pub(crate) fn with_metatable(self, heap: &mut Heap, metatable: Option<Gc<Table>>) -> Gc<Shape> {
        if self.metatable == metatable {
            return self;
        }
        if let Some(sibling) = self.links.as_ref().and_then(|links| links.siblings.find(metatable)) {
            if heap.is_live(sibling) {
                return sibling;
            }
            self.get_mut().retain_transitions(|child| heap.is_live(child));
        }
        let sibling = Shape::make(heap, metatable, self.flags, self.count, self.keys.clone());
        // A proto owns its shape alone; a shape with many siblings is one that every table passes through once.
        if !self.is_proto() {
            self.get_mut().links.get_or_insert_default().siblings.add(metatable, sibling);
        }
        sibling
    }

    /// A shape with the same metatable for a table that keeps string keys in its dictionary.
    pub(crate) fn to_dict(self, heap: &mut Heap) -> Gc<Shape> {
        if self.is_proto() {
            return Shape::make(heap, self.metatable, self.flags | shape_flags::DICT, 0, Rc::default());
        }
        heap.dict_shape().with_metatable(heap, self.metatable)
    }

    /// The same keys in a shape of the table's own.
    pub(crate) fn to_proto(self, heap: &mut Heap) -> Gc<Shape> {
        Shape::make(heap, self.metatable, self.flags | shape_flags::PROTO, self.count, self.keys.clone())
    }
}
