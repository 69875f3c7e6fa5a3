//! Jumps and lists of jumps that wait for their target.

use super::Builder;
use crate::bytecode::{Instr, Op};

/// Forward jumps to one target that is not known yet; each holds the place of the next one, plus one, as operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct JumpList(u32);

impl JumpList {
    pub const EMPTY: Self = Self(0);

    fn of(pc: usize) -> Self {
        Self(pc as u32 + 1)
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn first(self) -> Option<usize> {
        self.0.checked_sub(1).map(|pc| pc as usize)
    }
}

impl Builder<'_> {
    /// Notes that jumps may arrive here.
    pub(super) fn label(&mut self) -> usize {
        self.last_target = self.pc();
        self.pc()
    }

    /// A jump to be patched.
    pub(super) fn jump(&mut self) -> JumpList {
        let pc = self.emit(Instr::sj(Op::Jmp, 0));
        // Links have no meaning in code that is too long.
        if self.error.is_some() { JumpList::EMPTY } else { JumpList::of(pc) }
    }

    /// A test and the jump that it controls.
    pub(super) fn cond_jump(&mut self, op: Op, a: u32, b: u32, c: u32) -> JumpList {
        self.emit_abc(op, a, b, c);
        self.jump()
    }

    fn next(&self, pc: usize) -> JumpList {
        JumpList(self.code[pc].jump() as u32)
    }

    /// Both lists; `first` is walked to its end.
    pub(super) fn concat(&mut self, first: JumpList, second: JumpList) -> JumpList {
        let Some(mut pc) = first.first() else { return second };
        if second.is_empty() {
            return first;
        }
        while let Some(next) = self.next(pc).first() {
            pc = next;
        }
        self.code[pc] = Instr::sj(Op::Jmp, second.0 as i32);
        first
    }

    /// The instruction that decides whether the jump is taken: a test before it, or the jump itself.
    fn control(&self, pc: usize) -> usize {
        match pc.checked_sub(1) {
            Some(before) if self.code[before].op().is_test() => before,
            _ => pc,
        }
    }

    /// Reverses the condition of a comparison's jump.
    pub(super) fn negate(&mut self, list: JumpList) {
        if let Some(pc) = list.first() {
            let control = self.control(pc);
            let c = self.code[control].c() as u32;
            self.set_c(control, c ^ 1);
        }
    }

    /// Whether some jump of the list does not bring its value along.
    pub(super) fn needs_value(&self, mut list: JumpList) -> bool {
        while let Some(pc) = list.first() {
            if self.code[self.control(pc)].op() != Op::TestSet {
                return true;
            }
            list = self.next(pc);
        }
        false
    }

    /// Makes the `TESTSET` of a jump put its value into `reg`, or into none. False when there is no `TESTSET`.
    fn patch_test_reg(&mut self, pc: usize, reg: Option<u32>) -> bool {
        let control = self.control(pc);
        let instr = self.code[control];
        if instr.op() != Op::TestSet {
            return false;
        }
        match reg {
            Some(reg) if reg != instr.b() as u32 => self.set_a(control, reg),
            _ => self.code[control] = Instr::abc(Op::Test, instr.b() as u8, 0, instr.c() as u8),
        }
        true
    }

    /// Drops the values that jumps of the list would bring along.
    pub(super) fn remove_values(&mut self, mut list: JumpList) {
        while let Some(pc) = list.first() {
            self.patch_test_reg(pc, None);
            list = self.next(pc);
        }
    }

    fn fix_jump(&mut self, pc: usize, target: usize) {
        debug_assert!(target > pc || self.error.is_some(), "jumps go forward");
        self.code[pc] = Instr::sj(Op::Jmp, target as i32 - (pc as i32 + 1));
    }

    /// Jumps that bring a value go to `value_target`, with the value in `reg`; the others to `other_target`.
    pub(super) fn patch_values(&mut self, mut list: JumpList, value_target: usize, reg: u32, other_target: usize) {
        while let Some(pc) = list.first() {
            list = self.next(pc);
            let target = if self.patch_test_reg(pc, Some(reg)) { value_target } else { other_target };
            self.fix_jump(pc, target);
        }
    }

    /// All jumps of the list come here, without values.
    pub(super) fn patch_to_here(&mut self, mut list: JumpList) {
        if list.is_empty() {
            return;
        }
        let target = self.label();
        while let Some(pc) = list.first() {
            list = self.next(pc);
            self.patch_test_reg(pc, None);
            self.fix_jump(pc, target);
        }
    }

    /// Takes back the test of a jump that was just emitted together with it.
    pub(super) fn pop_instr(&mut self) {
        self.code.pop();
        self.lines.pop();
    }
}
