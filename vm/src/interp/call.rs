//! Calls and returns of interpreter frames, and the closing of variables.

use super::{
    continuation::{after_throw, return_into},
    copy, copy_few,
};
use crate::{
    frame::{FRAME_OFFSET, Frame, FrameHeader, Status, flags, status},
    function::{Closure, Proto},
    heap::Gc,
    meta::Meta,
    native::Throw,
    value::{Value, tag},
    vm::Vm,
};

/// Values that are copied for one tick.
const VALUES_PER_TICK: usize = 4;

/// Where to go after a return or a throw.
///
/// PERF: two scalars, returned in registers.
pub(super) struct Returned {
    /// An interpreter frame, whose pc has been advanced; null: to native code, with `status`.
    pub frame: *mut Value,
    pub status: Status,
}

impl Returned {
    pub(super) fn native(status: Status) -> Returned {
        Returned { frame: std::ptr::null_mut(), status }
    }
    pub(super) fn lua(frame: Frame) -> Returned {
        Returned { frame: frame.0, status: 0 }
    }
}

/// Whether compiled code may still be entered on this native stack.
#[inline(never)]
pub(super) fn native_room(vm: &Vm) -> bool {
    let marker = 0u8;
    &raw const marker as usize > vm.native_limit
}

/// Makes the frame at `frame`, laid out by a caller, ready for the interpreter: arguments adjusted to parameters, room
/// checked, the call counted, polled and consulted on. Returns the frame's base, which differs for a vararg function.
///
/// # Safety
/// A frame of a Lua closure with `count` arguments has been laid out.
#[inline]
pub unsafe fn prepare_lua_call(vm: &mut Vm, frame: Frame, mut count: usize) -> Result<Frame, Throw> {
    // SAFETY: as the contract says; room is checked before slots above the arguments are written.
    unsafe {
        let mut base = frame.0;
        let proto = frame.function().closure_unchecked().proto.as_ptr();
        let max_stack = (*proto).max_stack as usize;
        let params = (*proto).num_params as usize;
        if base.add(max_stack + count + 8) >= vm.stack_limit {
            vm.top = base.add(count);
            vm.ensure_stack(base, max_stack + count * 2 + 16)?;
        }
        while count < params {
            *base.add(count) = Value::NIL;
            count += 1;
        }
        if (*proto).is_vararg && count > params {
            base = move_above_varargs(base, params, count);
        }
        (*proto).countdown -= 1;
        if (*proto).countdown <= 0 {
            vm.frame = Frame(base);
            vm.top = base.add(max_stack);
            vm.consult_call(Gc::from_ptr(proto));
        }
        if vm.heap.poll_is_due() {
            vm.frame = Frame(base);
            vm.poll_slow(base.add(max_stack))?;
        }
        Ok(Frame(base))
    }
}

/// Copies function, header and fixed parameters above the arguments, so that the extra ones lie below the frame.
///
/// # Safety
/// `base` is a frame with `count > params` arguments and room for as many slots again.
pub unsafe fn move_above_varargs(base: *mut Value, params: usize, count: usize) -> *mut Value {
    // SAFETY: as the contract says.
    unsafe {
        let shift = count + FRAME_OFFSET;
        let moved = base.add(shift);
        *moved.sub(FRAME_OFFSET) = *base.sub(FRAME_OFFSET);
        let header = *Frame(base).header();
        Frame(moved).header().write(FrameHeader {
            // The first frame of a thread stays the first.
            prev: if header.prev == 0 { 0 } else { header.prev + shift as u32 },
            flags: header.flags | flags::VARARG,
            varargs: (count - params) as u32 | header.varargs,
            ..header
        });
        for index in 0..params {
            super::copy(moved.add(index), base.add(index));
            *base.add(index) = Value::NIL;
        }
        moved
    }
}

/// `VARARG`: copies extra arguments to `to`; `c - 1` of them, or all (then `top` marks their end).
///
/// # Errors
/// Stack overflow.
///
/// # Safety
/// `frame` is the running frame of a vararg function.
#[inline(never)]
pub unsafe fn push_varargs(vm: &mut Vm, frame: Frame, to: *mut Value, c: usize) -> Result<(), Throw> {
    // SAFETY: the extra arguments lie below the function's moved copy.
    unsafe {
        let header = *frame.header();
        let count = header.extra_arguments();
        let first = frame.0.sub(FRAME_OFFSET + count);
        let wanted = if c == 0 { count } else { c - 1 };
        if c == 0 {
            vm.ensure_stack(to, count + 8)?;
            vm.spend(count / VALUES_PER_TICK);
        }
        for index in 0..wanted {
            if index < count {
                super::copy(to.add(index), first.add(index));
            } else {
                *to.add(index) = Value::NIL;
            }
        }
        if c == 0 {
            vm.top = to.add(count);
        }
        Ok(())
    }
}

/// Fits `count` results at `slot` to what the call wants (`c - 1`, or all: then `top` marks their end).
///
/// # Safety
/// `slot` is the call's register.
#[inline(always)]
pub unsafe fn adjust_results(vm: &mut Vm, slot: *mut Value, count: u32, c: usize) {
    // SAFETY: the wanted results fit the caller's frame.
    unsafe {
        if c == 0 {
            vm.top = slot.add(count as usize);
        } else {
            let mut index = count as usize;
            while index < c - 1 {
                *slot.add(index) = Value::NIL;
                index += 1;
            }
        }
    }
}

/// [`prepare_lua_call`] for handlers: the frame's base, or null for an error.
///
/// # Safety
/// As [`prepare_lua_call`].
#[inline(never)]
pub(super) unsafe fn prepare_or_throw(vm: &mut Vm, base: *mut Value, count: usize) -> *mut Value {
    // SAFETY: as the contract says.
    match unsafe { prepare_lua_call(vm, Frame(base), count) } {
        Ok(frame) => frame.0,
        Err(_) => std::ptr::null_mut(),
    }
}

/// `Vm::prepare_call_meta` for handlers: the number of arguments, or `usize::MAX` for an error.
///
/// # Safety
/// As [`Vm::prepare_call_meta`].
#[cold]
#[inline(never)]
pub(super) unsafe fn prepare_meta_or_throw(vm: &mut Vm, base: *mut Value, count: usize) -> usize {
    // SAFETY: as the contract says.
    unsafe { vm.prepare_call_meta(base, count) }.unwrap_or(usize::MAX)
}

/// Calls the native whose frame is at `base`.
///
/// # Safety
/// A frame of a native with `count` arguments has been laid out.
#[inline(never)]
pub(super) unsafe fn native_status(vm: &mut Vm, base: *mut Value, count: usize) -> Status {
    // SAFETY: as the contract says.
    let outcome = unsafe {
        let native = Frame(base).function().native_unchecked();
        vm.call_native(native.function, base, count as u32)
    };
    match outcome {
        Ok(results) => i64::from(results),
        Err(throw) => throw.status(),
    }
}

/// The frame at `base` has returned: its `count` results are at its function slot. They may lie over its header, so
/// `flags` and `prev` are what stood there before.
///
/// # Safety
/// `base` is that of the innermost live frame.
#[inline(never)]
pub(super) unsafe fn return_to_caller(vm: &mut Vm, base: *mut Value, flags: u8, prev: u32, count: u32) -> Returned {
    if flags & flags::NATIVE_CALLER != 0 || prev == 0 {
        return Returned::native(i64::from(count));
    }
    // SAFETY: as the contract says; `prev` leads to the caller's base.
    unsafe { return_into(vm, Frame(base.sub(prev as usize)), count) }
}

/// `TAILCALL`: moves function and arguments down over the running frame. Returns the new frame, which inherits the
/// caller and its kind.
///
/// # Safety
/// `slot` holds the function, `count` arguments follow its header; upvalues of the frame have been closed.
#[inline(never)]
pub unsafe fn replace_frame(frame: Frame, params: u8, slot: *mut Value, count: usize) -> Frame {
    // SAFETY: as the contract says.
    unsafe {
        let header = *frame.header();
        let to = frame.function_slot(params as usize);
        copy(to, slot);
        let base = to.add(FRAME_OFFSET);
        let moved_down = frame.0.offset_from(base) as u32;
        Frame(base).header().write(FrameHeader {
            pc: 0,
            prev: if header.prev == 0 { 0 } else { header.prev - moved_down },
            nil_tag: tag::NIL,
            flags: header.flags & (flags::NATIVE_CALLER | flags::LUA_CALL),
            spare: header.spare,
            varargs: FrameHeader::TAIL_CALL,
        });
        copy_few(base, slot.add(FRAME_OFFSET), count);
        Frame(base)
    }
}

/// A frame of the interpreter is about to be taken over by compiled code, which becomes its native caller: returns
/// flags and `prev` of its header for [`after_takeover`].
///
/// # Safety
/// `frame` is live.
#[inline(always)]
pub(super) unsafe fn lend_frame(frame: Frame) -> (u8, u32) {
    // SAFETY: as the contract says.
    unsafe {
        let header = frame.header();
        let lent = ((*header).flags, (*header).prev);
        (*header).flags &= !flags::NATIVE_CALLER;
        lent
    }
}

/// Compiled code that took over the frame at `entered`, whose header had these flags and `prev`, has ended with `status`.
/// By tail calls another frame may stand in the place of the first.
///
/// # Safety
/// `flags` and `prev` come from [`lend_frame`].
#[inline(never)]
pub(super) unsafe fn after_takeover(
    vm: &mut Vm,
    entered: *mut Value,
    flags: u8,
    prev: u32,
    status: Status,
) -> Returned {
    // SAFETY: as the contract says; `prev` leads to the caller.
    unsafe {
        let status = settle(vm, status);
        if status == status::EXIT {
            let mut frame = vm.exit_frame;
            while let Some(caller) = frame.caller() {
                if caller.0 < entered {
                    break;
                }
                frame = caller;
            }
            (*frame.header()).flags |= flags & flags::NATIVE_CALLER;
            return Returned::lua(vm.exit_frame);
        }
        if flags & flags::NATIVE_CALLER != 0 || prev == 0 {
            return Returned::native(status);
        }
        let caller = Frame(entered.sub(prev as usize));
        if status < 0 {
            return after_throw(vm, caller, Throw::from_status(status));
        }
        return_into(vm, caller, status as u32)
    }
}

/// Carries out the tail calls that compiled code has left to whoever entered it, as many as follow each other. The
/// result is any status but [`status::TAIL`].
///
/// # Safety
/// `status` is what compiled code has just returned.
#[inline]
pub unsafe fn settle(vm: &mut Vm, status: Status) -> Status {
    // SAFETY: as the contract says.
    if status == status::TAIL { unsafe { settle_tail(vm) } } else { status }
}

/// # Safety
/// As [`settle`], after `TAIL`.
#[cold]
#[inline(never)]
unsafe fn settle_tail(vm: &mut Vm) -> Status {
    // SAFETY: after `TAIL`, a call has been laid out at `exit_frame`.
    unsafe {
        loop {
            let (frame, count) = (vm.exit_frame, vm.exit_count);
            let proto = frame.function().closure_unchecked().proto;
            if proto.compiled && native_room(vm) {
                let status = (proto.entry)(vm, frame.0, count);
                if status != status::TAIL {
                    return status;
                }
            } else {
                return match prepare_lua_call(vm, frame, count as usize) {
                    Ok(frame) => {
                        vm.exit_frame = frame;
                        status::EXIT
                    }
                    Err(throw) => throw.status(),
                };
            }
        }
    }
}

/// `CLOSURE`: captures variables of the running frame and upvalues of its function.
///
/// # Safety
/// `base` is the running frame's.
#[inline(never)]
pub unsafe fn make_closure(vm: &mut Vm, outer: Gc<Closure>, proto: Gc<Proto>, base: *mut Value) -> Gc<Closure> {
    let count = proto.unit.upvals.len();
    let closure = vm.heap.closure(proto, count);
    let thread = vm.thread.get_mut();
    for (index, desc) in proto.unit.upvals.iter().enumerate() {
        let upvalue = if desc.in_stack {
            // SAFETY: the descriptor names a register of the frame.
            thread.find_upvalue(&mut vm.heap, unsafe { base.add(desc.index as usize) })
        } else {
            outer.upvalues()[desc.index as usize]
        };
        closure.set_upvalue(&mut vm.heap, index, upvalue);
    }
    closure
}

impl Vm {
    /// `TBC`: checks that the value can be closed and remembers the slot.
    #[inline(never)]
    ///
    /// # Safety
    /// `slot` is a register of the running frame.
    pub unsafe fn mark_to_be_closed(&mut self, slot: *mut Value) -> Result<(), Throw> {
        // SAFETY: as the contract says.
        let value = unsafe { *slot };
        if value.is_falsy() {
            return Ok(());
        }
        if self.metamethod(value, Meta::Close).is_nil() {
            let name = self.local_name(slot);
            let mut message = b"variable '".to_vec();
            message.extend(name);
            message.extend_from_slice(b"' got a non-closable value");
            return Err(self.runtime_error(message));
        }
        self.thread.get_mut().tbc.push(slot);
        Ok(())
    }

    /// `CLOSE`: ends the scope of the registers from `level` on.
    #[inline(never)]
    pub fn close_scope(&mut self, level: *mut Value) -> Result<(), Throw> {
        self.thread.get_mut().close_upvalues(&mut self.heap, level);
        while let Some(slot) = self.thread.tbc.last().copied().filter(|slot| *slot >= level) {
            self.thread.get_mut().tbc.pop();
            self.close_slot(slot, Value::NIL)?;
        }
        Ok(())
    }

    /// Calls the `__close` of the variable in `slot`.
    ///
    /// # Errors
    /// What it throws; it is gone.
    pub(crate) fn close_slot(&mut self, slot: *mut Value, error: Value) -> Result<(), Throw> {
        // SAFETY: a to-be-closed slot lies in a frame that is being left.
        let value = unsafe { *slot };
        let handler = self.metamethod(value, Meta::Close);
        self.call_meta0(handler, &[value, error])
    }

    /// As [`Vm::close_slot`], for a native that can be resumed after a yield inside.
    pub(crate) fn close_protected(&mut self, slot: *mut Value, error: Value) -> Result<(), Throw> {
        // SAFETY: as in `close_slot`.
        let value = unsafe { *slot };
        let handler = self.metamethod(value, Meta::Close);
        self.call_yieldable(handler, &[value, error]).map(|_| ())
    }

    /// A return that has to close variables: the `count` values at `first` are out of the way of the calls that this
    /// makes. When one of these yields, the length of an open list is left in the register below it.
    ///
    /// # Errors
    /// What a `__close` throws.
    ///
    /// # Safety
    /// `frame` is running and `vm.top` its end; the values are live.
    pub unsafe fn close_frame(
        &mut self,
        frame: Frame,
        first: *mut Value,
        count: usize,
        is_open: bool,
    ) -> Result<(), Throw> {
        // SAFETY: as the contract says. There are variables below the list, and the highest has been closed.
        unsafe {
            self.top = self.top.max(first.add(count));
            let closed = self.close_scope(frame.0);
            if is_open && closed == Err(Throw::Yield) {
                *first.sub(1) = Value::int(count as i64);
            }
            closed
        }
    }

    /// After an error: closes what lies at `level` or above, last first. An error in a `__close` replaces `error`. A
    /// `__close` cannot yield.
    pub(crate) fn unwind_to(&mut self, level: *mut Value, mut error: Value) -> Value {
        self.thread.get_mut().close_upvalues(&mut self.heap, level);
        self.thread.get_mut().nonyieldable += 1;
        while let Some(slot) = self.thread.tbc.last().copied().filter(|slot| *slot >= level) {
            self.thread.get_mut().tbc.pop();
            // The frame of the variable is dead: call above it.
            // SAFETY: the slot lies on the stack.
            self.top = self.top.max(unsafe { slot.add(1) });
            if self.close_slot(slot, error).is_err() {
                error = self.error;
            }
        }
        self.thread.get_mut().nonyieldable -= 1;
        error
    }
}
