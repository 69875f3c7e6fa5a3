//! Spools to Parquet parts, outside the measured process.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::{
    error::DataError,
    frame::{Rows, Value},
    meta::{RunMeta, hex},
    outcome::Totals,
    part, record,
    schema::{Dtype, SCHEMA_VERSION, Table},
    spool_read::{self, Contents},
    view::check_split,
};

/// A part is closed when its `decision` table reaches this many rows.
const ROWS_PER_PART: usize = 500_000;

/// One process execution to store.
#[derive(Clone, Debug)]
pub struct RunInput {
    pub meta: RunMeta,
    /// `None` when logging was off, or the run died before its spool was made.
    pub spool: Option<PathBuf>,
}

/// What a conversion did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConvertReport {
    pub runs: usize,
    pub decisions: usize,
    /// Runs whose spool ends in a partial record.
    pub truncated_runs: usize,
    /// Tier and osr decisions without labels: the run was cut short, or functions share an identifier.
    pub unlabelled: usize,
    pub parts: Vec<PathBuf>,
}

/// Stores runs below `root` as `schema=…/suite=…/policy_kind=…/TABLE/part-….parquet`. Part names are hashes of the
/// runs in them, so several processes may convert into one root, and converting the same runs again replaces the
/// same files.
///
/// # Errors
/// [`DataError::Spool`] for a file that is no spool of this build, [`DataError::TrainingOnly`], [`DataError::Io`].
pub fn convert(root: &Path, runs: &[RunInput]) -> Result<ConvertReport, DataError> {
    let mut report = ConvertReport::default();
    let mut groups: Vec<(&str, &str)> = Vec::new();
    for run in runs {
        let group = (run.meta.suite.as_str(), run.meta.policy_kind.as_str());
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    for (suite, kind) in groups {
        let dir = root
            .join(format!("schema={SCHEMA_VERSION}"))
            .join(format!("suite={}", partition_value(suite)))
            .join(format!("policy_kind={}", partition_value(kind)));
        let mut batch = Batch::new();
        for run in runs.iter().filter(|run| run.meta.suite == suite && run.meta.policy_kind == kind) {
            batch.add(run, &mut report)?;
            if batch.rows[Table::Decision as usize].count() >= ROWS_PER_PART {
                std::mem::replace(&mut batch, Batch::new()).write(&dir, &mut report)?;
            }
        }
        batch.write(&dir, &mut report)?;
    }
    Ok(report)
}

/// Keeps a directory name to characters that every reader of partitioned data takes literally.
fn partition_value(text: &str) -> String {
    let clean: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    if clean.is_empty() { "unknown".to_owned() } else { clean }
}

/// Rows of all tables on their way into one part each.
struct Batch {
    rows: [Rows; 7],
    runs: Sha256,
}

impl Batch {
    fn new() -> Batch {
        Batch { rows: Table::ALL.map(Rows::new), runs: Sha256::new() }
    }

    fn write(self, dir: &Path, report: &mut ConvertReport) -> Result<(), DataError> {
        let name = format!("part-{}.parquet", hex(&self.runs.finalize()[..8]));
        for (table, rows) in Table::ALL.into_iter().zip(self.rows) {
            if rows.count() > 0 {
                report.parts.push(part::write(&dir.join(table.name()), &name, table, rows.finish()?)?);
            }
        }
        Ok(())
    }

    fn add(&mut self, run: &RunInput, report: &mut ConvertReport) -> Result<(), DataError> {
        check_split(&run.meta.family_id, &run.meta.split)?;
        let run_id = run.meta.run_id();
        self.runs.update(run_id.as_bytes());
        let contents = run.spool.as_deref().map(spool_read::read).transpose()?;
        self.run_row(&run_id, &run.meta, contents.as_ref())?;
        report.runs += 1;
        let Some(contents) = contents else { return Ok(()) };
        report.truncated_runs += usize::from(contents.lost_bytes > 0);
        report.decisions += contents.decisions.len();
        report.unlabelled += self.decisions(&run_id, &contents)?;
        self.others(&run_id, &contents)
    }

    fn run_row(&mut self, run_id: &str, meta: &RunMeta, contents: Option<&Contents>) -> Result<(), DataError> {
        let fields = serde_json::to_value(meta).map_err(|error| DataError::Internal(error.to_string()))?;
        let end = contents.and_then(|contents| contents.run_end.as_ref());
        let mut row = Vec::with_capacity(Table::Run.columns().len());
        for column in Table::Run.columns() {
            let from_spool = match column.name {
                "run_id" => Value::Str(run_id),
                "wall_ns" => end.map(|end| end.wall_ns).into(),
                "compile_cpu_ns" => end.map(|end| end.compile_cpu_ns).into(),
                "inference_ns" => end.map(|end| end.inference_ns).into(),
                "gc_ns" => end.map(|end| end.gc_ns).into(),
                "peak_heap_bytes" => end.map(|end| end.peak_heap_bytes).into(),
                "consultations" => end.map(|end| end.consultations).into(),
                "logged_records" => contents.map(|contents| contents.records).into(),
                "lost_bytes" => contents.map(|contents| contents.lost_bytes).into(),
                _ => Value::Null,
            };
            row.push(match fields.get(column.name) {
                Some(serde_json::Value::String(text)) => Value::Str(text),
                Some(serde_json::Value::Bool(flag)) => Value::Bool(*flag),
                Some(serde_json::Value::Number(number)) if column.dtype == Dtype::F64 => {
                    number.as_f64().map_or(Value::Null, Value::Float)
                }
                Some(serde_json::Value::Number(number)) => number.as_u64().into(),
                _ => from_spool,
            });
        }
        self.rows[Table::Run as usize].push(&row)
    }

    /// Rows of `decision` and `outcome`; returns how many decisions have no labels.
    fn decisions(&mut self, run_id: &str, contents: &Contents) -> Result<usize, DataError> {
        let totals = Totals::new(&contents.functions);
        let mut unlabelled = 0;
        let mut row = Vec::with_capacity(Table::Decision.columns().len());
        for decision in &contents.decisions {
            row.clear();
            row.extend([
                Value::Str(run_id),
                Value::Int(decision.decision_id),
                Value::Null,
                Value::Str(kind_name(decision.kind)),
                Value::Int(decision.t_ns),
                Value::Null,
                Value::Int(decision.iteration.into()),
                Value::Int(decision.function_id),
                decision.loop_index.into(),
                Value::Int(decision.tier.into()),
            ]);
            row.extend(decision.features.iter().map(|value| Value::Float(*value)));
            let action = |number| Value::Str(record::action_name(number).unwrap_or("unknown"));
            row.extend([
                Value::Int(decision.legal.into()),
                action(decision.action),
                action(decision.taken),
                Value::Int(decision.ask_again.into()),
            ]);
            row.extend(decision.propensities.iter().map(|value| Value::Float(f64::from(*value))));
            row.extend(
                decision.scores.iter().map(|v| if v.is_nan() { Value::Null } else { Value::Float(f64::from(*v)) }),
            );
            row.extend([
                Value::Bool(decision.explore),
                decision.fallback.as_deref().into(),
                Value::Int(decision.inference_ns.into()),
                Value::Int(decision.feature_ns.into()),
                Value::Float(1.0),
            ]);
            self.rows[Table::Decision as usize].push(&row)?;

            let Some(outcome) = totals.outcome(decision) else { continue };
            unlabelled += usize::from(outcome.self_work_after.is_none());
            row.clear();
            row.extend([
                Value::Str(run_id),
                Value::Int(decision.decision_id),
                Value::Str("run_end"),
                Value::Bool(outcome.censored),
                outcome.self_work_after.into(),
                outcome.calls_after.into(),
                outcome.backedges_after.into(),
                outcome.loop_backedges_after.into(),
                outcome.deopts_after.into(),
            ]);
            row.resize(Table::Outcome.columns().len(), Value::Null);
            self.rows[Table::Outcome as usize].push(&row)?;
        }
        Ok(unlabelled)
    }

    fn others(&mut self, run_id: &str, contents: &Contents) -> Result<(), DataError> {
        for compile in &contents.compiles {
            let [start, install, cpu, build, lower, codegen, link] = compile.times_ns.map(Value::Int);
            let [words, insts, bytes] = compile.sizes.map(|size| Value::Int(size.into()));
            self.rows[Table::Compile as usize].push(&[
                Value::Str(run_id),
                Value::Int(compile.decision_id),
                Value::Int(compile.function_id),
                compile.loop_index.into(),
                Value::Int(compile.tier_from.into()),
                Value::Int(compile.tier_to.into()),
                compile.enqueue_ns.into(),
                start,
                install,
                cpu,
                build,
                lower,
                codegen,
                link,
                words,
                insts,
                bytes,
                Value::Str(record::result_name(compile.result).unwrap_or("unknown")),
                compile.reason.as_deref().into(),
            ])?;
        }
        for iteration in &contents.iterations {
            let [wall, cpu, gc, compile] = iteration.times_ns.map(Value::Int);
            self.rows[Table::Iteration as usize].push(&[
                Value::Str(run_id),
                Value::Int(iteration.iteration.into()),
                wall,
                cpu,
                Value::Null,
                Value::Null,
                gc,
                compile,
                Value::Int(iteration.deopts),
            ])?;
        }
        for function in &contents.functions {
            self.rows[Table::Function as usize].push(&[
                Value::Str(run_id),
                Value::Int(function.function_id),
                Value::Str(&function.name),
                Value::Int(function.bytecode_len.into()),
                Value::Int(function.calls),
                Value::Int(function.backedges),
                Value::Float(function.work),
                Value::Bool(function.censored),
                Value::Int(function.final_tier.into()),
                Value::Int(function.deopts),
            ])?;
        }
        for deopt in &contents.deopts {
            self.rows[Table::Deopt as usize].push(&[
                Value::Str(run_id),
                Value::Int(deopt.t_ns),
                Value::Int(deopt.function_id),
                Value::Int(deopt.pc.into()),
                Value::Str(&deopt.reason),
            ])?;
        }
        Ok(())
    }
}

/// Name of the decision kind with this number.
fn kind_name(number: u8) -> &'static str {
    use trinity_vm::seam::DecisionKind::{Demote, Inline, Osr, Reopt, Tier};
    [Tier, Osr, Inline, Reopt, Demote].get(usize::from(number)).map_or("unknown", |kind| kind.name())
}
