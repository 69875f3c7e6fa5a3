//! The code of a function from stencils, to read: which stencil each instruction has become, and its machine code.

use std::{collections::BTreeSet, fmt::Write, ops::Range};

use iced_x86::{Decoder, DecoderOptions, FlowControl, Formatter, Instruction, IntelFormatter};
use trinity_templates::stencil::Part;
use trinity_vm::{
    function::Proto,
    seam::{Bailout, EntryPoint},
    vm::Vm,
};

use super::stitch::{Mark, Stitcher};

/// What tier 1 makes of `proto` with the feedback that there is.
///
/// # Errors
/// There are no stencils for this processor, or for an instruction.
pub fn listing(vm: &Vm, proto: &Proto, entry: EntryPoint) -> Result<String, Bailout> {
    let mut stitcher = Stitcher::new(vm, true).ok_or(Bailout("host"))?;
    let (code, marks) = stitcher.stitch_marked(vm, proto, entry)?;
    let ends: BTreeSet<usize> = marks.iter().map(|mark| mark.at as usize).chain([code.len()]).collect();
    let range = |mark: &Mark| {
        let at = mark.at as usize;
        at..*ends.range(at + 1..).next().unwrap_or(&at)
    };
    let mut printer = Printer { code, targets: BTreeSet::new(), formatter: IntelFormatter::new(), out: String::new() };
    for part in [Part::Hot, Part::Cold] {
        for mark in marks.iter().filter(|mark| mark.part == part) {
            let at = mark.pc.map_or_else(String::new, |pc| format!("{pc:4} "));
            let _ = writeln!(printer.out, "{at}{}{}", mark.name, if part == Part::Cold { ", slow" } else { "" });
            printer.print(range(mark));
        }
    }
    Ok(printer.out)
}

/// Machine code without marks.
pub fn disassemble(code: &[u8]) -> String {
    let mut printer = Printer { code, targets: BTreeSet::new(), formatter: IntelFormatter::new(), out: String::new() };
    printer.print(0..code.len());
    printer.out
}

struct Printer<'a> {
    code: &'a [u8],
    /// Where branches go.
    targets: BTreeSet<u64>,
    formatter: IntelFormatter,
    out: String,
}

impl Printer<'_> {
    /// Instructions, and the constants that may lie behind them.
    fn print(&mut self, range: Range<usize>) {
        let mut decoder = Decoder::with_ip(64, &self.code[range.clone()], range.start as u64, DecoderOptions::NONE);
        let mut insn = Instruction::default();
        while decoder.can_decode() {
            decoder.decode_out(&mut insn);
            let _ = write!(self.out, "      {:5x}  ", insn.ip());
            self.formatter.format(&insn, &mut self.out);
            self.out.push('\n');
            let flow = insn.flow_control();
            if matches!(flow, FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch) {
                self.targets.insert(insn.near_branch64());
            }
            let next = insn.next_ip();
            if flow == FlowControl::UnconditionalBranch && self.targets.range(next..range.end as u64).next().is_none() {
                for literal in self.code[next as usize..range.end].chunks(8) {
                    let _ = writeln!(self.out, "             bytes {literal:02x?}");
                }
                return;
            }
        }
    }
}
