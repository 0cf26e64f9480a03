//! What changes when a unit does.
//!
//! A unit that starts gets a control group and loses it when it stops: its `cgroup.events` changes, and so do the entries of
//! the group above. Where these lie depends on how the machine mounts them; a path that is not there costs nothing.
//! Enabling makes and removes links below `/etc/systemd/system`.

use hostwright_sdk::types::{Extent, Watch};

use crate::unit::Unit;

/// Of one hierarchy for all, of the hybrid layout, and of the old one (which has no `cgroup.events`).
const HIERARCHIES: [(&str, bool); 3] =
    [("/sys/fs/cgroup", true), ("/sys/fs/cgroup/unified", true), ("/sys/fs/cgroup/systemd", false)];
const UNITS: &str = "/etc/systemd/system";
/// Where a unit is put that has not run yet.
const USUAL_GROUP: &str = "/system.slice";
/// Where a service is wanted that is not enabled yet.
const USUAL_TARGET: &str = "multi-user.target";

/// Returns the paths to watch for a batch.
pub(crate) fn watches(units: &[Unit]) -> Vec<Watch> {
    let mut watches = Vec::new();
    for (index, unit) in units.iter().enumerate() {
        let group = unit.control_group.as_str();
        let above = match group.rsplit_once('/') {
            Some((above, _)) if !above.is_empty() => above,
            _ => USUAL_GROUP,
        };
        for (root, has_events) in HIERARCHIES {
            add(&mut watches, format!("{root}{above}"), Extent::Entries, index);
            if has_events && !group.is_empty() {
                add(&mut watches, format!("{root}{group}/cgroup.events"), Extent::Itself, index);
            }
        }
        add(&mut watches, UNITS.to_owned(), Extent::Entries, index);
        let usual = (unit.wanted_by.is_empty()).then_some(USUAL_TARGET);
        for target in unit.wanted_by.iter().map(String::as_str).chain(usual) {
            add(&mut watches, format!("{UNITS}/{target}.wants"), Extent::Entries, index);
        }
    }
    watches
}

/// One watch serves all units that it concerns.
fn add(watches: &mut Vec<Watch>, path: String, extent: Extent, index: usize) {
    match watches.iter_mut().find(|watch| watch.path == path && watch.extent == extent) {
        Some(watch) if watch.indices.last() == Some(&index) => {}
        Some(watch) => watch.indices.push(index),
        None => watches.push(Watch { path, extent, indices: vec![index] }),
    }
}

#[cfg(test)]
mod tests {
    use super::watches;
    use crate::unit::Unit;

    #[test]
    fn a_running_unit_is_watched_by_its_group_and_a_stopped_one_by_the_group_above() {
        let nginx = Unit {
            control_group: "/system.slice/nginx.service".into(),
            wanted_by: vec!["multi-user.target".into()],
            ..Unit::default()
        };
        let told: Vec<String> = watches(&[nginx, Unit::default()])
            .into_iter()
            .map(|watch| format!("{} {:?} {:?}", watch.path, watch.extent, watch.indices))
            .collect();
        assert_eq!(
            told,
            [
                "/sys/fs/cgroup/system.slice Entries [0, 1]",
                "/sys/fs/cgroup/system.slice/nginx.service/cgroup.events Itself [0]",
                "/sys/fs/cgroup/unified/system.slice Entries [0, 1]",
                "/sys/fs/cgroup/unified/system.slice/nginx.service/cgroup.events Itself [0]",
                "/sys/fs/cgroup/systemd/system.slice Entries [0, 1]",
                "/etc/systemd/system Entries [0, 1]",
                "/etc/systemd/system/multi-user.target.wants Entries [0, 1]",
            ]
        );
    }
}
