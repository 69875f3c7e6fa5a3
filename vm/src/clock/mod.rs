//! The two clocks: what time is to programs, policies and records.
//!
//! Under the wall clock it is the time of day. Under the virtual clock it passes by what the program does: two runs of
//! one program with one policy and one seed read the same times at the same places, on any machine. So do the other
//! things that a program or a policy could tell runs apart by: ticks are counted, compilation is synchronous, what the
//! libraries ask of the world comes from the clock and the seed ([`crate::stdlib::Host::of`]), and code memory is
//! accounted for by bytecode instead of by machine code, whose length depends on addresses.
//!
//! What a program reads from outside (its arguments, files, the environment, other processes) is its input. Runs that
//! differ in that are different runs.

mod costs;
mod model;

use std::time::Instant;

use crate::{seam::VirtualTime, vm::Vm};
pub use costs::COSTS;
pub(crate) use model::COLD;
pub use model::{CostTable, OpGroup, Price};

/// Which clock a VM runs by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    #[default]
    Wall,
    /// Ticks are counted, and functions are compiled at once. `VmOptions::native_stack` must be so large that compiled
    /// code does not run out of it, since native frames are not of the same size in every build: a kilobyte for each of
    /// the million slots of the Lua stack is.
    Virtual,
}

/// `os.time()` when a VM is made: 2024-01-01 00:00:00 UTC.
pub const EPOCH_SECONDS: i64 = 1_704_067_200;

impl Vm {
    /// The clock by which everything goes.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Nanoseconds since the VM was made, by its clock.
    pub fn elapsed_ns(&self) -> u64 {
        match self.clock {
            Clock::Wall => self.elapsed_ns_at(Instant::now()),
            Clock::Virtual => self.modelled_ns(),
        }
    }

    /// The same at a moment that has just been; under the virtual clock it is now.
    pub(crate) fn elapsed_ns_at(&self, moment: Instant) -> u64 {
        match self.clock {
            Clock::Wall => moment.duration_since(self.created).as_nanos() as u64,
            Clock::Virtual => self.modelled_ns(),
        }
    }

    /// Since the VM was created, as far as it is kept.
    pub fn virtual_time(&self) -> VirtualTime {
        let model_ns = (self.clock == Clock::Virtual).then(|| self.modelled_ns());
        VirtualTime { ticks: self.fuel_used(), model_ns }
    }

    fn modelled_ns(&self) -> u64 {
        let collector = self.heap.work_done() as u64 * u64::from(COSTS.collector_unit);
        (self.model + collector) / 1000
    }
}
