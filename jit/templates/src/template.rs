//! Which template an instruction has, and the templates of what is too small for a room of its own.

use cranelift_codegen::ir::{
    self, InstBuilder,
    condcodes::IntCC,
    types::{I32, I64},
};
use trinity_vm::{
    bytecode::{Hint, Op},
    value::tag,
};

use crate::{
    abi,
    emitter::Emitter,
    helper::Helper,
    instruction::{Form, Many, Operand, Rhs},
};

impl Rhs {
    /// The tag of a constant.
    pub(crate) fn tag(self) -> u8 {
        match self {
            Rhs::Nil => tag::NIL,
            Rhs::False => tag::FALSE,
            Rhs::True => tag::TRUE,
            Rhs::SmallInt | Rhs::Int => tag::INT,
            Rhs::Float => tag::FLOAT,
            _ => tag::STRING,
        }
    }
}

impl Emitter<'_, '_> {
    /// Compiles the present instruction; says whether control goes on behind it in the same block.
    pub fn template(&mut self) -> bool {
        let Form { op, hint, .. } = self.form();
        let (a, b) = (self.a(), self.instruction.b());
        match op {
            Op::Move => self.copy(a, b),
            Op::LoadI | Op::LoadF | Op::LoadK | Op::LoadKX => {
                let small = self.form().rhs == Rhs::SmallInt;
                let payload = self.operand(if small { Operand::Immediate } else { Operand::Constant });
                self.set(a, payload, self.form().rhs.tag());
            }
            Op::LoadFalse => self.set_primitive(a, tag::FALSE),
            Op::LoadTrue => self.set_primitive(a, tag::TRUE),
            Op::LFalseSkip => {
                self.set_primitive(a, tag::FALSE);
                let target = self.jump_target();
                self.jump(target);
                return false;
            }
            Op::LoadNil => self.load_nil(),
            Op::GetUpval => self.get_upvalue(),
            Op::SetUpval => self.set_upvalue(),
            Op::GetTabUp | Op::GetField | Op::SelfField => self.get_named(),
            Op::GetTable | Op::GetI => self.get_element(op),
            Op::SetTabUp | Op::SetField => self.set_named(),
            Op::SetTable | Op::SetI => self.set_element(op),
            Op::NewTable => self.plain_helper(Helper::NewTable),
            Op::SetList => {
                self.helper_or_leave(Helper::SetList);
            }
            Op::Add | Op::Sub | Op::Mul | Op::AddK | Op::SubK | Op::MulK => self.arith(op, hint),
            Op::Div | Op::DivK => self.division(op, hint),
            Op::Mod | Op::ModK | Op::IDiv | Op::IDivK => self.floor_division(op),
            Op::Pow | Op::PowK => self.power(),
            Op::BAnd | Op::BOr | Op::BXor | Op::BAndK | Op::BOrK | Op::BXorK => self.bitwise(op),
            Op::Shl | Op::Shr | Op::ShlK | Op::ShrK => self.shift(op),
            Op::Unm => self.negate(),
            Op::BNot => self.complement(),
            Op::Not => self.not(),
            Op::Len => self.length(),
            Op::Concat => {
                self.plain_helper(Helper::Concat);
                self.forget_from(a);
            }
            Op::Close => {
                self.helper_or_leave(Helper::Close);
                self.forget_all();
            }
            Op::Tbc => {
                self.helper_or_leave(Helper::Tbc);
            }
            Op::Jmp => {
                let target = self.jump_target();
                self.jump(target);
                return false;
            }
            Op::Loop => {
                self.back_edge();
                return false;
            }
            Op::Eq => self.equal(),
            Op::EqK => self.equal_constant(),
            Op::Lt | Op::Le => self.order(op, hint),
            Op::LtI | Op::LeI | Op::GtI | Op::GeI => self.order_immediate(op),
            Op::Test => self.test(),
            Op::TestSet => self.test_set(),
            Op::Call => self.call(),
            Op::TailCall => self.tail_call(),
            Op::Return | Op::Return0 | Op::Return1 => {
                self.ret();
                return false;
            }
            Op::ForPrep => self.for_prep(),
            Op::ForLoop => self.for_loop(hint),
            Op::TForPrep => {
                self.generic_for_prep();
                return false;
            }
            Op::TForCall => self.generic_for(hint),
            Op::TForLoop => self.generic_for_loop(),
            Op::Closure => self.plain_helper(Helper::Closure),
            Op::VarArg => {
                self.helper_or_leave(Helper::VarArg);
                self.forget_from(a);
            }
            Op::VarArgPrep => {}
            Op::Ext => self.pay(),
            // Quickened forms, which `unquickened` has replaced.
            _ => debug_assert!(hint != Hint::None, "{op:?}"),
        }
        true
    }

    /// A helper that writes `R[A]`.
    fn plain_helper(&mut self, helper: Helper) {
        self.helper_or_leave(helper);
        self.forget(self.a());
    }

    fn load_nil(&mut self) {
        let (a, last) = (self.a(), self.form().count);
        if last != Form::SLOWLY {
            for register in a..=a + usize::from(last) {
                self.set_primitive(register, tag::NIL);
            }
            return;
        }
        // Many: from the last to the first.
        let flags = self.regions.stack;
        let (again, done) = (self.block(), self.block());
        self.b.append_block_param(again, I64);
        let (base, last) = (self.base(), self.instruction.get(Operand::B));
        let last = self.b.ins().iadd_imm_s(base, i64::from(abi::VALUE_SIZE) * last);
        self.jump_with(again, last);
        self.switch(again);
        let slot = self.b.block_params(again)[0];
        let zero = self.iconst(0);
        let nil = self.b.ins().iconst(ir::types::I8, i64::from(tag::NIL));
        self.store(flags, zero, slot, abi::reg(a));
        self.store(flags, nil, slot, abi::reg(a) + abi::TAG);
        let before = self.b.ins().iadd_imm_s(slot, -i64::from(abi::VALUE_SIZE));
        let base = self.base();
        let more = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, before, base);
        self.b.ins().brif(more, again, &[ir::BlockArg::Value(before)], done, &[]);
        self.switch(done);
        self.forget_from(a);
    }

    /// What has to be done before the first instruction of a function that is called with `count` arguments.
    pub fn prologue(&mut self, count: ir::Value) {
        let regions = self.regions;
        let is_vararg = self.form().flag;
        let (slow, ready) = (self.cold(), self.block());
        if is_vararg {
            self.jump(slow);
        } else {
            if self.form().count != Form::UNCOUNTED {
                let counter = self.operand(Operand::Countdown);
                let left = self.load(I32, regions.feedback, counter, 0);
                let left = self.b.ins().iadd_imm_s(left, -1);
                self.store(regions.feedback, left, counter, 0);
                let due = self.compare(IntCC::SignedLessThanOrEqual, left, 0);
                self.reject(due, slow);
            }
            if self.form().given == Many::Some {
                let missing = self.compare(IntCC::SignedLessThan, count, self.instruction.get(Operand::Params));
                self.reject(missing, slow);
            }
            let (vm, stack) = (self.vm(), self.b.ins().get_stack_pointer(I64));
            let limit = self.load(I64, regions.vm, vm, abi::VM_NATIVE_LIMIT);
            let full = self.b.ins().icmp(IntCC::UnsignedLessThan, stack, limit);
            self.reject(full, slow);
            let room = (self.instruction.get(Operand::MaxStack) + 8) * i64::from(abi::VALUE_SIZE);
            let (vm, base) = (self.vm(), self.base());
            let end = self.b.ins().iadd_imm_s(base, room);
            let limit = self.load(I64, regions.vm, vm, abi::VM_STACK_LIMIT);
            let full = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, end, limit);
            self.reject(full, slow);
            let full = self.heap_is_full();
            self.branch(full, slow, ready);
        }

        self.switch(slow);
        let enter = self.address(if is_vararg { Helper::Enter } else { Helper::EnterCounted });
        let base = self.base();
        let moved = self.enter(enter, base, count);
        let null = self.equals(moved, 0);
        let (left, entered) = (self.cold(), self.cold());
        self.branch(null, left, entered);
        self.switch(entered);
        self.repin(moved);
        self.jump(ready);

        self.switch(left);
        let vm = self.vm();
        let status = self.load(I64, regions.vm, vm, abi::VM_EXIT_COUNT);
        self.leave_with(status);

        self.switch(ready);
    }

    /// Pays for a segment (see `trinity_vm::bytecode::Segments`). With fewer ticks left than that the interpreter goes on,
    /// which takes them one by one.
    fn pay(&mut self) {
        let out = self.cold();
        let (flags, vm) = (self.regions.vm, self.vm());
        let fuel = self.load(I64, flags, vm, abi::VM_FUEL);
        // The operand is negative: the sum is greater when it wraps around.
        let price = self.operand(Operand::Immediate);
        let left = self.b.ins().iadd(fuel, price);
        let short = self.b.ins().icmp(IntCC::UnsignedGreaterThan, left, fuel);
        self.reject(short, out);
        let vm = self.vm();
        self.store(flags, left, vm, abi::VM_FUEL);
        let model = self.load(I64, flags, vm, abi::VM_MODEL);
        let cost = self.operand(Operand::Constant);
        let model = self.b.ins().iadd(model, cost);
        self.store(flags, model, vm, abi::VM_MODEL);
        let ready = self.block();
        self.jump(ready);

        self.switch(out);
        let status = self.helper(Helper::OutOfTicks);
        self.leave_with(status);
        self.switch(ready);
    }

    /// Whether a collection is due.
    pub(crate) fn heap_is_full(&mut self) -> ir::Value {
        let (flags, vm) = (self.regions.vm, self.vm());
        let bytes = self.load(I64, flags, vm, abi::VM_HEAP_BYTES);
        let threshold = self.load(I64, flags, vm, abi::VM_HEAP_THRESHOLD);
        self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, bytes, threshold)
    }
}
