//! Whether blocks ran as blocks: on one machine, one process after the other in the planned order, and nothing of the
//! experiment in between. Otherwise what drifts on the host does not hit every contestant alike.

use std::collections::BTreeMap;

use super::{
    cell::CellResult,
    plan::{Cell, Plan},
    store::Store,
};

/// By how much a process may seem to start before the one before has ended: start and duration have clocks of their own.
const TOLERANCE_NS: u64 = 1_000_000;

/// When a process ran, in nanoseconds since 1970; `None` where nothing tells.
fn span(result: &CellResult) -> Option<(u64, u64)> {
    let (start, wall) = (result.started_utc_ns, result.wall_ns);
    (start > 0 && wall > 0).then(|| (start, start.saturating_add(wall)))
}

/// How many blocks did not run as blocks. A pause in a block, as of a runner that was killed, is none of it.
pub(super) fn broken(plan: &Plan, store: &Store) -> usize {
    let mut blocks: BTreeMap<u32, Vec<(&Cell, &CellResult)>> = BTreeMap::new();
    let mut starts: BTreeMap<&str, Vec<(u64, u32)>> = BTreeMap::new();
    for cell in &plan.cells {
        let Some(result) = store.get(&cell.id) else { continue };
        if let Some((start, _)) = span(result) {
            starts.entry(&result.host).or_default().push((start, cell.block));
        }
        if cell.contestant.is_some() {
            blocks.entry(cell.block).or_default().push((cell, result));
        }
    }
    starts.values_mut().for_each(|of_host| of_host.sort_unstable());
    let whole = |block: u32, cells: &mut Vec<(&Cell, &CellResult)>| {
        cells.sort_by_key(|(cell, _)| cell.position);
        let host = &cells[0].1.host;
        let spans: Vec<(u64, u64)> = cells.iter().filter_map(|(_, result)| span(result)).collect();
        let last_end = spans.iter().map(|(_, end)| *end).max().unwrap_or(0);
        let intruded = spans.iter().map(|(start, _)| start).min().is_some_and(|first| {
            let of_host = starts.get(host.as_str()).map_or(&[][..], Vec::as_slice);
            let later = &of_host[of_host.partition_point(|(start, _)| start < first)..];
            let during = later.iter().take_while(|(start, _)| start + TOLERANCE_NS < last_end);
            during.into_iter().any(|(_, other)| *other != block)
        });
        let in_order = spans.windows(2).all(|pair| pair[1].0 + TOLERANCE_NS >= pair[0].1);
        cells.iter().all(|(_, result)| result.host == *host) && in_order && !intruded
    };
    blocks.into_iter().filter_map(|(block, mut cells)| (!whole(block, &mut cells)).then_some(block)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{experiment::plan::tests::plan_of, process::End};

    const MS: u64 = 1_000_000;

    /// How many blocks are broken of a plan whose processes run for 10 ms each, 2 ms apart, after `change` has been
    /// made to the results, which are in the planned order.
    fn broken_after(change: impl Fn(&Plan, &mut Vec<CellResult>)) -> usize {
        let plan = plan_of(3, 2, 3, 1);
        let result = |(number, cell): (u64, &Cell)| CellResult {
            cell: cell.id.clone(),
            end: Some(End::Exited(0)),
            wall_ns: 10 * MS,
            started_utc_ns: 1_000_000 * MS + number * 12 * MS,
            host: "a".to_owned(),
            ..CellResult::default()
        };
        let mut results: Vec<CellResult> = (0..).zip(&plan.cells).map(result).collect();
        change(&plan, &mut results);
        let out = tempfile::tempdir().expect("temporary folder");
        let mut store = Store::open(out.path()).expect("opens");
        for result in results {
            store.append(result).expect("appends");
        }
        broken(&plan, &store)
    }

    /// Where the cell at a position of a block is.
    fn at(plan: &Plan, block: u32, position: u32) -> usize {
        let is_it = |cell: &Cell| (cell.block, cell.position) == (block, position);
        plan.cells.iter().position(is_it).expect("planned")
    }

    #[test]
    fn blocks_that_ran_as_planned_are_blocks() {
        assert_eq!(broken_after(|_, _| ()), 0);
        // The runner is killed within a block and continues a day later.
        let pause = |plan: &Plan, results: &mut Vec<CellResult>| {
            results[at(plan, 3, 2)..].iter_mut().for_each(|result| result.started_utc_ns += 86_400_000 * MS);
        };
        assert_eq!(broken_after(pause), 0);
        let unknown = |_: &Plan, results: &mut Vec<CellResult>| {
            results.iter_mut().for_each(|result| result.started_utc_ns = 0);
        };
        assert_eq!(broken_after(unknown), 0);
        let hardly_overlap = |plan: &Plan, results: &mut Vec<CellResult>| {
            results[at(plan, 2, 1)].started_utc_ns -= 2 * MS + MS / 2;
        };
        assert_eq!(broken_after(hardly_overlap), 0);
    }

    #[test]
    fn processes_side_by_side_or_in_another_order_are_no_block() {
        let overlap = |plan: &Plan, results: &mut Vec<CellResult>| {
            results[at(plan, 2, 1)].started_utc_ns -= 6 * MS;
        };
        assert_eq!(broken_after(overlap), 1);
        let other_order = |plan: &Plan, results: &mut Vec<CellResult>| {
            let (one, other) = (at(plan, 4, 0), at(plan, 4, 3));
            let start = results[one].started_utc_ns;
            results[one].started_utc_ns = results[other].started_utc_ns;
            results[other].started_utc_ns = start;
        };
        assert_eq!(broken_after(other_order), 1);
    }

    #[test]
    fn a_cell_of_another_block_in_between_breaks_a_block() {
        // Measured again at the end: others ran between it and the rest of its block.
        let again = |plan: &Plan, results: &mut Vec<CellResult>| {
            results[at(plan, 1, 3)].started_utc_ns += 100_000 * MS;
        };
        assert_eq!(broken_after(again), 1);
        let beside = |host: &'static str| {
            move |plan: &Plan, results: &mut Vec<CellResult>| {
                let within = results[at(plan, 2, 1)].started_utc_ns + 5 * MS;
                for position in 0..4 {
                    let late = &mut results[at(plan, 6, position)];
                    (late.started_utc_ns, late.host) = (within + u64::from(position) * 12 * MS, host.to_owned());
                }
            }
        };
        assert!(broken_after(beside("a")) >= 2);
        assert_eq!(broken_after(beside("b")), 0, "another machine disturbs nobody");
    }

    #[test]
    fn processes_on_several_machines_are_no_block() {
        let moved = |plan: &Plan, results: &mut Vec<CellResult>| "b".clone_into(&mut results[at(plan, 5, 2)].host);
        assert_eq!(broken_after(moved), 1);
    }
}
