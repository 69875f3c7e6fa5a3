use super::*;
use crate::text::facts::{escape, read};

/// `string.match` in the rendering of the facts.
fn match_values(subject: &[u8], text: &[u8], init: usize) -> Result<String, PatternError> {
    let pattern = Pattern::compile(text, Anchoring::Caret);
    let mut matcher = Matcher::new(&pattern, subject);
    let Some(found) = matcher.find_from(init)? else { return Ok("nil".into()) };
    let mut values = Vec::new();
    for i in 0..matcher.capture_count() {
        values.push(match matcher.capture(i, found)? {
            Capture::Range { start, end } => format!("\"{}", escape(&subject[start..end])),
            Capture::Position(at) => (at + 1).to_string(),
        });
    }
    Ok(values.join("|"))
}

/// `string.gsub` with the replacement `<%0>` in the rendering of the facts.
fn substitute(subject: &[u8], text: &[u8]) -> Result<String, PatternError> {
    let pattern = Pattern::compile(text, Anchoring::Caret);
    let mut matcher = Matcher::new(&pattern, subject);
    let mut matches = GlobalMatches::from(0);
    let (mut result, mut copied, mut count) = (Vec::new(), 0, 0);
    while let Some(found) = matches.next(&mut matcher)? {
        result.extend_from_slice(&subject[copied..found.start]);
        result.push(b'<');
        result.extend_from_slice(&subject[found.start..found.end]);
        result.push(b'>');
        copied = found.end;
        count += 1;
        if pattern.is_anchored() {
            break;
        }
    }
    result.extend_from_slice(&subject[copied..]);
    Ok(format!("\"{}|{count}", escape(&result)))
}

fn render(result: Result<String, PatternError>) -> String {
    result.unwrap_or_else(|fault| format!("!{fault}"))
}

#[test]
fn generated_patterns_match_as_in_the_reference_implementation() {
    for fact in read(include_str!("../facts/pattern.txt")) {
        let (subject, pattern) = (&fact.fields[1], &fact.fields[2]);
        let got = match fact.text(0) {
            "match" => render(match_values(subject, pattern, fact.text(3).parse::<usize>().unwrap() - 1)),
            _ => render(substitute(subject, pattern)),
        };
        assert_eq!(got, fact.result, "{} of {} in {}", fact.text(0), escape(pattern), escape(subject));
    }
}

fn matches(subject: &str, pattern: &str) -> String {
    render(match_values(subject.as_bytes(), pattern.as_bytes(), 0))
}

/// Facts from lua5.4.
#[test]
fn depth_is_limited_along_one_way_only() {
    let long = "a".repeat(300);
    assert_eq!(matches(&long, &"a?".repeat(199)).len(), 200);
    assert_eq!(matches(&long, &"a?".repeat(200)), "!pattern too complex");
    assert_eq!(matches(&long, &"a-".repeat(199)), "\"");
    assert_eq!(matches(&long, &"a-".repeat(200)), "!pattern too complex");
    assert_eq!(matches(&long, &"a*".repeat(205)).len(), 301);
    assert_eq!(matches("b", &"a?".repeat(205)), "\"");
    assert_eq!(matches(&long, &"()".repeat(32)), ["1"; 32].join("|"));
    assert_eq!(matches(&long, &"()".repeat(33)), "!too many captures");
}

#[test]
fn faults_in_a_pattern_are_reported() {
    for (pattern, message) in [
        ("%", "malformed pattern (ends with '%')"),
        ("a%", "malformed pattern (ends with '%')"),
        ("[a", "malformed pattern (missing ']')"),
        ("[]", "malformed pattern (missing ']')"),
        ("[^]", "malformed pattern (missing ']')"),
        ("[a%]", "malformed pattern (missing ']')"),
        ("[%", "malformed pattern (missing ']')"),
        ("%f", "missing '[' after '%f' in pattern"),
        ("%fa", "missing '[' after '%f' in pattern"),
        ("%b", "malformed pattern (missing arguments to '%b')"),
        ("%ba", "malformed pattern (missing arguments to '%b')"),
        ("(a", "unfinished capture"),
        ("a+)", "invalid pattern capture"),
        ("(a)%2", "invalid capture index %2"),
        ("(a%1)", "invalid capture index %1"),
        ("%0", "invalid capture index %0"),
    ] {
        assert_eq!(matches("aab", pattern), format!("!{message}"), "{pattern}");
    }
    // A fault that matching does not arrive at is none.
    assert_eq!(matches("aab", "x[a"), "nil");
}

#[test]
fn classes_are_those_of_the_c_locale() {
    let count =
        |pattern: &str| (0..=255u8).filter(|&b| match_values(&[b], pattern.as_bytes(), 0) != Ok("nil".into())).count();
    for (class, expected) in [
        ('a', 52),
        ('c', 33),
        ('d', 10),
        ('g', 94),
        ('l', 26),
        ('p', 32),
        ('s', 6),
        ('u', 26),
        ('w', 62),
        ('x', 22),
        ('z', 1),
    ] {
        assert_eq!(count(&format!("%{class}")), expected, "%{class}");
        assert_eq!(count(&format!("%{}", class.to_ascii_uppercase())), 256 - expected);
        assert_eq!(count(&format!("[%{class}]")), expected);
        assert_eq!(count(&format!("[^%{class}]")), 256 - expected);
    }
}

#[test]
fn backtracking_is_pruned_where_it_cannot_succeed() {
    // Without knowing what follows, this takes a number of steps that no test would wait for.
    let pattern = format!("{}$", "(%a+)%s*,".repeat(12));
    let subject = "word ".repeat(2000);
    assert_eq!(matches(&subject, &pattern), "nil");
}

#[test]
fn gmatch_takes_a_caret_literally() {
    let pattern = Pattern::compile(b"^a", Anchoring::None);
    let mut matcher = Matcher::new(&pattern, b"a^a");
    assert_eq!(matcher.find_from(0), Ok(Some(Match { start: 1, end: 3 })));
}

#[test]
fn the_cache_returns_the_pattern_asked_for() {
    let mut cache = PatternCache::default();
    for i in 0..300u32 {
        let text = format!("^%d{i}");
        for anchoring in [Anchoring::Caret, Anchoring::None] {
            let pattern = cache.get(text.as_bytes(), i, anchoring);
            assert_eq!(pattern.text(), text.as_bytes());
            assert_eq!(pattern.is_anchored(), anchoring == Anchoring::Caret);
        }
    }
}

#[test]
fn plain_search_finds_the_first_occurrence() {
    assert_eq!(find_plain(b"abcabc", b"bc", 0), Some(1));
    assert_eq!(find_plain(b"abcabc", b"bc", 2), Some(4));
    assert_eq!(find_plain(b"abc", b"", 3), Some(3));
    assert_eq!(find_plain(b"abc", b"", 4), None);
    assert_eq!(find_plain(b"abc", b"d", 0), None);
    assert!(is_plain(b"a)]b") && !is_plain(b"a.b"));
}
