//! Jumps, loops, calls and returns.

use crate::{
    bytecode::{Instr, Op},
    frame::{FRAME_OFFSET, Frame, FrameHeader, Status, flags, status},
    function::{Cache, LoopState, Proto},
    heap::Gc,
    interp::{Flow, Handler, State, access, call, copy, set, tables},
    native::Throw,
    value::{Value, tag},
    vm::Vm,
};

handlers! {
    Close(_s) { Flow::Slow },
    Tbc(_s) { Flow::Slow },
    Jmp(s) { s.jump(s.instr.jump()); Flow::Next },
    Loop(s) {
        let index = s.ext().ax();
        s.jump(s.instr.jump());
        back_edge(s, index)
    },

    Call(s) {
        let cache = s.cache();
        let slot = s.a();
        if (*slot).tag != tag::CLOSURE {
            return Flow::Other(call_other);
        }
        let target = (*slot).closure_unchecked().proto;
        access::note_call(s.vm(), cache, target);
        if s.instr.b() == 0 {
            return Flow::Other(call_open);
        }
        let plain = s.instr.b() == (*target.as_ptr()).plain_call as usize;
        if plain && enter_plain(s, target.as_ptr(), s.instr.a() + FRAME_OFFSET, s.instr.c()) {
            Flow::Next
        } else {
            Flow::Other(call_lua)
        }
    },
    TailCall(s) {
        let slot = s.a();
        if (*slot).tag != tag::CLOSURE {
            return Flow::Other(tail_call);
        }
        let proto = (*slot).closure_unchecked().proto.as_ptr();
        let end = s.base.byte_add((*proto).room as usize);
        let vm = s.vm();
        let flags = (*Frame(s.base).header()).flags;
        if s.instr.b() != (*proto).plain_call as usize
            || s.instr.c() != 0
            || flags & flags::VARARG != 0
            || end >= vm.stack_limit
            || (*proto).countdown <= 1
            || vm.heap.poll_is_due()
        {
            return Flow::Other(tail_call);
        }
        (*proto).countdown -= 1;
        copy(s.base.sub(FRAME_OFFSET), slot);
        (*Frame(s.base).header()).pc = 0;
        (*Frame(s.base).header()).flags = flags & !flags::REPORTED;
        (*Frame(s.base).header()).varargs = FrameHeader::TAIL_CALL;
        for index in 0..(*proto).num_params as usize {
            copy(s.base.add(index), slot.add(FRAME_OFFSET + index));
        }
        s.proto = proto;
        s.pc = (*proto).code;
        Flow::Next
    },
    Return(s) {
        if s.instr.c() != 0 {
            return Flow::Other(closing_return);
        }
        finish_return(s, s.a())
    },
    Return0(s) {
        let header = Frame(s.base).header();
        if (*header).flags != flags::LUA_CALL || (*header).spare > 1 {
            return Flow::Other(any_return);
        }
        if (*header).spare == 0 {
            s.vm().top = s.base.sub(FRAME_OFFSET);
        }
        resume_caller(s)
    },
    Return1(s) {
        let header = Frame(s.base).header();
        if (*header).flags != flags::LUA_CALL || (*header).spare > 2 {
            return Flow::Other(any_return);
        }
        let slot = s.base.sub(FRAME_OFFSET);
        copy(slot, s.a());
        if (*header).spare == 0 {
            s.vm().top = slot.add(1);
        }
        resume_caller(s)
    },

    ForPrep(s) {
        let index = s.a();
        let (limit, step) = (index.add(1), index.add(2));
        let integers = (*index).tag == tag::INT && (*limit).tag == tag::INT && (*step).tag == tag::INT;
        if !integers || (*step).raw_int() != 1 {
            return Flow::SlowTest;
        }
        let (start, last) = ((*index).raw_int(), (*limit).raw_int());
        let jump = s.ext();
        if start > last {
            s.jump(jump.jump());
            return Flow::Next;
        }
        (*limit).bits = (last as u64).wrapping_sub(start as u64);
        set(index.add(3), Value::int(start));
        Flow::Next
    },
    ForLoop(s) {
        let is_int = (*s.a()).tag == tag::INT;
        *s.at = (*s.at).with_op(if is_int { Op::ForLoopI } else { Op::ForLoopF });
        Flow::Other(if is_int { ForLoopI } else { ForLoopF })
    },
    ForLoopI(s) {
        let jump = s.ext();
        let index = s.a();
        if (*index).tag != tag::INT {
            *s.at = (*s.at).with_op(Op::ForLoopF);
            return Flow::Other(ForLoopF);
        }
        let left = (*index.add(1)).bits;
        if left == 0 {
            return Flow::Next;
        }
        let next = (*index).raw_int().wrapping_add((*index.add(2)).raw_int());
        (*index.add(1)).bits = left - 1;
        (*index).bits = next as u64;
        set(index.add(3), Value::int(next));
        s.jump(jump.jump());
        back_edge(s, s.instr.bx())
    },
    ForLoopF(s) {
        let jump = s.ext();
        let index = s.a();
        if (*index).tag != tag::FLOAT {
            *s.at = (*s.at).with_op(Op::ForLoopI);
            return Flow::Other(ForLoopI);
        }
        let (step, limit) = ((*index.add(2)).raw_float(), (*index.add(1)).raw_float());
        let next = (*index).raw_float() + step;
        if !(if step > 0.0 { next <= limit } else { limit <= next }) {
            return Flow::Next;
        }
        set(index, Value::float(next));
        set(index.add(3), Value::float(next));
        s.jump(jump.jump());
        back_edge(s, s.instr.bx())
    },
    TForPrep(s) {
        let jump = s.ext();
        if (*s.reg(s.instr.a() + 3)).is_truthy() {
            s.save();
            if let Err(throw) = s.vm().mark_to_be_closed(s.reg(s.instr.a() + 3)) {
                return Flow::Throw(throw);
            }
        }
        s.jump(jump.jump());
        Flow::Next
    },
    TForCall(s) { generic_call(s) },
    TForCallNext(s) { generic_call(s) },
    TForLoop(s) {
        let jump = s.ext();
        let control = s.reg(s.instr.a() + 4);
        if (*control).is_nil() {
            return Flow::Next;
        }
        copy(s.reg(s.instr.a() + 2), control);
        s.jump(jump.jump());
        back_edge(s, s.instr.bx())
    },
    Closure(s) {
        let children: &[Gc<Proto>] = &(*s.proto).children;
        let child = *children.get_unchecked(s.instr.bx());
        let closure = call::make_closure(s.vm(), s.closure(), child, s.base);
        set(s.a(), closure.into());
        Flow::Next
    },
    VarArg(s) {
        s.save();
        match call::push_varargs(s.vm(), Frame(s.base), s.a(), s.instr.c()) {
            Ok(()) => Flow::Next,
            Err(throw) => Flow::Throw(throw),
        }
    },
    // The frame was moved when it was entered.
    VarArgPrep(_s) { Flow::Next },
}

/// Header of a frame that a call makes.
///
/// # Safety
/// `callee` is above the running frame.
#[inline(always)]
unsafe fn write_header(callee: *mut Value, prev: usize, flags: u8, spare: usize) {
    // SAFETY: as the contract says.
    unsafe {
        let header = FrameHeader { flags, spare: spare as u16, ..Vm::call_header(prev) };
        Frame(callee).header().write(header);
    }
}

/// A back-edge to `pc`: counts, polls, and moves to compiled code when there is some.
///
/// # Safety
/// As for handlers.
#[inline(always)]
unsafe fn back_edge(s: &mut State, index: usize) -> Flow {
    // SAFETY: loop operands of valid bytecode are in range.
    unsafe {
        let state: *mut LoopState = (*s.proto).loops.add(index);
        let countdown = (*state).countdown - 1;
        (*state).countdown = countdown;
        let vm = s.vm();
        if vm.heap.poll_is_due() || countdown <= 0 || (*state).osr.is_some() {
            // The slow handler starts from where the jump leads: it gets that pc as its own.
            s.at = s.pc.sub(1);
            s.instr = Instr(index as u32);
            return Flow::Other(slow_back_edge);
        }
        Flow::Next
    }
}

/// A return without anything to close: the values from `first` on.
///
/// # Safety
/// As for handlers.
#[inline(always)]
unsafe fn finish_return(s: &mut State, first: *const Value) -> Flow {
    // SAFETY: as the contract says; the results fit where function and arguments were, or below `first`.
    unsafe {
        let count = match s.instr.op() {
            Op::Return0 => 0,
            Op::Return1 => 1,
            _ if s.instr.b() == 0 => s.vm().top.offset_from(first) as usize,
            _ => s.instr.b() - 1,
        };
        let slot = Frame(s.base).function_slot((*s.proto).num_params as usize);
        let FrameHeader { flags, prev, spare, .. } = *Frame(s.base).header();
        for index in 0..count {
            copy(slot.add(index), first.add(index));
        }
        if flags & !(flags::VARARG | flags::REPORTED) != flags::LUA_CALL {
            return Flow::Returned { flags, prev, count: count as u32 };
        }
        call::adjust_results(s.vm(), slot, count as u32, spare as usize);
        s.base = s.base.sub(prev as usize);
        after_call(s);
        Flow::Next
    }
}

/// Goes on in the caller, PERF: which is known to be a plain call of a Lua function.
///
/// # Safety
/// As for handlers; the frame is flagged [`flags::LUA_CALL`], and its results are in place.
#[inline(always)]
unsafe fn resume_caller(s: &mut State) -> Flow {
    // SAFETY: as the contract says; `prev` leads to the caller's frame.
    unsafe {
        s.base = s.base.sub((*Frame(s.base).header()).prev as usize);
        after_call(s);
    }
    Flow::Next
}

/// Goes on behind the call at the pc of the frame at `base`.
///
/// # Safety
/// The frame is a Lua function's, and the call takes two words.
#[inline(always)]
unsafe fn after_call(s: &mut State) {
    // SAFETY: as the contract says.
    unsafe {
        s.proto = Frame(s.base).function().closure_unchecked().proto.as_ptr();
        s.pc = (*s.proto).code.add((*Frame(s.base).header()).pc as usize + 2);
    }
}

/// Enters a Lua function with as many arguments as it has parameters, if that is all there is to do: room on the
/// stack, nothing to consult on or to collect.
///
/// # Safety
/// As for handlers; the arguments lie `prev` slots above the running frame, which wants `spare` results (as in
/// [`FrameHeader::spare`]).
#[inline(always)]
unsafe fn enter_plain(s: &mut State, proto: *mut Proto, prev: usize, spare: usize) -> bool {
    // SAFETY: as the contract says.
    unsafe {
        let vm = s.vm();
        let callee = s.base.add(prev);
        let countdown = (*proto).countdown - 1;
        if callee.byte_add((*proto).room as usize) >= vm.stack_limit || countdown <= 0 || vm.heap.poll_is_due() {
            return false;
        }
        (*proto).countdown = countdown;
        s.save_pc();
        write_header(callee, prev, flags::LUA_CALL, spare);
        s.base = callee;
        s.proto = proto;
        s.pc = (*proto).code;
        true
    }
}

/// [`enter_plain`] for any number of arguments.
///
/// # Safety
/// As [`enter_plain`], with `count` arguments.
#[inline(always)]
unsafe fn enter_adjusted(s: &mut State, proto: *mut Proto, prev: usize, spare: usize, mut count: usize) -> bool {
    // SAFETY: as the contract says.
    unsafe {
        let callee = s.base.add(prev);
        if (*proto).plain_call == Proto::NOT_PLAIN
            || count >= 256
            || callee.add(count).byte_add((*proto).room as usize) >= s.vm().stack_limit
        {
            return false;
        }
        while count < (*proto).num_params as usize {
            set(callee.add(count), Value::NIL);
            count += 1;
        }
        enter_plain(s, proto, prev, spare)
    }
}

/// Enters the Lua function whose frame is laid out at `callee`, for the call at `at` with results at `slot`.
///
/// # Safety
/// As for handlers; the frame's pc is saved.
#[inline(always)]
unsafe fn enter_closure(s: &mut State, slot: *mut Value, count: usize, wanted: usize) -> Flow {
    // SAFETY: as the contract says.
    unsafe {
        let vm = s.vm();
        let callee = slot.add(FRAME_OFFSET);
        vm.frame = Frame(s.base);
        let proto = (*slot).closure_unchecked().proto;
        if proto.compiled && call::native_room(vm) {
            let status = (proto.entry)(vm, callee, count as u64);
            return match call::settle(vm, status) {
                results if results >= 0 => {
                    call::adjust_results(vm, slot, results as u32, wanted);
                    Flow::Next
                }
                status::EXIT => Flow::Enter(vm.exit_frame.0),
                other => Flow::Throw(Throw::from_status(other)),
            };
        }
        let frame = call::prepare_or_throw(vm, callee, count);
        if frame.is_null() { Flow::Throw(Throw::Error) } else { Flow::Enter(frame) }
    }
}

/// Calls the value that is no Lua function and whose arguments lie at `slot`'s frame.
///
/// # Safety
/// As for handlers; the frame's pc is saved.
#[inline(always)]
unsafe fn call_value(s: &mut State, slot: *mut Value, mut count: usize, wanted: usize) -> Flow {
    // SAFETY: as the contract says.
    unsafe {
        let vm = s.vm();
        let callee = slot.add(FRAME_OFFSET);
        if (*slot).tag != tag::NATIVE {
            s.save();
            vm.top = callee.add(count);
            count = call::prepare_meta_or_throw(vm, callee, count);
            if count == usize::MAX {
                return Flow::Throw(Throw::Error);
            }
        }
        write_header(callee, callee.offset_from(s.base) as usize, 0, 0);
        if (*slot).tag == tag::CLOSURE {
            return enter_closure(s, slot, count, wanted);
        }
        let results = call::native_status(vm, callee, count);
        if results < 0 {
            return Flow::Throw(Throw::from_status(results));
        }
        call::adjust_results(vm, slot, results as u32, wanted);
        Flow::Next
    }
}

/// `TFORCALL`.
///
/// # Safety
/// As for handlers.
#[inline(always)]
unsafe fn generic_call(s: &mut State) -> Flow {
    // SAFETY: as the contract says.
    unsafe {
        let cache = s.cache();
        let first = s.a();
        if (*first).tag == tag::NATIVE && (*first.add(1)).tag == tag::TABLE {
            match tables::advance(s.vm(), first, cache) {
                tables::Iterated::Entry | tables::Iterated::End => {
                    if s.instr.op() == Op::TForCall {
                        *s.at = (*s.at).with_op(Op::TForCallNext);
                    }
                    for extra in 2..s.instr.c() {
                        set(first.add(4 + extra), Value::NIL);
                    }
                    return Flow::Next;
                }
                tables::Iterated::Other => {}
            }
        }
        call_iterator(s, cache)
    }
}

/// `TFORCALL` of what is no known iterator.
///
/// # Safety
/// As for handlers.
#[inline(always)]
unsafe fn call_iterator(s: &mut State, cache: *mut Cache) -> Flow {
    // SAFETY: as the contract says.
    unsafe {
        let first = s.a();
        let slot = first.add(4);
        copy(slot, first);
        copy(slot.add(FRAME_OFFSET), first.add(1));
        copy(slot.add(FRAME_OFFSET + 1), first.add(2));
        s.save_pc();
        if (*slot).tag != tag::CLOSURE {
            return call_value(s, slot, 2, s.instr.c() + 1);
        }
        let target = (*slot).closure_unchecked().proto;
        access::note_call(s.vm(), cache, target);
        let callee = slot.add(FRAME_OFFSET);
        let prev = s.instr.a() + 4 + FRAME_OFFSET;
        if enter_adjusted(s, target.as_ptr(), prev, s.instr.c() + 1, 2) {
            return Flow::Next;
        }
        write_header(callee, prev, 0, 0);
        enter_closure(s, slot, 2, s.instr.c() + 1)
    }
}

others! {
    /// `CALL` of anything but a Lua function.
    call_other(s) {
        let cache = s.cache();
        let slot = s.a();
        let callee = slot.add(FRAME_OFFSET);
        let count = if s.instr.b() == 0 { s.vm().top.offset_from(callee) as usize } else { s.instr.b() - 1 };
        if (*slot).tag == tag::NATIVE {
            access::note_native(s.vm(), cache, *slot);
            let results = s.vm().call_plain((*slot).native_unchecked(), callee, count);
            if results >= 0 {
                call::adjust_results(s.vm(), slot, results as u32, s.instr.c());
                return Flow::Next;
            }
        }
        s.save_pc();
        call_value(s, slot, count, s.instr.c())
    },
    /// `CALL` of a Lua function with an open list of arguments.
    call_open(s) {
        s.ext();
        let slot = s.a();
        let proto = (*slot).closure_unchecked().proto.as_ptr();
        let count = s.vm().top.offset_from(slot.add(FRAME_OFFSET)) as usize;
        // An open list may have as many arguments as would look like `NOT_PLAIN`.
        let plain = count + 1 == (*proto).plain_call as usize && (*proto).plain_call != Proto::NOT_PLAIN;
        if plain && enter_plain(s, proto, s.instr.a() + FRAME_OFFSET, s.instr.c()) {
            Flow::Next
        } else {
            Flow::Other(call_lua)
        }
    },
    /// `CALL` of a Lua function with other arguments than parameters, or for which there is something else to do.
    call_lua(s) {
        s.ext();
        let slot = s.a();
        let callee = slot.add(FRAME_OFFSET);
        let count = if s.instr.b() == 0 { s.vm().top.offset_from(callee) as usize } else { s.instr.b() - 1 };
        let proto = (*slot).closure_unchecked().proto.as_ptr();
        let prev = s.instr.a() + FRAME_OFFSET;
        if enter_adjusted(s, proto, prev, s.instr.c(), count) {
            return Flow::Next;
        }
        s.save_pc();
        write_header(callee, prev, 0, 0);
        enter_closure(s, slot, count, s.instr.c())
    },
    tail_call(s) {
        s.ext();
        let slot = s.a();
        let callee = slot.add(FRAME_OFFSET);
        let mut count = if s.instr.b() == 0 { s.vm().top.offset_from(callee) as usize } else { s.instr.b() - 1 };
        s.save();
        let vm = s.vm();
        if s.instr.c() != 0 {
            vm.thread.get_mut().close_upvalues(&mut vm.heap, s.base);
        }
        if !(*slot).is_function() {
            vm.top = callee.add(count);
            count = call::prepare_meta_or_throw(vm, callee, count);
            if count == usize::MAX {
                return Flow::Throw(Throw::Error);
            }
        }
        if (*slot).tag == tag::NATIVE {
            // The frame stays below a native: it is what error messages name. `RETURN` follows.
            let mut results = vm.call_plain((*slot).native_unchecked(), callee, count);
            if results == status::DECLINED {
                write_header(callee, s.instr.a() + FRAME_OFFSET, 0, 0);
                results = call::native_status(vm, callee, count);
            }
            if results < 0 {
                return Flow::Throw(Throw::from_status(results));
            }
            vm.top = slot.add(results as usize);
            return Flow::Next;
        }
        let frame = call::replace_frame(Frame(s.base), (*s.proto).num_params, slot, count);
        let proto = frame.function().closure_unchecked().proto;
        s.base = frame.0;
        if proto.compiled && call::native_room(vm) {
            let (flags, prev) = call::lend_frame(frame);
            let status = (proto.entry)(vm, frame.0, count as u64);
            return Flow::TakenOver { flags, prev, status };
        }
        let frame = call::prepare_or_throw(vm, frame.0, count);
        if frame.is_null() { Flow::Throw(Throw::Error) } else { Flow::Enter(frame) }
    },
    /// `RETURN0` or `RETURN1` into anything but a call that takes what there is.
    any_return(s) {
        finish_return(s, s.a())
    },
    /// `RETURN` that closes variables.
    closing_return(s) {
        let vm = s.vm();
        let first = s.a();
        let count = if s.instr.b() == 0 { vm.top.offset_from(first) as usize } else { s.instr.b() - 1 };
        s.save();
        if let Err(throw) = vm.close_frame(Frame(s.base), first, count, s.instr.b() == 0) {
            return Flow::Throw(throw);
        }
        vm.top = first.add(count);
        if vm.observer.hooked {
            let top = vm.top.max(s.base.add((*s.proto).max_stack as usize));
            if let Err(throw) = vm.report_return(top) {
                return Flow::Throw(throw);
            }
        }
        finish_return(s, first)
    },
    /// `TFORCALL` when a hook is to be told of every call.
    generic_call_reported(s) {
        let cache = s.cache();
        call_iterator(s, cache)
    },
    /// A back-edge to `pc` at which something is due; the instruction word is the index of the loop.
    slow_back_edge(s) {
        let index = s.instr.0 as usize;
        let state: *mut LoopState = (*s.proto).loops.add(index);
        let vm = s.vm();
        // The frame goes on at the target.
        s.at = s.pc;
        if vm.heap.poll_is_due() {
            s.save();
            let top = vm.top;
            if let Err(throw) = vm.poll_slow(top) {
                return Flow::Throw(throw);
            }
        }
        if (*state).countdown <= 0 {
            s.save();
            vm.consult_loop(Gc::from_ptr(s.proto), index);
        }
        let Some(osr) = (*state).osr else { return Flow::Next };
        if !call::native_room(vm) {
            return Flow::Next;
        }
        vm.note_osr_entry(Gc::from_ptr(s.proto), index);
        s.save_pc();
        vm.frame = Frame(s.base);
        let (flags, prev) = call::lend_frame(Frame(s.base));
        let status = osr(vm, s.base, 0);
        Flow::TakenOver { flags, prev, status }
    },
}
