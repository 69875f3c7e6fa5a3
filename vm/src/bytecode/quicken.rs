//! How operators remember what operands they have met: by becoming another opcode.

use super::{Hint, Op};
use crate::value::tag;

impl Op {
    /// What an operator becomes that has met two integers, two floats, or anything else; `None` for what is not quickened.
    pub const fn operator_forms(self) -> Option<[Op; 3]> {
        use Op::*;
        Some(match self.unquickened().0 {
            Add => [AddII, AddFF, AddAny],
            Sub => [SubII, SubFF, SubAny],
            Mul => [MulII, MulFF, MulAny],
            Div => [DivAny, DivFF, DivAny],
            Mod => [ModII, ModAny, ModAny],
            IDiv => [IDivII, IDivAny, IDivAny],
            AddK => [AddKII, AddKFF, AddKAny],
            SubK => [SubKII, SubKFF, SubKAny],
            MulK => [MulKII, MulKFF, MulKAny],
            DivK => [DivKAny, DivKFF, DivKAny],
            ModK => [ModKII, ModKAny, ModKAny],
            IDivK => [IDivKII, IDivKAny, IDivKAny],
            Lt => [LtII, LtFF, LtAny],
            Le => [LeII, LeFF, LeAny],
            _ => return None,
        })
    }

    /// What an operator becomes when it meets operands with these tags.
    pub fn quickened(self, lhs: u8, rhs: u8) -> Option<Op> {
        let [ints, floats, any] = self.operator_forms()?;
        let seen = match (lhs, rhs) {
            (tag::INT, tag::INT) => ints,
            (tag::FLOAT, tag::FLOAT) => floats,
            _ => any,
        };
        Some(if self.unquickened().1 == Hint::None || self == seen { seen } else { any })
    }
}
