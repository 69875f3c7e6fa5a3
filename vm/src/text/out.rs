//! Where text goes: a growing buffer, or a small one on the stack.

/// A sink for bytes.
pub trait Out {
    fn put(&mut self, bytes: &[u8]);

    /// Appends `count` copies of `byte`.
    fn fill(&mut self, byte: u8, count: usize) {
        for _ in 0..count {
            self.put(&[byte]);
        }
    }
}

impl Out for Vec<u8> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    #[inline]
    fn fill(&mut self, byte: u8, count: usize) {
        self.resize(self.len() + count, byte);
    }
}

/// A byte string of at most `N` bytes on the stack. What does not fit is dropped.
#[derive(Clone, Copy)]
pub struct SmallText<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> SmallText<N> {
    pub fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }
}

impl<const N: usize> Default for SmallText<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> std::ops::Deref for SmallText<N> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl<const N: usize> Out for SmallText<N> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        let free = &mut self.bytes[self.len..];
        let count = bytes.len().min(free.len());
        free[..count].copy_from_slice(&bytes[..count]);
        self.len += count;
    }
}

impl<const N: usize> std::fmt::Write for SmallText<N> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.put(text.as_bytes());
        Ok(())
    }
}
