//! What a finished run reports: iterations, per-function totals, the summary.

use std::{num::NonZeroU32, time::Instant};

use super::{IterationStart, features, thread_cpu_ns};
use crate::{
    front::chunk_id,
    function::Proto,
    seam::{DecisionKind, FunctionRecord, FunctionTotals, IterationRecord, RunSummary, Tier, VirtualTime},
    vm::Vm,
};

/// What functions have counted.
#[derive(Clone, Copy, Default)]
pub(super) struct Totals {
    calls: u64,
    backedges: u64,
    work: f64,
}

impl Totals {
    pub(super) fn add(&mut self, proto: &Proto) {
        self.calls += proto.calls();
        self.backedges += proto.backedges();
        self.work += features::work(proto);
    }
}

pub(super) fn function_record(proto: &Proto) -> FunctionRecord {
    let loop_tier = proto.loops().iter().map(|state| state.tier).max().unwrap_or(Tier::Cold);
    FunctionRecord {
        name: format!("{}:{}", String::from_utf8_lossy(&chunk_id(&proto.unit.source)), proto.unit.line_defined),
        bytecode_len: proto.unit.code.len() as u32,
        final_tier: proto.profile.tier.max(loop_tier),
        totals: function_totals(proto),
    }
}

fn function_totals(proto: &Proto) -> FunctionTotals {
    FunctionTotals {
        function_id: proto.profile.function_id,
        calls: proto.calls(),
        backedges: proto.backedges(),
        loop_backedges: proto.loops().iter().map(|state| state.count()).collect(),
        work: features::work(proto),
        took: VirtualTime::default(),
        censored: proto.profile.censored,
        deopts: proto.profile.deopts,
    }
}

impl Vm {
    /// A benchmark iteration begins; they count from 1.
    pub fn iteration_begin(&mut self, iteration: NonZeroU32) {
        if self.controller.sink.is_some() {
            for proto in &mut self.controller.protos {
                let profile = &mut proto.get_mut().profile;
                profile.asked_before = std::mem::take(&mut profile.asked);
            }
        }
        self.controller.iteration = iteration.get();
        self.controller.iteration_start = Some(IterationStart {
            wall: Instant::now(),
            virtual_time: self.virtual_time(),
            cpu_ns: thread_cpu_ns(),
            gc_ns: self.gc_ns,
            compile_ns: self.controller.compile_ns,
            deopts: self.controller.deopts.values().sum(),
        });
    }

    /// The iteration has ended.
    pub fn iteration_end(&mut self) {
        let Some(start) = self.controller.iteration_start.take() else { return };
        let record = IterationRecord {
            iteration: self.controller.iteration,
            t_ns: self.elapsed_ns(),
            t_virtual: self.virtual_time(),
            wall_ns: start.wall.elapsed().as_nanos() as u64,
            cpu_ns: thread_cpu_ns() - start.cpu_ns,
            gc_ns: self.gc_ns - start.gc_ns,
            compile_ns: self.controller.compile_ns - start.compile_ns,
            took: self.virtual_time().since(start.virtual_time),
            deopts: self.controller.deopts.values().sum::<u64>() - start.deopts,
        };
        self.controller.iteration = 0;
        let controller = &mut self.controller;
        if let Some(sink) = &mut controller.sink {
            for proto in controller.protos.iter().filter(|proto| proto.profile.asked_before) {
                sink.function_so_far(&function_totals(proto));
            }
            sink.iteration(&record);
        }
    }

    /// Sends the totals of every function and the summary to the sink, and returns the summary.
    pub fn finish_run(&mut self) -> RunSummary {
        let now_ns = self.elapsed_ns();
        self.controller.end_compilations(now_ns);
        let took = self.virtual_time();
        let controller = &mut self.controller;
        if let Some(sink) = &mut controller.sink {
            for proto in &controller.protos {
                sink.function(&function_record(proto));
            }
        }
        let mut totals = controller.dead;
        controller.protos.iter().for_each(|proto| totals.add(proto));
        let summary = RunSummary {
            wall_ns: self.created.elapsed().as_nanos() as u64,
            took,
            cpu_ns: thread_cpu_ns() + controller.background_cpu_ns(),
            gc_ns: self.gc_ns,
            gc_cycles: self.heap.cycles,
            gc_max_pause_ns: self.heap.pauses.max_ns(),
            gc_p999_pause_ns: self.heap.pauses.all_but_ns(1000),
            peak_heap_bytes: self.heap.peak_bytes() as u64,
            functions: controller.functions_seen,
            calls: totals.calls,
            backedges: totals.backedges,
            counted_work: totals.work,
            compiles: [0, 1].map(|tier| controller.compiles[tier].summary(controller.osr_entries[tier])),
            code_memory: controller.code.summary(),
            queue: controller.queue_summary(),
            deopts: controller.deopts.iter().map(|(reason, count)| (*reason, *count)).collect(),
            policy: controller.policy.as_ref().map_or_else(|| "none".to_owned(), |policy| policy.name()),
            objection: controller.policy.as_mut().and_then(|policy| policy.finish()),
            first_consultations: controller.policy.as_ref().map_or([u32::MAX; 2], |policy| {
                [DecisionKind::Tier, DecisionKind::Osr].map(|kind| policy.first_consultation(kind))
            }),
            consultations: controller.consultations,
            illegal_answers: controller.illegal_answers,
            inference_ns: controller.inference_ns,
        };
        if let Some(sink) = &mut controller.sink {
            sink.run_end(&summary);
        }
        summary
    }
}
