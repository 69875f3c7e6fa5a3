//! One call of a program's `run` in a VM of its own, with ticks.

use trinity_vm::{
    stdlib,
    value::Value,
    vm::{Vm, VmOptions},
};

/// What a call of `run` did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Its result as the suite's driver prints it.
    pub printed: String,
    /// Ticks, loading included; 0 without fuel.
    pub ticks: u64,
}

const CALLER: &[u8] = b"local text, n = ...; return tostring(assert(load(text))().run(n))";

/// Calls `run(n)` of a program in the interpreter, with at most `fuel` ticks where it is given.
///
/// # Errors
/// The program's message.
pub fn measure(source: &str, n: u64, fuel: Option<u64>) -> Result<Measured, String> {
    let mut vm = Vm::new(&VmOptions { fuel, ..VmOptions::default() });
    stdlib::open(&mut vm);
    let text = |value: Value| {
        let bytes = value.as_string().map_or_else(Vec::new, |text| text.as_bytes().to_vec());
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let globals = Value::from(vm.globals);
    let caller = stdlib::load_chunk(&mut vm, CALLER, b"=calibration", None, globals)
        .map_err(|message| String::from_utf8_lossy(&message).into_owned())?;
    let source = vm.new_string(source);
    match vm.call_from_host(Value::from(caller), &[source, Value::from(n as i64)]) {
        Ok(results) => Ok(Measured {
            printed: text(results.first().copied().unwrap_or(Value::NIL)),
            ticks: vm.fuel_used().unwrap_or(0),
        }),
        Err(error) => Err(text(error)),
    }
}
