//! The tier controller: counts down, consults the policy, compiles, installs, and demotes.
//!
//! Legality is decided here, preference by the policy. The hot paths only decrement a counter.

mod background;
mod code;
mod compile;
mod deopt;
mod exposure;
mod features;
mod install;
mod queue;
mod renewal;
mod report;
mod tally;

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use crate::{
    clock::COSTS,
    front::chunk_id,
    function::{LoopState, Proto, frame_proto},
    heap::{Gc, Heap},
    seam::{
        Action, ActionSet, Compiler, DecisionKind, DecisionPoint, DecisionRecord, EntryPoint, EventSink, OsrRecord,
        PauseRecord, Policy, Tier, VirtualTime,
    },
    vm::Vm,
};

use background::Background;
pub(crate) use background::Pending;
use code::CodeMemory;
pub use code::{DEFAULT_CODE_LIMIT, Standing};
pub use renewal::Knowledge;
pub(crate) use renewal::Renewal;
use tally::CompileTally;

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
    pub warnings: bool,
    /// Address of the native behind `next`, which generic loops run inline; 0 before the library is open.
    pub next_function: usize,
    /// The same for the iterator of `ipairs`.
    pub ipairs_function: usize,
    /// Address of the native behind arithmetic on strings.
    pub string_arithmetic: usize,
    pub(crate) scratch: Vec<u8>,
    /// The program may look into frames: nothing is optimised. See `exposure`.
    locals_exposed: bool,
    protos: Vec<Gc<Proto>>,
    compiles: [CompileTally; 2],
    code: CodeMemory,
    /// Tier 1, tier 2.
    osr_entries: [u64; 2],
    background: Background,
    deopts: BTreeMap<&'static str, u64>,
    consultations: u64,
    illegal_answers: u64,
    inference_ns: u64,
    compile_ns: u64,
    decision_id: u64,
    /// Of the decisions that were logged.
    chain_hash: u64,
    iteration: u32,
    iteration_start: Option<IterationStart>,
    /// Work of all functions as last seen at their consultations.
    total_work: f64,
    /// Of functions that have been collected.
    dead: report::Totals,
}

struct IterationStart {
    wall: Instant,
    virtual_time: VirtualTime,
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
            warnings: false,
            next_function: 0,
            ipairs_function: 0,
            string_arithmetic: 0,
            scratch: Vec::new(),
            locals_exposed: false,
            protos: Vec::new(),
            compiles: Default::default(),
            code: CodeMemory::default(),
            osr_entries: [0; 2],
            background: Background::default(),
            deopts: BTreeMap::new(),
            consultations: 0,
            illegal_answers: 0,
            inference_ns: 0,
            compile_ns: 0,
            decision_id: 0,
            chain_hash: 0,
            iteration: 0,
            iteration_start: None,
            total_work: 0.0,
            dead: report::Totals::default(),
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
    /// Where the loop's header is.
    fn loop_pc(self, proto: &Proto) -> Option<u32> {
        match self {
            Subject::Function => None,
            Subject::Loop(index) => Some(proto.unit.loops[index].header_pc),
        }
    }
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
    /// Events before the next consultation.
    fn countdown(self, proto: &Proto) -> i32 {
        match self {
            Self::Function => proto.countdown,
            Self::Loop(index) => proto.loops()[index].countdown,
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
                proto.profile.renewal.unschedule();
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

/// What came of a consultation.
struct Answer {
    decision_id: u64,
    /// The policy's answer, if that was legal.
    taken: Action,
    /// Events before the next consultation.
    ask_again: i32,
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
    /// Most bytes that compiled code may take; beyond it, what has not been used lately is evicted.
    pub fn set_code_limit(&mut self, bytes: u64) {
        self.code.set_limit(bytes);
    }
    /// From now on freed code keeps its address, and the memory with it: for observers that tell code by addresses.
    pub fn keep_code_addresses(&mut self) {
        self.code.keep_addresses();
    }
    /// Bytes of code memory in use, code that is out of use but still running included.
    pub fn code_memory_in_use(&self) -> u64 {
        self.code.in_use()
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
        dead.iter().for_each(|proto| self.dead.add(proto));
        self.code.forget_dead(heap, &dead);
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
        let renewal = renewal::due(&proto, subject);
        subject.consult_after(proto.get_mut(), i32::MAX);
        if code::end_probation(proto, subject) {
            return;
        }
        if let Some(again) = renewal {
            self.renew(proto);
            renewal::consult_after(proto.get_mut(), subject, again);
            return;
        }
        // While code is on its way there is nothing to decide: the countdown goes on when it is here.
        if background::is_pending(&proto, subject) {
            return;
        }
        let again = self.consult(proto, subject);
        if !background::is_pending(&proto, subject) {
            renewal::consult_after(proto.get_mut(), subject, again);
        }
    }

    /// Asks the policy in which tier to go on, and carries out its answer; returns the next countdown.
    fn consult(&mut self, proto: Gc<Proto>, subject: Subject) -> i32 {
        if self.controller.sink.is_some() && proto.profile.label.is_none() {
            proto.get_mut().profile.label = Some(self.make_label(proto));
        }
        let tier = subject.tier(&proto);
        let kind = match subject {
            _ if proto.get_mut().standing(subject).was_demoted => DecisionKind::Reopt,
            Subject::Function => DecisionKind::Tier,
            Subject::Loop(_) => DecisionKind::Osr,
        };
        let legal = self.legal_actions(&proto, subject, tier);
        let Some(Answer { decision_id, taken, ask_again }) = self.ask(proto, subject, kind, legal) else {
            return i32::MAX;
        };
        if let Some(target) = taken.tier()
            && target > tier
            && let Some(wait) = self.promote(proto, subject, tier, target, decision_id, ask_again)
        {
            return wait;
        }
        ask_again
    }

    /// Has the policy decide, and reports it. `None` without a policy, and where it ends the program instead.
    fn ask(&mut self, proto: Gc<Proto>, subject: Subject, kind: DecisionKind, legal: ActionSet) -> Option<Answer> {
        let mut policy = self.controller.policy.take()?;
        let started = Instant::now();
        let tier = subject.tier(&proto);
        let t_ns = self.elapsed_ns_at(started);
        let features = self.features(proto, subject, t_ns);
        let loop_index = subject.loop_index();
        let asked = Instant::now();
        let function_id = proto.profile.function_id;
        let decision =
            policy.decide(&DecisionPoint { kind, function_id, loop_index, tier, features: &features, legal });
        let answered = Instant::now();
        let inference_ns = answered.duration_since(asked).as_nanos() as u64;
        let objection = policy.objection();
        self.controller.policy = Some(policy);
        if let Some(objection) = objection {
            self.end_program(&objection);
            return None;
        }
        self.controller.consultations += 1;
        self.controller.inference_ns += inference_ns;
        let mut taken = decision.action;
        if !legal.contains(taken) {
            self.controller.illegal_answers += 1;
            taken = Action::Stay;
        }
        let decision_id = self.controller.decision_id;
        self.controller.decision_id += 1;
        let ask_again = clamp(decision.ask_again);
        if self.controller.sink.is_some() {
            proto.get_mut().profile.asked = true;
            let has_parent = matches!(kind, DecisionKind::Demote | DecisionKind::Reopt);
            let record = DecisionRecord {
                decision_id,
                parent: proto.get_mut().standing(subject).decision().filter(|_| has_parent),
                kind,
                t_ns,
                t_virtual: self.virtual_time(),
                self_virtual: VirtualTime::default(),
                snapshot_hash: 0,
                chain_hash: 0,
                iteration: self.controller.iteration,
                function_id,
                loop_index,
                tier,
                features,
                last_deopt: proto.profile.last_deopt,
                legal,
                decision,
                taken,
                inference_ns: inference_ns as u32,
                feature_ns: asked.duration_since(started).as_nanos() as u32,
            }
            .sealed(self.controller.chain_hash);
            self.controller.chain_hash = record.chain_hash;
            if let Some(sink) = &mut self.controller.sink {
                sink.decision(&record);
            }
        }
        Some(Answer { decision_id, taken, ask_again })
    }

    /// How records name a function that is being consulted on: as its caller does.
    fn make_label(&self, proto: Gc<Proto>) -> Arc<str> {
        // SAFETY: the frame is live: the function consulted on runs in it.
        let is_topmost = !self.frame.0.is_null() && unsafe { frame_proto(self.frame) } == Some(proto);
        let called = if is_topmost { self.called_as(self.frame) } else { None };
        let name = match called {
            _ if proto.unit.line_defined == 0 => "main chunk".into(),
            Some((_, name)) => String::from_utf8_lossy(&name).into_owned(),
            None => "?".to_owned(),
        };
        let source = chunk_id(&proto.unit.source);
        format!("{name} {}:{}", String::from_utf8_lossy(&source), proto.unit.line_defined).into()
    }

    /// What may be done: the tier is allowed, has not declined, and is above the present one.
    fn legal_actions(&self, proto: &Proto, subject: Subject, tier: Tier) -> ActionSet {
        let mut legal = ActionSet::STAY;
        if self.controller.compiler.is_none() || self.is_observing() {
            return legal;
        }
        let (declined, reopts, standing) = match subject {
            Subject::Function => (proto.profile.declined, proto.profile.reopts, proto.profile.standing),
            Subject::Loop(index) => {
                let state = &proto.loops()[index];
                (state.declined, state.reopts, state.standing)
            }
        };
        // What was evicted was not wrong.
        let max_reopts = MAX_REOPTS + u32::from(standing.evictions);
        for (action, target) in [(Action::Warm, Tier::Warm), (Action::Hot, Tier::Hot)] {
            if target > tier
                && target <= self.controller.max_tier
                && !declined[target as usize]
                && (target != Tier::Hot || reopts < max_reopts)
            {
                legal = legal.with(action);
            }
        }
        legal
    }

    /// An activation of `proto` is about to go on in the code of one of its loops.
    #[inline]
    pub fn note_osr_entry(&mut self, proto: Gc<Proto>, index: usize) {
        self.model += u64::from(COSTS.loop_entry);
        let tier = proto.loops()[index].tier;
        self.controller.osr_entries[usize::from(tier == Tier::Hot)] += 1;
        if let Some(sink) = &mut self.controller.sink {
            sink.osr_entry(&OsrRecord {
                function_id: proto.profile.function_id,
                label: proto.profile.label.as_ref(),
                loop_pc: proto.unit.loops[index].header_pc,
                tier,
            });
        }
    }

    /// The collector has just given the program back the thread that it took at `start`, by the wall clock.
    pub(crate) fn note_collector_pause(&mut self, start: Instant, cpu_ns: u64) {
        let Some(sink) = &mut self.controller.sink else { return };
        sink.pause(&PauseRecord {
            start_ns: start.duration_since(self.created).as_nanos() as u64,
            end_ns: self.created.elapsed().as_nanos() as u64,
            cpu_ns,
            phase: self.heap.phase().name(),
            cycles: self.heap.cycles,
            heap_bytes: self.heap.bytes as u64,
        });
    }
}

/// CPU time of the calling thread.
pub(crate) fn thread_cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for the answer.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// How records name a function.
fn label(proto: &Proto) -> Arc<str> {
    proto.profile.label.clone().unwrap_or_default()
}

impl LoopState {
    /// Events since the function was last consulted on.
    fn since_last(&self) -> u64 {
        self.count().saturating_sub(self.at_last)
    }
}
