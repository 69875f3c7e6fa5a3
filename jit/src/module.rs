//! Code on pages of its own: one `cranelift_jit` module per function, freed with it.

use cranelift_codegen::{ir::Signature, isa::OwnedTargetIsa};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Module, ModuleError, default_libcall_names};

/// Least size of a page on any system; what a module takes is given in these.
const PAGE: usize = 4096;

/// A module with one finished function.
pub struct CodeModule {
    module: Option<JITModule>,
    entry: *const u8,
    len: usize,
}

impl CodeModule {
    /// Installs position-independent `code`.
    ///
    /// # Errors
    /// The system gives no memory.
    pub fn install(isa: &OwnedTargetIsa, signature: &Signature, code: &[u8]) -> Result<CodeModule, Box<ModuleError>> {
        let module = JITModule::new(JITBuilder::with_isa(isa.clone(), default_libcall_names()));
        // What goes wrong on the way frees what has been mapped.
        let mut made = CodeModule { module: Some(module), entry: std::ptr::null(), len: code.len() };
        if let Some(module) = &mut made.module {
            let function = module.declare_anonymous_function(signature).map_err(Box::new)?;
            let alignment = u64::from(isa.function_alignment().preferred);
            module.define_function_bytes(function, alignment, code, &[]).map_err(Box::new)?;
            module.finalize_definitions().map_err(Box::new)?;
            made.entry = module.get_finalized_function(function);
        }
        Ok(made)
    }

    pub fn entry(&self) -> *const u8 {
        self.entry
    }
    /// What it takes of code memory, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.len.max(1).next_multiple_of(PAGE)
    }
}

impl Drop for CodeModule {
    fn drop(&mut self) {
        if let Some(module) = self.module.take() {
            // SAFETY: the owner of code is dropped when no activation runs it any more (`Installed::owner`).
            unsafe { module.free_memory() };
        }
    }
}
