//! Lexical analysis (manual §3.1).

use super::error::{Result, SyntaxError, until_nul};
use super::intern::Interner;
use super::number::{Number, hex_value, is_space, parse_number};
use super::scan;
use super::token::{KEYWORDS, KNOWN_NAMES, Tok};
use crate::bytecode::{StrId, dump::SIGNATURE};

pub struct Lexer<'s> {
    source: &'s [u8],
    chunk_name: &'s [u8],
    pos: usize,
    /// First byte of the token read last.
    token_start: usize,
    /// Line of the position.
    pub line: u32,
    /// Value of the token read last, as `string`, `int` and `float` read it.
    pub value: u64,
    pub names: Interner,
    /// Contents of the string being read, when they differ from its source text.
    buffer: Vec<u8>,
}

/// A chunk from its second line on when the first starts with `#`, as loaders of files skip it.
///
/// The line end stays in front of source text, so that line numbers do not change.
pub fn strip_shebang(source: &[u8]) -> &[u8] {
    let text = source.strip_prefix(b"\xef\xbb\xbf").unwrap_or(source);
    if text.first() != Some(&b'#') {
        return text;
    }
    let end = text.iter().position(|b| *b == b'\n').unwrap_or(text.len());
    match &text[end..] {
        [b'\n', chunk @ ..] if chunk.starts_with(&SIGNATURE) => chunk,
        text => text,
    }
}

const fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// What a run of `[`, `=`… introduces.
enum Bracket {
    /// A long bracket with this many `=`.
    Long(usize),
    Single,
    Malformed,
}

impl<'s> Lexer<'s> {
    pub fn new(source: &'s [u8], chunk_name: &'s [u8]) -> Result<Self> {
        let mut names = Interner::default();
        for (word, _) in KEYWORDS {
            names.intern(word.as_bytes());
        }
        for name in KNOWN_NAMES {
            names.intern(name.as_bytes());
        }
        // Offsets and lines have 32 bits.
        if source.len() >= i32::MAX as usize {
            return Err(SyntaxError::bare("chunk is too large"));
        }
        Ok(Self { source, chunk_name, pos: 0, token_start: 0, line: 1, value: 0, names, buffer: Vec::new() })
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.source.get(self.pos).copied()
    }

    fn peek_at(&self, offset: usize) -> Option<u8> {
        self.source.get(self.pos + offset).copied()
    }

    fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.pos += usize::from(found);
        found
    }

    /// Reads a token; its value, if it has one, is then in `value`.
    pub fn next_token(&mut self) -> Result<Tok> {
        loop {
            let Some(byte) = self.peek() else {
                self.token_start = self.pos;
                return Ok(Tok::Eof);
            };
            self.token_start = self.pos;
            match byte {
                b' ' | b'\t' | 0x0b | 0x0c => {
                    self.pos += 1;
                    if self.peek() == Some(b' ') {
                        self.pos += scan::blanks(&self.source[self.pos..]);
                    }
                }
                b'\n' | b'\r' => {
                    self.skip_line_end();
                    if self.peek() == Some(b' ') {
                        self.pos += scan::blanks(&self.source[self.pos..]);
                    }
                }
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => return Ok(self.name()),
                b'0'..=b'9' => return self.number(),
                b'"' | b'\'' => return self.string(byte),
                b'-' if self.peek_at(1) == Some(b'-') => self.skip_comment()?,
                b'.' if self.peek_at(1).is_some_and(|b| b.is_ascii_digit()) => return self.number(),
                b'[' => match self.bracket() {
                    Bracket::Long(level) => return self.long_string(level),
                    Bracket::Single => return Ok(Tok::Char(b'[')),
                    Bracket::Malformed => {
                        return Err(self.error_at_text("invalid long string delimiter", self.pos));
                    }
                },
                _ => {
                    self.pos += 1;
                    return Ok(self.punctuation(byte));
                }
            }
        }
    }

    /// The token that begins with `byte`, which has been read.
    #[inline(always)]
    fn punctuation(&mut self, byte: u8) -> Tok {
        match byte {
            b'=' if self.accept(b'=') => Tok::Eq,
            b'<' if self.accept(b'=') => Tok::Le,
            b'<' if self.accept(b'<') => Tok::Shl,
            b'>' if self.accept(b'=') => Tok::Ge,
            b'>' if self.accept(b'>') => Tok::Shr,
            b'~' if self.accept(b'=') => Tok::Ne,
            b'/' if self.accept(b'/') => Tok::IDiv,
            b':' if self.accept(b':') => Tok::DoubleColon,
            b'.' if self.accept(b'.') => {
                if self.accept(b'.') {
                    Tok::Dots
                } else {
                    Tok::Concat
                }
            }
            _ => Tok::Char(byte),
        }
    }

    #[inline(always)]
    fn name(&mut self) -> Tok {
        let text = &self.source[self.pos..];
        let (id, len) = match text.first_chunk() {
            Some(block)
                if let len = scan::name(block)
                    && len < block.len() =>
            {
                (self.names.intern_block(block, len), len)
            }
            _ => {
                let len = scan::name(text);
                (self.names.intern(&text[..len]), len)
            }
        };
        self.pos += len;
        match KEYWORDS.get(id.index()) {
            Some((_, tok)) => *tok,
            None => {
                self.value = id.0.into();
                Tok::Name
            }
        }
    }

    fn number(&mut self) -> Result<Tok> {
        let start = self.pos;
        let hex = self.peek() == Some(b'0') && matches!(self.peek_at(1), Some(b'x' | b'X'));
        if hex {
            self.pos += 2;
        }
        while let Some(byte) = self.peek() {
            let exponent = if hex { matches!(byte, b'p' | b'P') } else { matches!(byte, b'e' | b'E') };
            if exponent && matches!(self.peek_at(1), Some(b'+' | b'-')) {
                self.pos += 2;
            } else if exponent || byte.is_ascii_hexdigit() || byte == b'.' {
                self.pos += 1;
            } else {
                break;
            }
        }
        // A letter directly after a numeral is an error; it belongs to the text that the message shows.
        if self.peek().is_some_and(is_name_start) {
            self.pos += 1;
        }
        match parse_number(&self.source[start..self.pos]) {
            Some(Number::Int(value)) => {
                self.value = value as u64;
                Ok(Tok::Int)
            }
            Some(Number::Float(value)) => {
                self.value = value.to_bits();
                Ok(Tok::Float)
            }
            None => Err(self.error_at_text("malformed number", self.pos)),
        }
    }

    /// Skips `\n`, `\r`, `\r\n` or `\n\r`, which all count as one line end.
    fn skip_line_end(&mut self) {
        let first = self.peek();
        self.pos += 1;
        if let Some(second @ (b'\n' | b'\r')) = self.peek()
            && Some(second) != first
        {
            self.pos += 1;
        }
        self.line += 1;
    }

    fn skip_comment(&mut self) -> Result<()> {
        self.pos += 2;
        if self.peek() == Some(b'[')
            && let Bracket::Long(level) = self.bracket()
        {
            return self.long_text(level, "comment").map(drop);
        }
        self.pos += scan::line(&self.source[self.pos..]);
        Ok(())
    }

    /// Reads `[`, then `=`… and a second `[` if they follow.
    fn bracket(&mut self) -> Bracket {
        self.pos += 1;
        let start = self.pos;
        while self.accept(b'=') {}
        let level = self.pos - start;
        if self.accept(b'[') {
            Bracket::Long(level)
        } else if level == 0 {
            Bracket::Single
        } else {
            Bracket::Malformed
        }
    }

    fn long_string(&mut self, level: usize) -> Result<Tok> {
        let plain = self.long_text(level, "string")?;
        let id = match plain {
            Some((start, end)) => self.names.intern(&self.source[start..end]),
            None => self.names.intern(&self.buffer),
        };
        self.value = id.0.into();
        Ok(Tok::Str)
    }

    /// Reads up to the closing long bracket. The text is returned as a range of the source, or is in the buffer
    /// when line ends had to be normalised.
    fn long_text(&mut self, level: usize, what: &str) -> Result<Option<(usize, usize)>> {
        let first_line = self.line;
        if matches!(self.peek(), Some(b'\n' | b'\r')) {
            self.skip_line_end();
        }
        let start = self.pos;
        let mut plain = true;
        self.buffer.clear();
        while let Some(byte) = self.peek() {
            match byte {
                b']' => {
                    let end = self.pos;
                    self.pos += 1;
                    while self.accept(b'=') {}
                    if self.pos - end - 1 == level && self.accept(b']') {
                        return Ok(plain.then_some((start, end)));
                    }
                    if !plain {
                        self.buffer.extend_from_slice(&self.source[end..self.pos]);
                    }
                }
                b'\n' | b'\r' => {
                    let end = self.pos;
                    self.skip_line_end();
                    if plain && (byte == b'\r' || self.pos - end > 1) {
                        plain = false;
                        self.buffer.extend_from_slice(&self.source[start..end]);
                    }
                    if !plain {
                        self.buffer.push(b'\n');
                    }
                }
                _ => {
                    let run = self.pos;
                    self.pos += scan::long_text(&self.source[run..]);
                    if !plain {
                        self.buffer.extend_from_slice(&self.source[run..self.pos]);
                    }
                }
            }
        }
        let text = format!("unfinished long {what} (starting at line {first_line})");
        Err(self.error(text.as_bytes(), Some(b"<eof>")))
    }

    fn string(&mut self, quote: u8) -> Result<Tok> {
        self.pos += 1;
        let start = self.pos;
        self.buffer.clear();
        // Source text from here on is not in the buffer yet.
        let mut copied = start;
        loop {
            self.pos += scan::string(&self.source[self.pos..], quote);
            match self.peek() {
                None => return Err(self.error(b"unfinished string", Some(b"<eof>"))),
                Some(b'\n' | b'\r') => {
                    self.buffer.extend_from_slice(&self.source[copied..self.pos]);
                    let text = self.quoted(&[&self.buffer]);
                    return Err(self.error(b"unfinished string", Some(&text)));
                }
                Some(b'\\') => {
                    self.buffer.extend_from_slice(&self.source[copied..self.pos]);
                    self.escape()?;
                    copied = self.pos;
                }
                Some(_) => break,
            }
        }
        let end = self.pos;
        self.pos += 1;
        let id = if copied == start {
            self.names.intern(&self.source[start..end])
        } else {
            self.buffer.extend_from_slice(&self.source[copied..end]);
            self.names.intern(&self.buffer)
        };
        self.value = id.0.into();
        Ok(Tok::Str)
    }

    /// Reads one escape sequence and appends what it stands for to the buffer.
    fn escape(&mut self) -> Result<()> {
        let start = self.pos;
        self.pos += 1;
        let Some(byte) = self.peek() else { return Ok(()) };
        let value = match byte {
            b'a' => 0x07,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 0x0b,
            b'\\' | b'"' | b'\'' => byte,
            b'\n' | b'\r' => {
                self.skip_line_end();
                self.buffer.push(b'\n');
                return Ok(());
            }
            b'x' => {
                let high = self.hex_digit(start)?;
                let low = self.hex_digit(start)?;
                high << 4 | low
            }
            b'z' => {
                self.pos += 1;
                while let Some(byte) = self.peek()
                    && is_space(byte)
                {
                    if matches!(byte, b'\n' | b'\r') {
                        self.skip_line_end();
                    } else {
                        self.pos += 1;
                    }
                }
                return Ok(());
            }
            b'u' => return self.utf8_escape(start),
            b'0'..=b'9' => return self.decimal_escape(start),
            _ => return Err(self.escape_error(start, "invalid escape sequence")),
        };
        self.pos += 1;
        self.buffer.push(value);
        Ok(())
    }

    /// Steps forward and reads a hexadecimal digit, staying on it.
    fn hex_digit(&mut self, start: usize) -> Result<u8> {
        self.pos += 1;
        match self.peek().and_then(hex_value) {
            Some(digit) => Ok(digit),
            None => Err(self.escape_error(start, "hexadecimal digit expected")),
        }
    }

    fn decimal_escape(&mut self, start: usize) -> Result<()> {
        let mut value = 0_u32;
        for _ in 0..3 {
            let Some(digit @ b'0'..=b'9') = self.peek() else { break };
            value = value * 10 + u32::from(digit - b'0');
            self.pos += 1;
        }
        match u8::try_from(value) {
            Ok(byte) => {
                self.buffer.push(byte);
                Ok(())
            }
            Err(_) => Err(self.escape_error(start, "decimal escape too large")),
        }
    }

    fn utf8_escape(&mut self, start: usize) -> Result<()> {
        self.pos += 1;
        if self.peek() != Some(b'{') {
            return Err(self.escape_error(start, "missing '{'"));
        }
        let mut value = u32::from(self.hex_digit(start)?);
        self.pos += 1;
        while let Some(digit) = self.peek().and_then(hex_value) {
            if value > 0x7ff_ffff {
                return Err(self.escape_error(start, "UTF-8 value too large"));
            }
            value = value << 4 | u32::from(digit);
            self.pos += 1;
        }
        if self.peek() != Some(b'}') {
            return Err(self.escape_error(start, "missing '}'"));
        }
        self.pos += 1;
        push_utf8(&mut self.buffer, value);
        Ok(())
    }

    /// Shows the string read so far, ending with the escape sequence up to the byte that is wrong.
    fn escape_error(&self, start: usize, text: &str) -> Box<SyntaxError> {
        let end = (self.pos + 1).min(self.source.len());
        let near = self.quoted(&[&self.buffer, &self.source[start..end]]);
        self.error(text.as_bytes(), Some(&near))
    }

    /// An unfinished string in quotes: its own opening one, too.
    fn quoted(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut text = vec![self.source[self.token_start]];
        text.extend(parts.iter().flat_map(|part| part.iter()));
        quote(&text)
    }

    fn error_at_text(&self, text: &str, end: usize) -> Box<SyntaxError> {
        let near = quote(&self.source[self.token_start..end]);
        self.error(text.as_bytes(), Some(&near))
    }

    /// An error at the current line.
    pub fn error(&self, text: &[u8], near: Option<&[u8]>) -> Box<SyntaxError> {
        SyntaxError::at(self.chunk_name, self.line, text, near)
    }

    /// How messages show `tok`, which must be the token read last.
    pub fn near(&self, tok: Tok) -> Vec<u8> {
        match tok {
            Tok::Name | Tok::Int | Tok::Float => quote(&self.source[self.token_start..self.pos]),
            Tok::Str => {
                let text = &self.source[self.token_start..];
                let open = match text.first() {
                    Some(b'[') => 2 + text[1..].iter().take_while(|b| **b == b'=').count(),
                    _ => 1,
                };
                let (open, close) = (&text[..open], &self.source[self.pos - open..self.pos]);
                quote(&[open, self.names.get(self.string_value()), close].concat())
            }
            tok => tok.describe().into_bytes(),
        }
    }

    /// The name or string read last.
    #[inline(always)]
    pub fn string_value(&self) -> StrId {
        StrId(self.value as u32)
    }

    pub fn text(&self, id: StrId) -> &[u8] {
        self.names.get(id)
    }
}

fn quote(text: &[u8]) -> Vec<u8> {
    [b"'", &*until_nul(text.into()), b"'"].concat()
}

/// Appends the UTF-8 encoding in its original form: up to six bytes for values below 2^31.
fn push_utf8(out: &mut Vec<u8>, value: u32) {
    if value < 0x80 {
        out.push(value as u8);
        return;
    }
    // Continuation bytes hold six bits each; the first byte keeps what fits beside its length prefix.
    let extra = match value {
        0..0x800 => 1,
        0x800..0x1_0000 => 2,
        0x1_0000..0x20_0000 => 3,
        0x20_0000..0x400_0000 => 4,
        _ => 5,
    };
    let prefix = 0xff_u32 << (7 - extra) & 0xff;
    out.push((prefix | value >> (6 * extra)) as u8);
    for shift in (0..extra).rev() {
        out.push((0x80 | value >> (6 * shift) & 0x3f) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokens, numbers with their bits.
    fn lex(source: &str) -> Vec<(Tok, u64)> {
        let mut lexer = Lexer::new(source.as_bytes(), b"=t").unwrap();
        std::iter::from_fn(|| match lexer.next_token() {
            Ok(Tok::Eof) => None,
            Ok(tok @ (Tok::Int | Tok::Float)) => Some((tok, lexer.value)),
            Ok(tok) => Some((tok, 0)),
            Err(error) => panic!("{error}"),
        })
        .collect()
    }

    fn int(value: u64) -> (Tok, u64) {
        (Tok::Int, value)
    }

    fn float(value: f64) -> (Tok, u64) {
        (Tok::Float, value.to_bits())
    }

    fn string(source: &str) -> Vec<u8> {
        let mut lexer = Lexer::new(source.as_bytes(), b"=t").unwrap();
        match lexer.next_token() {
            Ok(Tok::Str) => lexer.text(lexer.string_value()).to_vec(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn operators_are_read_greedily() {
        use Tok::*;
        let tokens = lex("... .. . == = ~= ~ <= << < >= >> > // / :: : --x\n -");
        let chars = |c: char| Char(c as u8);
        #[rustfmt::skip]
        let expected = [Dots, Concat, chars('.'), Eq, chars('='), Ne, chars('~'), Le, Shl, chars('<'), Ge, Shr,
            chars('>'), IDiv, chars('/'), DoubleColon, chars(':'), chars('-')];
        assert_eq!(tokens, expected.map(|tok| (tok, 0)));
    }

    #[test]
    fn escapes_stand_for_bytes() {
        assert_eq!(string(r#""a\n\x41\65\z   b\"\0656""#), b"a\nAAb\"A6");
        assert_eq!(string("'a\\\r\nb'"), b"a\nb");
        assert_eq!(string(r"'\u{7FFFFFFF}'"), [0xfd, 0xbf, 0xbf, 0xbf, 0xbf, 0xbf]);
        assert_eq!(string(r"'\u{20AC}\u{10FFFF}\u{7f}\u{7ff}'"), "€\u{10FFFF}\u{7f}\u{7ff}".as_bytes());
    }

    #[test]
    fn long_brackets_normalise_line_ends() {
        assert_eq!(string("[[\nab\r\nc]=]\rd]]"), b"ab\nc]=]\nd");
        assert_eq!(string("[==[a]]\n]=]b]==]"), b"a]]\n]=]b");
        assert_eq!(lex("--[==[ x\n]]\n]==] 1 --[=x\n2"), [int(1), int(2)]);
    }

    #[test]
    fn numerals_have_their_subtype() {
        assert_eq!(lex("3 3.0 0x10 1e1 .5"), [int(3), float(3.0), int(16), float(10.0), float(0.5)]);
    }
}
