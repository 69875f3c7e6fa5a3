//! How another thread ends a program: by a flag, and the VM's doorbell.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::doorbell::Doorbell;

/// What the VM and its handles share.
#[derive(Default)]
struct Shared {
    requested: AtomicBool,
    bell: Doorbell,
}

/// Ends the program that a VM runs, from any thread: at its next poll it throws `interrupted!`, which nothing in it
/// catches. A handle may outlive its VM.
#[derive(Clone)]
pub struct InterruptHandle(Arc<Shared>);

impl InterruptHandle {
    /// Asks the VM to end its program. It only stores to atomics, so a signal handler may call it.
    pub fn interrupt(&self) {
        self.0.requested.store(true, Ordering::SeqCst);
        self.0.bell.ring();
    }
}

/// The VM's side.
#[derive(Default)]
pub(super) struct Interrupts(Arc<Shared>);

impl Interrupts {
    pub fn handle(&self, word: *mut usize) -> InterruptHandle {
        self.0.bell.attach(word);
        InterruptHandle(Arc::clone(&self.0))
    }

    #[inline]
    pub fn is_requested(&self) -> bool {
        self.0.requested.load(Ordering::Relaxed)
    }

    /// Whether there was a request, which is answered with this.
    pub fn take(&self) -> bool {
        self.is_requested() && self.0.requested.swap(false, Ordering::SeqCst)
    }

    pub fn flag(&self) -> &AtomicBool {
        &self.0.requested
    }

    /// The VM goes.
    pub fn detach(&self) {
        self.0.bell.detach();
    }
}
