//! Conversion of text to numbers (manual §3.1, §3.4.3): numerals in source, `tonumber` and string coercions.

/// A Lua number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    Int(i64),
    Float(f64),
}

/// The number that `text` denotes as a whole, surrounding white space allowed; `None` when it is not a numeral.
///
/// A decimal integer that does not fit becomes a float; a hexadecimal integer wraps around.
pub fn parse_number(text: &[u8]) -> Option<Number> {
    let text = trim(text);
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    match digits {
        [b'0', b'x' | b'X', hex @ ..] => parse_hex(hex, negative),
        _ => parse_decimal(digits, negative),
    }
}

/// White space in the sense of `isspace` of the C locale.
pub const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The value of a hexadecimal digit.
pub const fn hex_value(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_space(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_space(*last)
    {
        text = rest;
    }
    text
}

fn parse_decimal(text: &[u8], negative: bool) -> Option<Number> {
    if !text.is_empty() && text.iter().all(u8::is_ascii_digit) {
        if let Some(value) = decimal_integer(text, negative) {
            return Some(Number::Int(value));
        }
    } else if !is_decimal_float(text) {
        return None;
    }
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(Number::Float(if negative { -value } else { value }))
}

fn decimal_integer(digits: &[u8], negative: bool) -> Option<i64> {
    let mut value = 0_u64;
    for digit in digits {
        value = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    let limit = i64::MAX as u64 + u64::from(negative);
    (value <= limit).then_some(if negative { value.wrapping_neg() as i64 } else { value as i64 })
}

fn is_decimal_float(text: &[u8]) -> bool {
    let (whole, rest) = split_while(text, u8::is_ascii_digit);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => split_while(rest, u8::is_ascii_digit),
        _ => (&[][..], rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return false;
    }
    match rest {
        [] => true,
        [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] => {
            !exponent.is_empty() && exponent.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    }
}

fn split_while(text: &[u8], test: impl Fn(&u8) -> bool) -> (&[u8], &[u8]) {
    let end = text.iter().position(|b| !test(b)).unwrap_or(text.len());
    text.split_at(end)
}

fn parse_hex(text: &[u8], negative: bool) -> Option<Number> {
    if !text.is_empty() && text.iter().all(u8::is_ascii_hexdigit) {
        let value = text.iter().fold(0_i64, |v, b| v.wrapping_shl(4) | i64::from(hex_value(*b).unwrap_or(0)));
        return Some(Number::Int(if negative { value.wrapping_neg() } else { value }));
    }
    let (whole, rest) = split_while(text, u8::is_ascii_hexdigit);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => split_while(rest, u8::is_ascii_hexdigit),
        _ => (&[][..], rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let exponent = match rest {
        [] => 0,
        [b'p' | b'P', exponent @ ..] => binary_exponent(exponent)?,
        _ => return None,
    };
    let mut mantissa = 0_u64;
    let mut lost = false;
    let mut scale = exponent.saturating_sub(4 * fraction.len() as i64);
    for byte in whole.iter().chain(fraction) {
        let digit = u64::from(hex_value(*byte).unwrap_or(0));
        if mantissa >> 59 == 0 {
            mantissa = mantissa << 4 | digit;
        } else {
            lost |= digit != 0;
            scale = scale.saturating_add(4);
        }
    }
    let value = scaled(mantissa, lost, scale);
    Some(Number::Float(if negative { -value } else { value }))
}

/// A decimal exponent with optional sign, clamped far outside the range of floats.
fn binary_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0_i64, |v, b| (v * 10 + i64::from(b - b'0')).min(1 << 50));
    Some(if negative { -value } else { value })
}

/// `mantissa · 2^scale`, rounded to nearest even; `lost` tells of nonzero digits below the mantissa.
fn scaled(mantissa: u64, lost: bool, scale: i64) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let shift = i64::from(mantissa.leading_zeros());
    let mantissa = mantissa << shift;
    // The value lies in [2^exponent, 2^(exponent + 1)).
    let exponent = scale.saturating_sub(shift).saturating_add(63);
    if exponent > 1023 {
        return f64::INFINITY;
    }
    if exponent < -1075 {
        return 0.0;
    }
    // Bits to drop: 11 of a normal number, more below the normal range.
    let drop = 11 + (-1022 - exponent).max(0);
    let (kept, rest) = if drop == 64 { (0, mantissa) } else { (mantissa >> drop, mantissa << (64 - drop)) };
    const HALF: u64 = 1 << 63;
    let up = rest > HALF || rest == HALF && (lost || kept & 1 != 0);
    let rounded = kept + u64::from(up);
    // A carry out of the mantissa moves into the exponent field as it should.
    let field = if exponent < -1022 { 0 } else { (exponent + 1022) as u64 };
    f64::from_bits((field << 52) + rounded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Number::{Float, Int};

    #[test]
    fn decimal_integers_overflow_to_floats() {
        assert_eq!(parse_number(b"9223372036854775807"), Some(Int(i64::MAX)));
        assert_eq!(parse_number(b"9223372036854775808"), Some(Float(9223372036854775808.0)));
        assert_eq!(parse_number(b"-9223372036854775808"), Some(Int(i64::MIN)));
        assert_eq!(parse_number(b"  +42\n\x0b"), Some(Int(42)));
        assert_eq!(parse_number(b"00000000000000000000000000000007"), Some(Int(7)));
    }

    #[test]
    fn hexadecimal_integers_wrap_around() {
        assert_eq!(parse_number(b"0xffffffffffffffff"), Some(Int(-1)));
        assert_eq!(parse_number(b"0x1ffffffffffffffff"), Some(Int(-1)));
        assert_eq!(parse_number(b"-0x10"), Some(Int(-16)));
    }

    #[test]
    fn floats_round_correctly() {
        assert_eq!(parse_number(b".5"), Some(Float(0.5)));
        assert_eq!(parse_number(b"5."), Some(Float(5.0)));
        assert_eq!(parse_number(b"1e400"), Some(Float(f64::INFINITY)));
        assert_eq!(parse_number(b"0x.8p1"), Some(Float(1.0)));
        assert_eq!(parse_number(b"0xA.8"), Some(Float(10.5)));
        assert_eq!(parse_number(b"0x1p-1074"), Some(Float(f64::from_bits(1))));
        assert_eq!(parse_number(b"0x1p-1075"), Some(Float(0.0)));
        assert_eq!(parse_number(b"0x1.8p-1075"), Some(Float(f64::from_bits(1))));
        assert_eq!(parse_number(b"0x1.0000000000001p-1075"), Some(Float(f64::from_bits(1))));
        assert_eq!(parse_number(b"0x3p-1075"), Some(Float(f64::from_bits(2))));
        assert_eq!(parse_number(b"0x1.fffffffffffffp1023"), Some(Float(f64::MAX)));
        assert_eq!(parse_number(b"0x1.fffffffffffff8p1023"), Some(Float(f64::INFINITY)));
        assert_eq!(parse_number(b"0x1.00000000000008p0"), Some(Float(1.0)));
        assert_eq!(parse_number(b"0x1.000000000000080000000001p0"), Some(Float(1.0 + f64::EPSILON)));
        assert_eq!(parse_number(b"0x1.fffffffffffff8p-1"), Some(Float(1.0)));
        assert_eq!(parse_number(b"0x0.fffffffffffff8p-1022"), Some(Float(f64::MIN_POSITIVE)));
    }

    #[test]
    fn other_text_is_no_number() {
        for text in
            ["", " ", "-", "0x", "0x.p1", "1e", "1e+", "inf", "nan", "1 2", "1_0", ".", "0x1p", "- 1", "1\0", "--1"]
        {
            assert_eq!(parse_number(text.as_bytes()), None, "{text:?}");
        }
    }
}
