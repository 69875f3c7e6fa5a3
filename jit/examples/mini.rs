//! Runs a script: `mini WARM HOT FILE [ARGS]` with thresholds in events, 0 for never.
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
    let source = std::fs::read(&args[3]).expect("script");
    let number = |index: usize| args.get(index).and_then(|text| text.parse().ok()).unwrap_or(0);
    let (warm, hot) = (number(1), number(2));
    std::thread::Builder::new()
        .stack_size(256 << 20)
        .spawn(move || {
            let mut vm = Vm::new(&VmOptions { native_stack: 250 << 20, ..VmOptions::default() });
            vm.controller.set_policy(Box::new(Fixed(warm, hot)));
            vm.controller.set_compiler(Box::new(JitCompiler::new().expect("host")));
            trinity_vm::stdlib::open(&mut vm);
            let globals = vm.globals;
            let arg = vm.heap.table();
            for (index, text) in args.iter().skip(3).enumerate() {
                let text = vm.new_string(text);
                vm.raw_set_int(arg, index as i64, text);
            }
            vm.set_field(globals, "arg", arg);
            let rest: Vec<Value> = (1..args.len() as i64 - 3).map(|index| arg.get_int(index)).collect();
            let chunk = vm.load(&source, format!("@{}", args[3]).as_bytes(), globals.into()).map_err(|error| error.to_string()).expect("syntax");
            if let Err(error) = vm.call_from_host(chunk.into(), &rest) {
                eprintln!("error: {error:?}");
            }
            if std::env::var_os("STATS").is_some() {
                eprintln!("{:?}", vm.finish_run());
            }
            vm.close_state();
            trinity_vm::stdlib::io::flush(&mut vm);
        })
        .expect("thread")
        .join()
        .expect("run");
}
