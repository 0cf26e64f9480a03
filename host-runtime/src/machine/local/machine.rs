//! The machine itself: from a request to what is done.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use hostwright_manifest::grants::Effect;

use super::guard::Protected;
use super::obstacle::Obstacle;
use super::programs::{
    Order, Query, QueryIsolation, RunState, Runs, Supervisor, What, check_arguments, command_line, locate,
    prepare_script,
};
use super::replace::{Candidate, Claims};
use super::root::Root;
use super::stamp::{self, Stamp};
use super::visit::Visit;
use super::walk::Ground;
use super::{accounts, change, facts, read};
use crate::machine::{
    Content, Facts, Invocation, Machine, MachineError, Metadata, Output, Reply, Request, Scope,
    ScriptInvocation,
};

/// What stands for the file to be checked in a validation's arguments.
const CANDIDATE: &str = "{candidate}";

/// How long facts are taken for true. Gathering them reads half a dozen files and all network interfaces, and a provider asks
/// with every batch.
const FACTS_LAST: Duration = Duration::from_secs(10);

/// How a machine is made.
#[derive(Clone, Debug)]
pub struct LocalOptions {
    /// What is `/` for every request: the machine's own root, or a directory to which everything is confined. Programs
    /// are not run and owners not managed in such a directory.
    pub root: PathBuf,
    /// What no request touches, by paths of the real machine; the runs and the supervisor are added.
    pub protected: Vec<PathBuf>,
    /// Key of [`Digesting::Keyed`](crate::machine::Digesting::Keyed).
    pub digest_key: [u8; 32],
    /// The executable that watches over programs.
    pub supervisor: Supervisor,
    /// Where changing runs are recorded; survives a restart of the machine.
    pub runs_directory: PathBuf,
}

/// A real machine, or one directory of it.
#[derive(Clone, Debug)]
pub struct LocalMachine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: Root,
    protected: Protected,
    digest_key: [u8; 32],
    claims: Claims,
    runs: Runs,
    isolation: QueryIsolation,
    facts: Mutex<Option<(Instant, Facts)>>,
}

impl LocalMachine {
    /// Opens the root.
    ///
    /// # Errors
    ///
    /// When it is not a directory that can be opened.
    pub fn new(options: LocalOptions) -> Result<Self, MachineError> {
        let LocalOptions { root, protected, digest_key, supervisor, runs_directory } = options;
        let opened = Root::open(&root).map_err(|error| {
            failed(format!("cannot open `{}` as the root of this host: {error}", root.display()))
        })?;
        let mut protected = protected;
        protected.push(supervisor.program.clone());
        protected.push(runs_directory.clone());
        let isolation = QueryIsolation::available();
        if isolation == QueryIsolation::Pattern && !opened.is_confined {
            tracing::warn!(
                "queries are restrained by their patterns only: the agent lacks the privileges for more"
            );
        }
        let inner = Inner {
            root: opened,
            protected: Protected::new(&protected),
            digest_key,
            claims: Claims::default(),
            runs: Runs::new(runs_directory, supervisor),
            isolation,
            facts: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Returns what keeps a query from changing this machine.
    pub fn query_isolation(&self) -> QueryIsolation {
        self.inner.isolation
    }

    /// Returns what the kernel keeps of what stands at each path, by position; links on the way are followed as for any
    /// request. For the host itself: no plugin can ask for it.
    pub async fn stamps(&self, paths: Vec<String>) -> Vec<Option<Stamp>> {
        let count = paths.len();
        let looking = self.blocking(move |inner| {
            Ok(inner.on_ground(|ground| stamp::stamps(&mut Visit::everywhere(ground), &paths)))
        });
        // Nothing is said of what could not be looked at.
        looking.await.unwrap_or_else(|_| vec![None; count])
    }

    /// Finds a changing run that was begun under this name, also by an agent that is gone. One that was recorded but
    /// never begun is prevented from it for good and forgotten: `None` means that nothing ran and nothing will.
    pub async fn adopt(&self, name: &str) -> Result<Option<RunState>, MachineError> {
        let name = name.to_owned();
        self.blocking(move |inner| inner.runs.adopt(&name)).await
    }

    /// Waits for the end of a changing run that was begun under this name.
    pub async fn wait(&self, name: &str, at_most: Duration) -> Result<Output, MachineError> {
        self.inner.runs.wait(name, at_most).await
    }

    /// Removes what is known of a changing run that ended, so that its name may be used again.
    pub async fn forget(&self, name: &str) -> Result<(), MachineError> {
        let name = name.to_owned();
        self.blocking(move |inner| inner.runs.forget(&name)).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Inner) -> Result<T, MachineError> + Send + 'static,
    ) -> Result<T, MachineError> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || job(&inner))
            .await
            .map_err(|error| failed(format!("the machine's worker broke down: {error}")))?
    }

    async fn replace(
        &self,
        scope: Scope,
        path: String,
        content: Content,
        metadata: Metadata,
        validation: Option<Invocation>,
    ) -> Result<(), MachineError> {
        if validation.is_some() {
            self.inner.check_programs()?;
        }
        let named = path.clone();
        let candidate = self
            .blocking(move |inner| {
                inner.visit("write", &path, &scope, |visit| {
                    Candidate::write(visit, &inner.claims, &path, &content, &metadata)
                })
            })
            .await?;
        if let Some(validation) = validation {
            self.validate(&named, &candidate, validation).await?;
        }
        self.blocking(move |_| candidate.commit().map_err(|obstacle| obstacle.of("write", &named))).await
    }

    async fn validate(
        &self,
        path: &str,
        candidate: &Candidate,
        mut validation: Invocation,
    ) -> Result<(), MachineError> {
        let place = candidate.path();
        let Some(text) = place.to_str() else {
            return Err(Obstacle::State("its directory's name is not UTF-8".to_owned()).of("write", path));
        };
        for argument in &mut validation.arguments {
            if argument == CANDIDATE {
                text.clone_into(argument);
            }
        }
        let line = command_line(&validation.program, &validation.arguments);
        let output = self.run(validation, Some(place.clone())).await?;
        if output.status == 0 {
            return Ok(());
        }
        let message = format!("{path} was left as it is: {line} refused the new content");
        Err(MachineError::Failed { message, run: Some((line, output)) })
    }

    async fn run(&self, invocation: Invocation, exposed: Option<PathBuf>) -> Result<Output, MachineError> {
        self.inner.check_programs()?;
        let (program, invocation) = self
            .blocking(move |inner| {
                check_arguments(&invocation.program, &invocation.arguments, &invocation.environment)?;
                Ok((inner.on_ground(|ground| locate(ground, &invocation.program))?, invocation))
            })
            .await?;
        match invocation.effect {
            Effect::Query => {
                let masks = self.inner.protected.paths().to_vec();
                let query = Query { program, invocation, masks, exposed };
                query.run(self.inner.runs.supervisor(), self.inner.isolation).await
            }
            Effect::Change => {
                let Invocation {
                    program: name,
                    arguments,
                    environment,
                    stdin,
                    timeout,
                    output_bytes,
                    name: run,
                    effect: _,
                } = invocation;
                let what = What::Program { path: program, name };
                let script = Vec::new();
                self.begin(Order {
                    name: run,
                    what,
                    script,
                    arguments,
                    environment,
                    stdin,
                    timeout,
                    output_bytes,
                })
                .await
            }
        }
    }

    async fn run_script(&self, script: ScriptInvocation) -> Result<Output, MachineError> {
        self.inner.check_programs()?;
        let order = self
            .blocking(move |inner| {
                check_arguments(&script.path, &script.arguments, &[])?;
                inner.on_ground(|ground| prepare_script(ground, script))
            })
            .await?;
        self.begin(order).await
    }

    async fn begin(&self, order: Order) -> Result<Output, MachineError> {
        let run = self.blocking(move |inner| inner.runs.draw_up(order)).await?;
        let result = self.inner.runs.carry_out(&run).await;
        self.blocking(move |inner| inner.runs.tidy_up(&run)).await?;
        result
    }
}

#[async_trait]
impl Machine for LocalMachine {
    async fn call(&self, request: Request) -> Result<Reply, MachineError> {
        match request {
            Request::Stat { scope, paths, digesting } => {
                let entries = self.blocking(move |inner| {
                    Ok(inner.on_ground(|ground| {
                        let mut visit = Visit::new(ground, &scope);
                        read::stat(&mut visit, &paths, digesting, &inner.digest_key)
                    }))
                });
                entries.await.map(Reply::Stat)
            }
            Request::Read { scope, path, limit } => {
                let content = self.blocking(move |inner| {
                    inner.visit("read", &path, &scope, |visit| read::read(visit, &path, limit))
                });
                content.await.map(Reply::Read)
            }
            Request::List { scope, path } => {
                let names = self.blocking(move |inner| {
                    inner.visit("list", &path, &scope, |visit| read::list(visit, &path))
                });
                names.await.map(Reply::List)
            }
            Request::Replace { scope, path, content, metadata, validation } => {
                self.replace(scope, path, content, metadata, validation).await.map(|()| Reply::Done)
            }
            Request::MakeDirectory { scope, path, metadata } => {
                let made = self.blocking(move |inner| {
                    inner.visit("make directory", &path, &scope, |visit| {
                        change::make_directory(visit, &path, &metadata)
                    })
                });
                made.await.map(|()| Reply::Done)
            }
            Request::SetMetadata { scope, path, metadata } => {
                let set = self.blocking(move |inner| {
                    inner.visit("set owner and mode of", &path, &scope, |visit| {
                        change::set_metadata(visit, &path, &metadata)
                    })
                });
                set.await.map(|()| Reply::Done)
            }
            Request::Remove { scope, path } => {
                let removed = self.blocking(move |inner| {
                    inner.visit("remove", &path, &scope, |visit| change::remove(visit, &path))
                });
                removed.await.map(|()| Reply::Done)
            }
            Request::UserIds(names) => {
                let users = self.blocking(|inner| inner.on_ground(accounts::users)).await?;
                let find = |name: &String| users.iter().find(|user| user.name == *name).map(|user| user.uid);
                Ok(Reply::Ids(names.iter().map(find).collect()))
            }
            Request::GroupIds(names) => {
                let groups = self.blocking(|inner| inner.on_ground(accounts::groups)).await?;
                let find =
                    |name: &String| groups.iter().find(|group| group.name == *name).map(|group| group.gid);
                Ok(Reply::Ids(names.iter().map(find).collect()))
            }
            Request::UserNames(ids) => {
                let users = self.blocking(|inner| inner.on_ground(accounts::users)).await?;
                let find = |id: &u32| users.iter().find(|user| user.uid == *id).map(|user| user.name.clone());
                Ok(Reply::Names(ids.iter().map(find).collect()))
            }
            Request::GroupNames(ids) => {
                let groups = self.blocking(|inner| inner.on_ground(accounts::groups)).await?;
                let find =
                    |id: &u32| groups.iter().find(|group| group.gid == *id).map(|group| group.name.clone());
                Ok(Reply::Names(ids.iter().map(find).collect()))
            }
            Request::Run(invocation) => self.run(invocation, None).await.map(Reply::Ran),
            Request::RunScript(script) => self.run_script(script).await.map(Reply::Ran),
            Request::Facts => {
                if let Some(facts) = self.inner.recent_facts() {
                    return Ok(Reply::Facts(facts));
                }
                let facts = self.blocking(|inner| {
                    let facts = inner.on_ground(|ground| facts::gather(ground, &inner.isolation.to_string()));
                    *inner.facts.lock().unwrap_or_else(PoisonError::into_inner) =
                        Some((Instant::now(), facts.clone()));
                    Ok(facts)
                });
                facts.await.map(Reply::Facts)
            }
        }
    }
}

impl Inner {
    fn recent_facts(&self) -> Option<Facts> {
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        facts.as_ref().filter(|(gathered, _)| gathered.elapsed() < FACTS_LAST).map(|(_, facts)| facts.clone())
    }

    fn on_ground<T>(&self, job: impl FnOnce(Ground<'_>) -> T) -> T {
        let guard = self.protected.guard(&self.root);
        job(Ground { root: &self.root, guard: &guard })
    }

    fn visit<T>(
        &self,
        verb: &str,
        path: &str,
        scope: &Scope,
        job: impl FnOnce(&mut Visit<'_>) -> Result<T, Obstacle>,
    ) -> Result<T, MachineError> {
        self.on_ground(|ground| {
            job(&mut Visit::new(ground, scope)).map_err(|obstacle| obstacle.of(verb, path))
        })
    }

    fn check_programs(&self) -> Result<(), MachineError> {
        if self.root.is_confined {
            let message = "programs are not run on this host: it is a confined directory";
            return Err(MachineError::Unsupported(message.to_owned()));
        }
        Ok(())
    }
}

fn failed(message: String) -> MachineError {
    MachineError::Failed { message, run: None }
}
