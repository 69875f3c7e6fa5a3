//! What of a function a compilation covers, and where its basic blocks begin.

use trinity_vm::{
    bytecode::{Instr, Op, jump_target},
    function::Proto,
    seam::EntryPoint,
};

/// Instructions that are reached from an entry, and those that are reached in more than one way.
pub struct Coverage {
    pub entry_pc: usize,
    /// By pc: an instruction that can run.
    pub reached: Vec<bool>,
    /// By pc: reached by a jump, so that nothing is known there.
    pub leader: Vec<bool>,
}

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

impl Coverage {
    /// Less than half of the function's bytecode is reached.
    pub fn is_lesser_part(&self, proto: &Proto) -> bool {
        let code = proto.code();
        let words = |pc: usize| code[pc].op().words() + usize::from(code[pc].op().is_test());
        let reached = (0..code.len()).filter(|pc| self.reached[*pc]).map(words);
        2 * reached.sum::<usize>() < code.len()
    }

    pub fn new(proto: &Proto, entry: EntryPoint) -> Coverage {
        let code = proto.code();
        let entry_pc = match entry {
            EntryPoint::Call => 0,
            EntryPoint::Loop(index) => proto.unit.loops[index as usize].header_pc as usize,
        };
        let mut reached = vec![false; code.len()];
        let mut leader = vec![false; code.len()];
        let mut work = vec![entry_pc];
        leader[entry_pc] = true;
        while let Some(pc) = work.pop() {
            if std::mem::replace(&mut reached[pc], true) {
                continue;
            }
            let successors = successors(code, pc);
            if let Some(jump) = successors.jump {
                leader[jump] = true;
                work.push(jump);
            }
            work.extend(successors.next);
        }
        Coverage { entry_pc, reached, leader }
    }
}
