//! The receiving end of a lane: what is next, what was seen, what is missing.

use crate::envelope::Meta;
use crate::messages::HighWater;

/// How far a receiver has come. It is stored with what was received, in the same transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiveLane {
    /// Everything up to here is stored.
    pub high_water: HighWater,
}

/// What an envelope is to a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// To be stored, then [`ReceiveLane::stored`], then receipted. Transient messages are always next.
    Next,
    /// Stored before, or replayed: to be receipted again and otherwise ignored.
    Duplicate,
    /// Something before it is missing: not to be stored; the sender is to go on after `expected`.
    Gap {
        /// The place after which it has to go on.
        expected: HighWater,
    },
}

impl ReceiveLane {
    /// Tells what an envelope is to this lane, without advancing it.
    ///
    /// A sender may withdraw what it has not sent, so sequences may have holes; each envelope names its predecessor.
    pub fn accept(&self, meta: &Meta) -> Accept {
        if meta.is_transient() {
            return Accept::Next;
        }
        if meta.place() <= self.high_water {
            return Accept::Duplicate;
        }
        let is_next = if meta.epoch == self.high_water.epoch {
            meta.previous <= self.high_water.sequence
        } else {
            meta.previous == 0
        };
        if is_next { Accept::Next } else { Accept::Gap { expected: self.high_water } }
    }

    /// Advances past an envelope that is stored now.
    pub fn stored(&mut self, meta: &Meta) {
        if !meta.is_transient() {
            self.high_water = self.high_water.max(meta.place());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::samples;

    fn meta(epoch: u64, sequence: u64, previous: u64) -> Meta {
        Meta { epoch, sequence, previous, ..samples::meta(1) }
    }

    #[test]
    fn each_place_is_judged_by_its_predecessor() {
        let lane = ReceiveLane { high_water: HighWater { epoch: 2, sequence: 5 } };
        let gap = Accept::Gap { expected: lane.high_water };
        let check = |epoch, sequence, previous, expected| {
            let meta = meta(epoch, sequence, previous);
            assert_eq!(lane.accept(&meta), expected, "epoch {epoch}, sequence {sequence} after {previous}");
        };
        check(2, 6, 5, Accept::Next);
        check(2, 9, 5, Accept::Next);
        check(2, 7, 6, gap);
        check(2, 5, 4, Accept::Duplicate);
        check(2, 1, 0, Accept::Duplicate);
        check(1, 99, 98, Accept::Duplicate);
        check(3, 1, 0, Accept::Next);
        check(3, 2, 1, gap);
        check(0, 0, 0, Accept::Next);
    }

    #[test]
    fn replayed_envelope_is_a_duplicate_for_ever() {
        let mut lane = ReceiveLane::default();
        for sequence in 1..=3 {
            let meta = meta(1, sequence, sequence - 1);
            assert_eq!(lane.accept(&meta), Accept::Next);
            lane.stored(&meta);
        }
        assert_eq!(lane.high_water, HighWater { epoch: 1, sequence: 3 });
        assert_eq!(lane.accept(&meta(1, 1, 0)), Accept::Duplicate);
        lane.stored(&meta(1, 1, 0));
        assert_eq!(lane.high_water.sequence, 3, "storing an old one again does not go back");
    }

    #[test]
    fn transient_messages_do_not_advance_the_lane() {
        let mut lane = ReceiveLane::default();
        lane.stored(&meta(7, 0, 0));
        assert_eq!(lane.high_water, HighWater::default());
    }
}
