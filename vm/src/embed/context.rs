//! What a Rust program can do with a VM, from outside of Lua and from within a function that Lua calls.

use super::{
    Error, FromLua, FromLuaMulti, Function, IntoLua, IntoLuaMulti, LuaString, Result, Table, Thread, call, load,
};
use crate::{heap::Gc, value::Value as Raw, vm::Vm};

/// Access to a running VM: what [`Lua`](super::Lua) dereferences to and what Rust functions get from Lua.
///
/// It exists behind a reference only. The slice at its end makes it unsized, so that safe code cannot exchange the
/// contents of two VMs, to which frames and compiled code hold pointers.
#[repr(C)]
pub struct Context {
    pub(crate) vm: Vm,
    unsized_: [()],
}

impl Context {
    pub(crate) fn of(vm: &mut Vm) -> &mut Context {
        let pointer = std::ptr::slice_from_raw_parts_mut(std::ptr::from_mut(vm).cast::<()>(), 0) as *mut Context;
        // SAFETY: `Context` is `repr(C)`: a `Vm` at its start, and nothing more when the slice is empty. The borrow
        // goes on under another type.
        unsafe { &mut *pointer }
    }

    pub(crate) fn of_ref(vm: &Vm) -> &Context {
        let pointer = std::ptr::slice_from_raw_parts(std::ptr::from_ref(vm).cast::<()>(), 0) as *const Context;
        // SAFETY: as in `of`.
        unsafe { &*pointer }
    }

    /// The machine below this interface.
    ///
    /// # Safety
    /// The rules of [`crate::native`] and [`crate::heap`] are the caller's to keep: above all, an object that no root
    /// holds is gone after the next call into Lua. The VM must stay where it is.
    pub unsafe fn vm_mut(&mut self) -> &mut Vm {
        &mut self.vm
    }

    /// The table of global variables.
    pub fn globals(&self) -> Table {
        Table(self.root(self.vm.globals))
    }

    /// The global variable `name`; metamethods of the globals are heeded.
    ///
    /// # Errors
    /// The value does not convert.
    pub fn global<V: FromLua>(&mut self, name: &str) -> Result<V> {
        self.globals().get(self, name)
    }

    /// Sets the global variable `name`.
    ///
    /// # Errors
    /// The value does not convert.
    pub fn set_global(&mut self, name: &str, value: impl IntoLua) -> Result<()> {
        self.globals().set(self, name, value)
    }

    /// A chunk of Lua text, to be named, run or made a function.
    pub fn load<'a>(&'a mut self, source: &'a (impl AsRef<[u8]> + ?Sized)) -> load::Chunk<'a> {
        load::Chunk::new(self, source.as_ref())
    }

    /// Runs a chunk.
    ///
    /// # Errors
    /// It does not compile, or throws.
    pub fn exec(&mut self, source: impl AsRef<[u8]>) -> Result<()> {
        self.load(source.as_ref()).exec()
    }

    /// The value of an expression, or what a chunk returns.
    ///
    /// # Errors
    /// It does not compile, or throws, or its results do not convert.
    pub fn eval<R: FromLuaMulti>(&mut self, source: impl AsRef<[u8]>) -> Result<R> {
        self.load(source.as_ref()).eval()
    }

    /// A Lua string of any bytes.
    pub fn create_string(&mut self, bytes: impl AsRef<[u8]>) -> LuaString {
        self.safepoint();
        let string = self.vm.heap.string(bytes.as_ref());
        LuaString(self.root(string))
    }

    /// An empty table.
    pub fn create_table(&mut self) -> Table {
        self.create_table_with_capacity(0, 0)
    }

    /// An empty table with room for `items` list items and `fields` named fields.
    pub fn create_table_with_capacity(&mut self, items: usize, fields: usize) -> Table {
        self.safepoint();
        let table = self.vm.heap.table_with_capacity(items.min(1 << 20), fields);
        Table(self.root(table))
    }

    /// A Lua function from a Rust function, which gets its arguments converted and says what it returns. `()` stands
    /// for none, a tuple for several.
    ///
    /// An `Err` is thrown in Lua. So is a panic; where no `pcall` catches it, it goes on in the Rust code that called
    /// Lua.
    ///
    /// What the closure captures is dropped when Lua's collector finds the function unreachable. A handle is a root:
    /// a closure that captures a handle to something that leads back to the closure lives until the VM is dropped.
    pub fn function<A, R, E>(&mut self, function: impl Fn(&mut Context, A) -> Result<R, E> + 'static) -> Function
    where
        A: FromLuaMulti,
        R: IntoLuaMulti,
        E: Into<Error>,
    {
        self.safepoint();
        let native = call::native(&mut self.vm, move |lua, values| {
            let arguments = A::from_lua_multi(values, lua)?;
            let mut results = Vec::new();
            function(lua, arguments).map_err(Into::into)?.into_lua_multi(lua, &mut results)?;
            Ok(results)
        });
        Function(self.root(native))
    }

    /// As [`Context::function`], of a function that changes what it captures. It cannot be called while it runs:
    /// that throws [`Error::Borrowed`] in Lua.
    pub fn function_mut<A, R, E>(&mut self, function: impl FnMut(&mut Context, A) -> Result<R, E> + 'static) -> Function
    where
        A: FromLuaMulti,
        R: IntoLuaMulti,
        E: Into<Error>,
    {
        let function = std::cell::RefCell::new(function);
        self.function(move |lua, arguments: A| {
            let mut function = function.try_borrow_mut().map_err(|_| Error::Borrowed("function"))?;
            function(lua, arguments).map_err(Into::into)
        })
    }

    /// Sets a global to a Rust function; see [`Context::function`].
    ///
    /// # Errors
    /// A metamethod of the globals throws.
    pub fn register<A, R, E>(
        &mut self,
        name: &str,
        function: impl Fn(&mut Context, A) -> Result<R, E> + 'static,
    ) -> Result<()>
    where
        A: FromLuaMulti,
        R: IntoLuaMulti,
        E: Into<Error>,
    {
        let function = self.function(function);
        self.set_global(name, function)
    }

    /// A suspended coroutine that will run `function`.
    ///
    /// # Errors
    /// [`Error::ForeignHandle`].
    pub fn create_thread(&mut self, function: &Function) -> Result<Thread> {
        self.safepoint();
        let function = function.0.value(&self.vm)?;
        let thread = self.vm.new_thread(function);
        Ok(Thread(self.root(thread)))
    }

    /// Bytes that Lua uses.
    pub fn memory_used(&self) -> usize {
        self.vm.heap.bytes
    }

    /// A full garbage collection, finalizers included.
    pub fn collect_garbage(&mut self) {
        self.vm.full_collect();
    }

    /// Collects if it is due. No object without a root may be held across.
    pub(crate) fn safepoint(&mut self) {
        if self.vm.heap.bytes >= self.vm.heap.threshold {
            let top = self.vm.top;
            // Where memory is short, the next poll of a Lua program says so.
            let _ = self.vm.poll_slow(top);
        }
    }

    pub(crate) fn root(&self, value: impl Into<Raw>) -> super::roots::Root {
        self.vm.embed.roots.add(value.into())
    }

    pub(crate) fn table(&self, table: &Table) -> Result<Gc<crate::table::Table>> {
        table.0.value(&self.vm)?.as_table().ok_or(Error::ForeignHandle)
    }
}
