//! The spool's byte format, little-endian: a header, then frames of `tag: u8, length: u32, body`.
//!
//! INVARIANT: a writer only ever appends, so that whatever was cut off is the end of the last frame. Strings are
//! frames of their own, written before the first record that refers to them by number.

pub(crate) mod decision;

use trinity_vm::seam::{
    Action, ActionSet, CompileRecord, CompileResult, DecisionKind, DeoptRecord, Feature, FunctionRecord,
    FunctionTotals, IterationRecord, RunSummary, VirtualTime,
};

pub(crate) const MAGIC: &[u8; 8] = b"TRSPOOL\x06";
/// Values that stand for "none": string numbers, `loop_index`, times.
pub(crate) const NONE_U32: u32 = u32::MAX;
pub(crate) const NONE_U16: u16 = u16::MAX;
pub(crate) const NONE_U64: u64 = u64::MAX;
/// Longer frames are taken for garbage.
pub(crate) const MAX_FRAME: u32 = 16 << 20;

pub(crate) mod tag {
    pub const STRING: u8 = 1;
    pub const DECISION: u8 = 2;
    pub const COMPILE: u8 = 3;
    pub const DEOPT: u8 = 4;
    pub const ITERATION: u8 = 5;
    pub const FUNCTION: u8 = 6;
    pub const RUN_END: u8 = 7;
    pub const FUNCTION_SO_FAR: u8 = 8;
}

/// Magic, then a fingerprint of the feature table: a spool of another build is refused, not misread.
pub(crate) fn header() -> [u8; 16] {
    let mut header = [0; 16];
    header[..8].copy_from_slice(MAGIC);
    header[8..].copy_from_slice(&feature_fingerprint().to_le_bytes());
    header
}

/// FNV-1a over the feature names.
fn feature_fingerprint() -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for feature in Feature::ALL {
        for byte in feature.info().name.bytes().chain([b';']) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
    hash
}

/// Numbers strings by address: reasons are literals, so a pointer comparison is enough on the hot path.
#[derive(Default)]
pub(crate) struct Strings {
    seen: Vec<(*const u8, usize)>,
}

impl Strings {
    /// The number of `text`; writes its frame when it is new.
    fn number(&mut self, text: &'static str, out: &mut Vec<u8>) -> u16 {
        let key = (text.as_ptr(), text.len());
        if let Some(at) = self.seen.iter().position(|seen| *seen == key) {
            return at as u16;
        }
        if self.seen.len() >= usize::from(NONE_U16) {
            return NONE_U16;
        }
        let number = self.seen.len() as u16;
        self.seen.push(key);
        frame(out, tag::STRING, |out| {
            out.extend_from_slice(&number.to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        });
        number
    }
}

fn frame(out: &mut Vec<u8>, tag: u8, body: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    body(out);
    let length = (out.len() - at - 4) as u32;
    out[at..at + 4].copy_from_slice(&length.to_le_bytes());
}

macro_rules! put {
    ($out:ident: $($value:expr),* $(,)?) => {{ $($out.extend_from_slice(&$value.to_le_bytes());)* }};
}

fn virtual_time(out: &mut Vec<u8>, time: VirtualTime) {
    put!(out: time.ticks.unwrap_or(NONE_U64), time.model_ns.unwrap_or(NONE_U64));
}

pub(crate) fn compile(record: &CompileRecord, strings: &mut Strings, out: &mut Vec<u8>) {
    let (result, reason) = match record.result {
        CompileResult::Ok => (0, NONE_U16),
        CompileResult::Bailout(reason) => (1, strings.number(reason, out)),
        CompileResult::Stale(reason) => (2, strings.number(reason, out)),
    };
    let form = if record.form.is_empty() { NONE_U16 } else { strings.number(record.form, out) };
    frame(out, tag::COMPILE, |out| {
        put!(out: record.decision_id, record.function_id, record.start_ns, record.install_ns, record.cpu_ns);
        let phases = &record.phases;
        put!(out: phases.build_ns, phases.lower_ns, phases.codegen_ns, phases.install_ns);
        put!(out: record.loop_index.unwrap_or(NONE_U32), record.bytecode_len, record.ir_insts, record.code_bytes);
        out.extend_from_slice(&[record.tier_from as u8, record.tier_to as u8, result]);
        put!(out: reason, form, record.enqueue_ns.unwrap_or(NONE_U64), record.model_ns.unwrap_or(NONE_U64));
    });
}

pub(crate) fn deopt(record: &DeoptRecord, strings: &mut Strings, out: &mut Vec<u8>) {
    let reason = strings.number(record.reason, out);
    frame(out, tag::DEOPT, |out| {
        put!(out: record.t_ns, record.function_id, record.pc, reason);
        virtual_time(out, record.t_virtual);
    });
}

pub(crate) fn iteration(record: &IterationRecord, out: &mut Vec<u8>) {
    frame(out, tag::ITERATION, |out| {
        put!(out: record.iteration, record.t_ns);
        virtual_time(out, record.t_virtual);
        put!(out: record.wall_ns, record.cpu_ns, record.gc_ns, record.compile_ns, record.deopts);
        virtual_time(out, record.took);
    });
}

pub(crate) fn function(record: &FunctionRecord, out: &mut Vec<u8>) {
    frame(out, tag::FUNCTION, |out| {
        totals(&record.totals, out);
        put!(out: record.bytecode_len);
        out.push(record.final_tier as u8);
        out.extend_from_slice(record.name.as_bytes());
    });
}

pub(crate) fn function_so_far(record: &FunctionTotals, out: &mut Vec<u8>) {
    frame(out, tag::FUNCTION_SO_FAR, |out| totals(record, out));
}

fn totals(totals: &FunctionTotals, out: &mut Vec<u8>) {
    put!(out: totals.function_id, totals.calls, totals.backedges, totals.work, totals.deopts);
    virtual_time(out, totals.took);
    out.push(u8::from(totals.censored));
    put!(out: totals.loop_backedges.len() as u32);
    for count in &totals.loop_backedges {
        put!(out: count);
    }
}

/// The part of the summary that the `run` table stores.
pub(crate) fn run_end(summary: &RunSummary, out: &mut Vec<u8>) {
    let compile_cpu_ns: u64 = summary.compiles.iter().map(|tier| tier.cpu_ns).sum();
    frame(out, tag::RUN_END, |out| {
        put!(out: summary.wall_ns, summary.gc_ns, summary.peak_heap_bytes);
        put!(out: compile_cpu_ns, summary.consultations, summary.inference_ns);
        virtual_time(out, summary.took);
        put!(out: summary.first_consultations[0], summary.first_consultations[1]);
        out.extend_from_slice(summary.policy.as_bytes());
    });
}

/// Name of the result of a compilation with this number.
pub(crate) fn result_name(number: u8) -> Option<&'static str> {
    ["ok", "bailout", "stale"].get(usize::from(number)).copied()
}

/// The kind of decision with this number.
pub(crate) fn kind(number: u8) -> Option<DecisionKind> {
    use DecisionKind::{Demote, Inline, Osr, Reopt, Tier};
    [Tier, Osr, Inline, Reopt, Demote].get(usize::from(number)).copied()
}

/// The actions whose bits are set.
pub(crate) fn actions(mask: u8) -> ActionSet {
    Action::ALL.into_iter().filter(|action| mask >> *action as u8 & 1 != 0).fold(ActionSet::STAY, ActionSet::with)
}

/// The action with this number.
pub(crate) fn action(number: u8) -> Option<Action> {
    Action::ALL.get(usize::from(number)).copied()
}

/// Name of the action with this number.
pub(crate) fn action_name(number: u8) -> Option<&'static str> {
    action(number).map(Action::name)
}

/// Takes values off the front of a frame's body; `None` where it is too short.
pub(crate) struct Body<'a>(pub &'a [u8]);

macro_rules! take {
    ($($name:ident $type:ty),* $(,)?) => {
        $(pub(crate) fn $name(&mut self) -> Option<$type> {
            let (head, rest) = self.0.split_first_chunk()?;
            self.0 = rest;
            Some(<$type>::from_le_bytes(*head))
        })*
    };
}

impl<'a> Body<'a> {
    take!(u8 u8, u16 u16, u32 u32, u64 u64, f32 f32, f64 f64);

    pub(crate) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    /// A number that takes so many bytes, at most 8.
    pub(crate) fn low_bytes(&mut self, length: usize) -> Option<u64> {
        let mut word = [0; 8];
        word.get_mut(..length)?.copy_from_slice(self.bytes(length)?);
        Some(u64::from_le_bytes(word))
    }

    /// Where [`NONE_U64`] stands for "none".
    pub(crate) fn time(&mut self) -> Option<Option<u64>> {
        self.u64().map(|time| Some(time).filter(|time| *time != NONE_U64))
    }

    pub(crate) fn virtual_time(&mut self) -> Option<VirtualTime> {
        Some(VirtualTime { ticks: self.time()?, model_ns: self.time()? })
    }
}
