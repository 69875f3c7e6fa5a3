//! The other end of [`super::runner`]: a process that runs programs as it is told, until its input ends.
//!
//! A request is a line "SEQUENCE LENGTH MODE SEED" and the program; the answer is what the program printed, then a line
//! "SEQUENCE STATUS LENGTH" behind [`MARK`], then the message that it ended with.

use std::io::{BufRead, Read, Write};

use super::mode::Mode;
use crate::{
    failure::{Failure, Result},
    host::captured::{self, Ended},
};

/// Begins the line behind what a program has printed.
pub const MARK: &[u8] = b"\n\x01\x02";

/// What programs are called in messages.
pub const NAME: &[u8] = b"@program.lua";

/// Serves requests from standard input.
///
/// # Errors
/// A request cannot be read or understood, or an answer cannot be written.
pub fn serve() -> Result<()> {
    captured::with_stack(|| {
        let mut input = std::io::stdin().lock();
        let mut output = std::io::stdout().lock();
        let broken = |error: std::io::Error| Failure::work(format!("fuzzing worker: {error}"));
        loop {
            let mut line = String::new();
            if input.read_line(&mut line).map_err(broken)? == 0 {
                return Ok(());
            }
            let fields: Vec<&str> = line.split_whitespace().collect();
            let &[sequence, length, mode, seed] = fields.as_slice() else {
                return Err(Failure::work(format!("fuzzing worker: {line:?} is no request")));
            };
            let mode: Mode = mode.parse().map_err(Failure::work)?;
            let mut source = vec![0; length.parse().unwrap_or(0)];
            input.read_exact(&mut source).map_err(broken)?;
            let answer = captured::capture(&source, NAME, mode.setting(seed.parse().unwrap_or(0)));
            let status = match answer.ended {
                Ended::Normally => 0,
                Ended::ByError => 1,
                Ended::AtSyntax => 2,
            };
            let mut bytes = answer.stdout;
            bytes.extend_from_slice(MARK);
            bytes.extend_from_slice(format!("{sequence} {status} {}\n", answer.message.len()).as_bytes());
            bytes.extend_from_slice(&answer.message);
            output.write_all(&bytes).and_then(|()| output.flush()).map_err(broken)?;
        }
    })
}
