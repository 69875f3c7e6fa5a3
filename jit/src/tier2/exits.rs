//! Records of side exits.

/// The record behind one exit, addressed by its stub; owned by the code.
pub struct ExitInfo {
    /// Address of the prototype: the record is made on the thread that compiles.
    pub proto: usize,
    pub loop_index: Option<usize>,
    pub pc: u32,
    pub reason: &'static str,
    pub deopt: bool,
}
