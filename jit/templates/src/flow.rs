//! What of a function a compilation covers, and where its basic blocks begin.

use trinity_vm::{function::Proto, seam::EntryPoint};

pub use trinity_vm::bytecode::{Successors, successors};

/// Instructions that are reached from an entry, and those that are reached in more than one way.
pub struct Coverage {
    pub entry_pc: usize,
    /// By pc: an instruction that can run.
    pub reached: Vec<bool>,
    /// By pc: reached by a jump, so that nothing is known there.
    pub leader: Vec<bool>,
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
