//! Binary chunks: what `string.dump` makes and `load` accepts.
//!
//! A chunk is the signature `ESC T r i`, a version byte, the length of the payload (8 bytes, little-endian), its
//! checksum (likewise) and the payload: the strings that the functions refer to, the name of the source unless it is
//! stripped, and the main function with those inside it. Numbers are in LEB128, instructions and floats have fixed
//! size. Code is in its generic form; feedback is not part of it. What follows the payload is not looked at.
//!
//! The checksum recognises accidents. It does not authenticate: whoever makes a chunk can make its checksum. So
//! nothing that is read is relied on until [`validate`] has accepted it; see there for what that promises.

use std::collections::HashMap;
use std::sync::Arc;

use super::{
    Const, FnUnit, Instr, LocalVar, LoopDesc, LoopKind, Op, StrId, Strings, UpvalDesc, UpvalKind, set_loop_depths,
    validate,
};

/// First bytes of a binary chunk.
pub const SIGNATURE: [u8; 4] = *b"\x1bTri";

/// Changes with the format and with the instruction set.
const VERSION: u8 = 1;

/// Bytes in front of the payload.
pub const HEADER: usize = SIGNATURE.len() + 1 + 8 + 8;

/// Functions inside functions; the parser does not nest them so deeply.
const MAX_NESTING: usize = 200;

/// Why bytes are no chunk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("not a binary chunk")]
    Signature,
    #[error("version mismatch")]
    Version,
    #[error("truncated chunk")]
    Truncated,
    #[error("checksum mismatch")]
    Checksum,
    /// The payload does not have the form of one.
    #[error("{0}")]
    Form(&'static str),
    /// The functions are not ones that the front end could have made.
    #[error("invalid code: {0}")]
    Code(String),
}

/// A chunk whose main function is `unit`; `strip` leaves out names of variables, lines and the source's name.
pub fn write(unit: &FnUnit, strip: bool) -> Vec<u8> {
    let mut writer =
        Writer { strings: &unit.strings, strip, numbers: HashMap::new(), used: Vec::new(), out: Vec::new() };
    writer.function(unit);
    let body = std::mem::take(&mut writer.out);
    writer.number(writer.used.len() as u64);
    for id in std::mem::take(&mut writer.used) {
        writer.bytes(unit.strings.get(id));
    }
    writer.flag(!strip);
    if !strip {
        writer.bytes(&unit.source);
    }
    let payload = [writer.out, body].concat();
    let mut chunk = Vec::with_capacity(HEADER + payload.len());
    chunk.extend_from_slice(&SIGNATURE);
    chunk.push(VERSION);
    chunk.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    chunk.extend_from_slice(&checksum(&payload).to_le_bytes());
    chunk.extend_from_slice(&payload);
    chunk
}

/// The main function of a chunk, validated.
///
/// # Errors
///
/// Says why the bytes are no chunk.
pub fn read(chunk: &[u8]) -> Result<FnUnit, ReadError> {
    let common = chunk.len().min(SIGNATURE.len());
    if chunk[..common] != SIGNATURE[..common] {
        return Err(ReadError::Signature);
    }
    let (header, rest) = chunk.split_at_checked(HEADER).ok_or(ReadError::Truncated)?;
    if header[SIGNATURE.len()] != VERSION {
        return Err(ReadError::Version);
    }
    let word = |at: usize| header[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let length = usize::try_from(word(SIGNATURE.len() + 1)).map_err(|_| ReadError::Truncated)?;
    let payload = rest.get(..length).ok_or(ReadError::Truncated)?;
    if checksum(payload) != word(SIGNATURE.len() + 9) {
        return Err(ReadError::Checksum);
    }
    read_payload(payload)
}

/// `chunk` with the checksum that its payload should have: for tests of what only validation can find.
pub fn with_checksum(mut chunk: Vec<u8>) -> Vec<u8> {
    if let Some((header, payload)) = chunk.split_at_mut_checked(HEADER) {
        header[SIGNATURE.len() + 1..SIGNATURE.len() + 9].copy_from_slice(&(payload.len() as u64).to_le_bytes());
        header[SIGNATURE.len() + 9..].copy_from_slice(&checksum(payload).to_le_bytes());
    }
    chunk
}

/// Each step is invertible, so that a change in one place is never missed.
fn checksum(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut sum = bytes.len() as u64 ^ FACTOR;
    let mut mix = |word: u64| sum = (sum.rotate_left(29) ^ word).wrapping_mul(FACTOR);
    let (words, rest) = bytes.as_chunks();
    for word in words {
        mix(u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(u64::from_le_bytes(last));
    sum ^ sum >> 32
}

struct Writer<'u> {
    strings: &'u Strings,
    strip: bool,
    /// Numbers in the chunk of the strings used so far.
    numbers: HashMap<StrId, u32>,
    used: Vec<StrId>,
    out: Vec<u8>,
}

impl Writer<'_> {
    fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.out.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.out.push(value as u8);
    }

    /// A number that may be negative, with the sign in the lowest bit.
    fn signed(&mut self, value: i64) {
        self.number((value << 1 ^ value >> 63) as u64);
    }

    fn flag(&mut self, value: bool) {
        self.out.push(value.into());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    fn string(&mut self, id: StrId) {
        debug_assert!(id.index() < self.strings.len());
        let next = self.used.len() as u32;
        let number = *self.numbers.entry(id).or_insert(next);
        if number == next {
            self.used.push(id);
        }
        self.number(number.into());
    }

    fn function(&mut self, unit: &FnUnit) {
        self.out.extend_from_slice(&[unit.num_params, unit.is_vararg.into(), unit.max_stack]);
        self.number(unit.feedback_slots.into());
        self.number(unit.line_defined.into());
        self.number(unit.last_line_defined.into());
        self.number(unit.code.len() as u64);
        for instr in &unit.code {
            self.out.extend_from_slice(&instr.0.to_le_bytes());
        }
        self.number(unit.consts.len() as u64);
        for constant in &unit.consts {
            self.constant(*constant);
        }
        self.number(unit.upvals.len() as u64);
        for upval in &unit.upvals {
            self.out.extend_from_slice(&[upval.in_stack.into(), upval.index, upval.kind as u8]);
        }
        self.number(unit.loops.len() as u64);
        for desc in &unit.loops {
            self.out.push(desc.kind as u8);
            self.number(desc.header_pc.into());
            self.number(desc.back_edge_pc.into());
        }
        let debug = !self.strip && unit.lines.len() == unit.code.len();
        self.flag(debug);
        if debug {
            self.debug_info(unit);
        }
        self.number(unit.children.len() as u64);
        for child in &unit.children {
            self.function(child);
        }
    }

    fn constant(&mut self, constant: Const) {
        match constant {
            Const::Nil => self.out.push(0),
            Const::Bool(value) => self.out.push(1 + u8::from(value)),
            Const::Int(value) => {
                self.out.push(3);
                self.signed(value);
            }
            Const::Float(value) => {
                self.out.push(4);
                self.out.extend_from_slice(&value.to_bits().to_le_bytes());
            }
            Const::Str(id) => {
                self.out.push(5);
                self.string(id);
            }
        }
    }

    fn debug_info(&mut self, unit: &FnUnit) {
        let mut before = unit.line_defined;
        for line in &unit.lines {
            self.signed(i64::from(*line) - i64::from(before));
            before = *line;
        }
        for upval in &unit.upvals {
            self.flag(upval.name.is_some());
            if let Some(name) = upval.name {
                self.string(name);
            }
        }
        self.number(unit.locals.len() as u64);
        for local in &unit.locals {
            self.string(local.name);
            self.out.push(local.reg);
            self.number(local.start_pc.into());
            self.number(local.end_pc.into());
        }
    }
}

type Read<T> = Result<T, ReadError>;

fn read_payload(payload: &[u8]) -> Read<FnUnit> {
    let mut reader = Reader { rest: payload, strings: Arc::default(), source: Arc::from(&b"=?"[..]) };
    let mut strings = Strings::default();
    for _ in 0..reader.count(1)? {
        strings.push(reader.bytes()?);
    }
    reader.strings = Arc::new(strings);
    if reader.flag()? {
        reader.source = reader.bytes()?.into();
    }
    let unit = reader.function(0)?;
    if !reader.rest.is_empty() {
        return Err(ReadError::Form("the payload is longer than its contents"));
    }
    validate(&unit).map_err(ReadError::Code)?;
    Ok(unit)
}

struct Reader<'p> {
    rest: &'p [u8],
    strings: Arc<Strings>,
    source: Arc<[u8]>,
}

impl<'p> Reader<'p> {
    fn take(&mut self, count: usize) -> Read<&'p [u8]> {
        let (taken, rest) =
            self.rest.split_at_checked(count).ok_or(ReadError::Form("the payload is shorter than its contents"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn byte(&mut self) -> Read<u8> {
        self.array().map(|[byte]| byte)
    }

    fn flag(&mut self) -> Read<bool> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(ReadError::Form("a flag is neither 0 nor 1")),
        }
    }

    fn number(&mut self) -> Read<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(ReadError::Form("a number is too long"))
    }

    fn signed(&mut self) -> Read<i64> {
        self.number().map(|value| (value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn short<T: TryFrom<u64>>(&mut self) -> Read<T> {
        T::try_from(self.number()?).map_err(|_| ReadError::Form("a number is too large"))
    }

    /// A count of things that take at least `size` bytes each: what they need is in proportion to what is there.
    fn count(&mut self, size: usize) -> Read<usize> {
        let count: usize = self.short()?;
        match count.checked_mul(size) {
            Some(bytes) if bytes <= self.rest.len() => Ok(count),
            _ => Err(ReadError::Form("the payload is shorter than its contents")),
        }
    }

    fn list<T>(&mut self, size: usize, item: impl Fn(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        (0..self.count(size)?).map(|_| item(self)).collect()
    }

    fn bytes(&mut self) -> Read<&'p [u8]> {
        let count = self.count(1)?;
        self.take(count)
    }

    fn string(&mut self) -> Read<StrId> {
        let id = StrId(self.short()?);
        if id.index() < self.strings.len() { Ok(id) } else { Err(ReadError::Form("a string is missing")) }
    }

    fn function(&mut self, depth: usize) -> Read<FnUnit> {
        if depth >= MAX_NESTING {
            return Err(ReadError::Form("functions are nested too deeply"));
        }
        let (num_params, is_vararg, max_stack) = (self.byte()?, self.flag()?, self.byte()?);
        let feedback_slots = self.short()?;
        let (line_defined, last_line_defined) = (self.short()?, self.short()?);
        let code = self.list(4, Self::instr)?;
        let consts = self.list(1, Self::constant)?;
        let upvals = self.list(3, Self::upvalue)?;
        let mut loops = self.list(3, Self::loop_desc)?;
        set_loop_depths(&mut loops);
        let mut unit = FnUnit {
            code,
            lines: Vec::new(),
            consts,
            children: Vec::new(),
            upvals,
            locals: Vec::new(),
            loops,
            num_params,
            is_vararg,
            max_stack,
            feedback_slots,
            line_defined,
            last_line_defined,
            source: self.source.clone(),
            strings: self.strings.clone(),
        };
        if self.flag()? {
            self.debug_info(&mut unit)?;
        }
        unit.children = self.list(1, |reader| reader.function(depth + 1))?;
        Ok(unit)
    }

    fn instr(&mut self) -> Read<Instr> {
        let word = u32::from_le_bytes(self.array()?);
        // INVARIANT: an `Instr` has an existing opcode.
        if usize::from(word as u8) < Op::ALL.len() { Ok(Instr(word)) } else { Err(ReadError::Form("no such opcode")) }
    }

    fn constant(&mut self) -> Read<Const> {
        Ok(match self.byte()? {
            0 => Const::Nil,
            1 => Const::Bool(false),
            2 => Const::Bool(true),
            3 => Const::Int(self.signed()?),
            4 => Const::Float(f64::from_bits(u64::from_le_bytes(self.array()?))),
            5 => Const::Str(self.string()?),
            _ => return Err(ReadError::Form("no such kind of constant")),
        })
    }

    fn upvalue(&mut self) -> Read<UpvalDesc> {
        let (in_stack, index) = (self.flag()?, self.byte()?);
        let kind = match self.byte()? {
            0 => UpvalKind::Regular,
            1 => UpvalKind::Const,
            2 => UpvalKind::Close,
            _ => return Err(ReadError::Form("no such kind of upvalue")),
        };
        Ok(UpvalDesc { name: None, in_stack, index, kind })
    }

    fn loop_desc(&mut self) -> Read<LoopDesc> {
        let kind = match self.byte()? {
            0 => LoopKind::Numeric,
            1 => LoopKind::Generic,
            2 => LoopKind::Branch,
            _ => return Err(ReadError::Form("no such kind of loop")),
        };
        Ok(LoopDesc { header_pc: self.short()?, back_edge_pc: self.short()?, depth: 0, kind })
    }

    fn debug_info(&mut self, unit: &mut FnUnit) -> Read<()> {
        let mut line = i64::from(unit.line_defined);
        unit.lines.reserve_exact(unit.code.len().min(self.rest.len()));
        for _ in 0..unit.code.len() {
            line = line.wrapping_add(self.signed()?);
            let line = u32::try_from(line).map_err(|_| ReadError::Form("a line is out of range"))?;
            unit.lines.push(line);
        }
        for upval in &mut unit.upvals {
            if self.flag()? {
                upval.name = Some(self.string()?);
            }
        }
        unit.locals = self.list(4, |reader| {
            let (name, reg) = (reader.string()?, reader.byte()?);
            Ok(LocalVar { name, reg, start_pc: reader.short()?, end_pc: reader.short()? })
        })?;
        Ok(())
    }
}
