//! Functions in the heap: prototypes with their feedback and code, closures, upvalues, natives.

use std::{cell::OnceCell, sync::Arc};

use crate::{
    bytecode::{Const, FnUnit, Instr, Op, Segments},
    controller::{Pending, Renewal, Standing},
    frame::{Entry, Frame},
    heap::{Gc, GcHeader, Heap, Kind, layout_with_tail},
    native::NativeFn,
    seam::{Installed, Tier},
    stdlib::intrinsics::Intrinsic,
    table::Shape,
    value::Value,
    vm::interpreter_entry,
};

/// What one `EXT`-named feedback slot has learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum CacheKind {
    /// Nothing yet.
    Empty = 0,
    /// Key found in slot `index` of a table with `shape`.
    Own = 1,
    /// Key not in a table with `shape`, found through `__index` while the proto epoch was `epoch`: `value`.
    Proto = 2,
    /// Storing added the key: `shape` becomes `next_shape`, the value goes to slot `index`.
    Add = 3,
    /// Call target: the prototype at `shape`'s place is `target`.
    Call = 4,
    /// Integer keys into the array part: `index` is the set of element kinds seen, `epoch` is not 0 when a store has
    /// appended.
    Array = 5,
    /// More shapes or targets than are worth caching.
    Mega = 6,
    /// Call target: natives only, the last one `payload`.
    Native = 7,
}

/// An inline cache. Compilers read it, and tier 1's code does by offset when it runs.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Cache {
    pub shape: *const Shape,
    /// `Proto`: the value's payload. `Add`: the next shape. `Call`: the target prototype.
    pub payload: u64,
    pub index: u32,
    pub epoch: u32,
    pub kind: CacheKind,
    /// `Proto`: the value's tag. `Add`: [`Cache::GROWS`] when a table had no room.
    pub tag: u8,
    /// Times the cache was refilled; at [`Cache::MEGA`] it gives up.
    pub misses: u8,
    /// A second kind of key or receiver was seen since the cache was filled.
    pub polymorphic: bool,
}

impl Cache {
    pub const EMPTY: Cache = Cache {
        shape: std::ptr::null(),
        payload: 0,
        index: 0,
        epoch: 0,
        kind: CacheKind::Empty,
        tag: 0,
        misses: 0,
        polymorphic: false,
    };
    /// Refills after which a site counts as megamorphic.
    pub const MEGA: u8 = 32;
    pub const GROWS: u8 = 1;

    /// To be called after the cache has been filled: it keeps what it names alive.
    #[inline]
    pub(crate) fn note_filled(&self, heap: &mut Heap) {
        if heap.is_marking() {
            self.trace(heap);
        }
    }

    fn trace(&self, heap: &mut Heap) {
        // SAFETY: cached shapes, values and prototypes are kept alive by this very tracing.
        unsafe {
            match self.kind {
                CacheKind::Own => heap.mark(Gc::from_ptr(self.shape.cast_mut())),
                CacheKind::Proto => {
                    // A lookup in a string has no shape.
                    if !self.shape.is_null() {
                        heap.mark(Gc::from_ptr(self.shape.cast_mut()));
                    }
                    heap.mark_value(Value { bits: self.payload, tag: self.tag });
                }
                CacheKind::Add => {
                    heap.mark(Gc::from_ptr(self.shape.cast_mut()));
                    heap.mark(Gc::<Shape>::from_address(self.payload as usize));
                }
                CacheKind::Native => heap.mark(Gc::<Native>::from_address(self.payload as usize)),
                CacheKind::Call if self.payload != 0 => heap.mark(Gc::<Proto>::from_address(self.payload as usize)),
                _ => {}
            }
        }
    }
}

/// Counters and code of one loop.
///
/// PERF: back-edges index these, and a power of two is a shift.
#[repr(C, align(64))]
pub struct LoopState {
    /// OSR code, if any: entered with the frame's registers as they stand at the loop header.
    pub osr: Option<Entry>,
    /// Back-edges until the next consultation.
    pub countdown: i32,
    /// What `countdown` started from.
    pub reload: i32,
    /// Back-edges before that.
    pub counted: u64,
    pub tier: Tier,
    /// Tiers that a compiler declined.
    pub declined: [bool; 3],
    pub exits: u32,
    /// `counted` when the function was last consulted on.
    pub at_last: u64,
    pub code: Option<Box<Installed>>,
    pub reopts: u32,
    pub(crate) standing: Standing,
}

const _: () = assert!(size_of::<LoopState>() == 64);

impl LoopState {
    /// Back-edges so far.
    pub fn count(&self) -> u64 {
        self.counted + (i64::from(self.reload) - i64::from(self.countdown)).max(0) as u64
    }
}

/// What the controller knows of one function.
pub struct Profile {
    pub function_id: u64,
    /// `NAME source:line`, with the name that the first call consulted on used; made when there is a sink to tell.
    pub(crate) label: Option<Arc<str>>,
    /// What `countdown` started from.
    pub reload: i32,
    /// Calls before that.
    pub counted: u64,
    pub tier: Tier,
    pub declined: [bool; 3],
    pub(crate) standing: Standing,
    pub(crate) renewal: Renewal,
    pub code: Option<Installed>,
    /// Code that was replaced; freed when nothing can be running it.
    pub retired: Vec<Installed>,
    /// Compilations that are under way on other threads: at most one for each entry point.
    pub(crate) pending: Vec<Pending>,
    /// Code that came too late to be of use.
    pub(crate) stale: u32,
    pub calls_at_last: u64,
    pub backedges_at_last: u64,
    /// Of its inline caches, of three each, when the function was last consulted on.
    pub(crate) ic_steps_at_last: u32,
    pub t_last_ns: u64,
    /// A decision has been logged since an iteration of the benchmark began last.
    pub(crate) asked: bool,
    /// One was between the beginnings of that iteration and the one before it.
    pub(crate) asked_before: bool,
    /// `None` is below zero: not consulted on yet.
    pub work_at_first: f64,
    pub work_seen: f64,
    pub work_at_tier: f64,
    /// Side exits of the present code.
    pub exits: u32,
    /// Side exits out of optimised code, in all.
    pub deopts: u64,
    pub(crate) last_deopt: Option<&'static str>,
    pub reopts: u32,
    /// Pcs at which speculation failed; the optimiser must not speculate there again.
    pub failed_speculations: Vec<(u32, &'static str)>,
    /// Optimised code does not count: totals are lower bounds.
    pub censored: bool,
    pub features: Option<Box<StaticFeatures>>,
    pub(crate) segments: OnceCell<Segments>,
}

/// Computed once per function; see `controller::features`.
pub struct StaticFeatures {
    pub base: crate::seam::Features,
    /// Static weight of the code outside of loops.
    pub entry_weight: f64,
    /// Static weight of one iteration of each loop, inner loops excluded.
    pub loop_weights: Vec<f64>,
}

/// A function prototype.
#[repr(C)]
pub struct Proto {
    pub(crate) header: GcHeader,
    /// The universal entry: the interpreter's until code is installed.
    pub entry: Entry,
    /// Quickened in place.
    pub code: *mut Instr,
    pub consts: *const Value,
    pub caches: *mut Cache,
    pub loops: *mut LoopState,
    /// Calls until the next consultation.
    pub countdown: i32,
    pub num_params: u8,
    pub is_vararg: bool,
    pub max_stack: u8,
    /// `entry` is compiled code.
    pub compiled: bool,
    /// Operand `B` of the calls that the interpreter enters at once, without moving or adding arguments; see
    /// [`Proto::NOT_PLAIN`].
    pub(crate) plain_call: u8,
    /// Bytes that must be free above the frame's base.
    pub(crate) room: u32,
    pub children: Box<[Gc<Proto>]>,
    /// As the front end made it; `children` moved out.
    pub unit: FnUnit,
    pub profile: Profile,
    code_owner: Box<[Instr]>,
    consts_owner: Box<[Value]>,
    caches_owner: Box<[Cache]>,
    loops_owner: Box<[LoopState]>,
}

impl Proto {
    /// `plain_call` of a function that has variable arguments or compiled code: no call has as many arguments.
    pub(crate) const NOT_PLAIN: u8 = u8::MAX;

    /// Installs an entry: compiled code, or with `None` the interpreter's.
    pub(crate) fn set_entry(&mut self, code: Option<Entry>) {
        self.entry = code.unwrap_or(interpreter_entry);
        self.compiled = code.is_some();
        self.plain_call = if self.compiled { Self::NOT_PLAIN } else { plain_call(&self.unit) };
    }

    pub fn code(&self) -> &[Instr] {
        &self.code_owner
    }
    pub fn consts(&self) -> &[Value] {
        &self.consts_owner
    }
    pub fn caches(&self) -> &[Cache] {
        &self.caches_owner
    }
    pub fn loops(&self) -> &[LoopState] {
        &self.loops_owner
    }
    pub fn loops_mut(&mut self) -> &mut [LoopState] {
        &mut self.loops_owner
    }
    /// Calls so far.
    pub fn calls(&self) -> u64 {
        self.profile.counted + (i64::from(self.profile.reload) - i64::from(self.countdown)).max(0) as u64
    }
    /// Back-edges so far, all loops.
    pub fn backedges(&self) -> u64 {
        self.loops_owner.iter().map(LoopState::count).sum()
    }
    /// What compiled code pays for at once where ticks are counted.
    pub fn segments(&self) -> &Segments {
        self.profile.segments.get_or_init(|| Segments::of(self.code()))
    }
    /// The line of the instruction at `pc`.
    pub fn line(&self, pc: usize) -> u32 {
        self.unit.lines.get(pc).copied().unwrap_or(0)
    }

    /// The function as the front end made it, with those inside it.
    pub fn to_unit(&self) -> FnUnit {
        FnUnit { children: self.children.iter().map(|child| child.to_unit()).collect(), ..self.unit.clone() }
    }

    pub(crate) fn owned_bytes(&self) -> usize {
        size_of_val(&*self.code_owner) * 2
            + size_of_val(&*self.consts_owner)
            + size_of_val(&*self.caches_owner)
            + size_of_val(&*self.loops_owner)
            + self.unit.lines.len() * 4
    }

    pub(crate) fn trace(&self, heap: &mut Heap) {
        heap.mark_values(&self.consts_owner);
        for child in &self.children {
            heap.mark(*child);
        }
        for cache in &self.caches_owner {
            cache.trace(heap);
        }
        let loops = self.loops_owner.iter().filter_map(|state| state.code.as_deref());
        for installed in self.profile.code.iter().chain(loops).chain(&self.profile.retired) {
            heap.mark_values(&installed.roots);
        }
        for pending in &self.profile.pending {
            heap.mark_values(&pending.roots);
        }
    }
}

/// Puts a compiled unit into the heap.
pub(crate) fn instantiate(heap: &mut Heap, mut unit: FnUnit, first_calls: i32, first_loops: i32) -> Gc<Proto> {
    let children: Box<[Gc<Proto>]> = std::mem::take(&mut unit.children)
        .into_iter()
        .map(|child| instantiate(heap, child, first_calls, first_loops))
        .collect();
    let mut consts_owner: Box<[Value]> = unit
        .consts
        .iter()
        .map(|constant| match constant {
            Const::Nil => Value::NIL,
            Const::Bool(value) => Value::bool(*value),
            Const::Int(value) => Value::int(*value),
            Const::Float(value) => Value::float(*value),
            Const::Str(id) => heap.string(unit.strings.get(*id)).into(),
        })
        .collect();
    let mut code_owner: Box<[Instr]> = unit.code.clone().into();
    let mut caches_owner = vec![Cache::EMPTY; unit.feedback_slots as usize].into_boxed_slice();
    let mut loops_owner: Box<[LoopState]> = unit
        .loops
        .iter()
        .map(|_| LoopState {
            osr: None,
            countdown: first_loops,
            reload: first_loops,
            counted: 0,
            tier: Tier::Cold,
            standing: Standing::default(),
            at_last: 0,
            code: None,
            declined: [false; 3],
            exits: 0,
            reopts: 0,
        })
        .collect();
    let function_id = hash_unit(&unit, &children);
    let header = heap.header(Kind::Proto);
    let proto = Proto {
        header,
        entry: interpreter_entry,
        code: code_owner.as_mut_ptr(),
        consts: consts_owner.as_mut_ptr(),
        caches: caches_owner.as_mut_ptr(),
        loops: loops_owner.as_mut_ptr(),
        countdown: first_calls,
        num_params: unit.num_params,
        is_vararg: unit.is_vararg,
        max_stack: unit.max_stack,
        compiled: false,
        plain_call: plain_call(&unit),
        room: (u32::from(unit.max_stack) + u32::from(unit.num_params) + 8) * size_of::<Value>() as u32,
        children,
        unit,
        profile: Profile {
            function_id,
            label: None,
            reload: first_calls,
            counted: 0,
            tier: Tier::Cold,
            declined: [false; 3],
            standing: Standing::default(),
            renewal: Renewal::default(),
            code: None,
            retired: Vec::new(),
            pending: Vec::new(),
            stale: 0,
            calls_at_last: 0,
            backedges_at_last: 0,
            ic_steps_at_last: 0,
            t_last_ns: 0,
            asked: false,
            asked_before: false,
            work_at_first: -1.0,
            work_seen: 0.0,
            work_at_tier: 0.0,
            exits: 0,
            deopts: 0,
            last_deopt: None,
            reopts: 0,
            failed_speculations: Vec::new(),
            censored: false,
            features: None,
            segments: OnceCell::new(),
        },
        code_owner,
        consts_owner,
        caches_owner,
        loops_owner,
    };
    heap.charge_new(proto.owned_bytes());
    heap.insert(proto)
}

fn plain_call(unit: &FnUnit) -> u8 {
    if unit.is_vararg { Proto::NOT_PLAIN } else { unit.num_params + 1 }
}

/// FNV-1a over everything that determines what the function does, positions excluded.
fn hash_unit(unit: &FnUnit, children: &[Gc<Proto>]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut eat = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    eat(&[unit.num_params, u8::from(unit.is_vararg), unit.max_stack]);
    for instr in &unit.code {
        eat(&instr.0.to_le_bytes());
    }
    for constant in &unit.consts {
        match constant {
            Const::Nil => eat(b"n"),
            Const::Bool(value) => eat(&[b'b', u8::from(*value)]),
            Const::Int(value) => eat(&value.to_le_bytes()),
            Const::Float(value) => eat(&value.to_bits().to_be_bytes()),
            Const::Str(id) => {
                let bytes = unit.strings.get(*id);
                eat(&bytes.len().to_le_bytes());
                eat(bytes);
            }
        }
    }
    for upval in &unit.upvals {
        eat(&[u8::from(upval.in_stack), upval.index]);
    }
    for child in children {
        eat(&child.profile.function_id.to_le_bytes());
    }
    hash
}

/// A variable captured by closures: open while it lives in a stack slot, closed afterwards.
#[repr(C)]
pub struct Upvalue {
    pub(crate) header: GcHeader,
    /// Where the value is: a stack slot, or `closed`.
    pub slot: *mut Value,
    /// While open: the next open upvalue of the thread, towards lower slots; see [`Upvalue::next_open`].
    pub closed: Value,
}

impl Upvalue {
    /// The next open upvalue of the thread; this one must be open.
    #[inline(always)]
    pub(crate) fn next_open(&self) -> Option<Gc<Upvalue>> {
        debug_assert!(!std::ptr::eq(self.slot, &raw const self.closed));
        // SAFETY: `closed` was written by `set_next_open`; open upvalues are kept alive by their thread.
        (self.closed.bits != 0).then(|| unsafe { Gc::from_address(self.closed.bits as usize) })
    }
    #[inline(always)]
    pub(crate) fn set_next_open(&mut self, next: Option<Gc<Upvalue>>) {
        self.closed = Value { bits: next.map_or(0, Gc::address) as u64, tag: crate::value::tag::NIL };
    }
    #[inline(always)]
    pub fn get(&self) -> Value {
        // SAFETY: the slot is `closed`, or on a stack that lives as long as the upvalue is open.
        unsafe { *self.slot }
    }
    pub(crate) fn trace(&self, heap: &mut Heap) {
        // An open upvalue of a dead coroutine keeps its value: the stack outlives it until the thread is swept, and
        // closing happens first (see `Thread`'s drop).
        heap.mark_value(self.get());
    }
}

/// A Lua closure; its upvalues follow it in memory.
#[repr(C)]
pub struct Closure {
    pub(crate) header: GcHeader,
    pub(crate) upvalue_count: u32,
    pub proto: Gc<Proto>,
}

impl Closure {
    pub(crate) fn layout(count: usize) -> std::alloc::Layout {
        layout_with_tail::<Closure>(count * size_of::<Gc<Upvalue>>())
    }
    #[inline(always)]
    pub fn upvalues(&self) -> &[Gc<Upvalue>] {
        // SAFETY: the tail was allocated and filled when the closure was made.
        unsafe { std::slice::from_raw_parts(std::ptr::from_ref(self).add(1).cast(), self.upvalue_count as usize) }
    }
    pub(crate) fn trace(&self, heap: &mut Heap) {
        heap.mark(self.proto);
        for upvalue in self.upvalues() {
            heap.mark(*upvalue);
        }
    }
}

impl Gc<Closure> {
    pub(crate) fn set_upvalue(self, heap: &mut Heap, index: usize, upvalue: Gc<Upvalue>) {
        heap.barrier_object(&self.header, upvalue);
        debug_assert!(index < self.upvalue_count as usize);
        // SAFETY: the tail has `upvalue_count` entries.
        unsafe { *self.as_ptr().add(1).cast::<Gc<Upvalue>>().add(index) = upvalue };
    }
}

impl Heap {
    pub(crate) fn closed_upvalue(&mut self, value: Value) -> Gc<Upvalue> {
        let header = self.header(Kind::Upvalue);
        let upvalue = self.insert(Upvalue { header, slot: std::ptr::null_mut(), closed: value });
        let object = upvalue.get_mut();
        object.slot = &raw mut object.closed;
        upvalue
    }

    pub(crate) fn native(&mut self, name: &'static str, function: NativeFn, upvalues: Box<[Value]>) -> Gc<Native> {
        let header = self.header(Kind::Native);
        self.charge_new(size_of_val(&*upvalues));
        self.insert(Native {
            header,
            entry: crate::native::native_entry,
            function,
            plain: None,
            intrinsic: None,
            name,
            upvalues,
        })
    }
}

/// A function written in Rust.
#[repr(C)]
pub struct Native {
    pub(crate) header: GcHeader,
    pub entry: Entry,
    pub function: NativeFn,
    /// Its plain case, if it is an intrinsic: `(vm, base of the arguments, count) → status`, the number of results or
    /// [`crate::frame::status::DECLINED`]. To be entered when [`crate::stdlib::intrinsics::Intrinsics::allowed`].
    pub plain: Option<Entry>,
    pub intrinsic: Option<Intrinsic>,
    pub name: &'static str,
    pub upvalues: Box<[Value]>,
}

impl Native {
    pub(crate) fn owned_bytes(&self) -> usize {
        size_of_val(&*self.upvalues)
    }
    pub(crate) fn trace(&self, heap: &mut Heap) {
        heap.mark_values(&self.upvalues);
    }
}

/// The prototype of the Lua function that runs in `frame`, if it is one.
///
/// # Safety
/// `frame` must be live.
pub(crate) unsafe fn frame_proto(frame: Frame) -> Option<Gc<Proto>> {
    // SAFETY: as the contract says.
    unsafe { frame.function() }.as_closure().map(|closure| closure.proto)
}

impl Op {
    /// Whether the instruction reads or writes a table through a cache.
    pub const fn is_table_access(self) -> bool {
        matches!(
            self,
            Op::GetTabUp
                | Op::GetTable
                | Op::GetI
                | Op::GetField
                | Op::SetTabUp
                | Op::SetTable
                | Op::SetI
                | Op::SetField
                | Op::SelfField
        )
    }
}
