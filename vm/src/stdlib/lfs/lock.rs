//! Locks on parts of files, lock files, and the mode of files, which goes with them because it asks for a file too.

use std::{
    cell::{Ref, RefCell},
    rc::Rc,
};

use super::{
    c_text, short_failure,
    system::{self, LockKind},
};
use crate::{
    native::{Args, NativeResult, Throw},
    stdlib::{
        io::{FILE_TYPE_NAME, Stream, path_of, stream_of, success},
        registry_table,
    },
    vm::Vm,
};

/// Key in the registry, and `__name`, of the metatable of lock files.
const TYPE_NAME: &str = "lock metatable";

/// Where a folder's lock file is, and what it is a symbolic link to. (Making a link is atomic everywhere.)
const LOCK_FILE: &[u8] = b"/lockfile.lfs";
const LOCK_FILE_TARGET: &str = "lock";

/// What the userdata of a lock file holds: its path, until it is freed.
type LockFile = RefCell<Option<Vec<u8>>>;

/// Makes the metatable of lock files.
pub(super) fn open(vm: &mut Vm) {
    let metatable = registry_table(vm, TYPE_NAME);
    let name = vm.new_string(TYPE_NAME);
    vm.set_field(metatable, "__name", name);
    vm.set_functions(metatable, &[("__gc", free)]);
    let methods = vm.heap.table();
    vm.set_functions(methods, &[("free", free)]);
    vm.set_field(metatable, "__index", methods);
}

/// The open file in the first argument.
fn check_file(vm: &mut Vm, args: Args, function: &str) -> Result<Rc<RefCell<Stream>>, Throw> {
    match stream_of(args.get(0)) {
        None => Err(vm.type_error(args, 0, FILE_TYPE_NAME)),
        Some((stream, _)) if stream.borrow().is_closed() => Err(vm.throw(format!("{function}: closed file"))),
        Some((stream, _)) => Ok(stream),
    }
}

fn change_lock(vm: &mut Vm, args: Args, stream: Ref<Stream>, kind: LockKind, range: (i64, i64)) -> NativeResult {
    let result = match stream.descriptor() {
        Some(descriptor) => system::lock(descriptor, kind, range.0, range.1),
        None => Err(std::io::Error::from_raw_os_error(libc::EBADF)),
    };
    match result {
        Ok(()) => success(vm, args),
        Err(error) => short_failure(vm, args, &error),
    }
}

/// `lfs.lock(file, mode [, start [, length]])`; only the mode's first letter counts.
pub(super) fn lock(vm: &mut Vm, args: Args) -> NativeResult {
    let stream = check_file(vm, args, "lock")?;
    let mode = vm.check_string(args, 1)?;
    let range = (vm.opt_int(args, 2, 0)?, vm.opt_int(args, 3, 0)?);
    let kind = match mode.as_bytes().first() {
        Some(b'r') => LockKind::Shared,
        Some(b'w') => LockKind::Exclusive,
        Some(b'u') => LockKind::None,
        _ => return Err(vm.throw("lock: invalid mode")),
    };
    change_lock(vm, args, stream.borrow(), kind, range)
}

/// `lfs.unlock(file [, start [, length]])`.
pub(super) fn unlock(vm: &mut Vm, args: Args) -> NativeResult {
    let stream = check_file(vm, args, "unlock")?;
    let range = (vm.opt_int(args, 1, 0)?, vm.opt_int(args, 2, 0)?);
    change_lock(vm, args, stream.borrow(), LockKind::None, range)
}

/// `lfs.setmode(file, mode)`: files have one mode on this system.
pub(super) fn setmode(vm: &mut Vm, args: Args) -> NativeResult {
    check_file(vm, args, "setmode")?;
    vm.check_option(args, 1, None, &["binary", "text"])?;
    let previous = vm.new_string("binary");
    vm.ret(args, &[true.into(), previous])
}

/// `lfs.lock_dir(path)`: an object that keeps a lock file in a folder.
pub(super) fn lock_dir(vm: &mut Vm, args: Args) -> NativeResult {
    let path = vm.check_string(args, 0)?;
    let path = [c_text(&path), LOCK_FILE].concat();
    match std::os::unix::fs::symlink(LOCK_FILE_TARGET, path_of(&path)) {
        Ok(()) => {
            let metatable = registry_table(vm, TYPE_NAME);
            let held: LockFile = RefCell::new(Some(path));
            let lock = vm.new_userdata(Box::new(held), Some(metatable));
            vm.ret1(args, lock)
        }
        Err(error) => short_failure(vm, args, &error),
    }
}

/// Removes the lock file, once.
fn free(vm: &mut Vm, args: Args) -> NativeResult {
    let userdata = args.get(0).as_userdata();
    let Some(held) = userdata.as_ref().and_then(|userdata| userdata.data.downcast_ref::<LockFile>()) else {
        return Err(vm.type_error(args, 0, TYPE_NAME));
    };
    if let Some(path) = held.take() {
        // A lock file that somebody has removed is as good as freed.
        let _ = std::fs::remove_file(path_of(&path));
    }
    vm.ret0(args)
}
