//! Code memory is bounded, what is evicted runs on as it should, and what runs is not freed.
//!
//! Freed code is overwritten with traps or unmapped, so running it ends the test's process.

#[allow(dead_code, reason = "each user of the module needs a part of it")]
mod support;

use std::{cell::RefCell, rc::Rc};

use support::{Mode, run, run_with};
use trinity_jit::JitCompiler;
use trinity_vm::{
    function::Proto,
    native::{Args, NativeResult},
    seam::{
        Bailout, CompileRecord, Compiler, DecisionRecord, DeoptRecord, EntryPoint, EventSink, FunctionRecord,
        Installed, IterationRecord, RunSummary, Tier, WithdrawRecord, Withdrawal,
    },
    vm::{Vm, VmOptions},
};

const MODES: [Mode; 5] = [Mode::Tier1, Mode::Tier1Warm, Mode::Tier2Warm, Mode::Mixed, Mode::Lagging(2)];

/// `release()` takes all code out of use; `in_use()` is the number of bytes that have not been freed.
fn add_functions(vm: &mut Vm) {
    fn release(vm: &mut Vm, args: Args) -> NativeResult {
        vm.release_code();
        vm.ret0(args)
    }
    fn in_use(vm: &mut Vm, args: Args) -> NativeResult {
        let bytes = vm.controller.code_memory_in_use() as i64;
        vm.ret1(args, bytes)
    }
    let globals = vm.globals;
    vm.set_functions(globals, &[("release", release), ("in_use", in_use)]);
}

/// Functions that differ, each used a little and dropped.
const GENERATED: &str = r#"
    local most = 0
    local sum = 0
    for i = 1, 2000 do
        local f = load("local t = {...} local n = 0 for i = 1, 12 do n = n + t[1] * " .. i .. " end return n")
        for j = 1, 8 do sum = sum + f(j) end
        if in_use() > most then most = in_use() end
    end
    print(sum, most <= LIMIT or most)
"#;

#[test]
fn generated_functions_that_are_dropped_leave_code_memory_bounded() {
    for mode in [Mode::Tier1, Mode::Tier2Warm] {
        // Collections free the code of what has died.
        let limit = 32 << 20;
        let output = run_with(GENERATED, "generated", mode, |vm| {
            add_functions(vm);
            vm.set_field(vm.globals, "LIMIT", limit);
        });
        assert_eq!(output, "864432000\ttrue\n", "{mode:?}");
        // Nothing but the limit bounds it when there is no collection.
        let limit = 100 << 10;
        let output = run_with(&format!("collectgarbage('stop') {GENERATED}"), "generated", mode, |vm| {
            add_functions(vm);
            vm.set_field(vm.globals, "LIMIT", limit);
            vm.controller.set_code_limit(limit as u64);
        });
        assert_eq!(output, "864432000\ttrue\n", "{mode:?}, limited");
    }
}

#[test]
fn programs_are_right_whatever_the_limit() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../experiments/suite");
    let body = move || {
        for (program, size) in
            [("recursion/fib", 12), ("search/queens", 5), ("search/sudoku", 1), ("loops/collatz", 60)]
        {
            let source = format!("print(dofile('{folder}/{program}.lua').run({size}))");
            let expected = run(&source, program, Mode::Interpreter);
            assert!(!expected.contains("ERROR"), "{expected}");
            for mode in
                [Mode::Tier1, Mode::Tier2, Mode::Mixed, Mode::Background(1), Mode::Tier1Stress, Mode::Tier2Slices]
            {
                for limit in [0, 3000, 8 << 10, 20 << 10] {
                    let found = run_with(&source, program, mode, |vm| vm.controller.set_code_limit(limit));
                    assert_eq!(found, expected, "{program} {mode:?} with {limit} bytes");
                }
            }
        }
    };
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(body).expect("a thread starts");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Makes `churn(n)`: code of functions that nobody has seen yet goes where other code has been.
const CHURN: &str = r#"
    local function churn(count)
        for i = 1, count do
            local f = load("local a, b = ... local n = 0 for i = 1, 20 do n = n + a * i + b end return n * " .. i)
            for j = 1, 12 do f(j, i) end
        end
    end
"#;

fn survives(source: &str, expected: &str) {
    for mode in MODES {
        let source = format!("{CHURN}{source}");
        let output = run_with(&source, "running", mode, |vm| {
            add_functions(vm);
            vm.controller.set_code_limit(256 << 10);
        });
        assert_eq!(output, expected, "{mode:?}");
    }
}

#[test]
fn code_that_is_deep_in_recursion_outlives_its_release() {
    survives(
        r#"
        local function dig(n, act)
            if n == 0 then act() return 0 end
            return 1 + dig(n - 1, act)
        end
        for i = 1, 20 do dig(30, function() end) end
        local before = in_use()
        print(before > 0, dig(2000, function()
            release()
            collectgarbage()
            print(in_use() > 0)
            churn(200)
            collectgarbage()
        end))
        -- Left, it is freed, and compiled anew after a while.
        release() collectgarbage() collectgarbage()
        for i = 1, 50 do dig(100, function() end) end
        print(dig(100, churn and function() release() churn(5) end))
        "#,
        "true\ntrue\t2000\n100\n",
    );
}

#[test]
fn code_that_others_evict_while_it_waits_for_them_goes_on() {
    // The limit leaves no room for the code of both; running code is not evicted.
    survives(
        r#"
        local function even(n) if n == 0 then churn(40) return true end return (odd(n - 1)) end
        function odd(n) if n == 0 then return false end return (even(n - 1)) end
        print(select('#', even(10)))
        "#,
        "1\n",
    );
}

#[test]
fn coroutines_that_wait_inside_a_callee_of_compiled_code_go_on_after_it_is_gone() {
    survives(
        r#"
        local function leaf(x) return coroutine.yield(x) + x end
        local function middle(n)
            local sum = 0
            for i = 1, n do sum = sum + leaf(i) end
            return sum
        end
        for i = 1, 20 do
            local co = coroutine.wrap(middle)
            co(3) co(1) co(1)
        end
        local waiting = {}
        for i = 1, 10 do
            waiting[i] = coroutine.wrap(middle)
            waiting[i](100)
        end
        release() collectgarbage() collectgarbage()
        churn(100)
        local total = 0
        for i = 1, 10 do
            local result
            for j = 1, 100 do result = waiting[i](1) end
            total = total + result
        end
        print(total)
        -- A coroutine whose code runs below another that releases it.
        local outer = coroutine.wrap(function(n)
            local function inner() release() collectgarbage() churn(50) return 1 end
            local sum = 0
            for i = 1, n do sum = sum + coroutine.wrap(function(x) return x + inner() end)(i) end
            return sum
        end)
        print(outer(10))
        "#,
        "51500\n65\n",
    );
}

#[test]
fn a_loop_whose_code_is_released_while_it_turns_turns_on() {
    survives(
        r#"
        local sum = 0
        for i = 1, 3000 do
            sum = sum + i
            if i % 1000 == 0 then release() collectgarbage() churn(20) end
        end
        print(sum)
        local list = setmetatable({}, {__index = function(_, key) release() churn(2) return key end})
        for i = 1, 60 do sum = sum + list[i] end
        for _, value in ipairs({1, 2, 3}) do sum = sum + value end
        print(sum, pcall(function() for i = 1, 100 do if i == 90 then release() churn(3) error("out", 0) end end end))
        "#,
        "4501500\n4503336\tfalse\tout\n",
    );
}

/// Labels of what is evicted.
struct Evictions(Rc<RefCell<Vec<String>>>);

impl EventSink for Evictions {
    fn withdraw(&mut self, record: &WithdrawRecord) {
        if record.why == Withdrawal::Evicted {
            self.0.borrow_mut().push(record.label.to_string());
        }
    }
    fn decision(&mut self, _: &DecisionRecord) {}
    fn compile(&mut self, _: &CompileRecord) {}
    fn deopt(&mut self, _: &DeoptRecord) {}
    fn iteration(&mut self, _: &IterationRecord) {}
    fn function(&mut self, _: &FunctionRecord) {}
    fn run_end(&mut self, _: &RunSummary) {}
}

#[test]
fn what_is_in_use_stays_and_what_is_not_goes() {
    let source = r#"
        local function hot(a, b) return a + b end
        local sum = 0
        local others = {}
        for i = 1, 400 do
            others[i] = load("local a = ... return a * " .. i)
            for j = 1, 10 do sum = hot(sum, others[i](j)) end
        end
        print(sum)
    "#;
    let evicted = Rc::new(RefCell::new(Vec::new()));
    let output = run_with(source, "hot.lua", Mode::Tier2Warm, |vm| {
        vm.controller.set_code_limit(16 << 10);
        vm.controller.set_sink(Box::new(Evictions(Rc::clone(&evicted))));
    });
    assert_eq!(output, "4411000\n");
    let evicted = evicted.borrow();
    assert!(evicted.len() > 100, "{}", evicted.len());
    assert!(!evicted.iter().any(|label| label.contains("hot hot.lua")));
}

struct Compilations(Rc<RefCell<u32>>);

impl EventSink for Compilations {
    fn compile(&mut self, _: &CompileRecord) {
        *self.0.borrow_mut() += 1;
    }
    fn decision(&mut self, _: &DecisionRecord) {}
    fn deopt(&mut self, _: &DeoptRecord) {}
    fn iteration(&mut self, _: &IterationRecord) {}
    fn function(&mut self, _: &FunctionRecord) {}
    fn run_end(&mut self, _: &RunSummary) {}
}

#[test]
fn what_does_not_fit_is_compiled_ever_more_rarely() {
    let source = r#"
        local function f(a) return a + 1 end
        local n = 0
        for i = 1, 100000 do n = f(n) end
        print(n)
    "#;
    for mode in MODES {
        let compilations = Rc::new(RefCell::new(0));
        let output = run_with(source, "refused", mode, |vm| {
            vm.controller.set_code_limit(0);
            vm.controller.set_sink(Box::new(Compilations(Rc::clone(&compilations))));
        });
        assert_eq!(output, "100000\n", "{mode:?}");
        let compilations = *compilations.borrow();
        assert!((2..40).contains(&compilations), "{mode:?}: {compilations} compilations");
    }
}

/// Memory for code is short at first.
struct Starved {
    compiler: JitCompiler,
    failures: Rc<RefCell<u32>>,
}

impl Compiler for Starved {
    fn compile(&mut self, vm: &Vm, proto: &Proto, tier: Tier, entry: EntryPoint) -> Result<Installed, Bailout> {
        let failures = &mut *self.failures.borrow_mut();
        if *failures > 0 {
            *failures -= 1;
            return Err(Bailout::CODE_MEMORY);
        }
        self.compiler.compile(vm, proto, tier, entry)
    }
}

#[test]
fn when_there_is_memory_again_functions_are_compiled() {
    let source = r#"
        local function f(a) return a + 1 end
        local n = 0
        for i = 1, 20000 do n = f(n) end
        print(n, in_use() > 0)
    "#;
    for mode in MODES {
        let failures = Rc::new(RefCell::new(5));
        let output = run_with(source, "starved", mode, |vm| {
            add_functions(vm);
            let starved = Starved { compiler: JitCompiler::new(), failures: Rc::clone(&failures) };
            vm.controller.set_compiler(Box::new(starved));
        });
        assert_eq!(output, "20000\ttrue\n", "{mode:?}");
        assert_eq!(*failures.borrow(), 0, "{mode:?}");
    }
}

#[test]
fn code_that_hands_over_for_want_of_native_stack_is_not_needed_any_more() {
    // At some depth there is native stack for `deep` but not for `replaced`, which is interpreted then, and gives its place
    // to a function that has all code freed.
    let source = r#"
        local function same(n) return n end
        local function replaced(n, continue) local sum = n * 2 + 1 return continue(sum) end
        local function free(n) release() collectgarbage() return n end
        local function deep(n)
            if n == 0 then return (replaced(1, free)) end
            local sum = deep(n - 1)
            return sum
        end
        for n = 1, 1200 do
            for _ = 1, 300 do replaced(1, same) end
            deep(n)
        end
    "#;
    for mode in [Mode::Tier1, Mode::SinglePass, Mode::Tier2] {
        let mut vm = Vm::new(&VmOptions { native_stack: 96 << 10, ..VmOptions::default() });
        support::prepare(&mut vm, mode);
        add_functions(&mut vm);
        let globals = vm.globals.into();
        let chunk = vm.load(source.as_bytes(), b"=test", globals).expect("it compiles");
        assert!(vm.call_from_host(chunk.into(), &[]).is_ok(), "{mode:?}");
    }
}

/// Loop and bytes of each compilation of the function `f`.
type Made = Vec<(Option<u32>, u32)>;

struct Sizes(Rc<RefCell<Made>>);
impl EventSink for Sizes {
    fn compile(&mut self, record: &CompileRecord) {
        if record.label.starts_with("f ") {
            self.0.borrow_mut().push((record.loop_index, record.code_bytes));
        }
    }
    fn decision(&mut self, _: &DecisionRecord) {}
    fn deopt(&mut self, _: &DeoptRecord) {}
    fn iteration(&mut self, _: &IterationRecord) {}
    fn function(&mut self, _: &FunctionRecord) {}
    fn run_end(&mut self, _: &RunSummary) {}
}

#[test]
fn what_was_made_for_one_entry_serves_the_others_until_feedback_has_grown() {
    let compilations = |program: &str| {
        let sizes = Rc::new(RefCell::new(Made::new()));
        run_with(program, "shared", Mode::Tier1Warm, |vm| vm.controller.set_sink(Box::new(Sizes(Rc::clone(&sizes)))));
        sizes.take()
    };
    let function = "
        local function f(n, x)
            local s = 0
            for i = 1, n do s = s + i * x end
            for i = 1, n do s = s - i * x end
            local i = 0
            while i < n do i = i + 1 s = s ~ i end
            return s
        end
    ";
    // All there is to know is known before the first back-edge that counts. Most of the function does not follow from the
    // last loop, whose code is made alone.
    let made = compilations(&format!("{function} for call = 1, 12 do f(3, 2) end"));
    let subjects: Vec<_> = made.iter().map(|(subject, bytes)| (*subject, *bytes > 0)).collect();
    assert_eq!(subjects, [(Some(2), true), (None, true), (Some(0), false), (Some(1), false)], "{made:?}");
    // Code that was made before a loop had run does not serve it, however little its feedback adds.
    let made = compilations(
        "local function f(n, x)
            local a = x + 1 local b = a * 2 local c = b - 3 local d = c + a a = b * c + d b = a - c * d c = a + b - d
            d = a * b + c a = d - b * 2 b = c + d - a c = a * 3 + b d = c - a + b a = b + c * d b = a - d + c
            local i = 0
            while i < n do i = i + 1 end
            return i + a + b
        end
        for call = 1, 12 do f(0, 2) end
        f(40, 2)",
    );
    let subjects: Vec<_> = made.iter().map(|(subject, bytes)| (*subject, *bytes > 0)).collect();
    assert_eq!(subjects, [(None, true), (Some(0), true)], "{made:?}");
    // In one long call each loop is news.
    let made = compilations(&format!("{function} for call = 1, 12 do f(300, 2) end"));
    assert!(made.iter().all(|(_, bytes)| *bytes > 0), "{made:?}");
}
