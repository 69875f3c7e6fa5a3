//! Compiler threads and the queue in front of them. Nothing here knows the heap: tasks go in, products come out.
//!
//! Threads are started as work comes in, live as long as the queue, and are never waited for: when the queue goes, waiting
//! tasks are dropped, running ones are told to end early, and each thread ends with the task that it is at.

use std::{
    cmp::Ordering,
    collections::BinaryHeap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Instant,
};

use super::thread_cpu_ns;
use crate::{
    doorbell::Doorbell,
    seam::{Bailout, Product, Task, Workbench},
};

/// Stack of a compiler thread, in bytes.
const STACK: usize = 8 << 20;

/// Names one compilation of a VM.
pub(crate) type Ticket = u64;

struct Order {
    ticket: Ticket,
    /// Greater ones are taken first; among equals, those that came first.
    priority: f64,
    task: Box<dyn Task>,
}

impl Ord for Order {
    fn cmp(&self, other: &Self) -> Ordering {
        self.priority.total_cmp(&other.priority).then(other.ticket.cmp(&self.ticket))
    }
}
impl PartialOrd for Order {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Order {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Order {}

/// A task that a compiler thread has ended with.
pub(super) struct Done {
    pub ticket: Ticket,
    pub started: Instant,
    /// CPU time of the task.
    pub cpu_ns: u64,
    pub result: Result<Product, Bailout>,
}

#[derive(Default)]
struct Orders {
    waiting: BinaryHeap<Order>,
    /// With the flags that tell them to end early.
    running: Vec<(Ticket, Arc<AtomicBool>)>,
    done: Vec<Done>,
    /// Threads that wait for work.
    idle: usize,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    orders: Mutex<Orders>,
    /// Something is waiting, or the queue is closed.
    work: Condvar,
    /// Something is done.
    progress: Condvar,
    /// Something is done that has not been taken.
    ready: AtomicBool,
    bell: Doorbell,
}

/// The side of the thread that runs Lua.
pub(super) struct Queue {
    shared: Arc<Shared>,
    threads: usize,
}

impl Queue {
    /// `word` is what a finished task writes 0 to, see [`Doorbell::attach`]; null for none.
    pub fn new(word: *mut usize) -> Queue {
        let shared = Arc::<Shared>::default();
        shared.bell.attach(word);
        Queue { shared, threads: 0 }
    }

    /// Queues a task for one of at most `limit` threads.
    ///
    /// # Errors
    /// The system gives no thread; the task comes back.
    pub fn push(
        &mut self,
        ticket: Ticket,
        priority: f64,
        task: Box<dyn Task>,
        limit: usize,
    ) -> Result<(), Box<dyn Task>> {
        let orders = self.shared.lock();
        let busy = orders.waiting.len() >= orders.idle;
        drop(orders);
        if busy && !self.start_thread(limit) {
            return Err(task);
        }
        self.shared.lock().waiting.push(Order { ticket, priority, task });
        self.shared.work.notify_one();
        Ok(())
    }

    /// Starts one of at most `limit` threads; false if there is none in the end.
    pub fn start_thread(&mut self, limit: usize) -> bool {
        if self.threads < limit {
            let shared = Arc::clone(&self.shared);
            // SAFETY: always.
            let here = unsafe { libc::sched_getcpu() };
            let work = move || {
                leave_processor(here);
                shared.work();
            };
            let started = thread::Builder::new().name("compiler".to_owned()).stack_size(STACK).spawn(work);
            self.threads += usize::from(started.is_ok());
        }
        self.threads > 0
    }

    /// Whether something is done that has not been taken.
    pub fn is_ready(&self) -> bool {
        self.shared.ready.load(SeqCst)
    }

    /// Takes what is done.
    pub fn take_done(&self) -> Vec<Done> {
        self.shared.ready.store(false, SeqCst);
        std::mem::take(&mut self.shared.lock().done)
    }

    /// Waits until this task is done, and takes it. It must have been queued and neither taken nor cancelled.
    pub fn wait_for(&self, ticket: Ticket) -> Done {
        let mut orders = self.shared.lock();
        loop {
            if let Some(at) = orders.done.iter().position(|done| done.ticket == ticket) {
                return orders.done.swap_remove(at);
            }
            orders = self.shared.progress.wait(orders).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Nobody wants this task's result any more; it may come all the same.
    pub fn cancel(&self, ticket: Ticket) {
        let mut orders = self.shared.lock();
        orders.waiting.retain(|order| order.ticket != ticket);
        if let Some((_, cancelled)) = orders.running.iter().find(|(running, _)| *running == ticket) {
            cancelled.store(true, SeqCst);
        }
    }
}

/// Moves this thread to another processor than this one, if it may run on others; it may come back later.
///
/// PERF: a new thread often starts on the processor of the one that made it, which goes on running, and is moved away
/// only some milliseconds later.
fn leave_processor(processor: libc::c_int) {
    let size = size_of::<libc::cpu_set_t>();
    let Ok(processor) = usize::try_from(processor) else { return };
    // SAFETY: the sets are whole, zero is an empty one, and a processor that a set cannot hold is not asked for. A set
    // without a processor that may be used is refused and changes nothing.
    unsafe {
        let mut all: libc::cpu_set_t = std::mem::zeroed();
        if processor < 8 * size && libc::sched_getaffinity(0, size, &raw mut all) == 0 {
            let mut others = all;
            libc::CPU_CLR(processor, &mut others);
            if libc::sched_setaffinity(0, size, &raw const others) == 0 {
                libc::sched_setaffinity(0, size, &raw const all);
            }
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.shared.bell.detach();
        let mut orders = self.shared.lock();
        orders.closed = true;
        let waiting = std::mem::take(&mut orders.waiting);
        for (_, cancelled) in &orders.running {
            cancelled.store(true, SeqCst);
        }
        drop(orders);
        self.shared.work.notify_all();
        drop(waiting);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Orders> {
        // What the lock protects is whole between any two statements.
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A compiler thread.
    fn work(&self) {
        let mut bench: Workbench = None;
        while let Some((order, cancelled)) = self.next() {
            let (started, cpu) = (Instant::now(), thread_cpu_ns());
            let task = AssertUnwindSafe(|| order.task.run(&mut bench, &cancelled));
            let result = catch_unwind(task).unwrap_or_else(|_| {
                // Whatever was in use may be half done.
                bench = None;
                Err(Bailout("panic"))
            });
            let cpu_ns = thread_cpu_ns().saturating_sub(cpu);
            self.finish(Done { ticket: order.ticket, started, cpu_ns, result });
        }
    }

    /// Waits for work; `None` when the queue is closed.
    fn next(&self) -> Option<(Order, Arc<AtomicBool>)> {
        let mut orders = self.lock();
        loop {
            if orders.closed {
                return None;
            }
            if let Some(order) = orders.waiting.pop() {
                let cancelled = Arc::<AtomicBool>::default();
                orders.running.push((order.ticket, Arc::clone(&cancelled)));
                return Some((order, cancelled));
            }
            orders.idle += 1;
            orders = self.work.wait(orders).unwrap_or_else(PoisonError::into_inner);
            orders.idle -= 1;
        }
    }

    fn finish(&self, done: Done) {
        let mut orders = self.lock();
        orders.running.retain(|(ticket, _)| *ticket != done.ticket);
        if orders.closed {
            // The product goes with the lock released: it may own much.
            drop(orders);
            return;
        }
        orders.done.push(done);
        drop(orders);
        self.progress.notify_all();
        self.ready.store(true, SeqCst);
        self.bell.ring();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Weak, mpsc};

    use super::*;

    /// Waits for a word, then gives a number.
    struct Slow(mpsc::Receiver<()>, u32);
    impl Task for Slow {
        fn run(self: Box<Self>, _: &mut Workbench, cancelled: &AtomicBool) -> Result<Product, Bailout> {
            while self.0.recv().is_ok() {
                if !cancelled.load(SeqCst) {
                    return Ok(Box::new(self.1));
                }
            }
            Err(Bailout("gone"))
        }
    }

    /// Gives the number of tasks that its thread has done before.
    struct Count;
    impl Task for Count {
        fn run(self: Box<Self>, bench: &mut Workbench, _: &AtomicBool) -> Result<Product, Bailout> {
            let count: &mut u32 = bench.get_or_insert_with(|| Box::new(0u32)).downcast_mut().ok_or(Bailout("bench"))?;
            *count += 1;
            Ok(Box::new(*count))
        }
    }

    struct Panics;
    impl Task for Panics {
        fn run(self: Box<Self>, _: &mut Workbench, _: &AtomicBool) -> Result<Product, Bailout> {
            // Without the message that `panic!` prints.
            std::panic::resume_unwind(Box::new("a test"));
        }
    }

    fn number(done: &Done) -> Option<u32> {
        Some(*done.result.as_ref().ok()?.downcast_ref::<u32>()?)
    }

    #[test]
    fn greater_priorities_are_done_first_and_equal_ones_in_order() {
        let mut word = 1usize;
        let mut queue = Queue::new(&raw mut word);
        let (go, wait) = mpsc::channel();
        assert!(queue.push(0, 0.0, Box::new(Slow(wait, 0)), 1).is_ok());
        while queue.shared.lock().running.is_empty() {
            thread::yield_now();
        }
        for (ticket, priority) in [(1, 1.0), (2, 3.0), (3, 2.0), (4, 3.0)] {
            assert!(queue.push(ticket, priority, Box::new(Count), 1).is_ok());
        }
        go.send(()).unwrap();
        assert_eq!(number(&queue.wait_for(0)), Some(0));
        let order = [2, 4, 3, 1].map(|ticket| number(&queue.wait_for(ticket)));
        assert_eq!(order, [Some(1), Some(2), Some(3), Some(4)]);
    }

    #[test]
    fn a_finished_task_rings_and_a_panic_is_a_bail_out() {
        let mut word = 1usize;
        let mut queue = Queue::new(&raw mut word);
        assert!(!queue.is_ready());
        assert!(queue.push(7, 0.0, Box::new(Panics), 2).is_ok());
        while !queue.is_ready() {
            thread::yield_now();
        }
        let done = queue.take_done();
        assert_eq!((done.len(), done[0].ticket), (1, 7));
        assert_eq!(done[0].result.as_ref().err(), Some(&Bailout("panic")));
        assert!(queue.push(8, 0.0, Box::new(Count), 2).is_ok());
        assert!(number(&queue.wait_for(8)) == Some(1), "the thread goes on with an empty bench");
        drop(queue);
        assert_eq!(word, 0);
    }

    #[test]
    fn dropping_the_queue_waits_for_nobody_and_leaves_nothing() {
        let mut word = 1usize;
        let mut queue = Queue::new(&raw mut word);
        let (go, wait) = mpsc::channel();
        assert!(queue.push(0, 0.0, Box::new(Slow(wait, 0)), 1).is_ok());
        while queue.shared.lock().running.is_empty() {
            thread::yield_now();
        }
        assert!(queue.push(1, 0.0, Box::new(Count), 1).is_ok());
        let shared: Weak<Shared> = Arc::downgrade(&queue.shared);
        drop(queue);
        assert!(shared.strong_count() > 0, "the task is still running");
        // Cancelled, it asks for another word; without one it ends, and its thread with it.
        go.send(()).unwrap();
        drop(go);
        while shared.strong_count() > 0 {
            thread::yield_now();
        }
        assert_eq!(word, 1, "a queue that is gone does not ring");
    }

    #[test]
    fn cancelled_tasks_do_not_start_or_are_told() {
        let mut word = 1usize;
        let mut queue = Queue::new(&raw mut word);
        let (go, wait) = mpsc::channel();
        assert!(queue.push(0, 0.0, Box::new(Slow(wait, 0)), 1).is_ok());
        while queue.shared.lock().running.is_empty() {
            thread::yield_now();
        }
        assert!(queue.push(1, 0.0, Box::new(Count), 1).is_ok());
        assert!(queue.push(2, 0.0, Box::new(Count), 1).is_ok());
        queue.cancel(0);
        queue.cancel(1);
        go.send(()).unwrap();
        drop(go);
        assert_eq!(queue.wait_for(0).result.err(), Some(Bailout("gone")));
        assert_eq!(number(&queue.wait_for(2)), Some(1), "the one before it has not run");
    }
}
