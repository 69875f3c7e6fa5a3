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

macro_rules! layout {
    ($($(#[$doc:meta])* $name:ident = $value:expr;)*) => {
        $($(#[$doc])* pub const $name: i32 = offset($value);)*

        /// Offsets inside the VM's structures, all of them.
        pub const LAYOUT: &[i32] = &[$($name),*];
    };
}

layout! {
    VM_STACK_LIMIT = offset_of!(Vm, stack_limit);
    VM_TOP = offset_of!(Vm, top);
    VM_FUEL = offset_of!(Vm, fuel);
    VM_MODEL = offset_of!(Vm, model);
    VM_NATIVE_LIMIT = offset_of!(Vm, native_limit);
    VM_EXIT_FRAME = offset_of!(Vm, exit_frame);
    VM_EXIT_COUNT = offset_of!(Vm, exit_count);
    VM_HEAP_BYTES = offset_of!(Vm, heap) + offset_of!(Heap, bytes);
    VM_HEAP_THRESHOLD = offset_of!(Vm, heap) + offset_of!(Heap, threshold);
    VM_BARRIER_MARK = offset_of!(Vm, heap) + offset_of!(Heap, barrier_mark);
    VM_PLAIN_ALLOWED = offset_of!(Vm, intrinsics) + offset_of!(Intrinsics, allowed);
    VM_GUARDS = offset_of!(Vm, intrinsics) + offset_of!(Intrinsics, guards);
    VM_TYPE_NAMES = offset_of!(Vm, intrinsics) + offset_of!(Intrinsics, type_names);
    VM_IPAIRS_STEP = offset_of!(Vm, intrinsics) + offset_of!(Intrinsics, ipairs_step);
    VM_NEXT = offset_of!(Vm, intrinsics) + offset_of!(Intrinsics, next);
    VM_PROTO_EPOCH = offset_of!(Vm, heap) + offset_of!(Heap, proto_epoch);
    VM_LOOKUPS = offset_of!(Vm, lookups) + LookupCache::ENTRIES_OFFSET;

    /// The collector's mark, in every object.
    MARK = GcHeader::MARK_OFFSET;
    CLOSURE_PROTO = offset_of!(Closure, proto);
    CLOSURE_UPVALUES = size_of::<Closure>();
    UPVALUE_SLOT = offset_of!(Upvalue, slot);
    PROTO_COMPILED = offset_of!(Proto, compiled);
    PROTO_ENTRY = offset_of!(Proto, entry);
    NATIVE_FUNCTION = offset_of!(Native, function);
    NATIVE_PLAIN = offset_of!(Native, plain);

    TABLE_SHAPE = offset_of!(Table, shape);
    TABLE_SLOTS = offset_of!(Table, slots);
    TABLE_SLOTS_CAP = offset_of!(Table, slots_cap);
    TABLE_ARRAY = offset_of!(Table, array);
    TABLE_ARRAY_LEN = offset_of!(Table, array_len);
    TABLE_ARRAY_CAP = offset_of!(Table, array_cap);
    TABLE_DICT = Table::DICT_OFFSET;
    TABLE_ARRAY_KIND = offset_of!(Table, array_kind);
    SHAPE_COUNT = Shape::COUNT_OFFSET;
    SHAPE_METATABLE = Shape::METATABLE_OFFSET;
    STR_LEN = Str::LEN_OFFSET;
    STR_BYTES = size_of::<Str>();

    CACHE_SHAPE = offset_of!(Cache, shape);
    CACHE_PAYLOAD = offset_of!(Cache, payload);
    CACHE_INDEX = offset_of!(Cache, index);
    CACHE_EPOCH = offset_of!(Cache, epoch);
    CACHE_KIND = offset_of!(Cache, kind);
    CACHE_MISSES = offset_of!(Cache, misses);
    CACHE_TAG = offset_of!(Cache, tag);
    CACHE_POLYMORPHIC = offset_of!(Cache, polymorphic);

    LOOKUP_SHAPE = offset_of!(Entry, shape);
    LOOKUP_NAME = offset_of!(Entry, name);
    LOOKUP_PAYLOAD = offset_of!(Entry, payload);
    LOOKUP_EPOCH = offset_of!(Entry, epoch);
    LOOKUP_KIND = offset_of!(Entry, kind);
    LOOKUP_TAG = offset_of!(Entry, tag);
    LOOKUP_ABSENT = offset_of!(Entry, absent);

    LOOP_COUNTDOWN = offset_of!(LoopState, countdown);
    LOOP_TIER = offset_of!(LoopState, tier);
    PROTO_COUNTDOWN = offset_of!(Proto, countdown);
}

/// Whether code that was made elsewhere, where the offsets were these, fits here. (A build script may see structures that
/// are compiled in another way than those of the program.)
pub const fn is_laid_out_as(layout: &[i32]) -> bool {
    let mut index = 0;
    while index < LAYOUT.len() {
        if index >= layout.len() || layout[index] != LAYOUT[index] {
            return false;
        }
        index += 1;
    }
    index == layout.len()
}

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
