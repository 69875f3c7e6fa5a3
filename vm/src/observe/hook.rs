//! Debug hooks (manual §6.10, `debug.sethook`): what a thread's hook is told, and when.

use crate::{
    bytecode::{Instr, Op},
    frame::{FRAME_OFFSET, Frame, flags},
    function::Proto,
    heap::Gc,
    native::{Args, NativeFn, NativeResult, Throw},
    thread::Thread,
    value::Value,
    vm::Vm,
};

/// Events, as bits of a mask.
pub(crate) mod mask {
    pub const CALL: u8 = 1;
    pub const RETURN: u8 = 2;
    pub const LINE: u8 = 4;
    pub const COUNT: u8 = 8;
}

/// The hook of one thread.
pub(crate) struct Hook {
    pub function: Value,
    /// Bits of [`mask`]; none after the hook has been removed.
    pub mask: u8,
    /// Instructions between two `count` events.
    pub count: u32,
    /// Instructions until the next one.
    left: u32,
    /// The hook is being run, so nothing is reported.
    running: bool,
    /// The frame at which the hook runs.
    at: Frame,
    /// The frame whose instruction was inspected last; another one was called or returned to since when it differs.
    last: Frame,
}

impl Hook {
    /// Whether there is anything to report.
    pub fn is_awake(&self) -> bool {
        self.mask != 0 && !self.running
    }
}

impl Vm {
    /// Sets a thread's hook; `mask` 0 removes it.
    pub(crate) fn set_hook(&mut self, thread: Gc<Thread>, function: Value, mask: u8, count: u32) {
        let nowhere = Frame(std::ptr::null_mut());
        let old = thread.get_mut().hook.take();
        let running = old.as_ref().is_some_and(|hook| hook.running);
        let (at, last) = old.as_ref().map_or((nowhere, nowhere), |hook| (hook.at, hook.last));
        if mask != 0 || running {
            let function = if mask == 0 { Value::NIL } else { function };
            thread.get_mut().hook = Some(Box::new(Hook { function, mask, count, left: count, running, at, last }));
        }
        self.update_observation();
    }

    /// Tells the running thread's hook of an event at the running frame, whose live values end at `top`.
    fn tell(&mut self, event: &str, line: Option<u32>, top: *mut Value) -> Result<(), Throw> {
        let Some(hook) = &mut self.thread.get_mut().hook else { return Ok(()) };
        let function = hook.function;
        hook.running = true;
        hook.at = self.frame;
        let (frame, old_top, thread) = (self.frame, self.top, self.thread);
        self.top = top;
        self.update_observation();
        let event = self.new_string(event);
        let line = line.map_or(Value::NIL, |line| Value::int(i64::from(line)));
        let outcome = self.call(function, &[event, line]);
        if let Some(hook) = &mut thread.get_mut().hook {
            hook.running = false;
            if hook.mask == 0 {
                thread.get_mut().hook = None;
            }
        }
        self.update_observation();
        outcome?;
        self.frame = frame;
        self.top = old_top;
        Ok(())
    }

    /// The instruction at `at` of the frame at `base` is about to be executed: reports what there is to report.
    ///
    /// # Errors
    /// What the hook throws, or the end of the program.
    ///
    /// # Safety
    /// The frame is running; its function's code holds `at`.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn inspect(&mut self, base: *mut Value, at: *mut Instr) -> Result<(), Throw> {
        // SAFETY: as the contract says.
        unsafe {
            let header = Frame(base).header();
            let proto = Frame(base).function().closure_unchecked().proto;
            let index = at.offset_from(proto.code) as u32;
            let before = std::mem::replace(&mut (*header).pc, index);
            self.frame = Frame(base);
            self.check_stop()?;
            if !self.observer.hooked {
                return Ok(());
            }
            let instr = *at;
            let end = base.add(proto.max_stack as usize);
            let top = if takes_open_list(instr) { self.top } else { end };
            self.report_instruction(base, proto, before, instr, top)?;
            if matches!(instr.op(), Op::Return | Op::Return0 | Op::Return1) && instr_closes_nothing(instr) {
                self.report_return(top)?;
            }
            Ok(())
        }
    }

    /// Call, count and line events before an instruction of the running frame; `before` is the pc that its header held.
    ///
    /// # Safety
    /// As [`Vm::inspect`].
    unsafe fn report_instruction(
        &mut self,
        base: *mut Value,
        proto: Gc<Proto>,
        before: u32,
        instr: Instr,
        top: *mut Value,
    ) -> Result<(), Throw> {
        // SAFETY: as the contract says.
        let header = unsafe { Frame(base).header() };
        // SAFETY: the header is that of the running frame.
        let (index, seen) = unsafe { ((*header).pc, (*header).flags & flags::REPORTED != 0) };
        let entered = !seen && index == 0;
        if !seen {
            // SAFETY: as above.
            unsafe { (*header).flags |= flags::REPORTED };
            if entered && self.hook_mask() & mask::CALL != 0 {
                // SAFETY: as above.
                let is_tail = unsafe { (*header).is_tail_call() };
                // The adjustment of variable arguments counts as done.
                let start = index + u32::from(instr.op() == Op::VarArgPrep);
                // SAFETY: as above.
                unsafe { (*header).pc = start };
                self.tell(if is_tail { "tail call" } else { "call" }, None, top)?;
                // SAFETY: as above.
                unsafe { (*header).pc = index };
            }
        }
        if instr.op() == Op::VarArgPrep {
            return Ok(());
        }
        if self.counts_down() {
            self.tell("count", None, top)?;
        }
        let Some(hook) = &mut self.thread.get_mut().hook else { return Ok(()) };
        let stayed = std::mem::replace(&mut hook.last, Frame(base)) == Frame(base);
        if hook.mask & mask::LINE == 0 {
            return Ok(());
        }
        // A call leaves its own pc in the header, or that of the instruction after it.
        let previous = if !stayed && before == index { index.saturating_sub(1) } else { before };
        let line = proto.line(index as usize);
        // The reference implementation executes these with the instruction before them.
        let previous_op = proto.code()[before as usize].op();
        if matches!(
            (previous_op, instr.op()),
            (Op::TForPrep, Op::TForCall | Op::TForCallNext) | (Op::TailCall, Op::Return)
        ) {
            return Ok(());
        }
        let first = entered || proto.is_vararg && index == 1 && before == 0;
        let jumped_back = stayed && index <= before;
        if first || jumped_back || line != proto.line(previous as usize) {
            self.tell("line", Some(line), top)?;
        }
        Ok(())
    }

    /// Whether `frame` is that of the hook itself.
    ///
    /// # Safety
    /// `frame` is a live frame of the running thread.
    pub(crate) unsafe fn is_hook(&self, frame: Frame) -> bool {
        let hook = self.thread.hook.as_ref().filter(|hook| hook.running);
        // SAFETY: as the contract says.
        hook.is_some_and(|hook| unsafe { frame.caller() } == Some(hook.at))
    }

    fn hook_mask(&self) -> u8 {
        self.thread.hook.as_ref().filter(|hook| hook.is_awake()).map_or(0, |hook| hook.mask)
    }

    /// Whether a `count` event is due with this instruction.
    fn counts_down(&mut self) -> bool {
        let Some(hook) = &mut self.thread.get_mut().hook else { return false };
        if hook.mask & mask::COUNT == 0 {
            return false;
        }
        hook.left = hook.left.saturating_sub(1);
        let due = hook.left == 0;
        if due {
            hook.left = hook.count;
        }
        due
    }

    /// The running frame's function is about to return.
    ///
    /// # Errors
    /// What the hook throws.
    pub(crate) fn report_return(&mut self, top: *mut Value) -> Result<(), Throw> {
        if self.hook_mask() & mask::RETURN != 0 { self.tell("return", None, top) } else { Ok(()) }
    }

    /// Runs a native whose frame is at `base`, and tells the hook of its call and return.
    ///
    /// # Errors
    /// What the native or the hook throws.
    ///
    /// # Safety
    /// As [`Vm::call_native`].
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn call_native_hooked(
        &mut self,
        function: NativeFn,
        base: *mut Value,
        count: u32,
    ) -> NativeResult {
        // SAFETY: as the contract says; room is made for what is written.
        unsafe {
            if self.hook_mask() & mask::CALL != 0 {
                let top = self.top;
                self.tell("call", None, top)?;
            }
            let (callee, header) = (Frame(base).function(), *Frame(base).header());
            let results = function(self, Args::new(base, count))?;
            if self.hook_mask() & mask::RETURN == 0 {
                return Ok(results);
            }
            // The results lie over the frame: while the hook runs they are its registers.
            let slot = base.sub(FRAME_OFFSET);
            self.ensure_stack(base, results as usize + 8)?;
            std::ptr::copy(slot, base, results as usize);
            *slot = callee;
            Frame(base).header().write(header);
            self.frame = Frame(base);
            let top = base.add(results as usize);
            self.top = top;
            self.tell("return", None, top)?;
            std::ptr::copy(base, slot, results as usize);
            Ok(results)
        }
    }
}

/// Whether the instruction takes a list that ends at `Vm::top`.
fn takes_open_list(instr: Instr) -> bool {
    matches!(instr.op(), Op::Call | Op::TailCall | Op::Return | Op::SetList) && instr.b() == 0
}

/// Whether a return has no variables to close: otherwise that comes first.
fn instr_closes_nothing(instr: Instr) -> bool {
    instr.op() != Op::Return || instr.c() == 0
}
