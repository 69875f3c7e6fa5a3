//! The command line: one verb per file.

mod bench;
mod check;
mod collect;
mod data;
mod disasm;
mod experiment;
mod fuzz;
mod policy;
mod quickstart;
mod repl;
mod run;
mod suite;
mod train;

use std::{
    io::{ErrorKind, Write, stdout},
    process::ExitCode,
};

use clap::{Args as _, Command, FromArgMatches as _, Parser, Subcommand};

use crate::failure::{Failure, Result};

/// Default output folder: nothing is written outside the folder that the user named.
const DEFAULT_OUT: &str = "trinity-out";

#[derive(Parser)]
#[command(
    name = "trinity",
    version,
    about = "Lua 5.4 with adaptive JIT compilation, and the laboratory to study it",
    long_about = "Lua 5.4 with adaptive JIT compilation, and the laboratory to study it: which policy decides best when \
                  to compile what?",
    after_help = "Examples:\n  trinity run script.lua\n  trinity quickstart\n  trinity experiment run quickstart --out trinity-out/x",
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Run(run::Args),
    Repl(repl::Args),
    Check(check::Args),
    Disasm(disasm::Args),
    #[command(subcommand)]
    Suite(suite::Verb),
    Bench(bench::Args),
    Fuzz(fuzz::Args),
    Collect(collect::Args),
    #[command(subcommand)]
    Data(data::Verb),
    Train(train::Args),
    #[command(subcommand)]
    Policy(policy::Verb),
    #[command(subcommand)]
    Experiment(experiment::Verb),
    Quickstart(quickstart::Args),
}

/// PERF: describing all verbs takes half of the instructions that an empty program takes, so `run` parses alone.
fn parse() -> Verb {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|verb| verb == "run") {
        let command = Command::new("run").bin_name("trinity run").no_binary_name(true);
        let matches = run::Args::augment_args(command).get_matches_from(words);
        return Verb::Run(run::Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()));
    }
    Cli::parse().verb
}

/// Parses the command line, does the work, and turns its result into an exit status.
pub fn main() -> ExitCode {
    let done = match parse() {
        Verb::Run(args) => run::run(&args),
        Verb::Repl(args) => repl::run(&args),
        Verb::Check(args) => check::run(&args).map(|()| 0),
        Verb::Disasm(args) => disasm::run(&args).map(|()| 0),
        Verb::Suite(verb) => suite::run(&verb).map(|()| 0),
        Verb::Bench(args) => bench::run(&args).map(|()| 0),
        Verb::Fuzz(args) => fuzz::run(&args).map(|()| 0),
        Verb::Collect(args) => collect::run(&args).map(|()| 0),
        Verb::Data(verb) => data::run(&verb).map(|()| 0),
        Verb::Train(args) => train::run(&args).map(|()| 0),
        Verb::Policy(verb) => policy::run(&verb).map(|()| 0),
        Verb::Quickstart(args) => quickstart::run(&args).map(|()| 0),
        Verb::Experiment(verb) => experiment::run(&verb).map(|()| 0),
    };
    match done {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            if !matches!(failure, Failure::Silent) {
                eprintln!("trinity: {failure}");
            }
            ExitCode::from(failure.exit_status())
        }
    }
}

/// Writes to standard output. A reader that has gone away (`trinity … | head`) is no error.
fn print(text: &str) -> Result<()> {
    match stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::work(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a value as JSON to standard output.
fn print_json(value: &impl serde::Serialize) -> Result<()> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| Failure::work(format!("cannot write JSON: {error}")))?;
    print(&(text + "\n"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_verb_has_help_with_an_example() {
        fn visit(command: &clap::Command, path: &str) {
            for verb in command.get_subcommands() {
                let path = format!("{path} {}", verb.get_name());
                assert!(verb.get_about().is_some(), "{path} has no description");
                if verb.get_subcommands().next().is_none() {
                    let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
                    assert!(help.contains("Example") && help.contains(path.trim_start()), "{path} has no example");
                }
                for argument in verb.get_arguments() {
                    assert!(argument.get_help().is_some(), "{path}: {} has no description", argument.get_id());
                }
                visit(verb, &path);
            }
        }
        let command = Cli::command();
        command.clone().debug_assert();
        visit(&command, "trinity");
    }
}
