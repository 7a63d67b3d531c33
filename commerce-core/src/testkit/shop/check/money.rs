//! The banks keep their own laws, and agree with the engine.

use super::Books;
use crate::ports::PaymentRow;
use crate::sandbox::Totals;
use crate::tender::{Approval, CaptureState, Tenders};

pub(super) fn check(books: &Books, broken: &mut Vec<String>) {
    for (bank, ledger) in &books.ledgers {
        if let Err(fault) = ledger.check() {
            broken.push(format!("bank {bank}: {fault}"));
        }
    }
    let mut banked = books.banked();
    for (row, money) in &books.payments {
        check_payment(row, money, &banked.remove(&row.id).unwrap_or_default(), broken);
    }
    broken.extend(banked.iter().map(|(id, totals)| format!("payment {id}: unknown to the engine, but a bank has {totals:?}")));
}

fn check_payment(row: &PaymentRow, money: &Tenders, bank: &Totals, broken: &mut Vec<String>) {
    let (captured, refunded) = (i128::from(money.captured()), i128::from(money.refunded()));
    if (captured, refunded) != (bank.captured, bank.refunded) {
        broken.push(format!("payment {}: captured {captured}, refunded {refunded}, but the bank says {bank:?}", row.id));
    }
    if money.room() < 0 {
        broken.push(format!("payment {}: more was granted back than arrived", row.id));
    }
    // what a failed capture left set aside is the bank's to let lapse
    if money.captures.iter().any(|capture| matches!(capture.state, CaptureState::Failed { .. })) {
        return;
    }
    let left: i64 = money.attempts.iter().filter_map(|attempt| attempt.approval()).map(Approval::left).sum();
    let set_aside = bank.authorized - bank.captured - bank.released;
    // of a payment without an order nobody looks when its authorization lapses: the bank reports it
    let lapsed = row.order.is_none() && set_aside == 0;
    if set_aside != i128::from(left) && !lapsed {
        broken.push(format!("payment {}: {left} set aside, but the bank says {bank:?}", row.id));
    }
}
