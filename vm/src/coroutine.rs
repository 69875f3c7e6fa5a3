//! Resume, yield, and protected calls: the three ways in which frames outlive, or do not outlive, a native call.

use crate::{
    bytecode::FRAME_GAP,
    frame::{FRAME_OFFSET, Frame, flags, status},
    heap::Gc,
    interp::{self, Continuation, detach},
    native::{Args, NativeResult, Throw},
    thread::{Thread, ThreadStatus},
    value::Value,
    vm::{HANDLER_DEPTH, MAX_NATIVE_DEPTH, Vm},
};

impl Vm {
    /// A suspended coroutine that will run `function`.
    pub fn new_thread(&mut self, function: Value) -> Gc<Thread> {
        let thread = self.heap.thread(false);
        self.heap.prepare_thread(thread, function);
        thread
    }

    pub fn current_thread(&self) -> Gc<Thread> {
        self.thread
    }

    /// Runs `thread` with `args` until it yields, returns or fails. `take` gets what it passes out. `None` when it has
    /// failed: the error is in `vm.error`.
    pub fn resume<R>(
        &mut self,
        thread: Gc<Thread>,
        args: &[Value],
        take: impl FnOnce(&mut Vm, &[Value]) -> R,
    ) -> Option<R> {
        if thread.status != ThreadStatus::Suspended {
            let what = if thread.status == ThreadStatus::Dead { "dead" } else { "non-suspended" };
            self.error = self.new_string(format!("cannot resume {what} coroutine"));
            return None;
        }
        if self.native_depth >= MAX_NATIVE_DEPTH + self.handler_depth {
            self.error = self.new_string("C stack overflow");
            return None;
        }
        let passed = self.on_thread(thread, |vm| {
            // SAFETY: the thread is suspended: fresh, or with its yield's frame on top.
            let status = unsafe { vm.run_thread(thread, args) };
            let object = thread.get_mut();
            match status {
                status::YIELD => {
                    object.status = ThreadStatus::Suspended;
                    Some(object.frame.0)
                }
                status::THROW => {
                    object.status = ThreadStatus::Dead;
                    object.frame = vm.error_frame;
                    object.failure = vm.error;
                    object.top = vm.top.max(vm.error_top);
                    None
                }
                count => {
                    object.status = ThreadStatus::Dead;
                    // SAFETY: results lie from the bottom on.
                    object.top = unsafe { object.stack_base().add(count as usize) };
                    Some(object.stack_base())
                }
            }
        })?;
        // SAFETY: the arguments of the yield, or the results, end at the top of a stack that nothing writes to now.
        let passed = unsafe { std::slice::from_raw_parts(passed, thread.top.offset_from(passed) as usize) };
        let taken = take(self, passed);
        if thread.status == ThreadStatus::Dead {
            thread.get_mut().end();
            self.heap.release_slots(thread.get_mut());
        }
        Some(taken)
    }

    /// Makes `thread` the running one for `body`, which says in `thread.status` what becomes of it.
    fn on_thread<R>(&mut self, thread: Gc<Thread>, body: impl FnOnce(&mut Vm) -> R) -> R {
        self.heap.lend_stack(thread);
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
        let result = body(self);
        self.native_depth = depth;
        thread.get_mut().limit = self.stack_limit.max(thread.top);
        thread.get_mut().resumer = None;
        self.heap.note_suspension(thread);
        self.thread = current;
        let current = current.get_mut();
        current.status = ThreadStatus::Running;
        self.frame = current.frame;
        self.top = current.top;
        self.stack_limit = current.limit;
        if thread.hook.is_some() || current.hook.is_some() {
            self.update_observation();
        }
        result
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
                interp::copy_few(base, args.as_ptr(), args.len());
                self.top = base.add(args.len());
                return self.enter_unchecked(base, args.len() as u64);
            }
            // The values become the results of the yield.
            let slot = frame.0.sub(FRAME_OFFSET);
            let Some(caller) = frame.caller() else { return status::THROW };
            if let Err(throw) = self.ensure_stack(slot, args.len() + 8) {
                return throw.status();
            }
            interp::copy_few(slot, args.as_ptr(), args.len());
            interp::resume_at(self, caller, args.len() as u32)
        }
    }

    /// `coroutine.close`: ends a suspended or dead coroutine. Says whether it ended without error (else `vm.error`).
    pub fn close_thread(&mut self, thread: Gc<Thread>) -> bool {
        let failed = thread.status == ThreadStatus::Dead && !thread.frame.0.is_null();
        let failure = failed.then_some(thread.failure);
        thread.get_mut().close_upvalues(&mut self.heap, thread.stack_base());
        let failure = if thread.tbc.is_empty() {
            failure
        } else {
            self.on_thread(thread, |vm| {
                vm.settle_stack_limit();
                vm.thread.get_mut().nonyieldable += 1;
                let failure = vm.close_all(failure);
                let thread = vm.thread.get_mut();
                thread.nonyieldable -= 1;
                // The collector is told what has become of it when it is left.
                thread.end();
                failure
            })
        };
        thread.get_mut().end();
        self.heap.release_slots(thread.get_mut());
        match failure {
            None => true,
            Some(error) => {
                self.error = error;
                false
            }
        }
    }

    /// Closes every variable of the running thread, none of whose functions goes on. An error replaces `failure`.
    fn close_all(&mut self, mut failure: Option<Value>) -> Option<Value> {
        while let Some(slot) = self.thread.get_mut().tbc.pop() {
            // The calls are the first of the thread.
            self.frame = Frame(std::ptr::null_mut());
            // SAFETY: what lies above a variable is not needed any more.
            self.top = unsafe { slot.add(1) };
            let error = failure.unwrap_or(Value::NIL);
            self.thread.get_mut().failure = error;
            if self.close_protected(slot, error).is_err() {
                failure = Some(self.error);
            }
        }
        failure
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
    let has_handler = first == 2;
    match vm.call_yieldable(args.get(0), args.from(first)) {
        // SAFETY: results lie from `from` on.
        Ok(count) => unsafe { Ok(succeed(frame, from, count)) },
        Err(Throw::Yield) => {
            let continuation = if has_handler { Continuation::Xpcall } else { Continuation::Pcall };
            // SAFETY: the frame is this native's, and the callee stood at its end.
            Err(unsafe { detach(frame, from, continuation) })
        }
        Err(Throw::Error) if vm.is_stopping() => Err(Throw::Error),
        Err(Throw::Error) => {
            vm.native_depth = depth;
            vm.thread.get_mut().nonyieldable = nonyieldable;
            // SAFETY: the frame is this native's.
            unsafe { fail(vm, frame, from, has_handler) }
        }
    }
}

/// Results of a protected call that went well: `true` and the callee's.
///
/// # Safety
/// `count` results lie at `results`, above the native frame.
pub(crate) unsafe fn succeed(frame: Frame, results: *mut Value, count: u32) -> u32 {
    // SAFETY: as the contract says; a result may be moved up by one slot.
    unsafe {
        let slot = frame.0.sub(FRAME_OFFSET);
        std::ptr::copy(results, slot.add(1), count as usize);
        *slot = Value::TRUE;
        count + 1
    }
}

/// Results of a protected call that threw: handler called where the error was thrown, variables closed, `false` and
/// the error.
///
/// # Errors
/// A `__close` yields.
///
/// # Safety
/// `frame` is that of `pcall` or `xpcall`, whose callee was at `level`.
unsafe fn fail(vm: &mut Vm, frame: Frame, level: *mut Value, has_handler: bool) -> Result<u32, Throw> {
    // SAFETY: as the contract says; a yield makes use of what is noted here.
    unsafe {
        let continuation = if has_handler { Continuation::XpcallUnwind } else { Continuation::PcallUnwind };
        let _ = detach(frame, level, continuation);
        let error = handle(vm, frame, level);
        unwind_protected(vm, frame, error)
    }
}

/// What the message handler of the `xpcall` in `frame` makes of the error that has just been thrown; the error itself
/// if there is none or memory ran out. Errors in the handler go to the handler, as often as they could nest.
///
/// # Safety
/// `frame` is that of a protected call that is being unwound, `level` where its callee was.
unsafe fn handle(vm: &mut Vm, frame: Frame, level: *mut Value) -> Value {
    // SAFETY: as the contract says; the handler is argument 1.
    unsafe {
        if !Continuation::of(frame).has_handler() {
            return vm.error;
        }
        let outer = std::mem::replace(&mut vm.handler_depth, HANDLER_DEPTH);
        let mut handled = None;
        for _ in vm.native_depth..=MAX_NATIVE_DEPTH {
            vm.frame = vm.error_frame;
            vm.top = vm.error_top.max(level);
            let error = vm.error;
            if Vm::is_memory_error(error) {
                handled = Some(error);
                break;
            }
            handled = vm.call1(*frame.0.add(1), &[error]).ok();
            if handled.is_some() {
                break;
            }
        }
        vm.handler_depth = outer;
        handled.unwrap_or_else(|| vm.new_string("error in error handling"))
    }
}

/// Closes the variables above a protected call that has failed with `error`. Its results are then in place.
///
/// # Errors
/// A `__close` yields.
///
/// # Safety
/// `frame` is that of a protected call that is being unwound.
pub(crate) unsafe fn unwind_protected(vm: &mut Vm, frame: Frame, mut error: Value) -> Result<u32, Throw> {
    // SAFETY: as the contract says; the variables lie above the frame, and what lies above them is dead.
    unsafe {
        let level = interp::detached_callee_slot(frame);
        vm.thread.get_mut().close_upvalues(&mut vm.heap, level);
        while let Some(slot) = vm.thread.tbc.last().copied().filter(|slot| *slot >= level) {
            vm.thread.get_mut().tbc.pop();
            // The function is not needed any more: the error stays alive in its place.
            *frame.0 = error;
            vm.frame = frame;
            vm.top = slot.add(1);
            match vm.close_protected(slot, error) {
                Ok(()) => {}
                Err(Throw::Yield) => return Err(Throw::Yield),
                Err(Throw::Error) => error = handle(vm, frame, level),
            }
        }
        (*frame.header()).flags &= !(flags::PROTECTED | flags::DETACHED);
        vm.frame = frame;
        vm.top = level;
        vm.settle_stack_limit();
        // The native's frame has room for two results from its function slot on.
        let slot = frame.0.sub(FRAME_OFFSET);
        *slot = Value::FALSE;
        *slot.add(FRAME_GAP) = error;
        Ok(2)
    }
}

/// Something threw above a detached protected call.
///
/// # Errors
/// A `__close` yields.
///
/// # Safety
/// `frame` is the detached frame.
pub(crate) unsafe fn catch_detached(vm: &mut Vm, frame: Frame) -> Result<u32, Throw> {
    // SAFETY: as the contract says.
    unsafe {
        let level = interp::detached_callee_slot(frame);
        fail(vm, frame, level, Continuation::of(frame).has_handler())
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        stdlib,
        thread::ThreadStatus,
        value::Value,
        vm::{Vm, VmOptions},
    };

    /// The collector has not been told of an error that it finds in a thread after marking its stack.
    #[test]
    fn a_coroutine_that_has_been_closed_holds_on_to_no_error() {
        let mut vm = Vm::new(&VmOptions::default());
        stdlib::open(&mut vm);
        let source = b"local co = coroutine.create(function()
                local one <close> = setmetatable({}, {__close = function() error({1}) end})
                local two <close> = setmetatable({}, {__close = function() error({2}) end})
                error({3})
            end)
            coroutine.resume(co)
            local ok, e = coroutine.close(co)
            return co, e[1]";
        let globals = vm.globals.into();
        let function = vm.load(source, b"=test", globals).expect("valid source");
        let results = vm.call_from_host(function.into(), &[]).expect("no error");
        let thread = results[0].as_thread().expect("a thread");
        assert!(thread.status == ThreadStatus::Dead && results[1].raw_equals(Value::int(1)));
        assert!(thread.failure.is_nil());
    }
}
