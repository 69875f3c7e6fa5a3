//! Code memory: chunks that are mapped twice, once to write and once to execute, so that no page is ever both and no
//! page that holds running code changes its protection.

use std::{cell::RefCell, io, ptr::NonNull, rc::Rc};

const CHUNK: usize = 1 << 20;
/// Functions begin at cache lines.
const ALIGN: usize = 64;

/// Both views of one chunk; unmapped with the last block in it.
struct Chunk {
    write: NonNull<u8>,
    execute: NonNull<u8>,
    size: usize,
}

impl Chunk {
    fn map(size: usize) -> io::Result<Chunk> {
        // SAFETY: the name is a C string; the descriptor is checked and closed below.
        let file = unsafe { libc::memfd_create(c"trinity-code".as_ptr(), libc::MFD_CLOEXEC) };
        if file < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: fresh shared mappings of a descriptor that this function owns.
        let (size_status, write, execute) = unsafe {
            let status = libc::ftruncate(file, size as libc::off_t);
            let map = |protection| libc::mmap(std::ptr::null_mut(), size, protection, libc::MAP_SHARED, file, 0);
            let views = (status, map(libc::PROT_READ | libc::PROT_WRITE), map(libc::PROT_READ | libc::PROT_EXEC));
            libc::close(file);
            views
        };
        let chunk = |view: *mut libc::c_void| {
            if view == libc::MAP_FAILED || size_status != 0 { None } else { NonNull::new(view.cast::<u8>()) }
        };
        match (chunk(write), chunk(execute)) {
            (Some(write), Some(execute)) => Ok(Chunk { write, execute, size }),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        // SAFETY: mapped by `map` with this size; no block in the chunk is left.
        unsafe {
            libc::munmap(self.write.as_ptr().cast(), self.size);
            libc::munmap(self.execute.as_ptr().cast(), self.size);
        }
    }
}

/// One function's code; keeps its chunk mapped.
pub struct CodeBlock {
    entry: *const u8,
    len: usize,
    _chunk: Rc<Chunk>,
}

impl CodeBlock {
    pub fn entry(&self) -> *const u8 {
        self.entry
    }
    /// The machine code, for disassembly.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the block's bytes were written before it was handed out and never change.
        unsafe { std::slice::from_raw_parts(self.entry, self.len) }
    }
}

/// Hands out code memory.
#[derive(Default)]
pub struct CodeArena {
    current: RefCell<Option<(Rc<Chunk>, usize)>>,
}

impl CodeArena {
    /// Copies position-independent `code` to executable memory.
    ///
    /// # Errors
    /// The system gives no memory.
    pub fn install(&self, code: &[u8]) -> io::Result<CodeBlock> {
        let mut current = self.current.borrow_mut();
        let fits = |(chunk, used): &(Rc<Chunk>, usize)| used + code.len() <= chunk.size;
        if !current.as_ref().is_some_and(fits) {
            *current = Some((Rc::new(Chunk::map(code.len().next_multiple_of(CHUNK))?), 0));
        }
        let (chunk, used) = current.as_mut().expect("a chunk with room was chosen above");
        // SAFETY: `used + code.len()` lies inside both views; nobody else writes there, and what is executed from the
        // same chunk lies elsewhere in it.
        let entry = unsafe {
            std::ptr::copy_nonoverlapping(code.as_ptr(), chunk.write.as_ptr().add(*used), code.len());
            chunk.execute.as_ptr().add(*used)
        };
        *used = (*used + code.len()).next_multiple_of(ALIGN);
        Ok(CodeBlock { entry, len: code.len(), _chunk: chunk.clone() })
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
    }
}
