//! Collection: runs programs with logging on and turns what they logged into a data set.

mod counterfactual;
mod generated;
mod meta;
mod session;

use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use trinity_datasets::{DataError, HowMade, Manifest, RunInput, RunLog, RunMeta, Split, Store, read_log};

pub use session::{Collected, Planned, Session};

use crate::{
    clock::ClockKind,
    experiment::{
        Contestant,
        cell::{Bench, CellOptions},
        contestant::Entry,
        spec::{Collect, Located},
    },
    failure::{AtPath, Failure, Result},
    files, generate, host,
    progress::Progress,
    suite::{Catalogue, Input},
};
use counterfactual::{Base, Laboratory};
use generated::Programs;

/// Stands for the run's seed in a policy's specification.
const SEED: &str = trinity_datasets::SEED;

/// A run by hand is stored as a part of its own; beyond this many parts they are put together.
const PARTS_BY_HAND: usize = 16;

/// A planned process execution.
struct Run {
    /// With the run's seed in its specification; the label has [`SEED`] there.
    policy: Contestant,
    input: usize,
    /// Of everything that is drawn at random: another one in each program, size and replicate.
    seed: u64,
    replicate: u32,
}

/// Collects what the `[collect]` table of a spec says into the folder `out`, with `jobs` processes at once. A folder
/// in which this collection was begun is gone on with.
pub fn collect(located: &Located, out: &Path, command: &str, jobs: usize, progress: &Progress) -> Result<Collected> {
    let spec = &located.spec;
    let Some(wanted) = &spec.collect else {
        return Err(Failure::usage(format!(
            "spec '{}' has no [collect] table: say there which families, sizes and policies to log",
            spec.name
        )));
    };
    let mut inputs = inputs(&Catalogue::embedded()?, wanted)?;
    let policies = policies(located, wanted)?;
    let generated = Programs::get(wanted, out, progress)?;
    inputs.extend(generated.programs.iter().flat_map(|program| program.inputs.iter().cloned()));
    let continuation = continuation(located, wanted)?;
    let runs = plan(wanted, &inputs, &policies);
    let common = meta::common(&spec.name, jobs, wanted.clock)?;
    let metas: Vec<_> = runs
        .iter()
        .enumerate()
        .map(|(order, run)| {
            let input = &inputs[run.input];
            let planned = meta::planned(&common, &run.policy, input, wanted.split.of(&input.family), order as u32);
            let block_id = format!("{} {} {}", input.program, input.size, run.replicate);
            RunMeta { block_id, seed: run.seed, iterations: Some(wanted.iterations), ..planned }
        })
        .collect();
    let planned: Vec<Planned> = runs
        .iter()
        .zip(&metas)
        .map(|(run, meta)| Planned {
            plan_id: meta.plan_id(),
            label: format!("{} {}", run.policy.label, inputs[run.input].program),
        })
        .collect();
    let how = HowMade {
        title: format!("{}: decisions of {} on {} inputs", spec.name, wanted.policies.join(", "), inputs.len()),
        command: command.to_owned(),
        description: spec.question.clone(),
        licences: vec!["MIT OR Apache-2.0".to_owned()],
        plan_sha256: plan_sha256(&planned, common.build_sha256.as_deref(), wanted, continuation.as_ref())?,
        environment: meta::environment(&common, jobs),
    };
    let session = Session::open(out, &how, planned)?;
    let bench = Bench::new(session.work(), Duration::from_secs(spec.limit_s))?;
    generated.write(&bench.suite)?;
    let log = |index: usize, folder: &Path| {
        let run = &runs[index];
        let log = Some(folder.to_path_buf());
        let options = CellOptions { iterations: wanted.iterations, log, clock: wanted.clock, seed: Some(run.seed) };
        let result = bench.run("", &run.policy, &inputs[run.input], &options)?;
        if let Some(problem) = result.problem() {
            progress.note(&format!("{} {}: {problem}", run.policy.label, inputs[run.input].program));
        }
        Ok(meta::finished(&metas[index], &result))
    };
    let Some(counterfactuals) = &wanted.counterfactuals else { return session.run(jobs, progress, log) };
    let laboratory = Laboratory {
        wanted: counterfactuals,
        continuation: continuation.as_ref(),
        seed: spec.seed,
        bench: &bench,
        iterations: wanted.iterations,
        clock: wanted.clock,
        folder: session.work().join("counterfactuals"),
        jobs,
    };
    let base = |index: usize| {
        let (run, meta) = (&runs[index], &metas[index]);
        let (policy, input) = (&run.policy, &inputs[run.input]);
        let label = format!("{} {}", policy.label, input.program);
        Base { plan_id: meta.plan_id(), policy, input, seed: run.seed, label }
    };
    let missing = session.missing()?;
    let bases: Vec<Base<'_>> = missing.iter().map(|index| base(*index)).collect();
    laboratory.measure(&bases, progress, |place, folder| log(missing[place], folder))?;
    let (found, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let collected = session.run(jobs, progress, |index, folder| {
        let (meta, measured) = laboratory.deliver(&base(index), folder)?;
        found.fetch_add(measured.costs, Ordering::Relaxed);
        failed.fetch_add(measured.failed, Ordering::Relaxed);
        Ok(meta)
    })?;
    Ok(Collected { counterfactuals: found.into_inner(), counterfactuals_failed: failed.into_inner(), ..collected })
}

/// Every policy with the seeds that it runs with; those that name none run once, with the spec's.
fn policies(located: &Located, wanted: &Collect) -> Result<Vec<(u64, Contestant)>> {
    let own = [located.spec.seed];
    let mut policies = Vec::new();
    for policy in &wanted.policies {
        host::check_policy(&policy.replace(SEED, "1"))?;
        if wanted.clock == ClockKind::Virtual && wanted.replicates > 1 && !trinity_policy::draws(policy) {
            return Err(Failure::usage(format!(
                "[collect]: under the virtual clock every run of '{policy}' is the same run: `replicates` must be 1, or \
                 the policy one that draws by the run's seed (random:P, explore:E,POLICY)"
            )));
        }
        let contestant = Contestant::resolve(&Entry::Policy(policy.clone()), &located.folder)?;
        let seeds = if policy.contains(SEED) && !wanted.seeds.is_empty() { &wanted.seeds[..] } else { &own };
        policies.extend(seeds.iter().map(|seed| (*seed, contestant.clone())));
    }
    Ok(policies)
}

/// The seed of a run: what is drawn in one program says nothing about what is drawn in another.
fn seed(wanted: u64, input: &Input, replicate: u32) -> u64 {
    let text = format!("{wanted} {} {} {replicate}", input.program, input.size);
    u64::from_str_radix(&files::sha256(text.as_bytes())[..8], 16).unwrap_or(wanted)
}

/// Who decides after decisions that are answered otherwise, where the spec says so.
fn continuation(located: &Located, wanted: &Collect) -> Result<Option<Contestant>> {
    let Some(policy) = wanted.counterfactuals.as_ref().and_then(|other| other.continuation.as_ref()) else {
        return Ok(None);
    };
    host::check_policy(policy)?;
    Contestant::resolve(&Entry::Policy(policy.clone()), &located.folder).map(Some)
}

/// Those of the suite.
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
    let mut families: Vec<String> = inputs.iter().map(|input| input.family.clone()).collect();
    families.dedup();
    families.extend(wanted.generated.map(|_| generate::FAMILY.to_owned()));
    let split = Split { name: "[collect.split]".to_owned(), ..wanted.split.clone() };
    split.check(&families).map_err(|error| Failure::usage(error.to_string()))?;
    Ok(inputs)
}

/// The runs, program by program: an unfinished data set has few programs whole rather than all of them in part.
fn plan(wanted: &Collect, inputs: &[Input], policies: &[(u64, Contestant)]) -> Vec<Run> {
    let mut runs = Vec::new();
    for (at, input) in inputs.iter().enumerate() {
        for (wanted_seed, contestant) in policies {
            runs.extend((0..wanted.replicates).map(|replicate| {
                let seed = seed(*wanted_seed, input, replicate);
                let policy = contestant.policy.as_ref().map(|policy| policy.replace(SEED, &seed.to_string()));
                Run { policy: Contestant { policy, ..contestant.clone() }, input: at, seed, replicate }
            }));
        }
    }
    runs
}

/// What determines a collection: its table, its runs, and the binary, since measurements of two VMs are never mixed.
fn plan_sha256(
    planned: &[Planned],
    build_sha256: Option<&str>,
    wanted: &Collect,
    continuation: Option<&Contestant>,
) -> Result<String> {
    let mut text = build_sha256.unwrap_or_default().to_owned();
    text.extend(continuation.and_then(|policy| policy.file_sha256.as_deref()));
    text += &serde_json::to_string(wanted).map_err(|error| Failure::work(error.to_string()))?;
    for run in planned {
        text.push('\n');
        text.push_str(&run.plan_id);
    }
    Ok(files::sha256(text.as_bytes()))
}

/// A run that somebody asked for at the command line.
#[derive(Clone, Debug)]
pub struct ByHand<'a> {
    pub policy: &'a str,
    pub clock: ClockKind,
    pub seed: u64,
    pub exit_status: i32,
    /// The program and its arguments.
    pub script: &'a [String],
    /// Digests of what was run.
    pub sources: &'a [String],
    pub vm_options: String,
}

/// Refuses a folder to which runs by hand cannot be added.
pub fn check_single_run(folder: &Path) -> Result<()> {
    let failed = |error: DataError| Failure::usage(error.to_string());
    match Manifest::load(folder).map_err(failed)? {
        // A collection; one under way keeps its store locked to its end.
        Some(manifest) if manifest.planned_runs.is_some() => Err(failed(DataError::Planned(folder.to_path_buf()))),
        _ => Ok(()),
    }
}

/// Turns the spool of one run by hand into a data set in `folder`, adding to one that is there.
pub fn store_single_run(folder: &Path, spool: &Path, run: &ByHand) -> Result<()> {
    let meta = meta::by_hand(run)?;
    let how = HowMade {
        title: "Runs of single programs".to_owned(),
        command: format!("trinity run --policy {} --log {} …", run.policy, folder.display()),
        environment: meta::environment(&meta, 1),
        ..HowMade::default()
    };
    check_single_run(folder)?;
    let run_id = meta.run_id();
    let store = || -> Result<bool, DataError> {
        let mut store = Store::open(folder, &how, None)?;
        let added = store.add(&[RunInput { meta, spool: Some(spool.to_path_buf()), ..RunInput::default() }])?;
        if store.most_parts_together() > PARTS_BY_HAND {
            store.compact()?;
        }
        store.seal()?;
        Ok(added.present > 0)
    };
    let failed = |error: DataError| Failure::work(error.to_string());
    if store().map_err(failed)? {
        if !is_that_run(folder, &run_id, spool).map_err(failed)? {
            return Err(Failure::work(format!(
                "{}: holds another run of this program with these arguments, policy, seed and options ({run_id}): what the \
                 program reads has changed since; log into another folder. The log of this run is {}",
                folder.display(),
                spool.display()
            )));
        }
        eprintln!("trinity: {}: holds this run already ({run_id})", folder.display());
    }
    std::fs::remove_file(spool).at("remove", spool)
}

/// Whether a run of the data set is what a spool says: the same decisions, and the same modelled time at its end.
fn is_that_run(folder: &Path, run_id: &str, spool: &Path) -> Result<bool, DataError> {
    let (stored, new) = (read_log(folder, Some(run_id))?, read_log(spool, None)?);
    let chain = |log: &RunLog| (log.decisions.len(), log.decisions.last().map(|decision| decision.chain_hash));
    Ok(chain(&stored) == chain(&new) && stored.took == new.took)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::experiment::Spec;

    fn located(collect: &str) -> Located {
        let text = format!(
            "name = 'x'\nseed = 5\npolicies = ['interpret']\nbaseline = 'interpret'\n[collect]\nsizes = ['test']\n{collect}"
        );
        Located { spec: Spec::parse(&text, "x").expect("parses"), folder: ".".into(), text }
    }

    #[test]
    fn exploration_seeds_make_runs_of_policies_that_name_them() {
        let located = located("families = ['loops']\npolicies = ['random:0.5,{seed}', 'interpret']\nseeds = [1, 2, 3]");
        let wanted = located.spec.collect.as_ref().expect("there");
        let policies = policies(&located, wanted).expect("resolves");
        let labels: Vec<&str> = policies.iter().map(|(_, policy)| policy.label.as_str()).collect();
        assert_eq!(labels, [["random:0.5,{seed}"; 3].as_slice(), &["interpret"]].concat());
        let inputs = inputs(&Catalogue::embedded().expect("suite"), wanted).expect("selects");
        let runs = plan(wanted, &inputs, &policies);
        assert_eq!(runs.len(), 4 * inputs.len());
        let seeds: HashSet<u64> = runs.iter().map(|run| run.seed).collect();
        assert_eq!(seeds.len(), runs.len(), "every program draws on its own");
        for run in runs.iter().filter(|run| run.policy.label != "interpret") {
            assert_eq!(run.policy.policy, Some(format!("random:0.5,{}", run.seed)));
        }
    }

    #[test]
    fn what_would_be_the_same_run_again_is_refused() {
        let error = |collect: &str| {
            let located = located(&format!("families = ['loops']\nclock = 'virtual'\n{collect}"));
            policies(&located, located.spec.collect.as_ref().expect("there")).expect_err("refuses").to_string()
        };
        assert!(error("policies = ['golden']\nreplicates = 2").contains("same run"));
        for same in ["explore:0,golden", "explore:0.2,seed=3,golden", "random:0", "random:0.5,7"] {
            assert!(error(&format!("policies = ['{same}']\nreplicates = 2")).contains("same run"), "{same}");
        }
        for other in ["explore:0.2,golden", "explore:0.2,seed={seed},golden", "random:0.5", "explore:0,random:0.5"] {
            assert!(trinity_policy::draws(other), "{other}");
        }
    }

    #[test]
    fn a_split_names_families_that_are_collected() {
        let located = located("families = ['loops']\npolicies = ['interpret']\nsplit = { test = ['graphs'] }");
        let wanted = located.spec.collect.as_ref().expect("there");
        let error = inputs(&Catalogue::embedded().expect("suite"), wanted).expect_err("refuses").to_string();
        assert!(error.contains("graphs") && error.contains("loops"), "{error}");
    }

    #[test]
    fn generated_programs_cannot_be_held_out() {
        let located = located(
            "families = ['loops']\ngenerated = { count = 1, seed = 1 }\npolicies = ['interpret']\n\
             split = { test = ['generated'] }",
        );
        let wanted = located.spec.collect.as_ref().expect("there");
        let error = inputs(&Catalogue::embedded().expect("suite"), wanted).expect_err("refuses").to_string();
        assert!(error.contains("training only"), "{error}");
    }
}
