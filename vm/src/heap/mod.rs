//! The heap: allocation, and precise, non-moving mark and lazy sweep.
//!
//! INVARIANT: an allocation never collects. Marking happens only at polls ([`crate::vm::Vm::poll`]), so a heap
//! pointer held by Rust code is valid until it calls Lua or returns to it; across that, the object must be in a
//! frame, in the registry, or in another live object.

mod cells;
mod mark;
#[cfg(test)]
pub(crate) mod tests;

use std::{
    alloc::Layout,
    fmt,
    marker::PhantomData,
    ops::Deref,
    ptr::NonNull,
    sync::atomic::{AtomicUsize, Ordering},
};

use cells::{Cells, charged};

use crate::{
    function::{Closure, Native, Proto, Upvalue},
    string::{Interner, Str},
    table::{Shape, Table, process_seed},
    thread::Thread,
    userdata::Userdata,
    value::Value,
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
    kind: Kind,
    /// Equal to [`Heap::epoch`] when live in the present cycle.
    mark: u8,
    /// In the finalizer list.
    pub(crate) finalizable: bool,
}

impl GcHeader {
    const FREE: GcHeader = GcHeader { kind: Kind::Free, mark: 0, finalizable: false };
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

/// A pointer into the heap, valid as the module's invariant says.
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
        // SAFETY: the object is live (module invariant) and the borrow exclusive (invariant above).
        unsafe { &mut *self.0.as_ptr() }
    }
}

impl<T> Deref for Gc<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the object is live by the module's invariant.
        unsafe { self.0.as_ref() }
    }
}

/// The heap of one VM.
pub struct Heap {
    /// Bytes in use, as charged by the objects: what was found dead does not count, swept or not.
    pub bytes: usize,
    /// A poll collects when `bytes` passes this. Interrupts write it from other threads.
    pub threshold: usize,
    epoch: u8,
    cells: Cells,
    /// Most bytes in use before the present ones were allocated; see [`Heap::peak_bytes`].
    peak_bytes: usize,
    /// Most bytes that may be in use after a collection, `usize::MAX` without a limit.
    pub limit: usize,
    pub cycles: u64,
    pub running: bool,
    /// Collect at every poll: a test mode that finds references which a tier failed to keep.
    pub stress: bool,
    /// Percentage of live bytes at which the next cycle starts (`collectgarbage "setpause"`).
    pub pause: usize,
    pub(crate) interner: Interner,
    gray: Vec<NonNull<GcHeader>>,
    weak_values: Vec<Gc<Table>>,
    ephemerons: Vec<Gc<Table>>,
    weak_both: Vec<Gc<Table>>,
    finalizable: Vec<Value>,
    pub(crate) to_finalize: std::collections::VecDeque<Value>,
    shapes: Vec<Gc<Shape>>,
    threads: Vec<Gc<Thread>>,
    root_shape: Option<Gc<Shape>>,
    /// Moves when a change to a metatable or to a table searched through `__index` may invalidate cached lookups.
    pub proto_epoch: u32,
    live_bytes: usize,
    weak_mode_key: Option<Gc<Str>>,
}

/// Heap size at which the first cycle starts.
const FIRST_THRESHOLD: usize = 1 << 20;

impl Heap {
    pub(crate) fn new(hash_seed: u32) -> Self {
        Self {
            bytes: 0,
            threshold: FIRST_THRESHOLD,
            epoch: 1,
            cells: Cells::new(),
            peak_bytes: 0,
            limit: usize::MAX,
            cycles: 0,
            running: true,
            stress: false,
            pause: 200,
            interner: Interner::new(hash_seed ^ process_seed() as u32),
            gray: Vec::new(),
            weak_values: Vec::new(),
            ephemerons: Vec::new(),
            weak_both: Vec::new(),
            finalizable: Vec::new(),
            to_finalize: Default::default(),
            shapes: Vec::new(),
            threads: Vec::new(),
            root_shape: None,
            proto_epoch: 0,
            live_bytes: 0,
            weak_mode_key: None,
        }
    }

    /// A header for an object that is about to be linked.
    #[inline(always)]
    pub(crate) fn header(&self, kind: Kind) -> GcHeader {
        GcHeader { kind, mark: self.epoch, finalizable: false }
    }

    /// Whether a poll has something to do: to collect, or what another thread asks for.
    #[inline(always)]
    pub fn poll_is_due(&self) -> bool {
        // SAFETY: the field is live and aligned. It is accessed atomically because an interrupt writes it.
        let threshold = unsafe { AtomicUsize::from_ptr((&raw const self.threshold).cast_mut()) };
        self.bytes >= threshold.load(Ordering::Relaxed)
    }

    /// Whether a poll should collect.
    #[inline(always)]
    pub fn wants_collection(&self) -> bool {
        self.poll_is_due() && self.running
    }

    pub(crate) fn set_threshold(&mut self, bytes: usize) {
        // SAFETY: as in `poll_is_due`.
        unsafe { AtomicUsize::from_ptr(&raw mut self.threshold) }.store(bytes, Ordering::SeqCst);
    }

    /// After an interrupt has lowered the threshold.
    pub(crate) fn rearm(&mut self) {
        if !self.stress {
            self.set_threshold(self.bytes + FIRST_THRESHOLD);
        }
    }

    /// Most bytes that were in use at a time.
    pub fn peak_bytes(&self) -> usize {
        self.peak_bytes.max(self.bytes)
    }

    /// To be called before `bytes` falls.
    #[inline(always)]
    fn note_peak(&mut self) {
        self.peak_bytes = self.peak_bytes.max(self.bytes);
    }

    /// Charges bytes that an object owns outside its own allocation.
    #[inline(always)]
    pub(crate) fn charge(&mut self, bytes: usize) {
        self.bytes += bytes;
    }
    #[inline(always)]
    pub(crate) fn discharge(&mut self, bytes: usize) {
        self.note_peak();
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Moves `object` into the heap. Its header must come from [`Heap::header`].
    #[inline(always)]
    pub(crate) fn insert<T: Object>(&mut self, object: T) -> Gc<T> {
        const { assert!(align_of::<T>() <= 8) };
        let pointer = self.allocate(size_of::<T>()).cast::<T>();
        // SAFETY: fresh memory of the right size.
        unsafe {
            pointer.write(object);
            Gc::from_ptr(pointer)
        }
    }

    /// Allocates a string object of `len` bytes; length, hash and content are unset.
    #[inline]
    pub(crate) fn insert_str(&mut self, len: usize) -> *mut Str {
        let pointer = self.allocate(Str::layout(len).size()).cast::<Str>();
        // SAFETY: fresh memory of the right size.
        unsafe { (&raw mut (*pointer).header).write(self.header(Kind::Str)) };
        pointer
    }

    #[inline(always)]
    pub(crate) fn root_shape(&mut self) -> Gc<Shape> {
        match self.root_shape {
            Some(shape) => shape,
            None => {
                let shape = Shape::root(self);
                self.root_shape = Some(shape);
                shape
            }
        }
    }

    pub(crate) fn thread(&mut self, is_main: bool) -> Gc<Thread> {
        let thread = Thread::new(self, is_main);
        let thread = self.insert(thread);
        self.threads.push(thread);
        thread
    }

    /// A closure whose `count` upvalues the caller must set before the next poll.
    #[inline]
    pub(crate) fn closure(&mut self, proto: Gc<Proto>, count: usize) -> Gc<Closure> {
        let pointer = self.allocate(Closure::layout(count).size()).cast::<Closure>();
        // SAFETY: fresh memory of the right size; the tail is written by the caller before the next poll.
        unsafe {
            pointer.write(Closure { header: self.header(Kind::Closure), upvalue_count: count as u32, proto });
            Gc::from_ptr(pointer)
        }
    }

    pub(crate) fn userdata(&mut self, data: Box<dyn std::any::Any>, metatable: Option<Gc<Table>>) -> Gc<Userdata> {
        let header = self.header(Kind::Userdata);
        let userdata = self.insert(Userdata { header, metatable, data });
        if let Some(metatable) = metatable {
            metatable.mark_proto(self);
        }
        userdata
    }

    pub(crate) fn register_shape(&mut self, shape: Gc<Shape>) {
        self.shapes.push(shape);
    }

    /// `value` has a metatable with `__gc`.
    pub(crate) fn register_finalizable(&mut self, value: Value) {
        // SAFETY: only tables and userdata have finalizers; both begin with a header.
        let header = unsafe { &mut *(value.bits as *mut GcHeader) };
        if !header.finalizable {
            header.finalizable = true;
            self.finalizable.push(value);
        }
    }

    /// Whether an object was reached in the present cycle (or made after it).
    #[inline(always)]
    fn is_marked(&self, header: *const GcHeader) -> bool {
        // SAFETY: callers pass headers of objects that have not been freed.
        unsafe { (*header).mark == self.epoch }
    }

    /// A string found in the interner may be dead and not swept yet: keep it.
    #[inline(always)]
    pub(crate) fn revive(&mut self, string: Gc<Str>) {
        if string.header.mark != self.epoch {
            string.get_mut().header.mark = self.epoch;
            self.bytes += charged(Str::layout(string.len()).size());
        }
    }

    /// Whether the object at this address was reached; asked between marking and sweeping.
    pub(crate) fn is_live_address(&self, address: u64) -> bool {
        self.is_marked(address as *const GcHeader)
    }

    /// Whether an object is live, asked between marking and sweeping.
    pub(crate) fn is_live<T: Object>(&self, object: Gc<T>) -> bool {
        self.is_marked(object.as_ptr().cast())
    }

    /// Queues every object with a finalizer, last registered first.
    pub(crate) fn finalize_everything(&mut self) {
        let values = std::mem::take(&mut self.finalizable);
        self.to_finalize.extend(values.into_iter().rev());
    }

    /// Releases what a dead object owns.
    ///
    /// # Safety
    /// `object` is unreachable, and its memory is not used as an object afterwards.
    #[inline(always)]
    unsafe fn finish(&mut self, object: *mut GcHeader) {
        // SAFETY: `kind` tells the type.
        unsafe {
            match (*object).kind {
                Kind::Closure | Kind::Upvalue | Kind::Free => {}
                Kind::Table => (*object.cast::<Table>()).release(self),
                Kind::Str => {
                    let string = object.cast::<Str>();
                    if (*string).is_short() {
                        self.interner.remove(string);
                    }
                }
                Kind::Native => object.cast::<Native>().drop_in_place(),
                Kind::Userdata => object.cast::<Userdata>().drop_in_place(),
                Kind::Thread => object.cast::<Thread>().drop_in_place(),
                Kind::Proto => object.cast::<Proto>().drop_in_place(),
                Kind::Shape => object.cast::<Shape>().drop_in_place(),
            }
        }
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        self.interner.clear();
        self.free_everything();
    }
}

/// Layout of an object with `len` trailing bytes.
pub(crate) fn layout_with_tail<T>(len: usize) -> Layout {
    Layout::from_size_align(size_of::<T>() + len, align_of::<T>()).expect("object size fits the address space")
}
