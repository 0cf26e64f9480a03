//! What travels: a format byte and, of a signed message, key id, signature and payload.

use std::fmt;

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::keys::{Certificate, CertificateError, KeyId};

/// The version of everything here; part of each signature.
pub const PROTOCOL: u8 = 1;

/// No frame is larger; brokers and small machines must hold one whole.
pub const MAX_FRAME_BYTES: usize = 1024 * 1024;

const SIGNED: u8 = 1;
const CERTIFICATE: u8 = 2;
const ENROLMENT: u8 = 3;
const HEADER: usize = 1 + 16 + 64;

/// Bytes that travel over a bus, which does not look into them.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame(Bytes);

/// What a frame is, by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// An envelope with a signature.
    Signed,
    /// An orchestrator's certificate, which carries its own proof. Shown at the beginning of a session.
    Certificate,
    /// A step of an enrolment.
    Enrolment,
}

impl Frame {
    /// Wraps bytes that came in.
    pub const fn from_bytes(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// Wraps a certificate.
    pub fn of_certificate(certificate: &Certificate) -> Self {
        Self::with_format(CERTIFICATE, &certificate.to_bytes())
    }

    /// Returns the certificate in a frame of that kind.
    pub fn certificate(&self) -> Result<Certificate, CertificateFrameError> {
        match self.kind()? {
            FrameKind::Certificate => Ok(Certificate::from_bytes(&self.0[1..])?),
            other => Err(CertificateFrameError::Other { kind: other }),
        }
    }

    /// Returns what the frame is.
    pub fn kind(&self) -> Result<FrameKind, FrameError> {
        match self.0.first() {
            None => Err(FrameError::TooShort { size: 0, least: 1 }),
            Some(&SIGNED) => Ok(FrameKind::Signed),
            Some(&CERTIFICATE) => Ok(FrameKind::Certificate),
            Some(&ENROLMENT) => Ok(FrameKind::Enrolment),
            Some(&format) => Err(FrameError::UnknownFormat { format }),
        }
    }

    /// Returns the bytes.
    pub const fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// Returns the bytes.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// Returns how many bytes travel.
    pub fn size(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn of_enrolment(message: &[u8]) -> Self {
        Self::with_format(ENROLMENT, message)
    }

    pub(crate) fn enrolment(&self) -> Result<&[u8], FrameError> {
        match self.kind()? {
            FrameKind::Enrolment => Ok(&self.0[1..]),
            got => Err(FrameError::WrongKind { got, expected: FrameKind::Enrolment }),
        }
    }

    pub(crate) fn signed(key: KeyId, signature: &[u8; 64], payload: &[u8]) -> Self {
        let mut bytes = BytesMut::with_capacity(HEADER + payload.len());
        bytes.put_u8(SIGNED);
        bytes.put_slice(&key.to_bytes());
        bytes.put_slice(signature);
        bytes.put_slice(payload);
        Self(bytes.freeze())
    }

    pub(crate) fn parts(&self) -> Result<Parts<'_>, FrameError> {
        match self.kind()? {
            FrameKind::Signed => {}
            got => return Err(FrameError::WrongKind { got, expected: FrameKind::Signed }),
        }
        let Some((header, payload)) = self.0.split_at_checked(HEADER) else {
            return Err(FrameError::TooShort { size: self.size(), least: HEADER });
        };
        let mut key = [0; 16];
        key.copy_from_slice(&header[1..17]);
        let mut signature = [0; 64];
        signature.copy_from_slice(&header[17..]);
        Ok(Parts { key: KeyId::from_bytes(key), signature, payload })
    }

    fn with_format(format: u8, content: &[u8]) -> Self {
        let mut bytes = BytesMut::with_capacity(1 + content.len());
        bytes.put_u8(format);
        bytes.put_slice(content);
        Self(bytes.freeze())
    }
}

impl From<Bytes> for Frame {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({} bytes)", self.0.len())
    }
}

/// A signed frame taken apart; nothing in it is believed yet.
pub(crate) struct Parts<'a> {
    pub(crate) key: KeyId,
    pub(crate) signature: [u8; 64],
    pub(crate) payload: &'a [u8],
}

/// Bytes that are not a frame of the kind that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Cut off.
    #[error("a frame of {size} bytes is shorter than {least}")]
    TooShort {
        /// What came.
        size: usize,
        /// What it takes.
        least: usize,
    },
    /// By a newer version, or no frame at all.
    #[error("the frame has format {format}, known are {SIGNED}, {CERTIFICATE} and {ENROLMENT}")]
    UnknownFormat {
        /// What came.
        format: u8,
    },
    /// A frame, but not one for this place.
    #[error("the frame is of kind {got:?}, expected is {expected:?}")]
    WrongKind {
        /// What came.
        got: FrameKind,
        /// What belongs here.
        expected: FrameKind,
    },
}

/// Why a frame yields no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateFrameError {
    /// No frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A frame of another kind.
    #[error("the frame is of kind {kind:?}, not a certificate")]
    Other {
        /// What it is.
        kind: FrameKind,
    },
    /// The certificate in it is damaged.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_frame_are_refused() {
        let parts = |bytes: &'static [u8]| {
            Frame::from_bytes(Bytes::from_static(bytes)).parts().map(|_| ()).unwrap_err()
        };
        assert_eq!(parts(b""), FrameError::TooShort { size: 0, least: 1 });
        assert_eq!(parts(&[1; 80]), FrameError::TooShort { size: 80, least: 81 });
        assert_eq!(parts(&[9; 90]), FrameError::UnknownFormat { format: 9 });
        assert_eq!(
            parts(&[3; 90]),
            FrameError::WrongKind { got: FrameKind::Enrolment, expected: FrameKind::Signed }
        );
    }
}
