//! The portable form: a whole function through Cranelift's single-pass allocator. It is also the check on the stencils.

use std::{
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use cranelift_codegen::{
    ir::{Block, Function, InstBuilder, StackSlotData, StackSlotKind},
    isa::{OwnedTargetIsa, TargetFrontendConfig},
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use trinity_templates::{
    Emitter, HelperTable, Instruction, Signatures, Surroundings,
    abi::{self, Regions},
    flow::{self, Coverage},
};
use trinity_vm::{
    bytecode::Op,
    function::Proto,
    seam::{Bailout, EntryPoint, Installed, PhaseTimes},
    value::Value,
    vm::Vm,
};

use crate::{
    codegen::{Codegen, MachineCode},
    helpers,
    module::CodeModule,
};

/// Words of bytecode beyond which compile time and code size would be out of proportion.
const MAX_WORDS: usize = 250_000;

/// An instruction that is compiled.
struct Step {
    /// Pays for the segment that begins here.
    price: Option<Instruction>,
    instruction: Instruction,
    pc: usize,
    /// The pc behind it.
    next: usize,
    leader: bool,
    /// Where it jumps to.
    target: Option<usize>,
}

/// Everything that a compilation depends on: made on the thread that runs Lua, used on any.
pub struct Snapshot {
    source: Arc<[u8]>,
    line: u32,
    entry: EntryPoint,
    entry_pc: usize,
    called: Instruction,
    /// In order of pcs.
    steps: Vec<Step>,
    /// Words of the function.
    words: usize,
    captured: Vec<bool>,
    helpers: HelperTable,
}

/// Finished code.
pub struct Compiled {
    code: MachineCode,
    isa: OwnedTargetIsa,
}

/// Freezes what the compilation of `proto` from `entry` on depends on.
///
/// # Errors
/// The function is too long.
pub fn freeze(vm: &Vm, proto: &Proto, entry: EntryPoint) -> Result<Snapshot, Bailout> {
    let code = proto.code();
    if code.len() > MAX_WORDS {
        return Err(Bailout("too-long"));
    }
    let vm_address = std::ptr::from_ref(vm) as i64;
    let coverage = Coverage::new(proto, entry);
    let segments = vm.counts_ticks().then(|| proto.segments());
    let mut steps = Vec::new();
    let mut pc = 0;
    while pc < code.len() {
        let op: Op = code[pc].op();
        let next = pc + op.words() + usize::from(op.is_test());
        if coverage.reached[pc] {
            let leader = coverage.leader[pc];
            let instruction = Instruction::decode(proto, pc, vm_address);
            let price = segments.and_then(|segments| segments.price(pc));
            let price = price.map(|price| Instruction::pay(pc, price, vm_address));
            steps.push(Step { price, instruction, pc, next, leader, target: flow::successors(code, pc).jump });
        }
        pc = next;
    }
    Ok(Snapshot {
        source: Arc::clone(&proto.unit.source),
        line: proto.unit.line_defined,
        entry,
        entry_pc: coverage.entry_pc,
        called: Instruction::entry(proto, vm_address),
        steps,
        words: code.len(),
        captured: captured(proto),
        helpers: helpers::table(vm),
    })
}

/// Compiles a snapshot.
///
/// # Errors
/// Code generation fails; `cancelled` when that was asked for.
pub fn generate(codegen: &mut Codegen, snap: &Snapshot, cancelled: &AtomicBool) -> Result<Compiled, Bailout> {
    let name = || super::describe(&snap.source, snap.line, snap.entry);
    let ((), code) = codegen.generate(&name, |function, context, config| {
        build(function, context, config, snap);
        // Cranelift takes most of the time, and cannot be stopped.
        if cancelled.load(Ordering::Relaxed) { Err(Bailout("cancelled")) } else { Ok(()) }
    })?;
    Ok(Compiled { code, isa: codegen.isa().clone() })
}

impl Snapshot {
    /// Heap objects that the code will name, beside the function's constants.
    pub fn roots(&self) -> Vec<Value> {
        self.steps.iter().filter_map(|step| step.instruction.root()).collect()
    }
}

impl Compiled {
    /// Puts the code on pages of its own.
    ///
    /// # Errors
    /// The system gives no memory.
    pub fn install(self, roots: Vec<Value>) -> Result<Installed, Bailout> {
        let started = Instant::now();
        let signature = abi::entry_signature(self.isa.default_call_conv());
        let module = CodeModule::install(&self.isa, &signature, &self.code.bytes).map_err(|_| Bailout::CODE_MEMORY)?;
        Ok(Installed {
            entry: module.entry(),
            start: module.entry(),
            form: "single-pass",
            code_bytes: self.code.bytes.len() as u32,
            memory_bytes: module.memory_bytes() as u32,
            ir_insts: self.code.ir_insts,
            phases: PhaseTimes { install_ns: started.elapsed().as_nanos() as u64, ..self.code.phases },
            roots,
            knowledge: None,
            entries: Rc::default(),
            owner: Rc::new(module),
        })
    }
}

fn build(function: &mut Function, context: &mut FunctionBuilderContext, config: TargetFrontendConfig, snap: &Snapshot) {
    let convention = config.default_call_conv;
    let regions = Regions::new(function);
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
    let surroundings = Surroundings::Function { captured: &snap.captured, saved };
    let mut emitter = Emitter::new(b, snap.called, regions, &signatures, &snap.helpers, surroundings);
    emitter.pin(base);
    if snap.entry == EntryPoint::Call {
        emitter.prologue(count);
    }
    body(&mut emitter, snap);
    emitter.finish().finalize(config);
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

/// Every covered instruction, in order.
fn body(emitter: &mut Emitter, snap: &Snapshot) {
    // Blocks of leaders, by pc.
    let mut blocks: Vec<Option<Block>> = vec![None; snap.words];
    let block_at = |emitter: &mut Emitter, blocks: &mut [Option<Block>], pc: usize| {
        *blocks[pc].get_or_insert_with(|| emitter.b.create_block())
    };
    let entry = block_at(emitter, &mut blocks, snap.entry_pc);
    emitter.b.ins().jump(entry, &[]);
    // The pc with which the block that is being filled goes on.
    let mut open = None;
    for step in &snap.steps {
        if step.leader {
            let block = block_at(emitter, &mut blocks, step.pc);
            if open == Some(step.pc) {
                emitter.jump(block);
            }
            emitter.switch(block);
            emitter.forget_all();
        }
        if let Some(price) = step.price {
            emitter.instruction = price;
            emitter.template();
        }
        emitter.instruction = step.instruction;
        emitter.target = step.target.map(|target| block_at(emitter, &mut blocks, target));
        open = emitter.template().then_some(step.next);
    }
}
