//! The optimiser's intermediate representation: SSA with block parameters, close to the machine.
//!
//! Contract:
//! - A value has one of three machine types ([`Ty`]). A Lua value is a payload (`I64`, or `F64` when known to be a
//!   float) and a tag (`I8`, or known to the builder and absent here).
//! - A block ends in one [`Term`]; values reach a block from others only as its parameters or by dominance.
//! - A [`Inst::Guard`] leaves through its [`Exit`] when its condition is 0. An exit stores the registers it lists and
//!   hands the frame to the interpreter at its pc; nothing that the instruction at this pc does may have happened yet.
//! - [`Inst::effect`] is the one place that says what an instruction reads and writes.

use std::fmt;

use trinity_vm::{bytecode::Op, clock::Price};

macro_rules! index {
    ($(#[$doc:meta])* $name:ident $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
        impl $name {
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}
index!(/// A value.
    V "v");
index!(/// A block.
    Block "b");
index!(/// A side exit.
    ExitId "x");

/// Machine type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ty {
    I64,
    F64,
    /// Tags and conditions.
    I8,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntOp {
    Add,
    Sub,
    Mul,
    And,
    Or,
    Xor,
    /// Shift counts are in 0…63.
    Shl,
    /// Logical.
    Shr,
    /// Arithmetic.
    Sar,
    /// Unsigned division; the divisor is not zero.
    UDiv,
    /// Truncated remainder; the divisor is positive.
    SRem,
    /// Truncated quotient; the divisor is positive.
    SDiv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatOp {
    Add,
    Sub,
    Mul,
    Div,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatUn {
    Neg,
    Floor,
    Sqrt,
    Abs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cc {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    /// Unsigned.
    Below,
}

/// Memory that an access may touch; accesses to different regions never alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// Registers of Lua frames.
    Stack,
    /// Fields of table objects.
    Table,
    /// Array parts.
    Array,
    /// Property slots.
    Slots,
    /// Closures, upvalues, prototypes.
    Function,
    /// Captured variables, which may lie on the stack.
    Captured,
    /// The VM's own fields.
    Vm,
    /// Never written while compiled code runs, and readable from its first instruction on: such loads move freely.
    Constant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    I64,
    F64,
    /// 32 bits, zero-extended to `I64`.
    U32,
    /// 16 bits, zero-extended to `I64`.
    U16,
    /// A tag.
    U8,
}

/// A runtime function. All but the last two get the VM first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Helper {
    /// `(base, pc) → status`, or 0 and 1 for a comparison: the helper that executes this opcode on home slots.
    Run(Op),
    /// `(base, pc, callee's status) → status`
    FinishCall,
    /// `(base, pc) → status`
    Poll,
    /// `(base, argument count) → base or null`: everything out of the ordinary at a function's entry.
    Enter,
    /// `(base, argument count) → count or status`: runs the function in the interpreter.
    Interpret,
    /// `(f64, f64) → f64`
    Pow,
    FloatMod,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Inst {
    /// Block parameter.
    Param,
    Int(i64),
    Float(f64),
    Tag(u8),
    Arith(IntOp, V, V),
    FArith(FloatOp, V, V),
    FUnary(FloatUn, V),
    IntToFloat(V),
    /// `f64` to its bits.
    Bits(V),
    /// Bits to `f64`.
    FromBits(V),
    Cmp(Cc, V, V),
    FCmp(Cc, V, V),
    /// The tag equals a constant.
    TagIs(V, u8),
    /// The tag is below a constant.
    TagBelow(V, u8),
    TagsEqual(V, V),
    Not(V),
    And(V, V),
    Or(V, V),
    Select(V, V, V),
    Load(Region, Width, V, i32),
    Store(Region, Width, V, i32, V),
    /// Stores a constant tag.
    StoreTag(Region, V, i32, u8),
    /// The write barrier for an object, and a value's payload and tag that are stored into it. After a change of shape.
    Barrier(V, V, V),
    /// Writes the header's pc.
    SetPc(u32),
    Guard(V, ExitId),
    /// With up to three arguments; the VM is passed in front of them.
    Helper(Helper, [V; 3], u8),
    StackPointer,
    /// Universal entry: code address, callee base, argument count; gives the status.
    Enter(V, V, V),
}

/// What an instruction may read or write besides its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: may be removed when unused, moved, or merged with an equal one.
    Pure,
    Read(Region),
    Write(Region),
    /// May leave.
    Guard,
    /// May run any code: reads and writes everything.
    Any,
}

impl Inst {
    /// What the instruction reads and writes. Every pass asks here.
    pub fn effect(&self) -> Effect {
        match self {
            Inst::Load(Region::Constant, ..) => Effect::Pure,
            Inst::Load(region, ..) => Effect::Read(*region),
            Inst::Store(region, ..) | Inst::StoreTag(region, ..) => Effect::Write(*region),
            Inst::SetPc(_) => Effect::Write(Region::Stack),
            // The collector's own state, which nothing else here reads.
            Inst::Barrier(..) => Effect::Write(Region::Vm),
            Inst::StackPointer => Effect::Read(Region::Vm),
            Inst::Guard(..) => Effect::Guard,
            Inst::Helper(Helper::Pow | Helper::FloatMod, ..) => Effect::Pure,
            Inst::Helper(..) | Inst::Enter(..) => Effect::Any,
            _ => Effect::Pure,
        }
    }

    pub fn operands(&self, mut visit: impl FnMut(V)) {
        match *self {
            Inst::Param | Inst::Int(_) | Inst::Float(_) | Inst::Tag(_) | Inst::SetPc(_) | Inst::StackPointer => {}
            Inst::Arith(_, a, b)
            | Inst::FArith(_, a, b)
            | Inst::Cmp(_, a, b)
            | Inst::FCmp(_, a, b)
            | Inst::TagsEqual(a, b)
            | Inst::And(a, b)
            | Inst::Or(a, b)
            | Inst::Store(_, _, a, _, b) => {
                visit(a);
                visit(b);
            }
            Inst::FUnary(_, a)
            | Inst::IntToFloat(a)
            | Inst::Bits(a)
            | Inst::FromBits(a)
            | Inst::TagIs(a, _)
            | Inst::TagBelow(a, _)
            | Inst::Not(a)
            | Inst::Load(_, _, a, _)
            | Inst::StoreTag(_, a, _, _)
            | Inst::Guard(a, _) => visit(a),
            Inst::Select(a, b, c) | Inst::Enter(a, b, c) | Inst::Barrier(a, b, c) => {
                visit(a);
                visit(b);
                visit(c);
            }
            Inst::Helper(_, args, count) => args[..count as usize].iter().for_each(|arg| visit(*arg)),
        }
    }
}

/// How a block ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// Not built yet; no finished function has one.
    Open,
    Jump(Block, Vec<V>),
    Branch(V, Block, Block),
    /// With this status or result count.
    Return(V),
    Exit(ExitId),
}

/// Where a value of a register is when an exit stores it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Saved {
    Int(V),
    Float(V),
    /// Constant tag with payload.
    Tagged(u8, V),
    /// Constant tag, payload 0.
    Prim(u8),
    Any(V, V),
}

/// A side exit.
#[derive(Clone, Debug)]
pub struct Exit {
    pub pc: u32,
    pub reason: &'static str,
    /// Registers whose home slots are stale.
    pub saved: Vec<(u8, Saved)>,
    /// A failed speculation; else a planned way out.
    pub deopt: bool,
    /// What has been paid for the instruction at `pc` and what follows it in its segment; nothing where no ticks are taken.
    pub refund: Price,
}

#[derive(Clone, Debug)]
pub struct BlockData {
    pub params: Vec<V>,
    pub insts: Vec<V>,
    pub term: Term,
    pub cold: bool,
}

/// A function under compilation. `v0` is the VM, `v1` the frame's base, `v2` the argument count.
#[derive(Clone, Debug)]
pub struct Func {
    pub insts: Vec<(Inst, Ty)>,
    pub blocks: Vec<BlockData>,
    pub exits: Vec<Exit>,
}

pub const VM: V = V(0);
pub const BASE: V = V(1);
pub const COUNT: V = V(2);
pub const ENTRY: Block = Block(0);

impl Default for Func {
    fn default() -> Self {
        Self::new()
    }
}

impl Func {
    pub fn new() -> Func {
        let mut func = Func { insts: Vec::new(), blocks: Vec::new(), exits: Vec::new() };
        func.block();
        for _ in 0..3 {
            func.param(ENTRY, Ty::I64);
        }
        func
    }

    pub fn block(&mut self) -> Block {
        self.blocks.push(BlockData { params: Vec::new(), insts: Vec::new(), term: Term::Open, cold: false });
        Block(self.blocks.len() as u32 - 1)
    }

    pub fn param(&mut self, block: Block, ty: Ty) -> V {
        let value = V(self.insts.len() as u32);
        self.insts.push((Inst::Param, ty));
        self.blocks[block.index()].params.push(value);
        value
    }

    pub fn push(&mut self, block: Block, inst: Inst) -> V {
        let ty = self.type_of(&inst);
        let value = V(self.insts.len() as u32);
        self.insts.push((inst, ty));
        self.blocks[block.index()].insts.push(value);
        value
    }

    pub fn ty(&self, value: V) -> Ty {
        self.insts[value.index()].1
    }

    pub fn inst(&self, value: V) -> Inst {
        self.insts[value.index()].0
    }

    fn type_of(&self, inst: &Inst) -> Ty {
        match inst {
            Inst::Param => unreachable!("parameters are made by `param`"),
            Inst::Int(_) | Inst::Arith(..) | Inst::Bits(_) | Inst::Enter(..) | Inst::StackPointer => Ty::I64,
            Inst::Float(_) | Inst::FArith(..) | Inst::FUnary(..) | Inst::IntToFloat(_) | Inst::FromBits(_) => Ty::F64,
            Inst::Tag(_)
            | Inst::Cmp(..)
            | Inst::FCmp(..)
            | Inst::TagIs(..)
            | Inst::TagBelow(..)
            | Inst::TagsEqual(..)
            | Inst::Not(_)
            | Inst::And(..)
            | Inst::Or(..) => Ty::I8,
            Inst::Select(_, a, _) => self.ty(*a),
            Inst::Load(_, width, ..) => match width {
                Width::I64 | Width::U32 | Width::U16 => Ty::I64,
                Width::F64 => Ty::F64,
                Width::U8 => Ty::I8,
            },
            Inst::Store(..) | Inst::StoreTag(..) | Inst::Barrier(..) | Inst::SetPc(_) | Inst::Guard(..) => Ty::None,
            Inst::Helper(helper, ..) => match helper {
                Helper::Pow | Helper::FloatMod => Ty::F64,
                _ => Ty::I64,
            },
        }
    }

    /// Successors of a block, with the arguments passed.
    pub fn successors(&self, block: Block) -> Vec<Block> {
        match &self.blocks[block.index()].term {
            Term::Jump(to, _) => vec![*to],
            Term::Branch(_, a, b) => vec![*a, *b],
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for Func {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, block) in self.blocks.iter().enumerate() {
            if block.term == Term::Open {
                continue;
            }
            let cold = if block.cold { " cold" } else { "" };
            writeln!(f, "b{index}{:?}{cold}:", block.params)?;
            for value in &block.insts {
                let (inst, ty) = &self.insts[value.index()];
                match ty {
                    Ty::None => writeln!(f, "  {inst:?}")?,
                    ty => writeln!(f, "  {value:?}: {ty:?} = {inst:?}")?,
                }
            }
            writeln!(f, "  {:?}", block.term)?;
        }
        for (index, exit) in self.exits.iter().enumerate() {
            writeln!(f, "x{index}: pc {} {} {:?}", exit.pc, exit.reason, exit.saved)?;
        }
        Ok(())
    }
}
