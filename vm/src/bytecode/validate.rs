//! Checks of bytecode: what the interpreter and the compilers rely on without looking.

use super::layout::{Extra, Field, jump_target};
use super::{Const, FRAME_GAP, FnUnit, Instr, LoopKind, MAX_REGISTERS, Op, flow};

/// Checks the function and those inside it: operands in range, the order of instructions, where jumps go, and what
/// registers hold where it matters (see `flow`). The opcodes of all words must exist.
///
/// What passes can be instantiated and run without harm to the memory of the process, whoever made it. It need not do
/// anything sensible, nor end, and it may use as much memory as any program. The library `debug` is as powerful
/// there as in other programs.
///
/// # Errors
///
/// Says what is wrong, and where.
pub fn validate(unit: &FnUnit) -> Result<(), String> {
    validate_at(unit, "main")
}

fn validate_at(unit: &FnUnit, path: &str) -> Result<(), String> {
    let checker = Checker { unit, starts: starts(&unit.code) };
    checker
        .check()
        .and_then(|()| flow::check(unit))
        .map_err(|(pc, text)| format!("function {path}, pc {pc}: {text}"))?;
    for (index, child) in unit.children.iter().enumerate() {
        let path = format!("{path}.{index}");
        for upval in &child.upvals {
            let limit = if upval.in_stack { unit.max_stack.into() } else { unit.upvals.len() };
            if usize::from(upval.index) >= limit {
                return Err(format!("function {path}: upvalue in {} does not exist outside", upval.index));
            }
        }
        validate_at(child, &path)?;
    }
    Ok(())
}

/// Which words begin an instruction.
fn starts(code: &[Instr]) -> Vec<bool> {
    let mut starts = vec![false; code.len()];
    let mut pc = 0;
    while pc < code.len() {
        starts[pc] = true;
        pc += code[pc].op().words();
    }
    starts
}

struct Checker<'u> {
    unit: &'u FnUnit,
    starts: Vec<bool>,
}

type Check = Result<(), (usize, String)>;

impl Checker<'_> {
    fn check(&self) -> Check {
        let unit = self.unit;
        let fail = |text: &str| Err((0, text.to_string()));
        if !unit.lines.is_empty() && unit.lines.len() != unit.code.len() {
            return fail("lines and code differ in length");
        }
        let strings = unit.strings.len();
        let missing = |name: super::StrId| name.index() >= strings;
        if unit.consts.iter().any(|constant| matches!(constant, Const::Str(id) if missing(*id)))
            || unit.locals.iter().any(|local| missing(local.name))
            || unit.upvals.iter().filter_map(|upval| upval.name).any(missing)
        {
            return fail("a string is missing");
        }
        if usize::from(unit.max_stack) > MAX_REGISTERS || unit.num_params > unit.max_stack {
            return fail("stack size is out of bounds");
        }
        let last = self.starts.iter().rposition(|start| *start);
        if !last.is_some_and(|pc| matches!(unit.code[pc].op(), Op::Return | Op::Return0 | Op::Return1)) {
            return fail("code does not end in a return");
        }
        let mut feedback = 0;
        let mut loops = vec![false; unit.loops.len()];
        let pcs = self.starts.iter().enumerate().filter(|(_, start)| **start).map(|(pc, _)| pc);
        for pc in pcs {
            self.check_instr(pc, &mut feedback, &mut loops).map_err(|text| (pc, text))?;
        }
        if feedback != unit.feedback_slots as usize {
            return fail("feedback slots are miscounted");
        }
        if let Some(index) = loops.iter().position(|seen| !seen) {
            return Err((0, format!("loop {index} has no back-edge")));
        }
        for local in &unit.locals {
            let bounds = local.start_pc <= local.end_pc && local.end_pc as usize <= unit.code.len();
            if !bounds || local.reg >= unit.max_stack {
                return Err((0, format!("local in register {} is out of bounds", local.reg)));
            }
        }
        Ok(())
    }

    fn check_instr(&self, pc: usize, feedback: &mut usize, loops: &mut [bool]) -> Result<(), String> {
        let unit = self.unit;
        let instr = unit.code[pc];
        let op = instr.op();
        if op == Op::Ext || op.unquickened().0 != op {
            return Err(format!("opcode {} is not for the front end", op.name()));
        }
        let layout = op.layout();
        for (field, value) in [(layout.a, instr.a()), (layout.b, instr.b()), (layout.c, instr.c())] {
            self.check_field(field, value, instr)?;
        }
        let ext = match op.has_ext() {
            false => Instr(0),
            true => match unit.code.get(pc + 1) {
                Some(ext) if ext.op() == Op::Ext => *ext,
                _ => return Err("EXT is missing".into()),
            },
        };
        match layout.extra {
            Extra::Feedback => {
                if ext.ax() != *feedback {
                    return Err(format!("feedback slot {} instead of {feedback}", ext.ax()));
                }
                *feedback += 1;
            }
            Extra::Const => self.below(ext.ax(), unit.consts.len(), "constant")?,
            Extra::DistanceLoop => self.below(ext.ax(), unit.loops.len(), "loop")?,
            Extra::None | Extra::Count | Extra::Jump | Extra::Distance => {}
        }
        self.check_registers(instr)?;
        self.check_flow(pc, instr)?;
        let back_edge = match op {
            Op::Loop => ext.ax(),
            Op::ForLoop | Op::TForLoop => instr.bx(),
            _ => return Ok(()),
        };
        self.check_back_edge(pc, back_edge)?;
        loops[back_edge] = true;
        Ok(())
    }

    fn below(&self, value: usize, limit: usize, what: &str) -> Result<(), String> {
        if value < limit { Ok(()) } else { Err(format!("{what} {value} does not exist")) }
    }

    fn check_field(&self, field: Field, value: usize, instr: Instr) -> Result<(), String> {
        let unit = self.unit;
        let consts = unit.consts.len();
        match field {
            Field::Reg => self.below(value, unit.max_stack.into(), "register"),
            Field::Const => self.below(value, consts, "constant"),
            Field::ConstBx => self.below(instr.bx(), consts, "constant"),
            Field::Upval => self.below(value, unit.upvals.len(), "upvalue"),
            Field::ChildBx => self.below(instr.bx(), unit.children.len(), "child"),
            Field::LoopBx => self.below(instr.bx(), unit.loops.len(), "loop"),
            Field::Flag => self.below(value, 2, "flag"),
            Field::Str => match unit.consts.get(value) {
                Some(Const::Str(_)) => Ok(()),
                _ => Err(format!("constant {value} is no string")),
            },
            Field::Num => match unit.consts.get(value) {
                Some(Const::Int(_) | Const::Float(_)) => Ok(()),
                _ => Err(format!("constant {value} is no number")),
            },
            Field::None | Field::Count | Field::Imm | Field::ImmBx => Ok(()),
        }
    }

    /// Registers beyond those that the fields name.
    fn check_registers(&self, instr: Instr) -> Result<(), String> {
        let (a, b, c) = (instr.a(), instr.b(), instr.c());
        let args = a + 1 + FRAME_GAP;
        let end = match instr.op() {
            Op::LoadNil => a + b + 1,
            Op::SelfField => args + 1,
            Op::Concat => a + b,
            Op::Call => (args + b.saturating_sub(1)).max(a + c.saturating_sub(1)),
            Op::TailCall => args + b.saturating_sub(1),
            Op::Return => a + b.saturating_sub(1),
            Op::ForLoop | Op::ForPrep | Op::TForPrep => a + 4,
            Op::TForCall => (a + 8).max(a + 4 + c),
            Op::TForLoop => a + 5,
            Op::SetList => a + b + 1,
            Op::VarArg => a + c.saturating_sub(1),
            _ => return Ok(()),
        };
        if end <= usize::from(self.unit.max_stack) { Ok(()) } else { Err(format!("needs {end} registers")) }
    }

    /// What must follow, and where jumps may go.
    fn check_flow(&self, pc: usize, instr: Instr) -> Result<(), String> {
        let code = &self.unit.code;
        let op = instr.op();
        let next = pc + op.words();
        let next_op = code.get(next).map(|instr| instr.op());
        let follows = |expected: bool, what: &str| if expected { Ok(()) } else { Err(what.to_string()) };
        if pc == 0 {
            follows(!self.unit.is_vararg || op == Op::VarArgPrep, "no VARARGPREP in a vararg function")?;
        }
        match op {
            _ if op.is_test() => follows(next_op == Some(Op::Jmp), "no JMP after a test")?,
            Op::LFalseSkip => {
                let whole = next_op.is_some_and(|op| !op.has_ext() && !op.is_test()) && next + 1 < code.len();
                follows(whole, "LFALSESKIP does not skip an instruction")?;
            }
            Op::TForCall => {
                let same = code.get(next).is_some_and(|next| next.op() == Op::TForLoop && next.a() == instr.a());
                follows(same, "no TFORLOOP after TFORCALL")?;
            }
            Op::TailCall => {
                let open = |next: &Instr| next.op() == Op::Return && next.a() == instr.a() && next.b() == 0;
                follows(code.get(next).is_some_and(open), "no RETURN after TAILCALL")?;
            }
            Op::VarArgPrep => {
                let expected = pc == 0 && self.unit.is_vararg && instr.a() == usize::from(self.unit.num_params);
                follows(expected, "VARARGPREP out of place")?;
            }
            Op::VarArg => follows(self.unit.is_vararg, "VARARG in a function without")?,
            Op::Return0 | Op::Return1 => follows(!self.unit.is_vararg, "short return from a vararg function")?,
            Op::Concat => follows(instr.b() >= 2, "CONCAT of less than two values")?,
            _ => {}
        }
        let Some(target) = jump_target(code, pc) else { return Ok(()) };
        let valid = usize::try_from(target).is_ok_and(|target| {
            // A test and its jump are one instruction to the compilers. The frame of a vararg function is adjusted once.
            self.starts.get(target) == Some(&true)
                && !(target > 0 && self.starts[target - 1] && code[target - 1].op().is_test())
                && !(target == 0 && self.unit.is_vararg)
        });
        follows(valid, "jump to no instruction")?;
        let backward = target <= pc as i64;
        follows(backward == matches!(op, Op::Loop | Op::ForLoop | Op::TForLoop), "jump in the wrong direction")?;
        let target_op = code[target as usize].op();
        match op {
            Op::TForPrep => {
                let same = target_op == Op::TForCall && code[target as usize].a() == instr.a();
                follows(same, "TFORPREP does not reach its TFORCALL")
            }
            Op::ForPrep => {
                let desc = self.unit.loops[instr.bx()];
                follows(target == i64::from(desc.back_edge_pc) + 2, "FORPREP does not go past its FORLOOP")
            }
            _ => Ok(()),
        }
    }

    fn check_back_edge(&self, pc: usize, index: usize) -> Result<(), String> {
        let desc = self.unit.loops[index];
        let target = jump_target(&self.unit.code, pc);
        let kind = match self.unit.code[pc].op() {
            Op::ForLoop => LoopKind::Numeric,
            Op::TForLoop => LoopKind::Generic,
            _ => LoopKind::Branch,
        };
        let described =
            desc.kind == kind && desc.back_edge_pc as usize == pc && target == Some(i64::from(desc.header_pc));
        if described && desc.depth > 0 { Ok(()) } else { Err(format!("loop {index} is described wrongly")) }
    }
}
