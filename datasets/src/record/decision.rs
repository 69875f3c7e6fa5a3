//! The frame of a decision, by far the most frequent one: what it costs to log is nearly the bytes that it takes.
//!
//! ```text
//! flags, place, kind, tier, legal, action, taken u8 · chain_hash u64
//! lengths of numbers u32 · numbers: decision_id, t_ns, iteration, ask_again, inference_ns, feature_ns, loop index + 1
//! what the flags announce · lengths of features · features
//! ```
//!
//! Numbers take as many bytes as they have, and features as [`pack`] says, with four bits each for the length. The function,
//! and the features that follow from its bytecode alone, are left out where they are what was last written to the same
//! [`Known`] place. The snapshot's hash follows from the rest.

use std::collections::HashMap;

use trinity_vm::seam::{Decision, DecisionPoint, DecisionRecord, Feature, Features, Tier, VirtualTime};

use super::{Body, NONE_U16, NONE_U64, Strings, frame, tag};
use crate::spool_read;

mod flag {
    pub const EXPLORE: u8 = 1;
    /// A string number follows.
    pub const FALLBACK: u8 = 1 << 1;
    /// Virtual time of the run follows.
    pub const VIRTUAL: u8 = 1 << 2;
    /// Virtual time of the function follows.
    pub const SELF_VIRTUAL: u8 = 1 << 3;
    /// Propensities and scores follow; otherwise they are those of [`Decision::certain`].
    pub const UNCERTAIN: u8 = 1 << 4;
    /// The function and the features of its bytecode follow.
    pub const NEWS: u8 = 1 << 5;
    /// The decision that led to this one follows.
    pub const PARENT: u8 = 1 << 6;
    /// A string number follows: why optimised code was left last.
    pub const LAST_DEOPT: u8 = 1 << 7;
}

const FEATURES: usize = Feature::ALL.len();
const NUMBERS: usize = 7;
/// Bytes of the longest body, and room to write a word at its end.
const LONGEST: usize =
    7 + 8 + 4 + 8 * NUMBERS + 2 + 8 + 2 + 2 * 16 + 6 * 4 + 8 + FEATURES.div_ceil(2) + 1 + 8 * FEATURES + 8;

/// A function as it was last written: `function_id`, and the bits of the features of its bytecode.
type Written = (u64, [u64; Feature::OF_BYTECODE]);

/// Functions as they were last written, in places that they share: both ends keep one.
pub(crate) struct Known(Box<[Written; 64]>);

impl Default for Known {
    fn default() -> Self {
        Self(Box::new([(0, [0; Feature::OF_BYTECODE]); 64]))
    }
}

impl Known {
    fn place(function_id: u64) -> u8 {
        (function_id % 64) as u8
    }
}

/// A body in the making.
struct Packer {
    bytes: [u8; LONGEST],
    at: usize,
}

/// The low bytes that hold a feature and their code: how many they are, for whole numbers below 2⁴⁸; 6 more, for the high
/// bytes of a float, in reverse order, without zeros at its end.
#[inline]
fn pack(value: f64) -> (u64, u8) {
    let number = value as i64;
    let is_whole = (number as f64).to_bits() == value.to_bits() && (0..1 << 48).contains(&number);
    let word = if is_whole { number as u64 } else { value.to_bits().swap_bytes() };
    (word, length(word) as u8 + if is_whole { 0 } else { 6 })
}

/// The feature with this code, of which [`packed_length`] bytes are given.
fn unpack(word: u64, code: u8) -> f64 {
    if code <= 6 { word as f64 } else { f64::from_bits(word.swap_bytes()) }
}

fn packed_length(code: u8) -> usize {
    usize::from(if code <= 6 { code } else { code - 6 })
}

/// Bytes that a number takes.
#[inline]
fn length(word: u64) -> usize {
    (64 - word.leading_zeros() as usize).div_ceil(8)
}

impl Packer {
    #[inline]
    fn put<const LENGTH: usize>(&mut self, bytes: [u8; LENGTH]) {
        self.bytes[self.at..self.at + LENGTH].copy_from_slice(&bytes);
        self.at += LENGTH;
    }
    fn time(&mut self, time: VirtualTime) {
        self.put(time.ticks.unwrap_or(NONE_U64).to_le_bytes());
        self.put(time.model_ns.unwrap_or(NONE_U64).to_le_bytes());
    }
    /// The low bytes of a word; what is too much is written over by what follows.
    #[inline]
    fn low_bytes(&mut self, word: u64, length: usize) {
        self.bytes[self.at..self.at + 8].copy_from_slice(&word.to_le_bytes());
        self.at += length;
    }
    fn numbers(&mut self, numbers: [u64; NUMBERS]) {
        let lengths = self.at;
        self.at += 4;
        let mut codes = 0_u32;
        for (index, number) in numbers.into_iter().enumerate() {
            let length = length(number);
            codes |= (length as u32) << (4 * index);
            self.low_bytes(number, length);
        }
        self.bytes[lengths..lengths + 4].copy_from_slice(&codes.to_le_bytes());
    }
    fn features(&mut self, values: &[f64]) {
        let codes = self.at;
        self.at += values.len().div_ceil(2);
        for (pair, place) in values.chunks(2).zip(codes..) {
            let mut both = 0;
            for (value, shift) in pair.iter().zip([0, 4]) {
                let (word, code) = pack(*value);
                both |= code << shift;
                self.low_bytes(word, packed_length(code));
            }
            self.bytes[place] = both;
        }
    }
}

/// Whether propensities and scores say nothing that the action does not.
fn is_certain(decision: &Decision) -> bool {
    let certain = Decision::certain(decision.action, 1);
    let bits = |values: [f32; 3]| values.map(f32::to_bits);
    bits(decision.propensities) == bits(certain.propensities) && bits(decision.scores) == bits(certain.scores)
}

pub(crate) fn write(record: &DecisionRecord, strings: &mut Strings, known: &mut Known, out: &mut Vec<u8>) {
    let decision = &record.decision;
    let fallback = decision.fallback.map(|reason| strings.number(reason, out));
    let last_deopt = record.last_deopt.map(|reason| strings.number(reason, out));
    let place = Known::place(record.function_id);
    let function = (record.function_id, std::array::from_fn(|index| record.features.0[index].to_bits()));
    let is_news = known.0[usize::from(place)] != function;
    known.0[usize::from(place)] = function;
    let flags = [
        (flag::EXPLORE, decision.explore),
        (flag::FALLBACK, fallback.is_some()),
        (flag::VIRTUAL, record.t_virtual != VirtualTime::default()),
        (flag::SELF_VIRTUAL, record.self_virtual != VirtualTime::default()),
        (flag::UNCERTAIN, !is_certain(decision)),
        (flag::NEWS, is_news),
        (flag::PARENT, record.parent.is_some()),
        (flag::LAST_DEOPT, last_deopt.is_some()),
    ];
    let flags = flags.into_iter().fold(0, |flags, (flag, holds)| flags | if holds { flag } else { 0 });
    let has = |flag: u8| flags & flag != 0;

    let mut body = Packer { bytes: [0; LONGEST], at: 0 };
    body.put([flags, place, record.kind as u8, record.tier as u8, record.legal.bits(), decision.action as u8]);
    body.put([record.taken as u8]);
    body.put(record.chain_hash.to_le_bytes());
    body.numbers([
        record.decision_id,
        record.t_ns,
        record.iteration.into(),
        decision.ask_again.into(),
        record.inference_ns.into(),
        record.feature_ns.into(),
        record.loop_index.map_or(0, |index| u64::from(index) + 1),
    ]);
    for number in [fallback, last_deopt].into_iter().flatten() {
        body.put(number.to_le_bytes());
    }
    if let Some(decision_id) = record.parent {
        body.put(decision_id.to_le_bytes());
    }
    for (flag, time) in [(flag::VIRTUAL, record.t_virtual), (flag::SELF_VIRTUAL, record.self_virtual)] {
        if has(flag) {
            body.time(time);
        }
    }
    if has(flag::UNCERTAIN) {
        for value in decision.propensities.into_iter().chain(decision.scores) {
            body.put(value.to_le_bytes());
        }
    }
    let (of_bytecode, others) = record.features.0.split_at(Feature::OF_BYTECODE);
    if is_news {
        body.put(record.function_id.to_le_bytes());
        body.features(of_bytecode);
    }
    body.features(others);
    frame(out, tag::DECISION, |out| out.extend_from_slice(&body.bytes[..body.at]));
}

fn read_features(body: &mut Body<'_>, values: &mut [f64]) -> Option<()> {
    let codes = body.bytes(values.len().div_ceil(2))?;
    for (index, value) in values.iter_mut().enumerate() {
        let code = codes[index / 2] >> (4 * (index % 2)) & 15;
        *value = unpack(body.low_bytes(packed_length(code))?, code);
    }
    Some(())
}

/// Reads a body back that was written after so many iterations had ended; `None` when it makes no sense.
pub(crate) fn read(
    body: &mut Body<'_>,
    strings: &HashMap<u16, String>,
    known: &mut Known,
    iterations: usize,
) -> Option<spool_read::Decision> {
    let flags = body.u8()?;
    let has = |flag: u8| flags & flag != 0;
    let place = known.0.get_mut(usize::from(body.u8()?))?;
    let (kind, tier, legal) = (super::kind(body.u8()?)?, body.u8()?, super::actions(body.u8()?));
    let (action, taken) = (super::action(body.u8()?)?, super::action(body.u8()?)?);
    let chain_hash = body.u64()?;
    let lengths = body.u32()?;
    let mut numbers = [0; NUMBERS];
    for (index, number) in numbers.iter_mut().enumerate() {
        *number = body.low_bytes((lengths >> (4 * index) & 15) as usize)?;
    }
    let [decision_id, t_ns, numbers @ ..] = numbers;
    let mut short = [0; NUMBERS - 2];
    for (short, number) in short.iter_mut().zip(numbers) {
        *short = u32::try_from(number).ok()?;
    }
    let [iteration, ask_again, inference_ns, feature_ns, loop_number] = short;
    let mut text = |flag: u8| spool_read::string(if flags & flag != 0 { body.u16()? } else { NONE_U16 }, strings);
    let (fallback, last_deopt) = (text(flag::FALLBACK)?, text(flag::LAST_DEOPT)?);
    let parent = if has(flag::PARENT) { Some(body.u64()?) } else { None };
    let mut time = |flag: u8| if has(flag) { body.virtual_time() } else { Some(VirtualTime::default()) };
    let (t_virtual, self_virtual) = (time(flag::VIRTUAL)?, time(flag::SELF_VIRTUAL)?);
    let Decision { mut propensities, mut scores, .. } = Decision::certain(action, 1);
    if has(flag::UNCERTAIN) {
        for value in propensities.iter_mut().chain(&mut scores) {
            *value = body.f32()?;
        }
    }
    let mut features = Features::default();
    let (of_bytecode, others) = features.0.split_at_mut(Feature::OF_BYTECODE);
    if has(flag::NEWS) {
        place.0 = body.u64()?;
        read_features(body, of_bytecode)?;
        place.1 = std::array::from_fn(|index| of_bytecode[index].to_bits());
    } else {
        of_bytecode.iter_mut().zip(place.1).for_each(|(value, bits)| *value = f64::from_bits(bits));
    }
    read_features(body, others)?;
    let (function_id, loop_index) = (place.0, loop_number.checked_sub(1));
    let running_in = [Tier::Cold, Tier::Warm, Tier::Hot].into_iter().nth(tier.into())?;
    let point = DecisionPoint { kind, function_id, loop_index, tier: running_in, features: &features, legal };
    Some(spool_read::Decision {
        snapshot_hash: point.snapshot_hash(),
        decision_id,
        t_ns,
        t_virtual,
        self_virtual,
        chain_hash,
        function_id,
        iteration,
        // The record of an iteration stands at its end.
        next_iteration: iterations + usize::from(iteration > 0),
        loop_index,
        ask_again,
        inference_ns,
        feature_ns,
        fallback,
        parent,
        last_deopt,
        kind: kind as u8,
        tier,
        legal: legal.bits(),
        action: action as u8,
        taken: taken as u8,
        explore: has(flag::EXPLORE),
        propensities,
        scores,
        features: features.0.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use trinity_vm::seam::{Action, ActionSet, DecisionKind, Features, Tier};

    use super::*;

    fn record(function_id: u64, features: Features) -> DecisionRecord {
        DecisionRecord {
            decision_id: 3,
            kind: DecisionKind::Osr,
            t_ns: 1 << 30,
            t_virtual: VirtualTime::default(),
            self_virtual: VirtualTime::default(),
            snapshot_hash: 0,
            chain_hash: 0,
            parent: None,
            last_deopt: None,
            iteration: 2,
            function_id,
            loop_index: None,
            tier: Tier::Warm,
            features,
            legal: ActionSet::STAY.with(Action::Hot),
            decision: Decision::certain(Action::Hot, 99),
            taken: Action::Hot,
            inference_ns: 12,
            feature_ns: 34,
        }
        .sealed(5)
    }

    /// Writes and reads records; returns what was read, and the length of each frame.
    fn round_trip(records: &[DecisionRecord]) -> Vec<(spool_read::Decision, usize)> {
        let (mut strings, mut known, mut out) = (Strings::default(), Known::default(), Vec::new());
        let mut known_to_reader = Known::default();
        let mut names = HashMap::new();
        let read_back = |record: &DecisionRecord| {
            out.clear();
            write(record, &mut strings, &mut known, &mut out);
            let mut rest = out.as_slice();
            while let [tag::STRING, _, _, _, _, low, high, text @ ..] = rest {
                let (text, after) = text.split_at(usize::from(rest[1]) - 2);
                names.insert(u16::from_le_bytes([*low, *high]), String::from_utf8_lossy(text).into_owned());
                rest = after;
            }
            let mut body = Body(&rest[5..]);
            let decision = read(&mut body, &names, &mut known_to_reader, 0).expect("the body makes sense");
            assert!(body.0.is_empty(), "all of it is read");
            (decision, rest.len())
        };
        records.iter().map(read_back).collect()
    }

    fn check(records: &[DecisionRecord]) -> Vec<usize> {
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        let bits_of_answer = |values: [f32; 3]| values.map(f32::to_bits);
        let found = round_trip(records);
        for (record, (found, _)) in records.iter().zip(&found) {
            let decision = &record.decision;
            assert_eq!(bits(&found.features), bits(&record.features.0));
            assert_eq!(bits_of_answer(found.propensities), bits_of_answer(decision.propensities));
            assert_eq!(bits_of_answer(found.scores), bits_of_answer(decision.scores));
            assert_eq!((found.t_virtual, found.self_virtual), (record.t_virtual, record.self_virtual));
            assert_eq!((found.function_id, found.loop_index), (record.function_id, record.loop_index));
            assert_eq!((found.snapshot_hash, found.chain_hash), (record.snapshot_hash, record.chain_hash));
            assert_eq!(
                (found.decision_id, found.t_ns, found.iteration),
                (record.decision_id, record.t_ns, record.iteration)
            );
            assert_eq!((found.kind, found.tier, found.legal), (1, 1, record.legal.bits()));
            assert_eq!((found.action, found.taken), (decision.action as u8, record.taken as u8));
            assert_eq!((found.explore, found.ask_again), (decision.explore, decision.ask_again));
            assert_eq!((found.inference_ns, found.feature_ns), (record.inference_ns, record.feature_ns));
            assert_eq!(found.fallback.as_deref(), decision.fallback);
            assert_eq!((found.parent, found.last_deopt.as_deref()), (record.parent, record.last_deopt));
        }
        found.into_iter().map(|(_, length)| length).collect()
    }

    #[test]
    fn every_value_comes_back_bit_by_bit() {
        let whole = [0.0, 1.0, 255.0, 256.0, 4_294_967_296.0, (1_u64 << 48) as f64 - 1.0, (1_u64 << 48) as f64, 1e300];
        let odd = [whole.as_slice(), &[-0.0, -1.0, 0.5, 0.1, 5e-324, -1e-300, f64::INFINITY, f64::NAN]].concat();
        for shift in 0..FEATURES {
            let mut features = Features(std::array::from_fn(|index| odd[(index + shift) % odd.len()]));
            features.0[shift] = f64::from_bits(0x7ff8_dead_beef_0001);
            check(&[record(7, features.clone()), record(7, features)]);
        }
    }

    #[test]
    fn every_answer_comes_back() {
        let base = record(7, Features::default());
        let time = |ticks, model_ns| VirtualTime { ticks, model_ns };
        let with = |decision: Decision| DecisionRecord { decision, ..base.clone() };
        let certain = || base.decision.clone();
        check(&[
            DecisionRecord { loop_index: Some(0), ..base.clone() }.sealed(9),
            DecisionRecord { decision_id: u64::MAX, t_ns: 0, inference_ns: u32::MAX, ..base.clone() },
            DecisionRecord { t_virtual: time(Some(8), None), ..base.clone() },
            DecisionRecord { t_virtual: time(None, Some(9)), self_virtual: time(Some(1), Some(0)), ..base.clone() },
            DecisionRecord { taken: Action::Stay, ..base.clone() },
            DecisionRecord { parent: Some(1 << 50), last_deopt: Some("type"), ..base.clone() },
            with(Decision { explore: true, ..certain() }),
            with(Decision { fallback: Some("no model"), ..certain() }),
            with(Decision { fallback: Some("another reason"), ask_again: u32::MAX, ..certain() }),
            with(Decision { propensities: [0.25, 0.5, 0.25], ..certain() }),
            with(Decision { scores: [1.0, f32::NAN, -0.0], ..certain() }),
        ]);
    }

    #[test]
    fn what_follows_from_the_bytecode_is_written_where_it_is_news() {
        let of_bytecode = |length: f64| {
            let mut features = Features::default();
            features[Feature::BytecodeLen] = length;
            features[Feature::Calls] = 5.0;
            features
        };
        // 71 takes the place of 7.
        let functions = [(7, 10.0), (7, 10.0), (8, 20.0), (7, 10.0), (71, 30.0), (71, 30.0), (7, 10.0)];
        let records = functions.map(|(function, length)| record(function, of_bytecode(length)));
        let lengths = check(&records);
        let news: Vec<bool> = lengths.iter().map(|length| length - lengths[1] > 8 + 7).collect();
        assert_eq!(news, [true, false, true, false, true, false, true], "{lengths:?}");
    }
}
