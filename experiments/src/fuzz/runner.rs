//! Runs programs in processes that stay: one of this binary's [`worker`](super::worker), one of PUC Lua's `peer.lua`.
//!
//! A process that crashes, hangs or grows too large is replaced, and its end is the answer for the program that did it.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    os::fd::AsRawFd,
    os::unix::process::{CommandExt, ExitStatusExt},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use super::{mode::Mode, worker::MARK};
use crate::failure::{Failure, Result};

/// Resident set of a process above which it is replaced, and killed when a program has just reached it, in bytes.
const MEMORY_TO_REPLACE: u64 = 256 << 20;
const MEMORY_TO_KILL: u64 = 1 << 30;
/// Output of one program above which it counts as endless, in bytes.
const MOST_OUTPUT: usize = 8 << 20;
/// Programs after which a process is replaced.
const PROGRAMS: u32 = 5_000;

const PEER: &str = include_str!("peer.lua");

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Normal,
    Error,
    Syntax,
    /// With what the process said about it.
    Crash(String),
    TimedOut,
    TooLarge,
}

/// What a program did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub end: End,
    pub stdout: Vec<u8>,
    pub message: Vec<u8>,
}

/// Who runs programs.
#[derive(Clone, Debug)]
pub enum Who {
    /// This binary.
    Own,
    /// PUC's interpreter, by this name or path.
    Peer(PathBuf),
}

/// One process, started when it is needed.
pub struct Runner {
    who: Who,
    process: Option<Process>,
    sequence: u64,
}

struct Process {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    errors: File,
    served: u32,
}

impl Runner {
    pub fn new(who: Who) -> Self {
        Self { who, process: None, sequence: 0 }
    }

    /// Runs a program (`mode` and `seed` mean nothing to the peer) for at most `limit`.
    ///
    /// # Errors
    /// A process cannot be started.
    pub fn run(&mut self, program: &str, mode: Mode, seed: u64, limit: Duration) -> Result<Outcome> {
        if self.process.as_ref().is_some_and(|process| process.served >= PROGRAMS || process.rss() > MEMORY_TO_REPLACE)
        {
            self.stop();
        }
        let mut process = match self.process.take() {
            Some(process) => process,
            None => self.start()?,
        };
        self.sequence += 1;
        process.served += 1;
        let mut request = match self.who {
            Who::Own => format!("{} {} {mode} {seed}\n", self.sequence, program.len()),
            Who::Peer(_) => format!("{} {}\n", self.sequence, program.len()),
        };
        request.push_str(program);
        // A process that has died fails the write; reading then finds the end, and says why.
        let _ = process.input.write_all(request.as_bytes()).and_then(|()| process.input.flush());
        let mut received = Vec::new();
        let end = match process.receive(self.sequence, &mut received, limit) {
            Ok(Some((status, printed, message))) => {
                self.process = Some(process);
                let end = match status {
                    0 => End::Normal,
                    1 => End::Error,
                    _ => End::Syntax,
                };
                return Ok(Outcome { end, message: received.split_off(message), stdout: cut(received, printed) });
            }
            Ok(None) => process.cause_of_death(),
            Err(end) => {
                // Ended by us; that it may have ended by itself meanwhile does not matter.
                let _ = process.child.kill();
                let _ = process.child.wait();
                end
            }
        };
        Ok(Outcome { end, stdout: received, message: Vec::new() })
    }

    fn start(&self) -> Result<Process> {
        let mut command = match &self.who {
            Who::Own => {
                let binary = std::env::current_exe()
                    .map_err(|error| Failure::work(format!("cannot find this binary: {error}")))?;
                let mut command = Command::new(binary);
                command.args(["fuzz", "--worker"]);
                command
            }
            Who::Peer(path) => {
                let mut command = Command::new(path);
                // A space first: a text that begins with a dash would be an option.
                command.arg("-e").arg(format!(" {PEER}"));
                command
            }
        };
        let named = |error: io::Error| Failure::work(format!("{command:?}: cannot start: {error}"));
        let errors = tempfile::tempfile().map_err(named)?;
        let their_errors = errors.try_clone().map_err(named)?;
        #[cfg(target_os = "linux")]
        // SAFETY: between fork and exec only the async-signal-safe `prctl` is called.
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                Ok(())
            });
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(their_errors)
            .spawn()
            .map_err(|error| Failure::work(format!("{:?}: cannot start: {error}", command.get_program())))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => Ok(Process { child, input, output, errors, served: 0 }),
            _ => Err(Failure::work("a child process without pipes")),
        }
    }

    fn stop(&mut self) {
        if let Some(Process { mut child, input, .. }) = self.process.take() {
            drop(input);
            // Ended or not, it is not needed any more.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.stop();
    }
}

fn cut(mut bytes: Vec<u8>, length: usize) -> Vec<u8> {
    bytes.truncate(length);
    bytes
}

impl Process {
    /// Reads an answer: status, length of what was printed, where in `received` the message begins. `None` when the
    /// process has ended.
    fn receive(
        &mut self,
        sequence: u64,
        received: &mut Vec<u8>,
        limit: Duration,
    ) -> Result<Option<(u8, usize, usize)>, End> {
        let mark = [MARK, format!("{sequence} ").as_bytes()].concat();
        let finder = |received: &[u8], from: usize| {
            received[from..].windows(mark.len()).position(|window| window == mark).map(|at| at + from)
        };
        let start = Instant::now();
        let mut searched = 0;
        let mut chunk = [0; 1 << 16];
        loop {
            if let Some(at) = finder(received, searched) {
                if let Some((status, length, message)) = parse_end(&received[at + mark.len()..]) {
                    let message = at + mark.len() + message;
                    if received.len() >= message + length {
                        return Ok(Some((status, at, message)));
                    }
                }
            } else {
                searched = received.len().saturating_sub(mark.len());
            }
            if received.len() > MOST_OUTPUT {
                return Err(End::TooLarge);
            }
            let Some(left) = limit.checked_sub(start.elapsed()) else { return Err(End::TimedOut) };
            if !readable(&self.output, left.min(Duration::from_millis(200))) {
                if self.rss() > MEMORY_TO_KILL {
                    return Err(End::TooLarge);
                }
                continue;
            }
            match self.output.read(&mut chunk) {
                Ok(0) => return Ok(None),
                Ok(count) => received.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Ok(None),
            }
        }
    }

    /// Resident set in bytes.
    fn rss(&self) -> u64 {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).unwrap_or_default();
        statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
    }

    fn cause_of_death(&mut self) -> End {
        let how = match self.child.wait() {
            Ok(status) => match status.signal() {
                Some(signal) => format!("signal {signal}"),
                None => format!("exit status {}", status.code().unwrap_or(-1)),
            },
            Err(error) => error.to_string(),
        };
        let mut said = Vec::new();
        // What cannot be read is not reported.
        let _ = self.errors.seek(SeekFrom::Start(0)).and_then(|_| self.errors.read_to_end(&mut said));
        let said = String::from_utf8_lossy(&said);
        let tail: Vec<&str> = said.lines().rev().take(12).collect();
        End::Crash(std::iter::once(how.as_str()).chain(tail.into_iter().rev()).collect::<Vec<_>>().join("\n"))
    }
}

/// "STATUS LENGTH", a newline: both, and where what follows begins.
fn parse_end(line: &[u8]) -> Option<(u8, usize, usize)> {
    let end = line.iter().position(|byte| *byte == b'\n')?;
    let text = std::str::from_utf8(&line[..end]).ok()?;
    let (status, length) = text.split_once(' ')?;
    Some((status.parse().ok()?, length.parse().ok()?, end + 1))
}

/// Waits until there is something to read; false after `limit`.
fn readable(pipe: &ChildStdout, limit: Duration) -> bool {
    let mut request = libc::pollfd { fd: pipe.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one valid request.
    let count = unsafe { libc::poll(&raw mut request, 1, limit.as_millis() as libc::c_int + 1) };
    count > 0
}
