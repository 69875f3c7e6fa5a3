//! Tier 0: the register-bytecode interpreter.
//!
//! [`run`] executes one chain of interpreter frames. It does not recurse for calls from Lua to Lua; compiled code,
//! natives and metamethods are native calls. It ends when a frame flagged [`flags::NATIVE_CALLER`] returns, and with
//! a status when one throws or yields.

pub mod access;
pub mod arith;
mod call;
pub mod compare;

pub(crate) use call::detached_callee_slot;
pub use call::{adjust_results, make_closure, move_above_varargs, prepare_lua_call, push_varargs, replace_frame, settle};

use crate::{
    bytecode::{Instr, Op},
    frame::{Entry, FRAME_OFFSET, Frame, FrameHeader, Status, flags, status},
    function::{Cache, Closure, LoopState},
    heap::Gc,
    interp::{
        access::get_cached,
        arith::Arith,
        call::{AfterThrow, Returned},
    },
    table::Table,
    value::{Value, tag},
    vm::Vm,
};

/// List items that one `SETLIST` may store: a constructor with more has several.
const MAX_LIST_BATCH: usize = 50;

/// Goes on after a yield: `count` results of the yield are in place for the call at `caller`'s pc.
///
/// # Safety
/// `caller` is the frame that called `coroutine.yield`.
pub(crate) unsafe fn resume_at(vm: &mut Vm, caller: Frame, count: u32) -> Status {
    // SAFETY: as the contract says.
    match unsafe { call::return_into(vm, caller, count) } {
        Returned::Native(status) => status,
        // SAFETY: the frame's pc has been advanced past the call.
        Returned::Lua(frame) => unsafe { run(vm, frame) },
    }
}

/// Runs from `frame` (at its pc) until a frame with a native caller returns.
///
/// # Safety
/// `frame` must be a live frame of a Lua closure, in interpreter form, or of a detached native whose callee has just
/// returned into it.
#[expect(clippy::cognitive_complexity, reason = "one arm per opcode")]
pub(crate) unsafe fn run(vm: &mut Vm, frame: Frame) -> Status {
    // SAFETY: register, constant, cache, child and loop operands are in range in valid bytecode (`bytecode::validate`);
    // `base` is the live frame's, `code`, `k` and `caches` are its function's. Values in registers are live.
    unsafe {
        let mut base: *mut Value = frame.0;
        let mut closure: Gc<Closure> = Frame(base).function().closure_unchecked();
        let mut code: *mut Instr = closure.proto.code;
        let mut k: *const Value = closure.proto.consts;
        let mut caches: *mut Cache = closure.proto.caches;
        let mut pc: *mut Instr = code.add((*Frame(base).header()).pc as usize);
        let mut at: *mut Instr;

        macro_rules! reg {
            ($index:expr) => {
                *base.add($index)
            };
        }
        // Continues in another frame at its pc.
        macro_rules! enter_frame {
            ($frame:expr) => {{
                base = $frame.0;
                closure = Frame(base).function().closure_unchecked();
                let proto = closure.proto.as_ptr();
                code = (*proto).code;
                k = (*proto).consts;
                caches = (*proto).caches;
                pc = code.add((*Frame(base).header()).pc as usize);
            }};
        }
        macro_rules! save {
            () => {{
                (*Frame(base).header()).pc = at.offset_from(code) as u32;
                vm.frame = Frame(base);
                vm.top = base.add(closure.proto.max_stack as usize);
            }};
        }
        macro_rules! handle {
            ($throw:expr) => {{
                match call::after_throw(vm, Frame(base), $throw) {
                    AfterThrow::Leave(status) => return status,
                    AfterThrow::Continue(frame) => {
                        enter_frame!(frame);
                        continue;
                    }
                }
            }};
        }
        macro_rules! attempt {
            ($result:expr) => {
                match $result {
                    Ok(value) => value,
                    Err(throw) => handle!(throw),
                }
            };
        }
        // `count` results of the frame at `base` are in place at its function slot; the second has overwritten the
        // header.
        macro_rules! returned {
            ($header:expr, $count:expr) => {{
                match call::return_to_caller(vm, Frame(base), $header, $count) {
                    Returned::Native(status) => return status,
                    Returned::Lua(frame) => {
                        enter_frame!(frame);
                        continue;
                    }
                }
            }};
        }
        // Compiled code that took over the frame at `entered` has left with `status`.
        macro_rules! taken_over {
            ($entered:expr, $header:expr, $status:expr) => {{
                match call::after_takeover(vm, $entered, $header, $status) {
                    AfterThrow::Leave(status) => return status,
                    AfterThrow::Continue(frame) => {
                        enter_frame!(frame);
                        continue;
                    }
                }
            }};
        }
        macro_rules! ext {
            () => {{
                let word = *pc;
                pc = pc.add(1);
                word
            }};
        }
        // The conditional jump that follows a comparison.
        macro_rules! branch {
            ($condition:expr, $instr:expr) => {{
                if $condition == ($instr.c() != 0) {
                    let jump = *pc;
                    pc = pc.offset(jump.jump() as isize + 1);
                } else {
                    pc = pc.add(1);
                }
            }};
        }
        macro_rules! arith_ops {
            ($instr:expr, $lhs:expr, $rhs:expr, $op:ident, $wrapping:ident, $float:tt, $ii:ident, $ff:ident, $any:ident) => {{
                let (lhs, rhs) = ($lhs, $rhs);
                let to = base.add($instr.a());
                if lhs.tag == tag::INT && rhs.tag == tag::INT {
                    (*at) = (*at).with_op(Op::$ii);
                    *to = Value::int(lhs.raw_int().$wrapping(rhs.raw_int()));
                } else if lhs.tag == tag::FLOAT && rhs.tag == tag::FLOAT {
                    (*at) = (*at).with_op(Op::$ff);
                    *to = Value::float(lhs.raw_float() $float rhs.raw_float());
                } else {
                    (*at) = (*at).with_op(Op::$any);
                    save!();
                    let result = attempt!(arith::binary(vm, Arith::$op, lhs, rhs));
                    reg!($instr.a()) = result;
                }
            }};
        }
        macro_rules! arith_ii {
            ($instr:expr, $lhs:expr, $rhs:expr, $op:ident, $wrapping:ident, $any:ident) => {{
                let (lhs, rhs) = ($lhs, $rhs);
                if lhs.tag == tag::INT && rhs.tag == tag::INT {
                    reg!($instr.a()) = Value::int(lhs.raw_int().$wrapping(rhs.raw_int()));
                } else {
                    (*at) = (*at).with_op(Op::$any);
                    save!();
                    let result = attempt!(arith::binary(vm, Arith::$op, lhs, rhs));
                    reg!($instr.a()) = result;
                }
            }};
        }
        macro_rules! arith_ff {
            ($instr:expr, $lhs:expr, $rhs:expr, $op:ident, $float:tt, $any:ident) => {{
                let (lhs, rhs) = ($lhs, $rhs);
                if lhs.tag == tag::FLOAT && rhs.tag == tag::FLOAT {
                    reg!($instr.a()) = Value::float(lhs.raw_float() $float rhs.raw_float());
                } else {
                    (*at) = (*at).with_op(Op::$any);
                    save!();
                    let result = attempt!(arith::binary(vm, Arith::$op, lhs, rhs));
                    reg!($instr.a()) = result;
                }
            }};
        }
        macro_rules! arith_any {
            ($instr:expr, $lhs:expr, $rhs:expr, $op:ident, $wrapping:ident, $float:tt) => {{
                let (lhs, rhs) = ($lhs, $rhs);
                if lhs.tag == tag::INT && rhs.tag == tag::INT {
                    reg!($instr.a()) = Value::int(lhs.raw_int().$wrapping(rhs.raw_int()));
                } else if let (Some(l), Some(r)) = (lhs.to_float_no_string(), rhs.to_float_no_string()) {
                    reg!($instr.a()) = Value::float(l $float r);
                } else {
                    save!();
                    let result = attempt!(arith::binary(vm, Arith::$op, lhs, rhs));
                    reg!($instr.a()) = result;
                }
            }};
        }
        // Operations whose result does not depend on both fast paths: quickened by the operands once.
        macro_rules! arith_div {
            ($instr:expr, $lhs:expr, $rhs:expr, $ff:ident, $any:ident) => {{
                let (lhs, rhs) = ($lhs, $rhs);
                let both = lhs.tag == tag::FLOAT && rhs.tag == tag::FLOAT;
                (*at) = (*at).with_op(if both { Op::$ff } else { Op::$any });
                save!();
                let result = attempt!(arith::binary(vm, Arith::Div, lhs, rhs));
                reg!($instr.a()) = result;
            }};
        }
        macro_rules! arith_div_any {
            ($instr:expr, $lhs:expr, $rhs:expr) => {{
                let (lhs, rhs) = ($lhs, $rhs);
                if let (Some(l), Some(r)) = (lhs.to_float_no_string(), rhs.to_float_no_string()) {
                    reg!($instr.a()) = Value::float(l / r);
                } else {
                    save!();
                    let result = attempt!(arith::binary(vm, Arith::Div, lhs, rhs));
                    reg!($instr.a()) = result;
                }
            }};
        }
        macro_rules! arith_mod {
            ($instr:expr, $lhs:expr, $rhs:expr, $op:ident, $ii:ident, $any:ident) => {{
                let (lhs, rhs) = ($lhs, $rhs);
                let both = lhs.tag == tag::INT && rhs.tag == tag::INT;
                (*at) = (*at).with_op(if both { Op::$ii } else { Op::$any });
                save!();
                let result = attempt!(arith::binary(vm, Arith::$op, lhs, rhs));
                reg!($instr.a()) = result;
            }};
        }
        macro_rules! arith_mod_ii {
            ($instr:expr, $lhs:expr, $rhs:expr, $op:ident, $function:path, $any:ident) => {{
                let (lhs, rhs) = ($lhs, $rhs);
                if lhs.tag == tag::INT && rhs.tag == tag::INT && rhs.raw_int() > 0 {
                    reg!($instr.a()) = Value::int($function(lhs.raw_int(), rhs.raw_int()));
                } else {
                    if !(lhs.tag == tag::INT && rhs.tag == tag::INT) {
                        (*at) = (*at).with_op(Op::$any);
                    }
                    save!();
                    let result = attempt!(arith::binary(vm, Arith::$op, lhs, rhs));
                    reg!($instr.a()) = result;
                }
            }};
        }
        macro_rules! arith_slow {
            ($instr:expr, $lhs:expr, $rhs:expr, $op:ident) => {{
                let (lhs, rhs) = ($lhs, $rhs);
                save!();
                let result = attempt!(arith::binary(vm, Arith::$op, lhs, rhs));
                reg!($instr.a()) = result;
            }};
        }
        macro_rules! bitwise {
            ($instr:expr, $lhs:expr, $rhs:expr, $op:ident, $function:expr) => {{
                let (lhs, rhs) = ($lhs, $rhs);
                if lhs.tag == tag::INT && rhs.tag == tag::INT {
                    reg!($instr.a()) = Value::int($function(lhs.raw_int(), rhs.raw_int()));
                } else {
                    save!();
                    let result = attempt!(arith::binary(vm, Arith::$op, lhs, rhs));
                    reg!($instr.a()) = result;
                }
            }};
        }
        macro_rules! compare {
            ($instr:expr, $op:tt, $slow:path, $ii:ident, $ff:ident, $any:ident) => {{
                let (lhs, rhs) = (reg!($instr.a()), reg!($instr.b()));
                let result = if lhs.tag == tag::INT && rhs.tag == tag::INT {
                    (*at) = (*at).with_op(Op::$ii);
                    lhs.raw_int() $op rhs.raw_int()
                } else if lhs.tag == tag::FLOAT && rhs.tag == tag::FLOAT {
                    (*at) = (*at).with_op(Op::$ff);
                    lhs.raw_float() $op rhs.raw_float()
                } else {
                    (*at) = (*at).with_op(Op::$any);
                    save!();
                    attempt!($slow(vm, lhs, rhs))
                };
                branch!(result, $instr);
            }};
        }
        macro_rules! compare_quick {
            ($instr:expr, $op:tt, $slow:path, $tag:ident, $raw:ident, $any:ident) => {{
                let (lhs, rhs) = (reg!($instr.a()), reg!($instr.b()));
                let result = if lhs.tag == tag::$tag && rhs.tag == tag::$tag {
                    lhs.$raw() $op rhs.$raw()
                } else {
                    (*at) = (*at).with_op(Op::$any);
                    save!();
                    attempt!($slow(vm, lhs, rhs))
                };
                branch!(result, $instr);
            }};
        }
        macro_rules! compare_any {
            ($instr:expr, $op:tt, $slow:path) => {{
                let (lhs, rhs) = (reg!($instr.a()), reg!($instr.b()));
                let result = if lhs.tag == tag::INT && rhs.tag == tag::INT {
                    lhs.raw_int() $op rhs.raw_int()
                } else if lhs.tag == tag::FLOAT && rhs.tag == tag::FLOAT {
                    lhs.raw_float() $op rhs.raw_float()
                } else {
                    save!();
                    attempt!($slow(vm, lhs, rhs))
                };
                branch!(result, $instr);
            }};
        }
        macro_rules! compare_imm {
            ($instr:expr, $op:tt, $slow:expr) => {{
                let lhs = reg!($instr.a());
                let imm = i64::from($instr.sb());
                let result = if lhs.tag == tag::INT {
                    lhs.raw_int() $op imm
                } else if lhs.tag == tag::FLOAT {
                    lhs.raw_float() $op imm as f64
                } else {
                    save!();
                    attempt!($slow(vm, lhs, Value::int(imm)))
                };
                branch!(result, $instr);
            }};
        }
        // A back-edge to `target`: counts, polls, and moves to compiled code when there is some.
        macro_rules! back_edge {
            ($index:expr, $target:expr) => {{
                let target: *mut Instr = $target;
                let state: *mut LoopState = closure.proto.loops.add($index);
                pc = target;
                (*state).countdown -= 1;
                if vm.heap.bytes >= vm.heap.threshold {
                    save!();
                    let top = vm.top;
                    vm.poll_slow(top);
                }
                if (*state).countdown <= 0 {
                    save!();
                    vm.consult_loop(closure.proto, $index);
                }
                if let Some(osr) = (*state).osr {
                    (*Frame(base).header()).pc = target.offset_from(code) as u32;
                    if call::native_room(vm) {
                        vm.frame = Frame(base);
                        let header = call::lend_frame(Frame(base));
                        let status = osr(vm, base, 0);
                        taken_over!(Frame(base), header, status);
                    }
                }
            }};
        }

        loop {
            at = pc;
            let instr = *pc;
            pc = pc.add(1);
            match instr.op() {
                Op::Move => reg!(instr.a()) = reg!(instr.b()),
                Op::LoadI => reg!(instr.a()) = Value::int(i64::from(instr.sbx())),
                Op::LoadF => reg!(instr.a()) = Value::float(f64::from(instr.sbx())),
                Op::LoadK => reg!(instr.a()) = *k.add(instr.bx()),
                Op::LoadKX => reg!(instr.a()) = *k.add(ext!().ax()),
                Op::LoadFalse => reg!(instr.a()) = Value::FALSE,
                Op::LFalseSkip => {
                    reg!(instr.a()) = Value::FALSE;
                    pc = pc.add(1);
                }
                Op::LoadTrue => reg!(instr.a()) = Value::TRUE,
                Op::LoadNil => {
                    for index in instr.a()..=instr.a() + instr.b() {
                        reg!(index) = Value::NIL;
                    }
                }
                Op::GetUpval => reg!(instr.a()) = closure.upvalues()[instr.b()].get(),
                Op::SetUpval => *closure.upvalues()[instr.b()].slot = reg!(instr.a()),

                Op::GetTabUp => {
                    let object = closure.upvalues()[instr.b()].get();
                    let cache = caches.add(ext!().ax());
                    reg!(instr.a()) = match get_cached(vm, object, cache) {
                        Some(value) => value,
                        None => {
                            save!();
                            attempt!(access::get_field(vm, object, *k.add(instr.c()), cache))
                        }
                    };
                }
                Op::GetField => {
                    let object = reg!(instr.b());
                    let cache = caches.add(ext!().ax());
                    reg!(instr.a()) = match get_cached(vm, object, cache) {
                        Some(value) => value,
                        None => {
                            save!();
                            attempt!(access::get_field(vm, object, *k.add(instr.c()), cache))
                        }
                    };
                }
                Op::SelfField => {
                    let object = reg!(instr.b());
                    let cache = caches.add(ext!().ax());
                    reg!(instr.a() + FRAME_OFFSET) = object;
                    reg!(instr.a()) = match get_cached(vm, object, cache) {
                        Some(value) => value,
                        None => {
                            save!();
                            attempt!(access::get_field(vm, object, *k.add(instr.c()), cache))
                        }
                    };
                }
                Op::GetTable => {
                    let (object, key) = (reg!(instr.b()), reg!(instr.c()));
                    let cache = caches.add(ext!().ax());
                    let value = if object.tag == tag::TABLE && key.tag == tag::INT {
                        access::get_element(object.table_unchecked(), key.raw_int(), cache)
                    } else {
                        Value::NIL
                    };
                    reg!(instr.a()) = if value.is_nil() {
                        save!();
                        attempt!(access::get_dynamic(vm, object, key, cache))
                    } else {
                        value
                    };
                }
                Op::GetI => {
                    let object = reg!(instr.b());
                    let cache = caches.add(ext!().ax());
                    let value = if object.tag == tag::TABLE {
                        access::get_element(object.table_unchecked(), instr.c() as i64, cache)
                    } else {
                        Value::NIL
                    };
                    reg!(instr.a()) = if value.is_nil() {
                        save!();
                        attempt!(access::get_dynamic(vm, object, Value::int(instr.c() as i64), cache))
                    } else {
                        value
                    };
                }
                Op::SetTabUp => {
                    let object = closure.upvalues()[instr.a()].get();
                    let cache = caches.add(ext!().ax());
                    let value = reg!(instr.c());
                    if !access::set_cached(vm, object, value, cache) {
                        save!();
                        attempt!(access::set_field(vm, object, *k.add(instr.b()), value, cache));
                    }
                }
                Op::SetField => {
                    let object = reg!(instr.a());
                    let cache = caches.add(ext!().ax());
                    let value = reg!(instr.c());
                    if !access::set_cached(vm, object, value, cache) {
                        save!();
                        attempt!(access::set_field(vm, object, *k.add(instr.b()), value, cache));
                    }
                }
                Op::SetTable => {
                    let (object, key, value) = (reg!(instr.a()), reg!(instr.b()), reg!(instr.c()));
                    let cache = caches.add(ext!().ax());
                    if !(object.tag == tag::TABLE
                        && key.tag == tag::INT
                        && access::set_element(object.table_unchecked(), key.raw_int(), value, cache))
                    {
                        save!();
                        attempt!(access::set_dynamic(vm, object, key, value, cache));
                    }
                }
                Op::SetI => {
                    let (object, value) = (reg!(instr.a()), reg!(instr.c()));
                    let cache = caches.add(ext!().ax());
                    let key = instr.b() as i64;
                    if !(object.tag == tag::TABLE
                        && access::set_element(object.table_unchecked(), key, value, cache))
                    {
                        save!();
                        attempt!(access::set_dynamic(vm, object, Value::int(key), value, cache));
                    }
                }
                Op::NewTable => {
                    let items = ext!().ax();
                    // The first batch of items brings its own room.
                    let items = if items > MAX_LIST_BATCH { items } else { 0 };
                    let table = vm.heap.table();
                    if (instr.b() | items) != 0 {
                        table.reserve(&mut vm.heap, items, instr.b());
                    }
                    reg!(instr.a()) = table.into();
                }
                Op::SetList => {
                    let first = ext!().ax();
                    let table: Gc<Table> = reg!(instr.a()).table_unchecked();
                    let count = if instr.b() == 0 {
                        vm.top.offset_from(base.add(instr.a() + 1)) as usize
                    } else {
                        instr.b()
                    };
                    access::set_list(vm, table, first, base.add(instr.a() + 1), count);
                }

                Op::Add => {
                    arith_ops!(instr, reg!(instr.b()), reg!(instr.c()), Add, wrapping_add, +, AddII, AddFF, AddAny)
                }
                Op::AddII => arith_ii!(instr, reg!(instr.b()), reg!(instr.c()), Add, wrapping_add, AddAny),
                Op::AddFF => arith_ff!(instr, reg!(instr.b()), reg!(instr.c()), Add, +, AddAny),
                Op::AddAny => arith_any!(instr, reg!(instr.b()), reg!(instr.c()), Add, wrapping_add, +),
                Op::AddK => {
                    arith_ops!(instr, reg!(instr.b()), *k.add(instr.c()), Add, wrapping_add, +, AddKII, AddKFF, AddKAny)
                }
                Op::AddKII => arith_ii!(instr, reg!(instr.b()), *k.add(instr.c()), Add, wrapping_add, AddKAny),
                Op::AddKFF => arith_ff!(instr, reg!(instr.b()), *k.add(instr.c()), Add, +, AddKAny),
                Op::AddKAny => arith_any!(instr, reg!(instr.b()), *k.add(instr.c()), Add, wrapping_add, +),
                Op::Sub => {
                    arith_ops!(instr, reg!(instr.b()), reg!(instr.c()), Sub, wrapping_sub, -, SubII, SubFF, SubAny)
                }
                Op::SubII => arith_ii!(instr, reg!(instr.b()), reg!(instr.c()), Sub, wrapping_sub, SubAny),
                Op::SubFF => arith_ff!(instr, reg!(instr.b()), reg!(instr.c()), Sub, -, SubAny),
                Op::SubAny => arith_any!(instr, reg!(instr.b()), reg!(instr.c()), Sub, wrapping_sub, -),
                Op::SubK => {
                    arith_ops!(instr, reg!(instr.b()), *k.add(instr.c()), Sub, wrapping_sub, -, SubKII, SubKFF, SubKAny)
                }
                Op::SubKII => arith_ii!(instr, reg!(instr.b()), *k.add(instr.c()), Sub, wrapping_sub, SubKAny),
                Op::SubKFF => arith_ff!(instr, reg!(instr.b()), *k.add(instr.c()), Sub, -, SubKAny),
                Op::SubKAny => arith_any!(instr, reg!(instr.b()), *k.add(instr.c()), Sub, wrapping_sub, -),
                Op::Mul => {
                    arith_ops!(instr, reg!(instr.b()), reg!(instr.c()), Mul, wrapping_mul, *, MulII, MulFF, MulAny)
                }
                Op::MulII => arith_ii!(instr, reg!(instr.b()), reg!(instr.c()), Mul, wrapping_mul, MulAny),
                Op::MulFF => arith_ff!(instr, reg!(instr.b()), reg!(instr.c()), Mul, *, MulAny),
                Op::MulAny => arith_any!(instr, reg!(instr.b()), reg!(instr.c()), Mul, wrapping_mul, *),
                Op::MulK => {
                    arith_ops!(instr, reg!(instr.b()), *k.add(instr.c()), Mul, wrapping_mul, *, MulKII, MulKFF, MulKAny)
                }
                Op::MulKII => arith_ii!(instr, reg!(instr.b()), *k.add(instr.c()), Mul, wrapping_mul, MulKAny),
                Op::MulKFF => arith_ff!(instr, reg!(instr.b()), *k.add(instr.c()), Mul, *, MulKAny),
                Op::MulKAny => arith_any!(instr, reg!(instr.b()), *k.add(instr.c()), Mul, wrapping_mul, *),
                Op::Div => arith_div!(instr, reg!(instr.b()), reg!(instr.c()), DivFF, DivAny),
                Op::DivFF => arith_ff!(instr, reg!(instr.b()), reg!(instr.c()), Div, /, DivAny),
                Op::DivAny => arith_div_any!(instr, reg!(instr.b()), reg!(instr.c())),
                Op::DivK => arith_div!(instr, reg!(instr.b()), *k.add(instr.c()), DivKFF, DivKAny),
                Op::DivKFF => arith_ff!(instr, reg!(instr.b()), *k.add(instr.c()), Div, /, DivKAny),
                Op::DivKAny => arith_div_any!(instr, reg!(instr.b()), *k.add(instr.c())),
                Op::Mod => arith_mod!(instr, reg!(instr.b()), reg!(instr.c()), Mod, ModII, ModAny),
                Op::ModII => {
                    arith_mod_ii!(instr, reg!(instr.b()), reg!(instr.c()), Mod, i64::rem_euclid, ModAny)
                }
                Op::ModAny => arith_slow!(instr, reg!(instr.b()), reg!(instr.c()), Mod),
                Op::ModK => arith_mod!(instr, reg!(instr.b()), *k.add(instr.c()), Mod, ModKII, ModKAny),
                Op::ModKII => {
                    arith_mod_ii!(instr, reg!(instr.b()), *k.add(instr.c()), Mod, i64::rem_euclid, ModKAny)
                }
                Op::ModKAny => arith_slow!(instr, reg!(instr.b()), *k.add(instr.c()), Mod),
                Op::IDiv => arith_mod!(instr, reg!(instr.b()), reg!(instr.c()), IDiv, IDivII, IDivAny),
                Op::IDivII => {
                    arith_mod_ii!(instr, reg!(instr.b()), reg!(instr.c()), IDiv, i64::div_euclid, IDivAny)
                }
                Op::IDivAny => arith_slow!(instr, reg!(instr.b()), reg!(instr.c()), IDiv),
                Op::IDivK => arith_mod!(instr, reg!(instr.b()), *k.add(instr.c()), IDiv, IDivKII, IDivKAny),
                Op::IDivKII => {
                    arith_mod_ii!(instr, reg!(instr.b()), *k.add(instr.c()), IDiv, i64::div_euclid, IDivKAny)
                }
                Op::IDivKAny => arith_slow!(instr, reg!(instr.b()), *k.add(instr.c()), IDiv),
                Op::Pow => arith_slow!(instr, reg!(instr.b()), reg!(instr.c()), Pow),
                Op::PowK => arith_slow!(instr, reg!(instr.b()), *k.add(instr.c()), Pow),
                Op::BAnd => bitwise!(instr, reg!(instr.b()), reg!(instr.c()), BAnd, |l, r| l & r),
                Op::BOr => bitwise!(instr, reg!(instr.b()), reg!(instr.c()), BOr, |l, r| l | r),
                Op::BXor => bitwise!(instr, reg!(instr.b()), reg!(instr.c()), BXor, |l, r| l ^ r),
                Op::Shl => bitwise!(instr, reg!(instr.b()), reg!(instr.c()), Shl, arith::shift_left),
                Op::Shr => bitwise!(instr, reg!(instr.b()), reg!(instr.c()), Shr, arith::shift_right),
                Op::BAndK => bitwise!(instr, reg!(instr.b()), *k.add(instr.c()), BAnd, |l, r| l & r),
                Op::BOrK => bitwise!(instr, reg!(instr.b()), *k.add(instr.c()), BOr, |l, r| l | r),
                Op::BXorK => bitwise!(instr, reg!(instr.b()), *k.add(instr.c()), BXor, |l, r| l ^ r),
                Op::ShlK => bitwise!(instr, reg!(instr.b()), *k.add(instr.c()), Shl, arith::shift_left),
                Op::ShrK => bitwise!(instr, reg!(instr.b()), *k.add(instr.c()), Shr, arith::shift_right),
                Op::Unm => {
                    let value = reg!(instr.b());
                    reg!(instr.a()) = match value.tag {
                        tag::INT => Value::int(value.raw_int().wrapping_neg()),
                        tag::FLOAT => Value::float(-value.raw_float()),
                        _ => {
                            save!();
                            attempt!(arith::binary(vm, Arith::Unm, value, value))
                        }
                    };
                }
                Op::BNot => {
                    let value = reg!(instr.b());
                    reg!(instr.a()) = if value.is_int() {
                        Value::int(!value.raw_int())
                    } else {
                        save!();
                        attempt!(arith::binary(vm, Arith::BNot, value, value))
                    };
                }
                Op::Not => reg!(instr.a()) = Value::bool(reg!(instr.b()).is_falsy()),
                Op::Len => {
                    let value = reg!(instr.b());
                    reg!(instr.a()) = match value.tag {
                        tag::STRING => Value::int(value.string_unchecked().len() as i64),
                        tag::TABLE if value.table_unchecked().metatable().is_none() => {
                            Value::int(value.table_unchecked().len())
                        }
                        _ => {
                            save!();
                            attempt!(access::length(vm, value))
                        }
                    };
                }
                Op::Concat => {
                    save!();
                    let values = base.add(instr.a());
                    let result = attempt!(arith::concat(vm, values, instr.b()));
                    reg!(instr.a()) = result;
                }
                Op::Close => {
                    save!();
                    attempt!(vm.close_scope(base.add(instr.a())));
                }
                Op::Tbc => {
                    save!();
                    attempt!(vm.mark_to_be_closed(base.add(instr.a())));
                }
                Op::Jmp => pc = pc.offset(instr.jump() as isize),
                Op::Loop => {
                    let index = ext!().ax();
                    let target = pc.offset(instr.jump() as isize);
                    back_edge!(index, target);
                }

                Op::Eq => {
                    let (lhs, rhs) = (reg!(instr.a()), reg!(instr.b()));
                    let result = if lhs.tag == rhs.tag && lhs.bits == rhs.bits && lhs.tag != tag::FLOAT {
                        true
                    } else if lhs.tag != rhs.tag && !(lhs.is_number() && rhs.is_number()) {
                        false
                    } else {
                        save!();
                        attempt!(compare::equals(vm, lhs, rhs))
                    };
                    branch!(result, instr);
                }
                Op::EqK => {
                    let result = reg!(instr.a()).raw_equals(*k.add(instr.b()));
                    branch!(result, instr);
                }
                Op::Lt => compare!(instr, <, compare::less_than, LtII, LtFF, LtAny),
                Op::LtII => compare_quick!(instr, <, compare::less_than, INT, raw_int, LtAny),
                Op::LtFF => compare_quick!(instr, <, compare::less_than, FLOAT, raw_float, LtAny),
                Op::LtAny => compare_any!(instr, <, compare::less_than),
                Op::Le => compare!(instr, <=, compare::less_equal, LeII, LeFF, LeAny),
                Op::LeII => compare_quick!(instr, <=, compare::less_equal, INT, raw_int, LeAny),
                Op::LeFF => compare_quick!(instr, <=, compare::less_equal, FLOAT, raw_float, LeAny),
                Op::LeAny => compare_any!(instr, <=, compare::less_equal),
                Op::LtI => compare_imm!(instr, <, compare::less_than),
                Op::LeI => compare_imm!(instr, <=, compare::less_equal),
                Op::GtI => compare_imm!(instr, >, |vm, l, r| compare::less_than(vm, r, l)),
                Op::GeI => compare_imm!(instr, >=, |vm, l, r| compare::less_equal(vm, r, l)),
                Op::Test => branch!(reg!(instr.a()).is_truthy(), instr),
                Op::TestSet => {
                    let value = reg!(instr.b());
                    if value.is_truthy() == (instr.c() != 0) {
                        reg!(instr.a()) = value;
                        let jump = *pc;
                        pc = pc.offset(jump.jump() as isize + 1);
                    } else {
                        pc = pc.add(1);
                    }
                }

                Op::Call => {
                    let cache = caches.add(ext!().ax());
                    let slot = base.add(instr.a());
                    let callee = slot.add(FRAME_OFFSET);
                    let mut count = if instr.b() == 0 {
                        vm.top.offset_from(callee) as usize
                    } else {
                        instr.b() - 1
                    };
                    (*Frame(base).header()).pc = at.offset_from(code) as u32;
                    let mut function = *slot;
                    if function.tag < tag::CLOSURE || function.tag > tag::NATIVE {
                        save!();
                        vm.top = callee.add(count);
                        count = attempt!(vm.prepare_call_meta(callee, count));
                        function = *slot;
                    }
                    Frame(callee).header().write(FrameHeader {
                        pc: 0,
                        prev: (instr.a() + FRAME_OFFSET) as u32,
                        nil_tag: tag::NIL,
                        flags: 0,
                        spare: 0,
                        varargs: 0,
                    });
                    let results = if function.tag == tag::CLOSURE {
                        let target = function.closure_unchecked();
                        access::note_call(cache, target.proto);
                        if (*target.proto.as_ptr()).compiled && call::native_room(vm) {
                            let entry: Entry = target.proto.entry;
                            vm.frame = Frame(base);
                            let status = entry(vm, callee, count as u64);
                            match call::settle(vm, status) {
                                results if results >= 0 => results as u32,
                                status::EXIT => {
                                    enter_frame!(vm.exit_frame);
                                    continue;
                                }
                                other => handle!(crate::native::Throw::from_status(other)),
                            }
                        } else {
                            vm.frame = Frame(base);
                            let frame = attempt!(prepare_lua_call(vm, Frame(callee), count));
                            enter_frame!(frame);
                            continue;
                        }
                    } else {
                        access::note_native(cache);
                        attempt!(vm.call_native(function.native_unchecked().function, callee, count as u32))
                    };
                    call::adjust_results(vm, slot, results, instr.c());
                }
                Op::TailCall => {
                    pc = pc.add(1);
                    let slot = base.add(instr.a());
                    let callee = slot.add(FRAME_OFFSET);
                    let mut count = if instr.b() == 0 {
                        vm.top.offset_from(callee) as usize
                    } else {
                        instr.b() - 1
                    };
                    save!();
                    if instr.c() != 0 {
                        vm.thread.get_mut().close_upvalues(base);
                    }
                    if (*slot).tag != tag::CLOSURE && (*slot).tag != tag::NATIVE {
                        vm.top = callee.add(count);
                        count = attempt!(vm.prepare_call_meta(callee, count));
                    }
                    if (*slot).tag == tag::NATIVE {
                        // The frame stays below a native: it is what error messages name. `RETURN` follows.
                        Frame(callee).header().write(Vm::call_header(instr.a() + FRAME_OFFSET));
                        let native = (*slot).native_unchecked();
                        let results = attempt!(vm.call_native(native.function, callee, count as u32));
                        vm.top = slot.add(results as usize);
                    } else {
                        let frame = call::replace_frame(Frame(base), closure.proto.num_params, slot, count);
                        // The arguments may have overwritten `slot`.
                        let proto = frame.function().closure_unchecked().proto;
                        if proto.compiled && call::native_room(vm) {
                            let header = call::lend_frame(frame);
                            let status = (proto.entry)(vm, frame.0, count as u64);
                            taken_over!(frame, header, status);
                        }
                        base = frame.0;
                        let frame = attempt!(prepare_lua_call(vm, frame, count));
                        enter_frame!(frame);
                    }
                }
                Op::Return => {
                    let mut first = base.add(instr.a());
                    let count = if instr.b() == 0 {
                        vm.top.offset_from(first) as usize
                    } else {
                        instr.b() - 1
                    };
                    if instr.c() != 0 {
                        save!();
                        vm.top = first.add(count).max(vm.top);
                        first = attempt!(vm.close_frame(Frame(base), first, count));
                    }
                    let header = *Frame(base).header();
                    let slot = Frame(base).function_slot(closure.proto.num_params as usize);
                    for index in 0..count {
                        *slot.add(index) = *first.add(index);
                    }
                    returned!(header, count as u32);
                }
                Op::Return0 => returned!(*Frame(base).header(), 0),
                Op::Return1 => {
                    let header = Frame(base).header();
                    let slot = base.sub(FRAME_OFFSET);
                    *slot = reg!(instr.a());
                    if (*header).flags & flags::NATIVE_CALLER == 0 {
                        let caller = base.sub((*header).prev as usize);
                        let function = Frame(caller).function();
                        if function.tag == tag::CLOSURE {
                            let caller_code = function.closure_unchecked().proto.code;
                            let call = caller_code.add((*Frame(caller).header()).pc as usize);
                            // The common case: a call that wants one result.
                            if (*call).op() == Op::Call && (*call).c() == 2 {
                                base = caller;
                                closure = function.closure_unchecked();
                                let proto = closure.proto.as_ptr();
                                code = caller_code;
                                k = (*proto).consts;
                                caches = (*proto).caches;
                                pc = call.add(2);
                                continue;
                            }
                        }
                    }
                    returned!(*Frame(base).header(), 1);
                }

                Op::ForPrep => {
                    let jump = ext!().jump();
                    save!();
                    if attempt!(arith::prepare_loop(vm, base.add(instr.a()))) {
                        pc = pc.offset(jump as isize);
                    }
                }
                Op::ForLoop => {
                    let index = reg!(instr.a());
                    (*at) = (*at).with_op(if index.is_int() { Op::ForLoopI } else { Op::ForLoopF });
                    pc = at;
                }
                Op::ForLoopI => {
                    let jump = ext!().jump();
                    let loop_base = base.add(instr.a());
                    let index = *loop_base;
                    if index.tag != tag::INT {
                        (*at) = (*at).with_op(Op::ForLoopF);
                        pc = at;
                        continue;
                    }
                    let left = (*loop_base.add(1)).bits;
                    if left > 0 {
                        let next = index.raw_int().wrapping_add((*loop_base.add(2)).raw_int());
                        (*loop_base.add(1)).bits = left - 1;
                        (*loop_base).bits = next as u64;
                        *loop_base.add(3) = Value::int(next);
                        back_edge!(instr.bx(), pc.offset(jump as isize));
                    }
                }
                Op::ForLoopF => {
                    let jump = ext!().jump();
                    let loop_base = base.add(instr.a());
                    let index = *loop_base;
                    if index.tag != tag::FLOAT {
                        (*at) = (*at).with_op(Op::ForLoopI);
                        pc = at;
                        continue;
                    }
                    let step = (*loop_base.add(2)).raw_float();
                    let limit = (*loop_base.add(1)).raw_float();
                    let next = index.raw_float() + step;
                    if if step > 0.0 { next <= limit } else { limit <= next } {
                        *loop_base = Value::float(next);
                        *loop_base.add(3) = Value::float(next);
                        back_edge!(instr.bx(), pc.offset(jump as isize));
                    }
                }
                Op::TForPrep => {
                    let jump = ext!().jump();
                    save!();
                    attempt!(vm.mark_to_be_closed(base.add(instr.a() + 3)));
                    pc = pc.offset(jump as isize);
                }
                Op::TForCall | Op::TForCallNext => {
                    let cache = caches.add(ext!().ax());
                    let loop_base = base.add(instr.a());
                    let function = *loop_base;
                    let slot = loop_base.add(4);
                    if function.tag == tag::NATIVE && (*loop_base.add(1)).tag == tag::TABLE {
                        if let Some(found) = access::iterate(vm, function, loop_base, cache) {
                            if instr.op() == Op::TForCall {
                                (*at) = (*at).with_op(Op::TForCallNext);
                            }
                            for extra in 2..instr.c() {
                                *slot.add(extra) = Value::NIL;
                            }
                            if !found {
                                *slot = Value::NIL;
                            }
                            continue;
                        }
                    }
                    let callee = slot.add(FRAME_OFFSET);
                    *slot = function;
                    *callee = *loop_base.add(1);
                    *callee.add(1) = *loop_base.add(2);
                    (*Frame(base).header()).pc = at.offset_from(code) as u32;
                    let mut count = 2;
                    if !function.is_function() {
                        save!();
                        vm.top = callee.add(count);
                        count = attempt!(vm.prepare_call_meta(callee, count));
                    }
                    Frame(callee).header().write(Vm::call_header(instr.a() + 4 + FRAME_OFFSET));
                    let function = *slot;
                    let results = if function.tag == tag::CLOSURE {
                        let target = function.closure_unchecked();
                        access::note_call(cache, target.proto);
                        vm.frame = Frame(base);
                        if target.proto.compiled && call::native_room(vm) {
                            let status = (target.proto.entry)(vm, callee, count as u64);
                            match call::settle(vm, status) {
                                results if results >= 0 => results as u32,
                                status::EXIT => {
                                    enter_frame!(vm.exit_frame);
                                    continue;
                                }
                                other => handle!(crate::native::Throw::from_status(other)),
                            }
                        } else {
                            let frame = attempt!(prepare_lua_call(vm, Frame(callee), count));
                            enter_frame!(frame);
                            continue;
                        }
                    } else {
                        attempt!(vm.call_native(function.native_unchecked().function, callee, count as u32))
                    };
                    call::adjust_results(vm, slot, results, instr.c() + 1);
                }
                Op::TForLoop => {
                    let jump = ext!().jump();
                    let control = reg!(instr.a() + 4);
                    if !control.is_nil() {
                        reg!(instr.a() + 2) = control;
                        back_edge!(instr.bx(), pc.offset(jump as isize));
                    }
                }
                Op::Closure => {
                    save!();
                    let child = closure.proto.children[instr.bx()];
                    reg!(instr.a()) = call::make_closure(vm, closure, child, base).into();
                }
                Op::VarArg => {
                    save!();
                    attempt!(call::push_varargs(vm, Frame(base), base.add(instr.a()), instr.c()));
                }
                // The frame was moved when it was entered.
                Op::VarArgPrep => {}
                Op::Ext => unreachable!("an operand word is skipped by its instruction"),
            }
        }
    }
}
