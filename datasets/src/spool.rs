//! The writer behind the VM's event seam.
//!
//! In the measured process a record costs one copy into a buffer and, every 32 KiB, one `write`. Parquet is made
//! from the spool elsewhere ([`crate::convert`]).

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use trinity_vm::seam::{
    CompileRecord, DecisionRecord, DeoptRecord, EventSink, FunctionRecord, FunctionTotals, IterationRecord, RunSummary,
};

use crate::{
    error::DataError,
    record::{self, Strings, decision::Known},
};

/// PERF: short programs need one `write`, and few pages are touched for the first time.
const BUFFER: usize = 32 << 10;

/// Appends records to a spool file. Flushed at run end and when dropped; a killed process loses the buffer and
/// leaves at most one partial record.
pub struct SpoolSink {
    file: File,
    buffer: Vec<u8>,
    strings: Strings,
    known: Known,
    status: Arc<Status>,
}

#[derive(Default)]
struct Status {
    records: AtomicU64,
    dropped: AtomicU64,
    error: OnceLock<String>,
}

/// What became of a spool; outlives the sink that the VM owns.
#[derive(Clone)]
pub struct SpoolHandle {
    path: PathBuf,
    status: Arc<Status>,
}

impl SpoolHandle {
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// Records accepted so far.
    pub fn records(&self) -> u64 {
        self.status.records.load(Ordering::Relaxed)
    }
    /// Records lost because the file could not be written.
    pub fn dropped(&self) -> u64 {
        self.status.dropped.load(Ordering::Relaxed)
    }
    /// The first write error, after which every record is dropped.
    pub fn error(&self) -> Option<&str> {
        self.status.error.get().map(String::as_str)
    }
}

impl SpoolSink {
    /// Creates `DIR/run-PID-N.spool`, and `DIR` where it does not exist.
    ///
    /// # Errors
    /// [`DataError::Io`] when the directory or the file cannot be created.
    pub fn create(dir: &Path) -> Result<(SpoolSink, SpoolHandle), DataError> {
        std::fs::create_dir_all(dir).map_err(DataError::io(dir, "create the directory"))?;
        let pid = std::process::id();
        let mut number = 0;
        let (mut file, path) = loop {
            let path = dir.join(format!("run-{pid}-{number}.spool"));
            match File::options().write(true).create_new(true).open(&path) {
                Ok(file) => break (file, path),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(DataError::io(&path, "create the spool")(error)),
            }
        };
        file.write_all(&record::header()).map_err(DataError::io(&path, "write the spool"))?;
        let status = Arc::new(Status::default());
        let sink = SpoolSink {
            file,
            // Headroom: records are appended whole before the length is looked at.
            buffer: Vec::with_capacity(BUFFER + 4096),
            strings: Strings::default(),
            known: Known::default(),
            status: Arc::clone(&status),
        };
        Ok((sink, SpoolHandle { path, status }))
    }

    fn append(&mut self, encode: impl FnOnce(&mut Self)) {
        if self.status.error.get().is_some() {
            self.status.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        encode(self);
        self.status.records.fetch_add(1, Ordering::Relaxed);
        if self.buffer.len() >= BUFFER {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if let Err(error) = self.file.write_all(&self.buffer) {
            self.status.dropped.fetch_add(1, Ordering::Relaxed);
            self.status.error.get_or_init(|| error.to_string());
        }
        self.buffer.clear();
    }
}

impl EventSink for SpoolSink {
    fn decision(&mut self, record: &DecisionRecord) {
        self.append(|this| record::decision::write(record, &mut this.strings, &mut this.known, &mut this.buffer));
    }
    fn compile(&mut self, record: &CompileRecord) {
        self.append(|this| record::compile(record, &mut this.strings, &mut this.buffer));
    }
    fn deopt(&mut self, record: &DeoptRecord) {
        self.append(|this| record::deopt(record, &mut this.strings, &mut this.buffer));
    }
    fn function_so_far(&mut self, totals: &FunctionTotals) {
        self.append(|this| record::function_so_far(totals, &mut this.buffer));
    }
    fn iteration(&mut self, record: &IterationRecord) {
        self.append(|this| record::iteration(record, &mut this.buffer));
    }
    fn function(&mut self, record: &FunctionRecord) {
        self.append(|this| record::function(record, &mut this.buffer));
    }
    fn run_end(&mut self, summary: &RunSummary) {
        self.append(|this| record::run_end(summary, &mut this.buffer));
        self.flush();
    }
}

impl Drop for SpoolSink {
    fn drop(&mut self) {
        self.flush();
    }
}
