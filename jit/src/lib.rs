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

use std::sync::atomic::AtomicBool;

use trinity_vm::{
    function::Proto,
    seam::{Bailout, Compiler, EntryPoint, Frozen, Installed, Product, Refusal, Task, Tier, Workbench},
    value::Value,
    vm::Vm,
};

pub use trinity_templates::abi;

use code::CodeArena;
use codegen::{Codegen, Effort};

/// Both tiers. A code generator is set up for the first function that it compiles: most programs are over before.
#[derive(Default)]
pub struct JitCompiler {
    baseline: Option<Codegen>,
    optimiser: Option<Codegen>,
    /// Optimised functions lie close together: calls between them stay in few pages.
    arena: CodeArena,
}

impl JitCompiler {
    pub fn new() -> JitCompiler {
        JitCompiler::default()
    }
}

fn baseline() -> Result<Codegen, Bailout> {
    let regalloc = match std::env::var("TRINITY_TIER1_REGALLOC").as_deref() {
        Ok("backtracking") => "backtracking",
        _ => "single_pass",
    };
    Codegen::new(Effort { opt_level: "none", regalloc, pinned: true })
}

fn optimiser() -> Result<Codegen, Bailout> {
    Codegen::new(Effort { opt_level: "speed", regalloc: "backtracking", pinned: false })
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
            Tier::Warm => tier1::single_pass::compile(codegen(&mut self.baseline, baseline)?, vm, proto, entry),
            Tier::Hot => {
                let snap = tier2::freeze(vm, proto, entry)?;
                let codegen = codegen(&mut self.optimiser, optimiser)?;
                tier2::optimise(codegen, &snap, &AtomicBool::new(false))?.install(&self.arena, snap.roots())
            }
        }
    }

    fn freeze(&mut self, vm: &Vm, proto: &Proto, tier: Tier, entry: EntryPoint) -> Result<Option<Frozen>, Bailout> {
        // Tier 1's templates look at the function while they are filled in.
        if tier != Tier::Hot {
            return Ok(None);
        }
        let snap = tier2::freeze(vm, proto, entry)?;
        Ok(Some(Frozen { roots: snap.roots(), task: Box::new(Optimisation(snap)) }))
    }

    fn install(&mut self, vm: &Vm, proto: &Proto, product: Product, roots: Vec<Value>) -> Result<Installed, Refusal> {
        let product = product.downcast::<tier2::Optimised>().map_err(|_| Bailout("foreign-product"))?;
        product.check(vm, proto)?;
        Ok(product.install(&self.arena, roots)?)
    }
}

/// A compilation to tier 2, cut off from the heap.
struct Optimisation(tier2::Snapshot);

impl Task for Optimisation {
    fn run(self: Box<Self>, bench: &mut Workbench, cancelled: &AtomicBool) -> Result<Product, Bailout> {
        let generator: &mut Option<Codegen> = bench
            .get_or_insert_with(|| Box::new(None::<Codegen>))
            .downcast_mut()
            .ok_or(Bailout("foreign-workbench"))?;
        let optimised = tier2::optimise(codegen(generator, optimiser)?, &self.0, cancelled)?;
        Ok(Box::new(optimised))
    }
}
