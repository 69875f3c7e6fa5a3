//! Marking: from the roots through a gray stack, then ephemerons, finalizers and weak tables.

use std::ptr::NonNull;

use super::{Gc, GcHeader, Heap, Kind, Object, cells::charged};
use crate::{
    function::{Closure, Native, Proto, Upvalue},
    string::Str,
    table::{Shape, Table},
    thread::Thread,
    userdata::Userdata,
    value::Value,
};

impl Heap {
    /// One collection: marks from what `roots` marks, resurrects what must be finalized, clears weak tables, and
    /// leaves the dead to the lazy sweep.
    pub(crate) fn collect(&mut self, weak_mode_key: Gc<Str>, roots: impl FnOnce(&mut Heap)) {
        self.finish_sweep();
        self.epoch = 3 - self.epoch;
        self.live_bytes = 0;
        self.weak_mode_key = Some(weak_mode_key);
        self.mark(weak_mode_key);
        if let Some(shape) = self.root_shape {
            self.mark(shape);
        }
        roots(self);
        for value in std::mem::take(&mut self.to_finalize) {
            self.mark_value(value);
            self.to_finalize.push_back(value);
        }
        self.propagate();
        self.converge_ephemerons();
        // Values of weak tables die before finalizers may resurrect their referents, keys after (manual §2.5.4).
        self.clear_weak_values();
        self.separate_finalizable();
        self.converge_ephemerons();
        self.clear_weak_keys();
        self.clear_weak_values();
        self.weak_values.clear();
        self.ephemerons.clear();
        self.weak_both.clear();
        self.prune_shapes();
        self.close_dead_threads();
        self.cycles += 1;
        let live = self.live_bytes.max(super::FIRST_THRESHOLD / 2);
        self.set_threshold(if self.stress { 0 } else { live.saturating_mul(self.pause.max(110)) / 100 });
        self.begin_sweep();
    }

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

    #[inline]
    fn mark_header(&mut self, header: *mut GcHeader) {
        // SAFETY: values and objects that are reached point to objects that have not been freed.
        unsafe {
            if (*header).mark != self.epoch {
                (*header).mark = self.epoch;
                if (*header).kind == Kind::Str {
                    self.live_bytes += charged(Str::layout((*header.cast::<Str>()).len()).size());
                } else {
                    self.gray.push(NonNull::new_unchecked(header));
                }
            }
        }
    }

    fn propagate(&mut self) {
        while let Some(header) = self.gray.pop() {
            let header = header.as_ptr();
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
                        self.live_bytes += charged(size_of::<Userdata>());
                        (*header.cast::<Userdata>()).trace(self);
                    }
                    Kind::Thread => {
                        self.live_bytes += charged(size_of::<Thread>());
                        (*header.cast::<Thread>()).trace(self);
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
                        self.live_bytes += charged(size_of::<Shape>());
                        (*header.cast::<Shape>()).trace(self);
                    }
                }
            }
        }
    }

    fn trace_table(&mut self, table: Gc<Table>) {
        self.live_bytes += charged(size_of::<Table>()) + table.owned_bytes();
        self.mark(table.shape());
        let (weak_keys, weak_values) = self.weak_mode(&table);
        match (weak_keys, weak_values) {
            (false, false) => table.each_slot(|key, value| {
                self.mark_value(key);
                self.mark_value(value);
            }),
            (false, true) => {
                table.each_slot(|key, _| self.mark_value(key));
                self.weak_values.push(table);
            }
            (true, false) => self.ephemerons.push(table),
            (true, true) => self.weak_both.push(table),
        }
    }

    fn weak_mode(&self, table: &Table) -> (bool, bool) {
        let Some(metatable) = table.metatable() else { return (false, false) };
        let Some(key) = self.weak_mode_key else { return (false, false) };
        match metatable.get_str(key).as_string() {
            Some(mode) => (mode.as_bytes().contains(&b'k'), mode.as_bytes().contains(&b'v')),
            None => (false, false),
        }
    }

    /// An object that a weak table may drop. Strings are values, never dropped.
    fn is_dead(&self, value: Value) -> bool {
        value.is_heap() && !value.is_string() && !self.is_marked(value.bits as *const GcHeader)
    }

    /// Marks values of ephemerons whose keys are live until nothing changes.
    fn converge_ephemerons(&mut self) {
        loop {
            let mut changed = false;
            for table in self.ephemerons.clone() {
                let mut found = Vec::new();
                table.each_slot(|key, value| {
                    if !self.is_dead(key) && (value.is_heap() && !self.is_marked(value.bits as *const GcHeader)) {
                        found.push(value);
                    }
                });
                for value in found {
                    changed = true;
                    self.mark_value(value);
                }
            }
            if !changed {
                return;
            }
            self.propagate();
        }
    }

    fn separate_finalizable(&mut self) {
        let mut kept = Vec::with_capacity(self.finalizable.len());
        let mut found = Vec::new();
        for value in std::mem::take(&mut self.finalizable) {
            if self.is_marked(value.bits as *const GcHeader) { kept.push(value) } else { found.push(value) }
        }
        self.finalizable = kept;
        // Finalizers run in the reverse order of marking objects for finalization (manual §2.5.3).
        for value in found.into_iter().rev() {
            self.mark_value(value);
            // SAFETY: the object is unmarked, not freed: the sweep has not begun.
            unsafe { (*(value.bits as *mut GcHeader)).finalizable = false };
            self.to_finalize.push_back(value);
        }
        self.propagate();
    }

    fn clear_weak_values(&mut self) {
        let tables: Vec<_> = self.weak_values.iter().chain(&self.weak_both).copied().collect();
        for table in tables {
            self.keep_strings(table);
            table.get_mut().clear_entries(|_, value| self.is_dead(value));
        }
    }

    fn clear_weak_keys(&mut self) {
        let tables: Vec<_> = self.ephemerons.iter().chain(&self.weak_both).copied().collect();
        for table in tables {
            self.keep_strings(table);
            table.get_mut().clear_entries(|key, _| self.is_dead(key));
        }
    }

    /// Strings that stand in a weak table stay alive.
    fn keep_strings(&mut self, table: Gc<Table>) {
        table.each_slot(|key, value| {
            for value in [key, value] {
                if let Some(string) = value.as_string() {
                    self.mark(string);
                }
            }
        });
    }

    /// Transitions are weak: a dead shape leaves its parent's list before it is swept.
    fn prune_shapes(&mut self) {
        let shapes = std::mem::take(&mut self.shapes);
        let live: Vec<_> = shapes.into_iter().filter(|shape| self.is_marked(shape.as_ptr().cast())).collect();
        for shape in &live {
            shape.get_mut().retain_transitions(|child| self.is_marked(child.as_ptr().cast()));
        }
        self.shapes = live;
    }

    /// Upvalues of dead threads take their values with them: a live closure may hold one.
    fn close_dead_threads(&mut self) {
        let threads = std::mem::take(&mut self.threads);
        let (live, dead): (Vec<_>, Vec<_>) =
            threads.into_iter().partition(|thread| self.is_marked(thread.as_ptr().cast()));
        for thread in dead {
            let bottom = thread.stack_base();
            thread.get_mut().close_upvalues(bottom);
        }
        self.threads = live;
    }

    /// Marks everything in `values`.
    pub(crate) fn mark_values(&mut self, values: &[Value]) {
        for value in values {
            self.mark_value(*value);
        }
    }
}
