//! `cells.jsonl`: one line per finished cell, whole or absent.
//!
//! INVARIANT: lines are appended under an exclusive lock and reach the disk before the lock is released. So a last
//! line without its newline can only come from a killed writer, and whoever holds the lock may cut it off.

use std::{
    collections::HashMap,
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::cell::CellResult;
use crate::failure::{AtPath, Failure, Result};

pub struct Store {
    path: PathBuf,
    file: File,
    /// How much of the file is in `results`.
    read: u64,
    results: HashMap<String, CellResult>,
}

impl Store {
    /// Opens or creates the results file of the folder `out`.
    pub fn open(out: &Path) -> Result<Self> {
        std::fs::create_dir_all(out).at("create the folder", out)?;
        let path = out.join("cells.jsonl");
        let file = File::options().read(true).append(true).create(true).open(&path).at("open", &path)?;
        let mut store = Self { path, file, read: 0, results: HashMap::new() };
        store.locked(|_| Ok(()))?;
        Ok(store)
    }

    pub fn get(&self, id: &str) -> Option<&CellResult> {
        self.results.get(id)
    }
    pub fn len(&self) -> usize {
        self.results.len()
    }
    pub fn is_empty(&self) -> bool {
        self.results.is_empty()
    }

    /// Appends a result. False if another process has stored that cell in the meantime: the first one stays.
    pub fn append(&mut self, result: CellResult) -> Result<bool> {
        self.locked(|store| {
            if store.results.contains_key(&result.cell) {
                return Ok(false);
            }
            let mut line = serde_json::to_vec(&result)
                .map_err(|error| Failure::work(format!("{}: cannot write a result: {error}", store.path.display())))?;
            line.push(b'\n');
            store.file.write_all(&line).at("write", &store.path)?;
            store.file.sync_data().at("write", &store.path)?;
            store.read += line.len() as u64;
            store.results.insert(result.cell.clone(), result);
            Ok(true)
        })
    }

    /// Reads what others have appended, then runs `work`, all under the lock.
    fn locked<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.file.lock().at("lock", &self.path)?;
        let done = self.catch_up().and_then(|()| work(self));
        let unlocked = self.file.unlock().at("unlock", &self.path);
        let value = done?;
        unlocked?;
        Ok(value)
    }

    fn catch_up(&mut self) -> Result<()> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(self.read)).at("read", &self.path)?;
        self.file.read_to_end(&mut bytes).at("read", &self.path)?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        if whole < bytes.len() {
            self.file.set_len(self.read + whole as u64).at("repair", &self.path)?;
        }
        for line in bytes[..whole].split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let result: CellResult = serde_json::from_slice(line).map_err(|error| {
                Failure::work(format!(
                    "{}: line {} is not a result ({error}); remove that line to measure its cell again",
                    self.path.display(),
                    self.results.len() + 1
                ))
            })?;
            self.results.entry(result.cell.clone()).or_insert(result);
        }
        self.read += whole as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(cell: &str, wall_ns: u64) -> CellResult {
        CellResult { cell: cell.to_owned(), wall_ns, ..CellResult::default() }
    }

    #[test]
    fn results_survive_and_are_stored_once() {
        let out = tempfile::tempdir().expect("temporary folder");
        let mut store = Store::open(out.path()).expect("opens");
        assert!(store.append(result("a", 1)).expect("appends"));
        assert!(!store.append(result("a", 2)).expect("refuses"));
        let mut other = Store::open(out.path()).expect("opens");
        assert!(other.append(result("b", 3)).expect("appends"));
        assert!(!store.append(result("b", 4)).expect("sees the other writer"));
        let reopened = Store::open(out.path()).expect("opens");
        assert_eq!(reopened.len(), 2);
        assert_eq!(reopened.get("a").map(|r| r.wall_ns), Some(1));
        assert_eq!(reopened.get("b").map(|r| r.wall_ns), Some(3));
    }

    #[test]
    fn a_line_cut_short_at_any_byte_is_dropped_and_the_rest_kept() {
        let out = tempfile::tempdir().expect("temporary folder");
        let path = out.path().join("cells.jsonl");
        let mut store = Store::open(out.path()).expect("opens");
        for cell in ["a", "b"] {
            store.append(result(cell, 1)).expect("appends");
        }
        let whole = std::fs::read(&path).expect("reads");
        let first = whole.iter().position(|&byte| byte == b'\n').expect("a line") + 1;
        for cut in first..whole.len() {
            std::fs::write(&path, &whole[..cut]).expect("writes");
            let mut store = Store::open(out.path()).expect("repairs");
            assert_eq!((store.len(), store.get("b").is_some()), (1, false), "cut at {cut}");
            assert!(store.append(result("b", 1)).expect("appends"));
            assert_eq!(std::fs::read(&path).expect("reads"), whole);
        }
    }

    #[test]
    fn a_spoiled_line_is_named() {
        let out = tempfile::tempdir().expect("temporary folder");
        std::fs::write(out.path().join("cells.jsonl"), "not json\n").expect("writes");
        let error = Store::open(out.path()).err().expect("refuses").to_string();
        assert!(error.contains("line 1") && error.contains("cells.jsonl"), "{error}");
    }
}
