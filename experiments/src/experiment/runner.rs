//! Executes the cells of a plan that have no result yet, in the plan's order.

use std::{fs::File, path::Path, time::Duration};

use super::{
    cell::{Bench, CellOptions, CellResult},
    plan::{Cell, Plan},
    sealed,
    store::Store,
};
use crate::{
    failure::{AtPath, Failure, Result},
    progress::Progress,
};

/// What a call of [`run`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    pub executed: usize,
    /// Had a result already.
    pub present: usize,
    /// Of those executed, how many failed.
    pub failed: usize,
}

/// Whether others may work in the folder at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alone {
    /// A runner: it measures, and it removes what killed processes left behind.
    Yes,
    /// A single cell, as one of many jobs.
    No,
}

/// Marks the folder as in use until the result is dropped.
pub fn enter(out: &Path, alone: Alone) -> Result<File> {
    let path = out.join("run.lock");
    let file = File::create(&path).at("create", &path)?;
    let locked = match alone {
        Alone::Yes => file.try_lock(),
        Alone::No => file.try_lock_shared(),
    };
    match locked {
        Ok(()) => Ok(file),
        Err(_) => {
            Err(Failure::work(format!("{}: another process is running this experiment; wait for it", out.display())))
        }
    }
}

/// Runs what is missing. One runner at a time works in a folder, so that no two measure at once.
pub fn run(plan: &Plan, out: &Path, progress: &Progress) -> Result<Done> {
    plan.require_this_build()?;
    let _lock = enter(out, Alone::Yes)?;
    let bench = Bench::new(out, Duration::from_secs(plan.spec.limit_s))?;
    clear_scratch(&bench)?;
    let mut store = Store::open(out)?;
    let missing = |cell: &Cell| store.get(&cell.id).is_none();
    if plan.cells.iter().any(missing) {
        sealed::open(plan, out)?;
    }
    let opens = plan.cells.iter().any(|cell| missing(cell) && sealed::is_sealed(plan, cell));
    let done = run_missing(plan, &bench, &mut store, progress);
    // Also after a failure: what has been seen until then is noted.
    let noted = if opens { sealed::close(plan, out) } else { Ok(()) };
    let done = done?;
    noted.map(|()| done)
}

fn run_missing(plan: &Plan, bench: &Bench, store: &mut Store, progress: &Progress) -> Result<Done> {
    let mut done = Done::default();
    progress.length(plan.cells.len());
    for (index, cell) in plan.cells.iter().enumerate() {
        if store.get(&cell.id).is_some() {
            done.present += 1;
        } else {
            progress.message(&format!("{} {}", plan.contestant(cell).label, plan.inputs[cell.input].program));
            let result = execute(plan, index, bench)?;
            done.executed += 1;
            done.failed += usize::from(!result.succeeded());
            store.append(result)?;
        }
        progress.step();
    }
    progress.finish();
    Ok(done)
}

/// Executes cell `index` of the plan, whether or not it has a result.
pub fn execute(plan: &Plan, index: usize, bench: &Bench) -> Result<CellResult> {
    let cell = plan.cells.get(index).ok_or_else(|| {
        Failure::usage(format!("no cell {index}: the plan's cells are numbered 0 to {}", plan.cells.len().max(1) - 1))
    })?;
    let options = CellOptions { iterations: plan.spec.iterations, ..CellOptions::default() };
    bench.run(&cell.id, &plan.contestant(cell), &plan.inputs[cell.input], &options)
}

/// Removes what a killed runner left in flight.
fn clear_scratch(bench: &Bench) -> Result<()> {
    for entry in std::fs::read_dir(&bench.scratch).at("list", &bench.scratch)? {
        let path = entry.at("list", &bench.scratch)?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("cell-")) {
            std::fs::remove_dir_all(&path).at("remove", &path)?;
        }
    }
    Ok(())
}
