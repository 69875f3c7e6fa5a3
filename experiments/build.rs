//! Embeds the benchmark suite and the shipped specs into the binary, so that it works from any folder, and what it was
//! built from.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest, Sha256};

fn main() -> io::Result<()> {
    // PERF: a position-independent binary of this size has 86,000 addresses to relocate at each start, which took half
    // of the time of an empty program.
    println!("cargo::rustc-link-arg-bins=-no-pie");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    identity(&root)?;
    let mut source = String::new();
    for (table, folder, about) in [
        ("SUITE", "suite", "Files of the benchmark suite, by path below its folder."),
        ("SPECS", "specs", "Shipped experiment specs, by file name."),
    ] {
        let folder = root.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files = Vec::new();
        list(&folder, &["lua", "toml"], &mut files)?;
        files.sort();
        source += &format!("/// {about}\npub static {table}: &[(&str, &[u8])] = &[\n");
        for file in files {
            let name = file.strip_prefix(&folder).unwrap_or(&file).to_string_lossy().replace('\\', "/");
            source += &format!("    ({name:?}, include_bytes!({:?})),\n", file.display().to_string());
        }
        source += "];\n";
    }
    fs::write(PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("embedded.rs"), source)
}

/// Tells the program what it was built from: data sets say which VM made them, and equal sources say the same.
fn identity(root: &Path) -> io::Result<()> {
    let workspace = root.parent().unwrap_or(root);
    let mut files = Vec::new();
    for folder in ["vm/src", "jit/src", "jit/templates/src", "policy/src"] {
        list(&workspace.join(folder), &["rs", "toml"], &mut files)?;
    }
    files.sort();
    let mut digest = Sha256::new();
    for file in files {
        digest.update(file.strip_prefix(workspace).unwrap_or(&file).to_string_lossy().as_bytes());
        digest.update([0]);
        digest.update(fs::read(&file)?);
    }
    let hex: String = digest.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    println!("cargo::rustc-env=TRINITY_SOURCE_DIGEST={hex}");
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let compiler = Command::new(variable("RUSTC")).arg("--version").output()?;
    println!(
        "cargo::rustc-env=TRINITY_BUILD_FLAGS={}, {}, {}",
        String::from_utf8_lossy(&compiler.stdout).trim(),
        variable("TARGET"),
        variable("PROFILE")
    );
    Ok(())
}

fn list(folder: &Path, kinds: &[&str], files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden {
            list(&path, kinds, files)?;
        } else if path.extension().is_some_and(|kind| kinds.iter().any(|other| kind == *other)) && !hidden {
            files.push(path);
        }
    }
    Ok(())
}
