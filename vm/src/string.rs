//! Strings: immutable bytes; short ones are interned, so that equality of two short strings is identity.

use std::alloc::Layout;

use crate::{
    heap::{Gc, GcHeader, Heap, layout_with_tail},
    table::process_seed,
};

/// Longest string that is interned, in bytes.
pub const MAX_SHORT: usize = 40;

/// A string object; its bytes follow it in memory.
#[repr(C)]
pub struct Str {
    pub(crate) header: GcHeader,
    /// Hash of the content; for a long string 0 until it is asked for.
    hash: u32,
    len: usize,
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
            let hash = hash_bytes(self.as_bytes(), process_seed() as u32) | 1;
            self.get_mut().hash = hash;
            hash
        }
    }
}

/// Hash over 8-byte words by folded multiplication; the last word overlaps the one before it.
#[inline]
fn hash_bytes(bytes: &[u8], seed: u32) -> u32 {
    const K: u64 = 0x9E37_79B9_7F4A_7C15;
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
    let half = |at: usize| u64::from(u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes")));
    let fold = |word: u64| {
        let product = u128::from(word) * u128::from(K);
        product as u64 ^ (product >> 64) as u64
    };
    let len = bytes.len();
    let mut hash = u64::from(seed) ^ (len as u64).wrapping_mul(K);
    let last = if len >= 8 {
        let mut at = 0;
        while at + 8 < len {
            hash = fold(hash ^ word(at));
            at += 8;
        }
        word(len - 8)
    } else if len >= 4 {
        half(0) | half(len - 4) << 32
    } else if len > 0 {
        u64::from(bytes[0]) | u64::from(bytes[len / 2]) << 8 | u64::from(bytes[len - 1]) << 16
    } else {
        0
    };
    hash = fold(hash ^ last);
    (hash ^ hash >> 32) as u32
}

/// A slot of the interner: the string's address in the lower 48 bits, the upper half of its hash above, so that most
/// strings that are not the one looked for are told apart without being read.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Slot(u64);

impl Slot {
    const EMPTY: Slot = Slot(0);
    /// A string was removed, and the probe sequence of another goes on behind it.
    const REMOVED: Slot = Slot(1);
    const ADDRESS: u64 = (1 << 48) - 1;

    #[inline(always)]
    fn new(string: *mut Str, hash: u32) -> Slot {
        debug_assert!(string as u64 & !Self::ADDRESS == 0);
        Slot(string as u64 | u64::from(hash >> 16) << 48)
    }
    #[inline(always)]
    fn may_be(self, hash: u32) -> bool {
        self.0 >> 48 == u64::from(hash >> 16) && self.0 > 1
    }
    #[inline(always)]
    fn string(self) -> *mut Str {
        (self.0 & Self::ADDRESS) as *mut Str
    }
}

/// The set of live short strings: open addressing with linear probing.
///
/// INVARIANT: its length, which the heap is charged for, follows from how many strings have come and gone. How many slots
/// are in use does not: what is removed leaves a slot in use where another probe sequence goes on, as hashes have it.
pub(crate) struct Interner {
    slots: Box<[Slot]>,
    /// Slots that are not empty.
    used: usize,
    live: usize,
    seed: u32,
}

impl Interner {
    pub(crate) fn new(seed: u32) -> Self {
        Self { slots: vec![Slot::EMPTY; 1024].into(), used: 0, live: 0, seed }
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.slots)
    }

    /// Forgets all strings, whose removal is ignored from then on.
    pub(crate) fn clear(&mut self) {
        *self = Self { slots: vec![Slot::EMPTY; 1].into(), used: 0, live: 0, seed: self.seed };
    }

    pub(crate) fn remove(&mut self, string: *mut Str) {
        let mask = self.slots.len() - 1;
        // SAFETY: the caller holds an object that is still allocated.
        let hash = unsafe { (*string).hash };
        let slot = Slot::new(string, hash);
        let mut at = hash as usize & mask;
        while self.slots[at] != slot {
            if self.slots[at] == Slot::EMPTY {
                return;
            }
            at = (at + 1) & mask;
        }
        self.live -= 1;
        if self.slots[(at + 1) & mask] != Slot::EMPTY {
            self.slots[at] = Slot::REMOVED;
            return;
        }
        // The end of a probe sequence: what was removed before it is empty too.
        loop {
            self.slots[at] = Slot::EMPTY;
            self.used -= 1;
            at = at.wrapping_sub(1) & mask;
            if self.slots[at] != Slot::REMOVED {
                return;
            }
        }
    }

    /// Whether the next insertion has to rehash: half of the slots are live, or a quarter is empty.
    #[inline]
    fn is_full(&self) -> bool {
        (self.used + 1) * 4 > self.slots.len() * 3 || self.live * 2 >= self.slots.len()
    }

    /// Makes room for the next insertion.
    fn make_room(&mut self) {
        let is_crowded = self.live * 2 >= self.slots.len();
        self.rehash(if is_crowded { self.fitting() } else { self.slots.len() });
    }

    /// Slots for the strings that are live, between a sixth and a third of them.
    fn fitting(&self) -> usize {
        (self.live * 3).next_power_of_two().max(1024)
    }

    #[inline]
    fn insert(&mut self, string: *mut Str, hash: u32) {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at].0 > 1 {
            at = (at + 1) & mask;
        }
        self.used += usize::from(self.slots[at] == Slot::EMPTY);
        self.live += 1;
        self.slots[at] = Slot::new(string, hash);
    }

    /// Moves to so many slots, a power of two.
    #[cold]
    #[inline(never)]
    fn rehash(&mut self, size: usize) {
        let old = std::mem::replace(&mut self.slots, vec![Slot::EMPTY; size].into());
        self.used = self.live;
        let mask = size - 1;
        for slot in old.iter().filter(|slot| slot.0 > 1) {
            // SAFETY: every address in the set is an allocated string.
            let mut at = unsafe { (*slot.string()).hash } as usize & mask;
            while self.slots[at] != Slot::EMPTY {
                at = (at + 1) & mask;
            }
            self.slots[at] = *slot;
        }
    }
}

impl Heap {
    /// Makes the sets of strings and of identities smaller when most of them is unused.
    pub(crate) fn shrink_sets(&mut self) {
        let before = self.identities.bytes();
        self.identities.shrink();
        self.charge_aside(before, self.identities.bytes());
        if self.interner.slots.len() / 16 > self.interner.live.max(1024) {
            let before = self.interner.bytes();
            self.interner.rehash(self.interner.fitting());
            self.charge_aside(before, self.interner.bytes());
        }
    }

    /// The string with these bytes.
    #[inline]
    pub fn string(&mut self, bytes: &[u8]) -> Gc<Str> {
        if bytes.len() <= MAX_SHORT {
            self.intern(bytes)
        } else {
            // SAFETY: the string is written as a whole.
            unsafe {
                self.long_string_unset(bytes.len(), |to| to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()))
            }
        }
    }

    /// A string of `len > MAX_SHORT` bytes, written by `fill` (which sees zeroes).
    pub(crate) fn long_string(&mut self, len: usize, fill: impl FnOnce(&mut [u8])) -> Gc<Str> {
        // SAFETY: the string is zeroed as a whole.
        unsafe {
            self.long_string_unset(len, |to| {
                to.write_bytes(0, len);
                fill(std::slice::from_raw_parts_mut(to, len));
            })
        }
    }

    /// A string of `len > MAX_SHORT` bytes, written by `fill`.
    ///
    /// # Safety
    /// `fill` must initialise all `len` bytes at the pointer that it gets.
    pub(crate) unsafe fn long_string_unset(&mut self, len: usize, fill: impl FnOnce(*mut u8)) -> Gc<Str> {
        debug_assert!(len > MAX_SHORT);
        let string = self.insert_str(len);
        // SAFETY: `insert_str` allocated `len` bytes behind the object.
        unsafe {
            (&raw mut (*string).len).write(len);
            (&raw mut (*string).hash).write(0);
            fill(string.add(1).cast::<u8>());
            Gc::from_ptr(string)
        }
    }

    fn intern(&mut self, bytes: &[u8]) -> Gc<Str> {
        let hash = hash_bytes(bytes, self.interner.seed);
        let mask = self.interner.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            // SAFETY: masked.
            let slot = unsafe { *self.interner.slots.get_unchecked(at) };
            if slot == Slot::EMPTY {
                break;
            }
            if slot.may_be(hash) {
                // SAFETY: every address in the set is an allocated string.
                let found = unsafe { Gc::from_ptr(slot.string()) };
                if found.hash == hash && found.as_bytes() == bytes {
                    self.revive(found);
                    return found;
                }
            }
            at = (at + 1) & mask;
        }
        let string = self.insert_str(bytes.len());
        // SAFETY: `insert_str` allocated that many bytes behind the object.
        unsafe {
            (&raw mut (*string).len).write(bytes.len());
            (&raw mut (*string).hash).write(hash);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), string.add(1).cast(), bytes.len());
        }
        if self.interner.is_full() {
            let before = self.interner.bytes();
            self.interner.make_room();
            self.charge_aside(before, self.interner.bytes());
        }
        // The allocation may have swept, which changes slots: insertion probes again.
        self.interner.insert(string, hash);
        // SAFETY: just made.
        unsafe { Gc::from_ptr(string) }
    }
}
