//! Tier 1: one template per bytecode (`trinity_templates`). What counts is compile time; what feedback there is picks the
//! inline paths, a helper does the rest. It does not speculate and never deoptimises.

#[cfg(stencils)]
pub mod listing;
pub mod single_pass;
#[cfg(stencils)]
pub mod stitch;

use trinity_vm::seam::EntryPoint;

/// How error messages and dumps call a function, by its chunk's name and the line that it begins at.
fn describe(source: &[u8], line: u32, entry: EntryPoint) -> String {
    let source = String::from_utf8_lossy(source);
    format!("{}:{line} {entry:?}", source.lines().next().unwrap_or(""))
}
