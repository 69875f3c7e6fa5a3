//! The virtual machine: Lua 5.4 from source to tier-0 execution, and the seams that compilers, policies and
//! loggers plug into. It depends on none of them.

pub mod bytecode;
pub mod clock;
pub mod controller;
pub mod coroutine;
mod display;
mod doorbell;
mod elementary;
pub mod embed;
mod errors;
pub mod frame;
pub mod front;
pub mod function;
pub mod heap;
pub mod interp;
pub mod lookup;
pub mod meta;
pub mod native;
mod native_stack;
pub mod observe;
mod safepoint;
pub mod seam;
pub mod stdlib;
pub mod string;
pub mod table;
pub mod text;
pub mod thread;
pub mod userdata;
pub mod value;
pub mod vm;
