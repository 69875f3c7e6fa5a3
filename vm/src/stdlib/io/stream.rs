//! Buffered byte streams over files, pipes and whatever a host puts in place of standard output.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    os::fd::{AsFd, BorrowedFd},
    process::{Child, ExitStatus},
};

/// Size at which a full buffer is written, and amount that is read at once, in bytes.
const BUFFER: usize = 1 << 16;

/// When output leaves the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffering {
    /// At once.
    None,
    /// When a line is complete.
    Line,
    /// When the buffer is full.
    Full,
}

enum Device {
    Closed,
    File(File),
    /// A child process whose output is read.
    From(Child),
    /// A child process whose input is written.
    To(Child),
    Sink(Box<dyn Write>),
}

/// How a stream was closed.
pub enum Closed {
    Plain,
    /// A pipe: how its process ended.
    Process(ExitStatus),
}

/// A stream with its buffers.
pub struct Stream {
    device: Device,
    /// Whether writing is refused at once.
    read_only: bool,
    buffering: Buffering,
    output: Vec<u8>,
    /// How much of `output` others should find written already when they look, in bytes.
    due: usize,
    input: Vec<u8>,
    /// Read position in `input`.
    at: usize,
}

impl Stream {
    fn new(device: Device, buffering: Buffering) -> Self {
        Self { device, read_only: false, buffering, output: Vec::new(), due: 0, input: Vec::new(), at: 0 }
    }

    pub fn from_file(file: File) -> Self {
        Self::new(Device::File(file), Buffering::Full)
    }

    /// The same stream, refusing to be written to.
    pub fn read_only(self) -> Self {
        let mut stream = self;
        stream.read_only = true;
        stream
    }

    /// The output of a child process; its standard output must be piped.
    pub fn from_process(child: Child) -> Self {
        Self::new(Device::From(child), Buffering::Full).read_only()
    }

    /// The input of a child process; its standard input must be piped.
    pub fn to_process(child: Child) -> Self {
        Self::new(Device::To(child), Buffering::Full)
    }

    pub fn to_sink(sink: Box<dyn Write>) -> Self {
        Self::new(Device::Sink(sink), Buffering::Full)
    }

    /// One of the standard streams, `None` when the process does not have it.
    pub fn standard(file: Option<File>, buffering: Buffering) -> Self {
        Self::new(file.map_or(Device::Closed, Device::File), buffering)
    }

    pub fn is_closed(&self) -> bool {
        matches!(self.device, Device::Closed)
    }

    /// The system's handle, if there is one.
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match &self.device {
            Device::File(file) => Some(file.as_fd()),
            Device::From(child) => child.stdout.as_ref().map(AsFd::as_fd),
            Device::To(child) => child.stdin.as_ref().map(AsFd::as_fd),
            Device::Sink(_) | Device::Closed => None,
        }
    }

    pub fn buffering(&self) -> Buffering {
        self.buffering
    }

    /// # Errors
    /// What was buffered cannot be written.
    pub fn set_buffering(&mut self, buffering: Buffering) -> io::Result<()> {
        self.buffering = buffering;
        self.flush()
    }

    /// # Errors
    /// The device refuses the data.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.read_only {
            return Err(bad_descriptor());
        }
        if self.at < self.input.len() {
            // Data read ahead: writing goes on where reading stopped.
            self.seek(SeekFrom::Current(0))?;
        }
        self.output.extend_from_slice(bytes);
        let due = match self.buffering {
            Buffering::None => true,
            Buffering::Line => bytes.contains(&b'\n') || self.output.len() >= BUFFER,
            Buffering::Full => self.output.len() >= BUFFER,
        };
        if due { self.drain() } else { Ok(()) }
    }

    /// # Errors
    /// The device refuses what was buffered, which is lost.
    pub fn flush(&mut self) -> io::Result<()> {
        self.drain()?;
        match &mut self.device {
            Device::Sink(sink) => sink.flush(),
            _ => Ok(()),
        }
    }

    /// As a write and a flush, but the flush may wait until [`Stream::flush_due`].
    ///
    /// # Errors
    /// The device refuses the data.
    pub fn write_through(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(bytes)?;
        self.due = self.output.len();
        Ok(())
    }

    /// Makes good for the flushes of [`Stream::write_through`].
    ///
    /// # Errors
    /// The device refuses the data.
    pub fn flush_due(&mut self) -> io::Result<()> {
        if self.due == 0 {
            return Ok(());
        }
        self.drain_up_to(self.due)?;
        match &mut self.device {
            Device::Sink(sink) => sink.flush(),
            _ => Ok(()),
        }
    }

    fn drain(&mut self) -> io::Result<()> {
        self.drain_up_to(self.output.len())
    }

    fn drain_up_to(&mut self, end: usize) -> io::Result<()> {
        if end == 0 {
            return Ok(());
        }
        let bytes = &self.output[..end];
        let result = match &mut self.device {
            Device::File(file) => file.write_all(bytes),
            Device::To(child) => match &mut child.stdin {
                Some(pipe) => pipe.write_all(bytes),
                None => Err(bad_descriptor()),
            },
            Device::Sink(sink) => sink.write_all(bytes),
            Device::From(_) | Device::Closed => Err(bad_descriptor()),
        };
        self.output.drain(..end);
        self.due = 0;
        result
    }

    /// Whether somebody may be reading what is written: a terminal's user beside standard error, or a process.
    pub fn has_reader(&self) -> bool {
        self.buffering == Buffering::None || matches!(self.device, Device::To(_))
    }

    /// Whether the next read has to ask the device.
    pub fn must_read(&self) -> bool {
        self.at >= self.input.len()
    }

    /// What is buffered for reading; reads more when nothing is. Empty at the end.
    ///
    /// # Errors
    /// The device cannot be read.
    pub fn fill(&mut self) -> io::Result<&[u8]> {
        if self.must_read() {
            self.drain()?;
            self.input.resize(BUFFER, 0);
            self.at = 0;
            let count = loop {
                let result = match &mut self.device {
                    Device::File(file) => file.read(&mut self.input),
                    Device::From(child) => match &mut child.stdout {
                        Some(pipe) => pipe.read(&mut self.input),
                        None => Err(bad_descriptor()),
                    },
                    Device::To(_) | Device::Sink(_) | Device::Closed => Err(bad_descriptor()),
                };
                match result {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => break result,
                }
            };
            self.input.truncate(*count.as_ref().unwrap_or(&0));
            count?;
        }
        Ok(&self.input[self.at..])
    }

    /// The next byte, which stays.
    ///
    /// # Errors
    /// As [`Stream::fill`].
    pub fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.fill()?.first().copied())
    }

    /// Passes `count` bytes of what [`Stream::fill`] returned.
    pub fn consume(&mut self, count: usize) {
        self.at = (self.at + count).min(self.input.len());
    }

    /// Appends the next line to `line`, with its end when `keep_end`. Says whether there was one.
    ///
    /// # Errors
    /// As [`Stream::fill`]; it is longer than `longest` bytes.
    pub fn read_line(&mut self, line: &mut Vec<u8>, keep_end: bool, longest: usize) -> io::Result<bool> {
        let mut any = false;
        loop {
            let bytes = self.fill()?;
            if bytes.is_empty() {
                return Ok(any);
            }
            any = true;
            if let Some(end) = memchr::memchr(b'\n', bytes) {
                line.extend_from_slice(&bytes[..end + keep_end as usize]);
                self.consume(end + 1);
                return Ok(true);
            }
            let count = bytes.len();
            if count > longest.saturating_sub(line.len()) {
                return Err(io::ErrorKind::OutOfMemory.into());
            }
            line.extend_from_slice(bytes);
            self.consume(count);
        }
    }

    /// Appends up to `limit` bytes to `text`: fewer only at the end.
    ///
    /// # Errors
    /// As [`Stream::fill`].
    pub fn read_up_to(&mut self, text: &mut Vec<u8>, limit: usize) -> io::Result<()> {
        let mut left = limit;
        while left > 0 {
            let bytes = self.fill()?;
            if bytes.is_empty() {
                break;
            }
            let count = bytes.len().min(left);
            text.extend_from_slice(&bytes[..count]);
            self.consume(count);
            left -= count;
        }
        Ok(())
    }

    /// Moves the position; returns the new one, in bytes from the start.
    ///
    /// # Errors
    /// The device has no positions, or not this one.
    pub fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.drain()?;
        let ahead = (self.input.len() - self.at) as i64;
        let Device::File(file) = &mut self.device else { return Err(io::Error::from_raw_os_error(libc::ESPIPE)) };
        let to = match to {
            SeekFrom::Current(offset) => SeekFrom::Current(offset.saturating_sub(ahead)),
            to => to,
        };
        let position = file.seek(to)?;
        self.input.clear();
        self.at = 0;
        Ok(position)
    }

    /// Flushes and closes; a pipe's process is waited for.
    ///
    /// # Errors
    /// The last data cannot be written. The stream is closed all the same.
    pub fn close(&mut self) -> io::Result<Closed> {
        let flushed = self.flush();
        let closed = match std::mem::replace(&mut self.device, Device::Closed) {
            Device::From(mut child) | Device::To(mut child) => {
                // The process may be waiting for the end of the pipe.
                drop(child.stdin.take());
                drop(child.stdout.take());
                Closed::Process(child.wait()?)
            }
            _ => Closed::Plain,
        };
        flushed.map(|()| closed)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Nobody is left to tell of an error.
        let _ = self.close();
    }
}

fn bad_descriptor() -> io::Error {
    io::Error::from_raw_os_error(libc::EBADF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_and_writing_share_a_position() {
        let directory = std::env::temp_dir();
        let path = directory.join(format!("trinity-stream-{}", std::process::id()));
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let mut stream = Stream::from_file(file);
        stream.write(b"one\ntwo\nthree").unwrap();
        assert_eq!(stream.seek(SeekFrom::Start(0)).unwrap(), 0);
        let mut line = Vec::new();
        assert!(stream.read_line(&mut line, false, usize::MAX).unwrap());
        assert_eq!(line, b"one");
        assert_eq!(stream.seek(SeekFrom::Current(0)).unwrap(), 4);
        stream.write(b"TWO").unwrap();
        line.clear();
        assert!(stream.read_line(&mut line, true, usize::MAX).unwrap());
        assert_eq!(line, b"\n");
        line.clear();
        stream.read_up_to(&mut line, 100).unwrap();
        assert_eq!(line, b"three");
        assert_eq!(stream.peek().unwrap(), None);
        assert!(!stream.read_line(&mut line, true, usize::MAX).unwrap());
    }
}
