//! A data set that is being made: runs are added, parts are written, and the manifest takes them in.
//!
//! INVARIANT: a part counts when the manifest lists it, and the manifest is replaced in one step after the parts that
//! it lists are on the disk. So a killed writer leaves the data set as it was after the last step, and files that
//! nobody lists, which the next writer removes.

use std::{
    collections::HashSet,
    fs::File,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{
    card::card,
    counterfactual::Counterfactual,
    error::DataError,
    load::{Dataset, file_sha256, subdirectories},
    manifest::{HowMade, Manifest, ManifestPart},
    meta::{RunMeta, hex},
    part,
    rows::Batch,
    schema::{SCHEMA_VERSION, Side, Table},
    spool_read,
    view::check_split,
};

/// A part is closed when its `decision` table reaches this many rows.
pub(crate) const ROWS_PER_PART: usize = 500_000;

/// One process execution to store.
#[derive(Clone, Debug, Default)]
pub struct RunInput {
    pub meta: RunMeta,
    /// `None` when logging was off, or the run died before its spool was made.
    pub spool: Option<PathBuf>,
    /// What other answers to its decisions cost.
    pub counterfactuals: Vec<Counterfactual>,
}

/// What [`Store::add`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    pub runs: usize,
    /// Runs that were there already: under the virtual clock, equal runs have equal identifiers.
    pub present: usize,
    pub decisions: usize,
    /// Runs whose spool ends in a partial record.
    pub truncated_runs: usize,
    /// Tier and osr decisions without labels: the run was cut short, or functions share an identifier.
    pub unlabelled: usize,
}

/// A data set that this process alone writes to.
#[derive(Debug)]
pub struct Store {
    pub(crate) root: PathBuf,
    pub(crate) manifest: Manifest,
    runs: HashSet<String>,
    plans: HashSet<String>,
    /// Unlocked when it is dropped.
    _lock: File,
}

impl Store {
    /// Opens the data set below `root`, or begins one; waits for another process that writes to it. `how_made` and
    /// `planned_runs` (`None`: runs are added as they come) count when it is begun.
    ///
    /// # Errors
    /// [`DataError::Io`]; a manifest that is damaged, contradicts itself or is of another version;
    /// [`DataError::NoManifest`] when there are parts without one.
    pub fn open(root: &Path, how_made: &HowMade, planned_runs: Option<usize>) -> Result<Store, DataError> {
        std::fs::create_dir_all(root).map_err(DataError::io(root, "create the directory"))?;
        let path = root.join(".lock");
        let lock = File::create(&path).map_err(DataError::io(&path, "create the lock"))?;
        lock.lock().map_err(DataError::io(&path, "lock the data set"))?;
        let manifest = match Manifest::load(root)? {
            // What is written next has figures of its own, behind which a contradiction would not be seen.
            Some(manifest) => match manifest.contradictions(root).into_iter().next() {
                Some(error) => return Err(error),
                None => manifest,
            },
            None => {
                Dataset::refuse_other_versions(root)?;
                let mut manifest = Manifest::new(how_made.clone(), planned_runs);
                manifest.write(root)?;
                manifest
            }
        };
        let mut store =
            Store { root: root.to_owned(), manifest, runs: HashSet::new(), plans: HashSet::new(), _lock: lock };
        store.remove_unlisted()?;
        let runs = store.dataset().table(Table::Run, Some(&["run_id", "plan_id"]))?;
        let texts = |name: &str| -> Result<HashSet<String>, DataError> {
            Ok(runs.column(name)?.str()?.iter().flatten().map(str::to_owned).collect())
        };
        (store.runs, store.plans) = (texts("run_id")?, texts("plan_id")?);
        Ok(store)
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Whether a run with this [`RunMeta::plan_id`] is there.
    pub fn holds_plan(&self, plan_id: &str) -> bool {
        self.plans.contains(plan_id)
    }

    /// Number of runs.
    pub fn runs(&self) -> usize {
        self.runs.len()
    }

    pub(crate) fn dataset(&self) -> Dataset {
        Dataset::of(&self.root, &self.manifest)
    }

    /// Adds runs, all or none.
    ///
    /// # Errors
    /// [`DataError::Spool`] for a file that is no spool of this build, [`DataError::TrainingOnly`], [`DataError::Io`].
    pub fn add(&mut self, runs: &[RunInput]) -> Result<Added, DataError> {
        let mut report = Added::default();
        let mut parts = Vec::new();
        let mut new: Vec<(String, &RunInput)> = Vec::new();
        for run in runs {
            check_split(&run.meta.family_id, &run.meta.split)?;
            let run_id = run.meta.run_id();
            if self.runs.contains(&run_id) || new.iter().any(|(other, _)| *other == run_id) {
                report.present += 1;
            } else {
                new.push((run_id, run));
            }
        }
        let mut groups: Vec<String> = new.iter().map(|(_, run)| partition(&run.meta)).collect();
        groups.sort();
        groups.dedup();
        for group in groups {
            let mut batch = Batch::new();
            let mut ids: Vec<&str> = Vec::new();
            for (run_id, run) in new.iter().filter(|(_, run)| partition(&run.meta) == group) {
                let contents = run.spool.as_deref().map(spool_read::read).transpose()?;
                let added = batch.add(run_id, &run.meta, contents.as_ref(), &run.counterfactuals)?;
                report.runs += 1;
                report.decisions += added.decisions;
                report.truncated_runs += usize::from(added.truncated);
                report.unlabelled += added.unlabelled;
                ids.push(run_id);
                if batch.decisions() >= ROWS_PER_PART {
                    self.write_batch(&group, &ids, std::mem::replace(&mut batch, Batch::new()), &mut parts)?;
                    ids.clear();
                }
            }
            self.write_batch(&group, &ids, batch, &mut parts)?;
        }
        self.manifest.parts.extend(parts);
        self.commit()?;
        self.plans.extend(new.iter().map(|(_, run)| run.meta.plan_id()));
        self.runs.extend(new.into_iter().map(|(run_id, _)| run_id));
        Ok(report)
    }

    fn write_batch(
        &self,
        partition: &str,
        runs: &[&str],
        batch: Batch,
        parts: &mut Vec<ManifestPart>,
    ) -> Result<(), DataError> {
        let stem = part_stem(runs.iter().copied());
        for (table, frame) in batch.finish()? {
            for side in Side::ALL.into_iter().filter(|side| table.has(*side)) {
                parts.push(self.write_part(partition, &stem, table, side, &frame)?);
            }
        }
        Ok(())
    }

    pub(crate) fn write_part(
        &self,
        partition: &str,
        stem: &str,
        table: Table,
        side: Side,
        frame: &polars::prelude::DataFrame,
    ) -> Result<ManifestPart, DataError> {
        let name = format!("{partition}/{}/{stem}.parquet", table.folder(side));
        let path = self.root.join(&name);
        part::write(&path, table, side, frame)?;
        let bytes = std::fs::metadata(&path).map_err(DataError::io(&path, "read the part"))?.len();
        Ok(ManifestPart { path: name, table, side, rows: frame.height(), bytes, sha256: file_sha256(&path)? })
    }

    /// Makes the manifest say what it says now, once its parts are sure to be there.
    pub(crate) fn commit(&mut self) -> Result<(), DataError> {
        let parent = |part: &ManifestPart| self.root.join(&part.path).parent().map(Path::to_owned);
        let directories: HashSet<PathBuf> = self.manifest.parts.iter().filter_map(parent).collect();
        for directory in directories {
            part::sync_directory(&directory)?;
        }
        self.manifest.write(&self.root)?;
        if self.manifest.complete {
            part::write_text(&self.root.join("card.md"), &card(&self.manifest))?;
        }
        Ok(())
    }

    /// Declares the data set complete; from now on it has a `card.md`.
    ///
    /// # Errors
    /// [`DataError::Io`].
    pub fn seal(&mut self) -> Result<&Manifest, DataError> {
        self.manifest.complete = true;
        self.commit()?;
        Ok(&self.manifest)
    }

    /// Removes what an earlier writer left without listing it.
    pub(crate) fn remove_unlisted(&self) -> Result<(), DataError> {
        let listed: HashSet<PathBuf> = self.manifest.parts.iter().map(|part| self.root.join(&part.path)).collect();
        let version = self.root.join(format!("schema={SCHEMA_VERSION}"));
        if !version.is_dir() {
            return Ok(());
        }
        for suite in subdirectories(&version)? {
            for kind in subdirectories(&suite)? {
                for folder in subdirectories(&kind)? {
                    for entry in std::fs::read_dir(&folder).map_err(DataError::io(&folder, "list the directory"))? {
                        let path = entry.map_err(DataError::io(&folder, "list the directory"))?.path();
                        let name = path.file_name().unwrap_or_default().to_string_lossy();
                        let ours = name.starts_with(part::TEMPORARY) || name.starts_with(PART);
                        if ours && !listed.contains(&path) {
                            std::fs::remove_file(&path).map_err(DataError::io(&path, "remove the file"))?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// Adds runs to the data set below `root`, to which runs are added as they come.
///
/// # Errors
/// As [`Store::open`] and [`Store::add`].
pub fn convert(root: &Path, runs: &[RunInput]) -> Result<Added, DataError> {
    Store::open(root, &HowMade::default(), None)?.add(runs)
}

const PART: &str = "part-";

/// Name of the parts with these runs.
pub(crate) fn part_stem<'a>(run_ids: impl Iterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    run_ids.for_each(|run_id| hash.update(run_id));
    format!("{PART}{}", hex(&hash.finalize()[..8]))
}

/// Directory of a run's parts, relative to the root. Only keys of few values: a directory each for more would be many
/// small files.
fn partition(meta: &RunMeta) -> String {
    let [suite, kind] = [&meta.suite, &meta.policy_kind].map(|text| partition_value(text));
    format!("schema={SCHEMA_VERSION}/suite={suite}/policy_kind={kind}")
}

/// Keeps a directory name to characters that every reader of partitioned data takes literally.
fn partition_value(text: &str) -> String {
    let clean: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    if clean.is_empty() { "unknown".to_owned() } else { clean }
}
