//! The one place where machine code is taken from a file.
#![expect(unsafe_code, reason = "wasmtime cannot check machine code; `Checked` is the proof that it is ours")]

use std::fs::File;
use std::os::fd::AsRawFd as _;

use wasmtime::Engine;
use wasmtime::component::Component;

/// An open file of machine code whose bytes have the digest that this host recorded when it made them.
///
/// Only [`crate::cache`] makes these, and the open file is what was checked: another that takes its name is not meant.
#[derive(Debug)]
pub(crate) struct Checked(File);

impl Checked {
    /// Says that the bytes of this file were held against the recorded digest, through this very handle.
    pub(in super::super) fn vouch(file: File) -> Self {
        Self(file)
    }

    /// Maps the code.
    pub(crate) fn load(&self, engine: &Engine) -> wasmtime::Result<Component> {
        // By its handle, so that what was checked is what is mapped.
        let path = format!("/proc/self/fd/{}", self.0.as_raw_fd());
        // SAFETY: the bytes are what a compiler of ours wrote (their digest was recorded then and checked now), and
        // nobody changes them while they are mapped: the directory is this user's alone, and we replace files only by
        // renaming others over them.
        unsafe { Component::deserialize_file(engine, path) }
    }
}
