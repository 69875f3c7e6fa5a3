//! Local declarations and assignments.

use super::Builder;
use super::exp::{Exp, Kind};
use crate::bytecode::Op;
use crate::front::ast::{ListItem, LocalId, LocalKind, Span};

impl Builder<'_> {
    /// The values of a list into `wanted` new registers: surplus ones are dropped, missing ones are `nil`.
    pub(super) fn adjusted_list(&mut self, items: &[ListItem], wanted: u32) {
        let missing = wanted as i64 - items.len() as i64;
        let bottom = self.free;
        if let Some((last, first)) = items.split_last() {
            for item in first {
                self.expr_to_next_reg(*item);
            }
            let mut e = self.expr(last.expr);
            self.line = last.line;
            self.adjust(&mut e, missing);
        } else {
            self.adjust_missing(missing);
        }
        debug_assert!(self.free == bottom + wanted || self.error.is_some());
    }

    /// The last expression of a list into registers, with `missing` values after it; a negative number of them drops
    /// values.
    fn adjust(&mut self, e: &mut Exp, missing: i64) {
        match e.kind {
            Kind::Call(_) | Kind::VarArg(_) => {
                let results = (missing + 1).max(0) as u32;
                if let Kind::VarArg(pc) = e.kind {
                    self.set_c(pc, results + 1);
                    self.set_a(pc, self.free);
                    self.reserve(1);
                } else {
                    self.set_results(e, Some(results));
                    // The callee's register: the first result.
                }
                self.change_free(missing);
            }
            _ => {
                self.place_next(e);
                self.adjust_missing(missing);
            }
        }
    }

    fn adjust_missing(&mut self, missing: i64) {
        if missing > 0 {
            self.load_nil(self.free, missing as u32);
        }
        self.change_free(missing);
    }

    fn change_free(&mut self, by: i64) {
        match u32::try_from(by) {
            Ok(count) => self.reserve(count),
            Err(_) => self.free -= (-by) as u32,
        }
    }

    pub(super) fn local_stmt(&mut self, first: LocalId, count: u32, values: Span, end_line: u32) {
        let ast = self.ast;
        let items = ast.list(values);
        let last = self.func.locals[(first.0 + count - 1) as usize];
        if let LocalKind::Constant(_) = last.kind {
            // Its value is known and the last of as many values as there are variables.
            for item in &items[..items.len().saturating_sub(1)] {
                self.expr_to_next_reg(*item);
            }
        } else {
            if items.is_empty() {
                self.line = end_line;
            }
            self.adjusted_list(items, count);
        }
        self.activate(first, count);
        let to_close = self.active[self.active.len() - count as usize..].iter().find(|active| active.to_close);
        if let Some(base) = to_close.map(|active| active.base) {
            self.emit_abc(Op::Tbc, base, 0, 0);
        }
    }

    pub(super) fn assign_stmt(&mut self, targets: Span, values: Span) {
        let ast = self.ast;
        let (targets, values) = (ast.list(targets), ast.list(values));
        let mut variables: Vec<Exp> = Vec::with_capacity(targets.len());
        for target in targets {
            let variable = self.expr(target.expr);
            if matches!(variable.kind, Kind::Local(_) | Kind::Upval(_)) {
                self.resolve_conflict(&mut variables, &variable);
            }
            variables.push(variable);
        }
        let missing = targets.len() as i64 - values.len() as i64;
        let Some((last, first)) = values.split_last() else { return };
        for item in first {
            self.expr_to_next_reg(*item);
        }
        let mut e = self.expr(last.expr);
        self.line = last.line;
        if missing == 0 {
            // The last value need not pass through a register of its own.
            self.read_single(&mut e);
            if let Some(variable) = variables.pop() {
                self.store(&variable, &mut e);
            }
        } else {
            self.adjust(&mut e, missing);
        }
        while let Some(variable) = variables.pop() {
            let mut value = Kind::Reg(self.free - 1).into();
            self.store(&variable, &mut value);
        }
    }

    fn read_single(&mut self, e: &mut Exp) {
        if matches!(e.kind, Kind::Call(_) | Kind::VarArg(_)) {
            self.read(e);
        }
    }

    /// Earlier targets that use `variable` as table or key must see its value from before the assignment.
    fn resolve_conflict(&mut self, earlier: &mut [Exp], variable: &Exp) {
        let copy = self.free;
        let mut conflict = false;
        for target in earlier {
            match (&mut target.kind, variable.kind) {
                (Kind::IndexUpval { upval, key }, Kind::Upval(changed)) if *upval == changed => {
                    conflict = true;
                    target.kind = Kind::IndexField { table: copy, key: *key };
                }
                (Kind::IndexField { table, .. } | Kind::IndexInt { table, .. }, Kind::Local(changed))
                    if *table == changed =>
                {
                    conflict = true;
                    *table = copy;
                }
                (Kind::Index { table, key }, Kind::Local(changed)) => {
                    for reg in [table, key] {
                        if *reg == changed {
                            conflict = true;
                            *reg = copy;
                        }
                    }
                }
                _ => {}
            }
        }
        if conflict {
            match variable.kind {
                Kind::Local(reg) => self.emit_abc(Op::Move, copy, reg, 0),
                Kind::Upval(index) => self.emit_abc(Op::GetUpval, copy, index.into(), 0),
                _ => return,
            };
            self.reserve(1);
        }
    }
}
