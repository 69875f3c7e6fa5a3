//! Code memory: chunks that are mapped twice, once to write and once to execute, so that no page is ever both and no
//! page that holds running code changes its protection. Space of blocks that are dropped is used again.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    ptr::NonNull,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Least size of a chunk.
const CHUNK: usize = 1 << 20;
/// Pages are asked for so many bytes at a time: one by one, each is a trap.
const AHEAD: usize = 1 << 16;
/// Functions begin at cache lines; the unit of allocation.
const ALIGN: usize = 64;
/// What free space holds: on x86-64 `int3`, so that a stale entry is a trap and not another function.
const FREE: u8 = 0xcc;

/// Both views of one chunk.
struct Chunk {
    write: NonNull<u8>,
    execute: NonNull<u8>,
    size: usize,
    /// Bytes from the start that have pages.
    backed: usize,
}

// SAFETY: a chunk is two mappings of the process, which no thread owns; its bytes are written under the arena's lock.
unsafe impl Send for Chunk {}

impl Chunk {
    /// Maps shared memory without a name, which takes no descriptor and which `perf` looks up in the map of the process.
    fn map(size: usize) -> io::Result<Chunk> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        // SAFETY: a fresh mapping.
        let write = view(unsafe { libc::mmap(std::ptr::null_mut(), size, protection, flags, -1, 0) })?;
        // Owns the first view, should there be no second one.
        let mut chunk = Chunk { write, execute: write, size, backed: 0 };
        // SAFETY: resized from 0 bytes, a shared mapping stays, and its pages are mapped once more.
        let execute = view(unsafe { libc::mremap(write.as_ptr().cast(), 0, size, libc::MREMAP_MAYMOVE) })?;
        chunk.execute = execute;
        // SAFETY: the second view is this chunk's, and no code has run there yet.
        match unsafe { libc::mprotect(execute.as_ptr().cast(), size, libc::PROT_READ | libc::PROT_EXEC) } {
            0 => Ok(chunk),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Addresses at which the chunk's code runs.
    fn start(&self) -> usize {
        self.execute.as_ptr() as usize
    }
    fn end(&self) -> usize {
        self.start() + self.size
    }

    /// Has pages made for what is written before `end`.
    fn back(&mut self, end: usize) {
        let wanted = end - self.start();
        if wanted > self.backed {
            let until = wanted.next_multiple_of(AHEAD).min(self.size);
            // SAFETY: pages of this chunk's own mapping; they keep what they hold. Should it fail, each page comes with its
            // first store.
            unsafe {
                let from = self.write.as_ptr().add(self.backed);
                libc::madvise(from.cast(), until - self.backed, libc::MADV_POPULATE_WRITE);
            }
            self.backed = until;
        }
    }

    /// Where the byte that is executed at `address` is written.
    ///
    /// # Safety
    /// `address` lies in the chunk.
    unsafe fn writable(&self, address: usize) -> *mut u8 {
        // SAFETY: both views have the same size.
        unsafe { self.write.as_ptr().add(address - self.start()) }
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        // SAFETY: mapped by `map` with this size; no block in the chunk is left.
        unsafe {
            libc::munmap(self.write.as_ptr().cast(), self.size);
            if self.execute != self.write {
                libc::munmap(self.execute.as_ptr().cast(), self.size);
            }
        }
    }
}

/// The first byte of a mapping that the system has made, or why it has not.
fn view(address: *mut libc::c_void) -> io::Result<NonNull<u8>> {
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(address.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

/// Chunks and the free space in them, by execution addresses.
#[derive(Default)]
struct Space {
    /// By their first address.
    chunks: BTreeMap<usize, Chunk>,
    /// Length of each free span, by address. No two of one chunk touch.
    spans: BTreeMap<usize, usize>,
    /// The same as (length, address): the first that is long enough is the best fit.
    by_length: BTreeSet<(usize, usize)>,
}

impl Space {
    fn add_span(&mut self, address: usize, len: usize) {
        self.spans.insert(address, len);
        self.by_length.insert((len, address));
    }

    fn remove_span(&mut self, address: usize, len: usize) {
        self.spans.remove(&address);
        self.by_length.remove(&(len, address));
    }

    /// `len` bytes, a multiple of [`ALIGN`].
    fn allocate(&mut self, len: usize) -> io::Result<usize> {
        let (span, address) = match self.by_length.range((len, 0)..).next() {
            Some(found) => *found,
            None => {
                let chunk = Chunk::map(len.next_multiple_of(CHUNK))?;
                let span = (chunk.size, chunk.start());
                self.add_span(span.1, span.0);
                self.chunks.insert(chunk.start(), chunk);
                span
            }
        };
        self.remove_span(address, span);
        if span > len {
            self.add_span(address + len, span - len);
        }
        Ok(address)
    }

    /// Takes back what `allocate` gave; a chunk that is free altogether is unmapped.
    fn free(&mut self, mut address: usize, mut len: usize) {
        let Some((start, chunk)) = self.chunks.range(..=address).next_back() else { return };
        let (start, end) = (*start, chunk.end());
        // SAFETY: the span lies in the chunk, and nothing runs there any more.
        unsafe { chunk.writable(address).write_bytes(FREE, len) };
        if let Some((before, size)) = self.spans.range(start..address).next_back().map(|(at, size)| (*at, *size))
            && before + size == address
        {
            self.remove_span(before, size);
            (address, len) = (before, size + len);
        }
        if let Some(size) = self.spans.get(&(address + len)).copied().filter(|_| address + len < end) {
            self.remove_span(address + len, size);
            len += size;
        }
        if (address, address + len) == (start, end) {
            self.chunks.remove(&start);
        } else {
            self.add_span(address, len);
        }
    }
}

/// One function's code. Dropped when no activation runs it any more: its space is used again.
pub struct CodeBlock {
    entry: NonNull<u8>,
    len: usize,
    space: Arc<Mutex<Space>>,
}

// SAFETY: the bytes do not change while the block lives, and its space is managed under a lock.
unsafe impl Send for CodeBlock {}
// SAFETY: as above.
unsafe impl Sync for CodeBlock {}

impl CodeBlock {
    pub fn entry(&self) -> *const u8 {
        self.entry.as_ptr()
    }
    /// The machine code, for disassembly.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the block's bytes were written before it was handed out and never change.
        unsafe { std::slice::from_raw_parts(self.entry.as_ptr(), self.len) }
    }
    /// What it takes of code memory, in bytes.
    pub fn memory_bytes(&self) -> usize {
        space_of(self.len)
    }
}

impl Drop for CodeBlock {
    fn drop(&mut self) {
        lock(&self.space).free(self.entry.as_ptr() as usize, space_of(self.len));
    }
}

fn space_of(len: usize) -> usize {
    len.max(1).next_multiple_of(ALIGN)
}

fn lock(space: &Mutex<Space>) -> MutexGuard<'_, Space> {
    space.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hands out code memory. Clones share it, also between threads.
#[derive(Clone, Default)]
pub struct CodeArena {
    space: Arc<Mutex<Space>>,
}

impl CodeArena {
    /// Copies position-independent `code` to executable memory.
    ///
    /// # Errors
    /// The system gives no memory.
    pub fn install(&self, code: &[u8]) -> io::Result<CodeBlock> {
        self.install_with(code.len(), |bytes, _| bytes.copy_from_slice(code))
    }

    /// `len` bytes of executable memory, filled by `write`: it gets the bytes and the address at which they will run.
    ///
    /// # Errors
    /// The system gives no memory.
    pub fn install_with(&self, len: usize, write: impl FnOnce(&mut [u8], usize)) -> io::Result<CodeBlock> {
        let mut space = lock(&self.space);
        let address = space.allocate(space_of(len))?;
        let (_, chunk) = space.chunks.range_mut(..=address).next_back().expect("an allocated span lies in a chunk");
        chunk.back(address + space_of(len));
        // SAFETY: the span lies inside both views and is this block's alone; nothing runs in it yet. The mapping's bytes
        // are initialised, by the system or by who had them before. x86-64 fetches what has been stored through another
        // mapping once control is transferred there.
        unsafe { write(std::slice::from_raw_parts_mut(chunk.writable(address), len), address) };
        let entry = NonNull::new(address as *mut u8).expect("no mapping is at address 0");
        Ok(CodeBlock { entry, len, space: self.space.clone() })
    }

    /// Bytes of address space mapped for code, each counted once.
    pub fn mapped_bytes(&self) -> usize {
        lock(&self.space).chunks.values().map(|chunk| chunk.size).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_keep_their_bytes_while_others_come_and_go() {
        let arena = CodeArena::default();
        let kept = arena.install(&[1, 2, 3]).unwrap();
        for size in [10, CHUNK - 100, CHUNK, 3 * CHUNK + 1] {
            let block = arena.install(&vec![7; size]).unwrap();
            assert!(block.bytes().iter().all(|byte| *byte == 7));
            assert_eq!(block.entry() as usize % ALIGN, 0);
        }
        assert_eq!(kept.bytes(), [1, 2, 3]);
        assert_eq!(arena.mapped_bytes(), CHUNK);
        drop(kept);
        assert_eq!(arena.mapped_bytes(), 0);
    }

    #[test]
    fn space_of_dropped_blocks_is_used_again() {
        let arena = CodeArena::default();
        let mut blocks: Vec<CodeBlock> = (0..100).map(|_| arena.install(&[1; 100]).unwrap()).collect();
        let mut neighbours: Vec<CodeBlock> = blocks.drain(39..42).collect();
        let first = neighbours[0].entry();
        // Freed in any order they make one span, which fits best.
        for index in [1, 1, 0] {
            drop(neighbours.remove(index));
        }
        let large = arena.install(&[2; 6 * ALIGN]).unwrap();
        assert_eq!(large.entry(), first);
        assert_eq!(arena.mapped_bytes(), CHUNK);
        assert!(blocks.iter().all(|block| block.bytes() == [1; 100]));
    }

    /// Random traffic: live blocks never overlap and keep their bytes, and free space is whole again in the end.
    #[test]
    fn traffic_leaves_no_trace() {
        let arena = CodeArena::default();
        let mut blocks: Vec<(u8, CodeBlock)> = Vec::new();
        let mut state = 0x2545_f491_4f6c_dd1du64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 33) as usize % below
        };
        for round in 0..4000 {
            if blocks.len() > 300 || (!blocks.is_empty() && random(2) == 0) {
                drop(blocks.swap_remove(random(blocks.len())));
            } else {
                let byte = (round % 251) as u8;
                blocks.push((byte, arena.install(&vec![byte; random(20_000)]).unwrap()));
            }
        }
        assert!(blocks.iter().all(|(byte, block)| block.bytes().iter().all(|found| found == byte)));
        let mut places: Vec<(usize, usize)> =
            blocks.iter().map(|(_, block)| (block.entry() as usize, block.memory_bytes())).collect();
        places.sort_unstable();
        assert!(places.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0));
        drop(blocks);
        assert_eq!(arena.mapped_bytes(), 0);
        let space = lock(&arena.space);
        assert!(space.spans.is_empty() && space.by_length.is_empty());
    }

    #[test]
    fn what_the_system_does_not_give_is_an_error() {
        let arena = CodeArena::default();
        assert!(arena.install_with(1 << 50, |_, _| unreachable!("there is no memory to write to")).is_err());
        assert_eq!(arena.mapped_bytes(), 0);
        assert!(arena.install(&[1]).is_ok());
    }

    /// Both views show the same bytes; none may be written and executed.
    #[test]
    fn no_view_is_writable_and_executable() {
        let arena = CodeArena::default();
        let block = arena.install(&[1, 2, 3]).unwrap();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let found = maps.lines().find(|line| {
            let (start, end) = line.split(' ').next().and_then(|range| range.split_once('-')).unwrap();
            let hex = |text| usize::from_str_radix(text, 16).unwrap();
            (hex(start)..hex(end)).contains(&(block.entry() as usize))
        });
        assert!(found.is_some_and(|line| line.contains(" r-xs ")), "{found:?}");
        assert!(!maps.lines().any(|line| line.contains(" rwx")), "{maps}");
    }

    #[test]
    fn freed_code_is_a_trap() {
        let arena = CodeArena::default();
        let kept = arena.install(&[1; ALIGN]).unwrap();
        let freed = arena.install(&[2; ALIGN]).unwrap();
        let place = freed.entry();
        drop(freed);
        // SAFETY: the chunk is still mapped: `kept` lies in it.
        assert_eq!(unsafe { place.read() }, FREE);
        assert_eq!(kept.bytes(), [1; ALIGN]);
    }
}
