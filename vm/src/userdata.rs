//! Full userdata: a Rust value that Lua holds.

use std::any::Any;

use crate::{
    heap::{Gc, GcHeader, Heap},
    table::Table,
};

/// A Rust value in the heap.
#[repr(C)]
pub struct Userdata {
    pub(crate) header: GcHeader,
    pub metatable: Option<Gc<Table>>,
    pub data: Box<dyn Any>,
}

impl Userdata {
    pub(crate) fn owned_bytes(&self) -> usize {
        size_of_val(&*self.data)
    }

    pub(crate) fn trace(&self, heap: &mut Heap) {
        if let Some(metatable) = self.metatable {
            heap.mark(metatable);
        }
    }
}
