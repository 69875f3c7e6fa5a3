//! Instructions in general, whatever their operands: what handlers fall back to. Arithmetic and comparisons are quickened
//! by the operands that they meet.
//!
//! The caller has stored the pc in the frame's header; these functions make the frame the running one.

use super::{access, arith, arith::Arith, compare};
use crate::{
    bytecode::{Hint, Op},
    frame::{FRAME_OFFSET, Frame, Status},
    native::Throw,
    value::{Value, tag},
    vm::Vm,
};

fn report(result: Result<(), Throw>) -> Status {
    match result {
        Ok(()) => 0,
        Err(throw) => throw.status(),
    }
}

/// # Safety
/// `base` is the running frame of a Lua closure whose header holds the pc.
#[inline]
unsafe fn focus(vm: &mut Vm, base: *mut Value) {
    // SAFETY: as the contract says.
    unsafe {
        vm.frame = Frame(base);
        vm.top = base.add(Frame(base).function().closure_unchecked().proto.max_stack as usize);
    }
}

fn arith_op(op: Op) -> Option<Arith> {
    Some(match op {
        Op::Add | Op::AddK => Arith::Add,
        Op::Sub | Op::SubK => Arith::Sub,
        Op::Mul | Op::MulK => Arith::Mul,
        Op::Div | Op::DivK => Arith::Div,
        Op::Mod | Op::ModK => Arith::Mod,
        Op::Pow | Op::PowK => Arith::Pow,
        Op::IDiv | Op::IDivK => Arith::IDiv,
        Op::BAnd | Op::BAndK => Arith::BAnd,
        Op::BOr | Op::BOrK => Arith::BOr,
        Op::BXor | Op::BXorK => Arith::BXor,
        Op::Shl | Op::ShlK => Arith::Shl,
        Op::Shr | Op::ShrK => Arith::Shr,
        Op::Unm => Arith::Unm,
        Op::BNot => Arith::BNot,
        _ => return None,
    })
}

/// Whether the right operand of an arithmetic opcode is a constant.
const fn has_constant(op: Op) -> bool {
    op as u8 >= Op::AddK as u8 && op as u8 <= Op::ShrK as u8
}

/// Executes the instruction at `pc`, which is not a jump, comparison, call, return or loop. Returns 0, or the status of
/// what it threw.
///
/// # Safety
/// `base` is the running frame of a Lua closure; its registers are in place.
#[inline(never)]
pub(super) unsafe fn step(vm: *mut Vm, base: *mut Value, pc: u64) -> Status {
    // SAFETY: operands of valid bytecode are in range; the frame is live.
    unsafe {
        let vm = &mut *vm;
        focus(vm, base);
        let closure = Frame(base).function().closure_unchecked();
        let proto = closure.proto;
        let at = proto.code.add(pc as usize);
        let instr = *at;
        let reg = |index: usize| base.add(index);
        let constant = |index: usize| *proto.consts.add(index);
        let cache = || proto.caches.add((*at.add(1)).ax());
        let (op, _) = instr.op().unquickened();
        let result: Result<Value, Throw> = match op {
            Op::GetTabUp => access::get_field(vm, closure.upvalues()[instr.b()].get(), constant(instr.c()), cache()),
            Op::GetField => access::get_field(vm, *reg(instr.b()), constant(instr.c()), cache()),
            Op::SelfField => {
                let object = *reg(instr.b());
                *reg(instr.a() + FRAME_OFFSET) = object;
                access::get_field(vm, object, constant(instr.c()), cache())
            }
            Op::GetTable => {
                let (object, key) = (*reg(instr.b()), *reg(instr.c()));
                get_any(vm, object, key, cache())
            }
            Op::GetI => get_any(vm, *reg(instr.b()), Value::int(instr.c() as i64), cache()),
            Op::SetTabUp => {
                let object = closure.upvalues()[instr.a()].get();
                return report(access::set_field(vm, object, constant(instr.b()), *reg(instr.c()), cache()));
            }
            Op::SetField => {
                return report(access::set_field(vm, *reg(instr.a()), constant(instr.b()), *reg(instr.c()), cache()));
            }
            Op::SetTable => return report(set_any(vm, *reg(instr.a()), *reg(instr.b()), *reg(instr.c()), cache())),
            Op::SetI => {
                let key = Value::int(instr.b() as i64);
                return report(set_any(vm, *reg(instr.a()), key, *reg(instr.c()), cache()));
            }
            Op::Len => {
                let value = *reg(instr.b());
                match value.as_table() {
                    Some(table) if table.metatable().is_none() => Ok(Value::int(table.len())),
                    _ => access::length(vm, value),
                }
            }
            Op::Close => return report(vm.close_scope(reg(instr.a()))),
            Op::Tbc => return report(vm.mark_to_be_closed(reg(instr.a()))),
            op => {
                let Some(arith) = arith_op(op) else {
                    unreachable!("{op:?} is not stepped");
                };
                let lhs = *reg(instr.b());
                let rhs = if has_constant(op) {
                    constant(instr.c())
                } else if matches!(op, Op::Unm | Op::BNot) {
                    lhs
                } else {
                    *reg(instr.c())
                };
                note_operands(at, lhs, rhs);
                arith::binary(vm, arith, lhs, rhs)
            }
        };
        match result {
            Ok(value) => {
                *reg(instr.a()) = value;
                0
            }
            Err(throw) => throw.status(),
        }
    }
}

/// Quickens an arithmetic instruction by its operands, as its first execution in the interpreter would.
///
/// # Safety
/// `at` is in the running function's code.
unsafe fn note_operands(at: *mut crate::bytecode::Instr, lhs: Value, rhs: Value) {
    // SAFETY: as the contract says.
    unsafe {
        if let Some(op) = (*at).op().quickened(lhs.tag, rhs.tag) {
            *at = (*at).with_op(op);
        }
    }
}

/// # Safety
/// `cache` belongs to the running function.
unsafe fn get_any(vm: &mut Vm, object: Value, key: Value, cache: *mut crate::function::Cache) -> Result<Value, Throw> {
    // SAFETY: as the contract says.
    unsafe {
        if let (Some(table), tag::INT) = (object.as_table(), key.tag) {
            let value = access::get_element(table, key.raw_int(), cache);
            if !value.is_nil() {
                return Ok(value);
            }
        }
        access::get_dynamic(vm, object, key, cache)
    }
}

/// # Safety
/// `cache` belongs to the running function.
unsafe fn set_any(
    vm: &mut Vm,
    object: Value,
    key: Value,
    value: Value,
    cache: *mut crate::function::Cache,
) -> Result<(), Throw> {
    // SAFETY: as the contract says.
    unsafe {
        if let (Some(table), tag::INT) = (object.as_table(), key.tag)
            && access::set_element(vm, table, key.raw_int(), value, cache)
        {
            return Ok(());
        }
        access::set_dynamic(vm, object, key, value, cache)
    }
}

/// Decides the comparison or test at `pc`: 1 when the jump that follows is to be taken, 0 when not, a status < 0 when
/// it threw. `FORPREP` answers 1 when the loop is to be skipped.
///
/// # Safety
/// As [`step`].
#[inline(never)]
pub(super) unsafe fn test(vm: *mut Vm, base: *mut Value, pc: u64) -> Status {
    // SAFETY: as for `step`.
    unsafe {
        let vm = &mut *vm;
        focus(vm, base);
        let proto = Frame(base).function().closure_unchecked().proto;
        let at = proto.code.add(pc as usize);
        let instr = *at;
        let (op, _) = instr.op().unquickened();
        let lhs = *base.add(instr.a());
        let imm = Value::int(i64::from(instr.sb()));
        let result = match op {
            Op::Eq => compare::equals(vm, lhs, *base.add(instr.b())),
            Op::Lt => {
                note_compared(at, lhs, *base.add(instr.b()));
                compare::less_than(vm, lhs, *base.add(instr.b()))
            }
            Op::Le => {
                note_compared(at, lhs, *base.add(instr.b()));
                compare::less_equal(vm, lhs, *base.add(instr.b()))
            }
            Op::EqK => Ok(lhs.raw_equals(*proto.consts.add(instr.b()))),
            Op::LtI => compare::less_than(vm, lhs, imm),
            Op::LeI => compare::less_equal(vm, lhs, imm),
            Op::GtI => compare::less_than(vm, imm, lhs),
            Op::GeI => compare::less_equal(vm, imm, lhs),
            Op::ForPrep => {
                return match arith::prepare_loop(vm, base.add(instr.a())) {
                    Ok(skip) => Status::from(skip),
                    Err(throw) => throw.status(),
                };
            }
            op => unreachable!("{op:?} is not a test"),
        };
        match result {
            Ok(value) => Status::from(value == (instr.c() != 0)),
            Err(throw) => throw.status(),
        }
    }
}

/// # Safety
/// `at` is in the running function's code.
unsafe fn note_compared(at: *mut crate::bytecode::Instr, lhs: Value, rhs: Value) {
    // SAFETY: as the contract says.
    unsafe {
        let (base, hint) = (*at).op().unquickened();
        if hint == Hint::Any {
            return;
        }
        let seen = match (lhs.tag, rhs.tag) {
            (tag::INT, tag::INT) => Hint::Int,
            (tag::FLOAT, tag::FLOAT) => Hint::Float,
            _ => Hint::Any,
        };
        let target = if hint == Hint::None || hint == seen { seen } else { Hint::Any };
        let quick = match (base, target) {
            (Op::Lt, Hint::Int) => Op::LtII,
            (Op::Lt, Hint::Float) => Op::LtFF,
            (Op::Lt, _) => Op::LtAny,
            (Op::Le, Hint::Int) => Op::LeII,
            (Op::Le, Hint::Float) => Op::LeFF,
            (Op::Le, _) => Op::LeAny,
            _ => return,
        };
        *at = (*at).with_op(quick);
    }
}
