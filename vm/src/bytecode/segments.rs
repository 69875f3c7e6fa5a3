//! Segments: what compiled code pays for at once, in ticks and modelled time.
//!
//! A *segment* is a straight piece of bytecode: control enters at its first instruction only, and leaves behind its last one
//! unless an instruction throws, yields or hands the frame to the interpreter. Compiled code pays for a segment where it
//! begins; what leaves it early gets back what is left of it. Calls end segments, so that a callee finds the account exact.

use super::{Instr, Op, jump_target};
use crate::clock::Price;

/// Where control goes after the instruction at `pc`. A test and the jump behind it count as one instruction.
pub struct Successors {
    pub next: Option<usize>,
    pub jump: Option<usize>,
}

pub fn successors(code: &[Instr], pc: usize) -> Successors {
    let op = code[pc].op().unquickened().0;
    let after = pc + op.words();
    let target = jump_target(code, pc).map(|target| target as usize);
    match op {
        _ if op.is_test() => {
            let jump = (after + 1) as i64 + i64::from(code[after].jump());
            Successors { next: Some(after + 1), jump: Some(jump as usize) }
        }
        Op::Jmp | Op::Loop | Op::TForPrep => Successors { next: None, jump: target },
        Op::LFalseSkip => Successors { next: None, jump: Some(after + 1) },
        Op::ForPrep | Op::ForLoop | Op::TForLoop => Successors { next: Some(after), jump: target },
        Op::Return | Op::Return0 | Op::Return1 => Successors { next: None, jump: None },
        _ => Successors { next: Some(after), jump: None },
    }
}

/// Words of the instruction at `pc`, with the jump behind a test.
fn words(code: &[Instr], pc: usize) -> usize {
    let op = code[pc].op();
    op.words() + usize::from(op.is_test())
}

/// The segments of a function.
#[derive(Clone, Debug, Default)]
pub struct Segments {
    /// By pc: of the instruction and of what follows it in its segment.
    prices: Box<[Price]>,
    /// By pc: a segment begins.
    begins: Box<[bool]>,
}

impl Segments {
    pub fn of(code: &[Instr]) -> Segments {
        let mut begins = vec![false; code.len() + 1];
        let mut places = Vec::new();
        let mut pc = 0;
        while pc < code.len() {
            places.push(pc);
            let after = pc + words(code, pc);
            let Successors { next, jump } = successors(code, pc);
            if let Some(jump) = jump {
                begins[jump] = true;
            }
            let calls = matches!(code[pc].op().unquickened().0, Op::Call | Op::TailCall | Op::TForCall);
            begins[after] |= calls || jump.is_some() || next.is_none();
            pc = after;
        }
        begins[0] = true;
        let mut prices = vec![Price::default(); code.len() + 1];
        for pc in places.into_iter().rev() {
            let after = pc + words(code, pc);
            let rest = if begins[after] { Price::default() } else { prices[after] };
            prices[pc] = Price::of(code[pc].op()).plus(rest);
        }
        Segments { prices: prices.into(), begins: begins.into() }
    }

    /// What is paid where the instruction at `pc` begins a segment.
    pub fn price(&self, pc: usize) -> Option<Price> {
        self.begins[pc].then_some(self.prices[pc])
    }

    /// What has been paid for the instruction at `pc` and for what follows it in its segment.
    pub fn paid_from(&self, pc: usize) -> Price {
        self.prices[pc]
    }

    /// What has been paid for what follows the instruction `op` at `pc` in its segment.
    pub fn paid_behind(&self, pc: usize, op: Op) -> Price {
        self.prices[pc].minus(Price::of(op))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front;

    /// Segments of a function's code as (first pc, price).
    fn prices(source: &str) -> Vec<(usize, u32)> {
        let unit = front::compile(source.as_bytes(), b"=test").expect("compiles");
        let segments = Segments::of(&unit.code);
        (0..unit.code.len()).filter_map(|pc| Some((pc, segments.price(pc)?.ticks))).collect()
    }

    #[test]
    fn straight_code_is_one_segment_and_calls_end_one() {
        let [(0, all)] = prices("local a, b = 1, 2 local c = a + b")[..] else { panic!("one segment") };
        assert!(all >= 4, "{all}");
        assert_eq!(prices("f() g()").len(), 3);
    }

    #[test]
    fn every_instruction_is_paid_for_once() {
        let source = "local t = {} for i = 1, 9 do if i % 2 == 0 then t[i] = f(i) else t = nil end end return t";
        let unit = front::compile(source.as_bytes(), b"=test").expect("compiles");
        let (segments, code) = (Segments::of(&unit.code), &unit.code);
        let mut pc = 0;
        while pc < code.len() {
            let after = pc + words(code, pc);
            let begins = after < code.len() && segments.price(after).is_some();
            let rest = if after == code.len() || begins { Price::default() } else { segments.paid_from(after) };
            assert_eq!(segments.paid_behind(pc, code[pc].op()), rest, "at {pc}");
            if let Some(jump) = successors(code, pc).jump {
                assert!(segments.price(jump).is_some(), "{pc} jumps to {jump}");
            }
            pc = after;
        }
    }
}
