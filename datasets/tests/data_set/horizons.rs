//! Labels and costs up to the next iteration, and up to the end of the run.

use tempfile::TempDir;
use trinity_datasets::{Dataset, Horizon, Horizons, RunInput, Table, ViewSpec, convert, training_view, validate};
use trinity_vm::seam::{
    DecisionKind, DecisionRecord, EventSink, FunctionTotals, IterationRecord, RunSummary, VirtualTime,
};

use crate::{decision, function, meta, spool, totals};

#[test]
fn the_next_iteration_is_the_first_to_begin_after_the_decision() {
    let dir = TempDir::new().unwrap();
    let within = |id, iteration| DecisionRecord { iteration, ..decision(id, DecisionKind::Tier, None) };
    let at = |ns| VirtualTime { ticks: None, model_ns: Some(ns) };
    let path = spool(dir.path(), |sink| {
        let ends = |iteration: u32| IterationRecord {
            iteration,
            t_virtual: at(1000 * u64::from(iteration)),
            ..IterationRecord::default()
        };
        sink.decision(&within(0, 0));
        sink.decision(&within(1, 1));
        sink.function_so_far(&FunctionTotals { calls: 12, ..totals() });
        sink.iteration(&ends(1));
        sink.function_so_far(&FunctionTotals { calls: 14, ..totals() });
        sink.iteration(&ends(2));
        sink.decision(&within(2, 3));
        sink.iteration(&ends(3));
        sink.function(&function(totals()));
        sink.run_end(&RunSummary { took: at(3500), consultations: 3, ..RunSummary::default() });
    });

    let horizons = Horizons::of_spool(&path).unwrap();
    let reached = |id, horizon| horizons.reached(id, horizon).model_ns;
    assert_eq!([0, 1, 2].map(|id| reached(id, Horizon::NextIter)), [Some(1000), Some(2000), None]);
    assert_eq!([0, 1, 2].map(|id| reached(id, Horizon::RunEnd)), [Some(3500); 3]);

    let root = dir.path().join("data");
    convert(&root, &[RunInput { meta: meta(), spool: Some(path), ..RunInput::default() }]).unwrap();
    let outcome = Dataset::open(&root).unwrap().table(Table::Outcome, None).unwrap();
    let (id, horizon) = (outcome.column("decision_id").unwrap().u64().unwrap(), outcome.column("horizon").unwrap());
    let (censored, calls) =
        (outcome.column("censored").unwrap().bool().unwrap(), outcome.column("calls_after").unwrap());
    let mut rows: Vec<_> = (0..outcome.height())
        .map(|row| {
            let calls = calls.f64().unwrap().get(row).unwrap();
            (horizon.str().unwrap().get(row).unwrap(), id.get(row).unwrap(), calls, censored.get(row).unwrap())
        })
        .collect();
    rows.sort_by_key(|row| (row.0, row.1));
    let expected = [
        ("next_iter", 0, 2.0, false),
        ("next_iter", 1, 4.0, false),
        ("next_iter", 2, 5.0, true),
        ("run_end", 0, 5.0, false),
        ("run_end", 1, 5.0, false),
        ("run_end", 2, 5.0, false),
    ];
    assert_eq!(rows, expected);
    let view = |horizon| training_view(&root, &ViewSpec { horizon, ..ViewSpec::default() });
    assert_eq!(view(Horizon::NextIter).unwrap().calls_after, [2.0, 4.0]);
    assert_eq!(view(Horizon::RunEnd).unwrap().calls_after, [5.0; 3]);
    let validation = validate(&root).unwrap();
    assert!(validation.valid, "{validation}");
}
