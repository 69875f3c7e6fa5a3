//! Mathematical functions (manual §6.7), with those that Lua 5.3 deprecated, as common builds have them.

pub(super) mod random;

use crate::{
    elementary,
    interp::compare::less_than,
    native::{Args, NativeResult, Throw},
    stdlib::library,
    value::{Value, tag},
    vm::Vm,
};

pub(super) fn open(vm: &mut Vm) {
    let table = library(
        vm,
        "math",
        &[
            ("abs", abs),
            ("acos", |vm, args| unary(vm, args, elementary::acos)),
            ("asin", |vm, args| unary(vm, args, elementary::asin)),
            ("atan", atan),
            ("atan2", atan),
            ("ceil", ceil),
            ("cos", |vm, args| unary(vm, args, elementary::cos)),
            ("cosh", |vm, args| unary(vm, args, elementary::cosh)),
            ("deg", |vm, args| unary(vm, args, |x| x * (180.0 / std::f64::consts::PI))),
            ("exp", |vm, args| unary(vm, args, elementary::exp)),
            ("floor", floor),
            ("fmod", fmod),
            ("frexp", frexp),
            ("ldexp", ldexp),
            ("log", log),
            ("log10", |vm, args| unary(vm, args, elementary::log10)),
            ("max", |vm, args| extreme(vm, args, true)),
            ("min", |vm, args| extreme(vm, args, false)),
            ("modf", modf),
            ("pow", pow),
            ("rad", |vm, args| unary(vm, args, |x| x * (std::f64::consts::PI / 180.0))),
            ("random", random::random),
            ("randomseed", random::randomseed),
            ("sin", |vm, args| unary(vm, args, elementary::sin)),
            ("sinh", |vm, args| unary(vm, args, elementary::sinh)),
            ("sqrt", |vm, args| unary(vm, args, f64::sqrt)),
            ("tan", |vm, args| unary(vm, args, elementary::tan)),
            ("tanh", |vm, args| unary(vm, args, elementary::tanh)),
            ("tointeger", tointeger),
            ("type", type_),
            ("ult", ult),
        ],
    );
    vm.set_field(table, "pi", std::f64::consts::PI);
    vm.set_field(table, "huge", f64::INFINITY);
    vm.set_field(table, "maxinteger", i64::MAX);
    vm.set_field(table, "mininteger", i64::MIN);
}

/// A number as a float.
#[inline]
fn as_float(value: Value) -> Option<f64> {
    match value.tag {
        tag::FLOAT => Some(value.raw_float()),
        tag::INT => Some(value.raw_int() as f64),
        _ => None,
    }
}

#[inline]
pub(super) fn plain_unary(args: Args, function: impl FnOnce(f64) -> f64) -> Option<u32> {
    as_float(args.get(0)).map(|x| args.ret1(function(x)))
}

#[inline]
fn unary(vm: &mut Vm, args: Args, function: impl FnOnce(f64) -> f64) -> NativeResult {
    let x = vm.check_float(args, 0)?;
    vm.ret1(args, function(x))
}

/// A float as an integer where it fits one, else as it is.
fn integral(float: f64) -> Value {
    Value::float_to_int_exact(float).map_or(Value::float(float), Value::int)
}

/// By the argument's type; strings count as floats here.
#[inline]
fn plain_by_type(args: Args, of_int: impl FnOnce(i64) -> i64, of_float: impl FnOnce(f64) -> Value) -> Option<u32> {
    let value = args.get(0);
    match value.tag {
        tag::INT => Some(args.ret1(of_int(value.raw_int()))),
        tag::FLOAT => Some(args.ret1(of_float(value.raw_float()))),
        _ => None,
    }
}

/// A number argument: an integer only when it is one already, as strings count as floats here.
fn int_or_float(vm: &mut Vm, args: Args, index: usize) -> Result<Value, Throw> {
    let value = args.get(index);
    if value.is_int() { Ok(value) } else { vm.check_float(args, index).map(Value::float) }
}

pub(super) fn plain_abs(_: &mut Vm, args: Args) -> Option<u32> {
    plain_by_type(args, i64::wrapping_abs, |float| Value::float(float.abs()))
}

fn abs(vm: &mut Vm, args: Args) -> NativeResult {
    match plain_abs(vm, args) {
        Some(count) => Ok(count),
        None => unary(vm, args, f64::abs),
    }
}

pub(super) fn plain_floor(_: &mut Vm, args: Args) -> Option<u32> {
    plain_by_type(args, |int| int, |float| integral(float.floor()))
}

fn floor(vm: &mut Vm, args: Args) -> NativeResult {
    if let Some(count) = plain_floor(vm, args) {
        return Ok(count);
    }
    let float = vm.check_float(args, 0)?;
    vm.ret1(args, integral(float.floor()))
}

pub(super) fn plain_ceil(_: &mut Vm, args: Args) -> Option<u32> {
    plain_by_type(args, |int| int, |float| integral(float.ceil()))
}

fn ceil(vm: &mut Vm, args: Args) -> NativeResult {
    if let Some(count) = plain_ceil(vm, args) {
        return Ok(count);
    }
    let float = vm.check_float(args, 0)?;
    vm.ret1(args, integral(float.ceil()))
}

fn atan(vm: &mut Vm, args: Args) -> NativeResult {
    let y = vm.check_float(args, 0)?;
    let x = if args.get(1).is_nil() { 1.0 } else { vm.check_float(args, 1)? };
    vm.ret1(args, elementary::atan2(y, x))
}

pub(super) fn plain_fmod(_: &mut Vm, args: Args) -> Option<u32> {
    let (a, b) = (args.get(0), args.get(1));
    if a.is_int() && b.is_int() {
        let divisor = Some(b.raw_int()).filter(|divisor| *divisor != 0)?;
        return Some(args.ret1(a.raw_int().wrapping_rem(divisor)));
    }
    Some(args.ret1(as_float(a)? % as_float(b)?))
}

fn fmod(vm: &mut Vm, args: Args) -> NativeResult {
    if let Some(count) = plain_fmod(vm, args) {
        return Ok(count);
    }
    if args.get(0).is_int() && args.get(1).is_int() {
        return Err(vm.arg_error(args, 1, "zero"));
    }
    // The second is checked first, as C compilers order it for PUC Lua.
    let b = vm.check_float(args, 1)?;
    let a = vm.check_float(args, 0)?;
    vm.ret1(args, a % b)
}

fn modf(vm: &mut Vm, args: Args) -> NativeResult {
    let number = int_or_float(vm, args, 0)?;
    if number.is_int() {
        return vm.ret(args, &[number, Value::float(0.0)]);
    }
    let float = number.raw_float();
    let whole = float.trunc();
    let fraction = if float.is_infinite() { 0.0 } else { float - whole };
    vm.ret(args, &[integral(whole), Value::float(fraction)])
}

pub(super) fn plain_log(_: &mut Vm, args: Args) -> Option<u32> {
    if args.get(1).is_nil() { plain_unary(args, elementary::ln) } else { None }
}

fn log(vm: &mut Vm, args: Args) -> NativeResult {
    let x = vm.check_float(args, 0)?;
    if args.get(1).is_nil() {
        return vm.ret1(args, elementary::ln(x));
    }
    let base = vm.check_float(args, 1)?;
    let result = if base == 2.0 {
        elementary::log2(x)
    } else if base == 10.0 {
        elementary::log10(x)
    } else {
        elementary::ln(x) / elementary::ln(base)
    };
    vm.ret1(args, result)
}

fn pow(vm: &mut Vm, args: Args) -> NativeResult {
    let (x, y) = (vm.check_float(args, 0)?, vm.check_float(args, 1)?);
    vm.ret1(args, elementary::pow(x, y))
}

/// `m` and `e` with `x = m·2^e` and `0.5 <= |m| < 1`.
fn frexp(vm: &mut Vm, args: Args) -> NativeResult {
    let x = vm.check_float(args, 0)?;
    let (mantissa, exponent) = split_float(x);
    vm.ret(args, &[Value::float(mantissa), Value::int(exponent)])
}

fn split_float(x: f64) -> (f64, i64) {
    const EXPONENT: u64 = 0x7ff << 52;
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    // Subnormal numbers are made normal first.
    let (bits, shift) = match x.to_bits() {
        bits if bits & EXPONENT == 0 => ((x * 2f64.powi(54)).to_bits(), -54),
        bits => (bits, 0),
    };
    let exponent = ((bits & EXPONENT) >> 52) as i64 - 1022 + shift;
    (f64::from_bits(bits & !EXPONENT | 1022 << 52), exponent)
}

fn ldexp(vm: &mut Vm, args: Args) -> NativeResult {
    let x = vm.check_float(args, 0)?;
    let exponent = vm.check_int(args, 1)?.clamp(-2200, 2200) as i32;
    // In steps, so that neither an intermediate power nor a subnormal result is rounded twice.
    let (mantissa, own) = split_float(x);
    let exponent = exponent + own as i32;
    let result = if exponent > 1023 {
        mantissa * 2f64.powi(1023) * 2f64.powi((exponent - 1023).min(1023))
    } else if exponent < -1021 {
        mantissa * 2f64.powi(-1021) * 2f64.powi((exponent + 1021).max(-1021))
    } else {
        mantissa * 2f64.powi(exponent)
    };
    vm.ret1(args, result)
}

/// `max` and `min` of numbers.
#[inline]
pub(super) fn plain_extreme(vm: &mut Vm, args: Args, greatest: bool) -> Option<u32> {
    let mut best = Some(args.get(0)).filter(|first| first.is_number())?;
    for index in 1..args.len() {
        let value = Some(args.get(index)).filter(|value| value.is_number())?;
        let (low, high) = if greatest { (best, value) } else { (value, best) };
        if less_than(vm, low, high).ok()? {
            best = value;
        }
    }
    Some(args.ret1(best))
}

/// `max` and `min`, by the operator `<` on the arguments, whatever they are.
fn extreme(vm: &mut Vm, args: Args, greatest: bool) -> NativeResult {
    if args.len() == 0 {
        return Err(vm.arg_error(args, 0, "value expected"));
    }
    let mut best = args.get(0);
    for index in 1..args.len() {
        let value = args.get(index);
        let better = if greatest { less_than(vm, best, value)? } else { less_than(vm, value, best)? };
        if better {
            best = value;
        }
    }
    vm.ret1(args, best)
}

pub(super) fn plain_tointeger(vm: &mut Vm, args: Args) -> Option<u32> {
    let value = args.get(0);
    args.has(0).then(|| args.ret1(vm.to_int(value).map_or(Value::NIL, Value::int)))
}

fn tointeger(vm: &mut Vm, args: Args) -> NativeResult {
    vm.check_any(args, 0)?;
    Ok(plain_tointeger(vm, args).unwrap_or(0))
}

pub(super) fn plain_type(vm: &mut Vm, args: Args) -> Option<u32> {
    let name = match args.get(0).tag {
        tag::INT => vm.new_string("integer"),
        tag::FLOAT => vm.new_string("float"),
        _ => Value::NIL,
    };
    args.has(0).then(|| args.ret1(name))
}

fn type_(vm: &mut Vm, args: Args) -> NativeResult {
    vm.check_any(args, 0)?;
    Ok(plain_type(vm, args).unwrap_or(0))
}

pub(super) fn plain_ult(_: &mut Vm, args: Args) -> Option<u32> {
    let (a, b) = (args.get(0), args.get(1));
    (a.is_int() && b.is_int()).then(|| args.ret1((a.raw_int() as u64) < b.raw_int() as u64))
}

fn ult(vm: &mut Vm, args: Args) -> NativeResult {
    let (a, b) = (vm.check_int(args, 0)?, vm.check_int(args, 1)?);
    vm.ret1(args, (a as u64) < b as u64)
}

#[cfg(test)]
mod tests {
    use super::split_float;

    #[test]
    fn floats_split_into_mantissa_and_exponent() {
        for (x, expected) in [
            (8.0, (0.5, 4)),
            (-3.0, (-0.75, 2)),
            (0.5, (0.5, 0)),
            (0.0, (0.0, 0)),
            (5e-324, (0.5, -1073)),
            (f64::MAX, (1.0 - f64::EPSILON / 2.0, 1024)),
        ] {
            assert_eq!(split_float(x), expected);
        }
    }
}
