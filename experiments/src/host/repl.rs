//! Interactive mode: reads statements or expressions line by line and shows their results, as `lua -i` does.

use std::io::{BufRead, Write};

use trinity_vm::{stdlib, value::Value, vm::Vm};

use super::{call_protected, end_on_interrupt};

/// Name of what is typed.
const CHUNK_NAME: &[u8] = b"=stdin";
/// How messages of a text that is not complete yet end.
const INCOMPLETE: &[u8] = b"<eof>";

/// Runs until the end of standard input.
pub(super) fn interact(vm: &mut Vm) {
    while let Some(read) = read_statement(vm) {
        let outcome = read.and_then(|function| {
            end_on_interrupt(vm);
            call_protected(vm, function, &[])
        });
        match outcome {
            Ok(results) if results.is_empty() => {}
            Ok(results) => show(vm, &results),
            Err(message) => complain(&message),
        }
    }
    stdlib::io::flush(vm);
    println!();
}

/// Compiles the next expression, or the next statement with as many lines as it takes. `None` at the end of input.
fn read_statement(vm: &mut Vm) -> Option<Result<Value, Vec<u8>>> {
    let mut text = read_line(vm, "_PROMPT", "> ")?;
    // What PUC's lua of old took for "show the value of".
    if text.first() == Some(&b'=') {
        text.splice(..1, *b"return ");
    }
    let globals = Value::from(vm.globals);
    let expression = [b"return ", &text[..]].concat();
    if let Ok(function) = stdlib::load_chunk(vm, &expression, CHUNK_NAME, None, globals) {
        return Some(Ok(function.into()));
    }
    loop {
        match stdlib::load_chunk(vm, &text, CHUNK_NAME, None, globals) {
            Ok(function) => return Some(Ok(function.into())),
            Err(message) if message.ends_with(INCOMPLETE) => match read_line(vm, "_PROMPT2", ">> ") {
                Some(line) => {
                    text.push(b'\n');
                    text.extend(line);
                }
                None => return Some(Err(message)),
            },
            Err(message) => return Some(Err(message)),
        }
    }
}

/// A line without its end, after the prompt that the global `prompt` holds.
fn read_line(vm: &mut Vm, prompt: &str, default: &str) -> Option<Vec<u8>> {
    stdlib::io::flush(vm);
    let key = vm.heap.string(prompt.as_bytes());
    let chosen = vm.globals.get_str(key);
    let shown = if chosen.is_nil() { None } else { vm.to_display(chosen).ok() };
    let mut out = std::io::stdout();
    // A prompt that cannot be shown does not keep anybody from typing.
    let _ = out.write_all(shown.as_ref().map_or(default.as_bytes(), |text| text.as_bytes()));
    let _ = out.flush();
    let mut line = Vec::new();
    match std::io::stdin().lock().read_until(b'\n', &mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => {
            if line.last() == Some(&b'\n') {
                line.pop();
            }
            Some(line)
        }
    }
}

/// Shows results by the global `print`.
fn show(vm: &mut Vm, results: &[Value]) {
    let key = vm.heap.string(b"print");
    let print = vm.globals.get_str(key);
    if let Err(message) = call_protected(vm, print, results) {
        complain(&[b"error calling 'print' (", &message[..], b")"].concat());
    }
}

fn complain(message: &[u8]) {
    // Where stderr cannot be written, nobody can be told.
    let _ = std::io::stderr().write_all(&[message, b"\n"].concat());
}
