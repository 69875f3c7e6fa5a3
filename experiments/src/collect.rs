//! Collection: runs programs with logging on and turns what they logged into a data set.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use trinity_datasets::{DataError, HowMade, RunInput, RunMeta, convert, seal};

use crate::{
    experiment::{
        CellResult, Contestant,
        cell::{Bench, CellOptions},
        contestant::Entry,
        host_info::HostInfo,
        plan::build_digest,
        spec::{Collect, Located},
    },
    failure::{AtPath, Failure, Result},
    files,
    generate::{self, Generated, Generator},
    host,
    process::End,
    progress::Progress,
    suite::{Catalogue, Input, Size},
};

/// Runs whose logs are converted together: one part per table each.
const RUNS_PER_PART: usize = 64;

/// What a collection did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Collected {
    pub runs: usize,
    /// Runs that crashed, timed out or printed a wrong result. They stay in the data set, with their status.
    pub failed: usize,
    pub decisions: usize,
}

struct Run {
    policy: usize,
    input: usize,
    replicate: u32,
}

/// Collects what the `[collect]` table of a spec says into the folder `out`.
///
/// The data set is complete when its manifest is there: a folder that has one is refused.
pub fn collect(located: &Located, out: &Path, command: &str, progress: &Progress) -> Result<Collected> {
    let spec = &located.spec;
    let Some(wanted) = &spec.collect else {
        return Err(Failure::usage(format!(
            "spec '{}' has no [collect] table: say there which families, sizes and policies to log",
            spec.name
        )));
    };
    if out.join("manifest.json").exists() {
        return Err(Failure::usage(format!("{}: holds a data set already; choose another folder", out.display())));
    }
    let suite = Catalogue::embedded()?;
    let mut inputs = inputs(&suite, wanted)?;
    let policies: Vec<Contestant> = wanted
        .policies
        .iter()
        .map(|policy| {
            host::check_policy(policy)?;
            Contestant::resolve(&Entry::Policy(policy.clone()), &located.folder)
        })
        .collect::<Result<_>>()?;
    let work = out.join("collecting");
    let bench = Bench::new(&work, Duration::from_secs(spec.limit_s))?;
    if let Some(generated) = wanted.generated {
        inputs.extend(generate_inputs(generated, &wanted.sizes, &bench.suite, progress)?);
    }
    let mut runs = Vec::new();
    for replicate in 0..wanted.replicates {
        for input in 0..inputs.len() {
            runs.extend((0..policies.len()).map(|policy| Run { policy, input, replicate }));
        }
    }
    let common = common_meta(&spec.name, spec.seed)?;
    let mut done = Collected::default();
    progress.length(runs.len());
    for (batch, runs) in runs.chunks(RUNS_PER_PART).enumerate() {
        let mut stored = Vec::new();
        for (number, run) in runs.iter().enumerate() {
            let (input, policy) = (&inputs[run.input], &policies[run.policy]);
            progress.message(&format!("{} {}", policy.label, input.program));
            let order = batch * RUNS_PER_PART + number;
            let log = bench.scratch.join(format!("log-{order}"));
            let options = CellOptions { iterations: wanted.iterations, log: Some(log.clone()) };
            let result = bench.run("", policy, input, &options)?;
            done.runs += 1;
            done.failed += usize::from(!result.succeeded());
            let meta = RunMeta {
                block_id: format!("{} {} {}", input.program, input.size, run.replicate),
                order_index: order as u32,
                ..describe(&common, policy, input, &result)
            };
            stored.push(RunInput { meta, spool: spool_in(&log) });
            progress.step();
        }
        let report = convert(out, &stored).map_err(|error| Failure::work(error.to_string()))?;
        done.decisions += report.decisions;
    }
    std::fs::remove_dir_all(&work).at("remove", &work)?;
    let how = HowMade {
        title: format!("{}: decisions of {} on {} inputs", spec.name, wanted.policies.join(", "), inputs.len()),
        command: command.to_owned(),
        description: spec.question.clone(),
        licences: vec!["MIT OR Apache-2.0".to_owned()],
    };
    seal(out, &how).map_err(|error| Failure::work(error.to_string()))?;
    progress.finish();
    Ok(done)
}

fn inputs(suite: &Catalogue, wanted: &Collect) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for program in suite.select(&wanted.programs, &wanted.families, false)? {
        for size in &wanted.sizes {
            inputs.push(suite.input(program, *size)?);
        }
    }
    if (inputs.is_empty() && wanted.generated.is_none()) || wanted.policies.is_empty() {
        return Err(Failure::usage("[collect] selects no run: name families or programs, and policies"));
    }
    Ok(inputs)
}

/// The generated programs that a spec asks for, with their files beside the suite's.
fn generate_inputs(wanted: Generated, sizes: &[Size], suite: &Path, progress: &Progress) -> Result<Vec<Input>> {
    let generator = Generator::new(wanted.seed);
    let mut inputs = Vec::new();
    progress.length(wanted.count as usize);
    for number in 0..wanted.count {
        progress.message(&format!("generate {number}"));
        let program = generator.program(number)?;
        generate::write_source(suite, &program)?;
        for size in sizes {
            inputs.push(program.input(*size)?);
        }
        progress.step();
    }
    Ok(inputs)
}

/// What all runs of a collection share.
fn common_meta(experiment: &str, seed: u64) -> Result<RunMeta> {
    let host = HostInfo::of_this_machine();
    let identity = format!("{} {} {}", host.cpu, host.cpus, host.kernel);
    Ok(RunMeta {
        experiment_id: experiment.to_owned(),
        split: "train".to_owned(),
        suite: "trinity".to_owned(),
        seed,
        vm_commit: env!("CARGO_PKG_VERSION").to_owned(),
        build_flags: format!("build {}", build_digest()?),
        host_id: files::sha256(identity.as_bytes())[..16].to_owned(),
        cpu_model: host.cpu,
        kernel: host.kernel,
        governor: Some(host.governor).filter(|governor| !governor.is_empty()),
        aslr: match host.aslr.as_str() {
            "" => None,
            setting => Some(setting != "0"),
        },
        logging_mode: "spool".to_owned(),
        clock_kind: "wall".to_owned(),
        ..RunMeta::default()
    })
}

fn describe(common: &RunMeta, policy: &Contestant, input: &Input, result: &CellResult) -> RunMeta {
    let kind = trinity_policy::kind(&policy.label);
    let status = match result.end {
        Some(End::Exited(0)) if result.succeeded() => "ok",
        Some(End::TimedOut) => "timeout",
        Some(End::Signalled(_)) => "crash",
        _ => "error",
    };
    RunMeta {
        program_id: input.program.clone(),
        family_id: input.family.clone(),
        source_sha256: input.source_sha256.clone(),
        input_id: format!("{} {}", input.size, input.n),
        policy_kind: kind.to_owned(),
        policy_id: policy.label.clone(),
        policy_sha256: policy.file_sha256.clone(),
        start_utc_ns: result.started_utc_ns,
        wall_ns: Some(result.wall_ns),
        cpu_user_ns: Some(result.user_ns),
        cpu_sys_ns: Some(result.system_ns),
        peak_rss_bytes: Some(result.peak_rss_bytes),
        status: status.to_owned(),
        output_sha256: Some(result.output_sha256.clone()),
        ..common.clone()
    }
}

/// Turns the spool of one run by hand into a data set in `folder`, adding to one that is there.
pub fn store_single_run(folder: &Path, spool: &Path, policy: &str, script: &[String]) -> Result<()> {
    let program = script.first().map_or("-e", String::as_str);
    let digest = files::sha256_file(Path::new(program)).unwrap_or_default();
    let started = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let meta = RunMeta {
        program_id: program.to_owned(),
        family_id: program.to_owned(),
        source_sha256: digest,
        input_id: script.get(1..).unwrap_or_default().join(" "),
        suite: "scripts".to_owned(),
        policy_kind: trinity_policy::kind(policy).to_owned(),
        policy_id: policy.to_owned(),
        start_utc_ns: started.as_nanos() as u64,
        status: "ok".to_owned(),
        ..common_meta("trinity run", 0)?
    };
    let run = RunInput { meta, spool: Some(spool.to_path_buf()) };
    let failed = |error: DataError| Failure::work(error.to_string());
    convert(folder, &[run]).map_err(failed)?;
    std::fs::remove_file(spool).at("remove", spool)?;
    let how = HowMade {
        title: "Runs of single programs".to_owned(),
        command: format!("trinity run --policy {policy} --log {} …", folder.display()),
        ..HowMade::default()
    };
    seal(folder, &how).map(drop).map_err(failed)
}

/// The spool that a run left in its folder.
fn spool_in(folder: &Path) -> Option<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    entries.flatten().map(|entry| entry.path()).find(|path| path.extension().is_some_and(|kind| kind == "spool"))
}
