//! What `read` and `lines` understand: the formats `n`, `l`, `L`, `a` and numbers of bytes.

use std::io;

use super::stream::Stream;

/// One format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Number,
    Line { keep_end: bool },
    All,
    Bytes(usize),
}

impl Format {
    /// A format by its name; a `*` in front is allowed for compatibility.
    pub fn named(name: &[u8]) -> Option<Format> {
        let name = name.strip_prefix(b"*").unwrap_or(name);
        match name.first()? {
            b'n' => Some(Format::Number),
            b'l' => Some(Format::Line { keep_end: false }),
            b'L' => Some(Format::Line { keep_end: true }),
            b'a' => Some(Format::All),
            _ => None,
        }
    }

    /// Reads into `text`, which is empty, a line of up to `longest` bytes. Says whether there was something to read.
    ///
    /// # Errors
    /// The stream cannot be read, or the line is longer.
    pub fn read(self, stream: &mut Stream, text: &mut Vec<u8>, longest: usize) -> io::Result<bool> {
        match self {
            Format::Number => {
                read_numeral(stream, text)?;
                Ok(true)
            }
            Format::Line { keep_end } => stream.read_line(text, keep_end, longest),
            Format::All => {
                stream.read_up_to(text, usize::MAX)?;
                Ok(true)
            }
            Format::Bytes(0) => Ok(stream.peek()?.is_some()),
            Format::Bytes(count) => {
                stream.read_up_to(text, count)?;
                Ok(!text.is_empty())
            }
        }
    }
}

/// Longest numeral that is read, in bytes.
const MAX_NUMERAL: usize = 200;

/// Reads the longest prefix of a numeral after white space. Whether it is a numeral is left to the conversion; an
/// overlong one becomes empty.
fn read_numeral(stream: &mut Stream, text: &mut Vec<u8>) -> io::Result<()> {
    while stream.peek()?.is_some_and(|byte| byte.is_ascii_whitespace() || byte == 11) {
        stream.consume(1);
    }
    let mut scanner = Numeral { stream, text };
    scanner.accept(b"+-")?;
    let mut hexadecimal = false;
    let mut digits = 0;
    if scanner.accept(b"0")? {
        if scanner.accept(b"xX")? {
            hexadecimal = true;
        } else {
            digits = 1;
        }
    }
    digits += scanner.digits(hexadecimal)?;
    if scanner.accept(b".")? {
        digits += scanner.digits(hexadecimal)?;
    }
    if digits > 0 && scanner.accept(if hexadecimal { b"pP" } else { b"eE" })? {
        scanner.accept(b"+-")?;
        scanner.digits(false)?;
    }
    Ok(())
}

struct Numeral<'a> {
    stream: &'a mut Stream,
    text: &'a mut Vec<u8>,
}

impl Numeral<'_> {
    /// Takes the next byte; an overlong numeral is given up.
    fn take(&mut self, byte: u8) -> bool {
        if self.text.len() >= MAX_NUMERAL {
            self.text.clear();
            return false;
        }
        self.text.push(byte);
        self.stream.consume(1);
        true
    }

    fn accept(&mut self, set: &[u8]) -> io::Result<bool> {
        match self.stream.peek()? {
            Some(byte) if set.contains(&byte) => Ok(self.take(byte)),
            _ => Ok(false),
        }
    }

    fn digits(&mut self, hexadecimal: bool) -> io::Result<usize> {
        let mut count = 0;
        while let Some(byte) = self.stream.peek()? {
            let fits = if hexadecimal { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() };
            if !fits || !self.take(byte) {
                break;
            }
            count += 1;
        }
        Ok(count)
    }
}
