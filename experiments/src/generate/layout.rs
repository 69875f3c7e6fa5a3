//! Indentation of generated programs, two spaces a level.

/// Indents by what opens and closes on each line; blank lines stay where definitions are separated.
pub(super) fn indent(text: &str) -> String {
    let (mut out, mut depth, mut blank) = (String::with_capacity(text.len() * 5 / 4), 0usize, true);
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            blank = blank
                || depth == 0 && {
                    out.push('\n');
                    true
                };
            continue;
        }
        blank = false;
        let (closed_first, change) = balance(line);
        let at = depth.saturating_sub(closed_first);
        out.push_str(&"  ".repeat(at));
        out.push_str(line);
        out.push('\n');
        depth = depth.saturating_add_signed(change);
    }
    out
}

/// How many levels a line closes before it opens any, and the change that it makes.
fn balance(line: &str) -> (usize, isize) {
    let (mut level, mut lowest) = (0isize, 0isize);
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        match c {
            '"' => {
                let end = rest[1..].find('"').map_or(rest.len(), |at| at + 2);
                rest = &rest[end..];
                continue;
            }
            '-' if rest.starts_with("--") => break,
            '{' | '(' => level += 1,
            '}' | ')' => level -= 1,
            c if c.is_ascii_alphabetic() || c == '_' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                match &rest[..end] {
                    "function" | "do" | "then" | "repeat" => level += 1,
                    "end" | "until" | "elseif" => level -= 1,
                    "else" => {
                        lowest = lowest.min(level - 1);
                    }
                    _ => {}
                }
                rest = &rest[end..];
                lowest = lowest.min(level);
                continue;
            }
            _ => {}
        }
        lowest = lowest.min(level);
        rest = &rest[c.len_utf8()..];
    }
    // `f(function()` opens one level for the eye, and `end)` closes it
    (lowest.unsigned_abs().min(1), level.clamp(-1, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_indented() {
        let text = "local function f(a)\nif a then\nreturn {\n1,\n}\nelseif b then\nx = 1\nelse\nx = \"end\"\nend\n\
                    call(function()\nx = 2\nend)\nend\n";
        let expected = [
            "local function f(a)",
            "  if a then",
            "    return {",
            "      1,",
            "    }",
            "  elseif b then",
            "    x = 1",
            "  else",
            "    x = \"end\"",
            "  end",
            "  call(function()",
            "    x = 2",
            "  end)",
            "end\n",
        ];
        assert_eq!(indent(text), expected.join("\n"));
    }
}
