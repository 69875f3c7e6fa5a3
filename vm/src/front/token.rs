//! Tokens.

use crate::bytecode::StrId;

/// One token, without its value; punctuation of one byte, and bytes that start no token, are `Char`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tok {
    Eof,
    Name,
    Str,
    Int,
    Float,
    Char(u8),
    And,
    Break,
    Do,
    Else,
    ElseIf,
    End,
    False,
    For,
    Function,
    Goto,
    If,
    In,
    Local,
    Nil,
    Not,
    Or,
    Repeat,
    Return,
    Then,
    True,
    Until,
    While,
    IDiv,
    Concat,
    Dots,
    Eq,
    Ge,
    Le,
    Ne,
    Shl,
    Shr,
    DoubleColon,
}

/// Reserved words; the lexer interns them first, so that a word's number is its place here.
pub const KEYWORDS: [(&str, Tok); 22] = [
    ("and", Tok::And),
    ("break", Tok::Break),
    ("do", Tok::Do),
    ("else", Tok::Else),
    ("elseif", Tok::ElseIf),
    ("end", Tok::End),
    ("false", Tok::False),
    ("for", Tok::For),
    ("function", Tok::Function),
    ("goto", Tok::Goto),
    ("if", Tok::If),
    ("in", Tok::In),
    ("local", Tok::Local),
    ("nil", Tok::Nil),
    ("not", Tok::Not),
    ("or", Tok::Or),
    ("repeat", Tok::Repeat),
    ("return", Tok::Return),
    ("then", Tok::Then),
    ("true", Tok::True),
    ("until", Tok::Until),
    ("while", Tok::While),
];

const PUNCTUATION: [(&str, Tok); 10] = [
    ("//", Tok::IDiv),
    ("..", Tok::Concat),
    ("...", Tok::Dots),
    ("==", Tok::Eq),
    (">=", Tok::Ge),
    ("<=", Tok::Le),
    ("~=", Tok::Ne),
    ("<<", Tok::Shl),
    (">>", Tok::Shr),
    ("::", Tok::DoubleColon),
];

/// Names that the front end itself refers to, interned after the reserved words.
pub const KNOWN_NAMES: [&str; 5] = ["_ENV", "self", "(for state)", "const", "close"];

const fn known(index: usize) -> StrId {
    StrId((KEYWORDS.len() + index) as u32)
}

pub const STR_ENV: StrId = known(0);
pub const STR_SELF: StrId = known(1);
pub const STR_FOR_STATE: StrId = known(2);
pub const STR_CONST: StrId = known(3);
pub const STR_CLOSE: StrId = known(4);

impl Tok {
    /// How messages name the kind of token, quotes included.
    pub fn describe(self) -> String {
        match self {
            Tok::Eof => "<eof>".into(),
            Tok::Name => "<name>".into(),
            Tok::Str => "<string>".into(),
            Tok::Int => "<integer>".into(),
            Tok::Float => "<number>".into(),
            Tok::Char(byte @ b' '..=b'~') => format!("'{}'", byte as char),
            Tok::Char(byte) => format!("'<\\{byte}>'"),
            tok => {
                let text = KEYWORDS.iter().chain(&PUNCTUATION).find(|(_, t)| *t == tok).map_or("?", |(text, _)| text);
                format!("'{text}'")
            }
        }
    }
}
