//! Places one order in a file beside the program, pays it, and ships it.

use std::error::Error;
use std::sync::Arc;

use commerce_core::clock::TokioClock;
use commerce_core::engine::{Builder, Call, NewLine, PackUnits, PlaceOrder, PutItem};
use commerce_core::goods::ItemKind;
use commerce_core::id::{LocationId, ProviderName, Sku};
use commerce_core::money::{Currency, Money};
use commerce_core::quantity::Quantity;
use commerce_core::sandbox::{Options, Sandbox, Token};
use commerce_store_sqlite::{SqliteOptions, SqliteStore};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "embedded.db".to_owned());
    let clock = Arc::new(TokioClock);
    let (store, file) = SqliteStore::open(std::path::Path::new(&path), SqliteOptions::new(clock.clone()))?;
    let sandbox = Arc::new(Sandbox::new(clock.clone(), Options::CARDS));
    let (shop, workers) = Builder::new(store, clock, ProviderName::new("sandbox")?, sandbox).build();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(workers.run(async {
        let _sender_gone_is_stop = stopped.await;
    }));

    let call = Call::staff("example");
    let sku = Sku::new("85123A")?;
    let prices = [(Currency::GBP, Money::parse("2.55", Currency::GBP)?)].into();
    let title = "White hanging heart T-light holder".to_owned();
    let item = PutItem { sku: sku.clone(), title, kind: ItemKind::Stocked, prices, active: true };
    shop.put_catalogue_item(&call, item).await?;
    shop.receive_stock(&call, &sku, &LocationId::default(), Quantity::new(10)?).await?;

    let line = NewLine::new(sku, Quantity::new(2)?);
    let order = shop.place_order(&call, PlaceOrder::new(Currency::GBP, vec![line]).paid_with(Token::Visa.method())).await?.value;
    let parcel = shop.create_shipment(&call, order.id, PackUnits::default()).await?.value.shipment;
    shop.dispatch_shipment(&call, parcel.id, Some("Royal Mail".to_owned()), None).await?;
    let order = shop.get_order(&call, order.id).await?;
    say(&format!("order {} is {}", order.id, order.order.headline()));

    drop(stop);
    running.await?;
    drop(shop);
    file.close();
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example tells what it did")]
fn say(text: &str) {
    println!("{text}");
}
