//! The compiler seam.

use std::{any::Any, rc::Rc, sync::atomic::AtomicBool};

use super::Tier;
use crate::{controller::Knowledge, function::Proto, value::Value, vm::Vm};

/// Where compiled code begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryPoint {
    /// At a call.
    Call,
    /// At the header of a loop (index in `FnUnit::loops`), taking over a running activation.
    Loop(u32),
}

/// Duration of the phases of a compilation by the clock, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhaseTimes {
    /// Bytecode and feedback to the compiler's own IR, passes included.
    pub build_ns: u64,
    /// CLIF construction.
    pub lower_ns: u64,
    /// Cranelift.
    pub codegen_ns: u64,
    /// Relocation and installation.
    pub install_ns: u64,
}

/// Code that is ready to run.
#[derive(Debug)]
pub struct Installed {
    /// Address of a function with the universal entry's signature (see `frame`).
    pub entry: *const u8,
    /// Where its code begins, `code_bytes` long.
    pub start: *const u8,
    /// Which of the compiler's ways made it, by a stable name.
    pub form: &'static str,
    pub code_bytes: u32,
    /// What it takes of code memory, rounding included.
    pub memory_bytes: u32,
    pub ir_insts: u32,
    pub phases: PhaseTimes,
    /// Heap objects that the code refers to by address. A shape or prototype is passed under any heap tag.
    pub roots: Vec<Value>,
    /// What feedback knew, if making it again costs so little that it is made again when there is more.
    pub knowledge: Option<Knowledge>,
    /// Other ways into the same code, `entry`'s included; empty when that is the only one.
    pub entries: Rc<[(EntryPoint, *const u8)]>,
    /// Keeps the code's pages mapped; dropped when no activation runs it any more.
    pub owner: Rc<dyn Any>,
}

impl Installed {
    /// The same code, entered at `point`, if there is a way in.
    pub fn entered_at(&self, point: EntryPoint) -> Option<Installed> {
        let (_, entry) = *self.entries.iter().find(|(there, _)| *there == point)?;
        Some(Installed {
            entry,
            roots: self.roots.clone(),
            entries: Rc::clone(&self.entries),
            owner: Rc::clone(&self.owner),
            ..*self
        })
    }
}

/// Why a compiler declined. Names are stable: they appear in the data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bailout(pub &'static str);

impl Bailout {
    /// The system gives no memory for code.
    pub const CODE_MEMORY: Bailout = Bailout("code-memory");
    /// The limit on code memory leaves no room, although what could be evicted has been.
    pub const CODE_LIMIT: Bailout = Bailout("code-limit");

    /// Whether trying again later may succeed; otherwise the compiler will decline the function whenever it is asked.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::CODE_MEMORY | Self::CODE_LIMIT)
    }
}

/// A compilation whose inputs have been frozen: it can be done on any thread, at any time, and reads nothing of the heap.
pub trait Task: Send {
    /// Does the work. When `cancelled` becomes true nobody wants the result any more, and the task may end early with any
    /// bail-out.
    ///
    /// # Errors
    /// As [`Compiler::compile`].
    fn run(self: Box<Self>, bench: &mut Workbench, cancelled: &AtomicBool) -> Result<Product, Bailout>;
}

/// What a compiler's tasks leave on their thread for those that come after; empty when the thread starts.
pub type Workbench = Option<Box<dyn Any>>;

/// Finished code on its way back to the thread that runs Lua.
pub type Product = Box<dyn Any + Send>;

/// What [`Compiler::freeze`] makes.
pub struct Frozen {
    /// Heap objects that the code will refer to by address: kept alive until the code is installed or dropped.
    pub roots: Vec<Value>,
    pub task: Box<dyn Task>,
}

/// Why finished code was not installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// What it speculates on is known to be wrong by now.
    Stale {
        reason: &'static str,
        /// Pcs and reasons of the speculations that would have failed.
        in_vain: Vec<(u32, &'static str)>,
    },
    Bailout(Bailout),
}

impl From<Bailout> for Refusal {
    fn from(bailout: Bailout) -> Self {
        Self::Bailout(bailout)
    }
}

/// Turns bytecode and feedback into native code, at once ([`Compiler::compile`]) or in three steps: freeze here, work
/// elsewhere ([`Task::run`]), install here.
pub trait Compiler {
    /// Compiles `proto`. Reads the heap, never changes it.
    ///
    /// # Errors
    /// A [`Bailout`] names what the compiler cannot do; the controller then rules the action out for this function,
    /// unless it [is transient](Bailout::is_transient).
    fn compile(&mut self, vm: &Vm, proto: &Proto, tier: Tier, entry: EntryPoint) -> Result<Installed, Bailout>;

    /// Freezes everything that the compilation depends on; `None` when this tier's compiler has to look at the heap while
    /// it works. For a loop, the frame that runs is at its header.
    ///
    /// # Errors
    /// As [`Compiler::compile`].
    fn freeze(&mut self, _vm: &Vm, _proto: &Proto, _tier: Tier, _entry: EntryPoint) -> Result<Option<Frozen>, Bailout> {
        Ok(None)
    }

    /// Makes a finished task's code ready to run, unless what has happened since it was frozen makes it useless. `proto`
    /// and `roots` are those of the freezing.
    ///
    /// # Errors
    /// A [`Refusal`].
    fn install(
        &mut self,
        _vm: &Vm,
        _proto: &Proto,
        _product: Product,
        _roots: Vec<Value>,
    ) -> Result<Installed, Refusal> {
        Err(Refusal::Bailout(Bailout("not-frozen")))
    }
}
