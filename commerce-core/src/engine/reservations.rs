//! Reservations: units of one SKU promised to someone without an order.

use crate::engine::commerce::Moment;
use crate::engine::inventory::Moved;
use crate::engine::{Answer, Call, Commerce, Error, How};
use crate::id::{HoldId, LocationId, MoveId, ReservationId, Sku};
use crate::ports::{ResourceKind, ResourceRef, Retry};
use crate::quantity::Quantity;
use crate::stock::{CANDIDATES_MAX, Hold, Move, Owner, Placement, Split};
use crate::time::Timestamp;

/// Units to reserve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// Of what. The catalogue need not know it.
    pub sku: Sku,
    /// How many.
    pub qty: Quantity,
    /// The locations that may serve it, the preferred first, at most [`CANDIDATES_MAX`]; none: those that serve orders.
    pub locations: Vec<LocationId>,
    /// How the units may be spread over them; none: as those of orders.
    pub split: Option<Split>,
    /// When it may be reclaimed unless it is confirmed, later than now; none: `reservation_ttl_s` from now.
    pub expires_at: Option<Timestamp>,
}

impl Reserve {
    /// Some units from wherever orders are served, for as long as is usual.
    pub const fn new(sku: Sku, qty: Quantity) -> Self {
        Self { sku, qty, locations: Vec::new(), split: None, expires_at: None }
    }
}

/// Which units of a reservation to fulfill or to release; what is not named is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReservedUnits {
    /// Those at this location alone.
    pub location: Option<LocationId>,
    /// So many; none: all that remain.
    pub qty: Option<Quantity>,
}

/// A reservation as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The reservation.
    pub id: ReservationId,
    /// Of what.
    pub sku: Sku,
    /// Where it stands.
    pub status: ReservationStatus,
    /// Where its units were placed, and how many remain at each location.
    pub placements: Vec<Placement>,
    /// When it may be reclaimed; none: never, for it is confirmed.
    pub expires_at: Option<Timestamp>,
}

crate::names! {
    /// Where a reservation stands.
    ReservationStatus {
        /// Its units are promised until it expires.
        Held = "held",
        /// It may be reclaimed by whoever needs the units, and was not yet: it may still be confirmed or extended.
        Expired = "expired",
        /// Its units are promised for good, and can be fulfilled.
        Confirmed = "confirmed",
        /// Nothing remains: all was fulfilled, released or reclaimed.
        Ended = "ended",
    }
}

impl Reservation {
    /// Units neither fulfilled, released nor reclaimed.
    pub fn remaining(&self) -> u32 {
        self.placements.iter().map(|place| place.remaining).sum()
    }
}

impl Commerce {
    /// Reserves units: all of them or none. Until it is confirmed, whoever falls short may reclaim it once it has expired.
    ///
    /// # Errors
    /// [`Error::Short`] with what was asked for and what there is, [`Error::Invalid`], [`Error::KeyReused`], [`Error::Port`].
    ///
    /// # Cancel safety
    /// Done as a whole or not at all.
    ///
    /// # Crash
    /// What was answered is on disk.
    pub async fn create_reservation(&self, call: &Call, request: Reserve) -> Result<Answer<Reservation>, Error> {
        const OPERATION: &str = "create_reservation";
        let inner = &self.inner;
        let moment = inner.moment(call)?;
        if let Some(made) = inner.replayed(call, &moment, OPERATION).await? {
            return self.reserved(call, &made).await;
        }
        let Reserve { sku, qty, locations, split, expires_at } = request;
        let expires_at = match expires_at {
            Some(at) => later(&moment, at)?,
            None => moment.now.plus_secs(inner.config.reservation_ttl_s),
        };
        if locations.len() > CANDIDATES_MAX {
            return Err(Error::invalid("/locations", format!("names {}, at most {CANDIDATES_MAX} are allowed", locations.len())));
        }
        self.stockable(call, &sku).await?;
        let id = ReservationId::new(inner.fresh());
        let mut anywhere = false;
        loop {
            let candidates = if locations.is_empty() {
                inner.candidates(&call.merchant, || vec![sku.clone()], anywhere).await?
            } else {
                locations.clone()
            };
            let (merchant, split) = (call.merchant.clone(), split.unwrap_or(inner.config.split));
            let (owner, sku) = (Owner::Reservation(id), sku.clone());
            let hold = Move::Hold { id: hold_of(id), merchant, owner, sku: sku.clone(), qty, candidates, split, expires_at };
            match inner.claimed_moves(call, &moment, OPERATION, &sku, &resource(id), vec![hold]).await {
                Ok(Moved::Now) => return Ok(Answer::done(self.get_reservation(call, id).await?)),
                Ok(Moved::Before(made)) => return self.reserved(call, &made).await,
                // other locations may have what the default one lacks
                Err(Error::Short(_)) if !anywhere && locations.is_empty() && inner.config.locations.is_empty() => anywhere = true,
                Err(refusal) => return Err(refusal),
            }
        }
    }

    /// One reservation, ended ones included.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Port`].
    pub async fn get_reservation(&self, call: &Call, id: ReservationId) -> Result<Reservation, Error> {
        let hold = self.reservation_hold(call, id).await?;
        let status = if hold.is_gone() {
            ReservationStatus::Ended
        } else if hold.confirmed {
            ReservationStatus::Confirmed
        } else if hold.may_be_reclaimed(self.inner.clock.now()) {
            ReservationStatus::Expired
        } else {
            ReservationStatus::Held
        };
        let expires_at = Some(hold.expires_at).filter(|_| !hold.confirmed);
        Ok(Reservation { id, sku: hold.sku, status, placements: hold.placements, expires_at })
    }

    /// Makes what remains of a reservation its owner's for good. One that expired and was not reclaimed is confirmed as well.
    ///
    /// # Errors
    /// [`Error::HoldGone`] if nothing remains of it, [`Error::NotFound`], [`Error::KeyReused`], [`Error::Port`].
    ///
    /// # Cancel safety
    /// Done as a whole or not at all.
    pub async fn confirm_reservation(&self, call: &Call, id: ReservationId) -> Result<Answer<Reservation>, Error> {
        let confirm = |hold: &Hold| Ok(vec![Move::Confirm { hold: hold.id }]);
        self.reservation_write(call, id, "confirm_reservation", confirm).await
    }

    /// Moves the time at which an unconfirmed reservation may be reclaimed; a confirmed one has none, and stays as it is.
    ///
    /// # Errors
    /// [`Error::HoldGone`] if nothing remains of it, [`Error::Invalid`] for a time that is not later than now, [`Error::NotFound`],
    /// [`Error::KeyReused`], [`Error::Port`].
    ///
    /// # Cancel safety
    /// Done as a whole or not at all.
    pub async fn extend_reservation(&self, call: &Call, id: ReservationId, until: Timestamp) -> Result<Answer<Reservation>, Error> {
        let moment = self.inner.moment(call)?;
        let extend = move |hold: &Hold| Ok(vec![Move::Extend { hold: hold.id, until: later(&moment, until)? }]);
        self.reservation_write(call, id, "extend_reservation", extend).await
    }

    /// Units of a confirmed reservation leave the building: all that remain, or some.
    ///
    /// Without a location they leave in the order in which they were placed.
    ///
    /// # Errors
    /// [`Error::HoldGone`] if fewer remain than asked for, [`Error::Short`] if fewer are on hand, [`Error::NotConfirmed`],
    /// [`Error::Invalid`] for a location that it has no units at, [`Error::NotFound`], [`Error::KeyReused`], [`Error::Port`].
    ///
    /// # Cancel safety
    /// Done as a whole or not at all.
    pub async fn fulfill_reservation(&self, call: &Call, id: ReservationId, units: ReservedUnits) -> Result<Answer<Reservation>, Error> {
        let fulfill = |hold: &Hold| {
            let qty = asked(hold, &units)?;
            if !hold.confirmed {
                return Err(Error::NotConfirmed);
            }
            let mut left = qty.get();
            let mut moves = Vec::new();
            for place in hold.placements.iter().filter(|place| units.location.as_ref().is_none_or(|here| *here == place.location)) {
                if let Some(qty) = Quantity::some(left.min(place.remaining)) {
                    left -= qty.get();
                    let (hold, location) = (hold.id, place.location.clone());
                    moves.push(Move::Fulfill { id: MoveId::new(self.inner.fresh()), hold, location, qty });
                }
            }
            Ok(moves)
        };
        self.reservation_write(call, id, "fulfill_reservation", fulfill).await
    }

    /// Gives units of a reservation back, confirmed or not: all that remain, or some; without a location the last placed first.
    ///
    /// # Errors
    /// [`Error::HoldGone`] if fewer remain than asked for, [`Error::Invalid`] for a location that it has no units at,
    /// [`Error::NotFound`], [`Error::KeyReused`], [`Error::Port`].
    ///
    /// # Cancel safety
    /// Done as a whole or not at all.
    pub async fn release_reservation(&self, call: &Call, id: ReservationId, units: ReservedUnits) -> Result<Answer<Reservation>, Error> {
        let release = |hold: &Hold| {
            let (qty, location) = (asked(hold, &units)?, units.location.clone());
            Ok(vec![Move::Release { id: MoveId::new(self.inner.fresh()), hold: hold.id, location, qty }])
        };
        self.reservation_write(call, id, "release_reservation", release).await
    }

    /// Commits moves of one reservation, under the call's idempotency key.
    async fn reservation_write(
        &self,
        call: &Call,
        id: ReservationId,
        operation: &str,
        moves: impl Fn(&Hold) -> Result<Vec<Move>, Error> + Send + Sync,
    ) -> Result<Answer<Reservation>, Error> {
        let inner = &self.inner;
        let moment = inner.moment(call)?;
        let operation = format!("{operation}/{id}");
        if let Some(made) = inner.replayed(call, &moment, &operation).await? {
            return self.reserved(call, &made).await;
        }
        match self.reservation_moves(call, &moment, id, &operation, moves).await {
            Ok(Moved::Now) => Ok(Answer::done(self.get_reservation(call, id).await?)),
            Ok(Moved::Before(made)) => self.reserved(call, &made).await,
            Err(refusal) => self.reserved(call, &inner.twin_of(call, &moment, &operation, refusal).await?).await,
        }
    }

    /// Decides moves on the reservation as it is now, and anew when others were quicker.
    async fn reservation_moves(
        &self,
        call: &Call,
        moment: &Moment,
        id: ReservationId,
        operation: &str,
        moves: impl Fn(&Hold) -> Result<Vec<Move>, Error> + Send + Sync,
    ) -> Result<Moved, Error> {
        let mut last = Error::Contended;
        for _ in 0..=self.inner.config.redecide_max {
            let hold = self.reservation_hold(call, id).await?;
            if hold.is_gone() {
                return Err(Error::HoldGone);
            }
            let set = moves(&hold)?;
            // these say how the hold is to be, and have no id by which a lost answer is found: they are said again
            let repeatable = set.iter().all(|one| matches!(one, Move::Confirm { .. } | Move::Extend { .. }));
            match self.inner.claimed_moves(call, moment, operation, &hold.sku, &resource(id), set).await {
                Err(Error::HoldGone) => {}
                Err(Error::Port(error)) if repeatable && error.retry == Retry::Unknown => last = error.into(),
                other => return other,
            }
        }
        Err(last)
    }

    async fn reserved(&self, call: &Call, made: &ResourceRef) -> Result<Answer<Reservation>, Error> {
        let id = made.id.parse().map_err(Error::stored)?;
        Ok(Answer { value: self.get_reservation(call, id).await?, how: How::Replayed })
    }

    async fn reservation_hold(&self, call: &Call, id: ReservationId) -> Result<Hold, Error> {
        let hold = self.inner.store.stock.hold(&call.merchant, hold_of(id)).await?;
        hold.filter(|hold| hold.owner == Owner::Reservation(id)).ok_or(Error::NotFound("reservation"))
    }
}

/// A reservation is one hold, and has its id.
fn hold_of(id: ReservationId) -> HoldId {
    HoldId::new(id.uuid())
}

fn resource(id: ReservationId) -> ResourceRef {
    ResourceRef { kind: ResourceKind::Reservation, id: id.to_string() }
}

fn later(moment: &Moment, at: Timestamp) -> Result<Timestamp, Error> {
    if at > moment.now { Ok(at) } else { Err(Error::invalid("/expires_at", "is not later than now")) }
}

/// How many units are meant, if so many remain.
fn asked(hold: &Hold, units: &ReservedUnits) -> Result<Quantity, Error> {
    let remaining = match &units.location {
        None => hold.remaining(),
        Some(here) if hold.placements.iter().any(|place| place.location == *here) => hold.remaining_at(here),
        Some(here) => return Err(Error::invalid("/location", format!("none of its units were placed at {here}"))),
    };
    let asked = units.qty.or(Quantity::some(remaining));
    asked.filter(|qty| qty.get() <= remaining).ok_or(Error::HoldGone)
}
