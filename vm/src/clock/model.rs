//! Modelled time: what work takes in each tier, by a table.
//!
//! It is kept where ticks are counted ([`crate::vm::VmOptions::count_ticks`]). The interpreter pays instruction by
//! instruction, compiled code by [segments](crate::bytecode::Segments).

use super::COSTS;
use crate::{bytecode::Op, seam::Tier};

/// Opcodes that are taken to cost the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum OpGroup {
    /// Moves, constants, `VARARGPREP`.
    Move,
    Upvalue,
    /// Arithmetic, bitwise and logical operators, `#`.
    Arith,
    /// `^`, `/`, `//` and `%`.
    Divide,
    Compare,
    Jump,
    /// Numeric loops.
    ForLoop,
    /// Generic loops.
    GenericFor,
    /// Fields by name, globals and methods.
    Field,
    /// Elements by position or by a key in a register.
    Element,
    /// Tables and closures; what closes upvalues.
    Allocate,
    Concat,
    /// Calls.
    Call,
    /// Returns.
    Return,
    /// Lists of values: `SETLIST`, `VARARG`.
    List,
}

impl OpGroup {
    pub const ALL: [OpGroup; 15] = {
        use OpGroup::*;
        [
            Move, Upvalue, Arith, Divide, Compare, Jump, ForLoop, GenericFor, Field, Element, Allocate, Concat, Call,
            Return, List,
        ]
    };
    pub const COUNT: usize = OpGroup::ALL.len();

    pub fn name(self) -> &'static str {
        match self {
            OpGroup::Move => "move",
            OpGroup::Upvalue => "upvalue",
            OpGroup::Arith => "arith",
            OpGroup::Divide => "divide",
            OpGroup::Compare => "compare",
            OpGroup::Jump => "jump",
            OpGroup::ForLoop => "for-loop",
            OpGroup::GenericFor => "generic-for",
            OpGroup::Field => "field",
            OpGroup::Element => "element",
            OpGroup::Allocate => "allocate",
            OpGroup::Concat => "concat",
            OpGroup::Call => "call",
            OpGroup::Return => "return",
            OpGroup::List => "list",
        }
    }

    /// The group of an opcode, quickened or not.
    pub const fn of(op: Op) -> OpGroup {
        match op.unquickened().0 {
            Op::Move
            | Op::LoadI
            | Op::LoadF
            | Op::LoadK
            | Op::LoadKX
            | Op::LoadFalse
            | Op::LFalseSkip
            | Op::LoadTrue
            | Op::LoadNil
            | Op::VarArgPrep
            | Op::Ext => OpGroup::Move,
            Op::GetUpval | Op::SetUpval => OpGroup::Upvalue,
            Op::GetTabUp | Op::SetTabUp | Op::GetField | Op::SetField | Op::SelfField => OpGroup::Field,
            Op::GetTable | Op::GetI | Op::SetTable | Op::SetI => OpGroup::Element,
            Op::Div | Op::Mod | Op::Pow | Op::IDiv | Op::DivK | Op::ModK | Op::PowK | Op::IDivK => OpGroup::Divide,
            Op::Concat => OpGroup::Concat,
            Op::NewTable | Op::Closure | Op::Close | Op::Tbc => OpGroup::Allocate,
            Op::Jmp | Op::Loop => OpGroup::Jump,
            Op::Eq | Op::Lt | Op::Le | Op::EqK | Op::LtI | Op::LeI | Op::GtI | Op::GeI | Op::Test | Op::TestSet => {
                OpGroup::Compare
            }
            Op::Call | Op::TailCall => OpGroup::Call,
            Op::Return | Op::Return0 | Op::Return1 => OpGroup::Return,
            Op::ForLoop | Op::ForPrep => OpGroup::ForLoop,
            Op::TForPrep | Op::TForCall | Op::TForLoop => OpGroup::GenericFor,
            Op::SetList | Op::VarArg => OpGroup::List,
            _ => OpGroup::Arith,
        }
    }
}

/// What work costs. The unit is the picosecond unless a name says otherwise.
#[derive(Debug)]
pub struct CostTable {
    /// Changes with the numbers: modelled times of different versions do not compare.
    pub version: u32,
    /// One instruction, by tier and [`OpGroup`].
    pub instruction: [[u32; OpGroup::COUNT]; 3],
    /// One tick of a library function.
    pub library_tick: u32,
    /// One unit of the collector's work.
    pub collector_unit: u32,
    /// One side exit of optimised code, and one entry into the code of a loop, beside the instructions.
    pub side_exit: u32,
    pub loop_entry: u32,
    /// Nanoseconds of a compilation, in tier 1 and tier 2: whatever the length, and per word of bytecode.
    pub compile_fixed_ns: [u64; 2],
    pub compile_word_ns: [u64; 2],
}

/// What a piece of bytecode costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    pub ticks: u32,
    /// Picoseconds by tier.
    pub model: [u32; 3],
}

impl Price {
    /// One instruction.
    pub const fn of(op: Op) -> Price {
        let group = OpGroup::of(op) as usize;
        let [cold, warm, hot] = &COSTS.instruction;
        Price { ticks: 1, model: [cold[group], warm[group], hot[group]] }
    }

    #[must_use]
    pub fn plus(self, other: Price) -> Price {
        let model = std::array::from_fn(|tier| self.model[tier] + other.model[tier]);
        Price { ticks: self.ticks + other.ticks, model }
    }

    #[must_use]
    pub fn minus(self, other: Price) -> Price {
        let model = std::array::from_fn(|tier| self.model[tier] - other.model[tier]);
        Price { ticks: self.ticks - other.ticks, model }
    }
}

/// What the interpreter pays for an instruction, by opcode.
pub(crate) const COLD: [u32; 256] = {
    let mut costs = [0; 256];
    let mut op = 0;
    while op < Op::ALL.len() {
        costs[op] = Price::of(Op::ALL[op]).model[Tier::Cold as usize];
        op += 1;
    }
    costs
};

impl CostTable {
    /// Nanoseconds that a compilation of so many words is taken to last.
    pub fn compile_ns(&self, to: Tier, words: u32) -> u64 {
        let Some(tier) = (to as usize).checked_sub(1) else { return 0 };
        self.compile_fixed_ns[tier] + self.compile_word_ns[tier] * u64::from(words)
    }
}
