//! Numbers as `tostring` and `..` write them (manual §3.4.3).

use super::float::general;
use super::out::{Out, SmallText};

/// Room for any integer and any float in `%.14g`.
pub type NumberText = SmallText<32>;

/// The decimal text of an integer.
pub fn int_text(value: i64) -> NumberText {
    let mut text = NumberText::new();
    write_int(value, &mut text);
    text
}

/// A float as Lua writes it: `%.14g`, with `.0` behind what would look like an integer.
///
/// Infinities and NaN are `inf`, `-inf`, `nan`, `-nan`; the sign of a NaN is its sign bit.
pub fn float_text(value: f64) -> NumberText {
    let mut text = NumberText::new();
    write_float(value, &mut text);
    text
}

/// Appends the decimal text of an integer.
#[inline]
pub fn write_int(value: i64, out: &mut impl Out) {
    let mut buffer = [0u8; 20];
    let digits = decimal(&mut buffer, value.unsigned_abs());
    if value < 0 {
        out.put(b"-");
    }
    out.put(digits);
}

/// Appends what [`float_text`] describes.
pub fn write_float(value: f64, out: &mut impl Out) {
    // PERF: floats with an integral value of up to 14 digits, the common case, print their digits and ".0".
    if value.abs() < 1e14 && value.trunc() == value {
        if value.is_sign_negative() {
            out.put(b"-");
        }
        let mut buffer = [0u8; 20];
        out.put(decimal(&mut buffer, value.abs() as u64));
        out.put(b".0");
        return;
    }
    if value.is_sign_negative() {
        out.put(b"-");
    }
    if value.is_nan() {
        out.put(b"nan");
    } else if value.is_infinite() {
        out.put(b"inf");
    } else {
        let mut text = NumberText::new();
        general(&mut text, value.abs(), 14, false, false);
        out.put(&text);
        // A fraction behind 14 digits is rounded away.
        if text.iter().all(u8::is_ascii_digit) {
            out.put(b".0");
        }
    }
}

/// The decimal digits of `value`, at the end of `buffer`.
pub fn decimal(buffer: &mut [u8; 20], value: u64) -> &[u8] {
    let mut rest = value;
    let mut start = buffer.len();
    // PERF: two digits per division.
    while rest >= 100 {
        let pair = (rest % 100) as u8;
        rest /= 100;
        start -= 2;
        buffer[start] = b'0' + pair / 10;
        buffer[start + 1] = b'0' + pair % 10;
    }
    if rest >= 10 {
        start -= 2;
        buffer[start] = b'0' + (rest / 10) as u8;
        buffer[start + 1] = b'0' + (rest % 10) as u8;
    } else {
        start -= 1;
        buffer[start] = b'0' + rest as u8;
    }
    &buffer[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_print_in_decimal() {
        for value in [0, 1, -1, 9, 10, 99, 100, 101, 12345, -100, i64::MAX, i64::MIN] {
            assert_eq!(&*int_text(value), value.to_string().as_bytes());
        }
    }

    /// Texts are what lua5.4 prints.
    #[test]
    fn floats_print_as_in_the_reference_implementation() {
        let nan = f64::from_bits(0x7ff8_0000_0000_0000);
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-17.0, "-17.0"),
            (0.1, "0.1"),
            (-0.1, "-0.1"),
            (99999999999999.0, "99999999999999.0"),
            (99999999999999.5, "1e+14"),
            (1e14, "1e+14"),
            (1e15, "1e+15"),
            (123456789012345.0, "1.2345678901234e+14"),
            (1e100, "1e+100"),
            (-1e100, "-1e+100"),
            (std::f64::consts::PI, "3.1415926535898"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (123.456, "123.456"),
            (26491219463206.86, "26491219463207.0"),
            (9007199254740992.0, "9.007199254741e+15"),
            (9223372036854775808.0, "9.2233720368548e+18"),
            (5e-324, "4.9406564584125e-324"),
            (f64::MAX, "1.7976931348623e+308"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (nan, "nan"),
            (-nan, "-nan"),
        ] {
            assert_eq!(String::from_utf8_lossy(&float_text(value)), text);
        }
    }
}
