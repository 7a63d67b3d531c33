//! What a stock code names, and what a line of an invoice is: two tables.

use crate::price::Price;
use crate::row::{Reason, Series};

/// What a stock code names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Goods on a shelf: the one kind that has stock.
    Goods,
    /// Postage and carriage.
    Carriage,
    /// A line that a clerk wrote by hand.
    Manual,
    /// Bank charges, marketplace fees, samples, donations and the like.
    Fee,
    /// A gift voucher.
    Voucher,
    /// A discount on the whole invoice.
    Discount,
    /// A correction of bad debt.
    BadDebt,
}

impl Kind {
    /// The kind of a code in capitals.
    pub fn of(code: &str) -> Self {
        match code {
            "POST" | "DOT" | "C2" => Self::Carriage,
            "M" => Self::Manual,
            "BANK CHARGES" | "AMAZONFEE" | "CRUK" | "PADS" | "S" => Self::Fee,
            "D" => Self::Discount,
            "B" => Self::BadDebt,
            _ if code.starts_with("GIFT_") => Self::Voucher,
            _ => Self::Goods,
        }
    }

    /// Whether units of it lie on a shelf.
    pub const fn is_stocked(self) -> bool {
        matches!(self, Self::Goods)
    }
}

/// Why a line stays outside the engine and moves no money in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum External {
    /// A correction of bad debt.
    BadDebt,
    /// A discount given after the sale.
    Discount,
    /// A cancellation that names no customer.
    NoCustomer,
    /// A cancellation of carriage, fees or what a clerk wrote by hand.
    Unstocked,
    /// A cancellation without an earlier order line of that customer, code and price, or what is left of one.
    Unmatched,
    /// A correction of stock for a code that has none.
    NoStock,
}

/// What a line is, judged by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A line of an order.
    Order,
    /// A cancellation, to be matched to earlier order lines.
    Cancellation,
    /// Stock found or written off.
    Adjustment,
    /// Outside the engine.
    External(External),
    /// Not booked.
    Refused(Reason),
}

/// What decides a line's class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traits {
    /// What the invoice's number begins with.
    pub series: Series,
    /// What the code names.
    pub kind: Kind,
    /// Units, not zero.
    pub quantity: i32,
    /// The exact price of a unit.
    pub unit_price: Price,
    /// Whether the customer is known.
    pub has_customer: bool,
}

/// The class of a line; the first rule that fits decides.
pub fn classify(line: Traits) -> Class {
    let free = line.unit_price == Price::default();
    let adjusts = line.quantity < 0 || (free && !line.has_customer);
    match line.series {
        Series::BadDebt => Class::External(External::BadDebt),
        _ if line.kind == Kind::BadDebt || line.unit_price < Price::default() => Class::External(External::BadDebt),
        _ if line.kind == Kind::Discount => Class::External(External::Discount),
        Series::Cancellation if line.quantity > 0 => Class::Refused(Reason::PositiveCancellation),
        Series::Cancellation if !line.has_customer => Class::External(External::NoCustomer),
        Series::Cancellation if !line.kind.is_stocked() => Class::External(External::Unstocked),
        Series::Cancellation => Class::Cancellation,
        Series::Normal if line.quantity < 0 && !free => Class::Refused(Reason::NegativeAtPrice),
        Series::Normal if adjusts && !line.kind.is_stocked() => Class::External(External::NoStock),
        Series::Normal if adjusts => Class::Adjustment,
        Series::Normal => Class::Order,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_one_kind() {
        for (kind, codes) in [
            (Kind::Carriage, &["POST", "DOT", "C2"][..]),
            (Kind::Manual, &["M"]),
            (Kind::Fee, &["BANK CHARGES", "AMAZONFEE", "CRUK", "PADS", "S"]),
            (Kind::Voucher, &["GIFT_0001_10", "GIFT_0001_50"]),
            (Kind::Discount, &["D"]),
            (Kind::BadDebt, &["B"]),
            (Kind::Goods, &["85123A", "10002", "DCGS0076", "DCGSSBOY", "DCGS0066P", "SOMETHING NEW"]),
        ] {
            for code in codes {
                assert_eq!(Kind::of(code), kind, "{code}");
                assert_eq!(Kind::of(code).is_stocked(), kind == Kind::Goods, "{code}");
            }
        }
    }

    #[test]
    fn every_line_has_the_class_of_the_table() {
        use Class::{Adjustment, Cancellation, Order};
        use Series::{BadDebt, Cancellation as C, Normal as N};
        let outside = Class::External;
        let table = [
            (N, "85123A", 6, "2.55", true, Order),
            (N, "85123A", 6, "2.55", false, Order),
            (N, "85123A", 6, "0.00", true, Order),
            (N, "M", 1, "0", true, Order),
            (N, "PADS", 1, "0.001", true, Order),
            (N, "POST", 1, "18.00", true, Order),
            (N, "GIFT_0001_20", 1, "16.67", false, Order),
            (N, "85123A", 6, "0.00", false, Adjustment),
            (N, "85123A", -6, "0.00", false, Adjustment),
            (N, "85123A", -6, "0.00", true, Adjustment),
            (N, "DCGS0057", -6, "0.00", false, Adjustment),
            (N, "POST", 1, "0.00", false, outside(External::NoStock)),
            (N, "DOT", -1, "0.00", false, outside(External::NoStock)),
            (N, "85123A", -6, "2.55", true, Class::Refused(Reason::NegativeAtPrice)),
            (N, "85123A", 1, "-2.55", true, outside(External::BadDebt)),
            (N, "B", 1, "5.00", true, outside(External::BadDebt)),
            (N, "D", 1, "5.00", true, outside(External::Discount)),
            (C, "85123A", -6, "2.55", true, Cancellation),
            (C, "85123A", -6, "0.00", true, Cancellation),
            (C, "85123A", -6, "2.55", false, outside(External::NoCustomer)),
            (C, "85123A", 6, "2.55", true, Class::Refused(Reason::PositiveCancellation)),
            (C, "POST", -1, "18.00", true, outside(External::Unstocked)),
            (C, "POST", -1, "18.00", false, outside(External::NoCustomer)),
            (C, "CRUK", -1, "18.00", true, outside(External::Unstocked)),
            (C, "D", -1, "18.00", true, outside(External::Discount)),
            (C, "D", -1, "18.00", false, outside(External::Discount)),
            (C, "B", -1, "18.00", false, outside(External::BadDebt)),
            (BadDebt, "B", 1, "11062.06", false, outside(External::BadDebt)),
            (BadDebt, "B", 1, "-11062.06", false, outside(External::BadDebt)),
            (BadDebt, "85123A", -1, "1.00", true, outside(External::BadDebt)),
        ];
        for (series, code, quantity, price, has_customer, expect) in table {
            let unit_price = Price::parse(price).expect("a price");
            let line = Traits { series, kind: Kind::of(code), quantity, unit_price, has_customer };
            assert_eq!(classify(line), expect, "{code} {line:?}");
        }
    }
}
