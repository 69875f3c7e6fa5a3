//! Comparison of any two values (manual §3.4.4).

use crate::{
    frame::flags,
    meta::Meta,
    native::Throw,
    string::MAX_SHORT,
    value::{Value, tag},
    vm::Vm,
};

/// `a == b`.
///
/// # Errors
/// What `__eq` throws.
pub fn equals(vm: &mut Vm, a: Value, b: Value) -> Result<bool, Throw> {
    // Short strings are told apart by their addresses.
    if a.tag == tag::STRING && b.tag == tag::STRING && a.bits != b.bits {
        let len = a.string_unchecked().len();
        if len > MAX_SHORT && len == b.string_unchecked().len() {
            vm.spend_bytes(len);
        }
    }
    if a.raw_equals(b) {
        return Ok(true);
    }
    if a.tag != b.tag || !(a.tag == tag::TABLE || a.tag == tag::USERDATA) {
        return Ok(false);
    }
    let mut handler = vm.metamethod(a, Meta::Eq);
    if handler.is_nil() {
        handler = vm.metamethod(b, Meta::Eq);
    }
    if handler.is_nil() {
        return Ok(false);
    }
    Ok(vm.call_meta1(handler, &[a, b])?.is_truthy())
}

/// `a < b`.
///
/// # Errors
/// Values that cannot be ordered, or what `__lt` throws.
#[inline(never)]
pub fn less_than(vm: &mut Vm, a: Value, b: Value) -> Result<bool, Throw> {
    match (a.tag, b.tag) {
        (tag::INT, tag::INT) => Ok(a.raw_int() < b.raw_int()),
        (tag::FLOAT, tag::FLOAT) => Ok(a.raw_float() < b.raw_float()),
        (tag::INT, tag::FLOAT) => Ok(int_less_than_float(a.raw_int(), b.raw_float())),
        (tag::FLOAT, tag::INT) => Ok(float_less_than_int(a.raw_float(), b.raw_int())),
        (tag::STRING, tag::STRING) => {
            spend_on_strings(vm, a, b);
            Ok(a.string_unchecked().as_bytes() < b.string_unchecked().as_bytes())
        }
        _ => ordered_by_meta(vm, a, b, Meta::Lt),
    }
}

/// `a <= b`.
///
/// # Errors
/// Values that cannot be ordered, or what `__le` throws.
#[inline(never)]
pub fn less_equal(vm: &mut Vm, a: Value, b: Value) -> Result<bool, Throw> {
    match (a.tag, b.tag) {
        (tag::INT, tag::INT) => Ok(a.raw_int() <= b.raw_int()),
        (tag::FLOAT, tag::FLOAT) => Ok(a.raw_float() <= b.raw_float()),
        (tag::INT, tag::FLOAT) => Ok(int_less_equal_float(a.raw_int(), b.raw_float())),
        (tag::FLOAT, tag::INT) => Ok(float_less_equal_int(a.raw_float(), b.raw_int())),
        (tag::STRING, tag::STRING) => {
            spend_on_strings(vm, a, b);
            Ok(a.string_unchecked().as_bytes() <= b.string_unchecked().as_bytes())
        }
        _ => ordered_by_meta(vm, a, b, Meta::Le),
    }
}

/// Pays for comparing two strings.
fn spend_on_strings(vm: &mut Vm, a: Value, b: Value) {
    vm.spend_bytes(a.string_unchecked().len().min(b.string_unchecked().len()));
}

fn ordered_by_meta(vm: &mut Vm, a: Value, b: Value, meta: Meta) -> Result<bool, Throw> {
    let mut handler = vm.metamethod(a, meta);
    if handler.is_nil() {
        handler = vm.metamethod(b, meta);
    }
    if !handler.is_nil() {
        return Ok(vm.call_meta1(handler, &[a, b])?.is_truthy());
    }
    if meta == Meta::Le {
        // As PUC Lua does when it is built to be compatible with 5.3, which is how it is shipped: not (b < a).
        let mut handler = vm.metamethod(b, Meta::Lt);
        if handler.is_nil() {
            handler = vm.metamethod(a, Meta::Lt);
        }
        if !handler.is_nil() {
            let frame = vm.frame;
            let result = vm.call_meta1(handler, &[b, a]);
            if matches!(result, Err(Throw::Yield)) && !frame.0.is_null() {
                // SAFETY: the frame that compares is live; it waits for the answer.
                unsafe { (*frame.header()).flags |= flags::NEGATED };
            }
            return Ok(!result?.is_truthy());
        }
    }
    Err(vm.compare_error(a, b))
}

/// 2^63 as a float.
const TWO_63: f64 = 9_223_372_036_854_775_808.0;

fn int_less_than_float(int: i64, float: f64) -> bool {
    if float >= TWO_63 {
        true
    } else if float > -TWO_63 {
        // The float's ceiling fits: i < f exactly when i < ceil(f).
        int < float.ceil() as i64
    } else {
        // NaN, or at most -2^63.
        false
    }
}

fn int_less_equal_float(int: i64, float: f64) -> bool {
    if float >= TWO_63 {
        true
    } else if float >= -TWO_63 {
        int <= float.floor() as i64
    } else {
        false
    }
}

fn float_less_than_int(float: f64, int: i64) -> bool {
    if float >= TWO_63 {
        false
    } else if float >= -TWO_63 {
        (float.floor() as i64) < int
    } else {
        !float.is_nan()
    }
}

fn float_less_equal_int(float: f64, int: i64) -> bool {
    if float >= TWO_63 {
        false
    } else if float > -TWO_63 {
        float.ceil() as i64 <= int
    } else {
        !float.is_nan()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixed_comparisons_are_exact_beyond_2_to_the_53() {
        let big = (1i64 << 53) + 1;
        assert!(!int_less_than_float(big, (1i64 << 53) as f64));
        assert!(float_less_than_int((1i64 << 53) as f64, big));
        assert!(int_less_than_float(i64::MAX, TWO_63));
        assert!(!int_less_equal_float(i64::MIN, -TWO_63 * 2.0));
        assert!(int_less_equal_float(i64::MIN, -TWO_63));
        for nan in [f64::NAN, -f64::NAN] {
            assert!(!int_less_than_float(1, nan) && !int_less_equal_float(1, nan));
            assert!(!float_less_than_int(nan, 1) && !float_less_equal_int(nan, 1));
        }
    }
}
