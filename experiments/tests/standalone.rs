//! Manual §7: `trinity run` takes options and programs as `lua` does. What is printed, what is said on standard error
//! and the exit status are compared with those of lua5.4.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

const FILES: [(&str, &str); 36] = [
    (
        "args.lua",
        "print(select('#', ...), ...) for i = -8, 3 do io.write(i, '=', tostring(arg[i]), ' ') end print(#arg)",
    ),
    ("noarg.lua", "arg = nil print(...)"),
    ("mod.lua", "return {name = 'mod', n = select('#', ...), ...}"),
    ("mod-v2.lua", "return {name = 'mod2'}"),
    ("bad.lua", "error('while loading')"),
    ("wrong.lua", "x = = 1"),
    ("init.lua", "print('init', ...) seen = true"),
    ("deep.lua", "local function f() error('deep') end local function g() f() end g()"),
    ("nil.lua", "local t = nil\nprint(t.x)\n"),
    ("table.lua", "error({code = 2})"),
    ("shown.lua", "error(setmetatable({}, {__tostring = function() return 'shown' end}))"),
    ("unshown.lua", "error(setmetatable({}, {__tostring = function() return 42 end}))"),
    ("throwing.lua", "error(setmetatable({}, {__tostring = function() error('again') end}))"),
    ("named.lua", "error(setmetatable({}, {__name = 'Mine'}))"),
    ("noerror.lua", "error()"),
    ("nilerror.lua", "error(nil)"),
    ("plain.lua", "error('plain', 0)"),
    ("number.lua", "error(12.5)"),
    ("boolean.lua", "error(true)"),
    ("coroutine.lua", "coroutine.wrap(function() error('in co') end)()"),
    ("shebang.lua", "#!/usr/bin/env lua\nprint(debug.getinfo(1, 'l').currentline, ...)"),
    ("only.lua", "#!/usr/bin/env lua"),
    ("mark.lua", "\u{feff}print('mark')"),
    ("both.lua", "\u{feff}#!/usr/bin/env lua\nprint(debug.getinfo(1, 'l').currentline)"),
    ("comment.lua", "# comment\nx = = 1"),
    ("result.lua", "return 5, 6"),
    ("true.lua", "os.exit(true, true)"),
    ("false.lua", "os.exit(false)"),
    ("large.lua", "os.exit(300)"),
    ("negative.lua", "os.exit(-1)"),
    ("float.lua", "os.exit(3.0)"),
    ("string.lua", "os.exit('x')"),
    ("warn.lua", "warn('@on') warn('a', 'b') warn('@off') warn('c')"),
    ("quiet.lua", "warn('hello')"),
    ("gc.lua", "setmetatable({}, {__gc = function() print('gc') error('in gc') end})"),
    ("close.lua", "local t <close> = setmetatable({}, {__close = function() print('closed') end}) os.exit(4, true)"),
];

/// Command lines behind `lua5.4` or `trinity run`.
const LINES: [&[&str]; 68] = [
    &["args.lua", "a", "b"],
    &["-W", "args.lua", "a", "b"],
    &["-e", "x = 1", "args.lua", "a", "b"],
    &["-e", "x = 1", "-l", "mod", "--", "args.lua", "-a", "--b"],
    &["-E", "-W", "args.lua"],
    &["args.lua", "-e", "print(1)", "--", "-"],
    &["-", "a", "b"],
    &["--", "args.lua", "-x"],
    &["-e", "print(arg[0], arg[1], arg[2], arg[-1], #arg, ...)"],
    &["-e", "print(1)", "-e", "print(2)"],
    &["-eprint(1)", "-lmod", "-e", "print(mod.name)"],
    &["-e", "print(mod.name)", "-l", "mod"],
    &["-l", "mod", "-e", "print(mod.name, #mod, ...)"],
    &["-l", "g=mod", "-e", "print(g.name, mod)"],
    &["-l", "mod-v2", "-e", "print(_G['mod-v2'].name, mod)"],
    &["-l", "g=mod-v2", "-e", "print(g.name)"],
    &["-l", "no.such", "-e", "print(1)"],
    &["-l", "bad"],
    &["-l", "wrong"],
    &["-l", "string", "-l", "s=string", "-e", "print(s == string)"],
    &["-e", "error('chunk')", "args.lua"],
    &["-e", "error({})"],
    &["-e", "x ="],
    &["-e", "print(...)", "args.lua", "z"],
    &["-e", "return 1", "args.lua"],
    &["-e", "print(arg[0])", "result.lua"],
    &["-e", "os.exit(9)", "args.lua"],
    &["-e", "for i, v in ipairs(arg) do print(i, v) end", "args.lua", "u", "v"],
    &["-e", "warn('x')", "-W", "-e", "warn('y')", "-e", "warn('@off')", "quiet.lua"],
    &["noarg.lua", "1"],
    &["deep.lua"],
    &["nil.lua"],
    &["table.lua"],
    &["shown.lua"],
    &["unshown.lua"],
    &["throwing.lua"],
    &["named.lua"],
    &["noerror.lua"],
    &["nilerror.lua"],
    &["plain.lua"],
    &["number.lua"],
    &["boolean.lua"],
    &["coroutine.lua"],
    &["shebang.lua", "q"],
    &["only.lua"],
    &["mark.lua"],
    &["both.lua"],
    &["comment.lua"],
    &["wrong.lua"],
    &["result.lua"],
    &["true.lua"],
    &["false.lua"],
    &["large.lua"],
    &["negative.lua"],
    &["float.lua"],
    &["string.lua"],
    &["warn.lua"],
    &["quiet.lua"],
    &["-W", "quiet.lua"],
    &["gc.lua"],
    &["-W", "gc.lua"],
    &["close.lua"],
    &["nosuch.lua"],
    &["."],
    &["-e", "print(package.path)", "-e", "print(package.cpath)"],
    &["-e", "print(seen)"],
    &["-E", "-e", "print(seen, package.path)", "-e", "print(package.cpath)"],
    &["-v", "-e", "print(1)"],
];

/// Variables that the environment may hold. For each setting some lines are run again.
const ENVIRONMENTS: [&[(&str, &str)]; 10] = [
    &[("LUA_INIT", "print('variable', ...) seen = 1")],
    &[("LUA_INIT", "@init.lua")],
    &[("LUA_INIT", "print(1)"), ("LUA_INIT_5_4", "print(2)")],
    &[("LUA_INIT", "error('in init')")],
    &[("LUA_INIT", "x = =")],
    &[("LUA_INIT", "@nosuch.lua")],
    &[("LUA_PATH", "here/?.lua"), ("LUA_CPATH", "here/?.so")],
    &[("LUA_PATH", "here/?.lua;;"), ("LUA_CPATH", ";;there/?.so")],
    &[("LUA_PATH", "a;;b"), ("LUA_PATH_5_4", ";;"), ("LUA_CPATH", "a;;b;;c"), ("LUA_CPATH_5_4", "")],
    &[("LUA_PATH", "")],
];

fn run(command: &mut Command, folder: &Path, line: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut child = command
        .args(line)
        .current_dir(folder)
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that does not read its input may have closed it.
    let _ = child.stdin.take().expect("a pipe").write_all(b"print('standard input', ...)\n");
    child.wait_with_output().expect("the program ends")
}

/// What a run said, with the names of the two programs made equal.
fn said(output: &Output) -> [String; 3] {
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).replace(&format!("{} run", env!("CARGO_BIN_EXE_trinity")), "lua5.4");
        text.replace("lua5.4: ", "lua: ")
    };
    let mut out = text(&output.stdout);
    if let Some((version, rest)) = out.split_once('\n')
        && version.starts_with("Lua 5.4")
    {
        out = format!("a version\n{rest}");
    }
    [out, text(&output.stderr), format!("{:?}", output.status.code())]
}

#[test]
fn options_and_programs_are_taken_as_by_lua() {
    if Command::new("lua5.4").arg("-v").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "needs lua5.4");
        println!("skipped: lua5.4 is not installed");
        return;
    }
    let folder = tempfile::tempdir().expect("temporary folder");
    for (name, source) in FILES {
        fs::write(folder.path().join(name), source).expect("writes");
    }
    let mut failures = Vec::new();
    let mut compare = |line: &[&str], environment: &[(&str, &str)]| {
        let mine = run(Command::new(env!("CARGO_BIN_EXE_trinity")).arg("run"), folder.path(), line, environment);
        let lua = run(&mut Command::new("lua5.4"), folder.path(), line, environment);
        if said(&mine) != said(&lua) {
            failures.push(format!("{environment:?} {line:?}\n  trinity {:?}\n  lua     {:?}", said(&mine), said(&lua)));
        }
    };
    for line in LINES {
        compare(line, &[]);
    }
    for environment in ENVIRONMENTS {
        for line in [LINES[0], LINES[64], LINES[65], LINES[66]] {
            compare(line, environment);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn lines_that_are_typed_follow_the_script() {
    let folder = tempfile::tempdir().expect("temporary folder");
    fs::write(folder.path().join("fails.lua"), "x = ... error('no')").expect("writes");
    let mut trinity = Command::new(env!("CARGO_BIN_EXE_trinity"));
    let output = run(trinity.arg("run"), folder.path(), &["-i", "fails.lua", "7"], &[]);
    let [out, error, status] = said(&output);
    assert!(out.starts_with("a version\n") && out.contains("> standard input"), "{out}");
    assert!(error.starts_with("lua: fails.lua:1: no"), "{error}");
    assert_eq!(status, "Some(0)");
}
