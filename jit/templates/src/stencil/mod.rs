//! Stencils: machine code of single instructions with holes where the operands go (copy-and-patch, Xu and Kjolstad, OOPSLA
//! 2021). Cranelift makes them when the compiler is built; a program that runs only copies and patches.
//!
//! Between stencils nothing is in registers but the frame's base, in the first argument register (`rdi`) and in the pinned
//! one (`r15`), where it survives calls. A stencil may use [`FRAME`] bytes of the native stack; callee-saved registers it
//! leaves as they were. It has two parts: the hot one, which ends by falling through to the next instruction, and the
//! cold one, which lies away from all hot ones.

mod asm;
mod forms;
mod magic;
mod make;
mod source;

pub use make::{MakeError, make};
pub use source::source;

use std::ops::Range;

use crate::{
    helper::Helper,
    instruction::{Form, Operand},
};

/// Bytes of native stack that every stencil may use.
pub const FRAME: u32 = 64;

/// Which half of a stencil.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Part {
    Hot,
    Cold,
}

/// What fills a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filling {
    /// `operand × scale`, by number of [`crate::Operand`].
    Operand { operand: u8, scale: i64 },
    /// The address of a helper, by number of [`crate::Helper`].
    Helper(u8),
}

/// Bytes to be filled in: `filling + addend`, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    pub part: Part,
    pub at: u16,
    /// 1, 4 or 8.
    pub width: u8,
    pub filling: Filling,
    pub addend: i64,
}

impl Hole {
    /// The hole as compilers fill it.
    fn patch(&self) -> Patch {
        let (source, scale) = match self.filling {
            Filling::Operand { operand, scale } => (operand, scale),
            Filling::Helper(helper) => (Operand::COUNT as u8 + helper, 1),
        };
        Patch { at: self.at, width: self.width, source, scale, addend: self.addend }
    }
}

/// A [`Hole`] of a part that is known: `values[source] × scale + addend`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patch {
    pub at: u16,
    pub width: u8,
    pub source: u8,
    pub scale: i64,
    pub addend: i64,
}

/// What fills holes: the operands of an instruction, then the addresses of the helpers.
pub type Values = [i64; Operand::COUNT + Helper::ALL.len()];

/// Where a branch goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The instruction behind this one.
    Next,
    /// Where the instruction jumps to.
    Jump,
    /// The end of the function: returns the status in the first argument register.
    Leave,
    /// The callee of a tail call, in place of this function: `(vm, base, count, code)`.
    Enter,
    /// An offset in a part of this stencil.
    Within(Part, u16),
}

/// Four bytes that take the distance to a target from behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch {
    pub part: Part,
    pub at: u16,
    pub target: Target,
}

/// A stencil in a [`Library`], by ranges of its tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stencil {
    pub key: u64,
    pub hot: Range<u32>,
    pub cold: Range<u32>,
    /// Of the hot part, and of the cold one.
    pub patches: [Range<u32>; 2],
    pub branches: Range<u32>,
    /// Whether the hot part ends by falling through to the next instruction.
    pub falls_through: bool,
    /// The form, to show.
    pub name: &'static str,
}

/// All stencils of a build.
#[derive(Clone, Copy, Debug)]
pub struct Library {
    pub code: &'static [u8],
    pub patches: &'static [Patch],
    pub branches: &'static [Branch],
    pub stencils: &'static [Stencil],
    /// Hash table of stencils by key: numbers from 1, 0 where there is none. A power of two long.
    pub slots: &'static [u16],
}

impl Library {
    /// The stencil of a form.
    pub fn find(&self, form: Form) -> Option<&'static Stencil> {
        let key = form.key();
        let mut slot = hash(key, self.slots.len());
        loop {
            let stencil = &self.stencils[usize::from(*self.slots.get(slot)?).checked_sub(1)?];
            if stencil.key == key {
                return Some(stencil);
            }
            slot = (slot + 1) % self.slots.len();
        }
    }
}

/// The first slot to try.
fn hash(key: u64, slots: usize) -> usize {
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize & (slots - 1)
}
