//! The templates of the building blocks.
//!
//! A file has templates one behind the other: a line `=== NAME`, definitions, a line `--- run`, and what the program's
//! `run` does with them. [`super::template`] says what the marks in them mean.

use std::sync::OnceLock;

use crate::failure::{Failure, Result};

/// A template.
#[derive(Debug)]
pub(super) struct Kit {
    pub name: &'static str,
    pub definitions: &'static str,
    pub run: &'static str,
}

const FILES: [&str; 9] = [
    include_str!("kits/numbers.kit"),
    include_str!("kits/arrays.kit"),
    include_str!("kits/recursion.kit"),
    include_str!("kits/objects.kit"),
    include_str!("kits/containers.kit"),
    include_str!("kits/text.kit"),
    include_str!("kits/closures.kit"),
    include_str!("kits/coroutines.kit"),
    include_str!("kits/long.kit"),
];

pub(super) fn kits() -> &'static [Kit] {
    static KITS: OnceLock<Vec<Kit>> = OnceLock::new();
    KITS.get_or_init(|| FILES.iter().flat_map(|file| file.split("=== ").skip(1)).filter_map(parse).collect())
}

fn parse(text: &'static str) -> Option<Kit> {
    let (name, rest) = text.split_once('\n')?;
    let (definitions, run) = rest.split_once("--- run\n")?;
    Some(Kit { name: name.trim(), definitions, run })
}

pub(super) fn kit(name: &str) -> Result<&'static Kit> {
    kits().iter().find(|kit| kit.name == name).ok_or_else(|| {
        Failure::usage(format!("no building block '{name}'; there are {}", blocks().collect::<Vec<_>>().join(", ")))
    })
}

/// Names of all building blocks.
pub fn blocks() -> impl Iterator<Item = &'static str> {
    kits().iter().map(|kit| kit.name)
}
