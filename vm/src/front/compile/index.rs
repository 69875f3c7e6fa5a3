//! Indexed expressions, calls and table constructors.

use super::Builder;
use super::exp::{Exp, Kind};
use crate::bytecode::{FRAME_GAP, Instr, Op, StrId};
use crate::front::ast::{Call, Expr, ExprId, ListItem, Span, TableKey};

/// List items of a constructor that wait in registers before they are stored.
const ITEMS_PER_STORE: u32 = 50;

const MAX_ITEMS: usize = 0xff_ffff;

impl Builder<'_> {
    /// `table[key]`; `table` is in a register or an upvalue, `key` is in a register or a constant.
    pub(super) fn indexed(&mut self, mut table: Exp, mut key: Exp) -> Exp {
        if let Kind::Str(symbol) = key.kind
            && !key.has_jumps()
            && let Some(index) = Self::short(self.const_str(symbol))
        {
            let kind = match table.kind {
                Kind::Upval(upval) => Kind::IndexUpval { upval, key: index },
                _ => Kind::IndexField { table: self.place_any(&mut table), key: index },
            };
            return kind.into();
        }
        let table = self.place_any(&mut table);
        let kind = match key.kind {
            Kind::Int(value @ 0..=255) if !key.has_jumps() => Kind::IndexInt { table, key: value as u32 },
            _ => Kind::Index { table, key: self.place_any(&mut key) },
        };
        kind.into()
    }

    pub(super) fn field(&mut self, mut object: Exp, name: StrId, line: u32) -> Exp {
        self.place_or_upval(&mut object);
        self.line = line;
        self.indexed(object, Kind::Str(name).into())
    }

    pub(super) fn index(&mut self, mut object: Exp, key: ExprId, line: u32) -> Exp {
        self.place_or_upval(&mut object);
        let mut key = self.expr(key);
        self.place_or_const(&mut key);
        self.line = line;
        self.indexed(object, key)
    }

    /// Stores into a variable; releases the value.
    pub(super) fn store(&mut self, variable: &Exp, value: &mut Exp) {
        match variable.kind {
            Kind::Local(reg) => {
                self.read(value);
                self.release_exp(value);
                self.place_in(value, reg);
                return;
            }
            Kind::Upval(index) => {
                let reg = self.place_any(value);
                self.emit_abc(Op::SetUpval, reg, index.into(), 0);
            }
            Kind::IndexUpval { upval, key } => self.emit_store(Op::SetTabUp, upval.into(), key, value),
            Kind::IndexField { table, key } => self.emit_store(Op::SetField, table, key, value),
            Kind::IndexInt { table, key } => self.emit_store(Op::SetI, table, key, value),
            Kind::Index { table, key } => self.emit_store(Op::SetTable, table, key, value),
            _ => {}
        }
        self.release_exp(value);
    }

    fn emit_store(&mut self, op: Op, a: u32, b: u32, value: &mut Exp) {
        let reg = self.place_any(value);
        self.emit_feedback(Instr::abc(op, a as u8, b as u8, reg as u8));
    }

    /// The method and its object into place for a call; the register of the method.
    fn method(&mut self, mut object: Exp, name: StrId) -> u32 {
        let object_reg = self.place_any(&mut object);
        self.release_exp(&object);
        let base = self.free;
        self.reserve(2 + FRAME_GAP as u32);
        let key = self.const_str(name);
        match Self::short(key) {
            Some(key) => {
                self.emit_feedback(Instr::abc(Op::SelfField, base as u8, object_reg as u8, key as u8));
            }
            None => {
                // The header's slot is free until the call.
                self.emit_abc(Op::Move, base + 2, object_reg, 0);
                self.load_const(base + 1, key);
                self.emit_feedback(Instr::abc(Op::GetTable, base as u8, object_reg as u8, base as u8 + 1));
            }
        }
        base
    }

    /// A call of `callee`, which has been described.
    pub(super) fn call(&mut self, mut callee: Exp, call: Call, line: u32) -> Exp {
        let base = match call.method {
            Some((name, name_line)) => {
                self.line = name_line;
                self.method(callee, name)
            }
            None => {
                let base = self.place_next(&mut callee);
                self.reserve(FRAME_GAP as u32);
                base
            }
        };
        let ast = self.ast;
        let open = self.exprs_to_regs(ast.list(call.args));
        let args = self.free - (base + 1 + FRAME_GAP as u32);
        let b = if open { 0 } else { args + 1 };
        let pc = self.emit_feedback(Instr::abc(Op::Call, base as u8, b as u8, 2));
        self.fix_line(line);
        self.line = call.end_line;
        // The callee's register takes the result.
        self.free = base + 1;
        Kind::Call(pc).into()
    }

    /// Expressions into consecutive registers. True when the last one is open: it leaves all its values.
    pub(super) fn exprs_to_regs(&mut self, items: &[ListItem]) -> bool {
        let Some((last, first)) = items.split_last() else { return false };
        for item in first {
            self.expr_to_next_reg(*item);
        }
        let mut e = self.expr(last.expr);
        self.line = last.line;
        match e.kind {
            Kind::Call(_) | Kind::VarArg(_) => {
                self.set_results(&e, None);
                // An open call leaves its first value in the callee's register, which counts as taken.
                true
            }
            _ => {
                self.place_next(&mut e);
                false
            }
        }
    }

    pub(super) fn expr_to_next_reg(&mut self, item: ListItem) -> u32 {
        let mut e = self.expr(item.expr);
        self.line = item.line;
        self.place_next(&mut e)
    }

    pub(super) fn table(&mut self, fields: Span, end_line: u32) -> Exp {
        let pc = self.emit_ext(Instr::abc(Op::NewTable, 0, 0, 0), 0);
        let table = self.free;
        self.reserve(1);
        self.set_a(pc, table);
        let mut stored = 0;
        let mut pending = 0;
        let mut named = 0;
        let items = &self.ast.table_items[fields.range()];
        for (place, item) in items.iter().enumerate() {
            match item.key {
                TableKey::Item => {
                    let last = place + 1 == items.len();
                    if last && self.ast.expr(item.value).is_multi() {
                        let e = self.expr(item.value);
                        self.line = item.line;
                        self.set_results(&e, None);
                        self.set_list(table, 0, stored);
                        self.set_size(pc, named, stored + pending);
                        self.free = table + 1;
                        self.line = end_line;
                        return Kind::Reg(table).into();
                    }
                    self.expr_to_next_reg(ListItem { expr: item.value, line: item.line });
                    pending += 1;
                    if pending == ITEMS_PER_STORE {
                        self.set_list(table, pending, stored);
                        self.free = table + 1;
                        stored += pending;
                        pending = 0;
                    }
                }
                TableKey::Name(_) | TableKey::Expr(_) => {
                    named += 1;
                    let free = self.free;
                    let mut key = match item.key {
                        TableKey::Expr(key) => self.expr(key),
                        TableKey::Name(name) => Kind::Str(name).into(),
                        TableKey::Item => Kind::Nil.into(),
                    };
                    self.place_or_const(&mut key);
                    self.line = item.line;
                    let variable = self.indexed(Kind::Reg(table).into(), key);
                    let mut value = self.expr(item.value);
                    self.store(&variable, &mut value);
                    self.free = free;
                }
            }
        }
        self.line = end_line;
        if pending > 0 {
            self.set_list(table, pending, stored);
            self.free = table + 1;
        }
        self.set_size(pc, named, stored + pending);
        Kind::Reg(table).into()
    }

    fn set_list(&mut self, table: u32, count: u32, stored: u32) {
        self.check_limit(stored as usize, MAX_ITEMS, "items in a constructor");
        self.emit_ext(Instr::abc(Op::SetList, table as u8, count as u8, 0), stored);
    }

    fn set_size(&mut self, pc: usize, named: u32, items: u32) {
        self.set_b(pc, named.min(255));
        self.code[pc + 1] = Instr::ext(items.min(MAX_ITEMS as u32));
    }

    /// Whether the expression is a call whose results can be passed on as they are.
    pub(super) fn is_call(&self, id: ExprId) -> bool {
        matches!(self.ast.expr(id), Expr::Call(_))
    }
}
