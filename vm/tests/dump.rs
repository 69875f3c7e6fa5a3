//! Binary chunks: what is written is read again, and whatever else is read does no harm.

use std::path::{Path, PathBuf};

use trinity_vm::bytecode::dump::{self, ReadError};
use trinity_vm::bytecode::{Const, FnUnit, Op, disassemble};
use trinity_vm::front::{compile, strip_shebang};
use trinity_vm::value::Value;
use trinity_vm::vm::{Vm, VmOptions};

/// Programs that use every instruction, without anything that could run for long.
const PROGRAMS: [&str; 4] = [
    r#"
    local a, b, c = ...
    local t = {1, 2.5, "x", nil, true, false, n = a, [b or 1] = c; ...}
    t.x, t[1], t[300], t["a long name of a field, longer than what is interned ........"] = a, b, c, t
    local function f(x, ...) return x, select and select('#', ...), ... end
    local function g(...) local p <const>, q = f(...) return q, p end
    local s = ("a" .. "b" .. tostring) or #t
    return f(g(f(t, a)), t:x(a, b), -1, ~2, not a, #t, {f()}, {g(...), ...})
    "#,
    r#"
    local t, sum = {}, 0
    for i = 1, 10 do
        local captured = i
        t[i] = function() captured = captured + 1 return captured, i end
        for j = 3, 1, -1 do sum = sum + i * j - i % 2 ^ 2 // 1 & 7 | 8 ~ 1 << 2 >> 1 end
        if i > 5 then break end
    end
    for i = 1.0, 2.0, 0.5 do sum = sum + i / 2 end
    local x = t[1]() + t[2]()
    return x <= sum and x or sum < 3 and 4 or x == 5, x ~= "a", t[1] == t[2]
    "#,
    r#"
    local n = 0
    local meta = {__close = function() n = n + 1 end}
    do local c <close> = nil end
    local up = function() local u = n; return function() u = u + n; up = u end end
    goto done
    do local z = 1 end
    ::done::
    x = up y = x() z = _ENV.x
    return up(), function(...) return ... end
    "#,
    r#"
    local list = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, {11, {12, 13}}, f = {1}}
    local first = list[1]
    local deep = list[11][2][1] + first
    local function swap(a, b) return b, a end
    local p, q = swap(1, 2)
    p, q = q, p
    list.f[1], list.g = swap(p, q)
    return (swap(p, q)), p .. q .. "", deep
    "#,
];

fn unit(source: &str) -> FnUnit {
    compile(source.as_bytes(), b"=program").expect("the program compiles")
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

#[test]
fn what_is_written_is_read_again() {
    let mut files = Vec::new();
    lua_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../experiments/suite"), &mut files);
    let sources = files.iter().map(|file| std::fs::read(file).expect("a listed file is readable"));
    for source in sources.chain(PROGRAMS.map(|program| program.as_bytes().to_vec())) {
        let unit = compile(strip_shebang(&source), b"@program").expect("the program compiles");
        let chunk = dump::write(&unit, false);
        let again = dump::read(&chunk).expect("a chunk that was written is valid");
        assert_eq!(disassemble(&again), disassemble(&unit));
        assert_eq!(again.source, unit.source);
        assert_eq!(dump::write(&again, false), chunk);
        let stripped = dump::read(&dump::write(&unit, true)).expect("a stripped chunk is valid");
        assert_eq!(stripped.code, unit.code);
        assert!(stripped.lines.is_empty() && stripped.locals.is_empty());
        assert_eq!(&*stripped.source, b"=?");
    }
}

#[test]
fn accidents_are_recognised() {
    let chunk = dump::write(&unit(PROGRAMS[0]), false);
    assert_eq!(dump::read(b"\x1bLua").err(), Some(ReadError::Signature));
    for length in 0..chunk.len() {
        assert_eq!(dump::read(&chunk[..length]).err(), Some(ReadError::Truncated), "{length} bytes");
    }
    for place in 0..chunk.len() {
        for bit in 0..8 {
            let mut changed = chunk.clone();
            changed[place] ^= 1 << bit;
            assert!(dump::read(&changed).is_err(), "bit {bit} of byte {place}");
        }
    }
}

/// A sequence of numbers that is the same each time (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// Whether running the function ends soon, as far as its own code is concerned.
fn is_bounded(unit: &FnUnit) -> bool {
    let counts = unit.code.iter().any(|instr| instr.op() == Op::ForLoop);
    let small = |instr: &trinity_vm::bytecode::Instr| {
        !matches!(instr.op(), Op::LoadI | Op::LoadF) || instr.sbx().unsigned_abs() < 1000
    };
    let plain = |constant: &Const| match constant {
        Const::Int(value) => value.unsigned_abs() < 1000,
        Const::Float(value) => [0.5, 1.0, 2.0, 2.5].contains(value),
        _ => true,
    };
    let loops = |op: Op| matches!(op, Op::Loop | Op::TForLoop | Op::TailCall);
    !unit.code.iter().any(|instr| loops(instr.op()))
        && (!counts || unit.code.iter().all(small) && unit.consts.iter().all(plain))
        && unit.children.iter().all(is_bounded)
}

/// Runs a function without libraries.
fn run(vm: &mut Vm, unit: FnUnit) {
    let env = Value::from(vm.heap.table());
    let function = Value::from(vm.instantiate(unit, env));
    let values = [Value::int(1), Value::float(2.0), Value::from(vm.heap.table()), function];
    // What it throws or returns does not matter.
    let _ = vm.call_from_host(function, &values);
    let _ = vm.call_from_host(function, &[]);
}

/// The chunk with some bytes of its payload changed.
fn change(mut chunk: Vec<u8>, random: &mut Random) -> Vec<u8> {
    let size = chunk.len() - dump::HEADER;
    let mut place = || dump::HEADER + random.below(size);
    match place() % 8 {
        0 => chunk.truncate(place()),
        1 => {
            let (from, to) = (place(), place());
            let length = 12.min(chunk.len() - from.max(to));
            chunk.copy_within(from..from + length, to);
        }
        changes => {
            for _ in 0..changes.div_ceil(2) {
                let (place, with) = (place(), place());
                chunk[place] = match with % 3 {
                    0 => with as u8,
                    1 => chunk[place] ^ 1 << (with / 3 % 8),
                    _ => chunk[place].wrapping_add(1),
                };
            }
        }
    }
    chunk
}

#[test]
fn changed_chunks_with_a_right_checksum_do_no_harm() {
    let mut random = Random(0x1234_5678_9abc_def1);
    let (mut read, mut ran) = (0, 0);
    let mut vm = Vm::new(&VmOptions::default());
    for case in 0..12_000 {
        if case % 100 == 0 {
            vm = Vm::new(&VmOptions::default());
        }
        let chunk = dump::write(&unit(PROGRAMS[case % PROGRAMS.len()]), random.below(2) == 0);
        let Ok(unit) = dump::read(&dump::with_checksum(change(chunk, &mut random))) else { continue };
        read += 1;
        if is_bounded(&unit) {
            ran += 1;
            run(&mut vm, unit);
        }
    }
    assert!(read > 100 && ran > 100, "{read} chunks were valid, {ran} ran");
}
