//! Calls of library functions that have a plain case (`trinity_vm::stdlib::intrinsics`).
//!
//! The function is compared with the native that the VM has for the intrinsic: one word of memory, which is 0 while
//! execution is observed, so that one comparison says both that this is the function and that nobody watches. (The
//! native itself as an immediate would not say the second.) Where that or a check of the arguments fails, the helper makes
//! the call in full.

use cranelift_codegen::ir::{
    Block, InstBuilder, Value,
    condcodes::{FloatCC, IntCC},
    types::{F64, I8, I64},
};
use trinity_vm::{
    function::{Cache, Native},
    heap::Gc,
    stdlib::intrinsics::Intrinsic,
    value::tag,
};

use crate::{
    abi::{self, CALL_GAP},
    emitter::Emitter,
    helper::Helper,
    instruction::{Form, Instruction, Many, Operand},
};

/// What a call of a native becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Inline {
    /// A call by the helper.
    Nothing,
    /// A call of the plain case.
    Plain,
    /// Machine code in place, for one or two arguments and one result.
    Abs,
    Assert,
    Byte,
    Ceil,
    FirstByte,
    Floor,
    Len,
    Max,
    Min,
    Sqrt,
    ToInteger,
    Type,
    /// The same, with three results or as many as a `for` takes.
    Ipairs,
    Pairs,
}

impl Inline {
    /// Those with one result.
    pub(crate) const SINGLE: [Inline; 12] = [
        Inline::Abs,
        Inline::Assert,
        Inline::Byte,
        Inline::Ceil,
        Inline::FirstByte,
        Inline::Floor,
        Inline::Len,
        Inline::Max,
        Inline::Min,
        Inline::Sqrt,
        Inline::ToInteger,
        Inline::Type,
    ];

    /// Those that return what a generic `for` starts from.
    pub(crate) const ITERATORS: [Inline; 2] = [Inline::Ipairs, Inline::Pairs];

    /// For a call with `B` and `C` as given.
    fn of(intrinsic: Intrinsic, b: usize, c: usize) -> Inline {
        let single = match (intrinsic, b) {
            (Intrinsic::Abs, 2) => Inline::Abs,
            (Intrinsic::Assert, 2) => Inline::Assert,
            (Intrinsic::Byte, 2) => Inline::FirstByte,
            (Intrinsic::Byte, 3) => Inline::Byte,
            (Intrinsic::Ceil, 2) => Inline::Ceil,
            (Intrinsic::Floor, 2) => Inline::Floor,
            (Intrinsic::Len, 2) => Inline::Len,
            (Intrinsic::Max, 3) => Inline::Max,
            (Intrinsic::Min, 3) => Inline::Min,
            (Intrinsic::Sqrt, 2) => Inline::Sqrt,
            (Intrinsic::ToInteger, 2) => Inline::ToInteger,
            (Intrinsic::Type, 2) => Inline::Type,
            (Intrinsic::Ipairs, 2) if matches!(c, 4 | 5) => return Inline::Ipairs,
            (Intrinsic::Pairs, 2) if matches!(c, 4 | 5) => return Inline::Pairs,
            _ => return Inline::Plain,
        };
        // A result that nobody wants is written to a register that is free.
        if c <= 2 { single } else { Inline::Plain }
    }
}

impl Instruction {
    /// A call of natives, the last of which the cache names.
    pub(crate) fn native(&mut self, cache: &Cache, vm: i64) {
        // SAFETY: a cache keeps what it names alive.
        let native = unsafe { Gc::<Native>::from_address(cache.payload as usize) };
        let (Some(intrinsic), Some(plain)) = (native.intrinsic, native.plain) else { return };
        let inline = Inline::of(intrinsic, self.b(), self.c());
        self.form.inline = inline;
        match inline {
            Inline::Plain => {
                self.form.given = if self.b() == 0 { Many::Open } else { Many::Some };
                self.form.wanted = Many::results(self.c());
            }
            _ if Inline::ITERATORS.contains(&inline) => self.form.flag = self.c() == 5,
            _ => self.form.wanted = if self.c() == 0 { Many::Open } else { Many::Some },
        }
        self.set(Operand::Guard, vm + i64::from(abi::VM_GUARDS) + 8 * intrinsic as i64);
        self.set(Operand::Entry, plain as usize as i64);
    }
}

impl Emitter<'_, '_> {
    /// `CALL` where a native has been seen.
    pub(super) fn call_native(&mut self) {
        let Form { inline, .. } = self.form();
        if inline == Inline::Nothing {
            self.helper_or_leave(Helper::Call);
            return self.forget_all();
        }
        let a = self.a();
        let (slow, done) = (self.cold(), self.block());
        self.require_tag(a, tag::NATIVE, slow);
        let guard = self.operand(Operand::Guard);
        let expected = self.load(I64, self.regions.vm, guard, 0);
        let callee = self.bits(a);
        let same = self.b.ins().icmp(IntCC::Equal, callee, expected);
        self.require(same, slow);
        let argument = a + CALL_GAP;
        match inline {
            Inline::Nothing => {}
            Inline::Plain => {
                let plain = self.operand(Operand::Entry);
                self.enter_plain(plain, slow, done);
            }
            Inline::Abs => self.absolute(argument, slow, done),
            Inline::Assert => {
                let tag = self.tag(argument);
                let truthy = self.compare(IntCC::UnsignedGreaterThanOrEqual, tag, i64::from(tag::TRUE));
                self.require(truthy, slow);
                self.copy(a, argument);
                self.returned(done);
            }
            Inline::Byte | Inline::FirstByte => self.byte(argument, slow, done),
            Inline::Floor | Inline::Ceil => self.round(argument, slow, done),
            Inline::Len => {
                self.require_tag(argument, tag::STRING, slow);
                let string = self.bits(argument);
                let len = self.load(I64, self.regions.object, string, abi::STR_LEN);
                self.set(a, len, tag::INT);
                self.returned(done);
            }
            Inline::Max | Inline::Min => self.extreme(argument, slow, done),
            Inline::Sqrt => {
                let x = self.number(argument, slow);
                let root = self.b.ins().sqrt(x);
                self.set(a, root, tag::FLOAT);
                self.returned(done);
            }
            Inline::ToInteger => {
                self.require_tag(argument, tag::INT, slow);
                self.copy(a, argument);
                self.returned(done);
            }
            Inline::Type => {
                let base = self.base();
                let at = abi::reg(argument) + abi::TAG;
                let tag = self.b.ins().uload8(I64, self.regions.stack, base, at);
                let names = self.operand(Operand::Vm);
                let offset = self.b.ins().ishl_imm_u(tag, 3);
                let place = self.b.ins().iadd(names, offset);
                let name = self.load(I64, self.regions.vm, place, abi::VM_TYPE_NAMES);
                self.set(a, name, tag::STRING);
                self.returned(done);
            }
            Inline::Ipairs | Inline::Pairs => self.iterator(argument, slow, done),
        }
        self.slow_path(slow, Helper::Call, done);
        self.forget_all();
        self.switch(done);
    }

    /// The result is in `R[A]`.
    fn returned(&mut self, done: Block) {
        if self.form().wanted == Many::Open {
            let (vm, base, a) = (self.vm(), self.base(), self.a());
            let top = self.b.ins().iadd_imm_s(base, i64::from(abi::reg(a + 1)));
            self.store(self.regions.vm, top, vm, abi::VM_TOP);
        }
        self.jump(done);
    }

    /// `CALL` where no native had been seen when this code was made: the one that the cache names now may have a plain
    /// case.
    pub(super) fn call_cached_native(&mut self, slow: Block, done: Block) {
        let (a, regions) = (self.a(), self.regions);
        let tag = self.tag(a);
        let native = self.equals(tag, i64::from(tag::NATIVE));
        self.require(native, slow);
        let cache = self.operand(Operand::Cache);
        let expected = self.load(I64, regions.feedback, cache, abi::CACHE_PAYLOAD);
        let callee = self.bits(a);
        let same = self.b.ins().icmp(IntCC::Equal, callee, expected);
        self.require(same, slow);
        let vm = self.vm();
        let allowed = self.load(I8, regions.vm, vm, abi::VM_PLAIN_ALLOWED);
        self.require(allowed, slow);
        let native = self.bits(a);
        let plain = self.load(I64, regions.object, native, abi::NATIVE_PLAIN);
        self.require(plain, slow);
        let native = self.bits(a);
        let plain = self.load(I64, regions.object, native, abi::NATIVE_PLAIN);
        self.enter_plain(plain, slow, done);
    }

    /// Enters the plain case, which needs neither frame nor header.
    fn enter_plain(&mut self, plain: Value, slow: Block, done: Block) {
        let a = self.a();
        let Form { wanted, .. } = self.form();
        let base = self.base();
        let callee = self.b.ins().iadd_imm_s(base, i64::from(abi::reg(a + CALL_GAP)));
        let count = self.argument_count(callee);
        let status = self.enter(plain, callee, count);
        let declined = |this: &mut Self| this.compare(IntCC::SignedLessThan, status, 0);
        match wanted {
            Many::Open => {
                let declined = declined(self);
                self.reject(declined, slow);
                self.end_open(status, done);
            }
            Many::None => {
                let declined = declined(self);
                self.branch(declined, slow, done);
            }
            Many::Some => {
                let few = self.cold();
                let wanted = self.instruction.get(Operand::C) - 1;
                let enough = self.compare(IntCC::SignedGreaterThanOrEqual, status, wanted);
                self.branch(enough, done, few);
                self.switch(few);
                let declined = declined(self);
                self.reject(declined, slow);
                let status = self.finish_call(status);
                self.leave_or_go_on(status, done);
            }
        }
    }

    /// Goes on when the argument is a float. Where control goes when it is an integer.
    fn require_float(&mut self, argument: usize, slow: Block) -> Block {
        let (int, other) = (self.block(), self.block());
        let tag = self.tag(argument);
        let is_int = self.equals(tag, i64::from(tag::INT));
        self.branch(is_int, int, other);

        self.switch(other);
        self.require_tag(argument, tag::FLOAT, slow);
        int
    }

    fn absolute(&mut self, argument: usize, slow: Block, done: Block) {
        let a = self.a();
        let int = self.require_float(argument, slow);
        // Without the sign.
        let bits = self.bits(argument);
        let bits = self.b.ins().ishl_imm_u(bits, 1);
        let bits = self.b.ins().ushr_imm_u(bits, 1);
        self.set(a, bits, tag::FLOAT);
        self.returned(done);

        self.switch(int);
        self.forget_all();
        let value = self.bits(argument);
        let value = self.b.ins().iabs(value);
        self.set(a, value, tag::INT);
        self.returned(done);
    }

    /// `math.floor`, `math.ceil`.
    fn round(&mut self, argument: usize, slow: Block, done: Block) {
        let a = self.a();
        let int = self.require_float(argument, slow);
        let float = self.float(argument);
        let whole =
            if self.form().inline == Inline::Floor { self.b.ins().floor(float) } else { self.b.ins().ceil(float) };
        let converted = self.b.ins().fcvt_to_sint_sat(I64, whole);
        let back = self.b.ins().fcvt_from_sint(F64, converted);
        let exact = self.b.ins().fcmp(FloatCC::Equal, whole, back);
        self.require(exact, slow);
        // 2^63 saturates, and the greatest integer becomes 2^63 again.
        let greatest = self.equals(converted, i64::MAX);
        self.reject(greatest, slow);
        self.set(a, converted, tag::INT);
        self.returned(done);

        self.switch(int);
        self.forget_all();
        let value = self.bits(argument);
        self.set(a, value, tag::INT);
        self.returned(done);
    }

    /// `math.max`, `math.min` of two integers or two floats: the second where the operator `<` says so.
    fn extreme(&mut self, first: usize, slow: Block, done: Block) {
        let a = self.a();
        let (int, other) = (self.block(), self.block());
        let tag = self.tag(first);
        let is_int = self.equals(tag, i64::from(tag::INT));
        self.branch(is_int, int, other);

        let greatest = self.form().inline == Inline::Max;
        self.switch(other);
        self.require_tag(first, tag::FLOAT, slow);
        self.require_tag(first + 1, tag::FLOAT, slow);
        let (x, y) = (self.float(first), self.float(first + 1));
        let better = self.b.ins().fcmp(if greatest { FloatCC::LessThan } else { FloatCC::GreaterThan }, x, y);
        let best = self.b.ins().select(better, y, x);
        self.set(a, best, tag::FLOAT);
        self.returned(done);

        self.switch(int);
        self.forget_all();
        self.require_tag(first + 1, tag::INT, slow);
        let (x, y) = (self.bits(first), self.bits(first + 1));
        let condition = if greatest { IntCC::SignedLessThan } else { IntCC::SignedGreaterThan };
        let better = self.b.ins().icmp(condition, x, y);
        let best = self.b.ins().select(better, y, x);
        self.set(a, best, tag::INT);
        self.returned(done);
    }

    /// `string.byte`, from the front.
    fn byte(&mut self, string: usize, slow: Block, done: Block) {
        let a = self.a();
        self.require_tag(string, tag::STRING, slow);
        let index = if self.form().inline == Inline::Byte {
            self.require_tag(string + 1, tag::INT, slow);
            let position = self.bits(string + 1);
            self.b.ins().iadd_imm_s(position, -1)
        } else {
            self.iconst(0)
        };
        let object = self.bits(string);
        let len = self.load(I64, self.regions.object, object, abi::STR_LEN);
        let inside = self.b.ins().icmp(IntCC::UnsignedLessThan, index, len);
        self.require(inside, slow);
        let place = self.b.ins().iadd(object, index);
        let byte = self.b.ins().uload8(I64, self.regions.object, place, abi::STR_BYTES);
        self.set(a, byte, tag::INT);
        self.returned(done);
    }

    /// `ipairs` of anything, `pairs` of tables without metatable.
    fn iterator(&mut self, argument: usize, slow: Block, done: Block) {
        let a = self.a();
        let is_ipairs = self.form().inline == Inline::Ipairs;
        if !is_ipairs {
            self.require_tag(argument, tag::TABLE, slow);
            let table = self.bits(argument);
            let shape = self.load(I64, self.regions.object, table, abi::TABLE_SHAPE);
            let metatable = self.load(I64, self.regions.object, shape, abi::SHAPE_METATABLE);
            self.reject(metatable, slow);
        }
        let vm = self.vm();
        let offset = if is_ipairs { abi::VM_IPAIRS_STEP } else { abi::VM_NEXT };
        let step = self.load(I64, self.regions.vm, vm, offset);
        self.set(a, step, tag::NATIVE);
        // The argument lies where the control variable goes.
        const { assert!(CALL_GAP == 2) };
        self.copy(a + 1, argument);
        self.set_primitive(a + 2, if is_ipairs { tag::INT } else { tag::NIL });
        if self.form().flag {
            self.set_primitive(a + 3, tag::NIL);
        }
        self.jump(done);
    }
}
