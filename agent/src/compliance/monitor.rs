//! The component that watches: wakes on events, on the sweep, after changes; looks; keeps alerts.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use hostwright_protocol::messages::{Compliance, ResourceRef, ResourceState, ToOrchestrator};
use hostwright_runtime::machine::local::LocalMachine;
use rand::Rng as _;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio::time::{Instant, sleep_until};
use tracing::{debug, error, info, warn};

use super::judge::{Watched, judge};
use super::untouched::Untouched;
use super::verdict::{Verdict, verdict};
use super::watcher::{Touched, Watcher, Wish};
use crate::clock;
use crate::config;
use crate::facts::FactsReporter;
use crate::ledger::{self, Ledger, Standing};
use crate::lifecycle::Shutdown;
use crate::provider::{Desired, Extent, ProviderSet, State, Watch};
use crate::status::{Board, Resources};

/// Facts are looked at this often, besides at each sweep.
const FACTS: Duration = Duration::from_mins(5);

/// What the monitor works with.
pub(crate) struct Options {
    /// Where resources and alerts are kept.
    pub(crate) ledger: Ledger,
    /// The providers that serve this machine now.
    pub(crate) providers: Arc<ArcSwap<ProviderSet>>,
    /// Changes when providers do.
    pub(crate) providers_changed: watch::Receiver<u64>,
    /// Changes when a change has ended.
    pub(crate) settled: watch::Receiver<u64>,
    /// Held while looking: nothing is judged while a change is applied.
    pub(crate) turn: Arc<Mutex<()>>,
    /// Where the status is shown.
    pub(crate) board: Board,
    /// Reports what the machine is.
    pub(crate) facts: FactsReporter,
    /// Tells what did not change.
    pub(crate) machine: LocalMachine,
    /// Below which the managed paths lie.
    pub(crate) root: PathBuf,
    /// Intervals and limits.
    pub(crate) compliance: config::Compliance,
}

/// Watches that resources stay as they are desired.
pub(crate) struct Monitor {
    options: Options,
    watcher: Watcher,
    untouched: Untouched,
    watched: Vec<Watched>,
    states: BTreeMap<ResourceRef, ResourceState>,
    unmonitored: usize,
    swept_only: BTreeSet<usize>,
}

/// Why the monitor woke.
#[derive(Debug)]
enum Cause {
    Touched(Touched),
    Settled,
    ProvidersChanged,
    Sweep,
    Facts,
}

impl Monitor {
    /// Builds the component; it watches nothing until it runs.
    pub(crate) fn try_new(options: Options) -> io::Result<Self> {
        let watcher = Watcher::new(options.root.clone(), options.compliance.watch_limit)?;
        let untouched = Untouched::new(options.machine.clone(), options.compliance.full_sweep());
        Ok(Self {
            options,
            watcher,
            untouched,
            watched: Vec::new(),
            states: BTreeMap::new(),
            unmonitored: 0,
            swept_only: BTreeSet::new(),
        })
    }

    /// Runs until it is asked to end.
    pub(crate) async fn run(mut self, shutdown: Shutdown) {
        let mut next_sweep = Instant::now();
        let mut next_facts = Instant::now();
        // What happened while no agent watched is found by the first sweep.
        let mut must_reload = true;
        loop {
            // Every arm is cancel-safe: each only waits.
            let cause = tokio::select! {
                biased;
                () = shutdown.asked() => return,
                Ok(()) = self.options.settled.changed() => Cause::Settled,
                Ok(()) = self.options.providers_changed.changed() => Cause::ProvidersChanged,
                touched = self.watcher.next() => Cause::Touched(touched),
                () = sleep_until(next_sweep) => Cause::Sweep,
                () = sleep_until(next_facts) => Cause::Facts,
            };
            debug!(?cause, "looking at resources");
            let looked = match cause {
                Cause::Touched(touched) => self.look_at_touched(touched, &shutdown).await,
                Cause::Settled | Cause::ProvidersChanged => {
                    must_reload = true;
                    self.look_at_everything(&mut must_reload).await
                }
                Cause::Sweep => {
                    next_sweep = Instant::now() + jittered(self.options.compliance.sweep());
                    next_facts = Instant::now();
                    self.sweep(&mut must_reload).await
                }
                Cause::Facts => {
                    next_facts = Instant::now() + FACTS;
                    self.options.facts.report_if_changed().await
                }
            };
            if let Err(error) = looked {
                // Nothing was acknowledged or forgotten; the next sweep looks again.
                error!(error = &error as &dyn std::error::Error, "compliance cannot be recorded");
            }
        }
    }

    async fn look_at_everything(&mut self, must_reload: &mut bool) -> Result<(), ledger::Error> {
        let turn = self.options.turn.clone().lock_owned().await;
        if *must_reload {
            self.reload().await?;
            *must_reload = false;
        }
        let everything = (0..self.watched.len()).collect();
        self.look(&everything, &turn).await
    }

    /// Looks at everything but what has not changed, and when it is time at that too.
    async fn sweep(&mut self, must_reload: &mut bool) -> Result<(), ledger::Error> {
        if self.untouched.is_full_due().await || *must_reload {
            return self.look_at_everything(must_reload).await;
        }
        let turn = self.options.turn.clone().lock_owned().await;
        let everything = (0..self.watched.len()).collect();
        let taken = self.untouched.take(self.paths(&everything)).await;
        let suspects: BTreeSet<usize> = everything
            .into_iter()
            .filter(|number| !self.untouched.is_untouched(&self.watched[*number].reference, &taken))
            .collect();
        debug!("{} of {} resources are looked at", suspects.len(), self.watched.len());
        self.look(&suspects, &turn).await
    }

    async fn look_at_touched(&mut self, first: Touched, shutdown: &Shutdown) -> Result<(), ledger::Error> {
        let mut touched = first;
        let deadline = sleep_until(Instant::now() + self.options.compliance.coalesce());
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                () = &mut deadline => break,
                more = self.watcher.next() => touched.absorb(more),
            }
        }
        if touched == Touched::default() {
            return Ok(());
        }
        // While a change is applied its own effects come in; they are judged after it, like everybody else's.
        let turn = self.options.turn.clone().lock_owned();
        tokio::pin!(turn);
        let turn = loop {
            tokio::select! {
                turn = &mut turn => break turn,
                more = self.watcher.next() => touched.absorb(more),
                () = shutdown.asked() => return Ok(()),
            }
        };
        if self.options.settled.has_changed().unwrap_or(false) {
            // The numbers of resources are of before the change; it is looked at as a whole right after this.
            return Ok(());
        }
        if touched.is_structural {
            self.swept_only = self.watcher.set_again();
        }
        if touched.is_overflow {
            info!("events of watched files were lost; everything is looked at");
            touched.resources = (0..self.watched.len()).collect();
        }
        self.look(&touched.resources, &turn).await
    }

    /// Reads which resources are to be watched, and sets the watches that their providers name.
    async fn reload(&mut self) -> Result<(), ledger::Error> {
        let resources = self.options.ledger.begin().await?.resources().await?;
        let count = resources.len();
        self.watched = resources
            .into_iter()
            .filter(|resource| resource.is_monitored && resource.standing == Standing::Applied)
            .map(|resource| Watched {
                desired: Desired {
                    id: resource.reference.id.clone(),
                    state: State::Present(resource.attributes.to_string()),
                },
                reference: resource.reference,
                is_sensitive: resource.is_sensitive,
                is_path: false,
            })
            .collect();
        self.unmonitored = count - self.watched.len();
        self.untouched.forget();
        let providers = self.options.providers.load_full();
        let mut wishes = Vec::new();
        for (collection, numbers) in self.by_collection(&(0..self.watched.len()).collect()) {
            let Ok(provider) = providers.get(&collection) else { continue };
            let ids: Vec<String> =
                numbers.iter().map(|number| self.watched[*number].reference.id.clone()).collect();
            match provider.watches(&ids).await {
                Ok(watches) => {
                    for (number, is_path) in numbers.iter().zip(are_paths(&ids, &watches)) {
                        self.watched[*number].is_path = is_path;
                    }
                    for watch in watches {
                        let concerned: Vec<usize> = if watch.indices.is_empty() {
                            numbers.clone()
                        } else {
                            watch
                                .indices
                                .iter()
                                .filter_map(|index| numbers.get(*index as usize))
                                .copied()
                                .collect()
                        };
                        wishes.extend(concerned.into_iter().map(|resource| Wish {
                            path: PathBuf::from(&watch.path),
                            extent: watch.extent,
                            resource,
                        }));
                    }
                }
                Err(error) => warn!("`{collection}` names nothing to watch, the sweep looks at it: {error}"),
            }
        }
        let swept_only = self.watcher.set(wishes);
        if !swept_only.is_empty() && swept_only.len() != self.swept_only.len() {
            warn!("{} resources cannot be watched; the sweep looks at them", swept_only.len());
        }
        self.swept_only = swept_only;
        // The alert of a resource that is not watched any more closes: nobody would.
        let still: BTreeSet<&ResourceRef> = self.watched.iter().map(|watched| &watched.reference).collect();
        let mut tx = self.options.ledger.begin().await?;
        for (reference, _) in tx.alerts().await? {
            if !still.contains(&reference) {
                tx.close_alert_and_report(&reference).await?;
            }
        }
        tx.commit().await?;
        self.states.retain(|reference, _| still.contains(reference));
        Ok(())
    }

    /// Looks at resources and keeps their alerts.
    async fn look(
        &mut self,
        numbers: &BTreeSet<usize>,
        _turn: &OwnedMutexGuard<()>,
    ) -> Result<(), ledger::Error> {
        let providers = self.options.providers.load_full();
        let taken = self.untouched.take(self.paths(numbers)).await;
        for (collection, numbers) in self.by_collection(numbers) {
            let watched: Vec<&Watched> = numbers.iter().map(|number| &self.watched[*number]).collect();
            let states = match providers.get(&collection) {
                Ok(provider) => judge(&provider, &watched).await,
                Err(error) => {
                    vec![Some(ResourceState::Unreadable { error: error.to_string() }); watched.len()]
                }
            };
            let seen: Vec<(ResourceRef, ResourceState)> = watched
                .iter()
                .zip(states)
                .filter_map(|(watched, state)| Some((watched.reference.clone(), state?)))
                .collect();
            self.untouched.note(&taken, &seen);
            self.record(seen).await?;
        }
        self.show();
        Ok(())
    }

    async fn record(&mut self, seen: Vec<(ResourceRef, ResourceState)>) -> Result<(), ledger::Error> {
        let now = clock::now();
        let mut tx = self.options.ledger.begin().await?;
        let open: BTreeMap<_, _> = tx.alerts().await?.into_iter().collect();
        for (reference, state) in seen {
            match verdict(open.get(&reference), state.clone(), now) {
                Verdict::Same => {}
                Verdict::Open(alert) => {
                    info!(
                        resource.collection = reference.collection,
                        resource.id = reference.id,
                        "`{}` of `{}` is not as desired",
                        reference.id,
                        reference.collection
                    );
                    tx.put_alert(&reference, &alert).await?;
                    let compliance = Compliance { resource: reference.clone(), state: alert.state, at: now };
                    tx.report(&ToOrchestrator::Compliance(compliance)).await?;
                }
                Verdict::Close => {
                    info!(
                        resource.collection = reference.collection,
                        resource.id = reference.id,
                        "`{}` of `{}` is as desired again",
                        reference.id,
                        reference.collection
                    );
                    tx.close_alert_and_report(&reference).await?;
                }
            }
            self.states.insert(reference, state);
        }
        tx.commit().await
    }

    /// Those that are paths.
    fn paths(&self, numbers: &BTreeSet<usize>) -> Vec<ResourceRef> {
        let watched = numbers.iter().filter_map(|number| self.watched.get(*number));
        watched.filter(|watched| watched.is_path).map(|watched| watched.reference.clone()).collect()
    }

    fn by_collection(&self, numbers: &BTreeSet<usize>) -> BTreeMap<String, Vec<usize>> {
        let mut by_collection: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for number in numbers {
            if let Some(watched) = self.watched.get(*number) {
                by_collection.entry(watched.reference.collection.clone()).or_default().push(*number);
            }
        }
        by_collection
    }

    fn show(&self) {
        let count = |wanted: fn(&ResourceState) -> bool| self.states.values().filter(|s| wanted(s)).count();
        self.options.board.resources(Resources {
            compliant: count(|state| matches!(state, ResourceState::Compliant)),
            drifted: count(|state| matches!(state, ResourceState::Drifted(_))),
            unreadable: count(|state| matches!(state, ResourceState::Unreadable { .. })),
            unmonitored: self.unmonitored,
            swept_only: self.swept_only.len(),
        });
    }
}

/// Which resources are nothing but what stands at the path that is their id: no change elsewhere may mean drift.
fn are_paths(ids: &[String], watches: &[Watch]) -> Vec<bool> {
    let mut named = vec![0_usize; ids.len()];
    let mut elsewhere = vec![false; ids.len()];
    for Watch { path, extent, indices } in watches {
        let concerned = if indices.is_empty() {
            (0..ids.len()).collect()
        } else {
            indices.iter().map(|index| *index as usize).collect::<Vec<_>>()
        };
        for index in concerned.into_iter().filter(|index| *index < ids.len()) {
            named[index] += 1;
            elsewhere[index] |= *path != ids[index] || *extent != Extent::Itself;
        }
    }
    named.into_iter().zip(elsewhere).map(|(count, elsewhere)| count > 0 && !elsewhere).collect()
}

impl Touched {
    fn absorb(&mut self, more: Self) {
        let Self { resources, is_structural, is_overflow } = more;
        self.resources.extend(resources);
        self.is_structural |= is_structural;
        self.is_overflow |= is_overflow;
    }
}

/// Ten thousand agents that were started together do not sweep together.
fn jittered(interval: Duration) -> Duration {
    interval.mul_f64(rand::thread_rng().gen_range(0.9..1.1))
}
