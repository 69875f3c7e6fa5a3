//! Resume, yield, and protected calls: the three ways in which frames outlive, or do not outlive, a native call.

use crate::{
    bytecode::FRAME_GAP,
    frame::{FRAME_OFFSET, Frame, flags, status},
    heap::Gc,
    interp,
    native::{Args, NativeResult, Throw},
    thread::{Thread, ThreadStatus},
    value::Value,
    vm::{MAX_NATIVE_DEPTH, Vm},
};

/// How a resume ended; the values are in `vm.transfer`, an error in `vm.error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resumed {
    Yielded,
    Returned,
    Failed,
}

impl Vm {
    /// A suspended coroutine that will run `function`.
    pub fn new_thread(&mut self, function: Value) -> Gc<Thread> {
        let thread = self.heap.thread(false);
        let bottom = thread.stack_base();
        // SAFETY: a fresh stack.
        unsafe {
            *bottom = function;
            thread.get_mut().top = bottom.add(1);
        }
        thread
    }

    pub fn current_thread(&self) -> Gc<Thread> {
        self.thread
    }

    /// Runs `thread` with `args` until it yields, returns or fails.
    pub fn resume(&mut self, thread: Gc<Thread>, args: &[Value]) -> Resumed {
        if thread.status != ThreadStatus::Suspended {
            let what = if thread.status == ThreadStatus::Dead { "dead" } else { "non-suspended" };
            self.error = self.new_string(format!("cannot resume {what} coroutine"));
            return Resumed::Failed;
        }
        if self.native_depth >= MAX_NATIVE_DEPTH {
            self.error = self.new_string("C stack overflow");
            return Resumed::Failed;
        }
        let current = self.thread;
        {
            let current = current.get_mut();
            current.status = ThreadStatus::Normal;
            current.frame = self.frame;
            current.top = self.top;
            current.limit = self.stack_limit;
        }
        {
            let thread = thread.get_mut();
            thread.status = ThreadStatus::Running;
            thread.resumer = Some(current);
        }
        self.thread = thread;
        self.stack_limit = thread.limit;
        if thread.hook.is_some() || current.hook.is_some() {
            self.update_observation();
        }
        let depth = self.native_depth;
        self.native_depth += 1;
        // SAFETY: the thread is suspended: fresh, or with its yield's frame on top.
        let status = unsafe { self.run_thread(thread, args) };
        self.native_depth = depth;
        let outcome = match status {
            status::YIELD => {
                thread.get_mut().status = ThreadStatus::Suspended;
                Resumed::Yielded
            }
            status::THROW => {
                let thread = thread.get_mut();
                thread.status = ThreadStatus::Dead;
                thread.frame = self.error_frame;
                thread.failure = self.error;
                thread.top = self.top.max(self.error_top);
                Resumed::Failed
            }
            count => {
                let bottom = thread.stack_base();
                self.transfer.clear();
                for index in 0..count as usize {
                    // SAFETY: results lie from the bottom on.
                    self.transfer.push(unsafe { *bottom.add(index) });
                }
                let thread = thread.get_mut();
                thread.status = ThreadStatus::Dead;
                thread.frame = Frame(std::ptr::null_mut());
                thread.top = bottom;
                Resumed::Returned
            }
        };
        thread.get_mut().limit = self.stack_limit;
        thread.get_mut().resumer = None;
        self.thread = current;
        let current = current.get_mut();
        current.status = ThreadStatus::Running;
        self.frame = current.frame;
        self.top = current.top;
        self.stack_limit = current.limit;
        if thread.hook.is_some() || current.hook.is_some() {
            self.update_observation();
        }
        outcome
    }

    /// # Safety
    /// `thread` is the current one, and suspended: fresh, or with its yield's frame on top.
    unsafe fn run_thread(&mut self, thread: Gc<Thread>, args: &[Value]) -> i64 {
        // SAFETY: as the contract says; room is made for the arguments.
        unsafe {
            let frame = thread.frame;
            if frame.0.is_null() {
                let base = thread.stack_base().add(FRAME_OFFSET);
                self.frame = Frame(base);
                self.top = base;
                if let Err(throw) = self.ensure_stack(base, args.len() + 8) {
                    return throw.status();
                }
                Frame(base).header().write(Vm::call_header(0));
                for (index, value) in args.iter().enumerate() {
                    *base.add(index) = *value;
                }
                self.top = base.add(args.len());
                return self.enter_unchecked(base, args.len() as u64);
            }
            // The values become the results of the yield.
            let slot = frame.0.sub(FRAME_OFFSET);
            let Some(caller) = frame.caller() else { return status::THROW };
            if let Err(throw) = self.ensure_stack(slot, args.len() + 8) {
                return throw.status();
            }
            for (index, value) in args.iter().enumerate() {
                *slot.add(index) = *value;
            }
            interp::resume_at(self, caller, args.len() as u32)
        }
    }

    /// `coroutine.close`: ends a suspended or dead coroutine. Says whether it ended without error (else `vm.error`).
    pub fn close_thread(&mut self, thread: Gc<Thread>) -> bool {
        let failed = thread.status == ThreadStatus::Dead && !thread.frame.0.is_null();
        let mut error = if failed { thread.failure } else { Value::NIL };
        // Its variables are closed on the closing thread's stack.
        let slots = std::mem::take(&mut thread.get_mut().tbc);
        thread.get_mut().close_upvalues(thread.stack_base());
        let mut ok = !failed;
        for slot in slots.into_iter().rev() {
            // SAFETY: the slot lies on the thread's stack, which is live.
            let value = unsafe { *slot };
            let handler = self.metamethod(value, crate::meta::Meta::Close);
            if self.call(handler, &[value, error]).is_err() {
                error = self.error;
                ok = false;
            }
        }
        let object = thread.get_mut();
        object.status = ThreadStatus::Dead;
        object.frame = Frame(std::ptr::null_mut());
        object.top = object.stack_base();
        if !ok {
            self.error = error;
        }
        ok
    }

    /// Whether the running function may yield.
    pub fn is_yieldable(&self) -> bool {
        !self.thread.is_main && self.thread.nonyieldable == 0
    }
}

/// `coroutine.yield`.
pub fn yield_native(vm: &mut Vm, args: Args) -> NativeResult {
    // These errors have no position: they are the native's own.
    if vm.thread.is_main {
        let message = vm.new_string("attempt to yield from outside a coroutine");
        return Err(vm.throw_value(message));
    }
    if vm.thread.nonyieldable > 0 {
        let message = vm.new_string("attempt to yield across a C-call boundary");
        return Err(vm.throw_value(message));
    }
    vm.transfer.clear();
    for index in 0..args.len() {
        vm.transfer.push(args.get(index));
    }
    let (frame, top) = (args.frame(), vm.top);
    let thread = vm.thread.get_mut();
    thread.frame = frame;
    thread.top = top;
    Err(Throw::Yield)
}

/// `pcall`.
pub fn pcall(vm: &mut Vm, args: Args) -> NativeResult {
    vm.check_any(args, 0)?;
    protected(vm, args, 1)
}

/// `xpcall`.
pub fn xpcall(vm: &mut Vm, args: Args) -> NativeResult {
    if !args.get(1).is_function() {
        return Err(vm.type_error(args, 1, "function"));
    }
    protected(vm, args, 2)
}

/// Calls argument 0 with the arguments from `first` on; argument 1 is a message handler when `first` is 2.
fn protected(vm: &mut Vm, args: Args, first: usize) -> NativeResult {
    let frame = args.frame();
    let from = vm.top;
    let (depth, nonyieldable) = (vm.native_depth, vm.thread.nonyieldable);
    // SAFETY: the arguments are live and lie below where the callee's copies go.
    let call_args = unsafe { std::slice::from_raw_parts(args.base().add(first), args.len() - first) };
    let outcome = vm.call_yieldable(args.get(0), call_args);
    // SAFETY: the frame is this native's.
    let header = unsafe { &mut *frame.header() };
    match outcome {
        Ok(count) => {
            // SAFETY: results lie from `from` on.
            unsafe { Ok(succeed(frame, from, count)) }
        }
        Err(Throw::Yield) => {
            header.flags |= flags::PROTECTED | flags::DETACHED;
            header.spare = first as u16;
            // SAFETY: the callee's slot lies above this frame's base on the same stack.
            header.varargs = unsafe { from.offset_from(frame.0) } as u32;
            Err(Throw::Yield)
        }
        Err(Throw::Error) if vm.is_stopping() => Err(Throw::Error),
        Err(Throw::Error) => {
            vm.native_depth = depth;
            vm.thread.get_mut().nonyieldable = nonyieldable;
            let handler = if first == 2 { Some(args.get(1)) } else { None };
            Ok(fail(vm, frame, from, handler))
        }
    }
}

/// Results of a protected call that went well: `true` and the callee's.
///
/// # Safety
/// `count` results lie at `results`, above the native frame.
unsafe fn succeed(frame: Frame, results: *mut Value, count: u32) -> u32 {
    // SAFETY: as the contract says; going up, a result is read before its place is overwritten.
    unsafe {
        let slot = frame.0.sub(FRAME_OFFSET);
        *slot = Value::TRUE;
        for index in 0..count as usize {
            *slot.add(1 + index) = *results.add(index);
        }
        count + 1
    }
}

/// Results of a protected call that threw: handler called where the error was thrown, variables closed, `false` and
/// the error.
fn fail(vm: &mut Vm, frame: Frame, level: *mut Value, handler: Option<Value>) -> u32 {
    let mut error = vm.error;
    if let Some(handler) = handler {
        vm.frame = vm.error_frame;
        vm.top = vm.error_top.max(level);
        error = match vm.call1(handler, &[error]) {
            Ok(message) => message,
            Err(_) => vm.error,
        };
    }
    vm.frame = frame;
    vm.top = vm.error_top.max(level);
    let error = vm.unwind_to(level, error);
    vm.frame = frame;
    vm.top = level;
    vm.settle_stack_limit();
    // SAFETY: the native's frame has room for two results from its function slot on.
    unsafe {
        let slot = frame.0.sub(FRAME_OFFSET);
        *slot = Value::FALSE;
        *slot.add(FRAME_GAP) = error;
    }
    2
}

/// A detached protected call's callee has returned `count` results at `results`.
///
/// # Safety
/// `frame` is the detached frame.
pub(crate) unsafe fn finish_protected(_vm: &mut Vm, frame: Frame, results: *mut Value, count: u32) -> u32 {
    // SAFETY: as the contract says.
    unsafe { succeed(frame, results, count) }
}

/// Something threw above a detached protected call.
///
/// # Safety
/// `frame` is the detached frame.
pub(crate) unsafe fn catch_detached(vm: &mut Vm, frame: Frame) -> u32 {
    // SAFETY: as the contract says.
    unsafe {
        let header = &mut *frame.header();
        header.flags &= !(flags::PROTECTED | flags::DETACHED);
        let level = interp::detached_callee_slot(frame);
        let handler = if header.spare == 2 { Some(*frame.0.add(1)) } else { None };
        fail(vm, frame, level, handler)
    }
}
