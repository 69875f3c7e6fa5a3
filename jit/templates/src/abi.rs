//! What generated code knows of the VM's memory: offsets, alias regions, signatures.

use std::mem::offset_of;

use cranelift_codegen::{
    ir::{AbiParam, AliasRegionData, Function, MemFlagsData, Signature, types},
    isa::CallConv,
};
use trinity_vm::{
    bytecode::FRAME_GAP,
    frame::{FRAME_OFFSET, FrameHeader},
    function::{Cache, Closure, LoopState, Native, Proto, Upvalue},
    heap::{GcHeader, Heap},
    lookup::{Entry, LookupCache},
    stdlib::intrinsics::Intrinsics,
    string::Str,
    table::{Shape, Table},
    value::Value,
    vm::Vm,
};

const fn offset(value: usize) -> i32 {
    assert!(value <= i32::MAX as usize);
    value as i32
}

pub const VALUE_SIZE: i32 = offset(size_of::<Value>());
pub const TAG: i32 = offset(offset_of!(Value, tag));

/// Slots from a call's register to the callee's base.
pub const CALL_GAP: usize = 1 + FRAME_GAP;
/// From a frame's base to its function.
pub const FUNCTION: i32 = -offset(FRAME_OFFSET) * VALUE_SIZE;
/// From a frame's base to its header.
pub const HEADER: i32 = -VALUE_SIZE;
/// From a frame's base to its pc.
pub const HEADER_PC: i32 = HEADER + offset(offset_of!(FrameHeader, pc));
pub const HEADER_FLAGS: i32 = HEADER + offset(offset_of!(FrameHeader, flags));
pub const HEADER_VARARGS: i32 = HEADER + offset(offset_of!(FrameHeader, varargs));
/// `pc` and `prev` are written as one word, everything else as another.
const _: () = assert!(offset_of!(FrameHeader, pc) == 0 && offset_of!(FrameHeader, prev) == 4);

pub const VM_STACK_LIMIT: i32 = offset(offset_of!(Vm, stack_limit));
pub const VM_TOP: i32 = offset(offset_of!(Vm, top));
pub const VM_NATIVE_LIMIT: i32 = offset(offset_of!(Vm, native_limit));
pub const VM_EXIT_FRAME: i32 = offset(offset_of!(Vm, exit_frame));
pub const VM_EXIT_COUNT: i32 = offset(offset_of!(Vm, exit_count));
pub const VM_HEAP_BYTES: i32 = offset(offset_of!(Vm, heap) + offset_of!(Heap, bytes));
pub const VM_HEAP_THRESHOLD: i32 = offset(offset_of!(Vm, heap) + offset_of!(Heap, threshold));
pub const VM_BARRIER_MARK: i32 = offset(offset_of!(Vm, heap) + offset_of!(Heap, barrier_mark));
pub const VM_PLAIN_ALLOWED: i32 = offset(offset_of!(Vm, intrinsics) + offset_of!(Intrinsics, allowed));
pub const VM_GUARDS: i32 = offset(offset_of!(Vm, intrinsics) + offset_of!(Intrinsics, guards));
pub const VM_TYPE_NAMES: i32 = offset(offset_of!(Vm, intrinsics) + offset_of!(Intrinsics, type_names));
pub const VM_IPAIRS_STEP: i32 = offset(offset_of!(Vm, intrinsics) + offset_of!(Intrinsics, ipairs_step));
pub const VM_NEXT: i32 = offset(offset_of!(Vm, intrinsics) + offset_of!(Intrinsics, next));
pub const VM_PROTO_EPOCH: i32 = offset(offset_of!(Vm, heap) + offset_of!(Heap, proto_epoch));
pub const VM_LOOKUPS: i32 = offset(offset_of!(Vm, lookups) + LookupCache::ENTRIES_OFFSET);

/// The collector's mark, in every object.
pub const MARK: i32 = offset(GcHeader::MARK_OFFSET);
pub const CLOSURE_PROTO: i32 = offset(offset_of!(Closure, proto));
pub const CLOSURE_UPVALUES: i32 = offset(size_of::<Closure>());
pub const UPVALUE_SLOT: i32 = offset(offset_of!(Upvalue, slot));
pub const PROTO_COMPILED: i32 = offset(offset_of!(Proto, compiled));
pub const PROTO_ENTRY: i32 = offset(offset_of!(Proto, entry));
pub const NATIVE_FUNCTION: i32 = offset(offset_of!(Native, function));
pub const NATIVE_PLAIN: i32 = offset(offset_of!(Native, plain));

pub const TABLE_SHAPE: i32 = offset(offset_of!(Table, shape));
pub const TABLE_SLOTS: i32 = offset(offset_of!(Table, slots));
pub const TABLE_SLOTS_CAP: i32 = offset(offset_of!(Table, slots_cap));
pub const TABLE_ARRAY: i32 = offset(offset_of!(Table, array));
pub const TABLE_ARRAY_LEN: i32 = offset(offset_of!(Table, array_len));
pub const TABLE_ARRAY_CAP: i32 = offset(offset_of!(Table, array_cap));
pub const TABLE_DICT: i32 = offset(Table::DICT_OFFSET);
pub const TABLE_ARRAY_KIND: i32 = offset(offset_of!(Table, array_kind));
pub const SHAPE_COUNT: i32 = offset(Shape::COUNT_OFFSET);
pub const SHAPE_METATABLE: i32 = offset(Shape::METATABLE_OFFSET);
pub const STR_LEN: i32 = offset(Str::LEN_OFFSET);
pub const STR_BYTES: i32 = offset(size_of::<Str>());

pub const CACHE_SHAPE: i32 = offset(offset_of!(Cache, shape));
pub const CACHE_PAYLOAD: i32 = offset(offset_of!(Cache, payload));
pub const CACHE_INDEX: i32 = offset(offset_of!(Cache, index));
pub const CACHE_EPOCH: i32 = offset(offset_of!(Cache, epoch));
pub const CACHE_KIND: i32 = offset(offset_of!(Cache, kind));
pub const CACHE_MISSES: i32 = offset(offset_of!(Cache, misses));
pub const CACHE_TAG: i32 = offset(offset_of!(Cache, tag));
pub const CACHE_POLYMORPHIC: i32 = offset(offset_of!(Cache, polymorphic));

pub const LOOKUP_SHAPE: i32 = offset(offset_of!(Entry, shape));
pub const LOOKUP_NAME: i32 = offset(offset_of!(Entry, name));
pub const LOOKUP_PAYLOAD: i32 = offset(offset_of!(Entry, payload));
pub const LOOKUP_EPOCH: i32 = offset(offset_of!(Entry, epoch));
pub const LOOKUP_KIND: i32 = offset(offset_of!(Entry, kind));
pub const LOOKUP_TAG: i32 = offset(offset_of!(Entry, tag));
pub const LOOKUP_ABSENT: i32 = offset(offset_of!(Entry, absent));

pub const LOOP_COUNTDOWN: i32 = offset(offset_of!(LoopState, countdown));
pub const LOOP_TIER: i32 = offset(offset_of!(LoopState, tier));
pub const PROTO_COUNTDOWN: i32 = offset(offset_of!(Proto, countdown));

/// Byte offset of a register from the frame's base.
pub fn reg(index: usize) -> i32 {
    index as i32 * VALUE_SIZE
}

/// Memory flags by what is accessed: each kind of memory is an alias region of its own.
#[derive(Clone, Copy)]
pub struct Regions {
    /// Lua registers and frame headers.
    pub stack: MemFlagsData,
    /// Fields of tables, shapes, closures, upvalues, prototypes.
    pub object: MemFlagsData,
    /// Property slots.
    pub slots: MemFlagsData,
    /// Array elements.
    pub elements: MemFlagsData,
    /// Values of variables captured by closures: may be Lua registers.
    pub upvalue: MemFlagsData,
    /// Caches, counters, quickened bytecode.
    pub feedback: MemFlagsData,
    /// Constants of functions.
    pub constants: MemFlagsData,
    /// Fields of the VM.
    pub vm: MemFlagsData,
}

impl Regions {
    pub fn new(function: &mut Function) -> Regions {
        let mut region = |user_id: u32, description: &'static str| {
            let region =
                function.dfg.alias_regions.insert(AliasRegionData { user_id, description: description.into() });
            MemFlagsData::trusted().with_alias_region(Some(region))
        };
        Regions {
            stack: region(0, "registers"),
            object: region(1, "objects"),
            slots: region(2, "slots"),
            elements: region(3, "elements"),
            upvalue: MemFlagsData::trusted(),
            feedback: region(4, "feedback"),
            constants: MemFlagsData::trusted().with_readonly(),
            vm: region(5, "vm"),
        }
    }
}

/// `(vm, base, argument count) → status`: the universal entry.
pub fn entry_signature(convention: CallConv) -> Signature {
    signature(convention, &[types::I64, types::I64, types::I64], types::I64)
}

/// `(vm, base, pc) → status`: most helpers.
pub fn helper_signature(convention: CallConv) -> Signature {
    signature(convention, &[types::I64, types::I64, types::I32], types::I64)
}

/// `(vm, holder, payload, tag)`: the slow half of a write barrier.
pub fn barrier_signature(convention: CallConv) -> Signature {
    let mut signature = Signature::new(convention);
    signature.params.extend([types::I64, types::I64, types::I64, types::I8].map(AbiParam::new));
    signature
}

/// `(vm, base, pc, status) → status`: the end of a call.
pub fn finish_signature(convention: CallConv) -> Signature {
    signature(convention, &[types::I64, types::I64, types::I32, types::I64], types::I64)
}

fn signature(convention: CallConv, params: &[types::Type], result: types::Type) -> Signature {
    let mut signature = Signature::new(convention);
    signature.params.extend(params.iter().map(|ty| AbiParam::new(*ty)));
    signature.returns.push(AbiParam::new(result));
    signature
}
