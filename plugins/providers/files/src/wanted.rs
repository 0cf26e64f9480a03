//! What is asked of a file, and how that differs from what is there.

use hostwright_collections::files::{Attributes, INSTRUCTIONS};
use hostwright_sdk::host::files::{Entry, Kind};
use hostwright_sdk::ownership::{self, Accounts, Names};
use hostwright_sdk::types::{
    Blob, Content, Difference, Digest, Digesting, Mode, Observation, Planned, Value,
};
use hostwright_sdk::{Error, difference};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

/// A regular file, as far as it can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its content, digested as the desired content is.
    pub(crate) content: Option<Blob>,
    /// Its owner, group and mode.
    pub(crate) ownership: ownership::Found,
}

/// What stands where a file is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nothing.
    Free,
    /// A file.
    File(Found),
    /// Something that is no regular file, or that cannot be looked at.
    Taken(Error),
}

impl Place {
    /// Takes what the host saw, its content digested so.
    pub(crate) fn seen(path: &str, entry: Result<Entry, Error>, digesting: Digesting) -> Self {
        match entry {
            Err(error) => Self::Taken(error),
            Ok(entry) if entry.kind == Kind::Absent => Self::Free,
            Ok(entry) if entry.kind == Kind::Regular => Self::File(Found {
                content: entry.digest.map(|digest| Blob { digesting, digest, size: entry.size }),
                ownership: ownership::Found::from(&entry),
            }),
            Ok(entry) => Self::Taken(not_a_file(path, &entry)),
        }
    }
}

fn not_a_file(path: &str, entry: &Entry) -> Error {
    let target = entry.target.as_deref().map(|target| format!(" to `{target}`")).unwrap_or_default();
    Error::failed(format!(
        "`{path}` is {}{target}, not a regular file; it is neither read nor replaced, remove it first",
        entry.kind.described()
    ))
}

/// Returns the reference by which content is compared and shown.
pub(crate) fn reference(content: &Content) -> Blob {
    match content {
        Content::Blob(blob) => *blob,
        Content::Text(text) => {
            let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
            let mut words = [0; 4];
            for (word, bytes) in words.iter_mut().zip(digest.chunks_exact(8)) {
                *word = bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
            }
            Blob { digesting: Digesting::Sha256, digest: Digest(words), size: text.len() as u64 }
        }
    }
}

/// Returns owner, group and mode as they are wanted.
pub(crate) fn ownership(attributes: &Attributes) -> ownership::Wanted<'_> {
    ownership::Wanted {
        owner: attributes.owner.as_deref(),
        group: attributes.group.as_deref(),
        mode: attributes.mode,
    }
}

/// Returns whether the content is to be written. Two digests of different kinds say nothing of each other.
pub(crate) fn content_differs(attributes: &Attributes, found: &Found) -> bool {
    let Some(wanted) = attributes.content.as_ref().map(reference) else { return false };
    found.content.is_none_or(|found| (found.digesting, found.digest) != (wanted.digesting, wanted.digest))
}

/// Returns whether anything is not as wanted.
pub(crate) fn differs(attributes: &Attributes, found: &Found, accounts: &Accounts) -> bool {
    content_differs(attributes, found) || ownership(attributes).differs(found.ownership, accounts)
}

/// Returns what is not as wanted.
pub(crate) fn differences(
    index: usize,
    attributes: &Attributes,
    found: &Found,
    accounts: &Accounts,
    names: &Names,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    if let Some(wanted) = attributes.content.as_ref().filter(|_| content_differs(attributes, found)) {
        let before = found.content.map(|blob| Value::Known(json!(blob)));
        let after = Value::Known(json!(reference(wanted)));
        differences.push(Difference::change(index, "/content", before, after));
    }
    differences.extend(ownership(attributes).differences(index, found.ownership, accounts, names));
    differences
}

/// Returns the difference of a file that is wanted and is not there.
pub(crate) fn creation(index: usize, attributes: &Attributes, accounts: &Accounts) -> Difference {
    Difference::creation(index, shown(attributes, accounts))
}

/// Returns what is wanted in the form in which it will be observed.
fn shown(attributes: &Attributes, accounts: &Accounts) -> Map<String, Json> {
    let mut shown = difference::object(attributes, INSTRUCTIONS);
    if let Some(content) = &attributes.content {
        shown.insert("content".to_owned(), json!(reference(content)));
    }
    ownership(attributes).show(&mut shown, accounts);
    shown
}

/// Returns what will be observed of a wanted file once it was applied.
pub(crate) fn planned(
    attributes: &Attributes,
    observed: &Observation<Attributes>,
    accounts: &Accounts,
    owners_managed: bool,
) -> Planned {
    let mut planned = match observed {
        Observation::Unreadable(error) => return Planned::Unreadable(error.clone()),
        Observation::Present(found) => difference::object(found, &[]),
        Observation::Absent => {
            let mut new = Map::new();
            new.insert("content".to_owned(), json!(reference(&Content::Text(String::new()))));
            if owners_managed {
                new.insert("owner".to_owned(), json!("root"));
                new.insert("group".to_owned(), json!("root"));
            }
            new.insert("mode".to_owned(), json!("0644"));
            new
        }
    };
    planned.extend(shown(attributes, accounts));
    Planned::Present(planned)
}

/// Returns what is told of a file that was looked at with its plain digest.
pub(crate) fn observation(path: &str, entry: Result<Entry, Error>, names: &Names) -> Observation<Attributes> {
    match Place::seen(path, entry, Digesting::Sha256) {
        Place::Free => Observation::Absent,
        Place::Taken(error) => Observation::Unreadable(error),
        Place::File(found) => Observation::Present(Attributes {
            content: found.content.map(Content::Blob),
            owner: found.ownership.uid.and_then(|uid| names.user(uid)),
            group: found.ownership.gid.and_then(|gid| names.group(gid)),
            mode: found.ownership.mode.map(|mode| Mode::from_bits(mode.bits())),
            validate: None,
        }),
    }
}

#[cfg(test)]
mod tests {
    use hostwright_collections::files::Attributes;
    use hostwright_sdk::ownership::{self, Accounts, Names};
    use hostwright_sdk::types::{Blob, Content, Digesting, Observation, Planned};
    use serde_json::{Value as Json, json};

    use super::{Found, content_differs, differences, planned, reference};

    fn attributes(json: Json) -> Attributes {
        serde_json::from_value(json).unwrap()
    }

    fn found(text: &str, mode: &str) -> Found {
        Found {
            content: Some(reference(&Content::Text(text.into()))),
            ownership: ownership::Found { uid: Some(0), gid: Some(0), mode: mode.parse().ok() },
        }
    }

    #[test]
    fn a_text_is_named_by_its_sha256() {
        assert_eq!(
            reference(&Content::Text("hello\n".into())).reference(),
            "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
        );
    }

    #[test]
    fn text_and_reference_to_the_same_content_are_equal() {
        let same = found("hello", "0644");
        assert!(!content_differs(&attributes(json!({"content": "hello"})), &same));
        let blob = reference(&Content::Text("hello".into()));
        assert!(!content_differs(&attributes(json!({"content": blob})), &same));
        assert!(content_differs(&attributes(json!({"content": "hullo"})), &same));
        assert!(!content_differs(&attributes(json!({"mode": "0600"})), &same));
    }

    #[test]
    fn a_plain_digest_says_nothing_of_a_keyed_one() {
        let plain = reference(&Content::Text("1234".into()));
        let keyed = Blob { digesting: Digesting::Keyed, ..plain };
        assert!(content_differs(&attributes(json!({"content": keyed})), &found("1234", "0600")));
    }

    #[test]
    fn differences_show_references_and_never_content() {
        let wanted =
            attributes(json!({"content": "new", "mode": "600", "validate": ["/bin/true", "{candidate}"]}));
        let told = differences(3, &wanted, &found("old", "0644"), &Accounts::default(), &Names::default());
        let pointers: Vec<&str> = told.iter().map(|difference| difference.pointer.as_str()).collect();
        assert_eq!(pointers, ["/content", "/mode"]);
        assert!(told.iter().all(|difference| difference.index == 3));
        assert!(!format!("{told:?}").contains("\"new\""));
    }

    #[test]
    fn a_new_file_is_planned_with_what_the_host_gives_it() {
        let wanted = attributes(json!({"content": "x", "owner": "www"}));
        let plan = planned(&wanted, &Observation::Absent, &Accounts::known(&[], &[]), true);
        let Planned::Present(plan) = plan else { panic!("it will be there") };
        assert_eq!(
            Json::Object(plan),
            json!({
                "content": reference(&Content::Text("x".into())),
                "owner": {"$hostwright": {"unknown": true}},
                "group": "root",
                "mode": "0644",
            })
        );
    }
}
