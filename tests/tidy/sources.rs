//! The repository's files, as the other rules see them.

use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// The checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the checkout").to_owned()
}

/// One Rust file, with its path from the root.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// The file without the tests at its foot.
    pub(crate) fn code(&self) -> &str {
        self.text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or(&self.text)
    }
}

/// All Rust files below some folders.
pub(crate) fn rust_files(folders: &[&str]) -> Vec<Source> {
    let root = root();
    let mut files = Vec::new();
    for folder in folders {
        for entry in
            WalkDir::new(root.join(folder)).into_iter().filter_entry(|entry| entry.file_name() != "target")
        {
            let entry = entry.expect("the checkout can be read");
            if entry.path().extension().is_some_and(|extension| extension == "rs") {
                let path =
                    entry.path().strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
                files.push(Source { path, text: fs::read_to_string(entry.path()).expect("source is text") });
            }
        }
    }
    assert!(!files.is_empty(), "no Rust files below {folders:?}");
    files
}

/// Everything that is compiled, but for tests of their own.
pub(crate) const PRODUCT: &[&str] = &["host-runtime", "agent", "orchestrator", "sdk", "plugins"];
