//! The VM.
/// One virtual machine.
pub struct Vm;
