//! The one list of error codes: what each means and which status it has. A code never changes its meaning.

use std::fmt;

/// A stable name for a way to fail.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(&'static Row);

/// What is said about a code.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Row {
    name: &'static str,
    status: u16,
    title: &'static str,
    meaning: &'static str,
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl Code {
    /// The code of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.0.name == name)
    }

    /// The name that clients see.
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// The status of HTTP.
    pub const fn status(self) -> u16 {
        self.0.status
    }

    /// A short summary, the same for every occurrence.
    pub const fn title(self) -> &'static str {
        self.0.title
    }

    /// When it is answered, and what a client does about it.
    pub const fn meaning(self) -> &'static str {
        self.0.meaning
    }
}

macro_rules! codes {
    ($($constant:ident $status:literal $name:literal, $title:literal: $meaning:literal;)*) => {
        impl Code {
            $(
                #[doc = $meaning]
                pub const $constant: Self = Self(&Row { name: $name, status: $status, title: $title, meaning: $meaning });
            )*

            /// Every code, by status.
            pub const ALL: &[Self] = &[$(Self::$constant,)*];
        }
    };
}

codes! {
    // the request cannot be read
    MALFORMED_JSON 400 "malformed_json", "The body is not JSON":
        "The body is empty, is not JSON, or is not UTF-8; `detail` says where.";
    WRONG_SHAPE 400 "wrong_shape", "The request has the wrong shape":
        "A member is missing, unknown, given twice or of another type; the pointer names it.";
    WRONG_PARAMETER 400 "wrong_parameter", "A parameter is not known":
        "A parameter of the query is unknown or given twice.";
    NOT_FOUND 404 "not_found", "There is no such thing":
        "Nothing has this id, or there is nothing at this path.";
    ORDER_NOT_FOUND 404 "order_not_found", "There is no such order":
        "Nothing has this id.";
    PAYMENT_NOT_FOUND 404 "payment_not_found", "There is no such payment":
        "Nothing has this id.";
    METHOD_NOT_ALLOWED 405 "method_not_allowed", "The method is not allowed here":
        "`Allow` lists the methods of this path.";
    BODY_TIMEOUT 408 "body_timeout", "The body did not arrive in time":
        "The request was not done; send it again.";

    // the resource is in another state
    ILLEGAL_TRANSITION 409 "illegal_transition", "The state does not allow it":
        "The order, shipment or return is past this, or not there yet; `order_status` says where the order is.";
    ORDER_EXISTS 409 "order_exists", "The order exists already":
        "An order has this id already.";
    ALREADY_EXISTS 409 "already_exists", "It exists already":
        "A payment, capture or refund has this id already.";
    PAYMENT_IN_PROGRESS 409 "payment_in_progress", "A payment is in progress":
        "An attempt or a capture has no outcome yet; try again when it has.";
    ORDER_NOT_COVERED 409 "order_not_covered", "The order is not covered":
        "Money is still due; pay it first.";
    NOTHING_DUE 409 "nothing_due", "Nothing is due":
        "The order is covered already.";
    TOTAL_FIXED 409 "total_fixed", "The total is fixed":
        "No unit is left whose price could change; grant a refund instead.";
    NOTHING_LEFT 409 "nothing_left", "Nothing would be left":
        "The edit would leave no unit; cancel the order instead.";
    ADDRESS_FIXED 409 "address_fixed", "The address is fixed":
        "Units are packed or on their way.";
    CAPTURE_IN_PROGRESS 409 "capture_in_progress", "A capture is in progress":
        "The shipment's money has no outcome yet; try again when it has.";
    NOT_CAPTURED 409 "not_captured", "The shipment is not paid":
        "The shipment's share has not been captured.";
    OUTSIDE_RETURN_WINDOW 409 "outside_return_window", "The time to return is over":
        "Staff may still accept the return.";
    UNITS_GOING_BACK 409 "units_going_back", "Units are on their way back":
        "A shipment of which units are being returned cannot be lost.";
    NOT_DUE 409 "not_due", "The time has not come":
        "The order's own deadline lies ahead.";
    NOT_COMPLETE 409 "not_complete", "Something is still open":
        "Units, money or refunds must settle before the order can be completed.";
    REFUND_NOT_REPLACEABLE 409 "refund_not_replaceable", "The refund cannot be replaced":
        "Only a failed refund can be granted again, once.";
    ID_TAKEN 409 "id_taken", "The id is in use":
        "The order has a part of this id already.";
    ALREADY_TAKEN 409 "already_taken", "It exists already":
        "Something else has this number or place; `resource` names it.";
    HOLD_GONE 409 "hold_gone", "The hold has ended":
        "Nothing remains of the hold on stock: it was released, or it expired.";
    RESERVATION_NOT_CONFIRMED 409 "reservation_not_confirmed", "The reservation is not confirmed":
        "Only units of a confirmed reservation leave the building.";
    CONTENDED 409 "contended", "Too many changes at once":
        "Others kept changing the same thing, nothing was done; try again.";
    SAGA_NOT_STUCK 409 "saga_not_stuck", "The saga is not stuck":
        "Only a stuck saga is told what to do.";
    STALE_VERSION 412 "stale_version", "The resource has changed":
        "Its `ETag` is not the one in `If-Match`; `version` is the one that it has.";

    // the request is too large or of another type
    TOO_LARGE 413 "too_large", "The request is too large":
        "The body, or what it asks to write, is larger than is taken.";
    UNSUPPORTED_MEDIA_TYPE 415 "unsupported_media_type", "The body is not application/json":
        "Send `Content-Type: application/json`.";

    MISDIRECTED 421 "misdirected", "The request is for another host":
        "Until there is authentication only requests for `localhost` or a loopback address are answered.";

    // the values are wrong
    INVALID_VALUE 422 "invalid_value", "A value is not allowed":
        "A value is out of bounds or of another form; the pointer names it.";
    INVALID_CURSOR 422 "invalid_cursor", "The cursor is not of this list":
        "Use `next_cursor` of a page of the same list, unchanged.";
    UNKNOWN_SKU 422 "unknown_sku", "The SKU is not for sale":
        "The catalogue does not have the SKU, or does not sell it.";
    NO_PRICE 422 "no_price", "There is no price":
        "The item has no price in the order's currency.";
    INSUFFICIENT_STOCK 422 "insufficient_stock", "There is not enough stock":
        "Nothing was written. `sku`, `requested` and `available` tell of the first that is short, `errors` of each.";
    UNKNOWN_PROVIDER 422 "unknown_provider", "The payment provider is not known":
        "No provider is registered under the name.";
    IDEMPOTENCY_KEY_REUSED 422 "idempotency_key_reused", "The idempotency key is in use":
        "The key was used for another request; `resource` is what that one made.";
    AMOUNT_NOT_POSITIVE 422 "amount_not_positive", "The amount is not above zero":
        "It must be above zero.";
    AMOUNT_ABOVE_LIMIT 422 "amount_above_limit", "The amount is too high":
        "More is asked for than is due, set aside, or left to refund.";
    AMOUNT_TOO_LARGE 422 "amount_too_large", "The amount is too large":
        "An amount, or a sum of them, is larger than an order takes.";
    MIXED_CURRENCIES 422 "mixed_currencies", "The currencies differ":
        "All amounts of an order or a payment are in its one currency.";
    NEGATIVE_TOTAL 422 "negative_total", "The total would be below zero":
        "The order, or a line of it, would cost less than nothing.";
    LINE_COUNT 422 "line_count", "No lines, or too many":
        "At least one line must be named, and no more than an order takes.";
    UNKNOWN_LINE 422 "unknown_line", "There is no such line":
        "The order has no line of this number.";
    LINE_NAMED_TWICE 422 "line_named_twice", "A line is named twice":
        "Each line is named once.";
    QUANTITY_NOT_ALLOWED 422 "quantity_not_allowed", "The quantity is not allowed":
        "More units are asked for than there are, or fewer are left than are packed and sent.";
    LOCATION_NEEDED 422 "location_needed", "A location is needed":
        "The units lie in several places; say which one.";
    NOT_AT_LOCATION 422 "not_at_location", "The units are not at the location":
        "Fewer units are held there than are to be packed; see `sku`, `requested` and `available`.";
    UNKNOWN_PART 422 "unknown_part", "There is no such part":
        "The order or payment has no such attempt, capture, refund, shipment or return.";
    TEXT_NOT_ALLOWED 422 "text_not_allowed", "A text is not allowed":
        "It is too long or holds a U+0000.";
    TOO_MANY_PARTS 422 "too_many_parts", "There are too many parts":
        "An order takes so many attempts, shipments, returns and refunds and no more.";

    // it is the server
    INTERNAL 500 "internal", "Something is wrong here":
        "A fault of the server; the log has it under the request's `X-Request-Id`.";
    STORE_DAMAGED 500 "store_damaged", "The store is damaged":
        "What is stored is not what was written there; the log names the place. Sending it again does not help.";
    STORE_UNAVAILABLE 503 "store_unavailable", "The store is not available":
        "Nothing was done; try again after `Retry-After` seconds.";
    OUTCOME_UNKNOWN 503 "outcome_unknown", "The outcome is not known":
        "It may have been done: look, or send it again under the same `Idempotency-Key`, after `Retry-After` seconds.";
    NOT_READY 503 "not_ready", "The server is not ready":
        "It is starting or ending, or its store takes no writes; try again after `Retry-After` seconds.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                found.push(path);
            }
        }
    }

    /// Every text that a function of core named `code` or `port_code` can answer.
    fn codes_of_core() -> BTreeSet<String> {
        let mut files = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../commerce-core/src"), &mut files);
        let mut codes = BTreeSet::new();
        for file in files {
            let source = fs::read_to_string(&file).unwrap();
            let heads = source.match_indices("-> &'static str {").filter(|(at, _)| source[..*at].lines().last().unwrap().contains("code("));
            for (at, _) in heads {
                let body = source[at..].split("\n}").next().unwrap();
                let body = body.split("\n    }\n").next().unwrap();
                codes.extend(body.split("=> \"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()));
            }
        }
        codes
    }

    #[test]
    fn the_list_has_every_code_of_core_and_none_that_nobody_answers() {
        let codes = codes_of_core();
        assert!(codes.len() > 40 && codes.contains("stale_version") && codes.contains("outcome_unknown"), "found {codes:?}");
        let missing: Vec<&String> = codes.iter().filter(|name| Code::named(name).is_none()).collect();
        assert!(missing.is_empty(), "not in the list: {missing:?}");
        let own = [
            Code::MALFORMED_JSON,
            Code::WRONG_SHAPE,
            Code::WRONG_PARAMETER,
            Code::METHOD_NOT_ALLOWED,
            Code::BODY_TIMEOUT,
            Code::MISDIRECTED,
            Code::UNSUPPORTED_MEDIA_TYPE,
            Code::NOT_READY,
        ];
        let dead: Vec<&Code> = Code::ALL.iter().filter(|code| !own.contains(code) && !codes.contains(code.name())).collect();
        assert!(dead.is_empty(), "nobody answers {dead:?}");
    }

    #[test]
    fn a_code_stands_once_and_in_the_order_of_its_status() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].status() <= pair[1].status(), "{pair:?}");
        }
        let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.name().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code}");
            assert!(!code.title().ends_with('.') && code.meaning().ends_with('.'), "{code}");
        }
    }
}
