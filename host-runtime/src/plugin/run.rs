//! A loaded plugin, whatever it serves.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hostwright_manifest::{ComponentDigest, Grants, Manifest};
use wasmtime::component::Component;
use wasmtime::{Store, Trap};

use super::context::{Context, Identity};
use super::meter::Meter;
use super::permits::Permits;
use super::state::CallState;
use super::stdio::LastWords;
use super::supervise::supervise;
use crate::api::ApiVersion;
use crate::call::{Call, CallError, Limit};
use crate::capabilities::secrets::Revealed;
use crate::engine::Running;
use crate::host::Host;
use crate::limits::Limits;
use crate::loader::Proven;
use crate::runtime::Inner;
use crate::usage::Usage;

/// Links a component to the host functions of one version of the contract. `A` is what it can then be asked.
pub(crate) type Loading<A> = fn(ApiVersion, &Inner, &Component) -> wasmtime::Result<Arc<A>>;

/// What an answer of a plugin is waited for with.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = wasmtime::Result<T>> + Send + 'a>>;

/// A call that was begun.
pub(crate) struct Calling<'a, A: ?Sized> {
    plugin: &'a Plugin<A>,
    function: &'static str,
    deadline: Option<Duration>,
    meter: Arc<Meter>,
    last_words: Arc<LastWords>,
    revealed: Revealed,
    ticking: Running,
}

impl<A: ?Sized> Calling<'_, A> {
    /// Waits for the answer, within the limits. The instance is gone before this returns.
    pub(crate) async fn end<T: Send>(self, answer: Answer<'_, T>) -> Result<T, CallError> {
        let Self { plugin, function, deadline, meter, last_words, revealed, ticking } = self;
        let result = supervise(&meter, deadline, answer).await;
        drop(ticking);
        let result = match result {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                let words = revealed.scrub(last_words.take().as_bytes());
                Err(plugin.failure(function, &error, meter.breach(), &String::from_utf8_lossy(&words)))
            }
            Err(limit) => Err(plugin.stopped(function, limit)),
        };
        plugin.count(function, &meter, result.is_err());
        result
    }
}

/// A loaded plugin, whatever it serves.
pub(crate) struct Plugin<A: ?Sized> {
    runtime: Arc<Inner>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) digest: ComponentDigest,
    pub(crate) manifest: Manifest,
    pub(crate) api: ApiVersion,
    permits: Arc<Permits>,
    host: Arc<Host>,
    limits: Limits,
    loading: Loading<A>,
    loaded: Mutex<Option<Arc<A>>>,
    usage: Mutex<Usage>,
}

impl<A: ?Sized> Plugin<A> {
    /// Links a proven component. The error is why it does not fit.
    pub(crate) fn link(
        runtime: Arc<Inner>,
        proven: Proven,
        granted: &Grants,
        host: Arc<Host>,
        loading: Loading<A>,
    ) -> wasmtime::Result<Self> {
        let Proven { digest, manifest, api, component } = proven;
        let identity = Identity { plugin: manifest.id.to_string(), version: manifest.version.to_string() };
        let loaded = loading(api, &runtime, &component)?;
        Ok(Self {
            limits: Limits::granted(&manifest.limits, &runtime.ceilings),
            identity: Arc::new(identity),
            permits: Arc::new(Permits::new(granted.clone(), manifest.asked())),
            loaded: Mutex::new(Some(loaded)),
            usage: Mutex::default(),
            runtime,
            digest,
            manifest,
            api,
            host,
            loading,
        })
    }

    /// Makes a fresh instance possible: what to ask, and what to ask it on. Both belong to the answer that
    /// [`Calling::end`] waits for.
    pub(crate) async fn begin(
        &self,
        call: &Call,
        function: &'static str,
    ) -> Result<(Arc<A>, Store<CallState>, Calling<'_, A>), CallError> {
        let loaded = self.loaded(function).await?;
        let meter = Meter::start(self.limits);
        let context =
            Context::new(self.identity.clone(), self.permits.clone(), self.host.clone(), meter.clone(), call);
        let revealed = context.revealed.clone();
        let (state, last_words) = CallState::new(context);
        let ticking = self.runtime.ticker.run();
        let calling =
            Calling { plugin: self, function, deadline: call.deadline, meter, last_words, revealed, ticking };
        Ok((loaded, self.store(state), calling))
    }

    /// Forgets the code. The next call brings it back from the cache.
    pub(crate) fn evict(&self) {
        *self.lock_loaded() = None;
    }

    pub(crate) fn is_loaded(&self) -> bool {
        self.lock_loaded().is_some()
    }

    pub(crate) fn usage(&self) -> Usage {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn misbehaved(&self, function: &'static str, reason: impl Into<String>) -> CallError {
        let Identity { plugin, version } = (*self.identity).clone();
        CallError::Misbehaved { plugin, version, function, reason: reason.into() }
    }

    async fn loaded(&self, function: &'static str) -> Result<Arc<A>, CallError> {
        if let Some(loaded) = self.lock_loaded().clone() {
            return Ok(loaded);
        }
        let gone = |reason: String| {
            let Identity { plugin, version } = (*self.identity).clone();
            CallError::Gone { plugin, version, function, reason }
        };
        let component = match self.runtime.cached(self.digest).await {
            Ok(Some(component)) => component,
            Ok(None) => return Err(gone("its machine code is no longer in the cache".to_owned())),
            Err(error) => return Err(gone(format!("its machine code cannot be read: {error}"))),
        };
        let loaded = (self.loading)(self.api, &self.runtime, &component)
            .map_err(|error| gone(format!("{error:#}")))?;
        Ok(self.lock_loaded().get_or_insert(loaded).clone())
    }

    fn store(&self, state: CallState) -> Store<CallState> {
        let mut store = Store::new(&self.runtime.engine, state);
        store.limiter(|state| &mut state.limiter);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        store.set_hostcall_fuel(usize::try_from(self.limits.output_bytes).unwrap_or(usize::MAX));
        store
    }

    fn failure(
        &self,
        function: &'static str,
        error: &wasmtime::Error,
        breach: Option<Limit>,
        last_words: &str,
    ) -> CallError {
        if let Some(limit) = breach {
            return self.stopped(function, limit);
        }
        // wasmtime has no type of its own for this one.
        if error.root_cause().to_string().starts_with("too much data is being copied") {
            return self.stopped(function, Limit::Output(self.limits.output_bytes));
        }
        let mut reason = match error.downcast_ref::<Trap>() {
            Some(trap) => trap.to_string(),
            None => error.root_cause().to_string(),
        };
        if !last_words.is_empty() {
            reason.push_str("; its last words: ");
            reason.push_str(last_words);
        }
        let Identity { plugin, version } = (*self.identity).clone();
        CallError::Trapped { plugin, version, function, reason }
    }

    fn stopped(&self, function: &'static str, limit: Limit) -> CallError {
        let Identity { plugin, version } = (*self.identity).clone();
        CallError::LimitExceeded { plugin, version, function, limit }
    }

    fn count(&self, function: &'static str, meter: &Meter, failed: bool) {
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        let of_function = usage.entry(function).or_default();
        of_function.calls += 1;
        of_function.failures += u64::from(failed);
        of_function.wall += meter.elapsed();
        of_function.own += meter.own_time();
        of_function.host_calls += meter.host_calls();
        of_function.peak_memory_bytes = of_function.peak_memory_bytes.max(meter.peak_memory());
    }

    fn lock_loaded(&self) -> std::sync::MutexGuard<'_, Option<Arc<A>>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
