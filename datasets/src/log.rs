//! The decisions of one run, read back: what a replay takes its answers from.

use std::path::Path;

use polars::prelude::DataFrame;
use trinity_vm::seam::{Action, DecisionKind, Feature, VirtualTime};

use crate::{
    error::DataError,
    load::Dataset,
    record,
    schema::{Side, Table},
    spool_read,
};

/// A decision as it was logged.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedDecision {
    /// Its place in the run, from 0.
    pub decision_id: u64,
    pub kind: DecisionKind,
    pub function_id: u64,
    pub loop_index: Option<u32>,
    /// Calls and back-edges of the function so far, for an osr decision back-edges of the loop: with the function, what
    /// a replay in wall time is keyed by.
    pub events: f64,
    pub at: VirtualTime,
    /// Of what the decision was made from.
    pub snapshot_hash: Option<u64>,
    pub action: Action,
    /// What was done: differs from `action` when that was illegal.
    pub taken: Action,
    pub ask_again: u32,
    pub propensities: [f32; 3],
    pub explore: bool,
}

/// Reads the decisions of a run, in order, from a spool or out of a data set: of the run with this identifier, or of
/// the only one there is.
///
/// # Errors
/// [`DataError::NoSuchRun`], and whatever is wrong with the files.
pub fn read_log(path: &Path, run_id: Option<&str>) -> Result<Vec<LoggedDecision>, DataError> {
    if path.is_dir() {
        return from_data_set(path, run_id);
    }
    spool_read::read(path)?
        .decisions
        .iter()
        .map(|decision| {
            let [calls, backedges, in_loop] =
                [Feature::Calls, Feature::Backedges, Feature::LoopBackedges].map(|f| decision.features[f as usize]);
            let kind = record::kind(decision.kind);
            let action = |number: u8| Action::ALL.get(usize::from(number)).copied();
            Some(LoggedDecision {
                decision_id: decision.decision_id,
                kind: kind?,
                function_id: decision.function_id,
                loop_index: decision.loop_index,
                events: events(kind?, calls, backedges, in_loop),
                at: decision.t_virtual,
                snapshot_hash: decision.snapshot_hash,
                action: action(decision.action)?,
                taken: action(decision.taken)?,
                ask_again: decision.ask_again,
                propensities: decision.propensities,
                explore: decision.explore,
            })
        })
        .collect::<Option<_>>()
        .ok_or_else(|| DataError::Spool { path: path.to_owned(), detail: "a decision of an unknown kind".to_owned() })
}

const COLUMNS: [&str; 18] = [
    "run_id",
    "decision_id",
    "kind",
    "function_id",
    "loop_index",
    "calls",
    "backedges",
    "loop_backedges",
    "t_ticks",
    "t_model_ns",
    "snapshot_hash",
    "action",
    "taken",
    "ask_again",
    "propensity_stay",
    "propensity_warm",
    "propensity_hot",
    "explore",
];

fn from_data_set(root: &Path, run_id: Option<&str>) -> Result<Vec<LoggedDecision>, DataError> {
    let dataset = Dataset::open(root)?;
    let runs = dataset.table(Table::Run, Some(&["run_id"]))?;
    let ids: Vec<&str> = runs.column("run_id")?.str()?.iter().flatten().collect();
    let refuse = |detail: String| DataError::NoSuchRun { path: root.to_owned(), detail };
    let wanted = match (run_id, ids.as_slice()) {
        (Some(run_id), ids) if ids.contains(&run_id) => run_id,
        (Some(run_id), _) => return Err(refuse(format!("no run {run_id} among {}", ids.len()))),
        (None, [only]) => *only,
        (None, ids) => return Err(refuse(format!("{} runs; say which by its run_id", ids.len()))),
    };
    let mut decisions = Vec::new();
    for part in dataset.parts().iter().filter(|part| part.table == Table::Decision && part.side == Side::Core) {
        let frame = crate::part::read(&part.path, part.table, part.side, Some(&COLUMNS))?;
        rows_of(&frame, wanted, &mut decisions)?.ok_or_else(|| DataError::Corrupt {
            path: part.path.clone(),
            detail: "a value of no meaning".to_owned(),
        })?;
    }
    Ok(decisions)
}

/// The rows of one run; `None` for one that makes no sense.
fn rows_of(frame: &DataFrame, wanted: &str, out: &mut Vec<LoggedDecision>) -> Result<Option<()>, DataError> {
    let text = |name: &str| frame.column(name).and_then(|column| column.str());
    let long = |name: &str| frame.column(name).and_then(|column| column.u64());
    let short = |name: &str| frame.column(name).and_then(|column| column.u32());
    let float = |name: &str| frame.column(name).and_then(|column| column.f64());
    let single = |name: &str| frame.column(name).and_then(|column| column.f32());
    let (run, kinds, action, taken) = (text("run_id")?, text("kind")?, text("action")?, text("taken")?);
    let (id, function) = (long("decision_id")?, long("function_id")?);
    let (ticks, model, hash) = (long("t_ticks")?, long("t_model_ns")?, long("snapshot_hash")?);
    let (loop_index, again) = (short("loop_index")?, short("ask_again")?);
    let (calls, backedges, in_loop) = (float("calls")?, float("backedges")?, float("loop_backedges")?);
    let [stay, warm, hot] = ["propensity_stay", "propensity_warm", "propensity_hot"].map(single);
    let (stay, warm, hot) = (stay?, warm?, hot?);
    let explore = frame.column("explore")?.bool()?;
    let named = |name: Option<&str>| Action::ALL.into_iter().find(|action| Some(action.name()) == name);
    let row = |row: usize| -> Option<LoggedDecision> {
        let kind = (0..).map_while(record::kind).find(|kind| Some(kind.name()) == kinds.get(row))?;
        Some(LoggedDecision {
            decision_id: id.get(row)?,
            kind,
            function_id: function.get(row)?,
            loop_index: loop_index.get(row),
            events: events(kind, calls.get(row)?, backedges.get(row)?, in_loop.get(row)?),
            at: VirtualTime { ticks: ticks.get(row), model_ns: model.get(row) },
            snapshot_hash: hash.get(row),
            action: named(action.get(row))?,
            taken: named(taken.get(row))?,
            ask_again: again.get(row)?,
            propensities: [stay.get(row)?, warm.get(row)?, hot.get(row)?],
            explore: explore.get(row)?,
        })
    };
    for at in (0..frame.height()).filter(|at| run.get(*at) == Some(wanted)) {
        match row(at) {
            Some(decision) => out.push(decision),
            None => return Ok(None),
        }
    }
    Ok(Some(()))
}

fn events(kind: DecisionKind, calls: f64, backedges: f64, in_loop: f64) -> f64 {
    if kind == DecisionKind::Osr { in_loop } else { calls + backedges }
}
