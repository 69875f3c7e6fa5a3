//! Calls and returns.

use trinity_vm::{
    bytecode::Op,
    frame::{FRAME_OFFSET, Frame, FrameHeader, Status, flags, status},
    function::{Closure, Native},
    heap::Gc,
    interp::{self, access},
    native::Throw,
    value::{Value, tag},
    vm::Vm,
};

use super::Site;

/// Arguments of the call at `slot`: as many as the instruction says, or up to top.
///
/// # Safety
/// The instruction is a call.
#[inline(always)]
unsafe fn argument_count(site: &Site<'_>, callee: *mut Value) -> usize {
    match site.instr.b() {
        // SAFETY: an open list ends at top, in the same stack.
        0 => unsafe { site.vm.top.offset_from(callee) as usize },
        count => count - 1,
    }
}

/// `CALL`, whatever is called. 0 when the results are in place.
pub unsafe extern "C" fn call(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers; the call is laid out in the frame's registers.
    unsafe {
        let site = Site::with_open_top(vm, base, pc);
        let slot = site.reg(site.instr.a());
        let callee = slot.add(FRAME_OFFSET);
        let mut count = argument_count(&site, callee);
        if !(*slot).is_function() {
            site.vm.top = callee.add(count);
            count = match site.vm.prepare_call_meta(callee, count) {
                Ok(count) => count,
                Err(throw) => return throw.status(),
            };
        }
        let function = *slot;
        let cache = site.cache();
        if let Some(closure) = function.as_closure() {
            Frame(callee).header().write(Vm::call_header(site.instr.a() + FRAME_OFFSET));
            access::note_call(site.vm, cache, closure.proto);
            let status = (closure.proto.entry)(vm, callee, count as u64);
            return settle_call(site, slot, status);
        }
        access::note_native(site.vm, cache, function);
        let status = call_native(site.vm, function, callee, site.instr.a() + FRAME_OFFSET, count);
        if status < 0 {
            return status;
        }
        interp::adjust_results(site.vm, slot, status as u32, site.instr.c());
        site.leave_if_observed()
    }
}

/// Calls a native, `prev` slots above the running frame, without a frame if that will do.
///
/// # Safety
/// `function` is a native, and `callee` is where its frame goes; its arguments are there.
#[inline(always)]
pub(super) unsafe fn call_native(
    vm: &mut Vm,
    function: Value,
    callee: *mut Value,
    prev: usize,
    count: usize,
) -> Status {
    // SAFETY: as the contract says.
    unsafe {
        let native = Gc::<Native>::from_address(function.bits as usize);
        let status = vm.call_plain(native, callee, count);
        if status != status::DECLINED {
            return status;
        }
        Frame(callee).header().write(Vm::call_header(prev));
        match vm.call_native(native.function, callee, count as u32) {
            Ok(count) => Status::from(count),
            Err(throw) => throw.status(),
        }
    }
}

/// What entering the function at `slot` has returned, with tail calls and exits seen to and results adjusted.
///
/// # Safety
/// `status` comes from the entry of the frame above `slot`.
#[inline(always)]
unsafe fn settle_call(site: Site<'_>, slot: *mut Value, status: Status) -> Status {
    // SAFETY: as the contract says.
    unsafe {
        let mut status = status;
        if status < 0 {
            status = interp::settle(site.vm, status);
            if status == status::EXIT {
                status = site.vm.resume_exit(Frame(slot.add(FRAME_OFFSET)));
            }
            if status < 0 {
                return status;
            }
        }
        interp::adjust_results(site.vm, slot, status as u32, site.instr.c());
        site.leave_if_observed()
    }
}

/// The rest of a `CALL` whose entry has returned `status`, when that is not simply the number of results wanted.
///
/// # Safety
/// As [`super::Helper`]; `status` comes from the entry of the call at `pc`.
pub unsafe extern "C" fn finish_call(vm: *mut Vm, base: *mut Value, pc: u32, status: Status) -> Status {
    // SAFETY: as the contract says.
    unsafe {
        let site = Site::with_open_top(vm, base, pc);
        let slot = site.reg(site.instr.a());
        settle_call(site, slot, status)
    }
}

/// A `CALL` meets another Lua function than its cache knows.
pub unsafe extern "C" fn note_call(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers. The call's open list is still to be used: `vm.top` stays.
    unsafe {
        let site = Site::with_open_top(vm, base, pc);
        if let Some(closure) = site.get(site.instr.a()).as_closure() {
            let cache = site.cache();
            access::note_call(site.vm, cache, closure.proto);
        }
    }
    0
}

/// `TAILCALL`: 0 after a native, whose results the `RETURN` that follows takes; for a Lua function `TAIL`.
pub unsafe extern "C" fn tail_call(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers; the call is laid out in the frame's registers.
    unsafe {
        let site = Site::with_open_top(vm, base, pc);
        let slot = site.reg(site.instr.a());
        let callee = slot.add(FRAME_OFFSET);
        let mut count = argument_count(&site, callee);
        site.vm.top = callee.add(count);
        let prepared = (|| {
            if site.instr.c() != 0 {
                site.vm.close_scope(base)?;
            }
            if !(*slot).is_function() {
                count = site.vm.prepare_call_meta(callee, count)?;
            }
            Ok(())
        })();
        if let Err::<(), Throw>(throw) = prepared {
            return throw.status();
        }
        if (*slot).tag == tag::NATIVE {
            // The frame stays below a native: it is what error messages name.
            let prev = site.instr.a() + FRAME_OFFSET;
            let status = call_native(site.vm, *slot, callee, prev, count);
            if status < 0 {
                return status;
            }
            site.vm.top = slot.add(status as usize);
            return 0;
        }
        let params = site.closure.proto.num_params;
        site.vm.exit_frame = interp::replace_frame(Frame(base), params, slot, count);
        site.vm.exit_count = count as u64;
        status::TAIL
    }
}

/// As [`tail_call`], for callers that can be replaced by the callee at once: its entry when that is compiled code.
pub unsafe extern "C" fn tail_enter(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers; after `TAIL`, a call of a closure has been laid out at `exit_frame`.
    unsafe {
        if let Some(entry) = replace_plain_frame(&mut Site::with_open_top(vm, base, pc), base) {
            return entry;
        }
        let status = tail_call(vm, base, pc);
        if status != status::TAIL || (*vm).is_observing() {
            return status;
        }
        let closure = Gc::<Closure>::from_address((*vm).exit_frame.function().bits as usize);
        let proto = closure.proto;
        if proto.compiled { proto.entry as usize as Status } else { status }
    }
}

/// The usual case of [`tail_enter`], as `interp::replace_frame` does it: nothing to be closed, no extra arguments below the
/// frame, a compiled callee. Its entry.
///
/// # Safety
/// The call is laid out in the frame's registers.
#[inline(always)]
unsafe fn replace_plain_frame(site: &mut Site<'_>, base: *mut Value) -> Option<Status> {
    // SAFETY: as the contract says.
    unsafe {
        let slot = site.reg(site.instr.a());
        let header = Frame(base).header();
        let closure = (*slot).as_closure()?;
        let plain = site.instr.c() == 0 && (*header).flags & flags::VARARG == 0;
        if !plain || !closure.proto.compiled || site.vm.is_observing() {
            return None;
        }
        let callee = slot.add(FRAME_OFFSET);
        let count = argument_count(site, callee);
        interp::copy(base.sub(FRAME_OFFSET), slot);
        interp::copy_few(base, callee, count);
        (*header).pc = 0;
        (*header).flags &= flags::NATIVE_CALLER | flags::LUA_CALL;
        (*header).varargs = FrameHeader::TAIL_CALL;
        site.vm.exit_frame = Frame(base);
        site.vm.exit_count = count as u64;
        Some(closure.proto.entry as usize as Status)
    }
}

/// `RETURN` in general: the number of results.
pub unsafe extern "C" fn ret(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    unsafe {
        let site = Site::with_open_top(vm, base, pc);
        let first = site.reg(site.instr.a());
        let count = match (site.instr.op(), site.instr.b()) {
            (Op::Return1, _) => 1,
            (_, 0) => site.vm.top.offset_from(first) as usize,
            (_, count) => count - 1,
        };
        if site.instr.c() != 0 {
            let end = base.add(site.closure.proto.max_stack as usize);
            site.vm.top = end;
            if let Err(throw) = site.vm.close_frame(Frame(base), first, count, site.instr.b() == 0) {
                return throw.status();
            }
        }
        let slot = Frame(base).function_slot(site.closure.proto.num_params as usize);
        // Results go to lower slots: each is read before it is overwritten.
        interp::copy_few(slot, first, count);
        count as Status
    }
}
