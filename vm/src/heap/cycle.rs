//! The cycle: mark in slices, settle what is weak, let the VM's lists forget the dead in slices, sweep lazily.
//!
//! Slices are paced by allocation alone, so that a program's collections happen at the same places in every run.

use super::{FIRST_THRESHOLD, Gc, GcStress, Heap, NO_LIMIT, Phase};
use crate::string::Str;

/// Bytes of allocation from one slice to the next.
pub(crate) const SLICE_BYTES: usize = 32 << 10;
/// Work of a slice of marking, in units of about a nanosecond.
const SLICE_WORK: usize = 500_000;
/// The same in the stress mode.
const STRESS_WORK: usize = 2_500;
/// Least of what a program may choose, so that cycles come to an end.
const MIN_STEP_MULTIPLIER: usize = 20;
const MIN_PAUSE: usize = 110;
/// Blocks that a slice sweeps where allocation has not done it.
const SLICE_BLOCKS: usize = 128;
/// Shapes or threads that a slice looks at when the dead are to be forgotten.
const SLICE_ITEMS: usize = 4_000;
/// What an error handler may use beyond the limit: this fraction of it, within bounds.
const RESERVE: (usize, usize, usize) = (16, 64 << 10, 1 << 20);

/// What a slice of marking has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// There is more to do.
    Underway,
    /// All that was reached so far has been traced.
    Drained,
}

impl Heap {
    /// Whether a slice is due at this poll.
    pub(crate) fn wants_slice(&self) -> bool {
        self.stress != GcStress::Off || self.bytes >= self.due && self.running
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// Sets the threshold at which polls have something to do. `finalizers` may run at the next one.
    pub(crate) fn arm(&mut self, finalizers: bool) {
        let threshold = if self.stress != GcStress::Off || finalizers && !self.to_finalize.is_empty() {
            0
        } else {
            let due = if self.running { self.due } else { NO_LIMIT };
            due.min(self.allowed().saturating_add(1))
        };
        self.set_threshold(threshold);
    }

    /// The program may allocate this much until the next slice.
    pub(crate) fn postpone(&mut self, bytes: usize) {
        self.due = self.bytes.saturating_add(bytes);
    }

    /// Begins a cycle: nothing is marked, and the caller marks the roots. Everything must have been swept.
    pub(crate) fn begin_marking(&mut self, weak_mode_key: Gc<Str>) {
        debug_assert!(self.phase == Phase::Sweep && self.is_swept());
        self.shrink_sets();
        self.new_mark = self.epoch;
        self.epoch = self.epoch % 3 + 1;
        self.barrier_mark = self.epoch;
        self.phase = Phase::Mark;
        self.live_bytes = 0;
        self.work = 0;
        self.weak_mode_key = Some(weak_mode_key);
        self.mark(weak_mode_key);
    }

    /// Forgets a cycle that has not got beyond marking. What it has marked is unmarked for the next one, whose mark is
    /// another, although new objects have had two different marks meanwhile.
    pub(crate) fn abandon_marking(&mut self) {
        if self.phase == Phase::Mark {
            self.phase = Phase::Sweep;
            self.gray.clear();
            self.partial.clear();
            for thread in std::mem::take(&mut self.touched) {
                thread.get_mut().is_touched = false;
            }
            self.weak_values.clear();
            self.ephemerons.clear();
            self.weak_both.clear();
        }
    }

    /// Marks for a slice, or to the end.
    pub(crate) fn mark_slice(&mut self, whole: bool) -> Progress {
        let budget = match self.stress {
            _ if whole => usize::MAX,
            GcStress::Slices => STRESS_WORK,
            _ => (SLICE_WORK / 100).saturating_mul(self.step_multiplier.max(MIN_STEP_MULTIPLIER)),
        };
        if self.propagate(budget) { Progress::Drained } else { Progress::Underway }
    }

    /// Marks what the heap itself holds on to and what may have changed without a barrier.
    pub(crate) fn mark_own_roots(&mut self) {
        // Made when they are first needed, which may be in the middle of a cycle.
        for shape in [self.root_shape, self.dict_shape].into_iter().flatten() {
            self.mark(shape);
        }
        for index in 0..self.to_finalize.len() {
            self.mark_value(self.to_finalize[index]);
        }
        self.mark_touched();
    }

    /// Ends marking, when everything that the roots lead to at this moment has been traced.
    pub(crate) fn end_marking(&mut self) {
        debug_assert!(self.gray.is_empty() && self.partial.is_empty() && self.touched.is_empty());
        self.settle_weak();
        self.cycles += 1;
        self.note_peak();
        // What is dead counts as freed from here on.
        self.bytes = self.live_bytes + self.aside_bytes;
        self.new_mark = self.epoch;
        self.barrier_mark = 0;
        self.phase = Phase::Clear;
        self.cleared = (0, 0);
        if self.bytes <= self.limit {
            self.reserve_open = false;
        }
        if self.stress == GcStress::Slices {
            self.verify();
        }
    }

    /// Lets the lists of shapes and threads forget dead ones; when that is done, the sweep begins.
    pub(crate) fn clear_slice(&mut self, whole: bool) {
        let mut left = match self.stress {
            _ if whole => usize::MAX,
            GcStress::Slices => 8,
            _ => SLICE_ITEMS,
        };
        while left > 0 && self.cleared.0 < self.shapes.len() {
            left -= 1;
            let shape = self.shapes[self.cleared.0];
            if self.is_live(shape) {
                // Transitions are weak: a dead shape leaves its parent's list before it is swept.
                shape.get_mut().retain_transitions(|child| self.is_live(child));
                self.cleared.0 += 1;
            } else {
                self.shapes.swap_remove(self.cleared.0);
            }
        }
        while left > 0 && self.cleared.1 < self.threads.len() {
            left -= 1;
            let thread = self.threads[self.cleared.1];
            if self.is_live(thread) {
                self.cleared.1 += 1;
            } else {
                // Upvalues of dead threads take their values with them: a live closure may hold one.
                let bottom = thread.stack_base();
                thread.get_mut().close_upvalues(self, bottom);
                self.threads.swap_remove(self.cleared.1);
            }
        }
        if left > 0 {
            self.phase = Phase::Sweep;
            self.begin_sweep();
            let live = self.bytes.max(FIRST_THRESHOLD / 2);
            self.due = (live / 100).saturating_mul(self.pause.max(MIN_PAUSE));
        }
    }

    /// Completes the sweep, and gives back what nobody uses.
    pub(crate) fn finish_and_release(&mut self) {
        self.finish_sweep();
        self.shrink_sets();
        self.release_surplus(usize::MAX);
    }

    /// Sweeps a slice; `true` when nothing is left to sweep or to give back.
    pub(crate) fn sweep_slice(&mut self) -> bool {
        if self.is_swept() {
            return self.release_surplus(SLICE_BLOCKS);
        }
        self.sweep_some(SLICE_BLOCKS);
        false
    }

    /// The distance of the next slice.
    pub(crate) fn postpone_slice(&mut self) {
        if self.phase != Phase::Sweep || self.due <= self.bytes {
            self.postpone(SLICE_BYTES);
        }
    }

    /// Chooses a test mode.
    pub fn set_stress(&mut self, stress: GcStress) {
        self.stress = stress;
        self.arm(true);
    }

    /// Sets the most bytes that may be in use; [`NO_LIMIT`] for none.
    pub fn set_limit(&mut self, bytes: usize) {
        self.limit = bytes.min(NO_LIMIT);
        self.arm(true);
    }

    /// Bytes that may be in use now.
    pub(crate) fn allowed(&self) -> usize {
        let (fraction, least, most) = RESERVE;
        let reserve = if self.reserve_open { (self.limit / fraction).clamp(least, most) } else { 0 };
        self.limit.saturating_add(reserve)
    }

    /// More is in use than is allowed.
    pub(crate) fn is_over_limit(&self) -> bool {
        self.bytes > self.allowed()
    }

    /// Bytes that may still be allocated.
    pub(crate) fn room(&self) -> usize {
        self.allowed().saturating_sub(self.bytes)
    }

    /// Lets what handles the error run: until a cycle finds less than the limit in use.
    pub(crate) fn open_reserve(&mut self) {
        self.reserve_open = true;
    }
}
