//! What the agent gives back to the machine when it has nothing to do.
//!
//! Most of its life it waits. What its work leaves behind (free memory between pieces that are in use, the code of a
//! start, an activation or a change, which is mapped in large steps) would stay with it for all that time.
#![expect(
    unsafe_code,
    reason = "the C library and the kernel are told what is not needed; no value of ours is touched"
)]

use std::fs;
use std::path::Path;

use rustix::mm::{Advice, madvise};

/// Freed pieces that are larger go back at once.
#[cfg(target_env = "gnu")]
const LARGE: libc::c_int = 128 * 1024;

/// Keeps the C library from hoarding. To be called before there is a second thread.
pub fn spare() {
    #[cfg(target_env = "gnu")]
    // SAFETY: settings of the allocator, made while this is the only thread.
    unsafe {
        // By default each thread gets a heap of its own; the agent's threads take turns.
        libc::mallopt(libc::M_ARENA_MAX, 1);
        // Set, they no longer follow the largest piece that was ever freed.
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, LARGE);
    }
}

/// Gives back free memory, and lets go of the program's code: it stays in the machine's cache as long as there is room,
/// and what is run again comes from there without the disk being read.
pub(crate) fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: gives back only what is free.
    unsafe {
        libc::malloc_trim(0);
    }
    for (start, length) in program() {
        // SAFETY: the range is one mapping of our own executable that nobody may write to or ever could, so that each page
        // is as in the file and comes back from there.
        let _ =
            unsafe { madvise(std::ptr::with_exposed_provenance_mut(start), length, Advice::LinuxDontNeed) };
    }
}

/// Where this program lies in memory: its code and its constants.
fn program() -> Vec<(usize, usize)> {
    let Ok(maps) = fs::read_to_string("/proc/self/maps") else { return Vec::new() };
    let Ok(program) = fs::read_link("/proc/self/exe") else { return Vec::new() };
    maps.lines().filter_map(|line| part_of(line, &program)).collect()
}

/// Reads one mapping, if it is a part of the program that is as in the file. What else cannot be written to now holds
/// addresses that were filled in at the start; the beginning of the file never does.
fn part_of(line: &str, program: &Path) -> Option<(usize, usize)> {
    let mut fields = line.splitn(6, ' ');
    let (range, permissions, offset) = (fields.next()?, fields.next()?, fields.next()?);
    let path = fields.nth(2)?.trim_start();
    let is_as_in_the_file = permissions == "r-xp" || (permissions == "r--p" && offset == "00000000");
    if !is_as_in_the_file || Path::new(path) != program {
        return None;
    }
    let (start, end) = range.split_once('-')?;
    let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
    Some((start, end.checked_sub(start)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_as_in_the_programs_file_is_let_go() {
        let program = Path::new("/usr/bin/hostwright-agent");
        let check = |line: &str, expected| assert_eq!(part_of(line, program), expected, "{line}");
        let mapping = |permissions: &str, path: &str| {
            format!(
                "55d0c0800000-55d0c0803000 {permissions} 00200000 fe:00 123456                     {path}"
            )
        };
        let ours = "/usr/bin/hostwright-agent";
        check(&mapping("r-xp", ours), Some((0x55d0_c080_0000, 0x3000)));
        check(&mapping("r--p", ours), None);
        check(&mapping("r--p", ours).replace("00200000", "00000000"), Some((0x55d0_c080_0000, 0x3000)));
        check(&mapping("rw-p", ours), None);
        check(&mapping("r-xp", "/usr/lib/x86_64-linux-gnu/libc.so.6"), None);
        check("7ffd2a5f2000-7ffd2a5f4000 r-xp 00000000 00:00 0                          [vdso]", None);
        check("7f0000000000-7f0000001000 rwxp 00000000 00:00 0", None);
    }

    #[test]
    fn the_program_goes_on_afterwards() {
        assert!(!program().is_empty(), "a running program has code");
        give_back();
        assert!(!program().is_empty());
    }
}
