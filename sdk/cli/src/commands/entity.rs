//! `add`, `update` and `delete` of anything.

use hostwright_client::{ChangeLink, Path};
use serde_json::Value as Json;

use crate::body::BodySource;
use crate::failure::Failure;
use crate::session::Session;

/// Makes something new in a collection. `what` is what to call it, e.g. "environment `prod`".
pub(crate) async fn add(
    session: &mut Session<'_>,
    collection: &Path,
    source: BodySource,
    template: &Json,
    what: &str,
) -> Result<Vec<ChangeLink>, Failure> {
    let Some(body) = source.for_new(&mut session.around, template)? else {
        session.output.text("nothing was written: the text is as it was");
        return Ok(Vec::new());
    };
    let written = session.client.post::<Json>(collection, &body).await?;
    session.done(&format!("{what} was created"), Some(&written.entity));
    Ok(written.changes)
}

/// Puts another text in the place of something.
pub(crate) async fn update(
    session: &mut Session<'_>,
    path: &Path,
    source: BodySource,
    what: &str,
) -> Result<Vec<ChangeLink>, Failure> {
    let current: Json = session.client.get(path).await?;
    let Some(body) = source.for_update(&mut session.around, &current)? else {
        session.output.text("nothing was written: the text is as it was");
        return Ok(Vec::new());
    };
    let written = session.client.put::<Json>(path, &body).await?;
    session.done(&format!("{what} was updated"), Some(&written.entity));
    Ok(written.changes)
}

/// Removes something.
pub(crate) async fn delete(
    session: &mut Session<'_>,
    path: &Path,
    what: &str,
) -> Result<Vec<ChangeLink>, Failure> {
    let written = session.client.delete(path).await?;
    session.done(&format!("{what} was deleted"), None);
    Ok(written.changes)
}
