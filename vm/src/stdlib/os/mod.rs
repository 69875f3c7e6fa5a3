//! Operating system facilities (manual §6.9).

mod date;

use std::{
    fs::File,
    io,
    path::PathBuf,
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    clock::Clock,
    native::{Args, NativeResult},
    stdlib::{
        io::{failure, flush, flush_printed, path_of, process_result, success},
        library,
    },
    value::Value,
    vm::Vm,
};

pub(super) fn open(vm: &mut Vm) {
    library(
        vm,
        "os",
        &[
            ("clock", clock),
            ("date", date::date),
            ("difftime", difftime),
            ("execute", execute),
            ("exit", exit),
            ("getenv", getenv),
            ("remove", remove),
            ("rename", rename),
            ("setlocale", setlocale),
            ("time", date::time),
            ("tmpname", tmpname),
        ],
    );
}

fn clock(vm: &mut Vm, args: Args) -> NativeResult {
    let seconds = (vm.host().clock)(vm);
    vm.ret1(args, seconds)
}

fn difftime(vm: &mut Vm, args: Args) -> NativeResult {
    let (later, earlier) = (vm.check_int(args, 0)?, vm.check_int(args, 1)?);
    vm.ret1(args, later.wrapping_sub(earlier) as f64)
}

fn execute(vm: &mut Vm, args: Args) -> NativeResult {
    let Some(command) = vm.opt_string(args, 0)? else { return vm.ret1(args, true) };
    flush_printed(vm);
    match Command::new("/bin/sh").arg("-c").arg(path_of(command.as_bytes())).status() {
        Ok(status) => process_result(vm, args, status),
        Err(error) => failure(vm, args, &error, None),
    }
}

fn exit(vm: &mut Vm, args: Args) -> NativeResult {
    let code = match args.get(0) {
        value if value.is_nil() || value.tag == Value::TRUE.tag => 0,
        value if value.is_falsy() => 1,
        _ => vm.check_int(args, 0)? as i32,
    };
    if args.get(1).is_truthy() {
        vm.close_state();
    }
    flush(vm);
    (vm.host().exit)(vm, code);
    Err(vm.throw("the host does not allow 'os.exit'"))
}

fn getenv(vm: &mut Vm, args: Args) -> NativeResult {
    use std::os::unix::ffi::OsStrExt;
    let name = vm.check_string(args, 0)?;
    let name = name.as_bytes();
    // Such names cannot be set, and the standard library does not want to be asked for them.
    if name.is_empty() || name.contains(&b'=') || name.contains(&0) {
        return vm.ret1(args, Value::NIL);
    }
    let value = match std::env::var_os(path_of(name)) {
        Some(value) => vm.new_string(value.as_bytes()),
        None => Value::NIL,
    };
    vm.ret1(args, value)
}

fn remove(vm: &mut Vm, args: Args) -> NativeResult {
    let name = vm.check_string(args, 0)?;
    let path = path_of(name.as_bytes());
    let is_directory = path.symlink_metadata().is_ok_and(|data| data.is_dir());
    let result = if is_directory { std::fs::remove_dir(path) } else { std::fs::remove_file(path) };
    match result {
        Ok(()) => success(vm, args),
        Err(error) => failure(vm, args, &error, Some(name.as_bytes())),
    }
}

fn rename(vm: &mut Vm, args: Args) -> NativeResult {
    let from = vm.check_string(args, 0)?;
    let to = vm.check_string(args, 1)?;
    match std::fs::rename(path_of(from.as_bytes()), path_of(to.as_bytes())) {
        Ok(()) => success(vm, args),
        Err(error) => failure(vm, args, &error, None),
    }
}

/// There is one locale, `C`.
fn setlocale(vm: &mut Vm, args: Args) -> NativeResult {
    let locale = vm.opt_string(args, 0)?;
    vm.check_option(args, 1, Some(0), &["all", "collate", "ctype", "monetary", "numeric", "time"])?;
    let known = locale.is_none_or(|locale| matches!(locale.as_bytes(), b"" | b"C" | b"POSIX"));
    let result = if known { vm.new_string("C") } else { Value::NIL };
    vm.ret1(args, result)
}

fn tmpname(vm: &mut Vm, args: Args) -> NativeResult {
    use std::os::unix::ffi::OsStrExt;
    match temporary_file(vm) {
        Ok((path, _)) => {
            let name = vm.new_string(path.as_os_str().as_bytes());
            vm.ret1(args, name)
        }
        Err(_) => Err(vm.throw("unable to generate a unique filename")),
    }
}

/// Makes a new file in the directory for temporary files. Under the virtual clock their names are counted, and are the
/// same in each run that finds none of them taken.
pub(super) fn temporary_file(vm: &mut Vm) -> io::Result<(PathBuf, File)> {
    let directory = std::env::temp_dir();
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for attempt in 0..1000u32 {
        let name = match vm.clock() {
            Clock::Wall => {
                let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                format!("lua_{:x}{:x}{attempt:x}", std::process::id(), time.subsec_nanos())
            }
            Clock::Virtual => {
                vm.libraries.temporary_files += 1;
                format!("lua_{:06}", vm.libraries.temporary_files)
            }
        };
        let path = directory.join(name);
        match File::options().read(true).write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}
