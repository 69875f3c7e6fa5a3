//! The instruction at hand, by its opcode. Here are moves, upvalues, jumps and numeric loops; arithmetic is in `arith`,
//! comparison in `compare`, tables in `tables`, calls in `calls`.

use trinity_vm::{
    bytecode::{Hint, Op, jump_target},
    interp::arith::Arith,
    value::{Value, tag},
};

use super::{
    arith::Operand,
    build::{Builder, Dead},
    ir::{BASE, Cc, FloatOp, FloatUn, Inst, IntOp, Region, V, Width},
    state::Rep,
};
use crate::abi;

impl Builder<'_> {
    /// Builds the instruction at `self.pc`.
    pub(super) fn instruction(&mut self) -> Result<(), Dead> {
        let instr = self.instr;
        let (op, hint) = instr.op().unquickened();
        let (a, b, c) = (instr.a(), instr.b(), instr.c());
        let next = self.pc + op.words();
        match op {
            Op::Move => {
                let rep = self.get(b);
                self.set(a, rep);
            }
            Op::LoadI => {
                let value = self.int(i64::from(instr.sbx()));
                self.set(a, Rep::Int(value));
            }
            Op::LoadF => {
                let value = self.emit(Inst::Float(f64::from(instr.sbx())));
                self.set(a, Rep::Float(value));
            }
            Op::LoadK => self.load_constant(a, self.snap.consts[instr.bx()]),
            Op::LoadKX => self.load_constant(a, self.snap.consts[self.snap.code[self.pc + 1].ax()]),
            Op::LoadFalse => self.set(a, Rep::Prim(tag::FALSE)),
            Op::LFalseSkip => {
                self.set(a, Rep::Prim(tag::FALSE));
                self.goto(next + 1);
            }
            Op::LoadTrue => self.set(a, Rep::Prim(tag::TRUE)),
            Op::LoadNil => (a..=a + b).for_each(|register| self.set(register, Rep::Prim(tag::NIL))),
            Op::GetUpval => {
                let slot = self.upvalue_slot(b);
                let payload = self.emit(Inst::Load(Region::Captured, Width::I64, slot, 0));
                let tag = self.emit(Inst::Load(Region::Captured, Width::U8, slot, abi::TAG));
                self.set(a, Rep::Any(payload, tag));
            }
            Op::SetUpval => {
                let rep = self.get(a);
                let upvalue = self.upvalue(b);
                self.barrier(upvalue, rep);
                let slot = self.upvalue_slot(b);
                self.store_value(Region::Captured, slot, 0, rep);
            }
            Op::GetTabUp | Op::GetField | Op::SelfField => return self.get_field(),
            Op::SetTabUp | Op::SetField => return self.set_field(),
            Op::GetTable | Op::GetI => return self.get_element(),
            Op::SetTable | Op::SetI => return self.set_element(),
            Op::Len => return self.length(),
            Op::NewTable | Op::Concat | Op::Close | Op::Closure | Op::Tbc => {
                self.step();
                match op {
                    Op::NewTable => self.written(a, Some(tag::TABLE)),
                    Op::Closure => self.written(a, Some(tag::CLOSURE)),
                    _ => {}
                }
            }
            Op::VarArg => self.step(),
            Op::VarArgPrep => {}
            Op::SetList => {
                let status = self.generic();
                self.check_status(status, false);
            }
            Op::Add | Op::AddK => return self.arithmetic(Arith::Add, hint),
            Op::Sub | Op::SubK => return self.arithmetic(Arith::Sub, hint),
            Op::Mul | Op::MulK => return self.arithmetic(Arith::Mul, hint),
            Op::Div | Op::DivK => return self.arithmetic(Arith::Div, hint),
            Op::Mod | Op::ModK => return self.arithmetic(Arith::Mod, hint),
            Op::Pow | Op::PowK => return self.arithmetic(Arith::Pow, Hint::Any),
            Op::IDiv | Op::IDivK => return self.arithmetic(Arith::IDiv, hint),
            Op::BAnd | Op::BAndK => self.bitwise(Arith::BAnd),
            Op::BOr | Op::BOrK => self.bitwise(Arith::BOr),
            Op::BXor | Op::BXorK => self.bitwise(Arith::BXor),
            Op::Shl | Op::ShlK => self.bitwise(Arith::Shl),
            Op::Shr | Op::ShrK => self.bitwise(Arith::Shr),
            Op::BNot => self.bitwise(Arith::BNot),
            Op::Unm => match self.get(b) {
                Rep::Int(v) => {
                    let zero = self.int(0);
                    let value = self.emit(Inst::Arith(IntOp::Sub, zero, v));
                    self.set(a, Rep::Int(value));
                }
                Rep::Float(v) => {
                    let value = self.emit(Inst::FUnary(FloatUn::Neg, v));
                    self.set(a, Rep::Float(value));
                }
                _ => self.step(),
            },
            Op::Not => {
                let falsy = self.is_falsy(b);
                let one = self.emit(Inst::Tag(tag::TRUE));
                let zero = self.emit(Inst::Tag(tag::FALSE));
                let tag = self.emit(Inst::Select(falsy, one, zero));
                let payload = self.int(0);
                self.set(a, Rep::Any(payload, tag));
            }
            Op::Jmp | Op::Loop => self.goto(self.target()),
            Op::Eq | Op::EqK | Op::Lt | Op::Le | Op::LtI | Op::LeI | Op::GtI | Op::GeI => return self.comparison(),
            Op::Test => {
                let falsy = self.is_falsy(a);
                let taken = if c != 0 { self.emit(Inst::Not(falsy)) } else { falsy };
                self.branch(taken, next, next + 1);
            }
            Op::TestSet => {
                let falsy = self.is_falsy(b);
                let taken = if c != 0 { self.emit(Inst::Not(falsy)) } else { falsy };
                let other = self.split(taken, false);
                let state = self.state.clone();
                let rep = self.get(b);
                self.set(a, rep);
                self.goto(next);
                self.block = other;
                self.state = state;
                self.goto(next + 1);
            }
            Op::Call => return self.call(),
            Op::TailCall => {
                // A Lua callee is left to whoever entered this code; after a native the `RETURN` that follows goes on.
                let status = self.generic();
                self.check_status(status, false);
                self.clobber();
            }
            Op::Return | Op::Return0 | Op::Return1 => self.return_(),
            Op::ForPrep => return self.for_prep(next),
            Op::ForLoop => return self.for_loop(next),
            Op::TForPrep => {
                self.flush_live(self.pc, false);
                let status = self.run_helper();
                self.check_status(status, false);
                self.goto(self.target());
            }
            Op::TForCall => {
                let status = self.generic();
                self.check_status(status, false);
                self.clobber();
            }
            Op::TForLoop => {
                let rep = self.get(a + 4);
                let nil = self.tag_is(rep, tag::NIL);
                let more = self.emit(Inst::Not(nil));
                let done = self.split(more, false);
                let state = self.state.clone();
                let rep = self.get(a + 4);
                self.set(a + 2, rep);
                self.goto(self.target());
                self.block = done;
                self.state = state;
                self.goto(next);
            }
            Op::Ext => unreachable!("an operand word is skipped by its instruction"),
            op => unreachable!("{op:?} is a quickened form"),
        }
        Ok(())
    }

    fn target(&self) -> usize {
        jump_target(&self.snap.code, self.pc).expect("a jump") as usize
    }

    fn load_constant(&mut self, to: usize, value: Value) {
        let rep = match value.tag {
            tag::INT => Rep::Int(self.int(value.raw_int())),
            tag::FLOAT => Rep::Float(self.emit(Inst::Float(value.raw_float()))),
            tag if tag <= tag::TRUE => Rep::Prim(tag),
            tag => Rep::Ref(tag, self.int(value.bits as i64)),
        };
        self.set(to, rep);
    }

    fn upvalue(&mut self, index: usize) -> V {
        let closure = self.emit(Inst::Load(Region::Constant, Width::I64, BASE, abi::FUNCTION));
        let offset = abi::CLOSURE_UPVALUES + index as i32 * 8;
        self.emit(Inst::Load(Region::Constant, Width::I64, closure, offset))
    }

    pub(super) fn upvalue_slot(&mut self, index: usize) -> V {
        let upvalue = self.upvalue(index);
        self.emit(Inst::Load(Region::Function, Width::I64, upvalue, abi::UPVALUE_SLOT))
    }

    pub(super) fn tag_is(&mut self, rep: Rep, expected: u8) -> V {
        let known = match rep {
            Rep::Any(_, tag) => return self.emit(Inst::TagIs(tag, expected)),
            Rep::Int(_) => tag::INT,
            Rep::Float(_) => tag::FLOAT,
            Rep::Ref(tag, _) | Rep::Prim(tag) => tag,
            Rep::Home(_) => unreachable!("loaded"),
        };
        self.emit(Inst::Tag(u8::from(known == expected)))
    }

    fn is_falsy(&mut self, register: usize) -> V {
        match self.get(register) {
            Rep::Any(_, tag) => self.emit(Inst::TagBelow(tag, tag::TRUE)),
            Rep::Prim(tag) => self.emit(Inst::Tag(u8::from(tag < tag::TRUE))),
            _ => self.emit(Inst::Tag(0)),
        }
    }

    /// The type of the numeric loop whose first register is `a`.
    fn loop_hint(&self, back_edge: usize) -> Hint {
        self.snap.code[back_edge].op().unquickened().1
    }

    fn for_prep(&mut self, next: usize) -> Result<(), Dead> {
        let a = self.instr.a();
        let skip = self.target();
        let hint = self.loop_hint(self.snap.loops[self.instr.bx()].back_edge_pc as usize);
        let step = self.get(a + 2);
        let constant_step = match step {
            Rep::Int(v) => match self.func.inst(v) {
                Inst::Int(value) if value != 0 && value != i64::MIN => Some(value),
                _ => None,
            },
            _ => None,
        };
        let int_like = |builder: &mut Self, register: usize| match builder.get(register) {
            Rep::Int(_) => true,
            Rep::Any(..) => hint == Hint::Int && !builder.failed("type"),
            _ => false,
        };
        let ints = int_like(self, a) && int_like(self, a + 1);
        let Some(step) = constant_step.filter(|_| ints) else {
            let status = self.generic();
            self.check_status(status, true);
            let loop_tag = match hint {
                Hint::Float => None,
                _ if matches!(self.state.slots[a].rep, Rep::Int(_))
                    && matches!(self.state.slots[a + 2].rep, Rep::Int(_)) =>
                {
                    Some(tag::INT)
                }
                _ => None,
            };
            self.clobber();
            if loop_tag.is_some() {
                // What was integer stays so, and the limit has become a count.
                (a..a + 4).for_each(|register| self.written(register, loop_tag));
            }
            let zero = self.int(0);
            let run = self.emit(Inst::Cmp(Cc::Eq, status, zero));
            self.branch(run, next, skip);
            return Ok(());
        };
        let (start, limit) = (self.int_register(a), self.int_register(a + 1));
        let run = self.emit(Inst::Cmp(if step > 0 { Cc::Le } else { Cc::Ge }, start, limit));
        let other = self.split(run, false);
        let state = self.state.clone();
        let (high, low) = if step > 0 { (limit, start) } else { (start, limit) };
        let mut count = self.emit(Inst::Arith(IntOp::Sub, high, low));
        if step.unsigned_abs() > 1 {
            let stride = self.int(step.unsigned_abs() as i64);
            count = self.emit(Inst::Arith(IntOp::UDiv, count, stride));
        }
        self.set(a, Rep::Int(start));
        self.set(a + 1, Rep::Int(count));
        self.set(a + 3, Rep::Int(start));
        self.goto(next);
        self.block = other;
        self.state = state;
        self.goto(skip);
        Ok(())
    }

    fn for_loop(&mut self, next: usize) -> Result<(), Dead> {
        let a = self.instr.a();
        let body = self.target();
        let float = match self.get(a) {
            Rep::Int(_) => false,
            Rep::Float(_) => true,
            _ => self.hint() == Hint::Float,
        };
        if self.failed("type") {
            return Err(self.leave("loop-type-unknown", false));
        }
        if float {
            let exactly = |builder: &mut Self, register: usize| builder.float_operand(Operand::Reg(register), true);
            let (index, limit, step) = (exactly(self, a), exactly(self, a + 1), exactly(self, a + 2));
            let value = self.emit(Inst::FArith(FloatOp::Add, index, step));
            let zero = self.emit(Inst::Float(0.0));
            let up = self.emit(Inst::FCmp(Cc::Gt, step, zero));
            let below = self.emit(Inst::FCmp(Cc::Le, value, limit));
            let above = self.emit(Inst::FCmp(Cc::Le, limit, value));
            let more = self.emit(Inst::Select(up, below, above));
            let done = self.split(more, false);
            let state = self.state.clone();
            self.set(a, Rep::Float(value));
            self.set(a + 3, Rep::Float(value));
            self.goto(body);
            self.block = done;
            self.state = state;
            self.goto(next);
            return Ok(());
        }
        let (index, count, step) = (self.int_register(a), self.int_register(a + 1), self.int_register(a + 2));
        let zero = self.int(0);
        let more = self.emit(Inst::Cmp(Cc::Ne, count, zero));
        let done = self.split(more, false);
        let state = self.state.clone();
        let one = self.int(1);
        let left = self.emit(Inst::Arith(IntOp::Sub, count, one));
        let value = self.emit(Inst::Arith(IntOp::Add, index, step));
        self.set(a, Rep::Int(value));
        self.set(a + 1, Rep::Int(left));
        self.set(a + 3, Rep::Int(value));
        self.goto(body);
        self.block = done;
        self.state = state;
        self.goto(next);
        Ok(())
    }
}
