//! Programs that mean harm, under `--memory-limit`, `--fuel` and `--sandbox`: each ends by itself, with an error of Lua's
//! or the status that it asked for.

use std::{
    io::Read,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// What a program may take, on a busy machine.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Every limit by itself, and all at once.
const MEMORY: &[&str] = &["--memory-limit", "24M"];
/// At a limit every allocation may take a whole collection.
const SMALL: &[&str] = &["--memory-limit", "2M"];
const FUEL: &[&str] = &["--fuel", "3000000"];
const ALL: &[&str] = &["--memory-limit", "24M", "--fuel", "3000000", "--sandbox"];
const NONE: &[&str] = &[];

/// How a program is to end.
enum End {
    /// Status 0, with these last words on standard output.
    Says(&'static str),
    /// Status 1 and a message with this in it.
    Fails(&'static str),
    /// This status.
    Exits(i32),
}
use End::{Exits, Fails, Says};

const OUT_OF_FUEL: End = Fails("out of fuel");
const OUT_OF_MEMORY: End = Fails("not enough memory");

const PROGRAMS: [(&[&str], &str, End); 52] = [
    // Leaving from inside.
    (MEMORY, "coroutine.wrap(function() os.exit(7) end)()", Exits(7)),
    (MEMORY, "coroutine.wrap(function() os.exit(7, true) end)()", Exits(7)),
    (
        MEMORY,
        "coroutine.wrap(function() local c <close> = setmetatable({}, {__close = function() os.exit(8, true) end}) end)()",
        Exits(8),
    ),
    (FUEL, "pcall(pcall, function() string.gsub('x', 'x', function() os.exit(9, true) end) end)", Exits(9)),
    (NONE, "setmetatable({}, {__gc = function() os.exit(5) end}) collectgarbage()", Exits(5)),
    (NONE, "setmetatable({}, {__gc = function() os.exit(6, true) end}) collectgarbage()", Exits(6)),
    (NONE, "x = setmetatable({}, {__gc = function() os.exit(6) end})", Exits(6)),
    (NONE, "x = setmetatable({}, {__gc = function() os.exit(6, true) end})", Exits(6)),
    (
        MEMORY,
        "x = setmetatable({}, {__gc = function() local s = string.rep('x', 1 << 30) end}) os.exit(4, true)",
        Exits(4),
    ),
    (ALL, "print(os and os.exit)", Says("nil")),
    (ALL, "os.exit(3)", Fails("attempt to")),
    // Finalizers at the end.
    (NONE, "x = setmetatable({}, {__gc = function() error('in the finalizer') end}) print('end')", Says("end")),
    (
        NONE,
        "x = setmetatable({}, {__gc = function() error(setmetatable({}, {__tostring = error})) end}) print('end')",
        Says("end"),
    ),
    (
        MEMORY,
        "x = setmetatable({}, {__gc = function() local t = {} for i = 1, 1e9 do t[i] = {} end end}) print('end')",
        Says("end"),
    ),
    (FUEL, "x = setmetatable({}, {__gc = function() while true do end end}) print('end')", Says("end")),
    (ALL, "x = setmetatable({}, {__gc = function() while true do end end}) while true do end", OUT_OF_FUEL),
    (NONE, "local function again() setmetatable({}, {__gc = again}) end again() print('end')", Says("end")),
    (
        NONE,
        "local m = {} function m.__gc(o) setmetatable(o, m) kept = o end setmetatable({}, m) collectgarbage() print('end')",
        Says("end"),
    ),
    (
        SMALL,
        "local t = {} for i = 1, 1e9 do t[i] = setmetatable({}, {__gc = function() t[#t + 1] = ('x'):rep(1e6) .. i end}) end",
        OUT_OF_MEMORY,
    ),
    (
        SMALL,
        "for i = 1, 1e5 do setmetatable({}, {__gc = function() kept = {kept, ('x'):rep(1000)} end}) end print('end')",
        OUT_OF_MEMORY,
    ),
    (ALL, "for i = 1, 1e9 do setmetatable({}, {__gc = function() for j = 1, 1e9 do end end}) end", OUT_OF_FUEL),
    (NONE, "x = setmetatable({}, {__gc = function() coroutine.yield() end}) print('end')", Says("end")),
    (
        NONE,
        "x = setmetatable({}, {__gc = function() coroutine.wrap(function() error('x') end)() end}) print('end')",
        Says("end"),
    ),
    // Coroutines.
    (
        MEMORY,
        "local function bomb() return coroutine.wrap(function() return bomb()() end) end bomb()()",
        Fails("C stack overflow"),
    ),
    (
        MEMORY,
        "local t = {} for i = 1, 1e9 do t[i] = coroutine.wrap(function() coroutine.yield(i) end) t[i]() end",
        OUT_OF_MEMORY,
    ),
    (FUEL, "for i = 1, 1e9 do coroutine.wrap(function() coroutine.yield() end)() end", OUT_OF_FUEL),
    (
        ALL,
        "local co co = coroutine.wrap(function() while true do pcall(co) coroutine.yield() end end) while true do pcall(co) end",
        OUT_OF_FUEL,
    ),
    (
        MEMORY,
        "local function deep(n) return coroutine.wrap(function() local ok, e = pcall(deep, n + 1) return e end)() end print(type(deep(1)))",
        Says("string"),
    ),
    // Text.
    (MEMORY, "local s = string.rep('x', 1 << 40)", Fails("resulting string too large")),
    (MEMORY, "local s = string.rep('x', 1 << 30)", OUT_OF_MEMORY),
    (MEMORY, "local s = string.rep('', 1 << 62) .. string.rep('ab', 3, ('-'):rep(1 << 20)) print(#s)", Says("2097158")),
    (FUEL, "while true do local s = string.rep('x', 1 << 20) end", OUT_OF_FUEL),
    (MEMORY, "local t = {} for i = 1, 1e5 do t[i] = ('x'):rep(1000) end", OUT_OF_MEMORY),
    (MEMORY, "local s, t = ('x'):rep(1 << 20), {} for i = 1, 1e4 do t[i] = s end table.concat(t, s)", OUT_OF_MEMORY),
    (
        FUEL,
        "table.concat(setmetatable({}, {__index = function() return 'x' end, __len = function() return 1 << 62 end}))",
        OUT_OF_FUEL,
    ),
    (
        MEMORY,
        "table.concat(setmetatable({}, {__index = function() return 'xxxxxxxx' end, __len = function() return 1 << 62 end}))",
        OUT_OF_MEMORY,
    ),
    (MEMORY, "local s = ('x'):rep(1 << 20) s:gsub('.', s)", OUT_OF_MEMORY),
    (FUEL, "local s = ('a'):rep(1 << 20) s:gsub('a*a*a*a*b', '')", OUT_OF_FUEL),
    (FUEL, "local s = ('a'):rep(3000) while true do s:gsub('.', {a = s}) end", OUT_OF_FUEL),
    (MEMORY, "('x'):rep(100):gsub('.', function() return ('y'):rep(1 << 20) end)", OUT_OF_MEMORY),
    (MEMORY, "local s = ('%99d'):rep(1 << 19):format(table.unpack({}, 1, 10))", Fails("bad argument")),
    (MEMORY, "local s = 'x' while true do s = ('%s%s'):format(s, s) end", OUT_OF_MEMORY),
    // Depth.
    (NONE, "local function f() return pcall(f) end print(f())", Says("C stack overflow")),
    (
        NONE,
        "local function f() local ok, e = pcall(f) if not ok then error(e, 0) end end print(select(2, pcall(f)))",
        Says("overflow"),
    ),
    (FUEL, "local function f() while true do pcall(f) end end f()", OUT_OF_FUEL),
    (NONE, "local function f(e) return xpcall(error, f, e) end print(f(1))", Says("false\tfalse")),
    (MEMORY, "local t = {} for i = 1, 1e6 do t = setmetatable({}, {__index = t}) end print(t.x)", Fails("")),
    (NONE, "local s = ('('):rep(1e6) print(load('return ' .. s))", Says("C stack overflow")),
    (NONE, "print(load(('do '):rep(1e6)))", Says("overflow")),
    // Chunks.
    (FUEL, "while true do load('return ' .. ('1+'):rep(1000) .. '1') end", OUT_OF_FUEL),
    (MEMORY, "print(load(function() return 'local x = 1 ' end))", Says("not enough memory")),
    (FUEL, "local s = 'return load(...)' local f = load(s) while true do f = f(s) end", OUT_OF_FUEL),
];

/// Exit status, standard output and standard error, of a program that ends in time.
fn run(options: &[&str], source: &str) -> Result<(Option<i32>, String, String), String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_trinity"))
        .arg("run")
        .args(options)
        .args(["-e", source])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let (mut out, mut error) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
    let read = |pipe: &mut dyn Read| {
        let mut bytes = Vec::new();
        // What was read until the pipe broke is what was said.
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    thread::scope(|scope| {
        let (out, error) = (scope.spawn(|| read(&mut out)), scope.spawn(|| read(&mut error)));
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("the child is ours") {
                break Ok(status);
            }
            if started.elapsed() > TIME_LIMIT {
                child.kill().expect("the child is ours");
                break Err("does not end".to_owned());
            }
            thread::sleep(Duration::from_millis(2));
        };
        let (out, error) = (out.join().expect("reads"), error.join().expect("reads"));
        status.map(|status| (status.code(), out, error))
    })
}

#[test]
fn programs_that_mean_harm_end_with_an_error_or_the_status_they_ask_for() {
    let mut failures = Vec::new();
    for (options, source, end) in PROGRAMS {
        let outcome = run(options, source);
        let as_expected = match (&outcome, end) {
            (Ok((Some(0), out, _)), Says(words)) => out.trim_end().ends_with(words),
            (Ok((Some(1), _, error)), Fails(message)) => {
                let first = error.lines().next().unwrap_or_default();
                first.starts_with("lua: ") && first.contains(message)
            }
            (Ok((status, _, _)), Exits(wanted)) => *status == Some(wanted),
            _ => false,
        };
        if !as_expected {
            failures.push(format!("{options:?} {source}\n  {outcome:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
