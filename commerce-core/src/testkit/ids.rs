//! Ids and dice that a seed fixes.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::{Builder, Uuid};

use crate::ports::Ids;

/// Makes UUIDs of version 7 from a seed: the same ones in every run, each above those before, from any thread.
#[derive(Debug)]
pub struct SeededIds {
    seed: u64,
    made: AtomicU64,
}

// 2024-01-01; ids of a test look like ids of a time
const FIRST_MS: u64 = 1_704_067_200_000;

impl SeededIds {
    /// Ids of this seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed, made: AtomicU64::new(0) }
    }
}

impl Ids for SeededIds {
    fn uuid7(&self) -> Uuid {
        let count = self.made.fetch_add(1, Ordering::Relaxed);
        let random = Dice::new(self.seed.wrapping_add(count.wrapping_mul(0x9e37_79b9))).roll();
        // 12 bits of the count go where version 7 orders ids of one millisecond
        let counter = u16::try_from(count & 0x0fff).unwrap_or(0).to_be_bytes();
        let mut bytes = [0_u8; 10];
        bytes[..2].copy_from_slice(&counter);
        bytes[2..].copy_from_slice(&random.to_be_bytes());
        Builder::from_unix_timestamp_millis(FIRST_MS + (count >> 12), &bytes).into_uuid()
    }
}

/// Random numbers that a seed fixes (splitmix64). For tests alone.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice of this seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `sides`; 0 if there are none.
    pub const fn below(&mut self, sides: u64) -> u64 {
        match self.roll().checked_rem(sides) {
            Some(number) => number,
            None => 0,
        }
    }

    /// One of these.
    ///
    /// # Panics
    /// If there are none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let index = self.below(u64::try_from(from.len()).unwrap_or(u64::MAX));
        &from[usize::try_from(index).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::testkit::on_threads;

    #[test]
    fn seeded_ids_are_version_7_and_each_is_above_those_before() {
        let ids = SeededIds::new(7);
        let made: Vec<Uuid> = (0..10_000).map(|_| ids.uuid7()).collect();
        assert!(made.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122));
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn the_same_seed_makes_the_same_ids_and_another_seed_others() {
        let first = |seed| SeededIds::new(seed).uuid7();
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
    }

    #[test]
    fn threads_never_get_the_same_id_and_each_sees_them_rise() {
        let ids = SeededIds::new(3);
        let made = on_threads(4, async |_| (0..1_000).map(|_| ids.uuid7()).collect::<Vec<_>>());
        assert!(made.iter().all(|of_one| of_one.windows(2).all(|pair| pair[0] < pair[1])));
        assert_eq!(made.into_iter().flatten().collect::<BTreeSet<_>>().len(), 4_000);
    }
}
