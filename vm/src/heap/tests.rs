use crate::{
    heap::{GcStress, Phase, cells::MAX_CELL},
    meta::Meta,
    value::Value,
    vm::{Vm, VmOptions},
};

/// A VM with the few functions that the programs below use.
fn vm(stress: GcStress) -> Box<Vm> {
    let mut vm = Vm::new(&VmOptions::default());
    vm.heap.set_stress(stress);
    open(&mut vm);
    vm
}

/// Defines `pcall`, `gc`, `next`, and `setmetatable`.
pub(crate) fn open(vm: &mut Vm) {
    let functions = [
        ("pcall", vm.new_native("pcall", crate::coroutine::pcall)),
        (
            "gc",
            vm.new_native("gc", |vm, args| {
                vm.full_collect();
                vm.ret0(args)
            }),
        ),
        (
            "next",
            vm.new_native("next", |vm, args| {
                let found = args.get(0).table_unchecked().next(args.get(1)).expect("a key of the table");
                match found {
                    Some((key, value)) => vm.ret(args, &[key, value]),
                    None => vm.ret1(args, Value::NIL),
                }
            }),
        ),
        (
            "setmetatable",
            vm.new_native("setmetatable", |vm, args| {
                let metatable = args.get(1).table_unchecked();
                args.get(0).table_unchecked().set_metatable(&mut vm.heap, Some(metatable));
                if !metatable.get_str(vm.meta_names[Meta::Gc as usize]).is_nil() {
                    vm.heap.register_finalizable(args.get(0));
                }
                vm.ret1(args, args.get(0))
            }),
        ),
    ];
    let globals = vm.globals;
    for (name, function) in functions {
        vm.set_field(globals, name, function);
    }
}

fn run_in(vm: &mut Vm, source: &str) -> Value {
    let globals = vm.globals;
    let function = vm.load(source.as_bytes(), b"=test", globals.into()).expect("valid source");
    vm.call_from_host(function.into(), &[]).expect("no error").first().copied().unwrap_or(Value::NIL)
}

/// What the program returns, as text.
fn run(source: &str) -> String {
    let mut vm = vm(GcStress::Off);
    let value = run_in(&mut vm, source);
    text(&mut vm, value)
}

fn text(vm: &mut Vm, value: Value) -> String {
    vm.to_display(value).expect("no metamethod").to_str_lossy().into_owned()
}

const EVERY_KIND: &str = r#"
    local live, sum, seed = {}, 0, 42
    local function random(n) seed = (seed * 1103515245 + 12345) % 2147483648 return seed % n + 1 end
    for i = 1, ROUNDS do
        local kind, object = random(8), nil
        if kind == 1 then object = {i, i + 1, "s" .. i}
        elseif kind == 2 then object = {a = i, b = {c = i}}
        elseif kind == 3 then local u = i object = function() u = u + 1 return u end
        elseif kind == 4 then object = "some text that is too long to be interned " .. i
        elseif kind == 5 then object = {} for j = 1, random(60) do object[j] = j * 0.5 end
        elseif kind == 6 then object = {} for j = 1, random(20) do object["k" .. j] = {j} end
        elseif kind == 7 then object = setmetatable({i}, {__index = {field = i}})
        else object = {} for j = 1, random(40) do object[j * 1000] = "v" .. j end end
        live[random(50)] = object
        local other = live[random(50)]
        local ok, value = pcall(function() return other() end)
        if not ok then
            ok, value = pcall(function() return #other + (other.field or other.a or #(other[1000] or "")) end)
        end
        if ok then sum = (sum + value) % 1000003 end
    end
    return sum
"#;

#[test]
fn a_collection_at_every_poll_changes_nothing() {
    let source = EVERY_KIND.replace("ROUNDS", "1500");
    let expected = run_in(&mut vm(GcStress::Off), &source);
    let mut stressed = vm(GcStress::Full);
    assert!(run_in(&mut stressed, &source).raw_equals(expected));
    assert!(stressed.heap.cycles > 1500);
}

#[test]
fn a_slice_of_a_collection_at_every_poll_changes_nothing() {
    let source = EVERY_KIND.replace("ROUNDS", "60000");
    let expected = run_in(&mut vm(GcStress::Off), &source);
    let mut stressed = vm(GcStress::Slices);
    assert!(run_in(&mut stressed, &source).raw_equals(expected));
    assert!(stressed.heap.cycles > 100, "{}", stressed.heap.cycles);
}

#[test]
fn memory_is_used_again() {
    let mut vm = vm(GcStress::Off);
    run_in(&mut vm, &EVERY_KIND.replace("ROUNDS", "200000"));
    assert!(vm.heap.cycles > 10);
    assert!(vm.heap.peak_bytes() < 4 << 20, "{}", vm.heap.peak_bytes());
    assert!(vm.heap.mapped_bytes() < 6 << 20, "{}", vm.heap.mapped_bytes());
}

#[test]
fn bytes_return_to_where_they_were() {
    let mut vm = vm(GcStress::Off);
    vm.full_collect();
    run_in(&mut vm, "for i = 1, 100 do local t = {i, {i}, x = 'x' .. i, [i * 1000] = 1} end");
    vm.full_collect();
    vm.full_collect();
    let before = vm.heap.bytes;
    run_in(&mut vm, "for i = 1, 100 do local t = {i, {i}, x = 'x' .. i, [i * 1000] = 1} end");
    vm.full_collect();
    vm.full_collect();
    assert_eq!(vm.heap.bytes, before);
}

#[test]
fn charges_agree_with_what_marking_counts() {
    let mut vm = vm(GcStress::Off);
    let globals = vm.globals;
    run_in(
        &mut vm,
        "keep = {} for i = 1, 500 do keep[i] = {i, {i}, x = 'x' .. i, [i * 1000] = 1, f = function() return i end} end",
    );
    vm.set_field(globals, "more", Value::TRUE);
    vm.full_collect();
    let counted = vm.heap.bytes;
    let table = vm.heap.table();
    vm.set_field(globals, "more", table);
    for index in 0..1000 {
        table.get_mut().set_int(&mut vm.heap, index, Value::int(index));
    }
    let charged = vm.heap.bytes;
    assert!(charged > counted);
    vm.full_collect();
    assert_eq!(vm.heap.bytes, charged);
}

#[test]
fn a_dead_string_found_by_the_interner_lives_on() {
    let mut vm = vm(GcStress::Off);
    let first = vm.heap.string(b"ephemeral");
    vm.collect();
    let again = vm.heap.string(b"ephemeral");
    assert_eq!(first, again);
    vm.heap.finish_sweep();
    assert_eq!(again.as_bytes(), b"ephemeral");
    let globals = vm.globals;
    vm.set_field(globals, "kept", again);
    vm.full_collect();
    assert_eq!(vm.heap.string(b"ephemeral"), again);
}

#[test]
fn interned_strings_stay_unique_through_removals() {
    let source = "local t, n = {}, 0
        for round = 1, 30 do
            for i = 1, 300 do t['key' .. (i * round) % 511] = round end
            gc()
            for i = 0, 510 do if t['key' .. i] == round then n = n + 1 end end
            t = {}
        end
        return n";
    assert_eq!(run(source), "8092");
}

#[test]
fn objects_larger_than_a_cell_are_swept() {
    let mut vm = vm(GcStress::Off);
    let live = vm.heap.string(&vec![b'l'; MAX_CELL * 2]);
    let globals = vm.globals;
    vm.set_field(globals, "live", live);
    vm.full_collect();
    let before = vm.heap.bytes;
    for round in 0..1000 {
        vm.heap.string(&vec![b'd'; MAX_CELL + round]);
    }
    assert!(vm.heap.bytes > before + 1000 * MAX_CELL);
    vm.full_collect();
    assert_eq!(vm.heap.bytes, before);
    assert!(live.as_bytes().iter().all(|byte| *byte == b'l'));
}

#[test]
fn weak_tables_lose_what_only_they_hold() {
    let source = "
        local values = setmetatable({}, {__mode = 'v'})
        local keys = setmetatable({}, {__mode = 'k'})
        local both = setmetatable({}, {__mode = 'kv'})
        local held = {}
        for i = 1, 100 do
            local o = {i}
            values[i] = o values['n' .. i] = 'text' .. i
            keys[o] = i both[o] = o
            if i % 10 == 0 then held[#held + 1] = o end
        end
        gc()
        local counts = {}
        for _, t in next, {0} do end
        local function count(t) local n, k = 0, next(t) while k ~= nil do n = n + 1 k = next(t, k) end return n end
        return count(values) .. ' ' .. count(keys) .. ' ' .. count(both)
    ";
    let source = source.replace("for _, t in next, {0} do end", "");
    assert_eq!(run(&source), "110 10 10");
}

#[test]
fn ephemerons_converge_along_chains() {
    let source = "
        local e = setmetatable({}, {__mode = 'k'})
        local head = {}
        local at = head
        for i = 1, 200 do local n = {} e[at] = n at = n end
        e[{}] = {}
        at = nil
        gc()
        local n, k = 0, next(e) while k ~= nil do n = n + 1 k = next(e, k) end
        local m, o = 0, head while e[o] do o = e[o] m = m + 1 end
        head = nil o = nil k = nil
        gc() gc()
        return n .. ' ' .. m .. ' ' .. (next(e) == nil and 'empty' or 'left')
    ";
    assert_eq!(run(source), "200 200 empty");
}

#[test]
fn finalizers_run_last_first_and_may_resurrect() {
    let source = "
        local order, saved = '', nil
        local mt = {__gc = function(o) order = order .. o.name if o.name == 'b' then saved = o end end}
        local function make(name) setmetatable({name = name, inner = {name}}, mt) end
        make 'a' make 'b' make 'c'
        gc()
        local once = order .. saved.inner[1]
        gc() saved = nil gc() gc()
        return once .. ' ' .. order
    ";
    assert_eq!(run(source), "cbab cba");
}

#[test]
fn values_of_a_weak_table_die_before_finalizers_and_keys_after() {
    let source = "
        local values, keys = setmetatable({}, {__mode = 'v'}), setmetatable({}, {__mode = 'k'})
        local seen
        local mt = {__gc = function(o) seen = (values[1] == nil and 'gone ' or 'there ') .. (keys[o] or 'nothing') end}
        do local o = setmetatable({}, mt) values[1] = o keys[o] = 'key' end
        gc()
        return seen
    ";
    assert_eq!(run(source), "gone key");
}

#[test]
fn upvalues_of_a_dead_coroutine_keep_their_values() {
    let mut vm = vm(GcStress::Off);
    let value = vm.heap.string(b"the captured value");
    let thread = vm.new_thread(value.into());
    let slot = thread.stack_base();
    let upvalue = thread.get_mut().find_upvalue(&mut vm.heap, slot);
    let globals = vm.globals;
    let function = vm.load(b"return kept", b"=test", globals.into()).expect("valid source");
    function.set_upvalue(&mut vm.heap, 0, upvalue);
    vm.set_field(globals, "holder", function);
    vm.full_collect();
    for _ in 0..5000 {
        vm.heap.table();
    }
    vm.full_collect();
    assert!(upvalue.get().raw_equals(value.into()));
    assert_eq!(text(&mut vm, upvalue.get()), "the captured value");
}

#[test]
fn charges_made_while_marking_are_counted_once() {
    let mut vm = vm(GcStress::Off);
    let globals = vm.globals;
    run_in(
        &mut vm,
        "keep = {} for i = 1, 20000 do keep[i] = {i, {i}, x = 'x' .. i, [i * 1000] = 1, f = function() return i end} end",
    );
    vm.full_collect();
    let key = vm.heap.string(b"keep");
    let keep = globals.get_str(key).table_unchecked();
    // In the middle of marking, tables that have been reached grow, and others that have not, and new ones are made.
    for _ in 0..3 {
        assert!(!vm.collect_step(0));
    }
    for index in 1..=20_000 {
        let table = keep.get_int(index).table_unchecked();
        for item in 3..20 {
            table.get_mut().set_int(&mut vm.heap, item, Value::float(0.5));
        }
        let made = vm.heap.table_with_capacity(4, 2);
        table.get_mut().set_int(&mut vm.heap, 20, made.into());
        if index % 100 == 0 {
            vm.collect_step(0);
        }
    }
    let cycles = vm.heap.cycles;
    while vm.heap.cycles == cycles || vm.heap.phase() != Phase::Sweep {
        vm.collect_step(0);
    }
    let counted = vm.heap.bytes;
    vm.full_collect();
    assert_eq!(vm.heap.bytes, counted);
}

#[test]
fn a_large_heap_is_marked_in_many_slices() {
    let mut vm = vm(GcStress::Off);
    run_in(&mut vm, "keep = {} for i = 1, 200000 do keep[i] = {i} end");
    vm.full_collect();
    let (slices, cycles) = (vm.heap.pauses.count(), vm.heap.cycles);
    run_in(&mut vm, "for i = 1, 1000000 do local t = {i} end");
    assert!(vm.heap.cycles > cycles);
    assert!(vm.heap.pauses.count() - slices > 20 * (vm.heap.cycles - cycles));
}

#[test]
fn memory_goes_back_to_the_system() {
    let mut vm = vm(GcStress::Off);
    run_in(&mut vm, "keep = {} for i = 1, 500000 do keep[i] = {i} end");
    assert!(vm.heap.resident_bytes() > 30 << 20);
    run_in(&mut vm, "keep = nil gc()");
    assert!(vm.heap.resident_bytes() < 12 << 20, "{}", vm.heap.resident_bytes());
    run_in(&mut vm, "keep = {} for i = 1, 500000 do keep[i] = {i} end for i = 1, #keep do keep[i] = nil end");
}
