//! A whole command line.

use std::fmt;

use super::placeholder::Placeholder;
use super::token::{Part, Token, TokenError};
use crate::grants::FilesGrant;
use crate::within::{PathProblem, check_path};

/// Of one command line.
const ARGUMENTS_MAXIMUM: usize = 4096;
/// Of all arguments together; well below what `execve` takes.
const BYTES_MAXIMUM: usize = 512 << 10;

/// A program and the forms of its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandPattern {
    program: String,
    tokens: Vec<Token>,
}

impl CommandPattern {
    /// Reads a pattern: an absolute program, then literals and placeholders.
    pub fn parse(words: &[String]) -> Result<Self, PatternError> {
        let Some((program, words)) = words.split_first() else { return Err(PatternError::Empty) };
        if program == "/" {
            return Err(PatternError::Program { program: program.clone(), problem: PathProblem::NotNormal });
        }
        check_path(program).map_err(|problem| PatternError::Program { program: program.clone(), problem })?;
        let mut tokens = Vec::with_capacity(words.len());
        for (index, word) in words.iter().enumerate() {
            let token = Token::parse(word).map_err(|problem| PatternError::Word {
                position: index + 1,
                word: word.escape_debug().to_string(),
                problem,
            })?;
            tokens.push(token);
        }
        let pattern = Self { program: program.clone(), tokens };
        let candidates = pattern.tokens.iter().filter(|token| token.parts == [Part::Candidate]).count();
        if candidates > 1 { Err(PatternError::Candidates) } else { Ok(pattern) }
    }

    /// Returns the program.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Returns the words after the program, as they are written in the manifest.
    pub fn words(&self) -> Vec<String> {
        self.tokens.iter().map(Token::to_string).collect()
    }

    /// Returns whether this judges a file before it goes live (it has `{candidate}`).
    pub fn is_validation(&self) -> bool {
        self.tokens.iter().any(|token| token.parts == [Part::Candidate])
    }

    /// Returns whether nothing is left to the plugin.
    pub fn is_literal(&self) -> bool {
        self.tokens.iter().all(|token| token.placeholders().next().is_none())
    }

    /// Returns whether there is a `{path}`.
    pub fn has_paths(&self) -> bool {
        self.has(Placeholder::Path)
    }

    /// Returns whether there is such a placeholder.
    pub fn has(&self, placeholder: Placeholder) -> bool {
        self.tokens.iter().flat_map(Token::placeholders).any(|found| found == placeholder)
    }

    /// Checks the form of a command line. Where a path lies is not asked.
    pub fn matches(&self, program: &str, arguments: &[String]) -> Result<(), Mismatch> {
        self.matches_if(program, arguments, &|_, _| Ok(()))
    }

    /// Checks a command line: its form, and that every path lies below one of these.
    pub fn matches_within(
        &self,
        program: &str,
        arguments: &[String],
        files: &FilesGrant,
    ) -> Result<(), Mismatch> {
        self.matches_if(program, arguments, &|placeholder, value| {
            if placeholder != Placeholder::Path || files.allows_reading(value) {
                Ok(())
            } else {
                Err("is not below a path that `files` grants".to_owned())
            }
        })
    }

    fn matches_if(
        &self,
        program: &str,
        arguments: &[String],
        accepts: &impl Fn(Placeholder, &str) -> Result<(), String>,
    ) -> Result<(), Mismatch> {
        if program != self.program {
            return Err(Mismatch::Program { granted: self.program.clone() });
        }
        if arguments.len() > ARGUMENTS_MAXIMUM
            || arguments.iter().map(String::len).sum::<usize>() > BYTES_MAXIMUM
        {
            return Err(Mismatch::TooMuch);
        }
        // Which arguments could be the next after the words so far. Repeated words make it more than one; to look at
        // them together keeps the work to words times arguments, whatever the plugin passes.
        let mut next = vec![false; arguments.len() + 1];
        next[0] = true;
        let mut furthest: Option<(usize, String)> = None;
        for token in &self.tokens {
            let mut after = vec![false; arguments.len() + 1];
            for start in 0..arguments.len() {
                let reached = next[start] || (token.repeated && after[start]);
                if !reached {
                    continue;
                }
                match token.check(&arguments[start], accepts) {
                    Ok(()) => after[start + 1] = true,
                    Err(reason) => {
                        if furthest.as_ref().is_none_or(|(position, _)| *position <= start) {
                            furthest = Some((start, reason));
                        }
                    }
                }
            }
            if !after.contains(&true) {
                return Err(match furthest {
                    Some((position, reason)) if !next[arguments.len()] => {
                        Mismatch::argument(position, arguments, reason)
                    }
                    _ => Mismatch::TooFew { expected: token.to_string() },
                });
            }
            next = after;
        }
        if next[arguments.len()] {
            return Ok(());
        }
        let reached = next.iter().rposition(|&possible| possible).unwrap_or_default();
        Err(match furthest {
            Some((position, reason)) if position >= reached => {
                Mismatch::argument(position, arguments, reason)
            }
            _ => Mismatch::argument(reached, arguments, "is one too many".to_owned()),
        })
    }
}

impl fmt::Display for CommandPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.program)?;
        self.tokens.iter().try_for_each(|token| write!(formatter, " {token}"))
    }
}

/// Why a pattern cannot be granted or asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// No program.
    #[error(
        "a command needs a program: write e.g. `[\"/usr/bin/dpkg-query\", \"-W\", \"--\", \"{{package}}...\"]`"
    )]
    Empty,
    /// Not an absolute path.
    #[error("the program `{}`: {problem}", program.escape_debug())]
    Program {
        /// As given.
        program: String,
        /// What is wrong with it.
        problem: PathProblem,
    },
    /// A word that cannot be read.
    #[error("word {position} `{word}`: {problem}")]
    Word {
        /// The program is 0.
        position: usize,
        /// As given.
        word: String,
        /// What is wrong with it.
        problem: TokenError,
    },
    /// More than one file to be judged.
    #[error("`{{candidate}}` may stand in a command once")]
    Candidates,
}

/// Why a command line is not of a pattern's form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Another program.
    #[error("the program is not `{granted}`")]
    Program {
        /// Of the pattern.
        granted: String,
    },
    /// Beyond what is looked at.
    #[error("there are more than {ARGUMENTS_MAXIMUM} arguments or {BYTES_MAXIMUM} bytes of them")]
    TooMuch,
    /// Arguments are missing.
    #[error("an argument of the form `{expected}` is missing")]
    TooFew {
        /// The next word of the pattern.
        expected: String,
    },
    /// An argument is not what stands in its place.
    #[error("argument {position} `{argument}` {reason}")]
    Argument {
        /// The first is 1.
        position: usize,
        /// As given, shortened, control characters escaped.
        argument: String,
        /// Reads after the argument.
        reason: String,
    },
}

impl Mismatch {
    fn argument(index: usize, arguments: &[String], reason: String) -> Self {
        let Some(argument) = arguments.get(index) else { return Self::TooFew { expected: reason } };
        let mut shown: String = argument.chars().take(60).collect();
        if shown.len() < argument.len() {
            shown.push_str("...");
        }
        Self::Argument { position: index + 1, argument: shown.escape_debug().to_string(), reason }
    }
}
