//! Decisions from a log: the same run once more, or what would have happened had one decision been another.
//!
//! Where every compilation is done at once, decisions come in the order of the log, and each must be what was logged:
//! kind, function, loop, events, and the hash of what it is made from. With compiler threads, which take turns at
//! random, decisions are found by kind, function, loop and events, and hashes are not compared.
//!
//! What is not as logged is an [objection](Policy::objection): the program ends there.

mod arguments;

use std::collections::{HashMap, VecDeque};

use trinity_datasets::{LoggedDecision, RunLog, read_log};
use trinity_vm::seam::{Action, Decision, DecisionKind, DecisionPoint, Policy, chain_hash};

use crate::{
    error::PolicyError,
    rules::{NEVER, ask_after, events},
    spec::{RunContext, build_for, kind},
};
use arguments::Arguments;

/// What to do about a run that is not the logged one.
const REMEDY: &str = "the program, its input, the build or an option is not that of the run that was logged: replay with \
                      the same, or log again";

/// Answers as a log says.
pub struct Replay {
    name: String,
    /// As the user named it.
    source: String,
    log: RunLog,
    first: [u32; 2],
    order: Order,
    /// Decisions that have been answered.
    answered: usize,
    flip: Option<Flip>,
    objection: Option<String>,
    /// Something was objected to: the program is being ended.
    over: bool,
    fallbacks: Vec<&'static str>,
}

/// Which decision of the log is the next one.
enum Order {
    OfTheLog,
    /// The decisions that have not come yet, by what they are about.
    ByKey(HashMap<Key, VecDeque<usize>>),
}

/// Kind, function, loop and events (by their bits).
type Key = (DecisionKind, u64, Option<u32>, u64);

fn key(decision: &LoggedDecision) -> Key {
    (decision.kind, decision.function_id, decision.loop_index, decision.events.to_bits())
}

/// One decision is another, and from then on another policy decides, which has seen those before it.
struct Flip {
    at: usize,
    action: Action,
    then: Box<dyn Policy>,
    done: bool,
}

impl Replay {
    /// `spec` is the whole specification, `arguments` what follows `replay:` in it.
    ///
    /// # Errors
    /// [`PolicyError::Spec`], and whatever is wrong with the log.
    pub fn new(spec: &str, arguments: &str, run: RunContext) -> Result<Replay, PolicyError> {
        let form = crate::spec::REPLAY;
        let bad = |detail: String| PolicyError::Spec { spec: spec.to_owned(), detail, form };
        let wanted = Arguments::parse(arguments).map_err(bad)?;
        if !wanted.log.exists() {
            return Err(bad(format!(
                "{}: no such file; LOG is what `trinity run --log` has written",
                wanted.log.display()
            )));
        }
        let log = read_log(&wanted.log, wanted.run.as_deref())?;
        let Some(first) = log.first_consultations.filter(|_| log.whole) else {
            return Err(bad(format!(
                "{}: the log was cut short, and its end says when the policy was to be asked first; log that run again, to \
                 its end",
                wanted.log.display()
            )));
        };
        let flip = match wanted.flip {
            None => None,
            Some((id, action)) => {
                let count = log.decisions.len();
                let at = usize::try_from(id).ok().filter(|at| *at < count).ok_or_else(|| {
                    bad(format!("there is no decision {id}: the log has {count} of them, which count from 0"))
                })?;
                let (then, seed) = continuation(&wanted, &log).map_err(bad)?;
                let then = build_for(&then, RunContext { seed: seed.unwrap_or(run.seed), ..run })?;
                Some(Flip { at, action, then, done: false })
            }
        };
        let order = if run.synchronous {
            Order::OfTheLog
        } else {
            let mut by_key: HashMap<Key, VecDeque<usize>> = HashMap::new();
            for (at, decision) in log.decisions.iter().enumerate() {
                by_key.entry(key(decision)).or_default().push_back(at);
            }
            Order::ByKey(by_key)
        };
        Ok(Replay {
            name: spec.to_owned(),
            source: arguments.split(",flip=").next().unwrap_or(arguments).to_owned(),
            first,
            log,
            order,
            answered: 0,
            flip,
            objection: None,
            over: false,
            fallbacks: Vec::new(),
        })
    }

    /// Ends the program.
    fn object(&mut self, at: Option<usize>, what: &str) -> Decision {
        let place = at.map_or_else(String::new, |at| format!(", decision {at}"));
        self.objection.get_or_insert_with(|| format!("replay of {}{place}: {what}", self.source));
        self.over = true;
        Decision::certain(Action::Stay, NEVER)
    }

    /// The place in the log of what is asked for now.
    fn find(&mut self, point: &DecisionPoint<'_>) -> Option<usize> {
        match &mut self.order {
            Order::OfTheLog => Some(self.answered).filter(|at| *at < self.log.decisions.len()),
            Order::ByKey(by_key) => {
                by_key.get_mut(&(point.kind, point.function_id, point.loop_index, events(point).to_bits()))?.pop_front()
            }
        }
    }

    /// What a decision is about, for messages.
    fn about(&self, kind: DecisionKind, function_id: u64, loop_index: Option<u32>, events: f64) -> String {
        let name = self.log.functions.get(&function_id).map_or_else(String::new, |name| format!(" ({name})"));
        let place = loop_index.map_or_else(String::new, |index| format!(", loop {index}"));
        format!("{} of function {function_id:016x}{name}{place} at {events} events", kind.name())
    }

    fn about_logged(&self, at: usize) -> String {
        let logged = &self.log.decisions[at];
        self.about(logged.kind, logged.function_id, logged.loop_index, logged.events)
    }

    /// What is wrong with the decision at this place of the log, or with answering `point` as it says.
    fn mismatch(&self, at: usize, point: &DecisionPoint<'_>) -> Option<String> {
        let logged = &self.log.decisions[at];
        let previous = at.checked_sub(1).map_or(0, |before| self.log.decisions[before].chain_hash);
        let chain = chain_hash(previous, logged.snapshot_hash, &logged.decision, logged.taken);
        if chain != logged.chain_hash {
            return Some(format!(
                "{}: the log was changed after it was written, here or in the decision before: its hash is {chain:016x} \
                 and should be {:016x}; restore the log, or log again",
                self.about_logged(at),
                logged.chain_hash
            ));
        }
        let now = (point.kind, point.function_id, point.loop_index, events(point).to_bits());
        if now != key(logged) {
            let found = self.about(point.kind, point.function_id, point.loop_index, events(point));
            return Some(format!("expected {}, found {found}; {REMEDY}", self.about_logged(at)));
        }
        let hash = point.snapshot_hash();
        (matches!(self.order, Order::OfTheLog) && hash != logged.snapshot_hash).then(|| {
            format!(
                "{}: what it is made from has the hash {hash:016x} and had {:016x} (tier, legal actions, features); \
                 {REMEDY}",
                self.about_logged(at),
                logged.snapshot_hash
            )
        })
    }

    /// The answer that was logged.
    fn logged(&mut self, at: usize) -> Decision {
        let logged = &self.log.decisions[at];
        let fallback = logged.fallback.as_deref().map(|text| {
            self.fallbacks.iter().find(|known| **known == text).copied().unwrap_or_else(|| {
                // There are as many as a learned policy has reasons.
                let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
                self.fallbacks.push(text);
                text
            })
        });
        Decision { fallback, ..logged.decision.clone() }
    }
}

/// Who decides after the flip, and the seed that this policy had, as far as the log says.
fn continuation(wanted: &Arguments, log: &RunLog) -> Result<(String, Option<u64>), String> {
    let (policy, seed) = match (&wanted.then, &log.policy) {
        (Some(then), _) => (then, None),
        (None, Some(policy)) => (policy, log.seed),
        (None, None) => return Err("the log does not say whose it is: say then=POLICY".to_owned()),
    };
    if kind(policy) == "replay" || policy.starts_with("force-tier") {
        return Err(format!("`{policy}` has no answer after the flip: say then=POLICY"));
    }
    Ok((policy.clone(), seed))
}

impl Policy for Replay {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn first_consultation(&self, kind: DecisionKind) -> u32 {
        match &self.flip {
            Some(flip) if flip.done => flip.then.first_consultation(kind),
            _ => self.first[usize::from(kind == DecisionKind::Osr)],
        }
    }

    fn decide(&mut self, point: &DecisionPoint<'_>) -> Decision {
        if self.over {
            return Decision::certain(Action::Stay, NEVER);
        }
        let shadow = self.flip.as_mut().map(|flip| (flip.done, flip.then.decide(point)));
        if let Some((true, answer)) = shadow {
            return answer;
        }
        let Some(at) = self.find(point) else {
            let found = self.about(point.kind, point.function_id, point.loop_index, events(point));
            let what = match self.order {
                Order::OfTheLog => format!("the log ends here, and {found} is to be decided; {REMEDY}"),
                Order::ByKey(_) => format!(
                    "the log has no decision {found} that has not been answered; with compiler threads decisions may \
                     fall differently each time (--compiler-threads 0), or {REMEDY}"
                ),
            };
            return self.object(Some(self.answered), &what);
        };
        if let Some(what) = self.mismatch(at, point) {
            return self.object(Some(at), &what);
        }
        self.answered += 1;
        if let (Some(flip), Some((_, shadow))) = (&mut self.flip, shadow)
            && flip.at == at
        {
            let action = flip.action;
            if !point.legal.contains(action) {
                let legal: Vec<&str> = point.legal.iter().map(Action::name).collect();
                let what = format!(
                    "{}: flip={at}:{} is not legal there; legal: {}",
                    self.about_logged(at),
                    action.name(),
                    legal.join(", ")
                );
                return self.object(Some(at), &what);
            }
            flip.done = true;
            return Decision { explore: true, ..Decision::certain(action, ask_after(action, &shadow, point)) };
        }
        self.logged(at)
    }

    fn objection(&mut self) -> Option<String> {
        self.objection.take()
    }

    fn finish(&mut self) -> Option<String> {
        if self.over {
            return None;
        }
        let count = self.log.decisions.len();
        match &self.flip {
            Some(flip) if flip.done => return None,
            Some(flip) => {
                let what = format!("the run ended before the decision of flip={}", flip.at);
                self.object(None, &format!("{what}; {REMEDY}"));
            }
            None if self.answered == count => return None,
            None => {
                let next = match &self.order {
                    Order::OfTheLog => Some(self.answered),
                    Order::ByKey(by_key) => by_key.values().filter_map(|waiting| waiting.front().copied()).min(),
                };
                let next = next.map_or_else(String::new, |at| format!("; expected next: {}", self.about_logged(at)));
                self.object(
                    None,
                    &format!("the run ended after {} of {count} decisions{next}; {REMEDY}", self.answered),
                );
            }
        }
        self.objection.take()
    }
}
