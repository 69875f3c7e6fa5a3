//! The standard library and the language against the recorded output of PUC-Rio Lua 5.4.
//!
//! `stdlib/NAME.lua` and `language/NAME.lua` print what they see; `NAME.txt` is what lua5.4 printed for it. To record again, set
//! `TRINITY_BLESS`: that asks lua5.4, never this VM.

use std::{
    cell::RefCell,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    rc::Rc,
};

use trinity_vm::{
    heap::GcStress,
    stdlib,
    value::Value,
    vm::{Vm, VmOptions},
};

const BLESS: &str = "TRINITY_BLESS";

#[derive(Clone, Default)]
struct Output(Rc<RefCell<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn vm_with_output() -> (Box<Vm>, Output) {
    let mut vm = Vm::new(&VmOptions::default());
    stdlib::open(&mut vm);
    let output = Output::default();
    stdlib::io::redirect_stdout(&mut vm, Box::new(output.clone()));
    (vm, output)
}

/// Runs a chunk and returns what it printed, an error message last. Polls do what `stress` says.
fn run(source: &[u8], name: &str, stress: GcStress) -> String {
    let (mut vm, output) = vm_with_output();
    vm.heap.set_stress(stress);
    let globals = vm.globals.into();
    let outcome = match vm.load(source, name.as_bytes(), globals) {
        Ok(function) => vm.call_from_host(function.into(), &[]).map(|_| ()),
        Err(error) => Err(vm.new_string(error.message)),
    };
    stdlib::io::flush(&mut vm);
    let mut text = String::from_utf8_lossy(&output.0.borrow()).into_owned();
    if let Err(error) = outcome {
        text.push_str(&format!(
            "uncaught error: {}\n",
            error.as_string().map_or("?".into(), |e| e.to_str_lossy().into_owned())
        ));
    }
    text
}

fn scripts(folder: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let entries = std::fs::read_dir(directory).expect("the scripts' directory is there");
    let mut scripts: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "lua"));
    scripts.sort();
    scripts
}

#[test]
fn the_library_prints_what_the_reference_implementation_prints() {
    compare("stdlib");
}

#[test]
fn the_language_prints_what_the_reference_implementation_prints() {
    compare("language");
}

fn compare(folder: &str) {
    let mut failures = Vec::new();
    for script in scripts(folder) {
        let golden = script.with_extension("txt");
        let name = format!("tests/{folder}/{}", script.file_name().unwrap_or_default().display());
        if std::env::var_os(BLESS).is_some() {
            let output = Command::new("lua5.4")
                .arg(&name)
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .output()
                .expect("lua5.4 runs");
            std::fs::write(&golden, output.stdout).expect("the golden file can be written");
        }
        let source = std::fs::read(&script).expect("a listed script is readable");
        let expected = String::from_utf8_lossy(&std::fs::read(&golden).unwrap_or_default()).into_owned();
        let got = run(&source, &format!("@{name}"), GcStress::Off);
        for stress in [GcStress::Full, GcStress::Slices] {
            if run(&source, &format!("@{name}"), stress) != got {
                failures.push(format!("{name}: {stress:?} collection at every poll changes the output"));
            }
        }
        let mut lines = expected.lines().zip(got.lines()).enumerate();
        if let Some((at, (expected, got))) = lines.find(|(_, (expected, got))| expected != got) {
            failures.push(format!("{name}, line {} of the output:\n  expected {expected}\n  got      {got}", at + 1));
        } else if expected.lines().count() != got.lines().count() {
            failures.push(format!(
                "{name}: {} lines of output, {} expected",
                got.lines().count(),
                expected.lines().count()
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn print_and_io_write_share_a_buffer() {
    assert_eq!(run(b"io.write('a') print('b') io.stdout:write('c', 1, '\\n')", "=test", GcStress::Off), "ab\nc1\n");
}

#[test]
fn the_host_provides_time_randomness_and_exit() {
    let (mut vm, output) = vm_with_output();
    let host = stdlib::host::Host {
        time: |_| 86_400,
        clock: |_| 1.5,
        entropy: |_| [1, 2],
        memory: |_| 2048,
        exit: |vm, code| vm.error = Value::int(i64::from(code)),
    };
    vm.set_host(host);
    let source = b"print(os.time(), os.clock(), math.randomseed(), collectgarbage('count'))
        print(os.date('!%Y-%m-%d'), pcall(os.exit, 3))";
    let globals = vm.globals.into();
    let function = vm.load(source, b"=test", globals).expect("the chunk compiles");
    vm.call_from_host(function.into(), &[]).expect("the chunk runs");
    stdlib::io::flush(&mut vm);
    let text = String::from_utf8(output.0.borrow().clone()).expect("the output is text");
    assert_eq!(text, "86400\t1.5\t1\t2.0\n1970-01-02\tfalse\tthe host does not allow 'os.exit'\n");
}
