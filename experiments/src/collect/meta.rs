//! What the `run` table says about a run besides what it logged.

use std::{collections::BTreeMap, time::SystemTime};

use trinity_datasets::{Assignment, RunMeta};

use super::ByHand;
use crate::{
    clock::ClockKind,
    experiment::{CellResult, Contestant, host_info::HostInfo, plan::build_digest},
    failure::Result,
    files,
    process::End,
    suite::Input,
};

/// What all runs of a collection share.
pub(super) fn common(experiment: &str, jobs: usize, clock: ClockKind) -> Result<RunMeta> {
    let host = HostInfo::of_this_machine();
    let identity = format!("{} {} {}", host.cpu, host.cpus, host.kernel);
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    Ok(RunMeta {
        experiment_id: experiment.to_owned(),
        split: Assignment::Train.name().to_owned(),
        suite: "trinity".to_owned(),
        // Of the sources, whatever the repository calls them; so nothing can differ from it.
        vm_commit: concat!(env!("CARGO_PKG_VERSION"), "+", env!("TRINITY_SOURCE_DIGEST")).to_owned(),
        build_flags: env!("TRINITY_BUILD_FLAGS").to_owned(),
        build_sha256: Some(build_digest()?),
        host_id: files::sha256(identity.as_bytes())[..16].to_owned(),
        cpu_model: host.cpu,
        microcode: some(host.microcode),
        kernel: host.kernel,
        governor: some(host.governor),
        turbo: host.turbo,
        aslr: some(host.aslr).map(|setting| setting != "0"),
        pinned_cpus: some(host.pinned_cpus),
        concurrent_runs: Some(jobs as u32),
        logging_mode: "spool".to_owned(),
        clock_kind: clock.name().to_owned(),
        cost_table: clock.cost_table(),
        ..RunMeta::default()
    })
}

/// What is known of a run before it is run.
pub(super) fn planned(common: &RunMeta, policy: &Contestant, input: &Input, split: Assignment, order: u32) -> RunMeta {
    RunMeta {
        order_index: order,
        program_id: input.program.clone(),
        family_id: input.family.clone(),
        source_sha256: input.source_sha256.clone(),
        input_id: format!("{} {}", input.size, input.n),
        split: split.name().to_owned(),
        policy_kind: trinity_policy::kind(&policy.label).to_owned(),
        policy_id: policy.label.clone(),
        policy_sha256: policy.file_sha256.clone(),
        ..common.clone()
    }
}

/// A planned run with its end.
pub(super) fn finished(planned: &RunMeta, result: &CellResult) -> RunMeta {
    let status = match result.end {
        Some(End::Exited(0)) if result.succeeded() => "ok",
        Some(End::TimedOut) => "timeout",
        Some(End::Signalled(_)) => "crash",
        _ => "error",
    };
    RunMeta {
        start_utc_ns: result.started_utc_ns,
        wall_ns: Some(result.wall_ns),
        cpu_user_ns: Some(result.user_ns),
        cpu_sys_ns: Some(result.system_ns),
        peak_rss_bytes: Some(result.peak_rss_bytes),
        status: status.to_owned(),
        output_sha256: Some(result.output_sha256.clone()),
        ..planned.clone()
    }
}

/// A run that somebody asked for at the command line.
pub(super) fn by_hand(run: &ByHand) -> Result<RunMeta> {
    let ByHand { policy, clock, seed, exit_status, script, sources, vm_options } = run;
    let (policy, clock, seed, exit_status) = (*policy, *clock, *seed, *exit_status);
    let program = script.first().map_or("-e", String::as_str);
    let started = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Ok(RunMeta {
        program_id: program.to_owned(),
        family_id: program.to_owned(),
        source_sha256: match sources {
            [source] => source.clone(),
            sources => files::sha256(sources.concat().as_bytes()),
        },
        vm_options: vm_options.clone(),
        input_id: script.get(1..).unwrap_or_default().join(" "),
        suite: "scripts".to_owned(),
        policy_kind: trinity_policy::kind(policy).to_owned(),
        policy_id: policy.to_owned(),
        seed,
        start_utc_ns: started.as_nanos() as u64,
        status: if exit_status == 0 { "ok" } else { "error" }.to_owned(),
        concurrent_runs: None,
        ..common("trinity run", 1, clock)?
    })
}

/// For the data set's card.
pub(super) fn environment(common: &RunMeta, jobs: usize) -> BTreeMap<String, String> {
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    let pairs = [
        ("build", common.build_flags.clone()),
        ("build_sha256", or(&common.build_sha256)),
        ("clock", common.clock_kind.clone()),
        ("cpu", common.cpu_model.clone()),
        ("governor", or(&common.governor)),
        ("jobs", jobs.to_string()),
        ("kernel", common.kernel.clone()),
        ("microcode", or(&common.microcode)),
        ("vm", common.vm_commit.clone()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
