//! Where the parts of the agent write what they are doing.

use std::sync::Arc;

use tokio::sync::watch;

use super::document::{Activity, Enrolled, LinkState, PluginStatus, Resources, Status};
use crate::clock::{self, BusTime};
use crate::ledger::Identity;

/// The status, shared. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Board {
    status: Arc<watch::Sender<Status>>,
}

impl Default for Board {
    fn default() -> Self {
        let status = Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: clock::now(),
            enrolled: None,
            activity: Activity::Starting,
            link: LinkState::None,
            resources: Resources::default(),
            waiting_reports: 0,
            clock_ahead_seconds: None,
            plugins: Vec::new(),
        };
        Self { status: Arc::new(watch::Sender::new(status)) }
    }
}

impl Board {
    /// Returns a view of the status.
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Returns the status as it is.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    pub(crate) fn activity(&self, activity: Activity) {
        self.status.send_if_modified(|status| {
            // Whoever is still busy while the agent ends does not hide that it ends.
            let is_news = status.activity != activity && status.activity != Activity::Ending;
            if is_news {
                status.activity = activity;
            }
            is_news
        });
    }

    pub(crate) fn link(&self, link: LinkState) {
        self.status.send_modify(|status| status.link = link);
    }

    pub(crate) fn enrolled(&self, identity: &Identity) {
        let enrolled = Enrolled {
            agent: identity.agent,
            organization: identity.organization,
            host: identity.document.host,
        };
        self.status.send_modify(|status| status.enrolled = Some(enrolled));
    }

    pub(crate) fn resources(&self, resources: Resources) {
        self.status.send_if_modified(|status| {
            let is_news = status.resources != resources;
            status.resources = resources;
            is_news
        });
    }

    /// Takes what is only looked up when somebody asks.
    pub(crate) fn refresh(&self, waiting_reports: u64, bus_time: &BusTime, plugins: Vec<PluginStatus>) {
        self.status.send_modify(|status| {
            status.waiting_reports = waiting_reports;
            status.clock_ahead_seconds = bus_time.now().map(|bus| (clock::now() - bus).num_seconds());
            status.plugins = plugins;
        });
    }
}
