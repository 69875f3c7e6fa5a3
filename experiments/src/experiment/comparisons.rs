//! Tests between contestants: those that were declared, the rest for exploration, and the A/A check.

use serde::{Deserialize, Serialize};

use super::samples::Samples;
use crate::stats::{
    ALPHA, Agreement, DRAWS, Interval, Pair, Rng, agreement, benjamini_hochberg, detectable_by_test, holm,
    noninferiority, paired_permutation, provable_ratio,
};

/// What a comparison is to show.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// The two differ.
    Difference,
    /// The subject is slower by less than the margin, which is relative: 0.03 is 3 %.
    NotSlower { margin: f64 },
}

/// Two contestants on the primary endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Comparison {
    pub subject: String,
    pub baseline: String,
    pub claim: Claim,
    pub interval: Option<Interval>,
    /// Of the paired permutation test on the blocks' log-ratios, two-sided; for `not-slower` one-sided and doubled.
    pub p: Option<f64>,
    /// After correction: Holm's over the declared comparisons, Benjamini and Hochberg's over the exploratory ones.
    pub p_adjusted: Option<f64>,
    /// Smallest relative difference between the two on all of these programs that the test finds with 80 %
    /// probability, at the strictest level that the correction sets.
    pub detectable: Option<f64>,
    /// In words.
    pub verdict: String,
}

/// One test to be made: subject, baseline and claim.
type Test = (usize, usize, Claim);

/// The comparisons that the spec declares: one family, corrected together.
pub(super) fn declared(samples: &Samples<'_>) -> Vec<Comparison> {
    let spec = &samples.plan.spec;
    let find = |label: &String| samples.plan.contestants.iter().position(|contestant| contestant.label == *label);
    let tests = |pairs: &[[String; 2]], claim: Claim| -> Vec<Test> {
        pairs.iter().filter_map(|[subject, base]| Some((find(subject)?, find(base)?, claim))).collect()
    };
    let mut all = tests(&spec.compare, Claim::Difference);
    all.extend(tests(&spec.not_slower, Claim::NotSlower { margin: spec.margin }));
    compare(samples, &all, holm)
}

/// Every contestant against the baseline, except what was declared.
pub(super) fn exploratory(samples: &Samples<'_>, baseline: usize) -> Vec<Comparison> {
    let contestants = &samples.plan.contestants;
    let is_declared = |subject: usize| {
        let pair = [&contestants[subject].label, &contestants[baseline].label];
        samples.plan.spec.compare.iter().any(|[subject, base]| [subject, base] == pair)
    };
    let tests: Vec<Test> = (0..contestants.len())
        .filter(|index| *index != baseline && contestants[*index].copy_of.is_none() && !is_declared(*index))
        .map(|index| (index, baseline, Claim::Difference))
        .collect();
    compare(samples, &tests, benjamini_hochberg)
}

/// The two copies of one contestant: the comparison for people, and the judgement on the host.
pub(super) fn copies(samples: &Samples<'_>) -> Option<(Comparison, Option<Agreement>)> {
    let contestants = &samples.plan.contestants;
    let (copy, original) = contestants.iter().enumerate().find_map(|(index, contestant)| {
        let label = contestant.copy_of.as_ref()?;
        Some((index, contestants.iter().position(|other| other.label == *label)?))
    })?;
    let comparison = compare(samples, &[(copy, original, Claim::Difference)], holm).pop()?;
    let mut rng = Rng::stream(samples.plan.spec.seed, "A/A of each program");
    Some((comparison, agreement(&log_ratios(samples, copy, original), DRAWS, &mut rng)))
}

fn log_ratios(samples: &Samples<'_>, subject: usize, baseline: usize) -> Vec<Vec<f64>> {
    let programs = samples.by_program(subject, baseline, samples.plan.spec.primary);
    programs.iter().map(|pairs| pairs.iter().map(Pair::log_ratio).collect()).collect()
}

/// Makes these tests on the primary endpoint, with a correction over all of them.
fn compare(samples: &Samples<'_>, tests: &[Test], correct: impl Fn(&[f64]) -> Vec<f64>) -> Vec<Comparison> {
    let (primary, seed) = (samples.plan.spec.primary, samples.plan.spec.seed);
    let mut comparisons: Vec<Comparison> = tests
        .iter()
        .map(|&(subject, baseline, claim)| {
            let groups = log_ratios(samples, subject, baseline);
            let pair = format!("{} / {}", samples.label(subject), samples.label(baseline));
            let p = match claim {
                Claim::Difference => {
                    paired_permutation(&groups, DRAWS, &mut Rng::stream(seed, &format!("permutations {pair}")))
                }
                Claim::NotSlower { margin } => {
                    noninferiority(&groups, margin, DRAWS, &mut Rng::stream(seed, &format!("not slower {pair}")))
                }
            };
            Comparison {
                subject: samples.label(subject).to_owned(),
                baseline: samples.label(baseline).to_owned(),
                claim,
                interval: samples.overall(subject, baseline, primary),
                p,
                p_adjusted: None,
                detectable: detectable_by_test(&groups, ALPHA / tests.len() as f64),
                verdict: String::new(),
            }
        })
        .collect();
    let known: Vec<f64> = comparisons.iter().filter_map(|comparison| comparison.p).collect();
    let mut adjusted = correct(&known).into_iter();
    for comparison in &mut comparisons {
        comparison.p_adjusted = comparison.p.and_then(|_| adjusted.next());
        comparison.verdict = comparison.judged();
    }
    comparisons
}

impl Comparison {
    /// What may be said: the test speaks about these programs, the interval about programs like them.
    fn judged(&self) -> String {
        let (Some(interval), Some(p)) = (self.interval, self.p_adjusted) else { return "not measured".to_owned() };
        let Some((low, high)) = interval.low.zip(interval.high) else { return "too few processes to tell".to_owned() };
        let (shown, finding) = match self.claim {
            Claim::Difference if interval.ratio < 1.0 => (high < 1.0, "faster".to_owned()),
            Claim::Difference => (low > 1.0, "slower".to_owned()),
            Claim::NotSlower { margin } => (high <= 1.0 + margin, format!("not slower by {} or more", percent(margin))),
        };
        match (p <= ALPHA, shown, self.claim) {
            (true, true, _) => finding,
            (true, false, _) => format!("{finding} on these programs, not shown for programs in general"),
            (false, _, Claim::Difference) => format!("no difference shown{}", self.found_at_least()),
            (false, _, Claim::NotSlower { margin }) => {
                let provable = self.detectable.map_or_else(String::new, |detectable| {
                    format!(" (would be shown up to a true ratio of {:.3})", provable_ratio(margin, detectable))
                });
                let slower = if low > 1.0 + margin { "slower" } else { "not shown to be no slower" };
                format!("{slower}, margin {}{provable}", percent(margin))
            }
        }
    }

    /// The minimum detectable effects: no null result goes without them.
    fn found_at_least(&self) -> String {
        match (self.detectable, self.interval.and_then(|interval| interval.detectable)) {
            (Some(here), Some(general)) => {
                format!(" (detectable: {} on these programs, {} in general)", percent(here), percent(general))
            }
            _ => " (nothing is detectable with so few processes)".to_owned(),
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
