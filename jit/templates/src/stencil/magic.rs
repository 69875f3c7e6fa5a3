//! Operands that are recognised in machine code. Every stencil is compiled with two sets of them; where the code differs,
//! the difference tells which operand has gone there, and with which scale.

use super::Filling;
use crate::{
    helper::{Helper, HelperTable},
    instruction::{Operand, Operands},
};

/// Factors that templates and instruction selection apply to operands.
const SCALES: [i64; 7] = [1, 8, 16, 32, -1, -16, 1 << 32];

/// Addends stay below this: offsets within frames and objects.
const MAX_ADDEND: i64 = 1 << 16;

pub struct Magic {
    pub operands: [Operands; 2],
    pub helpers: [HelperTable; 2],
}

/// How an operand gets into machine code.
enum Size {
    /// As a small number that is not negative: displacements and 32-bit immediates.
    Small,
    /// As a 32-bit immediate with a sign. (The magic numbers are negative: of others Cranelift may leave out the sign.)
    Signed,
    /// As a 64-bit immediate.
    Wide,
    /// As an 8-bit immediate.
    Byte,
}

fn size(operand: Operand) -> Size {
    match operand {
        Operand::A
        | Operand::B
        | Operand::C
        | Operand::Pc
        | Operand::HelperPc
        | Operand::Slot
        | Operand::NameOffset
        | Operand::AddedOffset
        | Operand::Params
        | Operand::MaxStack => Size::Small,
        Operand::Immediate => Size::Signed,
        Operand::Shift => Size::Byte,
        _ => Size::Wide,
    }
}

impl Magic {
    pub fn new() -> Magic {
        let mut state = 0x7472_696e_6974_7931_u64;
        let mut random = move || {
            // SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ z >> 31
        };
        // Large enough to need all their bytes, and odd, so that nothing is turned into a shift.
        let mut wide = || (random() >> 3 | 1 << 60 | 1) as i64;
        let mut magic = Magic { operands: [[0; Operand::COUNT]; 2], helpers: [[0; Helper::ALL.len()]; 2] };
        for set in 0..2 {
            for operand in Operand::ALL {
                magic.operands[set][operand as usize] = match size(operand) {
                    Size::Small => (wide() & 0x3f_ffff) | 0x40_0000,
                    Size::Signed => -((wide() & 0x3f_ffff) | 0x40_0000),
                    Size::Wide => wide(),
                    Size::Byte => [13, 46][set],
                };
            }
            for helper in Helper::ALL {
                magic.helpers[set][*helper as usize] = wide() as usize;
            }
        }
        magic
    }

    /// What two values of a field of `width` bytes come from, with the addend.
    pub fn recognise(&self, values: [i64; 2], width: u8) -> Option<(Filling, i64)> {
        let bits = u32::from(width) * 8;
        let wrapped = |value: i64| value << (64 - bits) >> (64 - bits);
        let mut found = None;
        let mut consider = |magic: [i64; 2], scale: i64, filling: Filling| {
            let products = magic.map(|magic| magic.wrapping_mul(scale));
            let addends = [0, 1].map(|set| wrapped(values[set].wrapping_sub(products[set])));
            let limit = MAX_ADDEND.wrapping_mul(scale.unsigned_abs().max(1) as i64).max(MAX_ADDEND);
            if addends[0] == addends[1] && addends[0].abs() < limit {
                // Two explanations are none.
                found = if found.is_none() { Some(Some((filling, addends[0]))) } else { Some(None) };
            }
        };
        for operand in Operand::ALL {
            let magic = [0, 1].map(|set| self.operands[set][operand as usize]);
            let fits = match size(operand) {
                Size::Small | Size::Signed => width >= 4,
                Size::Wide => width == 8,
                Size::Byte => width == 1,
            };
            for scale in SCALES.into_iter().filter(|scale| fits && (width == 8 || *scale < 1 << 32)) {
                if matches!(size(operand), Size::Small) || scale == 1 {
                    consider(magic, scale, Filling::Operand { operand: operand as u8, scale });
                }
            }
        }
        if width == 8 {
            for helper in Helper::ALL {
                let magic = [0, 1].map(|set| self.helpers[set][*helper as usize] as i64);
                consider(magic, 1, Filling::Helper(*helper as u8));
            }
        }
        found.flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operand_is_recognised_with_its_scale_and_addend() {
        let magic = Magic::new();
        for operand in Operand::ALL {
            let (width, scales): (u8, &[i64]) = match size(operand) {
                Size::Small => (4, &[1, 8, 16, 32, -1, -16]),
                Size::Signed => (4, &[1]),
                Size::Wide => (8, &[1]),
                Size::Byte => (1, &[1]),
            };
            for scale in scales {
                let values = [0, 1].map(|set| magic.operands[set][operand as usize] * scale + 8);
                let expected = (Filling::Operand { operand: operand as u8, scale: *scale }, 8);
                assert_eq!(magic.recognise(values, width), Some(expected), "{operand:?} by {scale}");
            }
        }
        assert_eq!(magic.recognise([0x1234, 0x1238], 4), None);
    }
}
