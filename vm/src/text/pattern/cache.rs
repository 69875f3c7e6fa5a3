//! Compiled patterns of the recent past.

use std::rc::Rc;

use super::{Anchoring, Pattern};

const SLOTS: usize = 64;

/// Patterns longer than this are compiled afresh: comparing the key must stay cheap and the cache small.
const MAX_KEY: usize = 128;

/// A direct-mapped cache of compiled patterns, keyed by the pattern's text. One per VM.
#[derive(Default)]
pub struct PatternCache {
    slots: Vec<Option<Rc<Pattern>>>,
}

impl PatternCache {
    /// The compiled form of `text`. `hash` is any hash of the text; whoever holds the text has one already.
    ///
    /// It is shared: a pattern in use stays valid when a nested call evicts it.
    pub fn get(&mut self, text: &[u8], hash: u32, anchoring: Anchoring) -> Rc<Pattern> {
        if text.len() > MAX_KEY {
            return Rc::new(Pattern::compile(text, anchoring));
        }
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, None);
        }
        let slot = &mut self.slots[(hash ^ anchoring as u32) as usize % SLOTS];
        match slot {
            Some(found) if found.anchoring() == anchoring && found.text() == text => found.clone(),
            _ => slot.insert(Rc::new(Pattern::compile(text, anchoring))).clone(),
        }
    }
}
