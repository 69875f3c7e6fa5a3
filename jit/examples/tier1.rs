//! Runs a Lua program in one tier and reports its time: `tier1 interpreter|tier1|warm|late|stress FILE`.
//! With `TRINITY_JIT_DUMP` set it also prints the code that tier 1 makes.

#[path = "../tests/support/mod.rs"]
#[allow(dead_code, reason = "each user of the module needs a part of it")]
mod support;

use std::{cell::RefCell, rc::Rc, time::Instant};

use support::{Mode, run_observed};
use trinity_vm::seam::{
    CompileRecord, DecisionRecord, DeoptRecord, EventSink, FunctionRecord, IterationRecord, RunSummary,
};

/// Collects the compilations.
#[derive(Clone, Default)]
struct Compilations(Rc<RefCell<Vec<CompileRecord>>>);

impl EventSink for Compilations {
    fn decision(&mut self, _: &DecisionRecord) {}
    fn compile(&mut self, record: &CompileRecord) {
        self.0.borrow_mut().push(record.clone());
    }
    fn deopt(&mut self, _: &DeoptRecord) {}
    fn iteration(&mut self, _: &IterationRecord) {}
    fn function(&mut self, _: &FunctionRecord) {}
    fn run_end(&mut self, _: &RunSummary) {}
}

impl Compilations {
    fn report(&self) {
        let records = self.0.borrow();
        let mut costs: Vec<f64> =
            records.iter().map(|record| record.cpu_ns as f64 / 1e3 / f64::from(record.bytecode_len)).collect();
        if costs.is_empty() {
            return;
        }
        costs.sort_by(f64::total_cmp);
        let total = |value: fn(&CompileRecord) -> f64| records.iter().map(value).sum::<f64>();
        let words = total(|record| f64::from(record.bytecode_len));
        eprintln!(
            "{} compilations, median {:.2} us/word, all {:.2} us/word (lowering {:.2}, codegen {:.2}), {:.1} bytes/word, {:.1} insts/word",
            costs.len(),
            costs[costs.len() / 2],
            total(|record| record.cpu_ns as f64) / 1e3 / words,
            total(|record| record.phases.lower_ns as f64) / 1e3 / words,
            total(|record| record.phases.codegen_ns as f64) / 1e3 / words,
            total(|record| f64::from(record.code_bytes)) / words,
            total(|record| f64::from(record.ir_insts)) / words,
        );
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let mode = match args.next().as_deref() {
        Some("interpreter") => Mode::Interpreter,
        Some("tier1") => Mode::Tier1,
        Some("warm") => Mode::Tier1Warm,
        Some("stress") => Mode::Tier1Stress,
        _ => Mode::Tier1Late,
    };
    let file = args.next().expect("a Lua file");
    let source = std::fs::read_to_string(&file).expect("a readable file");
    let body = move || {
        let compilations = Compilations::default();
        let started = Instant::now();
        let output = run_observed(&source, &file, mode, Some(Box::new(compilations.clone())));
        print!("{output}");
        eprintln!("{:.1} ms", started.elapsed().as_secs_f64() * 1e3);
        compilations.report();
    };
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(body).expect("a thread starts");
    thread.join().expect("the program runs");
}
