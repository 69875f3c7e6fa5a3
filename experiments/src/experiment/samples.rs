//! Which results of an experiment count, and what is compared of them.

use super::{
    cell::CellResult,
    plan::Plan,
    spec::Endpoint,
    store::Store,
    summary::{Counts, Problem},
};
use crate::stats::{Interval, Pair, Rng, flat_tail, hierarchical, mean};

/// Resamples of an interval.
pub const RESAMPLES: u32 = 4_000;

/// The usable results, by input, contestant and replicate.
pub struct Samples<'a> {
    pub(super) plan: &'a Plan,
    results: Vec<Option<&'a CellResult>>,
}

impl<'a> Samples<'a> {
    /// Which results count: those of processes that have ended well and printed what the interpreter prints.
    pub fn usable(plan: &'a Plan, store: &'a Store) -> (Self, Counts, Vec<Problem>) {
        let mut counts = Counts { planned: plan.cells.len(), ..Counts::default() };
        let mut problems = Vec::new();
        let size = plan.inputs.len() * plan.contestants.len() * plan.spec.replicates as usize;
        let mut samples = Samples { plan, results: vec![None; size] };
        let reference: Vec<Option<&CellResult>> = (0..plan.inputs.len())
            .map(|input| {
                let cell = plan.cells.iter().find(|cell| cell.contestant.is_none() && cell.input == input)?;
                store.get(&cell.id).filter(|result| result.succeeded())
            })
            .collect();
        for cell in &plan.cells {
            let Some(result) = store.get(&cell.id) else { continue };
            counts.done += 1;
            let input = &plan.inputs[cell.input];
            let own = result.problem();
            let failed = own.is_some();
            let problem = own.or_else(|| match reference[cell.input] {
                Some(reference) if reference.output_sha256 == result.output_sha256 => None,
                Some(_) => Some("printed another result than `interpret`: void".to_owned()),
                None => Some(
                    "the run under `interpret` failed, so nothing tells whether this result is right: void".to_owned(),
                ),
            });
            match problem {
                None => {
                    counts.usable += 1;
                    if let Some(contestant) = cell.contestant {
                        let index = samples.index(cell.input, contestant, cell.replicate);
                        if let Some(slot) = samples.results.get_mut(index) {
                            *slot = Some(result);
                        }
                    }
                }
                Some(what) => {
                    if failed {
                        counts.failed += 1
                    } else {
                        counts.voided += 1
                    }
                    problems.push(Problem {
                        cell: cell.id.clone(),
                        contestant: plan.contestant(cell).label,
                        program: format!("{} {}", input.program, input.size),
                        what,
                    });
                }
            }
        }
        (samples, counts, problems)
    }

    fn index(&self, input: usize, contestant: usize, replicate: u32) -> usize {
        (input * self.plan.contestants.len() + contestant) * self.plan.spec.replicates as usize + replicate as usize
    }

    fn get(&self, input: usize, contestant: usize, replicate: u32) -> Option<&'a CellResult> {
        self.results.get(self.index(input, contestant, replicate)).copied().flatten()
    }

    pub fn of_input(&self, input: usize, contestant: usize) -> impl Iterator<Item = &'a CellResult> {
        (0..self.plan.spec.replicates).filter_map(move |replicate| self.get(input, contestant, replicate))
    }

    pub(super) fn of_contestant(&self, contestant: usize) -> impl Iterator<Item = &'a CellResult> {
        (0..self.plan.inputs.len()).flat_map(move |input| self.of_input(input, contestant))
    }

    /// One pair per block in which both contestants have the endpoint.
    pub(super) fn pairs(&self, input: usize, subject: usize, baseline: usize, endpoint: Endpoint) -> Vec<Pair> {
        self.pairs_by(input, subject, baseline, |result| measure(result, endpoint))
    }

    /// One pair per block in which both contestants have a value.
    pub fn pairs_by(
        &self,
        input: usize,
        subject: usize,
        baseline: usize,
        value: impl Fn(&CellResult) -> Option<Vec<f64>>,
    ) -> Vec<Pair> {
        (0..self.plan.spec.replicates)
            .filter_map(|replicate| {
                let (subject, baseline) = (self.get(input, subject, replicate)?, self.get(input, baseline, replicate)?);
                if subject.host != baseline.host {
                    return None;
                }
                Some(Pair { subject: value(subject)?, baseline: value(baseline)? })
            })
            .collect()
    }

    /// The pairs of each program, its sizes together: they are no independent programs.
    pub(super) fn by_program(&self, subject: usize, baseline: usize, endpoint: Endpoint) -> Vec<Vec<Pair>> {
        let mut programs: Vec<(&str, Vec<Pair>)> = Vec::new();
        for (index, input) in self.plan.inputs.iter().enumerate() {
            let pairs = self.pairs(index, subject, baseline, endpoint);
            match programs.iter_mut().find(|(name, _)| *name == input.program) {
                Some((_, present)) => present.extend(pairs),
                None => programs.push((&input.program, pairs)),
            }
        }
        programs.into_iter().map(|(_, pairs)| pairs).collect()
    }

    pub(super) fn label(&self, contestant: usize) -> &str {
        &self.plan.contestants[contestant].label
    }

    pub(super) fn overall(&self, subject: usize, baseline: usize, endpoint: Endpoint) -> Option<Interval> {
        let mut rng = Rng::stream(self.plan.spec.seed, &self.stream(subject, baseline, endpoint));
        hierarchical(&self.by_program(subject, baseline, endpoint), RESAMPLES, &mut rng)
    }

    /// Names the choices of an interval over all programs.
    pub(super) fn stream(&self, subject: usize, baseline: usize, endpoint: Endpoint) -> String {
        format!("{} {} / {}", endpoint.name(), self.label(subject), self.label(baseline))
    }
}

/// The endpoint's value in a process, in nanoseconds: one number, or the iterations of a steady state.
pub(super) fn measure(result: &CellResult, endpoint: Endpoint) -> Option<Vec<f64>> {
    let iterations: Vec<f64> = result.iterations_ns.iter().map(|&ns| ns as f64).collect();
    let values = match endpoint {
        Endpoint::First => iterations.first().map(|&first| vec![first])?,
        Endpoint::Cumulative if iterations.is_empty() => return None,
        Endpoint::Cumulative => vec![iterations.iter().sum()],
        Endpoint::Steady => flat_tail(&iterations)?.to_vec(),
        Endpoint::Process => vec![result.wall_ns as f64],
    };
    // A clock too coarse for the work gives zeros, of which there is no ratio.
    (mean(&values) > 0.0).then_some(values)
}
