//! Fuzz targets of the parts that read untrusted text: each takes bytes, and panics where something does not hold.
//!
//! `cargo fuzz run TARGET` (in `vm/`, with a nightly compiler) lets libFuzzer choose the bytes; `vm/tests/fuzz.rs` takes them from
//! `corpus/TARGET` and from a seeded generator, so that `cargo test` runs every target on the stable compiler too.

use std::ffi::{CString, c_char};

use trinity_vm::{
    bytecode::{FnUnit, disassemble, validate},
    front::{
        compile,
        number::{Number, parse_number},
    },
    text::{
        format::{self, Directive, Piece, Pieces},
        number::{float_text, int_text},
        pack::{self, Kind, Layout},
        pattern::{Anchoring, Capture, GlobalMatches, Match, Matcher, Pattern},
    },
};

/// A target's body.
pub type Target = fn(&[u8]);

/// The targets by name.
pub const TARGETS: [(&str, Target); 5] =
    [("front", front), ("pattern", pattern), ("pack", pack), ("format", format), ("number", number)];

/// Any text compiles to valid bytecode, of a size linear in the text's, or to a message.
pub fn front(data: &[u8]) {
    let Ok(unit) = compile(data, b"=fuzz") else { return };
    if let Err(fault) = validate(&unit) {
        panic!("{fault}\n{}", disassemble(&unit));
    }
    let words = size(&unit);
    assert!(words <= 16 * data.len() + 64, "{words} words of code from {} bytes", data.len());
}

fn size(unit: &FnUnit) -> usize {
    unit.code.len() + unit.children.iter().map(size).sum::<usize>()
}

/// Splits input at its first zero byte.
fn halves(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == 0) {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &[]),
    }
}

/// A pattern, a zero byte, and a subject: the search finds what trying every position finds, and offsets lie inside.
pub fn pattern(data: &[u8]) {
    let (text, subject) = halves(data);
    // Matching takes time exponential in the number of repetitions.
    let repetitions = text.iter().filter(|byte| b"*+-?".contains(byte)).count();
    if text.len() > 64 || repetitions > 4 || subject.len() > 64 {
        return;
    }
    for anchoring in [Anchoring::Caret, Anchoring::None] {
        let pattern = Pattern::compile(text, anchoring);
        let anchored = anchoring == Anchoring::Caret && text.first() == Some(&b'^');
        let mut matcher = Matcher::new(&pattern, subject);
        for from in 0..=subject.len() {
            let last = if anchored { from } else { subject.len() };
            let slow = (from..=last).find_map(|start| match matcher.match_at(start) {
                Ok(None) => None,
                Ok(Some(end)) => Some(Ok(Match { start, end })),
                Err(fault) => Some(Err(fault)),
            });
            let found = matcher.find_from(from);
            // A position that cannot match need not be tried, so a fault may be found later, or not at all.
            if !matches!(slow, Some(Err(_))) {
                assert_eq!(found, Ok(slow.and_then(Result::ok)), "from {from}");
            }
            if let Ok(Some(found)) = found {
                check_captures(&matcher, found, subject);
            }
        }
        let mut matches = GlobalMatches::from(0);
        for round in 0.. {
            assert!(round <= subject.len() + 1, "endless");
            match matches.next(&mut matcher) {
                Ok(Some(found)) => check_captures(&matcher, found, subject),
                Ok(None) | Err(_) => break,
            }
        }
    }
}

fn check_captures(matcher: &Matcher<'_>, found: Match, subject: &[u8]) {
    assert!(found.start <= found.end && found.end <= subject.len(), "{found:?}");
    for index in 0..matcher.capture_count() {
        match matcher.capture(index, found) {
            Ok(Capture::Range { start, end }) => {
                assert!(found.start <= start && start <= end && end <= found.end, "capture {index}: {start}..{end}");
            }
            Ok(Capture::Position(at)) => assert!(found.start <= at && at <= found.end, "capture {index}: {at}"),
            Err(_) => {}
        }
    }
}

/// A format of `string.pack`, a zero byte, and values: what is packed can be unpacked.
pub fn pack(data: &[u8]) {
    let (text, mut values) = halves(data);
    let mut layout = Layout::new(text);
    let mut offset = 0usize;
    while let Ok(Some(item)) = layout.next(offset) {
        assert!(item.padding < 16, "{item:?}");
        offset = offset.saturating_add(item.padding).saturating_add(item.size);
        let mut next = [0; 8];
        let taken = values.len().min(8);
        next[..taken].copy_from_slice(&values[..taken]);
        values = &values[taken..];
        let (int, mut out) = (i64::from_le_bytes(next), Vec::new());
        match item.kind {
            Kind::Signed | Kind::Unsigned => {
                let signed = item.kind == Kind::Signed;
                pack::put_int(&mut out, int, item.size, item.little, signed);
                assert_eq!(out.len(), item.size);
                let back = pack::get_int(&out, item.little, signed);
                if item.size > 8 && !signed && int < 0 || pack::fits(int, item.size, item.kind) {
                    assert_eq!(back, Ok(int), "{item:?}");
                } else {
                    assert!(back.is_ok_and(|back| back != int), "{item:?}");
                }
            }
            Kind::Float | Kind::Double => {
                let float = f64::from_bits(int as u64);
                pack::put_float(&mut out, float, item.size, item.little);
                let back = pack::get_float(&out, item.little);
                let expected = if item.size == 4 { f64::from(float as f32) } else { float };
                assert!(back.to_bits() == expected.to_bits() || back.is_nan() && float.is_nan(), "{item:?} {float}");
            }
            Kind::Fixed | Kind::Counted | Kind::ZeroTerminated | Kind::PaddingByte | Kind::Align => {}
        }
    }
}

/// A format of `string.format`, a zero byte, and values: numbers look as C's `snprintf` writes them.
pub fn format(data: &[u8]) {
    let (text, mut values) = halves(data);
    for piece in Pieces::new(text) {
        let Piece::Directive(directive) = piece else { continue };
        let mut next = [0; 8];
        let taken = values.len().min(8);
        next[..taken].copy_from_slice(&values[..taken]);
        values = &values[taken..];
        let Ok(Some(letter)) = directive.conversion() else { continue };
        // As the library allows them.
        let (flags, precise): (&[u8], bool) = match letter {
            b'd' => (b"-+0 ", true),
            b'u' | b's' => (b"-", true),
            b'x' | b'X' | b'o' => (b"-#0", true),
            b'e' | b'E' | b'f' | b'g' | b'G' | b'a' | b'A' => (b"-+#0 ", true),
            _ => continue,
        };
        let Ok(spec) = directive.spec(flags, precise) else { continue };
        let (int, mut out) = (i64::from_le_bytes(next), Vec::new());
        let expected = match letter {
            b'd' => {
                format::signed(&mut out, int, &spec);
                printed(&directive, letter, Argument::Int(int))
            }
            b'x' | b'X' | b'o' | b'u' => {
                format::unsigned(&mut out, int as u64, letter, &spec);
                printed(&directive, letter, Argument::Int(int))
            }
            b's' => {
                format::text(&mut out, &next, &spec);
                assert!(out.len() >= spec.width);
                continue;
            }
            _ => {
                let float = f64::from_bits(int as u64);
                format::floating(&mut out, float, letter, &spec);
                printed(&directive, letter, Argument::Float(float))
            }
        };
        assert_eq!(out.escape_ascii().to_string(), expected.escape_ascii().to_string(), "{spec:?} {letter} {int:#x}");
    }
}

enum Argument {
    Int(i64),
    Float(f64),
}

/// What C writes for a directive.
fn printed(directive: &Directive<'_>, letter: u8, argument: Argument) -> Vec<u8> {
    let mut text = vec![b'%'];
    text.extend_from_slice(directive.modifiers());
    if matches!(argument, Argument::Int(_)) {
        text.extend_from_slice(b"ll");
    }
    text.push(letter);
    let text = CString::new(text).expect("modifiers have no zero byte");
    // Widths and precisions have two digits at most, so that the longest is 1e308 with 99 decimals.
    let mut buffer = vec![0u8; 1024];
    let room = buffer.as_mut_ptr().cast::<c_char>();
    // SAFETY: the buffer has the length that is told, and the format one directive of the argument's type.
    let length = unsafe {
        match argument {
            Argument::Int(int) => libc::snprintf(room, buffer.len(), text.as_ptr(), int),
            Argument::Float(float) => libc::snprintf(room, buffer.len(), text.as_ptr(), float),
        }
    };
    buffer.truncate(usize::try_from(length).expect("the format is right"));
    buffer
}

/// Numerals are those that C's `strtod` reads, with the same value; numbers survive being written and read again.
pub fn number(data: &[u8]) {
    if let Some((bits, _)) = data.split_first_chunk() {
        let bits = u64::from_le_bytes(*bits);
        assert_eq!(parse_number(&int_text(bits as i64)), Some(Number::Int(bits as i64)));
        let float = f64::from_bits(bits);
        let short = float_text(float);
        match parse_number(&short) {
            Some(Number::Float(back)) => {
                // 14 digits: an error of at most half a unit of the last.
                let near = (back - float).abs() <= float.abs() * 5.1e-14;
                let rounded_up = back.is_infinite() && float.abs() > 1.797_693_134_86e308;
                assert!(near || rounded_up || float.abs() < 1e-300, "{float:e} {}", short.escape_ascii());
            }
            other => assert!(!float.is_finite() && other.is_none(), "{float:e} {other:?}"),
        }
    }
    if data.contains(&0) || data.len() > 512 {
        return;
    }
    let text = CString::new(data).expect("without zero bytes");
    let mut end = std::ptr::null_mut();
    // SAFETY: a terminated string, and a valid place for the end.
    let value = unsafe { libc::strtod(text.as_ptr(), &raw mut end) };
    // SAFETY: both lie in the same string.
    let used = unsafe { end.cast_const().offset_from(text.as_ptr()) } as usize;
    let rest_is_space = data[used..].iter().all(|byte| matches!(byte, b' ' | b'\t'..=b'\r'));
    // `inf` and `nan` are no numerals of Lua.
    let is_numeral = used > 0 && rest_is_space && !data.iter().any(|byte| matches!(byte, b'n' | b'N'));
    match parse_number(data) {
        None => assert!(!is_numeral, "C reads {value:e}"),
        Some(Number::Float(found)) => {
            assert!(is_numeral, "C does not read it");
            assert_eq!(found.to_bits(), value.to_bits(), "{found:e} {value:e}");
        }
        Some(Number::Int(found)) => {
            assert!(is_numeral, "C does not read it");
            let hexadecimal = data.iter().any(|byte| matches!(byte, b'x' | b'X'));
            // Hexadecimal integers wrap around.
            assert!(hexadecimal || found as f64 == value, "{found} {value:e}");
        }
    }
}
