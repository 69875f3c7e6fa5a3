//! Tier 1: one template per bytecode, through Cranelift's single-pass allocator. What counts is compile time; what
//! feedback there is picks the inline path, a helper is the other. It does not speculate and never deoptimises.

mod access;
mod arith;
mod call;
mod compare;
mod control;
mod emitter;
mod flow;

use cranelift_codegen::{
    ir::{
        self, Function, InstBuilder,
        condcodes::IntCC,
        types::{I32, I64},
    },
    isa::TargetFrontendConfig,
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use trinity_vm::{
    bytecode::{Hint, Op},
    function::Proto,
    seam::{Bailout, EntryPoint, Installed},
    value::{Value, tag},
    vm::Vm,
};

use crate::{
    abi::{self, Regions},
    codegen::Codegen,
    helpers,
};
use emitter::{Emitter, Signatures};
use flow::Coverage;

/// Words of bytecode beyond which compile time and code size would be out of proportion.
const MAX_WORDS: usize = 20_000;

/// Compiles `proto` from `entry` on.
///
/// # Errors
/// The function is too long, or code generation fails.
pub fn compile(codegen: &mut Codegen, vm: &Vm, proto: &Proto, entry: EntryPoint) -> Result<Installed, Bailout> {
    if proto.code().len() > MAX_WORDS {
        return Err(Bailout("too-long"));
    }
    let name = || {
        let source = String::from_utf8_lossy(&proto.unit.source).into_owned();
        format!("{}:{} {entry:?}", source.lines().next().unwrap_or(""), proto.unit.line_defined)
    };
    codegen.compile(&name, |function, context, config| Ok(build(function, context, config, vm, proto, entry)))
}

fn build(
    function: &mut Function,
    context: &mut FunctionBuilderContext,
    config: TargetFrontendConfig,
    vm: &Vm,
    proto: &Proto,
    entry: EntryPoint,
) -> Vec<Value> {
    let convention = config.default_call_conv;
    let regions = Regions::new(function);
    let coverage = Coverage::new(proto, entry);
    let mut b = FunctionBuilder::new(function, context);
    let signatures = Signatures {
        entry: b.import_signature(abi::entry_signature(convention)),
        helper: b.import_signature(abi::helper_signature(convention)),
        finish: b.import_signature(abi::finish_signature(convention)),
    };
    let start = b.create_block();
    b.append_block_params_for_function_params(start);
    b.switch_to_block(start);
    let (base, count) = (b.block_params(start)[1], b.block_params(start)[2]);
    let mut emitter = Emitter::new(b, proto, &coverage, regions, &signatures, vm);
    emitter.pin(base);
    if entry == EntryPoint::Call {
        emitter.prologue(count);
    }
    emitter.body();
    let leave = emitter.leave;
    emitter.switch(leave);
    let status = emitter.b.block_params(leave)[0];
    emitter.leave_with(status);
    let roots = std::mem::take(&mut emitter.roots);
    emitter.b.seal_all_blocks();
    emitter.b.finalize(config);
    roots
}

impl Emitter<'_, '_> {
    /// Every covered instruction, in order.
    fn body(&mut self) {
        let code = self.proto.code();
        let entry_pc = self.coverage.entry_pc;
        let entry = self.block_at(entry_pc);
        self.jump(entry);
        // Whether the block that is being filled goes on with the next instruction.
        let mut open = false;
        let mut pc = 0;
        while pc < code.len() {
            let op = code[pc].op();
            let words = op.words() + usize::from(op.is_test());
            if self.coverage.reached[pc] {
                if self.coverage.leader[pc] {
                    let block = self.block_at(pc);
                    if open {
                        self.jump(block);
                    }
                    self.switch(block);
                    self.forget_all();
                }
                self.pc = pc;
                open = self.instruction();
            } else {
                open = false;
            }
            pc += words;
        }
    }

    /// Compiles the instruction at `pc`; says whether control goes on behind it in the same block.
    fn instruction(&mut self) -> bool {
        let instr = self.instr();
        let (op, hint) = instr.op().unquickened();
        let (a, b) = (instr.a(), instr.b());
        match op {
            Op::Move => self.copy(a, b),
            Op::LoadI => self.set_constant(a, Value::int(i64::from(instr.sbx()))),
            Op::LoadF => self.set_constant(a, Value::float(f64::from(instr.sbx()))),
            Op::LoadK => self.set_constant(a, self.constant(instr.bx())),
            Op::LoadKX => self.set_constant(a, self.constant(self.ext().ax())),
            Op::LoadFalse => self.set_primitive(a, tag::FALSE),
            Op::LoadTrue => self.set_primitive(a, tag::TRUE),
            Op::LFalseSkip => {
                self.set_primitive(a, tag::FALSE);
                let target = self.block_at(self.pc + 2);
                self.jump(target);
                return false;
            }
            Op::LoadNil => {
                for register in a..=a + b {
                    self.set_primitive(register, tag::NIL);
                }
            }
            Op::GetUpval => self.get_upvalue(),
            Op::SetUpval => self.set_upvalue(),
            Op::GetTabUp | Op::GetField | Op::SelfField => self.get_named(op),
            Op::GetTable | Op::GetI => self.get_element(op),
            Op::SetTabUp | Op::SetField => self.set_named(op),
            Op::SetTable | Op::SetI => self.set_element(op),
            Op::NewTable => self.plain_helper(helpers::newtable),
            Op::SetList => {
                self.helper_or_leave(helpers::set_list);
            }
            Op::Add | Op::Sub | Op::Mul | Op::AddK | Op::SubK | Op::MulK => self.arith(op, hint),
            Op::Div | Op::DivK => self.division(op, hint),
            Op::Mod | Op::ModK | Op::IDiv | Op::IDivK => self.floor_division(op, hint),
            Op::Pow | Op::PowK => self.power(op),
            Op::BAnd | Op::BOr | Op::BXor | Op::BAndK | Op::BOrK | Op::BXorK => self.bitwise(op),
            Op::Shl | Op::Shr | Op::ShlK | Op::ShrK => self.shift(op),
            Op::Unm => self.negate(),
            Op::BNot => self.complement(),
            Op::Not => self.not(),
            Op::Len => self.length(),
            Op::Concat => {
                self.plain_helper(helpers::concat);
                self.forget_from(a);
            }
            Op::Close => {
                self.helper_or_leave(helpers::close);
                self.forget_all();
            }
            Op::Tbc => {
                self.helper_or_leave(helpers::tbc);
            }
            Op::Jmp => {
                let target = self.block_at((self.pc as i64 + 1 + i64::from(instr.jump())) as usize);
                self.jump(target);
                return false;
            }
            Op::Loop => {
                self.back_edge(self.ext().ax());
                return false;
            }
            Op::Eq => self.equal(),
            Op::EqK => self.equal_constant(),
            Op::Lt | Op::Le => self.order(op, hint),
            Op::LtI | Op::LeI | Op::GtI | Op::GeI => self.order_immediate(op),
            Op::Test => self.test(),
            Op::TestSet => self.test_set(),
            Op::Call => self.call(),
            Op::TailCall => {
                self.helper_or_leave(helpers::tail_call);
                self.forget_all();
            }
            Op::Return | Op::Return0 | Op::Return1 => {
                self.ret(op);
                return false;
            }
            Op::ForPrep => self.for_prep(),
            Op::ForLoop => self.for_loop(hint),
            Op::TForPrep => {
                self.helper_or_leave(helpers::generic_for_prep);
                let target = self.jump_target();
                self.jump(target);
                return false;
            }
            Op::TForCall => self.generic_for(hint),
            Op::TForLoop => self.generic_for_loop(),
            Op::Closure => self.plain_helper(helpers::closure),
            Op::VarArg => {
                self.helper_or_leave(helpers::vararg);
                self.forget_from(a);
            }
            Op::VarArgPrep | Op::Ext => {}
            // Quickened forms, which `unquickened` has replaced.
            _ => debug_assert!(hint != Hint::None, "{op:?}"),
        }
        true
    }

    /// A helper that writes `R[A]`.
    fn plain_helper(&mut self, helper: helpers::Helper) {
        self.helper_or_leave(helper);
        self.forget(self.instr().a());
    }

    /// What has to be done before the first instruction.
    ///
    /// PERF: one branch for all that may be out of the ordinary, each of which makes a number negative: the native or the
    /// Lua stack runs short, arguments are missing, a collection or a consultation is due.
    fn prologue(&mut self, count: ir::Value) {
        let regions = self.regions;
        let (slow, ready) = (self.cold(), self.block());
        if self.proto.is_vararg {
            self.jump(slow);
        } else {
            let (vm, base) = (self.vm(), self.base());
            let counter = self.address(&raw const self.proto.countdown);
            let left = self.load(I32, regions.feedback, counter, 0);
            let left = self.b.ins().iadd_imm_s(left, -1);
            self.store(regions.feedback, left, counter, 0);
            let left = self.b.ins().sextend(I64, left);
            let mut any = self.b.ins().iadd_imm_s(left, -1);

            let stack = self.b.ins().get_stack_pointer(I64);
            let limit = self.load(I64, regions.vm, vm, abi::VM_NATIVE_LIMIT);
            let native = self.b.ins().isub(stack, limit);
            any = self.b.ins().bor(any, native);
            let room = (i32::from(self.proto.max_stack) + 8) * abi::VALUE_SIZE;
            let limit = self.load(I64, regions.vm, vm, abi::VM_STACK_LIMIT);
            let left = self.b.ins().isub(limit, base);
            let left = self.b.ins().iadd_imm_s(left, -i64::from(room) - 1);
            any = self.b.ins().bor(any, left);
            if self.proto.num_params > 0 {
                let extra = self.b.ins().iadd_imm_s(count, -i64::from(self.proto.num_params));
                any = self.b.ins().bor(any, extra);
            }
            let heap = self.heap_room();
            any = self.b.ins().bor(any, heap);
            let any = self.compare(IntCC::SignedLessThan, any, 0);
            self.branch(any, slow, ready);
        }

        self.switch(slow);
        let helper = if self.proto.is_vararg { helpers::enter } else { helpers::enter_counted };
        let enter = self.iconst(helper as *const () as i64);
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

    /// Bytes until a collection is due, less one: negative when it is. (A threshold beyond 2^63 counts as due; helpers
    /// look again.)
    fn heap_room(&mut self) -> ir::Value {
        let (flags, vm) = (self.regions.vm, self.vm());
        let bytes = self.load(I64, flags, vm, abi::VM_HEAP_BYTES);
        let threshold = self.load(I64, flags, vm, abi::VM_HEAP_THRESHOLD);
        let room = self.b.ins().isub(threshold, bytes);
        self.b.ins().iadd_imm_s(room, -1)
    }
}
