//! Embeds the benchmark suite and the shipped specs into the binary, so that it works from any folder.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    // PERF: a position-independent binary of this size has 86,000 addresses to relocate at each start, which took half
    // of the time of an empty program.
    println!("cargo::rustc-link-arg-bins=-no-pie");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut source = String::new();
    for (table, folder, about) in [
        ("SUITE", "suite", "Files of the benchmark suite, by path below its folder."),
        ("SPECS", "specs", "Shipped experiment specs, by file name."),
    ] {
        let folder = root.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files = Vec::new();
        list(&folder, &mut files)?;
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

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden {
            list(&path, files)?;
        } else if path.extension().is_some_and(|kind| kind == "lua" || kind == "toml") && !hidden {
            files.push(path);
        }
    }
    Ok(())
}
