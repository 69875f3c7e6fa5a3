//! The codec of the `utf8` library (manual §6.5): UTF-8 as first defined, with sequences of up to six bytes.

use super::out::SmallText;

/// Greatest code point of the lax encoding.
pub const MAX_CODE: u32 = 0x7fff_ffff;

/// Greatest code point of Unicode.
const MAX_UNICODE: u32 = 0x10_ffff;

/// `utf8.charpattern`: matches one encoded character, assuming valid UTF-8.
pub const CHAR_PATTERN: &[u8] = b"[\0-\x7f\xc2-\xfd][\x80-\xbf]*";

/// The bytes of one code point, which is at most [`MAX_CODE`].
pub fn encode(code: u32) -> SmallText<6> {
    use super::out::Out;
    let mut text = SmallText::new();
    if code < 0x80 {
        text.put(&[code as u8]);
        return text;
    }
    // A sequence of n bytes carries 5n + 1 bits.
    let length = (2..6).find(|n| code >> (5 * n + 1) == 0).unwrap_or(6);
    let lead = 0xff00u32 >> length;
    text.put(&[(lead | code >> (6 * (length - 1))) as u8]);
    for i in (0..length - 1).rev() {
        text.put(&[(0x80 | (code >> (6 * i)) & 0x3f) as u8]);
    }
    text
}

#[inline]
pub fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// The code point that `bytes` begins with, and its length in bytes; `None` if they do not begin with a valid one.
///
/// Overlong sequences are never valid. Unless `lax`, surrogates and what lies beyond Unicode are not either.
pub fn decode(bytes: &[u8], lax: bool) -> Option<(u32, usize)> {
    let lead = *bytes.first()?;
    if lead < 0x80 {
        return Some((lead as u32, 1));
    }
    let length = lead.leading_ones() as usize;
    if !(2..=6).contains(&length) {
        return None;
    }
    let mut code = lead as u32 & (0x7f >> length);
    for &byte in bytes.get(1..length)? {
        if !is_continuation(byte) {
            return None;
        }
        code = code << 6 | (byte & 0x3f) as u32;
    }
    let least = if length == 2 { 0x80 } else { 1 << (5 * (length - 1) + 1) };
    let strict_ok = code <= MAX_UNICODE && !(0xd800..=0xdfff).contains(&code);
    (code >= least && (lax || strict_ok)).then_some((code, length))
}

/// `utf8.len` over the characters that start in `start..=last` (offsets from zero; `last` may be below `start`).
///
/// # Errors
/// The offset of the first invalid byte.
pub fn count(text: &[u8], start: usize, last: isize, lax: bool) -> Result<usize, usize> {
    let (mut at, mut count) = (start, 0);
    while at as isize <= last {
        match decode(&text[at.min(text.len())..], lax) {
            Some((_, length)) => at += length,
            None => return Err(at),
        }
        count += 1;
    }
    Ok(count)
}

/// Why [`offset`] has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("initial position is a continuation byte")]
pub struct InsideCharacter;

/// `utf8.offset`: where the `n`-th character counted from offset `from` (at most the text's length) starts.
///
/// Zero asks for the start of the character that contains `from`.
pub fn offset(text: &[u8], n: i64, from: usize) -> Result<Option<usize>, InsideCharacter> {
    let continues = |at: usize| text.get(at).is_some_and(|&b| is_continuation(b));
    let mut at = from;
    if n == 0 {
        while at > 0 && continues(at) {
            at -= 1;
        }
        return Ok(Some(at));
    }
    if continues(at) {
        return Err(InsideCharacter);
    }
    let mut left = n;
    if n < 0 {
        while left < 0 && at > 0 {
            at -= 1;
            while at > 0 && continues(at) {
                at -= 1;
            }
            left += 1;
        }
    } else {
        left -= 1;
        while left > 0 && at < text.len() {
            at += 1;
            while continues(at) {
                at += 1;
            }
            left -= 1;
        }
    }
    Ok((left == 0).then_some(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_comes_back() {
        for code in [0, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x1fffff, 0x200000, 0x3ffffff, 0x4000000, MAX_CODE] {
            let text = encode(code);
            assert_eq!(decode(&text, true), Some((code, text.len())));
            for cut in 0..text.len() {
                assert_eq!(decode(&text[..cut], true), None);
            }
        }
        assert_eq!(&*encode(0x20ac), "€".as_bytes());
        assert_eq!(&*encode(MAX_CODE), b"\xfd\xbf\xbf\xbf\xbf\xbf");
    }

    #[test]
    fn strict_decoding_knows_unicode() {
        assert_eq!(decode(b"\xed\xa0\x80", false), None);
        assert_eq!(decode(b"\xed\xa0\x80", true), Some((0xd800, 3)));
        assert_eq!(decode(b"\xf4\x90\x80\x80", false), None);
        assert_eq!(decode(b"\xf4\x90\x80\x80", true), Some((0x110000, 4)));
        for invalid in [&b"\xc0\x80"[..], b"\xe0\x80\x80", b"\x80", b"\xff", b"\xfe\xbf\xbf\xbf\xbf\xbf\xbf", b"\xe9"] {
            assert_eq!(decode(invalid, true), None, "{invalid:?}");
        }
    }

    #[test]
    fn counting_reports_the_first_invalid_byte() {
        assert_eq!(count("héllo".as_bytes(), 0, 5, false), Ok(5));
        assert_eq!(count(b"h\xffllo", 0, 4, false), Err(1));
        assert_eq!(count(b"abc", 3, 2, false), Ok(0));
        assert_eq!(count("é".as_bytes(), 0, 0, false), Ok(1));
        assert_eq!(count("é".as_bytes(), 1, 1, false), Err(1));
    }

    /// One-based facts from lua5.4, made zero-based here.
    #[test]
    fn offsets_follow_the_reference_implementation() {
        let text = "aéb".as_bytes();
        let end = text.len();
        for (n, from, expected) in [
            (1, 1, Some(1)),
            (3, 1, Some(4)),
            (4, 1, Some(5)),
            (5, 1, None),
            (-1, end + 1, Some(4)),
            (-2, end + 1, Some(2)),
            (-3, end + 1, Some(1)),
            (-4, end + 1, None),
            (0, 3, Some(2)),
            (0, end + 1, Some(5)),
            (1, 5, Some(5)),
        ] {
            assert_eq!(offset(text, n, from - 1), Ok(expected.map(|i| i - 1)), "{n} from {from}");
        }
        assert_eq!(offset(text, 1, 2), Err(InsideCharacter));
        assert_eq!(offset(b"", 1, 0), Ok(Some(0)));
    }
}
