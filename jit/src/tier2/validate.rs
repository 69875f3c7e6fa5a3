//! Checks an IR function: run after each pass in debug builds and in tests.

use super::ir::{Block, Func, Inst, Saved, Term, Ty, V};

/// Checks that every value is defined before its uses on every path, that types fit, and that blocks are finished.
///
/// # Errors
/// The first violation, as text.
pub fn validate(func: &Func) -> Result<(), String> {
    let order = super::passes::reverse_postorder(func);
    let dominators = super::passes::dominators(func, &order);
    let mut home: Vec<Option<(Block, usize)>> = vec![None; func.insts.len()];
    for block in &order {
        let data = &func.blocks[block.index()];
        for param in &data.params {
            home[param.index()] = Some((*block, 0));
        }
        for (index, value) in data.insts.iter().enumerate() {
            home[value.index()] = Some((*block, index + 1));
        }
    }
    let dominates = |value: V, block: Block, place: usize| match home[value.index()] {
        None => false,
        Some((at, index)) if at == block => index <= place,
        Some((at, _)) => {
            let mut walk = block;
            loop {
                match dominators[walk.index()] {
                    Some(parent) if parent != walk => walk = parent,
                    _ => return false,
                }
                if walk == at {
                    return true;
                }
            }
        }
    };
    for block in &order {
        let data = &func.blocks[block.index()];
        for (index, value) in data.insts.iter().enumerate() {
            let inst = func.inst(*value);
            let mut bad = None;
            inst.operands(|operand| {
                if !dominates(operand, *block, index) {
                    bad = Some(operand);
                }
            });
            if let Some(operand) = bad {
                return Err(format!("{block:?}: {value:?} = {inst:?} uses {operand:?} before its definition"));
            }
            check_types(func, inst).map_err(|what| format!("{block:?}: {value:?} = {inst:?}: {what}"))?;
            if let Inst::Guard(_, exit) = inst {
                check_exit(func, exit.index(), |value| dominates(value, *block, index))?;
            }
        }
        let end = data.insts.len();
        match &data.term {
            Term::Open => return Err(format!("{block:?} is not finished")),
            Term::Jump(to, args) => {
                let params = &func.blocks[to.index()].params;
                if params.len() != args.len() {
                    return Err(format!("{block:?} passes {} arguments to {to:?}[{}]", args.len(), params.len()));
                }
                for (param, arg) in params.iter().zip(args) {
                    if func.ty(*param) != func.ty(*arg) {
                        return Err(format!("{block:?}: argument {arg:?} for {param:?} has another type"));
                    }
                    if !dominates(*arg, *block, end) {
                        return Err(format!("{block:?} passes {arg:?} before its definition"));
                    }
                }
            }
            Term::Branch(condition, a, b) => {
                if func.ty(*condition) != Ty::I8 || !dominates(*condition, *block, end) {
                    return Err(format!("{block:?} branches on {condition:?}"));
                }
                for to in [a, b] {
                    if !func.blocks[to.index()].params.is_empty() {
                        return Err(format!("{block:?} branches to {to:?}, which has parameters"));
                    }
                }
            }
            Term::Return(value) => {
                if func.ty(*value) != Ty::I64 || !dominates(*value, *block, end) {
                    return Err(format!("{block:?} returns {value:?}"));
                }
            }
            Term::Exit(exit) => check_exit(func, exit.index(), |value| dominates(value, *block, end))?,
        }
    }
    Ok(())
}

fn check_exit(func: &Func, index: usize, is_defined: impl Fn(V) -> bool) -> Result<(), String> {
    for (register, saved) in &func.exits[index].saved {
        let (values, types): (&[V], &[Ty]) = match saved {
            Saved::Int(value) | Saved::Tagged(_, value) => (&[*value], &[Ty::I64]),
            Saved::Float(value) => (&[*value], &[Ty::F64]),
            Saved::Prim(_) => (&[], &[]),
            Saved::Any(payload, tag) => (&[*payload, *tag], &[Ty::I64, Ty::I8]),
        };
        for (value, ty) in values.iter().zip(types) {
            if func.ty(*value) != *ty || !is_defined(*value) {
                return Err(format!("x{index} saves {value:?} for register {register}"));
            }
        }
    }
    Ok(())
}

fn check_types(func: &Func, inst: Inst) -> Result<(), &'static str> {
    let is = |value: V, ty: Ty| func.ty(value) == ty;
    let ok = match inst {
        Inst::Arith(_, a, b) | Inst::Cmp(_, a, b) => is(a, Ty::I64) && is(b, Ty::I64),
        Inst::FArith(_, a, b) | Inst::FCmp(_, a, b) => is(a, Ty::F64) && is(b, Ty::F64),
        Inst::FUnary(_, a) | Inst::Bits(a) => is(a, Ty::F64),
        Inst::IntToFloat(a) | Inst::FromBits(a) => is(a, Ty::I64),
        Inst::TagIs(a, _) | Inst::TagBelow(a, _) | Inst::Not(a) | Inst::Guard(a, _) => is(a, Ty::I8),
        Inst::TagsEqual(a, b) | Inst::And(a, b) | Inst::Or(a, b) => is(a, Ty::I8) && is(b, Ty::I8),
        Inst::Barrier(holder, payload, tag) => is(holder, Ty::I64) && is(payload, Ty::I64) && is(tag, Ty::I8),
        Inst::Select(condition, a, b) => is(condition, Ty::I8) && func.ty(a) == func.ty(b),
        Inst::Load(_, _, base, _) | Inst::Store(_, _, base, _, _) | Inst::StoreTag(_, base, _, _) => is(base, Ty::I64),
        _ => true,
    };
    if ok { Ok(()) } else { Err("operand of the wrong type") }
}
