//! How another thread, or a signal handler, brings a VM to its next poll: a write of 0 to the word that polls compare
//! with, the heap's threshold. The VM withdraws the word's address before it goes.

use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};

/// Shared by a VM and those who may want its attention. What they want is theirs to say: they set a flag of their own
/// before they ring, and the VM looks at it whenever it has set its threshold.
#[derive(Default)]
pub(crate) struct Doorbell {
    /// The heap's threshold, null when the VM is not there.
    word: AtomicPtr<usize>,
    /// Threads that are about to write to `word`.
    writers: AtomicU32,
}

impl Doorbell {
    /// `word` is null, or must stay where it is until [`Doorbell::detach`], and the VM must access it atomically.
    pub fn attach(&self, word: *mut usize) {
        self.word.store(word, Ordering::SeqCst);
    }

    /// Makes the VM's next poll look closer. It only stores to atomics, so a signal handler may call it.
    pub fn ring(&self) {
        self.writers.fetch_add(1, Ordering::SeqCst);
        let word = self.word.load(Ordering::SeqCst);
        if !word.is_null() {
            // SAFETY: by the contract of `attach`; `detach` waits for writers.
            unsafe { AtomicUsize::from_ptr(word) }.store(0, Ordering::SeqCst);
        }
        self.writers.fetch_sub(1, Ordering::SeqCst);
    }

    /// The word goes: afterwards nobody writes to it.
    pub fn detach(&self) {
        self.word.store(std::ptr::null_mut(), Ordering::SeqCst);
        while self.writers.load(Ordering::SeqCst) > 0 {
            std::hint::spin_loop();
        }
    }
}
