//! Cranelift, set up for one tier: the ISA with its settings, and contexts that are reused between compilations.

use std::time::Instant;

use cranelift_codegen::{
    Context,
    control::ControlPlane,
    ir::{Function, UserFuncName},
    isa::{OwnedTargetIsa, TargetFrontendConfig},
    settings::{self, Configurable},
};
use cranelift_frontend::FunctionBuilderContext;
use trinity_vm::seam::{Bailout, PhaseTimes};

use crate::abi;

/// Compile time against code quality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Cranelift's `opt_level`.
    pub opt_level: &'static str,
    /// Cranelift's `regalloc_algorithm`.
    pub regalloc: &'static str,
    /// One register is left to the compiled code to use as it likes.
    pub pinned: bool,
}

/// What a code generator has made: position-independent, and not yet where it can run.
pub struct MachineCode {
    pub bytes: Vec<u8>,
    pub ir_insts: u32,
    pub phases: PhaseTimes,
}

/// One configured code generator.
pub struct Codegen {
    isa: OwnedTargetIsa,
    context: Context,
    builder_context: FunctionBuilderContext,
    /// Print CLIF and machine code of every compilation to standard error (`TRINITY_JIT_DUMP`).
    dump: bool,
}

impl Codegen {
    /// # Errors
    /// The host is no target of Cranelift.
    pub fn new(effort: Effort) -> Result<Codegen, Bailout> {
        let mut flags = settings::builder();
        let verifier =
            if cfg!(debug_assertions) || std::env::var_os("TRINITY_JIT_VERIFY").is_some() { "true" } else { "false" };
        let chosen = [
            ("opt_level", effort.opt_level),
            ("regalloc_algorithm", effort.regalloc),
            ("enable_verifier", verifier),
            ("is_pic", "false"),
            ("unwind_info", "false"),
            ("enable_probestack", "false"),
            ("enable_pinned_reg", if effort.pinned { "true" } else { "false" }),
        ];
        for (name, value) in chosen {
            flags.set(name, value).map_err(|_| Bailout("setting"))?;
        }
        let isa = cranelift_native::builder()
            .map_err(|_| Bailout("host"))?
            .finish(settings::Flags::new(flags))
            .map_err(|_| Bailout("host"))?;
        Ok(Codegen {
            isa,
            context: Context::new(),
            builder_context: FunctionBuilderContext::new(),
            dump: std::env::var_os("TRINITY_JIT_DUMP").is_some(),
        })
    }

    pub fn isa(&self) -> &OwnedTargetIsa {
        &self.isa
    }

    /// Builds a function with the universal entry's signature by `build` and compiles it. Returns what `build` returns.
    ///
    /// # Errors
    /// What `build` returns, or that Cranelift fails.
    pub fn generate<T>(
        &mut self,
        name: &dyn Fn() -> String,
        build: impl FnOnce(&mut Function, &mut FunctionBuilderContext, TargetFrontendConfig) -> Result<T, Bailout>,
    ) -> Result<(T, MachineCode), Bailout> {
        let started = Instant::now();
        let config = self.isa.frontend_config();
        self.context.clear();
        self.context.func.signature = abi::entry_signature(config.default_call_conv);
        self.context.func.name = UserFuncName::user(0, 0);
        let built = match build(&mut self.context.func, &mut self.builder_context, config) {
            Ok(built) => built,
            Err(bailout) => {
                // A builder that was not finished leaves its context dirty.
                self.builder_context = FunctionBuilderContext::new();
                return Err(bailout);
            }
        };
        let lowered = Instant::now();
        let ir_insts = self.context.func.dfg.num_insts() as u32;
        if self.dump {
            eprintln!("; {}\n{}", name(), self.context.func.display());
            self.context.set_disasm(true);
        }
        let compiled = self.context.compile(&*self.isa, &mut ControlPlane::default()).map_err(|error| {
            if self.dump || cfg!(debug_assertions) {
                eprintln!("{}: {:?}", name(), error.inner);
            }
            Bailout("cranelift")
        })?;
        // Everything is addressed absolutely: nothing is left to link.
        if !compiled.buffer.relocs().is_empty() {
            return Err(Bailout("relocation"));
        }
        if self.dump {
            eprintln!("{}", compiled.vcode.as_deref().unwrap_or(""));
        }
        let phases = PhaseTimes {
            lower_ns: (lowered - started).as_nanos() as u64,
            codegen_ns: lowered.elapsed().as_nanos() as u64,
            ..PhaseTimes::default()
        };
        Ok((built, MachineCode { bytes: compiled.code_buffer().to_vec(), ir_insts, phases }))
    }
}
