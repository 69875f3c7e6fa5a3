//! The portable form: a whole function through Cranelift's single-pass allocator. It is also the check on the stencils.

use cranelift_codegen::{
    ir::{Block, Function, InstBuilder, StackSlotData, StackSlotKind},
    isa::TargetFrontendConfig,
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use trinity_templates::{
    Emitter, Instruction, Signatures, Surroundings,
    abi::{self, Regions},
    flow::{self, Coverage},
};
use trinity_vm::{
    function::Proto,
    seam::{Bailout, EntryPoint, Installed},
    value::Value,
    vm::Vm,
};

use crate::{codegen::Codegen, helpers};

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
    let name = || super::describe(proto, entry);
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
    let saved = b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, 8, 3));
    let captured = captured(proto);
    let vm_address = std::ptr::from_ref(vm) as i64;
    let helpers = helpers::table(vm);
    let surroundings = Surroundings::Function { captured: &captured, saved };
    let called = Instruction::entry(proto, vm_address);
    let mut emitter = Emitter::new(b, called, regions, &signatures, &helpers, surroundings);
    emitter.pin(base);
    if entry == EntryPoint::Call {
        emitter.prologue(count);
    }
    let roots = body(&mut emitter, proto, &coverage, vm_address);
    emitter.finish().finalize(config);
    roots
}

/// By register: a closure shares it.
fn captured(proto: &Proto) -> Vec<bool> {
    // Registers behind the last are those of a call that is being prepared.
    let mut captured = vec![false; usize::from(proto.max_stack).max(256) + 8];
    for child in &proto.children {
        for upvalue in child.unit.upvals.iter().filter(|upvalue| upvalue.in_stack) {
            captured[usize::from(upvalue.index)] = true;
        }
    }
    captured
}

/// Every covered instruction, in order. Returns the heap objects that the code names.
fn body(emitter: &mut Emitter, proto: &Proto, coverage: &Coverage, vm: i64) -> Vec<Value> {
    let code = proto.code();
    let mut roots = Vec::new();
    // Blocks of leaders, by pc.
    let mut blocks: Vec<Option<Block>> = vec![None; code.len()];
    let block_at = |emitter: &mut Emitter, blocks: &mut [Option<Block>], pc: usize| {
        *blocks[pc].get_or_insert_with(|| emitter.b.create_block())
    };
    let entry = block_at(emitter, &mut blocks, coverage.entry_pc);
    emitter.b.ins().jump(entry, &[]);
    // Whether the block that is being filled goes on with the next instruction.
    let mut open = false;
    let mut pc = 0;
    while pc < code.len() {
        let op = code[pc].op();
        if coverage.reached[pc] {
            if coverage.leader[pc] {
                let block = block_at(emitter, &mut blocks, pc);
                if open {
                    emitter.jump(block);
                }
                emitter.switch(block);
                emitter.forget_all();
            }
            emitter.instruction = Instruction::decode(proto, pc, coverage.leader[pc], vm);
            roots.extend(emitter.instruction.root());
            emitter.target = flow::successors(code, pc).jump.map(|jump| block_at(emitter, &mut blocks, jump));
            open = emitter.template();
        } else {
            open = false;
        }
        pc += op.words() + usize::from(op.is_test());
    }
    roots
}
