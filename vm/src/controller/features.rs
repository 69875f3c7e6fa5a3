//! Features of a decision point: static ones from the bytecode, dynamic ones from counters and caches.

use super::{Controller, Subject};
use crate::{
    bytecode::{Hint, Instr, Op},
    clock::{COSTS, Clock},
    function::{CacheKind, Proto, StaticFeatures},
    heap::Gc,
    seam::{Feature, Features},
    vm::Vm,
};

/// Static weight of one bytecode in the work estimate: its cost in the interpreter relative to a register move.
fn weight(op: Op) -> f64 {
    match op {
        Op::Ext => 0.0,
        Op::Call | Op::TailCall | Op::TForCall => 6.0,
        Op::NewTable | Op::Closure | Op::Concat => 12.0,
        Op::SetList | Op::VarArg => 6.0,
        Op::Pow | Op::PowK => 8.0,
        op if op.is_table_access() => 2.0,
        _ => 1.0,
    }
}

fn instructions(code: &[Instr]) -> impl Iterator<Item = (usize, Op)> {
    let mut pc = 0;
    std::iter::from_fn(move || {
        let op = code.get(pc)?.op().unquickened().0;
        let at = pc;
        pc += op.words();
        Some((at, op))
    })
}

fn compute_static(proto: &Proto) -> StaticFeatures {
    use Feature as F;
    let unit = &proto.unit;
    let mut base = Features::default();
    let mut entry_weight = 0.0;
    let mut loop_weights = vec![0.0; unit.loops.len()];
    let mut blocks = 1.0;
    for (pc, op) in instructions(&unit.code) {
        let innermost = unit
            .loops
            .iter()
            .enumerate()
            .filter(|(_, desc)| (desc.header_pc as usize) <= pc && pc <= desc.back_edge_pc as usize)
            .max_by_key(|(_, desc)| desc.depth);
        match innermost {
            Some((index, _)) => loop_weights[index] += weight(op),
            None => entry_weight += weight(op),
        }
        match op {
            Op::Call | Op::TailCall | Op::TForCall => base[F::NCalls] += 1.0,
            Op::NewTable | Op::Closure | Op::Concat => base[F::NAllocs] += 1.0,
            Op::Move
            | Op::LoadI
            | Op::LoadF
            | Op::LoadK
            | Op::LoadKX
            | Op::LoadNil
            | Op::LoadTrue
            | Op::LoadFalse
            | Op::GetUpval
            | Op::SetUpval => base[F::NMoves] += 1.0,
            op if op.is_table_access() => base[F::NTableOps] += 1.0,
            op if (Op::Add as u8..=Op::BNot as u8).contains(&(op as u8)) => base[F::NArith] += 1.0,
            op if (Op::Eq as u8..=Op::TestSet as u8).contains(&(op as u8)) => {
                base[F::NCompare] += 1.0;
                blocks += 2.0;
            }
            Op::Jmp | Op::Loop | Op::ForLoop | Op::ForPrep | Op::TForLoop => blocks += 1.0,
            _ => {}
        }
    }
    base[F::BytecodeLen] = unit.code.len() as f64;
    base[F::NBlocks] = blocks;
    base[F::NLoops] = unit.loops.len() as f64;
    base[F::MaxLoopDepth] = unit.loops.iter().map(|desc| f64::from(desc.depth)).fold(0.0, f64::max);
    base[F::NUpvalues] = unit.upvals.len() as f64;
    base[F::NConsts] = unit.consts.len() as f64;
    base[F::NParams] = f64::from(unit.num_params);
    base[F::IsVararg] = f64::from(u8::from(unit.is_vararg));
    StaticFeatures { base, entry_weight, loop_weights }
}

fn statics(proto: Gc<Proto>) -> &'static StaticFeatures {
    let object = proto.get_mut();
    if object.profile.features.is_none() {
        object.profile.features = Some(Box::new(compute_static(&proto)));
    }
    let statics = object.profile.features.as_deref().expect("computed above");
    // SAFETY: the box is never replaced, and outlives the borrow: the function is live while it is consulted on.
    unsafe { &*std::ptr::from_ref(statics) }
}

/// Work done so far by a function: counters times static weights.
pub(super) fn work(proto: &Proto) -> f64 {
    let computed;
    let statics = match proto.profile.features.as_deref() {
        Some(statics) => statics,
        None => {
            computed = compute_static(proto);
            &computed
        }
    };
    let loops: f64 =
        proto.loops().iter().zip(&statics.loop_weights).map(|(state, weight)| state.count() as f64 * weight).sum();
    proto.calls() as f64 * statics.entry_weight + loops
}

/// Work done so far by a function, or in a loop with those inside it, for each word of its bytecode: the priority of its
/// compilation. When as much work lies ahead as behind (Arnold et al., OOPSLA 2000) and compiling takes time in
/// proportion to length, taking the greatest first keeps the total of work done while waiting least (Smith's rule).
pub(super) fn work_per_word(proto: &Proto, subject: Subject) -> f64 {
    let (work, words) = match subject {
        Subject::Function => (work(proto), proto.code().len()),
        Subject::Loop(index) => {
            let outer = &proto.unit.loops[index];
            let span = outer.header_pc..=outer.back_edge_pc;
            let weights = proto.profile.features.as_deref().map_or(&[][..], |statics| &statics.loop_weights);
            let loops = proto.unit.loops.iter().zip(proto.loops()).zip(weights);
            let inside = loops.filter(|((desc, _), _)| span.contains(&desc.header_pc));
            let work = inside.map(|((_, state), weight)| state.count() as f64 * weight).sum();
            (work, (outer.back_edge_pc.saturating_sub(outer.header_pc)) as usize)
        }
    };
    work / words.max(1) as f64
}

impl Vm {
    /// Features of a consultation at `now_ns`.
    pub(super) fn features(&mut self, proto: Gc<Proto>, subject: Subject, now_ns: u64) -> Features {
        let mut features = collect(&mut self.controller, proto, subject, now_ns);
        features[Feature::QueueLen] = self.controller.pending_compilations() as f64;
        features[Feature::CompilerThreads] = f64::from(self.controller.compiler_threads());
        features[Feature::CompileRateEst] = match self.clock() {
            Clock::Wall => self.controller.compiles[1].ns_per_word(),
            Clock::Virtual => COSTS.compile_word_ns[1] as f64,
        };
        features
    }
}

fn collect(controller: &mut Controller, proto: Gc<Proto>, subject: Subject, now_ns: u64) -> Features {
    use Feature as F;
    let statics = statics(proto);
    let mut features = statics.base.clone();
    let (calls, backedges) = (proto.calls(), proto.backedges());
    let work = work(&proto);
    let object = proto.get_mut();
    let calls_since = calls.saturating_sub(object.profile.calls_at_last);
    let backedges_since: u64 = proto.loops().iter().map(|state| state.since_last()).sum();
    let elapsed_ms = now_ns.saturating_sub(object.profile.t_last_ns) as f64 / 1e6;
    controller.total_work += work - object.profile.work_seen;
    object.profile.work_seen = work;
    if object.profile.work_at_first < 0.0 {
        object.profile.work_at_first = controller.total_work - work;
    }
    features[F::Calls] = calls as f64;
    features[F::Backedges] = backedges as f64;
    if let Subject::Loop(index) = subject {
        let desc = &proto.unit.loops[index];
        features[F::LoopBackedges] = proto.loops()[index].count() as f64;
        features[F::LoopDepth] = f64::from(desc.depth);
        features[F::LoopLen] = f64::from(desc.back_edge_pc.saturating_sub(desc.header_pc));
    }
    features[F::CallsSinceLast] = calls_since as f64;
    features[F::BackedgesSinceLast] = backedges_since as f64;
    features[F::RateEventsPerMs] = (calls_since + backedges_since) as f64 / elapsed_ms.max(1e-3);
    features[F::SelfWork] = work;
    features[F::AgeWork] = controller.total_work - object.profile.work_at_first;
    features[F::WorkInTier] = work - object.profile.work_at_tier;
    features[F::MeanTripCount] = backedges as f64 / calls.max(1) as f64;
    let (mut typed, mut stable, mut executed, mut sites) = (0.0, 0.0, 0.0, 0.0);
    for (_, instr) in proto.code().iter().enumerate().filter(|(_, instr)| instr.op() != Op::Ext) {
        let (base, hint) = instr.op().unquickened();
        if matches!(base, Op::Add | Op::Sub | Op::Mul | Op::Div | Op::AddK | Op::SubK | Op::MulK | Op::Lt | Op::Le) {
            sites += 1.0;
            if hint != Hint::None {
                typed += 1.0;
                executed += 1.0;
                stable += f64::from(u8::from(hint != Hint::Any));
            }
        }
    }
    let mut steps = 0;
    for cache in proto.caches() {
        sites += 1.0;
        steps += match cache.kind {
            CacheKind::Empty => 0,
            CacheKind::Mega => 3,
            _ => 1 + u32::from(cache.polymorphic),
        };
        if cache.kind != CacheKind::Empty {
            executed += 1.0;
        }
        match cache.kind {
            CacheKind::Mega => features[F::IcMega] += 1.0,
            CacheKind::Empty => {}
            _ if cache.polymorphic => features[F::IcPoly] += 1.0,
            _ => features[F::IcMono] += 1.0,
        }
    }
    features[F::IcChangedSinceLast] = f64::from(steps.saturating_sub(object.profile.ic_steps_at_last));
    features[F::TypeStability] = if typed > 0.0 { stable / typed } else { 1.0 };
    features[F::SitesExecuted] = if sites > 0.0 { executed / sites } else { 1.0 };
    let exits = match subject {
        Subject::Function => object.profile.exits,
        Subject::Loop(index) => object.loops()[index].exits,
    };
    features[F::GuardFails] = f64::from(exits);
    features[F::DeoptsSoFar] = object.profile.deopts as f64;
    features[F::ReoptCount] =
        f64::from(object.profile.reopts + object.loops().iter().map(|state| state.reopts).sum::<u32>());
    features[F::CodeBytesUsed] = controller.code.code_bytes() as f64;
    features[F::FunctionsSeen] = controller.functions_seen as f64;
    features[F::FunctionsCompiled] = controller.functions_compiled as f64;
    object.profile.calls_at_last = calls;
    object.profile.ic_steps_at_last = steps;
    object.profile.backedges_at_last = backedges;
    object.profile.t_last_ns = now_ns;
    for state in object.loops_mut() {
        state.at_last = state.count();
    }
    features
}
