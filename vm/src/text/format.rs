//! The conversions of `string.format` (manual §6.4).

use super::float;
use super::number::{decimal, write_int};
use super::out::Out;

/// Longest run of flags, width and precision.
const MAX_MODIFIERS: usize = 20;

/// A wrong directive. [`FormatError::message`] gives the text; it may hold any bytes of the format string.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    #[error("invalid conversion '%{}' to 'format'", .0.escape_ascii())]
    Conversion(Box<[u8]>),
    #[error("invalid conversion specification: '%{}'", .0.escape_ascii())]
    Specification(Box<[u8]>),
    #[error("invalid format (too long)")]
    TooLong,
    #[error("specifier '%q' cannot have modifiers")]
    QuoteModifiers,
}

impl FormatError {
    /// The error message of the reference implementation.
    pub fn message(&self) -> Vec<u8> {
        match self {
            Self::Conversion(text) => [b"invalid conversion '%", &text[..], b"' to 'format'"].concat(),
            Self::Specification(text) => [b"invalid conversion specification: '%", &text[..], b"'"].concat(),
            Self::TooLong | Self::QuoteModifiers => self.to_string().into_bytes(),
        }
    }
}

/// One piece of a format string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// To be copied.
    Text(&'a [u8]),
    /// A `%` with flags, width, precision and a conversion, which takes one argument.
    Directive(Directive<'a>),
}

/// A directive whose modifiers have not been checked: which are allowed depends on the conversion, and the reference
/// implementation looks at the argument first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directive<'a> {
    /// What stands behind the `%`.
    rest: &'a [u8],
    /// Length of flags, width and precision in `rest`.
    modifiers: usize,
}

/// Flags, width and precision of a directive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spec {
    /// `-`
    pub left: bool,
    /// `+`
    pub plus: bool,
    /// a space
    pub space: bool,
    /// `#`
    pub alternate: bool,
    /// `0`
    pub zero: bool,
    /// Least number of bytes.
    pub width: usize,
    pub precision: Option<usize>,
}

/// Splits a format string into [`Piece`]s.
#[derive(Clone, Copy, Debug)]
pub struct Pieces<'a> {
    rest: &'a [u8],
}

impl<'a> Pieces<'a> {
    pub fn new(format: &'a [u8]) -> Self {
        Self { rest: format }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let rest = self.rest;
        let text = memchr::memchr(b'%', rest).unwrap_or(rest.len());
        if text > 0 {
            self.rest = &rest[text..];
            return Some(Piece::Text(&rest[..text]));
        }
        let rest = rest.get(1..)?;
        if rest.first() == Some(&b'%') {
            self.rest = &rest[1..];
            return Some(Piece::Text(&rest[..1]));
        }
        let modifiers = rest
            .iter()
            .position(|b| !matches!(b, b'-' | b'+' | b' ' | b'#' | b'0'..=b'9' | b'.'))
            .unwrap_or(rest.len());
        self.rest = rest.get(modifiers + 1..).unwrap_or(&[]);
        Some(Piece::Directive(Directive { rest, modifiers }))
    }
}

impl Directive<'_> {
    /// The conversion's letter, if the format string does not end before it.
    ///
    /// # Errors
    /// When the modifiers are too many.
    pub fn conversion(&self) -> Result<Option<u8>, FormatError> {
        if self.modifiers > MAX_MODIFIERS {
            return Err(FormatError::TooLong);
        }
        Ok(self.rest.get(self.modifiers).copied())
    }

    /// What stands between `%` and the conversion.
    pub fn modifiers(&self) -> &[u8] {
        &self.rest[..self.modifiers]
    }

    pub fn has_modifiers(&self) -> bool {
        self.modifiers > 0
    }

    /// The directive behind its `%`, as far as a C string would show it.
    fn text(&self) -> Box<[u8]> {
        let text = &self.rest[..(self.modifiers + 1).min(self.rest.len())];
        text.split(|&b| b == 0).next().unwrap_or(&[]).into()
    }

    /// The error for a conversion that does not exist.
    pub fn unknown(&self) -> FormatError {
        FormatError::Conversion(self.text())
    }

    /// The modifiers, if only these `flags` are used and a precision only where it is `precise`.
    pub fn spec(&self, flags: &[u8], precise: bool) -> Result<Spec, FormatError> {
        let mut spec = Spec::default();
        let modifiers = self.modifiers();
        let mut at = 0;
        while let Some(flag) = modifiers.get(at).filter(|b| flags.contains(b)) {
            match flag {
                b'-' => spec.left = true,
                b'+' => spec.plus = true,
                b' ' => spec.space = true,
                b'#' => spec.alternate = true,
                _ => spec.zero = true,
            }
            at += 1;
        }
        if modifiers.get(at) != Some(&b'0') {
            spec.width = up_to_two_digits(modifiers, &mut at);
            if precise && modifiers.get(at) == Some(&b'.') {
                at += 1;
                spec.precision = Some(up_to_two_digits(modifiers, &mut at));
            }
        }
        if at == modifiers.len() { Ok(spec) } else { Err(FormatError::Specification(self.text())) }
    }
}

fn up_to_two_digits(text: &[u8], at: &mut usize) -> usize {
    let mut value = 0;
    for _ in 0..2 {
        if let Some(digit) = text.get(*at).filter(|b| b.is_ascii_digit()) {
            value = value * 10 + (digit - b'0') as usize;
            *at += 1;
        }
    }
    value
}

/// `%d` and `%i`.
pub fn signed(out: &mut Vec<u8>, value: i64, spec: &Spec) {
    if *spec == Spec::default() {
        return write_int(value, out);
    }
    let mut buffer = [0; 20];
    let digits = decimal(&mut buffer, value.unsigned_abs());
    let sign = sign(value < 0, spec);
    integer(out, sign, digits, value == 0, spec);
}

/// The conversions `%u`, `%o`, `%x` and `%X`, named by their letter, of the two's complement of `value`.
pub fn unsigned(out: &mut Vec<u8>, value: u64, letter: u8, spec: &Spec) {
    let mut buffer = [0u8; 24];
    let mut start = buffer.len();
    let (bits, table): (u32, &[u8; 16]) = match letter {
        b'o' => (3, b"0123456789abcdef"),
        b'X' => (4, b"0123456789ABCDEF"),
        b'x' => (4, b"0123456789abcdef"),
        _ => {
            let mut buffer = [0; 20];
            return integer(out, b"", decimal(&mut buffer, value), value == 0, spec);
        }
    };
    let mut rest = value;
    loop {
        start -= 1;
        buffer[start] = table[(rest & ((1 << bits) - 1)) as usize];
        rest >>= bits;
        if rest == 0 {
            break;
        }
    }
    let mut spec = *spec;
    let mut prefix: &[u8] = b"";
    if spec.alternate && letter == b'o' {
        // The alternate form asks for enough precision to begin with a zero.
        let digits = buffer.len() - start;
        if value != 0 && spec.precision.is_none() {
            prefix = b"0";
        } else if spec.precision.is_some_and(|p| p <= digits) {
            spec.precision = Some(digits + (value != 0) as usize);
        }
    } else if spec.alternate && value != 0 {
        prefix = if letter == b'X' { b"0X" } else { b"0x" };
    }
    integer(out, prefix, &buffer[start..], value == 0, &spec);
}

/// `prefix` is a sign or the mark of a base.
fn integer(out: &mut Vec<u8>, prefix: &[u8], digits: &[u8], is_zero: bool, spec: &Spec) {
    let digits = if is_zero && spec.precision == Some(0) { b"" } else { digits };
    let zeros = match spec.precision {
        Some(least) => least.saturating_sub(digits.len()),
        None if spec.zero && !spec.left => spec.width.saturating_sub(prefix.len() + digits.len()),
        None => 0,
    };
    let padding = spec.width.saturating_sub(prefix.len() + zeros + digits.len());
    if !spec.left {
        out.fill(b' ', padding);
    }
    out.put(prefix);
    out.fill(b'0', zeros);
    out.put(digits);
    if spec.left {
        out.fill(b' ', padding);
    }
}

fn sign(negative: bool, spec: &Spec) -> &'static [u8] {
    match () {
        () if negative => b"-",
        () if spec.plus => b"+",
        () if spec.space => b" ",
        () => b"",
    }
}

/// The conversions `%a`, `%e`, `%f`, `%g` and their upper cases, named by their letter.
pub fn floating(out: &mut Vec<u8>, value: f64, letter: u8, spec: &Spec) {
    let sign = sign(value.is_sign_negative(), spec);
    let upper = letter.is_ascii_uppercase();
    let magnitude = value.abs();
    let start = out.len();
    out.put(sign);
    let mut zero = spec.zero && !spec.left;
    // Where padding with zeros goes: behind the sign and a hexadecimal float's `0x`.
    let mut body = out.len();
    if !value.is_finite() {
        zero = false;
        out.put(match (value.is_nan(), upper) {
            (true, false) => b"nan",
            (true, true) => b"NAN",
            (false, false) => b"inf",
            (false, true) => b"INF",
        });
    } else {
        let precision = spec.precision.unwrap_or(6);
        match letter.to_ascii_lowercase() {
            b'a' => {
                float::hexadecimal(out, magnitude, spec.precision, spec.alternate, upper);
                body += 2;
            }
            b'e' => float::exponential(out, magnitude, precision, spec.alternate, upper),
            b'f' => float::fixed(out, magnitude, precision, spec.alternate),
            _ => float::general(out, magnitude, precision, spec.alternate, upper),
        }
    }
    let padding = spec.width.saturating_sub(out.len() - start);
    if padding > 0 {
        let length = out.len();
        out.fill(if zero { b'0' } else { b' ' }, padding);
        if !spec.left {
            let from = if zero { body } else { start };
            out.copy_within(from..length, from + padding);
            out[from..from + padding].fill(if zero { b'0' } else { b' ' });
        }
    }
}

/// `%c`, and `%s` once its argument is text: `spec.precision` limits the length.
pub fn text(out: &mut Vec<u8>, text: &[u8], spec: &Spec) {
    let text = &text[..spec.precision.unwrap_or(text.len()).min(text.len())];
    let padding = spec.width.saturating_sub(text.len());
    if !spec.left {
        out.fill(b' ', padding);
    }
    out.put(text);
    if spec.left {
        out.fill(b' ', padding);
    }
}

/// `%q` of a string: a literal that reads back as the same bytes.
pub fn quoted_string(out: &mut Vec<u8>, text: &[u8]) {
    out.reserve(text.len() + 2);
    out.put(b"\"");
    for (i, &byte) in text.iter().enumerate() {
        match byte {
            b'"' | b'\\' | b'\n' => out.put(&[b'\\', byte]),
            0..=31 | 127 => {
                let mut buffer = [0; 20];
                let digits = decimal(&mut buffer, byte as u64);
                out.put(b"\\");
                // A digit that follows would be read as part of the escape.
                if text.get(i + 1).is_some_and(u8::is_ascii_digit) {
                    out.fill(b'0', 3 - digits.len());
                }
                out.put(digits);
            }
            _ => out.push(byte),
        }
    }
    out.put(b"\"");
}

/// `%q` of an integer; the least one has no decimal literal.
pub fn quoted_int(out: &mut Vec<u8>, value: i64) {
    if value == i64::MIN {
        out.put(b"0x8000000000000000");
    } else {
        write_int(value, out);
    }
}

/// `%q` of a float: exact in hexadecimal, expressions for the values without a literal.
pub fn quoted_float(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        out.put(b"(0/0)");
    } else if value.is_infinite() {
        out.put(if value > 0.0 { b"1e9999" } else { b"-1e9999" });
    } else {
        floating(out, value, b'a', &Spec::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::facts::{escape, read};
    use crate::text::number::float_text;

    /// `string.format` of one number.
    fn format(format: &[u8], int: Option<i64>, float: f64) -> Result<Vec<u8>, FormatError> {
        let mut out = Vec::new();
        for piece in Pieces::new(format) {
            match piece {
                Piece::Text(text) => out.put(text),
                Piece::Directive(directive) => match (directive.conversion()?, int) {
                    (Some(b'd' | b'i'), Some(value)) => signed(&mut out, value, &directive.spec(b"-+0 ", true)?),
                    (Some(b'u'), Some(value)) => unsigned(&mut out, value as u64, b'u', &directive.spec(b"-0", true)?),
                    (Some(letter @ (b'o' | b'x' | b'X')), Some(value)) => {
                        unsigned(&mut out, value as u64, letter, &directive.spec(b"-#0", true)?);
                    }
                    (Some(letter @ (b'a' | b'A' | b'e' | b'E' | b'f' | b'g' | b'G')), _) => {
                        floating(&mut out, float, letter, &directive.spec(b"-+ #0", true)?);
                    }
                    _ => return Err(directive.unknown()),
                },
            }
        }
        Ok(out)
    }

    #[test]
    fn numbers_are_formatted_as_in_the_reference_implementation() {
        for fact in read(include_str!("facts/format.txt")) {
            let bits = || f64::from_bits(u64::from_str_radix(fact.text(1), 16).unwrap());
            let got = match fact.text(0) {
                "tostring" => Ok(float_text(bits()).to_vec()),
                "integer" => format(&fact.fields[2], Some(fact.text(1).parse().unwrap()), 0.0),
                _ => format(&fact.fields[2], None, bits()),
            };
            let got = match got {
                Ok(text) => format!("\"{}", escape(&text)),
                Err(error) => format!("!{}", escape(&error.message())),
            };
            assert_eq!(got, fact.result, "{} {} as {}", fact.text(0), fact.text(1), fact.text(2));
        }
    }

    fn error(text: &[u8]) -> String {
        format(text, Some(1), 1.0).map_or_else(|e| escape(&e.message()), |text| escape(&text))
    }

    #[test]
    fn wrong_directives_are_reported() {
        for (text, message) in [
            (&b"%"[..], "invalid conversion '%' to 'format'"),
            (b"%y", "invalid conversion '%y' to 'format'"),
            (b"%10", "invalid conversion '%10' to 'format'"),
            (b"%\xff", "invalid conversion '%\\ff' to 'format'"),
            (b"%-\0d", "invalid conversion '%-' to 'format'"),
            (b"%5%", "invalid conversion '%5%' to 'format'"),
            (b"%lld", "invalid conversion '%l' to 'format'"),
            (b"%100d", "invalid conversion specification: '%100d'"),
            (b"%.100f", "invalid conversion specification: '%.100f'"),
            (b"%#d", "invalid conversion specification: '%#d'"),
            (b"%+u", "invalid conversion specification: '%+u'"),
            (b"%.5.5d", "invalid conversion specification: '%.5.5d'"),
            (b"%00000000000000000000d", "1"),
            (b"%000000000000000000000d", "invalid format (too long)"),
            (b"%d%%%d", "1%1"),
        ] {
            assert_eq!(error(text), message);
        }
    }

    #[test]
    fn text_is_padded_and_cut() {
        let mut out = Vec::new();
        text(&mut out, b"ab", &Spec { width: 4, ..Spec::default() });
        text(&mut out, b"ab", &Spec { width: 4, left: true, ..Spec::default() });
        text(&mut out, b"abcdef", &Spec { precision: Some(2), ..Spec::default() });
        assert_eq!(out, b"  abab  ab");
    }

    #[test]
    fn quoted_values_read_back() {
        let mut out = Vec::new();
        quoted_string(&mut out, b"a\n\r\x001\0z\"\\\xc8\t\x7f");
        assert_eq!(out, b"\"a\\\n\\13\\0001\\0z\\\"\\\\\xc8\\9\\127\"");
        for (value, text) in [
            (1.0, "0x1p+0"),
            (-0.0, "-0x0p+0"),
            (0.1, "0x1.999999999999ap-4"),
            (f64::INFINITY, "1e9999"),
            (f64::NEG_INFINITY, "-1e9999"),
            (f64::NAN, "(0/0)"),
        ] {
            out.clear();
            quoted_float(&mut out, value);
            assert_eq!(escape(&out), text);
        }
        out.clear();
        quoted_int(&mut out, i64::MIN);
        assert_eq!(out, b"0x8000000000000000");
    }

    /// Every precision against the C library, on values of all magnitudes.
    #[test]
    fn floats_are_rounded_as_by_the_c_library() {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut buffer = [0u8; 512];
        for i in 0..20_000u32 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let mut value = f64::from_bits(state & !(1 << 63));
            if i % 2 == 0 {
                // Short binary fractions: where ties are.
                value = (state >> 44) as f64 / 1024.0;
            }
            if !value.is_finite() {
                continue;
            }
            let letter = b"feagFEAG"[i as usize % 4];
            let precision = (state >> 13) as usize % 20;
            let c_format = [b'%', b'.', b'*', letter, 0];
            // SAFETY: the buffer's size is passed, and the format asks for one `int` and one `double`.
            let length = unsafe {
                libc::snprintf(
                    buffer.as_mut_ptr().cast(),
                    buffer.len(),
                    c_format.as_ptr().cast(),
                    precision as i32,
                    value,
                )
            };
            let mut out = Vec::new();
            floating(&mut out, value, letter, &Spec { precision: Some(precision), ..Spec::default() });
            assert_eq!(escape(&out), escape(&buffer[..length as usize]), "{value:e} %.{precision}{}", letter as char);
        }
    }
}
