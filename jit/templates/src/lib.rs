//! The templates of tier 1: what each bytecode instruction does, as Cranelift IR, described once.
//!
//! A template is a method of [`Emitter`] that fills in the code of one [`Instruction`]. It serves two forms of tier 1:
//! the single-pass form strings the templates of a function together and has Cranelift compile the whole; the stencil
//! form compiles each kind of instruction by itself when the compiler is built ([`stencil`]), finds where the operands
//! are in the machine code, and copies and patches when a program runs.

pub mod abi;
pub mod emitter;
pub mod flow;
pub mod helper;
pub mod instruction;
pub mod stencil;

mod access;
mod arith;
mod call;
mod compare;
mod control;
mod fields;
mod intrinsic;
mod template;

pub use emitter::{Emitter, Signatures, Surroundings};
pub use helper::{Helper, HelperTable};
pub use instruction::{Form, Instruction, Operand, Operands};
pub use intrinsic::Inline;
