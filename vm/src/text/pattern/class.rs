//! Sets of bytes, and the character classes of the C locale.

/// A set of bytes as a bit map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    pub const EMPTY: ByteSet = ByteSet([0; 4]);
    pub const ALL: ByteSet = ByteSet([u64::MAX; 4]);

    /// The set of exactly these bytes.
    pub const fn of(bytes: &[u8]) -> Self {
        let mut set = Self::EMPTY;
        let mut i = 0;
        while i < bytes.len() {
            set = set.with(bytes[i]);
            i += 1;
        }
        set
    }

    /// All bytes from `low` to `high`, both included; empty when `low > high`.
    pub const fn range(low: u8, high: u8) -> Self {
        let mut set = Self::EMPTY;
        let mut b = low as usize;
        while b <= high as usize {
            set = set.with(b as u8);
            b += 1;
        }
        set
    }

    #[inline(always)]
    pub const fn contains(&self, byte: u8) -> bool {
        self.0[(byte >> 6) as usize] >> (byte & 63) & 1 != 0
    }

    pub const fn with(mut self, byte: u8) -> Self {
        self.0[(byte >> 6) as usize] |= 1 << (byte & 63);
        self
    }

    pub const fn union(self, other: Self) -> Self {
        let (a, b) = (self.0, other.0);
        Self([a[0] | b[0], a[1] | b[1], a[2] | b[2], a[3] | b[3]])
    }

    pub const fn intersection(self, other: Self) -> Self {
        let (a, b) = (self.0, other.0);
        Self([a[0] & b[0], a[1] & b[1], a[2] & b[2], a[3] & b[3]])
    }

    pub const fn complement(self) -> Self {
        Self([!self.0[0], !self.0[1], !self.0[2], !self.0[3]])
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::EMPTY
    }

    /// The only byte of a set that has one element.
    pub fn single(&self) -> Option<u8> {
        let ones: u32 = self.0.iter().map(|w| w.count_ones()).sum();
        if ones != 1 {
            return None;
        }
        let word = self.0.iter().position(|&w| w != 0)?;
        Some((word * 64) as u8 + self.0[word].trailing_zeros() as u8)
    }
}

const LOWER: ByteSet = ByteSet::range(b'a', b'z');
const UPPER: ByteSet = ByteSet::range(b'A', b'Z');
const DIGIT: ByteSet = ByteSet::range(b'0', b'9');
const ALPHA: ByteSet = LOWER.union(UPPER);
const ALNUM: ByteSet = ALPHA.union(DIGIT);
const GRAPH: ByteSet = ByteSet::range(0x21, 0x7e);
const PUNCT: ByteSet = GRAPH.intersection(ALNUM.complement());
const SPACE: ByteSet = ByteSet::range(9, 13).with(b' ');
const CNTRL: ByteSet = ByteSet::range(0, 31).with(127);
const HEX: ByteSet = DIGIT.union(ByteSet::range(b'a', b'f')).union(ByteSet::range(b'A', b'F'));
const ZERO: ByteSet = ByteSet::of(&[0]);

/// The bytes that `%letter` stands for: a class, a class's complement (upper case), or the byte itself.
///
/// `%z`, deprecated since Lua 5.2, still means the zero byte, as in the reference implementation.
pub(super) fn escaped(letter: u8) -> ByteSet {
    let class = match letter.to_ascii_lowercase() {
        b'a' => ALPHA,
        b'c' => CNTRL,
        b'd' => DIGIT,
        b'g' => GRAPH,
        b'l' => LOWER,
        b'p' => PUNCT,
        b's' => SPACE,
        b'u' => UPPER,
        b'w' => ALNUM,
        b'x' => HEX,
        b'z' => ZERO,
        _ => return ByteSet::of(&[letter]),
    };
    if letter.is_ascii_uppercase() { class.complement() } else { class }
}
