//! Snapshots as files, so that a compilation can be done again later, and looked at.
//!
//! A file holds a [`Snapshot`], the code that was made of it, and where the process that made it had what code names by
//! address ([`Places`]): with that, equal code is equal byte by byte. Objects of that process's heap are numbers, as they
//! are for the optimiser. Numbers are little-endian. Only the binary that wrote a file can do its compilation again.

use std::{
    path::{Path, PathBuf},
    sync::{OnceLock, atomic::AtomicBool},
};

use trinity_vm::{
    bytecode::{Instr, LoopDesc, LoopKind, Op, Segments},
    function::CacheKind,
    seam::EntryPoint,
    value::Value,
};

use super::{CacheView, Snapshot, liveness::RegSet, lower::Places, optimise_at, runtime};
use crate::{codegen::Codegen, optimiser};

const MAGIC: &[u8; 8] = b"TRSNAP\x00\x01";

/// A folder that receives a file for each compilation in tier 2.
#[derive(Debug)]
pub struct SnapshotFolder {
    path: PathBuf,
    problem: OnceLock<String>,
}

impl SnapshotFolder {
    /// The folder exists.
    pub fn new(path: PathBuf) -> SnapshotFolder {
        SnapshotFolder { path, problem: OnceLock::new() }
    }

    /// The first file that could not be written, and why.
    pub fn problem(&self) -> Option<&str> {
        self.problem.get().map(String::as_str)
    }

    /// Named by function and content: equal compilations are one file.
    pub(super) fn keep(&self, snapshot: &Snapshot, places: Places, code: &[u8]) {
        let mut bytes = encode(snapshot, places, code);
        let hash = fnv1a(&bytes);
        bytes.extend_from_slice(&hash.to_le_bytes());
        let name = format!("{:016x}-{hash:016x}.snapshot", snapshot.function_id);
        let path = self.path.join(name);
        if let Err(error) = std::fs::write(&path, bytes) {
            self.problem.get_or_init(|| format!("{}: cannot write the snapshot: {error}", path.display()));
        }
    }
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

/// Tells builds apart: how far from one another their helpers lie.
fn build() -> u64 {
    let helpers = [Op::GetField, Op::NewTable, Op::Concat, Op::Closure, Op::Call, Op::ForPrep, Op::Eq, Op::Lt];
    let far = helpers.map(|op| runtime::address(op, true).wrapping_sub(Places::anchor()));
    fnv1a(far.map(usize::to_le_bytes).as_flattened())
}

/// A compilation read back.
pub struct Stored {
    snapshot: Snapshot,
    places: Places,
    /// As it was made.
    code: Vec<u8>,
}

impl Stored {
    /// # Errors
    /// What is wrong with the file.
    pub fn load(path: &Path) -> Result<Stored, String> {
        let bytes = std::fs::read(path).map_err(|error| format!("cannot read: {error}"))?;
        let (content, hash) = bytes.split_at(bytes.len().saturating_sub(8));
        let mut reader = Reader(content);
        if reader.take(8) != Some(MAGIC) {
            return Err("not a snapshot; `trinity run --snapshots DIR` writes them".to_owned());
        }
        if reader.u64() != Some(build()) {
            return Err("written by another build, whose code this one cannot make".to_owned());
        }
        let whole = fnv1a(content).to_le_bytes() == hash;
        reader.stored().filter(|_| whole).ok_or_else(|| "not a whole snapshot; make it again".to_owned())
    }

    /// The function and what is compiled of it, in words.
    pub fn title(&self) -> String {
        let Snapshot { function_id, entry, code, caches, failed, proto_epoch, .. } = &self.snapshot;
        let entry = match entry {
            EntryPoint::Call => "at calls".to_owned(),
            EntryPoint::Loop(index) => format!("at loop {index}"),
        };
        format!(
            "function {function_id:016x} {entry}: {} words, {} caches, {} failed speculations, epoch {proto_epoch}",
            code.len(),
            caches.len(),
            failed.len()
        )
    }

    /// The optimiser's IR.
    ///
    /// # Errors
    /// Why the optimiser declines.
    pub fn ir(&self) -> Result<String, String> {
        Ok(super::build_ir(&self.snapshot).map_err(|bailout| bailout.0)?.to_string())
    }

    /// The code as it was made, and as it is made now.
    ///
    /// # Errors
    /// Why the optimiser declines.
    pub fn compile_again(&self) -> Result<(&[u8], Vec<u8>), String> {
        let mut codegen: Codegen = optimiser().map_err(|bailout| bailout.0)?;
        let again = optimise_at(&mut codegen, &self.snapshot, Some(self.places), &AtomicBool::new(false));
        Ok((&self.code, again.map_err(|bailout| bailout.0)?.code.bytes))
    }
}

fn encode(snapshot: &Snapshot, places: Places, code: &[u8]) -> Vec<u8> {
    let mut out = Writer(MAGIC.to_vec());
    let entry = match snapshot.entry {
        EntryPoint::Call => u32::MAX,
        EntryPoint::Loop(index) => index,
    };
    for number in [build(), places.anchor as u64, places.exits as u64, snapshot.function_id, snapshot.proto as u64] {
        out.u64(number);
    }
    out.list(&snapshot.code, |out, instr| out.u32(instr.0));
    out.list(&snapshot.consts, |out, value| {
        out.u64(value.bits);
        out.u8(value.tag);
    });
    out.list(&snapshot.short, |out, short| out.u8(u8::from(*short)));
    out.list(&snapshot.caches, |out, cache| {
        out.u64(cache.shape);
        out.u64(cache.payload);
        out.u32(cache.index);
        out.u32(cache.epoch);
        let flags = u8::from(cache.polymorphic) | u8::from(cache.has_metatable) << 1;
        [cache.kind as u8, cache.tag, flags].into_iter().for_each(|byte| out.u8(byte));
    });
    out.list(&snapshot.loops, |out, desc| {
        out.u32(desc.header_pc);
        out.u32(desc.back_edge_pc);
        out.u32(desc.depth.into());
        out.u8(desc.kind as u8);
    });
    out.list(&snapshot.failed, |out, (pc, reason)| {
        out.u32(*pc);
        out.list(reason.as_bytes(), |out, byte| out.u8(*byte));
    });
    out.list(&snapshot.entry_tags, |out, tag| out.u8(*tag));
    snapshot.captured.words().into_iter().for_each(|word| out.u64(word));
    out.u32(entry);
    out.u32(snapshot.proto_epoch);
    let flags = [snapshot.is_vararg, snapshot.patient, snapshot.segments.is_some()].map(u8::from);
    [snapshot.num_params, snapshot.max_stack].into_iter().chain(flags).for_each(|byte| out.u8(byte));
    out.list(code, |out, byte| out.u8(*byte));
    out.0
}

struct Writer(Vec<u8>);

impl Writer {
    fn u8(&mut self, byte: u8) {
        self.0.push(byte);
    }
    fn u32(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }
    fn u64(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }
    fn list<T>(&mut self, items: &[T], put: impl Fn(&mut Self, &T)) {
        self.u32(items.len() as u32);
        items.iter().for_each(|item| put(self, item));
    }
}

/// Takes values off the front; `None` where there are too few bytes, or they mean nothing.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }
    fn u8(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }
    fn flag(&mut self) -> Option<bool> {
        Some(self.u8()? != 0)
    }
    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }
    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }
    fn address(&mut self) -> Option<usize> {
        usize::try_from(self.u64()?).ok()
    }
    fn list<T>(&mut self, get: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        (0..self.u32()?).map(|_| get(self)).collect()
    }

    fn stored(&mut self) -> Option<Stored> {
        let places = Places { anchor: self.address()?, exits: self.address()? };
        let (function_id, proto) = (self.u64()?, self.address()?);
        let code = self.list(|file| file.u32().filter(|word| usize::from(*word as u8) < Op::ALL.len()).map(Instr))?;
        let consts = self.list(|file| Some(Value { bits: file.u64()?, tag: file.u8()? }))?;
        let short = self.list(Self::flag)?;
        let caches = self.list(Self::cache)?;
        let loops = self.list(|file| {
            let (header_pc, back_edge_pc, depth) = (file.u32()?, file.u32()?, u16::try_from(file.u32()?).ok()?);
            let kinds = [LoopKind::Numeric, LoopKind::Generic, LoopKind::Branch];
            Some(LoopDesc { header_pc, back_edge_pc, depth, kind: *kinds.get(usize::from(file.u8()?))? })
        })?;
        let failed = self.list(|file| {
            let pc = file.u32()?;
            let reason = String::from_utf8(file.list(Self::u8)?).ok()?;
            // The compilers' own are literals; a process reads few of these.
            let reason: &'static str = Box::leak(reason.into_boxed_str());
            Some((pc, reason))
        })?;
        let entry_tags = self.list(Self::u8)?;
        let captured = RegSet::of_words([self.u64()?, self.u64()?, self.u64()?, self.u64()?]);
        let entry = match self.u32()? {
            u32::MAX => EntryPoint::Call,
            index => EntryPoint::Loop(index),
        };
        let proto_epoch = self.u32()?;
        let (num_params, max_stack, is_vararg, patient) = (self.u8()?, self.u8()?, self.flag()?, self.flag()?);
        let segments = self.flag()?.then(|| Segments::of(&code));
        let snapshot = Snapshot {
            function_id,
            proto,
            entry,
            code,
            consts,
            short,
            caches,
            loops,
            num_params,
            is_vararg,
            max_stack,
            captured,
            failed,
            patient,
            entry_tags,
            proto_epoch,
            segments,
            forced_exits: None,
            keep: None,
        };
        Some(Stored { snapshot, places, code: self.list(Self::u8)? })
    }

    fn cache(&mut self) -> Option<CacheView> {
        use CacheKind::{Add, Array, Call, Empty, Mega, Native, Own, Proto};
        let (shape, payload, index, epoch) = (self.u64()?, self.u64()?, self.u32()?, self.u32()?);
        let (kind, tag, flags) = (self.u8()?, self.u8()?, self.u8()?);
        let kind =
            [Empty, Own, Proto, Add, Call, Array, Mega, Native].into_iter().find(|known| *known as u8 == kind)?;
        let (polymorphic, has_metatable) = (flags & 1 != 0, flags & 2 != 0);
        Some(CacheView { shape, payload, index, epoch, kind, tag, polymorphic, has_metatable })
    }
}
