//! The frame: what every tier, the collector, tracebacks and coroutines agree on. See ARCHITECTURE.md, "Linkage".
//!
//! ```text
//!   base[-2]  the function being run (a closure or a native)
//!   base[-1]  the header
//!   base[0…]  registers: parameters first
//! ```
//! The extra arguments of a vararg function lie below `base[-2]`, see [`FrameHeader::varargs`].

use crate::{bytecode::FRAME_GAP, value::Value};

/// Slots from the function to the first register.
pub const FRAME_OFFSET: usize = 1 + FRAME_GAP;

/// The header slot. Seen as a [`Value`] it is nil, so that a stack may be scanned without finding the frames first.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct FrameHeader {
    /// Index of the instruction that is being executed; kept current before anything that can call, throw, poll
    /// or yield.
    pub pc: u32,
    /// Slots from the caller's `base` to this one; 0 in the first frame of a thread.
    pub prev: u32,
    /// Always 0: the tag byte of this slot.
    pub nil_tag: u8,
    /// [`flags`].
    pub flags: u8,
    /// With [`flags::LUA_CALL`] operand `C` of the call: results wanted + 1, or 0 for all. With [`flags::DETACHED`] the
    /// `interp::Continuation`.
    pub spare: u16,
    /// With [`flags::VARARG`] the number of extra arguments, at `base[-2 - params - varargs …]`; see
    /// [`Frame::function_slot`]. With [`flags::DETACHED`] the distance to the callee. [`FrameHeader::TAIL_CALL`] may be
    /// added to it.
    pub varargs: u32,
}

impl FrameHeader {
    /// Bit of `varargs`: the function was called by a tail call, so the frame below is not its caller's.
    pub const TAIL_CALL: u32 = 1 << 31;

    /// Extra arguments of the function.
    pub fn extra_arguments(&self) -> usize {
        if self.flags & flags::VARARG == 0 { 0 } else { (self.varargs & !Self::TAIL_CALL) as usize }
    }

    pub fn is_tail_call(&self) -> bool {
        self.varargs & Self::TAIL_CALL != 0
    }
}

const _: () = assert!(size_of::<FrameHeader>() == size_of::<Value>());

/// Flags of a frame.
pub mod flags {
    /// The caller is native code: the interpreter returns from its loop when this frame does.
    pub const NATIVE_CALLER: u8 = 1;
    /// The frame was moved above its extra arguments by `VARARGPREP`.
    pub const VARARG: u8 = 2;
    /// A detached frame of `pcall` or `xpcall`: a throw stops here.
    pub const PROTECTED: u8 = 4;
    /// A native's frame whose activation is gone (the coroutine yielded through it): `spare` says how it goes on.
    pub const DETACHED: u8 = 8;
    /// `a <= b` waits for the answer to `b < a` (a yield has dropped the activation that asked).
    pub const NEGATED: u8 = 16;
    /// The caller is a frame of the interpreter that waits at a call in two words, and `spare` says for what.
    pub const LUA_CALL: u8 = 32;
    /// A debug hook has been told of this activation, or it began before there was a hook.
    pub const REPORTED: u8 = 64;
    /// Optimised code that runs the frame may keep its registers elsewhere; see `controller::exposure`.
    pub const HIDDEN_LOCALS: u8 = 128;
}

/// A frame by the address of its first register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Frame(pub *mut Value);

impl Frame {
    /// # Safety
    /// `self` must be the base of a live frame.
    #[inline(always)]
    pub unsafe fn header(self) -> *mut FrameHeader {
        // SAFETY: the slot below a live base is its header.
        unsafe { self.0.sub(1).cast() }
    }

    /// # Safety
    /// `self` must be the base of a live frame.
    #[inline(always)]
    pub unsafe fn function(self) -> Value {
        // SAFETY: as the contract says.
        unsafe { *self.0.sub(FRAME_OFFSET) }
    }

    /// The caller's frame, `None` for the first of a thread.
    ///
    /// # Safety
    /// `self` must be the base of a live frame.
    pub unsafe fn caller(self) -> Option<Frame> {
        // SAFETY: as the contract says; `prev` leads to a live base.
        unsafe {
            match (*self.header()).prev {
                0 => None,
                prev => Some(Frame(self.0.sub(prev as usize))),
            }
        }
    }

    /// Where the caller put the function and expects the results: below the extra arguments of a vararg frame.
    ///
    /// # Safety
    /// `self` must be the base of a live frame; `params` the fixed parameters of its function.
    #[inline(always)]
    pub unsafe fn function_slot(self, params: usize) -> *mut Value {
        // SAFETY: as the contract says; a vararg frame was moved up by exactly this many slots.
        unsafe {
            let header = self.header();
            if (*header).flags & flags::VARARG == 0 {
                self.0.sub(FRAME_OFFSET)
            } else {
                self.0.sub(FRAME_OFFSET + (*header).extra_arguments() + params + FRAME_OFFSET)
            }
        }
    }
}

/// What the universal entry returns: a number of results (≥ 0) or one of [`status`].
pub type Status = i64;

pub mod status {
    use super::Status;
    /// An error is in `vm.error`.
    pub const THROW: Status = -1;
    /// The running coroutine yields; the values are the arguments of the frame `thread.frame`.
    pub const YIELD: Status = -2;
    /// Compiled code gave up its activation: the interpreter must go on in frame `vm.exit_frame` at its pc.
    pub const EXIT: Status = -3;
    /// Compiled code ends with a tail call: the frame `vm.exit_frame` has replaced its own, with `vm.exit_count`
    /// arguments laid out for the universal entry. Whoever entered it goes on there (`interp::settle`).
    pub const TAIL: Status = -4;
    /// The plain case of an intrinsic does not hold: nothing has happened yet, and the call is to be made in full.
    pub const DECLINED: Status = -5;
}

/// The universal entry: `(vm, base, argument count) → status`.
///
/// The caller has written `base[-2]` (the function), the header (`pc` 0, `prev`, no flags) and the arguments.
/// Results land at the slot that held the function.
pub type Entry = unsafe extern "C" fn(*mut crate::vm::Vm, *mut Value, u64) -> Status;
