//! The heap: allocation, and a precise, non-moving collector that marks in slices and sweeps lazily.
//!
//! INVARIANT: an allocation never collects. The collector works at polls only ([`crate::vm::Vm::poll_slow`]) and where a
//! native asks for room ([`crate::vm::Vm::check_room`]), so a heap pointer held by Rust code is valid until it does
//! that, calls Lua, or returns to it; across that, the object must be in a frame, in the registry, or in another live
//! object.
//!
//! INVARIANT: while the collector marks, no object that it has reached refers to one that it has not, stacks excepted.
//! Whoever stores a reference into an object calls a barrier ([`Heap::barrier`]), unless the object is so new that it
//! was made after the last poll.

mod cells;
mod cycle;
mod make;
mod mark;
mod object;
mod pauses;
#[cfg(test)]
pub(crate) mod tests;
mod verify;
mod weak;

use std::{
    ptr::NonNull,
    sync::atomic::{AtomicUsize, Ordering},
};

use cells::{Cells, charged};
pub(crate) use cycle::{Progress, SLICE_BYTES};
pub(crate) use object::layout_with_tail;
pub use object::{Gc, GcHeader, Kind, Object};
pub use pauses::Pauses;

use crate::{
    display::Identities,
    string::{Interner, Str},
    table::{Shape, Table, process_seed},
    thread::Thread,
    value::Value,
};

/// What the collector is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Sweeping what the last cycle found dead, or waiting for the next.
    Sweep,
    /// Marking. New objects are unmarked.
    Mark,
    /// Everything live is marked, and nothing has been freed yet: the VM's own lists forget the dead.
    Clear,
}

impl Phase {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sweep => "sweep",
            Self::Mark => "mark",
            Self::Clear => "clear",
        }
    }
}

/// Test modes: what happens at every poll.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GcStress {
    #[default]
    Off,
    /// A whole collection: finds references that a tier failed to keep.
    Full,
    /// The smallest slice of a cycle, whose outcome is verified: finds stores without a barrier.
    Slices,
}

impl GcStress {
    /// As the environment variable `TRINITY_GC_STRESS` says: `full` or `slices`.
    fn from_environment() -> GcStress {
        match std::env::var("TRINITY_GC_STRESS").as_deref() {
            Ok("full") => GcStress::Full,
            Ok("slices") => GcStress::Slices,
            _ => GcStress::Off,
        }
    }
}

/// The heap of one VM.
pub struct Heap {
    /// Bytes in use, as charged by the objects: what was found dead does not count, swept or not.
    pub bytes: usize,
    /// A poll collects when `bytes` passes this. Interrupts write it from other threads.
    pub threshold: usize,
    /// The mark that asks for a barrier: that of the objects reached so far while marking, else 0, which none has.
    pub barrier_mark: u8,
    epoch: u8,
    /// Mark of new objects: unmarked while marking, else marked.
    new_mark: u8,
    phase: Phase,
    cells: Cells,
    /// Most bytes in use before the present ones were allocated; see [`Heap::peak_bytes`].
    peak_bytes: usize,
    /// Most bytes that may be in use after a collection, [`NO_LIMIT`] without a limit.
    limit: usize,
    /// The limit has been hit: what handles the error may use the reserve.
    reserve_open: bool,
    /// The next slice of the collector is due at so many bytes.
    due: usize,
    pub cycles: u64,
    /// `cycles` at the end of the last step that the program asked for.
    pub(crate) cycles_at_step: u64,
    pub(crate) running: bool,
    pub(crate) stress: GcStress,
    /// Percentage of live bytes at which the next cycle starts (`collectgarbage "setpause"`).
    pub(crate) pause: usize,
    /// Marking work per allocated byte, as a percentage of the default (`collectgarbage "setstepmul"`).
    pub(crate) step_multiplier: usize,
    /// How long the collector has stopped the program, in processor time.
    pub pauses: Pauses,
    pub(crate) interner: Interner,
    pub(crate) identities: Identities,
    gray: Vec<NonNull<GcHeader>>,
    /// Large tables whose entries are being marked in slices.
    partial: Vec<mark::PartialScan>,
    /// What marking has done, in units of about a nanosecond.
    work: usize,
    /// Objects reached in this cycle.
    reached: u64,
    /// Threads that have run since they were marked.
    touched: Vec<Gc<Thread>>,
    /// Weak tables reached in this cycle.
    weak_values: Vec<Gc<Table>>,
    ephemerons: Vec<Gc<Table>>,
    weak_both: Vec<Gc<Table>>,
    finalizable: Vec<Value>,
    pub(crate) to_finalize: std::collections::VecDeque<Value>,
    shapes: Vec<Gc<Shape>>,
    threads: Vec<Gc<Thread>>,
    pub(crate) stacks: crate::thread::Stacks,
    /// Shapes and threads that [`Phase::Clear`] has looked at.
    cleared: (usize, usize),
    root_shape: Option<Gc<Shape>>,
    /// Shared by all tables without metatable that keep string keys in their dictionary.
    dict_shape: Option<Gc<Shape>>,
    /// Moves when a change to a metatable or to a table searched through `__index` may invalidate cached lookups.
    pub proto_epoch: u32,
    /// Bytes of the objects reached so far in this cycle.
    live_bytes: usize,
    /// Bytes charged that no object owns.
    aside_bytes: usize,
    weak_mode_key: Option<Gc<Str>>,
}

/// Heap size at which the first cycle starts.
const FIRST_THRESHOLD: usize = 1 << 20;
/// No limit, and no threshold. PERF: compiled code subtracts thresholds as signed numbers.
pub const NO_LIMIT: usize = usize::MAX >> 2;

impl Heap {
    pub(crate) fn new(hash_seed: u32) -> Self {
        let stress = GcStress::from_environment();
        Self {
            bytes: 0,
            threshold: if stress == GcStress::Off { FIRST_THRESHOLD } else { 0 },
            barrier_mark: 0,
            epoch: 1,
            new_mark: 1,
            phase: Phase::Sweep,
            cells: Cells::new(),
            peak_bytes: 0,
            limit: NO_LIMIT,
            reserve_open: false,
            due: FIRST_THRESHOLD,
            cycles: 0,
            cycles_at_step: 0,
            running: true,
            stress,
            pause: 200,
            step_multiplier: 100,
            pauses: Pauses::default(),
            interner: Interner::new(hash_seed ^ process_seed() as u32),
            identities: Identities::default(),
            gray: Vec::new(),
            partial: Vec::new(),
            work: 0,
            reached: 0,
            touched: Vec::new(),
            weak_values: Vec::new(),
            ephemerons: Vec::new(),
            weak_both: Vec::new(),
            finalizable: Vec::new(),
            to_finalize: Default::default(),
            shapes: Vec::new(),
            threads: Vec::new(),
            stacks: Default::default(),
            cleared: (0, 0),
            root_shape: None,
            dict_shape: None,
            proto_epoch: 0,
            live_bytes: 0,
            aside_bytes: 0,
            weak_mode_key: None,
        }
    }

    /// Whether a poll has something to do: to collect, or what another thread asks for.
    #[inline(always)]
    pub fn poll_is_due(&self) -> bool {
        // SAFETY: the field is live and aligned. It is accessed atomically because an interrupt writes it.
        let threshold = unsafe { AtomicUsize::from_ptr((&raw const self.threshold).cast_mut()) };
        self.bytes >= threshold.load(Ordering::Relaxed)
    }

    pub(crate) fn set_threshold(&mut self, bytes: usize) {
        // SAFETY: as in `poll_is_due`.
        unsafe { AtomicUsize::from_ptr(&raw mut self.threshold) }.store(bytes, Ordering::SeqCst);
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

    /// Charges bytes that the object with this header owns outside its own allocation.
    #[inline(always)]
    pub(crate) fn charge(&mut self, owner: &GcHeader, bytes: usize) {
        self.bytes += bytes;
        if owner.mark == self.barrier_mark {
            self.live_bytes += bytes;
        }
    }
    #[inline(always)]
    pub(crate) fn discharge(&mut self, owner: &GcHeader, bytes: usize) {
        self.note_peak();
        self.bytes = self.bytes.saturating_sub(bytes);
        if owner.mark == self.barrier_mark {
            self.live_bytes = self.live_bytes.saturating_sub(bytes);
        }
    }

    /// Charges bytes that an object will own which has no header yet.
    #[inline(always)]
    pub(crate) fn charge_new(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Replaces a charge for what no object owns by another.
    pub(crate) fn charge_aside(&mut self, before: usize, after: usize) {
        self.note_peak();
        self.bytes = (self.bytes + after).saturating_sub(before);
        self.aside_bytes = (self.aside_bytes + after).saturating_sub(before);
    }

    /// A reference is being stored into an object that may be older than the last poll.
    #[inline(always)]
    pub(crate) fn barrier(&mut self, holder: &GcHeader, value: Value) {
        if holder.mark == self.barrier_mark {
            self.shade(value);
        }
    }

    /// [`Heap::barrier`] for what is no Lua value.
    #[inline(always)]
    pub(crate) fn barrier_object<T: Object>(&mut self, holder: &GcHeader, object: Gc<T>) {
        if holder.mark == self.barrier_mark {
            self.mark(object);
        }
    }

    #[cold]
    #[inline(never)]
    fn shade(&mut self, value: Value) {
        self.mark_value(value);
    }

    /// The slow half of the barrier of compiled code, which has found the mark of `holder` to ask for it. A table may
    /// have taken on a shape as well.
    ///
    /// # Safety
    /// `holder` is a live object, `value` a live value.
    #[cold]
    pub unsafe fn barrier_slow(&mut self, holder: *const GcHeader, value: Value) {
        // SAFETY: as the contract says.
        unsafe {
            if (*holder).kind == Kind::Table {
                self.mark((*holder.cast::<Table>()).shape());
            }
        }
        self.mark_value(value);
    }

    /// Whether references must be kept for the marking that is under way.
    #[inline(always)]
    pub(crate) fn is_marking(&self) -> bool {
        self.barrier_mark != 0
    }

    /// Units of marking work since the heap was made.
    pub fn work_done(&self) -> usize {
        self.work
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
        // While marking, the mark of new objects is that of the unmarked: nothing is dead then.
        if string.header.mark != self.new_mark && self.phase != Phase::Mark {
            string.get_mut().header.mark = self.epoch;
            self.bytes += charged(Str::layout(string.len()).size());
        }
    }

    /// Whether an object that a weak reference names is live; it has not been freed.
    #[inline(always)]
    pub(crate) fn is_live<T: Object>(&self, object: Gc<T>) -> bool {
        self.phase != Phase::Clear || self.is_marked(object.as_ptr().cast())
    }

    /// A number for a heap value that no other live object has, the same each time.
    pub(crate) fn identity(&mut self, value: Value) -> u64 {
        // SAFETY: heap values point to live objects.
        let header = unsafe { &mut *(value.bits as *mut GcHeader) };
        let before = self.identities.bytes();
        header.identified = true;
        let number = self.identities.of(value.bits);
        self.charge_aside(before, self.identities.bytes());
        number
    }

    /// Queues every object with a finalizer, last registered first.
    pub(crate) fn finalize_everything(&mut self) {
        let values = std::mem::take(&mut self.finalizable);
        self.to_finalize.extend(values.into_iter().rev());
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        self.interner.clear();
        self.free_everything();
    }
}
