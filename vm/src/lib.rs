//! The virtual machine: Lua 5.4 from source to tier-0 execution, and the seams that compilers, policies and
//! loggers plug into. It depends on none of them.

pub mod bytecode;
pub mod front;
