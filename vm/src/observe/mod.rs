//! Observed execution: fuel, interruption from outside, and the debug library's hooks.
//!
//! While a program is observed, the interpreter's table of handlers (`Vm::handlers`) holds the same handler for every
//! opcode, `interp::observe`, which accounts for the instruction and goes on to the real one. A program that is not
//! observed pays nothing. Compiled code is neither made nor entered meanwhile (`Vm::native_limit`); activations of it
//! that are under way leave for the interpreter at their next poll, or when a call of theirs returns
//! ([`Vm::leave_compiled`]).
//!
//! A *stop* (fuel used up, an interruption, an objection of the policy) is an error that no protected call catches: the
//! program ends, whatever it does, and the host decides what comes after.

pub(crate) mod hook;
mod interrupt;

use std::sync::atomic::{AtomicBool, Ordering};

pub use interrupt::InterruptHandle;
use interrupt::Interrupts;

use crate::{
    bytecode::Op,
    clock::{COSTS, OpGroup, Price},
    frame::{Frame, Status, flags, status},
    interp,
    native::Throw,
    seam::Tier,
    vm::Vm,
};

/// A `Vm::native_limit` that no stack pointer reaches, whether they are compared as signed or unsigned numbers.
const NO_NATIVE_STACK: usize = isize::MAX as usize;
/// Bytes that a library function may read or write for one tick.
const BYTES_PER_TICK: usize = 16;

/// What is observed.
pub(crate) struct Observer {
    /// What `Vm::fuel` started from.
    granted: u64,
    /// Ticks are taken: there is a limit, or they are counted.
    metered: bool,
    /// Compiled code takes ticks as well.
    pub counts_ticks: bool,
    /// Each instruction has to be looked at, beyond its tick: for hooks, or for a stop.
    pub inspects: bool,
    /// Calls and returns of natives are to be reported to a hook.
    pub hooked: bool,
    /// Execution is looked at instruction by instruction, so that no compiled code may run.
    active: bool,
    stop: Option<Stop>,
    interrupts: Interrupts,
    /// Instructions that have been executed, where they are counted.
    instructions: Option<Box<GroupCounts>>,
    /// `Vm::native_limit` when nothing is observed.
    native_limit: usize,
}

/// How often instructions were executed, by [`OpGroup`].
pub type GroupCounts = [u64; OpGroup::COUNT];

/// Why the program ends.
struct Stop {
    reason: Reason,
    message: Box<[u8]>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    OutOfFuel,
    Interrupted,
    /// The policy objects to it.
    Refused,
}

impl Default for Observer {
    fn default() -> Self {
        Self {
            granted: u64::MAX,
            metered: false,
            counts_ticks: false,
            inspects: false,
            hooked: false,
            active: false,
            stop: None,
            interrupts: Interrupts::default(),
            instructions: None,
            native_limit: 0,
        }
    }
}

/// Ticks that a library function may spend before it pays, unless it is told to give up.
#[derive(Clone, Copy)]
pub struct Allowance {
    pub ticks: u64,
    withdrawn: *const AtomicBool,
}

impl Allowance {
    /// For work outside of a VM.
    pub const UNLIMITED: Allowance = Allowance { ticks: u64::MAX, withdrawn: std::ptr::null() };

    /// Whether the program is interrupted.
    pub fn is_withdrawn(self) -> bool {
        // SAFETY: the flag lives as long as the VM, whose library functions hold allowances only while they run.
        unsafe { self.withdrawn.as_ref() }.is_some_and(|flag| flag.load(Ordering::Relaxed))
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.interrupts.detach();
    }
}

impl Vm {
    /// Limits what the program may do from now on. One tick pays for one bytecode instruction in the interpreter, or for
    /// a comparable piece of work in a library function. When the ticks are used up the program ends with the error
    /// `out of fuel`, which nothing in it can catch; another grant lets the VM run again. `None` is no limit.
    ///
    /// Ticks depend on neither time nor addresses: a program that does the same takes the same.
    pub fn set_fuel(&mut self, fuel: Option<u64>) {
        let observer = &mut self.observer;
        observer.metered = fuel.is_some() || observer.counts_ticks;
        observer.granted = fuel.unwrap_or(u64::MAX);
        self.fuel = observer.granted;
        if observer.stop.as_ref().is_some_and(|stop| stop.reason == Reason::OutOfFuel) {
            observer.stop = None;
        }
        self.update_observation();
    }

    /// Ticks left of the last grant, `None` where none are taken.
    pub fn fuel_left(&self) -> Option<u64> {
        self.observer.metered.then_some(self.fuel)
    }

    /// Ticks used since the last grant or, without one, since the VM was made; `None` where none are taken.
    pub fn fuel_used(&self) -> Option<u64> {
        self.observer.metered.then_some(self.observer.granted - self.fuel)
    }

    /// Whether compiled code has to take ticks.
    pub fn counts_ticks(&self) -> bool {
        self.observer.counts_ticks
    }

    /// A handle by which another thread, or a signal handler, ends the program that this VM runs. The VM must stay where
    /// it is, in its box.
    pub fn interrupt_handle(&mut self) -> InterruptHandle {
        self.observer.interrupts.handle(&raw mut self.heap.threshold)
    }

    /// Whether the program is being ended: errors are not to be caught.
    #[inline]
    pub(crate) fn is_stopping(&self) -> bool {
        self.observer.stop.is_some()
    }

    /// Whether instructions are observed, so that compiled code must not go on.
    #[inline]
    pub fn is_observing(&self) -> bool {
        self.observer.active
    }

    /// The host has been told of an interruption: the VM may run again.
    pub(crate) fn forget_interruption(&mut self) {
        if self.observer.stop.as_ref().is_some_and(|stop| stop.reason == Reason::Interrupted) {
            self.observer.stop = None;
            self.update_observation();
        }
    }

    /// Counts instructions by groups from now on. The program runs in the interpreter.
    pub fn count_instructions(&mut self) {
        self.observer.instructions = Some(Box::default());
        self.update_observation();
    }

    /// Instructions that were executed since [`Vm::count_instructions`].
    pub fn instruction_counts(&self) -> Option<&GroupCounts> {
        self.observer.instructions.as_deref()
    }

    /// An instruction is executed.
    #[inline]
    pub(crate) fn note_instruction(&mut self, op: Op) {
        if let Some(counts) = &mut self.observer.instructions {
            counts[OpGroup::of(op) as usize] += 1;
        }
    }

    /// Compiled code pays for a piece of bytecode; false, and nothing is taken, when there are too few ticks left.
    #[inline]
    pub fn pay(&mut self, price: Price, tier: Tier) -> bool {
        let Some(left) = self.fuel.checked_sub(price.ticks.into()) else { return false };
        self.fuel = left;
        self.model += u64::from(price.model[tier as usize]);
        true
    }

    /// Compiled code gets back what it has paid for and does not do.
    #[inline]
    pub fn refund(&mut self, price: Price, tier: Tier) {
        self.fuel += u64::from(price.ticks);
        self.model -= u64::from(price.model[tier as usize]);
    }

    /// Pays for work of a library function.
    ///
    /// # Errors
    /// `out of fuel`, or an interruption.
    #[inline]
    pub fn charge(&mut self, ticks: usize) -> Result<(), Throw> {
        if self.observer.metered || self.observer.interrupts.is_requested() {
            self.charge_observed(ticks as u64)
        } else {
            Ok(())
        }
    }

    /// [`Vm::charge`] for a plain case, which cannot throw: `None`, and nothing is taken, when the full one has to.
    #[inline]
    pub(crate) fn charge_plain(&mut self, ticks: usize) -> Option<()> {
        if self.observer.metered {
            self.fuel = self.fuel.checked_sub(ticks as u64)?;
            self.model += ticks as u64 * u64::from(COSTS.library_tick);
        }
        Some(())
    }

    /// [`Vm::charge_plain`] for reading or writing so many bytes.
    #[inline]
    pub(crate) fn charge_plain_bytes(&mut self, bytes: usize) -> Option<()> {
        self.charge_plain(bytes / BYTES_PER_TICK)
    }

    /// Pays for reading or writing so many bytes.
    ///
    /// # Errors
    /// As [`Vm::charge`].
    #[inline]
    pub fn charge_bytes(&mut self, bytes: usize) -> Result<(), Throw> {
        self.charge(bytes / BYTES_PER_TICK)
    }

    /// Pays for work that an instruction did beyond the usual. When that was the last, the next instruction finds out.
    #[inline]
    pub(crate) fn spend(&mut self, ticks: usize) {
        if self.observer.metered {
            self.fuel = self.fuel.saturating_sub(ticks as u64);
            self.model += ticks as u64 * u64::from(COSTS.library_tick);
        }
    }

    /// [`Vm::spend`] for reading or writing so many bytes.
    #[inline]
    pub(crate) fn spend_bytes(&mut self, bytes: usize) {
        self.spend(bytes / BYTES_PER_TICK);
    }

    #[cold]
    #[inline(never)]
    fn charge_observed(&mut self, ticks: u64) -> Result<(), Throw> {
        self.check_stop()?;
        if !self.observer.metered {
            return Ok(());
        }
        // The next instruction, or the next charge, finds that nothing is left.
        let left = self.fuel.checked_sub(ticks);
        self.model += ticks.min(self.fuel) * u64::from(COSTS.library_tick);
        self.fuel = left.unwrap_or(0);
        if left.is_none() { Err(self.stop(Reason::OutOfFuel, "out of fuel")) } else { Ok(()) }
    }

    /// What a library function may still spend on work that it pays for afterwards.
    pub(crate) fn allowance(&self) -> Allowance {
        Allowance { ticks: self.fuel, withdrawn: self.observer.interrupts.flag() }
    }

    /// Ends the program with an error at the position of the running Lua function.
    fn stop(&mut self, reason: Reason, text: &str) -> Throw {
        self.note_stop(reason, text);
        self.throw_stop()
    }

    /// Ends the program with this error at its next instruction. Where compiled code goes on before that, it leaves at
    /// once.
    pub(crate) fn end_program(&mut self, text: &str) {
        self.note_stop(Reason::Refused, text);
    }

    fn note_stop(&mut self, reason: Reason, text: &str) {
        let mut message = self.where_(0);
        if message.is_empty() {
            message = self.where_(1);
        }
        message.extend_from_slice(text.as_bytes());
        self.observer.stop = Some(Stop { reason, message: message.into() });
        self.update_observation();
    }

    /// The error that ends the program, once more.
    pub(crate) fn throw_stop(&mut self) -> Throw {
        if let Some(stop) = &self.observer.stop {
            self.error = self.heap.string(&stop.message).into();
        }
        self.note_error_place()
    }

    /// # Errors
    /// The program has to end here.
    pub(crate) fn check_stop(&mut self) -> Result<(), Throw> {
        if self.is_stopping() {
            return Err(self.throw_stop());
        }
        if self.observer.interrupts.take() {
            self.arm();
            return Err(self.stop(Reason::Interrupted, "interrupted!"));
        }
        if self.fuel == 0 {
            return Err(self.stop(Reason::OutOfFuel, "out of fuel"));
        }
        Ok(())
    }

    /// The part of a poll that is about observation: an interruption falls due at the next instruction.
    pub(crate) fn poll_observation(&mut self) {
        if self.observer.interrupts.is_requested() {
            self.update_observation();
        }
    }

    /// The heap has a new threshold: an interruption that has not been noticed yet still asks for a poll, and so does
    /// observation, of which activations of compiled code below this one have still to be told.
    pub(crate) fn keep_observation(&mut self) {
        let may_be_compiled = self.observer.active && self.controller.has_compiler();
        if may_be_compiled || self.observer.interrupts.is_requested() {
            self.heap.set_threshold(0);
        }
    }

    /// Switches between plain and observed execution, by what there is to observe on the running thread.
    pub(crate) fn update_observation(&mut self) {
        let hook = self.thread.hook.as_ref();
        let (has_hook, awake) = (hook.is_some_and(|hook| hook.mask != 0), hook.is_some_and(|hook| hook.is_awake()));
        let observer = &mut self.observer;
        observer.hooked = awake;
        let counts = observer.instructions.is_some();
        observer.inspects = awake || counts || observer.stop.is_some() || observer.interrupts.is_requested();
        let active = observer.inspects || has_hook || (observer.metered && !observer.counts_ticks);
        self.handlers = if active || observer.counts_ticks { [interp::OBSERVE; 256] } else { interp::HANDLERS };
        if active == observer.active {
            return;
        }
        observer.active = active;
        self.intrinsics.allow(!active);
        if active {
            observer.native_limit = std::mem::replace(&mut self.native_limit, NO_NATIVE_STACK);
            if self.controller.has_compiler() {
                // Loops in compiled code come to a poll.
                self.heap.set_threshold(0);
            }
        } else {
            self.native_limit = observer.native_limit;
        }
    }

    /// Ends an activation of compiled code: its frame, at `base` and with its pc in the header, goes on in the
    /// interpreter.
    pub fn leave_compiled(&mut self, base: *mut crate::value::Value) -> Status {
        self.frame = Frame(base);
        self.exit_frame = Frame(base);
        // SAFETY: the frame is live.
        unsafe { (*self.frame.header()).flags &= !flags::HIDDEN_LOCALS };
        status::EXIT
    }
}
