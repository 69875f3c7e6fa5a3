//! Formats of `string.pack`, `string.unpack` and `string.packsize` (manual §6.4.2).
//!
//! [`Layout`] reads a format option by option and says where each value lies; the functions below it convert single
//! values. Native sizes are those of x86-64 Linux.

/// Greatest size of an integer, and greatest alignment.
const MAX_INT_SIZE: usize = 16;

const NATIVE_ALIGN: usize = 8;

/// Greatest total size of a fixed-size format: a C `int`.
pub const MAX_SIZE: usize = i32::MAX as usize;

/// A wrong format or value. Whether it counts as a bad argument, and of which number, is for the caller:
/// see [`PackError::is_argument`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    #[error("invalid format option '{}'", (*.0 as char).escape_default())]
    Option(u8),
    #[error("integral size ({0}) out of limits [1,16]")]
    IntSize(usize),
    #[error("missing size for format option 'c'")]
    MissingSize,
    #[error("invalid next option for option 'X'")]
    NothingToAlign,
    #[error("format asks for alignment not power of 2")]
    Alignment,
    #[error("{0}-byte integer does not fit into Lua Integer")]
    IntTooWide(usize),
}

impl PackError {
    /// Whether this is reported as "bad argument" (of the format) rather than as a plain error.
    pub fn is_argument(self) -> bool {
        matches!(self, Self::NothingToAlign | Self::Alignment)
    }

    /// The error message of the reference implementation.
    pub fn message(self) -> Vec<u8> {
        match self {
            Self::Option(byte) => [b"invalid format option '", &[byte][..], b"'"].concat(),
            _ => self.to_string().into_bytes(),
        }
    }
}

/// What an option packs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Two's complement.
    Signed,
    Unsigned,
    Float,
    Double,
    /// `cN`: exactly `size` bytes.
    Fixed,
    /// `s[N]`: a length of `size` bytes, then the text.
    Counted,
    /// `z`
    ZeroTerminated,
    /// `x`: one byte of padding, no value.
    PaddingByte,
    /// Alignment only, no value: `X`.
    Align,
}

/// One option of a format, with the padding that goes before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    pub kind: Kind,
    /// Bytes of the value, without padding; of `s` only the length field, of `z` nothing.
    pub size: usize,
    /// Bytes of padding before it.
    pub padding: usize,
    /// Whether the value is little-endian.
    pub little: bool,
}

/// What one option is.
enum Found {
    /// Its kind, and the size of its value in bytes.
    Data(Kind, usize),
    Setting,
    End,
}

/// Reads a format. Order and alignment settings take effect as they are met.
#[derive(Clone, Debug)]
pub struct Layout<'a> {
    rest: &'a [u8],
    little: bool,
    max_align: usize,
}

impl<'a> Layout<'a> {
    pub fn new(format: &'a [u8]) -> Self {
        Self { rest: format, little: true, max_align: 1 }
    }

    /// The next item; `offset` is the number of bytes before it.
    pub fn next(&mut self, offset: usize) -> Result<Option<Item>, PackError> {
        let (kind, size) = loop {
            match self.option()? {
                Found::End => return Ok(None),
                Found::Setting => {}
                Found::Data(kind, size) => break (kind, size),
            }
        };
        let mut align = match kind {
            Kind::Signed | Kind::Unsigned | Kind::Float | Kind::Double | Kind::Counted => size,
            Kind::Fixed | Kind::ZeroTerminated | Kind::PaddingByte => 1,
            Kind::Align => match self.option()? {
                Found::Data(kind, size) if kind != Kind::Fixed && size > 0 => size,
                _ => return Err(PackError::NothingToAlign),
            },
        };
        let mut padding = 0;
        if align > 1 {
            align = align.min(self.max_align);
            if !align.is_power_of_two() {
                return Err(PackError::Alignment);
            }
            padding = offset.wrapping_neg() & (align - 1);
        }
        Ok(Some(Item { kind, size, padding, little: self.little }))
    }

    /// Reads one option; settings take effect at once.
    fn option(&mut self) -> Result<Found, PackError> {
        let Some((&letter, rest)) = self.rest.split_first() else { return Ok(Found::End) };
        if letter == 0 {
            // A C string ends here.
            return Ok(Found::End);
        }
        self.rest = rest;
        Ok(match letter {
            b'b' => Found::Data(Kind::Signed, 1),
            b'B' => Found::Data(Kind::Unsigned, 1),
            b'h' => Found::Data(Kind::Signed, 2),
            b'H' => Found::Data(Kind::Unsigned, 2),
            b'i' => Found::Data(Kind::Signed, self.int_size(4)?),
            b'I' => Found::Data(Kind::Unsigned, self.int_size(4)?),
            b'l' | b'j' => Found::Data(Kind::Signed, 8),
            b'L' | b'J' | b'T' => Found::Data(Kind::Unsigned, 8),
            b'f' => Found::Data(Kind::Float, 4),
            b'd' | b'n' => Found::Data(Kind::Double, 8),
            b's' => Found::Data(Kind::Counted, self.int_size(8)?),
            b'c' => Found::Data(Kind::Fixed, self.number().ok_or(PackError::MissingSize)?),
            b'z' => Found::Data(Kind::ZeroTerminated, 0),
            b'x' => Found::Data(Kind::PaddingByte, 1),
            b'X' => Found::Data(Kind::Align, 0),
            b' ' => Found::Setting,
            b'<' | b'=' => {
                self.little = true;
                Found::Setting
            }
            b'>' => {
                self.little = false;
                Found::Setting
            }
            b'!' => {
                self.max_align = self.int_size(NATIVE_ALIGN)?;
                Found::Setting
            }
            _ => return Err(PackError::Option(letter)),
        })
    }

    fn int_size(&mut self, default: usize) -> Result<usize, PackError> {
        match self.number() {
            None => Ok(default),
            Some(size @ 1..=MAX_INT_SIZE) => Ok(size),
            Some(size) => Err(PackError::IntSize(size)),
        }
    }

    /// A decimal number, of which only as many digits are read as surely fit a C `int`.
    fn number(&mut self) -> Option<usize> {
        let mut value = None;
        while let Some((&digit @ b'0'..=b'9', rest)) = self.rest.split_first() {
            let so_far = value.unwrap_or(0);
            if so_far > (MAX_SIZE - 9) / 10 {
                break;
            }
            value = Some(so_far * 10 + (digit - b'0') as usize);
            self.rest = rest;
        }
        value
    }
}

/// Whether `value` fits `size` bytes; otherwise packing is an "integer overflow" or "unsigned overflow".
pub fn fits(value: i64, size: usize, kind: Kind) -> bool {
    if size >= 8 {
        return true;
    }
    let bits = 8 * size as u32;
    match kind {
        Kind::Signed => value >> (bits - 1) == 0 || value >> (bits - 1) == -1,
        _ => (value as u64) >> bits == 0,
    }
}

/// Appends the two's complement of `value` in `size` bytes, sign-extended when `signed` beyond eight.
pub fn put_int(out: &mut Vec<u8>, value: i64, size: usize, little: bool, signed: bool) {
    let filler = if signed && value < 0 { 0xff } else { 0 };
    let start = out.len();
    let bytes = value.to_le_bytes();
    out.extend_from_slice(&bytes[..size.min(8)]);
    out.resize(start + size, filler);
    if !little {
        out[start..].reverse();
    }
}

/// Reads an integer from all of `bytes` (1 to 16).
pub fn get_int(bytes: &[u8], little: bool, signed: bool) -> Result<i64, PackError> {
    let size = bytes.len();
    let at = |i: usize| if little { bytes[i] } else { bytes[size - 1 - i] };
    let value = (0..size.min(8)).rev().fold(0u64, |value, i| value << 8 | at(i) as u64);
    if size < 8 {
        let unused = 64 - 8 * size as u32;
        return Ok(if signed { (value << unused) as i64 >> unused } else { value as i64 });
    }
    let filler = if signed && (value as i64) < 0 { 0xff } else { 0 };
    if (8..size).any(|i| at(i) != filler) {
        return Err(PackError::IntTooWide(size));
    }
    Ok(value as i64)
}

/// Appends a float as `size` (4 or 8) bytes.
pub fn put_float(out: &mut Vec<u8>, value: f64, size: usize, little: bool) {
    let start = out.len();
    if size == 4 {
        out.extend_from_slice(&(value as f32).to_le_bytes());
    } else {
        out.extend_from_slice(&value.to_le_bytes());
    }
    if !little {
        out[start..].reverse();
    }
}

/// Reads a float from all of `bytes` (4 or 8).
pub fn get_float(bytes: &[u8], little: bool) -> f64 {
    let mut raw = [0u8; 8];
    for (i, slot) in raw.iter_mut().take(bytes.len()).enumerate() {
        *slot = if little { bytes[i] } else { bytes[bytes.len() - 1 - i] };
    }
    if bytes.len() == 4 { f32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]]) as f64 } else { f64::from_le_bytes(raw) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(format: &str) -> Result<Vec<Item>, PackError> {
        let mut layout = Layout::new(format.as_bytes());
        let (mut items, mut offset) = (Vec::new(), 0);
        while let Some(item) = layout.next(offset)? {
            offset += item.padding + item.size;
            items.push(item);
        }
        Ok(items)
    }

    fn size(format: &str) -> Result<usize, String> {
        let sum = items(format).map(|items| items.iter().map(|i| i.padding + i.size).sum());
        sum.map_err(|e: PackError| e.to_string())
    }

    #[test]
    fn sizes_and_alignment_follow_the_reference_implementation() {
        for (format, expected) in [
            ("", 0),
            ("i", 4),
            ("i16", 16),
            ("!8Xi", 0),
            ("!4 i1 i4", 8),
            ("!i1i8", 16),
            ("!4i1Xi4", 4),
            ("i1Xi8", 1),
            ("!2i1i8", 10),
            ("!1i3", 3),
            (" x x", 2),
            ("!8 b d", 16),
            ("c5", 5),
            ("bBhHlLjJTfdn", 1 + 1 + 2 + 2 + 8 + 8 + 8 + 8 + 8 + 4 + 8 + 8),
        ] {
            assert_eq!(size(format), Ok(expected), "{format}");
        }
        for (format, message) in [
            ("y", "invalid format option 'y'"),
            ("i17", "integral size (17) out of limits [1,16]"),
            ("i0", "integral size (0) out of limits [1,16]"),
            ("s0", "integral size (0) out of limits [1,16]"),
            ("!17", "integral size (17) out of limits [1,16]"),
            ("i100000000000000", "integral size (1000000000) out of limits [1,16]"),
            ("!3i", "format asks for alignment not power of 2"),
            ("!8i3", "format asks for alignment not power of 2"),
            ("X", "invalid next option for option 'X'"),
            ("Xz", "invalid next option for option 'X'"),
            ("Xc3", "invalid next option for option 'X'"),
            ("X<", "invalid next option for option 'X'"),
            ("X<i4", "invalid next option for option 'X'"),
            ("XX", "invalid next option for option 'X'"),
            ("c", "missing size for format option 'c'"),
            ("c99999999999", "invalid format option '9'"),
        ] {
            assert_eq!(size(format), Err(message.to_string()), "{format}");
        }
    }

    #[test]
    fn integers_of_every_size_come_back() {
        for size in 1..=16 {
            for little in [true, false] {
                for value in [0, 1, -1, 100, -100, 127, -128, 0x1234, -0x1234, i64::MAX, i64::MIN] {
                    let mut bytes = Vec::new();
                    put_int(&mut bytes, value, size, little, true);
                    assert_eq!(bytes.len(), size);
                    let back = get_int(&bytes, little, true).unwrap();
                    assert_eq!(back == value, fits(value, size, Kind::Signed), "{value} in {size}");
                }
            }
        }
    }

    #[test]
    fn wide_integers_must_fit_a_lua_integer() {
        assert_eq!(get_int(&[0xff; 16], true, true), Ok(-1));
        assert_eq!(get_int(&[0xff; 16], true, false), Err(PackError::IntTooWide(16)));
        assert_eq!(get_int(&[1; 16], true, true), Err(PackError::IntTooWide(16)));
        assert_eq!(get_int(&[0, 0, 0, 0, 0, 0, 0, 0, 1], false, false), Ok(1));
        assert_eq!(get_int(&[0xff; 8], true, false), Ok(-1));
    }

    #[test]
    fn overflow_is_detected() {
        assert!(fits(127, 1, Kind::Signed) && !fits(128, 1, Kind::Signed));
        assert!(fits(-128, 1, Kind::Signed) && !fits(-129, 1, Kind::Signed));
        assert!(fits(255, 1, Kind::Unsigned) && !fits(256, 1, Kind::Unsigned) && !fits(-1, 1, Kind::Unsigned));
        assert!(fits(-1, 8, Kind::Unsigned));
        assert!(fits((1 << 23) - 1, 3, Kind::Signed) && !fits(1 << 23, 3, Kind::Signed));
    }

    #[test]
    fn floats_come_back_in_both_orders() {
        for little in [true, false] {
            for value in [0.0, 1.5, -2.25, f64::INFINITY] {
                for size in [4, 8] {
                    let mut bytes = Vec::new();
                    put_float(&mut bytes, value, size, little);
                    assert_eq!(get_float(&bytes, little), value);
                }
            }
        }
    }
}
