//! Which registers an instruction reads and writes, and which are live where.

use trinity_vm::{
    bytecode::{Extra, Field, Instr, Op, jump_target},
    frame::FRAME_OFFSET,
};

/// A set of registers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct RegSet([u64; 4]);

impl RegSet {
    pub fn insert(&mut self, register: usize) {
        self.0[register >> 6] |= 1 << (register & 63);
    }
    pub fn remove(&mut self, register: usize) {
        self.0[register >> 6] &= !(1 << (register & 63));
    }
    pub fn contains(&self, register: usize) -> bool {
        self.0[register >> 6] & 1 << (register & 63) != 0
    }
    pub fn union(&mut self, other: &RegSet) -> bool {
        let before = *self;
        for (word, more) in self.0.iter_mut().zip(other.0) {
            *word |= more;
        }
        before != *self
    }
    pub fn words(&self) -> [u64; 4] {
        self.0
    }
    pub fn of_words(words: [u64; 4]) -> RegSet {
        RegSet(words)
    }
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..256).filter(|register| self.contains(*register))
    }
}

/// Reads and writes of the instruction at `pc`; an open list reads everything from its first register on.
pub fn accesses(code: &[Instr], pc: usize, max: usize) -> (RegSet, RegSet) {
    let instr = code[pc];
    let op = instr.op().unquickened().0;
    let (a, b, c) = (instr.a(), instr.b(), instr.c());
    let (mut reads, mut writes) = (RegSet::default(), RegSet::default());
    let range = |set: &mut RegSet, from: usize, to: usize| (from..to.min(max)).for_each(|r| set.insert(r));
    match op {
        Op::LoadNil => range(&mut writes, a, a + b + 1),
        Op::SelfField => {
            reads.insert(b);
            writes.insert(a);
            writes.insert(a + FRAME_OFFSET);
        }
        Op::SetList => range(&mut reads, a, if b == 0 { max } else { a + b + 1 }),
        Op::Concat => {
            range(&mut reads, a, a + b);
            writes.insert(a);
        }
        // Everything may be captured or to be closed.
        Op::Close => range(&mut reads, a, max),
        Op::Tbc => reads.insert(a),
        Op::Call | Op::TailCall => {
            reads.insert(a);
            range(&mut reads, a + FRAME_OFFSET, if b == 0 { max } else { a + FRAME_OFFSET + b - 1 });
            range(&mut writes, a, max);
        }
        Op::Return => range(&mut reads, a, if b == 0 { max } else { a + b - 1 }),
        Op::Return0 => {}
        Op::Return1 => reads.insert(a),
        Op::ForLoop => {
            range(&mut reads, a, a + 3);
            writes.insert(a);
            writes.insert(a + 1);
            writes.insert(a + 3);
        }
        Op::ForPrep => {
            range(&mut reads, a, a + 3);
            range(&mut writes, a, a + 4);
        }
        Op::TForPrep => range(&mut reads, a, a + 4),
        Op::TForCall => {
            range(&mut reads, a, a + 4);
            range(&mut writes, a + 4, max);
        }
        Op::TForLoop => {
            reads.insert(a);
            reads.insert(a + 1);
            reads.insert(a + 3);
            reads.insert(a + 4);
            writes.insert(a + 2);
        }
        Op::VarArg => range(&mut writes, a, if c == 0 { max } else { a + c - 1 }),
        Op::VarArgPrep => {}
        Op::TestSet => {
            reads.insert(b);
            // On the other path the old value stays.
            reads.insert(a);
            writes.insert(a);
        }
        _ => {
            let layout = op.layout();
            let reads_a = matches!(
                op,
                Op::SetUpval
                    | Op::SetTable
                    | Op::SetI
                    | Op::SetField
                    | Op::Eq
                    | Op::Lt
                    | Op::Le
                    | Op::EqK
                    | Op::LtI
                    | Op::LeI
                    | Op::GtI
                    | Op::GeI
                    | Op::Test
            );
            if layout.a == Field::Reg {
                if reads_a { reads.insert(a) } else { writes.insert(a) }
            }
            if layout.b == Field::Reg {
                reads.insert(b);
            }
            if layout.c == Field::Reg {
                reads.insert(c);
            }
        }
    }
    (reads, writes)
}

/// Where control may go after the instruction at `pc`: the next instruction and a jump target.
pub fn successors(code: &[Instr], pc: usize) -> (Option<usize>, Option<usize>) {
    let instr = code[pc];
    let op = instr.op().unquickened().0;
    let next = pc + op.words();
    let target = match op.layout().extra {
        Extra::Jump | Extra::Distance | Extra::DistanceLoop => jump_target(code, pc).map(|target| target as usize),
        _ => None,
    };
    match op {
        Op::Jmp | Op::Loop | Op::TForPrep => (None, target),
        Op::Return | Op::Return0 | Op::Return1 => (None, None),
        Op::LFalseSkip => (None, Some(next + 1)),
        // The jump that follows is taken, or skipped.
        op if op.is_test() => (Some(next), Some(next + 1)),
        _ => (Some(next), target),
    }
}

/// Live registers before each instruction.
pub struct Liveness {
    live: Vec<RegSet>,
}

impl Liveness {
    /// `max` is the number of registers.
    pub fn compute(max: usize, code: &[Instr]) -> Liveness {
        let mut live = vec![RegSet::default(); code.len() + 1];
        let mut starts = Vec::new();
        let mut pc = 0;
        while pc < code.len() {
            starts.push(pc);
            pc += code[pc].op().words();
        }
        let mut changed = true;
        while changed {
            changed = false;
            for pc in starts.iter().rev().copied() {
                let (next, target) = successors(code, pc);
                let mut set = RegSet::default();
                for successor in [next, target].into_iter().flatten() {
                    set.union(&live[successor]);
                }
                let (reads, writes) = accesses(code, pc, max);
                for register in writes.iter() {
                    set.remove(register);
                }
                set.union(&reads);
                changed |= live[pc].union(&set);
            }
        }
        Liveness { live }
    }

    pub fn at(&self, pc: usize) -> &RegSet {
        &self.live[pc]
    }
}
