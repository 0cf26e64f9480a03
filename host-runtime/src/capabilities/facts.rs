//! `hostwright:host/facts`: what the machine is.

use super::answers::{ask, nonsense};
use crate::machine::{Facts, Reply, Request};
use crate::plugin::Context;
use crate::provider::ProviderError;

pub(crate) async fn get(context: &Context) -> Result<Facts, ProviderError> {
    if !context.permits.grants.facts {
        return Err(context.not_granted("facts.get", "`\"facts\": true`", |asked| asked.facts));
    }
    match ask(context, Request::Facts).await? {
        Reply::Facts(facts) => Ok(facts),
        _ => Err(nonsense("facts.get")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Mode;
    use crate::capabilities::testing::{context, grants};

    #[tokio::test]
    async fn facts_are_read_where_granted() {
        let (context, machine) = context(grants(r#"{"facts": true}"#), Mode::Plan);
        let facts = Facts { os: "debian".into(), ..Facts::default() };
        machine.answers(Reply::Facts(facts.clone()));
        assert_eq!(get(&context).await, Ok(facts));
    }

    #[tokio::test]
    async fn without_the_grant_the_machine_is_not_asked() {
        let (context, machine) = context(grants("{}"), Mode::Apply);
        insta::assert_snapshot!(get(&context).await.unwrap_err(), @r#"facts.get is denied: no grant covers it; add `"facts": true` to the grants of test/guest"#);
        assert_eq!(machine.asked(), []);
    }
}
