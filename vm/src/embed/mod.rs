//! Embedding: Rust programs that run Lua, without `unsafe`.
//!
//! ```
//! use trinity_vm::embed::{Class, Function, Lua, Result, Table, UserData};
//!
//! struct Account {
//!     balance: i64,
//! }
//!
//! impl UserData for Account {
//!     const NAME: &'static str = "Account";
//!     fn define(class: &mut Class<'_, Self>) {
//!         class.function("new", |_, ()| Ok::<_, String>(Account { balance: 0 }));
//!         class.getter("balance", |_, account| Ok::<_, String>(account.balance));
//!         class.method_mut("deposit", |_, account, amount: i64| {
//!             account.balance = account.balance.checked_add(amount).ok_or("the account is full")?;
//!             Ok::<_, &str>(account.balance)
//!         });
//!     }
//! }
//!
//! # fn main() -> Result<()> {
//! let mut lua = Lua::new();
//! lua.set_global("greeting", "Hello")?;
//! lua.register("shout", |_, text: String| Ok::<_, String>(text.to_uppercase()))?;
//! assert_eq!(lua.eval::<String>("shout(greeting) .. '!'")?, "HELLO!");
//!
//! // Arguments and results convert; several are a tuple.
//! lua.exec("function divide(a, b) return a // b, a % b end")?;
//! let divide: Function = lua.global("divide")?;
//! let (quotient, rest): (i64, i64) = divide.call(&mut lua, (17, 5))?;
//! assert_eq!((quotient, rest), (3, 2));
//!
//! // A handle keeps what it stands for alive until it is dropped.
//! let settings: Table = lua.eval("{ width = 80, names = { 'a', 'b' } }")?;
//! lua.collect_garbage();
//! assert_eq!(settings.get::<Vec<String>>(&mut lua, "names")?, ["a", "b"]);
//!
//! // Rust types are classes of Lua.
//! let class = lua.class::<Account>()?;
//! lua.set_global("Account", class)?;
//! let balance: i64 = lua.load("local a = Account.new(); a:deposit(30); return a.balance + ...").call(12)?;
//! assert_eq!(balance, 42);
//!
//! // What Lua throws is an error with message and traceback.
//! let error = lua.load("local t = nil; return t.x").name("=config").exec().unwrap_err();
//! assert_eq!(error.to_string(), "config:1: attempt to index a nil value (local 't')");
//! # Ok(())
//! # }
//! ```
//!
//! # Parts
//!
//! [`Lua`] owns a virtual machine and dereferences to [`Context`], which has what one can do with it. [`Value`],
//! [`Table`], [`Function`], [`LuaString`], [`Thread`] and [`AnyUserData`] are values of Lua. [`IntoLua`], [`FromLua`]
//! and their `Multi` forms convert; implement them for types of your own. [`UserData`] gives Rust types to Lua.
//!
//! # Why this is safe
//!
//! *Aliasing.* Everything that may run Lua or change its heap takes `&mut Context`, and there is one exclusive borrow
//! of a VM at a time. When Lua calls a Rust function, that borrow is the one that the Rust program lent to the call it
//! is waiting for, handed on through the VM: a reborrow, which ends when the function returns. A closure that Lua
//! keeps is `'static`, so it cannot hold the borrow in another way; if it owns the [`Lua`] through `Rc<RefCell<_>>`,
//! it finds it borrowed. A `Context` exists behind references only and has no size, so two VMs cannot be swapped from
//! within a call.
//!
//! *Lifetimes.* The collector runs only where Lua runs and where the heap grows through this interface. What Rust code
//! holds across that is a handle: an index into a table of roots that the collector marks, given back on drop. A
//! handle shares ownership of that table, so it may outlive the VM, when it is good for nothing but to be dropped. Each
//! use compares the table with the one of the VM in hand: a handle of another VM is [`Error::ForeignHandle`].
//! References into the heap ([`LuaString::bytes`]) borrow both handle and `Context`. Closures and userdata lie behind
//! `Rc`, of which a call holds one, so they live as long as they run.
//!
//! *Unwinding.* A panic in a Rust function is caught where Lua called it, crosses Lua as an error (with its message, for
//! `pcall` to catch), and goes on unwinding in the Rust code that called Lua if nothing caught it. A panic of a destructor
//! that the collector runs is reported by the panic hook and goes no further.
//!
//! *Threads.* A VM and its handles stay on the thread where they were made:
//!
//! ```compile_fail
//! fn send(_: impl Send) {}
//! send(trinity_vm::embed::Lua::new());
//! ```
//!
//! What remains unsafe is [`Context::vm_mut`], which opens the machine below.

mod call;
mod context;
mod convert;
mod error;
mod handles;
mod load;
mod roots;
mod userdata;
mod value;

use std::{
    any::TypeId,
    collections::HashMap,
    ops::{Deref, DerefMut},
};

pub use context::Context;
pub use convert::{Bytes, FromLua, FromLuaMulti, IntoLua, IntoLuaMulti, Variadic};
pub use error::{Error, Result, RuntimeError};
pub use handles::{AnyUserData, Function, LuaString, Status, Table, Thread};
pub use load::Chunk;
pub use userdata::{Class, UserData};
pub use value::{Value, Values};

use crate::{
    clock::Clock,
    heap::GcStress,
    native_stack,
    seam::{Compiler, EventSink, Policy},
    stdlib::{self, Library},
    vm::{Vm, VmOptions},
};

/// What this interface keeps in a VM.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) roots: roots::Roots,
    /// The last error of a Rust function, with the Lua value that was thrown for it.
    thrown: Option<(roots::Root, call::Thrown)>,
    classes: HashMap<TypeId, userdata::ClassTables>,
}

/// A virtual machine. See the [module](self).
pub struct Lua {
    vm: Box<Vm>,
}

impl Lua {
    /// A VM with the whole standard library.
    #[expect(clippy::new_without_default, reason = "a VM is no plain value")]
    pub fn new() -> Lua {
        Builder::default().build()
    }

    /// A VM with options.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Deref for Lua {
    type Target = Context;
    fn deref(&self) -> &Context {
        Context::of_ref(&self.vm)
    }
}

impl DerefMut for Lua {
    fn deref_mut(&mut self) -> &mut Context {
        Context::of(&mut self.vm)
    }
}

/// Runs what Lua still has to finalize, and flushes its files.
impl Drop for Lua {
    fn drop(&mut self) {
        self.vm.close_state();
        stdlib::io::flush(&mut self.vm);
    }
}

/// How a VM is made.
#[must_use]
#[derive(Default)]
pub struct Builder {
    options: Option<VmOptions>,
    libraries: Option<Vec<Library>>,
    sandbox: bool,
    memory_limit: Option<usize>,
    code_limit: Option<u64>,
    fuel: Option<u64>,
    hash_seed: Option<u32>,
    clock: Clock,
    seed: u64,
    stress: bool,
    compiler: Option<Box<dyn Compiler>>,
    compiler_threads: u32,
    policy: Option<Box<dyn Policy>>,
    sink: Option<Box<dyn EventSink>>,
}

/// Native stack that compiled code leaves to Rust functions and to the VM itself, in bytes.
const STACK_RESERVE: usize = 512 << 10;

impl Builder {
    /// The libraries to open, instead of all.
    pub fn libraries(mut self, libraries: &[Library]) -> Self {
        self.libraries = Some(libraries.to_vec());
        self
    }

    /// Only what a program that is not trusted may have, instead of [`Builder::libraries`]: see
    /// [`stdlib::open_sandboxed`]. [`Builder::fuel`] and [`Builder::memory_limit`] bound what it takes.
    pub fn sandbox(mut self) -> Self {
        self.sandbox = true;
        self
    }

    /// Most bytes that Lua may use; beyond, it throws `not enough memory`.
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.memory_limit = Some(bytes);
        self
    }

    /// Most bytes that compiled code may take, instead of 256 MB; beyond, what has not been used lately goes back to the
    /// interpreter.
    pub fn code_limit(mut self, bytes: u64) -> Self {
        self.code_limit = Some(bytes);
        self
    }

    /// Ticks (executed instructions, and comparable work of library functions) after which Lua is stopped by an error
    /// that it cannot catch. Code that is rationed is interpreted.
    pub fn fuel(mut self, ticks: u64) -> Self {
        self.fuel = Some(ticks);
        self
    }

    /// Seed of the hash of strings. With the same seed the VM behaves the same in each run, which is the default.
    pub fn hash_seed(mut self, seed: u32) -> Self {
        self.hash_seed = Some(seed);
        self
    }

    /// What time is, to programs, policies and records. Under the virtual clock a run follows from what it is given, if
    /// [`Builder::native_stack`] is as large as [`Clock::Virtual`] says.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Seed of `math.random`, and under the virtual clock of `math.randomseed()`.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Native stack that compiled code may use, in bytes, counted from where the VM is made. The default is what
    /// the present thread has left, less half a mebibyte. (Interpreted code needs none.)
    pub fn native_stack(mut self, bytes: usize) -> Self {
        self.options = Some(VmOptions { native_stack: bytes, ..VmOptions::default() });
        self
    }

    /// Collects garbage at every opportunity, which is slow and shows values that nothing keeps alive.
    pub fn collect_always(mut self) -> Self {
        self.stress = true;
        self
    }

    /// What compiles; without, everything is interpreted.
    pub fn compiler(mut self, compiler: Box<dyn Compiler>) -> Self {
        self.compiler = Some(compiler);
        self
    }

    /// How many threads may compile beside the one that runs Lua; see
    /// [`set_compiler_threads`](crate::controller::Controller::set_compiler_threads).
    pub fn compiler_threads(mut self, threads: u32) -> Self {
        self.compiler_threads = threads;
        self
    }

    /// Who decides what is compiled.
    pub fn policy(mut self, policy: Box<dyn Policy>) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Who is told about it.
    pub fn event_sink(mut self, sink: Box<dyn EventSink>) -> Self {
        self.sink = Some(sink);
        self
    }

    pub fn build(self) -> Lua {
        let mut options = self.options.unwrap_or_else(|| VmOptions {
            native_stack: native_stack::bytes_left().saturating_sub(STACK_RESERVE),
            ..VmOptions::default()
        });
        options.memory_limit = self.memory_limit;
        options.fuel = self.fuel;
        options.compiler_threads = self.compiler_threads;
        options.clock = self.clock;
        options.seed = self.seed;
        options.hash_seed = self.hash_seed.unwrap_or(options.hash_seed);
        let mut vm = Vm::new(&options);
        match &self.libraries {
            _ if self.sandbox => stdlib::open_sandboxed(&mut vm),
            Some(libraries) => stdlib::open_libraries(&mut vm, libraries),
            None => stdlib::open(&mut vm),
        }
        if self.stress {
            vm.heap.set_stress(GcStress::Full);
        }
        if let Some(bytes) = self.code_limit {
            vm.controller.set_code_limit(bytes);
        }
        if let Some(compiler) = self.compiler {
            vm.controller.set_compiler(compiler);
        }
        if let Some(policy) = self.policy {
            vm.controller.set_policy(policy);
        }
        if let Some(sink) = self.sink {
            vm.controller.set_sink(sink);
        }
        Lua { vm }
    }
}
