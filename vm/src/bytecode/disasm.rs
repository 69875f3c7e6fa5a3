//! Listing of bytecode.

use std::fmt::Write;

use super::layout::{Extra, Field, jump_target};
use super::{Const, FnUnit, Instr, UpvalDesc};

/// The function and those inside it, one instruction a line: `pc [line] opcode operands ; what they mean`.
pub fn disassemble(unit: &FnUnit) -> String {
    let mut out = String::new();
    write_function(unit, "main", &mut out);
    out
}

fn write_function(unit: &FnUnit, path: &str, out: &mut String) {
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "function {path} <{},{}> params {}{}, stack {}, feedback {}",
        unit.line_defined,
        unit.last_line_defined,
        unit.num_params,
        if unit.is_vararg { "+" } else { "" },
        unit.max_stack,
        unit.feedback_slots
    );
    let mut pc = 0;
    while let Some(instr) = unit.code.get(pc) {
        let line = unit.lines.get(pc).copied().unwrap_or(0);
        let (operands, comment) = describe(unit, pc);
        let mut text = format!("{pc:5} [{line}] {:<10} {operands}", instr.op().name());
        if !comment.is_empty() {
            let _ = write!(text, " ; {comment}");
        }
        let _ = writeln!(out, "{}", text.trim_end());
        pc += instr.op().words();
    }
    for (index, upval) in unit.upvals.iter().enumerate() {
        let place = if upval.in_stack { "register" } else { "upvalue" };
        let name = upvalue_name(unit, upval);
        let _ = writeln!(out, "  upvalue {index} {name} = {place} {} {:?}", upval.index, upval.kind);
    }
    for local in &unit.locals {
        let name = unit.strings.get(local.name).escape_ascii();
        let _ = writeln!(out, "  local {name} = R{} {}..{}", local.reg, local.start_pc, local.end_pc);
    }
    for (index, desc) in unit.loops.iter().enumerate() {
        let (header, back_edge) = (desc.header_pc, desc.back_edge_pc);
        let _ = writeln!(out, "  loop {index} {:?} {header}..{back_edge} depth {}", desc.kind, desc.depth);
    }
    for (index, child) in unit.children.iter().enumerate() {
        write_function(child, &format!("{path}.{index}"), out);
    }
}

/// Operands as numbers, and what they stand for.
fn describe(unit: &FnUnit, pc: usize) -> (String, String) {
    let instr = unit.code[pc];
    let layout = instr.op().layout();
    let mut operands = Vec::new();
    let mut comments = Vec::new();
    for (field, value) in [(layout.a, instr.a()), (layout.b, instr.b()), (layout.c, instr.c())] {
        match field {
            Field::None => {}
            Field::Reg => operands.push(format!("R{value}")),
            Field::Count | Field::Flag => operands.push(value.to_string()),
            Field::Imm => operands.push((value as u8 as i8).to_string()),
            Field::ImmBx => operands.push(instr.sbx().to_string()),
            Field::LoopBx => operands.push(format!("L{}", instr.bx())),
            Field::ChildBx => operands.push(format!("F{}", instr.bx())),
            Field::ConstBx => {
                operands.push(format!("K{}", instr.bx()));
                comments.push(constant(unit, instr.bx()));
            }
            Field::Const | Field::Str | Field::Num => {
                operands.push(format!("K{value}"));
                comments.push(constant(unit, value));
            }
            Field::Upval => {
                operands.push(format!("U{value}"));
                comments.push(unit.upvals.get(value).map_or_else(|| "?".into(), |upval| upvalue_name(unit, upval)));
            }
        }
    }
    let ext = unit.code.get(pc + 1).copied().unwrap_or(Instr(0));
    match layout.extra {
        Extra::None | Extra::Jump | Extra::Distance => {}
        Extra::Feedback => operands.push(format!("#{}", ext.ax())),
        Extra::Count => operands.push(ext.ax().to_string()),
        Extra::DistanceLoop => operands.push(format!("L{}", ext.ax())),
        Extra::Const => {
            operands.push(format!("K{}", ext.ax()));
            comments.push(constant(unit, ext.ax()));
        }
    }
    if let Some(target) = jump_target(&unit.code, pc) {
        operands.push(format!("-> {target}"));
    }
    (operands.join(" "), comments.join(" "))
}

fn upvalue_name(unit: &FnUnit, upval: &UpvalDesc) -> String {
    upval.name.map_or_else(|| "?".into(), |name| unit.strings.get(name).escape_ascii().to_string())
}

fn constant(unit: &FnUnit, index: usize) -> String {
    match unit.consts.get(index) {
        None => "?".into(),
        Some(Const::Nil) => "nil".into(),
        Some(Const::Bool(value)) => value.to_string(),
        Some(Const::Int(value)) => value.to_string(),
        Some(Const::Float(value)) => format!("{value:?}"),
        Some(Const::Str(id)) => format!("\"{}\"", unit.strings.get(*id).escape_ascii()),
    }
}
