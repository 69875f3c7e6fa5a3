//! Runs a script without libraries: `mini FILE [WARM HOT]` with thresholds in events, 0 for never.
use trinity_jit::JitCompiler;
use trinity_vm::{
    seam::{Action, Decision, DecisionKind, DecisionPoint, Feature, Policy},
    value::Value,
    vm::{Vm, VmOptions},
};

struct Fixed(u32, u32);

impl Policy for Fixed {
    fn name(&self) -> String {
        format!("fixed:{},{}", self.0, self.1)
    }
    fn first_consultation(&self, _: DecisionKind) -> u32 {
        [self.0, self.1].into_iter().filter(|t| *t > 0).min().unwrap_or(u32::MAX)
    }
    fn decide(&mut self, point: &DecisionPoint<'_>) -> Decision {
        let events = match point.kind {
            DecisionKind::Osr => point.features[Feature::LoopBackedges],
            _ => point.features[Feature::Calls] + point.features[Feature::Backedges],
        };
        let mut action = Action::Stay;
        let mut next = u32::MAX;
        for (threshold, to) in [(self.0, Action::Warm), (self.1, Action::Hot)] {
            if threshold > 0 && events >= f64::from(threshold) && point.legal.contains(to) {
                action = to;
            } else if threshold > 0 && events < f64::from(threshold) {
                next = next.min((f64::from(threshold) - events) as u32);
            }
        }
        Decision::certain(action, next.max(1))
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let source = std::fs::read(&args[1]).expect("script");
    let number = |index: usize| args.get(index).and_then(|text| text.parse().ok()).unwrap_or(0);
    let (warm, hot) = (number(2), number(3));
    std::thread::Builder::new()
        .stack_size(256 << 20)
        .spawn(move || {
            let mut vm = Vm::new(&VmOptions { native_stack: 250 << 20, ..VmOptions::default() });
            vm.controller.set_policy(Box::new(Fixed(warm, hot)));
            vm.controller.set_compiler(Box::new(JitCompiler::new().expect("host")));
            let print = vm.new_native("print", |vm, args| {
                let mut out = Vec::new();
                for index in 0..args.len() {
                    if index > 0 {
                        out.push(b'\t');
                    }
                    let text = vm.to_display(args.get(index))?;
                    out.extend_from_slice(text.as_bytes());
                }
                println!("{}", String::from_utf8_lossy(&out));
                vm.ret0(args)
            });
            let clock = vm.new_native("clock", |vm, args| {
                let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("clock");
                vm.ret1(args, Value::float(time.as_secs_f64()))
            });
            let pcall = vm.new_native("pcall", trinity_vm::coroutine::pcall);
            let globals = vm.globals;
            vm.set_field(globals, "print", print);
            vm.set_field(globals, "clock", clock);
            vm.set_field(globals, "pcall", pcall);
            let chunk = vm.load(&source, b"@script", globals.into()).map_err(|error| error.to_string()).expect("syntax");
            if let Err(error) = vm.call_from_host(chunk.into(), &[]) {
                eprintln!("error: {error:?}");
            }
            eprintln!("{:#?}", vm.finish_run());
        })
        .expect("thread")
        .join()
        .expect("run");
}
