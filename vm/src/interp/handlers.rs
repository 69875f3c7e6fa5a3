//! One handler per opcode. See the rules in [`super`].

use super::{
    Flow, Handler, State, access,
    access::{CachedGet, find_cached},
    arith, call, copy, set, step,
};
use crate::{
    bytecode::{Instr, Op},
    frame::{FRAME_OFFSET, Frame, FrameHeader, Status, flags, status},
    function::{Cache, CacheKind, LoopState, Proto},
    heap::Gc,
    lookup::Lookup,
    native::Throw,
    string::Str,
    table::{ElementKind, Table},
    value::{Value, tag},
    vm::Vm,
};

/// List items that one `SETLIST` may store: a constructor with more has several.
pub(super) const MAX_LIST_BATCH: usize = 50;

/// A handler from what it does.
macro_rules! handler {
    ($(#[$attribute:meta])* $name:ident ($s:ident) { $($body:tt)* }) => {
        $(#[$attribute])*
        unsafe extern "C" fn $name(
            vm: *mut Vm,
            base: *mut Value,
            pc: *mut Instr,
            proto: *mut Proto,
            instr: Instr,
        ) -> Status {
            #[inline(always)]
            #[allow(unused_unsafe, reason = "some handlers need none")]
            unsafe fn body($s: &mut State) -> Flow {
                // SAFETY: operands of valid bytecode are in range (`bytecode::validate`), and values in registers
                // are live.
                unsafe { $($body)* }
            }
            // SAFETY: the arguments are those of a running frame.
            unsafe {
                let mut state = State { vm, base, at: pc.sub(1), pc, proto, instr };
                let flow = body(&mut state);
                state.end(flow)
            }
        }
    };
}

macro_rules! handlers {
    ($($op:ident ($s:ident) $body:tt,)*) => {
        $(handler!(#[expect(non_snake_case, reason = "named after the opcode")] $op($s) $body);)*

        /// By opcode.
        pub(super) static HANDLERS: [Handler; 256] = {
            let mut table: [Handler; 256] = [not_an_instruction; 256];
            $(table[Op::$op as usize] = $op;)*
            table
        };
    };
}

/// Handlers for what is rare.
macro_rules! others {
    ($($(#[$attribute:meta])* $name:ident ($s:ident) $body:tt,)*) => {
        $(handler!($(#[$attribute])* #[inline(never)] $name($s) $body);)*
    };
}

unsafe extern "C" fn not_an_instruction(
    _: *mut Vm,
    _: *mut Value,
    _: *mut Instr,
    _: *mut Proto,
    instr: Instr,
) -> Status {
    unreachable!("{instr:?}: an operand word is skipped by its instruction")
}

/// Lets [`step::step`] execute the instruction at `at`.
#[cold]
#[inline(never)]
pub(super) unsafe extern "C" fn slow(
    vm: *mut Vm,
    base: *mut Value,
    at: *mut Instr,
    proto: *mut Proto,
    instr: Instr,
) -> Status {
    // SAFETY: the arguments are those of a running frame, which is saved first.
    unsafe {
        let pc = at.add(instr.op().words());
        let state = State { vm, base, at, pc, proto, instr };
        state.save_pc();
        let index = (*Frame(base).header()).pc;
        let status = step::step(vm, base, u64::from(index));
        state.end(if status < 0 { Flow::Throw(Throw::from_status(status)) } else { Flow::Next })
    }
}

/// Lets [`step::test`] execute the comparison at `at`, or prepare the loop.
#[cold]
#[inline(never)]
pub(super) unsafe extern "C" fn slow_test(
    vm: *mut Vm,
    base: *mut Value,
    at: *mut Instr,
    proto: *mut Proto,
    instr: Instr,
) -> Status {
    // SAFETY: the arguments are those of a running frame, which is saved first; a jump word follows.
    unsafe {
        let mut state = State { vm, base, at, pc: at.add(1), proto, instr };
        state.save_pc();
        let index = (*Frame(base).header()).pc;
        let status = step::test(vm, base, u64::from(index));
        if status < 0 {
            return state.end(Flow::Throw(Throw::from_status(status)));
        }
        let jump = state.ext();
        if status == 1 {
            state.jump(jump.jump());
        }
        state.end(Flow::Next)
    }
}

macro_rules! int_or_float {
    ($s:ident, $lhs:expr, $rhs:expr, int $wrapping:ident) => {{
        let (lhs, rhs) = ($lhs, $rhs);
        if (*lhs).tag != tag::INT || (*rhs).tag != tag::INT {
            return Flow::Slow;
        }
        set($s.a(), Value::int((*lhs).raw_int().$wrapping((*rhs).raw_int())));
        Flow::Next
    }};
    ($s:ident, $lhs:expr, $rhs:expr, float $op:tt) => {{
        let (lhs, rhs) = ($lhs, $rhs);
        if (*lhs).tag != tag::FLOAT || (*rhs).tag != tag::FLOAT {
            return Flow::Slow;
        }
        set($s.a(), Value::float((*lhs).raw_float() $op (*rhs).raw_float()));
        Flow::Next
    }};
    ($s:ident, $lhs:expr, $rhs:expr, any $wrapping:ident $op:tt) => {{
        let (lhs, rhs) = ($lhs, $rhs);
        if (*lhs).tag == tag::INT && (*rhs).tag == tag::INT {
            set($s.a(), Value::int((*lhs).raw_int().$wrapping((*rhs).raw_int())));
            return Flow::Next;
        }
        int_or_float!($s, lhs, rhs, mixed $op)
    }};
    ($s:ident, $lhs:expr, $rhs:expr, mixed $op:tt) => {{
        let (lhs, rhs) = ($lhs, $rhs);
        let (Some(l), Some(r)) = (as_float(lhs), as_float(rhs)) else { return Flow::Slow };
        set($s.a(), Value::float(l $op r));
        Flow::Next
    }};
}

/// # Safety
/// `value` points to a value.
#[inline(always)]
unsafe fn as_float(value: *const Value) -> Option<f64> {
    // SAFETY: as the contract says.
    unsafe {
        match (*value).tag {
            tag::FLOAT => Some((*value).raw_float()),
            tag::INT => Some((*value).raw_int() as f64),
            _ => None,
        }
    }
}

/// Integer division or modulus by a positive number.
macro_rules! divide {
    ($s:ident, $lhs:expr, $rhs:expr, $function:path) => {{
        let (lhs, rhs) = ($lhs, $rhs);
        if (*lhs).tag != tag::INT || (*rhs).tag != tag::INT || (*rhs).raw_int() <= 0 {
            return Flow::Slow;
        }
        let (l, r) = ((*lhs).raw_int(), (*rhs).raw_int());
        // PERF: division of 32-bit numbers is several times faster on many processors.
        let result = if (l | r) as u64 >> 32 == 0 { i64::from($function(l as u32, r as u32)) } else { $function(l, r) };
        set($s.a(), Value::int(result));
        Flow::Next
    }};
}

trait FloorDivision: Sized {
    fn floor_div(l: Self, r: Self) -> Self;
    fn floor_mod(l: Self, r: Self) -> Self;
}
impl FloorDivision for u32 {
    #[inline(always)]
    fn floor_div(l: u32, r: u32) -> u32 {
        l / r
    }
    #[inline(always)]
    fn floor_mod(l: u32, r: u32) -> u32 {
        l % r
    }
}
impl FloorDivision for i64 {
    #[inline(always)]
    fn floor_div(l: i64, r: i64) -> i64 {
        l.div_euclid(r)
    }
    #[inline(always)]
    fn floor_mod(l: i64, r: i64) -> i64 {
        l.rem_euclid(r)
    }
}

macro_rules! bitwise {
    ($s:ident, $rhs:expr, $function:expr) => {{
        let (lhs, rhs) = ($s.b(), $rhs);
        if (*lhs).tag != tag::INT || (*rhs).tag != tag::INT {
            return Flow::Slow;
        }
        set($s.a(), Value::int($function((*lhs).raw_int(), (*rhs).raw_int())));
        Flow::Next
    }};
}

macro_rules! compare {
    ($s:ident, $op:tt, $tag:ident, $raw:ident) => {{
        let (lhs, rhs) = ($s.a(), $s.b());
        if (*lhs).tag != tag::$tag || (*rhs).tag != tag::$tag {
            return Flow::SlowTest;
        }
        $s.branch((*lhs).$raw() $op (*rhs).$raw())
    }};
    ($s:ident, $op:tt, any) => {{
        let (lhs, rhs) = ($s.a(), $s.b());
        match ((*lhs).tag, (*rhs).tag) {
            (tag::INT, tag::INT) => $s.branch((*lhs).raw_int() $op (*rhs).raw_int()),
            (tag::FLOAT, tag::FLOAT) => $s.branch((*lhs).raw_float() $op (*rhs).raw_float()),
            _ => Flow::SlowTest,
        }
    }};
    ($s:ident, $op:tt, imm) => {{
        let lhs = $s.a();
        let imm = i64::from($s.instr.sb());
        match (*lhs).tag {
            tag::INT => $s.branch((*lhs).raw_int() $op imm),
            tag::FLOAT => $s.branch((*lhs).raw_float() $op imm as f64),
            _ => Flow::SlowTest,
        }
    }};
}

/// A field of the value at `object` to `to`.
macro_rules! get_field {
    ($s:ident, $object:expr, $to:expr) => {{
        let object: *const Value = $object;
        let cache = $s.cache();
        match find_cached($s.vm(), object, cache) {
            CachedGet::Slot(slot) => copy($to, slot),
            CachedGet::Payload => {
                let (bits, tag) = ((*cache).payload, (*cache).tag);
                set($to, Value { bits, tag });
            }
            CachedGet::Miss => return Flow::Other(look_up_field),
        }
        Flow::Next
    }};
}

macro_rules! set_field {
    ($s:ident, $object:expr, else $miss:expr) => {{
        let object: *const Value = $object;
        let cache = $s.cache();
        if access::store_cached($s.vm(), object, $s.c(), cache) { Flow::Next } else { $miss }
    }};
}

/// Element `$key` of the table at `object` to `R[A]`.
macro_rules! get_element {
    ($s:ident, $object:expr, $key:expr) => {{
        let object: *const Value = $object;
        let cache = $s.cache();
        let table = (*object).bits as *const Table;
        let index = ($key as u64).wrapping_sub(1);
        if (*object).tag != tag::TABLE || index >= u64::from((*table).array_len) {
            return Flow::Other(get_dynamic);
        }
        let kind = (*table).array_kind;
        if !access::is_noted(cache, kind) {
            return Flow::Other(get_dynamic);
        }
        let to = $s.a();
        if kind == ElementKind::Tagged {
            let element = (*table).array.cast::<Value>().add(index as usize);
            if (*element).is_nil() {
                return Flow::Other(get_dynamic);
            }
            copy(to, element);
        } else {
            (*to).bits = *(*table).array.cast::<u64>().add(index as usize);
            // `Int` and `Float` are as far apart as the tags.
            (*to).tag = kind as u8 + (tag::INT - ElementKind::Int as u8);
        }
        Flow::Next
    }};
}

const _: () = assert!(tag::FLOAT - tag::INT == ElementKind::Float as u8 - ElementKind::Int as u8);

/// Address of element `R[$key]` of the table `R[$object]`, whose array is of this kind.
macro_rules! element {
    ($s:ident, $object:expr, $key:expr, $kind:ident as $type:ty, else $miss:expr) => {{
        let (object, key): (*const Value, *const Value) = ($object, $key);
        if (*key).tag != tag::INT || (*object).tag != tag::TABLE {
            return Flow::Other($miss);
        }
        let table = (*object).bits as *const Table;
        let index = (*key).bits.wrapping_sub(1);
        if (*table).array_kind != ElementKind::$kind || index >= u64::from((*table).array_len) {
            return Flow::Other($miss);
        }
        (*table).array.cast::<$type>().add(index as usize)
    }};
}

macro_rules! get_number {
    ($s:ident, $kind:ident, $tag:ident) => {{
        let element = element!($s, $s.b(), $s.c(), $kind as u64, else get_dynamic);
        set($s.a(), Value { bits: *element, tag: tag::$tag });
        $s.pc = $s.pc.add(1);
        Flow::Next
    }};
}

macro_rules! set_number {
    ($s:ident, $kind:ident, $tag:ident) => {{
        let element = element!($s, $s.a(), $s.b(), $kind as u64, else append);
        let value = $s.c();
        if (*value).tag != tag::$tag {
            return Flow::Other(set_dynamic);
        }
        *element = (*value).bits;
        $s.pc = $s.pc.add(1);
        Flow::Next
    }};
}

macro_rules! set_element {
    ($s:ident, $key:expr) => {{
        let (object, value) = ($s.a(), $s.c());
        let cache = $s.cache();
        if (*object).tag != tag::TABLE {
            return Flow::Slow;
        }
        if access::store_element($s.vm(), (*object).table_unchecked(), $key, value, cache) {
            Flow::Next
        } else {
            Flow::Other(set_dynamic)
        }
    }};
}

handlers! {
    Move(s) { copy(s.a(), s.b()); Flow::Next },
    LoadI(s) { set(s.a(), Value::int(i64::from(s.instr.sbx()))); Flow::Next },
    LoadF(s) { set(s.a(), Value::float(f64::from(s.instr.sbx()))); Flow::Next },
    LoadK(s) { copy(s.a(), s.k(s.instr.bx())); Flow::Next },
    LoadKX(s) { let index = s.ext().ax(); copy(s.a(), s.k(index)); Flow::Next },
    LoadFalse(s) { set(s.a(), Value::FALSE); Flow::Next },
    LFalseSkip(s) { set(s.a(), Value::FALSE); s.jump(1); Flow::Next },
    LoadTrue(s) { set(s.a(), Value::TRUE); Flow::Next },
    LoadNil(s) {
        for index in s.instr.a()..=s.instr.a() + s.instr.b() {
            set(s.reg(index), Value::NIL);
        }
        Flow::Next
    },
    GetUpval(s) { copy(s.a(), s.upvalue(s.instr.b())); Flow::Next },
    SetUpval(s) {
        let upvalue = s.upvalue_object(s.instr.b());
        if upvalue.header.needs_barrier(&s.vm().heap) {
            return Flow::Other(set_marked_upvalue);
        }
        copy(upvalue.slot, s.a());
        Flow::Next
    },

    GetTabUp(s) { get_field!(s, s.upvalue(s.instr.b()), s.a()) },
    GetField(s) { get_field!(s, s.b(), s.a()) },
    SelfField(s) {
        let object = s.b();
        let cache = s.cache();
        let to = s.a();
        match find_cached(s.vm(), object, cache) {
            CachedGet::Slot(slot) => {
                copy(to.add(FRAME_OFFSET), object);
                copy(to, slot);
            }
            CachedGet::Payload => {
                copy(to.add(FRAME_OFFSET), object);
                let (bits, tag) = ((*cache).payload, (*cache).tag);
                set(to, Value { bits, tag });
            }
            CachedGet::Miss => return Flow::Other(look_up_field),
        }
        Flow::Next
    },
    GetTable(s) {
        let key = s.c();
        if (*key).tag != tag::INT {
            return Flow::Other(get_dynamic);
        }
        get_element!(s, s.b(), (*key).raw_int())
    },
    GetTableInt(s) { get_number!(s, Int, INT) },
    GetTableFloat(s) { get_number!(s, Float, FLOAT) },
    GetTableTagged(s) {
        let element = element!(s, s.b(), s.c(), Tagged as Value, else get_dynamic);
        if (*element).is_nil() {
            return Flow::Other(get_dynamic);
        }
        copy(s.a(), element);
        s.pc = s.pc.add(1);
        Flow::Next
    },
    GetI(s) { get_element!(s, s.b(), s.instr.c()) },
    SetTabUp(s) { set_field!(s, s.upvalue(s.instr.a()), else Flow::Slow) },
    SetField(s) { set_field!(s, s.a(), else Flow::Other(store_field)) },
    SetTable(s) {
        let key = s.b();
        if (*key).tag != tag::INT {
            return Flow::Other(set_dynamic);
        }
        set_element!(s, (*key).raw_int())
    },
    SetTableInt(s) { set_number!(s, Int, INT) },
    SetTableFloat(s) { set_number!(s, Float, FLOAT) },
    SetTableTagged(s) {
        let element = element!(s, s.a(), s.b(), Tagged as Value, else append);
        let value = s.c();
        if (*value).is_nil() || (*s.a()).table_unchecked().header.needs_barrier(&s.vm().heap) {
            return Flow::Other(set_dynamic);
        }
        copy(element, value);
        s.pc = s.pc.add(1);
        Flow::Next
    },
    SetI(s) { set_element!(s, s.instr.b() as i64) },
    NewTable(s) {
        let items = s.ext().ax();
        let table = access::new_table(s.vm(), items, s.instr.b());
        set(s.a(), table.into());
        Flow::Next
    },
    SetList(s) {
        let first = s.ext().ax();
        let values = s.a().add(1);
        let count = if s.instr.b() == 0 { s.vm().top.offset_from(values) as usize } else { s.instr.b() };
        s.save_pc();
        s.vm().frame = Frame(s.base);
        match access::set_list(s.vm(), (*s.a()).table_unchecked(), first, values, count) {
            Ok(()) => Flow::Next,
            Err(throw) => Flow::Throw(throw),
        }
    },

    Add(_s) { Flow::Slow },
    AddII(s) { int_or_float!(s, s.b(), s.c(), int wrapping_add) },
    AddFF(s) { int_or_float!(s, s.b(), s.c(), float +) },
    AddAny(s) { int_or_float!(s, s.b(), s.c(), any wrapping_add +) },
    AddK(_s) { Flow::Slow },
    AddKII(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), int wrapping_add) },
    AddKFF(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), float +) },
    AddKAny(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), any wrapping_add +) },
    Sub(_s) { Flow::Slow },
    SubII(s) { int_or_float!(s, s.b(), s.c(), int wrapping_sub) },
    SubFF(s) { int_or_float!(s, s.b(), s.c(), float -) },
    SubAny(s) { int_or_float!(s, s.b(), s.c(), any wrapping_sub -) },
    SubK(_s) { Flow::Slow },
    SubKII(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), int wrapping_sub) },
    SubKFF(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), float -) },
    SubKAny(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), any wrapping_sub -) },
    Mul(_s) { Flow::Slow },
    MulII(s) { int_or_float!(s, s.b(), s.c(), int wrapping_mul) },
    MulFF(s) { int_or_float!(s, s.b(), s.c(), float *) },
    MulAny(s) { int_or_float!(s, s.b(), s.c(), any wrapping_mul *) },
    MulK(_s) { Flow::Slow },
    MulKII(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), int wrapping_mul) },
    MulKFF(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), float *) },
    MulKAny(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), any wrapping_mul *) },
    Div(_s) { Flow::Slow },
    DivFF(s) { int_or_float!(s, s.b(), s.c(), float /) },
    DivAny(s) { int_or_float!(s, s.b(), s.c(), mixed /) },
    DivK(_s) { Flow::Slow },
    DivKFF(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), float /) },
    DivKAny(s) { int_or_float!(s, s.b(), s.k(s.instr.c()), mixed /) },
    Mod(_s) { Flow::Slow },
    ModII(s) { divide!(s, s.b(), s.c(), FloorDivision::floor_mod) },
    ModAny(_s) { Flow::Slow },
    ModK(_s) { Flow::Slow },
    ModKII(s) { divide!(s, s.b(), s.k(s.instr.c()), FloorDivision::floor_mod) },
    ModKAny(_s) { Flow::Slow },
    IDiv(_s) { Flow::Slow },
    IDivII(s) { divide!(s, s.b(), s.c(), FloorDivision::floor_div) },
    IDivAny(_s) { Flow::Slow },
    IDivK(_s) { Flow::Slow },
    IDivKII(s) { divide!(s, s.b(), s.k(s.instr.c()), FloorDivision::floor_div) },
    IDivKAny(_s) { Flow::Slow },
    Pow(_s) { Flow::Slow },
    PowK(s) {
        let base = s.b();
        let exponent = s.k(s.instr.c());
        let two = (*exponent).tag == tag::INT && (*exponent).raw_int() == 2
            || (*exponent).tag == tag::FLOAT && (*exponent).raw_float() == 2.0;
        match as_float(base) {
            Some(float) if two => { set(s.a(), Value::float(float * float)); Flow::Next }
            _ => Flow::Slow,
        }
    },
    BAnd(s) { bitwise!(s, s.c(), |l, r| l & r) },
    BOr(s) { bitwise!(s, s.c(), |l, r| l | r) },
    BXor(s) { bitwise!(s, s.c(), |l, r| l ^ r) },
    Shl(s) { bitwise!(s, s.c(), arith::shift_left) },
    Shr(s) { bitwise!(s, s.c(), arith::shift_right) },
    BAndK(s) { bitwise!(s, s.k(s.instr.c()), |l, r| l & r) },
    BOrK(s) { bitwise!(s, s.k(s.instr.c()), |l, r| l | r) },
    BXorK(s) { bitwise!(s, s.k(s.instr.c()), |l, r| l ^ r) },
    ShlK(s) { bitwise!(s, s.k(s.instr.c()), arith::shift_left) },
    ShrK(s) { bitwise!(s, s.k(s.instr.c()), arith::shift_right) },
    Unm(s) {
        let value = s.b();
        match (*value).tag {
            tag::INT => set(s.a(), Value::int((*value).raw_int().wrapping_neg())),
            tag::FLOAT => set(s.a(), Value::float(-(*value).raw_float())),
            _ => return Flow::Slow,
        }
        Flow::Next
    },
    BNot(s) {
        let value = s.b();
        if (*value).tag != tag::INT {
            return Flow::Slow;
        }
        set(s.a(), Value::int(!(*value).raw_int()));
        Flow::Next
    },
    Not(s) { set(s.a(), Value::bool((*s.b()).tag < tag::TRUE)); Flow::Next },
    Len(s) {
        let value = s.b();
        match (*value).tag {
            tag::STRING => set(s.a(), Value::int((*value).string_unchecked().len() as i64)),
            tag::TABLE => {
                let table = (*value).table_unchecked();
                if table.array_len == 0 || table.metatable().is_some() {
                    return Flow::Slow;
                }
                set(s.a(), Value::int(i64::from(table.array_len)));
            }
            _ => return Flow::Slow,
        }
        Flow::Next
    },
    Concat(s) {
        s.save();
        match arith::concat_in_place(s.vm(), s.a(), s.instr.b()) {
            Ok(()) => Flow::Next,
            Err(throw) => Flow::Throw(throw),
        }
    },
    Close(_s) { Flow::Slow },
    Tbc(_s) { Flow::Slow },
    Jmp(s) { s.jump(s.instr.jump()); Flow::Next },
    Loop(s) {
        let index = s.ext().ax();
        s.jump(s.instr.jump());
        back_edge(s, index)
    },

    Eq(s) {
        let (lhs, rhs) = (s.a(), s.b());
        if (*lhs).tag == (*rhs).tag {
            if (*lhs).bits == (*rhs).bits && (*lhs).tag != tag::FLOAT {
                return s.branch(true);
            }
            match (*lhs).tag {
                tag::FLOAT => return s.branch((*lhs).raw_float() == (*rhs).raw_float()),
                tag::STRING if !(*lhs).string_unchecked().is_short() => return Flow::SlowTest,
                tag::TABLE if (*lhs).table_unchecked().metatable().is_some() => return Flow::SlowTest,
                tag::TABLE if (*rhs).table_unchecked().metatable().is_some() => return Flow::SlowTest,
                tag::USERDATA => return Flow::SlowTest,
                _ => return s.branch(false),
            }
        } else if !((*lhs).is_number() && (*rhs).is_number()) {
            return s.branch(false);
        }
        Flow::SlowTest
    },
    EqKInt(s) {
        let (lhs, rhs) = (s.a(), s.k(s.instr.b()));
        match (*lhs).tag {
            tag::INT => s.branch((*lhs).bits == (*rhs).bits),
            tag::FLOAT => {
                *s.at = (*s.at).with_op(Op::EqK);
                Flow::SlowTest
            }
            _ => s.branch(false),
        }
    },
    EqK(s) {
        let (lhs, rhs) = (s.a(), s.k(s.instr.b()));
        if (*lhs).tag == (*rhs).tag {
            if (*lhs).tag == tag::INT {
                *s.at = (*s.at).with_op(Op::EqKInt);
                return s.branch((*lhs).bits == (*rhs).bits);
            }
            if (*lhs).bits == (*rhs).bits && (*lhs).tag != tag::FLOAT {
                return s.branch(true);
            }
        } else if !((*lhs).is_number() && (*rhs).is_number()) {
            return s.branch(false);
        }
        Flow::SlowTest
    },
    Lt(_s) { Flow::SlowTest },
    LtII(s) { compare!(s, <, INT, raw_int) },
    LtFF(s) { compare!(s, <, FLOAT, raw_float) },
    LtAny(s) { compare!(s, <, any) },
    Le(_s) { Flow::SlowTest },
    LeII(s) { compare!(s, <=, INT, raw_int) },
    LeFF(s) { compare!(s, <=, FLOAT, raw_float) },
    LeAny(s) { compare!(s, <=, any) },
    LtI(s) { compare!(s, <, imm) },
    LeI(s) { compare!(s, <=, imm) },
    GtI(s) { compare!(s, >, imm) },
    GeI(s) { compare!(s, >=, imm) },
    Test(s) { let truthy = (*s.a()).is_truthy(); s.branch(truthy) },
    TestSet(s) {
        let value = s.b();
        let jump = s.ext();
        if (*value).is_truthy() == (s.instr.c() != 0) {
            copy(s.a(), value);
            s.jump(jump.jump());
        }
        Flow::Next
    },

    Call(s) {
        let cache = s.cache();
        let slot = s.a();
        if (*slot).tag != tag::CLOSURE {
            return Flow::Other(call_other);
        }
        let target = (*slot).closure_unchecked().proto;
        access::note_call(s.vm(), cache, target);
        if s.instr.b() == 0 {
            return Flow::Other(call_open);
        }
        let plain = s.instr.b() == (*target.as_ptr()).plain_call as usize;
        if plain && enter_plain(s, target.as_ptr(), s.instr.a() + FRAME_OFFSET, s.instr.c()) {
            Flow::Next
        } else {
            Flow::Other(call_lua)
        }
    },
    TailCall(s) {
        let slot = s.a();
        if (*slot).tag != tag::CLOSURE {
            return Flow::Other(tail_call);
        }
        let proto = (*slot).closure_unchecked().proto.as_ptr();
        let end = s.base.byte_add((*proto).room as usize);
        let vm = s.vm();
        if s.instr.b() != (*proto).plain_call as usize
            || s.instr.c() != 0
            || (*Frame(s.base).header()).flags & flags::VARARG != 0
            || end >= vm.stack_limit
            || (*proto).countdown <= 1
            || vm.heap.bytes >= vm.heap.threshold
        {
            return Flow::Other(tail_call);
        }
        (*proto).countdown -= 1;
        copy(s.base.sub(FRAME_OFFSET), slot);
        (*Frame(s.base).header()).pc = 0;
        (*Frame(s.base).header()).varargs = FrameHeader::TAIL_CALL;
        for index in 0..(*proto).num_params as usize {
            copy(s.base.add(index), slot.add(FRAME_OFFSET + index));
        }
        s.proto = proto;
        s.pc = (*proto).code;
        Flow::Next
    },
    Return(s) {
        if s.instr.c() != 0 {
            return Flow::Other(closing_return);
        }
        finish_return(s, s.a())
    },
    Return0(s) {
        let header = Frame(s.base).header();
        if (*header).flags != flags::LUA_CALL || (*header).spare > 1 {
            return Flow::Other(any_return);
        }
        if (*header).spare == 0 {
            s.vm().top = s.base.sub(FRAME_OFFSET);
        }
        resume_caller(s)
    },
    Return1(s) {
        let header = Frame(s.base).header();
        if (*header).flags != flags::LUA_CALL || (*header).spare > 2 {
            return Flow::Other(any_return);
        }
        let slot = s.base.sub(FRAME_OFFSET);
        copy(slot, s.a());
        if (*header).spare == 0 {
            s.vm().top = slot.add(1);
        }
        resume_caller(s)
    },

    ForPrep(s) {
        let index = s.a();
        let (limit, step) = (index.add(1), index.add(2));
        let integers = (*index).tag == tag::INT && (*limit).tag == tag::INT && (*step).tag == tag::INT;
        if !integers || (*step).raw_int() != 1 {
            return Flow::SlowTest;
        }
        let (start, last) = ((*index).raw_int(), (*limit).raw_int());
        let jump = s.ext();
        if start > last {
            s.jump(jump.jump());
            return Flow::Next;
        }
        (*limit).bits = (last as u64).wrapping_sub(start as u64);
        set(index.add(3), Value::int(start));
        Flow::Next
    },
    ForLoop(s) {
        let op = if (*s.a()).tag == tag::INT { Op::ForLoopI } else { Op::ForLoopF };
        *s.at = (*s.at).with_op(op);
        s.pc = s.at;
        Flow::Next
    },
    ForLoopI(s) {
        let jump = s.ext();
        let index = s.a();
        if (*index).tag != tag::INT {
            *s.at = (*s.at).with_op(Op::ForLoopF);
            s.pc = s.at;
            return Flow::Next;
        }
        let left = (*index.add(1)).bits;
        if left == 0 {
            return Flow::Next;
        }
        let next = (*index).raw_int().wrapping_add((*index.add(2)).raw_int());
        (*index.add(1)).bits = left - 1;
        (*index).bits = next as u64;
        set(index.add(3), Value::int(next));
        s.jump(jump.jump());
        back_edge(s, s.instr.bx())
    },
    ForLoopF(s) {
        let jump = s.ext();
        let index = s.a();
        if (*index).tag != tag::FLOAT {
            *s.at = (*s.at).with_op(Op::ForLoopI);
            s.pc = s.at;
            return Flow::Next;
        }
        let (step, limit) = ((*index.add(2)).raw_float(), (*index.add(1)).raw_float());
        let next = (*index).raw_float() + step;
        if !(if step > 0.0 { next <= limit } else { limit <= next }) {
            return Flow::Next;
        }
        set(index, Value::float(next));
        set(index.add(3), Value::float(next));
        s.jump(jump.jump());
        back_edge(s, s.instr.bx())
    },
    TForPrep(s) {
        let jump = s.ext();
        if (*s.reg(s.instr.a() + 3)).is_truthy() {
            s.save();
            if let Err(throw) = s.vm().mark_to_be_closed(s.reg(s.instr.a() + 3)) {
                return Flow::Throw(throw);
            }
        }
        s.jump(jump.jump());
        Flow::Next
    },
    TForCall(s) { generic_call(s) },
    TForCallNext(s) { generic_call(s) },
    TForLoop(s) {
        let jump = s.ext();
        let control = s.reg(s.instr.a() + 4);
        if (*control).is_nil() {
            return Flow::Next;
        }
        copy(s.reg(s.instr.a() + 2), control);
        s.jump(jump.jump());
        back_edge(s, s.instr.bx())
    },
    Closure(s) {
        let children: &[Gc<Proto>] = &(*s.proto).children;
        let child = *children.get_unchecked(s.instr.bx());
        let closure = call::make_closure(s.vm(), s.closure(), child, s.base);
        set(s.a(), closure.into());
        Flow::Next
    },
    VarArg(s) {
        s.save();
        match call::push_varargs(s.vm(), Frame(s.base), s.a(), s.instr.c()) {
            Ok(()) => Flow::Next,
            Err(throw) => Flow::Throw(throw),
        }
    },
    // The frame was moved when it was entered.
    VarArgPrep(_s) { Flow::Next },
}

/// Header of a frame that a call makes.
///
/// # Safety
/// `callee` is above the running frame.
#[inline(always)]
unsafe fn write_header(callee: *mut Value, prev: usize, flags: u8, spare: usize) {
    // SAFETY: as the contract says.
    unsafe {
        let header = FrameHeader { flags, spare: spare as u16, ..Vm::call_header(prev) };
        Frame(callee).header().write(header);
    }
}

/// A back-edge to `pc`: counts, polls, and moves to compiled code when there is some.
///
/// # Safety
/// As for handlers.
#[inline(always)]
unsafe fn back_edge(s: &mut State, index: usize) -> Flow {
    // SAFETY: loop operands of valid bytecode are in range.
    unsafe {
        let state: *mut LoopState = (*s.proto).loops.add(index);
        let countdown = (*state).countdown - 1;
        (*state).countdown = countdown;
        let vm = s.vm();
        if vm.heap.bytes >= vm.heap.threshold || countdown <= 0 || (*state).osr.is_some() {
            // The slow handler starts from where the jump leads: it gets that pc as its own.
            s.at = s.pc.sub(1);
            s.instr = Instr(index as u32);
            return Flow::Other(slow_back_edge);
        }
        Flow::Next
    }
}

/// A return without anything to close: the values from `first` on.
///
/// # Safety
/// As for handlers.
#[inline(always)]
unsafe fn finish_return(s: &mut State, first: *const Value) -> Flow {
    // SAFETY: as the contract says; the results fit where function and arguments were, or below `first`.
    unsafe {
        let count = match s.instr.op() {
            Op::Return0 => 0,
            Op::Return1 => 1,
            _ if s.instr.b() == 0 => s.vm().top.offset_from(first) as usize,
            _ => s.instr.b() - 1,
        };
        let slot = Frame(s.base).function_slot((*s.proto).num_params as usize);
        let FrameHeader { flags, prev, spare, .. } = *Frame(s.base).header();
        for index in 0..count {
            copy(slot.add(index), first.add(index));
        }
        if flags & !flags::VARARG != flags::LUA_CALL {
            return Flow::Returned { flags, prev, count: count as u32 };
        }
        call::adjust_results(s.vm(), slot, count as u32, spare as usize);
        s.base = s.base.sub(prev as usize);
        after_call(s);
        Flow::Next
    }
}

/// Goes on in the caller, PERF: which is known to be a plain call of a Lua function.
///
/// # Safety
/// As for handlers; the frame is flagged [`flags::LUA_CALL`], and its results are in place.
#[inline(always)]
unsafe fn resume_caller(s: &mut State) -> Flow {
    // SAFETY: as the contract says; `prev` leads to the caller's frame.
    unsafe {
        s.base = s.base.sub((*Frame(s.base).header()).prev as usize);
        after_call(s);
    }
    Flow::Next
}

/// Goes on behind the call at the pc of the frame at `base`.
///
/// # Safety
/// The frame is a Lua function's, and the call takes two words.
#[inline(always)]
unsafe fn after_call(s: &mut State) {
    // SAFETY: as the contract says.
    unsafe {
        s.proto = Frame(s.base).function().closure_unchecked().proto.as_ptr();
        s.pc = (*s.proto).code.add((*Frame(s.base).header()).pc as usize + 2);
    }
}

/// Enters a Lua function with as many arguments as it has parameters, if that is all there is to do: room on the
/// stack, nothing to consult on or to collect.
///
/// # Safety
/// As for handlers; the arguments lie `prev` slots above the running frame, which wants `spare` results (as in
/// [`FrameHeader::spare`]).
#[inline(always)]
unsafe fn enter_plain(s: &mut State, proto: *mut Proto, prev: usize, spare: usize) -> bool {
    // SAFETY: as the contract says.
    unsafe {
        let vm = s.vm();
        let callee = s.base.add(prev);
        let countdown = (*proto).countdown - 1;
        if callee.byte_add((*proto).room as usize) >= vm.stack_limit
            || countdown <= 0
            || vm.heap.bytes >= vm.heap.threshold
        {
            return false;
        }
        (*proto).countdown = countdown;
        s.save_pc();
        write_header(callee, prev, flags::LUA_CALL, spare);
        s.base = callee;
        s.proto = proto;
        s.pc = (*proto).code;
        true
    }
}

/// [`enter_plain`] for any number of arguments.
///
/// # Safety
/// As [`enter_plain`], with `count` arguments.
#[inline(always)]
unsafe fn enter_adjusted(s: &mut State, proto: *mut Proto, prev: usize, spare: usize, mut count: usize) -> bool {
    // SAFETY: as the contract says.
    unsafe {
        let callee = s.base.add(prev);
        if (*proto).plain_call == Proto::NOT_PLAIN
            || count >= 256
            || callee.add(count).byte_add((*proto).room as usize) >= s.vm().stack_limit
        {
            return false;
        }
        while count < (*proto).num_params as usize {
            set(callee.add(count), Value::NIL);
            count += 1;
        }
        enter_plain(s, proto, prev, spare)
    }
}

/// Enters the Lua function whose frame is laid out at `callee`, for the call at `at` with results at `slot`.
///
/// # Safety
/// As for handlers; the frame's pc is saved.
#[inline(always)]
unsafe fn enter_closure(s: &mut State, slot: *mut Value, count: usize, wanted: usize) -> Flow {
    // SAFETY: as the contract says.
    unsafe {
        let vm = s.vm();
        let callee = slot.add(FRAME_OFFSET);
        vm.frame = Frame(s.base);
        let proto = (*slot).closure_unchecked().proto;
        if proto.compiled && call::native_room(vm) {
            let status = (proto.entry)(vm, callee, count as u64);
            return match call::settle(vm, status) {
                results if results >= 0 => {
                    call::adjust_results(vm, slot, results as u32, wanted);
                    Flow::Next
                }
                status::EXIT => Flow::Enter(vm.exit_frame.0),
                other => Flow::Throw(Throw::from_status(other)),
            };
        }
        let frame = call::prepare_or_throw(vm, callee, count);
        if frame.is_null() { Flow::Throw(Throw::Error) } else { Flow::Enter(frame) }
    }
}

/// Calls the value that is no Lua function and whose arguments lie at `slot`'s frame.
///
/// # Safety
/// As for handlers; the frame's pc is saved.
#[inline(always)]
unsafe fn call_value(s: &mut State, slot: *mut Value, mut count: usize, wanted: usize) -> Flow {
    // SAFETY: as the contract says.
    unsafe {
        let vm = s.vm();
        let callee = slot.add(FRAME_OFFSET);
        if (*slot).tag != tag::NATIVE {
            s.save();
            vm.top = callee.add(count);
            count = call::prepare_meta_or_throw(vm, callee, count);
            if count == usize::MAX {
                return Flow::Throw(Throw::Error);
            }
        }
        write_header(callee, callee.offset_from(s.base) as usize, 0, 0);
        if (*slot).tag == tag::CLOSURE {
            return enter_closure(s, slot, count, wanted);
        }
        let results = call::native_status(vm, callee, count);
        if results < 0 {
            return Flow::Throw(Throw::from_status(results));
        }
        call::adjust_results(vm, slot, results as u32, wanted);
        Flow::Next
    }
}

/// `TFORCALL`.
///
/// # Safety
/// As for handlers.
#[inline(always)]
unsafe fn generic_call(s: &mut State) -> Flow {
    // SAFETY: as the contract says.
    unsafe {
        let cache = s.cache();
        let first = s.a();
        if (*first).tag == tag::NATIVE && (*first.add(1)).tag == tag::TABLE {
            match access::advance(s.vm(), first, cache) {
                access::Iterated::Entry | access::Iterated::End => {
                    if s.instr.op() == Op::TForCall {
                        *s.at = (*s.at).with_op(Op::TForCallNext);
                    }
                    for extra in 2..s.instr.c() {
                        set(first.add(4 + extra), Value::NIL);
                    }
                    return Flow::Next;
                }
                access::Iterated::Other => {}
            }
        }
        let slot = first.add(4);
        copy(slot, first);
        copy(slot.add(FRAME_OFFSET), first.add(1));
        copy(slot.add(FRAME_OFFSET + 1), first.add(2));
        s.save_pc();
        if (*slot).tag != tag::CLOSURE {
            return call_value(s, slot, 2, s.instr.c() + 1);
        }
        let target = (*slot).closure_unchecked().proto;
        access::note_call(s.vm(), cache, target);
        let callee = slot.add(FRAME_OFFSET);
        let prev = s.instr.a() + 4 + FRAME_OFFSET;
        if enter_adjusted(s, target.as_ptr(), prev, s.instr.c() + 1, 2) {
            return Flow::Next;
        }
        write_header(callee, prev, 0, 0);
        enter_closure(s, slot, 2, s.instr.c() + 1)
    }
}

/// An access that has met arrays of one kind only gets the form for this kind; another kind takes it back.
///
/// # Safety
/// As for handlers; the instruction is an access to an array of this kind, which the cache has noted.
unsafe fn quicken_access(s: &State, cache: *const Cache, kind: ElementKind) {
    // SAFETY: as the contract says.
    unsafe {
        let alone = (*cache).index == 1 << kind as u32;
        let op = match (s.instr.op().unquickened().0, kind) {
            (Op::GetTable, ElementKind::Int) if alone => Op::GetTableInt,
            (Op::GetTable, ElementKind::Float) if alone => Op::GetTableFloat,
            (Op::GetTable, ElementKind::Tagged) if alone => Op::GetTableTagged,
            (Op::SetTable, ElementKind::Int) if alone => Op::SetTableInt,
            (Op::SetTable, ElementKind::Float) if alone => Op::SetTableFloat,
            (Op::SetTable, ElementKind::Tagged) if alone => Op::SetTableTagged,
            (op, _) => op,
        };
        *s.at = s.instr.with_op(op);
    }
}

/// A field of a table by the lookup cache, for sites whose inline cache has given up. Null: not to be found so.
///
/// # Safety
/// As for handlers.
#[inline(always)]
unsafe fn look_up<'a>(s: &State, object: *const Value, name: Gc<Str>) -> Option<(Gc<Table>, &'a Lookup)> {
    // SAFETY: as the contract says.
    unsafe {
        if (*object).tag != tag::TABLE || !name.is_short() {
            return None;
        }
        let table = (*object).table_unchecked();
        let vm = s.vm();
        Some((table, vm.lookups.find(table.shape, name, vm.heap.proto_epoch)?))
    }
}

others! {
    /// `GETFIELD`, `SELF` or `GETTABUP` that the inline cache does not answer.
    look_up_field(s) {
        let is_upvalue = s.instr.op() == Op::GetTabUp;
        let object = if is_upvalue { s.upvalue(s.instr.b()) } else { s.b() };
        if (*s.cache()).kind != CacheKind::Mega {
            return Flow::Slow;
        }
        let value = match look_up(s, object, (*s.k(s.instr.c())).string_unchecked()) {
            Some((table, Lookup::Own(slot))) => {
                let value = *table.slots.add(*slot as usize);
                if value.is_nil() && table.metatable().is_some() {
                    return Flow::Slow;
                }
                value
            }
            Some((_, Lookup::Proto(value))) => *value,
            None => return Flow::Slow,
        };
        if s.instr.op() == Op::SelfField {
            copy(s.a().add(FRAME_OFFSET), object);
        }
        set(s.a(), value);
        Flow::Next
    },
    /// `SETFIELD` that the inline cache does not answer.
    store_field(s) {
        if (*s.cache()).kind != CacheKind::Mega || (*s.c()).is_nil() {
            return Flow::Slow;
        }
        let Some((table, Lookup::Own(slot))) = look_up(s, s.a(), (*s.k(s.instr.b())).string_unchecked()) else {
            return Flow::Slow;
        };
        // A store to a proto may move the epoch, one over nil may have to ask `__newindex`.
        let slot = table.slots.add(*slot as usize);
        if table.shape.is_proto() || (*slot).is_nil() || table.header.needs_barrier(&s.vm().heap) {
            return Flow::Slow;
        }
        copy(slot, s.c());
        Flow::Next
    },
    /// Reading a table otherwise than by an index in the array part.
    get_dynamic(s) {
        let cache = s.cache();
        let object = s.b();
        if (*object).tag != tag::TABLE {
            return Flow::Slow;
        }
        let table = (*object).table_unchecked();
        let key = if s.instr.op() == Op::GetI { Value::int(s.instr.c() as i64) } else { *s.c() };
        let value = match key.tag {
            tag::INT => table.get_int(key.raw_int()),
            tag::STRING if table.shape.is_dict() => table.get_str(key.string_unchecked()),
            tag::STRING => match look_up(s, object, key.string_unchecked()) {
                Some((_, Lookup::Own(slot))) => *table.slots.add(*slot as usize),
                _ => access::get_named(s.vm(), table, key.string_unchecked()),
            },
            _ => table.get(key),
        };
        if !value.is_nil() {
            if key.tag == tag::INT && (key.bits.wrapping_sub(1)) < u64::from(table.array_len) {
                if access::note_array(cache, table.array_kind) {
                    quicken_access(s, cache, table.array_kind);
                }
            } else {
                (*cache).polymorphic = true;
            }
        } else if table.metatable().is_some() {
            return Flow::Slow;
        }
        set(s.a(), value);
        Flow::Next
    },
    /// `SETUPVAL` of an upvalue that the collector has reached.
    set_marked_upvalue(s) {
        let (upvalue, value) = (s.upvalue_object(s.instr.b()), *s.a());
        access::set_upvalue(s.vm(), upvalue, value);
        Flow::Next
    },
    /// Writing behind the last element of an array of one kind, with room for one more.
    append(s) {
        let (object, key, value) = (s.a(), s.b(), s.c());
        if (*object).tag != tag::TABLE || (*key).tag != tag::INT {
            return Flow::Other(set_dynamic);
        }
        let table = (*object).table_unchecked();
        if (*key).bits.wrapping_sub(1) != u64::from(table.array_len) || !table.get_mut().append_in_place(&s.vm().heap, *value)
        {
            return Flow::Other(set_dynamic);
        }
        (*s.cache()).epoch = 1;
        Flow::Next
    },
    /// Writing a table otherwise than by an index in the array part.
    set_dynamic(s) {
        let cache = s.cache();
        let object = s.a();
        if (*object).tag != tag::TABLE || (*object).table_unchecked().metatable().is_some() {
            return Flow::Slow;
        }
        let table = (*object).table_unchecked();
        let key = if s.instr.op() == Op::SetI { Value::int(s.instr.b() as i64) } else { *s.b() };
        let value = *s.c();
        match key.tag {
            tag::INT => {
                let appends = key.bits.wrapping_sub(1) == u64::from(table.array_len);
                (*cache).epoch |= u32::from(appends);
                if appends && !value.is_nil() && !table.has_int_keys() {
                    table.get_mut().push_element(&mut s.vm().heap, value);
                } else {
                    table.get_mut().set_int(&mut s.vm().heap, key.raw_int(), value);
                }
                if table.array_kind != ElementKind::Empty && access::note_array(cache, table.array_kind) {
                    quicken_access(s, cache, table.array_kind);
                }
            }
            tag::STRING => table.get_mut().set_str(&mut s.vm().heap, key.string_unchecked(), value),
            _ => return Flow::Slow,
        }
        Flow::Next
    },
    /// `CALL` of anything but a Lua function.
    call_other(s) {
        let cache = s.cache();
        let slot = s.a();
        if (*slot).tag == tag::NATIVE {
            access::note_native(s.vm(), cache, *slot);
        }
        let callee = slot.add(FRAME_OFFSET);
        let count = if s.instr.b() == 0 { s.vm().top.offset_from(callee) as usize } else { s.instr.b() - 1 };
        s.save_pc();
        call_value(s, slot, count, s.instr.c())
    },
    /// `CALL` of a Lua function with an open list of arguments.
    call_open(s) {
        s.ext();
        let slot = s.a();
        let proto = (*slot).closure_unchecked().proto.as_ptr();
        let count = s.vm().top.offset_from(slot.add(FRAME_OFFSET)) as usize;
        // An open list may have as many arguments as would look like `NOT_PLAIN`.
        let plain = count + 1 == (*proto).plain_call as usize && (*proto).plain_call != Proto::NOT_PLAIN;
        if plain && enter_plain(s, proto, s.instr.a() + FRAME_OFFSET, s.instr.c()) {
            Flow::Next
        } else {
            Flow::Other(call_lua)
        }
    },
    /// `CALL` of a Lua function with other arguments than parameters, or for which there is something else to do.
    call_lua(s) {
        s.ext();
        let slot = s.a();
        let callee = slot.add(FRAME_OFFSET);
        let count = if s.instr.b() == 0 { s.vm().top.offset_from(callee) as usize } else { s.instr.b() - 1 };
        let proto = (*slot).closure_unchecked().proto.as_ptr();
        let prev = s.instr.a() + FRAME_OFFSET;
        if enter_adjusted(s, proto, prev, s.instr.c(), count) {
            return Flow::Next;
        }
        s.save_pc();
        write_header(callee, prev, 0, 0);
        enter_closure(s, slot, count, s.instr.c())
    },
    tail_call(s) {
        s.ext();
        let slot = s.a();
        let callee = slot.add(FRAME_OFFSET);
        let mut count = if s.instr.b() == 0 { s.vm().top.offset_from(callee) as usize } else { s.instr.b() - 1 };
        s.save();
        let vm = s.vm();
        if s.instr.c() != 0 {
            vm.thread.get_mut().close_upvalues(&mut vm.heap, s.base);
        }
        if !(*slot).is_function() {
            vm.top = callee.add(count);
            count = call::prepare_meta_or_throw(vm, callee, count);
            if count == usize::MAX {
                return Flow::Throw(Throw::Error);
            }
        }
        if (*slot).tag == tag::NATIVE {
            // The frame stays below a native: it is what error messages name. `RETURN` follows.
            write_header(callee, s.instr.a() + FRAME_OFFSET, 0, 0);
            let results = call::native_status(vm, callee, count);
            if results < 0 {
                return Flow::Throw(Throw::from_status(results));
            }
            vm.top = slot.add(results as usize);
            return Flow::Next;
        }
        let frame = call::replace_frame(Frame(s.base), (*s.proto).num_params, slot, count);
        let proto = frame.function().closure_unchecked().proto;
        s.base = frame.0;
        if proto.compiled && call::native_room(vm) {
            let (flags, prev) = call::lend_frame(frame);
            let status = (proto.entry)(vm, frame.0, count as u64);
            return Flow::TakenOver { flags, prev, status };
        }
        let frame = call::prepare_or_throw(vm, frame.0, count);
        if frame.is_null() { Flow::Throw(Throw::Error) } else { Flow::Enter(frame) }
    },
    /// `RETURN0` or `RETURN1` into anything but a call that takes what there is.
    any_return(s) {
        finish_return(s, s.a())
    },
    /// `RETURN` that closes variables.
    closing_return(s) {
        let vm = s.vm();
        let first = s.a();
        let count = if s.instr.b() == 0 { vm.top.offset_from(first) as usize } else { s.instr.b() - 1 };
        s.save();
        if let Err(throw) = vm.close_frame(Frame(s.base), first, count, s.instr.b() == 0) {
            return Flow::Throw(throw);
        }
        vm.top = first.add(count);
        finish_return(s, first)
    },
    /// A back-edge to `pc` at which something is due; the instruction word is the index of the loop.
    slow_back_edge(s) {
        let index = s.instr.0 as usize;
        let state: *mut LoopState = (*s.proto).loops.add(index);
        let vm = s.vm();
        // The frame goes on at the target.
        s.at = s.pc;
        if vm.heap.bytes >= vm.heap.threshold {
            s.save();
            let top = vm.top;
            if let Err(throw) = vm.poll_slow(top) {
                return Flow::Throw(throw);
            }
        }
        if (*state).countdown <= 0 {
            s.save();
            vm.consult_loop(Gc::from_ptr(s.proto), index);
        }
        let Some(osr) = (*state).osr else { return Flow::Next };
        if !call::native_room(vm) {
            return Flow::Next;
        }
        s.save_pc();
        vm.frame = Frame(s.base);
        let (flags, prev) = call::lend_frame(Frame(s.base));
        let status = osr(vm, s.base, 0);
        Flow::TakenOver { flags, prev, status }
    },
}
