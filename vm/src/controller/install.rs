//! Installing code, and putting it to use: for what it was made for, and for whatever else of its function it serves.

use super::{
    Knowledge, Subject,
    background::is_pending,
    code::entry_of,
    compile::{Course, Made, Request},
    features, renewal,
};
use crate::{
    clock::Clock,
    function::Proto,
    heap::Gc,
    seam::{Bailout, CompileResult, Installed, Product, Refusal, Tier, Withdrawal},
    value::Value,
    vm::Vm,
};

/// Baseline code of the function, made for another subject, that serves this one as well.
pub(super) fn shared_code(proto: &Proto, subject: Subject) -> Option<Installed> {
    let knowledge = Knowledge::of(proto);
    let useful = |code: &&Installed| code.knowledge.is_some_and(|before| !knowledge.has_grown_since(before));
    let function = proto.profile.code.as_ref().filter(|_| proto.profile.tier == Tier::Warm);
    let loops = proto.loops().iter().filter(|state| state.tier == Tier::Warm).filter_map(|state| state.code.as_deref());
    function.into_iter().chain(loops).filter(useful).find_map(|code| code.entered_at(subject.entry_point()))
}

/// New baseline code of a function for all that has older baseline code.
pub(super) fn other_entries(proto: &Proto, made_for: Subject, code: &Installed) -> Vec<(Subject, Installed)> {
    let loops = (0..proto.loops().len()).map(Subject::Loop);
    let subjects = std::iter::once(Subject::Function).chain(loops);
    let others = subjects.filter(|subject| *subject != made_for && subject.tier(proto) == Tier::Warm);
    others.filter_map(|subject| Some((subject, code.entered_at(subject.entry_point())?))).collect()
}

impl Vm {
    pub(super) fn install_product(
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

    /// Puts code to use that has been made for another subject of the function.
    pub(super) fn share(&mut self, proto: Gc<Proto>, request: Request, shared: Installed) {
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
    pub(super) fn spread(&mut self, proto: Gc<Proto>, others: Vec<(Subject, Installed)>) {
        for (subject, code) in others {
            if subject == Subject::Function {
                renewal::refresh(proto.get_mut(), &code);
            }
            self.put_to_use(proto, subject, Tier::Warm, Tier::Warm, code);
        }
    }

    /// From now on calls, or back-edges of the loop, run this code.
    pub(super) fn put_to_use(
        &mut self,
        proto: Gc<Proto>,
        subject: Subject,
        from: Tier,
        to: Tier,
        installed: Installed,
    ) {
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
