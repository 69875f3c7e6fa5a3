//! The end of marking: weak tables, ephemerons and finalizers.

use std::collections::HashMap;

use super::{Gc, GcHeader, Heap};
use crate::{table::Table, value::Value};

impl Heap {
    /// Everything that the roots lead to is marked: resurrects what must be finalized, and clears weak tables.
    pub(super) fn settle_weak(&mut self) {
        self.sort_weak_tables();
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
    }

    /// Tables that have become weak, or less so, since they were reached.
    fn sort_weak_tables(&mut self) {
        let lists = [(false, true), (true, false), (true, true)].map(|mode| {
            let list = match mode {
                (false, _) => &mut self.weak_values,
                (true, false) => &mut self.ephemerons,
                (true, true) => &mut self.weak_both,
            };
            (mode, std::mem::take(list))
        });
        for (mode, list) in lists {
            for table in list {
                if self.weak_mode(&table) != mode {
                    self.scan_table(table);
                } else {
                    match mode {
                        (false, _) => self.weak_values.push(table),
                        (true, false) => self.ephemerons.push(table),
                        (true, true) => self.weak_both.push(table),
                    }
                }
            }
        }
        self.propagate(usize::MAX);
    }

    /// An object that a weak table may drop. Strings are values, never dropped.
    fn is_dead(&self, value: Value) -> bool {
        value.is_heap() && !value.is_string() && !self.is_marked(value.bits as *const GcHeader)
    }

    /// Marks the values of ephemerons whose keys are live, and what follows from that.
    fn converge_ephemerons(&mut self) {
        // Values that wait for their key.
        let mut waiting: HashMap<u64, Vec<Value>> = HashMap::new();
        let mut seen = 0;
        loop {
            while seen < self.ephemerons.len() {
                let table = self.ephemerons[seen];
                seen += 1;
                table.each_slot(|key, value| {
                    if !value.is_heap() || self.is_marked(value.bits as *const GcHeader) {
                    } else if self.is_dead(key) {
                        waiting.entry(key.bits).or_default().push(value);
                    } else {
                        self.mark_value(value);
                    }
                });
            }
            while let Some(header) = self.gray.pop() {
                if !waiting.is_empty()
                    && let Some(values) = waiting.remove(&(header.as_ptr() as u64))
                {
                    self.mark_values(&values);
                }
                self.trace(header.as_ptr());
            }
            if !self.partial.is_empty() {
                self.continue_partial();
            } else if self.gray.is_empty() && seen == self.ephemerons.len() {
                return;
            }
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
    }

    fn clear_weak_values(&mut self) {
        let tables: Vec<_> = self.weak_values.iter().chain(&self.weak_both).copied().collect();
        for table in tables {
            self.keep_strings(table);
            let before = table.owned_bytes();
            table.get_mut().clear_entries(|_, value| self.is_dead(value));
            self.discharge(&table.header, before - table.owned_bytes());
        }
    }

    fn clear_weak_keys(&mut self) {
        let tables: Vec<_> = self.ephemerons.iter().chain(&self.weak_both).copied().collect();
        for table in tables {
            self.keep_strings(table);
            let before = table.owned_bytes();
            table.get_mut().clear_entries(|key, _| self.is_dead(key));
            self.discharge(&table.header, before - table.owned_bytes());
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
}
