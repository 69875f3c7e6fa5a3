//! The manual of Lua 5.4, section by section, against the recorded output of PUC-Rio Lua 5.4.
//!
//! `conformance/SECTION-NAME.lua` prints what it sees; `conformance/SECTION-NAME.txt` is what lua5.4 printed for it. To
//! record again, set `TRINITY_BLESS`: that asks lua5.4, never this VM. The compiled tiers run the same files
//! (`jit/tests/conformance.rs`).

use std::{
    cell::RefCell,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    rc::Rc,
};

use trinity_vm::{
    stdlib,
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

/// What the program prints, to the end of its state.
fn run(source: &[u8], name: &str) -> Vec<u8> {
    let mut vm = Vm::new(&VmOptions::default());
    stdlib::open(&mut vm);
    let output = Output::default();
    stdlib::io::redirect_stdout(&mut vm, Box::new(output.clone()));
    let globals = vm.globals.into();
    let function = vm.load(source, name.as_bytes(), globals).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    let outcome = vm.call_from_host(function.into(), &[]).map(|_| ());
    vm.close_state();
    stdlib::io::flush(&mut vm);
    let mut text = output.0.take();
    if let Err(error) = outcome {
        let message = error.as_string().map_or("?".into(), |error| error.to_str_lossy().into_owned());
        text.extend_from_slice(format!("uncaught error: {message}\n").as_bytes());
    }
    text
}

fn reference(name: &str) -> std::io::Result<Vec<u8>> {
    let output = Command::new("lua5.4").arg(name).current_dir(env!("CARGO_MANIFEST_DIR")).env("TZ", "UTC").output()?;
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

fn scripts() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let entries = std::fs::read_dir(directory).expect("the scripts' directory is there");
    let mut scripts: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "lua"));
    scripts.sort();
    scripts
}

/// The first difference of two outputs, if there is one.
fn difference(expected: &[u8], got: &[u8]) -> Option<String> {
    if expected == got {
        return None;
    }
    let line = |text: &[u8], at: usize| {
        text.split(|byte| *byte == b'\n').nth(at).map(|line| String::from_utf8_lossy(line).into_owned())
    };
    let at = (0..).find(|at| line(expected, *at) != line(got, *at))?;
    let shown = |text| line(text, at).unwrap_or("the end".into());
    Some(format!("line {} of the output:\n  expected {}\n  got      {}", at + 1, shown(expected), shown(got)))
}

fn in_utc() {
    // SAFETY: both tests of this process set the variable to the same value before they read it.
    unsafe { std::env::set_var("TZ", "UTC") };
}

#[test]
fn every_section_of_the_manual_is_as_in_the_reference_implementation() {
    in_utc();
    let mut failures = Vec::new();
    for script in scripts() {
        let golden = script.with_extension("txt");
        let name = format!("tests/conformance/{}", script.file_name().unwrap_or_default().display());
        if std::env::var_os(BLESS).is_some() {
            std::fs::write(&golden, reference(&name).expect("lua5.4 runs")).expect("the golden file can be written");
        }
        let source = std::fs::read(&script).expect("a listed script is readable");
        let got = run(&source, &format!("@{name}"));
        let found = difference(&std::fs::read(&golden).unwrap_or_default(), &got);
        failures.extend(found.map(|difference| format!("{name}, {difference}")));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_recorded_output_is_what_lua_prints() {
    if Command::new("lua5.4").arg("-v").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "needs lua5.4");
        println!("skipped: lua5.4 is not installed");
        return;
    }
    let mut failures = Vec::new();
    for script in scripts() {
        let name = format!("tests/conformance/{}", script.file_name().unwrap_or_default().display());
        let recorded = std::fs::read(script.with_extension("txt")).unwrap_or_default();
        let found = difference(&recorded, &reference(&name).expect("lua5.4 runs"));
        failures.extend(found.map(|difference| format!("{name}, {difference}")));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
