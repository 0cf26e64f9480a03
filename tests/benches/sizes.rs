//! How large things are that travel to every machine.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::figure::{Figure, number};
use crate::plugins::Shipped;

/// The most that a provider of ours may have, in KiB.
const PROVIDER_KIB: f64 = 320.0;

/// The shipped plugins.
pub(crate) fn plugins() -> Result<Vec<Figure>> {
    let figure = |shipped: Shipped| {
        let kib = number(shipped.component.len() as u64) / 1024.0;
        Figure::gated(format!("size of {}", shipped.name()), format!("{kib:.0} KiB"), kib, PROVIDER_KIB)
    };
    Ok(Shipped::all()?.into_iter().map(figure).collect())
}

/// One program.
pub(crate) fn program(path: &Path) -> Result<Figure> {
    let size = fs::metadata(path).with_context(|| format!("look at {}", path.display()))?.len();
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Figure::told(format!("size of {name}"), format!("{:.1} MiB", number(size) / f64::from(1 << 20))))
}
