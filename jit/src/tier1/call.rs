//! Templates of calls and returns.

use cranelift_codegen::ir::{
    Block, InstBuilder, Value,
    condcodes::IntCC,
    types::I64,
};
use trinity_vm::{
    bytecode::Op,
    frame::FRAME_OFFSET,
    function::CacheKind,
    value::tag,
};

use super::emitter::Emitter;
use crate::{
    abi::{self, CALL_GAP, TAG, VALUE_SIZE},
    helpers,
};

/// Most results that a `RETURN` copies inline.
const INLINE_RESULTS: usize = 4;

impl Emitter<'_, '_> {
    /// `CALL`: a Lua function is entered directly. A native is called by the helper, which loses nothing by it.
    pub(super) fn call(&mut self) {
        let instr = self.instr();
        let (a, c) = (instr.a(), instr.c());
        let cache = self.cache();
        let regions = self.regions;
        if cache.kind == CacheKind::Native {
            self.helper_or_leave(helpers::call);
            return self.forget_all();
        }
        let (other, done) = (self.cold(), self.block());
        self.require_tag(a, tag::CLOSURE, other);
        self.store_pc();
        let proto = self.callee_proto(a);
        let address = self.address(cache);
        let seen = self.load(I64, regions.feedback, address, abi::CACHE_PAYLOAD);
        let same = self.b.ins().icmp(IntCC::Equal, proto, seen);
        let (note, known) = (self.cold(), self.block());
        self.branch(same, known, note);
        self.switch(note);
        self.helper(helpers::note_call);
        self.jump(known);

        self.switch(known);
        let proto = self.callee_proto(a);
        let code = self.load(I64, regions.object, proto, abi::PROTO_ENTRY);
        self.write_header(a);
        let base = self.base();
        let callee = self.b.ins().iadd_imm_s(base, i64::from(abi::reg(a + CALL_GAP)));
        let count = match instr.b() {
            0 => {
                let vm = self.vm();
                let top = self.load(I64, regions.vm, vm, abi::VM_TOP);
                let bytes = self.b.ins().isub(top, callee);
                self.b.ins().sshr_imm_u(bytes, i64::from(VALUE_SIZE.trailing_zeros()))
            }
            count => self.iconst(count as i64 - 1),
        };
        let status = self.enter(code, callee, count);
        self.end_call(a, c, status, done);
        self.slow_path(other, helpers::call, done);
        self.forget_all();
        self.switch(done);
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
    fn end_call(&mut self, a: usize, c: usize, status: Value, done: Block) {
        let unusual = self.cold();
        match c {
            0 => {
                let returned = self.compare(IntCC::SignedGreaterThanOrEqual, status, 0);
                self.require(returned, unusual);
                let bytes = self.b.ins().ishl_imm_u(status, i64::from(VALUE_SIZE.trailing_zeros()));
                let (vm, base) = (self.vm(), self.base());
                let slot = self.b.ins().iadd_imm_s(base, i64::from(abi::reg(a)));
                let top = self.b.ins().iadd(slot, bytes);
                self.store(self.regions.vm, top, vm, abi::VM_TOP);
                self.jump(done);
            }
            1 => {
                let returned = self.compare(IntCC::SignedGreaterThanOrEqual, status, 0);
                self.branch(returned, done, unusual);
            }
            wanted => {
                let exact = self.equals(status, wanted as i64 - 1);
                self.branch(exact, done, unusual);
            }
        }
        self.switch(unusual);
        let status = self.finish_call(status);
        self.leave_or_go_on(status, done);
    }

    pub(super) fn ret(&mut self, op: Op) {
        let instr = self.instr();
        let count = match op {
            Op::Return0 => Some(0),
            _ if self.proto.is_vararg => None,
            Op::Return1 => Some(1),
            _ if instr.c() != 0 => None,
            _ => instr.b().checked_sub(1).filter(|count| *count <= INLINE_RESULTS),
        };
        let status = match count {
            Some(count) => {
                let flags = self.regions.stack;
                let base = self.base();
                for index in 0..count {
                    let payload = self.bits(instr.a() + index);
                    let tag = self.tag(instr.a() + index);
                    let to = abi::FUNCTION + abi::reg(index);
                    self.store(flags, payload, base, to);
                    self.store(flags, tag, base, to + TAG);
                }
                self.iconst(count as i64)
            }
            None => self.helper(helpers::ret),
        };
        self.leave_with(status);
    }
}
