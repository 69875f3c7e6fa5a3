//! Makes the stencils of tier 1 and writes them as Rust source, where the target runs them.

use std::{env, error::Error, fs, path::Path};

use trinity_templates::stencil;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(stencils)");
    // Offsets of the VM's structures are those of the host: a cross compiler makes no stencils.
    let target = env::var("TARGET")?;
    let suits = target.starts_with("x86_64-") && target.contains("linux") && target == env::var("HOST")?;
    if suits {
        let made = stencil::make()?;
        fs::write(Path::new(&env::var("OUT_DIR")?).join("stencils.rs"), stencil::source(&made))?;
        println!("cargo::rustc-cfg=stencils");
    }
    Ok(())
}
