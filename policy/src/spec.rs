//! Policies by the name used on the command line.

use trinity_vm::seam::Policy;

use crate::{
    error::PolicyError,
    learn::{Learned, Model},
    rates::Rates,
    replay::Replay,
    rules::{CostBenefit, Explore, Random, Reference, ThresholdPolicy, Thresholds, golden},
};

/// One line of `trinity policy list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct CatalogueEntry {
    /// How it is written.
    pub form: &'static str,
    pub rule: &'static str,
    /// Where its numbers come from.
    pub source: &'static str,
}

const CATALOGUE: &[CatalogueEntry] = &[
    entry("interpret", "never leave tier 0", "lower reference"),
    entry("baseline-only", "tier 1 at the first call, no further", "reference"),
    entry("eager", "tier 2 as soon as it is legal, tier 1 until then", "reference"),
    entry("fixed:W,H", "tier 1 at W, tier 2 at H events (calls + back-edges)", "given"),
    entry("seed-v1.0", "fixed:100,10000", "the source document, version 1.0"),
    entry("seed-v1.1", "fixed:50,5000", "the source document, version 1.1"),
    entry("seed-v1.2", "fixed:27,2700", "the source document's author's code, version 1.2"),
    entry("golden[:A,B]", "tier 1 at round(φ^A), tier 2 at round(φ^B) events; default 8,16: 47/2207", "golden ratio"),
    entry("geometric:R,A,B", "tier 1 at round(R^A), tier 2 at round(R^B) events", "the family of which φ is a member"),
    entry(
        "cost-benefit[:RATES]",
        "future work = past work; least compile time plus future time; asked at doublings",
        "Arnold et al., OOPSLA 2000; rates measured here (policy/rates.toml, or a TOML file like it)",
    ),
    entry("random:P[,SEED]", "promotes with probability P at each doubling of events", "placebo; seed: of the run"),
    entry(
        "explore:E[,seed=N],POLICY",
        "a legal action at random with probability E, else POLICY's answer; exact propensities",
        "for logs to learn from; seed: of the run",
    ),
    entry(
        "learned:FILE",
        "least expected cost from predicted remaining work, or learned thresholds",
        "`trinity train`",
    ),
    entry(REPLAY, "answers as logged; with flip= until that decision, which is ACTION, then POLICY's", "`--log`"),
];

/// The form of a replay.
pub(crate) const REPLAY: &str = "replay:LOG[,run=RUN_ID][,flip=ID:ACTION[,then=POLICY]]";

const fn entry(form: &'static str, rule: &'static str, source: &'static str) -> CatalogueEntry {
    CatalogueEntry { form, rule, source }
}

/// What can be built, in the order of the documentation.
pub fn catalogue() -> &'static [CatalogueEntry] {
    CATALOGUE
}

/// The part of a specification before the colon: the policy's kind, by which data sets are partitioned.
pub fn kind(spec: &str) -> &str {
    spec.split(':').next().unwrap_or(spec)
}

/// Whether the policy draws actions at random by the seed of the run, so that runs with different seeds differ.
pub fn draws(spec: &str) -> bool {
    let mut words = spec.split([':', ',']).map(str::trim).skip(1);
    let (share, next) = (words.next().and_then(|share| share.parse::<f64>().ok()), words.next().unwrap_or(""));
    let is_number = |seed: &str| seed.parse::<u64>().is_ok();
    match kind(spec) {
        "random" => share != Some(0.0) && !is_number(next),
        "explore" => {
            let has_own_seed = next.strip_prefix("seed=").is_some_and(is_number);
            let inner = explored(spec).1;
            share != Some(0.0) && !has_own_seed || inner != spec && draws(inner)
        }
        _ => false,
    }
}

/// What stands in front of the policy that an `explore` is about, and that policy; of others, nothing and the whole.
pub fn explored(spec: &str) -> (&str, &str) {
    let Some((_, rest)) = spec.strip_prefix("explore:").and_then(|arguments| arguments.split_once(',')) else {
        return ("", spec);
    };
    let inner = match rest.strip_prefix("seed=").and_then(|rest| rest.split_once(',')) {
        Some((_, inner)) => inner,
        None => rest,
    };
    spec.split_at(spec.len() - inner.len())
}

/// What a policy may have to know about the run that it decides in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunContext {
    /// Of policies that draw, where their specification states none.
    pub seed: u64,
    /// Every compilation is done at once, so that equal runs decide alike.
    pub synchronous: bool,
}

impl Default for RunContext {
    fn default() -> Self {
        Self { seed: 1, synchronous: true }
    }
}

/// Makes the policy that `spec` names, for a run about which there is nothing to know.
///
/// # Errors
/// As [`build_for`].
pub fn build(spec: &str) -> Result<Box<dyn Policy>, PolicyError> {
    build_for(spec, RunContext::default())
}

/// Makes the policy that `spec` names.
///
/// # Errors
/// [`PolicyError::Unknown`] lists what there is; [`PolicyError::Spec`] shows the form; [`PolicyError::Model`],
/// [`PolicyError::Rates`] and [`PolicyError::Data`] name the file.
pub fn build_for(spec: &str, run: RunContext) -> Result<Box<dyn Policy>, PolicyError> {
    let (name, arguments) = match spec.split_once(':') {
        Some((name, arguments)) => (name, Some(arguments)),
        None => (spec, None),
    };
    let thresholds = |warm, hot| Thresholds { warm, hot };
    let threshold_policy =
        |t: Thresholds| -> Result<Box<dyn Policy>, PolicyError> { Ok(Box::new(ThresholdPolicy::new(spec, t))) };
    let bad =
        |detail: &str, form: &'static str| PolicyError::Spec { spec: spec.to_owned(), detail: detail.to_owned(), form };
    match (name, arguments) {
        ("interpret", None) => Ok(Box::new(Reference::Interpret)),
        ("baseline-only", None) => Ok(Box::new(Reference::BaselineOnly)),
        ("eager", None) => Ok(Box::new(Reference::Eager)),
        ("seed-v1.0", None) => threshold_policy(thresholds(100, 10_000)),
        ("seed-v1.1", None) => threshold_policy(thresholds(50, 5_000)),
        ("seed-v1.2", None) => threshold_policy(thresholds(27, 2_700)),
        ("fixed", Some(arguments)) => {
            let [warm, hot] = numbers(arguments).ok_or_else(|| bad("W and H are whole numbers", "fixed:W,H"))?;
            if warm == 0 || hot == 0 {
                return Err(bad("thresholds are at least 1", "fixed:W,H"));
            }
            threshold_policy(thresholds(warm, hot))
        }
        ("golden", None) => threshold_policy(golden(8, 16)),
        ("golden", Some(arguments)) => {
            let [a, b] = numbers(arguments).ok_or_else(|| bad("A and B are whole numbers", "golden:A,B"))?;
            threshold_policy(golden(a, b))
        }
        ("geometric", Some(arguments)) => {
            let form = "geometric:R,A,B";
            let (ratio, exponents) = arguments.split_once(',').ok_or_else(|| bad("three numbers are needed", form))?;
            let ratio: f64 = ratio.trim().parse().map_err(|_| bad("R is a number", form))?;
            let [a, b] = numbers(exponents).ok_or_else(|| bad("A and B are whole numbers", form))?;
            if !ratio.is_finite() || ratio <= 1.0 {
                return Err(bad("R is greater than 1", form));
            }
            threshold_policy(Thresholds::geometric(ratio, a, b))
        }
        ("cost-benefit", None) => Ok(Box::new(CostBenefit::new(Rates::default()))),
        ("cost-benefit", Some(path)) => Ok(Box::new(CostBenefit::from_file(path)?)),
        ("random", Some(arguments)) => {
            let form = "random:P[,SEED]";
            let (p, seed) = match arguments.split_once(',') {
                Some((p, seed)) => (p, seed.trim().parse().map_err(|_| bad("SEED is a whole number", form))?),
                None => (arguments, run.seed),
            };
            let p: f64 = p.trim().parse().map_err(|_| bad("P is a number", form))?;
            if !(0.0..=1.0).contains(&p) {
                return Err(bad("P lies between 0 and 1", form));
            }
            Ok(Box::new(Random::new(p, seed)))
        }
        ("explore", Some(arguments)) => {
            let form = "explore:E[,seed=N],POLICY";
            let (epsilon, rest) = arguments.split_once(',').ok_or_else(|| bad("it needs a policy", form))?;
            let (seed, inner) = match rest.strip_prefix("seed=") {
                Some(rest) => {
                    let (seed, inner) = rest.split_once(',').ok_or_else(|| bad("it needs a policy", form))?;
                    (seed.trim().parse().map_err(|_| bad("N is a whole number", form))?, inner)
                }
                None => (run.seed, rest),
            };
            let epsilon: f64 = epsilon.trim().parse().map_err(|_| bad("E is a number", form))?;
            if !(0.0..=1.0).contains(&epsilon) {
                return Err(bad("E lies between 0 and 1", form));
            }
            match kind(inner) {
                "explore" => return Err(bad("one share of random actions is enough", form)),
                "replay" => return Err(bad("a replay's answers are those of its log", form)),
                _ => {}
            }
            Ok(Box::new(Explore::new(epsilon, seed, build_for(inner, run)?)))
        }
        ("replay", Some(arguments)) => Ok(Box::new(Replay::new(spec, arguments, run)?)),
        ("learned", Some(path)) => Ok(Box::new(Learned::new(spec, Model::load(path.as_ref())?))),
        _ => match CATALOGUE.iter().find(|entry| entry.form.split([':', '[']).next() == Some(name)) {
            Some(entry) if arguments.is_none() => Err(bad("it needs arguments", entry.form)),
            Some(entry) => Err(bad("it takes no arguments", entry.form)),
            None => Err(PolicyError::Unknown {
                spec: spec.to_owned(),
                known: CATALOGUE.iter().map(|entry| entry.form).collect::<Vec<_>>().join(", "),
            }),
        },
    }
}

/// Exactly `N` numbers between commas.
fn numbers<T: std::str::FromStr, const N: usize>(text: &str) -> Option<[T; N]> {
    let numbers = text.split(',').map(|part| part.trim().parse().ok()).collect::<Option<Vec<T>>>()?;
    numbers.try_into().ok()
}
