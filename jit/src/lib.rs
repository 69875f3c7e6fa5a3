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

use codegen::{CodeMemory, Codegen, Effort};

/// Both tiers. A code generator is set up for the first function that it compiles: most programs are over before.
#[derive(Default)]
pub struct JitCompiler {
    form: Tier1Form,
    #[cfg(stencils)]
    stitcher: Option<tier1::stitch::Stitcher>,
    baseline: Option<Codegen>,
    optimiser: Option<Codegen>,
}

/// How tier 1 makes its code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tier1Form {
    /// From stencils, where the machine has them.
    #[default]
    Stencils,
    /// By Cranelift's single-pass allocator.
    SinglePass,
}

impl JitCompiler {
    pub fn new() -> JitCompiler {
        let form = match std::env::var("TRINITY_TIER1").as_deref() {
            Ok("single-pass") => Tier1Form::SinglePass,
            _ => Tier1Form::Stencils,
        };
        JitCompiler { form, ..JitCompiler::default() }
    }

    fn compile_warm(&mut self, vm: &Vm, proto: &Proto, entry: EntryPoint) -> Result<Installed, Bailout> {
        #[cfg(stencils)]
        if self.form == Tier1Form::Stencils {
            if self.stitcher.is_none() {
                self.stitcher = tier1::stitch::Stitcher::new(vm);
            }
            if let Some(stitcher) = &mut self.stitcher {
                return stitcher.compile(vm, proto, entry);
            }
        }
        tier1::single_pass::compile(codegen(&mut self.baseline, baseline)?, vm, proto, entry)
    }
}

fn baseline() -> Result<Codegen, Bailout> {
    let regalloc = match std::env::var("TRINITY_TIER1_REGALLOC").as_deref() {
        Ok("backtracking") => "backtracking",
        _ => "single_pass",
    };
    Codegen::new(Effort { opt_level: "none", regalloc, pinned: true, memory: CodeMemory::Modules })
}

fn optimiser() -> Result<Codegen, Bailout> {
    Codegen::new(Effort { opt_level: "speed", regalloc: "backtracking", pinned: false, memory: CodeMemory::Arena })
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
        match tier {
            Tier::Cold => Err(Bailout("cold")),
            Tier::Warm => self.compile_warm(vm, proto, entry),
            Tier::Hot => tier2::compile(codegen(&mut self.optimiser, optimiser)?, vm, proto, entry),
        }
    }
}
