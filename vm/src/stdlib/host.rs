//! What the libraries ask of the world outside: time, randomness, the size of the heap, the end of the process.
//!
//! A host may replace these functions, for instance to begin at another time than the virtual clock does.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::{
    clock::{Clock, EPOCH_SECONDS},
    vm::Vm,
};

/// The functions behind `os.time`, `os.clock`, `os.exit`, `math.randomseed` and `collectgarbage "count"`.
#[derive(Clone, Copy)]
pub struct Host {
    /// Seconds since the epoch, for `os.time` and `os.date`.
    pub time: fn(&Vm) -> i64,
    /// Seconds of processor time used so far, for `os.clock`.
    pub clock: fn(&Vm) -> f64,
    /// Two seed components for `math.randomseed()`.
    pub entropy: fn(&Vm) -> [u64; 2],
    /// Bytes in use, for `collectgarbage "count"`.
    pub memory: fn(&Vm) -> usize,
    /// Ends the process with an exit code, for `os.exit`; output has been flushed. If it returns, `os.exit` throws.
    pub exit: fn(&mut Vm, i32),
}

impl Host {
    /// Those that go by a clock.
    pub fn of(clock: Clock) -> Host {
        match clock {
            Clock::Wall => Host::outside(),
            Clock::Virtual => Host {
                time: |vm| EPOCH_SECONDS + (vm.elapsed_ns() / 1_000_000_000) as i64,
                clock: |vm| vm.elapsed_ns() as f64 / 1e9,
                entropy: |vm| [vm.seed, vm.elapsed_ns()],
                ..Host::outside()
            },
        }
    }

    fn outside() -> Host {
        Host {
            time: |_| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64),
            clock: |_| processor_seconds(),
            entropy: |vm| {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                [since.as_nanos() as u64, u64::from(std::process::id()) << 32 ^ vm.elapsed_ns()]
            },
            memory: |vm| vm.heap.bytes,
            exit: |_, code| std::process::exit(code),
        }
    }
}

/// Processor time of this process in seconds.
fn processor_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a live `timespec`.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    if status == 0 { time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9 } else { 0.0 }
}

impl Vm {
    /// The host functions in use.
    pub fn host(&self) -> Host {
        self.libraries.host
    }

    /// Replaces the host functions.
    pub fn set_host(&mut self, host: Host) {
        self.libraries.host = host;
    }
}
