//! The fast form: stencils are copied one behind the other, and their holes filled in. See `trinity_templates::stencil`.
//!
//! A function's code is the cold parts of its instructions, the last one first, then both epilogues, the prologue, the
//! hot parts in order, and an entry for each loop that has run. All of them share one native frame: the caller's pinned register, then
//! [`FRAME`] bytes for whoever needs them.

use std::{rc::Rc, time::Instant};

use trinity_templates::{
    Helper, Instruction, Operand,
    flow::{self, Coverage},
    stencil::{FRAME, Library, Part, Patch, Stencil, Target, Values},
};
use trinity_vm::{
    bytecode::Op,
    controller::Knowledge,
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

/// What lies between cold and hot code: both epilogues, then the prologue.
const EPILOGUE_AT: i32 = 0;
const TAIL_EPILOGUE_AT: i32 = EPILOGUE.len() as i32;

/// A function's code while it grows in both directions, hot parts upwards and cold ones downwards. Places count from
/// the middle: they are final, and with them all distances but those of jumps forwards.
#[derive(Default)]
struct Growing {
    bytes: Vec<u8>,
    middle: usize,
    /// The first byte in use, and the one behind the last.
    start: usize,
    end: usize,
}

impl Growing {
    /// Room that is made in each direction, at least.
    const STEP: usize = 1 << 14;

    fn clear(&mut self) {
        (self.start, self.end) = (self.middle, self.middle);
    }

    /// Adds code at the upper end; its place.
    fn push_hot(&mut self, code: &[u8]) -> i32 {
        if self.end + code.len() > self.bytes.len() {
            self.grow(0, code.len());
        }
        let at = self.end;
        self.bytes[at..at + code.len()].copy_from_slice(code);
        self.end += code.len();
        at as i32 - self.middle as i32
    }

    /// Adds code at the lower end; its place.
    fn push_cold(&mut self, code: &[u8]) -> i32 {
        if self.start < code.len() {
            self.grow(code.len(), 0);
        }
        self.start -= code.len();
        self.bytes[self.start..self.start + code.len()].copy_from_slice(code);
        self.start as i32 - self.middle as i32
    }

    #[cold]
    fn grow(&mut self, below: usize, above: usize) {
        let room = |wanted: usize, has: usize| if wanted == 0 { 0 } else { wanted.max(Self::STEP).max(has) };
        let (below, above) = (room(below, self.middle), room(above, self.bytes.len() - self.middle));
        let mut bytes = vec![0; below + self.bytes.len() + above];
        bytes[below..below + self.bytes.len()].copy_from_slice(&self.bytes);
        self.bytes = bytes;
        self.middle += below;
        self.start += below;
        self.end += below;
    }

    /// The place behind the last byte.
    fn hot_end(&self) -> i32 {
        self.end as i32 - self.middle as i32
    }

    /// Fills four bytes with the distance from behind them.
    fn link(&mut self, at: i32, goal: i32) {
        let index = (self.middle as i32 + at) as usize;
        self.bytes[index..index + 4].copy_from_slice(&(goal - (at + 4)).to_le_bytes());
    }

    /// Fills the holes of a part that lies at `place`.
    fn fill(&mut self, place: i32, len: usize, patches: &[Patch], values: &Values) {
        let start = (self.middle as i32 + place) as usize;
        let part = &mut self.bytes[start..start + len];
        for patch in patches {
            let at = usize::from(patch.at);
            let value = values[usize::from(patch.source)].wrapping_mul(patch.scale).wrapping_add(patch.addend);
            match patch.width {
                8 => part[at..at + 8].copy_from_slice(&value.to_le_bytes()),
                4 => part[at..at + 4].copy_from_slice(&(value as i32).to_le_bytes()),
                _ => part[at] = value as u8,
            }
        }
    }

    fn code(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }
}

/// Where the code of an instruction begins, to show.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    pub part: Part,
    /// From the first byte; while the code grows, from its middle.
    pub at: i32,
    /// `None` for what surrounds the instructions.
    pub pc: Option<usize>,
    /// The stencil.
    pub name: &'static str,
}

/// The stitcher, with buffers that are used again.
pub struct Stitcher {
    /// The helpers' addresses, behind the operands of the instruction that is being placed.
    values: Values,
    code: Growing,
    /// Where the instructions' hot parts are, by pc.
    places: Vec<i32>,
    /// Four bytes that take the distance to the instruction at a pc that is still to come.
    forward: Vec<(i32, usize)>,
    /// Where the code is entered.
    entries: Vec<(EntryPoint, i32)>,
    roots: Vec<Value>,
    /// Calls and back-edges are counted.
    counting: bool,
    /// Where the stencils are, when somebody wants to know.
    marks: Option<Vec<Mark>>,
}

impl Stitcher {
    /// `None` where the processor lacks what stencils use.
    pub fn new(vm: &Vm, counting: bool) -> Option<Stitcher> {
        let suits = std::arch::is_x86_feature_detected!("sse4.2")
            && std::arch::is_x86_feature_detected!("popcnt")
            && std::arch::is_x86_feature_detected!("bmi1")
            && std::arch::is_x86_feature_detected!("lzcnt");
        let mut values = [0; Operand::COUNT + Helper::ALL.len()];
        for (value, address) in values[Operand::COUNT..].iter_mut().zip(helpers::table(vm)) {
            *value = address as i64;
        }
        suits.then(|| Stitcher {
            values,
            code: Growing::default(),
            places: Vec::new(),
            forward: Vec::new(),
            entries: Vec::new(),
            roots: Vec::new(),
            counting,
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
        let stencils = self.stitch(vm, proto, entry)?;
        let stitched = Instant::now();
        let code = self.code.code();
        let block = arena.install(code).map_err(|_| Bailout("code-memory"))?;
        let below = (self.code.middle - self.code.start) as i32;
        let address = |place: i32| block.entry().wrapping_add((below + place) as usize);
        let entries: Rc<[_]> = self.entries.iter().map(|(point, place)| (*point, address(*place))).collect();
        let (_, address) = *entries.iter().find(|(point, _)| *point == entry).ok_or(Bailout("entry"))?;
        Ok(Installed {
            entry: address,
            start: block.entry(),
            form: "stencils",
            code_bytes: code.len() as u32,
            memory_bytes: block.memory_bytes() as u32,
            ir_insts: stencils,
            phases: PhaseTimes {
                codegen_ns: (stitched - started).as_nanos() as u64,
                install_ns: stitched.elapsed().as_nanos() as u64,
                ..PhaseTimes::default()
            },
            roots: self.roots.clone(),
            knowledge: Some(Knowledge::of(proto)),
            entries,
            owner: Rc::new(block),
        })
    }

    /// The code of a function, and where its stencils are.
    pub(super) fn stitch_marked(
        &mut self,
        vm: &Vm,
        proto: &Proto,
        entry: EntryPoint,
    ) -> Result<(&[u8], Vec<Mark>), Bailout> {
        let around = |at: i32, name: &'static str| Mark { part: Part::Hot, at, pc: None, name };
        self.marks = Some(vec![
            around(EPILOGUE_AT, "epilogue"),
            around(TAIL_EPILOGUE_AT, "epilogue of tail calls"),
            around(TAIL_EPILOGUE_AT + TAIL_EPILOGUE.len() as i32, "prologue"),
        ]);
        self.stitch(vm, proto, entry)?;
        let below = (self.code.middle - self.code.start) as i32;
        let mut marks = self.marks.take().unwrap_or_default();
        marks.iter_mut().for_each(|mark| mark.at += below);
        Ok((self.code.code(), marks))
    }

    /// Leaves the function's code in `code`; the number of stencils.
    fn stitch(&mut self, vm: &Vm, proto: &Proto, entry: EntryPoint) -> Result<u32, Bailout> {
        let vm_address = std::ptr::from_ref(vm) as i64;
        let code = proto.code();
        self.code.clear();
        self.forward.clear();
        self.entries.clear();
        self.roots.clear();
        self.places.clear();
        self.places.resize(code.len(), 0);
        self.code.push_hot(&EPILOGUE);
        self.code.push_hot(&TAIL_EPILOGUE);
        // What a loop does not lead to is left out if it is the greater part of the function.
        let coverage = (entry != EntryPoint::Call).then(|| Coverage::new(proto, entry));
        let coverage = coverage.filter(|coverage| coverage.is_lesser_part(proto));
        if coverage.is_none() {
            self.entries.push((EntryPoint::Call, self.code.push_hot(&PROLOGUE)));
            self.place(&Instruction::entry(proto, vm_address), None, None)?;
        }
        let segments = vm.counts_ticks().then(|| proto.segments());
        let (mut pc, mut stencils) = (0, 0);
        while pc < code.len() {
            let op = code[pc].op();
            if coverage.as_ref().is_none_or(|coverage| coverage.reached[pc]) {
                self.places[pc] = self.code.hot_end();
                if let Some(price) = segments.and_then(|segments| segments.price(pc)) {
                    self.place(&Instruction::pay(pc, price, vm_address), Some(pc), None)?;
                    stencils += 1;
                }
                if op != Op::VarArgPrep {
                    let instruction = Instruction::decode(proto, pc, vm_address);
                    self.roots.extend(instruction.root());
                    self.place(&instruction, Some(pc), flow::successors(code, pc).jump)?;
                    stencils += 1;
                }
            }
            pc += op.words() + usize::from(op.is_test());
        }
        for (index, place) in (0..).zip(&proto.unit.loops) {
            let header = place.header_pc as usize;
            // Code that was made before a loop had run leaves it for better code: it is not that itself.
            let has_run = proto.loops()[index as usize].count() > 0 || entry == EntryPoint::Loop(index);
            if has_run && coverage.as_ref().is_none_or(|coverage| coverage.reached[header]) {
                let at = self.code.push_hot(&PROLOGUE);
                self.code.push_hot(&[0xe9, 0, 0, 0, 0]);
                self.code.link(self.code.hot_end() - 4, self.places[header]);
                self.entries.push((EntryPoint::Loop(index), at));
                if let Some(marks) = &mut self.marks {
                    marks.push(Mark { part: Part::Hot, at, pc: None, name: "entry of a loop" });
                }
            }
        }
        for (at, pc) in &self.forward {
            self.code.link(*at, self.places[*pc]);
        }
        Ok(stencils)
    }

    /// Appends the code of one instruction.
    fn place(&mut self, instruction: &Instruction, pc: Option<usize>, jump: Option<usize>) -> Result<(), Bailout> {
        let instruction = if self.counting { *instruction } else { instruction.uncounted() };
        let stencil = LIBRARY.find(instruction.form).ok_or(Bailout("stencil"))?;
        let range = |range: &std::ops::Range<u32>| range.start as usize..range.end as usize;
        let (hot, cold) = (&LIBRARY.code[range(&stencil.hot)], &LIBRARY.code[range(&stencil.cold)]);
        let places = [self.code.push_hot(hot), self.code.push_cold(cold)];
        if let Some(marks) = &mut self.marks {
            let name = stencil.name;
            marks.push(Mark { part: Part::Hot, at: places[0], pc, name });
            if !cold.is_empty() {
                marks.push(Mark { part: Part::Cold, at: places[1], pc, name });
            }
        }
        self.values[..Operand::COUNT].copy_from_slice(&instruction.operands);
        self.code.fill(places[0], hot.len(), &LIBRARY.patches[range(&stencil.patches[0])], &self.values);
        self.code.fill(places[1], cold.len(), &LIBRARY.patches[range(&stencil.patches[1])], &self.values);
        for branch in &LIBRARY.branches[range(&stencil.branches)] {
            let at = places[branch.part as usize] + i32::from(branch.at);
            let goal = match branch.target {
                Target::Next => self.code.hot_end(),
                Target::Leave => EPILOGUE_AT,
                Target::Enter => TAIL_EPILOGUE_AT,
                Target::Within(part, within) => places[part as usize] + i32::from(within),
                Target::Jump => {
                    let to = jump.ok_or(Bailout("jump"))?;
                    // Backwards it is known already, unless it goes where nothing has led yet.
                    if pc.is_none_or(|pc| to > pc) || self.places[to] == 0 {
                        self.forward.push((at, to));
                        continue;
                    }
                    self.places[to]
                }
            };
            self.code.link(at, goal);
        }
        Ok(())
    }
}
