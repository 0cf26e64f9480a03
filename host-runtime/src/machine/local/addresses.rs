//! Addresses of network interfaces, asked of the kernel over netlink.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
const NLMSG_DONE: u16 = 3;
const NLMSG_ERROR: u16 = 2;
const REQUEST_DUMP: u16 = 0x301;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const SCOPE_UNIVERSE: u8 = 0;
const MESSAGE_HEADER: usize = 16;
const ADDRESS_HEADER: usize = 8;

/// One network interface other than the loopback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) name: String,
    pub(super) mac: Option<String>,
    /// Those that are valid beyond the link, in the kernel's order.
    pub(super) addresses: Vec<IpAddr>,
}

/// Lists the interfaces by name.
pub(super) fn interfaces() -> Vec<Interface> {
    let addresses = addresses().unwrap_or_default();
    let mut interfaces = Vec::new();
    for entry in fs::read_dir("/sys/class/net").into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let read = |file| fs::read_to_string(entry.path().join(file)).map(|text| text.trim().to_owned());
        let Some(index) = read("ifindex").ok().and_then(|index| index.parse::<u32>().ok()) else { continue };
        if name == "lo" {
            continue;
        }
        let of_this = addresses.iter().filter(|(owner, _)| *owner == index);
        interfaces.push(Interface {
            mac: read("address").ok().filter(|mac| mac.chars().any(|digit| !matches!(digit, '0' | ':'))),
            addresses: of_this.map(|(_, address)| *address).collect(),
            name,
        });
    }
    interfaces.sort_by(|one, other| one.name.cmp(&other.name));
    interfaces
}

fn addresses() -> rustix::io::Result<Vec<(u32, IpAddr)>> {
    let flags = SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    let mut request = Vec::with_capacity(MESSAGE_HEADER + ADDRESS_HEADER);
    request.extend_from_slice(&24_u32.to_ne_bytes());
    request.extend_from_slice(&RTM_GETADDR.to_ne_bytes());
    request.extend_from_slice(&REQUEST_DUMP.to_ne_bytes());
    request.extend_from_slice(&1_u32.to_ne_bytes());
    request.extend_from_slice(&[0; 4 + ADDRESS_HEADER]);
    rustix::net::sendto(&socket, &request, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;

    let mut found = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let (length, _) = rustix::net::recv(&socket, &mut buffer[..], RecvFlags::empty())?;
        if length == 0 || read_messages(&buffer[..length], &mut found) {
            return Ok(found);
        }
    }
}

/// Reads one datagram; returns whether it was the last.
fn read_messages(mut datagram: &[u8], found: &mut Vec<(u32, IpAddr)>) -> bool {
    while let (Some(length), Some(kind)) = (number32(datagram, 0), number16(datagram, 4)) {
        let length = length as usize;
        if kind == NLMSG_DONE || kind == NLMSG_ERROR || length < MESSAGE_HEADER || length > datagram.len() {
            return true;
        }
        if kind == RTM_NEWADDR {
            found.extend(read_address(&datagram[MESSAGE_HEADER..length]));
        }
        datagram = &datagram[aligned(length).min(datagram.len())..];
    }
    false
}

fn read_address(message: &[u8]) -> Option<(u32, IpAddr)> {
    if *message.get(3)? != SCOPE_UNIVERSE {
        return None;
    }
    let index = number32(message, 4)?;
    let mut attributes = message.get(ADDRESS_HEADER..)?;
    let mut address = None;
    while let (Some(length), Some(kind)) = (number16(attributes, 0), number16(attributes, 2)) {
        let length = usize::from(length);
        if length < 4 || length > attributes.len() {
            break;
        }
        // On a point-to-point link the address is the other end's, the local one is ours.
        if kind == IFA_LOCAL || (kind == IFA_ADDRESS && address.is_none()) {
            address = parse(&attributes[4..length]).or(address);
        }
        attributes = &attributes[aligned(length).min(attributes.len())..];
    }
    Some((index, address?))
}

fn parse(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(four).into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|sixteen| Ipv6Addr::from(sixteen).into())
}

fn aligned(length: usize) -> usize {
    length.next_multiple_of(4)
}

fn number16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn number32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_answers() {
        let addresses = addresses().unwrap();
        assert!(
            addresses.iter().all(|(index, address)| *index > 0 && !address.is_loopback()),
            "{addresses:?}"
        );
    }

    #[test]
    fn a_cut_off_answer_is_survived() {
        let mut found = Vec::new();
        assert!(read_messages(&[200, 0, 0, 0, 20, 0, 0, 0], &mut found));
        assert!(!read_messages(&[1, 2], &mut found));
        assert_eq!(read_address(&[2, 24, 0, 0, 1, 0, 0, 0, 9, 0, 2, 0, 10]), None);
        let address = [2, 24, 0, 0, 1, 0, 0, 0, 8, 0, 2, 0, 10, 0, 0, 7];
        assert_eq!(read_address(&address), Some((1, "10.0.0.7".parse().unwrap())));
    }
}
