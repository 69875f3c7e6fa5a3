//! The tier controller: counts down, consults the policy, compiles, installs, and demotes.
//!
//! Legality is decided here, preference by the policy. The hot paths only decrement a counter.

mod compile;
mod features;
mod queue;
mod report;

use std::{collections::BTreeMap, time::Instant};

use crate::{
    function::{LoopState, Proto},
    heap::{Gc, Heap},
    seam::{
        Action, ActionSet, Compiler, Decision, DecisionKind, DecisionPoint, DecisionRecord, DeoptRecord, EntryPoint,
        EventSink, Features, Policy, Tier, TierCompiles,
    },
    vm::Vm,
};

use compile::Background;
pub(crate) use compile::Pending;

/// Side exits of one function's optimised code after which it is demoted.
const EXITS_BEFORE_DEMOTION: u32 = 16;
/// Optimising compilations of one function or loop before the optimiser is ruled out for it.
const MAX_REOPTS: u32 = 6;

/// The controller's state.
pub struct Controller {
    policy: Option<Box<dyn Policy>>,
    compiler: Option<Box<dyn Compiler>>,
    sink: Option<Box<dyn EventSink>>,
    pub max_tier: Tier,
    pub functions_seen: u64,
    pub functions_compiled: u64,
    pub code_bytes: u64,
    pub warnings: bool,
    /// Address of the native behind `next`, which generic loops run inline; 0 before the library is open.
    pub next_function: usize,
    /// The same for the iterator of `ipairs`.
    pub ipairs_function: usize,
    /// Address of the native behind arithmetic on strings.
    pub string_arithmetic: usize,
    pub(crate) scratch: Vec<u8>,
    protos: Vec<Gc<Proto>>,
    compiles: [CompileStats; 2],
    background: Background,
    deopts: BTreeMap<&'static str, u64>,
    consultations: u64,
    illegal_answers: u64,
    inference_ns: u64,
    compile_ns: u64,
    decision_id: u64,
    iteration: u32,
    iteration_start: Option<IterationStart>,
    /// Work of all functions as last seen at their consultations.
    total_work: f64,
    /// Work of functions that have been collected.
    dead_work: f64,
}

#[derive(Default)]
struct CompileStats {
    count: u64,
    cpu_ns: u64,
    bytecode_len: u64,
    code_bytes: u64,
    bailouts: BTreeMap<&'static str, u64>,
}

struct IterationStart {
    wall: Instant,
    cpu_ns: u64,
    gc_ns: u64,
    compile_ns: u64,
    deopts: u64,
}

impl Default for Controller {
    fn default() -> Self {
        Self {
            policy: None,
            compiler: None,
            sink: None,
            max_tier: Tier::Hot,
            functions_seen: 0,
            functions_compiled: 0,
            code_bytes: 0,
            warnings: false,
            next_function: 0,
            ipairs_function: 0,
            string_arithmetic: 0,
            scratch: Vec::new(),
            protos: Vec::new(),
            compiles: Default::default(),
            background: Background::default(),
            deopts: BTreeMap::new(),
            consultations: 0,
            illegal_answers: 0,
            inference_ns: 0,
            compile_ns: 0,
            decision_id: 0,
            iteration: 0,
            iteration_start: None,
            total_work: 0.0,
            dead_work: 0.0,
        }
    }
}

/// What is being consulted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Function,
    Loop(usize),
}

impl Subject {
    fn loop_index(self) -> Option<u32> {
        match self {
            Self::Function => None,
            Self::Loop(index) => Some(index as u32),
        }
    }
    fn entry_point(self) -> EntryPoint {
        match self {
            Self::Function => EntryPoint::Call,
            Self::Loop(index) => EntryPoint::Loop(index as u32),
        }
    }
    fn tier(self, proto: &Proto) -> Tier {
        match self {
            Self::Function => proto.profile.tier,
            Self::Loop(index) => proto.loops()[index].tier,
        }
    }
    /// Calls, or back-edges, so far.
    fn events(self, proto: &Proto) -> u64 {
        match self {
            Self::Function => proto.calls(),
            Self::Loop(index) => proto.loops()[index].count(),
        }
    }
    /// Tiers that a compiler declined.
    fn declined(self, proto: &mut Proto) -> &mut [bool; 3] {
        match self {
            Self::Function => &mut proto.profile.declined,
            Self::Loop(index) => &mut proto.loops_mut()[index].declined,
        }
    }
    /// Consults after so many further events.
    fn consult_after(self, proto: &mut Proto, events: i32) {
        match self {
            Self::Function => {
                proto.profile.counted = proto.calls();
                proto.countdown = events;
                proto.profile.reload = events;
            }
            Self::Loop(index) => {
                let state = &mut proto.loops_mut()[index];
                state.counted = state.count();
                state.countdown = events;
                state.reload = events;
            }
        }
    }
}

impl Controller {
    /// Installs a policy. Functions loaded earlier keep the schedule that they have.
    pub fn set_policy(&mut self, policy: Box<dyn Policy>) {
        self.policy = Some(policy);
    }
    pub fn set_compiler(&mut self, compiler: Box<dyn Compiler>) {
        self.compiler = Some(compiler);
    }
    pub(crate) fn has_compiler(&self) -> bool {
        self.compiler.is_some()
    }
    pub fn set_sink(&mut self, sink: Box<dyn EventSink>) {
        self.sink = Some(sink);
    }
    pub fn take_sink(&mut self) -> Option<Box<dyn EventSink>> {
        self.sink.take()
    }

    /// Initial countdowns of functions and loops.
    pub(crate) fn first_consultations(&self) -> (i32, i32) {
        match &self.policy {
            None => (i32::MAX, i32::MAX),
            Some(policy) => (
                clamp(policy.first_consultation(DecisionKind::Tier)),
                clamp(policy.first_consultation(DecisionKind::Osr)),
            ),
        }
    }

    pub(crate) fn register(&mut self, proto: Gc<Proto>) {
        self.protos.push(proto);
        for child in &proto.children {
            self.register(*child);
        }
    }

    /// The functions in the heap that have been instantiated from source, as of the last collection.
    pub fn functions(&self) -> impl Iterator<Item = Gc<Proto>> + '_ {
        self.protos.iter().copied()
    }

    /// `now_ns` is the time since the VM was made.
    pub(crate) fn forget_dead(&mut self, heap: &Heap, now_ns: u64) {
        // A dead function's totals still belong to the run's report.
        let (live, dead): (Vec<_>, Vec<_>) = self.protos.drain(..).partition(|proto| heap.is_live(*proto));
        self.protos = live;
        for proto in &dead {
            self.drop_pending(*proto, "collected", now_ns);
        }
        self.dead_work += dead.iter().map(|proto| features::work(proto)).sum::<f64>();
        if let Some(sink) = &mut self.sink {
            for proto in dead {
                sink.function(&report::function_record(&proto));
            }
        }
    }
}

fn clamp(events: u32) -> i32 {
    events.clamp(1, i32::MAX as u32) as i32
}

impl Vm {
    /// A function's countdown has run out at a call.
    #[cold]
    pub fn consult_call(&mut self, proto: Gc<Proto>) {
        self.consult_on(proto, Subject::Function);
    }

    /// A loop's countdown has run out at its back-edge.
    #[cold]
    #[inline(never)]
    pub fn consult_loop(&mut self, proto: Gc<Proto>, index: usize) {
        self.consult_on(proto, Subject::Loop(index));
    }

    fn consult_on(&mut self, proto: Gc<Proto>, subject: Subject) {
        subject.consult_after(proto.get_mut(), i32::MAX);
        // While code is on its way there is nothing to decide: the countdown goes on when it is here.
        if compile::is_pending(&proto, subject) {
            return;
        }
        let again = self.consult(proto, subject);
        if !compile::is_pending(&proto, subject) {
            subject.consult_after(proto.get_mut(), again);
        }
    }

    /// Asks the policy and carries out its answer; returns the next countdown.
    fn consult(&mut self, proto: Gc<Proto>, subject: Subject) -> i32 {
        let Some(mut policy) = self.controller.policy.take() else { return i32::MAX };
        let started = Instant::now();
        let tier = subject.tier(&proto);
        let legal = self.legal_actions(&proto, subject, tier);
        let features = self.features(proto, subject);
        let feature_ns = started.elapsed().as_nanos() as u32;
        let kind = match subject {
            Subject::Function => DecisionKind::Tier,
            Subject::Loop(_) => DecisionKind::Osr,
        };
        let loop_index = subject.loop_index();
        let asked = Instant::now();
        let decision = policy.decide(&DecisionPoint {
            kind,
            function_id: proto.profile.function_id,
            loop_index,
            tier,
            features: &features,
            legal,
        });
        let inference_ns = asked.elapsed().as_nanos() as u64;
        self.controller.policy = Some(policy);
        self.controller.consultations += 1;
        self.controller.inference_ns += inference_ns;
        let mut taken = decision.action;
        if !legal.contains(taken) {
            self.controller.illegal_answers += 1;
            taken = Action::Stay;
        }
        let decision_id = self.controller.decision_id;
        self.controller.decision_id += 1;
        let again = clamp(decision.ask_again);
        if self.controller.sink.is_some() {
            let record = DecisionRecord {
                decision_id,
                kind,
                t_ns: self.elapsed_ns(),
                iteration: self.controller.iteration,
                function_id: proto.profile.function_id,
                loop_index,
                tier,
                features,
                legal,
                decision: Decision { ..decision },
                taken,
                inference_ns: inference_ns as u32,
                feature_ns,
            };
            if let Some(sink) = &mut self.controller.sink {
                sink.decision(&record);
            }
        }
        if let Some(target) = taken.tier()
            && target > tier
        {
            self.promote(proto, subject, tier, target, decision_id, again);
        }
        again
    }

    /// What may be done: the tier is allowed, has not declined, and is above the present one.
    fn legal_actions(&self, proto: &Proto, subject: Subject, tier: Tier) -> ActionSet {
        let mut legal = ActionSet::STAY;
        if self.controller.compiler.is_none() || self.is_observing() {
            return legal;
        }
        let (declined, reopts) = match subject {
            Subject::Function => (proto.profile.declined, proto.profile.reopts),
            Subject::Loop(index) => (proto.loops()[index].declined, proto.loops()[index].reopts),
        };
        for (action, target) in [(Action::Warm, Tier::Warm), (Action::Hot, Tier::Hot)] {
            if target > tier
                && target <= self.controller.max_tier
                && !declined[target as usize]
                && (target != Tier::Hot || reopts < MAX_REOPTS)
            {
                legal = legal.with(action);
            }
        }
        legal
    }

    /// Optimised code of `proto` (`loop_index`: of that loop) has left by a side exit at `pc`. Called by compilers'
    /// exit stubs.
    #[cold]
    pub fn note_exit(&mut self, proto: Gc<Proto>, loop_index: Option<usize>, pc: u32, reason: &'static str) {
        *self.controller.deopts.entry(reason).or_default() += 1;
        let object = proto.get_mut();
        object.profile.deopts += 1;
        if !object.profile.failed_speculations.contains(&(pc, reason)) {
            object.profile.failed_speculations.push((pc, reason));
        }
        if self.controller.sink.is_some() {
            let record = DeoptRecord { t_ns: self.elapsed_ns(), function_id: object.profile.function_id, pc, reason };
            if let Some(sink) = &mut self.controller.sink {
                sink.deopt(&record);
            }
        }
        match loop_index {
            None => {
                object.profile.exits += 1;
                if object.profile.exits >= EXITS_BEFORE_DEMOTION && object.profile.tier == Tier::Hot {
                    self.demote(proto, Subject::Function);
                }
            }
            Some(index) => {
                let state = &mut object.loops_mut()[index];
                state.exits += 1;
                if state.exits >= EXITS_BEFORE_DEMOTION && state.tier == Tier::Hot {
                    self.demote(proto, Subject::Loop(index));
                }
            }
        }
    }

    /// Takes optimised code out of use: the function starts over in tier 0, and may be optimised again with what its
    /// exits have taught, each time later than the last (no ping-pong).
    fn demote(&mut self, proto: Gc<Proto>, subject: Subject) {
        let object = proto.get_mut();
        let later = |reopts: u32| (64i32 << reopts.min(16)).min(1 << 24);
        match subject {
            Subject::Function => {
                object.set_entry(None);
                object.profile.tier = Tier::Cold;
                if let Some(old) = object.profile.code.take() {
                    object.profile.retired.push(old);
                }
                subject.consult_after(object, later(object.profile.reopts));
            }
            Subject::Loop(index) => {
                let state = &mut object.loops_mut()[index];
                state.osr = None;
                state.tier = Tier::Cold;
                let (old, wait) = (state.code.take(), later(state.reopts) * 4);
                object.profile.retired.extend(old.map(|old| *old));
                subject.consult_after(object, wait);
            }
        }
    }

    /// Features of a consultation.
    fn features(&mut self, proto: Gc<Proto>, subject: Subject) -> Features {
        let now = self.elapsed_ns();
        features::collect(&mut self.controller, proto, subject, now)
    }
}

/// CPU time of the calling thread.
pub(crate) fn thread_cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for the answer.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

impl CompileStats {
    fn summary(&self) -> TierCompiles {
        TierCompiles {
            count: self.count,
            cpu_ns: self.cpu_ns,
            bytecode_len: self.bytecode_len,
            code_bytes: self.code_bytes,
            bailouts: self.bailouts.iter().map(|(reason, count)| (*reason, *count)).collect(),
        }
    }
}

impl LoopState {
    /// Events since the function was last consulted on.
    fn since_last(&self) -> u64 {
        self.count().saturating_sub(self.at_last)
    }
}
