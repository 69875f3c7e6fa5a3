//! The dictionary part of a table: any key, insertion-ordered, open addressing over an entry list.

use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{
    heap::Gc,
    string::Str,
    value::{Value, tag},
};

/// A key and its value, with both tags behind the payloads: a third less memory than two values take.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    key_bits: u64,
    value_bits: u64,
    key_tag: u8,
    value_tag: u8,
}

const _: () = assert!(size_of::<Entry>() == 24);

impl Entry {
    #[inline(always)]
    pub fn key(&self) -> Value {
        Value { bits: self.key_bits, tag: self.key_tag }
    }
    /// Nil when removed; the key stays until the next rehash, so that `next` can go on from it.
    #[inline(always)]
    pub fn value(&self) -> Value {
        Value { bits: self.value_bits, tag: self.value_tag }
    }
    #[inline(always)]
    pub fn set_value(&mut self, value: Value) {
        (self.value_bits, self.value_tag) = (value.bits, value.tag);
    }
    /// Removes the entry.
    pub fn take(&mut self) -> Value {
        let value = self.value();
        self.set_value(Value::NIL);
        value
    }
    /// As [`Entry::take`], when the array takes the key over: the dictionary knows it no more.
    pub fn move_out(&mut self) -> Value {
        (self.key_bits, self.key_tag) = (0, tag::NIL);
        self.take()
    }
    #[inline(always)]
    fn has_key(&self, key: Value) -> bool {
        self.key_bits == key.bits && self.key_tag == key.tag
    }
    #[inline(always)]
    fn has_equal_key(&self, key: Value) -> bool {
        self.has_key(key) || (key.tag == tag::STRING && self.key_tag == tag::STRING && long_equal(self.key(), key))
    }
}

/// Entry list plus index.
#[derive(Default)]
pub(crate) struct Dict {
    pub entries: Vec<Entry>,
    /// Position + 1 in `entries`, 0 when free; a power of two long. Empty while there are so few entries that a scan
    /// finds them.
    index: Box<[u32]>,
    /// Entries with an integer key, removed ones included.
    pub ints: u32,
}

/// Most entries without an index.
const SCAN: usize = 8;

/// What hashes of keys other than short strings depend on, so that nobody can choose keys that collide; 0 until the first
/// heap is made. Nothing else depends on it: traversal is in order of insertion.
static SEED: AtomicU64 = AtomicU64::new(0);

/// A number that differs from process to process.
pub(crate) fn process_seed() -> u64 {
    if SEED.load(Ordering::Relaxed) == 0 {
        let seed = RandomState::new().hash_one(0u8) | 1;
        // Another thread may have been first: what has been hashed must stay where it is.
        let _ = SEED.compare_exchange(0, seed, Ordering::Relaxed, Ordering::Relaxed);
    }
    SEED.load(Ordering::Relaxed)
}

/// Both halves of a product: a progression of keys, or keys that differ in high or low bits only, would collide by one.
#[inline]
fn mix(bits: u64) -> u32 {
    let product = u128::from(bits ^ SEED.load(Ordering::Relaxed)) * u128::from(0x9E37_79B9_7F4A_7C15_u64);
    let folded = product as u64 ^ (product >> 64) as u64;
    (folded ^ folded >> 32) as u32
}

#[inline]
fn hash(key: Value) -> u32 {
    match key.tag {
        tag::STRING => key.string_unchecked().hash(),
        tag => mix(key.bits.wrapping_add(u64::from(tag))),
    }
}

impl Dict {
    /// An empty dictionary with room for two entries.
    pub fn new() -> Self {
        Dict { entries: Vec::with_capacity(2), index: Box::default(), ints: 0 }
    }

    pub fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.index.len() * 4
    }

    /// Position of the entry for which `is_it`, among those whose keys may have this hash.
    #[inline(always)]
    fn search(&self, hash: impl FnOnce() -> u32, is_it: impl Fn(&Entry) -> bool) -> Option<usize> {
        if self.index.is_empty() {
            return self.entries.iter().position(is_it);
        }
        let mask = self.index.len() - 1;
        let mut at = hash() as usize & mask;
        loop {
            match self.index[at] {
                0 => return None,
                position if is_it(&self.entries[position as usize - 1]) => return Some(position as usize - 1),
                _ => at = (at + 1) & mask,
            }
        }
    }

    /// Position of `key` (normalised: no float with an integral value).
    #[inline]
    pub fn find(&self, key: Value) -> Option<usize> {
        self.search(|| hash(key), |entry| entry.has_equal_key(key))
    }

    /// Position of a short string.
    #[inline]
    pub fn find_short(&self, key: Gc<Str>) -> Option<usize> {
        let value = Value::from(key);
        self.search(|| key.hash(), |entry| entry.has_key(value))
    }

    #[inline]
    pub fn get(&self, key: Value) -> Value {
        self.find(key).map_or(Value::NIL, |position| self.entries[position].value())
    }

    /// Whether the next insertion has to rehash.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.entries.len() == self.entries.capacity()
    }

    /// Appends a key that is not there. There must be room ([`Dict::is_full`]).
    pub fn push(&mut self, key: Value, value: Value) {
        self.entries.push(Entry { key_bits: key.bits, value_bits: value.bits, key_tag: key.tag, value_tag: value.tag });
        self.ints += u32::from(key.is_int());
        if !self.index.is_empty() {
            self.enter(self.entries.len() - 1);
        }
    }

    fn enter(&mut self, position: usize) {
        let mask = self.index.len() - 1;
        let mut at = hash(self.entries[position].key()) as usize & mask;
        while self.index[at] != 0 {
            at = (at + 1) & mask;
        }
        self.index[at] = position as u32 + 1;
    }

    /// Drops removed entries and makes room for as many again (half as many when few were live).
    pub fn rehash(&mut self) {
        self.entries.retain(|entry| !entry.value().is_nil());
        let live = self.entries.len();
        let (capacity, index) = if live < SCAN {
            ((live + 1).next_power_of_two().max(2), 0)
        } else {
            let index = (live * 8 / 3 + 4).next_power_of_two();
            (index * 3 / 4, index)
        };
        if index == self.index.len() {
            self.index.fill(0);
        } else {
            // The old one goes first.
            self.index = Box::default();
            self.index = vec![0; index].into();
        }
        self.entries.reserve_exact(capacity.saturating_sub(live));
        self.entries.shrink_to(capacity);
        self.ints = 0;
        for position in 0..live {
            self.ints += u32::from(self.entries[position].key().is_int());
            if index > 0 {
                self.enter(position);
            }
        }
    }
}

fn long_equal(a: Value, b: Value) -> bool {
    a.string_unchecked().equals_long(b.string_unchecked())
}
