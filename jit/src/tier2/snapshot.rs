//! Everything that a compilation depends on, frozen before it begins: the builder is a pure function of it.

use trinity_vm::{
    bytecode::{FnUnit, Instr},
    function::{Cache, CacheKind, Proto},
    heap::Gc,
    seam::EntryPoint,
    table::Shape,
    value::Value,
    vm::Vm,
};

use super::liveness::{Liveness, RegSet};

/// Compilations of one entry after which code that was never executed is no longer taken for unreachable.
const PATIENT_AFTER: u32 = 2;
/// The reason of exits where no feedback says what to do.
pub const UNREACHED: &str = "unreached";

/// What an inline cache said, and what the compiler needs to know about its shape.
#[derive(Clone, Copy)]
pub struct CacheView {
    pub cache: Cache,
    /// Tables of the cached shape have a metatable.
    pub has_metatable: bool,
}

pub struct Snapshot<'a> {
    pub unit: &'a FnUnit,
    /// As quickened at the time of the compilation.
    pub code: Vec<Instr>,
    pub consts: Vec<Value>,
    pub caches: Vec<CacheView>,
    pub entry: EntryPoint,
    pub liveness: Liveness,
    /// Registers that closures capture: always kept in the frame.
    pub captured: RegSet,
    pub failed: Vec<(u32, &'static str)>,
    /// Code for this entry has been given up often enough: what has not been executed yet is compiled all the same.
    pub patient: bool,
    /// Tags of the registers at the loop header that is entered.
    pub entry_tags: Vec<u8>,
    pub proto_epoch: u32,
    /// Short strings among the constants compare by address.
    pub short: Vec<bool>,
}

impl<'a> Snapshot<'a> {
    pub fn take(vm: &Vm, proto: &'a Proto, entry: EntryPoint) -> Snapshot<'a> {
        let code = proto.code().to_vec();
        let liveness = Liveness::compute(&proto.unit, &code);
        let mut captured = RegSet::default();
        for child in &proto.children {
            for desc in child.unit.upvals.iter().filter(|desc| desc.in_stack) {
                captured.insert(desc.index as usize);
            }
        }
        let caches = proto
            .caches()
            .iter()
            .map(|cache| CacheView {
                cache: *cache,
                has_metatable: matches!(cache.kind, CacheKind::Own | CacheKind::Add)
                    // SAFETY: a cache keeps its shape alive.
                    && unsafe { Gc::<Shape>::from_ptr(cache.shape.cast_mut()) }.metatable().is_some(),
            })
            .collect();
        let reopts = match entry {
            EntryPoint::Call => proto.profile.reopts,
            EntryPoint::Loop(index) => proto.loops()[index as usize].reopts,
        };
        let entry_tags = match entry {
            EntryPoint::Call => Vec::new(),
            // SAFETY: a loop is compiled while its frame runs; the frame has `max_stack` registers.
            EntryPoint::Loop(_) => unsafe {
                (0..proto.max_stack as usize).map(|register| (*vm.frame.0.add(register)).tag).collect()
            },
        };
        Snapshot {
            unit: &proto.unit,
            short: proto.consts().iter().map(|value| value.as_string().is_some_and(|s| s.is_short())).collect(),
            consts: proto.consts().to_vec(),
            code,
            caches,
            entry,
            liveness,
            captured,
            failed: proto.profile.failed_speculations.clone(),
            patient: reopts >= PATIENT_AFTER,
            entry_tags,
            proto_epoch: vm.heap.proto_epoch,
        }
    }

    pub fn has_failed(&self, pc: usize, reason: &'static str) -> bool {
        self.patient && reason == UNREACHED || self.failed.contains(&(pc as u32, reason))
    }
}
