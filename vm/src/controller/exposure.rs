//! Programs that look into the frames of other functions.
//!
//! Optimised code keeps registers where `debug.getlocal` does not find them and `debug.setlocal` does not reach them. So
//! functions of a program that has a name of these two run in the other tiers, where every register is in its home
//! slot. A program can come by them without the name. Then what optimised code is out of use from their first call on,
//! and activations of it that are under way keep their locals to themselves.

use super::Subject;
use crate::{
    bytecode::Strings,
    frame::{Frame, flags},
    function::frame_proto,
    heap::Gc,
    seam::{Bailout, Tier},
    thread::Thread,
    vm::Vm,
};

/// Why functions are not optimised.
pub(super) const DECLINED: Bailout = Bailout("exposed-locals");

const NAMES: [&[u8]; 2] = [b"getlocal", b"setlocal"];

impl Vm {
    /// A chunk with these names and string constants is being loaded.
    pub(crate) fn note_names(&mut self, strings: &Strings) {
        if !self.controller.locals_exposed && NAMES.iter().any(|name| strings.contains(name)) {
            self.expose_locals();
        }
    }

    /// From now on every register of a function that is called is in its home slot.
    pub(crate) fn expose_locals(&mut self) {
        if std::mem::replace(&mut self.controller.locals_exposed, true) {
            return;
        }
        let functions: Vec<_> = self.controller.functions().collect();
        for proto in functions {
            if proto.profile.tier == Tier::Hot {
                self.demote(proto, Subject::Function);
            }
            for index in 0..proto.loops().len() {
                if proto.loops()[index].tier == Tier::Hot {
                    self.demote(proto, Subject::Loop(index));
                }
            }
        }
        // A coroutine that does not run has its frames in the interpreter's form.
        let mut top = self.frame;
        let mut thread: Option<Gc<Thread>> = Some(self.thread);
        while let Some(running) = thread {
            self.hide_locals(top);
            thread = running.resumer;
            top = thread.map_or(top, |thread| thread.frame);
        }
    }

    /// Flags the frames of a thread whose registers optimised code may hold.
    fn hide_locals(&mut self, top: Frame) {
        for frame in self.frames(top) {
            // SAFETY: frames of running threads are live.
            unsafe {
                if frame_proto(frame).is_some_and(|proto| proto.profile.censored) {
                    (*frame.header()).flags |= flags::HIDDEN_LOCALS;
                }
            }
        }
    }
}
