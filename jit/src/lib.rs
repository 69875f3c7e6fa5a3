//! The two compilers behind `trinity_vm`'s compiler seam, both on Cranelift.
//!
//! Tier 1 ([`tier1`]) turns each bytecode into a template that works on the Lua frame in memory; tier 2 speculates.
//! They share the linkage ([`abi`]), the runtime helpers that generated code calls ([`helpers`]), and code memory
//! ([`code`]). See ARCHITECTURE.md, "Linkage".

pub mod abi;
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

use codegen::{CodeMemory, Codegen, Effort};

/// Both tiers.
pub struct JitCompiler {
    baseline: Codegen,
    optimiser: Codegen,
}

impl JitCompiler {
    /// # Errors
    /// Cranelift does not support the host.
    pub fn new() -> Result<JitCompiler, String> {
        let regalloc = match std::env::var("TRINITY_TIER1_REGALLOC").as_deref() {
            Ok("backtracking") => "backtracking",
            _ => "single_pass",
        };
        Ok(JitCompiler {
            baseline: Codegen::new(Effort { opt_level: "none", regalloc, pinned: true, memory: CodeMemory::Modules })?,
            optimiser: Codegen::new(Effort {
                opt_level: "speed",
                regalloc: "backtracking",
                pinned: false,
                memory: CodeMemory::Arena,
            })?,
        })
    }
}

impl Compiler for JitCompiler {
    fn compile(&mut self, vm: &Vm, proto: &Proto, tier: Tier, entry: EntryPoint) -> Result<Installed, Bailout> {
        match tier {
            Tier::Cold => Err(Bailout("cold")),
            Tier::Warm => tier1::compile(&mut self.baseline, vm, proto, entry),
            Tier::Hot => tier2::compile(&mut self.optimiser, vm, proto, entry),
        }
    }
}
