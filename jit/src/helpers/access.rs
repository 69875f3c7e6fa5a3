//! Tables: reads and writes that miss their inline caches, length, construction.

use trinity_vm::{
    frame::{FRAME_OFFSET, Status},
    function::Cache,
    interp::{access, tables},
    native::Throw,
    value::{Value, tag},
    vm::Vm,
};

use super::{Site, done};

/// A named field, through the cache first.
///
/// # Safety
/// `cache` belongs to the running function.
#[inline(always)]
unsafe fn field(vm: &mut Vm, object: Value, key: Value, cache: *mut Cache) -> Result<Value, Throw> {
    // SAFETY: as the contract says.
    unsafe {
        match access::get_cached(vm, object, cache) {
            Some(value) => Ok(value),
            None => access::get_field(vm, object, key, cache),
        }
    }
}

/// `R[A] = R[B][K[C]]`.
pub unsafe extern "C" fn get_field(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    unsafe {
        let site = Site::new(vm, base, pc);
        let (object, key, cache) = (site.get(site.instr.b()), site.constant(site.instr.c()), site.cache());
        let result = field(site.vm, object, key, cache);
        site.finish(result)
    }
}

/// `R[A] = U[B][K[C]]`.
pub unsafe extern "C" fn get_tabup(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    unsafe {
        let site = Site::new(vm, base, pc);
        let (object, key, cache) = (site.upvalue(site.instr.b()), site.constant(site.instr.c()), site.cache());
        let result = field(site.vm, object, key, cache);
        site.finish(result)
    }
}

/// `R[A+2] = R[B]; R[A] = R[B][K[C]]`.
pub unsafe extern "C" fn self_field(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    unsafe {
        let site = Site::new(vm, base, pc);
        let (object, key, cache) = (site.get(site.instr.b()), site.constant(site.instr.c()), site.cache());
        *site.reg(site.instr.a() + FRAME_OFFSET) = object;
        let result = field(site.vm, object, key, cache);
        site.finish(result)
    }
}

/// `R[A] = R[B][R[C]]`.
pub unsafe extern "C" fn get_table(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    unsafe {
        let site = Site::new(vm, base, pc);
        let key = site.get(site.instr.c());
        element(site, key)
    }
}

/// `R[A] = R[B][C]`.
pub unsafe extern "C" fn get_i(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    unsafe {
        let site = Site::new(vm, base, pc);
        let key = Value::int(site.instr.c() as i64);
        element(site, key)
    }
}

/// # Safety
/// The instruction is `GETTABLE` or `GETI`.
#[inline(always)]
unsafe fn element(site: Site<'_>, key: Value) -> Status {
    // SAFETY: as the contract says: the instruction has a cache.
    unsafe {
        let (object, cache) = (site.get(site.instr.b()), site.cache());
        if key.tag == tag::INT
            && let Some(table) = object.as_table()
        {
            let value = access::get_element(table, key.raw_int(), cache);
            if !value.is_nil() {
                return site.finish(Ok(value));
            }
        }
        let result = access::get_dynamic(site.vm, object, key, cache);
        site.finish(result)
    }
}

/// Stores a named field, through the cache first.
///
/// # Safety
/// `cache` belongs to the running function.
#[inline(always)]
unsafe fn store_field(vm: &mut Vm, object: Value, key: Value, value: Value, cache: *mut Cache) -> Status {
    // SAFETY: as the contract says.
    unsafe {
        if access::set_cached(vm, object, value, cache) {
            return 0;
        }
        done(access::set_field(vm, object, key, value, cache))
    }
}

/// `R[A][K[B]] = R[C]`.
pub unsafe extern "C" fn set_field(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    unsafe {
        let site = Site::new(vm, base, pc);
        let (object, key, value) = (site.get(site.instr.a()), site.constant(site.instr.b()), site.get(site.instr.c()));
        let cache = site.cache();
        store_field(site.vm, object, key, value, cache)
    }
}

/// `U[A][K[B]] = R[C]`.
pub unsafe extern "C" fn set_tabup(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    unsafe {
        let site = Site::new(vm, base, pc);
        let (object, key, value) =
            (site.upvalue(site.instr.a()), site.constant(site.instr.b()), site.get(site.instr.c()));
        let cache = site.cache();
        store_field(site.vm, object, key, value, cache)
    }
}

/// `U[B] = R[A]`.
pub unsafe extern "C" fn set_upvalue(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers; an upvalue's slot is its own or on a live stack.
    unsafe {
        let site = Site::new(vm, base, pc);
        let (upvalue, value) = (site.closure.upvalues()[site.instr.b()], site.get(site.instr.a()));
        access::set_upvalue(site.vm, upvalue, value);
    }
    0
}

/// `R[A][R[B]] = R[C]`.
pub unsafe extern "C" fn set_table(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    unsafe {
        let site = Site::new(vm, base, pc);
        let key = site.get(site.instr.b());
        store_element(site, key)
    }
}

/// `R[A][B] = R[C]`.
pub unsafe extern "C" fn set_i(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    unsafe {
        let site = Site::new(vm, base, pc);
        let key = Value::int(site.instr.b() as i64);
        store_element(site, key)
    }
}

/// # Safety
/// The instruction is `SETTABLE` or `SETI`.
#[inline(always)]
unsafe fn store_element(site: Site<'_>, key: Value) -> Status {
    // SAFETY: as the contract says: the instruction has a cache.
    unsafe {
        let (object, value, cache) = (site.get(site.instr.a()), site.get(site.instr.c()), site.cache());
        if key.tag == tag::INT
            && let Some(table) = object.as_table()
            && access::set_element(site.vm, table, key.raw_int(), value, cache)
        {
            return 0;
        }
        done(access::set_dynamic(site.vm, object, key, value, cache))
    }
}

/// `R[A] = #R[B]`.
pub unsafe extern "C" fn len(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    let site = unsafe { Site::new(vm, base, pc) };
    let value = site.get(site.instr.b());
    let result = match value.as_table() {
        Some(table) if table.metatable().is_none() => Ok(Value::int(table.len())),
        _ => access::length(site.vm, value),
    };
    site.finish(result)
}

/// `R[A] = {}` with the sizes that the constructor announces.
pub unsafe extern "C" fn newtable(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers.
    let site = unsafe { Site::new(vm, base, pc) };
    let table = tables::new_table(site.vm, site.ext().ax(), site.instr.b());
    site.finish(Ok(table.into()))
}

/// `R[A][ext + i] = R[A+i]`, as many as `B` says or up to top.
pub unsafe extern "C" fn set_list(vm: *mut Vm, base: *mut Value, pc: u32) -> Status {
    // SAFETY: by the contract of helpers; `SETLIST` follows the `NEWTABLE` of the same register.
    unsafe {
        let site = Site::with_open_top(vm, base, pc);
        let first = site.ext().ax();
        let values = site.reg(site.instr.a() + 1);
        let count = match site.instr.b() {
            0 => site.vm.top.offset_from(values) as usize,
            count => count,
        };
        match site.get(site.instr.a()).as_table() {
            Some(table) => done(tables::set_list(site.vm, table, first, values, count)),
            None => 0,
        }
    }
}
