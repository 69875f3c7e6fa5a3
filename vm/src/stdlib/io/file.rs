//! Files as userdata, and their methods.

use std::{cell::RefCell, io::SeekFrom, rc::Rc};

use super::{
    read::Format,
    results::{failure, process_result, success},
    stream::{Buffering, Closed, Stream},
};
use crate::{
    front::number::parse_number,
    native::{Args, NativeResult, Throw},
    stdlib::{args::Results, registry_table},
    text::{float::general, number::write_int, out::Out},
    value::{Value, tag},
    vm::Vm,
};

/// Key in the registry, and `__name`, of the metatable of files.
pub(in crate::stdlib) const TYPE_NAME: &str = "FILE*";

/// What the userdata of a file holds.
pub(super) struct FileHandle {
    pub stream: Rc<RefCell<Stream>>,
    /// One of the standard files, which cannot be closed.
    pub standard: bool,
}

/// Makes the metatable of files.
pub(super) fn open(vm: &mut Vm) {
    let metatable = registry_table(vm, TYPE_NAME);
    let name = vm.new_string(TYPE_NAME);
    vm.set_field(metatable, "__name", name);
    vm.set_functions(metatable, &[("__tostring", tostring), ("__gc", close_quietly), ("__close", close_quietly)]);
    let methods = vm.heap.table();
    vm.set_functions(
        methods,
        &[
            ("close", close),
            ("flush", flush),
            ("lines", lines),
            ("read", read),
            ("seek", seek),
            ("setvbuf", setvbuf),
            ("write", write),
        ],
    );
    vm.set_field(metatable, "__index", methods);
}

/// A file for `stream`.
pub(super) fn new_file(vm: &mut Vm, stream: Rc<RefCell<Stream>>, standard: bool) -> Value {
    super::state(vm).watch(&stream);
    let metatable = registry_table(vm, TYPE_NAME);
    vm.new_userdata(Box::new(FileHandle { stream, standard }), Some(metatable))
}

/// The file in `value`, open or closed.
pub(in crate::stdlib) fn stream_of(value: Value) -> Option<(Rc<RefCell<Stream>>, bool)> {
    let userdata = value.as_userdata()?;
    let handle = userdata.data.downcast_ref::<FileHandle>()?;
    Some((handle.stream.clone(), handle.standard))
}

/// The open file in argument `index`.
pub(super) fn check_file(vm: &mut Vm, args: Args, index: usize) -> Result<Rc<RefCell<Stream>>, Throw> {
    let Some((stream, _)) = stream_of(args.get(index)) else { return Err(vm.type_error(args, index, TYPE_NAME)) };
    if stream.borrow().is_closed() {
        return Err(vm.throw("attempt to use a closed file"));
    }
    Ok(stream)
}

fn tostring(vm: &mut Vm, args: Args) -> NativeResult {
    let Some((stream, _)) = stream_of(args.get(0)) else { return Err(vm.type_error(args, 0, TYPE_NAME)) };
    let text = if stream.borrow().is_closed() {
        vm.new_string("file (closed)")
    } else {
        let identity = vm.identity(args.get(0));
        vm.new_string(format!("file ({identity:#x})"))
    };
    vm.ret1(args, text)
}

fn close(vm: &mut Vm, args: Args) -> NativeResult {
    check_file(vm, args, 0)?;
    close_file(vm, args, args.get(0))
}

/// Closes an open file; the results are those of `file:close`.
pub(super) fn close_file(vm: &mut Vm, args: Args, file: Value) -> NativeResult {
    let Some((stream, standard)) = stream_of(file) else { return Err(vm.type_error(args, 0, TYPE_NAME)) };
    if standard {
        let message = vm.new_string("cannot close standard file");
        return vm.ret(args, &[Value::NIL, message]);
    }
    super::before_writing(vm, &stream);
    let closed = stream.borrow_mut().close();
    match closed {
        Ok(Closed::Plain) => success(vm, args),
        Ok(Closed::Process(status)) => process_result(vm, args, status),
        Err(error) => failure(vm, args, &error, None),
    }
}

/// `__close`: no complaint about a file that is closed already.
fn close_quietly(vm: &mut Vm, args: Args) -> NativeResult {
    if let Some((stream, false)) = stream_of(args.get(0)) {
        super::before_writing(vm, &stream);
        let _ = stream.borrow_mut().close();
    }
    vm.ret0(args)
}

fn flush(vm: &mut Vm, args: Args) -> NativeResult {
    let stream = check_file(vm, args, 0)?;
    flush_stream(vm, args, &stream)
}

pub(super) fn flush_stream(vm: &mut Vm, args: Args, stream: &RefCell<Stream>) -> NativeResult {
    let result = stream.borrow_mut().flush();
    match result {
        Ok(()) => success(vm, args),
        Err(error) => failure(vm, args, &error, None),
    }
}

fn read(vm: &mut Vm, args: Args) -> NativeResult {
    let stream = check_file(vm, args, 0)?;
    read_formats(vm, args, &stream, 1)
}

/// Bytes that are read at once where much is asked for.
const PIECE: usize = 64 << 10;

/// Reads by the formats in the arguments from `first` on, a line without any.
pub(super) fn read_formats(vm: &mut Vm, args: Args, stream: &RefCell<Stream>, first: usize) -> NativeResult {
    let mut results = Results::new();
    if args.len() <= first {
        return match read_one(vm, stream, Format::Line { keep_end: false })? {
            Ok(value) => vm.ret1(args, value),
            Err(error) => failure(vm, args, &error, None),
        };
    }
    for index in first..args.len() {
        let format = check_format(vm, args, index)?;
        match read_one(vm, stream, format)? {
            Ok(value) => {
                // Reading on may ask for room.
                vm.push(value)?;
                results.push(value);
                if value.is_nil() {
                    break;
                }
            }
            Err(error) => return failure(vm, args, &error, None),
        }
    }
    vm.ret(args, results.as_slice())
}

fn check_format(vm: &mut Vm, args: Args, index: usize) -> Result<Format, Throw> {
    let value = args.get(index);
    if value.is_number() {
        let Ok(count) = usize::try_from(vm.check_int(args, index)?) else {
            return Err(vm.memory_error());
        };
        return Ok(Format::Bytes(count));
    }
    let name = vm.check_string(args, index)?;
    Format::named(name.as_bytes()).ok_or_else(|| vm.arg_error(args, index, "invalid format"))
}

/// What one format reads, nil when it fails.
///
/// # Errors
/// `not enough memory`.
fn read_one(vm: &mut Vm, stream: &RefCell<Stream>, format: Format) -> Result<std::io::Result<Value>, Throw> {
    super::before_reading(vm, stream);
    let mut text = Vec::new();
    // Much is read in pieces, with room for the text and the string that it becomes.
    let most = match format {
        Format::All => usize::MAX,
        Format::Bytes(count) if count > PIECE => count,
        _ => 0,
    };
    while text.len() < most {
        let (before, piece) = (text.len(), PIECE.min(most - text.len()));
        vm.check_room(2 * (before + piece))?;
        if let Err(error) = stream.borrow_mut().read_up_to(&mut text, piece) {
            return Ok(Err(error));
        }
        if text.len() < before + piece {
            break;
        }
    }
    let outcome = match format {
        _ if most == 0 => format.read(&mut stream.borrow_mut(), &mut text, vm.heap.room() / 2),
        Format::All => Ok(true),
        _ => Ok(!text.is_empty()),
    };
    match outcome {
        Ok(true) => {}
        Ok(false) => return Ok(Ok(Value::NIL)),
        Err(error) if error.kind() == std::io::ErrorKind::OutOfMemory => return Err(vm.memory_error()),
        Err(error) => return Ok(Err(error)),
    }
    Ok(Ok(match format {
        Format::Number => match parse_number(&text) {
            Some(crate::front::number::Number::Int(int)) => Value::int(int),
            Some(crate::front::number::Number::Float(float)) => Value::float(float),
            None => Value::NIL,
        },
        _ => vm.new_string(text),
    }))
}

fn write(vm: &mut Vm, args: Args) -> NativeResult {
    let stream = check_file(vm, args, 0)?;
    write_values(vm, args, &stream, 1, args.get(0))
}

/// Writes the arguments from `first` on; the result is `file`.
pub(super) fn write_values(
    vm: &mut Vm,
    args: Args,
    stream: &RefCell<Stream>,
    first: usize,
    file: Value,
) -> NativeResult {
    super::before_writing(vm, stream);
    let mut text = Vec::new();
    for index in first..args.len() {
        let value = args.get(index);
        let result = match value.tag {
            tag::STRING => stream.borrow_mut().write(value.string_unchecked().as_bytes()),
            tag::INT => {
                text.clear();
                write_int(value.raw_int(), &mut text);
                stream.borrow_mut().write(&text)
            }
            tag::FLOAT => {
                text.clear();
                write_plain_float(&mut text, value.raw_float());
                stream.borrow_mut().write(&text)
            }
            _ => return Err(vm.type_error(args, index, "string")),
        };
        if let Err(error) = result {
            return failure(vm, args, &error, None);
        }
    }
    vm.ret1(args, file)
}

/// `%.14g`: unlike `tostring`, files get no `.0` behind floats that look like integers.
fn write_plain_float(out: &mut Vec<u8>, value: f64) {
    if value.is_sign_negative() {
        out.put(b"-");
    }
    if value.is_finite() {
        general(out, value.abs(), 14, false, false);
    } else {
        out.put(if value.is_nan() { b"nan" } else { b"inf" });
    }
}

fn seek(vm: &mut Vm, args: Args) -> NativeResult {
    let stream = check_file(vm, args, 0)?;
    let whence = vm.check_option(args, 1, Some(1), &["set", "cur", "end"])?;
    let offset = vm.opt_int(args, 2, 0)?;
    let to = match whence {
        0 => match u64::try_from(offset) {
            Ok(offset) => SeekFrom::Start(offset),
            Err(_) => return failure(vm, args, &std::io::Error::from_raw_os_error(libc::EINVAL), None),
        },
        1 => SeekFrom::Current(offset),
        _ => SeekFrom::End(offset),
    };
    let result = stream.borrow_mut().seek(to);
    match result {
        Ok(position) => vm.ret1(args, position as i64),
        Err(error) => failure(vm, args, &error, None),
    }
}

fn setvbuf(vm: &mut Vm, args: Args) -> NativeResult {
    const MODES: [Buffering; 3] = [Buffering::None, Buffering::Full, Buffering::Line];
    let stream = check_file(vm, args, 0)?;
    let mode = MODES[vm.check_option(args, 1, None, &["no", "full", "line"])?];
    vm.opt_int(args, 2, 0)?;
    let result = stream.borrow_mut().set_buffering(mode);
    match result {
        Ok(()) => success(vm, args),
        Err(error) => failure(vm, args, &error, None),
    }
}

fn lines(vm: &mut Vm, args: Args) -> NativeResult {
    check_file(vm, args, 0)?;
    let iterator = lines_iterator(vm, args, args.get(0), false)?;
    vm.ret1(args, iterator)
}

/// Most formats that an iterator of lines takes.
const MAX_FORMATS: usize = 250;

/// An iterator over what the formats in the arguments from 1 on read; it closes the file at its end if `close`.
pub(super) fn lines_iterator(vm: &mut Vm, args: Args, file: Value, close: bool) -> Result<Value, Throw> {
    if args.len() > MAX_FORMATS + 1 {
        return Err(vm.arg_error(args, MAX_FORMATS + 1, "too many arguments"));
    }
    let mut state = vec![file, Value::bool(close), Value::int(args.len().saturating_sub(1) as i64)];
    state.extend((1..args.len()).map(|index| args.get(index)));
    Ok(vm.new_native_with("lines_iterator", lines_step, &state))
}

fn lines_step(vm: &mut Vm, args: Args) -> NativeResult {
    let file = args.upvalue(0);
    let Some((stream, _)) = stream_of(file) else { return vm.ret1(args, Value::NIL) };
    if stream.borrow().is_closed() {
        return Err(vm.throw("file is already closed"));
    }
    let count = args.upvalue(2).raw_int().max(0) as usize;
    let mut results = Results::new();
    for index in 0..count.max(1) {
        let format = if count == 0 {
            Format::Line { keep_end: false }
        } else {
            let value = args.upvalue(3 + index);
            let named = value.as_string().and_then(|name| Format::named(name.as_bytes()));
            match named.or_else(|| value.to_int_no_string().map(|count| Format::Bytes(count.max(0) as usize))) {
                Some(format) => format,
                None => return Err(vm.arg_error(args, index + 1, "invalid format")),
            }
        };
        match read_one(vm, &stream, format)? {
            Ok(value) => {
                vm.push(value)?;
                results.push(value);
                if value.is_nil() {
                    break;
                }
            }
            Err(error) => return Err(vm.throw(super::describe(&error))),
        }
    }
    if results.as_slice().first().is_some_and(|value| value.is_nil()) {
        if args.upvalue(1).is_truthy() {
            // The end of the loop does not depend on how closing goes.
            let _ = stream.borrow_mut().close();
        }
        return vm.ret0(args);
    }
    vm.ret(args, results.as_slice())
}
