//! Finite floats in the formats of C's `printf` (`%f %e %g %a`), correctly rounded, half to even.
//!
//! All functions take the magnitude; signs, infinities, NaN and padding are the caller's. `alternate` is the `#`
//! flag: the point stays although no digit follows, and `%g` keeps its trailing zeros.

use std::fmt::Write;

use super::out::{Out, SmallText};

/// Digits of the longest exponent form: precision is at most [`MAX_PRECISION`].
type Digits = SmallText<128>;

/// Greatest precision these functions take.
pub const MAX_PRECISION: usize = 99;

/// `%f`.
pub fn fixed(out: &mut impl Out, magnitude: f64, precision: usize, alternate: bool) {
    // The longest: 309 digits before the point and 99 behind.
    let mut text = SmallText::<420>::new();
    // Writing to a `SmallText` cannot fail.
    let _ = write!(text, "{magnitude:.precision$}");
    out.put(&text);
    if alternate && precision == 0 {
        out.put(b".");
    }
}

/// `%e`; `upper` for `%E`.
pub fn exponential(out: &mut impl Out, magnitude: f64, precision: usize, alternate: bool, upper: bool) {
    let scientific = Scientific::new(magnitude, precision);
    scientific.write(out, precision, alternate, upper);
}

/// `%g`; `upper` for `%G`.
pub fn general(out: &mut impl Out, magnitude: f64, precision: usize, alternate: bool, upper: bool) {
    let precision = precision.max(1);
    let scientific = Scientific::new(magnitude, precision - 1);
    let mut kept = precision;
    if !alternate {
        while kept > 1 && scientific.digit(kept - 1) == b'0' {
            kept -= 1;
        }
    }
    let exponent = scientific.exponent;
    if exponent < -4 || exponent >= precision as i32 {
        return scientific.write(out, kept - 1, alternate, upper);
    }
    // Digits before the point; none for values below one.
    let whole = (exponent + 1).max(0) as usize;
    if whole == 0 {
        out.put(b"0.");
        out.fill(b'0', (-exponent - 1) as usize);
        scientific.write_digits(out, 0, kept);
        return;
    }
    scientific.write_digits(out, 0, whole);
    if kept > whole {
        out.put(b".");
        scientific.write_digits(out, whole, kept);
    } else if alternate {
        out.put(b".");
    }
}

/// `%a`; `upper` for `%A`. Without a precision, as many digits as the value needs.
pub fn hexadecimal(out: &mut impl Out, magnitude: f64, precision: Option<usize>, alternate: bool, upper: bool) {
    const FRACTION_BITS: u32 = 52;
    const FRACTION_DIGITS: usize = 13;
    let bits = magnitude.to_bits() & !(1 << 63);
    let biased = (bits >> FRACTION_BITS) as i32;
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    let mut mantissa = if biased == 0 { fraction } else { fraction | 1 << FRACTION_BITS };
    let exponent = match (biased, fraction) {
        (0, 0) => 0,
        (0, _) => -1022,
        _ => biased - 1023,
    };
    let mut digits = FRACTION_DIGITS;
    if let Some(wanted) = precision
        && wanted < FRACTION_DIGITS
    {
        let dropped = 4 * (FRACTION_DIGITS - wanted) as u32;
        let unit = 1u64 << dropped;
        let rest = mantissa & (unit - 1);
        mantissa -= rest;
        let half = unit / 2;
        if rest > half || (rest == half && mantissa & unit != 0) {
            mantissa += unit;
        }
        digits = wanted;
    } else if precision.is_none() {
        let zeros = mantissa.trailing_zeros().min(FRACTION_BITS) as usize / 4;
        digits -= zeros;
    }
    let table: &[u8; 16] = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    out.put(if upper { b"0X" } else { b"0x" });
    out.put(&[b'0' + (mantissa >> FRACTION_BITS) as u8]);
    let padding = precision.map_or(0, |wanted| wanted.saturating_sub(FRACTION_DIGITS));
    if digits > 0 || padding > 0 || alternate {
        out.put(b".");
    }
    for i in 0..digits {
        let shift = FRACTION_BITS - 4 * (i as u32 + 1);
        out.put(&[table[(mantissa >> shift & 15) as usize]]);
    }
    out.fill(b'0', padding);
    let mut text = SmallText::<8>::new();
    let _ = write!(text, "{exponent:+}");
    out.put(if upper { b"P" } else { b"p" });
    out.put(&text);
}

/// Decimal digits `d.ddd` and a decimal exponent.
struct Scientific {
    /// The digits, without a point.
    digits: Digits,
    exponent: i32,
}

impl Scientific {
    /// `precision` digits behind the first one.
    fn new(magnitude: f64, precision: usize) -> Self {
        let mut text = Digits::new();
        let _ = write!(text, "{magnitude:.precision$e}");
        let mark = text.iter().rposition(|&b| b == b'e').unwrap_or(text.len());
        let (mantissa, exponent) = text.split_at(mark);
        let mut digits = Digits::new();
        digits.put(&mantissa[..1]);
        digits.put(mantissa.get(2..).unwrap_or(&[]));
        let exponent = std::str::from_utf8(&exponent[1..]).ok().and_then(|e| e.parse().ok()).unwrap_or(0);
        Self { digits, exponent }
    }

    fn digit(&self, index: usize) -> u8 {
        self.digits.get(index).copied().unwrap_or(b'0')
    }

    fn write_digits(&self, out: &mut impl Out, from: usize, to: usize) {
        let end = to.min(self.digits.len());
        out.put(&self.digits[from.min(end)..end]);
        out.fill(b'0', to - from.max(end));
    }

    fn write(&self, out: &mut impl Out, precision: usize, alternate: bool, upper: bool) {
        out.put(&self.digits[..1]);
        if precision > 0 || alternate {
            out.put(b".");
        }
        self.write_digits(out, 1, 1 + precision);
        let sign = if self.exponent < 0 { '-' } else { '+' };
        let mut text = SmallText::<8>::new();
        let _ = write!(text, "{sign}{:02}", self.exponent.unsigned_abs());
        out.put(if upper { b"E" } else { b"e" });
        out.put(&text);
    }
}
