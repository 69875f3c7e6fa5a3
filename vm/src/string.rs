//! Strings: immutable bytes; short ones are interned, so that equality of two short strings is identity.

use std::alloc::Layout;

use crate::heap::{Gc, GcHeader, Heap, layout_with_tail};

/// Longest string that is interned, in bytes.
pub const MAX_SHORT: usize = 40;

/// A string object; its bytes follow it in memory.
#[repr(C)]
pub struct Str {
    pub(crate) header: GcHeader,
    len: usize,
    /// Hash of the content; for a long string 0 until it is asked for.
    hash: u32,
    _pad: u32,
}

impl Str {
    /// Where compiled code finds the length.
    pub const LEN_OFFSET: usize = std::mem::offset_of!(Str, len);

    pub(crate) fn layout(len: usize) -> Layout {
        layout_with_tail::<Str>(len)
    }
    #[inline(always)]
    #[expect(clippy::len_without_is_empty, reason = "emptiness is asked of the bytes")]
    pub fn len(&self) -> usize {
        self.len
    }
    #[inline(always)]
    pub fn is_short(&self) -> bool {
        self.len <= MAX_SHORT
    }
    #[inline(always)]
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: `len` bytes were allocated behind the object and initialised when it was made.
        unsafe { std::slice::from_raw_parts(std::ptr::from_ref(self).add(1).cast(), self.len) }
    }
    /// Content equality of two different objects: only long strings can be equal without being identical.
    #[inline]
    pub(crate) fn equals_long(&self, other: Gc<Str>) -> bool {
        !self.is_short() && self.len == other.len && self.as_bytes() == other.as_bytes()
    }
    pub fn to_str_lossy(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.as_bytes())
    }
}

impl Gc<Str> {
    #[inline(always)]
    pub(crate) fn hash(self) -> u32 {
        if self.is_short() || self.hash != 0 {
            self.hash
        } else {
            let hash = hash_bytes(self.as_bytes(), 0) | 1;
            self.get_mut().hash = hash;
            hash
        }
    }
}

/// Multiply-rotate hash over 8-byte words.
#[inline]
fn hash_bytes(bytes: &[u8], seed: u32) -> u32 {
    const K: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut hash = u64::from(seed) ^ (bytes.len() as u64).wrapping_mul(K);
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word = u64::from_le_bytes(chunk.try_into().expect("chunks of 8"));
        hash = (hash ^ word).wrapping_mul(K).rotate_left(29);
    }
    let mut tail = [0; 8];
    let rest = chunks.remainder();
    tail[..rest.len()].copy_from_slice(rest);
    hash = (hash ^ u64::from_le_bytes(tail)).wrapping_mul(K);
    (hash ^ hash >> 32) as u32
}

/// The set of live short strings: open addressing, linear probing, deletion by back-shifting.
pub(crate) struct Interner {
    slots: Vec<*mut Str>,
    count: usize,
    seed: u32,
}

impl Interner {
    pub(crate) fn new(seed: u32) -> Self {
        Self { slots: vec![std::ptr::null_mut(); 1024], count: 0, seed }
    }

    pub(crate) fn remove(&mut self, string: *mut Str) {
        let mask = self.slots.len() - 1;
        // SAFETY: the caller holds an object that is still allocated.
        let mut at = unsafe { (*string).hash } as usize & mask;
        while self.slots[at] != string {
            if self.slots[at].is_null() {
                return;
            }
            at = (at + 1) & mask;
        }
        self.count -= 1;
        let mut hole = at;
        loop {
            at = (at + 1) & mask;
            let candidate = self.slots[at];
            if candidate.is_null() {
                break;
            }
            // SAFETY: every pointer in the set is an allocated string.
            let home = unsafe { (*candidate).hash } as usize & mask;
            // The candidate may move into the hole unless its home lies cyclically in (hole, at].
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(hole) & mask) {
                self.slots[hole] = candidate;
                hole = at;
            }
        }
        self.slots[hole] = std::ptr::null_mut();
    }

    fn grow(&mut self) {
        let old = std::mem::take(&mut self.slots);
        self.slots = vec![std::ptr::null_mut(); old.len() * 2];
        let mask = self.slots.len() - 1;
        for string in old.into_iter().filter(|string| !string.is_null()) {
            // SAFETY: every pointer in the set is an allocated string.
            let mut at = unsafe { (*string).hash } as usize & mask;
            while !self.slots[at].is_null() {
                at = (at + 1) & mask;
            }
            self.slots[at] = string;
        }
    }
}

impl Heap {
    /// The string with these bytes.
    pub fn string(&mut self, bytes: &[u8]) -> Gc<Str> {
        if bytes.len() <= MAX_SHORT { self.intern(bytes) } else { self.long_string(bytes.len(), |to| to.copy_from_slice(bytes)) }
    }

    /// A string of `len > MAX_SHORT` bytes, written by `fill` (which sees zeroes).
    pub(crate) fn long_string(&mut self, len: usize, fill: impl FnOnce(&mut [u8])) -> Gc<Str> {
        debug_assert!(len > MAX_SHORT);
        let string = self.insert_str(len);
        // SAFETY: `insert_str` allocated `len` bytes behind the object.
        unsafe {
            (&raw mut (*string).len).write(len);
            (&raw mut (*string).hash).write(0);
            let tail = string.add(1).cast::<u8>();
            tail.write_bytes(0, len);
            fill(std::slice::from_raw_parts_mut(tail, len));
            Gc::from_ptr(string)
        }
    }

    fn intern(&mut self, bytes: &[u8]) -> Gc<Str> {
        let hash = hash_bytes(bytes, self.interner.seed);
        let mask = self.interner.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let found = self.interner.slots[at];
            if found.is_null() {
                break;
            }
            // SAFETY: every pointer in the set is an allocated string.
            let found = unsafe { Gc::from_ptr(found) };
            if found.hash == hash && found.as_bytes() == bytes {
                self.revive(found);
                return found;
            }
            at = (at + 1) & mask;
        }
        if self.interner.count * 4 >= self.interner.slots.len() * 3 {
            self.interner.grow();
        }
        // `insert_str` may sweep, which moves slots: probe again afterwards.
        let string = self.insert_str(bytes.len());
        // SAFETY: `insert_str` allocated that many bytes behind the object.
        unsafe {
            (&raw mut (*string).len).write(bytes.len());
            (&raw mut (*string).hash).write(hash);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), string.add(1).cast(), bytes.len());
        }
        let mask = self.interner.slots.len() - 1;
        let mut at = hash as usize & mask;
        while !self.interner.slots[at].is_null() {
            at = (at + 1) & mask;
        }
        self.interner.slots[at] = string;
        self.interner.count += 1;
        // SAFETY: just made.
        unsafe { Gc::from_ptr(string) }
    }
}
