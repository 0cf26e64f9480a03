//! Names on the command line: written in full, or filled up from the left with what the profile says.

use crate::failure::Failure;

/// One name that a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// The organization; may come from `--org` or the profile.
    Organization,
    /// The environment; may come from `--env` or the profile.
    Environment,
    /// Anything else; must be given.
    Name(&'static str),
}

impl Word {
    fn shown(self) -> &'static str {
        match self {
            Self::Organization => "ORGANIZATION",
            Self::Environment => "ENVIRONMENT",
            Self::Name(name) => name,
        }
    }
}

/// The organization and environment that are meant when nothing else is said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    /// From `--org`.
    pub(crate) given_organization: Option<String>,
    /// From `--env`.
    pub(crate) given_environment: Option<String>,
    /// From the profile.
    pub(crate) usual_organization: Option<String>,
    /// From the profile.
    pub(crate) usual_environment: Option<String>,
}

impl Place {
    /// Puts names to words: from the right, because what is left out is on the left.
    pub(crate) fn fill<const N: usize>(
        &self,
        words: [Word; N],
        names: &[String],
    ) -> Result<[String; N], Failure> {
        let form = words.map(Word::shown).join(" ");
        let Some(missing) = N.checked_sub(names.len()) else {
            return Err(Failure::usage(format!(
                "{} names are given, at most {N} are expected: {form}",
                names.len()
            )));
        };
        let mut filled = Vec::with_capacity(N);
        for (index, word) in words.into_iter().enumerate() {
            if let Some(name) = index.checked_sub(missing).and_then(|given| names.get(given)) {
                self.refuse_twice(word, name)?;
                filled.push(name.clone());
            } else {
                filled.push(self.usual(word, &form)?);
            }
        }
        filled.try_into().map_err(|_| Failure::usage(format!("expected: {form}")))
    }

    /// Returns the organization that is meant.
    pub(crate) fn organization(&self) -> Result<String, Failure> {
        self.usual(Word::Organization, "ORGANIZATION")
    }

    /// Returns the environment that is meant.
    pub(crate) fn environment(&self) -> Result<String, Failure> {
        self.usual(Word::Environment, "ENVIRONMENT")
    }

    fn usual(&self, word: Word, form: &str) -> Result<String, Failure> {
        let (found, option) = match word {
            Word::Organization => {
                (self.given_organization.as_ref().or(self.usual_organization.as_ref()), "--org")
            }
            Word::Environment => {
                (self.given_environment.as_ref().or(self.usual_environment.as_ref()), "--env")
            }
            Word::Name(name) => return Err(Failure::usage(format!("{name} is missing; expected: {form}"))),
        };
        found.cloned().ok_or_else(|| {
            Failure::usage_with_hint(
                format!("{} is missing; expected: {form}", word.shown()),
                format!(
                    "name it, give `{option} NAME`, or put a usual one into the profile with `wright login`"
                ),
            )
        })
    }

    fn refuse_twice(&self, word: Word, name: &str) -> Result<(), Failure> {
        let (given, option) = match word {
            Word::Organization => (&self.given_organization, "--org"),
            Word::Environment => (&self.given_environment, "--env"),
            Word::Name(_) => return Ok(()),
        };
        match given {
            Some(given) if given != name => {
                Err(Failure::usage(format!("both `{name}` and `{option} {given}` are given: leave one out")))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: [Word; 3] = [Word::Organization, Word::Environment, Word::Name("HOST")];

    fn check(place: &Place, names: &[&str]) -> String {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        match place.fill(HOST, &names) {
            Ok(filled) => filled.join("/"),
            Err(failure) => failure.lines().0.join(" "),
        }
    }

    #[test]
    fn what_is_left_out_is_filled_from_the_left() {
        let usual = Place {
            usual_organization: Some("Demo".into()),
            usual_environment: Some("prod".into()),
            ..Place::default()
        };
        assert_eq!(check(&usual, &["web1"]), "Demo/prod/web1");
        assert_eq!(check(&usual, &["test", "web1"]), "Demo/test/web1");
        assert_eq!(check(&usual, &["Other", "test", "web1"]), "Other/test/web1");
        assert_eq!(check(&usual, &[]), "HOST is missing; expected: ORGANIZATION ENVIRONMENT HOST");
        let given = Place { given_environment: Some("test".into()), ..usual };
        assert_eq!(check(&given, &["web1"]), "Demo/test/web1");
        assert_eq!(check(&given, &["prod", "web1"]), "both `prod` and `--env test` are given: leave one out");
    }

    #[test]
    fn nothing_is_guessed() {
        let nothing = Place::default();
        assert_eq!(
            check(&nothing, &["web1"]),
            "ORGANIZATION is missing; expected: ORGANIZATION ENVIRONMENT HOST"
        );
        assert_eq!(
            check(&nothing, &["a", "b", "c", "d"]),
            "4 names are given, at most 3 are expected: ORGANIZATION ENVIRONMENT HOST"
        );
    }
}
