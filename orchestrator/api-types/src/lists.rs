//! The envelope of every list.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A page of a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct List<T> {
    /// How many items are in this answer.
    pub count: usize,
    /// How many items were skipped before it.
    pub offset: usize,
    /// How many there are in all.
    pub total: usize,
    /// The items.
    pub items: Vec<T>,
}

impl<T> List<T> {
    /// Cuts one page out of everything; without a limit, the rest.
    pub fn page(all: Vec<T>, offset: usize, limit: Option<usize>) -> Self {
        let total = all.len();
        let items: Vec<T> = all.into_iter().skip(offset).take(limit.unwrap_or(usize::MAX)).collect();
        Self { count: items.len(), offset, total, items }
    }

    /// Returns where the next page begins, if there is more.
    pub fn next_offset(&self) -> Option<usize> {
        let end = self.offset.checked_add(self.count)?;
        (self.count > 0 && end < self.total).then_some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_everything_once() {
        let first = List::page(vec![1, 2, 3], 0, Some(2));
        assert_eq!((first.count, first.total, first.next_offset()), (2, 3, Some(2)));
        let second = List::page(vec![1, 2, 3], 2, Some(2));
        assert_eq!((second.items.as_slice(), second.next_offset()), (&[3][..], None));
        let beyond = List::page(vec![1, 2, 3], 9, Some(2));
        assert_eq!((beyond.count, beyond.next_offset()), (0, None));
    }
}
