//! The decisions of one run, read back: what a replay takes its answers from.

use std::{collections::BTreeMap, path::Path};

use polars::prelude::DataFrame;
use trinity_vm::seam::{Action, ActionSet, Decision, DecisionKind, Feature, VirtualTime};

use crate::{
    error::DataError,
    load::Dataset,
    meta::SEED,
    part, record,
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
    /// a replay is keyed by where compiler threads take turns at random.
    pub events: f64,
    pub legal: ActionSet,
    /// [`trinity_vm::seam::DecisionPoint::snapshot_hash`].
    pub snapshot_hash: u64,
    /// [`trinity_vm::seam::chain_hash`].
    pub chain_hash: u64,
    /// What was done: differs from the answer when that was illegal.
    pub taken: Action,
    /// The answer, but for its [`Decision::fallback`].
    pub decision: Decision,
    /// Why a learned policy fell back to its substitute.
    pub fallback: Option<String>,
}

/// The log of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunLog {
    /// In order.
    pub decisions: Vec<LoggedDecision>,
    /// Specification of the policy that decided; `None`: the run was cut short before it said so.
    pub policy: Option<String>,
    /// Of what was drawn at random; `None`: the log does not say.
    pub seed: Option<u64>,
    /// Events after which that policy wanted to be asked about a function, and about a loop, for the first time; `None`:
    /// the run was cut short before it said so.
    pub first_consultations: Option<[u32; 2]>,
    /// What the run took, as far as the log says.
    pub took: VirtualTime,
    /// The run was logged to its end.
    pub whole: bool,
    /// `source:line` of functions by their identifier, as far as the log says.
    pub functions: BTreeMap<u64, String>,
}

/// Reads the log of a run from a spool or out of a data set: of the run with this identifier, or of the only one there
/// is.
///
/// # Errors
/// [`DataError::NoSuchRun`], and whatever is wrong with the files.
pub fn read_log(path: &Path, run_id: Option<&str>) -> Result<RunLog, DataError> {
    if path.is_dir() { from_data_set(path, run_id) } else { from_spool(path, run_id) }
}

fn from_spool(path: &Path, run_id: Option<&str>) -> Result<RunLog, DataError> {
    if let Some(run_id) = run_id {
        let detail = format!("a spool holds one run and not its name; leave out run={run_id}");
        return Err(DataError::NoSuchRun { path: path.to_owned(), detail });
    }
    let contents = spool_read::read(path)?;
    let decisions = contents.decisions.into_iter().map(logged).collect::<Option<_>>();
    let unknown = || DataError::Spool { path: path.to_owned(), detail: "a decision of an unknown kind".to_owned() };
    let took = contents.run_end.as_ref().map_or_else(VirtualTime::default, |end| end.took);
    let whole = contents.run_end.is_some() && contents.lost_bytes == 0;
    let (policy, first) = contents.run_end.map(|end| (end.policy, end.first_consultations)).unzip();
    Ok(RunLog {
        decisions: decisions.ok_or_else(unknown)?,
        policy,
        seed: None,
        first_consultations: first,
        took,
        whole,
        functions: contents
            .functions
            .into_iter()
            .map(|function| (function.totals.function_id, function.name))
            .collect(),
    })
}

fn logged(decision: spool_read::Decision) -> Option<LoggedDecision> {
    let [calls, backedges, in_loop] =
        [Feature::Calls, Feature::Backedges, Feature::LoopBackedges].map(|f| decision.features[f as usize]);
    let kind = record::kind(decision.kind)?;
    let action = |number: u8| Action::ALL.get(usize::from(number)).copied();
    Some(LoggedDecision {
        decision_id: decision.decision_id,
        kind,
        function_id: decision.function_id,
        loop_index: decision.loop_index,
        events: events(decision.loop_index, calls, backedges, in_loop),
        legal: record::actions(decision.legal),
        snapshot_hash: decision.snapshot_hash,
        chain_hash: decision.chain_hash,
        taken: action(decision.taken)?,
        decision: Decision {
            action: action(decision.action)?,
            ask_again: decision.ask_again,
            propensities: decision.propensities,
            scores: decision.scores,
            explore: decision.explore,
            fallback: None,
        },
        fallback: decision.fallback,
    })
}

const RUN: [&str; 8] =
    ["run_id", "policy_id", "seed", "first_call", "first_backedge", "ticks", "model_ns", "lost_bytes"];

const COLUMNS: [&str; 22] = [
    "run_id",
    "decision_id",
    "kind",
    "function_id",
    "loop_index",
    "calls",
    "backedges",
    "loop_backedges",
    "legal_mask",
    "snapshot_hash",
    "chain_hash",
    "action",
    "taken",
    "ask_again",
    "propensity_stay",
    "propensity_warm",
    "propensity_hot",
    "score_stay",
    "score_warm",
    "score_hot",
    "explore",
    "fallback_reason",
];

fn from_data_set(root: &Path, run_id: Option<&str>) -> Result<RunLog, DataError> {
    let dataset = Dataset::open(root)?;
    let runs = dataset.table(Table::Run, Some(&RUN))?;
    let ids: Vec<&str> = runs.column("run_id")?.str()?.iter().flatten().collect();
    let refuse = |detail: String| DataError::NoSuchRun { path: root.to_owned(), detail };
    let row = match (run_id, ids.as_slice()) {
        (Some(wanted), ids) => ids
            .iter()
            .position(|run| *run == wanted)
            .ok_or_else(|| refuse(format!("no run {wanted} among {}", ids.len())))?,
        (None, [_]) => 0,
        (None, ids) => return Err(refuse(format!("{} runs; say which by its run_id", ids.len()))),
    };
    let wanted = ids[row];
    let first = |name: &str| runs.column(name).and_then(|column| Ok(column.u32()?.get(row)));
    let (policy, seed) = (runs.column("policy_id")?.str()?.get(row), runs.column("seed")?.u64()?.get(row));
    let passed = |name: &str| runs.column(name).and_then(|column| Ok(column.u64()?.get(row)));
    let mut log = RunLog {
        took: VirtualTime { ticks: passed("ticks")?, model_ns: passed("model_ns")? },
        // Only the end of a log says when the policy wants to be asked first.
        whole: passed("lost_bytes")? == Some(0) && first("first_call")?.is_some(),
        policy: policy.map(|policy| policy.replace(SEED, &seed.unwrap_or_default().to_string())),
        seed,
        first_consultations: first("first_call")?
            .zip(first("first_backedge")?)
            .map(|(call, backedge)| [call, backedge]),
        ..RunLog::default()
    };
    for part in dataset.parts().iter().filter(|part| part.side == Side::Core) {
        let columns: &[&str] = match part.table {
            Table::Decision => &COLUMNS,
            Table::Function => &["run_id", "function_id", "name"],
            _ => continue,
        };
        // Most parts are of other runs.
        let runs = part::read(&part.path, part.table, part.side, Some(&["run_id"]))?;
        let run = runs.column("run_id")?.str()?;
        let rows: Vec<usize> = (0..runs.height()).filter(|row| run.get(*row) == Some(wanted)).collect();
        if rows.is_empty() {
            continue;
        }
        let frame = part::read(&part.path, part.table, part.side, Some(columns))?;
        if part.table == Table::Function {
            let (id, name) = (frame.column("function_id")?.u64()?, frame.column("name")?.str()?);
            let named = |row: usize| Some((id.get(row)?, name.get(row)?.to_owned()));
            log.functions.extend(rows.into_iter().filter_map(named));
        } else if !decisions_of(&frame, &rows, &mut log.decisions)? {
            let detail = "a decision without meaning".to_owned();
            return Err(DataError::Corrupt { path: part.path.clone(), detail });
        }
    }
    Ok(log)
}

/// Decisions from these rows; false for one that makes no sense.
fn decisions_of(frame: &DataFrame, rows: &[usize], out: &mut Vec<LoggedDecision>) -> Result<bool, DataError> {
    let text = |name: &str| frame.column(name).and_then(|column| column.str());
    let long = |name: &str| frame.column(name).and_then(|column| column.u64());
    let short = |name: &str| frame.column(name).and_then(|column| column.u32());
    let float = |name: &str| frame.column(name).and_then(|column| column.f64());
    let single = |name: &str| frame.column(name).and_then(|column| column.f32());
    let (kinds, action, taken) = (text("kind")?, text("action")?, text("taken")?);
    let (id, function, snapshot, chain) =
        (long("decision_id")?, long("function_id")?, long("snapshot_hash")?, long("chain_hash")?);
    let legal = frame.column("legal_mask")?.u8()?;
    let (loop_index, again) = (short("loop_index")?, short("ask_again")?);
    let (calls, backedges, in_loop) = (float("calls")?, float("backedges")?, float("loop_backedges")?);
    let [stay, warm, hot] = ["propensity_stay", "propensity_warm", "propensity_hot"].map(single);
    let propensities = [stay?, warm?, hot?];
    let [stay, warm, hot] = ["score_stay", "score_warm", "score_hot"].map(single);
    let scores = [stay?, warm?, hot?];
    let explore = frame.column("explore")?.bool()?;
    let fallback = text("fallback_reason")?;
    let named = |name: Option<&str>| Action::ALL.into_iter().find(|action| Some(action.name()) == name);
    let row = |row: usize| -> Option<LoggedDecision> {
        let kind = (0..).map_while(record::kind).find(|kind| Some(kind.name()) == kinds.get(row))?;
        let [stay, warm, hot] = propensities.map(|column| column.get(row));
        Some(LoggedDecision {
            decision_id: id.get(row)?,
            kind,
            function_id: function.get(row)?,
            loop_index: loop_index.get(row),
            events: events(loop_index.get(row), calls.get(row)?, backedges.get(row)?, in_loop.get(row)?),
            legal: record::actions(legal.get(row)?),
            snapshot_hash: snapshot.get(row)?,
            chain_hash: chain.get(row)?,
            taken: named(taken.get(row))?,
            decision: Decision {
                action: named(action.get(row))?,
                ask_again: again.get(row)?,
                propensities: [stay?, warm?, hot?],
                scores: scores.map(|column| column.get(row).unwrap_or(f32::NAN)),
                explore: explore.get(row)?,
                fallback: None,
            },
            fallback: fallback.get(row).map(str::to_owned),
        })
    };
    let before = out.len();
    out.extend(rows.iter().map_while(|at| row(*at)));
    Ok(out.len() - before == rows.len())
}

fn events(loop_index: Option<u32>, calls: f64, backedges: f64, in_loop: f64) -> f64 {
    if loop_index.is_some() { in_loop } else { calls + backedges }
}
