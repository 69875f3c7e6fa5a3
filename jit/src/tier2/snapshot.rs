//! Everything that a compilation depends on, frozen before it begins: the builder is a pure function of it, and reads
//! nothing of the heap. Objects are addresses here, which the code compares with and never follows.

use std::sync::Arc;

use trinity_vm::{
    bytecode::{Instr, LoopDesc, Segments},
    function::{CacheKind, Proto},
    heap::Gc,
    seam::EntryPoint,
    table::Shape,
    value::{Value, tag},
    vm::Vm,
};

use super::{ForcedExits, SnapshotFolder, liveness::RegSet};

/// Compilations of one entry after which code that was never executed is no longer taken for unreachable.
const PATIENT_AFTER: u32 = 2;
/// The reason of exits where no feedback says what to do.
pub const UNREACHED: &str = "unreached";
/// The reason of exits where a lookup that the code took for settled may have come to mean something else.
pub const EPOCH: &str = "epoch";

/// What an inline cache said, and what the compiler needs to know about its shape. Names as in
/// [`trinity_vm::function::Cache`].
#[derive(Clone, Copy)]
pub struct CacheView {
    /// Address of the shape; 0 for none.
    pub shape: u64,
    pub payload: u64,
    pub index: u32,
    pub epoch: u32,
    pub kind: CacheKind,
    pub tag: u8,
    pub polymorphic: bool,
    /// Tables of the cached shape have a metatable.
    pub has_metatable: bool,
}

/// One function, or one loop of it, as it stood when its compilation was asked for.
pub struct Snapshot {
    pub function_id: u64,
    /// Address of the prototype, for the records of exits.
    pub proto: usize,
    pub entry: EntryPoint,
    /// As quickened at the time of the compilation.
    pub code: Vec<Instr>,
    pub consts: Vec<Value>,
    /// Short strings among the constants compare by address.
    pub short: Vec<bool>,
    pub caches: Vec<CacheView>,
    pub loops: Vec<LoopDesc>,
    pub num_params: u8,
    pub is_vararg: bool,
    pub max_stack: u8,
    /// Registers that closures capture: always kept in the frame.
    pub captured: RegSet,
    pub failed: Vec<(u32, &'static str)>,
    /// Code for this entry has been given up often enough: what has not been executed yet is compiled all the same.
    pub patient: bool,
    /// Tags of the registers at the loop header that is entered.
    pub entry_tags: Vec<u8>,
    pub proto_epoch: u32,
    /// Where ticks are taken.
    pub segments: Option<Segments>,
    pub forced_exits: Option<Arc<ForcedExits>>,
    /// Where the compilation is kept as a file.
    pub keep: Option<Arc<SnapshotFolder>>,
}

// A snapshot goes to the thread that compiles.
const _: fn() = || {
    fn is_send<T: Send>() {}
    is_send::<Snapshot>();
};

impl Snapshot {
    pub fn take(vm: &Vm, proto: &Proto, entry: EntryPoint) -> Snapshot {
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
                shape: cache.shape as u64,
                payload: cache.payload,
                index: cache.index,
                epoch: cache.epoch,
                kind: cache.kind,
                tag: cache.tag,
                polymorphic: cache.polymorphic,
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
            function_id: proto.profile.function_id,
            proto: std::ptr::from_ref(proto) as usize,
            entry,
            code: proto.code().to_vec(),
            consts: proto.consts().to_vec(),
            short: proto.consts().iter().map(|value| value.as_string().is_some_and(|s| s.is_short())).collect(),
            caches,
            loops: proto.unit.loops.clone(),
            num_params: proto.num_params,
            is_vararg: proto.is_vararg,
            max_stack: proto.max_stack,
            captured,
            failed: proto.profile.failed_speculations.clone(),
            patient: reopts >= PATIENT_AFTER,
            entry_tags,
            proto_epoch: vm.heap.proto_epoch,
            segments: vm.counts_ticks().then(|| proto.segments().clone()),
            forced_exits: None,
            keep: None,
        }
    }

    pub fn has_failed(&self, pc: usize, reason: &'static str) -> bool {
        self.patient && reason == UNREACHED || self.failed.contains(&(pc as u32, reason))
    }

    /// Heap objects that the code may refer to, beside the function's constants: what the caches hold.
    pub fn roots(&self) -> Vec<Value> {
        let object = |address: u64| Value { bits: address, tag: tag::FIRST_HEAP };
        let mut roots = Vec::new();
        for cache in &self.caches {
            if cache.shape != 0 {
                roots.push(object(cache.shape));
            }
            match cache.kind {
                CacheKind::Proto => roots.push(Value { bits: cache.payload, tag: cache.tag }),
                CacheKind::Add => roots.push(object(cache.payload)),
                _ => {}
            }
        }
        roots
    }
}
