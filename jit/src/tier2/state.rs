//! What the builder knows at one point of the bytecode: where each register's value is, and facts about tables.

use super::ir::{Saved, V};

/// Where a register's value is and what is known of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rep {
    /// In its home slot; the tag, if known.
    Home(Option<u8>),
    Int(V),
    Float(V),
    /// A constant tag above `FLOAT`, with payload.
    Ref(u8, V),
    /// Nil or a boolean.
    Prim(u8),
    /// Payload and tag, both in values.
    Any(V, V),
}

impl Rep {
    pub fn saved(self) -> Option<Saved> {
        Some(match self {
            Rep::Home(_) => return None,
            Rep::Int(value) => Saved::Int(value),
            Rep::Float(value) => Saved::Float(value),
            Rep::Ref(tag, value) => Saved::Tagged(tag, value),
            Rep::Prim(tag) => Saved::Prim(tag),
            Rep::Any(payload, tag) => Saved::Any(payload, tag),
        })
    }
    /// May refer to the heap, so that the collector has to find it in its home slot.
    pub fn may_be_heap(self) -> bool {
        matches!(self, Rep::Ref(..) | Rep::Any(..))
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Slot {
    pub rep: Rep,
    /// The home slot is stale.
    pub dirty: bool,
}

/// A table's array part has been looked at: valid until anything may change it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ArrayFact {
    pub table: V,
    pub kind: u8,
    pub len: V,
    pub data: V,
}

/// Tables known to have a shape, by its address.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShapeFact {
    pub table: V,
    pub shape: u64,
    pub slots: V,
}

#[derive(Clone, Debug)]
pub struct State {
    pub slots: Vec<Slot>,
    pub arrays: Vec<ArrayFact>,
    pub shapes: Vec<ShapeFact>,
}

impl State {
    pub fn new(registers: usize) -> State {
        State {
            slots: vec![Slot { rep: Rep::Home(None), dirty: false }; registers],
            arrays: Vec::new(),
            shapes: Vec::new(),
        }
    }
    pub fn forget_tables(&mut self) {
        self.arrays.clear();
        self.shapes.clear();
    }
}
