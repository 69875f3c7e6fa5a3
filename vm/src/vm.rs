//! One virtual machine: its state, how it is entered, and its safepoints.

use std::time::Instant;

use crate::{
    bytecode::FnUnit,
    clock::Clock,
    controller::Controller,
    elementary,
    frame::{Entry, FRAME_OFFSET, Frame, Status, flags, status},
    front,
    function::{Closure, instantiate},
    heap::{Gc, Heap},
    lookup::LookupCache,
    meta::Meta,
    native::Throw,
    observe::Observer,
    string::Str,
    table::Table,
    thread::{STACK_SLOTS, Thread, ThreadStatus, limit_step},
    value::{Value, tag},
};

/// Native activations (natives that call Lua, coroutines inside coroutines) that may nest, as PUC's `LUAI_MAXCCALLS`.
pub const MAX_NATIVE_DEPTH: u32 = 198;
/// Native activations beyond that which a message handler may use.
pub(crate) const HANDLER_DEPTH: u32 = 20;

/// A virtual machine. Compiled code addresses the first fields by offset.
#[repr(C)]
pub struct Vm {
    /// Soft limit of the running thread's stack; see `Thread::limit`.
    pub stack_limit: *mut Value,
    /// End of an open list of values (results of an open call, `...`), or of a native's frame.
    pub top: *mut Value,
    /// Lowest native stack address at which compiled code may still be entered.
    pub native_limit: usize,
    /// The frame that runs; current whenever the VM is left for a helper, native, or poll.
    pub frame: Frame,
    /// Where the interpreter goes on after [`status::EXIT`].
    pub exit_frame: Frame,
    /// Arguments of the call that [`status::TAIL`] leaves at `exit_frame`.
    pub exit_count: u64,
    /// The value being thrown.
    pub error: Value,
    /// Where fields are, for sites that see many shapes.
    pub lookups: LookupCache,
    pub heap: Heap,
    /// The interpreter's handlers by opcode.
    ///
    /// PERF: here a jump finds them by one operand, which a table elsewhere would take an address for.
    pub(crate) handlers: [crate::interp::Handler; 256],
    pub intrinsics: crate::stdlib::intrinsics::Intrinsics,
    pub thread: Gc<Thread>,
    pub(crate) main_thread: Gc<Thread>,
    pub globals: Gc<Table>,
    /// Values kept for natives and hosts.
    pub registry: Gc<Table>,
    pub(crate) string_metatable: Option<Gc<Table>>,
    /// Metatables of the other basic types, by tag.
    pub(crate) type_metatables: [Option<Gc<Table>>; 12],
    /// Ticks left, see [`Vm::set_fuel`]; where no limit has been set it counts down from `u64::MAX`.
    pub fuel: u64,
    /// Modelled time in picoseconds since the VM was made, where ticks are counted: see [`crate::clock`].
    pub model: u64,
    pub(crate) meta_names: [Gc<Str>; Meta::COUNT],
    /// The frame that threw: what a message handler and a traceback look at.
    pub(crate) error_frame: Frame,
    pub(crate) error_top: *mut Value,
    pub(crate) native_depth: u32,
    /// By how much it may be exceeded: [`HANDLER_DEPTH`] while a message handler runs.
    pub(crate) handler_depth: u32,
    pub(crate) in_finalizer: bool,
    /// Nanoseconds that the collector has taken.
    pub gc_ns: u64,
    pub controller: Controller,
    pub(crate) created: Instant,
    pub(crate) clock: Clock,
    /// See [`VmOptions::seed`].
    pub(crate) seed: u64,
    /// Frame and pc of the next instruction, where the interpreter does not hand them on itself.
    #[cfg(not(threaded))]
    pub(crate) next: (*mut Value, *mut crate::bytecode::Instr),
    pub(crate) libraries: crate::stdlib::State,
    pub(crate) embed: crate::embed::State,
    pub(crate) observer: Observer,
    /// State of the embedding program, by type.
    extensions: std::collections::HashMap<std::any::TypeId, Box<dyn std::any::Any>>,
}

/// How a VM is made.
#[derive(Clone, Debug)]
pub struct VmOptions {
    /// What time is.
    pub clock: Clock,
    /// Where `math.random` starts, and under the virtual clock what `math.randomseed()` goes by.
    pub seed: u64,
    /// Ticks that programs may take, see [`Vm::set_fuel`].
    pub fuel: Option<u64>,
    /// Ticks are counted, in compiled code too; otherwise a program with fuel runs in tier 0. Always so under the virtual
    /// clock.
    pub count_ticks: bool,
    /// Mixed into the hashes of short strings, beside a number that differs from process to process.
    pub hash_seed: u32,
    /// Native stack that compiled code may use, in bytes, counted from where the VM is created.
    pub native_stack: usize,
    /// Most bytes that the heap may use; a program that needs more gets the error "not enough memory".
    pub memory_limit: Option<usize>,
    /// See [`Controller::set_compiler_threads`]. None are used under the virtual clock.
    pub compiler_threads: u32,
}

impl Default for VmOptions {
    fn default() -> Self {
        Self {
            clock: Clock::Wall,
            seed: 0,
            fuel: None,
            count_ticks: false,
            hash_seed: 0x5bd1_e995,
            native_stack: 6 << 20,
            memory_limit: None,
            compiler_threads: 0,
        }
    }
}

impl Vm {
    /// A VM without libraries; see [`crate::stdlib::open`].
    pub fn new(options: &VmOptions) -> Box<Vm> {
        let mut heap = Heap::new(options.hash_seed);
        let thread = heap.thread(true);
        let globals = heap.table();
        let registry = heap.table();
        let meta_names = Meta::names().map(|name| heap.string(name.as_bytes()));
        let marker = 0u8;
        let here = &raw const marker as usize;
        let mut vm = Box::new(Vm {
            stack_limit: thread.limit,
            top: thread.stack_base(),
            native_limit: here.saturating_sub(options.native_stack),
            frame: Frame(std::ptr::null_mut()),
            exit_frame: Frame(std::ptr::null_mut()),
            exit_count: 0,
            error: Value::NIL,
            lookups: LookupCache::default(),
            heap,
            handlers: crate::interp::HANDLERS,
            intrinsics: Default::default(),
            thread,
            main_thread: thread,
            globals,
            registry,
            string_metatable: None,
            type_metatables: [None; 12],
            fuel: u64::MAX,
            model: 0,
            meta_names,
            error_frame: Frame(std::ptr::null_mut()),
            error_top: std::ptr::null_mut(),
            native_depth: 0,
            handler_depth: 0,
            in_finalizer: false,
            gc_ns: 0,
            controller: Controller::default(),
            created: Instant::now(),
            clock: options.clock,
            seed: options.seed,
            #[cfg(not(threaded))]
            next: (std::ptr::null_mut(), std::ptr::null_mut()),
            libraries: crate::stdlib::State::new(options.clock, options.seed),
            embed: Default::default(),
            observer: Observer::default(),
            extensions: Default::default(),
        });
        vm.thread.get_mut().status = ThreadStatus::Running;
        vm.make_root_frame();
        let is_virtual = options.clock == Clock::Virtual;
        vm.observer.counts_ticks = options.count_ticks || is_virtual;
        if vm.observer.counts_ticks || options.fuel.is_some() {
            vm.set_fuel(options.fuel);
        }
        if let Some(bytes) = options.memory_limit {
            vm.heap.set_limit(bytes);
        }
        if is_virtual {
            elementary::compute_portably();
            vm.controller.compile_at_once();
        }
        vm.controller.set_compiler_threads(options.compiler_threads);
        vm
    }

    /// The frame below everything: the host, as a native without arguments.
    fn make_root_frame(&mut self) {
        let host = self.new_native("host", |_, _| Ok(0));
        let bottom = self.thread.stack_base();
        // SAFETY: the stack is fresh.
        unsafe {
            *bottom = host;
            let base = bottom.add(FRAME_OFFSET);
            Frame(base).header().write(Self::call_header(0));
            self.frame = Frame(base);
            self.top = base;
        }
    }

    /// Compiles a chunk to a function whose only upvalue is `env`.
    ///
    /// # Errors
    /// A syntax error.
    pub fn load(&mut self, source: &[u8], chunk_name: &[u8], env: Value) -> Result<Gc<Closure>, front::SyntaxError> {
        let unit = front::compile(source, chunk_name)?;
        Ok(self.instantiate(unit, env))
    }

    /// A function from a compiled unit.
    pub fn instantiate(&mut self, unit: FnUnit, env: Value) -> Gc<Closure> {
        self.note_names(&unit.strings);
        let (calls, loops) = self.controller.first_consultations();
        self.controller.functions_seen += count_functions(&unit);
        let proto = instantiate(&mut self.heap, unit, calls, loops);
        self.controller.register(proto);
        let count = proto.unit.upvals.len();
        let closure = self.heap.closure(proto, count);
        for index in 0..count {
            let upvalue = self.heap.closed_upvalue(if index == 0 { env } else { Value::NIL });
            closure.set_upvalue(&mut self.heap, index, upvalue);
        }
        closure
    }

    /// Calls a function from the host and copies its results. After an error the stack is as it was before the call.
    ///
    /// # Errors
    /// The error value.
    pub fn call_from_host(&mut self, function: Value, args: &[Value]) -> Result<Vec<Value>, Value> {
        let (frame, level) = (self.frame, self.top);
        match self.call(function, args) {
            Ok(count) => Ok((0..count as usize).map(|index| self.result(index)).collect()),
            Err(_) => {
                let error = self.unwind_to(level, self.error);
                (self.frame, self.top) = (frame, level);
                if self.native_depth == 0 {
                    self.forget_interruption();
                }
                Err(error)
            }
        }
    }

    /// Enters the function whose frame has been laid out at `base`: compiled, interpreted, native or `__call`.
    /// Returns when it returns, throws or yields; results lie where the function was.
    pub(crate) fn enter(&mut self, base: *mut Value, count: u64) -> Status {
        if self.native_depth >= MAX_NATIVE_DEPTH + self.handler_depth {
            return self.native_overflow().status();
        }
        self.native_depth += 1;
        // SAFETY: the caller laid out a frame at `base`.
        let status = unsafe { self.enter_unchecked(base, count) };
        self.native_depth -= 1;
        status
    }

    /// # Safety
    /// A frame has been laid out at `base`.
    pub unsafe fn enter_unchecked(&mut self, base: *mut Value, count: u64) -> Status {
        // SAFETY: as the contract says.
        unsafe {
            let function = Frame(base).function();
            match function.tag {
                tag::CLOSURE => {
                    let proto = function.closure_unchecked().proto;
                    let status = (proto.entry)(self, base, count);
                    let status = crate::interp::settle(self, status);
                    if status == status::EXIT { self.resume_exit(Frame(base)) } else { status }
                }
                tag::NATIVE => match self.call_native(function.native_unchecked().function, base, count as u32) {
                    Ok(count) => i64::from(count),
                    Err(throw) => throw.status(),
                },
                _ => match self.prepare_call_meta(base, count as usize) {
                    Ok(count) => self.enter_unchecked(base, count as u64),
                    Err(throw) => throw.status(),
                },
            }
        }
    }

    /// Compiled code left the activation whose caller is native: the interpreter finishes it. `outermost` is the
    /// frame that the caller entered.
    ///
    /// # Safety
    /// The last status was [`status::EXIT`].
    pub unsafe fn resume_exit(&mut self, outermost: Frame) -> Status {
        // A vararg function moves its frame up after it was entered: find the frame whose caller is the entered
        // frame's caller.
        let mut frame = self.exit_frame;
        // SAFETY: frames between the exit frame and the entered one are live.
        unsafe {
            while let Some(caller) = frame.caller() {
                if caller.0 < outermost.0 {
                    break;
                }
                frame = caller;
            }
            (*frame.header()).flags |= flags::NATIVE_CALLER;
            crate::interp::run(self, self.exit_frame)
        }
    }

    /// Makes room for `slots` from `from` on.
    ///
    /// # Errors
    /// Stack overflow.
    #[inline]
    pub fn ensure_stack(&mut self, from: *mut Value, slots: usize) -> Result<(), Throw> {
        if (self.stack_limit as usize).wrapping_sub(from as usize) / size_of::<Value>() > slots
            && self.stack_limit > from
        {
            return Ok(());
        }
        self.raise_stack_limit(from, slots)
    }

    #[cold]
    fn raise_stack_limit(&mut self, from: *mut Value, slots: usize) -> Result<(), Throw> {
        let hard = self.thread.hard_limit();
        let used = (from as usize - self.thread.stack_base() as usize) / size_of::<Value>();
        // An error handler that runs on an overflowing stack may use the reserve.
        let reserve = if self.stack_limit > hard { STACK_SLOTS + 6_000 } else { STACK_SLOTS };
        if slots > STACK_SLOTS || used + slots + 64 > reserve {
            if used + 64 < STACK_SLOTS + 6_000 && self.stack_limit <= hard {
                // SAFETY: inside the reservation.
                self.stack_limit = unsafe { self.thread.stack_base().add(STACK_SLOTS + 6_000) };
                self.thread.get_mut().limit = self.stack_limit;
            }
            return Err(self.runtime_error("stack overflow"));
        }
        let wanted = (used + slots + limit_step(used)).min(STACK_SLOTS);
        // SAFETY: inside the reservation.
        let wanted = unsafe { self.thread.stack_base().add(wanted) };
        self.stack_limit = self.stack_limit.max(wanted);
        let thread = self.thread.get_mut();
        // Whoever takes the stack back clears it up to here, also when the VM ends before its next collection.
        thread.limit = self.stack_limit;
        thread.charge_to(&mut self.heap, self.stack_limit);
        Ok(())
    }

    #[cold]
    fn native_overflow(&mut self) -> Throw {
        if self.handler_depth > 0 {
            self.error = self.new_string("error in error handling");
            return Throw::Error;
        }
        self.runtime_error("C stack overflow")
    }

    /// Runs every pending and future finalizer: the end of the program (manual §2.5.3).
    pub fn close_state(&mut self) {
        let bottom = self.thread.stack_base();
        let _ = self.unwind_to(bottom, Value::NIL);
        self.heap.finalize_everything();
        self.run_finalizers(usize::MAX);
    }

    /// When the VM was made, by the wall clock.
    pub fn created(&self) -> Instant {
        self.created
    }

    /// State of the embedding program: one value of each type, made when it is first asked for.
    pub fn extension<T: Default + 'static>(&mut self) -> &mut T {
        self.extensions
            .entry(std::any::TypeId::of::<T>())
            .or_insert_with(|| Box::<T>::default())
            .downcast_mut()
            .expect("the entry has the type it is keyed by")
    }
}

fn count_functions(unit: &FnUnit) -> u64 {
    1 + unit.children.iter().map(count_functions).sum::<u64>()
}

/// Universal entry of a function without code: the interpreter.
pub(crate) unsafe extern "C" fn interpreter_entry(vm: *mut Vm, base: *mut Value, count: u64) -> Status {
    // SAFETY: the caller passes the running VM and a frame that it laid out for a Lua closure.
    unsafe {
        let vm = &mut *vm;
        match crate::interp::prepare_lua_call(vm, Frame(base), count as usize) {
            Ok(frame) => {
                (*frame.header()).flags |= flags::NATIVE_CALLER;
                crate::interp::run(vm, frame)
            }
            Err(throw) => throw.status(),
        }
    }
}

/// The interpreter's universal entry, for compiled code that declines to run natively.
pub const INTERPRETER_ENTRY: Entry = interpreter_entry;
