//! Progress of long work, on stderr, and only where a person looks at it.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};

pub struct Progress(ProgressBar);

impl Progress {
    /// A bar titled `title`; invisible when stderr is not a terminal.
    pub fn new(title: &str) -> Self {
        if !stderr().is_terminal() {
            return Self::hidden();
        }
        let bar = ProgressBar::new(0);
        let style = ProgressStyle::with_template("{prefix:>12} [{bar:30}] {pos}/{len} {eta:>4} left  {wide_msg}");
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(title.to_owned());
        Self(bar)
    }

    pub fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }
    pub fn length(&self, steps: usize) {
        self.0.set_length(steps as u64);
    }
    pub fn message(&self, text: &str) {
        self.0.set_message(text.to_owned());
    }
    /// That many steps were done before; they say nothing about the time left.
    pub fn present(&self, steps: usize) {
        self.0.set_position(steps as u64);
        self.0.reset_eta();
    }
    /// Says something to stay, beside the bar.
    pub fn note(&self, text: &str) {
        self.0.suspend(|| eprintln!("trinity: {text}"));
    }
    pub fn step(&self) {
        self.0.inc(1);
    }
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
