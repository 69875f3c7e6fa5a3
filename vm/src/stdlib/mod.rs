//! The standard library (manual §6): thin layers over `text`, `table` and the heap.
//!
//! Natives keep to three rules. The collector runs only at polls and in [`Vm::check_room`], hence never inside a native
//! that calls nothing; a native that calls Lua or asks for room keeps what it still needs in its arguments, on the stack
//! ([`Vm::push`]) or in a live table.
//! What a program passes in can make a native throw, never panic. And messages are worded as PUC-Rio Lua 5.4 words
//! them, because programs match on them.

mod args;
mod base;
mod buffer;
mod coroutine;
mod debug;
pub mod host;
pub mod intrinsics;
pub mod io;
mod lfs;
mod load;
mod math;
mod os;
mod package;
mod sandbox;
mod string;
mod table;
mod utf8;

use crate::{
    clock::Clock, heap::Gc, native::NativeFn, table::Table, text::pattern::PatternCache, value::Value, vm::Vm,
};

pub use base::warning;
pub use load::load_chunk;
pub use package::reset_paths;
pub use sandbox::open_sandboxed;

/// What the libraries of one VM remember. Values for Lua live in the registry instead, where the collector sees them.
pub(crate) struct State {
    patterns: PatternCache,
    random: math::random::Xoshiro256,
    /// Temporary files made so far, for their names under the virtual clock.
    temporary_files: u64,
    host: host::Host,
    /// The mode that `collectgarbage` was told last. There is one collector; at first, as in PUC Lua's program, it goes by
    /// the name of the generational one.
    is_incremental: bool,
    io: Option<Box<io::IoState>>,
    /// The libraries are those of [`open_sandboxed`].
    sandboxed: bool,
}

impl State {
    pub(crate) fn new(clock: Clock, seed: u64) -> State {
        State {
            patterns: PatternCache::default(),
            random: math::random::Xoshiro256::seeded(seed, 0),
            temporary_files: 0,
            host: host::Host::of(clock),
            is_incremental: false,
            io: None,
            sandboxed: false,
        }
    }
}

/// One of the libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    Package,
    /// LuaFileSystem, for `require`.
    FileSystem,
    Base,
    String,
    Table,
    Math,
    Io,
    Os,
    Coroutine,
    Utf8,
    Debug,
}

impl Library {
    pub const ALL: [Library; 11] = [
        Library::Package,
        Library::FileSystem,
        Library::Base,
        Library::String,
        Library::Table,
        Library::Math,
        Library::Io,
        Library::Os,
        Library::Coroutine,
        Library::Utf8,
        Library::Debug,
    ];
}

/// Opens every library in the globals of `vm`.
pub fn open(vm: &mut Vm) {
    open_libraries(vm, &Library::ALL);
}

/// Opens some libraries in the globals of `vm`.
pub fn open_libraries(vm: &mut Vm, libraries: &[Library]) {
    for library in libraries {
        let open = match library {
            Library::Package => package::open,
            Library::FileSystem => lfs::open,
            Library::Base => base::open,
            Library::String => string::open,
            Library::Table => table::open,
            Library::Math => math::open,
            Library::Io => io::open,
            Library::Os => os::open,
            Library::Coroutine => coroutine::open,
            Library::Utf8 => utf8::open,
            Library::Debug => debug::open,
        };
        open(vm);
    }
}

/// Makes a table of natives, a global and a loaded module.
fn library(vm: &mut Vm, name: &'static str, functions: &[(&'static str, NativeFn)]) -> Gc<Table> {
    let table = vm.heap.table_with_capacity(0, functions.len());
    vm.set_functions(table, functions);
    intrinsics::attach(vm, name, table);
    vm.set_field(vm.globals, name, table);
    let loaded = registry_table(vm, package::LOADED);
    vm.set_field(loaded, name, table);
    table
}

/// The table of an open library.
fn library_table(vm: &mut Vm, name: &str) -> Gc<Table> {
    let loaded = registry_table(vm, package::LOADED);
    let key = vm.heap.string(name.as_bytes());
    loaded.get_str(key).as_table().expect("the library has been opened")
}

/// The table in the registry under `name`, made when it is not there.
fn registry_table(vm: &mut Vm, name: &str) -> Gc<Table> {
    let key = vm.heap.string(name.as_bytes());
    if let Some(table) = vm.registry.get_str(key).as_table() {
        return table;
    }
    let table = vm.heap.table();
    vm.set_field(vm.registry, name, table);
    table
}

/// Calls `function` and catches what it throws. The results are read with [`Vm::result`].
///
/// # Errors
/// The error value.
fn try_call(vm: &mut Vm, function: Value, args: &[Value]) -> Result<u32, Value> {
    let (frame, top, depth) = (vm.frame, vm.top, vm.native_depth);
    let nonyieldable = vm.thread.nonyieldable;
    if let Ok(count) = vm.call(function, args) {
        return Ok(count);
    }
    vm.native_depth = depth;
    vm.thread.get_mut().nonyieldable = nonyieldable;
    vm.frame = frame;
    vm.top = vm.error_top.max(top);
    let error = vm.error;
    let error = vm.unwind_to(top, error);
    vm.frame = frame;
    vm.top = top;
    vm.settle_stack_limit();
    Err(error)
}
