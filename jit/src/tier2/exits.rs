//! What a side exit tells the controller.

use trinity_vm::{function::Proto, heap::Gc};

/// The record behind one exit, addressed by its stub; owned by the code.
pub struct ExitInfo {
    pub proto: Gc<Proto>,
    pub loop_index: Option<usize>,
    pub pc: u32,
    pub reason: &'static str,
    pub deopt: bool,
}
