//! Constant folding: arithmetic on numerals whose result is certain and worth having as a constant.

use super::ast::{BinOp, Expr, UnOp};
use super::number::Number;
use crate::elementary;

/// The literal that `op` on a literal gives.
pub fn unary(op: UnOp, operand: Expr) -> Option<Expr> {
    match (op, operand) {
        (UnOp::Not, Expr::Nil | Expr::False) => Some(Expr::True),
        (UnOp::Not, operand) if operand.is_literal() => Some(Expr::False),
        (UnOp::Neg, Expr::Int(value)) => Some(Expr::Int(value.wrapping_neg())),
        (UnOp::Neg, Expr::Float(value)) => float(-value),
        (UnOp::BNot, operand) => number(operand).and_then(integer).map(|value| Expr::Int(!value)),
        _ => None,
    }
}

/// The literal that `op` on literals gives. Results that are NaN or a zero float are left to run time (so that `-0.0`
/// and `0.0` stay apart), as are divisions by zero and bitwise operations on floats without integer value.
pub fn binary(op: BinOp, lhs: Expr, rhs: Expr) -> Option<Expr> {
    let (lhs, rhs) = (number(lhs)?, number(rhs)?);
    match op {
        BinOp::BAnd | BinOp::BOr | BinOp::BXor | BinOp::Shl | BinOp::Shr => {
            let (lhs, rhs) = (integer(lhs)?, integer(rhs)?);
            Some(Expr::Int(match op {
                BinOp::BAnd => lhs & rhs,
                BinOp::BOr => lhs | rhs,
                BinOp::BXor => lhs ^ rhs,
                BinOp::Shl => shift_left(lhs, rhs),
                _ => shift_left(lhs, rhs.wrapping_neg()),
            }))
        }
        BinOp::Div | BinOp::Mod | BinOp::IDiv if to_float(rhs) == 0.0 => None,
        BinOp::Add | BinOp::Sub | BinOp::Mul | BinOp::Mod | BinOp::IDiv => match (lhs, rhs) {
            (Number::Int(lhs), Number::Int(rhs)) => Some(Expr::Int(match op {
                BinOp::Add => lhs.wrapping_add(rhs),
                BinOp::Sub => lhs.wrapping_sub(rhs),
                BinOp::Mul => lhs.wrapping_mul(rhs),
                BinOp::Mod => int_mod(lhs, rhs),
                _ => int_div(lhs, rhs),
            })),
            _ => {
                let (lhs, rhs) = (to_float(lhs), to_float(rhs));
                float(match op {
                    BinOp::Add => lhs + rhs,
                    BinOp::Sub => lhs - rhs,
                    BinOp::Mul => lhs * rhs,
                    BinOp::Mod => float_mod(lhs, rhs),
                    _ => (lhs / rhs).floor(),
                })
            }
        },
        BinOp::Div => float(to_float(lhs) / to_float(rhs)),
        BinOp::Pow => {
            let (lhs, rhs) = (to_float(lhs), to_float(rhs));
            float(if rhs == 2.0 { lhs * lhs } else { elementary::pow(lhs, rhs) })
        }
        _ => None,
    }
}

fn number(expr: Expr) -> Option<Number> {
    match expr {
        Expr::Int(value) => Some(Number::Int(value)),
        Expr::Float(value) => Some(Number::Float(value)),
        _ => None,
    }
}

fn to_float(number: Number) -> f64 {
    match number {
        Number::Int(value) => value as f64,
        Number::Float(value) => value,
    }
}

/// The integer with exactly this value.
fn integer(number: Number) -> Option<i64> {
    match number {
        Number::Int(value) => Some(value),
        Number::Float(value) => {
            let bound = 2_f64.powi(63);
            (value.floor() == value && value >= -bound && value < bound).then_some(value as i64)
        }
    }
}

fn float(value: f64) -> Option<Expr> {
    (!value.is_nan() && value != 0.0).then_some(Expr::Float(value))
}

/// Logical shift by any amount, to the right when it is negative.
fn shift_left(value: i64, by: i64) -> i64 {
    match by {
        0..64 => ((value as u64) << by) as i64,
        -63..0 => (value as u64 >> -by) as i64,
        _ => 0,
    }
}

fn int_div(lhs: i64, rhs: i64) -> i64 {
    let quotient = lhs.wrapping_div(rhs);
    let inexact = lhs.wrapping_rem(rhs) != 0;
    if inexact && (lhs < 0) != (rhs < 0) { quotient - 1 } else { quotient }
}

fn int_mod(lhs: i64, rhs: i64) -> i64 {
    let rest = lhs.wrapping_rem(rhs);
    if rest != 0 && (rest < 0) != (rhs < 0) { rest + rhs } else { rest }
}

fn float_mod(lhs: f64, rhs: f64) -> f64 {
    let rest = lhs % rhs;
    let differs = if rest > 0.0 { rhs < 0.0 } else { rest < 0.0 && rhs > 0.0 };
    if differs { rest + rhs } else { rest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Expr::{Float, Int};

    #[test]
    fn integers_floor_and_wrap() {
        assert_eq!(binary(BinOp::IDiv, Int(-7), Int(2)), Some(Int(-4)));
        assert_eq!(binary(BinOp::Mod, Int(-7), Int(2)), Some(Int(1)));
        assert_eq!(binary(BinOp::Mod, Int(7), Int(-2)), Some(Int(-1)));
        assert_eq!(binary(BinOp::IDiv, Int(i64::MIN), Int(-1)), Some(Int(i64::MIN)));
        assert_eq!(binary(BinOp::Mod, Int(i64::MIN), Int(-1)), Some(Int(0)));
        assert_eq!(binary(BinOp::Add, Int(i64::MAX), Int(1)), Some(Int(i64::MIN)));
        assert_eq!(binary(BinOp::Shl, Int(1), Int(64)), Some(Int(0)));
        assert_eq!(binary(BinOp::Shr, Int(-1), Int(60)), Some(Int(15)));
        assert_eq!(binary(BinOp::Shr, Int(1), Int(i64::MIN)), Some(Int(0)));
    }

    #[test]
    fn doubtful_results_are_left_to_run_time() {
        assert_eq!(binary(BinOp::Div, Int(1), Int(0)), None);
        assert_eq!(binary(BinOp::Mod, Float(1.0), Float(-0.0)), None);
        assert_eq!(binary(BinOp::Mul, Float(0.0), Int(-1)), None);
        assert_eq!(binary(BinOp::Sub, Float(f64::INFINITY), Float(f64::INFINITY)), None);
        assert_eq!(binary(BinOp::BAnd, Float(1.5), Int(1)), None);
        assert_eq!(binary(BinOp::BAnd, Float(9.3e18), Int(1)), None);
        assert_eq!(binary(BinOp::Div, Int(1), Int(2)), Some(Float(0.5)));
        assert_eq!(binary(BinOp::BOr, Float(2.0), Int(1)), Some(Int(3)));
    }

    #[test]
    fn float_modulo_takes_the_divisors_sign() {
        assert_eq!(binary(BinOp::Mod, Float(-5.5), Int(2)), Some(Float(0.5)));
        assert_eq!(binary(BinOp::Mod, Float(5.5), Int(-2)), Some(Float(-0.5)));
        assert_eq!(binary(BinOp::Mod, Float(5.5), Float(f64::INFINITY)), Some(Float(5.5)));
        assert_eq!(binary(BinOp::Mod, Float(-5.5), Float(f64::INFINITY)), Some(Float(f64::INFINITY)));
    }
}
