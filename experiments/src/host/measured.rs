//! One call of a program's `run` in a VM of its own, with ticks.

use trinity_vm::{
    observe::GroupCounts,
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

/// What calls of `run` consist of.
#[derive(Clone, Debug)]
pub struct Profile {
    pub instructions: GroupCounts,
    /// Ticks that are not instructions.
    pub library_ticks: u64,
    /// See [`trinity_vm::clock::CostTable::collector_unit`].
    pub collector_units: u64,
}

const CALLER: &[u8] =
    b"local text, n, times = ... local run, result = assert(load(text))().run for _ = 1, times do result = run(n) end return tostring(result)";

/// Calls `run(n)` of a program in the interpreter, with at most `fuel` ticks where it is given.
///
/// # Errors
/// The program's message.
pub fn measure(source: &str, n: u64, fuel: Option<u64>) -> Result<Measured, String> {
    let mut vm = Vm::new(&VmOptions { fuel, ..VmOptions::default() });
    let printed = call(&mut vm, source, n, 1)?;
    Ok(Measured { printed, ticks: vm.fuel_used().unwrap_or(0) })
}

/// Counts what so many calls of `run(n)` do, loading included.
///
/// # Errors
/// The program's message.
pub fn profile(source: &str, n: u64, times: u64) -> Result<Profile, String> {
    let mut vm = Vm::new(&VmOptions { count_ticks: true, ..VmOptions::default() });
    vm.count_instructions();
    call(&mut vm, source, n, times)?;
    let instructions = *vm.instruction_counts().expect("they are counted");
    let library_ticks = vm.fuel_used().expect("they are counted") - instructions.iter().sum::<u64>();
    Ok(Profile { instructions, library_ticks, collector_units: vm.heap.work_done() as u64 })
}

/// Opens the library and calls `run(n)` so many times; what the last call returned, as the suite's driver prints it.
fn call(vm: &mut Vm, source: &str, n: u64, times: u64) -> Result<String, String> {
    stdlib::open(vm);
    let text = |value: Value| {
        let bytes = value.as_string().map_or_else(Vec::new, |text| text.as_bytes().to_vec());
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let globals = Value::from(vm.globals);
    let caller = stdlib::load_chunk(vm, CALLER, b"=calibration", None, globals)
        .map_err(|message| String::from_utf8_lossy(&message).into_owned())?;
    let arguments = [vm.new_string(source), Value::from(n as i64), Value::from(times as i64)];
    match vm.call_from_host(Value::from(caller), &arguments) {
        Ok(results) => Ok(text(results.first().copied().unwrap_or(Value::NIL))),
        Err(error) => Err(text(error)),
    }
}
