//! Code memory: what is in use, what has been taken out of use and waits to be freed, and the limit on both.
//!
//! Code out of use may still be running. It is freed when no frame of a running thread is its function's: an activation
//! of compiled code has its frame on the Lua stack until it returns, and suspended coroutines have left theirs.
//!
//! Over the limit, a second-chance clock evicts. Optimised code does not count its entries, so the reference bit is the
//! entry itself: the hand takes it away, the next call or back-edge asks the controller and gets it back, and what is
//! found without one has not been used for a round. Running code is passed over.

use std::{
    cell::Cell,
    collections::{HashSet, VecDeque},
    rc::Rc,
};

use super::Subject;
use crate::{
    clock::Clock,
    frame::{Entry, Frame},
    function::{Proto, frame_proto},
    heap::{Gc, Heap},
    seam::{Bailout, CodeMemorySummary, Installed, Tier, WithdrawRecord, Withdrawal},
    vm::Vm,
};

/// Most bytes of code memory unless [`super::Controller::set_code_limit`] says otherwise.
pub const DEFAULT_CODE_LIMIT: u64 = 256 << 20;
/// Machine code for one word of bytecode, by tier, on average over the suite: what code is charged for under the virtual
/// clock. Its true length depends on the addresses in it.
const BYTES_PER_WORD: [u64; 3] = [0, 120, 44];
/// Events before what was evicted may be compiled again; doubled each time.
const FIRST_BACKOFF: i32 = 256;
const MAX_DOUBLINGS: u8 = 16;
/// Most events that anything withdrawn waits for.
pub(super) const LONGEST_WAIT: i32 = (FIRST_BACKOFF << MAX_DOUBLINGS) * 4;

/// How a function or loop stands with the limit on code memory, and with the optimiser.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Standing {
    /// Its code is there, but has no entry until the next event.
    on_probation: bool,
    /// Its optimised code was given up, and it has not been optimised again since.
    pub(super) was_demoted: bool,
    /// Times its code was evicted, or refused for want of room.
    pub(super) evictions: u8,
    /// The countdown as probation found it.
    paused: i32,
    /// The decision that asked for its code or gave that up, counted from 1; 0: none.
    decision: u32,
}

impl Standing {
    /// The decision that asked for its code, or gave that up.
    pub(super) fn decision(self) -> Option<u64> {
        self.decision.checked_sub(1).map(u64::from)
    }
    pub(super) fn decided_by(&mut self, decision_id: u64) {
        self.decision = u32::try_from(decision_id + 1).unwrap_or(0);
    }
    /// Events before the next compilation, one more eviction counted. A back-edge is a fraction of a call.
    pub(super) fn back_off(&mut self, subject: Subject) -> i32 {
        let wait = FIRST_BACKOFF << self.evictions.min(MAX_DOUBLINGS);
        self.evictions = self.evictions.saturating_add(1);
        match subject {
            Subject::Function => wait,
            Subject::Loop(_) => wait * 4,
        }
    }
}

/// Bytes of code that have not been freed.
#[derive(Default)]
struct Account {
    code: Cell<u64>,
    memory: Cell<u64>,
}

/// One piece of code's share of the account, given back when the code is freed.
struct Charge {
    account: Rc<Account>,
    code: u64,
    memory: u64,
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.account.code.set(self.account.code.get() - self.code);
        self.account.memory.set(self.account.memory.get() - self.memory);
    }
}

pub(super) struct CodeMemory {
    account: Rc<Account>,
    limit: u64,
    peak: u64,
    /// What is freed keeps its address.
    keep_addresses: bool,
    /// What has code, in the order in which the hand passes it.
    residents: VecDeque<(Gc<Proto>, Subject)>,
    /// Functions with code out of use that has not been freed.
    retiring: Vec<Gc<Proto>>,
    /// By [`Withdrawal`].
    withdrawn: [u64; 4],
}

impl Default for CodeMemory {
    fn default() -> Self {
        CodeMemory {
            account: Rc::default(),
            limit: DEFAULT_CODE_LIMIT,
            peak: 0,
            keep_addresses: false,
            residents: VecDeque::new(),
            retiring: Vec::new(),
            withdrawn: [0; 4],
        }
    }
}

impl CodeMemory {
    pub(super) fn set_limit(&mut self, bytes: u64) {
        self.limit = bytes;
    }
    pub(super) fn keep_addresses(&mut self) {
        self.keep_addresses = true;
    }
    /// Machine code that has not been freed, in bytes.
    pub(super) fn code_bytes(&self) -> u64 {
        self.account.code.get()
    }
    /// What it takes of code memory.
    pub(super) fn in_use(&self) -> u64 {
        self.account.memory.get()
    }
    fn is_over(&self) -> bool {
        self.in_use() > self.limit
    }

    pub(super) fn summary(&self) -> CodeMemorySummary {
        let all = [Withdrawal::Deoptimised, Withdrawal::Evicted, Withdrawal::Released, Withdrawal::Replaced];
        CodeMemorySummary {
            in_use: self.in_use(),
            peak: self.peak,
            limit: self.limit,
            withdrawn: all.iter().map(|why| (why.name(), self.withdrawn[*why as usize])).collect(),
        }
    }

    /// Has the code charged, its own bytes and what it takes of code memory, for as long as it is not freed.
    fn charge(&mut self, installed: &mut Installed, code: u64, memory: u64) {
        let charge = Charge { account: Rc::clone(&self.account), code, memory };
        self.account.code.set(self.account.code.get() + charge.code);
        self.account.memory.set(self.account.memory.get() + charge.memory);
        let owner = std::mem::replace(&mut installed.owner, Rc::new(()));
        installed.owner = Rc::new((owner, charge));
    }

    /// Code of functions that have died goes at once: nothing runs it.
    pub(super) fn forget_dead(&mut self, heap: &Heap, dead: &[Gc<Proto>]) {
        if dead.is_empty() {
            return;
        }
        self.residents.retain(|(proto, _)| heap.is_live(*proto));
        self.retiring.retain(|proto| heap.is_live(*proto));
        for proto in dead {
            let object = proto.get_mut();
            object.set_entry(None);
            object.profile.code = None;
            object.profile.retired.clear();
            for state in object.loops_mut() {
                state.osr = None;
                state.code = None;
            }
        }
    }

    /// Frees what is out of use and not running.
    fn reclaim(&mut self, running: &Running) {
        self.retiring.retain(|proto| {
            let runs = running.contains(*proto);
            if !runs {
                proto.get_mut().profile.retired.clear();
            }
            runs
        });
    }

    /// There is code where there was none.
    pub(super) fn add_resident(&mut self, proto: Gc<Proto>, subject: Subject) {
        self.residents.push_back((proto, subject));
    }
    pub(super) fn remove_resident(&mut self, proto: Gc<Proto>, subject: Subject) {
        self.residents.retain(|resident| *resident != (proto, subject));
    }
}

/// Functions with an activation on a running thread.
struct Running(HashSet<*mut Proto>);

impl Running {
    fn contains(&self, proto: Gc<Proto>) -> bool {
        self.0.contains(&proto.as_ptr())
    }

    fn add(&mut self, top: Frame) {
        let mut next = Some(top).filter(|top| !top.0.is_null());
        while let Some(frame) = next {
            // SAFETY: the topmost frame of a running thread is live, and so are its callers.
            unsafe {
                self.0.extend(frame_proto(frame).map(|proto| proto.as_ptr()));
                next = frame.caller();
            }
        }
    }
}

/// The universal entry of compiled code.
pub(super) fn entry_of(installed: &Installed) -> Entry {
    // SAFETY: the compiler made a function with the universal entry's signature at this address.
    unsafe { std::mem::transmute::<*const u8, Entry>(installed.entry) }
}

impl Vm {
    fn running_functions(&self) -> Running {
        let mut running = Running(HashSet::new());
        running.add(self.frame);
        let mut resumer = self.thread.resumer;
        while let Some(thread) = resumer {
            running.add(thread.frame);
            resumer = thread.resumer;
        }
        running
    }

    /// Charges new code of `proto`, which is being consulted on, and makes room for it.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn admit_code(
        &mut self,
        proto: Gc<Proto>,
        tier: Tier,
        mut installed: Installed,
    ) -> Result<Installed, Bailout> {
        let (code, memory) = match self.clock {
            Clock::Wall => (installed.code_bytes.into(), installed.memory_bytes.into()),
            Clock::Virtual => [proto.code().len() as u64 * BYTES_PER_WORD[tier as usize]; 2].into(),
        };
        self.controller.code.charge(&mut installed, code, memory);
        if self.controller.code.is_over() {
            self.make_code_room(proto);
            if self.controller.code.is_over() {
                return Err(Bailout::CODE_LIMIT);
            }
        }
        let code = &mut self.controller.code;
        code.peak = code.peak.max(code.in_use());
        if code.keep_addresses {
            std::mem::forget(std::mem::replace(&mut installed.owner, Rc::new(())));
        }
        Ok(installed)
    }

    #[cold]
    fn make_code_room(&mut self, consulted: Gc<Proto>) {
        let mut running = self.running_functions();
        running.0.insert(consulted.as_ptr());
        self.controller.code.reclaim(&running);
        // In one round everything that does not run is on probation, in two it is gone.
        let mut left = 2 * self.controller.code.residents.len();
        while left > 0 && self.controller.code.is_over() {
            left -= 1;
            let Some((proto, subject)) = self.controller.code.residents.pop_front() else { return };
            if running.contains(proto) || begin_probation(proto, subject) {
                self.controller.code.residents.push_back((proto, subject));
                continue;
            }
            let wait = proto.get_mut().standing(subject).back_off(subject);
            drop(self.withdraw_code(proto, subject, wait, Withdrawal::Evicted));
        }
    }

    /// Takes all code out of use, for a host that is short of memory. What is running is freed when it has been left, at
    /// a later collection. Functions are consulted on anew after some hundreds of events.
    pub fn release_code(&mut self) {
        while let Some((proto, subject)) = self.controller.code.residents.pop_front() {
            let old = self.withdraw_code(proto, subject, FIRST_BACKOFF, Withdrawal::Released);
            self.retire_code(proto, old);
        }
        self.reclaim_code();
    }

    /// Frees code that is out of use, unless it may be running.
    pub(crate) fn reclaim_code(&mut self) {
        if !self.controller.code.retiring.is_empty() {
            let running = self.running_functions();
            self.controller.code.reclaim(&running);
        }
    }

    /// The function (or loop) goes on in tier 0 and is not consulted on for `wait` events; it is no resident any more.
    /// Returns its code, which may be running.
    pub(super) fn withdraw_code(
        &mut self,
        proto: Gc<Proto>,
        subject: Subject,
        wait: i32,
        why: Withdrawal,
    ) -> Option<Installed> {
        let object = proto.get_mut();
        object.standing(subject).on_probation = false;
        subject.consult_after(object, wait);
        let (tier, old) = match subject {
            Subject::Function => {
                object.set_entry(None);
                (std::mem::replace(&mut object.profile.tier, Tier::Cold), object.profile.code.take())
            }
            Subject::Loop(index) => {
                let state = &mut object.loops_mut()[index];
                state.osr = None;
                (std::mem::replace(&mut state.tier, Tier::Cold), state.code.take().map(|code| *code))
            }
        };
        self.note_withdrawal(proto, subject, tier, why);
        old
    }

    /// Keeps code that is out of use until nothing can be running it.
    pub(super) fn retire_code(&mut self, proto: Gc<Proto>, old: Option<Installed>) {
        let Some(old) = old else { return };
        let retired = &mut proto.get_mut().profile.retired;
        if retired.is_empty() {
            self.controller.code.retiring.push(proto);
        }
        retired.push(old);
    }

    pub(super) fn note_withdrawal(&mut self, proto: Gc<Proto>, subject: Subject, tier: Tier, why: Withdrawal) {
        self.controller.code.withdrawn[why as usize] += 1;
        let t_ns = self.elapsed_ns();
        if let Some(sink) = &mut self.controller.sink {
            sink.withdraw(&WithdrawRecord {
                t_ns,
                function_id: proto.profile.function_id,
                label: super::label(&proto),
                loop_pc: subject.loop_pc(&proto),
                tier,
                why,
            });
        }
    }
}

/// Gives back the entry that the clock's hand has taken; says whether there was one.
pub(super) fn end_probation(proto: Gc<Proto>, subject: Subject) -> bool {
    let object = proto.get_mut();
    let standing = object.standing(subject);
    let paused = standing.paused;
    if !std::mem::take(&mut standing.on_probation) {
        return false;
    }
    match subject {
        Subject::Function => {
            let code = object.profile.code.as_ref().map(entry_of);
            object.set_entry(code);
        }
        Subject::Loop(index) => {
            let state = &mut object.loops_mut()[index];
            state.osr = state.code.as_deref().map(entry_of);
        }
    }
    subject.consult_after(object, paused);
    true
}

/// Takes the entry away until the next call or back-edge; false when it had none.
fn begin_probation(proto: Gc<Proto>, subject: Subject) -> bool {
    let object = proto.get_mut();
    if object.standing(subject).on_probation {
        return false;
    }
    let paused = subject.countdown(object);
    subject.consult_after(object, 1);
    match subject {
        Subject::Function => object.set_entry(None),
        Subject::Loop(index) => object.loops_mut()[index].osr = None,
    }
    *object.standing(subject) = Standing { on_probation: true, paused, ..*object.standing(subject) };
    true
}

impl Proto {
    pub(super) fn standing(&mut self, subject: Subject) -> &mut Standing {
        match subject {
            Subject::Function => &mut self.profile.standing,
            Subject::Loop(index) => &mut self.loops_mut()[index].standing,
        }
    }
}
