//! The libraries for programs that are not trusted.
//!
//! They reach no file, process, environment variable or native code, load source text only, and cannot get at what
//! belongs to other functions: upvalues, locals, hooks, the registry, the metatables of basic types. What they may use of
//! time and memory is for the host to limit ([`Vm::set_fuel`], `Heap::limit`).

use super::{Library, library_table, package, registry_table};
use crate::{heap::Gc, table::Table, value::Value, vm::Vm};

/// What is left of each library; of those that are not named, everything.
const ALLOWED: [(&str, &[&str]); 3] = [
    ("os", &["clock", "date", "difftime", "time"]),
    ("debug", &["getinfo", "traceback"]),
    ("package", &["config", "loaded", "preload", "searchers"]),
];

/// Basic functions that read files.
const FILE_FUNCTIONS: [&str; 2] = ["dofile", "loadfile"];

/// Opens the libraries without what a program that is not trusted must not have. `require` finds what is in
/// `package.loaded` and `package.preload`. `load` refuses binary chunks, `string.dump` is missing, `debug.getinfo` does
/// not hand out functions, and `collectgarbage` does not change settings.
pub fn open_sandboxed(vm: &mut Vm) {
    let libraries = Library::ALL.into_iter().filter(|library| *library != Library::FileSystem);
    super::open_libraries(vm, &libraries.collect::<Vec<_>>());
    vm.libraries.sandboxed = true;
    let globals = vm.globals;
    let loaded = registry_table(vm, package::LOADED);
    for table in [globals, loaded] {
        vm.set_field(table, "io", Value::NIL);
    }
    for name in FILE_FUNCTIONS {
        vm.set_field(globals, name, Value::NIL);
    }
    for (name, allowed) in ALLOWED {
        let library = library_table(vm, name);
        keep(vm, library, allowed);
    }
    let string = library_table(vm, "string");
    vm.set_field(string, "dump", Value::NIL);
    if let Some(metatable) = vm.string_metatable {
        vm.set_field(metatable, "__metatable", false);
    }
    package::search_preload_only(vm);
}

/// Removes every field of `table` but `names`.
fn keep(vm: &mut Vm, table: Gc<Table>, names: &[&str]) {
    let mut position = 0;
    while let Some((after, key, _)) = table.next_from(position) {
        position = after;
        if !key.as_string().is_some_and(|key| names.iter().any(|name| name.as_bytes() == key.as_bytes())) {
            // Removing a field moves no other, and the key is not nil.
            let _ = vm.raw_set(table, key, Value::NIL);
        }
    }
}
