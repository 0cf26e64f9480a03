//! Sending requests and reading answers. The one place that builds an HTTP client.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hostwright_api_types::{ErrorBody, List, Organization, Plugin, PluginVersion, User};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::multipart::Form;
use reqwest::{Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::organization::OrganizationHandle;
use crate::{ClientError, Collection, Path, Written};

/// How long an ordinary request may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where the API is and who asks.
#[derive(Clone, Debug)]
pub struct Options {
    /// Base address, ending in `/api`.
    pub address: String,
    /// Who asks.
    pub login: Login,
}

impl Options {
    /// Puts the two together.
    pub fn new(address: impl Into<String>, login: Login) -> Self {
        Self { address: address.into(), login }
    }
}

/// Who asks.
#[derive(Clone)]
pub enum Login {
    /// Nobody; a few paths answer all the same.
    Anonymous,
    /// A person.
    Password {
        /// The user's name.
        username: String,
        /// The user's password.
        password: String,
    },
    /// A program with an API key.
    Key(String),
}

impl Login {
    /// A person.
    pub fn password(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self::Password { username: username.into(), password: password.into() }
    }

    fn header(&self) -> Result<Option<HeaderValue>, ClientError> {
        let text = match self {
            Self::Anonymous => return Ok(None),
            Self::Password { username, password } => {
                format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))
            }
            Self::Key(key) => format!("Bearer {key}"),
        };
        let mut value = HeaderValue::try_from(text).map_err(|_| ClientError::Login)?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("Anonymous"),
            Self::Password { username, .. } => write!(f, "Password({username})"),
            Self::Key(_) => f.write_str("Key"),
        }
    }
}

/// A connection to one orchestrator. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    address: String,
}

impl Client {
    /// Prepares a client; nothing is sent yet.
    pub fn connect(options: Options) -> Result<Self, ClientError> {
        let Options { address, login } = options;
        let address = address.trim_end_matches('/').to_owned();
        if address.starts_with("https://") {
            let reason = "https is not supported yet; use http to this machine or through a tunnel";
            return Err(ClientError::Address { address, reason });
        }
        if !address.starts_with("http://") {
            return Err(ClientError::Address { address, reason: "it must begin with `http://`" });
        }
        let mut headers = HeaderMap::new();
        if let Some(value) = login.header()? {
            headers.insert(AUTHORIZATION, value);
        }
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .no_proxy()
            .connect_timeout(Duration::from_secs(10))
            .user_agent(concat!("hostwright-client/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(ClientError::SetUp)?;
        Ok(Self { http, address })
    }

    /// Returns the base address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The organizations that the caller sees.
    pub fn organizations(&self) -> Collection<Organization> {
        Collection::new(self.clone(), Path::root().join("organizations"))
    }

    /// Everything of one organization.
    pub fn organization(&self, name: &str) -> OrganizationHandle {
        OrganizationHandle::new(self.clone(), name)
    }

    /// The site's plugins.
    pub fn plugins(&self) -> Collection<Plugin> {
        Collection::new(self.clone(), Path::root().join("plugins"))
    }

    /// One version of a plugin; `plugin` is `publisher/name`.
    pub async fn plugin(&self, plugin: &str, version: &str) -> Result<PluginVersion, ClientError> {
        let mut path = Path::root().join("plugins");
        for part in plugin.split('/') {
            path = path.join(part);
        }
        self.get(&path.join(version)).await
    }

    /// Puts a component into the site's registry.
    pub async fn upload_plugin(
        &self,
        component: Bytes,
        signature: Option<String>,
    ) -> Result<Written<PluginVersion>, ClientError> {
        let size = component.len() as u64;
        let part = reqwest::multipart::Part::stream_with_length(component, size).file_name("component.wasm");
        let mut form = Form::new().part("file", part);
        if let Some(signature) = signature {
            form = form.text("signature", signature);
        }
        self.upload(&Path::root().join("plugins"), form).await
    }

    /// The caller.
    pub async fn account(&self) -> Result<User, ClientError> {
        self.get(&Path::root().join("account")).await
    }

    /// Reads one thing.
    pub async fn get<T: DeserializeOwned>(&self, path: &Path) -> Result<T, ClientError> {
        let response = self.send(self.request(Method::GET, path)).await?;
        decode(response).await
    }

    /// Reads bytes, such as the content of a file.
    pub async fn get_bytes(&self, path: &Path) -> Result<Bytes, ClientError> {
        let response = self.send(self.request(Method::GET, path)).await?;
        body(response).await
    }

    /// Reads everything of a collection.
    pub async fn list<T: DeserializeOwned>(&self, path: &Path) -> Result<Vec<T>, ClientError> {
        let list: List<T> = self.get(path).await?;
        Ok(list.items)
    }

    /// Creates something in a collection.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &Path,
        body: &Json,
    ) -> Result<Written<T>, ClientError> {
        let response = self.send(self.request(Method::POST, path).json(body)).await?;
        decode_written(response).await
    }

    /// Replaces something.
    pub async fn put<T: DeserializeOwned>(
        &self,
        path: &Path,
        body: &Json,
    ) -> Result<Written<T>, ClientError> {
        let response = self.send(self.request(Method::PUT, path).json(body)).await?;
        decode_written(response).await
    }

    /// Removes something.
    pub async fn delete(&self, path: &Path) -> Result<Written<()>, ClientError> {
        let response = self.send(self.request(Method::DELETE, path)).await?;
        Ok(Written::new((), response.headers()))
    }

    /// Asks for something to be done: `PUT` of a path that ends in `_action`.
    pub async fn act(&self, path: &Path) -> Result<Written<()>, ClientError> {
        let response = self.send(self.request(Method::PUT, path)).await?;
        Ok(Written::new((), response.headers()))
    }

    /// Asks for something to be done that is answered with a plain text.
    pub(crate) async fn act_for_text(&self, path: &Path) -> Result<Written<String>, ClientError> {
        let response = self.send(self.request(Method::PUT, path)).await?;
        let headers = response.headers().clone();
        let text = String::from_utf8_lossy(&body(response).await?).into_owned();
        Ok(Written::new(text, &headers))
    }

    /// Sends a form with files.
    pub async fn upload<T: DeserializeOwned>(
        &self,
        path: &Path,
        form: Form,
    ) -> Result<Written<T>, ClientError> {
        let response = self.send(self.request(Method::POST, path).multipart(form)).await?;
        decode_written(response).await
    }

    pub(crate) async fn upload_content(
        &self,
        path: &Path,
        content: Bytes,
    ) -> Result<Written<()>, ClientError> {
        let size = content.len() as u64;
        let part = reqwest::multipart::Part::stream_with_length(content, size).file_name("content");
        let form = Form::new().part("file", part);
        let response = self.send(self.request(Method::POST, path).multipart(form)).await?;
        Ok(Written::new((), response.headers()))
    }

    /// Opens an answer that goes on for as long as both sides like.
    pub(crate) async fn open(&self, path: &Path, last_event: Option<i64>) -> Result<Response, ClientError> {
        let address = format!("{}{path}", self.address);
        let mut request = self.http.get(&address).header("accept", "text/event-stream");
        if let Some(id) = last_event {
            request = request.header("last-event-id", id);
        }
        self.send(request).await
    }

    /// Reads one thing and allows it to take longer.
    pub(crate) async fn get_patiently<T: DeserializeOwned>(
        &self,
        path: &str,
        patience: Duration,
    ) -> Result<T, ClientError> {
        let address = format!("{}{path}", self.address);
        let response = self.send(self.http.get(address).timeout(PATIENCE + patience)).await?;
        decode(response).await
    }

    fn request(&self, method: Method, path: &Path) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.address)).timeout(PATIENCE)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let response = self.exchange(request).await.map_err(|source| ClientError::Unreachable {
            address: self.address.clone(),
            source: source.without_url(),
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let address = response.url().to_string();
        let bytes = body(response).await?;
        match serde_json::from_slice::<ErrorBody>(&bytes) {
            Ok(body) => Err(ClientError::Refused { body: Box::new(body) }),
            Err(_) => Err(ClientError::Foreign { address, status: status.as_u16(), start: start_of(&bytes) }),
        }
    }
}

impl Client {
    /// Sends a request. One that only reads is sent again where a kept connection turns out to be dead, as after a restart
    /// of the server.
    async fn exchange(&self, request: RequestBuilder) -> Result<Response, reqwest::Error> {
        let again = request.try_clone();
        let request = request.build()?;
        let only_reads = request.method() == Method::GET;
        match (self.http.execute(request).await, again) {
            (Err(error), Some(again)) if only_reads && error.is_request() && !error.is_timeout() => {
                again.send().await
            }
            (answered, _) => answered,
        }
    }
}

async fn body(response: Response) -> Result<Bytes, ClientError> {
    let address = response.url().to_string();
    response
        .bytes()
        .await
        .map_err(|source| ClientError::Unreachable { address, source: source.without_url() })
}

async fn decode<T: DeserializeOwned>(response: Response) -> Result<T, ClientError> {
    let address = response.url().to_string();
    let bytes = body(response).await?;
    serde_json::from_slice(&bytes).map_err(|source| ClientError::NotUnderstood { address, source })
}

async fn decode_written<T: DeserializeOwned>(response: Response) -> Result<Written<T>, ClientError> {
    let headers = response.headers().clone();
    Ok(Written::new(decode(response).await?, &headers))
}

fn start_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_never_shows_its_secret() {
        let shown = format!("{:?} {:?}", Login::password("admin", "s3cret"), Login::Key("s3cret".into()));
        assert_eq!(shown, "Password(admin) Key");
    }

    #[test]
    fn https_is_refused_with_the_way_out() {
        let error = Client::connect(Options::new("https://example.org/api", Login::Anonymous)).unwrap_err();
        assert!(error.to_string().ends_with("use http to this machine or through a tunnel"), "{error}");
    }
}
