//! Constants of a function, each once.

use super::{Builder, MAX_CODE};
use crate::bytecode::{Const, StrId};

/// Constants that an 8-bit operand reaches.
const SHORT_CONSTS: u32 = 256;

/// Slots for numbers up to which memory is kept from one function to the next; forgetting takes time in proportion.
const KEPT: usize = 1024;

/// Slots for numbers at most: what is looked up at random should stay in a cache.
const MOST: usize = 1 << 16;

/// Where the constants of the function being compiled are.
#[derive(Default)]
pub(super) struct ConstIndex {
    /// By string: the function in which it was last a constant, and its place there.
    strings: Vec<(u32, u32)>,
    /// Number of the function, from 1.
    function: u32,
    /// Place + 1 by hash of a number, 0 when free; the length is a power of two or 0. It grows up to `MOST`; from
    /// then on a number is only looked for in its first slot and takes that, so that it may come to be a constant twice.
    numbers: Vec<u32>,
    number_count: usize,
    nil: Option<u32>,
    booleans: [Option<u32>; 2],
}

impl ConstIndex {
    /// Forgets the constants of the function before.
    pub fn clear(&mut self) {
        self.function += 1;
        self.nil = None;
        self.booleans = [None; 2];
        if self.numbers.len() > KEPT {
            self.numbers = Vec::new();
        } else if self.number_count > 0 {
            self.numbers.fill(0);
        }
        self.number_count = 0;
    }

    /// The slot that holds the number or is free for it.
    fn slot_of(&self, number: Const, consts: &[Const]) -> usize {
        let key = bits(number);
        let mask = self.numbers.len() - 1;
        let mut slot = hash(key) & mask;
        while let Some(place) = self.numbers[slot].checked_sub(1)
            && bits(consts[place as usize]) != key
            && !self.is_full()
        {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn is_full(&self) -> bool {
        self.number_count * 2 >= MOST
    }

    /// Makes room for one more number.
    fn reserve(&mut self, consts: &[Const]) {
        if (self.number_count + 1) * 2 <= self.numbers.len() || self.is_full() {
            return;
        }
        let size = (self.numbers.len() * 2).max(64);
        let before = std::mem::replace(&mut self.numbers, vec![0; size]);
        for place in before.into_iter().filter(|place| *place != 0) {
            let slot = self.slot_of(consts[place as usize - 1], consts);
            self.numbers[slot] = place;
        }
    }
}

/// A number by type and bits, which tells `0.0` from `-0.0` and from `0`.
fn bits(constant: Const) -> (bool, u64) {
    match constant {
        Const::Int(value) => (false, value as u64),
        Const::Float(value) => (true, value.to_bits()),
        _ => (false, 0),
    }
}

fn hash((float, bits): (bool, u64)) -> usize {
    let product = u128::from(bits ^ 0x9e37_79b9_7f4a_7c15) * (0x517c_c1b7_2722_0a95 + u128::from(float));
    (product as u64 ^ (product >> 64) as u64) as usize
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
        self.number(Const::Int(value))
    }

    pub(super) fn const_float(&mut self, value: f64) -> u32 {
        self.number(Const::Float(value))
    }

    fn number(&mut self, number: Const) -> u32 {
        self.const_index.reserve(&self.consts);
        let slot = self.const_index.slot_of(number, &self.consts);
        if let Some(index) = self.const_index.numbers[slot].checked_sub(1)
            && bits(self.consts[index as usize]) == bits(number)
        {
            return index;
        }
        let index = self.push_const(number);
        self.const_index.numbers[slot] = index + 1;
        self.const_index.number_count += usize::from(!self.const_index.is_full());
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
