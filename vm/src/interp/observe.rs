//! The handler of every opcode while execution is observed: see [`crate::observe`].

use super::{Flow, HANDLERS, Handler, State, handlers::generic_call_reported};
use crate::{
    bytecode::{Instr, Op},
    clock::COLD,
    frame::Status,
    function::Proto,
    value::Value,
    vm::Vm,
};

/// What every entry of the table of handlers is while execution is observed.
pub(crate) const OBSERVE: Handler = observe;

/// Takes a tick and goes on to the instruction's own handler.
unsafe extern "C" fn observe(vm: *mut Vm, base: *mut Value, pc: *mut Instr, proto: *mut Proto, instr: Instr) -> Status {
    // SAFETY: the arguments are those of a running frame.
    unsafe {
        if (*vm).observer.inspects || (*vm).fuel == 0 {
            return observe_closely(vm, base, pc, proto, instr);
        }
        (*vm).fuel -= 1;
        (*vm).model += u64::from(COLD[instr.0 as u8 as usize]);
        HANDLERS[instr.0 as u8 as usize](vm, base, pc, proto, instr)
    }
}

/// As [`observe`], where there may be something to report.
#[cold]
#[inline(never)]
unsafe extern "C" fn observe_closely(
    vm: *mut Vm,
    base: *mut Value,
    pc: *mut Instr,
    proto: *mut Proto,
    instr: Instr,
) -> Status {
    // SAFETY: as for `observe`. A hook may have quickened the instruction.
    unsafe {
        let at = pc.sub(1);
        if let Err(throw) = (*vm).inspect(base, at) {
            return State { vm, base, at, pc, proto, instr }.end(Flow::Throw(throw));
        }
        let instr = *at;
        (*vm).note_instruction(instr.op());
        (*vm).fuel -= 1;
        (*vm).model += u64::from(COLD[instr.0 as u8 as usize]);
        let handler = match instr.op() {
            Op::TForCall | Op::TForCallNext if (*vm).observer.hooked => generic_call_reported,
            _ => HANDLERS[instr.0 as u8 as usize],
        };
        handler(vm, base, pc, proto, instr)
    }
}
