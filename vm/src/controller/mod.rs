//! The tier controller: counts down, consults the policy, compiles, installs, and demotes.
//!
//! Legality is decided here, preference by the policy. The hot paths only decrement a counter.

mod code;
mod features;
mod report;
mod tally;

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use crate::{
    front::chunk_id,
    function::{LoopState, Proto, frame_proto},
    heap::{Gc, Heap},
    seam::{
        Action, ActionSet, CompileRecord, CompileResult, Compiler, Decision, DecisionKind, DecisionPoint,
        DecisionRecord, DeoptRecord, EntryPoint, EventSink, Features, InstallRecord, OsrRecord, PauseRecord, Policy,
        Tier, Withdrawal,
    },
    vm::Vm,
};

use code::{CodeMemory, entry_of};
pub use code::{DEFAULT_CODE_LIMIT, Standing};
use tally::CompileTally;

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
    pub warnings: bool,
    /// Address of the native behind `next`, which generic loops run inline; 0 before the library is open.
    pub next_function: usize,
    /// The same for the iterator of `ipairs`.
    pub ipairs_function: usize,
    /// Address of the native behind arithmetic on strings.
    pub string_arithmetic: usize,
    pub(crate) scratch: Vec<u8>,
    protos: Vec<Gc<Proto>>,
    compiles: [CompileTally; 2],
    code: CodeMemory,
    /// Tier 1, tier 2.
    osr_entries: [u64; 2],
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
            warnings: false,
            next_function: 0,
            ipairs_function: 0,
            string_arithmetic: 0,
            scratch: Vec::new(),
            protos: Vec::new(),
            compiles: Default::default(),
            code: CodeMemory::default(),
            osr_entries: [0; 2],
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
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
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

    pub(crate) fn forget_dead(&mut self, heap: &Heap) {
        // A dead function's totals still belong to the run's report.
        let (live, dead): (Vec<_>, Vec<_>) = self.protos.drain(..).partition(|proto| heap.is_live(*proto));
        self.protos = live;
        self.dead_work += dead.iter().map(|proto| features::work(proto)).sum::<f64>();
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
        let object = proto.get_mut();
        object.profile.counted = object.calls();
        if code::end_probation(proto, Subject::Function) {
            return;
        }
        object.countdown = i32::MAX;
        object.profile.reload = i32::MAX;
        let again = self.consult(proto, Subject::Function);
        object.countdown = again;
        object.profile.reload = again;
    }

    /// A loop's countdown has run out at its back-edge.
    #[cold]
    #[inline(never)]
    pub fn consult_loop(&mut self, proto: Gc<Proto>, index: usize) {
        let object = proto.get_mut();
        let state = &mut object.loops_mut()[index];
        state.counted = state.count();
        if code::end_probation(proto, Subject::Loop(index)) {
            return;
        }
        state.countdown = i32::MAX;
        state.reload = i32::MAX;
        let again = self.consult(proto, Subject::Loop(index));
        let state = &mut object.loops_mut()[index];
        state.countdown = again;
        state.reload = again;
    }

    /// Asks the policy and carries out its answer; returns the next countdown.
    fn consult(&mut self, proto: Gc<Proto>, subject: Subject) -> i32 {
        let Some(mut policy) = self.controller.policy.take() else { return i32::MAX };
        if self.controller.sink.is_some() && proto.profile.label.is_none() {
            proto.get_mut().profile.label = Some(self.make_label(proto));
        }
        let started = Instant::now();
        let tier = match subject {
            Subject::Function => proto.profile.tier,
            Subject::Loop(index) => proto.loops()[index].tier,
        };
        let legal = self.legal_actions(&proto, subject, tier);
        let features = self.features(proto, subject);
        let feature_ns = started.elapsed().as_nanos() as u32;
        let kind = match subject {
            Subject::Function => DecisionKind::Tier,
            Subject::Loop(_) => DecisionKind::Osr,
        };
        let loop_index = match subject {
            Subject::Function => None,
            Subject::Loop(index) => Some(index as u32),
        };
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
            && let Some(wait) = self.promote(proto, subject, tier, target, decision_id)
        {
            return wait;
        }
        again
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

    /// Compiles and installs. When there was no memory for the code, returns after how many events to ask again.
    fn promote(&mut self, proto: Gc<Proto>, subject: Subject, from: Tier, to: Tier, decision_id: u64) -> Option<i32> {
        let mut compiler = self.controller.compiler.take()?;
        let entry = match subject {
            Subject::Function => EntryPoint::Call,
            Subject::Loop(index) => EntryPoint::Loop(index as u32),
        };
        let start_ns = self.elapsed_ns();
        let cpu_start = thread_cpu_ns();
        let outcome = compiler.compile(self, &proto, to, entry);
        let cpu_ns = thread_cpu_ns().saturating_sub(cpu_start);
        self.controller.compiler = Some(compiler);
        let outcome = outcome.and_then(|installed| self.admit_code(proto, installed));
        let install_ns = self.elapsed_ns();
        self.controller.compile_ns += cpu_ns;
        self.controller.compiles[to as usize - 1].note(&proto, entry, cpu_ns, outcome.as_ref());
        let mut record = CompileRecord {
            decision_id,
            function_id: proto.profile.function_id,
            label: label(&proto),
            loop_index: match subject {
                Subject::Function => None,
                Subject::Loop(index) => Some(index as u32),
            },
            tier_from: from,
            tier_to: to,
            enqueue_ns: None,
            start_ns,
            install_ns,
            cpu_ns,
            phases: Default::default(),
            form: "",
            bytecode_len: proto.code().len() as u32,
            ir_insts: 0,
            code_bytes: 0,
            result: CompileResult::Ok,
        };
        let object = proto.get_mut();
        let mut wait = None;
        match outcome {
            Ok(installed) => {
                record.phases = installed.phases;
                record.form = installed.form;
                record.ir_insts = installed.ir_insts;
                record.code_bytes = installed.code_bytes;
                let code = entry_of(&installed);
                let work = features::work(&proto);
                // The collector may have been at the prototype already.
                if self.heap.is_marking() {
                    self.heap.mark_values(&installed.roots);
                }
                let replaced;
                match subject {
                    Subject::Function => {
                        if from == Tier::Cold && !object.compiled {
                            self.controller.functions_compiled += 1;
                        }
                        object.set_entry(Some(code));
                        object.profile.tier = to;
                        object.profile.work_at_tier = work;
                        replaced = object.profile.code.replace(installed);
                        object.profile.reopts += u32::from(to == Tier::Hot);
                        object.profile.exits = 0;
                    }
                    Subject::Loop(index) => {
                        let state = &mut object.loops_mut()[index];
                        state.osr = Some(code);
                        state.tier = to;
                        state.exits = 0;
                        state.reopts += u32::from(to == Tier::Hot);
                        replaced = state.code.replace(Box::new(installed)).map(|old| *old);
                        // A loop that is worth compiling makes its function worth a consultation at the next call.
                        if from == Tier::Cold {
                            object.profile.counted = object.calls();
                            object.countdown = 1;
                            object.profile.reload = 1;
                        }
                    }
                }
                object.profile.censored |= to == Tier::Hot;
                if replaced.is_some() {
                    self.note_withdrawal(proto, subject, from, Withdrawal::Replaced);
                    self.retire_code(proto, replaced);
                } else {
                    self.controller.code.add_resident(proto, subject);
                }
                self.note_install(proto, subject, from, code as usize, &record);
            }
            Err(bailout) if bailout.is_transient() => {
                record.result = CompileResult::Bailout(bailout.0);
                wait = Some(object.standing(subject).back_off(subject));
            }
            Err(bailout) => {
                record.result = CompileResult::Bailout(bailout.0);
                match subject {
                    Subject::Function => object.profile.declined[to as usize] = true,
                    Subject::Loop(index) => object.loops_mut()[index].declined[to as usize] = true,
                }
                // What the optimiser declines, the baseline takes.
                if to == Tier::Hot && from == Tier::Cold {
                    if let Some(sink) = &mut self.controller.sink {
                        sink.compile(&record);
                    }
                    let baseline_declined = match subject {
                        Subject::Function => object.profile.declined[1],
                        Subject::Loop(index) => object.loops()[index].declined[1],
                    };
                    if !baseline_declined {
                        return self.promote(proto, subject, from, Tier::Warm, decision_id);
                    }
                    return None;
                }
            }
        }
        if let Some(sink) = &mut self.controller.sink {
            sink.compile(&record);
        }
        wait
    }

    fn note_install(&mut self, proto: Gc<Proto>, subject: Subject, from: Tier, address: usize, record: &CompileRecord) {
        let Some(sink) = &mut self.controller.sink else { return };
        sink.install(&InstallRecord {
            t_ns: record.install_ns,
            function_id: record.function_id,
            label: record.label.clone(),
            loop_pc: subject.loop_pc(&proto),
            tier_from: from,
            tier_to: record.tier_to,
            address,
            code_bytes: record.code_bytes,
        });
    }

    /// An activation of `proto` is about to go on in the code of one of its loops.
    #[inline]
    pub fn note_osr_entry(&mut self, proto: Gc<Proto>, index: usize) {
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

    /// The collector has just given the program back the thread that it took at `start`.
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
            let (t_ns, function_id) = (self.elapsed_ns(), object.profile.function_id);
            let record = DeoptRecord { t_ns, function_id, label: label(&proto), pc, reason };
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
        let later = |reopts: u32| (64i32 << reopts.min(16)).min(1 << 24);
        let wait = match subject {
            Subject::Function => later(proto.profile.reopts),
            Subject::Loop(index) => later(proto.loops()[index].reopts) * 4,
        };
        self.controller.code.remove_resident(proto, subject);
        let old = self.withdraw_code(proto, subject, wait, Withdrawal::Deoptimised);
        self.retire_code(proto, old);
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
