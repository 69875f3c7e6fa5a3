//! Generated programs as files: a folder like that of the suite.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;

use super::{FAMILY, GeneratedProgram, Parameters};
use crate::{
    failure::{Failure, Result},
    files,
    suite::{self, Size},
};

/// Sizes whose results are recorded; the others take seconds for each program.
const RECORDED: [Size; 2] = [Size::Test, Size::Small];

/// `generated.toml`: the form of `suite.toml`, and the parameters.
#[derive(Serialize)]
struct Listing<'a> {
    schema: u32,
    program: Vec<Listed<'a>>,
}

#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    family: &'a str,
    sealed: bool,
    luajit: bool,
    about: String,
    sizes: &'a BTreeMap<&'static str, u64>,
    result: BTreeMap<&'static str, String>,
    parameters: &'a Parameters,
}

/// Writes the file of the program `id` below the suite's folder `folder`.
///
/// # Errors
/// When it cannot be written.
pub fn write_source(folder: &Path, id: &str, source: &str) -> Result<()> {
    files::write_whole(&folder.join(format!("{id}.lua")), source.as_bytes())
}

/// Writes the programs, the suite's driver, and `generated.toml` with parameters, sizes and results to `folder`.
///
/// # Errors
/// When a program does not run, or a file cannot be written.
pub fn write(folder: &Path, programs: &[GeneratedProgram]) -> Result<()> {
    let mut listing = Listing { schema: 1, program: Vec::new() };
    for program in programs {
        write_source(folder, &program.id, &program.source)?;
        let result: Result<BTreeMap<_, _>> =
            RECORDED.iter().map(|size| Ok((size.name(), program.result(*size)?))).collect();
        listing.program.push(Listed {
            id: &program.id,
            family: FAMILY,
            sealed: false,
            luajit: false,
            about: format!("Generated: {}.", program.parameters.blocks.join(", ")),
            sizes: &program.sizes,
            result: result?,
            parameters: &program.parameters,
        });
    }
    files::write_whole(&folder.join("driver.lua"), suite::driver()?)?;
    let text = toml::to_string(&listing).map_err(|error| Failure::work(format!("generated.toml: {error}")))?;
    files::write_whole(&folder.join("generated.toml"), text.as_bytes())
}
