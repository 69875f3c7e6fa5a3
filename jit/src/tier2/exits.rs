//! Side exits: their records, and a way to provoke them.

use std::sync::atomic::AtomicU64;

/// The record behind one exit, addressed by its stub; owned by the code.
pub struct ExitInfo {
    /// Address of the prototype: the record is made on the thread that compiles.
    pub proto: usize,
    pub loop_index: Option<usize>,
    pub pc: u32,
    pub reason: &'static str,
    pub deopt: bool,
}

/// For tests: guards take their exits now and then although they hold. An exit is right in any state that its guard can
/// meet, so programs do the same. One generator is behind all guards of a compiler's code, which steps it when it executes
/// one; the thread that runs Lua is the only one to do so.
pub struct ForcedExits {
    pub(super) state: AtomicU64,
    /// One guard in two to the power of this fails.
    pub(super) rarity: u32,
}

impl ForcedExits {
    /// Of a linear congruential generator modulo 2⁶⁴ (Knuth, MMIX).
    pub(super) const MULTIPLIER: i64 = 6_364_136_223_846_793_005;
    pub(super) const INCREMENT: i64 = 1_442_695_040_888_963_407;

    /// Exits by this seed, at one in 2 to the power of `rarity` (1 to 32) of the guards that are executed.
    pub fn new(seed: u64, rarity: u32) -> ForcedExits {
        ForcedExits { state: AtomicU64::new(seed), rarity: rarity.clamp(1, 32) }
    }
}
