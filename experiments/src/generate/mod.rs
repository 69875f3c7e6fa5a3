//! Generated programs: parametrised, seeded Lua programs to learn from, beside those that people wrote.
//!
//! A program consists of *blocks*, each of which does what real programs do (walks a graph, parses, keeps a cache, …):
//! `kits/` has a template of each, with alternatives in structure, numbers and names. Its [`Parameters`] say which
//! blocks, how functions call each other, how long loops are, whether types and the hot set change, how many shapes
//! a call site meets. It has the form of a program of the suite (`run`, `check`) and prints a checksum that depends on
//! all the work it does. What it does is the same in every implementation of Lua 5.4.
//!
//! All of them are the family [`FAMILY`], which models learn from and are never judged by.

mod calibrate;
mod helpers;
mod kits;
mod layout;
mod names;
mod parameters;
mod program;
mod sample;
mod statement;
mod store;
mod template;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    failure::Result,
    files,
    stats::Rng,
    suite::{Input, Size},
};

pub use kits::blocks;
pub use parameters::{Generated, Parameters, Recursion, Types};
pub use store::{write, write_source};

/// The family of all generated programs.
pub const FAMILY: &str = "generated";

/// Makes programs by number; equal seeds make equal programs.
#[derive(Clone, Copy, Debug)]
pub struct Generator {
    seed: u64,
}

/// One program.
#[derive(Clone, Debug, Serialize)]
pub struct GeneratedProgram {
    /// `generated/SEED-NUMBER`; its file is this with `.lua`.
    pub id: String,
    pub parameters: Parameters,
    #[serde(skip)]
    pub source: String,
    /// Arguments of `run`, see [`Size`].
    pub sizes: BTreeMap<&'static str, u64>,
}

impl Generator {
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The program with this number, with parameters of its own.
    ///
    /// # Errors
    /// When it does not run, which would be a mistake in a template.
    pub fn program(&self, number: u32) -> Result<GeneratedProgram> {
        let parameters = sample::parameters(&mut self.stream(number, "parameters"));
        self.with_parameters(number, parameters)
    }

    /// The program with this number and these parameters.
    ///
    /// # Errors
    /// When a block is unknown; as [`Self::program`].
    pub fn with_parameters(&self, number: u32, parameters: Parameters) -> Result<GeneratedProgram> {
        let id = format!("{FAMILY}/{}-{number:04}", self.seed);
        let source = program::emit(&id, &parameters, &mut self.stream(number, "source"))?;
        let sizes = calibrate::sizes(&id, &source, parameters.work)?;
        Ok(GeneratedProgram { id, parameters, source, sizes })
    }

    fn stream(&self, number: u32, what: &str) -> Rng {
        Rng::stream(self.seed, &format!("generated program {number}: {what}"))
    }
}

impl GeneratedProgram {
    /// What the driver prints at this size.
    ///
    /// # Errors
    /// As [`Generator::program`].
    pub fn result(&self, size: Size) -> Result<String> {
        Ok(calibrate::measure(&self.id, &self.source, self.sizes[size.name()], None)?.printed)
    }

    /// The program as an experiment runs it.
    ///
    /// # Errors
    /// As [`Generator::program`].
    pub fn input(&self, size: Size) -> Result<Input> {
        Ok(Input {
            program: self.id.clone(),
            family: FAMILY.to_owned(),
            size,
            sealed: false,
            n: self.sizes[size.name()],
            source_sha256: files::sha256(self.source.as_bytes()),
            expected: Some(self.result(size)?),
        })
    }
}
