//! Under the virtual clock, what a program can see follows from its input and its seed.

use std::{cell::RefCell, io::Write, rc::Rc};

use trinity_vm::{
    clock::{COSTS, Clock, EPOCH_SECONDS},
    embed::Lua,
    stdlib,
    vm::{Vm, VmOptions},
};

#[derive(Clone, Default)]
struct Output(Rc<RefCell<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn options() -> VmOptions {
    VmOptions { clock: Clock::Virtual, ..VmOptions::default() }
}

/// What the program prints, and the VM as it leaves it.
fn run(source: &str, options: &VmOptions) -> (String, Box<Vm>) {
    let mut vm = Vm::new(options);
    stdlib::open(&mut vm);
    let output = Output::default();
    stdlib::io::redirect_stdout(&mut vm, Box::new(output.clone()));
    let globals = vm.globals.into();
    let function = vm.load(source.as_bytes(), b"=test", globals).expect("the program compiles");
    if let Err(error) = vm.call_from_host(function.into(), &[]) {
        panic!("{}", vm.to_display(error).expect("the error can be shown").to_str_lossy());
    }
    stdlib::io::flush(&mut vm);
    let text = String::from_utf8(output.0.borrow().clone()).expect("the program prints text");
    (text, vm)
}

#[test]
fn time_is_what_has_been_executed() {
    let (text, vm) = run(
        "local before = os.clock()
        for i = 1, 1000 do end
        local after = os.clock()
        print(after > before, (after - before) * 1e9 < 10000)
        print(os.time(), os.date('!%Y-%m-%d'), os.date('%H:%M:%S'), os.date('*t').isdst)
        print(os.time({year = 2024, month = 7, day = 1, hour = 0}))",
        &options(),
    );
    assert_eq!(text, format!("true\ttrue\n{EPOCH_SECONDS}\t2024-01-01\t00:00:00\tfalse\n1719792000\n"));
    let ticks = vm.fuel_used().expect("ticks are counted");
    // A tick lasts as long as the cheapest or the dearest instruction, or something between.
    let costs = COSTS.instruction[0].iter().copied().chain([COSTS.library_tick]).map(u64::from);
    let (least, most) = (costs.clone().min().expect("costs"), costs.max().expect("costs"));
    assert!((ticks * least / 1000..=ticks * most / 1000).contains(&vm.elapsed_ns()));
}

#[test]
fn seconds_pass() {
    let source = "local s = ('x'):rep(1 << 24) for i = 1, 600 do local _ = s == s .. '' end print(os.time())";
    let (text, vm) = run(source, &options());
    let passed = (vm.elapsed_ns() / 1_000_000_000) as i64;
    assert!(passed > 0);
    assert_eq!(text, format!("{}\n", EPOCH_SECONDS + passed));
}

#[test]
fn what_is_random_follows_from_the_seed() {
    let source =
        "print(math.random(1000000), math.random(1000000)) print(math.randomseed()) print(math.random(1000000))";
    let of = |seed| run(source, &VmOptions { seed, ..options() }).0;
    assert_eq!(of(7), of(7));
    assert_ne!(of(7), of(8));
    let unseeded = run("print(math.random(1000000), math.random(1000000))", &VmOptions::default()).0;
    assert!(of(0).starts_with(&unseeded), "the default is where a run by the wall clock starts");
}

#[test]
fn temporary_files_are_counted() {
    let names = "local a, b = os.tmpname(), os.tmpname() os.remove(a) os.remove(b) print(a:gsub('.*/', ''))";
    let (text, _) = run(names, &options());
    assert!(text.starts_with("lua_0"), "{text}");
}

/// Churns strings, identities, dictionaries and weak tables, and prints the size of the heap all the while.
const CHURN: &str = "
    local shown = {}
    local function show() shown[#shown + 1] = string.format('%d', collectgarbage('count') * 1024) end
    local live = {}
    for i = 1, 60000 do
        live[i % 997] = 'string ' .. i
        if i % 7 == 0 then live[i % 997] = nil end
        if i % 3 == 0 then live[tostring({})] = i end
        if i % 11 == 0 then live[tostring({}):sub(1, -2)] = nil end
        if i % 500 == 0 then show() end
    end
    local weak = setmetatable({}, {__mode = 'k'})
    for i = 1, 20000 do
        weak[{}] = tostring({})
        weak[i * 0.5] = {}
        if i % 500 == 0 then show() end
    end
    local order = 0
    for key, value in pairs(live) do order = (order * 31 + #tostring(key)) % 1000003 end
    setmetatable({}, {__gc = function() shown[#shown + 1] = 'gc' end})
    collectgarbage()
    show()
    print(order, table.concat(shown, ' '))";

#[test]
fn nothing_depends_on_hashes() {
    let of = |hash_seed| {
        let (text, vm) = run(CHURN, &VmOptions { hash_seed, ..options() });
        (text, vm.fuel_used(), vm.heap.peak_bytes(), vm.heap.cycles)
    };
    let first = of(1);
    assert!(first.3 > 2, "the collector has worked");
    for seed in 2..12 {
        assert_eq!(of(seed), first, "seed {seed}");
    }
}

#[test]
fn no_thread_compiles() {
    let mut vm = Vm::new(&VmOptions { compiler_threads: 2, ..options() });
    vm.controller.set_compiler_threads(2);
    assert_eq!(vm.finish_run().queue.threads, 0);
}

#[test]
fn an_embedded_vm_can_have_it_too() {
    let first = |seed| -> i64 {
        let mut lua = Lua::builder().clock(Clock::Virtual).seed(seed).native_stack(0).build();
        assert_eq!(lua.eval::<i64>("return os.time()").expect("runs"), EPOCH_SECONDS);
        lua.eval("return math.random(1000000)").expect("runs")
    };
    assert_eq!(first(3), first(3));
    assert_ne!(first(3), first(4));
}
