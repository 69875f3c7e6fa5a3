//! Scopes: local variables, upvalues, labels.

use super::Parser;
use crate::bytecode::{StrId, UpvalKind};
use crate::front::ast::{Expr, Func, GotoId, Label, LabelId, Local, LocalId, LocalKind, Mark, Origin, Upvalue};
use crate::front::error::{Result, SyntaxError};
use crate::front::token::STR_ENV;

const MAX_LOCALS: usize = 200;
const MAX_UPVALUES: usize = 255;

/// What is known about one function while it is parsed.
#[derive(Default)]
pub(super) struct Scope {
    pub func: Func,
    /// Its nodes are those made since.
    pub first_nodes: Mark,
    /// Active locals, by order of activation.
    active: Vec<LocalId>,
    /// Locals below this number have been in scope.
    activated: u32,
    /// For each upvalue, the place in `bindings` of the variable; `ENVIRONMENT` for the main function's upvalue.
    upval_bindings: Vec<u32>,
    blocks: Vec<BlockScope>,
    /// Labels that can be jumped to from here.
    visible_labels: Vec<VisibleLabel>,
    pending_gotos: Vec<PendingGoto>,
}

const ENVIRONMENT: u32 = u32::MAX;

/// A local variable in scope.
pub(super) struct Binding {
    name: StrId,
    local: LocalId,
    /// Index of the function in `scopes`.
    depth: u32,
    /// What `visible` held for the name.
    shadowed: u32,
}

struct BlockScope {
    first_label: usize,
    first_goto: usize,
    active_locals: usize,
    is_loop: bool,
}

struct VisibleLabel {
    name: StrId,
    line: u32,
    label: LabelId,
}

struct PendingGoto {
    /// `None` for `break`.
    name: Option<StrId>,
    line: u32,
    active_locals: usize,
    /// Index in `gotos`; of no meaning for `break`.
    index: usize,
}

/// What a name in an expression means.
pub(super) struct Resolved {
    pub expr: Expr,
    /// The name of the variable when it cannot be assigned to.
    pub read_only: Option<StrId>,
}

impl Scope {
    /// Makes it that of a function without contents.
    pub fn reset(&mut self, line_defined: u32, first_nodes: Mark) {
        self.func.reset(line_defined);
        self.first_nodes = first_nodes;
        self.active.clear();
        self.activated = 0;
        self.upval_bindings.clear();
        self.blocks.clear();
        self.visible_labels.clear();
        self.pending_gotos.clear();
    }

    pub fn add_environment(&mut self) {
        self.func.upvals.push(Upvalue { name: STR_ENV, kind: UpvalKind::Regular, origin: Origin::Environment });
        self.upval_bindings.push(ENVIRONMENT);
    }
}

impl Parser<'_> {
    pub(super) fn scope(&mut self) -> &mut Scope {
        let top = self.scopes.len() - 1;
        &mut self.scopes[top]
    }

    fn too_many(&self, depth: usize, limit: usize, what: &str) -> Box<SyntaxError> {
        let place = match self.scopes[depth].func.line_defined {
            0 => "main function".to_string(),
            line => format!("function at line {line}"),
        };
        self.error(&format!("too many {what} (limit is {limit}) in {place}"))
    }

    /// A new local variable of the current function, not yet in scope.
    pub(super) fn declare(&mut self, name: StrId) -> Result<LocalId> {
        let depth = self.scopes.len() - 1;
        let scope = &mut self.scopes[depth];
        let pending = scope.func.locals.len() - scope.activated as usize;
        if scope.active.len() + pending + 1 > MAX_LOCALS {
            return Err(self.too_many(depth, MAX_LOCALS, "local variables"));
        }
        let id = LocalId(scope.func.locals.len() as u32);
        scope.func.locals.push(Local { name, kind: LocalKind::Regular, captured: false });
        Ok(id)
    }

    pub(super) fn set_kind(&mut self, local: LocalId, kind: LocalKind) {
        self.scope().func.locals[local.index()].kind = kind;
    }

    /// Brings `count` declared locals from `first` on into scope.
    pub(super) fn activate(&mut self, first: LocalId, count: u32) {
        let depth = (self.scopes.len() - 1) as u32;
        for index in first.0..first.0 + count {
            let local = LocalId(index);
            let scope = self.scope();
            let name = scope.func.locals[local.index()].name;
            scope.active.push(local);
            scope.activated = index + 1;
            if self.visible.len() <= name.index() {
                self.visible.resize(name.index() + 1, 0);
            }
            let shadowed = self.visible[name.index()];
            self.bindings.push(Binding { name, local, depth, shadowed });
            self.visible[name.index()] = self.bindings.len() as u32;
        }
    }

    fn deactivate_to(&mut self, count: usize) {
        while self.scope().active.len() > count {
            self.scope().active.pop();
            if let Some(binding) = self.bindings.pop() {
                self.visible[binding.name.index()] = binding.shadowed;
            }
        }
    }

    fn place_of(&self, name: StrId) -> Option<u32> {
        self.visible.get(name.index()).copied().unwrap_or(0).checked_sub(1)
    }

    pub(super) fn resolve(&mut self, name: StrId) -> Result<Resolved> {
        match self.place_of(name) {
            Some(place) => self.variable(place),
            None if name == STR_ENV => Ok(Resolved { expr: self.environment()?, read_only: None }),
            None => self.global(name),
        }
    }

    /// The main function's `_ENV`.
    fn environment(&mut self) -> Result<Expr> {
        let depth = self.scopes.len() - 1;
        Ok(Expr::Upval(self.upvalue(depth, ENVIRONMENT, STR_ENV, UpvalKind::Regular)?))
    }

    fn variable(&mut self, place: u32) -> Result<Resolved> {
        let Binding { name, local, depth, .. } = self.bindings[place as usize];
        let current = self.scopes.len() - 1;
        let owner = &mut self.scopes[depth as usize].func.locals[local.index()];
        let read_only = (owner.kind != LocalKind::Regular).then_some(name);
        let expr = match owner.kind {
            LocalKind::Constant(value) => value,
            _ if depth as usize == current => Expr::Local(local),
            kind => {
                owner.captured = true;
                let kind = match kind {
                    LocalKind::Const => UpvalKind::Const,
                    LocalKind::Close => UpvalKind::Close,
                    _ => UpvalKind::Regular,
                };
                Expr::Upval(self.upvalue(current, place, name, kind)?)
            }
        };
        Ok(Resolved { expr, read_only })
    }

    fn global(&mut self, name: StrId) -> Result<Resolved> {
        let env = match self.place_of(STR_ENV) {
            Some(place) => self.variable(place)?.expr,
            None => self.environment()?,
        };
        let expr = match env {
            Expr::Upval(env) => Expr::Global { env, name },
            env => {
                let object = self.ast.push(env, self.last_line);
                Expr::Field { object, name }
            }
        };
        Ok(Resolved { expr, read_only: None })
    }

    /// The upvalue of the function at `depth` that stands for a variable of a function around it.
    fn upvalue(&mut self, depth: usize, place: u32, name: StrId, kind: UpvalKind) -> Result<u8> {
        if let Some(index) = self.scopes[depth].upval_bindings.iter().position(|p| *p == place) {
            return Ok(index as u8);
        }
        let origin = match self.bindings.get(place as usize) {
            Some(binding) if binding.depth as usize + 1 == depth => Origin::Local(binding.local),
            _ => Origin::Upval(self.upvalue(depth - 1, place, name, kind)?),
        };
        let index = self.scopes[depth].func.upvals.len();
        if index + 1 > MAX_UPVALUES {
            return Err(self.too_many(depth, MAX_UPVALUES, "upvalues"));
        }
        self.scopes[depth].func.upvals.push(Upvalue { name, kind, origin });
        self.scopes[depth].upval_bindings.push(place);
        Ok(index as u8)
    }

    pub(super) fn check_assignable(&self, read_only: Option<StrId>) -> Result<()> {
        match read_only {
            None => Ok(()),
            Some(name) => {
                let text = [b"attempt to assign to const variable '", self.lexer.text(name), b"'"].concat();
                Err(self.semantic_error(&text))
            }
        }
    }

    pub(super) fn enter_block(&mut self, is_loop: bool) {
        let scope = self.scope();
        scope.blocks.push(BlockScope {
            first_label: scope.visible_labels.len(),
            first_goto: scope.pending_gotos.len(),
            active_locals: scope.active.len(),
            is_loop,
        });
    }

    /// Ends the innermost block: its locals, its labels, and `break`s when it is a loop.
    pub(super) fn leave_block(&mut self) -> Result<()> {
        let scope = self.scope();
        let Some(block) = scope.blocks.pop() else { return Ok(()) };
        scope.visible_labels.truncate(block.first_label);
        if scope.pending_gotos.len() > block.first_goto {
            for mut goto in scope.pending_gotos.split_off(block.first_goto) {
                if !(block.is_loop && goto.name.is_none()) {
                    goto.active_locals = goto.active_locals.min(block.active_locals);
                    scope.pending_gotos.push(goto);
                }
            }
        }
        let outermost = scope.blocks.is_empty();
        self.deactivate_to(block.active_locals);
        if outermost && let Some(goto) = self.scope().pending_gotos.get(block.first_goto) {
            let (name, line) = (goto.name, goto.line);
            return Err(match name {
                None => self.semantic_error(format!("break outside loop at line {line}").as_bytes()),
                Some(name) => {
                    let line = format!("' for <goto> at line {line}");
                    let text = [b"no visible label '", self.lexer.text(name), line.as_bytes()].concat();
                    self.semantic_error(&text)
                }
            });
        }
        Ok(())
    }

    pub(super) fn add_break(&mut self, line: u32) {
        let scope = self.scope();
        let active_locals = scope.active.len();
        scope.pending_gotos.push(PendingGoto { name: None, line, active_locals, index: 0 });
    }

    /// A `goto`; its label may come later.
    pub(super) fn add_goto(&mut self, name: StrId, line: u32) -> GotoId {
        let scope = self.scope();
        let index = scope.func.gotos.len();
        match scope.visible_labels.iter().find(|label| label.name == name) {
            Some(label) => scope.func.gotos.push(label.label),
            None => {
                let active_locals = scope.active.len();
                scope.func.gotos.push(LabelId(u32::MAX));
                scope.pending_gotos.push(PendingGoto { name: Some(name), line, active_locals, index });
            }
        }
        GotoId(index as u32)
    }

    pub(super) fn check_new_label(&mut self, name: StrId) -> Result<()> {
        match self.scope().visible_labels.iter().find(|label| label.name == name) {
            None => Ok(()),
            Some(label) => {
                let line = format!("' already defined on line {}", label.line);
                let text = [b"label '", self.lexer.text(name), line.as_bytes()].concat();
                Err(self.semantic_error(&text))
            }
        }
    }

    /// A label here. When nothing but void statements follows in its block (`last`), the block's locals count as out
    /// of scope.
    pub(super) fn add_label(&mut self, name: StrId, line: u32, last: bool) -> Result<LabelId> {
        let scope = self.scope();
        let (first_goto, block_locals) =
            scope.blocks.last().map_or((0, 0), |block| (block.first_goto, block.active_locals));
        let active_locals = if last { block_locals } else { scope.active.len() };
        let label = LabelId(scope.func.labels.len() as u32);
        scope.func.labels.push(Label { active_locals: active_locals as u32 });
        scope.visible_labels.push(VisibleLabel { name, line, label });
        if scope.pending_gotos.len() > first_goto {
            for goto in scope.pending_gotos.split_off(first_goto) {
                if goto.name != Some(name) {
                    scope.pending_gotos.push(goto);
                } else if goto.active_locals < active_locals {
                    let local = scope.func.locals[scope.active[goto.active_locals].index()].name;
                    let line = format!("> at line {} jumps into the scope of local '", goto.line);
                    let (name, local) = (self.lexer.text(name), self.lexer.text(local));
                    let text = [b"<goto ", name, line.as_bytes(), local, b"'"].concat();
                    return Err(self.semantic_error(&text));
                } else {
                    scope.func.gotos[goto.index] = label;
                }
            }
        }
        Ok(label)
    }
}
