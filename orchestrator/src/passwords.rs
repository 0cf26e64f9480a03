//! Recognises passwords without spending a tenth of a second on each request.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Argon2, password_hash};
use hostwright_model::user::PasswordHash;
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// How many verified passwords are remembered.
const REMEMBERED: usize = 1_000;
/// Letters and digits that cannot be mistaken for each other.
const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Recognises passwords. What was verified once is remembered by a keyed digest of hash and password, under a key that
/// nobody else has: the memory of this process alone tells nothing.
#[derive(Clone)]
pub struct Passwords(Arc<Inner>);

struct Inner {
    key: [u8; 32],
    verified: Mutex<HashMap<[u8; 32], u64>>,
    /// Each takes 19 MiB while it is hashed: many at once would take all the memory there is, and be no faster.
    turns: Semaphore,
}

/// A password could not be hashed or its hash not be read.
#[derive(Debug, thiserror::Error)]
#[error("the password cannot be processed")]
pub struct PasswordError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Default for Passwords {
    fn default() -> Self {
        let mut key = [0; 32];
        OsRng.fill_bytes(&mut key);
        let turns = std::thread::available_parallelism().map_or(2, usize::from);
        Self(Arc::new(Inner { key, verified: Mutex::default(), turns: Semaphore::new(turns) }))
    }
}

impl Passwords {
    /// Hashes a password for storing.
    pub async fn hash(&self, password: &str) -> Result<PasswordHash, PasswordError> {
        let _turn = self.0.turns.acquire().await.map_err(failed)?;
        let password = Zeroizing::new(password.to_owned());
        tokio::task::spawn_blocking(move || {
            let salt = SaltString::generate(&mut OsRng);
            let hash = Argon2::default().hash_password(password.as_bytes(), &salt).map_err(failed)?;
            Ok(PasswordHash(hash.to_string()))
        })
        .await
        .map_err(failed)?
    }

    /// Returns whether a password is the one of the hash.
    ///
    /// Nothing instead of a hash takes as long as a wrong password, so that nobody learns by the clock who exists.
    pub async fn verify(&self, hash: Option<&PasswordHash>, password: &str) -> Result<bool, PasswordError> {
        let memory = hash.map(|hash| self.digest(hash, password));
        if let Some(memory) = &memory
            && self.verified().contains_key(memory)
        {
            return Ok(true);
        }
        let known = hash.is_some();
        let hash = hash.map_or_else(|| NOBODY.to_owned(), |hash| hash.0.clone());
        let password = Zeroizing::new(password.to_owned());
        let _turn = self.0.turns.acquire().await.map_err(failed)?;
        let matches = tokio::task::spawn_blocking(move || {
            let hash = argon2::PasswordHash::new(&hash).map_err(failed)?;
            match Argon2::default().verify_password(password.as_bytes(), &hash) {
                Ok(()) => Ok(true),
                Err(password_hash::Error::Password) => Ok(false),
                Err(error) => Err(failed(error)),
            }
        })
        .await
        .map_err(failed)??;
        if let Some(memory) = memory
            && matches
        {
            self.remember(memory);
        }
        Ok(known && matches)
    }

    fn remember(&self, memory: [u8; 32]) {
        let mut verified = self.verified();
        let next = verified.values().max().map_or(0, |last| last + 1);
        verified.insert(memory, next);
        if verified.len() > REMEMBERED
            && let Some(oldest) = verified.iter().min_by_key(|(_, order)| **order).map(|(memory, _)| *memory)
        {
            verified.remove(&oldest);
        }
    }

    fn digest(&self, hash: &PasswordHash, password: &str) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(self.0.key);
        digest.update((hash.0.len() as u64).to_be_bytes());
        digest.update(hash.0.as_bytes());
        digest.update(password.as_bytes());
        digest.finalize().into()
    }

    fn verified(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], u64>> {
        self.0.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords(..)")
    }
}

/// Of no password, with the parameters that are used.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm8$UkqDKmVN9vYVZpKm3W0lGZxQ2yUQwq2Gn7n5nqkOFvQ";

/// Makes up a password of 20 characters.
pub fn generate() -> Zeroizing<String> {
    let mut password = Zeroizing::new(String::with_capacity(20));
    while password.len() < 20 {
        // What exceeds a multiple of the alphabet is drawn again, so that no character is likelier than another.
        let byte = OsRng.next_u32().to_le_bytes()[0];
        let limit = u8::MAX - u8::MAX % u8::try_from(ALPHABET.len()).unwrap_or(u8::MAX);
        if byte < limit {
            password.push(char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
        }
    }
    password
}

fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PasswordError {
    PasswordError(source.into())
}

impl From<PasswordError> for crate::operations::OperationError {
    fn from(error: PasswordError) -> Self {
        Self::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_is_recognised_also_from_memory() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct").await.unwrap();
        assert!(!passwords.verify(Some(&hash), "wrong").await.unwrap());
        assert!(passwords.verify(Some(&hash), "correct").await.unwrap());
        assert_eq!(passwords.verified().len(), 1, "what was wrong is not remembered");
        assert!(passwords.verify(Some(&hash), "correct").await.unwrap());
        assert!(!passwords.verify(None, "correct").await.unwrap(), "nobody has no password");
        let other = passwords.hash("correct").await.unwrap();
        assert_ne!(hash.0, other.0, "salted");
    }

    #[test]
    fn generated_passwords_differ_and_are_easy_to_type() {
        let (one, other) = (generate(), generate());
        assert_ne!(*one, *other);
        assert!(one.len() == 20 && one.bytes().all(|byte| ALPHABET.contains(&byte)));
    }
}
