//! A plan: every cell of an experiment, in the order in which they run.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    contestant::{Contestant, Detailed, Entry},
    host_info::HostInfo,
    spec::{Located, Spec},
    store::Store,
};
use crate::{
    failure::{Failure, Result},
    files,
    stats::Rng,
    suite::{Catalogue, Input},
};

/// Version of `plan.json` and `cells.jsonl`.
pub const SCHEMA: u32 = 1;

/// A cell: one process execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Digest of everything that determines the cell.
    pub id: String,
    /// Index of the contestant; `None` for the run that gives the reference output.
    pub contestant: Option<usize>,
    pub input: usize,
    pub replicate: u32,
    /// Blocks are numbered in the order in which they run; 0 are the reference runs.
    pub block: u32,
    /// Place within the block, from 0.
    pub position: u32,
}

/// Results were there before the plan that they now belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Processes per contestant and input that had been declared until then; `None` where no plan says.
    pub from: Option<u32>,
    /// Cells that had a result.
    pub done: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub schema: u32,
    pub spec: Spec,
    pub spec_sha256: String,
    /// SHA-256 of the binary that is measured.
    pub build_sha256: String,
    pub vm_version: String,
    pub host: HostInfo,
    pub contestants: Vec<Contestant>,
    pub inputs: Vec<Input>,
    pub cells: Vec<Cell>,
    /// The sample size is declared before anything is measured. What was changed since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<Extension>,
}

/// The contestant whose output every other has to reproduce.
pub fn reference() -> Contestant {
    Contestant { label: "reference".to_owned(), policy: Some("interpret".to_owned()), ..Contestant::default() }
}

impl Plan {
    /// Makes the plan of a spec for this binary and this host.
    pub fn new(located: &Located) -> Result<Self> {
        let spec = &located.spec;
        let suite = Catalogue::embedded()?;
        let mut inputs = Vec::new();
        for program in suite.select(&spec.programs, &spec.families, spec.sealed)? {
            for size in &spec.sizes {
                inputs.push(suite.input(program, *size)?);
            }
        }
        Self::of_inputs(located, inputs)
    }

    /// Makes the plan of a spec for these inputs, whatever it says about programs and sizes.
    pub fn of_inputs(located: &Located, inputs: Vec<Input>) -> Result<Self> {
        let spec = &located.spec;
        if inputs.is_empty() {
            return Err(Failure::usage(format!("spec '{}' selects no program", spec.name)));
        }
        if spec.policies.is_empty() {
            return Err(Failure::usage(format!(
                "spec '{}' names no `policies` to compare, and no `baseline`",
                spec.name
            )));
        }
        let mut contestants: Vec<Contestant> =
            spec.policies.iter().map(|entry| Contestant::resolve(entry, &located.folder)).collect::<Result<_>>()?;
        for contestant in &contestants {
            if let Some(policy) = &contestant.policy {
                crate::host::check_policy(policy)?;
            }
        }
        let copied = spec.aa.as_ref().unwrap_or(&spec.baseline);
        let copy = contestants.iter().find(|contestant| contestant.label == *copied).map(Contestant::copy);
        contestants.extend(copy);
        let build_sha256 = build_digest()?;
        let mut plan = Self {
            schema: SCHEMA,
            spec: spec.clone(),
            spec_sha256: files::sha256(located.text.as_bytes()),
            build_sha256,
            vm_version: env!("CARGO_PKG_VERSION").to_owned(),
            host: HostInfo::of_this_machine(),
            contestants,
            inputs,
            cells: Vec::new(),
            extensions: Vec::new(),
        };
        plan.cells = plan.schedule()?;
        Ok(plan)
    }

    /// Reference runs first, then the blocks in seeded random order, each with its contestants in seeded random
    /// order: what drifts on the host hits every contestant alike.
    fn schedule(&self) -> Result<Vec<Cell>> {
        let mut cells = Vec::new();
        for input in 0..self.inputs.len() {
            cells.push(Cell {
                id: self.cell_id(&reference(), input, 0)?,
                contestant: None,
                input,
                replicate: 0,
                block: 0,
                position: 0,
            });
        }
        let mut blocks: Vec<(u32, usize)> =
            (0..self.spec.replicates).flat_map(|r| (0..self.inputs.len()).map(move |input| (r, input))).collect();
        Rng::stream(self.spec.seed, "order of blocks").shuffle(&mut blocks);
        for (block, (replicate, input)) in (1..).zip(blocks) {
            let mut order: Vec<usize> = (0..self.contestants.len()).collect();
            Rng::stream(self.spec.seed, &format!("order within block {input} {replicate}")).shuffle(&mut order);
            for (position, contestant) in (0..).zip(order) {
                let id = self.cell_id(&self.contestants[contestant], input, replicate)?;
                cells.push(Cell { id, contestant: Some(contestant), input, replicate, block, position });
            }
        }
        Ok(cells)
    }

    fn cell_id(&self, contestant: &Contestant, input: usize, replicate: u32) -> Result<String> {
        let Some(input) = self.inputs.get(input) else { return Err(Failure::work("plan.json names an unknown input")) };
        let key = (
            self.schema,
            &self.build_sha256,
            contestant.label == "reference",
            contestant.identity(),
            (&input.program, &input.source_sha256, input.n, self.spec.iterations),
            (self.spec.seed, replicate),
        );
        let text = serde_json::to_vec(&key).map_err(|error| Failure::work(format!("cannot name a cell: {error}")))?;
        Ok(files::sha256(&text)[..24].to_owned())
    }

    pub fn path(out: &Path) -> PathBuf {
        out.join("plan.json")
    }

    /// Writes `plan.json` into `out`. A folder that already holds another plan is refused; the same plan is kept,
    /// so that it can be continued; the same plan with fewer replicates is extended, and remembers that it was.
    pub fn store(self, out: &Path) -> Result<Self> {
        let done = if out.join("cells.jsonl").exists() { Store::open(out)?.len() } else { 0 };
        let plan = if !Self::path(out).exists() {
            let found = (done > 0).then_some(Extension { from: None, done });
            Self { extensions: found.into_iter().collect(), ..self }
        } else {
            let present = Self::load(out)?;
            if present.build_sha256 != self.build_sha256 {
                return Err(taken(out, "an older build of trinity"));
            }
            let ids = |plan: &Self| plan.cells.iter().map(|cell| cell.id.clone()).collect::<BTreeSet<_>>();
            if !present.declares_the_same(&self)? || !ids(&present).is_subset(&ids(&self)) {
                return Err(taken(out, "another spec"));
            }
            if present.spec.replicates >= self.spec.replicates {
                return Ok(present);
            }
            present.extended(self, done)
        };
        let text = serde_json::to_vec_pretty(&plan).map_err(|error| Failure::work(format!("plan.json: {error}")))?;
        files::write_whole(&Self::path(out), &text)?;
        Ok(plan)
    }

    /// Whether two plans say the same about what is measured and tested, the number of replicates aside.
    fn declares_the_same(&self, other: &Self) -> Result<bool> {
        let declared = |plan: &Self| {
            let spec = Spec { replicates: 1, question: String::new(), limit_s: 1, ..plan.spec.clone() };
            serde_json::to_value(spec).map_err(|error| Failure::work(format!("cannot compare specs: {error}")))
        };
        Ok(declared(self)? == declared(other)?)
    }

    /// This plan followed by the further blocks of one with more replicates.
    fn extended(self, larger: Self, done: usize) -> Self {
        let (had, last) = (self.spec.replicates, self.blocks() as u32);
        let mut cells = self.cells;
        let mut numbers = BTreeMap::new();
        for cell in larger.cells.into_iter().filter(|cell| cell.replicate >= had) {
            let next = last + 1 + numbers.len() as u32;
            let block = *numbers.entry(cell.block).or_insert(next);
            cells.push(Cell { block, ..cell });
        }
        let mut extensions = self.extensions;
        // Before anything has been measured it is still the declaration.
        extensions.extend((done > 0).then_some(Extension { from: Some(had), done }));
        Self { cells, extensions, ..larger }
    }

    /// Reads `plan.json` of `out`.
    pub fn load(out: &Path) -> Result<Self> {
        let path = Self::path(out);
        if !path.exists() {
            return Err(Failure::usage(format!(
                "{}: no plan.json here; make one with `trinity experiment plan SPEC --out {}`",
                out.display(),
                out.display()
            )));
        }
        let plan: Self = serde_json::from_str(&files::read_text(&path)?)
            .map_err(|error| Failure::work(format!("{}: {error}; plan again into a new folder", path.display())))?;
        if plan.schema != SCHEMA {
            return Err(Failure::work(format!(
                "{}: schema {} but this binary reads {SCHEMA}; use the binary that made it",
                path.display(),
                plan.schema
            )));
        }
        let whole = plan.cells.iter().all(|cell| {
            cell.input < plan.inputs.len() && cell.contestant.is_none_or(|index| index < plan.contestants.len())
        });
        if !whole {
            return Err(Failure::work(format!("{}: cells name inputs that are not there", path.display())));
        }
        Ok(plan)
    }

    /// Refuses to mix measurements of two builds in one experiment.
    pub fn require_this_build(&self) -> Result<()> {
        if build_digest()? == self.build_sha256 {
            return Ok(());
        }
        Err(Failure::work(
            "this binary is not the one that the experiment was planned with: its measurements would be of another \
             VM. Plan again into a new folder, or run the older binary",
        ))
    }

    pub fn contestant(&self, cell: &Cell) -> Contestant {
        cell.contestant.and_then(|index| self.contestants.get(index)).cloned().unwrap_or_else(reference)
    }

    pub fn blocks(&self) -> usize {
        self.inputs.len() * self.spec.replicates as usize
    }
}

fn taken(out: &Path, by: &str) -> Failure {
    Failure::usage(format!(
        "{}: holds the results of {by}; choose another folder with --out, or remove this one",
        out.display()
    ))
}

/// SHA-256 of the running binary.
pub fn build_digest() -> Result<String> {
    let exe = std::env::current_exe().map_err(|error| Failure::work(format!("cannot find this binary: {error}")))?;
    files::sha256_file(&exe)
}

/// The entry of another interpreter.
pub fn peer(command: &str) -> Entry {
    Entry::Detailed(Detailed { label: command.to_owned(), command: Some(command.to_owned()), ..Detailed::default() })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{experiment::CellResult, suite::Size};

    pub(crate) fn plan_of(contestants: usize, inputs: usize, replicates: u32, seed: u64) -> Plan {
        let policies: Vec<String> = (0..contestants).map(|index| format!("fixed:{},9", index + 1)).collect();
        let list = policies.iter().map(|policy| format!("{policy:?}")).collect::<Vec<_>>().join(", ");
        let text = format!(
            "name = 't'\nseed = {seed}\nreplicates = {replicates}\npolicies = [{list}]\nbaseline = 'fixed:1,9'\n"
        );
        let spec = Spec::parse(&text, "t.toml").expect("parses");
        let mut plan = Plan {
            schema: SCHEMA,
            spec_sha256: String::new(),
            build_sha256: "build".to_owned(),
            vm_version: "0".to_owned(),
            host: HostInfo::default(),
            contestants: spec
                .policies
                .iter()
                .map(|entry| Contestant::resolve(entry, Path::new(".")).expect("resolves"))
                .collect(),
            inputs: (0..inputs)
                .map(|index| Input {
                    program: format!("f{}/p{index}", index / 2),
                    family: format!("f{}", index / 2),
                    size: Size::Small,
                    n: 1,
                    source_sha256: String::new(),
                    expected: None,
                    sealed: false,
                })
                .collect(),
            spec,
            cells: Vec::new(),
            extensions: Vec::new(),
        };
        let copy = plan.contestants[0].copy();
        plan.contestants.push(copy);
        plan.cells = plan.schedule().expect("schedules");
        plan
    }

    #[test]
    fn every_block_runs_every_contestant_once() {
        let plan = plan_of(3, 4, 5, 1);
        assert_eq!(plan.cells.len(), 4 + 4 * 5 * 4);
        for block in 1..=plan.blocks() as u32 {
            let cells: Vec<&Cell> = plan.cells.iter().filter(|cell| cell.block == block).collect();
            let mut contestants: Vec<usize> = cells.iter().filter_map(|cell| cell.contestant).collect();
            contestants.sort_unstable();
            assert_eq!(contestants, [0, 1, 2, 3]);
            assert!(cells.iter().all(|cell| (cell.input, cell.replicate) == (cells[0].input, cells[0].replicate)));
        }
        let mut ids: Vec<&str> = plan.cells.iter().map(|cell| cell.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), plan.cells.len(), "cells have names of their own");
    }

    #[test]
    fn the_seed_determines_the_order() {
        let order = |seed| plan_of(4, 3, 6, seed).cells.iter().map(|c| (c.input, c.contestant)).collect::<Vec<_>>();
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
    }

    #[test]
    fn every_contestant_stands_in_every_position_about_equally_often() {
        let plan = plan_of(3, 4, 100, 1);
        let mut counts = [[0u32; 4]; 4];
        let mut orders: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for cell in plan.cells.iter().filter(|cell| cell.block > 0) {
            let contestant = cell.contestant.expect("a contestant");
            counts[contestant][cell.position as usize] += 1;
            orders.entry(cell.block).or_default().push(contestant);
        }
        // 100 expected, standard deviation 9
        assert!(counts.iter().flatten().all(|count| (65..=135).contains(count)), "{counts:?}");
        assert_eq!(orders.values().collect::<BTreeSet<_>>().len(), 24, "every order occurs");
    }

    #[test]
    fn more_replicates_extend_a_plan_and_are_remembered_once_there_are_results() {
        let out = tempfile::tempdir().expect("temporary folder");
        plan_of(2, 2, 2, 1).store(out.path()).expect("stores");
        let before = plan_of(2, 2, 3, 1).store(out.path()).expect("extends");
        assert!(before.extensions.is_empty(), "nothing was measured");
        let mut store = Store::open(out.path()).expect("opens");
        let result = CellResult { cell: before.cells[0].id.clone(), ..CellResult::default() };
        store.append(result).expect("appends");
        let after = plan_of(2, 2, 5, 1).store(out.path()).expect("extends");
        assert_eq!(after.extensions, [Extension { from: Some(3), done: 1 }]);
        assert_eq!(after.cells[..before.cells.len()], before.cells[..], "what was planned stays where it was");
        let whole = plan_of(2, 2, 5, 1);
        assert_eq!(after.cells.len(), whole.cells.len());
        for block in 1..=whole.blocks() as u32 {
            let cells: Vec<&Cell> = after.cells.iter().filter(|cell| cell.block == block).collect();
            assert_eq!(cells.len(), 3);
            assert!(cells.iter().all(|cell| (cell.input, cell.replicate) == (cells[0].input, cells[0].replicate)));
        }
        let again = plan_of(2, 2, 4, 1).store(out.path());
        assert!(again.is_err(), "a sample does not shrink");
        std::fs::remove_file(Plan::path(out.path())).expect("removes");
        let found = plan_of(2, 2, 5, 1).store(out.path()).expect("stores");
        assert_eq!(found.extensions, [Extension { from: None, done: 1 }]);
    }

    #[test]
    fn other_comparisons_are_another_plan() {
        let out = tempfile::tempdir().expect("temporary folder");
        plan_of(2, 2, 2, 1).store(out.path()).expect("stores");
        let mut other = plan_of(2, 2, 2, 1);
        other.spec.compare = vec![["fixed:2,9".to_owned(), "fixed:1,9".to_owned()]];
        assert!(other.store(out.path()).is_err());
    }

    #[test]
    fn a_folder_with_another_plan_is_refused() {
        let out = tempfile::tempdir().expect("temporary folder");
        let plan = plan_of(2, 2, 2, 1).store(out.path()).expect("stores");
        assert_eq!(plan_of(2, 2, 2, 1).store(out.path()).expect("continues").cells, plan.cells);
        assert!(plan_of(2, 2, 2, 9).store(out.path()).is_err());
        std::fs::write(Plan::path(out.path()), "{").expect("writes");
        assert!(Plan::load(out.path()).expect_err("broken").to_string().contains("plan.json"));
    }
}
