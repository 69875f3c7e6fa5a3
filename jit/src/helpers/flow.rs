//! Function entry, loops, scopes, closures and varargs.

use trinity_vm::{
    frame::{FRAME_OFFSET, Frame, Status, status},
    function::Closure,
    heap::Gc,
    interp::{self, access, arith, tables},
    seam::Tier,
    value::{Value, tag},
    vm::Vm,
};

use super::{Site, call::call_native, done, truth};
use trinity_vm::bytecode::Op;

/// Function entry where something is out of the ordinary: missing arguments, extra ones, a stack limit, a consultation,
/// a poll. Returns the frame's base, which moves for a vararg function. Null when the function is left to the
/// interpreter, for want of native stack, or has thrown: then the status is in `vm.exit_count`.
///
/// # Safety
/// A call of a Lua closure with `count` arguments has been laid out at `base`.
pub unsafe extern "C" fn enter(vm: *mut Vm, base: *mut Value, count: u64) -> *mut Value {
    // SAFETY: as the contract says.
    unsafe {
        let vm = &mut *vm;
        let frame = Frame(base);
        let marker = 0u8;
        let has_room = (&raw const marker as usize) >= vm.native_limit;
        // An overflow is reported where the call is.
        vm.frame = frame.caller().unwrap_or(frame);
        match interp::prepare_lua_call(vm, frame, count as usize) {
            Ok(frame) if has_room => frame.0,
            // Not from here: tail calls may end the activation long before the interpreter returns, and its code with it.
            Ok(frame) => {
                vm.exit_frame = frame;
                vm.exit_count = status::EXIT as u64;
                std::ptr::null_mut()
            }
            Err(throw) => {
                vm.exit_count = throw.status() as u64;
                std::ptr::null_mut()
            }
        }
    }
}

/// As [`enter`], after the call has been counted.
///
/// # Safety
/// As [`enter`].
pub unsafe extern "C" fn enter_counted(vm: *mut Vm, base: *mut Value, count: u64) -> *mut Value {
    // SAFETY: as the contract says. What follows counts again.
    unsafe {
        let proto = Gc::<Closure>::from_address(Frame(base).function().bits as usize).proto;
        (*proto.as_ptr()).countdown += 1;
        enter(vm, base, count)
    }
}

/// A back-edge that has to poll or to be consulted on, or whose loop has better code. Returns code to enter with this
/// frame, 0, or the status of what was thrown.
pub unsafe extern "C" fn back_edge(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    unsafe { leave_for_loop(vm, base, pc, Tier::Hot) }
}

/// As [`back_edge`], of a loop that was compiled before it had ever run: code made with its feedback is better.
pub unsafe extern "C" fn back_edge_fresh(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    unsafe { leave_for_loop(vm, base, pc, Tier::Warm) }
}

/// # Safety
/// As [`super::Helper`].
unsafe fn leave_for_loop(vm: *mut Vm, base: *mut Value, pc: u32, better: Tier) -> Status {
    // SAFETY: as the contract says; the instruction is a back-edge and names its loop.
    unsafe {
        let site = Site::new(vm, base, pc);
        let index = match site.instr.op() {
            Op::Loop => site.ext().ax(),
            _ => site.instr.bx(),
        };
        let proto = site.closure.proto;
        let state = proto.loops.add(index);
        if site.vm.heap.poll_is_due() {
            let top = site.vm.top;
            if let Err(throw) = site.vm.poll_slow(top) {
                return throw.status();
            }
        }
        if !site.vm.is_observing() && (*state).countdown <= 0 {
            site.vm.consult_loop(proto, index);
        }
        if site.vm.is_observing() {
            (*Frame(base).header()).pc = proto.unit.loops[index].header_pc;
            return leave as *const () as usize as Status;
        }
        match (*state).osr {
            Some(code) if (*state).tier >= better => {
                (*Frame(base).header()).pc = proto.unit.loops[index].header_pc;
                site.vm.note_osr_entry(proto, index);
                code as usize as Status
            }
            _ => 0,
        }
    }
}

/// In place of better code for a loop: the interpreter goes on with the frame at its pc.
unsafe extern "C" fn leave(vm: *mut Vm, base: *mut Value, _: u64) -> Status {
    // SAFETY: it is entered as compiled code is.
    unsafe { (*vm).leave_compiled(base) }
}

/// `FORPREP`: 1 when the loop is skipped.
pub unsafe extern "C" fn for_prep(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers; the loop's registers lie in the frame.
    unsafe {
        let site = Site::new(vm, base, pc);
        let registers = site.reg(site.instr.a());
        truth(arith::prepare_loop(site.vm, registers))
    }
}

/// `FORLOOP` of any kind, without what belongs to a back-edge: 1 when the loop goes on.
pub unsafe extern "C" fn for_loop(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers; the loop's registers lie in the frame.
    unsafe {
        let site = Site::new(vm, base, pc);
        let registers = site.reg(site.instr.a());
        let index = *registers;
        let op = if index.tag == tag::INT { Op::ForLoopI } else { Op::ForLoopF };
        *site.at = site.instr.with_op(op);
        if index.tag == tag::INT {
            let left = (*registers.add(1)).bits;
            if left == 0 {
                return 0;
            }
            let next = Value::int(index.raw_int().wrapping_add((*registers.add(2)).raw_int()));
            (*registers.add(1)).bits = left - 1;
            *registers = next;
            *registers.add(3) = next;
        } else {
            let (limit, step) = ((*registers.add(1)).raw_float(), (*registers.add(2)).raw_float());
            let next = index.raw_float() + step;
            if !(if step > 0.0 { next <= limit } else { limit <= next }) {
                return 0;
            }
            *registers = Value::float(next);
            *registers.add(3) = Value::float(next);
        }
        1
    }
}

/// `TFORPREP`: marks the fourth register to be closed.
pub unsafe extern "C" fn generic_for_prep(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    unsafe {
        let site = Site::new(vm, base, pc);
        let slot = site.reg(site.instr.a() + 3);
        done(site.vm.mark_to_be_closed(slot))
    }
}

/// `TFORCALL`: 0 when control and value variables are in place.
pub unsafe extern "C" fn generic_for(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers; the loop's registers and the call's lie in the frame.
    unsafe {
        let site = Site::new(vm, base, pc);
        let registers = site.reg(site.instr.a());
        let function = *registers;
        let slot = registers.add(4);
        let cache = site.cache();
        if function.tag == tag::NATIVE
            && (*registers.add(1)).tag == tag::TABLE
            && let Some(found) = tables::iterate(site.vm, function, registers, cache)
        {
            if site.instr.op() == Op::TForCall {
                *site.at = site.instr.with_op(Op::TForCallNext);
            }
            for extra in 2..site.instr.c() {
                *slot.add(extra) = Value::NIL;
            }
            if !found {
                *slot = Value::NIL;
            }
            return 0;
        }
        let callee = slot.add(FRAME_OFFSET);
        interp::copy(slot, registers);
        interp::copy_few(callee, registers.add(1), 2);
        let mut count = 2;
        if !function.is_function() {
            site.vm.top = callee.add(count);
            count = match site.vm.prepare_call_meta(callee, count) {
                Ok(count) => count,
                Err(throw) => return throw.status(),
            };
        }
        let function = *slot;
        let mut status = if let Some(closure) = function.as_closure() {
            Frame(callee).header().write(Vm::call_header(site.instr.a() + 4 + FRAME_OFFSET));
            access::note_call(site.vm, cache, closure.proto);
            (closure.proto.entry)(vm, callee, count as u64)
        } else {
            call_native(site.vm, function, callee, site.instr.a() + 4 + FRAME_OFFSET, count)
        };
        if status < 0 {
            status = interp::settle(site.vm, status);
            if status == status::EXIT {
                status = site.vm.resume_exit(Frame(callee));
            }
            if status < 0 {
                return status;
            }
        }
        interp::adjust_results(site.vm, slot, status as u32, site.instr.c() + 1);
        site.leave_if_observed()
    }
}

/// `CLOSE`.
pub unsafe extern "C" fn close(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    unsafe {
        let site = Site::new(vm, base, pc);
        let level = site.reg(site.instr.a());
        done(site.vm.close_scope(level))
    }
}

/// `TBC`.
pub unsafe extern "C" fn tbc(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    unsafe {
        let site = Site::new(vm, base, pc);
        let slot = site.reg(site.instr.a());
        done(site.vm.mark_to_be_closed(slot))
    }
}

/// `CLOSURE`.
pub unsafe extern "C" fn closure(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    unsafe {
        let site = Site::new(vm, base, pc);
        let child = site.closure.proto.children[site.instr.bx()];
        let made = interp::make_closure(site.vm, site.closure, child, base);
        site.finish(Ok(made.into()))
    }
}

/// `VARARG`.
pub unsafe extern "C" fn vararg(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    unsafe {
        let site = Site::new(vm, base, pc);
        let to = site.reg(site.instr.a());
        done(interp::push_varargs(site.vm, Frame(base), to, site.instr.c()))
    }
}
