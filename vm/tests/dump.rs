//! Binary chunks: what is written is read again, and whatever else is read does no harm.

#[allow(dead_code, reason = "each user of the module needs a part of it")]
mod chunks;

use std::path::{Path, PathBuf};

use chunks::{PROGRAMS, Random, change};
use trinity_vm::bytecode::dump::{self, ReadError};
use trinity_vm::bytecode::{Const, FnUnit, Instr, Op, disassemble, validate};
use trinity_vm::front::{compile, strip_shebang};
use trinity_vm::value::Value;
use trinity_vm::vm::{Vm, VmOptions};

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

#[test]
fn a_test_and_its_jump_are_not_taken_apart() {
    let unit = unit("local a, b = ... return a <= b, 1");
    let at = |op: Op| unit.code.iter().position(|instr| instr.op() == op).expect("the instruction is there");
    let (test, skip) = (at(Op::Le), at(Op::LFalseSkip));
    assert_eq!(validate(&unit), Ok(()));
    let mut onto_the_jump = unit.clone();
    onto_the_jump.code[test - 1] = Instr::sj(Op::Jmp, 1);
    let mut over_the_test = unit.clone();
    over_the_test.code[skip + 1] = Instr::abc(Op::Test, 0, 0, 0);
    over_the_test.code[skip + 2] = Instr::sj(Op::Jmp, 0);
    for (changed, fault) in
        [(onto_the_jump, "jump to no instruction"), (over_the_test, "LFALSESKIP does not skip an instruction")]
    {
        let error = validate(&changed).expect_err("the change is not valid");
        assert!(error.ends_with(fault), "{error}\n{}", disassemble(&changed));
    }
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
