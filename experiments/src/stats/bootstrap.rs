//! Hierarchical bootstrap of a geometric-mean ratio: program → process → iteration.
//!
//! Resampling programs makes the interval speak about programs like these rather than about exactly these; resampling
//! whole blocks keeps the two sides of a comparison paired. What is resampled on a lower level is in the spread of the
//! level above already, so that percentiles of resampled means would be up to √2 times too wide where programs agree
//! (Davison and Hinkley, *Bootstrap Methods and their Application*, 1997, section 3.8). Therefore each resample is
//! studentised: its distance from the estimate is taken in its own standard errors, which contain the same excess
//! (section 5.2 there). The interval's shape follows the data, so it also holds for few programs that gain much
//! (simulated sizes: the tests below).

use serde::{Deserialize, Serialize};

use super::{ALPHA, Draw, detectable, mean, quantile, student_quantile};

/// With fewer resampled units than this, their bootstrap distribution says less than Student's t does.
pub(super) const FEWEST_UNITS: usize = 8;
/// Least standard error of a resample, relative to that of the measurements: units drawn several times over seem to
/// agree, and a handful of such resamples would decide about the interval.
const LEAST_SPREAD: f64 = 0.5;

/// One block's measurements of the two contestants: one value per iteration, or a single one per process.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    pub subject: Vec<f64>,
    pub baseline: Vec<f64>,
}

impl Pair {
    /// Two processes, one number each.
    pub fn scalar(subject: f64, baseline: f64) -> Self {
        Self { subject: vec![subject], baseline: vec![baseline] }
    }

    /// Logarithm of the ratio of means.
    pub fn log_ratio(&self) -> f64 {
        (mean(&self.subject) / mean(&self.baseline)).ln()
    }

    fn resampled_log_ratio(&self, draw: &mut impl Draw) -> f64 {
        let mut side = |values: &[f64]| match values {
            [single] => *single,
            many => (0..many.len()).map(|_| many[draw.below(many.len())]).sum::<f64>() / many.len() as f64,
        };
        (side(&self.subject) / side(&self.baseline)).ln()
    }
}

/// A ratio with its interval: of 95 %, unless another level is stated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Geometric mean over programs of the geometric mean over blocks; or ratio of medians over blocks.
    pub ratio: f64,
    /// `None` where a single block allows no interval.
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Smallest relative difference that an interval like this one excludes with 80 % probability.
    pub detectable: Option<f64>,
    pub programs: usize,
    pub blocks: usize,
}

impl Interval {
    /// With bounds and detectable effect from their logarithms.
    pub(super) fn between(self, low: f64, high: f64, detectable: f64) -> Self {
        Self { low: Some(low.exp()), high: Some(high.exp()), detectable: Some(detectable.exp_m1()), ..self }
    }
}

/// The geometric-mean ratio of `programs` (each a list of blocks) with a 95 % interval from `resamples` resamples.
///
/// With several programs these are resampled, then blocks of each, then iterations of each process; with one only
/// its blocks and their iterations. `None` without data.
pub fn hierarchical(programs: &[Vec<Pair>], resamples: u32, draw: &mut impl Draw) -> Option<Interval> {
    hierarchical_at(programs, ALPHA, resamples, draw)
}

/// As [`hierarchical`], with an interval that leaves out `alpha`, and what such an interval detects.
pub fn hierarchical_at(programs: &[Vec<Pair>], alpha: f64, resamples: u32, draw: &mut impl Draw) -> Option<Interval> {
    let programs: Vec<&Vec<Pair>> = programs.iter().filter(|blocks| !blocks.is_empty()).collect();
    let log_ratios = |blocks: &[Pair]| blocks.iter().map(Pair::log_ratio).collect::<Vec<_>>();
    let units: Vec<f64> = match programs[..] {
        [] => return None,
        [blocks] => log_ratios(blocks),
        _ => programs.iter().map(|blocks| mean(&log_ratios(blocks))).collect(),
    };
    let blocks = programs.iter().map(|blocks| blocks.len()).sum();
    let log_ratio = mean(&units);
    let point =
        Interval { ratio: log_ratio.exp(), low: None, high: None, detectable: None, programs: programs.len(), blocks };
    if units.len() < 2 || resamples < 2 || !log_ratio.is_finite() {
        return Some(point);
    }
    let (low, high) = studentised(&units, alpha, resamples, || resample(&programs, draw));
    let detectable = detectable(standard_error(&units), degrees(units.len()), alpha);
    Some(point.between(low, high, detectable))
}

/// The 95 % interval of the mean of `values`, which are independent, from `resamples` resamples; `None` where there are
/// too few for one.
pub fn mean_interval(values: &[f64], resamples: u32, draw: &mut impl Draw) -> Option<(f64, f64)> {
    let drawn = || values.iter().map(|_| values[draw.below(values.len())]).collect();
    (values.len() > 1 && resamples > 1).then(|| studentised(values, ALPHA, resamples, drawn))
}

/// The interval of the mean of `units` that leaves out `alpha`, where `resample` draws as many.
fn studentised(units: &[f64], alpha: f64, resamples: u32, mut resample: impl FnMut() -> Vec<f64>) -> (f64, f64) {
    let (centre, spread) = (mean(units), standard_error(units));
    // Nothing spreads where everything is counted instead of timed.
    let (low, high) = if units.len() < FEWEST_UNITS || spread == 0.0 {
        let t = student_quantile(1.0 - alpha / 2.0, degrees(units.len()));
        (-t, t)
    } else {
        let mut distances: Vec<f64> = (0..resamples)
            .map(|_| {
                let drawn = resample();
                (mean(&drawn) - centre) / standard_error(&drawn).max(LEAST_SPREAD * spread)
            })
            .collect();
        distances.sort_by(f64::total_cmp);
        (quantile(&distances, alpha / 2.0), quantile(&distances, 1.0 - alpha / 2.0))
    };
    (centre - high * spread, centre - low * spread)
}

/// The log-ratios of as many units as there are, drawn with replacement on every level.
fn resample(programs: &[&Vec<Pair>], draw: &mut impl Draw) -> Vec<f64> {
    if let [blocks] = programs {
        return (0..blocks.len()).map(|_| blocks[draw.below(blocks.len())].resampled_log_ratio(draw)).collect();
    }
    (0..programs.len())
        .map(|_| {
            let blocks = programs[draw.below(programs.len())];
            let sum: f64 = (0..blocks.len()).map(|_| blocks[draw.below(blocks.len())].resampled_log_ratio(draw)).sum();
            sum / blocks.len() as f64
        })
        .collect()
}

/// Of the mean of these values.
pub(super) fn standard_error(values: &[f64]) -> f64 {
    let (count, centre) = (values.len() as f64, mean(values));
    (values.iter().map(|value| (value - centre).powi(2)).sum::<f64>() / (count - 1.0) / count).sqrt()
}

pub(super) fn degrees(units: usize) -> u32 {
    u32::try_from(units - 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{
        Rng,
        simulation::{Setup, Spread},
    };

    /// How often the interval holds the true ratio, in 1,000 simulations.
    fn coverage(setup: Setup) -> f64 {
        let setup = Setup { effect: 0.1, ..setup };
        let mut data = Rng::stream(2_718, "coverage data");
        let covered = (0..1_000)
            .filter(|simulation| {
                let sample = setup.measure(&mut data);
                let mut rng = Rng::stream(3_141, &format!("coverage {simulation}"));
                let interval = hierarchical(&sample, 500, &mut rng).expect("data");
                interval.low.is_some_and(|low| low <= setup.effect.exp())
                    && interval.high.is_some_and(|high| high >= setup.effect.exp())
            })
            .count();
        covered as f64 / 1_000.0
    }

    #[test]
    fn the_interval_of_a_mean_holds_it() {
        for count in [5, 10, 30] {
            let mut data = Rng::stream(27, "mean data");
            let covered = (0..1_000).filter(|simulation| {
                let values: Vec<f64> = (0..count).map(|_| 40.0 + 15.0 * data.normal()).collect();
                let mut rng = Rng::stream(31, &format!("mean {simulation}"));
                let (low, high) = mean_interval(&values, 500, &mut rng).expect("several");
                low <= 40.0 && 40.0 <= high
            });
            let share = covered.count() as f64 / 1_000.0;
            assert!((0.925..=0.975).contains(&share), "{count}: {share}");
        }
        assert_eq!(mean_interval(&[1.0], 500, &mut Rng::stream(1, "one")), None);
        assert_eq!(mean_interval(&[3.0, 3.0, 3.0], 500, &mut Rng::stream(1, "equal")), Some((3.0, 3.0)));
    }

    #[test]
    fn a_stricter_level_covers_the_truth_more_often_and_detects_less() {
        let setup = Setup { programs: 15, blocks: 4, program: 0.08, ..Setup::default() };
        let mut data = Rng::stream(2_718, "strict data");
        let missed = (0..1_000).filter(|simulation| {
            let sample = setup.measure(&mut data);
            let at = |alpha| {
                let mut rng = Rng::stream(3_141, &format!("strict {simulation}"));
                hierarchical_at(&sample, alpha, 1_000, &mut rng).expect("data")
            };
            let (strict, usual) = (at(0.01), at(ALPHA));
            assert!(strict.low < usual.low && usual.high < strict.high && usual.detectable < strict.detectable);
            assert_eq!(
                Some(usual),
                hierarchical(&sample, 1_000, &mut Rng::stream(3_141, &format!("strict {simulation}")))
            );
            strict.low > Some(1.0) || strict.high < Some(1.0)
        });
        let missed = missed.count();
        assert!((2..=20).contains(&missed), "{missed} of 1000");
    }

    /// Rule 1 of the methodology, for each of these sizes.
    fn covers_in_93_to_97_percent(setups: &[Setup]) {
        for setup in setups {
            let share = coverage(*setup);
            println!("coverage {share}: {setup:?}");
            assert!((0.93..=0.97).contains(&share), "coverage {share}: {setup:?}");
        }
    }

    fn of(programs: usize, blocks: usize, iterations: usize) -> Setup {
        Setup { programs, blocks, iterations, ..Setup::default() }
    }

    #[test]
    fn interval_of_one_program_covers_the_truth_in_93_to_97_percent() {
        covers_in_93_to_97_percent(&[4, 10, 20, 30].map(|blocks| of(1, blocks, 1)));
    }

    #[test]
    fn interval_over_processes_and_iterations_covers_the_truth_in_93_to_97_percent() {
        covers_in_93_to_97_percent(&[10, 30].map(|blocks| Setup { iteration: 0.04, ..of(1, blocks, 5) }));
    }

    #[test]
    fn interval_over_programs_covers_the_truth_in_93_to_97_percent() {
        let different = Setup { program: 0.08, ..Setup::default() };
        covers_in_93_to_97_percent(&[
            Setup { programs: 3, blocks: 10, ..different },
            Setup { programs: 8, blocks: 10, ..different },
            Setup { programs: 15, blocks: 4, ..different },
            Setup { programs: 15, blocks: 30, ..different },
        ]);
    }

    /// Percentiles of two resampled levels cover in 99 % here: two copies of one policy seem to agree too well.
    #[test]
    fn interval_over_programs_that_agree_covers_the_truth_in_93_to_97_percent() {
        covers_in_93_to_97_percent(&[of(5, 10, 1), of(15, 4, 1), of(12, 30, 1)]);
    }

    #[test]
    fn interval_over_programs_processes_and_iterations_covers_the_truth_in_93_to_97_percent() {
        let noisy = Setup { program: 0.03, iteration: 0.04, ..Setup::default() };
        covers_in_93_to_97_percent(&[
            Setup { programs: 12, blocks: 10, iterations: 4, ..noisy },
            Setup { programs: 8, blocks: 5, iterations: 10, ..noisy },
        ]);
    }

    /// Student's t covers in 90 % here.
    #[test]
    fn interval_over_programs_of_which_few_gain_much_covers_the_truth_in_at_least_92_percent() {
        let skewed = Setup { program: 0.3, program_spread: Spread::Skewed, ..Setup::default() };
        for setup in [10, 15, 30].map(|programs| Setup { programs, blocks: 10, ..skewed }) {
            let share = coverage(setup);
            println!("coverage {share}: {setup:?}");
            assert!((0.92..=0.97).contains(&share), "coverage {share}: {setup:?}");
        }
    }

    #[test]
    fn estimate_is_the_hand_computed_geometric_mean() {
        let programs = vec![
            vec![Pair::scalar(2.0, 1.0), Pair::scalar(8.0, 1.0)], // geometric mean 4
            vec![Pair::scalar(1.0, 1.0)],                         // 1
            vec![],
        ];
        let found = hierarchical(&programs, 200, &mut Rng::stream(1, "x")).expect("data");
        assert!((found.ratio - 2.0).abs() < 1e-12);
        assert_eq!((found.programs, found.blocks), (2, 3));
        // of two units, ln 4 and 0: the mean ± t(0.975, 1) · ln 4 / 2
        let half = 12.706_205 * 4f64.ln() / 2.0;
        let bounds = found.low.zip(found.high).map(|(low, high)| [2f64.ln() - low.ln(), high.ln() - 2f64.ln()]);
        assert!(bounds.is_some_and(|sides| sides.iter().all(|side| (side - half).abs() < 1e-4)), "{found:?}");
    }

    #[test]
    fn what_does_not_spread_has_an_interval_without_width() {
        let programs = vec![vec![Pair::scalar(3.0, 2.0); 4]; 9];
        let found = hierarchical(&programs, 200, &mut Rng::stream(1, "x")).expect("data");
        assert!(found.low.zip(found.high).is_some_and(|(low, high)| (high - low).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn same_seed_gives_the_same_bits() {
        let setup = Setup { programs: 9, blocks: 6, iterations: 3, iteration: 0.02, program: 0.1, ..Setup::default() };
        let sample = setup.measure(&mut Rng::stream(5, "data"));
        let run = |seed| hierarchical(&sample, 500, &mut Rng::stream(seed, "bits"));
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn one_block_has_a_ratio_and_no_interval() {
        let found = hierarchical(&[vec![Pair::scalar(3.0, 2.0)]], 100, &mut Rng::stream(1, "x")).expect("data");
        assert!((found.ratio - 1.5).abs() < 1e-12);
        assert_eq!((found.low, found.high), (None, None));
        assert_eq!(hierarchical(&[vec![]], 100, &mut Rng::stream(1, "x")), None);
    }
}
