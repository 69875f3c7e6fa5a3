//! What optimised code calls besides the helpers that both tiers share.

use trinity_vm::{
    bytecode::Op,
    frame::{Frame, Status},
    heap::{Gc, GcHeader},
    interp::arith,
    value::Value,
    vm::Vm,
};

use super::exits::ExitInfo;
use crate::helpers;

/// The helper that executes an opcode on home slots.
pub fn address(op: Op) -> usize {
    let helper: helpers::Helper = match op {
        Op::GetTabUp => helpers::get_tabup,
        Op::GetTable => helpers::get_table,
        Op::GetI => helpers::get_i,
        Op::GetField => helpers::get_field,
        Op::SelfField => helpers::self_field,
        Op::SetTabUp => helpers::set_tabup,
        Op::SetTable => helpers::set_table,
        Op::SetI => helpers::set_i,
        Op::SetField => helpers::set_field,
        Op::NewTable => helpers::newtable,
        Op::SetList => helpers::set_list,
        Op::Len => helpers::len,
        Op::Concat => helpers::concat,
        Op::Close => helpers::close,
        Op::Tbc => helpers::tbc,
        Op::Closure => helpers::closure,
        Op::VarArg => helpers::vararg,
        Op::Call => helpers::call,
        Op::TailCall => helpers::tail_call,
        Op::Return | Op::Return0 | Op::Return1 => helpers::ret,
        Op::ForPrep => helpers::for_prep,
        Op::TForPrep => helpers::generic_for_prep,
        Op::TForCall => helpers::generic_for,
        Op::Eq => helpers::equals,
        Op::EqK => helpers::equals_constant,
        Op::Lt | Op::Le | Op::LtI | Op::LeI | Op::GtI | Op::GeI => helpers::compare,
        Op::Unm | Op::BNot => helpers::unary,
        _ => helpers::arith,
    };
    helper as usize
}

/// The end of every side exit: counts it, and leaves the frame to the interpreter.
pub unsafe extern "C" fn leave(vm: *mut Vm, base: *mut Value, info: *const ExitInfo) -> Status {
    // SAFETY: exit stubs pass the running VM, their frame, and a record that lives as long as their code, which dies
    // before its prototype does.
    unsafe {
        let (vm, info) = (&mut *vm, &*info);
        (*Frame(base).header()).pc = info.pc;
        let status = vm.leave_compiled(base);
        if info.deopt {
            // The record dies with its code, which this call may retire.
            let (loop_index, pc, reason) = (info.loop_index, info.pc, info.reason);
            let proto = Gc::from_address(info.proto);
            vm.note_exit(proto, loop_index, pc, reason);
        }
        status
    }
}

/// The slow half of a safepoint at a back-edge to `pc`. Returns 0, or the status that takes the frame to the interpreter.
pub unsafe extern "C" fn poll(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: compiled code passes the running VM and its frame.
    unsafe {
        let vm = &mut *vm;
        (*Frame(base).header()).pc = pc;
        vm.frame = Frame(base);
        let live_top =
            base.add(Frame(base).function().as_closure().map_or(0, |closure| closure.proto.max_stack as usize));
        match vm.poll_slow(live_top) {
            Ok(()) if vm.is_observing() => vm.leave_compiled(base),
            Ok(()) => 0,
            Err(throw) => throw.status(),
        }
    }
}

/// The slow half of a write barrier.
pub unsafe extern "C" fn barrier(vm: *mut Vm, holder: *const GcHeader, payload: u64, tag: u8) {
    // SAFETY: compiled code passes the running VM, an object that it has just loaded from, and a value.
    unsafe { (*vm).heap.barrier_slow(holder, Value { bits: payload, tag }) };
}

pub extern "C" fn pow(a: f64, b: f64) -> f64 {
    arith::pow(a, b)
}

pub extern "C" fn float_mod(a: f64, b: f64) -> f64 {
    arith::float_mod(a, b)
}
