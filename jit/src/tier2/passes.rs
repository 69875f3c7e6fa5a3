//! Orders and small passes over the IR.

use super::ir::{Block, ENTRY, Effect, Func, Inst, Saved, Term, V};

/// Blocks reachable from the entry, every block before its successors except along back-edges.
pub fn reverse_postorder(func: &Func) -> Vec<Block> {
    let mut seen = vec![false; func.blocks.len()];
    let mut order = Vec::new();
    let mut stack = vec![(ENTRY, func.successors(ENTRY), 0)];
    seen[ENTRY.index()] = true;
    while let Some((block, successors, next)) = stack.last_mut() {
        if let Some(successor) = successors.get(*next).copied() {
            *next += 1;
            if !seen[successor.index()] {
                seen[successor.index()] = true;
                let after = func.successors(successor);
                stack.push((successor, after, 0));
            }
        } else {
            order.push(*block);
            stack.pop();
        }
    }
    order.reverse();
    order
}

/// Immediate dominators (Cooper, Harvey and Kennedy's iteration); the entry's is itself.
pub fn dominators(func: &Func, order: &[Block]) -> Vec<Option<Block>> {
    let mut position = vec![usize::MAX; func.blocks.len()];
    for (index, block) in order.iter().enumerate() {
        position[block.index()] = index;
    }
    let mut predecessors = vec![Vec::new(); func.blocks.len()];
    for block in order {
        for successor in func.successors(*block) {
            predecessors[successor.index()].push(*block);
        }
    }
    let mut dominators: Vec<Option<Block>> = vec![None; func.blocks.len()];
    dominators[ENTRY.index()] = Some(ENTRY);
    let mut changed = true;
    while changed {
        changed = false;
        for block in order.iter().skip(1) {
            let mut new: Option<Block> = None;
            for predecessor in &predecessors[block.index()] {
                if dominators[predecessor.index()].is_none() {
                    continue;
                }
                new = Some(match new {
                    None => *predecessor,
                    Some(mut a) => {
                        let mut b = *predecessor;
                        while a != b {
                            while position[a.index()] > position[b.index()] {
                                a = dominators[a.index()].expect("processed");
                            }
                            while position[b.index()] > position[a.index()] {
                                b = dominators[b.index()].expect("processed");
                            }
                        }
                        a
                    }
                });
            }
            if new != dominators[block.index()] {
                dominators[block.index()] = new;
                changed = true;
            }
        }
    }
    dominators
}

/// Removes instructions whose values nobody uses and that have no effect.
pub fn remove_dead(func: &mut Func) {
    let order = reverse_postorder(func);
    let mut live = vec![false; func.insts.len()];
    let mut work: Vec<V> = Vec::new();
    let mut mark = |value: V, work: &mut Vec<V>| {
        if !live[value.index()] {
            live[value.index()] = true;
            work.push(value);
        }
    };
    let mark_exit = |index: usize, each: &mut dyn FnMut(V)| {
        for (_, saved) in &func.exits[index].saved {
            match saved {
                Saved::Int(value) | Saved::Float(value) | Saved::Tagged(_, value) => each(*value),
                Saved::Any(payload, tag) => {
                    each(*payload);
                    each(*tag);
                }
                Saved::Prim(_) => {}
            }
        }
    };
    for block in &order {
        let data = &func.blocks[block.index()];
        for value in &data.insts {
            let inst = func.inst(*value);
            if !matches!(inst.effect(), Effect::Pure | Effect::Read(_)) {
                mark(*value, &mut work);
                if let Inst::Guard(_, exit) = inst {
                    mark_exit(exit.index(), &mut |value| mark(value, &mut work));
                }
            }
        }
        match &data.term {
            Term::Jump(_, args) => args.iter().for_each(|arg| mark(*arg, &mut work)),
            Term::Branch(value, ..) | Term::Return(value) => mark(*value, &mut work),
            Term::Exit(exit) => mark_exit(exit.index(), &mut |value| mark(value, &mut work)),
            Term::Open => {}
        }
    }
    while let Some(value) = work.pop() {
        func.inst(value).operands(|operand| mark(operand, &mut work));
    }
    for block in order {
        func.blocks[block.index()].insts.retain(|value| live[value.index()]);
    }
}
