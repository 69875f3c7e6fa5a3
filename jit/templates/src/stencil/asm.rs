//! Machine code taken apart into basic blocks, and put together again with the hot ones first.

use std::collections::{BTreeMap, BTreeSet};

use iced_x86::{Code, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::{FRAME, Part, Target};

/// Code as Cranelift has made it.
pub struct Compiled {
    pub bytes: Vec<u8>,
    /// Where a tail call's distance lies, and which symbol it goes to.
    pub exits: Vec<(u32, Target)>,
    /// Ranges of code that comes from hot blocks and, with `true`, from cold ones. Moves on edges come from neither.
    pub locations: Vec<(u32, u32, bool)>,
}

/// An instruction, without jumps.
#[derive(Clone, Debug)]
pub struct Insn {
    pub bytes: Vec<u8>,
    /// Offset and width of displacement and immediate.
    pub fields: Vec<(u8, u8)>,
    /// A constant that lies behind the code: where its distance lies, and its bytes.
    pub literal: Option<(u8, [u8; 8])>,
}

/// A branch and where it goes.
#[derive(Clone, Copy, Debug)]
struct Jump {
    /// The opcode before the distance: `e9`, or `0f 8x`.
    condition: Option<u8>,
    to: Goal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    Block(u32),
    Out(Target),
}

#[derive(Debug)]
struct Block {
    /// `None` where no instruction says.
    cold: Option<bool>,
    insns: Vec<Insn>,
    /// Conditional jumps, then where control goes without one; `None` behind a return.
    jumps: Vec<Jump>,
}

/// What cannot be a stencil, and why.
#[derive(Debug)]
pub struct Unsuited(pub String);

/// Basic blocks by offset, the first at 0.
pub struct Graph(BTreeMap<u32, Block>);

impl Graph {
    /// Takes code apart. Frames are dropped: stencils share that of their function.
    ///
    /// # Errors
    /// The code contains what does not survive being moved.
    pub fn new(code: &Compiled) -> Result<Graph, Unsuited> {
        let decoded = decode(code);
        let start = frame_end(&decoded)?;
        let leaders = leaders(code, &decoded, start)?;
        let mut blocks = BTreeMap::new();
        let mut current: Option<(u32, Block)> = None;
        for (position, insn) in decoded.iter().enumerate().skip(start) {
            let ip = insn.ip() as u32;
            let location = code.locations.iter().find(|(from, to, _)| (*from..*to).contains(&ip));
            let cold = location.map(|location| location.2);
            let differs = |known: bool| cold.is_some_and(|cold| cold != known);
            let splits = current.as_ref().is_some_and(|(_, block)| block.cold.is_some_and(differs));
            if leaders.contains(&ip) || splits {
                if let Some((at, mut block)) = current.take() {
                    block.jumps.push(Jump { condition: None, to: Goal::Block(ip) });
                    blocks.insert(at, block);
                }
                current = Some((ip, Block { cold, insns: Vec::new(), jumps: Vec::new() }));
            }
            // Padding behind the last block.
            let Some((at, block)) = &mut current else { continue };
            block.cold = block.cold.or(cold);
            let short = match insn.flow_control() {
                FlowControl::ConditionalBranch => insn.len() != 6,
                FlowControl::UnconditionalBranch => insn.len() != 5,
                _ => false,
            };
            if insn.is_invalid() || short {
                return Err(Unsuited(format!("{:?} at {ip:#x}", insn.code())));
            }
            match insn.flow_control() {
                FlowControl::Next | FlowControl::IndirectCall => {
                    if !is_epilogue(&decoded[position..]) {
                        if !block.jumps.is_empty() {
                            return Err(Unsuited(format!("code behind a jump in a block at {at:#x}")));
                        }
                        block.insns.push(self::insn(code, insn)?);
                    }
                }
                FlowControl::ConditionalBranch => {
                    let condition = code.bytes[ip as usize + 1];
                    block.jumps.push(Jump { condition: Some(condition), to: Goal::Block(insn.near_branch64() as u32) });
                }
                FlowControl::UnconditionalBranch => {
                    let field = insn.next_ip() as u32 - 4;
                    let exit = code.exits.iter().find(|exit| exit.0 == field);
                    let to = exit.map_or(Goal::Block(insn.near_branch64() as u32), |exit| Goal::Out(exit.1));
                    block.jumps.push(Jump { condition: None, to });
                    blocks.extend(current.take());
                }
                FlowControl::Exception => blocks.extend(current.take()),
                other => return Err(Unsuited(format!("{other:?} at {ip:#x}"))),
            }
        }
        let entry = decoded[start].ip() as u32;
        let mut graph = Graph(blocks);
        graph.thread();
        graph.locate_edges();
        Ok(Graph(graph.reachable(entry)))
    }

    /// Jumps to a block that only jumps go where that goes.
    fn thread(&mut self) {
        let only: BTreeMap<u32, Goal> = self
            .0
            .iter()
            .filter(|(_, block)| block.insns.is_empty() && block.jumps.len() == 1)
            .map(|(at, block)| (*at, block.jumps[0].to))
            .collect();
        for jump in self.0.values_mut().flat_map(|block| &mut block.jumps) {
            let mut steps = 0;
            while let Goal::Block(at) = jump.to
                && let Some(next) = only.get(&at)
                && steps < only.len()
            {
                jump.to = *next;
                steps += 1;
            }
        }
    }

    /// A block that only moves values is cold when it ends the function or goes where it is cold.
    fn locate_edges(&mut self) {
        let is_cold = |blocks: &BTreeMap<u32, Block>, jump: &Jump| match jump.to {
            Goal::Block(at) => blocks[&at].cold == Some(true),
            Goal::Out(target) => target == Target::Leave,
        };
        let edges: Vec<u32> = self.0.iter().filter(|(_, block)| block.cold.is_none()).map(|(at, _)| *at).collect();
        for at in edges {
            let cold = self.0[&at].jumps.iter().all(|jump| is_cold(&self.0, jump));
            self.0.entry(at).and_modify(|block| block.cold = Some(cold));
        }
    }

    /// The blocks that control can reach from `entry`; those that it reaches through cold blocks only are cold.
    fn reachable(mut self, entry: u32) -> BTreeMap<u32, Block> {
        let walk = |blocks: &BTreeMap<u32, Block>, through_cold: bool| {
            let mut seen = BTreeSet::new();
            let mut work = vec![entry];
            while let Some(at) = work.pop() {
                if (blocks[&at].cold == Some(true) && !through_cold && at != entry) || !seen.insert(at) {
                    continue;
                }
                work.extend(blocks[&at].jumps.iter().filter_map(|jump| match jump.to {
                    Goal::Block(at) => Some(at),
                    Goal::Out(_) => None,
                }));
            }
            seen
        };
        let (hot, all) = (walk(&self.0, false), walk(&self.0, true));
        self.0.retain(|at, _| all.contains(at));
        for (at, block) in &mut self.0 {
            block.cold = Some(!hot.contains(at));
        }
        self.0
    }

    /// Puts the code together.
    pub fn assemble(&self) -> Assembled {
        let mut out = Assembled::default();
        let mut starts = BTreeMap::new();
        let mut pending: Vec<(Part, usize, u32)> = Vec::new();
        let mut literals = Vec::new();
        for part in [Part::Hot, Part::Cold] {
            let order = self.order(part);
            for (position, at) in order.iter().enumerate() {
                let block = &self.0[at];
                starts.insert(*at, (part, out.part(part).len()));
                for insn in &block.insns {
                    let start = out.part(part).len();
                    out.part(part).extend(&insn.bytes);
                    if let Some((at, value)) = insn.literal {
                        literals.push((part, start + usize::from(at), value));
                    }
                    out.fields
                        .extend(insn.fields.iter().map(|(at, width)| (part, start as u16 + u16::from(*at), *width)));
                }
                let next = Goal::Out(Target::Next);
                let last = (part == Part::Hot).then_some(next);
                let following = order.get(position + 1).map(|at| Goal::Block(*at)).or(last);
                for jump in &turned(&block.jumps, following) {
                    if jump.condition.is_none() && following == Some(jump.to) {
                        out.falls_through |= jump.to == next;
                        continue;
                    }
                    match jump.condition {
                        Some(condition) => out.part(part).extend([0x0f, condition]),
                        None => out.part(part).push(0xe9),
                    }
                    let at = out.part(part).len();
                    out.part(part).extend([0; 4]);
                    match jump.to {
                        Goal::Block(to) => pending.push((part, at, to)),
                        Goal::Out(target) => out.branches.push((part, at as u16, target)),
                    }
                }
            }
        }
        for (part, at, to) in pending {
            let (goal_part, goal) = starts[&to];
            out.link(part, at, goal_part, goal);
        }
        for (part, at, value) in literals {
            let place = out.cold.len();
            out.cold.extend(value);
            out.fields.push((Part::Cold, place as u16, 8));
            out.link(part, at, Part::Cold, place);
        }
        out
    }

    /// The blocks of a part in order: as they came, but one that goes on with the next instruction last.
    fn order(&self, part: Part) -> Vec<u32> {
        let mut order: Vec<u32> =
            self.0.iter().filter(|(_, block)| block.cold == Some(part == Part::Cold)).map(|(at, _)| *at).collect();
        let goes_on = |at: &u32| {
            // By its last jump, or by the one before, which can be turned round.
            self.0[at].jumps.iter().rev().take(2).any(|jump| jump.to == Goal::Out(Target::Next))
        };
        // The entry must stay first.
        if part == Part::Hot
            && let Some(position) = order.iter().rposition(goes_on)
            && (position > 0 || order.len() == 1)
        {
            let last = order.remove(position);
            order.push(last);
        }
        order
    }
}

/// Jumps such that control falls through to `following` where it can: `if c goto following; goto other` is turned round.
fn turned(jumps: &[Jump], following: Option<Goal>) -> Vec<Jump> {
    let mut jumps = jumps.to_vec();
    if let [.., last_but_one, last] = &mut jumps[..]
        && let Some(condition) = last_but_one.condition
        && Some(last_but_one.to) == following
        && Some(last.to) != following
    {
        // The lowest bit of a condition's code negates it.
        *last_but_one = Jump { condition: Some(condition ^ 1), to: last.to };
        last.to = following.expect("it is where the jump went");
    }
    jumps
}

/// Both parts of a stencil, before holes have been told from other fields.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Assembled {
    pub hot: Vec<u8>,
    pub cold: Vec<u8>,
    pub fields: Vec<(Part, u16, u8)>,
    pub branches: Vec<(Part, u16, Target)>,
    pub falls_through: bool,
}

impl Assembled {
    /// Makes the four bytes at `at` the distance to a place in this stencil.
    fn link(&mut self, part: Part, at: usize, goal_part: Part, goal: usize) {
        if goal_part == part {
            let distance = goal as i32 - (at as i32 + 4);
            self.part(part)[at..at + 4].copy_from_slice(&distance.to_le_bytes());
        } else {
            self.branches.push((part, at as u16, Target::Within(goal_part, goal as u16)));
        }
    }

    pub fn part(&mut self, part: Part) -> &mut Vec<u8> {
        match part {
            Part::Hot => &mut self.hot,
            Part::Cold => &mut self.cold,
        }
    }
}

/// The instructions, without the constants that lie behind them.
fn decode(code: &Compiled) -> Vec<Instruction> {
    let mut end = code.bytes.len() as u64;
    let mut decoded = Vec::new();
    for insn in Decoder::with_ip(64, &code.bytes, 0, DecoderOptions::NONE) {
        if insn.ip() >= end {
            break;
        }
        if insn.is_ip_rel_memory_operand() {
            end = end.min(insn.ip_rel_memory_address());
        }
        decoded.push(insn);
    }
    decoded
}

/// The instruction behind the prologue.
fn frame_end(decoded: &[Instruction]) -> Result<usize, Unsuited> {
    let is_push =
        decoded.first().is_some_and(|insn| insn.code() == Code::Push_r64 && insn.op0_register() == Register::RBP);
    let is_move = decoded.get(1).is_some_and(|insn| {
        insn.mnemonic() == Mnemonic::Mov && insn.op0_register() == Register::RBP && insn.op1_register() == Register::RSP
    });
    if !is_push || !is_move {
        return Err(Unsuited("another prologue".to_owned()));
    }
    match decoded.get(2) {
        Some(insn) if insn.mnemonic() == Mnemonic::Sub && insn.op0_register() == Register::RSP => {
            if insn.immediate(1) > u64::from(FRAME) {
                return Err(Unsuited(format!("a frame of {} bytes", insn.immediate(1))));
            }
            Ok(3)
        }
        _ => Ok(2),
    }
}

/// Whether the instructions begin with the rest of an epilogue, which ends in a jump.
fn is_epilogue(rest: &[Instruction]) -> bool {
    for insn in rest {
        let to = insn.op0_register();
        match insn.mnemonic() {
            Mnemonic::Add if to == Register::RSP => {}
            Mnemonic::Mov if to == Register::RSP && insn.op1_register() == Register::RBP => {}
            Mnemonic::Pop if to == Register::RBP => {}
            Mnemonic::Jmp => return true,
            _ => return false,
        }
    }
    false
}

/// Where basic blocks begin: the entry, targets of jumps, and what follows conditional jumps.
fn leaders(code: &Compiled, decoded: &[Instruction], start: usize) -> Result<BTreeSet<u32>, Unsuited> {
    let mut leaders = BTreeSet::from([decoded[start].ip() as u32]);
    for (position, insn) in decoded.iter().enumerate().skip(start) {
        let is_exit = code.exits.iter().any(|exit| exit.0 == insn.next_ip() as u32 - 4);
        let flow = insn.flow_control();
        if matches!(flow, FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch) && !is_exit {
            leaders.insert(insn.near_branch64() as u32);
        }
        // Behind a run of conditional jumps that ends in another instruction a block begins.
        let next = decoded.get(position + 1);
        if flow == FlowControl::ConditionalBranch
            && let Some(next) = next
            && !matches!(next.flow_control(), FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch)
        {
            leaders.insert(next.ip() as u32);
        }
    }
    let known: BTreeSet<u32> = decoded.iter().map(|insn| insn.ip() as u32).collect();
    if let Some(at) = leaders.iter().find(|at| !known.contains(at)) {
        return Err(Unsuited(format!("a jump into an instruction at {at:#x}")));
    }
    Ok(leaders)
}

fn insn(code: &Compiled, insn: &Instruction) -> Result<Insn, Unsuited> {
    let registers = (0..insn.op_count()).filter(|index| insn.op_kind(*index) == OpKind::Register);
    let uses_frame =
        registers.map(|index| insn.op_register(index)).any(|register| register.full_register() == Register::RBP)
            || insn.memory_base() == Register::RBP
            || insn.memory_index() == Register::RBP;
    if uses_frame {
        return Err(Unsuited(format!("the frame pointer at {:#x}", insn.ip())));
    }
    let range = insn.ip() as usize..insn.next_ip() as usize;
    let mut bytes = code.bytes[range].to_vec();
    let mut decoder = Decoder::with_ip(64, &bytes, insn.ip(), DecoderOptions::NONE);
    let again = decoder.decode();
    let offsets = decoder.get_constant_offsets(&again);
    let mut fields = Vec::new();
    let mut literal = None;
    if insn.is_ip_rel_memory_operand() {
        let from = insn.ip_rel_memory_address() as usize;
        let value = code.bytes.get(from..from + 8).and_then(|bytes| bytes.try_into().ok());
        let behind = insn.len() - offsets.displacement_offset() - offsets.displacement_size();
        match value {
            Some(value) if behind == 0 && insn.memory_size().size() == 8 => {
                literal = Some((offsets.displacement_offset() as u8, value));
            }
            _ => return Err(Unsuited(format!("a constant in memory at {:#x}", insn.ip()))),
        }
    } else if offsets.has_displacement() {
        fields.push((offsets.displacement_offset() as u8, offsets.displacement_size() as u8));
    }
    if offsets.has_immediate() {
        fields.push((offsets.immediate_offset() as u8, offsets.immediate_size() as u8));
    }
    if let Some((at, _)) = literal {
        bytes[usize::from(at)..usize::from(at) + 4].fill(0);
    }
    Ok(Insn { bytes, fields, literal })
}
