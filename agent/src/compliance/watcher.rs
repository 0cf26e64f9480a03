//! The one owner of inotify.
//!
//! Not files are watched but the directories that hold them: a file that is replaced by a rename, the usual way, keeps
//! being watched. Every directory from the root down to a path is watched for its next step, so that a path that does
//! not exist yet, or whose parent is exchanged, is found again: that is a *structural* event, after which all watches are
//! set anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path, PathBuf};

use futures_util::StreamExt as _;
use inotify::{EventMask, EventStream, Inotify, WatchDescriptor, WatchMask, Watches};
use tracing::warn;

use crate::provider::Extent;

/// What happens on the way to a path.
const STEP: WatchMask = WatchMask::CREATE
    .union(WatchMask::DELETE)
    .union(WatchMask::MOVED_FROM)
    .union(WatchMask::MOVED_TO)
    .union(WatchMask::DELETE_SELF)
    .union(WatchMask::MOVE_SELF);
/// What happens to a path. Writes are seen when the file is closed: a log that is written all the time, beside a
/// watched file, would wake the agent with each line.
const TARGET: WatchMask = STEP.union(WatchMask::ATTRIB).union(WatchMask::CLOSE_WRITE);

/// One path to watch, for one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// Absolute, as the machine sees it.
    pub(super) path: PathBuf,
    pub(super) extent: Extent,
    /// The resource's number; what it means is the caller's.
    pub(super) resource: usize,
}

/// What inotify told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Touched {
    /// Resources to look at.
    pub(super) resources: BTreeSet<usize>,
    /// Watches have to be set anew.
    pub(super) is_structural: bool,
    /// Events were lost: everything has to be looked at.
    pub(super) is_overflow: bool,
}

#[derive(Default)]
struct Directory {
    mask: Option<WatchMask>,
    /// Names on the way to a path.
    steps: BTreeSet<OsString>,
    /// Names that are the path.
    targets: HashMap<OsString, Vec<usize>>,
    /// Resources that care for every entry.
    entries: Vec<usize>,
}

pub(super) struct Watcher {
    root: PathBuf,
    limit: usize,
    events: EventStream<Vec<u8>>,
    watches: Watches,
    wishes: Vec<Wish>,
    directories: BTreeMap<PathBuf, Directory>,
    by_descriptor: HashMap<WatchDescriptor, BTreeSet<PathBuf>>,
}

impl Watcher {
    /// Watches nothing yet. At most `limit` directories will be.
    pub(super) fn new(root: PathBuf, limit: usize) -> io::Result<Self> {
        let inotify = Inotify::init()?;
        let watches = inotify.watches();
        let events = inotify.into_event_stream(vec![0; 4096])?;
        Ok(Self {
            root,
            limit,
            events,
            watches,
            wishes: Vec::new(),
            directories: BTreeMap::new(),
            by_descriptor: HashMap::new(),
        })
    }

    /// Watches these paths and no others. Returns the resources of which not every path could be watched.
    pub(super) fn set(&mut self, wishes: Vec<Wish>) -> BTreeSet<usize> {
        self.wishes = wishes;
        self.set_again()
    }

    /// Sets the watches anew, after something on the way to a path changed.
    pub(super) fn set_again(&mut self) -> BTreeSet<usize> {
        self.directories = directories(&self.root, &self.wishes);
        let mut by_descriptor: HashMap<WatchDescriptor, BTreeSet<PathBuf>> = HashMap::new();
        let mut unwatched = BTreeSet::new();
        // Parents come before their children: one that appears meanwhile is told by its parent.
        for (path, directory) in &self.directories {
            let Some(mask) = directory.mask else { continue };
            if by_descriptor.len() >= self.limit {
                unwatched.insert(path.clone());
                continue;
            }
            // Two paths may lead to one directory; MASK_ADD keeps what the other one wanted.
            match self.watches.add(path, mask | WatchMask::ONLYDIR | WatchMask::MASK_ADD) {
                Ok(descriptor) => {
                    by_descriptor.entry(descriptor).or_default().insert(path.clone());
                }
                // Not there (yet), or not a directory: its parent tells when that changes.
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
                Err(_) => {
                    unwatched.insert(path.clone());
                }
            }
        }
        for stale in self.by_descriptor.keys().filter(|known| !by_descriptor.contains_key(known)) {
            // The kernel may have removed it already.
            let _ = self.watches.remove(stale.clone());
        }
        self.by_descriptor = by_descriptor;
        self.concerned_by(&unwatched)
    }

    /// Waits for the next event. Cancel-safe.
    pub(super) async fn next(&mut self) -> Touched {
        let event = match self.events.next().await {
            Some(Ok(event)) => event,
            Some(Err(error)) => {
                warn!(error = &error as &dyn std::error::Error, "watching files fails; the sweep goes on");
                return std::future::pending().await;
            }
            None => return std::future::pending().await,
        };
        if event.mask.contains(EventMask::Q_OVERFLOW) {
            return Touched { is_overflow: true, is_structural: true, ..Touched::default() };
        }
        let Some(paths) = self.by_descriptor.get(&event.wd) else { return Touched::default() };
        let gone = EventMask::IGNORED | EventMask::DELETE_SELF | EventMask::MOVE_SELF | EventMask::UNMOUNT;
        let mut touched = Touched::default();
        for path in paths {
            let Some(directory) = self.directories.get(path) else { continue };
            if event.mask.intersects(gone) {
                touched.is_structural = true;
                touched.resources.extend(below(&self.root, &self.wishes, path));
                continue;
            }
            touched.resources.extend(&directory.entries);
            let Some(name) = &event.name else { continue };
            if let Some(resources) = directory.targets.get(name) {
                touched.resources.extend(resources);
            }
            let is_step = directory.steps.contains(name);
            if is_step && event.mask.intersects(EventMask::CREATE | EventMask::DELETE | MOVED) {
                touched.is_structural = true;
                touched.resources.extend(below(&self.root, &self.wishes, &path.join(name)));
            }
        }
        touched
    }

    fn concerned_by(&self, directories: &BTreeSet<PathBuf>) -> BTreeSet<usize> {
        directories
            .iter()
            .filter_map(|path| self.directories.get(path))
            .flat_map(|directory| directory.targets.values().flatten().chain(&directory.entries))
            .copied()
            .collect()
    }
}

const MOVED: EventMask = EventMask::MOVED_FROM.union(EventMask::MOVED_TO);

/// Resources with a path at or below a directory.
fn below<'a>(root: &'a Path, wishes: &'a [Wish], directory: &'a Path) -> impl Iterator<Item = usize> + 'a {
    wishes.iter().filter(move |wish| real(root, &wish.path).starts_with(directory)).map(|wish| wish.resource)
}

fn real(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn directories(root: &Path, wishes: &[Wish]) -> BTreeMap<PathBuf, Directory> {
    let mut directories: BTreeMap<PathBuf, Directory> = BTreeMap::new();
    let widen = |directory: &mut Directory, mask: WatchMask| {
        directory.mask = Some(directory.mask.map_or(mask, |known| known | mask));
    };
    for wish in wishes {
        let names: Vec<&OsStr> = wish
            .path
            .components()
            .filter_map(|component| match component {
                Component::Normal(name) => Some(name),
                _ => None,
            })
            .collect();
        let mut path = root.to_owned();
        for (position, name) in names.iter().enumerate() {
            let directory = directories.entry(path.clone()).or_default();
            let is_last = position + 1 == names.len();
            if is_last {
                widen(directory, TARGET);
                directory.targets.entry((*name).to_owned()).or_default().push(wish.resource);
            }
            if !is_last || wish.extent == Extent::Entries {
                widen(directory, STEP);
                directory.steps.insert((*name).to_owned());
            }
            path.push(name);
        }
        if wish.extent == Extent::Entries {
            let directory = directories.entry(path).or_default();
            widen(directory, TARGET);
            directory.entries.push(wish.resource);
        }
    }
    directories
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    struct Tree {
        directory: tempfile::TempDir,
        watcher: Watcher,
    }

    fn wish(path: &str, extent: Extent) -> Wish {
        Wish { path: path.into(), extent, resource: 7 }
    }

    impl Tree {
        fn watching(path: &str, extent: Extent) -> Self {
            let directory = tempfile::tempdir().unwrap();
            let mut watcher = Watcher::new(directory.path().to_owned(), 100).unwrap();
            fs::create_dir_all(directory.path().join("etc/site")).unwrap();
            fs::write(directory.path().join("etc/site/page"), "old").unwrap();
            assert_eq!(watcher.set(vec![wish(path, extent)]), BTreeSet::new());
            Self { directory, watcher }
        }

        fn path(&self, path: &str) -> PathBuf {
            self.directory.path().join(path)
        }

        /// Waits until the resource is touched, setting watches anew where the structure changed.
        async fn is_touched(&mut self) -> bool {
            let touched = async {
                loop {
                    let touched = self.watcher.next().await;
                    if touched.is_structural {
                        self.watcher.set_again();
                    }
                    if touched.resources.contains(&7) {
                        return;
                    }
                }
            };
            tokio::time::timeout(Duration::from_secs(5), touched).await.is_ok()
        }

        /// Empties the queue: what it does after is seen alone.
        async fn drain(&mut self) {
            while let Ok(touched) = tokio::time::timeout(Duration::from_millis(20), self.watcher.next()).await
            {
                if touched.is_structural {
                    self.watcher.set_again();
                }
            }
        }
    }

    #[tokio::test]
    async fn writing_moding_replacing_and_removing_are_seen() {
        let mut tree = Tree::watching("/etc/site/page", Extent::Itself);
        let page = tree.path("etc/site/page");
        fs::write(&page, "new").unwrap();
        assert!(tree.is_touched().await, "written");
        tree.drain().await;
        let mut permissions = fs::metadata(&page).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
        fs::set_permissions(&page, permissions).unwrap();
        assert!(tree.is_touched().await, "moded");
        for _ in 0..2 {
            tree.drain().await;
            fs::write(tree.path("etc/site/.new"), "x").unwrap();
            fs::rename(tree.path("etc/site/.new"), &page).unwrap();
            assert!(tree.is_touched().await, "replaced by a rename, and still watched after it");
        }
        tree.drain().await;
        fs::remove_file(&page).unwrap();
        assert!(tree.is_touched().await, "removed");
    }

    #[tokio::test]
    async fn a_path_that_is_not_there_yet_is_seen_when_it_comes() {
        let mut tree = Tree::watching("/etc/other/deep/file", Extent::Itself);
        fs::create_dir(tree.path("etc/other")).unwrap();
        assert!(tree.is_touched().await);
        tree.drain().await;
        fs::create_dir(tree.path("etc/other/deep")).unwrap();
        assert!(tree.is_touched().await);
        tree.drain().await;
        fs::write(tree.path("etc/other/deep/file"), "x").unwrap();
        assert!(tree.is_touched().await);
    }

    #[tokio::test]
    async fn a_parent_that_is_exchanged_is_followed() {
        let mut tree = Tree::watching("/etc/site/page", Extent::Itself);
        fs::rename(tree.path("etc/site"), tree.path("etc/old")).unwrap();
        assert!(tree.is_touched().await, "moved away");
        fs::create_dir(tree.path("etc/site")).unwrap();
        tree.drain().await;
        fs::write(tree.path("etc/site/page"), "again").unwrap();
        assert!(tree.is_touched().await, "watched in its new parent");
        tree.drain().await;
        fs::write(tree.path("etc/old/page"), "stale").unwrap();
        let stale = tokio::time::timeout(Duration::from_millis(200), tree.watcher.next()).await;
        assert!(
            stale.is_err() || stale.unwrap().resources.is_empty(),
            "the old parent is not watched any more"
        );
    }

    #[tokio::test]
    async fn entries_of_a_directory_are_seen() {
        let mut tree = Tree::watching("/etc/site", Extent::Entries);
        fs::write(tree.path("etc/site/another"), "x").unwrap();
        assert!(tree.is_touched().await);
    }

    #[test]
    fn beyond_the_limit_only_the_sweep_looks() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _inside = runtime.enter();
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("a/b")).unwrap();
        let mut watcher = Watcher::new(directory.path().to_owned(), 2).unwrap();
        let wishes = vec![
            Wish { resource: 1, ..wish("/a/file", Extent::Itself) },
            Wish { resource: 2, ..wish("/a/b/file", Extent::Itself) },
        ];
        assert_eq!(watcher.set(wishes), BTreeSet::from([2]));
    }
}
