//! `hostwright:host/accounts`: names and numbers of users and groups.

use hostwright_manifest::Grants;

use super::answers::{ask, nonsense};
use crate::machine::{Reply, Request};
use crate::plugin::Context;
use crate::provider::ProviderError;

/// Everyone on a machine may know its accounts; who has files to own or scripts to run needs to.
pub(crate) fn allows(grants: &Grants) -> bool {
    !grants.files.is_empty() || grants.scripts
}

pub(crate) async fn user_ids(
    context: &Context,
    names: Vec<String>,
) -> Result<Vec<Option<u32>>, ProviderError> {
    ids(context, names.len(), Request::UserIds(names)).await
}

pub(crate) async fn group_ids(
    context: &Context,
    names: Vec<String>,
) -> Result<Vec<Option<u32>>, ProviderError> {
    ids(context, names.len(), Request::GroupIds(names)).await
}

pub(crate) async fn user_names(
    context: &Context,
    ids: Vec<u32>,
) -> Result<Vec<Option<String>>, ProviderError> {
    names(context, ids.len(), Request::UserNames(ids)).await
}

pub(crate) async fn group_names(
    context: &Context,
    ids: Vec<u32>,
) -> Result<Vec<Option<String>>, ProviderError> {
    names(context, ids.len(), Request::GroupNames(ids)).await
}

async fn ids(context: &Context, count: usize, request: Request) -> Result<Vec<Option<u32>>, ProviderError> {
    check(context)?;
    match ask(context, request).await? {
        Reply::Ids(ids) if ids.len() == count => Ok(ids),
        _ => Err(nonsense("accounts")),
    }
}

async fn names(
    context: &Context,
    count: usize,
    request: Request,
) -> Result<Vec<Option<String>>, ProviderError> {
    check(context)?;
    match ask(context, request).await? {
        Reply::Names(names) if names.len() == count => Ok(names),
        _ => Err(nonsense("accounts")),
    }
}

fn check(context: &Context) -> Result<(), ProviderError> {
    if allows(&context.permits.grants) {
        Ok(())
    } else {
        Err(context.not_granted("accounts", "`\"files\": {\"read\": [\"/path\"]}`", allows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Mode;
    use crate::capabilities::testing::{context, grants};

    #[tokio::test]
    async fn who_owns_files_may_ask_for_owners() {
        let (context, machine) = context(grants(r#"{"files": {"read": ["/etc"]}}"#), Mode::Plan);
        machine.answers(Reply::Ids(vec![Some(0), None]));
        let ids = user_ids(&context, vec!["root".into(), "nobody-else".into()]).await;
        assert_eq!(ids, Ok(vec![Some(0), None]));
        assert_eq!(machine.asked(), [Request::UserIds(vec!["root".into(), "nobody-else".into()])]);
    }

    #[tokio::test]
    async fn others_may_not() {
        let (context, machine) = context(grants(r#"{"log": true}"#), Mode::Plan);
        let error = group_names(&context, vec![0]).await.unwrap_err();
        insta::assert_snapshot!(error, @r#"accounts is denied: no grant covers it; add `"files": {"read": ["/path"]}` to the grants of test/guest"#);
        assert_eq!(machine.asked(), []);
    }
}
