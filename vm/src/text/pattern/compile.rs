//! From a pattern's text to its nodes.

use super::class::{ByteSet, escaped};
use super::{MAX_CAPTURES, PatternError};

/// What a leading `^` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchoring {
    /// It ties the match to its start (`find`, `match`, `gsub`).
    Caret,
    /// It is an ordinary byte (`gmatch`).
    None,
}

/// What one subject byte is tested against. Sets are indices into [`Pattern::sets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Single {
    Byte(u8),
    Any,
    Set(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    /// `*` (`at_least` 0) and `+` (`at_least` 1)
    Greedy { at_least: u8 },
    /// `-`
    Lazy,
    /// `?`
    Optional,
}

/// A necessary condition for the rest of the pattern to match at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Follow {
    /// What the byte at the position must be, if the position is not the subject's end.
    pub bytes: Single,
    /// Whether the rest can match at the subject's end.
    pub at_end: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    One(Single),
    Repeat {
        what: Single,
        quantifier: Quantifier,
        follow: Follow,
        /// No byte that `what` accepts can start the rest: a greedy run never has to be shortened.
        exclusive: bool,
    },
    Open(u8),
    OpenPosition(u8),
    Close(u8),
    BackReference(u8),
    Balance(u8, u8),
    Frontier(u32),
    /// `$` at the pattern's end
    SubjectEnd,
    Accept,
    Fault(PatternError),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CaptureKind {
    Range,
    Position,
    /// Opened and never closed: an error once somebody asks for it.
    Unfinished,
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: Box<[u8]>,
    anchoring: Anchoring,
    pub(super) nodes: Vec<Node>,
    pub(super) sets: Vec<ByteSet>,
    pub(super) captures: Vec<CaptureKind>,
    pub(super) anchored: bool,
    /// Where a match can start.
    pub(super) start: Follow,
}

impl Pattern {
    /// Compiles `text`. Never fails: see the module's description for malformed patterns.
    pub fn compile(text: &[u8], anchoring: Anchoring) -> Self {
        let anchored = anchoring == Anchoring::Caret && text.first() == Some(&b'^');
        let mut compiler =
            Compiler { text, at: anchored as usize, nodes: Vec::new(), sets: Vec::new(), captures: Vec::new() };
        if let Err(fault) = compiler.sequence() {
            compiler.nodes.push(Node::Fault(fault));
        }
        let start = compiler.link();
        let Compiler { nodes, sets, captures, .. } = compiler;
        Self { text: text.into(), anchoring, nodes, sets, captures, anchored, start }
    }

    pub fn text(&self) -> &[u8] {
        &self.text
    }

    pub fn anchoring(&self) -> Anchoring {
        self.anchoring
    }

    /// Whether a match can only be at the position where the search starts.
    pub fn is_anchored(&self) -> bool {
        self.anchored
    }

    /// Number of captures written in the pattern; a pattern without any captures its whole match.
    pub fn capture_count(&self) -> usize {
        self.captures.len()
    }
}

struct Compiler<'a> {
    text: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    sets: Vec<ByteSet>,
    captures: Vec<CaptureKind>,
}

impl Compiler<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn sequence(&mut self) -> Result<(), PatternError> {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'(' => self.open()?,
                b')' => self.close()?,
                b'$' if self.at + 1 == self.text.len() => {
                    self.at += 1;
                    self.nodes.push(Node::SubjectEnd);
                }
                b'%' => match self.peek(1) {
                    Some(b'b') => self.balance()?,
                    Some(b'f') => self.frontier()?,
                    Some(digit @ b'0'..=b'9') => self.back_reference(digit - b'0')?,
                    _ => self.item()?,
                },
                _ => self.item()?,
            }
        }
        self.nodes.push(Node::Accept);
        Ok(())
    }

    fn open(&mut self) -> Result<(), PatternError> {
        if self.captures.len() == MAX_CAPTURES {
            return Err(PatternError::TooManyCaptures);
        }
        let index = self.captures.len() as u8;
        if self.peek(1) == Some(b')') {
            self.at += 2;
            self.captures.push(CaptureKind::Position);
            self.nodes.push(Node::OpenPosition(index));
        } else {
            self.at += 1;
            self.captures.push(CaptureKind::Unfinished);
            self.nodes.push(Node::Open(index));
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), PatternError> {
        let open = self.captures.iter().rposition(|&kind| kind == CaptureKind::Unfinished);
        let index = open.ok_or(PatternError::NothingToClose)?;
        self.at += 1;
        self.captures[index] = CaptureKind::Range;
        self.nodes.push(Node::Close(index as u8));
        Ok(())
    }

    fn balance(&mut self) -> Result<(), PatternError> {
        let (Some(open), Some(close)) = (self.peek(2), self.peek(3)) else {
            return Err(PatternError::MissingBalanceArguments);
        };
        self.at += 4;
        self.nodes.push(Node::Balance(open, close));
        Ok(())
    }

    fn frontier(&mut self) -> Result<(), PatternError> {
        self.at += 2;
        if self.peek(0) != Some(b'[') {
            return Err(PatternError::MissingFrontierSet);
        }
        let set = self.bracket()?;
        let index = self.intern(set);
        self.nodes.push(Node::Frontier(index));
        Ok(())
    }

    fn back_reference(&mut self, number: u8) -> Result<(), PatternError> {
        self.at += 2;
        let kind = (number as usize).checked_sub(1).and_then(|i| self.captures.get(i));
        match kind {
            None | Some(CaptureKind::Unfinished) => Err(PatternError::CaptureIndex(number)),
            // The reference implementation compares against a position capture's pseudo-length, which no subject
            // is long enough for: it fails to match.
            Some(CaptureKind::Position) => {
                let never = self.intern(ByteSet::EMPTY);
                self.nodes.push(Node::One(Single::Set(never)));
                Ok(())
            }
            Some(CaptureKind::Range) => {
                self.nodes.push(Node::BackReference(number - 1));
                Ok(())
            }
        }
    }

    /// A single-byte class and the quantifier behind it.
    fn item(&mut self) -> Result<(), PatternError> {
        let set = match self.text[self.at] {
            b'%' => {
                let letter = self.peek(1).ok_or(PatternError::EndsWithEscape)?;
                self.at += 2;
                escaped(letter)
            }
            b'[' => self.bracket()?,
            b'.' => {
                self.at += 1;
                ByteSet::ALL
            }
            byte => {
                self.at += 1;
                ByteSet::of(&[byte])
            }
        };
        let what = self.single(set);
        let quantifier = match self.peek(0) {
            Some(b'*') => Quantifier::Greedy { at_least: 0 },
            Some(b'+') => Quantifier::Greedy { at_least: 1 },
            Some(b'-') => Quantifier::Lazy,
            Some(b'?') => Quantifier::Optional,
            _ => {
                self.nodes.push(Node::One(what));
                return Ok(());
            }
        };
        self.at += 1;
        // `follow` and `exclusive` are filled in by `link`.
        let follow = Follow { bytes: Single::Any, at_end: true };
        self.nodes.push(Node::Repeat { what, quantifier, follow, exclusive: false });
        Ok(())
    }

    /// A set in brackets; `at` is on the `[`.
    fn bracket(&mut self) -> Result<ByteSet, PatternError> {
        let mut first = self.at + 1;
        let negated = self.text.get(first) == Some(&b'^');
        first += negated as usize;
        // The first byte is never the closing bracket, and an escape hides the byte behind it.
        let mut close = first;
        loop {
            match self.text.get(close) {
                None => return Err(PatternError::MissingBracket),
                Some(b'%') => close += 2,
                Some(_) => close += 1,
            }
            match self.text.get(close) {
                None => return Err(PatternError::MissingBracket),
                Some(b']') => break,
                Some(_) => {}
            }
        }
        let inner = &self.text[first..close];
        self.at = close + 1;
        let mut set = ByteSet::EMPTY;
        let mut i = 0;
        while i < inner.len() {
            if inner[i] == b'%' && i + 1 < inner.len() {
                set = set.union(escaped(inner[i + 1]));
                i += 2;
            } else if inner.get(i + 1) == Some(&b'-') && i + 2 < inner.len() {
                set = set.union(ByteSet::range(inner[i], inner[i + 2]));
                i += 3;
            } else {
                set = set.with(inner[i]);
                i += 1;
            }
        }
        Ok(if negated { set.complement() } else { set })
    }

    fn single(&mut self, set: ByteSet) -> Single {
        if set == ByteSet::ALL {
            Single::Any
        } else if let Some(byte) = set.single() {
            Single::Byte(byte)
        } else {
            Single::Set(self.intern(set))
        }
    }

    fn intern(&mut self, set: ByteSet) -> u32 {
        // PERF: the search is bounded, so that compiling stays linear in the pattern's length.
        let recent = self.sets.len().saturating_sub(16);
        if let Some(i) = self.sets[recent..].iter().position(|&known| known == set) {
            return (recent + i) as u32;
        }
        self.sets.push(set);
        (self.sets.len() - 1) as u32
    }

    fn set_of(&self, single: Single) -> ByteSet {
        match single {
            Single::Byte(byte) => ByteSet::of(&[byte]),
            Single::Any => ByteSet::ALL,
            Single::Set(index) => self.sets[index as usize],
        }
    }

    /// Tells each repetition what can follow it, from the end backwards; returns where a match can start.
    fn link(&mut self) -> Follow {
        // The bytes that the rest can begin with, and whether it can match at the subject's end.
        let mut bytes = ByteSet::ALL;
        let mut at_end = true;
        for i in (0..self.nodes.len()).rev() {
            match self.nodes[i] {
                Node::Open(_) | Node::OpenPosition(_) | Node::Close(_) => {}
                // A back reference may be empty, and a fault must be arrived at.
                Node::Accept | Node::Fault(_) | Node::BackReference(_) => (bytes, at_end) = (ByteSet::ALL, true),
                Node::SubjectEnd => (bytes, at_end) = (ByteSet::EMPTY, true),
                Node::One(what) => (bytes, at_end) = (self.set_of(what), false),
                Node::Balance(open, _) => (bytes, at_end) = (ByteSet::of(&[open]), false),
                Node::Frontier(set) => {
                    let set = self.sets[set as usize];
                    bytes = bytes.intersection(set);
                    at_end &= set.contains(0);
                }
                Node::Repeat { what, quantifier, .. } => {
                    let own = self.set_of(what);
                    let follow = Follow { bytes: self.single(bytes), at_end };
                    let exclusive = own.intersection(bytes).is_empty();
                    self.nodes[i] = Node::Repeat { what, quantifier, follow, exclusive };
                    if quantifier == (Quantifier::Greedy { at_least: 1 }) {
                        (bytes, at_end) = (own, false);
                    } else {
                        bytes = bytes.union(own);
                    }
                }
            }
        }
        Follow { bytes: self.single(bytes), at_end }
    }
}
