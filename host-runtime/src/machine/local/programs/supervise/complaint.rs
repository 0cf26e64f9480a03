//! How a supervisor tells its own troubles from the program's output: in the last line of standard error, together with
//! an exit status of its own.

use std::io::Write;

/// Exit status of a supervisor that has something to say itself.
pub(in super::super) const COULD_NOT: u8 = 121;

const MARK: &str = "\0hostwright-supervisor ";
const TOO_SLOW: &str = "time-limit";

/// What a supervisor has to say itself.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Complaint {
    /// The program was ended at its time limit.
    TooSlow,
    /// It could not be run.
    Failed(String),
}

impl Complaint {
    /// Says it.
    pub(super) fn make(&self) {
        let text = match self {
            Self::TooSlow => TOO_SLOW,
            Self::Failed(why) => why,
        };
        // Without standard error there is nobody to tell.
        let _said = writeln!(std::io::stderr(), "{MARK}{}", text.replace('\n', " "));
    }

    /// Takes the complaint off the end of standard error.
    pub(in super::super) fn take(stderr: &mut Vec<u8>) -> Option<Self> {
        let start = stderr.windows(MARK.len()).rposition(|window| window == MARK.as_bytes())?;
        let text = String::from_utf8_lossy(&stderr[start + MARK.len()..]).trim_end().to_owned();
        stderr.truncate(start);
        Some(if text == TOO_SLOW { Self::TooSlow } else { Self::Failed(text) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_supervisors_word_is_told_from_the_programs() {
        let mut stderr = b"warning\n\0hostwright-supervisor no such file\n".to_vec();
        assert_eq!(Complaint::take(&mut stderr), Some(Complaint::Failed("no such file".to_owned())));
        assert_eq!(stderr, b"warning\n");
        assert_eq!(Complaint::take(&mut stderr), None);
        assert_eq!(
            Complaint::take(&mut b"\0hostwright-supervisor time-limit\n".to_vec()),
            Some(Complaint::TooSlow)
        );
    }
}
