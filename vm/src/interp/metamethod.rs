//! Calling metamethods, and values that are called through `__call`.

use super::access::MAX_META_CHAIN;
use crate::{frame::FRAME_OFFSET, function::frame_proto, meta::Meta, native::Throw, value::Value, vm::Vm};

impl Vm {
    /// Shifts the arguments of a call of a value that is not a function, and puts its `__call` in front.
    ///
    /// # Errors
    /// The value has no `__call`.
    ///
    /// # Safety
    /// A call of `count` arguments has been laid out at `base`.
    pub unsafe fn prepare_call_meta(&mut self, base: *mut Value, count: usize) -> Result<usize, Throw> {
        let mut count = count;
        // SAFETY: the frame's slots below `base` and its arguments are live; room is made for one more.
        unsafe {
            let slot = base.sub(FRAME_OFFSET);
            for _ in 0..MAX_META_CHAIN {
                let callee = *slot;
                if callee.is_function() {
                    return Ok(count);
                }
                let handler = self.metamethod(callee, Meta::Call);
                if handler.is_nil() {
                    return Err(self.call_error(callee));
                }
                self.ensure_stack(base, count + 2)?;
                for index in (0..count).rev() {
                    *base.add(index + 1) = *base.add(index);
                }
                *base = callee;
                *slot = handler;
                count += 1;
            }
        }
        Err(self.runtime_error("'__call' chain too long"))
    }

    /// Calls a metamethod for its first result.
    pub(crate) fn call_meta1(&mut self, handler: Value, args: &[Value]) -> Result<Value, Throw> {
        Ok(if self.call_meta(handler, args)? > 0 { self.result(0) } else { Value::NIL })
    }

    /// Calls a metamethod without result.
    pub(crate) fn call_meta0(&mut self, handler: Value, args: &[Value]) -> Result<(), Throw> {
        self.call_meta(handler, args).map(|_| ())
    }

    /// Calls a metamethod. One that an instruction needs may yield: a resume finishes the instruction (see
    /// [`super::continuation`]). A native that needs one is not resumed.
    fn call_meta(&mut self, handler: Value, args: &[Value]) -> Result<u32, Throw> {
        // SAFETY: the running frame is live.
        let is_instruction = unsafe { frame_proto(self.frame) }.is_some();
        if is_instruction { self.call_yieldable(handler, args) } else { self.call(handler, args) }
    }
}
