//! Extractors: what a handler's signature asks for is checked before its body is read.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::str::FromStr;

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use hostwright_model::environment::Environment;
use hostwright_model::host::Host;
use hostwright_model::names::{EnvironmentName, HostName, InvalidName, OrganizationName};
use hostwright_model::organization::Organization;

use super::caller::{Caller, Place};
use super::right::Right;
use super::table::{allows, refusal};
use crate::api::{ApiError, Repeatable};
use crate::app::App;
use crate::operations::{Actor, OperationError, Work, environments, organizations};

/// Names in a path, by the words of its template.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(HashMap<String, String>);

impl Names {
    fn of(params: &RawPathParams) -> Self {
        Self(params.iter().map(|(word, name)| (word.to_owned(), name.to_owned())).collect())
    }

    /// Returns a name as it is written.
    pub(crate) fn text(&self, word: &'static str) -> &str {
        self.0.get(word).map(String::as_str).unwrap_or_default()
    }

    /// Returns a name as a type. What cannot be a name names nothing.
    pub(crate) fn get<T: FromStr>(&self, word: &'static str) -> Result<T, OperationError> {
        self.text(word).parse().map_err(|_| OperationError::not_found(word, self.text(word)))
    }
}

/// Permission to use an entry of the table in the organization that the path names.
#[derive(Debug)]
pub(crate) struct OrganizationPermit<R> {
    app: App,
    caller: Caller,
    names: Names,
    repeatable: Option<Repeatable>,
    right: PhantomData<fn() -> R>,
}

impl<R: Right> FromRequestParts<App> for OrganizationPermit<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = Caller::identify(app, &parts.headers).await?;
        let names = names(parts, app).await?;
        let mut work = app.look(caller.actor()).await?;
        check::<R>(&mut work, &caller, &names).await?;
        drop(work);
        let repeatable = Repeatable::of(parts, &caller)?;
        Ok(Self { app: app.clone(), caller, names, repeatable, right: PhantomData })
    }
}

impl<R: Right> OrganizationPermit<R> {
    /// Begins a unit of work that changes something. Whatever the check found is looked up again, because it may have changed
    /// since.
    pub(crate) async fn begin(self) -> Result<OrganizationScope, ApiError> {
        let mut work = self.app.begin(self.caller.actor()).await?;
        let organization = check::<R>(&mut work, &self.caller, &self.names).await?;
        if let Some(repeatable) = &self.repeatable {
            repeatable.replay(&mut work).await?;
        }
        let Self { caller, names, repeatable, .. } = self;
        Ok(OrganizationScope { work, organization, names, caller, repeatable })
    }

    /// Ends the request with the answer that it had before, if it came before: for what does not happen in one transaction.
    pub(crate) async fn replay(&self) -> Result<(), ApiError> {
        let Some(repeatable) = &self.repeatable else { return Ok(()) };
        let mut work = self.app.begin(self.caller.actor()).await?;
        check::<R>(&mut work, &self.caller, &self.names).await?;
        repeatable.replay(&mut work).await?;
        Ok(work.abandon().await?)
    }

    /// Answers, and remembers the answer, once everything has happened. Of two at once, both were done, and the second is
    /// given the answer of the first.
    pub(crate) async fn remember(self, answer: Response) -> Result<Response, ApiError> {
        let Some(repeatable) = self.repeatable else { return Ok(answer) };
        let mut work = self.app.begin(self.caller.actor()).await?;
        repeatable.replay(&mut work).await?;
        finish(work, Some(repeatable), answer).await
    }

    /// Returns the application, for what does not happen in one transaction.
    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// Returns whose work it is, for what does not happen in one transaction.
    pub(crate) fn actor(&self) -> Actor {
        self.caller.actor()
    }

    /// Returns the names in the path.
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// Refuses to remember an answer that holds a secret.
    pub(crate) fn refuse_repeating(&self) -> Result<(), ApiError> {
        if self.repeatable.is_none() {
            return Ok(());
        }
        let detail = "the answer holds a secret and is given once only: leave `Idempotency-Key` out";
        Err(ApiError::bad_request(detail))
    }

    /// Begins a unit of work that only looks.
    pub(crate) async fn look(&self) -> Result<OrganizationScope, ApiError> {
        let mut work = self.app.look(self.caller.actor()).await?;
        let organization = check::<R>(&mut work, &self.caller, &self.names).await?;
        let (caller, names) = (self.caller.clone(), self.names.clone());
        Ok(OrganizationScope { work, organization, names, caller, repeatable: None })
    }
}

/// A unit of work in an organization that the caller was let into.
#[derive(Debug)]
pub(crate) struct OrganizationScope {
    /// The unit of work.
    pub(crate) work: Work,
    /// The organization.
    pub(crate) organization: Organization,
    /// The names in the path.
    pub(crate) names: Names,
    caller: Caller,
    repeatable: Option<Repeatable>,
}

impl OrganizationScope {
    /// Finds the environment that the path names.
    pub(crate) async fn environment(&mut self) -> Result<Environment, ApiError> {
        let name: EnvironmentName = self.names.get("environment")?;
        Ok(environments::find_environment(&mut self.work, &self.organization, &name).await?)
    }

    /// Finds the host that the path names, and its environment.
    pub(crate) async fn host(&mut self) -> Result<(Environment, Host), ApiError> {
        let environment = self.environment().await?;
        let name: HostName = self.names.get("host")?;
        let found = self.work.tx().host_by_name(self.organization.id, environment.id, &name).await;
        let host = found.map_err(ApiError::store)?.ok_or_else(|| OperationError::not_found("host", &name))?;
        Ok((environment, host))
    }

    /// Checks the right in another environment, too, such as the one that a host is to move to.
    pub(crate) async fn check_in<R: Right>(&mut self, environment: &EnvironmentName) -> Result<(), ApiError> {
        let organization = ("organization".to_owned(), self.organization.name.to_string());
        let names = Names(HashMap::from([organization, ("environment".to_owned(), environment.to_string())]));
        check::<R>(&mut self.work, &self.caller, &names).await.map(drop)
    }

    /// Makes it happen and answers.
    pub(crate) async fn commit(self, answer: impl IntoResponse) -> Result<Response, ApiError> {
        finish(self.work, self.repeatable, answer.into_response()).await
    }

    /// Answers without making anything happen.
    pub(crate) fn read(self, answer: impl IntoResponse) -> Response {
        drop(self.work);
        answer.into_response()
    }
}

/// Permission to use the site as somebody who is known.
#[derive(Debug)]
pub(crate) struct SitePermit {
    app: App,
    caller: Caller,
    names: Names,
    repeatable: Option<Repeatable>,
}

impl FromRequestParts<App> for SitePermit {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = Caller::identify(app, &parts.headers).await?;
        let names = names(parts, app).await?;
        let repeatable = Repeatable::of(parts, &caller)?;
        Ok(Self { app: app.clone(), caller, names, repeatable })
    }
}

impl SitePermit {
    /// Returns who calls.
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Refuses everybody but the site's owner.
    pub(crate) fn require_site_administrator(&self) -> Result<(), ApiError> {
        if self.caller.is_site_administrator() {
            return Ok(());
        }
        let reason = "only the site administrator may do that".to_owned();
        Err(OperationError::Forbidden { reason }.into())
    }

    /// Begins a unit of work that only looks.
    pub(crate) async fn look(self) -> Result<SiteScope, ApiError> {
        let work = self.app.look(self.caller.actor()).await?;
        Ok(SiteScope { work, caller: self.caller, names: self.names, repeatable: None })
    }

    /// Begins a unit of work that changes something.
    pub(crate) async fn begin(self) -> Result<SiteScope, ApiError> {
        let mut work = self.app.begin(self.caller.actor()).await?;
        if let Some(repeatable) = &self.repeatable {
            repeatable.replay(&mut work).await?;
        }
        Ok(SiteScope { work, caller: self.caller, names: self.names, repeatable: self.repeatable })
    }
}

/// A unit of work outside of any organization.
#[derive(Debug)]
pub(crate) struct SiteScope {
    /// The unit of work.
    pub(crate) work: Work,
    /// Who calls.
    pub(crate) caller: Caller,
    /// The names in the path.
    pub(crate) names: Names,
    repeatable: Option<Repeatable>,
}

impl SiteScope {
    /// Makes it happen and answers.
    pub(crate) async fn commit(self, answer: impl IntoResponse) -> Result<Response, ApiError> {
        finish(self.work, self.repeatable, answer.into_response()).await
    }

    /// Answers without making anything happen.
    pub(crate) fn read(self, answer: impl IntoResponse) -> Response {
        drop(self.work);
        answer.into_response()
    }
}

async fn finish(
    mut work: Work,
    repeatable: Option<Repeatable>,
    answer: Response,
) -> Result<Response, ApiError> {
    let answer = match repeatable {
        Some(repeatable) => repeatable.store(&mut work, answer).await?,
        None => answer,
    };
    work.commit().await?;
    Ok(answer)
}

async fn names(parts: &mut Parts, app: &App) -> Result<Names, ApiError> {
    match RawPathParams::from_request_parts(parts, app).await {
        Ok(params) => Ok(Names::of(&params)),
        Err(RawPathParamsRejection::InvalidUtf8InPathParam(_)) => {
            Err(ApiError::bad_request("the path is not UTF-8 once it is decoded"))
        }
        // A path without names.
        Err(_) => Ok(Names::default()),
    }
}

/// Finds the organization, and whether the caller has the right there. Without any role it is not there.
async fn check<R: Right>(work: &mut Work, caller: &Caller, names: &Names) -> Result<Organization, ApiError> {
    let name: OrganizationName = names.get("organization")?;
    let organization = organizations::find_organization(work, &name).await?;
    if !caller.belongs_to(organization.id) {
        return Err(OperationError::not_found("organization", &name).into());
    }
    let place = place(work, &organization, names).await?;
    let roles = caller.roles(place);
    if roles.iter().any(|role| allows(*role, R::VERB, R::KIND)) {
        return Ok(organization);
    }
    Err(OperationError::Forbidden { reason: refusal(R::VERB, R::KIND) }.into())
}

/// Finds out how far in the path leads. What is not there is no place; the handler will say so.
async fn place(work: &mut Work, organization: &Organization, names: &Names) -> Result<Place, ApiError> {
    let mut place = Place { organization: organization.id, environment: None, host: None };
    let environment: Result<EnvironmentName, InvalidName> = names.text("environment").parse();
    if let Ok(name) = environment {
        let found = work.tx().environment_by_name(organization.id, &name).await.map_err(ApiError::store)?;
        place.environment = found.map(|environment| environment.id);
    }
    let host: Result<HostName, InvalidName> = names.text("host").parse();
    if let (Some(environment), Ok(name)) = (place.environment, host) {
        let found =
            work.tx().host_by_name(organization.id, environment, &name).await.map_err(ApiError::store)?;
        place.host = found.map(|host| host.id);
    }
    Ok(place)
}
