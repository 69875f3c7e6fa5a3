//! What the front end hands over for one function: plain data, free of heap pointers, so that it can be made on
//! any thread, hashed, stored and instantiated in any VM.

use std::sync::Arc;

use super::Instr;

/// A constant of a function.
#[derive(Clone, Debug, PartialEq)]
pub enum Const {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Box<[u8]>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpvalKind {
    Regular,
    Const,
    Close,
}

/// Where a closure finds an upvalue when it is created.
#[derive(Clone, Debug, PartialEq)]
pub struct UpvalDesc {
    pub name: Box<[u8]>,
    /// In the enclosing function's registers (else among its upvalues).
    pub in_stack: bool,
    pub index: u8,
    pub kind: UpvalKind,
}

/// A local variable's name for error messages and `debug`; live for `start_pc <= pc < end_pc`.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalVar {
    pub name: Box<[u8]>,
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
}
