//! `--trace`: what tiers, compilers and collector did when, as Chrome trace events for Perfetto or `chrome://tracing`.
//!
//! The file is an array of JSON objects, one a line. Its readers do without the end of the array, and a process that is
//! killed leaves whole events ([`Pages`]), so what it leaves can be loaded. Timestamps are microseconds since the VM was
//! made.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    time::Instant,
};

use serde_json::{Value, json};
use trinity_vm::seam::{
    CompileRecord, CompileResult, DecisionRecord, DeoptRecord, EventSink, FunctionRecord, InstallRecord,
    IterationRecord, OsrRecord, PauseRecord, RunSummary, WithdrawRecord, Withdrawal,
};

use super::sinks::Problem;
use crate::failure::{AtPath, Result};

/// Events are written when they are as old as this, or a page is full.
const FLUSH_AFTER_NS: u64 = 100_000_000;
/// Handovers to code for loops that are shown one by one; all are counted.
const MAX_OSR_EVENTS: u64 = 10_000;

/// Tracks. What the thread that runs Lua does is on one, nested; the collector's cycles go on across it.
const LUA: u32 = 1;
const CYCLES: u32 = 2;

/// What the system writes to a file without a look at whether the process has been killed meanwhile.
const PAGE: usize = 4096;

/// Writes a file so that no event lies in two pages of it, unless it is larger than one.
struct Pages {
    path: PathBuf,
    file: File,
    problem: Problem,
    /// To be written to the page that is being filled.
    buffer: Vec<u8>,
    /// What has been written to it.
    written: usize,
}

impl Pages {
    fn append(&mut self, event: &[u8]) {
        let left = PAGE.saturating_sub(self.written + self.buffer.len());
        if event.len() > left {
            // White space between events means nothing.
            self.buffer.resize(self.buffer.len() + left, b' ');
            self.flush();
        }
        self.buffer.extend_from_slice(event);
    }

    fn flush(&mut self) {
        if self.problem.is_noted() {
            self.buffer.clear();
        }
        if let Err(error) = self.file.write_all(&self.buffer) {
            self.problem.note(|| format!("{}: cannot write: {error}", self.path.display()));
        }
        self.written = (self.written + self.buffer.len()) % PAGE;
        self.buffer.clear();
    }
}

pub(super) struct TraceSink {
    pages: Pages,
    created: Instant,
    flushed_ns: u64,
    osr_entries: u64,
    /// Start of the collector's cycle that is under way.
    cycle_began_ns: Option<u64>,
    cycles: u64,
}

impl TraceSink {
    /// Begins the file. `created` is when the VM was made, `script` what it runs.
    ///
    /// # Errors
    /// The file cannot be made.
    pub(super) fn create(path: &Path, created: Instant, script: &[String]) -> Result<(TraceSink, Problem)> {
        let file = File::create(path).at("create", path)?;
        let problem = Problem::default();
        let pages =
            Pages { path: path.to_owned(), file, problem: problem.clone(), buffer: b"[\n".to_vec(), written: 0 };
        let mut sink = TraceSink { pages, created, flushed_ns: 0, osr_entries: 0, cycle_began_ns: None, cycles: 0 };
        let metadata = |name: &str, track: u32, value: &str| json!({"name": name, "ph": "M", "pid": 1, "tid": track, "args": {"name": value}});
        sink.put(&metadata("process_name", LUA, "trinity"), true);
        sink.put(&metadata("thread_name", LUA, "Lua"), false);
        sink.put(&metadata("thread_name", CYCLES, "collector cycles"), false);
        let begin = json!({
            "name": "run", "cat": "run", "ph": "B", "pid": 1, "tid": LUA, "ts": 0.0, "args": {"script": script.join(" ")},
        });
        sink.put(&begin, false);
        sink.flush(0);
        Ok((sink, problem))
    }

    fn put(&mut self, event: &Value, is_first: bool) {
        let separator = if is_first { "" } else { ",\n" };
        self.pages.append(format!("{separator}{event}").as_bytes());
    }

    /// Puts an event that ended at `now_ns`.
    fn event(&mut self, event: &Value, now_ns: u64) {
        self.put(event, false);
        if now_ns.saturating_sub(self.flushed_ns) >= FLUSH_AFTER_NS {
            self.flush(now_ns);
        }
    }

    fn instant(&mut self, name: &str, category: &str, t_ns: u64, args: &Value) {
        let event = json!({
            "name": name, "cat": category, "ph": "i", "s": "t", "pid": 1, "tid": LUA, "ts": micros(t_ns), "args": args,
        });
        self.event(&event, t_ns);
    }

    fn span(&mut self, name: &str, category: &str, track: u32, (start_ns, end_ns): (u64, u64), args: &Value) {
        let event = json!({
            "name": name, "cat": category, "ph": "X", "pid": 1, "tid": track,
            "ts": micros(start_ns), "dur": micros(end_ns.saturating_sub(start_ns)), "args": args,
        });
        self.event(&event, end_ns);
    }

    /// A span that others may overlap: both ends of it.
    fn overlapping(&mut self, name: &str, category: &str, id: u64, (start_ns, end_ns): (u64, u64), args: &Value) {
        let none = json!({});
        for (phase, t_ns) in [("b", start_ns), ("e", end_ns)] {
            let event = json!({
                "name": name, "cat": category, "ph": phase, "id": id, "pid": 1, "tid": LUA, "ts": micros(t_ns),
                "args": if phase == "b" { args } else { &none },
            });
            self.event(&event, end_ns);
        }
    }

    fn flush(&mut self, now_ns: u64) {
        self.flushed_ns = now_ns;
        self.pages.flush();
    }
}

fn micros(ns: u64) -> f64 {
    ns as f64 / 1e3
}

fn place(loop_pc: Option<u32>) -> String {
    loop_pc.map_or_else(String::new, |pc| format!(" loop@{pc}"))
}

impl EventSink for TraceSink {
    fn compile(&mut self, record: &CompileRecord) {
        let name = format!("compile {} for tier {}", record.label, record.tier_to as u8);
        let mut args = json!({
            "decision": record.decision_id,
            "function": format!("{:016x}", record.function_id),
            "loop": record.loop_index,
            "from_tier": record.tier_from as u8,
            "to_tier": record.tier_to as u8,
            "cpu_us": micros(record.cpu_ns),
            "bytecode_len": record.bytecode_len,
            "ir_insts": record.ir_insts,
            "code_bytes": record.code_bytes,
        });
        match record.result {
            CompileResult::Ok => {
                args["result"] = "ok".into();
                args["form"] = record.form.into();
            }
            CompileResult::Bailout(reason) => {
                args["result"] = "bailout".into();
                args["reason"] = reason.into();
            }
            CompileResult::Stale(reason) => {
                args["result"] = "stale".into();
                args["reason"] = reason.into();
            }
        }
        let phases = [
            ("build", record.phases.build_ns),
            ("lower", record.phases.lower_ns),
            ("codegen", record.phases.codegen_ns),
            ("install", record.phases.install_ns),
        ];
        for (phase, ns) in phases {
            args[format!("{phase}_us")] = micros(ns).into();
        }
        let (start_ns, end_ns) = (record.start_ns, record.install_ns);
        if let Some(enqueue_ns) = record.enqueue_ns {
            args["queue_wait_us"] = micros(start_ns.saturating_sub(enqueue_ns)).into();
            return self.overlapping(&name, "compile", record.decision_id, (enqueue_ns, end_ns), &args);
        }
        self.span(&name, "compile", LUA, (start_ns, end_ns), &args);
        let mut at = start_ns;
        for (phase, ns) in phases {
            let end = (at + ns).min(end_ns);
            if end > at {
                self.span(phase, "phase", LUA, (at, end), &json!({}));
            }
            at = end;
        }
    }

    fn install(&mut self, record: &InstallRecord) {
        let name = format!("promote {}{} to tier {}", record.label, place(record.loop_pc), record.tier_to as u8);
        let args = json!({
            "function": format!("{:016x}", record.function_id),
            "loop_pc": record.loop_pc,
            "from_tier": record.tier_from as u8,
            "to_tier": record.tier_to as u8,
            "address": format!("{:x}", record.address),
            "code_bytes": record.code_bytes,
        });
        self.instant(&name, "tier", record.t_ns, &args);
    }

    fn withdraw(&mut self, record: &WithdrawRecord) {
        // What took its place is a promotion.
        if record.why == Withdrawal::Replaced {
            return;
        }
        let name = format!("demote {}{}: {}", record.label, place(record.loop_pc), record.why.name());
        let args = json!({
            "function": format!("{:016x}", record.function_id),
            "loop_pc": record.loop_pc,
            "from_tier": record.tier as u8,
            "to_tier": 0,
            "reason": record.why.name(),
        });
        self.instant(&name, "tier", record.t_ns, &args);
    }

    fn osr_entry(&mut self, record: &OsrRecord<'_>) {
        self.osr_entries += 1;
        if self.osr_entries > MAX_OSR_EVENTS {
            return;
        }
        let label = record.label.map_or("?", |label| &**label);
        let name = format!("enter {label} loop@{} in tier {}", record.loop_pc, record.tier as u8);
        let args = json!({
            "function": format!("{:016x}", record.function_id),
            "loop_pc": record.loop_pc,
            "tier": record.tier as u8,
        });
        let t_ns = self.created.elapsed().as_nanos() as u64;
        self.instant(&name, "osr", t_ns, &args);
    }

    fn deopt(&mut self, record: &DeoptRecord) {
        let name = format!("deopt {}: {}", record.label, record.reason);
        let args = json!({
            "function": format!("{:016x}", record.function_id), "pc": record.pc, "reason": record.reason,
        });
        self.instant(&name, "deopt", record.t_ns, &args);
    }

    fn pause(&mut self, record: &PauseRecord) {
        let span = (record.start_ns, record.end_ns);
        let args = json!({
            "cpu_us": micros(record.cpu_ns), "phase": record.phase, "cycles": record.cycles, "heap_bytes": record.heap_bytes,
        });
        self.span("gc pause", "gc", LUA, span, &args);
        // A cycle goes from the beginning of marking to its end; what comes after is sweeping at leisure.
        let began = *self.cycle_began_ns.get_or_insert(record.start_ns);
        if record.cycles > self.cycles {
            self.cycles = record.cycles;
            self.span("gc cycle", "gc", CYCLES, (began, record.end_ns), &json!({ "cycle": record.cycles }));
            self.cycle_began_ns = None;
        } else if record.phase != "mark" {
            self.cycle_began_ns = None;
        }
        let counter = json!({
            "name": "heap", "ph": "C", "pid": 1, "ts": micros(record.end_ns), "args": {"bytes": record.heap_bytes},
        });
        self.event(&counter, record.end_ns);
    }

    fn iteration(&mut self, record: &IterationRecord) {
        let end_ns = self.created.elapsed().as_nanos() as u64;
        let args = json!({"iteration": record.iteration, "cpu_us": micros(record.cpu_ns), "deopts": record.deopts});
        self.overlapping(
            "iteration",
            "iteration",
            u64::from(record.iteration),
            (end_ns.saturating_sub(record.wall_ns), end_ns),
            &args,
        );
    }

    fn run_end(&mut self, summary: &RunSummary) {
        let args = json!({
            "cpu_us": micros(summary.cpu_ns),
            "gc_us": micros(summary.gc_ns),
            "policy": summary.policy,
            "osr_entries": self.osr_entries,
        });
        let end = json!({
            "name": "run", "cat": "run", "ph": "E", "pid": 1, "tid": LUA, "ts": micros(summary.wall_ns), "args": args,
        });
        self.put(&end, false);
        self.pages.append(b"\n]\n");
        self.flush(summary.wall_ns);
    }

    fn decision(&mut self, _: &DecisionRecord) {}
    fn function(&mut self, _: &FunctionRecord) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wherever a page ends the file can be cut, and is an array but for its end.
    #[test]
    fn no_event_lies_in_two_pages() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let (mut sink, problem) = TraceSink::create(file.path(), Instant::now(), &[]).expect("creates");
        for t_ns in 0..500 {
            sink.instant(&"x".repeat(t_ns as usize % 300), "test", t_ns * 1_000_000, &json!({}));
        }
        sink.run_end(&RunSummary::default());
        assert!(!problem.is_noted());
        let bytes = std::fs::read(file.path()).expect("reads");
        assert!(bytes.len() > 10 * PAGE);
        for end in (PAGE..bytes.len()).step_by(PAGE) {
            let text = format!("{}]", String::from_utf8_lossy(&bytes[..end]));
            assert!(serde_json::from_str::<Vec<Value>>(&text).is_ok(), "cut at {end}");
        }
        assert!(serde_json::from_slice::<Vec<Value>>(&bytes).is_ok_and(|events| events.len() > 500));
    }
}
