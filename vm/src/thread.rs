//! Threads (coroutines): a Lua stack and what belongs to it.
//!
//! A coroutine needs no native stack of its own. A yield is a status that travels through compiled code and natives
//! that allow it, each of which leaves its frame on the Lua stack in interpreter form; a resume runs the topmost
//! frame in the interpreter, which returns into the frames below as into its own.
//!
//! A thread that runs has a stack of reserved address space, which never moves. What is suspended has no native
//! activation, hence nobody who holds addresses in its stack but the thread itself: so its slots may be *parked* in a
//! buffer of their size and its stack be lent to another thread. That happens when more than [`LENT`] stacks are in
//! use, so few coroutines never pay for it, and many take little more memory than their frames.
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
const LIMIT_STEP: (usize, usize) = (64, 4_096);

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
    /// Bytes of the parking buffer; 0 when there is none.
    parked: u32,
    /// Place among [`Stacks::lent`], or [`NO_STACK`].
    place: u32,
    pub status: ThreadStatus,
    pub(crate) is_main: bool,
    /// First slot: of the stack, or of the buffer that it is parked in.
    base: *mut Value,
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
    /// Bytes that are charged for slots.
    charged: usize,
    /// Native activations that a yield could not pass.
    pub(crate) nonyieldable: u32,
    /// What `debug.sethook` has set for it.
    pub(crate) hook: Option<Box<Hook>>,
    /// The error that killed it.
    pub(crate) failure: Value,
}

/// [`Thread::place`] of a thread that has no stack.
const NO_STACK: u32 = u32::MAX;

impl Thread {
    pub(crate) fn new(heap: &Heap, is_main: bool) -> Thread {
        let nowhere = std::ptr::dangling_mut::<Value>();
        Thread {
            header: heap.header(crate::heap::Kind::Thread),
            parked: 0,
            place: NO_STACK,
            status: ThreadStatus::Suspended,
            is_main,
            base: nowhere,
            frame: Frame(std::ptr::null_mut()),
            top: nowhere,
            limit: nowhere,
            open_upvalues: None,
            resumer: None,
            tbc: Vec::new(),
            is_touched: false,
            charged: 0,
            nonyieldable: 0,
            hook: None,
            failure: Value::NIL,
        }
    }

    /// Becomes dead, without an error.
    pub(crate) fn end(&mut self) {
        self.status = ThreadStatus::Dead;
        self.frame = Frame(std::ptr::null_mut());
        self.top = self.stack_base();
        self.failure = Value::NIL;
    }

    pub(crate) fn stack_base(&self) -> *mut Value {
        self.base
    }
    /// Where "stack overflow" begins, for a thread that has a stack.
    pub(crate) fn hard_limit(&self) -> *mut Value {
        debug_assert!(self.place != NO_STACK);
        // SAFETY: within the reservation.
        unsafe { self.base.add(STACK_SLOTS) }
    }

    /// Nothing runs above the hard limit any more, and what has run there is forgotten.
    pub(crate) fn close_reserve(&mut self) {
        let hard = self.hard_limit();
        // SAFETY: the reserve is part of the stack, and `limit` lies in it or at its beginning.
        unsafe { clear(hard, self.limit) };
        self.limit = hard;
    }

    /// Slots in use while not running.
    pub(crate) fn used_slots(&self) -> usize {
        // SAFETY: both lie in one reservation or buffer.
        unsafe { self.top.offset_from(self.stack_base()) as usize }
    }

    /// Bytes of memory behind the stack, or of the buffer that it is parked in.
    pub(crate) fn stack_bytes(&self) -> usize {
        self.charged
    }

    /// Charges for the stack up to `limit`.
    pub(crate) fn charge_to(&mut self, heap: &mut Heap, limit: *mut Value) {
        let bytes = (limit as usize - self.stack_base() as usize).next_multiple_of(PAGE);
        self.recharge(heap, bytes.max(self.charged));
    }

    fn recharge(&mut self, heap: &mut Heap, bytes: usize) {
        match bytes.checked_sub(self.charged) {
            Some(more) => heap.charge(&self.header, more),
            None => heap.discharge(&self.header, self.charged - bytes),
        }
        self.charged = bytes;
    }

    /// Gives the system back what lies above `limit`, when it is much.
    pub(crate) fn trim(&mut self, heap: &mut Heap, limit: *mut Value) {
        let bytes = (limit as usize - self.stack_base() as usize).next_multiple_of(PAGE);
        if self.charged > TRIM_BYTES && bytes < self.charged / 4 {
            // SAFETY: the range is part of this stack; its slots are dead.
            unsafe {
                libc::madvise(self.stack_base().byte_add(bytes).cast(), self.charged - bytes, libc::MADV_DONTNEED);
            }
            self.recharge(heap, bytes);
        }
    }

    /// Marks the stack of a thread that does not run. Those that do, or wait for one that does, are among the roots.
    pub(crate) fn trace(&mut self, heap: &mut Heap) {
        if !matches!(self.status, ThreadStatus::Running | ThreadStatus::Normal) {
            self.trace_below(heap, self.top);
            // What is above has just been cleared.
            // SAFETY: inside the reservation, or at most at the end of the buffer.
            unsafe { self.limit = self.limit.min(self.top.add(limit_step(self.used_slots()))) };
        }
    }

    /// Marks the stack below `top` and forgets what is above it.
    pub(crate) fn trace_below(&self, heap: &mut Heap, top: *mut Value) {
        // SAFETY: `base ≤ top ≤ limit` lie in one reservation or buffer; headers look like nil. What lies between top
        // and the limit is written by dead frames only.
        unsafe {
            let live = top.offset_from(self.base) as usize;
            heap.mark_values(std::slice::from_raw_parts(self.base, live));
            clear(top, self.limit);
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

    /// Moves the slots in use to `base`, with everything that points to them. Native code must not run on the thread.
    ///
    /// # Safety
    /// There is room for them at `base`.
    unsafe fn move_to(&mut self, base: *mut Value) {
        let (old, used) = (self.base, self.used_slots());
        // SAFETY: as the contract says; slots that are pointed to lie below `top`.
        let moved = |slot: *mut Value| unsafe { base.offset(slot.offset_from(old)) };
        // SAFETY: as above.
        unsafe { base.copy_from_nonoverlapping(old, used) };
        if (old..=self.top).contains(&self.frame.0) {
            self.frame = Frame(moved(self.frame.0));
        }
        for slot in &mut self.tbc {
            *slot = moved(*slot);
        }
        let mut open = self.open_upvalues;
        while let Some(upvalue) = open {
            upvalue.get_mut().slot = moved(upvalue.slot);
            open = upvalue.next_open();
        }
        self.top = moved(self.top);
        self.base = base;
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

/// Sets slots to nil; whole pages in a long row are given back to the system, which makes them read as zero.
///
/// # Safety
/// From `from` to `to` there are slots of a stack, or `to` is not above `from`.
unsafe fn clear(from: *mut Value, to: *mut Value) {
    const PAGE: usize = 4096;
    /// Bytes from which giving back is faster than writing.
    const MANY: usize = 64 << 10;
    let count = (to as usize).saturating_sub(from as usize) / size_of::<Value>();
    let bytes = count * size_of::<Value>();
    // SAFETY: as the contract says; the pages lie inside. All zero is nil.
    unsafe {
        if bytes < MANY {
            return from.write_bytes(0, count);
        }
        let first = (from as usize).next_multiple_of(PAGE);
        let last = to as usize / PAGE * PAGE;
        from.write_bytes(0, (first - from as usize) / size_of::<Value>());
        libc::madvise(first as *mut libc::c_void, last - first, libc::MADV_DONTNEED);
        (last as *mut Value).write_bytes(0, (to as usize - last) / size_of::<Value>());
    }
}

const STACK_BYTES: usize = ((STACK_SLOTS + RESERVE_SLOTS) * size_of::<Value>()).next_multiple_of(1 << 21);
/// Stacks reserved at once.
const SLAB: usize = 64;
/// Stacks in use from which suspended threads are parked. A stack that is in use has touched a page of its own and a
/// page of the page table.
const LENT: usize = 128;
/// Threads that are looked at to find one to park.
const PROBES: usize = 8;
/// Most slots that are parked: a deep stack costs more to move than its pages are worth.
const MAX_PARKED: usize = 1_024;

/// Bytes of a Lua stack from which on recursion counts as deep.
const DEEP: usize = 1 << 20;

thread_local! {
    /// Stacks that nobody uses, all slots nil.
    static FREE_STACKS: RefCell<Vec<*mut Value>> = const { RefCell::new(Vec::new()) };
}

/// The threads of a heap that have stacks.
#[derive(Default)]
pub(crate) struct Stacks {
    lent: Vec<Gc<Thread>>,
    /// Where the search for a thread to park goes on.
    hand: usize,
    /// A stack has been deep and is no more, since it was last asked.
    deep: bool,
}

impl Stacks {
    /// Slots between `live` and `limit` have been used and are used no more.
    pub(crate) fn note_depth(&mut self, live: *mut Value, limit: *mut Value) {
        self.deep |= (limit as usize).saturating_sub(live as usize) > DEEP;
    }
    pub(crate) fn take_deep(&mut self) -> bool {
        std::mem::take(&mut self.deep)
    }
}

/// Takes a stack from the free ones, or from a new mapping.
fn take_stack() -> *mut Value {
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
        free.pop().expect("just filled")
    })
}

impl Heap {
    /// Gives a thread that is about to run a stack.
    #[inline]
    pub(crate) fn lend_stack(&mut self, thread: Gc<Thread>) {
        if thread.place == NO_STACK {
            self.lend_stack_slow(thread);
        }
    }

    fn lend_stack_slow(&mut self, thread: Gc<Thread>) {
        if self.stacks.lent.len() >= LENT {
            self.park_one();
        }
        let object = thread.get_mut();
        let buffer = object.base;
        // SAFETY: a stack has room for what a buffer holds, and for one step above.
        unsafe {
            object.move_to(take_stack());
            object.limit = object.top.add(limit_step(object.used_slots()));
        }
        self.free_parking(object, buffer);
        object.recharge(self, PAGE);
        object.charge_to(self, object.limit);
        object.place = self.stacks.lent.len() as u32;
        self.stacks.lent.push(thread);
    }

    /// Parks a suspended thread, if one is soon found.
    fn park_one(&mut self) {
        for _ in 0..PROBES {
            self.stacks.hand = (self.stacks.hand + 1) % self.stacks.lent.len();
            let thread = self.stacks.lent[self.stacks.hand];
            let idle = matches!(thread.status, ThreadStatus::Suspended | ThreadStatus::Dead);
            if idle && thread.used_slots() <= MAX_PARKED {
                return self.park(thread.get_mut(), thread.used_slots());
            }
        }
    }

    /// Moves the slots of a thread that does not run to a buffer for `slots` of them.
    fn park(&mut self, thread: &mut Thread, slots: usize) {
        let (stack, limit) = (thread.base, thread.limit);
        let bytes = slots * size_of::<Value>();
        let buffer = if bytes == 0 { std::ptr::dangling_mut() } else { self.allocate_buffer(bytes).cast::<Value>() };
        // SAFETY: the buffer has room for the slots in use.
        unsafe { thread.move_to(buffer) };
        thread.limit = thread.top;
        thread.parked = bytes as u32;
        thread.recharge(self, bytes);
        if thread.place != NO_STACK {
            self.take_back(thread, stack, limit);
        }
    }

    /// The stack of `thread`, written up to `limit`, is free again.
    fn take_back(&mut self, thread: &mut Thread, stack: *mut Value, limit: *mut Value) {
        let place = thread.place as usize;
        thread.place = NO_STACK;
        self.stacks.lent.swap_remove(place);
        if let Some(moved) = self.stacks.lent.get(place) {
            moved.get_mut().place = place as u32;
        }
        self.stacks.note_depth(stack, limit);
        // A recycled stack must look fresh: stale slots hold pointers to freed objects.
        // SAFETY: the limit lies in the stack.
        unsafe { clear(stack, limit) };
        // When the thread of execution ends, so does its address space of stacks.
        let _ = FREE_STACKS.try_with(|free| free.borrow_mut().push(stack));
    }

    fn free_parking(&mut self, thread: &mut Thread, buffer: *mut Value) {
        if thread.parked > 0 {
            let bytes = std::mem::take(&mut thread.parked) as usize;
            // SAFETY: allocated by `park` with this size; nothing points there any more.
            unsafe { self.free_buffer(buffer.cast(), bytes) };
        }
    }

    /// A thread that will run `function`.
    pub(crate) fn prepare_thread(&mut self, thread: Gc<Thread>, function: Value) {
        let thread = thread.get_mut();
        self.park(thread, 1);
        // SAFETY: the buffer has room for one slot.
        unsafe {
            *thread.base = function;
            thread.top = thread.base.add(1);
            thread.limit = thread.top;
        }
    }

    /// Takes its slots from a thread that is dead.
    pub(crate) fn release_slots(&mut self, thread: &mut Thread) {
        let (base, limit) = (thread.base, thread.limit);
        self.free_slots(thread, base, limit);
        thread.recharge(self, 0);
        thread.base = std::ptr::dangling_mut();
        (thread.top, thread.limit) = (thread.base, thread.base);
        thread.frame = Frame(std::ptr::null_mut());
        thread.tbc = Vec::new();
    }

    /// Frees what a thread that is about to be freed holds. Its upvalues have been closed.
    pub(crate) fn finish_thread(&mut self, thread: &mut Thread) {
        self.free_slots(thread, thread.base, thread.limit);
    }

    fn free_slots(&mut self, thread: &mut Thread, base: *mut Value, limit: *mut Value) {
        self.free_parking(thread, base);
        if thread.place != NO_STACK {
            self.take_back(thread, base, limit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        stdlib,
        vm::{Vm, VmOptions},
    };

    /// Runs `source` and ends the VM; the stack that it ran on is given back last.
    fn stack_after(source: &[u8]) -> &'static [Value] {
        let mut vm = Vm::new(&VmOptions::default());
        stdlib::open(&mut vm);
        let globals = vm.globals.into();
        let function = vm.load(source, b"=test", globals).expect("valid source");
        vm.call_from_host(function.into(), &[]).expect("no error");
        drop(vm);
        let stack = FREE_STACKS.with_borrow(|free| *free.last().expect("a stack was given back"));
        // SAFETY: the whole stack is mapped, and nobody uses it.
        unsafe { std::slice::from_raw_parts(stack, STACK_SLOTS + RESERVE_SLOTS) }
    }

    const DEEP: &str = "collectgarbage('stop')
        local function deep(n) local one, two = {}, {}; if n > 0 then deep(n - 1) end; return one, two end";

    #[test]
    fn a_stack_is_given_back_clear_when_a_vm_ends_without_a_collection() {
        let stack = stack_after(format!("{DEEP} deep(5000)").as_bytes());
        assert_eq!(stack.iter().position(|slot| !slot.is_nil()), None);
    }

    #[test]
    fn what_ran_in_the_reserve_is_forgotten() {
        let stack = stack_after(format!("{DEEP} xpcall(deep, function() deep(50) end, 1 << 40)").as_bytes());
        assert_eq!(stack.iter().position(|slot| !slot.is_nil()), None);
    }
}
