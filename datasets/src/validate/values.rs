//! Values: in their range, one of the known names, and propensities that are probabilities.

use polars::prelude::{Column as Series, DataFrame};
use trinity_vm::seam::Action;

use super::Validation;
use crate::{
    error::DataError,
    load::Dataset,
    schema::{Column, Dtype, Table},
};

/// Propensities are stored with 24 bits each.
const TOLERANCE: f32 = 1e-4;

/// The names that a column of strings may hold; `None`: any.
fn names(table: Table, column: &str) -> Option<&'static [&'static str]> {
    Some(match (table, column) {
        (Table::Run, "split") => &["train", "validation", "test", ""],
        (Table::Run, "logging_mode") => &["off", "spool", ""],
        (Table::Run, "clock_kind") => &["virtual", "wall"],
        (Table::Run, "status") => &["ok", "error", "timeout", "oom", "crash"],
        (Table::Decision, "kind") => &["tier", "osr", "inline", "reopt", "demote"],
        (Table::Decision, "action" | "taken") | (Table::Outcome, "counterfactual_action") => &["stay", "warm", "hot"],
        (Table::Compile, "result") => &["ok", "bailout", "stale"],
        (Table::Outcome, "horizon") => &["next_iter", "run_end", "fixed"],
        (Table::Outcome, "cost_kind") => &["measured", "virtual", "model"],
        _ => return None,
    })
}

pub(super) fn check(dataset: &Dataset, out: &mut Validation) -> Result<(), DataError> {
    for table in Table::ALL {
        let mut wrong = vec![0; table.columns().len()];
        for frame in dataset.frames(table, None) {
            let frame = frame?;
            for (count, column) in wrong.iter_mut().zip(table.columns()) {
                *count += out_of_range(table, column, frame.column(column.name)?)?;
            }
            match table {
                Table::Decision => decisions(&frame, out)?,
                Table::Outcome => costs(&frame, out)?,
                Table::Compile => {
                    let (from, to) = (frame.column("start_ns")?.u64()?, frame.column("install_ns")?.u64()?);
                    let backwards = (0..frame.height()).filter(|row| from.get(*row) > to.get(*row)).count();
                    out.none(backwards, "compilations ended before they began");
                }
                _ => {}
            }
        }
        for (count, column) in wrong.into_iter().zip(table.columns()) {
            let text = format!("values of `{}.{}` are none that it can have", table.name(), column.name);
            out.none(count, &text);
        }
    }
    Ok(())
}

/// How many values are not what the column can hold.
fn out_of_range(table: Table, column: &Column, values: &Series) -> Result<usize, DataError> {
    let (low, high) = match column.unit {
        "0…1" | "0/1" => (0.0, 1.0),
        _ if column.name.starts_with("score_") || column.name.contains("benefit") || column.name.starts_with("ci_") => {
            (f64::NEG_INFINITY, f64::INFINITY)
        }
        _ if column.name == "size_delta_est" => (f64::NEG_INFINITY, f64::INFINITY),
        _ => (0.0, f64::INFINITY),
    };
    let fits = |value: f64| value.is_finite() && value >= low && value <= high;
    Ok(match column.dtype {
        Dtype::F64 => values.f64()?.iter().flatten().filter(|value| !fits(*value)).count(),
        Dtype::F32 => values.f32()?.iter().flatten().filter(|value| !fits(f64::from(*value))).count(),
        // Every column of this type is a tier or a set of the three actions, of which "stay" is always legal.
        Dtype::U8 if column.name == "legal_mask" => {
            values.u8()?.iter().flatten().filter(|mask| mask & 1 == 0 || *mask > 7).count()
        }
        Dtype::U8 => values.u8()?.iter().flatten().filter(|tier| *tier > 2).count(),
        Dtype::Str => match names(table, column.name) {
            Some(names) => values.str()?.iter().flatten().filter(|name| !names.contains(name)).count(),
            None => 0,
        },
        Dtype::Bool | Dtype::U32 | Dtype::U64 => 0,
    })
}

fn decisions(frame: &DataFrame, out: &mut Validation) -> Result<(), DataError> {
    let legal = frame.column("legal_mask")?.u8()?;
    let [action, taken] = ["action", "taken"].map(|name| frame.column(name).and_then(|column| column.str()));
    let (action, taken) = (action?, taken?);
    let propensity = ["propensity_stay", "propensity_warm", "propensity_hot"]
        .map(|name| frame.column(name).and_then(|column| column.f32()));
    let [stay, warm, hot] = propensity;
    let propensity = [stay?, warm?, hot?];
    let weight = frame.column("sample_weight")?.f64()?;
    let number = |name: Option<&str>| Action::ALL.into_iter().position(|action| Some(action.name()) == name);
    let (mut sums, mut impossible, mut illegal, mut weights) = (0, 0, 0, 0);
    for row in 0..frame.height() {
        let legal = legal.get(row).unwrap_or(0);
        let is_legal = |action: usize| legal & (1 << action) != 0;
        let of = |action: usize| propensity[action].get(row).unwrap_or(f32::NAN);
        illegal += usize::from(!number(taken.get(row)).is_some_and(is_legal));
        weights += usize::from(weight.get(row).is_none_or(|weight| weight < 1.0));
        // A policy that answers what is not legal is overruled, and counted elsewhere.
        if let Some(action) = number(action.get(row)).filter(|action| is_legal(*action)) {
            let sum: f32 = (0..3).filter(|action| is_legal(*action)).map(of).sum();
            sums += usize::from(sum.is_nan() || (sum - 1.0).abs() > TOLERANCE);
            impossible += usize::from(of(action) <= 0.0);
        }
    }
    out.none(sums, "decisions have propensities that do not sum to 1 over the legal actions");
    out.none(impossible, "decisions took an action of propensity 0");
    out.none(illegal, "decisions did what was not legal");
    out.none(weights, "decisions stand for less than one decision (sample_weight)");
    Ok(())
}

/// A counterfactual says what it cost, by which clock, and who decided afterwards.
fn costs(frame: &DataFrame, out: &mut Validation) -> Result<(), DataError> {
    let text = |name: &str| frame.column(name).and_then(|column| column.str());
    let (action, kind, policy) = (text("counterfactual_action")?, text("cost_kind")?, text("continuation_policy")?);
    let number = |name: &str| frame.column(name).and_then(|column| column.f64());
    let (measured, modelled) = (number("counterfactual_cost")?, number("counterfactual_model_ns")?);
    let (low, high) = (number("ci_low")?, number("ci_high")?);
    let mut wrong = 0;
    for row in 0..frame.height() {
        let told = match kind.get(row) {
            None => action.get(row).is_none() && measured.get(row).is_none() && modelled.get(row).is_none(),
            Some("measured") => measured.get(row).is_some() && low.get(row) <= high.get(row),
            Some(_) => modelled.get(row).is_some(),
        };
        wrong += usize::from(!told || action.get(row).is_some() != policy.get(row).is_some());
    }
    out.none(wrong, "outcomes have a counterfactual action without its cost, or a cost without what it is the cost of");
    Ok(())
}
