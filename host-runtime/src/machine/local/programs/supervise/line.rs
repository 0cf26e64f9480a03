//! The supervisor's command lines.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// What a query's supervisor is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct QueryLine {
    /// Namespaces are made; without the privileges for that they cannot be.
    pub(in super::super) is_isolated: bool,
    pub(in super::super) timeout: Duration,
    /// Paths of which nothing is to be seen.
    pub(in super::super) masks: Vec<PathBuf>,
    /// A file that is to be seen even where everything else is hidden.
    pub(in super::super) exposed: Option<PathBuf>,
    pub(in super::super) environment: Vec<(String, String)>,
    /// What the program is called.
    pub(in super::super) name: String,
    /// What it is.
    pub(in super::super) program: PathBuf,
    pub(in super::super) arguments: Vec<String>,
}

impl QueryLine {
    pub(in super::super) fn to_arguments(&self) -> Vec<OsString> {
        let mut line: Vec<OsString> = Vec::new();
        let mut option = |name: &str, value: OsString| line.extend([OsString::from(name), value]);
        option("--isolated", self.is_isolated.to_string().into());
        option("--timeout-ms", self.timeout.as_millis().to_string().into());
        for mask in &self.masks {
            option("--mask", mask.into());
        }
        if let Some(exposed) = &self.exposed {
            option("--expose", exposed.into());
        }
        for (name, value) in &self.environment {
            option("--environment", format!("{name}={value}").into());
        }
        option("--name", (&self.name).into());
        option("--program", (&self.program).into());
        line.push("--".into());
        line.extend(self.arguments.iter().map(OsString::from));
        line
    }
}

/// The supervisor's arguments, whatever the job.
#[derive(Debug, Default)]
pub(super) struct Line {
    options: Vec<(String, OsString)>,
    rest: Vec<OsString>,
}

impl Line {
    pub(super) fn parse(arguments: Vec<OsString>) -> Result<Self, String> {
        let mut line = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(name) = arguments.next() {
            let name = name.into_string().map_err(|_| "an option is not UTF-8")?;
            if name == "--" {
                line.rest = arguments.collect();
                break;
            }
            let value = arguments.next().ok_or_else(|| format!("`{name}` needs a value"))?;
            line.options.push((name, value));
        }
        Ok(line)
    }

    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &OsString> {
        self.options.iter().filter(move |(option, _)| option == name).map(|(_, value)| value)
    }

    pub(super) fn one(&self, name: &str) -> Result<&OsString, String> {
        self.all(name).next().ok_or_else(|| format!("`{name}` is missing"))
    }

    pub(super) fn prefix(&self) -> Vec<OsString> {
        self.all("--prefix").cloned().collect()
    }

    pub(super) fn query(self) -> Result<QueryLine, String> {
        let timeout =
            text(self.one("--timeout-ms")?)?.parse().map_err(|_| "`--timeout-ms` is not a number")?;
        let mut environment = Vec::new();
        for pair in self.all("--environment") {
            let pair = text(pair)?;
            let (name, value) = pair.split_once('=').ok_or("`--environment` needs NAME=VALUE")?;
            environment.push((name.to_owned(), value.to_owned()));
        }
        Ok(QueryLine {
            is_isolated: self.one("--isolated")? == "true",
            timeout: Duration::from_millis(timeout),
            masks: self.all("--mask").map(PathBuf::from).collect(),
            exposed: self.all("--expose").next().map(PathBuf::from),
            environment,
            name: text(self.one("--name")?)?,
            program: self.one("--program")?.into(),
            arguments: self.rest.iter().map(text).collect::<Result<_, _>>()?,
        })
    }
}

fn text(value: &OsString) -> Result<String, String> {
    value.clone().into_string().map_err(|value| format!("`{}` is not UTF-8", value.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_supervisor_is_told_arrives() {
        let query = QueryLine {
            is_isolated: true,
            timeout: Duration::from_millis(1500),
            masks: vec!["/var/lib/a".into(), "/etc/a".into()],
            exposed: Some("/tmp/x".into()),
            environment: vec![("A".to_owned(), "b=c".to_owned()), ("E".to_owned(), String::new())],
            name: "/bin/sh".to_owned(),
            program: "/usr/bin/dash".into(),
            arguments: vec!["--".to_owned(), "--mask".to_owned(), String::new()],
        };
        let line = Line::parse(query.to_arguments()).unwrap();
        assert_eq!(line.query(), Ok(query));
    }
}
