//! What the front end hands over for one function: plain data, free of heap pointers, so that it can be made on
//! any thread, hashed, stored and instantiated in any VM.

use std::sync::Arc;

use super::Instr;

/// A string of a chunk: its number in the chunk's [`Strings`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StrId(pub u32);

impl StrId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The names and string constants of a chunk, which its functions share.
#[derive(Clone, Debug, Default)]
pub struct Strings {
    bytes: Vec<u8>,
    /// Where each string ends; it starts where the one before it ends.
    ends: Vec<u32>,
}

impl Strings {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The string with this number, which must exist.
    pub fn get(&self, id: StrId) -> &[u8] {
        let start = id.index().checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.bytes[start..self.ends[id.index()] as usize]
    }

    pub fn contains(&self, text: &[u8]) -> bool {
        (0..self.len()).any(|index| self.get(StrId(index as u32)) == text)
    }

    /// Appends a string. All of them together must be shorter than 4 GiB.
    pub fn push(&mut self, text: &[u8]) -> StrId {
        let id = StrId(self.ends.len() as u32);
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u32);
        id
    }

    pub fn shrink_to_fit(&mut self) {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

/// A constant of a function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Const {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(StrId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpvalKind {
    Regular,
    Const,
    Close,
}

/// Where a closure finds an upvalue when it is created.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UpvalDesc {
    /// `None` in a function without debug information.
    pub name: Option<StrId>,
    /// In the enclosing function's registers (else among its upvalues).
    pub in_stack: bool,
    pub index: u8,
    pub kind: UpvalKind,
}

/// A local variable's name for error messages and `debug`; live for `start_pc <= pc < end_pc`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocalVar {
    pub name: StrId,
    pub reg: u8,
    pub start_pc: u32,
    pub end_pc: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopKind {
    /// Back-edge `FORLOOP`.
    Numeric,
    /// Back-edge `TFORLOOP`.
    Generic,
    /// Back-edge `LOOP`: `while`, `repeat`, backward `goto`.
    Branch,
}

/// One loop: the unit of on-stack replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoopDesc {
    /// First instruction of the body, where the back-edge lands and OSR code enters.
    pub header_pc: u32,
    /// The back-edge instruction.
    pub back_edge_pc: u32,
    /// Nesting depth, outermost loop 1.
    pub depth: u16,
    pub kind: LoopKind,
}

/// One compiled function.
#[derive(Clone, Debug)]
pub struct FnUnit {
    pub code: Vec<Instr>,
    /// Source line of every word of `code`.
    pub lines: Vec<u32>,
    pub consts: Vec<Const>,
    pub children: Vec<FnUnit>,
    pub upvals: Vec<UpvalDesc>,
    pub locals: Vec<LocalVar>,
    pub loops: Vec<LoopDesc>,
    pub num_params: u8,
    pub is_vararg: bool,
    /// Registers used, call headers included.
    pub max_stack: u8,
    /// Number of feedback slots that `EXT` words name.
    pub feedback_slots: u32,
    pub line_defined: u32,
    pub last_line_defined: u32,
    /// Chunk name as `load` takes it: `@file`, `=name` or the source itself.
    pub source: Arc<[u8]>,
    /// What names and string constants refer to.
    pub strings: Arc<Strings>,
}

/// Sets nesting depths, by the code that loops span.
pub fn set_loop_depths(loops: &mut [LoopDesc]) {
    let mut order: Vec<usize> = (0..loops.len()).collect();
    order.sort_by_key(|index| (loops[*index].header_pc, std::cmp::Reverse(loops[*index].back_edge_pc)));
    let mut around: Vec<u32> = Vec::new();
    for index in order {
        let desc = &mut loops[index];
        while around.last().is_some_and(|end| *end < desc.header_pc) {
            around.pop();
        }
        around.push(desc.back_edge_pc);
        desc.depth = around.len().min(usize::from(u16::MAX)) as u16;
    }
}
