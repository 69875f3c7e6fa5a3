//! Lua patterns (manual §6.4.1).
//!
//! A pattern is compiled once to a short list of nodes and kept in a [`PatternCache`]; matching then works on byte
//! sets instead of reinterpreting the pattern's text at every position. Because a pattern is a plain sequence
//! (neither alternation nor repetition of groups), capture structure is static and each node knows which bytes can
//! follow it; that prunes most backtracking.
//!
//! A malformed pattern compiles: the fault is a node, raised only when matching arrives there. That is what the
//! reference implementation does, and programs can observe it.

mod cache;
mod class;
mod compile;
mod matcher;
#[cfg(test)]
mod tests;

pub use cache::PatternCache;
pub use class::ByteSet;
pub use compile::{Anchoring, Pattern};
pub use matcher::{Capture, GlobalMatches, Match, Matcher};

/// Most captures of one pattern.
pub const MAX_CAPTURES: usize = 32;

/// Most nested choices (quantified items that matched, and capture brackets) on one way through a pattern.
pub const MAX_DEPTH: u32 = 200;

/// What is wrong with a pattern; the texts are those of the reference implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error("malformed pattern (ends with '%')")]
    EndsWithEscape,
    #[error("malformed pattern (missing ']')")]
    MissingBracket,
    #[error("missing '[' after '%f' in pattern")]
    MissingFrontierSet,
    #[error("malformed pattern (missing arguments to '%b')")]
    MissingBalanceArguments,
    #[error("invalid pattern capture")]
    NothingToClose,
    /// One-based index of the capture that does not exist or is still open.
    #[error("invalid capture index %{0}")]
    CaptureIndex(u8),
    #[error("too many captures")]
    TooManyCaptures,
    #[error("unfinished capture")]
    UnfinishedCapture,
    #[error("pattern too complex")]
    TooComplex,
    /// The match takes more steps than it may (see [`Matcher::allow`]).
    #[error("too many steps")]
    Stopped,
}

/// Whether `text` has none of the bytes that are special in a pattern, so that searching for it is a plain search.
///
/// `)` and `]` alone do not count, exactly as in the reference implementation.
pub fn is_plain(text: &[u8]) -> bool {
    const SPECIAL: ByteSet = ByteSet::of(b"^$*+?.([%-");
    !text.iter().any(|&b| SPECIAL.contains(b))
}

/// Position of the first `needle` in `haystack` at or after `from`; the empty needle is found at `from`.
///
/// Nothing is found when `from > haystack.len()`.
pub fn find_plain(haystack: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let tail = haystack.get(from..)?;
    match needle {
        [] => Some(from),
        [byte] => memchr::memchr(*byte, tail).map(|at| at + from),
        _ => memchr::memmem::find(tail, needle).map(|at| at + from),
    }
}
