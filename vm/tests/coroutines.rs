//! More coroutines than stacks: those that wait are parked, wherever they stand.

use trinity_vm::{embed::Lua, heap::GcStress};

/// Runs a program with `N` coroutines: as ever, with a collection and with a verified slice of one at every opportunity.
fn holds(source: &str) {
    let mut sliced = Lua::new();
    // SAFETY: nothing is taken from the VM.
    unsafe { sliced.vm_mut() }.heap.set_stress(GcStress::Slices);
    for (mut lua, count) in [(Lua::new(), 500), (Lua::builder().collect_always().build(), 200), (sliced, 150)] {
        lua.set_global("N", count).unwrap();
        lua.load(source).name("=test").exec().unwrap();
    }
}

#[test]
fn variables_stay_shared_with_closures_while_parked() {
    holds(
        "local live = {}
        for i = 1, N do
            local get, set
            local co = coroutine.create(function(x)
                local v = x
                get, set = function() return v end, function(n) v = n end
                while true do v = v + coroutine.yield(v) end
            end)
            coroutine.resume(co, i)
            live[i] = { co = co, get = get, set = set }
        end
        for i, l in ipairs(live) do assert(l.get() == i) l.set(i * 2) end
        for i, l in ipairs(live) do
            local _, sum = coroutine.resume(l.co, 1)
            assert(sum == i * 2 + 1 and l.get() == sum)
        end",
    );
}

#[test]
fn protected_calls_errors_and_tracebacks_survive_parking() {
    holds(
        "local live = {}
        for i = 1, N do
            live[i] = coroutine.create(function()
                local ok, message = pcall(function() coroutine.yield() error('e' .. i, 0) end)
                coroutine.yield(message)
                error({ i })
            end)
            coroutine.resume(live[i])
        end
        for i = N, 1, -1 do
            local _, message = coroutine.resume(live[i])
            assert(message == 'e' .. i)
            assert(debug.traceback(live[i]):find('yield'))
        end
        for i, co in ipairs(live) do
            local ok, thrown = coroutine.resume(co)
            assert(not ok and thrown[1] == i)
        end
        for i, co in ipairs(live) do
            assert(debug.traceback(co):find('in function'))
            local ok, thrown = coroutine.close(co)
            assert(not ok and thrown[1] == i)
        end",
    );
}

#[test]
fn to_be_closed_variables_are_closed_while_others_start() {
    holds(
        "local closed = 0
        local function churn()
            for _ = 1, N do coroutine.wrap(function() coroutine.yield() end)() end
            closed = closed + 1
        end
        local co = coroutine.create(function()
            local a <close> = setmetatable({}, { __close = churn })
            local b <close> = setmetatable({}, { __close = churn })
            coroutine.yield()
        end)
        coroutine.resume(co)
        churn()
        assert(coroutine.close(co) and closed == 3 and coroutine.status(co) == 'dead')",
    );
}

#[test]
fn deep_and_nested_coroutines_live_beside_parked_ones() {
    holds(
        "local function deep(n) if n == 0 then coroutine.yield('deep') return 0 end return 1 + deep(n - 1) end
        local live = {}
        local function depth(i) return i == 5 and 600 or i % 7 end
        for i = 1, N do
            live[i] = coroutine.create(deep)
            assert(select(2, coroutine.resume(live[i], depth(i))) == 'deep')
        end
        local function nest(n)
            if n == 0 then return select(2, coroutine.resume(live[1])) end
            return coroutine.wrap(nest)(n - 1)
        end
        assert(nest(100) == depth(1))
        for i = 2, N do assert(select(2, coroutine.resume(live[i])) == depth(i)) end",
    );
}

#[test]
fn a_parked_coroutine_takes_little_memory() {
    let mut lua = Lua::new();
    lua.exec(
        "local function body() coroutine.yield() end
        live = {}
        for i = 1, 20000 do live[i] = coroutine.create(body) coroutine.resume(live[i]) end",
    )
    .unwrap();
    lua.collect_garbage();
    assert!(lua.memory_used() < 20_000 * 512, "{} bytes in use", lua.memory_used());
}

#[test]
fn a_metatable_for_each_table_is_no_burden() {
    let mut lua = Lua::new();
    lua.exec(
        "local t = {}
        for i = 1, 100000 do t[i] = setmetatable({}, { __index = { i } }) end
        for i = 1, #t, 1000 do assert(t[i][1] == i) end",
    )
    .unwrap();
}
