//! Statements.

use super::branch::JumpList;
use super::exp::Kind;
use super::{Builder, LabelState};
use crate::bytecode::{Instr, Op};
use crate::front::ast::{Block, ExprId, GotoId, LabelId, LocalId, Span, Stmt};

impl Builder<'_> {
    /// The statements of a block, in the scope that is open.
    pub(super) fn block(&mut self, block: Block) {
        let ast = self.ast;
        for (stmt, line) in &ast.stmts[block.range()] {
            if self.error.is_some() {
                return;
            }
            self.stmt(*stmt, *line);
            debug_assert!(self.free >= self.local_regs || self.error.is_some());
            self.free = self.local_regs;
        }
        // What the end of the block closes is closed there.
        if let Some((_, line)) = ast.stmts[block.range()].last() {
            self.line = *line;
        }
    }

    /// A block with a scope of its own.
    pub(super) fn scoped_block(&mut self, block: Block) {
        let level = self.active.len();
        self.block(block);
        self.leave_scope(level, true);
    }

    fn stmt(&mut self, stmt: Stmt, line: u32) {
        match stmt {
            Stmt::Local { first, count, values } => self.local_stmt(first, count, values, line),
            Stmt::Assign { targets, values } => self.assign_stmt(targets, values),
            Stmt::Call(id) => {
                let e = self.expr(id);
                self.set_results(&e, Some(0));
            }
            Stmt::Do(body) => self.scoped_block(body),
            Stmt::While { cond, body } => self.while_stmt(cond, body, line),
            Stmt::Repeat { body, cond } => self.repeat_stmt(body, cond, line),
            Stmt::If { arms } => self.if_stmt(arms),
            Stmt::NumericFor { first, values, body, line: for_line, do_line } => {
                self.numeric_for(first, values, body, [for_line, do_line, line]);
            }
            Stmt::GenericFor { first, count, values, body, line: for_line, do_line } => {
                self.generic_for(first, count, values, body, [for_line, do_line, line]);
            }
            Stmt::Function { target, func, line } => {
                let variable = self.expr(target);
                let mut value = self.expr(func);
                self.store(&variable, &mut value);
                self.fix_line(line);
            }
            Stmt::LocalFunction { local, func } => self.local_function(local, func),
            Stmt::Return { values } => {
                if values.is_empty() {
                    self.line = line;
                }
                self.return_stmt(values);
            }
            Stmt::Break => {
                self.line = line;
                self.break_stmt();
            }
            Stmt::Goto(goto) => {
                self.line = line;
                self.goto_stmt(goto);
            }
            Stmt::Label(label) => self.label_stmt(label),
        }
    }

    fn local_function(&mut self, local: LocalId, func: ExprId) {
        // In scope already for the function's own body.
        self.activate(local, 1);
        self.expr(func);
        if let Some(index) = self.active.last().and_then(|active| active.debug) {
            self.locals[index].start_pc = self.pc() as u32;
        }
    }

    /// The condition of a loop or branch; what it is when false does not matter.
    pub(super) fn condition(&mut self, id: ExprId) -> super::exp::Exp {
        let mut e = self.expr(id);
        if matches!(e.kind, Kind::Nil) {
            e.kind = Kind::False;
        }
        e
    }

    fn if_stmt(&mut self, arms: Span) {
        let ast = self.ast;
        let arms = &ast.arms[arms.range()];
        let mut escapes = JumpList::EMPTY;
        for (place, arm) in arms.iter().enumerate() {
            let last = place + 1 == arms.len();
            let Some(cond) = arm.cond else {
                self.scoped_block(arm.body);
                break;
            };
            let mut e = self.condition(cond);
            self.line = arm.line;
            if let Some(target) = self.plain_jump(arm.body) {
                // The condition jumps for the body.
                self.go_if_false(&mut e);
                self.join(target, e.on_true);
                self.patch_to_here(e.on_false);
                continue;
            }
            self.go_if_true(&mut e);
            self.scoped_block(arm.body);
            if !last {
                let escape = self.jump();
                escapes = self.concat(escape, escapes);
            }
            self.patch_to_here(e.on_false);
        }
        self.patch_to_here(escapes);
    }

    /// Emits a return of `count` values from `first` on, or of all up to the top.
    pub(super) fn emit_return(&mut self, first: u32, count: Option<u32>) {
        let closes = self.needs_close(0);
        match count {
            Some(0) if !closes && !self.func.is_vararg => self.emit_abc(Op::Return0, 0, 0, 0),
            Some(1) if !closes && !self.func.is_vararg => self.emit_abc(Op::Return1, first, 0, 0),
            // The register above the locals need not exist.
            Some(0) => self.emit_abc(Op::Return, 0, 1, u32::from(closes)),
            _ => self.emit_abc(Op::Return, first, count.map_or(0, |count| count + 1), u32::from(closes)),
        };
    }

    fn return_stmt(&mut self, values: Span) {
        let ast = self.ast;
        let first = self.local_regs;
        match ast.list(values) {
            [] => self.emit_return(first, Some(0)),
            [item] if self.is_call(item.expr) => {
                let e = self.expr(item.expr);
                self.line = item.line;
                self.set_results(&e, None);
                if let Kind::Call(pc) = e.kind
                    && !self.in_to_close_scope()
                {
                    let call = self.code[pc];
                    let closes = u8::from(self.needs_close(0));
                    self.code[pc] = Instr::abc(Op::TailCall, call.a() as u8, call.b() as u8, closes);
                }
                self.emit_return(first, None);
            }
            [item] => {
                let mut e = self.expr(item.expr);
                self.line = item.line;
                if let Kind::VarArg(_) = e.kind {
                    self.set_results(&e, None);
                    self.emit_return(first, None);
                } else {
                    let reg = self.place_any(&mut e);
                    self.emit_return(reg, Some(1));
                }
            }
            items => {
                let open = self.exprs_to_regs(items);
                let count = self.free - first;
                self.emit_return(first, if open { None } else { Some(count) });
            }
        }
    }

    fn break_stmt(&mut self) {
        if let Some(scope) = self.loop_scopes.last() {
            let (level, end_line, line) = (scope.active, scope.end_line, self.line);
            self.line = end_line;
            self.emit_close(level);
            self.line = line;
            let jump = self.jump();
            self.join(JumpTarget::Break, jump);
        }
    }

    fn goto_stmt(&mut self, goto: GotoId) {
        let label = self.func.gotos[goto.index()];
        let Some(target) = self.func.labels.get(label.index()) else { return };
        self.emit_close(target.active_locals as usize);
        match *self.label_state(label) {
            LabelState::At(pc) => {
                let index = self.open_loop(crate::bytecode::LoopKind::Branch);
                self.loop_back(index, pc);
            }
            LabelState::Pending(_) => {
                let jump = self.jump();
                self.join(JumpTarget::Label(label), jump);
            }
        }
    }

    fn label_stmt(&mut self, label: LabelId) {
        let pc = self.label();
        if let LabelState::Pending(list) = std::mem::replace(self.label_state(label), LabelState::At(pc)) {
            self.patch_to_here(list);
        }
    }

    /// The target of a block that only jumps forward, without closing anything.
    fn plain_jump(&mut self, block: Block) -> Option<JumpTarget> {
        let [(stmt, _)] = &self.ast.stmts[block.range()] else { return None };
        let (target, level) = match *stmt {
            Stmt::Break => (JumpTarget::Break, self.loop_scopes.last()?.active),
            Stmt::Goto(goto) => {
                let label = self.func.gotos[goto.index()];
                let level = self.func.labels.get(label.index())?.active_locals;
                match *self.label_state(label) {
                    LabelState::At(_) => return None,
                    LabelState::Pending(_) => (JumpTarget::Label(label), level as usize),
                }
            }
            _ => return None,
        };
        (!self.needs_close(level)).then_some(target)
    }

    /// Adds jumps to those that wait for a target.
    fn join(&mut self, target: JumpTarget, jumps: JumpList) {
        match target {
            JumpTarget::Break => {
                let Some(breaks) = self.loop_scopes.last().map(|scope| scope.breaks) else { return };
                let breaks = self.concat(jumps, breaks);
                if let Some(scope) = self.loop_scopes.last_mut() {
                    scope.breaks = breaks;
                }
            }
            JumpTarget::Label(label) => {
                if let LabelState::Pending(list) = *self.label_state(label) {
                    let list = self.concat(jumps, list);
                    *self.label_state(label) = LabelState::Pending(list);
                }
            }
        }
    }
}

/// Where a forward jump goes.
#[derive(Clone, Copy)]
enum JumpTarget {
    /// Behind the innermost loop.
    Break,
    Label(LabelId),
}
