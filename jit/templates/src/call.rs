//! Templates of calls and returns.

use cranelift_codegen::ir::{
    Block, BlockArg, InstBuilder, Value,
    condcodes::IntCC,
    types::{I8, I32, I64},
};
use trinity_vm::{
    frame::{FRAME_OFFSET, FrameHeader, flags},
    value::tag,
};

use crate::{
    abi::{self, CALL_GAP, TAG, VALUE_SIZE},
    emitter::Emitter,
    helper::Helper,
    instruction::{Form, Many, Operand, SEVERAL, Seen},
};

impl Emitter<'_, '_> {
    /// `CALL`: a Lua function is entered directly.
    pub(super) fn call(&mut self) {
        let a = self.a();
        let regions = self.regions;
        if self.form().seen == Seen::Native {
            return self.call_native();
        }
        let (other, done) = (self.cold(), self.block());
        self.require_tag(a, tag::CLOSURE, other);
        self.store_pc();
        let proto = if self.form().seen == Seen::Several { self.callee_proto(a) } else { self.note_target(a) };
        let code = self.load(I64, regions.object, proto, abi::PROTO_ENTRY);
        self.write_header(a);
        let base = self.base();
        let callee = self.b.ins().iadd_imm_s(base, i64::from(abi::reg(a + CALL_GAP)));
        let count = self.argument_count(callee);
        let status = self.enter(code, callee, count);
        self.end_call(status, done);
        self.forget_all();
        let slow = self.cold();
        self.switch(other);
        self.call_cached_native(slow, done);
        self.slow_path(slow, Helper::Call, done);
        self.forget_all();
        self.switch(done);
    }

    /// Arguments of the call whose frame is at `callee`.
    pub(super) fn argument_count(&mut self, callee: Value) -> Value {
        match self.form().given {
            Many::Open => {
                let vm = self.vm();
                let top = self.load(I64, self.regions.vm, vm, abi::VM_TOP);
                let bytes = self.b.ins().isub(top, callee);
                self.b.ins().sshr_imm_u(bytes, i64::from(VALUE_SIZE.trailing_zeros()))
            }
            _ => self.iconst(self.instruction.get(Operand::B) - 1),
        }
    }

    /// Tells the cache when the callee is another function than it knows, until it has known several. The callee's prototype.
    fn note_target(&mut self, a: usize) -> Value {
        let proto = self.callee_proto(a);
        let address = self.operand(Operand::Cache);
        let seen = self.load(I64, self.regions.feedback, address, abi::CACHE_PAYLOAD);
        let same = self.b.ins().icmp(IntCC::Equal, proto, seen);
        let (note, known) = (self.cold(), self.block());
        let noted = self.b.append_block_param(known, I64);
        self.b.ins().brif(same, known, &[BlockArg::Value(proto)], note, &[]);
        self.switch(note);
        let address = self.operand(Operand::Cache);
        let misses = self.load(I8, self.regions.feedback, address, abi::CACHE_MISSES);
        let many = self.compare(IntCC::UnsignedGreaterThanOrEqual, misses, i64::from(SEVERAL));
        let (several, few) = (self.cold(), self.cold());
        self.branch(many, several, few);
        self.switch(few);
        self.helper(Helper::NoteCall);
        self.jump(several);
        self.switch(several);
        let proto = self.callee_proto(a);
        self.jump_with(known, proto);
        self.switch(known);
        noted
    }

    /// `TAILCALL`: of a native, the `RETURN` behind it takes the results.
    pub(super) fn tail_call(&mut self) {
        if !self.is_stencil() {
            self.helper_or_leave(Helper::TailCall);
            return self.forget_all();
        }
        let (slow, native, lua) = (self.cold(), self.cold(), self.cold());
        if self.form().count == Form::SLOWLY {
            self.jump(slow);
        } else {
            self.tail_call_compiled(slow);
        }
        self.switch(slow);
        let code = self.helper_or_leave(Helper::TailEnter);
        self.branch(code, lua, native);
        self.switch(lua);
        let (vm, flags) = (self.operand(Operand::CallVm), self.regions.vm);
        let base = self.load(I64, flags, vm, abi::VM_EXIT_FRAME);
        let count = self.load(I64, flags, vm, abi::VM_EXIT_COUNT);
        self.enter_tail(code, base, count);
        self.switch(native);
        self.forget_all();
    }

    /// Puts a compiled function in place of this one, as `interp::replace_frame` does.
    fn tail_call_compiled(&mut self, slow: Block) {
        let (a, regions) = (self.a(), self.regions);
        self.require_tag(a, tag::CLOSURE, slow);
        let proto = self.callee_proto(a);
        let compiled = self.load(I8, regions.object, proto, abi::PROTO_COMPILED);
        self.require(compiled, slow);
        let proto = self.callee_proto(a);
        let code = self.load(I64, regions.object, proto, abi::PROTO_ENTRY);
        let (base, closure) = (self.base(), self.bits(a));
        self.store(regions.stack, closure, base, abi::FUNCTION);
        let count = usize::from(self.form().count);
        for index in 0..count {
            let payload = self.bits(a + CALL_GAP + index);
            let tag = self.tag(a + CALL_GAP + index);
            self.store(regions.stack, payload, base, abi::reg(index));
            self.store(regions.stack, tag, base, abi::reg(index) + TAG);
        }
        let zero = self.b.ins().iconst(I32, 0);
        self.store(regions.stack, zero, base, abi::HEADER_PC);
        let flags = self.load(I8, regions.stack, base, abi::HEADER_FLAGS);
        let kept = self.b.ins().band_imm_s(flags, i64::from(flags::NATIVE_CALLER | flags::LUA_CALL));
        self.store(regions.stack, kept, base, abi::HEADER_FLAGS);
        let mark = self.b.ins().iconst(I32, i64::from(FrameHeader::TAIL_CALL));
        self.store(regions.stack, mark, base, abi::HEADER_VARARGS);
        let count = self.iconst(count as i64);
        self.enter_tail(code, base, count);
    }

    /// The prototype of the closure in `R[A]`.
    fn callee_proto(&mut self, a: usize) -> Value {
        let closure = self.bits(a);
        self.load(I64, self.regions.object, closure, abi::CLOSURE_PROTO)
    }

    /// The header of a call at `R[A]`: pc 0, the distance to the callee, no flags.
    fn write_header(&mut self, a: usize) {
        let flags = self.regions.stack;
        let at = abi::reg(a + CALL_GAP) + abi::HEADER;
        let pc_and_prev = self.iconst(((a + FRAME_OFFSET) as i64) << 32);
        let base = self.base();
        self.store(flags, pc_and_prev, base, at);
        let rest = self.iconst(0);
        self.store(flags, rest, base, at + TAG);
    }

    /// Goes to `done` when `status` is what the call wants, else through the helper.
    fn end_call(&mut self, status: Value, done: Block) {
        let unusual = self.cold();
        match self.form().wanted {
            Many::Open => {
                let returned = self.compare(IntCC::SignedGreaterThanOrEqual, status, 0);
                self.require(returned, unusual);
                self.end_open(status, done);
            }
            Many::None => {
                let returned = self.compare(IntCC::SignedGreaterThanOrEqual, status, 0);
                self.branch(returned, done, unusual);
            }
            Many::Some => {
                let exact = self.equals(status, self.instruction.get(Operand::C) - 1);
                self.branch(exact, done, unusual);
            }
        }
        self.switch(unusual);
        let status = self.finish_call(status);
        self.leave_or_go_on(status, done);
    }

    /// All `count` results of a call are wanted.
    pub(super) fn end_open(&mut self, count: Value, done: Block) {
        let bytes = self.b.ins().ishl_imm_u(count, i64::from(VALUE_SIZE.trailing_zeros()));
        let (vm, base, a) = (self.vm(), self.base(), self.a());
        let slot = self.b.ins().iadd_imm_s(base, i64::from(abi::reg(a)));
        let top = self.b.ins().iadd(slot, bytes);
        self.store(self.regions.vm, top, vm, abi::VM_TOP);
        self.jump(done);
    }

    pub(super) fn ret(&mut self) {
        let status = match self.form().count {
            Form::SLOWLY => self.helper(Helper::Ret),
            count => {
                let flags = self.regions.stack;
                let (a, base) = (self.a(), self.base());
                for index in 0..usize::from(count) {
                    let payload = self.bits(a + index);
                    let tag = self.tag(a + index);
                    let to = abi::FUNCTION + abi::reg(index);
                    self.store(flags, payload, base, to);
                    self.store(flags, tag, base, to + TAG);
                }
                self.iconst(i64::from(count))
            }
        };
        self.leave_with(status);
    }
}
