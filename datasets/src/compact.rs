//! Many small parts become few, with the same rows in canonical order: by program, input, policy, seed and place in
//! the plan, then as each run logged them. So what a data set's files hold does not depend on which runs were stored
//! together, on how many workers ran them, or on when the writer was killed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use polars::prelude::DataFrame;
use serde::Serialize;

use crate::{
    error::DataError,
    manifest::ManifestPart,
    part,
    schema::{Side, Table},
    store::{ROWS_PER_PART, Store, part_stem},
};

/// What a compaction did: parts of all tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Compacted {
    pub parts_before: usize,
    pub parts_after: usize,
}

/// A run and its place in the canonical order, which is that of the fields.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    program: String,
    input: String,
    policy: String,
    seed: u64,
    order: u32,
    run_id: String,
    stem: String,
}

/// The parts of one directory that were written together, by table and side.
type Group = BTreeMap<(Table, Side), ManifestPart>;

impl Store {
    /// Rewrites the data set in few parts and canonical order. Killed at any moment, it leaves the parts of before or
    /// those of after.
    ///
    /// # Errors
    /// [`DataError::Altered`] for a part that is not what the manifest says, before anything is written;
    /// [`DataError::Io`].
    pub fn compact(&mut self) -> Result<Compacted, DataError> {
        // What is written gets digests of its own, behind which no damage would be seen.
        for listed in &self.manifest.parts {
            listed.check(&self.root)?;
        }
        let mut partitions: BTreeMap<String, BTreeMap<String, Group>> = BTreeMap::new();
        for listed in &self.manifest.parts {
            let (partition, stem) = place(&listed.path)?;
            let group = partitions.entry(partition.to_owned()).or_default().entry(stem.to_owned()).or_default();
            group.insert((listed.table, listed.side), listed.clone());
        }
        let parts_before = self.manifest.parts.len();
        let mut parts = Vec::new();
        for (partition, groups) in partitions {
            self.compact_partition(&partition, &groups, &mut parts)?;
        }
        if parts != self.manifest.parts {
            self.manifest.parts = parts;
            self.commit()?;
            self.remove_unlisted()?;
        }
        Ok(Compacted { parts_before, parts_after: self.manifest.parts.len() })
    }

    /// Number of parts in the directory that has the most, per table.
    pub fn most_parts_together(&self) -> usize {
        let mut stems: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (partition, stem) in self.manifest.parts.iter().filter_map(|part| place(&part.path).ok()) {
            stems.entry(partition).or_default().insert(stem);
        }
        stems.values().map(BTreeSet::len).max().unwrap_or(0)
    }

    fn compact_partition(
        &self,
        partition: &str,
        groups: &BTreeMap<String, Group>,
        parts: &mut Vec<ManifestPart>,
    ) -> Result<(), DataError> {
        let mut runs = Vec::new();
        let mut decisions: HashMap<String, usize> = HashMap::new();
        for (stem, group) in groups {
            self.list_runs(stem, group, &mut runs)?;
            if let Some(part) = group.get(&(Table::Decision, Side::Core)) {
                let frame = self.read(part, Some(&["run_id"]))?;
                decisions.extend(segments(&frame)?.into_iter().map(|(run_id, (_, length))| (run_id, length)));
            }
        }
        runs.sort();
        for runs in cut(&runs, &decisions) {
            let stem = part_stem(runs.iter().map(|run| run.run_id.as_str()));
            match groups.get(&stem) {
                Some(group) => parts.extend(group.values().cloned()),
                None => self.merge(partition, &stem, runs, groups, parts)?,
            }
        }
        parts.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(())
    }

    fn list_runs(&self, stem: &str, group: &Group, runs: &mut Vec<Run>) -> Result<(), DataError> {
        let Some(part) = group.get(&(Table::Run, Side::Core)) else { return Ok(()) };
        let columns = ["run_id", "program_id", "input_id", "policy_id", "seed", "order_index"];
        let frame = self.read(part, Some(&columns))?;
        let [run_id, program, input, policy] =
            ["run_id", "program_id", "input_id", "policy_id"].map(|name| frame.column(name).and_then(|c| c.str()));
        let (run_id, program, input, policy) = (run_id?, program?, input?, policy?);
        let (seed, order) = (frame.column("seed")?.u64()?, frame.column("order_index")?.u32()?);
        for row in 0..frame.height() {
            let text = |column: &polars::prelude::StringChunked| column.get(row).unwrap_or_default().to_owned();
            runs.push(Run {
                program: text(program),
                input: text(input),
                policy: text(policy),
                seed: seed.get(row).unwrap_or(0),
                order: order.get(row).unwrap_or(0),
                run_id: text(run_id),
                stem: stem.to_owned(),
            });
        }
        Ok(())
    }

    /// Writes one part per table with these runs, out of the groups that hold them.
    fn merge(
        &self,
        partition: &str,
        stem: &str,
        runs: &[Run],
        groups: &BTreeMap<String, Group>,
        parts: &mut Vec<ManifestPart>,
    ) -> Result<(), DataError> {
        let sources: BTreeSet<&str> = runs.iter().map(|run| run.stem.as_str()).collect();
        for table in Table::ALL {
            for side in Side::ALL {
                let mut frames = HashMap::new();
                for source in &sources {
                    if let Some(part) = groups.get(*source).and_then(|group| group.get(&(table, side))) {
                        let frame = self.read(part, None)?;
                        let rows = segments(&frame)?;
                        frames.insert(*source, (frame, rows));
                    }
                }
                let mut merged: Option<DataFrame> = None;
                for run in runs {
                    let Some((frame, rows)) = frames.get(run.stem.as_str()) else { continue };
                    let Some(&(first, length)) = rows.get(&run.run_id) else { continue };
                    let rows = frame.slice(first as i64, length);
                    match &mut merged {
                        Some(merged) => {
                            merged.vstack_mut_owned(rows)?;
                        }
                        None => merged = Some(rows),
                    }
                }
                if let Some(merged) = merged {
                    parts.push(self.write_part(partition, stem, table, side, &merged)?);
                }
            }
        }
        Ok(())
    }

    fn read(&self, listed: &ManifestPart, columns: Option<&[&str]>) -> Result<DataFrame, DataError> {
        part::read(&self.root.join(&listed.path), listed.table, listed.side, columns)
    }
}

/// Directory and stem of a part.
fn place(path: &str) -> Result<(&str, &str), DataError> {
    let split = || {
        let (folder, file) = path.rsplit_once('/')?;
        let (partition, _) = folder.rsplit_once('/')?;
        Some((partition, file.strip_suffix(".parquet")?))
    };
    split().ok_or_else(|| DataError::Internal(format!("part `{path}` is not in a table's folder")))
}

/// Runs in their order, as many together as make a part.
fn cut<'a>(runs: &'a [Run], decisions: &HashMap<String, usize>) -> Vec<&'a [Run]> {
    let (mut parts, mut first, mut rows) = (Vec::new(), 0, 0);
    for (at, run) in runs.iter().enumerate() {
        rows += decisions.get(&run.run_id).copied().unwrap_or(0);
        if rows >= ROWS_PER_PART {
            parts.push(&runs[first..=at]);
            (first, rows) = (at + 1, 0);
        }
    }
    if first < runs.len() {
        parts.push(&runs[first..]);
    }
    parts
}

/// Where each run's rows begin, and how many they are.
fn segments(frame: &DataFrame) -> Result<HashMap<String, (usize, usize)>, DataError> {
    let mut found: HashMap<String, (usize, usize)> = HashMap::new();
    let run_id = frame.column("run_id")?.str()?;
    let mut last: Option<(&str, usize)> = None;
    let mut close = |run: Option<(&str, usize)>, end: usize| match run {
        Some((run_id, first)) if found.insert(run_id.to_owned(), (first, end - first)).is_some() => {
            Err(DataError::Internal(format!("the rows of run {run_id} are not together")))
        }
        _ => Ok(()),
    };
    for (row, run_id) in run_id.iter().enumerate() {
        let run_id = run_id.unwrap_or_default();
        if last.is_none_or(|(other, _)| other != run_id) {
            close(last, row)?;
            last = Some((run_id, row));
        }
    }
    close(last, frame.height())?;
    Ok(found)
}
