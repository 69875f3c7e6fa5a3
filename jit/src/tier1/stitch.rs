//! The fast form: stencils are copied one behind the other, and their holes filled in. See `trinity_templates::stencil`.
//!
//! A function's code is its prologue, the hot parts of its instructions in order, its epilogue, and the cold parts. All
//! of them share one native frame: the caller's pinned register, then [`FRAME`] bytes for whoever needs them.

use std::time::Instant;

use trinity_templates::{
    HelperTable, Instruction,
    flow::{self, Coverage},
    stencil::{FRAME, Filling, Library, Part, Stencil, Target},
};
use trinity_vm::{
    bytecode::Op,
    function::Proto,
    seam::{Bailout, EntryPoint, Installed, PhaseTimes},
    value::Value,
    vm::Vm,
};

use crate::{code::CodeArena, helpers};

include!(concat!(env!("OUT_DIR"), "/stencils.rs"));

/// Enters the frame: `(vm, base, count)` come in `rdi`, `rsi`, `rdx`; stencils have the base in `rdi` and `r15`, and the first
/// one of a call the count in `rdx`.
const PROLOGUE: [u8; 16] = [
    0x55, // push rbp
    0x48,
    0x89,
    0xe5, // mov rbp, rsp
    0x41,
    0x57, // push r15
    0x48,
    0x83,
    0xec,
    FRAME as u8 + 8, // sub rsp, FRAME + 8
    0x48,
    0x89,
    0xf7, // mov rdi, rsi
    0x49,
    0x89,
    0xf7, // mov r15, rsi
];

/// Leaves the frame with the status in `rdi`.
const EPILOGUE: [u8; 9] = [
    0x48, 0x89, 0xf8, // mov rax, rdi
    0x4c, 0x8b, 0x7d, 0xf8, // mov r15, [rbp - 8]
    0xc9, // leave
    0xc3, // ret
];

/// Leaves the frame for the code in `rcx`, whose arguments are in place.
const TAIL_EPILOGUE: [u8; 7] = [
    0x4c, 0x8b, 0x7d, 0xf8, // mov r15, [rbp - 8]
    0xc9, // leave
    0xff, 0xe1, // jmp rcx
];

/// Where a branch goes.
#[derive(Clone, Copy)]
enum Goal {
    /// The code of an instruction.
    Pc(usize),
    Epilogue,
    TailEpilogue,
    /// An offset in a part of the function.
    Place(Part, usize),
}

/// Where the code of an instruction begins, to show.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    pub part: Part,
    pub at: usize,
    /// `None` for what surrounds the instructions.
    pub pc: Option<usize>,
    /// The stencil.
    pub name: &'static str,
}

/// The stitcher, with buffers that are used again.
pub struct Stitcher {
    helpers: HelperTable,
    hot: Vec<u8>,
    cold: Vec<u8>,
    /// Where the instructions' hot parts are, by pc.
    places: Vec<u32>,
    /// Four bytes in a part that take the distance to a goal.
    branches: Vec<(Part, usize, Goal)>,
    /// Where the stencils are, when somebody wants to know.
    marks: Option<Vec<Mark>>,
}

impl Stitcher {
    /// `None` where the processor lacks what stencils use.
    pub fn new(vm: &Vm) -> Option<Stitcher> {
        let suits = std::arch::is_x86_feature_detected!("sse4.2")
            && std::arch::is_x86_feature_detected!("popcnt")
            && std::arch::is_x86_feature_detected!("bmi1")
            && std::arch::is_x86_feature_detected!("lzcnt");
        suits.then(|| Stitcher {
            helpers: helpers::table(vm),
            hot: Vec::new(),
            cold: Vec::new(),
            places: Vec::new(),
            branches: Vec::new(),
            marks: None,
        })
    }

    /// Compiles `proto` from `entry` on, into `arena`.
    ///
    /// # Errors
    /// There is no memory for the code.
    pub fn compile(
        &mut self,
        arena: &CodeArena,
        vm: &Vm,
        proto: &Proto,
        entry: EntryPoint,
    ) -> Result<Installed, Bailout> {
        let started = Instant::now();
        let (roots, stencils) = self.stitch(vm, proto, entry)?;
        let stitched = Instant::now();
        let block = arena.install(&self.hot).map_err(|_| Bailout("code-memory"))?;
        Ok(Installed {
            entry: block.entry(),
            form: "stencils",
            code_bytes: self.hot.len() as u32,
            memory_bytes: block.memory_bytes() as u32,
            ir_insts: stencils,
            phases: PhaseTimes {
                codegen_ns: (stitched - started).as_nanos() as u64,
                install_ns: stitched.elapsed().as_nanos() as u64,
                ..PhaseTimes::default()
            },
            roots,
            renewable: true,
            owner: Box::new(block),
        })
    }

    /// The code of a function, and where its stencils are.
    pub(super) fn stitch_marked(
        &mut self,
        vm: &Vm,
        proto: &Proto,
        entry: EntryPoint,
    ) -> Result<(&[u8], Vec<Mark>), Bailout> {
        self.marks = Some(vec![Mark { part: Part::Hot, at: 0, pc: None, name: "prologue" }]);
        self.stitch(vm, proto, entry)?;
        Ok((&self.hot, self.marks.take().unwrap_or_default()))
    }

    /// Leaves the function's code in `hot`.
    fn stitch(&mut self, vm: &Vm, proto: &Proto, entry: EntryPoint) -> Result<(Vec<Value>, u32), Bailout> {
        let coverage = Coverage::new(proto, entry);
        let vm_address = std::ptr::from_ref(vm) as i64;
        let code = proto.code();
        self.hot.clear();
        self.cold.clear();
        self.branches.clear();
        self.places.clear();
        self.places.resize(code.len(), 0);
        let (mut roots, mut stencils) = (Vec::new(), 0);
        self.hot.extend(PROLOGUE);
        if entry == EntryPoint::Call {
            self.place(&Instruction::entry(proto, vm_address), None, None, None)?;
        } else {
            self.hot.push(0xe9);
            self.branches.push((Part::Hot, self.hot.len(), Goal::Pc(coverage.entry_pc)));
            self.hot.extend([0; 4]);
        }
        let mut pc = 0;
        while pc < code.len() {
            let op = code[pc].op();
            if coverage.reached[pc] {
                self.places[pc] = self.hot.len() as u32;
                if op != Op::VarArgPrep {
                    let instruction = Instruction::decode(proto, pc, coverage.leader[pc], vm_address);
                    let successors = flow::successors(code, pc);
                    roots.extend(instruction.root());
                    self.place(&instruction, Some(pc), successors.next, successors.jump)?;
                    stencils += 1;
                }
            }
            pc += op.words() + usize::from(op.is_test());
        }
        self.link();
        Ok((roots, stencils))
    }

    /// Appends the code of one instruction. `None` as `next`: what comes behind it is placed next.
    fn place(
        &mut self,
        instruction: &Instruction,
        pc: Option<usize>,
        next: Option<usize>,
        jump: Option<usize>,
    ) -> Result<(), Bailout> {
        let stencil = LIBRARY.find(instruction.form).ok_or(Bailout("stencil"))?;
        let starts = [self.hot.len(), self.cold.len()];
        if let Some(marks) = &mut self.marks {
            marks.push(Mark { part: Part::Hot, at: starts[0], pc, name: stencil.name });
            if !stencil.cold.is_empty() {
                marks.push(Mark { part: Part::Cold, at: starts[1], pc, name: stencil.name });
            }
        }
        let range = |range: &std::ops::Range<u32>| range.start as usize..range.end as usize;
        self.hot.extend_from_slice(&LIBRARY.code[range(&stencil.hot)]);
        self.cold.extend_from_slice(&LIBRARY.code[range(&stencil.cold)]);
        let behind = self.hot.len();
        for hole in &LIBRARY.holes[range(&stencil.holes)] {
            let value = match hole.filling {
                Filling::Operand { operand, scale } => instruction.operands[usize::from(operand)].wrapping_mul(scale),
                Filling::Helper(helper) => self.helpers[usize::from(helper)] as i64,
            };
            let bytes = value.wrapping_add(hole.addend).to_le_bytes();
            let at = starts[hole.part as usize] + usize::from(hole.at);
            let part = if hole.part == Part::Hot { &mut self.hot } else { &mut self.cold };
            match hole.width {
                8 => part[at..at + 8].copy_from_slice(&bytes),
                4 => part[at..at + 4].copy_from_slice(&bytes[..4]),
                _ => part[at] = bytes[0],
            }
        }
        for branch in &LIBRARY.branches[range(&stencil.branches)] {
            let goal = match branch.target {
                Target::Next => next.map_or(Goal::Place(Part::Hot, behind), Goal::Pc),
                Target::Jump => Goal::Pc(jump.ok_or(Bailout("jump"))?),
                Target::Leave => Goal::Epilogue,
                Target::Enter => Goal::TailEpilogue,
                Target::Within(part, at) => Goal::Place(part, starts[part as usize] + usize::from(at)),
            };
            self.branches.push((branch.part, starts[branch.part as usize] + usize::from(branch.at), goal));
        }
        Ok(())
    }

    /// Puts the parts together and fills in the distances.
    fn link(&mut self) {
        let epilogue = self.hot.len();
        self.hot.extend(EPILOGUE);
        let tail_epilogue = self.hot.len();
        self.hot.extend(TAIL_EPILOGUE);
        let cold = self.hot.len();
        self.hot.append(&mut self.cold);
        if let Some(marks) = &mut self.marks {
            marks.iter_mut().filter(|mark| mark.part == Part::Cold).for_each(|mark| mark.at += cold);
            marks.push(Mark { part: Part::Hot, at: epilogue, pc: None, name: "epilogue" });
        }
        let place = |part: Part, at: usize| if part == Part::Hot { at } else { cold + at };
        for (part, at, goal) in &self.branches {
            let at = place(*part, *at);
            let goal = match goal {
                Goal::Pc(pc) => self.places[*pc] as usize,
                Goal::Epilogue => epilogue,
                Goal::TailEpilogue => tail_epilogue,
                Goal::Place(part, to) => place(*part, *to),
            };
            let distance = (goal as i64 - (at as i64 + 4)) as i32;
            self.hot[at..at + 4].copy_from_slice(&distance.to_le_bytes());
        }
    }
}
