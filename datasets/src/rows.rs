//! Rows of all tables, from what a run logged.

use polars::prelude::DataFrame;
use trinity_vm::seam::{DecisionKind, Feature};

use crate::{
    counterfactual::Counterfactual,
    error::DataError,
    frame::{Rows, Value},
    horizon::Horizon,
    meta::RunMeta,
    outcome::Totals,
    record,
    schema::{Dtype, Table},
    spool_read::{Compile, Contents, Decision, Deopt, Function, Iteration},
};

/// What one run added.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Added {
    pub decisions: usize,
    pub truncated: bool,
    /// Tier and osr decisions without labels.
    pub unlabelled: usize,
}

/// Rows of all tables on their way into one part each.
pub(crate) struct Batch {
    rows: [Rows; 7],
    /// The feature that each column of `decision` is.
    features: Vec<Option<Feature>>,
}

impl Batch {
    pub fn new() -> Batch {
        let features = Table::Decision.columns().iter().map(|column| Feature::by_name(column.name)).collect();
        Batch { rows: Table::ALL.map(Rows::new), features }
    }

    pub fn decisions(&self) -> usize {
        self.rows[Table::Decision as usize].count()
    }

    /// One frame per table that has rows.
    pub fn finish(self) -> Result<Vec<(Table, DataFrame)>, DataError> {
        let filled = Table::ALL.into_iter().zip(self.rows).filter(|(_, rows)| rows.count() > 0);
        filled.map(|(table, rows)| Ok((table, rows.finish()?))).collect()
    }

    /// Adds a run; `contents` is `None` when it left no log.
    pub fn add(
        &mut self,
        run_id: &str,
        meta: &RunMeta,
        contents: Option<&Contents>,
        counterfactuals: &[Counterfactual],
    ) -> Result<Added, DataError> {
        self.run(run_id, meta, contents)?;
        let mut added = Added::default();
        if let Some(contents) = contents {
            added.truncated = contents.lost_bytes > 0;
            added.decisions = contents.decisions.len();
            let totals = Totals::new(contents);
            for decision in &contents.decisions {
                self.decision(run_id, decision)?;
                for horizon in Horizon::ALL {
                    let is_labelled = self.outcome(run_id, decision, &totals, horizon)?;
                    added.unlabelled += usize::from(horizon == Horizon::RunEnd && !is_labelled);
                }
            }
            for (index, compile) in contents.compiles.iter().enumerate() {
                self.compile(run_id, index, compile)?;
            }
            for iteration in &contents.iterations {
                self.iteration(run_id, iteration)?;
            }
            for (index, function) in contents.functions.iter().enumerate() {
                self.function(run_id, index, function)?;
            }
            for (index, deopt) in contents.deopts.iter().enumerate() {
                self.deopt(run_id, index, deopt)?;
            }
        }
        for counterfactual in counterfactuals {
            self.counterfactual(run_id, counterfactual)?;
        }
        Ok(added)
    }

    fn push<'a>(
        &mut self,
        table: Table,
        run_id: &'a str,
        value: impl Fn(&str) -> Option<Value<'a>>,
    ) -> Result<(), DataError> {
        self.rows[table as usize].push(|_, name| if name == "run_id" { Some(Value::Str(run_id)) } else { value(name) })
    }

    fn run(&mut self, run_id: &str, meta: &RunMeta, contents: Option<&Contents>) -> Result<(), DataError> {
        let fields = serde_json::to_value(meta).map_err(|error| DataError::Internal(error.to_string()))?;
        let plan_id = meta.plan_id();
        let end = contents.and_then(|contents| contents.run_end.as_ref());
        self.rows[Table::Run as usize].push(|at, name| {
            let from_spool = match name {
                "run_id" => Value::Str(run_id),
                "plan_id" => Value::Str(&plan_id),
                "wall_ns" => end.map(|end| end.wall_ns).into(),
                "ticks" => end.and_then(|end| end.took.ticks).into(),
                "model_ns" => end.and_then(|end| end.took.model_ns).into(),
                "compile_cpu_ns" => end.map(|end| end.compile_cpu_ns).into(),
                "inference_ns" => end.map(|end| end.inference_ns).into(),
                "gc_ns" => end.map(|end| end.gc_ns).into(),
                "peak_heap_bytes" => end.map(|end| end.peak_heap_bytes).into(),
                "first_call" => end.map(|end| end.first_consultations[0]).into(),
                "first_backedge" => end.map(|end| end.first_consultations[1]).into(),
                "consultations" => end.map(|end| end.consultations).into(),
                "logged_records" => contents.map(|contents| contents.records).into(),
                "lost_bytes" => contents.map(|contents| contents.lost_bytes).into(),
                _ => Value::Null,
            };
            Some(match fields.get(name) {
                Some(serde_json::Value::String(text)) => Value::Str(text),
                Some(serde_json::Value::Bool(flag)) => Value::Bool(*flag),
                Some(serde_json::Value::Number(number)) if Table::Run.columns()[at].dtype == Dtype::F64 => {
                    number.as_f64().map_or(Value::Null, Value::Float)
                }
                Some(serde_json::Value::Number(number)) => number.as_u64().into(),
                _ => from_spool,
            })
        })
    }

    fn decision(&mut self, run_id: &str, decision: &Decision) -> Result<(), DataError> {
        let action = |number| Value::Str(record::action_name(number).unwrap_or("unknown"));
        let propensity = |at: usize| Value::Float(decision.propensities[at].into());
        let score = |at: usize| match decision.scores[at] {
            score if score.is_nan() => Value::Null,
            score => Value::Float(score.into()),
        };
        let features = &self.features;
        self.rows[Table::Decision as usize].push(|at, name| {
            if let Some(feature) = features[at] {
                return Some(Value::Float(decision.features[feature as usize]));
            }
            Some(match name {
                "run_id" => Value::Str(run_id),
                "decision_id" => Value::Int(decision.decision_id),
                "kind" => Value::Str(record::kind(decision.kind).map_or("unknown", DecisionKind::name)),
                "t_ns" => Value::Int(decision.t_ns),
                "t_ticks" => decision.t_virtual.ticks.into(),
                "t_model_ns" => decision.t_virtual.model_ns.into(),
                "snapshot_hash" => Value::Int(decision.snapshot_hash),
                "chain_hash" => Value::Int(decision.chain_hash),
                "iter" => Value::Int(decision.iteration.into()),
                "function_id" => Value::Int(decision.function_id),
                "loop_index" => decision.loop_index.into(),
                "parent_decision_id" => decision.parent.into(),
                "last_deopt_reason" => decision.last_deopt.as_deref().into(),
                "tier" => Value::Int(decision.tier.into()),
                "legal_mask" => Value::Int(decision.legal.into()),
                "action" => action(decision.action),
                "taken" => action(decision.taken),
                "ask_again" => Value::Int(decision.ask_again.into()),
                "propensity_stay" => propensity(0),
                "propensity_warm" => propensity(1),
                "propensity_hot" => propensity(2),
                "score_stay" => score(0),
                "score_warm" => score(1),
                "score_hot" => score(2),
                "explore" => Value::Bool(decision.explore),
                "fallback_reason" => decision.fallback.as_deref().into(),
                "inference_ns" => Value::Int(decision.inference_ns.into()),
                "feature_ns" => Value::Int(decision.feature_ns.into()),
                "sample_weight" => Value::Float(1.0),
                // What no record of the VM has yet.
                _ => Value::Null,
            })
        })
    }

    /// False for a decision whose consequences are not known.
    fn outcome(
        &mut self,
        run_id: &str,
        decision: &Decision,
        totals: &Totals<'_>,
        horizon: Horizon,
    ) -> Result<bool, DataError> {
        let Some(outcome) = totals.outcome(decision, horizon) else { return Ok(true) };
        self.push(Table::Outcome, run_id, |name| {
            Some(match name {
                "decision_id" => Value::Int(decision.decision_id),
                "horizon" => Value::Str(horizon.name()),
                "censored" => Value::Bool(outcome.censored),
                "self_work_after" => outcome.self_work_after.into(),
                "calls_after" => outcome.calls_after.into(),
                "backedges_after" => outcome.backedges_after.into(),
                "loop_backedges_after" => outcome.loop_backedges_after.into(),
                "deopts_after" => outcome.deopts_after.into(),
                "self_ticks_after" => outcome.self_after.ticks.into(),
                "self_model_ns_after" => outcome.self_after.model_ns.into(),
                _ => Value::Null,
            })
        })?;
        Ok(outcome.self_work_after.is_some())
    }

    fn counterfactual(&mut self, run_id: &str, other: &Counterfactual) -> Result<(), DataError> {
        let modelled = other.cost_kind.is_modelled();
        let cost = |wanted: bool, ns: f64| if wanted { Value::Float(ns) } else { Value::Null };
        self.push(Table::Outcome, run_id, |name| {
            Some(match name {
                "decision_id" => Value::Int(other.decision_id),
                "horizon" => Value::Str(other.horizon.name()),
                "counterfactual_action" => Value::Str(other.action.name()),
                "censored" => Value::Bool(false),
                "continuation_policy" => Value::Str(&other.continuation_policy),
                "cost_kind" => Value::Str(other.cost_kind.name()),
                "n_reps" => Value::Int(other.n_reps.into()),
                "sample_weight" => Value::Float(other.sample_weight),
                "counterfactual_model_ns" => cost(modelled, other.cost_ns),
                "realised_benefit_model_ns" => cost(modelled, other.benefit_ns),
                "counterfactual_cost" => cost(!modelled, other.cost_ns),
                "realised_benefit" => cost(!modelled, other.benefit_ns),
                "ci_low" => other.interval_ns.filter(|_| !modelled).map(|interval| interval.0).into(),
                "ci_high" => other.interval_ns.filter(|_| !modelled).map(|interval| interval.1).into(),
                _ => Value::Null,
            })
        })
    }

    fn compile(&mut self, run_id: &str, index: usize, compile: &Compile) -> Result<(), DataError> {
        let [start, install, cpu, build, lower, codegen, link] = compile.times_ns.map(Value::Int);
        let [words, insts, bytes] = compile.sizes.map(|size| Value::Int(size.into()));
        self.push(Table::Compile, run_id, |name| {
            Some(match name {
                "compile_index" => Value::Int(index as u64),
                "decision_id" => Value::Int(compile.decision_id),
                "function_id" => Value::Int(compile.function_id),
                "loop_index" => compile.loop_index.into(),
                "tier_from" => Value::Int(compile.tier_from.into()),
                "tier_to" => Value::Int(compile.tier_to.into()),
                "form" => compile.form.as_deref().into(),
                "bytecode_len" => words,
                "ir_insts" => insts,
                "code_bytes" => bytes,
                "model_ns" => compile.model_ns.into(),
                "result" => Value::Str(record::result_name(compile.result).unwrap_or("unknown")),
                "reason" => compile.reason.as_deref().into(),
                "enqueue_ns" => compile.enqueue_ns.into(),
                "start_ns" => start,
                "install_ns" => install,
                "cpu_ns" => cpu,
                "build_ns" => build,
                "lower_ns" => lower,
                "codegen_ns" => codegen,
                "link_ns" => link,
                _ => return None,
            })
        })
    }

    fn iteration(&mut self, run_id: &str, iteration: &Iteration) -> Result<(), DataError> {
        let [wall, cpu, gc, compile] = iteration.times_ns.map(Value::Int);
        self.push(Table::Iteration, run_id, |name| {
            Some(match name {
                "iter" => Value::Int(iteration.iteration.into()),
                "t_ns" => Value::Int(iteration.t_ns),
                "t_ticks" => iteration.t_virtual.ticks.into(),
                "t_model_ns" => iteration.t_virtual.model_ns.into(),
                "ticks" => iteration.took.ticks.into(),
                "model_ns" => iteration.took.model_ns.into(),
                "deopts" => Value::Int(iteration.deopts),
                "wall_ns" => wall,
                "cpu_ns" => cpu,
                "instructions" => Value::Null,
                "gc_ns" => gc,
                "compile_overlap_ns" => compile,
                _ => return None,
            })
        })
    }

    fn function(&mut self, run_id: &str, index: usize, function: &Function) -> Result<(), DataError> {
        let totals = &function.totals;
        self.push(Table::Function, run_id, |name| {
            Some(match name {
                "function_index" => Value::Int(index as u64),
                "function_id" => Value::Int(totals.function_id),
                "name" => Value::Str(&function.name),
                "bytecode_len" => Value::Int(function.bytecode_len.into()),
                "calls" => Value::Int(totals.calls),
                "backedges" => Value::Int(totals.backedges),
                "work" => Value::Float(totals.work),
                "self_ticks" => totals.took.ticks.into(),
                "self_model_ns" => totals.took.model_ns.into(),
                "censored" => Value::Bool(totals.censored),
                "final_tier" => Value::Int(function.final_tier.into()),
                "deopts" => Value::Int(totals.deopts),
                _ => return None,
            })
        })
    }

    fn deopt(&mut self, run_id: &str, index: usize, deopt: &Deopt) -> Result<(), DataError> {
        self.push(Table::Deopt, run_id, |name| {
            Some(match name {
                "deopt_index" => Value::Int(index as u64),
                "function_id" => Value::Int(deopt.function_id),
                "pc" => Value::Int(deopt.pc.into()),
                "reason" => Value::Str(&deopt.reason),
                "t_ticks" => deopt.t_virtual.ticks.into(),
                "t_model_ns" => deopt.t_virtual.model_ns.into(),
                "t_ns" => Value::Int(deopt.t_ns),
                _ => return None,
            })
        })
    }
}
