//! Loops.

use super::branch::JumpList;
use super::{Builder, LoopScope};
use crate::bytecode::{Instr, LoopDesc, LoopKind, Op};
use crate::front::ast::{Block, ExprId, LocalId, Span};

/// Hidden locals of a generic loop: iterator, state, control, closing value.
const GENERIC_STATE: u32 = 4;

/// Registers that calling the iterator takes above the state: callee, header, two arguments.
const ITERATOR_CALL: u32 = 4;

impl Builder<'_> {
    /// A new loop's index; its places are known when it ends.
    pub(super) fn open_loop(&mut self, kind: LoopKind) -> u32 {
        let index = self.loops.len();
        self.check_limit(index + 1, usize::from(u16::MAX), "loops");
        self.loops.push(LoopDesc { header_pc: 0, back_edge_pc: 0, depth: 0, kind });
        index as u32
    }

    fn close_loop(&mut self, index: u32, header: usize, back_edge: usize) {
        let desc = &mut self.loops[index as usize];
        desc.header_pc = header as u32;
        desc.back_edge_pc = back_edge as u32;
    }

    /// The back-edge of a `while`, `repeat` or `goto` loop.
    pub(super) fn loop_back(&mut self, index: u32, header: usize) {
        let pc = self.emit_ext(Instr::sj(Op::Loop, 0), index);
        self.code[pc] = Instr::sj(Op::Loop, header as i32 - (pc as i32 + 2));
        self.close_loop(index, header, pc);
    }

    fn enter_loop_scope(&mut self, end_line: u32) {
        self.loop_scopes.push(LoopScope { breaks: JumpList::EMPTY, active: self.active.len(), end_line });
    }

    /// Ends the innermost loop: `break` arrives here.
    fn leave_loop_scope(&mut self) {
        if let Some(scope) = self.loop_scopes.pop() {
            self.patch_to_here(scope.breaks);
        }
    }

    pub(super) fn while_stmt(&mut self, cond: ExprId, body: Block, end_line: u32) {
        let index = self.open_loop(LoopKind::Branch);
        let header = self.label();
        let mut e = self.condition(cond);
        self.go_if_true(&mut e);
        self.enter_loop_scope(end_line);
        self.scoped_block(body);
        self.loop_back(index, header);
        self.patch_to_here(e.on_false);
        self.leave_loop_scope();
    }

    pub(super) fn repeat_stmt(&mut self, body: Block, cond: ExprId, end_line: u32) {
        let index = self.open_loop(LoopKind::Branch);
        let header = self.label();
        self.enter_loop_scope(end_line);
        let level = self.active.len();
        self.block(body);
        let mut e = self.condition(cond);
        self.go_if_false(&mut e);
        // The body's locals end on both ways out.
        self.emit_close(level);
        self.loop_back(index, header);
        let exits = !e.on_true.is_empty();
        self.patch_to_here(e.on_true);
        self.leave_scope(level, exits);
        self.leave_loop_scope();
    }

    /// `lines` are those of `for`, of `do` and of the end.
    pub(super) fn numeric_for(&mut self, first: LocalId, values: Span, body: Block, lines: [u32; 3]) {
        let [line, do_line, end_line] = lines;
        let level = self.active.len();
        let base = self.free;
        let index = self.open_loop(LoopKind::Numeric);
        let ast = self.ast;
        let items = ast.list(values);
        for item in items {
            self.expr_to_next_reg(*item);
        }
        if items.len() < 3 {
            self.load_int(self.free, 1);
            self.reserve(1);
        }
        self.activate(first, 3);
        self.enter_loop_scope(end_line);
        self.line = do_line;
        let prepare = self.emit_ext(Instr::abx(Op::ForPrep, base as u8, index as u16), 0);
        let inner = self.active.len();
        self.reserve(1);
        self.activate(LocalId(first.0 + 3), 1);
        let header = self.label();
        self.scoped_block(body);
        self.leave_scope(inner, true);
        let back_edge = self.pc();
        self.emit_back_edge(Instr::abx(Op::ForLoop, base as u8, index as u16), header);
        self.fix_line(line);
        self.close_loop(index, header, back_edge);
        let end = self.label();
        self.code[prepare + 1] = Instr::sj(Op::Ext, end as i32 - (prepare as i32 + 2));
        self.leave_loop_scope();
        self.leave_scope(level, true);
    }

    /// `lines` are those of the first value, of `do` and of the end.
    pub(super) fn generic_for(&mut self, first: LocalId, count: u32, values: Span, body: Block, lines: [u32; 3]) {
        let [line, do_line, end_line] = lines;
        let level = self.active.len();
        let base = self.free;
        let index = self.open_loop(LoopKind::Generic);
        let ast = self.ast;
        self.adjusted_list(ast.list(values), GENERIC_STATE);
        self.require(ITERATOR_CALL);
        self.activate(first, GENERIC_STATE);
        self.line = do_line;
        let prepare = self.emit_ext(Instr::abc(Op::TForPrep, base as u8, 0, 0), 0);
        // `break` arrives where the closing value is closed.
        self.enter_loop_scope(end_line);
        let inner = self.active.len();
        self.reserve(count);
        self.activate(LocalId(first.0 + GENERIC_STATE), count);
        let header = self.label();
        self.scoped_block(body);
        self.leave_scope(inner, true);
        let call = self.label();
        self.code[prepare + 1] = Instr::sj(Op::Ext, call as i32 - (prepare as i32 + 2));
        self.emit_feedback(Instr::abc(Op::TForCall, base as u8, 0, count as u8));
        self.fix_line(line);
        let back_edge = self.pc();
        self.emit_back_edge(Instr::abx(Op::TForLoop, base as u8, index as u16), header);
        self.fix_line(line);
        self.close_loop(index, header, back_edge);
        self.line = end_line;
        self.leave_loop_scope();
        self.leave_scope(level, true);
    }

    fn emit_back_edge(&mut self, instr: Instr, header: usize) {
        let pc = self.emit_ext(instr, 0);
        self.code[pc + 1] = Instr::sj(Op::Ext, header as i32 - (pc as i32 + 2));
    }
}
