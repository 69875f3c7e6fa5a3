use trinity_vm::{vm::{Vm, VmOptions}, value::Value};
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let src = std::fs::read(&path).unwrap();
    let mut vm = Vm::new(&VmOptions::default());
    let print = vm.new_native("print", |vm, args| {
        let mut out = Vec::new();
        for i in 0..args.len() { if i > 0 { out.push(b'\t'); } let s = vm.to_display(args.get(i))?; out.extend_from_slice(s.as_bytes()); }
        println!("{}", String::from_utf8_lossy(&out)); vm.ret0(args)
    });
    let pcall = vm.new_native("pcall", trinity_vm::coroutine::pcall);
    let g = vm.globals; vm.set_field(g, "print", print); vm.set_field(g, "pcall", pcall);
    let clock = vm.new_native("clock", |vm, args| { let mut t = libc::timespec{tv_sec:0,tv_nsec:0}; unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut t) }; let t = t.tv_sec as f64 + t.tv_nsec as f64/1e9; vm.ret1(args, Value::float(t)) });
    vm.set_field(g, "clock", clock);
    let f = match vm.load(&src, format!("@{path}").as_bytes(), g.into()) { Ok(f) => f, Err(e) => { eprintln!("{e:?}"); return } };
    match vm.call_from_host(f.into(), &[]) { Ok(_) => {}, Err(e) => eprintln!("error: {e:?}") }
}
