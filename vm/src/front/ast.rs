//! The syntax tree: flat arenas, ids instead of pointers. Names are resolved, constants folded.
//!
//! A function is compiled when its end has been read, and its nodes are dropped: the arenas hold the functions that
//! are being parsed, each above the one around it.

use crate::bytecode::{FnUnit, StrId, UpvalKind};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(pub u32);

        impl $name {
            pub fn index(self) -> usize {
                self.0 as usize
            }
        })*
    };
}

ids! {
    ExprId,
    CallId,
    /// A function, numbered among those directly inside the one around it.
    FuncId,
    /// A local variable, numbered within its function in order of declaration.
    LocalId,
    /// A label, numbered within its function.
    LabelId,
    /// A `goto`, numbered within its function.
    GotoId,
}

/// A run of elements in one of the arenas for lists.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    pub start: u32,
    pub len: u32,
}

impl Span {
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }

    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expr {
    Nil,
    True,
    False,
    Int(i64),
    Float(f64),
    Str(StrId),
    VarArg,
    Local(LocalId),
    Upval(u8),
    /// `_ENV.name` where `_ENV` is an upvalue.
    Global {
        env: u8,
        name: StrId,
    },
    /// `object.name`, also for a constant string in brackets.
    Field {
        object: ExprId,
        name: StrId,
    },
    Index {
        object: ExprId,
        key: ExprId,
    },
    Call(CallId),
    Function(FuncId),
    /// Fields in `table_items`; `line` is that of the token before the constructor.
    Table {
        start: u32,
        len: u32,
        line: u32,
    },
    /// Parentheses around something with several values.
    Paren(ExprId),
    Unary {
        op: UnOp,
        operand: ExprId,
    },
    Binary {
        op: BinOp,
        lhs: ExprId,
        rhs: ExprId,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnOp {
    Neg,
    BNot,
    Not,
    Len,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum BinOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    IDiv,
    BAnd,
    BOr,
    BXor,
    Shl,
    Shr,
    Concat,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    And,
    Or,
}

/// An element of an expression list, with the line on which its value is put in place: that of the separator or
/// bracket behind it.
#[derive(Clone, Copy, Debug)]
pub struct ListItem {
    pub expr: ExprId,
    pub line: u32,
}

#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub callee: ExprId,
    /// The name in `callee:name(…)` and its line.
    pub method: Option<(StrId, u32)>,
    /// In `lists`.
    pub args: Span,
    /// Last line of the arguments.
    pub end_line: u32,
}

#[derive(Clone, Copy, Debug)]
pub enum TableKey {
    /// The next list position.
    Item,
    Name(StrId),
    Expr(ExprId),
}

#[derive(Clone, Copy, Debug)]
pub struct TableItem {
    pub key: TableKey,
    pub value: ExprId,
    /// Line of the `=` for a field with a key, of the separator behind an item.
    pub line: u32,
}

#[derive(Clone, Copy, Debug)]
pub enum Stmt {
    /// `count` locals from `first` on.
    Local {
        first: LocalId,
        count: u32,
        values: Span,
    },
    /// `targets` and `values` in `lists`.
    Assign {
        targets: Span,
        values: Span,
    },
    Call(ExprId),
    Do(Block),
    While {
        cond: ExprId,
        body: Block,
    },
    Repeat {
        body: Block,
        cond: ExprId,
    },
    /// `arms` in `arms`; a last arm without condition is the `else`.
    If {
        arms: Span,
    },
    /// Three hidden locals from `first` on, then the visible one; `values` are two or three.
    NumericFor {
        first: LocalId,
        values: Span,
        body: Block,
        line: u32,
        do_line: u32,
    },
    /// Four hidden locals from `first` on, then `count` visible ones.
    GenericFor {
        first: LocalId,
        count: u32,
        values: Span,
        body: Block,
        line: u32,
        do_line: u32,
    },
    Function {
        target: ExprId,
        func: ExprId,
        line: u32,
    },
    LocalFunction {
        local: LocalId,
        func: ExprId,
    },
    Return {
        values: Span,
    },
    Break,
    Goto(GotoId),
    Label(LabelId),
}

/// Statements in `stmts`.
pub type Block = Span;

#[derive(Clone, Copy, Debug)]
pub struct Arm {
    pub cond: Option<ExprId>,
    pub body: Block,
    /// Line of `then`.
    pub line: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LocalKind {
    Regular,
    Const,
    Close,
    /// `<const>` with a value known here, given by this expression: occupies no register.
    Constant(Expr),
}

#[derive(Clone, Copy, Debug)]
pub struct Local {
    pub name: StrId,
    pub kind: LocalKind,
    /// An inner function uses it.
    pub captured: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Upvalue {
    pub name: StrId,
    pub kind: UpvalKind,
    pub origin: Origin,
}

/// Where the enclosing function has an upvalue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Local(LocalId),
    Upval(u8),
    /// The main function's `_ENV`.
    Environment,
}

#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// Number of active locals of the function where the label stands.
    pub active_locals: u32,
}

/// What is known about one function beside its nodes.
#[derive(Default)]
pub struct Func {
    /// Parameters are the first locals.
    pub num_params: u32,
    pub is_vararg: bool,
    pub body: Block,
    pub locals: Vec<Local>,
    pub upvals: Vec<Upvalue>,
    pub labels: Vec<Label>,
    /// Label of each `goto`.
    pub gotos: Vec<LabelId>,
    pub line_defined: u32,
    pub last_line: u32,
    /// Last line that has a token before the function's end (for the main function).
    pub end_line: u32,
    /// The functions directly inside, until the compiler takes them.
    pub children: Vec<Option<Child>>,
    /// Upvalues of the functions directly inside.
    pub child_upvals: Vec<Upvalue>,
}

/// A function that is compiled, except for where it finds its upvalues.
pub struct Child {
    pub unit: FnUnit,
    /// In the `child_upvals` of the function around it.
    pub upvals: Span,
}

impl Func {
    /// Makes it a function without contents, keeping memory for the next one.
    pub fn reset(&mut self, line_defined: u32) {
        let Self { locals, upvals, labels, gotos, children, child_upvals, .. } = std::mem::take(self);
        *self = Self { line_defined, locals, upvals, labels, gotos, children, child_upvals, ..Self::default() };
        self.locals.clear();
        self.upvals.clear();
        self.labels.clear();
        self.gotos.clear();
        self.children.clear();
        self.child_upvals.clear();
    }
}

/// Nodes of the functions being parsed.
#[derive(Default)]
pub struct Ast {
    exprs: Vec<(Expr, u32)>,
    pub lists: Vec<ListItem>,
    pub calls: Vec<Call>,
    pub table_items: Vec<TableItem>,
    pub arms: Vec<Arm>,
    /// Statements with the line on which each ends.
    pub stmts: Vec<(Stmt, u32)>,
}

/// How many nodes of each sort there were at some moment.
#[derive(Clone, Copy, Default)]
pub struct Mark([usize; 6]);

impl Ast {
    pub fn expr(&self, id: ExprId) -> Expr {
        self.exprs[id.index()].0
    }

    /// Line of an expression: of its last token, of the operator for an operation, of the first token for a call.
    pub fn line(&self, id: ExprId) -> u32 {
        self.exprs[id.index()].1
    }

    pub fn push(&mut self, expr: Expr, line: u32) -> ExprId {
        let id = ExprId(self.exprs.len() as u32);
        self.exprs.push((expr, line));
        id
    }

    pub fn mark(&self) -> Mark {
        let Self { exprs, lists, calls, table_items, arms, stmts } = self;
        Mark([exprs.len(), lists.len(), calls.len(), table_items.len(), arms.len(), stmts.len()])
    }

    /// Drops the nodes made since `mark`.
    pub fn truncate(&mut self, mark: Mark) {
        let Mark([exprs, lists, calls, table_items, arms, stmts]) = mark;
        self.exprs.truncate(exprs);
        self.lists.truncate(lists);
        self.calls.truncate(calls);
        self.table_items.truncate(table_items);
        self.arms.truncate(arms);
        self.stmts.truncate(stmts);
    }

    pub fn list(&self, span: Span) -> &[ListItem] {
        &self.lists[span.range()]
    }
}

impl Expr {
    /// Whether it may stand for any number of values.
    pub fn is_multi(self) -> bool {
        matches!(self, Expr::Call(_) | Expr::VarArg)
    }

    /// A literal without run-time evaluation.
    pub fn is_literal(self) -> bool {
        matches!(self, Expr::Nil | Expr::True | Expr::False | Expr::Int(_) | Expr::Float(_) | Expr::Str(_))
    }
}
