//! Text algorithms of the standard library, on plain byte slices: no VM value, no heap, no allocation beyond the
//! output. The libraries in `stdlib` are thin layers over these.

#[cfg(test)]
mod facts;
pub mod float;
pub mod format;
pub mod number;
pub mod out;
pub mod pack;
pub mod pattern;
pub mod utf8;
