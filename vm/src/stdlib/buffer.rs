//! Text that a native collects before it becomes a string: counted as the heap's once it is large.

use crate::{native::Throw, vm::Vm};

/// Smaller buffers are not counted.
const SMALL: usize = 64 << 10;

/// A buffer whose room is asked for. It must be released, however the native ends.
#[derive(Default)]
pub(super) struct TextBuffer {
    pub text: Vec<u8>,
    /// Bytes that the heap has been charged for.
    charged: usize,
}

impl TextBuffer {
    /// To be called before `more` bytes are appended, with the contract of [`Vm::check_room`].
    ///
    /// # Errors
    /// `not enough memory`, for the buffer and the string that it is to become.
    #[inline]
    pub(super) fn reserve(&mut self, vm: &mut Vm, more: usize) -> Result<(), Throw> {
        let needed = self.text.len().saturating_add(more);
        if needed <= self.charged.max(SMALL) { Ok(()) } else { self.grow(vm, needed) }
    }

    #[cold]
    fn grow(&mut self, vm: &mut Vm, needed: usize) -> Result<(), Throw> {
        vm.check_room(needed.saturating_mul(2).saturating_sub(self.charged))?;
        let charge = needed.saturating_add(needed / 2).min(self.charged + vm.heap.room()).max(needed);
        vm.heap.charge_aside(self.charged, charge);
        self.charged = charge;
        Ok(())
    }

    /// Ends the charge.
    pub(super) fn release(self, vm: &mut Vm) {
        vm.heap.charge_aside(self.charged, 0);
    }

    /// The text as a string.
    pub(super) fn into_string(self, vm: &mut Vm) -> crate::value::Value {
        let string = vm.new_string(&self.text);
        self.release(vm);
        string
    }
}
