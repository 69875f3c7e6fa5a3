//! Calls of the system that the standard library of Rust does not have in this form.

use std::{
    ffi::CString,
    io,
    os::fd::{AsRawFd, BorrowedFd},
    ptr::NonNull,
};

fn c_path(path: &[u8]) -> io::Result<CString> {
    CString::new(path).map_err(|_| io::Error::from_raw_os_error(libc::ENOENT))
}

/// What a C function that returns 0 or -1 says.
fn check(status: libc::c_int) -> io::Result<()> {
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Sets times of access and modification, in seconds since 1970; now when there are none.
pub(super) fn set_times(path: &[u8], times: Option<(i64, i64)>) -> io::Result<()> {
    let path = c_path(path)?;
    let times = times.map(|(access, modification)| libc::utimbuf { actime: access, modtime: modification });
    let times = times.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the path ends in a zero byte; the times are null or live until the end of this function.
    check(unsafe { libc::utime(path.as_ptr(), times) })
}

/// What a lock on a part of a file allows to other processes.
#[derive(Clone, Copy)]
pub(super) enum LockKind {
    Shared,
    Exclusive,
    None,
}

/// Locks `length` bytes (0: up to the end) from `start` for this process, without waiting.
pub(super) fn lock(descriptor: BorrowedFd, kind: LockKind, start: i64, length: i64) -> io::Result<()> {
    let kind = match kind {
        LockKind::Shared => libc::F_RDLCK,
        LockKind::Exclusive => libc::F_WRLCK,
        LockKind::None => libc::F_UNLCK,
    };
    let request = libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: start,
        l_len: length,
        l_pid: 0,
    };
    // SAFETY: the descriptor is open as long as it is borrowed; the request is live.
    let status = unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_SETLK, &raw const request) };
    if status == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// The entries of a folder in the system's order, `.` and `..` among them (which `std::fs::read_dir` leaves out).
pub(super) struct Listing(NonNull<libc::DIR>);

impl Listing {
    pub(super) fn open(path: &[u8]) -> io::Result<Listing> {
        let path = c_path(path)?;
        // SAFETY: the path ends in a zero byte.
        let directory = unsafe { libc::opendir(path.as_ptr()) };
        NonNull::new(directory).map(Listing).ok_or_else(io::Error::last_os_error)
    }

    /// The next name; `None` at the end, and where the folder cannot be read on.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        // SAFETY: open until dropped. The entry and its name, which ends in a zero byte, stay valid up to the next call.
        unsafe {
            let entry = libc::readdir(self.0.as_ptr());
            (!entry.is_null()).then(|| std::ffi::CStr::from_ptr((*entry).d_name.as_ptr()).to_bytes().to_vec())
        }
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        // SAFETY: open, and not used any more.
        unsafe { libc::closedir(self.0.as_ptr()) };
    }
}
