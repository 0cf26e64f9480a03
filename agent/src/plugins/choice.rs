//! Which of the providers of one collection serves the machine. Pure.

use crate::ledger::Support;

/// One provider of the collection.
#[derive(Clone, Debug)]
pub(super) struct Candidate<'a> {
    /// `publisher/name`.
    pub(super) plugin: &'a str,
    pub(super) support: &'a Support,
    /// Its publisher's key: the name alone could be anybody's.
    pub(super) publisher_key: &'a str,
    /// Whether this plugin, in whatever version, serves until now.
    pub(super) is_serving: bool,
}

/// Chooses; for each candidate either `Ok`, if it serves, or why it does not. Ties are told, not guessed.
pub(super) fn choose(candidates: &[Candidate<'_>]) -> Vec<Result<(), String>> {
    let priority = |candidate: &Candidate<'_>| match candidate.support {
        Support::Yes { priority } => Some(*priority),
        Support::No { .. } => None,
    };
    let able: Vec<&Candidate<'_>> =
        candidates.iter().filter(|candidate| priority(candidate).is_some()).collect();
    let serving_key =
        able.iter().find(|candidate| candidate.is_serving).map(|candidate| candidate.publisher_key);
    let has_one_publisher = able.windows(2).all(|pair| pair[0].publisher_key == pair[1].publisher_key);
    let key =
        if has_one_publisher { able.first().map(|candidate| candidate.publisher_key) } else { serving_key };
    let best = able
        .iter()
        .filter(|candidate| Some(candidate.publisher_key) == key)
        .filter_map(|candidate| priority(candidate))
        .max();
    let is_best =
        |candidate: &Candidate<'_>| Some(candidate.publisher_key) == key && priority(candidate) == best;
    let ties: Vec<&str> =
        able.iter().filter(|candidate| is_best(candidate)).map(|candidate| candidate.plugin).collect();
    let keeps = able.iter().any(|candidate| is_best(candidate) && candidate.is_serving);
    candidates
        .iter()
        .map(|candidate| match candidate.support {
            Support::No { reason } => Err(reason.clone()),
            Support::Yes { .. } if key.is_none() => Err(
                "providers of several publishers can serve this machine; an administrator has to order them"
                    .to_owned(),
            ),
            Support::Yes { .. } if Some(candidate.publisher_key) != key => {
                Err("the provider of another publisher serves; an administrator has to order them".to_owned())
            }
            Support::Yes { .. } if !is_best(candidate) => {
                Err(format!("{} has a higher priority on this machine", ties.join(", ")))
            }
            Support::Yes { .. } if ties.len() > 1 && !(keeps && candidate.is_serving) => {
                Err(format!("{} have the same priority on this machine", ties.join(" and ")))
            }
            Support::Yes { .. } => Ok(()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `plugin@key:priority`, `-` for one that cannot, `!` behind it for the one that serves.
    fn check(candidates: &[&str], expected: &[Result<(), &str>]) {
        let supports: Vec<(String, String, Support, bool)> = candidates
            .iter()
            .map(|text| {
                let (plugin, rest) = text.split_once('@').unwrap();
                let (key, priority) = rest.split_once(':').unwrap();
                let support = match priority.trim_end_matches('!').parse() {
                    Ok(priority) => Support::Yes { priority },
                    Err(_) => Support::No { reason: "no dpkg here".into() },
                };
                (plugin.to_owned(), key.to_owned(), support, priority.ends_with('!'))
            })
            .collect();
        let candidates: Vec<Candidate<'_>> = supports
            .iter()
            .map(|(plugin, publisher_key, support, is_serving)| Candidate {
                plugin,
                support,
                publisher_key,
                is_serving: *is_serving,
            })
            .collect();
        let chosen = choose(&candidates);
        assert_eq!(chosen.len(), expected.len());
        for (chosen, expected) in chosen.iter().zip(expected) {
            match (chosen, expected) {
                (Ok(()), Ok(())) => {}
                (Err(reason), Err(part)) => assert!(reason.contains(part), "{reason}"),
                (chosen, expected) => panic!("{chosen:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn the_highest_priority_of_one_publisher_serves() {
        check(&["h/apt@k:100", "h/dnf@k:50"], &[Ok(()), Err("h/apt has a higher priority")]);
        check(&["h/apt@k:-", "h/dnf@k:50"], &[Err("no dpkg here"), Ok(())]);
    }

    #[test]
    fn a_tie_is_told_and_does_not_replace_what_serves() {
        check(&["h/a@k:1", "h/b@k:1"], &[Err("h/a and h/b have the same"), Err("h/a and h/b have the same")]);
        check(&["h/a@k:1!", "h/b@k:1"], &[Ok(()), Err("same priority")]);
    }

    #[test]
    fn a_newcomer_of_another_publisher_waits_for_an_administrator() {
        check(&["h/a@k:1!", "x/b@l:9"], &[Ok(()), Err("another publisher serves")]);
        check(&["h/a@k:1", "x/b@l:9"], &[Err("several publishers"), Err("several publishers")]);
        check(&["h/a@k:-", "x/b@l:9"], &[Err("no dpkg"), Ok(())]);
    }
}
