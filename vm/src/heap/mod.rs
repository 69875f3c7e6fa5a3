//! The heap: allocation, and precise, non-moving mark and lazy sweep.
//!
//! INVARIANT: an allocation never collects. Marking happens only at polls ([`crate::vm::Vm::poll`]), so a heap
//! pointer held by Rust code is valid until it calls Lua or returns to it; across that, the object must be in a
//! frame, in the registry, or in another live object.

mod mark;

use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    fmt,
    marker::PhantomData,
    ops::Deref,
    ptr::{self, NonNull},
};

use crate::{
    function::{Closure, Native, Proto, Upvalue},
    string::{Interner, Str},
    table::{Shape, Table},
    thread::Thread,
    userdata::Userdata,
    value::Value,
};

/// What an object is; the collector's dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
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
#[repr(C)]
pub struct GcHeader {
    next: *mut GcHeader,
    kind: Kind,
    /// Equal to [`Heap::epoch`] when live in the present cycle.
    mark: u8,
    /// In the finalizer list.
    pub(crate) finalizable: bool,
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
    objects: *mut GcHeader,
    /// Where the sweep stands: the link that holds the next object to look at; null when no sweep is on.
    sweep_at: *mut *mut GcHeader,
    epoch: u8,
    /// Bytes in use, as charged by the objects.
    pub bytes: usize,
    /// A poll collects when `bytes` passes this.
    pub threshold: usize,
    pub peak_bytes: usize,
    /// Most bytes that may be in use after a collection, `usize::MAX` without a limit.
    pub limit: usize,
    pub cycles: u64,
    pub running: bool,
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
            objects: ptr::null_mut(),
            sweep_at: ptr::null_mut(),
            epoch: 1,
            bytes: 0,
            threshold: FIRST_THRESHOLD,
            peak_bytes: 0,
            limit: usize::MAX,
            cycles: 0,
            running: true,
            pause: 200,
            interner: Interner::new(hash_seed),
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
    pub(crate) fn header(&self, kind: Kind) -> GcHeader {
        GcHeader { next: ptr::null_mut(), kind, mark: self.epoch, finalizable: false }
    }

    /// Whether a poll should collect. While the sweep of the last cycle is on, `bytes` still counts the dead.
    #[inline(always)]
    pub fn wants_collection(&self) -> bool {
        self.bytes >= self.threshold && self.sweep_at.is_null() && self.running
    }

    /// Charges bytes that an object owns outside its own allocation.
    #[inline(always)]
    pub(crate) fn charge(&mut self, bytes: usize) {
        self.bytes += bytes;
    }
    #[inline(always)]
    pub(crate) fn discharge(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Moves `object` into the heap. Its header must come from [`Heap::header`].
    pub(crate) fn insert<T: Object>(&mut self, object: T) -> Gc<T> {
        let pointer = Box::into_raw(Box::new(object));
        // SAFETY: freshly boxed, and `Object` promises a leading header.
        unsafe {
            self.link(pointer.cast(), size_of::<T>());
            Gc::from_ptr(pointer)
        }
    }

    /// Allocates a string object of `len` bytes, content unset.
    pub(crate) fn insert_str(&mut self, len: usize) -> *mut Str {
        let layout = Str::layout(len);
        // SAFETY: the layout has a non-zero size.
        unsafe {
            let pointer = alloc(layout).cast::<Str>();
            if pointer.is_null() {
                handle_alloc_error(layout);
            }
            (&raw mut (*pointer).header).write(self.header(Kind::Str));
            self.link(pointer.cast(), layout.size());
            pointer
        }
    }

    /// # Safety
    /// `object` must be a fresh object with an initialised header.
    #[inline]
    unsafe fn link(&mut self, object: *mut GcHeader, size: usize) {
        if !self.sweep_at.is_null() {
            // The sweep keeps ahead of allocation in objects and in bytes.
            self.sweep_step(4 + size / 256);
        }
        // SAFETY: as the contract says.
        unsafe {
            (*object).next = self.objects;
            if self.sweep_at == &raw mut self.objects {
                self.sweep_at = &raw mut (*object).next;
            }
            self.objects = object;
        }
        self.bytes += size;
        if self.bytes > self.peak_bytes {
            self.peak_bytes = self.bytes;
        }
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
    pub(crate) fn closure(&mut self, proto: Gc<Proto>, count: usize) -> Gc<Closure> {
        let layout = Closure::layout(count);
        // SAFETY: the layout has a non-zero size; header and fields are written before the object is linked, the tail
        // by the caller before the next poll.
        unsafe {
            let pointer = alloc(layout).cast::<Closure>();
            if pointer.is_null() {
                handle_alloc_error(layout);
            }
            pointer.write(Closure { header: self.header(Kind::Closure), proto, upvalue_count: count });
            self.link(pointer.cast(), layout.size());
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
    pub(crate) fn revive(&self, string: Gc<Str>) {
        string.get_mut().header.mark = self.epoch;
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

    /// Frees up to `count` dead objects' worth of the list.
    fn sweep_step(&mut self, count: usize) {
        for _ in 0..count {
            // SAFETY: `sweep_at` points at a link of the object list; objects behind it have not been freed.
            unsafe {
                let object = *self.sweep_at;
                if object.is_null() {
                    self.sweep_at = ptr::null_mut();
                    return;
                }
                if (*object).mark == self.epoch {
                    self.sweep_at = &raw mut (*object).next;
                } else {
                    *self.sweep_at = (*object).next;
                    self.free(object);
                }
            }
        }
    }

    /// Completes a sweep that is under way.
    pub(crate) fn finish_sweep(&mut self) {
        while !self.sweep_at.is_null() {
            self.sweep_step(1024);
        }
    }

    /// # Safety
    /// `object` is unlinked and unreachable.
    unsafe fn free(&mut self, object: *mut GcHeader) {
        // SAFETY: `kind` tells the type that was boxed; strings were allocated with their own layout.
        unsafe {
            match (*object).kind {
                Kind::Str => {
                    let string = object.cast::<Str>();
                    if (*string).is_short() {
                        self.interner.remove(string);
                    }
                    let layout = Str::layout((*string).len());
                    self.discharge(layout.size());
                    dealloc(object.cast(), layout);
                }
                Kind::Table => self.free_boxed(object.cast::<Table>(), |table| table.owned_bytes()),
                Kind::Closure => {
                    let layout = Closure::layout((*object.cast::<Closure>()).upvalue_count);
                    self.discharge(layout.size());
                    dealloc(object.cast(), layout);
                }
                Kind::Native => self.free_boxed(object.cast::<Native>(), |native| native.owned_bytes()),
                Kind::Userdata => self.free_boxed(object.cast::<Userdata>(), |_| 0),
                Kind::Thread => self.free_boxed(object.cast::<Thread>(), |_| 0),
                Kind::Upvalue => self.free_boxed(object.cast::<Upvalue>(), |_| 0),
                Kind::Proto => self.free_boxed(object.cast::<Proto>(), |proto| proto.owned_bytes()),
                Kind::Shape => self.free_boxed(object.cast::<Shape>(), |_| 0),
            }
        }
    }

    /// # Safety
    /// `object` came from [`Heap::insert`] and is unlinked.
    unsafe fn free_boxed<T>(&mut self, object: *mut T, owned: impl FnOnce(&T) -> usize) {
        // SAFETY: as the contract says.
        let object = unsafe { Box::from_raw(object) };
        self.discharge(size_of::<T>() + owned(&object));
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        self.sweep_at = ptr::null_mut();
        let mut object = self.objects;
        while !object.is_null() {
            // SAFETY: every object in the list is live memory; nothing is used afterwards.
            unsafe {
                let next = (*object).next;
                self.free(object);
                object = next;
            }
        }
    }
}

/// Layout of an object with `len` trailing bytes.
pub(crate) fn layout_with_tail<T>(len: usize) -> Layout {
    Layout::from_size_align(size_of::<T>() + len, align_of::<T>()).expect("object size fits the address space")
}
