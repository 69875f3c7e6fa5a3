//! placeholder until merged
use super::{Const, Instr, LocalVar, UpvalDesc};
pub struct CodeView<'a> { pub code: &'a [Instr], pub consts: &'a [Const], pub locals: &'a [LocalVar], pub upvals: &'a [UpvalDesc] }
#[derive(Clone, Copy)]
pub enum NameKind { Local }
impl NameKind { pub fn name(self) -> &'static str { "local" } }
pub fn operand_name(_: &CodeView<'_>, _: usize, _: &mut dyn FnMut(usize) -> bool, _: &mut dyn FnMut(usize) -> bool) -> Option<(NameKind, Vec<u8>)> { None }
pub fn called_name(_: &CodeView<'_>, _: usize) -> Option<(NameKind, Vec<u8>)> { None }
pub fn local_name(_: &CodeView<'_>, _: usize, _: usize) -> Option<Vec<u8>> { None }
