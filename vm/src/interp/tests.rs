use crate::{
    function::{Cache, CacheKind},
    vm::{Vm, VmOptions},
};

#[test]
fn objects_that_grow_do_not_make_a_store_megamorphic() {
    let mut vm = Vm::new(&VmOptions::default());
    let globals = vm.globals.into();
    let source = b"for i = 1, 100 do
            local o = {} o.a = i o.b = i o.c = i o.d = i o.e = i o.f = i o.g = i o.h = i o.i = i
            if o.a ~= i or o.e ~= i or o.i ~= i then return false end
        end
        return true";
    let function = vm.load(source, b"=test", globals).expect("valid source");
    let results = vm.call_from_host(function.into(), &[]).expect("no error");
    assert!(results[0].is_truthy());
    let stores: Vec<Cache> = function.proto.caches().iter().filter(|cache| cache.index < 9).copied().collect();
    let adds = stores.iter().filter(|cache| cache.kind == CacheKind::Add && cache.misses == 0).count();
    assert_eq!(adds, 9);
    assert!(stores.iter().any(|cache| cache.kind == CacheKind::Add && cache.tag == Cache::GROWS));
}

/// Executes every handler so often, its slow path too, that a dispatch that is a call would overflow the stack: calls in
/// tail position must have become jumps (see the module).
#[test]
fn dispatch_does_not_use_the_native_stack() {
    const PROGRAM: &str = r#"
        local setmetatable, pcall = setmetatable, pcall
        local mt = {}
        for _, event in next, events do mt[event] = function(a, b) return 1 end end
        mt.__concat = function() return "c" end
        mt.__index = function(_, k) return k end
        mt.__newindex = function() end
        mt.__call = function(self, x) return x end
        mt.__close = function() end
        mt.__len = function() return 3 end
        local o, plain = setmetatable({}, mt), {1, 2, 3, x = 1, f = function(self) return self end}
        local objects = {o, plain}
        local function many(...) return ... end
        local function tail(n) if n == 0 then return 1 end return tail(n - 1) end
        local function tail_native(n) return pcall(many, n) end
        local function tail_object(n) return o(n) end
        local function iterator(n, i) if i < n then return i + 1, i, nil end end
        local function closing(n) local x <close> = o local y = n return function() return y end, n end
        local function failing() error_value() end
        local function none() end
        global = 1
        local up = 0
        local float, int, text = 1.5, 3, "12"
        local s = 0
        for i = 1, ROUNDS do
            local a, b, c = int + i, float + i, float + float
            a = a - i; b = b - i; c = c - float; a = a * i; b = b * i; c = c * float; c = c / float; b = i / i
            a = i % 7; a = i // 7; a = i % int; a = i // int; a = -i % 7; a = -i // -7; a = i % 7.5; a = i // 7.5
            a = i ^ 2; a = i ^ int; a = i & 3; a = i | 3; a = i ~ 3; a = i << 3; a = i >> 3
            a = i & int; a = i | int; a = i ~ int; a = i << int; a = i >> int; a = ~i; a = -i; a = -float; a = not i
            a = o + i; a = o - 1; a = o * o; a = o / 2; a = o % 2; a = o // 2; a = o ^ 2; a = o & 1; a = o | 1
            a = o ~ 1; a = o << 1; a = o >> 1; a = -o; a = ~o;
            a = i + 0.5; a = float + 1; a = float * 2; a = float - 2; a = float / 2; a = i / 2
            local mixed = i % 2 == 0 and i or float
            a = mixed + 1; a = mixed - mixed; a = mixed * 2; a = mixed / 3; a = mixed % 3; a = mixed // 3
            if mixed < i then s = s + 1 end if mixed <= 2 then s = s + 1 end if text < "13" then s = s + 1 end
            if o < i then s = s + 1 end if o <= o then s = s + 1 end if o == plain then s = s + 1 end
            if i < 5 or i <= 5 or i > 5 or i >= 5 or o < 1 or o > 1 then s = s + 1 end
            if float < 2.5 and float <= float and i < ROUNDS and i <= ROUNDS then s = s + 1 end
            if i == 3 or mixed == 1.5 or text == "12" or i == float then s = s + 1 end
            a = #plain + #o + #text; a = text .. i .. float; a = o .. i
            plain.x = i; plain[2] = i; plain[int] = float; plain.new = i; plain.new = nil; o.x = 1; o[1] = 1; o[i] = 1
            plain[text] = i; plain[float] = i; plain[i * 100] = 1; plain[i * 100] = nil
            a = plain.x + plain[2] + plain[int] + plain[text] + plain[float]; a = plain.nothing; a = o.x; a = o[1]; a = o[i]
            a = objects[i % 2 + 1].x; a = plain[i * 100]; a = plain:f();
            global = global + 1; up = up + 1; local function captured() return up + i end a = captured()
            a = many(); a, b, c = many(1, 2); a = (many(1, 2, 3)); a = {many(1, 2)}; a = {1, i, float}; a = {x = 1, many()}
            a = tail(2); a = tail_native(i); a = tail_object(i); a = o(i); none(); a = closing(i)
            pcall(failing); a = pcall(many, many(1, 2))
            for _ in next, plain do s = s + 1 end for j in iterator, 2, 0 do s = s + j end
            for _ in setmetatable({}, {__call = function(_, n, j) if j < n then return j + 1 end end}), 2, 0 do s = s + 1 end
            for j = 1, 2 do s = s + j end for j = 1.0, 2.0 do s = s + j end for j = 3, 1, -1 do s = s + j end
            local n = 0 while n < 2 do n = n + 1 end repeat n = n - 1 until n == 0
            do local x <close> = o end do local y = i a = function() return y end end
            goto over
            a = 1
            ::over::
        end
        return s
    "#;
    let run = || {
        let mut vm = Vm::new(&VmOptions::default());
        vm.heap.pause = 110;
        crate::stdlib::open(&mut vm);
        let globals = vm.globals;
        let events = vm.heap.table();
        let names = "add sub mul div mod pow idiv band bor bxor shl shr unm bnot eq lt le";
        for (index, name) in names.split(' ').enumerate() {
            let name = vm.new_string(format!("__{name}"));
            events.get_mut().set_int(&mut vm.heap, index as i64 + 1, name);
        }
        vm.set_field(globals, "events", events);
        let source = PROGRAM.replace("ROUNDS", "20000");
        let function = vm.load(source.as_bytes(), b"=test", globals.into()).expect("valid source");
        vm.call_from_host(function.into(), &[]).expect("no error");
    };
    std::thread::Builder::new().stack_size(256 << 10).spawn(run).expect("a thread").join().expect("no panic");
}
