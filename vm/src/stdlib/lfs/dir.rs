//! Listing folders.

use std::cell::RefCell;

use super::{c_text, system::Listing};
use crate::{
    heap::Gc,
    native::{Args, NativeResult, Throw},
    stdlib::{io::describe, registry_table},
    userdata::Userdata,
    value::Value,
    vm::Vm,
};

/// Key in the registry, and `__name`, of the metatable of open folders.
const TYPE_NAME: &str = "directory metatable";

/// What the userdata of a folder holds: `None` when it is closed.
type Directory = RefCell<Option<Listing>>;

/// Makes the metatable of open folders.
pub(super) fn open(vm: &mut Vm) {
    let metatable = registry_table(vm, TYPE_NAME);
    let name = vm.new_string(TYPE_NAME);
    vm.set_field(metatable, "__name", name);
    vm.set_functions(metatable, &[("__gc", close), ("__close", close)]);
    let methods = vm.heap.table();
    vm.set_functions(methods, &[("close", close), ("next", next)]);
    vm.set_field(metatable, "__index", methods);
}

/// `lfs.dir(path)`: an iterator, its state, and the state again as the loop's closing value.
pub(super) fn dir(vm: &mut Vm, args: Args) -> NativeResult {
    let path = vm.check_string(args, 0)?;
    let path = c_text(&path);
    let listing = match Listing::open(path) {
        Ok(listing) => listing,
        Err(error) => return Err(vm.throw([b"cannot open ", path, b": ", &describe(&error)].concat())),
    };
    let metatable = registry_table(vm, TYPE_NAME);
    let directory: Directory = RefCell::new(Some(listing));
    let directory = vm.new_userdata(Box::new(directory), Some(metatable));
    let iterator = vm.new_native("next", next);
    vm.ret(args, &[iterator, directory, Value::NIL, directory])
}

/// The userdata of a folder in the first argument.
fn check_directory(vm: &mut Vm, args: Args) -> Result<Gc<Userdata>, Throw> {
    match args.get(0).as_userdata().filter(|userdata| userdata.data.is::<Directory>()) {
        Some(userdata) => Ok(userdata),
        None => Err(vm.type_error(args, 0, TYPE_NAME)),
    }
}

fn next(vm: &mut Vm, args: Args) -> NativeResult {
    let userdata = check_directory(vm, args)?;
    let name = match userdata.data.downcast_ref::<Directory>().map(RefCell::borrow_mut).as_deref_mut() {
        Some(Some(listing)) => listing.next(),
        _ => return Err(vm.arg_error(args, 0, "closed directory")),
    };
    match name {
        Some(name) => {
            let name = vm.new_string(name);
            vm.ret1(args, name)
        }
        None => close(vm, args),
    }
}

/// Closes the folder; no complaint about one that is closed already.
fn close(vm: &mut Vm, args: Args) -> NativeResult {
    let userdata = check_directory(vm, args)?;
    if let Some(directory) = userdata.data.downcast_ref::<Directory>() {
        directory.take();
    }
    vm.ret0(args)
}
