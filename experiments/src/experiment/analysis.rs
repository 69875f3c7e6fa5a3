//! From usable results to a summary: ratios with intervals, declared tests.

use std::collections::BTreeSet;

use super::{
    blocks,
    cell::CellResult,
    comparisons,
    plan::{Plan, SCHEMA},
    samples::{RESAMPLES, Samples, measure},
    sealed::Opened,
    spec::Endpoint,
    store::Store,
    summary::{ContestantRow, Counts, ProgramCell, ProgramRow, Summary, Worst},
};
use crate::stats::{Agreement, Rng, hierarchical, mean, median};

/// A confirmatory cell has at least this many processes.
const CONFIRMATORY_REPLICATES: u32 = 30;
/// A learned policy that leaves more than this share of its decisions to its substitute has not been measured.
const MAX_FALLBACK_SHARE: f64 = 0.1;

/// Makes the summary of what has been measured so far; `sealed` is what the folder's log says.
pub fn summarise(plan: &Plan, store: &Store, sealed: Option<Opened>) -> Summary {
    let (samples, counts, problems) = Samples::usable(plan, store);
    let find = |label: &str| plan.contestants.iter().position(|contestant| contestant.label == label);
    let baseline = find(&plan.spec.baseline).unwrap_or(0);
    let programs = program_rows(&samples, baseline);
    let contestants: Vec<ContestantRow> =
        (0..plan.contestants.len()).map(|index| contestant_row(&samples, index, baseline, &programs)).collect();
    let (aa, agreement) = comparisons::copies(&samples).unzip();
    let agreement = agreement.flatten();
    let mut reasons =
        reasons(&samples, &counts, blocks::broken(plan, store), agreement.as_ref(), &contestants, &programs);
    let post_hoc = sealed.as_ref().filter(|_| counts.done > 0).and_then(Opened::post_hoc);
    let status = match (&post_hoc, reasons.is_empty()) {
        (Some(_), _) => "post-hoc",
        (None, true) => "confirmatory",
        (None, false) => "exploratory",
    };
    reasons.splice(..0, post_hoc);
    Summary {
        schema: SCHEMA,
        name: plan.spec.name.clone(),
        question: plan.spec.question.clone(),
        status: status.to_owned(),
        reasons,
        seed: plan.spec.seed,
        replicates: plan.spec.replicates,
        iterations: plan.spec.iterations,
        baseline: plan.spec.baseline.clone(),
        primary: plan.spec.primary,
        spec_sha256: plan.spec_sha256.clone(),
        build_sha256: plan.build_sha256.clone(),
        vm_version: plan.vm_version.clone(),
        host: plan.host.clone(),
        cells: counts,
        sealed,
        contestants,
        comparisons: comparisons::declared(&samples),
        exploratory: comparisons::exploratory(&samples, baseline),
        aa,
        agreement,
        programs,
        problems,
    }
}

fn program_rows(samples: &Samples<'_>, baseline: usize) -> Vec<ProgramRow> {
    let plan = samples.plan;
    let cell = |input: usize, contestant: usize| {
        let results: Vec<&CellResult> = samples.of_input(input, contestant).collect();
        let medians = Endpoint::ALL.map(|endpoint| {
            let values: Vec<f64> =
                results.iter().filter_map(|result| measure(result, endpoint)).map(|values| mean(&values)).collect();
            (!values.is_empty()).then(|| median(&values))
        });
        let label = samples.label(contestant);
        let stream = format!("{} {} {label}", plan.inputs[input].program, plan.inputs[input].size);
        let pairs = samples.pairs(input, contestant, baseline, plan.spec.primary);
        let iterations = results.iter().map(|result| result.iterations_ns.len()).max().unwrap_or(0);
        ProgramCell {
            processes: results.len(),
            median_ns: medians.to_vec(),
            ratio: (contestant != baseline)
                .then(|| hierarchical(&[pairs], RESAMPLES, &mut Rng::stream(plan.spec.seed, &stream)))
                .flatten(),
            flat: results.iter().filter(|result| measure(result, Endpoint::Steady).is_some()).count(),
            curve_ns: (0..iterations)
                .map(|i| {
                    let column: Vec<f64> =
                        results.iter().filter_map(|r| r.iterations_ns.get(i)).map(|&ns| ns as f64).collect();
                    median(&column)
                })
                .collect(),
        }
    };
    plan.inputs
        .iter()
        .enumerate()
        .map(|(index, input)| ProgramRow {
            program: input.program.clone(),
            family: input.family.clone(),
            size: input.size,
            cells: (0..plan.contestants.len()).map(|contestant| cell(index, contestant)).collect(),
        })
        .collect()
}

fn contestant_row(samples: &Samples<'_>, index: usize, baseline: usize, programs: &[ProgramRow]) -> ContestantRow {
    let contestant = &samples.plan.contestants[index];
    let stats: Vec<_> = samples.of_contestant(index).filter_map(|result| result.stats.as_ref()).collect();
    let middle = |values: Vec<f64>| (!values.is_empty()).then(|| median(&values));
    let worst = programs
        .iter()
        .filter_map(|row| {
            Some(Worst { interval: row.cells[index].ratio?, program: format!("{} {}", row.program, row.size) })
        })
        .max_by(|a, b| a.interval.ratio.total_cmp(&b.interval.ratio));
    ContestantRow {
        label: contestant.label.clone(),
        copy_of: contestant.copy_of.clone(),
        ratios: Endpoint::ALL
            .iter()
            .map(|endpoint| (index != baseline).then(|| samples.overall(index, baseline, *endpoint)).flatten())
            .collect(),
        worst,
        compile_cpu_ns: middle(stats.iter().map(|stats| stats.compile_cpu_ns() as f64).collect()),
        code_bytes: middle(stats.iter().map(|stats| stats.code_bytes() as f64).collect()),
        inference_ns: middle(stats.iter().map(|stats| stats.policy.inference_ns as f64).collect()),
        peak_rss_bytes: middle(samples.of_contestant(index).map(|result| result.peak_rss_bytes as f64).collect()),
        consultations: stats.iter().map(|stats| stats.policy.consultations).sum(),
        fallbacks: stats.iter().flat_map(|stats| stats.policy.fallbacks.values()).sum(),
        compiles: stats.iter().map(|stats| stats.compile_count()).sum(),
        deopts: stats.iter().map(|stats| stats.deopt_count()).sum(),
    }
}

/// Why the experiment cannot be called confirmatory.
fn reasons(
    samples: &Samples<'_>,
    counts: &Counts,
    broken: usize,
    agreement: Option<&Agreement>,
    contestants: &[ContestantRow],
    programs: &[ProgramRow],
) -> Vec<String> {
    let plan = samples.plan;
    let mut reasons = Vec::new();
    let fewest = CONFIRMATORY_REPLICATES as usize;
    let small = programs.iter().flat_map(|row| &row.cells).filter(|cell| cell.processes < fewest).count();
    if plan.spec.replicates < CONFIRMATORY_REPLICATES {
        reasons.push(format!(
            "{} processes per program and policy; a confirmatory experiment has {CONFIRMATORY_REPLICATES} or more",
            plan.spec.replicates
        ));
    } else {
        if small > 0 {
            reasons.push(format!(
                "{small} of {} pairs of program and policy have fewer than {CONFIRMATORY_REPLICATES} usable processes",
                programs.len() * contestants.len()
            ));
        }
        reasons.extend(thin(samples));
    }
    if counts.done < counts.planned {
        reasons.push(format!("{} of {} cells have not run yet", counts.planned - counts.done, counts.planned));
    }
    for extension in &plan.extensions {
        reasons.push(match extension.from {
            Some(from) => format!(
                "extended from {from} to more processes when {} cells had been measured: the size was not declared \
                 beforehand",
                extension.done
            ),
            None => format!("{} cells had been measured before this plan was made", extension.done),
        });
    }
    if broken > 0 {
        reasons.push(format!(
            "{broken} of {} blocks did not run as blocks: on several machines, out of their order, side by side, or with \
             others in between",
            plan.blocks()
        ));
    }
    if counts.failed + counts.voided > 0 {
        reasons.push(format!("{} cells failed and {} are void", counts.failed, counts.voided));
    }
    match agreement {
        Some(found) if found.refused => reasons.push(format!("this host is refused: {}", found.said())),
        Some(_) => {}
        None => reasons.push("the two copies of one policy could not be compared".to_owned()),
    }
    for row in contestants {
        if row.fallbacks as f64 > MAX_FALLBACK_SHARE * row.consultations as f64 {
            reasons.push(format!(
                "{} left {} of {} decisions to its substitute: it has not been measured",
                row.label, row.fallbacks, row.consultations
            ));
        }
    }
    reasons
}

/// A block counts where both of its processes have the primary endpoint: too few such blocks for what is compared.
fn thin(samples: &Samples<'_>) -> Option<String> {
    let plan = samples.plan;
    let find = |label: &str| plan.contestants.iter().position(|contestant| contestant.label == label);
    let baseline = find(&plan.spec.baseline)?;
    let mut pairs: BTreeSet<(usize, usize)> =
        (0..plan.contestants.len()).filter(|subject| *subject != baseline).map(|subject| (subject, baseline)).collect();
    let declared = plan.spec.compare.iter().chain(&plan.spec.not_slower);
    pairs.extend(declared.filter_map(|[subject, base]| Some((find(subject)?, find(base)?))));
    let blocks: Vec<usize> = (0..plan.inputs.len())
        .flat_map(|input| pairs.iter().map(move |pair| (input, *pair)))
        .map(|(input, (subject, base))| samples.pairs(input, subject, base, plan.spec.primary).len())
        .collect();
    let few = blocks.iter().filter(|count| **count < CONFIRMATORY_REPLICATES as usize);
    let fewest = few.clone().min()?;
    Some(format!(
        "{} of {} comparisons on a program have fewer than {CONFIRMATORY_REPLICATES} blocks in which both processes have \
         the primary endpoint, {}: down to {fewest}",
        few.count(),
        blocks.len(),
        plan.spec.primary.title()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        experiment::plan::{Extension, tests::plan_of},
        process::End,
    };

    /// A store in which contestant `c` needs `times[c]` times as long, with noise and drift over the blocks.
    fn measured(plan: &Plan, times: &[f64], drift: f64) -> (tempfile::TempDir, Store) {
        let out = tempfile::tempdir().expect("temporary folder");
        let mut store = Store::open(out.path()).expect("opens");
        let mut rng = Rng::stream(99, "noise");
        for (index, cell) in plan.cells.iter().enumerate() {
            let slow = 1.0 + drift * index as f64 / plan.cells.len() as f64;
            let factor = cell.contestant.map_or(1.0, |contestant| times[contestant]);
            let iteration = (1e7 * factor * slow * (1.0 + 0.01 * rng.normal())) as u64;
            let result = CellResult {
                cell: cell.id.clone(),
                end: Some(End::Exited(0)),
                wall_ns: iteration * 11,
                iterations_ns: vec![iteration; 10],
                output_sha256: "same".to_owned(),
                ..CellResult::default()
            };
            store.append(result).expect("appends");
        }
        (out, store)
    }

    #[test]
    fn finds_the_planted_ratios_and_clears_the_copy() {
        let mut plan = plan_of(2, 4, 30, 1);
        plan.spec.compare = vec![["fixed:2,9".to_owned(), "fixed:1,9".to_owned()]];
        let (_out, store) = measured(&plan, &[1.0, 0.8, 1.0], 0.0);
        let summary = summarise(&plan, &store, None);
        assert_eq!((summary.status.as_str(), summary.cells.usable), ("confirmatory", plan.cells.len()));
        let ratio = summary.contestants[1].ratio(Endpoint::Cumulative).expect("measured");
        assert!((ratio.ratio - 0.8).abs() < 0.005, "{ratio:?}");
        assert_eq!(summary.comparisons[0].verdict, "faster");
        let aa = summary.aa.expect("copy");
        assert!(aa.p.is_some_and(|p| p > 0.05) && aa.verdict.starts_with("no difference"), "{aa:?}");
        assert!(aa.verdict.contains("detectable: "), "{}", aa.verdict);
        assert!(summary.agreement.is_some_and(|found| !found.refused && found.programs == 4));
        assert!(summary.exploratory.is_empty(), "the only other policy has been declared");
    }

    #[test]
    fn a_host_on_which_two_copies_differ_is_refused() {
        let plan = plan_of(2, 4, 30, 1);
        let (_out, store) = measured(&plan, &[1.0, 0.8, 1.02], 0.0);
        let summary = summarise(&plan, &store, None);
        assert_eq!(summary.status, "exploratory");
        assert!(summary.agreement.is_some_and(|found| found.refused), "{:?}", summary.agreement);
        assert!(summary.reasons.iter().any(|reason| reason.contains("host is refused")), "{:?}", summary.reasons);
        assert_eq!(summary.exploratory.len(), 1);
        assert_eq!(summary.exploratory[0].verdict, "faster");
    }

    #[test]
    fn what_was_seen_or_extended_before_is_not_confirmatory() {
        let mut plan = plan_of(2, 4, 30, 1);
        let (_out, store) = measured(&plan, &[1.0, 0.8, 1.0], 0.0);
        let again =
            Opened { what: vec!["codecs/sum small".to_owned()], number: Some(2), accesses: 1, openings: Vec::new() };
        let summary = summarise(&plan, &store, Some(again.clone()));
        assert_eq!(summary.status, "post-hoc");
        assert!(summary.reasons[0].contains("opening 2"), "{:?}", summary.reasons);
        let first = summarise(&plan, &store, Some(Opened { number: Some(1), ..again }));
        assert_eq!(first.status, "confirmatory");
        plan.extensions = vec![Extension { from: Some(10), done: 7 }];
        let summary = summarise(&plan, &store, None);
        assert_eq!(summary.status, "exploratory");
        assert!(summary.reasons[0].contains("extended from 10"), "{:?}", summary.reasons);
    }

    #[test]
    fn processes_without_the_primary_endpoint_do_not_count_as_replicates() {
        let mut plan = plan_of(2, 4, 30, 1);
        plan.spec.primary = Endpoint::Steady;
        let (_out, store) = measured(&plan, &[1.0, 0.8, 1.0], 0.0);
        let whole = summarise(&plan, &store, None);
        assert_eq!((whole.status.as_str(), &whole.reasons), ("confirmatory", &Vec::new()));
        // Of one policy on one program, three processes become steady.
        let out = tempfile::tempdir().expect("temporary folder");
        let mut unsteady = Store::open(out.path()).expect("opens");
        for cell in &plan.cells {
            let mut result = store.get(&cell.id).expect("measured").clone();
            if (cell.input, cell.contestant) == (2, Some(1)) && cell.replicate >= 3 {
                result.iterations_ns = (1..=10).map(|iteration| iteration * 10_000_000).collect();
            }
            unsteady.append(result).expect("appends");
        }
        let summary = summarise(&plan, &unsteady, None);
        assert_eq!((summary.status.as_str(), summary.cells.usable), ("exploratory", plan.cells.len()));
        assert!(summary.reasons.iter().any(|reason| reason.contains("steady")), "{:?}", summary.reasons);
        assert!(summary.reasons[0].starts_with("1 of 8 comparisons") && summary.reasons[0].ends_with("down to 3"));
        // Another endpoint has all of them.
        plan.spec.primary = Endpoint::Cumulative;
        assert_eq!(summarise(&plan, &unsteady, None).status, "confirmatory");
    }

    #[test]
    fn processes_on_different_machines_are_no_block() {
        let plan = plan_of(2, 1, 4, 1);
        let out = tempfile::tempdir().expect("temporary folder");
        let mut store = Store::open(out.path()).expect("opens");
        for cell in &plan.cells {
            let result = CellResult {
                cell: cell.id.clone(),
                end: Some(End::Exited(0)),
                iterations_ns: vec![5; 4],
                host: if cell.replicate == 1 || cell.contestant == Some(1) && cell.replicate == 2 { "b" } else { "a" }
                    .to_owned(),
                ..CellResult::default()
            };
            store.append(result).expect("appends");
        }
        let summary = summarise(&plan, &store, None);
        assert_eq!(summary.contestants[1].ratio(Endpoint::Cumulative).map(|interval| interval.blocks), Some(3));
        assert!(summary.reasons.iter().any(|reason| reason.contains("1 of 4 blocks")), "{:?}", summary.reasons);
    }

    #[test]
    fn a_claim_of_no_slower_needs_its_margin() {
        let mut plan = plan_of(3, 4, 30, 1);
        let against = |subject: &str| [subject.to_owned(), "fixed:1,9".to_owned()];
        plan.spec.not_slower = vec![against("fixed:2,9"), against("fixed:3,9")];
        let (_out, store) = measured(&plan, &[1.0, 1.01, 1.06, 1.0], 0.0);
        let summary = summarise(&plan, &store, None);
        let verdicts: Vec<&str> = summary.comparisons.iter().map(|comparison| comparison.verdict.as_str()).collect();
        assert_eq!(verdicts[0], "not slower by 3.0 % or more");
        assert!(verdicts[1].starts_with("slower, margin 3.0 %"), "{verdicts:?}");
    }

    /// Rule 3 of the methodology.
    #[test]
    fn linear_drift_biases_batches_and_moves_the_blocked_ratio_by_less_than_a_fifth_of_a_percent() {
        let ratio = |plan: &Plan, drift| {
            let (_out, store) = measured(plan, &[1.0, 1.1, 1.0, 1.0], drift);
            summarise(plan, &store, None).contestants[1].ratio(Endpoint::Cumulative).expect("measured").ratio
        };
        let moved = |plan: &Plan| (ratio(plan, 0.3) / ratio(plan, 0.0) - 1.0).abs();
        let blocked = plan_of(3, 4, 30, 7);
        assert!(moved(&blocked) < 0.002, "{}", moved(&blocked));
        let mut batches = blocked;
        batches.cells.sort_by_key(|cell| cell.contestant);
        assert!(moved(&batches) > 0.02, "{}", moved(&batches));
    }

    #[test]
    fn another_output_voids_the_cell_and_a_crash_stays_visible() {
        let plan = plan_of(2, 2, 3, 1);
        let out = tempfile::tempdir().expect("temporary folder");
        let mut store = Store::open(out.path()).expect("opens");
        for (index, cell) in plan.cells.iter().enumerate() {
            let crashed = index + 1 == plan.cells.len();
            let result = CellResult {
                cell: cell.id.clone(),
                end: Some(if crashed { End::Signalled(11) } else { End::Exited(0) }),
                iterations_ns: vec![5; 4],
                wall_ns: 30,
                output_sha256: if index + 2 == plan.cells.len() { "other" } else { "same" }.to_owned(),
                ..CellResult::default()
            };
            store.append(result).expect("appends");
        }
        let summary = summarise(&plan, &store, None);
        assert_eq!((summary.cells.failed, summary.cells.voided), (1, 1));
        assert!(summary.problems.iter().any(|problem| problem.what.contains("another result")));
        assert!(summary.problems.iter().any(|problem| problem.what.contains("signal 11")));
        assert_eq!(summary.status, "exploratory");
    }

    #[test]
    fn an_experiment_that_has_not_run_makes_a_summary_without_numbers() {
        let plan = plan_of(2, 2, 3, 1);
        let out = tempfile::tempdir().expect("temporary folder");
        let summary = summarise(&plan, &Store::open(out.path()).expect("opens"), None);
        assert!(summary.contestants.iter().all(|row| row.ratios.iter().all(Option::is_none)));
        assert!(summary.reasons.iter().any(|reason| reason.contains("not run yet")));
    }
}
