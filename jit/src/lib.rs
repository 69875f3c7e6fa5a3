//! The two compilers behind `trinity_vm`'s compiler seam, both on Cranelift.
//!
//! Tier 1 ([`tier1`]) turns each bytecode into a template that works on the Lua frame in memory; tier 2 speculates.
//! They share the linkage ([`abi`]), the runtime helpers that generated code calls ([`helpers`]), and code memory
//! ([`code`]). See ARCHITECTURE.md, "Linkage".

pub mod code;
pub mod codegen;
pub mod helpers;
pub mod module;
pub mod tier1;
pub mod tier2;

use trinity_vm::{
    function::Proto,
    seam::{Bailout, Compiler, EntryPoint, Installed, Tier},
    vm::Vm,
};

pub use trinity_templates::abi;

use code::CodeArena;
use codegen::{CodeMemory, Codegen, Effort};

/// Both tiers. A code generator is set up for the first function that it compiles: most programs are over before.
#[derive(Default)]
pub struct JitCompiler {
    baseline: Option<Codegen>,
    optimiser: Option<Codegen>,
    arena: CodeArena,
}

impl JitCompiler {
    pub fn new() -> JitCompiler {
        JitCompiler::default()
    }
}

fn baseline(arena: &CodeArena) -> Result<Codegen, Bailout> {
    let regalloc = match std::env::var("TRINITY_TIER1_REGALLOC").as_deref() {
        Ok("backtracking") => "backtracking",
        _ => "single_pass",
    };
    Codegen::new(Effort { opt_level: "none", regalloc, pinned: true, memory: CodeMemory::Modules }, arena)
}

fn optimiser(arena: &CodeArena) -> Result<Codegen, Bailout> {
    let memory = CodeMemory::Arena;
    Codegen::new(Effort { opt_level: "speed", regalloc: "backtracking", pinned: false, memory }, arena)
}

/// The code generator in `slot`, made when there is none yet.
fn codegen(
    slot: &mut Option<Codegen>,
    make: impl FnOnce() -> Result<Codegen, Bailout>,
) -> Result<&mut Codegen, Bailout> {
    match slot {
        Some(codegen) => Ok(codegen),
        None => Ok(slot.insert(make()?)),
    }
}

impl Compiler for JitCompiler {
    fn compile(&mut self, vm: &Vm, proto: &Proto, tier: Tier, entry: EntryPoint) -> Result<Installed, Bailout> {
        let arena = &self.arena;
        match tier {
            Tier::Cold => Err(Bailout("cold")),
            Tier::Warm => {
                tier1::single_pass::compile(codegen(&mut self.baseline, || baseline(arena))?, vm, proto, entry)
            }
            Tier::Hot => tier2::compile(codegen(&mut self.optimiser, || optimiser(arena))?, vm, proto, entry),
        }
    }
}
