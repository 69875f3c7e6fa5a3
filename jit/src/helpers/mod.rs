//! Runtime helpers: what generated code calls where an instruction is not worth inlining or leaves its fast path.
//!
//! A [`Helper`] takes `(vm, base, pc)`, executes what is left of the instruction at `pc` of the function that runs in
//! the frame at `base`, whose registers must be in place, and returns a [`Status`]: negative ones are passed on to the
//! caller of the compiled code, others mean what the helper says. A helper makes the frame current (its pc, `vm.frame`,
//! `vm.top`), so generated code need not, and it keeps feedback as the interpreter does: quickening, caches, targets.

#![expect(clippy::missing_safety_doc, reason = "the contract of all helpers stands at `Helper`")]

mod access;
mod arith;
mod call;
mod flow;
pub mod metered;

pub use access::{
    get_field, get_i, get_table, get_tabup, len, newtable, self_field, set_field, set_i, set_list, set_table,
    set_tabup, set_upvalue,
};
pub use arith::{arith, compare, concat, equals, equals_constant, unary};
pub use call::{call, finish_call, note_call, ret, tail_call, tail_enter};
pub use flow::{
    back_edge, back_edge_fresh, close, closure, enter, enter_counted, for_loop, for_prep, generic_for,
    generic_for_prep, tbc, vararg,
};

use trinity_templates::{Helper as Name, HelperTable};
use trinity_vm::{
    bytecode::Instr,
    frame::{Frame, Status},
    function::{Cache, Closure},
    heap::Gc,
    native::Throw,
    value::Value,
    vm::Vm,
};

/// `(vm, base, pc) → status`.
///
/// # Safety
/// `vm` is the running VM, `base` a live frame of a Lua closure in it, `pc` an instruction of its function that the
/// helper executes.
pub type Helper = unsafe extern "C" fn(*mut Vm, *mut Value, u32) -> Status;

/// The addresses of everything that templates name.
pub fn table(vm: &Vm) -> HelperTable {
    let mut table = [0; Name::ALL.len()];
    for name in Name::ALL {
        table[*name as usize] = match name {
            Name::Arith => arith as *const () as usize,
            Name::BackEdgeFresh => back_edge_fresh as *const () as usize,
            Name::BackEdge => back_edge as *const () as usize,
            Name::Call => call as *const () as usize,
            Name::Close => close as *const () as usize,
            Name::Closure => closure as *const () as usize,
            Name::Compare => compare as *const () as usize,
            Name::Concat => concat as *const () as usize,
            Name::Enter => enter as *const () as usize,
            Name::EnterCounted => enter_counted as *const () as usize,
            Name::Equals => equals as *const () as usize,
            Name::EqualsConstant => equals_constant as *const () as usize,
            Name::FinishCall => finish_call as *const () as usize,
            Name::ForLoop => for_loop as *const () as usize,
            Name::ForPrep => for_prep as *const () as usize,
            Name::GenericFor => generic_for as *const () as usize,
            Name::GenericForPrep => generic_for_prep as *const () as usize,
            Name::GetField => get_field as *const () as usize,
            Name::GetI => get_i as *const () as usize,
            Name::GetTable => get_table as *const () as usize,
            Name::GetTabUp => get_tabup as *const () as usize,
            Name::Len => len as *const () as usize,
            Name::NewTable => newtable as *const () as usize,
            Name::OutOfTicks => metered::out_of_ticks as *const () as usize,
            Name::NoteCall => note_call as *const () as usize,
            Name::Ret => ret as *const () as usize,
            Name::SelfField => self_field as *const () as usize,
            Name::SetField => set_field as *const () as usize,
            Name::SetI => set_i as *const () as usize,
            Name::SetList => set_list as *const () as usize,
            Name::SetTable => set_table as *const () as usize,
            Name::SetTabUp => set_tabup as *const () as usize,
            Name::SetUpvalue => set_upvalue as *const () as usize,
            Name::TailCall => tail_call as *const () as usize,
            Name::TailEnter => tail_enter as *const () as usize,
            Name::Tbc => tbc as *const () as usize,
            Name::Unary => unary as *const () as usize,
            Name::VarArg => vararg as *const () as usize,
            Name::Next => vm.controller.next_function,
            Name::IpairsStep => vm.controller.ipairs_function,
        };
    }
    if vm.counts_ticks() {
        for (name, helper) in metered::WARM_HELPERS {
            table[*name as usize] = *helper as *const () as usize;
        }
    }
    table
}

/// The instruction that a helper executes, with its frame.
struct Site<'a> {
    vm: &'a mut Vm,
    base: *mut Value,
    closure: Gc<Closure>,
    instr: Instr,
    /// Where the instruction is: its `EXT` word follows, and quickening writes there.
    at: *mut Instr,
}

impl<'a> Site<'a> {
    /// Makes the frame current.
    ///
    /// # Safety
    /// As [`Helper`].
    #[inline(always)]
    unsafe fn new(vm: *mut Vm, base: *mut Value, pc: u32) -> Site<'a> {
        // SAFETY: as the contract says.
        unsafe {
            let site = Self::with_open_top(vm, base, pc);
            site.vm.top = base.add(site.closure.proto.max_stack as usize);
            site
        }
    }

    /// Makes the frame current but leaves `vm.top`, which ends an open list of values that the instruction takes.
    ///
    /// # Safety
    /// As [`Helper`].
    #[inline(always)]
    unsafe fn with_open_top(vm: *mut Vm, base: *mut Value, pc: u32) -> Site<'a> {
        // SAFETY: as the contract says: the function of the frame is a closure, and `pc` lies in its code.
        unsafe {
            let frame = Frame(base);
            (*frame.header()).pc = pc;
            let vm = &mut *vm;
            vm.frame = frame;
            let closure = Gc::<Closure>::from_address(frame.function().bits as usize);
            let at = closure.proto.code.add(pc as usize);
            Site { vm, base, closure, instr: *at, at }
        }
    }

    #[inline(always)]
    fn reg(&self, index: usize) -> *mut Value {
        // SAFETY: register operands of valid bytecode lie in the frame.
        unsafe { self.base.add(index) }
    }

    #[inline(always)]
    fn get(&self, index: usize) -> Value {
        // SAFETY: as in `reg`.
        unsafe { *self.reg(index) }
    }

    #[inline(always)]
    fn constant(&self, index: usize) -> Value {
        // SAFETY: constant operands of valid bytecode are in range.
        unsafe { *self.closure.proto.consts.add(index) }
    }

    #[inline(always)]
    fn upvalue(&self, index: usize) -> Value {
        self.closure.upvalues()[index].get()
    }

    #[inline(always)]
    fn ext(&self) -> Instr {
        // SAFETY: called for opcodes with an operand word only.
        unsafe { *self.at.add(1) }
    }

    /// The cache that the `EXT` word names.
    #[inline(always)]
    fn cache(&self) -> *mut Cache {
        // SAFETY: feedback operands of valid bytecode are in range.
        unsafe { self.closure.proto.caches.add(self.ext().ax()) }
    }

    /// The call is done: 0, or the status that takes the frame to the interpreter because execution is observed.
    #[inline(always)]
    fn leave_if_observed(self) -> Status {
        if !self.vm.is_observing() {
            return 0;
        }
        // SAFETY: the frame is live.
        unsafe { (*Frame(self.base).header()).pc += self.instr.op().words() as u32 };
        self.vm.leave_compiled(self.base)
    }

    /// Writes `R[A]` or passes the throw on.
    #[inline(always)]
    fn finish(&self, result: Result<Value, Throw>) -> Status {
        match result {
            Ok(value) => {
                // SAFETY: as in `reg`.
                unsafe { *self.reg(self.instr.a()) = value };
                0
            }
            Err(throw) => throw.status(),
        }
    }
}

/// 0, or the throw's status.
#[inline(always)]
fn done(result: Result<(), Throw>) -> Status {
    match result {
        Ok(()) => 0,
        Err(throw) => throw.status(),
    }
}

/// 0 or 1, or the throw's status.
#[inline(always)]
fn truth(result: Result<bool, Throw>) -> Status {
    match result {
        Ok(value) => Status::from(value),
        Err(throw) => throw.status(),
    }
}
