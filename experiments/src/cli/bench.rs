//! `trinity bench`: this VM side by side with other implementations of Lua.

mod rates;

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
        spec::Located,
    },
    failure::{Failure, Result},
    files, host, process,
    progress::Progress,
    report,
    suite::{Catalogue, Size},
};

/// Interpreters that are compared with if they are installed.
const PEERS: [&str; 2] = ["lua5.4", "luajit"];

/// Compare this VM, by tiers, with lua5.4 and luajit
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  trinity bench --quick\n  trinity bench --program fib --program strings --size medium\n  \
                  trinity bench --processes 30 --out results/bench\n  trinity bench --rates rates.toml"
)]
pub struct Args {
    /// Only this program or family (may be given several times)
    #[arg(long, value_name = "NAME")]
    program: Vec<String>,
    /// How much work [default: small]
    #[arg(long, value_enum)]
    size: Option<Size>,
    /// Processes of each contestant per program [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    processes: Option<u32>,
    /// Calls of a program in each process [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    iterations: Option<u32>,
    /// A few minutes at most: 3 processes, 6 iterations, size test
    #[arg(long)]
    quick: bool,
    /// Who decides what to compile
    #[arg(long, value_name = "SPEC", default_value = host::DEFAULT_POLICY)]
    policy: String,
    /// Tiers to compare: tier0 (interpreter), tier1 (baseline compiler too), all
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_values_t = ["tier0".to_owned(), "tier1".to_owned(), "all".to_owned()])]
    tiers: Vec<String>,
    /// Seed of the order of runs and of the intervals
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Instead of comparing, measure what execution and compilation cost here and write this file, which has the form
    /// of policy/rates.toml (use: `--policy cost-benefit:FILE`)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["quick", "json"])]
    rates: Option<PathBuf>,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
    /// Folder of the results; a run that was killed continues there
    #[arg(long, value_name = "DIR", default_value_os_t = Path::new(DEFAULT_OUT).join("bench"))]
    out: PathBuf,
}

pub fn run(args: &Args) -> Result<()> {
    if let Some(file) = &args.rates {
        return rates::run(args, file);
    }
    let spec = spec(args)?;
    let text = toml::to_string(&spec).map_err(|error| Failure::work(format!("cannot write the spec: {error}")))?;
    let located = Located { spec, folder: PathBuf::from("."), text };
    let plan = Plan::new(&located)?.store(&args.out)?;
    files::write_whole(&args.out.join("spec.toml"), located.text.as_bytes())?;
    runner::run(&plan, &args.out, &Progress::new("bench"))?;
    let (summary, path) = report::write(&args.out)?;
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

/// The comparison as an experiment of its own.
fn spec(args: &Args) -> Result<Spec> {
    let mut policies = Vec::new();
    for tier in &args.tiers {
        let max_tier = match tier.as_str() {
            "tier0" => Some(0),
            "tier1" => Some(1),
            "all" => None,
            other => return Err(Failure::usage(format!("no tiers '{other}'; there are tier0, tier1 and all"))),
        };
        policies.push(Entry::Detailed(Detailed {
            label: tier.clone(),
            policy: Some(args.policy.clone()),
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
    let suite = Catalogue::embedded()?;
    let (families, programs) = args.program.iter().cloned().partition(|name| suite.families().contains(&name.as_str()));
    let (size, processes, iterations) = if args.quick { (Size::Test, 3, 6) } else { (Size::Small, 10, 10) };
    let text = toml::to_string(&Spec {
        name: "bench".to_owned(),
        question: "How fast is this VM, tier by tier, next to other implementations of Lua?".to_owned(),
        seed: args.seed,
        programs,
        families,
        sealed: false,
        sizes: vec![args.size.unwrap_or(size)],
        policies,
        baseline,
        aa: None,
        replicates: args.processes.unwrap_or(processes),
        iterations: args.iterations.unwrap_or(iterations),
        primary: Endpoint::Steady,
        compare: Vec::new(),
        limit_s: 120,
        collect: None,
        train: BTreeMap::new(),
    });
    Spec::parse(&text.map_err(|error| Failure::work(format!("cannot write the spec: {error}")))?, "bench")
}
