//! `trinity run`.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};
use trinity_jit::Tier1Form;

use crate::{
    clock::ClockKind,
    failure::{Failure, Result},
    host::{self, HostOptions, Log, Program, Source, Step},
};

/// Run a Lua program, as `lua` does
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  trinity run script.lua one two\n  trinity run -e 'print(_VERSION)'\n  \
                  echo 'print(...)' | trinity run - x\n  trinity run --policy golden --stats-json stats.json script.lua\n  \
                  trinity run --trace trace.json script.lua\n  perf record -g trinity run --perf-map script.lua\n  \
                  trinity run --sandbox --fuel 100000000 script.lua\n  \
                  trinity run --clock virtual --seed 7 --stats-json stats.json script.lua")]
pub struct Args {
    #[command(flatten)]
    steps: Steps,
    /// Read and evaluate lines from standard input after that
    #[arg(short = 'i')]
    interactive: bool,
    /// Show which version this is
    #[arg(short = 'v')]
    version: bool,
    /// Ignore LUA_INIT, LUA_PATH and LUA_CPATH
    #[arg(short = 'E')]
    ignore_environment: bool,
    /// Who decides what to compile (see `trinity policy list`)
    #[arg(long, value_name = "SPEC", default_value = host::DEFAULT_POLICY)]
    policy: String,
    /// Highest tier that may be used
    #[arg(long, value_name = "TIER", value_parser = clap::value_parser!(u8).range(0..=2))]
    max_tier: Option<u8>,
    /// Compile every function for this tier at its first call, whatever the policy
    #[arg(long, value_name = "TIER", value_parser = clap::value_parser!(u8).range(0..=2))]
    force_tier: Option<u8>,
    /// How tier 1 makes code: `stencils`; `uncounted`, the same without counting calls and back-edges, so that tier 1 is
    /// not left; or `single-pass`, the portable form
    #[arg(long, value_name = "FORM", default_value = "stencils")]
    tier1: Tier1Form,
    /// What time is. Under the virtual clock it is modelled from what is executed, collected and compiled, in what the
    /// program reads (os.time begins in 2024, in UTC), in what policies see and in logs; two runs of a program that reads
    /// the same input take the same decisions, on any machine
    #[arg(long, value_enum, value_name = "CLOCK", default_value = "wall")]
    clock: ClockKind,
    /// Seed of what is random: where math.random starts and, under the virtual clock, math.randomseed(); also of policies
    /// that draw, where they do not state their own
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Threads that optimise beside the one that runs the program; with 0 that one does, at once, and runs can be repeated
    /// [default: 1 where there is more than one processor, else 0; 0 under the virtual clock]
    #[arg(long, value_name = "N")]
    compiler_threads: Option<u32>,
    /// Most memory that the program may use, with a suffix K, M or G; beyond it, it gets "not enough memory"
    #[arg(long, value_name = "BYTES", value_parser = memory_size)]
    memory_limit: Option<usize>,
    /// Most memory that compiled code may take, with a suffix K, M or G; beyond it, what is not used is evicted (default
    /// 256M)
    #[arg(long, value_name = "BYTES", value_parser = memory_size)]
    code_limit: Option<usize>,
    /// Log every decision and its consequences as a data set in this folder
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,
    /// Leave the log as a spool for another process to convert
    #[arg(long, hide = true, requires = "log", help = "Leave the log as a spool")]
    log_spool_only: bool,
    /// Write what the run used to this file
    #[arg(long, value_name = "FILE")]
    stats_json: Option<PathBuf>,
    /// Write what tiers, compilers and collector do when to this file, as Chrome trace events: open it in Perfetto
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Keep what each compilation in tier 2 depends on, and its code, as a file in this folder, for `trinity disasm
    /// --snapshot`
    #[arg(long, value_name = "DIR")]
    snapshots: Option<PathBuf>,
    /// Tell Linux `perf` the names of compiled code, in /tmp/perf-PID.map; its memory is not used again then
    #[arg(long)]
    perf_map: bool,
    /// Give the program no file, process or environment access, source text only to `load`, and of the debug library
    /// only `traceback` and `getinfo`
    #[arg(long)]
    sandbox: bool,
    /// End the program with an error after this many ticks (bytecode instructions, and comparable work of library
    /// functions), at the same place in every tier
    #[arg(long, value_name = "TICKS")]
    fuel: Option<u64>,
    /// The program (`-` for standard input) and its arguments
    #[arg(value_name = "SCRIPT [ARGS]", trailing_var_arg = true)]
    script: Vec<String>,
}

/// The options that say what to do before the script, in the order in which they were given.
struct Steps(Vec<Step>);

const CHUNK: &str = "chunk";
const MODULE: &str = "module";
const WARNINGS: &str = "warnings";

impl clap::Args for Steps {
    fn augment_args(command: Command) -> Command {
        let several = |id: &'static str, short: char| Arg::new(id).short(short).action(ArgAction::Append);
        let warnings = several(WARNINGS, 'W').num_args(0).default_missing_value("").help("Turn warnings on");
        command
            .arg(several(CHUNK, 'e').value_name("CHUNK").help("Run this text before the script"))
            .arg(
                several(MODULE, 'l')
                    .value_name("[G=]MODULE")
                    .help("Load this module into a global of its name, or into G"),
            )
            .arg(warnings)
    }
    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Steps {
    fn from_arg_matches(matches: &ArgMatches) -> std::result::Result<Self, clap::Error> {
        /// What an option's value becomes.
        type Kind = fn(String) -> Step;
        let kinds = [(CHUNK, Step::Chunk as Kind), (MODULE, Step::Module), (WARNINGS, |_| Step::Warnings)];
        let mut steps = Vec::new();
        for (id, kind) in kinds {
            let values = matches.get_many::<String>(id).unwrap_or_default().cloned().map(kind);
            steps.extend(matches.indices_of(id).into_iter().flatten().zip(values));
        }
        steps.sort_by_key(|(place, _)| *place);
        Ok(Steps(steps.into_iter().map(|(_, step)| step).collect()))
    }
    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> std::result::Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The exit status is the program's.
pub fn run(args: &Args) -> Result<u8> {
    let (source, rest) = match args.script.split_first() {
        None if args.steps.0.is_empty() && !args.interactive && !args.version => {
            return Err(Failure::usage("name a script, `-` for standard input, or a chunk with -e"));
        }
        None => (None, &[][..]),
        Some((name, rest)) if name == "-" => (Some(Source::Stdin), rest),
        Some((name, rest)) => (Some(Source::File(name.into())), rest),
    };
    if args.clock == ClockKind::Virtual {
        check_virtual(args)?;
    }
    let compiler_threads = match (args.compiler_threads, args.clock) {
        (Some(threads), _) => threads,
        (None, ClockKind::Wall) => host::default_compiler_threads(),
        (None, ClockKind::Virtual) => 0,
    };
    let log = args.log.clone().map(if args.log_spool_only { Log::Spool } else { Log::DataSet });
    let options = HostOptions {
        policy: args.policy.clone(),
        max_tier: args.max_tier,
        force_tier: args.force_tier,
        memory_limit: args.memory_limit,
        code_limit: args.code_limit.map(|bytes| bytes as u64),
        tier1: args.tier1,
        clock: args.clock,
        seed: args.seed,
        compiler_threads,
        log,
        stats_json: args.stats_json.clone(),
        trace: args.trace.clone(),
        snapshots: args.snapshots.clone(),
        perf_map: args.perf_map,
        sandbox: args.sandbox,
        fuel: args.fuel,
    };
    let program = Program {
        steps: args.steps.0.clone(),
        source,
        args: rest.to_vec(),
        interactive: args.interactive,
        version: args.version || args.interactive,
        ignore_environment: args.ignore_environment,
    };
    let status = host::run_script(&options, &program)?;
    // A status is one byte to whoever waits for the process.
    Ok(status as u8)
}

/// Refuses what cannot be had under the virtual clock.
fn check_virtual(args: &Args) -> Result<()> {
    if args.compiler_threads.is_some_and(|threads| threads > 0) {
        return Err(Failure::usage(
            "--compiler-threads: under the virtual clock functions are compiled at once, since other threads take the \
             time that they take; leave it out, or use --clock wall",
        ));
    }
    if args.trace.is_some() {
        return Err(Failure::usage("--trace shows where time goes, and needs the time of day: use --clock wall"));
    }
    Ok(())
}

/// A number of bytes with an optional suffix, each 1024 times the one before.
fn memory_size(text: &str) -> std::result::Result<usize, String> {
    let digits = text.trim_end_matches(['K', 'M', 'G', 'k', 'm', 'g']);
    let shift = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        _ => return Err("one suffix is enough".to_owned()),
    };
    let number: usize = digits.parse().map_err(|_| "not a number of bytes, such as 64M".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "too large".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Args as _;

    use super::*;

    #[test]
    fn the_host_knows_which_options_take_no_value() {
        let command = Args::augment_args(Command::new("run"));
        let flags = command.get_arguments().filter(|option| !option.get_action().takes_values());
        let mut flags: Vec<String> = flags.filter_map(|flag| Some(format!("--{}", flag.get_long()?))).collect();
        flags.sort();
        assert_eq!(flags, host::FLAGS);
    }
}
