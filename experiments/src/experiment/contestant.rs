//! Who takes part: a policy on this VM, or another implementation of Lua.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use trinity_jit::Tier1Form;

use crate::{
    failure::{Failure, Result},
    files, process,
};

/// A contestant as a spec names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Entry {
    /// A policy spec, which is also the label.
    Policy(String),
    Detailed(Detailed),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detailed {
    pub label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tier: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force_tier: Option<u8>,
    /// How tier 1 makes code, as `trinity run --tier1` names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier1: Option<String>,
    /// Threads that compile beside the one that runs Lua; by default that one compiles, and runs can be repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compiler_threads: Option<u32>,
    /// Another interpreter: a program on `PATH`, run as `COMMAND driver.lua …`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

impl Entry {
    pub fn label(&self) -> &str {
        match self {
            Self::Policy(spec) => spec,
            Self::Detailed(entry) => &entry.label,
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let Self::Detailed(entry) = self else { return Ok(()) };
        if entry.label.is_empty() {
            return Err("a policy has an empty `label`".to_owned());
        }
        let vm_options = entry.policy.is_some()
            || entry.max_tier.is_some()
            || entry.force_tier.is_some()
            || entry.tier1.is_some()
            || entry.compiler_threads.is_some();
        if vm_options && entry.command.is_some() {
            return Err(format!(
                "'{}' has a `command`, so it cannot have a policy, tiers or compiler threads",
                entry.label
            ));
        }
        if let Some(form) = &entry.tier1 {
            form.parse::<Tier1Form>().map_err(|problem| format!("'{}': {problem}", entry.label))?;
        }
        match entry.max_tier.or(entry.force_tier) {
            Some(tier @ 3..) => Err(format!("'{}': there is no tier {tier}; there are 0, 1 and 2", entry.label)),
            _ => Ok(()),
        }
    }
}

/// A contestant of a plan: paths are absolute, files and programs are pinned by digest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Contestant {
    pub label: String,
    /// Policy spec for this VM; `None` for another interpreter.
    pub policy: Option<String>,
    pub max_tier: Option<u8>,
    pub force_tier: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier1: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compiler_threads: Option<u32>,
    pub command: Option<PathBuf>,
    /// SHA-256 of the model file or of the other interpreter.
    pub file_sha256: Option<String>,
    /// The label of the contestant that this is a second copy of.
    pub copy_of: Option<String>,
}

impl Contestant {
    /// Resolves an entry; paths of model files are relative to `folder`.
    pub fn resolve(entry: &Entry, folder: &Path) -> Result<Self> {
        let detailed = match entry {
            Entry::Policy(spec) => Detailed { label: spec.clone(), policy: Some(spec.clone()), ..Detailed::default() },
            Entry::Detailed(detailed) => detailed.clone(),
        };
        let mut contestant = Self {
            label: detailed.label,
            max_tier: detailed.max_tier,
            force_tier: detailed.force_tier,
            tier1: detailed.tier1,
            compiler_threads: detailed.compiler_threads,
            ..Self::default()
        };
        if let Some(command) = detailed.command {
            let path = process::find_program(&command)
                .ok_or_else(|| Failure::work(format!("'{command}' is not on PATH: install it or leave it out")))?;
            contestant.file_sha256 = Some(files::sha256_file(&path)?);
            contestant.command = Some(path);
            return Ok(contestant);
        }
        let spec = detailed.policy.unwrap_or_else(|| crate::host::DEFAULT_POLICY.to_owned());
        if trinity_policy::kind(&spec) == "replay" {
            return Err(Failure::usage(format!("'{spec}': a log is of one run; replay it with `trinity run`")));
        }
        // Around the policy that the file is of there may be one that explores.
        let (around, inner) = trinity_policy::explored(&spec);
        contestant.policy = Some(match inner.strip_prefix("learned:") {
            Some(file) => {
                let path = folder.join(file);
                let path = path.canonicalize().map_err(|error| {
                    Failure::work(format!("{}: cannot read the file of policy '{spec}': {error}", path.display()))
                })?;
                contestant.file_sha256 = Some(files::sha256_file(&path)?);
                format!("{around}learned:{}", path.display())
            }
            None => spec,
        });
        Ok(contestant)
    }

    /// The second copy for the A/A row.
    pub fn copy(&self) -> Self {
        Self { label: format!("{} (copy)", self.label), copy_of: Some(self.label.clone()), ..self.clone() }
    }

    /// Arguments that make this binary run a script under this contestant, up to the script.
    pub fn vm_args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec!["run".into()];
        for (option, value) in [
            ("--policy", self.policy.clone()),
            ("--max-tier", self.max_tier.map(|tier| tier.to_string())),
            ("--force-tier", self.force_tier.map(|tier| tier.to_string())),
            ("--tier1", self.tier1.clone()),
            // Without timing in it, whatever the default of `trinity run` is.
            ("--compiler-threads", Some(self.compiler_threads.unwrap_or(0).to_string())),
        ] {
            if let Some(value) = value {
                args.extend([option.into(), value.into()]);
            }
        }
        args
    }

    /// What determines the contestant's measurements: everything but its label. A copy counts as another one.
    pub(super) fn identity(&self) -> impl Serialize + use<> {
        let file = self.file_sha256.clone();
        // A model is identified by its content, not by where it lies.
        let policy = match (&self.policy, &file) {
            (Some(spec), Some(digest)) => Some(format!("{}learned:{digest}", trinity_policy::explored(spec).0)),
            (policy, _) => policy.clone(),
        };
        let tiers = (self.max_tier, self.force_tier, self.tier1.clone(), self.compiler_threads.unwrap_or(0));
        (policy, tiers, self.command.is_some(), file, self.copy_of.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_identified_by_its_content() {
        let folder = tempfile::tempdir().expect("temporary folder");
        for (name, text) in [("a.json", "{}"), ("b.json", "{}"), ("c.json", "{1}")] {
            std::fs::write(folder.path().join(name), text).expect("writes");
        }
        let identity = |file: &str| {
            let entry = Entry::Policy(format!("learned:{file}"));
            let contestant = Contestant::resolve(&entry, folder.path()).expect("resolves");
            serde_json::to_string(&contestant.identity()).expect("serialises")
        };
        assert_eq!(identity("a.json"), identity("b.json"));
        assert_ne!(identity("a.json"), identity("c.json"));
        let explored = Entry::Policy("explore:0.1,learned:a.json".into());
        let explored = Contestant::resolve(&explored, folder.path()).expect("resolves");
        let identity_explored = serde_json::to_string(&explored.identity()).expect("serialises");
        assert!(identity_explored.contains("explore:0.1,learned:"), "{identity_explored}");
        assert_eq!(explored.file_sha256, Some(files::sha256(b"{}")));
        let missing = Contestant::resolve(&Entry::Policy("learned:no.json".into()), folder.path());
        assert!(missing.expect_err("missing").to_string().contains("no.json"));
    }

    #[test]
    fn arguments_name_policy_and_tiers() {
        let entry = Entry::Detailed(Detailed {
            label: "tier1".into(),
            policy: Some("golden".into()),
            max_tier: Some(1),
            tier1: Some("single-pass".into()),
            compiler_threads: Some(2),
            ..Detailed::default()
        });
        let contestant = Contestant::resolve(&entry, Path::new(".")).expect("resolves");
        let options = ["--policy", "golden", "--max-tier", "1", "--tier1", "single-pass", "--compiler-threads", "2"];
        assert_eq!(contestant.vm_args(), [&["run"], &options[..]].concat());
    }
}
