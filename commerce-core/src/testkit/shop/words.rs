//! Short words for what stories do. Each panics if the engine refuses: to see a refusal, ask [`Shop::commerce`].

use crate::engine::{Error, NewLine, OrderView, PackUnits, PlaceOrder, ReturnView, ShipmentView};
use crate::id::{LineId, OrderId, ShipmentId};
use crate::money::{Currency, Money};
use crate::order::Condition;
use crate::ports::ProviderFact;
use crate::quantity::LineQty;
use crate::sandbox::Token;
use crate::stock::Account;
use crate::testkit::lab::{account_at, sku, units};
use crate::testkit::shop::{Bank, Shop};

impl Shop {
    /// An order of these goods, in pounds, without a way to pay.
    pub fn basket(&self, lines: &[(&str, u32)]) -> PlaceOrder {
        let lines = lines.iter().map(|(item, count)| NewLine::new(sku(item), units(*count)));
        PlaceOrder::new(Currency::GBP, lines.collect())
    }

    /// Places an order of these goods, paid with `sandbox_visa` at the default bank.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn place(&self, lines: &[(&str, u32)]) -> OrderView {
        self.place_paid(lines, Token::Visa).await
    }

    /// Places an order of these goods, paid with this token at the default bank.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn place_paid(&self, lines: &[(&str, u32)], token: Token) -> OrderView {
        self.order(self.basket(lines).paid_with(token.method())).await
    }

    /// Places an order of these goods, paid with `sandbox_visa` at this bank.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn place_at(&self, bank: Bank, lines: &[(&str, u32)]) -> OrderView {
        let order = PlaceOrder { provider: Some(bank.provider()), ..self.basket(lines).paid_with(Token::Visa.method()) };
        self.order(order).await
    }

    /// Places this order.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn order(&self, order: PlaceOrder) -> OrderView {
        self.try_order(order).await.expect("the order is placed")
    }

    /// Places this order, or says why not.
    ///
    /// # Errors
    /// Those of [`crate::engine::Commerce::place_order`].
    pub async fn try_order(&self, order: PlaceOrder) -> Result<OrderView, Error> {
        self.run(self.commerce.place_order(&self.call, order)).await.map(|answer| answer.value)
    }

    /// The order as it is now.
    ///
    /// # Panics
    /// If there is none.
    pub async fn get(&self, id: OrderId) -> OrderView {
        self.commerce.get_order(&self.call, id).await.expect("the order is there")
    }

    /// Pays what is due of an order.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn pay(&self, id: OrderId, token: Token) -> OrderView {
        self.run(self.commerce.pay_order(&self.call, id, token.method(), None, None)).await.expect("the order takes a payment").value
    }

    /// Packs all that is open in an order, from the one place where it is held.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn pack(&self, id: OrderId) -> ShipmentView {
        self.run(self.commerce.create_shipment(&self.call, id, PackUnits::default())).await.expect("the order is packed").value
    }

    /// Packs some units of an order's lines, by the numbers of the lines.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn pack_some(&self, id: OrderId, lines: &[(u32, u32)]) -> ShipmentView {
        let pack = PackUnits { lines: some_units(lines), location: None };
        self.run(self.commerce.create_shipment(&self.call, id, pack)).await.expect("the units are packed").value
    }

    /// Hands a shipment to its carrier.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn dispatch(&self, id: ShipmentId) -> ShipmentView {
        self.run(self.commerce.dispatch_shipment(&self.call, id, None, None)).await.expect("the shipment leaves").value
    }

    /// Lets a shipment arrive.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn deliver(&self, id: ShipmentId) -> ShipmentView {
        self.run(self.commerce.deliver_shipment(&self.call, id)).await.expect("the shipment arrives").value
    }

    /// Packs all that is open, and hands it to a carrier.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn ship(&self, id: OrderId) -> ShipmentView {
        let parcel = self.pack(id).await;
        self.dispatch(parcel.shipment.id).await
    }

    /// Packs all that is open, hands it to a carrier, and lets it arrive.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn ship_and_deliver(&self, id: OrderId) -> ShipmentView {
        let parcel = self.ship(id).await;
        self.deliver(parcel.shipment.id).await
    }

    /// Units of some lines come back, by the numbers of the lines, fit to be sold again; waits for the money to go back.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn give_back(&self, id: OrderId, lines: &[(u32, u32)]) -> ReturnView {
        let asked = self.commerce.create_return(&self.call, id, some_units(lines), "does not fit".to_owned());
        let asked = self.run(asked).await.expect("the units may come back").value.return_of_goods.id;
        let received = self.commerce.receive_return(&self.call, asked, Vec::new(), Condition::Sellable, None);
        let received = self.run(received).await.expect("the units arrive").value;
        self.settle().await;
        received
    }

    /// Cancels an order and waits for its money to be let go.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn cancel(&self, id: OrderId) -> OrderView {
        self.run(self.commerce.cancel_order(&self.call, id)).await.expect("the order is cancelled");
        self.settle().await;
        self.get(id).await
    }

    /// Gives so many pence of an order back.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn refund(&self, id: OrderId, pence: i64) -> OrderView {
        let amount = Money::from_minor(pence, Currency::GBP);
        self.run(self.commerce.refund_order(&self.call, id, amount, Vec::new(), None)).await.expect("the refund is granted").value
    }

    /// What a bank has to report that it did not hand out yet.
    pub fn reports(&self, bank: Bank) -> Vec<ProviderFact> {
        self.bank(bank).take_reports()
    }

    /// Tells the engine what a bank reports.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn report(&self, bank: Bank, fact: &ProviderFact) {
        self.run(self.commerce.report_payment(&bank.provider(), fact)).await.expect("the report is taken");
    }

    /// The account of a SKU at the default location; an empty one if there is none.
    ///
    /// # Panics
    /// If it cannot be read.
    pub async fn account(&self, item: &str) -> Account {
        let key = account_at(&sku(item), "default");
        let accounts = self.store.stock.accounts(&key.merchant, std::slice::from_ref(&key.sku)).await.expect("accounts are read");
        accounts.iter().find(|(found, _)| *found == key).map_or_else(Account::default, |(_, account)| *account)
    }
}

fn some_units(lines: &[(u32, u32)]) -> Vec<LineQty> {
    lines.iter().map(|(line, count)| LineQty { line_id: LineId(*line), qty: units(*count) }).collect()
}
