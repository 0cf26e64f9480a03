//! The lab keeps its own promises, on which all other scenarios rest.

use hostwright_tests::hosts;

#[test]
fn a_host_installs_a_package_survives_a_power_cut_and_reaches_nothing_else() {
    if !hosts::available() {
        return;
    }
    let host = hosts::boot("lab1").unwrap();
    assert_eq!(host.program("hostname").capture().unwrap().trim(), "lab1");
    let routes = host.program("ip").args(["route", "show"]).capture().unwrap();
    assert_eq!(routes, "", "the host has a way out");

    host.program("apt-get").args(["update", "-qq", "-o", "APT::Update::Error-Mode=any"]).capture().unwrap();
    host.program("apt-get").args(["install", "-qq", "-y", "nginx-light"]).capture().unwrap();
    let active = host.program("systemctl").args(["is-active", "nginx"]).capture().unwrap();
    assert_eq!(active.trim(), "active");
    let machine_id = host.program("cat").arg("/etc/machine-id").capture().unwrap();

    let host = hosts::boot_again(host.cut_power()).unwrap();
    let active = host.program("systemctl").args(["is-active", "nginx"]).capture().unwrap();
    assert_eq!(active.trim(), "active", "the host's files outlive its power");
    assert_eq!(host.program("cat").arg("/etc/machine-id").capture().unwrap(), machine_id);
    hosts::remove(host.power_off().unwrap()).unwrap();
}
