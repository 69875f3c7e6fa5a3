//! Runs Lua programs in a chosen tier and collects what they print.

pub mod suite;

use std::cell::RefCell;

use trinity_jit::{JitCompiler, Tier1Form, tier2::ForcedExits};
use trinity_vm::{
    heap::GcStress,
    native::{Args, NativeResult},
    seam::{Action, Bailout, Decision, DecisionKind, DecisionPoint, EventSink, Policy, Tier},
    stdlib,
    vm::{Vm, VmOptions},
};

/// How a program is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Interpreter,
    /// Everything is compiled at its first call and first back-edge.
    Tier1,
    /// As [`Mode::Tier1`] after some feedback: functions at the fifth call, loops at the tenth back-edge.
    Tier1Warm,
    /// Functions at the 200th call, loops at the 1000th back-edge.
    Tier1Late,
    /// As [`Mode::Tier1`] and [`Mode::Tier1Warm`], by the portable form of tier 1.
    SinglePass,
    SinglePassWarm,
    /// As [`Mode::Tier1`], optimised.
    Tier2,
    /// As [`Mode::Tier1Warm`], optimised.
    Tier2Warm,
    /// Tier 1 early, tier 2 a little later.
    Mixed,
    /// As [`Mode::Tier1`], with a collection at every poll.
    Tier1Stress,
    SinglePassStress,
    /// The interpreter with a collection at every poll.
    InterpreterStress,
    /// The interpreter with a slice of a collection, verified, at every poll.
    InterpreterSlices,
    Tier1Slices,
    SinglePassSlices,
    Tier2Slices,
    /// Any tier at any time, by this seed, which chooses the form of tier 1 too: odd ones the portable form.
    Random(u64),
    /// As [`Mode::Random`], with a collection at every poll.
    RandomStress(u64),
    /// As [`Mode::Random`], with a slice of a collection, verified, at every poll.
    RandomSlices(u64),
    /// As [`Mode::Tier2Warm`], and guards take their exits although they hold: by the seed, one in 2 to the power of the
    /// second number.
    Exits(u64, u32),
    /// As [`Mode::Mixed`], by this many compiler threads.
    Background(u32),
    /// As [`Mode::Mixed`], by one compiler thread whose code is installed at this poll after it was asked for.
    Lagging(u32),
    /// As [`Mode::Lagging`], with a collection at every poll.
    LaggingStress(u32),
    /// As [`Mode::Lagging`], with a slice of a collection, verified, at every poll.
    LaggingSlices(u32),
}

impl Mode {
    pub fn stress(self) -> GcStress {
        match self {
            Mode::Tier1Stress
            | Mode::SinglePassStress
            | Mode::InterpreterStress
            | Mode::RandomStress(_)
            | Mode::LaggingStress(_) => GcStress::Full,
            Mode::InterpreterSlices
            | Mode::Tier1Slices
            | Mode::SinglePassSlices
            | Mode::Tier2Slices
            | Mode::RandomSlices(_)
            | Mode::LaggingSlices(_) => GcStress::Slices,
            _ => GcStress::Off,
        }
    }
    /// Whether what is compiled when differs from run to run, or from place to place.
    pub fn is_of_many_tiers(self) -> bool {
        use Mode::{Background, Exits, Random, RandomSlices, RandomStress};
        matches!(self, Background(_) | Random(_) | RandomStress(_) | RandomSlices(_) | Exits(..))
    }
    fn form(self) -> Tier1Form {
        match self {
            Mode::SinglePass | Mode::SinglePassWarm | Mode::SinglePassStress | Mode::SinglePassSlices => {
                Tier1Form::SinglePass
            }
            Mode::Random(seed) | Mode::RandomStress(seed) | Mode::RandomSlices(seed) if seed % 2 == 1 => {
                Tier1Form::SinglePass
            }
            _ => Tier1Form::Stencils,
        }
    }
    fn compiles(self) -> Option<Action> {
        match self {
            Mode::Interpreter | Mode::InterpreterStress | Mode::InterpreterSlices => None,
            Mode::Tier2 | Mode::Tier2Warm | Mode::Tier2Slices | Mode::Exits(..) => Some(Action::Hot),
            _ => Some(Action::Warm),
        }
    }
}

/// Every form of tier 1 and random switching between tiers, by themselves, with a collection and with a slice of one at
/// every poll; forced exits.
pub fn matrix() -> impl Iterator<Item = Mode> {
    let seeds = 11..17;
    let tier_1 = [
        Mode::Tier1,
        Mode::Tier1Warm,
        Mode::Tier1Stress,
        Mode::Tier1Slices,
        Mode::SinglePass,
        Mode::SinglePassWarm,
        Mode::SinglePassStress,
        Mode::SinglePassSlices,
    ];
    let random =
        seeds.clone().flat_map(|seed| [Mode::Random(seed), Mode::RandomStress(seed), Mode::RandomSlices(seed)]);
    let exits = seeds.zip(1..).map(|(seed, rarity)| Mode::Exits(seed, rarity));
    tier_1.into_iter().chain(random).chain(exits)
}

struct Forced {
    action: Action,
    calls: u32,
    loops: u32,
    /// Optimise after so many further calls or back-edges.
    then_optimise: Option<u32>,
}

impl Policy for Forced {
    fn name(&self) -> String {
        format!("forced:{},{}", self.calls, self.loops)
    }
    fn first_consultation(&self, kind: DecisionKind) -> u32 {
        if kind == DecisionKind::Osr { self.loops } else { self.calls }
    }
    fn decide(&mut self, point: &DecisionPoint<'_>) -> Decision {
        if point.kind == DecisionKind::Demote {
            return Decision::give_up();
        }
        let wanted = match self.then_optimise {
            Some(_) if point.tier == Tier::Warm => Action::Hot,
            _ => self.action,
        };
        let action = if point.legal.contains(wanted) { wanted } else { Action::Stay };
        Decision::certain(action, self.then_optimise.filter(|_| wanted == Action::Warm).unwrap_or(1_000_000))
    }
}

/// The policy of [`Mode::Random`], with the state of its generator.
struct Anything(u64);

impl Anything {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

impl Policy for Anything {
    fn name(&self) -> String {
        "anything".to_owned()
    }
    fn first_consultation(&self, _: DecisionKind) -> u32 {
        1
    }
    fn decide(&mut self, point: &DecisionPoint<'_>) -> Decision {
        let legal: Vec<Action> = point.legal.iter().collect();
        let action = legal[self.below(legal.len())];
        Decision::certain(action, 1 + self.below(40) as u32)
    }
}

thread_local! {
    static OUTPUT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// What the program printed, followed by its error if it ended with one.
pub fn run(source: &str, name: &str, mode: Mode) -> String {
    run_observed(source, name, mode, None)
}

/// As [`run`], with the VM's events sent to a sink.
pub fn run_observed(source: &str, name: &str, mode: Mode, sink: Option<Box<dyn EventSink>>) -> String {
    run_with(source, name, mode, |vm| {
        if let Some(sink) = sink {
            vm.controller.set_sink(sink);
        }
    })
}

/// As [`run`], in a VM that `configure` has had its hands on.
pub fn run_with(source: &str, name: &str, mode: Mode, configure: impl FnOnce(&mut Vm)) -> String {
    let mut vm = Vm::new(&VmOptions { native_stack: 24 << 20, ..VmOptions::default() });
    prepare(&mut vm, mode);
    configure(&mut vm);
    run_in(&mut vm, source, name, mode)
}

/// As [`run`], in a VM that has been prepared for the mode.
pub fn run_in(vm: &mut Vm, source: &str, name: &str, mode: Mode) -> String {
    let globals = vm.globals;
    let chunk = match vm.load(source.as_bytes(), format!("@{name}").as_bytes(), globals.into()) {
        Ok(chunk) => chunk,
        Err(error) => panic!("{name}: {error:?}"),
    };
    if mode.stress() != GcStress::Off {
        vm.set_field(vm.globals, "STRESS", true);
        vm.heap.set_stress(mode.stress());
    }
    let result = vm.call_from_host(chunk.into(), &[]);
    assert_tier_1_takes_everything(vm, name);
    let mut output = OUTPUT.take();
    if let Err(error) = result {
        let text = vm.to_display(error).map_or_else(|_| "?".into(), |text| text.to_str_lossy().into_owned());
        output.push_str(&format!("ERROR {text}\n"));
    }
    vm.close_state();
    output
}

/// There is no bytecode that tier 1 cannot compile.
pub fn assert_tier_1_takes_everything(vm: &mut Vm, name: &str) {
    let mut bailouts = vm.finish_run().compiles[0].bailouts.clone();
    // What memory is too short for is no matter of bytecode.
    bailouts.retain(|(reason, _)| !Bailout(reason).is_transient());
    assert!(bailouts.is_empty(), "{name}: tier 1 declines: {bailouts:?}");
}

/// Installs policy, compiler, the library, and a `print` that is collected.
pub fn prepare(vm: &mut Vm, mode: Mode) {
    compile_in(vm, mode);
    stdlib::open(vm);
    let globals = vm.globals;
    vm.set_functions(globals, &[("print", print)]);
}

/// Installs the policy of the mode, and the compiler that it needs.
pub fn compile_in(vm: &mut Vm, mode: Mode) {
    let (threads, lag) = match mode {
        Mode::Background(threads) => (threads, None),
        Mode::Lagging(polls) | Mode::LaggingStress(polls) | Mode::LaggingSlices(polls) => (1, Some(polls)),
        _ => (0, None),
    };
    vm.controller.set_compiler_threads(threads);
    if let Some(polls) = lag {
        vm.controller.set_install_lag(polls);
    }
    let mixed = mode == Mode::Mixed || threads > 0;
    let (calls, loops) = match mode {
        Mode::Tier1Warm
        | Mode::SinglePassWarm
        | Mode::Tier2Warm
        | Mode::Tier1Slices
        | Mode::SinglePassSlices
        | Mode::Tier2Slices
        | Mode::Exits(..) => (5, 10),
        Mode::Tier1Late => (200, 1000),
        _ if mixed => (2, 3),
        _ => (1, 1),
    };
    let then_optimise = mixed.then_some(5);
    let Some(action) = mode.compiles() else { return };
    match mode {
        Mode::Random(seed) | Mode::RandomStress(seed) | Mode::RandomSlices(seed) => {
            vm.controller.set_policy(Box::new(Anything(seed)));
        }
        _ => vm.controller.set_policy(Box::new(Forced { action, calls, loops, then_optimise })),
    }
    let mut compiler = JitCompiler::with_form(mode.form());
    if let Mode::Exits(seed, rarity) = mode {
        compiler.force_exits(ForcedExits::new(seed, rarity));
    }
    vm.controller.set_compiler(Box::new(compiler));
}

/// Into the output that [`run`] returns.
fn print(vm: &mut Vm, args: Args) -> NativeResult {
    for index in 0..args.len() {
        let text = vm.to_display(args.get(index))?;
        OUTPUT.with_borrow_mut(|output| {
            if index > 0 {
                output.push('\t');
            }
            output.push_str(&text.to_str_lossy());
        });
    }
    OUTPUT.with_borrow_mut(|output| output.push('\n'));
    vm.ret0(args)
}
