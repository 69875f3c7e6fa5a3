//! Error messages as PUC Lua words them, positions, tracebacks.

use crate::{
    bytecode::{CodeView, Instr, NameKind, Op},
    frame::{FRAME_OFFSET, Frame},
    front::chunk_id,
    function::{Proto, frame_proto},
    heap::Gc,
    interp::arith::Arith,
    native::Throw,
    value::Value,
    vm::Vm,
};

fn view(proto: &Proto) -> CodeView<'_> {
    CodeView::new(&proto.unit, proto.code())
}

/// Registers whose values the instruction operates on, in the order in which errors blame them.
fn operand_registers(instr: Instr) -> impl Iterator<Item = usize> {
    use crate::bytecode::Field;
    let op = instr.op().unquickened().0;
    let layout = op.layout();
    let target = op.is_table_access() && layout.a == Field::Reg && matches!(op, Op::SetTable | Op::SetI | Op::SetField);
    let a = target.then(|| instr.a());
    let b = (!target && layout.b == Field::Reg).then(|| instr.b());
    let c = (!op.is_table_access() && layout.c == Field::Reg).then(|| instr.c());
    a.into_iter().chain(b).chain(c)
}

/// ` (kind 'name')`, as far as a C string shows the name; empty without one.
fn info(name: Option<(NameKind, &[u8])>) -> Vec<u8> {
    let Some((kind, name)) = name else { return Vec::new() };
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    [format!(" ({} '", kind.as_str()).as_bytes(), name, b"')"].concat()
}

impl Vm {
    /// The frame `level` calls above the running one (0: itself).
    pub(crate) fn frame_at(&self, level: usize) -> Option<Frame> {
        let mut frame = self.frame;
        if frame.0.is_null() {
            return None;
        }
        for _ in 0..level {
            // SAFETY: `self.frame` is live, and callers of live frames are.
            frame = unsafe { frame.caller()? };
        }
        Some(frame)
    }

    /// The frames from `top` on, which may be null. The host's own, below everything, is not among them if a native
    /// stands above it, for that is the host's too.
    pub(crate) fn frames(&self, top: Frame) -> impl Iterator<Item = Frame> + use<> {
        // SAFETY: inside the main thread's stack.
        let host = Frame(unsafe { self.main_thread.stack_base().add(FRAME_OFFSET) });
        std::iter::successors(Some(top).filter(|top| !top.0.is_null()), move |frame| {
            // SAFETY: the top frame of a thread is live, and so are its callers.
            unsafe { frame.caller().filter(|caller| *caller != host || frame_proto(*frame).is_some()) }
        })
    }

    /// `chunk:line:` of the Lua function at `level`, empty when it is not one.
    pub fn where_(&self, level: usize) -> Vec<u8> {
        let Some(frame) = self.frame_at(level) else { return Vec::new() };
        self.position(frame, false)
    }

    /// `chunk:line: ` for a Lua function. Where lines have been stripped the line is -1, or, unless `always`, nothing
    /// is said.
    fn position(&self, frame: Frame, always: bool) -> Vec<u8> {
        // SAFETY: the frame is live.
        let Some(proto) = (unsafe { frame_proto(frame) }) else { return Vec::new() };
        // SAFETY: as above.
        let pc = unsafe { (*frame.header()).pc } as usize;
        let line = match proto.line(pc) {
            0 if !always => return Vec::new(),
            0 => -1,
            line => i64::from(line),
        };
        let mut text = chunk_id(&proto.unit.source).into_owned();
        text.extend_from_slice(format!(":{line}: ").as_bytes());
        text
    }

    /// Throws `message` with the position of the running frame.
    #[cold]
    pub fn runtime_error(&mut self, message: impl AsRef<[u8]>) -> Throw {
        let mut text = self.frame_at(0).map_or_else(Vec::new, |frame| self.position(frame, true));
        text.extend_from_slice(message.as_ref());
        self.error = self.new_string(text);
        self.note_error_place()
    }

    /// Remembers where an error was thrown, for message handlers.
    pub(crate) fn note_error_place(&mut self) -> Throw {
        self.error_frame = self.frame;
        self.error_top = self.top;
        Throw::Error
    }

    /// ` (local 'x')` and the like for a value that the running instruction reads, found by looking for the register
    /// or upvalue that holds it.
    fn variable_info(&self, value: Value) -> Vec<u8> {
        let Some(frame) = self.frame_at(0) else { return Vec::new() };
        let same = |other: Value| other.bits == value.bits && other.tag == value.tag;
        // SAFETY: the running frame is live; its registers are readable up to `max_stack`.
        unsafe {
            let Some(proto) = frame_proto(frame) else { return Vec::new() };
            let Some(instr) = proto.code().get((*frame.header()).pc as usize).copied() else { return Vec::new() };
            let upvalue = match instr.op().unquickened().0 {
                Op::GetTabUp => instr.b(),
                Op::SetTabUp => instr.a(),
                _ => {
                    let mut registers = operand_registers(instr);
                    let found = registers.find(|register| same(*frame.0.add(*register)));
                    return found.map_or(Vec::new(), |register| self.register_info(register));
                }
            };
            // A handler on the way through `__index` may be at fault instead.
            let held = frame.function().closure_unchecked().upvalues()[upvalue].get();
            let name = view(&proto).upvalue_name(upvalue).filter(|_| same(held));
            info(name.map(|name| (NameKind::Upvalue, name)))
        }
    }

    /// As [`Self::variable_info`], for what a register of the running frame holds.
    fn register_info(&self, register: usize) -> Vec<u8> {
        // SAFETY: the running frame is live.
        unsafe {
            let Some(proto) = frame_proto(self.frame) else { return Vec::new() };
            info(view(&proto).register_name((*self.frame.header()).pc as usize, register))
        }
    }

    /// `attempt to VERB a TYPE value (variable)`.
    #[cold]
    pub fn operand_error(&mut self, value: Value, verb: &str) -> Throw {
        let info = self.variable_info(value);
        self.operand_error_with(value, verb, &info)
    }

    fn operand_error_with(&mut self, value: Value, verb: &str, info: &[u8]) -> Throw {
        let mut text = format!("attempt to {verb} a ").into_bytes();
        text.extend(self.type_name_of(value));
        text.extend_from_slice(b" value");
        text.extend_from_slice(info);
        self.runtime_error(text)
    }

    #[cold]
    pub(crate) fn call_error(&mut self, value: Value) -> Throw {
        // SAFETY: the running frame is live.
        let info = unsafe {
            let called = |frame: Frame| {
                let proto = frame_proto(frame)?;
                Some(info(view(&proto).called_name((*frame.header()).pc as usize)))
            };
            self.frame_at(0).and_then(called).unwrap_or_default()
        };
        self.operand_error_with(value, "call", &info)
    }

    #[cold]
    pub(crate) fn arith_error(&mut self, op: Arith, a: Value, b: Value) -> Throw {
        if op.is_bitwise() {
            if a.is_number() && b.is_number() {
                let culprit = if a.to_int_no_string().is_none() { a } else { b };
                let mut text = b"number".to_vec();
                text.extend(self.variable_info(culprit));
                text.extend_from_slice(b" has no integer representation");
                return self.runtime_error(text);
            }
            let culprit = if a.is_number() { b } else { a };
            return self.operand_error(culprit, "perform bitwise operation on");
        }
        let culprit = if a.is_number() { b } else { a };
        self.operand_error(culprit, "perform arithmetic on")
    }

    /// `left .. right` is not defined, where `left` is in a register and `right` in the next.
    ///
    /// # Safety
    /// `left` points to registers of the running frame.
    #[cold]
    pub(crate) unsafe fn concat_error(&mut self, left: *const Value) -> Throw {
        // SAFETY: as the contract says.
        let (culprit, value) = unsafe {
            let right = left.add(1);
            let culprit = if (*left).is_string() || (*left).is_number() { right } else { left };
            (culprit, *culprit)
        };
        // SAFETY: as above.
        let register = unsafe { culprit.offset_from(self.frame.0) } as usize;
        let info = self.register_info(register);
        self.operand_error_with(value, "concatenate", &info)
    }

    #[cold]
    pub(crate) fn compare_error(&mut self, a: Value, b: Value) -> Throw {
        let (a, b) = (self.type_name_of(a), self.type_name_of(b));
        let mut text = b"attempt to compare ".to_vec();
        if a == b {
            text.extend_from_slice(b"two ");
            text.extend(a);
            text.extend_from_slice(b" values");
        } else {
            text.extend(a);
            text.extend_from_slice(b" with ");
            text.extend(b);
        }
        self.runtime_error(text)
    }

    #[cold]
    pub(crate) fn loop_error(&mut self, value: Value, what: &str) -> Throw {
        let what = if what == "initial" { "initial value" } else { what };
        let mut text = format!("bad 'for' {what} (number expected, got ").into_bytes();
        text.extend(self.type_name_of(value));
        text.push(b')');
        self.runtime_error(text)
    }

    /// Name of the local variable in `slot` of the running frame.
    pub(crate) fn local_name(&self, slot: *mut Value) -> Vec<u8> {
        // SAFETY: the running frame is live and `slot` one of its registers.
        unsafe {
            let Some(proto) = frame_proto(self.frame) else { return b"?".to_vec() };
            let register = slot.offset_from(self.frame.0) as usize;
            let pc = (*self.frame.header()).pc as usize;
            view(&proto).local_name(pc + 1, register).unwrap_or(b"?").to_vec()
        }
    }

    /// How the function in `frame` was called: kind and name, if its caller is a Lua function.
    pub(crate) fn called_as(&self, frame: Frame) -> Option<(&'static str, Vec<u8>)> {
        // SAFETY: frames of a thread that has not ended are live.
        unsafe {
            if self.is_hook(frame) {
                return Some(("hook", b"?".to_vec()));
            }
            let caller = frame.caller()?;
            if (*frame.header()).is_tail_call() {
                return None;
            }
            let proto = frame_proto(caller)?;
            let (kind, name) = view(&proto).called_name((*caller.header()).pc as usize)?;
            Some((kind.as_str(), name.to_vec()))
        }
    }

    /// The text of `bad argument`, without position.
    pub(crate) fn arg_error_text(&mut self, frame: Frame, mut index: usize, message: &[u8]) -> Vec<u8> {
        let called = self.called_as(frame);
        let is_method = matches!(called, Some(("method", _)));
        let name = match called {
            Some((_, name)) => name,
            None => self.global_function_name(frame).unwrap_or_else(|| b"?".to_vec()),
        };
        if is_method {
            if index == 0 {
                let mut text = b"calling '".to_vec();
                text.extend(name);
                text.extend_from_slice(b"' on bad self (");
                text.extend_from_slice(message);
                text.push(b')');
                return text;
            }
            index -= 1;
        }
        let mut text = format!("bad argument #{} to '", index + 1).into_bytes();
        text.extend(name);
        text.extend_from_slice(b"' (");
        text.extend_from_slice(message);
        text.push(b')');
        text
    }

    /// `module.function` when the function of `frame` is found in a loaded module.
    pub(crate) fn global_function_name(&mut self, frame: Frame) -> Option<Vec<u8>> {
        // SAFETY: the frame is live.
        let function = unsafe { frame.function() };
        let key = self.heap.string(b"_LOADED");
        let loaded = self.registry.get_str(key).as_table()?;
        let mut position = 0;
        while let Some((after, module, value)) = loaded.next_from(position) {
            position = after;
            let (Some(module), Some(table)) = (module.as_string(), value.as_table()) else { continue };
            let mut inner = 0;
            while let Some((after, key, value)) = table.next_from(inner) {
                inner = after;
                if let (Some(key), true) = (key.as_string(), value.raw_equals(function)) {
                    let mut name = Vec::new();
                    if module.as_bytes() != b"_G" {
                        name.extend_from_slice(module.as_bytes());
                        name.push(b'.');
                    }
                    name.extend_from_slice(key.as_bytes());
                    return Some(name);
                }
            }
        }
        None
    }

    /// `stack traceback:` from the frame that is `level` calls above `frame`.
    pub fn traceback(&mut self, frame: Frame, level: usize, message: Option<&[u8]>) -> Vec<u8> {
        let mut text = Vec::new();
        if let Some(message) = message {
            text.extend_from_slice(message);
            text.push(b'\n');
        }
        text.extend_from_slice(b"stack traceback:");
        let mut frames: Vec<Frame> = self.frames(frame).collect();
        // A native that the host calls stands for the host.
        let root = self.main_thread.stack_base().wrapping_add(FRAME_OFFSET);
        // SAFETY: frames of a live thread's stack.
        let is_native = |frame: &Frame| unsafe { frame_proto(*frame) }.is_none();
        if frames.last().is_some_and(|host| host.0 == root) && frames.iter().nth_back(1).is_some_and(is_native) {
            frames.pop();
        }
        let frames: Vec<Frame> = frames.into_iter().skip(level).collect();
        // The count that is shown is one short of those left out, as in PUC Lua.
        let skipped = if frames.len() > 22 { 10..frames.len() - 11 } else { 0..0 };
        for (index, frame) in frames.iter().enumerate() {
            if skipped.contains(&index) {
                if index == skipped.start {
                    text.extend_from_slice(format!("\n\t...\t(skipping {} levels)", skipped.len() - 1).as_bytes());
                }
                continue;
            }
            text.extend_from_slice(b"\n\t");
            self.describe_frame(*frame, &mut text);
        }
        text
    }

    fn describe_frame(&mut self, frame: Frame, text: &mut Vec<u8>) {
        // SAFETY: the frame is live.
        let (proto, pc): (Option<Gc<Proto>>, usize) = unsafe { (frame_proto(frame), (*frame.header()).pc as usize) };
        match &proto {
            Some(proto) => {
                text.extend_from_slice(&chunk_id(&proto.unit.source));
                match proto.line(pc) {
                    0 => text.extend_from_slice(b": in "),
                    line => text.extend_from_slice(format!(":{line}: in ").as_bytes()),
                }
            }
            None => text.extend_from_slice(b"[C]: in "),
        }
        if let Some(name) = self.global_function_name(frame) {
            text.extend_from_slice(b"function '");
            text.extend(name);
            text.push(b'\'');
        } else if let Some((kind, name)) = self.called_as(frame) {
            text.extend_from_slice(format!("{kind} '").as_bytes());
            text.extend(name);
            text.push(b'\'');
        } else {
            match proto {
                Some(proto) if proto.unit.line_defined == 0 => text.extend_from_slice(b"main chunk"),
                Some(proto) => {
                    text.extend_from_slice(b"function <");
                    text.extend_from_slice(&chunk_id(&proto.unit.source));
                    text.extend_from_slice(format!(":{}>", proto.unit.line_defined).as_bytes());
                }
                None => text.push(b'?'),
            }
        }
        // SAFETY: the frame is live.
        if unsafe { (*frame.header()).is_tail_call() } {
            text.extend_from_slice(b"\n\t(...tail calls...)");
        }
    }

    pub(crate) fn warn_finalizer(&mut self, error: Value) {
        let message = match error.as_string() {
            Some(text) => text.to_str_lossy().into_owned(),
            None => "error object is not a string".to_owned(),
        };
        if self.controller.warnings {
            eprintln!("Lua warning: error in __gc ({message})");
        }
    }

    /// After a stack overflow has been handled: the reserve is closed again.
    pub(crate) fn settle_stack_limit(&mut self) {
        let hard = self.thread.hard_limit();
        if self.stack_limit > hard {
            self.thread.get_mut().close_reserve();
            self.stack_limit = hard;
        }
    }
}
