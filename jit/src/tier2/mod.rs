//! Tier 2: the speculative optimiser.
//!
//! [`snapshot`] freezes what a compilation depends on; [`build`] turns bytecode into [`ir`] in one pass, with guards
//! where it speculates; [`passes`] clean up; [`lower`] hands the result to Cranelift at `opt_level=speed`. A guard that
//! fails leaves through a side exit ([`exits`], [`runtime`]) into the interpreter, and the place is remembered: the next
//! compilation does not speculate there.
//!
//! [`freeze`] and [`Optimised::install`] belong to the thread that runs Lua; [`optimise`], between them, to any.

mod arith;
mod build;
mod calls;
mod cfg;
mod compare;
mod exits;
pub mod ir;
mod liveness;
mod lower;
mod ops;
mod passes;
mod runtime;
mod snapshot;
mod state;
mod stored;
mod tables;
mod validate;

use std::{
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use trinity_vm::{
    bytecode::Op,
    function::Proto,
    seam::{Bailout, EntryPoint, Installed, PhaseTimes, Refusal},
    value::Value,
    vm::Vm,
};

use crate::{
    code::CodeArena,
    codegen::{Codegen, MachineCode},
};
use exits::ExitInfo;
pub use exits::ForcedExits;
use lower::Places;
use snapshot::CacheView;
pub use snapshot::Snapshot;
pub use stored::{SnapshotFolder, Stored};

/// Most bytecode words of a function that is optimised.
const MAX_WORDS: usize = 4_000;

/// What the optimiser has made of a snapshot.
pub struct Optimised {
    code: MachineCode,
    /// The code's exit stubs name these records by address.
    exits: Box<[ExitInfo]>,
    /// So do its guards.
    forced_exits: Option<Arc<ForcedExits>>,
    /// As the snapshot saw them.
    proto_epoch: u32,
    failures: usize,
}

/// The optimiser's IR of a function, as `trinity disasm --tier 2` shows it.
///
/// # Errors
/// Why the optimiser declines.
pub fn ir(vm: &Vm, proto: &Proto, entry: EntryPoint) -> Result<ir::Func, Bailout> {
    build_ir(&freeze(vm, proto, entry)?)
}

fn build_ir(snap: &Snapshot) -> Result<ir::Func, Bailout> {
    let mut func = build::build(snap).map_err(Bailout)?;
    check(&func);
    passes::remove_dead(&mut func);
    check(&func);
    Ok(func)
}

fn check(func: &ir::Func) {
    if (cfg!(debug_assertions) || std::env::var_os("TRINITY_JIT_VERIFY").is_some())
        && let Err(error) = validate::validate(func)
    {
        panic!("optimiser IR: {error}\n{func}");
    }
}

/// Freezes what a compilation depends on.
///
/// # Errors
/// The function is one that the optimiser declines.
pub fn freeze(vm: &Vm, proto: &Proto, entry: EntryPoint) -> Result<Snapshot, Bailout> {
    if proto.code().len() > MAX_WORDS {
        return Err(Bailout("too-large"));
    }
    if entry == EntryPoint::Call && proto.is_vararg {
        return Err(Bailout("vararg"));
    }
    if proto.code().iter().any(|instr| instr.op() == Op::Tbc) {
        return Err(Bailout("to-be-closed"));
    }
    Ok(Snapshot::take(vm, proto, entry))
}

/// Compiles a snapshot. Nothing here depends on anything but the snapshot and the code generator's settings.
///
/// # Errors
/// A bail-out; `cancelled` when that was asked for.
pub fn optimise(codegen: &mut Codegen, snap: &Snapshot, cancelled: &AtomicBool) -> Result<Optimised, Bailout> {
    optimise_at(codegen, snap, None, cancelled)
}

/// [`optimise`] for a process that has what code names at these places; by default this one, where the code can run.
fn optimise_at(
    codegen: &mut Codegen,
    snap: &Snapshot,
    places: Option<Places>,
    cancelled: &AtomicBool,
) -> Result<Optimised, Bailout> {
    let go_on = || if cancelled.load(Ordering::Relaxed) { Err(Bailout("cancelled")) } else { Ok(()) };
    go_on()?;
    let started = std::time::Instant::now();
    let func = build_ir(snap)?;
    let build_ns = started.elapsed().as_nanos() as u64;
    let loop_index = match snap.entry {
        EntryPoint::Call => None,
        EntryPoint::Loop(index) => Some(index as usize),
    };
    let exits: Box<[ExitInfo]> = func
        .exits
        .iter()
        .map(|exit| ExitInfo { proto: snap.proto, loop_index, pc: exit.pc, reason: exit.reason, deopt: exit.deopt })
        .collect();
    let places = places.unwrap_or_else(|| Places::of_this_process(&exits));
    let name = || format!("tier 2 {:?} of function {:016x}", snap.entry, snap.function_id);
    let ((), mut code) = codegen.generate(&name, |clif, context, target| {
        lower::lower(&func, places, snap.forced_exits.as_deref(), snap.segments.is_some(), clif, context, target);
        // Cranelift takes most of the time, and cannot be stopped.
        go_on()
    })?;
    code.phases.build_ns = build_ns;
    if let Some(folder) = &snap.keep {
        folder.keep(snap, places, &code.bytes);
    }
    Ok(Optimised {
        code,
        exits,
        forced_exits: snap.forced_exits.clone(),
        proto_epoch: snap.proto_epoch,
        failures: snap.failed.len(),
    })
}

impl Optimised {
    /// Whether what has been learned since the snapshot makes a speculation of this code useless.
    ///
    /// # Errors
    /// [`Refusal::Stale`].
    pub fn check(&self, vm: &Vm, proto: &Proto) -> Result<(), Refusal> {
        let speculations = || self.exits.iter().filter(|exit| exit.deopt).map(|exit| (exit.pc, exit.reason));
        let failed = proto.profile.failed_speculations.get(self.failures..).unwrap_or_default();
        let known: Vec<_> = speculations().filter(|place| failed.contains(place)).collect();
        if !known.is_empty() {
            return Err(Refusal::Stale { reason: "speculation", in_vain: known });
        }
        let settled: Vec<_> = speculations().filter(|place| place.1 == snapshot::EPOCH).collect();
        if !settled.is_empty() && vm.heap.proto_epoch != self.proto_epoch {
            return Err(Refusal::Stale { reason: snapshot::EPOCH, in_vain: settled });
        }
        Ok(())
    }

    /// Puts the code where it can run.
    ///
    /// # Errors
    /// The system gives no memory.
    pub fn install(self, arena: &CodeArena, roots: Vec<Value>) -> Result<Installed, Bailout> {
        let started = std::time::Instant::now();
        let block = arena.install(&self.code.bytes).map_err(|_| Bailout::CODE_MEMORY)?;
        Ok(Installed {
            entry: block.entry(),
            start: block.entry(),
            form: "cranelift",
            code_bytes: self.code.bytes.len() as u32,
            memory_bytes: block.memory_bytes() as u32,
            ir_insts: self.code.ir_insts,
            phases: PhaseTimes { install_ns: started.elapsed().as_nanos() as u64, ..self.code.phases },
            roots,
            knowledge: None,
            entries: Rc::default(),
            owner: Rc::new((block, self.exits, self.forced_exits)),
        })
    }
}
