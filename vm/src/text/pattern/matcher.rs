//! Backtracking over a compiled pattern.

use super::class::ByteSet;
use super::compile::{CaptureKind, Follow, Node, Quantifier, Single};
use super::{MAX_CAPTURES, MAX_DEPTH, Pattern, PatternError};
use crate::observe::Allowance;

/// Bytes that are scanned for one step.
const BYTES_PER_STEP: usize = 16;
/// Steps after which to ask whether to give up.
const STEPS_BETWEEN_CHECKS: u64 = 1 << 14;

/// A match: byte offsets `start..end` in the subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    pub start: usize,
    pub end: usize,
}

/// What one capture holds, in byte offsets (zero-based) of the subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    Range { start: usize, end: usize },
    Position(usize),
}

/// Matches one pattern against one subject. Matching allocates nothing.
pub struct Matcher<'a> {
    pattern: &'a Pattern,
    subject: &'a [u8],
    /// INVARIANT: a node's entry was written on the way that is being tried. Every way passes the nodes in order,
    /// so nothing has to be undone when one is given up.
    spans: [(usize, usize); MAX_CAPTURES],
    fault: PatternError,
    /// Steps taken since they were last asked for.
    steps: u64,
    /// Value of `steps` at which to look at the allowance.
    check_at: u64,
    allowance: Allowance,
}

/// Results of a step beside the end offset of a match; no offset of a slice is that large.
const FAILED: usize = usize::MAX;
const FAULTED: usize = usize::MAX - 1;

impl<'a> Matcher<'a> {
    pub fn new(pattern: &'a Pattern, subject: &'a [u8]) -> Self {
        Self {
            pattern,
            subject,
            spans: [(0, 0); MAX_CAPTURES],
            fault: PatternError::TooComplex,
            steps: 0,
            check_at: STEPS_BETWEEN_CHECKS,
            allowance: Allowance::UNLIMITED,
        }
    }

    /// Limits the steps of what follows: a match that takes more fails with [`PatternError::Stopped`].
    pub fn allow(&mut self, allowance: Allowance) {
        self.allowance = allowance;
        self.check_at = STEPS_BETWEEN_CHECKS.min(allowance.ticks);
    }

    /// Steps taken since the last call.
    pub fn take_steps(&mut self) -> usize {
        std::mem::take(&mut self.steps) as usize
    }

    /// Counts steps; false when there are too many.
    #[inline(always)]
    fn spend(&mut self, steps: usize) -> bool {
        self.steps += steps as u64;
        self.steps <= self.check_at || self.may_go_on()
    }

    #[cold]
    fn may_go_on(&mut self) -> bool {
        if self.steps > self.allowance.ticks || self.allowance.is_withdrawn() {
            self.fault = PatternError::Stopped;
            return false;
        }
        self.check_at = (self.steps + STEPS_BETWEEN_CHECKS).min(self.allowance.ticks);
        true
    }

    /// Matches at exactly `start` (at most the subject's length); returns the end of the match.
    pub fn match_at(&mut self, start: usize) -> Result<Option<usize>, PatternError> {
        match self.step(0, start, 1) {
            FAILED => Ok(None),
            FAULTED => Err(self.fault),
            end => Ok(Some(end)),
        }
    }

    /// Finds the first match that starts at `from` or later; only at `from` if the pattern is anchored.
    pub fn find_from(&mut self, from: usize) -> Result<Option<Match>, PatternError> {
        let mut from = from;
        if self.pattern.anchored {
            return Ok(self.match_at(from)?.map(|end| Match { start: from, end }));
        }
        while let Some(start) = self.candidate(from) {
            if !self.spend((start - from) / BYTES_PER_STEP) {
                return Err(self.fault);
            }
            if let Some(end) = self.match_at(start)? {
                return Ok(Some(Match { start, end }));
            }
            from = start + 1;
        }
        Ok(None)
    }

    /// The first position from `from` on where a match is not ruled out by one byte.
    #[inline]
    fn candidate(&self, from: usize) -> Option<usize> {
        let tail = self.subject.get(from..)?;
        let start = &self.pattern.start;
        let inside = match start.bytes {
            Single::Any => (!tail.is_empty()).then_some(0),
            Single::Byte(byte) => memchr::memchr(byte, tail),
            Single::Set(index) => {
                let set = &self.pattern.sets[index as usize];
                tail.iter().position(|&b| set.contains(b))
            }
        };
        match inside {
            Some(offset) => Some(from + offset),
            None => start.at_end.then_some(self.subject.len()),
        }
    }

    /// Number of captures written in the pattern.
    pub fn written_captures(&self) -> usize {
        self.pattern.captures.len()
    }

    /// Number of values the pattern captures: its captures, or the whole match if it has none.
    pub fn capture_count(&self) -> usize {
        self.pattern.captures.len().max(1)
    }

    /// Capture number `index` (zero-based) of the match `whole`, which was this matcher's latest result.
    pub fn capture(&self, index: usize, whole: Match) -> Result<Capture, PatternError> {
        let Some(kind) = self.pattern.captures.get(index) else {
            return match index {
                0 => Ok(Capture::Range { start: whole.start, end: whole.end }),
                _ => Err(PatternError::CaptureIndex((index + 1).min(255) as u8)),
            };
        };
        let (start, end) = self.spans[index];
        match kind {
            CaptureKind::Range => Ok(Capture::Range { start, end }),
            CaptureKind::Position => Ok(Capture::Position(start)),
            CaptureKind::Unfinished => Err(PatternError::UnfinishedCapture),
        }
    }

    fn fault(&mut self, fault: PatternError) -> usize {
        self.fault = fault;
        FAULTED
    }

    /// Matches from `node` on at subject offset `at`. `depth` counts nested choices, this one included.
    fn step(&mut self, node: usize, at: usize, depth: u32) -> usize {
        if depth > MAX_DEPTH {
            return self.fault(PatternError::TooComplex);
        }
        if !self.spend(1) {
            return FAULTED;
        }
        let pattern = self.pattern;
        let subject = self.subject;
        let (mut node, mut at, mut depth) = (node, at, depth);
        loop {
            match pattern.nodes[node] {
                Node::One(what) => match subject.get(at) {
                    Some(&byte) if self.accepts(what, byte) => at += 1,
                    _ => return FAILED,
                },
                Node::Repeat { what, quantifier, follow, exclusive } => {
                    let starts = subject.get(at).is_some_and(|&byte| self.accepts(what, byte));
                    match quantifier {
                        Quantifier::Greedy { at_least } => {
                            if !starts {
                                if at_least > 0 {
                                    return FAILED;
                                }
                            } else {
                                let last = at + 1 + self.run(what, at + 1);
                                if !self.spend((last - at) / BYTES_PER_STEP) {
                                    return FAULTED;
                                }
                                if !exclusive {
                                    return self.shorten(node + 1, at + at_least as usize, last, &follow, depth);
                                }
                                // PERF: no shorter run can succeed, so there is nothing to return to.
                                at = last;
                                depth += 1;
                                if depth > MAX_DEPTH {
                                    return self.fault(PatternError::TooComplex);
                                }
                            }
                        }
                        Quantifier::Lazy if starts => return self.lengthen(what, node + 1, at, &follow, depth),
                        Quantifier::Optional if starts => {
                            let end = self.step(node + 1, at + 1, depth + 1);
                            if end != FAILED || exclusive {
                                return end;
                            }
                        }
                        Quantifier::Lazy | Quantifier::Optional => {}
                    }
                }
                Node::Open(index) => {
                    self.spans[index as usize].0 = at;
                    depth += 1;
                }
                Node::OpenPosition(index) => {
                    self.spans[index as usize].0 = at;
                    depth += 1;
                }
                Node::Close(index) => {
                    self.spans[index as usize].1 = at;
                    depth += 1;
                }
                Node::BackReference(index) => {
                    let (start, end) = self.spans[index as usize];
                    if !subject[at..].starts_with(&subject[start..end]) {
                        return FAILED;
                    }
                    at += end - start;
                    if !self.spend((end - start) / BYTES_PER_STEP) {
                        return FAULTED;
                    }
                }
                Node::Balance(open, close) => match balanced(&subject[at..], open, close) {
                    Some(length) => at += length,
                    None => {
                        let tail = subject.len() - at;
                        return if self.spend(tail / BYTES_PER_STEP) { FAILED } else { FAULTED };
                    }
                },
                Node::Frontier(index) => {
                    let set = &pattern.sets[index as usize];
                    let before = if at == 0 { 0 } else { subject[at - 1] };
                    let here = subject.get(at).copied().unwrap_or(0);
                    if set.contains(before) || !set.contains(here) {
                        return FAILED;
                    }
                }
                Node::SubjectEnd => {
                    if at != subject.len() {
                        return FAILED;
                    }
                }
                Node::Accept => return at,
                Node::Fault(fault) => return self.fault(fault),
            }
            node += 1;
            if depth > MAX_DEPTH {
                return self.fault(PatternError::TooComplex);
            }
        }
    }

    #[inline(always)]
    fn accepts(&self, what: Single, byte: u8) -> bool {
        match what {
            Single::Byte(only) => byte == only,
            Single::Any => true,
            Single::Set(index) => self.pattern.sets[index as usize].contains(byte),
        }
    }

    /// How many bytes from `at` on `what` accepts in a row.
    #[inline]
    fn run(&self, what: Single, at: usize) -> usize {
        let tail = &self.subject[at..];
        match what {
            Single::Any => tail.len(),
            Single::Byte(only) => tail.iter().position(|&b| b != only).unwrap_or(tail.len()),
            Single::Set(index) => {
                let set: ByteSet = self.pattern.sets[index as usize];
                tail.iter().position(|&b| !set.contains(b)).unwrap_or(tail.len())
            }
        }
    }

    /// Whether the rest of the pattern may match at `at`.
    #[inline(always)]
    fn may_follow(&self, follow: &Follow, at: usize) -> bool {
        match self.subject.get(at) {
            Some(&byte) => self.accepts(follow.bytes, byte),
            None => follow.at_end,
        }
    }

    /// Tries the rest of the pattern after a greedy run, from its longest form at `last` down to `first`.
    fn shorten(&mut self, rest: usize, first: usize, last: usize, follow: &Follow, depth: u32) -> usize {
        if !self.spend((last - first) / BYTES_PER_STEP) {
            return FAULTED;
        }
        let mut at = last;
        loop {
            if self.may_follow(follow, at) {
                let end = self.step(rest, at, depth + 1);
                if end != FAILED {
                    return end;
                }
            }
            if at == first {
                return FAILED;
            }
            at -= 1;
        }
    }

    /// Tries the rest of the pattern after ever longer runs of `what` from `at` on.
    fn lengthen(&mut self, what: Single, rest: usize, at: usize, follow: &Follow, depth: u32) -> usize {
        let mut at = at;
        loop {
            if what == Single::Any
                && !follow.at_end
                && let Single::Byte(next) = follow.bytes
            {
                // PERF: `.-x`, the commonest use, skips to the next `x`.
                let found = memchr::memchr(next, &self.subject[at..]);
                if !self.spend(found.unwrap_or(self.subject.len() - at) / BYTES_PER_STEP) {
                    return FAULTED;
                }
                match found {
                    Some(offset) => at += offset,
                    None => return FAILED,
                }
            }
            if self.may_follow(follow, at) {
                let end = self.step(rest, at, depth + 1);
                if end != FAILED {
                    return end;
                }
            }
            match self.subject.get(at) {
                Some(&byte) if self.accepts(what, byte) => at += 1,
                _ => return FAILED,
            }
            if at.is_multiple_of(BYTES_PER_STEP) && !self.spend(1) {
                return FAULTED;
            }
        }
    }
}

/// Length of the balanced text at the start of `tail` for `%b`.
fn balanced(tail: &[u8], open: u8, close: u8) -> Option<usize> {
    if tail.first() != Some(&open) {
        return None;
    }
    let mut depth = 1usize;
    for (i, &byte) in tail.iter().enumerate().skip(1) {
        // The closing byte is asked first: with `%bxx` the second `x` closes.
        if byte == close {
            depth -= 1;
            if depth == 0 {
                return Some(i + 1);
            }
        } else if byte == open {
            depth += 1;
        }
    }
    None
}

/// Where the iteration of `gmatch` and `gsub` stands.
///
/// A match that ends where the previous one ended is skipped, so that an empty match never follows directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalMatches {
    /// Offset of the next position to try.
    pub at: usize,
    /// Where the latest match ended.
    pub last_end: Option<usize>,
}

impl GlobalMatches {
    /// An iteration from `at` on.
    pub fn from(at: usize) -> Self {
        Self { at, last_end: None }
    }

    /// The next match. The bytes between the `at` of before and its start are unmatched.
    pub fn next(&mut self, matcher: &mut Matcher<'_>) -> Result<Option<Match>, PatternError> {
        let mut from = self.at;
        if from > matcher.subject.len() {
            return Ok(None);
        }
        loop {
            let Some(found) = matcher.find_from(from)? else { return Ok(None) };
            if self.last_end != Some(found.end) {
                self.at = found.end;
                self.last_end = Some(found.end);
                return Ok(Some(found));
            }
            if matcher.pattern.anchored {
                return Ok(None);
            }
            // Only an empty match can end where the previous one did, and only once per position.
            from = found.start + 1;
        }
    }
}
