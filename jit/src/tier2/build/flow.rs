//! Control flow: blocks, branches, and what is known of the registers where branches meet.

use trinity_vm::{clock::Price, value::tag};

use super::Builder;
use crate::tier2::{
    ir::{Block, Term, Ty, V},
    state::{Rep, Slot, State},
};

impl Builder<'_> {
    pub(in crate::tier2) fn new_block(&mut self, cold: bool) -> Block {
        let block = self.func.block();
        self.func.blocks[block.index()].cold = cold;
        block
    }

    pub(in crate::tier2) fn terminate(&mut self, term: Term) {
        self.func.blocks[self.block.index()].term = term;
    }

    /// Splits: goes on in a new block when `condition`, and returns the block for when not.
    pub(in crate::tier2) fn split(&mut self, condition: V, cold: bool) -> Block {
        let (then, other) = (self.new_block(false), self.new_block(cold));
        self.terminate(Term::Branch(condition, then, other));
        self.block = then;
        other
    }

    /// Control goes on at `target` from the present block.
    pub(in crate::tier2) fn goto(&mut self, target: usize) {
        self.open = false;
        let Some(position) = self.cfg.position(target) else {
            // Out of the compiled range: the interpreter goes on there.
            let exit = self.exit_at(target, "loop-exit", false, Price::default());
            return self.terminate(Term::Exit(exit));
        };
        if self.headers.contains_key(&position) {
            self.back_edge(position, target);
        } else {
            self.pending.entry(target).or_default().push((self.block, self.state.clone()));
        }
    }

    /// Ends the block with a two-way branch between bytecode targets.
    pub(in crate::tier2) fn branch(&mut self, condition: V, taken: usize, other: usize) {
        let otherwise = self.split(condition, false);
        let state = self.state.clone();
        self.goto(taken);
        self.block = otherwise;
        self.state = state;
        self.goto(other);
    }

    /// Starts a block that is reached by `edges` only.
    pub(super) fn merge(&mut self, edges: Vec<(Block, State)>) {
        if let [(block, state)] = &edges[..] {
            self.block = *block;
            self.state = state.clone();
            return;
        }
        let block = self.new_block(false);
        let live = *self.liveness.at(self.pc);
        let mut state = State::new(self.state.slots.len());
        let mut args = vec![Vec::new(); edges.len()];
        let mut edges = edges;
        for register in 0..state.slots.len() {
            if !live.contains(register) {
                continue;
            }
            let reps: Vec<Rep> = edges.iter().map(|(_, state)| state.slots[register].rep).collect();
            let dirty = edges.iter().any(|(_, state)| state.slots[register].dirty);
            let first = reps[0];
            if reps.iter().all(|rep| *rep == first) {
                state.slots[register] = Slot { rep: first, dirty };
                continue;
            }
            let joined = self.join_params(block, &reps, &mut args);
            match joined {
                Some(rep) => state.slots[register] = Slot { rep, dirty: true },
                None => {
                    let tag = common_home_tag(&reps);
                    for (from, edge) in &mut edges {
                        self.block = *from;
                        std::mem::swap(&mut self.state, edge);
                        self.flush(register);
                        std::mem::swap(&mut self.state, edge);
                    }
                    state.slots[register] = Slot { rep: Rep::Home(tag), dirty: false };
                }
            }
        }
        state.arrays = edges[0].1.arrays.clone();
        state.arrays.retain(|fact| edges.iter().all(|(_, state)| state.arrays.contains(fact)));
        state.shapes = edges[0].1.shapes.clone();
        state.shapes.retain(|fact| edges.iter().all(|(_, state)| state.shapes.contains(fact)));
        for ((from, _), args) in edges.iter().zip(args) {
            self.func.blocks[from.index()].term = Term::Jump(block, args);
        }
        self.block = block;
        self.state = state;
    }

    /// Parameters for values of one kind that differ; `None` when they are of different kinds.
    fn join_params(&mut self, block: Block, reps: &[Rep], args: &mut [Vec<V>]) -> Option<Rep> {
        let values: Option<Vec<V>> = match reps[0] {
            Rep::Int(_) => reps.iter().map(|rep| if let Rep::Int(v) = rep { Some(*v) } else { None }).collect(),
            Rep::Float(_) => reps.iter().map(|rep| if let Rep::Float(v) = rep { Some(*v) } else { None }).collect(),
            Rep::Ref(tag, _) => reps
                .iter()
                .map(|rep| match rep {
                    Rep::Ref(other, v) if *other == tag => Some(*v),
                    _ => None,
                })
                .collect(),
            Rep::Any(..) => {
                let pairs: Option<Vec<(V, V)>> =
                    reps.iter().map(|rep| if let Rep::Any(p, t) = rep { Some((*p, *t)) } else { None }).collect();
                let pairs = pairs?;
                let payload = self.func.param(block, Ty::I64);
                let tag = self.func.param(block, Ty::I8);
                for (list, (p, t)) in args.iter_mut().zip(pairs) {
                    list.push(p);
                    list.push(t);
                }
                return Some(Rep::Any(payload, tag));
            }
            _ => None,
        };
        let values = values?;
        let ty = if matches!(reps[0], Rep::Float(_)) { Ty::F64 } else { Ty::I64 };
        let param = self.func.param(block, ty);
        for (list, value) in args.iter_mut().zip(values) {
            list.push(value);
        }
        Some(match reps[0] {
            Rep::Int(_) => Rep::Int(param),
            Rep::Float(_) => Rep::Float(param),
            Rep::Ref(tag, _) => Rep::Ref(tag, param),
            _ => unreachable!("handled above"),
        })
    }
}

/// The tag that all values of a register have when it goes home.
fn common_home_tag(reps: &[Rep]) -> Option<u8> {
    let tag = |rep: &Rep| match rep {
        Rep::Home(tag) => *tag,
        Rep::Int(_) => Some(tag::INT),
        Rep::Float(_) => Some(tag::FLOAT),
        Rep::Ref(tag, _) | Rep::Prim(tag) => Some(*tag),
        Rep::Any(..) => None,
    };
    let first = tag(&reps[0])?;
    reps.iter().all(|rep| tag(rep) == Some(first)).then_some(first)
}
