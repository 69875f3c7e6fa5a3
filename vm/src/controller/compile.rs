//! Carrying out decisions: compilations at once or on compiler threads, and what becomes of them.
//!
//! A compilation on another thread begins with a frozen snapshot of its inputs and ends at a poll, where its code is
//! installed, or dropped when it has become useless. Until then its entry point is *pending*: nobody is consulted about
//! it, and the objects that the code will name are kept alive through its function. The function itself is not: when it
//! dies, so do its compilations.

use std::{collections::BTreeMap, sync::atomic::AtomicBool};

use super::{
    Controller, Knowledge, Subject,
    code::{LONGEST_WAIT, end_probation, entry_of},
    exposure, features, label,
    queue::{Done, Queue, Ticket},
    renewal, thread_cpu_ns,
};
use crate::{
    clock::{COSTS, Clock},
    function::Proto,
    heap::Gc,
    seam::{
        Bailout, CompileRecord, CompileResult, Frozen, InstallRecord, Installed, PhaseTimes, Product, QueueSummary,
        Refusal, Tier, Withdrawal,
    },
    value::Value,
    vm::Vm,
};

/// Results dropped for one function from which on what made the last one useless is not speculated on again.
const STALE_BEFORE_LEARNING: u32 = 2;

/// What is compiled, for whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub subject: Subject,
    pub from: Tier,
    pub to: Tier,
    pub decision_id: u64,
}

/// A compilation that is under way on another thread.
#[derive(Debug)]
pub(crate) struct Pending {
    ticket: Ticket,
    request: Request,
    pub roots: Vec<Value>,
    enqueue_ns: u64,
    /// CPU time of freezing.
    freeze_ns: u64,
    /// Events at which the policy wants to be asked again.
    resume_at: u64,
    /// In the test mode: polls until it is installed.
    lag: u32,
}

/// How one was done.
#[derive(Clone, Copy, Debug, Default)]
struct Course {
    enqueue_ns: Option<u64>,
    start_ns: u64,
    cpu_ns: u64,
    /// What it is charged under the virtual clock.
    model_ns: Option<u64>,
}

/// What of new code is reported.
#[derive(Clone, Copy, Debug, Default)]
struct Made {
    form: &'static str,
    phases: PhaseTimes,
    ir_insts: u32,
    code_bytes: u32,
}

/// Compilations on other threads.
#[derive(Default)]
pub(super) struct Background {
    /// Most threads; 0 compiles everything at once.
    threads: u32,
    /// There are to be none.
    at_once: bool,
    /// Test mode: code is installed at this poll after it was asked for, so that runs do not depend on timing.
    lag: Option<u32>,
    /// Made when there is something to compile.
    queue: Option<Queue>,
    next_ticket: Ticket,
    /// Functions of the compilations that are pending.
    pending: BTreeMap<Ticket, Gc<Proto>>,
    /// CPU time of the threads' tasks.
    cpu_ns: u64,
    queued: u64,
    finished: u64,
    longest: u64,
    stale: BTreeMap<&'static str, u64>,
    waits_ns: Vec<u64>,
}

/// Baseline code of the function, made for another subject, that serves this one as well.
fn shared_code(proto: &Proto, subject: Subject) -> Option<Installed> {
    let knowledge = Knowledge::of(proto);
    let useful = |code: &&Installed| code.knowledge.is_some_and(|before| !knowledge.has_grown_since(before));
    let function = proto.profile.code.as_ref().filter(|_| proto.profile.tier == Tier::Warm);
    let loops = proto.loops().iter().filter(|state| state.tier == Tier::Warm).filter_map(|state| state.code.as_deref());
    function.into_iter().chain(loops).filter(useful).find_map(|code| code.entered_at(subject.entry_point()))
}

/// New baseline code of a function for all that has older baseline code.
fn other_entries(proto: &Proto, made_for: Subject, code: &Installed) -> Vec<(Subject, Installed)> {
    let loops = (0..proto.loops().len()).map(Subject::Loop);
    let subjects = std::iter::once(Subject::Function).chain(loops);
    let others = subjects.filter(|subject| *subject != made_for && subject.tier(proto) == Tier::Warm);
    others.filter_map(|subject| Some((subject, code.entered_at(subject.entry_point())?))).collect()
}

pub(super) fn is_pending(proto: &Proto, subject: Subject) -> bool {
    proto.profile.pending.iter().any(|pending| pending.request.subject == subject)
}

impl Controller {
    /// How many threads may compile beside the one that runs Lua; with 0, the default, that one compiles, at once.
    /// Without threads a run depends on no timing; under the virtual clock there are none. The VM must stay where it is, in its box.
    pub fn set_compiler_threads(&mut self, threads: u32) {
        self.background.threads = if self.background.at_once { 0 } else { threads };
    }

    /// The thread that runs Lua compiles, whatever is asked for later.
    pub(crate) fn compile_at_once(&mut self) {
        self.background.at_once = true;
        self.background.threads = 0;
    }

    /// Test mode: code from a compiler thread is installed at the `polls`-th poll after it was asked for, neither earlier
    /// nor later, so that a run with compiler threads can be repeated.
    pub fn set_install_lag(&mut self, polls: u32) {
        self.background.lag = Some(polls.max(1));
    }

    /// Drops a function's pending compilations.
    pub(super) fn drop_pending(&mut self, proto: Gc<Proto>, reason: &'static str, now_ns: u64) {
        for pending in std::mem::take(&mut proto.get_mut().profile.pending) {
            self.background.pending.remove(&pending.ticket);
            if let Some(queue) = &self.background.queue {
                queue.cancel(pending.ticket);
            }
            let course = Course {
                enqueue_ns: Some(pending.enqueue_ns),
                start_ns: now_ns,
                cpu_ns: pending.freeze_ns,
                model_ns: None,
            };
            self.account(&pending.request, course.cpu_ns);
            self.report(&proto, &pending.request, course, now_ns, CompileResult::Stale(reason), Made::default());
        }
    }

    /// The program has ended: what is pending is dropped, and the threads end by themselves.
    pub(super) fn end_compilations(&mut self, now_ns: u64) {
        for proto in self.background.pending.values().copied().collect::<Vec<_>>() {
            self.drop_pending(proto, "run-end", now_ns);
        }
        self.background.queue = None;
    }

    /// Adds to the totals of a tier.
    fn account(&mut self, request: &Request, cpu_ns: u64) {
        self.compile_ns += cpu_ns;
        self.compiles[request.to as usize - 1].add_time(cpu_ns);
    }

    /// The end of a compilation, for counters and sink.
    fn report(
        &mut self,
        proto: &Proto,
        request: &Request,
        course: Course,
        now_ns: u64,
        result: CompileResult,
        made: Made,
    ) {
        match (course.enqueue_ns, result) {
            (Some(_), CompileResult::Stale(reason)) => *self.background.stale.entry(reason).or_default() += 1,
            (Some(_), _) => self.background.finished += 1,
            (None, _) => {}
        }
        let Some(sink) = &mut self.sink else { return };
        sink.compile(&CompileRecord {
            decision_id: request.decision_id,
            function_id: proto.profile.function_id,
            label: label(proto),
            loop_index: request.subject.loop_index(),
            tier_from: request.from,
            tier_to: request.to,
            enqueue_ns: course.enqueue_ns,
            start_ns: course.start_ns,
            install_ns: now_ns,
            cpu_ns: course.cpu_ns,
            model_ns: course.model_ns,
            phases: made.phases,
            form: made.form,
            bytecode_len: proto.code().len() as u32,
            ir_insts: made.ir_insts,
            code_bytes: made.code_bytes,
            result,
        });
    }

    /// CPU time of compiler threads, for what has come back from them.
    pub(super) fn background_cpu_ns(&self) -> u64 {
        self.background.cpu_ns
    }

    fn report_install(&mut self, proto: &Proto, request: &Request, now_ns: u64, address: usize, code_bytes: u32) {
        let Some(sink) = &mut self.sink else { return };
        sink.install(&InstallRecord {
            t_ns: now_ns,
            function_id: proto.profile.function_id,
            label: label(proto),
            loop_pc: request.subject.loop_pc(proto),
            tier_from: request.from,
            tier_to: request.to,
            address,
            code_bytes,
        });
    }

    /// Compilations that are under way on other threads.
    pub(super) fn pending_compilations(&self) -> usize {
        self.background.pending.len()
    }

    /// Threads that may compile, beside the one that runs Lua.
    pub(super) fn compiler_threads(&self) -> u32 {
        self.background.threads
    }

    pub(super) fn queue_summary(&self) -> QueueSummary {
        let background = &self.background;
        let mut waits = background.waits_ns.clone();
        waits.sort_unstable();
        QueueSummary {
            threads: background.threads,
            queued: background.queued,
            finished: background.finished,
            stale: background.stale.iter().map(|(reason, count)| (*reason, *count)).collect(),
            longest: background.longest,
            median_wait_ns: waits.get(waits.len() / 2).copied().unwrap_or(0),
            max_wait_ns: waits.last().copied().unwrap_or(0),
        }
    }
}

impl Vm {
    /// Has code made for `subject`, now or by another thread, after which the policy is asked again `again` events later.
    /// When there was no memory for the code, returns after how many events to ask instead.
    pub(super) fn promote(
        &mut self,
        proto: Gc<Proto>,
        subject: Subject,
        from: Tier,
        to: Tier,
        decision_id: u64,
        again: i32,
    ) -> Option<i32> {
        let request = Request { subject, from, to, decision_id };
        if (from, to) == (Tier::Cold, Tier::Warm)
            && let Some(shared) = shared_code(&proto, subject)
        {
            self.share(proto, request, shared);
            return None;
        }
        let mut compiler = self.controller.compiler.take()?;
        let (start_ns, cpu) = (self.elapsed_ns(), thread_cpu_ns());
        let frozen = if to == Tier::Hot && self.controller.locals_exposed {
            Err(exposure::DECLINED)
        } else if self.controller.background.threads > 0 {
            compiler.freeze(self, &proto, to, subject.entry_point())
        } else {
            Ok(None)
        };
        let outcome = match frozen {
            Ok(Some(frozen)) => {
                self.controller.compiler = Some(compiler);
                return self.enqueue(proto, request, frozen, (start_ns, cpu), again);
            }
            Ok(None) => compiler.compile(self, &proto, to, subject.entry_point()),
            Err(bailout) => Err(bailout),
        };
        self.controller.compiler = Some(compiler);
        let model_ns = self.charge_compilation(&proto, &request, outcome.as_ref().err());
        let course = Course { enqueue_ns: None, start_ns, cpu_ns: thread_cpu_ns().saturating_sub(cpu), model_ns };
        self.conclude(proto, request, course, outcome.map_err(Refusal::Bailout), again)
    }

    /// Hands a frozen compilation to a compiler thread. `began` is when freezing began, by both clocks.
    fn enqueue(
        &mut self,
        proto: Gc<Proto>,
        request: Request,
        frozen: Frozen,
        began: (u64, u64),
        again: i32,
    ) -> Option<i32> {
        let lag = self.controller.background.lag;
        let priority = features::work_per_word(&proto, request.subject);
        let enqueue_ns = self.elapsed_ns();
        let background = &mut self.controller.background;
        let ticket = background.next_ticket;
        background.next_ticket += 1;
        let threads = background.threads as usize;
        let pushed = self.queue().push(ticket, priority, frozen.task, threads);
        if let Err(task) = pushed {
            // The system gives no threads: the task is done here.
            self.controller.background.threads = 0;
            let product = task.run(&mut None, &AtomicBool::new(false));
            let course = Course {
                enqueue_ns: None,
                start_ns: began.0,
                cpu_ns: thread_cpu_ns().saturating_sub(began.1),
                model_ns: None,
            };
            let outcome = self.install_product(&proto, product, frozen.roots);
            return self.conclude(proto, request, course, outcome, again);
        }
        let background = &mut self.controller.background;
        background.queued += 1;
        background.pending.insert(ticket, proto);
        background.longest = background.longest.max(background.pending.len() as u64);
        // The collector may have been at the prototype already.
        if self.heap.is_marking() {
            self.heap.mark_values(&frozen.roots);
        }
        proto.get_mut().profile.pending.push(Pending {
            ticket,
            request,
            roots: frozen.roots,
            enqueue_ns,
            freeze_ns: thread_cpu_ns().saturating_sub(began.1),
            resume_at: request.subject.events(&proto).saturating_add(again as u64),
            lag: lag.unwrap_or(0),
        });
        self.keep_compilations();
        None
    }

    fn queue(&mut self) -> &mut Queue {
        // In the test mode polls come anyway, and nothing else may depend on timing.
        let background = &mut self.controller.background;
        let word = if background.lag.is_some() { std::ptr::null_mut() } else { &raw mut self.heap.threshold };
        background.queue.get_or_insert_with(|| Queue::new(word))
    }

    /// The optimiser may be wanted soon, in the middle of what is hot: its first thread starts now.
    fn expect_compilations(&mut self) {
        let threads = self.controller.background.threads as usize;
        if threads > 0 && self.controller.background.queue.is_none() && self.controller.max_tier == Tier::Hot {
            self.queue().start_thread(threads);
        }
    }

    /// The heap has a new threshold: a compilation that is done still asks for a poll.
    pub(crate) fn keep_compilations(&mut self) {
        let background = &self.controller.background;
        let Some(queue) = &background.queue else { return };
        let wanted = if background.lag.is_some() { !background.pending.is_empty() } else { queue.is_ready() };
        if wanted {
            self.heap.set_threshold(0);
        }
    }

    /// The part of a poll that is about compiler threads: installs what is done.
    #[inline]
    pub(crate) fn poll_compilations(&mut self) {
        if self.controller.background.queue.is_some() {
            self.take_compilations();
        }
    }

    fn take_compilations(&mut self) {
        let background = &mut self.controller.background;
        let Some(queue) = &background.queue else { return };
        let mut done = Vec::new();
        if background.lag.is_some() {
            for (ticket, proto) in &background.pending {
                let pending = proto.get_mut().profile.pending.iter_mut().find(|pending| pending.ticket == *ticket);
                let Some(pending) = pending else { continue };
                pending.lag = pending.lag.saturating_sub(1);
                if pending.lag == 0 {
                    done.push(queue.wait_for(*ticket));
                }
            }
        } else if queue.is_ready() {
            done = queue.take_done();
        }
        for done in done {
            self.settle(done);
        }
    }

    /// Installs what a thread has made, if it is still wanted.
    fn settle(&mut self, done: Done) {
        let background = &mut self.controller.background;
        background.cpu_ns += done.cpu_ns;
        let Some(proto) = background.pending.remove(&done.ticket) else {
            // It was dropped meanwhile, and has been reported.
            self.controller.compile_ns += done.cpu_ns;
            return;
        };
        let pending = &mut proto.get_mut().profile.pending;
        let at = pending.iter().position(|pending| pending.ticket == done.ticket).expect("the function is waiting");
        let Pending { request, roots, enqueue_ns, freeze_ns, resume_at, .. } = pending.swap_remove(at);
        let start_ns = done.started.saturating_duration_since(self.created).as_nanos() as u64;
        background.waits_ns.push(start_ns.saturating_sub(enqueue_ns));
        let installing = thread_cpu_ns();
        let subject = request.subject;
        let outcome = if subject.tier(&proto) != request.from || request.to > self.controller.max_tier {
            Err(Refusal::Stale { reason: "tier-changed", in_vain: Vec::new() })
        } else {
            self.install_product(&proto, done.result, roots)
        };
        let cpu_ns = freeze_ns + done.cpu_ns + thread_cpu_ns().saturating_sub(installing);
        let course = Course { enqueue_ns: Some(enqueue_ns), start_ns, cpu_ns, model_ns: None };
        end_probation(proto, subject);
        let again = match &outcome {
            // What has been withdrawn meanwhile waits as long as that made it wait.
            Err(Refusal::Stale { .. })
                if subject.tier(&proto) < request.from && subject.countdown(&proto) <= LONGEST_WAIT =>
            {
                subject.countdown(&proto)
            }
            // Its policy has not got what it asked for, and knows more at the next event.
            Err(Refusal::Stale { .. }) => 1,
            _ => resume_at.saturating_sub(subject.events(&proto)).clamp(1, i32::MAX as u64) as i32,
        };
        subject.consult_after(proto.get_mut(), again);
        if let Some(wait) = self.conclude(proto, request, course, outcome, again) {
            subject.consult_after(proto.get_mut(), wait);
        }
    }

    fn install_product(
        &mut self,
        proto: &Proto,
        product: Result<Product, Bailout>,
        roots: Vec<Value>,
    ) -> Result<Installed, Refusal> {
        let Some(mut compiler) = self.controller.compiler.take() else {
            return Err(Refusal::Bailout(Bailout("no-compiler")));
        };
        let outcome =
            product.map_err(Refusal::Bailout).and_then(|product| compiler.install(self, proto, product, roots));
        self.controller.compiler = Some(compiler);
        outcome
    }

    /// Under the virtual clock, charges what a compilation is taken to last, and says it in nanoseconds.
    fn charge_compilation(&mut self, proto: &Proto, request: &Request, declined: Option<&Bailout>) -> Option<u64> {
        if self.clock() != Clock::Virtual {
            return None;
        }
        let words = match request.subject {
            // The optimiser compiles the loop only.
            Subject::Loop(index) if request.to == Tier::Hot => {
                let desc = &proto.unit.loops[index];
                desc.back_edge_pc.saturating_sub(desc.header_pc) + 1
            }
            _ => proto.code().len() as u32,
        };
        let ns = if declined.is_some() { 0 } else { COSTS.compile_ns(request.to, words) };
        self.model += ns * 1000;
        Some(ns)
    }

    /// A compilation has ended: its code is put to use, or the function remembers why there is none. When there was no
    /// memory for the code, returns after how many events to ask again.
    fn conclude(
        &mut self,
        proto: Gc<Proto>,
        request: Request,
        course: Course,
        outcome: Result<Installed, Refusal>,
        again: i32,
    ) -> Option<i32> {
        // What was optimised while the program began to look into frames comes too late.
        let hidden = request.to == Tier::Hot && self.controller.locals_exposed;
        let outcome = if hidden { outcome.and(Err(exposure::DECLINED.into())) } else { outcome };
        let outcome = outcome.and_then(|installed| Ok(self.admit_code(proto, request.to, installed)?));
        let now_ns = self.elapsed_ns();
        self.controller.account(&request, course.cpu_ns);
        let Request { subject, from, to, decision_id } = request;
        self.controller.compiles[to as usize - 1].note(&proto, subject.entry_point(), course.cpu_ns, outcome.as_ref());
        match outcome {
            Ok(installed) => {
                let Installed { form, phases, ir_insts, code_bytes, start, .. } = installed;
                let made = Made { form, phases, ir_insts, code_bytes };
                renewal::note(proto.get_mut(), &request, &installed);
                if to == Tier::Hot {
                    proto.get_mut().standing(subject).decided_by(request.decision_id);
                }
                let others = if to == Tier::Warm { other_entries(&proto, subject, &installed) } else { Vec::new() };
                self.put_to_use(proto, subject, from, to, installed);
                self.spread(proto, others);
                self.controller.report(&proto, &request, course, now_ns, CompileResult::Ok, made);
                self.controller.report_install(&proto, &request, now_ns, start as usize, code_bytes);
            }
            Err(Refusal::Bailout(bailout)) if bailout.is_transient() => {
                let result = CompileResult::Bailout(bailout.0);
                self.controller.report(&proto, &request, course, now_ns, result, Made::default());
                return Some(proto.get_mut().standing(subject).back_off(subject));
            }
            Err(Refusal::Bailout(Bailout(reason))) => {
                let declined = subject.declined(proto.get_mut());
                declined[to as usize] = true;
                let baseline_declined = declined[Tier::Warm as usize];
                let result = CompileResult::Bailout(reason);
                self.controller.report(&proto, &request, course, now_ns, result, Made::default());
                // What the optimiser declines, the baseline takes.
                if to == Tier::Hot && from == Tier::Cold && !baseline_declined {
                    return self.promote(proto, subject, from, Tier::Warm, decision_id, again);
                }
            }
            Err(Refusal::Stale { reason, in_vain }) => {
                let profile = &mut proto.get_mut().profile;
                profile.stale += 1;
                if profile.stale >= STALE_BEFORE_LEARNING {
                    for place in in_vain {
                        if !profile.failed_speculations.contains(&place) {
                            profile.failed_speculations.push(place);
                        }
                    }
                }
                self.controller.report(&proto, &request, course, now_ns, CompileResult::Stale(reason), Made::default());
            }
        }
        None
    }

    /// Puts code to use that has been made for another subject of the function.
    fn share(&mut self, proto: Gc<Proto>, request: Request, shared: Installed) {
        let Request { subject, from, to, .. } = request;
        let start_ns = self.elapsed_ns();
        renewal::note(proto.get_mut(), &request, &shared);
        let (form, start) = (shared.form, shared.start as usize);
        self.put_to_use(proto, subject, from, to, shared);
        let now_ns = self.elapsed_ns();
        let model_ns = (self.clock() == Clock::Virtual).then_some(0);
        let course = Course { enqueue_ns: None, start_ns, cpu_ns: now_ns - start_ns, model_ns };
        self.controller.account(&request, course.cpu_ns);
        let made = Made { form, ..Made::default() };
        self.controller.report(&proto, &request, course, now_ns, CompileResult::Ok, made);
        self.controller.report_install(&proto, &request, now_ns, start, 0);
    }

    /// New baseline code takes the place of older code.
    fn spread(&mut self, proto: Gc<Proto>, others: Vec<(Subject, Installed)>) {
        for (subject, code) in others {
            if subject == Subject::Function {
                renewal::refresh(proto.get_mut(), &code);
            }
            self.put_to_use(proto, subject, Tier::Warm, Tier::Warm, code);
        }
    }

    /// From now on calls, or back-edges of the loop, run this code.
    fn put_to_use(&mut self, proto: Gc<Proto>, subject: Subject, from: Tier, to: Tier, installed: Installed) {
        if to == Tier::Warm {
            self.expect_compilations();
        }
        let code = entry_of(&installed);
        let work = features::work(&proto);
        // The collector may have been at the prototype already.
        if self.heap.is_marking() {
            self.heap.mark_values(&installed.roots);
        }
        let object = proto.get_mut();
        object.standing(subject).was_demoted &= to != Tier::Hot;
        let replaced = match subject {
            Subject::Function => {
                if from == Tier::Cold && !object.compiled {
                    self.controller.functions_compiled += 1;
                }
                object.set_entry(Some(code));
                object.profile.tier = to;
                if from != to {
                    object.profile.work_at_tier = work;
                }
                object.profile.reopts += u32::from(to == Tier::Hot);
                object.profile.exits = 0;
                object.profile.code.replace(installed)
            }
            Subject::Loop(index) => {
                let state = &mut object.loops_mut()[index];
                state.osr = Some(code);
                state.tier = to;
                state.exits = 0;
                state.reopts += u32::from(to == Tier::Hot);
                let old = state.code.replace(Box::new(installed)).map(|old| *old);
                // A loop that is worth compiling makes its function worth a consultation at the next call.
                if from == Tier::Cold && !is_pending(object, Subject::Function) {
                    Subject::Function.consult_after(object, 1);
                }
                old
            }
        };
        object.profile.censored |= to == Tier::Hot;
        if replaced.is_some() {
            self.note_withdrawal(proto, subject, from, Withdrawal::Replaced);
            self.retire_code(proto, replaced);
        } else {
            self.controller.code.add_resident(proto, subject);
        }
    }
}
