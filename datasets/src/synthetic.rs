//! A data set whose truth is known, written through the same sink and converter as a real one: for tests, and for
//! trying an analysis before anything was measured.
//!
//! A function's total work follows from its static features (loops and their depth), up to noise; how far it has
//! come when it is asked about says little. A model can learn that, and "future = past" cannot.

use std::path::Path;

use trinity_vm::seam::{
    Action, ActionSet, CompileRecord, CompileResult, Decision, DecisionKind, DecisionRecord, EventSink, Feature,
    Features, FunctionRecord, FunctionTotals, IterationRecord, PhaseTimes, RunSummary, Tier, VirtualTime,
};

use crate::{
    error::DataError,
    manifest::HowMade,
    meta::RunMeta,
    spool::SpoolSink,
    store::{Added, RunInput, Store},
};

/// Size of a synthetic data set.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub families: u32,
    pub runs_per_family: u32,
    pub functions: u32,
    pub seed: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Shape { families: 6, runs_per_family: 2, functions: 60, seed: 1 }
    }
}

/// SplitMix64: enough randomness for a made-up data set.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// Writes a sealed data set below `root`.
///
/// # Errors
/// As [`Store::open`] and [`Store::add`].
pub fn write(root: &Path, shape: Shape) -> Result<Added, DataError> {
    let spools = root.join("spool");
    let mut runs = Vec::new();
    for family in 0..shape.families {
        for run in 0..shape.runs_per_family {
            let policy = ["interpret", "baseline-only"][(run % 2) as usize];
            let (mut sink, handle) = SpoolSink::create(&spools)?;
            one_run(&mut sink, shape, family, policy);
            drop(sink);
            let meta = RunMeta {
                experiment_id: "synthetic".into(),
                block_id: format!("{family}/{}", run / 2),
                order_index: run % 2,
                program_id: format!("program{family}"),
                family_id: format!("family{family}"),
                input_id: "small".into(),
                split: "train".into(),
                suite: "synthetic".into(),
                policy_kind: policy.into(),
                policy_id: policy.into(),
                seed: shape.seed,
                logging_mode: "spool".into(),
                clock_kind: "virtual".into(),
                status: "ok".into(),
                ..RunMeta::default()
            };
            runs.push(RunInput { meta, spool: Some(handle.path().to_owned()), ..RunInput::default() });
        }
    }
    let how_made = HowMade {
        title: "Synthetic data set".into(),
        command: "cargo run --release -p trinity-datasets --example synthetic -- DIR".into(),
        description: "Made up; remaining work follows from loops and their depth.".into(),
        licences: vec!["CC0-1.0".into()],
        ..HowMade::default()
    };
    let mut store = Store::open(root, &how_made, Some(runs.len()))?;
    let added = store.add(&runs)?;
    store.compact()?;
    store.seal()?;
    drop(store);
    std::fs::remove_dir_all(&spools).map_err(DataError::io(&spools, "remove the spools"))?;
    Ok(added)
}

fn one_run(sink: &mut SpoolSink, shape: Shape, family: u32, policy: &str) {
    let mut random = Random(shape.seed ^ u64::from(family) << 32);
    let (mut decision_id, mut chain, mut t_ns) = (0, 0, 0);
    let functions: Vec<Features> = (0..shape.functions).map(|_| statics(&mut random)).collect();
    for (index, statics) in functions.iter().enumerate() {
        let function_id = u64::from(family) << 32 | index as u64;
        let total = total_work(statics, &mut random);
        let per_event = statics[Feature::BytecodeLen] * 0.5;
        let mut work = per_event * 2.0;
        let mut tier = Tier::Cold;
        while work < total {
            let mut features = statics.clone();
            let events = (work / per_event).floor();
            features[Feature::Calls] = (events / (1.0 + statics[Feature::NLoops])).floor();
            features[Feature::Backedges] = events - features[Feature::Calls];
            features[Feature::SelfWork] = work;
            features[Feature::WorkInTier] = work;
            features[Feature::AgeWork] = t_ns as f64 / 3.0;
            features[Feature::RateEventsPerMs] = random.unit() * 1000.0;
            features[Feature::FunctionsSeen] = f64::from(shape.functions);
            let promote = policy == "baseline-only" && tier == Tier::Cold;
            let action = if promote { Action::Warm } else { Action::Stay };
            let decision = Decision::certain(action, (events as u32).max(1));
            let record = DecisionRecord {
                decision_id,
                kind: DecisionKind::Tier,
                t_ns,
                t_virtual: virtual_time(t_ns as f64 / 3.0),
                self_virtual: virtual_time(work),
                snapshot_hash: 0,
                chain_hash: 0,
                parent: None,
                last_deopt: None,
                iteration: 0,
                function_id,
                loop_index: None,
                tier,
                features,
                legal: ActionSet::STAY.with(Action::Warm).with(Action::Hot),
                decision,
                taken: action,
                inference_ns: 40 + random.below(30) as u32,
                feature_ns: 100 + random.below(50) as u32,
            }
            .sealed(chain);
            chain = record.chain_hash;
            sink.decision(&record);
            if promote {
                let cpu_ns = (statics[Feature::BytecodeLen] * 300.0 * (0.8 + 0.4 * random.unit())) as u64;
                sink.compile(&CompileRecord {
                    decision_id,
                    function_id,
                    label: Default::default(),
                    loop_index: None,
                    tier_from: tier,
                    tier_to: Tier::Warm,
                    enqueue_ns: None,
                    start_ns: t_ns,
                    install_ns: t_ns + cpu_ns,
                    cpu_ns,
                    model_ns: Some((statics[Feature::BytecodeLen] * 300.0) as u64),
                    phases: PhaseTimes { build_ns: cpu_ns / 4, codegen_ns: cpu_ns / 2, ..PhaseTimes::default() },
                    form: "",
                    bytecode_len: statics[Feature::BytecodeLen] as u32,
                    ir_insts: 0,
                    code_bytes: (statics[Feature::BytecodeLen] * 24.0) as u32,
                    result: if random.below(20) == 0 { CompileResult::Bailout("vararg") } else { CompileResult::Ok },
                });
                tier = Tier::Warm;
            }
            decision_id += 1;
            t_ns += (work * 3.0) as u64;
            work *= 2.0;
        }
        let events = (total / per_event).floor();
        let calls = (events / (1.0 + statics[Feature::NLoops])).floor();
        sink.function(&FunctionRecord {
            name: format!("program{family}.lua:{}", index * 10 + 1),
            bytecode_len: statics[Feature::BytecodeLen] as u32,
            final_tier: tier,
            totals: FunctionTotals {
                function_id,
                calls: calls as u64,
                backedges: (events - calls) as u64,
                loop_backedges: Vec::new(),
                work: total,
                took: virtual_time(total),
                censored: false,
                deopts: 0,
            },
        });
    }
    sink.iteration(&IterationRecord {
        iteration: 1,
        t_ns,
        t_virtual: virtual_time(t_ns as f64 / 3.0),
        wall_ns: t_ns,
        cpu_ns: t_ns,
        took: virtual_time(t_ns as f64 / 3.0),
        ..IterationRecord::default()
    });
    sink.run_end(&RunSummary {
        wall_ns: t_ns,
        cpu_ns: t_ns,
        took: virtual_time(t_ns as f64 / 3.0),
        consultations: decision_id,
        policy: policy.to_owned(),
        ..RunSummary::default()
    });
}

/// A tick is a weighted bytecode here, and takes three modelled nanoseconds.
fn virtual_time(work: f64) -> VirtualTime {
    VirtualTime { ticks: Some(work as u64), model_ns: Some((work * 3.0) as u64) }
}

fn statics(random: &mut Random) -> Features {
    let mut features = Features::default();
    let loops = random.below(4) as f64;
    features[Feature::BytecodeLen] = (8 + random.below(200)) as f64;
    features[Feature::NLoops] = loops;
    features[Feature::MaxLoopDepth] = if loops > 0.0 { 1.0 + random.below(loops as u64) as f64 } else { 0.0 };
    features[Feature::NBlocks] = 1.0 + 3.0 * loops + random.below(5) as f64;
    features[Feature::NCalls] = random.below(10) as f64;
    features[Feature::NArith] = random.below(30) as f64;
    features[Feature::NTableOps] = random.below(20) as f64;
    features[Feature::NParams] = random.below(4) as f64;
    features[Feature::TypeStability] = 0.5 + 0.5 * random.unit();
    features
}

/// Work of the whole run: 2^(10 + 4·depth + 1·loops), times noise of a factor of two either way.
fn total_work(statics: &Features, random: &mut Random) -> f64 {
    let exponent = 10.0 + 4.0 * statics[Feature::MaxLoopDepth] + statics[Feature::NLoops];
    (exponent + 2.0 * random.unit() - 1.0).exp2()
}
