//! How another thread ends a program.
//!
//! A request is a flag, and a write to the word that polls compare with: the heap's threshold, which at zero makes every
//! poll look closer. The VM and its handles share the flag; the address of the word is withdrawn before the VM goes.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering},
};

/// What the VM and its handles share.
#[derive(Default)]
struct Shared {
    requested: AtomicBool,
    /// The heap's threshold, null when the VM is gone.
    word: AtomicPtr<usize>,
    /// Handles that are about to write to `word`.
    writers: AtomicU32,
}

/// Ends the program that a VM runs, from any thread: at its next poll it throws `interrupted!`, which nothing in it
/// catches. A handle may outlive its VM.
#[derive(Clone)]
pub struct InterruptHandle(Arc<Shared>);

impl InterruptHandle {
    /// Asks the VM to end its program. It only stores to atomics, so a signal handler may call it.
    pub fn interrupt(&self) {
        let shared = &*self.0;
        shared.requested.store(true, Ordering::SeqCst);
        shared.writers.fetch_add(1, Ordering::SeqCst);
        let word = shared.word.load(Ordering::SeqCst);
        if !word.is_null() {
            // SAFETY: the VM withdraws the address and then waits for writers before it goes. It reads the word
            // atomically.
            unsafe { AtomicUsize::from_ptr(word) }.store(0, Ordering::SeqCst);
        }
        shared.writers.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The VM's side.
#[derive(Default)]
pub(super) struct Interrupts(Arc<Shared>);

impl Interrupts {
    pub fn handle(&self, word: *mut usize) -> InterruptHandle {
        self.0.word.store(word, Ordering::SeqCst);
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
        self.0.word.store(std::ptr::null_mut(), Ordering::SeqCst);
        while self.0.writers.load(Ordering::SeqCst) > 0 {
            std::hint::spin_loop();
        }
    }
}
