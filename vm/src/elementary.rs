//! Elementary functions of floats, by the C library or, where runs have to agree on different machines, by code of ours.
//!
//! What the C library returns in the last bit depends on its version and on the processor, for which it has several
//! variants. The crate `libm` computes in one way everywhere, and takes longer.

use std::sync::atomic::{AtomicBool, Ordering};

/// For the whole process: constants are folded where there is no VM, and compiled code takes powers without one.
static PORTABLE: AtomicBool = AtomicBool::new(false);

/// From now on everything in this process computes portably.
pub(crate) fn compute_portably() {
    PORTABLE.store(true, Ordering::Relaxed);
}

macro_rules! functions {
    ($($name:ident($($argument:ident),+) = $here:expr, $portable:path;)*) => {
        $(#[inline]
        pub(crate) fn $name($($argument: f64),+) -> f64 {
            if PORTABLE.load(Ordering::Relaxed) { $portable($($argument),+) } else { $here($($argument),+) }
        })*
    };
}

functions! {
    acos(x) = f64::acos, libm::acos;
    asin(x) = f64::asin, libm::asin;
    atan2(y, x) = f64::atan2, libm::atan2;
    cos(x) = f64::cos, libm::cos;
    cosh(x) = f64::cosh, libm::cosh;
    exp(x) = f64::exp, libm::exp;
    ln(x) = f64::ln, libm::log;
    log2(x) = f64::log2, libm::log2;
    log10(x) = f64::log10, libm::log10;
    pow(x, y) = f64::powf, libm::pow;
    sin(x) = f64::sin, libm::sin;
    sinh(x) = f64::sinh, libm::sinh;
    tan(x) = f64::tan, libm::tan;
    tanh(x) = f64::tanh, libm::tanh;
}

#[cfg(test)]
mod tests {
    #[test]
    fn portable_functions_agree_with_the_c_library_to_the_last_bits() {
        let close =
            |a: f64, b: f64| a == b || (a - b).abs() <= 4.0 * f64::EPSILON * b.abs() || a.is_nan() && b.is_nan();
        for step in -400..400 {
            let x = f64::from(step) / 16.0;
            for (portable, here) in [
                (libm::sin(x), x.sin()),
                (libm::cos(x), x.cos()),
                (libm::tan(x), x.tan()),
                (libm::exp(x), x.exp()),
                (libm::log(x), x.ln()),
                (libm::log2(x), x.log2()),
                (libm::log10(x), x.log10()),
                (libm::pow(x.abs(), 1.7), x.abs().powf(1.7)),
                (libm::pow(x, 3.0), x.powf(3.0)),
                (libm::atan2(x, 2.0), x.atan2(2.0)),
                (libm::asin(x / 25.0), (x / 25.0).asin()),
                (libm::tanh(x), x.tanh()),
            ] {
                assert!(close(portable, here), "{x}: {portable:e} and {here:e}");
            }
        }
    }

    #[test]
    fn powers_that_are_integers_are_exact() {
        for (base, exponent) in [(10.0, 15.0), (3.0, 33.0), (7.0, 18.0), (2.0, 1023.0), (2.0, -1074.0), (0.5, 60.0)] {
            let exact = (0..f64::abs(exponent) as i32)
                .fold(1.0, |power, _| if exponent > 0.0 { power * base } else { power / base });
            assert_eq!(libm::pow(base, exponent), exact, "{base}^{exponent}");
        }
    }
}
