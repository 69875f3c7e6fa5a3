//! What counts as a difference between two ends of a program.

use super::runner::{End, Outcome};

/// What a user could see of an outcome, without what may differ between any two runs: addresses, the sign of a NaN
/// (which the language leaves open), and how much a long traceback leaves out.
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
    [masked(&outcome.stdout), end, message.to_owned()].concat()
}

fn masked(bytes: &[u8]) -> String {
    const KINDS: [&str; 5] = ["table: ", "function: ", "thread: ", "userdata: ", "builtin: "];
    let text: String = bytes
        .utf8_chunks()
        .flat_map(|chunk| {
            let invalid = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}"));
            std::iter::once(chunk.valid().to_owned()).chain(invalid)
        })
        .collect();
    let text = text.replace("-nan", "nan");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((at, kind)) = KINDS.iter().filter_map(|kind| rest.find(kind).map(|at| (at, kind))).min() {
        let end = at + kind.len();
        out.push_str(&rest[..end]);
        rest = rest[end..].trim_start_matches("builtin: ");
        if rest.starts_with("0x") {
            out.push('@');
            rest = rest.trim_start_matches(|c: char| c == 'x' || c.is_ascii_hexdigit());
        }
    }
    out + rest
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
        let mine = visible(&outcome("table: 0x0001 -nan\nfunction: builtin: 0x2", "x: thread: 0x5"));
        let theirs = visible(&outcome("table: 0x55f0ab nan\nfunction: builtin: 0x7f", "x: thread: 0x7fff"));
        assert_eq!(mine, theirs);
        assert_ne!(visible(&outcome("table: x", "")), visible(&outcome("table: y", "")));
    }

    #[test]
    fn the_first_difference_is_found() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some(("b".into(), "c".into())));
        assert_eq!(first_difference("a\n", "a\nc\n"), Some(("(nothing)".into(), "c".into())));
        assert_eq!(kind("x 'a' 12", "x 'b' 1"), kind("x 'c' 7", "x 'd' 345"));
    }
}
