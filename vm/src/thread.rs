//! Threads (coroutines): a Lua stack and what belongs to it.
//!
//! A coroutine needs no native stack of its own. A yield is a status that travels through compiled code and natives
//! that allow it, each of which leaves its frame on the Lua stack in interpreter form; a resume runs the topmost
//! frame in the interpreter, which returns into the frames below as into its own.
//!
//! INVARIANT: a live upvalue never points into the stack of a dead thread: the collector closes the upvalues of
//! threads that it did not reach before it sweeps anything.

use std::cell::RefCell;

use crate::{
    frame::Frame,
    function::Upvalue,
    heap::{Gc, GcHeader, Heap},
    observe::hook::Hook,
    value::Value,
};

/// Slots of one stack, as many as PUC Lua's `LUAI_MAXSTACK`.
pub const STACK_SLOTS: usize = 1_000_000;
/// Slots beyond the limit in which an error can still be handled.
const RESERVE_SLOTS: usize = 8_192;
/// Slots by which the soft limit (see [`Thread::limit`]) stands above what is in use, at least and at most: what lies
/// between is cleared by each collection, so a small stack must not pay for a large one.
const LIMIT_STEP: (usize, usize) = (128, 4_096);

/// Slots by which the soft limit moves up when `used` slots are in use.
pub(crate) fn limit_step(used: usize) -> usize {
    used.clamp(LIMIT_STEP.0, LIMIT_STEP.1)
}

/// Stacks are charged for by the page, the first one from the beginning.
const PAGE: usize = 4096;
/// Stacks of up to this many bytes keep their memory.
const TRIM_BYTES: usize = 256 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadStatus {
    /// Not started, or waiting in a yield.
    Suspended,
    Running,
    /// Has resumed another thread.
    Normal,
    Dead,
}

/// A coroutine, or the main thread.
#[repr(C)]
pub struct Thread {
    pub(crate) header: GcHeader,
    stack: StackMemory,
    pub status: ThreadStatus,
    /// Topmost frame while not running; null before the start.
    pub(crate) frame: Frame,
    /// First free slot while not running.
    pub(crate) top: *mut Value,
    /// Soft limit: nothing above it has been written since the last collection. A frame that does not fit below
    /// moves it up, so that a collection knows what to clear.
    pub(crate) limit: *mut Value,
    pub(crate) open_upvalues: Option<Gc<Upvalue>>,
    pub(crate) resumer: Option<Gc<Thread>>,
    /// To-be-closed slots, innermost last.
    pub(crate) tbc: Vec<*mut Value>,
    /// It has run since the collector marked it, and waits to be marked again.
    pub(crate) is_touched: bool,
    /// Bytes of the stack that are charged for.
    charged: usize,
    /// Native activations that a yield could not pass.
    pub(crate) nonyieldable: u32,
    pub(crate) is_main: bool,
    /// What `debug.sethook` has set for it.
    pub(crate) hook: Option<Box<Hook>>,
    /// The error that killed it.
    pub(crate) failure: Value,
}

impl Thread {
    pub(crate) fn new(heap: &mut Heap, is_main: bool) -> Thread {
        let stack = StackMemory::take();
        let base = stack.base();
        // SAFETY: the stack is larger than one step.
        let limit = unsafe { base.add(limit_step(0)) };
        heap.charge_new(PAGE);
        Thread {
            header: heap.header(crate::heap::Kind::Thread),
            stack,
            status: ThreadStatus::Suspended,
            frame: Frame(std::ptr::null_mut()),
            top: base,
            limit,
            open_upvalues: None,
            resumer: None,
            tbc: Vec::new(),
            is_touched: false,
            charged: PAGE,
            nonyieldable: 0,
            is_main,
            hook: None,
            failure: Value::NIL,
        }
    }

    /// Becomes dead, without an error.
    pub(crate) fn end(&mut self) {
        self.status = ThreadStatus::Dead;
        self.frame = Frame(std::ptr::null_mut());
        self.top = self.stack_base();
    }

    pub(crate) fn stack_base(&self) -> *mut Value {
        self.stack.base()
    }
    /// Where "stack overflow" begins.
    pub(crate) fn hard_limit(&self) -> *mut Value {
        // SAFETY: within the reservation.
        unsafe { self.stack.base().add(STACK_SLOTS) }
    }

    /// Slots in use while not running.
    pub(crate) fn used_slots(&self) -> usize {
        // SAFETY: both lie in one reservation.
        unsafe { self.top.offset_from(self.stack_base()) as usize }
    }

    /// Bytes of memory behind the stack.
    pub(crate) fn stack_bytes(&self) -> usize {
        self.charged
    }

    /// Charges for the stack up to `limit`.
    pub(crate) fn charge_to(&mut self, heap: &mut Heap, limit: *mut Value) {
        let bytes = (limit as usize - self.stack_base() as usize).next_multiple_of(PAGE);
        if bytes > self.charged {
            heap.charge(&self.header, bytes - self.charged);
            self.charged = bytes;
        }
    }

    /// Gives the system back what lies above `limit`, when it is much.
    pub(crate) fn trim(&mut self, heap: &mut Heap, limit: *mut Value) {
        let bytes = (limit as usize - self.stack_base() as usize).next_multiple_of(PAGE);
        if self.charged > TRIM_BYTES && bytes < self.charged / 4 {
            // SAFETY: the range is part of this stack; its slots are dead.
            unsafe {
                libc::madvise(self.stack_base().byte_add(bytes).cast(), self.charged - bytes, libc::MADV_DONTNEED);
            }
            heap.discharge(&self.header, self.charged - bytes);
            self.charged = bytes;
        }
    }

    /// Marks the stack of a thread that does not run. Those that do, or wait for one that does, are among the roots.
    pub(crate) fn trace(&mut self, heap: &mut Heap) {
        if !matches!(self.status, ThreadStatus::Running | ThreadStatus::Normal) {
            self.trace_below(heap, self.top);
            // What is above has just been cleared.
            // SAFETY: inside the reservation.
            unsafe {
                self.limit = self.limit.min(self.top.add(limit_step(self.used_slots())));
            }
        }
    }

    /// Marks the stack below `top` and forgets what is above it.
    pub(crate) fn trace_below(&self, heap: &mut Heap, top: *mut Value) {
        let base = self.stack.base();
        // SAFETY: `base ≤ top ≤ limit` lie in one reservation; headers look like nil. What lies between top and the
        // limit is written by dead frames only.
        unsafe {
            let live = top.offset_from(base) as usize;
            heap.mark_values(std::slice::from_raw_parts(base, live));
            let mut slot = top;
            while slot < self.limit {
                (*slot).tag = 0;
                slot = slot.add(1);
            }
        }
        heap.mark_value(self.failure);
        if let Some(hook) = &self.hook {
            heap.mark_value(hook.function);
        }
        if let Some(resumer) = self.resumer {
            heap.mark(resumer);
        }
        let mut open = self.open_upvalues;
        while let Some(upvalue) = open {
            heap.mark(upvalue);
            open = upvalue.next_open();
        }
    }

    /// Closes every open upvalue at `level` or above.
    pub(crate) fn close_upvalues(&mut self, heap: &mut Heap, level: *mut Value) {
        while let Some(upvalue) = self.open_upvalues {
            if upvalue.slot < level {
                return;
            }
            let object = upvalue.get_mut();
            self.open_upvalues = object.next_open();
            // The stack slot needed no barrier, the upvalue does.
            heap.barrier(&object.header, object.get());
            object.closed = object.get();
            object.slot = &raw mut object.closed;
        }
    }

    /// The open upvalue of `slot`.
    pub(crate) fn find_upvalue(&mut self, heap: &mut Heap, slot: *mut Value) -> Gc<Upvalue> {
        let mut previous: Option<Gc<Upvalue>> = None;
        let mut next = self.open_upvalues;
        while let Some(upvalue) = next {
            if upvalue.slot == slot {
                return upvalue;
            }
            if upvalue.slot < slot {
                break;
            }
            previous = next;
            next = upvalue.next_open();
        }
        let made = heap.closed_upvalue(Value::NIL);
        made.get_mut().slot = slot;
        made.get_mut().set_next_open(next);
        match previous {
            Some(previous) => previous.get_mut().set_next_open(Some(made)),
            None => self.open_upvalues = Some(made),
        }
        made
    }
}

/// Address space of one stack, recycled per thread of execution.
struct StackMemory(*mut Value);

const STACK_BYTES: usize = ((STACK_SLOTS + RESERVE_SLOTS) * size_of::<Value>()).next_multiple_of(1 << 21);
/// Stacks reserved at once: one mapping serves them all, so that their number is not bounded by the mapping limit.
const SLAB: usize = 64;

thread_local! {
    static FREE_STACKS: RefCell<Vec<*mut Value>> = const { RefCell::new(Vec::new()) };
}

impl StackMemory {
    fn take() -> StackMemory {
        FREE_STACKS.with_borrow_mut(|free| {
            if free.is_empty() {
                // SAFETY: a fresh private anonymous mapping.
                let slab = unsafe {
                    libc::mmap(
                        std::ptr::null_mut(),
                        SLAB * STACK_BYTES,
                        libc::PROT_READ | libc::PROT_WRITE,
                        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                        -1,
                        0,
                    )
                };
                assert!(slab != libc::MAP_FAILED, "no address space for Lua stacks");
                for index in (0..SLAB).rev() {
                    // SAFETY: inside the slab.
                    free.push(unsafe { slab.cast::<u8>().add(index * STACK_BYTES) }.cast());
                }
            }
            StackMemory(free.pop().expect("just filled"))
        })
    }
    fn base(&self) -> *mut Value {
        self.0
    }
}

impl Drop for StackMemory {
    fn drop(&mut self) {
        // A recycled stack must look fresh: stale slots hold pointers to freed objects.
        // SAFETY: the range is this stack's part of a slab.
        unsafe { libc::madvise(self.0.cast(), STACK_BYTES, libc::MADV_DONTNEED) };
        let _ = FREE_STACKS.try_with(|free| free.borrow_mut().push(self.0));
    }
}
