//! The smallest host: runs a Lua file, interpreted.
//!
//! `cargo run --release -p trinity-vm --example lua -- FILE [ARGUMENT…]`

use std::{io::Write, process::ExitCode};

use trinity_vm::{
    front::strip_shebang,
    stdlib,
    value::Value,
    vm::{Vm, VmOptions},
};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(path) = arguments.next() else {
        eprintln!("usage: lua FILE [ARGUMENT…]");
        return ExitCode::FAILURE;
    };
    let source = match std::fs::read(&path) {
        Ok(source) => source,
        Err(error) => {
            eprintln!("lua: cannot open {}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    };
    let mut vm = Vm::new(&VmOptions::default());
    stdlib::open(&mut vm);
    let arg = vm.heap.table();
    let mut values = Vec::new();
    for (index, text) in std::iter::once(path.clone()).chain(arguments).enumerate() {
        let text = vm.new_string(text.as_encoded_bytes());
        vm.raw_set_int(arg, index as i64, text);
        if index > 0 {
            values.push(text);
        }
    }
    let globals = vm.globals;
    vm.set_field(globals, "arg", arg);
    let name = [b"@", path.as_encoded_bytes()].concat();
    let outcome = match stdlib::load_chunk(&mut vm, strip_shebang(&source), &name, None, globals.into()) {
        Ok(function) => {
            vm.call_from_host(function.into(), &values).map(|_| ()).map_err(|error| describe(&mut vm, error))
        }
        Err(message) => Err(message),
    };
    vm.close_state();
    stdlib::io::flush(&mut vm);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let text = [b"lua: ", &message[..], b"\n"].concat();
            // Nowhere is left to report to.
            let _ = std::io::stderr().write_all(&text);
            ExitCode::FAILURE
        }
    }
}

fn describe(vm: &mut Vm, error: Value) -> Vec<u8> {
    match vm.to_display(error) {
        Ok(text) => text.as_bytes().to_vec(),
        Err(_) => b"(error object cannot be shown)".to_vec(),
    }
}
