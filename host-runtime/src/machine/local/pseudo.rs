//! File systems whose files are not files: writing there acts on the kernel or on other processes.

use std::collections::HashSet;
use std::fs;
use std::os::fd::AsFd;

use super::look::{Identity, Look};

const MAGICS: &[(u64, &str)] = &[
    (0x9fa0, "proc"),
    (0x6265_6572, "sysfs"),
    (0x0027_e0eb, "cgroup"),
    (0x6367_7270, "cgroup2"),
    (0x6462_6720, "debugfs"),
    (0x7472_6163, "tracefs"),
    (0x7363_6673, "securityfs"),
    (0xf97c_ff8c, "selinuxfs"),
    (0x4341_5d53, "smackfs"),
    (0x5a3c_69f0, "apparmorfs"),
    (0xcafe_4a11, "bpf"),
    (0x6265_6570, "configfs"),
    (0x6165_676c, "pstore"),
    (0xde5e_81e4, "efivarfs"),
    (0x1cd1, "devpts"),
    (0x1980_0202, "mqueue"),
    (0x9584_58f6, "hugetlbfs"),
    (0x6573_5543, "fusectl"),
    (0x4249_4e4d, "binfmt_misc"),
    (0x6759_6969, "rpc_pipefs"),
    (0x6e66_7364, "nfsd"),
    (0x6e73_6673, "nsfs"),
    (0x0765_5821, "resctrl"),
    (0x6c6f_6f70, "binder"),
    (0xabba_1974, "xenfs"),
    (0x9fa2, "usbdevfs"),
    (0x5049_5045, "pipefs"),
    (0x534f_434b, "sockfs"),
    (0x0904_1934, "anon_inodefs"),
];

/// The devices that hold device nodes: `devtmpfs` has the magic number of an ordinary `tmpfs`, so that it is
/// recognised by where it is mounted.
#[derive(Debug, Default)]
pub(super) struct DeviceTrees(HashSet<u64>);

impl DeviceTrees {
    /// Reads where device nodes are mounted now.
    pub(super) fn find(root: &Look) -> Self {
        let mut found = HashSet::new();
        if let Ok(directory) = rustix::fs::open(
            "/dev",
            rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC,
            rustix::fs::Mode::empty(),
        ) && let Ok(look) = Look::of(&directory)
            && look.is_mounted_over(root)
        {
            found.insert(look.identity.device);
        }
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        found.extend(mounts.lines().filter_map(device_of_devtmpfs));
        found.remove(&root.identity.device);
        Self(found)
    }
}

fn device_of_devtmpfs(line: &str) -> Option<u64> {
    let (mount, kind) = line.split_once(" - ")?;
    if kind.split(' ').next() != Some("devtmpfs") {
        return None;
    }
    let (major, minor) = mount.split(' ').nth(2)?.split_once(':')?;
    Some(major.parse::<u64>().ok()? << 32 | minor.parse::<u64>().ok()?)
}

/// Returns the name of the pseudo file system that something open lies in, if it does.
pub(super) fn file_system(
    trees: &DeviceTrees,
    identity: Identity,
    handle: impl AsFd,
) -> rustix::io::Result<Option<&'static str>> {
    if trees.0.contains(&identity.device) {
        return Ok(Some("devtmpfs"));
    }
    let status = rustix::fs::fstatfs(handle)?;
    #[expect(clippy::cast_sign_loss, reason = "magic numbers are 32 bits, sign-extended on some systems")]
    let magic = status.f_type as u64 & 0xffff_ffff;
    Ok(MAGICS.iter().find(|(number, _)| *number == magic).map(|(_, name)| *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_devtmpfs_is_found_by_its_device() {
        let line = "25 30 0:5 / /dev rw,relatime shared:2 - devtmpfs devtmpfs rw,size=1k";
        assert_eq!(device_of_devtmpfs(line), Some(5));
        assert_eq!(device_of_devtmpfs("25 30 0:5 / /tmp rw - tmpfs tmpfs rw"), None);
        assert_eq!(device_of_devtmpfs("nonsense"), None);
    }
}
