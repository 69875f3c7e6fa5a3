//! The numbers of modelled time, as `trinity bench --calibrate` writes them.

use super::CostTable;

/// Fitted on AMD EPYC, 2 CPUs, Linux 6.18.44-fc-v669: size small, median error of programs of unseen families 19, 28 and 50 %
/// in tiers 0, 1 and 2.
#[rustfmt::skip]
pub const COSTS: CostTable = CostTable {
    version: 2,
    instruction: [
        // move, upvalue, arith, divide, compare, jump, for-loop, generic-for, field, element, allocate, concat, call, return, list
        [1617, 1486, 1302, 2615, 2777, 1461, 2407, 13355, 5970, 4151, 36831, 41362, 8857, 4568, 9117],
        [1195, 740, 539, 747, 783, 264, 1523, 9256, 3453, 1840, 41900, 53023, 4341, 554, 9948],
        [525, 912, 0, 1068, 537, 594, 769, 8721, 2238, 480, 53222, 46690, 4625, 2381, 12601],
    ],
    library_tick: 3177,
    collector_unit: 380,
    compile_fixed_ns: [4943, 475842],
    compile_word_ns: [563, 16132],
};
