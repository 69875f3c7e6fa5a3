//! Checks of bytecode that follow its control flow: what registers hold where the interpreter and the compilers do not
//! look.
//!
//! An abstract interpretation over sets of registers. What must hold (a value has been assigned, it is a table under
//! construction, a numeric loop has been prepared) is intersected where paths meet; what may hold (an upvalue is open,
//! a variable waits to be closed) is united. Structure has been checked before.

use super::layout::jump_target;
use super::{FRAME_GAP, FnUnit, Instr, Op};

/// Passes over a function after which the search for a fixed point is given up; as many as loops nest are needed.
const MAX_PASSES: usize = 1000;

/// What registers hold the hidden state of a numeric loop, as the front end calls them.
const LOOP_STATE: &[u8] = b"(for state)";

/// A set of registers.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Regs([u64; 4]);

impl Regs {
    fn has(self, reg: usize) -> bool {
        self.0[reg / 64] >> (reg % 64) & 1 != 0
    }

    fn add(&mut self, reg: usize) {
        self.0[reg / 64] |= 1 << (reg % 64);
    }

    fn remove(&mut self, reg: usize) {
        self.0[reg / 64] &= !(1 << (reg % 64));
    }

    /// Registers from `reg` on.
    fn from(reg: usize) -> Self {
        Self(std::array::from_fn(|word| match (word * 64).checked_sub(reg) {
            Some(_) => u64::MAX,
            None if reg - word * 64 < 64 => u64::MAX << (reg - word * 64),
            None => 0,
        }))
    }

    fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & other.0[word]))
    }

    fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }

    fn without(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & !other.0[word]))
    }

    /// The registers directly below.
    fn lowered(self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] >> 1 | self.0.get(word + 1).map_or(0, |above| above << 63)))
    }

    fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// What is known before an instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    assigned: Regs,
    /// Holds a new table that nothing but the code in sight can have replaced.
    tables: Regs,
    /// First register of a numeric loop's state, as `FORPREP` left it.
    loops: Regs,
    /// Captured by a closure, and the upvalue may not be closed yet.
    captured: Regs,
    /// May be marked to be closed.
    to_close: Regs,
    /// First register of an open list that the instruction before left.
    open: Option<u8>,
}

impl State {
    fn entry(params: usize) -> Self {
        let none = Regs::default();
        let assigned = Regs::from(0).without(Regs::from(params));
        Self { assigned, tables: none, loops: none, captured: none, to_close: none, open: None }
    }

    fn meet(&mut self, other: &Self) {
        self.assigned = self.assigned.and(other.assigned);
        self.tables = self.tables.and(other.tables);
        self.loops = self.loops.and(other.loops);
        self.captured = self.captured.or(other.captured);
        self.to_close = self.to_close.or(other.to_close);
        if self.open != other.open {
            self.open = None;
        }
    }

    /// Forgets what is known of a register beside that it holds some value.
    fn disturb(&mut self, reg: usize) {
        self.tables.remove(reg);
        for first in reg.saturating_sub(2)..=reg {
            self.loops.remove(first);
        }
    }

    fn write(&mut self, reg: usize) {
        self.disturb(reg);
        self.assigned.add(reg);
    }

    fn read(&self, reg: usize) -> Result<(), String> {
        if self.assigned.has(reg) { Ok(()) } else { Err(format!("register {reg} may not be assigned")) }
    }

    fn read_all(&self, mut regs: std::ops::Range<usize>) -> Result<(), String> {
        regs.try_for_each(|reg| self.read(reg))
    }

    /// Registers from `reg` on come to belong to somebody else.
    fn give_away(&mut self, reg: usize) -> Result<(), String> {
        let gone = Regs::from(reg);
        if !self.captured.or(self.to_close).and(gone).is_empty() {
            return Err("open variables in registers that are given away".into());
        }
        self.assigned = self.assigned.without(gone);
        self.tables = self.tables.without(gone);
        self.loops = self.loops.without(Regs::from(reg.saturating_sub(2)));
        Ok(())
    }

    /// Values from `first` on: `count` of them, or those of an open list.
    fn read_list(&self, first: usize, count: Option<usize>) -> Result<(), String> {
        let end = match (count, self.open) {
            (Some(count), _) => first + count,
            (None, Some(open)) if usize::from(open) >= first => open.into(),
            (None, _) => return Err("no open list".into()),
        };
        self.read_all(first..end)
    }
}

/// Which locals the debug information calls live, as the code is gone through in order.
struct Live<'u> {
    unit: &'u FnUnit,
    /// Locals by place of their start and by place of their end.
    starts: Vec<u32>,
    ends: Vec<u32>,
    next_start: usize,
    next_end: usize,
    counts: [u32; 256],
    regs: Regs,
    /// Those that are not the hidden state of a loop.
    visible_counts: [u32; 256],
    visible: Regs,
}

impl<'u> Live<'u> {
    fn new(unit: &'u FnUnit) -> Self {
        let by = |key: fn(&super::LocalVar) -> u32| {
            let mut order: Vec<u32> = (0..unit.locals.len() as u32).collect();
            order.sort_by_key(|local| key(&unit.locals[*local as usize]));
            order
        };
        Self {
            unit,
            starts: by(|local| local.start_pc),
            ends: by(|local| local.end_pc),
            next_start: 0,
            next_end: 0,
            counts: [0; 256],
            regs: Regs::default(),
            visible_counts: [0; 256],
            visible: Regs::default(),
        }
    }

    fn rewind(&mut self) {
        (self.next_start, self.next_end) = (0, 0);
        (self.counts, self.visible_counts) = ([0; 256], [0; 256]);
        (self.regs, self.visible) = (Regs::default(), Regs::default());
    }

    /// Goes on to `pc`.
    fn advance(&mut self, pc: usize) {
        let unit = self.unit;
        while let Some(local) = self.starts.get(self.next_start).map(|index| &unit.locals[*index as usize])
            && local.start_pc as usize <= pc
        {
            let reg = usize::from(local.reg);
            self.next_start += 1;
            self.counts[reg] += 1;
            self.regs.add(reg);
            if unit.strings.get(local.name) != LOOP_STATE {
                self.visible_counts[reg] += 1;
                self.visible.add(reg);
            }
        }
        while let Some(local) = self.ends.get(self.next_end).map(|index| &unit.locals[*index as usize])
            && local.end_pc as usize <= pc
        {
            let reg = usize::from(local.reg);
            self.next_end += 1;
            self.counts[reg] -= 1;
            if self.counts[reg] == 0 {
                self.regs.remove(reg);
            }
            if unit.strings.get(local.name) != LOOP_STATE {
                self.visible_counts[reg] -= 1;
                if self.visible_counts[reg] == 0 {
                    self.visible.remove(reg);
                }
            }
        }
    }
}

/// Checks one function; children are only looked at for what they capture.
pub(super) fn check(unit: &FnUnit) -> Result<(), (usize, String)> {
    let mut flow = Flow { unit, slots: vec![0; unit.code.len()], states: Vec::new(), changed: false };
    flow.number_targets();
    let mut live = Live::new(unit);
    for _ in 0..MAX_PASSES {
        flow.changed = false;
        live.rewind();
        flow.pass(&mut live)?;
        if !flow.changed {
            return Ok(());
        }
    }
    Err((0, "control flow is too complex".into()))
}

struct Flow<'u> {
    unit: &'u FnUnit,
    /// For each place that is jumped to, its number in `states`, plus 1.
    slots: Vec<u32>,
    /// What is known there; `None` where nothing arrives yet.
    states: Vec<Option<State>>,
    /// A state changed that the pass had already used.
    changed: bool,
}

impl Flow<'_> {
    fn number_targets(&mut self) {
        let code = &self.unit.code;
        let mut pc = 0;
        while pc < code.len() {
            let after = pc + code[pc].op().words();
            // A test goes on at its jump or behind it.
            let skip = (code[pc].op().is_test() || code[pc].op() == Op::LFalseSkip).then_some(after + 1);
            let target = jump_target(code, pc).map(|target| target as usize);
            for place in skip.into_iter().chain(target) {
                if self.slots[place] == 0 {
                    self.states.push(None);
                    self.slots[place] = self.states.len() as u32;
                }
            }
            pc = after;
        }
    }

    /// Notes that control may go from `from` to `to`.
    fn arrive(&mut self, from: usize, to: usize, state: &State) {
        let Some(known) = self.slots[to].checked_sub(1).map(|slot| &mut self.states[slot as usize]) else { return };
        let met = match *known {
            None => *state,
            Some(mut met) => {
                met.meet(state);
                met
            }
        };
        if *known != Some(met) {
            *known = Some(met);
            self.changed |= to <= from;
        }
    }

    fn pass(&mut self, live: &mut Live) -> Result<(), (usize, String)> {
        let code = &self.unit.code;
        let mut state = Some(State::entry(self.unit.num_params.into()));
        let mut pc = 0;
        while pc < code.len() {
            live.advance(pc);
            if self.slots[pc] != 0 {
                if let Some(state) = &state {
                    self.arrive(pc.saturating_sub(1), pc, state);
                }
                state = self.states[self.slots[pc] as usize - 1];
            }
            let instr = code[pc];
            let after = pc + instr.op().words();
            if let Some(before) = &state {
                let next = self.step(pc, instr, before, live).map_err(|text| (pc, text))?;
                state = next;
            }
            pc = after;
        }
        Ok(())
    }

    /// What holds behind an instruction, if control can get there; other successors are told.
    fn step(&mut self, pc: usize, instr: Instr, before: &State, live: &Live) -> Result<Option<State>, String> {
        let (a, b, c) = (instr.a(), instr.b(), instr.c());
        let after = pc + instr.op().words();
        let target = jump_target(&self.unit.code, pc).map(|target| target as usize);
        let mut state = *before;
        state.open = None;
        // `debug.setlocal` may have changed what is a local now.
        state.tables = state.tables.without(live.regs);
        let visible = live.visible;
        state.loops = state.loops.without(visible.or(visible.lowered()).or(visible.lowered().lowered()));
        let arguments = a + 1 + FRAME_GAP;
        match instr.op() {
            Op::Move | Op::Unm | Op::BNot | Op::Not | Op::Len | Op::GetI | Op::GetField => {
                before.read(b)?;
                state.write(a);
            }
            Op::LoadI
            | Op::LoadF
            | Op::LoadK
            | Op::LoadKX
            | Op::LoadFalse
            | Op::LoadTrue
            | Op::GetUpval
            | Op::GetTabUp => state.write(a),
            Op::LFalseSkip => {
                state.write(a);
                self.arrive(pc, after + 1, &state);
                return Ok(None);
            }
            Op::LoadNil => (a..=a + b).for_each(|reg| state.write(reg)),
            Op::SetUpval | Op::Test | Op::EqK | Op::LtI | Op::LeI | Op::GtI | Op::GeI => before.read(a)?,
            Op::Eq | Op::Lt | Op::Le => {
                before.read(a)?;
                before.read(b)?;
            }
            Op::TestSet => {
                before.read(b)?;
                self.arrive(pc, after + 1, &state);
                state.write(a);
                return Ok(Some(state));
            }
            Op::SetTabUp => before.read(c)?,
            Op::SetI | Op::SetField => {
                before.read(a)?;
                before.read(c)?;
            }
            Op::SetTable => {
                before.read(a)?;
                before.read(b)?;
                before.read(c)?;
            }
            Op::NewTable => {
                state.write(a);
                if !state.captured.has(a) && !live.regs.has(a) {
                    state.tables.add(a);
                }
            }
            Op::SetList => {
                if !state.tables.has(a) {
                    return Err(format!("register {a} may hold no new table"));
                }
                before.read_list(a + 1, (b > 0).then_some(b))?;
            }
            Op::SelfField => {
                before.read(b)?;
                state.write(a);
                state.write(arguments);
            }
            Op::Concat => {
                before.read_list(a, Some(b))?;
                (a..a + b).for_each(|reg| state.write(reg));
            }
            Op::Close => {
                state.captured = state.captured.without(Regs::from(a));
                state.to_close = state.to_close.without(Regs::from(a));
            }
            Op::Tbc => {
                before.read(a)?;
                self.mark(&mut state, a)?;
            }
            Op::Jmp | Op::Loop => {}
            Op::Call => {
                self.call(before, &mut state, a, b, live)?;
                match c {
                    0 => state.open = Some(a as u8),
                    _ => (a..a + c - 1).for_each(|reg| state.write(reg)),
                }
            }
            Op::TailCall => {
                if c != 0 {
                    state.captured = Regs::default();
                }
                self.leave(&state, true)?;
                self.call(before, &mut state, a, b, live)?;
                state.open = Some(a as u8);
            }
            Op::Return => {
                before.read_list(a, b.checked_sub(1))?;
                self.leave(before, c == 0)?;
                return Ok(None);
            }
            Op::Return0 | Op::Return1 => {
                if instr.op() == Op::Return1 {
                    before.read(a)?;
                }
                self.leave(before, true)?;
                return Ok(None);
            }
            Op::ForPrep => {
                before.read_all(a..a + 3)?;
                (a..a + 3).for_each(|reg| state.write(reg));
                if let Some(target) = target {
                    self.arrive(pc, target, &state);
                }
                state.write(a + 3);
                if !(a..a + 3).any(|reg| state.captured.has(reg) || live.visible.has(reg)) {
                    state.loops.add(a);
                }
                return Ok(Some(state));
            }
            Op::ForLoop => {
                if !state.loops.has(a) {
                    return Err(format!("no numeric loop is prepared in register {a}"));
                }
                let exit = state;
                state.write(a + 3);
                if let Some(target) = target {
                    self.arrive(pc, target, &state);
                }
                return Ok(Some(exit));
            }
            Op::TForPrep => {
                before.read_all(a..a + 4)?;
                self.mark(&mut state, a + 3)?;
            }
            Op::TForCall => {
                before.read_all(a..a + 3)?;
                if !live.regs.and(Regs::from(a + 4)).is_empty() {
                    return Err("a call in the registers of locals".into());
                }
                state.give_away(a + 4)?;
                (a + 4..a + 4 + c).for_each(|reg| state.write(reg));
            }
            Op::TForLoop => {
                before.read(a + 4)?;
                let exit = state;
                state.write(a + 2);
                if let Some(target) = target {
                    self.arrive(pc, target, &state);
                }
                return Ok(Some(exit));
            }
            Op::Closure => {
                for upval in self.unit.children[instr.bx()].upvals.iter().filter(|upval| upval.in_stack) {
                    let reg = usize::from(upval.index);
                    // A local function may refer to itself.
                    if reg != a {
                        before.read(reg)?;
                    }
                    state.disturb(reg);
                    state.captured.add(reg);
                }
                state.write(a);
            }
            Op::VarArg => match c {
                0 => {
                    state.give_away(a)?;
                    state.open = Some(a as u8);
                }
                _ => (a..a + c - 1).for_each(|reg| state.write(reg)),
            },
            Op::VarArgPrep => {}
            // Arithmetic: with a register or with a constant.
            op => {
                before.read(b)?;
                if op.layout().c == super::Field::Reg {
                    before.read(c)?;
                }
                state.write(a);
            }
        }
        if instr.op().is_test() {
            self.arrive(pc, after + 1, &state);
            return Ok(Some(state));
        }
        match target {
            Some(target) => {
                self.arrive(pc, target, &state);
                // Jumps that depend on something have been dealt with.
                Ok(None)
            }
            None => Ok(Some(state)),
        }
    }

    fn mark(&self, state: &mut State, reg: usize) -> Result<(), String> {
        if !state.to_close.and(Regs::from(reg)).is_empty() {
            return Err("variables to be closed are out of order".into());
        }
        state.to_close.add(reg);
        Ok(())
    }

    fn call(&self, before: &State, state: &mut State, a: usize, b: usize, live: &Live) -> Result<(), String> {
        before.read(a)?;
        before.read_list(a + 1 + FRAME_GAP, b.checked_sub(1))?;
        if !live.regs.and(Regs::from(a)).is_empty() {
            return Err("a call in the registers of locals".into());
        }
        state.give_away(a)
    }

    /// Checks that a frame can go; `at_once` when nothing is closed before.
    fn leave(&self, state: &State, at_once: bool) -> Result<(), String> {
        if at_once && !state.captured.or(state.to_close).is_empty() {
            return Err("open variables in a frame that is left".into());
        }
        Ok(())
    }
}
