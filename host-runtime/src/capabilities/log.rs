//! `hostwright:host/log`: lines in the host's log.

use crate::call::Limit;
use crate::host::{LogLevel, LogLine, PluginLog};
use crate::plugin::{Context, Identity};

/// A longer message is cut.
const MESSAGE_MAXIMUM: usize = 4096;

/// Writes a line, or drops it where the log was not granted: a plugin that talks too much is still stopped.
pub(crate) fn log(context: &Context, level: LogLevel, message: &str) -> Result<(), Limit> {
    context.meter.logged(message.len())?;
    if context.permits.grants.log {
        let end = message.floor_char_boundary(MESSAGE_MAXIMUM);
        write_line(&*context.host.log, &context.identity, level, &message[..end]);
    }
    Ok(())
}

/// Hands one line to the host, so that it can only be one line and only this plugin's.
pub(crate) fn write_line(log: &dyn PluginLog, identity: &Identity, level: LogLevel, message: &str) {
    let mut plain = String::with_capacity(message.len());
    for character in message.chars() {
        match character {
            '\t' => plain.push(' '),
            control if control.is_control() => plain.extend(control.escape_default()),
            other => plain.push(other),
        }
    }
    let Identity { plugin, version } = identity;
    log.line(LogLine { plugin, version, level, message: &plain });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Mode;
    use crate::capabilities::testing::{context_with_limits, grants};
    use crate::limits::Limits;

    #[test]
    fn a_line_stays_one_line_and_names_its_plugin() {
        let (context, machine) = context_with_limits(grants(r#"{"log": true}"#), Mode::Plan, Limits::DEFAULT);
        log(&context, LogLevel::Info, "one\nagent: two\u{1b}[2J").unwrap();
        assert_eq!(machine.lines(), ["Info test/guest 1.0.0 one\\nagent: two\\u{1b}[2J"]);
    }

    #[test]
    fn the_amount_is_limited_also_where_nothing_is_written() {
        for grant in [r#"{"log": true}"#, "{}"] {
            let limits = Limits { log_bytes: 10, ..Limits::DEFAULT };
            let (context, machine) = context_with_limits(grants(grant), Mode::Plan, limits);
            assert_eq!(log(&context, LogLevel::Debug, "12345"), Ok(()));
            assert_eq!(log(&context, LogLevel::Debug, "123456"), Err(Limit::Log(10)));
            assert_eq!(machine.lines().len(), usize::from(grant != "{}"));
        }
    }
}
