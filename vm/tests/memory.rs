//! The limit on memory: whatever a program does, it gets an error that it can handle, and the heap stays near the limit.

use trinity_vm::{
    stdlib,
    value::Value,
    vm::{Vm, VmOptions},
};

const LIMIT: usize = 16 << 20;

fn limited() -> Box<Vm> {
    let mut vm = Vm::new(&VmOptions { memory_limit: Some(LIMIT), ..VmOptions::default() });
    stdlib::open(&mut vm);
    vm
}

fn run(vm: &mut Vm, source: &str) -> Result<String, String> {
    let globals = vm.globals.into();
    let function = vm.load(source.as_bytes(), b"=test", globals).expect("valid source");
    let shown = |vm: &mut Vm, value: Value| vm.to_display(value).map_or("?".into(), |text| text.to_str_lossy().into());
    match vm.call_from_host(function.into(), &[]) {
        Ok(results) => Ok(results.first().map_or(String::new(), |value| shown(vm, *value))),
        Err(error) => Err(shown(vm, error)),
    }
}

/// Bodies of functions that never stop taking memory.
const GREEDY: [&str; 22] = [
    "return string.rep('x', 1e9)",
    "local s = 'x' while true do s = s:rep(2) end",
    "local s = 'x' while true do s = s .. s end",
    "local s = 'x' while true do s = s .. 1 .. s end",
    "local t = {} for i = 1, 1e9 do t[i] = i end",
    "local t = {} for i = 1, 1e9 do t[#t + 1] = {} end",
    "local t = {} for i = 1, 1e9 do t[i * 7919.5] = i end",
    "local t = {} for i = 1, 1e9 do t['k' .. i] = true end",
    "local t = {} for i = 1, 1e9 do t[i] = function() return i end end",
    "local t = {} for i = 1, 1e9 do t[i] = setmetatable({a = 1, b = 2}, {}) end",
    "local t = {} for i = 1, 1e9 do local o = {} t[i] = o tostring(o) end",
    "local t = {} for i = 1, 1e9 do t[i] = coroutine.create(print) end",
    "local function deep() return 1 + deep() end
     local t = {} for i = 1, 1e9 do
       t[i] = coroutine.create(function() local function down(n) if n == 0 then coroutine.yield() end return 1 + down(n - 1) end down(2e4) end)
       coroutine.resume(t[i])
     end",
    "return (('x'):rep(1e5):gsub('x', ('y'):rep(1e5)))",
    "return (('x'):rep(1e5):gsub('.*', ('%0'):rep(1e4)))",
    "local r = ('y'):rep(1e5) return (('x'):rep(1e5):gsub('x', function() return r end))",
    "local t, s = {}, ('x'):rep(1e6) for i = 1, 1e4 do t[i] = s end return table.concat(t)",
    "local t, s = {}, ('x'):rep(1e6) for i = 1, 1e4 do t[i] = i % 2 == 0 and s or i end return table.concat(t)",
    "local t, s = {}, ('x'):rep(1e6) for i = 1, 200 do t[i] = s end return (('%s'):rep(200)):format(table.unpack(t))",
    "local t = {} for i = 1, 2e5 do t[i] = {} end
     local a, b, c, d = {table.unpack(t)}, {table.unpack(t)}, {table.unpack(t)}, {table.unpack(t)} return #a + #b + #c + #d",
    "local s = ('x'):rep(7e6) return s:upper(), s:lower(), s:reverse(), s:sub(2), s:sub(3), s:sub(4)",
    "error(select(2, load(function() return 'local x = 1 ' end)), 0)",
];

#[test]
fn greedy_programs_get_an_error_and_leave_no_trace() {
    for body in GREEDY {
        let mut vm = limited();
        let source = format!(
            "local ok, message = pcall(function() {body} end)
             local list = {{}} for i = 1, 100 do list[i] = {{i}} end -- there is room to handle it
             collectgarbage()
             return tostring(ok) .. ' ' .. tostring(message) .. ' ' .. tostring(collectgarbage('count') < 2048)"
        );
        assert_eq!(run(&mut vm, &source).as_deref(), Ok("false not enough memory true"), "{body}");
        // A dictionary grows by a factor of up to 8/3.
        assert!(vm.heap.peak_bytes() < 4 * LIMIT, "{body}: {}", vm.heap.peak_bytes());
    }
}

#[test]
fn unlimited_input_is_refused() {
    for format in ["a", "l"] {
        let mut vm = limited();
        let source = format!("return io.open('/dev/zero', 'rb'):read('{format}')");
        assert_eq!(run(&mut vm, &source), Err("not enough memory".to_owned()), "{format}");
    }
}

#[test]
fn the_error_of_memory_has_no_position_and_no_message_handler() {
    for body in [
        "local t = {} for i = 1, 1e9 do t[i] = {i} end",
        "coroutine.wrap(function() local t = {} for i = 1, 1e9 do t[i] = {i} end end)()",
        "return coroutine.wrap(function() return coroutine.wrap(string.rep)('x', 1e9) end)()",
        "local c <close> = setmetatable({}, {__close = function() return string.rep('x', 1e9) end}) error('x')",
    ] {
        let source = format!("return select(2, xpcall(function() {body} end, function() return 'handled' end))");
        assert_eq!(run(&mut limited(), &source).as_deref(), Ok("not enough memory"), "{body}");
    }
}

#[test]
fn a_handler_that_runs_out_of_memory_is_the_last() {
    let source = "return select(2, xpcall(error, function() return string.rep('x', 1e9) end, 'x'))";
    assert_eq!(run(&mut limited(), source).as_deref(), Ok("not enough memory"));
}

#[test]
fn what_is_garbage_does_not_count() {
    let source = "local n = 0
        for i = 1, 300 do n = n + #string.rep('x', 1 << 20) end
        for i = 1, 20 do local s = string.rep('y', 10 << 20) n = n + #s s = nil end
        for i = 1, 1e6 do local t = {i} n = n + t[1] end
        return n";
    assert_eq!(run(&mut limited(), source).as_deref(), Ok("500524788000"));
}

#[test]
fn a_program_that_goes_on_trying_stays_within_bounds() {
    let mut vm = limited();
    for _ in 0..20 {
        let outcome = run(&mut vm, "kept = kept or {} for j = 1, 1e9 do kept[#kept + 1] = {j} end");
        assert_eq!(outcome, Err("not enough memory".to_owned()));
    }
    assert!(vm.heap.peak_bytes() < 3 * LIMIT, "{}", vm.heap.peak_bytes());
}
