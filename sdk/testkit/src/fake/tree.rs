//! The files of a fake machine.

use std::collections::BTreeMap;

use bytes::Bytes;
use hostwright_runtime::machine::{Entry, Kind, MachineError, Metadata};

/// Links that are followed on one way.
const LINKS_MAXIMUM: usize = 8;

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub content: NodeContent,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// The kinds of things in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeContent {
    /// A regular file.
    File(Bytes),
    /// A directory.
    Directory,
    /// A symbolic link.
    Link(String),
    /// A device, socket or pipe.
    Other,
}

impl Node {
    /// A file of root, 0644.
    pub fn file(content: impl Into<Bytes>) -> Self {
        Self { content: NodeContent::File(content.into()), mode: 0o644, uid: 0, gid: 0 }
    }

    /// A directory of root, 0755.
    pub fn directory() -> Self {
        Self { content: NodeContent::Directory, mode: 0o755, uid: 0, gid: 0 }
    }

    /// A symbolic link.
    pub fn link(target: &str) -> Self {
        Self { content: NodeContent::Link(target.to_owned()), mode: 0o777, uid: 0, gid: 0 }
    }

    /// Something that is never opened.
    pub fn other() -> Self {
        Self { content: NodeContent::Other, mode: 0o600, uid: 0, gid: 0 }
    }

    /// Sets what is given.
    pub(super) fn set(&mut self, metadata: Metadata) {
        let Metadata { mode, uid, gid } = metadata;
        self.mode = mode.unwrap_or(self.mode);
        self.uid = uid.unwrap_or(self.uid);
        self.gid = gid.unwrap_or(self.gid);
    }

    fn entry(&self) -> Entry {
        let (kind, size, target) = match &self.content {
            NodeContent::File(content) => (Kind::Regular, content.len() as u64, None),
            NodeContent::Directory => (Kind::Directory, 0, None),
            NodeContent::Link(target) => (Kind::Symlink, target.len() as u64, Some(target.clone())),
            NodeContent::Other => (Kind::Other, 0, None),
        };
        Entry { kind, mode: self.mode, uid: self.uid, gid: self.gid, size, links: 1, digest: None, target }
    }
}

/// Everything in the file system, by absolute path. The root is there from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree(BTreeMap<String, Node>);

impl Default for Tree {
    fn default() -> Self {
        Self([(String::new(), Node::directory())].into())
    }
}

impl Tree {
    /// Returns what stands at a path, following no link.
    pub fn get(&self, path: &str) -> Option<&Node> {
        self.0.get(path.trim_end_matches('/'))
    }

    /// Returns the text of a file.
    pub fn text(&self, path: &str) -> Option<String> {
        match &self.get(path)?.content {
            NodeContent::File(content) => Some(String::from_utf8_lossy(content).into_owned()),
            NodeContent::Directory | NodeContent::Link(_) | NodeContent::Other => None,
        }
    }

    /// Puts something at a path, with the directories above it.
    pub fn put(&mut self, path: &str, node: Node) {
        for (end, _) in path.match_indices('/').skip(1) {
            self.0.entry(path[..end].to_owned()).or_insert_with(Node::directory);
        }
        self.0.insert(path.to_owned(), node);
    }

    /// Takes away what stands at a path.
    pub fn take(&mut self, path: &str) -> Option<Node> {
        self.0.remove(path)
    }

    /// Returns every path.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Returns what a `stat` sees.
    pub(super) fn entry(&self, path: &str) -> Entry {
        let absent = Entry {
            kind: Kind::Absent,
            mode: 0,
            uid: 0,
            gid: 0,
            size: 0,
            links: 0,
            digest: None,
            target: None,
        };
        let found = self.resolve_parent(path).ok().and_then(|path| self.0.get(&path).map(Node::entry));
        found.unwrap_or(absent)
    }

    pub(super) fn get_mut(&mut self, path: &str) -> Option<&mut Node> {
        self.0.get_mut(path)
    }

    pub(super) fn children(&self, path: &str) -> Vec<String> {
        let above = format!("{path}/");
        let below = self.0.keys().filter_map(|path| path.strip_prefix(&above));
        below.filter(|name| !name.contains('/')).map(str::to_owned).collect()
    }

    /// Follows the links above the last name; the directory there must exist.
    pub(super) fn resolve_parent(&self, path: &str) -> Result<String, MachineError> {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut above = above.to_owned();
        for _ in 0..LINKS_MAXIMUM {
            let Some((link, target)) = self.first_link(&above) else {
                return match self.0.get(&above).map(|node| &node.content) {
                    Some(NodeContent::Directory) => Ok(format!("{above}/{name}")),
                    Some(_) => Err(failed(format!("`{above}` is not a directory"))),
                    None => Err(failed(format!("`{above}` does not exist"))),
                };
            };
            let rest = above[link.len()..].to_owned();
            let from = if target.starts_with('/') { String::new() } else { parent(&link).to_owned() + "/" };
            above = format!("{from}{target}{rest}");
        }
        Err(failed(format!("too many links on the way to `{path}`")))
    }

    fn first_link(&self, path: &str) -> Option<(String, String)> {
        let ends = path.match_indices('/').skip(1).map(|(end, _)| end).chain([path.len()]);
        ends.into_iter().find_map(|end| match &self.0.get(&path[..end])?.content {
            NodeContent::Link(target) => Some((path[..end].to_owned(), target.clone())),
            _ => None,
        })
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

pub(super) fn failed(message: String) -> MachineError {
    MachineError::Failed { message, run: None }
}

#[cfg(test)]
mod tests {
    use super::{Node, Tree};

    #[test]
    fn links_above_are_followed_and_the_last_one_is_not() {
        let mut tree = Tree::default();
        tree.put("/run/lock/a", Node::file("x"));
        tree.put("/var/run", Node::link("/run"));
        tree.put("/var/lock", Node::link("run/lock"));
        assert_eq!(tree.resolve_parent("/var/run/lock/a").unwrap(), "/run/lock/a");
        assert_eq!(tree.resolve_parent("/var/lock/a").unwrap(), "/run/lock/a");
        assert_eq!(tree.resolve_parent("/var/lock").unwrap(), "/var/lock");
        assert!(tree.resolve_parent("/nosuch/a").is_err());
    }
}
