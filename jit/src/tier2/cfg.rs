//! The bytecode's control flow graph, from one entry, and its loops.

use std::ops::Range;

use super::liveness::{RegSet, accesses, successors};
use super::snapshot::Snapshot;

/// A basic block of bytecode.
pub struct BcBlock {
    pub pcs: Range<usize>,
    /// Blocks by position in [`Cfg::blocks`]; `None` for a target outside of the compiled range.
    pub successors: Vec<usize>,
}

/// A loop of the graph: a block that an edge from behind it leads to.
pub struct BcLoop {
    /// Registers written anywhere in the loop.
    pub modified: RegSet,
    /// First instructions of its blocks, in order.
    pub blocks: Vec<usize>,
}

/// Blocks by their first pc, in reverse postorder.
pub struct Cfg {
    pub blocks: Vec<BcBlock>,
    /// Position by first pc.
    by_pc: std::collections::HashMap<usize, usize>,
    /// By position of the header.
    pub loops: std::collections::HashMap<usize, BcLoop>,
}

impl Cfg {
    pub fn position(&self, pc: usize) -> Option<usize> {
        self.by_pc.get(&pc).copied()
    }

    /// The graph reachable from `entry` within `range`.
    pub fn build(snap: &Snapshot, entry: usize, range: Range<usize>) -> Cfg {
        let code = &snap.code;
        let is_in = |pc: &usize| range.contains(pc);
        // Leaders: the entry, jump targets, and what follows a jump or test.
        let mut leader = vec![false; code.len() + 1];
        leader[entry] = true;
        let mut pc = range.start;
        while pc < range.end {
            let next = pc + code[pc].op().words();
            let (fall, target) = successors(code, pc);
            if let Some(target) = target {
                leader[target] = true;
                leader[next] = true;
            }
            if fall.is_none() {
                leader[next] = true;
            }
            pc = next;
        }
        let block_end = |start: usize| {
            let mut pc = start;
            loop {
                let (fall, target) = successors(code, pc);
                let next = pc + code[pc].op().words();
                if target.is_some() || fall.is_none() || leader[next] || !range.contains(&next) {
                    return (next, [fall, target].into_iter().flatten().filter(is_in).collect::<Vec<_>>());
                }
                pc = next;
            }
        };
        let mut order = Vec::new();
        let mut seen = std::collections::HashSet::from([entry]);
        let mut stack = vec![(entry, block_end(entry), 0)];
        while let Some((start, (end, targets), next)) = stack.last_mut() {
            if let Some(target) = targets.get(*next).copied() {
                *next += 1;
                if seen.insert(target) {
                    let end = block_end(target);
                    stack.push((target, end, 0));
                }
            } else {
                order.push((*start, *end, targets.clone()));
                stack.pop();
            }
        }
        order.reverse();
        let by_pc: std::collections::HashMap<_, _> =
            order.iter().enumerate().map(|(position, (start, ..))| (*start, position)).collect();
        let blocks: Vec<BcBlock> = order
            .iter()
            .map(|(start, end, targets)| BcBlock {
                pcs: *start..*end,
                successors: targets.iter().map(|target| by_pc[target]).collect(),
            })
            .collect();
        let mut cfg = Cfg { blocks, by_pc, loops: Default::default() };
        cfg.find_loops(snap);
        cfg
    }

    fn find_loops(&mut self, snap: &Snapshot) {
        let mut predecessors = vec![Vec::new(); self.blocks.len()];
        for (position, block) in self.blocks.iter().enumerate() {
            for successor in &block.successors {
                predecessors[*successor].push(position);
            }
        }
        for (header, sources) in predecessors.iter().enumerate() {
            let latches: Vec<usize> = sources.iter().copied().filter(|source| *source >= header).collect();
            if latches.is_empty() {
                continue;
            }
            let mut body = std::collections::BTreeSet::from([header]);
            let mut work = latches;
            while let Some(block) = work.pop() {
                if body.insert(block) {
                    work.extend(predecessors[block].iter().copied());
                }
            }
            let mut modified = RegSet::default();
            let max = snap.max_stack as usize;
            for block in &body {
                let mut pc = self.blocks[*block].pcs.start;
                while pc < self.blocks[*block].pcs.end {
                    modified.union(&accesses(&snap.code, pc, max).1);
                    pc += snap.code[pc].op().words();
                }
            }
            self.loops.insert(header, BcLoop { modified, blocks: body.into_iter().collect() });
        }
    }
}
