//! A check of the collector's invariant, for the stress mode.

use super::Heap;

impl Heap {
    /// Between marking and sweeping: no marked object refers to an unmarked one.
    ///
    /// # Panics
    /// When one does.
    pub(super) fn verify(&mut self) {
        let live_bytes = self.live_bytes;
        for object in self.objects() {
            if !self.is_marked(object) {
                continue;
            }
            let reached = self.reached;
            self.trace(object);
            while !self.partial.is_empty() {
                self.continue_partial();
            }
            // SAFETY: nothing has been freed since marking.
            let kind = unsafe { (*object).kind };
            assert!(self.reached == reached, "a live {kind:?} refers to something dead");
        }
        self.live_bytes = live_bytes;
        self.weak_values.clear();
        self.ephemerons.clear();
        self.weak_both.clear();
    }
}
