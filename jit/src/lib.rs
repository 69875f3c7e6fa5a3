//! The two compilers behind `trinity_vm`'s compiler seam, both on Cranelift.
//!
//! Tier 1 ([`tier1`]) strings templates together that work on the Lua frame in memory; tier 2 speculates.
//! They share the linkage ([`abi`]), the runtime helpers that generated code calls ([`helpers`]), and code memory
//! ([`code`]). See ARCHITECTURE.md, "Linkage".

pub mod code;
pub mod codegen;
pub mod helpers;
pub mod module;
pub mod tier1;
pub mod tier2;

use std::{
    str::FromStr,
    sync::{Arc, atomic::AtomicBool},
};

use trinity_vm::{
    function::Proto,
    seam::{Bailout, Compiler, EntryPoint, Frozen, Installed, Product, Refusal, Task, Tier, Workbench},
    value::Value,
    vm::Vm,
};

pub use trinity_templates::abi;

use code::CodeArena;
use codegen::{Codegen, Effort};

/// Both tiers.
#[derive(Default)]
pub struct JitCompiler {
    form: Tier1Form,
    #[cfg(stencils)]
    stitcher: Option<tier1::stitch::Stitcher>,
    generators: Generators,
    /// Optimised functions lie close together: calls between them stay in few pages.
    arena: CodeArena,
    forced_exits: Option<Arc<tier2::ForcedExits>>,
    snapshots: Option<Arc<tier2::SnapshotFolder>>,
}

/// The code generators of one thread. Each is set up for the first function that it compiles: most programs are over
/// before.
#[derive(Default)]
struct Generators {
    baseline: Option<Codegen>,
    optimiser: Option<Codegen>,
}

/// How tier 1 makes its code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tier1Form {
    /// From stencils, where the machine has them.
    #[default]
    Stencils,
    /// From stencils that count neither calls nor back-edges: what is in tier 1 stays there.
    Uncounted,
    /// By Cranelift's single-pass allocator.
    SinglePass,
}

impl Tier1Form {
    pub const ALL: [Tier1Form; 3] = [Self::Stencils, Self::Uncounted, Self::SinglePass];

    pub fn name(self) -> &'static str {
        match self {
            Self::Stencils => "stencils",
            Self::Uncounted => "uncounted",
            Self::SinglePass => "single-pass",
        }
    }
}

impl FromStr for Tier1Form {
    type Err = String;

    fn from_str(name: &str) -> Result<Tier1Form, String> {
        let names = Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|form| form.name() == name);
        found.ok_or_else(|| format!("`{name}` is no form of tier 1; there are {names}"))
    }
}

impl JitCompiler {
    pub fn new() -> JitCompiler {
        JitCompiler::default()
    }

    /// A compiler whose tier 1 is of this form.
    pub fn with_form(form: Tier1Form) -> JitCompiler {
        JitCompiler { form, ..JitCompiler::default() }
    }

    /// Makes guards of code that is optimised from now on take their exits although they hold; for tests.
    pub fn force_exits(&mut self, exits: tier2::ForcedExits) {
        self.forced_exits = Some(Arc::new(exits));
    }

    /// Keeps each compilation in tier 2 as a file from now on.
    pub fn keep_snapshots(&mut self, folder: Arc<tier2::SnapshotFolder>) {
        self.snapshots = Some(folder);
    }

    fn snapshot(&self, vm: &Vm, proto: &Proto, tier: Tier, entry: EntryPoint) -> Result<Snapshot, Bailout> {
        let mut snapshot = Snapshot::take(vm, proto, tier, entry)?;
        if let Snapshot::Optimised(snapshot) = &mut snapshot {
            snapshot.forced_exits.clone_from(&self.forced_exits);
            snapshot.keep.clone_from(&self.snapshots);
        }
        Ok(snapshot)
    }

    /// Tier 1 from stencils; `None` where there are none, or another form has been asked for.
    #[cfg(stencils)]
    fn stitch(&mut self, vm: &Vm, proto: &Proto, entry: EntryPoint) -> Option<Result<Installed, Bailout>> {
        if self.form == Tier1Form::SinglePass {
            return None;
        }
        if self.stitcher.is_none() {
            self.stitcher = tier1::stitch::Stitcher::new(vm, self.form != Tier1Form::Uncounted);
        }
        let stitcher = self.stitcher.as_mut()?;
        Some(stitcher.compile(&self.arena, vm, proto, entry))
    }

    #[cfg(not(stencils))]
    fn stitch(&mut self, _: &Vm, _: &Proto, _: EntryPoint) -> Option<Result<Installed, Bailout>> {
        None
    }
}

/// The code that tier 1 makes of a function with the feedback that there is, as text.
///
/// # Errors
/// There are no stencils on this machine.
pub fn tier1_listing(vm: &Vm, proto: &Proto) -> Result<String, Bailout> {
    #[cfg(stencils)]
    return tier1::listing::listing(vm, proto, EntryPoint::Call);
    #[cfg(not(stencils))]
    Err(Bailout("no-stencils"))
}

/// Machine code as text.
pub fn disassemble(code: &[u8]) -> String {
    #[cfg(stencils)]
    return tier1::listing::disassemble(code);
    #[cfg(not(stencils))]
    code.chunks(16).map(|line| format!("      {line:02x?}\n")).collect()
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
        if tier == Tier::Warm
            && let Some(outcome) = self.stitch(vm, proto, entry)
        {
            return outcome;
        }
        let snapshot = self.snapshot(vm, proto, tier, entry)?;
        let roots = snapshot.roots();
        snapshot.generate(&mut self.generators, &AtomicBool::new(false))?.install(&self.arena, roots)
    }

    fn freeze(&mut self, vm: &Vm, proto: &Proto, tier: Tier, entry: EntryPoint) -> Result<Option<Frozen>, Bailout> {
        // Copying and patching takes less time than a queue.
        if tier == Tier::Warm && self.form != Tier1Form::SinglePass && cfg!(stencils) {
            return Ok(None);
        }
        let snapshot = self.snapshot(vm, proto, tier, entry)?;
        Ok(Some(Frozen { roots: snapshot.roots(), task: Box::new(snapshot) }))
    }

    fn install(&mut self, vm: &Vm, proto: &Proto, product: Product, roots: Vec<Value>) -> Result<Installed, Refusal> {
        let code = product.downcast::<Code>().map_err(|_| Bailout("foreign-product"))?;
        if let Code::Optimised(code) = &*code {
            code.check(vm, proto)?;
        }
        Ok(code.install(&self.arena, roots)?)
    }
}

/// A compilation, cut off from the heap.
enum Snapshot {
    Baseline(Box<tier1::single_pass::Snapshot>),
    Optimised(Box<tier2::Snapshot>),
}

/// What becomes of a [`Snapshot`].
enum Code {
    Baseline(tier1::single_pass::Compiled),
    Optimised(tier2::Optimised),
}

impl Snapshot {
    fn take(vm: &Vm, proto: &Proto, tier: Tier, entry: EntryPoint) -> Result<Snapshot, Bailout> {
        match tier {
            Tier::Cold => Err(Bailout("cold")),
            Tier::Warm => tier1::single_pass::freeze(vm, proto, entry).map(Box::new).map(Snapshot::Baseline),
            Tier::Hot => tier2::freeze(vm, proto, entry).map(Box::new).map(Snapshot::Optimised),
        }
    }

    fn roots(&self) -> Vec<Value> {
        match self {
            Snapshot::Baseline(snap) => snap.roots(),
            Snapshot::Optimised(snap) => snap.roots(),
        }
    }

    fn generate(&self, generators: &mut Generators, cancelled: &AtomicBool) -> Result<Code, Bailout> {
        Ok(match self {
            Snapshot::Baseline(snap) => {
                let codegen = codegen(&mut generators.baseline, baseline)?;
                Code::Baseline(tier1::single_pass::generate(codegen, snap, cancelled)?)
            }
            Snapshot::Optimised(snap) => {
                let codegen = codegen(&mut generators.optimiser, optimiser)?;
                Code::Optimised(tier2::optimise(codegen, snap, cancelled)?)
            }
        })
    }
}

impl Code {
    fn install(self, arena: &CodeArena, roots: Vec<Value>) -> Result<Installed, Bailout> {
        match self {
            Code::Baseline(code) => code.install(roots),
            Code::Optimised(code) => code.install(arena, roots),
        }
    }
}

impl Task for Snapshot {
    fn run(self: Box<Self>, bench: &mut Workbench, cancelled: &AtomicBool) -> Result<Product, Bailout> {
        let generators: &mut Generators = bench
            .get_or_insert_with(|| Box::<Generators>::default())
            .downcast_mut()
            .ok_or(Bailout("foreign-workbench"))?;
        Ok(Box::new(self.generate(generators, cancelled)?))
    }
}
