//! `suite.toml`: programs, families, sizes and known results.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::embedded::suite_file;
use crate::{
    failure::{Failure, Result},
    files::hex,
};

/// How much work one call of a program's `run` is; about 3.5 ms, 20 ms, 150 ms and 1 s under PUC Lua.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    Test,
    Small,
    Medium,
    Large,
}

impl Size {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for Size {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Test, Self::Small, Self::Medium, Self::Large]
            .into_iter()
            .find(|size| size.name() == text)
            .ok_or_else(|| format!("no size '{text}'; there are test, small, medium and large"))
    }
}

/// One program of the suite.
#[derive(Clone, Debug, Deserialize)]
pub struct Program {
    /// `family/name`; its file is `family/name.lua`.
    pub id: String,
    pub family: String,
    /// Belongs to the test set that is opened once.
    #[serde(default)]
    pub sealed: bool,
    /// Runs under LuaJIT with the same result.
    #[serde(default)]
    pub luajit: bool,
    #[serde(default)]
    pub about: String,
    /// Argument of `run`, by size.
    sizes: BTreeMap<String, u64>,
    /// What the driver prints, by size.
    #[serde(default)]
    result: BTreeMap<String, String>,
}

impl Program {
    /// The argument of `run` at this size.
    pub fn size(&self, size: Size) -> Option<u64> {
        self.sizes.get(size.name()).copied()
    }
    /// The recorded result at this size.
    pub fn result(&self, size: Size) -> Option<&str> {
        self.result.get(size.name()).map(String::as_str)
    }
    /// The program's file, below the suite's folder.
    pub fn file(&self) -> String {
        format!("{}.lua", self.id)
    }
}

/// One program at one size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    pub program: String,
    pub family: String,
    pub size: Size,
    /// Argument of `run`.
    pub n: u64,
    /// SHA-256 of program and driver, hexadecimal.
    pub source_sha256: String,
    /// What the driver prints if the result is known.
    pub expected: Option<String>,
    /// Belongs to the test set that is opened once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sealed: bool,
}

/// All programs, in the order of `suite.toml`.
#[derive(Clone, Debug, Deserialize)]
pub struct Catalogue {
    #[serde(default)]
    schema: u32,
    #[serde(default, rename = "program")]
    pub programs: Vec<Program>,
}

impl Catalogue {
    /// The suite built into this binary.
    pub fn embedded() -> Result<Self> {
        let bytes = suite_file("suite.toml").ok_or_else(|| {
            Failure::work("this binary was built without experiments/suite/suite.toml: rebuild it from a full checkout")
        })?;
        Self::parse(&String::from_utf8_lossy(bytes))
    }

    fn parse(text: &str) -> Result<Self> {
        let catalogue: Self = toml::from_str(text).map_err(|error| Failure::work(format!("suite.toml: {error}")))?;
        if catalogue.schema != 1 {
            return Err(Failure::work(format!(
                "suite.toml: schema {} is not 1, the one this binary reads",
                catalogue.schema
            )));
        }
        Ok(catalogue)
    }

    /// The program with this id, or with this unique last part of its id.
    pub fn program(&self, id: &str) -> Result<&Program> {
        if let Some(program) = self.programs.iter().find(|program| program.id == id) {
            return Ok(program);
        }
        let mut short = self.programs.iter().filter(|program| program.id.rsplit('/').next() == Some(id));
        match (short.next(), short.next()) {
            (Some(program), None) => Ok(program),
            (Some(one), Some(other)) => {
                Err(Failure::usage(format!("program '{id}' may be '{}' or '{}': give the full id", one.id, other.id)))
            }
            _ => Err(Failure::usage(format!("no program '{id}' in the suite; `trinity suite list` names them"))),
        }
    }

    pub fn families(&self) -> Vec<&str> {
        let mut families: Vec<&str> = Vec::new();
        for program in &self.programs {
            if !families.contains(&program.family.as_str()) {
                families.push(&program.family);
            }
        }
        families
    }

    /// Programs named by id or by family, in suite order; all that are not sealed if nothing is named. Sealed
    /// programs must be asked for by name with `sealed`.
    pub fn select(&self, programs: &[String], families: &[String], sealed: bool) -> Result<Vec<&Program>> {
        for family in families {
            if family == crate::generate::FAMILY {
                return Err(Failure::usage(
                    "generated programs are for training only: ask for them with `generated = { count = …, seed = … }` \
                     in the table [collect]",
                ));
            }
            if !self.families().contains(&family.as_str()) {
                return Err(Failure::usage(format!(
                    "no family '{family}' in the suite; there are {}",
                    self.families().join(", ")
                )));
            }
        }
        let named: Vec<&str> =
            programs.iter().map(|id| self.program(id).map(|program| program.id.as_str())).collect::<Result<_>>()?;
        let all = named.is_empty() && families.is_empty();
        let chosen: Vec<&Program> = self
            .programs
            .iter()
            .filter(|program| {
                if all {
                    sealed || !program.sealed
                } else {
                    named.contains(&program.id.as_str()) || families.contains(&program.family)
                }
            })
            .collect();
        match chosen.iter().find(|program| program.sealed && !sealed) {
            Some(program) => Err(Failure::usage(format!(
                "program '{}' is sealed: its family is kept for a single final test. If this is it, set `sealed = true` \
                 in the spec of an experiment, and say in `question` what is tested",
                program.id
            ))),
            None => Ok(chosen),
        }
    }

    /// The input for a program at a size.
    pub fn input(&self, program: &Program, size: Size) -> Result<Input> {
        let n = program
            .size(size)
            .ok_or_else(|| Failure::usage(format!("program '{}' has no size '{size}'", program.id)))?;
        let mut digest = Sha256::new();
        for file in ["driver.lua", &program.file()] {
            let bytes = suite_file(file)
                .ok_or_else(|| Failure::work(format!("the suite lists {file}, which this binary does not contain")))?;
            digest.update((bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        }
        Ok(Input {
            program: program.id.clone(),
            family: program.family.clone(),
            size,
            n,
            source_sha256: hex(&digest.finalize()),
            expected: program.result(size).map(str::to_owned),
            sealed: program.sealed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#"
        schema = 1
        [[program]]
        id = "loops/sum"
        family = "loops"
        sealed = false
        luajit = true
        about = "Adds."
        sizes = { test = 10, small = 20 }
        result = { test = "55" }
        [[program]]
        id = "codecs/sum"
        family = "codecs"
        sealed = true
        sizes = { test = 10 }
    "#;

    fn ids(chosen: &[&Program]) -> Vec<String> {
        chosen.iter().map(|program| program.id.clone()).collect()
    }

    #[test]
    fn programs_are_found_by_id_and_by_family() {
        let suite = Catalogue::parse(TWO).expect("parses");
        assert_eq!(suite.program("loops/sum").expect("there").size(Size::Small), Some(20));
        assert!(suite.program("sum").is_err(), "ambiguous short name");
        assert_eq!(ids(&suite.select(&[], &["loops".into()], false).expect("there")), ["loops/sum"]);
        assert!(suite.select(&[], &["lops".into()], false).is_err());
        assert_eq!(suite.program("loops/sum").expect("there").result(Size::Test), Some("55"));
    }

    #[test]
    fn sealed_programs_stay_closed_unless_asked_for() {
        let suite = Catalogue::parse(TWO).expect("parses");
        assert_eq!(ids(&suite.select(&[], &[], false).expect("there")), ["loops/sum"]);
        assert!(suite.select(&["codecs/sum".into()], &[], false).is_err());
        assert_eq!(ids(&suite.select(&["codecs/sum".into()], &[], true).expect("there")), ["codecs/sum"]);
    }

    #[test]
    fn a_broken_catalogue_is_an_error_with_its_line() {
        let error = Catalogue::parse("schema = 1\n[[program]]\nid = 3\n").expect_err("broken").to_string();
        assert!(error.contains("line 3"), "{error}");
        assert!(Catalogue::parse("schema = 9").is_err());
    }
}
