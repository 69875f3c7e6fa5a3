//! IR to CLIF, one to one; side exits become cold blocks.

use cranelift_codegen::{
    ir::{
        Block as ClifBlock, BlockArg, Function, InstBuilder, MemFlagsData, SigRef, Value as ClifValue,
        condcodes::{FloatCC, IntCC},
        types,
    },
    isa::TargetFrontendConfig,
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use trinity_vm::{clock::Price, seam::Tier, value::tag};

use super::{
    exits::{ExitInfo, ForcedExits},
    ir::{
        BASE, Block, Cc, ENTRY, Effect, ExitId, FloatOp, FloatUn, Func, Helper, Inst, IntOp, Region, Saved, Term, Ty,
        V, VM, Width,
    },
    passes, runtime,
};
use crate::abi::{self, Regions};

/// Signatures by shape, imported once.
struct Signatures {
    /// `(vm, base, pc) → status`
    run: SigRef,
    finish: SigRef,
    /// `(vm, base, count) → i64`
    entry: SigRef,
    /// `(f64, f64) → f64`
    float: SigRef,
    /// `(vm, holder, payload, tag)`
    barrier: SigRef,
}

/// Where a process has what code names by address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    /// A function of the binary; the others are as far from it in every process.
    pub anchor: usize,
    /// The records of the exits.
    pub exits: usize,
}

impl Places {
    /// In this process.
    pub fn anchor() -> usize {
        runtime::leave as *const () as usize
    }
    pub fn of_this_process(exits: &[ExitInfo]) -> Places {
        Places { anchor: Self::anchor(), exits: exits.as_ptr() as usize }
    }
    /// Of a function of the binary, by its address in this process.
    fn function(self, here: usize) -> i64 {
        here.wrapping_sub(Self::anchor()).wrapping_add(self.anchor) as i64
    }
    fn exit(self, index: usize) -> i64 {
        (self.exits + index * size_of::<ExitInfo>()) as i64
    }
}

struct Lower<'a, 'f> {
    func: &'a Func,
    builder: FunctionBuilder<'f>,
    values: Vec<Option<ClifValue>>,
    blocks: Vec<ClifBlock>,
    regions: Regions,
    constant: MemFlagsData,
    signatures: Signatures,
    places: Places,
    forced: Option<&'a ForcedExits>,
    exit_blocks: Vec<Option<ClifBlock>>,
    /// The code pays for what it does.
    metered: bool,
}

/// Writes `func` into `clif`.
pub(super) fn lower(
    func: &Func,
    places: Places,
    forced: Option<&ForcedExits>,
    metered: bool,
    clif: &mut Function,
    context: &mut FunctionBuilderContext,
    target: TargetFrontendConfig,
) {
    let convention = target.default_call_conv;
    let regions = Regions::new(clif);
    let mut builder = FunctionBuilder::new(clif, context);
    let mut float = cranelift_codegen::ir::Signature::new(convention);
    float.params.extend([cranelift_codegen::ir::AbiParam::new(types::F64); 2]);
    float.returns.push(cranelift_codegen::ir::AbiParam::new(types::F64));
    let signatures = Signatures {
        run: builder.import_signature(abi::helper_signature(convention)),
        finish: builder.import_signature(abi::finish_signature(convention)),
        entry: builder.import_signature(abi::entry_signature(convention)),
        float: builder.import_signature(float),
        barrier: builder.import_signature(abi::barrier_signature(convention)),
    };
    let order = passes::reverse_postorder(func);
    let blocks = func.blocks.iter().map(|_| builder.create_block()).collect();
    let mut lower = Lower {
        func,
        builder,
        values: vec![None; func.insts.len()],
        blocks,
        regions,
        constant: MemFlagsData::trusted().with_readonly().with_can_move(),
        signatures,
        places,
        forced,
        exit_blocks: vec![None; func.exits.len()],
        metered,
    };
    for block in &order {
        lower.declare(*block);
    }
    for block in order {
        lower.block(block);
    }
    lower.stubs();
    lower.builder.seal_all_blocks();
    lower.builder.finalize(target);
}

fn clif_type(ty: Ty) -> types::Type {
    match ty {
        Ty::I64 => types::I64,
        Ty::F64 => types::F64,
        Ty::I8 => types::I8,
        Ty::None => unreachable!("no value"),
    }
}

impl Lower<'_, '_> {
    fn declare(&mut self, block: Block) {
        let data = &self.func.blocks[block.index()];
        let clif = self.blocks[block.index()];
        if block == ENTRY {
            self.builder.append_block_params_for_function_params(clif);
        } else {
            for param in &data.params {
                self.builder.append_block_param(clif, clif_type(self.func.ty(*param)));
            }
        }
        let params = self.builder.block_params(clif).to_vec();
        for (param, value) in data.params.iter().zip(params) {
            self.values[param.index()] = Some(value);
        }
        if data.cold {
            self.builder.set_cold_block(clif);
        }
    }

    fn value(&self, value: V) -> ClifValue {
        self.values[value.index()].expect("values are lowered in an order that follows dominance")
    }

    fn block(&mut self, block: Block) {
        self.builder.switch_to_block(self.blocks[block.index()]);
        let data = &self.func.blocks[block.index()];
        for value in &data.insts {
            let result = self.inst(self.func.inst(*value));
            self.values[value.index()] = result;
        }
        match &data.term {
            Term::Open => unreachable!("validated"),
            Term::Jump(to, args) => {
                let args: Vec<BlockArg> = args.iter().map(|arg| BlockArg::Value(self.value(*arg))).collect();
                self.builder.ins().jump(self.blocks[to.index()], &args);
            }
            Term::Branch(condition, then, other) => {
                let condition = self.value(*condition);
                let (then, other) = (self.blocks[then.index()], self.blocks[other.index()]);
                self.builder.ins().brif(condition, then, &[], other, &[]);
            }
            Term::Return(value) => {
                let value = self.value(*value);
                self.builder.ins().return_(&[value]);
            }
            Term::Exit(exit) => {
                let stub = self.exit_block(*exit);
                self.builder.ins().jump(stub, &[]);
            }
        }
    }

    fn flags(&self, region: Region) -> MemFlagsData {
        match region {
            Region::Stack => self.regions.stack,
            Region::Table | Region::Function => self.regions.object,
            Region::Array => self.regions.elements,
            Region::Slots => self.regions.slots,
            Region::Captured => self.regions.upvalue,
            Region::Vm => self.regions.vm,
            Region::Constant => self.constant,
        }
    }

    fn exit_block(&mut self, exit: ExitId) -> ClifBlock {
        if let Some(block) = self.exit_blocks[exit.index()] {
            return block;
        }
        let block = self.builder.create_block();
        self.builder.set_cold_block(block);
        self.exit_blocks[exit.index()] = Some(block);
        block
    }

    /// The exits' code: registers home, then the interpreter.
    fn stubs(&mut self) {
        for index in 0..self.exit_blocks.len() {
            let Some(block) = self.exit_blocks[index] else { continue };
            self.builder.switch_to_block(block);
            let flags = self.regions.stack;
            let base = self.value(BASE);
            for (register, saved) in &self.func.exits[index].saved {
                let offset = abi::reg(*register as usize);
                let (payload, tag) = match *saved {
                    Saved::Int(value) => (self.value(value), Err(tag::INT)),
                    Saved::Float(value) => (self.value(value), Err(tag::FLOAT)),
                    Saved::Tagged(tag, value) => (self.value(value), Err(tag)),
                    Saved::Prim(tag) => (self.builder.ins().iconst(types::I64, 0), Err(tag)),
                    Saved::Any(payload, tag) => (self.value(payload), Ok(self.value(tag))),
                };
                let tag = match tag {
                    Ok(value) => value,
                    Err(constant) => self.builder.ins().iconst(types::I8, i64::from(constant)),
                };
                self.builder.ins().store(flags, payload, base, offset);
                self.builder.ins().store(flags, tag, base, offset + abi::TAG);
            }
            let vm = self.value(VM);
            self.refund(vm, self.func.exits[index].refund);
            let record = self.builder.ins().iconst(types::I64, self.places.exit(index));
            let leave = self.places.function(runtime::leave as *const () as usize);
            let callee = self.builder.ins().iconst(types::I64, leave);
            let call = self.builder.ins().call_indirect(self.signatures.entry, callee, &[vm, base, record]);
            let result = self.builder.inst_results(call)[0];
            self.builder.ins().return_(&[result]);
        }
    }

    /// Gives back what was paid and is not done here.
    fn refund(&mut self, vm: ClifValue, price: Price) {
        let (flags, model) = (self.regions.vm, i64::from(price.model[Tier::Hot as usize]));
        for (amount, offset) in [(i64::from(price.ticks), abi::VM_FUEL), (-model, abi::VM_MODEL)] {
            if amount != 0 {
                let held = self.builder.ins().load(types::I64, flags, vm, offset);
                let held = self.builder.ins().iadd_imm_s(held, amount);
                self.builder.ins().store(flags, held, vm, offset);
            }
        }
    }

    fn inst(&mut self, inst: Inst) -> Option<ClifValue> {
        debug_assert!(inst.effect() != Effect::Guard || matches!(inst, Inst::Guard(..)));
        Some(match inst {
            Inst::Param => unreachable!("parameters are not in instruction lists"),
            Inst::Int(value) => self.builder.ins().iconst(types::I64, value),
            Inst::Float(value) => self.builder.ins().f64const(value),
            Inst::Tag(value) => self.builder.ins().iconst(types::I8, i64::from(value)),
            Inst::Arith(op, a, b) => {
                let (a, b) = (self.value(a), self.value(b));
                let ins = self.builder.ins();
                match op {
                    IntOp::Add => ins.iadd(a, b),
                    IntOp::Sub => ins.isub(a, b),
                    IntOp::Mul => ins.imul(a, b),
                    IntOp::And => ins.band(a, b),
                    IntOp::Or => ins.bor(a, b),
                    IntOp::Xor => ins.bxor(a, b),
                    IntOp::Shl => ins.ishl(a, b),
                    IntOp::Shr => ins.ushr(a, b),
                    IntOp::Sar => ins.sshr(a, b),
                    IntOp::UDiv => ins.udiv(a, b),
                    IntOp::SRem => ins.srem(a, b),
                    IntOp::SDiv => ins.sdiv(a, b),
                }
            }
            Inst::FArith(op, a, b) => {
                let (a, b) = (self.value(a), self.value(b));
                let ins = self.builder.ins();
                match op {
                    FloatOp::Add => ins.fadd(a, b),
                    FloatOp::Sub => ins.fsub(a, b),
                    FloatOp::Mul => ins.fmul(a, b),
                    FloatOp::Div => ins.fdiv(a, b),
                }
            }
            Inst::FUnary(op, a) => {
                let a = self.value(a);
                let ins = self.builder.ins();
                match op {
                    FloatUn::Neg => ins.fneg(a),
                    FloatUn::Floor => ins.floor(a),
                    FloatUn::Sqrt => ins.sqrt(a),
                    FloatUn::Abs => ins.fabs(a),
                }
            }
            Inst::IntToFloat(a) => {
                let a = self.value(a);
                self.builder.ins().fcvt_from_sint(types::F64, a)
            }
            Inst::Bits(a) => {
                let a = self.value(a);
                self.builder.ins().bitcast(types::I64, MemFlagsData::new(), a)
            }
            Inst::FromBits(a) => {
                let a = self.value(a);
                self.builder.ins().bitcast(types::F64, MemFlagsData::new(), a)
            }
            Inst::Cmp(cc, a, b) => {
                let cc = match cc {
                    Cc::Eq => IntCC::Equal,
                    Cc::Ne => IntCC::NotEqual,
                    Cc::Lt => IntCC::SignedLessThan,
                    Cc::Le => IntCC::SignedLessThanOrEqual,
                    Cc::Gt => IntCC::SignedGreaterThan,
                    Cc::Ge => IntCC::SignedGreaterThanOrEqual,
                    Cc::Below => IntCC::UnsignedLessThan,
                };
                let (a, b) = (self.value(a), self.value(b));
                self.builder.ins().icmp(cc, a, b)
            }
            Inst::FCmp(cc, a, b) => {
                let cc = match cc {
                    Cc::Eq => FloatCC::Equal,
                    Cc::Ne => FloatCC::NotEqual,
                    Cc::Lt | Cc::Below => FloatCC::LessThan,
                    Cc::Le => FloatCC::LessThanOrEqual,
                    Cc::Gt => FloatCC::GreaterThan,
                    Cc::Ge => FloatCC::GreaterThanOrEqual,
                };
                let (a, b) = (self.value(a), self.value(b));
                self.builder.ins().fcmp(cc, a, b)
            }
            Inst::TagIs(a, tag) => {
                let a = self.value(a);
                self.builder.ins().icmp_imm_u(IntCC::Equal, a, i64::from(tag))
            }
            Inst::TagBelow(a, tag) => {
                let a = self.value(a);
                self.builder.ins().icmp_imm_u(IntCC::UnsignedLessThan, a, i64::from(tag))
            }
            Inst::TagsEqual(a, b) => {
                let (a, b) = (self.value(a), self.value(b));
                self.builder.ins().icmp(IntCC::Equal, a, b)
            }
            Inst::Not(a) => {
                let a = self.value(a);
                self.builder.ins().icmp_imm_u(IntCC::Equal, a, 0)
            }
            Inst::And(a, b) => {
                let (a, b) = (self.value(a), self.value(b));
                self.builder.ins().band(a, b)
            }
            Inst::Or(a, b) => {
                let (a, b) = (self.value(a), self.value(b));
                self.builder.ins().bor(a, b)
            }
            Inst::Select(condition, a, b) => {
                let (condition, a, b) = (self.value(condition), self.value(a), self.value(b));
                self.builder.ins().select(condition, a, b)
            }
            Inst::Load(region, width, base, offset) => {
                let (flags, base) = (self.flags(region), self.value(base));
                let ins = self.builder.ins();
                match width {
                    Width::I64 => ins.load(types::I64, flags, base, offset),
                    Width::F64 => ins.load(types::F64, flags, base, offset),
                    Width::U32 => ins.uload32(flags, base, offset),
                    Width::U16 => ins.uload16(types::I64, flags, base, offset),
                    Width::U8 => ins.load(types::I8, flags, base, offset),
                }
            }
            Inst::Store(region, width, base, offset, value) => {
                let (flags, base, value) = (self.flags(region), self.value(base), self.value(value));
                if width == Width::U32 {
                    self.builder.ins().istore32(flags, value, base, offset);
                } else {
                    self.builder.ins().store(flags, value, base, offset);
                }
                return None;
            }
            Inst::StoreTag(region, base, offset, tag) => {
                let (flags, base) = (self.flags(region), self.value(base));
                let value = self.builder.ins().iconst(types::I8, i64::from(tag));
                self.builder.ins().store(flags, value, base, offset);
                return None;
            }
            Inst::Barrier(holder, payload, tag) => {
                let [vm, holder, payload, tag] = [VM, holder, payload, tag].map(|value| self.value(value));
                let mark = self.builder.ins().load(types::I8, self.regions.object, holder, abi::MARK);
                let barrier = self.builder.ins().load(types::I8, self.regions.vm, vm, abi::VM_BARRIER_MARK);
                let marked = self.builder.ins().icmp(IntCC::Equal, mark, barrier);
                let (slow, next) = (self.builder.create_block(), self.builder.create_block());
                self.builder.set_cold_block(slow);
                self.builder.ins().brif(marked, slow, &[], next, &[]);
                self.builder.switch_to_block(slow);
                let barrier = self.places.function(runtime::barrier as *const () as usize);
                let callee = self.builder.ins().iconst(types::I64, barrier);
                self.builder.ins().call_indirect(self.signatures.barrier, callee, &[vm, holder, payload, tag]);
                self.builder.ins().jump(next, &[]);
                self.builder.switch_to_block(next);
                return None;
            }
            Inst::SetPc(pc) => {
                let (flags, base) = (self.flags(Region::Stack), self.value(BASE));
                let value = self.builder.ins().iconst(types::I32, i64::from(pc));
                self.builder.ins().store(flags, value, base, abi::HEADER_PC);
                return None;
            }
            Inst::Guard(condition, exit) => {
                let mut condition = self.value(condition);
                if let Some(forced) = self.forced {
                    let holds = self.step(forced);
                    condition = self.builder.ins().band(condition, holds);
                }
                let (next, stub) = (self.builder.create_block(), self.exit_block(exit));
                self.builder.ins().brif(condition, next, &[], stub, &[]);
                self.builder.switch_to_block(next);
                return None;
            }
            Inst::StackPointer => self.builder.ins().get_stack_pointer(types::I64),
            Inst::Enter(entry, callee, count) => {
                let args = [self.value(VM), self.value(callee), self.value(count)];
                let entry = self.value(entry);
                let call = self.builder.ins().call_indirect(self.signatures.entry, entry, &args);
                self.builder.inst_results(call)[0]
            }
            Inst::Helper(helper, args, count) => self.helper(helper, &args[..count as usize]),
        })
    }

    /// Steps the generator of forced exits: whether a guard may hold.
    fn step(&mut self, forced: &ForcedExits) -> ClifValue {
        let flags = MemFlagsData::trusted();
        let builder = &mut self.builder;
        let address = builder.ins().iconst(types::I64, forced.state.as_ptr() as i64);
        let state = builder.ins().load(types::I64, flags, address, 0);
        let factor = builder.ins().iconst(types::I64, ForcedExits::MULTIPLIER);
        let product = builder.ins().imul(state, factor);
        let increment = builder.ins().iconst(types::I64, ForcedExits::INCREMENT);
        let state = builder.ins().iadd(product, increment);
        builder.ins().store(flags, state, address, 0);
        // The low bits of such a generator have short periods.
        let shift = builder.ins().iconst(types::I64, 64 - i64::from(forced.rarity));
        let top = builder.ins().ushr(state, shift);
        let zero = builder.ins().iconst(types::I64, 0);
        builder.ins().icmp(IntCC::NotEqual, top, zero)
    }

    fn helper(&mut self, helper: Helper, args: &[V]) -> ClifValue {
        let (address, signature) = match helper {
            Helper::Run(op) => (runtime::address(op, self.metered), self.signatures.run),
            Helper::FinishCall => (crate::helpers::finish_call as *const () as usize, self.signatures.finish),
            Helper::Poll => (runtime::poll as *const () as usize, self.signatures.run),
            Helper::Enter => (crate::helpers::enter as *const () as usize, self.signatures.entry),
            Helper::Interpret => (trinity_vm::vm::INTERPRETER_ENTRY as *const () as usize, self.signatures.entry),
            Helper::Pow => (runtime::pow as *const () as usize, self.signatures.float),
            Helper::FloatMod => (runtime::float_mod as *const () as usize, self.signatures.float),
        };
        let mut values: Vec<ClifValue> = args.iter().map(|arg| self.value(*arg)).collect();
        if !matches!(helper, Helper::Pow | Helper::FloatMod) {
            values.insert(0, self.value(VM));
        }
        if matches!(helper, Helper::Run(_) | Helper::FinishCall | Helper::Poll) {
            values[2] = self.builder.ins().ireduce(types::I32, values[2]);
        }
        let callee = self.builder.ins().iconst(types::I64, self.places.function(address));
        let call = self.builder.ins().call_indirect(signature, callee, &values);
        self.builder.inst_results(call)[0]
    }
}
