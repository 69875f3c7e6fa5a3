//! Stencils as Rust source, to be compiled into the compiler.

use std::fmt::Write;

use super::{hash, make::Made};

/// A module's worth of Rust: `pub static LIBRARY: Library`.
pub fn source(stencils: &[Made]) -> String {
    let mut code: Vec<u8> = Vec::new();
    let (mut holes, mut branches, mut table) = (String::new(), String::new(), String::new());
    let (mut hole_count, mut branch_count) = (0, 0);
    for made in stencils {
        let hot = code.len()..code.len() + made.hot.len();
        code.extend(&made.hot);
        let cold = code.len()..code.len() + made.cold.len();
        code.extend(&made.cold);
        for hole in &made.holes {
            let _ = writeln!(
                holes,
                "Hole {{ part: Part::{:?}, at: {}, width: {}, filling: Filling::{:?}, addend: {} }},",
                hole.part, hole.at, hole.width, hole.filling, hole.addend
            );
        }
        for branch in &made.branches {
            let target = match branch.target {
                super::Target::Within(part, at) => format!("Within(Part::{part:?}, {at})"),
                other => format!("{other:?}"),
            };
            let _ = writeln!(
                branches,
                "Branch {{ part: Part::{:?}, at: {}, target: Target::{target} }},",
                branch.part, branch.at
            );
        }
        let _ = writeln!(
            table,
            "Stencil {{ key: {}, hot: {hot:?}, cold: {cold:?}, holes: {:?}, branches: {:?}, falls_through: {}, name: {:?} }},",
            made.form.key(),
            hole_count..hole_count + made.holes.len(),
            branch_count..branch_count + made.branches.len(),
            made.falls_through,
            made.form.to_string(),
        );
        hole_count += made.holes.len();
        branch_count += made.branches.len();
    }
    // At most half full.
    let mut slots = vec![0_usize; (stencils.len() * 2).next_power_of_two()];
    for (index, made) in stencils.iter().enumerate() {
        let mut slot = hash(made.form.key(), slots.len());
        while slots[slot] != 0 {
            slot = (slot + 1) % slots.len();
        }
        slots[slot] = index + 1;
    }
    format!(
        "use trinity_templates::stencil::{{Branch, Hole}};\n\
         static CODE: [u8; {}] = {code:?};\n\
         static HOLES: [Hole; {hole_count}] = [\n{holes}];\n\
         static BRANCHES: [Branch; {branch_count}] = [\n{branches}];\n\
         static STENCILS: [Stencil; {}] = [\n{table}];\n\
         static SLOTS: [u16; {}] = {slots:?};\n\
         pub static LIBRARY: Library = Library {{\n\
             code: &CODE, holes: &HOLES, branches: &BRANCHES, stencils: &STENCILS, slots: &SLOTS,\n\
         }};\n",
        code.len(),
        stencils.len(),
        slots.len(),
    )
}
