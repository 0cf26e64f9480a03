//! Answers requests from memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use hostwright_runtime::machine::{
    Content, Digesting, Entry, Facts, Invocation, Kind, Machine, MachineError, Metadata, Output, Reply,
    Request, Scope, ScriptInvocation,
};
use sha2::{Digest as _, Sha256};

use super::tree::{Node, NodeContent, Tree, failed};

type Program = Box<dyn Fn(&Invocation, &mut Tree) -> Output + Send + Sync>;
type Script = Box<dyn Fn(&ScriptInvocation) -> Output + Send + Sync>;

/// A machine in memory: a tree of files, accounts, facts, and programs that a test supplies.
///
/// It is a Debian host with `root` and nothing else unless told otherwise. It enforces the scope of requests; it knows
/// nothing of untrusted owners, mounts or isolation, which only a real machine can show.
pub struct FakeMachine {
    tree: Mutex<Tree>,
    users: BTreeMap<String, u32>,
    groups: BTreeMap<String, u32>,
    facts: Facts,
    programs: BTreeMap<String, Program>,
    script: Option<Script>,
}

impl Default for FakeMachine {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeMachine {
    /// A Debian host with `root` and nothing else.
    pub fn new() -> Self {
        Self {
            tree: Mutex::default(),
            users: [("root".to_owned(), 0)].into(),
            groups: [("root".to_owned(), 0)].into(),
            facts: Facts {
                os: "debian".to_owned(),
                os_version: "12".to_owned(),
                os_like: Vec::new(),
                architecture: "x86_64".to_owned(),
                init: "systemd".to_owned(),
                programs: true,
                owners: true,
                more: Vec::new(),
            },
            programs: BTreeMap::new(),
            script: None,
        }
    }

    /// Adds a file.
    #[must_use]
    pub fn with_file(self, path: &str, content: impl Into<Bytes>) -> Self {
        self.with(path, Node::file(content))
    }

    /// Adds a directory.
    #[must_use]
    pub fn with_directory(self, path: &str) -> Self {
        self.with(path, Node::directory())
    }

    /// Adds anything.
    #[must_use]
    pub fn with(self, path: &str, node: Node) -> Self {
        self.tree().put(path, node);
        self
    }

    /// Adds a user with a group of the same name and number.
    #[must_use]
    pub fn with_user(mut self, name: &str, id: u32) -> Self {
        self.users.insert(name.to_owned(), id);
        self.with_group(name, id)
    }

    /// Adds a group.
    #[must_use]
    pub fn with_group(mut self, name: &str, id: u32) -> Self {
        self.groups.insert(name.to_owned(), id);
        self
    }

    /// Sets what the machine is.
    #[must_use]
    pub fn with_facts(self, facts: Facts) -> Self {
        Self { facts, ..self }
    }

    /// Adds a program. It may change the tree.
    #[must_use]
    pub fn with_program(
        mut self,
        path: &str,
        run: impl Fn(&Invocation, &mut Tree) -> Output + Send + Sync + 'static,
    ) -> Self {
        self.programs.insert(path.to_owned(), Box::new(run));
        self
    }

    /// Says what running a delivered script does.
    #[must_use]
    pub fn with_scripts(self, run: impl Fn(&ScriptInvocation) -> Output + Send + Sync + 'static) -> Self {
        Self { script: Some(Box::new(run)), ..self }
    }

    /// Returns the files, to be looked at or changed behind the plugin's back.
    pub fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stat(&self, scope: &Scope, path: &str, digesting: Digesting) -> Result<Entry, MachineError> {
        let tree = self.tree();
        check(scope, &tree, path, "stat", false)?;
        let entry = tree.entry(path);
        if entry.kind != Kind::Regular || digesting == Digesting::No {
            return Ok(entry);
        }
        let resolved = tree.resolve_parent(path)?;
        let digest = match tree.get(&resolved).map(|node| &node.content) {
            Some(NodeContent::File(content)) => Some(digest(content, digesting == Digesting::Keyed)),
            _ => None,
        };
        Ok(Entry { digest, ..entry })
    }

    fn read(&self, scope: &Scope, path: &str, limit: u64) -> Result<Bytes, MachineError> {
        let tree = self.tree();
        let path = check(scope, &tree, path, "read", false)?;
        match tree.get(&path).map(|node| &node.content) {
            Some(NodeContent::File(content)) if content.len() as u64 <= limit => Ok(content.clone()),
            Some(NodeContent::File(_)) => Err(failed(format!("`{path}` has more than {limit} bytes"))),
            Some(_) => Err(failed(format!("`{path}` is not a regular file"))),
            None => Err(failed(format!("`{path}` does not exist"))),
        }
    }

    fn list(&self, scope: &Scope, path: &str) -> Result<Vec<String>, MachineError> {
        let tree = self.tree();
        let path = check(scope, &tree, path, "list", false)?;
        match tree.get(&path).map(|node| &node.content) {
            Some(NodeContent::Directory) => Ok(tree.children(&path)),
            Some(_) => Err(failed(format!("`{path}` is not a directory"))),
            None => Err(failed(format!("`{path}` does not exist"))),
        }
    }

    fn replace(
        &self,
        scope: &Scope,
        path: &str,
        content: Content,
        metadata: Metadata,
    ) -> Result<(), MachineError> {
        let mut tree = self.tree();
        let path = check(scope, &tree, path, "write", true)?;
        let content = match content {
            Content::Bytes(bytes) => bytes,
            Content::File(file) => std::fs::read(&file)
                .map(Bytes::from)
                .map_err(|error| failed(format!("cannot read the blob `{}`: {error}", file.display())))?,
        };
        let mut node = match tree.get(&path) {
            None => Node::file(content),
            Some(node) if matches!(node.content, NodeContent::File(_)) => {
                Node { content: NodeContent::File(content), ..node.clone() }
            }
            Some(_) => return Err(failed(format!("`{path}` is not a regular file"))),
        };
        node.set(metadata);
        tree.put(&path, node);
        Ok(())
    }

    fn make_directory(&self, scope: &Scope, path: &str, metadata: Metadata) -> Result<(), MachineError> {
        let mut tree = self.tree();
        let path = check(scope, &tree, path, "make", true)?;
        match tree.get(&path).map(|node| &node.content) {
            Some(NodeContent::Directory) => return Ok(()),
            Some(_) => return Err(failed(format!("`{path}` is not a directory"))),
            None => {}
        }
        let mut node = Node::directory();
        node.set(metadata);
        tree.put(&path, node);
        Ok(())
    }

    fn set_metadata(&self, scope: &Scope, path: &str, metadata: Metadata) -> Result<(), MachineError> {
        let mut tree = self.tree();
        let path = check(scope, &tree, path, "set", true)?;
        match tree.get_mut(&path) {
            Some(node) => {
                node.set(metadata);
                Ok(())
            }
            None => Err(failed(format!("`{path}` does not exist"))),
        }
    }

    fn remove(&self, scope: &Scope, path: &str) -> Result<(), MachineError> {
        let mut tree = self.tree();
        let path = check(scope, &tree, path, "remove", true)?;
        if !tree.children(&path).is_empty() {
            return Err(failed(format!("`{path}` is not empty")));
        }
        tree.take(&path);
        Ok(())
    }

    fn run(&self, invocation: &Invocation) -> Result<Output, MachineError> {
        let Some(program) = self.programs.get(&invocation.program) else {
            return Err(failed(format!("there is no program `{}`", invocation.program)));
        };
        Ok(program(invocation, &mut self.tree()))
    }

    fn run_script(&self, invocation: &ScriptInvocation) -> Result<Output, MachineError> {
        let tree = self.tree();
        let Some(NodeContent::File(content)) = tree.get(&invocation.path).map(|node| &node.content) else {
            return Err(failed(format!("`{}` does not exist", invocation.path)));
        };
        if digest(content, false) != invocation.digest {
            return Err(failed(format!("`{}` is not what was delivered", invocation.path)));
        }
        match &self.script {
            Some(script) => Ok(script(invocation)),
            None => Err(MachineError::Unsupported("this machine runs no scripts".to_owned())),
        }
    }

    fn ids(table: &BTreeMap<String, u32>, names: &[String]) -> Reply {
        Reply::Ids(names.iter().map(|name| table.get(name).copied()).collect())
    }

    fn names(table: &BTreeMap<String, u32>, ids: &[u32]) -> Reply {
        let name = |id: &u32| table.iter().find(|(_, known)| *known == id).map(|(name, _)| name.clone());
        Reply::Names(ids.iter().map(name).collect())
    }
}

#[async_trait]
impl Machine for FakeMachine {
    async fn call(&self, request: Request) -> Result<Reply, MachineError> {
        Ok(match request {
            Request::Stat { scope, paths, digesting } => {
                Reply::Stat(paths.iter().map(|path| self.stat(&scope, path, digesting)).collect())
            }
            Request::Read { scope, path, limit } => Reply::Read(self.read(&scope, &path, limit)?),
            Request::List { scope, path } => Reply::List(self.list(&scope, &path)?),
            Request::Replace { scope, path, content, metadata, validation } => {
                if let Some(validation) = validation {
                    let output = self.run(&validation)?;
                    if output.status != 0 {
                        let run = Some((validation.program, output));
                        return Err(MachineError::Failed {
                            message: format!("`{path}` was not accepted"),
                            run,
                        });
                    }
                }
                self.replace(&scope, &path, content, metadata)?;
                Reply::Done
            }
            Request::MakeDirectory { scope, path, metadata } => {
                self.make_directory(&scope, &path, metadata)?;
                Reply::Done
            }
            Request::SetMetadata { scope, path, metadata } => {
                self.set_metadata(&scope, &path, metadata)?;
                Reply::Done
            }
            Request::Remove { scope, path } => {
                self.remove(&scope, &path)?;
                Reply::Done
            }
            Request::UserIds(names) => Self::ids(&self.users, &names),
            Request::GroupIds(names) => Self::ids(&self.groups, &names),
            Request::UserNames(ids) => Self::names(&self.users, &ids),
            Request::GroupNames(ids) => Self::names(&self.groups, &ids),
            Request::Run(invocation) => Reply::Ran(self.run(&invocation)?),
            Request::RunScript(invocation) => Reply::Ran(self.run_script(&invocation)?),
            Request::Facts => Reply::Facts(self.facts.clone()),
        })
    }
}

/// Returns the digest by which this machine tells content, plain or under its key.
pub fn digest(content: &[u8], is_keyed: bool) -> [u8; 32] {
    let mut hash = Sha256::new();
    if is_keyed {
        hash.update(b"the key of the fake machine");
    }
    hash.update(content);
    hash.finalize().into()
}

/// Resolves a path and refuses one that leads out of the scope.
fn check(
    scope: &Scope,
    tree: &Tree,
    path: &str,
    action: &str,
    is_change: bool,
) -> Result<String, MachineError> {
    let resolved = match tree.resolve_parent(path) {
        Ok(resolved) => resolved,
        Err(error) if is_change => return Err(error),
        Err(_) => path.to_owned(),
    };
    let is_below = |root: &String| {
        let root = root.trim_end_matches('/');
        resolved.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let readable = scope.read.iter().filter(|_| !is_change);
    if scope.write.iter().chain(readable).any(is_below) {
        return Ok(resolved);
    }
    Err(MachineError::Denied {
        action: format!("{action} {path}"),
        reason: "it lies outside of what was granted".to_owned(),
    })
}
