//! Power cuts under a whole engine.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use commerce_core::engine::{Builder, Error, PackUnits};
use commerce_core::goods::ItemKind;
use commerce_core::id::{OrderId, ProviderName};
use commerce_core::sandbox::{Options, Sandbox, Token};
use commerce_core::testkit::ManualClock;
use commerce_core::testkit::shop::{Good, Shop};
use futures::executor::block_on;
use tempfile::TempDir;

use crate::disk::{Disk, Event};
use crate::image::{Image, Loss, write};
use crate::support::{assert_whole, clock, cut, cuts, dice, file, moments, open};

const BUYERS: usize = 3;
/// Orders that each buyer makes, if the power lasts.
const ORDERS_EACH: usize = 12;
const CUTS: usize = 8;
const CUTS_OF_BUSTLE: usize = 20;
const DAY_MS: u64 = 24 * 3_600 * 1_000;
const PLENTY: &[Good] = &[Good { sku: "LAMP", kind: ItemKind::Stocked, pence: 1_000, stock: &[("default", 1_000)] }];

/// Orders, packs, hands over; stops where the store no longer answers.
async fn buy(shop: &Shop, token: Token, ordered: impl Fn(OrderId)) -> Result<(), Error> {
    let order = shop.basket(&[("LAMP", 2)]).paid_with(token.method());
    let placed = shop.commerce.place_order(&shop.call, order).await?.value;
    ordered(placed.id);
    if token != Token::Visa {
        return Ok(());
    }
    let parcel = shop.commerce.create_shipment(&shop.call, placed.id, PackUnits::default()).await?.value.shipment;
    shop.commerce.dispatch_shipment(&shop.call, parcel.id, None, None).await?;
    shop.commerce.deliver_shipment(&shop.call, parcel.id).await?;
    Ok(())
}

/// Does something while time passes, once the power is gone, so that those who wait for an answer give up.
fn passing_time(clock: &ManualClock, disk: &Disk, work: impl FnOnce()) {
    /// Ends the time, should the work panic too.
    struct Ended<'a>(&'a AtomicBool);
    impl Drop for Ended<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
        }
    }
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let _ended = Ended(&ended);
        scope.spawn(|| {
            while !ended.load(Ordering::Acquire) {
                if disk.is_off() {
                    clock.advance_ms(100);
                }
                thread::yield_now();
            }
        });
        work();
    });
}

#[test]
fn after_a_power_cut_every_order_that_was_acknowledged_is_there_and_its_sagas_go_on_to_books_that_balance() {
    let disk = Disk::new();
    let mut dice = dice();
    let (mut cut_short, mut told) = (0, 0);
    for round in 0..cuts(CUTS) {
        let (folder, after) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        disk.watch(folder.path());
        let clock = clock();
        let (store, handle) = open(&file(&folder), &clock);
        let shop = block_on(Shop::over(store, clock.clone()).goods(PLENTY).open());
        disk.end_after(usize::try_from(dice.below(2_500)).unwrap());
        let orders = Mutex::new(Vec::new());
        let acknowledged = |id| {
            let mut orders = orders.lock().unwrap();
            disk.told(orders.len() as u64);
            orders.push(id);
        };
        passing_time(&clock, &disk, || {
            shop.crowd(BUYERS, async |thread| {
                let tokens = [Token::Visa, Token::Visa, Token::InsufficientFunds];
                for turn in 0..ORDERS_EACH {
                    match buy(&shop, tokens[(thread + turn) % tokens.len()], acknowledged).await {
                        Ok(()) => {}
                        Err(_) if disk.is_off() => break,
                        Err(error) => panic!("{error:?}"),
                    }
                }
            });
        });
        handle.close();
        cut_short += usize::from(disk.is_off());
        let image = Image::of(&disk.events());
        let loss = Loss::any(&mut dice);
        eprintln!("round {round}: {} orders acknowledged, loss {loss:?}", image.told.len());
        write(&image.after(loss, &mut dice), after.path());
        let (store, handle) = open(&file(&after), &clock);
        // the banks know what they were asked before the cut
        let again = shop.beside(store);
        drop(shop);
        block_on(async {
            again.settle().await;
            // what a caller was never told takes its time to be given up
            for _ in 0..3 {
                again.advance(DAY_MS).await;
            }
            again.check().await;
            for number in &image.told {
                let id = orders.lock().unwrap()[usize::try_from(*number).unwrap()];
                again.get(id).await;
            }
        });
        told += image.told.len();
        drop(again);
        handle.close();
        assert_whole(&file(&after));
    }
    assert!(cut_short > cuts(CUTS) / 2 && told > cuts(CUTS), "{cut_short} were cut short, {told} orders were acknowledged");
}

/// What happens in a shop that bustles.
fn bustled(disk: &Disk, folder: &Path) -> Vec<Event> {
    disk.watch(folder);
    let clock = clock();
    let (store, handle) = open(&folder.join("shop.db"), &clock);
    drop(block_on(Shop::over(store, clock).open_and_bustle()));
    handle.close();
    disk.events()
}

#[test]
fn a_shop_that_bustles_is_clean_after_a_power_cut_at_any_moment() {
    let disk = Disk::new();
    let folder = TempDir::new().unwrap();
    let events = bustled(&disk, folder.path());
    let mut dice = dice();
    let moments = moments(&events, cuts(CUTS_OF_BUSTLE), &mut dice);
    let mut during_checkpoints = 0;
    cut(&events, &moments, &mut dice, |path, image| {
        let clock = clock();
        let (store, handle) = open(path, &clock);
        let bank = Arc::new(Sandbox::new(clock.clone(), Options::CARDS));
        let commerce = Builder::new(store, clock, ProviderName::new("sandbox").unwrap(), bank).build().0;
        let report = block_on(commerce.verify()).unwrap();
        assert!(report.is_clean(), "{report}");
        drop(commerce);
        handle.close();
        during_checkpoints += usize::from(image.unsynced(".db") > 0);
    });
    assert!(during_checkpoints > 0, "no cut fell into a checkpoint");
}
