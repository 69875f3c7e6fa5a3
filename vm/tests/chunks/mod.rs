//! Binary chunks that differ a little from what `string.dump` makes.

use trinity_vm::bytecode::{Const, FnUnit, Instr, Op, dump, jump_target, set_loop_depths};

/// Programs that use every instruction, without anything that could run for long.
pub const PROGRAMS: [&str; 4] = [
    r#"
    local a, b, c = ...
    local t = {1, 2.5, "x", nil, true, false, n = a, [b or 1] = c; ...}
    t.x, t[1], t[300], t["a long name of a field, longer than what is interned ........"] = a, b, c, t
    local function f(x, ...) return x, select and select('#', ...), ... end
    local function g(...) local p <const>, q = f(...) return q, p end
    local s = ("a" .. "b" .. tostring) or #t
    return f(g(f(t, a)), t:x(a, b), -1, ~2, not a, #t, {f()}, {g(...), ...})
    "#,
    r#"
    local t, sum = {}, 0
    for i = 1, 10 do
        local captured = i
        t[i] = function() captured = captured + 1 return captured, i end
        for j = 3, 1, -1 do sum = sum + i * j - i % 2 ^ 2 // 1 & 7 | 8 ~ 1 << 2 >> 1 end
        if i > 5 then break end
    end
    for i = 1.0, 2.0, 0.5 do sum = sum + i / 2 end
    local x = t[1]() + t[2]()
    return x <= sum and x or sum < 3 and 4 or x == 5, x ~= "a", t[1] == t[2]
    "#,
    r#"
    local n = 0
    local meta = {__close = function() n = n + 1 end}
    do local c <close> = nil end
    local up = function() local u = n; return function() u = u + n; up = u end end
    goto done
    do local z = 1 end
    ::done::
    x = up y = x() z = _ENV.x
    return up(), function(...) return ... end
    "#,
    r#"
    local list = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, {11, {12, 13}}, f = {1}}
    local first = list[1]
    local deep = list[11][2][1] + first
    local function swap(a, b) return b, a end
    local p, q = swap(1, 2)
    p, q = q, p
    list.f[1], list.g = swap(p, q)
    return (swap(p, q)), p .. q .. "", deep
    "#,
];

/// A sequence of numbers that is the same each time (xorshift64).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// The chunk with some bytes of its payload changed.
pub fn change(mut chunk: Vec<u8>, random: &mut Random) -> Vec<u8> {
    let size = chunk.len() - dump::HEADER;
    let mut place = || dump::HEADER + random.below(size);
    match place() % 8 {
        0 => chunk.truncate(place()),
        1 => {
            let (from, to) = (place(), place());
            let length = 12.min(chunk.len() - from.max(to));
            chunk.copy_within(from..from + length, to);
        }
        changes => {
            for _ in 0..changes.div_ceil(2) {
                let (place, with) = (place(), place());
                chunk[place] = match with % 3 {
                    0 => with as u8,
                    1 => chunk[place] ^ 1 << (with / 3 % 8),
                    _ => chunk[place].wrapping_add(1),
                };
            }
        }
    }
    chunk
}

/// Changes a few instructions, jumps or constants of the function or of one inside it. Much of what comes out is valid.
pub fn change_code(unit: &mut FnUnit, random: &mut Random) {
    if !unit.children.is_empty() && random.below(2) == 0 {
        let child = random.below(unit.children.len());
        return change_code(&mut unit.children[child], random);
    }
    for _ in 0..=random.below(3) {
        let place = instruction(unit, random);
        match random.below(6) {
            0 => change_operand(unit, place, random),
            1 => {
                let op = Op::ALL[random.below(Op::ALL.len())].unquickened().0;
                if op.has_ext() == unit.code[place].op().has_ext() {
                    unit.code[place] = unit.code[place].with_op(op);
                }
            }
            2 => {
                let from = instruction(unit, random);
                if unit.code[from].op().has_ext() == unit.code[place].op().has_ext() {
                    unit.code[place] = unit.code[from];
                }
            }
            3 if !unit.consts.is_empty() => {
                let (at, from) = (random.below(unit.consts.len()), random.below(unit.consts.len()));
                unit.consts[at] = match random.below(5) {
                    0 => Const::Nil,
                    1 => Const::Bool(true),
                    2 => Const::Int([0, -1, 1, i64::MAX, i64::MIN][random.below(5)]),
                    3 => Const::Float([0.0, -0.0, 0.5, f64::NAN, f64::INFINITY][random.below(5)]),
                    _ => unit.consts[from],
                };
            }
            _ => change_jump(unit, random),
        }
    }
}

/// Where an instruction begins.
fn instruction(unit: &FnUnit, random: &mut Random) -> usize {
    let place = random.below(unit.code.len());
    if unit.code[place].op() == Op::Ext { place - 1 } else { place }
}

fn change_operand(unit: &mut FnUnit, place: usize, random: &mut Random) {
    let field = 8 * (1 + random.below(3));
    let near = [0, 1, 2, usize::from(unit.max_stack).saturating_sub(1), random.below(12)][random.below(5)];
    let code = &mut unit.code[place];
    code.0 = code.0 & !(0xff << field) | (near as u32) << field;
}

/// Makes some jump go elsewhere in the same direction, back-edges with what describes their loops.
fn change_jump(unit: &mut FnUnit, random: &mut Random) {
    let jumps: Vec<usize> = (0..unit.code.len())
        .filter(|pc| unit.code[*pc].op() != Op::Ext && jump_target(&unit.code, *pc).is_some())
        .collect();
    if jumps.is_empty() {
        return;
    }
    let pc = jumps[random.below(jumps.len())];
    let op = unit.code[pc].op();
    let target = instruction(unit, random);
    let after = pc + op.words();
    let is_back_edge = matches!(op, Op::Loop | Op::ForLoop | Op::TForLoop);
    if (target < after) != is_back_edge {
        return;
    }
    let distance = target as i32 - after as i32;
    if matches!(op, Op::Jmp | Op::Loop) {
        unit.code[pc] = Instr::sj(op, distance);
    } else {
        unit.code[pc + 1] = Instr::sj(Op::Ext, distance);
    }
    let index = if op == Op::Loop { unit.code[pc + 1].ax() } else { unit.code[pc].bx() };
    if is_back_edge && let Some(desc) = unit.loops.get_mut(index) {
        desc.header_pc = target as u32;
        set_loop_depths(&mut unit.loops);
    }
}
