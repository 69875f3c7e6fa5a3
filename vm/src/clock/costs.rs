//! The numbers of modelled time, as `trinity bench --calibrate` writes them.

use super::CostTable;

/// Fitted on AMD EPYC, 2 CPUs, Linux 6.18.44-fc-v669: size small, median error of programs of unseen families 20, 24 and 44 %
/// in tiers 0, 1 and 2.
#[rustfmt::skip]
pub const COSTS: CostTable = CostTable {
    version: 3,
    instruction: [
        // move, upvalue, arith, divide, compare, jump, for-loop, generic-for, field, element, allocate, concat, call, return, list
        [1625, 1465, 1268, 2608, 2861, 1455, 2349, 14442, 5190, 3618, 33375, 42035, 8630, 4411, 9022],
        [1250, 832, 606, 869, 917, 305, 1593, 9537, 3236, 1721, 41701, 63750, 4329, 627, 11527],
        [521, 902, 121, 1068, 406, 649, 829, 16602, 1827, 569, 54008, 77264, 5058, 2922, 19201],
    ],
    library_tick: 3237,
    collector_unit: 379,
    side_exit: 33764,
    loop_entry: 8513,
    compile_fixed_ns: [8111, 528934],
    compile_word_ns: [423, 12808],
};
