//! The front end against the reference implementation's recorded answers, and over real programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use trinity_vm::bytecode::{FnUnit, disassemble, validate};
use trinity_vm::front::{compile, strip_shebang};

/// Set to record listings instead of comparing them.
const BLESS: &str = "TRINITY_BLESS";

fn golden_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn compile_valid(source: &[u8], name: &str) -> FnUnit {
    let unit = compile(source, name.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
    if let Err(text) = validate(&unit) {
        panic!("{name}: {text}\n{}", disassemble(&unit));
    }
    unit
}

fn message(source: &[u8]) -> String {
    match compile(source, b"=c") {
        Ok(_) => "compiles".into(),
        Err(error) => String::from_utf8_lossy(&error.message).into_owned(),
    }
}

fn lua_files(dir: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            lua_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "lua") {
            found.push(path);
        }
    }
}

/// What lua5.4 says of a file that it does not compile.
fn reference_message(file: &Path) -> String {
    let ask = " io.write(tostring(select(2, loadfile(arg[1]))))";
    let mut lua = Command::new("lua5.4");
    let answer = lua.args(["-e", ask, "-"]).arg(file).stdin(Stdio::null()).output().expect("lua5.4 runs");
    String::from_utf8_lossy(&answer.stdout).into_owned()
}

#[test]
fn real_programs_compile_to_valid_bytecode() {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../experiments/suite");
    for dir in [Path::new("/usr/share/lua"), &suite] {
        let mut files = Vec::new();
        lua_files(dir, &mut files);
        if files.is_empty() {
            println!("skipped {}: no Lua files there", dir.display());
        }
        for file in files {
            let source = std::fs::read(&file).expect("a listed file is readable");
            let name = format!("@{}", file.display());
            match compile(strip_shebang(&source), name.as_bytes()) {
                Ok(unit) => validate(&unit).unwrap_or_else(|text| panic!("{name}: {text}\n{}", disassemble(&unit))),
                // Some files look like Lua but are not, to the reference implementation as well.
                Err(error) => assert_eq!(reference_message(&file).as_bytes(), &error.message[..], "{name}"),
            }
        }
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n') => out.push(b'\n'),
            Some(b'x') => {
                let digits: Vec<u8> = bytes.by_ref().take(2).collect();
                let digits = std::str::from_utf8(&digits).expect("ASCII");
                out.push(u8::from_str_radix(digits, 16).expect("two hexadecimal digits"));
            }
            other => out.extend(other),
        }
    }
    out
}

#[test]
fn syntax_errors_read_as_in_the_reference_implementation() {
    let text = std::fs::read_to_string(golden_dir().join("syntax_errors.txt")).expect("golden file");
    let mut lines = text.lines();
    let mut failures = Vec::new();
    while let (Some(source), Some(expected)) = (lines.next(), lines.next()) {
        let source = unescape(source.strip_prefix("> ").expect("a source line"));
        let expected = unescape(expected.strip_prefix("< ").expect("a message line"));
        let found = match compile(&source, b"=c") {
            Ok(_) => b"compiles".to_vec(),
            Err(error) => error.message.into_vec(),
        };
        if found != expected {
            let [source, found, expected] = [source, found, expected].map(|t| t.escape_ascii().to_string());
            failures.push(format!("{source}\n  {found}\n  {expected}"));
        }
    }
    assert!(failures.is_empty(), "source, found, expected:\n{}", failures.join("\n"));
}

#[test]
fn nesting_is_limited_where_the_reference_implementation_limits_it() {
    let overflow = "C stack overflow";
    let nested = |open: &str, middle: &str, close: &str, depth: usize| {
        message(format!("{}{middle}{}", open.repeat(depth), close.repeat(depth)).as_bytes())
    };
    for (open, middle, close, most) in [
        ("do ", "", " end", 197),
        ("a,", "a=1", "", 195),
        ("::a:: ", "", "", 1),
        ("f(function() ", "", " end)", 98),
        ("a={function() ", "", " end}", 65),
    ] {
        assert_ne!(nested(open, middle, close, most), overflow, "{open}");
        assert_eq!(nested(open, middle, close, 198), overflow, "{open}");
    }
    for (open, close, most) in [("(", ")", 195), ("{", "}", 196), ("- ", "", 195), ("a..", "", 195), ("2^", "", 195)] {
        let source = |depth: usize| {
            format!("x={}{}{}", open.repeat(depth), if open == "{" { "" } else { "1" }, close.repeat(depth))
        };
        assert_eq!(message(source(most).as_bytes()), "compiles", "{open}");
        assert_eq!(message(source(most + 1).as_bytes()), overflow, "{open}");
    }
}

#[test]
fn chains_to_the_left_are_not_limited() {
    for part in [" + 1", " - a", " and a", " or a", ".b", "[1]", "()", ":m()", " == a", " < a"] {
        let source = format!("return a{}", part.repeat(100_000));
        compile_valid(source.as_bytes(), "=chain");
    }
    let source = format!("if a then b() {}end", "elseif c then d() ".repeat(20_000));
    compile_valid(source.as_bytes(), "=elseif");
}

#[test]
fn limits_are_reported() {
    let names = |from: usize, to: usize| (from..=to).map(|i| format!("a{i}")).collect::<Vec<_>>();
    let list = names(1, 201).join(",");
    assert_eq!(
        message(format!("local {list}").as_bytes()),
        "c:1: too many local variables (limit is 200) in main function near <eof>"
    );
    assert_eq!(
        message(format!("function f({list}) end").as_bytes()),
        "c:1: too many local variables (limit is 200) in function at line 1 near ')'"
    );
    let source = format!(
        "local {}\nfunction f()\nlocal {}\nreturn function()\n return {} end end",
        names(1, 150).join(","),
        names(151, 256).join(","),
        names(1, 256).join("+")
    );
    assert_eq!(message(source.as_bytes()), "c:5: too many upvalues (limit is 255) in function at line 4 near 'end'");
    let source = format!("x = f({}a)", "a,".repeat(260));
    assert_eq!(message(source.as_bytes()), "c:1: function or expression needs too many registers");
}

#[test]
fn many_constants_children_and_loops_are_encodable() {
    let strings: String = (0..70_000).map(|i| format!("x = 'c{i}' t.f{i} = g{i}:m{i}(u{i} + {i}.5) ")).collect();
    compile_valid(strings.as_bytes(), "=constants");
    compile_valid("f = function() end ".repeat(10_000).as_bytes(), "=children");
    compile_valid("for i = 1, 2 do end ".repeat(10_000).as_bytes(), "=loops");
    assert!(message("for i = 1, 2 do end ".repeat(70_000).as_bytes()).contains("too many loops"));
    assert!(message("f = function() end ".repeat(70_000).as_bytes()).contains("too many functions"));
}

/// Sources in `golden/*.lua` against their listings beside them.
#[test]
fn listings_are_as_recorded() {
    let mut files = Vec::new();
    lua_files(&golden_dir(), &mut files);
    assert!(!files.is_empty(), "golden sources exist");
    for file in files {
        let source = std::fs::read(&file).expect("a listed file is readable");
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let listing = disassemble(&compile_valid(&source, &format!("@{name}")));
        let recorded = file.with_extension("txt");
        if std::env::var_os(BLESS).is_some() {
            std::fs::write(&recorded, listing).expect("golden files are writable");
            continue;
        }
        let expected = std::fs::read_to_string(&recorded).unwrap_or_default();
        assert_eq!(listing, expected, "{name}; set {BLESS}=1 to record");
    }
}
