//! A table, or a value that behaves like one, seen as a list.

use super::checked_length;
use crate::{
    heap::Gc,
    interp::access::{index, set_index},
    meta::Meta,
    native::{Args, Throw},
    table::Table,
    value::Value,
    vm::Vm,
};

/// Which operations a function needs of its argument.
#[derive(Clone, Copy)]
pub(super) struct Access {
    pub read: bool,
    pub write: bool,
    pub length: bool,
}

impl Access {
    pub(super) const ALL: Access = Access { read: true, write: true, length: true };
}

/// An argument that a function of the table library works on.
#[derive(Clone, Copy)]
pub(super) struct List {
    value: Value,
    /// The table, if no metamethod can interfere.
    raw: Option<Gc<Table>>,
}

impl List {
    /// Argument `index`, which must be a table or have the metamethods for what the function needs.
    ///
    /// # Errors
    /// `bad argument`.
    pub(super) fn check(vm: &mut Vm, args: Args, position: usize, access: Access) -> Result<List, Throw> {
        let value = args.get(position);
        if value.is_table() {
            return Ok(List { value, raw: Self::plain(vm, value) });
        }
        let has = |meta| !vm.metamethod(value, meta).is_nil();
        let able = vm.metatable(value).is_some()
            && (!access.read || has(Meta::Index))
            && (!access.write || has(Meta::NewIndex))
            && (!access.length || has(Meta::Len));
        if able { Ok(List { value, raw: None }) } else { Err(vm.type_error(args, position, "table")) }
    }

    /// The table, if the value is one and no metamethod can interfere.
    #[inline]
    pub(super) fn plain(vm: &Vm, value: Value) -> Option<Gc<Table>> {
        let has = |meta| !vm.metamethod(value, meta).is_nil();
        let interferes = || has(Meta::Index) || has(Meta::NewIndex) || has(Meta::Len);
        value.as_table().filter(|table| table.metatable().is_none() || !interferes())
    }

    pub(super) fn value(&self) -> Value {
        self.value
    }

    pub(super) fn raw(&self) -> Option<Gc<Table>> {
        self.raw
    }

    /// Whether both are the same object.
    pub(super) fn is(&self, other: &List) -> bool {
        self.value.raw_equals(other.value)
    }

    #[inline]
    pub(super) fn len(&self, vm: &mut Vm) -> Result<i64, Throw> {
        match self.raw {
            Some(table) => Ok(table.len()),
            None => checked_length(vm, self.value),
        }
    }

    #[inline]
    pub(super) fn get(&self, vm: &mut Vm, key: i64) -> Result<Value, Throw> {
        match self.raw {
            Some(table) => Ok(table.get_int(key)),
            None => index(vm, self.value, Value::int(key)),
        }
    }

    #[inline]
    pub(super) fn set(&self, vm: &mut Vm, key: i64, value: Value) -> Result<(), Throw> {
        match self.raw {
            Some(table) => {
                table.get_mut().set_int(&mut vm.heap, key, value);
                Ok(())
            }
            None => set_index(vm, self.value, Value::int(key), value),
        }
    }
}
