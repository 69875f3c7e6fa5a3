//! Tier 2: the speculative optimiser.
//!
//! [`snapshot`] freezes what a compilation depends on; [`build`] turns bytecode into [`ir`] in one pass, with guards
//! where it speculates; [`passes`] clean up; [`lower`] hands the result to Cranelift at `opt_level=speed`. A guard that
//! fails leaves through a side exit ([`exits`], [`runtime`]) into the interpreter, and the place is remembered: the next
//! compilation does not speculate there.

mod build;
mod calls;
mod cfg;
mod exits;
pub mod ir;
mod liveness;
mod lower;
mod ops;
mod passes;
mod runtime;
mod snapshot;
mod state;
mod tables;
mod validate;

use trinity_vm::{
    function::{CacheKind, Proto},
    heap::Gc,
    seam::{Bailout, EntryPoint, Installed},
    value::{Value, tag},
    vm::Vm,
};

use crate::codegen::Codegen;
use exits::ExitInfo;
use snapshot::Snapshot;

/// Most bytecode words of a function that is optimised.
const MAX_WORDS: usize = 4_000;

/// The optimiser's IR of a function, as `trinity disasm --tier 2` shows it.
///
/// # Errors
/// Why the optimiser declines.
pub fn ir(vm: &Vm, proto: &Proto, entry: EntryPoint) -> Result<ir::Func, Bailout> {
    let snap = Snapshot::take(vm, proto, entry);
    let mut func = build::build(&snap).map_err(Bailout)?;
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

/// Compiles with the optimiser.
///
/// # Errors
/// A bail-out.
pub fn compile(codegen: &mut Codegen, vm: &Vm, proto: &Proto, entry: EntryPoint) -> Result<Installed, Bailout> {
    if proto.code().len() > MAX_WORDS {
        return Err(Bailout("too-large"));
    }
    let started = std::time::Instant::now();
    let func = ir(vm, proto, entry)?;
    let build_ns = started.elapsed().as_nanos() as u64;
    let loop_index = match entry {
        EntryPoint::Call => None,
        EntryPoint::Loop(index) => Some(index as usize),
    };
    // SAFETY: the prototype is a heap object; its code, which refers to it, dies before it does.
    let owner = unsafe { Gc::from_ptr(std::ptr::from_ref(proto).cast_mut()) };
    let exits: Box<[ExitInfo]> = func
        .exits
        .iter()
        .map(|exit| ExitInfo { proto: owner, loop_index, pc: exit.pc, reason: exit.reason, deopt: exit.deopt })
        .collect();
    let roots = roots(proto);
    let name = || format!("tier 2 {entry:?} of function {:016x}", proto.profile.function_id);
    let mut installed = codegen.compile(&name, |clif, context, target| {
        lower::lower(&func, &exits, clif, context, target);
        Ok(roots)
    })?;
    installed.phases.build_ns = build_ns;
    installed.owner = Box::new((installed.owner, exits));
    Ok(installed)
}

/// Heap objects that the code may refer to: what the caches of the function hold now.
fn roots(proto: &Proto) -> Vec<Value> {
    let object = |address: u64| Value { bits: address, tag: tag::FIRST_HEAP };
    let mut roots = Vec::new();
    for cache in proto.caches() {
        if !cache.shape.is_null() {
            roots.push(object(cache.shape as u64));
        }
        match cache.kind {
            CacheKind::Proto => roots.push(Value { bits: cache.payload, tag: cache.tag }),
            CacheKind::Add => roots.push(object(cache.payload)),
            _ => {}
        }
    }
    roots
}
