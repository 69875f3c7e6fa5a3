//! `trinity bench`: this VM side by side with other implementations of Lua.

mod break_even;
mod calibrate;
mod model;
mod rates;
mod short;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{DEFAULT_OUT, print, print_json};
use crate::{
    experiment::{
        Endpoint, Plan, Spec,
        contestant::{Detailed, Entry},
        plan::peer,
        runner,
        spec::{Located, default_margin},
        summary::Problem,
    },
    failure::{Failure, Result},
    files, host, process,
    progress::Progress,
    report,
    suite::{Catalogue, Input, Size},
};

/// Interpreters that are compared with if they are installed.
const PEERS: [&str; 2] = ["lua5.4", "luajit"];

/// Compare this VM, by tiers, with lua5.4 and luajit
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  trinity bench --quick\n  trinity bench --program fib --program strings --size medium\n  \
                  trinity bench --processes 30 --out results/bench\n  trinity bench --rates rates.toml\n  trinity bench --calibrate costs.rs\n  trinity bench --model --size test\n  \
                  trinity bench --break-even --program fib\n  trinity bench --short --policy fixed:50,5000 --compiler-threads 1"
)]
pub struct Args {
    /// Only this program or family (may be given several times)
    #[arg(long, value_name = "NAME")]
    program: Vec<String>,
    /// How much work [default: small]
    #[arg(long, value_enum)]
    size: Option<Size>,
    /// Processes of each contestant per program [default: 10, with --short 30]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    processes: Option<u32>,
    /// Calls of a program in each process [default: 10, with --short 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    iterations: Option<u32>,
    /// A few minutes at most: 3 processes, 6 iterations, size test
    #[arg(long)]
    quick: bool,
    /// Who decides what to compile [default: cost-benefit, with --short fixed:50,5000]
    #[arg(long, value_name = "SPEC")]
    policy: Option<String>,
    /// Tiers to compare: tier0 (interpreter), tier1 (baseline compiler too), all [default: tier0,tier1,all, with --short
    /// all]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    tiers: Vec<String>,
    /// Seed of the order of runs and of the intervals
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Instead of comparing, measure what execution and compilation cost here and write this file, which has the form
    /// of policy/rates.toml (use: `--policy cost-benefit:FILE`)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["quick", "json"])]
    rates: Option<PathBuf>,
    /// Instead of comparing, fit the cost table of modelled time to this machine, show how well it fits, and write this
    /// file, which has the form of vm/src/clock/costs.rs
    #[arg(long, value_name = "FILE", conflicts_with_all = ["quick", "json", "rates"])]
    calibrate: Option<PathBuf>,
    /// Instead of comparing, show whether modelled time (the virtual clock's) ranks policies, program by program, as wall
    /// time does
    #[arg(long, conflicts_with_all = ["quick", "rates", "calibrate", "policy", "tiers"])]
    model: bool,
    /// Instead of comparing, measure what compilation for tier 1 costs and when it has paid, for both ways of making its
    /// code
    #[arg(long, conflicts_with_all = ["rates", "policy", "tiers"])]
    break_even: bool,
    /// Instead of comparing, show whether a policy makes short programs slower than the interpreter: those that take 5
    /// to 50 ms in all, at the least size at which they do
    #[arg(long, conflicts_with_all = ["rates", "break_even", "quick", "size"])]
    short: bool,
    /// With --short: threads that compile beside the program; with one or more, wall time is compared, not CPU time
    #[arg(long, value_name = "N", requires = "short")]
    compiler_threads: Option<u32>,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
    /// Folder of the results; a run that was killed continues there [default: trinity-out/bench, with --break-even
    /// trinity-out/break-even, with --short trinity-out/short]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Args {
    fn out(&self, name: &str) -> PathBuf {
        self.out.clone().unwrap_or_else(|| Path::new(DEFAULT_OUT).join(name))
    }

    /// The tiers to compare, or these: what they are called, and the highest that may be used.
    fn tiers(&self, default: &[&str]) -> Result<Vec<(String, Option<u8>)>> {
        let given = self.tiers.iter().map(String::as_str);
        let names: Vec<&str> = if self.tiers.is_empty() { default.to_vec() } else { given.collect() };
        let max_tier = |name| match name {
            "tier0" => Ok(Some(0)),
            "tier1" => Ok(Some(1)),
            "all" => Ok(None),
            other => Err(Failure::usage(format!("no tiers '{other}'; there are tier0, tier1 and all"))),
        };
        names.into_iter().map(|name| Ok((name.to_owned(), max_tier(name)?))).collect()
    }

    /// An experiment of this name without contestants, as large as was asked for.
    fn spec(&self, name: &str) -> Result<Spec> {
        let suite = Catalogue::embedded()?;
        let (families, programs) =
            self.program.iter().cloned().partition(|name| suite.families().contains(&name.as_str()));
        let (size, processes, iterations) = if self.quick { (Size::Test, 3, 6) } else { (Size::Small, 10, 10) };
        Ok(Spec {
            name: name.to_owned(),
            question: String::new(),
            seed: self.seed,
            programs,
            families,
            sealed: false,
            sizes: vec![self.size.unwrap_or(size)],
            policies: Vec::new(),
            baseline: String::new(),
            aa: None,
            replicates: self.processes.unwrap_or(processes),
            iterations: self.iterations.unwrap_or(iterations),
            primary: Endpoint::Steady,
            compare: Vec::new(),
            not_slower: Vec::new(),
            margin: default_margin(),
            limit_s: 120,
            collect: None,
            train: BTreeMap::new(),
        })
    }
}

pub fn run(args: &Args) -> Result<()> {
    if let Some(file) = &args.rates {
        return rates::run(args, file);
    }
    if let Some(file) = &args.calibrate {
        return calibrate::run(args, file);
    }
    if args.model {
        return model::run(args);
    }
    if args.break_even {
        return break_even::run(args);
    }
    if args.short {
        return short::run(args);
    }
    let out = args.out("bench");
    execute(comparison(args)?, None, &out)?;
    let (summary, path) = report::write(&out)?;
    if args.json {
        return print_json(&summary);
    }
    let mut head = vec!["steady state".to_owned()];
    head.extend(summary.contestants.iter().filter(|row| row.copy_of.is_none()).map(|row| row.label.clone()));
    let order = |endpoint| Endpoint::ALL.iter().position(|candidate| *candidate == endpoint);
    for endpoint in [Endpoint::Steady, Endpoint::Process] {
        let mut rows = vec![head.clone()];
        rows[0][0] = endpoint.title().to_owned();
        for program in &summary.programs {
            let mut row = vec![program.program.clone()];
            for (cell, contestant) in program.cells.iter().zip(&summary.contestants) {
                if contestant.copy_of.is_none() {
                    let value = order(endpoint).and_then(|index| cell.median_ns.get(index).copied().flatten());
                    row.push(value.map_or_else(|| "–".to_owned(), report::time));
                }
            }
            rows.push(row);
        }
        let mut mean = vec![format!("× {}", summary.baseline)];
        for contestant in summary.contestants.iter().filter(|row| row.copy_of.is_none()) {
            let is_baseline = contestant.label == summary.baseline;
            mean.push(if is_baseline { "1".to_owned() } else { report::ratio(contestant.ratio(endpoint)) });
        }
        rows.push(mean);
        print(&report::table(&rows))?;
        print("\n")?;
    }
    print(&report::digest(&summary))?;
    print(&format!("{}\n", path.display()))
}

/// Runs what the experiment lacks in the folder `out`, on these inputs if any are given.
fn execute(spec: Spec, inputs: Option<Vec<Input>>, out: &Path) -> Result<Plan> {
    let failure = |error| Failure::work(format!("cannot write the spec: {error}"));
    let spec = Spec::parse(&toml::to_string(&spec).map_err(failure)?, &spec.name)?;
    let text = toml::to_string(&spec).map_err(failure)?;
    let progress = Progress::new(&spec.name);
    let located = Located { spec, folder: PathBuf::from("."), text };
    let plan = match inputs {
        Some(inputs) => Plan::of_inputs(&located, inputs)?,
        None => Plan::new(&located)?,
    };
    let plan = plan.store(out)?;
    files::write_whole(&out.join("spec.toml"), located.text.as_bytes())?;
    runner::run(&plan, out, &progress)?;
    Ok(plan)
}

/// Says what has been left out of the tables, and why.
fn print_problems(problems: &[Problem]) -> Result<()> {
    for problem in problems {
        print(&format!("left out: {} on {}: {}\n", problem.contestant, problem.program, problem.what))?;
    }
    Ok(())
}

/// The comparison as an experiment of its own.
fn comparison(args: &Args) -> Result<Spec> {
    let policy = args.policy.as_deref().unwrap_or(host::DEFAULT_POLICY);
    let mut policies = Vec::new();
    for (tier, max_tier) in args.tiers(&["tier0", "tier1", "all"])? {
        policies.push(Entry::Detailed(Detailed {
            label: tier,
            policy: Some(policy.to_owned()),
            max_tier,
            ..Detailed::default()
        }));
    }
    let peers: Vec<&str> = PEERS.into_iter().filter(|name| process::find_program(name).is_some()).collect();
    for missing in PEERS.iter().filter(|name| !peers.contains(name)) {
        eprintln!("trinity: {missing} is not on PATH: left out");
    }
    policies.extend(peers.iter().map(|name| peer(name)));
    let baseline =
        peers.first().map_or_else(|| policies.first().map(|p| p.label().to_owned()), |name| Some((*name).to_owned()));
    let baseline = baseline.ok_or_else(|| Failure::usage("--tiers is empty: name tier0, tier1 or all"))?;
    Ok(Spec {
        question: "How fast is this VM, tier by tier, next to other implementations of Lua?".to_owned(),
        policies,
        baseline,
        ..args.spec("bench")?
    })
}
