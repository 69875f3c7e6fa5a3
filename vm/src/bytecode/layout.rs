//! What the operands of each opcode mean, for everything that reads bytecode generically.

use super::Op;

/// Meaning of one operand field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    None,
    /// A register.
    Reg,
    /// Any constant.
    Const,
    /// A constant that is a string.
    Str,
    /// A constant that is a number.
    Num,
    Upval,
    /// An unsigned number.
    Count,
    /// A signed number.
    Imm,
    /// 0 or 1.
    Flag,
    /// A 16-bit constant index in `Bx`.
    ConstBx,
    /// A 16-bit child index in `Bx`.
    ChildBx,
    /// A 16-bit loop index in `Bx`.
    LoopBx,
    /// A signed number in `sBx`.
    ImmBx,
}

/// Meaning of what an instruction holds beyond `A`, `B` and `C`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    None,
    /// `EXT` names a feedback slot.
    Feedback,
    /// `EXT` names a constant.
    Const,
    /// `EXT` holds an unsigned number.
    Count,
    /// `EXT` holds a jump distance.
    Jump,
    /// The word itself holds a jump distance.
    Distance,
    /// The word itself holds a jump distance, `EXT` names a loop.
    DistanceLoop,
}

/// Operands of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub a: Field,
    /// When it is one of the `Bx` fields, `C` has no meaning of its own.
    pub b: Field,
    pub c: Field,
    pub extra: Extra,
}

const fn layout(a: Field, b: Field, c: Field, extra: Extra) -> Layout {
    Layout { a, b, c, extra }
}

impl Op {
    /// The layout of an opcode or, for a quickened one, of what it was made from.
    pub const fn layout(self) -> Layout {
        use Field::{ChildBx, Const, ConstBx, Count, Flag, Imm, ImmBx, LoopBx, Num, Reg, Str, Upval};
        const NO: Field = Field::None;
        const ONE: Extra = Extra::None;
        match self.unquickened().0 {
            Op::Move | Op::Unm | Op::BNot | Op::Not | Op::Len => layout(Reg, Reg, NO, ONE),
            Op::LoadI | Op::LoadF => layout(Reg, ImmBx, NO, ONE),
            Op::LoadK => layout(Reg, ConstBx, NO, ONE),
            Op::LoadKX => layout(Reg, NO, NO, Extra::Const),
            Op::LoadFalse | Op::LFalseSkip | Op::LoadTrue | Op::Close | Op::Tbc | Op::Return1 => {
                layout(Reg, NO, NO, ONE)
            }
            Op::LoadNil | Op::Concat => layout(Reg, Count, NO, ONE),
            Op::GetUpval | Op::SetUpval => layout(Reg, Upval, NO, ONE),
            Op::GetTabUp => layout(Reg, Upval, Str, Extra::Feedback),
            Op::GetTable | Op::SetTable => layout(Reg, Reg, Reg, Extra::Feedback),
            Op::GetI => layout(Reg, Reg, Count, Extra::Feedback),
            Op::GetField | Op::SelfField => layout(Reg, Reg, Str, Extra::Feedback),
            Op::SetTabUp => layout(Upval, Str, Reg, Extra::Feedback),
            Op::SetI => layout(Reg, Count, Reg, Extra::Feedback),
            Op::SetField => layout(Reg, Str, Reg, Extra::Feedback),
            Op::NewTable => layout(Reg, Count, NO, Extra::Count),
            Op::SetList => layout(Reg, Count, NO, Extra::Count),
            Op::AddK
            | Op::SubK
            | Op::MulK
            | Op::DivK
            | Op::ModK
            | Op::PowK
            | Op::IDivK
            | Op::BAndK
            | Op::BOrK
            | Op::BXorK
            | Op::ShlK
            | Op::ShrK => layout(Reg, Reg, Num, ONE),
            Op::Jmp => layout(NO, NO, NO, Extra::Distance),
            Op::Loop => layout(NO, NO, NO, Extra::DistanceLoop),
            Op::Eq | Op::Lt | Op::Le => layout(Reg, Reg, Flag, ONE),
            Op::EqK => layout(Reg, Const, Flag, ONE),
            Op::LtI | Op::LeI | Op::GtI | Op::GeI => layout(Reg, Imm, Flag, ONE),
            Op::Test => layout(Reg, NO, Flag, ONE),
            Op::TestSet => layout(Reg, Reg, Flag, ONE),
            Op::Call => layout(Reg, Count, Count, Extra::Feedback),
            Op::TailCall => layout(Reg, Count, Flag, Extra::Feedback),
            Op::Return => layout(Reg, Count, Flag, ONE),
            Op::Return0 | Op::Ext => layout(NO, NO, NO, ONE),
            Op::ForLoop | Op::ForPrep | Op::TForLoop => layout(Reg, LoopBx, NO, Extra::Jump),
            Op::TForPrep => layout(Reg, NO, NO, Extra::Jump),
            Op::TForCall => layout(Reg, NO, Count, Extra::Feedback),
            Op::Closure => layout(Reg, ChildBx, NO, ONE),
            Op::VarArg => layout(Reg, NO, Count, ONE),
            Op::VarArgPrep => layout(Count, NO, NO, ONE),
            // `R[A] = R[B] op R[C]`: the rest.
            _ => layout(Reg, Reg, Reg, ONE),
        }
    }

    /// Whether the instruction decides about the `JMP` that follows it.
    pub const fn is_test(self) -> bool {
        matches!(
            self.unquickened().0,
            Op::Eq | Op::Lt | Op::Le | Op::EqK | Op::LtI | Op::LeI | Op::GtI | Op::GeI | Op::Test | Op::TestSet
        )
    }
}

/// Where the jump of the instruction at `pc` goes, in words from the start; `None` when it does not jump.
pub fn jump_target(code: &[super::Instr], pc: usize) -> Option<i64> {
    let instr = *code.get(pc)?;
    let distance = match instr.op().layout().extra {
        Extra::Distance | Extra::DistanceLoop => instr.jump(),
        Extra::Jump => code.get(pc + 1)?.jump(),
        _ => return None,
    };
    Some((pc + instr.op().words()) as i64 + i64::from(distance))
}
