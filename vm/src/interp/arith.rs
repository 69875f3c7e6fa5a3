//! Arithmetic, bitwise operations and concatenation of any values (manual §3.4.1–3.4.3, 3.4.6).

use crate::{
    elementary,
    meta::Meta,
    native::Throw,
    string::MAX_SHORT,
    value::{Value, tag},
    vm::Vm,
};

/// An arithmetic or bitwise operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Arith {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    IDiv,
    BAnd,
    BOr,
    BXor,
    Shl,
    Shr,
    Unm,
    BNot,
}

impl Arith {
    pub(crate) const fn meta(self) -> Meta {
        match self {
            Arith::Add => Meta::Add,
            Arith::Sub => Meta::Sub,
            Arith::Mul => Meta::Mul,
            Arith::Div => Meta::Div,
            Arith::Mod => Meta::Mod,
            Arith::Pow => Meta::Pow,
            Arith::IDiv => Meta::IDiv,
            Arith::BAnd => Meta::BAnd,
            Arith::BOr => Meta::BOr,
            Arith::BXor => Meta::BXor,
            Arith::Shl => Meta::Shl,
            Arith::Shr => Meta::Shr,
            Arith::Unm => Meta::Unm,
            Arith::BNot => Meta::BNot,
        }
    }
    pub(crate) const fn is_bitwise(self) -> bool {
        matches!(self, Arith::BAnd | Arith::BOr | Arith::BXor | Arith::Shl | Arith::Shr | Arith::BNot)
    }
}

/// `a << b`, logical; a negative count shifts the other way.
#[inline]
pub fn shift_left(a: i64, b: i64) -> i64 {
    if b <= -64 || b >= 64 {
        0
    } else if b >= 0 {
        ((a as u64) << b) as i64
    } else {
        ((a as u64) >> -b) as i64
    }
}

/// `a >> b`, logical.
#[inline]
pub fn shift_right(a: i64, b: i64) -> i64 {
    shift_left(a, b.wrapping_neg())
}

/// Floor division of integers; the divisor is not zero.
#[inline]
pub fn int_div(a: i64, b: i64) -> i64 {
    if b == -1 {
        return a.wrapping_neg();
    }
    let quotient = a / b;
    if a % b != 0 && (a ^ b) < 0 { quotient - 1 } else { quotient }
}

/// Floor modulus of integers; the divisor is not zero.
#[inline]
pub fn int_mod(a: i64, b: i64) -> i64 {
    if b == -1 {
        return 0;
    }
    let rest = a % b;
    if rest != 0 && (rest ^ b) < 0 { rest + b } else { rest }
}

/// Floor modulus of floats.
#[inline]
pub fn float_mod(a: f64, b: f64) -> f64 {
    let rest = a % b;
    if rest * b < 0.0 { rest + b } else { rest }
}

/// `a ^ b` as C's `pow`, with the square (as common as all others together) short-cut.
#[inline]
pub fn pow(a: f64, b: f64) -> f64 {
    if b == 2.0 { a * a } else { elementary::pow(a, b) }
}

/// The result of an arithmetic operator on two numbers; `None` when an operand is not a number of the kind it needs,
/// and for integer division by zero.
#[inline]
pub fn numeric(op: Arith, a: Value, b: Value) -> Option<Value> {
    if op.is_bitwise() {
        let (a, b) = (a.to_int_no_string()?, b.to_int_no_string()?);
        return Some(Value::int(match op {
            Arith::BAnd => a & b,
            Arith::BOr => a | b,
            Arith::BXor => a ^ b,
            Arith::Shl => shift_left(a, b),
            Arith::Shr => shift_right(a, b),
            _ => !a,
        }));
    }
    if a.tag == tag::INT && b.tag == tag::INT && !matches!(op, Arith::Div | Arith::Pow) {
        let (a, b) = (a.raw_int(), b.raw_int());
        return Some(Value::int(match op {
            Arith::Add => a.wrapping_add(b),
            Arith::Sub => a.wrapping_sub(b),
            Arith::Mul => a.wrapping_mul(b),
            Arith::Unm => a.wrapping_neg(),
            Arith::Mod if b != 0 => int_mod(a, b),
            Arith::IDiv if b != 0 => int_div(a, b),
            _ => return None,
        }));
    }
    let (a, b) = (a.to_float_no_string()?, b.to_float_no_string()?);
    Some(Value::float(match op {
        Arith::Add => a + b,
        Arith::Sub => a - b,
        Arith::Mul => a * b,
        Arith::Div => a / b,
        Arith::Mod => float_mod(a, b),
        Arith::Pow => pow(a, b),
        Arith::IDiv => (a / b).floor(),
        _ => -a,
    }))
}

/// An operator on any two values (unary ones get their operand twice).
///
/// # Errors
/// Operands that the operator is not defined on, integer division by zero, or what a metamethod throws.
#[inline(never)]
pub fn binary(vm: &mut Vm, op: Arith, a: Value, b: Value) -> Result<Value, Throw> {
    if let Some(result) = numeric(op, a, b) {
        return Ok(result);
    }
    if a.is_int() && b.is_int() {
        return Err(vm.runtime_error(if op == Arith::Mod {
            "attempt to perform 'n%0'"
        } else {
            "attempt to divide by zero"
        }));
    }
    let mut handler = vm.metamethod(a, op.meta());
    if handler.is_nil() {
        handler = vm.metamethod(b, op.meta());
    }
    if handler.is_nil() {
        return Err(vm.arith_error(op, a, b));
    }
    // PERF: what the string library's own metamethod would do.
    if handler.as_native().is_some_and(|native| native.function as usize == vm.controller.string_arithmetic)
        && let (Some(x), Some(y)) = (vm.to_number(a), vm.to_number(b))
        && let Some(result) = numeric(op, x, y)
    {
        return Ok(result);
    }
    vm.call_meta1(handler, &[a, b])
}

/// [`concat`] to `values[0]`.
///
/// # Errors
/// As [`concat`].
///
/// # Safety
/// As [`concat`].
#[inline(never)]
pub unsafe fn concat_in_place(vm: &mut Vm, values: *mut Value, count: usize) -> Result<(), Throw> {
    // SAFETY: as the contract says.
    unsafe { concat(vm, values, count).map(|value| *values = value) }
}

/// `values[0] .. values[1] .. …` (right associative).
///
/// # Errors
/// Values that do not concatenate, a result that is too long, or what `__concat` throws. After a yield the number of
/// operands that are left is in place of the last one.
///
/// # Safety
/// `values` points to `count ≥ 2` registers of the running frame.
#[inline(never)]
pub unsafe fn concat(vm: &mut Vm, values: *mut Value, count: usize) -> Result<Value, Throw> {
    // SAFETY: as the contract says.
    unsafe { concat_rest(vm, values, count, count) }
}

/// Goes on with a concatenation whose `__concat` has yielded and given `result` since.
///
/// # Errors
/// As [`concat`].
///
/// # Safety
/// As [`concat`].
pub(super) unsafe fn resume_concat(vm: &mut Vm, values: *mut Value, count: usize, result: Value) -> Result<(), Throw> {
    // SAFETY: as the contract says.
    unsafe {
        let left = (*values.add(count - 1)).raw_int() as usize;
        *values.add(left - 2) = result;
        concat_rest(vm, values, left - 1, count).map(|value| *values = value)
    }
}

/// [`concat`] of the first `left` of `count` operands.
///
/// # Safety
/// As [`concat`].
#[inline(always)]
unsafe fn concat_rest(vm: &mut Vm, values: *mut Value, mut left: usize, count: usize) -> Result<Value, Throw> {
    // SAFETY: as the contract says.
    unsafe {
        while left > 1 {
            let (lhs, rhs) = (*values.add(left - 2), *values.add(left - 1));
            let is_plain = |value: Value| value.is_string() || value.is_number();
            if !is_plain(lhs) || !is_plain(rhs) {
                let mut handler = vm.metamethod(lhs, Meta::Concat);
                if handler.is_nil() {
                    handler = vm.metamethod(rhs, Meta::Concat);
                }
                if handler.is_nil() {
                    return Err(vm.concat_error(values.add(left - 2)));
                }
                let result = vm.call_meta1(handler, &[lhs, rhs]);
                if matches!(result, Err(Throw::Yield)) {
                    *values.add(count - 1) = Value::int(left as i64);
                }
                *values.add(left - 2) = result?;
                left -= 1;
                continue;
            }
            // As many operands as are strings or numbers, joined at once.
            let mut first = left - 2;
            while first > 0 && is_plain(*values.add(first - 1)) {
                first -= 1;
            }
            *values.add(first) = join(vm, std::slice::from_raw_parts(values.add(first), left - first))?;
            left = first + 1;
        }
        Ok(*values)
    }
}

fn join(vm: &mut Vm, values: &[Value]) -> Result<Value, Throw> {
    let mut total = 0;
    for value in values {
        match value.as_string() {
            Some(string) => total += string.len(),
            None => return join_numbers(vm, values),
        }
    }
    // SAFETY: `to` has room for the `total` bytes of the strings.
    let write = |mut to: *mut u8| unsafe {
        for value in values {
            let bytes = value.string_unchecked();
            let bytes = bytes.as_bytes();
            to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            to = to.add(bytes.len());
        }
    };
    if total <= MAX_SHORT {
        let mut buffer = [0; MAX_SHORT];
        write(buffer.as_mut_ptr());
        return Ok(vm.heap.string(&buffer[..total]).into());
    }
    vm.spend_bytes(total);
    // The operands are registers of the running frame.
    vm.check_room(total)?;
    // SAFETY: `write` writes all bytes.
    Ok(unsafe { vm.heap.long_string_unset(total, write) }.into())
}

fn join_numbers(vm: &mut Vm, values: &[Value]) -> Result<Value, Throw> {
    let total: usize = values.iter().filter_map(|value| value.as_string()).map(|string| string.len()).sum();
    vm.check_room(total.saturating_mul(2))?;
    let mut buffer = std::mem::take(&mut vm.controller.scratch);
    buffer.clear();
    for value in values {
        match value.as_string() {
            Some(string) => buffer.extend_from_slice(string.as_bytes()),
            None => vm.write_number(*value, &mut buffer),
        }
    }
    vm.spend_bytes(buffer.len());
    let result = vm.heap.string(&buffer).into();
    if buffer.capacity() <= 1 << 20 {
        vm.controller.scratch = buffer;
    }
    Ok(result)
}

/// Prepares a numeric loop at `registers` (index, limit, step): says whether it is to be skipped. An integer loop
/// keeps the number of iterations left in the limit's place.
///
/// # Errors
/// Operands that are not numbers, or a step of zero.
///
/// # Safety
/// `registers` are the loop's four.
pub unsafe fn prepare_loop(vm: &mut Vm, registers: *mut Value) -> Result<bool, Throw> {
    // SAFETY: as the contract says.
    unsafe {
        let (start, limit, step) = (*registers, *registers.add(1), *registers.add(2));
        if start.is_int() && step.is_int() {
            let (start, step) = (start.raw_int(), step.raw_int());
            if step == 0 {
                return Err(vm.runtime_error("'for' step is zero"));
            }
            let Some(limit) = loop_limit(vm, limit, step)? else { return Ok(true) };
            if if step > 0 { start > limit } else { start < limit } {
                return Ok(true);
            }
            let left = if step > 0 {
                (limit as u64).wrapping_sub(start as u64) / step as u64
            } else {
                (start as u64).wrapping_sub(limit as u64) / (step.wrapping_neg() as u64)
            };
            *registers.add(1) = Value::int(left as i64);
            *registers.add(3) = Value::int(start);
            return Ok(false);
        }
        // Numerals in strings convert, here and in `loop_limit`.
        let to_float = |vm: &mut Vm, value: Value, what: &str| {
            let number = vm.to_number(value).and_then(Value::to_float_no_string);
            number.ok_or(()).map_err(|()| vm.loop_error(value, what))
        };
        let limit = to_float(vm, limit, "limit")?;
        let step = to_float(vm, step, "step")?;
        let start = to_float(vm, start, "initial")?;
        if step == 0.0 {
            return Err(vm.runtime_error("'for' step is zero"));
        }
        // With NaN the loop runs once: neither comparison holds.
        if if step > 0.0 { limit < start } else { start < limit } {
            return Ok(true);
        }
        *registers = Value::float(start);
        *registers.add(1) = Value::float(limit);
        *registers.add(2) = Value::float(step);
        *registers.add(3) = Value::float(start);
        Ok(false)
    }
}

/// The limit of an integer loop, clipped to the integers; `None` when the loop does not run.
fn loop_limit(vm: &mut Vm, limit: Value, step: i64) -> Result<Option<i64>, Throw> {
    match vm.to_number(limit) {
        Some(limit) if limit.is_int() => Ok(Some(limit.raw_int())),
        Some(limit) => {
            let float = limit.raw_float();
            let rounded = if step > 0 { float.floor() } else { float.ceil() };
            Ok(match Value::float_to_int_exact(rounded) {
                Some(int) => Some(int),
                None if float > 0.0 => (step > 0).then_some(i64::MAX),
                // NaN counts as far below, as in PUC Lua.
                None => (step < 0).then_some(i64::MIN),
            })
        }
        None => Err(vm.loop_error(limit, "limit")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_division_floors() {
        for (a, b) in [(7, 2), (-7, 2), (7, -2), (-7, -2), (i64::MIN, -1), (6, 3), (-6, 3)] {
            let exact = i128::from(a).div_euclid(i128::from(b));
            let floor = if b < 0 && i128::from(a).rem_euclid(i128::from(b)) != 0 { exact - 1 } else { exact };
            assert_eq!(int_div(a, b), floor as i64, "{a} // {b}");
            assert_eq!(int_mod(a, b), (i128::from(a) - floor * i128::from(b)) as i64, "{a} % {b}");
        }
    }

    #[test]
    fn shifts_beyond_the_width_give_zero() {
        assert_eq!(shift_left(1, 64), 0);
        assert_eq!(shift_left(-1, -63), 1);
        assert_eq!(shift_right(-1, 63), 1);
        assert_eq!(shift_right(1, i64::MIN), 0);
    }
}
