//! The state of one compilation, and the small pieces that every template is made of.
//!
//! Lua registers live in the frame. What is remembered along straight-line code is which tag a register's memory is known
//! to hold, which saves checks and stores. INVARIANT: a register that a closure has captured is never known, since a
//! callee may write it; and nothing is known where control joins.

use cranelift_codegen::ir::{
    Block, BlockArg, FuncRef, InstBuilder, MemFlagsData, SigRef, SourceLoc, StackSlot, Type, Value,
    condcodes::IntCC,
    types::{F64, I8, I32, I64},
};
use cranelift_frontend::{FunctionBuilder, Variable};
use trinity_vm::{bytecode::Op, value::tag};

use crate::{
    abi::{self, HEADER_PC, Regions, TAG},
    helper::{Helper, HelperTable},
    instruction::{Form, Instruction, Operand},
};

/// Known tags of registers, few at a time.
#[derive(Clone, Default)]
pub(crate) struct Known(Vec<(usize, u8)>);

pub struct Signatures {
    pub entry: SigRef,
    pub helper: SigRef,
    pub finish: SigRef,
}

/// Source locations of a stencil's code: of hot blocks and of cold ones.
pub const HOT: u32 = 1;
pub const COLD: u32 = 2;

/// What the code around a template looks like.
pub enum Surroundings<'b> {
    /// A whole function.
    Function {
        /// Registers that closures share.
        captured: &'b [bool],
        /// Where the caller's pinned register is kept.
        saved: StackSlot,
    },
    /// Nothing: control leaves by tail calls, here those of a return and of a Lua tail call. The base is a variable
    /// beside the pinned register.
    Stencil { leave: FuncRef, enter: FuncRef, base: Variable },
}

pub struct Emitter<'a, 'b> {
    pub b: FunctionBuilder<'a>,
    /// The instruction that is being compiled.
    pub instruction: Instruction,
    /// Where the instruction jumps to, if anywhere.
    pub target: Option<Block>,
    pub regions: Regions,
    helpers: &'b HelperTable,
    surroundings: Surroundings<'b>,
    signatures: &'b Signatures,
    /// The values that hold VM and base in the block that is being filled.
    vm: Option<Value>,
    base: Option<Value>,
    /// Returns its parameter.
    leave: Block,
    known: Known,
}

impl<'a, 'b> Emitter<'a, 'b> {
    pub fn new(
        mut b: FunctionBuilder<'a>,
        instruction: Instruction,
        regions: Regions,
        signatures: &'b Signatures,
        helpers: &'b HelperTable,
        surroundings: Surroundings<'b>,
    ) -> Self {
        let leave = b.create_block();
        b.set_cold_block(leave);
        b.append_block_param(leave, I64);
        Emitter {
            b,
            instruction,
            target: None,
            regions,
            helpers,
            surroundings,
            signatures,
            vm: None,
            base: None,
            leave,
            known: Known::default(),
        }
    }

    /// Everything has been compiled.
    pub fn finish(mut self) -> FunctionBuilder<'a> {
        self.switch(self.leave);
        let status = self.b.block_params(self.leave)[0];
        self.leave_with(status);
        self.b.seal_all_blocks();
        self.b
    }

    // The instruction.

    pub(crate) fn form(&self) -> Form {
        self.instruction.form
    }

    pub(crate) fn a(&self) -> usize {
        self.instruction.a()
    }

    /// A number that the instruction gives.
    pub(crate) fn operand(&mut self, operand: Operand) -> Value {
        let value = self.instruction.get(operand);
        self.iconst(value)
    }

    /// A float that the instruction gives. Its bits are an immediate: there is no constant pool.
    pub(crate) fn float_operand(&mut self, operand: Operand) -> Value {
        let bits = self.operand(operand);
        self.b.ins().bitcast(F64, MemFlagsData::new(), bits)
    }

    /// `(vm, base, pc)`, the arguments of helpers.
    fn helper_arguments(&mut self) -> [Value; 3] {
        let pc = self.instruction.get(Operand::HelperPc);
        [self.operand(Operand::HelperVm), self.base(), self.b.ins().iconst(I32, pc)]
    }

    /// The block that the instruction jumps to.
    pub(crate) fn jump_target(&mut self) -> Block {
        self.target.expect("the instruction jumps")
    }

    /// Whether two operands may name one register. In a stencil any two may.
    pub(crate) fn may_be(&self, register: usize, other: usize) -> bool {
        register == other || matches!(self.surroundings, Surroundings::Stencil { .. })
    }

    // Blocks.

    /// A new block, out of the way if the present one is.
    pub fn block(&mut self) -> Block {
        if self.is_cold() { self.cold() } else { self.b.create_block() }
    }

    /// A new block out of the way of the fast path.
    pub fn cold(&mut self) -> Block {
        let block = self.b.create_block();
        self.b.set_cold_block(block);
        block
    }

    /// A new block as far out of the way as the present one.
    fn next(&mut self) -> Block {
        let block = self.b.create_block();
        if self.b.current_block().is_some_and(|current| self.b.func.layout.is_cold(current)) {
            self.b.set_cold_block(block);
        }
        block
    }

    pub fn switch(&mut self, block: Block) {
        self.b.switch_to_block(block);
        if let Surroundings::Stencil { .. } = self.surroundings {
            let location = if self.is_cold() { COLD } else { HOT };
            self.b.set_srcloc(SourceLoc::new(location));
        }
        self.vm = None;
        self.base = None;
    }

    pub fn jump(&mut self, block: Block) {
        self.b.ins().jump(block, &[]);
    }

    pub fn jump_with(&mut self, block: Block, value: Value) {
        self.b.ins().jump(block, &[BlockArg::Value(value)]);
    }

    pub fn branch(&mut self, condition: Value, then: Block, other: Block) {
        self.b.ins().brif(condition, then, &[], other, &[]);
    }

    /// Goes on in a new block when `condition` holds, else in `other`.
    pub fn require(&mut self, condition: Value, other: Block) {
        let next = self.next();
        self.branch(condition, next, other);
        self.switch(next);
    }

    /// Goes on in a new block unless `condition` holds, else in `other`.
    pub fn reject(&mut self, condition: Value, other: Block) {
        let next = self.next();
        self.branch(condition, other, next);
        self.switch(next);
    }

    // What is live throughout: the base of the frame, in a register of its own.

    /// Takes over the pinned register. (A stencil finds the base there.)
    pub fn pin(&mut self, base: Value) {
        match self.surroundings {
            Surroundings::Function { saved, .. } => {
                let callers = self.b.ins().get_pinned_reg(I64);
                self.b.ins().stack_store(I64, callers, saved, 0);
                self.repin(base);
            }
            Surroundings::Stencil { base: variable, .. } => {
                self.b.def_var(variable, base);
                self.base = Some(base);
            }
        }
    }

    /// The frame has moved.
    pub fn repin(&mut self, base: Value) {
        self.b.ins().set_pinned_reg(base);
        if let Surroundings::Stencil { base: variable, .. } = self.surroundings {
            self.b.def_var(variable, base);
        }
        self.base = Some(base);
    }

    /// PERF: behind a call a stencil takes the base from the pinned register, which the callee has preserved. Kept alive
    /// across the call, it would be in another register on the fast path too.
    fn reload_base(&mut self) {
        if let Surroundings::Stencil { base: variable, .. } = self.surroundings {
            let base = self.b.ins().get_pinned_reg(I64);
            self.b.def_var(variable, base);
            self.base = Some(base);
        }
    }

    /// Whether the template has inline paths for more than what feedback says. In a whole function each block takes time
    /// to compile, and in stencils to copy: where feedback is settled the helper has to do.
    pub(crate) fn is_thorough(&self) -> bool {
        self.is_stencil() && !self.form().is_settled()
    }

    /// Whether the code is a stencil.
    pub(crate) fn is_stencil(&self) -> bool {
        matches!(self.surroundings, Surroundings::Stencil { .. })
    }

    /// Ends a stencil's function by going on in `code`, which has the universal signature.
    pub(crate) fn enter_tail(&mut self, code: Value, base: Value, count: Value) {
        let Surroundings::Stencil { enter, .. } = self.surroundings else { return };
        let vm = self.operand(Operand::CallVm);
        self.b.ins().return_call(enter, &[vm, base, count, code]);
    }

    /// Returns from the compiled code.
    pub fn leave_with(&mut self, status: Value) {
        match self.surroundings {
            Surroundings::Function { saved, .. } => {
                let callers = self.b.ins().stack_load(I64, I64, saved, 0);
                self.b.ins().set_pinned_reg(callers);
                self.b.ins().return_(&[status]);
            }
            Surroundings::Stencil { leave, .. } => {
                self.b.ins().return_call(leave, &[status]);
            }
        }
    }

    pub fn base(&mut self) -> Value {
        match self.base {
            Some(base) => base,
            None => {
                let base = match self.surroundings {
                    // PERF: the argument is not kept for the slow paths, which would have it elsewhere.
                    Surroundings::Stencil { base, .. } if !self.is_cold() => self.b.use_var(base),
                    _ => self.b.ins().get_pinned_reg(I64),
                };
                self.base = Some(base);
                base
            }
        }
    }

    /// Whether the block that is being filled is out of the way.
    fn is_cold(&self) -> bool {
        self.b.current_block().is_some_and(|block| self.b.func.layout.is_cold(block))
    }

    pub fn vm(&mut self) -> Value {
        match self.vm {
            Some(vm) => vm,
            None => {
                let vm = self.operand(Operand::Vm);
                self.vm = Some(vm);
                vm
            }
        }
    }

    // Values.

    pub fn iconst(&mut self, value: i64) -> Value {
        self.b.ins().iconst(I64, value)
    }

    pub fn load(&mut self, ty: Type, flags: MemFlagsData, from: Value, offset: i32) -> Value {
        self.b.ins().load(ty, flags, from, offset)
    }

    pub fn store(&mut self, flags: MemFlagsData, value: Value, to: Value, offset: i32) {
        self.b.ins().store(flags, value, to, offset);
    }

    pub fn equals(&mut self, value: Value, constant: i64) -> Value {
        self.b.ins().icmp_imm_s(IntCC::Equal, value, constant)
    }

    pub fn compare(&mut self, condition: IntCC, value: Value, constant: i64) -> Value {
        self.b.ins().icmp_imm_s(condition, value, constant)
    }

    // Registers.

    /// Payload of a register.
    pub fn bits(&mut self, register: usize) -> Value {
        let base = self.base();
        self.load(I64, self.regions.stack, base, abi::reg(register))
    }

    /// Payload of a register as a float.
    pub fn float(&mut self, register: usize) -> Value {
        let base = self.base();
        self.load(F64, self.regions.stack, base, abi::reg(register))
    }

    /// Tag of a register.
    pub fn tag(&mut self, register: usize) -> Value {
        match self.known_tag(register) {
            Some(tag) => self.b.ins().iconst(I8, i64::from(tag)),
            None => {
                let base = self.base();
                self.load(I8, self.regions.stack, base, abi::reg(register) + TAG)
            }
        }
    }

    pub fn known_tag(&self, register: usize) -> Option<u8> {
        self.known.0.iter().find(|known| known.0 == register).map(|known| known.1)
    }

    /// Notes the tag of a register's memory.
    pub fn learn(&mut self, register: usize, tag: u8) {
        if !self.is_shared(register) {
            self.forget(register);
            self.known.0.push((register, tag));
        }
    }

    /// Whether a closure shares the register. (A stencil forgets at its end what it knows.)
    fn is_shared(&self, register: usize) -> bool {
        match self.surroundings {
            Surroundings::Function { captured, .. } => captured[register],
            Surroundings::Stencil { .. } => false,
        }
    }

    /// Whether a closure may share the register.
    pub fn may_be_shared(&self, register: usize) -> bool {
        self.is_shared(register) || matches!(self.surroundings, Surroundings::Stencil { .. })
    }

    pub fn forget(&mut self, register: usize) {
        self.known.0.retain(|known| known.0 != register);
    }

    pub fn forget_from(&mut self, register: usize) {
        self.known.0.retain(|known| known.0 < register);
    }

    pub fn forget_all(&mut self) {
        self.known.0.clear();
    }

    pub(crate) fn known(&self) -> Known {
        self.known.clone()
    }

    /// Where control joins from `before`'s point of view: what is written since is unknown.
    pub(crate) fn restore(&mut self, before: Known) {
        self.known = before;
    }

    /// Goes on when the register has `tag`, else in `other`.
    pub fn require_tag(&mut self, register: usize, tag: u8, other: Block) {
        if self.known_tag(register) == Some(tag) {
            return;
        }
        let found = self.tag(register);
        let same = self.equals(found, i64::from(tag));
        self.require(same, other);
        self.learn(register, tag);
    }

    /// Goes on when two registers have their tags, else in `other`.
    pub fn require_tags(&mut self, first: (usize, u8), second: (usize, u8), other: Block) {
        let known = |this: &Self, (register, tag)| this.known_tag(register) == Some(tag);
        if self.is_stencil() || first.0 == second.0 || known(self, first) || known(self, second) {
            self.require_tag(first.0, first.1, other);
            return self.require_tag(second.0, second.1, other);
        }
        // One comparison of both tags: blocks are what compiling a whole function pays for.
        let base = self.base();
        let flags = self.regions.stack;
        let low = self.b.ins().uload8(I32, flags, base, abi::reg(first.0) + TAG);
        let high = self.b.ins().uload8(I32, flags, base, abi::reg(second.0) + TAG);
        let high = self.b.ins().ishl_imm_u(high, 8);
        let both = self.b.ins().bor(low, high);
        let same = self.equals(both, i64::from(first.1) | i64::from(second.1) << 8);
        self.require(same, other);
        self.learn(first.0, first.1);
        self.learn(second.0, second.1);
    }

    /// Writes a tag unless it is there already.
    pub fn set_tag(&mut self, register: usize, tag: u8) {
        if self.known_tag(register) != Some(tag) {
            let value = self.b.ins().iconst(I8, i64::from(tag));
            let base = self.base();
            self.store(self.regions.stack, value, base, abi::reg(register) + TAG);
            self.learn(register, tag);
        }
    }

    /// Writes a payload and a tag that is known here.
    pub fn set(&mut self, register: usize, payload: Value, tag: u8) {
        let base = self.base();
        self.store(self.regions.stack, payload, base, abi::reg(register));
        self.set_tag(register, tag);
    }

    /// Writes a payload and a tag that is known when the code runs.
    pub fn set_dynamic(&mut self, register: usize, payload: Value, tag: Value) {
        let base = self.base();
        self.store(self.regions.stack, payload, base, abi::reg(register));
        self.store(self.regions.stack, tag, base, abi::reg(register) + TAG);
        self.forget(register);
    }

    pub fn set_primitive(&mut self, register: usize, tag: u8) {
        let zero = self.iconst(0);
        self.set(register, zero, tag);
    }

    pub fn copy(&mut self, to: usize, from: usize) {
        if to == from {
            return;
        }
        let payload = self.bits(from);
        match self.known_tag(from) {
            Some(tag) => self.set(to, payload, tag),
            None => {
                let tag = self.tag(from);
                self.set_dynamic(to, payload, tag);
            }
        }
    }

    /// The register as a float, converted when it is an integer; goes to `other` when it is neither.
    pub fn number(&mut self, register: usize, other: Block) -> Value {
        match self.known_tag(register) {
            Some(tag::FLOAT) => return self.float(register),
            Some(tag::INT) => {
                let int = self.bits(register);
                return self.b.ins().fcvt_from_sint(F64, int);
            }
            _ => {}
        }
        let (is_float, not_float, joined) = (self.block(), self.block(), self.block());
        let result = self.b.append_block_param(joined, F64);
        let tag = self.tag(register);
        let condition = self.equals(tag, i64::from(tag::FLOAT));
        self.branch(condition, is_float, not_float);
        self.switch(not_float);
        let condition = self.equals(tag, i64::from(tag::INT));
        self.require(condition, other);
        let int = self.bits(register);
        let converted = self.b.ins().fcvt_from_sint(F64, int);
        self.jump_with(joined, converted);
        self.switch(is_float);
        let float = self.float(register);
        self.jump_with(joined, float);
        self.switch(joined);
        result
    }

    // Helpers.

    /// The address of a helper.
    pub fn address(&mut self, helper: Helper) -> Value {
        self.iconst(self.helpers[helper as usize] as i64)
    }

    /// Calls a helper for the present instruction.
    pub fn helper(&mut self, helper: Helper) -> Value {
        let arguments = self.helper_arguments();
        let function = self.address(helper);
        let call = self.b.ins().call_indirect(self.signatures.helper, function, &arguments);
        self.reload_base();
        self.b.inst_results(call)[0]
    }

    /// Calls a helper and returns when its status is negative.
    pub fn helper_or_leave(&mut self, helper: Helper) -> Value {
        let status = self.helper(helper);
        self.leave_if_negative(status);
        status
    }

    pub fn leave_if_negative(&mut self, status: Value) {
        let next = self.block();
        self.leave_or_go_on(status, next);
        self.switch(next);
    }

    pub fn finish_call(&mut self, status: Value) -> Value {
        let [vm, base, pc] = self.helper_arguments();
        let function = self.address(Helper::FinishCall);
        let call = self.b.ins().call_indirect(self.signatures.finish, function, &[vm, base, pc, status]);
        self.reload_base();
        self.b.inst_results(call)[0]
    }

    /// Fills the block `slow` with a helper call for the present instruction that ends in `done`.
    pub fn slow_path(&mut self, slow: Block, helper: Helper, done: Block) {
        self.switch(slow);
        let status = self.helper(helper);
        self.leave_or_go_on(status, done);
    }

    /// Returns a negative status, else goes on at `next`.
    pub fn leave_or_go_on(&mut self, status: Value, next: Block) {
        let negative = self.compare(IntCC::SignedLessThan, status, 0);
        let leave = self.leave;
        match self.surroundings {
            Surroundings::Function { .. } => {
                self.b.ins().brif(negative, leave, &[BlockArg::Value(status)], next, &[]);
            }
            // PERF: the edge has to move the status, out of the way.
            Surroundings::Stencil { .. } => {
                let away = self.cold();
                self.branch(negative, away, next);
                self.switch(away);
                self.jump_with(leave, status);
            }
        }
    }

    /// Enters code with the universal signature.
    pub fn enter(&mut self, code: Value, base: Value, count: Value) -> Value {
        let vm = self.operand(Operand::CallVm);
        let call = self.b.ins().call_indirect(self.signatures.entry, code, &[vm, base, count]);
        self.reload_base();
        self.b.inst_results(call)[0]
    }

    /// Writes the present pc to the frame's header.
    pub fn store_pc(&mut self) {
        let pc = self.b.ins().iconst(I32, self.instruction.get(Operand::Pc));
        let base = self.base();
        self.store(self.regions.stack, pc, base, HEADER_PC);
    }

    /// Goes on when the instruction has become one of `forms`, that is when feedback has what the code that follows is
    /// for; what `other` calls notes it.
    pub fn require_quickened(&mut self, forms: &[Op], other: Block) {
        let next = self.block();
        for (position, form) in forms.iter().enumerate() {
            let last = position + 1 == forms.len();
            let at = self.operand(Operand::Code);
            let found = self.load(I8, self.regions.feedback, at, 0);
            let same = self.equals(found, *form as i64);
            let fails = if last { other } else { self.cold() };
            self.branch(same, next, fails);
            if !last {
                self.switch(fails);
            }
        }
        self.switch(next);
    }
}
