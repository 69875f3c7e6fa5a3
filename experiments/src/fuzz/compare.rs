//! What counts as a difference between two ends of a program.

use super::runner::{End, Outcome};

/// What a user could see of an outcome, without what may differ between any two runs: addresses, the sign of a NaN
/// (which the language leaves open), how much a long traceback leaves out, that PUC Lua's arithmetic on strings goes
/// through functions, which its tracebacks show, under which of its names a traceback knows a global function, and the
/// line of a division by zero, which PUC Lua takes from an earlier instruction.
pub fn visible(outcome: &Outcome) -> String {
    let end = match &outcome.end {
        End::Normal => "ended\n".to_owned(),
        End::Error => "ended by an error\n".to_owned(),
        End::Syntax => "did not compile\n".to_owned(),
        End::Crash(how) => format!("crashed: {how}\n"),
        End::TimedOut => "did not end in time\n".to_owned(),
        End::TooLarge => "used too much memory\n".to_owned(),
    };
    let message = masked(&outcome.message);
    let message = message.split("\n\t...\t(skipping").next().unwrap_or_default();
    let lines = message.lines().filter(|line| !line.starts_with("\t[C]: in metamethod '"));
    let lines: Vec<&str> =
        lines.map(|line| if line.starts_with("\t[C]: in function '") { "\t[C]: in function" } else { line }).collect();
    let by_zero = lines.first().is_some_and(|line| BY_ZERO.iter().any(|error| line.contains(error)));
    let lines = if by_zero { &lines[..1] } else { &lines[..] };
    let printed = without_lines_of_divisions(masked(&outcome.stdout));
    [printed, end, without_lines_of_divisions(lines.join("\n"))].concat()
}

const BY_ZERO: [&str; 2] = [": attempt to divide by zero", ": attempt to perform 'n%0'"];

fn without_lines_of_divisions(mut text: String) -> String {
    for error in BY_ZERO {
        let pieces: Vec<&str> = text.split(error).collect();
        let last = pieces.len() - 1;
        let pieces = pieces.iter().enumerate().map(|(index, piece)| {
            if index < last { piece.trim_end_matches(|c: char| c.is_ascii_digit()) } else { piece }
        });
        text = pieces.collect::<Vec<_>>().join(error);
    }
    text
}

fn masked(bytes: &[u8]) -> String {
    let text: String = bytes
        .utf8_chunks()
        .flat_map(|chunk| {
            let invalid = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}"));
            std::iter::once(chunk.valid().to_owned()).chain(invalid)
        })
        .collect();
    let text = text.replace("-nan", "nan").replace(": 0X", ": 0x");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(": 0x") {
        out.push_str(&rest[..at]);
        let digits = &rest[at + 4..];
        rest = digits.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        // Shorter ones are numbers that a program prints.
        let address = digits.len() - rest.len() >= 8 || digits.starts_with("000");
        out.push_str(if address { ": @" } else { ": 0x" });
        if !address {
            rest = digits;
        }
    }
    out.push_str(rest);
    // `string.reverse` turns addresses round.
    while let Some(at) = out.find("x0 :") {
        let start = out[..at].trim_end_matches(|c: char| c.is_ascii_hexdigit()).len();
        out.replace_range(start..at + 4, "@ :");
    }
    out
}

/// The first lines that differ, `None` where there are none.
pub fn first_difference(expected: &str, found: &str) -> Option<(String, String)> {
    if expected == found {
        return None;
    }
    let end = "(nothing)";
    let (mut left, mut right) = (expected.lines(), found.lines());
    loop {
        match (left.next(), right.next()) {
            (Some(a), Some(b)) if a == b => {}
            (None, None) => return Some((end.to_owned(), end.to_owned())),
            (a, b) => return Some((a.unwrap_or(end).to_owned(), b.unwrap_or(end).to_owned())),
        }
    }
}

/// A difference without what varies between programs that show the same one: numbers and quoted names.
pub fn kind(expected: &str, found: &str) -> String {
    let squeeze = |line: &str| {
        let mut out = String::new();
        let mut quoted = false;
        for character in line.chars().take(160) {
            if character == '\'' || character == '"' {
                quoted = !quoted;
            }
            let shown = if character.is_ascii_digit() { '#' } else { character };
            if (!quoted || shown == '\'') && !(shown == '#' && out.ends_with('#')) {
                out.push(shown);
            }
        }
        out
    };
    match first_difference(expected, found) {
        Some((a, b)) => format!("{} | {}", squeeze(&a), squeeze(&b)),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(stdout: &str, message: &str) -> Outcome {
        Outcome { end: End::Error, stdout: stdout.into(), message: message.into() }
    }

    #[test]
    fn addresses_and_signs_of_nan_do_not_count() {
        let mine = visible(&outcome("table: 0x00000000000001 -nan C: 0x00000000000002", "x: thread: 0x00000000000005"));
        let theirs = visible(&outcome("table: 0x55f0ab00cdef nan C: 0x7f0123456789", "x: thread: 0x7fff00001111"));
        assert_eq!(mine, theirs);
        assert_eq!(visible(&outcome("020000000055x0 :elbat", "")), visible(&outcome("0fa3c41f7165x0 :elbat", "")));
        assert_ne!(visible(&outcome("table: x", "")), visible(&outcome("table: y", "")));
    }

    #[test]
    fn lines_of_divisions_by_zero_do_not_count() {
        let of = |text: &str| visible(&outcome(text, text));
        assert_eq!(of("p.lua:12: attempt to divide by zero!"), of("p.lua:7: attempt to divide by zero!"));
        assert_ne!(of("p.lua:12: attempt to divide by one"), of("p.lua:7: attempt to divide by one"));
    }

    #[test]
    fn the_first_difference_is_found() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some(("b".into(), "c".into())));
        assert_eq!(first_difference("a\n", "a\nc\n"), Some(("(nothing)".into(), "c".into())));
        assert_eq!(kind("x 'a' 12", "x 'b' 1"), kind("x 'c' 7", "x 'd' 345"));
    }
}
