//! Looking at files, reading them and listing directories.

use std::io::Read;

use bytes::Bytes;
use hmac::{Hmac, Mac};
use rustix::fs::{Dir, Mode, OFlags};
use sha2::{Digest, Sha256};

use super::look::Look;
use super::obstacle::Obstacle;
use super::visit::{Visit, has_untrusted_names, open_seen};
use super::walk::{Directory, Found, Last, Place, components, open_as_it_is};
use crate::machine::{Digesting, Entry, Kind, MachineError};

/// Larger directories are not listed.
const MOST_NAMES: usize = 100_000;
const PIECE: usize = 64 * 1024;
/// Larger files are not digested: their owner could make them as large as the file system allows, and no content that is
/// delivered comes near.
const MOST_DIGESTED: u64 = 1 << 30;

/// Looks at each path itself.
pub(super) fn stat(
    visit: &mut Visit<'_>,
    paths: &[String],
    digesting: Digesting,
    key: &[u8; 32],
) -> Vec<Result<Entry, MachineError>> {
    let mut digester = Digester { digesting, key, buffer: vec![0; PIECE] };
    let mut entries = Vec::with_capacity(paths.len());
    for path in paths {
        entries.push(stat_one(visit, path, &mut digester).map_err(|obstacle| obstacle.of("stat", path)));
    }
    entries
}

/// Reads a regular file of at most `limit` bytes.
pub(super) fn read(visit: &mut Visit<'_>, path: &str, limit: u64) -> Result<Bytes, Obstacle> {
    let found = visit.find_for_reading(path)?;
    read_found(visit, found, limit)
}

/// The same, but also where a link leads that may be followed.
pub(super) fn read_following(visit: &Visit<'_>, path: &str, limit: u64) -> Result<Bytes, Obstacle> {
    let found = visit.ground.walk(components(path)?, Last::Follow)?;
    read_found(visit, found, limit)
}

fn read_found(visit: &Visit<'_>, found: Found, limit: u64) -> Result<Bytes, Obstacle> {
    let Found::Place(place) = found else {
        return Err(Obstacle::State("it is a directory".to_owned()));
    };
    let (file, look) = visit.open_regular(&place)?;
    let too_large = |size| Obstacle::State(format!("it has {size} bytes, more than the limit of {limit}"));
    if look.size > limit {
        return Err(too_large(look.size));
    }
    let mut content = Vec::with_capacity(usize::try_from(look.size).unwrap_or(0) + 1);
    file.take(limit.saturating_add(1)).read_to_end(&mut content)?;
    let length = content.len() as u64;
    if length > limit { Err(too_large(length)) } else { Ok(content.into()) }
}

/// Lists the names in a directory, sorted. Names that are not UTF-8 are left out: no request can say them.
pub(super) fn list(visit: &mut Visit<'_>, path: &str) -> Result<Vec<String>, Obstacle> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let handle = match visit.find_for_reading(path)? {
        Found::Directory(directory) => rustix::fs::openat(&directory.handle, c".", flags, Mode::empty())?,
        Found::Place(place) => {
            let look = visit.look(&place)?.ok_or_else(|| Obstacle::Missing(place.path()))?;
            if look.kind != Kind::Directory {
                return Err(Obstacle::NotADirectory(place.path()));
            }
            let handle = rustix::fs::openat(&place.directory.handle, &place.name, flags, Mode::empty())?;
            visit.admit(&place, &Look::of(&handle)?)?;
            handle
        }
    };
    let mut names = Vec::new();
    for entry in Dir::new(handle)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if name == b"." || name == b".." {
            continue;
        }
        if names.len() == MOST_NAMES {
            return Err(Obstacle::State(format!("it holds more than {MOST_NAMES} names")));
        }
        names.extend(String::from_utf8(name).ok());
    }
    names.sort_unstable();
    Ok(names)
}

struct Digester<'a> {
    digesting: Digesting,
    key: &'a [u8; 32],
    buffer: Vec<u8>,
}

impl Digester<'_> {
    fn digest(&mut self, mut file: impl Read) -> Result<Option<[u8; 32]>, Obstacle> {
        match self.digesting {
            Digesting::No => Ok(None),
            Digesting::Sha256 => {
                let mut hash = Sha256::new();
                self.feed(&mut file, |piece| hash.update(piece))?;
                Ok(Some(hash.finalize().into()))
            }
            Digesting::Keyed => {
                let Ok(mut hash) = Hmac::<Sha256>::new_from_slice(self.key) else {
                    return Err(Obstacle::State("the key for digests is not usable".to_owned()));
                };
                self.feed(&mut file, |piece| hash.update(piece))?;
                Ok(Some(hash.finalize().into_bytes().into()))
            }
        }
    }

    fn feed(&mut self, file: &mut impl Read, mut take: impl FnMut(&[u8])) -> Result<(), Obstacle> {
        loop {
            match file.read(&mut self.buffer) {
                Ok(0) => return Ok(()),
                Ok(length) => take(&self.buffer[..length]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn stat_one(visit: &mut Visit<'_>, path: &str, digester: &mut Digester<'_>) -> Result<Entry, Obstacle> {
    match visit.find_for_reading(path) {
        Ok(Found::Directory(directory)) => Ok(entry(&Look::of(&directory.handle)?)),
        Ok(Found::Place(place)) => stat_place(visit, &place, digester),
        Err(Obstacle::Missing(_)) => Ok(ABSENT),
        Err(obstacle) => Err(obstacle),
    }
}

fn stat_place(visit: &Visit<'_>, place: &Place, digester: &mut Digester<'_>) -> Result<Entry, Obstacle> {
    let Some(look) = visit.look(place)? else { return Ok(ABSENT) };
    match look.kind {
        // A file that may be somebody else's, or is larger than any content that is delivered, is not read: without a digest
        // it differs from every desired content, and replacing it harms nobody.
        Kind::Regular
            if digester.digesting != Digesting::No
                && look.size <= MOST_DIGESTED
                && !has_untrusted_names(place, &look) =>
        {
            let (file, look) = match open_seen(place, &look)? {
                Some(opened) => opened,
                None => match visit.open_regular(place) {
                    Err(Obstacle::Missing(_)) => return Ok(ABSENT),
                    opened => opened?,
                },
            };
            Ok(Entry { digest: digester.digest(file.take(MOST_DIGESTED))?, ..entry(&look) })
        }
        Kind::Symlink => Ok(Entry { target: target(&place.directory, place)?, ..entry(&look) }),
        _ => Ok(entry(&look)),
    }
}

fn target(directory: &Directory, place: &Place) -> Result<Option<String>, Obstacle> {
    let link = open_as_it_is(directory, &place.name)?;
    match rustix::fs::readlinkat(&link, c"", Vec::new()) {
        Ok(target) => Ok(Some(String::from_utf8_lossy(target.as_bytes()).into_owned())),
        // It is no link any more.
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::INVAL) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

const ABSENT: Entry =
    Entry { kind: Kind::Absent, mode: 0, uid: 0, gid: 0, size: 0, links: 0, digest: None, target: None };

fn entry(look: &Look) -> Entry {
    Entry {
        kind: look.kind,
        mode: look.mode,
        uid: look.uid,
        gid: look.gid,
        size: look.size,
        links: look.links,
        digest: None,
        target: None,
    }
}
