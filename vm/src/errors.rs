//! Error messages as PUC Lua words them, positions, tracebacks.

use crate::{
    bytecode::{CodeView, Instr, NameKind, Op},
    frame::Frame,
    front::chunk_id,
    function::{Proto, frame_proto},
    heap::Gc,
    interp::arith::Arith,
    native::Throw,
    observe::hook::is_tail_called,
    value::Value,
    vm::Vm,
};

fn view(proto: &Proto) -> CodeView<'_> {
    CodeView { code: proto.code(), consts: &proto.unit.consts, locals: &proto.unit.locals, upvals: &proto.unit.upvals }
}

/// Registers whose values the instruction operates on, in the order in which errors blame them.
fn operand_registers(instr: Instr) -> impl Iterator<Item = usize> {
    use crate::bytecode::Field;
    let op = instr.op().unquickened().0;
    let layout = op.layout();
    let concat = if op == Op::Concat { instr.a()..instr.a() + instr.b() } else { 0..0 };
    let target = op.is_table_access() && layout.a == Field::Reg && matches!(op, Op::SetTable | Op::SetI | Op::SetField);
    let a = target.then(|| instr.a());
    let b = (!target && layout.b == Field::Reg).then(|| instr.b());
    let c = (!op.is_table_access() && layout.c == Field::Reg).then(|| instr.c());
    concat.rev().chain(a).chain(c).chain(b)
}

impl Vm {
    /// The frame `level` calls above the running one (0: itself).
    pub(crate) fn frame_at(&self, level: usize) -> Option<Frame> {
        let mut frame = self.frame;
        for _ in 0..level {
            // SAFETY: `self.frame` is live, and callers of live frames are.
            frame = unsafe { frame.caller()? };
        }
        Some(frame)
    }

    /// `chunk:line:` of the Lua function at `level`, empty when it is not one.
    pub fn where_(&self, level: usize) -> Vec<u8> {
        let Some(frame) = self.frame_at(level) else { return Vec::new() };
        self.position(frame)
    }

    fn position(&self, frame: Frame) -> Vec<u8> {
        // SAFETY: the frame is live.
        let Some(proto) = (unsafe { frame_proto(frame) }) else { return Vec::new() };
        // SAFETY: as above.
        let pc = unsafe { (*frame.header()).pc } as usize;
        let mut text = chunk_id(&proto.unit.source).into_owned();
        text.extend_from_slice(format!(":{}: ", proto.line(pc)).as_bytes());
        text
    }

    /// Throws `message` with the position of the running frame.
    #[cold]
    pub fn runtime_error(&mut self, message: impl AsRef<[u8]>) -> Throw {
        let mut text = self.position(self.frame);
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
        let frame = self.frame;
        // SAFETY: the running frame is live; its registers are readable up to `max_stack`.
        unsafe {
            let Some(proto) = frame_proto(frame) else { return Vec::new() };
            let pc = (*frame.header()).pc as usize;
            let Some(instr) = proto.code().get(pc).copied() else { return Vec::new() };
            let same = |other: Value| other.bits == value.bits && other.tag == value.tag;
            let view = view(&proto);
            let name = match instr.op() {
                Op::GetTabUp => view.upvalue_name(instr.b()).map(|name| (NameKind::Upvalue, name)),
                Op::SetTabUp => view.upvalue_name(instr.a()).map(|name| (NameKind::Upvalue, name)),
                _ => operand_registers(instr)
                    .find(|register| same(*frame.0.add(*register)))
                    .and_then(|register| view.register_name(pc, register)),
            };
            match name {
                Some((kind, name)) => {
                    let mut text = format!(" ({} '", kind.as_str()).into_bytes();
                    text.extend_from_slice(name);
                    text.extend_from_slice(b"')");
                    text
                }
                None => Vec::new(),
            }
        }
    }

    /// `attempt to VERB a TYPE value (variable)`.
    #[cold]
    pub fn operand_error(&mut self, value: Value, verb: &str) -> Throw {
        let mut text = format!("attempt to {verb} a ").into_bytes();
        text.extend(self.type_name_of(value));
        text.extend_from_slice(b" value");
        text.extend(self.variable_info(value));
        self.runtime_error(text)
    }

    #[cold]
    pub(crate) fn index_error(&mut self, value: Value, key: Value) -> Throw {
        let info = self.variable_info(value);
        if info.is_empty()
            && let Some(key) = key.as_string()
        {
            let mut text = b"attempt to index a ".to_vec();
            text.extend(self.type_name_of(value));
            text.extend_from_slice(b" value (field '");
            text.extend_from_slice(key.as_bytes());
            text.extend_from_slice(b"')");
            return self.runtime_error(text);
        }
        self.operand_error(value, "index")
    }

    #[cold]
    pub(crate) fn call_error(&mut self, value: Value) -> Throw {
        let frame = self.frame;
        let mut text = b"attempt to call a ".to_vec();
        text.extend(self.type_name_of(value));
        text.extend_from_slice(b" value");
        // SAFETY: the running frame is live.
        unsafe {
            if let Some(proto) = frame_proto(frame)
                && let Some((kind, name)) = view(&proto).called_name((*frame.header()).pc as usize)
            {
                text.extend_from_slice(format!(" ({} '", kind.as_str()).as_bytes());
                text.extend_from_slice(name);
                text.extend_from_slice(b"')");
            }
        }
        self.runtime_error(text)
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
            if self.to_number(a).is_some() && self.to_number(b).is_some() {
                return self.runtime_error("number has no integer representation");
            }
            let culprit = if a.is_number() { b } else { a };
            return self.operand_error(culprit, "perform bitwise operation on");
        }
        if a.is_string() || b.is_string() {
            // The string library's metamethods say this in PUC Lua.
            let mut text = format!("attempt to {} a '", op.event()).into_bytes();
            text.extend(self.type_name_of(a));
            text.extend_from_slice(b"' with a '");
            text.extend(self.type_name_of(b));
            text.push(b'\'');
            return self.runtime_error(text);
        }
        // The second operand is the culprit when the first could be a number.
        let culprit = if self.to_number(a).is_some() { b } else { a };
        self.operand_error(culprit, "perform arithmetic on")
    }

    #[cold]
    pub(crate) fn concat_error(&mut self, a: Value, b: Value) -> Throw {
        let culprit = if a.is_string() || a.is_number() { b } else { a };
        self.operand_error(culprit, "concatenate")
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
        // SAFETY: frames of the running thread are live.
        unsafe {
            if self.is_hook(frame) {
                return Some(("hook", b"?".to_vec()));
            }
            if is_tail_called(frame) {
                return None;
            }
            let caller = frame.caller()?;
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
        let mut frames = Vec::new();
        let mut at = Some(frame).filter(|frame| !frame.0.is_null());
        while let Some(frame) = at {
            frames.push(frame);
            // SAFETY: frames of a live thread's stack.
            at = unsafe { frame.caller() };
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
            // SAFETY: as above.
            if unsafe { is_tail_called(*frame) } {
                text.extend_from_slice(b"\n\t(...tail calls...)");
            }
        }
        text
    }

    fn describe_frame(&mut self, frame: Frame, text: &mut Vec<u8>) {
        // SAFETY: the frame is live.
        let (proto, pc): (Option<Gc<Proto>>, usize) = unsafe { (frame_proto(frame), (*frame.header()).pc as usize) };
        match &proto {
            Some(proto) => {
                text.extend_from_slice(&chunk_id(&proto.unit.source));
                text.extend_from_slice(format!(":{}: in ", proto.line(pc)).as_bytes());
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
            self.stack_limit = hard;
        }
    }
}
