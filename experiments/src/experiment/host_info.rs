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
    /// Empty where the system does not tell.
    #[serde(default)]
    pub microcode: String,
    #[serde(default)]
    pub turbo: Option<bool>,
    /// The CPUs that this process may run on, where these are not all; else empty.
    #[serde(default)]
    pub pinned_cpus: String,
}

impl HostInfo {
    pub fn of_this_machine() -> Self {
        let line = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let of_cpu = |key: &str| {
            let (_, value) = cpu.lines().find_map(|line| line.strip_prefix(key)?.split_once(':'))?;
            Some(value.trim().to_owned())
        };
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap_or("").trim();
        let online = line("/sys/devices/system/cpu/online");
        let no_turbo = match line("/sys/devices/system/cpu/intel_pstate/no_turbo").as_str() {
            "" => None,
            setting => Some(setting != "0"),
        };
        let boost = match line("/sys/devices/system/cpu/cpufreq/boost").as_str() {
            "" => None,
            setting => Some(setting != "0"),
        };
        Self {
            cpu: of_cpu("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cpus: crate::process::cores(),
            kernel: line("/proc/sys/kernel/osrelease"),
            governor: line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            aslr: line("/proc/sys/kernel/randomize_va_space"),
            microcode: of_cpu("microcode").unwrap_or_default(),
            turbo: no_turbo.map(|off| !off).or(boost),
            pinned_cpus: if allowed == online { String::new() } else { allowed.to_owned() },
        }
    }

    /// Names this machine, among those that measure one experiment, without telling what it is called.
    pub fn id(&self) -> String {
        let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let identity = format!("{} {} {} {}", name.trim(), self.cpu, self.cpus, self.kernel);
        files::sha256(identity.as_bytes())[..16].to_owned()
    }
}
