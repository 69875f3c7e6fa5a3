//! The suite and the specs as they were built into this binary.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    failure::{AtPath, Failure, Result},
    files,
};

mod table {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

pub(super) fn suite_file(name: &str) -> Option<&'static [u8]> {
    table::SUITE.iter().find(|(path, _)| *path == name).map(|(_, bytes)| *bytes)
}

/// The driver of the suite's programs.
pub fn driver() -> Result<&'static [u8]> {
    suite_file("driver.lua").ok_or_else(|| Failure::work("this binary was built without experiments/suite/driver.lua"))
}

/// Writes the suite to `out/suite` for child processes and returns that folder. Files that are already there with
/// the same content are left alone.
pub fn materialise(out: &Path) -> Result<PathBuf> {
    let folder = out.join("suite");
    for (name, bytes) in table::SUITE {
        let path = folder.join(name);
        if fs::read(&path).is_ok_and(|present| present == *bytes) {
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).at("create the folder", parent)?;
        }
        files::write_whole(&path, bytes)?;
    }
    Ok(folder)
}

/// Text of the shipped spec `NAME` or `NAME.toml`.
pub fn shipped_spec(name: &str) -> Option<&'static str> {
    let bytes = table::SPECS.iter().find(|(file, _)| *file == name || file.strip_suffix(".toml") == Some(name))?.1;
    std::str::from_utf8(bytes).ok()
}

/// Names of the shipped specs, without `.toml`.
pub fn shipped_specs() -> impl Iterator<Item = &'static str> {
    table::SPECS.iter().filter_map(|(file, _)| file.strip_suffix(".toml"))
}
