//! One child process: run, timed, limited, its resources accounted.

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::failure::{AtPath, Failure, Result};

/// What to run. Output goes to files, so that no pipe can slow the child or block it.
#[derive(Clone, Debug)]
pub struct Invocation {
    pub program: PathBuf,
    pub args: Vec<OsString>,
    pub folder: PathBuf,
    pub stdout: PathBuf,
    pub stderr: PathBuf,
    pub limit: Duration,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    Exited(i32),
    Signalled(i32),
    TimedOut,
}

/// A finished process: its end and what it used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    pub end: End,
    /// From just before the start to the end, as the parent saw it.
    pub wall_ns: u64,
    pub user_ns: u64,
    pub system_ns: u64,
    /// Largest resident set; at least the parent's, which is counted until the child's program is loaded.
    pub peak_rss_bytes: u64,
}

impl Finished {
    pub fn succeeded(&self) -> bool {
        self.end == End::Exited(0)
    }
}

/// Variables that would change what a Lua process does.
const CLEARED: [&str; 8] = [
    "LUA_INIT",
    "LUA_INIT_5_4",
    "LUA_PATH",
    "LUA_PATH_5_4",
    "LUA_CPATH",
    "LUA_CPATH_5_4",
    "MALLOC_CONF",
    "MALLOC_PERTURB_",
];

/// Runs the process to its end, or kills it at its limit.
pub fn run(invocation: &Invocation) -> Result<Finished> {
    let open = |path: &Path| File::create(path).at("create", path);
    let mut command = Command::new(&invocation.program);
    command
        .args(&invocation.args)
        .current_dir(&invocation.folder)
        .stdin(Stdio::null())
        .stdout(open(&invocation.stdout)?)
        .stderr(open(&invocation.stderr)?);
    for name in CLEARED {
        command.env_remove(name);
    }
    #[cfg(target_os = "linux")]
    // SAFETY: between fork and exec only the async-signal-safe `prctl` is called.
    unsafe {
        command.pre_exec(|| {
            // A killed runner must not leave a child that goes on working (and disturbs the next measurement).
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
    let start = Instant::now();
    let child = command.spawn().map_err(|error| {
        Failure::work(format!("{}: cannot start: {error}; is it installed?", invocation.program.display()))
    })?;
    let pid = child.id() as libc::pid_t;
    let watchdog = Watchdog::start(pid, invocation.limit);
    let ended = wait_without_reaping(pid);
    let wall = start.elapsed();
    let timed_out = watchdog.stop();
    ended.map_err(|error| Failure::work(format!("{}: cannot wait: {error}", invocation.program.display())))?;
    let (status, usage) =
        reap(pid).map_err(|error| Failure::work(format!("{}: cannot wait: {error}", invocation.program.display())))?;
    let end = if timed_out {
        End::TimedOut
    } else if libc::WIFEXITED(status) {
        End::Exited(libc::WEXITSTATUS(status))
    } else {
        End::Signalled(libc::WTERMSIG(status))
    };
    let nanoseconds = |time: libc::timeval| time.tv_sec as u64 * 1_000_000_000 + time.tv_usec as u64 * 1_000;
    Ok(Finished {
        end,
        wall_ns: wall.as_nanos() as u64,
        user_ns: nanoseconds(usage.ru_utime),
        system_ns: nanoseconds(usage.ru_stime),
        peak_rss_bytes: usage.ru_maxrss as u64 * if cfg!(target_os = "macos") { 1 } else { 1024 },
    })
}

/// Blocks until the child has ended and leaves it a zombie, so that its number cannot be given to another process
/// while the watchdog may still use it.
fn wait_without_reaping(pid: libc::pid_t) -> io::Result<()> {
    loop {
        // SAFETY: `siginfo_t` is plain data, valid when zeroed.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: `info` is a valid place for the answer.
        let answer = unsafe { libc::waitid(libc::P_PID, pid as libc::id_t, &mut info, libc::WEXITED | libc::WNOWAIT) };
        if answer == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

fn reap(pid: libc::pid_t) -> io::Result<(libc::c_int, libc::rusage)> {
    let mut status = 0;
    // SAFETY: `rusage` is plain data, valid when zeroed.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both places are valid; `pid` is our child and not yet reaped.
        if unsafe { libc::wait4(pid, &mut status, 0, &mut usage) } == pid {
            return Ok((status, usage));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Watch {
    Running,
    Killed,
    Over,
}

/// Kills a process that outlives its limit.
struct Watchdog {
    state: Arc<(Mutex<Watch>, Condvar)>,
    thread: thread::JoinHandle<()>,
}

impl Watchdog {
    fn start(pid: libc::pid_t, limit: Duration) -> Self {
        let state = Arc::new((Mutex::new(Watch::Running), Condvar::new()));
        let shared = Arc::clone(&state);
        let thread = thread::spawn(move || {
            let (lock, signal) = &*shared;
            let guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
            let (mut guard, timeout) = signal
                .wait_timeout_while(guard, limit, |watch| *watch == Watch::Running)
                .unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() && *guard == Watch::Running {
                *guard = Watch::Killed;
                // SAFETY: the child is reaped only after this thread has been stopped, so the number is still its own.
                unsafe { libc::kill(pid, libc::SIGKILL) };
            }
        });
        Self { state, thread }
    }

    /// True if the process was killed.
    fn stop(self) -> bool {
        let (lock, signal) = &*self.state;
        let killed = {
            let mut watch = lock.lock().unwrap_or_else(PoisonError::into_inner);
            let killed = *watch == Watch::Killed;
            *watch = Watch::Over;
            killed
        };
        signal.notify_all();
        // The thread does nothing that can panic; if it did, the process has ended all the same.
        let _ = self.thread.join();
        killed
    }
}

/// The last line of a file that says something: where a failed process left its reason.
pub fn last_line(path: &Path) -> Option<String> {
    let text = fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().rev().find(|line| !line.trim().is_empty() && !line.starts_with('\t'))?;
    Some(line.chars().take(400).collect())
}

/// Cores that this process may use.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The full path of a program on `PATH`.
pub fn find_program(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Path::new(name).canonicalize().ok().filter(|path| path.is_file());
    }
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(folder: &Path, script: &str, limit: Duration) -> Finished {
        run(&Invocation {
            program: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            folder: folder.into(),
            stdout: folder.join("out"),
            stderr: folder.join("err"),
            limit,
        })
        .expect("runs")
    }

    #[test]
    fn reports_status_output_and_time() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let limit = Duration::from_secs(20);
        let finished = shell(folder.path(), "echo hello; echo oops >&2; sleep 0.05; exit 3", limit);
        assert_eq!(finished.end, End::Exited(3));
        assert!(finished.wall_ns >= 50_000_000);
        assert_eq!(fs::read(folder.path().join("out")).expect("output"), b"hello\n");
        assert_eq!(last_line(&folder.path().join("err")).as_deref(), Some("oops"));
        assert_eq!(shell(folder.path(), "kill -9 $$", limit).end, End::Signalled(9));
    }

    #[test]
    fn a_process_beyond_its_limit_is_killed() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let finished = shell(folder.path(), "exec sleep 30", Duration::from_millis(60));
        assert_eq!(finished.end, End::TimedOut);
        assert!(finished.wall_ns < 10_000_000_000);
    }

    #[test]
    fn charges_the_cpu_time_of_the_child_only() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let busy = shell(folder.path(), "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done", Duration::from_secs(60));
        let idle = shell(folder.path(), "sleep 0.1", Duration::from_secs(60));
        assert!(busy.user_ns > idle.user_ns * 3, "{busy:?} {idle:?}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let invocation = Invocation {
            program: "/no/such/program".into(),
            args: Vec::new(),
            folder: folder.path().into(),
            stdout: folder.path().join("out"),
            stderr: folder.path().join("err"),
            limit: Duration::from_secs(1),
        };
        assert!(run(&invocation).expect_err("missing").to_string().contains("/no/such/program"));
    }
}
