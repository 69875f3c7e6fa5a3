//! Constants of a function, each once.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::{Builder, MAX_CODE};
use crate::bytecode::{Const, StrId};

/// Constants that an 8-bit operand reaches.
const SHORT_CONSTS: u32 = 256;

/// Entries for which the map of numbers keeps its memory from one function to the next; clearing takes time in
/// proportion to it.
const KEPT: usize = 256;

/// Where the constants of the function being compiled are.
#[derive(Default)]
pub(super) struct ConstIndex {
    /// By string: the function in which it was last a constant, and its place there.
    strings: Vec<(u32, u32)>,
    /// Number of the function, from 1.
    function: u32,
    /// By type and bits.
    numbers: HashMap<(bool, u64), u32, BuildHasherDefault<BitsHasher>>,
    nil: Option<u32>,
    booleans: [Option<u32>; 2],
}

impl ConstIndex {
    /// Forgets the constants of the function before.
    pub fn clear(&mut self) {
        self.function += 1;
        self.nil = None;
        self.booleans = [None; 2];
        if self.numbers.capacity() > KEPT {
            self.numbers = HashMap::default();
        } else if !self.numbers.is_empty() {
            self.numbers.clear();
        }
    }
}

/// A fast hash for numbers that the source text cannot usefully attack: a chunk only slows its own compilation.
#[derive(Default)]
struct BitsHasher(u64);

impl Hasher for BitsHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64((*byte).into());
        }
    }

    fn write_u64(&mut self, value: u64) {
        let product = u128::from(value ^ self.0 ^ 0x9e37_79b9_7f4a_7c15) * 0x517c_c1b7_2722_0a95;
        self.0 = product as u64 ^ (product >> 64) as u64;
    }

    fn write_u8(&mut self, value: u8) {
        self.0 = self.0.wrapping_add(value.into());
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Builder<'_> {
    fn push_const(&mut self, value: Const) -> u32 {
        let index = self.consts.len();
        self.check_limit(index + 1, MAX_CODE, "constants");
        self.consts.push(value);
        index as u32
    }

    pub(super) fn const_nil(&mut self) -> u32 {
        match self.const_index.nil {
            Some(index) => index,
            None => {
                let index = self.push_const(Const::Nil);
                self.const_index.nil = Some(index);
                index
            }
        }
    }

    pub(super) fn const_bool(&mut self, value: bool) -> u32 {
        match self.const_index.booleans[usize::from(value)] {
            Some(index) => index,
            None => {
                let index = self.push_const(Const::Bool(value));
                self.const_index.booleans[usize::from(value)] = Some(index);
                index
            }
        }
    }

    pub(super) fn const_int(&mut self, value: i64) -> u32 {
        self.number((false, value as u64), Const::Int(value))
    }

    pub(super) fn const_float(&mut self, value: f64) -> u32 {
        self.number((true, value.to_bits()), Const::Float(value))
    }

    fn number(&mut self, key: (bool, u64), value: Const) -> u32 {
        if let Some(index) = self.const_index.numbers.get(&key) {
            return *index;
        }
        let index = self.push_const(value);
        self.const_index.numbers.insert(key, index);
        index
    }

    pub(super) fn const_str(&mut self, id: StrId) -> u32 {
        let function = self.const_index.function;
        let strings = &mut self.const_index.strings;
        if strings.len() <= id.index() {
            strings.resize(id.index() + 1, (0, 0));
        }
        let (last, index) = strings[id.index()];
        if last == function {
            return index;
        }
        let index = self.push_const(Const::Str(id));
        self.const_index.strings[id.index()] = (function, index);
        index
    }

    /// The constant as an 8-bit operand, when it is one.
    pub(super) fn short(index: u32) -> Option<u32> {
        (index < SHORT_CONSTS).then_some(index)
    }
}
