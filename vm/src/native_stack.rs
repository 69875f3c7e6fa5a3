//! The native stack of the present thread of execution: how much is left, and giving back what deep recursion touched.

/// The lowest address of the present thread's stack, where the system says it.
fn lowest() -> Option<usize> {
    // SAFETY: the attributes are initialised by the first call when it succeeds, read by the second, and destroyed.
    unsafe {
        let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &raw mut attributes) != 0 {
            return None;
        }
        let (mut lowest, mut size) = (std::ptr::null_mut(), 0);
        let status = libc::pthread_attr_getstack(&raw const attributes, &raw mut lowest, &raw mut size);
        libc::pthread_attr_destroy(&raw mut attributes);
        (status == 0).then_some(lowest as usize)
    }
}

/// Bytes between here and the end of the stack; 0 where the system does not say.
pub(crate) fn bytes_left() -> usize {
    let marker = 0u8;
    lowest().map_or(0, |lowest| (&raw const marker as usize).saturating_sub(lowest))
}

/// Gives the pages of the unused part back to the system, which the thread would otherwise keep.
pub(crate) fn give_back() {
    const PAGE: usize = 4096;
    /// For what runs below this frame, `madvise` included.
    const MARGIN: usize = 64 << 10;
    let marker = 0u8;
    let here = &raw const marker as usize;
    let Some(lowest) = lowest() else { return };
    let (first, last) = (lowest.next_multiple_of(PAGE), here.saturating_sub(MARGIN) / PAGE * PAGE);
    if first < last {
        // SAFETY: the pages belong to this thread's stack, below everything that is live on it.
        unsafe { libc::madvise(first as *mut libc::c_void, last - first, libc::MADV_DONTNEED) };
    }
}
