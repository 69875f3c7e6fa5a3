//! Memory of the heap: blocks of equal cells, swept lazily, and buffers that objects own.
//!
//! An object of up to [`MAX_CELL`] bytes lies in a cell of its size class; the cells of a class fill blocks. The sweep
//! goes through a block at once, turns its dead cells into *runs* of neighbouring free cells, and allocation walks
//! along these runs. So a dead object is touched once, shortly before its memory is used again, and the memory that
//! allocation hands out is contiguous. A block without a live cell may serve another class.
//!
//! Buffers (property slots, array parts) have one owner, which frees them; small ones come from free lists.

use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    ptr,
};

use super::{GcHeader, Heap, Kind};

/// Cell sizes are multiples of this.
const GRANULE: usize = 16;
/// Largest object in a cell, and largest buffer from a free list.
pub(super) const MAX_CELL: usize = 512;
const CLASSES: usize = MAX_CELL / GRANULE + 1;
/// PERF: a block that was just swept is in the first-level cache while its cells are handed out.
const BLOCK: usize = 16 << 10;
/// Blocks are taken from the system in chunks.
const CHUNK: usize = 1 << 20;
/// Blocks of other classes that are swept for each block that allocation needs: the sweep keeps ahead.
const SWEEP_AHEAD: usize = 2;
/// Free blocks that are kept, at least.
const RESERVE_BLOCKS: usize = (2 << 20) / BLOCK;

/// The class of a size, and the bytes of its cells.
#[inline(always)]
const fn class_of(size: usize) -> usize {
    size.div_ceil(GRANULE)
}

/// Bytes that an object of `size` bytes is charged for.
#[inline(always)]
pub(super) const fn charged(size: usize) -> usize {
    if size <= MAX_CELL { class_of(size) * GRANULE } else { size }
}

/// First cell of neighbouring free cells; all of them have [`Kind::Free`].
#[repr(C)]
struct Run {
    header: GcHeader,
    /// Length in bytes.
    bytes: u32,
    /// The next run of the block.
    next: *mut Run,
}

const _: () = assert!(size_of::<Run>() <= GRANULE);

/// Cells of one size.
struct Class {
    /// What is left of the run that is being handed out.
    cursor: *mut u8,
    end: *mut u8,
    /// Further runs of its block.
    runs: *mut Run,
    /// Blocks swept in this cycle or made since.
    swept: Vec<*mut u8>,
    /// Blocks to be swept, next one last.
    unswept: Vec<*mut u8>,
    /// First runs of blocks that were swept ahead.
    ahead: Vec<*mut Run>,
}

/// An object of its own allocation.
struct Large {
    object: *mut GcHeader,
    size: usize,
}

struct FreeBuffer {
    next: *mut FreeBuffer,
}

pub(super) struct Cells {
    classes: [Class; CLASSES],
    large: Vec<Large>,
    /// Large objects before this index are still to be swept.
    large_unswept: usize,
    /// Blocks to be swept, in all classes.
    unswept: usize,
    /// Where sweeping ahead looks first.
    ahead_class: usize,
    /// Blocks without live cells; every cell of their last class is marked free.
    free_blocks: Vec<*mut u8>,
    /// Blocks whose memory the system has back; zeroed when they are used.
    released: Vec<*mut u8>,
    /// What is left of the newest chunk; zeroed.
    fresh: *mut u8,
    fresh_end: *mut u8,
    chunks: Vec<*mut u8>,
    buffers: [*mut FreeBuffer; CLASSES],
}

const _: () = assert!(Kind::Free as u8 == 0, "zeroed memory is a row of free cells");

/// Fresh zeroed memory, of whole pages so that the system can have parts of it back.
fn map_chunk() -> *mut u8 {
    // SAFETY: a fresh private anonymous mapping.
    let chunk = unsafe {
        libc::mmap(
            ptr::null_mut(),
            CHUNK,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if chunk == libc::MAP_FAILED {
        handle_alloc_error(object_layout(CHUNK));
    }
    chunk.cast()
}

fn object_layout(size: usize) -> Layout {
    Layout::from_size_align(size, 8).expect("object size fits the address space")
}

fn allocate(layout: Layout) -> *mut u8 {
    // SAFETY: callers pass layouts of non-zero size.
    let memory = unsafe { alloc(layout) };
    if memory.is_null() {
        handle_alloc_error(layout);
    }
    memory
}

impl Cells {
    pub(super) fn new() -> Self {
        Self {
            classes: std::array::from_fn(|_| Class {
                cursor: ptr::null_mut(),
                end: ptr::null_mut(),
                runs: ptr::null_mut(),
                swept: Vec::new(),
                unswept: Vec::new(),
                ahead: Vec::new(),
            }),
            large: Vec::new(),
            large_unswept: 0,
            unswept: 0,
            ahead_class: 0,
            free_blocks: Vec::new(),
            released: Vec::new(),
            fresh: ptr::null_mut(),
            fresh_end: ptr::null_mut(),
            chunks: Vec::new(),
            buffers: [ptr::null_mut(); CLASSES],
        }
    }

    /// Everything is to be swept.
    fn begin_sweep(&mut self) {
        self.unswept = 0;
        for class in &mut self.classes {
            (class.cursor, class.end, class.runs) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
            class.ahead.clear();
            debug_assert!(class.unswept.is_empty());
            std::mem::swap(&mut class.swept, &mut class.unswept);
            class.unswept.reverse();
            self.unswept += class.unswept.len();
        }
        self.large_unswept = self.large.len();
    }

    /// A zeroed block.
    fn fresh_block(&mut self) -> *mut u8 {
        if self.fresh == self.fresh_end {
            let chunk = map_chunk();
            self.chunks.push(chunk);
            self.fresh = chunk;
            // SAFETY: the end of the allocation.
            self.fresh_end = unsafe { chunk.add(CHUNK) };
        }
        let block = self.fresh;
        // SAFETY: chunks are a whole number of blocks long.
        self.fresh = unsafe { block.add(BLOCK) };
        block
    }

    /// A block whose cells of `cell` bytes are all free.
    fn empty_block(&mut self, cell: usize) -> *mut u8 {
        let Some(block) = self.free_blocks.pop() else {
            return self.released.pop().unwrap_or_else(|| self.fresh_block());
        };
        for at in (0..BLOCK / cell * cell).step_by(cell) {
            // SAFETY: inside the block, which has no objects.
            unsafe { block.add(at).cast::<GcHeader>().write(GcHeader::FREE) };
        }
        block
    }
}

impl Heap {
    /// Memory for an object, which the caller must initialise before anything else is allocated.
    #[inline(always)]
    pub(super) fn allocate(&mut self, size: usize) -> *mut u8 {
        if size > MAX_CELL {
            return self.allocate_large(size);
        }
        let index = class_of(size);
        let class = &mut self.cells.classes[index];
        let cell = class.cursor;
        if cell == class.end {
            return self.allocate_slow(index);
        }
        // SAFETY: the run is a whole number of cells long.
        class.cursor = unsafe { cell.add(index * GRANULE) };
        self.bytes += index * GRANULE;
        cell
    }

    /// The run is used up: goes on to the next one.
    #[cold]
    #[inline(never)]
    fn allocate_slow(&mut self, index: usize) -> *mut u8 {
        if self.cells.classes[index].runs.is_null() {
            self.refill(index);
        }
        let class = &mut self.cells.classes[index];
        let run = class.runs;
        // SAFETY: `refill` provides a run; the class's runs are free cells that the sweep has described.
        unsafe {
            class.runs = (*run).next;
            class.end = run.cast::<u8>().add((*run).bytes as usize);
            class.cursor = run.cast::<u8>().add(index * GRANULE);
        }
        self.bytes += index * GRANULE;
        run.cast()
    }

    /// Finds a block with free cells for a class: by sweeping, else a new one.
    fn refill(&mut self, index: usize) {
        self.note_peak();
        if self.cells.unswept > 0 || self.cells.large_unswept > 0 {
            self.sweep_some(SWEEP_AHEAD);
        }
        let cell = index * GRANULE;
        if let Some(run) = self.cells.classes[index].ahead.pop() {
            self.cells.classes[index].runs = run;
            return;
        }
        while let Some(block) = self.next_unswept(index) {
            let (run, _) = self.sweep_block(block, cell);
            self.cells.classes[index].swept.push(block);
            if !run.is_null() {
                self.cells.classes[index].runs = run;
                return;
            }
        }
        let block = self.cells.empty_block(cell);
        let run = block.cast::<Run>();
        // SAFETY: the block is empty.
        unsafe {
            run.write(Run { header: GcHeader::FREE, bytes: (BLOCK / cell * cell) as u32, next: ptr::null_mut() });
        }
        let class = &mut self.cells.classes[index];
        class.swept.push(block);
        class.runs = run;
    }

    fn next_unswept(&mut self, index: usize) -> Option<*mut u8> {
        let block = self.cells.classes[index].unswept.pop()?;
        self.cells.unswept -= 1;
        Some(block)
    }

    #[cold]
    #[inline(never)]
    fn allocate_large(&mut self, size: usize) -> *mut u8 {
        self.note_peak();
        self.sweep_some(1 + size / BLOCK);
        let object = allocate(object_layout(size));
        self.cells.large.push(Large { object: object.cast(), size });
        self.bytes += size;
        object
    }

    /// Sweeps up to `blocks` blocks of any class, and some large objects.
    pub(super) fn sweep_some(&mut self, blocks: usize) {
        self.sweep_large(blocks.saturating_mul(4));
        for _ in 0..blocks.min(self.cells.unswept) {
            while self.cells.classes[self.cells.ahead_class].unswept.is_empty() {
                self.cells.ahead_class = (self.cells.ahead_class + 1) % CLASSES;
            }
            let index = self.cells.ahead_class;
            let block = self.next_unswept(index).expect("found above");
            let (run, live) = self.sweep_block(block, index * GRANULE);
            if live == 0 {
                self.cells.free_blocks.push(block);
            } else {
                self.cells.classes[index].swept.push(block);
                if !run.is_null() {
                    self.cells.classes[index].ahead.push(run);
                }
            }
        }
    }

    fn sweep_large(&mut self, count: usize) {
        for _ in 0..count.min(self.cells.large_unswept) {
            self.cells.large_unswept -= 1;
            let index = self.cells.large_unswept;
            let object = self.cells.large[index].object;
            if !self.is_marked(object) {
                // What takes its place has been swept, or is new.
                let Large { object, size } = self.cells.large.swap_remove(index);
                // SAFETY: allocated by `allocate_large`; unreachable.
                unsafe {
                    self.finish(object);
                    dealloc(object.cast(), object_layout(size));
                }
            }
        }
    }

    /// Completes a sweep that is under way.
    pub(crate) fn finish_sweep(&mut self) {
        self.sweep_some(usize::MAX);
    }

    /// Whether nothing is left to sweep.
    pub(super) fn is_swept(&self) -> bool {
        self.cells.unswept == 0 && self.cells.large_unswept == 0
    }

    /// Leaves everything that is not marked to the sweep.
    pub(super) fn begin_sweep(&mut self) {
        self.cells.begin_sweep();
    }

    /// Gives the memory of up to `blocks` blocks that nobody uses back to the system, but for a reserve. `true` when
    /// nothing is left to give.
    pub(super) fn release_surplus(&mut self, blocks: usize) -> bool {
        let cells = &mut self.cells;
        let reserve = (cells.chunks.len() * (CHUNK / BLOCK) / 16).max(RESERVE_BLOCKS);
        let surplus = cells.free_blocks.len().saturating_sub(reserve);
        for _ in 0..surplus.min(blocks) {
            let Some(block) = cells.free_blocks.pop() else { return true };
            // SAFETY: the block lies in a private mapping of whole pages; it holds no object.
            unsafe { libc::madvise(block.cast(), BLOCK, libc::MADV_DONTNEED) };
            cells.released.push(block);
        }
        surplus <= blocks
    }

    /// Every object.
    pub(super) fn objects(&self) -> Vec<*mut GcHeader> {
        let mut objects: Vec<_> = self.cells.large.iter().map(|large| large.object).collect();
        for (index, class) in self.cells.classes.iter().enumerate().skip(1) {
            let cell = index * GRANULE;
            for block in class.swept.iter().chain(&class.unswept) {
                for at in (0..BLOCK / cell * cell).step_by(cell) {
                    // SAFETY: inside the block, which consists of cells of this size.
                    let header = unsafe { block.add(at).cast::<GcHeader>() };
                    // SAFETY: a cell begins with a header, that of an object or of a free cell.
                    if unsafe { (*header).kind } != Kind::Free {
                        objects.push(header);
                    }
                }
            }
        }
        objects
    }

    /// Frees the dead cells of a block: returns its first run and the number of live cells.
    fn sweep_block(&mut self, block: *mut u8, cell: usize) -> (*mut Run, usize) {
        let mut first: *mut Run = ptr::null_mut();
        let mut link: *mut *mut Run = &raw mut first;
        let mut live = 0;
        // SAFETY: the block consists of cells of this size, each an object or free; the last run's `next` is `link`.
        unsafe {
            let end = block.add(BLOCK / cell * cell);
            let mut run: *mut u8 = ptr::null_mut();
            let mut at = block;
            while at < end {
                let header = at.cast::<GcHeader>();
                if (*header).kind != Kind::Free && (*header).mark == self.epoch {
                    live += 1;
                    if !run.is_null() {
                        link = end_run(link, run, at);
                        run = ptr::null_mut();
                    }
                } else {
                    if (*header).kind != Kind::Free {
                        self.finish(header);
                        (*header).kind = Kind::Free;
                    }
                    if run.is_null() {
                        run = at;
                    }
                }
                at = at.add(cell);
            }
            if !run.is_null() {
                link = end_run(link, run, end);
            }
            *link = ptr::null_mut();
        }
        (first, live)
    }

    /// Memory for a buffer, which its owner must free with the same size. Charges nothing.
    #[inline]
    pub(crate) fn allocate_buffer(&mut self, size: usize) -> *mut u8 {
        if size > MAX_CELL {
            return allocate(object_layout(size));
        }
        let list = &mut self.cells.buffers[class_of(size)];
        let buffer = *list;
        if buffer.is_null() {
            return self.allocate_buffer_slow(class_of(size));
        }
        // SAFETY: a free buffer holds its successor.
        *list = unsafe { (*buffer).next };
        buffer.cast()
    }

    #[cold]
    #[inline(never)]
    fn allocate_buffer_slow(&mut self, index: usize) -> *mut u8 {
        let cell = index * GRANULE;
        let block = self.cells.fresh_block();
        let mut next = ptr::null_mut();
        for at in (cell..BLOCK / cell * cell).step_by(cell).rev() {
            // SAFETY: inside the block.
            unsafe {
                let buffer = block.add(at).cast::<FreeBuffer>();
                buffer.write(FreeBuffer { next });
                next = buffer;
            }
        }
        self.cells.buffers[index] = next;
        block
    }

    /// # Safety
    /// `buffer` came from [`Heap::allocate_buffer`] with this size and is not used any more.
    #[inline]
    pub(crate) unsafe fn free_buffer(&mut self, buffer: *mut u8, size: usize) {
        // SAFETY: as the contract says.
        unsafe {
            if size > MAX_CELL {
                return dealloc(buffer, object_layout(size));
            }
            let list = &mut self.cells.buffers[class_of(size)];
            buffer.cast::<FreeBuffer>().write(FreeBuffer { next: *list });
            *list = buffer.cast();
        }
    }

    /// Another size for a buffer, contents kept as far as they fit. An old size of 0 means that there is none yet.
    ///
    /// # Safety
    /// As [`Heap::free_buffer`], with the old size.
    pub(crate) unsafe fn resize_buffer(&mut self, buffer: *mut u8, old: usize, new: usize) -> *mut u8 {
        // SAFETY: as the contract says.
        unsafe {
            if old == 0 {
                return self.allocate_buffer(new);
            }
            if old > MAX_CELL && new > MAX_CELL {
                let moved = std::alloc::realloc(buffer, object_layout(old), new);
                if moved.is_null() {
                    handle_alloc_error(object_layout(new));
                }
                return moved;
            }
            let moved = self.allocate_buffer(new);
            ptr::copy_nonoverlapping(buffer, moved, old.min(new));
            self.free_buffer(buffer, old);
            moved
        }
    }

    /// Memory of blocks that the system has not got back.
    #[cfg(test)]
    pub(super) fn resident_bytes(&self) -> usize {
        self.mapped_bytes() - self.cells.released.len() * BLOCK
    }

    /// Memory of blocks, whoever uses them.
    #[cfg(test)]
    pub(super) fn mapped_bytes(&self) -> usize {
        self.cells.chunks.len() * CHUNK
    }

    /// Frees every object.
    pub(super) fn free_everything(&mut self) {
        self.finish_sweep();
        // No object has this mark.
        self.epoch = u8::MAX;
        self.begin_sweep();
        self.finish_sweep();
        for chunk in std::mem::take(&mut self.cells.chunks) {
            // SAFETY: mapped with this length; nothing in it is used afterwards.
            unsafe { libc::munmap(chunk.cast(), CHUNK) };
        }
    }
}

/// Writes the run from `run` to `end`, and returns the link to the next one.
///
/// # Safety
/// The cells of the run are free, `link` is that of the run before.
#[inline(always)]
unsafe fn end_run(link: *mut *mut Run, run: *mut u8, end: *mut u8) -> *mut *mut Run {
    // SAFETY: as the contract says.
    unsafe {
        let run = run.cast::<Run>();
        (*run).bytes = end.offset_from(run.cast()) as u32;
        *link = run;
        &raw mut (*run).next
    }
}
