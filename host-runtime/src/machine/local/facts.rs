//! What the machine is.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use super::addresses;
use super::read;
use super::visit::Visit;
use super::walk::Ground;
use crate::machine::Facts;

const MOST_BYTES: u64 = 64 * 1024;
/// Exists exactly while systemd is the init system.
const SYSTEMD: &str = "/run/systemd/system";

/// Gathers the facts: of the machine, or of a confined directory what it says of itself.
pub(super) fn gather(ground: Ground<'_>, isolation: &str) -> Facts {
    let visit = Visit::everywhere(ground);
    let release = text(&visit, "/etc/os-release")
        .or_else(|| text(&visit, "/usr/lib/os-release"))
        .map(|text| parse_release(&text))
        .unwrap_or_default();
    let field = |name: &str| release.get(name).cloned().unwrap_or_default();
    let uname = rustix::system::uname();
    let root = ground.root;

    let mut more = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        more.extend(value.filter(|value| !value.is_empty()).map(|value| (name.to_owned(), value)));
    };
    add("os.name", release.get("PRETTY_NAME").cloned());
    add("machine-id", first_line(text(&visit, "/etc/machine-id")));
    if root.is_confined {
        add("hostname", first_line(text(&visit, "/etc/hostname")));
    } else {
        add("hostname", Some(uname.nodename().to_string_lossy().into_owned()));
        add("kernel", Some(uname.release().to_string_lossy().into_owned()));
        add("cpus", std::thread::available_parallelism().ok().map(|count| count.to_string()));
        add("memory", memory().map(|bytes| bytes.to_string()));
        add("boot-time", proc_value("/proc/stat", "btime"));
        add("query-isolation", Some(isolation.to_owned()));
        for interface in addresses::interfaces() {
            let of_kind = |is_wanted: fn(&IpAddr) -> bool| {
                interface.addresses.iter().find(|address| is_wanted(address)).map(ToString::to_string)
            };
            add(&format!("ip.{}", interface.name), of_kind(IpAddr::is_ipv4));
            add(&format!("ip6.{}", interface.name), of_kind(IpAddr::is_ipv6));
            add(&format!("mac.{}", interface.name), interface.mac.clone());
        }
    }
    Facts {
        os: field("ID"),
        os_version: field("VERSION_ID"),
        os_like: field("ID_LIKE").split_whitespace().map(str::to_owned).collect(),
        architecture: uname.machine().to_string_lossy().into_owned(),
        init: if !root.is_confined && has_systemd() { "systemd" } else { "none" }.to_owned(),
        programs: !root.is_confined,
        owners: root.manages_owners(),
        more,
    }
}

/// Returns whether systemd runs this machine.
pub(super) fn has_systemd() -> bool {
    Path::new(SYSTEMD).is_dir()
}

fn text(visit: &Visit<'_>, path: &str) -> Option<String> {
    // A system image's os-release is a link into /usr.
    let bytes = read::read_following(visit, path, MOST_BYTES).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn first_line(text: Option<String>) -> Option<String> {
    text?.lines().next().map(|line| line.trim().to_owned())
}

fn memory() -> Option<u64> {
    let total = proc_value("/proc/meminfo", "MemTotal:")?;
    total.parse::<u64>().ok()?.checked_mul(1024)
}

fn proc_value(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next().map(str::to_owned)
}

/// Reads `NAME=value` lines with the quoting of a shell.
fn parse_release(text: &str) -> BTreeMap<String, String> {
    let assignments = text.lines().filter_map(|line| line.trim().split_once('='));
    assignments.map(|(name, value)| (name.to_owned(), unquoted(value))).collect()
}

fn unquoted(value: &str) -> String {
    let quoted = ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote).and_then(|value| value.strip_suffix(quote)));
    let mut plain = String::new();
    let mut rest = quoted.unwrap_or(value).chars();
    while let Some(next) = rest.next() {
        plain.extend(if next == '\\' { rest.next() } else { Some(next) });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release_is_read_with_its_quoting() {
        let text =
            "ID=debian\nVERSION_ID=\"12\"\n# x=y\nID_LIKE='rhel fedora'\nPRETTY_NAME=\"A \\\"B\\\" C\"\n";
        let release = parse_release(text);
        assert_eq!(release["ID"], "debian");
        assert_eq!(release["VERSION_ID"], "12");
        assert_eq!(release["ID_LIKE"], "rhel fedora");
        assert_eq!(release["PRETTY_NAME"], "A \"B\" C");
    }
}
