//! Measurements whose truth is known, for tests of the methods.

use super::{Pair, Rng};

/// An experiment with two contestants; spreads are standard deviations of logarithms.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub programs: usize,
    pub blocks: usize,
    pub iterations: usize,
    /// Logarithm of the true ratio, the mean over all programs that there could be.
    pub effect: f64,
    /// Between programs, of their ratios.
    pub program: f64,
    pub program_spread: Spread,
    /// Between processes of one program and contestant.
    pub process: f64,
    /// Between iterations of one process.
    pub iteration: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    Normal,
    /// Exponential: few programs gain much.
    Skewed,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            programs: 1,
            blocks: 30,
            iterations: 1,
            effect: 0.0,
            program: 0.0,
            program_spread: Spread::Normal,
            process: 0.04,
            iteration: 0.0,
        }
    }
}

impl Setup {
    pub fn measure(&self, rng: &mut Rng) -> Vec<Vec<Pair>> {
        (0..self.programs)
            .map(|_| {
                let spread = match self.program_spread {
                    Spread::Normal => rng.normal(),
                    Spread::Skewed => 1.0 + (1.0 - rng.unit()).ln(),
                };
                let effect = self.effect + if self.program > 0.0 { self.program * spread } else { 0.0 };
                (0..self.blocks)
                    .map(|_| {
                        let mut process = |shift: f64| {
                            let level = (shift + self.process * rng.normal()).exp();
                            (0..self.iterations).map(|_| level * (1.0 + self.iteration * rng.normal())).collect()
                        };
                        Pair { subject: process(effect), baseline: process(0.0) }
                    })
                    .collect()
            })
            .collect()
    }

    pub fn log_ratios(&self, rng: &mut Rng) -> Vec<Vec<f64>> {
        self.measure(rng).iter().map(|blocks| blocks.iter().map(Pair::log_ratio).collect()).collect()
    }
}
