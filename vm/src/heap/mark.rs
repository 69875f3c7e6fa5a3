//! Marking: from the roots through a gray stack, in slices.

use std::ptr::NonNull;

use super::{Gc, GcHeader, GcStress, Heap, Kind, Object, cells::charged};
use crate::{
    function::{Closure, Native, Proto, Upvalue},
    string::Str,
    table::{ScanPosition, Shape, Table},
    thread::{Thread, ThreadStatus},
    userdata::Userdata,
    value::Value,
};

/// Work of reaching an object: its header has to come from memory.
const MARK_WORK: usize = 100;
/// Work of looking at a buffer that an object owns.
const BUFFER_WORK: usize = 100;
/// Work of looking at one value of an object.
const VALUE_WORK: usize = 2;
/// Work of looking at a stack, whose page is touched for nothing else.
const STACK_WORK: usize = 1_500;
/// Entries of a table that are marked at once; tables with more are marked in several slices.
const CHUNK: usize = 1024;
/// A coroutine with a longer stack that has run while it was marked is not marked again at once.
const SHORT_STACK: usize = 256;

/// A table of which the entries in front of a position have been marked.
pub(super) struct PartialScan {
    table: Gc<Table>,
    at: ScanPosition,
    /// The values are weak.
    keys_only: bool,
}

impl Heap {
    /// Marks an object and queues it for tracing.
    #[inline]
    pub(crate) fn mark<T: Object>(&mut self, object: Gc<T>) {
        self.mark_header(object.as_ptr().cast());
    }

    #[inline]
    pub(crate) fn mark_value(&mut self, value: Value) {
        if value.is_heap() {
            self.mark_header(value.bits as *mut GcHeader);
        }
    }

    /// Marks everything in `values`.
    pub(crate) fn mark_values(&mut self, values: &[Value]) {
        self.work += values.len() * VALUE_WORK;
        for value in values {
            self.mark_value(*value);
        }
    }

    #[inline]
    fn mark_header(&mut self, header: *mut GcHeader) {
        // SAFETY: values and objects that are reached point to objects that have not been freed.
        unsafe {
            if (*header).mark != self.epoch {
                (*header).mark = self.epoch;
                self.work += MARK_WORK;
                self.reached += 1;
                if (*header).kind == Kind::Str {
                    self.live_bytes += charged(Str::layout((*header.cast::<Str>()).len()).size());
                } else {
                    self.gray.push(NonNull::new_unchecked(header));
                }
            }
        }
    }

    /// Traces queued objects until nothing is left (then `true`), or until as much work as `budget` has been done.
    pub(super) fn propagate(&mut self, budget: usize) -> bool {
        let end = self.work.saturating_add(budget);
        loop {
            while let Some(header) = self.gray.pop() {
                self.trace(header.as_ptr());
                if self.work >= end {
                    return false;
                }
            }
            if self.partial.is_empty() {
                return true;
            }
            self.continue_partial();
            if self.work >= end {
                return false;
            }
        }
    }

    /// Marks what an object refers to, and counts its bytes.
    pub(super) fn trace(&mut self, header: *mut GcHeader) {
        // SAFETY: queued objects are live; `kind` tells their type.
        unsafe {
            match (*header).kind {
                Kind::Str | Kind::Free => {}
                Kind::Table => self.trace_table(Gc::from_ptr(header.cast::<Table>())),
                Kind::Closure => {
                    let closure = &*header.cast::<Closure>();
                    self.live_bytes += charged(Closure::layout(closure.upvalue_count as usize).size());
                    closure.trace(self);
                }
                Kind::Native => {
                    let native = &*header.cast::<Native>();
                    self.live_bytes += charged(size_of::<Native>()) + native.owned_bytes();
                    native.trace(self);
                }
                Kind::Userdata => {
                    let userdata = &*header.cast::<Userdata>();
                    self.live_bytes += charged(size_of::<Userdata>()) + userdata.owned_bytes();
                    userdata.trace(self);
                }
                Kind::Thread => {
                    let thread = &mut *header.cast::<Thread>();
                    self.live_bytes += charged(size_of::<Thread>()) + thread.stack_bytes();
                    thread.trace(self);
                    self.work += STACK_WORK;
                }
                Kind::Upvalue => {
                    self.live_bytes += charged(size_of::<Upvalue>());
                    (*header.cast::<Upvalue>()).trace(self);
                }
                Kind::Proto => {
                    let proto = &*header.cast::<Proto>();
                    self.live_bytes += charged(size_of::<Proto>()) + proto.owned_bytes();
                    proto.trace(self);
                }
                Kind::Shape => {
                    let shape = &*header.cast::<Shape>();
                    self.live_bytes += charged(size_of::<Shape>()) + shape.owned_bytes();
                    shape.trace(self);
                }
            }
        }
    }

    fn trace_table(&mut self, table: Gc<Table>) {
        self.live_bytes += charged(size_of::<Table>()) + table.owned_bytes();
        self.mark(table.shape());
        self.scan_table(table);
    }

    /// Marks a table's entries as far as they are strong; of a large table, the first of them.
    pub(super) fn scan_table(&mut self, table: Gc<Table>) {
        let keys_only = match self.weak_mode(&table) {
            (false, false) => false,
            (false, true) => {
                self.weak_values.push(table);
                true
            }
            (true, false) => return self.ephemerons.push(table),
            (true, true) => return self.weak_both.push(table),
        };
        let mut at = ScanPosition::default();
        if !self.scan_chunk(table, &mut at, keys_only) {
            self.partial.push(PartialScan { table, at, keys_only });
        }
    }

    fn scan_chunk(&mut self, table: Gc<Table>, at: &mut ScanPosition, keys_only: bool) -> bool {
        let chunk = if self.stress == GcStress::Slices { 8 } else { CHUNK };
        self.work += table.buffers() * BUFFER_WORK;
        let visited = table.scan(at, chunk, |key, value| {
            self.mark_value(key);
            if !keys_only {
                self.mark_value(value);
            }
        });
        self.work += visited * VALUE_WORK;
        visited < chunk
    }

    pub(super) fn continue_partial(&mut self) {
        if let Some(PartialScan { table, mut at, keys_only }) = self.partial.pop()
            && !self.scan_chunk(table, &mut at, keys_only)
        {
            self.partial.push(PartialScan { table, at, keys_only });
        }
    }

    /// Entries of `table` are about to change places otherwise than one by one.
    #[inline]
    pub(crate) fn before_move(&mut self, table: &Table) {
        if !self.partial.is_empty() {
            self.finish_scan(table);
        }
    }

    #[cold]
    fn finish_scan(&mut self, table: &Table) {
        let Some(index) = self.partial.iter().position(|scan| std::ptr::eq(scan.table.as_ptr(), table)) else { return };
        let PartialScan { table, mut at, keys_only } = self.partial.swap_remove(index);
        while !self.scan_chunk(table, &mut at, keys_only) {}
    }

    /// Which of a table's keys and values are weak.
    pub(super) fn weak_mode(&self, table: &Table) -> (bool, bool) {
        let Some(metatable) = table.metatable() else { return (false, false) };
        let Some(key) = self.weak_mode_key else { return (false, false) };
        match metatable.get_str(key).as_string() {
            Some(mode) => (mode.as_bytes().contains(&b'k'), mode.as_bytes().contains(&b'v')),
            None => (false, false),
        }
    }

    /// A coroutine has stopped running: what it has done to its stack, without barriers, must not be lost on the
    /// collector. The threads that do run are among the roots, whose last marking ends the phase.
    pub(crate) fn note_suspension(&mut self, thread: Gc<Thread>) {
        if !self.is_marking() {
            return;
        }
        if !self.is_marked(thread.as_ptr().cast()) {
            // It may never be reached; its variables may have been, through closures.
            let mut open = thread.open_upvalues;
            while let Some(upvalue) = open {
                if upvalue.header.mark == self.barrier_mark {
                    self.mark_value(upvalue.get());
                }
                open = upvalue.next_open();
            }
        } else if thread.used_slots() <= SHORT_STACK {
            thread.get_mut().trace(self);
        } else if !thread.is_touched {
            thread.get_mut().is_touched = true;
            self.touched.push(thread);
        }
    }

    /// Marks the stacks of threads that have run since they were marked.
    pub(super) fn mark_touched(&mut self) {
        for thread in std::mem::take(&mut self.touched) {
            let thread = thread.get_mut();
            thread.is_touched = false;
            thread.trace(self);
        }
    }

    /// Marks the stack of the running thread, whose live part ends at `top`, and those of the threads that wait for it.
    pub(crate) fn mark_running(&mut self, thread: Gc<Thread>, top: *mut Value) {
        self.mark(thread);
        thread.trace_below(self, top);
        let mut resumer = thread.resumer;
        while let Some(thread) = resumer {
            debug_assert!(thread.status == ThreadStatus::Normal);
            self.mark(thread);
            thread.trace_below(self, thread.top);
            resumer = thread.resumer;
        }
    }
}
