//! Stencils as Rust source, to be compiled into the compiler.

use std::fmt::Write;

use crate::abi::LAYOUT;

use super::{Part, hash, make::Made};

/// A module's worth of Rust: `pub static LIBRARY: Library`.
pub fn source(stencils: &[Made]) -> String {
    let mut code: Vec<u8> = Vec::new();
    let (mut patches, mut branches, mut table) = (String::new(), String::new(), String::new());
    let (mut patch_count, mut branch_count) = (0, 0);
    for made in stencils {
        let hot = code.len()..code.len() + made.hot.len();
        code.extend(&made.hot);
        let cold = code.len()..code.len() + made.cold.len();
        code.extend(&made.cold);
        let mut patches_of = |part: Part| {
            let start = patch_count;
            // Wide ones first: compilers' branches are predicted the better for it.
            let mut of_part: Vec<_> = made.holes.iter().filter(|hole| hole.part == part).collect();
            of_part.sort_by_key(|hole| std::cmp::Reverse(hole.width));
            for hole in of_part {
                let _ = writeln!(patches, "{:?},", hole.patch());
                patch_count += 1;
            }
            start..patch_count
        };
        let ranges = [Part::Hot, Part::Cold].map(&mut patches_of);
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
            "Stencil {{ key: {}, hot: {hot:?}, cold: {cold:?}, patches: {ranges:?}, branches: {:?}, falls_through: {}, name: {:?} }},",
            made.form.key(),
            branch_count..branch_count + made.branches.len(),
            made.falls_through,
            made.form.to_string(),
        );
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
        "use trinity_templates::stencil::Branch;\n\
         const _: () = assert!(\n\
             trinity_templates::abi::is_laid_out_as(&{:?}), \"stencils were made for other structures\"\n\
         );\n\
         static CODE: [u8; {}] = {code:?};\n\
         static PATCHES: [Patch; {patch_count}] = [\n{patches}];\n\
         static BRANCHES: [Branch; {branch_count}] = [\n{branches}];\n\
         static STENCILS: [Stencil; {}] = [\n{table}];\n\
         static SLOTS: [u16; {}] = {slots:?};\n\
         pub static LIBRARY: Library = Library {{\n\
             code: &CODE, patches: &PATCHES, branches: &BRANCHES, stencils: &STENCILS, slots: &SLOTS,\n\
         }};\n",
        LAYOUT,
        code.len(),
        stencils.len(),
        slots.len(),
    )
}
