//! Errors of the front end, worded as PUC Lua words them.

use std::borrow::Cow;

/// Longest chunk identification in messages, terminator included (`LUA_IDSIZE`).
const ID_SIZE: usize = 60;

/// Why a chunk does not compile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", String::from_utf8_lossy(.message))]
pub struct SyntaxError {
    /// The whole text, `chunk:line:` included.
    pub message: Box<[u8]>,
    /// Where the front end stood; 0 for an error that names no line.
    pub line: u32,
}

/// Results inside the front end; boxed, since errors are rare and results are passed often.
pub type Result<T> = std::result::Result<T, Box<SyntaxError>>;

impl SyntaxError {
    /// `chunk:line: text`, followed by ` near <near>` when given.
    pub(super) fn at(chunk_name: &[u8], line: u32, text: &[u8], near: Option<&[u8]>) -> Box<Self> {
        let mut message = chunk_id(chunk_name).into_owned();
        message.extend_from_slice(format!(":{line}: ").as_bytes());
        message.extend_from_slice(text);
        if let Some(near) = near {
            message.extend_from_slice(b" near ");
            message.extend_from_slice(near);
        }
        Box::new(Self { message: message.into(), line })
    }

    /// A text without position.
    pub(super) fn bare(text: &str) -> Box<Self> {
        Box::new(Self { message: text.as_bytes().into(), line: 0 })
    }
}

/// How messages call a chunk of this name: `@file` → `file`, `=text` → `text`, otherwise `[string "first line..."]`.
pub fn chunk_id(chunk_name: &[u8]) -> Cow<'_, [u8]> {
    let id = match chunk_name {
        [b'=', text @ ..] => Cow::Borrowed(&text[..text.len().min(ID_SIZE - 1)]),
        [b'@', file @ ..] if file.len() < ID_SIZE => Cow::Borrowed(file),
        [b'@', file @ ..] => {
            let tail = &file[file.len() - (ID_SIZE - 1 - 3)..];
            Cow::Owned([b"...", tail].concat())
        }
        source => {
            let room = ID_SIZE - 1 - b"[string \"...\"]".len();
            let line = source.split(|b| *b == b'\n').next().unwrap_or_default();
            if line.len() == source.len() && source.len() < room {
                Cow::Owned([b"[string \"", source, b"\"]"].concat())
            } else {
                Cow::Owned([b"[string \"", &line[..line.len().min(room)], b"...\"]"].concat())
            }
        }
    };
    until_nul(id)
}

/// Messages are C strings in the reference implementation: they end at a zero byte.
pub(super) fn until_nul(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    match text.iter().position(|b| *b == 0) {
        None => text,
        Some(end) => match text {
            Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
            Cow::Owned(mut text) => {
                text.truncate(end);
                Cow::Owned(text)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::chunk_id;

    #[test]
    fn chunk_ids_fit_the_size_limit() {
        let id = |name: &str| String::from_utf8(chunk_id(name.as_bytes()).into_owned()).unwrap();
        assert_eq!(id("=stdin"), "stdin");
        assert_eq!(id("@dir/file.lua"), "dir/file.lua");
        assert_eq!(id(&format!("@{}", "x".repeat(59))), "x".repeat(59));
        assert_eq!(id(&format!("@{}", "x".repeat(60))), format!("...{}", "x".repeat(56)));
        assert_eq!(id(&format!("={}", "x".repeat(80))), "x".repeat(59));
        assert_eq!(id("return 1"), "[string \"return 1\"]");
        assert_eq!(id("a\nb"), "[string \"a...\"]");
        assert_eq!(id(&"x".repeat(44)), format!("[string \"{}\"]", "x".repeat(44)));
        assert_eq!(id(&"x".repeat(45)), format!("[string \"{}...\"]", "x".repeat(45)));
    }
}
