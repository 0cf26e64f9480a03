//! The component that answers dry runs.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use hostwright_protocol::messages::{Plan, PlanResult, Planning, ToOrchestrator};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::timeout;
use tracing::info;

use super::dry_run::{Present, dry_run};
use super::readiness::plugins_are_ready;
use crate::ledger::{self, Ledger};
use crate::lifecycle::Shutdown;
use crate::link;
use crate::provider::ProviderSet;
use crate::reconciler::error_chain;
use crate::status::{Activity, Board};

/// A check of compliance is waited for, a change is not.
const PATIENCE: Duration = Duration::from_secs(5);
/// So long plugins that are on their way are waited for: they may have to be fetched and compiled.
const PLUGIN_PATIENCE: Duration = Duration::from_mins(1);
/// A longer plan fits no frame.
const LARGEST: usize = 700 * 1024;

/// What the planner works with.
pub(crate) struct Options {
    /// What is managed and owed.
    pub(crate) ledger: Ledger,
    /// The providers that serve this machine now.
    pub(crate) providers: Arc<ArcSwap<ProviderSet>>,
    /// Told when they changed.
    pub(crate) providers_changed: watch::Receiver<u64>,
    /// Held while planning: nothing changes meanwhile.
    pub(crate) turn: Arc<Mutex<()>>,
    /// Says what is being done, when that is why nothing can be planned.
    pub(crate) board: Board,
    /// Takes the answers.
    pub(crate) link: link::Handle,
}

/// Answers dry runs, one at a time.
pub(crate) struct Planner {
    options: Options,
    plans: mpsc::Receiver<Plan>,
}

impl Planner {
    /// Builds the component; it answers nothing until it runs.
    pub(crate) const fn new(options: Options, plans: mpsc::Receiver<Plan>) -> Self {
        Self { options, plans }
    }

    /// Runs until it is asked to end.
    pub(crate) async fn run(mut self, shutdown: Shutdown) {
        loop {
            let plan = tokio::select! {
                () = shutdown.asked() => return,
                Some(plan) = self.plans.recv() => plan,
                else => return shutdown.asked().await,
            };
            info!(plan.id = %plan.id, task.count = plan.tasks.len(), "planning {} tasks", plan.tasks.len());
            let planning = tokio::select! {
                () = shutdown.asked() => return,
                planning = self.plan(&plan) => planning,
            };
            let result = PlanResult { id: plan.id, planning: fitting(planning) };
            self.options.link.say(ToOrchestrator::PlanResult(result)).await;
        }
    }

    async fn plan(&self, plan: &Plan) -> Planning {
        let settled = self.options.providers_changed.clone();
        match timeout(PLUGIN_PATIENCE, plugins_are_ready(&self.options.ledger, settled)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Planning::Refused { error: error_chain(&error) },
            Err(_) => {
                let error = "the machine's plugins are not active yet; plan again in a moment".to_owned();
                return Planning::Refused { error };
            }
        }
        let Ok(_turn) = timeout(PATIENCE, self.options.turn.lock()).await else {
            return Planning::Refused { error: self.why_busy() };
        };
        let known = async {
            let mut tx = self.options.ledger.begin().await?;
            Ok::<_, ledger::Error>((tx.resources().await?, tx.triggers().await?))
        };
        let (resources, triggers) = match known.await {
            Ok(known) => known,
            Err(error) => return Planning::Refused { error: error_chain(&error) },
        };
        let providers = self.options.providers.load_full();
        let present = Present { providers: &providers, resources: &resources, triggers: &triggers };
        Planning::Planned { tasks: dry_run(&plan.tasks, &present).await }
    }

    fn why_busy(&self) -> String {
        match self.options.board.status().activity {
            Activity::Applying { description, task, .. } => {
                format!("the change `{description}` is being applied ({task}); plan again when it is done")
            }
            _ => "the machine is being looked at; plan again in a moment".to_owned(),
        }
    }
}

fn fitting(planning: Planning) -> Planning {
    let size = serde_json::to_string(&planning).map_or(usize::MAX, |text| text.len());
    if size <= LARGEST {
        return planning;
    }
    Planning::Refused {
        error: format!("the plan has {size} bytes, the limit is {LARGEST}; plan fewer tasks at a time"),
    }
}
