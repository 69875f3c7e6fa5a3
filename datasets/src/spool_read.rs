//! Reads a spool back, tolerating the end that a killed process left.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufReader, ErrorKind, Read},
    path::Path,
};

use trinity_vm::seam::{FunctionTotals, VirtualTime};

use crate::{
    error::DataError,
    record::{self, Body, MAX_FRAME, NONE_U16, NONE_U32, decision::Known, tag},
};

/// A decision as it stands in the spool. Names as in [`trinity_vm::seam::DecisionRecord`].
pub(crate) struct Decision {
    pub decision_id: u64,
    pub parent: Option<u64>,
    pub last_deopt: Option<String>,
    pub t_ns: u64,
    pub t_virtual: VirtualTime,
    pub self_virtual: VirtualTime,
    pub snapshot_hash: u64,
    pub chain_hash: u64,
    pub function_id: u64,
    pub iteration: u32,
    /// Place in [`Contents::iterations`] of the first one to begin after it, which need not be there.
    pub next_iteration: usize,
    pub loop_index: Option<u32>,
    pub ask_again: u32,
    pub inference_ns: u32,
    pub feature_ns: u32,
    pub fallback: Option<String>,
    pub kind: u8,
    pub tier: u8,
    pub legal: u8,
    pub action: u8,
    pub taken: u8,
    pub explore: bool,
    pub propensities: [f32; 3],
    pub scores: [f32; 3],
    pub features: Vec<f64>,
}

pub(crate) struct Compile {
    pub decision_id: u64,
    pub function_id: u64,
    /// start, install, cpu, build, lower, codegen, link.
    pub times_ns: [u64; 7],
    pub loop_index: Option<u32>,
    /// bytecode words, IR instructions, code bytes.
    pub sizes: [u32; 3],
    pub tier_from: u8,
    pub tier_to: u8,
    /// See [`record::result_name`].
    pub result: u8,
    pub reason: Option<String>,
    pub form: Option<String>,
    pub enqueue_ns: Option<u64>,
    pub model_ns: Option<u64>,
}

pub(crate) struct Deopt {
    pub t_ns: u64,
    pub function_id: u64,
    pub pc: u32,
    pub reason: String,
    pub t_virtual: VirtualTime,
}

pub(crate) struct Iteration {
    pub iteration: u32,
    pub t_ns: u64,
    pub t_virtual: VirtualTime,
    /// wall, cpu, gc, compile.
    pub times_ns: [u64; 4],
    pub deopts: u64,
    pub took: VirtualTime,
}

pub(crate) struct Function {
    pub totals: FunctionTotals,
    pub bytecode_len: u32,
    pub final_tier: u8,
    pub name: String,
}

/// Totals of a function at the end of an iteration.
pub(crate) struct SoFar {
    /// Place of the iteration in [`Contents::iterations`].
    pub at: usize,
    pub totals: FunctionTotals,
}

pub(crate) struct RunEnd {
    pub wall_ns: u64,
    pub gc_ns: u64,
    pub peak_heap_bytes: u64,
    pub compile_cpu_ns: u64,
    pub consultations: u64,
    pub inference_ns: u64,
    pub took: VirtualTime,
    pub first_consultations: [u32; 2],
    pub policy: String,
}

/// Everything in one spool.
#[derive(Default)]
pub(crate) struct Contents {
    pub decisions: Vec<Decision>,
    pub compiles: Vec<Compile>,
    pub deopts: Vec<Deopt>,
    pub iterations: Vec<Iteration>,
    pub so_far: Vec<SoFar>,
    pub functions: Vec<Function>,
    pub run_end: Option<RunEnd>,
    pub records: u64,
    /// Bytes after the last whole record.
    pub lost_bytes: u64,
}

/// Reads a spool.
///
/// # Errors
/// [`DataError::Io`], or [`DataError::Spool`] when the header is not that of this build. What a killed process left
/// after the last whole record is no error: it is counted in `lost_bytes`.
pub(crate) fn read(path: &Path) -> Result<Contents, DataError> {
    let file = File::open(path).map_err(DataError::io(path, "open the spool"))?;
    let total = file.metadata().map_err(DataError::io(path, "read the spool"))?.len();
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let spool = |detail: &str| DataError::Spool { path: path.to_owned(), detail: detail.to_owned() };

    let mut header = [0; 16];
    let mut contents = Contents::default();
    match reader.read_exact(&mut header) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            // Killed before it had written even that: a run without a log is a run all the same.
            contents.lost_bytes = total;
            return Ok(contents);
        }
        Err(error) => return Err(DataError::io(path, "read the spool")(error)),
    }
    if header[..7] != record::MAGIC[..7] {
        return Err(spool("it does not begin with the spool mark; give a file written by `--log`"));
    }
    if header != record::header() {
        return Err(spool(
            "it was written by a build with another form of records or other features; run the program again with \
             `--log`",
        ));
    }

    let mut good = header.len() as u64;
    let (mut strings, mut known) = (HashMap::new(), Known::default());
    let mut body = Vec::new();
    loop {
        let mut head = [0; 5];
        let length = match reader.read_exact(&mut head) {
            Ok(()) => u32::from_le_bytes([head[1], head[2], head[3], head[4]]),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(DataError::io(path, "read the spool")(error)),
        };
        if length > MAX_FRAME {
            break;
        }
        body.resize(length as usize, 0);
        match reader.read_exact(&mut body) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(DataError::io(path, "read the spool")(error)),
        }
        if frame(head[0], &body, &mut strings, &mut known, &mut contents).is_none() {
            break;
        }
        good += 5 + u64::from(length);
    }
    contents.lost_bytes = total - good;
    Ok(contents)
}

/// Decodes one frame; `None` when it makes no sense.
fn frame(
    kind: u8,
    body: &[u8],
    strings: &mut HashMap<u16, String>,
    known: &mut Known,
    out: &mut Contents,
) -> Option<()> {
    let mut body = Body(body);
    let body = &mut body;
    match kind {
        tag::STRING => {
            let number = body.u16()?;
            strings.insert(number, std::str::from_utf8(body.0).ok()?.to_owned());
            return Some(());
        }
        tag::DECISION => {
            out.decisions.push(record::decision::read(body, strings, known, out.iterations.len())?);
        }
        tag::COMPILE => out.compiles.push(compile(body, strings)?),
        tag::DEOPT => out.deopts.push(Deopt {
            t_ns: body.u64()?,
            function_id: body.u64()?,
            pc: body.u32()?,
            reason: strings.get(&body.u16()?)?.clone(),
            t_virtual: body.virtual_time()?,
        }),
        tag::ITERATION => out.iterations.push(Iteration {
            iteration: body.u32()?,
            t_ns: body.u64()?,
            t_virtual: body.virtual_time()?,
            times_ns: [body.u64()?, body.u64()?, body.u64()?, body.u64()?],
            deopts: body.u64()?,
            took: body.virtual_time()?,
        }),
        tag::FUNCTION => out.functions.push(function(body)?),
        tag::FUNCTION_SO_FAR => out.so_far.push(SoFar { at: out.iterations.len(), totals: totals(body)? }),
        tag::RUN_END => {
            out.run_end = Some(RunEnd {
                wall_ns: body.u64()?,
                gc_ns: body.u64()?,
                peak_heap_bytes: body.u64()?,
                compile_cpu_ns: body.u64()?,
                consultations: body.u64()?,
                inference_ns: body.u64()?,
                took: body.virtual_time()?,
                first_consultations: [body.u32()?, body.u32()?],
                policy: std::str::from_utf8(body.0).ok()?.to_owned(),
            });
        }
        _ => return None,
    }
    out.records += 1;
    Some(())
}

fn loop_index(number: u32) -> Option<u32> {
    (number != NONE_U32).then_some(number)
}

pub(crate) fn string(number: u16, strings: &HashMap<u16, String>) -> Option<Option<String>> {
    if number == NONE_U16 { Some(None) } else { strings.get(&number).cloned().map(Some) }
}

fn compile(body: &mut Body<'_>, strings: &HashMap<u16, String>) -> Option<Compile> {
    let (decision_id, function_id) = (body.u64()?, body.u64()?);
    let mut times_ns = [0; 7];
    for time in &mut times_ns {
        *time = body.u64()?;
    }
    Some(Compile {
        decision_id,
        function_id,
        times_ns,
        loop_index: loop_index(body.u32()?),
        sizes: [body.u32()?, body.u32()?, body.u32()?],
        tier_from: body.u8()?,
        tier_to: body.u8()?,
        result: body.u8()?,
        reason: string(body.u16()?, strings)?,
        form: string(body.u16()?, strings)?,
        enqueue_ns: body.time()?,
        model_ns: body.time()?,
    })
}

fn function(body: &mut Body<'_>) -> Option<Function> {
    let totals = totals(body)?;
    let (bytecode_len, final_tier) = (body.u32()?, body.u8()?);
    Some(Function { totals, bytecode_len, final_tier, name: String::from_utf8_lossy(body.0).into_owned() })
}

fn totals(body: &mut Body<'_>) -> Option<FunctionTotals> {
    let (function_id, calls, backedges) = (body.u64()?, body.u64()?, body.u64()?);
    let (work, deopts, took) = (body.f64()?, body.u64()?, body.virtual_time()?);
    let (censored, loops) = (body.u8()? != 0, body.u32()?);
    if loops as usize > body.0.len() / 8 {
        return None;
    }
    let loop_backedges = (0..loops).map(|_| body.u64()).collect::<Option<Vec<_>>>()?;
    Some(FunctionTotals { function_id, calls, backedges, loop_backedges, work, took, censored, deopts })
}
