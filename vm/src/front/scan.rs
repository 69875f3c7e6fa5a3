//! Runs of bytes of one class, sixteen at a time.
//!
//! SSE2 belongs to the baseline of x86-64; elsewhere, and near the end of the text, the same answers are found byte by
//! byte.

/// Bytes looked at in one step.
const STEP: usize = 16;

pub const fn is_name_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0b | 0x0c)
}

/// A class of bytes, with a bit mask of its members among sixteen bytes.
trait Class {
    fn has(&self, byte: u8) -> bool;

    #[cfg(target_arch = "x86_64")]
    fn mask(&self, block: &[u8; STEP]) -> u32;
}

/// The length of the longest prefix of `text` without a member of `class`.
#[inline(always)]
fn until(text: &[u8], class: &impl Class) -> usize {
    let mut done = 0;
    #[cfg(target_arch = "x86_64")]
    while let Some(block) = text[done..].first_chunk() {
        let mask = class.mask(block);
        if mask != 0 {
            return done + mask.trailing_zeros() as usize;
        }
        done += STEP;
    }
    text[done..].iter().position(|byte| class.has(*byte)).map_or(text.len(), |at| done + at)
}

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::{
        __m128i, _mm_add_epi8, _mm_cmpeq_epi8, _mm_cmpgt_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128,
        _mm_set1_epi8,
    };

    use super::STEP;

    #[derive(Clone, Copy)]
    pub struct Block(__m128i);

    #[inline(always)]
    pub fn load(bytes: &[u8; STEP]) -> Block {
        // SAFETY: sixteen bytes are there, at any alignment; SSE2 is part of x86-64.
        Block(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
    }

    impl Block {
        #[inline(always)]
        pub fn eq(self, byte: u8) -> Self {
            // SAFETY: SSE2 is part of x86-64; so below.
            Self(unsafe { _mm_cmpeq_epi8(self.0, _mm_set1_epi8(byte as i8)) })
        }

        /// Bytes from `first` to `last`.
        #[inline(always)]
        pub fn within(self, first: u8, last: u8) -> Self {
            // Moved to the lower end of the signed range, members and only they lie below a bound.
            let shift = i8::MIN.wrapping_sub(first as i8);
            let bound = i8::MIN.wrapping_add((last - first) as i8).wrapping_add(1);
            // SAFETY: as above.
            Self(unsafe { _mm_cmpgt_epi8(_mm_set1_epi8(bound), _mm_add_epi8(self.0, _mm_set1_epi8(shift))) })
        }

        #[inline(always)]
        pub fn or(self, other: Self) -> Self {
            // SAFETY: as above.
            Self(unsafe { _mm_or_si128(self.0, other.0) })
        }

        /// The block with bit 5 set in each byte: letters in lower case.
        #[inline(always)]
        pub fn lower(self) -> Self {
            // SAFETY: as above.
            Self(unsafe { _mm_or_si128(self.0, _mm_set1_epi8(0x20)) })
        }

        #[inline(always)]
        pub fn mask(self) -> u32 {
            // SAFETY: as above.
            unsafe { _mm_movemask_epi8(self.0) as u32 }
        }
    }
}

/// Three bytes, of which some may be equal.
struct OneOf(u8, u8, u8);

impl Class for OneOf {
    fn has(&self, byte: u8) -> bool {
        byte == self.0 || byte == self.1 || byte == self.2
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn mask(&self, block: &[u8; STEP]) -> u32 {
        let block = sse2::load(block);
        block.eq(self.0).or(block.eq(self.1)).or(block.eq(self.2)).mask()
    }
}

/// What ends a string literal or needs work in it.
struct StringStop {
    quote: u8,
}

impl Class for StringStop {
    fn has(&self, byte: u8) -> bool {
        byte == self.quote || matches!(byte, b'\\' | b'\n' | b'\r')
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn mask(&self, block: &[u8; STEP]) -> u32 {
        let block = sse2::load(block);
        block.eq(self.quote).or(block.eq(b'\\')).or(block.eq(b'\n')).or(block.eq(b'\r')).mask()
    }
}

struct NotBlank;

impl Class for NotBlank {
    fn has(&self, byte: u8) -> bool {
        !is_blank(byte)
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn mask(&self, block: &[u8; STEP]) -> u32 {
        let block = sse2::load(block);
        !block.eq(b' ').or(block.eq(b'\t')).or(block.within(0x0b, 0x0c)).mask() & 0xffff
    }
}

struct NotName;

impl Class for NotName {
    fn has(&self, byte: u8) -> bool {
        !is_name_part(byte)
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn mask(&self, block: &[u8; STEP]) -> u32 {
        let block = sse2::load(block);
        let letters = block.lower().within(b'a', b'z');
        !letters.or(block.within(b'0', b'9')).or(block.eq(b'_')).mask() & 0xffff
    }
}

/// Length of the name, or rest of one, that `text` begins with.
#[inline(always)]
pub fn name(text: &[u8]) -> usize {
    until(text, &NotName)
}

/// Length of the run of white space, line ends excluded, that `text` begins with.
#[inline(always)]
pub fn blanks(text: &[u8]) -> usize {
    until(text, &NotBlank)
}

/// Bytes before the first line end.
pub fn line(text: &[u8]) -> usize {
    until(text, &OneOf(b'\n', b'\r', b'\r'))
}

/// Bytes before the first line end or closing bracket.
pub fn long_text(text: &[u8]) -> usize {
    until(text, &OneOf(b'\n', b'\r', b']'))
}

/// Bytes of a string literal before the first quote, escape or line end.
#[inline(always)]
pub fn string(text: &[u8], quote: u8) -> usize {
    until(text, &StringStop { quote })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(text: &[u8], class: &impl Class) -> usize {
        text.iter().position(|byte| class.has(*byte)).unwrap_or(text.len())
    }

    fn agree(text: &[u8]) {
        assert_eq!(name(text), scalar(text, &NotName), "{}", text.escape_ascii());
        assert_eq!(blanks(text), scalar(text, &NotBlank), "{}", text.escape_ascii());
        assert_eq!(line(text), scalar(text, &OneOf(b'\n', b'\r', b'\r')), "{}", text.escape_ascii());
        assert_eq!(long_text(text), scalar(text, &OneOf(b'\n', b'\r', b']')), "{}", text.escape_ascii());
        for quote in [b'"', b'\''] {
            assert_eq!(string(text, quote), scalar(text, &StringStop { quote }), "{}", text.escape_ascii());
        }
    }

    /// Each byte at each place of a block, after members of each class, and in the rest that is shorter than a block.
    #[test]
    fn blocks_and_single_bytes_give_the_same_runs() {
        for filler in [b'a', b'Z', b'0', b'_', b' ', b'\t', 0x0c, 0x80, b'"'] {
            for byte in 0..=255 {
                for place in [0, 1, 7, 14, 15, 16, 17, 31, 32, 40] {
                    let mut text = [filler; 41];
                    text[place] = byte;
                    agree(&text);
                    agree(&text[..=place]);
                }
            }
        }
    }
}
