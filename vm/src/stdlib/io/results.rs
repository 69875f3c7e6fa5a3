//! How functions that talk to the system report success and failure.

use std::{ffi::OsStr, io, os::unix::ffi::OsStrExt, os::unix::process::ExitStatusExt, path::Path, process::ExitStatus};

use crate::{
    native::{Args, NativeResult},
    value::Value,
    vm::Vm,
};

/// The system's text for an error.
pub(in crate::stdlib) fn describe(error: &io::Error) -> Vec<u8> {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].into(),
        None => text.into(),
    }
}

/// A Lua string as a path.
pub(in crate::stdlib) fn path_of(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

/// `true`.
pub(in crate::stdlib) fn success(vm: &mut Vm, args: Args) -> NativeResult {
    vm.ret1(args, true)
}

/// nil, the message (behind the file's name) and the system's error number.
pub(in crate::stdlib) fn failure(vm: &mut Vm, args: Args, error: &io::Error, name: Option<&[u8]>) -> NativeResult {
    let mut message = Vec::new();
    if let Some(name) = name {
        message.extend_from_slice(name);
        message.extend_from_slice(b": ");
    }
    message.extend_from_slice(&describe(error));
    let message = vm.new_string(message);
    let number = i64::from(error.raw_os_error().unwrap_or(0));
    vm.ret(args, &[Value::NIL, message, Value::int(number)])
}

/// How a process ended: `true` or nil, `exit` or `signal`, and the number.
pub(in crate::stdlib) fn process_result(vm: &mut Vm, args: Args, status: ExitStatus) -> NativeResult {
    let (kind, number) = match (status.code(), status.signal()) {
        (Some(code), _) => ("exit", code),
        (None, signal) => ("signal", signal.unwrap_or(0)),
    };
    let first = if status.success() { Value::TRUE } else { Value::NIL };
    let kind = vm.new_string(kind);
    vm.ret(args, &[first, kind, Value::int(i64::from(number))])
}
