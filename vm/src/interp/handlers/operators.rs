//! Arithmetic, comparisons, and the other operators.

use crate::{
    bytecode::{Instr, Op},
    frame::Status,
    function::Proto,
    interp::{Flow, Handler, State, arith, copy, set},
    value::{Value, tag},
    vm::Vm,
};

macro_rules! int_or_float {
    ($s:ident, $lhs:expr, $rhs:expr, int $wrapping:ident) => {{
        let (lhs, rhs) = ($lhs, $rhs);
        if (*lhs).tag != tag::INT || (*rhs).tag != tag::INT {
            return Flow::Slow;
        }
        set($s.a(), Value::int((*lhs).raw_int().$wrapping((*rhs).raw_int())));
        Flow::Next
    }};
    ($s:ident, $lhs:expr, $rhs:expr, float $op:tt) => {{
        let (lhs, rhs) = ($lhs, $rhs);
        if (*lhs).tag != tag::FLOAT || (*rhs).tag != tag::FLOAT {
            return Flow::Slow;
        }
        set($s.a(), Value::float((*lhs).raw_float() $op (*rhs).raw_float()));
        Flow::Next
    }};
    ($s:ident, $lhs:expr, $rhs:expr, any $wrapping:ident $op:tt) => {{
        let (lhs, rhs) = ($lhs, $rhs);
        if (*lhs).tag == tag::INT && (*rhs).tag == tag::INT {
            set($s.a(), Value::int((*lhs).raw_int().$wrapping((*rhs).raw_int())));
            return Flow::Next;
        }
        int_or_float!($s, lhs, rhs, mixed $op)
    }};
    ($s:ident, $lhs:expr, $rhs:expr, mixed $op:tt) => {{
        let (lhs, rhs) = ($lhs, $rhs);
        let (Some(l), Some(r)) = (as_float(lhs), as_float(rhs)) else { return Flow::Slow };
        set($s.a(), Value::float(l $op r));
        Flow::Next
    }};
}

/// # Safety
/// `value` points to a value.
#[inline(always)]
unsafe fn as_float(value: *const Value) -> Option<f64> {
    // SAFETY: as the contract says.
    unsafe {
        match (*value).tag {
            tag::FLOAT => Some((*value).raw_float()),
            tag::INT => Some((*value).raw_int() as f64),
            _ => None,
        }
    }
}

/// Integer division or modulus by a positive number.
macro_rules! divide {
    ($s:ident, $lhs:expr, $rhs:expr, $function:path) => {{
        let (lhs, rhs) = ($lhs, $rhs);
        if (*lhs).tag != tag::INT || (*rhs).tag != tag::INT || (*rhs).raw_int() <= 0 {
            return Flow::Slow;
        }
        let (l, r) = ((*lhs).raw_int(), (*rhs).raw_int());
        // PERF: division of 32-bit numbers is several times faster on many processors.
        let result = if (l | r) as u64 >> 32 == 0 { i64::from($function(l as u32, r as u32)) } else { $function(l, r) };
        set($s.a(), Value::int(result));
        Flow::Next
    }};
}

trait FloorDivision: Sized {
    fn floor_div(l: Self, r: Self) -> Self;
    fn floor_mod(l: Self, r: Self) -> Self;
}
impl FloorDivision for u32 {
    #[inline(always)]
    fn floor_div(l: u32, r: u32) -> u32 {
        l / r
    }
    #[inline(always)]
    fn floor_mod(l: u32, r: u32) -> u32 {
        l % r
    }
}
impl FloorDivision for i64 {
    #[inline(always)]
    fn floor_div(l: i64, r: i64) -> i64 {
        l.div_euclid(r)
    }
    #[inline(always)]
    fn floor_mod(l: i64, r: i64) -> i64 {
        l.rem_euclid(r)
    }
}

macro_rules! bitwise {
    ($s:ident, $rhs:expr, $function:expr) => {{
        let (lhs, rhs) = ($s.b(), $rhs);
        if (*lhs).tag != tag::INT || (*rhs).tag != tag::INT {
            return Flow::Slow;
        }
        set($s.a(), Value::int($function((*lhs).raw_int(), (*rhs).raw_int())));
        Flow::Next
    }};
}

macro_rules! compare {
    ($s:ident, $op:tt, $tag:ident, $raw:ident) => {{
        let (lhs, rhs) = ($s.a(), $s.b());
        if (*lhs).tag != tag::$tag || (*rhs).tag != tag::$tag {
            return Flow::SlowTest;
        }
        $s.branch((*lhs).$raw() $op (*rhs).$raw())
    }};
    ($s:ident, $op:tt, any) => {{
        let (lhs, rhs) = ($s.a(), $s.b());
        match ((*lhs).tag, (*rhs).tag) {
            (tag::INT, tag::INT) => $s.branch((*lhs).raw_int() $op (*rhs).raw_int()),
            (tag::FLOAT, tag::FLOAT) => $s.branch((*lhs).raw_float() $op (*rhs).raw_float()),
            _ => Flow::SlowTest,
        }
    }};
    ($s:ident, $op:tt, imm) => {{
        let lhs = $s.a();
        let imm = i64::from($s.instr.sb());
        match (*lhs).tag {
            tag::INT => $s.branch((*lhs).raw_int() $op imm),
            tag::FLOAT => $s.branch((*lhs).raw_float() $op imm as f64),
            _ => Flow::SlowTest,
        }
    }};
}

handlers! {
    Add(_s) { Flow::Slow },
    AddII(s) { int_or_float!(s, s.b(), s.c(), int wrapping_add) },
    AddFF(s) { int_or_float!(s, s.b(), s.c(), float +) },
    AddAny(s) { int_or_float!(s, s.b(), s.c(), any wrapping_add +) },
    AddK(_s) { Flow::Slow },
    AddKII(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), int wrapping_add) },
    AddKFF(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), float +) },
    AddKAny(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), any wrapping_add +) },
    Sub(_s) { Flow::Slow },
    SubII(s) { int_or_float!(s, s.b(), s.c(), int wrapping_sub) },
    SubFF(s) { int_or_float!(s, s.b(), s.c(), float -) },
    SubAny(s) { int_or_float!(s, s.b(), s.c(), any wrapping_sub -) },
    SubK(_s) { Flow::Slow },
    SubKII(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), int wrapping_sub) },
    SubKFF(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), float -) },
    SubKAny(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), any wrapping_sub -) },
    Mul(_s) { Flow::Slow },
    MulII(s) { int_or_float!(s, s.b(), s.c(), int wrapping_mul) },
    MulFF(s) { int_or_float!(s, s.b(), s.c(), float *) },
    MulAny(s) { int_or_float!(s, s.b(), s.c(), any wrapping_mul *) },
    MulK(_s) { Flow::Slow },
    MulKII(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), int wrapping_mul) },
    MulKFF(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), float *) },
    MulKAny(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), any wrapping_mul *) },
    Div(_s) { Flow::Slow },
    DivFF(s) { int_or_float!(s, s.b(), s.c(), float /) },
    DivAny(s) { int_or_float!(s, s.b(), s.c(), mixed /) },
    DivK(_s) { Flow::Slow },
    DivKFF(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), float /) },
    DivKAny(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), mixed /) },
    Mod(_s) { Flow::Slow },
    ModII(s) { divide!(s, s.b(), s.c(), FloorDivision::floor_mod) },
    ModAny(_s) { Flow::Slow },
    ModK(_s) { Flow::Slow },
    ModKII(s) { divide!(s, s.b(), s.k(s.instr.c()), FloorDivision::floor_mod) },
    ModKAny(_s) { Flow::Slow },
    IDiv(_s) { Flow::Slow },
    IDivII(s) { divide!(s, s.b(), s.c(), FloorDivision::floor_div) },
    IDivAny(_s) { Flow::Slow },
    IDivK(_s) { Flow::Slow },
    IDivKII(s) { divide!(s, s.b(), s.k(s.instr.c()), FloorDivision::floor_div) },
    IDivKAny(_s) { Flow::Slow },
    Pow(_s) { Flow::Slow },
    PowK(s) {
        let base = s.b();
        let exponent = s.k(s.instr.c());
        let two = (*exponent).tag == tag::INT && (*exponent).raw_int() == 2
            || (*exponent).tag == tag::FLOAT && (*exponent).raw_float() == 2.0;
        match as_float(base) {
            Some(float) if two => { set(s.a(), Value::float(float * float)); Flow::Next }
            _ => Flow::Slow,
        }
    },
    BAnd(s) { bitwise!(s, s.c(), |l, r| l & r) },
    BOr(s) { bitwise!(s, s.c(), |l, r| l | r) },
    BXor(s) { bitwise!(s, s.c(), |l, r| l ^ r) },
    Shl(s) { bitwise!(s, s.c(), arith::shift_left) },
    Shr(s) { bitwise!(s, s.c(), arith::shift_right) },
    BAndK(s) { bitwise!(s, s.k(s.instr.c()), |l, r| l & r) },
    BOrK(s) { bitwise!(s, s.k(s.instr.c()), |l, r| l | r) },
    BXorK(s) { bitwise!(s, s.k(s.instr.c()), |l, r| l ^ r) },
    ShlK(s) { bitwise!(s, s.k(s.instr.c()), arith::shift_left) },
    ShrK(s) { bitwise!(s, s.k(s.instr.c()), arith::shift_right) },
    Unm(s) {
        let value = s.b();
        match (*value).tag {
            tag::INT => set(s.a(), Value::int((*value).raw_int().wrapping_neg())),
            tag::FLOAT => set(s.a(), Value::float(-(*value).raw_float())),
            _ => return Flow::Slow,
        }
        Flow::Next
    },
    BNot(s) {
        let value = s.b();
        if (*value).tag != tag::INT {
            return Flow::Slow;
        }
        set(s.a(), Value::int(!(*value).raw_int()));
        Flow::Next
    },
    Not(s) { set(s.a(), Value::bool((*s.b()).tag < tag::TRUE)); Flow::Next },
    Len(s) {
        let value = s.b();
        match (*value).tag {
            tag::STRING => set(s.a(), Value::int((*value).string_unchecked().len() as i64)),
            tag::TABLE => {
                let table = (*value).table_unchecked();
                if table.array_len == 0 || table.metatable().is_some() {
                    return Flow::Slow;
                }
                set(s.a(), Value::int(i64::from(table.array_len)));
            }
            _ => return Flow::Slow,
        }
        Flow::Next
    },
    Concat(s) {
        s.save();
        match arith::concat_in_place(s.vm(), s.a(), s.instr.b()) {
            Ok(()) => Flow::Next,
            Err(throw) => Flow::Throw(throw),
        }
    },

    Eq(s) {
        let (lhs, rhs) = (s.a(), s.b());
        if (*lhs).tag == (*rhs).tag {
            if (*lhs).bits == (*rhs).bits && (*lhs).tag != tag::FLOAT {
                return s.branch(true);
            }
            match (*lhs).tag {
                tag::FLOAT => return s.branch((*lhs).raw_float() == (*rhs).raw_float()),
                tag::STRING if !(*lhs).string_unchecked().is_short() => return Flow::SlowTest,
                tag::TABLE if (*lhs).table_unchecked().metatable().is_some() => return Flow::SlowTest,
                tag::TABLE if (*rhs).table_unchecked().metatable().is_some() => return Flow::SlowTest,
                tag::USERDATA => return Flow::SlowTest,
                _ => return s.branch(false),
            }
        } else if !((*lhs).is_number() && (*rhs).is_number()) {
            return s.branch(false);
        }
        Flow::SlowTest
    },
    EqKInt(s) {
        let (lhs, rhs) = (s.a(), s.k(s.instr.b()));
        match (*lhs).tag {
            tag::INT => s.branch((*lhs).bits == (*rhs).bits),
            tag::FLOAT => {
                *s.at = (*s.at).with_op(Op::EqK);
                Flow::SlowTest
            }
            _ => s.branch(false),
        }
    },
    EqK(s) {
        let (lhs, rhs) = (s.a(), s.k(s.instr.b()));
        if (*lhs).tag == (*rhs).tag {
            if (*lhs).tag == tag::INT {
                *s.at = (*s.at).with_op(Op::EqKInt);
                return s.branch((*lhs).bits == (*rhs).bits);
            }
            if (*lhs).bits == (*rhs).bits && (*lhs).tag != tag::FLOAT {
                return s.branch(true);
            }
        } else if !((*lhs).is_number() && (*rhs).is_number()) {
            return s.branch(false);
        }
        Flow::SlowTest
    },
    Lt(_s) { Flow::SlowTest },
    LtII(s) { compare!(s, <, INT, raw_int) },
    LtFF(s) { compare!(s, <, FLOAT, raw_float) },
    LtAny(s) { compare!(s, <, any) },
    Le(_s) { Flow::SlowTest },
    LeII(s) { compare!(s, <=, INT, raw_int) },
    LeFF(s) { compare!(s, <=, FLOAT, raw_float) },
    LeAny(s) { compare!(s, <=, any) },
    LtI(s) { compare!(s, <, imm) },
    LeI(s) { compare!(s, <=, imm) },
    GtI(s) { compare!(s, >, imm) },
    GeI(s) { compare!(s, >=, imm) },
    Test(s) { let truthy = (*s.a()).is_truthy(); s.branch(truthy) },
    TestSet(s) {
        let value = s.b();
        let jump = s.ext();
        if (*value).is_truthy() == (s.instr.c() != 0) {
            copy(s.a(), value);
            s.jump(jump.jump());
        }
        Flow::Next
    },
}
