//! Where the parameters of a program come from. Counts are drawn log-uniformly: programs differ by factors.

use super::{
    kits::{Kit, kits},
    parameters::{Parameters, Recursion, Types},
};
use crate::stats::Rng;

/// Integer in `low..=high`; each doubling is as likely as any other. Only integers are used, so that it is the same
/// everywhere.
pub(super) fn log_uniform(rng: &mut Rng, low: u32, high: u32) -> u32 {
    let (low, high) = (low.min(high), high.max(low));
    let first = (low + 1).ilog2();
    let octave = first + rng.below(((high + 1).ilog2() - first + 1) as usize) as u32;
    let from = ((1u32 << octave) - 1).max(low);
    let to = ((1u64 << (octave + 1)) - 2).min(u64::from(high)) as u32;
    from + rng.below((to - from + 1) as usize) as u32
}

/// True in so many of a hundred draws.
pub(super) fn percent(rng: &mut Rng, share: u32) -> bool {
    (rng.below(100) as u32) < share
}

pub(super) fn parameters(rng: &mut Rng) -> Parameters {
    let types = match rng.below(100) {
        0..60 => Types::Integer,
        60..84 => Types::Float,
        84..93 => Types::Mixed,
        _ => Types::Changing,
    };
    let helpers = percent(rng, 45);
    let count = [1, 1, 1, 2, 2, 3][rng.below(6)];
    let blocks: Vec<String> = draw(rng, count).into_iter().map(|kit| kit.name.to_owned()).collect();
    Parameters {
        types,
        function_size: if percent(rng, 35) { 0 } else { log_uniform(rng, 1, 9) },
        call_depth: if helpers { log_uniform(rng, 1, 4) } else { 0 },
        fan_out: log_uniform(rng, 1, 3),
        recursion: match rng.below(100) {
            0..60 => Recursion::None,
            60..88 => Recursion::Direct,
            _ => Recursion::Mutual,
        },
        loop_depth: [0, 0, 1, 1, 2, 3][rng.below(6)],
        trip: log_uniform(rng, 2, 400),
        trip_varies: rng.coin(),
        phases: if blocks.len() > 1 { log_uniform(rng, 1, 6) } else { 1 },
        variants: log_uniform(rng, 1, 12),
        allocation: if percent(rng, 60) { 0 } else { log_uniform(rng, 2, 40) },
        library: if percent(rng, 50) { 0 } else { log_uniform(rng, 2, 40) },
        work: log_uniform(rng, 25, 400),
        blocks,
    }
}

/// Different blocks, by weight.
fn draw(rng: &mut Rng, count: usize) -> Vec<&'static Kit> {
    let mut left: Vec<&Kit> = kits().iter().collect();
    (0..count).map(|_| left.swap_remove(rng.below(left.len()))).collect()
}
