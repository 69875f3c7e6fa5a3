//! Objects: what each begins with, and pointers to them. The heap's invariants are in [`super`].

use std::{alloc::Layout, fmt, marker::PhantomData, ops::Deref, ptr::NonNull};

use super::Heap;
use crate::{
    function::{Closure, Native, Proto, Upvalue},
    string::Str,
    table::{Shape, Table},
    thread::Thread,
    userdata::Userdata,
};

/// What an object is; the collector's dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// No object: a free cell.
    Free,
    Str,
    Table,
    Closure,
    Native,
    Userdata,
    Thread,
    Upvalue,
    Proto,
    Shape,
}

/// First field of every heap object.
#[repr(C, align(4))]
pub struct GcHeader {
    pub(super) kind: Kind,
    /// Equal to [`Heap::epoch`] when reached in the present cycle.
    pub(super) mark: u8,
    /// In the finalizer list.
    pub(crate) finalizable: bool,
    /// `tostring` has shown a number for it.
    pub(super) identified: bool,
}

impl GcHeader {
    pub(super) const FREE: GcHeader = GcHeader { kind: Kind::Free, mark: 0, finalizable: false, identified: false };
    /// Whether a reference must not be stored into the object unnoticed; [`Heap::barrier`] asks the same.
    #[inline(always)]
    pub(crate) fn needs_barrier(&self, heap: &Heap) -> bool {
        self.mark == heap.barrier_mark
    }
    /// Where compiled code finds the mark in every object.
    pub const MARK_OFFSET: usize = std::mem::offset_of!(GcHeader, mark);
}

/// A type that lives in the heap.
///
/// # Safety
/// `repr(C)` with a [`GcHeader`] first, and `KIND` unique to the type.
pub unsafe trait Object {
    const KIND: Kind;
}

macro_rules! object {
    ($($type:ident),*) => {$(
        // SAFETY: each of these types is `repr(C)` and begins with its header.
        unsafe impl Object for $type { const KIND: Kind = Kind::$type; }
    )*};
}
object!(Str, Table, Closure, Native, Userdata, Thread, Upvalue, Proto, Shape);

/// A pointer into the heap, valid as the heap's invariant says.
#[repr(transparent)]
pub struct Gc<T>(NonNull<T>, PhantomData<T>);

impl<T> Clone for Gc<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Gc<T> {}
impl<T> PartialEq for Gc<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Gc<T> {}
impl<T> fmt::Debug for Gc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gc({:p})", self.0)
    }
}

impl<T> Gc<T> {
    /// # Safety
    /// `address` must be that of a live `T` in the heap.
    #[inline(always)]
    pub unsafe fn from_address(address: usize) -> Self {
        // SAFETY: a live object is not at null.
        unsafe { Gc(NonNull::new_unchecked(address as *mut T), PhantomData) }
    }
    /// # Safety
    /// `pointer` must point to a live `T` in the heap.
    #[inline(always)]
    pub unsafe fn from_ptr(pointer: *mut T) -> Self {
        // SAFETY: as the contract says.
        unsafe { Self::from_address(pointer as usize) }
    }
    #[inline(always)]
    pub fn address(self) -> usize {
        self.0.as_ptr() as usize
    }
    #[inline(always)]
    pub fn as_ptr(self) -> *mut T {
        self.0.as_ptr()
    }
    /// Exclusive access.
    ///
    /// INVARIANT: the VM is single-threaded and keeps no reference into an object across a call that may reach
    /// the same object; callers keep the borrow short.
    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "the heap is a graph; exclusivity is by the invariant above")]
    pub(crate) fn get_mut(&self) -> &mut T {
        // SAFETY: the object is live (the heap's invariant) and the borrow exclusive (invariant above).
        unsafe { &mut *self.0.as_ptr() }
    }
}

impl<T> Deref for Gc<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the object is live by the heap's invariant.
        unsafe { self.0.as_ref() }
    }
}

/// Layout of an object with `len` trailing bytes.
pub(crate) fn layout_with_tail<T>(len: usize) -> Layout {
    Layout::from_size_align(size_of::<T>() + len, align_of::<T>()).expect("object size fits the address space")
}
