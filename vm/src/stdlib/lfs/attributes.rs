//! What the system knows of a file.

use std::{
    fs::{FileType, Metadata},
    os::unix::{
        ffi::OsStrExt,
        fs::{FileTypeExt, MetadataExt},
    },
};

use super::c_text;
use crate::{
    heap::Gc,
    native::{Args, NativeResult, Throw},
    stdlib::io::{describe, path_of},
    table::Table,
    value::Value,
    vm::Vm,
};

/// An attribute's name, and how it is read.
type Attribute = (&'static str, fn(&mut Vm, &Metadata) -> Value);

/// Every attribute but `target`, which is no part of [`Metadata`].
const ATTRIBUTES: [Attribute; 14] = [
    ("mode", |vm, data| vm.new_string(kind(data.file_type()))),
    ("dev", |_, data| Value::int(data.dev() as i64)),
    ("ino", |_, data| Value::int(data.ino() as i64)),
    ("nlink", |_, data| Value::int(data.nlink() as i64)),
    ("uid", |_, data| Value::int(i64::from(data.uid()))),
    ("gid", |_, data| Value::int(i64::from(data.gid()))),
    ("rdev", |_, data| Value::int(data.rdev() as i64)),
    ("access", |_, data| Value::int(data.atime())),
    ("modification", |_, data| Value::int(data.mtime())),
    ("change", |_, data| Value::int(data.ctime())),
    ("size", |_, data| Value::int(data.size() as i64)),
    ("permissions", |vm, data| vm.new_string(permissions(data.mode()))),
    ("blocks", |_, data| Value::int(data.blocks() as i64)),
    ("blksize", |_, data| Value::int(data.blksize() as i64)),
];

/// The name of the attribute that only symbolic links have.
const TARGET: &str = "target";

fn kind(kind: FileType) -> &'static str {
    if kind.is_file() {
        "file"
    } else if kind.is_dir() {
        "directory"
    } else if kind.is_symlink() {
        "link"
    } else if kind.is_socket() {
        "socket"
    } else if kind.is_fifo() {
        "named pipe"
    } else if kind.is_char_device() {
        "char device"
    } else if kind.is_block_device() {
        "block device"
    } else {
        "other"
    }
}

/// `rwxrwxrwx` with a dash for every bit that is not set.
fn permissions(mode: u32) -> [u8; 9] {
    std::array::from_fn(|index| if mode & 0o400 >> index != 0 { b"rwx"[index % 3] } else { b'-' })
}

pub(super) fn attributes(vm: &mut Vm, args: Args) -> NativeResult {
    let path = vm.check_string(args, 0)?;
    let data = path_of(c_text(&path)).metadata();
    let data = match data {
        Ok(data) => data,
        Err(error) => return no_information(vm, args, c_text(&path), &error),
    };
    if let Some(value) = asked_attribute(vm, args, &data)? {
        return vm.ret1(args, value);
    }
    let table = all_attributes(vm, args, &data);
    vm.ret1(args, table)
}

/// As `attributes`, of a link instead of what it leads to, with the link's target.
pub(super) fn symlink_attributes(vm: &mut Vm, args: Args) -> NativeResult {
    let path = vm.check_string(args, 0)?;
    let target = path_of(c_text(&path)).read_link();
    if args.get(1).as_string().is_some_and(|name| c_text(&name) == TARGET.as_bytes()) {
        return match target {
            Ok(target) => {
                let target = vm.new_string(target.as_os_str().as_bytes());
                vm.ret1(args, target)
            }
            Err(error) => failure_of(vm, args, b"could not obtain link target", &error),
        };
    }
    let data = match path_of(c_text(&path)).symlink_metadata() {
        Ok(data) => data,
        Err(error) => return no_information(vm, args, c_text(&path), &error),
    };
    if let Some(value) = asked_attribute(vm, args, &data)? {
        return vm.ret1(args, value);
    }
    let table = all_attributes(vm, args, &data);
    if let Ok(target) = target {
        let target = vm.new_string(target.as_os_str().as_bytes());
        vm.set_field(table, TARGET, target);
    }
    vm.ret1(args, table)
}

fn no_information(vm: &mut Vm, args: Args, path: &[u8], error: &std::io::Error) -> NativeResult {
    let what = [b"cannot obtain information from file '", path, b"'"].concat();
    failure_of(vm, args, &what, error)
}

/// Nil, what failed and why, the system's error number.
fn failure_of(vm: &mut Vm, args: Args, what: &[u8], error: &std::io::Error) -> NativeResult {
    let message = vm.new_string([what, b": ", &describe(error)].concat());
    let number = i64::from(error.raw_os_error().unwrap_or(0));
    vm.ret(args, &[Value::NIL, message, Value::int(number)])
}

/// The attribute whose name is the second argument, if that is a string.
fn asked_attribute(vm: &mut Vm, args: Args, data: &Metadata) -> Result<Option<Value>, Throw> {
    if !args.get(1).is_string() && !args.get(1).is_number() {
        return Ok(None);
    }
    let name = vm.check_string(args, 1)?;
    let name = c_text(&name);
    match ATTRIBUTES.iter().find(|(known, _)| known.as_bytes() == name) {
        Some((_, value)) => Ok(Some(value(vm, data))),
        None => Err(vm.throw([b"invalid attribute name '", name, b"'"].concat())),
    }
}

/// A table of all attributes: the one in the second argument if there is one.
fn all_attributes(vm: &mut Vm, args: Args, data: &Metadata) -> Gc<Table> {
    let table = match args.get(1).as_table() {
        Some(table) => table,
        None => vm.heap.table_with_capacity(0, ATTRIBUTES.len()),
    };
    for (name, value) in ATTRIBUTES {
        let value = value(vm, data);
        vm.set_field(table, name, value);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::permissions;

    #[test]
    fn permissions_are_nine_letters() {
        assert_eq!(&permissions(0o100_754), b"rwxr-xr--");
        assert_eq!(&permissions(0o7021), b"----w---x");
    }
}
