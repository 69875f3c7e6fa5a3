//! Making stencils: each template is compiled by itself, twice, with different operands. Where the code differs are the
//! holes. Any other difference is an error.

use cranelift_codegen::{
    Context, FinalizedRelocTarget,
    binemit::Reloc,
    control::ControlPlane,
    ir::{
        AbiParam, ExtFuncData, ExternalName, FuncRef, Function, InstBuilder, Signature, UserExternalName,
        UserExternalNameRef, types::I64,
    },
    isa::{self, CallConv, OwnedTargetIsa},
    settings::{self, Configurable},
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use trinity_vm::bytecode::Op;

use super::{
    Branch, Hole, Part, Target,
    asm::{Assembled, Compiled, Graph, Unsuited},
    forms::forms,
    magic::Magic,
};
use crate::{
    abi::{self, Regions},
    emitter::{COLD, Emitter, Signatures, Surroundings},
    instruction::{Form, Instruction},
};

/// What the code of stencils needs beyond the x86-64 baseline: names of Cranelift's settings. (Those of x86-64-v3 that code
/// without vectors uses.)
pub const FEATURES: [&str; 7] =
    ["has_sse3", "has_ssse3", "has_sse41", "has_sse42", "has_popcnt", "has_bmi1", "has_lzcnt"];

/// A finished stencil.
pub struct Made {
    pub form: Form,
    pub hot: Vec<u8>,
    pub cold: Vec<u8>,
    pub holes: Vec<Hole>,
    pub branches: Vec<Branch>,
    pub falls_through: bool,
}

/// Why stencils cannot be made.
#[derive(Debug)]
pub struct MakeError(pub String);

impl std::fmt::Display for MakeError {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MakeError {}

/// Makes the stencils of all forms, for x86-64 with the System V convention.
///
/// # Errors
/// A template does not compile, its code cannot be moved, or two compilations of it differ by more than operands.
pub fn make() -> Result<Vec<Made>, MakeError> {
    let isa = target()?;
    let magic = Magic::new();
    let mut context = (Context::new(), FunctionBuilderContext::new());
    forms().into_iter().map(|form| stencil(&isa, &mut context, &magic, form)).collect()
}

fn target() -> Result<OwnedTargetIsa, MakeError> {
    let failed = |error: &dyn std::fmt::Display| MakeError(format!("Cranelift: {error}"));
    let mut flags = settings::builder();
    for (name, value) in [
        ("opt_level", "speed"),
        ("regalloc_algorithm", "backtracking"),
        ("is_pic", "false"),
        ("unwind_info", "false"),
        ("enable_probestack", "false"),
        ("enable_pinned_reg", "true"),
        ("preserve_frame_pointers", "true"),
        ("enable_verifier", "true"),
    ] {
        flags.set(name, value).map_err(|error| failed(&error))?;
    }
    let mut builder = isa::lookup_by_name("x86_64-unknown-linux-gnu").map_err(|error| failed(&error))?;
    for feature in FEATURES {
        builder.enable(feature).map_err(|error| failed(&error))?;
    }
    builder.finish(settings::Flags::new(flags)).map_err(|error| failed(&error))
}

fn stencil(
    isa: &OwnedTargetIsa,
    context: &mut (Context, FunctionBuilderContext),
    magic: &Magic,
    form: Form,
) -> Result<Made, MakeError> {
    let failed = |why: String| MakeError(format!("stencil of {form:?}: {why}"));
    let mut compiled = Vec::new();
    for set in 0..2 {
        let code = compile(isa, context, magic, form, set).map_err(failed)?;
        let graph = Graph::new(&code).map_err(|Unsuited(why)| failed(why))?;
        compiled.push(graph.assemble());
    }
    let [first, second] = <[Assembled; 2]>::try_from(compiled).expect("two sets of operands");
    let holes = holes(&first, &second, magic).map_err(failed)?;
    let branches = first.branches.iter().map(|(part, at, target)| Branch { part: *part, at: *at, target: *target });
    Ok(Made {
        form,
        holes,
        branches: branches.collect(),
        falls_through: first.falls_through,
        hot: first.hot,
        cold: first.cold,
    })
}

/// Compiles the template of a form with one set of operands.
fn compile(
    isa: &OwnedTargetIsa,
    (context, builder_context): &mut (Context, FunctionBuilderContext),
    magic: &Magic,
    form: Form,
    set: usize,
) -> Result<Compiled, String> {
    context.clear();
    let function = &mut context.func;
    let is_entry = form.op == Op::VarArgPrep;
    // The base, and at a call the number of arguments where it has come.
    function.signature = tail_signature(if is_entry { 3 } else { 1 });
    let exits = [Target::Next, Target::Jump, Target::Leave, Target::Enter];
    let imported = [(0, 1), (1, 1), (2, 1), (3, 4)].map(|(index, params)| exit(function, index, params));
    let regions = Regions::new(function);
    let mut b = FunctionBuilder::new(function, builder_context);
    let convention = isa.default_call_conv();
    let signatures = Signatures {
        entry: b.import_signature(abi::entry_signature(convention)),
        helper: b.import_signature(abi::helper_signature(convention)),
        finish: b.import_signature(abi::finish_signature(convention)),
    };
    let start = b.create_block();
    b.append_block_params_for_function_params(start);
    let (base, count) = (b.block_params(start)[0], b.block_params(start).get(2).copied());
    let variable = b.declare_var(I64);
    let instruction = Instruction { form, operands: magic.operands[set] };
    let surroundings = Surroundings::Stencil { leave: imported[2].0, enter: imported[3].0, base: variable };
    let mut emitter = Emitter::new(b, instruction, regions, &signatures, &magic.helpers[set], surroundings);
    let target = emitter.block();
    emitter.switch(start);
    emitter.pin(base);
    emitter.target = Some(target);
    let open = match count {
        Some(count) => {
            emitter.prologue(count);
            true
        }
        None => emitter.template(),
    };
    if open {
        let base = emitter.base();
        emitter.b.ins().return_call(imported[0].0, &[base]);
    }
    emitter.switch(target);
    let base = emitter.base();
    emitter.b.ins().return_call(imported[1].0, &[base]);
    emitter.finish().finalize(isa.frontend_config());
    let code = context.compile(&**isa, &mut ControlPlane::default()).map_err(|error| format!("{:?}", error.inner))?;
    let mut exits_found = Vec::new();
    for relocation in code.buffer.relocs() {
        let target = match &relocation.target {
            FinalizedRelocTarget::ExternalName(ExternalName::User(name)) => {
                imported.iter().position(|(_, known)| known == name)
            }
            _ => None,
        };
        match target {
            Some(index) if relocation.kind == Reloc::X86CallPCRel4 => {
                exits_found.push((relocation.offset, exits[index]))
            }
            _ => return Err(format!("relocation {relocation:?}")),
        }
    }
    let sorted = code.buffer.get_srclocs_sorted().iter();
    let locations = sorted.map(|range| (range.start, range.end, range.loc.bits() == COLD)).collect();
    Ok(Compiled { bytes: code.code_buffer().to_vec(), exits: exits_found, locations })
}

fn tail_signature(params: usize) -> Signature {
    let mut signature = Signature::new(CallConv::Tail);
    signature.params.extend(std::iter::repeat_n(AbiParam::new(I64), params));
    signature
}

/// A symbol that control leaves to, with the base, the status, or what a tail call needs.
fn exit(function: &mut Function, index: u32, params: usize) -> (FuncRef, UserExternalNameRef) {
    let signature = function.import_signature(tail_signature(params));
    let name = function.declare_imported_user_function(UserExternalName::new(0, index));
    let data = ExtFuncData { name: ExternalName::user(name), signature, colocated: true, patchable: false };
    (function.import_function(data), name)
}

/// Where two compilations of one form differ, with what has gone there.
fn holes(first: &Assembled, second: &Assembled, magic: &Magic) -> Result<Vec<Hole>, String> {
    let shape = |code: &Assembled| {
        (code.hot.len(), code.cold.len(), code.fields.clone(), code.branches.clone(), code.falls_through)
    };
    if shape(first) != shape(second) {
        return Err(format!("operands change the code: {:02x?} and {:02x?}", first.hot, second.hot));
    }
    let mut holes = Vec::new();
    let mut explained = [vec![false; first.hot.len()], vec![false; first.cold.len()]];
    for (part, at, width) in first.fields.iter().copied() {
        let range = usize::from(at)..usize::from(at) + usize::from(width);
        let values = [first, second].map(|code| {
            let bytes = if part == Part::Hot { &code.hot } else { &code.cold };
            let mut value = 0_i64;
            for byte in bytes[range.clone()].iter().rev() {
                value = value << 8 | i64::from(*byte);
            }
            let unused = 64 - 8 * u32::from(width);
            value << unused >> unused
        });
        if values[0] == values[1] {
            continue;
        }
        let Some((filling, addend)) = magic.recognise(values, width) else {
            return Err(format!("{:#x} and {:#x} at {at:#x} come from no operand", values[0], values[1]));
        };
        holes.push(Hole { part, at, width, filling, addend });
        explained[part as usize][range].fill(true);
    }
    for (part, (a, b)) in [(&first.hot, &second.hot), (&first.cold, &second.cold)].into_iter().enumerate() {
        let odd = (0..a.len()).find(|index| a[*index] != b[*index] && !explained[part][*index]);
        if let Some(at) = odd {
            return Err(format!("bytes {:02x} and {:02x} at {at:#x} of part {part} are no operand's", a[at], b[at]));
        }
    }
    Ok(holes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_form_has_a_stencil_whose_parts_hold_its_holes_and_branches() {
        let stencils = make().expect("all templates can be stencils");
        assert_eq!(stencils.len(), forms().len());
        let keys: BTreeSet<u64> = stencils.iter().map(|made| made.form.key()).collect();
        assert_eq!(keys.len(), stencils.len(), "keys are unique");
        for made in &stencils {
            let len = |part: Part| if part == Part::Hot { made.hot.len() } else { made.cold.len() };
            for hole in &made.holes {
                assert!(usize::from(hole.at) + usize::from(hole.width) <= len(hole.part), "{}", made.form);
            }
            for branch in &made.branches {
                assert!(usize::from(branch.at) + 4 <= len(branch.part), "{}", made.form);
                if let Target::Within(part, at) = branch.target {
                    assert!(usize::from(at) < len(part), "{}", made.form);
                }
            }
        }
    }

    #[test]
    fn a_difference_that_no_operand_explains_is_an_error() {
        let magic = Magic::new();
        let code = |byte: u8| Assembled { hot: vec![0x90, byte], ..Assembled::default() };
        assert!(holes(&code(1), &code(1), &magic).is_ok());
        assert!(holes(&code(1), &code(2), &magic).is_err_and(|why| why.contains("no operand's")));
        let field = |value: u8| Assembled { fields: vec![(Part::Hot, 0, 4)], hot: vec![value, 0, 0, 0], ..code(0) };
        assert!(holes(&field(1), &field(2), &magic).is_err_and(|why| why.contains("come from no operand")));
        let longer = Assembled { hot: vec![0x90; 3], ..code(0) };
        assert!(holes(&code(1), &longer, &magic).is_err_and(|why| why.contains("change the code")));
    }
}
