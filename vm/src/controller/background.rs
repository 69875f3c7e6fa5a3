//! Compilations on compiler threads, and what becomes of them.
//!
//! A compilation on another thread begins with a frozen snapshot of its inputs and ends at a poll, where its code is
//! installed, or dropped when it has become useless. Until then its entry point is *pending*: nobody is consulted about
//! it, and the objects that the code will name are kept alive through its function. The function itself is not: when it
//! dies, so do its compilations.

use std::{collections::BTreeMap, sync::atomic::AtomicBool};

use super::{
    Controller, Subject,
    code::{LONGEST_WAIT, end_probation},
    compile::{Course, Made, Request},
    features,
    queue::{Done, Queue, Ticket},
    thread_cpu_ns,
};
use crate::{
    function::Proto,
    heap::Gc,
    seam::{CompileResult, Frozen, QueueSummary, Refusal, Tier},
    value::Value,
    vm::Vm,
};

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

/// Compilations on other threads.
#[derive(Default)]
pub(super) struct Background {
    /// Most threads; 0 compiles everything at once.
    pub threads: u32,
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
    pub finished: u64,
    longest: u64,
    pub stale: BTreeMap<&'static str, u64>,
    waits_ns: Vec<u64>,
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

    /// CPU time of compiler threads, for what has come back from them.
    pub(super) fn background_cpu_ns(&self) -> u64 {
        self.background.cpu_ns
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
    /// Hands a frozen compilation to a compiler thread. `began` is when freezing began, by both clocks.
    pub(super) fn enqueue(
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
    pub(super) fn expect_compilations(&mut self) {
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
}
