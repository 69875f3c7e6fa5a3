//! Functions in the heap.
/// A function prototype.
pub struct Proto;
