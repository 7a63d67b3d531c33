//! The bodies of placement, version by version.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::goods::ItemKind;
use crate::id::{CartId, CustomerId, LineId, MethodRef, PersonalRef, Sku};
use crate::money::{Currency, Money};
use crate::order::{
    Adjustment, AdjustmentKind, Assessment, CancelReason, CapturePolicy, Edited, Event, HoldReason, LineChange, LineItem, Placed,
    RiskVerdict, Stage, Terms,
};
use crate::quantity::LineQty;
use crate::stored::value::{LineUnits, Micros, Text, Units, is_false, minor, read_lines, write_lines};
use crate::stored::{Body, Fault};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Placed1<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<Text<CustomerId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    personal: Option<Text<PersonalRef>>,
    currency: Text<Currency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cart: Option<Text<CartId>>,
    channel: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<Text<MethodRef>>,
    lines: Vec<Line1<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    adj: Vec<Adj1>,
    total: i64,
    terms: Text<Terms>,
    capture: Text<CapturePolicy>,
    pay_by: Micros,
}

impl<'a> Placed1<'a> {
    pub(super) fn of(placed: &'a Placed) -> Result<Self, Fault> {
        let currency = placed.currency;
        Ok(Self {
            customer: placed.customer_id.clone().map(Text),
            personal: placed.personal_ref.map(Text),
            currency: Text(currency),
            cart: placed.cart_id.map(Text),
            channel: Cow::Borrowed(&placed.channel),
            method: placed.method_ref.clone().map(Text),
            lines: Line1::all(&placed.lines, currency)?,
            adj: Adj1::all(&placed.adjustments, currency)?,
            total: minor(placed.total, currency)?,
            terms: Text(placed.terms),
            capture: Text(placed.capture_policy),
            pay_by: Micros(placed.pay_by),
        })
    }
}

impl Body<'_> for Placed1<'_> {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        let currency = self.currency.0;
        Ok(Event::OrderPlaced(Box::new(Placed {
            customer_id: self.customer.map(|id| id.0),
            personal_ref: self.personal.map(|id| id.0),
            currency,
            cart_id: self.cart.map(|id| id.0),
            channel: self.channel.into_owned(),
            method_ref: self.method.map(|id| id.0),
            lines: Line1::items(self.lines, currency),
            adjustments: Adj1::adjustments(self.adj, currency),
            total: Money::from_minor(self.total, currency),
            terms: self.terms.0,
            capture_policy: self.capture.0,
            pay_by: self.pay_by.0,
        })))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line1<'a> {
    id: u32,
    sku: Text<Sku>,
    title: Cow<'a, str>,
    kind: Text<ItemKind>,
    qty: Units,
    /// Of one unit.
    price: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    adj: Vec<Adj1>,
}

impl<'a> Line1<'a> {
    fn all(lines: &'a [LineItem], currency: Currency) -> Result<Vec<Self>, Fault> {
        let line = |line: &'a LineItem| {
            Ok(Self {
                id: line.line_id.0,
                sku: Text(line.sku.clone()),
                title: Cow::Borrowed(&line.title),
                kind: Text(line.kind),
                qty: Units(line.qty),
                price: minor(line.unit_price, currency)?,
                adj: Adj1::all(&line.adjustments, currency)?,
            })
        };
        lines.iter().map(line).collect()
    }

    fn items(lines: Vec<Self>, currency: Currency) -> Vec<LineItem> {
        let item = |line: Self| LineItem {
            line_id: LineId(line.id),
            sku: line.sku.0,
            title: line.title.into_owned(),
            kind: line.kind.0,
            qty: line.qty.0,
            unit_price: Money::from_minor(line.price, currency),
            adjustments: Adj1::adjustments(line.adj, currency),
        };
        lines.into_iter().map(item).collect()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Adj1 {
    kind: Text<AdjustmentKind>,
    amount: i64,
    #[serde(default, skip_serializing_if = "is_false")]
    included: bool,
}

impl Adj1 {
    fn all(adjustments: &[Adjustment], currency: Currency) -> Result<Vec<Self>, Fault> {
        let one = |a: &Adjustment| Ok(Self { kind: Text(a.kind), amount: minor(a.amount, currency)?, included: a.included });
        adjustments.iter().map(one).collect()
    }

    fn adjustments(all: Vec<Self>, currency: Currency) -> Vec<Adjustment> {
        let one = |a: Self| Adjustment { kind: a.kind.0, amount: Money::from_minor(a.amount, currency), included: a.included };
        all.into_iter().map(one).collect()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Risk1<'a> {
    verdict: Text<RiskVerdict>,
    score: u16,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<Cow<'a, str>>,
}

impl<'a> Risk1<'a> {
    pub(super) fn of(assessment: &'a Assessment) -> Self {
        let reasons = assessment.reasons.iter().map(Cow::from).collect();
        Self { verdict: Text(assessment.verdict), score: assessment.score, reasons }
    }
}

impl Body<'_> for Risk1<'_> {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        let reasons = self.reasons.into_iter().map(Cow::into_owned).collect();
        Ok(Event::RiskAssessed(Assessment { verdict: self.verdict.0, score: self.score, reasons }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Held1 {
    pub(super) reason: Text<HoldReason>,
    pub(super) resume: Text<Stage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<Micros>,
}

impl Body<'_> for Held1 {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        Ok(Event::OrderHeld { reason: self.reason.0, resume: self.resume.0, until: self.until.map(|time| time.0) })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resumed1 {
    pub(super) to: Text<Stage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pay_by: Option<Micros>,
}

impl Body<'_> for Resumed1 {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        Ok(Event::OrderResumed { to: self.to.0, pay_by: self.pay_by.map(|time| time.0) })
    }
}

/// `OrderConfirmed` and `OrderCompleted`: the type says it all.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Empty1 {}

impl Body<'_> for Empty1 {
    type Next = ();

    fn upcast(self) -> Result<(), Fault> {
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rejected1<'a> {
    pub(super) reason: Cow<'a, str>,
}

impl Body<'_> for Rejected1<'_> {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        Ok(Event::OrderRejected { reason: self.reason.into_owned() })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edited1<'a> {
    currency: Text<Currency>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    added: Vec<Line1<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changed: Vec<Change1>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    removed: Vec<u32>,
    /// Left out: unchanged; empty: none from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    adj: Option<Vec<Adj1>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    personal: Option<Text<PersonalRef>>,
    total: i64,
}

impl<'a> Edited1<'a> {
    pub(super) fn of(edited: &'a Edited) -> Result<Self, Fault> {
        let currency = edited.total.currency();
        Ok(Self {
            currency: Text(currency),
            added: Line1::all(&edited.added, currency)?,
            changed: edited.changed.iter().map(|change| Change1::of(change, currency)).collect::<Result<_, Fault>>()?,
            removed: edited.removed.iter().map(|line| line.0).collect(),
            adj: edited.adjustments.as_ref().map(|all| Adj1::all(all, currency)).transpose()?,
            personal: edited.personal_ref.map(Text),
            total: edited.total.minor(),
        })
    }
}

impl Body<'_> for Edited1<'_> {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        let currency = self.currency.0;
        Ok(Event::OrderEdited(Box::new(Edited {
            added: Line1::items(self.added, currency),
            changed: self.changed.into_iter().map(|change| change.change(currency)).collect(),
            removed: self.removed.into_iter().map(LineId).collect(),
            adjustments: self.adj.map(|all| Adj1::adjustments(all, currency)),
            personal_ref: self.personal.map(|id| id.0),
            total: Money::from_minor(self.total, currency),
        })))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change1 {
    id: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    qty: Option<Units>,
    /// Of one unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<i64>,
    /// Left out: unchanged; empty: none from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    adj: Option<Vec<Adj1>>,
}

impl Change1 {
    fn of(change: &LineChange, currency: Currency) -> Result<Self, Fault> {
        Ok(Self {
            id: change.line_id.0,
            qty: change.qty.map(Units),
            price: change.unit_price.map(|price| minor(price, currency)).transpose()?,
            adj: change.adjustments.as_ref().map(|all| Adj1::all(all, currency)).transpose()?,
        })
    }

    fn change(self, currency: Currency) -> LineChange {
        LineChange {
            line_id: LineId(self.id),
            qty: self.qty.map(|qty| qty.0),
            unit_price: self.price.map(|price| Money::from_minor(price, currency)),
            adjustments: self.adj.map(|all| Adj1::adjustments(all, currency)),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinesCancelled1<'a> {
    currency: Text<Currency>,
    lines: Vec<LineUnits>,
    reason: Cow<'a, str>,
    value: i64,
    total: i64,
}

impl<'a> LinesCancelled1<'a> {
    pub(super) fn of(lines: &[LineQty], reason: &'a str, value: Money, total: Money) -> Result<Self, Fault> {
        let currency = total.currency();
        let (lines, reason) = (write_lines(lines), reason.into());
        Ok(Self { currency: Text(currency), lines, reason, value: minor(value, currency)?, total: total.minor() })
    }
}

impl Body<'_> for LinesCancelled1<'_> {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        let money = |minor| Money::from_minor(minor, self.currency.0);
        let (value, total) = (money(self.value), money(self.total));
        Ok(Event::LinesCancelled { lines: read_lines(self.lines), reason: self.reason.into_owned(), value, total })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cancelled1 {
    pub(super) reason: Text<CancelReason>,
}

impl Body<'_> for Cancelled1 {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        Ok(Event::OrderCancelled { reason: self.reason.0 })
    }
}
