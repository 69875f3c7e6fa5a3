//! Input and output (manual §6.8).

mod file;
mod read;
mod results;
mod stream;

use std::{
    cell::RefCell,
    fs::File,
    io::{IsTerminal, Write},
    os::fd::AsFd,
    process::{Command, Stdio},
    rc::{Rc, Weak},
};

use file::{check_file, close_file, flush_stream, lines_iterator, new_file, read_formats, write_values};
use stream::Buffering;

use crate::{
    native::{Args, NativeResult, Throw},
    stdlib::library,
    value::Value,
    vm::Vm,
};

pub(super) use file::{TYPE_NAME as FILE_TYPE_NAME, stream_of};
pub(super) use results::{describe, failure, path_of, process_result, success};
pub(super) use stream::Stream;

/// Keys in the registry of the default files.
const INPUT: &str = "_IO_input";
const OUTPUT: &str = "_IO_output";

/// The standard streams, and every stream that may have to be flushed at the end.
pub(super) struct IoState {
    stdin: Rc<RefCell<Stream>>,
    stdout: Rc<RefCell<Stream>>,
    stderr: Rc<RefCell<Stream>>,
    open: Vec<Weak<RefCell<Stream>>>,
}

impl Default for IoState {
    fn default() -> Self {
        let shared = |stream| Rc::new(RefCell::new(stream));
        let duplicate = |descriptor: &dyn AsFd| descriptor.as_fd().try_clone_to_owned().ok().map(File::from);
        let output = std::io::stdout();
        let buffering = if output.is_terminal() { Buffering::Line } else { Buffering::Full };
        let stdin = shared(Stream::standard(duplicate(&std::io::stdin()), Buffering::Full).read_only());
        let stdout = shared(Stream::standard(duplicate(&output), buffering));
        let stderr = shared(Stream::standard(duplicate(&std::io::stderr()), Buffering::None));
        Self { stdin, stdout, stderr, open: Vec::new() }
    }
}

impl IoState {
    /// Remembers a stream that [`flush`] must reach.
    fn watch(&mut self, stream: &Rc<RefCell<Stream>>) {
        if self.open.len() >= 64 && self.open.len().is_power_of_two() {
            self.open.retain(|stream| stream.strong_count() > 0);
        }
        self.open.push(Rc::downgrade(stream));
    }
}

/// The state of this library, which takes up no system resources before it is used.
fn state(vm: &mut Vm) -> &mut IoState {
    vm.libraries.io.get_or_insert_default()
}

pub(super) fn open(vm: &mut Vm) {
    file::open(vm);
    let table = library(
        vm,
        "io",
        &[
            ("close", close),
            ("flush", flush_output),
            ("input", |vm, args| default_file(vm, args, INPUT, "r")),
            ("lines", lines),
            ("open", open_file),
            ("output", |vm, args| default_file(vm, args, OUTPUT, "w")),
            ("popen", popen),
            ("read", read),
            ("tmpfile", tmpfile),
            ("type", type_),
            ("write", write),
        ],
    );
    let state = state(vm);
    let streams = [state.stdin.clone(), state.stdout.clone(), state.stderr.clone()];
    for ((name, key), stream) in
        [("stdin", Some(INPUT)), ("stdout", Some(OUTPUT)), ("stderr", None)].into_iter().zip(streams)
    {
        let file = new_file(vm, stream, true);
        vm.set_field(table, name, file);
        if let Some(key) = key {
            vm.set_field(vm.registry, key, file);
        }
    }
}

/// Writes to standard output as `print` does; errors are dropped.
///
/// PERF: what is printed stays in the buffer until somebody could notice, see [`flush_printed`].
pub(super) fn write_stdout(vm: &mut Vm, bytes: &[u8]) {
    let _ = state(vm).stdout.borrow_mut().write_through(bytes);
}

/// Writes to standard error, after what has been printed.
pub fn write_stderr(vm: &mut Vm, bytes: &[u8]) {
    flush_printed(vm);
    let _ = state(vm).stderr.borrow_mut().write(bytes);
}

/// Before anything else that others see, or that waits for others: shows them what has been printed.
pub(super) fn flush_printed(vm: &mut Vm) {
    let _ = state(vm).stdout.borrow_mut().flush_due();
}

/// Everything that is left on standard input.
///
/// # Errors
/// It cannot be read.
pub(super) fn read_stdin(vm: &mut Vm) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    state(vm).stdin.borrow_mut().read_up_to(&mut text, usize::MAX)?;
    Ok(text)
}

/// The next line of standard input, with its end; empty at the end of input.
///
/// # Errors
/// It cannot be read.
pub(super) fn read_stdin_line(vm: &mut Vm) -> std::io::Result<Vec<u8>> {
    let mut line = Vec::new();
    state(vm).stdin.borrow_mut().read_line(&mut line, true, usize::MAX)?;
    Ok(line)
}

/// Before reading from `stream`: whoever writes to it may be waiting for what this program has to say.
fn before_reading(vm: &mut Vm, stream: &RefCell<Stream>) {
    if !stream.borrow().must_read() {
        return;
    }
    flush_printed(vm);
    let state = state(vm);
    if std::ptr::eq(&raw const *state.stdin, stream) && state.stdout.borrow().buffering() == Buffering::Line {
        let _ = state.stdout.borrow_mut().flush();
    }
}

/// Before writing to `stream`: what has been printed comes first where both may meet.
fn before_writing(vm: &mut Vm, stream: &RefCell<Stream>) {
    if stream.borrow().has_reader() {
        flush_printed(vm);
    }
}

/// Writes out every buffer. A host calls it when a program has ended; files that programs left open included.
pub fn flush(vm: &mut Vm) {
    for stream in &state(vm).open {
        if let Some(stream) = stream.upgrade() {
            let _ = stream.borrow_mut().flush();
        }
    }
}

/// Sends standard output (of `print` and `io.stdout`) to `sink` from now on.
pub fn redirect_stdout(vm: &mut Vm, sink: Box<dyn Write>) {
    *state(vm).stdout.borrow_mut() = Stream::to_sink(sink);
}

/// The default file under `key`, which must be open.
fn default_stream(vm: &mut Vm, key: &str) -> Result<(Value, Rc<RefCell<Stream>>), Throw> {
    let name = vm.heap.string(key.as_bytes());
    let file = vm.registry.get_str(name);
    match stream_of(file) {
        Some((stream, _)) if !stream.borrow().is_closed() => Ok((file, stream)),
        _ => {
            let which = if key == INPUT { "input" } else { "output" };
            Err(vm.throw(format!("default {which} file is closed")))
        }
    }
}

fn close(vm: &mut Vm, args: Args) -> NativeResult {
    if args.has(0) {
        check_file(vm, args, 0)?;
        return close_file(vm, args, args.get(0));
    }
    let key = vm.heap.string(OUTPUT.as_bytes());
    let file = vm.registry.get_str(key);
    if stream_of(file).is_none_or(|(stream, _)| stream.borrow().is_closed()) {
        return Err(vm.throw("attempt to use a closed file"));
    }
    close_file(vm, args, file)
}

fn flush_output(vm: &mut Vm, args: Args) -> NativeResult {
    let (_, stream) = default_stream(vm, OUTPUT)?;
    flush_stream(vm, args, &stream)
}

fn read(vm: &mut Vm, args: Args) -> NativeResult {
    let (_, stream) = default_stream(vm, INPUT)?;
    read_formats(vm, args, &stream, 0)
}

fn write(vm: &mut Vm, args: Args) -> NativeResult {
    let (file, stream) = default_stream(vm, OUTPUT)?;
    write_values(vm, args, &stream, 0, file)
}

/// `io.input` and `io.output`.
fn default_file(vm: &mut Vm, args: Args, key: &str, mode: &str) -> NativeResult {
    let argument = args.get(0);
    if !argument.is_nil() {
        let file = if argument.is_string() || argument.is_number() {
            let path = vm.check_string(args, 0)?;
            open_or_throw(vm, path.as_bytes(), mode)?
        } else {
            check_file(vm, args, 0)?;
            argument
        };
        vm.set_field(vm.registry, key, file);
    }
    let name = vm.heap.string(key.as_bytes());
    let file = vm.registry.get_str(name);
    vm.ret1(args, file)
}

fn open_or_throw(vm: &mut Vm, path: &[u8], mode: &str) -> Result<Value, Throw> {
    match open_path(path, mode.as_bytes()) {
        Ok(stream) => Ok(new_file(vm, Rc::new(RefCell::new(stream)), false)),
        Err(error) => {
            let message = [b"cannot open file '", path, b"' (", &describe(&error), b")"].concat();
            Err(vm.throw(message))
        }
    }
}

/// Opens a file; `mode` is as [`is_mode`] allows.
fn open_path(path: &[u8], mode: &[u8]) -> std::io::Result<Stream> {
    if path.contains(&0) {
        return Err(std::io::Error::from_raw_os_error(libc::ENOENT));
    }
    let update = mode.contains(&b'+');
    let mut options = File::options();
    match mode.first() {
        Some(b'w') => options.write(true).create(true).truncate(true).read(update),
        Some(b'a') => options.append(true).create(true).read(update),
        _ => options.read(true).write(update),
    };
    let stream = Stream::from_file(options.open(path_of(path))?);
    Ok(if update || mode.first() != Some(&b'r') { stream } else { stream.read_only() })
}

/// `[rwa]`, then an optional `+`, then any number of `b`.
fn is_mode(mode: &[u8]) -> bool {
    let Some((b'r' | b'w' | b'a', rest)) = mode.split_first() else { return false };
    let rest = rest.strip_prefix(b"+").unwrap_or(rest);
    rest.iter().all(|&byte| byte == b'b')
}

fn open_file(vm: &mut Vm, args: Args) -> NativeResult {
    let path = vm.check_string(args, 0)?;
    let mode = vm.opt_string(args, 1)?;
    let mode = mode.as_ref().map_or(&b"r"[..], |mode| mode.as_bytes());
    if !is_mode(mode) {
        return Err(vm.arg_error(args, 1, "invalid mode"));
    }
    match open_path(path.as_bytes(), mode) {
        Ok(stream) => {
            let file = new_file(vm, Rc::new(RefCell::new(stream)), false);
            vm.ret1(args, file)
        }
        Err(error) => failure(vm, args, &error, Some(path.as_bytes())),
    }
}

fn popen(vm: &mut Vm, args: Args) -> NativeResult {
    let command = vm.check_string(args, 0)?;
    let mode = vm.opt_string(args, 1)?;
    let reads = match mode.as_ref().map_or(&b"r"[..], |mode| mode.as_bytes()) {
        b"r" => true,
        b"w" => false,
        _ => return Err(vm.arg_error(args, 1, "invalid mode")),
    };
    flush_printed(vm);
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(path_of(command.as_bytes()));
    let spawned = if reads { shell.stdout(Stdio::piped()).spawn() } else { shell.stdin(Stdio::piped()).spawn() };
    match spawned {
        Ok(child) => {
            let stream = if reads { Stream::from_process(child) } else { Stream::to_process(child) };
            let file = new_file(vm, Rc::new(RefCell::new(stream)), false);
            vm.ret1(args, file)
        }
        Err(error) => failure(vm, args, &error, Some(command.as_bytes())),
    }
}

fn tmpfile(vm: &mut Vm, args: Args) -> NativeResult {
    let made = super::os::temporary_file(vm).and_then(|(path, file)| std::fs::remove_file(path).map(|()| file));
    match made {
        Ok(file) => {
            let file = new_file(vm, Rc::new(RefCell::new(Stream::from_file(file))), false);
            vm.ret1(args, file)
        }
        Err(error) => failure(vm, args, &error, None),
    }
}

fn type_(vm: &mut Vm, args: Args) -> NativeResult {
    let value = vm.check_any(args, 0)?;
    let name = match stream_of(value) {
        None => return vm.ret1(args, Value::NIL),
        Some((stream, _)) if stream.borrow().is_closed() => "closed file",
        Some(_) => "file",
    };
    let name = vm.new_string(name);
    vm.ret1(args, name)
}

fn lines(vm: &mut Vm, args: Args) -> NativeResult {
    if args.get(0).is_nil() {
        let name = vm.heap.string(INPUT.as_bytes());
        let file = vm.registry.get_str(name);
        if stream_of(file).is_none_or(|(stream, _)| stream.borrow().is_closed()) {
            return Err(vm.throw("attempt to use a closed file"));
        }
        let iterator = lines_iterator(vm, args, file, false)?;
        return vm.ret1(args, iterator);
    }
    let path = vm.check_string(args, 0)?;
    let file = open_or_throw(vm, path.as_bytes(), "r")?;
    let iterator = lines_iterator(vm, args, file, true)?;
    // The file is the loop's closing value.
    vm.ret(args, &[iterator, Value::NIL, Value::NIL, file])
}

#[cfg(test)]
mod tests {
    use super::is_mode;

    #[test]
    fn modes_are_checked() {
        for mode in ["r", "w", "a", "r+", "w+", "a+", "rb", "r+b", "rbb"] {
            assert!(is_mode(mode.as_bytes()), "{mode}");
        }
        for mode in ["", "q", "rw", "rb+", "r++", " r"] {
            assert!(!is_mode(mode.as_bytes()), "{mode}");
        }
    }
}
