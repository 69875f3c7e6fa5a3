//! Tier 1: one template per bytecode (`trinity_templates`). What counts is compile time; what feedback there is picks the
//! inline path, a helper is the other. It does not speculate and never deoptimises.

pub mod single_pass;
#[cfg(stencils)]
pub mod stitch;

use trinity_vm::function::Proto;

/// How error messages and dumps call a function.
fn describe(proto: &Proto, entry: trinity_vm::seam::EntryPoint) -> String {
    let source = String::from_utf8_lossy(&proto.unit.source).into_owned();
    format!("{}:{} {entry:?}", source.lines().next().unwrap_or(""), proto.unit.line_defined)
}
