//! What a yield leaves undone, and how it is finished: instructions that wait for a metamethod, natives that wait for
//! a function. Their native activations are gone; the frames on the Lua stack say what there is to do.

use super::{
    arith,
    call::{Returned, adjust_results},
};
use crate::{
    bytecode::{Instr, Op, jump_target},
    coroutine,
    frame::{FRAME_OFFSET, Frame, Status, flags},
    function::{Proto, frame_proto},
    heap::Gc,
    native::Throw,
    value::Value,
    vm::Vm,
};

/// How a native goes on whose activation a yield has dropped: `FrameHeader::spare` of a `DETACHED` frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Continuation {
    /// With the callee's results.
    PassOn,
    /// With three of them: an iterator, a state and a control variable.
    Pairs,
    /// With `true` and the callee's results.
    Pcall,
    /// The same; argument 1 is a message handler.
    Xpcall,
    /// `pcall` after an error, which is argument 0: with the variables that are still to be closed.
    PcallUnwind,
    /// The same; argument 1 is a message handler.
    XpcallUnwind,
}

impl Continuation {
    const ALL: [Continuation; 6] =
        [Self::PassOn, Self::Pairs, Self::Pcall, Self::Xpcall, Self::PcallUnwind, Self::XpcallUnwind];

    /// # Safety
    /// `frame` is a detached frame.
    pub(crate) unsafe fn of(frame: Frame) -> Continuation {
        // SAFETY: as the contract says.
        Self::ALL[unsafe { (*frame.header()).spare } as usize]
    }

    fn is_protected(self) -> bool {
        !matches!(self, Self::PassOn | Self::Pairs)
    }

    pub(crate) fn has_handler(self) -> bool {
        matches!(self, Self::Xpcall | Self::XpcallUnwind)
    }
}

/// Drops the activation of the native in `frame`, through which a yield passes.
///
/// # Safety
/// `frame` is the running native's; the function that it called lies at `callee`.
pub(crate) unsafe fn detach(frame: Frame, callee: *mut Value, continuation: Continuation) -> Throw {
    // SAFETY: as the contract says.
    unsafe {
        let header = &mut *frame.header();
        header.flags |= flags::DETACHED | if continuation.is_protected() { flags::PROTECTED } else { 0 };
        header.spare = continuation as u16;
        header.varargs = callee.offset_from(frame.0) as u32;
    }
    Throw::Yield
}

/// Where a detached native put its callee.
///
/// # Safety
/// `frame` is a detached frame.
pub(crate) unsafe fn detached_callee_slot(frame: Frame) -> *mut Value {
    // SAFETY: as the contract says.
    unsafe { frame.0.add((*frame.header()).varargs as usize) }
}

/// What follows when a frame is done with.
enum Next {
    /// Native code, with this status.
    Native(Status),
    /// The caller, with `count` results in place.
    Caller { caller: Frame, count: u32 },
}

/// The `count` results of a frame are in place; `flags` and `caller` are what its header said.
fn deliver(flags: u8, caller: Option<Frame>, count: u32) -> Next {
    match caller {
        Some(caller) if flags & flags::NATIVE_CALLER == 0 => Next::Caller { caller, count },
        _ => Next::Native(i64::from(count)),
    }
}

/// Goes on in `caller`, for which `count` results are where it put its callee: finishes the instruction at its pc, or the
/// detached native.
///
/// # Safety
/// `caller` is a live frame that is waiting for a call or a metamethod.
pub(super) unsafe fn return_into(vm: &mut Vm, caller: Frame, count: u32) -> Returned {
    // SAFETY: as the contract says.
    unsafe {
        if let Some(proto) = frame_proto(caller) {
            let header = caller.header();
            let at = (*header).pc as usize;
            let instr = *proto.code.add(at);
            let (first, wanted) = match instr.op() {
                Op::Call => (instr.a(), instr.c()),
                Op::TForCall | Op::TForCallNext => (instr.a() + 4, instr.c() + 1),
                // A tail call that was made as a call: `RETURN` takes all results.
                Op::TailCall => (instr.a(), 0),
                _ => return resume_into(vm, caller, count),
            };
            adjust_results(vm, caller.0.add(first), count, wanted);
            (*header).pc = (at + instr.op().words()) as u32;
            return Returned::lua(caller);
        }
        resume_into(vm, caller, count)
    }
}

/// [`return_into`] where a yield has dropped a native activation.
///
/// # Safety
/// As [`return_into`].
#[cold]
#[inline(never)]
unsafe fn resume_into(vm: &mut Vm, mut caller: Frame, mut count: u32) -> Returned {
    // SAFETY: as the contract says.
    unsafe {
        loop {
            let outcome = match frame_proto(caller) {
                Some(proto) => {
                    let at = (*caller.header()).pc as usize;
                    let instr = *proto.code.add(at);
                    if matches!(instr.op(), Op::Call | Op::TForCall | Op::TForCallNext | Op::TailCall) {
                        return return_into(vm, caller, count);
                    }
                    match finish_instruction(vm, caller, proto, at, instr, count) {
                        Ok(()) => return Returned::lua(caller),
                        Err(throw) => unwind(vm, caller, throw),
                    }
                }
                None => {
                    // The results overwrite the header.
                    let (flags, next) = ((*caller.header()).flags, caller.caller());
                    match finish_native(vm, caller, count) {
                        Ok(count) => deliver(flags, next, count),
                        Err(throw) => unwind(vm, caller, throw),
                    }
                }
            };
            match outcome {
                Next::Native(status) => return Returned::native(status),
                Next::Caller { caller: next, count: found } => (caller, count) = (next, found),
            }
        }
    }
}

/// Finishes the instruction at `at`, on whose behalf a metamethod was called that has returned `count` results, and
/// advances the frame's pc.
///
/// # Safety
/// `frame` is a live frame of a Lua function.
unsafe fn finish_instruction(
    vm: &mut Vm,
    frame: Frame,
    proto: Gc<Proto>,
    at: usize,
    instr: Instr,
    count: u32,
) -> Result<(), Throw> {
    // SAFETY: as the contract says; operands of valid bytecode are in range.
    unsafe {
        let header = frame.header();
        // The metamethod stood at the frame's end.
        let end = frame.0.add(proto.max_stack as usize);
        let result = if count > 0 { *end } else { Value::NIL };
        let op = instr.op().unquickened().0;
        let mut next = at + op.words();
        match op {
            Op::SetTabUp | Op::SetField | Op::SetTable | Op::SetI => {}
            // Executed again, for the variables that are still to be closed.
            Op::Close => next = at,
            Op::Return => {
                next = at;
                if instr.b() == 0 {
                    // `Vm::close_frame` has left the length of the list.
                    let first = frame.0.add(instr.a());
                    vm.top = first.add((*first.sub(1)).raw_int() as usize);
                }
            }
            Op::Concat => {
                vm.frame = frame;
                vm.top = end;
                arith::resume_concat(vm, frame.0.add(instr.a()), instr.b(), result)?;
            }
            op if op.is_test() => {
                // A jump follows.
                let negated = (*header).flags & flags::NEGATED != 0;
                (*header).flags &= !flags::NEGATED;
                let taken = (result.is_truthy() != negated) == (instr.c() != 0);
                next = match jump_target(proto.code(), at + 1) {
                    Some(target) if taken => target as usize,
                    _ => at + 2,
                };
            }
            _ => *frame.0.add(instr.a()) = result,
        }
        (*header).pc = next as u32;
        Ok(())
    }
}

/// Finishes a detached native, whose callee has returned `count` results. The native's own are then in place.
///
/// # Safety
/// `frame` is a detached frame.
unsafe fn finish_native(vm: &mut Vm, frame: Frame, count: u32) -> Result<u32, Throw> {
    // SAFETY: as the contract says; going up, a result is read before its place is overwritten.
    unsafe {
        let (slot, to) = (detached_callee_slot(frame), frame.0.sub(FRAME_OFFSET));
        match Continuation::of(frame) {
            Continuation::PassOn => {
                std::ptr::copy(slot, to, count as usize);
                Ok(count)
            }
            Continuation::Pairs => {
                for index in 0..3 {
                    *to.add(index) = if index < count as usize { *slot.add(index) } else { Value::NIL };
                }
                Ok(3)
            }
            Continuation::Pcall | Continuation::Xpcall => Ok(coroutine::succeed(frame, slot, count)),
            Continuation::PcallUnwind | Continuation::XpcallUnwind => {
                let error = *frame.0;
                coroutine::unwind_protected(vm, frame, error)
            }
        }
    }
}

/// Unwinds frames from `frame` on after a throw: to the innermost detached `pcall`, or to the native caller. A yield
/// leaves the frames in place and goes to the native caller.
///
/// # Safety
/// `frame` is the frame that called what has thrown, or has thrown itself.
unsafe fn unwind(vm: &mut Vm, frame: Frame, mut throw: Throw) -> Next {
    // SAFETY: as the contract says.
    unsafe {
        let mut at = frame;
        loop {
            let header = at.header();
            let (flags, caller) = ((*header).flags, at.caller());
            if throw == Throw::Error && flags & flags::PROTECTED != 0 && !vm.is_stopping() {
                // The results overwrite the header.
                match coroutine::catch_detached(vm, at) {
                    Ok(count) => return deliver(flags, caller, count),
                    Err(other) => throw = other,
                }
            }
            if flags & flags::NATIVE_CALLER != 0 && throw == Throw::Yield {
                // After the resume this chain is continued by another activation of the interpreter.
                (*header).flags &= !flags::NATIVE_CALLER;
            }
            match caller {
                Some(caller) if flags & flags::NATIVE_CALLER == 0 => at = caller,
                _ => return Next::Native(throw.status()),
            }
        }
    }
}

/// [`unwind`] for the interpreter's loop.
///
/// # Safety
/// As [`unwind`].
#[cold]
#[inline(never)]
pub(super) unsafe fn after_throw(vm: &mut Vm, frame: Frame, throw: Throw) -> Returned {
    // SAFETY: as the contract says.
    unsafe {
        match unwind(vm, frame, throw) {
            Next::Native(status) => Returned::native(status),
            Next::Caller { caller, count } => return_into(vm, caller, count),
        }
    }
}
