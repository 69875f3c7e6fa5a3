//! `trinity bench --break-even`: what compilation for tier 1 costs, and after how much execution it has paid.

use serde::Serialize;

use super::{Args, execute, print_problems};
use crate::{
    cli::{print, print_json},
    experiment::{
        CellResult, Endpoint, Samples, Spec, Store,
        contestant::{Detailed, Entry},
        host_info::HostInfo,
        samples::RESAMPLES,
        summary::Problem,
    },
    failure::Result,
    report::{ratio, table, time},
    run_stats::{RunStats, TierStats},
    stats::{Interval, Pair, Rng, hierarchical, median, median_ratio},
    suite::Size,
};

/// Ways of making tier 1's code, as `trinity run --tier1` names them.
const FORMS: [&str; 2] = ["stencils", "single-pass"];
const INTERPRETER: &str = "interpreter";

/// Everything that was measured, as `--json` prints it.
#[derive(Serialize)]
struct Report {
    host: HostInfo,
    size: Size,
    processes: u32,
    iterations: u32,
    forms: Vec<Form>,
    /// A second copy of the interpreter against the first, over programs: what no difference looks like.
    aa: Option<Interval>,
    problems: Vec<Problem>,
}

/// One way of making code.
#[derive(Serialize)]
struct Form {
    form: &'static str,
    programs: Vec<Row>,
    /// Time in tier 1 / time in tier 0, over programs.
    ratio: Option<Interval>,
    /// Over the compilations of whole functions of all processes.
    median_us_per_bytecode: Option<f64>,
    p99_us_per_bytecode: Option<f64>,
}

/// One program: medians over processes.
#[derive(Serialize)]
struct Row {
    program: String,
    /// An iteration, median of the later half.
    tier0_ns: f64,
    tier1_ns: f64,
    /// Of these, with an interval.
    ratio: Option<Interval>,
    compile: Compile,
    median_us_per_bytecode: Option<f64>,
    p99_us_per_bytecode: Option<f64>,
    /// Calls of Lua functions in the process, loading included, by iterations.
    calls_per_iteration: f64,
    backedges_per_iteration: f64,
    /// `None`: never.
    repaid: Option<Repaid>,
}

/// The compilations of one process.
#[derive(Clone, Copy, Debug, Serialize)]
struct Compile {
    /// How many gave code.
    functions: f64,
    bytecode_len: f64,
    /// Bail-outs included.
    cpu_ns: f64,
}

/// How much execution repays compilation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Repaid {
    /// Calls of the average function until its own compilation is repaid.
    calls: f64,
    /// Iterations of the program until all of its compilations are repaid.
    iterations: f64,
}

impl Compile {
    /// When an iteration's shorter time has made up for the compilations; `None` where it is not shorter.
    ///
    /// The time that an iteration saves is divided equally among its calls: all of them together repay all
    /// compilations, and the average function has its part of both.
    fn repaid(&self, tier0_ns: f64, tier1_ns: f64, calls_per_iteration: f64) -> Option<Repaid> {
        let saved_ns = tier0_ns - tier1_ns;
        if saved_ns.is_nan() || saved_ns <= 0.0 {
            return None;
        }
        let iterations = self.cpu_ns / saved_ns;
        Some(Repaid { calls: iterations * calls_per_iteration / self.functions.max(1.0), iterations })
    }
}

pub(super) fn run(args: &Args) -> Result<()> {
    let out = args.out("break-even");
    let plan = execute(experiment(args)?, None, &out)?;
    let store = Store::open(&out)?;
    let (samples, _, problems) = Samples::usable(&plan, &store);
    let find = |label: &str| plan.contestants.iter().position(|contestant| contestant.label == label).unwrap_or(0);
    let programs: Vec<&str> = plan.inputs.iter().map(|input| input.program.as_str()).collect();
    let forms = FORMS.map(|form| Form::measured(form, find(form), &programs, &samples, plan.spec.seed)).into();
    let copies = plan.contestants.iter().position(|contestant| contestant.copy_of.is_some()).unwrap_or(0);
    let report = Report {
        host: plan.host.clone(),
        size: plan.inputs.first().map_or(Size::Small, |input| input.size),
        processes: plan.spec.replicates,
        iterations: plan.spec.iterations,
        forms,
        aa: over_programs(copies, programs.len(), &samples, &mut Rng::stream(plan.spec.seed, "A/A")),
        problems,
    };
    if args.json { print_json(&report) } else { report.print() }
}

/// Interpreter and both forms of tier 1, in interleaved processes.
fn experiment(args: &Args) -> Result<Spec> {
    let entry = |label: &str, tier, form: Option<&str>| {
        Entry::Detailed(Detailed {
            label: label.to_owned(),
            policy: Some("interpret".to_owned()),
            force_tier: Some(tier),
            tier1: form.map(str::to_owned),
            ..Detailed::default()
        })
    };
    let mut policies = vec![entry(INTERPRETER, 0, None)];
    policies.extend(FORMS.map(|form| entry(form, 1, Some(form))));
    Ok(Spec {
        question: "After how much execution has compilation for tier 1 paid?".to_owned(),
        policies,
        baseline: INTERPRETER.to_owned(),
        primary: Endpoint::Steady,
        ..args.spec("break-even")?
    })
}

/// Steady times of a program in a contestant and in the interpreter, which is the first.
fn steady_pairs(samples: &Samples<'_>, input: usize, contestant: usize) -> Vec<Pair> {
    samples.pairs_by(input, contestant, 0, |result| {
        result.later_median().filter(|time| *time > 0.0).map(|time| vec![time])
    })
}

fn over_programs(contestant: usize, programs: usize, samples: &Samples<'_>, rng: &mut Rng) -> Option<Interval> {
    let pairs: Vec<Vec<Pair>> = (0..programs).map(|input| steady_pairs(samples, input, contestant)).collect();
    hierarchical(&pairs, RESAMPLES, rng)
}

/// The median of what the processes have.
fn middle<'a>(
    results: impl Iterator<Item = &'a CellResult>,
    value: impl Fn(&CellResult) -> Option<f64>,
) -> Option<f64> {
    let values: Vec<f64> = results.filter_map(value).collect();
    (!values.is_empty()).then(|| median(&values))
}

fn tier1(stats: Option<&RunStats>) -> Option<&TierStats> {
    stats?.compiles.iter().find(|compiles| compiles.tier == 1)
}

/// Times per word of a process's compilations, and how often each occurs.
fn times_per_word(result: &CellResult) -> impl Iterator<Item = (f64, u64)> + '_ {
    tier1(result.stats.as_ref())
        .into_iter()
        .flat_map(|tier| &tier.forms)
        .flat_map(|form| &form.us_per_bytecode)
        .copied()
}

/// The least value that `percent` % of all do not exceed; `None` without any.
fn quantile(values: impl Iterator<Item = (f64, u64)>, percent: u64) -> Option<f64> {
    let mut sorted: Vec<(f64, u64)> = values.collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let rank = (sorted.iter().map(|(_, count)| count).sum::<u64>() * percent).div_ceil(100);
    let mut seen = 0;
    sorted.into_iter().find_map(|(value, count)| {
        seen += count;
        (seen >= rank).then_some(value)
    })
}

impl Form {
    fn measured(form: &'static str, contestant: usize, programs: &[&str], samples: &Samples<'_>, seed: u64) -> Self {
        let all = |percent| {
            let results = (0..programs.len()).flat_map(|input| samples.of_input(input, contestant));
            quantile(results.flat_map(times_per_word), percent)
        };
        Self {
            form,
            programs: (0..programs.len())
                .filter_map(|input| {
                    let mut rng = Rng::stream(seed, &format!("{form} {}", programs[input]));
                    let ratio = median_ratio(&steady_pairs(samples, input, contestant), RESAMPLES, &mut rng);
                    Row::measured(programs[input], (input, contestant), ratio, samples)
                })
                .collect(),
            ratio: over_programs(contestant, programs.len(), samples, &mut Rng::stream(seed, form)),
            median_us_per_bytecode: all(50),
            p99_us_per_bytecode: all(99),
        }
    }

    /// What repays compilation in half of the programs; infinite where that is never.
    fn repaid(&self, value: fn(&Repaid) -> f64) -> Option<f64> {
        let values = self.programs.iter().map(|row| row.repaid.as_ref().map_or(f64::INFINITY, value));
        quantile(values.map(|value| (value, 1)), 50)
    }
}

impl Row {
    fn measured(
        program: &str,
        (input, contestant): (usize, usize),
        ratio: Option<Interval>,
        samples: &Samples<'_>,
    ) -> Option<Self> {
        let of_tier0 = |value: fn(&CellResult) -> Option<f64>| middle(samples.of_input(input, 0), value);
        let of_tier1 = |value: fn(&CellResult) -> Option<f64>| middle(samples.of_input(input, contestant), value);
        let compiled = |value: fn(&TierStats) -> f64| {
            middle(samples.of_input(input, contestant), |r| tier1(r.stats.as_ref()).map(value))
        };
        let (tier0_ns, tier1_ns) = (of_tier0(CellResult::later_median)?, of_tier1(CellResult::later_median)?);
        let compile = Compile {
            functions: compiled(|tier| tier.count as f64)?,
            bytecode_len: compiled(|tier| tier.bytecode_len as f64)?,
            cpu_ns: compiled(|tier| tier.cpu_ns as f64)?,
        };
        let per_iteration = |result: &CellResult, count: fn(&RunStats) -> u64| {
            Some(count(result.stats.as_ref()?) as f64 / result.iterations_ns.len() as f64)
        };
        let calls_per_iteration = middle(samples.of_input(input, 0), |r| per_iteration(r, |stats| stats.calls))?;
        Some(Self {
            program: program.to_owned(),
            tier0_ns,
            tier1_ns,
            ratio,
            compile,
            median_us_per_bytecode: of_tier1(|result| quantile(times_per_word(result), 50)),
            p99_us_per_bytecode: of_tier1(|result| quantile(times_per_word(result), 99)),
            calls_per_iteration,
            backedges_per_iteration: middle(samples.of_input(input, 0), |r| per_iteration(r, |stats| stats.backedges))?,
            repaid: compile.repaid(tier0_ns, tier1_ns, calls_per_iteration),
        })
    }
}

/// A number of calls or iterations, `never` where there is none.
fn amount(value: Option<f64>) -> String {
    match value.filter(|value| value.is_finite()) {
        None => "never".to_owned(),
        Some(value) if value >= 10.0 => format!("{value:.0}"),
        Some(value) if value >= 0.1 => format!("{value:.2}"),
        Some(value) => format!("{value:.4}"),
    }
}

fn microseconds(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |us| format!("{us:.2}"))
}

impl Report {
    fn print(&self) -> Result<()> {
        for form in &self.forms {
            let head = [
                form.form,
                "tier 0",
                "tier 1",
                "ratio",
                "compiled",
                "words",
                "in",
                "µs/word",
                "p99",
                "calls/iteration",
                "repaid: calls",
                "iterations",
            ];
            let mut rows = vec![head.map(str::to_owned).to_vec()];
            for row in &form.programs {
                rows.push(vec![
                    row.program.clone(),
                    time(row.tier0_ns),
                    time(row.tier1_ns),
                    ratio(row.ratio.as_ref()),
                    format!("{:.0}", row.compile.functions),
                    format!("{:.0}", row.compile.bytecode_len),
                    time(row.compile.cpu_ns),
                    microseconds(row.median_us_per_bytecode),
                    microseconds(row.p99_us_per_bytecode),
                    amount(Some(row.calls_per_iteration)),
                    amount(row.repaid.map(|repaid| repaid.calls)),
                    amount(row.repaid.map(|repaid| repaid.iterations)),
                ]);
            }
            print(&table(&rows))?;
            print("\n")?;
        }
        print(&table(&self.overall()))?;
        print(&format!(
            "{} programs, size {}, {} processes of {} iterations each on {}, {} CPUs, Linux {}; 95 % intervals\n\
             µs/word: CPU time per word of bytecode of whole functions, the driver's included. \
             Repaid: calls of the average function, and \
             iterations of the program, whose shorter time makes up for compilation.\n\
             the interpreter against a copy of itself: {}\n",
            self.forms.iter().map(|form| form.programs.len()).max().unwrap_or(0),
            self.size,
            self.processes,
            self.iterations,
            self.host.cpu,
            self.host.cpus,
            self.host.kernel,
            ratio(self.aa.as_ref()),
        ))?;
        print_problems(&self.problems)
    }

    /// Both forms side by side.
    fn overall(&self) -> Vec<Vec<String>> {
        /// What a line shows of a form.
        type Shown = fn(&Form) -> String;
        let lines: [(&str, Shown); 9] = [
            ("", |form| form.form.to_owned()),
            ("tier 1 / tier 0, geometric mean", |form| ratio(form.ratio.as_ref())),
            ("µs/word, median of all functions", |form| microseconds(form.median_us_per_bytecode)),
            ("µs/word, p99 of all functions", |form| microseconds(form.p99_us_per_bytecode)),
            ("µs/word, median of programs", |form| {
                let medians: Vec<f64> = form.programs.iter().filter_map(|row| row.median_us_per_bytecode).collect();
                microseconds((!medians.is_empty()).then(|| median(&medians)))
            }),
            ("compilation of a program, median", |form| {
                let all: Vec<f64> = form.programs.iter().map(|row| row.compile.cpu_ns).collect();
                if all.is_empty() { "–".to_owned() } else { time(median(&all)) }
            }),
            ("repaid, median of programs: calls", |form| amount(form.repaid(|repaid| repaid.calls))),
            ("repaid, median of programs: iterations", |form| amount(form.repaid(|repaid| repaid.iterations))),
            ("programs that never repay", |form| {
                form.programs.iter().filter(|row| row.repaid.is_none()).count().to_string()
            }),
        ];
        let cells = |(title, shown): (&str, Shown)| {
            std::iter::once(title.to_owned()).chain(self.forms.iter().map(shown)).collect()
        };
        lines.map(cells).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_compilation_took_is_repaid_by_what_an_iteration_saves() {
        let compile = Compile { functions: 4.0, bytecode_len: 100.0, cpu_ns: 6_000.0 };
        // An iteration saves 2000 ns over 100 calls: 20 ns each, and a function has cost 1500.
        let repaid = compile.repaid(10_000.0, 8_000.0, 100.0).expect("faster");
        assert_eq!(repaid, Repaid { calls: 75.0, iterations: 3.0 });
        assert_eq!(compile.repaid(8_000.0, 8_000.0, 100.0), None);
        assert_eq!(compile.repaid(8_000.0, 9_000.0, 100.0), None);
        assert_eq!(compile.repaid(f64::NAN, 9_000.0, 100.0), None);
        let nothing = Compile { functions: 0.0, bytecode_len: 0.0, cpu_ns: 0.0 };
        assert_eq!(nothing.repaid(2.0, 1.0, 5.0), Some(Repaid { calls: 0.0, iterations: 0.0 }));
    }

    #[test]
    fn amounts_say_never() {
        assert_eq!(
            [None, Some(f64::INFINITY), Some(0.0042), Some(0.25), Some(75.4)].map(amount),
            ["never", "never", "0.0042", "0.25", "75"]
        );
    }

    #[test]
    fn quantiles_weigh_by_how_often_a_value_occurs() {
        let values = [(3.0, 1), (0.5, 98), (1.0, 1)];
        assert_eq!(quantile(values.into_iter(), 50), Some(0.5));
        assert_eq!(quantile(values.into_iter(), 99), Some(1.0));
        assert_eq!(quantile(values.into_iter(), 100), Some(3.0));
        assert_eq!(quantile(std::iter::empty(), 50), None);
    }
}
