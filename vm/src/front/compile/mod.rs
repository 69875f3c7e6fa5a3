//! Syntax tree to bytecode, one function at a time.
//!
//! Registers form a stack: active locals at the bottom, temporaries above. An expression is first described (`Exp`)
//! and put into a register only when its context asks for it. Limits that are found here do not stop the work: the
//! first error is kept, and later code is no longer of interest.

mod assign;
mod branch;
mod consts;
mod emit;
mod exp;
mod expr;
mod finish;
mod index;
mod loops;
mod operator;
mod stmt;

use std::sync::Arc;

use super::ast::{Ast, Child, ExprId, Func, FuncId, LabelId, LocalId, LocalKind, Origin, Upvalue};
use super::error::{Result, SyntaxError};
use crate::bytecode::{Const, FnUnit, Instr, LocalVar, LoopDesc, MAX_REGISTERS, Op, Strings, UpvalDesc};
use branch::JumpList;
use consts::ConstIndex;

/// Words of code in one function; jump operands and their links have 24 bits, signed.
const MAX_CODE: usize = (1 << 23) - 16;

/// Compiles the functions of a chunk.
pub struct Compiler {
    source: Arc<[u8]>,
    /// Stands in for the chunk's strings until all are known.
    strings: Arc<Strings>,
    buffers: Buffers,
}

impl Compiler {
    pub fn new(chunk_name: &[u8]) -> Self {
        Self { source: chunk_name.into(), strings: Arc::default(), buffers: Buffers::default() }
    }

    /// Compiles a function and takes its children. Where the upvalues are remains to be said by the function around
    /// it; only a main function, whose upvalue is the environment, is complete.
    pub fn compile(&mut self, ast: &Ast, func: &mut Func) -> Result<FnUnit> {
        let children = std::mem::take(&mut func.children);
        let mut builder = Builder::new(self, ast, func, children);
        builder.function();
        builder.finish(self)
    }
}

/// Memory that one function after the other uses.
#[derive(Default)]
struct Buffers {
    code: Vec<Instr>,
    lines: Vec<u32>,
    consts: Vec<Const>,
    const_index: ConstIndex,
    locals: Vec<LocalVar>,
    loops: Vec<LoopDesc>,
    active: Vec<Active>,
    regs: Vec<u8>,
    labels: Vec<LabelState>,
    loop_scopes: Vec<LoopScope>,
    spine: Vec<ExprId>,
}

/// A local variable in scope.
struct Active {
    /// Registers in use by locals before this one.
    base: u32,
    /// Its place in the table of names; `None` when it has no register.
    debug: Option<usize>,
    /// Leaving its scope needs `CLOSE`.
    closes: bool,
    /// It is to be closed itself, which forbids tail calls.
    to_close: bool,
}

/// A loop around the current place.
struct LoopScope {
    breaks: JumpList,
    /// Locals active where `break` arrives.
    active: usize,
    /// Where PUC Lua closes what a `break` leaves.
    end_line: u32,
}

/// A label of the function.
#[derive(Clone, Copy)]
enum LabelState {
    /// Not reached; jumps wait for it.
    Pending(JumpList),
    At(usize),
}

/// How a closure finds its upvalues when the enclosing function has its locals in `regs`.
fn describe_upvals(upvals: &[Upvalue], regs: &[u8]) -> Vec<UpvalDesc> {
    let describe = |upval: &Upvalue| {
        let (in_stack, index) = match upval.origin {
            Origin::Local(local) => (true, regs[local.index()]),
            Origin::Upval(index) => (false, index),
            Origin::Environment => (true, 0),
        };
        UpvalDesc { name: Some(upval.name), in_stack, index, kind: upval.kind }
    };
    upvals.iter().map(describe).collect()
}

struct Builder<'a> {
    ast: &'a Ast,
    func: &'a Func,
    source: Arc<[u8]>,
    code: Vec<Instr>,
    lines: Vec<u32>,
    consts: Vec<Const>,
    const_index: ConstIndex,
    /// The functions directly inside, by number, until they are used.
    parsed_children: Vec<Option<Child>>,
    children: Vec<FnUnit>,
    locals: Vec<LocalVar>,
    loops: Vec<LoopDesc>,
    /// Line of the token that the reference implementation would have consumed last.
    line: u32,
    /// First free register.
    free: u32,
    max_stack: u32,
    /// Registers that active locals occupy.
    local_regs: u32,
    active: Vec<Active>,
    /// How many active locals need closing, and how many are to be closed themselves.
    closing: u32,
    to_close: u32,
    /// Register of each local, by id.
    regs: Vec<u8>,
    /// The last jump target: code before it must not be merged with code after it.
    last_target: usize,
    feedback_slots: u32,
    loop_scopes: Vec<LoopScope>,
    labels: Vec<LabelState>,
    /// Operations whose leftmost operand is being compiled.
    spine: Vec<ExprId>,
    error: Option<Box<SyntaxError>>,
}

impl<'a> Builder<'a> {
    fn new(compiler: &mut Compiler, ast: &'a Ast, func: &'a Func, children: Vec<Option<Child>>) -> Self {
        let Buffers {
            code,
            lines,
            consts,
            mut const_index,
            locals,
            loops,
            active,
            mut regs,
            mut labels,
            loop_scopes,
            spine,
        } = std::mem::take(&mut compiler.buffers);
        const_index.clear();
        regs.resize(func.locals.len(), 0);
        labels.resize(func.labels.len(), LabelState::Pending(JumpList::EMPTY));
        Self {
            ast,
            func,
            source: compiler.source.clone(),
            code,
            lines,
            consts,
            const_index,
            children: Vec::with_capacity(children.len()),
            parsed_children: children,
            locals,
            loops,
            line: func.line_defined.max(1),
            free: 0,
            max_stack: 1,
            local_regs: 0,
            active,
            closing: 0,
            to_close: 0,
            regs,
            last_target: 0,
            feedback_slots: 0,
            loop_scopes,
            labels,
            spine,
            error: None,
        }
    }

    fn function(&mut self) {
        let func = self.func;
        if func.is_vararg {
            self.emit(Instr::abc(Op::VarArgPrep, func.num_params as u8, 0, 0));
        }
        self.reserve(func.num_params);
        self.activate(LocalId(0), func.num_params);
        self.block(func.body);
        self.line = func.end_line;
        self.emit_return(self.local_regs, Some(0));
        self.leave_scope(0, false);
    }

    /// Keeps the first error.
    fn fail(&mut self, text: &str) {
        if self.error.is_none() {
            self.error = Some(SyntaxError::at(&self.source, self.line, text.as_bytes(), None));
        }
    }

    fn check_limit(&mut self, value: usize, limit: usize, what: &str) {
        if value > limit {
            let place = match self.func.line_defined {
                0 => "main function".to_string(),
                line => format!("function at line {line}"),
            };
            self.fail(&format!("too many {what} (limit is {limit}) in {place}"));
        }
    }

    /// Takes `count` registers from the stack.
    fn reserve(&mut self, count: u32) {
        self.require(count);
        self.free += count;
    }

    /// Makes sure that `count` registers exist above those in use.
    fn require(&mut self, count: u32) {
        let top = self.free + count;
        if top > self.max_stack {
            if top as usize > MAX_REGISTERS {
                self.fail("function or expression needs too many registers");
            }
            self.max_stack = top;
        }
    }

    fn release(&mut self, reg: u32) {
        if reg >= self.local_regs {
            self.free -= 1;
            debug_assert!(reg == self.free || self.error.is_some(), "registers are released in order");
        }
    }

    fn release_two(&mut self, first: u32, second: u32) {
        self.release(first.max(second));
        self.release(first.min(second));
    }

    /// Brings locals into scope; those with registers take the next ones, which are reserved already.
    fn activate(&mut self, first: LocalId, count: u32) {
        for index in first.0..first.0 + count {
            let id = LocalId(index);
            let local = self.func.locals[id.index()];
            let base = self.local_regs;
            let debug = match local.kind {
                LocalKind::Constant(_) => None,
                _ => {
                    self.regs[id.index()] = base as u8;
                    self.local_regs += 1;
                    let start_pc = self.pc() as u32;
                    self.locals.push(LocalVar { name: local.name, reg: base as u8, start_pc, end_pc: 0 });
                    Some(self.locals.len() - 1)
                }
            };
            let to_close = local.kind == LocalKind::Close;
            let closes = debug.is_some() && (to_close || local.captured);
            self.closing += u32::from(closes);
            self.to_close += u32::from(to_close);
            self.active.push(Active { base, debug, closes, to_close });
        }
    }

    /// First register of the locals from the `level`-th active one on.
    fn reg_at_level(&self, level: usize) -> u32 {
        self.active.get(level).map_or(self.local_regs, |active| active.base)
    }

    /// Whether leaving the locals from the `level`-th active one on closes something.
    fn needs_close(&self, level: usize) -> bool {
        self.closing > 0 && self.active[level.min(self.active.len())..].iter().any(|active| active.closes)
    }

    fn in_to_close_scope(&self) -> bool {
        self.to_close > 0
    }

    fn emit_close(&mut self, level: usize) {
        if self.needs_close(level) {
            let reg = self.reg_at_level(level);
            self.emit(Instr::abc(Op::Close, reg as u8, 0, 0));
        }
    }

    /// Ends the scope of the locals from the `level`-th active one on.
    fn leave_scope(&mut self, level: usize, close: bool) {
        if close {
            self.emit_close(level);
        }
        let end = self.pc() as u32;
        self.local_regs = self.reg_at_level(level);
        for active in self.active.drain(level..) {
            self.closing -= u32::from(active.closes);
            self.to_close -= u32::from(active.to_close);
            if let Some(index) = active.debug {
                self.locals[index].end_pc = end;
            }
        }
        self.free = self.local_regs;
    }

    /// Takes over an inner function; its place among the children.
    fn child(&mut self, id: FuncId) -> usize {
        if let Some(child) = self.parsed_children[id.index()].take() {
            let upvals = describe_upvals(&self.func.child_upvals[child.upvals.range()], &self.regs);
            self.children.push(FnUnit { upvals, ..child.unit });
        }
        self.check_limit(self.children.len(), usize::from(u16::MAX), "functions");
        self.children.len().saturating_sub(1)
    }

    fn label_state(&mut self, label: LabelId) -> &mut LabelState {
        &mut self.labels[label.index()]
    }
}
