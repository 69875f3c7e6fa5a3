//! Making objects, and releasing what dead ones own.

use super::{Gc, GcHeader, Heap, Kind, Object};
use crate::{
    function::{Closure, Native, Proto},
    string::Str,
    table::{Shape, Table},
    thread::Thread,
    userdata::Userdata,
    value::Value,
};

impl Heap {
    /// A header for an object that is about to be linked.
    #[inline(always)]
    pub(crate) fn header(&self, kind: Kind) -> GcHeader {
        GcHeader { kind, mark: self.new_mark, finalizable: false, identified: false }
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

    pub(crate) fn dict_shape(&mut self) -> Gc<Shape> {
        match self.dict_shape {
            Some(shape) => shape,
            None => {
                let shape = Shape::dict(self);
                self.dict_shape = Some(shape);
                shape
            }
        }
    }

    pub(crate) fn thread(&mut self, is_main: bool) -> Gc<Thread> {
        let thread = Thread::new(self, is_main);
        let thread = self.insert(thread);
        self.threads.push(thread);
        if is_main {
            self.lend_stack(thread);
        }
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
        self.charge_new(size_of_val(&*data));
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

    /// Releases what a dead object owns.
    ///
    /// # Safety
    /// `object` is unreachable, and its memory is not used as an object afterwards.
    #[inline(always)]
    pub(super) unsafe fn finish(&mut self, object: *mut GcHeader) {
        // SAFETY: `kind` tells the type.
        unsafe {
            if (*object).identified {
                self.identities.forget(object as u64);
            }
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
                Kind::Thread => {
                    self.finish_thread(&mut *object.cast::<Thread>());
                    object.cast::<Thread>().drop_in_place();
                }
                Kind::Proto => object.cast::<Proto>().drop_in_place(),
                Kind::Shape => object.cast::<Shape>().drop_in_place(),
            }
        }
    }
}
