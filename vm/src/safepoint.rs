//! Safepoints: what a poll does. The collector's slices, finalizers, and the limit on memory.

use std::time::Instant;

use crate::{
    controller::thread_cpu_ns,
    heap::{GcStress, Phase, Progress, SLICE_BYTES},
    meta::Meta,
    native::Throw,
    native_stack,
    thread::limit_step,
    value::Value,
    vm::Vm,
};

/// Finalizers that one poll runs; the next poll goes on.
const FINALIZERS_PER_POLL: usize = 32;
/// Requests from this size on are tried out, because a failing allocation ends the process.
const LARGE_REQUEST: usize = 1 << 24;
/// The error of memory.
const NOT_ENOUGH_MEMORY: &str = "not enough memory";

/// The start of a pause: by the clock, and in processor time of this thread, which a busy machine does not distort.
#[derive(Clone, Copy)]
struct PauseStart(Instant, u64);

impl PauseStart {
    fn now() -> PauseStart {
        PauseStart(Instant::now(), thread_cpu_ns())
    }
}

impl Vm {
    /// The slow half of a safepoint (the fast one compares `heap.bytes` with `heap.threshold`). `live_top` is the end of
    /// the running frame.
    ///
    /// # Errors
    /// `not enough memory`.
    #[cold]
    #[inline(never)]
    pub fn poll_slow(&mut self, live_top: *mut Value) -> Result<(), Throw> {
        self.top = live_top;
        self.poll_observation();
        self.poll_compilations();
        if self.heap.is_over_limit() {
            self.collect_everything();
            if self.heap.is_over_limit() {
                self.arm();
                return Err(self.memory_error());
            }
        } else if self.heap.wants_slice() {
            self.collect_slice();
        }
        if !self.heap.to_finalize.is_empty() {
            self.run_finalizers(FINALIZERS_PER_POLL);
        }
        self.arm();
        Ok(())
    }

    pub(crate) fn arm(&mut self) {
        self.heap.arm(!self.in_finalizer);
        self.keep_observation();
        self.keep_compilations();
    }

    /// "not enough memory" is being thrown.
    pub(crate) fn memory_error(&mut self) -> Throw {
        self.heap.open_reserve();
        self.arm();
        let message = self.new_string(NOT_ENOUGH_MEMORY);
        self.throw_value(message)
    }

    /// Whether a thrown value is the error of memory, whoever throws it: it gets no position and no message handler.
    pub(crate) fn is_memory_error(value: Value) -> bool {
        value.as_string().is_some_and(|message| message.as_bytes() == NOT_ENOUGH_MEMORY.as_bytes())
    }

    /// Makes sure that `bytes` more may be taken before the next poll, by a collection if it must be: only what the
    /// native's frame, the registry or another live object refers to is sure to survive it.
    ///
    /// # Errors
    /// `not enough memory`: the limit or the system says so.
    #[inline]
    pub fn check_room(&mut self, bytes: usize) -> Result<(), Throw> {
        if self.has_room(bytes) { Ok(()) } else { self.make_room(bytes) }
    }

    /// Whether [`Vm::check_room`] has nothing to do.
    #[inline]
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        bytes < LARGE_REQUEST && bytes <= self.heap.room()
    }

    /// Makes sure that no more is in use than may be, with the contract of [`Vm::check_room`].
    ///
    /// # Errors
    /// `not enough memory`.
    #[inline]
    pub(crate) fn check_limit(&mut self) -> Result<(), Throw> {
        if self.heap.is_over_limit() { self.make_room(1) } else { Ok(()) }
    }

    #[cold]
    fn make_room(&mut self, bytes: usize) -> Result<(), Throw> {
        if self.heap.room() < bytes && bytes <= self.heap.allowed() {
            self.collect_everything();
            self.arm();
        }
        let fits = bytes <= self.heap.room();
        if fits && (bytes < LARGE_REQUEST || Vec::<u8>::new().try_reserve_exact(bytes).is_ok()) {
            return Ok(());
        }
        Err(self.memory_error())
    }

    /// One slice of the collector's work.
    fn collect_slice(&mut self) -> bool {
        let start = PauseStart::now();
        let cycles = self.heap.cycles;
        if self.heap.stress == GcStress::Full {
            self.mark_everything();
            self.heap.clear_slice(true);
        } else {
            match self.heap.phase() {
                Phase::Sweep => {
                    if self.heap.sweep_slice() {
                        self.begin_cycle();
                        self.mark_slice(false);
                    }
                }
                Phase::Mark => self.mark_slice(false),
                Phase::Clear => self.heap.clear_slice(false),
            }
        }
        self.heap.postpone_slice();
        self.note_pause(start);
        self.heap.cycles > cycles
    }

    /// The collector's work for `bytes` of allocation (`collectgarbage "step"`; 0: one slice). Says whether a cycle has
    /// ended since the last step: polls between steps work too, and a loop that waits for `true` must come to an end.
    pub(crate) fn collect_step(&mut self, bytes: usize) -> bool {
        let mut left = bytes;
        loop {
            let ended = self.collect_slice();
            left = left.saturating_sub(SLICE_BYTES);
            if ended || left == 0 {
                self.run_finalizers(FINALIZERS_PER_POLL);
                self.arm();
                let before = std::mem::replace(&mut self.heap.cycles_at_step, self.heap.cycles);
                return before < self.heap.cycles;
            }
        }
    }

    /// Marks to the end: everything that is not reachable now is found dead, and freed lazily. A cycle that is under way
    /// is given up. The live stack ends at `self.top`.
    pub fn collect(&mut self) {
        let start = PauseStart::now();
        self.mark_everything();
        self.heap.clear_slice(true);
        self.heap.cycles_at_step = self.heap.cycles;
        self.note_pause(start);
        self.arm();
    }

    fn mark_everything(&mut self) {
        self.heap.abandon_marking();
        if self.heap.phase() == Phase::Clear {
            self.heap.clear_slice(true);
        }
        self.heap.finish_sweep();
        self.begin_cycle();
        self.mark_slice(true);
    }

    /// A whole collection, the sweep included; finalizers are left to the next poll.
    fn collect_everything(&mut self) {
        let start = PauseStart::now();
        self.mark_everything();
        self.heap.clear_slice(true);
        self.heap.finish_and_release();
        self.heap.cycles_at_step = self.heap.cycles;
        self.note_pause(start);
    }

    /// A full cycle, the sweep included, with the finalizers of what it finds dead.
    pub fn full_collect(&mut self) {
        self.collect_everything();
        self.run_finalizers(usize::MAX);
        self.arm();
    }

    /// Lets the collector work at polls, or stops that (`collectgarbage "stop"`).
    pub(crate) fn run_collector(&mut self, running: bool) {
        self.heap.running = running;
        if running {
            self.heap.postpone(0);
        }
        self.arm();
    }

    fn note_pause(&mut self, start: PauseStart) {
        self.gc_ns += start.0.elapsed().as_nanos() as u64;
        let cpu_ns = thread_cpu_ns() - start.1;
        self.heap.pauses.record(cpu_ns);
        self.note_collector_pause(start.0, cpu_ns);
    }

    fn begin_cycle(&mut self) {
        self.heap.begin_marking(self.meta_names[Meta::Mode as usize]);
        self.mark_roots();
    }

    fn mark_slice(&mut self, whole: bool) {
        if self.heap.mark_slice(whole) == Progress::Underway {
            return;
        }
        // What the roots and the running threads refer to by now.
        self.mark_roots();
        if self.heap.mark_slice(whole) == Progress::Drained {
            self.finish_marking();
        }
    }

    fn mark_roots(&mut self) {
        let top = self.top;
        let thread = self.thread;
        thread.get_mut().limit = self.stack_limit.max(top);
        let heap = &mut self.heap;
        heap.mark_value(self.error);
        heap.mark(self.main_thread);
        heap.mark(self.globals);
        heap.mark(self.registry);
        for table in self.string_metatable.iter().chain(self.type_metatables.iter().flatten()) {
            heap.mark(*table);
        }
        for name in self.meta_names {
            heap.mark(name);
        }
        for native in self.intrinsics.natives() {
            heap.mark(native);
        }
        self.embed.roots.visit(|values| heap.mark_values(values));
        heap.mark_own_roots();
        heap.mark_running(thread, top);
    }

    /// Everything that is reachable at this moment is marked.
    fn finish_marking(&mut self) {
        self.heap.end_marking();
        self.lookups.clear();
        let now_ns = self.elapsed_ns();
        self.controller.forget_dead(&self.heap, now_ns);
        self.reclaim_code();
        // Above the top all slots have just been cleared.
        let (top, thread) = (self.top, self.thread.get_mut());
        // SAFETY: inside the reservation; the limit never falls below what is in use.
        let lowered = unsafe { top.add(limit_step(top.offset_from(thread.stack_base()) as usize)) };
        if self.stack_limit <= thread.hard_limit() {
            self.heap.stacks.note_depth(lowered, self.stack_limit);
            self.stack_limit = lowered.min(thread.hard_limit());
            thread.trim(&mut self.heap, self.stack_limit);
        }
        thread.limit = self.stack_limit;
        // Where the Lua stack was deep, so was the native one that compiled code recurses on.
        if self.heap.stacks.take_deep() {
            native_stack::give_back();
        }
    }

    /// Runs up to `count` pending finalizers.
    pub(crate) fn run_finalizers(&mut self, count: usize) {
        if self.in_finalizer || self.is_stopping() {
            return;
        }
        self.in_finalizer = true;
        let frame = self.frame;
        let top = self.top;
        for _ in 0..count {
            let Some(value) = self.heap.to_finalize.pop_front() else { break };
            let finalizer = self.metamethod(value, Meta::Gc);
            if finalizer.is_nil() {
                continue;
            }
            let error = self.error;
            if self.call(finalizer, &[value]).is_err() {
                let thrown = self.error;
                let thrown = self.unwind_to(top, thrown);
                if self.is_stopping() {
                    break;
                }
                self.warn_finalizer(thrown);
            }
            self.error = error;
            self.frame = frame;
            self.top = top;
        }
        self.in_finalizer = false;
    }
}
