//! How secret keys are laid out for storing: a format byte, then keys of 32 bytes, then whatever else.

use zeroize::Zeroizing;

use super::InvalidKey;

const FORMAT: u8 = 1;

pub(super) fn store(keys: &[&[u8; 32]], rest: &[u8]) -> Zeroizing<Vec<u8>> {
    // The capacity is exact, because growing would leave a copy of the keys behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(1 + 32 * keys.len() + rest.len()));
    bytes.push(FORMAT);
    for key in keys {
        bytes.extend_from_slice(*key);
    }
    bytes.extend_from_slice(rest);
    bytes
}

type Keys<const COUNT: usize> = [Zeroizing<[u8; 32]>; COUNT];

pub(super) fn load<const COUNT: usize>(bytes: &[u8]) -> Result<(Keys<COUNT>, &[u8]), InvalidKey> {
    let Some((&format, mut rest)) = bytes.split_first() else {
        return Err(InvalidKey::Damaged { reason: "nothing is there" });
    };
    if format != FORMAT {
        return Err(InvalidKey::Format { got: format, supported: FORMAT });
    }
    let mut keys = [(); COUNT].map(|()| Zeroizing::new([0; 32]));
    for key in &mut keys {
        let Some((bytes, after)) = rest.split_at_checked(32) else {
            return Err(InvalidKey::Damaged { reason: "they are too short" });
        };
        key.copy_from_slice(bytes);
        rest = after;
    }
    Ok((keys, rest))
}

pub(super) fn nothing_left(rest: &[u8]) -> Result<(), InvalidKey> {
    if rest.is_empty() { Ok(()) } else { Err(InvalidKey::Damaged { reason: "they are too long" }) }
}
