//! Names and strings of one chunk as small integers.

use crate::bytecode::{StrId, Strings};

/// A string as it is looked up. Short ones, zero-padded with the length as last byte, are a key by themselves; of
/// long ones the key is a hash, marked by a last byte that is no such length.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    low: u64,
    high: u64,
}

/// Bytes of the longest string that is its own key.
const SHORT: usize = 15;

/// Last byte of the key of a long string.
const LONG: u64 = 0xff << 56;

const FACTOR: u64 = 0x517c_c1b7_2722_0a95;

impl Key {
    /// The key of the first `len` bytes, at most `SHORT`.
    #[inline(always)]
    fn of_block(block: &[u8; 16], len: usize) -> Self {
        let bytes = u128::from_le_bytes(*block) & !(u128::MAX << (8 * len));
        Self { low: bytes as u64, high: (bytes >> 64) as u64 | (len as u64) << 56 }
    }

    fn of(text: &[u8]) -> Self {
        if text.len() <= SHORT {
            let mut block = [0; 16];
            block[..text.len()].copy_from_slice(text);
            return Self::of_block(&block, text.len());
        }
        let mut hash = text.len() as u64;
        let mut mix = |word: u64| hash = (hash.rotate_left(5) ^ word).wrapping_mul(FACTOR);
        let (words, rest) = text.as_chunks();
        for word in words {
            mix(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        mix(u64::from_le_bytes(last));
        Self { low: hash, high: LONG }
    }

    fn is_long(self) -> bool {
        self.high == LONG
    }

    #[inline(always)]
    fn hash(self) -> usize {
        let product = u128::from(self.low ^ 0x9e37_79b9_7f4a_7c15) * u128::from(self.high ^ FACTOR);
        (product as u64 ^ (product >> 64) as u64) as usize
    }
}

/// Open-addressing set of byte strings, numbered in order of first appearance.
pub struct Interner {
    strings: Strings,
    keys: Vec<Key>,
    /// Number + 1 by hash, 0 when free; the length is a power of two.
    table: Vec<u32>,
}

impl Default for Interner {
    fn default() -> Self {
        Self { strings: Strings::default(), keys: Vec::new(), table: vec![0; 256] }
    }
}

impl Interner {
    pub fn get(&self, id: StrId) -> &[u8] {
        self.strings.get(id)
    }

    pub fn intern(&mut self, text: &[u8]) -> StrId {
        self.find(text, Key::of(text))
    }

    /// Interns the first `len` bytes of a block, which are fewer than all.
    #[inline(always)]
    pub fn intern_block(&mut self, block: &[u8; 16], len: usize) -> StrId {
        self.find(&block[..len], Key::of_block(block, len))
    }

    #[inline(always)]
    fn find(&mut self, text: &[u8], key: Key) -> StrId {
        let mask = self.table.len() - 1;
        let mut slot = key.hash() & mask;
        while let Some(number) = self.table[slot].checked_sub(1) {
            let id = StrId(number);
            if self.keys[id.index()] == key && (!key.is_long() || self.get(id) == text) {
                return id;
            }
            slot = (slot + 1) & mask;
        }
        self.insert(text, key, slot)
    }

    #[cold]
    fn insert(&mut self, text: &[u8], key: Key, slot: usize) -> StrId {
        let id = self.strings.push(text);
        self.keys.push(key);
        self.table[slot] = id.0 + 1;
        if self.keys.len() * 2 > self.table.len() {
            self.grow();
        }
        id
    }

    fn grow(&mut self) {
        let mask = self.table.len() * 2 - 1;
        let mut table = vec![0; mask + 1];
        for (number, key) in (1..).zip(&self.keys) {
            let mut slot = key.hash() & mask;
            while table[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            table[slot] = number;
        }
        self.table = table;
    }

    pub fn into_strings(mut self) -> Strings {
        self.strings.shrink_to_fit();
        self.strings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_text_gets_equal_numbers() {
        let mut names = Interner::default();
        let texts: Vec<String> =
            (0..5000).map(|i| format!("{}name{i}", "long_".repeat(i % 5))).chain(["a".into(), "a\0".into()]).collect();
        let first: Vec<StrId> = texts.iter().map(|text| names.intern(text.as_bytes())).collect();
        for (text, id) in texts.iter().zip(first) {
            assert_eq!(names.intern(text.as_bytes()), id);
            if text.len() <= SHORT {
                let longer = format!("{text} and more that follows");
                assert_eq!(names.intern_block(longer.as_bytes().first_chunk().unwrap(), text.len()), id);
            }
            assert_eq!(names.get(id), text.as_bytes());
        }
        assert_eq!(names.keys.len(), texts.len());
    }
}
