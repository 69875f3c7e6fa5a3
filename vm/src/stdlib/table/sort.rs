//! `table.sort`.
//!
//! Plain lists of integers, floats or strings without an order function are sorted in place by the standard library:
//! elements that compare equal cannot be told apart. Everything else goes through a quicksort with median of three
//! (Sedgewick, "Implementing Quicksort programs", CACM 21(10), 1978) whose choices are those of the reference
//! implementation, since programs can observe where it leaves elements that compare equal.

use super::list::{Access, List};
use crate::{
    heap::Gc,
    interp::compare::less_than,
    native::{Args, NativeResult, Throw},
    table::{Elements, Table},
    value::Value,
    vm::Vm,
};

/// Ranges of at least this length choose their pivot by [`Sorter::random`] once that is set.
const LARGE: usize = 100;

/// Stands for nil in the working copy, whose elements must not be nil. Other light userdata are addresses.
const HOLE: Value = Value::light(usize::MAX);

pub(super) fn sort(vm: &mut Vm, args: Args) -> NativeResult {
    let list = List::check(vm, args, 0, Access::ALL)?;
    let size = list.len(vm)?;
    if size < 2 {
        return vm.ret0(args);
    }
    if size >= i64::from(i32::MAX) {
        return Err(vm.arg_error(args, 0, "array too big"));
    }
    let order = match args.get(1) {
        value if value.is_nil() => None,
        _ => Some(vm.check_function(args, 1)?),
    };
    if order.is_none()
        && let Some(table) = list.raw()
        && table.array_len() as i64 == size
    {
        vm.charge(size as usize * size.ilog2() as usize)?;
        if sort_in_place(vm, table) {
            return vm.ret0(args);
        }
    }
    vm.charge(size as usize)?;
    // A copy, because the order function may do anything to the list; it also keeps the elements alive.
    let copy = vm.heap.table_with_capacity(size as usize, 0);
    vm.push(copy.into())?;
    for key in 1..=size {
        let value = list.get(vm, key)?;
        vm.raw_set_int(copy, key, if value.is_nil() { HOLE } else { value });
    }
    Sorter { copy, order, random: 0 }.sort(vm, 1, size as usize)?;
    for key in 1..=size {
        let value = copy.get_int(key);
        list.set(vm, key, without_hole(value))?;
    }
    vm.ret0(args)
}

fn without_hole(value: Value) -> Value {
    if value.tag == HOLE.tag && value.bits == HOLE.bits { Value::NIL } else { value }
}

/// Sorts the array part when its elements are of one type whose order needs no call.
fn sort_in_place(vm: &mut Vm, table: Gc<Table>) -> bool {
    vm.heap.before_move(&table);
    match table.get_mut().elements_mut() {
        Elements::Ints(ints) => ints.sort_unstable(),
        Elements::Floats(floats) => {
            if floats.iter().any(|float| float.is_nan()) {
                return false;
            }
            floats.sort_unstable_by(f64::total_cmp);
        }
        Elements::Values(values) => {
            if !values.iter().all(|value| value.is_string()) {
                return false;
            }
            values.sort_unstable_by(|a, b| {
                let (a, b) = (a.string_unchecked(), b.string_unchecked());
                a.as_bytes().cmp(b.as_bytes())
            });
        }
    }
    true
}

struct Sorter {
    copy: Gc<Table>,
    order: Option<Value>,
    /// Where pivots of large ranges are taken from; 0, for the middle, until a partition is bad.
    random: usize,
}

impl Sorter {
    fn get(&self, at: usize) -> Value {
        without_hole(self.copy.get_int(at as i64))
    }

    fn swap(&self, vm: &mut Vm, a: usize, b: usize) {
        let (x, y) = (self.copy.get_int(a as i64), self.copy.get_int(b as i64));
        vm.raw_set_int(self.copy, a as i64, y);
        vm.raw_set_int(self.copy, b as i64, x);
    }

    #[inline]
    fn less(&self, vm: &mut Vm, a: Value, b: Value) -> Result<bool, Throw> {
        vm.charge(1)?;
        match self.order {
            None => less_than(vm, a, b),
            Some(order) => Ok(vm.call1(order, &[a, b])?.is_truthy()),
        }
    }

    /// Sorts the elements `low..=high`.
    fn sort(&mut self, vm: &mut Vm, mut low: usize, mut high: usize) -> Result<(), Throw> {
        while low < high {
            if self.less(vm, self.get(high), self.get(low))? {
                self.swap(vm, low, high);
            }
            if high - low == 1 {
                return Ok(());
            }
            let middle = self.pivot_position(low, high);
            if self.less(vm, self.get(middle), self.get(low))? {
                self.swap(vm, middle, low);
            } else if self.less(vm, self.get(high), self.get(middle))? {
                self.swap(vm, middle, high);
            }
            if high - low == 2 {
                return Ok(());
            }
            let boundary = self.partition(vm, low, high, middle)?;
            // The smaller part by recursion, so that the depth is logarithmic.
            let smaller = if boundary - low < high - boundary {
                self.sort(vm, low, boundary - 1)?;
                let size = boundary - low;
                low = boundary + 1;
                size
            } else {
                self.sort(vm, boundary + 1, high)?;
                let size = high - boundary;
                high = boundary - 1;
                size
            };
            if high.saturating_sub(low) / 128 > smaller {
                self.random = (low ^ high.rotate_left(17)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 7;
            }
        }
        Ok(())
    }

    fn pivot_position(&self, low: usize, high: usize) -> usize {
        if high - low < LARGE || self.random == 0 {
            return low.midpoint(high);
        }
        // Somewhere in the two middle quarters.
        let quarter = (high - low) / 4;
        low + quarter + self.random % (quarter * 2)
    }

    /// Partitions `low..=high` around the element at `middle`, given that the ends are in order with it; returns
    /// where the pivot came to lie.
    fn partition(&self, vm: &mut Vm, low: usize, high: usize, middle: usize) -> Result<usize, Throw> {
        let pivot = self.get(middle);
        self.swap(vm, middle, high - 1);
        let (mut up, mut down) = (low, high - 1);
        loop {
            up += 1;
            while self.less(vm, self.get(up), pivot)? {
                if up == high - 1 {
                    return Err(vm.throw("invalid order function for sorting"));
                }
                up += 1;
            }
            down -= 1;
            while self.less(vm, pivot, self.get(down))? {
                if down < up {
                    return Err(vm.throw("invalid order function for sorting"));
                }
                down -= 1;
            }
            if down < up {
                self.swap(vm, high - 1, up);
                return Ok(up);
            }
            self.swap(vm, up, down);
        }
    }
}
