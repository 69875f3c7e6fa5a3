//! What is done once a function's code is complete.

use super::{Buffers, Builder, Compiler, describe_upvals};
use crate::bytecode::{FnUnit, Instr, Op, set_loop_depths};
use crate::front::error::Result;

impl Builder<'_> {
    /// The compiled function; memory goes back to the compiler.
    pub(super) fn finish(mut self, compiler: &mut Compiler) -> Result<FnUnit> {
        if let Some(error) = self.error {
            return Err(error);
        }
        thread_jumps(&mut self.code);
        set_loop_depths(&mut self.loops);
        let upvals = match self.func.line_defined {
            0 => describe_upvals(&self.func.upvals, &[]),
            _ => Vec::new(),
        };
        let unit = FnUnit {
            code: take(&mut self.code),
            lines: take(&mut self.lines),
            consts: take(&mut self.consts),
            children: self.children,
            upvals,
            locals: take(&mut self.locals),
            loops: take(&mut self.loops),
            num_params: self.func.num_params as u8,
            is_vararg: self.func.is_vararg,
            max_stack: self.max_stack as u8,
            feedback_slots: self.feedback_slots,
            line_defined: self.func.line_defined,
            last_line_defined: self.func.last_line,
            source: self.source,
            strings: compiler.strings.clone(),
        };
        self.active.clear();
        self.regs.clear();
        self.labels.clear();
        self.loop_scopes.clear();
        self.spine.clear();
        compiler.buffers = Buffers {
            code: self.code,
            lines: self.lines,
            consts: self.consts,
            const_index: self.const_index,
            locals: self.locals,
            loops: self.loops,
            active: self.active,
            regs: self.regs,
            labels: self.labels,
            loop_scopes: self.loop_scopes,
            spine: self.spine,
        };
        Ok(unit)
    }
}

/// Elements up to which a buffer is copied and kept; a larger one is given away.
const KEPT: usize = 4096;

fn take<T: Copy>(buffer: &mut Vec<T>) -> Vec<T> {
    if buffer.len() <= KEPT {
        let copy = buffer.clone();
        buffer.clear();
        return copy;
    }
    buffer.shrink_to_fit();
    std::mem::take(buffer)
}

/// Sends jumps to jumps to the final target.
fn thread_jumps(code: &mut [Instr]) {
    // Jumps go forward: from the end, every target has been threaded already.
    for pc in (0..code.len()).rev() {
        if code[pc].op() != Op::Jmp {
            continue;
        }
        let target = (pc as i32 + 1 + code[pc].jump()) as usize;
        if let Some(next) = code.get(target)
            && next.op() == Op::Jmp
        {
            code[pc] = Instr::sj(Op::Jmp, (target as i32 + next.jump()) - pc as i32);
        }
    }
}
