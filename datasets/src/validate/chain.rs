//! Hashes: of what each decision was made from, and of the log up to it.

use std::collections::HashMap;

use polars::prelude::DataFrame;
use trinity_vm::seam::{Action, Decision, DecisionPoint, Feature, Features, Tier, chain_hash};

use super::Validation;
use crate::{error::DataError, load::Dataset, record, schema::Table};

/// Every row's hashes are those of the row, and its chain goes on where that of the row before it ends.
pub(super) fn check(dataset: &Dataset, out: &mut Validation) -> Result<(), DataError> {
    let hashed = Feature::ALL.iter().filter(|feature| feature.info().deterministic);
    let columns: Vec<&str> = ["run_id", "kind", "function_id", "loop_index", "tier", "legal_mask", "action", "taken"]
        .into_iter()
        .chain(["ask_again", "explore", "propensity_stay", "propensity_warm", "propensity_hot"])
        .chain(["snapshot_hash", "chain_hash"])
        .chain(hashed.clone().map(|feature| feature.info().name))
        .collect();
    let hashed: Vec<Feature> = hashed.copied().collect();
    let mut chains: HashMap<String, u64> = HashMap::new();
    let (mut snapshots, mut links) = (0, 0);
    for frame in dataset.frames(Table::Decision, Some(&columns)) {
        let (wrong_snapshots, wrong_links) = of_frame(&frame?, &hashed, &mut chains)?;
        snapshots += wrong_snapshots;
        links += wrong_links;
    }
    out.none(snapshots, "decisions were not made from what their `snapshot_hash` says: what they saw was changed");
    out.none(links, "decisions are not what their `chain_hash` says: they, or the ones before them, were changed");
    Ok(())
}

fn of_frame(
    frame: &DataFrame,
    hashed: &[Feature],
    chains: &mut HashMap<String, u64>,
) -> Result<(usize, usize), DataError> {
    let text = |name: &str| frame.column(name).and_then(|column| column.str());
    let long = |name: &str| frame.column(name).and_then(|column| column.u64());
    let (run, kind, action, taken) = (text("run_id")?, text("kind")?, text("action")?, text("taken")?);
    let (function, snapshot, chain) = (long("function_id")?, long("snapshot_hash")?, long("chain_hash")?);
    let (loop_index, again) = (frame.column("loop_index")?.u32()?, frame.column("ask_again")?.u32()?);
    let (tier, legal) = (frame.column("tier")?.u8()?, frame.column("legal_mask")?.u8()?);
    let explore = frame.column("explore")?.bool()?;
    let [stay, warm, hot] = ["propensity_stay", "propensity_warm", "propensity_hot"]
        .map(|name| frame.column(name).and_then(|column| column.f32()));
    let propensities = [stay?, warm?, hot?];
    let values: Vec<_> =
        hashed.iter().map(|feature| frame.column(feature.info().name)?.f64()).collect::<Result<_, _>>()?;
    let named = |name: Option<&str>| Action::ALL.into_iter().find(|action| Some(action.name()) == name);
    let mut features = Features::default();
    let mut expected = |row: usize, previous: u64| -> Option<(u64, u64)> {
        for (feature, values) in hashed.iter().zip(&values) {
            features[*feature] = values.get(row)?;
        }
        let point = DecisionPoint {
            kind: (0..).map_while(record::kind).find(|number| Some(number.name()) == kind.get(row))?,
            function_id: function.get(row)?,
            loop_index: loop_index.get(row),
            tier: [Tier::Cold, Tier::Warm, Tier::Hot].get(usize::from(tier.get(row)?)).copied()?,
            features: &features,
            legal: record::actions(legal.get(row)?),
        };
        let mut decision = Decision::certain(named(action.get(row))?, again.get(row)?);
        decision.explore = explore.get(row)?;
        for (place, column) in decision.propensities.iter_mut().zip(&propensities) {
            *place = column.get(row)?;
        }
        let chain = chain_hash(previous, snapshot.get(row)?, &decision, named(taken.get(row))?);
        Some((point.snapshot_hash(), chain))
    };
    let (mut snapshots, mut links) = (0, 0);
    for row in 0..frame.height() {
        let run = run.get(row).unwrap_or("");
        let previous = match chains.get_mut(run) {
            Some(previous) => previous,
            None => chains.entry(run.to_owned()).or_insert(0),
        };
        let hashes = expected(row, *previous);
        snapshots += usize::from(hashes.map(|hashes| hashes.0) != snapshot.get(row));
        links += usize::from(hashes.map(|hashes| hashes.1) != chain.get(row));
        // One row that was changed is one finding.
        *previous = chain.get(row).unwrap_or(0);
    }
    Ok((snapshots, links))
}

#[cfg(test)]
mod tests {
    use polars::prelude::{Column, Float64Chunked, IntoColumn};

    use super::*;
    use crate::synthetic::{self, Shape};

    #[test]
    fn a_feature_that_was_changed_in_a_table_is_found_once() {
        let dir = tempfile::TempDir::new().unwrap();
        synthetic::write(dir.path(), Shape { families: 1, runs_per_family: 1, functions: 3, seed: 1 }).unwrap();
        let mut frame = Dataset::open(dir.path()).unwrap().table(Table::Decision, None).unwrap();
        let hashed: Vec<Feature> =
            Feature::ALL.iter().copied().filter(|feature| feature.info().deterministic).collect();
        let wrong = |frame: &DataFrame| of_frame(frame, &hashed, &mut HashMap::new()).unwrap();
        assert!(frame.height() > 3);
        assert_eq!(wrong(&frame), (0, 0));
        let calls = frame.column("calls").unwrap().f64().unwrap();
        let edited = calls.iter().enumerate().map(|(row, calls)| if row == 1 { Some(1e6) } else { calls });
        let edited: Column = edited.collect::<Float64Chunked>().with_name("calls".into()).into_column();
        frame.with_column(edited).unwrap();
        assert_eq!(wrong(&frame), (1, 0));
    }
}
