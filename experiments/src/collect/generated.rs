//! The generated programs of a collection, which take a while to make: kept in its folder until it is finished.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    experiment::{plan::build_digest, spec::Collect},
    failure::{Failure, Result},
    files,
    generate::{self, Generated, Generator},
    progress::Progress,
    suite::Input,
};

/// A program and what the spec wants of it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Program {
    pub id: String,
    pub source: String,
    /// One for each size.
    pub inputs: Vec<Input>,
}

/// The programs that a spec wants generated.
pub(super) struct Programs {
    pub programs: Vec<Program>,
    /// Where they are kept, if they are not there.
    keep: Option<PathBuf>,
}

impl Programs {
    /// Those that were kept below `out` by this build for an equal spec, or new ones: equal seeds make equal programs.
    pub fn get(wanted: &Collect, out: &Path, progress: &Progress) -> Result<Programs> {
        let Some(generated) = wanted.generated else { return Ok(Programs { programs: Vec::new(), keep: None }) };
        let key = format!("{} {generated:?} {:?}", build_digest()?, wanted.sizes);
        let path = out.join(format!("collecting/generated-{}.json", &files::sha256(key.as_bytes())[..16]));
        if path.exists() {
            let programs = serde_json::from_str(&files::read_text(&path)?)
                .map_err(|error| Failure::work(format!("{}: {error}; remove it", path.display())))?;
            return Ok(Programs { programs, keep: None });
        }
        Ok(Programs { programs: make(wanted, generated, progress)?, keep: Some(path) })
    }

    /// Writes their files into the suite's folder, and keeps them; the collection's folder is there by now.
    pub fn write(&self, suite: &Path) -> Result<()> {
        for program in &self.programs {
            generate::write_source(suite, &program.id, &program.source)?;
        }
        let Some(path) = &self.keep else { return Ok(()) };
        let text = serde_json::to_vec(&self.programs)
            .map_err(|error| Failure::work(format!("{}: {error}", path.display())))?;
        files::write_whole(path, &text)
    }
}

fn make(wanted: &Collect, generated: Generated, progress: &Progress) -> Result<Vec<Program>> {
    let generator = Generator::new(generated.seed);
    progress.length(generated.count as usize);
    let program = |number| {
        progress.message(&format!("generate {number}"));
        let program = generator.program(number)?;
        let inputs = wanted.sizes.iter().map(|size| program.input(*size)).collect::<Result<_>>()?;
        progress.step();
        Ok(Program { id: program.id, source: program.source, inputs })
    };
    (0..generated.count).map(program).collect()
}
