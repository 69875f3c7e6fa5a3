//! Tests between contestants: those that were declared, the rest for exploration, and the A/A check.

use serde::{Deserialize, Serialize};

use super::samples::{RESAMPLES, Samples};
use crate::stats::{
    ALPHA, Agreement, DRAWS, Interval, Pair, Rng, agreement, benjamini_hochberg, detectable_by_test, hierarchical,
    hierarchical_at, holm, noninferiority, paired_permutation, provable_ratio,
};

/// Stricter intervals take more resamples, up to so many times as many.
const MOST_RESAMPLES: u32 = 4;

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
    /// Programs of the plan: intervals cover fewer where some were not measured.
    pub programs: usize,
    pub interval: Option<Interval>,
    /// At the level divided by the number of comparisons made together (Bonferroni's correction): what verdicts about
    /// programs in general go by.
    pub simultaneous: Option<Interval>,
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
    let family = Family { tests: tests.len(), resamples: RESAMPLES, draws: DRAWS, seed };
    let comparisons = tests.iter().map(|&(subject, baseline, claim)| {
        let names = [subject, baseline].map(|contestant| samples.label(contestant));
        let stream = samples.stream(subject, baseline, primary);
        family.compare(names, &stream, claim, &samples.by_program(subject, baseline, primary))
    });
    corrected(comparisons.collect(), correct)
}

/// How comparisons are made that are corrected together.
struct Family {
    tests: usize,
    resamples: u32,
    draws: u32,
    seed: u64,
}

impl Family {
    /// One comparison, before correction; `stream` names the choices of its intervals.
    fn compare(&self, names: [&str; 2], stream: &str, claim: Claim, programs: &[Vec<Pair>]) -> Comparison {
        let groups: Vec<Vec<f64>> = programs.iter().map(|pairs| pairs.iter().map(Pair::log_ratio).collect()).collect();
        let [subject, baseline] = names;
        let pair = format!("{subject} / {baseline}");
        let draws = |what: &str| Rng::stream(self.seed, &format!("{what} {pair}"));
        let p = match claim {
            Claim::Difference => paired_permutation(&groups, self.draws, &mut draws("permutations")),
            Claim::NotSlower { margin } => noninferiority(&groups, margin, self.draws, &mut draws("not slower")),
        };
        let level = ALPHA / self.tests as f64;
        let resamples = self.resamples * u32::try_from(self.tests).unwrap_or(u32::MAX).clamp(1, MOST_RESAMPLES);
        let resampling = || Rng::stream(self.seed, stream);
        Comparison {
            subject: subject.to_owned(),
            baseline: baseline.to_owned(),
            claim,
            programs: programs.len(),
            interval: hierarchical(programs, self.resamples, &mut resampling()),
            simultaneous: hierarchical_at(programs, level, resamples, &mut resampling()),
            p,
            p_adjusted: None,
            detectable: detectable_by_test(&groups, level),
            verdict: String::new(),
        }
    }
}

/// With p-values corrected over all comparisons, and verdicts.
fn corrected(mut comparisons: Vec<Comparison>, correct: impl Fn(&[f64]) -> Vec<f64>) -> Vec<Comparison> {
    let known: Vec<f64> = comparisons.iter().filter_map(|comparison| comparison.p).collect();
    let mut adjusted = correct(&known).into_iter();
    for comparison in &mut comparisons {
        comparison.p_adjusted = comparison.p.and_then(|_| adjusted.next());
        comparison.verdict = comparison.judged();
    }
    comparisons
}

impl Comparison {
    /// What may be said: the test speaks about these programs, the simultaneous interval about programs like them.
    fn judged(&self) -> String {
        let (Some(interval), Some(p)) = (self.simultaneous, self.p_adjusted) else { return "not measured".to_owned() };
        let (said, measured) = (self.said(&interval, p), interval.programs);
        if measured < self.programs { format!("{said} ({measured} of {} programs)", self.programs) } else { said }
    }

    fn said(&self, interval: &Interval, p: f64) -> String {
        let Some((low, high)) = interval.low.zip(interval.high) else { return "too few processes to tell".to_owned() };
        let (shown, finding) = match self.claim {
            Claim::Difference if interval.ratio < 1.0 => (high < 1.0, "faster".to_owned()),
            Claim::Difference => (low > 1.0, "slower".to_owned()),
            Claim::NotSlower { margin } => (high <= 1.0 + margin, format!("not slower by {} or more", percent(margin))),
        };
        // One program says nothing about others.
        let single = if interval.programs < 2 { " on this program" } else { "" };
        match (p <= ALPHA, self.claim) {
            (true, _) if !single.is_empty() || shown => format!("{finding}{single}"),
            (true, _) => format!("{finding} on these programs, not shown for programs in general"),
            (false, Claim::Difference) => format!("no difference shown{single}{}", self.found_at_least(interval)),
            (false, Claim::NotSlower { margin }) => {
                let provable = self.detectable.map_or_else(String::new, |detectable| {
                    format!(" (would be shown up to a true ratio of {:.3})", provable_ratio(margin, detectable))
                });
                let slower = if low > 1.0 + margin { "slower" } else { "not shown to be no slower" };
                format!("{slower}{single}, margin {}{provable}", percent(margin))
            }
        }
    }

    /// The minimum detectable effects: no null result goes without them.
    fn found_at_least(&self, interval: &Interval) -> String {
        match (self.detectable, interval.detectable) {
            (Some(here), _) if interval.programs < 2 => format!(" (detectable: {})", percent(here)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::simulation::Setup;

    /// Rule 16 of the methodology, for what is said about programs in general.
    #[test]
    fn one_of_five_equal_policies_differs_in_general_in_at_most_5_percent() {
        const EXPERIMENTS: usize = 300;
        // Against one baseline: each ratio has the spread of two contestants.
        let spread = 0.05 / 2f64.sqrt();
        let setup = Setup { programs: 20, blocks: 3, program: spread, process: 0.03, ..Setup::default() };
        let mut data = Rng::stream(41, "equal policies");
        let (mut wrong, mut on_these_programs) = (0, 0);
        for seed in 0..EXPERIMENTS as u64 {
            let contestants: Vec<Vec<Vec<Pair>>> = (0..6).map(|_| setup.measure(&mut data)).collect();
            let against_the_first = |contestant: &[Vec<Pair>]| -> Vec<Vec<Pair>> {
                let pair = |(a, b): (&Pair, &Pair)| Pair { subject: a.subject.clone(), baseline: b.subject.clone() };
                let programs = contestant.iter().zip(&contestants[0]);
                programs.map(|(a, b)| a.iter().zip(b).map(pair).collect()).collect()
            };
            let family = Family { tests: 5, resamples: 250, draws: 1_000, seed };
            let comparisons = contestants[1..].iter().enumerate().map(|(number, contestant)| {
                let subject = number.to_string();
                family.compare([&subject, "first"], &subject, Claim::Difference, &against_the_first(contestant))
            });
            let found = corrected(comparisons.collect(), holm);
            let said = |what: &dyn Fn(&str) -> bool| found.iter().any(|comparison| what(&comparison.verdict));
            wrong += usize::from(said(&|verdict| ["faster", "slower"].contains(&verdict)));
            on_these_programs += usize::from(said(&|verdict| verdict.contains("on these programs, not shown")));
        }
        println!("{wrong} differ in general, {on_these_programs} on these programs, of {EXPERIMENTS}");
        // 15 expected at most, standard deviation 4
        assert!(wrong <= 21, "{wrong} of {EXPERIMENTS}");
        assert!(on_these_programs > 30, "programs differ, so the test alone would mislead: {on_these_programs}");
    }

    /// Log-ratios of one comparison out of one, judged.
    fn verdict(claim: Claim, programs: &[&[f64]]) -> String {
        let pairs = |group: &&[f64]| group.iter().map(|log_ratio| Pair::scalar(log_ratio.exp(), 1.0)).collect();
        let family = Family { tests: 1, resamples: 500, draws: 1_000, seed: 1 };
        let programs: Vec<Vec<Pair>> = programs.iter().map(pairs).collect();
        corrected(vec![family.compare(["a", "b"], "a / b", claim, &programs)], holm)[0].verdict.clone()
    }

    #[test]
    fn one_program_speaks_for_itself_only() {
        let slow: Vec<f64> = (0..12).map(|block| 0.1 + 0.001 * f64::from(block)).collect();
        let fast: Vec<f64> = slow.iter().map(|log_ratio| -log_ratio).collect();
        let equal: Vec<f64> = (0..12).map(|block| if block % 2 == 0 { 0.01 } else { -0.01 }).collect();
        let margin = Claim::NotSlower { margin: 0.03 };
        assert_eq!(verdict(Claim::Difference, &[&slow]), "slower on this program");
        assert_eq!(verdict(Claim::Difference, &[&fast]), "faster on this program");
        assert_eq!(verdict(margin, &[&fast]), "not slower by 3.0 % or more on this program");
        assert!(verdict(margin, &[&slow]).starts_with("slower on this program, margin 3.0 %"));
        let null = verdict(Claim::Difference, &[&equal]);
        assert!(null.starts_with("no difference shown on this program (detectable: "), "{null}");
        assert!(!null.contains("general"), "{null}");
    }

    #[test]
    fn a_verdict_says_how_many_programs_it_covers_if_not_all() {
        let slow: Vec<f64> = (0..12).map(|block| 0.1 + 0.001 * f64::from(block)).collect();
        assert_eq!(verdict(Claim::Difference, &[&slow, &slow, &slow, &[]]), "slower (3 of 4 programs)");
        assert_eq!(verdict(Claim::Difference, &[&slow, &slow, &slow]), "slower");
        assert_eq!(verdict(Claim::Difference, &[&slow, &[]]), "slower on this program (1 of 2 programs)");
        assert_eq!(verdict(Claim::Difference, &[&[], &[]]), "not measured");
    }
}
