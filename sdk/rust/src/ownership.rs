//! Owner, group and mode: named in attributes, compared by number, shown by name.
//!
//! For collections of things that have an owner in the file system. An owner is written as a name or as a number; one
//! whose account does not exist yet can be planned, because an earlier task may make it, but not applied. Where the
//! machine does not manage owners they are neither compared nor set.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::Error;
use crate::host::files::{Entry, Metadata};
use crate::host::{accounts, facts};
use crate::types::{Difference, Mode, Value, unknown};

/// What is wanted; only what is given is compared and set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Name or number of a user.
    pub owner: Option<&'a str>,
    /// Name or number of a group.
    pub group: Option<&'a str>,
    /// Permission bits.
    pub mode: Option<Mode>,
}

/// What was found; nothing where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Number of the owner.
    pub uid: Option<u32>,
    /// Number of the group.
    pub gid: Option<u32>,
    /// Permission bits.
    pub mode: Option<Mode>,
}

impl From<&Entry> for Found {
    fn from(entry: &Entry) -> Self {
        Self { uid: Some(entry.uid), gid: Some(entry.gid), mode: Some(entry.mode) }
    }
}

/// An account that attributes name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// Owners are not managed on this machine.
    Unmanaged,
    /// It exists.
    Known {
        /// Its number.
        id: u32,
        /// Its name, or its number where it has none.
        name: String,
    },
    /// It does not exist (yet).
    Missing,
}

impl Account {
    /// Returns its number, if it exists.
    pub fn id(&self) -> Option<u32> {
        match self {
            Self::Known { id, .. } => Some(*id),
            Self::Unmanaged | Self::Missing => None,
        }
    }
}

/// The accounts that a batch names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    managed: bool,
    users: BTreeMap<String, (u32, String)>,
    groups: BTreeMap<String, (u32, String)>,
}

impl Accounts {
    /// Asks the machine for all accounts of a batch at once; for nothing where none is named.
    pub fn resolve<'a>(
        owners: impl IntoIterator<Item = &'a str>,
        groups: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let (owners, groups) = (distinct(owners), distinct(groups));
        if owners.is_empty() && groups.is_empty() {
            return Self::default();
        }
        if !facts::get().owners {
            return Self::default();
        }
        Self {
            managed: true,
            users: look_up(owners, accounts::user_ids, accounts::user_names),
            groups: look_up(groups, accounts::group_ids, accounts::group_names),
        }
    }

    /// Knows the accounts given, as if the machine had been asked; for tests of logic.
    ///
    /// ```
    /// use hostwright_sdk::ownership::{Account, Accounts};
    /// let accounts = Accounts::known(&[("root", 0)], &[("adm", 4)]);
    /// assert_eq!(accounts.user("www-data"), Account::Missing);
    /// ```
    pub fn known(users: &[(&str, u32)], groups: &[(&str, u32)]) -> Self {
        let table = |accounts: &[(&str, u32)]| {
            accounts.iter().map(|(name, id)| ((*name).to_owned(), (*id, (*name).to_owned()))).collect()
        };
        Self { managed: true, users: table(users), groups: table(groups) }
    }

    /// Returns the user that an attribute names.
    pub fn user(&self, name: &str) -> Account {
        self.account(&self.users, name)
    }

    /// Returns the group that an attribute names.
    pub fn group(&self, name: &str) -> Account {
        self.account(&self.groups, name)
    }

    fn account(&self, table: &BTreeMap<String, (u32, String)>, name: &str) -> Account {
        if !self.managed {
            return Account::Unmanaged;
        }
        match table.get(name) {
            Some((id, name)) => Account::Known { id: *id, name: name.clone() },
            None => Account::Missing,
        }
    }
}

fn distinct<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for name in names {
        // A batch names few accounts many times.
        if !distinct.iter().any(|known| known == name) {
            distinct.push(name.to_owned());
        }
    }
    distinct
}

fn look_up(
    names: Vec<String>,
    ids_of: impl Fn(&[String]) -> Vec<Option<u32>>,
    names_of: impl Fn(&[u32]) -> Vec<Option<String>>,
) -> BTreeMap<String, (u32, String)> {
    let mut table = BTreeMap::new();
    let (numbers, names): (Vec<String>, Vec<String>) =
        names.into_iter().partition(|name| name.parse::<u32>().is_ok());
    let ids = ids_of(&names);
    for (name, id) in names.into_iter().zip(ids) {
        if let Some(id) = id {
            table.insert(name.clone(), (id, name));
        }
    }
    let ids: Vec<u32> = numbers.iter().filter_map(|number| number.parse().ok()).collect();
    let found = names_of(&ids);
    for ((number, id), name) in numbers.into_iter().zip(ids).zip(found) {
        table.insert(number.clone(), (id, name.unwrap_or(number)));
    }
    table
}

/// The names of owners and groups that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    managed: bool,
    users: BTreeMap<u32, String>,
    groups: BTreeMap<u32, String>,
}

impl Names {
    /// Asks the machine for the names of all owners and groups of a batch at once.
    pub fn resolve(entries: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let (mut uids, mut gids) = (Vec::new(), Vec::new());
        for (uid, gid) in entries {
            if !uids.contains(&uid) {
                uids.push(uid);
            }
            if !gids.contains(&gid) {
                gids.push(gid);
            }
        }
        if uids.is_empty() || !facts::get().owners {
            return Self::default();
        }
        let table = |ids: Vec<u32>, names: Vec<Option<String>>| {
            ids.into_iter()
                .zip(names)
                .map(|(id, name)| (id, name.unwrap_or_else(|| id.to_string())))
                .collect()
        };
        let (users, groups) = (accounts::user_names(&uids), accounts::group_names(&gids));
        Self { managed: true, users: table(uids, users), groups: table(gids, groups) }
    }

    /// Returns the name of a user, or its number; nothing where owners are not managed.
    pub fn user(&self, uid: u32) -> Option<String> {
        self.managed.then(|| self.users.get(&uid).cloned().unwrap_or_else(|| uid.to_string()))
    }

    /// Returns the name of a group, or its number; nothing where owners are not managed.
    pub fn group(&self, gid: u32) -> Option<String> {
        self.managed.then(|| self.groups.get(&gid).cloned().unwrap_or_else(|| gid.to_string()))
    }
}

impl Wanted<'_> {
    /// Returns whether owner, group or mode are not as wanted.
    pub fn differs(&self, found: Found, accounts: &Accounts) -> bool {
        self.owner_differs(found, accounts) || self.group_differs(found, accounts) || self.mode_differs(found)
    }

    fn owner_differs(&self, found: Found, accounts: &Accounts) -> bool {
        self.owner.is_some_and(|owner| is_other(&accounts.user(owner), found.uid))
    }

    fn group_differs(&self, found: Found, accounts: &Accounts) -> bool {
        self.group.is_some_and(|group| is_other(&accounts.group(group), found.gid))
    }

    fn mode_differs(&self, found: Found) -> bool {
        self.mode.is_some_and(|mode| found.mode != Some(mode))
    }

    /// Returns what is not as wanted, under the pointers `/owner`, `/group` and `/mode`.
    pub fn differences(
        &self,
        index: usize,
        found: Found,
        accounts: &Accounts,
        names: &Names,
    ) -> Vec<Difference> {
        let mut differences = Vec::new();
        let known = |name: Option<String>| name.map(|name| Value::Known(Json::String(name)));
        if let Some(owner) = self.owner.filter(|_| self.owner_differs(found, accounts)) {
            let before = known(found.uid.and_then(|uid| names.user(uid)));
            differences.push(Difference::change(index, "/owner", before, planned(&accounts.user(owner))));
        }
        if let Some(group) = self.group.filter(|_| self.group_differs(found, accounts)) {
            let before = known(found.gid.and_then(|gid| names.group(gid)));
            differences.push(Difference::change(index, "/group", before, planned(&accounts.group(group))));
        }
        if let Some(mode) = self.mode.filter(|_| self.mode_differs(found)) {
            let before = known(found.mode.map(|mode| mode.to_string()));
            let after = Value::Known(Json::String(mode.to_string()));
            differences.push(Difference::change(index, "/mode", before, after));
        }
        differences
    }

    /// Returns what to set.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] that names an account which does not exist.
    pub fn metadata(&self, accounts: &Accounts) -> Result<Metadata, Error> {
        let uid = self.owner.map(|owner| number(&accounts.user(owner), "user", owner)).transpose()?.flatten();
        let gid =
            self.group.map(|group| number(&accounts.group(group), "group", group)).transpose()?.flatten();
        Ok(Metadata { mode: self.mode, uid, gid })
    }

    /// Puts what is wanted into attributes in the form in which it will be observed.
    pub fn show(&self, attributes: &mut Map<String, Json>, accounts: &Accounts) {
        let named = [
            ("owner", self.owner.map(|owner| accounts.user(owner))),
            ("group", self.group.map(|group| accounts.group(group))),
        ];
        for (attribute, account) in named {
            match account {
                None => {}
                Some(Account::Unmanaged) => {
                    attributes.shift_remove(attribute);
                }
                Some(Account::Known { name, .. }) => {
                    attributes.insert(attribute.to_owned(), Json::String(name));
                }
                Some(Account::Missing) => {
                    attributes.insert(attribute.to_owned(), unknown());
                }
            }
        }
        if let Some(mode) = self.mode {
            attributes.insert("mode".to_owned(), Json::String(mode.to_string()));
        }
    }

    /// Returns what a person should know about owners, if anything.
    pub fn note(&self, accounts: &Accounts) -> Option<&'static str> {
        let named = self.owner.is_some() || self.group.is_some();
        (named && !accounts.managed).then_some("owner and group are not managed on this machine")
    }
}

/// An account that does not exist yet owns nothing.
fn is_other(account: &Account, found: Option<u32>) -> bool {
    match account {
        Account::Unmanaged => false,
        Account::Known { id, .. } => found != Some(*id),
        Account::Missing => true,
    }
}

fn planned(account: &Account) -> Value {
    match account {
        Account::Known { name, .. } => Value::Known(Json::String(name.clone())),
        Account::Missing | Account::Unmanaged => Value::KnownAfterApply,
    }
}

fn number(account: &Account, kind: &str, name: &str) -> Result<Option<u32>, Error> {
    match account {
        Account::Unmanaged => Ok(None),
        Account::Known { id, .. } => Ok(Some(*id)),
        Account::Missing => Err(Error::failed(format!(
            "there is no {kind} `{name}` on this machine; declare it, or the package that makes it"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Accounts, Found, Names, Wanted};
    use crate::types::{Difference, Value};

    fn wanted() -> Wanted<'static> {
        Wanted { owner: Some("www"), group: Some("root"), mode: "0640".parse().ok() }
    }

    fn found(uid: u32, gid: u32, mode: &str) -> Found {
        Found { uid: Some(uid), gid: Some(gid), mode: mode.parse().ok() }
    }

    fn names() -> Names {
        Names {
            managed: true,
            users: [(0, "root".to_owned())].into(),
            groups: [(0, "root".to_owned())].into(),
        }
    }

    #[test]
    fn what_is_not_as_wanted_is_told_by_name() {
        let accounts = Accounts::known(&[("www", 33)], &[("root", 0)]);
        assert_eq!(
            wanted().differences(2, found(0, 0, "0644"), &accounts, &names()),
            vec![
                Difference::change(
                    2,
                    "/owner",
                    Some(Value::Known(json!("root"))),
                    Value::Known(json!("www"))
                ),
                Difference::change(
                    2,
                    "/mode",
                    Some(Value::Known(json!("0644"))),
                    Value::Known(json!("0640"))
                ),
            ]
        );
        assert!(!wanted().differs(found(33, 0, "640"), &accounts));
    }

    #[test]
    fn an_account_that_does_not_exist_yet_can_be_planned_and_not_applied() {
        let accounts = Accounts::known(&[], &[("root", 0)]);
        let differences = wanted().differences(0, found(33, 0, "0640"), &accounts, &names());
        assert_eq!(
            differences,
            vec![Difference::change(0, "/owner", Some(Value::Known(json!("33"))), Value::KnownAfterApply)]
        );
        let refused = wanted().metadata(&accounts).unwrap_err().to_string();
        assert!(refused.contains("no user `www`"), "{refused}");
    }

    #[test]
    fn what_is_wanted_is_shown_as_it_will_be_observed() {
        let mut attributes = serde_json::Map::new();
        let wanted = Wanted { mode: "640".parse().ok(), ..wanted() };
        wanted.show(&mut attributes, &Accounts::known(&[], &[("root", 0)]));
        assert_eq!(
            serde_json::Value::Object(attributes),
            json!({"owner": {"$hostwright": {"unknown": true}}, "group": "root", "mode": "0640"})
        );
    }

    #[test]
    fn owners_are_left_alone_where_they_are_not_managed() {
        let accounts = Accounts::default();
        assert!(!wanted().differs(found(1000, 1000, "0640"), &accounts));
        let metadata = wanted().metadata(&accounts).unwrap();
        assert_eq!((metadata.uid, metadata.gid, metadata.mode), (None, None, "0640".parse().ok()));
        assert!(wanted().note(&accounts).is_some());
    }
}
