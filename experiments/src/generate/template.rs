//! From a template to Lua text.
//!
//! | mark | becomes |
//! |---|---|
//! | `@name` | a name, the same wherever the block says `@name`; `@Name` is a class, `@doName` a function |
//! | `@{a@\|b@\|c@}` | one of the alternatives |
//! | `@*2,7{text@}` | the text so many times; `@*variants{text@}` as often as the program's variants |
//! | `@#`, `@name#` | in a repetition: its number, a name for each |
//! | `@(3,90)` | an integer between these |
//! | `@[trip]` | the program's trip count or thereabouts; `trip2`, `trip3`: its roots, for nested loops; `depth` and `height` of recursion; `variants`; `same`: the last one again |
//! | `@one`, `@zero`, `@num` | a number of the program's types |
//! | `@expr(a,b)`, `@cond(a,b)` | an expression, a comparison |
//! | `@work(x;a,b)` | statements that change `x`, as many as the program's function size allows |
//! | `@fold(h;v)` | `v` mixed into the checksum `h` |
//! | `@h`, `@n`, `@word` | the checksum, the size, a word |

use std::collections::BTreeMap;

use super::{names, parameters::Types, program::Writer, sample::log_uniform, statement};

/// One block being written: what its names are.
pub(super) struct Expansion<'w, 'a> {
    pub writer: &'w mut Writer<'a>,
    names: BTreeMap<String, String>,
    /// Number of the repetition that is being written, 0 outside of one.
    number: u32,
    last_count: u32,
    /// What stands for `@n`.
    size: String,
}

impl<'w, 'a> Expansion<'w, 'a> {
    pub fn new(writer: &'w mut Writer<'a>, size: String) -> Self {
        Self { writer, names: BTreeMap::new(), number: 0, last_count: 1, size }
    }

    /// Expands a template or a part of one.
    pub fn expand(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('@') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            rest = self.mark(rest, &mut out);
        }
        out.push_str(rest);
        out
    }

    /// Expands the mark in front of `rest`, returns what follows it.
    fn mark<'t>(&mut self, rest: &'t str, out: &mut String) -> &'t str {
        match rest.as_bytes().first() {
            Some(b'{') => {
                let (body, after) = braces(&rest[1..]);
                let choices = alternatives(body);
                let choice = choices[self.writer.rng.below(choices.len())];
                out.push_str(&self.expand(choice));
                after
            }
            Some(b'*') => {
                let (head, body) = rest[1..].split_once('{').unwrap_or((&rest[1..], ""));
                let (body, after) = braces(body);
                let times = match bounds(head) {
                    Some((low, high)) => log_uniform(self.writer.rng, low, high),
                    None => self.writer.parameters.variants,
                };
                let outer = self.number;
                for number in 1..=times {
                    self.number = number;
                    out.push_str(&self.expand(body));
                }
                self.number = outer;
                after
            }
            Some(b'#') => {
                out.push_str(&self.number.to_string());
                &rest[1..]
            }
            Some(b'(') => {
                let (inside, after) = parentheses(&rest[1..]);
                let (low, high) = bounds(inside).unwrap_or((1, 1));
                out.push_str(&self.writer.literal(low, high).to_string());
                after
            }
            Some(b'[') => {
                let (name, after) = rest[1..].split_once(']').unwrap_or((&rest[1..], ""));
                self.last_count = self.count(name);
                out.push_str(&self.last_count.to_string());
                after
            }
            _ => self.word(rest, out),
        }
    }

    fn word<'t>(&mut self, rest: &'t str, out: &mut String) -> &'t str {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if let Some(inside) = after.strip_prefix('(')
            && matches!(name, "expr" | "cond" | "work" | "fold")
        {
            let (inside, after) = parentheses(inside);
            let inside = self.expand(inside);
            out.push_str(&self.call(name, &inside));
            return after;
        }
        let text = match name {
            // nobody multiplies by the integer 1
            "one" if self.writer.parameters.types == Types::Integer && out.ends_with(" * ") => {
                out.truncate(out.len() - 3);
                String::new()
            }
            "one" | "zero" | "num" => statement::number(self.writer, name),
            "h" => self.writer.checksum.clone(),
            "n" => self.size.clone(),
            "word" => names::word(self.writer.rng).to_owned(),
            _ => {
                let numbered = after.starts_with('#');
                let key = if numbered { format!("{name}{}", self.number) } else { name.to_owned() };
                let known = self.names.get(&key).cloned();
                let text = known.unwrap_or_else(|| self.writer.names.fresh(name, self.writer.rng));
                self.names.insert(key, text.clone());
                out.push_str(&text);
                return if numbered { &after[1..] } else { after };
            }
        };
        out.push_str(&text);
        after
    }

    fn call(&mut self, name: &str, inside: &str) -> String {
        let (target, rest) = inside.split_once(';').unwrap_or(("", inside));
        let operands: Vec<&str> = rest.split(',').map(str::trim).collect();
        match name {
            "expr" => statement::expression(self.writer, &operands),
            "cond" => statement::condition(self.writer, &operands),
            "work" => statement::work(self.writer, target, &operands),
            _ => statement::fold(self.writer, target, rest),
        }
    }

    /// A count by the name that templates give it.
    fn count(&mut self, name: &str) -> u32 {
        let parameters = self.writer.parameters;
        let around = |middle: u32, rng: &mut _| log_uniform(rng, middle.div_ceil(2), middle * 2);
        let rng = &mut *self.writer.rng;
        match name {
            "trip" => around(parameters.trip, rng),
            "trip2" => around(root(parameters.trip, 2).max(2), rng),
            "trip3" => around(root(parameters.trip, 3).max(2), rng),
            "depth" => log_uniform(rng, 3, 6 + root(parameters.trip, 3)),
            "height" => log_uniform(rng, 2, 3 + root(parameters.trip, 4)),
            "variants" => parameters.variants,
            _ => self.last_count,
        }
    }
}

/// The whole part of the root.
fn root(x: u32, degree: u32) -> u32 {
    (1..).take_while(|root: &u32| root.checked_pow(degree).is_some_and(|power| power <= x)).last().unwrap_or(1)
}

/// `LOW,HIGH`
fn bounds(text: &str) -> Option<(u32, u32)> {
    let (low, high) = text.split_once(',')?;
    Some((low.trim().parse().ok()?, high.trim().parse().ok()?))
}

/// Splits behind the `@}` that ends a group; the opening is gone already.
fn braces(text: &str) -> (&str, &str) {
    let (mut depth, mut at) = (1, 0);
    while let Some(found) = text[at..].find('@') {
        at += found;
        let rest = &text[at + 1..];
        if let Some(after) = rest.strip_prefix('}') {
            depth -= 1;
            if depth == 0 {
                return (&text[..at], after);
            }
        } else if rest.starts_with('{') || rest.starts_with('*') {
            depth += 1;
        }
        at += 1;
    }
    (text, "")
}

/// Splits at the `@|` that belong to this group.
fn alternatives(text: &str) -> Vec<&str> {
    let (mut depth, mut at, mut from, mut found) = (0, 0, 0, Vec::new());
    while let Some(mark) = text[at..].find('@') {
        at += mark;
        match text.as_bytes().get(at + 1) {
            Some(b'{' | b'*') => depth += 1,
            Some(b'}') => depth -= 1,
            Some(b'|') if depth == 0 => {
                found.push(&text[from..at]);
                from = at + 2;
            }
            _ => {}
        }
        at += 1;
    }
    found.push(&text[from..]);
    found
}

/// Splits behind the `)` that ends a group.
fn parentheses(text: &str) -> (&str, &str) {
    let mut depth = 1;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (&text[..at], &text[at + 1..]);
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_nest() {
        assert_eq!(braces("a@{b@|c@}d@}e"), ("a@{b@|c@}d", "e"));
        assert_eq!(alternatives("a@{b@|c@}@|d@*1,2{x@}@|"), ["a@{b@|c@}", "d@*1,2{x@}", ""]);
        assert_eq!(parentheses("f(a), b) + c"), ("f(a), b", " + c"));
        assert_eq!((root(400, 2), root(400, 3), root(1, 2)), (20, 7, 1));
    }
}
