//! The compiler seam.

use std::any::Any;

use super::Tier;
use crate::{function::Proto, value::Value, vm::Vm};

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
    /// Which of the compiler's ways made it, by a stable name.
    pub form: &'static str,
    pub code_bytes: u32,
    /// What it takes of code memory, rounding included.
    pub memory_bytes: u32,
    pub ir_insts: u32,
    pub phases: PhaseTimes,
    /// Heap objects that the code refers to by address. A shape or prototype is passed under any heap tag.
    pub roots: Vec<Value>,
    /// Keeps the code's pages mapped; dropped when no activation runs it any more.
    pub owner: Box<dyn Any>,
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

/// Turns bytecode and feedback into native code.
pub trait Compiler {
    /// Compiles `proto`. Reads the heap, never changes it.
    ///
    /// # Errors
    /// A [`Bailout`] names what the compiler cannot do; the controller then rules the action out for this function,
    /// unless it [is transient](Bailout::is_transient).
    fn compile(&mut self, vm: &Vm, proto: &Proto, tier: Tier, entry: EntryPoint) -> Result<Installed, Bailout>;
}
