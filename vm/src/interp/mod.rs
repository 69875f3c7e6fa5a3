//! Tier 0: the register-bytecode interpreter.
//!
//! [`run`] executes one chain of interpreter frames. It does not recurse for calls from Lua to Lua; compiled code,
//! natives and metamethods are native calls. It ends when a frame flagged [`flags::NATIVE_CALLER`] returns, and with
//! a status when one throws or yields.
//!
//! The interpreter is *threaded*: each opcode has a [`Handler`], which ends in a call of the next one in tail position,
//! that is, in a jump. The interpreter's state is in the arguments, so it stays in machine registers, and each handler
//! has an indirect jump of its own to be predicted. Rust does not promise that such calls become jumps; LLVM makes them
//! so as long as no address of a local escapes. Hence the rules for handlers:
//!
//! - The hot path calls nothing, or what takes and returns scalars.
//! - Whatever is rare goes through a [`Flow`] to a handler of its own, where slow work is a call of a function that is
//!   never inlined.
//!
//! A build without optimisation (`cfg(not(threaded))`) returns to [`run`] after each handler instead.

pub mod access;
pub mod arith;
mod call;
pub mod compare;
mod continuation;
mod handlers;
mod metamethod;
mod observe;
mod step;
pub mod tables;
#[cfg(test)]
mod tests;

pub use call::{
    adjust_results, make_closure, move_above_varargs, prepare_lua_call, push_varargs, replace_frame, settle,
};
pub(crate) use continuation::{Continuation, detach, detached_callee_slot};
pub(crate) use handlers::HANDLERS;
pub(crate) use observe::OBSERVE;

use crate::{
    bytecode::Instr,
    frame::{Frame, Status},
    function::{Cache, Closure, Proto, Upvalue},
    heap::Gc,
    interp::call::Returned,
    native::Throw,
    value::Value,
    vm::Vm,
};

/// Code of one opcode: `(vm, base, pc, prototype, instruction)`, `pc` behind the instruction's first word.
///
/// PERF: a sixth argument would leave handlers a single register more than they need on x86-64, and most would save one.
pub(crate) type Handler = unsafe extern "C" fn(*mut Vm, *mut Value, *mut Instr, *mut Proto, Instr) -> Status;

/// What a handler sees. It never gets an address: see the module's rules.
struct State {
    vm: *mut Vm,
    /// First register of the running frame.
    base: *mut Value,
    /// The instruction.
    at: *mut Instr,
    /// Where to go on.
    pc: *mut Instr,
    proto: *mut Proto,
    instr: Instr,
}

/// How a handler ends.
enum Flow {
    /// With the instruction at `pc`.
    Next,
    /// The instruction is executed by [`step::step`].
    Slow,
    /// The comparison is executed by [`step::test`].
    SlowTest,
    /// In another handler for the same instruction.
    Other(Handler),
    /// In another frame, at its pc.
    Enter(*mut Value),
    /// `count` results of the running frame, which had this header, are in place.
    Returned {
        flags: u8,
        prev: u32,
        count: u32,
    },
    /// Compiled code that took over the running frame, which had this header, has ended with this status.
    TakenOver {
        flags: u8,
        prev: u32,
        status: Status,
    },
    Throw(Throw),
}

/// Goes on after a yield: `count` results of the yield are in place for the call at `caller`'s pc.
///
/// # Safety
/// `caller` is the frame that called `coroutine.yield`.
pub(crate) unsafe fn resume_at(vm: &mut Vm, caller: Frame, count: u32) -> Status {
    // SAFETY: as the contract says.
    let Returned { frame, status } = unsafe { continuation::return_into(vm, caller, count) };
    if frame.is_null() {
        return status;
    }
    // SAFETY: the frame's pc has been advanced past the call.
    unsafe { run(vm, Frame(frame)) }
}

/// Runs from `frame` (at its pc) until a frame with a native caller returns.
///
/// # Safety
/// `frame` must be a live frame of a Lua closure, in interpreter form, or of a detached native whose callee has just
/// returned into it.
pub(crate) unsafe fn run(vm: &mut Vm, frame: Frame) -> Status {
    // SAFETY: as the contract says.
    unsafe {
        #[cfg(threaded)]
        return enter(vm, frame.0);
        #[cfg(not(threaded))]
        {
            let mut status = enter(vm, frame.0);
            while status == NEXT {
                let (base, pc) = vm.next;
                let proto = Frame(base).function().closure_unchecked().proto.as_ptr();
                let handler = vm.handlers[(*pc).0 as u8 as usize];
                status = handler(vm, base, pc.add(1), proto, *pc);
            }
            status
        }
    }
}

/// Not a status of the universal entry: `vm.next` says what comes next.
#[cfg(not(threaded))]
const NEXT: Status = Status::MIN;

/// The instruction at `pc`.
///
/// # Safety
/// The arguments are those of a running frame.
#[inline(always)]
unsafe fn next(vm: *mut Vm, base: *mut Value, pc: *mut Instr, proto: *mut Proto) -> Status {
    // SAFETY: valid bytecode ends in a return, and its opcodes have handlers.
    unsafe {
        #[cfg(threaded)]
        {
            let instr = *pc;
            (*vm).handlers[instr.0 as u8 as usize](vm, base, pc.add(1), proto, instr)
        }
        #[cfg(not(threaded))]
        {
            let _ = proto;
            (*vm).next = (base, pc);
            NEXT
        }
    }
}

/// The frame at `base`, at its pc.
///
/// # Safety
/// `base` is that of a live frame of a Lua closure.
#[inline(always)]
unsafe fn enter(vm: *mut Vm, base: *mut Value) -> Status {
    // SAFETY: as the contract says.
    unsafe {
        let proto = Frame(base).function().closure_unchecked().proto.as_ptr();
        let pc = (*proto).code.add((*Frame(base).header()).pc as usize);
        next(vm, base, pc, proto)
    }
}

impl State {
    #[inline(always)]
    unsafe fn vm<'a>(&self) -> &'a mut Vm {
        // SAFETY: the running VM; borrows are short (see `Gc::get_mut`).
        unsafe { &mut *self.vm }
    }
    #[inline(always)]
    unsafe fn reg(&self, index: usize) -> *mut Value {
        // SAFETY: register operands of valid bytecode lie in the frame.
        unsafe { self.base.add(index) }
    }
    #[inline(always)]
    unsafe fn a(&self) -> *mut Value {
        // SAFETY: as for `reg`.
        unsafe { self.reg(self.instr.a()) }
    }
    #[inline(always)]
    unsafe fn b(&self) -> *const Value {
        // SAFETY: as for `reg`.
        unsafe { self.reg(self.instr.b()) }
    }
    #[inline(always)]
    unsafe fn c(&self) -> *const Value {
        // SAFETY: as for `reg`.
        unsafe { self.reg(self.instr.c()) }
    }
    #[inline(always)]
    unsafe fn k(&self, index: usize) -> *const Value {
        // SAFETY: constant operands of valid bytecode are in range.
        unsafe { (*self.proto).consts.add(index) }
    }
    /// The operand word behind the instruction.
    #[inline(always)]
    unsafe fn ext(&mut self) -> Instr {
        // SAFETY: called for opcodes with such a word only.
        unsafe {
            let word = *self.pc;
            self.pc = self.pc.add(1);
            word
        }
    }
    /// The cache that the operand word names.
    #[inline(always)]
    unsafe fn cache(&mut self) -> *mut Cache {
        // SAFETY: as for `ext`.
        unsafe {
            let index = self.ext().ax();
            (*self.proto).caches.add(index)
        }
    }
    #[inline(always)]
    unsafe fn closure(&self) -> Gc<Closure> {
        // SAFETY: the frame is a Lua closure's.
        unsafe { Frame(self.base).function().closure_unchecked() }
    }
    #[inline(always)]
    unsafe fn upvalue_object(&self, index: usize) -> Gc<Upvalue> {
        // SAFETY: upvalue operands of valid bytecode are in range.
        unsafe { *self.closure().as_ptr().add(1).cast::<Gc<Upvalue>>().add(index) }
    }
    /// Where the value of an upvalue is.
    #[inline(always)]
    unsafe fn upvalue(&self, index: usize) -> *mut Value {
        // SAFETY: as above.
        unsafe { (*self.upvalue_object(index).as_ptr()).slot }
    }
    #[inline(always)]
    unsafe fn jump(&mut self, distance: i32) {
        // SAFETY: jumps of valid bytecode stay in the function.
        self.pc = unsafe { self.pc.offset(distance as isize) };
    }
    /// The conditional jump that follows a comparison.
    #[inline(always)]
    unsafe fn branch(&mut self, condition: bool) -> Flow {
        // SAFETY: a jump follows in valid bytecode.
        unsafe {
            let jump = self.ext();
            if condition == (self.instr.c() != 0) {
                // PERF: keeps this a branch. A conditional move would make everything that follows wait for the
                // operands, where a predicted branch runs ahead.
                std::arch::asm!("", options(nomem, nostack, preserves_flags));
                self.jump(jump.jump());
            }
        }
        Flow::Next
    }
    /// Makes the frame's pc current.
    #[inline(always)]
    unsafe fn save_pc(&self) {
        // SAFETY: `at` is in the function's code.
        unsafe { (*Frame(self.base).header()).pc = self.at.offset_from((*self.proto).code) as u32 }
    }
    /// Makes the frame the running one for a helper.
    #[inline(always)]
    unsafe fn save(&self) {
        // SAFETY: the frame is live.
        unsafe {
            self.save_pc();
            let vm = self.vm();
            vm.frame = Frame(self.base);
            vm.top = self.base.add((*self.proto).max_stack as usize);
        }
    }

    /// # Safety
    /// The state is that of a running frame.
    #[inline(always)]
    unsafe fn end(self, flow: Flow) -> Status {
        let State { vm, base, at, pc, proto, instr } = self;
        // SAFETY: as the contract says.
        unsafe {
            match flow {
                Flow::Next => next(vm, base, pc, proto),
                Flow::Slow => handlers::slow(vm, base, at, proto, instr),
                Flow::SlowTest => handlers::slow_test(vm, base, at, proto, instr),
                Flow::Other(handler) => handler(vm, base, at.add(1), proto, instr),
                Flow::Enter(frame) => enter(vm, frame),
                Flow::Returned { flags, prev, count } => {
                    let Returned { frame, status } = call::return_to_caller(&mut *vm, base, flags, prev, count);
                    if frame.is_null() { status } else { enter(vm, frame) }
                }
                Flow::TakenOver { flags, prev, status } => {
                    let Returned { frame, status } = call::after_takeover(&mut *vm, base, flags, prev, status);
                    if frame.is_null() { status } else { enter(vm, frame) }
                }
                Flow::Throw(throw) => {
                    let Returned { frame, status } = continuation::after_throw(&mut *vm, Frame(base), throw);
                    if frame.is_null() { status } else { enter(vm, frame) }
                }
            }
        }
    }
}

/// Copies a value as payload and tag.
///
/// PERF: values are written in these two parts, and a load of both at once would have to wait for the stores.
///
/// # Safety
/// Both point to values.
#[inline(always)]
pub unsafe fn copy(to: *mut Value, from: *const Value) {
    // SAFETY: as the contract says.
    unsafe {
        let (bits, tag) = ((*from).bits, (*from).tag);
        (*to).bits = bits;
        (*to).tag = tag;
    }
}

/// [`copy`] of a few values, the first one first.
///
/// # Safety
/// There are `count` values at `from`, and as many slots at `to`.
#[inline(always)]
pub unsafe fn copy_few(to: *mut Value, from: *const Value, count: usize) {
    for index in 0..count {
        // SAFETY: as the contract says.
        unsafe { copy(to.add(index), from.add(index)) };
    }
}

/// # Safety
/// `to` points to a value.
#[inline(always)]
unsafe fn set(to: *mut Value, value: Value) {
    // SAFETY: as the contract says.
    unsafe {
        (*to).bits = value.bits;
        (*to).tag = value.tag;
    }
}
