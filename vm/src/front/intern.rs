//! Names and strings of one chunk as small integers.

/// An interned byte string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(pub u32);

impl Symbol {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Open-addressing set of byte strings; symbols number them in order of first appearance.
pub struct Interner {
    bytes: Vec<u8>,
    /// Where each symbol's bytes end; they start where the previous symbol's end.
    ends: Vec<u32>,
    hashes: Vec<u32>,
    /// Symbol + 1 by hash, 0 when free; the length is a power of two.
    table: Vec<u32>,
}

/// Hash state that can be fed byte by byte while a name is scanned.
#[derive(Clone, Copy)]
pub struct NameHash(u64);

impl NameHash {
    pub const START: Self = Self(0x9e37_79b9_7f4a_7c15);

    #[inline(always)]
    pub fn add(self, byte: u8) -> Self {
        Self((self.0.rotate_left(5) ^ u64::from(byte)).wrapping_mul(0x517c_c1b7_2722_0a95))
    }

    fn finish(self) -> u32 {
        (self.0 >> 32) as u32
    }

    fn of(text: &[u8]) -> Self {
        text.iter().fold(Self::START, |hash, byte| hash.add(*byte))
    }
}

impl Default for Interner {
    fn default() -> Self {
        Self { bytes: Vec::new(), ends: Vec::new(), hashes: Vec::new(), table: vec![0; 256] }
    }
}

impl Interner {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub fn get(&self, symbol: Symbol) -> &[u8] {
        let index = symbol.index();
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.bytes[start..self.ends[index] as usize]
    }

    pub fn intern(&mut self, text: &[u8]) -> Symbol {
        self.intern_hashed(text, NameHash::of(text))
    }

    /// `hash` must be the hash of `text`.
    pub fn intern_hashed(&mut self, text: &[u8], hash: NameHash) -> Symbol {
        let hash = hash.finish();
        let mask = self.table.len() - 1;
        let mut slot = hash as usize & mask;
        while let Some(symbol) = self.table[slot].checked_sub(1) {
            if self.hashes[symbol as usize] == hash && self.get(Symbol(symbol)) == text {
                return Symbol(symbol);
            }
            slot = (slot + 1) & mask;
        }
        let symbol = self.ends.len() as u32;
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u32);
        self.hashes.push(hash);
        self.table[slot] = symbol + 1;
        if self.ends.len() * 2 > self.table.len() {
            self.grow();
        }
        Symbol(symbol)
    }

    fn grow(&mut self) {
        let mask = self.table.len() * 2 - 1;
        let mut table = vec![0; mask + 1];
        for (symbol, hash) in self.hashes.iter().enumerate() {
            let mut slot = *hash as usize & mask;
            while table[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            table[slot] = symbol as u32 + 1;
        }
        self.table = table;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_text_gets_equal_symbols() {
        let mut names = Interner::default();
        let first: Vec<Symbol> = (0..5000).map(|i| names.intern(format!("name{i}").as_bytes())).collect();
        for (i, symbol) in first.iter().enumerate() {
            let text = format!("name{i}");
            assert_eq!(names.intern(text.as_bytes()), *symbol);
            assert_eq!(names.get(*symbol), text.as_bytes());
        }
        assert_eq!(names.len(), 5000);
    }
}
