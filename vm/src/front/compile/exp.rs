//! Descriptions of expressions, and putting their values into registers.

use super::Builder;
use super::branch::JumpList;
use crate::bytecode::{Instr, Op, StrId};

/// Where the value of an expression is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Nil,
    True,
    False,
    Int(i64),
    Float(f64),
    Str(StrId),
    /// In a register that belongs to this value, or to a local.
    Reg(u32),
    /// In a local variable's register, not read yet.
    Local(u32),
    Upval(u8),
    /// Upvalue indexed by a short constant.
    IndexUpval {
        upval: u8,
        key: u32,
    },
    IndexField {
        table: u32,
        key: u32,
    },
    IndexInt {
        table: u32,
        key: u32,
    },
    Index {
        table: u32,
        key: u32,
    },
    /// A comparison: true when this jump is taken.
    Jump(JumpList),
    /// The result of the instruction at this place, whose `A` is still open.
    Open(usize),
    /// A call, with any number of results.
    Call(usize),
    /// `...`
    VarArg(usize),
}

/// An expression: its value unless one of the jumps was taken, in which case it is true or false.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exp {
    pub kind: Kind,
    /// Jumps out of the expression when it is true.
    pub on_true: JumpList,
    pub on_false: JumpList,
}

impl From<Kind> for Exp {
    fn from(kind: Kind) -> Self {
        Self { kind, on_true: JumpList::EMPTY, on_false: JumpList::EMPTY }
    }
}

impl Exp {
    pub fn has_jumps(&self) -> bool {
        self.on_true != self.on_false
    }

    /// A number known here.
    pub fn is_numeral(&self) -> bool {
        matches!(self.kind, Kind::Int(_) | Kind::Float(_)) && !self.has_jumps()
    }

    /// Any value known here.
    pub fn is_constant(&self) -> bool {
        matches!(self.kind, Kind::Nil | Kind::True | Kind::False | Kind::Int(_) | Kind::Float(_) | Kind::Str(_))
            && !self.has_jumps()
    }
}

impl Builder<'_> {
    /// Reads variables and adjusts calls to one result; constants and jumps stay.
    pub(super) fn read(&mut self, e: &mut Exp) {
        e.kind = match e.kind {
            Kind::Local(reg) => Kind::Reg(reg),
            Kind::Upval(index) => Kind::Open(self.emit_abc(Op::GetUpval, 0, index.into(), 0)),
            Kind::IndexUpval { upval, key } => {
                Kind::Open(self.emit_feedback(Instr::abc(Op::GetTabUp, 0, upval, key as u8)))
            }
            Kind::IndexField { table, key } => {
                self.release(table);
                Kind::Open(self.emit_feedback(Instr::abc(Op::GetField, 0, table as u8, key as u8)))
            }
            Kind::IndexInt { table, key } => {
                self.release(table);
                Kind::Open(self.emit_feedback(Instr::abc(Op::GetI, 0, table as u8, key as u8)))
            }
            Kind::Index { table, key } => {
                self.release_two(table, key);
                Kind::Open(self.emit_feedback(Instr::abc(Op::GetTable, 0, table as u8, key as u8)))
            }
            Kind::Call(pc) => {
                self.set_c(pc, 2);
                Kind::Reg(self.code[pc].a() as u32)
            }
            Kind::VarArg(pc) => {
                self.set_c(pc, 2);
                Kind::Open(pc)
            }
            // PERF: nothing is written back.
            _ => return,
        };
    }

    pub(super) fn release_exp(&mut self, e: &Exp) {
        if let Kind::Reg(reg) = e.kind {
            self.release(reg);
        }
    }

    pub(super) fn release_exps(&mut self, first: &Exp, second: &Exp) {
        match (first.kind, second.kind) {
            (Kind::Reg(first), Kind::Reg(second)) => self.release_two(first, second),
            _ => {
                self.release_exp(first);
                self.release_exp(second);
            }
        }
    }

    /// The value into `reg`, unless it is a jump; jumps of the expression stay open.
    fn value_to_reg(&mut self, e: &mut Exp, reg: u32) {
        self.read(e);
        match e.kind {
            Kind::Nil => self.load_nil(reg, 1),
            Kind::True => drop(self.emit_abc(Op::LoadTrue, reg, 0, 0)),
            Kind::False => drop(self.emit_abc(Op::LoadFalse, reg, 0, 0)),
            Kind::Int(value) => self.load_int(reg, value),
            Kind::Float(value) => self.load_float(reg, value),
            Kind::Str(symbol) => {
                let index = self.const_str(symbol);
                self.load_const(reg, index);
            }
            Kind::Open(pc) => self.set_a(pc, reg),
            Kind::Reg(from) if from != reg => drop(self.emit_abc(Op::Move, reg, from, 0)),
            Kind::Jump(_) => return,
            _ => {}
        }
        e.kind = Kind::Reg(reg);
    }

    pub(super) fn value_to_any_reg(&mut self, e: &mut Exp) {
        if !matches!(e.kind, Kind::Reg(_)) {
            self.reserve(1);
            self.value_to_reg(e, self.free - 1);
        }
    }

    /// The final value into `reg`, with all jumps arriving.
    pub(super) fn place_in(&mut self, e: &mut Exp, reg: u32) {
        self.value_to_reg(e, reg);
        if let Kind::Jump(list) = e.kind {
            e.on_true = self.concat(e.on_true, list);
        }
        if e.has_jumps() {
            let mut load_false = 0;
            let mut load_true = 0;
            if self.needs_value(e.on_true) || self.needs_value(e.on_false) {
                let skip = if matches!(e.kind, Kind::Jump(_)) { JumpList::EMPTY } else { self.jump() };
                self.label();
                load_false = self.emit_abc(Op::LFalseSkip, reg, 0, 0);
                self.label();
                load_true = self.emit_abc(Op::LoadTrue, reg, 0, 0);
                self.patch_to_here(skip);
            }
            let end = self.label();
            self.patch_values(e.on_false, end, reg, load_false);
            self.patch_values(e.on_true, end, reg, load_true);
        }
        *e = Kind::Reg(reg).into();
    }

    pub(super) fn place_next(&mut self, e: &mut Exp) -> u32 {
        self.read(e);
        self.release_exp(e);
        self.reserve(1);
        let reg = self.free - 1;
        self.place_in(e, reg);
        reg
    }

    pub(super) fn place_any(&mut self, e: &mut Exp) -> u32 {
        self.read(e);
        if let Kind::Reg(reg) = e.kind {
            if !e.has_jumps() {
                return reg;
            }
            // A local's register must not take the value of a jump.
            if reg >= self.local_regs {
                self.place_in(e, reg);
                return reg;
            }
        }
        self.place_next(e)
    }

    /// Into a register, unless it is an upvalue.
    pub(super) fn place_or_upval(&mut self, e: &mut Exp) {
        if !matches!(e.kind, Kind::Upval(_)) || e.has_jumps() {
            self.place_any(e);
        }
    }

    /// Into a register or a constant.
    pub(super) fn place_or_const(&mut self, e: &mut Exp) {
        if e.has_jumps() {
            self.place_any(e);
        } else {
            self.read(e);
        }
    }

    /// The index of a constant that fits an 8-bit operand, when the expression is one.
    pub(super) fn as_short_const(&mut self, e: &Exp) -> Option<u32> {
        if e.has_jumps() {
            return None;
        }
        let index = match e.kind {
            Kind::Nil => self.const_nil(),
            Kind::True => self.const_bool(true),
            Kind::False => self.const_bool(false),
            Kind::Int(value) => self.const_int(value),
            Kind::Float(value) => self.const_float(value),
            Kind::Str(symbol) => self.const_str(symbol),
            _ => return None,
        };
        Self::short(index)
    }

    /// Falls through when true; otherwise jumps to `on_false`.
    pub(super) fn go_if_true(&mut self, e: &mut Exp) {
        self.read(e);
        let list = match e.kind {
            Kind::Jump(list) => {
                self.negate(list);
                list
            }
            Kind::True | Kind::Int(_) | Kind::Float(_) | Kind::Str(_) => JumpList::EMPTY,
            Kind::False => self.jump(),
            _ => self.jump_if(e, false),
        };
        e.on_false = self.concat(list, e.on_false);
        self.patch_to_here(e.on_true);
        e.on_true = JumpList::EMPTY;
    }

    /// Falls through when false; otherwise jumps to `on_true`.
    pub(super) fn go_if_false(&mut self, e: &mut Exp) {
        self.read(e);
        let list = match e.kind {
            Kind::Jump(list) => list,
            Kind::Nil | Kind::False => JumpList::EMPTY,
            Kind::True => self.jump(),
            _ => self.jump_if(e, true),
        };
        e.on_true = self.concat(list, e.on_true);
        self.patch_to_here(e.on_false);
        e.on_false = JumpList::EMPTY;
    }

    /// A jump taken when the value's truth equals `cond`, which brings the value along.
    fn jump_if(&mut self, e: &mut Exp, cond: bool) -> JumpList {
        if let Kind::Open(pc) = e.kind
            && self.code[pc].op() == Op::Not
        {
            let operand = self.code[pc].b() as u32;
            self.pop_instr();
            return self.cond_jump(Op::Test, operand, 0, u32::from(!cond));
        }
        self.value_to_any_reg(e);
        self.release_exp(e);
        match e.kind {
            Kind::Reg(reg) => self.cond_jump(Op::TestSet, 0xff, reg, u32::from(cond)),
            _ => JumpList::EMPTY,
        }
    }

    pub(super) fn not(&mut self, e: &mut Exp) {
        self.read(e);
        e.kind = match e.kind {
            Kind::Nil | Kind::False => Kind::True,
            Kind::True | Kind::Int(_) | Kind::Float(_) | Kind::Str(_) => Kind::False,
            Kind::Jump(list) => {
                self.negate(list);
                Kind::Jump(list)
            }
            _ => {
                self.value_to_any_reg(e);
                self.release_exp(e);
                match e.kind {
                    Kind::Reg(reg) => Kind::Open(self.emit_abc(Op::Not, 0, reg, 0)),
                    kind => kind,
                }
            }
        };
        std::mem::swap(&mut e.on_true, &mut e.on_false);
        self.remove_values(e.on_false);
        self.remove_values(e.on_true);
    }

    /// Adjusts a call or `...` to `count` results, or to all of them.
    pub(super) fn set_results(&mut self, e: &Exp, count: Option<u32>) {
        let c = count.map_or(0, |count| count + 1);
        match e.kind {
            Kind::Call(pc) => self.set_c(pc, c),
            Kind::VarArg(pc) => {
                self.set_c(pc, c);
                self.set_a(pc, self.free);
                self.reserve(1);
            }
            _ => {}
        }
    }
}
