//! Traversal: `next`, and the order of entries.
//!
//! Traversal order is: array, slots, dictionary, each in order of insertion.

use super::Table;
use crate::value::{Value, tag};

/// The key given to `next` is not in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownKey;

impl Table {
    /// The entry after `key` in traversal order (`nil`: the first); `None` at the end.
    ///
    /// # Errors
    /// `key` is not in the table.
    pub fn next(&self, key: Value) -> Result<Option<(Value, Value)>, UnknownKey> {
        let position = self.position_after(key)?;
        Ok(self.next_from(position).map(|(_, key, value)| (key, value)))
    }

    /// Position in traversal order of the entry after `key`.
    pub(crate) fn position_after(&self, key: Value) -> Result<usize, UnknownKey> {
        let cap = self.array_cap as usize;
        let slots = self.shape.count() as usize;
        let key = match key.tag {
            tag::NIL => return Ok(0),
            // No key is a float with an integral value, and none is looked for.
            tag::FLOAT if Value::float_to_int_exact(key.raw_float()).is_some() => return Err(UnknownKey),
            _ => key,
        };
        if key.is_int() {
            let index = (key.raw_int() as u64).wrapping_sub(1);
            // Between length and capacity, the key is in the dictionary or was the end of the array.
            let in_dict = || self.dict.as_ref().and_then(|dict| dict.find(key));
            if index < cap as u64 {
                let position = if index < u64::from(self.array_len) { None } else { in_dict() };
                return Ok(position.map_or(index as usize + 1, |position| cap + slots + position + 1));
            }
        } else if let Some(string) = key.as_string()
            && !self.shape.is_dict()
            && string.is_short()
        {
            return self.shape.find(string).map(|slot| cap + slot as usize + 1).ok_or(UnknownKey);
        }
        let position = self.dict.as_ref().and_then(|dict| dict.find(key)).ok_or(UnknownKey)?;
        Ok(cap + slots + position + 1)
    }

    /// Whether `position` in traversal order is that of the entry with this key.
    #[inline]
    pub(crate) fn is_key_at(&self, position: usize, key: Value) -> bool {
        let cap = self.array_cap as usize;
        let slots = self.shape.count() as usize;
        let same = |found: Value| found.bits == key.bits && found.tag == key.tag;
        if position < cap {
            position < self.array_len as usize && same(Value::int(position as i64 + 1))
        } else if position < cap + slots {
            same(self.shape.key_at((position - cap) as u32).into())
        } else {
            self.dict.as_ref().and_then(|dict| dict.entries.get(position - cap - slots)).is_some_and(|e| same(e.key()))
        }
    }

    /// The first entry at or after `position`, with the position after it.
    pub(crate) fn next_from(&self, mut position: usize) -> Option<(usize, Value, Value)> {
        let cap = self.array_cap as usize;
        while position < self.array_len as usize {
            let value = self.element(position);
            position += 1;
            if !value.is_nil() {
                return Some((position, Value::int(position as i64), value));
            }
        }
        position = position.max(cap);
        let slots = self.shape.count() as usize;
        while position < cap + slots {
            let index = (position - cap) as u32;
            position += 1;
            let value = self.slot(index);
            if !value.is_nil() {
                return Some((position, self.shape.key_at(index).into(), value));
            }
        }
        let dict = self.dict.as_ref()?;
        while let Some(entry) = dict.entries.get(position - cap - slots) {
            position += 1;
            if !entry.value().is_nil() {
                return Some((position, entry.key(), entry.value()));
            }
        }
        None
    }

    /// Positions in traversal order, those without an entry included.
    pub(crate) fn positions(&self) -> usize {
        let dict = self.dict.as_ref().map_or(0, |dict| dict.entries.len());
        self.array_cap as usize + self.shape.count() as usize + dict
    }
}
