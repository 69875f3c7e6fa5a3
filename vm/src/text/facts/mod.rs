//! Reads the facts that `generate.lua` collected from PUC-Rio Lua 5.4.

/// One line `a|b|c|…|=results`, with escapes resolved.
pub struct Fact {
    pub fields: Vec<Vec<u8>>,
    /// As rendered by the generator: `!message`, or values separated by `|`, strings behind a `"`.
    pub result: String,
}

impl Fact {
    pub fn text(&self, field: usize) -> &str {
        std::str::from_utf8(&self.fields[field]).unwrap()
    }
}

pub fn read(file: &str) -> impl Iterator<Item = Fact> {
    file.lines().map(|line| {
        let (fields, result) = line.split_once("|=").unwrap();
        Fact { fields: fields.split('|').map(unescape).collect(), result: result.to_string() }
    })
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'\\' {
            let hex = std::str::from_utf8(&tail[..2]).unwrap();
            bytes.push(u8::from_str_radix(hex, 16).unwrap());
            rest = &tail[2..];
        } else {
            bytes.push(byte);
        }
    }
    bytes
}

/// A string as the generator renders it.
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes {
        match byte {
            b'\\' | b'|' => text.push_str(&format!("\\{byte:02x}")),
            b' ' | 0x21..=0x7e => text.push(byte as char),
            _ => text.push_str(&format!("\\{byte:02x}")),
        }
    }
    text
}
