//! One instruction at a time, for compiled code that does not do it inline: operands and results in the frame's
//! registers, feedback recorded as by [`super::run`].
//!
//! The caller has stored the pc in the frame's header; these functions make the frame the running one.

use super::{access, arith, arith::Arith, call, compare};
use crate::{
    bytecode::{Hint, Op},
    frame::{FRAME_OFFSET, Frame, Status, status},
    heap::Gc,
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
pub unsafe extern "C" fn step(vm: *mut Vm, base: *mut Value, pc: u64) -> Status {
    // SAFETY: operands of valid bytecode are in range; the frame is live.
    unsafe {
        let vm = &mut *vm;
        focus(vm, base);
        let closure = Frame(base).function().closure_unchecked();
        let proto = closure.proto;
        let at = proto.code.add(pc as usize);
        let instr = *at;
        let ext = || (*at.add(1)).ax();
        let reg = |index: usize| base.add(index);
        let constant = |index: usize| *proto.consts.add(index);
        let cache = || proto.caches.add((*at.add(1)).ax());
        let (op, _) = instr.op().unquickened();
        let result: Result<Value, Throw> = match op {
            Op::GetTabUp => {
                access::get_field(vm, closure.upvalues()[instr.b()].get(), constant(instr.c()), cache())
            }
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
            Op::NewTable => Ok(access::new_table(vm, ext(), instr.b()).into()),
            Op::SetList => {
                let values = reg(instr.a() + 1);
                let table = (*reg(instr.a())).table_unchecked();
                access::set_list(vm, table, ext(), values, instr.b());
                return 0;
            }
            Op::Len => {
                let value = *reg(instr.b());
                match value.as_table() {
                    Some(table) if table.metatable().is_none() => Ok(Value::int(table.len())),
                    _ => access::length(vm, value),
                }
            }
            Op::Concat => arith::concat(vm, reg(instr.a()), instr.b()),
            Op::Close => return report(vm.close_scope(reg(instr.a()))),
            Op::Tbc => return report(vm.mark_to_be_closed(reg(instr.a()))),
            Op::TForPrep => return report(vm.mark_to_be_closed(reg(instr.a() + 3))),
            Op::Closure => {
                let child = proto.children[instr.bx()];
                Ok(call::make_closure(vm, closure, child, base).into())
            }
            Op::VarArg => return report(call::push_varargs(vm, Frame(base), reg(instr.a()), instr.c())),
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

/// `SETLIST` with an open list: the values end at `vm.top`.
///
/// # Safety
/// As [`step`].
pub unsafe extern "C" fn set_open_list(vm: *mut Vm, base: *mut Value, pc: u64) -> Status {
    // SAFETY: as the contract says.
    unsafe {
        let vm = &mut *vm;
        let at = Frame(base).function().closure_unchecked().proto.code.add(pc as usize);
        let instr = *at;
        let values = base.add(instr.a() + 1);
        let count = vm.top.offset_from(values) as usize;
        let table = (*base.add(instr.a())).table_unchecked();
        access::set_list(vm, table, (*at.add(1)).ax(), values, count);
        0
    }
}

/// Quickens an arithmetic instruction by its operands, as its first execution in the interpreter would.
///
/// # Safety
/// `at` is in the running function's code.
unsafe fn note_operands(at: *mut crate::bytecode::Instr, lhs: Value, rhs: Value) {
    use Op::*;
    // SAFETY: as the contract says.
    unsafe {
        let (base, hint) = (*at).op().unquickened();
        let seen = match (lhs.tag, rhs.tag) {
            (tag::INT, tag::INT) => Hint::Int,
            (tag::FLOAT, tag::FLOAT) => Hint::Float,
            _ => Hint::Any,
        };
        let target = if hint == Hint::None || hint == seen { seen } else { Hint::Any };
        let quick = match (base, target) {
            (Add, Hint::Int) => AddII,
            (Add, Hint::Float) => AddFF,
            (Add, _) => AddAny,
            (Sub, Hint::Int) => SubII,
            (Sub, Hint::Float) => SubFF,
            (Sub, _) => SubAny,
            (Mul, Hint::Int) => MulII,
            (Mul, Hint::Float) => MulFF,
            (Mul, _) => MulAny,
            (AddK, Hint::Int) => AddKII,
            (AddK, Hint::Float) => AddKFF,
            (AddK, _) => AddKAny,
            (SubK, Hint::Int) => SubKII,
            (SubK, Hint::Float) => SubKFF,
            (SubK, _) => SubKAny,
            (MulK, Hint::Int) => MulKII,
            (MulK, Hint::Float) => MulKFF,
            (MulK, _) => MulKAny,
            (Div, Hint::Float) => DivFF,
            (Div, _) => DivAny,
            (DivK, Hint::Float) => DivKFF,
            (DivK, _) => DivKAny,
            (Mod, Hint::Int) => ModII,
            (Mod, _) => ModAny,
            (ModK, Hint::Int) => ModKII,
            (ModK, _) => ModKAny,
            (IDiv, Hint::Int) => IDivII,
            (IDiv, _) => IDivAny,
            (IDivK, Hint::Int) => IDivKII,
            (IDivK, _) => IDivKAny,
            _ => return,
        };
        *at = (*at).with_op(quick);
    }
}

/// # Safety
/// `cache` belongs to the running function.
unsafe fn get_any(
    vm: &mut Vm,
    object: Value,
    key: Value,
    cache: *mut crate::function::Cache,
) -> Result<Value, Throw> {
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
        if let (Some(table), tag::INT) = (object.as_table(), key.tag) {
            if access::set_element(table, key.raw_int(), &raw const value, cache) {
                return Ok(());
            }
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
pub unsafe extern "C" fn test(vm: *mut Vm, base: *mut Value, pc: u64) -> Status {
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

/// Makes the call at `pc` (`CALL` or `TFORCALL`), whatever the callee, and fits its results. Returns 0, or THROW or
/// YIELD.
///
/// # Safety
/// As [`step`].
pub unsafe extern "C" fn call(vm: *mut Vm, base: *mut Value, pc: u64) -> Status {
    // SAFETY: as for `step`.
    unsafe {
        let vm = &mut *vm;
        let proto = Frame(base).function().closure_unchecked().proto;
        let at = proto.code.add(pc as usize);
        let instr = *at;
        let cache = proto.caches.add((*at.add(1)).ax());
        let (op, _) = instr.op().unquickened();
        let (slot, mut count, wanted) = if op == Op::TForCall {
            let loop_base = base.add(instr.a());
            let function = *loop_base;
            let slot = loop_base.add(4);
            if function.tag == tag::NATIVE && (*loop_base.add(1)).tag == tag::TABLE {
                if access::iterate(vm, loop_base, cache) != access::Iterated::Other {
                    for extra in 2..instr.c() {
                        *slot.add(extra) = Value::NIL;
                    }
                    return 0;
                }
            }
            *slot = function;
            *slot.add(FRAME_OFFSET) = *loop_base.add(1);
            *slot.add(FRAME_OFFSET + 1) = *loop_base.add(2);
            (slot, 2, instr.c() + 1)
        } else {
            let slot = base.add(instr.a());
            let count = if instr.b() == 0 {
                vm.top.offset_from(slot.add(FRAME_OFFSET)) as usize
            } else {
                instr.b() - 1
            };
            (slot, count, instr.c())
        };
        let callee = slot.add(FRAME_OFFSET);
        focus(vm, base);
        if !(*slot).is_function() {
            vm.top = callee.add(count).max(vm.top);
            match vm.prepare_call_meta(callee, count) {
                Ok(with_self) => count = with_self,
                Err(throw) => return throw.status(),
            }
        }
        Frame(callee).header().write(Vm::call_header(callee.offset_from(base) as usize));
        if let Some(target) = (*slot).as_closure() {
            access::note_call(cache, target.proto);
        }
        let status = vm.enter_unchecked(callee, count as u64);
        if status < 0 {
            return status;
        }
        call::adjust_results(vm, slot, status as u32, wanted);
        0
    }
}

/// The entered callee of `base`'s call at `callee` has left by EXIT: the interpreter finishes it. Returns its status.
///
/// # Safety
/// The last status was EXIT.
pub unsafe extern "C" fn finish_exit(vm: *mut Vm, callee: *mut Value) -> Status {
    // SAFETY: as the contract says.
    unsafe { (*vm).resume_exit(Frame(callee)) }
}

/// Returns from `base` by the `RETURN` at `pc`, whatever it has to close: values in place, their number returned.
///
/// # Safety
/// As [`step`]; for an open return `vm.top` ends the list.
pub unsafe extern "C" fn return_(vm: *mut Vm, base: *mut Value, pc: u64) -> Status {
    // SAFETY: as for `step`.
    unsafe {
        let vm = &mut *vm;
        let proto = Frame(base).function().closure_unchecked().proto;
        let instr = *proto.code.add(pc as usize);
        let mut first = base.add(instr.a());
        let count = match instr.op() {
            Op::Return0 => 0,
            Op::Return1 => 1,
            _ if instr.b() == 0 => vm.top.offset_from(first) as usize,
            _ => instr.b() - 1,
        };
        if instr.op() == Op::Return && instr.c() != 0 {
            focus(vm, base);
            vm.top = first.add(count).max(vm.top);
            match vm.close_frame(Frame(base), first, count) {
                Ok(place) => first = place,
                Err(throw) => return throw.status(),
            }
        }
        let slot = Frame(base).function_slot(proto.num_params as usize);
        for index in 0..count {
            *slot.add(index) = *first.add(index);
        }
        count as Status
    }
}

/// The slow half of a safepoint in the frame at `base`.
///
/// # Safety
/// As [`step`].
pub unsafe extern "C" fn poll(vm: *mut Vm, base: *mut Value) {
    // SAFETY: as for `step`.
    unsafe {
        focus(&mut *vm, base);
        let top = (*vm).top;
        (*vm).poll_slow(top);
    }
}

/// A Lua stack that is about to overflow at the entry of the function at `base`: moves its limit up, or throws.
///
/// # Safety
/// A frame has been laid out at `base` with `count` arguments.
pub unsafe extern "C" fn grow_stack(vm: *mut Vm, base: *mut Value, count: u64) -> Status {
    // SAFETY: as the contract says.
    unsafe {
        let vm = &mut *vm;
        let max_stack = Frame(base).function().closure_unchecked().proto.max_stack as usize;
        vm.frame = Frame(base);
        vm.top = base.add(count as usize);
        match vm.ensure_stack(base, max_stack + count as usize * 2 + 16) {
            Ok(()) => 0,
            Err(throw) => throw.status(),
        }
    }
}

/// A function's prototype, for consultations out of compiled code.
///
/// # Safety
/// As [`step`].
pub unsafe extern "C" fn consult_call(vm: *mut Vm, base: *mut Value) {
    // SAFETY: as for `step`.
    unsafe {
        focus(&mut *vm, base);
        let proto: Gc<_> = Frame(base).function().closure_unchecked().proto;
        (*vm).consult_call(proto);
    }
}

const _: () = assert!(status::THROW < 0 && status::YIELD < 0 && status::EXIT < 0);
