//! One handler per opcode. See the rules in [`super`].

use super::{Flow, Handler, State, step};
use crate::{
    bytecode::{Instr, Op},
    frame::{Frame, Status},
    function::Proto,
    native::Throw,
    value::Value,
    vm::Vm,
};

/// A handler from what it does.
macro_rules! handler {
    ($(#[$attribute:meta])* $name:ident ($s:ident) { $($body:tt)* }) => {
        $(#[$attribute])*
        pub(in crate::interp) unsafe extern "C" fn $name(
            vm: *mut Vm,
            base: *mut Value,
            pc: *mut Instr,
            proto: *mut Proto,
            instr: Instr,
        ) -> Status {
            #[inline(always)]
            #[allow(unused_unsafe, reason = "some handlers need none")]
            unsafe fn body($s: &mut State) -> Flow {
                // SAFETY: operands of valid bytecode are in range (`bytecode::validate`), and values in registers
                // are live.
                unsafe { $($body)* }
            }
            // SAFETY: the arguments are those of a running frame.
            unsafe {
                let mut state = State { vm, base, at: pc.sub(1), pc, proto, instr };
                let flow = body(&mut state);
                state.end(flow)
            }
        }
    };
}

macro_rules! handlers {
    ($($op:ident ($s:ident) $body:tt,)*) => {
        $(handler!(#[expect(non_snake_case, reason = "named after the opcode")] $op($s) $body);)*

        pub(super) const HANDLERS: &[(Op, Handler)] = &[$((Op::$op, $op),)*];
    };
}

/// Handlers for what is rare.
macro_rules! others {
    ($($(#[$attribute:meta])* $name:ident ($s:ident) $body:tt,)*) => {
        $(handler!($(#[$attribute])* #[inline(never)] $name($s) $body);)*
    };
}

mod access;
mod control;
mod operators;

pub(super) use access::MAX_LIST_BATCH;
pub(super) use control::generic_call_reported;

/// By opcode.
pub(crate) static HANDLERS: [Handler; 256] = {
    let table = [not_an_instruction as Handler; 256];
    with(with(with(table, access::HANDLERS), operators::HANDLERS), control::HANDLERS)
};

const fn with(mut table: [Handler; 256], handlers: &[(Op, Handler)]) -> [Handler; 256] {
    let mut index = 0;
    while index < handlers.len() {
        let (op, handler) = handlers[index];
        table[op as usize] = handler;
        index += 1;
    }
    table
}

unsafe extern "C" fn not_an_instruction(
    _: *mut Vm,
    _: *mut Value,
    _: *mut Instr,
    _: *mut Proto,
    instr: Instr,
) -> Status {
    unreachable!("{instr:?}: an operand word is skipped by its instruction")
}

/// Lets [`step::step`] execute the instruction at `at`.
#[cold]
#[inline(never)]
pub(super) unsafe extern "C" fn slow(
    vm: *mut Vm,
    base: *mut Value,
    at: *mut Instr,
    proto: *mut Proto,
    instr: Instr,
) -> Status {
    // SAFETY: the arguments are those of a running frame, which is saved first.
    unsafe {
        let pc = at.add(instr.op().words());
        let state = State { vm, base, at, pc, proto, instr };
        state.save_pc();
        let index = (*Frame(base).header()).pc;
        let status = step::step(vm, base, u64::from(index));
        state.end(if status < 0 { Flow::Throw(Throw::from_status(status)) } else { Flow::Next })
    }
}

/// Lets [`step::test`] execute the comparison at `at`, or prepare the loop.
#[cold]
#[inline(never)]
pub(super) unsafe extern "C" fn slow_test(
    vm: *mut Vm,
    base: *mut Value,
    at: *mut Instr,
    proto: *mut Proto,
    instr: Instr,
) -> Status {
    // SAFETY: the arguments are those of a running frame, which is saved first; a jump word follows.
    unsafe {
        let mut state = State { vm, base, at, pc: at.add(1), proto, instr };
        state.save_pc();
        let index = (*Frame(base).header()).pc;
        let status = step::test(vm, base, u64::from(index));
        if status < 0 {
            return state.end(Flow::Throw(Throw::from_status(status)));
        }
        let jump = state.ext();
        if status == 1 {
            state.jump(jump.jump());
        }
        state.end(Flow::Next)
    }
}
