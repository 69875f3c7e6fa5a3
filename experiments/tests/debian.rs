//! Real programs that Debian ships run unchanged, in every tier, and print what PUC Lua prints.
//!
//! The scripts in `debian/` exercise one package or several each. The table of the record is made again by
//! `cargo test --release --test debian -- --nocapture --ignored table`.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// Where Debian keeps modules: some under older versions of Lua only, though they run in 5.4.
const VERSIONS: [&str; 3] = ["5.4", "5.3", "5.1"];

const MODES: [&[&str]; 5] = [
    &["--policy", "interpret"],
    &["--force-tier", "1"],
    &["--force-tier", "1", "--tier1", "single-pass"],
    &["--force-tier", "2"],
    &[],
];

struct Program {
    name: &'static str,
    packages: &'static [&'static str],
    /// Modules that tell whether the packages are there.
    modules: &'static [&'static str],
    /// The script and its arguments; `OUT` stands for a folder for what it writes, which is compared as well.
    command: &'static [&'static str],
}

const PROGRAMS: [Program; 19] = [
    script("penlight_containers", &["lua-penlight"], &["pl.List"]),
    script("penlight_text", &["lua-penlight"], &["pl.stringx"]),
    script("penlight_files", &["lua-penlight", "lua-filesystem"], &["pl.path", "lfs"]),
    script("inspect", &["lua-inspect"], &["inspect"]),
    script("argparse", &["lua-argparse"], &["argparse"]),
    script("dkjson", &["lua-dkjson"], &["dkjson"]),
    script("luaunit", &["lua-unit"], &["luaunit"]),
    script("luacheck", &["lua-check"], &["luacheck"]),
    script("messagepack", &["lua-messagepack"], &["MessagePack"]),
    script("moses", &["lua-moses"], &["moses"]),
    script("luassert", &["lua-luassert", "lua-say"], &["luassert"]),
    script(
        "small",
        &[
            "lua-ansicolors",
            "lua-basexx",
            "lua-binaryheap",
            "lua-coxpcall",
            "lua-fifo",
            "lua-inifile",
            "lua-mediator",
            "lua-say",
        ],
        &["ansicolors", "basexx", "binaryheap", "coxpcall", "fifo", "inifile", "mediator", "say"],
    ),
    script("various", &["lua-uri", "lua-logging", "lua-cliargs"], &["uri", "logging", "cliargs"]),
    script("luarocks", &["luarocks"], &["luarocks.core.vers"]),
    script("busted", &["lua-busted", "lua-cliargs", "lua-mediator"], &["busted", "lfs"]),
    // made from TypeScript by typescript-to-lua, whose library it contains
    script("typescript", &[], &[]),
    Program {
        name: "luacheck command",
        packages: &["lua-check"],
        modules: &["luacheck", "lfs", "pl.List"],
        command: &["/usr/bin/luacheck", "--no-color", "/usr/share/lua/5.4/pl", "/usr/share/lua/5.1/luacheck"],
    },
    Program {
        name: "ldoc command",
        packages: &["lua-ldoc"],
        modules: &["ldoc.doc", "lfs", "pl.List"],
        command: &["/usr/bin/ldoc", "-d", "OUT", "/usr/share/lua/5.4/pl"],
    },
    Program {
        name: "luarocks command",
        packages: &["luarocks"],
        modules: &["luarocks.cmd", "lfs"],
        command: &["/usr/bin/luarocks", "--help"],
    },
];

/// A program that is a script of ours.
const fn script(name: &'static str, packages: &'static [&'static str], modules: &'static [&'static str]) -> Program {
    Program { name, packages, modules, command: &[] }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/debian")
}

fn lua_path() -> String {
    let roots = VERSIONS.map(|version| format!("/usr/share/lua/{version}/?.lua;/usr/share/lua/{version}/?/init.lua"));
    format!("./lib/?.lua;{}", roots.join(";"))
}

/// Runs in the scripts' folder, with Debian's modules within reach.
fn run(engine: &str, options: &[&str], command: &[String]) -> Output {
    Command::new(engine)
        .args(options)
        .args(command)
        .current_dir(folder())
        .env("LUA_PATH", lua_path())
        .env("LANG", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{engine}: {error}"))
}

/// Text without what differs from run to run: addresses, durations and dates of reports, and the engine's name.
fn masked(text: &[u8]) -> String {
    let line = |line: &str| {
        let dated =
            ["Started on ", "# Started on ", "<i style=\"float:right;\">Last updated ", "Warning: Lua 5.4 interpreter"];
        if let Some(start) = dated.iter().find(|start| line.starts_with(**start)) {
            return format!("{start}…");
        }
        if let Some(message) = line.strip_prefix("lua5.4: ").or_else(|| line.strip_prefix("lua: ")) {
            return format!("ENGINE: {message}");
        }
        match line.find(" in ").filter(|_| line.contains(" seconds")) {
            Some(at) => format!("{} in …{}", &line[..at], &line[line.find(" seconds").unwrap_or(at)..]),
            None => without_addresses(line),
        }
    };
    String::from_utf8_lossy(text).lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Addresses are numbers of 14 hexadecimal digits.
fn without_addresses(line: &str) -> String {
    let mut parts = line.split("0x");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        text.push_str("0x");
        text.push_str(if digits >= 12 { &part[digits..] } else { part });
    }
    text
}

/// Every file below `folder`, by its path there.
fn files_below(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(&at).expect("lists") {
            let path = entry.expect("lists").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).expect("below").to_owned());
            }
        }
    }
    found
}

/// What a run of a program left behind.
#[derive(PartialEq)]
struct Trace {
    stdout: String,
    stderr: String,
    status: Option<i32>,
    files: Vec<(PathBuf, String)>,
}

impl Program {
    /// Whether lua5.4 finds the modules; otherwise says so. On a build server that is a failure.
    fn is_there(&self) -> bool {
        let chunk: String = self.modules.iter().map(|module| format!(" require '{module}'")).collect();
        let there = Command::new("lua5.4")
            .args(["-e", &chunk])
            .env("LUA_PATH", lua_path())
            .stdin(Stdio::null())
            .output()
            .is_ok_and(|output| output.status.success());
        assert!(there || std::env::var_os("CI").is_none(), "needs lua5.4 and {}", self.packages.join(", "));
        if !there {
            println!("skipped: needs lua5.4 and {}", self.packages.join(", "));
        }
        there
    }

    fn trace(&self, engine: &str, options: &[&str]) -> Trace {
        let out = tempfile::tempdir().expect("temporary folder");
        let place = out.path().display().to_string();
        let own = [format!("{}.lua", self.name)];
        let command: Vec<String> = match self.command {
            [] => own.to_vec(),
            words => words.iter().map(|word| word.replace("OUT", &place)).collect(),
        };
        let output = run(engine, options, &command);
        let text = |bytes: &[u8]| masked(bytes).replace(&place, "OUT");
        let read = |path: PathBuf| {
            let content = std::fs::read(out.path().join(&path)).expect("reads");
            (path, text(&content))
        };
        Trace {
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            status: output.status.code(),
            files: files_below(out.path()).into_iter().map(read).collect(),
        }
    }

    /// Also asserts that there is no bytecode that tier 1 declines. `stress`: what the collector does at every poll.
    fn trace_of_trinity(&self, mode: &[&str], stress: &str) -> Trace {
        let folder = tempfile::tempdir().expect("temporary folder");
        let stats = folder.path().join("stats.json");
        let place = stats.display().to_string();
        let stress = format!("TRINITY_GC_STRESS={stress}");
        let start = [stress.as_str(), env!("CARGO_BIN_EXE_trinity"), "run", "--stats-json", &place];
        let trace = self.trace("env", &[&start[..], mode].concat());
        let text = std::fs::read(&stats).expect("the statistics are there");
        let stats: serde_json::Value = serde_json::from_slice(&text).expect("they are JSON");
        let bailouts = stats["compiles"][0]["bailouts"].as_object().expect("tier 1 has bail-outs by reason");
        assert!(bailouts.is_empty(), "{} {mode:?}: {bailouts:?}", self.name);
        trace
    }

    fn agrees_with_lua(&self) {
        if !self.is_there() {
            return;
        }
        let lua = self.trace("lua5.4", &[]);
        for mode in MODES {
            let mine = self.trace_of_trinity(mode, "");
            let name = self.name;
            assert_eq!(mine.stdout, lua.stdout, "{name} {mode:?}: {}", mine.stderr);
            assert_eq!(mine.stderr, lua.stderr, "{name} {mode:?}");
            assert_eq!(mine.status, lua.status, "{name} {mode:?}");
            assert!(mine.files == lua.files, "{name} {mode:?}: files differ");
        }
    }
}

fn agrees_with_lua(name: &str) {
    PROGRAMS.iter().find(|program| program.name == name).expect("a known program").agrees_with_lua();
}

macro_rules! programs {
    ($($test:ident: $name:literal,)*) => {
        $(#[test]
        fn $test() {
            agrees_with_lua($name);
        })*
        const TESTED: &[&str] = &[$($name),*];
    };
}

programs! {
    penlight_containers: "penlight_containers",
    penlight_text: "penlight_text",
    penlight_files: "penlight_files",
    inspect: "inspect",
    argparse: "argparse",
    dkjson: "dkjson",
    luaunit: "luaunit",
    luacheck: "luacheck",
    messagepack: "messagepack",
    moses: "moses",
    luassert: "luassert",
    small: "small",
    various: "various",
    luarocks: "luarocks",
    busted: "busted",
    typescript: "typescript",
    luacheck_command: "luacheck command",
    ldoc_command: "ldoc command",
    luarocks_command: "luarocks command",
}

#[test]
fn every_program_has_a_test() {
    assert_eq!(PROGRAMS.iter().map(|program| program.name).collect::<Vec<_>>(), TESTED);
}

/// Version of an installed package.
fn version(package: &str) -> String {
    let output = Command::new("dpkg-query").args(["-W", "-f", "${Version}", package]).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// Lines of Lua in a package, every file once however many versions of Lua it is installed for.
fn lines_of(package: &str) -> usize {
    let output = Command::new("dpkg").args(["-L", package]).output().expect("dpkg starts");
    let mut files = BTreeSet::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Some(rest) = line.strip_prefix("/usr/share/lua/") else { continue };
        if let (Some((_, name)), true) = (rest.split_once('/'), line.ends_with(".lua")) {
            let found = VERSIONS.iter().map(|version| Path::new("/usr/share/lua").join(version).join(name));
            files.extend(found.filter(|path| path.is_file()).take(1));
        }
    }
    files
        .iter()
        .filter_map(|file| std::fs::read(file).ok())
        .map(|text| text.split(|&byte| byte == b'\n').count() - 1)
        .sum()
}

/// Tier 1 in both forms, and tiers that mix, with a slice of a collection and with a whole one at every poll:
/// `cargo test --release --test debian -- --ignored stress`.
#[test]
#[ignore = "takes long"]
fn stress() {
    const MIXED: [&[&str]; 2] = [&["--policy", "fixed:3,9"], &["--policy", "fixed:3,9", "--tier1", "single-pass"]];
    for stress in ["slices", "full"] {
        for program in PROGRAMS.iter().filter(|program| program.is_there()) {
            let lua = program.trace("lua5.4", &[]);
            for mode in MODES[1..3].iter().chain(&MIXED) {
                assert!(program.trace_of_trinity(mode, stress) == lua, "{} {mode:?} {stress}", program.name);
            }
        }
    }
}

/// Prints the table of `experiments/record`, with two more modes than the tests have.
#[test]
#[ignore = "prints a table; the tests compare"]
fn table() {
    const MORE: [&[&str]; 1] = [&["--policy", "fixed:1,2"]];
    println!("| program | packages | lines of Lua | interpret | tier 1 | single-pass | tier 2 | default | fixed:1,2 |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for program in &PROGRAMS {
        if !program.is_there() {
            continue;
        }
        let lua = program.trace("lua5.4", &[]);
        let verdict = |mode: &&[&str]| if program.trace_of_trinity(mode, "") == lua { "same" } else { "**differs**" };
        let verdicts: Vec<_> = MODES.iter().chain(&MORE).map(verdict).collect();
        let packages: Vec<_> =
            program.packages.iter().map(|package| format!("{package} {}", version(package))).collect();
        let lines: usize = program.packages.iter().map(|package| lines_of(package)).sum();
        println!("| {} | {} | {lines} | {} |", program.name, packages.join(", "), verdicts.join(" | "));
    }
}
