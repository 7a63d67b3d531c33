//! What the order's money comes to: sums over attempts, captures, refunds and goods, in minor units.

use std::collections::BTreeSet;

use crate::id::ShipmentId;
use crate::order::event::Terms;
use crate::order::state::{Order, Shipment, ShipmentState};

impl Order {
    /// What the live units cost.
    pub fn total(&self) -> i64 {
        self.lines.iter().map(|line| line.cum(line.live())).sum()
    }

    /// What is owed: the total less what was credited for goods that came back before they were paid.
    pub fn owed(&self) -> i64 {
        self.total() - self.credited
    }

    /// What is set aside: uncaptured, not lapsed, and not to be given back.
    pub fn authorized(&self) -> i64 {
        self.tenders.authorized()
    }

    /// What arrived.
    pub fn captured(&self) -> i64 {
        self.tenders.captured()
    }

    /// What was granted back and is not settled.
    pub fn refunding(&self) -> i64 {
        self.tenders.refunding()
    }

    /// What went back.
    pub fn refunded(&self) -> i64 {
        self.tenders.refunded()
    }

    /// What can still be granted back.
    pub fn room(&self) -> i64 {
        self.tenders.room()
    }

    /// What arrived and pays for the order: captured less what was granted back because the order asks for less.
    pub fn kept(&self) -> i64 {
        self.tenders.kept()
    }

    /// What is neither kept nor set aside.
    pub fn due(&self) -> i64 {
        (self.owed() - self.kept() - self.authorized()).max(0)
    }

    /// Whether nothing more has to be set aside before goods may leave.
    pub fn covered(&self) -> bool {
        self.terms == Terms::Invoice || self.due() == 0
    }

    /// What was kept beyond what is owed and can be granted back.
    pub fn excess(&self) -> i64 {
        (self.kept() - self.owed()).min(self.room())
    }

    /// Whether a call to a provider has no outcome yet, so that money must not move otherwise.
    pub fn busy(&self) -> bool {
        self.tenders.busy()
    }

    /// Whether a capture has no outcome yet.
    pub fn capture_open(&self) -> bool {
        self.tenders.capture_open()
    }

    /// Units that no line has packed or dispatched.
    pub fn open_units(&self) -> u64 {
        self.lines.iter().map(|line| u64::from(line.open())).sum()
    }

    /// Units that are packed and not dispatched.
    pub fn packed_units(&self) -> u64 {
        self.lines.iter().map(|line| u64::from(line.packed)).sum()
    }

    /// Units that were dispatched.
    pub fn dispatched_units(&self) -> u64 {
        self.lines.iter().map(|line| u64::from(line.dispatched)).sum()
    }

    /// What the dispatched units cost.
    pub fn dispatched_value(&self) -> i64 {
        self.lines.iter().map(|line| line.cum(line.dispatched)).sum()
    }

    /// The packed shipments whose share has arrived: taken greedily, the oldest first, out of what is kept.
    pub fn captured_for(&self) -> BTreeSet<ShipmentId> {
        let kept = self.kept();
        let mut units: Vec<u32> = self.lines.iter().map(|line| line.dispatched).collect();
        let mut paid = BTreeSet::new();
        for shipment in self.packed_shipments() {
            let with = self.with_shipment(&units, shipment);
            if self.value_of(&with) <= kept + self.credited {
                units = with;
                paid.insert(shipment.id);
            }
        }
        paid
    }

    /// Units of each line that are dispatched or captured for: their price stands.
    pub(super) fn fixed_units(&self) -> Vec<u32> {
        let paid = self.captured_for();
        let mut units: Vec<u32> = self.lines.iter().map(|line| line.dispatched).collect();
        for shipment in self.packed_shipments().filter(|s| paid.contains(&s.id)) {
            units = self.with_shipment(&units, shipment);
        }
        units
    }

    /// What must arrive before this packed shipment may leave: what it costs together with all that is dispatched or captured for, less
    /// what is kept. With the last units that is all that is still owed.
    pub fn share_of(&self, shipment: &Shipment) -> i64 {
        let rest = (self.owed() - self.kept()).max(0);
        let paid = self.captured_for();
        if paid.contains(&shipment.id) {
            return 0;
        }
        let with = self.with_shipment(&self.fixed_units(), shipment);
        (self.value_of(&with) - self.credited - self.kept()).clamp(0, rest)
    }

    pub(super) fn packed_shipments(&self) -> impl Iterator<Item = &Shipment> {
        self.shipments.iter().filter(|s| s.state == ShipmentState::Packed)
    }

    fn with_shipment(&self, units: &[u32], shipment: &Shipment) -> Vec<u32> {
        let mut units = units.to_vec();
        for packed in &shipment.lines {
            // lines are numbered from 1 in the order in which they stand
            if let Some(units) = usize::try_from(packed.line_id.0).ok().and_then(|number| units.get_mut(number.checked_sub(1)?)) {
                *units += packed.qty;
            }
        }
        units
    }

    fn value_of(&self, units: &[u32]) -> i64 {
        self.lines.iter().zip(units).map(|(line, units)| line.cum(*units)).sum()
    }
}
