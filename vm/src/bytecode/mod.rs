//! The register bytecode: what the front end produces, the interpreter executes and both compilers read.
//!
//! An instruction is one 32-bit word: opcode in bits 0–7, `A` in 8–15, `B` in 16–23, `C` in 24–31; `Bx` is
//! bits 16–31, `sBx` the same bits signed, `sJ` bits 8–31 signed. Opcodes for which [`Op::has_ext`] holds are
//! followed by one `EXT` word whose 24 upper bits (`Ax`, or signed `sJ`) extend the instruction; it is never
//! executed by itself. Jump distances count words from the word after the whole instruction.

mod disasm;
pub mod dump;
mod flow;
mod layout;
mod names;
mod op;
mod quicken;
mod segments;
mod unit;
mod validate;

pub use disasm::disassemble;
pub use layout::{Extra, Field, Layout, jump_target};
pub use names::{CodeView, NameKind};
pub use op::{Hint, Op};
pub use segments::{Segments, Successors, successors};
pub use unit::{Const, FnUnit, LocalVar, LoopDesc, LoopKind, StrId, Strings, UpvalDesc, UpvalKind, set_loop_depths};
pub use validate::validate;

/// Slots of a frame header, which lies directly below the frame's first register (see `frame`).
///
/// A call at `R[A]` therefore finds its first argument in `R[A + 1 + FRAME_GAP]`.
pub const FRAME_GAP: usize = 1;

/// Most registers that one function may use.
pub const MAX_REGISTERS: usize = 250;

/// One word of bytecode.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Instr(pub u32);

impl Instr {
    pub const fn abc(op: Op, a: u8, b: u8, c: u8) -> Self {
        Self(op as u32 | (a as u32) << 8 | (b as u32) << 16 | (c as u32) << 24)
    }
    pub const fn abx(op: Op, a: u8, bx: u16) -> Self {
        Self(op as u32 | (a as u32) << 8 | (bx as u32) << 16)
    }
    pub const fn asbx(op: Op, a: u8, sbx: i16) -> Self {
        Self::abx(op, a, sbx as u16)
    }
    /// `value` must fit 24 bits, signed.
    pub const fn sj(op: Op, value: i32) -> Self {
        Self(op as u32 | (value as u32) << 8)
    }
    /// An `EXT` word; `ax` must fit 24 bits.
    pub const fn ext(ax: u32) -> Self {
        Self(Op::Ext as u32 | ax << 8)
    }
    #[inline(always)]
    pub const fn op(self) -> Op {
        Op::from_byte(self.0 as u8)
    }
    #[inline(always)]
    pub const fn a(self) -> usize {
        (self.0 >> 8 & 0xff) as usize
    }
    #[inline(always)]
    pub const fn b(self) -> usize {
        (self.0 >> 16 & 0xff) as usize
    }
    #[inline(always)]
    pub const fn c(self) -> usize {
        (self.0 >> 24) as usize
    }
    /// `B` as a signed immediate.
    #[inline(always)]
    pub const fn sb(self) -> i8 {
        (self.0 >> 16) as u8 as i8
    }
    #[inline(always)]
    pub const fn bx(self) -> usize {
        (self.0 >> 16) as usize
    }
    #[inline(always)]
    pub const fn sbx(self) -> i16 {
        (self.0 >> 16) as u16 as i16
    }
    #[inline(always)]
    pub const fn jump(self) -> i32 {
        self.0 as i32 >> 8
    }
    #[inline(always)]
    pub const fn ax(self) -> usize {
        (self.0 >> 8) as usize
    }
    /// The same instruction with another opcode: quickening.
    #[inline(always)]
    pub const fn with_op(self, op: Op) -> Self {
        Self(self.0 & !0xff | op as u32)
    }
}

impl std::fmt::Debug for Instr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {} {} {}", self.op(), self.a(), self.b(), self.c())
    }
}
