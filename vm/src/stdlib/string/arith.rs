//! The metamethods by which strings that are numerals take part in arithmetic (manual §3.4.3, §6.4).

use crate::{
    heap::Gc,
    interp::arith::{Arith, numeric},
    native::{Args, NativeFn, NativeResult},
    table::Table,
    value::Value,
    vm::Vm,
};

/// Puts the metamethods into the metatable of strings.
pub(super) fn install(vm: &mut Vm, metatable: Gc<Table>) {
    const METAMETHODS: [(&str, NativeFn); 8] = [
        ("__add", |vm, args| arithmetic(vm, args, Arith::Add)),
        ("__sub", |vm, args| arithmetic(vm, args, Arith::Sub)),
        ("__mul", |vm, args| arithmetic(vm, args, Arith::Mul)),
        ("__mod", |vm, args| arithmetic(vm, args, Arith::Mod)),
        ("__pow", |vm, args| arithmetic(vm, args, Arith::Pow)),
        ("__div", |vm, args| arithmetic(vm, args, Arith::Div)),
        ("__idiv", |vm, args| arithmetic(vm, args, Arith::IDiv)),
        ("__unm", |vm, args| arithmetic(vm, args, Arith::Unm)),
    ];
    vm.set_functions(metatable, &METAMETHODS);
}

fn arithmetic(vm: &mut Vm, args: Args, op: Arith) -> NativeResult {
    let (a, b) = (args.get(0), args.get(1));
    if let (Some(x), Some(y)) = (vm.to_number(a), vm.to_number(b)) {
        return match numeric(op, x, y) {
            Some(result) => vm.ret1(args, result),
            None => {
                // The error is this native's own, so it has no position.
                let message = vm.new_string(op.zero_divisor_message());
                Err(vm.throw_value(message))
            }
        };
    }
    // The first operand's metamethod would have been called instead of this one.
    let handler = if b.is_string() { Value::NIL } else { vm.metamethod(b, op.meta()) };
    if handler.is_nil() {
        let message = format!("attempt to {} a '{}' with a '{}'", op.event(), a.type_name(), b.type_name());
        return Err(vm.throw(message));
    }
    let result = vm.call1(handler, &[a, b])?;
    vm.ret1(args, result)
}
