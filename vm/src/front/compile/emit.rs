//! Instructions and their lines.

use super::{Builder, MAX_CODE};
use crate::bytecode::{Instr, Op};

impl Builder<'_> {
    pub(super) fn pc(&self) -> usize {
        self.code.len()
    }

    /// Appends one word.
    pub(super) fn emit(&mut self, instr: Instr) -> usize {
        let pc = self.code.len();
        if pc >= MAX_CODE {
            self.fail("function is too large");
        }
        self.code.push(instr);
        self.lines.push(self.line);
        pc
    }

    /// Appends an instruction whose `EXT` word holds `ax`.
    pub(super) fn emit_ext(&mut self, instr: Instr, ax: u32) -> usize {
        let pc = self.emit(instr);
        self.emit(Instr::ext(ax & 0xff_ffff));
        pc
    }

    /// Appends an instruction with a feedback slot.
    pub(super) fn emit_feedback(&mut self, instr: Instr) -> usize {
        let slot = self.feedback_slots;
        self.feedback_slots += 1;
        self.emit_ext(instr, slot)
    }

    pub(super) fn emit_abc(&mut self, op: Op, a: u32, b: u32, c: u32) -> usize {
        self.emit(Instr::abc(op, a as u8, b as u8, c as u8))
    }

    /// Puts the last instruction on another line.
    pub(super) fn fix_line(&mut self, line: u32) {
        let pc = self.pc();
        if let Some(last) = self.lines.last_mut() {
            *last = line;
        }
        if self.code.last().is_some_and(|instr| instr.op() == Op::Ext) && pc >= 2 {
            self.lines[pc - 2] = line;
        }
    }

    pub(super) fn set_a(&mut self, pc: usize, a: u32) {
        let instr = self.code[pc];
        self.code[pc] = Instr(instr.0 & !0xff00 | (a & 0xff) << 8);
    }

    pub(super) fn set_b(&mut self, pc: usize, b: u32) {
        let instr = self.code[pc];
        self.code[pc] = Instr(instr.0 & !0xff_0000 | (b & 0xff) << 16);
    }

    pub(super) fn set_c(&mut self, pc: usize, c: u32) {
        let instr = self.code[pc];
        self.code[pc] = Instr(instr.0 & 0xff_ffff | c << 24);
    }

    pub(super) fn load_const(&mut self, reg: u32, index: u32) {
        match u16::try_from(index) {
            Ok(bx) => self.emit(Instr::abx(Op::LoadK, reg as u8, bx)),
            Err(_) => self.emit_ext(Instr::abc(Op::LoadKX, reg as u8, 0, 0), index),
        };
    }

    pub(super) fn load_int(&mut self, reg: u32, value: i64) {
        match i16::try_from(value) {
            Ok(value) => {
                self.emit(Instr::asbx(Op::LoadI, reg as u8, value));
            }
            Err(_) => {
                let index = self.const_int(value);
                self.load_const(reg, index);
            }
        }
    }

    pub(super) fn load_float(&mut self, reg: u32, value: f64) {
        let short = value as i16;
        if f64::from(short).to_bits() == value.to_bits() {
            self.emit(Instr::asbx(Op::LoadF, reg as u8, short));
        } else {
            let index = self.const_float(value);
            self.load_const(reg, index);
        }
    }

    /// `nil` to `count` registers, joined with a directly preceding `LOADNIL` when that may be done.
    pub(super) fn load_nil(&mut self, first: u32, count: u32) {
        let pc = self.pc();
        if pc > self.last_target
            && let Some(previous) = self.code.last()
            && previous.op() == Op::LoadNil
        {
            let (start, end) = (previous.a() as u32, (previous.a() + previous.b()) as u32 + 1);
            if start <= first && first <= end {
                let end = end.max(first + count);
                self.set_b(pc - 1, end - start - 1);
                return;
            }
        }
        self.emit_abc(Op::LoadNil, first, count - 1, 0);
    }
}
