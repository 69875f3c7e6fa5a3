//! Loading chunks: `load`, `loadfile`, `dofile` (manual §6.1).

use std::{fs::File, io::Read};

use crate::{
    bytecode::dump,
    front::strip_shebang,
    function::Closure,
    heap::Gc,
    interp::{Continuation, detach},
    native::{Args, NativeResult, Throw},
    stdlib::{buffer::TextBuffer, try_call},
    value::Value,
    vm::Vm,
};

/// First byte of a binary chunk, of this VM or of another one.
const ESCAPE: u8 = dump::SIGNATURE[0];

/// Bytes of source text that are compiled for one tick.
const SOURCE_BYTES_PER_TICK: usize = 2;

/// The function of a chunk, text or binary.
///
/// `mode` says what is acceptable: `t` for text, `b` for binary.
///
/// # Errors
/// The message of a syntax error, of a kind of chunk that is not acceptable, or of a binary chunk that is not valid.
pub fn load_chunk(
    vm: &mut Vm,
    source: &[u8],
    name: &[u8],
    mode: Option<&[u8]>,
    env: Value,
) -> Result<Gc<Closure>, Vec<u8>> {
    let binary = source.first() == Some(&ESCAPE);
    let mode = if binary && vm.libraries.sandboxed { Some(&b"t"[..]) } else { mode };
    let (kind, letter) = if binary { ("binary", b'b') } else { ("text", b't') };
    if let Some(mode) = mode
        && !mode.contains(&letter)
    {
        let mut message = format!("attempt to load a {kind} chunk (mode is '").into_bytes();
        message.extend_from_slice(mode);
        message.extend_from_slice(b"')");
        return Err(message);
    }
    if binary {
        let name = match name {
            [b'@' | b'=', rest @ ..] => rest,
            [ESCAPE, ..] => b"binary string",
            name => name,
        };
        return match dump::read(source) {
            Ok(unit) => Ok(vm.instantiate(unit, env)),
            Err(error) => Err([name, format!(": bad binary format ({error})").as_bytes()].concat()),
        };
    }
    vm.load(source, name, env).map_err(|error| error.message.into_vec())
}

/// The results of a loader: the function, or nil and a message.
fn loaded(vm: &mut Vm, args: Args, result: Result<Gc<Closure>, Vec<u8>>) -> NativeResult {
    match result {
        Ok(function) => vm.ret1(args, function),
        Err(message) => {
            let message = vm.new_string(message);
            vm.ret(args, &[Value::NIL, message])
        }
    }
}

/// The environment given as argument `index`, which may be nil; else the globals.
fn environment(vm: &Vm, args: Args, index: usize) -> Value {
    if args.has(index) { args.get(index) } else { vm.globals.into() }
}

pub(super) fn load(vm: &mut Vm, args: Args) -> NativeResult {
    let mode = vm.opt_string(args, 2)?;
    let env = environment(vm, args, 3);
    let chunk = args.get(0);
    let mode = mode.as_ref().map(|mode| mode.as_bytes());
    if chunk.is_string() || chunk.is_number() {
        let source = vm.check_string(args, 0)?;
        let name = vm.opt_string(args, 1)?.unwrap_or(source);
        vm.charge(source.len() / SOURCE_BYTES_PER_TICK)?;
        let result = load_chunk(vm, source.as_bytes(), name.as_bytes(), mode, env);
        return loaded(vm, args, result);
    }
    let name = vm.opt_string(args, 1)?;
    vm.check_function(args, 0)?;
    match read_pieces(vm, chunk) {
        Ok(source) => {
            vm.charge(source.len() / SOURCE_BYTES_PER_TICK)?;
            let name = name.as_ref().map_or(&b"=(load)"[..], |name| name.as_bytes());
            let result = load_chunk(vm, &source, name, mode, env);
            loaded(vm, args, result)
        }
        Err(_) if vm.is_stopping() => Err(vm.throw_stop()),
        Err(error) => vm.ret(args, &[Value::NIL, error]),
    }
}

/// Concatenates what `reader` returns until nil, nothing or the empty string.
fn read_pieces(vm: &mut Vm, reader: Value) -> Result<Vec<u8>, Value> {
    let mut source = TextBuffer::default();
    let outcome = loop {
        // The piece before included, which was appended unasked.
        if source.reserve(vm, 0).is_err() {
            break Err(vm.error);
        }
        let piece = match try_call(vm, reader, &[]) {
            Ok(0) => Value::NIL,
            Ok(_) => vm.result(0),
            Err(error) => break Err(error),
        };
        match piece.as_string() {
            _ if piece.is_nil() => break Ok(()),
            Some(text) if text.len() == 0 => break Ok(()),
            Some(text) => source.text.extend_from_slice(text.as_bytes()),
            None if piece.is_number() => vm.write_number(piece, &mut source.text),
            None => {
                let message = [&vm.where_(1)[..], b"reader function must return a string"].concat();
                break Err(vm.new_string(message));
            }
        }
    };
    let text = std::mem::take(&mut source.text);
    source.release(vm);
    outcome.map(|()| text)
}

/// Reads and compiles a file, or standard input without a name.
fn load_file(vm: &mut Vm, args: Args, mode: Option<&[u8]>, env: Value) -> Result<Result<Gc<Closure>, Vec<u8>>, Throw> {
    let path = vm.opt_string(args, 0)?;
    Ok(match path {
        Some(path) => load_path(vm, path.as_bytes(), mode, env),
        None => match super::io::read_stdin(vm) {
            Ok(source) => load_chunk(vm, strip_shebang(&source), b"=stdin", mode, env),
            Err(error) => Err([b"cannot read stdin: ", &super::io::describe(&error)[..]].concat()),
        },
    })
}

/// Reads and compiles the file at `path`, skipping a first line that begins with `#`.
///
/// # Errors
/// The message of a file that cannot be read, or what [`load_chunk`] says.
pub(super) fn load_path(vm: &mut Vm, path: &[u8], mode: Option<&[u8]>, env: Value) -> Result<Gc<Closure>, Vec<u8>> {
    let name = [b"@", path].concat();
    let failed = |verb: &str, error| {
        let text = [verb.as_bytes(), b" ", path, b": ", &super::io::describe(&error)].concat();
        Err([b"cannot ", &text[..]].concat())
    };
    let mut file = match File::open(super::io::path_of(path)) {
        Ok(file) => file,
        Err(error) => return failed("open", error),
    };
    let mut source = Vec::new();
    match file.read_to_end(&mut source) {
        Ok(_) => load_chunk(vm, strip_shebang(&source), &name, mode, env),
        Err(error) => failed("read", error),
    }
}

pub(super) fn loadfile(vm: &mut Vm, args: Args) -> NativeResult {
    let mode = vm.opt_string(args, 1)?;
    let env = environment(vm, args, 2);
    let result = load_file(vm, args, mode.as_ref().map(|mode| mode.as_bytes()), env)?;
    loaded(vm, args, result)
}

pub(super) fn dofile(vm: &mut Vm, args: Args) -> NativeResult {
    let env = vm.globals.into();
    match load_file(vm, args, None, env)? {
        Ok(function) => {
            let callee = vm.top;
            match vm.call_yieldable(function.into(), &[]) {
                Ok(count) => vm.ret_results(args, count as usize),
                // SAFETY: the frame is this native's, and the callee stood at its end.
                Err(Throw::Yield) => Err(unsafe { detach(args.frame(), callee, Continuation::PassOn) }),
                Err(throw) => Err(throw),
            }
        }
        Err(message) => {
            let message = vm.new_string(message);
            Err(vm.throw_value(message))
        }
    }
}
