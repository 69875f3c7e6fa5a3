//! What handles hold: a slot in a table of roots that the collector marks.

use std::{cell::RefCell, fmt, rc::Rc};

use super::{Error, Result};
use crate::{value::Value, vm::Vm};

#[derive(Default)]
struct Slots {
    /// Nil where free.
    values: Vec<Value>,
    free: Vec<u32>,
}

/// The roots of one VM. Handles share them, so a handle that outlives its VM still has a place to return its slot to.
#[derive(Clone, Default)]
pub(crate) struct Roots(Rc<RefCell<Slots>>);

impl Roots {
    pub(crate) fn add(&self, value: Value) -> Root {
        let mut slots = self.0.borrow_mut();
        let index = match slots.free.pop() {
            Some(index) => {
                slots.values[index as usize] = value;
                index
            }
            None => {
                slots.values.push(value);
                u32::try_from(slots.values.len() - 1).expect("fewer than 2^32 handles fit in memory")
            }
        };
        Root { roots: self.clone(), index }
    }

    /// Shows every root to the collector. Nothing is dropped meanwhile, so no handle can ask for the slots.
    pub(crate) fn visit(&self, visit: impl FnOnce(&[Value])) {
        visit(&self.0.borrow().values);
    }

    #[cfg(test)]
    fn live(&self) -> usize {
        let slots = self.0.borrow();
        slots.values.len() - slots.free.len()
    }
}

/// One slot, released on drop.
pub(crate) struct Root {
    roots: Roots,
    index: u32,
}

impl Root {
    /// The value, which is live as long as this root and the VM are.
    ///
    /// # Errors
    /// [`Error::ForeignHandle`]: the root belongs to another VM.
    pub(crate) fn value(&self, vm: &Vm) -> Result<Value> {
        // `self` keeps the slots allocated, so that those of another VM cannot have their address.
        if Rc::ptr_eq(&self.roots.0, &vm.embed.roots.0) { Ok(self.bits()) } else { Err(Error::ForeignHandle) }
    }

    /// The value, to be compared but not followed: the VM may be gone.
    fn bits(&self) -> Value {
        self.roots.0.borrow().values[self.index as usize]
    }
}

impl Clone for Root {
    fn clone(&self) -> Self {
        let value = self.bits();
        self.roots.add(value)
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let mut slots = self.roots.0.borrow_mut();
        slots.values[self.index as usize] = Value::NIL;
        slots.free.push(self.index);
    }
}

/// Identity of the objects, not equality as Lua's `==` has it.
impl PartialEq for Root {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.bits(), other.bits());
        Rc::ptr_eq(&self.roots.0, &other.roots.0) && a.bits == b.bits && a.tag == b.tag
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.bits().type_name(), self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_used_again_and_clones_have_their_own() {
        let roots = Roots::default();
        let first = roots.add(Value::int(1));
        let second = first.clone();
        assert_eq!((roots.live(), first == second), (2, true));
        drop(first);
        assert_eq!((roots.live(), second.bits().raw_int()), (1, 1));
        let third = roots.add(Value::int(3));
        assert_eq!((third.index, roots.live(), second == third), (0, 2, false));
    }

    #[test]
    fn a_root_outlives_the_table_of_roots() {
        let roots = Roots::default();
        let root = roots.add(Value::TRUE);
        drop(roots);
        let other = root.clone();
        drop(root);
        assert!(other.bits().is_truthy());
    }

    #[test]
    fn the_collector_sees_what_is_held_and_nil_elsewhere() {
        let roots = Roots::default();
        let held: Vec<Root> = (0..5).map(|n| roots.add(Value::int(n))).collect();
        let kept: Vec<Root> = held.into_iter().filter(|root| root.bits().raw_int() % 2 == 0).collect();
        let mut seen = Vec::new();
        roots.visit(|values| seen.extend(values.iter().map(|value| value.is_nil())));
        assert_eq!((seen, kept.len()), (vec![false, true, false, true, false], 3));
    }
}
