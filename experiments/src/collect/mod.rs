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

use trinity_datasets::{DataError, HowMade, Manifest, RunInput, Split, Store};

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

/// Stands for the exploration seed in a policy's specification.
const SEED: &str = "{seed}";

/// A run by hand is stored as a part of its own; beyond this many parts they are put together.
const PARTS_BY_HAND: usize = 16;

/// A planned process execution.
struct Run {
    policy: usize,
    input: usize,
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
    let runs = plan(wanted, spec.seed, &inputs, &policies);
    let common = meta::common(&spec.name, jobs, wanted.clock)?;
    let metas: Vec<_> = runs
        .iter()
        .enumerate()
        .map(|(order, run)| {
            let (input, policy) = (&inputs[run.input], &policies[run.policy].1);
            let split = wanted.split.of(&input.family);
            meta::planned(&common, policy, input, split, order as u32, run.seed, run.replicate)
        })
        .collect();
    let planned: Vec<Planned> = runs
        .iter()
        .zip(&metas)
        .map(|(run, meta)| Planned {
            plan_id: meta.plan_id(),
            label: format!("{} {}", policies[run.policy].1.label, inputs[run.input].program),
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
        let (run, meta) = (&runs[index], &metas[index]);
        let (input, policy) = (&inputs[run.input], &policies[run.policy].1);
        let log = Some(folder.to_path_buf());
        let options = CellOptions { iterations: wanted.iterations, log, clock: wanted.clock, seed: Some(run.seed) };
        let result = bench.run("", policy, input, &options)?;
        Ok(meta::finished(meta, &result))
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
        let (policy, input) = (&policies[run.policy].1, &inputs[run.input]);
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

/// Every policy with the seed that its specification names; those that name none run once.
fn policies(located: &Located, wanted: &Collect) -> Result<Vec<(Option<u64>, Contestant)>> {
    let seeds: &[u64] = if wanted.seeds.is_empty() { &[located.spec.seed] } else { &wanted.seeds };
    let mut policies = Vec::new();
    for policy in &wanted.policies {
        let seeds: Vec<Option<u64>> =
            if policy.contains(SEED) { seeds.iter().copied().map(Some).collect() } else { vec![None] };
        for seed in seeds {
            let policy = seed.map_or_else(|| policy.clone(), |seed| policy.replace(SEED, &seed.to_string()));
            host::check_policy(&policy)?;
            policies.push((seed, Contestant::resolve(&Entry::Policy(policy), &located.folder)?));
        }
    }
    Ok(policies)
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
fn plan(wanted: &Collect, seed: u64, inputs: &[Input], policies: &[(Option<u64>, Contestant)]) -> Vec<Run> {
    let mut runs = Vec::new();
    for input in 0..inputs.len() {
        for (policy, (own, _)) in policies.iter().enumerate() {
            let run = |replicate| Run { policy, input, seed: own.unwrap_or(seed), replicate };
            runs.extend((0..wanted.replicates).map(run));
        }
    }
    runs
}

/// What determines a collection: its runs, and the binary, since measurements of two VMs are never mixed.
fn plan_sha256(
    planned: &[Planned],
    build_sha256: Option<&str>,
    wanted: &Collect,
    continuation: Option<&Contestant>,
) -> Result<String> {
    let mut text = build_sha256.unwrap_or_default().to_owned();
    if let Some(counterfactuals) = &wanted.counterfactuals {
        text.extend(continuation.and_then(|policy| policy.file_sha256.as_deref()));
        text += &serde_json::to_string(counterfactuals).map_err(|error| Failure::work(error.to_string()))?;
    }
    for run in planned {
        text.push('\n');
        text.push_str(&run.plan_id);
    }
    Ok(files::sha256(text.as_bytes()))
}

/// A run that somebody asked for at the command line.
#[derive(Clone, Copy, Debug)]
pub struct ByHand<'a> {
    pub policy: &'a str,
    pub clock: ClockKind,
    pub seed: u64,
    pub exit_status: i32,
    /// The program and its arguments.
    pub script: &'a [String],
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
    let store = || -> Result<(), DataError> {
        // Asked before the store is, which a collection under way keeps locked to its end.
        if Manifest::load(folder)?.is_some_and(|manifest| manifest.planned_runs.is_some()) {
            return Err(DataError::Planned(folder.to_path_buf()));
        }
        let mut store = Store::open(folder, &how, None)?;
        store.add(&[RunInput { meta, spool: Some(spool.to_path_buf()), ..RunInput::default() }])?;
        if store.most_parts_together() > PARTS_BY_HAND {
            store.compact()?;
        }
        store.seal().map(drop)
    };
    store().map_err(|error| Failure::work(error.to_string()))?;
    std::fs::remove_file(spool).at("remove", spool)
}

#[cfg(test)]
mod tests {
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
        assert_eq!(labels, ["random:0.5,1", "random:0.5,2", "random:0.5,3", "interpret"]);
        let inputs = inputs(&Catalogue::embedded().expect("suite"), wanted).expect("selects");
        let runs = plan(wanted, 5, &inputs, &policies);
        assert_eq!(runs.len(), 4 * inputs.len());
        assert_eq!(runs[..4].iter().map(|run| run.seed).collect::<Vec<_>>(), [1, 2, 3, 5]);
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
