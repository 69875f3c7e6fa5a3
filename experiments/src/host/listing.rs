//! What the compilers make of a program, to read.

use std::path::Path;

use trinity_jit::tier2::Stored;
use trinity_vm::{
    front::strip_shebang,
    function::Proto,
    seam::{Bailout, EntryPoint},
    stdlib,
    vm::Vm,
};

use super::{HostOptions, new_vm, on_large_stack, run_chunk, set_arg};
use crate::{
    clock::ClockKind,
    failure::{AtPath, Failure, Result},
};

/// The optimiser's IR of every function that an interpreted run of the program calls, as text. What the program prints
/// is dropped.
pub fn optimiser_ir(path: &Path) -> Result<String> {
    after_feedback(path, |vm, proto| Ok(trinity_jit::tier2::ir(vm, proto, EntryPoint::Call)?.to_string()))
}

/// The stencils that tier 1 strings together for every function that an interpreted run of the program calls, with their
/// machine code. What the program prints is dropped.
pub fn baseline_code(path: &Path) -> Result<String> {
    after_feedback(path, trinity_jit::tier1_listing)
}

/// A compilation in tier 2 that was kept as a file: the optimiser's IR and its machine code, made again.
///
/// # Errors
/// The file is none of this build's, or the code is not what it was.
pub fn kept_compilation(path: &Path) -> Result<String> {
    let failed = |problem: String| Failure::work(format!("{}: {problem}", path.display()));
    let stored = Stored::load(path).map_err(failed)?;
    let ir = stored.ir().map_err(failed)?;
    let (kept, again) = stored.compile_again().map_err(failed)?;
    if kept != again {
        return Err(failed("the code that is made of it now is not the code that was".to_owned()));
    }
    let code = trinity_jit::disassemble(&again);
    Ok(format!("{}\n{ir}\n{} bytes of code, as they were:\n{code}", stored.title(), again.len()))
}

/// What `show` says of every function that an interpreted run of the program calls.
fn after_feedback(
    path: &Path,
    show: impl Fn(&Vm, &Proto) -> std::result::Result<String, Bailout> + Sync,
) -> Result<String> {
    let text = std::fs::read(path).at("read", path)?;
    let name = [b"@", path.as_os_str().as_encoded_bytes()].concat();
    on_large_stack(|| {
        let mut vm = new_vm(&HostOptions::default());
        stdlib::io::redirect_stdout(&mut vm, Box::new(std::io::sink()));
        set_arg(&mut vm, &[path.display().to_string()], ClockKind::Wall);
        if !run_chunk(&mut vm, strip_shebang(&text), &name, &[]) {
            return Err(Failure::work(format!("{}: the run that gathers feedback failed", path.display())));
        }
        let mut listing = String::new();
        for proto in vm.controller.functions().filter(|proto| proto.calls() > 0) {
            let place = format!("function at line {}, {} calls", proto.unit.line_defined, proto.calls());
            match show(&vm, &proto) {
                Ok(func) => listing.push_str(&format!("{place}\n{func}\n")),
                Err(bailout) => listing.push_str(&format!("{place}: declined, {}\n\n", bailout.0)),
            }
        }
        Ok(listing)
    })
}
