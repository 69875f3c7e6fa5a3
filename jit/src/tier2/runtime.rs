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
use crate::helpers::{self, metered::hot};

/// The helper that executes an opcode on home slots, in code that pays for what it does when `metered`.
pub fn address(op: Op, metered: bool) -> usize {
    let pick = |plain: helpers::Helper, exact: helpers::Helper| if metered { exact } else { plain };
    let helper: helpers::Helper = match op {
        Op::GetTabUp => pick(helpers::get_tabup, hot::get_tabup),
        Op::GetTable => pick(helpers::get_table, hot::get_table),
        Op::GetI => pick(helpers::get_i, hot::get_i),
        Op::GetField => pick(helpers::get_field, hot::get_field),
        Op::SelfField => pick(helpers::self_field, hot::self_field),
        Op::SetTabUp => pick(helpers::set_tabup, hot::set_tabup),
        Op::SetTable => pick(helpers::set_table, hot::set_table),
        Op::SetI => pick(helpers::set_i, hot::set_i),
        Op::SetField => pick(helpers::set_field, hot::set_field),
        Op::NewTable => pick(helpers::newtable, hot::newtable),
        Op::SetList => pick(helpers::set_list, hot::set_list),
        Op::Len => pick(helpers::len, hot::len),
        Op::Concat => pick(helpers::concat, hot::concat),
        Op::Close => pick(helpers::close, hot::close),
        Op::Tbc => pick(helpers::tbc, hot::tbc),
        Op::Closure => pick(helpers::closure, hot::closure),
        Op::VarArg => pick(helpers::vararg, hot::vararg),
        Op::Unm | Op::BNot => pick(helpers::unary, hot::unary),
        // These end a segment.
        Op::Call => helpers::call,
        Op::TailCall => helpers::tail_call,
        Op::Return | Op::Return0 | Op::Return1 => helpers::ret,
        Op::ForPrep => helpers::for_prep,
        Op::TForPrep => helpers::generic_for_prep,
        Op::TForCall => helpers::generic_for,
        Op::Eq => helpers::equals,
        Op::EqK => helpers::equals_constant,
        Op::Lt | Op::Le | Op::LtI | Op::LeI | Op::GtI | Op::GeI => helpers::compare,
        _ => pick(helpers::arith, hot::arith),
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
