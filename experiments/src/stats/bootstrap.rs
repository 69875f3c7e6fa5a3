//! Hierarchical bootstrap of a geometric-mean ratio: program → block → iteration.
//!
//! Resampling whole blocks keeps the two sides of a comparison paired; resampling programs makes the interval speak
//! about programs like these rather than about exactly these (Davison and Hinkley 1997, section 3.8; Kalibera and
//! Jones 2013).

use serde::{Deserialize, Serialize};

use super::{Rng, mean, median, normal_cdf, quantile, student_quantile};

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

    fn resampled_log_ratio(&self, rng: &mut Rng) -> f64 {
        let mut draw = |values: &[f64]| match values {
            [single] => *single,
            many => (0..many.len()).map(|_| many[rng.below(many.len())]).sum::<f64>() / many.len() as f64,
        };
        (draw(&self.subject) / draw(&self.baseline)).ln()
    }
}

/// A ratio with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Geometric mean over programs of the geometric mean over blocks; or ratio of medians over blocks.
    pub ratio: f64,
    /// `None` where a single block allows no interval.
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Smallest relative difference found with 80 % probability at the 5 % level, by the bootstrap's standard error.
    pub detectable: Option<f64>,
    pub programs: usize,
    pub blocks: usize,
}

/// The geometric-mean ratio of `programs` (each a list of blocks) with a 95 % interval from `resamples` resamples.
///
/// With several programs these are resampled too, with one only its blocks. The interval is the expanded percentile
/// interval (Hesterberg, *The American Statistician* 2015): plain percentiles are too narrow for few units, so the
/// tails are moved out as Student's t moves them out from the normal. `None` without data.
pub fn hierarchical(programs: &[Vec<Pair>], resamples: u32, rng: &mut Rng) -> Option<Interval> {
    let programs: Vec<&Vec<Pair>> = programs.iter().filter(|blocks| !blocks.is_empty()).collect();
    if programs.is_empty() {
        return None;
    }
    let program_mean = |blocks: &[Pair]| blocks.iter().map(Pair::log_ratio).sum::<f64>() / blocks.len() as f64;
    let log_ratio = programs.iter().map(|blocks| program_mean(blocks)).sum::<f64>() / programs.len() as f64;
    let blocks = programs.iter().map(|blocks| blocks.len()).sum();
    let point =
        Interval { ratio: log_ratio.exp(), low: None, high: None, detectable: None, programs: programs.len(), blocks };
    let units = if programs.len() > 1 { programs.len() } else { blocks };
    if units < 2 || resamples < 2 || !log_ratio.is_finite() {
        return Some(point);
    }
    let means: Vec<f64> = (0..resamples)
        .map(|_| {
            let total: f64 = (0..programs.len())
                .map(|_| {
                    let blocks = programs[if programs.len() > 1 { rng.below(programs.len()) } else { 0 }];
                    let sum: f64 =
                        (0..blocks.len()).map(|_| blocks[rng.below(blocks.len())].resampled_log_ratio(rng)).sum();
                    sum / blocks.len() as f64
                })
                .sum();
            total / programs.len() as f64
        })
        .collect();
    Some(point.around(means, units))
}

/// The ratio of medians over the blocks of one program, with an interval as [`hierarchical`] makes it: a few processes
/// that something disturbed do not move it. `None` without data.
pub fn median_ratio(blocks: &[Pair], resamples: u32, rng: &mut Rng) -> Option<Interval> {
    let log_ratio = |blocks: &[(f64, f64)]| {
        let side = |side: fn(&(f64, f64)) -> f64| median(&blocks.iter().map(side).collect::<Vec<_>>());
        (side(|block| block.0) / side(|block| block.1)).ln()
    };
    let blocks: Vec<(f64, f64)> = blocks.iter().map(|pair| (mean(&pair.subject), mean(&pair.baseline))).collect();
    if blocks.is_empty() {
        return None;
    }
    let (ratio, units) = (log_ratio(&blocks).exp(), blocks.len());
    let point = Interval { ratio, low: None, high: None, detectable: None, programs: 1, blocks: units };
    if units < 2 || resamples < 2 || !ratio.is_finite() || ratio == 0.0 {
        return Some(point);
    }
    let medians = (0..resamples)
        .map(|_| {
            let drawn: Vec<(f64, f64)> = (0..units).map(|_| blocks[rng.below(units)]).collect();
            log_ratio(&drawn)
        })
        .collect();
    Some(point.around(medians, units))
}

impl Interval {
    /// With bounds from the logarithms of resampled ratios over so many units.
    fn around(self, mut resampled: Vec<f64>, units: usize) -> Self {
        resampled.sort_by(f64::total_cmp);
        let tail = expanded_tail(units);
        let centre = mean(&resampled);
        let variance =
            resampled.iter().map(|value| (value - centre).powi(2)).sum::<f64>() / (resampled.len() - 1) as f64;
        Self {
            low: Some(quantile(&resampled, tail).exp()),
            high: Some(quantile(&resampled, 1.0 - tail).exp()),
            // 2.802 = z(0.975) + z(0.8)
            detectable: Some((2.802 * variance.sqrt()).exp_m1()),
            ..self
        }
    }
}

/// Probability in each tail of a 95 % expanded percentile interval over `units` resampled units.
fn expanded_tail(units: usize) -> f64 {
    let n = units as f64;
    normal_cdf(-(n / (n - 1.0)).sqrt() * student_quantile(0.975, (units - 1).min(10_000) as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn synthetic(rng: &mut Rng, programs: usize, blocks: usize, iterations: usize, effect: f64) -> Vec<Vec<Pair>> {
        (0..programs)
            .map(|_| {
                let program_effect = if programs > 1 { effect + 0.08 * rng.normal() } else { effect };
                (0..blocks)
                    .map(|_| {
                        let mut process = |shift: f64| {
                            let level = (shift + 0.04 * rng.normal()).exp();
                            (0..iterations).map(|_| level * (1.0 + 0.01 * rng.normal())).collect::<Vec<f64>>()
                        };
                        Pair { subject: process(program_effect), baseline: process(0.0) }
                    })
                    .collect()
            })
            .collect()
    }

    /// How often an interval of simulated measurements holds the true ratio.
    fn coverage(
        [programs, blocks, iterations]: [usize; 3],
        interval: impl Fn(&[Vec<Pair>], &mut Rng) -> Option<Interval>,
    ) -> f64 {
        let effect: f64 = 0.1;
        let mut data = Rng::stream(2_718, "coverage data");
        let covered = (0..1_000)
            .filter(|simulation| {
                let sample = synthetic(&mut data, programs, blocks, iterations, effect);
                let mut rng = Rng::stream(3_141, &format!("coverage {simulation}"));
                let interval = interval(&sample, &mut rng).expect("data");
                interval.low.is_some_and(|low| low <= effect.exp())
                    && interval.high.is_some_and(|high| high >= effect.exp())
            })
            .count();
        covered as f64 / 1_000.0
    }

    #[test]
    fn interval_of_one_program_covers_the_truth_in_93_to_97_percent() {
        let share = coverage([1, 30, 1], |sample, rng| hierarchical(sample, 600, rng));
        assert!((0.93..=0.97).contains(&share), "coverage {share}");
    }

    #[test]
    fn interval_over_programs_covers_the_truth_in_93_to_97_percent() {
        let share = coverage([16, 30, 1], |sample, rng| hierarchical(sample, 600, rng));
        assert!((0.93..=0.97).contains(&share), "coverage {share}");
    }

    #[test]
    fn interval_with_iterations_covers_the_truth_in_93_to_97_percent() {
        let share = coverage([12, 10, 4], |sample, rng| hierarchical(sample, 600, rng));
        assert!((0.93..=0.97).contains(&share), "coverage {share}");
    }

    #[test]
    fn interval_of_medians_covers_the_truth_in_at_least_93_percent() {
        // Medians take few values over few blocks, which makes their intervals a little too wide.
        let share = coverage([1, 30, 1], |sample, rng| median_ratio(&sample[0], 600, rng));
        assert!((0.93..=0.985).contains(&share), "coverage {share}");
    }

    #[test]
    fn one_disturbed_process_does_not_move_a_ratio_of_medians() {
        let mut blocks: Vec<Pair> = (0..9).map(|_| Pair::scalar(2.0, 1.0)).collect();
        blocks[4].subject = vec![50.0];
        let found = median_ratio(&blocks, 400, &mut Rng::stream(1, "x")).expect("data");
        assert_eq!((found.ratio, found.low, found.high.map(f64::round)), (2.0, Some(2.0), Some(2.0)));
        let single = median_ratio(&blocks[..1], 400, &mut Rng::stream(1, "x")).expect("data");
        assert_eq!((single.ratio, single.low), (2.0, None));
        assert_eq!(median_ratio(&[], 400, &mut Rng::stream(1, "x")), None);
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
        // the most extreme resamples are all-of-program-two (1) and all-of-program-one with twice 8
        assert!(found.low.is_some_and(|low| (low - 1.0).abs() < 1e-12));
        assert!(found.high.is_some_and(|high| (4.0..=8.0).contains(&high)));
    }

    #[test]
    fn same_seed_gives_the_same_bits() {
        let sample = synthetic(&mut Rng::stream(5, "data"), 4, 6, 3, 0.2);
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

    #[test]
    fn few_units_widen_the_interval() {
        assert!(expanded_tail(3) < 1e-6);
        assert!((expanded_tail(10_000) - 0.025).abs() < 1e-4);
    }
}
