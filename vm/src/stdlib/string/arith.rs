//! Arithmetic on strings that convert to numbers: metamethods in the metatable of strings (manual §3.4.3).

use crate::{
    heap::Gc,
    interp::arith::{self, Arith},
    native::{Args, NativeResult},
    table::Table,
    value::Value,
    vm::Vm,
};

const OPERATORS: [Arith; 8] =
    [Arith::Add, Arith::Sub, Arith::Mul, Arith::Mod, Arith::Pow, Arith::Div, Arith::IDiv, Arith::Unm];

pub(super) fn open(vm: &mut Vm, metatable: Gc<Table>) {
    for (index, op) in (0..).zip(OPERATORS) {
        let name = op.meta().name();
        let function = vm.new_native_with(name, metamethod, &[Value::int(index)]);
        vm.set_field(metatable, name, function);
    }
    vm.controller.string_arithmetic = metamethod as *const () as usize;
}

/// The metamethod of the operator that its upvalue numbers. Operands that do not convert are left to a metamethod of the
/// second one.
fn metamethod(vm: &mut Vm, args: Args) -> NativeResult {
    let op = OPERATORS[args.upvalue(0).raw_int() as usize];
    let a = args.get(0);
    let number = vm.to_number(a);
    // A missing operand is as the first; negation takes the second.
    let b = if args.has(1) || number.is_none() { args.get(1) } else { a };
    if let (Some(x), Some(y)) = (number, vm.to_number(b)) {
        let result = arith::binary(vm, op, if op == Arith::Unm { y } else { x }, y)?;
        return vm.ret1(args, result);
    }
    let handler = if b.is_string() { Value::NIL } else { vm.metamethod(b, op.meta()) };
    if handler.is_nil() {
        let (a, b) = (a.type_name(), b.type_name());
        return Err(vm.throw(format!("attempt to {} a '{a}' with a '{b}'", op.meta().event())));
    }
    let result = vm.call1(handler, &[a, b])?;
    vm.ret1(args, result)
}
