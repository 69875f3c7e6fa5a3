//! The sealed test set: families kept for one final test. Whoever opens it leaves a line.
//!
//! Every process that runs sealed programs in an experiment appends an [`Access`] to `sealed-access.jsonl` of the
//! results folder and, inside a copy of the repository, to that copy's ledger,
//! `experiments/record/sealed-access.jsonl`, which is committed with the results; another at its end. An *opening* is one
//! plan in one folder: to continue it opens nothing anew, unless results are gone that a line has noted: what was seen
//! is measured once more then. From the second opening on, results are post-hoc.

use std::{
    fs::File,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use super::{
    plan::{Cell, Plan},
    store::Store,
};
use crate::{
    failure::{AtPath, Failure, Result},
    files,
};

const LOG: &str = "sealed-access.jsonl";
/// What a copy of the repository is known by.
const SUITE: &str = "experiments/suite/suite.toml";
const RECORD: &str = "experiments/record";

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// 2026-01-31T23:59:59Z
    pub utc: String,
    pub experiment: String,
    /// Why: the question that the spec asks.
    pub why: String,
    /// The sealed programs, with their sizes.
    pub what: Vec<String>,
    /// Which opening of the set this is, from 1.
    pub number: u32,
    /// Sealed cells that had a result then.
    #[serde(default)]
    pub results: usize,
    /// This line was written at the end of an access, not at its beginning.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub end: bool,
    /// Digest of the plan.
    pub opening: String,
    pub spec_sha256: String,
    pub build_sha256: String,
    /// Commit of the repository, with "-dirty" where files differ; empty outside of one.
    pub commit: String,
}

/// What a folder's log says about its plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opened {
    /// The sealed programs, with their sizes.
    pub what: Vec<String>,
    /// Which opening this was; `None` where no line tells.
    pub number: Option<u32>,
    /// How often sealed programs were run in this folder.
    pub accesses: usize,
    /// Accesses in this folder, the first of each opening.
    pub openings: Vec<Access>,
}

impl Opened {
    /// Why results are post-hoc, if they are.
    pub fn post_hoc(&self) -> Option<String> {
        match self.number {
            Some(1) => None,
            Some(number) => {
                Some(format!("this is opening {number} of the sealed test set: what is seen now is post-hoc"))
            }
            None => Some(format!("sealed programs have run, and {LOG} does not say when the set was opened")),
        }
    }
}

/// Notes that the plan's sealed programs are about to run in the folder `out`; nothing if there are none.
pub fn open(plan: &Plan, out: &Path) -> Result<()> {
    note(plan, out, false)
}

/// Notes that sealed programs have run in the folder `out`, and how many results there are now.
pub fn close(plan: &Plan, out: &Path) -> Result<()> {
    note(plan, out, true)
}

/// Whether a cell runs a sealed program.
pub fn is_sealed(plan: &Plan, cell: &Cell) -> bool {
    plan.inputs.get(cell.input).is_some_and(|input| input.sealed)
}

fn note(plan: &Plan, out: &Path, end: bool) -> Result<()> {
    if sealed(plan).is_empty() {
        return Ok(());
    }
    let here = std::env::current_dir().at("find", Path::new("."))?;
    let out = out.canonicalize().at("find", out)?;
    let repository = repository(&here).or_else(|| repository(&out));
    let commit = repository.as_deref().map_or_else(String::new, commit);
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let ledger = repository.map(|root| root.join(RECORD).join(LOG));
    append(plan, &out, ledger.as_deref(), Line { utc: utc(seconds), commit, end })
}

/// What the folder's log says; `None` where the plan has no sealed programs.
pub fn opened(plan: &Plan, out: &Path) -> Result<Option<Opened>> {
    let what = sealed(plan);
    if what.is_empty() {
        return Ok(None);
    }
    let path = out.join(LOG);
    let accesses = if path.exists() { parse(&files::read_text(&path)?, &path)? } else { Vec::new() };
    let opening = digest(plan);
    let number = accesses.iter().rfind(|access| access.opening == opening).map(|access| access.number);
    let begun = accesses.iter().filter(|access| !access.end).count();
    let mut openings: Vec<Access> = Vec::new();
    for access in accesses {
        if openings.iter().all(|present| present.number != access.number) {
            openings.push(access);
        }
    }
    Ok(Some(Opened { what, number, accesses: begun, openings }))
}

/// The sealed programs of a plan, with their sizes.
fn sealed(plan: &Plan) -> Vec<String> {
    let inputs = plan.inputs.iter().filter(|input| input.sealed);
    inputs.map(|input| format!("{} {}", input.program, input.size)).collect()
}

fn digest(plan: &Plan) -> String {
    let ids: Vec<&str> = plan.cells.iter().map(|cell| cell.id.as_str()).collect();
    files::sha256(ids.join(" ").as_bytes())[..24].to_owned()
}

/// What a line says beside what the plan and the folder do.
struct Line {
    utc: String,
    commit: String,
    end: bool,
}

/// Adds a line to the ledger, where there is one, and to the folder's log.
fn append(plan: &Plan, out: &Path, ledger: Option<&Path>, line: Line) -> Result<()> {
    let mut ledger = ledger.map(Log::lock).transpose()?;
    let mut own = Log::lock(&out.join(LOG))?;
    let opening = digest(plan);
    // Read under the lock: results only become more while processes work side by side.
    let store = Store::open(out)?;
    let results = plan.cells.iter().filter(|cell| is_sealed(plan, cell) && store.get(&cell.id).is_some()).count();
    // Only this folder's own log says that an opening is continued: elsewhere the same plan is run once more.
    let last = own.accesses.iter().rfind(|access| access.opening == opening).map(|access| access.number);
    let lost = |number| own.accesses.iter().any(|access| access.number == number && access.results > results);
    let present = last.filter(|number| !lost(*number));
    let earlier = ledger.iter().flat_map(|log| &log.accesses).chain(&own.accesses).map(|access| access.number).max();
    let Line { utc, commit, end } = line;
    let access = Access {
        utc,
        experiment: plan.spec.name.clone(),
        why: plan.spec.question.clone(),
        what: sealed(plan),
        number: present.unwrap_or_else(|| earlier.unwrap_or(0) + 1),
        results,
        end,
        opening,
        spec_sha256: plan.spec_sha256.clone(),
        build_sha256: plan.build_sha256.clone(),
        commit,
    };
    // The ledger first: an opening that is not in it must not happen.
    ledger.iter_mut().try_for_each(|log| log.append(&access))?;
    own.append(&access)
}

/// A log, locked until it is dropped.
struct Log {
    path: PathBuf,
    file: File,
    accesses: Vec<Access>,
}

impl Log {
    fn lock(path: &Path) -> Result<Self> {
        let mut file = File::options().read(true).append(true).create(true).open(path).at("open", path)?;
        file.lock().at("lock", path)?;
        let mut text = String::new();
        file.read_to_string(&mut text).at("read", path)?;
        Ok(Self { path: path.to_owned(), file, accesses: parse(&text, path)? })
    }

    fn append(&mut self, access: &Access) -> Result<()> {
        let mut line = serde_json::to_vec(access)
            .map_err(|error| Failure::work(format!("{}: cannot write a line: {error}", self.path.display())))?;
        line.push(b'\n');
        self.file.write_all(&line).at("write", &self.path)?;
        self.file.sync_data().at("write", &self.path)
    }
}

/// A line that cannot be read is an error: it may have been the first opening.
fn parse(text: &str, path: &Path) -> Result<Vec<Access>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty());
    lines
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|error| {
                Failure::work(format!("{}: line {}: {error}; restore this line", path.display(), index + 1))
            })
        })
        .collect()
}

/// The copy of the repository that a folder lies in.
fn repository(folder: &Path) -> Option<PathBuf> {
    let holds = |root: &&Path| root.join(SUITE).is_file() && root.join(RECORD).is_dir();
    folder.ancestors().find(holds).map(Path::to_path_buf)
}

fn commit(root: &Path) -> String {
    let described = Command::new("git")
        .args(["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"])
        .current_dir(root)
        .output();
    match described {
        Ok(done) if done.status.success() => String::from_utf8_lossy(&done.stdout).trim().to_owned(),
        _ => String::new(),
    }
}

/// Seconds since 1970 as date and time (Hinnant, "chrono-Compatible Low-Level Date Algorithms": `civil_from_days`).
fn utc(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months count from March.
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{CellResult, plan::tests::plan_of};

    fn sealed_plan(seed: u64) -> Plan {
        let mut plan = plan_of(2, 2, 3, seed);
        plan.inputs[1].sealed = true;
        plan.spec.question = "Does it hold?".to_owned();
        plan
    }

    fn line(end: bool) -> Line {
        Line { utc: utc(0), commit: "c0ffee".to_owned(), end }
    }

    fn number(plan: &Plan, out: &Path) -> Option<u32> {
        opened(plan, out).expect("reads").expect("sealed").number
    }

    /// Rule 11 of the methodology.
    #[test]
    fn every_access_is_logged_and_a_second_opening_is_post_hoc() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let [first, second, third] = ["a", "b", "c"].map(|name| folder.path().join(name));
        for out in [&first, &second, &third] {
            std::fs::create_dir(out).expect("creates");
        }
        let ledger = folder.path().join("ledger.jsonl");
        let plan = sealed_plan(1);
        let open = |plan: &Plan, out: &Path| append(plan, out, Some(&ledger), line(false));

        assert!(opened(&plan, &first).expect("reads").expect("sealed").post_hoc().is_some(), "no log, no proof");
        open(&plan, &first).expect("opens");
        open(&plan, &first).expect("continues");
        assert_eq!(number(&plan, &first), Some(1));
        assert!(opened(&plan, &first).expect("reads").expect("sealed").post_hoc().is_none());

        open(&sealed_plan(2), &second).expect("another plan");
        assert_eq!(number(&sealed_plan(2), &second), Some(2));
        let said = opened(&sealed_plan(2), &second).expect("reads").expect("sealed").post_hoc();
        assert!(said.is_some_and(|said| said.contains("post-hoc")));
        open(&plan, &third).expect("the same plan elsewhere");
        assert_eq!(number(&plan, &third), Some(3));
        assert_eq!(number(&plan, &first), Some(1), "the first stays the first");

        let lines = parse(&std::fs::read_to_string(&ledger).expect("reads"), &ledger).expect("parses");
        assert_eq!(lines.iter().map(|access| access.number).collect::<Vec<_>>(), [1, 1, 2, 3]);
        assert_eq!(
            (lines[0].what.len(), lines[0].why.as_str(), lines[0].commit.as_str()),
            (1, "Does it hold?", "c0ffee")
        );
        std::fs::write(&ledger, "{}\n").expect("writes");
        let error = open(&sealed_plan(4), &second).expect_err("spoiled").to_string();
        assert!(error.contains("line 1") && error.contains("ledger.jsonl"), "{error}");
    }

    /// Results of so many of the plan's sealed cells.
    fn measure(plan: &Plan, out: &Path, count: usize) {
        let mut store = Store::open(out).expect("opens");
        for cell in plan.cells.iter().filter(|cell| is_sealed(plan, cell)).take(count) {
            store.append(CellResult { cell: cell.id.clone(), ..CellResult::default() }).expect("appends");
        }
    }

    #[test]
    fn results_that_were_removed_are_not_measured_again_in_the_same_opening() {
        let out = tempfile::tempdir().expect("temporary folder");
        let plan = sealed_plan(1);
        let note = |end| append(&plan, out.path(), None, line(end)).expect("notes");
        let state = || opened(&plan, out.path()).expect("reads").expect("sealed");
        note(false);
        measure(&plan, out.path(), 4);
        note(true);
        measure(&plan, out.path(), 5);
        note(false);
        assert_eq!((state().number, state().accesses, state().openings.len()), (Some(1), 2, 1), "continued");
        assert!(state().post_hoc().is_none());

        std::fs::remove_file(out.path().join("cells.jsonl")).expect("removes");
        note(false);
        assert_eq!((state().number, state().accesses, state().openings.len()), (Some(2), 3, 2));
        assert!(state().post_hoc().is_some());
        measure(&plan, out.path(), 3);
        note(false);
        assert_eq!((state().number, state().accesses, state().openings.len()), (Some(2), 4, 2), "continued");
        assert!(state().post_hoc().is_some(), "what was lost stays known");

        let lines = std::fs::read_to_string(out.path().join(LOG)).expect("reads");
        let results: Vec<usize> = parse(&lines, Path::new(LOG)).expect("parses").iter().map(|a| a.results).collect();
        assert_eq!(results, [0, 4, 5, 0, 3]);
    }

    #[test]
    fn lines_that_do_not_count_results_stay_readable() {
        let out = tempfile::tempdir().expect("temporary folder");
        let plan = sealed_plan(1);
        append(&plan, out.path(), None, line(false)).expect("opens");
        let path = out.path().join(LOG);
        let text = std::fs::read_to_string(&path).expect("reads");
        let older = text.replace("\"results\":0,", "");
        assert_ne!(older, text);
        std::fs::write(&path, older).expect("writes");
        append(&plan, out.path(), None, line(false)).expect("continues");
        assert_eq!(number(&plan, out.path()), Some(1));
    }

    #[test]
    fn without_a_repository_the_folder_has_the_only_log() {
        let out = tempfile::tempdir().expect("temporary folder");
        append(&sealed_plan(1), out.path(), None, line(false)).expect("opens");
        append(&sealed_plan(2), out.path(), None, line(false)).expect("opens");
        assert_eq!(number(&sealed_plan(2), out.path()), Some(2));
        assert!(opened(&plan_of(2, 2, 3, 1), out.path()).expect("reads").is_none(), "nothing sealed, nothing logged");
    }

    #[test]
    fn a_copy_of_the_repository_is_found_from_below() {
        let root = tempfile::tempdir().expect("temporary folder");
        for folder in [RECORD, "experiments/suite", "results/mine"] {
            std::fs::create_dir_all(root.path().join(folder)).expect("creates");
        }
        assert_eq!(repository(&root.path().join("results/mine")), None);
        std::fs::write(root.path().join(SUITE), "").expect("writes");
        assert_eq!(repository(&root.path().join("results/mine")).as_deref(), Some(root.path()));
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(utc(4_102_444_799), "2099-12-31T23:59:59Z");
    }
}
