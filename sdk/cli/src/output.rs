//! Everything that is printed.

use std::io::{IsTerminal as _, Write};
use std::sync::{Arc, Mutex, PoisonError};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

/// For what went wrong.
pub(crate) const RED: Style = AnsiColor::Red.on_default();
/// For what is good or new.
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
/// For what deserves a look.
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
/// For what helps to find one's way.
pub(crate) const DIM: Style = Style::new().dimmed();
/// For headings.
pub(crate) const BOLD: Style = Style::new().bold();

/// Where everything is printed. The one place that prints.
pub struct Output {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    is_json: bool,
    is_live: bool,
    live_lines: usize,
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output")
            .field("is_json", &self.is_json)
            .field("is_live", &self.is_live)
            .finish_non_exhaustive()
    }
}

impl Output {
    /// Prints to standard output and standard error; colours only where a terminal shows them and nobody objects.
    pub fn of_this_process() -> Self {
        let out = anstream::AutoStream::auto(std::io::stdout());
        // A stream that takes colours away would take away the cursor's way up too.
        let is_live = std::io::stdout().is_terminal() && out.current_choice() != anstream::ColorChoice::Never;
        Self {
            out: Box::new(out),
            err: Box::new(anstream::AutoStream::auto(std::io::stderr())),
            is_json: false,
            is_live,
            live_lines: 0,
        }
    }

    /// Keeps what is printed for those who want to look at it.
    pub fn kept() -> (Self, Kept) {
        let kept = Kept::default();
        let (out, err) = (Box::new(kept.clone()), Box::new(kept.clone()));
        (Self { out, err, is_json: false, is_live: false, live_lines: 0 }, kept)
    }

    pub(crate) fn set_json(&mut self, is_json: bool) {
        self.is_json = is_json;
    }

    /// Returns whether programs read along.
    pub(crate) fn is_json(&self) -> bool {
        self.is_json
    }

    /// Prints text for people; a program that reads along gets none of it.
    pub(crate) fn text(&mut self, text: &str) {
        if !self.is_json {
            self.raw(text.as_bytes());
            if !text.is_empty() && !text.ends_with('\n') {
                self.raw(b"\n");
            }
        }
    }

    /// Prints a value as JSON.
    pub(crate) fn json(&mut self, value: &impl Serialize) {
        let text = serde_json::to_string_pretty(value).unwrap_or_else(|error| format!("\"{error}\""));
        self.raw(text.as_bytes());
        self.raw(b"\n");
    }

    /// Prints bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        // Whoever reads may have seen enough; that is no reason to complain.
        let _ = self.out.write_all(bytes);
        let _ = self.out.flush();
    }

    /// Prints a remark beside the result.
    pub(crate) fn note(&mut self, text: &str) {
        let _ = writeln!(self.err, "{text}");
    }

    /// Prints why it did not work, and what to do about it.
    pub(crate) fn failure(&mut self, lines: &[String], hint: Option<&str>) {
        let mut lines = lines.iter();
        if let Some(first) = lines.next() {
            let _ = writeln!(self.err, "{RED}error:{RED:#} {first}");
        }
        for line in lines {
            let _ = writeln!(self.err, "{line}");
        }
        if let Some(hint) = hint {
            let _ = writeln!(self.err, "{DIM}hint:{DIM:#} {hint}");
        }
    }

    /// Prints a question and leaves the cursor behind it.
    pub(crate) fn question(&mut self, text: &str) {
        let _ = write!(self.err, "{text} ");
        let _ = self.err.flush();
    }

    /// Prints text that takes the place of the last live text, where a terminal can do that; elsewhere only what is new, that
    /// is the lines after `known`.
    pub(crate) fn live(&mut self, lines: &[String], known: usize) {
        if self.is_json {
            return;
        }
        if self.is_live {
            if self.live_lines > 0 {
                let up = format!("\u{1b}[{}A\u{1b}[J", self.live_lines);
                self.raw(up.as_bytes());
            }
            self.text(&lines.join("\n"));
            self.live_lines = lines.len();
        } else if let Some(new) = lines.get(known..)
            && !new.is_empty()
        {
            self.text(&new.join("\n"));
        }
    }

    /// Leaves the live text where it is.
    pub(crate) fn end_live(&mut self) {
        self.live_lines = 0;
    }

    /// Returns whether live text replaces itself.
    pub(crate) fn is_live(&self) -> bool {
        self.is_live
    }
}

/// What was printed.
#[derive(Clone, Debug, Default)]
pub struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    /// Returns it all, without colours.
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        anstream::adapter::strip_str(&String::from_utf8_lossy(&bytes)).to_string()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
