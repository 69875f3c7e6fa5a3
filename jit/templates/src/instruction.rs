//! What a template knows of the instruction that it is made for: a [`Form`], which decides what the code looks like, and
//! numbers ([`Operand`]), which only fill it in.
//!
//! INVARIANT: two instructions of one form have the same code but for their operands. Stencils rest on that, and finding
//! the holes in them checks it.

use std::fmt;

use trinity_vm::{
    bytecode::{Hint, Op},
    clock::Price,
    function::{Cache, CacheKind, Proto},
    lookup::LookupCache,
    seam::Tier,
    table::ElementKind,
    value::{Value, tag},
};

use crate::intrinsic::Inline;

/// A number that templates fill in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Operand {
    /// The fields of the instruction word: registers, upvalues, small numbers.
    A,
    B,
    C,
    /// Words from the start of the function.
    Pc,
    /// A small signed constant.
    Immediate,
    /// `Immediate` as the bits of a float.
    ImmediateFloat,
    /// Payload of a constant.
    Constant,
    /// Where the constant lies.
    ConstantPlace,
    /// A constant integer as the bits of a float.
    ConstantFloat,
    /// A constant power of two, less one.
    Mask,
    /// A constant distance of a shift: 0 to 63.
    Shift,
    /// Of a positive constant d that is not a power of two: the product with any x below 2^63, shifted to the right by 64 and
    /// `Shift`, is x / d rounded down.
    Reciprocal,
    /// Address of the inline cache.
    Cache,
    /// Address of the shape that the cache has seen.
    Shape,
    /// Property slot that the cache has seen.
    Slot,
    /// Where the lookup cache has a field's name: see `LookupCache::name_offset`.
    NameOffset,
    /// Where it has what adds the field.
    AddedOffset,
    /// Address of the instruction word.
    Code,
    /// Address of the state of the loop whose back-edge this is.
    Loop,
    /// Address of the function's count of calls until it is consulted on.
    Countdown,
    /// Address of the word that a call's native is compared with.
    Guard,
    /// Address of its plain case.
    Entry,
    /// Parameters of the function.
    Params,
    /// Registers of the function.
    MaxStack,
    /// Address of the VM.
    Vm,
    /// `Pc` and `Vm` again, for calls of helpers: one value for these and for the fast path would be kept in callee-saved
    /// registers across calls, which stencils would have to save.
    HelperPc,
    HelperVm,
    /// `Vm` once more, for calls of compiled code.
    CallVm,
}

impl Operand {
    pub const COUNT: usize = Operand::CallVm as usize + 1;
    pub const ALL: [Operand; Operand::COUNT] = {
        use Operand::*;
        [
            A,
            B,
            C,
            Pc,
            Immediate,
            ImmediateFloat,
            Constant,
            ConstantPlace,
            ConstantFloat,
            Mask,
            Shift,
            Reciprocal,
            Cache,
            Shape,
            Slot,
            NameOffset,
            AddedOffset,
            Code,
            Loop,
            Countdown,
            Guard,
            Entry,
            Params,
            MaxStack,
            Vm,
            HelperPc,
            HelperVm,
            CallVm,
        ]
    };
}

/// The operands of an instruction, by number.
pub type Operands = [i64; Operand::COUNT];

/// The right operand of an operator, or the constant that an instruction loads or compares with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Rhs {
    Register,
    /// An integer that fits 32 bits, in `Operand::Immediate`.
    SmallInt,
    Int,
    Float,
    /// A positive integer with one bit, of `%` and `//`.
    PowerOfTwo,
    /// A constant shift to the left; to the right.
    Left,
    Right,
    /// The exponent 2.
    Square,
    /// Nothing that is worth inline code.
    Unsuited,
    Nil,
    False,
    True,
    ShortString,
    LongString,
}

/// What an inline cache had seen when its function was compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Seen {
    /// Nothing that is worth inline code.
    Nothing,
    /// Slots of tables without metatable; with one.
    Own,
    OwnMeta,
    /// A value found through `__index` of tables; of strings.
    Proto,
    ProtoOfStrings,
    Add,
    /// More shapes than one cache holds.
    Mega,
    /// Array parts; see [`Form::kinds`].
    Array,
    /// A native function.
    Native,
    /// Lua functions, more than are worth noting.
    Several,
}

/// How many values: of a call's arguments, its wanted or a return's results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Many {
    /// Up to the top of the stack.
    Open,
    None,
    /// As many as the instruction says.
    Some,
}

impl Many {
    /// Results that a call with this `C` wants.
    pub(crate) fn results(c: usize) -> Many {
        [Many::Open, Many::None, Many::Some][c.min(2)]
    }
}

/// Times that a call's target has changed from which on it is not noted any more.
pub(crate) const SEVERAL: u8 = 16;

/// What decides which code a template makes. What an opcode has no use for is as in [`Form::of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Without quickening.
    pub op: Op,
    pub hint: Hint,
    pub rhs: Rhs,
    pub seen: Seen,
    /// Set of `ElementKind`s that the cache has seen.
    pub kinds: u8,
    /// Named fields: more than one shape has been seen. `SETTABLE`: has appended. Tests: the jump is taken when the condition holds. Back-edges: the loop has never run.
    /// `TFORCALL`: at most two results are wanted. `CALL` of `pairs` or `ipairs`: four are. `VARARGPREP` (function entry): the
    /// function takes any number of arguments.
    pub flag: bool,
    /// `CALL`: arguments. Function entry: parameters.
    pub given: Many,
    /// `CALL`: results.
    pub wanted: Many,
    /// `TAILCALL`: arguments that are moved inline; [`Form::SLOWLY`] when the helper moves them.
    /// `RETURN`: results copied inline; [`Form::SLOWLY`] when the helper returns.
    /// Function entry and back-edges: [`Form::UNCOUNTED`] when neither the event is counted nor better code looked for.
    pub count: u8,
    /// `CALL`: of what native.
    pub inline: Inline,
}

impl Form {
    /// See [`Form::count`].
    pub const SLOWLY: u8 = 7;
    /// See [`Form::count`].
    pub const UNCOUNTED: u8 = 7;
    /// Most results that a `RETURN` copies inline, and most arguments of a `TAILCALL`.
    pub const INLINE_RESULTS: usize = 4;

    pub const fn of(op: Op) -> Form {
        Form {
            op,
            hint: Hint::None,
            rhs: Rhs::Register,
            seen: Seen::Nothing,
            kinds: 0,
            flag: false,
            given: Many::None,
            wanted: Many::None,
            count: 0,
            inline: Inline::Nothing,
        }
    }

    /// Whether feedback has seen the instruction meet one kind of operands, and nothing else.
    pub(crate) fn is_settled(self) -> bool {
        match self.op {
            Op::GetTabUp | Op::GetField | Op::SelfField | Op::SetTabUp | Op::SetField => {
                !self.flag && !matches!(self.seen, Seen::Nothing | Seen::Mega)
            }
            Op::GetTable | Op::GetI | Op::SetTable | Op::SetI => self.seen == Seen::Array,
            Op::Eq => false,
            _ => self.hint != Hint::None,
        }
    }

    /// A number that no other form has.
    pub const fn key(self) -> u64 {
        let fields = [
            (self.op as u64, 8),
            (self.hint as u64, 2),
            (self.rhs as u64, 4),
            (self.seen as u64, 4),
            (self.kinds as u64, 4),
            (self.flag as u64, 1),
            (self.given as u64, 2),
            (self.wanted as u64, 2),
            (self.count as u64, 3),
            (self.inline as u64, 5),
        ];
        let (mut key, mut index) = (0, 0);
        while index < fields.len() {
            let (value, bits) = fields[index];
            debug_assert!(value < 1 << bits);
            key = key << bits | value;
            index += 1;
        }
        key
    }
}

impl fmt::Display for Form {
    /// The opcode, then what is not as in [`Form::of`].
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let plain = Form::of(self.op);
        write!(f, "{:?}", self.op)?;
        if self.hint != plain.hint {
            write!(f, " {:?}", self.hint)?;
        }
        if self.rhs != plain.rhs {
            write!(f, " {:?}", self.rhs)?;
        }
        if self.seen != plain.seen {
            write!(f, " {:?}", self.seen)?;
        }
        if self.kinds != 0 {
            write!(f, " kinds={}", self.kinds)?;
        }
        if self.flag {
            f.write_str(" flag")?;
        }
        if self.given != plain.given || self.wanted != plain.wanted {
            write!(f, " {:?}->{:?}", self.given, self.wanted)?;
        }
        match self.count {
            0 => {}
            Form::SLOWLY if matches!(self.op, Op::Return | Op::TailCall | Op::LoadNil) => f.write_str(" slowly")?,
            Form::UNCOUNTED => f.write_str(" uncounted")?,
            count => write!(f, " {count}")?,
        }
        match self.inline {
            Inline::Nothing => Ok(()),
            inline => write!(f, " {inline:?}"),
        }
    }
}

/// An instruction as templates see it.
#[derive(Clone, Copy, Debug)]
pub struct Instruction {
    pub form: Form,
    pub operands: Operands,
}

impl Instruction {
    pub fn get(&self, operand: Operand) -> i64 {
        self.operands[operand as usize]
    }
    pub fn a(&self) -> usize {
        self.get(Operand::A) as usize
    }
    pub fn b(&self) -> usize {
        self.get(Operand::B) as usize
    }
    pub fn c(&self) -> usize {
        self.get(Operand::C) as usize
    }

    /// The same, counting no calls and no back-edges.
    pub fn uncounted(mut self) -> Instruction {
        if matches!(self.form.op, Op::VarArgPrep | Op::Loop | Op::ForLoop | Op::TForLoop) {
            self.form.count = Form::UNCOUNTED;
        }
        self
    }

    pub(crate) fn set(&mut self, operand: Operand, value: i64) {
        self.operands[operand as usize] = value;
    }

    /// What has to be done when `proto` is called.
    pub fn entry(proto: &Proto, vm: i64) -> Instruction {
        let mut entry = Instruction { form: Form::of(Op::VarArgPrep), operands: [0; Operand::COUNT] };
        entry.form.flag = proto.is_vararg;
        if !proto.is_vararg && proto.num_params > 0 {
            entry.form.given = Many::Some;
        }
        entry.set(Operand::Vm, vm);
        entry.set(Operand::CallVm, vm);
        entry.set(Operand::Countdown, &raw const proto.countdown as i64);
        entry.set(Operand::Params, i64::from(proto.num_params));
        entry.set(Operand::MaxStack, i64::from(proto.max_stack));
        entry
    }

    /// Pays for the segment that begins at `pc`: the only use of `EXT` as an instruction.
    pub fn pay(pc: usize, price: Price, vm: i64) -> Instruction {
        let mut this = Instruction { form: Form::of(Op::Ext), operands: [0; Operand::COUNT] };
        this.set(Operand::Vm, vm);
        this.set(Operand::HelperVm, vm);
        this.set(Operand::HelperPc, pc as i64);
        this.set(Operand::Immediate, -i64::from(price.ticks));
        this.set(Operand::Constant, i64::from(price.model[Tier::Warm as usize]));
        this
    }

    /// The instruction at `pc` of `proto`, with what its feedback says now.
    pub fn decode(proto: &Proto, pc: usize, vm: i64) -> Instruction {
        let code = proto.code();
        let word = code[pc];
        let (op, hint) = word.op().unquickened();
        let mut this = Instruction { form: Form { hint, ..Form::of(op) }, operands: [0; Operand::COUNT] };
        this.set(Operand::Vm, vm);
        this.set(Operand::HelperVm, vm);
        this.set(Operand::CallVm, vm);
        this.set(Operand::Pc, pc as i64);
        this.set(Operand::HelperPc, pc as i64);
        this.set(Operand::A, word.a() as i64);
        this.set(Operand::B, word.b() as i64);
        this.set(Operand::C, word.c() as i64);
        // SAFETY: `pc` is an instruction of the prototype, whose code does not move.
        this.set(Operand::Code, unsafe { proto.code.add(pc) } as i64);
        let constant = |index: usize| proto.consts()[index];
        match op {
            Op::LoadI => this.load(Value::int(i64::from(word.sbx()))),
            Op::LoadF => this.load(Value::float(f64::from(word.sbx()))),
            Op::LoadK => this.load(constant(word.bx())),
            Op::LoadKX => this.load(constant(code[pc + 1].ax())),
            Op::LoadNil => this.form.count = word.b().min(usize::from(Form::SLOWLY)) as u8,
            Op::GetTabUp | Op::GetField | Op::SelfField | Op::SetTabUp | Op::SetField => {
                let name = if matches!(op, Op::SetField | Op::SetTabUp) { word.b() } else { word.c() };
                this.named(&proto.caches()[code[pc + 1].ax()], constant(name));
            }
            Op::GetTable | Op::GetI | Op::SetTable | Op::SetI => {
                let cache = &proto.caches()[code[pc + 1].ax()];
                this.set(Operand::Cache, std::ptr::from_ref(cache) as i64);
                // An empty array has no elements to go to.
                let kinds = cache.index as u8 & !(1 << ElementKind::Empty as u8);
                if cache.kind == CacheKind::Array && kinds != 0 {
                    this.form.seen = Seen::Array;
                    this.form.kinds = kinds;
                    this.form.flag = matches!(op, Op::SetTable | Op::SetI) && cache.epoch != 0;
                }
            }
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
            | Op::ShrK => {
                this.set(Operand::ConstantPlace, &raw const proto.consts()[word.c()].bits as i64);
                this.rhs(op, constant(word.c()));
            }
            Op::Eq | Op::Lt | Op::Le | Op::Test | Op::TestSet => this.form.flag = word.c() != 0,
            Op::LtI | Op::LeI | Op::GtI | Op::GeI => {
                this.form.flag = word.c() != 0;
                this.set(Operand::Immediate, i64::from(word.sb()));
                this.set(Operand::ImmediateFloat, f64::from(word.sb()).to_bits() as i64);
            }
            Op::EqK => {
                this.form.flag = word.c() != 0;
                this.load(constant(word.b()));
            }
            Op::Call => {
                let cache = &proto.caches()[code[pc + 1].ax()];
                this.set(Operand::Cache, std::ptr::from_ref(cache) as i64);
                if cache.kind == CacheKind::Native {
                    this.form.seen = Seen::Native;
                    this.native(cache, vm);
                } else {
                    if cache.kind == CacheKind::Call && cache.polymorphic && cache.misses >= SEVERAL {
                        this.form.seen = Seen::Several;
                    }
                    this.form.given = if word.b() == 0 { Many::Open } else { Many::Some };
                    this.form.wanted = Many::results(word.c());
                }
            }
            Op::TailCall => {
                let plain = !proto.is_vararg && word.c() == 0;
                let count = word.b().checked_sub(1).filter(|count| plain && *count <= Form::INLINE_RESULTS);
                this.form.count = count.map_or(Form::SLOWLY, |count| count as u8);
            }
            Op::Return | Op::Return0 | Op::Return1 => {
                let count = match op {
                    Op::Return0 => Some(0),
                    _ if proto.is_vararg => None,
                    Op::Return1 => Some(1),
                    _ if word.c() != 0 => None,
                    _ => word.b().checked_sub(1).filter(|count| *count <= Form::INLINE_RESULTS),
                };
                this.form.op = Op::Return;
                this.form.count = count.map_or(Form::SLOWLY, |count| count as u8);
            }
            Op::Loop => this.back_edge(proto, code[pc + 1].ax()),
            Op::ForLoop | Op::TForLoop => this.back_edge(proto, word.bx()),
            Op::TForCall => this.form.flag = word.c() <= 2,
            // What goes to a helper whole.
            Op::NewTable | Op::SetList | Op::Concat | Op::Close | Op::Tbc | Op::TForPrep | Op::Closure | Op::VarArg => {
            }
            _ => {}
        }
        this
    }

    /// The heap object that the code of this instruction names by address, if any: to be kept alive with it.
    pub fn root(&self) -> Option<Value> {
        let named = matches!(self.form.seen, Seen::Own | Seen::OwnMeta);
        named.then(|| Value { bits: self.get(Operand::Shape) as u64, tag: tag::TABLE })
    }

    /// Where the instruction at `pc` goes when it does not go on with the next one.
    pub fn jump(proto: &Proto, pc: usize) -> Option<usize> {
        super::flow::successors(proto.code(), pc).jump
    }

    /// A constant that is loaded or compared with.
    fn load(&mut self, value: Value) {
        self.form.rhs = match value.tag {
            tag::NIL => Rhs::Nil,
            tag::FALSE => Rhs::False,
            tag::TRUE => Rhs::True,
            tag::INT if self.note_small(value.raw_int()) => Rhs::SmallInt,
            tag::INT => Rhs::Int,
            tag::FLOAT => Rhs::Float,
            _ if value.as_string().is_some_and(|string| string.is_short()) => Rhs::ShortString,
            _ => Rhs::LongString,
        };
        self.set(Operand::Constant, value.bits as i64);
    }

    /// The constant on the right of an operator.
    fn rhs(&mut self, op: Op, constant: Value) {
        self.set(Operand::Constant, constant.bits as i64);
        let int = constant.is_int().then(|| constant.raw_int());
        if let Some(value) = int {
            self.set(Operand::ConstantFloat, (value as f64).to_bits() as i64);
        }
        self.form.rhs = match (op, int) {
            (Op::ModK | Op::IDivK, Some(value)) if value > 0 && value.count_ones() == 1 => {
                self.set(Operand::Mask, value - 1);
                self.set(Operand::Shift, i64::from(value.trailing_zeros()));
                Rhs::PowerOfTwo
            }
            (Op::ModK | Op::IDivK, Some(value)) if value > 0 => {
                self.set_reciprocal(value as u64);
                Rhs::Int
            }
            (Op::ShlK | Op::ShrK, Some(value)) if (-63..64).contains(&value) => {
                self.set(Operand::Shift, value.abs());
                if (op == Op::ShlK) != (value < 0) { Rhs::Left } else { Rhs::Right }
            }
            (Op::PowK, Some(2)) => Rhs::Square,
            (Op::PowK, None) if constant.raw_float() == 2.0 => Rhs::Square,
            // (Of a difference, Cranelift makes the sum with the negated constant.)
            (Op::BAndK | Op::BOrK | Op::BXorK | Op::AddK | Op::MulK, Some(value)) if self.note_small(value) => {
                Rhs::SmallInt
            }
            (Op::BAndK | Op::BOrK | Op::BXorK | Op::AddK | Op::SubK | Op::MulK | Op::DivK, Some(_)) => Rhs::Int,
            (Op::AddK | Op::SubK | Op::MulK | Op::DivK, None) => Rhs::Float,
            _ => Rhs::Unsuited,
        };
    }

    /// After Granlund and Montgomery, "Division by invariant integers using multiplication" (PLDI 1994): with
    /// k = ceil(log2 d), m = ceil(2^(63+k) / d) exceeds 2^(63+k) / d by less than 2^k / d, too little to tell for x < 2^63.
    fn set_reciprocal(&mut self, d: u64) {
        let k = 64 - (d - 1).leading_zeros();
        let reciprocal = (1_u128 << (63 + k)).div_ceil(u128::from(d));
        self.set(Operand::Reciprocal, reciprocal as u64 as i64);
        self.set(Operand::Shift, i64::from(k) - 1);
    }

    /// Notes an integer that fits 32 bits.
    fn note_small(&mut self, value: i64) -> bool {
        self.set(Operand::Immediate, value);
        i32::try_from(value).is_ok()
    }

    /// A named field.
    fn named(&mut self, cache: &Cache, name: Value) {
        self.set(Operand::Constant, name.bits as i64);
        let name = name.as_string().map_or(0, LookupCache::name_offset);
        self.set(Operand::NameOffset, name as i64);
        self.set(Operand::AddedOffset, (name ^ LookupCache::ADDED_OFFSET) as i64);
        self.set(Operand::Cache, std::ptr::from_ref(cache) as i64);
        self.set(Operand::Shape, cache.shape as i64);
        self.set(Operand::Slot, i64::from(cache.index));
        let stores = matches!(self.form.op, Op::SetField | Op::SetTabUp);
        self.form.flag = cache.polymorphic;
        self.form.seen = match cache.kind {
            // SAFETY: a cache keeps its shape alive.
            CacheKind::Own if unsafe { (*cache.shape).metatable().is_some() } => Seen::OwnMeta,
            CacheKind::Own => Seen::Own,
            CacheKind::Proto if !stores && cache.shape.is_null() => Seen::ProtoOfStrings,
            CacheKind::Proto if !stores => Seen::Proto,
            CacheKind::Add if stores => Seen::Add,
            CacheKind::Mega => Seen::Mega,
            _ => Seen::Nothing,
        };
        self.form.flag &= !matches!(self.form.seen, Seen::Nothing | Seen::Mega);
    }

    fn back_edge(&mut self, proto: &Proto, index: usize) {
        let state = &proto.loops()[index];
        self.set(Operand::Loop, std::ptr::from_ref(state) as i64);
        self.form.flag = state.count() == 0;
    }
}
