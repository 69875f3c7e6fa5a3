//! Carrying out decisions: compilations from request to report.

use super::{
    Controller, Subject, exposure,
    install::{other_entries, shared_code},
    label, renewal, thread_cpu_ns,
};
use crate::{
    clock::{COSTS, Clock},
    function::Proto,
    heap::Gc,
    seam::{Bailout, CompileRecord, CompileResult, InstallRecord, Installed, PhaseTimes, Refusal, Tier},
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

/// How one was done.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Course {
    pub enqueue_ns: Option<u64>,
    pub start_ns: u64,
    pub cpu_ns: u64,
    /// What it is charged under the virtual clock.
    pub model_ns: Option<u64>,
}

/// What of new code is reported.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Made {
    pub form: &'static str,
    pub phases: PhaseTimes,
    pub ir_insts: u32,
    pub code_bytes: u32,
}

impl Controller {
    /// Adds to the totals of a tier.
    pub(super) fn account(&mut self, request: &Request, cpu_ns: u64) {
        self.compile_ns += cpu_ns;
        self.compiles[request.to as usize - 1].add_time(cpu_ns);
    }

    /// The end of a compilation, for counters and sink.
    pub(super) fn report(
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

    pub(super) fn report_install(
        &mut self,
        proto: &Proto,
        request: &Request,
        now_ns: u64,
        address: usize,
        code_bytes: u32,
    ) {
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
    pub(super) fn conclude(
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
}
