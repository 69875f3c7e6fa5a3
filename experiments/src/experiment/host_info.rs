//! The machine that measures, as far as it says so.

use std::fs;

use serde::{Deserialize, Serialize};

use crate::files;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostInfo {
    pub cpu: String,
    pub cpus: usize,
    pub kernel: String,
    /// Frequency governor of the first CPU; empty where the system has none.
    pub governor: String,
    /// "0", "1" or "2" (the kernel's `randomize_va_space`).
    pub aslr: String,
}

impl HostInfo {
    pub fn of_this_machine() -> Self {
        let line = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        Self {
            cpu: model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned()),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: line("/proc/sys/kernel/osrelease"),
            governor: line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            aslr: line("/proc/sys/kernel/randomize_va_space"),
        }
    }

    /// Names this machine, among those that measure one experiment, without telling what it is called.
    pub fn id(&self) -> String {
        let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let identity = format!("{} {} {} {}", name.trim(), self.cpu, self.cpus, self.kernel);
        files::sha256(identity.as_bytes())[..16].to_owned()
    }
}
