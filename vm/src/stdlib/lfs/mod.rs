//! The module `lfs`: the functions of LuaFileSystem 1.8 on folders, attributes, links and locks.
//!
//! It is built in because modules in C cannot be loaded, and it is no part of the language: `require "lfs"` makes it,
//! and a program that does not ask for it does not pay for it.

mod attributes;
mod dir;
mod lock;
mod system;

use std::os::unix::fs::DirBuilderExt;

use crate::{
    heap::Gc,
    native::{Args, NativeResult},
    stdlib::{
        io::{describe, failure, path_of, success},
        package::PRELOAD,
        registry_table,
    },
    string::Str,
    value::Value,
    vm::Vm,
};

/// The interface that this module has.
const VERSION: &str = "LuaFileSystem 1.8.0";

/// Bits of a new folder's permissions, before the process's mask.
const FOLDER_MODE: u32 = 0o775;

/// Lets `require` find the module.
pub(super) fn open(vm: &mut Vm) {
    let preload = registry_table(vm, PRELOAD);
    let loader = vm.new_native("lfs", load);
    vm.set_field(preload, "lfs", loader);
}

/// Makes the module, which is also a global as it is where it is written in C.
fn load(vm: &mut Vm, args: Args) -> NativeResult {
    dir::open(vm);
    lock::open(vm);
    let module = vm.heap.table();
    vm.set_field(vm.globals, "lfs", module);
    vm.set_functions(
        module,
        &[
            ("attributes", attributes::attributes),
            ("chdir", chdir),
            ("currentdir", currentdir),
            ("dir", dir::dir),
            ("link", link),
            ("lock", lock::lock),
            ("lock_dir", lock::lock_dir),
            ("mkdir", mkdir),
            ("rmdir", rmdir),
            ("setmode", lock::setmode),
            ("symlinkattributes", attributes::symlink_attributes),
            ("touch", touch),
            ("unlock", lock::unlock),
        ],
    );
    let version = vm.new_string(VERSION);
    vm.set_field(module, "_VERSION", version);
    vm.ret1(args, module)
}

/// A string as the system sees it: up to its first zero byte.
fn c_text(text: &Gc<Str>) -> &[u8] {
    let bytes = text.as_bytes();
    &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())]
}

/// `true`, or nil, the system's message and error number.
fn outcome(vm: &mut Vm, args: Args, result: std::io::Result<()>) -> NativeResult {
    match result {
        Ok(()) => success(vm, args),
        Err(error) => failure(vm, args, &error, None),
    }
}

/// Nil and the system's message, without the number.
fn short_failure(vm: &mut Vm, args: Args, error: &std::io::Error) -> NativeResult {
    let message = vm.new_string(describe(error));
    vm.ret(args, &[Value::NIL, message])
}

fn chdir(vm: &mut Vm, args: Args) -> NativeResult {
    let path = vm.check_string(args, 0)?;
    let path = c_text(&path);
    match std::env::set_current_dir(path_of(path)) {
        Ok(()) => success(vm, args),
        Err(error) => {
            let message = [b"Unable to change working directory to '", path, b"'\n", &describe(&error), b"\n"].concat();
            let message = vm.new_string(message);
            vm.ret(args, &[Value::NIL, message])
        }
    }
}

fn currentdir(vm: &mut Vm, args: Args) -> NativeResult {
    use std::os::unix::ffi::OsStrExt;
    match std::env::current_dir() {
        Ok(path) => {
            let path = vm.new_string(path.as_os_str().as_bytes());
            vm.ret1(args, path)
        }
        Err(error) => failure(vm, args, &error, None),
    }
}

fn mkdir(vm: &mut Vm, args: Args) -> NativeResult {
    let path = vm.check_string(args, 0)?;
    let made = std::fs::DirBuilder::new().mode(FOLDER_MODE).create(path_of(c_text(&path)));
    outcome(vm, args, made)
}

fn rmdir(vm: &mut Vm, args: Args) -> NativeResult {
    let path = vm.check_string(args, 0)?;
    outcome(vm, args, std::fs::remove_dir(path_of(c_text(&path))))
}

/// `lfs.link(old, new [, symbolic])`.
fn link(vm: &mut Vm, args: Args) -> NativeResult {
    let (old, new) = (vm.check_string(args, 0)?, vm.check_string(args, 1)?);
    let (old, new) = (path_of(c_text(&old)), path_of(c_text(&new)));
    let made =
        if args.get(2).is_truthy() { std::os::unix::fs::symlink(old, new) } else { std::fs::hard_link(old, new) };
    outcome(vm, args, made)
}

/// `lfs.touch(path [, access [, modification]])`, in seconds: without times now, with one of them both times.
fn touch(vm: &mut Vm, args: Args) -> NativeResult {
    let path = vm.check_string(args, 0)?;
    let times = if args.len() < 2 {
        None
    } else {
        let access = if args.get(1).is_nil() { 0 } else { vm.check_float(args, 1)? as i64 };
        Some((access, vm.opt_int(args, 2, access)?))
    };
    outcome(vm, args, system::set_times(c_text(&path), times))
}
