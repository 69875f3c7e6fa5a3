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

#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub key: Value,
    /// Nil when removed; the key stays until the next rehash, so that `next` can go on from it.
    pub value: Value,
}

/// Entry list plus index.
#[derive(Default)]
pub(crate) struct Dict {
    pub entries: Vec<Entry>,
    /// Position + 1 in `entries`, 0 when free; a power of two long.
    index: Vec<u32>,
    /// Entries with an integer key, removed ones included.
    pub ints: u32,
}

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
    pub fn with_capacity(capacity: usize) -> Self {
        let mut dict = Dict { entries: Vec::with_capacity(capacity), index: Vec::new(), ints: 0 };
        dict.index = vec![0; (capacity * 4 / 3 + 1).next_power_of_two().max(4)];
        dict
    }

    pub fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.index.len() * 4
    }

    /// Position of `key` (normalised: no float with an integral value).
    #[inline]
    pub fn find(&self, key: Value) -> Option<usize> {
        if self.index.is_empty() {
            return None;
        }
        let mask = self.index.len() - 1;
        let mut at = hash(key) as usize & mask;
        loop {
            match self.index[at] {
                0 => return None,
                position => {
                    let found = self.entries[position as usize - 1].key;
                    if found.bits == key.bits && found.tag == key.tag
                        || (key.tag == tag::STRING && found.tag == tag::STRING && long_equal(found, key))
                    {
                        return Some(position as usize - 1);
                    }
                }
            }
            at = (at + 1) & mask;
        }
    }

    /// Position of a short string.
    #[inline]
    pub fn find_short(&self, key: Gc<Str>) -> Option<usize> {
        if self.index.is_empty() {
            return None;
        }
        let bits = key.address() as u64;
        let mask = self.index.len() - 1;
        let mut at = key.hash() as usize & mask;
        loop {
            match self.index[at] {
                0 => return None,
                position => {
                    let found = self.entries[position as usize - 1].key;
                    if found.bits == bits && found.tag == tag::STRING {
                        return Some(position as usize - 1);
                    }
                }
            }
            at = (at + 1) & mask;
        }
    }

    #[inline]
    pub fn get(&self, key: Value) -> Value {
        self.find(key).map_or(Value::NIL, |position| self.entries[position].value)
    }

    /// Whether the next insertion has to rehash.
    #[inline]
    pub fn is_full(&self) -> bool {
        (self.entries.len() + 1) * 4 > self.index.len() * 3
    }

    /// Appends a key that is not there. There must be room ([`Dict::is_full`]).
    pub fn push(&mut self, key: Value, value: Value) {
        self.entries.push(Entry { key, value });
        self.ints += u32::from(key.is_int());
        self.enter(self.entries.len() - 1);
    }

    fn enter(&mut self, position: usize) {
        let mask = self.index.len() - 1;
        let mut at = hash(self.entries[position].key) as usize & mask;
        while self.index[at] != 0 {
            at = (at + 1) & mask;
        }
        self.index[at] = position as u32 + 1;
    }

    /// Drops removed entries and makes room for as many again (half as many when few were live).
    pub fn rehash(&mut self) {
        self.entries.retain(|entry| !entry.value.is_nil());
        let wanted = (self.entries.len() * 8 / 3 + 4).next_power_of_two();
        if wanted == self.index.len() {
            self.index.fill(0);
        } else {
            self.index = vec![0; wanted];
            let capacity = wanted * 3 / 4;
            self.entries.reserve_exact(capacity.saturating_sub(self.entries.len()));
            self.entries.shrink_to(capacity);
        }
        self.ints = 0;
        for position in 0..self.entries.len() {
            self.ints += u32::from(self.entries[position].key.is_int());
            self.enter(position);
        }
    }
}

fn long_equal(a: Value, b: Value) -> bool {
    a.string_unchecked().equals_long(b.string_unchecked())
}
