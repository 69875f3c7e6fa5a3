//! Helpers where ticks are taken: while one is at work, what its segment has paid for what follows is given back, so that
//! the account is exact for everything that it calls, throws or yields.

use trinity_templates::Helper as Name;
use trinity_vm::{
    frame::{Frame, Status},
    function::Closure,
    heap::Gc,
    seam::Tier,
    value::Value,
    vm::Vm,
};

use super::Helper;

/// The helpers that do not end a segment, by name of their template and of their function.
macro_rules! metered {
    ($($name:ident $helper:ident,)*) => {
        mod warm {
            metered!(@tier WARM $($helper)*);
        }
        pub mod hot {
            metered!(@tier HOT $($helper)*);
        }
        /// What code of tier 1 calls in place of the plain helpers.
        pub const WARM_HELPERS: &[(Name, Helper)] = &[$((Name::$name, warm::$helper),)*];
    };
    (@tier $tier:ident $($helper:ident)*) => {
        $(pub unsafe extern "C" fn $helper(
            vm: *mut super::Vm,
            base: *mut super::Value,
            pc: u32,
        ) -> super::Status {
            // SAFETY: by the contract of helpers.
            unsafe { super::exactly::<{ super::$tier }>(vm, base, pc, super::super::$helper) }
        })*
    };
}

const WARM: u8 = Tier::Warm as u8;
const HOT: u8 = Tier::Hot as u8;

metered! {
    Arith arith,
    Close close,
    Closure closure,
    Concat concat,
    GetField get_field,
    GetI get_i,
    GetTable get_table,
    GetTabUp get_tabup,
    Len len,
    NewTable newtable,
    SelfField self_field,
    SetField set_field,
    SetI set_i,
    SetList set_list,
    SetTable set_table,
    SetTabUp set_tabup,
    SetUpvalue set_upvalue,
    Tbc tbc,
    Unary unary,
    VarArg vararg,
}

/// # Safety
/// As `helper`.
#[inline(always)]
unsafe fn exactly<const TIER: u8>(vm: *mut Vm, base: *mut Value, pc: u32, helper: Helper) -> Status {
    // SAFETY: as the contract says: the function of the frame is a closure, and `pc` lies in its code.
    unsafe {
        let proto = Gc::<Closure>::from_address(Frame(base).function().bits as usize).proto;
        let tier = if TIER == HOT { Tier::Hot } else { Tier::Warm };
        let op = (*proto.code.add(pc as usize)).op();
        let rest = proto.segments().paid_behind(pc as usize, op);
        (*vm).refund(rest, tier);
        let status = helper(vm, base, pc);
        if status < 0 || (*vm).pay(rest, tier) {
            return status;
        }
        (*Frame(base).header()).pc = pc + op.words() as u32;
        (*vm).leave_compiled(base)
    }
}

/// The account does not suffice for the segment at `pc`: the interpreter goes on there.
pub unsafe extern "C" fn out_of_ticks(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    unsafe {
        (*Frame(base).header()).pc = pc;
        (*vm).leave_compiled(base)
    }
}
