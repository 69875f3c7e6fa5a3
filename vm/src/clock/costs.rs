//! The numbers of modelled time, as `trinity bench --calibrate` writes them.

use super::CostTable;

/// Fitted on AMD EPYC, 2 CPUs, Linux 6.18.
#[rustfmt::skip]
pub const COSTS: CostTable = CostTable {
    version: 1,
    instruction: [
        // move, upvalue, arith, divide, compare, jump, for-loop, generic-for, field, element, allocate, concat, call, return, list
        [1000, 1000, 1500, 2000, 1500, 1000, 1500, 5000, 3000, 2500, 20000, 20000, 5000, 3000, 5000],
        [500, 500, 700, 1000, 700, 300, 700, 3000, 1500, 1300, 18000, 18000, 3000, 1500, 5000],
        [300, 500, 400, 800, 400, 300, 400, 3000, 1200, 1000, 18000, 18000, 2500, 1200, 5000],
    ],
    library_tick: 1500,
    collector_unit: 200,
    compile_fixed_ns: [66, 407_000],
    compile_word_ns: [518, 11_066],
};
