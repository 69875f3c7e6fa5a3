//! Names of values for error messages, found by searching the code backwards for what set a register.

use super::layout::{Field, jump_target};
use super::{Const, FnUnit, Instr, LocalVar, Op, Strings, UpvalDesc};

/// What messages call a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    Global,
    Local,
    Method,
    Field,
    Upvalue,
    Constant,
    Metamethod,
    ForIterator,
}

impl NameKind {
    pub fn as_str(self) -> &'static str {
        match self {
            NameKind::Global => "global",
            NameKind::Local => "local",
            NameKind::Method => "method",
            NameKind::Field => "field",
            NameKind::Upvalue => "upvalue",
            NameKind::Constant => "constant",
            NameKind::Metamethod => "metamethod",
            NameKind::ForIterator => "for iterator",
        }
    }
}

/// What the search reads.
#[derive(Clone, Copy)]
pub struct CodeView<'a> {
    pub code: &'a [Instr],
    pub consts: &'a [Const],
    pub locals: &'a [LocalVar],
    pub upvals: &'a [UpvalDesc],
    pub strings: &'a Strings,
}

type Name<'a> = Option<(NameKind, &'a [u8])>;

impl<'a> CodeView<'a> {
    /// A function's own tables with `code`, which may be quickened.
    pub fn new(unit: &'a FnUnit, code: &'a [Instr]) -> Self {
        Self { code, consts: &unit.consts, locals: &unit.locals, upvals: &unit.upvals, strings: &unit.strings }
    }

    /// The local variable in `reg` while the instruction at `pc` runs.
    pub fn local_name(&self, pc: usize, reg: usize) -> Option<&'a [u8]> {
        let live = |local: &&LocalVar| {
            usize::from(local.reg) == reg && local.start_pc as usize <= pc && pc < local.end_pc as usize
        };
        self.locals.iter().find(live).map(|local| self.strings.get(local.name))
    }

    /// What the value in `reg` is called when the instruction at `pc` is about to use it.
    pub fn register_name(&self, pc: usize, reg: usize) -> Name<'a> {
        if let Some(name) = self.local_name(pc, reg) {
            return Some((NameKind::Local, name));
        }
        let pc = self.setter(pc, reg)?;
        let instr = self.code[pc];
        match instr.op().unquickened().0 {
            Op::Move if instr.b() < instr.a() => self.register_name(pc, instr.b()),
            Op::GetTabUp => {
                let global = self.upvalue_name(instr.b()) == Some(b"_ENV");
                Some((field_kind(global), self.string(instr.c()).unwrap_or(b"?")))
            }
            Op::GetTable => {
                let key = match self.register_name(pc, instr.c()) {
                    Some((NameKind::Constant, name)) => name,
                    _ => b"?",
                };
                Some((self.kind_in(pc, instr.b()), key))
            }
            Op::GetI => Some((NameKind::Field, b"integer index")),
            Op::GetField => Some((self.kind_in(pc, instr.b()), self.string(instr.c()).unwrap_or(b"?"))),
            Op::GetUpval => self.upvalue_name(instr.b()).map(|name| (NameKind::Upvalue, name)),
            Op::LoadK => self.string(instr.bx()).map(|name| (NameKind::Constant, name)),
            Op::LoadKX => self.string(self.code.get(pc + 1)?.ax()).map(|name| (NameKind::Constant, name)),
            Op::SelfField if reg == instr.a() => Some((NameKind::Method, self.string(instr.c()).unwrap_or(b"?"))),
            _ => None,
        }
    }

    /// What the function is called that the instruction at `pc` calls, be it as a metamethod.
    pub fn called_name(&self, pc: usize) -> Name<'a> {
        let instr = *self.code.get(pc)?;
        let event: &[u8] = match instr.op().unquickened().0 {
            Op::Call | Op::TailCall => return self.register_name(pc, instr.a()),
            Op::TForCall => return Some((NameKind::ForIterator, b"for iterator")),
            Op::GetTabUp | Op::GetTable | Op::GetI | Op::GetField | Op::SelfField => b"index",
            Op::SetTabUp | Op::SetTable | Op::SetI | Op::SetField => b"newindex",
            Op::Add | Op::AddK => b"add",
            Op::Sub | Op::SubK => b"sub",
            Op::Mul | Op::MulK => b"mul",
            Op::Div | Op::DivK => b"div",
            Op::Mod | Op::ModK => b"mod",
            Op::Pow | Op::PowK => b"pow",
            Op::IDiv | Op::IDivK => b"idiv",
            Op::BAnd | Op::BAndK => b"band",
            Op::BOr | Op::BOrK => b"bor",
            Op::BXor | Op::BXorK => b"bxor",
            Op::Shl | Op::ShlK => b"shl",
            Op::Shr | Op::ShrK => b"shr",
            Op::Unm => b"unm",
            Op::BNot => b"bnot",
            Op::Len => b"len",
            Op::Concat => b"concat",
            Op::Eq => b"eq",
            Op::Lt | Op::LtI | Op::GtI => b"lt",
            Op::Le | Op::LeI | Op::GeI => b"le",
            Op::Close | Op::Return => b"close",
            _ => return None,
        };
        Some((NameKind::Metamethod, event))
    }

    pub fn upvalue_name(&self, index: usize) -> Option<&'a [u8]> {
        self.upvals.get(index).map(|upval| upval.name.map_or(&b"?"[..], |name| self.strings.get(name)))
    }

    fn string(&self, index: usize) -> Option<&'a [u8]> {
        match self.consts.get(index) {
            Some(Const::Str(id)) => Some(self.strings.get(*id)),
            _ => None,
        }
    }

    /// What an index into the table in `reg` gives: fields of `_ENV` are globals.
    fn kind_in(&self, pc: usize, reg: usize) -> NameKind {
        field_kind(self.register_name(pc, reg).is_some_and(|(_, name)| name == b"_ENV"))
    }

    /// The instruction before `last` that set `reg`; `None` when that depends on a branch.
    fn setter(&self, last: usize, reg: usize) -> Option<usize> {
        let mut found = None;
        // Code before the furthest target of the jumps seen so far may not have run.
        let mut conditional_until = 0;
        let mut pc = 0;
        while pc < last {
            let instr = *self.code.get(pc)?;
            let op = instr.op().unquickened().0;
            if op == Op::Jmp {
                let target = jump_target(self.code, pc).and_then(|target| usize::try_from(target).ok());
                conditional_until = conditional_until.max(target.filter(|target| *target <= last).unwrap_or(0));
            } else if sets(instr, op, reg) {
                found = (pc >= conditional_until).then_some(pc);
            }
            pc += op.words();
        }
        found
    }
}

fn field_kind(global: bool) -> NameKind {
    if global { NameKind::Global } else { NameKind::Field }
}

/// Whether the instruction writes `reg`, or leaves it without meaning.
fn sets(instr: Instr, op: Op, reg: usize) -> bool {
    let a = instr.a();
    match op {
        Op::LoadNil => (a..=a + instr.b()).contains(&reg),
        Op::Call | Op::TailCall => reg >= a,
        Op::TForCall => reg >= a + 4,
        Op::TForLoop => reg == a + 2,
        Op::ForPrep | Op::ForLoop => (a..=a + 3).contains(&reg),
        Op::SelfField => reg == a || reg == a + 2,
        Op::VarArg => reg >= a && (instr.c() == 0 || reg + 1 < a + instr.c()),
        // These read `R[A]`.
        Op::SetUpval
        | Op::SetTable
        | Op::SetI
        | Op::SetField
        | Op::SetList
        | Op::Close
        | Op::Tbc
        | Op::Return
        | Op::Return1
        | Op::TForPrep => false,
        Op::TestSet => reg == a,
        _ if op.is_test() => false,
        _ => op.layout().a == Field::Reg && reg == a,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(unit: &FnUnit) -> CodeView<'_> {
        CodeView::new(unit, &unit.code)
    }

    /// Names of what the calls in `source` call, in code order, of the innermost last function.
    fn called(source: &str) -> Vec<String> {
        let mut unit = crate::front::compile(source.as_bytes(), b"=t").expect("compiles");
        while let Some(child) = unit.children.pop() {
            unit = child;
        }
        let mut names = Vec::new();
        let mut pc = 0;
        while let Some(instr) = unit.code.get(pc) {
            if matches!(instr.op(), Op::Call | Op::TailCall | Op::TForCall) {
                names.push(match view(&unit).called_name(pc) {
                    Some((kind, name)) => format!("{} {}", kind.as_str(), String::from_utf8_lossy(name)),
                    None => "-".into(),
                });
            }
            pc += instr.op().words();
        }
        names
    }

    #[test]
    fn calls_are_named_after_what_is_called() {
        assert_eq!(called("foo()"), ["global foo"]);
        assert_eq!(called("local f f()"), ["local f"]);
        assert_eq!(called("local f function g() f() f.x() end"), ["upvalue f", "field x"]);
        assert_eq!(called("a.b.c(x)"), ["field c"]);
        assert_eq!(called("local a; a:m(a.f())"), ["field f", "method m"]);
        assert_eq!(called("local a; a[1]() a['x y']() a[a]()"), ["field integer index", "field x y", "field ?"]);
        assert_eq!(called("('x')() f()()"), ["constant x", "global f", "-"]);
        assert_eq!(called("local _ENV = {}; f()"), ["global f"]);
        assert_eq!(called("(a or b)()"), ["-"]);
        assert_eq!(called("for x in f() do end"), ["global f", "for iterator for iterator"]);
        assert_eq!(called("return f(1)"), ["global f"]);
    }

    #[test]
    fn operations_are_named_after_their_metamethods() {
        let unit = crate::front::compile(b"local a, b; return a .. b, a + 1, a < b, a.x, -a", b"=t").expect("compiles");
        let names: Vec<&[u8]> =
            (0..unit.code.len()).filter_map(|pc| view(&unit).called_name(pc)).map(|(_, name)| name).collect();
        assert_eq!(names, [&b"concat"[..], b"add", b"lt", b"index", b"unm", b"close", b"close"]);
    }
}
